/** Giving memory back: which pages of a range, and that it works on this machine. */

import { expect, test } from "bun:test";
import { pagesInside, releasePages } from "../../src/memory/page-release";

const KB = 1024;

test("only the pages that lie inside the range as a whole, however large the system's are", () => {
  // 4 KiB and 16 KiB pages: all of a heap page.
  expect(pagesInside(1024 * KB, 16 * KB, 4 * KB)).toEqual({ start: 1024 * KB, bytes: 16 * KB });
  expect(pagesInside(1040 * KB, 32 * KB, 16 * KB)).toEqual({ start: 1040 * KB, bytes: 32 * KB });
  // 64 KiB pages: what shares one with the range is not touched.
  expect(pagesInside(1024 * KB, 16 * KB, 64 * KB).bytes).toBe(0);
  expect(pagesInside(1040 * KB, 48 * KB, 64 * KB).bytes).toBe(0);
  expect(pagesInside(1040 * KB, 128 * KB, 64 * KB)).toEqual({ start: 1088 * KB, bytes: 64 * KB });
  expect(pagesInside(1024 * KB, 128 * KB, 64 * KB)).toEqual({ start: 1024 * KB, bytes: 128 * KB });
});

test.skipIf(process.platform !== "linux")("the range reads as zeros, and what is beside it stays", () => {
  const segment = new Uint8Array(16 * KB * KB).fill(7);
  releasePages(segment, 64 * KB, 128 * KB);
  const zeros = segment.reduce((count, byte) => (byte === 0 ? count + 1 : count), 0);
  expect(zeros).toBeGreaterThanOrEqual(64 * KB);
  expect(segment.subarray(0, 64 * KB).every((byte) => byte === 7)).toBe(true);
  expect(segment.subarray(192 * KB).every((byte) => byte === 7)).toBe(true);
});
