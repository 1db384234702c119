/** HGETEX, HSETEX and HGETDEL, as in Redis 8.0. */

import type { Call } from "../../command/call";
import { type CommandDefinition, DENYOOM, FAST, WRITE } from "../../command/command-spec";
import { TYPE_HASH } from "../../db/entry";
import { EVENT_HASH } from "../../db/keyspace";
import {
  HSETEX_COUNT_INVALID,
  HSETEX_ONE_CONDITION,
  HSETEX_ONE_EXPIRY,
  unknownArgument,
  wrongArity,
} from "../../resp/errors";
import { parseInt64Rounded } from "../../util/integers";
import { collectionForWrite } from "../collection";
import type { Hashes } from "./hash";
import {
  announce,
  announceSet,
  findAlive,
  notifyExpired,
  openHash,
  openOrCreate,
  putPair,
  removeIfEmpty,
  replyValue,
} from "./hash-call";
import { hashCommand } from "./hash-definition.commands";
import { fieldExpiry, fieldsFrom, persistField } from "./hash-expire.commands";

// --- options -------------------------------------------------------------------------------------------------------

const EX = 1 << 0;
const PX = 1 << 1;
const EXAT = 1 << 2;
const PXAT = 1 << 3;
const PERSIST = 1 << 4;
const KEEPTTL = 1 << 5;
const FNX = 1 << 6;
const FXX = 1 << 7;

const IN_SECONDS = EX | EXAT;
const RELATIVE = EX | PX;
const TIMES = EX | PX | EXAT | PXAT;
const CONDITIONS = FNX | FXX;

const INT_MAX = 0x7fffffff;

/** The option at argument i, or 0. */
function optionAt(c: Call, i: number): number {
  switch (c.size(i)) {
    case 2:
      if (c.is(i, "ex")) return EX;
      return c.is(i, "px") ? PX : 0;
    case 3:
      if (c.is(i, "fnx")) return FNX;
      return c.is(i, "fxx") ? FXX : 0;
    case 4:
      if (c.is(i, "exat")) return EXAT;
      return c.is(i, "pxat") ? PXAT : 0;
    case 7:
      if (c.is(i, "persist")) return PERSIST;
      return c.is(i, "keepttl") ? KEEPTTL : 0;
    default:
      return 0;
  }
}

/** Argument i as the expiry that `option` gives. */
function expiryOf(c: Call, i: number, option: number): number {
  return fieldExpiry(c, i, (option & IN_SECONDS) !== 0, (option & RELATIVE) !== 0);
}

// --- HGETEX, HGETDEL -----------------------------------------------------------------------------------------------

/**
 * HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS numfields field [field ...]. Effect: HPEXPIREAT, HPERSIST,
 * HDEL (a time that is past), or nothing.
 */
function hgetex(c: Call): void {
  const ref = collectionForWrite(c, 1, TYPE_HASH);
  const option = optionAt(c, 2) & (TIMES | PERSIST);
  const hasTime = (option & TIMES) !== 0;
  const expireAt = hasTime && !c.failed ? expiryOf(c, 3, option) : 0;
  const first = c.failed ? 0 : fieldsFrom(c, hasTime ? 4 : option === 0 ? 2 : 3);
  if (c.failed) return;
  if (ref === 0) {
    replyNulls(c, first);
    return;
  }
  const hashes = openHash(c, ref);
  let changes = 0;
  const dies = hasTime && c.db.keyspace.isPast(expireAt);
  c.reply.array(c.argc - first);
  try {
    if (option !== 0) hashes.addTimer();
    for (let i = first; i < c.argc; i++) {
      if (!findAlive(c, hashes, i)) {
        c.reply.null();
        continue;
      }
      replyValue(c, hashes);
      if (hasTime) changes += applyExpiry(c, hashes, i, expireAt);
      if (dies) c.propagateAs("HDEL", 1, i);
      else if (option === PERSIST && persistField(c, hashes, i) > 0) changes++;
    }
  } finally {
    announceAfterReading(c, hashes, changes, option === PERSIST ? "hpersist" : expiryEvent(c, expireAt));
    if (changes > 0 && !dies && c.isPropagated) propagateGetex(c, first, option, expireAt);
  }
}

/** What was done to the fields from argument `first` on. */
function propagateGetex(c: Call, first: number, option: number, expireAt: number): void {
  const fields = argumentsFrom(c, first, 1);
  const count = String(fields.length);
  if (option === PERSIST) c.propagateAs("HPERSIST", 1, "FIELDS", count, ...fields);
  else c.propagateAs("HPEXPIREAT", 1, String(expireAt), "FIELDS", count, ...fields);
}

/** The positions of arguments from `first` to the end. */
function argumentsFrom(c: Call, first: number, step: number): number[] {
  const positions: number[] = [];
  for (let i = first; i < c.argc; i += step) positions.push(i);
  return positions;
}

/** Sets the expiry of the field of argument i, which was just found, or deletes it. Returns 1. */
function applyExpiry(c: Call, hashes: Hashes, i: number, expireAt: number): number {
  if (c.db.keyspace.isPast(expireAt)) hashes.removeFound();
  else hashes.setExpiry(c.buf, c.starts[i], c.ends[i], expireAt);
  return 1;
}

/** The name of the event where fields got a time to expire at. */
function expiryEvent(c: Call, expireAt: number): string {
  return c.db.keyspace.isPast(expireAt) ? "hdel" : "hexpire";
}

/** Announces what expired while fields were read, and then what was changed; and the end of the key, if it is that. */
function announceAfterReading(c: Call, hashes: Hashes, changes: number, event: string): void {
  notifyExpired(c, hashes.expired);
  announce(c, changes, event);
  if (hashes.expired + changes > 0) removeIfEmpty(c, hashes);
}

function replyNulls(c: Call, first: number): void {
  c.reply.array(c.argc - first);
  for (let i = first; i < c.argc; i++) c.reply.null();
}

/** HGETDEL key FIELDS numfields field [field ...]. Effect: HDEL. */
function hgetdel(c: Call): void {
  const ref = collectionForWrite(c, 1, TYPE_HASH);
  const first = c.failed ? 0 : fieldsFrom(c, 2);
  if (c.failed) return;
  if (ref === 0) {
    replyNulls(c, first);
    return;
  }
  const hashes = openHash(c, ref);
  let removed = 0;
  c.reply.array(c.argc - first);
  for (let i = first; i < c.argc; i++) {
    if (!findAlive(c, hashes, i)) {
      c.reply.null();
      continue;
    }
    replyValue(c, hashes);
    hashes.removeFound();
    removed++;
  }
  announceAfterReading(c, hashes, removed, "hdel");
  if (removed > 0 && c.isPropagated) c.propagateAs("HDEL", 1, ...argumentsFrom(c, first, 1));
}

// --- HSETEX --------------------------------------------------------------------------------------------------------

/** What parseSetex() found: options, the time that they give, and the argument with the first field. */
let options = 0;
let setExpireAt = 0;
let firstField = 0;
/** The argument that is the time. */
let timeAt = 0;

/** Reads the options from argument 2 on, up to and with the fields. */
function parseSetex(c: Call): void {
  options = 0;
  firstField = 0;
  for (let i = 2; firstField === 0 && !c.failed; i++) {
    const option = i < c.argc ? optionAt(c, i) & ~PERSIST : 0;
    if (i >= c.argc) c.fail(wrongArity(c.command.fullName));
    else if (c.is(i, "fields")) parsePairs(c, i);
    else if (option === 0) c.fail(unknownArgument(c.text(i)));
    else if ((option & CONDITIONS) !== 0) addOption(c, option, CONDITIONS, HSETEX_ONE_CONDITION);
    else i = parseExpiryOption(c, i, option);
  }
}

/** Adds an option of a kind of which there may be one. */
function addOption(c: Call, option: number, kind: number, error: string): void {
  if ((options & kind) !== 0) c.fail(error);
  options |= option;
}

/** Reads KEEPTTL or a time at argument i. Returns the last argument that belongs to it. */
function parseExpiryOption(c: Call, i: number, option: number): number {
  addOption(c, option, TIMES | KEEPTTL, HSETEX_ONE_EXPIRY);
  if (option === KEEPTTL || c.failed) return i;
  if (i + 1 === c.argc) c.fail(wrongArity(c.command.fullName));
  else setExpireAt = expiryOf(c, i + 1, option);
  timeAt = i + 1;
  return timeAt;
}

/** Reads `FIELDS numfields field value ...` from argument i to the end. That a pair is there is asked before the number. */
function parsePairs(c: Call, i: number): void {
  firstField = i + 2;
  if (firstField + 2 > c.argc) {
    c.fail(wrongArity(c.command.fullName));
    return;
  }
  const count = parseInt64Rounded(c.buf, c.starts[i + 1], c.ends[i + 1]);
  if (!(count >= 1 && count <= INT_MAX)) c.fail(HSETEX_COUNT_INVALID);
  else if (firstField + count * 2 !== c.argc) c.fail(wrongArity(c.command.fullName));
}

/**
 * HSETEX key [FNX | FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] FIELDS numfields field value [field value ...].
 * Effect: HSETEX with PXAT, or HSET; and HDEL for a time that is past.
 */
function hsetex(c: Call): void {
  parseSetex(c);
  const ref = c.failed ? 0 : collectionForWrite(c, 1, TYPE_HASH);
  if (c.failed) return;
  if (ref === 0 ? (options & FXX) !== 0 : !isMet(c, openHash(c, ref))) {
    c.reply.integer(0);
    return;
  }
  const hashes = openOrCreate(c, ref, firstField);
  const expires = (options & TIMES) !== 0;
  const dies = expires && c.db.keyspace.isPast(setExpireAt);
  let i = firstField;
  try {
    if ((c.argc - firstField) / 2 > hashes.maxEntries) hashes.toTable();
    if (expires) hashes.addTimer();
    for (; i < c.argc; i += 2) setPair(c, hashes, i, expires && !dies);
  } finally {
    const count = (i - firstField) / 2;
    announceSet(c, hashes, count);
    if (expires && !dies && count > 0) c.notify(1, EVENT_HASH, "hexpire");
  }
  if (dies) removeFields(c, hashes);
  if (expires && c.isPropagated) propagateSetex(c, dies);
  c.reply.integer(1);
}

/** The command with a time that is absolute; or an HDEL for each field. */
function propagateSetex(c: Call, dies: boolean): void {
  if (dies) {
    for (const i of argumentsFrom(c, firstField, 2)) c.propagateAs("HDEL", 1, i);
  } else {
    c.propagateWith([
      { argument: timeAt - 1, text: "PXAT" },
      { argument: timeAt, text: String(setExpireAt) },
    ]);
  }
}

/** Whether FNX or FXX let the fields be set. A field whose time has passed is deleted here without a word, as in Redis. */
function isMet(c: Call, hashes: Hashes): boolean {
  if ((options & CONDITIONS) === 0) return true;
  for (let i = firstField; i < c.argc; i += 2) {
    if (findAlive(c, hashes, i) === ((options & FXX) !== 0)) continue;
    removeIfEmpty(c, hashes);
    return false;
  }
  return true;
}

function setPair(c: Call, hashes: Hashes, i: number, expires: boolean): void {
  putPair(c, hashes, i, expires || (options & KEEPTTL) !== 0);
  if (!expires) return;
  hashes.find(c.buf, c.starts[i], c.ends[i]);
  hashes.setExpiry(c.buf, c.starts[i], c.ends[i], setExpireAt);
}

/** Deletes fields that were set with a time that is past. */
function removeFields(c: Call, hashes: Hashes): void {
  for (let i = firstField; i < c.argc; i += 2) {
    if (hashes.find(c.buf, c.starts[i], c.ends[i])) hashes.removeFound();
  }
  c.notify(1, EVENT_HASH, "hdel");
  removeIfEmpty(c, hashes);
}

// --- table ---------------------------------------------------------------------------------------------------------

function withNotes(command: CommandDefinition, notes: string): CommandDefinition {
  return { ...command, keys: command.keys?.map((spec) => ({ ...spec, notes })) };
}

export const hashGetexCommands: CommandDefinition[] = [
  withNotes(
    hashCommand("hgetex", -5, WRITE | FAST, "RW access update", hgetex),
    "RW and UPDATE because it changes the TTL",
  ),
  hashCommand("hsetex", -6, WRITE | DENYOOM | FAST, "RW update", hsetex),
  hashCommand("hgetdel", -5, WRITE | FAST, "RW access delete", hgetdel),
];
