/** XINFO: what there is to know about a stream, its groups and their consumers. */

import type { Call } from "../../command/call";
import { type CommandDefinition, keyAt, LOADING, READONLY, STALE } from "../../command/command-spec";
import { replyHelp } from "../../command/help";
import { NO_SUCH_KEY, noGroupOfKey, subcommandSyntax } from "../../resp/errors";
import { int64 } from "../../util/integers";
import type { Stream } from "./stream";
import { count, openForRead, replyEntry, replyId, replyRange } from "./stream-call";
import { NEVER_ACTIVE, type StreamGroup } from "./stream-group";
import { readLag } from "./stream-lag";
import { type StreamTools, streamsOf } from "./stream-tools";

const KEY = 2;
const GROUP = 3;

/** Entries, and pending entries of each group and consumer, that FULL shows unless COUNT says otherwise. */
const FULL_COUNT = 10;

/** Opens the stream that the command is about. Null: it has failed. */
function requireStream(c: Call): Stream | null {
  const stream = openForRead(c, KEY);
  if (stream === null) c.fail(NO_SUCH_KEY);
  return stream;
}

// --- XINFO STREAM --------------------------------------------------------------------------------------------------

/** XINFO STREAM key [FULL [COUNT count]]. */
function infoStream(c: Call): void {
  const stream = requireStream(c);
  if (stream === null) return;
  const limit = fullCount(c);
  if (c.failed) return;
  const isFull = c.argc > KEY + 1;
  c.reply.map(isFull ? 9 : 10);
  replyHeader(c, stream);
  if (isFull) replyFull(c, stream, limit);
  else replyBrief(c, stream);
}

/** What COUNT of FULL says: 0 is all. */
function fullCount(c: Call): number {
  const options = c.argc - KEY - 1;
  const isRight =
    options === 0 || (c.is(KEY + 1, "full") && (options === 1 || (options === 3 && c.is(KEY + 2, "count"))));
  if (!isRight) c.fail(subcommandSyntax("XINFO", c.text(1)));
  if (!isRight || options < 3) return FULL_COUNT;
  const limit = count(c, KEY + 3);
  return limit < 0 ? FULL_COUNT : limit;
}

function replyHeader(c: Call, stream: Stream): void {
  const { reply } = c;
  reply.bulkText("length");
  reply.integer(stream.length);
  reply.bulkText("radix-tree-keys");
  reply.integer(stream.nodes.size);
  reply.bulkText("radix-tree-nodes");
  reply.integer(stream.radixNodes);
  reply.bulkText("last-generated-id");
  replyId(reply, stream.lastId);
  reply.bulkText("max-deleted-entry-id");
  replyId(reply, stream.maxDeletedId);
  reply.bulkText("entries-added");
  reply.int64(stream.addedHi, stream.addedLo);
  reply.bulkText("recorded-first-entry-id");
  replyId(reply, stream.firstId);
}

function replyBrief(c: Call, stream: Stream): void {
  const { reply } = c;
  const { group } = streamsOf(c.db.keyspace);
  group.groups.open(stream.groups);
  reply.bulkText("groups");
  reply.integer(group.groups.size);
  reply.bulkText("first-entry");
  replyEdge(c, stream, false);
  reply.bulkText("last-entry");
  replyEdge(c, stream, true);
}

/** The first or the last entry, or null. */
function replyEdge(c: Call, stream: Stream, isLast: boolean): void {
  const { range, start, end } = streamsOf(c.db.keyspace);
  start.setMin();
  end.setMax();
  range.open(stream, start, end, isLast);
  if (range.next()) replyEntry(c.reply, range.node);
  else c.reply.null();
}

function replyFull(c: Call, stream: Stream, limit: number): void {
  const { reply } = c;
  const { group, start, end } = streamsOf(c.db.keyspace);
  start.setMin();
  end.setMax();
  reply.bulkText("entries");
  replyRange(c, stream, start, end, limit, false);
  reply.bulkText("groups");
  group.groups.open(stream.groups);
  reply.array(group.groups.size);
  for (let slot = 0; slot < group.groups.size; slot++) {
    group.open(group.groups.at(slot));
    replyFullGroup(c, stream, group, limit);
  }
}

function replyFullGroup(c: Call, stream: Stream, group: StreamGroup, limit: number): void {
  const { reply } = c;
  reply.map(7);
  replyGroupName(c, group);
  replyProgress(c, stream, group);
  reply.bulkText("pel-count");
  reply.integer(group.pending.size);
  replyGroupPending(c, group, limit);
  reply.bulkText("consumers");
  reply.array(group.consumers.size);
  for (let slot = 0; slot < group.consumers.size; slot++) {
    group.openConsumer(group.consumers.at(slot));
    replyFullConsumer(c, group, limit);
  }
}

/** Pending entries of a group: ID, consumer, time of the last delivery, number of deliveries. */
function replyGroupPending(c: Call, group: StreamGroup, limit: number): void {
  const { reply } = c;
  const { pending } = group;
  const { id } = streamsOf(c.db.keyspace);
  reply.bulkText("pending");
  const begin = reply.begin();
  let shown = 0;
  for (let more = pending.first(); more && (limit === 0 || shown < limit); more = pending.next()) {
    const { ref } = pending;
    pending.readId(id);
    group.locateConsumerName(group.consumerOf(ref));
    reply.array(4);
    replyId(reply, id);
    reply.bulk(group.nameBytes, group.nameAt, group.nameLength);
    replyDelivery(c, group, ref);
    shown++;
  }
  reply.endArray(begin, shown);
}

function replyDelivery(c: Call, group: StreamGroup, ref: number): void {
  c.reply.integer(group.deliveredAt(ref));
  group.readDeliveries(ref);
  c.reply.int64(int64.hi, int64.lo);
}

function replyFullConsumer(c: Call, group: StreamGroup, limit: number): void {
  const { reply } = c;
  const { own } = group;
  const { id } = streamsOf(c.db.keyspace);
  reply.map(5);
  replyConsumerName(c, group);
  reply.bulkText("seen-time");
  reply.integer(group.seenAt);
  reply.bulkText("active-time");
  reply.integer(group.activeAt);
  reply.bulkText("pel-count");
  reply.integer(own.size);
  reply.bulkText("pending");
  const begin = reply.begin();
  let shown = 0;
  for (let more = own.first(); more && (limit === 0 || shown < limit); more = own.next()) {
    own.readId(id);
    reply.array(3);
    replyId(reply, id);
    replyDelivery(c, group, own.ref);
    shown++;
  }
  reply.endArray(begin, shown);
}

// --- XINFO GROUPS and CONSUMERS ------------------------------------------------------------------------------------

/** XINFO GROUPS key. */
function infoGroups(c: Call): void {
  const stream = requireStream(c);
  if (stream === null) return;
  const { group } = streamsOf(c.db.keyspace);
  const { groups } = group;
  groups.open(stream.groups);
  c.reply.array(groups.size);
  for (let slot = 0; slot < groups.size; slot++) {
    group.open(groups.at(slot));
    c.reply.map(6);
    replyGroupName(c, group);
    c.reply.bulkText("consumers");
    c.reply.integer(group.consumers.size);
    c.reply.bulkText("pending");
    c.reply.integer(group.pending.size);
    replyProgress(c, stream, group);
  }
}

function replyGroupName(c: Call, group: StreamGroup): void {
  group.locateGroupName(group.ref);
  c.reply.bulkText("name");
  c.reply.bulk(group.nameBytes, group.nameAt, group.nameLength);
}

/** How far the group has got: its last ID, entries read, lag; null for what is unknown. */
function replyProgress(c: Call, stream: Stream, group: StreamGroup): void {
  const { reply } = c;
  reply.bulkText("last-delivered-id");
  replyId(reply, group.lastId);
  reply.bulkText("entries-read");
  if (group.knowsRead) reply.int64(group.readHi, group.readLo);
  else reply.null();
  reply.bulkText("lag");
  if (readLag(stream, group)) reply.int64(int64.hi, int64.lo);
  else reply.null();
}

/** XINFO CONSUMERS key group. */
function infoConsumers(c: Call): void {
  const stream = requireStream(c);
  if (stream === null) return;
  const tools = streamsOf(c.db.keyspace);
  const { group } = tools;
  if (!group.find(stream, c.buf, c.starts[GROUP], c.ends[GROUP])) {
    c.fail(noGroupOfKey(c.text(KEY), c.text(GROUP)));
    return;
  }
  c.reply.array(group.consumers.size);
  for (let slot = 0; slot < group.consumers.size; slot++) {
    group.openConsumer(group.consumers.at(slot));
    replyConsumer(c, tools);
  }
}

function replyConsumer(c: Call, tools: StreamTools): void {
  const { reply } = c;
  const { group } = tools;
  const { now } = c.db.keyspace;
  reply.map(4);
  replyConsumerName(c, group);
  reply.bulkText("pending");
  reply.integer(group.own.size);
  reply.bulkText("idle");
  reply.integer(Math.max(now - group.seenAt, 0));
  reply.bulkText("inactive");
  reply.integer(group.activeAt === NEVER_ACTIVE ? NEVER_ACTIVE : Math.max(now - group.activeAt, 0));
}

function replyConsumerName(c: Call, group: StreamGroup): void {
  group.locateConsumerName(group.consumer);
  c.reply.bulkText("name");
  c.reply.bulk(group.nameBytes, group.nameAt, group.nameLength);
}

const HELP = [
  "CONSUMERS <key> <groupname>",
  "    Show consumers of <groupname>.",
  "GROUPS <key>",
  "    Show the stream consumer groups.",
  "STREAM <key> [FULL [COUNT <count>]",
  "    Show information about the stream.",
];

export const streamInfoCommands: CommandDefinition[] = [
  {
    name: "xinfo",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      {
        name: "consumers",
        arity: 4,
        flags: READONLY,
        categories: "stream",
        tips: ["nondeterministic_output"],
        keys: [keyAt(KEY, "RO access")],
        handler: infoConsumers,
      },
      {
        name: "groups",
        arity: 3,
        flags: READONLY,
        categories: "stream",
        keys: [keyAt(KEY, "RO access")],
        handler: infoGroups,
      },
      {
        name: "stream",
        arity: -3,
        flags: READONLY,
        categories: "stream",
        keys: [keyAt(KEY, "RO access")],
        handler: infoStream,
      },
      { name: "help", arity: 2, flags: LOADING | STALE, categories: "stream", handler: (c) => replyHelp(c, HELP) },
    ],
  },
];
