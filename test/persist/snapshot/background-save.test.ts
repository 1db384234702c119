/** BGSAVE: the file is exactly the data at the moment it began, whatever happens meanwhile. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../support/eventually";
import { expectNoLeak } from "../../support/heap-account";
import { InProcess } from "../../support/in-process";
import { seedFromEnvironment } from "../../support/model";
import { Random } from "../../support/random";
import { error, OK, simple, text } from "../../support/reply";
import { parseInfo } from "../../support/server";

const SEED = seedFromEnvironment(20_251_121);
const STARTED = simple("Background saving started");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-bgsave-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(): InProcess {
  return new InProcess({ dir: folder, "enable-debug-command": "yes" });
}

const path = (): string => join(folder, "dump.rdb");
const digest = (redbun: InProcess): string => text(redbun.run("DEBUG DIGEST"));
const info = (redbun: InProcess, field: string): string =>
  parseInfo(redbun.run("INFO persistence")).get(field) as string;

/** The event loop goes round until BGSAVE is over. */
async function saved(redbun: InProcess): Promise<void> {
  while (redbun.server.persistence.bgsave !== null) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** The digest of what is in the file. */
function digestInFile(): string {
  const redbun = start();
  expect(redbun.server.persistence.loadNow({ replace: false, keepExpired: true })).toBe("loaded");
  redbun.keyspace.expiry = "ignore";
  return digest(redbun);
}

/** A command that changes something, of all the ways in which keys change. */
function change(random: Random): string {
  const key = `key:${random.integer(0, 3000)}`;
  return random.pick([
    () => `SET ${key} ${random.integer(0, 99)}`,
    () => `SET ${key} ${"v".repeat(random.integer(1, 5000))} PX ${random.integer(1, 50)}`,
    () => `APPEND ${key} more`,
    () => `SETRANGE ${key} 3 xyz`,
    () => `DEL ${key} key:${random.integer(0, 3000)}`,
    () => `UNLINK ${key}`,
    () => `RENAME ${key} key:${random.integer(0, 3000)}`,
    () => `COPY ${key} key:${random.integer(0, 3000)} REPLACE`,
    () => `MOVE ${key} 1`,
    () => `PEXPIRE ${key} ${random.integer(1, 100)}`,
    () => `PERSIST ${key}`,
    () => `SADD set:${random.integer(0, 20)} ${random.integer(0, 300)} m${random.integer(0, 9)}`,
    () => `SREM set:${random.integer(0, 20)} ${random.integer(0, 300)}`,
    () => `SUNIONSTORE set:${random.integer(0, 20)} set:1 set:2`,
    () => `SPOP set:${random.integer(0, 20)} 3`,
    () => `GETDEL ${key}`,
    ...changesOfCollections(random),
    () => `SELECT ${random.pick([0, 0, 0, 1, 2])}`,
    () => `SETBIT bits:${random.integer(0, 5)} ${random.integer(0, 90_000)} 1`,
    () => `PFADD hll ${random.integer(0, 1000)}`,
  ])();
}

/** As change(), of lists, hashes, sorted sets and streams. */
function changesOfCollections(random: Random): (() => string)[] {
  const n = random.integer(0, 20);
  const field = `f${random.integer(0, 30)}`;
  return [
    () => `RPUSH list:${n} ${random.integer(0, 99)} ${"e".repeat(random.integer(1, 300))}`,
    () => `LPOP list:${n} 2`,
    () => `LSET list:${n} 0 changed`,
    () => `LTRIM list:${n} 1 50`,
    () => `LMOVE list:${n} list:${random.integer(0, 20)} LEFT RIGHT`,
    () => `HSET hash:${n} ${field} ${random.integer(0, 99)} g ${"v".repeat(random.integer(1, 100))}`,
    () => `HDEL hash:${n} ${field}`,
    () => `HINCRBY hash:${n} counter 1`,
    () => `HPEXPIRE hash:${n} ${random.integer(1, 100)} FIELDS 1 ${field}`,
    () => `HGET hash:${n} ${field}`,
    () => `HGETEX hash:${n} PERSIST FIELDS 1 ${field}`,
    () => `ZADD zset:${n} ${random.integer(-50, 50)} m${random.integer(0, 200)}`,
    () => `ZINCRBY zset:${n} 1.5 m${random.integer(0, 200)}`,
    () => `ZREMRANGEBYRANK zset:${n} 0 1`,
    () => `ZUNIONSTORE zset:${n} 2 zset:1 set:2`,
    () => `XADD stream:${n} MAXLEN ~ 200 * ${field} value`,
    () => `XGROUP CREATE stream:${n} g 0 MKSTREAM`,
    () => `XREADGROUP GROUP g alice COUNT 2 STREAMS stream:${n} >`,
    () => `XTRIM stream:${n} MAXLEN 5`,
    () => `RENAME hash:${n} hash:${random.integer(0, 20)}`,
    () => `COPY zset:${n} zset:${random.integer(0, 20)} REPLACE`,
    () => `UNLINK ${random.pick(["list", "hash", "zset", "stream"])}:${n}`,
  ];
}

describe("BGSAVE", () => {
  for (const [what, finale] of [
    ["single keys", []],
    ["and databases that change places", ["SWAPDB 0 1"]],
    ["and a database that is emptied", ["SELECT 0", "FLUSHDB"]],
    ["and one that is emptied later", ["SELECT 0", "FLUSHDB ASYNC", "SET new v"]],
  ] as const) {
    test(`saves what there was, while everything changes: ${what} (seed ${SEED})`, async () => {
      const random = new Random(SEED);
      const redbun = start();
      for (let i = 0; i < 4000; i++) redbun.run(change(random));
      for (let round = 0; round < 3; round++) {
        redbun.run("SELECT 0");
        redbun.clock.advance(20);
        const before = digestOfAll(redbun);
        expect(redbun.run("BGSAVE")).toEqual(STARTED);
        for (let i = 0; i < 1500; i++) {
          redbun.run(change(random));
          // A few segments in between.
          if (i % 50 === 0) redbun.server.persistence.bgsave?.snapshot.step(0, Number.POSITIVE_INFINITY);
        }
        redbun.clock.advance(60);
        redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
        redbun.run(...finale);
        for (let i = 0; i < 300; i++) redbun.run(change(random));
        await saved(redbun);
        expect(info(redbun, "rdb_last_bgsave_status")).toBe("ok");
        expect(digestInFile()).toBe(before);
        expect(readdirSync(folder)).toEqual(["dump.rdb"]);
        expectNoLeak(redbun);
      }
    });
  }

  /** Of the keys that have expired and not been found out, too: they are saved as they are. */
  function digestOfAll(redbun: InProcess): string {
    redbun.keyspace.expiry = "ignore";
    const all = digest(redbun);
    redbun.keyspace.expiry = "delete";
    return all;
  }

  test("shows its progress, and refuses another and SAVE", async () => {
    const redbun = start();
    redbun.run("DEBUG POPULATE 5000", "SET changed 1");
    redbun.run("CONFIG SET rdb-key-save-delay 1000");
    expect(redbun.run("BGSAVE SCHEDULE")).toEqual(STARTED);
    expect(redbun.run("BGSAVE")).toEqual(error("ERR Background save already in progress"));
    expect(redbun.run("SAVE")).toEqual(error("ERR Background save already in progress"));
    expect(info(redbun, "rdb_bgsave_in_progress")).toBe("1");
    expect(info(redbun, "current_save_keys_total")).toBe("5001");
    expect(info(redbun, "rdb_last_bgsave_time_sec")).toBe("-1");
    redbun.clock.advance(2000);
    expect(info(redbun, "rdb_current_bgsave_time_sec")).toBe("2");
    await eventually("keys are saved", () => info(redbun, "current_save_keys_processed") !== "0");
    expect(Number(info(redbun, "current_save_keys_processed"))).toBeLessThan(5000);
    redbun.run("SET changed 2");
    redbun.clock.advance(10_000);
    await saved(redbun);
    expect(info(redbun, "rdb_last_bgsave_time_sec")).toBe("12");
    expect(info(redbun, "rdb_changes_since_last_save")).toBe("1");
    expect(info(redbun, "rdb_saves")).toBe("1");
    expect(info(redbun, "current_save_keys_total")).toBe("0");
  });

  test("in a transaction begins after it", async () => {
    const redbun = start();
    redbun.run("MULTI", "BGSAVE", "SET k v");
    expect(redbun.run("EXEC")).toEqual({ type: "array", items: [simple("Background saving scheduled"), OK] });
    expect(redbun.server.persistence.bgsave).toBeNull();
    redbun.server.persistence.considerBgsave();
    await saved(redbun);
    expect(digestInFile()).toBe(digest(redbun));
  });

  test("ends without a file at FLUSHALL and when the server stops", () => {
    const redbun = start();
    redbun.run("DEBUG POPULATE 1000", "BGSAVE", "FLUSHALL");
    expect(redbun.server.persistence.bgsave).toBeNull();
    expect(readdirSync(folder)).toEqual([]);
    expect(info(redbun, "rdb_last_bgsave_status")).toBe("ok");
    redbun.run("DEBUG POPULATE 1000", "BGSAVE", "FLUSHDB", "DEBUG POPULATE 10");
    redbun.server.stop();
    expect(readdirSync(folder)).toEqual([]);
    expectNoLeak(redbun);
  });

  test("that fails stops writes where there are save points, until one works", async () => {
    const redbun = start();
    redbun.call("CONFIG", "SET", "save", "3600 1");
    const blocker = join(folder, `temp-bgsave-${process.pid}.rdb`);
    mkdirSync(blocker);
    expect(redbun.run("BGSAVE")).toEqual(STARTED);
    await saved(redbun);
    expect(info(redbun, "rdb_last_bgsave_status")).toBe("err");
    expect(text(redbun.run("SET k v"))).toStartWith("MISCONF Redis is configured to save RDB snapshots, but it's ");
    expect(text(redbun.run("PING"))).toStartWith("MISCONF ");
    expect(redbun.run("GET k").type).toBe("null-bulk");
    redbun.run("CONFIG SET stop-writes-on-bgsave-error no");
    expect(redbun.run("SET k v")).toEqual(OK);
    redbun.run("CONFIG SET stop-writes-on-bgsave-error yes");
    expect(redbun.run("SET k v").type).toBe("error");
    rmSync(blocker, { recursive: true });
    redbun.run("BGSAVE");
    await saved(redbun);
    expect(redbun.run("SET k v")).toEqual(OK);
  });
});

describe("save points", () => {
  test("begin a BGSAVE when there were enough changes in the time", async () => {
    const redbun = start();
    redbun.call("CONFIG", "SET", "save", "60 2 10 100");
    const { persistence } = redbun.server;
    redbun.run("SET a 1");
    redbun.clock.advance(61_000);
    persistence.considerBgsave();
    expect(persistence.bgsave).toBeNull();
    redbun.run("SET b 2");
    persistence.considerBgsave();
    expect(persistence.bgsave).not.toBeNull();
    await saved(redbun);
    expect(digestInFile()).toBe(digest(redbun));
    redbun.run("SET c 3", "SET d 4");
    redbun.clock.advance(60_000);
    persistence.considerBgsave();
    expect(persistence.bgsave).toBeNull();
    redbun.clock.advance(1000);
    persistence.considerBgsave();
    expect(persistence.bgsave).not.toBeNull();
    await saved(redbun);
    expect(existsSync(path())).toBe(true);
  });

  test("wait five seconds after one that failed", async () => {
    const redbun = start();
    redbun.call("CONFIG", "SET", "save", "1 0");
    const blocker = join(folder, `temp-bgsave-${process.pid}.rdb`);
    mkdirSync(blocker);
    const { persistence } = redbun.server;
    redbun.clock.advance(2000);
    persistence.considerBgsave();
    await saved(redbun);
    expect(persistence.saves).toBe(1);
    redbun.clock.advance(5000);
    persistence.considerBgsave();
    expect(persistence.saves).toBe(1);
    redbun.clock.advance(1000);
    persistence.considerBgsave();
    expect(persistence.saves).toBe(2);
    await saved(redbun);
  });
});
