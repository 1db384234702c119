/**
 * Scored blocks: a byte string with a score in a heap block of its own, as the members of a large sorted set are kept.
 *
 *     f64 score | length | bytes
 *
 * The length is kept as in a string block: a member of up to 7 bytes takes a block of 16, and one of up to 15 a block
 * of 24.
 */

import { compareBytes, copyBytes } from "../util/bytes";
import type { ElementLayout } from "./dict";
import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";
import { isStringAt, lengthBytes, readLength, writeLength } from "./length-prefix";
import type { MemberLayout } from "./order-nodes";

const SCORE_BYTES = 8;

/** Makes scored blocks and finds their bytes; the layout of the dict and of the order tree of a sorted set. */
export class ScoredBlocks implements ElementLayout, MemberLayout {
  /** What locate() found: the member is bytes[at, at + length). */
  bytes: Buffer;
  at = 0;
  length = 0;

  constructor(private readonly heap: Heap) {
    this.bytes = heap.u8[0];
  }

  /** Ref of a new block for the member `buf[start, end)`. */
  create(score: number, buf: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const ref = this.heap.allocate(SCORE_BYTES + lengthBytes(length) + length);
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = ((ref & SEGMENT_MASK) << 3) + SCORE_BYTES;
    this.setScore(ref, score);
    copyBytes(buf, start, bytes, writeLength(bytes, at, length), length);
    return ref;
  }

  score(ref: number): number {
    return this.heap.f64[ref >>> SEGMENT_SHIFT][ref & SEGMENT_MASK];
  }

  setScore(ref: number, score: number): void {
    this.heap.f64[ref >>> SEGMENT_SHIFT][ref & SEGMENT_MASK] = score;
  }

  /** Finds the bytes of the member at `ref`. */
  locate(ref: number): void {
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = ((ref & SEGMENT_MASK) << 3) + SCORE_BYTES;
    this.bytes = bytes;
    this.length = readLength(bytes, at);
    this.at = at + lengthBytes(this.length);
  }

  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean {
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = ((ref & SEGMENT_MASK) << 3) + SCORE_BYTES;
    return isStringAt(bytes, at, buf, start, end);
  }

  compare(ref: number, buf: Uint8Array, start: number, end: number): number {
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = ((ref & SEGMENT_MASK) << 3) + SCORE_BYTES;
    const length = readLength(bytes, at);
    return compareBytes(bytes, at + lengthBytes(length), length, buf, start, end - start);
  }
}
