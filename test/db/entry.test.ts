/** Entries: every length and encoding, and what changes keep. */

import { describe, expect, test } from "bun:test";
import {
  ENCODING_EMBSTR,
  ENCODING_INT,
  ENCODING_RAW,
  ENCODING_RAW_BLOCK,
  Entries,
  type EntryShape,
  NO_EXPIRY,
  TYPE_STRING,
  TYPE_ZSET,
} from "../../src/db/entry";
import { Heap } from "../../src/memory/heap";
import { Random } from "../support/random";

const KEY_LENGTHS = [0, 1, 2, 100, 252, 253, 254, 255, 256, 65_535, 65_536, 1 << 20];
const EXPIRIES = [NO_EXPIRY, 1, 0xffffffff, 0x100000000, 1_700_000_000_123, 2 ** 53 - 1];

function shapeOf(shape: Partial<EntryShape>): EntryShape {
  return { type: TYPE_STRING, encoding: ENCODING_EMBSTR, expireAt: NO_EXPIRY, lru: 0, inlineLength: 0, ...shape };
}

/** The key and the inline string of an entry, as text. */
function keyOf(entries: Entries, ref: number): string {
  entries.locateKey(ref);
  return entries.bytes.toString("latin1", entries.at, entries.at + entries.length);
}

function stringOf(entries: Entries, ref: number): string {
  entries.locateString(ref);
  return entries.bytes.toString("latin1", entries.at, entries.at + entries.length);
}

function createString(entries: Entries, key: Buffer, value: string, shape: Partial<EntryShape> = {}): number {
  const ref = entries.create(shapeOf({ ...shape, inlineLength: value.length }), key, 0, key.length);
  entries.bytes.write(value, entries.at, "latin1");
  return ref;
}

describe("layout", () => {
  test("keys and inline strings of every length, with and without expiry", () => {
    const entries = new Entries(new Heap());
    const random = new Random(1);
    for (const keyLength of KEY_LENGTHS) {
      const key = Buffer.from(random.bytes(keyLength));
      for (const valueLength of [0, 1, 44, 45, 253, 254, 3000]) {
        for (const expireAt of EXPIRIES) {
          const value = random.string(valueLength);
          const ref = createString(entries, key, value, { expireAt, lru: 0xabcdef });
          expect(keyOf(entries, ref)).toBe(key.toString("latin1"));
          expect(stringOf(entries, ref)).toBe(value);
          expect(entries.hasKey(ref, key, 0, keyLength)).toBe(true);
          expect(entries.expireAt(ref)).toBe(expireAt);
          expect(entries.hasExpiry(ref)).toBe(expireAt !== NO_EXPIRY);
          expect(entries.lru(ref)).toBe(0xabcdef);
          expect(entries.type(ref)).toBe(TYPE_STRING);
          expect(entries.encoding(ref)).toBe(ENCODING_EMBSTR);
          entries.heap.free(ref);
        }
      }
    }
    expect(entries.heap.usedBytes).toBe(0);
  });

  test("a key of 16 bytes with a value of 4 takes 32 bytes", () => {
    const entries = new Entries(new Heap());
    expect(entries.sizeFor(shapeOf({ inlineLength: 4 }), 16)).toBe(26);
    expect(entries.blockSize(createString(entries, Buffer.from("memtier-12345678"), "abcd"))).toBe(32);
  });

  test("hasKey tells other keys apart: other bytes, prefixes, longer ones", () => {
    const entries = new Entries(new Heap());
    for (const length of [1, 2, 50, 253, 254, 300, 70_000]) {
      const key = Buffer.alloc(length, 0x61);
      const ref = createString(entries, key, "value");
      for (const at of [0, length >>> 1, length - 1]) {
        const other = Buffer.from(key);
        other[at]++;
        expect(entries.hasKey(ref, other, 0, length)).toBe(false);
      }
      const longer = Buffer.alloc(length + 1, 0x61);
      expect(entries.hasKey(ref, longer, 0, length + 1)).toBe(false);
      expect(entries.hasKey(ref, longer, 0, length - 1)).toBe(false);
      expect(entries.hasKey(ref, longer, 1, length + 1)).toBe(true);
    }
  });

  test("value words, with and without expiry", () => {
    const entries = new Entries(new Heap());
    const key = Buffer.from("key");
    for (const expireAt of [NO_EXPIRY, 1_700_000_000_000]) {
      for (const encoding of [ENCODING_INT, ENCODING_RAW_BLOCK]) {
        const ref = entries.create(shapeOf({ encoding, expireAt }), key, 0, 3);
        entries.setValueWord(ref, 0, 0xdeadbeef);
        entries.setValueWord(ref, 1, 0x80000001);
        expect(entries.valueWord(ref, 0)).toBe(0xdeadbeef);
        expect(entries.valueWord(ref, 1)).toBe(0x80000001);
        expect(keyOf(entries, ref)).toBe("key");
        expect(entries.expireAt(ref)).toBe(expireAt);
        expect(entries.isInteger(ref)).toBe(encoding === ENCODING_INT);
        expect(entries.isInlineString(ref)).toBe(false);
      }
      const collection = entries.create(shapeOf({ type: TYPE_ZSET, encoding: 9, expireAt }), key, 0, 3);
      entries.setValueWord(collection, 0, 77);
      expect(entries.type(collection)).toBe(TYPE_ZSET);
      expect(entries.encoding(collection)).toBe(9);
      expect(entries.valueWord(collection, 0)).toBe(77);
      expect(keyOf(entries, collection)).toBe("key");
      expect(entries.isInteger(collection)).toBe(false);
    }
  });

  test("header fields change on their own", () => {
    const entries = new Entries(new Heap());
    const ref = createString(entries, Buffer.from("k"), "v", { expireAt: 5, lru: 1 });
    entries.setLru(ref, 0xffffff);
    entries.setEncoding(ref, ENCODING_RAW);
    entries.setExpireAt(ref, 1_700_000_000_456);
    expect(entries.lru(ref)).toBe(0xffffff);
    expect(entries.encoding(ref)).toBe(ENCODING_RAW);
    expect(entries.expireAt(ref)).toBe(1_700_000_000_456);
    entries.setLru(ref, 0);
    expect([entries.lru(ref), entries.encoding(ref), entries.type(ref)]).toEqual([0, ENCODING_RAW, TYPE_STRING]);
    expect([keyOf(entries, ref), stringOf(entries, ref)]).toEqual(["k", "v"]);
  });
});

describe("expiry beyond 2^53", () => {
  test("is exact in halves, and the latest time where a number is too large", () => {
    const entries = new Entries(new Heap());
    const ref = createString(entries, Buffer.from("k"), "v", { expireAt: 1 });
    entries.setExpiry64(ref, 0x7fffffff, 0xfffffffe);
    expect([entries.expiryHi(ref), entries.expiryLo(ref)]).toEqual([0x7fffffff, 0xfffffffe]);
    expect(entries.expireAt(ref)).toBe(2 ** 63);
    // Setting what it is already, rounded, keeps it.
    entries.setExpireAt(ref, entries.expireAt(ref));
    expect(entries.expiryLo(ref)).toBe(0xfffffffe);
    const copy = entries.relayout(ref, entries.expireAt(ref), Buffer.from("other"), 0, 5);
    expect([entries.expiryHi(copy), entries.expiryLo(copy)]).toEqual([0x7fffffff, 0xfffffffe]);

    const latest = createString(entries, Buffer.from("k"), "v", { expireAt: 2 ** 63 });
    expect([entries.expiryHi(latest), entries.expiryLo(latest)]).toEqual([0x7fffffff, 0xffffffff]);
  });
});

describe("relayout", () => {
  test("carries value, type, encoding and LRU bits over to another key and expiry", () => {
    const entries = new Entries(new Heap());
    const random = new Random(3);
    for (const [from, to] of [
      [NO_EXPIRY, 1_700_000_000_000],
      [1_700_000_000_000, NO_EXPIRY],
      [7, 1_800_000_000_000],
    ]) {
      for (const length of KEY_LENGTHS) {
        const key = Buffer.from(random.bytes(length));
        const value = random.string(200);
        const old = createString(entries, Buffer.from("old"), value, { expireAt: from, lru: 42 });
        const moved = entries.relayout(old, to, key, 0, length);
        entries.heap.free(old);
        expect(keyOf(entries, moved)).toBe(key.toString("latin1"));
        expect(stringOf(entries, moved)).toBe(value);
        expect([entries.expireAt(moved), entries.lru(moved)]).toEqual([to, 42]);
        entries.heap.free(moved);
      }
      const integer = entries.create(shapeOf({ encoding: ENCODING_INT, expireAt: from }), Buffer.from("i"), 0, 1);
      entries.setValueWord(integer, 0, 123);
      entries.setValueWord(integer, 1, 0xffffffff);
      const moved = entries.relayout(integer, to, Buffer.from("j"), 0, 1);
      expect([entries.valueWord(moved, 0), entries.valueWord(moved, 1)]).toEqual([123, 0xffffffff]);
      expect([keyOf(entries, moved), entries.encoding(moved)]).toEqual(["j", ENCODING_INT]);
    }
  });
});

describe("resizeInline", () => {
  test("keeps the shorter of old and new bytes, across every width of the length", () => {
    const entries = new Entries(new Heap());
    const random = new Random(4);
    for (const keyLength of [1, 253, 254, 300]) {
      const key = Buffer.alloc(keyLength, 0x6b);
      let ref = createString(entries, key, "");
      let value = "";
      for (const length of [10, 5, 6, 200, 253, 254, 255, 250, 900, 899, 700, 0]) {
        const next = random.string(length);
        if (entries.resizeInline(ref, length)) {
          expect(entries.length).toBe(length);
          const kept = Math.min(length, value.length);
          expect(stringOf(entries, ref).slice(0, kept)).toBe(value.slice(0, kept));
          entries.bytes.write(next, entries.at, "latin1");
        } else {
          ref = createString(entries, key, next);
        }
        value = next;
        expect(stringOf(entries, ref)).toBe(value);
        expect(keyOf(entries, ref)).toBe(key.toString("latin1"));
      }
    }
  });

  test("refuses what the block cannot hold, and what would waste more than half of it", () => {
    const entries = new Entries(new Heap());
    const ref = createString(entries, Buffer.from("key"), "x".repeat(100));
    expect(entries.blockSize(ref)).toBe(112);
    expect(entries.resizeInline(ref, 103)).toBe(true);
    expect(entries.resizeInline(ref, 104)).toBe(false);
    expect(entries.resizeInline(ref, 47)).toBe(true);
    expect(entries.resizeInline(ref, 46)).toBe(false);
    expect(stringOf(entries, ref).length).toBe(47);
  });
});
