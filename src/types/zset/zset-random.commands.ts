/** ZRANDMEMBER. A random member is the one of a random rank, so all of them are equally likely in every encoding. */

import type { Call } from "../../command/call";
import { type CommandDefinition, keyAt, READONLY } from "../../command/command-spec";
import { ENCODING_LISTPACK, TYPE_ZSET } from "../../db/entry";
import { OUT_OF_INT64, OUT_OF_RANGE } from "../../resp/errors";
import { SHORTEST_BULK } from "../../resp/reply-writer";
import { collectionForRead } from "../collection";
import type { SortedSet } from "./zset";
import { openZset, replyHeader, replyMember, replyPair, replyPairs, rounded } from "./zset-call";

/** Where fewer than one in so many members are wanted, they are drawn instead of chosen on a walk over all. */
const DRAW_RATIO = 3;

const LEAST_INT64 = -(2 ** 63);

/** ZRANDMEMBER key [count [WITHSCORES]]: count different members, or -count that may repeat. */
function zrandmember(c: Call): void {
  if (c.argc > 2) {
    randomMembers(c);
    return;
  }
  const ref = collectionForRead(c, 1, TYPE_ZSET);
  if (c.failed) return;
  if (ref === 0) {
    c.reply.null();
    return;
  }
  const zset = openZset(c, ref);
  seekRandom(c, zset);
  replyMember(c, zset);
}

function seekRandom(c: Call, zset: SortedSet): void {
  zset.seek(c.db.keyspace.random.below(zset.size));
}

function randomMembers(c: Call): void {
  const count = rounded(c, 2);
  // Of 64 bits, only the least integer has no counterpart.
  if (count === LEAST_INT64 && c.text(2) === "-9223372036854775808") c.fail(OUT_OF_INT64);
  const withScores = c.argc === 4 && c.is(3, "withscores");
  if (c.argc > 3 && !withScores) c.syntaxError();
  // The reply would have more elements than a 64-bit integer counts.
  if (withScores && Math.abs(count) >= 2 ** 62) c.fail(OUT_OF_RANGE);
  if (c.failed) return;
  const ref = collectionForRead(c, 1, TYPE_ZSET);
  if (c.failed) return;
  if (ref === 0 || count === 0) {
    c.reply.array(0);
    return;
  }
  const zset = openZset(c, ref);
  if (count < 0) replyRepeating(c, zset, -count, withScores);
  else replyDistinct(c, zset, Math.min(count, zset.size), withScores);
}

function replyRepeating(c: Call, zset: SortedSet, count: number, withScores: boolean): void {
  // What no reply can hold is refused here and not after gigabytes.
  c.reply.reserve(count * SHORTEST_BULK);
  if (c.reply.muted) return;
  replyHeader(c, count, withScores);
  for (let i = 0; i < count; i++) {
    seekRandom(c, zset);
    replyPair(c, zset, withScores);
  }
}

function replyDistinct(c: Call, zset: SortedSet, count: number, withScores: boolean): void {
  const { size } = zset;
  replyHeader(c, count, withScores);
  if (count === size) replyPairs(c, zset, 0, size, false, withScores);
  else if (zset.encoding === ENCODING_LISTPACK || count * DRAW_RATIO > size) replyChosen(c, zset, count, withScores);
  else replyDrawn(c, zset, count, withScores);
}

/** Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, Algorithm S), on a walk over all members. */
function replyChosen(c: Call, zset: SortedSet, count: number, withScores: boolean): void {
  const { random } = c.db.keyspace;
  let left = zset.size;
  let wanted = count;
  for (let more = zset.seek(0); more && wanted > 0; more = zset.next()) {
    if (random.below(left--) >= wanted) continue;
    replyPair(c, zset, withScores);
    wanted--;
  }
}

/** Floyd's sampling (Bentley and Floyd, 1987): one draw for each member, none in vain. */
function replyDrawn(c: Call, zset: SortedSet, count: number, withScores: boolean): void {
  const { random } = c.db.keyspace;
  const { size } = zset;
  const drawn = new Set<number>();
  for (let last = size - count; last < size; last++) {
    const draw = random.below(last + 1);
    const rank = drawn.has(draw) ? last : draw;
    drawn.add(rank);
    zset.seek(rank);
    replyPair(c, zset, withScores);
  }
}

export const zsetRandomCommands: CommandDefinition[] = [
  {
    name: "zrandmember",
    arity: -2,
    flags: READONLY,
    categories: "sortedset",
    keys: [keyAt(1, "RO access")],
    tips: ["nondeterministic_output"],
    handler: zrandmember,
  },
];
