/**
 * Builds the executables.
 *
 *   bun .ci/build.ts              dist/redbun, for this machine
 *   bun .ci/build.ts --all        dist/redbun-<os>-<arch>[-musl][.exe], for every platform
 *   bun .ci/build.ts --targets linux-x64-musl,windows-x64
 *
 * An executable is Bun itself with our bundle appended, so a build for another platform needs that platform's Bun of
 * the same version. The npm packages @oven/bun-* hold them; they are fetched once into dist/.cache. Where @oven has
 * baseline packages too (x64 without AVX2), the ordinary ones are taken. The musl executables need libstdc++ and libgcc
 * of the system they run on (Alpine: `apk add libstdc++`); the others need what every such system has.
 *
 * An output appears under its final name only when it is whole (a rename), so a server that runs from dist/ while it
 * is rebuilt keeps its old file, and a build that was interrupted leaves nothing that looks finished.
 */

import { chmod, mkdir, mkdtemp, rename, rm, utimes } from "node:fs/promises";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");
const DIST = join(ROOT, "dist");

interface Target {
  /** Our name for it, as in dist/redbun-<name>. */
  readonly name: string;
  /** What `bun build --target` calls it. */
  readonly target: string;
  /** The npm package that holds its Bun. */
  readonly package: string;
  readonly suffix: "" | ".exe";
}

const TARGETS: readonly Target[] = [
  { name: "linux-x64", target: "bun-linux-x64", package: "@oven/bun-linux-x64", suffix: "" },
  { name: "linux-arm64", target: "bun-linux-arm64", package: "@oven/bun-linux-aarch64", suffix: "" },
  { name: "linux-x64-musl", target: "bun-linux-x64-musl", package: "@oven/bun-linux-x64-musl", suffix: "" },
  { name: "linux-arm64-musl", target: "bun-linux-arm64-musl", package: "@oven/bun-linux-aarch64-musl", suffix: "" },
  { name: "darwin-x64", target: "bun-darwin-x64", package: "@oven/bun-darwin-x64", suffix: "" },
  { name: "darwin-arm64", target: "bun-darwin-arm64", package: "@oven/bun-darwin-aarch64", suffix: "" },
  { name: "windows-x64", target: "bun-windows-x64", package: "@oven/bun-windows-x64", suffix: ".exe" },
];

/** Runs a program in the repository and returns what it printed; its errors go to our stderr. Throws when it fails. */
async function run(command: readonly string[], cwd = ROOT): Promise<string> {
  const child = Bun.spawn([...command], { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${command.join(" ")}: exit code ${code}\n${stdout}${stderr}`);
  return stdout;
}

async function git(...args: string[]): Promise<string | undefined> {
  if (Bun.which("git") === null) return undefined;
  return await run(["git", ...args]).catch(() => undefined);
}

/** 16 hex digits over the contents of everything that goes into the bundle. */
async function sourceHash(): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  const paths = [...new Bun.Glob("src/**/*").scanSync({ cwd: ROOT, onlyFiles: true })].sort();
  for (const path of ["package.json", ...paths]) {
    hasher.update(`${path}\0`);
    hasher.update(await Bun.file(join(ROOT, path)).bytes());
  }
  return hasher.digest("hex").slice(0, 16);
}

/** The names of src/util/build-info.ts. A build without a git checkout (an image) gets the commit from GIT_SHA1. */
async function defines(): Promise<string[]> {
  const commit = process.env.GIT_SHA1 || (await git("rev-parse", "HEAD"))?.trim();
  const changes = process.env.GIT_SHA1 ? "" : await git("status", "--porcelain", "--untracked-files=no");
  const values = {
    REDBUN_GIT_SHA1: JSON.stringify(commit?.slice(0, 8) || "00000000"),
    REDBUN_GIT_DIRTY: changes ? "1" : "0",
    REDBUN_BUILD_ID: JSON.stringify(await sourceHash()),
  };
  return Object.entries(values).flatMap(([name, value]) => ["--define", `${name}=${value}`]);
}

/** Bundles src/main.ts into an executable. `target` undefined means this machine, with the Bun that runs this script. */
async function compile(outfile: string, definitions: readonly string[], target?: Target): Promise<void> {
  // Bun leaves intermediate files in its working folder, so it gets one of its own, inside dist/ for the rename.
  const started = new Date();
  const work = await mkdtemp(join(DIST, ".build-"));
  try {
    const built = join(work, "redbun" + (target?.suffix ?? (process.platform === "win32" ? ".exe" : "")));
    const platform = target ? ["--target", target.target, "--compile-executable-path", executableOf(target)] : [];
    await run(
      [
        process.execPath,
        "build",
        join(ROOT, "src/main.ts"),
        // The files that run as threads of their own.
        join(ROOT, "src/persist/migrate/migration-worker.ts"),
        "--compile",
        "--minify",
        "--bytecode",
        // With bytecode the default would be CommonJS, which has no top-level await.
        "--format=esm",
        // A server must not change with the files that happen to lie in the folder it is started in.
        "--no-compile-autoload-dotenv",
        "--no-compile-autoload-bunfig",
        "--no-compile-autoload-tsconfig",
        "--no-compile-autoload-package-json",
        ...platform,
        ...definitions,
        "--outfile",
        built,
      ],
      work,
    );
    await chmod(built, 0o755);
    // As old as the sources that were read: one that changed during the build is newer than what was built from it.
    await utimes(built, started, started);
    await rename(built, outfile);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const CACHE = join(DIST, ".cache", `bun-${Bun.version}`);

function executableOf(target: Target): string {
  return join(CACHE, "node_modules", target.package, "bin", `bun${target.suffix}`);
}

/** Makes the Bun executables of these platforms present in the cache. */
async function fetchExecutables(targets: readonly Target[]): Promise<void> {
  const present = await Promise.all(targets.map((target) => Bun.file(executableOf(target)).exists()));
  const missing = targets.filter((_, i) => !present[i]);
  if (missing.length === 0) return;
  console.log(`fetching Bun ${Bun.version} for ${missing.map((target) => target.name).join(", ")}`);
  await mkdir(CACHE, { recursive: true });
  const manifest = join(CACHE, "package.json");
  if (!(await Bun.file(manifest).exists())) await Bun.write(manifest, '{ "private": true }\n');
  const packages = missing.map((target) => `${target.package}@${Bun.version}`);
  await run([process.execPath, "add", "--exact", "--ignore-scripts", "--os", "*", "--cpu", "*", ...packages], CACHE);
}

function chosenTargets(args: readonly string[]): readonly Target[] | undefined {
  if (args.length === 0) return undefined;
  if (args.length === 1 && args[0] === "--all") return TARGETS;
  if (args.length !== 2 || args[0] !== "--targets") throw new Error(`usage: build.ts [--all | --targets NAME,NAME...]`);
  return args[1].split(",").map((name) => {
    const target = TARGETS.find((candidate) => candidate.name === name);
    if (!target) throw new Error(`no target ${name}; there are ${TARGETS.map((known) => known.name).join(", ")}`);
    return target;
  });
}

function report(path: string): void {
  const megabytes = Bun.file(path).size / 1e6;
  console.log(`${path.slice(ROOT.length + 1)}  ${megabytes.toFixed(1)} MB`);
}

async function main(): Promise<void> {
  const targets = chosenTargets(process.argv.slice(2));
  await mkdir(DIST, { recursive: true });
  const definitions = await defines();
  if (targets === undefined) {
    const outfile = join(DIST, process.platform === "win32" ? "redbun.exe" : "redbun");
    await compile(outfile, definitions);
    report(outfile);
    return;
  }
  await fetchExecutables(targets);
  for (const target of targets) {
    const outfile = join(DIST, `redbun-${target.name}${target.suffix}`);
    await compile(outfile, definitions, target);
    report(outfile);
  }
}

await main();
