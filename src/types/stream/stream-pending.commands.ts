/** Stream commands on pending entries: XACK, XPENDING, XCLAIM, XAUTOCLAIM. */

import type { Call } from "../../command/call";
import { type CommandDefinition, FAST, keyAt, READONLY, WRITE } from "../../command/command-spec";
import {
  invalidClaimOption,
  noGroup,
  unknownClaimOption,
  XAUTOCLAIM_COUNT,
  XAUTOCLAIM_COUNT_TOO_HIGH,
} from "../../resp/errors";
import { int64, int64ToNumber, parseInt64 } from "../../util/integers";
import { StreamId } from "../../util/stream-id";
import {
  count,
  groupChanged,
  IdList,
  openForRead,
  openForUpdate,
  readEnd,
  readId,
  readIds,
  readStart,
  replyEntry,
  replyId,
} from "./stream-call";
import { propagateClaim, propagateLastId } from "./stream-effect";
import type { StreamGroup } from "./stream-group";
import { type StreamTools, streamsOf } from "./stream-tools";

const KEY = 1;
const GROUP = 2;
const CONSUMER = 3;
const MIN_IDLE = 4;

const ids = new IdList();

/** Opens the stream and the group that the command changes. False: there is no such stream or group, or it has failed. */
function openGroup(c: Call): boolean {
  const stream = openForUpdate(c, KEY);
  if (stream === null) return false;
  return streamsOf(c.db.keyspace).group.find(stream, c.buf, c.starts[GROUP], c.ends[GROUP]);
}

/** As openGroup, but fails if there is no such stream or group. */
function requireGroup(c: Call): void {
  if (!openGroup(c)) c.fail(noGroup(c.text(KEY), c.text(GROUP)));
}

/** As requireGroup, for reading. */
function requireGroupToRead(c: Call): void {
  const stream = openForRead(c, KEY);
  const { group } = streamsOf(c.db.keyspace);
  const found = stream !== null && group.find(stream, c.buf, c.starts[GROUP], c.ends[GROUP]);
  if (!found) c.fail(noGroup(c.text(KEY), c.text(GROUP)));
}

// --- XACK ----------------------------------------------------------------------------------------------------------

/** XACK key group id [id ...]. Nothing is acknowledged if one of them is no ID. */
function xack(c: Call): void {
  const found = openGroup(c);
  if (c.failed) return;
  if (!found) {
    c.reply.integer(0);
    return;
  }
  readIds(c, GROUP + 1, c.argc - 1, ids);
  if (c.failed) return;
  const { group, id } = streamsOf(c.db.keyspace);
  let acknowledged = 0;
  for (let i = 0; i < ids.length; i++) {
    ids.load(i, id);
    if (!group.pending.find(id)) continue;
    group.removePending(id);
    acknowledged++;
  }
  c.db.keyspace.dirty += acknowledged;
  c.reply.integer(acknowledged);
}

// --- XPENDING ------------------------------------------------------------------------------------------------------

/** What was read of XPENDING's arguments. `consumer` is the argument of its name, 0: of all consumers. */
const wanted = { limit: 0, minIdle: 0, consumer: 0 };

/** XPENDING key group [[IDLE min-idle-time] start end count [consumer]]. */
function xpending(c: Call): void {
  if (c.argc !== 3) readWanted(c);
  if (c.failed) return;
  requireGroupToRead(c);
  if (c.failed) return;
  const { group } = streamsOf(c.db.keyspace);
  if (c.argc === 3) replySummary(c, group);
  else replyPending(c, group);
}

function readWanted(c: Call): void {
  if (c.argc < 6 || c.argc > 9) {
    c.syntaxError();
    return;
  }
  const { start, end } = streamsOf(c.db.keyspace);
  const hasIdle = c.is(3, "idle");
  wanted.minIdle = hasIdle ? count(c, 4) : 0;
  if (hasIdle && c.argc < 8) c.syntaxError();
  if (c.failed) return;
  const first = hasIdle ? 5 : 3;
  wanted.limit = Math.max(count(c, first + 2), 0);
  readStart(c, first, start);
  readEnd(c, first + 1, end);
  wanted.consumer = first + 3 < c.argc ? first + 3 : 0;
}

/** How many are pending, the first and the last of them, and how many each consumer has. */
function replySummary(c: Call, group: StreamGroup): void {
  const { reply } = c;
  const { pending, consumers } = group;
  const { id } = streamsOf(c.db.keyspace);
  reply.array(4);
  reply.integer(pending.size);
  if (!pending.first()) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  pending.readId(id);
  replyId(reply, id);
  pending.last();
  pending.readId(id);
  replyId(reply, id);
  const begin = reply.begin();
  let shown = 0;
  for (let slot = 0; slot < consumers.size; slot++) {
    group.openConsumer(consumers.at(slot));
    if (group.own.size === 0) continue;
    group.locateConsumerName(group.consumer);
    reply.array(2);
    reply.bulk(group.nameBytes, group.nameAt, group.nameLength);
    reply.bulkInteger(group.own.size);
    shown++;
  }
  reply.endArray(begin, shown);
}

/** ID, consumer, ms since the last delivery and number of deliveries of the pending entries that are wanted. */
function replyPending(c: Call, group: StreamGroup): void {
  const { reply } = c;
  const { now } = c.db.keyspace;
  const { consumer, limit, minIdle } = wanted;
  if (consumer !== 0 && !group.findConsumer(c.buf, c.starts[consumer], c.ends[consumer])) {
    reply.array(0);
    return;
  }
  const { start, end, id } = streamsOf(c.db.keyspace);
  const tree = consumer === 0 ? group.pending : group.own;
  const begin = reply.begin();
  let shown = 0;
  for (let more = tree.seekCeiling(start); more && shown < limit; more = tree.next()) {
    tree.readId(id);
    if (id.compare(end) > 0) break;
    const { ref } = tree;
    const idle = now - group.deliveredAt(ref);
    if (minIdle !== 0 && idle < minIdle) continue;
    group.locateConsumerName(group.consumerOf(ref));
    group.readDeliveries(ref);
    reply.array(4);
    replyId(reply, id);
    reply.bulk(group.nameBytes, group.nameAt, group.nameLength);
    reply.integer(Math.max(idle, 0));
    reply.int64(int64.hi, int64.lo);
    shown++;
  }
  reply.endArray(begin, shown);
}

// --- claiming ------------------------------------------------------------------------------------------------------

/** Opens the consumer that claims, which is made if need be; XCLAIM does so where it is repeated. */
function openClaimer(c: Call, group: StreamGroup): void {
  const { now } = c.db.keyspace;
  if (group.findConsumer(c.buf, c.starts[CONSUMER], c.ends[CONSUMER])) {
    group.seenAt = now;
    return;
  }
  group.createConsumer(c.buf, c.starts[CONSUMER], c.ends[CONSUMER], now);
  groupChanged(c, KEY, "xgroup-createconsumer");
}

function readMinIdle(c: Call, command: string): number {
  return Math.max(count(c, MIN_IDLE, invalidClaimOption("min-idle-time", command)), 0);
}

/** What was read of XCLAIM's options. */
const claim = {
  minIdle: 0,
  force: false,
  justId: false,
  /** ms when the entries count as delivered; −1: now. */
  time: -1,
  /** RETRYCOUNT; below 0: not given. */
  retriesHi: -1,
  retriesLo: 0,
  lastId: new StreamId(),
  /** Whether an entry was propagated, and with it the group's last ID. */
  isPropagated: false,
};

/**
 * XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-ms] [RETRYCOUNT count] [FORCE] [JUSTID]
 * [LASTID id]. Effect: XCLAIM with TIME, RETRYCOUNT, FORCE and JUSTID for each entry.
 */
function xclaim(c: Call): void {
  requireGroup(c);
  claim.minIdle = readMinIdle(c, "XCLAIM");
  if (c.failed) return;
  readClaimOptions(c, readClaimIds(c));
  if (c.failed) return;
  const tools = streamsOf(c.db.keyspace);
  const { group } = tools;
  openClaimer(c, group);
  const movesLastId = claim.lastId.compare(group.lastId) > 0;
  if (movesLastId) {
    group.lastId.copy(claim.lastId);
    group.save();
    c.db.keyspace.dirty++;
  }
  c.propagateNothing();
  claim.isPropagated = false;
  const begin = c.reply.begin();
  let claimed = 0;
  for (let i = 0; i < ids.length; i++) {
    ids.load(i, tools.id);
    if (claimOne(c, tools)) claimed++;
  }
  if (movesLastId && !claim.isPropagated) propagateLastId(c, KEY, GROUP, group);
  c.reply.endArray(begin, claimed);
}

/** Reads the IDs, up to the first argument that is none, whose position is returned. */
function readClaimIds(c: Call): number {
  const { id } = streamsOf(c.db.keyspace);
  let i = MIN_IDLE + 1;
  ids.clear();
  while (i < c.argc && id.parse(c.buf, c.starts[i], c.ends[i], false)) {
    ids.push(id);
    i++;
  }
  return i;
}

function readClaimOptions(c: Call, first: number): void {
  claim.force = false;
  claim.justId = false;
  claim.time = -1;
  claim.retriesHi = -1;
  claim.lastId.setMin();
  let i = first;
  while (i < c.argc && !c.failed) i = readClaimOption(c, i);
  const { now } = c.db.keyspace;
  // A time that can not be means now: clients compute it by clocks of their own.
  if (claim.time < 0 || claim.time > now) claim.time = now;
}

/** Reads the option at argument i, and returns the position behind it. */
function readClaimOption(c: Call, i: number): number {
  const hasMore = i + 1 < c.argc;
  if (c.is(i, "force")) {
    claim.force = true;
    return i + 1;
  }
  if (c.is(i, "justid")) {
    claim.justId = true;
    return i + 1;
  }
  if (!hasMore) c.fail(unknownClaimOption(c.text(i)));
  else if (c.is(i, "idle"))
    claim.time = c.db.keyspace.now - count(c, i + 1, invalidClaimOption("IDLE option", "XCLAIM"));
  else if (c.is(i, "time")) claim.time = count(c, i + 1, invalidClaimOption("TIME option", "XCLAIM"));
  else if (c.is(i, "retrycount")) readRetries(c, i + 1);
  else if (c.is(i, "lastid")) readId(c, i + 1, claim.lastId);
  else c.fail(unknownClaimOption(c.text(i)));
  return i + 2;
}

function readRetries(c: Call, i: number): void {
  if (!parseInt64(c.buf, c.starts[i], c.ends[i])) c.fail(invalidClaimOption("RETRYCOUNT option", "XCLAIM"));
  claim.retriesHi = int64.hi;
  claim.retriesLo = int64.lo;
}

/** Claims the entry `tools.id` for the open consumer, and replies it. False if that is not to be. */
function claimOne(c: Call, tools: StreamTools): boolean {
  const { stream, group, id } = tools;
  const { pending } = group;
  const { keyspace } = c.db;
  const isPending = pending.find(id);
  if (!stream.find(id)) {
    // What is not in the stream any more can not be claimed, nor be pending.
    if (isPending) dropPending(c, group, id);
    return false;
  }
  if (!isPending && !claim.force) return false;
  const { now } = keyspace;
  if (isPending && claim.minIdle > 0 && now - group.deliveredAt(pending.ref) < claim.minIdle) return false;
  if (isPending) group.transfer(id);
  else group.deliver(id, claim.time);
  const { ref } = pending;
  group.setDeliveredAt(id, ref, claim.time);
  if (claim.retriesHi >= 0) group.setDeliveries(id, ref, claim.retriesHi, claim.retriesLo);
  else if (!claim.justId) group.countDelivery(id, ref);
  replyClaimed(c, tools, ref, claim.justId);
  return true;
}

/** Takes the entry at the cursor of `pending`, which is not in the stream any more, away. */
function dropPending(c: Call, group: StreamGroup, id: StreamId): void {
  propagateOne(c, group, id, group.pending.ref);
  group.removePending(id);
  c.db.keyspace.dirty++;
}

function propagateOne(c: Call, group: StreamGroup, id: StreamId, ref: number): void {
  propagateClaim(c, KEY, GROUP, group, id, ref);
  claim.isPropagated = true;
}

/** Replies the entry that was found in the stream, or its ID. It is the pending entry `ref`. */
function replyClaimed(c: Call, tools: StreamTools, ref: number, justId: boolean): void {
  const { stream, group, id } = tools;
  const { keyspace } = c.db;
  propagateOne(c, group, id, ref);
  group.activeAt = keyspace.now;
  keyspace.dirty++;
  if (justId) replyId(c.reply, id);
  else replyEntry(c.reply, stream.node);
}

// --- XAUTOCLAIM ----------------------------------------------------------------------------------------------------

/** XAUTOCLAIM looks at this many times as many pending entries as it may claim. */
const ATTEMPTS_FACTOR = 10;
const COUNT_DEFAULT = 100;
/** COUNT is below this: so many IDs of 16 bytes are more than a signed 64-bit size counts. */
const COUNT_END_HI = 2 ** (59 - 32);
/** Redis allocates room for so many IDs beforehand, and is refused as much as this. */
const COUNT_REFUSED = 2 ** 42;

/** What was read of XAUTOCLAIM's options. */
const automatic = { minIdle: 0, limit: COUNT_DEFAULT, justId: false };

/** XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]. Effect: as XCLAIM. */
function xautoclaim(c: Call): void {
  const tools = streamsOf(c.db.keyspace);
  automatic.minIdle = readMinIdle(c, "XAUTOCLAIM");
  readStart(c, MIN_IDLE + 1, tools.start);
  readAutomaticOptions(c);
  if (c.failed) {
    // Redis looks the key up first: that counts as a hit or a miss, whatever the arguments are.
    c.read(KEY);
    return;
  }
  requireGroup(c);
  if (automatic.limit >= COUNT_REFUSED) c.fail(XAUTOCLAIM_COUNT_TOO_HIGH);
  if (c.failed) return;
  openClaimer(c, tools.group);
  c.propagateNothing();
  const { reply } = c;
  reply.array(3);
  // The ID to go on from comes first in the reply, but is known last.
  const begin = reply.begin();
  const next = claimFrom(c, tools);
  const claimed = reply.length - begin;
  replyId(reply, next);
  reply.moveLastBefore(begin, claimed);
  reply.array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    ids.load(i, tools.id);
    replyId(reply, tools.id);
  }
}

function readAutomaticOptions(c: Call): void {
  automatic.limit = COUNT_DEFAULT;
  automatic.justId = false;
  let i = MIN_IDLE + 2;
  while (i < c.argc && !c.failed) {
    if (i + 1 < c.argc && c.is(i, "count")) {
      automatic.limit = readLimit(c, i + 1);
      i += 2;
    } else if (c.is(i, "justid")) {
      automatic.justId = true;
      i++;
    } else {
      c.syntaxError();
    }
  }
}

/** Reads argument i, from 1 to below 2^59. */
function readLimit(c: Call, i: number): number {
  const isInteger = parseInt64(c.buf, c.starts[i], c.ends[i]);
  const limit = isInteger && int64.hi < COUNT_END_HI ? int64ToNumber(int64.hi, int64.lo) : 0;
  if (limit < 1) c.fail(XAUTOCLAIM_COUNT);
  return limit;
}

/**
 * Claims pending entries from `tools.start` on, and replies them as an array. What is not in the stream any more is
 * taken away, and is in `ids` then. Returns the ID to go on from: 0-0 at the end.
 */
function claimFrom(c: Call, tools: StreamTools): StreamId {
  const { stream, group, id, start } = tools;
  const { pending } = group;
  const { now } = c.db.keyspace;
  const begin = c.reply.begin();
  let claimed = 0;
  let attempts = automatic.limit * ATTEMPTS_FACTOR;
  ids.clear();
  let more = pending.seekCeiling(start);
  while (more && attempts-- > 0 && claimed + ids.length < automatic.limit) {
    pending.readId(id);
    if (!stream.find(id)) {
      dropPending(c, group, id);
      ids.push(id);
      more = pending.seekCeiling(id);
      continue;
    }
    const { ref } = pending;
    if (automatic.minIdle === 0 || now - group.deliveredAt(ref) >= automatic.minIdle) {
      group.transfer(id);
      group.setDeliveredAt(id, ref, now);
      if (!automatic.justId) group.countDelivery(id, ref);
      replyClaimed(c, tools, ref, automatic.justId);
      claimed++;
    }
    more = pending.next();
  }
  c.reply.endArray(begin, claimed);
  if (more) pending.readId(start);
  else start.setMin();
  return start;
}

export const streamPendingCommands: CommandDefinition[] = [
  {
    name: "xack",
    arity: -4,
    flags: WRITE | FAST,
    categories: "stream",
    keys: [keyAt(KEY, "RW update")],
    handler: xack,
  },
  {
    name: "xpending",
    arity: -3,
    flags: READONLY,
    categories: "stream",
    tips: ["nondeterministic_output"],
    keys: [keyAt(KEY, "RO access")],
    handler: xpending,
  },
  {
    name: "xclaim",
    arity: -6,
    flags: WRITE | FAST,
    categories: "stream",
    tips: ["nondeterministic_output"],
    keys: [keyAt(KEY, "RW update")],
    handler: xclaim,
  },
  {
    name: "xautoclaim",
    arity: -6,
    flags: WRITE | FAST,
    categories: "stream",
    tips: ["nondeterministic_output"],
    keys: [keyAt(KEY, "RW delete")],
    handler: xautoclaim,
  },
];
