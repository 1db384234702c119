/**
 * A snapshot: all keys as they are at one moment, written to an output over a longer time, without a copy of them.
 *
 * step() goes through the dicts of all databases in the order of hashes, which no change of a dict disturbs: what is
 * below the position is written. Whatever is about to change an element beyond it (a lookup for writing, an insertion, a
 * removal) says so first, see DictGuard, and the element's *bucket* is written: a range of hashes with about one element
 * or none. A bit for each bucket remembers that, and step() passes over it. So every element is written once, as it was
 * when the snapshot began; what is added later falls into a range that is written already. Memory grows by these bits
 * (a quarter to half a byte a key) and by what waits for the disk.
 *
 * A dict whose database is emptied meanwhile stays until the snapshot has been through it.
 */

import type { Database } from "../db/database";
import type { Keyspace } from "../db/keyspace";
import type { Dict, DictGuard } from "../memory/dict";
import { int64 } from "../util/integers";
import { EntryWindow } from "./entry-window";
import type { RdbFileFields, SnapshotWriter } from "./rdb-writer";

/** Elements written between two looks at the clock. */
const ELEMENTS_PER_LOOK = 256;
/** Elements of a bucket, about: a change of one key writes that key, which is at hand, and hardly another one. */
const BUCKET_ELEMENTS = 0.5;
const BUCKET_BITS_MAX = 27;
const HASH_BITS = 31;
const HASH_END = 2 ** HASH_BITS;

/** The snapshot of one dict. */
class DictSnapshot implements DictGuard {
  isKept = false;
  /** Elements with smaller hashes are written. */
  private position = 0;
  /** A hash without so many lower bits is the number of its bucket. */
  private readonly shift: number;
  /** One bit a bucket: it was written before the position came to it. */
  private readonly early: Uint8Array;

  constructor(
    readonly dict: Dict,
    readonly database: number,
    private readonly writer: SnapshotWriter,
    private readonly window: EntryWindow,
    private readonly failed: (error: unknown) => void,
  ) {
    const bits = Math.min(BUCKET_BITS_MAX, Math.ceil(Math.log2(Math.max(1, dict.size / BUCKET_ELEMENTS))));
    this.shift = HASH_BITS - bits;
    this.early = new Uint8Array(Math.max(1, 2 ** (bits - 3)));
  }

  protect(hash: number): void {
    if (hash < this.position) return;
    const bucket = hash >>> this.shift;
    if (this.isEarly(bucket)) return;
    this.early[bucket >>> 3] |= 1 << (bucket & 7);
    const from = bucket * 2 ** this.shift;
    this.writeRange(Math.max(from, this.position), from + 2 ** this.shift);
  }

  private isEarly(bucket: number): boolean {
    return ((this.early[bucket >>> 3] >>> (bucket & 7)) & 1) === 1;
  }

  private writeRange(from: number, to: number): void {
    // A command may be in the middle of something: it finds the one result of this module as it left it.
    const { hi, lo } = int64;
    try {
      this.writer.select(this.database);
      this.dict.scanRange(from, to, this.writer.entry);
    } catch (error) {
      // The command that brought this about is not to blame.
      this.failed(error);
    }
    int64.hi = hi;
    int64.lo = lo;
  }

  protectAll(): void {
    while (!this.step());
  }

  keep(): void {
    this.isKept = true;
  }

  /** Writes some elements from the position on. True when all are written. */
  step(): boolean {
    if (this.position === HASH_END) return true;
    try {
      this.writer.select(this.database);
      this.position = this.dict.scan(this.position, ELEMENTS_PER_LOOK, this.visit) || HASH_END;
      this.window.visit(this.writer.entry);
    } catch (error) {
      this.failed(error);
      this.position = HASH_END;
    }
    return this.position === HASH_END;
  }

  private readonly visit = (ref: number, hash: number): void => {
    if (!this.isEarly(hash >>> this.shift)) this.window.add(ref);
  };
}

export class Snapshot {
  /** Keys that there were when it began. */
  readonly keysTotal: number;
  /** What went wrong while something was written; the snapshot is of no use then. */
  error: unknown = null;
  private readonly dicts: DictSnapshot[] = [];
  /** The dict that step() is at. */
  private current = 0;
  private readonly window: EntryWindow;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly writer: SnapshotWriter,
  ) {
    this.keysTotal = keyspace.size;
    this.window = new EntryWindow(keyspace.heap);
  }

  /** Keys written so far. */
  get keysDone(): number {
    return this.writer.keys;
  }

  /** The moment: everything is written as it is now. */
  begin(fields: RdbFileFields, libraries: readonly Buffer[]): void {
    this.writer.begin(fields, libraries);
    for (const db of this.keyspace.databases) {
      if (db.size > 0) this.add(db);
    }
  }

  private add(db: Database): void {
    this.writer.database(db);
    const failed = (error: unknown): void => {
      this.error ??= error;
    };
    const snapshot = new DictSnapshot(db.index, db.id, this.writer, this.window, failed);
    db.index.guard = snapshot;
    this.dicts.push(snapshot);
  }

  /**
   * Writes until `deadline` (µs of the monotonic clock), or until `keys` keys are written in all. True when all of it is
   * written.
   */
  step(deadline: number, keys: number): boolean {
    const { clock } = this.keyspace;
    while (this.current < this.dicts.length && this.error === null && this.keysDone < keys) {
      if (this.dicts[this.current].step()) this.letGo(this.dicts[this.current++]);
      if (clock.monotonic() >= deadline) break;
    }
    return this.current === this.dicts.length;
  }

  /** The snapshot has nothing more to do with a dict. */
  private letGo({ dict, isKept }: DictSnapshot): void {
    dict.guard = null;
    if (isKept) this.keyspace.free.addDict(dict);
  }

  /** Ends it, wherever it is. */
  end(): void {
    while (this.current < this.dicts.length) this.letGo(this.dicts[this.current++]);
  }
}
