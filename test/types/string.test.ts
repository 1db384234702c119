/** String values: random commands against a Map with all memory accounted for, and what growing costs. */

import { describe, expect, test } from "bun:test";
import { requestOf } from "../../src/resp/request";
import { appendString, STRING_MAX, stringBytes } from "../../src/types/string/string";
import { InProcess } from "../support/in-process";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";
import { integer, isNull, items, OK, text } from "../support/reply";

const MIB = 1024 * 1024;

interface Expected {
  value: string;
  /** ms since the epoch; 0: never. */
  expireAt: number;
}

/** The commands of the model: what Redis documents, over a Map of strings. */
class Model {
  readonly keys = new Map<string, Expected>();

  constructor(private readonly now: () => number) {}

  find(key: string): Expected | undefined {
    const found = this.keys.get(key);
    if (found === undefined || found.expireAt === 0 || found.expireAt >= this.now()) return found;
    this.keys.delete(key);
    return undefined;
  }

  set(key: string, value: string, expireAt = 0): void {
    this.keys.set(key, { value, expireAt });
  }

  /** Puts another value in a key's place; its expiry stays. */
  change(key: string, value: string): void {
    this.set(key, value, this.find(key)?.expireAt ?? 0);
  }
}

const SIZES = [0, 1, 5, 20, 43, 44, 45, 46, 200, 253, 254, 1000, 4000, 4060, 4080, 4100, 9000, 33_000, 70_000, 200_000];

function someKey(random: Random): string {
  const key = `k${random.integer(0, 40)}`;
  // Every tenth key is so long that no value fits into its entry; every other tenth has a long length prefix.
  const last = key.at(-1);
  if (last === "9") return key.padStart(5000, "k");
  return last === "8" ? key.padStart(300, "k") : key;
}

function someValue(random: Random): string {
  if (random.chance(0.4)) return random.edgeInteger();
  return random.string(random.pick(SIZES), "abc\x00\xff");
}

describe("random commands against a Map", () => {
  for (const seed of [1, 2, 3]) {
    test(`seed ${seed}`, () => {
      const server = new InProcess();
      const model = new Model(() => server.clock.now());
      const emptyHeap = server.keyspace.heap.usedBytes;
      const same = (actual: string, expected: string): void => {
        if (actual !== expected) throw new Error(`${actual.length} bytes that differ from ${expected.length}`);
      };
      const value = (reply: ReturnType<InProcess["call"]>): string => (isNull(reply) ? "(null)" : text(reply));
      const check = (key: string): void => same(value(server.call("GET", key)), model.find(key)?.value ?? "(null)");

      runOperations({
        seed,
        steps: 6000,
        operations: {
          set: [
            8,
            (random) => {
              const [key, to] = [someKey(random), someValue(random)];
              server.call("SET", key, to);
              model.set(key, to);
              return `${key.length} ${to.length}`;
            },
          ],
          setExpiring: [
            5,
            (random) => {
              const [key, to, ms] = [someKey(random), someValue(random), random.integer(1, 200)];
              server.call("SET", key, to, "PX", ms);
              model.set(key, to, server.clock.now() + ms);
              return `${key.length} ${to.length}`;
            },
          ],
          setKeepTtl: [
            4,
            (random) => {
              const [key, to] = [someKey(random), someValue(random)];
              server.call("SET", key, to, "KEEPTTL");
              model.change(key, to);
              return `${key.length} ${to.length}`;
            },
          ],
          setnx: [
            2,
            (random) => {
              const [key, to] = [someKey(random), someValue(random)];
              const missing = model.find(key) === undefined;
              expect(server.call("SETNX", key, to)).toEqual(integer(missing ? 1 : 0));
              if (missing) model.set(key, to);
              return undefined;
            },
          ],
          append: [
            8,
            (random) => {
              const [key, added] = [someKey(random), someValue(random)];
              const result = (model.find(key)?.value ?? "") + added;
              expect(server.call("APPEND", key, added)).toEqual(integer(result.length));
              model.change(key, result);
              return `${key.length} ${added.length}`;
            },
          ],
          setrange: [
            8,
            (random) => {
              const [key, added] = [someKey(random), someValue(random)];
              const offset = random.pick([0, 1, 10, 50, 300, 4000, 10_000]);
              const old = model.find(key)?.value ?? "";
              const result =
                added === ""
                  ? old
                  : old.slice(0, offset).padEnd(offset, "\0") + added + old.slice(offset + added.length);
              expect(server.call("SETRANGE", key, offset, added)).toEqual(integer(result.length));
              if (added !== "") model.change(key, result);
              return `${key.length} ${offset} ${added.length}`;
            },
          ],
          getrange: [
            3,
            (random) => {
              const [key, from, count] = [someKey(random), random.integer(0, 100), random.integer(1, 100)];
              const old = model.find(key)?.value ?? "";
              same(text(server.call("GETRANGE", key, from, from + count - 1)), old.slice(from, from + count));
              return undefined;
            },
          ],
          incrby: [
            6,
            (random) => {
              const [key, by] = [someKey(random), BigInt.asIntN(64, BigInt(random.edgeInteger()))];
              const old = model.find(key)?.value ?? "0";
              const reply = server.call("INCRBY", key, by);
              const sum = /^(0|-?[1-9]\d{0,18})$/.test(old) ? BigInt(old) + by : undefined;
              const valid =
                sum !== undefined && BigInt.asIntN(64, sum) === sum && BigInt.asIntN(64, BigInt(old)) === BigInt(old);
              expect(reply.type).toBe(valid ? "integer" : "error");
              if (valid) {
                same(text(reply), String(sum));
                model.change(key, String(sum));
              }
              return `${key.length} ${old.slice(0, 30)} ${by}`;
            },
          ],
          incrbyfloat: [
            3,
            (random) => {
              const key = someKey(random);
              const old = model.find(key)?.value ?? "0";
              // Eighths of small numbers have one text only.
              if (!/^-?\d{1,6}(\.\d{1,3})?$/.test(old)) return undefined;
              const by = random.integer(-100, 100) / 8;
              same(text(server.call("INCRBYFLOAT", key, by)), String(Number(old) + by || 0));
              model.change(key, String(Number(old) + by || 0));
              return `${key.length} ${old} ${by}`;
            },
          ],
          mset: [
            2,
            (random) => {
              const pairs = Array.from({ length: random.integer(1, 5) }, () => [someKey(random), someValue(random)]);
              expect(server.call("MSET", ...pairs.flat())).toEqual(OK);
              for (const [key, to] of pairs) model.set(key, to);
              return undefined;
            },
          ],
          msetnx: [
            2,
            (random) => {
              const pairs = Array.from({ length: 2 }, () => [someKey(random), someValue(random)]);
              const free = pairs.every(([key]) => model.find(key) === undefined);
              expect(server.call("MSETNX", ...pairs.flat())).toEqual(integer(free ? 1 : 0));
              if (free) for (const [key, to] of pairs) model.set(key, to);
              return undefined;
            },
          ],
          mget: [
            2,
            (random) => {
              const keys = Array.from({ length: 4 }, () => someKey(random));
              const replies = items(server.call("MGET", ...keys));
              keys.forEach((key, i) => {
                same(value(replies[i]), model.find(key)?.value ?? "(null)");
              });
              return undefined;
            },
          ],
          getset: [
            2,
            (random) => {
              const [key, to] = [someKey(random), someValue(random)];
              same(value(server.call("GETSET", key, to)), model.find(key)?.value ?? "(null)");
              model.set(key, to);
              return undefined;
            },
          ],
          getex: [
            4,
            (random) => {
              const key = someKey(random);
              const old = model.find(key);
              const ms = random.integer(0, 100);
              const options = ms < 50 ? ["PERSIST"] : ["PX", ms];
              same(value(server.call("GETEX", key, ...options)), old?.value ?? "(null)");
              if (old !== undefined) old.expireAt = ms < 50 ? 0 : server.clock.now() + ms;
              return undefined;
            },
          ],
          getdel: [
            6,
            (random) => {
              const key = someKey(random);
              same(value(server.call("GETDEL", key)), model.find(key)?.value ?? "(null)");
              model.keys.delete(key);
              return undefined;
            },
          ],
          time: [
            3,
            (random) => {
              server.clock.advance(random.integer(1, 50));
              return undefined;
            },
          ],
        },
        checkEvery: 200,
        check() {
          for (const key of [...model.keys.keys()]) check(key);
          for (const key of [...model.keys.keys()])
            expect(server.expireAt(key)).toBe(model.keys.get(key)?.expireAt || -1);
          expect(server.keyspace.databases[0].size >= model.keys.size).toBe(true);
        },
      });

      const keys = new Set([...model.keys.keys()]);
      for (let i = 0; i <= 40; i++) for (const width of [0, 300, 5000]) keys.add(`k${i}`.padStart(width, "k"));
      for (const key of keys) server.call("GETDEL", key);
      expect(server.keyspace.databases[0].size).toBe(0);
      // The index keeps a size of its own; an emptied one is as it was at the start.
      server.keyspace.flush(-1, false);
      expect(server.keyspace.heap.usedBytes).toBe(emptyHeap);
    });
  }
});

describe("memory", () => {
  const sizes = [0, 20, 44, 45, 1000, 4000, 4074, 4096, 5000, 33_000, 100_000, 17 * MIB];

  test("deleting a key of any size gives all of it back", () => {
    const server = new InProcess();
    const { heap } = server.keyspace;
    server.run("SET other 1");
    const empty = heap.usedBytes;
    for (const size of sizes) {
      const value = "v".repeat(size);
      server.call("SET", "k", value);
      const set = heap.usedBytes;
      server.call("APPEND", "k", "more");
      server.call("SETRANGE", "k", size * 2, "more");
      server.call("SET", "k", value);
      // The block that the string grew into may stay, if it is less than twice too large.
      expect(heap.usedBytes - set).toBeLessThanOrEqual(Math.max(size, 64));
      server.call("GETDEL", "k");
      expect(heap.usedBytes).toBe(empty);
    }
  });

  test("overwriting by the same size takes no memory and moves nothing", () => {
    const server = new InProcess();
    for (const size of sizes) {
      server.call("SET", "k", "a".repeat(size));
      const { usedBytes } = server.keyspace.heap;
      const ref = server.entry("k");
      server.call("SET", "k", "b".repeat(size));
      expect(server.entry("k")).toBe(ref);
      expect(server.keyspace.heap.usedBytes).toBe(usedBytes);
    }
  });

  test("a short value after a long one does not keep its memory", () => {
    const server = new InProcess();
    for (const size of sizes.slice(4)) {
      server.call("SET", "k", "a".repeat(size));
      server.call("APPEND", "k", "a");
      const { usedBytes } = server.keyspace.heap;
      server.call("SET", "k", "short");
      expect(usedBytes - server.keyspace.heap.usedBytes).toBeGreaterThan(size * 0.9);
    }
  });
});

describe("growing", () => {
  /** Bytes that the heap copies or hands out while `count` pieces are appended: counted at its one entrance. */
  function allocatedBy(server: InProcess, run: () => void): number {
    const { heap } = server.keyspace;
    const allocate = heap.allocate.bind(heap);
    let bytes = 0;
    heap.allocate = (size) => {
      bytes += size;
      return allocate(size);
    };
    run();
    return bytes;
  }

  test("10,000 times 100 bytes allocate a small multiple of the result", () => {
    const server = new InProcess();
    const piece = "x".repeat(100);
    const allocated = allocatedBy(server, () => {
      for (let i = 0; i < 10_000; i++) server.call("APPEND", "k", piece);
    });
    expect(server.call("STRLEN", "k")).toEqual(integer(1_000_000));
    expect(allocated).toBeLessThan(5_000_000);
    expect(server.keyspace.heap.usedBytes).toBeLessThan(2_200_000);
  });

  test("one byte at a time, from the first, moves the entry a dozen times", () => {
    const server = new InProcess();
    let moves = 0;
    let last = 0;
    let value = "";
    for (let i = 0; i < 6000; i++) {
      const added = String.fromCharCode(i & 0xff);
      server.call("APPEND", "k", added);
      value += added;
      if (server.entry("k") !== last) moves++;
      last = server.entry("k");
    }
    expect(text(server.call("GET", "k")) === value).toBe(true);
    expect(moves).toBeLessThan(16);
  });

  test("beyond a segment too", () => {
    const server = new InProcess();
    const piece = "y".repeat(64 * 1024);
    const allocated = allocatedBy(server, () => {
      for (let i = 0; i < 40 * 16; i++) server.call("APPEND", "k", piece);
    });
    expect(server.call("STRLEN", "k")).toEqual(integer(40 * MIB));
    expect(allocated).toBeLessThan(500 * MIB);
    expect(server.keyspace.heap.usedBytes).toBeLessThan(50 * MIB);
  });

  test("SETRANGE from the front to the back grows as APPEND does", () => {
    const server = new InProcess();
    const allocated = allocatedBy(server, () => {
      for (let i = 0; i < 100_000; i += 50) server.call("SETRANGE", "k", i, "z".repeat(50));
    });
    expect(server.call("STRLEN", "k")).toEqual(integer(100_000));
    expect(allocated).toBeLessThan(600_000);
  });
});

test("the data functions work without a server's commands", () => {
  const server = new InProcess();
  server.run("SET k abc");
  const request = requestOf(["k", "def"]);
  const ref = server.entry("k");
  expect(appendString(server.keyspace.databases[0], ref, request, 0, 1)).toBe(6);
  const { bytes, at, length } = stringBytes(server.keyspace, server.entry("k"));
  expect(Buffer.from(bytes.subarray(at, at + length)).toString()).toBe("abcdef");
  expect(STRING_MAX).toBeLessThan(2 ** 32);
});
