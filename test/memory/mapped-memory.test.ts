/** Memory from the system: what it holds, and that it goes back. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mapMemory } from "../../src/memory/mapped-memory";

const BYTES = 64 * 1024 * 1024;

test("it is zeros, for all views alike", () => {
  const buffer = mapMemory(BYTES);
  const words = new Uint32Array(buffer);
  expect(words.length).toBe(BYTES / 4);
  expect(words.every((word) => word === 0)).toBe(true);
  words[words.length - 1] = 0x01020304;
  expect([...Buffer.from(buffer).subarray(-4)]).toEqual([4, 3, 2, 1]);
});

test("more than there is gives an error", () => {
  expect(() => mapMemory(2 ** 46)).toThrow();
});

/** Addresses of this process, bytes. */
function addressBytes(): number {
  return Number(/^VmSize:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) * 1024;
}

test.if(process.platform === "linux")("it goes back when nobody refers to it", () => {
  const before = addressBytes();
  for (let i = 0; i < 100; i++) new Uint32Array(mapMemory(BYTES))[i] = 1;
  for (let tries = 0; tries < 100 && addressBytes() > before + 50 * BYTES; tries++) Bun.gc(true);
  expect(addressBytes()).toBeLessThan(before + 50 * BYTES);
});
