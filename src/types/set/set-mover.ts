/** Sets, for defragmentation: one block, or a dict of the members' blocks. */

import { ENCODING_HASHTABLE } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import type { MoveCursor, Relocator, ValueMover } from "../../db/relocator";
import { Dict } from "../../memory/dict";
import { StringBlocks } from "../../memory/string-block";

export class SetMover implements ValueMover {
  private readonly table: Dict;

  constructor(private readonly keyspace: Keyspace) {
    this.table = new Dict(keyspace.heap, keyspace.hasher, new StringBlocks(keyspace.heap));
  }

  blocks(entry: number): number {
    const { entries } = this.keyspace;
    if (entries.encoding(entry) !== ENCODING_HASHTABLE) return 1;
    this.table.open(entries.valueWord(entry, 0));
    return this.table.size + this.table.segments;
  }

  step(entry: number, cursor: MoveCursor, relocator: Relocator): boolean {
    const { entries } = this.keyspace;
    const { table } = this;
    const { move, more } = relocator;
    const root = entries.valueWord(entry, 0);
    if (entries.encoding(entry) !== ENCODING_HASHTABLE) {
      entries.setValueWord(entry, 0, move(root));
      return true;
    }
    table.open(root);
    if (cursor.phase === 0) {
      entries.setValueWord(entry, 0, table.moveRoot(move));
      cursor.phase = 1;
    }
    do cursor.position = table.moveElements(cursor.position, move, move, more);
    while (cursor.position !== 0 && more());
    return cursor.position === 0;
  }
}
