/**
 * String blocks: a byte string in a heap block of its own, as the members of a large set are kept.
 *
 *     length, bytes
 *
 * The length is one byte up to 253; 254 is followed by 16 bits and 255 by 32 bits, little endian: a string of up to 7
 * bytes takes a block of 8, and one of up to 15 a block of 16.
 */

import { copyBytes, equalBytes } from "../util/bytes";
import type { ElementLayout } from "./dict";
import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";

/** Lengths below this take one byte. */
export const LENGTH_16 = 254;
const LENGTH_32 = 255;

/** Makes string blocks, finds their bytes, and is the layout of a dict of them. */
export class StringBlocks implements ElementLayout {
  /** What locate() found: the string is bytes[at, at + length). */
  bytes: Buffer;
  at = 0;
  length = 0;

  constructor(private readonly heap: Heap) {
    this.bytes = heap.u8[0];
  }

  /** Ref of a new block with the bytes `buf[start, end)`. */
  create(buf: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const prefix = prefixBytes(length);
    const ref = this.heap.allocate(prefix + length);
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = (ref & SEGMENT_MASK) << 3;
    if (prefix === 1) bytes[at] = length;
    else writeLongPrefix(bytes, at, length);
    copyBytes(buf, start, bytes, at + prefix, length);
    return ref;
  }

  /** Finds the bytes of the string at `ref`. */
  locate(ref: number): void {
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = (ref & SEGMENT_MASK) << 3;
    const first = bytes[at];
    this.bytes = bytes;
    this.length = first < LENGTH_16 ? first : longPrefix(bytes, at);
    this.at = at + prefixBytes(this.length);
  }

  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean {
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = (ref & SEGMENT_MASK) << 3;
    const length = end - start;
    if (length < LENGTH_16) return bytes[at] === length && equalBytes(bytes, at + 1, buf, start, length);
    this.locate(ref);
    return this.length === length && equalBytes(bytes, this.at, buf, start, length);
  }
}

/** Bytes of the length before the string. */
export function prefixBytes(length: number): number {
  if (length < LENGTH_16) return 1;
  return length <= 0xffff ? 3 : 5;
}

/** The length that stands at a position, if it takes more than one byte. */
export function longPrefix(bytes: Uint8Array, at: number): number {
  const low = bytes[at + 1] | (bytes[at + 2] << 8);
  return bytes[at] === LENGTH_16 ? low : (low | (bytes[at + 3] << 16) | (bytes[at + 4] << 24)) >>> 0;
}

/** Writes a length that takes more than one byte. */
export function writeLongPrefix(bytes: Uint8Array, at: number, length: number): void {
  const wide = length > 0xffff;
  bytes[at] = wide ? LENGTH_32 : LENGTH_16;
  bytes[at + 1] = length;
  bytes[at + 2] = length >>> 8;
  if (!wide) return;
  bytes[at + 3] = length >>> 16;
  bytes[at + 4] = length >>> 24;
}
