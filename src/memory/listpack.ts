/**
 * Listpack: a list of strings and integers in one heap block, byte for byte as Redis keeps it, so that RDB files and
 * DUMP can copy it. All small collections are one; large lists and streams are made of many.
 *
 *     u32            bytes in all, this header and the end byte included
 *     u16            elements; 65535: more than fit here, count them
 *     elements
 *     0xff           end
 *
 * An element is its encoding, its data, and the length of both again behind them, which is how to walk backwards:
 *
 *     0vvvvvvv                          integer 0 to 127
 *     10llllll data                     string of up to 63 bytes
 *     110vvvvv v                        integer of 13 bits, two's complement, high bits first
 *     1110llll l data                   string of up to 4095 bytes, high bits of the length first
 *     11110000 l l l l data             string of any length, little endian
 *     11110001 to 11110100              integer of 2, 3, 4 or 8 bytes, little endian
 *     back length                       1 to 5 groups of 7 bits, most significant first; all but the first have bit 7 set
 *
 * A string that is exactly what a 64-bit integer prints as is kept as that integer, in the shortest encoding.
 *
 * `Listpack` is a flyweight: one object serves all listpacks, one at a time. An element is addressed by its position,
 * the absolute byte offset in `bytes`; 0 is no position. A change moves what stands behind it and can move the whole
 * block: afterwards `ref` is where the listpack is now, the owner writes that back to where the ref was, and of the
 * positions only the one that was returned is valid. The block is as large as needed, rounded up by the heap; it moves
 * to a smaller one when half of it is unused.
 *
 * A listpack that *floats* (openFloating) may begin behind a gap of `gap` bytes in its block, which its owner remembers
 * beside `ref`: then what is added at its front or removed there moves the header only, and not all elements.
 *
 * A change that throws HeapFullError has changed nothing. Removing never throws.
 *
 * Invariants: the encodings of `append` and the like are the shortest ones, but nothing here relies on that (a file may
 * hold others); a listpack stays below LISTPACK_MAX, which the owner checks with `canAdd`.
 */

import { assert } from "../util/assert";
import { copyBytes, equalBytes } from "../util/bytes";
import { int64, int64FromNumber, isSafeInt64, MAX_INT64_TEXT, parseInt64, writeInt64 } from "../util/integers";
import { Heap, HeapFullError, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";
import { LARGEST_CLASS } from "./size-classes";

/** Bytes of a listpack without elements. */
export const LISTPACK_EMPTY = 7;
/** No listpack becomes larger than this (1 GiB). */
export const LISTPACK_MAX = 2 ** 30;

/** Bytes before the first element. */
export const LISTPACK_HEADER = 6;
const COUNT_UNKNOWN = 0xffff;
const END = 0xff;

/** Head of a string of up to 63 bytes: what is added is its length. */
export const STRING_6 = 0x80;
const INTEGER_13 = 0xc0;
const STRING_12 = 0xe0;
const STRING_32 = 0xf0;
const INTEGER_16 = 0xf1;
const INTEGER_24 = 0xf2;
const INTEGER_32 = 0xf3;
const INTEGER_64 = 0xf4;

/** Shorter moves are done by a loop: the call of copyWithin costs more. */
const SHIFT_LOOP_MAX = 32;
const SHIFT_PIECE = 2048;
/** Text shorter than this has a head of one byte, and a back length of one. */
const SHORT_TEXT = 64;
/** Blocks up to this size are not exchanged for smaller ones. */
const SMALL_BLOCK = 64;

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

export class Listpack {
  /** Where the listpack is. */
  ref = 0;
  /** The heap's segment that it is in. */
  bytes: Buffer;
  /** Offset of its first byte in `bytes`. */
  start = 0;
  /** Bytes of the block before the listpack; 0 unless it floats. */
  gap = 0;

  /** What read() found: the element's text is value[at, at + length). Valid until the next change or read(). */
  value: Uint8Array;
  at = 0;
  length = 0;
  /** Whether the element is kept as an integer. */
  isInteger = false;
  /** The integer, if it is one and a safe one (below 2^53), else NaN. */
  integer = Number.NaN;
  /** Elements that find() or findLast() looked at before the one that they returned. */
  passed = 0;

  private floats = false;
  private readonly digits = Buffer.alloc(MAX_INT64_TEXT + 1);

  constructor(readonly heap: Heap) {
    this.bytes = heap.u8[0];
    this.value = this.digits;
  }

  /** Makes an empty listpack, opens it and returns its ref. */
  create(): number {
    return this.createSized(LISTPACK_EMPTY);
  }

  /** As create(), in a block that has room for `bytes` bytes in all. */
  createSized(bytes: number): number {
    this.open(this.heap.allocate(blockBytes(bytes)));
    this.setLength(LISTPACK_EMPTY);
    this.setCount(0);
    this.bytes[this.start + LISTPACK_HEADER] = END;
    return this.ref;
  }

  /** As create(), of a copy of the listpack buf[at, at + length), which must be a sound one. */
  createFrom(buf: Uint8Array, at: number, length: number): number {
    return this.createCopy(this.heap.allocate(blockBytes(length)), buf, at, length);
  }

  /** As createFrom(), of one that will hardly grow, with `spare` bytes to spare. */
  createTight(buf: Uint8Array, at: number, length: number, spare: number): number {
    return this.createCopy(this.heap.allocateTight(length + spare), buf, at, length);
  }

  private createCopy(ref: number, buf: Uint8Array, at: number, length: number): number {
    this.open(ref);
    copyBytes(buf, at, this.bytes, this.start, length);
    return ref;
  }

  /** Opens the listpack at `ref`: everything else speaks of it from now on. */
  open(ref: number): void {
    this.place(ref, 0);
    this.floats = false;
  }

  /** As open(), of one behind a gap, which changes may widen or narrow. */
  openFloating(ref: number, gap: number): void {
    this.place(ref, gap);
    this.floats = true;
  }

  private place(ref: number, gap: number): void {
    this.ref = ref;
    this.gap = gap;
    this.bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    this.start = ((ref & SEGMENT_MASK) << 3) + gap;
  }

  /** Sees to a block with room for `total` bytes in all: a change that stays within them needs no memory. */
  reserve(total: number): void {
    if (this.gap + total > this.heap.sizeOf(this.ref)) this.relocate(blockBytes(total));
  }

  /** Moves to the smallest block that fits, with room for `more` bytes, if there is memory for it: it will not grow. */
  fit(more: number): void {
    const bytes = this.byteLength + more;
    if (Heap.roundUpTight(bytes) >= this.heap.sizeOf(this.ref)) return;
    try {
      this.moveTo(this.heap.allocateTight(bytes));
    } catch (error) {
      if (!(error instanceof HeapFullError)) throw error;
    }
  }

  private relocate(bytes: number): void {
    this.moveTo(this.heap.allocate(bytes));
  }

  private moveTo(ref: number): void {
    copyBytes(this.bytes, this.start, this.heap.u8[ref >>> SEGMENT_SHIFT], (ref & SEGMENT_MASK) << 3, this.byteLength);
    this.heap.free(this.ref);
    this.place(ref, 0);
  }

  /** Frees the block. */
  free(): void {
    this.heap.free(this.ref);
  }

  /** The ref of a copy in a block of its own. This one stays open. */
  copy(): number {
    const total = this.byteLength;
    const ref = this.heap.allocate(blockBytes(total));
    copyBytes(this.bytes, this.start, this.heap.u8[ref >>> SEGMENT_SHIFT], (ref & SEGMENT_MASK) << 3, total);
    return ref;
  }

  // --- header ------------------------------------------------------------------------------------------------------

  /** Elements. Up to 65,534 of them are read off; more are counted. */
  get count(): number {
    const count = this.storedCount;
    return count === COUNT_UNKNOWN ? this.countAll() : count;
  }

  /** Bytes in all, header and end included. */
  get byteLength(): number {
    return long(this.bytes, this.start);
  }

  private setLength(length: number): void {
    writeLong(this.bytes, this.start, length);
  }

  /** Whether `more` bytes can be added without exceeding LISTPACK_MAX. */
  canAdd(more: number): boolean {
    return this.byteLength + more <= LISTPACK_MAX;
  }

  private get storedCount(): number {
    const { bytes, start } = this;
    return bytes[start + 4] | (bytes[start + 5] << 8);
  }

  private setCount(count: number): void {
    const at = this.start + 4;
    this.bytes[at] = count;
    this.bytes[at + 1] = count >>> 8;
  }

  /** Counts elements one by one, and stores the count if it fits. */
  private countAll(): number {
    let count = 0;
    for (let p = this.first(); p !== 0; p = this.next(p)) count++;
    if (count < COUNT_UNKNOWN) this.setCount(count);
    return count;
  }

  /** Counts an insertion, as long as the count is known. */
  private countOneMore(): void {
    const count = this.storedCount;
    if (count !== COUNT_UNKNOWN) this.setCount(count + 1);
  }

  // --- walking -----------------------------------------------------------------------------------------------------

  /** The first element, or 0. */
  first(): number {
    const p = this.start + LISTPACK_HEADER;
    return this.bytes[p] === END ? 0 : p;
  }

  /** The last element, or 0. */
  last(): number {
    return this.previous(this.start + this.byteLength - 1);
  }

  /** The element behind `p`, or 0. */
  next(p: number): number {
    const { bytes } = this;
    const following = p + elementBytes(bytes, p);
    return bytes[following] === END ? 0 : following;
  }

  /** The element before `p` (an element, or the end byte), or 0. */
  previous(p: number): number {
    if (p === this.start + LISTPACK_HEADER) return 0;
    const { bytes } = this;
    let at = p - 1;
    let byte = bytes[at];
    if (byte < 0x80) return at - byte;
    let length = byte & 0x7f;
    let unit = 128;
    do {
      byte = bytes[--at];
      length += (byte & 0x7f) * unit;
      unit *= 128;
    } while (byte >= 0x80);
    return at - length;
  }

  /** The element at an index, from the end for negative ones (-1 is the last); 0 if there is none. */
  seek(index: number): number {
    const count = this.storedCount;
    if (count === COUNT_UNKNOWN) return index < 0 ? this.stepBack(-1 - index) : this.stepForward(index);
    const wanted = index < 0 ? count + index : index;
    if (wanted < 0 || wanted >= count) return 0;
    return wanted <= count >>> 1 ? this.stepForward(wanted) : this.stepBack(count - 1 - wanted);
  }

  private stepForward(steps: number): number {
    let p = this.first();
    for (let i = steps; i > 0 && p !== 0; i--) p = this.next(p);
    return p;
  }

  private stepBack(steps: number): number {
    let p = this.last();
    for (let i = steps; i > 0 && p !== 0; i--) p = this.previous(p);
    return p;
  }

  // --- reading -----------------------------------------------------------------------------------------------------

  /** Reads the element at `p` into value, at, length, isInteger and integer. */
  read(p: number): void {
    const { bytes } = this;
    const head = bytes[p];
    if (head >= STRING_6 && head < INTEGER_13) this.setText(p + 1, head & 0x3f);
    else if (head >= STRING_12 && head < STRING_32) this.setText(p + 2, ((head & 15) << 8) | bytes[p + 1]);
    else if (head === STRING_32) this.setText(p + 5, long(bytes, p + 1) >>> 0);
    else this.readInteger(p);
  }

  /** read() and next() in one. */
  readNext(p: number): number {
    const { bytes } = this;
    const head = bytes[p];
    if (head < STRING_6 || head >= INTEGER_13) {
      this.read(p);
      return this.next(p);
    }
    const length = head & 0x3f;
    this.setText(p + 1, length);
    const following = p + 2 + length;
    return bytes[following] === END ? 0 : following;
  }

  private setText(at: number, length: number): void {
    this.value = this.bytes;
    this.at = at;
    this.length = length;
    this.isInteger = false;
    this.integer = Number.NaN;
  }

  private readInteger(p: number): void {
    decodeInteger(this.bytes, p);
    this.value = this.digits;
    this.at = 0;
    this.length = writeInt64(int64.hi, int64.lo, this.digits, 0);
    this.isInteger = true;
    this.integer = safeInteger();
  }

  /** The integer at `p`, without its digits; NaN if the element is text, or no safe integer. */
  integerAt(p: number): number {
    const head = this.bytes[p];
    if (head < STRING_6) return head;
    if (!isIntegerHead(head)) return Number.NaN;
    decodeInteger(this.bytes, p);
    return safeInteger();
  }

  /** Bytes that the element at `p` takes. */
  bytesAt(p: number): number {
    return elementBytes(this.bytes, p);
  }

  /** Whether the element at `p` has this text, whichever way it is kept. */
  equals(p: number, buf: Uint8Array, start: number, end: number): boolean {
    const { bytes } = this;
    const head = bytes[p];
    if (head >= STRING_6 && head < INTEGER_13) {
      const length = end - start;
      return (head & 0x3f) === length && equalBytes(bytes, p + 1, buf, start, length);
    }
    if (!isIntegerHead(head)) return this.equalsText(p, buf, start, end);
    if (!isIntegerText(buf, start, end)) return false;
    const { hi, lo } = int64;
    decodeInteger(bytes, p);
    return int64.hi === hi && int64.lo === lo;
  }

  /** As equals(), of an element that is not kept as an integer. */
  private equalsText(p: number, buf: Uint8Array, start: number, end: number): boolean {
    const { bytes } = this;
    const length = end - start;
    const head = bytes[p];
    if (head < INTEGER_13) return (head & 0x3f) === length && equalBytes(bytes, p + 1, buf, start, length);
    if (head === STRING_32) {
      return long(bytes, p + 1) >>> 0 === length && equalBytes(bytes, p + 5, buf, start, length);
    }
    return (((head & 15) << 8) | bytes[p + 1]) === length && equalBytes(bytes, p + 2, buf, start, length);
  }

  /**
   * The first element with this text from `p` on (0: nowhere); `skip` elements are passed over between two that are
   * looked at. 0 if there is none.
   */
  find(p: number, buf: Uint8Array, start: number, end: number, skip: number): number {
    return this.search(p, buf, start, end, skip + 1);
  }

  /** As find(), towards the beginning: the last such element up to `p`. */
  findLast(p: number, buf: Uint8Array, start: number, end: number): number {
    return this.search(p, buf, start, end, -1);
  }

  /** Looks at every `stride`th element from `p` on, backwards if negative. */
  private search(p: number, buf: Uint8Array, start: number, end: number, stride: number): number {
    const isNumber = isIntegerText(buf, start, end);
    const { hi, lo } = int64;
    const { bytes } = this;
    let at = p;
    let passed = 0;
    while (at !== 0) {
      if (!isIntegerHead(bytes[at])) {
        if (this.equalsText(at, buf, start, end)) break;
      } else if (isNumber) {
        decodeInteger(bytes, at);
        if (int64.hi === hi && int64.lo === lo) break;
      }
      if (stride < 0) at = this.previous(at);
      else for (let i = stride; i > 0 && at !== 0; i--) at = this.next(at);
      passed++;
    }
    this.passed = passed;
    return at;
  }

  // --- changing ----------------------------------------------------------------------------------------------------
  // The text buf[start, end) must not lie in this listpack's own block. Each returns the position of the element.

  /** Inserts an element before the one at `p`. */
  insertBefore(p: number, buf: Uint8Array, start: number, end: number): number {
    const at = this.put(p, 0, buf, start, end);
    this.countOneMore();
    return at;
  }

  /** Inserts an element behind the one at `p`. */
  insertAfter(p: number, buf: Uint8Array, start: number, end: number): number {
    return this.insertBefore(p + elementBytes(this.bytes, p), buf, start, end);
  }

  append(buf: Uint8Array, start: number, end: number): number {
    return this.addShort(true, buf, start, end) || this.insertBefore(this.endPosition, buf, start, end);
  }

  prepend(buf: Uint8Array, start: number, end: number): number {
    return this.addShort(false, buf, start, end) || this.insertBefore(this.start + LISTPACK_HEADER, buf, start, end);
  }

  /**
   * append() or prepend() of what is added most often: text of up to 63 bytes where there is room for it already. Returns
   * 0 where it is anything else, and has done nothing then.
   */
  private addShort(atEnd: boolean, buf: Uint8Array, start: number, end: number): number {
    const { bytes } = this;
    const length = end - start;
    if (length >= SHORT_TEXT || mayBeInteger(buf, start, end)) return 0;
    const added = length + 2;
    const total = long(bytes, this.start) + added;
    const count = this.storedCount + 1;
    if (count >= COUNT_UNKNOWN) return 0;
    if (atEnd ? this.gap + total > this.heap.sizeOf(this.ref) : added > this.gap) return 0;
    if (!atEnd) {
      this.gap -= added;
      this.start -= added;
    }
    const at = atEnd ? this.start + total - added - 1 : this.start + LISTPACK_HEADER;
    if (atEnd) bytes[at + added] = END;
    this.setLength(total);
    this.setCount(count);
    bytes[at] = STRING_6 | length;
    copyBytes(buf, start, bytes, at + 1, length);
    bytes[at + 1 + length] = length + 1;
    return at;
  }

  /** Appends a safe integer. */
  appendInteger(n: number): number {
    int64FromNumber(n);
    const at = this.putInteger(this.endPosition, 0);
    this.countOneMore();
    return at;
  }

  /** Puts another element in the place of the one at `p`. */
  replace(p: number, buf: Uint8Array, start: number, end: number): number {
    const { bytes } = this;
    const length = end - start;
    // Most often: a short string by one of the same length, so that only its bytes change.
    if (bytes[p] === (STRING_6 | length) && length < 64 && !isIntegerText(buf, start, end)) {
      copyBytes(buf, start, bytes, p + 1, length);
      return p;
    }
    return this.put(p, elementBytes(this.bytes, p), buf, start, end);
  }

  /** Puts a safe integer in the place of the element at `p`. */
  replaceInteger(p: number, n: number): number {
    if (this.bytes[p] < STRING_6 && n >= 0 && n < STRING_6) {
      this.bytes[p] = n;
      return p;
    }
    int64FromNumber(n);
    return this.putInteger(p, elementBytes(this.bytes, p));
  }

  /**
   * Removes `count` elements from `p` on, or as many as there are. Returns the position of what follows them, or 0 at
   * the end.
   */
  remove(p: number, count = 1): number {
    const { bytes } = this;
    if (count === 1 && this.removeEdge(p)) return bytes[p] === END ? 0 : this.start + LISTPACK_HEADER;
    let end = p;
    let removed = 0;
    for (; removed < count && bytes[end] !== END; removed++) end += elementBytes(bytes, end);
    const known = this.storedCount;
    const at = this.resize(p, end - p, 0);
    if (known !== COUNT_UNKNOWN) this.setCount(known - removed);
    return this.bytes[at] === END ? 0 : at;
  }

  /**
   * Removes the element at `p` if it is the last one, or the first one of a listpack that floats, and nothing has to move.
   * False if not: nothing was done.
   */
  private removeEdge(p: number): boolean {
    const { bytes, start } = this;
    const removed = elementBytes(bytes, p);
    const total = long(bytes, start) - removed;
    const isLast = p + removed === start + total + removed - 1;
    if (!isLast && !(this.floats && p === start + LISTPACK_HEADER)) return false;
    const count = this.storedCount;
    if (count === COUNT_UNKNOWN || this.mayShrink(total)) return false;
    if (isLast) {
      bytes[p] = END;
    } else {
      this.gap += removed;
      this.start += removed;
    }
    this.setLength(total);
    this.setCount(count - 1);
    return true;
  }

  /** Whether a listpack that has become smaller, of `total` bytes now, moves to a smaller block. */
  private mayShrink(total: number): boolean {
    return isOversized(this.heap.sizeOf(this.ref), total);
  }

  /**
   * Moves the elements from `p` on into a new listpack and returns its ref; this one stays open, and keeps the ones
   * before `p`. `count` is how many are moved.
   */
  splitBefore(p: number, count: number): number {
    const moved = this.endPosition - p;
    const block = this.heap.allocate(blockBytes(LISTPACK_EMPTY + moved));
    const bytes = this.heap.u8[block >>> SEGMENT_SHIFT];
    const at = (block & SEGMENT_MASK) << 3;
    copyBytes(this.bytes, p, bytes, at + LISTPACK_HEADER, moved + 1);
    this.heap.u32[block >>> SEGMENT_SHIFT][at >>> 2] = LISTPACK_EMPTY + moved;
    bytes[at + 4] = Math.min(count, COUNT_UNKNOWN);
    bytes[at + 5] = Math.min(count, COUNT_UNKNOWN) >>> 8;
    const known = this.storedCount;
    this.resize(p, moved, 0);
    if (known !== COUNT_UNKNOWN) this.setCount(known - count);
    return block;
  }

  /** Appends all elements of another listpack, which another flyweight has opened. */
  appendAll(other: Listpack): void {
    const total = Math.min(this.count + other.count, COUNT_UNKNOWN);
    const added = other.byteLength - LISTPACK_EMPTY;
    const at = this.resize(this.endPosition, 0, added);
    copyBytes(other.bytes, other.start + LISTPACK_HEADER, this.bytes, at, added);
    this.setCount(total);
  }

  /**
   * Accounts for `count` elements that were written behind the last one, from endPosition up to `end`, by a
   * ListpackWriter. The block has room for them: see reserve().
   */
  extend(end: number, count: number): void {
    this.bytes[end] = END;
    this.setLength(end + 1 - this.start);
    const known = this.storedCount;
    if (known !== COUNT_UNKNOWN) this.setCount(Math.min(known + count, COUNT_UNKNOWN));
  }

  /** The position of the end byte. */
  get endPosition(): number {
    return this.start + this.byteLength - 1;
  }

  /** Writes an element over the `removed` bytes at `p`. Returns where it is. */
  private put(p: number, removed: number, buf: Uint8Array, start: number, end: number): number {
    if (isIntegerText(buf, start, end)) return this.putInteger(p, removed);
    const length = end - start;
    const encoded = length + stringHeadBytes(length);
    const at = this.resize(p, removed, encoded + backLengthBytes(encoded));
    const { bytes } = this;
    const dataAt = writeStringHead(bytes, at, length);
    copyBytes(buf, start, bytes, dataAt, length);
    writeBackLength(bytes, dataAt + length, encoded);
    return at;
  }

  /** As put(), of the integer in `int64`. */
  private putInteger(p: number, removed: number): number {
    const encoded = integerBytes();
    const at = this.resize(p, removed, encoded + 1);
    writeInteger(this.bytes, at, encoded);
    this.bytes[at + encoded] = encoded;
    return at;
  }

  /** Makes room for `added` bytes in the place of `removed` ones at `p`. Returns where `p` is then. */
  private resize(p: number, removed: number, added: number): number {
    if (removed === added) return p;
    const { gap } = this;
    const total = this.byteLength;
    const wanted = total - removed + added;
    const capacity = this.heap.sizeOf(this.ref);
    const atFront = this.floats && p === this.start + LISTPACK_HEADER;
    if (wanted > capacity) return this.move(p, removed, added, wanted, atFront);
    if (removed > added && this.mayShrink(wanted)) {
      const moved = this.tryMove(p, removed, added, wanted, atFront);
      if (moved !== 0) return moved;
    }
    if (atFront) return this.resizeFront(added - removed, wanted, capacity - wanted);
    let at = p;
    if (gap + wanted > capacity) at -= this.slide((capacity - wanted) >>> 1);
    shift(this.bytes, at + removed, at + added, this.start + total);
    this.setLength(wanted);
    return at;
  }

  /** As resize(), at the front of one that floats: moves the header `delta` bytes towards the block's beginning. */
  private resizeFront(delta: number, wanted: number, spare: number): number {
    // Half of what the block has to spare: the other half is for the end.
    if (delta > this.gap) this.slide(delta + ((spare + 1) >>> 1));
    const count = this.storedCount;
    this.gap -= delta;
    this.start -= delta;
    this.setLength(wanted);
    this.setCount(count);
    return this.start + LISTPACK_HEADER;
  }

  /** Puts the listpack behind another gap in its block. Returns how much nearer to the block's beginning it is then. */
  private slide(gap: number): number {
    const nearer = this.gap - gap;
    const { start } = this;
    this.bytes.copyWithin(start - nearer, start, start + this.byteLength);
    this.gap = gap;
    this.start = start - nearer;
    return nearer;
  }

  /** Puts a listpack that floats at the beginning of its block. It does not float any more. */
  ground(): void {
    if (this.gap !== 0) this.slide(0);
    this.floats = false;
  }

  /** As resize(), into a new block; what it has to spare is at the front if `atFront`. */
  private move(p: number, removed: number, added: number, wanted: number, atFront: boolean): number {
    assert(wanted <= LISTPACK_MAX, "listpack too large");
    const ref = this.heap.allocate(blockBytes(wanted));
    const { bytes, start } = this;
    const head = p - start;
    const tail = start + this.byteLength - p - removed;
    const old = this.ref;
    this.place(ref, atFront ? this.heap.sizeOf(ref) - wanted : 0);
    copyBytes(bytes, start, this.bytes, this.start, head);
    copyBytes(bytes, p + removed, this.bytes, this.start + head + added, tail);
    this.heap.free(old);
    this.setLength(wanted);
    return this.start + head;
  }

  /** As move(), but 0 if there is no memory: what removes has to work without. */
  private tryMove(p: number, removed: number, added: number, wanted: number, atFront: boolean): number {
    try {
      return this.move(p, removed, added, wanted, atFront);
    } catch (error) {
      if (error instanceof HeapFullError) return 0;
      throw error;
    }
  }

  // --- sizes -------------------------------------------------------------------------------------------------------

  /** Bytes that an element with this text takes in a listpack. */
  static elementBytes(buf: Uint8Array, start: number, end: number): number {
    if (isIntegerText(buf, start, end)) return integerBytes() + 1;
    const encoded = end - start + stringHeadBytes(end - start);
    return encoded + backLengthBytes(encoded);
  }

  /** Bytes that a safe integer takes in a listpack. */
  static integerBytes(n: number): number {
    int64FromNumber(n);
    return integerBytes() + 1;
  }
}

/** Bytes of the block for a listpack of `total`: a large one has an eighth to spare, as smaller ones in their class. */
function blockBytes(total: number): number {
  return total <= LARGEST_CLASS ? total : total + (total >>> 3);
}

/** Whether a block of `capacity` bytes is exchanged for a smaller one when `total` of them are left in use. */
export function isOversized(capacity: number, total: number): boolean {
  return capacity > SMALL_BLOCK && total <= capacity >>> 1;
}

/** Moves bytes[from, end) to `to`, in the same array. */
function shift(bytes: Buffer, from: number, to: number, end: number): void {
  if (end - from > SHIFT_LOOP_MAX) shiftLong(bytes, from, to, end);
  else if (to < from) for (let i = from; i < end; i++) bytes[to - from + i] = bytes[i];
  else for (let i = end - 1; i >= from; i--) bytes[to - from + i] = bytes[i];
}

function shiftLong(bytes: Buffer, from: number, to: number, end: number): void {
  let at = from;
  if (to < from) {
    // memmove copies long ranges in a way that takes five times as long when they overlap like this: 4 KB take 200 ns
    // towards the beginning, 45 ns towards the end, and 90 ns in two pieces.
    for (; end - at > SHIFT_PIECE; at += SHIFT_PIECE) bytes.copyWithin(to - from + at, at, at + SHIFT_PIECE);
  }
  bytes.copyWithin(to - from + at, at, end);
}

// --- elements ------------------------------------------------------------------------------------------------------

/** Whether an element that begins with this byte is kept as an integer. */
export function isIntegerHead(head: number): boolean {
  return head < STRING_6 || (head >= INTEGER_13 && head < STRING_12) || head > STRING_32;
}

/** Whether this text is kept as an integer, which is in `int64` then. */
export function isIntegerText(buf: Uint8Array, start: number, end: number): boolean {
  return mayBeInteger(buf, start, end) && parseInt64(buf, start, end);
}

/** Whether this text, by its length and its ends, may be an integer: most text is none, and that says so. */
export function mayBeInteger(buf: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0 || length > MAX_INT64_TEXT) return false;
  const first = buf[start];
  if (first > NINE || (first < ZERO && first !== MINUS)) return false;
  const last = buf[end - 1];
  return last <= NINE && last >= ZERO;
}

/** Bytes of the element at `p`, its back length included. */
export function elementBytes(bytes: Uint8Array, p: number): number {
  const head = bytes[p];
  if (head < STRING_6) return 2;
  if (head < INTEGER_13) return 2 + (head & 0x3f);
  const encoded = encodedBytes(bytes, p, head);
  return encoded + backLengthBytes(encoded);
}

/** Bytes of the element at `p` without its back length. */
export function encodingBytes(bytes: Uint8Array, p: number): number {
  const head = bytes[p];
  if (head < STRING_6) return 1;
  return head < INTEGER_13 ? 1 + (head & 0x3f) : encodedBytes(bytes, p, head);
}

/** The same for one whose first byte is `head`, from INTEGER_13 on. */
function encodedBytes(bytes: Uint8Array, p: number, head: number): number {
  if (head < STRING_12) return 2;
  if (head < STRING_32) return 2 + (((head & 15) << 8) | bytes[p + 1]);
  if (head === STRING_32) return 5 + (long(bytes, p + 1) >>> 0);
  return head === INTEGER_64 ? 9 : head - STRING_32 + 2;
}

/** Bytes of a back length. The limits of the longer ones are one less than seven bits a byte can hold: so is Redis's. */
export function backLengthBytes(length: number): number {
  if (length <= 127) return 1;
  if (length < 0x3fff) return 2;
  if (length < 0x1fffff) return 3;
  return length < 0xfffffff ? 4 : 5;
}

export function writeBackLength(bytes: Uint8Array, at: number, length: number): void {
  if (length <= 127) {
    bytes[at] = length;
    return;
  }
  const count = backLengthBytes(length);
  let rest = length;
  for (let i = at + count - 1; i > at; i--) {
    bytes[i] = 0x80 | rest;
    rest >>>= 7;
  }
  bytes[at] = rest;
}

/** Bytes before the data of a string. */
export function stringHeadBytes(length: number): number {
  if (length < 64) return 1;
  return length < 4096 ? 2 : 5;
}

/** Writes what stands before a string of this length, and returns the position behind it. */
export function writeStringHead(bytes: Uint8Array, at: number, length: number): number {
  if (length < 64) {
    bytes[at] = STRING_6 | length;
    return at + 1;
  }
  if (length < 4096) {
    bytes[at] = STRING_12 | (length >>> 8);
    bytes[at + 1] = length;
    return at + 2;
  }
  bytes[at] = STRING_32;
  writeLong(bytes, at + 1, length);
  return at + 5;
}

/** Bytes of the integer in `int64` without its back length: 1, 2, 3, 4, 5 or 9, which also says its encoding. */
export function integerBytes(): number {
  const value = int64.lo | 0;
  if (int64.hi !== value >> 31) return 9;
  if (value >= 0 && value <= 127) return 1;
  if (value >= -4096 && value <= 4095) return 2;
  if (value >= -0x8000 && value <= 0x7fff) return 3;
  return value >= -0x800000 && value <= 0x7fffff ? 4 : 5;
}

/** Writes the integer in `int64`; `encoded` is what integerBytes() said. */
export function writeInteger(bytes: Uint8Array, at: number, encoded: number): void {
  const { hi, lo } = int64;
  if (encoded === 1) {
    bytes[at] = lo;
  } else if (encoded === 2) {
    bytes[at] = INTEGER_13 | ((lo >>> 8) & 0x1f);
    bytes[at + 1] = lo;
  } else if (encoded === 9) {
    bytes[at] = INTEGER_64;
    writeLong(bytes, at + 1, lo);
    writeLong(bytes, at + 5, hi);
  } else {
    bytes[at] = INTEGER_16 + encoded - 3;
    for (let i = 0; i < encoded - 1; i++) bytes[at + 1 + i] = lo >>> (i * 8);
  }
}

/** Reads the integer element at `p` into `int64`. */
export function decodeInteger(bytes: Uint8Array, p: number): void {
  const head = bytes[p];
  const value = integerWord(bytes, p, head);
  int64.lo = value >>> 0;
  int64.hi = head === INTEGER_64 ? long(bytes, p + 5) : value >> 31;
}

/** The integer element at `p` if it is from 0 to 2^31 - 1; else, or if it is none, a negative number. */
export function naturalAt(bytes: Uint8Array, p: number): number {
  const head = bytes[p];
  return isIntegerHead(head) && head <= INTEGER_32 ? integerWord(bytes, p, head) : -1;
}

/** The integer element at `p` if it is kept in up to 32 bits; NaN if it is not, or is none. */
export function int32ElementAt(bytes: Uint8Array, p: number): number {
  const head = bytes[p];
  return isIntegerHead(head) && head <= INTEGER_32 ? integerWord(bytes, p, head) : Number.NaN;
}

/** The integer element at `p`, whose first byte is `head`; of one of 64 bits the lower word. */
function integerWord(bytes: Uint8Array, p: number, head: number): number {
  if (head < STRING_6) return head;
  if (head < STRING_12) return ((((head & 0x1f) << 8) | bytes[p + 1]) << 19) >> 19;
  if (head === INTEGER_16) return ((bytes[p + 1] << 16) | (bytes[p + 2] << 24)) >> 16;
  if (head === INTEGER_24) return ((bytes[p + 1] << 8) | (bytes[p + 2] << 16) | (bytes[p + 3] << 24)) >> 8;
  return long(bytes, p + 1);
}

/** The integer in `int64` as a number, or NaN from 2^53 on. */
function safeInteger(): number {
  return isSafeInt64(int64.hi, int64.lo) ? int64.hi * 0x1_0000_0000 + int64.lo : Number.NaN;
}

/** Bytes in all of the listpack at `at`. */
export function listpackBytes(bytes: Uint8Array, at: number): number {
  return long(bytes, at);
}

/** Writes the header of the listpack at `at`: its bytes in all, and its elements, of which there are less than 65535. */
export function writeListpackHeader(bytes: Uint8Array, at: number, total: number, count: number): void {
  writeLong(bytes, at, total);
  bytes[at + 4] = count;
  bytes[at + 5] = count >>> 8;
}

/** As int32At(), for this module alone: when the callers share that one, XADD takes some 8% longer. */
function long(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function writeLong(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
