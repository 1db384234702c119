/** Large collections in a snapshot: the file is what there was when it began, and nobody waits for all of a value. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Defragmentation } from "../../../src/db/defragmentation";
import { LARGE_FROM } from "../../../src/persist/snapshot/large-value";
import { hashType } from "../../../src/types/hash/hash-type";
import { withBlocks } from "../../support/failing-heap";
import { bytesInUse } from "../../support/heap-account";
import { InProcess } from "../../support/in-process";
import { seedFromEnvironment } from "../../support/model";
import { Random } from "../../support/random";
import { show, simple, text } from "../../support/reply";

const SEED = seedFromEnvironment(20_261_121);
const ELEMENTS = 3 * LARGE_FROM;
/** Makes lists and streams of so many elements large ones: they have two a node. */
const SMALL_NODES = { "list-max-listpack-size": "2", "stream-node-max-entries": "2" };
const ROUNDS = 5;
/** Takes a node of its own. */
const LONG = "x".repeat(9000);
/** "timed" is a hash of whose fields most expire. */
const TYPES = ["hash", "timed", "set", "zset", "list", "stream"] as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-large-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(): InProcess {
  const redbun = new InProcess({ dir: folder, "enable-debug-command": "yes", ...SMALL_NODES });
  redbun.tick(300);
  return redbun;
}
/** What there is; groups of streams and expiries of fields are not in DEBUG DIGEST. */
const digest = (redbun: InProcess): string =>
  text(redbun.run("DEBUG DIGEST")) +
  ["stream", "stream:2"].map((key) => Bun.hash(JSON.stringify(redbun.run(`DUMP ${key}`)))).join(" ") +
  ["timed", "timed:2"].map((key) => Bun.hash(show(redbun.run(`HPEXPIRETIME ${key} ${FIELDS}`)))).join(" ");
/** Fields of hashes. */
const FIELDS = `FIELDS ${ELEMENTS} ${Array.from({ length: ELEMENTS }, (_, i) => `field:${i}`).join(" ")}`;

const add = (type: (typeof TYPES)[number], key: string, i: number): string =>
  ({
    hash: `HSET ${key} field:${i} ${i}`,
    timed: `HSET ${key} field:${i} ${i}`,
    set: `SADD ${key} member:${i}`,
    zset: `ZADD ${key} ${i / 4} member:${i}`,
    list: `RPUSH ${key} ${i % 100 === 0 ? LONG : `element:${i}`}`,
    stream: `XADD ${key} ${i + 1}-1 field ${i}`,
  })[type];

function fill(redbun: InProcess): void {
  for (const type of TYPES) {
    for (const key of [type, `${type}:2`]) {
      for (let i = 0; i < ELEMENTS; i++) redbun.run(add(type, key, i));
    }
    redbun.run(`PEXPIREAT ${type}:2 9000000000000`);
  }
  for (let i = 0; i < ELEMENTS; i++) {
    if (i % 3 > 0) redbun.run(`HPEXPIRE timed${i % 2 === 0 ? "" : ":2"} ${1000 + i} FIELDS 1 field:${i}`);
  }
  redbun.run("XGROUP CREATE stream group 0", "XREADGROUP GROUP group consumer COUNT 20 STREAMS stream >");
  redbun.run(
    "SET small v",
    "SELECT 3",
    `SADD other ${Array.from({ length: ELEMENTS }, (_, i) => i).join(" ")}`,
    "SELECT 0",
  );
}

function digestInFile(): string {
  const redbun = start();
  expect(redbun.server.persistence.loadNow({ replace: false, keepExpired: true })).toBe("loaded");
  return digest(redbun);
}

function expectNothingLeft({ keyspace }: InProcess): void {
  expect(keyspace.keepers).toBeNull();
  expect(keyspace.heap.isGuarded).toBe(false);
  keyspace.free.run(Number.POSITIVE_INFINITY);
  const { deadlines } = hashType(keyspace).hashes.timers;
  expect(keyspace.heap.usedBytes).toBe(bytesInUse(keyspace) + deadlines.bytes);
}

/** Changes of everything that was there, and of what comes. */
function change(random: Random): string {
  const type = random.pick(TYPES);
  const key = random.pick([type, `${type}:2`]);
  const n = random.integer(0, ELEMENTS + 100);
  const common = [
    () => `RENAME ${key} ${random.pick([type, `${type}:2`, `${type}:3`])}`,
    () => `COPY ${key} ${type}:3 REPLACE`,
    () => `PEXPIRE ${key} 100000000`,
    () => `PERSIST ${key}`,
  ];
  const own = {
    hash: [
      () => `HSET hash field:${n} changed`,
      () => `HSET ${key} field:${n} ${"x".repeat(random.integer(1, 200))}`,
      () => `HDEL ${key} field:${n} field:${n + 1}`,
      () => `HINCRBY ${key} field:${n} 5`,
      () => `HPEXPIRE ${key} 100000000 FIELDS 1 field:${n}`,
      () => `HGET ${key} field:${n}`,
    ],
    timed: [
      () => `HSET ${key} field:${n} changed`,
      () => `HDEL ${key} field:${n}`,
      () => `HPEXPIRE ${key} ${random.integer(0, 5000)} FIELDS 2 field:${n} field:${n + 1}`,
      () => `HPERSIST ${key} FIELDS 1 field:${n}`,
      () => `HGET ${key} field:${n}`,
      () => `HSET ${key} new:${n} ${n}`,
    ],
    set: [
      () => `SADD ${key} member:${n} new:${n}`,
      () => `SREM ${key} member:${n}`,
      () => `SPOP ${key} 5`,
      () => `SMOVE set set:2 member:${n}`,
      () => `SUNIONSTORE set:3 ${key}`,
      () => `SDIFFSTORE set set set:2`,
      () => "SELECT 3",
      () => "SELECT 0",
    ],
    zset: [
      () => `ZADD ${key} ${n} member:${n}`,
      () => `ZINCRBY ${key} 2.5 member:${n}`,
      () => `ZREM ${key} member:${n}`,
      () => `ZPOPMIN ${key} 3`,
      () => `ZREMRANGEBYRANK ${key} -3 -1`,
      () => `ZREMRANGEBYSCORE ${key} ${n / 4} ${n / 4 + 2}`,
    ],
    list: [
      () => `RPUSH ${key} new:${n}`,
      () => `LPUSH ${key} new:${n} ${random.chance(0.1) ? LONG : "short"}`,
      () => `LSET ${key} ${n} ${random.pick(["changed", LONG, LONG.toUpperCase()])}`,
      () => `LSET ${key} ${n - (n % 100)} ${LONG.toUpperCase()}`,
      () => `LINSERT ${key} ${random.pick(["BEFORE", "AFTER"])} element:${n} ${random.pick(["inserted", LONG])}`,
      () => `LREM ${key} 1 element:${n}`,
      () => `LPOP ${key} ${random.integer(1, 5)}`,
      () => `RPOP ${key} ${random.integer(1, 5)}`,
      () => `LTRIM ${key} ${random.integer(0, 20)} -${random.integer(1, 20)}`,
      () => "LMOVE list list:2 LEFT RIGHT",
      () => `LRANGE ${key} ${n} ${n + 3}`,
    ],
    stream: [
      () => `XADD ${key} ${ELEMENTS + 1}-* field new`,
      () => `XADD ${key} MAXLEN ~ ${ELEMENTS - 10} ${ELEMENTS + 1}-* other ${n}`,
      () => `XDEL ${key} ${n}-1 ${n + 1}-1 ${n + 5}-1`,
      () => `XTRIM ${key} MAXLEN ${ELEMENTS - random.integer(0, 500)}`,
      () => `XTRIM ${key} MINID ${random.integer(0, 500)}`,
      () => `XREADGROUP GROUP group consumer COUNT 2 STREAMS stream >`,
      () => `XACK stream group ${random.integer(1, 40)}-1`,
      () => `XSETID ${key} ${ELEMENTS + 2}-${n}`,
    ],
  }[type];
  return random.chance(0.01) ? random.pick(common)() : random.pick(own)();
}

describe("BGSAVE of large collections", () => {
  test("nothing changes meanwhile", async () => {
    const redbun = start();
    fill(redbun);
    const before = digest(redbun);
    redbun.run("BGSAVE");
    while (redbun.server.persistence.bgsave !== null) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(digestInFile()).toBe(before);
    expectNothingLeft(redbun);
  });

  for (const removal of [
    "",
    "UNLINK hash timed set zset:2 list stream",
    "DEL hash:2 timed:2 set:2 zset list:2 stream:2",
    "SET hash v",
    "LTRIM list 0 1",
    "LTRIM list:2 1 0",
    "XTRIM stream MAXLEN 0",
    "RENAME list list:2",
    "RENAME hash list",
    "COPY stream stream:2 REPLACE",
    "FLUSHDB",
    "FLUSHDB ASYNC",
  ]) {
    test(`elements change meanwhile, ${removal || "nothing is removed"} (seed ${SEED})`, async () => {
      const random = new Random(SEED);
      const redbun = start();
      fill(redbun);
      // Sparse slabs, and somebody who moves what is in them.
      for (let i = 0; i < ELEMENTS; i++) if (i % 4 > 0) redbun.run(`SREM set member:${i}`, `ZREM zset member:${i}`);
      for (let i = 0; i < ELEMENTS; i++) redbun.run(add("set", "set", i), add("zset", "zset", i));
      const defragmentation = new Defragmentation(redbun.keyspace);
      const before = digest(redbun);
      redbun.run("BGSAVE");
      const { persistence } = redbun.server;
      const snapshot = persistence.bgsave?.snapshot;
      for (let i = 0; persistence.bgsave !== null; i++) {
        for (let n = 0; n < 20; n++) redbun.run(change(random));
        // Fields expire, one after the other.
        redbun.clock.advance(25);
        for (const expire of redbun.keyspace.expirers) expire(Number.POSITIVE_INFINITY);
        defragmentation.begin();
        defragmentation.run(Number.POSITIVE_INFINITY);
        if (i === 20 && removal !== "") redbun.run("SELECT 0", removal);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      expect(snapshot?.keysDone).toBe(14);
      expect(redbun.run("INFO persistence")).toMatchObject({ value: expect.stringContaining("bgsave_status:ok") });
      redbun.run("FLUSHALL");
      expect(digestInFile()).toBe(before);
      expectNothingLeft(redbun);
    });
  }

  test(`memory runs out again and again (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    let failed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const redbun = start();
      fill(redbun);
      const before = digest(redbun);
      redbun.run("BGSAVE");
      const save = redbun.server.persistence.bgsave;
      for (let i = 0; redbun.server.persistence.bgsave !== null; i++) {
        for (let n = 0; n < 10; n++) redbun.run(change(random));
        // Never in the first round, later in each: how many turns a save takes is the disk's affair.
        for (let n = 0; n < 20 && round > 0 && i >= 3 * round; n++) {
          withBlocks(redbun.keyspace.heap, random.integer(0, 6), () => redbun.run(change(random)));
        }
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (round > 0 && save?.snapshot.error !== null) failed++;
      else expect(digestInFile()).toBe(before);
      expectNothingLeft(redbun);
    }
    expect(failed).toBeGreaterThan(0);
  });

  test("FLUSHALL ends it, and what waits for it is freed", () => {
    const redbun = start();
    fill(redbun);
    expect(redbun.run("BGSAVE")).toEqual(simple("Background saving started"));
    redbun.run(
      "HSET hash a b",
      "SADD set a",
      "DEL hash set",
      "UNLINK zset",
      "LTRIM list 5 -5",
      "LSET list:2 50 a",
      "XTRIM stream MAXLEN 9",
    );
    expect(redbun.keyspace.keepers).not.toBeNull();
    redbun.run("FLUSHALL");
    expect(existsSync(join(folder, "dump.rdb"))).toBe(false);
    expectNothingLeft(redbun);
  });
});
