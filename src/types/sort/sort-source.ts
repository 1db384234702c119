/** Where SORT takes its elements from: a list, a set or a sorted set. */

import type { Call } from "../../command/call";
import { TYPE_LIST, TYPE_SET, TYPE_ZSET } from "../../db/entry";
import { listsOf, openList } from "../list/list";
import { openSet } from "../set/set-call";
import { closeZset, openZset } from "../zset/zset-call";
import type { Texts } from "./sort-vector";

/** Whether SORT can sort a value of this type. */
export function isSortable(type: number): boolean {
  return type === TYPE_LIST || type === TYPE_SET || type === TYPE_ZSET;
}

/** Whether the elements of a type have an order of their own. */
export function isOrdered(type: number): boolean {
  return type !== TYPE_SET;
}

/** Elements of the entry. A small sorted set becomes a large one, as Redis converts it before it sorts. */
export function sourceSize(c: Call, ref: number): number {
  const { keyspace } = c.db;
  const type = keyspace.entries.type(ref);
  if (type === TYPE_SET) return openSet(c, ref).size;
  if (type === TYPE_LIST) {
    const { list } = listsOf(keyspace);
    openList(keyspace, list, ref);
    return list.length;
  }
  const zset = openZset(c, ref);
  zset.makeRoom(Number.POSITIVE_INFINITY, c.server.config);
  closeZset(c, ref, zset);
  return zset.size;
}

/**
 * After sourceSize(): appends `count` elements in their own order, from number `first` on, or backwards from there. Those
 * of a set have no order: it is read whole.
 */
export function load(c: Call, ref: number, texts: Texts, first: number, count: number, backward: boolean): void {
  const type = c.db.keyspace.entries.type(ref);
  if (type === TYPE_SET) loadSet(c, ref, texts);
  else if (type === TYPE_LIST) loadList(c, texts, first, count, backward);
  else loadZset(c, ref, texts, first, count, backward);
}

function loadSet(c: Call, ref: number, texts: Texts): void {
  openSet(c, ref).each((member) => {
    member.text();
    texts.push(member.buf, member.start, member.end);
    return true;
  });
}

function loadList(c: Call, texts: Texts, first: number, count: number, backward: boolean): void {
  const { list } = listsOf(c.db.keyspace);
  let more = list.seek(first);
  for (let left = count; left > 0 && more; left--) {
    const { value, at, length } = list.read();
    texts.push(value, at, at + length);
    more = backward ? list.previous() : list.next();
  }
}

function loadZset(c: Call, ref: number, texts: Texts, first: number, count: number, backward: boolean): void {
  const zset = openZset(c, ref);
  let more = zset.seek(first);
  for (let left = count; left > 0 && more; left--) {
    texts.push(zset.bytes, zset.at, zset.at + zset.length);
    more = backward ? zset.previous() : zset.next();
  }
}
