/** Set commands on one set, or on two. The data is in set.ts; random members and algebra have files of their own. */

import { registerValueTools } from "../../admin/debug/value-tools";
import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, keyAt, READONLY, WRITE } from "../../command/command-spec";
import { ENCODING_HASHTABLE, TYPE_SET } from "../../db/entry";
import { EVENT_SET } from "../../db/keyspace";
import { collectionForRead, collectionForWrite, createCollection, createQuietly, removeEmptied } from "../collection";
import { type ScanOptions, scanCollection } from "../scan-argument";
import { type SetLimits, type SetView, setsOf } from "./set";
import { setAlgebraCommands } from "./set-algebra.commands";
import { closeSet, member, nextMember, openSet, replyMembers } from "./set-call";
import type { Member } from "./set-member";
import { setRandomCommands } from "./set-random.commands";
import { setValueTools } from "./set-value-tools";

registerValueTools(TYPE_SET, setValueTools);

// --- SADD, SREM, SMOVE ---------------------------------------------------------------------------------------------

/** SADD key member [member ...]. */
function sadd(c: Call): void {
  const ref = collectionForWrite(c, 1, TYPE_SET);
  if (c.failed) return;
  c.reply.integer(ref === 0 ? addToNew(c) : addToExisting(c, ref));
}

/** Adds the members to the set of an entry; returns how many are new. */
function addToExisting(c: Call, ref: number): number {
  const limits: SetLimits = c.server.config;
  const set = openSet(c, ref);
  let added = 0;
  try {
    set.makeRoom(c.argc - 2, limits);
    for (let i = 2; i < c.argc; i++) if (set.add(nextMember(c, set, i), limits)) added++;
  } finally {
    // Without memory for all of them, those that were added are a change nevertheless.
    closeSet(c, ref, set);
    if (added > 0) announceAdded(c, added);
  }
  return added;
}

function announceAdded(c: Call, added: number): void {
  c.changed(1, EVENT_SET, "sadd");
  c.db.keyspace.dirty += added - 1;
}

/** Makes a set of the members at the key just looked up; returns how many different ones there are. */
function addToNew(c: Call): number {
  const limits: SetLimits = c.server.config;
  const { view } = setsOf(c.db.keyspace);
  view.createFor(member(c, 2), c.argc - 2, limits);
  try {
    for (let i = 2; i < c.argc; i++) view.add(member(c, i), limits);
    createCollection(c, 1, TYPE_SET, view.encoding, view.root);
  } catch (error) {
    view.free();
    throw error;
  }
  announceAdded(c, view.size);
  return view.size;
}

/** SREM key member [member ...]. */
function srem(c: Call): void {
  const ref = collectionForWrite(c, 1, TYPE_SET);
  if (c.failed) return;
  if (ref === 0) {
    c.reply.integer(0);
    return;
  }
  const set = openSet(c, ref);
  let removed = 0;
  for (let i = 2; i < c.argc && set.size > 0; i++) if (set.remove(nextMember(c, set, i))) removed++;
  closeSet(c, ref, set);
  if (removed > 0) {
    c.changed(1, EVENT_SET, "srem");
    c.db.keyspace.dirty += removed - 1;
    if (set.size === 0) removeEmptied(c, 1, ref);
  }
  c.reply.integer(removed);
}

/** SMOVE source destination member. Effect: SREM and SADD. */
function smove(c: Call): void {
  const source = collectionForWrite(c, 1, TYPE_SET);
  if (source === 0) {
    // A missing source is no reason to look at the destination.
    if (!c.failed) c.reply.integer(0);
    return;
  }
  const destination = collectionForWrite(c, 2, TYPE_SET);
  if (c.failed) return;
  const moves = openSet(c, source).has(member(c, 3));
  if (moves && source !== destination) moveMember(c, source, destination);
  c.reply.integer(moves ? 1 : 0);
}

/** Adds before it removes, as only adding can fail; what is heard of it is the other way round. */
function moveMember(c: Call, source: number, destination: number): void {
  const created = destination === 0 ? createMoved(c) : 0;
  const added = created !== 0 || addMoved(c, destination);
  const set = openSet(c, source);
  set.remove(member(c, 3));
  closeSet(c, source, set);
  c.notify(1, EVENT_SET, "srem");
  if (set.size === 0) {
    c.db.peek(c.buf, c.starts[1], c.ends[1]);
    removeEmptied(c, 1, source);
  }
  if (created !== 0) c.db.announceCreated(created);
  c.modified(1);
  if (added) c.changed(2, EVENT_SET, "sadd");
}

/** Adds SMOVE's member to its destination; false if it is there already. */
function addMoved(c: Call, destination: number): boolean {
  const set = openSet(c, destination);
  try {
    return set.add(member(c, 3), c.server.config);
  } finally {
    closeSet(c, destination, set);
  }
}

/** Makes SMOVE's destination, the key just looked up, a set of its member. Returns the entry. */
function createMoved(c: Call): number {
  const limits: SetLimits = c.server.config;
  const { view } = setsOf(c.db.keyspace);
  view.createFor(member(c, 3), 1, limits);
  try {
    view.add(member(c, 3), limits);
    return createQuietly(c, 2, TYPE_SET, view.encoding, view.root);
  } catch (error) {
    view.free();
    throw error;
  }
}

// --- reading -------------------------------------------------------------------------------------------------------

/** SISMEMBER key member. */
function sismember(c: Call): void {
  const ref = collectionForRead(c, 1, TYPE_SET);
  if (c.failed) return;
  c.reply.integer(ref !== 0 && hasArgument(c, openSet(c, ref), 2) ? 1 : 0);
}

function hasArgument(c: Call, set: SetView, i: number): boolean {
  return set.has(nextMember(c, set, i));
}

/** SMISMEMBER key member [member ...]. */
function smismember(c: Call): void {
  const ref = collectionForRead(c, 1, TYPE_SET);
  if (c.failed) return;
  const set = ref === 0 ? null : openSet(c, ref);
  c.reply.array(c.argc - 2);
  for (let i = 2; i < c.argc; i++) c.reply.integer(set !== null && hasArgument(c, set, i) ? 1 : 0);
}

/** SCARD key. */
function scard(c: Call): void {
  const ref = collectionForRead(c, 1, TYPE_SET);
  if (c.failed) return;
  c.reply.integer(ref === 0 ? 0 : openSet(c, ref).size);
}

/** SMEMBERS key. */
function smembers(c: Call): void {
  const ref = collectionForRead(c, 1, TYPE_SET);
  if (c.failed) return;
  const { reply } = c;
  if (ref === 0) {
    reply.set(0);
    return;
  }
  const set = openSet(c, ref);
  reply.set(set.size);
  replyMembers(c, set);
}

// --- SSCAN ---------------------------------------------------------------------------------------------------------

/** SSCAN key cursor [MATCH pattern] [COUNT count]. Small sets are returned whole. */
function sscan(c: Call): void {
  scanCollection(c, TYPE_SET, (call, ref, options) => {
    const set = openSet(call, ref);
    if (set.encoding === ENCODING_HASHTABLE) scanTable(call, set, options);
    else scanAll(call, set, options);
  });
}

function scanAll(c: Call, set: SetView, options: ScanOptions): void {
  const { reply } = c;
  reply.array(2);
  reply.bulkInteger(0);
  const start = reply.begin();
  let count = 0;
  set.each((each) => {
    if (matches(options, each)) {
      each.reply(reply);
      count++;
    }
    return true;
  });
  reply.endArray(start, count);
}

function matches(options: ScanOptions, each: Member): boolean {
  if (options.pattern.isAny) return true;
  each.text();
  return options.pattern.matches(each.buf, each.start, each.end - each.start);
}

/** What a scan found; reused. */
const found: number[] = [];

/** A cursor is a position in hash space, see Dict.scan; one beyond it is behind the last member. */
function scanTable(c: Call, set: SetView, { cursor, count, pattern }: ScanOptions): void {
  const { blocks, table } = set;
  found.length = 0;
  const next = table.scan(cursor, count, (ref) => {
    blocks.locate(ref);
    if (pattern.matches(blocks.bytes, blocks.at, blocks.length)) found.push(ref);
  });
  const { reply } = c;
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(found.length);
  for (const ref of found) {
    blocks.locate(ref);
    reply.bulk(blocks.bytes, blocks.at, blocks.length);
  }
}

// --- table ---------------------------------------------------------------------------------------------------------

export const setCommands: CommandDefinition[] = [
  {
    name: "sadd",
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    categories: "set",
    keys: [keyAt(1, "RW insert")],
    handler: sadd,
  },
  { name: "srem", arity: -3, flags: WRITE | FAST, categories: "set", keys: [keyAt(1, "RW delete")], handler: srem },
  {
    name: "smove",
    arity: 4,
    flags: WRITE | FAST,
    categories: "set",
    keys: [keyAt(1, "RW access delete"), keyAt(2, "RW insert")],
    handler: smove,
  },
  {
    name: "sismember",
    arity: 3,
    flags: READONLY | FAST,
    categories: "set",
    keys: [keyAt(1, "RO")],
    handler: sismember,
  },
  {
    name: "smismember",
    arity: -3,
    flags: READONLY | FAST,
    categories: "set",
    keys: [keyAt(1, "RO access")],
    handler: smismember,
  },
  { name: "scard", arity: 2, flags: READONLY | FAST, categories: "set", keys: [keyAt(1, "RO")], handler: scard },
  {
    name: "smembers",
    arity: 2,
    flags: READONLY,
    categories: "set",
    keys: [keyAt(1, "RO access")],
    tips: ["nondeterministic_output_order"],
    handler: smembers,
  },
  {
    name: "sscan",
    arity: -3,
    flags: READONLY,
    categories: "set",
    keys: [keyAt(1, "RO access")],
    tips: ["nondeterministic_output"],
    handler: sscan,
  },
  ...setRandomCommands,
  ...setAlgebraCommands,
];
