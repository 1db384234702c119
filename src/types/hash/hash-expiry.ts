/**
 * Deleting fields whose time has passed. Whoever reads one deletes it (hash-call.ts); here are those that nobody asks for.
 *
 * The timers (hash-timer.ts) tell which hash is due. Of a listpack all dead fields go at once: they are its first. Of a
 * dict a step looks at the flagged fields of one segment; a pass over all segments also finds the earliest expiry of the
 * rest, which is the hash's next deadline. A pass over many fields takes long, so that deadline is at least the time
 * that makes passes a small part of all work: fields of a hash of a million are deleted up to a quarter of a second late,
 * and nobody sees them meanwhile.
 *
 * Work comes in slices, as that of the expire cycle.
 */

import type { Database } from "../../db/database";
import { ENCODING_HASHTABLE_EX, ENCODING_LISTPACK_EX, TYPE_HASH } from "../../db/entry";
import { EVENT_GENERIC, EVENT_HASH, type Keyspace } from "../../db/keyspace";
import type { Hashes } from "./hash";

/** Segments of a dict that a step looks at while none has a field that expires. */
const SEGMENTS_A_STEP = 32;
/** Fields that expire for which a pass is put off by a millisecond. */
const FIELDS_A_MS = 4096;
/** Steps that a command takes on behalf of the background. */
const COMMAND_STEPS = 4;

export class HashExpiry {
  private readonly dead: number[] = [];
  private earliest = 0;
  /** Where a timer's entry was found. */
  private db: Database | null = null;
  private entry = 0;
  private timer = 0;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly hashes: Hashes,
  ) {}

  /** Works until `deadline` (µs of the monotonic clock). Returns true while there is more to do. */
  run(deadline: number): boolean {
    const { keyspace } = this;
    const { deadlines } = this.hashes.timers;
    while (deadlines.earliest < keyspace.now) {
      this.serve(deadlines.first);
      if (keyspace.clock.monotonic() >= deadline) return deadlines.earliest < keyspace.now;
    }
    return false;
  }

  /** One step of the hash that is due. */
  private serve(timer: number): void {
    const { hashes } = this;
    this.findEntry(timer);
    const { db, entry } = this;
    if (db === null) {
      // Its key was deleted, and it waits to be freed.
      hashes.timers.cancel(timer);
      return;
    }
    db.index.guard?.protect(hashes.timers.keyHash(timer));
    hashes.open(entry);
    hashes.db = db;
    const expired = this.step();
    if (expired === 0) return;
    this.keyspace.stats.expiredFields += expired;
    this.announce(db, entry);
  }

  /** Announces that fields expired, and deletes the key if none is left. */
  private announce(db: Database, entry: number): void {
    const { keyspace } = this;
    const { entries } = keyspace;
    entries.locateKey(entry);
    const { bytes, at } = entries;
    const end = at + entries.length;
    keyspace.changedToo(db, bytes, at, end, EVENT_HASH, "hexpired");
    if (this.hashes.size > 0) return;
    db.find(bytes, at, end);
    db.detachFound();
    keyspace.notify(db, bytes, at, end, EVENT_GENERIC, "del");
    keyspace.freeEntry(entry);
  }

  /** Looks in all databases for the entry whose timer this is: keys move, and their timers do not follow. */
  private findEntry(timer: number): void {
    this.timer = timer;
    this.db = null;
    const hash = this.hashes.timers.keyHash(timer);
    for (const db of this.keyspace.databases) {
      if (db.size === 0) continue;
      this.entry = 0;
      db.scan(hash, 1, this.compare);
      if (this.entry === 0) continue;
      this.db = db;
      return;
    }
  }

  private readonly compare = (ref: number): void => {
    const { entries } = this.keyspace;
    if (entries.type(ref) !== TYPE_HASH || entries.valueWord(ref, 0) !== this.timer) return;
    const encoding = entries.encoding(ref);
    if (encoding === ENCODING_LISTPACK_EX || encoding === ENCODING_HASHTABLE_EX) this.entry = ref;
  };

  /**
   * Deletes dead fields of the hash that is open, as far as that is quickly done: for commands that cannot do with dead
   * fields. Returns their number.
   */
  expireSome(): number {
    let expired = 0;
    for (let i = 0; i < COMMAND_STEPS && this.hashes.mayHoldDead; i++) expired += this.step();
    return expired;
  }

  /** Deletes some of the dead fields of the open hash, which is due. Returns their number. */
  private step(): number {
    return this.hashes.isPacked ? this.expirePacked() : this.expireSegment();
  }

  private expirePacked(): number {
    const { hashes } = this;
    const { timer, timers } = hashes;
    const expired = hashes.removeDeadTriples();
    const next = hashes.firstExpiry();
    if (next === 0) timers.cancel(timer);
    else timers.schedule(timer, next);
    return expired;
  }

  private expireSegment(): number {
    const { dead, hashes, keyspace } = this;
    const { dict, timer, timers } = hashes;
    dead.length = 0;
    this.earliest = timers.earliest(timer);
    const next = dict.scanFlagged(timers.cursor(timer), this.look, SEGMENTS_A_STEP);
    for (const block of dead) hashes.removeDeadBlock(block);
    timers.setCursor(timer, next);
    timers.setEarliest(timer, next === 0 ? Number.POSITIVE_INFINITY : this.earliest);
    if (next !== 0) return dead.length;
    timers.setFloor(timer, this.earliest);
    // It may have become a dict when its timer was due for a field that had gone already.
    if (dict.flagged === 0) timers.cancel(timer);
    else timers.schedule(timer, Math.max(this.earliest, keyspace.now + Math.floor(dict.flagged / FIELDS_A_MS)));
    return dead.length;
  }

  private readonly look = (block: number): void => {
    const expireAt = this.hashes.blocks.expireAt(block);
    if (this.hashes.isDead(expireAt)) this.dead.push(block);
    else if (expireAt < this.earliest) this.earliest = expireAt;
  };
}
