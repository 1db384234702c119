/** Large values of all types, and changes of them: for tests of snapshots. */

import { expect } from "bun:test";
import { LARGE_FROM } from "../../src/persist/snapshot/large-value";
import { expectNoLeak } from "./heap-account";
import type { InProcess } from "./in-process";
import type { Random } from "./random";

export const ELEMENTS = 3 * LARGE_FROM;
/** Makes lists and streams of so many elements large ones: they have two a node. */
export const SMALL_NODES = { "list-max-listpack-size": "2", "stream-node-max-entries": "2" };
/** Takes a node of its own. */
const LONG = "x".repeat(9000);
/** "timed" is a hash of whose fields most expire. */
export const TYPES = ["hash", "timed", "set", "zset", "list", "stream"] as const;

/** Fields of hashes. */
export const FIELDS = `FIELDS ${ELEMENTS} ${Array.from({ length: ELEMENTS }, (_, i) => `field:${i}`).join(" ")}`;

export const add = (type: (typeof TYPES)[number], key: string, i: number): string =>
  ({
    hash: `HSET ${key} field:${i} ${i}`,
    timed: `HSET ${key} field:${i} ${i}`,
    set: `SADD ${key} member:${i}`,
    zset: `ZADD ${key} ${i / 4} member:${i}`,
    list: `RPUSH ${key} ${i % 100 === 0 ? LONG : `element:${i}`}`,
    stream: `XADD ${key} ${i + 1}-1 field ${i}`,
  })[type];

export function fill(redbun: InProcess): void {
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

/** Changes of everything that was there, and of what comes. */
export function change(random: Random): string {
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

/** That the snapshot, however it ended, has left no guard and no memory behind. */
export function expectNothingLeft({ keyspace }: InProcess): void {
  expect(keyspace.keepers).toBeNull();
  expect(keyspace.heap.isGuarded).toBe(false);
  expectNoLeak({ keyspace });
}
