/**
 * Active expiry: finds keys whose time has come although nobody asks for them.
 *
 * Every cron tick looks at keys with an expiry, segment after segment of each database's dict, and stops with a
 * database as soon as a quarter or less of what it looked at was dead (less with a higher active-expire-effort). It goes
 * on where it stopped, so that no key is overlooked; Redis looks at keys in the order of its hash table in the same way.
 * Work comes in slices of at most a millisecond or so, however much there is: `run` says whether it should be called
 * again soon. The share of dead keys found feeds INFO's expired_stale_perc.
 *
 * Where few keys have an expiry, most segments hold none: a tick looks at so many segments at most, and goes on at the
 * next.
 */

import type { Database } from "./database";
import type { Keyspace } from "./keyspace";

const BASE_ACCEPTED_STALE_PERCENT = 25;
/** Keys to look at in a database before the share of dead ones is judged. */
const BASE_SAMPLE = 20;
/** Segments to look at between two looks at the clock, and how many such steps without a dead key a tick takes. */
const SEGMENTS_A_STEP = 32;
const FRUITLESS_STEPS_MAX = 16;
/** Keys deleted between two looks at the clock: each may be a collection. */
const KEYS_A_STEP = 32;
/** Weight of one more sample in the running averages. */
const TTL_WEIGHT = 0.02;
const STALE_WEIGHT = 0.05;

export class ExpireCycle {
  /** 1 to 10, as active-expire-effort. */
  effort = 1;
  /** DEBUG SET-ACTIVE-EXPIRE. */
  enabled = true;
  /** Time spent since the start (or CONFIG RESETSTAT), µs. */
  microsSpent = 0;
  /** Hears how long each run took, µs. */
  onRun: (micros: number) => void = () => {};
  private nextDatabase = 0;
  /** Of one step: refs of dead entries, entries looked at, and the sum of what the others have left. */
  private readonly dead: number[] = [];
  private looked = 0;
  private ttlSum = 0;
  /** Of one run: keys looked at and dead ones among them. */
  private runLooked = 0;
  private runDead = 0;

  constructor(private readonly keyspace: Keyspace) {}

  /**
   * Works until `deadline` (µs of the monotonic clock). Returns true when it ran out of time with more to do.
   */
  run(deadline: number): boolean {
    if (!this.enabled || this.keyspace.expiry !== "delete") return false;
    const { keyspace } = this;
    keyspace.now = keyspace.clock.now();
    this.runLooked = 0;
    this.runDead = 0;
    const start = keyspace.clock.monotonic();
    let more = this.runDatabases(deadline);
    for (const expire of keyspace.expirers) more = expire(deadline) || more;
    const micros = keyspace.clock.monotonic() - start;
    this.microsSpent += micros;
    this.onRun(micros);
    const percent = this.runLooked === 0 ? 0 : (this.runDead / this.runLooked) * 100;
    keyspace.stats.stalePercent += (percent - keyspace.stats.stalePercent) * STALE_WEIGHT;
    if (more) keyspace.stats.expireTimeCapReached++;
    return more;
  }

  /** Returns true when the deadline came first; the next run goes on with the same database. */
  private runDatabases(deadline: number): boolean {
    const { databases } = this.keyspace;
    for (let done = 0; done < databases.length; done++) {
      const db = databases[this.nextDatabase];
      if (db.expires === 0) db.averageTtl = 0;
      else if (!this.runDatabase(db, deadline)) return true;
      this.nextDatabase = (this.nextDatabase + 1) % databases.length;
    }
    return false;
  }

  /** Returns false when the deadline came first. */
  private runDatabase(db: Database, deadline: number): boolean {
    const sample = BASE_SAMPLE + (BASE_SAMPLE / 4) * (this.effort - 1);
    const accepted = BASE_ACCEPTED_STALE_PERCENT - (this.effort - 1) * 2;
    let looked = 0;
    let dead = 0;
    let fruitless = 0;
    for (;;) {
      const from = db.expireCursor;
      const inTime = this.step(db, deadline);
      looked += this.looked;
      dead += this.dead.length;
      fruitless = this.dead.length > 0 ? 0 : fruitless + 1;
      if (!inTime) {
        // The rest of the segment is looked at again.
        db.expireCursor = from;
        return false;
      }
      if (db.expires === 0 || db.expireCursor === 0) return true;
      const fewDead = dead * 100 <= looked * accepted;
      if (fewDead && (looked >= sample || fruitless >= FRUITLESS_STEPS_MAX)) return true;
      if (this.keyspace.clock.monotonic() >= deadline) return false;
    }
  }

  /**
   * Looks at the entries of one segment, deletes the dead ones and lets the others count for the average TTL. Returns false
   * when the deadline came before all of them were deleted.
   */
  private step(db: Database, deadline: number): boolean {
    this.dead.length = 0;
    this.looked = 0;
    this.ttlSum = 0;
    db.expireCursor = db.scanExpires(db.expireCursor, SEGMENTS_A_STEP, this.look);
    this.runLooked += this.looked;
    this.runDead += this.dead.length;
    const alive = this.looked - this.dead.length;
    if (alive > 0) {
      const average = this.ttlSum / alive;
      if (db.averageTtl === 0) db.averageTtl = average;
      else db.averageTtl += (average - db.averageTtl) * TTL_WEIGHT;
    }
    const done = this.deleteDead(db, deadline);
    if (db.expires === 0) db.averageTtl = 0;
    return done;
  }

  private deleteDead(db: Database, deadline: number): boolean {
    const { dead } = this;
    for (let i = 0; i < dead.length; i++) {
      db.expireEntry(dead[i]);
      const isLook = i % KEYS_A_STEP === KEYS_A_STEP - 1;
      if (isLook && this.keyspace.clock.monotonic() >= deadline) return i === dead.length - 1;
    }
    return true;
  }

  private readonly look = (ref: number): void => {
    const left = this.keyspace.entries.expireAt(ref) - this.keyspace.now;
    this.looked++;
    if (left < 0) this.dead.push(ref);
    else this.ttlSum += left;
  };
}
