/** Double-precision numbers as Redis reads and prints them: scores, timeouts, RESP3 doubles. */

import { latin1, writeLatin1 } from "./bytes";
import { writeNumber } from "./decimal";
import { bitLength, roundRatio, splitFloat } from "./float-syntax";
import { convert, decimalExponent, digitCount, digits } from "./grisu";

/** The longest text of a double. */
export const MAX_DOUBLE_TEXT = 32;

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;

/** Powers of ten that are doubles exactly, as far as parseShort needs them. */
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/**
 * Plain decimals of at most 15 digits ("42", "-3.25"): integer and power of ten are exact doubles, so the one division
 * rounds correctly (Clinger, 1990). NaN for everything else.
 */
function parseShort(buf: Uint8Array, start: number, end: number): number {
  const negative = buf[start] === MINUS;
  const first = negative ? start + 1 : start;
  if (end - first > 16 || end <= first) return Number.NaN;
  let value = 0;
  let point = -1;
  for (let i = first; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (buf[i] === POINT && point < 0) point = i;
    else return Number.NaN;
  }
  const digits = point < 0 ? end - first : end - first - 1;
  if (digits === 0 || digits > 15) return Number.NaN;
  if (point >= 0) value /= POWERS[end - 1 - point];
  return negative ? -value : value;
}

/** A hexadecimal number, correctly rounded; Infinity on overflow, 0 on underflow. `digits` is not empty. */
function hexadecimalToDouble(digits: string, exponent: number): number {
  const bits = digits.length * 4 + exponent;
  if (bits > 1030) return Number.POSITIVE_INFINITY;
  if (bits < -1080) return 0;
  const rounded = roundRatio(BigInt(`0x${digits}`), 1n, exponent, 53, -1074);
  if (rounded.mantissa === 0n) return 0;
  if (rounded.exponent + bitLength(rounded.mantissa) > 1024) return Number.POSITIVE_INFINITY;
  // The mantissa has 53 bits at most, so both steps are exact; one step could leave the range of 2 ** x.
  const half = Math.trunc(rounded.exponent / 2);
  return Number(rounded.mantissa) * 2 ** half * 2 ** (rounded.exponent - half);
}

/**
 * The range as Redis reads a double (strtod on the whole text): decimal, hexadecimal or infinite. NaN if it is none, is
 * NaN itself, overflows, or is so small that it would become 0.
 */
export function parseDouble(buf: Uint8Array, start: number, end: number): number {
  const short = parseShort(buf, start, end);
  if (!Number.isNaN(short)) return short;
  const text = latin1(buf, start, end);
  const syntax = splitFloat(text);
  if (syntax === null) return Number.NaN;
  const sign = syntax.negative ? -1 : 1;
  if (syntax.infinite) return sign * Number.POSITIVE_INFINITY;
  if (syntax.digits === "") return sign * 0;
  const value = syntax.hexadecimal ? hexadecimalToDouble(syntax.digits, syntax.exponent) : Math.abs(Number(text));
  return value === 0 || value === Number.POSITIVE_INFINITY ? Number.NaN : sign * value;
}

/**
 * The range as strtod reads a whole C string, which is how ranges of scores are read: up to a NUL, after white space,
 * with Infinity for what is too large; nothing at all is 0. NaN if it is no number, or NaN itself.
 */
export function parseStrtod(buf: Uint8Array, start: number, end: number): number {
  const exact = parseDouble(buf, start, end);
  if (!Number.isNaN(exact)) return exact;
  const nul = buf.indexOf(0, start);
  const text = latin1(buf, start, nul >= 0 && nul < end ? nul : end);
  if (text === "") return 0;
  const trimmed = text.replace(/^[ \t\n\v\f\r]+/, "");
  const syntax = splitFloat(trimmed);
  if (syntax === null) return Number.NaN;
  const sign = syntax.negative ? -1 : 1;
  if (syntax.infinite) return sign * Number.POSITIVE_INFINITY;
  if (syntax.digits === "") return sign * 0;
  return sign * (syntax.hexadecimal ? hexadecimalToDouble(syntax.digits, syntax.exponent) : Math.abs(Number(trimmed)));
}

/** Writes what formatDouble() says at `at`, up to MAX_DOUBLE_TEXT bytes, and returns the number of bytes. */
export function writeDouble(value: number, out: Uint8Array, at: number): number {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return writeNumber(value, out, at);
  return writeLatin1(formatDouble(value), out, at);
}

/** Integral doubles up to this magnitude (2^62) are printed as integers. */
const INTEGER_LIMIT = 2 ** 62;

/**
 * A double as Redis 7.2 prints it: integers with all their digits up to 2^62, else as fpconv does: the digits of Grisu2,
 * with an exponent as soon as there are more than 6 decimals and it is not between 1e-4 and 1e4 ("4.346927698961647e+4").
 */
export function formatDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= INTEGER_LIMIT && value !== 0) {
    return Number.isSafeInteger(value) ? String(value) : String(BigInt(value));
  }
  return formatShortest(value);
}

/** A double in the digits of Grisu2, which read back as the same double, in the notation of fpconv: 1e22 is "1e+22". */
export function formatShortest(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  convert(Math.abs(value));
  const text = latin1(digits, 0, digitCount);
  return (value < 0 ? "-" : "") + placePoint(text, decimalExponent + digitCount - 1);
}

/** As C's %.17g: 17 significant digits, of ties the even one, without the zeros at the end. */
export function formatPrecise(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatShortest(value);
  if (Number.isSafeInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  const sign = value < 0 ? "-" : "";
  if (magnitude >= 1e-5 && magnitude < 1e15) return sign + preciseOf(magnitude);
  const rounded = roundTie(magnitude);
  const mark = rounded.indexOf("e");
  const exponent = Number(rounded.slice(mark + 1));
  return sign + placePointAsC(withoutZeros(rounded[0] + rounded.slice(2, mark)), exponent);
}

/** For 1e-5 to 1e15. */
function preciseOf(magnitude: number): string {
  // The logarithm may be off by one next to a power of ten.
  let exponent = Math.floor(Math.log10(magnitude));
  if (magnitude >= 10 ** (exponent + 1)) exponent++;
  else if (magnitude < 10 ** exponent) exponent--;
  const text = scaledDigits(magnitude, 10 ** (16 - exponent));
  // Nines may round up to the next power of ten.
  return placePointAsC(withoutZeros(text), exponent + text.length - 17);
}

/** 2^27 + 1 */
const SPLITTER = 134217729;

/**
 * The product, between 10^16 and 10^17, rounded to an integer, of ties to the even one. The power of ten has to be a
 * double exactly: then sum and error of the product (Dekker, 1971) are all of it.
 */
function scaledDigits(magnitude: number, power: number): string {
  const product = magnitude * power;
  const big = magnitude * SPLITTER;
  const high = big - (big - magnitude);
  const low = magnitude - high;
  const bigPower = power * SPLITTER;
  const highPower = bigPower - (bigPower - power);
  const lowPower = power - highPower;
  const error = low * lowPower - (product - high * highPower - low * highPower - high * lowPower);
  // The product is even: it is larger than 2^53.
  const floor = Math.floor(error);
  const fraction = error - floor;
  const rounded = fraction > 0.5 || (fraction === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  const upper = Math.floor(product / 1e8);
  const lower = product - upper * 1e8 + rounded;
  const carry = Math.floor(lower / 1e8);
  return String(upper + carry) + String(lower - carry * 1e8).padStart(8, "0");
}

function withoutZeros(digits: string): string {
  let count = digits.length;
  while (digits.charCodeAt(count - 1) === ZERO) count--;
  return digits.slice(0, count);
}

/** As toExponential(16), but that gives the larger one of two equally near numbers. */
function roundTie(magnitude: number): string {
  const exact = magnitude.toExponential(60);
  const mark = exact.indexOf("e");
  const isTie = /^50*$/.test(exact.slice(18, mark));
  const isEven = Number(exact[17]) % 2 === 0;
  return isTie && isEven ? exact.slice(0, 18) + exact.slice(mark) : magnitude.toExponential(16);
}

function placePointAsC(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= 17) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const magnitude = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${magnitude}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits + "0".repeat(exponent + 1 - digits.length);
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** digits[0] . digits[1..] * 10^exponent in the notation that fpconv chooses. */
function placePoint(digits: string, exponent: number): string {
  const count = digits.length;
  const scale = exponent - count + 1;
  const magnitude = Math.abs(exponent);
  if (scale >= 0 && magnitude < count + 7) return digits + "0".repeat(scale);
  if (scale < 0 && (scale > -7 || magnitude < 4)) {
    if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
    return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
  }
  const fraction = count > 1 ? `.${digits.slice(1)}` : "";
  return `${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${magnitude}`;
}
