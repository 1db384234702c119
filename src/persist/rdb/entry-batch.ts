/**
 * Entries on their way into the dict of a database, some at a time: where they belong is looked up for all of them at once
 * first, so that the processor's cache misses overlap. In a large dict they are most of what an insertion takes.
 */

import type { Database } from "../../db/database";
import { latin1 } from "../../util/bytes";
import { corrupt } from "./rdb-input";

const ENTRIES = 64;

export class EntryBatch {
  private readonly refs = new Uint32Array(ENTRIES);
  private readonly hashes = new Int32Array(ENTRIES);
  private count = 0;
  private db: Database | null = null;

  /** @param replace a key that is there already is replaced; otherwise it is an error */
  constructor(private readonly replace: boolean) {}

  /**
   * Takes an entry that is in no dict yet; flush() follows at the latest when nothing more comes. Throws as flush(), and
   * the entry is freed then, too.
   */
  add(db: Database, ref: number): void {
    if (db !== this.db || this.count === ENTRIES) this.makeRoom(db, ref);
    const { entries } = db.keyspace;
    this.db = db;
    entries.locateKey(ref);
    this.hashes[this.count] = db.index.hash(entries.bytes, entries.at, entries.at + entries.length);
    this.refs[this.count++] = ref;
  }

  private makeRoom(db: Database, next: number): void {
    try {
      this.flush();
    } catch (error) {
      db.keyspace.freeEntry(next);
      throw error;
    }
  }

  /**
   * Puts all of them into their dict. Throws RdbError for a key that is there already, HeapFullError where there is no
   * memory; the entries behind that one are freed.
   */
  flush(): void {
    const { db, count, refs, hashes } = this;
    if (db === null || count === 0) return;
    this.count = 0;
    let done = 0;
    db.index.warmSlots(hashes, count);
    try {
      for (; done < count; done++) this.insert(db, refs[done], hashes[done]);
    } finally {
      for (; done < count; done++) db.keyspace.freeEntry(refs[done]);
    }
  }

  private insert(db: Database, ref: number, hash: number): void {
    const { entries } = db.keyspace;
    entries.locateKey(ref);
    const { bytes, at, length } = entries;
    const existing = db.findHashed(hash, bytes, at, at + length);
    if (existing !== 0 && !this.replace) {
      throw corrupt(`RDB has duplicated key '${latin1(bytes, at, at + length)}' in DB ${db.id}`);
    }
    db.put(existing, ref, false);
  }
}
