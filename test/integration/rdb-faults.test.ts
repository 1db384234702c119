/** Saving where it cannot work: a full disk, a folder that is gone, and kill -9 in the middle. */

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually";
import { error, OK, simple, text } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { parseInfo, runRedbun, startRedbun } from "../support/server";

setDefaultTimeout(60_000);

const MISCONF = /^MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk/;
const STARTED = simple("Background saving started");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-faults-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A file system of a mebibyte in a folder; undefined where this process may not mount one. */
function smallDisk(): ({ readonly path: string } & Disposable) | undefined {
  const path = join(folder, "disk");
  mkdirSync(path);
  const mount = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path]);
  if (mount.exitCode !== 0) return undefined;
  return { path, [Symbol.dispose]: () => void Bun.spawnSync(["umount", "-l", path]) };
}

async function info(client: RespClient, field: string): Promise<string> {
  return parseInfo(await client.call("INFO", "persistence")).get(field) as string;
}

async function saved(client: RespClient): Promise<string> {
  while ((await info(client, "rdb_bgsave_in_progress")) === "1") await new Promise((resolve) => setImmediate(resolve));
  return await info(client, "rdb_last_bgsave_status");
}

/** Bytes that cannot be compressed. */
function noise(bytes: number): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes)));
}

test("a full disk stops writes, the old file stays, and it is over when there is room again", async () => {
  using disk = smallDisk();
  if (disk === undefined) {
    console.warn("SKIPPED: a full disk: no right to mount one");
    return;
  }
  await using server = await startRedbun({ args: ["--dir", disk.path, "--save", "3600 1"] });
  await using client = await server.client();
  await client.call("SET", "small", "v");
  expect(await client.call("SAVE")).toEqual(OK);
  const before = readFileSync(join(disk.path, "dump.rdb"));
  for (let i = 0; i < 40; i++) await client.call("SET", `big:${i}`, noise(60_000));
  expect(await client.call("BGSAVE")).toEqual(STARTED);
  expect(await saved(client)).toBe("err");
  await server.waitForLog("Write error saving DB on disk(rdbSaveRio): No space left on device");
  await server.waitForLog("Background saving error");
  expect(text(await client.call("SET", "more", "v"))).toMatch(MISCONF);
  expect(text(await client.call("PING"))).toMatch(MISCONF);
  expect(text(await client.call("GET", "small"))).toBe("v");
  expect(await client.call("SAVE")).toEqual(error("ERR"));
  expect(readdirSync(disk.path)).toEqual(["dump.rdb"]);
  expect(readFileSync(join(disk.path, "dump.rdb")).equals(before)).toBe(true);
  // DEL writes, too: room is made from outside, or by switching the rule off.
  expect(text(await client.call("DEL", "big:1"))).toMatch(MISCONF);
  await client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no");
  expect(await client.call("SET", "more", "v")).toEqual(OK);
  await client.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes");
  Bun.spawnSync(["mount", "-o", "remount,size=16m", disk.path]);
  expect(await client.call("BGSAVE")).toEqual(STARTED);
  expect(await saved(client)).toBe("ok");
  expect(await client.call("SET", "more", "w")).toEqual(OK);
  expect(readdirSync(disk.path)).toEqual(["dump.rdb"]);
});

test("a folder that is gone is named, and saving works again when it is back", async () => {
  const gone = join(folder, "data");
  mkdirSync(gone);
  await using server = await startRedbun({ args: ["--dir", gone, "--save", "3600 1"] });
  await using client = await server.client();
  await client.call("SET", "k", "v");
  rmSync(gone, { recursive: true });
  expect(await client.call("BGSAVE")).toEqual(STARTED);
  expect(await saved(client)).toBe("err");
  const failed =
    /Failed opening the temp RDB file temp-bgsave-\d+\.rdb \(in server root dir .*data\) for saving: No such file or directory/;
  await server.waitForLog(failed);
  expect(text(await client.call("SET", "k", "w"))).toMatch(MISCONF);
  mkdirSync(gone);
  expect(await client.call("SAVE")).toEqual(OK);
  expect(await client.call("SET", "k", "w")).toEqual(OK);
});

test("a folder that is not there stops the start, and CONFIG SET says why", async () => {
  const missing = join(folder, "missing");
  const { code, stderr } = await runRedbun(["--port", "0", "--dir", missing]);
  expect(code).toBe(1);
  expect(stderr).toContain("No such file or directory");
  await using server = await startRedbun({ args: ["--dir", folder, "--enable-protected-configs", "yes"] });
  await using client = await server.client();
  expect(text(await client.call("CONFIG", "SET", "dir", missing))).toContain("No such file or directory");
});

test("a folder in a file's place, or a file in a folder's, stops the start with its name, and no crash report", async () => {
  mkdirSync(join(folder, "dump.rdb"));
  writeFileSync(join(folder, "files"), "");
  const listen = ["--port", "0", "--unixsocket", join(folder, "socket"), "--dir", folder];
  const rdb = await runRedbun(listen);
  expect(rdb.code).toBe(1);
  expect(rdb.stdout).toContain("Internal error in RDB reading offset 0 -> Error reading RDB file: Is a directory");
  expect(rdb.stdout).not.toContain("BUG REPORT");
  const aof = await runRedbun([...listen, "--appenddirname", "files", "--appendonly", "yes"]);
  expect(aof.code).toBe(1);
  expect(aof.stdout).toContain("Can't open or create append-only dir files: Not a directory");

  rmSync(join(folder, "dump.rdb"), { recursive: true });
  await using server = await startRedbun({ args: ["--dir", folder, "--appenddirname", "files"] });
  await using client = await server.client();
  const refusal = await client.call("CONFIG", "SET", "appendonly", "yes");
  expect(text(refusal)).toEndWith("Unable to turn on AOF. Check server logs.");
  await server.waitForLog(
    "Failed applying new configuration. Possibly related to new appendonly setting. Restoring previous settings.",
  );
});

test("kill -9 in the middle of a save leaves the old file, which loads", async () => {
  const args = ["--dir", folder, "--enable-debug-command", "yes"];
  for (const [command, delay] of [
    ["BGSAVE", 2000],
    ["SAVE", 2000],
  ] as const) {
    const server = await startRedbun({ args: [...args, "--save", ""] });
    const client = await server.client();
    await client.call("FLUSHALL");
    for (let i = 0; i < 200; i++) await client.call("SET", `key:${i}`, `old:${i}`);
    await client.call("SAVE");
    const digest = text(await client.call("DEBUG", "DIGEST"));
    for (let i = 0; i < 200; i++) await client.call("SET", `key:${i}`, `new:${i}`);
    await client.call("CONFIG", "SET", "rdb-key-save-delay", delay);
    client.send(`${command}\r\n`);
    await eventually("the temporary file is there", () => readdirSync(folder).some((name) => name.startsWith("temp-")));
    await server.kill("SIGKILL");
    await client.close();
    expect(existsSync(join(folder, "dump.rdb"))).toBe(true);
    await using again = await startRedbun({ args });
    await using there = await again.client();
    expect(text(await there.call("DEBUG", "DIGEST"))).toBe(digest);
  }
});

test("the temporary file goes when a save is given up", async () => {
  await using server = await startRedbun({ args: ["--dir", folder] });
  await using client = await server.client();
  for (let i = 0; i < 200; i++) await client.call("SET", `key:${i}`, "v");
  await client.call("CONFIG", "SET", "rdb-key-save-delay", 100_000);
  expect(await client.call("BGSAVE")).toEqual(STARTED);
  expect(readdirSync(folder).filter((name) => name.startsWith("temp-"))).toHaveLength(1);
  await client.call("FLUSHALL");
  expect(readdirSync(folder).filter((name) => name.startsWith("temp-"))).toEqual([]);
  expect(await info(client, "rdb_bgsave_in_progress")).toBe("0");
});
