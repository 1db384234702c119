/** The compiled executable, started where a person may start it: in a folder with files that are none of its business. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { executable } from "../support/executable";
import { text } from "../support/reply";
import { RespClient } from "../support/resp-client";
import { freePort } from "../support/server";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "redbun-build-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A new empty folder. */
async function emptyFolder(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

/** A folder whose files would change Bun's behaviour, were they read. Each leaves a trace when it is. */
async function hostileFolder(): Promise<string> {
  const path = await emptyFolder("hostile");
  await Promise.all([
    Bun.write(join(path, ".env"), "REDBUN_MAXCLIENTS=7\nREDBUN_PORT=1\nBUN_CONFIG_VERBOSE_FETCH=1\n"),
    Bun.write(join(path, ".env.production"), "REDBUN_MAXCLIENTS=7\n"),
    Bun.write(join(path, "bunfig.toml"), 'preload = ["./preload.ts"]\n'),
    Bun.write(join(path, "preload.ts"), 'await Bun.write("preloaded", "");\nprocess.exit(42);\n'),
    Bun.write(join(path, "package.json"), '{ "type": "commonjs", "main": "preload.ts", "version": "6.6.6" }\n'),
    Bun.write(join(path, "tsconfig.json"), '{ "compilerOptions": { "paths": { "*": ["./preload.ts"] } } }\n'),
  ]);
  return path;
}

/** The environment without what this test was started with: a CI machine may set directives of its own. */
function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("REDBUN_")));
}

/** Starts the executable in a folder, and returns when its log says that it serves. */
async function serve(cwd: string, port: number) {
  const server = Bun.spawn([await executable(), "--port", String(port), "--save", ""], {
    cwd,
    env: cleanEnvironment(),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = server.stdout.getReader();
  const decoder = new TextDecoder();
  let log = "";
  while (!log.includes("Ready to accept connections")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the server exited with ${await server.exited}:\n${log}`);
    log += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return server;
}

test("--version prints a line like redis-server's, with redbun's own version", async () => {
  const child = Bun.spawn([await executable(), "--version"], { cwd: await emptyFolder("version"), stdout: "pipe" });
  const line = await child.stdout.text();
  expect(await child.exited).toBe(0);
  expect(line).toMatch(/^Redis server v=7\.2\.4 sha=[0-9a-f]{8}:[01] malloc=\S+ bits=64 build=[0-9a-f]{16}\b.*\n$/);
  expect(line).toContain(version);
  // The build script has put the commit and a hash of the sources in: zeros are what a run from source prints.
  expect(line).not.toContain("build=0000000000000000");
});

test("serves from an empty folder, writes nothing there, and exits 0 on SIGTERM", async () => {
  const cwd = await emptyFolder("empty");
  const port = freePort();
  const server = await serve(cwd, port);
  try {
    const client = await RespClient.connect({ port });
    expect(text(await client.call("PING"))).toBe("PONG");
    await client.close();
  } finally {
    server.kill("SIGTERM");
  }
  expect(await server.exited).toBe(0);
  expect(await readdir(cwd)).toEqual([]);
});

test("reads no .env, bunfig.toml, package.json or tsconfig.json of the folder it is started in", async () => {
  const cwd = await hostileFolder();
  const before = (await readdir(cwd)).sort();
  const port = freePort();
  const server = await serve(cwd, port);
  try {
    const client = await RespClient.connect({ port });
    const reply = await client.call("CONFIG", "GET", "maxclients");
    expect(reply).toMatchObject({ items: [{ value: "maxclients" }, { value: "10000" }] });
    await client.close();
  } finally {
    server.kill("SIGTERM");
  }
  expect(await server.exited).toBe(0);
  expect((await readdir(cwd)).sort()).toEqual(before);
});

/** What the executable prints, and how it ends, when it is called by another name. */
async function calledAs(name: string, ...args: string[]) {
  const cwd = await emptyFolder(name);
  await symlink(await executable(), join(cwd, name));
  const child = Bun.spawn([join(cwd, name), ...args], { cwd, env: cleanEnvironment(), stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { printed: stdout + stderr, code: await child.exited };
}

test("is the program of Redis's whose name it is called by, and never a server in the place of another", async () => {
  const nowhere = ["-p", String(freePort())];
  expect(await calledAs("redis-check-rdb")).toMatchObject({ printed: expect.stringContaining("Usage: "), code: 1 });
  expect(await calledAs("redis-check-aof")).toMatchObject({ printed: expect.stringContaining("Usage: "), code: 1 });
  const cli = await calledAs("redis-cli", ...nowhere, "PING");
  expect(cli).toMatchObject({ printed: expect.stringContaining("Could not connect"), code: 1 });
  const sentinel = await calledAs("redis-sentinel", "sentinel.conf");
  expect(sentinel).toMatchObject({ printed: expect.stringContaining("no Sentinel mode"), code: 1 });
  const benchmark = await calledAs("redis-benchmark", "-q");
  expect(benchmark).toMatchObject({ printed: expect.stringContaining("redis-benchmark"), code: 1 });
});
