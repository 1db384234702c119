/** LZF: what comes back, what real Redis wrote, and damaged texts. */

import { describe, expect, test } from "bun:test";
import { lzfCompress, lzfDecompress } from "../../../src/persist/rdb/lzf";
import { Random } from "../../support/random";

function compress(text: Uint8Array, limit = text.length * 2 + 8): Buffer | null {
  const out = Buffer.alloc(limit + 2, 0xee);
  const length = lzfCompress(text, 0, text.length, out, 1, limit);
  expect(out[0]).toBe(0xee);
  expect(out[limit + 1]).toBe(0xee);
  return length === 0 ? null : Buffer.from(out.subarray(1, 1 + length));
}

function decompress(packed: Uint8Array, length: number): Buffer | null {
  const out = Buffer.alloc(length + 2, 0xee);
  const right = lzfDecompress(packed, 0, packed.length, out, 1, length);
  expect(out[0]).toBe(0xee);
  expect(out[length + 1]).toBe(0xee);
  return right ? Buffer.from(out.subarray(1, 1 + length)) : null;
}

function texts(random: Random): Buffer[] {
  const made = [
    Buffer.from("a"),
    Buffer.from("abc"),
    Buffer.alloc(1000, "a"),
    Buffer.alloc(70_000, "0123456789abcdef"),
  ];
  for (const length of [2, 3, 31, 32, 33, 64, 263, 264, 265, 266, 500, 9000, 20_000]) {
    made.push(Buffer.from(random.bytes(length)), Buffer.alloc(length, 7));
    // Few different bytes: many short matches.
    made.push(Buffer.from(random.bytes(length).map((byte) => byte & 3)));
  }
  // A repetition at the largest distance there is, and one beyond it.
  for (const distance of [8191, 8192, 8193]) {
    const noise = Buffer.from(random.bytes(distance));
    made.push(Buffer.concat([noise, noise.subarray(0, 100)]));
  }
  return made;
}

describe("LZF", () => {
  test("gives back what was compressed", () => {
    for (const text of texts(new Random(1))) {
      const packed = compress(text) as Buffer;
      expect(decompress(packed, text.length)?.equals(text)).toBe(true);
    }
  });

  test("makes repetitions short", () => {
    expect((compress(Buffer.alloc(1000, "a")) as Buffer).length).toBeLessThan(20);
    const log = Buffer.from("GET /index.html HTTP/1.1 200 OK\n".repeat(100));
    expect((compress(log) as Buffer).length).toBeLessThan(100);
  });

  test("gives up where the limit is too small, and writes nothing behind it", () => {
    for (const text of texts(new Random(2)).filter((text) => text.length < 600)) {
      const needed = (compress(text) as Buffer).length;
      // It wants up to four bytes more than it takes.
      expect(compress(text, needed + 4)).not.toBeNull();
      for (let limit = 0; limit < needed; limit++) expect(compress(text, limit)).toBeNull();
    }
  });

  test("forgets what it has seen in other texts, however many there were", () => {
    const text = Buffer.from("0123456789".repeat(5));
    const packed = compress(text) as Buffer;
    // So many bytes that places are counted from the beginning again.
    const long = Buffer.alloc(2 ** 26);
    const out = Buffer.alloc(2 ** 21);
    for (let i = 0; i < 33; i++) {
      lzfCompress(long, 0, long.length, out, 0, out.length);
      expect(compress(text)?.equals(packed)).toBe(true);
    }
  });

  test("reads a text that real Redis compressed", () => {
    // DUMP of 32 times "a": two as they are, a copy of 28 bytes from one back, two more.
    expect(decompress(Buffer.from("016161e01300016161", "hex"), 32)?.toString()).toBe("a".repeat(32));
  });

  test("refuses damaged texts without reading or writing outside", () => {
    const text = Buffer.from("abcabcabcabcabcabc-1234512345123451234512345-".repeat(3));
    const packed = compress(text) as Buffer;
    for (let length = 0; length < packed.length; length++) {
      expect(decompress(packed.subarray(0, length), text.length)).toBeNull();
    }
    expect(decompress(packed, text.length - 1)).toBeNull();
    expect(decompress(packed, text.length + 1)).toBeNull();
    for (let at = 0; at < packed.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = Buffer.from(packed);
        damaged[at] ^= 1 << bit;
        decompress(damaged, text.length);
      }
    }
    // A copy from before the beginning.
    expect(decompress(Buffer.from([0x20, 0x00]), 3)).toBeNull();
  });
});
