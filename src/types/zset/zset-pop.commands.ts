/** Taking members from an end of a sorted set: ZPOPMIN, ZPOPMAX, ZMPOP, and their blocking forms. */

import type { Call } from "../../command/call";
import {
  BLOCKING,
  type CommandDefinition,
  FAST,
  type KeySpec,
  keyAt,
  keyRange,
  MOVABLE_KEYS,
  WRITE,
} from "../../command/command-spec";
import { TYPE_ZSET } from "../../db/entry";
import { EVENT_ZSET } from "../../db/keyspace";
import { NOT_POSITIVE, NUMKEYS_NOT_POSITIVE, POP_COUNT_NOT_POSITIVE } from "../../resp/errors";
import { parseInt64Rounded } from "../../util/integers";
import { collectionForWrite, removeEmptied } from "../collection";
import type { SortedSet } from "./zset";
import { closeZset, openZsetToPop } from "./zset-call";

/**
 * Writes the `count` members at an end of the sorted set, without a header. Pairs are nested if `nested`. A single one is
 * at the cursor afterwards.
 */
function replyEnd(c: Call, zset: SortedSet, count: number, max: boolean, nested: boolean): void {
  zset.seekEnd(max);
  for (let left = count; ; ) {
    if (nested) c.reply.array(2);
    c.reply.bulk(zset.bytes, zset.at, zset.length);
    c.reply.double(zset.score);
    if (--left === 0) break;
    if (max) zset.previous();
    else zset.next();
  }
}

/** Removes the `count` members that replyEnd() wrote from the sorted set of argument `key`, the key just looked up. */
function removeEnd(c: Call, key: number, ref: number, zset: SortedSet, count: number, max: boolean): void {
  const isAll = count === zset.size;
  // What is removed as a whole is freed as a whole: in the background, if it is large.
  if (!isAll) {
    zset.removeEnd(count, max);
    closeZset(c, ref, zset);
  }
  c.notify(key, EVENT_ZSET, max ? "zpopmax" : "zpopmin");
  c.modified(key);
  c.db.keyspace.dirty += count - 1;
  if (isAll) removeEmptied(c, key, ref);
}

// --- ZPOPMIN, ZPOPMAX ----------------------------------------------------------------------------------------------

/** ZPOPMIN key [count]. */
function zpopmin(c: Call): void {
  pop(c, false);
}

/** ZPOPMAX key [count]. */
function zpopmax(c: Call): void {
  pop(c, true);
}

function pop(c: Call, max: boolean): void {
  if (c.argc > 3) c.syntaxError();
  const wanted = c.argc === 3 ? parseInt64Rounded(c.buf, c.starts[2], c.ends[2]) : 1;
  if (!(wanted >= 0)) c.fail(NOT_POSITIVE);
  if (c.failed) return;
  const ref = collectionForWrite(c, 1, TYPE_ZSET);
  if (c.failed) return;
  if (ref === 0 || wanted === 0) {
    c.reply.array(0);
    return;
  }
  const zset = openZsetToPop(c, ref, max);
  const count = Math.min(wanted, zset.size);
  // Only with a count, and in RESP3, are they pairs.
  const nested = c.argc === 3 && c.reply.resp3;
  c.reply.array(nested ? count : 2 * count);
  replyEnd(c, zset, count, max, nested);
  removeEnd(c, 1, ref, zset, count, max);
}

// --- ZMPOP ---------------------------------------------------------------------------------------------------------

/** What ZMPOP's arguments say; reused. */
const request = { firstKey: 0, keys: 0, max: false, count: 1 };

/** Reads `numkeys key [key ...] MIN|MAX [COUNT count]` from argument `first` on. */
function parseMpop(c: Call, first: number): void {
  request.firstKey = first + 1;
  request.keys = parseInt64Rounded(c.buf, c.starts[first], c.ends[first]);
  request.count = 1;
  const where = first + 1 + request.keys;
  if (!(request.keys > 0)) c.fail(NUMKEYS_NOT_POSITIVE);
  else if (where >= c.argc) c.syntaxError();
  if (c.failed) return;
  request.max = c.is(where, "max");
  if (!request.max && !c.is(where, "min")) c.syntaxError();
  if (c.failed || where + 1 === c.argc) return;
  if (where + 2 === c.argc || !c.is(where + 1, "count")) {
    c.syntaxError();
    return;
  }
  request.count = parseInt64Rounded(c.buf, c.starts[where + 2], c.ends[where + 2]);
  if (!(request.count > 0)) c.fail(POP_COUNT_NOT_POSITIVE);
  else if (where + 3 < c.argc) c.syntaxError();
}

/** ZMPOP numkeys key [key ...] MIN|MAX [COUNT count]. Effect: ZPOPMIN or ZPOPMAX with a count. */
function zmpop(c: Call): void {
  parseMpop(c, 1);
  if (!c.failed && !popFirst(c) && !c.failed) c.reply.nullArray();
}

/** BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count]. */
function bzmpop(c: Call): void {
  parseMpop(c, 2);
  const timeout = c.failed ? 0 : c.blockTimeout(1);
  if (c.failed || popFirst(c) || c.failed) return;
  c.block({ type: TYPE_ZSET, first: request.firstKey, count: request.keys, timeout, onTimeout: "nullArray" });
}

/** Pops from the first key of the request that exists; false if there is none, or the call has failed. */
function popFirst(c: Call): boolean {
  const { firstKey, keys, max } = request;
  for (let key = firstKey; key < firstKey + keys; key++) {
    const ref = collectionForWrite(c, key, TYPE_ZSET);
    if (c.failed) return false;
    if (ref === 0) continue;
    const zset = openZsetToPop(c, ref, max);
    const count = Math.min(request.count, zset.size);
    c.reply.array(2);
    c.reply.bulk(c.buf, c.starts[key], c.size(key));
    c.reply.array(count);
    replyEnd(c, zset, count, max, true);
    removeEnd(c, key, ref, zset, count, max);
    if (c.isPropagated) c.propagateAs(popName(max), key, String(count));
    return true;
  }
  return false;
}

function popName(max: boolean): string {
  return max ? "ZPOPMAX" : "ZPOPMIN";
}

// --- BZPOPMIN, BZPOPMAX --------------------------------------------------------------------------------------------

/** BZPOPMIN key [key ...] timeout. Effect: ZPOPMIN. */
function bzpopmin(c: Call): void {
  popOrBlock(c, false);
}

/** BZPOPMAX key [key ...] timeout. Effect: ZPOPMAX. */
function bzpopmax(c: Call): void {
  popOrBlock(c, true);
}

function popOrBlock(c: Call, max: boolean): void {
  const last = c.argc - 1;
  const timeout = c.blockTimeout(last);
  for (let key = 1; key < last && !c.failed; key++) {
    const ref = collectionForWrite(c, key, TYPE_ZSET);
    if (ref === 0) continue;
    const zset = openZsetToPop(c, ref, max);
    c.reply.array(3);
    c.reply.bulk(c.buf, c.starts[key], c.size(key));
    replyEnd(c, zset, 1, max, false);
    removeEnd(c, key, ref, zset, 1, max);
    c.propagateAs(popName(max), key);
    return;
  }
  if (!c.failed) c.block({ type: TYPE_ZSET, first: 1, count: last - 1, timeout, onTimeout: "nullArray" });
}

// --- table ---------------------------------------------------------------------------------------------------------

const POPPED = "RW access delete";

/** Keys behind their number, which is argument `index`. */
function countedKeys(index: number): KeySpec {
  return { flags: POPPED.split(" "), begin: { index }, find: { keynum: 0, firstKey: 1, step: 1 } };
}

export const zsetPopCommands: CommandDefinition[] = [
  {
    name: "zpopmin",
    arity: -2,
    flags: WRITE | FAST,
    categories: "sortedset",
    keys: [keyAt(1, POPPED)],
    handler: zpopmin,
  },
  {
    name: "zpopmax",
    arity: -2,
    flags: WRITE | FAST,
    categories: "sortedset",
    keys: [keyAt(1, POPPED)],
    handler: zpopmax,
  },
  {
    name: "bzpopmin",
    arity: -3,
    flags: WRITE | BLOCKING | FAST,
    categories: "sortedset",
    keys: [keyRange(1, -2, 1, POPPED)],
    handler: bzpopmin,
  },
  {
    name: "bzpopmax",
    arity: -3,
    flags: WRITE | BLOCKING | FAST,
    categories: "sortedset",
    keys: [keyRange(1, -2, 1, POPPED)],
    handler: bzpopmax,
  },
  {
    name: "zmpop",
    arity: -4,
    flags: WRITE | MOVABLE_KEYS,
    categories: "sortedset",
    keys: [countedKeys(1)],
    handler: zmpop,
  },
  {
    name: "bzmpop",
    arity: -5,
    flags: WRITE | BLOCKING | MOVABLE_KEYS,
    categories: "sortedset",
    keys: [countedKeys(2)],
    handler: bzmpop,
  },
];
