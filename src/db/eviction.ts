/**
 * Eviction: deletes keys while more memory is in use than `maxmemory` allows, by one of Redis's policies.
 *
 *     policy            among                   goes first
 *     allkeys-lru       all keys                what was not accessed for the longest time
 *     allkeys-lfu       all keys                what is accessed least often
 *     allkeys-random    all keys                any
 *     volatile-…        keys with an expiry     the same
 *     volatile-ttl      keys with an expiry     what would expire first
 *     noeviction        –                       nothing: commands that may need memory are refused
 *
 * Redis's algorithm: for each key to evict, sample `maxmemory-samples` neighbours at a random place of every database,
 * put them into the pool (eviction-pool.ts), and evict the best one of that.
 *
 * Where many slabs are sparse, the slab of such a victim is emptied as far as the policy does not object: its keys that are
 * about as dispensable go next (slab-mates.ts). Keys that were written together lie together, and when values of another
 * size are written, it is whole slabs of the old ones that go, and not most keys of each, which would free no memory.
 *
 * A run is limited in time by `maxmemory-eviction-tenacity`. When the time is over it answers EVICTION_RUNNING, and goes
 * on by itself in turns of its own: commands are served in between. What waits in the free queue is memory that comes
 * back without a key being lost, so it is freed before the next key is chosen.
 */

import { NIL } from "../memory/heap";
import type { Database } from "./database";
import { EvictionPool } from "./eviction-pool";
import type { Keyspace } from "./keyspace";
import { SlabMates } from "./slab-mates";

/** There is memory enough. */
export const EVICTION_OK = 0;
/** There will be: a part has been freed, and the rest follows. */
export const EVICTION_RUNNING = 1;
/** There is nothing that may be freed. */
export const EVICTION_FAILED = 2;

export type EvictionOrder = "lru" | "lfu" | "ttl" | "random" | "none";

/** What the evictor has to know of the server. */
export interface EvictionHost {
  /** Bytes in use above the limit; 0 or less: none. */
  excess(): number;
  /** Whether somebody wants to know of slow evictions: then the clock is read for each key. */
  readonly timesEvents: boolean;
  /** Hears how long something took, µs. */
  timed(event: "eviction-cycle" | "eviction-del" | "eviction-lazyfree", micros: number): void;
}

/** Keys evicted between two looks at the clock. */
const KEYS_PER_LOOK = 16;
/** Most samples of one key to evict: beyond, the order is exact for all that matters. */
const SAMPLES_MAX = 1024;
const POSITIONS = 2 ** 31;
const LFU_MAX = 255;
/**
 * Whole slabs are emptied where more than this share of what is in blocks, and more than these bytes, are in no block. A
 * heap in which keys of the same sizes come and go has 1 to 4%.
 */
const SPARE_SHARE = 0.02;
const SPARE_BYTES = 2 * 1024 * 1024;
/** Keys that go then where one would, on average: as many as the slab of any small block holds at least. */
const MATES = 16;
/** How long a key was idle that goes for the sake of a slab, as a share of its victim's time. */
const MATE_IDLE = 0.75;
/** µs a step of maxmemory-eviction-tenacity up to 10, and how much longer each further one makes a run. */
const TENACITY_MICROS = 50;
const TENACITY_LINEAR = 10;
const TENACITY_GROWTH = 1.15;
const TENACITY_UNLIMITED = 100;

/** µs that a run may take by `maxmemory-eviction-tenacity` (0 to 100), as in Redis. */
export function evictionMicros(tenacity: number): number {
  if (tenacity >= TENACITY_UNLIMITED) return Number.POSITIVE_INFINITY;
  if (tenacity <= TENACITY_LINEAR) return TENACITY_MICROS * tenacity;
  return Math.floor(TENACITY_MICROS * TENACITY_LINEAR * TENACITY_GROWTH ** (tenacity - TENACITY_LINEAR));
}

export class Evictor {
  samples = 5;
  /** How long a run may take, µs. */
  limitMicros = evictionMicros(10);
  /** Ended periods in which there was too little memory, µs, and when the current one began; -1: there is none. */
  private exceededMicros = 0;
  private exceededSince = -1;
  /** Bytes in blocks that there may be at the end of the run. */
  private goal = 0;
  private order: EvictionOrder = "none";
  private volatileOnly = false;
  private readonly pool = new EvictionPool();
  private readonly mates: SlabMates;
  /** Keys of a slab go if their score is not below this. */
  private mateScore = 0;
  /** Whether so much of the slabs is in no block that whole ones are to become empty. */
  private emptiesSlabs = false;
  private nextDatabase = 0;
  private continuation: NodeJS.Immediate | null = null;
  /** The database whose keys are being sampled. */
  private sampled = 0;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly host: EvictionHost,
  ) {
    this.mates = new SlabMates(keyspace);
  }

  /** Sets `maxmemory-policy`. Scores of another policy mean nothing. */
  setPolicy(policy: string): void {
    this.volatileOnly = policy.startsWith("volatile-");
    this.order = policy === "noeviction" ? "none" : (policy.slice(policy.indexOf("-") + 1) as EvictionOrder);
    this.pool.clear();
    this.mates.end();
  }

  /** How long there has been too little memory, µs: all in all, and since it last began. */
  get totalExceededMicros(): number {
    return this.exceededMicros + this.currentExceededMicros;
  }

  get currentExceededMicros(): number {
    return this.exceededSince < 0 ? 0 : this.keyspace.clock.monotonic() - this.exceededSince;
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.exceededMicros = 0;
    this.exceededSince = -1;
  }

  /** Evicts until there is memory enough, nothing is left that may be evicted, or the time is over. EVICTION_… */
  run(): number {
    // While clients are paused, data is loaded, or a primary decides what is deleted, nothing is.
    if (this.keyspace.expiry !== "delete") return EVICTION_OK;
    const excess = this.host.excess();
    const result = excess <= 0 ? EVICTION_OK : this.timedCycle(excess);
    this.account(result);
    return result;
  }

  private account(result: number): void {
    if (result !== EVICTION_OK) {
      if (this.exceededSince < 0) this.exceededSince = this.keyspace.clock.monotonic();
    } else if (this.exceededSince >= 0) {
      this.exceededMicros += this.currentExceededMicros;
      this.exceededSince = -1;
    }
  }

  private timedCycle(excess: number): number {
    const { clock, heap } = this.keyspace;
    const start = clock.monotonic();
    // What has to go is known from now on. Who is told of evicted keys gets longer buffers by that, which must not make
    // more keys go: they will be shorter soon.
    this.goal = heap.usedBytes - excess;
    const spare = Math.max(SPARE_BYTES, heap.usedBytes * SPARE_SHARE);
    this.emptiesSlabs = heap.committedBytes - heap.usedBytes > spare;
    const result = this.cycle(start + this.limitMicros);
    if (this.order !== "none") this.host.timed("eviction-cycle", clock.monotonic() - start);
    return result;
  }

  private get isEnough(): boolean {
    return this.keyspace.heap.usedBytes <= this.goal;
  }

  private cycle(deadline: number): number {
    for (let keys = 0; ; ) {
      if (!this.freePending(deadline)) {
        // Memory is on its way back, whatever the policy says.
        this.goOnLater();
        return EVICTION_RUNNING;
      }
      if (this.isEnough) return EVICTION_OK;
      if (this.order === "none" || !this.evictOne()) return EVICTION_FAILED;
      if (++keys % KEYS_PER_LOOK === 0 && this.keyspace.clock.monotonic() >= deadline) {
        if (this.isEnough) return EVICTION_OK;
        this.goOnLater();
        return EVICTION_RUNNING;
      }
    }
  }

  /**
   * Frees what has been deleted already, as far as it is needed and the time allows. False if the time was over with more
   * to free.
   */
  private freePending(deadline: number): boolean {
    const { free, clock } = this.keyspace;
    if (free.idle) return true;
    const start = clock.monotonic();
    let now = start;
    while (!free.idle && !this.isEnough && now < deadline) {
      free.step();
      now = clock.monotonic();
    }
    this.host.timed("eviction-lazyfree", now - start);
    return free.idle || this.isEnough;
  }

  // --- one key -----------------------------------------------------------------------------------------------------

  /** Evicts a key; false if there is none that may be. */
  private evictOne(): boolean {
    if (this.emptiesSlabs && this.evictMate()) return true;
    return this.order === "random" ? this.evictRandom() : this.evictBest();
  }

  /** A random key, of one database after the other. */
  private evictRandom(): boolean {
    const { databases } = this.keyspace;
    for (let i = 0; i < databases.length; i++) {
      this.nextDatabase = (this.nextDatabase + 1) % databases.length;
      const db = databases[this.nextDatabase];
      const ref = db.randomRef(this.volatileOnly);
      if (ref === 0) continue;
      db.findEntry(ref);
      if (this.emptiesSlabs) this.considerMates(ref, 0);
      this.evictFound(db, ref);
      return true;
    }
    return false;
  }

  private evictBest(): boolean {
    const { pool, keyspace } = this;
    for (;;) {
      if (!this.sampleAll()) return false;
      while (pool.take()) {
        const db = keyspace.databases[pool.database];
        const { ref, score } = pool;
        // It may be gone, have lost its expiry, or have been used since.
        if (!db.findRef(pool.hash, ref) || (this.volatileOnly && !keyspace.entries.hasExpiry(ref))) continue;
        if (this.score(ref) < score) continue;
        if (this.emptiesSlabs) this.considerMates(ref, score);
        this.evictFound(db, ref);
        return true;
      }
    }
  }

  /** Looks at some keys of every database; false if no database has any. */
  private sampleAll(): boolean {
    let found = false;
    for (const db of this.keyspace.databases) {
      const keys = this.volatileOnly ? db.expires : db.size;
      if (keys === 0) continue;
      found = true;
      this.sampled = db.id;
      const count = Math.min(keys, this.samples, SAMPLES_MAX);
      db.sample(this.keyspace.random.below(POSITIONS), count, this.volatileOnly, this.offer);
    }
    return found;
  }

  private readonly offer = (ref: number, hash: number): void => {
    this.pool.offer(this.sampled, hash, ref, this.score(ref));
  };

  /** The higher, the sooner evicted. */
  private score(ref: number): number {
    const { entries, access } = this.keyspace;
    if (this.order === "lru") return access.idleSeconds(entries.lru(ref));
    if (this.order === "lfu") return LFU_MAX - access.frequency(entries.lru(ref));
    return -entries.expireAt(ref);
  }

  private evictFound(db: Database, ref: number): void {
    if (!this.host.timesEvents) {
      db.evictFound(ref);
      return;
    }
    const { clock } = this.keyspace;
    const start = clock.monotonic();
    db.evictFound(ref);
    this.host.timed("eviction-del", clock.monotonic() - start);
  }

  // --- slabs -------------------------------------------------------------------------------------------------------

  /** Evicts the next key of the slab that is to become empty; false if there is none that may go. */
  private evictMate(): boolean {
    const { mates, keyspace } = this;
    for (let ref = mates.find(); ref !== 0; ref = mates.find()) {
      if (this.volatileOnly && !keyspace.entries.hasExpiry(ref)) continue;
      if (this.score(ref) < this.mateScore) continue;
      this.evictFound(mates.database, ref);
      return true;
    }
    return false;
  }

  /**
   * Lets what shares the slab of a victim go with it, or not: the more keys a slab holds the less often, so that small keys
   * do not go sooner than large ones.
   */
  private considerMates(ref: number, score: number): void {
    const { heap, random } = this.keyspace;
    const slab = heap.slabOf(ref);
    if (slab === NIL || random.below(heap.slabCapacity(slab)) >= MATES) return;
    this.mates.begin(slab);
    this.mateScore = this.scoreOfMates(score);
  }

  /**
   * The lowest score of what goes with a victim. Frequencies are so coarse that only what is as rarely used as the victim
   * is no worse; what expires as soon as that has not much more time left.
   */
  private scoreOfMates(score: number): number {
    if (this.order === "lru") return Math.floor(score * MATE_IDLE);
    if (this.order === "lfu") return score;
    if (this.order === "ttl") return score - Math.max(0, -score - this.keyspace.clock.now()) * (1 / MATE_IDLE - 1);
    return Number.NEGATIVE_INFINITY;
  }

  // --- going on ----------------------------------------------------------------------------------------------------

  /** Runs in a turn of its own, and again until there is memory enough. */
  goOnLater(): void {
    if (this.continuation !== null) return;
    this.continuation = setImmediate(() => {
      this.continuation = null;
      this.run();
    });
  }

  /** Cancels what is due. */
  stop(): void {
    if (this.continuation !== null) clearImmediate(this.continuation);
    this.continuation = null;
  }
}
