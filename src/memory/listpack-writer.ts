/**
 * Writes elements of a listpack one after the other where they are to be: behind the last one of a listpack whose block
 * has room for all of them (Listpack.reserve), which then takes them over at once (Listpack.extend). What is made of many
 * elements costs one change of the listpack, and either all of them come in or none.
 *
 * An integer takes up to INTEGER_BYTES_MAX bytes, and text up to TEXT_OVERHEAD_MAX more than it is long.
 */

import { copyBytes } from "../util/bytes";
import { int64, int64FromNumber } from "../util/integers";
import {
  backLengthBytes,
  integerBytes,
  isIntegerText,
  STRING_6,
  stringHeadBytes,
  writeBackLength,
  writeInteger,
  writeStringHead,
} from "./listpack";

/** The longest integer, with its back length. */
export const INTEGER_BYTES_MAX = 10;
/** What may stand before and behind text. */
export const TEXT_OVERHEAD_MAX = 10;

export class ListpackWriter {
  /** Where the next element goes. */
  at = 0;
  /** Elements written. */
  count = 0;
  private bytes: Buffer = Buffer.alloc(0);

  /** Begins at a position of a buffer. */
  begin(bytes: Buffer, at: number): void {
    this.bytes = bytes;
    this.at = at;
    this.count = 0;
  }

  /** A safe integer. */
  integer(value: number): void {
    if (value >= 0 && value < 128) {
      this.short(value);
    } else {
      int64FromNumber(value);
      this.int64();
    }
  }

  /** An integer from 0 to 127. */
  private short(value: number): void {
    const { bytes, at } = this;
    bytes[at] = value;
    bytes[at + 1] = 1;
    this.at = at + 2;
    this.count++;
  }

  /** The 64-bit integer in `int64`. */
  int64(): void {
    if (int64.hi === 0 && int64.lo < 128) {
      this.short(int64.lo);
      return;
    }
    this.longInt64();
  }

  private longInt64(): void {
    const encoded = integerBytes();
    writeInteger(this.bytes, this.at, encoded);
    this.bytes[this.at + encoded] = encoded;
    this.at += encoded + 1;
    this.count++;
  }

  /** Text; kept as an integer if it is one. */
  text(buf: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (isIntegerText(buf, start, end)) {
      this.int64();
    } else if (length < 64) {
      const { bytes, at } = this;
      bytes[at] = STRING_6 | length;
      copyBytes(buf, start, bytes, at + 1, length);
      bytes[at + 1 + length] = length + 1;
      this.at = at + length + 2;
      this.count++;
    } else {
      this.longText(buf, start, length);
    }
  }

  private longText(buf: Uint8Array, start: number, length: number): void {
    const encoded = length + stringHeadBytes(length);
    const dataAt = writeStringHead(this.bytes, this.at, length);
    copyBytes(buf, start, this.bytes, dataAt, length);
    writeBackLength(this.bytes, dataAt + length, encoded);
    this.at = dataAt + length + backLengthBytes(encoded);
    this.count++;
  }
}
