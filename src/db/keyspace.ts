/**
 * The keyspace: all numbered databases, the heap they share, and the two places where a change leaves the request path.
 *
 * A *change* is announced through `changed()`, once per key, by whatever wrote: WATCH, tracking, blocked clients,
 * keyspace notifications and snapshots hang on the hook, and no command knows them. A key that *expires* is deleted
 * here, whoever notices it, and announced through its own hook, because a DEL has to be propagated for it.
 */

import { KeyHasher } from "../memory/hash";
import { Heap, SEGMENT_SHIFT } from "../memory/heap";
import { copyBytes } from "../util/bytes";
import type { Clock } from "../util/clock";
import type { Random } from "../util/random";
import { AccessClock } from "./access-clock";
import { Database } from "./database";
import { ENCODING_RAW_BLOCK, Entries, TYPE_NAMES, TYPE_STRING } from "./entry";
import { FreeQueue } from "./free-queue";
import { KeyHints } from "./key-hints";
import { type KeyspaceHooks, type RemovalHooks, withHooks, withoutHooks } from "./keyspace-hooks";
import { MemberHints } from "./member-hints";
import type { ValueMover } from "./relocator";

// Classes of keyspace events, with Redis's bits. EVENT_NONE: those of the change are announced apart.
export const EVENT_NONE = 0;
export const EVENT_GENERIC = 1 << 2;
export const EVENT_STRING = 1 << 3;
export const EVENT_LIST = 1 << 4;
export const EVENT_SET = 1 << 5;
export const EVENT_HASH = 1 << 6;
export const EVENT_ZSET = 1 << 7;
export const EVENT_EXPIRED = 1 << 8;
export const EVENT_EVICTED = 1 << 9;
export const EVENT_STREAM = 1 << 10;
export const EVENT_KEY_MISS = 1 << 11;
export const EVENT_NEW = 1 << 14;

/** Counters that INFO shows. */
export interface KeyspaceStats {
  hits: number;
  misses: number;
  expired: number;
  /** Fields of hashes that expired. */
  expiredFields: number;
  /** Estimated share (percent) of keys that are past their expiry and not yet deleted. */
  stalePercent: number;
  /** Expire cycles that ran out of time. */
  expireTimeCapReached: number;
  evicted: number;
}

/**
 * "delete" is the rule; "hide" keeps the key but answers that it is missing (CLIENT PAUSE WRITE, a replica); "ignore"
 * keeps it alive (loading).
 */
export type ExpiryMode = "delete" | "hide" | "ignore";

/** How the values of a collection type are freed. `root` is the value word of their entry. */
export interface ValueReleaser {
  /**
   * Frees a part of a value, a few hundred elements at most. Returns true when nothing is left of it; otherwise it is of
   * no use but to be released further.
   */
  release(root: number, encoding: number): boolean;
  /** Allocations to give back, about: from LAZY_EFFORT on UNLINK leaves them to the background. As Redis counts it. */
  effort(root: number, encoding: number): number;
}

/** Somebody who still needs a value that is about to be freed. */
export interface ValueKeeper {
  /** Nobody refers to the value any more: the keeper frees it when it needs it no longer. */
  keepValue(type: number, encoding: number, lazy: boolean): void;
  /** The entry refers to the value by another word now. */
  rootMoved(root: number): void;
}

/** What takes more steps than this to free is freed in the background if the command allows it (UNLINK). */
const LAZY_EFFORT = 64;

/**
 * Completes the copy of an entry: its value words are those of the original, and refer to blocks of their own
 * afterwards.
 */
export type ValueCopier = (original: number, copy: number) => void;

export interface KeyspaceOptions {
  heap: Heap;
  /** How many there are. */
  databases: number;
  clock: Clock;
  random: Random;
}

export class Keyspace {
  readonly heap: Heap;
  readonly entries: Entries;
  readonly hasher: KeyHasher;
  readonly databases: Database[] = [];
  readonly free: FreeQueue;
  readonly access: AccessClock;
  readonly hints = new KeyHints();
  /** The same of the members of large collections. */
  readonly members: MemberHints;
  readonly random: Random;
  readonly clock: Clock;
  /** Who needs values beyond their keys, by the value words of their entries; null: nobody. */
  keepers: Map<number, ValueKeeper> | null = null;
  readonly stats: KeyspaceStats = {
    hits: 0,
    misses: 0,
    expired: 0,
    expiredFields: 0,
    stalePercent: 0,
    expireTimeCapReached: 0,
    evicted: 0,
  };
  /** Changes since the last save. */
  dirty = 0;
  /** ms since the epoch, fixed for the length of one command: a key cannot expire in the middle of it. */
  now: number;
  /** What becomes of a key that is found after its time. */
  expiry: ExpiryMode = "delete";
  /** lazyfree-lazy-expire: what takes long to free of an expired key is freed in the background. */
  lazyExpire = false;
  /** lazyfree-lazy-eviction: the same for an evicted key. */
  lazyEvict = false;
  /** Who hears of changes: nobody, one, or several behind one (see keyspace-hooks.ts). */
  hooks: KeyspaceHooks | null = null;
  /** Who hears of what is gone although nobody has deleted it. */
  removals: RemovalHooks | null = null;
  /** What a type keeps for this keyspace beside its values, by type: it makes it when it is first asked for it. */
  readonly typeStates: unknown[] = TYPE_NAMES.map(() => null);
  /**
   * Deletes parts of values whose time has passed, such as fields of hashes: called with a deadline (µs of the monotonic
   * clock) by the expire cycle; true while there is more to do.
   */
  readonly expirers: ((deadline: number) => boolean)[] = [];
  /** By type, how its values are freed, moved and copied, and who hears of their keys: see the register functions. */
  private readonly releasers: (ValueReleaser | null)[] = TYPE_NAMES.map(() => null);
  private readonly movers: (ValueMover | null)[] = TYPE_NAMES.map(() => null);
  private readonly copiers: (ValueCopier | null)[] = TYPE_NAMES.map(() => null);
  private readonly rekeyers: (((ref: number) => void) | null)[] = TYPE_NAMES.map(() => null);

  constructor(options: KeyspaceOptions) {
    this.heap = options.heap;
    this.entries = new Entries(options.heap);
    this.random = options.random;
    this.clock = options.clock;
    this.now = options.clock.now();
    this.hasher = new KeyHasher(options.random.next32() | 0, options.random.next32() | 0);
    this.members = new MemberHints(this.hasher);
    this.free = new FreeQueue(this);
    this.access = new AccessClock(options.random);
    for (let id = 0; id < options.databases; id++) this.databases.push(new Database(this, id));
  }

  /** Whether what gets this time (ms) to expire at is gone at once. */
  isPast(expireAt: number): boolean {
    return expireAt <= this.now && this.expiry !== "ignore";
  }

  // --- who hears of changes ----------------------------------------------------------------------------------------

  /** Lets somebody hear of changes from now on. */
  listen(hooks: KeyspaceHooks): void {
    this.hooks = withHooks(this.hooks, hooks);
  }

  /** Undoes listen(). */
  unlisten(hooks: KeyspaceHooks): void {
    this.hooks = withoutHooks(this.hooks, hooks);
  }

  /** Announces a change of a key by a command. */
  changed(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void {
    this.dirty++;
    if (this.hooks !== null) this.hooks.keyChanged(db, key, start, end, eventClass, event);
  }

  /**
   * Announces a change of a key whose events are announced apart, with notify(): where Redis tells of the event first, a
   * client that tracks the key and listens to its events hears of them in that order.
   */
  modified(db: Database, key: Uint8Array, start: number, end: number): void {
    this.changed(db, key, start, end, EVENT_NONE, "");
  }

  /** Announces one more event of a change; it counts as no change of its own. */
  notify(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void {
    if (this.hooks !== null) this.hooks.keyEvent(db, key, start, end, eventClass, event);
  }

  /** Announces that the change announced last concerns this key too, such as RENAME's new name: it counts once. */
  changedToo(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void {
    if (this.hooks !== null) this.hooks.keyChanged(db, key, start, end, eventClass, event);
  }

  // --- what types tell of their values -----------------------------------------------------------------------------

  /** Tells how values of a collection type are freed. */
  registerReleaser(type: number, releaser: ValueReleaser): void {
    this.releasers[type] = releaser;
  }

  releaser(type: number): ValueReleaser {
    const releaser = this.releasers[type];
    if (releaser === null) throw new Error(`nothing frees values of type ${TYPE_NAMES[type]}`);
    return releaser;
  }

  /** Tells how the blocks of values of a collection type are moved. */
  registerMover(type: number, mover: ValueMover): void {
    this.movers[type] = mover;
  }

  /** How the blocks of values of a collection type are moved; null: they stay where they are. */
  mover(type: number): ValueMover | null {
    return this.movers[type];
  }

  /** Tells how values of a collection type are copied. */
  registerCopier(type: number, copier: ValueCopier): void {
    this.copiers[type] = copier;
  }

  /** Lets a collection type hear of an entry whose key is another one now. */
  registerRekeyer(type: number, rekeyer: (ref: number) => void): void {
    this.rekeyers[type] = rekeyer;
  }

  /** Announces that an entry has taken the place of another one, with its value, under another key. */
  rekeyed(ref: number): void {
    this.rekeyers[this.entries.type(ref)]?.(ref);
  }

  // --- copying and freeing -----------------------------------------------------------------------------------------

  /**
   * A deep copy of an entry under another key, expiry included, as if it had just been made. It is in no dict yet.
   */
  copyEntry(ref: number, key: Uint8Array, start: number, end: number): number {
    const { entries } = this;
    const copy = entries.relayout(ref, entries.expireAt(ref), key, start, end);
    entries.setLru(copy, this.access.initial());
    try {
      this.copyValue(ref, copy);
    } catch (error) {
      this.heap.free(copy);
      throw error;
    }
    return copy;
  }

  private copyValue(ref: number, copy: number): void {
    const { entries } = this;
    const type = entries.type(ref);
    if (type !== TYPE_STRING) this.copiers[type]?.(ref, copy);
    else if (entries.encoding(ref) === ENCODING_RAW_BLOCK) this.copyStringBlock(ref, copy);
  }

  private copyStringBlock(ref: number, copy: number): void {
    const { entries } = this;
    const length = entries.valueWord(ref, 1);
    const block = this.heap.allocate(length);
    entries.locateString(ref);
    copyBytes(entries.bytes, entries.at, this.heap.u8[block >>> SEGMENT_SHIFT], Heap.offset(block), length);
    entries.setValueWord(copy, 0, block);
  }

  /**
   * Frees what the value of an entry refers to; the entry's own block stays. Of a large collection only the beginning:
   * the rest is left to the background, so that no command waits for it.
   */
  releaseValue(ref: number): void {
    const { entries } = this;
    const type = entries.type(ref);
    const encoding = entries.encoding(ref);
    if (type !== TYPE_STRING) {
      const root = entries.valueWord(ref, 0);
      if (this.keepers !== null && this.isKept(type, encoding, root, false)) return;
      if (!this.releaser(type).release(root, encoding)) this.free.addValue(type, encoding, root, false);
    } else if (encoding === ENCODING_RAW_BLOCK) {
      this.heap.release(entries.valueWord(ref, 0));
    }
  }

  /** Whether somebody takes over a value that nobody refers to any more. */
  private isKept(type: number, encoding: number, root: number, lazy: boolean): boolean {
    const keeper = this.keepers?.get(root);
    keeper?.keepValue(type, encoding, lazy);
    return keeper !== undefined;
  }

  /** An entry refers to its value by another word now: somebody may keep it by the old one. */
  rootMoved(from: number, to: number): void {
    this.keepers?.get(from)?.rootMoved(to);
  }

  /** Frees an entry and what its value refers to; see releaseValue. */
  freeEntry(ref: number): void {
    this.releaseValue(ref);
    this.heap.free(ref);
  }

  /**
   * Frees an entry, and leaves its value to the background if that takes more than a few steps; whether it `counts` as
   * freed lazily then.
   */
  freeEntryLater(ref: number, counts = true): void {
    const { entries } = this;
    const type = entries.type(ref);
    const encoding = entries.encoding(ref);
    if (type === TYPE_STRING || this.releaser(type).effort(entries.valueWord(ref, 0), encoding) <= LAZY_EFFORT) {
      this.freeEntry(ref);
      return;
    }
    const root = entries.valueWord(ref, 0);
    if (this.keepers === null || !this.isKept(type, encoding, root, counts)) {
      this.free.addValue(type, encoding, root, counts);
    }
    this.heap.free(ref);
  }

  /** Frees an entry and all that its value refers to, however long it takes. */
  freeEntryNow(ref: number): void {
    const { entries } = this;
    const type = entries.type(ref);
    if (type === TYPE_STRING) {
      this.freeEntry(ref);
      return;
    }
    const root = entries.valueWord(ref, 0);
    const encoding = entries.encoding(ref);
    if (this.keepers === null || !this.isKept(type, encoding, root, false)) {
      while (!this.releaser(type).release(root, encoding));
    }
    this.heap.free(ref);
  }

  // --- all databases -----------------------------------------------------------------------------------------------

  /** Keys in all databases. */
  get size(): number {
    let size = 0;
    for (const db of this.databases) size += db.size;
    return size;
  }

  /** Exchanges the contents of two databases: clients keep their number and see the other's keys. */
  swap(a: number, b: number): void {
    this.hooks?.swapping(this.databases[a], this.databases[b]);
    if (a !== b) this.databases[a].swapContents(this.databases[b]);
    this.dirty++;
  }

  /**
   * Empties database `id`, or all of them for -1. With `later` the memory is given back in the background, else before
   * this returns. Returns the number of keys removed.
   */
  flush(id: number, later: boolean): number {
    let removed = 0;
    for (const db of this.databases) {
      if (id !== -1 && db.id !== id) continue;
      this.hooks?.flushing(db, id === -1);
      removed += db.flush(later);
    }
    this.dirty += removed;
    return removed;
  }
}
