/**
 * Strings: how values are kept, read and changed. No RESP here.
 *
 * A value is an integer (64 bits in two words of the entry) when its text is exactly what the integer prints as, else
 * bytes: inline in the entry, or in a block of its own when the entry would exceed INLINE_ENTRY_MAX (see db/entry.ts).
 */

import type { Database } from "../db/database";
import {
  ENCODING_EMBSTR,
  ENCODING_INT,
  ENCODING_RAW,
  ENCODING_RAW_BLOCK,
  type EntryShape,
  INLINE_ENTRY_MAX,
  NO_EXPIRY,
  TYPE_STRING,
} from "../db/entry";
import type { Keyspace } from "../db/keyspace";
import { SEGMENT_MASK, SEGMENT_SHIFT } from "../memory/heap";
import { copyBytes } from "../util/bytes";
import { int64, int64Digits, MAX_INT64_TEXT, parseInt64, writeInt64 } from "../util/integers";

/** Longest string that OBJECT ENCODING calls embstr. */
const EMBSTR_MAX = 44;
/** Longest text that can be an integer. */
const INTEGER_TEXT_MAX = 20;
/** What an entry may need besides key and value. */
const ENTRY_OVERHEAD = 4 + 8 + 5 + 5;

/** Reused for every entry made here; only one is in the making at a time. */
const shape: EntryShape = {
  type: TYPE_STRING,
  encoding: ENCODING_EMBSTR,
  expireAt: NO_EXPIRY,
  lru: 0,
  inlineLength: 0,
};

/** Bytes of a value, wherever they are: the answer of stringBytes(). */
export interface ByteRange {
  bytes: Uint8Array;
  at: number;
  length: number;
}

const digits = Buffer.alloc(MAX_INT64_TEXT + 1);
const range: ByteRange = { bytes: digits, at: 0, length: 0 };

/** The bytes of a string entry; an integer's digits stand in a scratch buffer. Valid until the next call. */
export function stringBytes(keyspace: Keyspace, ref: number): ByteRange {
  const { entries } = keyspace;
  if (entries.encoding(ref) === ENCODING_INT) {
    range.bytes = digits;
    range.at = 0;
    range.length = writeInt64(entries.valueWord(ref, 1) | 0, entries.valueWord(ref, 0), digits, 0);
    return range;
  }
  entries.locateString(ref);
  range.bytes = entries.bytes;
  range.at = entries.at;
  range.length = entries.length;
  return range;
}

/** Length of a string entry in bytes. */
export function stringLength(keyspace: Keyspace, ref: number): number {
  const { entries } = keyspace;
  if (entries.encoding(ref) === ENCODING_INT) {
    return int64Digits(entries.valueWord(ref, 1) | 0, entries.valueWord(ref, 0));
  }
  entries.locateString(ref);
  return entries.length;
}

/**
 * Sets the key just looked up (`existing` is what the lookup returned) to the bytes `value[from, to)`, with an expiry in
 * ms since the epoch or NO_EXPIRY. Returns the entry.
 */
export function setString(
  db: Database,
  existing: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  value: Uint8Array,
  from: number,
  to: number,
  expireAt: number,
): number {
  const length = to - from;
  if (length <= INTEGER_TEXT_MAX && length > 0 && parseInt64(value, from, to)) {
    return setInteger(db, existing, key, keyStart, keyEnd, int64.hi, int64.lo, expireAt);
  }
  const { entries } = db.keyspace;
  const encoding = length <= EMBSTR_MAX ? ENCODING_EMBSTR : ENCODING_RAW;
  // The common case, a plain overwrite by a value of about the same length, touches nothing but the value.
  if (existing !== 0 && expireAt === NO_EXPIRY && entries.isInlineString(existing) && !entries.hasExpiry(existing)) {
    if (keyEnd - keyStart + length + ENTRY_OVERHEAD <= INLINE_ENTRY_MAX && entries.resizeInline(existing, length)) {
      copyBytes(value, from, entries.bytes, entries.at, length);
      if (entries.encoding(existing) !== encoding) entries.setEncoding(existing, encoding);
      return existing;
    }
  }
  const ref = storeUnset(db, existing, key, keyStart, keyEnd, length, encoding, expireAt);
  copyBytes(value, from, entries.bytes, entries.at, length);
  return ref;
}

/**
 * Makes the key just looked up a string of `length` unspecified bytes, to be written to entries.bytes from entries.at.
 * Returns the entry.
 */
export function storeUnset(
  db: Database,
  existing: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  length: number,
  encoding: number,
  expireAt: number,
): number {
  const { entries, heap } = db.keyspace;
  const inline = keyEnd - keyStart + length + ENTRY_OVERHEAD <= INLINE_ENTRY_MAX;
  shape.encoding = inline ? encoding : ENCODING_RAW_BLOCK;
  shape.expireAt = expireAt;
  shape.lru = existing === 0 ? db.keyspace.access.initial() : entries.lru(existing);
  shape.inlineLength = inline ? length : 0;
  if (inline) return db.store(existing, shape, key, keyStart, keyEnd);
  const block = heap.allocate(length);
  const ref = db.store(existing, shape, key, keyStart, keyEnd);
  entries.setValueWord(ref, 0, block);
  entries.setValueWord(ref, 1, length);
  entries.bytes = heap.u8[block >>> SEGMENT_SHIFT];
  entries.at = (block & SEGMENT_MASK) << 3;
  entries.length = length;
  return ref;
}

/** Sets the key just looked up to a 64-bit integer. Returns the entry. */
export function setInteger(
  db: Database,
  existing: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  hi: number,
  lo: number,
  expireAt: number,
): number {
  const { entries } = db.keyspace;
  let ref = existing;
  const inPlace =
    existing !== 0 && entries.isInteger(existing) && expireAt === NO_EXPIRY && !entries.hasExpiry(existing);
  if (!inPlace) {
    shape.encoding = ENCODING_INT;
    shape.expireAt = expireAt;
    shape.lru = existing === 0 ? db.keyspace.access.initial() : entries.lru(existing);
    shape.inlineLength = 0;
    ref = db.store(existing, shape, key, keyStart, keyEnd);
  }
  entries.setValueWord(ref, 0, lo);
  entries.setValueWord(ref, 1, hi);
  return ref;
}

/** Reads a string entry as a 64-bit integer into `int64`; false if it is none. */
export function stringToInt64(keyspace: Keyspace, ref: number): boolean {
  const { entries } = keyspace;
  if (entries.encoding(ref) === ENCODING_INT) {
    int64.hi = entries.valueWord(ref, 1) | 0;
    int64.lo = entries.valueWord(ref, 0);
    return true;
  }
  entries.locateString(ref);
  return parseInt64(entries.bytes, entries.at, entries.at + entries.length);
}
