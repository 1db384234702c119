/**
 * dict: an extendible hash table (Fagin et al., 1979) whose segments are sorted by hash.
 *
 * Everything is in the heap. The *root* of a dict is a block of eight words:
 *
 *     word 0   elements            word 1   flagged elements           word 2   depth of the directory
 *     word 3   segments            word 4   granules that they take    word 5   ref of the directory
 *     word 6   segments whose local depth is that of the directory     word 7   where drain() goes on
 *
 * A directory indexed by the top bits of a 31-bit hash points to segments; an entry of it is two words:
 *
 *     [ ref of the segment ] [ local depth << 16 | home slots: a copy of what the segment says ]
 *
 * A segment is one heap block:
 *
 *     word 0   elements            word 1   home slots (capacity)      word 2   slots in all
 *     word 3   local depth         word 4   flagged elements
 *     word 5.. slots of two words: [ flag (bit 31) | hash (31 bits) ] [ ref; 0 = empty slot ]
 *
 * Inside a segment the table is linear probing kept in hash order (an element's home slot grows with its hash, and an
 * insert shifts what is larger up by one), so the whole dict, segment after segment, is sorted by hash. That departs
 * from the textbook, and pays three times:
 * - a SCAN cursor is a position in hash space, valid across every split, merge and resize, and an element that is
 *   present all along is returned exactly once;
 * - growing a segment is one pass in order, for any capacity, so segments grow in steps of about a tenth and stay
 *   about four fifths full;
 * - a missing key is known at the first larger hash, and there are no tombstones.
 *
 * A Dict is a window on the dict that it was opened on: one object serves all collections of a type.
 *
 * No insert moves more than one segment (at most 4 KiB). The flag is free for the owner: the keyspace marks elements
 * that have an expiry, so that the expire cycle finds them without touching the others.
 *
 * Invariants: the tags of a segment's occupied slots ascend (equal ones adjoin), and no element lies below its home;
 * the last slot of a segment is empty.
 */

import type { DictGuard } from "./dict-guard";
import type { KeyHasher } from "./hash";
import { Heap, HeapFullError, NIL, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";

/** What the dict has to know about its elements. */
export interface ElementLayout {
  /** Whether the key of the element at `ref` is `buf[start, end)`. */
  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean;
}

/** Moves a block, or leaves it; returns where it is then (see Heap.relocate). */
export type Mover = (block: number) => number;

const ROOT_SIZE = 0;
const ROOT_FLAGGED = 1;
const ROOT_DEPTH = 2;
const ROOT_SEGMENTS = 3;
const ROOT_GRANULES = 4;
const ROOT_DIRECTORY = 5;
const ROOT_DEEPEST = 6;
const ROOT_CURSOR = 7;
const ROOT_BYTES = 32;
const ENTRY_BYTES = 8;

const COUNT = 0;
const HOMES = 1;
const SLOTS = 2;
const DEPTH = 3;
const FLAGGED = 4;
const HEADER_WORDS = 5;
const HEADER_BYTES = HEADER_WORDS * 4;

const HASH_BITS = 31;
const HASH_MASK = 0x7fffffff;
const FLAG = 0x80000000;

const SEGMENT_BYTES_MAX = 4096;
/** Segments are blocks of at least this size. */
export const SEGMENT_BYTES_MIN = 128;
/** A directory this many times larger than the number of segments means that hashes collide: segments grow instead. */
const DIRECTORY_SLACK = 64;
/** Slots of the largest segment that is not made larger by collisions. */
const SLOTS_MAX = (SEGMENT_BYTES_MAX - HEADER_BYTES) >>> 3;
const HOMES_MAX = 0x7fff;
/** randomElement() gives up rejecting after this many tries: a dict that is nearly empty everywhere. */
const RANDOM_TRIES = 500;
const SHAPE_HOMES = 0xffff;
const SHAPE_DEPTH = 16;

export class Dict {
  /** Elements. */
  size = 0;
  /** Elements whose flag is set. */
  flagged = 0;
  /** Segments, and the bytes that they take. */
  segments = 0;
  segmentBytes = 0;

  /** Who has to hear of changes before they happen; null: nobody. */
  guard: DictGuard | null = null;
  /** As guard, of a dict that is a value: hears of lookups, too, as what they find may be changed where it stands. */
  private valueGuard: DictGuard | null = null;

  /** Meaningless: where warm() leaves a sum of what it loaded, so that the compiler does not drop the loads. */
  warmed = 0;

  // What the root says, copied by open() and written back by save().
  private root = 0;
  private rootView: Uint32Array;
  private rootWord = 0;
  private depth = 0;
  private deepest = 0;
  /** The directory's block, the view of its heap segment, and the word where it begins. */
  private directory = 0;
  private entries: Uint32Array;
  private firstEntry = 0;

  // The slot that the last successful find() or insert() stands at. Valid until the dict is next changed.
  private foundView: Uint32Array;
  private foundWord = 0;
  private foundSegment = 0;

  constructor(
    private readonly heap: Heap,
    private readonly hasher: KeyHasher,
    private readonly layout: ElementLayout,
  ) {
    this.rootView = heap.u32[0];
    this.entries = heap.u32[0];
    this.foundView = heap.u32[0];
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
    const { guards } = this.heap;
    // The windows of the keyspace are never opened again: their guard is set from outside.
    if (guards !== null || this.valueGuard !== null) {
      this.valueGuard = guards?.get(root) ?? null;
      this.guard = this.valueGuard;
    }
  }

  private useDirectory(ref: number): void {
    this.directory = ref;
    this.entries = this.heap.u32[ref >>> SEGMENT_SHIFT];
    this.firstEntry = (ref & SEGMENT_MASK) << 1;
  }

  /** Writes what may have changed to the root. */
  private save(): void {
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

  /** Hash of a key, as find() and insert() take it. */
  hash(buf: Uint8Array, start: number, end: number): number {
    return this.hasher.hash(buf, start, end);
  }

  /** Ref of the element with this key, or 0. */
  find(hash: number, buf: Uint8Array, start: number, end: number): number {
    if (this.valueGuard !== null) this.valueGuard.protect(hash);
    const entry = this.firstEntry + ((hash >>> (HASH_BITS - this.depth)) << 1);
    const segment = this.entries[entry];
    const shape = this.entries[entry + 1];
    const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
    let word = slotWord(segment, hash, shape);
    // The last slot of a segment is always empty.
    for (; ; word += 2) {
      const ref = view[word + 1];
      if (ref === 0) return 0;
      const tag = view[word] & HASH_MASK;
      if (tag > hash) return 0;
      if (tag === hash && this.layout.hasKey(ref, buf, start, end)) {
        this.foundView = view;
        this.foundWord = word;
        this.foundSegment = segment;
        return ref;
      }
    }
  }

  /** Whether the element at `ref`, whose key has this hash, is in the dict. As after find(), it is the one found. */
  findRef(hash: number, ref: number): boolean {
    const entry = this.firstEntry + ((hash >>> (HASH_BITS - this.depth)) << 1);
    const segment = this.entries[entry];
    const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
    for (let word = slotWord(segment, hash, this.entries[entry + 1]); ; word += 2) {
      const element = view[word + 1];
      if (element === 0 || (view[word] & HASH_MASK) > hash) return false;
      if (element !== ref) continue;
      this.foundView = view;
      this.foundWord = word;
      this.foundSegment = segment;
      return true;
    }
  }

  /**
   * Loads what find() will need for `count` hashes into the processor's cache: first all slots, then all elements. The
   * loads of one round do not depend on each other, so their cache misses overlap instead of adding up: this is what
   * makes a pipeline of commands on a large dict faster by a third.
   */
  warm(hashes: Int32Array, count: number): void {
    this.warmSlots(hashes, count);
    const { entries, firstEntry, heap } = this;
    const shift = HASH_BITS - this.depth;
    let sink = 0;
    for (let i = 0; i < count; i++) {
      const hash = hashes[i];
      const entry = firstEntry + ((hash >>> shift) << 1);
      const segment = entries[entry];
      const view = heap.u32[segment >>> SEGMENT_SHIFT];
      let word = slotWord(segment, hash, entries[entry + 1]);
      while (view[word + 1] !== 0 && (view[word] & HASH_MASK) < hash) word += 2;
      const ref = view[word + 1];
      sink ^= heap.u32[ref >>> SEGMENT_SHIFT][(ref & SEGMENT_MASK) << 1];
    }
    this.warmed ^= sink;
  }

  /** As warm(), of the slots alone: for keys that are not there, and will be. */
  warmSlots(hashes: Int32Array, count: number): void {
    const { entries, firstEntry, heap } = this;
    const shift = HASH_BITS - this.depth;
    let sink = 0;
    for (let i = 0; i < count; i++) {
      const hash = hashes[i];
      const entry = firstEntry + ((hash >>> shift) << 1);
      const segment = entries[entry];
      sink ^= heap.u32[segment >>> SEGMENT_SHIFT][slotWord(segment, hash, entries[entry + 1])];
    }
    this.warmed = sink;
  }

  /** Adds an element whose key is not in the dict. Throws HeapFullError if there is no memory for it. */
  insert(hash: number, ref: number, flag: boolean): void {
    if (this.guard !== null) this.guard.protect(hash);
    for (;;) {
      const segment = this.segmentAt(hash);
      if (this.placeIn(segment, hash, ref, flag)) break;
      this.enlarge(segment, hash);
    }
    this.save();
  }

  /** The segment that holds a position of hash space. */
  private segmentAt(position: number): number {
    return this.entries[this.firstEntry + ((position >>> (HASH_BITS - this.depth)) << 1)];
  }

  /** Points the element that find() found to a new block. */
  replaceFound(ref: number): void {
    if (this.guard !== null) this.guard.protect(this.foundView[this.foundWord] & HASH_MASK);
    this.foundView[this.foundWord + 1] = ref;
  }

  /** Whether the element that find() found is flagged. */
  get foundFlag(): boolean {
    return this.foundView[this.foundWord] >= FLAG;
  }

  /** Sets or clears the flag of the element that find() found. */
  flagFound(flag: boolean): void {
    if (this.foundFlag === flag) return;
    if (this.guard !== null) this.guard.protect(this.foundView[this.foundWord] & HASH_MASK);
    const tag = this.foundView[this.foundWord] & HASH_MASK;
    this.foundView[this.foundWord] = flag ? tag | FLAG : tag;
    const delta = flag ? 1 : -1;
    this.flagged += delta;
    this.foundView[((this.foundSegment & SEGMENT_MASK) << 1) + FLAGGED] += delta;
    this.save();
  }

  /** Removes the element that find() found. Its block remains the caller's. */
  removeFound(): void {
    if (this.guard !== null) this.guard.protect(this.foundView[this.foundWord] & HASH_MASK);
    const view = this.foundView;
    const segment = this.foundSegment;
    const base = (segment & SEGMENT_MASK) << 1;
    if (view[this.foundWord] >= FLAG) {
      view[base + FLAGGED]--;
      this.flagged--;
    }
    const hash = view[this.foundWord] & HASH_MASK;
    this.closeGap(view, base, this.foundWord);
    this.size--;
    const count = --view[base + COUNT];
    const slots = view[base + SLOTS];
    if (count < slots * 0.35 && count % shrinkStep(slots) === 0) this.shrink(segment, hash);
    this.save();
  }

  /** Removes every element, after a visit: its block is the visitor's to free. Needs no memory. */
  clear(visit: (ref: number) => void): void {
    if (this.valueGuard !== null) this.valueGuard.protectAll();
    const last = this.segmentAt(HASH_MASK);
    for (let position = 0; position <= HASH_MASK; ) {
      const segment = this.segmentAt(position);
      position = nextSegment(position, this.header(segment, DEPTH));
      this.visitAll(segment, visit);
      if (segment !== last) this.freeSegment(segment);
    }
    this.restart(last);
    this.save();
  }

  /** Goes on with one segment, the only one that is left, and no elements. */
  private restart(segment: number): void {
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

  /** Frees a dict that clear() has emptied, the root too. */
  destroy(): void {
    this.heap.free(this.segmentAt(0));
    this.freeRoot();
  }

  private freeRoot(): void {
    this.heap.free(this.directory);
    this.heap.free(this.root);
  }

  /**
   * Takes the dict apart, one segment a call: visits every element of a segment and frees the segment. Returns true when
   * nothing is left, the root neither. The dict is of no other use once this began.
   */
  drain(visit: (ref: number) => void): boolean {
    if (this.valueGuard !== null) this.valueGuard.protectAll();
    const cursor = this.rootView[this.rootWord + ROOT_CURSOR];
    const segment = this.segmentAt(cursor);
    this.visitAll(segment, visit);
    this.size -= this.header(segment, COUNT);
    this.flagged -= this.header(segment, FLAGGED);
    const next = nextSegment(cursor, this.header(segment, DEPTH));
    this.freeSegment(segment);
    if (next > HASH_MASK) {
      this.freeRoot();
      return true;
    }
    this.rootView[this.rootWord + ROOT_CURSOR] = next;
    this.save();
    return false;
  }

  private visitAll(segment: number, visit: (ref: number) => void): void {
    const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
    const base = (segment & SEGMENT_MASK) << 1;
    const end = base + HEADER_WORDS + (view[base + SLOTS] << 1);
    for (let word = base + HEADER_WORDS; word < end; word += 2) {
      if (view[word + 1] !== 0) visit(view[word + 1]);
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

  // --- traversal ---------------------------------------------------------------------------------------------------

  /**
   * Visits elements in hash order from position `cursor` until at least `count` were visited.
   * A position is an integer in [0, 2^31). Returns the position to go on from, or 0 at the end. The visitor must not
   * change the dict. It gets the hash, too.
   */
  scan(cursor: number, count: number, visit: (ref: number, hash: number) => void): number {
    let position = cursor;
    let left = count;
    let last = -1;
    while (position <= HASH_MASK) {
      const segment = this.segmentAt(position);
      const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
      const base = (segment & SEGMENT_MASK) << 1;
      const depth = view[base + DEPTH];
      const end = base + HEADER_WORDS + (view[base + SLOTS] << 1);
      let word = base + HEADER_WORDS + (homeSlot(position, depth, view[base + HOMES]) << 1);
      for (; word < end; word += 2) {
        const ref = view[word + 1];
        if (ref === 0) continue;
        const tag = view[word] & HASH_MASK;
        if (tag < position) continue;
        // Elements with one hash are one position: they are returned together.
        if (left <= 0 && tag !== last) return tag;
        visit(ref, tag);
        left--;
        last = tag;
      }
      position = nextSegment(position, depth);
    }
    return 0;
  }

  /**
   * Visits `count` elements, if there are so many, that adjoin from position `from` on and around the end; with
   * `flaggedOnly` only flagged ones. The visitor must not change the dict. Hashes say nothing of keys: it is a sample.
   */
  sample(from: number, count: number, flaggedOnly: boolean, visit: (ref: number, hash: number) => void): void {
    let left = Math.min(count, flaggedOnly ? this.flagged : this.size);
    for (let position = from; left > 0; ) {
      const segment = this.segmentAt(position);
      const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
      const base = (segment & SEGMENT_MASK) << 1;
      const depth = view[base + DEPTH];
      if (!flaggedOnly || view[base + FLAGGED] > 0) {
        const end = base + HEADER_WORDS + (view[base + SLOTS] << 1);
        let word = base + HEADER_WORDS + (homeSlot(position, depth, view[base + HOMES]) << 1);
        for (; word < end && left > 0; word += 2) {
          if (view[word + 1] === 0 || (flaggedOnly && view[word] < FLAG)) continue;
          visit(view[word + 1], view[word] & HASH_MASK);
          left--;
        }
      }
      position = nextSegment(position, depth);
      if (position > HASH_MASK) position = 0;
    }
  }

  /** Visits the elements with hashes from `from` up to, but not including, `to`. The visitor must not change the dict. */
  scanRange(from: number, to: number, visit: (ref: number) => void): void {
    for (let position = from; position < to; ) {
      // The range is small, and its slots are at hand: the header of the segment is not.
      const entry = this.firstEntry + ((position >>> (HASH_BITS - this.depth)) << 1);
      const segment = this.entries[entry];
      const shape = this.entries[entry + 1];
      const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
      const next = nextSegment(position, shape >>> SHAPE_DEPTH);
      const lastHome = slotWord(segment, Math.min(to, next) - 1, shape);
      for (let word = slotWord(segment, position, shape); ; word += 2) {
        const ref = view[word + 1];
        if (ref === 0 && word >= lastHome) break;
        if (ref === 0) continue;
        const tag = view[word] & HASH_MASK;
        if (tag >= to) return;
        if (tag >= position) visit(ref);
      }
      position = next;
    }
  }

  /**
   * Visits the flagged elements of the first segment from `cursor` that has any, among at most `segments` segments.
   * Returns the position of the segment to go on with, or 0 at the end. The visitor must not change the dict.
   */
  scanFlagged(cursor: number, visit: (ref: number) => void, segments = Number.POSITIVE_INFINITY): number {
    let position = cursor;
    let visited = false;
    for (let left = segments; position <= HASH_MASK; left--) {
      if (left <= 0) return position;
      const segment = this.segmentAt(position);
      const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
      const base = (segment & SEGMENT_MASK) << 1;
      if (view[base + FLAGGED] > 0) {
        if (visited) return position;
        this.visitFlagged(view, base, visit);
        visited = true;
      }
      position = nextSegment(position, view[base + DEPTH]);
    }
    return 0;
  }

  private visitFlagged(view: Uint32Array, base: number, visit: (ref: number) => void): void {
    const end = base + HEADER_WORDS + (view[base + SLOTS] << 1);
    for (let word = base + HEADER_WORDS; word < end; word += 2) {
      if (view[word + 1] !== 0 && view[word] >= FLAG) visit(view[word + 1]);
    }
  }

  /**
   * A random element, or 0 when there is none; with `flaggedOnly` one of the flagged ones.
   * `random(n)` returns an integer in [0, n).
   *
   * By rejection: a random directory entry, thrown away unless it is the first one of its segment, and a random slot of
   * as many as the largest segment has, thrown away unless the segment has an element there. So all elements are equally
   * likely, however full their segments are. (Those of a segment that collisions made larger than usual are less so.)
   */
  randomElement(random: (n: number) => number, flaggedOnly = false): number {
    if ((flaggedOnly ? this.flagged : this.size) === 0) return 0;
    const slots = this.depth === 0 ? this.header(this.segmentAt(0), SLOTS) : SLOTS_MAX;
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const index = random(1 << this.depth);
      const entry = this.firstEntry + (index << 1);
      const span = 1 << (this.depth - (this.entries[entry + 1] >>> SHAPE_DEPTH));
      if ((index & (span - 1)) !== 0) continue;
      const segment = this.entries[entry];
      const slot = random(slots);
      const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
      const base = (segment & SEGMENT_MASK) << 1;
      if (slot >= view[base + SLOTS]) continue;
      const word = base + HEADER_WORDS + (slot << 1);
      if (view[word + 1] !== 0 && (!flaggedOnly || view[word] >= FLAG)) return view[word + 1];
    }
    return this.elementOfRank(random(flaggedOnly ? this.flagged : this.size), flaggedOnly);
  }

  /**
   * The element before which there are `rank` others. It counts from segment to segment, so it takes as long as there are
   * many: for a dict in whose directory elements are too rare to be hit.
   */
  private elementOfRank(rank: number, flaggedOnly: boolean): number {
    let left = rank;
    for (let position = 0; position <= HASH_MASK; ) {
      const segment = this.segmentAt(position);
      const count = this.header(segment, flaggedOnly ? FLAGGED : COUNT);
      if (left < count) return this.elementIn(segment, left, flaggedOnly);
      left -= count;
      position = nextSegment(position, this.header(segment, DEPTH));
    }
    return 0;
  }

  /** The element of a segment before which it has `rank` others. */
  private elementIn(segment: number, rank: number, flaggedOnly: boolean): number {
    const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
    let left = rank;
    for (let word = ((segment & SEGMENT_MASK) << 1) + HEADER_WORDS; ; word += 2) {
      if (view[word + 1] === 0 || (flaggedOnly && view[word] < FLAG)) continue;
      if (left-- === 0) return view[word + 1];
    }
  }

  // --- defragmentation ---------------------------------------------------------------------------------------------

  /** Lets the segment at position `cursor` be moved. Returns the position of the next segment, or 0 at the end. */
  moveSegment(cursor: number, move: Mover): number {
    const segment = this.segmentAt(cursor);
    const depth = this.header(segment, DEPTH);
    const moved = move(segment);
    if (moved !== segment) this.point(cursor, depth, moved);
    const next = nextSegment(cursor, depth);
    return next > HASH_MASK ? 0 : next;
  }

  /**
   * Lets elements be moved, in the order of their hashes from position `cursor` on, and their segment when its first
   * position is come to. Stops at the end of the segment, or when `more` answers false. Returns where to go on, or 0.
   */
  moveElements(cursor: number, move: Mover, visit: Mover, more: () => boolean): number {
    const depth = this.header(this.segmentAt(cursor), DEPTH);
    const isStart = cursor % 2 ** (HASH_BITS - depth) === 0;
    const next = isStart ? this.moveSegment(cursor, move) : nextSegment(cursor, depth);
    const segment = this.segmentAt(cursor);
    const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
    const base = (segment & SEGMENT_MASK) << 1;
    const end = base + HEADER_WORDS + (view[base + SLOTS] << 1);
    let word = base + HEADER_WORDS + (homeSlot(cursor, depth, view[base + HOMES]) << 1);
    let last = -1;
    for (; word < end; word += 2) {
      const ref = view[word + 1];
      const tag = view[word] & HASH_MASK;
      if (ref === 0 || tag < cursor) continue;
      // Elements with one hash are one position.
      if (last >= 0 && tag !== last && !more()) return tag;
      view[word + 1] = visit(ref);
      last = tag;
    }
    return next > HASH_MASK ? 0 : next;
  }

  /** Lets root and directory be moved. Returns the root: whoever keeps it has to be told. */
  moveRoot(move: Mover): number {
    const directory = move(this.directory);
    if (directory !== this.directory) {
      this.useDirectory(directory);
      this.save();
    }
    const root = move(this.root);
    if (root !== this.root) this.open(root);
    return root;
  }

  // --- one segment -------------------------------------------------------------------------------------------------

  /** Puts the element at its place in hash order; false when the segment is full. */
  private placeIn(segment: number, hash: number, ref: number, flag: boolean): boolean {
    const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
    const base = (segment & SEGMENT_MASK) << 1;
    const slots = view[base + SLOTS];
    if (view[base + COUNT] >= fullAt(slots)) return false;
    const end = base + HEADER_WORDS + (slots << 1);
    let word = base + HEADER_WORDS + (homeSlot(hash, view[base + DEPTH], view[base + HOMES]) << 1);
    while (word < end && view[word + 1] !== 0 && (view[word] & HASH_MASK) <= hash) word += 2;
    let gap = word;
    while (gap < end && view[gap + 1] !== 0) gap += 2;
    if (gap >= end - 2) return false;
    for (let to = gap; to > word; to -= 2) {
      view[to] = view[to - 2];
      view[to + 1] = view[to - 1];
    }
    view[word] = flag ? hash | FLAG : hash;
    view[word + 1] = ref;
    view[base + COUNT]++;
    this.size++;
    if (flag) {
      view[base + FLAGGED]++;
      this.flagged++;
    }
    this.foundView = view;
    this.foundWord = word;
    this.foundSegment = segment;
    return true;
  }

  /** Empties the slot at `gap` and moves what follows down, as far as nothing falls below its home. */
  private closeGap(view: Uint32Array, base: number, gap: number): void {
    const depth = view[base + DEPTH];
    const homes = view[base + HOMES];
    const first = base + HEADER_WORDS;
    const end = first + (view[base + SLOTS] << 1);
    let to = gap;
    for (let from = to + 2; from < end && view[from + 1] !== 0; from += 2) {
      if (first + (homeSlot(view[from] & HASH_MASK, depth, homes) << 1) >= from) break;
      view[to] = view[from];
      view[to + 1] = view[from + 1];
      to = from;
    }
    view[to + 1] = 0;
  }

  private createSegment(bytes: number, depth: number): number {
    const block = this.heap.allocate(bytes);
    const size = this.heap.sizeOf(block);
    const view = this.heap.u32[block >>> SEGMENT_SHIFT];
    const base = (block & SEGMENT_MASK) << 1;
    const slots = (size - HEADER_BYTES) >>> 3;
    view.fill(0, base, base + (size >>> 2));
    view[base + SLOTS] = slots;
    // Slots beyond the last home take what the end of the table pushes up.
    view[base + HOMES] = Math.min(HOMES_MAX, slots - Math.min(12, slots >>> 2));
    view[base + DEPTH] = depth;
    this.segments++;
    this.segmentBytes += size;
    if (depth === this.depth) this.deepest++;
    return block;
  }

  private freeSegment(segment: number): void {
    if (this.header(segment, DEPTH) === this.depth) this.deepest--;
    this.segments--;
    this.segmentBytes -= this.heap.sizeOf(segment);
    this.heap.free(segment);
  }

  private header(segment: number, field: number): number {
    return this.heap.u32[segment >>> SEGMENT_SHIFT][((segment & SEGMENT_MASK) << 1) + field];
  }

  // --- growing and shrinking ---------------------------------------------------------------------------------------

  private enlarge(segment: number, hash: number): void {
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
  private rebuild(segment: number, hash: number, bytes: number): void {
    const depth = this.header(segment, DEPTH);
    let target = this.createSegment(bytes, depth);
    while (!this.copyRange(segment, target, 0, HASH_MASK)) target = this.widen(target);
    this.point(hash, depth, target);
    this.freeSegment(segment);
  }

  private split(segment: number, hash: number): void {
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
  private copySecondPart(segment: number, depth: number, middle: number, first: number): number {
    try {
      return this.copyPart(segment, depth, middle, HASH_MASK);
    } catch (error) {
      this.freeSegment(first);
      throw error;
    }
  }

  /** A new segment of a fitting size with the elements of `segment` whose hashes lie in [from, to]. */
  private copyPart(segment: number, depth: number, from: number, to: number): number {
    const count = this.countRange(segment, from, to);
    let part = this.createSegment(bytesFor(count), depth);
    while (!this.copyRange(segment, part, from, to)) part = this.widen(part);
    return part;
  }

  /** Replaces a segment that turned out too small for its elements by an empty, larger one. */
  private widen(segment: number): number {
    const depth = this.header(segment, DEPTH);
    const bytes = this.heap.sizeOf(segment);
    this.freeSegment(segment);
    return this.createSegment(bytes + (bytes >>> 3) + 8, depth);
  }

  private countRange(segment: number, from: number, to: number): number {
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
  private copyRange(source: number, target: number, from: number, to: number): boolean {
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

  private endOfUsed(view: Uint32Array, base: number, end: number): number {
    let word = end;
    while (word > base + HEADER_WORDS && view[word - 1] === 0) word -= 2;
    return word;
  }

  /** Lets the directory entries of the prefix that `hash` has at `depth` point to `segment`. */
  private point(hash: number, depth: number, segment: number): void {
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

  private doubleDirectory(): void {
    this.replaceDirectory(this.depth + 1);
    this.deepest = 0;
    this.save();
  }

  /** Halves the directory while no segment needs its depth. */
  private halveDirectory(): void {
    while (this.depth > 0 && this.deepest === 0) {
      this.replaceDirectory(this.depth - 1);
      this.deepest = this.countDeepest();
      this.save();
    }
  }

  /** Segments whose local depth is that of the directory: each has one entry. */
  private countDeepest(): number {
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
  private replaceDirectory(depth: number): void {
    const old = this.directory;
    const from = this.entries;
    const first = this.firstEntry;
    const grow = Math.max(0, depth - this.depth);
    const skip = Math.max(0, this.depth - depth);
    this.useDirectory(this.heap.allocate(ENTRY_BYTES << depth));
    for (let i = 0; i < 1 << depth; i++) {
      const source = first + (((i >>> grow) << skip) << 1);
      const target = this.firstEntry + (i << 1);
      this.entries[target] = from[source];
      this.entries[target + 1] = from[source + 1];
    }
    this.depth = depth;
    this.heap.free(old);
  }

  /**
   * Gives memory back after removals: merges the segment with its buddy, or moves it to a smaller block. Where there is
   * no memory for the new block, the segment stays as it is: a removal never fails.
   */
  private shrink(segment: number, hash: number): void {
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
  private shrinkBlock(segment: number, hash: number): void {
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
  private mergeWithBuddy(segment: number, hash: number): number {
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
  private fit(low: number, high: number, depth: number, limit: number): number {
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
}

/** Home slot of a hash in a segment of this depth: the bits behind the segment's prefix, scaled to its capacity. */
function homeSlot(hash: number, depth: number, homes: number): number {
  return ((((hash << depth) & HASH_MASK) >>> 15) * homes) >>> 16;
}

/** Word, in its heap segment, of the home slot of a hash. */
function slotWord(segment: number, hash: number, shape: number): number {
  const home = homeSlot(hash, shape >>> SHAPE_DEPTH, shape & SHAPE_HOMES);
  return ((segment & SEGMENT_MASK) << 1) + HEADER_WORDS + (home << 1);
}

/** First position of the segment behind the one that holds `position`; above HASH_MASK at the end. */
function nextSegment(position: number, depth: number): number {
  const width = 2 ** (HASH_BITS - depth);
  return (Math.floor(position / width) + 1) * width;
}

/** Elements at which a segment of this many slots counts as full. */
function fullAt(slots: number): number {
  return slots - (slots >>> 3) - 1;
}

/** A segment of this many slots tries to shrink whenever its elements have become this much fewer, and when it is empty. */
function shrinkStep(slots: number): number {
  return (slots >>> 4) + 1;
}

/** Block size for a segment with this many elements and some room. */
function bytesFor(count: number): number {
  const bytes = HEADER_BYTES + ((count + (count >>> 2) + 4) << 3);
  return Math.max(SEGMENT_BYTES_MIN, bytes);
}
