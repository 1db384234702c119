/**
 * Whether a listpack is a node of a stream (see ../../types/stream/stream-node.ts for what stands in it). Whoever goes through a
 * node relies on its numbers, so all of them are checked, whatever sanitize-dump-payload says.
 */

import type { Listpack } from "../../memory/listpack";
import { DELETED, SAME_FIELDS } from "../../types/stream/stream-node";

/** Elements of an entry besides fields and values: flags, ms, seq; and the number of fields, if it has its own. */
const FIXED_PIECES = 3;
const FLAGS_MAX = DELETED | SAME_FIELDS;

/** Reads the elements of the listpack that is open one after another. */
class Cursor {
  private p: number;

  constructor(private readonly list: Listpack) {
    this.p = list.first();
  }

  get isAtEnd(): boolean {
    return this.p === 0;
  }

  /** The next element as a non-negative integer; -1 if it is none. */
  count(): number {
    if (this.p === 0) return -1;
    const value = this.list.integerAt(this.p);
    this.p = this.list.next(this.p);
    return value >= 0 ? value : -1;
  }

  /** Passes over an integer of any size; false if the next element is none. */
  integer(): boolean {
    if (this.p === 0) return false;
    this.list.read(this.p);
    this.p = this.list.next(this.p);
    return this.list.isInteger;
  }

  /** Passes over elements; false if there are not so many. */
  skip(count: number): boolean {
    for (let i = 0; i < count; i++) {
      if (this.p === 0) return false;
      this.p = this.list.next(this.p);
    }
    return true;
  }
}

/** Entries of the node that the listpack, sound as such and open, is; -1 if it is none, or has no entry. */
export function nodeEntries(list: Listpack): number {
  const cursor = new Cursor(list);
  const entries = cursor.count();
  const deleted = cursor.count();
  const fields = cursor.count();
  if (entries <= 0 || deleted < 0 || fields < 0 || !cursor.skip(fields) || cursor.count() !== 0) return -1;
  let marked = 0;
  for (let i = 0; i < entries + deleted; i++) {
    const flags = checkEntry(cursor, fields);
    if (flags < 0) return -1;
    if ((flags & DELETED) !== 0) marked++;
  }
  return marked === deleted && cursor.isAtEnd ? entries : -1;
}

/** Passes over an entry. Returns its flags, or -1 if it is none. */
function checkEntry(cursor: Cursor, masterFields: number): number {
  const flags = cursor.count();
  if (flags < 0 || flags > FLAGS_MAX || !cursor.integer() || !cursor.integer()) return -1;
  let pieces = FIXED_PIECES + masterFields;
  if ((flags & SAME_FIELDS) === 0) {
    const own = cursor.count();
    if (own < 0) return -1;
    pieces = FIXED_PIECES + 1 + 2 * own;
    if (!cursor.skip(2 * own)) return -1;
  } else if (!cursor.skip(masterFields)) {
    return -1;
  }
  return cursor.count() === pieces ? flags : -1;
}
