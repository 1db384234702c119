/**
 * The blocks of a quicklist: its root, and the nodes that are chained in both directions.
 *
 *     root    head | tail | elements | nodes                                 4 words
 *     node    previous | next | block | elements, 0: plain | gap or bytes | mark     6 words
 *
 * The block of a node is a listpack of `elements` elements, which begins behind a gap of so many bytes (see listpack.ts), or
 * else the bytes of one large element ("plain"): then `elements` says 0, and the next word how many bytes. Refs are 0 where
 * there is nothing. The mark is that of the last ListGuard which is done with the node; 0 in a new one.
 *
 * Invariants: no node is without elements; `elements` of the root counts those of all nodes.
 */

import { copyBytes } from "../util/bytes";
import { Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";
import type { ListGuard } from "./list-guard";
import { type Listpack, listpackBytes } from "./listpack";

const ROOT_BYTES = 16;
export const HEAD = 0;
export const TAIL = 1;
export const ELEMENTS = 2;
export const NODES = 3;

const NODE_BYTES = 24;
const PREVIOUS = 0;
const NEXT = 1;
export const BLOCK = 2;
export const COUNT = 3;
/** The gap before a listpack, or the bytes of a plain element. */
export const EXTENT = 4;
const MARK = 5;

/** What a node holds: a listpack, or a plain element. */
export type BlockVisitor = (bytes: Uint8Array, at: number, length: number, isPlain: boolean) => void;

export class QuicklistNodes {
  /** See walk(). */
  left = 0;

  constructor(readonly heap: Heap) {}

  private get(ref: number, field: number): number {
    return this.heap.u32[ref >>> SEGMENT_SHIFT][((ref & SEGMENT_MASK) << 1) + field];
  }

  private set(ref: number, field: number, value: number): void {
    this.heap.u32[ref >>> SEGMENT_SHIFT][((ref & SEGMENT_MASK) << 1) + field] = value;
  }

  // --- root --------------------------------------------------------------------------------------------------------

  /** A root without nodes. */
  createRoot(): number {
    const root = this.heap.allocate(ROOT_BYTES);
    for (const field of [HEAD, TAIL, ELEMENTS, NODES]) this.set(root, field, 0);
    return root;
  }

  head(root: number): number {
    return this.get(root, HEAD);
  }

  tail(root: number): number {
    return this.get(root, TAIL);
  }

  /** Elements of the list. */
  elements(root: number): number {
    return this.get(root, ELEMENTS);
  }

  /** Nodes of the list. */
  length(root: number): number {
    return this.get(root, NODES);
  }

  // --- nodes -------------------------------------------------------------------------------------------------------

  previous(node: number): number {
    return this.get(node, PREVIOUS);
  }

  next(node: number): number {
    return this.get(node, NEXT);
  }

  /** Ref of the listpack, or of the bytes of a plain node. */
  block(node: number): number {
    return this.get(node, BLOCK);
  }

  /** Opens the listpack of a node that is not plain. */
  openListpack(node: number, listpack: Listpack): void {
    const words = this.heap.u32[node >>> SEGMENT_SHIFT];
    const word = (node & SEGMENT_MASK) << 1;
    listpack.openFloating(words[word + BLOCK], words[word + EXTENT]);
  }

  /**
   * As openListpack(). False where there is no node, it is plain, or it has `limit` elements already. One look where every
   * push looks.
   */
  openRoomy(node: number, limit: number, listpack: Listpack): boolean {
    const words = this.heap.u32[node >>> SEGMENT_SHIFT];
    const word = (node & SEGMENT_MASK) << 1;
    const count = words[word + COUNT];
    if (node === 0 || count === 0 || count >= limit) return false;
    listpack.openFloating(words[word + BLOCK], words[word + EXTENT]);
    return true;
  }

  isPlain(node: number): boolean {
    return this.get(node, COUNT) === 0;
  }

  /** Elements of the node. */
  count(node: number): number {
    return this.get(node, COUNT) || 1;
  }

  /**
   * Goes from `node` to the one that holds the element `passed` elements behind its first, or else before its last. Returns
   * that node; `left` says how many of its elements are passed, too.
   */
  walk(node: number, passed: number, forward: boolean): number {
    const link = forward ? NEXT : PREVIOUS;
    const { u32 } = this.heap;
    let at = node;
    let left = passed;
    let segment = at >>> SEGMENT_SHIFT;
    let words = u32[segment];
    for (;;) {
      const word = (at & SEGMENT_MASK) << 1;
      const count = words[word + COUNT] || 1;
      if (left < count) break;
      left -= count;
      at = words[word + link];
      // Most nodes are beside each other: the next one is not to wait for its segment to be found.
      if (at >>> SEGMENT_SHIFT === segment) continue;
      segment = at >>> SEGMENT_SHIFT;
      words = u32[segment];
    }
    this.left = left;
    return at;
  }

  /** Remembers where the listpack of a node is now, and that it has `delta` more elements. */
  update(root: number, node: number, listpack: Listpack, delta: number): void {
    const words = this.heap.u32[node >>> SEGMENT_SHIFT];
    const word = (node & SEGMENT_MASK) << 1;
    words[word + BLOCK] = listpack.ref;
    words[word + EXTENT] = listpack.gap;
    if (delta === 0) return;
    words[word + COUNT] += delta;
    this.heap.u32[root >>> SEGMENT_SHIFT][((root & SEGMENT_MASK) << 1) + ELEMENTS] += delta;
  }

  /** Bytes of the element of a plain node. */
  plainBytes(node: number): number {
    return this.get(node, EXTENT);
  }

  /** Gives a plain node another element. */
  replacePlain(root: number, node: number, block: number, bytes: number): void {
    const old = this.block(node);
    const isKept = this.guardOf(root)?.replacing(node) ?? false;
    this.set(node, BLOCK, block);
    this.set(node, EXTENT, bytes);
    if (!isKept) this.heap.free(old);
  }

  /** A block with these bytes. */
  createBlock(buf: Uint8Array, start: number, end: number): number {
    const block = this.heap.allocate(Math.max(end - start, 1));
    copyBytes(buf, start, this.heap.u8[block >>> SEGMENT_SHIFT], Heap.offset(block), end - start);
    return block;
  }

  /** A node that is in no list yet and has no block. */
  createNode(): number {
    return this.heap.allocate(NODE_BYTES);
  }

  /**
   * Links a new node behind `after` (0: at the head), with its block: a listpack of `count` elements, or `bytes` bytes of
   * a plain element if `count` is 0.
   */
  link(root: number, after: number, node: number, block: number, count: number, bytes: number): void {
    this.fill(node, block, count, count === 0 ? bytes : 0);
    this.insert(root, after, node);
  }

  private fill(node: number, block: number, count: number, extent: number): void {
    this.set(node, BLOCK, block);
    this.set(node, COUNT, count);
    this.set(node, EXTENT, extent);
    this.set(node, MARK, 0);
  }

  private insert(root: number, after: number, node: number): void {
    const before = after === 0 ? this.head(root) : this.next(after);
    this.chain(root, after, node);
    this.chain(root, node, before);
    this.set(root, NODES, this.get(root, NODES) + 1);
    this.set(root, ELEMENTS, this.get(root, ELEMENTS) + this.count(node));
    this.guardOf(root)?.added(node);
  }

  /** Takes a node out of the list and frees it, but not its block. False if a guard takes over both. */
  unlink(root: number, node: number): boolean {
    if (node === this.heap.bookmark) this.heap.bookmark = this.next(node);
    const next = this.next(node);
    this.chain(root, this.previous(node), next);
    this.set(root, NODES, this.get(root, NODES) - 1);
    this.set(root, ELEMENTS, this.get(root, ELEMENTS) - this.count(node));
    if (this.guardOf(root)?.removed(node, next)) return false;
    this.heap.free(node);
    return true;
  }

  /** Takes a node out of the list and frees it with its block. */
  remove(root: number, node: number): void {
    const block = this.block(node);
    if (this.unlink(root, node)) this.heap.free(block);
  }

  /** The listpack of a node is about to be changed. */
  changing(root: number, node: number): void {
    this.guardOf(root)?.changing(node);
  }

  /** The nodes of a quicklist are all gone, and its root goes, too. */
  freeRoot(root: number): void {
    this.guardOf(root)?.dissolved();
    this.heap.free(root);
  }

  private guardOf(root: number): ListGuard | null {
    const { listGuards } = this.heap;
    return listGuards === null ? null : (listGuards.get(root) ?? null);
  }

  /** Lets two nodes follow each other; 0 stands for the root. */
  private chain(root: number, left: number, right: number): void {
    if (left === 0) this.set(root, HEAD, right);
    else this.set(left, NEXT, right);
    if (right === 0) this.set(root, TAIL, left);
    else this.set(right, PREVIOUS, left);
  }

  /**
   * Lets `move` move a node and its block, see Heap.relocate; a plain element of any size, too. Returns the node that
   * follows.
   */
  moveNode(root: number, node: number, move: (block: number) => number): number {
    const moved = move(node);
    if (moved !== node) {
      this.chain(root, this.previous(moved), moved);
      this.chain(root, moved, this.next(moved));
    }
    this.set(moved, BLOCK, move(this.block(moved)));
    return this.next(moved);
  }

  // --- nodes that are in no list -----------------------------------------------------------------------------------

  mark(node: number): number {
    return this.get(node, MARK);
  }

  setMark(node: number, mark: number): void {
    this.set(node, MARK, mark);
  }

  setNext(node: number, next: number): void {
    this.set(node, NEXT, next);
  }

  /** A copy of a node. */
  copyNode(node: number): number {
    const copy = this.createNode();
    try {
      this.fill(copy, this.copyBlock(node), this.get(node, COUNT), this.isPlain(node) ? this.plainBytes(node) : 0);
    } catch (error) {
      this.heap.free(copy);
      throw error;
    }
    return copy;
  }

  /** Another node with the same block: one of them has to get a new one. */
  shareBlock(node: number): number {
    const other = this.createNode();
    this.fill(other, this.block(node), this.get(node, COUNT), this.get(node, EXTENT));
    return other;
  }

  free(node: number): void {
    this.heap.free(this.block(node));
    this.heap.free(node);
  }

  // --- whole lists -------------------------------------------------------------------------------------------------

  /** Frees up to `limit` nodes from the head on. When there are no more it frees the root, and returns true. */
  release(root: number, limit: number): boolean {
    for (let i = 0; i < limit && this.head(root) !== 0; i++) this.remove(root, this.head(root));
    if (this.head(root) !== 0) return false;
    this.heap.free(root);
    return true;
  }

  /** A copy of a list. If there is no memory for it, nothing is left of it. */
  copy(root: number): number {
    const copy = this.createRoot();
    try {
      for (let node = this.head(root); node !== 0; node = this.next(node)) this.appendCopy(copy, node);
    } catch (error) {
      while (!this.release(copy, Number.POSITIVE_INFINITY));
      throw error;
    }
    return copy;
  }

  private appendCopy(root: number, node: number): void {
    this.insert(root, this.tail(root), this.copyNode(node));
  }

  private copyBlock(node: number): number {
    const block = this.block(node);
    const bytes = this.heap.u8[block >>> SEGMENT_SHIFT];
    const at = this.start(node);
    return this.createBlock(bytes, at, at + this.usedBytes(node));
  }

  /** Where the bytes in use begin, in the heap segment of the block. */
  private start(node: number): number {
    return Heap.offset(this.block(node)) + (this.isPlain(node) ? 0 : this.get(node, EXTENT));
  }

  /** Bytes of the node's block that are in use. */
  usedBytes(node: number): number {
    if (this.isPlain(node)) return this.plainBytes(node);
    const block = this.block(node);
    return listpackBytes(this.heap.u8[block >>> SEGMENT_SHIFT], this.start(node));
  }

  /** Visits the listpack or the plain element of a node, as the bytes that it is. */
  visit(node: number, visit: BlockVisitor): void {
    const bytes = this.heap.u8[this.block(node) >>> SEGMENT_SHIFT];
    visit(bytes, this.start(node), this.usedBytes(node), this.isPlain(node));
  }

  /** Bytes that a node takes on the heap, its block included. */
  nodeBytes(node: number): number {
    return this.heap.sizeOf(node) + this.heap.sizeOf(this.block(node));
  }
}
