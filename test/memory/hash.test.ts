/** The dict's hash: HalfSipHash-1-3, its top bit left out. */

import { describe, expect, test } from "bun:test";
import { KeyHasher } from "../../src/memory/hash";
import { Random } from "../support/random";

const bits = (n: number): number => n.toString(2).replaceAll("0", "").length;

describe("KeyHasher", () => {
  test("agrees with the vectors that the Linux kernel tests its HalfSipHash-1-3 with", () => {
    // Key 00 01 … 07; vector n is the hash of the bytes 00 01 … n - 1.
    const vectors = [
      0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6, 0x577999b1,
      0xc839caed, 0xe4fa32cf, 0x959246ee, 0x6b28096c, 0x66dd9cd6, 0x16658a7c, 0xd0257b04, 0x8b31d501, 0x2b1cd04b,
      0x06712339, 0x522aca67,
    ];
    const hasher = new KeyHasher(0x03020100, 0x07060504);
    const input = Uint8Array.from({ length: vectors.length }, (_, i) => i);
    vectors.forEach((vector, n) => {
      expect(hasher.hash(input, 0, n)).toBe(vector & 0x7fffffff);
    });
  });

  test("depends on the bytes of the range alone, not on where they stand", () => {
    const hasher = new KeyHasher(5, 6);
    const random = new Random(1);
    for (let length = 0; length < 70; length++) {
      const key = random.bytes(length);
      const expected = hasher.hash(key, 0, length);
      for (const offset of [1, 2, 3, 4, 13]) {
        const buffer = random.bytes(offset + length + 9);
        buffer.set(key, offset);
        expect(hasher.hash(buffer, offset, offset + length)).toBe(expected);
      }
    }
  });

  test("tells lengths apart, also of zeros", () => {
    const hasher = new KeyHasher(5, 6);
    const zeros = new Uint8Array(200);
    const hashes = new Set(Array.from({ length: 200 }, (_, length) => hasher.hash(zeros, 0, length)));
    expect(hashes.size).toBe(200);
  });

  test("depends on both halves of the seed", () => {
    const key = Buffer.from("some key");
    const hashes = new Set<number>();
    for (let i = 0; i < 32; i++) {
      hashes.add(new KeyHasher(1 << i, 0).hash(key, 0, key.length));
      hashes.add(new KeyHasher(0, 1 << i).hash(key, 0, key.length));
    }
    expect(hashes.size).toBe(64);
  });

  test("one changed bit changes about half of the bits", () => {
    const hasher = new KeyHasher(0x1234, 0x5678);
    const random = new Random(2);
    let changed = 0;
    let pairs = 0;
    for (let i = 0; i < 300; i++) {
      const key = random.bytes(random.integer(1, 40));
      const before = hasher.hash(key, 0, key.length);
      const bit = random.integer(0, key.length * 8 - 1);
      key[bit >>> 3] ^= 1 << (bit & 7);
      changed += bits(before ^ hasher.hash(key, 0, key.length));
      pairs++;
    }
    expect(changed / pairs).toBeGreaterThan(14.5);
    expect(changed / pairs).toBeLessThan(16.5);
  });

  test("spreads similar keys evenly over the top bits, which choose the segment", () => {
    const hasher = new KeyHasher(0xaaaa, 0xbbbb);
    const counts = new Uint32Array(64);
    for (let i = 0; i < 64_000; i++) {
      const key = Buffer.from(`user:${i}`);
      const hash = hasher.hash(key, 0, key.length);
      expect(hash).toBeGreaterThanOrEqual(0);
      counts[hash >>> 25]++;
    }
    // 1,000 expected in each, with a standard deviation of 31.
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });
});
