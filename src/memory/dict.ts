/**
 * dict: an extendible hash table (Fagin et al., 1979) whose segments are sorted by hash.
 *
 * Everything is in the heap: a root, a directory indexed by the top bits of a 31-bit hash, and segments of slots
 * (`dict-layout.ts`). How segments come and go is in `dict-segments.ts`; here is what is done with elements.
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
 */

import type { DictGuard } from "./dict-guard";
import {
  COUNT,
  DEPTH,
  FLAG,
  FLAGGED,
  fullAt,
  HASH_BITS,
  HASH_MASK,
  HEADER_WORDS,
  HOMES,
  homeSlot,
  nextSegment,
  ROOT_CURSOR,
  SHAPE_DEPTH,
  SHAPE_HOMES,
  SLOTS,
  SLOTS_MAX,
  shrinkStep,
  slotsOf,
  slotWord,
} from "./dict-layout";
import { DictSegments, type Mover } from "./dict-segments";
import type { KeyHasher } from "./hash";
import { BEYOND_CACHE, type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";

/** randomElement() gives up rejecting after this many tries: a dict that is nearly empty everywhere. */
const RANDOM_TRIES = 500;
/** Slots of which the elements are loaded together: enough for their misses to overlap, few enough to stay in the cache. */
const ROW_SLOTS = 32;

/** What the dict has to know about its elements. */
export interface ElementLayout {
  /** Whether the key of the element at `ref` is `buf[start, end)`. */
  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean;
}

export class Dict extends DictSegments {
  /** Who has to hear of changes before they happen; null: nobody. */
  guard: DictGuard | null = null;
  /** As guard, of a dict that is a value: hears of lookups, too, as what they find may be changed where it stands. */
  private valueGuard: DictGuard | null = null;

  /** Meaningless: where warm() leaves a sum of what it loaded, so that the compiler does not drop the loads. */
  warmed = 0;

  // The slot that the last successful find() or insert() stands at, and its element (see DictSegments.foundRef). Valid
  // until the dict is next changed.
  private foundView: Uint32Array;
  private foundWord = 0;
  private foundSegment = 0;

  constructor(
    heap: Heap,
    private readonly hasher: KeyHasher,
    private readonly layout: ElementLayout,
  ) {
    super(heap);
    this.foundView = heap.u32[0];
  }

  override open(root: number): void {
    super.open(root);
    this.foundRef = 0;
    const { guards } = this.heap;
    // The windows of the keyspace are never opened again: their guard is set from outside.
    if (guards !== null || this.valueGuard !== null) {
      this.valueGuard = guards?.get(root) ?? null;
      this.guard = this.valueGuard;
    }
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
        this.foundRef = ref;
        return ref;
      }
    }
  }

  /** Ref of the element found last, if it has this key and the dict has not been changed since; else 0: ask find(). */
  findAgain(buf: Uint8Array, start: number, end: number): number {
    const { foundRef } = this;
    return foundRef !== 0 && this.layout.hasKey(foundRef, buf, start, end) ? foundRef : 0;
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
      this.foundRef = ref;
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
    this.warmElements(hashes, count);
  }

  /** As warm(), and what insert() will need for those that are missing. */
  warmAll(hashes: Int32Array, count: number): void {
    this.warmToRemove(hashes, count);
    this.warmElements(hashes, count);
  }

  /** As warm(), and what removeFound() will need, of elements that are in the cache. */
  warmToRemove(hashes: Int32Array, count: number): void {
    this.warmSlots(hashes, count);
    const { heap } = this;
    let sink = 0;
    for (let i = 0; i < count; i++) {
      const segment = this.segmentAt(hashes[i]);
      sink ^= heap.u32[segment >>> SEGMENT_SHIFT][((segment & SEGMENT_MASK) << 1) + COUNT];
    }
    this.warmed ^= sink;
  }

  /** Loads the elements that have one of these hashes. */
  private warmElements(hashes: Int32Array, count: number): void {
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
      if ((view[word] & HASH_MASK) !== hash) continue;
      const ref = view[word + 1];
      sink ^= heap.u32[ref >>> SEGMENT_SHIFT][(ref & SEGMENT_MASK) << 1];
    }
    this.warmed ^= sink;
  }

  /** Loads the elements of the slots view[from, to), which are visited next: their cache misses overlap then. Returns `to`. */
  private warmRow(view: Uint32Array, from: number, to: number): number {
    const { heap } = this;
    let sink = 0;
    for (let word = from + 1; word < to; word += 2) {
      const ref = view[word];
      sink ^= heap.u32[ref >>> SEGMENT_SHIFT][(ref & SEGMENT_MASK) << 1];
    }
    this.warmed ^= sink;
    return to;
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
      this.foundRef = 0;
      this.enlarge(segment, hash);
    }
    this.save();
  }

  /** Adds the element at `ref`, whose key is buf[start, end), unless this key is there already: then false. */
  insertNew(hash: number, ref: number, buf: Uint8Array, start: number, end: number): boolean {
    if (this.find(hash, buf, start, end) !== 0) return false;
    this.insert(hash, ref, false);
    return true;
  }

  /** Hash of the element found last. */
  get foundHash(): number {
    return this.foundView[this.foundWord] & HASH_MASK;
  }

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
    this.foundRef = ref;
    return true;
  }

  /** Points the element that find() found to a new block. */
  replaceFound(ref: number): void {
    if (this.guard !== null) this.guard.protect(this.foundView[this.foundWord] & HASH_MASK);
    this.foundView[this.foundWord + 1] = ref;
    this.foundRef = ref;
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
    this.foundRef = 0;
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

  /** Removes every element, after a visit: its block is the visitor's to free. Needs no memory. */
  clear(visit: (ref: number) => void): void {
    if (this.valueGuard !== null) this.valueGuard.protectAll();
    this.foundRef = 0;
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

  /** Frees a dict that clear() has emptied, the root too. */
  destroy(): void {
    this.heap.free(this.segmentAt(0));
    this.freeRoot();
  }

  /**
   * Takes the dict apart, one segment a call: visits every element of a segment and frees the segment. Returns true when
   * nothing is left, the root neither. The dict is of no other use once this began.
   */
  drain(visit: (ref: number) => void): boolean {
    if (this.valueGuard !== null) this.valueGuard.protectAll();
    this.foundRef = 0;
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
      let ahead = this.size < BEYOND_CACHE ? end : word;
      for (; word < end; word += 2) {
        if (word >= ahead) ahead = this.warmRow(view, word, Math.min(end, word + (Math.min(left, ROW_SLOTS) << 1)));
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
   * A random element, or 0 when there is none; with `flaggedOnly` one of the flagged ones. As after find(), it is the one
   * found. `random(n)` returns an integer in [0, n).
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
      const shape = this.entries[entry + 1];
      const span = 1 << (this.depth - (shape >>> SHAPE_DEPTH));
      if ((index & (span - 1)) !== 0) continue;
      const segment = this.entries[entry];
      const slot = random(slots);
      // The directory says how many slots there are: the segment's header is not in the cache.
      if (slot >= (slotsOf(shape & SHAPE_HOMES) || this.header(segment, SLOTS))) continue;
      const view = this.heap.u32[segment >>> SEGMENT_SHIFT];
      const word = ((segment & SEGMENT_MASK) << 1) + HEADER_WORDS + (slot << 1);
      if (view[word + 1] !== 0 && (!flaggedOnly || view[word] >= FLAG)) return this.take(segment, word);
    }
    return this.elementOfRank(random(flaggedOnly ? this.flagged : this.size), flaggedOnly);
  }

  /** The element in the slot at a word of a segment is the one found. */
  private take(segment: number, word: number): number {
    this.foundView = this.heap.u32[segment >>> SEGMENT_SHIFT];
    this.foundWord = word;
    this.foundSegment = segment;
    this.foundRef = this.foundView[word + 1];
    return this.foundRef;
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
      if (left-- === 0) return this.take(segment, word);
    }
  }

  // --- defragmentation ---------------------------------------------------------------------------------------------

  /**
   * Lets elements be moved, in the order of their hashes from position `cursor` on, and their segment when its first
   * position is come to. Stops at the end of the segment, or when `more` answers false. Returns where to go on, or 0.
   */
  moveElements(cursor: number, move: Mover, visit: Mover, more: () => boolean): number {
    this.foundRef = 0;
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
}
