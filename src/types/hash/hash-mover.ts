/** Hashes, for defragmentation: a listpack, or a dict of the fields' blocks; either may be behind a timer. */

import { ENCODING_HASHTABLE, ENCODING_HASHTABLE_EX, ENCODING_LISTPACK_EX } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import type { MoveCursor, Relocator, ValueMover } from "../../db/relocator";
import { Dict } from "../../memory/dict";
import { FieldBlocks } from "./hash-field";
import type { HashTimers } from "./hash-timer";

export class HashMover implements ValueMover {
  private readonly table: Dict;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly timers: HashTimers,
  ) {
    this.table = new Dict(keyspace.heap, keyspace.hasher, new FieldBlocks(keyspace.heap));
  }

  private isTimed(entry: number): boolean {
    const encoding = this.keyspace.entries.encoding(entry);
    return encoding === ENCODING_LISTPACK_EX || encoding === ENCODING_HASHTABLE_EX;
  }

  private isTable(entry: number): boolean {
    const encoding = this.keyspace.entries.encoding(entry);
    return encoding === ENCODING_HASHTABLE || encoding === ENCODING_HASHTABLE_EX;
  }

  /** The listpack, or the root of the dict. */
  private inner(entry: number): number {
    const root = this.keyspace.entries.valueWord(entry, 0);
    return this.isTimed(entry) ? this.timers.inner(root) : root;
  }

  private setInner(entry: number, inner: number): void {
    const { entries } = this.keyspace;
    if (this.isTimed(entry)) this.timers.setInner(entries.valueWord(entry, 0), inner);
    else entries.setValueWord(entry, 0, inner);
  }

  blocks(entry: number): number {
    if (!this.isTable(entry)) return 1;
    this.table.open(this.inner(entry));
    return this.table.size + this.table.segments;
  }

  step(entry: number, cursor: MoveCursor, relocator: Relocator): boolean {
    const { table } = this;
    const { move, more } = relocator;
    if (cursor.phase === 0 && this.isTimed(entry)) this.moveTimer(entry, move);
    if (!this.isTable(entry)) {
      this.setInner(entry, move(this.inner(entry)));
      return true;
    }
    table.open(this.inner(entry));
    if (cursor.phase === 0) {
      this.setInner(entry, table.moveRoot(move));
      cursor.phase = 1;
    }
    do cursor.position = table.moveElements(cursor.position, move, move, more);
    while (cursor.position !== 0 && more());
    return cursor.position === 0;
  }

  private moveTimer(entry: number, move: (block: number) => number): void {
    const { entries } = this.keyspace;
    const timer = entries.valueWord(entry, 0);
    const moved = move(timer);
    if (moved === timer) return;
    this.timers.moved(moved);
    entries.setValueWord(entry, 0, moved);
  }
}
