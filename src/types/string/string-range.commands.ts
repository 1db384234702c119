/** String commands on parts of a value: APPEND, STRLEN, SETRANGE, GETRANGE and SUBSTR, its old name. */

import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, keyAt, READONLY, WRITE } from "../../command/command-spec";
import { NO_EXPIRY } from "../../db/entry";
import { EVENT_STRING } from "../../db/keyspace";
import { NOT_AN_INTEGER, OFFSET_OUT_OF_RANGE } from "../../resp/errors";
import { parseInt64Rounded } from "../../util/integers";
import { appendString, overwriteString, setString, stringBytes, stringLength } from "./string";
import { isTooLong, isWrongType } from "./string-call";

/** Argument i as a 64-bit integer, rounded from 2^53 on: all positions out there are behind every string. */
function position(c: Call, i: number): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (!Number.isNaN(value)) return value;
  c.fail(NOT_AN_INTEGER);
  return 0;
}

/** Also an empty text appended to a string is a change, and makes the string raw. */
function append(c: Call): void {
  const ref = c.write(1);
  if (isWrongType(c, ref)) return;
  let length = c.size(2);
  if (ref === 0) {
    setString(c.db, ref, c, 1, 2, NO_EXPIRY);
  } else {
    if (isTooLong(c, stringLength(c.db.keyspace, ref) + length)) return;
    length = appendString(c.db, ref, c, 1, 2);
  }
  c.changed(1, EVENT_STRING, "append");
  c.reply.integer(length);
}

function strlen(c: Call): void {
  const ref = c.read(1);
  if (isWrongType(c, ref)) return;
  c.reply.integer(ref === 0 ? 0 : stringLength(c.db.keyspace, ref));
}

/** SETRANGE key offset value. An empty value changes nothing, wherever it is to be written. */
function setrange(c: Call): void {
  const offset = position(c, 2);
  if (offset < 0) c.fail(OFFSET_OUT_OF_RANGE);
  if (c.failed) return;
  const ref = c.write(1);
  if (isWrongType(c, ref)) return;
  if (c.size(3) === 0) {
    c.reply.integer(ref === 0 ? 0 : stringLength(c.db.keyspace, ref));
    return;
  }
  if (isTooLong(c, offset + c.size(3))) return;
  const length = overwriteString(c.db, ref, c, 1, offset, 3);
  c.changed(1, EVENT_STRING, "setrange");
  c.reply.integer(length);
}

/** GETRANGE key start end: both inclusive, negative ones counted from the end. */
function getrange(c: Call): void {
  const start = position(c, 2);
  const end = position(c, 3);
  if (c.failed) return;
  const ref = c.read(1);
  if (isWrongType(c, ref)) return;
  if (ref === 0 || (start < 0 && end < 0 && start > end)) {
    c.reply.bulkText("");
    return;
  }
  const { bytes, at, length } = stringBytes(c.db.keyspace, ref);
  const first = Math.max(start < 0 ? length + start : start, 0);
  const last = Math.min(Math.max(end < 0 ? length + end : end, 0), length - 1);
  if (first > last) c.reply.bulkText("");
  else c.reply.bulk(bytes, at + first, last - first + 1);
}

export const rangeCommands: CommandDefinition[] = [
  {
    name: "append",
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    categories: "string",
    keys: [keyAt(1, "RW insert")],
    handler: append,
  },
  { name: "strlen", arity: 2, flags: READONLY | FAST, categories: "string", keys: [keyAt(1, "RO")], handler: strlen },
  {
    name: "setrange",
    arity: 4,
    flags: WRITE | DENYOOM,
    categories: "string",
    keys: [keyAt(1, "RW update")],
    handler: setrange,
  },
  {
    name: "getrange",
    arity: 4,
    flags: READONLY,
    categories: "string",
    keys: [keyAt(1, "RO access")],
    handler: getrange,
  },
  {
    name: "substr",
    arity: 4,
    flags: READONLY,
    categories: "string",
    keys: [keyAt(1, "RO access")],
    handler: getrange,
  },
];
