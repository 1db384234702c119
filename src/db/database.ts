/**
 * One numbered database: a dict of entries, with expiry on access.
 *
 * Keys are passed as byte ranges `key[start, end)` of whatever buffer they arrived in. After a lookup that found the
 * key, the dict remembers its slot until the next change, so the methods documented as "of the key just looked up" need
 * no second search.
 */

import { Dict } from "../memory/dict";
import { BEYOND_CACHE, Heap, HeapFullError } from "../memory/heap";
import { int64ToNumber } from "../util/integers";
import { type Entries, type EntryShape, NO_EXPIRY } from "./entry";
import type { Keyspace } from "./keyspace";

/** Random entries to look at before RANDOMKEY looks for any that is alive. */
const RANDOM_TRIES = 100;
const ALIVE_STEP = 256;

export class Database {
  private dict: Dict;
  private readonly entries: Entries;
  /** Hash of the key looked up last. */
  private hash = 0;
  /** Whether the two keys looked up last were one: then the next is, too, most likely. */
  private repeats = false;
  /** Average TTL of the keys that the expire cycle saw, in ms. */
  averageTtl = 0;
  /** Where the expire cycle goes on: a position in hash space. */
  expireCursor = 0;

  constructor(
    readonly keyspace: Keyspace,
    readonly id: number,
  ) {
    this.entries = keyspace.entries;
    this.dict = this.emptyDict();
  }

  private emptyDict(): Dict {
    const dict = new Dict(this.keyspace.heap, this.keyspace.hasher, this.keyspace.entries);
    dict.create();
    return dict;
  }

  /** Keys. */
  get size(): number {
    return this.dict.size;
  }

  /** Keys that have an expiry. */
  get expires(): number {
    return this.dict.flagged;
  }

  /** The index, for its figures (segments, bytes, directory size). */
  get index(): Dict {
    return this.dict;
  }

  // --- lookup ------------------------------------------------------------------------------------------------------

  /** Ref of the entry, or 0; neither expiry nor statistics nor LRU. */
  find(key: Uint8Array, start: number, end: number): number {
    return this.findHashed(this.dict.hash(key, start, end), key, start, end);
  }

  /** As find(), of a key whose hash is known. */
  findHashed(hash: number, key: Uint8Array, start: number, end: number): number {
    this.hash = hash;
    const ref = this.dict.find(hash, key, start, end);
    this.dict.guard?.protect(hash);
    return ref;
  }

  /** Ref of the entry or 0, as a reading command sees it: counted as hit or miss, and an access for LRU. */
  lookupRead(key: Uint8Array, start: number, end: number, touch: boolean): number {
    const ref = this.lookupQuietly(key, start, end);
    if (ref === 0) this.keyspace.hooks?.keyMissed(this, key, start, end);
    else if (touch) this.touch(ref);
    return ref;
  }

  /** Ref of the entry or 0, as a command sees it that asks about a key: counted, but nobody hears of it. */
  lookupQuietly(key: Uint8Array, start: number, end: number): number {
    const ref = this.look(key, start, end);
    if (ref === 0) this.keyspace.stats.misses++;
    else this.keyspace.stats.hits++;
    return ref;
  }

  /** Ref of the entry or 0, as a writing command sees it: not counted. */
  lookupWrite(key: Uint8Array, start: number, end: number, touch: boolean): number {
    const ref = this.peek(key, start, end);
    if (ref !== 0 && touch) this.touch(ref);
    return ref;
  }

  private touch(ref: number): void {
    const bits = this.entries.lru(ref);
    const touched = this.keyspace.access.touched(bits);
    // The clock of LRU moves once a second.
    if (touched !== bits) this.entries.setLru(ref, touched);
  }

  /** Whether looking ahead pays: a small data set lives in the cache anyway. */
  get isLarge(): boolean {
    return this.dict.size >= BEYOND_CACHE;
  }

  /** Announces that this key will be looked up soon; see warm(). */
  hint(key: Uint8Array, start: number, end: number): void {
    this.keyspace.hints.add(key, start, end, this.dict.hash(key, start, end));
  }

  /** Loads what the lookups of the hinted keys will need into the processor's cache. */
  warm(): void {
    const { hashes, count } = this.keyspace.hints;
    this.dict.warm(hashes, count);
    this.dict.guard?.warm?.(hashes, count);
  }

  /** Ref of the entry or 0: expired keys are deleted, but it is no access. */
  peek(key: Uint8Array, start: number, end: number): number {
    const ref = this.look(key, start, end);
    // What follows may be a change: a snapshot that has not seen the key yet sees it now.
    this.dict.guard?.protect(this.hash);
    return ref;
  }

  /** The key just looked up for reading is changed all the same: see peek(). */
  protectFound(): void {
    this.dict.guard?.protect(this.hash);
  }

  private look(key: Uint8Array, start: number, end: number): number {
    const { dict } = this;
    // A pipeline of commands on one key computes no hash and looks through no segment.
    let ref = this.repeats ? dict.findAgain(key, start, end) : 0;
    if (ref !== 0) {
      this.hash = dict.foundHash;
    } else {
      const hinted = this.keyspace.hints.take(key, start, end);
      const hash = hinted >= 0 ? hinted : dict.hash(key, start, end);
      this.repeats = hash === this.hash;
      this.hash = hash;
      ref = dict.find(hash, key, start, end);
    }
    if (ref === 0 || !dict.foundFlag || !this.isExpired(ref)) return ref;
    if (this.keyspace.expiry === "delete") this.expire(key, start, end, ref);
    return 0;
  }

  /** Whether the entry counts as missing because its time has passed. */
  isExpired(ref: number): boolean {
    const at = this.entries.expireAt(ref);
    return at !== NO_EXPIRY && this.keyspace.now > at && this.keyspace.expiry !== "ignore";
  }

  /** Deletes the key just looked up because its time has come. */
  private expire(key: Uint8Array, start: number, end: number, ref: number): void {
    this.dict.removeFound();
    this.keyspace.stats.expired++;
    this.announceExpired(key, start, end);
    this.discard(ref, this.keyspace.lazyExpire);
  }

  private announceExpired(key: Uint8Array, start: number, end: number): void {
    const { hooks, removals, lazyExpire } = this.keyspace;
    hooks?.keyExpired(this, key, start, end);
    removals?.keyRemoved(this, key, start, end, lazyExpire);
  }

  /** Frees an entry that is in no dict any more; `later`: its value in the background, if it has more than a few parts. */
  private discard(ref: number, later: boolean): void {
    if (later) this.keyspace.freeEntryLater(ref);
    else this.keyspace.freeEntry(ref);
  }

  /** Finds an entry by its own key, which is located then; false if it is not in the dict (any more). */
  findEntry(ref: number): boolean {
    this.entries.locateKey(ref);
    const { bytes, at, length } = this.entries;
    this.hash = this.dict.hash(bytes, at, at + length);
    return this.dict.find(this.hash, bytes, at, at + length) === ref;
  }

  /** Deletes an entry, by ref, that a traversal found expired. It must not be in progress any more. */
  expireEntry(ref: number): void {
    if (!this.findEntry(ref)) return;
    const { bytes, at, length } = this.entries;
    // The hook gets the key's bytes where they stand, so the block is freed last.
    this.dict.removeFound();
    this.keyspace.stats.expired++;
    this.announceExpired(bytes, at, at + length);
    this.discard(ref, this.keyspace.lazyExpire);
  }

  // --- eviction ----------------------------------------------------------------------------------------------------

  /** Finds the entry at `ref` by its key's hash, for evictFound(); false if it is not there (any more). */
  findRef(hash: number, ref: number): boolean {
    return this.dict.findRef(hash, ref);
  }

  /** Deletes the entry just found, to make room. */
  evictFound(ref: number): void {
    this.entries.locateKey(ref);
    const { bytes, at, length } = this.entries;
    this.dict.removeFound();
    this.keyspace.stats.evicted++;
    // The hook gets the key's bytes where they stand, so the block is freed last.
    const { hooks, removals, lazyEvict } = this.keyspace;
    hooks?.keyEvicted(this, bytes, at, at + length);
    removals?.keyRemoved(this, bytes, at, at + length, lazyEvict);
    this.discard(ref, this.keyspace.lazyEvict);
  }

  /** See Dict.sample. */
  sample(from: number, count: number, expiring: boolean, visit: (ref: number, hash: number) => void): void {
    this.dict.sample(from, count, expiring, visit);
  }

  /** Any entry, or any that has an expiry; 0 if there is none. */
  randomRef(expiring: boolean): number {
    return this.dict.randomElement(this.below, expiring);
  }

  // --- change ------------------------------------------------------------------------------------------------------

  /**
   * Makes an entry of this shape the value of the key just looked up: `existing` is what the lookup returned. What the
   * old value referred to is freed. The new value's bytes or words are the caller's to write. Returns the entry. Throws
   * HeapFullError if there is no memory for it: then nothing has changed.
   */
  store(existing: number, shape: EntryShape, key: Uint8Array, start: number, end: number): number {
    if (existing === 0) {
      const ref = this.storeQuietly(shape, key, start, end);
      this.keyspace.hooks?.keyCreated(this, key, start, end);
      return ref;
    }
    const { entries } = this;
    let ref = existing;
    if (this.keyspace.heap.sizeOf(existing) === Heap.roundUp(entries.sizeFor(shape, end - start))) {
      const stays = isRounded(shape.expireAt) && shape.expireAt === entries.expireAt(existing);
      const hi = entries.expiryHi(existing);
      const lo = entries.expiryLo(existing);
      this.keyspace.releaseValue(existing);
      entries.write(existing, shape, key, start, end);
      if (stays) entries.setExpiry64(existing, hi, lo);
    } else {
      // The new block first: there may be no memory for it, and then the old value must still be whole.
      ref = entries.create(shape, key, start, end);
      this.keyspace.releaseValue(existing);
      this.replace(existing, ref);
    }
    this.dict.flagFound(shape.expireAt !== NO_EXPIRY);
    return ref;
  }

  /** As store() for a key that is missing, but nobody hears of it before announceCreated(). */
  storeQuietly(shape: EntryShape, key: Uint8Array, start: number, end: number): number {
    const ref = this.entries.create(shape, key, start, end);
    this.insert(ref, shape.expireAt !== NO_EXPIRY);
    return ref;
  }

  /** Adds a new entry to the dict, or frees its block if the dict cannot grow. */
  private insert(ref: number, expires: boolean): void {
    try {
      this.dict.insert(this.hash, ref, expires);
    } catch (error) {
      this.keyspace.heap.free(ref);
      throw error;
    }
  }

  /** Puts `ref` in the place of the entry just looked up, and frees the old entry's block but not its value. */
  replace(existing: number, ref: number): void {
    const { entries } = this;
    const expireAt = entries.expireAt(ref);
    if (isRounded(expireAt) && expireAt === entries.expireAt(existing)) {
      entries.setExpiry64(ref, entries.expiryHi(existing), entries.expiryLo(existing));
    }
    this.dict.replaceFound(ref);
    this.keyspace.heap.free(existing);
  }

  /**
   * Makes an entry made elsewhere the one of the key just looked up: to those who listen it is a new key. `existing` is what
   * the lookup returned, and is freed (`later`: in the background, if that takes long). Throws HeapFullError if the dict
   * cannot grow: then the entry is still the caller's.
   */
  put(existing: number, ref: number, later: boolean): void {
    if (existing === 0) {
      this.dict.insert(this.hash, ref, this.entries.hasExpiry(ref));
    } else {
      this.dict.replaceFound(ref);
      this.dict.flagFound(this.entries.hasExpiry(ref));
      this.discard(existing, later);
    }
    this.announceCreated(ref);
  }

  /** Tells of a new key, of which nobody has heard yet. */
  announceCreated(ref: number): void {
    const { hooks } = this.keyspace;
    if (hooks === null) return;
    this.entries.locateKey(ref);
    const { bytes, at, length } = this.entries;
    hooks.keyCreated(this, bytes, at, at + length);
  }

  /**
   * Sets the expiry (ms since the epoch, or NO_EXPIRY to remove it) of the key just looked up. The entry may move;
   * returns where it is now.
   */
  setExpiry(ref: number, expireAt: number, key: Uint8Array, start: number, end: number): number {
    const had = this.entries.hasExpiry(ref);
    if (had && expireAt !== NO_EXPIRY) {
      this.entries.setExpireAt(ref, expireAt);
      return ref;
    }
    if (!had && expireAt === NO_EXPIRY) return ref;
    const moved = this.entries.relayout(ref, expireAt, key, start, end);
    this.replace(ref, moved);
    this.dict.flagFound(expireAt !== NO_EXPIRY);
    return moved;
  }

  /**
   * As setExpiry, for an expiry given as a 64-bit integer (ms since the epoch, not negative): exact also beyond 2^53.
   */
  setExpiry64(ref: number, hi: number, lo: number, key: Uint8Array, start: number, end: number): number {
    const at = this.setExpiry(ref, int64ToNumber(hi, lo), key, start, end);
    this.entries.setExpiry64(at, hi, lo);
    return at;
  }

  /**
   * Deletes a key; false when it does not exist (or had expired). Memory that takes long to free goes to the free queue
   * if `later`.
   */
  remove(key: Uint8Array, start: number, end: number, later: boolean): boolean {
    const ref = this.peek(key, start, end);
    if (ref === 0) return false;
    this.dict.removeFound();
    this.discard(ref, later);
    return true;
  }

  /** Takes the key just looked up out of the dict; the entry is the caller's from now on. */
  detachFound(): void {
    this.dict.removeFound();
  }

  /** Removes all keys; see Keyspace.flush. */
  flush(later: boolean): number {
    const removed = this.dict.size;
    this.expireCursor = 0;
    this.averageTtl = 0;
    if (removed === 0 || ((later || this.dict.guard !== null) && this.detachDict())) return removed;
    this.dict.guard?.protectAll();
    this.keyspace.free.freeNow(this.dict);
    return removed;
  }

  /** Leaves the dict to the free queue; false if there is no memory for another one. */
  private detachDict(): boolean {
    const old = this.dict;
    try {
      this.dict = this.emptyDict();
    } catch (error) {
      if (error instanceof HeapFullError) return false;
      throw error;
    }
    if (old.guard !== null) old.guard.keep();
    else this.keyspace.free.addDict(old);
    return true;
  }

  /** Exchanges all keys with another database. */
  swapContents(other: Database): void {
    [this.dict, other.dict] = [other.dict, this.dict];
    [this.averageTtl, other.averageTtl] = [other.averageTtl, this.averageTtl];
    [this.expireCursor, other.expireCursor] = [other.expireCursor, this.expireCursor];
  }

  // --- traversal ---------------------------------------------------------------------------------------------------

  /** See Dict.scan. */
  scan(cursor: number, count: number, visit: (ref: number) => void): number {
    return this.dict.scan(cursor, count, visit);
  }

  /** See Dict.scanFlagged: entries with an expiry. */
  scanExpires(cursor: number, segments: number, visit: (ref: number) => void): number {
    return this.dict.scanFlagged(cursor, visit, segments);
  }

  /** A random entry that has not expired, or 0 if there is none. Expired ones that come first are deleted. */
  randomEntry(): number {
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const ref = this.dict.randomElement(this.below);
      if (ref === 0 || !this.isExpired(ref)) return ref;
      if (this.keyspace.expiry === "delete") this.expireEntry(ref);
    }
    // Most keys are dead. Deleting them all here would take too long: that is left to the expire cycle.
    return this.firstAlive(this.below(0x40000000) * 2) || this.firstAlive(0);
  }

  private readonly below = (n: number): number => this.keyspace.random.below(n);

  /** The first entry from a position on that has not expired, or 0. */
  private firstAlive(from: number): number {
    let alive = 0;
    const visit = (ref: number): void => {
      if (alive === 0 && !this.isExpired(ref)) alive = ref;
    };
    let position = from;
    do position = this.dict.scan(position, ALIVE_STEP, visit);
    while (alive === 0 && position !== 0);
    return alive;
  }
}

/** Whether a time (ms) is too late to be exact as a number. One that a change leaves as it is must stay exact. */
function isRounded(expireAt: number): boolean {
  return expireAt > Number.MAX_SAFE_INTEGER;
}
