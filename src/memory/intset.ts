/**
 * intset: a sorted array of distinct integers in one heap block, in the bytes that Redis keeps and writes to RDB files.
 *
 *     word 0   bytes an integer takes: 2, 4 or 8            word 1   number of integers
 *     then     the integers, ascending, little endian, two's complement
 *
 * All integers have the width that the widest one ever added needed; a removal never makes them narrower, as in Redis.
 * An integer is a pair (hi, lo) as in util/integers.ts. The block is as large as the integers need; it grows within its
 * size class, and shrinks when a quarter of it would be free.
 *
 * IntSet is a flyweight: open(ref) looks at another set. A change may move the block, so the owner writes `ref` back to
 * where it keeps it. A change that throws HeapFullError has changed nothing, and a removal throws nothing.
 *
 * Invariants: the integers ascend strictly; each fits the width.
 */

import { Heap, HeapFullError, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";

const HEADER_BYTES = 8;
const HEADER_WORDS = 2;
const COUNT = 1;

const NARROW = 2;
const MEDIUM = 4;
const WIDE = 8;

/** Least width that holds the integer. */
function widthOf(hi: number, lo: number): number {
  const low = lo | 0;
  if (hi !== low >> 31) return WIDE;
  return low >= -0x8000 && low <= 0x7fff ? NARROW : MEDIUM;
}

export class IntSet {
  /** The block: changes when it moves. */
  ref = 0;
  /** Integers in the set. */
  count = 0;
  /** Bytes of each. */
  width = NARROW;
  /** The integer that get() read: hi signed, lo unsigned. */
  hi = 0;
  lo = 0;
  /** Where contains() found the integer, or where it would stand. */
  position = 0;

  private bytes: Buffer;
  private words: Uint32Array;
  /** Where the block begins, in words. */
  private base = 0;

  constructor(private readonly heap: Heap) {
    this.bytes = heap.u8[0];
    this.words = heap.u32[0];
  }

  /** A new empty set, opened; returns its ref. */
  create(): number {
    this.locate(this.heap.allocate(HEADER_BYTES));
    this.words[this.base] = NARROW;
    this.words[this.base + COUNT] = 0;
    this.width = NARROW;
    this.count = 0;
    return this.ref;
  }

  /** Looks at the set at `ref` from now on. */
  open(ref: number): void {
    this.locate(ref);
    this.width = this.words[this.base];
    this.count = this.words[this.base + COUNT];
  }

  private locate(ref: number): void {
    this.ref = ref;
    this.bytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    this.words = this.heap.u32[ref >>> SEGMENT_SHIFT];
    this.base = (ref & SEGMENT_MASK) << 1;
  }

  /** Bytes of the set as Redis would write it. */
  get byteLength(): number {
    return HEADER_BYTES + this.count * this.width;
  }

  free(): void {
    this.heap.free(this.ref);
  }

  /** Ref of a copy; this set stays open. */
  copy(): number {
    const { bytes, base, byteLength } = this;
    const copy = this.heap.allocate(byteLength);
    bytes.copy(this.heap.u8[copy >>> SEGMENT_SHIFT], Heap.offset(copy), base * 4, base * 4 + byteLength);
    return copy;
  }

  // --- reading -----------------------------------------------------------------------------------------------------

  /** Reads integer number `index`, from 0, into `hi` and `lo`. */
  get(index: number): void {
    if (this.width === WIDE) {
      const word = this.base + HEADER_WORDS + 2 * index;
      this.lo = this.words[word];
      this.hi = this.words[word + 1] | 0;
    } else {
      const value = this.narrow(index);
      this.lo = value >>> 0;
      this.hi = value >> 31;
    }
  }

  /** Integer number `index` of a set that is not WIDE. */
  private narrow(index: number): number {
    if (this.width === MEDIUM) return this.words[this.base + HEADER_WORDS + index] | 0;
    const at = this.base * 4 + HEADER_BYTES + 2 * index;
    return ((this.bytes[at] | (this.bytes[at + 1] << 8)) << 16) >> 16;
  }

  /** Whether the integer is in the set; leaves its place in `position`. */
  contains(hi: number, lo: number): boolean {
    if (widthOf(hi, lo) > this.width) {
      this.position = hi < 0 ? 0 : this.count;
      return false;
    }
    return this.width === WIDE ? this.searchWide(hi, lo) : this.searchNarrow(lo | 0);
  }

  private searchNarrow(value: number): boolean {
    let low = 0;
    let high = this.count;
    // Integers often come in ascending order.
    if (high > 0 && this.narrow(high - 1) < value) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.narrow(middle) < value) low = middle + 1;
      else high = middle;
    }
    this.position = low;
    return low < this.count && this.narrow(low) === value;
  }

  private searchWide(hi: number, lo: number): boolean {
    const { words } = this;
    const first = this.base + HEADER_WORDS;
    let low = 0;
    let high = this.count;
    if (high > 0 && this.isBelow(high - 1, hi, lo)) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBelow(middle, hi, lo)) low = middle + 1;
      else high = middle;
    }
    this.position = low;
    const word = first + 2 * low;
    return low < this.count && words[word] === lo && (words[word + 1] | 0) === hi;
  }

  /** Whether integer number `index` of a WIDE set is below (hi, lo). */
  private isBelow(index: number, hi: number, lo: number): boolean {
    const word = this.base + HEADER_WORDS + 2 * index;
    const upper = this.words[word + 1] | 0;
    return upper < hi || (upper === hi && this.words[word] < lo);
  }

  // --- changing ----------------------------------------------------------------------------------------------------

  /** Adds an integer; false if it is there already. */
  add(hi: number, lo: number): boolean {
    if (this.contains(hi, lo)) return false;
    const width = widthOf(hi, lo);
    if (width > this.width) this.widen(width);
    else this.makeRoom(this.byteLength + this.width);
    this.openGap(this.position);
    this.write(this.position, hi, lo);
    this.setCount(this.count + 1);
    return true;
  }

  /** Removes an integer; false if it is not there. */
  remove(hi: number, lo: number): boolean {
    if (!this.contains(hi, lo)) return false;
    this.removeAt(this.position);
    return true;
  }

  /** Removes integer number `index`. */
  removeAt(index: number): void {
    const to = this.base * 4 + HEADER_BYTES + index * this.width;
    this.bytes.copyWithin(to, to + this.width, this.base * 4 + this.byteLength);
    this.setCount(this.count - 1);
    this.shrink();
  }

  private setCount(count: number): void {
    this.count = count;
    this.words[this.base + COUNT] = count;
  }

  /** Moves the integers from `index` on up by one. */
  private openGap(index: number): void {
    if (index === this.count) return;
    const from = this.base * 4 + HEADER_BYTES + index * this.width;
    this.bytes.copyWithin(from + this.width, from, this.base * 4 + this.byteLength);
  }

  private write(index: number, hi: number, lo: number): void {
    writeInteger(this.words, this.bytes, this.base, this.width, index, hi, lo);
  }

  /** Moves to a larger block unless this one holds `bytes`. */
  private makeRoom(bytes: number): void {
    if (bytes > this.heap.sizeOf(this.ref)) this.moveTo(this.heap.allocate(bytes));
  }

  /** Moves to another block, which holds what there is. */
  private moveTo(block: number): void {
    const from = this.base * 4;
    this.bytes.copy(this.heap.u8[block >>> SEGMENT_SHIFT], Heap.offset(block), from, from + this.byteLength);
    this.heap.free(this.ref);
    this.locate(block);
  }

  /** Moves to a block with room for one more integer, in which all have another width. */
  private widen(width: number): void {
    const { heap, count } = this;
    const ref = heap.allocate(HEADER_BYTES + (count + 1) * width);
    const bytes = heap.u8[ref >>> SEGMENT_SHIFT];
    const words = heap.u32[ref >>> SEGMENT_SHIFT];
    const base = (ref & SEGMENT_MASK) << 1;
    for (let i = 0; i < count; i++) {
      this.get(i);
      writeInteger(words, bytes, base, width, i, this.hi, this.lo);
    }
    heap.free(this.ref);
    this.locate(ref);
    this.width = width;
    words[base] = width;
    words[base + COUNT] = count;
  }

  private shrink(): void {
    const size = this.heap.sizeOf(this.ref);
    // Adding and removing in turn must not move the block each time.
    if (Heap.roundUp(this.byteLength) > size - (size >>> 2)) return;
    try {
      this.moveTo(this.heap.allocate(this.byteLength));
    } catch (error) {
      // Without memory for a smaller block the larger one stays.
      if (!(error instanceof HeapFullError)) throw error;
    }
  }
}

/** Writes integer number `index` of a set of this width that begins at word `base`. */
function writeInteger(
  words: Uint32Array,
  bytes: Uint8Array,
  base: number,
  width: number,
  index: number,
  hi: number,
  lo: number,
): void {
  if (width === WIDE) {
    const word = base + HEADER_WORDS + 2 * index;
    words[word] = lo;
    words[word + 1] = hi;
  } else if (width === MEDIUM) {
    words[base + HEADER_WORDS + index] = lo;
  } else {
    const at = base * 4 + HEADER_BYTES + 2 * index;
    bytes[at] = lo;
    bytes[at + 1] = lo >>> 8;
  }
}
