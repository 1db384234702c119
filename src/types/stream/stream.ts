/**
 * Streams: entries in the order of their IDs, in nodes of about a hundred (stream-node.ts), found through an id-tree.
 *
 *     header    word 0        root of the tree of nodes; each node's ID is its master ID, its ref the listpack
 *               word 1        table of consumer groups (stream-group.ts); 0: there is none
 *               word 2        entries
 *               word 3        nodes of Redis's radix tree (stream-radix.ts)
 *               words 4–7     last ID: the largest that was ever given, most significant word first
 *               words 8–11    ID of the first entry; 0-0 when there is none
 *               words 12–15   largest ID that XDEL deleted
 *               words 16–17   entries that were ever added (64 bits, low word first)
 *               word 18       the last node, if it is known: then an entry is appended without a look at the tree
 *               words 19–22   its master ID
 *
 * The root of a stream's entry is its header, 92 bytes. Nothing of a stream is a JavaScript object.
 *
 * `Stream` is a flyweight, one for all streams of a keyspace. open() reads the header into fields, and save() writes it
 * back: whoever changes a stream ends with it.
 *
 * What throws HeapFullError has changed nothing then; removing never throws.
 *
 * Invariants: no node is without an entry that counts; master IDs ascend, and all entries of a node are below the next
 * node's master ID; `firstId` is that of the first entry as Redis records it (after XSETID, too, it is not looked at).
 */

import { type Heap, NIL, SEGMENT_MASK, SEGMENT_SHIFT } from "../../memory/heap";
import { IdTree } from "../../memory/id-tree";
import { StreamId } from "../../util/stream-id";
import { appendShortEntry } from "./short-entry";
import { entriesAt, type FieldArguments, isFullNode, type NodeLimits, StreamNode } from "./stream-node";
import { EMPTY_RADIX_NODES, RadixFront, radixNodesOf } from "./stream-radix";

const NODES = 0;
const GROUPS = 1;
const LENGTH = 2;
const RADIX_NODES = 3;
const LAST_ID = 4;
const FIRST_ID = 8;
const MAX_DELETED_ID = 12;
const ADDED = 16;
const TAIL = 18;
const TAIL_ID = 19;
const HEADER_WORDS = 23;
/** Words of a header that describe the stream, and not where it is. */
const FIGURES_END = TAIL;
/** Words of a header that refer to blocks. */
export const STREAM_NODES = NODES;
export const STREAM_GROUPS = GROUPS;
export const STREAM_TAIL = TAIL;
/** Bytes of a header. */
export const STREAM_BYTES = HEADER_WORDS * 4;

/** A node is not expected to become larger than this before it is. */
const EXPECTED_MAX = 4096;

/** Up to this many nodes are trimmed one by one. */
const FEW_NODES = 8;

export const TRIM_NONE = 0;
export const TRIM_MAXLEN = 1;
export const TRIM_MINID = 2;

/** How far a stream is to be trimmed. */
export interface Trimming {
  /** TRIM_NONE, TRIM_MAXLEN or TRIM_MINID. */
  strategy: number;
  /** Only whole nodes. */
  approximate: boolean;
  /** Entries to remove at most; 0: no limit. */
  limit: number;
  /** MAXLEN: entries that stay. */
  maxLength: number;
  /** MINID: the first ID that stays. */
  readonly minId: StreamId;
}

export class Stream {
  /** Word of the header at which the table of groups is. */
  static readonly GROUPS = GROUPS;

  /** Where the stream is. */
  root = 0;
  length = 0;
  /** The table of groups; 0: there is none. */
  groups = 0;
  readonly lastId = new StreamId();
  readonly firstId = new StreamId();
  readonly maxDeletedId = new StreamId();
  /** Nodes that Redis's radix tree would have. */
  radixNodes = EMPTY_RADIX_NODES;
  /** Entries ever added. */
  addedHi = 0;
  addedLo = 0;

  /** A node to work in. */
  readonly node: StreamNode;

  private readonly tree: IdTree;
  /** Whether `tree` is this stream's. */
  private isTreeOpen = false;

  constructor(readonly heap: Heap) {
    this.tree = new IdTree(heap);
    this.node = new StreamNode(heap);
  }

  /** The tree of nodes. */
  get nodes(): IdTree {
    if (!this.isTreeOpen) {
      this.tree.open(this.heap.u32[this.root >>> SEGMENT_SHIFT][((this.root & SEGMENT_MASK) << 1) + NODES]);
      this.isTreeOpen = true;
    }
    return this.tree;
  }

  /** Makes an empty stream, opens it and returns its root. Throws HeapFullError. */
  create(): number {
    const nodes = this.tree.create();
    try {
      this.root = this.heap.allocate(STREAM_BYTES);
    } catch (error) {
      this.tree.drain(visitNothing);
      throw error;
    }
    const at = (this.root & SEGMENT_MASK) << 1;
    const words = this.heap.u32[this.root >>> SEGMENT_SHIFT];
    words.fill(0, at, at + HEADER_WORDS);
    words[at + NODES] = nodes;
    words[at + RADIX_NODES] = EMPTY_RADIX_NODES;
    this.open(this.root);
    return this.root;
  }

  /** Opens the stream at `root`: everything else speaks of it from now on. */
  open(root: number): void {
    const words = this.heap.u32[root >>> SEGMENT_SHIFT];
    const at = (root & SEGMENT_MASK) << 1;
    this.root = root;
    this.groups = words[at + GROUPS];
    this.length = words[at + LENGTH];
    this.radixNodes = words[at + RADIX_NODES];
    this.lastId.load(words, at + LAST_ID);
    this.firstId.load(words, at + FIRST_ID);
    this.maxDeletedId.load(words, at + MAX_DELETED_ID);
    this.addedLo = words[at + ADDED];
    this.addedHi = words[at + ADDED + 1] | 0;
    this.isTreeOpen = false;
  }

  /** Writes the header back. */
  save(): void {
    const words = this.heap.u32[this.root >>> SEGMENT_SHIFT];
    const at = (this.root & SEGMENT_MASK) << 1;
    words[at + GROUPS] = this.groups;
    words[at + LENGTH] = this.length;
    words[at + RADIX_NODES] = this.radixNodes;
    this.lastId.store(words, at + LAST_ID);
    this.firstId.store(words, at + FIRST_ID);
    this.maxDeletedId.store(words, at + MAX_DELETED_ID);
    words[at + ADDED] = this.addedLo;
    words[at + ADDED + 1] = this.addedHi;
  }

  /** Whether any entry was ever added. */
  get isFresh(): boolean {
    return this.addedHi === 0 && this.addedLo === 0;
  }

  // --- adding ------------------------------------------------------------------------------------------------------

  /**
   * Appends an entry, whose ID is above the last one: `pairs` pairs of field and value, arguments from `first` on, which
   * take `bytes` bytes in all. Saves the header.
   */
  append(id: StreamId, args: FieldArguments, first: number, pairs: number, bytes: number, limits: NodeLimits): void {
    if (!this.appendShort(id, args, first, pairs, bytes, limits)) {
      this.appendAny(id, args, first, pairs, bytes, limits);
    }
    this.length++;
    this.countAdded();
    this.lastId.copy(id);
    if (this.length === 1) {
      this.firstId.copy(id);
      this.save();
    } else {
      this.saveAppended();
    }
  }

  /** Appends an entry as most are to the last node. False if it is another one, or not known which node that is. */
  private appendShort(
    id: StreamId,
    args: FieldArguments,
    first: number,
    pairs: number,
    bytes: number,
    limits: NodeLimits,
  ): boolean {
    const { heap, root } = this;
    const words = heap.u32[root >>> SEGMENT_SHIFT];
    const at = (root & SEGMENT_MASK) << 1;
    const tail = words[at + TAIL];
    if (tail === NIL || heap.streamGuards !== null) return false;
    if (id.msHi !== (words[at + TAIL_ID] | 0) || id.seqHi !== (words[at + TAIL_ID + 2] | 0)) return false;
    const ms = distance(words[at + TAIL_ID + 1], id.msLo);
    const seq = distance(words[at + TAIL_ID + 3], id.seqLo);
    if (ms === FAR || seq === FAR) return false;
    return appendShortEntry(heap, tail, ms, seq, args, first, pairs, bytes, limits);
  }

  /** Appends an entry to the last node, or to a new one. */
  private appendAny(
    id: StreamId,
    args: FieldArguments,
    first: number,
    pairs: number,
    bytes: number,
    limits: NodeLimits,
  ): void {
    const { node } = this;
    if (this.openTail(bytes, limits)) {
      const { ref } = node.pack;
      if (this.heap.streamGuards !== null) this.changing();
      node.append(id, args, first, pairs, bytes, limits.maxBytes);
      if (node.pack.ref !== ref) this.moveTail();
    } else {
      node.create(id, args, first, pairs, bytes, this.expectedBytes);
      this.insertNode(id);
      this.knowTail();
    }
  }

  private countAdded(): void {
    this.addedLo = (this.addedLo + 1) >>> 0;
    if (this.addedLo === 0) this.addedHi = (this.addedHi + 1) | 0;
  }

  /** As save(), of what an entry more changes. */
  private saveAppended(): void {
    const words = this.heap.u32[this.root >>> SEGMENT_SHIFT];
    const at = (this.root & SEGMENT_MASK) << 1;
    words[at + LENGTH] = this.length;
    words[at + RADIX_NODES] = this.radixNodes;
    this.lastId.store(words, at + LAST_ID);
    words[at + ADDED] = this.addedLo;
    words[at + ADDED + 1] = this.addedHi;
  }

  /** What the next node will take, if it becomes like the last one, which is full; 0 if that is not known. */
  private expectedBytes = 0;

  /** Opens the last node. False if there is none that takes one more entry of `bytes` bytes. */
  private openTail(bytes: number, limits: NodeLimits): boolean {
    if (!this.openKnownTail() && !this.findTail()) return false;
    const { node } = this;
    const isFull = isFullNode(node.plainBytes, node.count + node.deleted, bytes, limits);
    if (isFull || node.isSealed) this.recodeTail(isFull);
    return !isFull;
  }

  /** Opens the last node through the tree, and notes it. False if there is none. */
  private findTail(): boolean {
    this.expectedBytes = 0;
    if (!this.nodes.last()) return false;
    this.openNode();
    this.knowTail();
    return true;
  }

  /** Seals the last node, which is full, or makes a listpack of it. */
  private recodeTail(isFull: boolean): void {
    const { node } = this;
    const { ref } = node.pack;
    if (isFull) this.expectedBytes = Math.min(node.plainBytes, EXPECTED_MAX);
    if (isFull) node.seal();
    else node.unseal();
    if (node.pack.ref !== ref) this.moveTail();
  }

  private openKnownTail(): boolean {
    const words = this.heap.u32[this.root >>> SEGMENT_SHIFT];
    const at = (this.root & SEGMENT_MASK) << 1;
    const tail = words[at + TAIL];
    if (tail === NIL) return false;
    this.node.masterId.load(words, at + TAIL_ID);
    this.node.open(tail);
    return true;
  }

  /** The last node, which is open, has moved. */
  private moveTail(): void {
    this.nodes.last();
    this.nodes.setRef(this.node.pack.ref);
    this.knowTail();
  }

  /** Notes that the open node is the last one. */
  private knowTail(): void {
    const words = this.heap.u32[this.root >>> SEGMENT_SHIFT];
    const at = (this.root & SEGMENT_MASK) << 1;
    words[at + TAIL] = this.node.pack.ref;
    this.node.masterId.store(words, at + TAIL_ID);
  }

  /** A node is about to go, or to move: if it is the last one, that is not known any more. */
  private forgetTail(ref: number): void {
    const words = this.heap.u32[this.root >>> SEGMENT_SHIFT];
    const at = ((this.root & SEGMENT_MASK) << 1) + TAIL;
    if (words[at] === ref) words[at] = NIL;
  }

  /** Adds the node that was just made; without memory for that, it is freed. */
  private insertNode(masterId: StreamId): void {
    const { nodes, node } = this;
    const added = radixNodesOf(nodes, masterId);
    try {
      nodes.insert(masterId, node.pack.ref);
    } catch (error) {
      node.pack.free();
      throw error;
    }
    this.radixNodes += added;
  }

  /** The open node is about to be changed. */
  private changing(): void {
    const { streamGuards } = this.heap;
    if (streamGuards !== null) streamGuards.get(this.root)?.changing(this.node.masterId, this.node.pack.ref);
  }

  /** Removes the open node, which the tree's cursor is at. */
  private removeNode(): void {
    const { nodes, node } = this;
    this.forgetTail(node.pack.ref);
    nodes.remove();
    const isKept = this.heap.streamGuards?.get(this.root)?.removing(node.masterId, node.pack.ref) ?? false;
    if (!isKept) node.pack.free();
    this.radixNodes -= radixNodesOf(nodes, node.masterId);
  }

  /** Opens the node that the tree's cursor is at. */
  openNode(): void {
    const { nodes, node } = this;
    nodes.readId(node.masterId);
    node.open(nodes.ref);
  }

  /**
   * Adds a node behind all others: a listpack as a file has it, `length` bytes of `source` from `at`, which was checked,
   * of `entries` entries, deleted ones included. `sealed`: what sealNode() returns for it, and has made of it. The figures
   * of the header are the caller's to set and save. Throws HeapFullError.
   */
  addNode(masterId: StreamId, source: Uint8Array, at: number, length: number, entries: number, sealed: number): void {
    this.node.load(masterId, source, at, length, entries, sealed);
    this.insertNode(masterId);
    this.knowTail();
  }

  // --- finding -----------------------------------------------------------------------------------------------------

  /** Sets `id` to that of the last entry. False if there is none. */
  findLast(id: StreamId): boolean {
    const { nodes, node } = this;
    for (let more = nodes.last(); more; more = nodes.previous()) {
      this.openNode();
      for (let entry = node.last(); entry; entry = node.previous()) {
        if (node.isDeleted) continue;
        id.copy(node.id);
        return true;
      }
    }
    return false;
  }

  /** Opens the node of the entry with this ID and goes to it. False if there is none, or if it is deleted. */
  find(id: StreamId): boolean {
    const { nodes, node } = this;
    if (!nodes.seekFloor(id)) return false;
    this.openNode();
    return node.seek(id) && node.id.equals(id) && !node.isDeleted;
  }

  /** Sets firstId from the entries. */
  private refreshFirstId(): void {
    const { nodes, node } = this;
    this.firstId.setMin();
    if (this.length === 0) return;
    for (let more = nodes.first(); more; more = nodes.next()) {
      this.openNode();
      for (let entry = node.first(); entry; entry = node.next()) {
        if (node.isDeleted) continue;
        this.firstId.copy(node.id);
        return;
      }
    }
  }

  // --- removing ----------------------------------------------------------------------------------------------------

  /** Deletes the entry with this ID. False if there is none. saveRemoved() has to follow in the end. */
  remove(id: StreamId): boolean {
    if (!this.find(id)) return false;
    const { nodes, node } = this;
    this.forgetTail(node.pack.ref);
    if (node.count === 1) {
      this.removeNode();
    } else {
      this.changing();
      node.remove();
      nodes.setRef(node.pack.ref);
    }
    this.length--;
    if (id.equals(this.firstId)) this.firstRemoved = true;
    if (id.compare(this.maxDeletedId) > 0) this.maxDeletedId.copy(id);
    return true;
  }

  private firstRemoved = false;

  /** Ends a series of remove(): writes the header back. */
  saveRemoved(): void {
    if (this.firstRemoved || this.length === 0) this.refreshFirstId();
    this.firstRemoved = false;
    this.save();
  }

  /** Removes entries from the beginning, and returns how many. Saves the header. */
  trim(trimming: Trimming): number {
    if (trimming.strategy === TRIM_NONE) return 0;
    if (this.isShort(trimming)) return 0;
    const whole = this.findWhole(trimming);
    let removed = this.wholeEntries;
    if (whole > FEW_NODES) this.removeMany(whole);
    else for (let i = 0; i < whole; i++) this.removeFirstNode();
    this.length -= removed;
    if (!trimming.approximate && !this.isShort(trimming) && this.nodes.first()) {
      this.openNode();
      removed += this.trimNode(trimming);
    }
    if (removed > 0) {
      this.refreshFirstId();
      this.save();
    }
    return removed;
  }

  /** Whether there are as few entries as MAXLEN says. */
  private isShort(trimming: Trimming): boolean {
    return trimming.strategy === TRIM_MAXLEN && this.length <= trimming.maxLength;
  }

  /** Entries of the nodes that findWhole() has found. */
  private wholeEntries = 0;

  /** Returns how many nodes go as a whole, from the beginning. The cursor is at the first one that stays, if there is one. */
  private findWhole(trimming: Trimming): number {
    const { nodes, heap } = this;
    const { limit } = trimming;
    let whole = 0;
    let removed = 0;
    for (let more = nodes.first(); more; more = nodes.next()) {
      const entries = entriesAt(heap, nodes.ref);
      if (limit > 0 && removed + entries > limit) break;
      if (!this.goesWhole(trimming, this.length - removed - entries)) break;
      whole++;
      removed += entries;
    }
    this.wholeEntries = removed;
    return whole;
  }

  /** Whether all entries of the node at the cursor are to be trimmed. This many would be left. */
  private goesWhole(trimming: Trimming, left: number): boolean {
    if (trimming.strategy === TRIM_MAXLEN) return left >= trimming.maxLength;
    const { nodes, node } = this;
    if (nodes.next()) {
      nodes.readId(following);
      nodes.previous();
      if (following.compare(trimming.minId) <= 0) return true;
    }
    this.openNode();
    // The last entry counts even if it is deleted.
    node.last();
    return node.id.compare(trimming.minId) < 0;
  }

  private removeFirstNode(): void {
    this.nodes.first();
    this.openNode();
    this.removeNode();
  }

  /** Removes the first nodes: the cursor is at the first one that stays, if there is one. */
  private removeMany(count: number): void {
    const { nodes, heap } = this;
    const { masterId } = this.node;
    const guard = heap.streamGuards?.get(this.root);
    const isAll = count === nodes.size;
    if (isAll) {
      front.clear();
      this.forgetTail(nodes.ref);
    } else {
      nodes.readId(following);
      front.begin(nodes);
      nodes.seekCeiling(following);
      nodes.previous();
    }
    for (let left = count; left > 0; left--) {
      const { ref } = nodes;
      nodes.readId(masterId);
      this.radixNodes -= front.put(masterId);
      if (guard === undefined || !guard.removing(masterId, ref)) heap.free(ref);
      nodes.previous();
    }
    nodes.removeFirst(count);
  }

  /** Marks entries at the beginning of the open node as deleted, and returns how many. */
  private trimNode(trimming: Trimming): number {
    const { node, nodes } = this;
    let removed = 0;
    this.forgetTail(node.pack.ref);
    for (let more = node.first(); more; more = node.next()) {
      const stays =
        trimming.strategy === TRIM_MAXLEN ? this.length <= trimming.maxLength : node.id.compare(trimming.minId) >= 0;
      if (stays) break;
      if (node.isDeleted) continue;
      if (removed === 0) this.changing();
      node.mark();
      this.length--;
      removed++;
    }
    if (removed > 0) node.countDeleted(removed);
    nodes.setRef(node.pack.ref);
    return removed;
  }

  // --- as a whole --------------------------------------------------------------------------------------------------

  /**
   * Makes a copy of the stream at `root` without its groups, and opens that. Returns the original's table of groups.
   * Throws HeapFullError.
   */
  copyEntries(root: number): number {
    const from = new IdTree(this.heap);
    this.open(root);
    from.open(this.nodes.root);
    const { groups } = this;
    const copy = this.create();
    copyHeader(this.heap, root, copy);
    try {
      for (let more = from.first(); more; more = from.next()) this.copyNode(from);
    } catch (error) {
      while (!this.releaseEntries(copy));
      this.heap.free(copy);
      throw error;
    }
    this.open(copy);
    return groups;
  }

  /** Appends a copy of the node that the cursor of another tree is at. */
  private copyNode(from: IdTree): void {
    const { node, nodes } = this;
    from.readId(node.masterId);
    node.open(from.ref);
    const ref = node.copy();
    try {
      nodes.insert(node.masterId, ref);
    } catch (error) {
      this.heap.free(ref);
      throw error;
    }
  }

  /** Frees a part of the entries of the stream at `root`. Returns true when they are gone, and the tree of nodes too. */
  releaseEntries(root: number): boolean {
    const words = this.heap.u32[root >>> SEGMENT_SHIFT];
    const at = ((root & SEGMENT_MASK) << 1) + NODES;
    if (words[at] === 0) return true;
    this.tree.open(words[at]);
    this.isTreeOpen = false;
    if (!this.tree.drain(this.freeBlock)) return false;
    words[at] = 0;
    return true;
  }

  private readonly freeBlock = (ref: number): void => this.heap.free(ref);
}

/** Copies all of a header but the refs. */
function copyHeader(heap: Heap, from: number, to: number): void {
  const words = heap.u32[from >>> SEGMENT_SHIFT];
  const at = (from & SEGMENT_MASK) << 1;
  const toAt = (to & SEGMENT_MASK) << 1;
  for (let i = LENGTH; i < FIGURES_END; i++) heap.u32[to >>> SEGMENT_SHIFT][toAt + i] = words[at + i];
}

/** No distance, but that there is none of 31 bits. */
const FAR = -0x80000000;

/** How far the word `to` is above `from`, both taken as unsigned, negative if it is below; FAR if it is that. */
function distance(from: number, to: number): number {
  const difference = (to - from) | 0;
  const isAbove = to >>> 0 >= from >>> 0;
  return isAbove === difference >= 0 ? difference : FAR;
}

// Registers.
const following = new StreamId();
const front = new RadixFront();

function visitNothing(): void {}
