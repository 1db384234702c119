/**
 * BITFIELD and BITFIELD_RO. The operations are parsed twice instead of being kept: first all of them, to find errors and
 * how long the string has to be before anything is touched, then each where it is executed.
 */

import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, keyAt, READONLY, WRITE } from "../../command/command-spec";
import { EVENT_STRING } from "../../db/keyspace";
import type { BlockGuard } from "../../memory/block-guard";
import { BITFIELD_OVERFLOW, BITFIELD_RO_ONLY_GET, NOT_AN_INTEGER } from "../../resp/errors";
import { addInt64, int64, parseInt64 } from "../../util/integers";
import { guardOf } from "../string/string";
import { isWrongType } from "../string/string-call";
import {
  countsAsLarge,
  type Field,
  fitField,
  OVERFLOW_FAIL,
  OVERFLOW_SAT,
  OVERFLOW_WRAP,
  readField,
  writeField,
} from "./bitfield";
import { bitOffset, fieldType } from "./bitfield-argument";
import { extendBitmap, locateBits } from "./bitmap";

const NOTHING = 0;
const GET = 1;
const SET = 2;
const INCRBY = 3;
const OVERFLOW = 4;

/** One operation, parsed. */
interface Operation extends Field {
  kind: number;
  /** What SET and INCRBY take: a 64-bit integer. */
  hi: number;
  lo: number;
  /** In force from the last OVERFLOW on. */
  overflow: number;
  /** Argument behind the operation. */
  next: number;
}

const operation: Operation = {
  kind: NOTHING,
  bits: 1,
  signed: false,
  offset: 0,
  hi: 0,
  lo: 0,
  overflow: OVERFLOW_WRAP,
  next: 0,
};

/** What a first look at all operations found. */
const plan = { replies: 0, writes: false, lastBit: 0 };

/** The word at argument i with enough arguments behind it, or NOTHING. */
function kindAt(c: Call, i: number): number {
  const behind = c.argc - i - 1;
  if (behind >= 2 && c.is(i, "get")) return GET;
  if (behind >= 3 && c.is(i, "set")) return SET;
  if (behind >= 3 && c.is(i, "incrby")) return INCRBY;
  return behind >= 1 && c.is(i, "overflow") ? OVERFLOW : NOTHING;
}

/** Parses the operation at argument i into `operation`. Fails if it is none. */
function parseOperation(c: Call, i: number): void {
  operation.kind = kindAt(c, i);
  if (operation.kind === NOTHING) {
    c.syntaxError();
    return;
  }
  if (operation.kind === OVERFLOW) {
    parseOverflow(c, i + 1);
    operation.next = i + 2;
    return;
  }
  fieldType(c, i + 1, operation);
  if (!c.failed) operation.offset = bitOffset(c, i + 2, operation.bits);
  operation.next = i + 3;
  if (operation.kind !== GET && !c.failed) parseValue(c, operation.next++);
}

function parseOverflow(c: Call, i: number): void {
  if (c.is(i, "wrap")) operation.overflow = OVERFLOW_WRAP;
  else if (c.is(i, "sat")) operation.overflow = OVERFLOW_SAT;
  else if (c.is(i, "fail")) operation.overflow = OVERFLOW_FAIL;
  else c.fail(BITFIELD_OVERFLOW);
}

function parseValue(c: Call, i: number): void {
  if (!parseInt64(c.buf, c.starts[i], c.ends[i])) c.fail(NOT_AN_INTEGER);
  operation.hi = int64.hi;
  operation.lo = int64.lo;
}

/** Parses all operations, and sets `plan`. */
function parseAll(c: Call): void {
  plan.replies = 0;
  plan.writes = false;
  plan.lastBit = 0;
  operation.overflow = OVERFLOW_WRAP;
  for (let i = 2; i < c.argc && !c.failed; i = operation.next) {
    parseOperation(c, i);
    if (operation.kind === OVERFLOW) continue;
    plan.replies++;
    if (operation.kind === GET) continue;
    plan.writes = true;
    plan.lastBit = Math.max(plan.lastBit, operation.offset + operation.bits - 1);
  }
}

// --- execution -----------------------------------------------------------------------------------------------------

/** BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET|INCRBY type offset value ...]. */
function bitfield(c: Call): void {
  parseAll(c);
  if (c.failed) return;
  if (plan.writes) changeFields(c);
  else readFields(c);
}

/** BITFIELD_RO key [GET type offset ...]. */
function bitfieldRo(c: Call): void {
  parseAll(c);
  if (plan.writes) c.fail(BITFIELD_RO_ONLY_GET);
  if (!c.failed) readFields(c);
}

function readFields(c: Call): void {
  const ref = c.read(1);
  if (isWrongType(c, ref)) return;
  const { bytes, at, length } = locateBits(c.db.keyspace, ref);
  c.reply.array(plan.replies);
  for (let i = 2; i < c.argc; i = operation.next) {
    parseOperation(c, i);
    if (operation.kind === GET) replyField(c, bytes, at, at + length);
  }
}

function replyField(c: Call, bytes: Uint8Array, at: number, end: number): void {
  readField(operation, bytes, at, end);
  c.reply.int64(int64.hi, int64.lo);
}

/** Makes room up to the last bit that is written, also where the write then fails on overflow. */
function changeFields(c: Call): void {
  const ref = c.write(1);
  if (isWrongType(c, ref)) return;
  const { entries } = c.db.keyspace;
  const guard = guardOf(entries, ref);
  const grew = extendBitmap(c.db, ref, c, 1, Math.floor(plan.lastBit / 8) + 1);
  const { bytes, at, length } = entries;
  let changes = 0;
  operation.overflow = OVERFLOW_WRAP;
  c.reply.array(plan.replies);
  for (let i = 2; i < c.argc; i = operation.next) {
    parseOperation(c, i);
    if (operation.kind === GET) replyField(c, bytes, at, at + length);
    else if (operation.kind !== OVERFLOW && changeField(c, bytes, at, at + length, grew, guard)) changes++;
  }
  if (changes === 0) return;
  c.changed(1, EVENT_STRING, "setbit");
  c.db.keyspace.dirty += changes - 1;
}

/**
 * Executes SET, which replies with the old value, or INCRBY, which replies with the new one. Returns whether it counts
 * as a change: in a string that grew for it, every write does.
 */
function changeField(
  c: Call,
  bytes: Uint8Array,
  at: number,
  end: number,
  grew: boolean,
  guard: BlockGuard | null,
): boolean {
  readField(operation, bytes, at, end);
  const { hi, lo } = int64;
  const overflows = operation.kind === SET ? takeValue() : addValue();
  if (overflows && operation.overflow === OVERFLOW_FAIL) {
    c.reply.null();
    return false;
  }
  if (operation.kind === SET) c.reply.int64(hi, lo);
  else c.reply.int64(int64.hi, int64.lo);
  const changes = grew || int64.hi !== hi || int64.lo !== lo;
  guard?.changing(Math.floor(operation.offset / 8), Math.floor((operation.offset + operation.bits - 1) / 8) + 1);
  writeField(operation, bytes, at);
  return changes;
}

/** Sets `int64` to the operation's value as it fits. */
function takeValue(): boolean {
  int64.hi = operation.hi;
  int64.lo = operation.lo;
  return fitField(operation, operation.overflow, countsAsLarge(operation, int64.hi, int64.lo) ? 1 : 0);
}

/** Adds the operation's value to `int64`, as it fits. */
function addValue(): boolean {
  const isExact = addInt64(int64.hi, int64.lo, operation.hi, operation.lo);
  const direction = operation.hi < 0 ? -1 : 1;
  return fitField(operation, operation.overflow, isExact ? 0 : direction);
}

export const bitfieldCommands: CommandDefinition[] = [
  {
    name: "bitfield",
    arity: -2,
    flags: WRITE | DENYOOM,
    categories: "bitmap",
    keys: [
      {
        ...keyAt(1, "RW access update variable_flags"),
        notes: "This command allows both access and modification of the key",
      },
    ],
    handler: bitfield,
  },
  {
    name: "bitfield_ro",
    arity: -2,
    flags: READONLY | FAST,
    categories: "bitmap",
    keys: [keyAt(1, "RO access")],
    handler: bitfieldRo,
  },
];
