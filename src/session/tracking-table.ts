/**
 * The tracking table: for each key that clients may have in their caches, who they are.
 *
 * It is made for millions of keys, so nothing of it is a JavaScript object: a dict in a heap of its own, which is
 * dropped as a whole when the table is emptied. (The keyspace's heap is compacted by walking the keyspace, where these
 * blocks would not be found.) An entry is one block of words, 32 bytes for a key of 16 bytes that one client has read:
 *
 *     length of the key | clients | key, padded to whole words | numbers of the clients, ascending
 *
 * A client is a number of 32 bits. Keys of the same name in several databases are one, as Redis has it.
 */

import { Dict, type ElementLayout } from "../memory/dict";
import type { KeyHasher } from "../memory/hash";
import { Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "../memory/heap";
import { copyBytes, copyOfRange, equalBytes } from "../util/bytes";

const KEY_LENGTH = 0;
const COUNT = 1;
const HEADER_WORDS = 2;
const FIRST_TAKEN = 16;

function wordOf(ref: number): number {
  return (ref & SEGMENT_MASK) << 1;
}

/** The words of a block from the first to the numbers of clients. */
function wordsBefore(keyLength: number): number {
  return HEADER_WORDS + ((keyLength + 3) >>> 2);
}

class Entries implements ElementLayout {
  constructor(private readonly heap: Heap) {}

  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean {
    const segment = ref >>> SEGMENT_SHIFT;
    const word = wordOf(ref);
    if (this.heap.u32[segment][word + KEY_LENGTH] !== end - start) return false;
    return equalBytes(this.heap.u8[segment], (word + HEADER_WORDS) * 4, buf, start, end - start);
  }
}

export class TrackingTable {
  /** Pairs of a key and a client. */
  items = 0;
  /** What take() has found: the numbers of `takenCount` clients. */
  taken = new Uint32Array(FIRST_TAKEN);
  takenCount = 0;
  private heap: Heap | null = null;
  private dict!: Dict;

  constructor(private readonly hasher: KeyHasher) {}

  get keys(): number {
    return this.heap === null ? 0 : this.dict.size;
  }

  /** Memory, bytes. */
  get memoryBytes(): number {
    return this.heap?.committedBytes ?? 0;
  }

  /** Notes that a client has read the key `buf[start, end)`. Throws OutOfMemoryError if there is no memory for it. */
  remember(buf: Uint8Array, start: number, end: number, client: number): void {
    const heap = this.heap ?? this.open();
    const { dict } = this;
    const hash = dict.hash(buf, start, end);
    const found = dict.find(hash, buf, start, end);
    if (found !== 0) {
      this.addClient(heap, found, client);
      return;
    }
    const length = end - start;
    const before = wordsBefore(length);
    const ref = heap.allocate((before + 1) * 4);
    const words = heap.u32[ref >>> SEGMENT_SHIFT];
    const word = wordOf(ref);
    words[word + KEY_LENGTH] = length;
    words[word + COUNT] = 1;
    words[word + before] = client;
    copyBytes(buf, start, heap.u8[ref >>> SEGMENT_SHIFT], (word + HEADER_WORDS) * 4, length);
    try {
      dict.insert(hash, ref, false);
    } catch (error) {
      heap.free(ref);
      throw error;
    }
    this.items++;
  }

  private open(): Heap {
    const heap = new Heap();
    this.dict = new Dict(heap, this.hasher, new Entries(heap));
    this.dict.create();
    this.heap = heap;
    return heap;
  }

  /** Adds a client to the entry that was just found, unless it is there. */
  private addClient(heap: Heap, found: number, client: number): void {
    let words = heap.u32[found >>> SEGMENT_SHIFT];
    let word = wordOf(found);
    const before = wordsBefore(words[word + KEY_LENGTH]);
    const count = words[word + COUNT];
    const at = position(words, word + before, count, client);
    if (at < count && words[word + before + at] === client) return;
    const needed = (before + count + 1) * 4;
    if (needed > heap.sizeOf(found)) {
      // A key that many read gets room for half of them more, so that it moves seldom.
      const ref = heap.allocate(needed + (count >>> 1) * 4);
      const target = heap.u32[ref >>> SEGMENT_SHIFT];
      target.set(words.subarray(word, word + before + count), wordOf(ref));
      this.dict.replaceFound(ref);
      heap.free(found);
      words = target;
      word = wordOf(ref);
    }
    const first = word + before;
    words.copyWithin(first + at + 1, first + at, first + count);
    words[first + at] = client;
    words[word + COUNT] = count + 1;
    this.items++;
  }

  /** Forgets a key. Returns how many clients have read it; their numbers are in `taken`. */
  take(buf: Uint8Array, start: number, end: number): number {
    this.takenCount = 0;
    const { heap, dict } = this;
    if (heap === null || dict.size === 0) return 0;
    const ref = dict.find(dict.hash(buf, start, end), buf, start, end);
    if (ref === 0) return 0;
    const words = heap.u32[ref >>> SEGMENT_SHIFT];
    const word = wordOf(ref);
    const count = words[word + COUNT];
    const first = word + wordsBefore(words[word + KEY_LENGTH]);
    if (count > this.taken.length) this.taken = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.taken[i] = words[first + i];
    this.takenCount = count;
    dict.removeFound();
    heap.free(ref);
    this.items -= count;
    return count;
  }

  /** A copy of some key, each equally likely; null: there is none. `random(n)` returns an integer in [0, n). */
  randomKey(random: (n: number) => number): Buffer | null {
    const { heap } = this;
    const ref = heap === null ? 0 : this.dict.randomElement(random);
    if (heap === null || ref === 0) return null;
    const word = wordOf(ref);
    const length = heap.u32[ref >>> SEGMENT_SHIFT][word + KEY_LENGTH];
    const at = (word + HEADER_WORDS) * 4;
    return copyOfRange(heap.u8[ref >>> SEGMENT_SHIFT], at, at + length);
  }

  /** Gives the memory of forgotten keys back, about `limitBytes` of it. */
  purge(limitBytes: number): void {
    if (this.heap !== null && this.heap.dirtyBytes > 0) this.heap.purge(limitBytes);
  }

  /** Forgets everything, and gives all memory back. */
  clear(): void {
    this.heap = null;
    this.items = 0;
    this.taken = new Uint32Array(FIRST_TAKEN);
  }
}

/** Where a number is among `count` ascending ones from `first` on, or would be. */
function position(words: Uint32Array, first: number, count: number, client: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (words[first + middle] < client) low = middle + 1;
    else high = middle;
  }
  return low;
}
