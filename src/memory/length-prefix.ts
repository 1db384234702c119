/**
 * Byte strings behind their length, as keys, members, fields and values stand in heap blocks:
 *
 *     length, bytes
 *
 * The length is one byte up to 253; 254 is followed by 16 bits and 255 by 32 bits, little endian.
 */

import { equalBytes } from "../util/bytes";

const LENGTH_16 = 254;
const LENGTH_32 = 255;

/** The length that stands at a position. */
export function readLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < LENGTH_16) return first;
  if (first === LENGTH_16) return bytes[at + 1] | (bytes[at + 2] << 8);
  return (bytes[at + 1] | (bytes[at + 2] << 8) | (bytes[at + 3] << 16) | (bytes[at + 4] << 24)) >>> 0;
}

/** Bytes that a length itself takes. */
export function lengthBytes(length: number): number {
  if (length < LENGTH_16) return 1;
  return length <= 0xffff ? 3 : 5;
}

/** Writes a length and returns the position behind it. */
export function writeLength(bytes: Uint8Array, at: number, length: number): number {
  if (length < LENGTH_16) {
    bytes[at] = length;
    return at + 1;
  }
  const wide = length > 0xffff;
  bytes[at] = wide ? LENGTH_32 : LENGTH_16;
  bytes[at + 1] = length;
  bytes[at + 2] = length >>> 8;
  if (!wide) return at + 3;
  bytes[at + 3] = length >>> 16;
  bytes[at + 4] = length >>> 24;
  return at + 5;
}

/** Whether the string whose length stands at `at` is `buf[start, end)`. */
export function isStringAt(bytes: Uint8Array, at: number, buf: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < LENGTH_16) return bytes[at] === length && equalBytes(bytes, at + 1, buf, start, length);
  return readLength(bytes, at) === length && equalBytes(bytes, at + lengthBytes(length), buf, start, length);
}
