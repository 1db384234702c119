/** Bitmap commands: SETBIT, GETBIT, BITCOUNT, BITPOS and BITOP. BITFIELD is in bitfield.commands. */

import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, keyAt, keyRange, READONLY, WRITE } from "../../command/command-spec";
import { EVENT_GENERIC, EVENT_STRING } from "../../db/keyspace";
import { BIT_NOT_0_OR_1, BIT_OUT_OF_RANGE, BITOP_NOT_OF_ONE, NOT_AN_INTEGER } from "../../resp/errors";
import { parseInt64Rounded } from "../../util/integers";
import { guardOf } from "../string/string";
import { isWrongType } from "../string/string-call";
import { BIT_AND, BIT_NOT, BIT_OR, BIT_XOR, BitOperation } from "./bit-operation";
import { bitfieldCommands } from "./bitfield.commands";
import { bitOffset } from "./bitfield-argument";
import { bitAt, countBits, extendBitmap, findBit, locateBits } from "./bitmap";

/** SETBIT key offset value. The string becomes raw also where the bit has that value already: then nothing changed. */
function setbit(c: Call): void {
  const offset = bitOffset(c, 2);
  const bit = c.integer(3, BIT_OUT_OF_RANGE);
  if (bit !== 0 && bit !== 1) c.fail(BIT_OUT_OF_RANGE);
  if (c.failed) return;
  const ref = c.write(1);
  if (isWrongType(c, ref)) return;
  const byte = Math.floor(offset / 8);
  const { entries } = c.db.keyspace;
  const guard = guardOf(entries, ref);
  const grew = extendBitmap(c.db, ref, c, 1, byte + 1);
  const { bytes, at } = entries;
  const mask = 0x80 >>> (offset % 8);
  const old = (bytes[at + byte] & mask) === 0 ? 0 : 1;
  if (grew || old !== bit) {
    guard?.changing(byte, byte + 1);
    bytes[at + byte] ^= old === bit ? 0 : mask;
    c.changed(1, EVENT_STRING, "setbit");
  }
  c.reply.integer(old);
}

function getbit(c: Call): void {
  const offset = bitOffset(c, 2);
  if (c.failed) return;
  const ref = c.read(1);
  if (isWrongType(c, ref)) return;
  c.reply.integer(bitAt(locateBits(c.db.keyspace, ref), offset));
}

// --- ranges --------------------------------------------------------------------------------------------------------

/** Argument i as a 64-bit integer, rounded from 2^53 on: all positions out there are outside of every string. */
function position(c: Call, i: number): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (!Number.isNaN(value)) return value;
  c.fail(NOT_AN_INTEGER);
  return 0;
}

/** Whether the positions of arguments i and i + 1, both negative, are in the wrong order. */
function areReversed(c: Call, i: number, start: number, end: number): boolean {
  if (start !== end || start >= -Number.MAX_SAFE_INTEGER) return start > end;
  return BigInt(c.text(i)) > BigInt(c.text(i + 1));
}

/** Whether argument i says BIT; BYTE is the other choice, and what holds without the argument. */
function isInBits(c: Call, i: number): boolean {
  if (i >= c.argc || c.is(i, "byte")) return false;
  if (c.is(i, "bit")) return true;
  c.syntaxError();
  return false;
}

/** The range in bits, both ends included, that setRange() computed; empty if `last` is less. */
const range = { first: 0, last: 0 };

/** Sets `range` from positions in `unit` bits (1 or 8), negative ones counted from the end of `length` bytes. */
function setRange(start: number, end: number, unit: number, length: number): void {
  const total = (length * 8) / unit;
  const first = Math.max(start < 0 ? total + start : start, 0);
  const last = Math.min(Math.max(end < 0 ? total + end : end, 0), total - 1);
  range.first = first * unit;
  range.last = first > last ? -1 : last * unit + unit - 1;
}

/** BITCOUNT key [start end [BYTE|BIT]]. A missing key has no ones, whatever is wrong with the range. */
function bitcount(c: Call): void {
  const ref = c.read(1);
  if (ref === 0) c.reply.integer(0);
  if (ref === 0 || isWrongType(c, ref)) return;
  if (c.argc === 3 || c.argc > 5) {
    c.syntaxError();
    return;
  }
  const start = c.argc > 2 ? position(c, 2) : 0;
  const end = c.argc > 2 ? position(c, 3) : -1;
  if (c.failed) return;
  if (start < 0 && end < 0 && areReversed(c, 2, start, end)) {
    c.reply.integer(0);
    return;
  }
  const unit = isInBits(c, 4) ? 1 : 8;
  if (c.failed) return;
  const bits = locateBits(c.db.keyspace, ref);
  setRange(start, end, unit, bits.length);
  c.reply.integer(range.last < range.first ? 0 : countBits(bits, range.first, range.last));
}

/**
 * BITPOS key bit [start [end [BYTE|BIT]]]. Zeros follow a string, unless an end is given; a missing key is all zeros,
 * whatever is wrong with the range.
 */
function bitpos(c: Call): void {
  const bit = position(c, 2);
  if (bit !== 0 && bit !== 1) c.fail(BIT_NOT_0_OR_1);
  if (c.failed) return;
  const ref = c.read(1);
  if (ref === 0) c.reply.integer(bit === 1 ? -1 : 0);
  if (ref === 0 || isWrongType(c, ref)) return;
  if (c.argc > 6) {
    c.syntaxError();
    return;
  }
  const start = c.argc > 3 ? position(c, 3) : 0;
  const unit = isInBits(c, 5) ? 1 : 8;
  const end = c.argc > 4 ? position(c, 4) : -1;
  if (c.failed) return;
  const bits = locateBits(c.db.keyspace, ref);
  setRange(start, end, unit, bits.length);
  if (range.last < range.first) {
    c.reply.integer(-1);
    return;
  }
  const found = findBit(bits, bit, range.first, range.last);
  c.reply.integer(found < 0 && bit === 0 && c.argc < 5 ? bits.length * 8 : found);
}

// --- BITOP ---------------------------------------------------------------------------------------------------------

const bitOperation = new BitOperation();

/** The operation at argument i. */
function operationAt(c: Call, i: number): number {
  if (c.is(i, "and")) return BIT_AND;
  if (c.is(i, "or")) return BIT_OR;
  if (c.is(i, "xor")) return BIT_XOR;
  if (c.is(i, "not")) return BIT_NOT;
  c.syntaxError();
  return BIT_NOT;
}

/** BITOP AND|OR|XOR|NOT destkey key [key ...]. An empty result deletes the key. */
function bitop(c: Call): void {
  const operation = operationAt(c, 1);
  if (operation === BIT_NOT && c.argc !== 4) c.fail(BITOP_NOT_OF_ONE);
  if (c.failed) return;
  bitOperation.begin();
  for (let i = 3; i < c.argc; i++) {
    const ref = c.read(i);
    if (isWrongType(c, ref)) return;
    bitOperation.add(c.db.keyspace, ref);
  }
  const { length } = bitOperation;
  if (length > 0) {
    bitOperation.run(c.db.keyspace, operation);
    bitOperation.store(c.db, c.write(2), c, 2);
    c.changed(2, EVENT_STRING, "set");
  } else if (c.db.remove(c.buf, c.starts[2], c.ends[2], c.server.config.lazyfreeLazyServerDel)) {
    c.changed(2, EVENT_GENERIC, "del");
  }
  c.reply.integer(length);
}

export const bitmapCommands: CommandDefinition[] = [
  {
    name: "setbit",
    arity: 4,
    flags: WRITE | DENYOOM,
    categories: "bitmap",
    keys: [keyAt(1, "RW access update")],
    handler: setbit,
  },
  {
    name: "getbit",
    arity: 3,
    flags: READONLY | FAST,
    categories: "bitmap",
    keys: [keyAt(1, "RO access")],
    handler: getbit,
  },
  {
    name: "bitcount",
    arity: -2,
    flags: READONLY,
    categories: "bitmap",
    keys: [keyAt(1, "RO access")],
    handler: bitcount,
  },
  {
    name: "bitpos",
    arity: -3,
    flags: READONLY,
    categories: "bitmap",
    keys: [keyAt(1, "RO access")],
    handler: bitpos,
  },
  {
    name: "bitop",
    arity: -4,
    flags: WRITE | DENYOOM,
    categories: "bitmap",
    keys: [keyAt(2, "OW update"), keyRange(3, -1, 1, "RO access")],
    handler: bitop,
  },
  ...bitfieldCommands,
];
