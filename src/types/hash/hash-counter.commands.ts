/** HINCRBY (64-bit integers) and HINCRBYFLOAT (x87 long doubles): a field's expiry stays. */

import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, WRITE } from "../../command/command-spec";
import { TYPE_HASH } from "../../db/entry";
import {
  FLOAT_NOT_FINITE,
  HASH_VALUE_NOT_A_FLOAT,
  HASH_VALUE_NOT_AN_INTEGER,
  INCREMENT_OVERFLOW,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
} from "../../resp/errors";
import { bytesOf } from "../../util/bytes";
import { addInt64, int64, MAX_INT64_TEXT, parseInt64, writeInt64 } from "../../util/integers";
import { addShortDecimals, isFiniteLongDouble, parseLongDouble } from "../../util/long-double";
import { collectionForWrite } from "../collection";
import { sumOfDecimals } from "../decimal-sum";
import type { Hashes } from "./hash";
import { announceExpired, announceSet, findAlive, openHash, openOrCreate } from "./hash-call";
import { hashCommand } from "./hash-definition.commands";
import { NO_FIELD_EXPIRY } from "./hash-field";
import { hashType } from "./hash-type";

const ZERO = Uint8Array.of(0x30);
const digits = Buffer.alloc(MAX_INT64_TEXT + 1);

/** Whether there is a field of argument 2, and its value, or "0": value[at, end). */
let isThere = false;
let value: Uint8Array = ZERO;
let at = 0;
let end = 1;

/** Looks for the value of the field of argument 2 of the entry `ref`. */
function locateOperand(c: Call, ref: number): void {
  const hashes = ref === 0 ? null : openHash(c, ref);
  isThere = hashes !== null && findAlive(c, hashes, 2, 2);
  if (hashes === null || !isThere) {
    value = ZERO;
    at = 0;
    end = 1;
    return;
  }
  hashes.locateValue();
  value = hashes.value;
  at = hashes.at;
  end = at + hashes.length;
}

/** Sets the field of argument 2, which was just looked for in the entry `ref`, to the text of the sum. */
function storeSum(c: Call, ref: number, text: Uint8Array, length: number, event: string): void {
  const { buf, starts, ends } = c;
  const hashes = openForSum(c, ref);
  let stored = 0;
  try {
    if (isThere) hashes.store(true, buf, starts[2], ends[2], text, 0, length, true);
    else hashes.put(buf, starts[2], ends[2], text, 0, length);
    stored = 1;
  } finally {
    // Nothing of the heap is held on to.
    value = ZERO;
    announceSet(c, hashes, stored, event);
  }
}

/** The hash that the sum goes to: a new one if there was none, or if the field that has expired was its last. */
function openForSum(c: Call, ref: number): Hashes {
  if (ref === 0) return openOrCreate(c, 0, c.argc);
  const { hashes } = hashType(c.db.keyspace);
  return announceExpired(c, hashes) ? openOrCreate(c, c.write(1), c.argc) : hashes;
}

/** HINCRBY key field increment. Effect: the command itself, or HSET. */
function hincrby(c: Call): void {
  if (!parseInt64(c.buf, c.starts[3], c.ends[3])) {
    c.fail(NOT_AN_INTEGER);
    return;
  }
  const { hi, lo } = int64;
  const ref = collectionForWrite(c, 1, TYPE_HASH);
  if (c.failed) return;
  locateOperand(c, ref);
  if (!parseInt64(value, at, end)) {
    c.fail(HASH_VALUE_NOT_AN_INTEGER);
    return;
  }
  if (!addInt64(int64.hi, int64.lo, hi, lo)) {
    c.fail(INCREMENT_OVERFLOW);
    return;
  }
  const sumHi = int64.hi;
  const sumLo = int64.lo;
  storeSum(c, ref, digits, writeInt64(sumHi, sumLo, digits, 0), "hincrby");
  c.reply.int64(sumHi, sumLo);
}

/**
 * HINCRBYFLOAT key field increment. Effect: HSET key field sum; of a field that expires HSETEX, for HSET would let it live
 * for ever.
 */
function hincrbyfloat(c: Call): void {
  checkIncrement(c);
  const ref = c.failed ? 0 : collectionForWrite(c, 1, TYPE_HASH);
  if (c.failed) return;
  locateOperand(c, ref);
  const sum = sumOfDecimals(c, value, at, end, 3, HASH_VALUE_NOT_A_FLOAT);
  if (c.failed) return;
  const expires = isThere && hashType(c.db.keyspace).hashes.expireAt !== NO_FIELD_EXPIRY;
  storeSum(c, ref, bytesOf(sum), sum.length, "hincrbyfloat");
  if (expires) c.propagateAs("HSETEX", 1, "KEEPTTL", "FIELDS", "1", 2, sum);
  else c.propagateAs("HSET", 1, 2, sum);
  c.reply.bulkText(sum);
}

/** Fails unless argument 3 is a number, and a finite one. */
function checkIncrement(c: Call): void {
  const { buf, starts, ends } = c;
  if (addShortDecimals(ZERO, 0, 1, buf, starts[3], ends[3]) !== null) return;
  const increment = parseLongDouble(buf, starts[3], ends[3]);
  if (increment === null) c.fail(NOT_A_FLOAT);
  else if (!isFiniteLongDouble(increment)) c.fail(FLOAT_NOT_FINITE);
}

export const hashCounterCommands: CommandDefinition[] = [
  hashCommand("hincrby", 4, WRITE | DENYOOM | FAST, "RW access update", hincrby),
  hashCommand("hincrbyfloat", 4, WRITE | DENYOOM | FAST, "RW access update", hincrbyfloat),
];
