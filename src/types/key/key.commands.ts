/** The generic key commands: table, and the handlers that are not in a file of their own (key-*.commands.ts). */

import type { Call } from "../../command/call";
import {
  type CommandDefinition,
  DENYOOM,
  FAST,
  keyAt,
  keyRange,
  LOADING,
  READONLY,
  STALE,
  TOUCHES_ARBITRARY_KEYS,
  WRITE,
} from "../../command/command-spec";
import { TYPE_NAMES } from "../../db/entry";
import { EVENT_GENERIC } from "../../db/keyspace";
import { DB_INDEX_OUT_OF_RANGE } from "../../resp/errors";
import {
  expire,
  expireat,
  expiretime,
  persist,
  pexpire,
  pexpireat,
  pexpiretime,
  pttl,
  ttl,
} from "./key-expire.commands";
import { copy, intArgument, move, rename, renamenx } from "./key-move.commands";
import { objectEncoding, objectFreq, objectHelp, objectIdletime, objectRefcount } from "./key-object.commands";
import { keys, randomKey, scan } from "./key-scan.commands";

function del(c: Call): void {
  remove(c, c.server.config.lazyfreeLazyUserDel);
}

function unlink(c: Call): void {
  remove(c, true);
}

function remove(c: Call, later: boolean): void {
  let removed = 0;
  for (let i = 1; i < c.argc; i++) {
    if (!c.db.remove(c.buf, c.starts[i], c.ends[i], later)) continue;
    c.changed(i, EVENT_GENERIC, "del");
    removed++;
  }
  c.reply.integer(removed);
}

function exists(c: Call): void {
  countExisting(c, false);
}

/** TOUCH touches even for a client that set NO-TOUCH. */
function touch(c: Call): void {
  countExisting(c, true);
}

function countExisting(c: Call, touches: boolean): void {
  let count = 0;
  for (let i = 1; i < c.argc; i++) {
    if (c.db.lookupRead(c.buf, c.starts[i], c.ends[i], touches) !== 0) count++;
  }
  c.reply.integer(count);
}

function type(c: Call): void {
  const ref = c.db.lookupRead(c.buf, c.starts[1], c.ends[1], false);
  c.reply.simple(ref === 0 ? "none" : TYPE_NAMES[c.db.keyspace.entries.type(ref)]);
}

function dbsize(c: Call): void {
  c.reply.integer(c.db.size);
}

function swapdb(c: Call): void {
  const first = intArgument(c, 1, "ERR invalid first DB index");
  const second = intArgument(c, 2, "ERR invalid second DB index");
  if (c.failed) return;
  const { keyspace } = c.db;
  const count = keyspace.databases.length;
  if (first < 0 || first >= count || second < 0 || second >= count) {
    c.fail(DB_INDEX_OUT_OF_RANGE);
    return;
  }
  keyspace.swap(first, second);
  c.reply.ok();
}

function flushdb(c: Call): void {
  flush(c, c.db.id);
}

function flushall(c: Call): void {
  flush(c, -1);
}

/** Empties a database, or all of them for -1. */
function flush(c: Call, id: number): void {
  let later = c.server.config.lazyfreeLazyUserFlush;
  if (c.argc === 2 && c.is(1, "sync")) later = false;
  else if (c.argc === 2 && c.is(1, "async")) later = true;
  else if (c.argc !== 1) c.syntaxError();
  if (c.failed) return;
  if (id === -1) c.server.persistence.beforeFlushAll();
  c.db.keyspace.flush(id, later);
  // Also if there was nothing to remove, as in Redis.
  c.propagateWith([]);
  if (id === -1) c.server.persistence.afterFlushAll();
  c.reply.ok();
}

const DELETED_KEYS = [keyRange(1, -1, 1, "RM delete")];
const COUNTED_KEYS = [keyRange(1, -1, 1, "RO")];
const RENAMED_KEY = keyAt(1, "RW access delete");
const UPDATED_KEY = [keyAt(1, "RW update")];
const READ_KEY = [keyAt(1, "RO access")];
const OBJECT_KEY = [keyAt(2, "RO")];
const SUM_OF_SHARDS = ["request_policy:multi_shard", "response_policy:agg_sum"];
const SUM_OF_ALL_SHARDS = ["request_policy:all_shards", "response_policy:agg_sum"];
const ALL_SHARDS_SUCCEED = ["request_policy:all_shards", "response_policy:all_succeeded"];
const CHANGING = ["nondeterministic_output"];
const WRITE_FAST = WRITE | FAST;
const READ_FAST = READONLY | FAST;
const GENERIC = "keyspace";
const DANGEROUS = "keyspace dangerous";

const existence: CommandDefinition[] = [
  { name: "del", arity: -2, flags: WRITE, categories: GENERIC, keys: DELETED_KEYS, tips: SUM_OF_SHARDS, handler: del },
  {
    name: "unlink",
    arity: -2,
    flags: WRITE_FAST,
    categories: GENERIC,
    keys: DELETED_KEYS,
    tips: SUM_OF_SHARDS,
    handler: unlink,
  },
  {
    name: "exists",
    arity: -2,
    flags: READ_FAST,
    categories: GENERIC,
    keys: COUNTED_KEYS,
    tips: SUM_OF_SHARDS,
    handler: exists,
  },
  {
    name: "touch",
    arity: -2,
    flags: READ_FAST,
    categories: GENERIC,
    keys: COUNTED_KEYS,
    tips: SUM_OF_SHARDS,
    handler: touch,
  },
  { name: "type", arity: 2, flags: READ_FAST, categories: GENERIC, keys: [keyAt(1, "RO")], handler: type },
];

const traversal: CommandDefinition[] = [
  {
    name: "keys",
    arity: 2,
    flags: READONLY,
    categories: DANGEROUS,
    tips: ["request_policy:all_shards", "nondeterministic_output_order"],
    handler: keys,
  },
  {
    name: "scan",
    arity: -2,
    flags: READONLY | TOUCHES_ARBITRARY_KEYS,
    categories: GENERIC,
    tips: ["nondeterministic_output", "request_policy:special", "response_policy:special"],
    handler: scan,
  },
  {
    name: "randomkey",
    arity: 1,
    flags: READONLY | TOUCHES_ARBITRARY_KEYS,
    categories: GENERIC,
    tips: ["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
    handler: randomKey,
  },
];

const moving: CommandDefinition[] = [
  {
    name: "rename",
    arity: 3,
    flags: WRITE,
    categories: GENERIC,
    keys: [RENAMED_KEY, keyAt(2, "OW update")],
    handler: rename,
  },
  {
    name: "renamenx",
    arity: 3,
    flags: WRITE_FAST,
    categories: GENERIC,
    keys: [RENAMED_KEY, keyAt(2, "OW insert")],
    handler: renamenx,
  },
  {
    name: "copy",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: GENERIC,
    keys: [keyAt(1, "RO access"), keyAt(2, "OW update")],
    handler: copy,
  },
  {
    name: "move",
    arity: 3,
    flags: WRITE_FAST,
    categories: GENERIC,
    keys: [keyAt(1, "RW access update")],
    handler: move,
  },
];

const expiry: CommandDefinition[] = [
  { name: "expire", arity: -3, flags: WRITE_FAST, categories: GENERIC, keys: UPDATED_KEY, handler: expire },
  { name: "pexpire", arity: -3, flags: WRITE_FAST, categories: GENERIC, keys: UPDATED_KEY, handler: pexpire },
  { name: "expireat", arity: -3, flags: WRITE_FAST, categories: GENERIC, keys: UPDATED_KEY, handler: expireat },
  { name: "pexpireat", arity: -3, flags: WRITE_FAST, categories: GENERIC, keys: UPDATED_KEY, handler: pexpireat },
  { name: "ttl", arity: 2, flags: READ_FAST, categories: GENERIC, keys: READ_KEY, tips: CHANGING, handler: ttl },
  { name: "pttl", arity: 2, flags: READ_FAST, categories: GENERIC, keys: READ_KEY, tips: CHANGING, handler: pttl },
  { name: "expiretime", arity: 2, flags: READ_FAST, categories: GENERIC, keys: READ_KEY, handler: expiretime },
  { name: "pexpiretime", arity: 2, flags: READ_FAST, categories: GENERIC, keys: READ_KEY, handler: pexpiretime },
  { name: "persist", arity: 2, flags: WRITE_FAST, categories: GENERIC, keys: UPDATED_KEY, handler: persist },
];

function objectSubcommand(name: string, handler: (c: Call) => void): CommandDefinition {
  return { name, arity: 3, flags: READONLY, categories: GENERIC, keys: OBJECT_KEY, tips: CHANGING, handler };
}

const object: CommandDefinition = {
  name: "object",
  arity: -2,
  flags: 0,
  categories: "",
  subcommands: [
    objectSubcommand("encoding", objectEncoding),
    objectSubcommand("freq", objectFreq),
    { name: "help", arity: 2, flags: LOADING | STALE, categories: GENERIC, handler: objectHelp },
    objectSubcommand("idletime", objectIdletime),
    objectSubcommand("refcount", objectRefcount),
  ],
};

const databases: CommandDefinition[] = [
  { name: "swapdb", arity: 3, flags: WRITE_FAST, categories: DANGEROUS, handler: swapdb },
  { name: "dbsize", arity: 1, flags: READ_FAST, categories: GENERIC, tips: SUM_OF_ALL_SHARDS, handler: dbsize },
  { name: "flushdb", arity: -1, flags: WRITE, categories: DANGEROUS, tips: ALL_SHARDS_SUCCEED, handler: flushdb },
  { name: "flushall", arity: -1, flags: WRITE, categories: DANGEROUS, tips: ALL_SHARDS_SUCCEED, handler: flushall },
];

export const keyCommands: CommandDefinition[] = [
  ...existence,
  ...traversal,
  ...moving,
  ...expiry,
  object,
  ...databases,
];
