/**
 * Entries: the layout of one key and its value on the heap.
 *
 *     word 0         type (3 bits) | has expiry (1) | encoding (4) | LRU or LFU (24)
 *     2 words        expiry, ms since the epoch (low, high)          only if "has expiry"
 *     0 to 2 words   value, by encoding: see VALUE_WORDS
 *     length, bytes  the key
 *     length, bytes  the value, for strings kept inline
 *
 * Lengths are those of memory/length-prefix.ts. A key of 16 bytes with a value of 4 takes 26 bytes, thus a block of 32.
 *
 * Strings: an integer is a 64-bit value in two words (low, high); a string is inline while the whole entry stays within
 * INLINE_ENTRY_MAX, else in a block of its own (words: ref, length). "embstr" and "raw" are the names that OBJECT
 * ENCODING gives; both are stored in the same two ways.
 */

import type { ElementLayout } from "../memory/dict";
import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "../memory/heap";
import { isStringAt, lengthBytes, readLength, writeLength } from "../memory/length-prefix";
import { copyBytes } from "../util/bytes";

export const TYPE_STRING = 0;
export const TYPE_LIST = 1;
export const TYPE_SET = 2;
export const TYPE_ZSET = 3;
export const TYPE_HASH = 4;
// 5 is Redis's number for values of modules.
export const TYPE_STREAM = 6;

/** TYPE's answers, by type. */
export const TYPE_NAMES = ["string", "list", "set", "zset", "hash", "module", "stream"];

export const ENCODING_EMBSTR = 0;
export const ENCODING_RAW = 1;
export const ENCODING_INT = 2;
/** A raw string in a block of its own. */
export const ENCODING_RAW_BLOCK = 3;
export const ENCODING_LISTPACK = 4;
export const ENCODING_QUICKLIST = 5;
export const ENCODING_HASHTABLE = 6;
export const ENCODING_INTSET = 7;
export const ENCODING_SKIPLIST = 8;
export const ENCODING_STREAM = 9;
/** A listpack of fields, values and expiries. */
export const ENCODING_LISTPACK_EX = 10;
/** A hash table of which some fields expire. */
export const ENCODING_HASHTABLE_EX = 11;

/** OBJECT ENCODING's answers, by encoding. */
export const ENCODING_NAMES = [
  "embstr",
  "raw",
  "int",
  "raw",
  "listpack",
  "quicklist",
  "hashtable",
  "intset",
  "skiplist",
  "stream",
  "listpackex",
  "hashtable",
];

/** Words between header (and expiry) and key, by encoding; encodings of collections keep the ref of their root. */
const VALUE_WORDS = Uint8Array.of(0, 0, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);

const TYPE_MASK = 7;
const EXPIRY_BIT = 8;
const ENCODING_SHIFT = 4;
const LRU_SHIFT = 8;
const LRU_MASK = 0xffffff;

/** Entries up to this many bytes hold their string value themselves. */
export const INLINE_ENTRY_MAX = 4096;

/** What a new entry is made of. */
export interface EntryShape {
  type: number;
  encoding: number;
  /** ms since the epoch, or NO_EXPIRY. */
  expireAt: number;
  lru: number;
  /** Bytes of the inline string, 0 for other encodings. */
  inlineLength: number;
}

/** expireAt of a key without expiry. */
export const NO_EXPIRY = -1;

export class Entries implements ElementLayout {
  /**
   * What the last locate…() found: bytes `bytes[at, at + length)`. One result for all of them, so that looking does not
   * allocate; copy the numbers before the next call.
   */
  bytes: Buffer;
  at = 0;
  length = 0;

  constructor(readonly heap: Heap) {
    this.bytes = heap.u8[0];
  }

  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean {
    const segment = ref >>> SEGMENT_SHIFT;
    const header = this.heap.u32[segment][(ref & SEGMENT_MASK) << 1];
    const bytes = this.heap.u8[segment];
    return isStringAt(bytes, ((ref & SEGMENT_MASK) << 3) + keyOffset(header), buf, start, end);
  }

  // --- fields ------------------------------------------------------------------------------------------------------

  private header(ref: number): number {
    return this.heap.u32[ref >>> SEGMENT_SHIFT][(ref & SEGMENT_MASK) << 1];
  }

  type(ref: number): number {
    return this.header(ref) & TYPE_MASK;
  }

  encoding(ref: number): number {
    return (this.header(ref) >>> ENCODING_SHIFT) & 15;
  }

  /** Whether the entry is a string that stands in the entry itself as bytes. */
  isInlineString(ref: number): boolean {
    const header = this.header(ref);
    return (header & TYPE_MASK) === TYPE_STRING && ((header >>> ENCODING_SHIFT) & 15) <= ENCODING_RAW;
  }

  /** Whether the entry is a string, of whatever kind, that has no block of its own. */
  isShortString(ref: number): boolean {
    const kind = this.header(ref) & (TYPE_MASK | (15 << ENCODING_SHIFT));
    // The type of strings is 0, and no other type has encodings as low.
    return kind <= ENCODING_INT << ENCODING_SHIFT;
  }

  /** Whether the entry is a string that is kept as an integer. */
  isInteger(ref: number): boolean {
    const header = this.header(ref);
    return (header & TYPE_MASK) === TYPE_STRING && ((header >>> ENCODING_SHIFT) & 15) === ENCODING_INT;
  }

  setEncoding(ref: number, encoding: number): void {
    const view = this.heap.u32[ref >>> SEGMENT_SHIFT];
    const word = (ref & SEGMENT_MASK) << 1;
    view[word] = (view[word] & ~(15 << ENCODING_SHIFT)) | (encoding << ENCODING_SHIFT);
  }

  /** The 24 LRU or LFU bits. */
  lru(ref: number): number {
    return this.header(ref) >>> LRU_SHIFT;
  }

  setLru(ref: number, lru: number): void {
    const view = this.heap.u32[ref >>> SEGMENT_SHIFT];
    const word = (ref & SEGMENT_MASK) << 1;
    view[word] = (view[word] & 0xff) | (lru << LRU_SHIFT);
  }

  /** Expiry in ms since the epoch, or NO_EXPIRY. */
  expireAt(ref: number): number {
    const view = this.heap.u32[ref >>> SEGMENT_SHIFT];
    const word = (ref & SEGMENT_MASK) << 1;
    if ((view[word] & EXPIRY_BIT) === 0) return NO_EXPIRY;
    return (view[word + 2] | 0) * 0x100000000 + view[word + 1];
  }

  hasExpiry(ref: number): boolean {
    return (this.header(ref) & EXPIRY_BIT) !== 0;
  }

  /** Overwrites the expiry of an entry that has one. */
  setExpireAt(ref: number, expireAt: number): void {
    // One that stays is not written: as a number it may have been rounded.
    if (this.expireAt(ref) === expireAt) return;
    writeExpiry(this.heap.u32[ref >>> SEGMENT_SHIFT], (ref & SEGMENT_MASK) << 1, expireAt);
  }

  /** Upper half (signed) of the expiry of an entry that has one: with expiryLo() it is exact also beyond 2^53. */
  expiryHi(ref: number): number {
    return this.heap.u32[ref >>> SEGMENT_SHIFT][((ref & SEGMENT_MASK) << 1) + 2] | 0;
  }

  /** Lower half (unsigned) of the expiry of an entry that has one. */
  expiryLo(ref: number): number {
    return this.heap.u32[ref >>> SEGMENT_SHIFT][((ref & SEGMENT_MASK) << 1) + 1];
  }

  /** Overwrites the expiry of an entry that has one with a 64-bit integer. */
  setExpiry64(ref: number, hi: number, lo: number): void {
    const view = this.heap.u32[ref >>> SEGMENT_SHIFT];
    const word = (ref & SEGMENT_MASK) << 1;
    view[word + 1] = lo;
    view[word + 2] = hi;
  }

  /** Word `i` of the value: the ref of a collection, or the halves of an integer. */
  valueWord(ref: number, i: number): number {
    const view = this.heap.u32[ref >>> SEGMENT_SHIFT];
    const word = (ref & SEGMENT_MASK) << 1;
    return view[word + 1 + ((view[word] & EXPIRY_BIT) >>> 2) + i];
  }

  setValueWord(ref: number, i: number, value: number): void {
    const view = this.heap.u32[ref >>> SEGMENT_SHIFT];
    const word = (ref & SEGMENT_MASK) << 1;
    view[word + 1 + ((view[word] & EXPIRY_BIT) >>> 2) + i] = value;
  }

  /** Finds the key's bytes. */
  locateKey(ref: number): void {
    const segment = ref >>> SEGMENT_SHIFT;
    const bytes = this.heap.u8[segment];
    const at = ((ref & SEGMENT_MASK) << 3) + keyOffset(this.heap.u32[segment][(ref & SEGMENT_MASK) << 1]);
    const length = readLength(bytes, at);
    this.bytes = bytes;
    this.at = at + lengthBytes(length);
    this.length = length;
  }

  /** As locateKey, of a block that may hold anything, or be free: false if there is no room for the key of an entry. */
  locateKeyWithin(ref: number): boolean {
    const start = (ref & SEGMENT_MASK) << 3;
    const end = start + this.heap.sizeOf(ref);
    if (start + keyOffset(this.header(ref)) >= end) return false;
    this.locateKey(ref);
    return this.at + this.length <= end;
  }

  /** Finds the bytes of a string that is not an integer. */
  locateString(ref: number): void {
    if (this.encoding(ref) === ENCODING_RAW_BLOCK) {
      const block = this.valueWord(ref, 0);
      this.length = this.valueWord(ref, 1);
      this.bytes = this.heap.u8[block >>> SEGMENT_SHIFT];
      this.at = (block & SEGMENT_MASK) << 3;
      return;
    }
    this.locateKey(ref);
    this.locateInline(this.at + this.length);
  }

  /** Finds the bytes of an inline string: locateKey() has just found its key, which ends at `keyEnd`. */
  locateInline(keyEnd: number): void {
    const length = readLength(this.bytes, keyEnd);
    this.at = keyEnd + lengthBytes(length);
    this.length = length;
  }

  // --- making and changing -----------------------------------------------------------------------------------------

  /** Bytes of an entry: to compare with the block that is there. */
  sizeFor(shape: EntryShape, keyLength: number): number {
    const words = 1 + VALUE_WORDS[shape.encoding] + (shape.expireAt === NO_EXPIRY ? 0 : 2);
    const inline = VALUE_WORDS[shape.encoding] === 0 ? lengthBytes(shape.inlineLength) + shape.inlineLength : 0;
    return words * 4 + lengthBytes(keyLength) + keyLength + inline;
  }

  /** Allocates an entry and writes header, expiry and key. The value is the caller's to write. Returns its ref. */
  create(shape: EntryShape, key: Uint8Array, start: number, end: number): number {
    const ref = this.heap.allocate(this.sizeFor(shape, end - start));
    this.write(ref, shape, key, start, end);
    return ref;
  }

  /** Writes header, expiry and key into a block of a fitting size; the key may be the one that stands there. */
  write(ref: number, shape: EntryShape, key: Uint8Array, start: number, end: number): void {
    this.writeHead(ref, shape);
    const bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    let at = ((ref & SEGMENT_MASK) << 3) + keyOffset(this.header(ref));
    at = writeLength(bytes, at, end - start);
    copyBytes(key, start, bytes, at, end - start);
    if (VALUE_WORDS[shape.encoding] === 0) this.writeInlineLength(bytes, at + end - start, shape.inlineLength);
  }

  /**
   * Changes the length of an inline string in its block, if the block is a fitting one: afterwards locate…() answers
   * with the place for the new bytes, whose old content is kept up to the shorter length. Returns false if the entry
   * has to move.
   */
  resizeInline(ref: number, length: number): boolean {
    this.locateString(ref);
    const needed = this.sizeWithInline(ref, length);
    const block = this.heap.sizeOf(ref);
    // A block more than twice too large would waste memory for good.
    if (needed > block || (block > 64 && needed < block >>> 1)) return false;
    this.setInlineLength(length);
    return true;
  }

  /**
   * As resizeInline for a string that grows and may go on growing: the block may be much larger than the string, but
   * the entry must not exceed INLINE_ENTRY_MAX.
   */
  growInline(ref: number, length: number): boolean {
    this.locateString(ref);
    if (this.sizeWithInline(ref, length) > Math.min(this.heap.sizeOf(ref), INLINE_ENTRY_MAX)) return false;
    this.setInlineLength(length);
    return true;
  }

  /** Bytes of the entry whose string was just located, if the string were `length` bytes long. */
  private sizeWithInline(ref: number, length: number): number {
    return this.at - lengthBytes(this.length) - ((ref & SEGMENT_MASK) << 3) + lengthBytes(length) + length;
  }

  /** Writes another length for the inline string that was just located, and moves its bytes behind it. */
  private setInlineLength(length: number): void {
    const lengthAt = this.at - lengthBytes(this.length);
    const at = lengthAt + lengthBytes(length);
    if (at !== this.at) this.bytes.copyWithin(at, this.at, this.at + Math.min(this.length, length));
    this.writeInlineLength(this.bytes, lengthAt, length);
  }

  private writeHead(ref: number, shape: EntryShape): void {
    const view = this.heap.u32[ref >>> SEGMENT_SHIFT];
    const word = (ref & SEGMENT_MASK) << 1;
    const expires = shape.expireAt !== NO_EXPIRY;
    view[word] =
      shape.type |
      (expires ? EXPIRY_BIT : 0) |
      (shape.encoding << ENCODING_SHIFT) |
      ((shape.lru & LRU_MASK) << LRU_SHIFT);
    if (expires) writeExpiry(view, word, shape.expireAt);
  }

  private writeInlineLength(bytes: Buffer, at: number, length: number): void {
    this.bytes = bytes;
    this.at = writeLength(bytes, at, length);
    this.length = length;
  }

  /**
   * A copy of the entry with another expiry (or none) and key; the value's words and inline bytes are carried over, so
   * that the old entry must be freed alone, without what it refers to. Returns the copy's ref.
   */
  relayout(ref: number, expireAt: number, key: Uint8Array, start: number, end: number): number {
    const encoding = this.encoding(ref);
    const inline = VALUE_WORDS[encoding] === 0;
    if (inline) this.locateString(ref);
    const source = this.bytes;
    const sourceAt = this.at;
    const inlineLength = inline ? this.length : 0;
    const copy = this.create(
      { type: this.type(ref), encoding, expireAt, lru: this.lru(ref), inlineLength },
      key,
      start,
      end,
    );
    if (inline) copyBytes(source, sourceAt, this.bytes, this.at, inlineLength);
    // An expiry that stays is copied as it is: as a number it may have been rounded.
    if (expireAt !== NO_EXPIRY && expireAt === this.expireAt(ref)) {
      this.setExpiry64(copy, this.expiryHi(ref), this.expiryLo(ref));
    }
    for (let i = 0; i < VALUE_WORDS[encoding]; i++) this.setValueWord(copy, i, this.valueWord(ref, i));
    return copy;
  }

  /** Bytes that the entry's own block takes. */
  blockSize(ref: number): number {
    return this.heap.sizeOf(ref);
  }
}

/** Writes an expiry; what does not fit into 64 bits (2^63 - 1 itself is no double) becomes the latest time there is. */
function writeExpiry(view: Uint32Array, word: number, expireAt: number): void {
  const fits = expireAt < 2 ** 63;
  view[word + 1] = fits ? expireAt : 0xffffffff;
  view[word + 2] = fits ? Math.floor(expireAt / 0x100000000) : 0x7fffffff;
}

/** Bytes between the start of an entry and its key's length. */
function keyOffset(header: number): number {
  return 4 + (header & EXPIRY_BIT) + (VALUE_WORDS[(header >>> ENCODING_SHIFT) & 15] << 2);
}
