/**
 * Integers of 1 to 64 bits at any bit of a string: what BITFIELD reads, writes and adds to. No RESP here.
 *
 * The first bit of a field is its most significant one; bits are numbered as in bitmap.ts. A value is a 64-bit integer
 * in the two halves of `int64` (util/integers.ts); an unsigned field has 63 bits at most, so that its value is one too.
 */

import { int64 } from "../../util/integers";

/** What becomes of a value that does not fit into its field. */
export const OVERFLOW_WRAP = 0;
export const OVERFLOW_SAT = 1;
export const OVERFLOW_FAIL = 2;

/** Where a field is: `bits` bits from bit `offset` of bytes[at, end). */
export interface Field {
  bits: number;
  signed: boolean;
  offset: number;
}

/** Powers of two, up to what a half can not hold. */
const POWERS = Float64Array.from({ length: 33 }, (_, i) => 2 ** i);

/** Reads a field of the string bytes[at, end) into `int64`; zeros follow the string. */
export function readField(field: Field, bytes: Uint8Array, at: number, end: number): void {
  const { bits } = field;
  const byte = at + Math.floor(field.offset / 8);
  const bit = field.offset % 8;
  const upper = Math.max(bits - 32, 0);
  int64.hi = readBits(bytes, byte, end, bit, upper) | 0;
  const next = bit + upper;
  int64.lo = readBits(bytes, byte + (next >>> 3), end, next & 7, bits - upper);
  wrapInt64(bits, field.signed);
}

/** Up to 32 bits from bit `bit` of bytes[byte] on: they lie in five bytes. */
function readBits(bytes: Uint8Array, byte: number, end: number, bit: number, count: number): number {
  if (count === 0) return 0;
  const word =
    (byteAt(bytes, byte, end) << 24) |
    (byteAt(bytes, byte + 1, end) << 16) |
    (byteAt(bytes, byte + 2, end) << 8) |
    byteAt(bytes, byte + 3, end);
  const fromBit = (word << bit) | (byteAt(bytes, byte + 4, end) >>> (8 - bit));
  return fromBit >>> (32 - count);
}

function byteAt(bytes: Uint8Array, at: number, end: number): number {
  return at < end ? bytes[at] : 0;
}

/** Writes the lower bits of `int64` into a field, which lies inside the string that starts at bytes[at]. */
export function writeField(field: Field, bytes: Uint8Array, at: number): void {
  const byte = at + Math.floor(field.offset / 8);
  const bit = field.offset % 8;
  const upper = Math.max(field.bits - 32, 0);
  writeBits(bytes, byte, bit, upper, int64.hi >>> 0);
  const next = bit + upper;
  writeBits(bytes, byte + (next >>> 3), next & 7, field.bits - upper, int64.lo);
}

/** Writes the lower `count` bits (up to 32) of a value from bit `bit` of bytes[byte] on. */
function writeBits(bytes: Uint8Array, byte: number, bit: number, count: number, value: number): void {
  let left = count;
  let i = byte;
  let first = bit;
  while (left > 0) {
    const taken = Math.min(8 - first, left);
    const shift = 8 - first - taken;
    const mask = ((1 << taken) - 1) << shift;
    const part = (value >>> (left - taken)) << shift;
    bytes[i] = (bytes[i] & ~mask) | (part & mask);
    left -= taken;
    first = 0;
    i++;
  }
}

/** Keeps the lower `bits` bits of `int64`, extended by zeros or by the sign. */
function wrapInt64(bits: number, signed: boolean): void {
  if (bits > 32) {
    const unused = 64 - bits;
    int64.hi = signed ? (int64.hi << unused) >> unused : (int64.hi << unused) >>> unused;
    return;
  }
  const unused = 32 - bits;
  if (!signed) {
    int64.lo = (int64.lo << unused) >>> unused;
    int64.hi = 0;
    return;
  }
  const value = (int64.lo << unused) >> unused;
  int64.lo = value >>> 0;
  int64.hi = value >> 31;
}

/**
 * Makes `int64` fit into a field: wrapped or, with OVERFLOW_SAT, the field's limit. `carry` is 1 or -1 if the value is
 * really 2^64 more or less than `int64` says, or if it counts as too large or small whatever it says; else 0. Returns
 * whether it did not fit.
 */
export function fitField(field: Field, overflow: number, carry: number): boolean {
  const { hi, lo } = int64;
  wrapInt64(field.bits, field.signed);
  if (carry === 0 && int64.hi === hi && int64.lo === lo) return false;
  if (overflow === OVERFLOW_SAT) setLimit(field, carry > 0 || (carry === 0 && hi >= 0));
  return true;
}

/** Sets `int64` to the largest or smallest value of a field. */
function setLimit({ bits, signed }: Field, largest: boolean): void {
  const magnitude = signed ? bits - 1 : bits;
  int64.hi = magnitude > 32 ? POWERS[magnitude - 32] - 1 : 0;
  int64.lo = POWERS[Math.min(magnitude, 32)] - 1;
  if (largest) return;
  int64.hi = signed ? ~int64.hi : 0;
  int64.lo = signed ? ~int64.lo >>> 0 : 0;
}

/**
 * Whether a value that SET takes counts as too large although it is negative. An unsigned field takes every negative
 * value for one from 2^63 on. A signed one does so with values whose distance from its limit is 2^63 or more, because
 * Redis computes that distance in 64 bits: OVERFLOW SAT makes the lowest values the highest.
 */
export function countsAsLarge({ bits, signed }: Field, hi: number, lo: number): boolean {
  if (hi >= 0 || bits === 64) return false;
  if (!signed) return true;
  const magnitude = bits - 1;
  const upper = hi & 0x7fffffff;
  return magnitude > 32 ? upper < POWERS[magnitude - 32] : upper === 0 && lo < POWERS[magnitude];
}
