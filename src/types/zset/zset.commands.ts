/** Sorted set commands on single members. Ranges, popping, algebra and random members have files of their own. */

import { Digest } from "../../admin/debug/digest";
import { registerValueTools, type ValueTools } from "../../admin/debug/value-tools";
import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, keyAt, READONLY, WRITE } from "../../command/command-spec";
import { ENCODING_LISTPACK, TYPE_ZSET } from "../../db/entry";
import { EVENT_ZSET } from "../../db/keyspace";
import type { Heap } from "../../memory/heap";
import { SYNTAX_ERROR, wrongArity, ZADD_GT_LT_NX, ZADD_INCR_ONE_PAIR, ZADD_NX_AND_XX } from "../../resp/errors";
import { formatDouble, formatPrecise, formatShortest } from "../../util/doubles";
import { collectionForRead, collectionForWrite, removeEmptied } from "../collection";
import { type ScanOptions, scanCollection } from "../scan-argument";
import { type SortedSet, zsetsOf } from "./zset";
import { ADD_CH, ADD_GT, ADD_INCR, ADD_LT, ADD_NX, ADD_XX, addScored, scoreBuffer } from "./zset-add";
import { zsetAlgebraCommands } from "./zset-algebra.commands";
import { closeZset, findArgument, openZset, replyMember } from "./zset-call";
import type { IndexedZset } from "./zset-indexed";
import { zsetPopCommands } from "./zset-pop.commands";
import { zsetRandomCommands } from "./zset-random.commands";
import { zsetRangeCommands } from "./zset-range.commands";

// --- ZADD, ZINCRBY, ZREM -------------------------------------------------------------------------------------------

/** The pairs of ZADD; reused. */
const pairs = { first: 0, step: 2, count: 0, flags: 0 };

/** ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]. */
function zadd(c: Call): void {
  let i = 2;
  let flags = 0;
  for (; i < c.argc; i++) {
    const flag = addFlag(c, i);
    if (flag === 0) break;
    flags |= flag;
  }
  const count = (c.argc - i) / 2;
  if (count === 0 || !Number.isInteger(count)) c.syntaxError();
  else checkFlags(c, flags, count);
  if (c.failed) return;
  pairs.first = i + 1;
  pairs.count = count;
  pairs.flags = flags;
  const scores = scoreBuffer(count);
  for (let pair = 0; pair < count; pair++) scores[pair] = c.double(i + 2 * pair);
  if (!c.failed) addScored(c, pairs);
}

/** The option that argument i is; 0 if it is none. */
function addFlag(c: Call, i: number): number {
  // Scores are the rule, and no option begins as one does.
  if (c.buf[c.starts[i]] < LETTERS) return 0;
  if (c.is(i, "nx")) return ADD_NX;
  if (c.is(i, "xx")) return ADD_XX;
  if (c.is(i, "gt")) return ADD_GT;
  if (c.is(i, "lt")) return ADD_LT;
  if (c.is(i, "ch")) return ADD_CH;
  return c.is(i, "incr") ? ADD_INCR : 0;
}

const LETTERS = 0x41;

function checkFlags(c: Call, flags: number, count: number): void {
  const exclusive = (flags & ADD_NX ? 1 : 0) + (flags & ADD_GT ? 1 : 0) + (flags & ADD_LT ? 1 : 0);
  if (flags & ADD_NX && flags & ADD_XX) c.fail(ZADD_NX_AND_XX);
  else if (exclusive > 1) c.fail(ZADD_GT_LT_NX);
  else if (flags & ADD_INCR && count > 1) c.fail(ZADD_INCR_ONE_PAIR);
}

/** ZINCRBY key increment member. */
function zincrby(c: Call): void {
  const scores = scoreBuffer(1);
  scores[0] = c.double(2);
  if (!c.failed) addScored(c, INCREMENTED);
}

const INCREMENTED = { first: 3, step: 1, count: 1, flags: ADD_INCR };

/** ZREM key member [member ...]. */
function zrem(c: Call): void {
  const ref = collectionForWrite(c, 1, TYPE_ZSET);
  if (c.failed) return;
  if (ref === 0) {
    c.reply.integer(0);
    return;
  }
  const zset = openZset(c, ref);
  let removed = 0;
  for (let i = 2; i < c.argc && zset.size > 0; i++) {
    if (!findArgument(c, zset, i)) continue;
    zset.removeFound();
    removed++;
  }
  closeZset(c, ref, zset);
  if (removed > 0) {
    c.notify(1, EVENT_ZSET, "zrem");
    if (zset.size === 0) removeEmptied(c, 1, ref);
    c.modified(1);
    c.db.keyspace.dirty += removed - 1;
  }
  c.reply.integer(removed);
}

// --- scores and ranks of members -----------------------------------------------------------------------------------

/** ZCARD key. */
function zcard(c: Call): void {
  const ref = collectionForRead(c, 1, TYPE_ZSET);
  if (c.failed) return;
  c.reply.integer(ref === 0 ? 0 : openZset(c, ref).size);
}

/** ZSCORE key member. */
function zscore(c: Call): void {
  const ref = collectionForRead(c, 1, TYPE_ZSET);
  if (c.failed) return;
  replyScore(c, ref === 0 ? null : openZset(c, ref), 2);
}

/** ZMSCORE key member [member ...]. */
function zmscore(c: Call): void {
  const ref = collectionForRead(c, 1, TYPE_ZSET);
  if (c.failed) return;
  const zset = ref === 0 ? null : openZset(c, ref);
  c.reply.array(c.argc - 2);
  for (let i = 2; i < c.argc; i++) replyScore(c, zset, i);
}

/** Writes the score of the member that argument i names, or null. */
function replyScore(c: Call, zset: SortedSet | null, i: number): void {
  if (zset !== null && findArgument(c, zset, i)) c.reply.double(zset.foundScore);
  else c.reply.null();
}

/** ZRANK key member [WITHSCORE]. */
function zrank(c: Call): void {
  replyRank(c, false);
}

/** ZREVRANK key member [WITHSCORE]. */
function zrevrank(c: Call): void {
  replyRank(c, true);
}

function replyRank(c: Call, reverse: boolean): void {
  const withScore = c.argc > 3;
  if (c.argc > 4) c.fail(wrongArity(c.command.fullName));
  else if (withScore && !c.is(3, "withscore")) c.fail(SYNTAX_ERROR);
  if (c.failed) return;
  const ref = collectionForRead(c, 1, TYPE_ZSET);
  if (c.failed) return;
  const zset = ref === 0 ? null : openZset(c, ref);
  if (zset === null || !findArgument(c, zset, 2)) {
    if (withScore) c.reply.nullArray();
    else c.reply.null();
    return;
  }
  if (withScore) c.reply.array(2);
  const rank = zset.foundRank();
  c.reply.integer(reverse ? zset.size - 1 - rank : rank);
  if (withScore) c.reply.double(zset.foundScore);
}

// --- ZSCAN ---------------------------------------------------------------------------------------------------------

/** ZSCAN key cursor [MATCH pattern] [COUNT count]. Small sorted sets are returned whole. */
function zscan(c: Call): void {
  scanCollection(c, TYPE_ZSET, (call, ref, options) => {
    const zset = openZset(call, ref);
    if (zset.encoding === ENCODING_LISTPACK) scanPacked(call, zset, options);
    else scanIndexed(call, zset, options);
  });
}

function scanPacked(c: Call, zset: SortedSet, options: ScanOptions): void {
  const { reply } = c;
  reply.array(2);
  reply.bulkInteger(0);
  const start = reply.begin();
  let count = 0;
  for (let more = zset.seek(0); more; more = zset.next()) {
    if (!options.pattern.matches(zset.bytes, zset.at, zset.length)) continue;
    replyMember(c, zset);
    reply.bulkText(formatDouble(zset.score));
    count += 2;
  }
  reply.endArray(start, count);
}

/** What a scan found; reused. */
const found: number[] = [];

/** A cursor is a position in hash space, see Dict.scan; one beyond it is behind the last member. */
function scanIndexed(c: Call, zset: SortedSet, { cursor, count, pattern }: ScanOptions): void {
  const { blocks, dict } = zset.indexed;
  found.length = 0;
  const next = dict.scan(cursor, count, (ref) => {
    blocks.locate(ref);
    if (pattern.matches(blocks.bytes, blocks.at, blocks.length)) found.push(ref);
  });
  const { reply } = c;
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(found.length * 2);
  for (const ref of found) {
    blocks.locate(ref);
    reply.bulk(blocks.bytes, blocks.at, blocks.length);
    // As Redis: of large sorted sets alone, with seventeen digits.
    reply.bulkText(formatPrecise(blocks.score(ref)));
  }
}

// --- MEMORY USAGE and DEBUG DIGEST ---------------------------------------------------------------------------------

/** Bytes of the members' blocks: of all of them, or estimated from the first `samples` (0: all). */
function memberBytes(heap: Heap, zset: IndexedZset, samples: number): number {
  const { tree } = zset;
  let seen = 0;
  let bytes = 0;
  for (let more = tree.seek(0); more && (samples === 0 || seen < samples); more = tree.next()) {
    seen++;
    bytes += heap.sizeOf(tree.member);
  }
  return seen === 0 ? 0 : Math.round((bytes / seen) * tree.size);
}

const valueTools: ValueTools = {
  size(keyspace, ref, samples) {
    const { entries, heap } = keyspace;
    const root = entries.valueWord(ref, 0);
    if (entries.encoding(ref) === ENCODING_LISTPACK) return heap.sizeOf(root);
    const { indexed } = zsetsOf(keyspace).view;
    indexed.open(root);
    return indexed.indexBytes + memberBytes(heap, indexed, samples);
  },
  digest(keyspace, ref, digest) {
    const { entries } = keyspace;
    const { view } = zsetsOf(keyspace);
    view.open(entries.encoding(ref), entries.valueWord(ref, 0));
    for (let more = view.seek(0); more; more = view.next()) {
      const pair = new Digest();
      pair.mixRange(view.bytes, view.at, view.at + view.length);
      pair.mix(Buffer.from(formatShortest(view.score), "latin1"));
      digest.xorDigest(pair);
    }
  },
  table(keyspace, ref) {
    const { entries } = keyspace;
    if (entries.encoding(ref) === ENCODING_LISTPACK) return null;
    const { indexed } = zsetsOf(keyspace).view;
    indexed.open(entries.valueWord(ref, 0));
    return indexed.dict;
  },
};

registerValueTools(TYPE_ZSET, valueTools);

// --- table ---------------------------------------------------------------------------------------------------------

export const zsetCommands: CommandDefinition[] = [
  {
    name: "zadd",
    arity: -4,
    flags: WRITE | DENYOOM | FAST,
    categories: "sortedset",
    keys: [keyAt(1, "RW update")],
    handler: zadd,
  },
  {
    name: "zincrby",
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    categories: "sortedset",
    keys: [keyAt(1, "RW access update")],
    handler: zincrby,
  },
  {
    name: "zrem",
    arity: -3,
    flags: WRITE | FAST,
    categories: "sortedset",
    keys: [keyAt(1, "RW delete")],
    handler: zrem,
  },
  { name: "zcard", arity: 2, flags: READONLY | FAST, categories: "sortedset", keys: [keyAt(1, "RO")], handler: zcard },
  {
    name: "zscore",
    arity: 3,
    flags: READONLY | FAST,
    categories: "sortedset",
    keys: [keyAt(1, "RO access")],
    handler: zscore,
  },
  {
    name: "zmscore",
    arity: -3,
    flags: READONLY | FAST,
    categories: "sortedset",
    keys: [keyAt(1, "RO access")],
    handler: zmscore,
  },
  {
    name: "zrank",
    arity: -3,
    flags: READONLY | FAST,
    categories: "sortedset",
    keys: [keyAt(1, "RO access")],
    handler: zrank,
  },
  {
    name: "zrevrank",
    arity: -3,
    flags: READONLY | FAST,
    categories: "sortedset",
    keys: [keyAt(1, "RO access")],
    handler: zrevrank,
  },
  {
    name: "zscan",
    arity: -3,
    flags: READONLY,
    categories: "sortedset",
    keys: [keyAt(1, "RO access")],
    tips: ["nondeterministic_output"],
    handler: zscan,
  },
  ...zsetRangeCommands,
  ...zsetPopCommands,
  ...zsetAlgebraCommands,
  ...zsetRandomCommands,
];
