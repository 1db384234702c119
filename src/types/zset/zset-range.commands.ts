/**
 * Ranges of sorted sets: ZRANGE and its older forms, ZRANGESTORE, ZCOUNT, ZLEXCOUNT, and removing ranges. Every range is
 * resolved to an interval of ranks first.
 */

import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, keyAt, READONLY, WRITE } from "../../command/command-spec";
import { TYPE_ZSET } from "../../db/entry";
import { EVENT_ZSET } from "../../db/keyspace";
import { RANGE_LIMIT_BY_RANK, RANGE_WITHSCORES_BY_LEX } from "../../resp/errors";
import { collectionForRead, collectionForWrite, removeEmptied } from "../collection";
import { type SortedSet, zsetsOf } from "./zset";
import { closeZset, openZset, replyHeader, replyPairs, rounded } from "./zset-call";
import { BY_LEX, BY_RANK, BY_SCORE, ZsetInterval } from "./zset-interval";
import { buildZset, storeNothing, storeZset } from "./zset-store";

const interval = new ZsetInterval();

// --- ZRANGE --------------------------------------------------------------------------------------------------------

/** Options that the name of an old command stands for: ZREVRANGEBYSCORE is ZRANGE BYSCORE REV. */
interface RangeForm {
  /** BY_RANK …; null: an option says it. */
  readonly kind: number | null;
  /** null: an option says it. */
  readonly reverse: boolean | null;
  /** ZRANGESTORE: argument 1 is the destination. */
  readonly stores: boolean;
}

// What the options of the current command say.
let kind = BY_RANK;
let reverse = false;
let withScores = false;
let offset = 0;
let limit = -1;

/** Reads the range from its key, argument `key`, on; the call has failed if it is wrong. */
function parseRange(c: Call, key: number, form: RangeForm): void {
  kind = form.kind ?? BY_RANK;
  reverse = form.reverse ?? false;
  withScores = false;
  offset = 0;
  limit = -1;
  for (let i = key + 3; i < c.argc && !c.failed; i++) i += parseOption(c, i, form);
  if (c.failed) return;
  if (limit !== -1 && kind === BY_RANK) c.fail(RANGE_LIMIT_BY_RANK);
  else if (withScores && kind === BY_LEX) c.fail(RANGE_WITHSCORES_BY_LEX);
  if (c.failed) return;
  const isBackward = reverse && kind !== BY_RANK;
  interval.parse(c, kind, isBackward ? key + 2 : key + 1, isBackward ? key + 1 : key + 2);
}

/** Reads the option at argument i; returns how many arguments belong to it. */
function parseOption(c: Call, i: number, form: RangeForm): number {
  if (!form.stores && c.is(i, "withscores")) {
    withScores = true;
  } else if (i + 2 < c.argc && c.is(i, "limit")) {
    offset = rounded(c, i + 1);
    limit = rounded(c, i + 2);
    return 2;
  } else if (form.reverse === null && !reverse && c.is(i, "rev")) {
    reverse = true;
  } else if (form.kind === null && isFirstKind(c, i, "bylex")) {
    kind = BY_LEX;
  } else if (form.kind === null && isFirstKind(c, i, "byscore")) {
    kind = BY_SCORE;
  } else {
    c.syntaxError();
  }
  return 0;
}

/** Whether argument i says by what the range is, and nothing before it did. */
function isFirstKind(c: Call, i: number, word: string): boolean {
  return kind === BY_RANK && c.is(i, word);
}

/** Finds the interval in a sorted set. */
function resolve(zset: SortedSet): void {
  interval.resolve(zset, reverse);
  if (kind !== BY_RANK) interval.limit(offset, limit, reverse);
}

/** ZRANGE key min max [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES], and what is short for it. */
function replyRange(c: Call, form: RangeForm): void {
  parseRange(c, 1, form);
  if (c.failed) return;
  const ref = collectionForRead(c, 1, TYPE_ZSET);
  if (c.failed) return;
  if (ref === 0) {
    c.reply.array(0);
    return;
  }
  const zset = openZset(c, ref);
  resolve(zset);
  const { from, count } = interval;
  replyHeader(c, count, withScores);
  if (count > 0) replyPairs(c, zset, reverse ? from + count - 1 : from, count, reverse, withScores);
}

function rangeHandler(kindOfRange: number | null, isReverse: boolean | null): (c: Call) => void {
  const form = { kind: kindOfRange, reverse: isReverse, stores: false };
  return (c) => replyRange(c, form);
}

const STORED: RangeForm = { kind: null, reverse: null, stores: true };

/** ZRANGESTORE destination source min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]. */
function zrangestore(c: Call): void {
  parseRange(c, 2, STORED);
  if (c.failed) return;
  const ref = collectionForRead(c, 2, TYPE_ZSET);
  if (c.failed) return;
  interval.count = 0;
  if (ref !== 0) resolve(openZset(c, ref));
  if (interval.count === 0) {
    storeNothing(c, 1);
    return;
  }
  const { view, result } = zsetsOf(c.db.keyspace);
  const limits = c.server.config;
  buildZset(result, interval.count, 0, limits, () => {
    let left = interval.count;
    for (let more = view.seek(interval.from); more && left > 0; more = view.next()) {
      const end = view.at + view.length;
      result.find(view.bytes, view.at, end);
      result.insert(view.score, view.bytes, view.at, end, limits);
      left--;
    }
  });
  storeZset(c, 1, "zrangestore", result);
}

// --- ZCOUNT --------------------------------------------------------------------------------------------------------

/** ZCOUNT key min max. */
function zcount(c: Call): void {
  replyCount(c, BY_SCORE);
}

/** ZLEXCOUNT key min max. */
function zlexcount(c: Call): void {
  replyCount(c, BY_LEX);
}

function replyCount(c: Call, kindOfRange: number): void {
  interval.parse(c, kindOfRange, 2, 3);
  if (c.failed) return;
  const ref = collectionForRead(c, 1, TYPE_ZSET);
  if (c.failed) return;
  interval.count = 0;
  if (ref !== 0) interval.resolve(openZset(c, ref), false);
  c.reply.integer(interval.count);
}

// --- ZREMRANGEBY… --------------------------------------------------------------------------------------------------

function removeHandler(kindOfRange: number, event: string): (c: Call) => void {
  return (c) => removeRange(c, kindOfRange, event);
}

/** ZREMRANGEBYRANK, ZREMRANGEBYSCORE and ZREMRANGEBYLEX key min max. */
function removeRange(c: Call, kindOfRange: number, event: string): void {
  interval.parse(c, kindOfRange, 2, 3);
  if (c.failed) return;
  const ref = collectionForWrite(c, 1, TYPE_ZSET);
  if (c.failed) return;
  interval.count = 0;
  if (ref !== 0) interval.resolve(openZset(c, ref), false);
  const { count } = interval;
  if (count > 0) removeInterval(c, ref, event);
  c.reply.integer(count);
}

function removeInterval(c: Call, ref: number, event: string): void {
  const { view } = zsetsOf(c.db.keyspace);
  const { from, count } = interval;
  const isAll = count === view.size;
  // What is removed as a whole is freed as a whole: in the background, if it is large.
  if (!isAll) {
    view.removeRange(from, count);
    closeZset(c, ref, view);
  }
  c.changed(1, EVENT_ZSET, event);
  c.db.keyspace.dirty += count - 1;
  if (isAll) removeEmptied(c, 1, ref);
}

// --- table ---------------------------------------------------------------------------------------------------------

/** A command that reads argument 1. */
function reader(name: string, arity: number, handler: (c: Call) => void): CommandDefinition {
  return { name, arity, flags: READONLY, categories: "sortedset", keys: [keyAt(1, "RO access")], handler };
}

/** A command that removes a range from argument 1. */
function remover(name: string, kindOfRange: number): CommandDefinition {
  const handler = removeHandler(kindOfRange, name);
  return { name, arity: 4, flags: WRITE, categories: "sortedset", keys: [keyAt(1, "RW delete")], handler };
}

export const zsetRangeCommands: CommandDefinition[] = [
  reader("zrange", -4, rangeHandler(null, null)),
  reader("zrevrange", -4, rangeHandler(BY_RANK, true)),
  reader("zrangebyscore", -4, rangeHandler(BY_SCORE, false)),
  reader("zrevrangebyscore", -4, rangeHandler(BY_SCORE, true)),
  reader("zrangebylex", -4, rangeHandler(BY_LEX, false)),
  reader("zrevrangebylex", -4, rangeHandler(BY_LEX, true)),
  {
    name: "zrangestore",
    arity: -5,
    flags: WRITE | DENYOOM,
    categories: "sortedset",
    keys: [keyAt(1, "OW update"), keyAt(2, "RO access")],
    handler: zrangestore,
  },
  {
    name: "zcount",
    arity: 4,
    flags: READONLY | FAST,
    categories: "sortedset",
    keys: [keyAt(1, "RO access")],
    handler: zcount,
  },
  {
    name: "zlexcount",
    arity: 4,
    flags: READONLY | FAST,
    categories: "sortedset",
    keys: [keyAt(1, "RO access")],
    handler: zlexcount,
  },
  remover("zremrangebyrank", BY_RANK),
  remover("zremrangebyscore", BY_SCORE),
  remover("zremrangebylex", BY_LEX),
];
