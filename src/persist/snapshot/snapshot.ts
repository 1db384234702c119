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
 *
 * A value that takes long to write is not written where the snapshot comes to it, but at the end, in slices: see
 * LargeValue.
 */

import type { Database } from "../../db/database";
import type { Entries } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import type { Dict } from "../../memory/dict";
import type { DictGuard } from "../../memory/dict-guard";
import { int64 } from "../../util/integers";
import type { RdbFileFields, SnapshotWriter } from "../rdb/rdb-writer";
import { BucketMap, HASH_END } from "./bucket-map";
import { EntryWindow } from "./entry-window";
import type { LargeValue } from "./large-value";

/** Elements written between two looks at the clock. */
const ELEMENTS_PER_LOOK = 256;

/** What the snapshots of all dicts share. */
interface SnapshotParts {
  readonly writer: SnapshotWriter;
  readonly window: EntryWindow;
  readonly entries: Entries;
  /** Values that are written when all keys are. */
  readonly large: LargeValue[];
  readonly failed: (error: unknown) => void;
}

/** The snapshot of one dict. */
class DictSnapshot implements DictGuard {
  isKept = false;
  /** Elements with smaller hashes are written. */
  private position = 0;
  private readonly buckets: BucketMap;

  constructor(
    readonly dict: Dict,
    readonly database: number,
    private readonly parts: SnapshotParts,
  ) {
    this.buckets = new BucketMap(dict.size);
  }

  protect(hash: number): void {
    if (hash < this.position || !this.buckets.mark(hash)) return;
    this.writeRange(Math.max(this.buckets.first(hash), this.position), this.buckets.end(hash));
  }

  warm(hashes: Int32Array, count: number): void {
    this.buckets.warm(hashes, count);
  }

  private writeRange(from: number, to: number): void {
    // A command may be in the middle of something: it finds the one result of this module as it left it.
    const { hi, lo } = int64;
    try {
      this.parts.writer.select(this.database);
      this.dict.scanRange(from, to, this.write);
    } catch (error) {
      // The command that brought this about is not to blame.
      this.parts.failed(error);
    }
    int64.hi = hi;
    int64.lo = lo;
  }

  private readonly write = (ref: number): void => {
    const { writer, entries, large, failed } = this.parts;
    // Most are short strings: what they do not need costs too much.
    if (entries.isShortString(ref)) {
      writer.entry(ref);
      return;
    }
    const frozen = writer.freeze?.(ref, this.database, failed) ?? null;
    if (frozen === null) writer.entry(ref);
    else large.push(frozen);
  };

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
      this.parts.writer.select(this.database);
      this.position = this.dict.scan(this.position, ELEMENTS_PER_LOOK, this.visit) || HASH_END;
      this.parts.window.visit(this.write);
    } catch (error) {
      this.parts.failed(error);
      this.position = HASH_END;
    }
    return this.position === HASH_END;
  }

  private readonly visit = (ref: number, hash: number): void => {
    if (!this.buckets.isEarly(hash)) this.parts.window.add(ref);
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
  private readonly parts: SnapshotParts;
  /** Large values, and the one that step() is at. */
  private readonly large: LargeValue[] = [];
  private largeWritten = 0;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly writer: SnapshotWriter,
  ) {
    this.keysTotal = keyspace.size;
    this.parts = {
      writer,
      window: new EntryWindow(keyspace.heap),
      entries: keyspace.entries,
      large: this.large,
      failed: (error) => {
        this.error ??= error;
      },
    };
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
    const snapshot = new DictSnapshot(db.index, db.id, this.parts);
    db.index.guard = snapshot;
    this.dicts.push(snapshot);
  }

  /**
   * Writes until `deadline` (µs of the monotonic clock), or until `keys` keys are written in all. True when all of it is
   * written.
   */
  step(deadline: number, keys: number): boolean {
    const { clock } = this.keyspace;
    while (!this.isComplete && this.error === null && this.keysDone < keys) {
      this.advance();
      if (clock.monotonic() >= deadline) break;
    }
    return this.isComplete;
  }

  private get isComplete(): boolean {
    return this.current === this.dicts.length && this.largeWritten === this.large.length;
  }

  private advance(): void {
    if (this.current === this.dicts.length) {
      if (this.large[this.largeWritten].step()) this.largeWritten++;
    } else if (this.dicts[this.current].step()) {
      this.letGo(this.dicts[this.current++]);
    }
  }

  /** The snapshot has nothing more to do with a dict. */
  private letGo({ dict, isKept }: DictSnapshot): void {
    dict.guard = null;
    if (isKept) this.keyspace.free.addDict(dict);
  }

  /** Ends it, wherever it is. */
  end(): void {
    while (this.current < this.dicts.length) this.letGo(this.dicts[this.current++]);
    for (const value of this.large) value.end();
  }
}
