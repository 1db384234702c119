/** String commands: table and handlers. The data is in string.ts. */

import type { Call } from "../command/call";
import { type CommandDefinition, DENYOOM, FAST, keyAt, keyRange, READONLY, WRITE } from "../command/command-spec";
import { NO_EXPIRY, TYPE_STRING } from "../db/entry";
import { EVENT_STRING } from "../db/keyspace";
import { NOT_AN_INTEGER, WRONG_TYPE } from "../resp/errors";
import { addInt64, int64 } from "../util/integers";
import { setInteger, setString, stringBytes, stringToInt64 } from "./string";

/** Writes the string value of an entry, or null for 0. */
function replyString(c: Call, ref: number): void {
  if (ref === 0) {
    c.reply.null();
    return;
  }
  const { bytes, at, length } = stringBytes(c.db.keyspace, ref);
  c.reply.bulk(bytes, at, length);
}

function isWrongType(c: Call, ref: number): boolean {
  if (ref === 0 || c.db.keyspace.entries.type(ref) === TYPE_STRING) return false;
  c.fail(WRONG_TYPE);
  return true;
}

function get(c: Call): void {
  const ref = c.read(1);
  if (!isWrongType(c, ref)) replyString(c, ref);
}

function set(c: Call): void {
  const existing = c.write(1);
  setString(c.db, existing, c.buf, c.starts[1], c.ends[1], c.buf, c.starts[2], c.ends[2], NO_EXPIRY);
  c.changed(1, EVENT_STRING, "set");
  c.reply.ok();
}

function mset(c: Call): void {
  for (let i = 1; i < c.argc; i += 2) {
    const existing = c.write(i);
    setString(c.db, existing, c.buf, c.starts[i], c.ends[i], c.buf, c.starts[i + 1], c.ends[i + 1], NO_EXPIRY);
    c.changed(i, EVENT_STRING, "set");
  }
  c.reply.ok();
}

function incr(c: Call): void {
  addToInteger(c, 0, 1);
}

/** Adds a 64-bit number to the integer at the key of argument 1. */
function addToInteger(c: Call, hi: number, lo: number): void {
  const ref = c.write(1);
  if (isWrongType(c, ref)) return;
  int64.hi = 0;
  int64.lo = 0;
  if (ref !== 0 && !stringToInt64(c.db.keyspace, ref)) {
    c.fail(NOT_AN_INTEGER);
    return;
  }
  if (!addInt64(int64.hi, int64.lo, hi, lo)) {
    c.fail("ERR increment or decrement would overflow");
    return;
  }
  const sumHi = int64.hi;
  const sumLo = int64.lo;
  const expireAt = ref === 0 ? NO_EXPIRY : c.db.keyspace.entries.expireAt(ref);
  setInteger(c.db, ref, c.buf, c.starts[1], c.ends[1], sumHi, sumLo, expireAt);
  c.changed(1, EVENT_STRING, "incrby");
  c.reply.int64(sumHi, sumLo);
}

export const stringCommands: CommandDefinition[] = [
  { name: "get", arity: 2, flags: READONLY | FAST, categories: "string", keys: [keyAt(1, "RO access")], handler: get },
  { name: "set", arity: -3, flags: WRITE | DENYOOM, categories: "string", keys: [keyAt(1, "OW update")], handler: set },
  {
    name: "mset",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: "string",
    keys: [keyRange(1, -1, 2, "OW update")],
    handler: mset,
  },
  {
    name: "incr",
    arity: 2,
    flags: WRITE | DENYOOM | FAST,
    categories: "string",
    keys: [keyAt(1, "RW access update")],
    handler: incr,
  },
];
