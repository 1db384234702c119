/** When the memory of a received chunk is freed. */

import { describe, expect, test } from "bun:test";
import { isFreed } from "../../src/net/received-chunk";
import { freeMemory } from "../../src/util/free-memory";

describe("a chunk", () => {
  test.each([4096, 65_536, 512 * 1024])("%i bytes with a buffer of their own are freed", (length) => {
    const chunk = Buffer.from(new ArrayBuffer(length));
    expect(isFreed(chunk)).toBe(true);
    freeMemory(chunk);
    expect([chunk.length, chunk.buffer.byteLength]).toEqual([0, 0]);
  });

  test("a small chunk stays", () => {
    const chunk = Buffer.from(new ArrayBuffer(4095));
    expect(isFreed(chunk)).toBe(false);
  });

  test("a part of a larger buffer stays: others may look at the rest", () => {
    const whole = new ArrayBuffer(20_000);
    expect(isFreed(Buffer.from(whole, 0, 10_000))).toBe(false);
    expect(isFreed(Buffer.from(whole, 10_000))).toBe(false);
  });
});
