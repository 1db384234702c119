/** HyperLogLog commands. The data is in hyperloglog.ts; a key that holds one is a string to all other commands. */

import type { Call } from "../../command/call";
import {
  ADMIN,
  type CommandDefinition,
  DENYOOM,
  FAST,
  keyAt,
  keyRange,
  MAY_REPLICATE,
  READONLY,
  WRITE,
} from "../../command/command-spec";
import { ENCODING_EMBSTR, ENCODING_INT, ENCODING_RAW, NO_EXPIRY } from "../../db/entry";
import { EVENT_STRING } from "../../db/keyspace";
import {
  HLL_CORRUPTED,
  HLL_INVALID,
  HLL_NOT_SPARSE,
  hllTestFailed,
  PFDEBUG_NO_KEY,
  unknownPfdebug,
} from "../../resp/errors";
import { copyBytes } from "../../util/bytes";
import { int64 } from "../../util/integers";
import { setUnset, stringBytes } from "../string/string";
import { isWrongType } from "../string/string-call";
import {
  CORRUPTED,
  cardinalityWord,
  countBytes,
  countRegisters,
  denseRegister,
  HEADER_BYTES,
  HyperLogLog,
  isDense,
  isHyperLogLog,
  isStale,
  markStale,
  mergeInto,
  newHistogram,
  RAISED,
  REGISTERS,
  raiseDense,
  readRun,
  run,
  setCardinality,
} from "./hyperloglog";
import { estimate } from "./hyperloglog-estimate";
import { hashElement, pattern } from "./hyperloglog-hash";
import { hyperLogLogSelfTest } from "./hyperloglog-self-test";

const working = new HyperLogLog();
const registers = new Uint8Array(REGISTERS);
const histogram = newHistogram();

/** Whether the entry exists and is no HyperLogLog; says so in the reply. */
function isNoHyperLogLog(c: Call, ref: number): boolean {
  if (ref === 0) return false;
  if (isWrongType(c, ref)) return true;
  const { keyspace } = c.db;
  const { bytes, at, length } = stringBytes(keyspace, ref);
  if (keyspace.entries.encoding(ref) !== ENCODING_INT && isHyperLogLog(bytes, at, length)) return false;
  c.fail(HLL_INVALID);
  return true;
}

/** What any command does to a HyperLogLog makes it raw. */
function makeRaw(c: Call, ref: number): void {
  const { entries } = c.db.keyspace;
  if (entries.encoding(ref) === ENCODING_EMBSTR) entries.setEncoding(ref, ENCODING_RAW);
}

/** Takes the HyperLogLog of an entry into the working copy, or an empty one for 0. Fails if it can not be one. */
function loadWorking(c: Call, ref: number): void {
  if (ref === 0) {
    working.clear();
    return;
  }
  const { bytes, at, length } = stringBytes(c.db.keyspace, ref);
  if (!working.load(bytes, at, length)) c.fail(HLL_CORRUPTED);
}

/** Makes the working copy the value of the key just looked up, argument `key`; the expiry stays. */
function storeWorking(c: Call, ref: number, key: number): void {
  const { entries } = c.db.keyspace;
  const expireAt = ref === 0 ? NO_EXPIRY : entries.expireAt(ref);
  setUnset(c.db, ref, c, key, working.length, expireAt, ENCODING_RAW);
  copyBytes(working.bytes, 0, entries.bytes, entries.at, working.length);
}

// --- PFADD ---------------------------------------------------------------------------------------------------------

/** PFADD key [element ...]. Replies whether the key was made or a register changed. */
function pfadd(c: Call): void {
  const ref = c.write(1);
  if (isNoHyperLogLog(c, ref)) return;
  let changes = 0;
  if (ref === 0) {
    changes = 1 + addToWorking(c, 0);
  } else {
    makeRaw(c, ref);
    const { bytes, at } = stringBytes(c.db.keyspace, ref);
    changes = isDense(bytes, at) ? addToDense(c, bytes, at) : addToWorking(c, ref);
  }
  if (c.failed) return;
  if (changes > 0) {
    c.changed(1, EVENT_STRING, "pfadd");
    c.db.keyspace.dirty += changes - 1;
  }
  c.reply.integer(changes > 0 ? 1 : 0);
}

/** Adds all elements where the HyperLogLog stands. Returns how many changed a register. */
function addToDense(c: Call, bytes: Uint8Array, at: number): number {
  let changes = 0;
  for (let i = 2; i < c.argc; i++) {
    hashElement(c.buf, c.starts[i], c.ends[i]);
    if (raiseDense(bytes, at, pattern.index, pattern.value)) changes++;
  }
  if (changes > 0) markStale(bytes, at);
  return changes;
}

/**
 * Adds all elements to a copy of a sparse HyperLogLog (or to an empty one, for 0) and stores it if anything changed: also
 * if it turns out to be corrupted after a few elements, as in Redis. Returns how many changed a register.
 */
function addToWorking(c: Call, ref: number): number {
  loadWorking(c, ref);
  const sparseMax = c.server.config.hllSparseMaxBytes;
  let changes = 0;
  for (let i = 2; i < c.argc && !c.failed; i++) {
    hashElement(c.buf, c.starts[i], c.ends[i]);
    const result = working.raise(pattern.index, pattern.value, sparseMax);
    if (result === RAISED) changes++;
    else if (result === CORRUPTED) c.fail(HLL_CORRUPTED);
  }
  if (ref !== 0 && changes === 0) return 0;
  if (!c.failed) markStale(working.bytes, 0);
  storeWorking(c, ref, 1);
  return changes;
}

// --- PFCOUNT -------------------------------------------------------------------------------------------------------

/** PFCOUNT key [key ...]: of one key, or of the union of several. */
function pfcount(c: Call): void {
  if (c.argc > 2) {
    countUnion(c);
    return;
  }
  const ref = c.read(1);
  if (isNoHyperLogLog(c, ref)) return;
  if (ref === 0) {
    c.reply.integer(0);
    return;
  }
  makeRaw(c, ref);
  const { bytes, at, length } = stringBytes(c.db.keyspace, ref);
  if (isStale(bytes, at)) refreshCardinality(c, bytes, at, length);
  else c.reply.int64(cardinalityWord(bytes, at, 1), cardinalityWord(bytes, at, 0));
}

/** Counts, replies, and keeps the result in the string, which is a change. Effect: PFCOUNT key. */
function refreshCardinality(c: Call, bytes: Uint8Array, at: number, length: number): void {
  if (!countRegisters(histogram, bytes, at, length)) {
    c.fail(HLL_CORRUPTED);
    return;
  }
  estimate(histogram, REGISTERS);
  const { hi, lo } = int64;
  c.db.protectFound();
  setCardinality(bytes, at, hi, lo);
  c.modified(1);
  c.reply.int64(hi, lo);
}

function countUnion(c: Call): void {
  registers.fill(0);
  for (let i = 1; i < c.argc && !c.failed; i++) mergeKey(c, i);
  if (c.failed) return;
  countBytes(histogram, registers);
  estimate(histogram, REGISTERS);
  c.reply.int64(int64.hi, int64.lo);
}

/** Raises `registers` to those of the key at argument i. Returns whether it is a dense HyperLogLog. Fails if it is none. */
function mergeKey(c: Call, i: number): boolean {
  const ref = c.read(i);
  if (ref === 0 || isNoHyperLogLog(c, ref)) return false;
  const { bytes, at, length } = stringBytes(c.db.keyspace, ref);
  if (!mergeInto(registers, bytes, at, length)) c.fail(HLL_CORRUPTED);
  return isDense(bytes, at);
}

// --- PFMERGE -------------------------------------------------------------------------------------------------------

/** PFMERGE destkey [sourcekey ...]: the union with what the destination holds; dense if one of them is. */
function pfmerge(c: Call): void {
  registers.fill(0);
  let dense = false;
  for (let i = 1; i < c.argc && !c.failed; i++) dense = mergeKey(c, i) || dense;
  if (c.failed) return;
  const ref = c.write(1);
  loadWorking(c, ref);
  if (dense && !working.toDense()) c.fail(HLL_CORRUPTED);
  if (c.failed) return;
  const sparseMax = c.server.config.hllSparseMaxBytes;
  for (let i = 0; i < REGISTERS; i++) if (registers[i] > 0) working.raise(i, registers[i], sparseMax);
  markStale(working.bytes, 0);
  storeWorking(c, ref, 1);
  c.changed(1, EVENT_STRING, "pfadd");
  c.reply.ok();
}

// --- for tests -----------------------------------------------------------------------------------------------------

/** PFDEBUG GETREG|DECODE|ENCODING|TODENSE key. */
function pfdebug(c: Call): void {
  const ref = c.write(2);
  if (ref === 0) c.fail(PFDEBUG_NO_KEY);
  if (ref === 0 || isNoHyperLogLog(c, ref)) return;
  makeRaw(c, ref);
  const { bytes, at } = stringBytes(c.db.keyspace, ref);
  const dense = isDense(bytes, at);
  if (c.is(1, "getreg")) replyRegisters(c, ref, dense);
  else if (c.is(1, "decode")) replyRuns(c, ref, dense);
  else if (c.is(1, "encoding")) c.reply.simple(dense ? "dense" : "sparse");
  else if (!c.is(1, "todense")) c.fail(unknownPfdebug(c.text(1)));
  else if (dense || makeDense(c, ref)) c.reply.integer(dense ? 0 : 1);
}

/** Makes a sparse HyperLogLog dense. Fails if it is corrupted. */
function makeDense(c: Call, ref: number): boolean {
  loadWorking(c, ref);
  if (!working.toDense()) c.fail(HLL_CORRUPTED);
  if (c.failed) return false;
  storeWorking(c, ref, 2);
  c.db.keyspace.dirty++;
  return true;
}

function replyRegisters(c: Call, ref: number, dense: boolean): void {
  if (dense) loadWorking(c, ref);
  else if (!makeDense(c, ref)) return;
  c.reply.array(REGISTERS);
  for (let i = 0; i < REGISTERS; i++) c.reply.integer(denseRegister(working.bytes, 0, i));
}

/** The runs as text: "z:5" are five zeros, "Z:5" five written as XZERO, "v:3,2" two registers of value 3. */
function replyRuns(c: Call, ref: number, dense: boolean): void {
  if (dense) {
    c.fail(HLL_NOT_SPARSE);
    return;
  }
  const { bytes, at, length } = stringBytes(c.db.keyspace, ref);
  const end = at + length;
  const runs: string[] = [];
  for (let from = at + HEADER_BYTES; from < end; ) {
    const next = readRun(bytes, from, end);
    if (run.value > 0) runs.push(`v:${run.value},${run.length}`);
    else runs.push(`${next - from === 2 ? "Z" : "z"}:${run.length}`);
    from = next;
  }
  c.reply.bulkText(runs.join(" "));
}

function pfselftest(c: Call): void {
  const failure = hyperLogLogSelfTest(c.server.random, c.server.config.hllSparseMaxBytes);
  if (failure === null) c.reply.ok();
  else c.fail(hllTestFailed(failure));
}

export const hyperLogLogCommands: CommandDefinition[] = [
  {
    name: "pfadd",
    arity: -2,
    flags: WRITE | DENYOOM | FAST,
    categories: "hyperloglog",
    keys: [keyAt(1, "RW insert")],
    handler: pfadd,
  },
  {
    name: "pfcount",
    arity: -2,
    flags: READONLY | MAY_REPLICATE,
    categories: "hyperloglog",
    keys: [
      {
        ...keyRange(1, -1, 1, "RW access"),
        notes: "RW because it may change the internal representation of the key, and propagate to replicas",
      },
    ],
    handler: pfcount,
  },
  {
    name: "pfmerge",
    arity: -2,
    flags: WRITE | DENYOOM,
    categories: "hyperloglog",
    keys: [keyAt(1, "RW access insert"), keyRange(2, -1, 1, "RO access")],
    handler: pfmerge,
  },
  {
    name: "pfdebug",
    arity: 3,
    flags: WRITE | DENYOOM | ADMIN,
    categories: "hyperloglog",
    keys: [keyAt(2, "RW access")],
    handler: pfdebug,
  },
  { name: "pfselftest", arity: 1, flags: ADMIN, categories: "hyperloglog", handler: pfselftest },
];
