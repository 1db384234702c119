/**
 * A map by bytes: what clients wait for, watch and subscribe to, by key or channel. A lookup takes a byte range of
 * whatever buffer it arrived in and allocates nothing, which a Map of texts would do for every key that is written.
 *
 * A linear hash table (Litwin, 1980): it grows and shrinks by one bucket at a time, so no insert ever moves more than
 * one chain, however many entries there are. Bucket i < buckets.length holds the entries whose hash, cut to as many
 * bits as the table needs, is i; where that bucket does not exist yet, one bit less counts:
 *
 *     buckets   0 1 2 3 4 5      mask 7: hash & 7 is 0 … 7; 6 and 7 do not exist, and are 2 and 3 with mask 3
 *
 * The hash is keyed, so that nobody outside can choose channels that collide.
 */

import type { KeyHasher } from "../memory/hash";

/** An entry: subclass it, or use it as it is. */
export class ByteMapEntry {
  /** The rest of the chain. */
  next: ByteMapEntry | null = null;

  /** @param key kept as it is, so it must not be part of a buffer that is used again */
  constructor(
    readonly key: Uint8Array,
    readonly hash: number,
  ) {}
}

export class ByteMap<E extends ByteMapEntry> {
  size = 0;
  private readonly buckets: (E | null)[] = [null];
  /** The least 2^n - 1 that is at least buckets.length - 1. */
  private mask = 0;

  constructor(private readonly hasher: KeyHasher) {}

  hash(buf: Uint8Array, start: number, end: number): number {
    return this.hasher.hash(buf, start, end);
  }

  private bucketOf(hash: number): number {
    const bucket = hash & this.mask;
    return bucket < this.buckets.length ? bucket : bucket & (this.mask >> 1);
  }

  /** The entry with this key, or null. */
  get(buf: Uint8Array, start: number, end: number): E | null {
    if (this.size === 0) return null;
    return this.find(this.hasher.hash(buf, start, end), buf, start, end);
  }

  /** As get, for a hash that is known. */
  find(hash: number, buf: Uint8Array, start: number, end: number): E | null {
    const length = end - start;
    for (let entry = this.buckets[this.bucketOf(hash)]; entry !== null; entry = entry.next as E | null) {
      if (entry.hash === hash && entry.key.length === length && equals(entry.key, buf, start)) return entry;
    }
    return null;
  }

  /** Adds an entry whose key is not in the map. */
  add(entry: E): void {
    const { buckets } = this;
    if (++this.size > buckets.length) this.grow();
    const bucket = this.bucketOf(entry.hash);
    entry.next = buckets[bucket];
    buckets[bucket] = entry;
  }

  /** Takes out an entry that is in the map. */
  remove(entry: E): void {
    const { buckets } = this;
    const bucket = this.bucketOf(entry.hash);
    if (buckets[bucket] === entry) {
      buckets[bucket] = entry.next as E | null;
    } else {
      let before = buckets[bucket] as ByteMapEntry;
      while (before.next !== entry) before = before.next as ByteMapEntry;
      before.next = entry.next;
    }
    entry.next = null;
    if (--this.size * 2 < buckets.length && buckets.length > 1) this.shrink();
  }

  /** One bucket more: it gets its share of the entries that it would have had all along. */
  private grow(): void {
    const { buckets } = this;
    if (buckets.length > this.mask) this.mask = this.mask * 2 + 1;
    const added = buckets.length;
    const from = added & (this.mask >> 1);
    let entry = buckets[from];
    buckets[from] = null;
    buckets.push(null);
    while (entry !== null) {
      const next = entry.next as E | null;
      const bucket = (entry.hash & this.mask) === added ? added : from;
      entry.next = buckets[bucket];
      buckets[bucket] = entry;
      entry = next;
    }
  }

  /** One bucket less: its entries go back to where grow() took them from. */
  private shrink(): void {
    const { buckets } = this;
    let entry = buckets.pop() as E | null;
    const to = buckets.length & (this.mask >> 1);
    while (entry !== null) {
      const next = entry.next as E | null;
      entry.next = buckets[to];
      buckets[to] = entry;
      entry = next;
    }
    if (buckets.length - 1 <= this.mask >> 1) this.mask >>= 1;
  }

  /** All entries, in no particular order. The map must not change meanwhile. */
  *values(): IterableIterator<E> {
    for (const first of this.buckets) {
      for (let entry = first; entry !== null; entry = entry.next as E | null) yield entry;
    }
  }
}

function equals(key: Uint8Array, buf: Uint8Array, start: number): boolean {
  for (let i = 0; i < key.length; i++) if (key[i] !== buf[start + i]) return false;
  return true;
}
