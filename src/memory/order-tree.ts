/**
 * Order tree: a B+tree of (score, member) pairs in ascending order, with subtree counts, so that a pair's rank and the
 * pair of a rank are found on one way down. It is what stands behind large sorted sets (reported as "skiplist"): it takes
 * a third of a skip list's memory, and a lookup among a million pairs goes through four blocks.
 *
 * A member is a ref; the owner's MemberLayout says what its score and its bytes are. Order is that of scores, then of
 * bytes (memcmp). A score changes through move() only, as long as the member is in the tree.
 * Everything is in the heap: nodes of 1,024 bytes (order-nodes.ts has their layout) and a header:
 *
 *     word 0 root node | word 1 pairs | word 2 levels of inner nodes | word 3 nodes
 *
 * `OrderTree` is a flyweight: one object serves all trees, one at a time.
 *
 * Departures from the textbook:
 * - a leaf that is full first evens out with a sibling that has room, and splits in halves where none has: a leaf is
 *   four fifths full on average then, instead of two thirds. At the first and the last pair of the whole tree what is
 *   full stays full and a new node begins: pairs that come in order fill their leaves;
 * - removal borrows nothing from siblings. Two adjoining children of one node merge when both together fill no more
 *   than about 70% of a node, so that one removal and one insert in turn do not split and merge each time;
 * - separators are the smallest pairs themselves and follow every change: no node keeps a member that was removed.
 *
 * Insert and move take the nodes that they need before they change anything: one that throws HeapFullError has changed
 * nothing. Removing needs no memory.
 *
 * Invariants: all leaves are at the same depth; no node but the root of an empty tree is empty; the root, if it is an
 * inner node, has at least two children; two adjoining children of one node have more than MERGE_LEAF pairs
 * (MERGE_INNER children) together; what a node says of a child, smallest pair and number of pairs, is true.
 */

import { BEYOND_CACHE, type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";
import {
  CHILDREN,
  INNER_CAPACITY,
  INNER_MEMBERS,
  KEYS,
  keyOf,
  LEAF_CAPACITY,
  LEAF_MEMBERS,
  type MemberLayout,
  NEXT,
  NODE_BYTES,
  OrderNodes,
  PAIRS,
  PREVIOUS,
  scoreOf,
  wordOf,
} from "./order-nodes";

const HEADER_BYTES = 16;
const ROOT = 0;
const SIZE = 1;
const LEVELS = 2;
const NODES = 3;

/** More levels than 2^32 pairs can make. */
const LEVELS_MAX = 16;

/** Words of a cache line. */
const LINE_WORDS = 16;
/** A search among the scores of an inner node looks at every seventh of the fifty, and then at one after the other. */
const SCORES_STRIDE = 7;

/** Members that are about to be looked at: see warmLeaf(). */
const upcoming = new Uint32Array(LEAF_CAPACITY);

/** Leaves that one call of drain() frees. */
const DRAIN_LEAVES = 16;

export class OrderTree {
  /** Pairs. */
  size = 0;

  /** The member at the cursor; see seek(). */
  member = 0;

  private header = 0;
  private root = 0;
  private levels = 0;
  private nodeCount = 0;
  private readonly nodes: OrderNodes;

  /** The way down that was taken last: the node at each level, and the position taken in each inner one. */
  private pathNode = new Uint32Array(LEVELS_MAX + 1);
  private pathIndex = new Int32Array(LEVELS_MAX + 1);
  /** Another way, while that one is needed again. */
  private otherNode = new Uint32Array(LEVELS_MAX + 1);
  private otherIndex = new Int32Array(LEVELS_MAX + 1);

  /** Blocks taken for an insert, not yet used. */
  private readonly spare = new Uint32Array(LEVELS_MAX + 2);
  private spares = 0;

  // The bytes of the member that is searched for.
  private keyBytes: Uint8Array;
  private keyStart = 0;
  private keyEnd = 0;

  // The cursor: the position in a leaf, and where the leaf's members are.
  private index = 0;
  private leafCount = 0;
  private leafWords: Uint32Array;
  private firstMember = 0;

  constructor(
    private readonly heap: Heap,
    private readonly layout: MemberLayout,
  ) {
    this.nodes = new OrderNodes(heap, layout);
    this.keyBytes = heap.u8[0];
    this.leafWords = heap.u32[0];
  }

  /** Makes an empty tree, opens it and returns the ref of its header. */
  create(): number {
    const { heap } = this;
    const header = heap.allocate(HEADER_BYTES);
    let root = 0;
    try {
      root = heap.allocate(NODE_BYTES);
    } catch (error) {
      heap.free(header);
      throw error;
    }
    this.nodes.initialize(root);
    this.header = header;
    this.root = root;
    this.size = 0;
    this.levels = 0;
    this.nodeCount = 1;
    this.save();
    return header;
  }

  /** Turns to the tree with this header. */
  open(header: number): void {
    const view = this.heap.u32[header >>> SEGMENT_SHIFT];
    const word = (header & SEGMENT_MASK) << 1;
    this.header = header;
    this.root = view[word + ROOT];
    this.size = view[word + SIZE];
    this.levels = view[word + LEVELS];
    this.nodeCount = view[word + NODES];
  }

  private save(): void {
    const view = this.heap.u32[this.header >>> SEGMENT_SHIFT];
    const word = (this.header & SEGMENT_MASK) << 1;
    view[word + ROOT] = this.root;
    view[word + SIZE] = this.size;
    view[word + LEVELS] = this.levels;
    view[word + NODES] = this.nodeCount;
  }

  /** Bytes of the header and all nodes. */
  get bytes(): number {
    return this.nodeCount * NODE_BYTES + HEADER_BYTES;
  }

  // --- changes -----------------------------------------------------------------------------------------------------

  /** Adds a member that is not in the tree. Throws HeapFullError if there is no memory for it: nothing has changed. */
  insert(member: number): void {
    this.useMember(member);
    const score = this.layout.score(member);
    let at = this.descend(score, member);
    const isFull = this.nodes.count(this.pathNode[this.levels]) === LEAF_CAPACITY;
    const hasRoom = !isFull || this.makeRoom(at);
    if (isFull && hasRoom) at = this.descend(score, member);
    if (hasRoom) this.insertInLeaf(at, score, member);
    else this.insertSplitting(at, score, member);
    // A pair goes before the first one of a leaf only where it is the first of all.
    if (at === 0) this.updateLeftEdge(score, member);
    this.size++;
    this.save();
  }

  /** Removes a member; false if the tree does not have it. */
  remove(member: number): boolean {
    this.useMember(member);
    const at = this.descend(this.layout.score(member), member);
    if (!this.nodes.isMemberAt(this.pathNode[this.levels], at, member)) return false;
    this.removeRun(at, 1);
    return true;
  }

  /**
   * Gives a member that the tree has another score. Throws HeapFullError if there is no memory for it: nothing has
   * changed.
   */
  move(member: number, to: number): void {
    const { layout } = this;
    this.useMember(member);
    const at = this.descend(layout.score(member), member);
    const leaf = this.pathNode[this.levels];
    if (this.staysInPlace(leaf, at, to)) {
      layout.setScore(member, to);
      this.nodes.setKey(leaf, at, to);
      if (at === 0) this.updateFirst(this.levels);
      return;
    }
    this.exchangeWays();
    this.prepareInsert(to, member);
    this.exchangeWays();
    this.removeRun(at, 1);
    layout.setScore(member, to);
    this.insert(member);
    this.freeSpares();
  }

  private exchangeWays(): void {
    const { pathNode, pathIndex } = this;
    this.pathNode = this.otherNode;
    this.pathIndex = this.otherIndex;
    this.otherNode = pathNode;
    this.otherIndex = pathIndex;
  }

  /**
   * Sees to it that a pair can be removed and this one inserted then: if the leaf for it has room, it still has room when
   * a pair is gone from any leaf; if it has none, there may be a split, and the blocks for the longest one are taken.
   */
  private prepareInsert(score: number, member: number): void {
    this.descend(score, member);
    if (this.nodes.count(this.pathNode[this.levels]) === LEAF_CAPACITY) this.takeSpares(this.levels + 2);
  }

  /**
   * Removes up to `count` pairs from `rank` on, as many as are in one leaf, after a visit of each member: its block is the
   * visitor's to free. Returns how many; it has to be called again for what is left. Looks at no member that is removed.
   */
  removeRange(rank: number, count: number, visit: (member: number) => void): number {
    if (rank < 0 || rank >= this.size || count <= 0) return 0;
    const at = this.descendToRank(rank);
    this.loadLeaf(this.pathNode[this.levels]);
    const removed = Math.min(count, this.leafCount - at);
    const { leafWords, firstMember } = this;
    for (let i = at; i < at + removed; i++) visit(leafWords[firstMember + i]);
    this.removeRun(at, removed);
    return removed;
  }

  /**
   * Frees up to sixteen leaves and what is above them, without a look at members. Returns true when nothing is left, the
   * header neither. The tree is of no other use once this began.
   */
  drain(): boolean {
    for (let leaves = 0; leaves < DRAIN_LEAVES; leaves++) {
      if (this.freeLastLeaf()) {
        this.heap.free(this.header);
        return true;
      }
    }
    this.save();
    return false;
  }

  /** Frees the last leaf and the inner nodes that have no child then; true when there is no node left. */
  private freeLastLeaf(): boolean {
    const { nodes, pathNode } = this;
    let node = this.root;
    for (let level = 0; level < this.levels; level++) {
      pathNode[level] = node;
      node = nodes.child(node, nodes.count(node) - 1);
    }
    this.freeNode(node);
    for (let level = this.levels - 1; level >= 0; level--) {
      const left = nodes.count(pathNode[level]) - 1;
      nodes.setCount(pathNode[level], left);
      if (left > 0) return false;
      this.freeNode(pathNode[level]);
    }
    return true;
  }

  // --- ranks -------------------------------------------------------------------------------------------------------

  /** Rank, from 0, of a member; -1 if the tree does not have it. */
  rank(member: number): number {
    this.useMember(member);
    const at = this.descend(this.layout.score(member), member);
    if (!this.nodes.isMemberAt(this.pathNode[this.levels], at, member)) return -1;
    let rank = at;
    for (let level = 0; level < this.levels; level++) {
      rank += this.nodes.pairsBefore(this.pathNode[level], this.pathIndex[level]);
    }
    return rank;
  }

  /** Pairs with a score below `score`, or also with this one if `inclusive`: the rank of the first beyond. */
  countBelow(score: number, inclusive: boolean): number {
    const { nodes } = this;
    let node = this.root;
    let rank = 0;
    for (let level = 0; level < this.levels; level++) {
      const below = countScores(nodes.scores(node), scoreOf(node), nodes.count(node), score, inclusive);
      if (below === 0) return rank;
      rank += nodes.pairsBefore(node, below - 1);
      node = nodes.child(node, below - 1);
    }
    return rank + this.countInLeaf(node, score, inclusive);
  }

  /**
   * Pairs whose member is less than buf[start, end), or also equal if `inclusive`. Meaningful where all scores are the
   * same, as lexicographical ranges require.
   */
  countBelowMember(buf: Uint8Array, start: number, end: number, inclusive: boolean): number {
    const { nodes } = this;
    this.keyBytes = buf;
    this.keyStart = start;
    this.keyEnd = end;
    let node = this.root;
    let rank = 0;
    for (let level = 0; level < this.levels; level++) {
      const below = this.countMembers(node, INNER_MEMBERS, inclusive);
      if (below === 0) return rank;
      rank += nodes.pairsBefore(node, below - 1);
      node = nodes.child(node, below - 1);
    }
    return rank + this.countMembers(node, LEAF_MEMBERS, inclusive);
  }

  // --- cursor ------------------------------------------------------------------------------------------------------

  /** Moves the cursor to the pair of this rank: `member` is its member then. False if there is none. */
  seek(rank: number): boolean {
    if (rank < 0 || rank >= this.size) return false;
    const at = this.descendToRank(rank);
    this.loadLeaf(this.pathNode[this.levels]);
    this.readPair(at);
    return true;
  }

  /** Score of the member at the cursor. */
  get score(): number {
    return this.layout.score(this.member);
  }

  /** Moves the cursor to the next pair; false at the end. The tree must not have changed since seek(). */
  next(): boolean {
    if (this.index + 1 < this.leafCount) {
      this.readPair(this.index + 1);
      return true;
    }
    const next = this.leafWords[this.firstMember - LEAF_MEMBERS + NEXT];
    if (next === 0) return false;
    this.loadLeaf(next);
    this.readPair(0);
    this.warmLeaf();
    return true;
  }

  /** Moves the cursor to the previous pair; false at the beginning. The tree must not have changed since seek(). */
  previous(): boolean {
    if (this.index > 0) {
      this.readPair(this.index - 1);
      return true;
    }
    const previous = this.leafWords[this.firstMember - LEAF_MEMBERS + PREVIOUS];
    if (previous === 0) return false;
    this.loadLeaf(previous);
    this.readPair(this.leafCount - 1);
    this.warmLeaf();
    return true;
  }

  /**
   * Copies to `members` the member at the cursor and those behind it, as many as are in this leaf; or those before it, if
   * the cursor is at the end of all. Returns how many.
   */
  peek(members: Uint32Array): number {
    const { index, leafCount, leafWords, firstMember } = this;
    const isLast = index === leafCount - 1;
    const count = Math.min(members.length, isLast ? leafCount : leafCount - index);
    const step = isLast ? -1 : 1;
    for (let i = 0, at = firstMember + index; i < count; i++, at += step) members[i] = leafWords[at];
    return count;
  }

  private loadLeaf(leaf: number): void {
    this.leafWords = this.nodes.words(leaf);
    this.leafCount = this.nodes.count(leaf);
    this.firstMember = wordOf(leaf) + LEAF_MEMBERS;
  }

  /** Loads the members of a leaf that a walk has come to: one after the other, each would be waited for. */
  private warmLeaf(): void {
    if (this.size >= BEYOND_CACHE) this.heap.touch(upcoming, this.peek(upcoming));
  }

  private readPair(index: number): void {
    this.index = index;
    this.member = this.leafWords[this.firstMember + index];
  }

  // --- defragmentation ---------------------------------------------------------------------------------------------
  // `move` gives a block another place, or leaves it where it is, and returns where it is then: see Heap.relocate.

  /** Lets the header be moved. Returns it: whoever keeps it has to be told. */
  moveHeader(move: (block: number) => number): number {
    this.header = move(this.header);
    return this.header;
  }

  /**
   * Lets the leaf that holds the pair of this rank be moved, the nodes above it of which it is the first leaf, and the
   * blocks of its members: `moved` hears of each that is elsewhere. Returns the rank of the first pair of the next leaf, or
   * 0 at the end.
   */
  moveLeaf(rank: number, move: (block: number) => number, moved: (from: number, to: number) => void): number {
    const at = this.descendToRank(rank);
    let first = this.levels;
    while (first > 0 && this.pathIndex[first - 1] === 0) first--;
    for (let level = first; level <= this.levels; level++) this.moveNode(level, move);
    const leaf = this.pathNode[this.levels];
    const words = this.nodes.words(leaf);
    const members = wordOf(leaf) + LEAF_MEMBERS;
    const count = this.nodes.count(leaf);
    for (let i = 0; i < count; i++) {
      const from = words[members + i];
      const to = move(from);
      if (to === from) continue;
      words[members + i] = to;
      if (i === 0) this.renameFirst(to);
      moved(from, to);
    }
    const next = rank - at + count;
    return next < this.size ? next : 0;
  }

  /** Lets the node at `level` of the way be moved. */
  private moveNode(level: number, move: (block: number) => number): void {
    const node = this.pathNode[level];
    const to = move(node);
    if (to === node) return;
    this.pathNode[level] = to;
    if (level === this.levels) this.nodes.relink(to);
    if (level === 0) {
      this.root = to;
      this.save();
    } else {
      this.nodes.setChild(this.pathNode[level - 1], this.pathIndex[level - 1], to);
    }
  }

  /** The first member of the leaf at the end of the way has another block: so do those above that name it. */
  private renameFirst(member: number): void {
    for (let level = this.levels - 1; level >= 0; level--) {
      this.nodes.setFirstMember(this.pathNode[level], this.pathIndex[level], member);
      if (this.pathIndex[level] !== 0) return;
    }
  }

  // --- ways down ---------------------------------------------------------------------------------------------------

  /** Takes the bytes of a member as those to search for. */
  private useMember(member: number): void {
    const { layout } = this;
    layout.locate(member);
    this.keyBytes = layout.bytes;
    this.keyStart = layout.at;
    this.keyEnd = layout.at + layout.length;
  }

  /** Goes down to where a pair is or would be. Returns its position in the leaf. */
  private descend(score: number, member: number): number {
    const { nodes } = this;
    let node = this.root;
    for (let level = 0; level < this.levels; level++) {
      const words = nodes.words(node);
      const first = wordOf(node) + INNER_MEMBERS;
      let at = this.countChildren(node, score);
      // The pair below which to go on is the last one that is not greater: this very one, or the last that is less.
      const isSame =
        at < words[wordOf(node)] && words[first + at] === member && nodes.scores(node)[scoreOf(node) + at] === score;
      if (!isSame && at > 0) at--;
      this.pathNode[level] = node;
      this.pathIndex[level] = at;
      node = words[wordOf(node) + CHILDREN + at];
    }
    this.pathNode[this.levels] = node;
    return this.countPairs(node, score);
  }

  /** Goes down to the pair of a rank that there is. Returns its position in the leaf. */
  private descendToRank(rank: number): number {
    let node = this.root;
    let left = rank;
    for (let level = 0; level < this.levels; level++) {
      const words = this.nodes.words(node);
      const pairs = wordOf(node) + PAIRS;
      let at = 0;
      while (left >= words[pairs + at]) left -= words[pairs + at++];
      this.pathNode[level] = node;
      this.pathIndex[level] = at;
      node = words[wordOf(node) + CHILDREN + at];
    }
    this.pathNode[this.levels] = node;
    return left;
  }

  /** How many children of an inner node begin with a pair less than the one of the key with this score. */
  private countChildren(node: number, score: number): number {
    const words = this.nodes.words(node);
    const scores = this.nodes.scores(node);
    const firstScore = scoreOf(node);
    const count = words[wordOf(node)];
    let low = 0;
    while (low + SCORES_STRIDE <= count && scores[firstScore + low + SCORES_STRIDE - 1] < score) low += SCORES_STRIDE;
    while (low < count && scores[firstScore + low] < score) low++;
    if (low === count || scores[firstScore + low] !== score) return low;
    const firstMember = wordOf(node) + INNER_MEMBERS;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (scores[firstScore + middle] === score && this.compareKey(words[firstMember + middle]) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many pairs of a leaf are less than the one of the key with this score. */
  private countPairs(leaf: number, score: number): number {
    const words = this.nodes.words(leaf);
    const first = wordOf(leaf) + KEYS;
    const count = words[wordOf(leaf)];
    const key = keyOf(score);
    let low = countKeys(words, first, count, key);
    if (low === count || (words[first + low] | 0) !== key) return low;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isLessAt(leaf, middle, score)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether the pair of a member is less than the one of the key with this score. */
  private isLess(member: number, score: number): boolean {
    const other = this.layout.score(member);
    return other < score || (other === score && this.compareKey(member) < 0);
  }

  /** How many pairs of a leaf have a score below `score`, or also this one if `inclusive`. */
  private countInLeaf(leaf: number, score: number, inclusive: boolean): number {
    const words = this.nodes.words(leaf);
    const first = wordOf(leaf) + KEYS;
    const key = keyOf(score);
    const count = words[wordOf(leaf)];
    let low = countKeys(words, first, count, key);
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      let isBelow = false;
      if ((words[first + middle] | 0) === key) {
        const other = this.layout.score(words[first + LEAF_CAPACITY + middle]);
        isBelow = other < score || (inclusive && other === score);
      }
      if (isBelow) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many members of a node are less than the key, or also equal if `inclusive`. */
  private countMembers(node: number, members: number, inclusive: boolean): number {
    const words = this.nodes.words(node);
    const firstMember = wordOf(node) + members;
    const limit = inclusive ? 1 : 0;
    let low = 0;
    let high = words[wordOf(node)];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compareKey(words[firstMember + middle]) < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Compares a member's bytes with the key's. */
  private compareKey(member: number): number {
    return this.layout.compare(member, this.keyBytes, this.keyStart, this.keyEnd);
  }

  /** Whether the pair of the key, position `at` of a leaf, remains between its neighbours with the score `to`. */
  private staysInPlace(leaf: number, at: number, to: number): boolean {
    const { nodes } = this;
    const words = nodes.words(leaf);
    const previous = at > 0 ? leaf : words[wordOf(leaf) + PREVIOUS];
    if (previous !== 0) {
      const before = at > 0 ? at - 1 : nodes.count(previous) - 1;
      if (!this.isLessAt(previous, before, to)) return false;
    }
    const isLast = at === nodes.count(leaf) - 1;
    const next = isLast ? words[wordOf(leaf) + NEXT] : leaf;
    return next === 0 || !this.isLessAt(next, isLast ? 0 : at + 1, to);
  }

  /** Whether the pair at a position of a leaf is less than the one of the key with this score. */
  private isLessAt(leaf: number, at: number, score: number): boolean {
    const words = this.nodes.words(leaf);
    const first = wordOf(leaf) + KEYS + at;
    const other = words[first] | 0;
    const key = keyOf(score);
    return other !== key ? other < key : this.isLess(words[first + LEAF_CAPACITY], score);
  }

  // --- insert ------------------------------------------------------------------------------------------------------

  /** Puts a pair into the leaf at the end of the way, which has room. */
  private insertInLeaf(at: number, score: number, member: number): void {
    this.nodes.placePair(this.pathNode[this.levels], at, score, member);
    for (let level = 0; level < this.levels; level++) {
      this.nodes.addPairs(this.pathNode[level], this.pathIndex[level], 1);
    }
  }

  /**
   * Evens the full leaf at the end of the way out with a sibling, if one has room worth it. Then the way has to be taken
   * again. False if there is none, or where the tree grows at an end: what is full stays full there.
   */
  private makeRoom(at: number): boolean {
    if (this.levels === 0 || this.isAtEnd(at) || this.isAtStart(at)) return false;
    const parent = this.pathNode[this.levels - 1];
    const index = this.pathIndex[this.levels - 1];
    return this.nodes.evenOut(parent, index - 1) || this.nodes.evenOut(parent, index);
  }

  /** Whether position `at` in the full leaf at the end of the way is behind all pairs of the tree. */
  private isAtEnd(at: number): boolean {
    const leaf = this.pathNode[this.levels];
    return at === LEAF_CAPACITY && this.nodes.words(leaf)[wordOf(leaf) + NEXT] === 0;
  }

  /** Whether position `at` in the leaf at the end of the way is before all pairs of the tree. */
  private isAtStart(at: number): boolean {
    const leaf = this.pathNode[this.levels];
    return at === 0 && this.nodes.words(leaf)[wordOf(leaf) + PREVIOUS] === 0;
  }

  /** Puts a pair into the leaf at the end of the way, which is full, as those beside it are. */
  private insertSplitting(at: number, score: number, member: number): void {
    const { nodes, levels } = this;
    this.takeSpares(this.nodesForSplit());
    const leaf = this.pathNode[levels];
    const atEnd = this.isAtEnd(at);
    const atStart = this.isAtStart(at);
    let added = this.takeSpare();
    const kept = keptOf(LEAF_CAPACITY, atEnd, atStart, 0);
    nodes.splitLeaf(leaf, kept, added);
    if (at > kept || atEnd) nodes.placePair(added, at - kept, score, member);
    else nodes.placePair(leaf, at, score, member);
    for (let level = levels - 1; level >= 0; level--) {
      const isLeaf = level === levels - 1;
      nodes.refresh(this.pathNode[level], this.pathIndex[level], isLeaf);
      if (added !== 0) added = this.addChild(level, added, isLeaf, atEnd, atStart);
    }
    if (added !== 0) this.addRoot(added);
  }

  /** Blocks that a split of the leaf at the end of the way takes. */
  private nodesForSplit(): number {
    let full = this.levels;
    while (full > 0 && this.nodes.count(this.pathNode[full - 1]) === INNER_CAPACITY) full--;
    // The leaf, the full nodes above it, and a root above that if all are full.
    return 1 + this.levels - full + (full === 0 ? 1 : 0);
  }

  /** Takes blocks until there are as many as `needed`; all or none. */
  private takeSpares(needed: number): void {
    try {
      while (this.spares < needed) {
        this.spare[this.spares] = this.heap.allocate(NODE_BYTES);
        this.spares++;
      }
    } catch (error) {
      this.freeSpares();
      throw error;
    }
  }

  private freeSpares(): void {
    while (this.spares > 0) this.heap.free(this.spare[--this.spares]);
  }

  private takeSpare(): number {
    const node = this.spare[--this.spares];
    this.nodes.initialize(node);
    this.nodeCount++;
    return node;
  }

  /**
   * Puts a child behind the one on the way into the node at `level`. Returns the node's new right sibling if it had to
   * split, else 0.
   */
  private addChild(level: number, child: number, isLeaf: boolean, atEnd: boolean, atStart: boolean): number {
    const { nodes } = this;
    const node = this.pathNode[level];
    const at = this.pathIndex[level] + 1;
    if (nodes.count(node) < INNER_CAPACITY) {
      nodes.placeChild(node, at, child, isLeaf);
      return 0;
    }
    const right = this.takeSpare();
    const kept = keptOf(INNER_CAPACITY, atEnd, atStart, 1);
    nodes.splitInner(node, kept, right);
    if (at > kept || atEnd) nodes.placeChild(right, at - kept, child, isLeaf);
    else nodes.placeChild(node, at, child, isLeaf);
    return right;
  }

  /** Puts a new root above the old one and its new sibling. */
  private addRoot(right: number): void {
    const isLeaf = this.levels === 0;
    const root = this.takeSpare();
    this.nodes.placeChild(root, 0, this.root, isLeaf);
    this.nodes.placeChild(root, 1, right, isLeaf);
    this.root = root;
    this.levels++;
  }

  /** Tells the nodes on the left edge that the smallest pair of the tree is another one. */
  private updateLeftEdge(score: number, member: number): void {
    let node = this.root;
    for (let level = 0; level < this.levels; level++) {
      this.nodes.setFirst(node, 0, score, member);
      node = this.nodes.child(node, 0);
    }
  }

  // --- removal -----------------------------------------------------------------------------------------------------

  /** Removes `count` pairs from position `at` on of the leaf at the end of the way. */
  private removeRun(at: number, count: number): void {
    const left = this.nodes.removePairs(this.pathNode[this.levels], at, count);
    for (let level = 0; level < this.levels; level++) {
      this.nodes.addPairs(this.pathNode[level], this.pathIndex[level], -count);
    }
    if (at === 0 && left > 0) this.updateFirst(this.levels);
    this.rebalance();
    this.size -= count;
    this.save();
  }

  /** Tells the nodes above that the first pair of the node at `level` of the way, which has one, is another one. */
  private updateFirst(level: number): void {
    const { nodes } = this;
    const node = this.pathNode[level];
    const isLeaf = level === this.levels;
    const member = isLeaf ? nodes.memberAt(node, 0) : nodes.words(node)[wordOf(node) + INNER_MEMBERS];
    const score = isLeaf ? this.layout.score(member) : nodes.scores(node)[scoreOf(node)];
    for (let above = level - 1; above >= 0; above--) {
      nodes.setFirst(this.pathNode[above], this.pathIndex[above], score, member);
      if (this.pathIndex[above] > 0) return;
    }
  }

  /** After a removal: drops nodes of the way that are empty now, and merges those that are small. */
  private rebalance(): void {
    for (let level = this.levels; level > 0; level--) {
      const parent = this.pathNode[level - 1];
      const before = this.nodes.count(parent);
      if (this.nodes.count(this.pathNode[level]) === 0) this.dropChild(level);
      this.mergeAround(level);
      if (this.nodes.count(parent) === before) break;
    }
    while (this.levels > 0 && this.nodes.count(this.root) === 1) {
      const only = this.nodes.child(this.root, 0);
      this.freeNode(this.root);
      this.root = only;
      this.levels--;
    }
  }

  /** Drops the node at `level` of the way, which is empty, from its parent. */
  private dropChild(level: number): void {
    const node = this.pathNode[level];
    const parent = this.pathNode[level - 1];
    const index = this.pathIndex[level - 1];
    if (level === this.levels) this.nodes.unlink(node);
    this.freeNode(node);
    this.nodes.removeChild(parent, index);
    if (index === 0 && this.nodes.count(parent) > 0) this.updateFirst(level - 1);
  }

  /** Merges the nodes of `level` around the way with their siblings, as long as any two are small enough. */
  private mergeAround(level: number): void {
    const { nodes } = this;
    const areLeaves = level === this.levels;
    const parent = this.pathNode[level - 1];
    let index = this.pathIndex[level - 1];
    for (;;) {
      if (nodes.canMerge(parent, index, areLeaves)) this.freeNode(nodes.merge(parent, index, areLeaves));
      else if (nodes.canMerge(parent, index - 1, areLeaves)) this.freeNode(nodes.merge(parent, --index, areLeaves));
      else return;
    }
  }

  private freeNode(node: number): void {
    this.heap.free(node);
    this.nodeCount--;
  }
}

/**
 * How many of the `count` ascending keys from words[first] on are less than `key`. Not by halving, in which each load has
 * to wait for the one before: the last key of every cache line is looked at, all of them at once, and then one line.
 */
function countKeys(words: Uint32Array, first: number, count: number, key: number): number {
  // The first line holds the four words before the keys, too.
  let at = LINE_WORDS - KEYS;
  while (at <= count && (words[first + at - 1] | 0) < key) at += LINE_WORDS;
  at = Math.max(at - LINE_WORDS, 0);
  while (at < count && (words[first + at] | 0) < key) at++;
  return at;
}

/** How many of `count` ascending scores are below `score`, or also equal if `inclusive`. */
function countScores(scores: Float64Array, first: number, count: number, score: number, inclusive: boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = scores[first + middle];
    if (other < score || (inclusive && other === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How much of a full node stays in it: half; where the tree grows at an end, all of what does not begin a new node. */
function keptOf(capacity: number, atEnd: boolean, atStart: boolean, least: number): number {
  if (atEnd) return capacity;
  return atStart ? least : capacity >>> 1;
}
