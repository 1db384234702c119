/**
 * Adding to a sorted set: what ZADD, ZINCRBY and GEOADD do once they know scores and members. Scores go into
 * `scoreBuffer`, members stand in the arguments.
 */

import type { Call } from "../../command/call";
import { TYPE_ZSET } from "../../db/entry";
import { EVENT_ZSET } from "../../db/keyspace";
import { SCORE_NOT_A_NUMBER } from "../../resp/errors";
import { collectionForWrite, createCollection } from "../collection";
import { type SortedSet, zsetsOf } from "./zset";
import { closeZset, hintMembers, openZset } from "./zset-call";

/** Only new members. */
export const ADD_NX = 1;
/** Only members that are there. */
export const ADD_XX = 2;
/** Change a score only to a greater one; new members are added. */
export const ADD_GT = 4;
/** Change a score only to a lesser one; new members are added. */
export const ADD_LT = 8;
/** Reply how many were added or changed, not only how many were added. */
export const ADD_CH = 16;
/** Add to the score instead of replacing it, and reply the new score, or null if an option forbids it. One member. */
export const ADD_INCR = 32;

// What became of a member.
const ADDED = 0;
const UPDATED = 1;
const UNCHANGED = 2;
const FORBIDDEN = 3;
const NOT_A_NUMBER = 4;

let scores = new Float64Array(64);

/** The place for the scores of the next addScored(), `count` of them. */
export function scoreBuffer(count: number): Float64Array {
  if (scores.length < count) scores = new Float64Array(count * 2);
  return scores;
}

/** Which arguments are members: `count` of them, the first at `first` and each `step` after the one before. */
export interface AddedMembers {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  /** ADD_… */
  readonly flags: number;
}

/** The score that the last member has now; a second result of addOne() that costs no object. */
let scoreNow = 0;

// Counts of one call.
let added = 0;
let updated = 0;

/** Adds members with the scores of scoreBuffer() to argument 1, announces the change, and replies. */
export function addScored(c: Call, members: AddedMembers): void {
  const ref = collectionForWrite(c, 1, TYPE_ZSET);
  if (c.failed) return;
  const { flags } = members;
  added = 0;
  updated = 0;
  let outcome = FORBIDDEN;
  if (ref !== 0) outcome = addToExisting(c, ref, members);
  else if ((flags & ADD_XX) === 0) outcome = addToNew(c, members);
  if (outcome === NOT_A_NUMBER) c.fail(SCORE_NOT_A_NUMBER);
  else if ((flags & ADD_INCR) === 0) c.reply.integer(flags & ADD_CH ? added + updated : added);
  else if (outcome === FORBIDDEN) c.reply.null();
  else c.reply.double(scoreNow);
}

function addToExisting(c: Call, ref: number, members: AddedMembers): number {
  const zset = openZset(c, ref);
  try {
    zset.makeRoom(members.count, c.server.config);
    return addAll(c, zset, members);
  } finally {
    // Without memory for all of them, those that were added are a change nevertheless.
    closeZset(c, ref, zset);
    announce(c, members.flags);
  }
}

/** Makes a sorted set of the members at the key just looked up. */
function addToNew(c: Call, members: AddedMembers): number {
  const { first, step, count, flags } = members;
  const { view } = zsetsOf(c.db.keyspace);
  let longest = 0;
  for (let i = 0; i < count; i++) longest = Math.max(longest, c.size(first + i * step));
  view.createFor(count, longest, c.server.config);
  let outcome: number;
  try {
    outcome = addAll(c, view, members);
    createCollection(c, 1, TYPE_ZSET, view.encoding, view.root);
  } catch (error) {
    view.free();
    throw error;
  }
  announce(c, flags);
  return outcome;
}

function announce(c: Call, flags: number): void {
  if (added + updated === 0) return;
  c.changed(1, EVENT_ZSET, flags & ADD_INCR ? "zincr" : "zadd");
  c.db.keyspace.dirty += added + updated - 1;
}

/** Returns what became of the last member. */
function addAll(c: Call, zset: SortedSet, members: AddedMembers): number {
  const { first, step, count, flags } = members;
  let outcome = FORBIDDEN;
  for (let i = 0; i < count; i++) {
    hintMembers(c, zset, first + i * step, first, step);
    outcome = addOne(c, zset, first + i * step, scores[i], flags);
    if (outcome === ADDED) added++;
    else if (outcome === UPDATED) updated++;
  }
  return outcome;
}

function addOne(c: Call, zset: SortedSet, i: number, score: number, flags: number): number {
  const { buf } = c;
  const start = c.starts[i];
  const end = c.ends[i];
  if (!zset.find(buf, start, end)) {
    if (flags & ADD_XX) return FORBIDDEN;
    zset.insert(score, buf, start, end, c.server.config);
    scoreNow = score;
    return ADDED;
  }
  if (flags & ADD_NX) return FORBIDDEN;
  const before = zset.foundScore;
  const after = flags & ADD_INCR ? before + score : score;
  if (Number.isNaN(after)) return NOT_A_NUMBER;
  if ((flags & ADD_LT && after >= before) || (flags & ADD_GT && after <= before)) return FORBIDDEN;
  scoreNow = after;
  if (after === before) return UNCHANGED;
  zset.setFoundScore(after);
  return UPDATED;
}
