/** When the memory of a received chunk is freed. */

import { describe, expect, test } from "bun:test";
import { freeChunk } from "../../src/net/received-chunk";

describe("freeChunk", () => {
  test.each([4096, 65_536, 512 * 1024])("%i bytes with a buffer of their own are freed", (length) => {
    const chunk = Buffer.from(new ArrayBuffer(length));
    freeChunk(chunk);
    expect([chunk.length, chunk.buffer.byteLength]).toEqual([0, 0]);
  });

  test("a small chunk stays", () => {
    const chunk = Buffer.from(new ArrayBuffer(4095));
    freeChunk(chunk);
    expect(chunk.length).toBe(4095);
  });

  test("a part of a larger buffer stays: others may look at the rest", () => {
    const whole = new ArrayBuffer(20_000);
    freeChunk(Buffer.from(whole, 0, 10_000));
    freeChunk(Buffer.from(whole, 10_000));
    expect(whole.byteLength).toBe(20_000);
  });
});
