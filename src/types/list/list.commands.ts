/** List commands on one list. Those that move elements or look at many keys, and those that wait, have files of their own. */

import { registerValueTools } from "../../admin/debug/value-tools";
import type { Call } from "../../command/call";
import {
  type CommandDefinition,
  DENYOOM,
  FAST,
  type Handler,
  keyAt,
  READONLY,
  WRITE,
} from "../../command/command-spec";
import { TYPE_LIST } from "../../db/entry";
import { EVENT_LIST } from "../../db/keyspace";
import { Listpack } from "../../memory/listpack";
import type { Quicklist } from "../../memory/quicklist";
import { INDEX_OUT_OF_RANGE, NO_SUCH_KEY, OUT_OF_INT64, wrongArity } from "../../resp/errors";
import { closeList, listsOf, quicklistRoot } from "./list";
import {
  afterRemoval,
  beginList,
  countArgument,
  dropList,
  type End,
  indexArgument,
  keepList,
  listForRead,
  listForWrite,
  openFor,
  popMany,
  popOne,
  replyElement,
  replyElements,
  settleRemoval,
} from "./list-call";
import { listMoveCommands } from "./list-move.commands";
import { lpos } from "./list-position";
import { listValueTools } from "./list-value-tools";

registerValueTools(TYPE_LIST, listValueTools);

/** More bytes of elements than this are not foreseen when a list is made: it will hardly stay a listpack. */
const FORESEEN_BYTES = 8192;

// --- LPUSH, RPUSH, LPUSHX, RPUSHX ------------------------------------------------------------------------------------

/** LPUSH key element [element ...]: one by one, so that the last of them becomes the first. */
function push(to: End, onlyExisting: boolean): Handler {
  return (c) => {
    const ref = listForWrite(c, 1);
    if (c.failed) return;
    if (ref === 0 && onlyExisting) c.reply.integer(0);
    else c.reply.integer(pushArguments(c, ref, to));
  };
}

/** Pushes all elements of the call, or none if there is no memory. Returns the length of the list. */
function pushArguments(c: Call, ref: number, to: End): number {
  const length = (c.argc === 3 && ref !== 0 && pushQuickly(c, ref, to)) || pushSlowly(c, ref, to);
  c.changed(1, EVENT_LIST, to === "left" ? "lpush" : "rpush");
  c.db.keyspace.dirty += c.argc - 3;
  return length;
}

/** Pushes the one element of the call, if that is quickly done. Returns the length of the list; 0 if nothing was done. */
function pushQuickly(c: Call, ref: number, to: End): number {
  const { keyspace } = c.db;
  const root = quicklistRoot(keyspace, ref);
  if (root === 0) return 0;
  const { list } = listsOf(keyspace);
  list.setFill(c.server.config.listMaxListpackSize);
  return list.pushQuickly(root, to === "right", c.buf, c.starts[2], c.ends[2]);
}

/** As pushArguments(), but nobody hears of it. */
function pushSlowly(c: Call, ref: number, to: End): number {
  const { list } = listsOf(c.db.keyspace);
  beginList(c, ref, list, ref === 0 ? listpackBytes(c) : 0);
  try {
    pushAll(c, list, to === "right");
    keepList(c, 1, ref, list);
  } catch (error) {
    dropList(c, ref, list);
    throw error;
  }
  return list.length;
}

function pushAll(c: Call, list: Quicklist, atTail: boolean): void {
  const { buf, starts, ends } = c;
  if (c.argc === 3) {
    list.grow(ends[2] - starts[2], 1);
    list.push(atTail, buf, starts[2], ends[2]);
    return;
  }
  let bytes = 0;
  for (let i = 2; i < c.argc; i++) bytes += ends[i] - starts[i];
  list.grow(bytes, c.argc - 2);
  let pushed = 0;
  try {
    for (; pushed < c.argc - 2; pushed++) list.push(atTail, buf, starts[pushed + 2], ends[pushed + 2]);
  } catch (error) {
    list.removeRange(atTail ? list.length - pushed : 0, pushed);
    throw error;
  }
}

/** Bytes that the elements of the call take in a listpack; 0 if that is too much for one. */
function listpackBytes(c: Call): number {
  let bytes = 0;
  for (let i = 2; i < c.argc && bytes <= FORESEEN_BYTES; i++) {
    bytes += Listpack.elementBytes(c.buf, c.starts[i], c.ends[i]);
  }
  return bytes <= FORESEEN_BYTES ? bytes : 0;
}

// --- LPOP, RPOP --------------------------------------------------------------------------------------------------------

/** LPOP key [count]. A count, even of 1, asks for an array. */
function pop(from: End): Handler {
  return (c) => {
    if (c.argc > 3) c.fail(wrongArity(c.command.fullName));
    const count = c.argc === 3 ? countArgument(c, 2, 0) : -1;
    if (c.failed) return;
    const ref = listForWrite(c, 1);
    if (c.failed) return;
    if (ref === 0) {
      if (count < 0) c.reply.null();
      else c.reply.nullArray();
    } else if (count === 0) {
      c.reply.array(0);
    } else if (count < 0) {
      popOne(c, 1, ref, from);
    } else {
      popMany(c, 1, ref, openFor(c, ref), from, count);
    }
  };
}

// --- reading -----------------------------------------------------------------------------------------------------------

function llen(c: Call): void {
  const list = listForRead(c, 1);
  if (!c.failed) c.reply.integer(list === null ? 0 : list.length);
}

/** LINDEX key index. A missing key is null, whatever is wrong with the index. */
function lindex(c: Call): void {
  const list = listForRead(c, 1);
  if (c.failed) return;
  if (list === null) {
    c.reply.null();
    return;
  }
  const index = indexArgument(c, 2);
  if (c.failed) return;
  if (list.seek(index)) replyElement(c, list);
  else c.reply.null();
}

/** The part of a list that LRANGE and LTRIM name: `count` elements from `first` on. */
const range = { first: 0, count: 0 };

/** Sets `range` from two positions, both included, that count from the end of the list if negative. */
function setRange(start: number, stop: number, length: number): void {
  const first = Math.max(start < 0 ? length + start : start, 0);
  const last = Math.min(stop < 0 ? length + stop : stop, length - 1);
  range.first = first;
  range.count = Math.max(last - first + 1, 0);
}

/** LRANGE key start stop. */
function lrange(c: Call): void {
  const start = indexArgument(c, 2);
  const stop = indexArgument(c, 3);
  if (c.failed) return;
  const list = listForRead(c, 1);
  if (c.failed) return;
  if (list === null) {
    c.reply.array(0);
    return;
  }
  setRange(start, stop, list.length);
  replyElements(c, list, range.first, range.count, true);
}

// --- changing ----------------------------------------------------------------------------------------------------------

/** LSET key index element. A key that is missing is told before an index that is wrong. */
function lset(c: Call): void {
  const ref = listForWrite(c, 1);
  if (ref === 0) c.fail(NO_SUCH_KEY);
  const index = indexArgument(c, 2);
  if (c.failed) return;
  const list = openFor(c, ref);
  if (!setElement(c, ref, list, index)) {
    c.fail(INDEX_OUT_OF_RANGE);
    return;
  }
  c.changed(1, EVENT_LIST, "lset");
  c.reply.ok();
}

/** False: there is no such element. The list may have been converted all the same, as in Redis. */
function setElement(c: Call, ref: number, list: Quicklist, index: number): boolean {
  const { buf, starts, ends } = c;
  try {
    list.grow(ends[3] - starts[3], 1);
    if (!list.seek(index)) return false;
    list.replace(buf, starts[3], ends[3]);
    list.shrink();
    return true;
  } finally {
    closeList(c.db.keyspace, list, ref);
  }
}

/** LINSERT key BEFORE|AFTER pivot element. */
function linsert(c: Call): void {
  const after = c.is(2, "after");
  if (!after && !c.is(2, "before")) c.syntaxError();
  if (c.failed) return;
  const ref = listForWrite(c, 1);
  if (c.failed) return;
  if (ref === 0) {
    c.reply.integer(0);
    return;
  }
  const list = openFor(c, ref);
  if (!insertElement(c, ref, list, after)) {
    c.reply.integer(-1);
    return;
  }
  c.changed(1, EVENT_LIST, "linsert");
  c.reply.integer(list.length);
}

/** False: there is no pivot. The list may have been converted all the same, as in Redis. */
function insertElement(c: Call, ref: number, list: Quicklist, after: boolean): boolean {
  const { buf, starts, ends } = c;
  try {
    list.grow(ends[4] - starts[4], 1);
    if (!list.seek(0) || !list.find(buf, starts[3], ends[3])) return false;
    list.insert(after, buf, starts[4], ends[4]);
    return true;
  } finally {
    closeList(c.db.keyspace, list, ref);
  }
}

/** LREM key count element: the first `count` equal elements, the last ones if negative, all if 0. */
function lrem(c: Call): void {
  const count = indexArgument(c, 2);
  // The one integer whose negation is none.
  if (count === -(2 ** 63) && c.text(2) === "-9223372036854775808") c.fail(OUT_OF_INT64);
  if (c.failed) return;
  const ref = listForWrite(c, 1);
  if (c.failed) return;
  const removed = ref === 0 ? 0 : removeEqual(c, openFor(c, ref), count);
  if (removed > 0) {
    c.db.keyspace.dirty += removed - 1;
    c.modified(1);
    settleRemoval(c, 1, ref, listsOf(c.db.keyspace).list, "lrem");
  }
  c.reply.integer(removed);
}

function removeEqual(c: Call, list: Quicklist, count: number): number {
  const { buf, starts, ends } = c;
  const forward = count >= 0;
  const most = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count);
  let removed = 0;
  let more = list.seek(forward ? 0 : -1);
  while (more && removed < most) {
    if (!(forward ? list.find(buf, starts[3], ends[3]) : list.findLast(buf, starts[3], ends[3]))) break;
    more = list.remove(forward);
    removed++;
  }
  return removed;
}

/** LTRIM key start stop: what is outside goes. Announced even if that is nothing. */
function ltrim(c: Call): void {
  const start = indexArgument(c, 2);
  const stop = indexArgument(c, 3);
  if (c.failed) return;
  const ref = listForWrite(c, 1);
  if (c.failed) return;
  if (ref !== 0) {
    const list = openFor(c, ref);
    const { length } = list;
    setRange(start, stop, length);
    list.removeRange(range.first + range.count, length);
    list.removeRange(0, range.count === 0 ? length : range.first);
    c.db.keyspace.dirty += length - list.length - 1;
    afterRemoval(c, 1, ref, list, "ltrim");
  }
  c.reply.ok();
}

// --- table -------------------------------------------------------------------------------------------------------------

function listCommand(
  name: string,
  arity: number,
  flags: number,
  keyFlags: string,
  handler: Handler,
): CommandDefinition {
  return { name, arity, flags, categories: "list", keys: [keyAt(1, keyFlags)], handler };
}

const PUSH = WRITE | DENYOOM | FAST;

export const listCommands: CommandDefinition[] = [
  listCommand("lpush", -3, PUSH, "RW insert", push("left", false)),
  listCommand("rpush", -3, PUSH, "RW insert", push("right", false)),
  listCommand("lpushx", -3, PUSH, "RW insert", push("left", true)),
  listCommand("rpushx", -3, PUSH, "RW insert", push("right", true)),
  listCommand("lpop", -2, WRITE | FAST, "RW access delete", pop("left")),
  listCommand("rpop", -2, WRITE | FAST, "RW access delete", pop("right")),
  listCommand("llen", 2, READONLY | FAST, "RO", llen),
  listCommand("lindex", 3, READONLY, "RO access", lindex),
  listCommand("lset", 4, WRITE | DENYOOM, "RW update", lset),
  listCommand("linsert", 5, WRITE | DENYOOM, "RW insert", linsert),
  listCommand("lrange", 4, READONLY, "RO access", lrange),
  listCommand("ltrim", 4, WRITE, "RW delete", ltrim),
  listCommand("lrem", 4, WRITE, "RW delete", lrem),
  listCommand("lpos", -3, READONLY, "RO access", lpos),
  ...listMoveCommands,
];
