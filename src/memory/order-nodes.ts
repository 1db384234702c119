/**
 * Nodes of an order tree (see order-tree.ts): where the parts of a node are, and what can be done to one node or to two
 * that adjoin.
 *
 *     leaf     word 0 pairs | word 1 next leaf | word 2 previous leaf | word 3 unused
 *              i32 keys[126], u32 members[126]
 *
 *     inner    word 0 children | words 1 to 3 unused
 *              f64 score[50], u32 member[50]    the smallest pair below each child
 *              u32 child[50], u32 pairs[50]     the child, and the number of pairs below it
 *
 * A leaf does not hold the scores, which stand with the members, but *keys*: scores rounded to 32 bits, as int32 in the
 * same order. Where two keys differ the scores do, and in the same direction; only where they are equal the scores have to
 * be looked at. That halves a leaf, and costs a search about nothing unless scores are closer than a float tells apart.
 *
 * A position in a node is that of a pair or a child, from 0.
 */

import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";

/** What an order tree has to know about members. */
export interface MemberLayout {
  /** What locate() found: bytes[at, at + length). */
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly length: number;
  /** Finds the bytes of a member. */
  locate(member: number): void;
  /** Compares the bytes of a member with buf[start, end), as memcmp: negative, 0 or positive. */
  compare(member: number, buf: Uint8Array, start: number, end: number): number;
  score(member: number): number;
  setScore(member: number, score: number): void;
}

export const NODE_BYTES = 1024;

// Offsets in a node: words (word 0: how much is in it), and granules of 8 bytes for the scores of an inner node.
export const NEXT = 1;
export const PREVIOUS = 2;
const SCORES = 2;

/** Pairs of a full leaf. */
export const LEAF_CAPACITY = 126;
export const KEYS = 4;
export const LEAF_MEMBERS = KEYS + LEAF_CAPACITY;
/** Adjoining leaves with this many pairs together become one. */
export const MERGE_LEAF = 90;
/** A leaf with this many free places is worth evening out with. */
const ROOM_MIN = 14;

/** Children of a full inner node. */
export const INNER_CAPACITY = 50;
export const INNER_MEMBERS = 4 + 2 * INNER_CAPACITY;
export const CHILDREN = INNER_MEMBERS + INNER_CAPACITY;
export const PAIRS = CHILDREN + INNER_CAPACITY;
/** Adjoining inner nodes with this many children together become one. */
export const MERGE_INNER = 36;

/** First word of a node in its heap segment. */
export function wordOf(node: number): number {
  return (node & SEGMENT_MASK) << 1;
}

/** Place of an inner node's first score in its heap segment. */
export function scoreOf(node: number): number {
  return (node & SEGMENT_MASK) + SCORES;
}

const rounded = new Float32Array(1);
const roundedBits = new Int32Array(rounded.buffer);

/** The key of a score: an int32, never greater for a lesser score. -0 and 0 have one. */
export function keyOf(score: number): number {
  rounded[0] = score + 0;
  const bits = roundedBits[0];
  // The bits of floats are in the order of integers, but those of negative ones backwards.
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

export class OrderNodes {
  constructor(
    private readonly heap: Heap,
    private readonly layout: MemberLayout,
  ) {}

  /** The view that a node's words are in; see wordOf(). */
  words(node: number): Uint32Array {
    return this.heap.u32[node >>> SEGMENT_SHIFT];
  }

  /** The view that an inner node's scores are in; see scoreOf(). */
  scores(node: number): Float64Array {
    return this.heap.f64[node >>> SEGMENT_SHIFT];
  }

  /** Pairs of a leaf, children of an inner node. */
  count(node: number): number {
    return this.words(node)[wordOf(node)];
  }

  setCount(node: number, count: number): void {
    this.words(node)[wordOf(node)] = count;
  }

  /** Makes a block an empty node. */
  initialize(node: number): void {
    const words = this.words(node);
    words.fill(0, wordOf(node), wordOf(node) + 4);
  }

  // --- leaves ------------------------------------------------------------------------------------------------------

  memberAt(leaf: number, at: number): number {
    return this.words(leaf)[wordOf(leaf) + LEAF_MEMBERS + at];
  }

  /** Whether the pair at a position is that of this member. */
  isMemberAt(leaf: number, at: number, member: number): boolean {
    return at < this.count(leaf) && this.memberAt(leaf, at) === member;
  }

  /** Puts a pair into a leaf that is not full. */
  placePair(leaf: number, at: number, score: number, member: number): void {
    const words = this.words(leaf);
    const word = wordOf(leaf);
    const count = words[word]++;
    const key = word + KEYS + at;
    const last = word + KEYS + count;
    if (at < count) {
      words.copyWithin(key + 1, key, last);
      words.copyWithin(key + LEAF_CAPACITY + 1, key + LEAF_CAPACITY, last + LEAF_CAPACITY);
    }
    words[key] = keyOf(score);
    words[key + LEAF_CAPACITY] = member;
  }

  /** Notes that the score of the pair at a position is another one. */
  setKey(leaf: number, at: number, score: number): void {
    this.words(leaf)[wordOf(leaf) + KEYS + at] = keyOf(score);
  }

  /** Removes `count` pairs from a leaf. Returns how many are left. */
  removePairs(leaf: number, at: number, count: number): number {
    const left = this.count(leaf) - count;
    this.movePairs(leaf, at + count, leaf, at, left - at);
    this.setCount(leaf, left);
    return left;
  }

  /** Moves the pairs of a leaf from `kept` on to the empty leaf `right`, which follows it then. */
  splitLeaf(leaf: number, kept: number, right: number): void {
    const moved = this.count(leaf) - kept;
    this.movePairs(leaf, kept, right, 0, moved);
    this.setCount(leaf, kept);
    this.setCount(right, moved);
    const next = this.words(leaf)[wordOf(leaf) + NEXT];
    this.link(leaf, right);
    this.link(right, next);
  }

  /** Lets two leaves follow each other; either may be 0. */
  private link(left: number, right: number): void {
    if (left !== 0) this.words(left)[wordOf(left) + NEXT] = right;
    if (right !== 0) this.words(right)[wordOf(right) + PREVIOUS] = left;
  }

  /** Takes a leaf out of the list of leaves. */
  unlink(leaf: number): void {
    const words = this.words(leaf);
    this.link(words[wordOf(leaf) + PREVIOUS], words[wordOf(leaf) + NEXT]);
  }

  /** A leaf is at another place now: its neighbours lead there. */
  relink(leaf: number): void {
    const words = this.words(leaf);
    this.link(words[wordOf(leaf) + PREVIOUS], leaf);
    this.link(leaf, words[wordOf(leaf) + NEXT]);
  }

  private movePairs(from: number, at: number, to: number, toAt: number, count: number): void {
    this.moveWords(from, KEYS + at, to, KEYS + toAt, count);
    this.moveWords(from, LEAF_MEMBERS + at, to, LEAF_MEMBERS + toAt, count);
  }

  // --- inner nodes -------------------------------------------------------------------------------------------------

  child(node: number, at: number): number {
    return this.words(node)[wordOf(node) + CHILDREN + at];
  }

  /** The child at a position is at another place now. */
  setChild(node: number, at: number, child: number): void {
    this.words(node)[wordOf(node) + CHILDREN + at] = child;
  }

  /** The smallest member below the child at a position has another block now. */
  setFirstMember(node: number, at: number, member: number): void {
    this.words(node)[wordOf(node) + INNER_MEMBERS + at] = member;
  }

  /** Puts a child into an inner node that is not full; `isLeaf` says what the child is. */
  placeChild(node: number, at: number, child: number, isLeaf: boolean): void {
    const words = this.words(node);
    const count = words[wordOf(node)]++;
    this.moveChildren(node, at, node, at + 1, count - at);
    words[wordOf(node) + CHILDREN + at] = child;
    this.refresh(node, at, isLeaf);
  }

  /** Takes a child out of an inner node. Its block remains the caller's. */
  removeChild(node: number, at: number): void {
    const count = this.count(node) - 1;
    this.moveChildren(node, at + 1, node, at, count - at);
    this.setCount(node, count);
  }

  /** Moves the children of an inner node from `kept` on to the empty node `right`. */
  splitInner(node: number, kept: number, right: number): void {
    const moved = this.count(node) - kept;
    this.moveChildren(node, kept, right, 0, moved);
    this.setCount(node, kept);
    this.setCount(right, moved);
  }

  /** Writes what a node knows of a child: its smallest pair, and how many pairs are below it. */
  refresh(node: number, at: number, isLeaf: boolean): void {
    const child = this.child(node, at);
    const first = isLeaf ? this.memberAt(child, 0) : this.words(child)[wordOf(child) + INNER_MEMBERS];
    const score = isLeaf ? this.layout.score(first) : this.scores(child)[scoreOf(child)];
    this.setFirst(node, at, score, first);
    const pairs = isLeaf ? this.count(child) : this.pairsBefore(child, this.count(child));
    this.words(node)[wordOf(node) + PAIRS + at] = pairs;
  }

  /** Writes the smallest pair below a child. */
  setFirst(node: number, at: number, score: number, member: number): void {
    this.scores(node)[scoreOf(node) + at] = score;
    this.words(node)[wordOf(node) + INNER_MEMBERS + at] = member;
  }

  /** Pairs below the first `children` children. */
  pairsBefore(node: number, children: number): number {
    const words = this.words(node);
    const first = wordOf(node) + PAIRS;
    let pairs = 0;
    for (let i = first; i < first + children; i++) pairs += words[i];
    return pairs;
  }

  /** Counts `delta` pairs more below a child. */
  addPairs(node: number, at: number, delta: number): void {
    this.words(node)[wordOf(node) + PAIRS + at] += delta;
  }

  /**
   * Whether child `at` and the one behind it are small enough to be one; `areLeaves` says what they are.
   * False if one of them does not exist.
   */
  canMerge(node: number, at: number, areLeaves: boolean): boolean {
    const words = this.words(node);
    const word = wordOf(node);
    if (at < 0 || at + 1 >= words[word]) return false;
    if (areLeaves) return words[word + PAIRS + at] + words[word + PAIRS + at + 1] <= MERGE_LEAF;
    return this.count(words[word + CHILDREN + at]) + this.count(words[word + CHILDREN + at + 1]) <= MERGE_INNER;
  }

  /** Moves all of child `at + 1` to the end of child `at`, and takes it out. Returns its block, which is free to go. */
  merge(node: number, at: number, areLeaves: boolean): number {
    const words = this.words(node);
    const word = wordOf(node);
    const left = words[word + CHILDREN + at];
    const right = words[word + CHILDREN + at + 1];
    const kept = this.count(left);
    const moved = this.count(right);
    if (areLeaves) {
      this.movePairs(right, 0, left, kept, moved);
      this.unlink(right);
    } else {
      this.moveChildren(right, 0, left, kept, moved);
    }
    this.setCount(left, kept + moved);
    words[word + PAIRS + at] += words[word + PAIRS + at + 1];
    this.removeChild(node, at + 1);
    return right;
  }

  /**
   * Moves pairs between leaf `at` of a node and the one behind it, so that both have as many; only if there are both, and
   * one of them has room worth it. Returns whether it did.
   */
  evenOut(node: number, at: number): boolean {
    const words = this.words(node);
    const word = wordOf(node);
    if (at < 0 || at + 1 >= words[word]) return false;
    const left = words[word + CHILDREN + at];
    const right = words[word + CHILDREN + at + 1];
    const leftCount = this.count(left);
    const rightCount = this.count(right);
    if (LEAF_CAPACITY - Math.min(leftCount, rightCount) < ROOM_MIN) return false;
    const total = leftCount + rightCount;
    const kept = total >>> 1;
    if (leftCount < kept) {
      this.movePairs(right, 0, left, leftCount, kept - leftCount);
      this.movePairs(right, kept - leftCount, right, 0, total - kept);
    } else {
      this.movePairs(right, 0, right, leftCount - kept, rightCount);
      this.movePairs(left, kept, right, 0, leftCount - kept);
    }
    this.setCount(left, kept);
    this.setCount(right, total - kept);
    this.refresh(node, at, true);
    this.refresh(node, at + 1, true);
    return true;
  }

  private moveChildren(from: number, at: number, to: number, toAt: number, count: number): void {
    this.moveScores(from, at, to, toAt, count);
    this.moveWords(from, INNER_MEMBERS + at, to, INNER_MEMBERS + toAt, count);
    this.moveWords(from, CHILDREN + at, to, CHILDREN + toAt, count);
    this.moveWords(from, PAIRS + at, to, PAIRS + toAt, count);
  }

  private moveScores(from: number, at: number, to: number, toAt: number, count: number): void {
    const source = this.scores(from);
    const target = this.scores(to);
    const first = scoreOf(from) + at;
    const toFirst = scoreOf(to) + toAt;
    if (source === target) source.copyWithin(toFirst, first, first + count);
    else for (let i = 0; i < count; i++) target[toFirst + i] = source[first + i];
  }

  private moveWords(from: number, at: number, to: number, toAt: number, count: number): void {
    const source = this.words(from);
    const target = this.words(to);
    const first = wordOf(from) + at;
    const toFirst = wordOf(to) + toAt;
    if (source === target) source.copyWithin(toFirst, first, first + count);
    else for (let i = 0; i < count; i++) target[toFirst + i] = source[first + i];
  }
}
