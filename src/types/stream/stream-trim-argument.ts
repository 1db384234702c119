/** The trimming options of XADD and XTRIM: MAXLEN or MINID, "=" or "~", a threshold, LIMIT. */

import type { Call } from "../../command/call";
import {
  LIMIT_WITHOUT_APPROXIMATE,
  LIMIT_WITHOUT_TRIMMING,
  MAXLEN_AND_MINID,
  MAXLEN_NEGATIVE,
  TRIM_LIMIT_NEGATIVE,
  TRIM_WITHOUT_STRATEGY,
} from "../../resp/errors";
import type { ReplyWriter } from "../../resp/reply-writer";
import { StreamId } from "../../util/stream-id";
import { type Stream, TRIM_MAXLEN, TRIM_MINID, TRIM_NONE, type Trimming } from "./stream";
import { count, isCharacter, readId, replyId } from "./stream-call";

const STAR = 0x2a;
const TILDE = 0x7e;
const EQUALS = 0x3d;

/** Without LIMIT, "~" removes what about this many nodes hold, within bounds. */
const DEFAULT_LIMIT_NODES = 100;
const DEFAULT_LIMIT_UNBOUNDED = 10_000;
const DEFAULT_LIMIT_MAX = 1_000_000;

/** What was read last. */
export const trimming: Trimming & { noMkStream: boolean } = {
  strategy: TRIM_NONE,
  approximate: false,
  limit: 0,
  maxLength: 0,
  minId: new StreamId(),
  noMkStream: false,
};

let limitGiven = false;
/** The argument that is the threshold. */
let thresholdAt = 0;

/**
 * Reads options from argument 2 on into `trimming`. For XADD, up to the argument that is none, its ID, whose position is
 * returned; for XTRIM, all of them.
 */
export function readTrimming(c: Call, isAdd: boolean): number {
  trimming.strategy = TRIM_NONE;
  trimming.approximate = false;
  trimming.limit = 0;
  trimming.noMkStream = false;
  limitGiven = false;
  let i = 2;
  // Most often: no options, and the ID is the server's to choose.
  if (isAdd && isCharacter(c, i, STAR)) {
    given.kind = ID_AUTO;
    return i;
  }
  while (i < c.argc && !c.failed) {
    if (isAdd && isCharacter(c, i, STAR)) break;
    const next = readOption(c, i, isAdd);
    if (next === i) break;
    i = next;
  }
  if (i < c.argc && !isAdd) c.syntaxError();
  // What XADD takes for its ID is one, or nothing else is looked at.
  if (isAdd && i < c.argc) readEntryId(c, i);
  checkOptions(c, isAdd);
  return i;
}

/** Reads the option at argument i, and returns the position behind it; i itself if there is none. */
function readOption(c: Call, i: number, isAdd: boolean): number {
  const hasMore = i + 1 < c.argc;
  if (hasMore && c.is(i, "maxlen")) return readThreshold(c, i, TRIM_MAXLEN);
  if (hasMore && c.is(i, "minid")) return readThreshold(c, i, TRIM_MINID);
  if (hasMore && c.is(i, "limit")) {
    limitGiven = true;
    trimming.limit = count(c, i + 1);
    if (trimming.limit < 0) c.fail(TRIM_LIMIT_NEGATIVE);
    return i + 2;
  }
  if (isAdd && c.is(i, "nomkstream")) {
    trimming.noMkStream = true;
    return i + 1;
  }
  return i;
}

function readThreshold(c: Call, i: number, strategy: number): number {
  if (trimming.strategy !== TRIM_NONE) c.fail(MAXLEN_AND_MINID);
  let at = i + 1;
  trimming.strategy = strategy;
  trimming.approximate = false;
  if (at + 1 < c.argc && (isCharacter(c, at, TILDE) || isCharacter(c, at, EQUALS))) {
    trimming.approximate = isCharacter(c, at, TILDE);
    at++;
  }
  thresholdAt = at;
  if (strategy === TRIM_MINID) {
    readId(c, at, trimming.minId);
  } else {
    trimming.maxLength = count(c, at);
    if (trimming.maxLength < 0) c.fail(MAXLEN_NEGATIVE);
  }
  return at + 1;
}

function checkOptions(c: Call, isAdd: boolean): void {
  if (c.server.propagation.isMuted) {
    // "=" stands for what "~" with this LIMIT came to: see writeExactTrimming.
    trimming.limit = 0;
    return;
  }
  if (trimming.limit > 0 && trimming.strategy === TRIM_NONE) c.fail(LIMIT_WITHOUT_TRIMMING);
  if (!isAdd && trimming.strategy === TRIM_NONE) c.fail(TRIM_WITHOUT_STRATEGY);
  if (limitGiven && !trimming.approximate) c.fail(LIMIT_WITHOUT_APPROXIMATE);
  if (trimming.approximate && !limitGiven) trimming.limit = defaultLimit(c.server.config.streamNodeMaxEntries);
}

/**
 * Writes into an effect what stands in the place of argument i where the stream was trimmed about: "=" and what it has come
 * to, which is the same for everybody. False if the argument stays as it is.
 */
export function writeExactTrimming(effect: ReplyWriter, i: number, stream: Stream): boolean {
  if (!trimming.approximate || i < thresholdAt - 1 || i > thresholdAt) return false;
  if (i < thresholdAt) effect.bulkText("=");
  else if (trimming.strategy === TRIM_MAXLEN) effect.bulkInteger(stream.length);
  // Of a stream that is empty now, nothing may be left.
  else replyId(effect, stream.length === 0 ? largest : stream.firstId);
  return true;
}

const largest = new StreamId();
largest.setMax();

function defaultLimit(nodeEntries: number): number {
  if (nodeEntries === 0) return DEFAULT_LIMIT_UNBOUNDED;
  return Math.min(DEFAULT_LIMIT_NODES * nodeEntries, DEFAULT_LIMIT_MAX);
}

// --- the ID of XADD ------------------------------------------------------------------------------------------------

/** "*": time and sequence number are the server's to choose. */
export const ID_AUTO = 0;
/** "5-*": the sequence number is. */
export const ID_AUTO_SEQUENCE = 1;
export const ID_GIVEN = 2;

/** The ID that XADD was given, and which part of it. */
export const given = { kind: ID_AUTO, id: new StreamId() };

const DASH = 0x2d;

function readEntryId(c: Call, i: number): void {
  const { buf } = c;
  const start = c.starts[i];
  const end = c.ends[i];
  if (isCharacter(c, i, STAR)) {
    given.kind = ID_AUTO;
  } else if (hasOpenSequence(buf, start, end) && given.id.parse(buf, start, end - 2, false)) {
    given.kind = ID_AUTO_SEQUENCE;
  } else {
    given.kind = ID_GIVEN;
    readId(c, i, given.id);
  }
}

/** Whether the text ends with "-*" and has no other dash. */
function hasOpenSequence(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start < 3 || buf[end - 1] !== STAR || buf[end - 2] !== DASH) return false;
  for (let i = start; i < end - 2; i++) if (buf[i] === DASH) return false;
  return true;
}
