/**
 * Defragmentation: a pass over everything in the heap that moves blocks from sparse slabs into fuller ones, so that slabs
 * become empty and their pages go back to the system.
 *
 * It walks the index of each database, segment by segment, and with each entry what that refers to; a value of more than
 * `maxScanFields` blocks is noted, and gone through in steps of its own afterwards. Work comes in steps of some hundred
 * blocks, between which everything may change: where the walk goes on is a position in hash space, and a large value is
 * found again by its key.
 *
 * Moving changes no content, so nobody has to hear of it: a running snapshot finds every element where its dict says, and
 * an eviction candidate that has moved is none any more.
 */

import { copyOfRange } from "../util/bytes";
import type { Database } from "./database";
import { ENCODING_RAW_BLOCK, TYPE_STRING } from "./entry";
import type { Keyspace } from "./keyspace";
import { MoveCursor, Relocator, type ValueMover } from "./relocator";

/** A value to be gone through in steps. */
interface LargeValue {
  readonly db: Database;
  readonly key: Buffer;
  readonly type: number;
}

export class Defragmentation {
  /** active-defrag-max-scan-fields. */
  maxScanFields = 1000;
  /** Keys of which something was moved, and others. */
  keyHits = 0;
  keyMisses = 0;
  readonly relocator: Relocator;
  private database = 0;
  private position = 0;
  private isActive = false;
  private readonly large: LargeValue[] = [];
  /** Where the last of them is at, and a small value that is gone through at once. */
  private readonly largeCursor = new MoveCursor();
  private readonly cursor = new MoveCursor();

  constructor(private readonly keyspace: Keyspace) {
    this.relocator = new Relocator(keyspace.heap);
  }

  /** Whether a pass is under way. */
  get active(): boolean {
    return this.isActive;
  }

  /** Begins a pass. */
  begin(): void {
    this.end();
    this.isActive = true;
  }

  /** Ends the pass, wherever it is. */
  end(): void {
    this.isActive = false;
    this.database = 0;
    this.position = 0;
    this.large.length = 0;
    this.largeCursor.reset();
    this.keyspace.heap.bookmark = 0;
  }

  /** Works until `deadline` (µs of the monotonic clock). Returns true while the pass is not finished. */
  run(deadline: number): boolean {
    const { clock } = this.keyspace;
    while (this.isActive) {
      this.step();
      if (clock.monotonic() >= deadline) break;
    }
    return this.isActive;
  }

  private step(): void {
    const { databases } = this.keyspace;
    this.relocator.begin();
    if (this.large.length > 0) {
      this.stepLarge(this.large[this.large.length - 1]);
      return;
    }
    if (this.database >= databases.length) {
      this.end();
      return;
    }
    this.stepIndex(databases[this.database]);
  }

  private stepIndex(db: Database): void {
    const { move, more } = this.relocator;
    const { index } = db;
    if (this.position === 0) index.moveRoot(move);
    do this.position = index.moveElements(this.position, move, (ref) => this.moveEntry(db, ref), more);
    while (this.position !== 0 && more() && this.large.length === 0);
    if (this.position === 0) this.database++;
  }

  /** Moves an entry and its value. Returns where the entry is. */
  private moveEntry(db: Database, ref: number): number {
    const { entries } = this.keyspace;
    const before = this.relocator.hits;
    const moved = this.relocator.move(ref);
    const type = entries.type(moved);
    if (type === TYPE_STRING) this.moveString(moved);
    else this.moveValue(db, moved, type);
    if (this.relocator.hits > before) this.keyHits++;
    else this.keyMisses++;
    return moved;
  }

  private moveString(ref: number): void {
    const { entries } = this.keyspace;
    if (entries.encoding(ref) !== ENCODING_RAW_BLOCK) return;
    entries.setValueWord(ref, 0, this.relocator.move(entries.valueWord(ref, 0)));
  }

  private moveValue(db: Database, ref: number, type: number): void {
    const mover = this.keyspace.mover(type);
    // A snapshot knows large values by the refs of their roots.
    if (mover === null || this.keyspace.heap.isGuarded) return;
    if (mover.blocks(ref) > this.maxScanFields) {
      this.noteLarge(db, ref);
      return;
    }
    this.cursor.reset();
    this.finish(mover, ref);
  }

  /** All of a value that is not large. The step may become longer than others by that. */
  private finish(mover: ValueMover, ref: number): void {
    const { relocator } = this;
    if (mover.step(ref, this.cursor, relocator)) return;
    do relocator.begin();
    while (!mover.step(ref, this.cursor, relocator));
    relocator.exhaust();
  }

  private noteLarge(db: Database, ref: number): void {
    const { entries } = this.keyspace;
    entries.locateKey(ref);
    const { bytes, at, length } = entries;
    this.large.push({ db, key: copyOfRange(bytes, at, at + length), type: entries.type(ref) });
  }

  private stepLarge({ db, key, type }: LargeValue): void {
    const { index } = db;
    const { entries, heap } = this.keyspace;
    // Not as a command looks it up: it is no access, and no reason to save it before its turn.
    const ref = index.find(index.hash(key, 0, key.length), key, 0, key.length);
    const isMovable = ref !== 0 && entries.type(ref) === type && !heap.isGuarded;
    const mover = isMovable ? this.keyspace.mover(type) : null;
    const before = this.relocator.hits;
    const done = mover === null || mover.step(ref, this.largeCursor, this.relocator);
    if (this.relocator.hits > before) this.keyHits++;
    if (!done) return;
    this.large.pop();
    this.largeCursor.reset();
    heap.bookmark = 0;
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.relocator.resetStats();
    this.keyHits = 0;
    this.keyMisses = 0;
  }
}
