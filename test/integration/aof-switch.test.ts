/** `appendonly` switched at run time, rewrites that fail, and what is left of the files. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually";
import { digestOf } from "../support/random-data";
import { text } from "../support/reply";
import { encodeCommand, type RespClient } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";

const LIMIT_MS = 60_000;

let folder: string;
let server: TestServer;
let client: RespClient;

async function start(...args: string[]): Promise<void> {
  server = await startRedbun({ args: ["--dir", folder, "--enable-debug-command", "yes", ...args] });
  client = await server.client();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-aof-switch-"));
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const aofPath = (name: string): string => join(folder, "appendonlydir", name);
const manifest = (): string[] => readFileSync(aofPath("appendonly.aof.manifest"), "latin1").trimEnd().split("\n");
const files = (): string[] =>
  readdirSync(join(folder, "appendonlydir"))
    .filter((name) => /\d/.test(name) || name.startsWith("temp"))
    .sort();
const base = (n: number, format = "rdb"): string => `appendonly.aof.${n}.base.${format}`;
const incr = (n: number): string => `appendonly.aof.${n}.incr.aof`;
const line = (name: string, type: string): string => `file ${name} seq ${name.split(".")[2]} type ${type}`;

async function call(...args: string[]): Promise<string> {
  return text(await client.call(...args));
}

/** INFO's field has to become `value`. */
async function becomes(field: string, value: string): Promise<void> {
  let found: string | undefined;
  const isSo = async (): Promise<boolean> => {
    found = (await server.info("persistence")).get(field);
    return found === value;
  };
  await eventually(() => `${field} is ${value}, and not ${found}`, isSo);
}

async function rewrite(): Promise<void> {
  expect(await call("BGREWRITEAOF")).toBe("Background append only file rewriting started");
  await becomes("aof_rewrite_in_progress", "0");
}

/** While a folder has the name of the temporary file a rewrite cannot begin to write. */
async function failingRewrite(): Promise<void> {
  const obstacle = join(folder, `temp-rewriteaof-${server.pid}.aof`);
  mkdirSync(obstacle);
  await rewrite();
  rmSync(obstacle, { recursive: true });
}

describe("appendonly", () => {
  test(
    "on, off and on again",
    async () => {
      await start("--appendonly", "no");
      await call("SET", "before", "1");
      expect(await call("CONFIG", "SET", "appendonly", "yes")).toBe("OK");
      await becomes("aof_rewrite_in_progress", "0");
      expect(manifest()).toEqual([line(base(1), "b"), line(incr(1), "i")]);
      await call("SET", "on", "1");
      expect(readFileSync(aofPath(incr(1)), "latin1")).toContain("on");
      expect(await call("CONFIG", "SET", "appendonly", "no")).toBe("OK");
      await call("SET", "off", "1");
      expect((await server.info("persistence")).has("aof_current_size")).toBe(false);

      // A rewrite without an AOF leaves a base, and no increment.
      await rewrite();
      expect(manifest()).toEqual([line(base(2), "b")]);
      expect(files()).toEqual([base(2)]);
      const digest = await digestOf(server);
      expect(await call("DEBUG", "LOADAOF")).toBe("OK");
      expect(await digestOf(server)).toBe(digest);

      expect(await call("CONFIG", "SET", "appendonly", "yes")).toBe("OK");
      await becomes("aof_rewrite_in_progress", "0");
      expect(manifest()).toEqual([line(base(3), "b"), line(incr(1), "i")]);
      await call("SET", "again", "1");
      const last = await digestOf(server);
      await server.kill();
      await start("--appendonly", "yes");
      expect(await digestOf(server)).toBe(last);
      await rewrite();
      expect(manifest()).toEqual([line(base(4), "b"), line(incr(2), "i")]);
    },
    LIMIT_MS,
  );

  test(
    "on while a BGSAVE runs: nothing is logged before the first rewrite is done",
    async () => {
      await start("--appendonly", "no");
      await call("SET", "k", "1");
      await call("CONFIG", "SET", "rdb-key-save-delay", "10000000");
      await call("BGSAVE");
      expect(await call("CONFIG", "SET", "appendonly", "yes")).toBe("OK");
      expect(server.lines.join("\n")).toContain("AOF was enabled but there is already another background operation.");
      expect((await server.info("persistence")).get("aof_rewrite_scheduled")).toBe("1");
      await call("SET", "early", "1");
      expect(existsSync(aofPath("appendonly.aof.manifest"))).toBe(false);
      await call("CONFIG", "SET", "rdb-key-save-delay", "0");
      await becomes("aof_rewrite_scheduled", "0");
      await becomes("aof_rewrite_in_progress", "0");
      expect(manifest()).toEqual([line(base(1), "b"), line(incr(1), "i")]);
      const digest = await digestOf(server);
      expect(await call("DEBUG", "LOADAOF")).toBe("OK");
      expect(await digestOf(server)).toBe(digest);
    },
    LIMIT_MS,
  );

  test(
    "on: effects of the first rewrite's time are in a temporary increment, which a failure removes",
    async () => {
      await start("--appendonly", "no");
      for (let i = 0; i < 10; i++) await call("SET", `k${i}`, "1");
      await call("CONFIG", "SET", "rdb-key-save-delay", "10000000");
      expect(await call("CONFIG", "SET", "appendonly", "yes")).toBe("OK");
      await call("SET", "during", "1");
      expect(readFileSync(aofPath("temp-appendonly.aof.incr"), "latin1")).toContain("during");
      // What is written in the background loses its file: the rewrite fails at the end, and begins again.
      rmSync(join(folder, `temp-rewriteaof-${server.pid}.aof`));
      await call("CONFIG", "SET", "rdb-key-save-delay", "0");
      await server.waitForLog("Background AOF rewrite terminated with error");
      await server.waitForLog("Removing the temp incr aof file temp-appendonly.aof.incr in the background");
      await server.waitForLog("Background AOF rewrite finished successfully");
      expect(manifest()).toEqual([line(base(1), "b"), line(incr(1), "i")]);
      expect(files()).toEqual([base(1), incr(1)]);
      const digest = await digestOf(server);
      expect(await call("DEBUG", "LOADAOF")).toBe("OK");
      expect(await digestOf(server)).toBe(digest);
    },
    LIMIT_MS,
  );

  test(
    "off ends a rewrite, and SHUTDOWN waits for the first one",
    async () => {
      await start("--appendonly", "no");
      await call("SET", "k", "1");
      await call("CONFIG", "SET", "rdb-key-save-delay", "10000000");
      await call("CONFIG", "SET", "appendonly", "yes");
      const [refused] = await client.pipeline([["SHUTDOWN"]]);
      expect(refused).toMatchObject({ type: "error", value: "ERR Errors trying to SHUTDOWN. Check logs." });
      await server.waitForLog("Writing initial AOF, can't exit.");
      await call("CONFIG", "SET", "appendonly", "no");
      await server.waitForLog("Killing running AOF rewrite child");
      expect(files()).toEqual([]);
      expect((await server.info("persistence")).get("aof_rewrite_in_progress")).toBe("0");
    },
    LIMIT_MS,
  );

  test("is not switched in a transaction before it is over", async () => {
    await start("--appendonly", "no");
    await client.pipeline([
      ["MULTI"],
      ["SET", "a", "1"],
      ["CONFIG", "SET", "appendonly", "yes"],
      ["SET", "b", "1"],
      ["EXEC"],
    ]);
    expect(server.lines.join("\n")).toContain("AOF was enabled during a transaction.");
    await becomes("aof_rewrite_scheduled", "0");
    await becomes("aof_rewrite_in_progress", "0");
    const digest = await digestOf(server);
    expect(await call("DEBUG", "LOADAOF")).toBe("OK");
    expect(await digestOf(server)).toBe(digest);
  });
});

describe("rewrites", () => {
  test(
    "that fail leave increments, and after three there is a pause",
    async () => {
      await start("--appendonly", "yes", "--auto-aof-rewrite-percentage", "1", "--auto-aof-rewrite-min-size", "100kb");
      await call("SET", "a", "1");
      await failingRewrite();
      await call("SET", "b", "1");
      await failingRewrite();
      await call("SET", "c", "1");
      expect(manifest()).toEqual([line(base(1), "b"), line(incr(1), "i"), line(incr(2), "i"), line(incr(3), "i")]);
      expect((await server.info("persistence")).get("aof_rewrites_consecutive_failures")).toBe("2");
      expect((await server.info("persistence")).get("aof_last_bgrewrite_status")).toBe("err");
      await failingRewrite();
      await call("SET", "d", "x".repeat(200_000));
      await server.waitForLog("triggered the limit, will retry in 1 minutes");
      const digest = await digestOf(server);
      await server.kill();
      await start("--appendonly", "yes");
      expect(await digestOf(server)).toBe(digest);
      await rewrite();
      expect(manifest()).toEqual([line(base(2), "b"), line(incr(5), "i")]);
      expect(files()).toEqual([base(2), incr(5)]);
    },
    LIMIT_MS,
  );

  test("happen by themselves when the file has grown", async () => {
    await start("--appendonly", "yes", "--auto-aof-rewrite-percentage", "100", "--auto-aof-rewrite-min-size", "64kb");
    for (let i = 0; i < 100; i++) await call("SET", "k", "x".repeat(1000));
    await server.waitForLog(/Starting automatic rewriting of AOF on \d+% growth/);
    await server.waitForLog("Background AOF rewrite finished successfully");
    expect(Number((await server.info("persistence")).get("aof_current_size"))).toBeLessThan(64 * 1024);
  });

  test("keep history where aof-disable-auto-gc says so", async () => {
    await start("--appendonly", "yes");
    await call("CONFIG", "SET", "aof-disable-auto-gc", "yes");
    await rewrite();
    expect(manifest()).toEqual([line(base(2), "b"), line(incr(1), "h"), line(base(1), "h"), line(incr(2), "i")]);
    expect(files()).toEqual([base(1), incr(1), base(2), incr(2)].sort());
    await call("CONFIG", "SET", "aof-disable-auto-gc", "no");
    expect(manifest()).toEqual([line(base(2), "b"), line(incr(2), "i")]);
    expect(files()).toEqual([base(2), incr(2)]);
  });

  test("wait for a BGSAVE, and a BGSAVE for them", async () => {
    await start("--appendonly", "yes");
    await call("SET", "k", "1");
    await call("CONFIG", "SET", "rdb-key-save-delay", "10000000");
    await call("BGSAVE");
    expect(await call("BGREWRITEAOF")).toBe("Background append only file rewriting scheduled");
    await call("CONFIG", "SET", "rdb-key-save-delay", "0");
    await becomes("aof_rewrite_scheduled", "0");
    await becomes("aof_rewrite_in_progress", "0");
    await call("CONFIG", "SET", "rdb-key-save-delay", "10000000");
    await call("BGREWRITEAOF");
    const [again, save, schedule] = await client.pipeline([["BGREWRITEAOF"], ["BGSAVE"], ["BGSAVE", "SCHEDULE"]]);
    expect(again).toMatchObject({ value: "ERR Background append only file rewriting already in progress" });
    expect(save).toMatchObject({
      value:
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a " +
        "BGSAVE whenever possible.",
    });
    expect(text(schedule)).toBe("Background saving scheduled");
    await call("CONFIG", "SET", "rdb-key-save-delay", "0");
    await server.waitForLog("Background saving terminated with success");
  });
});

describe("DEBUG KILL-SAVE", () => {
  test("makes a save and a rewrite fail, with what Redis says of a child process that was killed", async () => {
    await start("--appendonly", "yes", "--save", "3600 1", "--rdb-key-save-delay", "10000000");
    await call("SET", "k", "1");
    expect(await call("DEBUG", "KILL-SAVE")).toBe("ERR There is neither a BGSAVE nor an AOF rewrite to kill.");
    await call("BGREWRITEAOF");
    expect(await call("DEBUG", "KILL-SAVE")).toBe("OK");
    await server.waitForLog("Background AOF rewrite terminated by signal 9");
    await becomes("aof_last_bgrewrite_status", "err");
    expect(manifest()).toEqual([line(base(1), "b"), line(incr(1), "i"), line(incr(2), "i")]);
    await call("BGSAVE");
    expect(await call("DEBUG", "KILL-SAVE")).toBe("OK");
    await server.waitForLog("Background saving terminated by signal 9");
    await becomes("rdb_last_bgsave_status", "err");
    expect(await call("SET", "k", "2")).toStartWith("MISCONF");
    expect(readdirSync(folder).filter((name) => name.startsWith("temp"))).toEqual([]);
    // The last save, when the server ends.
    await call("CONFIG", "SET", "rdb-key-save-delay", "0");
  });
});

describe("the one file of old versions", () => {
  test("becomes the base", async () => {
    const old = Buffer.concat([encodeCommand(["SET", "a", "1"]), encodeCommand(["SET", "b", "2"])]);
    writeFileSync(join(folder, "appendonly.aof"), old);
    await start("--appendonly", "yes");
    await server.waitForLog("Successfully migrated an old-style AOF file (appendonly.aof) into the AOF directory");
    expect(existsSync(join(folder, "appendonly.aof"))).toBe(false);
    expect(manifest()).toEqual(["file appendonly.aof seq 1 type b", line(incr(1), "i")]);
    expect(await call("GET", "b")).toBe("2");
    await call("SET", "c", "3");
    await server.kill();
    await start("--appendonly", "yes");
    expect(await client.call("DBSIZE")).toMatchObject({ value: 3n });
    await rewrite();
    expect(manifest()).toEqual([line(base(2), "b"), line(incr(2), "i")]);
    expect(existsSync(aofPath("appendonly.aof"))).toBe(false);
  });
});
