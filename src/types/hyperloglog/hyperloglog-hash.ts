/**
 * What a HyperLogLog keeps of an element: the register that its hash chooses, and the length of the run of zeros that
 * follows in the hash. The hash is MurmurHash64A (Austin Appleby's MurmurHash2 for 64-bit machines) with Redis's seed.
 *
 * 64-bit numbers are two 32-bit halves: a product needs the upper half of a 32-bit product besides what Math.imul gives.
 */

const SEED = 0xadc83b19 | 0;
/** The hash's multiplier, 0xc6a4a7935bd1e995, and its lower half in 16-bit digits. */
const MULTIPLIER_HI = 0xc6a4a793 | 0;
const MULTIPLIER_LO = 0x5bd1e995;
const DIGIT_1 = 0x5bd1;
const DIGIT_0 = 0xe995;

/** Bits of the hash that choose the register. */
export const INDEX_BITS = 14;
/** Bits of the hash that are left for the run: one that is all zeros counts as long as if a one followed. */
export const RUN_BITS = 64 - INDEX_BITS;

const INDEX_MASK = (1 << INDEX_BITS) - 1;
const LOW_RUN_BITS = 32 - INDEX_BITS;

/** Where hashElement() leaves its result: the register, and the value 1 to 51 that it has to have at least. */
export const pattern = { index: 0, value: 0 };

/** The upper half of the 64-bit product of a and the multiplier's lower half, to be cut to 32 bits. */
function upperProduct(a: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  // Each sum stays below 2^32: (2^16 - 1)^2 + 2^16 - 1.
  const middle = (Math.imul(a1, DIGIT_0) >>> 0) + (Math.imul(a0, DIGIT_0) >>> 16);
  const carried = (Math.imul(a0, DIGIT_1) >>> 0) + (middle & 0xffff);
  return Math.imul(a1, DIGIT_1) + (middle >>> 16) + (carried >>> 16);
}

/** The upper half of the 64-bit product of (hi, lo) and the multiplier. The lower half is Math.imul's. */
function upperHalf(hi: number, lo: number): number {
  return (upperProduct(lo) + Math.imul(hi, MULTIPLIER_LO) + Math.imul(lo, MULTIPLIER_HI)) | 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** Hashes bytes[start, end) into `pattern`. */
export function hashElement(bytes: Uint8Array, start: number, end: number): void {
  const length = end - start;
  const tail = end - (length & 7);
  let hi = upperHalf(0, length);
  let lo = Math.imul(length, MULTIPLIER_LO) ^ SEED;
  for (let at = start; at < tail; at += 8) {
    let blockLo = wordAt(bytes, at);
    let blockHi = wordAt(bytes, at + 4);
    blockHi = upperHalf(blockHi, blockLo);
    blockLo = Math.imul(blockLo, MULTIPLIER_LO);
    // A shift of 64 bits by 47 leaves 17 bits of the upper half.
    blockLo ^= blockHi >>> 15;
    hi ^= upperHalf(blockHi, blockLo);
    lo ^= Math.imul(blockLo, MULTIPLIER_LO);
    hi = upperHalf(hi, lo);
    lo = Math.imul(lo, MULTIPLIER_LO);
  }
  if (tail < end) {
    for (let at = tail; at < end; at++) {
      const shift = (at - tail) * 8;
      if (shift < 32) lo ^= bytes[at] << shift;
      else hi ^= bytes[at] << (shift - 32);
    }
    hi = upperHalf(hi, lo);
    lo = Math.imul(lo, MULTIPLIER_LO);
  }
  lo ^= hi >>> 15;
  hi = upperHalf(hi, lo);
  lo = Math.imul(lo, MULTIPLIER_LO);
  lo ^= hi >>> 15;
  pattern.index = lo & INDEX_MASK;
  pattern.value = runLength(hi, lo >>> INDEX_BITS);
}

/** Zeros from the lowest bit on of hi (32 bits) and low (18 bits below it), and the one behind them. */
function runLength(hi: number, low: number): number {
  if (low !== 0) return trailingZeros(low) + 1;
  return LOW_RUN_BITS + (hi === 0 ? 32 : trailingZeros(hi)) + 1;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
