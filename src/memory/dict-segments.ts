/**
 * The table under a dict (see dict.ts): a directory, and segments that grow, split, shrink and merge. What an element is,
 * how it is found and in what order they are visited is the dict's.
 *
 * A change moves at most one segment, or merges two: 4 KiB.
 */

import {
  bytesFor,
  COUNT,
  DEPTH,
  DIRECTORY_SLACK,
  ENTRY_BYTES,
  FLAG,
  FLAGGED,
  HASH_BITS,
  HASH_MASK,
  HEADER_BYTES,
  HEADER_WORDS,
  HOMES,
  homeSlot,
  homesOf,
  nextSegment,
  ROOT_BYTES,
  ROOT_DEEPEST,
  ROOT_DEPTH,
  ROOT_DIRECTORY,
  ROOT_FLAGGED,
  ROOT_GRANULES,
  ROOT_SEGMENTS,
  ROOT_SIZE,
  SEGMENT_BYTES_MAX,
  SEGMENT_BYTES_MIN,
  SHAPE_DEPTH,
  SLOTS,
} from "./dict-layout";
import { Heap, HeapFullError, NIL, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";

/** Moves a block, or leaves it; returns where it is then (see Heap.relocate). */
export type Mover = (block: number) => number;

export class DictSegments {
  /** Elements. */
  size = 0;
  /** Elements whose flag is set. */
  flagged = 0;
  /** Segments, and the bytes that they take. */
  segments = 0;
  segmentBytes = 0;

  // What the root says, copied by open() and written back by save().
  protected root = 0;
  protected rootView: Uint32Array;
  protected rootWord = 0;
  protected depth = 0;
  protected deepest = 0;
  /** The directory's block, the view of its heap segment, and the word where it begins. */
  protected directory = 0;
  protected entries: Uint32Array;
  protected firstEntry = 0;
  /** The element that was found last; 0: none, or the dict has been changed since. */
  protected foundRef = 0;

  constructor(protected readonly heap: Heap) {
    this.rootView = heap.u32[0];
    this.entries = heap.u32[0];
  }

  /** Makes an empty dict and opens it. Returns its root. Throws HeapFullError if there is no memory for it. */
  create(): number {
    const { heap } = this;
    const root = heap.allocate(ROOT_BYTES);
    let directory = 0;
    try {
      directory = heap.allocate(ENTRY_BYTES);
      heap.u32[root >>> SEGMENT_SHIFT].fill(
        0,
        (root & SEGMENT_MASK) << 1,
        ((root & SEGMENT_MASK) << 1) + ROOT_BYTES / 4,
      );
      this.open(root);
      this.useDirectory(directory);
      this.point(0, 0, this.createSegment(SEGMENT_BYTES_MIN, 0));
    } catch (error) {
      heap.free(root);
      if (directory !== 0) heap.free(directory);
      throw error;
    }
    this.save();
    return root;
  }

  /** Elements of the dict with this root. */
  static sizeOf(heap: Heap, root: number): number {
    return heap.u32[root >>> SEGMENT_SHIFT][((root & SEGMENT_MASK) << 1) + ROOT_SIZE];
  }

  /** Turns to the dict with this root. Has to be done again after another window has changed that dict. */
  open(root: number): void {
    this.look(root);
  }

  private look(root: number): void {
    const view = this.heap.u32[root >>> SEGMENT_SHIFT];
    const word = (root & SEGMENT_MASK) << 1;
    this.root = root;
    this.rootView = view;
    this.rootWord = word;
    this.size = view[word + ROOT_SIZE];
    this.flagged = view[word + ROOT_FLAGGED];
    this.depth = view[word + ROOT_DEPTH];
    this.segments = view[word + ROOT_SEGMENTS];
    this.segmentBytes = view[word + ROOT_GRANULES] * 8;
    this.deepest = view[word + ROOT_DEEPEST];
    this.useDirectory(view[word + ROOT_DIRECTORY]);
  }

  /** Writes what may have changed to the root. */
  protected save(): void {
    const view = this.rootView;
    const word = this.rootWord;
    view[word + ROOT_SIZE] = this.size;
    view[word + ROOT_FLAGGED] = this.flagged;
    view[word + ROOT_DEPTH] = this.depth;
    view[word + ROOT_SEGMENTS] = this.segments;
    view[word + ROOT_GRANULES] = this.segmentBytes / 8;
    view[word + ROOT_DIRECTORY] = this.directory;
    view[word + ROOT_DEEPEST] = this.deepest;
  }

  protected freeRoot(): void {
    this.heap.free(this.directory);
    this.heap.free(this.root);
  }

  /** Goes on with one segment, the only one that is left, and no elements. */
  protected restart(segment: number): void {
    const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
    const base = (segment & SEGMENT_MASK) << 1;
    view.fill(0, base + HEADER_WORDS, base + HEADER_WORDS + (view[base + SLOTS] << 1));
    view[base + COUNT] = 0;
    view[base + FLAGGED] = 0;
    view[base + DEPTH] = 0;
    this.depth = 0;
    this.deepest = 1;
    this.point(0, 0, segment);
    this.size = 0;
    this.flagged = 0;
    this.shrink(segment, 0);
    try {
      this.replaceDirectory(0);
    } catch (error) {
      // Then the directory stays larger than it has to be.
      if (!(error instanceof HeapFullError)) throw error;
    }
  }

  /** Directory entries. */
  get directorySize(): number {
    return 1 << this.depth;
  }

  /** Bytes of the index: segments, directory and root. */
  get bytes(): number {
    return this.segmentBytes + this.heap.sizeOf(this.directory) + ROOT_BYTES;
  }

  /** Places for elements, taken or not. Walks the directory: for figures only. */
  get slots(): number {
    let slots = 0;
    for (let position = 0; position <= HASH_MASK; ) {
      const segment = this.segmentAt(position);
      slots += this.header(segment, SLOTS);
      position = nextSegment(position, this.header(segment, DEPTH));
    }
    return slots;
  }

  /** Lets root and directory be moved. Returns the root: whoever keeps it has to be told. */
  moveRoot(move: Mover): number {
    const directory = move(this.directory);
    if (directory !== this.directory) {
      this.useDirectory(directory);
      this.save();
    }
    const root = move(this.root);
    // It is the same dict, and who guards it goes on.
    if (root !== this.root) this.look(root);
    return root;
  }

  /** Lets the segment at position `cursor` be moved. Returns the position of the next segment, or 0 at the end. */
  moveSegment(cursor: number, move: Mover): number {
    const segment = this.segmentAt(cursor);
    const depth = this.header(segment, DEPTH);
    const moved = move(segment);
    this.foundRef = 0;
    if (moved !== segment) this.point(cursor, depth, moved);
    const next = nextSegment(cursor, depth);
    return next > HASH_MASK ? 0 : next;
  }

  // --- segments -------------------------------------------------------------------------------------------------

  /** The segment that holds a position of hash space. */
  protected segmentAt(position: number): number {
    return this.entries[this.firstEntry + ((position >>> (HASH_BITS - this.depth)) << 1)];
  }

  protected header(segment: number, field: number): number {
    return this.heap.u32[segment >>> SEGMENT_SHIFT][((segment & SEGMENT_MASK) << 1) + field];
  }

  protected createSegment(bytes: number, depth: number): number {
    const block = this.heap.allocate(bytes);
    const size = this.heap.sizeOf(block);
    const view = this.heap.u32[block >>> SEGMENT_SHIFT];
    const base = (block & SEGMENT_MASK) << 1;
    const slots = (size - HEADER_BYTES) >>> 3;
    view.fill(0, base, base + (size >>> 2));
    view[base + SLOTS] = slots;
    // Slots beyond the last home take what the end of the table pushes up.
    view[base + HOMES] = homesOf(slots);
    view[base + DEPTH] = depth;
    this.segments++;
    this.segmentBytes += size;
    if (depth === this.depth) this.deepest++;
    return block;
  }

  protected freeSegment(segment: number): void {
    if (this.header(segment, DEPTH) === this.depth) this.deepest--;
    this.segments--;
    this.segmentBytes -= this.heap.sizeOf(segment);
    this.heap.free(segment);
  }

  protected enlarge(segment: number, hash: number): void {
    const bytes = this.heap.sizeOf(segment);
    const depth = this.header(segment, DEPTH);
    const collides = depth === this.depth && 1 << this.depth >= this.segments * DIRECTORY_SLACK;
    if (bytes < SEGMENT_BYTES_MAX || collides || depth >= HASH_BITS - 1) {
      this.rebuild(segment, hash, Heap.roundUp(bytes + Math.max(64, bytes >>> 4)));
    } else {
      this.split(segment, hash);
    }
    this.save();
  }

  /** Moves a segment to a block of another size. */
  protected rebuild(segment: number, hash: number, bytes: number): void {
    const depth = this.header(segment, DEPTH);
    let target = this.createSegment(bytes, depth);
    while (!this.copyRange(segment, target, 0, HASH_MASK)) target = this.widen(target);
    this.point(hash, depth, target);
    this.freeSegment(segment);
  }

  protected split(segment: number, hash: number): void {
    const depth = this.header(segment, DEPTH);
    if (depth === this.depth) this.doubleDirectory();
    const width = depth + 1;
    const shift = HASH_BITS - width;
    const lowPrefix = (hash >>> shift) & ~1;
    const middle = (lowPrefix | 1) << shift;
    const low = this.copyPart(segment, width, 0, middle - 1);
    const high = this.copySecondPart(segment, width, middle, low);
    this.point(lowPrefix << shift, width, low);
    this.point(middle, width, high);
    this.freeSegment(segment);
  }

  /** The part from `middle` on; if there is no memory for it, the first part goes again. */
  protected copySecondPart(segment: number, depth: number, middle: number, first: number): number {
    try {
      return this.copyPart(segment, depth, middle, HASH_MASK);
    } catch (error) {
      this.freeSegment(first);
      throw error;
    }
  }

  /** A new segment of a fitting size with the elements of `segment` whose hashes lie in [from, to]. */
  protected copyPart(segment: number, depth: number, from: number, to: number): number {
    const count = this.countRange(segment, from, to);
    let part = this.createSegment(bytesFor(count), depth);
    while (!this.copyRange(segment, part, from, to)) part = this.widen(part);
    return part;
  }

  /** Replaces a segment that turned out too small for its elements by an empty, larger one. */
  protected widen(segment: number): number {
    const depth = this.header(segment, DEPTH);
    const bytes = this.heap.sizeOf(segment);
    this.freeSegment(segment);
    return this.createSegment(bytes + (bytes >>> 3) + 8, depth);
  }

  protected countRange(segment: number, from: number, to: number): number {
    const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
    const base = (segment & SEGMENT_MASK) << 1;
    const end = base + HEADER_WORDS + (view[base + SLOTS] << 1);
    let count = 0;
    for (let word = base + HEADER_WORDS; word < end; word += 2) {
      const tag = view[word] & HASH_MASK;
      if (view[word + 1] !== 0 && tag >= from && tag <= to) count++;
    }
    return count;
  }

  /** Appends the elements with hashes in [from, to] to `target`, in order; false when its end is reached. */
  protected copyRange(source: number, target: number, from: number, to: number): boolean {
    const view = this.heap.u32[source >>> SEGMENT_SHIFT];
    const base = (source & SEGMENT_MASK) << 1;
    const end = base + HEADER_WORDS + (view[base + SLOTS] << 1);
    const out = this.heap.u32[target >>> SEGMENT_SHIFT];
    const outBase = (target & SEGMENT_MASK) << 1;
    const outEnd = outBase + HEADER_WORDS + (out[outBase + SLOTS] << 1);
    const depth = out[outBase + DEPTH];
    const homes = out[outBase + HOMES];
    let next = outBase + HEADER_WORDS;
    if (out[outBase + COUNT] > 0) next = this.endOfUsed(out, outBase, outEnd);
    for (let word = base + HEADER_WORDS; word < end; word += 2) {
      const ref = view[word + 1];
      if (ref === 0) continue;
      const tag = view[word];
      const hash = tag & HASH_MASK;
      if (hash < from || hash > to) continue;
      const home = outBase + HEADER_WORDS + (homeSlot(hash, depth, homes) << 1);
      const slot = Math.max(home, next);
      if (slot >= outEnd - 2) return false;
      out[slot] = tag;
      out[slot + 1] = ref;
      out[outBase + COUNT]++;
      if (tag >= FLAG) out[outBase + FLAGGED]++;
      next = slot + 2;
    }
    return true;
  }

  protected endOfUsed(view: Uint32Array, base: number, end: number): number {
    let word = end;
    while (word > base + HEADER_WORDS && view[word - 1] === 0) word -= 2;
    return word;
  }

  /**
   * Gives memory back after removals: merges the segment with its buddy, or moves it to a smaller block. Where there is
   * no memory for the new block, the segment stays as it is: a removal never fails.
   */
  protected shrink(segment: number, hash: number): void {
    try {
      // What was merged may be small enough to be merged again.
      for (let merged = segment; merged !== NIL; ) {
        const next = this.mergeWithBuddy(merged, hash);
        if (next === NIL && merged === segment) this.shrinkBlock(segment, hash);
        merged = next;
      }
    } catch (error) {
      if (!(error instanceof HeapFullError)) throw error;
    }
  }

  /** Moves a segment to a smaller block. If hardly anything would be gained, it stays. */
  protected shrinkBlock(segment: number, hash: number): void {
    const depth = this.header(segment, DEPTH);
    const before = this.heap.sizeOf(segment);
    const worthIt = Math.min(before - 1, Math.max(SEGMENT_BYTES_MIN, before * 0.75));
    const target = this.fit(segment, NIL, depth, worthIt);
    if (target === NIL) return;
    this.point(hash, depth, target);
    this.freeSegment(segment);
  }

  /**
   * Merges a segment with the one beside it if both together fit into half of the largest block. Returns the new one, or
   * NIL.
   */
  protected mergeWithBuddy(segment: number, hash: number): number {
    const depth = this.header(segment, DEPTH);
    if (depth === 0) return NIL;
    const shift = HASH_BITS - depth;
    const lowHash = ((hash >>> shift) & ~1) << shift;
    const highHash = lowHash + 2 ** shift;
    const low = this.segmentAt(lowHash);
    const high = this.segmentAt(highHash);
    const buddy = low === segment ? high : low;
    if (this.header(buddy, DEPTH) !== depth) return NIL;
    const merged = this.fit(low, high, depth - 1, SEGMENT_BYTES_MAX / 2);
    if (merged === NIL) return NIL;
    this.point(lowHash, depth - 1, merged);
    this.freeSegment(low);
    this.freeSegment(high);
    this.halveDirectory();
    return merged;
  }

  /**
   * A new segment with the elements of `low` and, unless that is NIL, of `high`, in a block of at most `limit` bytes. NIL
   * if they do not fit: they may crowd in one part of hash space, so that a larger block is needed than for as many
   * elements spread evenly.
   */
  protected fit(low: number, high: number, depth: number, limit: number): number {
    const total = this.header(low, COUNT) + (high === NIL ? 0 : this.header(high, COUNT));
    for (let bytes = bytesFor(total); bytes <= limit; bytes += bytes >>> 2) {
      const target = this.createSegment(bytes, depth);
      if (this.copyRange(low, target, 0, HASH_MASK) && (high === NIL || this.copyRange(high, target, 0, HASH_MASK))) {
        return target;
      }
      this.freeSegment(target);
    }
    return NIL;
  }

  // --- the directory --------------------------------------------------------------------------------------------

  protected useDirectory(ref: number): void {
    this.directory = ref;
    this.entries = this.heap.u32[ref >>> SEGMENT_SHIFT];
    this.firstEntry = (ref & SEGMENT_MASK) << 1;
  }

  /** Lets the directory entries of the prefix that `hash` has at `depth` point to `segment`. */
  protected point(hash: number, depth: number, segment: number): void {
    const { entries } = this;
    const count = 1 << (this.depth - depth);
    const prefix = depth === 0 ? 0 : hash >>> (HASH_BITS - depth);
    const shape = this.header(segment, HOMES) | (depth << SHAPE_DEPTH);
    let entry = this.firstEntry + ((prefix << (this.depth - depth)) << 1);
    for (const end = entry + (count << 1); entry < end; entry += 2) {
      entries[entry] = segment;
      entries[entry + 1] = shape;
    }
  }

  protected doubleDirectory(): void {
    this.replaceDirectory(this.depth + 1);
    this.deepest = 0;
    this.save();
  }

  /** Halves the directory while no segment needs its depth. */
  protected halveDirectory(): void {
    while (this.depth > 0 && this.deepest === 0) {
      this.replaceDirectory(this.depth - 1);
      this.deepest = this.countDeepest();
      this.save();
    }
  }

  /** Segments whose local depth is that of the directory: each has one entry. */
  protected countDeepest(): number {
    const end = this.firstEntry + (2 << this.depth);
    let count = 0;
    for (let entry = this.firstEntry; entry < end; entry += 2) {
      if (this.entries[entry + 1] >>> SHAPE_DEPTH === this.depth) count++;
    }
    return count;
  }

  /**
   * Puts a directory of another depth in the place of the old one: each entry appears twice in one that is deeper by
   * one, and every second one is left out when it is less deep.
   */
  protected replaceDirectory(depth: number): void {
    const old = this.directory;
    const from = this.entries;
    const first = this.firstEntry;
    const grow = Math.max(0, depth - this.depth);
    const skip = Math.max(0, this.depth - depth);
    this.useDirectory(this.heap.allocate(ENTRY_BYTES << depth));
    const to = this.entries;
    const end = this.firstEntry + (2 << depth);
    for (let i = 0, target = this.firstEntry; target < end; i++, target += 2) {
      const source = first + (((i >>> grow) << skip) << 1);
      to[target] = from[source];
      to[target + 1] = from[source + 1];
    }
    this.depth = depth;
    this.heap.free(old);
  }
}
