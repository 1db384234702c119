/** Large collections in a snapshot: the file is what there was when it began, and nobody waits for all of a value. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Defragmentation } from "../../src/db/defragmentation";
import { LARGE_FROM } from "../../src/persist/large-value";
import { bytesInUse } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { simple, text } from "../support/reply";

const SEED = seedFromEnvironment(20_261_121);
const ELEMENTS = 3 * LARGE_FROM;
const TYPES = ["hash", "set", "zset"] as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-large-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (): InProcess => new InProcess({ dir: folder, "enable-debug-command": "yes" });
const digest = (redbun: InProcess): string => text(redbun.run("DEBUG DIGEST"));

const add = (type: (typeof TYPES)[number], key: string, i: number): string =>
  ({ hash: `HSET ${key} field:${i} ${i}`, set: `SADD ${key} member:${i}`, zset: `ZADD ${key} ${i / 4} member:${i}` })[
    type
  ];

function fill(redbun: InProcess): void {
  for (const type of TYPES) {
    for (const key of [type, `${type}:2`]) {
      for (let i = 0; i < ELEMENTS; i++) redbun.run(add(type, key, i));
    }
    redbun.run(`PEXPIREAT ${type}:2 9000000000000`);
  }
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
  expect(keyspace.heap.guards).toBeNull();
  keyspace.free.run(Number.POSITIVE_INFINITY);
  expect(keyspace.heap.usedBytes).toBe(bytesInUse(keyspace));
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
    "UNLINK hash set zset:2",
    "DEL hash:2 set:2 zset",
    "SET hash v",
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
        defragmentation.begin();
        defragmentation.run(Number.POSITIVE_INFINITY);
        if (i === 20 && removal !== "") redbun.run("SELECT 0", removal);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      expect(snapshot?.keysDone).toBe(8);
      expect(redbun.run("INFO persistence")).toMatchObject({ value: expect.stringContaining("bgsave_status:ok") });
      redbun.run("FLUSHALL");
      expect(digestInFile()).toBe(before);
      expectNothingLeft(redbun);
    });
  }

  test("FLUSHALL ends it, and what waits for it is freed", () => {
    const redbun = start();
    fill(redbun);
    expect(redbun.run("BGSAVE")).toEqual(simple("Background saving started"));
    redbun.run("HSET hash a b", "SADD set a", "DEL hash set", "UNLINK zset");
    expect(redbun.keyspace.keepers).not.toBeNull();
    redbun.run("FLUSHALL");
    expect(existsSync(join(folder, "dump.rdb"))).toBe(false);
    expectNothingLeft(redbun);
  });
});
