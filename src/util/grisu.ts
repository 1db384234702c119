/**
 * Doubles to decimal digits with Grisu2 (Florian Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with
 * Integers", PLDI 2010), in the form that Redis 7.2 uses (fpconv): the digits read back as the same double, but for
 * about one double in two hundred they are not the shortest or not the nearest ones. Clients, files and DEBUG DIGEST
 * see those digits, so they are computed bit by bit as there, and not asked of JavaScript.
 *
 * A number is a mantissa of 64 bits and a binary exponent. The number, and the boundaries between which all reals round
 * to it, are multiplied by a power of ten such that the integral part of the product has 32 bits at most. Digits are
 * taken off the upper boundary until what is left of it is within the interval; then the last one is lowered, towards
 * the number itself.
 */

// Products instead of quotients and remainders: those of doubles are slow.
const WORD = 2 ** 32;
const WORDTH = 2 ** -32;
const HALF_WORD = 2 ** 16;
const HALF_WORDTH = 2 ** -16;
const EXPONENT_BIAS = 1075;
/** The upper word of the bit that a normal double has and does not store. */
const HIDDEN = 0x100000;
/** The exponent of a product lies in this range, which leaves 32 bits at most for its integral part. */
const MIN_EXPONENT = -60;
const MAX_EXPONENT = -32;

/** Powers of ten that are kept: 10^-348, 10^-340, …, 10^340. */
const FIRST_POWER = -348;
const POWER_STEP = 8;
const POWER_COUNT = 87;
const LOG10_OF_2 = 0.30102999566398114;

const POWERS_OF_TWO = Float64Array.from({ length: 32 }, (_, bits) => 2 ** bits);

/** For the digits of the integral part. */
const DIVISORS = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1];

/** An unsigned integer of 64 bits, as two halves that are exact as doubles. It overflows as one of C. */
class Wide {
  constructor(
    public high = 0,
    public low = 0,
  ) {}

  set(other: Wide): void {
    this.high = other.high;
    this.low = other.low;
  }

  shiftLeft(bits: number): void {
    const isLong = bits >= 32;
    const upper = isLong ? this.low : this.high;
    const lower = isLong ? 0 : this.low;
    const factor = POWERS_OF_TWO[bits & 31];
    const carry = Math.floor(lower * factor * WORDTH);
    const sum = upper * factor + carry;
    this.low = lower * factor - carry * WORD;
    this.high = sum - Math.floor(sum * WORDTH) * WORD;
  }

  add(other: Wide): void {
    const sum = this.low + other.low;
    const carries = sum >= WORD;
    this.low = carries ? sum - WORD : sum;
    const upper = this.high + other.high + (carries ? 1 : 0);
    this.high = upper >= WORD ? upper - WORD : upper;
  }

  subtract(other: Wide): void {
    const difference = this.low - other.low;
    this.low = difference < 0 ? difference + WORD : difference;
    const upper = this.high - other.high - (difference < 0 ? 1 : 0);
    this.high = upper < 0 ? upper + WORD : upper;
  }

  timesTen(): void {
    const lower = this.low * 10;
    const carry = Math.floor(lower * WORDTH);
    const upper = this.high * 10 + carry;
    this.low = lower - carry * WORD;
    this.high = upper - Math.floor(upper * WORDTH) * WORD;
  }

  isLess(other: Wide): boolean {
    return this.high < other.high || (this.high === other.high && this.low < other.low);
  }

  /** Becomes the upper 64 bits of the product, rounded. */
  multiply(other: Wide): void {
    const { high, low } = this;
    multiplyWords(low, other.low);
    let middle = productHigh + WORD / 2;
    multiplyWords(high, other.low);
    middle += productLow;
    let upper = productHigh;
    multiplyWords(low, other.high);
    middle += productLow;
    upper += productHigh;
    multiplyWords(high, other.high);
    const sum = productLow + upper + Math.floor(middle * WORDTH);
    const carry = Math.floor(sum * WORDTH);
    this.low = sum - carry * WORD;
    this.high = productHigh + carry;
  }
}

let productHigh = 0;
let productLow = 0;

/** The product of two words, in `productHigh` and `productLow`. */
function multiplyWords(a: number, b: number): void {
  const half = Math.floor(b * HALF_WORDTH);
  const lower = a * (b - half * HALF_WORD);
  const carry = Math.floor(lower * HALF_WORDTH);
  const upper = a * half + carry;
  productHigh = Math.floor(upper * HALF_WORDTH);
  productLow = (upper - productHigh * HALF_WORD) * HALF_WORD + (lower - carry * HALF_WORD);
}

/** The mantissas of the powers and their exponents, each made when it is needed first. */
const powers: (Wide | undefined)[] = new Array(POWER_COUNT).fill(undefined);
const powerExponents = new Int32Array(POWER_COUNT);

const bitLength = (value: bigint): number => value.toString(2).length;

/** The power's 64 bits, the nearest. */
function makePower(index: number): Wide {
  const exponent = FIRST_POWER + index * POWER_STEP;
  const ten = 10n ** BigInt(Math.abs(exponent));
  const shift = exponent < 0 ? bitLength(ten) + 66 : 66;
  const scaled = exponent < 0 ? (1n << BigInt(shift)) / ten : ten << BigInt(shift);
  const excess = bitLength(scaled) - 64;
  const mantissa = (scaled + (1n << BigInt(excess - 1))) >> BigInt(excess);
  powerExponents[index] = excess - shift;
  return new Wide(Number(mantissa >> 32n), Number(mantissa & 0xffffffffn));
}

/** The index of the power that brings an exponent into the range. */
function powerFor(exponent: number): number {
  const approximate = Math.trunc(-(exponent + POWER_COUNT) * LOG10_OF_2);
  let index = Math.trunc((approximate - FIRST_POWER) / POWER_STEP);
  for (;;) {
    powers[index] ??= makePower(index);
    const sum = exponent + powerExponents[index] + 64;
    if (sum < MIN_EXPONENT) index++;
    else if (sum > MAX_EXPONENT) index--;
    else return index;
  }
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const ONE = new Wide(0, 1);

// What a conversion works with.
const value = new Wide();
const above = new Wide();
const below = new Wide();
const interval = new Wide();
const distance = new Wide();
const rest = new Wide();
const unit = new Wide();
const lowered = new Wide();
const gap = new Wide();
const overshoot = new Wide();

/** The digits of the last double (their characters), `digitCount` of them. */
export const digits = new Uint8Array(24);
export let digitCount = 0;
/** The last double is the number that the digits make, times ten to this. */
export let decimalExponent = 0;

/** Computes the digits of a finite double greater than 0. */
export function convert(number: number): void {
  const exponent = load(number);
  const index = powerFor(exponent);
  const power = powers[index] as Wide;
  value.multiply(power);
  above.multiply(power);
  below.multiply(power);
  // Products are off by one at most: what is between is safe.
  below.add(ONE);
  above.subtract(ONE);
  decimalExponent = -(FIRST_POWER + index * POWER_STEP);
  generate(-(exponent + powerExponents[index] + 64));
}

/** Sets `value` and its boundaries, as mantissas whose first bit is 1, and returns their exponent. */
function load(number: number): number {
  double[0] = number;
  const biased = words[1] >>> 20;
  const isSubnormal = biased === 0;
  value.high = (words[1] & (HIDDEN - 1)) + (isSubnormal ? 0 : HIDDEN);
  value.low = words[0];
  const isPowerOfTwo = value.high === HIDDEN && value.low === 0;
  const zeros = value.high === 0 ? 32 + Math.clz32(value.low) : Math.clz32(value.high);
  value.shiftLeft(zeros);
  // Half the distance to the next double; below a power of two they are twice as close.
  distance.set(ONE);
  distance.shiftLeft(zeros - 1);
  above.set(value);
  above.add(distance);
  if (isPowerOfTwo) {
    distance.set(ONE);
    distance.shiftLeft(zeros - 2);
  }
  below.set(value);
  below.subtract(distance);
  return (isSubnormal ? 1 : biased) - EXPONENT_BIAS - zeros;
}

/** Takes digits off `above`, of which the last `fraction` bits are behind the point: 32 to 60. */
function generate(fraction: number): void {
  interval.set(above);
  interval.subtract(below);
  distance.set(above);
  distance.subtract(value);
  const fractionUnit = POWERS_OF_TWO[fraction - 32];
  const integral = Math.floor(above.high / fractionUnit);
  above.high -= integral * fractionUnit;
  digitCount = 0;
  if (!takeIntegral(integral, fraction)) takeFraction(fraction, fractionUnit);
}

/** Digits of the integral part; `above` is the fraction. True if they are enough. */
function takeIntegral(integral: number, fraction: number): boolean {
  for (let i = 0; i < DIVISORS.length; i++) {
    const divisor = DIVISORS[i];
    const digit = Math.floor(integral / divisor);
    if (digit === 0 && digitCount === 0) continue;
    digits[digitCount++] = 48 + digit;
    integral -= digit * divisor;
    // Then the rest is 2^32 at least: larger.
    if (integral !== 0 && interval.high === 0) continue;
    rest.high = 0;
    rest.low = integral;
    rest.shiftLeft(fraction);
    rest.add(above);
    if (interval.isLess(rest)) continue;
    decimalExponent += DIVISORS.length - 1 - i;
    unit.high = 0;
    unit.low = divisor;
    unit.shiftLeft(fraction);
    lowerLastDigit();
    return true;
  }
  return false;
}

/**
 * Digits behind the point, one by one: the fraction is multiplied by ten, and so are the distances. Words are in local
 * variables here, as most of a conversion's time is spent in this loop.
 */
function takeFraction(fraction: number, fractionUnit: number): void {
  let { high, low } = above;
  let { high: intervalHigh, low: intervalLow } = interval;
  const unitth = 1 / fractionUnit;
  let taken = 0;
  do {
    low *= 10;
    let carry = Math.floor(low * WORDTH);
    low -= carry * WORD;
    high = high * 10 + carry;
    const digit = Math.floor(high * unitth);
    high -= digit * fractionUnit;
    intervalLow *= 10;
    carry = Math.floor(intervalLow * WORDTH);
    intervalLow -= carry * WORD;
    intervalHigh = intervalHigh * 10 + carry;
    taken++;
    if (digit !== 0 || digitCount !== 0) digits[digitCount++] = 48 + digit;
  } while (high > intervalHigh || (high === intervalHigh && low >= intervalLow));
  decimalExponent -= taken;
  rest.high = high;
  rest.low = low;
  interval.high = intervalHigh;
  interval.low = intervalLow;
  for (let i = 0; i < taken; i++) distance.timesTen();
  unit.set(ONE);
  unit.shiftLeft(fraction);
  lowerLastDigit();
}

/** Lowers the last digit while that is within the interval, and nearer to the number. */
function lowerLastDigit(): void {
  while (rest.isLess(distance)) {
    gap.set(interval);
    gap.subtract(rest);
    if (gap.isLess(unit)) return;
    lowered.set(rest);
    lowered.add(unit);
    if (!lowered.isLess(distance)) {
      gap.set(distance);
      gap.subtract(rest);
      overshoot.set(lowered);
      overshoot.subtract(distance);
      if (!overshoot.isLess(gap)) return;
    }
    digits[digitCount - 1]--;
    rest.set(lowered);
  }
}
