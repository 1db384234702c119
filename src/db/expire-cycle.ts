/**
 * Active expiry: finds keys whose time has come although nobody asks for them.
 *
 * Every cron tick looks at the keys with an expiry, segment after segment of each database's dict, and stops with a
 * database as soon as a quarter or less of what it looked at was dead (less with a higher active-expire-effort). Work
 * comes in slices of at most a millisecond or so, however much there is: `run` says whether it should be called again
 * soon. The share of dead keys found feeds INFO's expired_stale_perc.
 */

import type { Database } from "./database";
import type { Keyspace } from "./keyspace";

const BASE_ACCEPTED_STALE_PERCENT = 25;
/** Keys to look at in a database before the share of dead ones is judged. */
const BASE_SAMPLE = 20;

export class ExpireCycle {
  /** 1 to 10, as active-expire-effort. */
  effort = 1;
  /** DEBUG SET-ACTIVE-EXPIRE. */
  enabled = true;
  private nextDatabase = 0;
  private readonly dead: number[] = [];
  private seen = 0;
  private ttlSum = 0;

  constructor(private readonly keyspace: Keyspace) {}

  /**
   * Works until `deadline` (µs of the monotonic clock). Returns true when it ran out of time with more to do.
   */
  run(deadline: number): boolean {
    if (!this.enabled || this.keyspace.expiry !== "delete") return false;
    this.keyspace.now = this.keyspace.clock.now();
    const { databases } = this.keyspace;
    for (let done = 0; done < databases.length; done++) {
      const db = databases[this.nextDatabase % databases.length];
      if (db.expires > 0 && this.runDatabase(db, deadline)) return true;
      this.nextDatabase = (this.nextDatabase + 1) % databases.length;
    }
    return false;
  }

  /** Returns true when the deadline came first. */
  private runDatabase(db: Database, deadline: number): boolean {
    const sample = BASE_SAMPLE + (BASE_SAMPLE / 4) * (this.effort - 1);
    const accepted = BASE_ACCEPTED_STALE_PERCENT - (this.effort - 1) * 2;
    let seen = 0;
    let dead = 0;
    for (;;) {
      this.collect(db);
      seen += this.seen;
      dead += this.dead.length;
      for (const ref of this.dead) db.expireEntry(ref);
      if (db.expires === 0 || db.expireCursor === 0) break;
      if (seen >= sample && dead * 100 <= seen * accepted) break;
      if (this.keyspace.clock.monotonic() >= deadline) {
        this.keyspace.stats.expireTimeCapReached++;
        this.noteStale(seen, dead);
        return true;
      }
    }
    this.noteStale(seen, dead);
    return false;
  }

  /** Looks at one segment: fills `dead`, `seen` and the TTL estimate. */
  private collect(db: Database): void {
    this.dead.length = 0;
    this.seen = 0;
    this.ttlSum = 0;
    db.expireCursor = db.scanExpires(db.expireCursor, this.look);
    const alive = this.seen - this.dead.length;
    if (alive === 0) return;
    const average = this.ttlSum / alive;
    // A running average, as one segment is a small sample.
    db.averageTtl = db.averageTtl === 0 ? average : (db.averageTtl / 50) * 49 + average / 50;
  }

  private readonly look = (ref: number): void => {
    const ttl = this.keyspace.entries.expireAt(ref) - this.keyspace.now;
    this.seen++;
    if (ttl < 0) this.dead.push(ref);
    else this.ttlSum += ttl;
  };

  private noteStale(seen: number, dead: number): void {
    const percent = seen === 0 ? 0 : (dead / seen) * 100;
    this.keyspace.stats.stalePercent = percent * 0.05 + this.keyspace.stats.stalePercent * 0.95;
  }
}
