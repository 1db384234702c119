/**
 * Geo commands. A position is a member of a sorted set whose score is a geohash (geohash.ts): GEOADD adds to a sorted set
 * as ZADD does, and everything else reads one. The searches are in geo-search.commands.ts.
 */

import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, keyAt, READONLY, WRITE } from "../../command/command-spec";
import { TYPE_ZSET } from "../../db/entry";
import { collectionForRead } from "../collection";
import type { SortedSet } from "../zset/zset";
import { ADD_CH, ADD_NX, ADD_XX, addScored, scoreBuffer } from "../zset/zset-add";
import { findArgument, openZset } from "../zset/zset-call";
import { positionArgument, replyDistance, replyPosition, unitArgument } from "./geo-argument";
import { geoSearchCommands } from "./geo-search.commands";
import { decodeScore, distance, GEOHASH_LENGTH, position, scoreOf, writeGeohash } from "./geohash";

/** GEOADD key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]. Effect: ZADD with the scores. */
function geoadd(c: Call): void {
  let flags = 0;
  let first = 2;
  for (let flag = addFlag(c, first); flag !== 0; flag = addFlag(c, first)) {
    flags |= flag;
    first++;
  }
  const count = (c.argc - first) / 3;
  if (count < 1 || !Number.isInteger(count) || (flags & ADD_NX && flags & ADD_XX)) c.syntaxError();
  if (c.failed) return;
  const scores = scoreBuffer(count);
  for (let i = 0; i < count && !c.failed; i++) {
    positionArgument(c, first + 3 * i);
    scores[i] = scoreOf(position.longitude, position.latitude);
  }
  if (c.failed) return;
  const { dirty } = c.db.keyspace;
  addScored(c, { first: first + 2, step: 3, count, flags });
  if (c.isPropagated && c.db.keyspace.dirty > dirty) propagateScores(c, first, scores);
}

/** The options and members with the scores that were found for their positions. */
function propagateScores(c: Call, first: number, scores: Float64Array): void {
  const count = (c.argc - first) / 3;
  const effect = c.effect("zadd", first + 2 * count);
  for (let i = 1; i < first; i++) c.writeArgument(effect, i);
  for (let i = 0; i < count; i++) {
    effect.bulkInteger(scores[i]);
    c.writeArgument(effect, first + 3 * i + 2);
  }
}

/** The option at argument i; 0 if it is none. */
function addFlag(c: Call, i: number): number {
  if (i >= c.argc) return 0;
  if (c.is(i, "nx")) return ADD_NX;
  if (c.is(i, "xx")) return ADD_XX;
  return c.is(i, "ch") ? ADD_CH : 0;
}

/** The sorted set at argument 1; null if there is none, or if the key holds something else: then it has failed. */
function geoSet(c: Call): SortedSet | null {
  const ref = collectionForRead(c, 1, TYPE_ZSET);
  return ref === 0 ? null : openZset(c, ref);
}

/** Sets `position` to that of the member at argument i; false if there is no such member. */
function locate(c: Call, set: SortedSet | null, i: number): boolean {
  if (set === null || !findArgument(c, set, i)) return false;
  decodeScore(set.foundScore);
  return true;
}

function geopos(c: Call): void {
  const set = geoSet(c);
  if (c.failed) return;
  c.reply.array(c.argc - 2);
  for (let i = 2; i < c.argc; i++) {
    if (locate(c, set, i)) replyPosition(c);
    else c.reply.nullArray();
  }
}

const characters = Buffer.alloc(GEOHASH_LENGTH);

function geohash(c: Call): void {
  const set = geoSet(c);
  if (c.failed) return;
  c.reply.array(c.argc - 2);
  for (let i = 2; i < c.argc; i++) {
    if (!locate(c, set, i)) {
      c.reply.null();
      continue;
    }
    writeGeohash(position.longitude, position.latitude, characters);
    c.reply.bulk(characters, 0, GEOHASH_LENGTH);
  }
}

/** GEODIST key member1 member2 [M|KM|FT|MI]. */
function geodist(c: Call): void {
  const unit = c.argc === 5 ? unitArgument(c, 4) : 1;
  if (c.argc > 5) c.syntaxError();
  if (c.failed) return;
  const set = geoSet(c);
  if (c.failed) return;
  let isComplete = locate(c, set, 2);
  const { longitude, latitude } = position;
  isComplete = isComplete && locate(c, set, 3);
  if (isComplete) replyDistance(c, distance(longitude, latitude, position.longitude, position.latitude) / unit);
  else c.reply.null();
}

export const geoCommands: CommandDefinition[] = [
  {
    name: "geoadd",
    arity: -5,
    flags: WRITE | DENYOOM,
    categories: "geo",
    keys: [keyAt(1, "RW update")],
    handler: geoadd,
  },
  { name: "geopos", arity: -2, flags: READONLY, categories: "geo", keys: [keyAt(1, "RO access")], handler: geopos },
  { name: "geohash", arity: -2, flags: READONLY, categories: "geo", keys: [keyAt(1, "RO access")], handler: geohash },
  { name: "geodist", arity: -4, flags: READONLY, categories: "geo", keys: [keyAt(1, "RO access")], handler: geodist },
  ...geoSearchCommands,
];
