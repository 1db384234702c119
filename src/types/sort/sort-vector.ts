/**
 * What SORT sorts: the texts of all elements, and for each a key and maybe a weight. Nothing here knows of data types.
 *
 * The elements are copied into one buffer, as what they are copied from may go while keys are looked up (a BY pattern can
 * meet an expired key). Sorting moves pairs of a key and an element's number in typed arrays; there is no object or string
 * for an element.
 *
 * A key is a double, so that most comparisons are one of numbers: the score, or the first six bytes of the text. Where
 * keys are equal, texts are compared: those of the elements after scores, so that the order is always the same; those of
 * the weights, or of the elements without BY, after prefixes. What is equal then stays in the order in which it came.
 */

import { copyBytes } from "../../util/bytes";
import { parseDouble } from "../../util/doubles";
import { allocating } from "../../util/out-of-memory";

const FIRST_BYTES = 64 * 1024;
const FIRST_COUNT = 1024;
/** Buffers that became larger than this are not kept for the next command. */
const RETAINED_BYTES = 1024 * 1024;
/** Bytes of a text that its key holds: 48 bits are exact in a double. */
const PREFIX_BYTES = 6;
/** Runs of this length are sorted by insertion before they are merged. */
const RUN = 8;
/** A key below that of every text. */
const NO_TEXT = -1;
/** Smaller magnitudes than this are inexact, which strtod reports as an error of range. */
const LEAST_NORMAL = 2.2250738585072014e-308;

/** Texts one behind the other: text i is bytes[starts[i], starts[i + 1]). */
export class Texts {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  starts = new Uint32Array(FIRST_COUNT + 1);
  count = 0;

  /** Appends buf[start, end). Throws OutOfMemoryError if there is no memory for it. */
  push(buf: Uint8Array, start: number, end: number): void {
    const from = this.starts[this.count];
    const to = from + end - start;
    if (to > this.bytes.length) this.growBytes(to);
    if (this.count + 2 > this.starts.length) this.growStarts();
    copyBytes(buf, start, this.bytes, from, end - start);
    this.starts[++this.count] = to;
  }

  private growBytes(needed: number): void {
    const grown = allocating(() =>
      Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.bytes.length * 2, 2 ** 32 - 1))),
    );
    this.bytes.copy(grown, 0, 0, this.starts[this.count]);
    this.bytes = grown;
  }

  private growStarts(): void {
    const grown = allocating(() => new Uint32Array(this.starts.length * 2));
    grown.set(this.starts);
    this.starts = grown;
  }

  /** Forgets all texts, and large buffers too. */
  clear(): void {
    this.count = 0;
    if (this.bytes.length > RETAINED_BYTES) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    if (this.starts.length * 4 > RETAINED_BYTES) this.starts = new Uint32Array(FIRST_COUNT + 1);
  }

  /** Compares two texts as byte strings. */
  compare(a: number, b: number): number {
    const { starts } = this;
    return compareRanges(this.bytes, starts[a], starts[a + 1], starts[b], starts[b + 1]);
  }

  /** Compares two texts as C strings: they end at a NUL. */
  collate(a: number, b: number): number {
    return compareRanges(this.bytes, this.starts[a], this.endOfCString(a), this.starts[b], this.endOfCString(b));
  }

  private endOfCString(i: number): number {
    return endOfCString(this.bytes, this.starts[i], this.starts[i + 1]);
  }
}

function compareRanges(bytes: Uint8Array, aStart: number, aEnd: number, bStart: number, bEnd: number): number {
  const common = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < common; i++) {
    const difference = bytes[aStart + i] - bytes[bStart + i];
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}

function endOfCString(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0) at++;
  return at;
}

/** What is compared where keys are equal. */
type TieBreak = (a: number, b: number) => number;

export class SortVector {
  readonly elements = new Texts();
  readonly weights = new Texts();
  /** An element's number at each place, once sorted. */
  order = new Uint32Array(0);

  private keys = new Float64Array(FIRST_COUNT);
  /** Negated keys sort in descending order, with the order of ties turned too. */
  private sign = 1;

  /** Forgets everything, for another command. */
  clear(): void {
    this.elements.clear();
    this.weights.clear();
    this.order = EMPTY;
    if (this.keys.byteLength > RETAINED_BYTES) this.keys = new Float64Array(FIRST_COUNT);
  }

  get size(): number {
    return this.elements.count;
  }

  /** Before keys are set: how they will be sorted. */
  begin(descending: boolean): void {
    this.sign = descending ? -1 : 1;
    if (this.keys.length < this.size) this.keys = allocating(() => new Float64Array(this.size));
  }

  /** Sets the key of element i to the number that the text is, as strtod reads it; false if it is none. */
  setScore(i: number, buf: Uint8Array, start: number, end: number): boolean {
    const score = sortScore(buf, start, end);
    this.keys[i] = score * this.sign;
    return !Number.isNaN(score);
  }

  /** Element i has no number to be sorted by: it counts as 0. */
  setNoScore(i: number): void {
    this.keys[i] = 0;
  }

  /** Sets the key of element i to the beginning of the text; `asCString`: a NUL ends it. */
  setPrefix(i: number, buf: Uint8Array, start: number, end: number, asCString: boolean): void {
    this.keys[i] = prefixKey(buf, start, end, asCString) * this.sign;
  }

  /** Element i has no text to be sorted by: it comes before those that have one. */
  setNoText(i: number): void {
    this.keys[i] = NO_TEXT * this.sign;
  }

  /** Leaves the elements in the order in which they came. */
  keepOrder(): void {
    this.order = identity(this.size);
  }

  /** Sorts by scores, and elements of equal scores by their bytes. */
  sortByScore(): void {
    this.sort((a, b) => this.elements.compare(a, b));
  }

  /** Sorts by the texts that prefixes were set from: those of the elements, or the weights; `asCString` as there. */
  sortByText(texts: Texts, asCString: boolean): void {
    const compare: TieBreak = asCString ? (a, b) => texts.collate(a, b) : (a, b) => texts.compare(a, b);
    const sign = this.sign;
    // Without text on both sides, nothing is left to compare.
    this.sort((a, b) => (this.keys[a] * sign === NO_TEXT ? 0 : compare(a, b)));
  }

  private sort(tieBreak: TieBreak): void {
    const { sign } = this;
    this.order = mergeSort(this.keys, this.size, sign === 1 ? tieBreak : (a, b) => -tieBreak(a, b));
  }
}

const EMPTY = new Uint32Array(0);

function identity(count: number): Uint32Array<ArrayBuffer> {
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

/**
 * The numbers 0 to count - 1 in ascending order of their keys, ties by `tieBreak`, and in their own order where that
 * finds no difference either. A bottom-up merge sort (von Neumann): keys move along with the numbers, so that merging
 * reads and writes memory in order.
 */
function mergeSort(keys: Float64Array, count: number, tieBreak: TieBreak): Uint32Array<ArrayBuffer> {
  let fromKeys = allocating(() => keys.slice(0, count));
  let fromNumbers = identity(count);
  for (let first = 0; first < count; first += RUN) {
    insertionSort(fromKeys, fromNumbers, first, Math.min(count, first + RUN), tieBreak);
  }
  if (count <= RUN) return fromNumbers;
  let toKeys = allocating(() => new Float64Array(count));
  let toNumbers = new Uint32Array(count);
  for (let width = RUN; width < count; width *= 2) {
    for (let first = 0; first < count; first += 2 * width) {
      const middle = Math.min(count, first + width);
      const end = Math.min(count, middle + width);
      merge(fromKeys, fromNumbers, first, middle, end, toKeys, toNumbers, tieBreak);
    }
    [fromKeys, toKeys] = [toKeys, fromKeys];
    [fromNumbers, toNumbers] = [toNumbers, fromNumbers];
  }
  return fromNumbers;
}

function insertionSort(keys: Float64Array, numbers: Uint32Array, first: number, end: number, tieBreak: TieBreak): void {
  for (let i = first + 1; i < end; i++) {
    const key = keys[i];
    const number = numbers[i];
    let to = i;
    while (to > first) {
      const before = keys[to - 1];
      if (before < key || (before === key && tieBreak(numbers[to - 1], number) <= 0)) break;
      keys[to] = before;
      numbers[to] = numbers[to - 1];
      to--;
    }
    keys[to] = key;
    numbers[to] = number;
  }
}

/** Merges [first, middle) and [middle, end). */
function merge(
  keys: Float64Array,
  numbers: Uint32Array,
  first: number,
  middle: number,
  end: number,
  toKeys: Float64Array,
  toNumbers: Uint32Array,
  tieBreak: TieBreak,
): void {
  let left = first;
  let right = middle;
  for (let to = first; to < end; to++) {
    let takesLeft = right === end;
    if (!takesLeft && left < middle) {
      const difference = keys[left] - keys[right];
      // Two infinities have no difference.
      if (difference === 0 || Number.isNaN(difference)) takesLeft = tieBreak(numbers[left], numbers[right]) <= 0;
      else takesLeft = difference < 0;
    }
    const from = takesLeft ? left++ : right++;
    toKeys[to] = keys[from];
    toNumbers[to] = numbers[from];
  }
}

/**
 * The text as SORT reads a number: as strtod does, white space before it included; the empty text is 0, and a NUL ends
 * the text. NaN where it is none, is NaN, or is out of the range of exact doubles.
 */
export function sortScore(buf: Uint8Array, start: number, end: number): number {
  const short = parseDouble(buf, start, end);
  if (Math.abs(short) >= LEAST_NORMAL) return short;
  const last = endOfCString(buf, start, end);
  if (last === start) return 0;
  let first = start;
  while (first < last && isSpace(buf[first])) first++;
  const value = parseDouble(buf, first, last);
  return value !== 0 && Math.abs(value) < LEAST_NORMAL ? Number.NaN : value;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 9 && byte <= 13);
}

/** The first six bytes as a number that sorts as they do. */
function prefixKey(buf: Uint8Array, start: number, end: number, asCString: boolean): number {
  let key = 0;
  let at = start;
  for (let i = 0; i < PREFIX_BYTES; i++) {
    key *= 256;
    if (at >= end || (asCString && buf[at] === 0)) {
      at = end;
      continue;
    }
    key += buf[at++];
  }
  return key;
}
