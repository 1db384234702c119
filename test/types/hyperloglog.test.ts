/** HyperLogLogs: the hash, the registers and the runs against plain models; what commands leave in memory and announce. */

import { describe, expect, test } from "bun:test";
import { TYPE_LIST } from "../../src/db/entry";
import { EVENT_STRING } from "../../src/db/keyspace";
import { Heap } from "../../src/memory/heap";
import * as errors from "../../src/resp/errors";
import {
  countRegisters,
  DENSE_BYTES,
  denseRegister,
  HyperLogLog,
  isDense,
  isHyperLogLog,
  mergeInto,
  newHistogram,
  RAISED,
  REGISTERS,
  raiseDense,
  UNCHANGED,
} from "../../src/types/hyperloglog/hyperloglog";
import { estimate } from "../../src/types/hyperloglog/hyperloglog-estimate";
import { hashElement, pattern, RUN_BITS } from "../../src/types/hyperloglog/hyperloglog-hash";
import { int64, int64ToNumber } from "../../src/util/integers";
import { InProcess } from "../support/in-process";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { error, integer, OK, text } from "../support/reply";

const random = new Random(seedFromEnvironment(20240305));

/** MurmurHash64A as it is published, with 64-bit arithmetic. */
function murmur(bytes: Uint8Array): bigint {
  const m = 0xc6a4a7935bd1e995n;
  const cut = (value: bigint): bigint => BigInt.asUintN(64, value);
  let hash = 0xadc83b19n ^ cut(BigInt(bytes.length) * m);
  const whole = bytes.length & ~7;
  for (let i = 0; i < whole; i += 8) {
    let block = 0n;
    for (let j = 7; j >= 0; j--) block = (block << 8n) | BigInt(bytes[i + j]);
    block = cut(block * m);
    block = cut((block ^ (block >> 47n)) * m);
    hash = cut((hash ^ block) * m);
  }
  if (whole < bytes.length) {
    for (let i = whole; i < bytes.length; i++) hash ^= BigInt(bytes[i]) << BigInt((i - whole) * 8);
    hash = cut(hash * m);
  }
  hash = cut((hash ^ (hash >> 47n)) * m);
  return hash ^ (hash >> 47n);
}

test("the hash is MurmurHash64A: its lowest bits choose the register, the run of zeros above them the value", () => {
  for (let i = 0; i < 5000; i++) {
    const bytes = random.bytes(i < 70 ? i : random.integer(0, 40));
    const hash = murmur(bytes);
    let rest = hash >> 14n;
    let value = 1;
    while (value <= RUN_BITS && (rest & 1n) === 0n) {
      value++;
      rest >>= 1n;
    }
    // Somewhere in a larger buffer: what stands around the element must not count.
    const around = Buffer.alloc(bytes.length + 11, 0x5a);
    around.set(bytes, 5);
    hashElement(around, 5, 5 + bytes.length);
    expect([pattern.index, pattern.value]).toEqual([Number(hash & 16383n), value]);
  }
});

test("dense registers do not touch each other, nor what stands around them", () => {
  const bytes = new Uint8Array(DENSE_BYTES + 20).fill(0xee);
  const at = 7;
  bytes.fill(0, at, at + DENSE_BYTES);
  const expected = new Uint8Array(REGISTERS);
  for (let i = 0; i < 60_000; i++) {
    const register = random.integer(0, REGISTERS - 1);
    const value = random.integer(0, 63);
    expect(raiseDense(bytes, at, register, value)).toBe(value > expected[register]);
    expected[register] = Math.max(expected[register], value);
  }
  raiseDense(bytes, at, REGISTERS - 1, 63);
  expected[REGISTERS - 1] = 63;
  expect(expected.every((value, i) => denseRegister(bytes, at, i) === value)).toBe(true);
  expect([...bytes.subarray(0, at), ...bytes.subarray(at + DENSE_BYTES)].every((byte) => byte === 0xee)).toBe(true);
});

describe("the working copy", () => {
  /** The registers of a HyperLogLog, and that its histogram agrees with them. */
  function registersOf(hll: HyperLogLog): Uint8Array {
    const registers = new Uint8Array(REGISTERS);
    expect(isHyperLogLog(hll.bytes, 0, hll.length)).toBe(true);
    expect(mergeInto(registers, hll.bytes, 0, hll.length)).toBe(true);
    const histogram = newHistogram();
    expect(countRegisters(histogram, hll.bytes, 0, hll.length)).toBe(true);
    const counted = newHistogram();
    for (const value of registers) counted[value]++;
    expect([...histogram]).toEqual([...counted]);
    return registers;
  }

  for (const [name, range, most] of [
    ["anywhere", REGISTERS, 32],
    ["next to each other, with few values", 300, 3],
    ["the last ones", 40, 32],
  ] as const) {
    test(`sparse registers against an array: ${name}`, () => {
      const hll = new HyperLogLog();
      hll.clear();
      const expected = new Uint8Array(REGISTERS);
      for (let i = 0; i < 3000; i++) {
        const index = REGISTERS - 1 - random.integer(0, range - 1);
        const value = random.integer(1, most);
        const higher = value > expected[index];
        expect(hll.raise(index, value, 100_000)).toBe(higher ? RAISED : UNCHANGED);
        if (higher) expected[index] = value;
        if (i % 100 === 0) expect(Buffer.compare(registersOf(hll), expected)).toBe(0);
      }
      expect(isDense(hll.bytes, 0)).toBe(false);
      expect(hll.toDense()).toBe(true);
      expect(hll.length).toBe(DENSE_BYTES);
      expect(Buffer.compare(registersOf(hll), expected)).toBe(0);
    });
  }

  test("becomes dense for a value above 32, and beyond its limit", () => {
    const hll = new HyperLogLog();
    hll.clear();
    expect(hll.length).toBe(18);
    hll.raise(5, 32, 3000);
    expect(isDense(hll.bytes, 0)).toBe(false);
    hll.raise(6, 33, 3000);
    expect(isDense(hll.bytes, 0)).toBe(true);
    hll.clear();
    for (let i = 0; !isDense(hll.bytes, 0); i += 2) {
      expect(hll.length).toBeLessThanOrEqual(60);
      hll.raise(i, 1, 60);
    }
    expect(hll.length).toBe(DENSE_BYTES);
  });
});

test("estimates are within the standard error that the theory gives, and exact for few elements", () => {
  const hll = new HyperLogLog();
  hll.clear();
  hll.toDense();
  const histogram = newHistogram();
  const element = Buffer.alloc(4);
  for (let count = 1; count <= 200_000; count++) {
    element.writeUInt32LE(count);
    hashElement(element, 0, 4);
    hll.raise(pattern.index, pattern.value, 0);
    if (count % 20_000 !== 0 && count > 20) continue;
    countRegisters(histogram, hll.bytes, 0, hll.length);
    estimate(histogram, REGISTERS);
    const limit = count <= 20 ? 0 : count * 4 * (1.04 / Math.sqrt(REGISTERS));
    expect(Math.abs(int64ToNumber(int64.hi, int64.lo) - count)).toBeLessThanOrEqual(limit);
  }
});

describe("commands", () => {
  test("a dense one takes what its size asks for, and is freed", () => {
    const server = new InProcess();
    const { heap } = server.keyspace;
    const before = heap.usedBytes;
    for (let i = 0; i < 5000; i += 10) {
      server.call("PFADD", "k", ...Array.from({ length: 10 }, (_, j) => i + j));
      // A sparse one has no more room than the size classes of the heap leave.
      if (text(server.call("PFDEBUG", "ENCODING", "k")) !== "sparse") break;
      const length = Number(text(server.call("GET", "k")).length);
      expect(heap.usedBytes - before).toBeLessThan(length * 1.3 + 64);
    }
    expect(text(server.call("PFDEBUG", "ENCODING", "k"))).toBe("dense");
    expect(heap.usedBytes - before).toBeLessThanOrEqual(Heap.roundUp(DENSE_BYTES) + 64);
    server.call("PFMERGE", "k2", "k");
    server.call("PFMERGE", "k2", "k");
    server.call("DEL", "k", "k2");
    expect(heap.usedBytes).toBe(before);
  });

  test("events: PFADD and PFMERGE say pfadd, PFCOUNT changes the value without one", () => {
    const server = new InProcess();
    const events = server.recordEvents();
    const expectEvents = (expected: [string, number][], changes: number, ...command: (string | number)[]): void => {
      events.length = 0;
      const { dirty } = server.keyspace;
      server.call(...command);
      expect(events.map(({ event, eventClass, change }) => [event, eventClass, change])).toEqual(
        expected.map(([event, eventClass]) => [event, eventClass, true]),
      );
      expect(server.keyspace.dirty - dirty).toBe(changes);
    };
    const added: [string, number][] = [["pfadd", EVENT_STRING]];
    expectEvents(added, 1, "PFADD", "k");
    expectEvents([], 0, "PFADD", "k");
    expectEvents(added, 2, "PFADD", "k", "a", "b", "a");
    expectEvents([], 0, "PFADD", "k", "a", "b");
    expectEvents([["modified", 0]], 1, "PFCOUNT", "k");
    expectEvents([], 0, "PFCOUNT", "k");
    expectEvents([], 0, "PFCOUNT", "k", "k");
    expectEvents(added, 1, "PFMERGE", "k", "missing");
    expectEvents([], 0, "PFDEBUG", "ENCODING", "k");
    expectEvents([], 1, "PFDEBUG", "TODENSE", "k");
    expectEvents([], 0, "PFDEBUG", "TODENSE", "k");
    expectEvents(added, 1, "PFADD", "k", "c");
    expectEvents(added, 3, "PFADD", "new", "a", "b");
  });

  test("hits and misses: of PFCOUNT, and of all keys of PFMERGE", () => {
    const server = new InProcess();
    const { stats } = server.keyspace;
    const expectLookups = (hits: number, misses: number, command: string): void => {
      const before = { ...stats };
      server.run(command);
      expect([command, stats.hits - before.hits, stats.misses - before.misses]).toEqual([command, hits, misses]);
    };
    expectLookups(0, 0, "PFADD k a");
    expectLookups(0, 0, "PFADD k b");
    expectLookups(1, 0, "PFCOUNT k");
    expectLookups(0, 1, "PFCOUNT missing");
    expectLookups(2, 1, "PFCOUNT k missing k");
    expectLookups(1, 1, "PFMERGE d k");
    expectLookups(2, 0, "PFMERGE d k");
    expectLookups(0, 0, "PFDEBUG ENCODING k");
  });

  test("an expiry stays, whatever the value becomes", () => {
    const server = new InProcess();
    server.call("PFADD", "k", "a");
    server.call("PEXPIREAT", "k", "4102444800123");
    for (let i = 0; i < 3000; i += 100) {
      server.call("PFADD", "k", ...Array.from({ length: 100 }, (_, j) => i + j));
      expect(server.expireAt("k")).toBe(4102444800123);
    }
    server.call("PFMERGE", "k", "missing");
    expect(server.expireAt("k")).toBe(4102444800123);
  });

  test("keys of another type, and a sparse one that is longer than one can be", () => {
    const server = new InProcess();
    server.run("SET list x", "PFADD k a");
    const ref = server.entry("list");
    // The type stands in the lowest three bits of an entry's first word.
    server.keyspace.heap.u32[ref >>> 21][(ref & 0x1fffff) << 1] |= TYPE_LIST;
    for (const command of ["PFADD list a", "PFCOUNT list", "PFCOUNT k list", "PFMERGE k list", "PFMERGE list k"]) {
      expect([command, server.run(command)]).toEqual([command, error(errors.WRONG_TYPE)]);
    }
    expect(server.run("PFDEBUG GETREG list")).toEqual(error(errors.WRONG_TYPE));
    const long = `HYLL\x01${"\x00".repeat(11)}${"\x3f".repeat(100_000)}`;
    server.call("SET", "long", long);
    expect(server.run("PFADD long a")).toEqual(error(errors.HLL_CORRUPTED));
    expect(server.run("PFCOUNT long k")).toEqual(error(errors.HLL_CORRUPTED));
    expect(server.run("PFDEBUG TODENSE long")).toEqual(error(errors.HLL_CORRUPTED));
    expect(text(server.run("GET long")) === long).toBe(true);
    expect(server.run("PFCOUNT k")).toEqual(integer(1));
  });

  test("the self-test", () => {
    expect(new InProcess().call("PFSELFTEST")).toEqual(OK);
  });
});
