/** Memory from the system: what it holds, and that it goes back. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mapMemory, movePages } from "../../src/memory/mapped-memory";

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

describe.if(process.platform === "linux")("pages that move", () => {
  test("are in one place alone afterwards, and the physical memory with them", () => {
    const from = new Uint8Array(mapMemory(BYTES)).fill(7);
    const to = new Uint8Array(mapMemory(BYTES + 16384));
    expect(movePages(from, to, BYTES)).toBe(true);
    expect(to.findIndex((byte) => byte !== 7)).toBe(BYTES);
    expect(from.every((byte) => byte === 0)).toBe(true);
    from.fill(1);
    expect(to[0]).toBe(7);
  });

  test("stay where they are if the system refuses, and where they should have gone can be used", () => {
    const from = new Uint8Array(mapMemory(BYTES)).fill(7);
    const to = new Uint8Array(mapMemory(BYTES));
    // The system moves whole pages only, and this is not the beginning of one.
    expect(movePages(from.subarray(1), to, 16384)).toBe(false);
    expect(from.every((byte) => byte === 7)).toBe(true);
    expect(to.every((byte) => byte === 0)).toBe(true);
    to.fill(1);
  });
});
