/**
 * A field of a large hash: one heap block with the field's name, its value, and when it expires, if it does.
 *
 *     255, 6 bytes        expiry, ms since the epoch, little endian            only if the field has one
 *     then either
 *     ffffvvvv            lengths of a field of up to 14 bytes and of a value of up to 15
 *     field, value
 *     or
 *     240
 *     length, field       lengths are those of memory/length-prefix.ts
 *     length, value
 *
 * So the first byte says whether there is an expiry; the dict's flag says the same, to find such fields without looking at
 * the others. Six bytes are enough: the latest expiry of a field is 2^46 - 1 (FIELD_EXPIRY_MAX).
 *
 * A field of 12 bytes with a value of 11 takes 24 bytes, a block without a byte to spare; with an expiry it takes 31. So a
 * hash of a million of them takes 34 bytes a field, the dict included, and 42 where they expire.
 */

import type { ElementLayout } from "../../memory/dict";
import { Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "../../memory/heap";
import { isStringAt, lengthBytes, readLength, writeLength } from "../../memory/length-prefix";
import { copyBytes, equalBytes } from "../../util/bytes";

/** Expiry of a field that has none. */
export const NO_FIELD_EXPIRY = 0;
/** The latest time (ms since the epoch) at which a field can expire, as in Redis. */
export const FIELD_EXPIRY_MAX = 2 ** 46 - 1;

const EXPIRES = 255;
/** Head of a block whose lengths do not fit into one byte. */
const LONG = 0xf0;
const SHORT_FIELD_MAX = 14;
const SHORT_VALUE_MAX = 15;
/** Bytes of an expiry with its mark. */
const EXPIRY_BYTES = 7;

export class FieldBlocks implements ElementLayout {
  /** What locateField() and locateValue() found: bytes[at, at + length). Valid until the heap next changes. */
  bytes: Buffer;
  at = 0;
  length = 0;

  constructor(private readonly heap: Heap) {
    this.bytes = heap.u8[0];
  }

  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean {
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    let at = (ref & SEGMENT_MASK) << 3;
    if (bytes[at] === EXPIRES) at += EXPIRY_BYTES;
    const head = bytes[at];
    if (head >= LONG) return isStringAt(bytes, at + 1, buf, start, end);
    const length = end - start;
    return head >>> 4 === length && equalBytes(bytes, at + 1, buf, start, length);
  }

  // --- reading -----------------------------------------------------------------------------------------------------

  /** When the field expires, or NO_FIELD_EXPIRY. */
  expireAt(ref: number): number {
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = (ref & SEGMENT_MASK) << 3;
    return bytes[at] === EXPIRES ? bytes.readUIntLE(at + 1, 6) : NO_FIELD_EXPIRY;
  }

  locateField(ref: number): void {
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = headAt(bytes, ref);
    const head = bytes[at];
    this.bytes = bytes;
    this.length = head < LONG ? head >>> 4 : readLength(bytes, at + 1);
    this.at = at + 1 + (head < LONG ? 0 : lengthBytes(this.length));
  }

  locateValue(ref: number): void {
    this.locateField(ref);
    const { bytes } = this;
    const head = bytes[headAt(bytes, ref)];
    const at = this.at + this.length;
    this.length = head < LONG ? head & 15 : readLength(bytes, at);
    this.at = at + (head < LONG ? 0 : lengthBytes(this.length));
  }

  // --- making and changing -----------------------------------------------------------------------------------------
  // Texts must not lie in blocks that are freed here. What throws HeapFullError has changed nothing.

  /** A new block with the field buf[start, end) and the value of `value`. Returns its ref. */
  create(
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): number {
    const fieldLength = end - start;
    const valueLength = valueEnd - valueStart;
    const prefix = expireAt === NO_FIELD_EXPIRY ? 0 : EXPIRY_BYTES;
    const ref = this.heap.allocate(prefix + textBytes(fieldLength, valueLength));
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const at = (ref & SEGMENT_MASK) << 3;
    if (prefix !== 0) writeExpiry(bytes, at, expireAt);
    writeTexts(bytes, at + prefix, buf, start, fieldLength, value, valueStart, valueLength);
    return ref;
  }

  /** A copy of a block. */
  copy(ref: number): number {
    const size = this.size(ref);
    const copy = this.heap.allocate(size);
    const from = this.heap.u8[ref >>> SEGMENT_SHIFT];
    const to = this.heap.u8[copy >>> SEGMENT_SHIFT];
    copyBytes(from, (ref & SEGMENT_MASK) << 3, to, (copy & SEGMENT_MASK) << 3, size);
    return copy;
  }

  /** Sets the value; field and expiry stay. Returns the field's block, which may be another one: then `ref` is freed. */
  setValue(ref: number, value: Uint8Array, valueStart: number, valueEnd: number): number {
    this.locateField(ref);
    const { at, bytes, heap, length } = this;
    const start = (ref & SEGMENT_MASK) << 3;
    const head = headAt(bytes, ref);
    const valueLength = valueEnd - valueStart;
    const size = head - start + textBytes(length, valueLength);
    const isShort = bytes[head] < LONG;
    if (isShort === areShort(length, valueLength) && Heap.roundUp(size) === heap.sizeOf(ref)) {
      if (isShort) {
        bytes[head] = (length << 4) | valueLength;
        copyBytes(value, valueStart, bytes, at + length, valueLength);
      } else {
        writeText(bytes, at + length, value, valueStart, valueLength);
      }
      return ref;
    }
    const moved = heap.allocate(size);
    const to = heap.u8[moved >>> SEGMENT_SHIFT];
    const toStart = (moved & SEGMENT_MASK) << 3;
    copyBytes(bytes, start, to, toStart, head - start);
    writeTexts(to, toStart + head - start, bytes, at, length, value, valueStart, valueLength);
    heap.free(ref);
    return moved;
  }

  /** Sets the expiry, or removes it (NO_FIELD_EXPIRY), which needs no memory. Returns the field's block; see setValue. */
  setExpiry(ref: number, expireAt: number): number {
    const had = this.expireAt(ref) !== NO_FIELD_EXPIRY;
    const has = expireAt !== NO_FIELD_EXPIRY;
    if (had === has) {
      if (has) writeExpiry(this.heap.u8[ref >>> SEGMENT_SHIFT], (ref & SEGMENT_MASK) << 3, expireAt);
      return ref;
    }
    const size = this.size(ref);
    const from = had ? EXPIRY_BYTES : 0;
    const to = has ? EXPIRY_BYTES : 0;
    const stays = had || Heap.roundUp(size + to) === this.heap.sizeOf(ref);
    const moved = stays ? ref : this.heap.allocate(size + to);
    const source = (ref & SEGMENT_MASK) << 3;
    const target = (moved & SEGMENT_MASK) << 3;
    const bytes = this.heap.u8[moved >>> SEGMENT_SHIFT];
    this.heap.u8[ref >>> SEGMENT_SHIFT].copy(bytes, target + to, source + from, source + size);
    if (has) writeExpiry(bytes, target, expireAt);
    if (!stays) this.heap.free(ref);
    return moved;
  }

  /** Bytes of the block that are in use. */
  private size(ref: number): number {
    this.locateValue(ref);
    return this.at + this.length - ((ref & SEGMENT_MASK) << 3);
  }
}

/** Where the head of a block is. */
function headAt(bytes: Uint8Array, ref: number): number {
  const at = (ref & SEGMENT_MASK) << 3;
  return bytes[at] === EXPIRES ? at + EXPIRY_BYTES : at;
}

/** Whether both lengths fit into the head. */
function areShort(fieldLength: number, valueLength: number): boolean {
  return fieldLength <= SHORT_FIELD_MAX && valueLength <= SHORT_VALUE_MAX;
}

/** Bytes of head, field and value. */
function textBytes(fieldLength: number, valueLength: number): number {
  if (areShort(fieldLength, valueLength)) return 1 + fieldLength + valueLength;
  return 1 + lengthBytes(fieldLength) + fieldLength + lengthBytes(valueLength) + valueLength;
}

/** Writes head, field and value. */
function writeTexts(
  out: Uint8Array,
  at: number,
  field: Uint8Array,
  fieldStart: number,
  fieldLength: number,
  value: Uint8Array,
  valueStart: number,
  valueLength: number,
): void {
  if (areShort(fieldLength, valueLength)) {
    out[at] = (fieldLength << 4) | valueLength;
    copyBytes(field, fieldStart, out, at + 1, fieldLength);
    copyBytes(value, valueStart, out, at + 1 + fieldLength, valueLength);
    return;
  }
  out[at] = LONG;
  const valueAt = writeText(out, at + 1, field, fieldStart, fieldLength);
  writeText(out, valueAt, value, valueStart, valueLength);
}

/** Writes a length and the text, and returns the position behind it. */
function writeText(out: Uint8Array, at: number, text: Uint8Array, start: number, length: number): number {
  const to = writeLength(out, at, length);
  copyBytes(text, start, out, to, length);
  return to + length;
}

/** Writes an expiry with its mark. */
function writeExpiry(bytes: Buffer, at: number, expireAt: number): void {
  bytes[at] = EXPIRES;
  bytes.writeUIntLE(expireAt, at + 1, 6);
}
