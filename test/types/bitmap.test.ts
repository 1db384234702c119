/** Bits, ranges and fields against models that go bit by bit, at every alignment, and what BITOP leaves in memory. */

import { describe, expect, test } from "bun:test";
import { TYPE_LIST } from "../../src/db/entry";
import { EVENT_GENERIC, EVENT_STRING } from "../../src/db/keyspace";
import * as errors from "../../src/resp/errors";
import {
  type Field,
  fitField,
  OVERFLOW_FAIL,
  OVERFLOW_SAT,
  readField,
  writeField,
} from "../../src/types/bitmap/bitfield";
import { type BitString, bitAt, countBits, findBit } from "../../src/types/bitmap/bitmap";
import { int64, int64FromBigInt, int64ToBigInt } from "../../src/util/integers";
import { InProcess } from "../support/in-process";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { array, error, integer, NULL_BULK, OK, text } from "../support/reply";

const MIB = 1024 * 1024;

const random = new Random(seedFromEnvironment(20240302));

/** A string of `length` bytes at offset `at` of a word array, with other bytes around it. */
function bitString(at: number, length: number, byte: (i: number) => number): BitString {
  const words = new Uint32Array(Math.ceil((at + length) / 4) + 8).fill(0xa5a5a5a5);
  const bytes = new Uint8Array(words.buffer);
  for (let i = 0; i < length; i++) bytes[at + i] = byte(i);
  return { bytes, words, at, length };
}

/** The bits of a string as text of 0 and 1. */
function bitsOf(value: Uint8Array): string {
  return Array.from(value, (byte) => byte.toString(2).padStart(8, "0")).join("");
}

function contentOf({ bytes, at, length }: BitString): Uint8Array {
  return bytes.subarray(at, at + length);
}

describe("countBits and findBit", () => {
  // Lengths around what words and rounds of sixteen words take.
  for (const length of [1, 2, 3, 15, 16, 17, 63, 64, 65, 66, 67, 131, 200, 700]) {
    test(`${length} bytes at every alignment`, () => {
      for (let at = 0; at < 8; at++) {
        const bits = bitString(at, length, () => random.uint32() & 0xff);
        const all = bitsOf(contentOf(bits));
        for (let i = 0; i < 60; i++) {
          const first = random.integer(0, all.length - 1);
          const last = random.integer(first, all.length - 1);
          const ones = all.slice(first, last + 1).replaceAll("0", "").length;
          expect(countBits(bits, first, last)).toBe(ones);
          expect(countBits({ ...bits, words: null }, first, last)).toBe(ones);
        }
        expect(countBits(bits, 0, all.length - 1)).toBe(all.replaceAll("0", "").length);
      }
    });

    test(`one bit alone in ${length} bytes`, () => {
      for (const [bit, around] of [
        [1, 0],
        [0, 0xff],
      ]) {
        const bits = bitString(random.integer(0, 7), length, () => around);
        const total = length * 8;
        expect(findBit(bits, bit, 0, total - 1)).toBe(-1);
        expect(findBit(bits, 1 - bit, 0, total - 1)).toBe(0);
        for (let i = 0; i < 100; i++) {
          const place = random.integer(0, total - 1);
          bits.bytes[bits.at + (place >> 3)] ^= 0x80 >> (place & 7);
          const first = random.integer(0, total - 1);
          const last = random.integer(first, total - 1);
          expect(findBit(bits, bit, first, last)).toBe(place >= first && place <= last ? place : -1);
          expect(findBit({ ...bits, words: null }, bit, 0, total - 1)).toBe(place);
          expect(bitAt(bits, place)).toBe(bit);
          bits.bytes[bits.at + (place >> 3)] = around;
        }
        expect(bitAt(bits, total)).toBe(0);
      }
    });
  }

  test("all ones", () => {
    const bits = bitString(3, 5000, () => 0xff);
    expect(countBits(bits, 0, 39_999)).toBe(40_000);
    expect(countBits(bits, 1, 39_998)).toBe(39_998);
    expect(countBits(bits, 5, 5)).toBe(1);
  });
});

describe("fields", () => {
  const limits = ({ bits, signed }: Field): [bigint, bigint] =>
    signed ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n] : [0n, (1n << BigInt(bits)) - 1n];

  const value = (): bigint => int64ToBigInt(int64.hi, int64.lo);

  test("every width at every bit: what is written is read, and nothing around it changes", () => {
    for (let bits = 1; bits <= 64; bits++) {
      for (let offset = 0; offset < 24; offset++) {
        const bytes = random.bytes(12);
        const before = bitsOf(bytes);
        const field: Field = { bits, signed: false, offset };
        const written = BigInt.asUintN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()));
        const kept = BigInt.asUintN(bits, written);
        int64FromBigInt(written);
        writeField(field, bytes, 0);
        const expected = before.slice(0, offset) + kept.toString(2).padStart(bits, "0") + before.slice(offset + bits);
        expect(bitsOf(bytes)).toBe(expected);
        readField({ ...field, signed: true }, bytes, 0, bytes.length);
        expect(value()).toBe(BigInt.asIntN(bits, written));
        if (bits === 64) continue;
        readField(field, bytes, 0, bytes.length);
        expect(value()).toBe(kept);
      }
    }
  });

  test("zeros follow the string, whatever stands behind it", () => {
    const bytes = new Uint8Array(24).fill(0xff);
    for (let end = 0; end <= 10; end++) {
      readField({ bits: 63, signed: false, offset: 5 }, bytes, 0, end);
      const ones = Math.max(0, Math.min(63, end * 8 - 5));
      expect(value()).toBe(((1n << BigInt(ones)) - 1n) << BigInt(63 - ones));
    }
  });

  test("values that fit stay, others wrap or become the limit", () => {
    for (let bits = 1; bits <= 64; bits++) {
      for (const signed of bits === 64 ? [true] : [true, false]) {
        const field: Field = { bits, signed, offset: 0 };
        const [min, max] = limits(field);
        for (const tried of [min, max, 0n, min - 1n, max + 1n, min + 1n, max - 1n, BigInt(random.uint32())]) {
          if (BigInt.asIntN(64, tried) !== tried) continue;
          const fits = tried >= min && tried <= max;
          for (const [overflow, expected] of [
            [OVERFLOW_SAT, fits ? tried : tried > max ? max : min],
            [OVERFLOW_FAIL, signed ? BigInt.asIntN(bits, tried) : BigInt.asUintN(bits, tried)],
          ] as const) {
            int64FromBigInt(tried);
            expect(fitField(field, overflow, 0)).toBe(!fits);
            expect(value()).toBe(expected);
          }
        }
      }
    }
  });
});

describe("commands", () => {
  test("a string in a segment of its own", () => {
    const server = new InProcess();
    const offset = 17 * MIB * 8 + 5;
    expect(server.call("SETBIT", "k", offset, 1)).toEqual(integer(0));
    expect(server.call("STRLEN", "k")).toEqual(integer(17 * MIB + 1));
    expect(server.call("BITCOUNT", "k")).toEqual(integer(1));
    expect(server.call("BITPOS", "k", 1)).toEqual(integer(offset));
    expect(server.call("BITOP", "NOT", "n", "k")).toEqual(integer(17 * MIB + 1));
    expect(server.call("BITCOUNT", "n")).toEqual(integer((17 * MIB + 1) * 8 - 1));
    expect(server.call("BITPOS", "n", 0)).toEqual(integer(offset));
    expect(server.call("BITOP", "AND", "k", "k", "n")).toEqual(integer(17 * MIB + 1));
    expect(server.call("BITPOS", "k", 1)).toEqual(integer(-1));
    expect(server.call("BITFIELD", "k", "SET", "i64", offset, -2, "GET", "u63", offset + 1)).toEqual(
      array(integer(0), integer(2n ** 63n - 2n)),
    );
    expect(server.call("STRLEN", "k")).toEqual(integer(17 * MIB + 9));
  });

  test("what is added when a string grows is zero, whatever stood there before", () => {
    const server = new InProcess();
    for (const length of [20, 300, 3000, 5000, 100_000]) {
      server.call("SET", "old", "\xff".repeat(length));
      server.call("DEL", "old");
      server.call("SETBIT", "new", (length - 1) * 8, 0);
      expect(server.call("BITCOUNT", "new")).toEqual(integer(0));
      server.call("SET", "grown", "\xff".repeat(length / 2));
      server.call("SETBIT", "grown", length * 8 - 1, 0);
      expect(server.call("BITCOUNT", "grown")).toEqual(integer(length * 4));
      server.call("FLUSHALL");
    }
  });

  test("BITOP frees what it replaces, and what it makes is freed", () => {
    const server = new InProcess();
    const { heap } = server.keyspace;
    const before = heap.usedBytes;
    server.call("SET", "large", "x".repeat(100_000));
    server.call("SET", "small", "x".repeat(100));
    for (let i = 0; i < 10; i++) {
      server.call("BITOP", "OR", "d", "large", "small");
      server.call("BITOP", "XOR", "large", "large", "d");
      server.call("BITOP", "AND", "d", "small", "small");
      server.call("BITOP", "NOT", "small", "small");
    }
    server.call("DEL", "large", "small");
    expect(server.call("BITOP", "OR", "d", "missing")).toEqual(integer(0));
    expect(server.call("DBSIZE")).toEqual(integer(0));
    expect(heap.usedBytes).toBe(before);
  });

  test("events: only of what changed", () => {
    const server = new InProcess();
    const events = server.recordEvents();
    const set = { event: "setbit", key: "k", eventClass: EVENT_STRING, change: true };
    const expectEvents = (expected: unknown[], changes: number, ...command: (string | number)[]): void => {
      events.length = 0;
      const { dirty } = server.keyspace;
      server.call(...command);
      expect([...events] as unknown[]).toEqual(expected);
      expect(server.keyspace.dirty - dirty).toBe(changes);
    };
    expectEvents([set], 1, "SETBIT", "k", 3, 0);
    expectEvents([], 0, "SETBIT", "k", 3, 0);
    expectEvents([set], 1, "SETBIT", "k", 3, 1);
    expectEvents([set], 1, "SETBIT", "k", 100, 0);
    expectEvents([], 0, "BITFIELD", "k", "GET", "u8", 0);
    expectEvents([], 0, "BITFIELD", "k", "SET", "u8", 0, 16, "INCRBY", "u8", 0, 0);
    expectEvents([set], 2, "BITFIELD", "k", "SET", "u8", 0, 17, "GET", "u8", 0, "SET", "u8", 0, 18);
    expectEvents([], 0, "BITFIELD", "k", "OVERFLOW", "FAIL", "SET", "u8", 8, 256);
    expectEvents([set], 2, "BITFIELD", "k", "SET", "u8", 200, 0, "SET", "u8", 0, 18);
    expectEvents([{ ...set, event: "set", key: "d" }], 1, "BITOP", "NOT", "d", "k");
    expectEvents([{ ...set, event: "del", key: "d", eventClass: EVENT_GENERIC }], 1, "BITOP", "OR", "d", "missing");
    expectEvents([], 0, "BITOP", "OR", "d", "missing");
  });

  test("hits and misses: of reading commands, once for each key", () => {
    const server = new InProcess();
    const { stats } = server.keyspace;
    const expectLookups = (hits: number, misses: number, command: string): void => {
      const before = { ...stats };
      server.run(command);
      expect([command, stats.hits - before.hits, stats.misses - before.misses]).toEqual([command, hits, misses]);
    };
    expectLookups(0, 0, "SETBIT k 0 1");
    expectLookups(0, 0, "SETBIT k 0 1");
    expectLookups(1, 0, "GETBIT k 0");
    expectLookups(0, 1, "GETBIT missing 0");
    expectLookups(1, 0, "BITCOUNT k");
    expectLookups(0, 1, "BITPOS missing 1");
    expectLookups(2, 1, "BITOP OR d k missing k");
    expectLookups(1, 0, "BITFIELD k GET u8 0");
    expectLookups(0, 0, "BITFIELD k GET u8 0 SET u8 0 1");
    expectLookups(0, 1, "BITFIELD_RO missing GET u8 0");
    expectLookups(0, 0, "GETBIT k -1");
  });

  test("keys of another type", () => {
    const server = new InProcess();
    server.run("SET list x", "SET k v");
    const { u32 } = server.keyspace.heap;
    // The type stands in the lowest three bits of an entry's first word.
    const ref = server.entry("list");
    u32[ref >>> 21][(ref & 0x1fffff) << 1] |= TYPE_LIST;
    server.keyspace.registerReleaser(TYPE_LIST, { release: () => true, effort: () => 0 });
    for (const command of [
      "SETBIT list 0 1",
      "GETBIT list 0",
      "BITCOUNT list",
      "BITCOUNT list 0",
      "BITPOS list 1",
      "BITPOS list 1 a",
      "BITOP AND d k list",
      "BITFIELD list",
      "BITFIELD list SET u8 0 1",
      "BITFIELD_RO list GET u8 0",
    ]) {
      expect([command, server.run(command)]).toEqual([command, error(errors.WRONG_TYPE)]);
    }
    expect(server.run("BITOP OR list k k")).toEqual(integer(1));
    expect(text(server.run("GET list"))).toBe("v");
  });

  test("proto-max-bulk-len limits offsets", () => {
    const server = new InProcess({ "proto-max-bulk-len": "1mb" });
    expect(server.call("SETBIT", "k", MIB * 8, 1)).toEqual(error(errors.BIT_OFFSET_OUT_OF_RANGE));
    expect(server.call("SETBIT", "k", MIB * 8 - 1, 1)).toEqual(integer(0));
    expect(server.call("BITFIELD", "k", "GET", "u8", `#${MIB}`)).toEqual(error(errors.BIT_OFFSET_OUT_OF_RANGE));
    expect(server.call("BITFIELD", "k", "OVERFLOW", "FAIL", "SET", "u8", MIB * 8 - 1, 256)).toEqual(array(NULL_BULK));
    expect(server.call("STRLEN", "k")).toEqual(integer(MIB + 1));
    expect(server.call("SET", "k", "v")).toEqual(OK);
  });
});
