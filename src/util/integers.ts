/**
 * 64-bit signed integers, exactly, without BigInt on any path that a command takes.
 *
 * A 64-bit integer is a pair (hi, lo): hi is the upper half as a signed 32-bit number, lo the lower half as an unsigned
 * one; its value is hi * 2^32 + lo. Functions take pairs as two numbers and leave a pair in the module's one result,
 * `int64`: read it before the next call that writes it. Nothing allocates unless it returns a bigint.
 *
 * Text is parsed by the rules of Redis's string2ll: an optional minus, then digits without leading zeros; nothing else
 * ("+1", " 1", "01", "-0" and "" are not integers).
 */

export { int64Digits, int64ToString, numberDigits, writeInt64, writeNumber } from "./decimal";

const TWO_32 = 0x1_0000_0000;
const BILLION = 1_000_000_000;

/** Digits that an integer can have and be below 2^53 whatever they are. */
const SAFE_DIGITS = 15;

const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;

/** A 64-bit integer: hi signed (32 bits), lo unsigned (32 bits). */
export interface Int64 {
  hi: number;
  lo: number;
}

/** Where parseInt64, parseUint64, addInt64 and int64FromNumber leave their result. */
export const int64: Int64 = { hi: 0, lo: 0 };

/** Longest decimal text of a 64-bit integer, the sign included: the room that writeInt64 may need. */
export const MAX_INT64_TEXT = 20;

/**
 * The value of the digits in [start, end) as a number, exact up to 15 of them; -1 if one is no digit, or if there are
 * none, or if the first of several is 0.
 */
function parseDigits(buf: Uint8Array, start: number, end: number): number {
  let value = buf[start] - ZERO;
  if (!(end > start && value >= 0 && value <= 9)) return -1;
  if (value === 0) return end - start === 1 ? 0 : -1;
  for (let i = start + 1; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** As parseDigits for digits behind others: leading zeros are welcome. */
function parseMoreDigits(buf: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Sets `int64` to -(hi * 2^32 + lo); hi and lo are the unsigned halves. */
function setNegated(hi: number, lo: number): void {
  if (lo === 0) {
    int64.hi = -hi | 0;
    int64.lo = 0;
  } else {
    int64.hi = ~hi;
    int64.lo = -lo >>> 0;
  }
}

/** Sets `int64` to the unsigned bits of high * 10^9 + low (high below 2^37, low below 10^9); false from 2^64 on. */
function setFromParts(high: number, low: number): boolean {
  // 16-bit steps keep every product below 2^53.
  const upper = Math.floor(high / 65536) * BILLION;
  const lower = (high % 65536) * BILLION + low;
  const sum = (upper % 65536) * 65536 + (lower % TWO_32);
  const hi = Math.floor(upper / 65536) + Math.floor(lower / TWO_32) + Math.floor(sum / TWO_32);
  int64.hi = hi | 0;
  int64.lo = sum % TWO_32;
  return hi < TWO_32;
}

/** Parses the range into `int64`. False if it is not a 64-bit integer; `int64` is then undefined. */
export function parseInt64(buf: Uint8Array, start: number, end: number): boolean {
  const negative = end > start && buf[start] === MINUS;
  const first = negative ? start + 1 : start;
  const count = end - first;
  if (count <= SAFE_DIGITS) {
    const value = parseDigits(buf, first, end);
    if (value < 0 || (negative && value === 0)) return false;
    int64FromNumber(negative ? -value : value);
    return true;
  }
  if (count > MAX_INT64_TEXT - 1) return false;
  const high = parseDigits(buf, first, end - 9);
  const low = parseMoreDigits(buf, end - 9, end);
  if (high < 0 || low < 0) return false;
  setFromParts(high, low);
  if (!negative) return int64.hi >= 0;
  // -2^63 is the one value whose magnitude does not fit.
  if (int64.hi < 0 && (int64.hi !== -0x80000000 || int64.lo !== 0)) return false;
  setNegated(int64.hi, int64.lo);
  return true;
}

/**
 * The range as a number; NaN if it is not a 64-bit integer or not a safe one (|value| >= 2^53). For counts and options
 * whose limits are smaller anyway: where a huge valid integer means something else than an error, parseInt64Rounded is
 * the function to take.
 */
export function parseSafeInt(buf: Uint8Array, start: number, end: number): number {
  const negative = end > start && buf[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (end - first > SAFE_DIGITS + 1) return Number.NaN;
  const value = parseDigits(buf, first, end);
  // With 16 digits a sum may have been rounded, but never from above 2^53 to below.
  if (value < 0 || value > Number.MAX_SAFE_INTEGER || (negative && value === 0)) return Number.NaN;
  return negative ? -value : value;
}

/** The range as a number, rounded to the nearest double from 2^53 on; NaN if it is not a 64-bit integer. */
export function parseInt64Rounded(buf: Uint8Array, start: number, end: number): number {
  if (end - start <= SAFE_DIGITS) return parseSafeInt(buf, start, end);
  return parseInt64(buf, start, end) ? int64ToNumber(int64.hi, int64.lo) : Number.NaN;
}

/**
 * Parses an unsigned 64-bit integer into the bits of `int64` (`hi >>> 0` is the unsigned upper half). The rules are those
 * of Redis's string2ull, which falls back on strtoull: white space before it, a plus and leading zeros are allowed, and a
 * minus counts modulo 2^64 unless the text is a plain negative integer. False if it is none.
 */
export function parseUint64(buf: Uint8Array, start: number, end: number): boolean {
  if (parseInt64(buf, start, end)) return int64.hi >= 0;
  let at = start;
  while (at < end && (buf[at] === 0x20 || (buf[at] >= 9 && buf[at] <= 13))) at++;
  const negative = at < end && buf[at] === MINUS;
  if (at < end && (negative || buf[at] === PLUS)) at++;
  if (at === end) return false;
  while (at < end - 1 && buf[at] === ZERO) at++;
  if (end - at > MAX_INT64_TEXT) return false;
  const split = Math.max(at, end - 9);
  const high = parseMoreDigits(buf, at, split);
  const low = parseMoreDigits(buf, split, end);
  if (high < 0 || low < 0 || !setFromParts(high, low)) return false;
  if (negative) setNegated(int64.hi, int64.lo);
  return true;
}

/** Sets `int64` to the sum; false if it overflows 64 bits (`int64` is then undefined). */
export function addInt64(aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  const lo = aLo + bLo;
  const hi = aHi + bHi + (lo >= TWO_32 ? 1 : 0);
  int64.lo = lo >>> 0;
  int64.hi = hi | 0;
  return int64.hi === hi;
}

/** Negative, 0 or positive as a is below, equal to or above b. */
export function compareInt64(aHi: number, aLo: number, bHi: number, bLo: number): number {
  return aHi === bHi ? aLo - bLo : aHi - bHi;
}

/** Whether the value is a safe integer, |value| < 2^53. */
export function isSafeInt64(hi: number, lo: number): boolean {
  return hi >= -0x200000 && hi < 0x200000 && (hi !== -0x200000 || lo !== 0);
}

/** The value as a number, exact below 2^53 and the nearest double from there on. */
export function int64ToNumber(hi: number, lo: number): number {
  return hi * TWO_32 + lo;
}

/** Sets `int64` to an integer in [-2^63, 2^63). */
export function int64FromNumber(value: number): void {
  const hi = Math.floor(value / TWO_32);
  int64.hi = hi | 0;
  int64.lo = value - hi * TWO_32;
}

/** The value as a bigint: for tests and rare paths. */
export function int64ToBigInt(hi: number, lo: number): bigint {
  return BigInt(hi) * 0x1_0000_0000n + BigInt(lo);
}

/** Sets `int64` to the lower 64 bits of a bigint. */
export function int64FromBigInt(value: bigint): void {
  int64.hi = Number(BigInt.asIntN(32, value >> 32n));
  int64.lo = Number(BigInt.asUintN(32, value));
}
