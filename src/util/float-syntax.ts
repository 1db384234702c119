/**
 * What strtod and strtold of the C library take as a floating-point number, in the C locale: a decimal number, a
 * hexadecimal one ("0x1.8p3"), or an infinity. NaN in any spelling is no number here, because no command takes it.
 * Unlike strtod this looks at whole texts only: leading white space or trailing characters make it no number.
 */

/** A number as it is written: sign * digits * 10^exponent, or digits / 16^n * 2^exponent for hexadecimal ones. */
export interface FloatSyntax {
  negative: boolean;
  infinite: boolean;
  hexadecimal: boolean;
  /** All digits before and behind the point, without the point and without leading zeros: "" is zero. */
  digits: string;
  /** The power of ten (decimal) or of two (hexadecimal) that `digits`, read as an integer, is multiplied by. */
  exponent: number;
}

const DECIMAL = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:e([+-]?[0-9]+))?$/i;
const HEXADECIMAL = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?[0-9]+))?$/i;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;

/** Far outside every format's range, and far inside the integers that stay exact when digits are added to it. */
const EXPONENT_LIMIT = 1e9;

/** The parts of a number as strtod reads it; null if the text as a whole is none. */
export function splitFloat(text: string): FloatSyntax | null {
  const infinity = INFINITY.exec(text);
  if (infinity !== null) {
    return { negative: infinity[1] === "-", infinite: true, hexadecimal: false, digits: "", exponent: 0 };
  }
  let match = DECIMAL.exec(text);
  const hexadecimal = match === null;
  match ??= HEXADECIMAL.exec(text);
  if (match === null) return null;
  const [, sign, integer, fraction = "", exponentText = "0"] = match;
  if (integer.length + fraction.length === 0) return null;
  const written = Math.max(-EXPONENT_LIMIT, Math.min(EXPONENT_LIMIT, Number(exponentText)));
  return {
    negative: sign === "-",
    infinite: false,
    hexadecimal,
    digits: (integer + fraction).replace(/^0+/, ""),
    exponent: written - fraction.length * (hexadecimal ? 4 : 1),
  };
}

/**
 * value = numerator / denominator * 2^shift rounded to `precision` bits, half to even, as mantissa * 2^exponent.
 * `leastExponent` is the exponent of the format's smallest denormal: below it, fewer bits are kept.
 */
export function roundRatio(
  numerator: bigint,
  denominator: bigint,
  shift: number,
  precision: number,
  leastExponent: number,
): { mantissa: bigint; exponent: number } {
  // Scale so that the quotient has precision + 1 or precision + 2 bits: the rest is a sticky bit.
  const scale = precision + 2 - bitLength(numerator) + bitLength(denominator);
  const scaledNumerator = scale > 0 ? numerator << BigInt(scale) : numerator;
  const scaledDenominator = scale < 0 ? denominator << BigInt(-scale) : denominator;
  const quotient = scaledNumerator / scaledDenominator;
  const sticky = quotient * scaledDenominator !== scaledNumerator;
  const exponent = shift - scale;
  const drop = Math.max(bitLength(quotient) - precision, leastExponent - exponent);
  // One extra low bit stands for everything behind the quotient.
  const mantissa = shiftRightHalfEven((quotient << 1n) | (sticky ? 1n : 0n), drop + 1);
  return { mantissa, exponent: exponent + drop };
}

/** value / 2^bits, rounded half to even; `value` is not negative, `bits` positive. */
export function shiftRightHalfEven(value: bigint, bits: number): bigint {
  const count = BigInt(bits);
  const quotient = value >> count;
  const twice = (value - (quotient << count)) << 1n;
  const one = 1n << count;
  if (twice > one || (twice === one && (quotient & 1n) === 1n)) return quotient + 1n;
  return quotient;
}

/** Bits of a non-negative integer: 0 for 0. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0], 16)) + 28;
}
