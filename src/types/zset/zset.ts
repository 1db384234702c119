/**
 * Sorted sets: how they are kept, and what all commands do with one. The data only; nothing here knows of requests.
 *
 * A sorted set has one of two encodings, and its entry one word, the root:
 *
 *     listpack    up to zset-max-listpack-entries members of up to     root: a listpack, see zset-packed.ts
 *                 zset-max-listpack-value bytes
 *     skiplist    everything else                                      root: a dict and an order tree, see zset-indexed.ts
 *
 * A listpack is converted where Redis 7.2 converts it: when a member is added that exceeds a limit, or when more are
 * added at once than there may be in all. It is never converted back; what a STORE command makes is what it can be at its
 * final size. Limits hold for what is added: a limit that is lowered converts nothing by itself.
 *
 * Every range of a sorted set, by rank, by score or by member, is an interval of ranks here: countBelow() and
 * countBelowMember() give its ends, seek() its first pair, removeRange() removes it.
 *
 * `SortedSet` is a window on one sorted set at a time. A change may move the root or change the encoding: whoever opened
 * it writes both back to where they were. A method that throws HeapFullError has changed no member and no score, but it
 * may have changed the encoding. Removing needs no memory.
 */

import { ENCODING_LISTPACK, ENCODING_SKIPLIST, TYPE_ZSET } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import { LISTPACK_MAX } from "../../memory/listpack";
import { IndexedZset } from "./zset-indexed";
import { ZsetMover } from "./zset-mover";
import { PackedZset } from "./zset-packed";

/** Up to which size a sorted set is a listpack: the directives of these names. */
export interface ZsetLimits {
  readonly zsetMaxListpackEntries: number;
  readonly zsetMaxListpackValue: number;
}

/** Whether a sorted set of `size` members of up to `longest` bytes is made as a listpack. */
export function isListpackSize(size: number, longest: number, limits: ZsetLimits): boolean {
  return size <= limits.zsetMaxListpackEntries && longest <= limits.zsetMaxListpackValue;
}

export class SortedSet {
  /** ENCODING_LISTPACK or ENCODING_SKIPLIST. */
  encoding = ENCODING_LISTPACK;
  readonly packed: PackedZset;
  readonly indexed: IndexedZset;
  /** Whichever of them the encoding says. */
  private body: PackedZset | IndexedZset;

  constructor(private readonly keyspace: Keyspace) {
    this.packed = new PackedZset(keyspace.heap);
    this.indexed = new IndexedZset(keyspace.heap, keyspace.hasher, keyspace.members);
    this.body = this.packed;
  }

  /** Looks at the sorted set with this encoding and root from now on. */
  open(encoding: number, root: number): void {
    this.use(encoding);
    this.body.open(root);
  }

  /** As open(), to pop members at an end: nothing but seekEnd(), next(), previous() and removeEnd() may follow. */
  openToPop(encoding: number, root: number, max: boolean): void {
    this.use(encoding);
    this.body.openToPop(root, max);
  }

  private use(encoding: number): void {
    this.encoding = encoding;
    this.body = encoding === ENCODING_LISTPACK ? this.packed : this.indexed;
  }

  /** Makes an empty sorted set for about `size` members of up to `longest` bytes, and opens it. */
  createFor(size: number, longest: number, limits: ZsetLimits): void {
    const isSmall = isListpackSize(size, longest, limits);
    this.use(isSmall ? ENCODING_LISTPACK : ENCODING_SKIPLIST);
    this.body.create();
  }

  /** Makes a copy of another sorted set, and opens it. */
  copyOf(source: SortedSet): void {
    if (source.encoding === ENCODING_LISTPACK) this.packed.copyOf(source.packed);
    else this.indexed.copyOf(source.indexed);
    this.use(source.encoding);
  }

  /** Frees the sorted set; of a large one the beginning, and the rest is left to the background. */
  free(): void {
    const { heap, free } = this.keyspace;
    if (this.encoding === ENCODING_LISTPACK) heap.free(this.root);
    else if (!this.indexed.release()) free.addValue(TYPE_ZSET, ENCODING_SKIPLIST, this.root, false);
  }

  get root(): number {
    return this.body.root;
  }

  /** Members. */
  get size(): number {
    return this.body.size;
  }

  // --- members -----------------------------------------------------------------------------------------------------

  /** Looks for the member buf[start, end). What methods say of "the member found" holds until the next change. */
  find(buf: Uint8Array, start: number, end: number): boolean {
    return this.body.find(buf, start, end);
  }

  /** Score of the member found. */
  get foundScore(): number {
    return this.body.foundScore;
  }

  /** Score of a member; NaN if it is missing. */
  scoreOf(buf: Uint8Array, start: number, end: number): number {
    return this.body.find(buf, start, end) ? this.body.foundScore : Number.NaN;
  }

  /** Adds the member buf[start, end), for which find() has just looked in vain. */
  insert(score: number, buf: Uint8Array, start: number, end: number, limits: ZsetLimits): void {
    if (this.encoding === ENCODING_LISTPACK && !this.fits(end - start, limits)) {
      this.convert();
      this.indexed.setKey(buf, start, end);
    }
    this.body.insertMissing(score);
  }

  private fits(length: number, limits: ZsetLimits): boolean {
    const { packed } = this;
    return (
      packed.size < limits.zsetMaxListpackEntries && length <= limits.zsetMaxListpackValue && packed.canAdd(length)
    );
  }

  /** Gives the member found another score. */
  setFoundScore(score: number): void {
    this.body.setFoundScore(score);
  }

  /** Removes the member found. */
  removeFound(): void {
    this.body.removeFound();
  }

  /** Rank, from 0, of the member found. */
  foundRank(): number {
    return this.body.foundRank();
  }

  // --- ranks -------------------------------------------------------------------------------------------------------

  /** Members with a score below this one, or also with this one if `inclusive`: the rank of the first beyond. */
  countBelow(score: number, inclusive: boolean): number {
    return this.body.countBelow(score, inclusive);
  }

  /** Members less than buf[start, end), or also equal if `inclusive`, in a set where all scores are the same. */
  countBelowMember(buf: Uint8Array, start: number, end: number, inclusive: boolean): number {
    return this.body.countBelowMember(buf, start, end, inclusive);
  }

  /** Removes the `count` members from `rank` on; there are as many. */
  removeRange(rank: number, count: number): void {
    this.body.removeRange(rank, count);
  }

  // --- cursor ------------------------------------------------------------------------------------------------------
  // The member at the cursor is bytes[at, at + length). It stays valid until the cursor moves or the set is changed.

  /** Moves the cursor to the member of this rank; false if there is none. */
  seek(rank: number): boolean {
    return this.body.seek(rank);
  }

  /** Moves the cursor to the first member, or to the last one if `max`; false if there is none. */
  seekEnd(max: boolean): boolean {
    return this.body.seekEnd(max);
  }

  /** Removes the `count` members at an end, which seekEnd() has just found the first of; others remain. */
  removeEnd(count: number, max: boolean): void {
    this.body.removeEnd(count, max);
  }

  /** Moves the cursor to the next member; false at the end. */
  next(): boolean {
    return this.body.next();
  }

  /** Moves the cursor to the previous member; false at the beginning. */
  previous(): boolean {
    return this.body.previous();
  }

  get bytes(): Uint8Array {
    return this.body.bytes;
  }

  get at(): number {
    return this.body.at;
  }

  get length(): number {
    return this.body.length;
  }

  /** Score of the member at the cursor. */
  get score(): number {
    return this.body.score;
  }

  // --- encodings ---------------------------------------------------------------------------------------------------

  /** Before `more` members are added at once: converts a listpack that could not even hold these. */
  makeRoom(more: number, limits: ZsetLimits): void {
    if (this.encoding === ENCODING_LISTPACK && more > limits.zsetMaxListpackEntries) this.convert();
  }

  /**
   * Puts the result that was collected in `indexed` in order, see IndexedZset.createUnordered(). If there is no memory for
   * it, the result is freed.
   */
  orderResult(): void {
    this.use(ENCODING_SKIPLIST);
    try {
      this.indexed.order();
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /**
   * Makes a listpack of a result in order, if the limits allow it for members of up to `longest` bytes. If there is no
   * memory for it, the result is freed.
   */
  packResult(longest: number, limits: ZsetLimits): void {
    const { indexed, packed } = this;
    if (!isListpackSize(indexed.size, longest, limits) || indexed.size * longest > LISTPACK_MAX / 2) return;
    let list = 0;
    try {
      list = packed.create();
      for (let more = indexed.seek(0); more; more = indexed.next()) {
        packed.append(indexed.score, indexed.bytes, indexed.at, indexed.at + indexed.length);
      }
    } catch (error) {
      if (list !== 0) this.keyspace.heap.free(packed.root);
      this.free();
      throw error;
    }
    this.free();
    this.use(ENCODING_LISTPACK);
  }

  /** Frees a result that is not finished. */
  discardResult(): void {
    this.use(ENCODING_SKIPLIST);
    this.free();
  }

  /** Makes a dict and an order tree of a listpack. */
  private convert(): void {
    const { packed, indexed } = this;
    indexed.create();
    try {
      for (let more = packed.seek(0); more; more = packed.next()) {
        indexed.setKey(packed.bytes, packed.at, packed.at + packed.length);
        indexed.insertMissing(packed.score);
      }
    } catch (error) {
      while (!indexed.release());
      throw error;
    }
    this.keyspace.heap.free(packed.root);
    this.use(ENCODING_SKIPLIST);
  }
}

/** The windows on the sorted sets of a keyspace. Commands do not call each other, so a few are enough for all. */
export class Zsets {
  /** For commands on one sorted set. */
  readonly view: SortedSet;
  /** For a sorted set that is being made. */
  readonly result: SortedSet;

  constructor(keyspace: Keyspace) {
    this.view = new SortedSet(keyspace);
    this.result = new SortedSet(keyspace);
  }
}

/** The windows on the sorted sets of a keyspace. */
export function zsetsOf(keyspace: Keyspace): Zsets {
  const { typeStates } = keyspace;
  typeStates[TYPE_ZSET] ??= new Zsets(keyspace);
  return typeStates[TYPE_ZSET] as Zsets;
}

/** Tells a keyspace how sorted sets are freed and copied. */
export function installZsets(keyspace: Keyspace): void {
  const { entries, heap, hasher } = keyspace;
  // Windows of their own: a sorted set is freed while a command has others open.
  const freed = new IndexedZset(heap, hasher);
  const source = new SortedSet(keyspace);
  const target = new SortedSet(keyspace);
  keyspace.registerMover(TYPE_ZSET, new ZsetMover(keyspace));
  keyspace.registerReleaser(TYPE_ZSET, {
    release(root, encoding) {
      if (encoding === ENCODING_LISTPACK) {
        heap.free(root);
        return true;
      }
      freed.root = root;
      return freed.release();
    },
    effort(root, encoding) {
      if (encoding === ENCODING_LISTPACK) return 1;
      freed.open(root);
      return freed.size;
    },
  });
  keyspace.registerCopier(TYPE_ZSET, (original, copy) => {
    source.open(entries.encoding(original), entries.valueWord(original, 0));
    target.copyOf(source);
    entries.setValueWord(copy, 0, target.root);
  });
}
