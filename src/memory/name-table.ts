/**
 * A table of blocks in the order of their names: the groups of a stream, the consumers of a group.
 *
 *     word 0    blocks
 *     word 1..  their refs, ascending by name
 *
 * A block holds its own name, the length at a word that is the same in all of them and the bytes behind it. Names compare
 * as bytes; of two of which one begins with the other, the shorter comes first. A table without blocks is no block at all,
 * but ref 0.
 *
 * Finding is a binary search. Adding and removing move what lies behind: tables are short, and even a hundred thousand
 * names move in some ten microseconds.
 *
 * A flyweight. insert can move the table and remove can free it: the owner writes `ref` back.
 */

import { equalBytes } from "../util/bytes";
import { type Heap, HeapFullError, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";

export class NameTable {
  /** Where the table is; 0 while it is empty. */
  ref = 0;
  /** Where the last find() found the name, or where it belongs. */
  slot = 0;

  /** @param nameWord the word of a block at which the length of its name is */
  constructor(
    private readonly heap: Heap,
    private readonly nameWord: number,
  ) {}

  open(ref: number): void {
    this.ref = ref;
  }

  /** Blocks. */
  get size(): number {
    return this.ref === 0 ? 0 : this.heap.u32[this.ref >>> SEGMENT_SHIFT][wordOf(this.ref)];
  }

  /** Bytes that the table takes. */
  get bytes(): number {
    return this.ref === 0 ? 0 : this.heap.sizeOf(this.ref);
  }

  /** The block at a position in the order of names. */
  at(slot: number): number {
    return this.heap.u32[this.ref >>> SEGMENT_SHIFT][wordOf(this.ref) + 1 + slot];
  }

  /** A copy of the refs of all blocks, in the order of names. */
  refs(): Uint32Array {
    if (this.ref === 0) return new Uint32Array(0);
    const first = wordOf(this.ref) + 1;
    return this.heap.u32[this.ref >>> SEGMENT_SHIFT].slice(first, first + this.size);
  }

  /** Puts another block in the place of one with the same name. */
  setAt(slot: number, block: number): void {
    this.heap.u32[this.ref >>> SEGMENT_SHIFT][wordOf(this.ref) + 1 + slot] = block;
  }

  /** The block with this name, or 0. */
  find(buf: Uint8Array, start: number, end: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = this.at(middle);
      const order = this.compareName(block, buf, start, end);
      if (order === 0) {
        this.slot = middle;
        return block;
      }
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    this.slot = low;
    return 0;
  }

  /** Negative, 0 or positive as the name of a block is below, equal to or above buf[start, end). */
  private compareName(block: number, buf: Uint8Array, start: number, end: number): number {
    const bytes = this.heap.u8[block >>> SEGMENT_SHIFT];
    const length = this.heap.u32[block >>> SEGMENT_SHIFT][wordOf(block) + this.nameWord];
    const at = ((block & SEGMENT_MASK) << 3) + (this.nameWord + 1) * 4;
    const common = Math.min(length, end - start);
    if (!equalBytes(bytes, at, buf, start, common)) {
      let i = 0;
      while (bytes[at + i] === buf[start + i]) i++;
      return bytes[at + i] - buf[start + i];
    }
    return length - (end - start);
  }

  /** Adds a block, whose name find() has just not found. Throws HeapFullError, and has changed nothing then. */
  insert(block: number): void {
    const { size, slot } = this;
    this.makeRoom(size);
    const words = this.heap.u32[this.ref >>> SEGMENT_SHIFT];
    const first = wordOf(this.ref) + 1;
    words.copyWithin(first + slot + 1, first + slot, first + size);
    words[first + slot] = block;
    words[first - 1] = size + 1;
  }

  private makeRoom(size: number): void {
    const needed = (size + 2) * 4;
    if (this.ref !== 0 && needed <= this.heap.sizeOf(this.ref)) return;
    // Half of itself more each time, so that many names cost few moves.
    this.move(this.heap.allocate(needed + (size >>> 1) * 4), size);
  }

  private move(ref: number, size: number): void {
    const words = this.heap.u32[ref >>> SEGMENT_SHIFT];
    words[wordOf(ref)] = size;
    if (this.ref !== 0) {
      const from = this.heap.u32[this.ref >>> SEGMENT_SHIFT];
      const first = wordOf(this.ref) + 1;
      words.set(from.subarray(first, first + size), wordOf(ref) + 1);
      this.heap.free(this.ref);
    }
    this.ref = ref;
  }

  /** Takes the block at a position out of the table. Needs no memory. */
  remove(slot: number): void {
    const size = this.size - 1;
    if (size === 0) {
      this.heap.free(this.ref);
      this.ref = 0;
      return;
    }
    const words = this.heap.u32[this.ref >>> SEGMENT_SHIFT];
    const first = wordOf(this.ref) + 1;
    words.copyWithin(first + slot, first + slot + 1, first + size + 1);
    words[first - 1] = size;
    if ((size + 1) * 4 < this.heap.sizeOf(this.ref) >>> 2) this.shrink(size);
  }

  private shrink(size: number): void {
    try {
      this.move(this.heap.allocate((size + 1 + (size >>> 1)) * 4), size);
    } catch (error) {
      if (!(error instanceof HeapFullError)) throw error;
    }
  }
}

function wordOf(ref: number): number {
  return (ref & SEGMENT_MASK) << 1;
}
