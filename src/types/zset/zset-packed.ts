/**
 * Small sorted sets: one listpack of members and scores in turn, in ascending order.
 *
 *     member | score | member | score | …
 *
 * A score that is an integer (of up to 2^62) is kept as one, as Redis 7.2 does, so that -0 becomes 0; any other is kept
 * as the text that it is printed as. So both read back as the same double.
 *
 * `PackedZset` is a flyweight, see `SortedSet`, which says what the methods mean: this class and IndexedZset have the
 * same ones.
 */

import type { Heap } from "../../memory/heap";
import { Listpack } from "../../memory/listpack";
import { compareBytes } from "../../util/bytes";
import { MAX_DOUBLE_TEXT, parseDouble, writeDouble } from "../../util/doubles";

/** Bytes that an element of a listpack takes besides its text, at the most. */
const ELEMENT_OVERHEAD = 10;

export class PackedZset {
  readonly list: Listpack;

  foundScore = 0;

  // The cursor.
  bytes: Uint8Array;
  at = 0;
  length = 0;
  score = 0;
  private cursor = 0;

  /** Position of the member found last. */
  private found = 0;
  /** The member looked for last. */
  private keyBytes: Uint8Array;
  private keyStart = 0;
  private keyEnd = 0;
  private readonly scoreText = Buffer.alloc(MAX_DOUBLE_TEXT);

  constructor(readonly heap: Heap) {
    this.list = new Listpack(heap);
    this.bytes = this.scoreText;
    this.keyBytes = this.scoreText;
  }

  create(): number {
    return this.list.create();
  }

  open(root: number): void {
    this.list.open(root);
  }

  openToPop(root: number, _max: boolean): void {
    this.list.open(root);
  }

  /** Makes a copy of another one and opens it; returns its root. */
  copyOf(source: PackedZset): number {
    this.list.open(source.list.copy());
    return this.root;
  }

  get root(): number {
    return this.list.ref;
  }

  get size(): number {
    return this.list.count >>> 1;
  }

  /** Whether a member of this length and its score can be added to a listpack at all. */
  canAdd(length: number): boolean {
    return this.list.canAdd(length + MAX_DOUBLE_TEXT + 2 * ELEMENT_OVERHEAD);
  }

  // --- members -----------------------------------------------------------------------------------------------------

  find(buf: Uint8Array, start: number, end: number): boolean {
    const { list } = this;
    this.keyBytes = buf;
    this.keyStart = start;
    this.keyEnd = end;
    this.found = list.find(list.first(), buf, start, end, 1);
    if (this.found === 0) return false;
    this.foundScore = this.scoreAt(list.next(this.found));
    return true;
  }

  insertMissing(score: number): void {
    this.insertPair(score);
  }

  /** Adds a pair behind all others, where it belongs. If that fails the listpack is of no more use than to be freed. */
  append(score: number, buf: Uint8Array, start: number, end: number): void {
    this.list.append(buf, start, end);
    const length = writeDouble(score === 0 ? 0 : score, this.scoreText, 0);
    this.list.append(this.scoreText, 0, length);
  }

  /** Inserts the member looked for last where it belongs; returns its index. */
  private insertPair(score: number): number {
    const { list } = this;
    let index = 0;
    let position = list.first();
    while (position !== 0 && !this.isBehind(position, score)) {
      position = list.next(list.next(position));
      index++;
    }
    const length = writeDouble(score === 0 ? 0 : score, this.scoreText, 0);
    const { keyBytes, keyStart, keyEnd } = this;
    const placed =
      position === 0
        ? list.append(keyBytes, keyStart, keyEnd)
        : list.insertBefore(position, keyBytes, keyStart, keyEnd);
    try {
      list.insertAfter(placed, this.scoreText, 0, length);
    } catch (error) {
      list.remove(placed);
      throw error;
    }
    return index;
  }

  /** Whether the pair at a position comes behind the member looked for last with this score. */
  private isBehind(position: number, score: number): boolean {
    const { list } = this;
    const other = this.scoreAt(list.next(position));
    if (other !== score) return other > score;
    return this.compareAt(position, this.keyBytes, this.keyStart, this.keyEnd) > 0;
  }

  private compareAt(position: number, buf: Uint8Array, start: number, end: number): number {
    const { list } = this;
    list.read(position);
    return compareBytes(list.value, list.at, list.length, buf, start, end - start);
  }

  /** The number that the element at a position is. */
  private scoreAt(position: number): number {
    const { list } = this;
    const integer = list.integerAt(position);
    if (!Number.isNaN(integer)) return integer;
    list.read(position);
    return parseDouble(list.value, list.at, list.at + list.length);
  }

  setFoundScore(score: number): void {
    const { list } = this;
    const before = this.foundRank();
    // The new pair first: that is the step that may fail.
    const index = this.insertPair(score);
    list.remove(list.seek(2 * (index <= before ? before + 1 : before)), 2);
  }

  removeFound(): void {
    this.list.remove(this.found, 2);
  }

  foundRank(): number {
    const { list } = this;
    let rank = 0;
    for (let position = list.first(); position !== this.found; position = list.next(list.next(position))) rank++;
    return rank;
  }

  // --- ranks -------------------------------------------------------------------------------------------------------

  countBelow(score: number, inclusive: boolean): number {
    const { list } = this;
    let count = 0;
    for (let position = list.first(); position !== 0; position = list.next(position)) {
      position = list.next(position);
      const other = this.scoreAt(position);
      if (other > score || (other === score && !inclusive)) break;
      count++;
    }
    return count;
  }

  countBelowMember(buf: Uint8Array, start: number, end: number, inclusive: boolean): number {
    const { list } = this;
    const limit = inclusive ? 1 : 0;
    let count = 0;
    for (let position = list.first(); position !== 0; position = list.next(list.next(position))) {
      if (this.compareAt(position, buf, start, end) >= limit) break;
      count++;
    }
    return count;
  }

  removeRange(rank: number, count: number): void {
    if (count > 0) this.list.remove(this.list.seek(2 * rank), 2 * count);
  }

  removeEnd(count: number, max: boolean): void {
    this.removeRange(max ? this.size - count : 0, count);
  }

  // --- cursor ------------------------------------------------------------------------------------------------------

  seek(rank: number): boolean {
    return this.readPair(rank < 0 ? 0 : this.list.seek(2 * rank));
  }

  seekEnd(max: boolean): boolean {
    return this.seek(max ? this.size - 1 : 0);
  }

  next(): boolean {
    return this.readPair(this.list.next(this.list.next(this.cursor)));
  }

  previous(): boolean {
    const score = this.list.previous(this.cursor);
    return this.readPair(score === 0 ? 0 : this.list.previous(score));
  }

  /** Where the member at the cursor is in the listpack, until that changes. */
  get position(): number {
    return this.cursor;
  }

  /** Moves the cursor to the member at such a position. */
  moveTo(position: number): void {
    this.readPair(position);
  }

  private readPair(position: number): boolean {
    if (position === 0) return false;
    const { list } = this;
    this.cursor = position;
    // The score first: both are read into the listpack's one buffer of digits.
    this.score = this.scoreAt(list.next(position));
    list.read(position);
    this.bytes = list.value;
    this.at = list.at;
    this.length = list.length;
    return true;
  }
}
