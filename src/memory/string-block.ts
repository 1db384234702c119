/**
 * String blocks: a byte string in a heap block of its own, as the members of a large set are kept.
 *
 *     length, bytes
 *
 * A string of up to 7 bytes takes a block of 8, and one of up to 15 a block of 16.
 */

import { copyBytes } from "../util/bytes";
import type { ElementLayout } from "./dict";
import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";
import { isStringAt, lengthBytes, readLength, writeLength } from "./length-prefix";

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
    const ref = this.heap.allocate(lengthBytes(length) + length);
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    copyBytes(buf, start, bytes, writeLength(bytes, (ref & SEGMENT_MASK) << 3, length), length);
    return ref;
  }

  /** Finds the bytes of the string at `ref`. */
  locate(ref: number): void {
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = (ref & SEGMENT_MASK) << 3;
    this.bytes = bytes;
    this.length = readLength(bytes, at);
    this.at = at + lengthBytes(this.length);
  }

  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean {
    return isStringAt(this.heap.u8[ref >>> SEGMENT_SHIFT], (ref & SEGMENT_MASK) << 3, buf, start, end);
  }
}
