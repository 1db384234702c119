/**
 * When fields expire: HEXPIRE, HTTL and their kin, as in Redis 7.4. Their replies are arrays with a number for each field:
 * -2 where there is no such field.
 *
 * Redis 8.0 is followed in what happens to a field whose time has passed and that is still there: for HTTL and HPERSIST it
 * does not exist; HEXPIRE finds it, and it lives on.
 */

import type { Call } from "../../command/call";
import { type CommandDefinition, FAST, READONLY, WRITE } from "../../command/command-spec";
import { TYPE_HASH } from "../../db/entry";
import {
  EXPIRE_NEGATIVE,
  FIELDS_COUNT_MISMATCH,
  FIELDS_COUNT_NOT_POSITIVE,
  FIELDS_MISSING,
  HEXPIRE_COUNT_NOT_POSITIVE,
  invalidExpire,
  NOT_AN_INTEGER,
} from "../../resp/errors";
import { parseInt64Rounded } from "../../util/integers";
import { collectionForWrite } from "../collection";
import type { Hashes } from "./hash";
import { announce, openForRead, openHash, removeIfEmpty } from "./hash-call";
import { hashCommand } from "./hash-definition.commands";
import { FIELD_EXPIRY_MAX, NO_FIELD_EXPIRY } from "./hash-field";

const NO_SUCH_FIELD = -2;
const NO_EXPIRY_SET = -1;
const REFUSED = 0;
const SET = 1;
const DELETED = 2;

// --- arguments -----------------------------------------------------------------------------------------------------

/**
 * Checks `FIELDS numfields field ...` from argument `at` to the end. Returns where the fields begin. `error`: where the
 * number is none, or not positive.
 */
export function fieldsFrom(c: Call, at: number, error: string = FIELDS_COUNT_NOT_POSITIVE): number {
  if (at >= c.argc || !c.is(at, "fields")) {
    c.fail(FIELDS_MISSING);
    return 0;
  }
  const count = at + 1 < c.argc ? parseInt64Rounded(c.buf, c.starts[at + 1], c.ends[at + 1]) : 0;
  if (!(count >= 1)) c.fail(error);
  else if (count !== c.argc - at - 2) c.fail(FIELDS_COUNT_MISMATCH);
  return at + 2;
}

/**
 * Argument i as the time when a field expires, in ms since the epoch: given in `seconds` or else milliseconds, from now on
 * if `relative`.
 */
export function fieldExpiry(c: Call, i: number, seconds: boolean, relative: boolean): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (Number.isNaN(value)) {
    c.fail(NOT_AN_INTEGER);
    return 0;
  }
  const time = value * (seconds ? 1000 : 1) + (relative ? c.db.keyspace.now : 0);
  if (value < 0) c.fail(EXPIRE_NEGATIVE);
  else if (time > FIELD_EXPIRY_MAX) c.fail(invalidExpire(c.command.fullName));
  return time;
}

// --- HEXPIRE -------------------------------------------------------------------------------------------------------

/** HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]. Effect: HPEXPIREAT, or HDEL. */
function hexpire(c: Call): void {
  expireFields(c, true, true);
}

/** HPEXPIRE key milliseconds ...: see hexpire. */
function hpexpire(c: Call): void {
  expireFields(c, false, true);
}

/** HEXPIREAT key unix-time-seconds ...: see hexpire. */
function hexpireat(c: Call): void {
  expireFields(c, true, false);
}

/** HPEXPIREAT key unix-time-milliseconds ...: see hexpire. */
function hpexpireat(c: Call): void {
  expireFields(c, false, false);
}

const ALWAYS = 0;
const NX = 1;
const XX = 2;
const GT = 3;
const LT = 4;

function conditionAt(c: Call, i: number): number {
  if (c.is(i, "nx")) return NX;
  if (c.is(i, "xx")) return XX;
  if (c.is(i, "gt")) return GT;
  return c.is(i, "lt") ? LT : ALWAYS;
}

function expireFields(c: Call, seconds: boolean, relative: boolean): void {
  const ref = collectionForWrite(c, 1, TYPE_HASH);
  const expireAt = c.failed ? 0 : fieldExpiry(c, 2, seconds, relative);
  const condition = conditionAt(c, 3);
  const first = c.failed ? 0 : fieldsFrom(c, condition === ALWAYS ? 3 : 4, HEXPIRE_COUNT_NOT_POSITIVE);
  if (c.failed) return;
  if (ref === 0) {
    replyToEach(c, first, NO_SUCH_FIELD);
    return;
  }
  const hashes = openHash(c, ref);
  const dies = c.db.keyspace.isPast(expireAt);
  changed.length = 0;
  c.reply.array(c.argc - first);
  try {
    hashes.addTimer();
    for (let i = first; i < c.argc; i++) {
      const outcome = expireField(c, hashes, i, condition, expireAt);
      if (outcome > REFUSED) changed.push(i);
      c.reply.integer(outcome);
    }
  } finally {
    announce(c, changed.length, dies ? "hdel" : "hexpire");
    removeIfEmpty(c, hashes);
    if (changed.length > 0 && c.isPropagated) propagateExpiry(c, expireAt, dies, condition !== ALWAYS);
  }
}

/** Arguments that are fields which the command has changed; reused. */
const changed: number[] = [];

/** HPEXPIREAT with the fields that were changed, or an HDEL for each. */
function propagateExpiry(c: Call, expireAt: number, dies: boolean, conditional: boolean): void {
  if (dies) {
    for (const i of changed) c.propagateAs("HDEL", 1, i);
    return;
  }
  const condition = conditional ? [3] : [];
  c.propagateAs("HPEXPIREAT", 1, String(expireAt), ...condition, "FIELDS", String(changed.length), ...changed);
}

/** Sets the expiry of the field of argument i, or deletes it if that time has passed. */
function expireField(c: Call, hashes: Hashes, i: number, condition: number, expireAt: number): number {
  const { buf, starts, ends } = c;
  if (!hashes.find(buf, starts[i], ends[i])) return NO_SUCH_FIELD;
  if (!allows(condition, hashes.expireAt, expireAt)) return REFUSED;
  if (c.db.keyspace.isPast(expireAt)) {
    hashes.removeFound();
    return DELETED;
  }
  hashes.setExpiry(buf, starts[i], ends[i], expireAt);
  return SET;
}

/** Whether a condition lets an expiry become another one. No expiry counts as one that never comes. */
function allows(condition: number, before: number, expireAt: number): boolean {
  if (condition === ALWAYS) return true;
  if (before === NO_FIELD_EXPIRY) return condition === NX || condition === LT;
  if (condition === GT) return expireAt > before;
  return condition === LT ? expireAt < before : condition === XX;
}

function replyToEach(c: Call, first: number, answer: number): void {
  c.reply.array(c.argc - first);
  for (let i = first; i < c.argc; i++) c.reply.integer(answer);
}

// --- HTTL ----------------------------------------------------------------------------------------------------------

/** HTTL key FIELDS numfields field [field ...] */
function httl(c: Call): void {
  replyTimes(c, true, true);
}

/** HPTTL key FIELDS numfields field [field ...] */
function hpttl(c: Call): void {
  replyTimes(c, false, true);
}

/** HEXPIRETIME key FIELDS numfields field [field ...] */
function hexpiretime(c: Call): void {
  replyTimes(c, true, false);
}

/** HPEXPIRETIME key FIELDS numfields field [field ...] */
function hpexpiretime(c: Call): void {
  replyTimes(c, false, false);
}

/** The expiries, or what is left until then: -1 without one. Seconds are rounded up, which they are not for keys. */
function replyTimes(c: Call, seconds: boolean, relative: boolean): void {
  const hashes = openForRead(c);
  const first = c.failed ? 0 : fieldsFrom(c, 2);
  if (c.failed) return;
  const from = relative ? c.db.keyspace.now : 0;
  c.reply.array(c.argc - first);
  for (let i = first; i < c.argc; i++) {
    if (hashes === null || !hashes.find(c.buf, c.starts[i], c.ends[i]) || hashes.foundDead) {
      c.reply.integer(NO_SUCH_FIELD);
    } else if (hashes.expireAt === NO_FIELD_EXPIRY) {
      c.reply.integer(NO_EXPIRY_SET);
    } else {
      const time = hashes.expireAt - from;
      c.reply.integer(seconds ? Math.ceil(time / 1000) : time);
    }
  }
}

// --- HPERSIST ------------------------------------------------------------------------------------------------------

/** HPERSIST key FIELDS numfields field [field ...] */
function hpersist(c: Call): void {
  const ref = collectionForWrite(c, 1, TYPE_HASH);
  const first = c.failed ? 0 : fieldsFrom(c, 2);
  if (c.failed) return;
  if (ref === 0) {
    replyToEach(c, first, NO_SUCH_FIELD);
    return;
  }
  const hashes = openHash(c, ref);
  let sawDead = false;
  changed.length = 0;
  c.reply.array(c.argc - first);
  try {
    for (let i = first; i < c.argc; i++) {
      const outcome = persistField(c, hashes, i);
      if (outcome === SET) changed.push(i);
      else if (outcome === NO_SUCH_FIELD) sawDead = true;
      c.reply.integer(outcome);
    }
  } finally {
    const count = changed.length;
    announce(c, Math.min(count, 1), "hpersist");
    // Where the command is repeated, a field whose time has passed may be there still: it would live for ever.
    if (sawDead && count > 0) c.propagateAs("HPERSIST", 1, "FIELDS", String(count), ...changed);
  }
}

/** Removes the expiry of the field of argument i. */
export function persistField(c: Call, hashes: Hashes, i: number): number {
  const { buf, starts, ends } = c;
  if (!hashes.find(buf, starts[i], ends[i]) || hashes.foundDead) return NO_SUCH_FIELD;
  if (hashes.expireAt === NO_FIELD_EXPIRY) return NO_EXPIRY_SET;
  hashes.setExpiry(buf, starts[i], ends[i], NO_FIELD_EXPIRY);
  return SET;
}

// --- table ---------------------------------------------------------------------------------------------------------

const NONDETERMINISTIC = ["nondeterministic_output"];

export const hashExpireCommands: CommandDefinition[] = [
  hashCommand("hexpire", -6, WRITE | FAST, "RW update", hexpire),
  hashCommand("hpexpire", -6, WRITE | FAST, "RW update", hpexpire),
  hashCommand("hexpireat", -6, WRITE | FAST, "RW update", hexpireat),
  hashCommand("hpexpireat", -6, WRITE | FAST, "RW update", hpexpireat),
  { ...hashCommand("httl", -5, READONLY | FAST, "RO access", httl), tips: NONDETERMINISTIC },
  { ...hashCommand("hpttl", -5, READONLY | FAST, "RO access", hpttl), tips: NONDETERMINISTIC },
  hashCommand("hexpiretime", -5, READONLY | FAST, "RO access", hexpiretime),
  hashCommand("hpexpiretime", -5, READONLY | FAST, "RO access", hpexpiretime),
  hashCommand("hpersist", -5, WRITE | FAST, "RW update", hpersist),
];
