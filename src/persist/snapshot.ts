/**
 * A snapshot: all keys as they are at one moment, written to an output over a longer time, without a copy of them.
 *
 * It takes a number that is larger than any before. step() goes through the dicts of all databases, segment by segment,
 * writes the elements of each, and the segment carries the number from then on. Whatever is about to change an element of
 * a segment that does not carry it yet (a lookup for writing, an insertion, a removal, a merge) hands the segment over
 * first: see SegmentGuard. So every segment is written once, as it was when the snapshot began, and memory grows only by
 * what waits to be written.
 *
 * A dict whose database is emptied meanwhile stays until the snapshot has been through it.
 */

import type { Keyspace } from "../db/keyspace";
import type { Dict, SegmentGuard } from "../memory/dict";
import { int64 } from "../util/integers";
import type { RdbFileFields, RdbWriter } from "./rdb-writer";

/** Segments written between two looks at the clock. */
const SEGMENTS_PER_LOOK = 4;

let lastNumber = 0;

export class Snapshot implements SegmentGuard {
  readonly number = ++lastNumber;
  /** Keys that there were when it began. */
  readonly keysTotal: number;
  /** What went wrong while a segment was written; the snapshot is of no use then. */
  error: unknown = null;
  private readonly dicts: Dict[] = [];
  /** Databases by their dicts: SWAPDB moves a dict to another one. */
  private readonly databases = new Map<Dict, number>();
  private readonly kept = new Set<Dict>();
  /** Where step() is: a dict, and a position in it. */
  private current = 0;
  private position = 0;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly writer: RdbWriter,
  ) {
    this.keysTotal = keyspace.size;
  }

  /** Keys written so far. */
  get keysDone(): number {
    return this.writer.keys;
  }

  /** The moment: everything is written as it is now. */
  begin(fields: RdbFileFields, libraries: readonly Buffer[]): void {
    this.writer.begin(fields, libraries);
    for (const db of this.keyspace.databases) {
      if (db.size === 0) continue;
      this.writer.database(db);
      this.dicts.push(db.index);
      this.databases.set(db.index, db.id);
      db.index.guard = this;
    }
  }

  take(dict: Dict, segment: number): void {
    if (this.error !== null) return;
    // A command may be in the middle of something: it finds the one result of this module as it left it.
    const { hi, lo } = int64;
    try {
      this.writer.select(this.databases.get(dict) as number);
      dict.visitSegment(segment, this.writer.entry);
    } catch (error) {
      // The command that brought this about is not to blame.
      this.error = error;
    }
    int64.hi = hi;
    int64.lo = lo;
  }

  keep(dict: Dict): void {
    this.kept.add(dict);
  }

  /**
   * Writes until `deadline` (µs of the monotonic clock), or until `keys` keys are written in all. True when all of it is
   * written.
   */
  step(deadline: number, keys: number): boolean {
    const { clock } = this.keyspace;
    while (this.current < this.dicts.length && this.error === null && this.keysDone < keys) {
      for (let i = 0; i < SEGMENTS_PER_LOOK && this.current < this.dicts.length; i++) this.advance();
      if (clock.monotonic() >= deadline) break;
    }
    return this.current === this.dicts.length;
  }

  private advance(): void {
    const dict = this.dicts[this.current];
    this.position = dict.protectNext(this.position);
    if (this.position !== 0) return;
    this.letGo(dict);
    this.current++;
  }

  /** The snapshot has nothing more to do with a dict. */
  private letGo(dict: Dict): void {
    dict.guard = null;
    if (this.kept.delete(dict)) this.keyspace.free.addDict(dict);
  }

  /** Ends it, wherever it is. */
  end(): void {
    for (; this.current < this.dicts.length; this.current++) this.letGo(this.dicts[this.current]);
  }
}
