/**
 * Large sorted sets: a dict of the members, each a block with its score, and an order tree of the same blocks.
 *
 *     root (16 bytes)   dict | order tree | popped | unused
 *
 *     dict  ──┐
 *             ├──▸  scored block: score | member
 *     tree  ──┘
 *
 * The dict finds a member's score, the tree has the order. While a set is being made for a STORE command it may be a dict
 * alone (the tree is 0), and while it is freed either may be gone already.
 *
 * Members that are popped one by one are removed some at a time: until then *popped* counts them, those at the end of the
 * tree as a negative number, and dict and tree still have them. open() removes them first, so only pops know of them:
 * openToPop(), seekEnd() and removeEnd(). They are at most 64 (FORGET_AHEAD), and at most a sixty-fourth of the set. The
 * cache misses of their removals overlap, the tree removes them in one go, and a pop runs through little code: ZPOPMIN on
 * 500,000 members takes 0.37 µs instead of 0.61 (without sockets), and in pipelines of 16 and 64 1.08 and 0.63 µs of CPU
 * time a request instead of 1.32 and 0.93.
 *
 * `IndexedZset` is a flyweight, see `SortedSet`, which says what the methods mean: this class and PackedZset have the same
 * ones.
 *
 * Invariant: both hold the same blocks, and a block's score is that of its pair in the tree.
 */

import { Dict } from "../../memory/dict";
import type { Hasher, KeyHasher } from "../../memory/hash";
import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "../../memory/heap";
import { OrderTree } from "../../memory/order-tree";
import { ScoredBlocks } from "../../memory/scored-block";
import { stableSort } from "../../util/keyed-sort";
import { FORGET_AHEAD, ForgottenMembers } from "./forgotten-members";

const ROOT_BYTES = 16;
const DICT = 0;
const TREE = 1;
const POPPED = 2;

/** One in so many members may be popped and not yet removed. */
const POPPED_SHARE = 64;

export class IndexedZset {
  readonly blocks: ScoredBlocks;
  readonly dict: Dict;
  readonly tree: OrderTree;

  root = 0;
  foundScore = 0;

  // The cursor.
  bytes: Uint8Array;
  at = 0;
  length = 0;
  score = 0;

  /** What the root says. */
  private popped = 0;
  private readonly forgotten: ForgottenMembers;
  /** Members that the tree has let go of and the dict has not. */
  private collected = 0;
  /** Block of the member found last. */
  private found = 0;
  /** The member looked for last. */
  private hash = 0;
  private keyBytes: Uint8Array;
  private keyStart = 0;
  private keyEnd = 0;

  constructor(
    readonly heap: Heap,
    hasher: KeyHasher,
    private readonly keyHasher: Hasher = hasher,
  ) {
    this.blocks = new ScoredBlocks(heap);
    this.dict = new Dict(heap, hasher, this.blocks);
    this.tree = new OrderTree(heap, this.blocks);
    this.forgotten = new ForgottenMembers(heap, this.blocks, this.dict);
    this.bytes = heap.u8[0];
    this.keyBytes = heap.u8[0];
  }

  create(): number {
    this.createUnordered();
    try {
      this.setPart(TREE, this.tree.create());
    } catch (error) {
      while (!this.release());
      throw error;
    }
    return this.root;
  }

  open(root: number): void {
    this.look(root);
    if (this.popped !== 0) this.removePopped();
  }

  /** As open(), if nothing but seekEnd(), next(), previous() and removeEnd() follow, at the end that `max` says. */
  openToPop(root: number, max: boolean): void {
    this.look(root);
    if (this.popped !== 0 && max === this.popped > 0) this.removePopped();
  }

  private look(root: number): void {
    const view = this.heap.u32[root >>> SEGMENT_SHIFT];
    const word = (root & SEGMENT_MASK) << 1;
    this.root = root;
    this.dict.open(view[word + DICT]);
    this.tree.open(view[word + TREE]);
    this.popped = view[word + POPPED] | 0;
  }

  /** The root of the dict of the set at `root`. */
  static dictOf(heap: Heap, root: number): number {
    return heap.u32[root >>> SEGMENT_SHIFT][((root & SEGMENT_MASK) << 1) + DICT];
  }

  private part(part: number): number {
    return this.heap.u32[this.root >>> SEGMENT_SHIFT][((this.root & SEGMENT_MASK) << 1) + part];
  }

  private setPart(part: number, ref: number): void {
    this.heap.u32[this.root >>> SEGMENT_SHIFT][((this.root & SEGMENT_MASK) << 1) + part] = ref;
  }

  /** Makes a copy of another one and opens it; returns its root. */
  copyOf(source: IndexedZset): number {
    this.create();
    try {
      for (let more = source.seek(0); more; more = source.next()) {
        this.setKey(source.bytes, source.at, source.at + source.length);
        this.insertMissing(source.score);
      }
    } catch (error) {
      while (!this.release());
      throw error;
    }
    return this.root;
  }

  /**
   * Frees a part of the set, a few hundred members at most. Returns true when nothing is left, the root neither; the set
   * is of no other use once this began. It need not be open: `root` is enough.
   */
  release(): boolean {
    const { heap } = this;
    const dict = this.part(DICT);
    if (dict !== 0) {
      this.dict.open(dict);
      if (!this.dict.drain(this.freeBlock)) return false;
      this.setPart(DICT, 0);
    }
    const tree = this.part(TREE);
    if (tree !== 0) {
      this.tree.open(tree);
      if (!this.tree.drain()) return false;
    }
    heap.free(this.root);
    return true;
  }

  private readonly freeBlock = (ref: number): void => this.heap.free(ref);

  get size(): number {
    return this.dict.size - Math.abs(this.popped);
  }

  /** Bytes of root, dict and tree, without those of the members' blocks. */
  get indexBytes(): number {
    return ROOT_BYTES + this.dict.bytes + this.tree.bytes;
  }

  // --- members -----------------------------------------------------------------------------------------------------

  find(buf: Uint8Array, start: number, end: number): boolean {
    this.setKey(buf, start, end);
    this.found = this.dict.find(this.hash, buf, start, end);
    if (this.found === 0) return false;
    this.foundScore = this.blocks.score(this.found);
    return true;
  }

  /** Score of a member whose hash is known; NaN if it is missing. It is not "the member found". */
  scoreOf(hash: number, buf: Uint8Array, start: number, end: number): number {
    const ref = this.dict.find(hash, buf, start, end);
    return ref === 0 ? Number.NaN : this.blocks.score(ref);
  }

  /** As find(), of a member of which it is known that it is missing. */
  setKey(buf: Uint8Array, start: number, end: number): void {
    this.hash = this.keyHasher.hash(buf, start, end);
    this.keyBytes = buf;
    this.keyStart = start;
    this.keyEnd = end;
  }

  insertMissing(score: number): void {
    const ref = this.blocks.create(score, this.keyBytes, this.keyStart, this.keyEnd);
    try {
      this.insertBlock(this.hash, ref);
    } catch (error) {
      this.heap.free(ref);
      throw error;
    }
  }

  /** Adds the scored block of a member, whose hash this is; false if the member is there already. */
  insertNew(hash: number, ref: number): boolean {
    const { blocks } = this;
    blocks.locate(ref);
    if (this.dict.find(hash, blocks.bytes, blocks.at, blocks.at + blocks.length) !== 0) return false;
    this.insertBlock(hash, ref);
    return true;
  }

  private insertBlock(hash: number, ref: number): void {
    this.tree.insert(ref);
    try {
      this.dict.insert(hash, ref, false);
    } catch (error) {
      this.tree.remove(ref);
      throw error;
    }
  }

  setFoundScore(score: number): void {
    this.tree.move(this.found, score);
    this.foundScore = score;
  }

  removeFound(): void {
    this.tree.remove(this.found);
    this.dict.removeFound();
    this.heap.free(this.found);
  }

  foundRank(): number {
    return this.tree.rank(this.found);
  }

  // --- making a result ---------------------------------------------------------------------------------------------
  // A result is collected in any order, in a dict without a tree; order() makes a sorted set of it.

  /** Makes an empty dict without a tree. Nothing but the methods of this part can be done with it until order(). */
  createUnordered(): void {
    const { heap } = this;
    const root = heap.allocate(ROOT_BYTES);
    this.root = root;
    this.setPart(DICT, 0);
    this.setPart(TREE, 0);
    this.setPopped(0);
    try {
      this.setPart(DICT, this.dict.create());
    } catch (error) {
      heap.free(root);
      throw error;
    }
  }

  /** Looks for a member whose hash is known, and leaves its score in foundScore. */
  findUnordered(hash: number, buf: Uint8Array, start: number, end: number): boolean {
    this.found = this.dict.find(hash, buf, start, end);
    if (this.found === 0) return false;
    this.foundScore = this.blocks.score(this.found);
    return true;
  }

  /** Gives the member that findUnordered() found another score. */
  setUnordered(score: number): void {
    this.blocks.setScore(this.found, score);
  }

  /** Adds a member that is missing. */
  addUnordered(hash: number, score: number, buf: Uint8Array, start: number, end: number): void {
    const ref = this.blocks.create(score, buf, start, end);
    try {
      this.dict.insert(hash, ref, false);
    } catch (error) {
      this.heap.free(ref);
      throw error;
    }
  }

  /** Makes the tree. In the order of scores: most pairs are appended to it then. */
  order(): void {
    const { blocks, dict, tree } = this;
    const scores = new Float64Array(dict.size);
    const refs = new Uint32Array(dict.size);
    let count = 0;
    dict.scan(0, Number.POSITIVE_INFINITY, (ref) => {
      scores[count] = blocks.score(ref);
      refs[count++] = ref;
    });
    stableSort(scores, refs, count);
    this.setPart(TREE, tree.create());
    for (let i = 0; i < count; i++) tree.insert(refs[i]);
  }

  // --- ranks -------------------------------------------------------------------------------------------------------

  countBelow(score: number, inclusive: boolean): number {
    return this.tree.countBelow(score, inclusive);
  }

  countBelowMember(buf: Uint8Array, start: number, end: number, inclusive: boolean): number {
    return this.tree.countBelowMember(buf, start, end, inclusive);
  }

  removeRange(rank: number, count: number): void {
    for (let left = count; left > 0; ) {
      left -= this.tree.removeRange(rank, left, this.collect);
      this.forgetCollected();
    }
  }

  seekEnd(max: boolean): boolean {
    const { tree, popped } = this;
    if (!tree.seek(max ? tree.size - 1 + popped : popped)) return false;
    if (popped === 0) this.forgotten.load(tree);
    return this.readPair();
  }

  removeEnd(count: number, max: boolean): void {
    const popped = max ? this.popped - count : this.popped + count;
    // Somebody who guards the dict has to hear of changes before they happen.
    const most = this.heap.isGuarded ? 0 : Math.min(FORGET_AHEAD, this.tree.size / POPPED_SHARE);
    this.setPopped(popped);
    if (Math.abs(popped) >= most) this.removePopped();
  }

  private setPopped(popped: number): void {
    this.popped = popped;
    this.setPart(POPPED, popped);
  }

  private removePopped(): void {
    const { popped } = this;
    const count = Math.abs(popped);
    this.setPopped(0);
    this.removeRange(popped > 0 ? 0 : this.tree.size - count, count);
  }

  /** Removes a member that the tree has let go of, with some others. */
  private readonly collect = (ref: number): void => {
    this.forgotten.members[this.collected++] = ref;
    if (this.collected === FORGET_AHEAD) this.forgetCollected();
  };

  private forgetCollected(): void {
    const { forgotten, collected } = this;
    this.collected = 0;
    forgotten.note(collected);
    for (let i = 0; i < collected; i++) {
      this.dict.findRef(forgotten.hashes[i], forgotten.members[i]);
      this.dict.removeFound();
      this.heap.free(forgotten.members[i]);
    }
  }

  // --- defragmentation ---------------------------------------------------------------------------------------------

  /** Lets the roots be moved: its own, that of the dict with its directory, and the tree's header. Returns its own. */
  moveRoots(move: (block: number) => number): number {
    this.root = move(this.root);
    this.setPart(DICT, this.dict.moveRoot(move));
    this.setPart(TREE, this.tree.moveHeader(move));
    return this.root;
  }

  /** Lets the leaf with the pair of this rank, and the blocks of its members, be moved: see OrderTree.moveLeaf. */
  moveLeaf(rank: number, move: (block: number) => number): number {
    if (rank >= this.size) return 0;
    return this.tree.moveLeaf(rank, move, this.tellDict);
  }

  private readonly tellDict = (from: number, to: number): void => {
    const { blocks, dict } = this;
    blocks.locate(to);
    const { bytes, at, length } = blocks;
    if (dict.findRef(dict.hash(bytes, at, at + length), from)) dict.replaceFound(to);
  };

  // --- cursor ------------------------------------------------------------------------------------------------------

  seek(rank: number): boolean {
    return this.tree.seek(rank) && this.readPair();
  }

  next(): boolean {
    return this.tree.next() && this.readPair();
  }

  previous(): boolean {
    return this.tree.previous() && this.readPair();
  }

  private readPair(): boolean {
    const { blocks, tree } = this;
    blocks.locate(tree.member);
    this.score = tree.score;
    this.bytes = blocks.bytes;
    this.at = blocks.at;
    this.length = blocks.length;
    return true;
  }
}
