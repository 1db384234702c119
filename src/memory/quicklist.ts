/**
 * A list on the heap, in one of two forms, as in Redis 7.2:
 *
 *     listpack     root ──▶ listpack                                   while it is small
 *     quicklist    root ──▶ node ⇄ node ⇄ … ⇄ node                     see quicklist-nodes.ts
 *                            │      │          │
 *                            ▼      ▼          ▼
 *                        listpack  plain    listpack
 *
 * `fill` (list-max-listpack-size) says how large a listpack may become: 4, 8, 16, 32 or 64 KiB for -1 to -5; or as many
 * elements as it says, if positive, within 8 KiB. An element that exceeds all of that alone is a node of its own,
 * "plain". A list changes its form only in grow() and shrink(), which its owner calls where Redis does: before elements
 * are added, and after some have gone.
 *
 * `Quicklist` is a flyweight with a cursor: one object serves all lists, one at a time. seek(), next(), find() and their
 * like put the cursor on an element; what changes the list says where the cursor is then, or else it is nowhere. A
 * change may move the root: `root` and `isListpack` are what the owner has to remember.
 *
 * What is given as text must not be in the list itself. A change that throws HeapFullError has not changed the elements,
 * but may have divided a node. Removing never throws.
 *
 * Unlike Redis, `fill` is that of the moment and not remembered for each list; and the two parts of a divided node are
 * not joined with each other again, only with their neighbours.
 */

import { equalBytes } from "../util/bytes";
import { Heap, HeapFullError, SEGMENT_SHIFT } from "./heap";
import { LISTPACK_EMPTY, Listpack } from "./listpack";
import { type ElementSink, QuicklistEnds } from "./quicklist-ends";
import { type BlockVisitor, QuicklistNodes } from "./quicklist-nodes";

/** Bytes of a node's listpack for a fill of -1, -2 … */
const BYTES_BY_LEVEL = [4096, 8192, 16384, 32768, 65536];
/** Bytes of a node's listpack whose elements are limited by number. */
const SAFE_BYTES = 8192;
/** What an element may take in a listpack besides its text: an estimate, Redis's. */
const ELEMENT_OVERHEAD = 8;
/** More than any: an integer, so that it is compared as one. */
const NO_LIMIT = 0x7fffffff;
/** Nodes that release() frees in one step. */
const RELEASED_AT_ONCE = 64;

/** The text of an element: value[at, at + length). */
export interface ElementText {
  readonly value: Uint8Array;
  readonly at: number;
  readonly length: number;
}

/** Where the element of a plain node is. */
interface PlainText extends ElementText {
  value: Uint8Array;
  at: number;
  length: number;
}

export class Quicklist {
  /** What the owner keeps: where the list is, and in which form. */
  root = 0;
  isListpack = true;
  /** Index of the element that the cursor is on. */
  index = 0;
  /** The listpack that the cursor is in; see isPlain. */
  readonly listpack: Listpack;
  /** Position of the cursor in `listpack`. */
  p = 0;
  /** Whether the cursor is on the element of a plain node. */
  isPlain = false;
  /** Elements of this length and more become plain, if not 0: for tests that want plain nodes of small elements. */
  plainFrom = 0;

  /** What the owner remembers. */
  private keptRoot = 0;
  private wasListpack = true;
  private readonly nodes: QuicklistNodes;
  private readonly ends: QuicklistEnds;
  private readonly other: Listpack;
  private readonly plain: PlainText;
  /** The node that the cursor is in; 0 if the list is a listpack. */
  private node = 0;
  private fill = -2;
  /** What `fill` allows in a listpack. */
  private byteLimit = BYTES_BY_LEVEL[1];
  private countLimit = NO_LIMIT;
  /** As byteLimit, for a quicklist that becomes a listpack: where elements are counted, Redis does not ask for bytes. */
  private shrinkLimit = BYTES_BY_LEVEL[1];

  constructor(readonly heap: Heap) {
    this.nodes = new QuicklistNodes(heap);
    this.ends = new QuicklistEnds(heap);
    this.listpack = new Listpack(heap);
    this.other = new Listpack(heap);
    this.plain = { value: heap.u8[0], at: 0, length: 0 };
  }

  /** Sets how large listpacks may become; see above. */
  setFill(fill: number): void {
    if (fill !== this.fill) this.changeFill(fill);
  }

  private changeFill(fill: number): void {
    this.fill = fill;
    if (fill >= 0) {
      this.byteLimit = SAFE_BYTES;
      this.countLimit = Math.max(fill, 1);
      this.shrinkLimit = NO_LIMIT;
    } else {
      this.byteLimit = BYTES_BY_LEVEL[Math.min(-fill, BYTES_BY_LEVEL.length) - 1];
      this.countLimit = NO_LIMIT;
      this.shrinkLimit = this.byteLimit;
    }
  }

  /** Makes an empty list, a listpack with room for `bytes` bytes of elements, and opens it. */
  create(bytes = 0): void {
    this.root = this.listpack.createSized(LISTPACK_EMPTY + bytes);
    this.isListpack = true;
    this.node = 0;
    this.isPlain = false;
  }

  /** Opens the list at `root`. */
  open(root: number, isListpack: boolean): void {
    this.root = root;
    this.isListpack = isListpack;
    this.keptRoot = root;
    this.wasListpack = isListpack;
    this.node = 0;
    this.isPlain = false;
    if (isListpack) this.listpack.open(root);
  }

  /** Whether root or form are others than those of open(), or of the last call: then the owner has to remember them. */
  hasMoved(): boolean {
    if (this.root === this.keptRoot && this.isListpack === this.wasListpack) return false;
    this.keptRoot = this.root;
    this.wasListpack = this.isListpack;
    return true;
  }

  /** Elements. */
  get length(): number {
    return this.isListpack ? this.listpack.count : this.nodes.elements(this.root);
  }

  /** Nodes; 1 for a listpack. */
  get nodeCount(): number {
    return this.isListpack ? 1 : this.nodes.length(this.root);
  }

  // --- the cursor --------------------------------------------------------------------------------------------------

  /** Goes to the element at an index, from the end for negative ones. False if there is none. */
  seek(index: number): boolean {
    const { length } = this;
    const wanted = index < 0 ? length + index : index;
    if (wanted < 0 || wanted >= length) return false;
    this.index = wanted;
    if (this.isListpack) this.p = this.listpack.seek(wanted);
    else this.enter(this.seekNode(wanted, length));
    return true;
  }

  /** As seek(0), or seek(-1) for the tail, of a list that has elements. */
  seekEnd(atTail: boolean): void {
    const { listpack, nodes, root } = this;
    this.index = atTail ? this.length - 1 : 0;
    if (!this.isListpack) {
      this.node = atTail ? nodes.tail(root) : nodes.head(root);
      if (!this.openNode()) return;
    }
    this.p = atTail ? listpack.last() : listpack.first();
  }

  /** Finds the node of an index, from the nearer end on. Returns the index inside the node. */
  private seekNode(index: number, length: number): number {
    const { nodes, root } = this;
    const forward = index < length >>> 1;
    const passed = forward ? index : length - 1 - index;
    this.node = forward ? nodes.head(root) : nodes.tail(root);
    const count = nodes.count(this.node);
    if (passed < count) return forward ? passed : count - 1 - passed;
    this.node = nodes.walk(this.node, passed, forward);
    return forward ? nodes.left : nodes.count(this.node) - 1 - nodes.left;
  }

  /** Opens the cursor's node and goes to an element of it, which has to be there. */
  private enter(index: number): void {
    if (this.openNode()) this.p = this.listpack.seek(index);
  }

  /** Opens the cursor's node. False if it is plain: then there is no listpack. */
  private openNode(): boolean {
    const { node, nodes } = this;
    this.isPlain = nodes.isPlain(node);
    if (!this.isPlain) nodes.openListpack(node, this.listpack);
    return !this.isPlain;
  }

  /** Goes to the following element. False if there is none. */
  next(): boolean {
    if (!this.isPlain) {
      const p = this.listpack.next(this.p);
      if (p !== 0) {
        this.p = p;
        this.index++;
        return true;
      }
    }
    return this.nextNode();
  }

  /** Goes to the element before. False if there is none. */
  previous(): boolean {
    if (!this.isPlain) {
      const p = this.listpack.previous(this.p);
      if (p !== 0) {
        this.p = p;
        this.index--;
        return true;
      }
    }
    return this.previousNode();
  }

  private nextNode(): boolean {
    const node = this.node === 0 ? 0 : this.nodes.next(this.node);
    if (node === 0) return false;
    this.node = node;
    this.index++;
    this.enter(0);
    return true;
  }

  private previousNode(): boolean {
    const node = this.node === 0 ? 0 : this.nodes.previous(this.node);
    if (node === 0) return false;
    this.node = node;
    this.index--;
    this.enter(-1);
    return true;
  }

  /** The element's text; valid until the next change, and the next read(). */
  read(): ElementText {
    if (!this.isPlain) {
      this.listpack.read(this.p);
      return this.listpack;
    }
    const { heap, node, nodes, plain } = this;
    const block = nodes.block(node);
    plain.value = heap.u8[block >>> SEGMENT_SHIFT];
    plain.at = Heap.offset(block);
    plain.length = nodes.plainBytes(node);
    return plain;
  }

  /** Goes on to the first element with this text, the cursor's own included. False if there is none. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    do {
      const { listpack } = this;
      if (this.isPlain) {
        if (this.equalsPlain(buf, start, end)) return true;
        continue;
      }
      const p = listpack.find(this.p, buf, start, end, 0);
      this.index += listpack.passed;
      if (p !== 0) {
        this.p = p;
        return true;
      }
      // Behind the last element of the node: nextNode() counts one more.
      this.index--;
    } while (this.nextNode());
    return false;
  }

  /** Goes back to the last element with this text, the cursor's own included. False if there is none. */
  findLast(buf: Uint8Array, start: number, end: number): boolean {
    do {
      const { listpack } = this;
      if (this.isPlain) {
        if (this.equalsPlain(buf, start, end)) return true;
        continue;
      }
      const p = listpack.findLast(this.p, buf, start, end);
      this.index -= listpack.passed;
      if (p !== 0) {
        this.p = p;
        return true;
      }
      this.index++;
    } while (this.previousNode());
    return false;
  }

  private equalsPlain(buf: Uint8Array, start: number, end: number): boolean {
    const { value, at, length } = this.read();
    return length === end - start && equalBytes(value, at, buf, start, length);
  }

  // --- adding ------------------------------------------------------------------------------------------------------

  /** Makes it a quicklist, if a listpack with `count` more elements of `bytes` bytes in all would be too large. */
  grow(bytes: number, count: number): void {
    if (!this.isListpack) return;
    const { listpack } = this;
    if (listpack.byteLength + bytes > this.byteLimit || listpack.count + count > this.countLimit) this.toQuicklist();
  }

  private toQuicklist(): void {
    const { listpack, nodes } = this;
    const { count } = listpack;
    const root = nodes.createRoot();
    if (count === 0) {
      listpack.free();
    } else {
      nodes.link(root, 0, this.createNode(root), listpack.ref, count, 0);
    }
    this.root = root;
    this.isListpack = false;
  }

  /** A node for a list that is being made; the root is freed if there is no memory for it. */
  private createNode(root: number): number {
    try {
      return this.nodes.createNode();
    } catch (error) {
      this.heap.free(root);
      throw error;
    }
  }

  /** Adds an element at the tail, or else at the head. The cursor is nowhere. */
  push(atTail: boolean, buf: Uint8Array, start: number, end: number): void {
    if (!this.isListpack) {
      const node = atTail ? this.nodes.tail(this.root) : this.nodes.head(this.root);
      if (!this.openRoomy(node, end - start)) {
        this.addNode(atTail ? node : 0, buf, start, end);
        return;
      }
    }
    this.addAtEdge(atTail, buf, start, end);
  }

  /**
   * Does what open() of the quicklist at `root` and push() would, if that is quickly done, and leaves nothing open (see
   * quicklist-ends.ts). Returns the elements of the list; 0 if nothing was done.
   */
  pushQuickly(root: number, atTail: boolean, buf: Uint8Array, start: number, end: number): number {
    if (this.plainFrom !== 0) return 0;
    const room = this.byteLimit - ELEMENT_OVERHEAD - (end - start);
    return this.ends.push(root, atTail, room, this.countLimit, buf, start, end);
  }

  /** Opens a node if there is one and it has room for one more element of this length. */
  private openRoomy(node: number, length: number): boolean {
    const { listpack } = this;
    if (this.isLarge(length) || !this.nodes.openRoomy(node, this.countLimit, listpack)) return false;
    this.node = node;
    return listpack.byteLength + length + ELEMENT_OVERHEAD <= this.byteLimit;
  }

  /** Adds an element at the end or at the beginning of the node that is open. */
  private addAtEdge(atEnd: boolean, buf: Uint8Array, start: number, end: number): void {
    this.changing();
    if (atEnd) this.listpack.append(buf, start, end);
    else this.listpack.prepend(buf, start, end);
    this.stored(1);
  }

  /** The listpack of the cursor's node is about to be changed: before each change that stored() follows. */
  private changing(): void {
    if (this.heap.listGuards !== null && this.node !== 0) this.nodes.changing(this.root, this.node);
  }

  /** Remembers where the listpack of the cursor's node is, and that it has `delta` more elements. */
  private stored(delta: number): void {
    const { listpack, node, nodes } = this;
    if (node === 0) {
      this.root = listpack.ref;
      return;
    }
    nodes.update(this.root, node, listpack, delta);
  }

  /** Adds a node with one element behind the node `after` (0: at the head). */
  private addNode(after: number, buf: Uint8Array, start: number, end: number): void {
    const { heap, nodes } = this;
    const isLarge = this.isLarge(end - start);
    const node = nodes.createNode();
    try {
      const block = isLarge ? nodes.createBlock(buf, start, end) : this.createListpack(buf, start, end);
      nodes.link(this.root, after, node, block, isLarge ? 0 : 1, end - start);
    } catch (error) {
      heap.free(node);
      throw error;
    }
  }

  private createListpack(buf: Uint8Array, start: number, end: number): number {
    this.listpack.createSized(LISTPACK_EMPTY + Listpack.elementBytes(buf, start, end));
    this.listpack.append(buf, start, end);
    return this.listpack.ref;
  }

  /** Whether an element of this length is kept in a plain node. */
  private isLarge(length: number): boolean {
    return this.plainFrom !== 0 ? length >= this.plainFrom : length > this.byteLimit;
  }

  /** Adds an element behind the cursor's, or else before it. The cursor is nowhere. */
  insert(after: boolean, buf: Uint8Array, start: number, end: number): void {
    const { listpack } = this;
    if (!this.isListpack && !this.openRoomy(this.node, end - start)) {
      this.insertBetween(after, buf, start, end);
      return;
    }
    this.changing();
    if (after) listpack.insertAfter(this.p, buf, start, end);
    else listpack.insertBefore(this.p, buf, start, end);
    this.stored(1);
  }

  /** Adds an element between two nodes: those on both sides of the place, or the parts of the one that it is in. */
  private insertBetween(after: boolean, buf: Uint8Array, start: number, end: number): void {
    const { nodes } = this;
    const isInside = !this.isAtEdge(after);
    if (isInside) this.split(after);
    const left = isInside || after ? this.node : nodes.previous(this.node);
    const right = isInside || after ? nodes.next(this.node) : this.node;
    if (this.openRoomy(left, end - start)) this.addAtEdge(true, buf, start, end);
    else if (this.openRoomy(right, end - start)) this.addAtEdge(false, buf, start, end);
    else this.addNode(left, buf, start, end);
    if (!isInside) return;
    this.merge(nodes.previous(left), left);
    this.merge(right, nodes.next(right));
  }

  /** Whether there is nothing behind (or before) the cursor's element in its node. */
  private isAtEdge(behind: boolean): boolean {
    const { listpack, p } = this;
    return this.isPlain || (behind ? listpack.next(p) : listpack.previous(p)) === 0;
  }

  /** Divides the cursor's node behind (or before) the element; there are elements on both sides. */
  private split(behind: boolean): void {
    const { heap, listpack, node, nodes } = this;
    const first = behind ? listpack.next(this.p) : this.p;
    let moved = 0;
    for (let p = first; p !== 0; p = listpack.next(p)) moved++;
    const right = nodes.createNode();
    try {
      this.changing();
      const block = listpack.splitBefore(first, moved);
      this.stored(-moved);
      nodes.link(this.root, node, right, block, moved, 0);
    } catch (error) {
      heap.free(right);
      throw error;
    }
  }

  /** Joins two neighbours, if both are there and together are not too large. Without memory they stay two. */
  private merge(left: number, right: number): void {
    const { listpack, nodes, other } = this;
    if (left === 0 || right === 0 || nodes.isPlain(left) || nodes.isPlain(right)) return;
    const count = nodes.count(right);
    if (nodes.count(left) + count > this.countLimit) return;
    if (nodes.usedBytes(left) + nodes.usedBytes(right) - LISTPACK_EMPTY > this.byteLimit) return;
    this.node = left;
    this.changing();
    nodes.openListpack(left, listpack);
    nodes.openListpack(right, other);
    try {
      listpack.appendAll(other);
    } catch (error) {
      if (error instanceof HeapFullError) return;
      throw error;
    }
    this.stored(count);
    nodes.remove(this.root, right);
  }

  /** Puts another element in the place of the cursor's. The cursor is nowhere. */
  replace(buf: Uint8Array, start: number, end: number): void {
    const { listpack, node, nodes } = this;
    const isLarge = this.isLarge(end - start);
    if (this.isListpack || (!this.isPlain && !isLarge && this.allowsReplacement(end - start))) {
      this.changing();
      listpack.replace(this.p, buf, start, end);
      this.stored(0);
    } else if (this.isPlain && isLarge) {
      nodes.replacePlain(this.root, node, nodes.createBlock(buf, start, end), end - start);
    } else {
      const { index } = this;
      this.insert(true, buf, start, end);
      this.seek(index);
      this.remove(true);
    }
  }

  /** Whether the cursor's node has room for an element of this length in the place of the cursor's. */
  private allowsReplacement(length: number): boolean {
    const { listpack, node, nodes } = this;
    if (nodes.count(node) === 1) return true;
    return listpack.byteLength - listpack.bytesAt(this.p) + length + ELEMENT_OVERHEAD <= this.byteLimit;
  }

  // --- removing ----------------------------------------------------------------------------------------------------

  /** Makes it a listpack again, if that is at most half as large as it may become. */
  shrink(): void {
    if (!this.isListpack) this.toListpack(this.shrinkLimit / 2, Math.floor(this.countLimit / 2));
  }

  /** Makes it a listpack, if a listpack that is not too large can hold it all: for lists that were just made. */
  settle(): void {
    if (!this.isListpack) this.toListpack(this.shrinkLimit, this.countLimit);
  }

  /** Whether a listpack of so many bytes and elements can be a list by itself. */
  fitsListpack(bytes: number, elements: number): boolean {
    return bytes <= this.shrinkLimit && elements <= this.countLimit;
  }

  private toListpack(byteLimit: number, countLimit: number): void {
    const { listpack, nodes, root } = this;
    const node = nodes.head(root);
    if (nodes.length(root) !== 1 || nodes.isPlain(node)) return;
    if (nodes.usedBytes(node) > byteLimit || nodes.count(node) > countLimit) return;
    nodes.changing(root, node);
    nodes.openListpack(node, listpack);
    listpack.ground();
    nodes.unlink(root, node);
    nodes.freeRoot(root);
    this.root = listpack.ref;
    this.isListpack = true;
    this.node = 0;
    this.isPlain = false;
  }

  /**
   * Gives the element at an end of the quicklist at `root` to `sink` and removes it, if that is quickly done: as open(),
   * seekEnd(), read(), removeHere() and shrink(). Leaves nothing open. False: nothing was done.
   */
  popQuickly(root: number, atTail: boolean, sink: ElementSink): boolean {
    return this.ends.pop(root, atTail, sink);
  }

  /** Removes the cursor's element. The cursor is nowhere. */
  removeHere(): void {
    const { listpack, node, nodes } = this;
    if (!this.isListpack && nodes.count(node) === 1) {
      nodes.remove(this.root, node);
      return;
    }
    this.changing();
    listpack.remove(this.p);
    this.stored(-1);
  }

  /**
   * Removes the cursor's element, and goes on to the one behind it (or before it). False if there is none: then the
   * cursor is nowhere.
   */
  remove(forward: boolean): boolean {
    const { listpack, node, nodes, p } = this;
    if (!this.isListpack && nodes.count(node) === 1) return this.removeNode(forward);
    const before = listpack.previous(p);
    const offset = before - listpack.start;
    this.changing();
    const following = listpack.remove(p);
    this.stored(-1);
    if (forward ? following !== 0 : before !== 0) {
      this.p = forward ? following : listpack.start + offset;
      if (!forward) this.index--;
      return true;
    }
    if (!forward) return this.previousNode();
    this.index--;
    return this.nextNode();
  }

  /** As remove(), of the only element of a node. */
  private removeNode(forward: boolean): boolean {
    const { node, nodes } = this;
    const neighbour = forward ? nodes.next(node) : nodes.previous(node);
    nodes.remove(this.root, node);
    this.node = neighbour;
    if (neighbour === 0) return false;
    if (!forward) this.index--;
    this.enter(forward ? 0 : -1);
    return true;
  }

  /** Removes `count` elements from an index (not negative) on, or as many as there are. The cursor is nowhere. */
  removeRange(first: number, count: number): void {
    const { listpack, nodes } = this;
    const { length } = this;
    let left = Math.min(count, length - first);
    if (left <= 0) return;
    if (this.isListpack) {
      listpack.remove(listpack.seek(first), left);
      this.stored(0);
      return;
    }
    let offset = this.seekNode(first, length);
    while (left > 0) {
      const { node } = this;
      const next = nodes.next(node);
      left -= this.removeInNode(offset, left);
      this.node = next;
      offset = 0;
    }
  }

  /** Removes up to `limit` elements from an index inside the cursor's node on. Returns how many that were. */
  private removeInNode(offset: number, limit: number): number {
    const { listpack, node, nodes } = this;
    const count = nodes.count(node);
    if (offset === 0 && limit >= count) {
      nodes.remove(this.root, node);
      return count;
    }
    const removed = Math.min(limit, count - offset);
    this.changing();
    nodes.openListpack(node, listpack);
    listpack.remove(listpack.seek(offset), removed);
    this.stored(-removed);
    return removed;
  }

  // --- whole lists -------------------------------------------------------------------------------------------------

  /** Makes an empty quicklist, for addListpack() and addPlain(), and opens it. */
  createNodes(): void {
    this.open(this.nodes.createRoot(), false);
  }

  /** Adds a node at the tail of a quicklist: the listpack in `block`, of `count` elements, belongs to the list then. */
  addListpack(block: number, count: number): void {
    const { nodes, root } = this;
    nodes.link(root, nodes.tail(root), nodes.createNode(), block, count, 0);
  }

  /** Adds a plain node at the tail of a quicklist. */
  addPlain(buf: Uint8Array, start: number, end: number): void {
    const { heap, nodes, root } = this;
    const node = nodes.createNode();
    try {
      nodes.link(root, nodes.tail(root), node, nodes.createBlock(buf, start, end), 0, end - start);
    } catch (error) {
      heap.free(node);
      throw error;
    }
  }

  /** Visits the listpacks and the elements of plain nodes, from the head on, as the bytes that they are. */
  eachBlock(visit: BlockVisitor): void {
    const { listpack, nodes } = this;
    if (this.isListpack) {
      visit(listpack.bytes, listpack.start, listpack.byteLength, false);
      return;
    }
    for (let node = nodes.head(this.root); node !== 0; node = nodes.next(node)) nodes.visit(node, visit);
  }

  /** The root of a copy, in the same form. If there is no memory for it, nothing is left of it. */
  copy(): number {
    return this.isListpack ? this.listpack.copy() : this.nodes.copy(this.root);
  }

  /** Frees the open list, or a part of it. True when nothing is left; else it is of no use but to be released further. */
  release(): boolean {
    if (!this.isListpack) return this.nodes.release(this.root, RELEASED_AT_ONCE);
    this.heap.free(this.root);
    return true;
  }

  /** Frees all of the open list. */
  free(): void {
    while (!this.release());
  }

  /** Bytes that the list takes on the heap, estimated from its first `samples` nodes (0: from all). */
  bytes(samples: number): number {
    const { heap, nodes, root } = this;
    if (this.isListpack) return heap.sizeOf(root);
    let bytes = 0;
    let seen = 0;
    for (let node = nodes.head(root); node !== 0 && (samples === 0 || seen < samples); node = nodes.next(node)) {
      bytes += nodes.nodeBytes(node);
      seen++;
    }
    return heap.sizeOf(root) + (seen === 0 ? 0 : Math.round((bytes / seen) * this.nodeCount));
  }

  /** Bytes of all elements as their listpacks and plain nodes hold them. */
  get contentBytes(): number {
    const { nodes } = this;
    if (this.isListpack) return this.listpack.byteLength;
    let bytes = 0;
    for (let node = nodes.head(this.root); node !== 0; node = nodes.next(node)) bytes += nodes.usedBytes(node);
    return bytes;
  }
}
