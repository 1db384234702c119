/**
 * Encodes elements of a listpack one after the other into a buffer of its own, to be appended as a whole: what is made of
 * many elements costs one change of the listpack, and either all of them come in or none.
 *
 * One object serves many uses. The buffer grows as needed and is let go of when it has become large.
 */

import { copyBytes } from "../util/bytes";
import { int64, int64FromNumber } from "../util/integers";
import { allocating } from "../util/out-of-memory";
import {
  backLengthBytes,
  integerBytes,
  isIntegerText,
  stringHeadBytes,
  writeBackLength,
  writeInteger,
  writeStringHead,
} from "./listpack";

const INITIAL_BYTES = 4096;
/** A buffer beyond this size is not kept for the next use. */
const KEPT_BYTES = 1024 * 1024;
/** Longest integer with its back length. */
const INTEGER_MAX = 10;

export class ListpackWriter {
  /** The elements are bytes[0, length). */
  bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  length = 0;
  /** Elements. */
  count = 0;

  /** Begins anew. */
  reset(): void {
    this.length = 0;
    this.count = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  /** A safe integer. */
  integer(value: number): void {
    if (value >= 0 && value < 128) {
      this.reserve(2);
      this.bytes[this.length] = value;
      this.bytes[this.length + 1] = 1;
      this.length += 2;
      this.count++;
      return;
    }
    int64FromNumber(value);
    this.int64();
  }

  /** The 64-bit integer in `int64`. */
  int64(): void {
    if (int64.hi === 0 && int64.lo < 128) {
      this.integer(int64.lo);
      return;
    }
    this.reserve(INTEGER_MAX);
    const encoded = integerBytes();
    writeInteger(this.bytes, this.length, encoded);
    this.bytes[this.length + encoded] = encoded;
    this.length += encoded + 1;
    this.count++;
  }

  /** Text; kept as an integer if it is one. */
  text(buf: Uint8Array, start: number, end: number): void {
    if (isIntegerText(buf, start, end)) {
      this.int64();
      return;
    }
    const length = end - start;
    const encoded = length + stringHeadBytes(length);
    this.reserve(encoded + backLengthBytes(encoded));
    const at = writeStringHead(this.bytes, this.length, length);
    copyBytes(buf, start, this.bytes, at, length);
    writeBackLength(this.bytes, at + length, encoded);
    this.length = at + length + backLengthBytes(encoded);
    this.count++;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = allocating(() => Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2)));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
