/** What the handlers of sorted set commands share: the sorted set of an entry, and replies of members and scores. */

import type { Call } from "../../command/call";
import { ENCODING_SKIPLIST } from "../../db/entry";
import { NOT_AN_INTEGER } from "../../resp/errors";
import { parseInt64Rounded } from "../../util/integers";
import { type SortedSet, zsetsOf } from "./zset";

/** The sorted set of an entry, in the window for commands on one. */
export function openZset(c: Call, ref: number): SortedSet {
  const { keyspace } = c.db;
  const { entries } = keyspace;
  const { view } = zsetsOf(keyspace);
  view.open(entries.encoding(ref), entries.valueWord(ref, 0));
  return view;
}

/** As openZset, to pop members at an end: see SortedSet.openToPop. */
export function openZsetToPop(c: Call, ref: number, max: boolean): SortedSet {
  const { keyspace } = c.db;
  const { entries } = keyspace;
  const { view } = zsetsOf(keyspace);
  view.openToPop(entries.encoding(ref), entries.valueWord(ref, 0), max);
  return view;
}

/** Writes back to the entry what a change may have moved or converted. */
export function closeZset(c: Call, ref: number, zset: SortedSet): void {
  const { entries } = c.db.keyspace;
  entries.setEncoding(ref, zset.encoding);
  entries.setValueWord(ref, 0, zset.root);
}

/** As Call.hintMembers, of a sorted set. */
export function hintMembers(c: Call, zset: SortedSet, i: number, first: number, step: number): void {
  if (zset.encoding === ENCODING_SKIPLIST) c.hintMembers(zset.indexed.dict, i, first, step);
}

/** Looks for the member that argument i names: arguments 2 and all behind it are members. */
export function findArgument(c: Call, zset: SortedSet, i: number): boolean {
  hintMembers(c, zset, i, 2, 1);
  return zset.find(c.buf, c.starts[i], c.ends[i]);
}

/**
 * Argument i as a 64-bit integer, rounded from 2^53 on: for ranks and counts, which are never that large. Else fails with
 * `error`.
 */
export function rounded(c: Call, i: number, error: string = NOT_AN_INTEGER): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (!Number.isNaN(value)) return value;
  c.fail(error);
  return 0;
}

/** Writes the member at the cursor. */
export function replyMember(c: Call, zset: SortedSet): void {
  c.reply.bulk(zset.bytes, zset.at, zset.length);
}

/** Header of `count` members: each is one element, or a pair in RESP3 and two elements in RESP2. */
export function replyHeader(c: Call, count: number, withScores: boolean): void {
  c.reply.array(withScores && !c.reply.resp3 ? 2 * count : count);
}

/** Writes the member at the cursor as replyHeader() announced it. */
export function replyPair(c: Call, zset: SortedSet, withScores: boolean): void {
  if (withScores && c.reply.resp3) c.reply.array(2);
  replyMember(c, zset);
  if (withScores) c.reply.double(zset.score);
}

/** Writes `count` members from `rank` on, or those before it backwards, without a header. */
export function replyPairs(
  c: Call,
  zset: SortedSet,
  rank: number,
  count: number,
  back: boolean,
  scores: boolean,
): void {
  let left = count;
  for (let more = zset.seek(rank); more && left > 0; more = back ? zset.previous() : zset.next()) {
    replyPair(c, zset, scores);
    left--;
  }
}
