/**
 * Lists: what of them hangs on entries. The list itself is memory/quicklist.ts, in one of its two forms:
 *
 *     encoding      value word of the entry
 *     LISTPACK      ref of the listpack
 *     QUICKLIST     ref of the root of the nodes
 *
 * `openList` lets a flyweight work on the list of an entry; `closeList` writes back to the entry what a change may have
 * moved or converted, and has to follow every change.
 */

import { ENCODING_LISTPACK, ENCODING_QUICKLIST, TYPE_LIST } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import { Quicklist } from "../../memory/quicklist";
import { copyBytes } from "../../util/bytes";
import { ListMover } from "./list-mover";

const SCRATCH_BYTES = 4096;

/** The flyweights that the commands on the lists of one keyspace share. */
export class Lists {
  /** For the list of a command. */
  readonly list: Quicklist;
  /** For the list that an element is moved to. */
  readonly target: Quicklist;
  private scratch = Buffer.alloc(SCRATCH_BYTES);

  constructor(keyspace: Keyspace) {
    this.list = new Quicklist(keyspace.heap);
    this.target = new Quicklist(keyspace.heap);
  }

  /** A copy of an element's text, from byte 0 on, for a change of the list that it is in. Valid until the next call. */
  copyText(text: Uint8Array, at: number, length: number): Buffer {
    const bytes = length <= SCRATCH_BYTES ? this.scratch : Buffer.allocUnsafe(length);
    copyBytes(text, at, bytes, 0, length);
    return bytes;
  }

  /** From which length on elements are kept as plain nodes, whatever list-max-listpack-size says; 0: as that says. */
  set plainFrom(length: number) {
    this.list.plainFrom = length;
    this.target.plainFrom = length;
  }
}

/** The flyweights for the lists of a keyspace. */
export function listsOf(keyspace: Keyspace): Lists {
  const { typeStates } = keyspace;
  typeStates[TYPE_LIST] ??= new Lists(keyspace);
  return typeStates[TYPE_LIST] as Lists;
}

/** Opens the list of an entry. */
export function openList(keyspace: Keyspace, list: Quicklist, ref: number): void {
  const { entries } = keyspace;
  list.open(entries.valueWord(ref, 0), entries.encoding(ref) === ENCODING_LISTPACK);
}

/** The root of the quicklist of an entry; 0 if its list is a listpack. */
export function quicklistRoot(keyspace: Keyspace, ref: number): number {
  const { entries } = keyspace;
  return entries.encoding(ref) === ENCODING_QUICKLIST ? entries.valueWord(ref, 0) : 0;
}

/** Writes back to the entry where its list is, and in which form. */
export function closeList(keyspace: Keyspace, list: Quicklist, ref: number): void {
  if (!list.hasMoved()) return;
  const { entries } = keyspace;
  entries.setValueWord(ref, 0, list.root);
  entries.setEncoding(ref, listEncoding(list));
}

/** The encoding that says which form the open list has. */
export function listEncoding(list: Quicklist): number {
  return list.isListpack ? ENCODING_LISTPACK : ENCODING_QUICKLIST;
}

/** Tells a keyspace how lists are freed and copied. */
export function installLists(keyspace: Keyspace): void {
  const { entries, heap } = keyspace;
  // A flyweight of its own: a list is freed while a command has others open.
  const list = new Quicklist(heap);
  keyspace.registerReleaser(TYPE_LIST, {
    release(root, encoding) {
      list.open(root, encoding === ENCODING_LISTPACK);
      return list.release();
    },
    effort(root, encoding) {
      list.open(root, encoding === ENCODING_LISTPACK);
      return list.nodeCount;
    },
  });
  keyspace.registerMover(TYPE_LIST, new ListMover(keyspace));
  keyspace.registerCopier(TYPE_LIST, (original, copy) => {
    openList(keyspace, list, original);
    entries.setValueWord(copy, 0, list.copy());
  });
}
