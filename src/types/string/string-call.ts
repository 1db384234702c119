/** What the handlers of string commands share: type checks, replies and expiry times. */

import type { Call } from "../../command/call";
import { TYPE_STRING } from "../../db/entry";
import { invalidExpire, NOT_AN_INTEGER, STRING_TOO_LONG, WRONG_TYPE } from "../../resp/errors";
import { latin1 } from "../../util/bytes";
import { int64, int64FromBigInt, int64ToBigInt, parseInt64Rounded } from "../../util/integers";
import { STRING_MAX, stringBytes } from "./string";

/** Whether the entry exists and is no string; says so in the reply. */
export function isWrongType(c: Call, ref: number): boolean {
  if (ref === 0 || c.db.keyspace.entries.type(ref) === TYPE_STRING) return false;
  c.fail(WRONG_TYPE);
  return true;
}

/** Writes the string value of an entry, or null for 0. */
export function replyString(c: Call, ref: number): void {
  if (ref === 0) {
    c.reply.null();
    return;
  }
  const { bytes, at, length } = stringBytes(c.db.keyspace, ref);
  c.reply.bulk(bytes, at, length);
}

/** Whether a string would become longer than allowed; says so in the reply. */
export function isTooLong(c: Call, length: number): boolean {
  if (length <= Math.min(c.server.config.protoMaxBulkLen, STRING_MAX)) return false;
  c.fail(STRING_TOO_LONG);
  return true;
}

const INT64_MAX = 2n ** 63n - 1n;

/**
 * The expiry that argument i gives, in ms since the epoch: `seconds` or else milliseconds, from now on if `relative`.
 * Fails unless it is an integer, positive, and a time in ms that 64 bits can hold. Rounded from 2^53 on: then
 * storeExactExpiry has to follow.
 */
export function expiryArgument(c: Call, i: number, seconds: boolean, relative: boolean): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (Number.isNaN(value)) {
    c.fail(NOT_AN_INTEGER);
    return 0;
  }
  const time = value * (seconds ? 1000 : 1) + (relative ? c.db.keyspace.now : 0);
  if (value > 0 && time <= Number.MAX_SAFE_INTEGER) return time;
  if (value > 0 && exactExpiry(c, i, seconds, relative) <= INT64_MAX) return time;
  c.fail(invalidExpire(c.command.fullName));
  return 0;
}

function exactExpiry(c: Call, i: number, seconds: boolean, relative: boolean): bigint {
  const now = relative ? BigInt(c.db.keyspace.now) : 0n;
  return BigInt(latin1(c.buf, c.starts[i], c.ends[i])) * (seconds ? 1000n : 1n) + now;
}

/** The expiry of an entry that has one, as text: exact, whatever it is. */
export function expiryText(c: Call, ref: number): string {
  const { entries } = c.db.keyspace;
  const expireAt = entries.expireAt(ref);
  if (Number.isSafeInteger(expireAt)) return String(expireAt);
  return String(int64ToBigInt(entries.expiryHi(ref), entries.expiryLo(ref)));
}

/** Writes the expiry of argument i (see expiryArgument) once more, in all its 64 bits. */
export function storeExactExpiry(c: Call, ref: number, i: number, seconds: boolean, relative: boolean): void {
  int64FromBigInt(exactExpiry(c, i, seconds, relative));
  c.db.keyspace.entries.setExpiry64(ref, int64.hi, int64.lo);
}
