/**
 * EXPIRE, TTL and their kin. Times are exact 64-bit integers, as in Redis: numbers where they are safe, else pairs or
 * (on paths that nobody takes twice) bigints.
 */

import type { Call } from "../../command/call";
import { NO_EXPIRY } from "../../db/entry";
import { EVENT_GENERIC } from "../../db/keyspace";
import { EXPIRE_GT_LT_CONFLICT, EXPIRE_NX_CONFLICT, invalidExpire, NOT_AN_INTEGER, shown } from "../../resp/errors";
import {
  compareInt64,
  int64,
  int64FromBigInt,
  int64FromNumber,
  int64ToBigInt,
  int64ToNumber,
  isSafeInt64,
  parseInt64,
} from "../../util/integers";

const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

export function expire(c: Call): void {
  expireIn(c, true, true);
}

export function pexpire(c: Call): void {
  expireIn(c, false, true);
}

export function expireat(c: Call): void {
  expireIn(c, true, false);
}

export function pexpireat(c: Call): void {
  expireIn(c, false, false);
}

/** `key time [NX | XX | GT | LT]`, the time in seconds or ms, from now on if `relative`. */
function expireIn(c: Call, seconds: boolean, relative: boolean): void {
  const conditions = parseConditions(c);
  if (!c.failed) parseTime(c, seconds, relative);
  if (c.failed) return;
  const { hi, lo } = int64;
  const { db, buf, starts, ends } = c;
  const ref = c.write(1);
  if (ref === 0 || !allows(c, ref, conditions, hi, lo)) {
    c.reply.integer(0);
    return;
  }
  const { keyspace } = db;
  if (int64ToNumber(hi, lo) <= keyspace.now && keyspace.expiry !== "ignore") {
    db.remove(buf, starts[1], ends[1], keyspace.lazyExpire);
    c.changed(1, EVENT_GENERIC, "del");
    c.propagateDeletion(1, keyspace.lazyExpire);
  } else {
    db.setExpiry64(ref, hi, lo, buf, starts[1], ends[1]);
    c.changed(1, EVENT_GENERIC, "expire");
    if (c.isPropagated && (seconds || relative)) propagateTime(c, hi, lo);
  }
  c.reply.integer(1);
}

/** Effect of the four commands: PEXPIREAT with the same conditions, or the deletion of the key. */
function propagateTime(c: Call, hi: number, lo: number): void {
  const effect = c.effect("PEXPIREAT", c.argc);
  c.writeArgument(effect, 1);
  effect.bulkInt64(hi, lo);
  for (let i = 3; i < c.argc; i++) c.writeArgument(effect, i);
}

function parseConditions(c: Call): number {
  let conditions = 0;
  for (let i = 3; i < c.argc; i++) {
    if (c.is(i, "nx")) conditions |= NX;
    else if (c.is(i, "xx")) conditions |= XX;
    else if (c.is(i, "gt")) conditions |= GT;
    else if (c.is(i, "lt")) conditions |= LT;
    else {
      c.fail(`ERR Unsupported option ${shown(c.text(i))}`);
      return 0;
    }
  }
  if ((conditions & NX) !== 0 && conditions !== NX) c.fail(EXPIRE_NX_CONFLICT);
  else if ((conditions & GT) !== 0 && (conditions & LT) !== 0) c.fail(EXPIRE_GT_LT_CONFLICT);
  return conditions;
}

/** Reads argument 2 into `int64`, in ms since the epoch. */
function parseTime(c: Call, seconds: boolean, relative: boolean): void {
  if (!parseInt64(c.buf, c.starts[2], c.ends[2])) {
    c.fail(NOT_AN_INTEGER);
    return;
  }
  const now = relative ? c.db.keyspace.now : 0;
  const time = int64ToNumber(int64.hi, int64.lo) * (seconds ? 1000 : 1) + now;
  if (Number.isSafeInteger(time)) {
    int64FromNumber(time);
    return;
  }
  const milliseconds = int64ToBigInt(int64.hi, int64.lo) * (seconds ? 1000n : 1n);
  const exact = milliseconds + BigInt(now);
  if (milliseconds < INT64_MIN || exact > INT64_MAX) c.fail(invalidExpire(c.command.fullName));
  else int64FromBigInt(exact);
}

/** Whether the conditions let the entry's expiry become (hi, lo). No expiry counts as one that never comes. */
function allows(c: Call, ref: number, conditions: number, hi: number, lo: number): boolean {
  if (conditions === 0) return true;
  const { entries } = c.db.keyspace;
  if (!entries.hasExpiry(ref)) return (conditions & (XX | GT)) === 0;
  if ((conditions & NX) !== 0) return false;
  const order = compareInt64(hi, lo, entries.expiryHi(ref), entries.expiryLo(ref));
  if ((conditions & GT) !== 0 && order <= 0) return false;
  return (conditions & LT) === 0 || order < 0;
}

export function ttl(c: Call): void {
  replyTime(c, true, true);
}

export function pttl(c: Call): void {
  replyTime(c, false, true);
}

export function expiretime(c: Call): void {
  replyTime(c, true, false);
}

export function pexpiretime(c: Call): void {
  replyTime(c, false, false);
}

/** The expiry, or what is left until then: -1 without one, -2 without the key. Seconds are rounded half up. */
function replyTime(c: Call, seconds: boolean, relative: boolean): void {
  const ref = c.db.lookupRead(c.buf, c.starts[1], c.ends[1], false);
  const { entries, now } = c.db.keyspace;
  if (ref === 0 || !entries.hasExpiry(ref)) {
    c.reply.integer(ref === 0 ? -2 : -1);
    return;
  }
  const hi = entries.expiryHi(ref);
  const lo = entries.expiryLo(ref);
  if (isSafeInt64(hi, lo)) {
    const time = Math.max(0, int64ToNumber(hi, lo) - (relative ? now : 0));
    c.reply.integer(seconds ? Math.floor((time + 500) / 1000) : time);
    return;
  }
  const time = int64ToBigInt(hi, lo) - (relative ? BigInt(now) : 0n);
  int64FromBigInt(seconds ? (time + 500n) / 1000n : time);
  c.reply.int64(int64.hi, int64.lo);
}

export function persist(c: Call): void {
  const ref = c.write(1);
  const { db } = c;
  if (ref === 0 || !db.keyspace.entries.hasExpiry(ref)) {
    c.reply.integer(0);
    return;
  }
  db.setExpiry(ref, NO_EXPIRY, c.buf, c.starts[1], c.ends[1]);
  c.changed(1, EVENT_GENERIC, "persist");
  c.reply.integer(1);
}
