/** What the handlers of list commands share: opening the list of a call, elements as replies, what is announced. */

import type { Call } from "../../command/call";
import { TYPE_LIST } from "../../db/entry";
import { EVENT_LIST } from "../../db/keyspace";
import { Listpack } from "../../memory/listpack";
import type { Quicklist } from "../../memory/quicklist";
import { NOT_AN_INTEGER, NOT_POSITIVE } from "../../resp/errors";
import { parseInt64Rounded } from "../../util/integers";
import { collectionForRead, collectionForWrite, createCollection, removeEmptied } from "../collection";
import { closeList, listEncoding, listsOf, openList, quicklistRoot } from "./list";

/** An end of a list, as commands name it: "left" is the head. */
export type End = "left" | "right";

// --- arguments -----------------------------------------------------------------------------------------------------

/** Argument i as a 64-bit integer, rounded from 2^53 on: no list is that long. */
export function indexArgument(c: Call, i: number): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (!Number.isNaN(value)) return value;
  c.fail(NOT_AN_INTEGER);
  return 0;
}

/** As indexArgument, but at least `least`; whatever is wrong is told with `error`. */
export function countArgument(c: Call, i: number, least: number, error: string = NOT_POSITIVE): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (value >= least) return value;
  c.fail(error);
  return least;
}

/** Argument i as an end of a list. */
export function endArgument(c: Call, i: number): End {
  if (c.is(i, "left")) return "left";
  if (!c.is(i, "right")) c.syntaxError();
  return "right";
}

// --- lists ---------------------------------------------------------------------------------------------------------

/** Opens the list of argument i for reading. null: there is none, or it is of another type (then the call has failed). */
export function listForRead(c: Call, i: number): Quicklist | null {
  const ref = collectionForRead(c, i, TYPE_LIST);
  return ref === 0 ? null : openFor(c, ref);
}

/** The entry of the list at argument i for a change: 0 as for listForRead. openFor() has to follow. */
export function listForWrite(c: Call, i: number): number {
  return collectionForWrite(c, i, TYPE_LIST);
}

/** Opens the list of an entry, to be changed by the limits of now. */
export function openFor(c: Call, ref: number, list: Quicklist = listsOf(c.db.keyspace).list): Quicklist {
  openList(c.db.keyspace, list, ref);
  list.setFill(c.server.config.listMaxListpackSize);
  return list;
}

/**
 * Opens the list of an entry for elements that are added; without one (0) an empty list is made, with room for `bytes`
 * bytes of elements. keepList() or dropList() has to follow.
 */
export function beginList(c: Call, ref: number, list: Quicklist, bytes: number): void {
  if (ref !== 0) {
    openFor(c, ref, list);
    return;
  }
  list.create(bytes);
  list.setFill(c.server.config.listMaxListpackSize);
}

/** After beginList(): argument i, the key just looked up, has the open list from now on. */
export function keepList(c: Call, i: number, ref: number, list: Quicklist): void {
  if (ref !== 0) closeList(c.db.keyspace, list, ref);
  else createCollection(c, i, TYPE_LIST, listEncoding(list), list.root);
}

/** After beginList(): there is no memory for what had to be added, or for a new key. */
export function dropList(c: Call, ref: number, list: Quicklist): void {
  if (ref !== 0) closeList(c.db.keyspace, list, ref);
  else list.free();
}

/** Adds buf[start, end) to an end of the list of argument i, the key just looked up; it is made if `ref` is 0. */
export function pushOne(c: Call, i: number, ref: number, to: End, buf: Uint8Array, start: number, end: number): void {
  const { target } = listsOf(c.db.keyspace);
  beginList(c, ref, target, Listpack.elementBytes(buf, start, end));
  try {
    target.grow(end - start, 1);
    target.push(to === "right", buf, start, end);
    keepList(c, i, ref, target);
  } catch (error) {
    dropList(c, ref, target);
    throw error;
  }
}

// --- elements ------------------------------------------------------------------------------------------------------

/** Replies the element that the cursor is on. */
export function replyElement(c: Call, list: Quicklist): void {
  const { value, at, length } = list.read();
  c.reply.bulk(value, at, length);
}

/** Replies `count` elements, the header too, from the one at an index (not negative) on, or backwards from it. */
export function replyElements(c: Call, list: Quicklist, first: number, count: number, forward: boolean): void {
  const { reply } = c;
  reply.array(count);
  let found = list.seek(first);
  for (let left = count; left > 0 && found; left--) {
    const { value, at, length } = list.read();
    reply.bulk(value, at, length);
    found = forward ? list.next() : list.previous();
  }
}

// --- removing ------------------------------------------------------------------------------------------------------

/** Pops the element at an end of the list of argument i, whose entry is `ref`, and replies it. */
export function popOne(c: Call, i: number, ref: number, from: End): void {
  const { keyspace } = c.db;
  const { list } = listsOf(keyspace);
  const root = quicklistRoot(keyspace, ref);
  const event = from === "left" ? "lpop" : "rpop";
  if (root !== 0 && list.popQuickly(root, from === "right", c.reply)) {
    c.notify(i, EVENT_LIST, event);
    c.modified(i);
    return;
  }
  openFor(c, ref, list);
  list.seekEnd(from === "right");
  replyElement(c, list);
  list.removeHere();
  afterRemoval(c, i, ref, list, event);
}

/**
 * Pops up to `count` elements (at least one) at an end of the open list of argument i, and replies them. Returns their
 * number.
 */
export function popMany(c: Call, i: number, ref: number, list: Quicklist, from: End, count: number): number {
  const { length } = list;
  const popped = Math.min(count, length);
  replyElements(c, list, from === "left" ? 0 : length - 1, popped, from === "left");
  list.removeRange(from === "left" ? 0 : length - popped, popped);
  c.db.keyspace.dirty += popped - 1;
  afterRemoval(c, i, ref, list, from === "left" ? "lpop" : "rpop");
  return popped;
}

/** Announces that elements of the open list of argument i are gone: first the events, then the change. */
export function afterRemoval(c: Call, i: number, ref: number, list: Quicklist, event: string): void {
  settleRemoval(c, i, ref, list, event);
  c.modified(i);
}

/**
 * Ends a removal from the open list of argument i, with its events; the change is announced by the caller. An empty list
 * goes, too; another may become a listpack.
 */
export function settleRemoval(c: Call, i: number, ref: number, list: Quicklist, event: string): void {
  const { db } = c;
  const isEmpty = list.length === 0;
  if (!isEmpty) list.shrink();
  closeList(db.keyspace, list, ref);
  c.notify(i, EVENT_LIST, event);
  if (!isEmpty) return;
  // The command may have looked up another key since.
  db.find(c.buf, c.starts[i], c.ends[i]);
  removeEmptied(c, i, ref);
}
