/** Defragmentation of values of all types, whole or while commands change them. */

import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Defragmentation } from "../../src/db/defragmentation";
import { bytesInUse, expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { Random } from "../support/random";
import { text } from "../support/reply";

/** Small values and large ones, strings of all kinds, groups with pending entries, fields that expire. */
function addKeys(redbun: InProcess, random: Random, i: number): void {
  const long = "v".repeat(random.integer(0, 299));
  redbun.call("SET", `string:${i}`, long);
  redbun.call("SET", `block:${i}`, "b".repeat(5000));
  redbun.call("SET", `int:${i}`, i, "EX", 100_000);
  redbun.call("RPUSH", `list:${i}`, "a", long, i);
  redbun.call("SADD", `ints:${i}`, 1, 2, i);
  redbun.call("SADD", `set:${i}`, "a", long.slice(0, 50), i);
  redbun.call("ZADD", `zset:${i}`, 1, "a", i, long.slice(0, 50));
  redbun.call("HSET", `hash:${i}`, "f", long.slice(0, 60), i, "v");
  redbun.call("XADD", `stream:${i}`, `${i + 1}-1`, "field", long);
  if (i % 10 === 0) {
    redbun.call("HPEXPIRE", `hash:${i}`, 1e9, "FIELDS", 1, "f");
    redbun.call("XGROUP", "CREATE", `stream:${i}`, "group", 0);
    redbun.call("XREADGROUP", "GROUP", "group", "consumer", "STREAMS", `stream:${i}`, ">");
  }
}

/** Adds an element to one large value of each type; in two of each, so that their blocks stand in turn. */
function addElements(redbun: InProcess, name: string, i: number): void {
  const member = `member:${i}:${"m".repeat(i % 30)}`;
  redbun.call("RPUSH", `${name}:list`, member, "x".repeat(i % 200));
  redbun.call("SADD", `${name}:set`, member);
  redbun.call("ZADD", `${name}:zset`, (i * 7919) % 1000, member);
  redbun.call("HSET", `${name}:hash`, member, i);
  redbun.call("HSET", `${name}:timed`, member, i);
  if (i % 3 === 0) redbun.call("HPEXPIRE", `${name}:timed`, 1e9 + i, "FIELDS", 1, member);
  redbun.call("XADD", `${name}:stream`, `${i + 1}-0`, "f", member);
  redbun.call("XREADGROUP", "GROUP", `g${i % 2}`, `c${i % 5}`, "STREAMS", `${name}:stream`, ">");
}

function prepareLarge(redbun: InProcess, name: string): void {
  for (const group of ["g0", "g1"]) redbun.call("XGROUP", "CREATE", `${name}:stream`, group, 0, "MKSTREAM");
}

const TYPES = ["string", "block", "int", "list", "ints", "set", "zset", "hash", "stream"];

/** A server of whose keys nine of ten are gone, at random, and with large values of which one of two is gone. */
function fragmented(seed: number, keys: number, elements: number, directives: Record<string, string> = {}): InProcess {
  const redbun = new InProcess({
    "list-max-listpack-size": "5",
    "stream-node-max-entries": "5",
    "enable-debug-command": "yes",
    ...directives,
  });
  const random = new Random(seed);
  for (const name of ["large", "gone"]) prepareLarge(redbun, name);
  for (let i = 0; i < Math.max(keys, elements); i++) {
    if (i < keys) addKeys(redbun, random, i);
    if (i < elements) for (const name of ["large", "gone"]) addElements(redbun, name, i);
  }
  for (let i = 0; i < keys; i++) {
    for (const type of TYPES) if (random.chance(0.9)) redbun.call("DEL", `${type}:${i}`);
  }
  for (const type of ["list", "set", "zset", "hash", "timed", "stream"]) redbun.call("DEL", `gone:${type}`);
  redbun.keyspace.free.run(Number.POSITIVE_INFINITY);
  return redbun;
}

/** Bytes of slabs that are in no block. */
function unused(redbun: InProcess): number {
  const { heap } = redbun.keyspace;
  return heap.committedBytes - heap.usedBytes;
}

function digest(redbun: InProcess): string {
  return text(redbun.call("DEBUG", "DIGEST"));
}

/** One pass, in as many steps as it takes. Returns their number. */
function pass(defragmentation: Defragmentation): number {
  let steps = 1;
  defragmentation.begin();
  // A deadline that has passed: one step a call.
  while (defragmentation.run(0)) steps++;
  return steps;
}

test("blocks of all types move together, nothing changes, and nothing leaks", () => {
  const redbun = fragmented(1, 3000, 4000);
  const { keyspace } = redbun;
  const before = { digest: digest(redbun), unused: unused(redbun), used: keyspace.heap.usedBytes };
  expect(before.unused).toBeGreaterThan(20 * 1024 * 1024);
  const defragmentation = new Defragmentation(keyspace);
  for (let i = 0; i < 3; i++) expect(pass(defragmentation)).toBeGreaterThan(20);
  // What is left is one slab that has room for each size of block that there is.
  expect(unused(redbun)).toBeLessThan(7 * 1024 * 1024);
  expect(keyspace.heap.usedBytes).toBe(before.used);
  expect(bytesInUse(keyspace)).toBe(before.used);
  expect(digest(redbun)).toBe(before.digest);
  const { relocator, keyHits, keyMisses } = defragmentation;
  expect(relocator.hits).toBeGreaterThan(5000);
  expect(keyHits + keyMisses).toBeGreaterThanOrEqual(3 * keyspace.size);
  // A pass over what is dense already moves next to nothing.
  const { hits } = relocator;
  pass(defragmentation);
  expect(relocator.hits - hits).toBeLessThan(hits / 20);
});

test("everything works on what was moved", () => {
  const redbun = fragmented(2, 500, 3000);
  pass(new Defragmentation(redbun.keyspace));
  const { keyspace } = redbun;
  // Every element is found by every way there is to it, and all of it can be freed.
  for (let i = 0; i < 3000; i++) {
    const member = `member:${i}:${"m".repeat(i % 30)}`;
    expect(text(redbun.call("SREM", "large:set", member))).toBe("1");
    expect(text(redbun.call("ZSCORE", "large:zset", member))).toBe(String((i * 7919) % 1000));
    expect(redbun.call("ZRANK", "large:zset", member).type).toBe("integer");
    expect(text(redbun.call("ZREM", "large:zset", member))).toBe("1");
    expect(text(redbun.call("HDEL", "large:timed", member))).toBe("1");
    expect(text(redbun.call("HGET", "large:hash", member))).toBe(String(i));
    const acknowledged = ["g0", "g1"].map((group) =>
      Number(text(redbun.call("XACK", "large:stream", group, `${i + 1}-0`))),
    );
    expect(acknowledged[i % 2]).toBe(1);
    expect(text(redbun.call("XDEL", "large:stream", `${i + 1}-0`))).toBe("1");
    redbun.run("LPOP large:list", "RPOP large:list");
  }
  expect(text(redbun.run("EXISTS large:set large:zset large:timed large:list"))).toBe("0");
  redbun.clock.advance(2e9);
  for (let i = 0; i < 500; i++) redbun.call("HGETALL", `hash:${i}`);
  redbun.run("FLUSHALL SYNC");
  expect(keyspace.heap.usedBytes).toBe(new InProcess().keyspace.heap.usedBytes);
});

/** A command that changes one of the large values, or the keys around them. */
function change(random: Random): (string | number)[] {
  const i = random.integer(0, 2499);
  const member = `member:${i}:${"m".repeat(i % 30)}`;
  return random.pick<(string | number)[]>([
    ["SREM", "large:set", member],
    ["SADD", "large:set", `new:${i}`],
    ["ZADD", "large:zset", i, member],
    ["ZREM", "large:zset", member],
    ["HSET", "large:hash", `new:${i}`, i],
    ["HDEL", "large:timed", member],
    ["LPOP", "large:list", 1 + (i % 20)],
    ["RPOP", "large:list"],
    ["LREM", "large:list", 1, "x".repeat(i % 200)],
    ["LTRIM", "large:list", i % 7, -1],
    ["XACK", "large:stream", "g0", `${i + 1}-0`],
    ["XDEL", "large:stream", `${i + 1}-0`],
    ["XCLAIM", "large:stream", "g1", `c${i % 7}`, 0, `${i + 1}-0`],
    ["RPUSH", "large:list", "y".repeat(i % 100)],
    ["SET", `string:${i}`, "z".repeat(i % 100)],
    ["DEL", `zset:${i % 800}`],
    ...(i % 50 === 0
      ? [
          ["COPY", "large:list", "other:list"],
          ["RENAME", "large:list", "other:list"],
          ["RENAME", "other:list", "large:list"],
          ["DEL", `large:${random.pick(["set", "zset", "hash", "list", "stream"])}`],
          ["XGROUP", "DELCONSUMER", "large:stream", "g0", `c${i % 5}`],
          ["SWAPDB", 0, 1],
        ]
      : []),
  ]);
}

describe("between the steps", () => {
  for (const seed of [11, 12, 13]) {
    test(`everything may change (seed ${seed})`, () => {
      const redbun = fragmented(seed, 800, 2500);
      const plain = fragmented(seed, 800, 2500);
      const random = new Random(seed);
      const defragmentation = new Defragmentation(redbun.keyspace);
      defragmentation.begin();
      for (let n = 0; n < 6000; n++) {
        if (!defragmentation.run(0)) defragmentation.begin();
        const command = change(random);
        for (const server of [redbun, plain]) server.call(...command);
      }
      expect(digest(redbun)).toBe(digest(plain));
      redbun.keyspace.free.run(Number.POSITIVE_INFINITY);
      expectNoLeak(redbun);
    });
  }
});

test("a snapshot that runs meanwhile has everything as it was when it began", async () => {
  const folder = mkdtempSync(join(tmpdir(), "redbun-defragmentation-"));
  try {
    const redbun = fragmented(5, 1000, 2000, { dir: folder });
    const expected = digest(redbun);
    const defragmentation = new Defragmentation(redbun.keyspace);
    redbun.run("BGSAVE");
    const random = new Random(5);
    let steps = 0;
    while (redbun.server.persistence.bgsave !== null) {
      if (!defragmentation.run(0)) defragmentation.begin();
      redbun.call(...change(random));
      steps++;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(steps).toBeGreaterThan(3);
    expect(defragmentation.relocator.hits).toBeGreaterThan(500);
    const loaded = new InProcess({ dir: folder, "enable-debug-command": "yes" });
    expect(loaded.server.persistence.loadNow({ replace: false, keepExpired: true })).toBe("loaded");
    loaded.keyspace.expiry = "ignore";
    expect(digest(loaded)).toBe(expected);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
