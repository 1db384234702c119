/**
 * Sorted sets, for defragmentation: a listpack, or a dict and an order tree of the same blocks. First the dict's own blocks
 * are gone through, then the leaves of the tree with their members, each of which the dict is told of.
 */

import { ENCODING_LISTPACK } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import type { MoveCursor, Relocator, ValueMover } from "../../db/relocator";
import { IndexedZset } from "./zset-indexed";

const BEGIN = 0;
const SEGMENTS = 1;
const LEAVES = 2;

export class ZsetMover implements ValueMover {
  private readonly zset: IndexedZset;

  constructor(private readonly keyspace: Keyspace) {
    this.zset = new IndexedZset(keyspace.heap, keyspace.hasher);
  }

  blocks(entry: number): number {
    const { entries } = this.keyspace;
    if (entries.encoding(entry) === ENCODING_LISTPACK) return 1;
    this.zset.open(entries.valueWord(entry, 0));
    return this.zset.size + this.zset.dict.segments;
  }

  step(entry: number, cursor: MoveCursor, relocator: Relocator): boolean {
    const { entries } = this.keyspace;
    const { zset } = this;
    const { move, more } = relocator;
    const root = entries.valueWord(entry, 0);
    if (entries.encoding(entry) === ENCODING_LISTPACK) {
      entries.setValueWord(entry, 0, move(root));
      return true;
    }
    zset.open(root);
    if (cursor.phase === BEGIN) {
      entries.setValueWord(entry, 0, zset.moveRoots(move));
      cursor.phase = SEGMENTS;
    }
    while (cursor.phase === SEGMENTS && more()) {
      cursor.position = zset.dict.moveSegment(cursor.position, move);
      if (cursor.position === 0) cursor.phase = LEAVES;
    }
    while (cursor.phase === LEAVES && more()) {
      cursor.position = zset.moveLeaf(cursor.position, move);
      if (cursor.position === 0) return true;
    }
    return false;
  }
}
