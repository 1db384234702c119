/** XREAD and XREADGROUP: entries behind an ID, of many streams at once, for a client or for a consumer of a group. */

import type { Call } from "../../command/call";
import {
  BLOCKING,
  type CommandDefinition,
  type KeySpec,
  MOVABLE_KEYS,
  READONLY,
  WRITE,
} from "../../command/command-spec";
import { TYPE_STREAM } from "../../db/entry";
import { HeapFullError } from "../../memory/heap";
import {
  GROUP_ONLY_XREADGROUP,
  LAST_ID_IN_GROUP,
  MISSING_GROUP,
  NEW_ID_WITHOUT_GROUP,
  NOACK_ONLY_XREADGROUP,
  noGroupToRead,
  unbalancedStreams,
} from "../../resp/errors";
import type { Replacement } from "../../resp/request";
import { StreamId } from "../../util/stream-id";
import type { Stream } from "./stream";
import {
  count,
  groupChanged,
  IdList,
  isCharacter,
  openForRead,
  openForUpdate,
  readId,
  replyEntry,
  replyId,
} from "./stream-call";
import { propagateClaim, propagateLastId } from "./stream-effect";
import type { StreamGroup } from "./stream-group";
import { advanceRead } from "./stream-lag";
import { type StreamTools, streamsOf } from "./stream-tools";

const DOLLAR = 0x24;
const GREATER = 0x3e;

/** BLOCK was not given. */
const NO_BLOCK = -1;

/** What was read of the arguments of the call. */
const options = {
  /** ms, 0: for ever; NO_BLOCK. */
  timeout: NO_BLOCK,
  /** Entries of each stream; 0: all. */
  limit: 0,
  noAck: false,
  /** Argument at which the name of the group is, and behind it that of the consumer; 0: there is none. */
  group: 0,
  /** The first key, and how many there are. */
  first: 0,
  streams: 0,
};

/** The ID of each stream, behind which is read; the largest one for ">". */
const ids = new IdList();
const lastRead = new StreamId();
const largest = new StreamId();
largest.setMax();

function xread(c: Call): void {
  readOptions(c, false);
  if (!c.failed) readStreams(c);
}

function xreadgroup(c: Call): void {
  readOptions(c, true);
  // What is delivered is propagated entry by entry. Reading the history is nothing that has to be repeated, as in Redis.
  c.propagateNothing();
  if (!c.failed) readStreams(c);
}

// --- arguments -----------------------------------------------------------------------------------------------------

function readOptions(c: Call, isGroup: boolean): void {
  options.timeout = NO_BLOCK;
  options.limit = 0;
  options.noAck = false;
  options.group = 0;
  options.first = 0;
  let i = 1;
  while (i < c.argc && options.first === 0 && !c.failed) i = readOption(c, i, isGroup);
  if (c.failed) return;
  if (options.first === 0) c.syntaxError();
  else if (isGroup && options.group === 0) c.fail(MISSING_GROUP);
}

/** Reads the option at argument i, and returns the position behind it. */
function readOption(c: Call, i: number, isGroup: boolean): number {
  const more = c.argc - i - 1;
  if (more > 0 && c.is(i, "block")) {
    options.timeout = c.blockTimeoutMs(i + 1);
    return i + 2;
  }
  if (more > 0 && c.is(i, "count")) {
    options.limit = Math.max(count(c, i + 1), 0);
    return i + 2;
  }
  if (more > 0 && c.is(i, "streams")) {
    options.first = i + 1;
    options.streams = (c.argc - options.first) / 2;
    if (options.streams % 1 !== 0) c.fail(unbalancedStreams(c.command.name, isGroup ? ">" : "$"));
    return c.argc;
  }
  if (more > 1 && c.is(i, "group")) {
    if (!isGroup) c.fail(GROUP_ONLY_XREADGROUP);
    options.group = i + 1;
    return i + 3;
  }
  if (c.is(i, "noack")) {
    if (!isGroup) c.fail(NOACK_ONLY_XREADGROUP);
    options.noAck = true;
    return i + 1;
  }
  c.syntaxError();
  return i;
}

/** Looks whether all streams and groups can be read, and reads the IDs. */
function readPositions(c: Call): void {
  const { id } = streamsOf(c.db.keyspace);
  ids.clear();
  for (let i = 0; i < options.streams && !c.failed; i++) {
    const stream = openForRead(c, options.first + i);
    if (!c.failed && options.group !== 0) requireGroup(c, stream, options.first + i);
    if (!c.failed) readPosition(c, options.first + options.streams + i, stream, id);
    ids.push(id);
  }
}

function requireGroup(c: Call, stream: Stream | null, key: number): void {
  if (stream === null || !findGroup(c, stream)) c.fail(noGroupToRead(c.text(key), c.text(options.group)));
}

function findGroup(c: Call, stream: Stream): boolean {
  return streamsOf(c.db.keyspace).group.find(stream, c.buf, c.starts[options.group], c.ends[options.group]);
}

/** Reads the ID at argument i, "$" or ">" too. */
function readPosition(c: Call, i: number, stream: Stream | null, id: StreamId): void {
  const isGroup = options.group !== 0;
  if (isCharacter(c, i, DOLLAR)) {
    if (isGroup) c.fail(LAST_ID_IN_GROUP);
    else if (stream === null) id.setMin();
    else id.copy(stream.lastId);
  } else if (isCharacter(c, i, GREATER)) {
    if (!isGroup) c.fail(NEW_ID_WITHOUT_GROUP);
    id.setMax();
  } else {
    readId(c, i, id);
  }
}

// --- serving -------------------------------------------------------------------------------------------------------

/** Replies what the streams have, or blocks. RESP2: an array of pairs; RESP3: a map. */
function readStreams(c: Call): void {
  readPositions(c);
  if (c.failed) return;
  const { reply } = c;
  const begin = reply.begin();
  let served = 0;
  for (let i = 0; i < options.streams; i++) {
    const { length } = reply;
    try {
      if (serveStream(c, i)) served++;
    } catch (error) {
      // Without memory for one more stream, those that were delivered are the reply.
      if (served === 0 || !(error instanceof HeapFullError)) throw error;
      reply.truncate(length);
      break;
    }
  }
  if (served > 0) {
    if (reply.resp3) reply.endMap(begin, served);
    else reply.endArray(begin, served);
  } else if (options.timeout === NO_BLOCK) {
    reply.nullArray();
  } else {
    block(c);
  }
}

/** Waits until one of the streams changes. "$" stands for what is last now, also when the command is run again. */
function block(c: Call): void {
  const { id } = streamsOf(c.db.keyspace);
  const rewrite: Replacement[] = [];
  for (let i = 0; i < options.streams; i++) {
    const argument = options.first + options.streams + i;
    if (!isCharacter(c, argument, DOLLAR)) continue;
    ids.load(i, id);
    rewrite.push({ argument, text: id.toString() });
  }
  c.block({
    type: TYPE_STREAM,
    first: options.first,
    count: options.streams,
    timeout: options.timeout,
    onTimeout: "nullArray",
    wakeOnDelete: options.group !== 0,
    rewrite,
  });
}

/** Replies what stream i has, with its key. False if that is nothing. */
function serveStream(c: Call, i: number): boolean {
  const key = options.first + i;
  const stream = options.group === 0 ? openForRead(c, key) : openForUpdate(c, key);
  if (stream === null) return false;
  const tools = streamsOf(c.db.keyspace);
  ids.load(i, tools.start);
  if (options.group !== 0) return serveGroup(c, key, tools);
  if (!hasBehind(stream, tools.start)) return false;
  beginStream(c, key);
  tools.start.increment();
  const { range } = tools;
  range.open(stream, tools.start, largest, false);
  const begin = c.reply.begin();
  let entries = 0;
  while ((options.limit === 0 || entries < options.limit) && range.next()) {
    replyEntry(c.reply, range.node);
    entries++;
  }
  c.reply.endArray(begin, entries);
  return true;
}

/** Whether the stream has an entry behind this ID. */
function hasBehind(stream: Stream, id: StreamId): boolean {
  // The last ID is mostly that of the last entry, and settles it without a look at one.
  if (stream.length === 0 || stream.lastId.compare(id) <= 0) return false;
  return stream.findLast(lastRead) && lastRead.compare(id) > 0;
}

function beginStream(c: Call, key: number): void {
  if (!c.reply.resp3) c.reply.array(2);
  c.reply.bulk(c.buf, c.starts[key], c.ends[key] - c.starts[key]);
}

// --- groups --------------------------------------------------------------------------------------------------------

/** As serveStream, for a consumer of the group; `tools.start` is the ID behind which is read, the largest for ">". */
function serveGroup(c: Call, key: number, tools: StreamTools): boolean {
  const { stream, group, start } = tools;
  findGroup(c, stream);
  const isNew = start.isMax;
  if (isNew) start.copy(group.lastId);
  openConsumer(c, key, tools);
  if (isNew && !hasBehind(stream, start)) return false;
  beginStream(c, key);
  start.increment();
  if (isNew) deliverNew(c, key, tools);
  else replyHistory(c, tools);
  c.db.keyspace.dirty++;
  return true;
}

/**
 * Opens the consumer that the command names, which is made if need be. With NOACK the effect of that is XGROUP
 * CREATECONSUMER; else XCLAIM will make it.
 */
function openConsumer(c: Call, key: number, tools: StreamTools): void {
  const { group } = tools;
  const { now } = c.db.keyspace;
  const name = options.group + 1;
  if (group.findConsumer(c.buf, c.starts[name], c.ends[name])) {
    group.seenAt = now;
    return;
  }
  group.createConsumer(c.buf, c.starts[name], c.ends[name], now);
  groupChanged(c, key, "xgroup-createconsumer");
  if (!options.noAck || !c.isPropagated) return;
  const effect = c.effect("XGROUP", 5);
  effect.bulkText("CREATECONSUMER");
  for (const i of [key, options.group, name]) c.writeArgument(effect, i);
}

/**
 * Delivers entries from `start` on, and makes them pending for the consumer unless NOACK is given. Where memory is over
 * after some, those were delivered. Effect: XCLAIM for each unless NOACK is given, and XGROUP SETID.
 */
function deliverNew(c: Call, key: number, tools: StreamTools): void {
  const { stream, group, range, start } = tools;
  const begin = c.reply.begin();
  let entries = 0;
  let isBehind = false;
  range.open(stream, start, largest, false);
  while ((options.limit === 0 || entries < options.limit) && range.next()) {
    if (!options.noAck && !makePending(c, group, range.node.id, entries > 0)) break;
    if (range.node.id.compare(group.lastId) > 0) {
      advanceRead(stream, group, range.node.id);
      group.lastId.copy(range.node.id);
      isBehind = true;
    }
    if (!options.noAck) propagateClaim(c, key, options.group, group, range.node.id, group.pending.ref);
    replyEntry(c.reply, range.node);
    entries++;
  }
  if (!options.noAck) group.activeAt = c.db.keyspace.now;
  group.save();
  if (isBehind) propagateLastId(c, key, options.group, group);
  c.reply.endArray(begin, entries);
}

/** Makes an entry pending for the open consumer. False: there is no memory for it, which is no error if `canStop`. */
function makePending(c: Call, group: StreamGroup, id: StreamId, canStop: boolean): boolean {
  try {
    group.deliver(id, c.db.keyspace.now);
    return true;
  } catch (error) {
    if (canStop && error instanceof HeapFullError) return false;
    throw error;
  }
}

/** Delivers again what is pending for the consumer from `start` on. Of what is not in the stream any more, only the ID. */
function replyHistory(c: Call, tools: StreamTools): void {
  const { stream, group, start, id } = tools;
  const { own } = group;
  const { now } = c.db.keyspace;
  const begin = c.reply.begin();
  let entries = 0;
  for (let more = own.seekCeiling(start); more && (options.limit === 0 || entries < options.limit); more = own.next()) {
    own.readId(id);
    entries++;
    if (!stream.find(id)) {
      c.reply.array(2);
      replyId(c.reply, id);
      c.reply.nullArray();
      continue;
    }
    replyEntry(c.reply, stream.node);
    const { ref } = own;
    group.setDeliveredAt(id, ref, now);
    group.countDelivery(id, ref);
  }
  c.reply.endArray(begin, entries);
}

/** Keys behind STREAMS: the first half of what follows. */
function streamKeys(from: number): KeySpec {
  return {
    flags: ["RO", "access"],
    begin: { keyword: "STREAMS", from },
    find: { last: -1, step: 1, limit: 2 },
  };
}

export const streamReadCommands: CommandDefinition[] = [
  {
    name: "xread",
    arity: -4,
    flags: READONLY | BLOCKING | MOVABLE_KEYS,
    categories: "stream",
    keys: [streamKeys(1)],
    handler: xread,
  },
  {
    name: "xreadgroup",
    arity: -7,
    flags: WRITE | BLOCKING | MOVABLE_KEYS,
    categories: "stream",
    keys: [streamKeys(4)],
    handler: xreadgroup,
  },
];
