/** Counters: INCR, DECR, INCRBY, DECRBY (64-bit integers) and INCRBYFLOAT (x87 long doubles). */

import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, keyAt, WRITE } from "../../command/command-spec";
import { NO_EXPIRY } from "../../db/entry";
import { EVENT_STRING } from "../../db/keyspace";
import { DECREMENT_OVERFLOW, INCREMENT_OVERFLOW, NOT_A_FLOAT, NOT_AN_INTEGER } from "../../resp/errors";
import { writeLatin1 } from "../../util/bytes";
import { addInt64, int64, parseInt64 } from "../../util/integers";
import { sumOfDecimals } from "../decimal-sum";
import { type ByteRange, setInteger, setUnset, stringBytes, stringToInt64 } from "./string";
import { isWrongType } from "./string-call";

const INT64_MIN_HI = -0x80000000;

function incr(c: Call): void {
  addToInteger(c, 0, 1);
}

function decr(c: Call): void {
  addToInteger(c, -1, 0xffffffff);
}

function incrby(c: Call): void {
  if (parseInt64(c.buf, c.starts[2], c.ends[2])) addToInteger(c, int64.hi, int64.lo);
  else c.fail(NOT_AN_INTEGER);
}

function decrby(c: Call): void {
  if (!parseInt64(c.buf, c.starts[2], c.ends[2])) {
    c.fail(NOT_AN_INTEGER);
    return;
  }
  const { hi, lo } = int64;
  if (hi === INT64_MIN_HI && lo === 0) c.fail(DECREMENT_OVERFLOW);
  else addToInteger(c, lo === 0 ? -hi : ~hi, -lo >>> 0);
}

/** Adds a 64-bit number to the integer at the key of argument 1; the expiry stays. */
function addToInteger(c: Call, hi: number, lo: number): void {
  const ref = c.write(1);
  if (isWrongType(c, ref)) return;
  if (ref === 0) {
    int64.hi = 0;
    int64.lo = 0;
  } else if (!stringToInt64(c.db.keyspace, ref)) {
    c.fail(NOT_AN_INTEGER);
    return;
  }
  if (!addInt64(int64.hi, int64.lo, hi, lo)) {
    c.fail(INCREMENT_OVERFLOW);
    return;
  }
  const sumHi = int64.hi;
  const sumLo = int64.lo;
  setInteger(c.db, ref, c, 1, sumHi, sumLo, expiryOf(c, ref));
  c.changed(1, EVENT_STRING, "incrby");
  c.reply.int64(sumHi, sumLo);
}

function expiryOf(c: Call, ref: number): number {
  return ref === 0 ? NO_EXPIRY : c.db.keyspace.entries.expireAt(ref);
}

const ZERO: ByteRange = { bytes: Uint8Array.of(0x30), at: 0, length: 1 };

/** The result is kept as text, also when it is an integer. Effect: SET key result KEEPTTL. */
function incrbyfloat(c: Call): void {
  const ref = c.write(1);
  if (isWrongType(c, ref)) return;
  const { bytes, at, length } = ref === 0 ? ZERO : stringBytes(c.db.keyspace, ref);
  const sum = sumOfDecimals(c, bytes, at, at + length, 2, NOT_A_FLOAT);
  if (c.failed) return;
  setUnset(c.db, ref, c, 1, sum.length, expiryOf(c, ref));
  const { entries } = c.db.keyspace;
  writeLatin1(sum, entries.bytes, entries.at);
  c.changed(1, EVENT_STRING, "incrbyfloat");
  c.propagateAs("SET", 1, sum, "KEEPTTL");
  c.reply.bulkText(sum);
}

function counter(name: string, arity: number, handler: (c: Call) => void): CommandDefinition {
  const flags = WRITE | DENYOOM | FAST;
  return { name, arity, flags, categories: "string", keys: [keyAt(1, "RW access update")], handler };
}

export const counterCommands: CommandDefinition[] = [
  counter("incr", 2, incr),
  counter("decr", 2, decr),
  counter("incrby", 3, incrby),
  counter("decrby", 3, decrby),
  counter("incrbyfloat", 3, incrbyfloat),
];
