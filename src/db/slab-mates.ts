/**
 * Which keys have their entries in one slab: what has to go for the slab's memory to come back.
 *
 * A block does not say what it holds. Its bytes are read as if it were an entry, and the key that stands there then, if
 * any, is looked for in the index of each database: only if an element with this hash refers to this very block it is one.
 * Whatever else is in the block (a part of a value, a segment of an index, the rest of what was freed) is passed over.
 *
 * Anything may happen between two calls: what is found is there now, whatever the slab was when it began.
 */

import { NIL } from "../memory/heap";
import type { Database } from "./database";
import type { Keyspace } from "./keyspace";

export class SlabMates {
  /** The database of the key found last. */
  database: Database;
  private slab = NIL;
  private next = 0;

  constructor(private readonly keyspace: Keyspace) {
    this.database = keyspace.databases[0];
  }

  /** Begins with a slab, given by its first block: Heap.slabOf(). */
  begin(slab: number): void {
    this.slab = slab;
    this.next = 0;
  }

  /** Finds nothing more. */
  end(): void {
    this.slab = NIL;
  }

  /** Finds the next entry of the slab; 0 if there is none. As after a lookup it is the one found in `database`. */
  find(): number {
    const { heap } = this.keyspace;
    while (this.slab !== NIL) {
      const block = heap.blockInSlab(this.slab, this.next++);
      if (block === NIL) this.end();
      else if (this.isEntry(block)) return block;
    }
    return NIL;
  }

  private isEntry(block: number): boolean {
    const { entries, databases } = this.keyspace;
    if (!entries.locateKeyWithin(block)) return false;
    const { bytes, at, length } = entries;
    const hash = databases[0].index.hash(bytes, at, at + length);
    for (const db of databases) {
      if (db.size === 0 || !db.findRef(hash, block)) continue;
      this.database = db;
      return true;
    }
    return false;
  }
}
