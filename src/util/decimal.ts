/**
 * Integers as decimal digits in a byte array. This writes the length of every reply, so it is unrolled for short
 * numbers, and takes two digits a step from a table for long ones.
 */

const BILLION = 1_000_000_000;
const ZERO = 0x30;
const MINUS = 0x2d;

/** "00" to "99". */
const PAIRS = new Uint8Array(200);
for (let i = 0; i < 100; i++) {
  PAIRS[2 * i] = ZERO + Math.floor(i / 10);
  PAIRS[2 * i + 1] = ZERO + (i % 10);
}

/** Digits of an integer in [0, 10^9). */
function countSmall(n: number): number {
  if (n < 10_000) {
    if (n < 100) return n < 10 ? 1 : 2;
    return n < 1_000 ? 3 : 4;
  }
  if (n < 1_000_000) return n < 100_000 ? 5 : 6;
  if (n < 100_000_000) return n < 10_000_000 ? 7 : 8;
  return 9;
}

/** Digits of an integer in [0, 10^18]. */
function countDigits(n: number): number {
  return n < BILLION ? countSmall(n) : countDigits(Math.floor(n / BILLION)) + 9;
}

/** Writes n, an integer in [0, 10^9), in exactly `count` digits that end before `end`. */
function fillDigits(n: number, count: number, out: Uint8Array, end: number): void {
  let rest = n;
  let at = end;
  let left = count;
  while (left >= 2) {
    const quotient = (rest / 100) | 0;
    const pair = (rest - quotient * 100) * 2;
    rest = quotient;
    at -= 2;
    left -= 2;
    out[at] = PAIRS[pair];
    out[at + 1] = PAIRS[pair + 1];
  }
  if (left > 0) out[at - 1] = ZERO + rest;
}

/** Writes a non-negative integer up to 2^53 and returns the number of its digits. */
function writeUnsigned(n: number, out: Uint8Array, at: number): number {
  if (n < 10) {
    out[at] = ZERO + n;
    return 1;
  }
  if (n < 100) {
    out[at] = PAIRS[2 * n];
    out[at + 1] = PAIRS[2 * n + 1];
    return 2;
  }
  if (n < 10_000) {
    const hundreds = (n / 100) | 0;
    const rest = 2 * (n - hundreds * 100);
    let position = at;
    if (hundreds >= 10) out[position++] = PAIRS[2 * hundreds];
    out[position] = PAIRS[2 * hundreds + 1];
    out[position + 1] = PAIRS[rest];
    out[position + 2] = PAIRS[rest + 1];
    return position + 3 - at;
  }
  if (n < BILLION) {
    const count = countSmall(n);
    fillDigits(n, count, out, at + count);
    return count;
  }
  const billions = Math.floor(n / BILLION);
  const count = writeUnsigned(billions, out, at) + 9;
  fillDigits(n - billions * BILLION, 9, out, at + count);
  return count;
}

/** Writes a safe integer at `at` (up to 17 bytes) and returns the number of bytes written. */
export function writeNumber(n: number, out: Uint8Array, at: number): number {
  if (n >= 0) return writeUnsigned(n, out, at);
  out[at] = MINUS;
  return 1 + writeUnsigned(-n, out, at + 1);
}

/** Bytes that writeNumber writes for this safe integer. */
export function numberDigits(n: number): number {
  return n < 0 ? 1 + countDigits(-n) : countDigits(n);
}

/** The remainder of the last split, in [0, 10^9): a second result of splitMagnitude that costs no object. */
let splitRemainder = 0;

/** Divides |hi * 2^32 + lo| by 10^9: returns the quotient and leaves the remainder in splitRemainder. */
function splitMagnitude(hi: number, lo: number): number {
  let upper = hi;
  let lower = lo;
  if (hi < 0) {
    // Negate both halves; -2^63 becomes 2^63, which the unsigned upper half holds.
    upper = (lo === 0 ? -hi : ~hi) >>> 0;
    lower = -lo >>> 0;
  }
  // Long division in 16-bit steps: every intermediate value is below 2^53.
  const quotient = Math.floor(upper / BILLION);
  const second = (upper - quotient * BILLION) * 65536 + (lower >>> 16);
  const secondQuotient = Math.floor(second / BILLION);
  const third = (second - secondQuotient * BILLION) * 65536 + (lower & 0xffff);
  const thirdQuotient = Math.floor(third / BILLION);
  splitRemainder = third - thirdQuotient * BILLION;
  return quotient * 0x1_0000_0000 + secondQuotient * 65536 + thirdQuotient;
}

/** Writes a 64-bit integer (see integers.ts) at `at`, up to 20 bytes, and returns the number of bytes written. */
export function writeInt64(hi: number, lo: number, out: Uint8Array, at: number): number {
  if (hi === 0) return writeUnsigned(lo, out, at);
  if (hi >= -0x1fffff && hi < 0x200000) return writeNumber(hi * 0x1_0000_0000 + lo, out, at);
  let position = at;
  if (hi < 0) out[position++] = MINUS;
  const billions = splitMagnitude(hi, lo);
  position += writeUnsigned(billions, out, position) + 9;
  fillDigits(splitRemainder, 9, out, position);
  return position - at;
}

/** Bytes that writeInt64 writes for this 64-bit integer. */
export function int64Digits(hi: number, lo: number): number {
  if (hi >= -0x1fffff && hi < 0x200000) return numberDigits(hi * 0x1_0000_0000 + lo);
  return (hi < 0 ? 10 : 9) + countDigits(splitMagnitude(hi, lo));
}

const scratch = new Uint8Array(20);

/** A 64-bit integer as text. */
export function int64ToString(hi: number, lo: number): string {
  if (hi >= -0x1fffff && hi < 0x200000) return String(hi * 0x1_0000_0000 + lo);
  const length = writeInt64(hi, lo, scratch, 0);
  return String.fromCharCode(...scratch.subarray(0, length));
}
