/**
 * Strings: how values are kept, read and changed. No RESP here.
 *
 * A value is an integer (64 bits in two words of the entry) when its text is exactly what the integer prints as, else
 * bytes: inline in the entry, or in a block of its own when the entry would exceed INLINE_ENTRY_MAX (see db/entry.ts).
 *
 * A string that APPEND or SETRANGE makes longer is "raw" from then on, and its block has room to spare: the next one
 * mostly writes into that room, so building a string of n bytes in small pieces costs O(n). The room is whatever the
 * block holds beyond the string; nothing but the heap knows it.
 *
 * Key and value of a command are passed as the request and two argument numbers: the hot path hands on one reference
 * instead of two buffers with their bounds.
 */

import type { Database } from "../../db/database";
import {
  ENCODING_EMBSTR,
  ENCODING_INT,
  ENCODING_RAW,
  ENCODING_RAW_BLOCK,
  type Entries,
  type EntryShape,
  INLINE_ENTRY_MAX,
  NO_EXPIRY,
  TYPE_STRING,
} from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import type { BlockGuard } from "../../memory/block-guard";
import { Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "../../memory/heap";
import type { Request } from "../../resp/request";
import { copyBytes } from "../../util/bytes";
import { int64, int64Digits, MAX_INT64_TEXT, parseInt64, writeInt64 } from "../../util/integers";

/** Longest string that can be kept, whatever proto-max-bulk-len says: one ArrayBuffer holds 4 GiB. */
export const STRING_MAX = 2 ** 32 - 16384;

/** Longest string that OBJECT ENCODING calls embstr. */
const EMBSTR_MAX = 44;
/** Longest text that can be an integer. */
const INTEGER_TEXT_MAX = 20;
/** What an entry may need besides key and value. */
const ENTRY_OVERHEAD = 4 + 8 + 5 + 5;
/** A growing string gets as much room again, up to this many bytes ... */
const GROWTH_MAX = 1024 * 1024;
/** ... or, if it is larger, an eighth: where each step copies the whole string, steps must grow with it (Heap.grow()). */
const GROWTH_SHIFT = 3;

/** Arguments of a command: what of a request is needed here. */
export type Arguments = Pick<Request, "buf" | "starts" | "ends">;

/** Bytes of a value, wherever they are: the answer of stringBytes(). */
export interface ByteRange {
  bytes: Uint8Array;
  at: number;
  length: number;
}

/** Reused for every entry made here; only one is in the making at a time. */
const shape: EntryShape = {
  type: TYPE_STRING,
  encoding: ENCODING_EMBSTR,
  expireAt: NO_EXPIRY,
  lru: 0,
  inlineLength: 0,
};

/** An entry that is made outside a command, with its key: key[keyStart, keyEnd). */
export interface EntryHead extends EntryShape {
  key: Uint8Array;
  keyStart: number;
  keyEnd: number;
}

const digits = Buffer.alloc(MAX_INT64_TEXT + 1);
const range: ByteRange = { bytes: digits, at: 0, length: 0 };

// --- reading -------------------------------------------------------------------------------------------------------

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

// --- setting -------------------------------------------------------------------------------------------------------

/**
 * Sets the key just looked up (argument `key`; `existing` is what the lookup returned) to argument `value`, with an
 * expiry in ms since the epoch or NO_EXPIRY. Returns the entry.
 */
export function setString(
  db: Database,
  existing: number,
  args: Arguments,
  key: number,
  value: number,
  expireAt: number,
): number {
  const from = args.starts[value];
  const to = args.ends[value];
  const length = to - from;
  if (length <= INTEGER_TEXT_MAX && length > 0 && parseInt64(args.buf, from, to)) {
    return setInteger(db, existing, args, key, int64.hi, int64.lo, expireAt);
  }
  const ref = setUnset(db, existing, args, key, length, expireAt);
  const { entries } = db.keyspace;
  copyBytes(args.buf, from, entries.bytes, entries.at, length);
  return ref;
}

/** Sets the key just looked up to a 64-bit integer; see setString. Returns the entry. */
export function setInteger(
  db: Database,
  existing: number,
  args: Arguments,
  key: number,
  hi: number,
  lo: number,
  expireAt: number,
): number {
  const { entries } = db.keyspace;
  let ref = existing;
  if (existing !== 0 && entries.isInteger(existing) && entries.hasExpiry(existing) === (expireAt !== NO_EXPIRY)) {
    if (expireAt !== NO_EXPIRY) entries.setExpireAt(existing, expireAt);
  } else {
    shapeFor(db, existing, ENCODING_INT, 0, expireAt);
    ref = db.store(existing, shape, args.buf, args.starts[key], args.ends[key]);
  }
  entries.setValueWord(ref, 0, lo);
  entries.setValueWord(ref, 1, hi);
  return ref;
}

/**
 * Makes the key just looked up a string (no integer, whatever it says) of `length` unspecified bytes, to be written to
 * entries.bytes from entries.at; see setString. `encoding`: ENCODING_RAW for a string that is raw although short.
 * Returns the entry.
 */
export function setUnset(
  db: Database,
  existing: number,
  args: Arguments,
  key: number,
  length: number,
  expireAt: number,
  encoding: number = length <= EMBSTR_MAX ? ENCODING_EMBSTR : ENCODING_RAW,
): number {
  const { entries, heap } = db.keyspace;
  const keyStart = args.starts[key];
  const keyEnd = args.ends[key];
  const inline = keyEnd - keyStart + length + ENTRY_OVERHEAD <= INLINE_ENTRY_MAX;
  if (existing !== 0 && entries.hasExpiry(existing) === (expireAt !== NO_EXPIRY)) {
    // The common case, a plain overwrite by a value of about the same length, touches nothing but the value.
    const done = inline ? reuseInline(entries, existing, length, encoding) : reuseBlock(entries, existing, length);
    if (done) {
      if (expireAt !== NO_EXPIRY) entries.setExpireAt(existing, expireAt);
      return existing;
    }
  }
  if (inline) {
    shapeFor(db, existing, encoding, length, expireAt);
    return db.store(existing, shape, args.buf, keyStart, keyEnd);
  }
  return setBlock(db, existing, args, key, heap.allocate(length), length, expireAt);
}

/**
 * Sets the key just looked up to a raw string that stands in a block of its own already, too long for an entry; see
 * setString. The block is the entry's from now on, and is freed if there is no memory for that. Returns the entry.
 */
export function setBlock(
  db: Database,
  existing: number,
  args: Arguments,
  key: number,
  block: number,
  length: number,
  expireAt: number,
): number {
  const { entries, heap } = db.keyspace;
  shapeFor(db, existing, ENCODING_RAW_BLOCK, 0, expireAt);
  try {
    const ref = db.store(existing, shape, args.buf, args.starts[key], args.ends[key]);
    attachBlock(entries, ref, block, length);
    return ref;
  } catch (error) {
    heap.free(block);
    throw error;
  }
}

/**
 * Makes an entry that is in no dict yet, for the key that `head` describes: a string of the bytes buf[start, end), kept
 * as an integer if it is the text of one. Type, encoding and inlineLength of `head` are overwritten. Throws
 * HeapFullError if there is no memory for it.
 */
export function createString(keyspace: Keyspace, head: EntryHead, buf: Uint8Array, start: number, end: number): number {
  const { entries, heap } = keyspace;
  const length = end - start;
  head.type = TYPE_STRING;
  head.inlineLength = 0;
  if (length <= INTEGER_TEXT_MAX && length > 0 && parseInt64(buf, start, end)) {
    head.encoding = ENCODING_INT;
    const ref = entries.create(head, head.key, head.keyStart, head.keyEnd);
    entries.setValueWord(ref, 0, int64.lo);
    entries.setValueWord(ref, 1, int64.hi);
    return ref;
  }
  if (head.keyEnd - head.keyStart + length + ENTRY_OVERHEAD <= INLINE_ENTRY_MAX) {
    head.encoding = length <= EMBSTR_MAX ? ENCODING_EMBSTR : ENCODING_RAW;
    head.inlineLength = length;
    const ref = entries.create(head, head.key, head.keyStart, head.keyEnd);
    copyBytes(buf, start, entries.bytes, entries.at, length);
    return ref;
  }
  head.encoding = ENCODING_RAW_BLOCK;
  const block = heap.allocate(length);
  try {
    const ref = entries.create(head, head.key, head.keyStart, head.keyEnd);
    attachBlock(entries, ref, block, length);
    copyBytes(buf, start, entries.bytes, entries.at, length);
    return ref;
  } catch (error) {
    heap.free(block);
    throw error;
  }
}

/** Makes room for another inline string in the entry, if it is a string of that kind and its block fits. */
function reuseInline(entries: Entries, ref: number, length: number, encoding: number): boolean {
  if (!entries.isInlineString(ref) || !entries.resizeInline(ref, length)) return false;
  if (entries.encoding(ref) !== encoding) entries.setEncoding(ref, encoding);
  return true;
}

/** As reuseInline for a string with a block of its own. */
function reuseBlock(entries: Entries, ref: number, length: number): boolean {
  if (entries.type(ref) !== TYPE_STRING || entries.encoding(ref) !== ENCODING_RAW_BLOCK) return false;
  const block = entries.valueWord(ref, 0);
  const { heap } = entries;
  if (heap.sizeOf(block) !== Heap.roundUp(length)) return false;
  // It is left to whoever guards it, instead of being copied.
  if (heap.blockGuards?.has(block) === true) return false;
  attachBlock(entries, ref, block, length);
  return true;
}

/** Sets `shape`: of the key's new entry. */
function shapeFor(db: Database, existing: number, encoding: number, inlineLength: number, expireAt: number): void {
  const { access, entries } = db.keyspace;
  shape.encoding = encoding;
  shape.expireAt = expireAt;
  shape.lru = existing === 0 ? access.initial() : entries.lru(existing);
  shape.inlineLength = inlineLength;
}

/** Gives an entry its block, and leaves the place of the bytes in `entries`. */
function attachBlock(entries: Entries, ref: number, block: number, length: number): void {
  entries.setValueWord(ref, 0, block);
  entries.setValueWord(ref, 1, length);
  entries.bytes = entries.heap.u8[block >>> SEGMENT_SHIFT];
  entries.at = (block & SEGMENT_MASK) << 3;
  entries.length = length;
}

// --- growing -------------------------------------------------------------------------------------------------------

/**
 * Who has to hear of it before bytes of a string entry (0: of none) are written over; null: nobody. To be asked before the
 * string grows. What is written behind its end needs no announcement.
 */
export function guardOf(entries: Entries, ref: number): BlockGuard | null {
  const { blockGuards } = entries.heap;
  if (blockGuards === null || ref === 0 || entries.encoding(ref) !== ENCODING_RAW_BLOCK) return null;
  return blockGuards.get(entries.valueWord(ref, 0)) ?? null;
}

/**
 * Makes the string of the key just looked up (argument `key`) raw and `length` bytes long, which must not be less than
 * it is. Its bytes stay; those behind them, to be written to entries.bytes, are unspecified: entries.at is the place of
 * the first byte of all. Expiry and LRU bits stay. Returns the entry, which may have moved.
 */
export function growString(db: Database, ref: number, args: Arguments, key: number, length: number): number {
  const { entries } = db.keyspace;
  const encoding = entries.encoding(ref);
  if (encoding === ENCODING_RAW_BLOCK) {
    growBlock(entries, ref, length);
    return ref;
  }
  if (encoding !== ENCODING_INT && entries.growInline(ref, length)) {
    if (encoding !== ENCODING_RAW) entries.setEncoding(ref, ENCODING_RAW);
    return ref;
  }
  return moveToGrow(db, ref, args, key, length);
}

function growBlock(entries: Entries, ref: number, length: number): void {
  const { heap } = entries;
  const block = entries.valueWord(ref, 0);
  if (length <= heap.sizeOf(block)) {
    attachBlock(entries, ref, block, length);
    return;
  }
  attachBlock(entries, ref, heap.grow(block, entries.valueWord(ref, 1), withRoom(length)), length);
}

/** Moves an integer or inline string to a larger entry, or out of its entry. */
function moveToGrow(db: Database, ref: number, args: Arguments, key: number, length: number): number {
  const { entries, heap } = db.keyspace;
  const { bytes, at, length: old } = stringBytes(db.keyspace, ref);
  const start = args.starts[key];
  const end = args.ends[key];
  let moved: number;
  if (end - start + length + ENTRY_OVERHEAD <= INLINE_ENTRY_MAX) {
    shapeFor(db, ref, ENCODING_RAW, length, entries.expireAt(ref));
    moved = heap.allocate(Math.min(entries.sizeFor(shape, end - start) + length, INLINE_ENTRY_MAX));
    entries.write(moved, shape, args.buf, start, end);
  } else {
    shapeFor(db, ref, ENCODING_RAW_BLOCK, 0, entries.expireAt(ref));
    moved = entries.create(shape, args.buf, start, end);
    attachNewBlock(entries, moved, length);
  }
  copyBytes(bytes, at, entries.bytes, entries.at, old);
  db.replace(ref, moved);
  return moved;
}

/** Gives a new entry a block with room to grow. If there is no memory for it, the entry goes again. */
function attachNewBlock(entries: Entries, ref: number, length: number): void {
  try {
    attachBlock(entries, ref, entries.heap.allocate(withRoom(length)), length);
  } catch (error) {
    entries.heap.free(ref);
    throw error;
  }
}

/** Bytes to allocate for a string that has come to `length` by growing. */
function withRoom(length: number): number {
  return Math.min(length + Math.min(length, Math.max(GROWTH_MAX, length >>> GROWTH_SHIFT)), STRING_MAX);
}

/** Appends argument `value` to the string of the key just looked up; see growString. Returns the new length. */
export function appendString(db: Database, ref: number, args: Arguments, key: number, value: number): number {
  const { entries } = db.keyspace;
  const old = stringLength(db.keyspace, ref);
  const added = args.ends[value] - args.starts[value];
  growString(db, ref, args, key, old + added);
  copyBytes(args.buf, args.starts[value], entries.bytes, entries.at + old, added);
  return old + added;
}

/**
 * Writes argument `value` over the string of the key just looked up (`ref`, or 0 for a missing one), from `offset` on;
 * zeros fill the gap between the string and what is written behind its end. Returns the new length.
 */
export function overwriteString(
  db: Database,
  ref: number,
  args: Arguments,
  key: number,
  offset: number,
  value: number,
): number {
  const { entries } = db.keyspace;
  const added = args.ends[value] - args.starts[value];
  const old = ref === 0 ? 0 : stringLength(db.keyspace, ref);
  const length = Math.max(old, offset + added);
  const guard = guardOf(entries, ref);
  if (ref === 0) setUnset(db, 0, args, key, length, NO_EXPIRY, ENCODING_RAW);
  else growString(db, ref, args, key, length);
  guard?.changing(offset, offset + added);
  if (offset > old) entries.bytes.fill(0, entries.at + old, entries.at + offset);
  copyBytes(args.buf, args.starts[value], entries.bytes, entries.at + offset, added);
  return length;
}
