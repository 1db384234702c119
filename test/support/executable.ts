/**
 * The compiled executable, for tests that need the real thing: dist/redbun, built when it is missing or older than
 * what it is built from. Test processes that ask at the same time share one build: the first takes a lock file that
 * holds its process id, the others wait for it to go away.
 */

import { mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");
const DIST = join(ROOT, "dist");
const LOCK = join(DIST, ".build.lock");
const POLL_MS = 50;

let ready: Promise<string> | undefined;

/** The path of an executable that is up to date with src/. */
export function executable(): Promise<string> {
  ready ??= prepare();
  return ready;
}

async function prepare(): Promise<string> {
  const path = join(DIST, process.platform === "win32" ? "redbun.exe" : "redbun");
  await mkdir(DIST, { recursive: true });
  while (!(await isCurrent(path))) {
    if (!(await takeLock())) {
      await Bun.sleep(POLL_MS);
      continue;
    }
    try {
      if (!(await isCurrent(path))) await build();
      // Sources that change while tests run belong to the next run: building again would chase an editor.
      return path;
    } finally {
      await rm(LOCK, { force: true });
    }
  }
  return path;
}

async function build(): Promise<void> {
  const child = Bun.spawn([process.execPath, join(ROOT, ".ci/build.ts")], {
    cwd: ROOT,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
}

/** Milliseconds of the last change, or undefined where there is no such file. */
async function modified(path: string): Promise<number | undefined> {
  return await stat(path).then(
    (file) => file.mtimeMs,
    () => undefined,
  );
}

async function isCurrent(path: string): Promise<boolean> {
  const built = await modified(path);
  if (built === undefined) return false;
  const sources = [...new Bun.Glob("src/**/*").scanSync({ cwd: ROOT, onlyFiles: true })];
  for (const source of ["package.json", ".ci/build.ts", ...sources]) {
    if (((await modified(join(ROOT, source))) ?? 0) > built) return false;
  }
  return true;
}

/** True when the lock is ours now. A lock whose process is gone is removed, for the next attempt. */
async function takeLock(): Promise<boolean> {
  try {
    const file = await open(LOCK, "wx");
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== "EEXIST") throw reason;
  }
  const holder = Number(await readFile(LOCK, "latin1").catch(() => ""));
  // 0: it is between being created and being written, or has just gone.
  if (holder > 0 && !isAlive(holder)) await rm(LOCK, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (reason) {
    return (reason as NodeJS.ErrnoException).code === "EPERM";
  }
}
