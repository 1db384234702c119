/**
 * The x87 extended-precision "long double" that Redis computes INCRBYFLOAT and HINCRBYFLOAT with on x86: a 64-bit
 * mantissa, a 15-bit exponent, results rounded to nearest, ties to even. JavaScript has no such type, so a value is
 * held as an exact BigInt mantissa and a power of two. Rounding happens where the hardware rounds: when text is parsed,
 * and after an addition. Formatting is printf("%.17Lf") with the trailing zeros cut, as Redis does it.
 *
 * Representation of a finite value: (-1)^negative * mantissa * 2^exponent, mantissa below 2^64.
 */

import { latin1 } from "./bytes";
import { bitLength, roundRatio, shiftRightHalfEven, splitFloat } from "./float-syntax";

/** An x87 long double. */
export interface LongDouble {
  readonly kind: "finite" | "infinite" | "nan";
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

const PRECISION = 64;
/** Exponent of the smallest denormal. */
const LEAST_EXPONENT = -16445;
/** Exponent of the largest finite values: (2^64 - 1) * 2^16320. */
const GREATEST_EXPONENT = 16320;

/** Decimal magnitudes beyond which the result is certain, so that no giant power of ten is computed. */
const DECIMAL_OVERFLOW = 4934;
const DECIMAL_UNDERFLOW = -4952;

/** Redis parses at most this many characters minus one as a long double. */
const MAX_TEXT = 5 * 1024;

const FRACTION_DIGITS = 17;
const TEN_17 = 10n ** 17n;

const NAN: LongDouble = { kind: "nan", negative: false, mantissa: 0n, exponent: 0 };

function infinity(negative: boolean): LongDouble {
  return { kind: "infinite", negative, mantissa: 0n, exponent: 0 };
}

function finite(negative: boolean, mantissa: bigint, exponent: number): LongDouble {
  return { kind: "finite", negative, mantissa, exponent };
}

/** (-1)^negative * numerator / denominator * 2^shift as the nearest long double; an infinity on overflow. */
function nearest(negative: boolean, numerator: bigint, denominator: bigint, shift: number): LongDouble {
  if (numerator === 0n) return finite(negative, 0n, 0);
  const { mantissa, exponent } = roundRatio(numerator, denominator, shift, PRECISION, LEAST_EXPONENT);
  if (exponent + bitLength(mantissa) > GREATEST_EXPONENT + PRECISION) return infinity(negative);
  return finite(negative, mantissa, exponent);
}

/**
 * The range as Redis reads a long double (strtold on the whole text); null if it is none, NaN, 5,120 bytes or longer, too
 * large, or so small that it would become 0. "inf" and "infinity" with a sign are numbers.
 */
export function parseLongDouble(buf: Uint8Array, start: number, end: number): LongDouble | null {
  if (end - start >= MAX_TEXT) return null;
  const syntax = splitFloat(latin1(buf, start, end));
  if (syntax === null) return null;
  const { negative, digits, exponent } = syntax;
  if (syntax.infinite) return infinity(negative);
  if (digits === "") return finite(negative, 0n, 0);
  let value: LongDouble;
  if (syntax.hexadecimal) {
    const magnitude = digits.length * 4 + exponent;
    if (magnitude > GREATEST_EXPONENT + PRECISION + 4 || magnitude < LEAST_EXPONENT - 1) return null;
    value = nearest(negative, BigInt(`0x${digits}`), 1n, exponent);
  } else {
    const magnitude = digits.length + exponent;
    if (magnitude > DECIMAL_OVERFLOW || magnitude < DECIMAL_UNDERFLOW) return null;
    // 10^e = 5^e * 2^e: the power of two is only a shift.
    const power = 5n ** BigInt(Math.abs(exponent));
    const mantissa = BigInt(digits);
    value =
      exponent < 0 ? nearest(negative, mantissa, power, exponent) : nearest(negative, mantissa * power, 1n, exponent);
  }
  // Overflow and underflow to zero are range errors.
  return value.kind === "infinite" || value.mantissa === 0n ? null : value;
}

/** a + b, rounded as the x87 does. */
export function addLongDouble(a: LongDouble, b: LongDouble): LongDouble {
  if (a.kind !== "finite" || b.kind !== "finite") {
    if (a.kind === "nan" || b.kind === "nan") return NAN;
    if (a.kind === "finite") return b;
    return b.kind === "finite" || a.negative === b.negative ? a : NAN;
  }
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = signedMantissa(a, exponent) + signedMantissa(b, exponent);
  // Only -0 + -0 is -0 when rounding to nearest.
  if (sum === 0n) return finite(a.negative && b.negative, 0n, 0);
  return nearest(sum < 0n, sum < 0n ? -sum : sum, 1n, exponent);
}

function signedMantissa(value: LongDouble, exponent: number): bigint {
  const mantissa = value.mantissa << BigInt(value.exponent - exponent);
  return value.negative ? -mantissa : mantissa;
}

/** The nearest double, but never 0 for what is not; NaN for null. */
export function longDoubleToNumber(value: LongDouble | null): number {
  if (value === null) return Number.NaN;
  const { kind, negative, mantissa, exponent } = value;
  if (kind === "nan") return Number.NaN;
  let magnitude = Number.POSITIVE_INFINITY;
  if (kind === "finite") {
    magnitude = Number(mantissa) * 2 ** exponent;
    if (magnitude === 0 && mantissa !== 0n) magnitude = Number.MIN_VALUE;
  }
  return negative ? -magnitude : magnitude;
}

/** Whether the value is neither infinite nor NaN. */
export function isFiniteLongDouble(value: LongDouble): boolean {
  return value.kind === "finite";
}

/** As Redis prints a long double for people: at most 17 decimals, no trailing zeros, never an exponent. */
export function formatLongDouble(value: LongDouble): string {
  if (value.kind === "nan") return "nan";
  if (value.kind === "infinite") return value.negative ? "-inf" : "inf";
  const sign = value.negative ? "-" : "";
  if (value.mantissa === 0n) return "0";
  if (value.exponent >= 0) return sign + String(value.mantissa << BigInt(value.exponent));
  const digits = String(shiftRightHalfEven(value.mantissa * TEN_17, -value.exponent)).padStart(
    FRACTION_DIGITS + 1,
    "0",
  );
  const point = digits.length - FRACTION_DIGITS;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === 0x30) end--;
  const text = digits.slice(0, point) + (end > point ? `.${digits.slice(point, end)}` : "");
  return text === "0" ? "0" : sign + text;
}

/** The result of scanShort: the number is scannedUnits / 10^scannedScale. */
let scannedUnits = 0;
let scannedScale = 0;

/** Reads a plain decimal of at most 15 digits into scannedUnits and scannedScale; false for everything else. */
function scanShort(buf: Uint8Array, start: number, end: number): boolean {
  const negative = end > start && buf[start] === 0x2d;
  const first = negative ? start + 1 : start;
  if (end - first > 16) return false;
  let units = 0;
  let point = -1;
  for (let i = first; i < end; i++) {
    const digit = buf[i] - 0x30;
    if (digit >= 0 && digit <= 9) units = units * 10 + digit;
    else if (buf[i] === 0x2e && point < 0) point = i;
    else return false;
  }
  const digits = point < 0 ? end - first : end - first - 1;
  if (digits < 1 || digits > 15) return false;
  scannedUnits = negative ? -units : units;
  scannedScale = point < 0 ? 0 : end - 1 - point;
  return true;
}

/**
 * Sums below this keep their decimals: two parsed values and their sum are each off by at most 2^-64 of their magnitude,
 * which is then less in all than half of the 17th decimal, so printing rounds the error away.
 */
const EXACT_DECIMAL_LIMIT = 46;

/**
 * formatLongDouble(addLongDouble(a, b)) for two ranges that are short plain decimals, without BigInt; null where decimal
 * arithmetic could differ from the x87's, and then the long way has the answer. Integers and binary fractions (0.75) may
 * have 15 digits, other fractions only small values, because Redis shows the rounding error of larger ones.
 */
export function addShortDecimals(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): string | null {
  if (!scanShort(a, aStart, aEnd)) return null;
  const aUnits = scannedUnits;
  const aScale = scannedScale;
  if (!scanShort(b, bStart, bEnd)) return null;
  const scale = Math.max(aScale, scannedScale);
  const left = aUnits * 10 ** (scale - aScale);
  const right = scannedUnits * 10 ** (scale - scannedScale);
  const reach = Math.abs(left) + Math.abs(right);
  if (reach > Number.MAX_SAFE_INTEGER) return null;
  if (scale > 0 && reach >= EXACT_DECIMAL_LIMIT * 10 ** scale && !areBinary(left, right, scale)) return null;
  const sum = left + right;
  if (sum === 0) return "0";
  return scale === 0 ? String(sum) : placeDecimalPoint(sum, scale);
}

/** Whether both numbers, of 10^-scale, are fractions of a power of two, such as 0.5: then nothing is ever rounded. */
function areBinary(left: number, right: number, scale: number): boolean {
  const fives = 5 ** scale;
  return left % fives === 0 && right % fives === 0;
}

/** sum / 10^scale without trailing zeros. */
function placeDecimalPoint(sum: number, scale: number): string {
  let units = Math.abs(sum);
  let left = scale;
  while (left > 0 && units % 10 === 0) {
    units /= 10;
    left--;
  }
  const sign = sum < 0 ? "-" : "";
  if (left === 0) return sign + String(units);
  const digits = String(units).padStart(left + 1, "0");
  return `${sign}${digits.slice(0, -left)}.${digits.slice(-left)}`;
}
