/** XGROUP: makes, changes and removes consumer groups and consumers. */

import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, keyAt, LOADING, STALE, WRITE } from "../../command/command-spec";
import { replyHelp } from "../../command/help";
import { ENCODING_STREAM, TYPE_STREAM } from "../../db/entry";
import { EVENT_STREAM } from "../../db/keyspace";
import {
  ENTRIES_READ_NEGATIVE,
  GROUP_EXISTS,
  GROUP_NEEDS_STREAM,
  NOT_AN_INTEGER,
  noGroupOfKey,
  subcommandSyntax,
} from "../../resp/errors";
import { int64, parseInt64 } from "../../util/integers";
import { collectionForWrite, createCollection } from "../collection";
import type { Stream } from "./stream";
import { groupChanged, isCharacter, openForWrite, readId, readIdOrExtreme } from "./stream-call";
import type { StreamGroup } from "./stream-group";
import { type StreamTools, streamsOf } from "./stream-tools";

const DOLLAR = 0x24;

/** Arguments of all subcommands. */
const KEY = 2;
const GROUP = 3;
const ID = 4;
const CREATE_ARGUMENTS_MAX = 8;
const CONSUMER = 4;

/** What was read of the options of CREATE and SETID; −1 entries were read if it was not said. */
const options = { mkStream: false, readHi: -1, readLo: 0xffffffff };

function readOptions(c: Call, isCreate: boolean): void {
  options.mkStream = false;
  options.readHi = -1;
  options.readLo = 0xffffffff;
  let i = ID + 1;
  while (i < c.argc && !c.failed) {
    if (isCreate && c.is(i, "mkstream")) {
      options.mkStream = true;
      i++;
    } else if (i + 1 < c.argc && c.is(i, "entriesread")) {
      readEntriesRead(c, i + 1);
      i += 2;
    } else {
      c.fail(subcommandSyntax("XGROUP", c.text(1)));
    }
  }
  if (isCreate && c.argc > CREATE_ARGUMENTS_MAX) c.fail(subcommandSyntax("XGROUP", c.text(1)));
}

function readEntriesRead(c: Call, i: number): void {
  if (!parseInt64(c.buf, c.starts[i], c.ends[i])) c.fail(NOT_AN_INTEGER);
  else if (int64.hi < 0 && (int64.hi !== -1 || int64.lo !== 0xffffffff)) c.fail(ENTRIES_READ_NEGATIVE);
  options.readHi = int64.hi;
  options.readLo = int64.lo;
}

/** Opens the stream that the command is about. Null: it has failed. */
function requireStream(c: Call): Stream | null {
  const stream = openForWrite(c, KEY);
  if (stream === null) c.fail(GROUP_NEEDS_STREAM);
  return stream;
}

/** Opens the stream and the group that the command is about. False: it has failed. */
function requireGroup(c: Call): boolean {
  const stream = requireStream(c);
  if (stream === null) return false;
  const { group } = streamsOf(c.db.keyspace);
  if (group.find(stream, c.buf, c.starts[GROUP], c.ends[GROUP])) return true;
  c.fail(noGroupOfKey(c.text(KEY), c.text(GROUP)));
  return false;
}

/** XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]. */
function create(c: Call): void {
  readOptions(c, true);
  if (c.failed) return;
  if (!options.mkStream) {
    const stream = requireStream(c);
    if (stream !== null) createIn(c, stream);
    return;
  }
  const ref = collectionForWrite(c, KEY, TYPE_STREAM);
  if (c.failed) return;
  const tools = streamsOf(c.db.keyspace);
  if (ref === 0) createWithStream(c, tools);
  else createIn(c, tools.open(ref));
}

/** Makes the group in a stream that exists. */
function createIn(c: Call, stream: Stream): void {
  const { group, id } = streamsOf(c.db.keyspace);
  if (isCharacter(c, ID, DOLLAR)) id.copy(stream.lastId);
  else readId(c, ID, id);
  if (c.failed) return;
  if (!group.create(stream, c.buf, c.starts[GROUP], c.ends[GROUP])) {
    c.fail(GROUP_EXISTS);
    return;
  }
  setPosition(c, group);
  groupChanged(c, KEY, "xgroup-create");
  c.reply.ok();
}

/** Makes the group in a new stream, at the key just looked up. */
function createWithStream(c: Call, tools: StreamTools): void {
  const { stream, group, id } = tools;
  if (isCharacter(c, ID, DOLLAR)) id.setMin();
  else readId(c, ID, id);
  if (c.failed) return;
  const root = stream.create();
  try {
    group.create(stream, c.buf, c.starts[GROUP], c.ends[GROUP]);
    createCollection(c, KEY, TYPE_STREAM, ENCODING_STREAM, root);
  } catch (error) {
    tools.freeStream(root);
    throw error;
  }
  setPosition(c, group);
  c.changed(KEY, EVENT_STREAM, "xgroup-create");
  c.reply.ok();
}

/** Sets the group's last ID, which was read, and the entries that it counts as read. */
function setPosition(c: Call, group: StreamGroup): void {
  group.lastId.copy(streamsOf(c.db.keyspace).id);
  group.readHi = options.readHi;
  group.readLo = options.readLo;
  group.save();
}

/** XGROUP SETID key group <id | $> [ENTRIESREAD entries-read]. */
function setId(c: Call): void {
  readOptions(c, false);
  if (c.failed || !requireGroup(c)) return;
  const { stream, group, id } = streamsOf(c.db.keyspace);
  if (isCharacter(c, ID, DOLLAR)) id.copy(stream.lastId);
  else readIdOrExtreme(c, ID, id);
  if (c.failed) return;
  setPosition(c, group);
  groupChanged(c, KEY, "xgroup-setid");
  c.reply.ok();
}

/** XGROUP DESTROY key group. Those who wait for new entries as its consumers are woken, and told that it is gone. */
function destroy(c: Call): void {
  const stream = requireStream(c);
  if (stream === null) return;
  const tools = streamsOf(c.db.keyspace);
  const { group } = tools;
  if (!group.find(stream, c.buf, c.starts[GROUP], c.ends[GROUP])) {
    c.reply.integer(0);
    return;
  }
  if (group.detach(stream)) tools.freeGroup(group.ref);
  groupChanged(c, KEY, "xgroup-destroy");
  c.server.blocking.keyChanged(c.db, c.buf, c.starts[KEY], c.ends[KEY]);
  c.reply.integer(1);
}

/** XGROUP CREATECONSUMER key group consumer. */
function createConsumer(c: Call): void {
  if (!requireGroup(c)) return;
  const { group } = streamsOf(c.db.keyspace);
  const start = c.starts[CONSUMER];
  const end = c.ends[CONSUMER];
  if (group.findConsumer(c.buf, start, end)) {
    c.reply.integer(0);
    return;
  }
  group.createConsumer(c.buf, start, end, c.db.keyspace.now);
  groupChanged(c, KEY, "xgroup-createconsumer");
  c.reply.integer(1);
}

/** XGROUP DELCONSUMER key group consumer. Replies how many entries were pending for it. */
function deleteConsumer(c: Call): void {
  if (!requireGroup(c)) return;
  const { group } = streamsOf(c.db.keyspace);
  if (!group.findConsumer(c.buf, c.starts[CONSUMER], c.ends[CONSUMER])) {
    c.reply.integer(0);
    return;
  }
  const pending = group.own.size;
  group.removeConsumer();
  groupChanged(c, KEY, "xgroup-delconsumer");
  c.reply.integer(pending);
}

const HELP = [
  "CREATE <key> <groupname> <id|$> [option]",
  "    Create a new consumer group. Options are:",
  "    * MKSTREAM",
  "      Create the empty stream if it does not exist.",
  "    * ENTRIESREAD entries_read",
  "      Set the group's entries_read counter (internal use).",
  "CREATECONSUMER <key> <groupname> <consumer>",
  "    Create a new consumer in the specified group.",
  "DELCONSUMER <key> <groupname> <consumer>",
  "    Remove the specified consumer.",
  "DESTROY <key> <groupname>",
  "    Remove the specified group.",
  "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
  "    Set the current group ID and entries_read counter.",
];

export const streamGroupCommands: CommandDefinition[] = [
  {
    name: "xgroup",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      {
        name: "create",
        arity: -5,
        flags: WRITE | DENYOOM,
        categories: "stream",
        keys: [keyAt(KEY, "RW insert")],
        handler: create,
      },
      {
        name: "setid",
        arity: -5,
        flags: WRITE,
        categories: "stream",
        keys: [keyAt(KEY, "RW update")],
        handler: setId,
      },
      {
        name: "destroy",
        arity: 4,
        flags: WRITE,
        categories: "stream",
        keys: [keyAt(KEY, "RW delete")],
        handler: destroy,
      },
      {
        name: "createconsumer",
        arity: 5,
        flags: WRITE | DENYOOM,
        categories: "stream",
        keys: [keyAt(KEY, "RW insert")],
        handler: createConsumer,
      },
      {
        name: "delconsumer",
        arity: 5,
        flags: WRITE,
        categories: "stream",
        keys: [keyAt(KEY, "RW delete")],
        handler: deleteConsumer,
      },
      { name: "help", arity: 2, flags: LOADING | STALE, categories: "stream", handler: (c) => replyHelp(c, HELP) },
    ],
  },
];
