/**
 * List commands on several lists: LMOVE and LMPOP with their older and their blocking forms, BLPOP and BRPOP.
 *
 * A blocking command is the other one, if there is something to pop. If not, it waits, and is run again from the start
 * when a list comes to one of its keys. Effects: a pop is LPOP or RPOP of a key and a count, a move is LMOVE.
 */

import type { Call } from "../../command/call";
import {
  BLOCKING,
  type CommandDefinition,
  DENYOOM,
  type Handler,
  type KeySpec,
  keyAt,
  keyRange,
  MOVABLE_KEYS,
  WRITE,
} from "../../command/command-spec";
import { TYPE_LIST } from "../../db/entry";
import { EVENT_LIST } from "../../db/keyspace";
import type { Quicklist } from "../../memory/quicklist";
import { COUNT_NOT_POSITIVE, NUMKEYS_NOT_POSITIVE } from "../../resp/errors";
import { closeList, listsOf } from "./list";
import {
  afterRemoval,
  countArgument,
  type End,
  endArgument,
  listForWrite,
  openFor,
  popMany,
  popOne,
  pushOne,
  replyElement,
} from "./list-call";

// --- LMOVE, RPOPLPUSH, BLMOVE, BRPOPLPUSH ----------------------------------------------------------------------------

const SOURCE = 1;
const DESTINATION = 2;

/** Moves an element, if there is a source. False if there is none: then nothing was replied. */
function tryMove(c: Call, from: End, to: End): boolean {
  const source = listForWrite(c, SOURCE);
  if (source === 0) return c.failed;
  const destination = listForWrite(c, DESTINATION);
  if (c.failed) return true;
  const list = openFor(c, source);
  list.seek(from === "left" ? 0 : -1);
  if (source === destination) rotate(c, source, list, from, to);
  else move(c, source, destination, list, from, to);
  return true;
}

/** The reply comes first, and the removal last: what is between may fail for want of memory. */
function move(c: Call, source: number, destination: number, list: Quicklist, from: End, to: End): void {
  const { value, at, length } = list.read();
  c.reply.bulk(value, at, length);
  pushOne(c, DESTINATION, destination, to, value, at, at + length);
  c.changed(DESTINATION, EVENT_LIST, pushEvent(to));
  finishMove(c, source, list, from);
}

/** As move(), where source and destination are one list. */
function rotate(c: Call, ref: number, list: Quicklist, from: End, to: End): void {
  const { keyspace } = c.db;
  replyElement(c, list);
  const { value, at, length } = list.read();
  const text = listsOf(keyspace).copyText(value, at, length);
  try {
    list.push(to === "right", text, 0, length);
  } finally {
    closeList(keyspace, list, ref);
  }
  c.changed(DESTINATION, EVENT_LIST, pushEvent(to));
  finishMove(c, ref, list, from);
}

/** Removes what was moved. A move is one change, of two keys. */
function finishMove(c: Call, source: number, list: Quicklist, from: End): void {
  c.db.keyspace.dirty--;
  list.removeRange(from === "left" ? 0 : list.length - 1, 1);
  afterRemoval(c, SOURCE, source, list, popEvent(from));
}

function pushEvent(to: End): string {
  return to === "left" ? "lpush" : "rpush";
}

function popName(from: End): string {
  return from === "left" ? "LPOP" : "RPOP";
}

function popEvent(from: End): string {
  return from === "left" ? "lpop" : "rpop";
}

function lmove(c: Call): void {
  const from = endArgument(c, 3);
  const to = endArgument(c, 4);
  if (!c.failed && !tryMove(c, from, to)) c.reply.null();
}

function rpoplpush(c: Call): void {
  if (!tryMove(c, "right", "left")) c.reply.null();
}

function blmove(c: Call): void {
  const from = endArgument(c, 3);
  const to = endArgument(c, 4);
  moveOrWait(c, from, to, 5);
}

function brpoplpush(c: Call): void {
  moveOrWait(c, "right", "left", 3);
}

function moveOrWait(c: Call, from: End, to: End, timeoutAt: number): void {
  const timeout = c.blockTimeout(timeoutAt);
  if (c.failed) return;
  if (tryMove(c, from, to)) {
    if (c.failed) return;
    if (timeoutAt === 3) c.propagateAs("RPOPLPUSH", SOURCE, DESTINATION);
    else c.propagateAs("LMOVE", SOURCE, DESTINATION, 3, 4);
    return;
  }
  c.block({ type: TYPE_LIST, first: SOURCE, count: 1, timeout, onTimeout: "nullArray", unlessAllowed: "null" });
}

// --- BLPOP, BRPOP ------------------------------------------------------------------------------------------------------

/** BLPOP key [key ...] timeout. */
function blockingPop(from: End): Handler {
  return (c) => {
    const timeout = c.blockTimeout(c.argc - 1);
    const count = c.argc - 2;
    if (c.failed) return;
    const i = firstList(c, 1, count);
    if (c.failed) return;
    if (i === 0) {
      c.block({ type: TYPE_LIST, first: 1, count, timeout, onTimeout: "nullArray" });
      return;
    }
    c.reply.array(2);
    c.reply.bulk(c.buf, c.starts[i], c.size(i));
    popOne(c, i, found, from);
    c.propagateAs(popName(from), i);
  };
}

/** The entry of the list that firstList() found. */
let found = 0;

/** The first of `count` arguments from `first` on that is a key with a list; 0 if none is, or if the call has failed. */
function firstList(c: Call, first: number, count: number): number {
  for (let i = first; i < first + count; i++) {
    found = listForWrite(c, i);
    if (c.failed) return 0;
    if (found !== 0) return i;
  }
  return 0;
}

// --- LMPOP, BLMPOP -----------------------------------------------------------------------------------------------------

/** What LMPOP and BLMPOP say: pop `count` elements at `from` of the first list among `keys` keys from `first` on. */
interface MultiPop {
  first: number;
  keys: number;
  from: End;
  count: number;
}

const multiPop: MultiPop = { first: 0, keys: 0, from: "left", count: 1 };

/** Parses `numkeys key [key ...] LEFT|RIGHT [COUNT count]` from argument i on. */
function parseMultiPop(c: Call, i: number): void {
  const keys = countArgument(c, i, 1, NUMKEYS_NOT_POSITIVE);
  const end = i + keys + 1;
  if (end >= c.argc) c.syntaxError();
  if (c.failed) return;
  multiPop.first = i + 1;
  multiPop.keys = keys;
  multiPop.from = endArgument(c, end);
  multiPop.count = 1;
  if (end + 1 === c.argc) return;
  if (end + 2 < c.argc && c.is(end + 1, "count")) multiPop.count = countArgument(c, end + 2, 1, COUNT_NOT_POSITIVE);
  else c.syntaxError();
  if (end + 3 < c.argc) c.syntaxError();
}

/** Pops, if there is a list. False if there is none: then nothing was replied. */
function tryMultiPop(c: Call): boolean {
  const i = firstList(c, multiPop.first, multiPop.keys);
  if (i === 0) return c.failed;
  c.reply.array(2);
  c.reply.bulk(c.buf, c.starts[i], c.size(i));
  const popped = popMany(c, i, found, openFor(c, found), multiPop.from, multiPop.count);
  if (c.isPropagated) c.propagateAs(popName(multiPop.from), i, String(popped));
  return true;
}

function lmpop(c: Call): void {
  parseMultiPop(c, 1);
  if (!c.failed && !tryMultiPop(c)) c.reply.nullArray();
}

/** BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]. What is wrong with the timeout is told last. */
function blmpop(c: Call): void {
  parseMultiPop(c, 2);
  if (c.failed) return;
  const timeout = c.blockTimeout(1);
  if (c.failed || tryMultiPop(c)) return;
  const { first, keys } = multiPop;
  c.block({ type: TYPE_LIST, first, count: keys, timeout, onTimeout: "nullArray" });
}

// --- table -------------------------------------------------------------------------------------------------------------

function moveCommand(name: string, arity: number, flags: number, handler: Handler): CommandDefinition {
  const keys = [keyAt(SOURCE, "RW access delete"), keyAt(DESTINATION, "RW insert")];
  return { name, arity, flags: WRITE | DENYOOM | flags, categories: "list", keys, handler };
}

function popCommand(name: string, arity: number, flags: number, keys: KeySpec, handler: Handler): CommandDefinition {
  return { name, arity, flags: WRITE | flags, categories: "list", keys: [keys], handler };
}

/** Keys behind their number, which is argument i. */
function countedKeys(i: number): KeySpec {
  return {
    flags: ["RW", "access", "delete"],
    begin: { index: i },
    find: { keynum: 0, firstKey: 1, step: 1 },
  };
}

const ALL_BUT_TIMEOUT = keyRange(1, -2, 1, "RW access delete");

export const listMoveCommands: CommandDefinition[] = [
  moveCommand("lmove", 5, 0, lmove),
  moveCommand("rpoplpush", 3, 0, rpoplpush),
  moveCommand("blmove", 6, BLOCKING, blmove),
  moveCommand("brpoplpush", 4, BLOCKING, brpoplpush),
  popCommand("blpop", -3, BLOCKING, ALL_BUT_TIMEOUT, blockingPop("left")),
  popCommand("brpop", -3, BLOCKING, ALL_BUT_TIMEOUT, blockingPop("right")),
  popCommand("lmpop", -4, MOVABLE_KEYS, countedKeys(1), lmpop),
  popCommand("blmpop", -5, BLOCKING | MOVABLE_KEYS, countedKeys(2), blmpop),
];
