/**
 * Stream commands on entries: XADD, XLEN, XRANGE, XREVRANGE, XDEL, XTRIM, XSETID. XREAD and XREADGROUP, groups, pending
 * entries and XINFO have files of their own.
 */

import { registerValueTools } from "../../admin/debug/value-tools";
import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, keyAt, READONLY, WRITE } from "../../command/command-spec";
import { ENCODING_STREAM, TYPE_STREAM } from "../../db/entry";
import { EVENT_STREAM } from "../../db/keyspace";
import {
  ENTRIES_ADDED_BELOW_LENGTH,
  ENTRIES_ADDED_NEGATIVE,
  ENTRY_TOO_LARGE,
  NO_SUCH_KEY,
  NOT_AN_INTEGER,
  STREAM_EXHAUSTED,
  wrongArity,
  XADD_ID_TOO_SMALL,
  XADD_ID_ZERO,
  XSETID_BELOW_DELETED,
  XSETID_BELOW_GIVEN_DELETED,
  XSETID_BELOW_LAST,
} from "../../resp/errors";
import { compareInt64, int64, parseInt64 } from "../../util/integers";
import { StreamId } from "../../util/stream-id";
import { collectionForWrite, createCollection } from "../collection";
import { type Stream, TRIM_NONE } from "./stream";
import {
  count,
  groupChanged,
  IdList,
  openForRead,
  openForWrite,
  readEnd,
  readId,
  readIds,
  readStart,
  replyId,
  replyRange,
} from "./stream-call";
import { propagateDecided } from "./stream-effect";
import { streamGroupCommands } from "./stream-group.commands";
import { streamInfoCommands } from "./stream-info.commands";
import { ENTRY_BYTES_MAX, type NodeLimits } from "./stream-node";
import { streamPendingCommands } from "./stream-pending.commands";
import { streamReadCommands } from "./stream-read.commands";
import { type StreamTools, streamsOf } from "./stream-tools";
import { given, ID_AUTO, ID_AUTO_SEQUENCE, ID_GIVEN, readTrimming, trimming } from "./stream-trim-argument";
import { streamValueTools } from "./stream-value-tools";

registerValueTools(TYPE_STREAM, streamValueTools);

// --- XADD ----------------------------------------------------------------------------------------------------------

const limits: NodeLimits = { maxBytes: 0, maxEntries: 0 };

/**
 * XADD key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...].
 * Effect: XADD with the ID that the entry got, and with "=" and what the trimming came to.
 */
function xadd(c: Call): void {
  const first = readTrimming(c, true) + 1;
  const fields = c.argc - first;
  if (fields < 2 || fields % 2 === 1) c.fail(wrongArity(c.command.fullName));
  if (given.kind === ID_GIVEN && given.id.isMin) c.fail(XADD_ID_ZERO);
  if (c.failed) return;
  const ref = collectionForWrite(c, 1, TYPE_STREAM);
  if (c.failed) return;
  if (ref === 0 && trimming.noMkStream) {
    c.reply.null();
    return;
  }
  const tools = streamsOf(c.db.keyspace);
  if (ref !== 0) tools.open(ref);
  else tools.stream.lastId.setMin();
  const bytes = fieldBytes(c, first);
  chooseId(c, tools.stream, tools.id);
  if (bytes > ENTRY_BYTES_MAX) c.fail(ENTRY_TOO_LARGE);
  if (c.failed) return;
  limits.maxBytes = c.server.config.streamNodeMaxBytes;
  limits.maxEntries = c.server.config.streamNodeMaxEntries;
  if (ref !== 0) tools.stream.append(tools.id, c, first, fields / 2, bytes, limits);
  else addToNew(c, tools, first, fields / 2, bytes);
  replyId(c.reply, tools.id);
  c.changed(1, EVENT_STREAM, "xadd");
  if (trimming.strategy !== TRIM_NONE && tools.stream.trim(trimming) > 0) c.notify(1, EVENT_STREAM, "xtrim");
  if (given.kind !== ID_GIVEN) propagateDecided(c, tools.stream, first - 1, tools.id);
  else if (trimming.approximate) propagateDecided(c, tools.stream, 0, tools.id);
}

/** Bytes of all arguments from `first` on. */
function fieldBytes(c: Call, first: number): number {
  let bytes = 0;
  for (let i = first; i < c.argc; i++) bytes += c.ends[i] - c.starts[i];
  return bytes;
}

/** Sets `id` to the ID that the new entry gets. Fails if there is none, or if the one given is not above the last one. */
function chooseId(c: Call, stream: Stream, id: StreamId): void {
  const { lastId } = stream;
  if (lastId.isMax) {
    c.fail(STREAM_EXHAUSTED);
  } else if (given.kind === ID_AUTO) {
    const { now } = c.db.keyspace;
    if (now !== clockTime) setClock(now);
    if (!clock.hasTimeOf(lastId) && clock.compare(lastId) > 0) {
      id.copy(clock);
    } else {
      id.copy(lastId);
      id.increment();
    }
  } else {
    id.copy(given.id);
    if (given.kind === ID_AUTO_SEQUENCE && id.hasTimeOf(lastId)) {
      id.copy(lastId);
      if (id.isLastOfTime) c.fail(XADD_ID_TOO_SMALL);
      id.increment();
    }
    if (id.compare(lastId) <= 0) c.fail(XADD_ID_TOO_SMALL);
  }
}

/** The time at which the last ID was chosen, and its first ID: many are chosen in one millisecond. */
let clockTime = -1;
const clock = new StreamId();

function setClock(now: number): void {
  clockTime = now;
  clock.setTime(now);
}

/** Makes a stream of one entry at the key just looked up. */
function addToNew(c: Call, tools: StreamTools, first: number, pairs: number, bytes: number): void {
  const root = tools.stream.create();
  try {
    tools.stream.append(tools.id, c, first, pairs, bytes, limits);
    createCollection(c, 1, TYPE_STREAM, ENCODING_STREAM, root);
  } catch (error) {
    tools.freeStream(root);
    throw error;
  }
}

// --- reading -------------------------------------------------------------------------------------------------------

function xlen(c: Call): void {
  const stream = openForRead(c, 1);
  if (!c.failed) c.reply.integer(stream === null ? 0 : stream.length);
}

/** XRANGE key start end [COUNT count]. */
function xrange(c: Call): void {
  replyInterval(c, 2, 3, false);
}

/** XREVRANGE key end start [COUNT count]. */
function xrevrange(c: Call): void {
  replyInterval(c, 3, 2, true);
}

function replyInterval(c: Call, startAt: number, endAt: number, reverse: boolean): void {
  const { start, end } = streamsOf(c.db.keyspace);
  readStart(c, startAt, start);
  readEnd(c, endAt, end);
  let limit = -1;
  for (let i = 4; i < c.argc && !c.failed; i += 2) {
    if (i + 1 < c.argc && c.is(i, "count")) limit = Math.max(count(c, i + 1), 0);
    else c.syntaxError();
  }
  if (c.failed) return;
  const stream = openForRead(c, 1);
  if (c.failed) return;
  if (stream === null) c.reply.array(0);
  else if (limit === 0) c.reply.nullArray();
  else replyRange(c, stream, start, end, Math.max(limit, 0), reverse);
}

// --- removing ------------------------------------------------------------------------------------------------------

const ids = new IdList();

/** XDEL key id [id ...]. */
function xdel(c: Call): void {
  const stream = openForWrite(c, 1);
  if (c.failed) return;
  if (stream === null) {
    c.reply.integer(0);
    return;
  }
  readIds(c, 2, c.argc - 1, ids);
  if (c.failed) return;
  const { id } = streamsOf(c.db.keyspace);
  let removed = 0;
  for (let i = 0; i < ids.length; i++) {
    ids.load(i, id);
    if (stream.remove(id)) removed++;
  }
  if (removed > 0) {
    stream.saveRemoved();
    c.changed(1, EVENT_STREAM, "xdel");
    c.db.keyspace.dirty += removed - 1;
  }
  c.reply.integer(removed);
}

/** XTRIM key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]. Effect: XTRIM with "=" and what it came to. */
function xtrim(c: Call): void {
  readTrimming(c, false);
  if (c.failed) return;
  const stream = openForWrite(c, 1);
  if (c.failed) return;
  const removed = stream === null ? 0 : stream.trim(trimming);
  if (stream !== null && removed > 0) {
    c.notify(1, EVENT_STREAM, "xtrim");
    c.modified(1);
    c.db.keyspace.dirty += removed - 1;
    if (trimming.approximate) propagateDecided(c, stream, 0, stream.lastId);
  }
  c.reply.integer(removed);
}

// --- XSETID --------------------------------------------------------------------------------------------------------

/** What XSETID was given: −1 entries were added if it was not said. */
const setting = { addedHi: -1, addedLo: 0, maxDeletedId: new StreamId() };

/** XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]. */
function xsetid(c: Call): void {
  const { id } = streamsOf(c.db.keyspace);
  readId(c, 2, id);
  readSetting(c, id);
  if (c.failed) return;
  const stream = openForWrite(c, 1);
  if (c.failed) return;
  if (stream === null) {
    c.fail(NO_SUCH_KEY);
    return;
  }
  checkLastId(c, stream, id);
  if (c.failed) return;
  stream.lastId.copy(id);
  if (setting.addedHi >= 0) {
    stream.addedHi = setting.addedHi;
    stream.addedLo = setting.addedLo;
  }
  if (!setting.maxDeletedId.isMin) stream.maxDeletedId.copy(setting.maxDeletedId);
  stream.save();
  groupChanged(c, 1, "xsetid");
  c.reply.ok();
}

function readSetting(c: Call, id: StreamId): void {
  setting.addedHi = -1;
  setting.maxDeletedId.setMin();
  for (let i = 3; i < c.argc && !c.failed; i += 2) {
    const hasMore = i + 1 < c.argc;
    if (hasMore && c.is(i, "entriesadded")) {
      if (!parseInt64(c.buf, c.starts[i + 1], c.ends[i + 1])) c.fail(NOT_AN_INTEGER);
      else if (int64.hi < 0) c.fail(ENTRIES_ADDED_NEGATIVE);
      setting.addedHi = int64.hi;
      setting.addedLo = int64.lo;
    } else if (hasMore && c.is(i, "maxdeletedid")) {
      readId(c, i + 1, setting.maxDeletedId);
      if (id.compare(setting.maxDeletedId) < 0) c.fail(XSETID_BELOW_GIVEN_DELETED);
    } else {
      c.syntaxError();
    }
  }
}

/** Fails if the stream holds something that `id` and `setting` can not be true of. */
function checkLastId(c: Call, stream: Stream, id: StreamId): void {
  if (id.compare(stream.maxDeletedId) < 0) c.fail(XSETID_BELOW_DELETED);
  if (stream.length === 0) return;
  const { start: last } = streamsOf(c.db.keyspace);
  stream.findLast(last);
  if (id.compare(last) < 0) c.fail(XSETID_BELOW_LAST);
  const isGiven = setting.addedHi >= 0;
  if (isGiven && compareInt64(setting.addedHi, setting.addedLo, 0, stream.length) < 0) {
    c.fail(ENTRIES_ADDED_BELOW_LENGTH);
  }
}

export const streamCommands: CommandDefinition[] = [
  {
    name: "xadd",
    arity: -5,
    flags: WRITE | DENYOOM | FAST,
    categories: "stream",
    tips: ["nondeterministic_output"],
    keys: [{ ...keyAt(1, "RW update"), notes: "UPDATE instead of INSERT because of the optional trimming feature" }],
    handler: xadd,
  },
  {
    name: "xlen",
    arity: 2,
    flags: READONLY | FAST,
    categories: "stream",
    keys: [keyAt(1, "RO")],
    handler: xlen,
  },
  {
    name: "xrange",
    arity: -4,
    flags: READONLY,
    categories: "stream",
    keys: [keyAt(1, "RO access")],
    handler: xrange,
  },
  {
    name: "xrevrange",
    arity: -4,
    flags: READONLY,
    categories: "stream",
    keys: [keyAt(1, "RO access")],
    handler: xrevrange,
  },
  {
    name: "xdel",
    arity: -3,
    flags: WRITE | FAST,
    categories: "stream",
    keys: [keyAt(1, "RW delete")],
    handler: xdel,
  },
  {
    name: "xtrim",
    arity: -4,
    flags: WRITE,
    categories: "stream",
    tips: ["nondeterministic_output"],
    keys: [keyAt(1, "RW delete")],
    handler: xtrim,
  },
  {
    name: "xsetid",
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    categories: "stream",
    keys: [keyAt(1, "RW update")],
    handler: xsetid,
  },
  ...streamReadCommands,
  ...streamGroupCommands,
  ...streamPendingCommands,
  ...streamInfoCommands,
];
