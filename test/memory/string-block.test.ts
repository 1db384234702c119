/** String blocks: every form of the length, and the keys of a dict of them. */

import { describe, expect, test } from "bun:test";
import { Heap } from "../../src/memory/heap";
import { StringBlocks } from "../../src/memory/string-block";

const LENGTHS = [0, 1, 7, 8, 15, 252, 253, 254, 255, 256, 65_534, 65_535, 65_536, 70_000, 17_000_000];

const sample = (length: number): Buffer => Buffer.alloc(length, "0123456789abcdefghijklmnopqrstuvwxyz!");

describe("string blocks", () => {
  test.each(LENGTHS)("%i bytes", (length) => {
    const heap = new Heap();
    const blocks = new StringBlocks(heap);
    const text = sample(length);
    const framed = Buffer.concat([Buffer.from("<"), text, Buffer.from(">")]);
    const ref = blocks.create(framed, 1, 1 + length);
    blocks.locate(ref);
    expect(blocks.length).toBe(length);
    expect(blocks.bytes.subarray(blocks.at, blocks.at + blocks.length).equals(text)).toBe(true);
    expect(blocks.hasKey(ref, framed, 1, 1 + length)).toBe(true);
    expect(blocks.hasKey(ref, framed, 1, 2 + length)).toBe(false);
    if (length > 0) {
      expect(blocks.hasKey(ref, framed, 1, length)).toBe(false);
      expect(blocks.hasKey(ref, framed, 0, length)).toBe(false);
      framed[length] ^= 1;
      expect(blocks.hasKey(ref, framed, 1, 1 + length)).toBe(false);
    }
  });

  test("take a byte more than the string, up to 253 bytes", () => {
    const heap = new Heap();
    const blocks = new StringBlocks(heap);
    const taken = (length: number): number => heap.sizeOf(blocks.create(sample(length), 0, length));
    expect([0, 7, 8, 15, 16, 23, 127].map(taken)).toEqual([8, 8, 16, 16, 24, 24, 128]);
  });
});
