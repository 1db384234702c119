/**
 * id-tree: a B+tree of 128-bit stream IDs, each with a 32-bit ref. A stream has one for its nodes, and every consumer
 * group and every consumer has one for its pending entries.
 *
 *     root (16 bytes)    word 0   top node; 0: the tree is empty       word 1   elements
 *                        word 2   levels; the leaves are one           word 3   granules that all nodes take
 *     node               word 0   entries | room for entries << 16
 *                        word 1.. entries of five words, ascending: ID (most significant word first), ref
 *
 * In a leaf, a ref is the owner's. In a node above, it is a child, and its ID says that the child holds only what is not
 * below it; the first entry of such a node takes whatever is below the second, whatever its ID says.
 *
 * Departures from the textbook, for what streams do:
 * - a node has a block of the size it needs: room for 1, 3, 6, 12, 25 or 51 entries (24 bytes to 1 KiB), so that a
 *   tree of one element takes 40 bytes;
 * - a full node to which something is appended stays full, and what is appended starts a new node: trees that grow in
 *   the order of IDs, as nearly all do, are full;
 * - a node may be less than half full: it merges with a neighbour when it has at most 12 entries and both together have
 *   at most 38: entries that are acknowledged in order do not copy a neighbour back and forth.
 *
 * `IdTree` is a flyweight: one object serves all trees, one at a time. It is also a cursor: find, seek, first, last and
 * insert leave it at an element, which `id`, `ref` and `setRef` speak of, and next and previous move it. A change
 * through another flyweight makes the position worthless, and so does `remove`.
 *
 * insert throws HeapFullError and has changed nothing then. remove and drain never throw.
 *
 * Invariants: IDs ascend in a node and from leaf to leaf; no node is empty; all leaves are on level 0; a top node above
 * the leaves has at least two entries.
 */

import { assert } from "../util/assert";
import { compareWords, StreamId } from "../util/stream-id";
import { Heap, HeapFullError, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";

const TOP = 0;
const SIZE = 1;
const LEVELS = 2;
const GRANULES = 3;
const ROOT_BYTES = 16;

/** Words of an entry, and where its ref is. */
const ENTRY = 5;
const REF = 4;

const COUNT_MASK = 0xffff;
const ROOM_SHIFT = 16;

/** Room of a node, in entries, by steps: what fits into blocks of 24, 64, 128, 256, 512 and 1,024 bytes. */
const ROOMS = [1, 3, 6, 12, 25, 51];
const FULL = 51;
/** Room of a node that starts a new run at the end: it will grow. */
const NEW_ROOM = 12;
/** Up to this many entries a node looks for a neighbour to merge with, and up to that many both may have. */
const SPARSE = 12;
const MERGED_MAX = 38;

/** More levels than 2^32 elements can have. */
const LEVELS_MAX = 12;

/** Longer moves of words are left to copyWithin. */
const SHIFT_LOOP_MAX = 40;

export class IdTree {
  /** Where the tree is. */
  root = 0;

  private top = 0;
  private levels = 0;
  // The way from the top to the element: a node, and the entry in it, of each level. Level 0 is the leaf.
  private readonly nodes = new Uint32Array(LEVELS_MAX);
  private readonly slots = new Int32Array(LEVELS_MAX);
  /** Nodes that insert() has got beforehand, so that nothing can fail half-way; the one that is needed first is last. */
  private readonly spare: number[] = [];
  /** The ID that goes up with a split. */
  private readonly carried = new StreamId();

  constructor(private readonly heap: Heap) {}

  /** Makes an empty tree, opens it and returns its root. */
  create(): number {
    const root = this.heap.allocate(ROOT_BYTES);
    this.heap.u32[root >>> SEGMENT_SHIFT].fill(0, wordOf(root), wordOf(root) + ROOT_BYTES / 4);
    this.open(root);
    return root;
  }

  /** Opens the tree at `root`: everything else speaks of it from now on. */
  open(root: number): void {
    const words = this.heap.u32[root >>> SEGMENT_SHIFT];
    const at = wordOf(root);
    this.root = root;
    this.top = words[at + TOP];
    this.levels = words[at + LEVELS];
  }

  /** Elements. */
  get size(): number {
    return this.heap.u32[this.root >>> SEGMENT_SHIFT][wordOf(this.root) + SIZE];
  }

  /** Bytes of all blocks of the tree. */
  get bytes(): number {
    return this.heap.u32[this.root >>> SEGMENT_SHIFT][wordOf(this.root) + GRANULES] * 8 + ROOT_BYTES;
  }

  private set(field: number, value: number): void {
    this.heap.u32[this.root >>> SEGMENT_SHIFT][wordOf(this.root) + field] = value;
  }

  private add(field: number, value: number): void {
    this.heap.u32[this.root >>> SEGMENT_SHIFT][wordOf(this.root) + field] += value;
  }

  private setTop(top: number, levels: number): void {
    this.top = top;
    this.levels = levels;
    this.set(TOP, top);
    this.set(LEVELS, levels);
  }

  // --- the element at the cursor -----------------------------------------------------------------------------------

  /** The ref of the element. */
  get ref(): number {
    const leaf = this.nodes[0];
    return this.heap.u32[leaf >>> SEGMENT_SHIFT][entryWord(leaf, this.slots[0]) + REF];
  }

  setRef(ref: number): void {
    const leaf = this.nodes[0];
    this.heap.u32[leaf >>> SEGMENT_SHIFT][entryWord(leaf, this.slots[0]) + REF] = ref;
  }

  /** Copies the ID of the element into `id`. */
  readId(id: StreamId): void {
    const leaf = this.nodes[0];
    id.load(this.heap.u32[leaf >>> SEGMENT_SHIFT], entryWord(leaf, this.slots[0]));
  }

  // --- moving the cursor -------------------------------------------------------------------------------------------

  /** Goes to the first element. False if there is none. */
  first(): boolean {
    if (this.top === 0) return false;
    this.enter(this.levels - 1, this.top, false);
    return true;
  }

  /** Goes to the last element. False if there is none. */
  last(): boolean {
    if (this.top === 0) return false;
    this.enter(this.levels - 1, this.top, true);
    return true;
  }

  /** Goes to the next element. False at the end, and the cursor stays where it is. */
  next(): boolean {
    if (++this.slots[0] < this.countOf(this.nodes[0])) return true;
    this.slots[0]--;
    for (let level = 1; level < this.levels; level++) {
      const node = this.nodes[level];
      if (this.slots[level] + 1 >= this.countOf(node)) continue;
      this.enter(level - 1, this.refIn(node, ++this.slots[level]), false);
      return true;
    }
    return false;
  }

  /** Goes to the element before. False at the beginning, and the cursor stays where it is. */
  previous(): boolean {
    if (this.slots[0] > 0) {
      this.slots[0]--;
      return true;
    }
    for (let level = 1; level < this.levels; level++) {
      if (this.slots[level] === 0) continue;
      this.enter(level - 1, this.refIn(this.nodes[level], --this.slots[level]), true);
      return true;
    }
    return false;
  }

  /** Goes to the element with this ID. False if there is none, and the cursor is worthless. */
  find(id: StreamId): boolean {
    return this.descend(id);
  }

  /** Goes to the first element whose ID is not below `id`. False if there is none. */
  seekCeiling(id: StreamId): boolean {
    if (this.descend(id)) return true;
    if (this.top === 0) return false;
    if (this.slots[0] < this.countOf(this.nodes[0])) return true;
    this.slots[0]--;
    return this.next();
  }

  /** Goes to the last element whose ID is not above `id`. False if there is none. */
  seekFloor(id: StreamId): boolean {
    if (this.descend(id)) return true;
    return this.top !== 0 && this.previous();
  }

  /** From `node` on `level` down to its first or last element. */
  private enter(level: number, node: number, atEnd: boolean): void {
    let child = node;
    for (let i = level; ; i--) {
      const slot = atEnd ? this.countOf(child) - 1 : 0;
      this.nodes[i] = child;
      this.slots[i] = slot;
      if (i === 0) return;
      child = this.refIn(child, slot);
    }
  }

  /**
   * Goes down to where `id` is (returns true) or belongs: the cursor is then at the first larger entry of the leaf, or
   * behind its last one.
   */
  private descend(id: StreamId): boolean {
    if (this.top === 0) return false;
    let node = this.top;
    for (let level = this.levels - 1; level > 0; level--) {
      const slot = Math.max(this.lowerBound(node, id, true) - 1, 0);
      this.nodes[level] = node;
      this.slots[level] = slot;
      node = this.refIn(node, slot);
    }
    const slot = this.lowerBound(node, id, false);
    this.nodes[0] = node;
    this.slots[0] = slot;
    if (slot === this.countOf(node)) return false;
    return compareAt(this.heap.u32[node >>> SEGMENT_SHIFT], entryWord(node, slot), id) === 0;
  }

  /** The first slot of a node whose ID is above `id`, or is `id` itself unless `above`; the count if there is none. */
  private lowerBound(node: number, id: StreamId, above: boolean): number {
    const words = this.heap.u32[node >>> SEGMENT_SHIFT];
    const first = entryWord(node, 0);
    const limit = above ? 1 : 0;
    let low = 0;
    let high = words[first - 1] & COUNT_MASK;
    // Most look at the end: what is appended, and the latest entries.
    if (compareAt(words, first + (high - 1) * ENTRY, id) < limit) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(words, first + middle * ENTRY, id) < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // --- insertion ---------------------------------------------------------------------------------------------------

  /**
   * Adds an element and goes to it. False if there is one with this ID already: nothing is changed, and the cursor is
   * at that one. Throws HeapFullError, and has changed nothing then.
   */
  insert(id: StreamId, ref: number): boolean {
    if (this.descend(id)) return false;
    if (this.top === 0) this.startTop();
    const leaf = this.nodes[0];
    const room = this.roomOf(leaf);
    if (this.countOf(leaf) < room) {
      this.putEntry(leaf, this.slots[0], id, ref);
    } else if (room < FULL) {
      const larger = this.allocateNode(largerRoom(room));
      this.replaceNode(0, larger);
      this.putEntry(larger, this.slots[0], id, ref);
    } else {
      this.reserveSplits();
      this.insertSplitting(id, ref);
      this.descend(id);
    }
    this.add(SIZE, 1);
    return true;
  }

  private startTop(): void {
    const leaf = this.allocateNode(ROOMS[0]);
    this.nodes[0] = leaf;
    this.slots[0] = 0;
    this.setTop(leaf, 1);
  }

  /**
   * Allocates all that an insertion into the full leaf at the cursor will take, in the order in which it will. Throws
   * HeapFullError, and keeps nothing then.
   */
  private reserveSplits(): void {
    const { spare } = this;
    try {
      let level = 0;
      while (level < this.levels && this.countOf(this.nodes[level]) === FULL) {
        spare.push(this.allocateNode(this.newSlot(level) === FULL ? NEW_ROOM : FULL));
        level++;
      }
      if (level === this.levels) spare.push(this.allocateNode(ROOMS[1]));
      else if (this.isOutOfRoom(level)) spare.push(this.allocateNode(largerRoom(this.roomOf(this.nodes[level]))));
    } catch (error) {
      for (const node of spare) this.freeNode(node);
      spare.length = 0;
      throw error;
    }
    spare.reverse();
  }

  /** Where a new entry goes on this level: above the leaves, behind the child that was split. */
  private newSlot(level: number): number {
    return level === 0 ? this.slots[0] : this.slots[level] + 1;
  }

  private isOutOfRoom(level: number): boolean {
    return this.countOf(this.nodes[level]) === this.roomOf(this.nodes[level]);
  }

  private takeSpare(): number {
    const node = this.spare.pop();
    assert(node !== undefined, "a split that was not counted on");
    return node;
  }

  /** Inserts an entry at the cursor: splits full nodes from the leaf up until one takes what the split below gave. */
  private insertSplitting(id: StreamId, ref: number): void {
    const { carried } = this;
    carried.copy(id);
    let child = ref;
    for (let level = 0; ; level++) {
      if (level === this.levels) this.raiseTop();
      const node = this.nodes[level];
      const slot = this.newSlot(level);
      if (this.countOf(node) < FULL) {
        if (this.isOutOfRoom(level)) this.replaceNode(level, this.takeSpare());
        this.putEntry(this.nodes[level], slot, carried, child);
        return;
      }
      const right = this.takeSpare();
      if (slot === FULL) this.putEntry(right, 0, carried, child);
      else this.splitInto(node, right, slot, carried, child);
      carried.load(this.heap.u32[right >>> SEGMENT_SHIFT], entryWord(right, 0));
      child = right;
    }
  }

  /** Moves the upper half of a full node to `right`, and puts an entry where it belongs. */
  private splitInto(node: number, right: number, slot: number, id: StreamId, ref: number): void {
    const kept = (FULL + 1) >>> 1;
    this.moveEntries(node, kept, right, 0, FULL - kept);
    this.setCount(node, kept);
    this.setCount(right, FULL - kept);
    if (slot <= kept) this.putEntry(node, slot, id, ref);
    else this.putEntry(right, slot - kept, id, ref);
  }

  /** Puts a new top, with the old one as its only child, above it. */
  private raiseTop(): void {
    const { levels } = this;
    const top = this.takeSpare();
    carryNothing.setMin();
    this.putEntry(top, 0, carryNothing, this.top);
    this.nodes[levels] = top;
    this.slots[levels] = 0;
    this.setTop(top, levels + 1);
  }

  // --- removal -----------------------------------------------------------------------------------------------------

  /** Removes the element at the cursor, which is worthless afterwards, and returns its ref. */
  remove(): number {
    const { ref } = this;
    this.add(SIZE, -1);
    this.closeSlot(this.nodes[0], this.slots[0]);
    const level = this.dropEmpty();
    if (level < this.levels) this.tidy(level);
    return ref;
  }

  /** Removes the first `count` elements, of which there are as many. The cursor is worthless afterwards. */
  removeFirst(count: number): void {
    this.add(SIZE, -count);
    for (let left = count; left > 0; ) {
      this.first();
      const leaf = this.nodes[0];
      const gone = Math.min(left, this.countOf(leaf));
      this.closeSlots(leaf, 0, gone);
      left -= gone;
      const level = this.dropEmpty();
      if (level < this.levels) this.tidy(level);
    }
  }

  /** Frees the empty nodes on the cursor's way, from the leaf up. Returns the level of the first one that is not. */
  private dropEmpty(): number {
    let level = 0;
    while (this.countOf(this.nodes[level]) === 0) {
      this.freeNode(this.nodes[level]);
      if (++level === this.levels) {
        this.setTop(0, 0);
        break;
      }
      this.closeSlot(this.nodes[level], this.slots[level]);
    }
    return level;
  }

  /** Looks whether the node on `level`, which has lost an entry, can merge with a neighbour or do with less. */
  private tidy(level: number): void {
    const node = this.nodes[level];
    if (this.countOf(node) > SPARSE) return;
    if (level === this.levels - 1) {
      this.lowerTop();
      return;
    }
    const parent = this.nodes[level + 1];
    const slot = this.slots[level + 1];
    if (slot + 1 < this.countOf(parent) && this.merge(level, slot)) this.tidy(level + 1);
    else if (slot > 0 && this.merge(level, slot - 1)) this.tidy(level + 1);
  }

  /** Takes away tops with one child; a top that is a leaf moves to a smaller block when most of its room is unused. */
  private lowerTop(): void {
    while (this.levels > 1 && this.countOf(this.top) === 1) {
      const child = this.refIn(this.top, 0);
      this.freeNode(this.top);
      this.setTop(child, this.levels - 1);
    }
    const room = this.roomOf(this.top);
    if (this.levels > 1 || room === ROOMS[0] || this.countOf(this.top) > room >>> 2) return;
    this.nodes[0] = this.top;
    const smaller = this.tryAllocateNode(ROOMS[ROOMS.indexOf(room) - 1]);
    if (smaller !== 0) this.replaceNode(0, smaller);
  }

  /** Merges the children at `slot` and `slot + 1` of the parent above `level`, if they fit. Returns whether they do. */
  private merge(level: number, slot: number): boolean {
    const parent = this.nodes[level + 1];
    const left = this.refIn(parent, slot);
    const right = this.refIn(parent, slot + 1);
    const count = this.countOf(left);
    const moved = this.countOf(right);
    if (count + moved > MERGED_MAX) return false;
    const node = this.withRoom(left, count + moved);
    if (node === 0) return false;
    this.moveEntries(right, 0, node, count, moved);
    const words = this.heap.u32[parent >>> SEGMENT_SHIFT];
    // Above the leaves, the first ID of a node says nothing: the parent's does.
    if (level > 0) {
      copyWords(words, entryWord(parent, slot + 1), this.heap.u32[node >>> SEGMENT_SHIFT], entryWord(node, count), REF);
    }
    this.setCount(node, count + moved);
    words[entryWord(parent, slot) + REF] = node;
    this.closeSlot(parent, slot + 1);
    this.freeNode(right);
    return true;
  }

  /** The node itself if it has room for `count` entries, or else a larger one in its place; 0: no memory for that. */
  private withRoom(node: number, count: number): number {
    if (this.roomOf(node) >= count) return node;
    let room = this.roomOf(node);
    while (room < count) room = largerRoom(room);
    const larger = this.tryAllocateNode(room);
    if (larger === 0) return 0;
    this.moveEntries(node, 0, larger, 0, this.countOf(node));
    this.freeNode(node);
    return larger;
  }

  /**
   * Takes the tree apart, one leaf a call, from the end: visits the refs of the leaf. Returns true when all is gone, the
   * root too; the tree is of no other use once this began.
   */
  drain(visit: (ref: number) => void): boolean {
    if (!this.last()) {
      this.heap.free(this.root);
      return true;
    }
    const leaf = this.nodes[0];
    const count = this.countOf(leaf);
    for (let slot = 0; slot < count; slot++) visit(this.refIn(leaf, slot));
    this.add(SIZE, -count);
    this.setCount(leaf, 0);
    this.dropEmpty();
    return false;
  }

  // --- defragmentation ---------------------------------------------------------------------------------------------
  // `move` gives a block another place, or leaves it where it is, and returns where it is then: see Heap.relocate.

  /** Lets the root be moved. Returns it: whoever keeps it has to be told. */
  moveRoot(move: (block: number) => number): number {
    this.root = move(this.root);
    return this.root;
  }

  /** Lets the leaf that the cursor is in be moved, and the nodes above it of which it is the first leaf. */
  moveLeaf(move: (block: number) => number): void {
    let level = 0;
    while (level < this.levels - 1 && this.slots[level + 1] === 0) level++;
    for (; level >= 0; level--) this.moveNode(level, move);
  }

  private moveNode(level: number, move: (block: number) => number): void {
    const node = this.nodes[level];
    const to = move(node);
    if (to === node) return;
    this.nodes[level] = to;
    if (level === this.levels - 1) {
      this.setTop(to, this.levels);
      return;
    }
    const parent = this.nodes[level + 1];
    this.heap.u32[parent >>> SEGMENT_SHIFT][entryWord(parent, this.slots[level + 1]) + REF] = to;
  }

  /** Whether the cursor is at the last element of its leaf. */
  get isLastInLeaf(): boolean {
    return this.slots[0] === this.countOf(this.nodes[0]) - 1;
  }

  // --- nodes -------------------------------------------------------------------------------------------------------

  private countOf(node: number): number {
    return this.heap.u32[node >>> SEGMENT_SHIFT][wordOf(node)] & COUNT_MASK;
  }

  private roomOf(node: number): number {
    return this.heap.u32[node >>> SEGMENT_SHIFT][wordOf(node)] >>> ROOM_SHIFT;
  }

  private setCount(node: number, count: number): void {
    const words = this.heap.u32[node >>> SEGMENT_SHIFT];
    words[wordOf(node)] = (words[wordOf(node)] & ~COUNT_MASK) | count;
  }

  private refIn(node: number, slot: number): number {
    return this.heap.u32[node >>> SEGMENT_SHIFT][entryWord(node, slot) + REF];
  }

  /** An empty node. Throws HeapFullError. */
  private allocateNode(room: number): number {
    const bytes = (1 + room * ENTRY) * 4;
    const node = this.heap.allocate(bytes);
    this.heap.u32[node >>> SEGMENT_SHIFT][wordOf(node)] = room << ROOM_SHIFT;
    this.add(GRANULES, granules(room));
    return node;
  }

  /** As allocateNode, but 0 if there is no memory: what removes has to work without. */
  private tryAllocateNode(room: number): number {
    try {
      return this.allocateNode(room);
    } catch (error) {
      if (error instanceof HeapFullError) return 0;
      throw error;
    }
  }

  private freeNode(node: number): void {
    this.add(GRANULES, -granules(this.roomOf(node)));
    this.heap.free(node);
  }

  /** Puts an empty node of another size in the place of the one on `level`. */
  private replaceNode(level: number, node: number): void {
    const old = this.nodes[level];
    const count = this.countOf(old);
    this.moveEntries(old, 0, node, 0, count);
    this.setCount(node, count);
    this.freeNode(old);
    this.nodes[level] = node;
    if (level === this.levels - 1) {
      this.setTop(node, this.levels);
      return;
    }
    const parent = this.nodes[level + 1];
    this.heap.u32[parent >>> SEGMENT_SHIFT][entryWord(parent, this.slots[level + 1]) + REF] = node;
  }

  private moveEntries(from: number, slot: number, to: number, toSlot: number, count: number): void {
    copyWords(
      this.heap.u32[from >>> SEGMENT_SHIFT],
      entryWord(from, slot),
      this.heap.u32[to >>> SEGMENT_SHIFT],
      entryWord(to, toSlot),
      count * ENTRY,
    );
  }

  /** Puts an entry at `slot` of a node that has room. */
  private putEntry(node: number, slot: number, id: StreamId, ref: number): void {
    const words = this.heap.u32[node >>> SEGMENT_SHIFT];
    const at = entryWord(node, slot);
    const behind = (this.countOf(node) - slot) * ENTRY;
    if (behind > SHIFT_LOOP_MAX) words.copyWithin(at + ENTRY, at, at + behind);
    else for (let i = at + behind - 1; i >= at; i--) words[i + ENTRY] = words[i];
    id.store(words, at);
    words[at + REF] = ref;
    words[wordOf(node)]++;
  }

  /** Takes the entry at `slot` out of a node. */
  private closeSlot(node: number, slot: number): void {
    this.closeSlots(node, slot, 1);
  }

  /** Takes as many entries from `slot` on out of a node. */
  private closeSlots(node: number, slot: number, count: number): void {
    const words = this.heap.u32[node >>> SEGMENT_SHIFT];
    const to = entryWord(node, slot);
    const from = entryWord(node, slot + count);
    const end = entryWord(node, this.countOf(node));
    if (end - from > SHIFT_LOOP_MAX) words.copyWithin(to, from, end);
    else for (let i = from; i < end; i++) words[i - from + to] = words[i];
    words[wordOf(node)] -= count;
  }
}

/** What the first entry of a node above the leaves has for an ID, when it is made: any will do. */
const carryNothing = new StreamId();

function wordOf(ref: number): number {
  return (ref & SEGMENT_MASK) << 1;
}

/** Word of an entry in its segment. */
function entryWord(node: number, slot: number): number {
  return ((node & SEGMENT_MASK) << 1) + 1 + slot * ENTRY;
}

/** Granules of 8 bytes that a node with this room takes. */
function granules(room: number): number {
  return Heap.roundUp((1 + room * ENTRY) * 4) / 8;
}

/** The next larger room. */
function largerRoom(room: number): number {
  return ROOMS[ROOMS.indexOf(room) + 1];
}

/** Negative, 0 or positive as the ID at a word is below, equal to or above `id`. */
function compareAt(words: Uint32Array, at: number, id: StreamId): number {
  const msHi = words[at] | 0;
  if (msHi !== id.msHi) return compareWords(msHi, id.msHi);
  const msLo = words[at + 1] | 0;
  if (msLo !== id.msLo) return compareWords(msLo, id.msLo);
  const seqHi = words[at + 2] | 0;
  if (seqHi !== id.seqHi) return compareWords(seqHi, id.seqHi);
  return compareWords(words[at + 3] | 0, id.seqLo);
}

/** Copies words from one node to another. */
function copyWords(from: Uint32Array, at: number, to: Uint32Array, toAt: number, count: number): void {
  for (let i = 0; i < count; i++) to[toAt + i] = from[at + i];
}
