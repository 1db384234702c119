/**
 * The cardinality that the registers of a HyperLogLog tell. Otmar Ertl, "New cardinality estimation algorithms for
 * HyperLogLog sketches", arXiv:1702.01284: an estimate from the histogram of the registers alone, without bias tables.
 * Every operation is the one that Redis does, in its order, so that the numbers are equal to the last digit.
 */

import { int64, int64FromNumber } from "../../util/integers";
import { RUN_BITS } from "./hyperloglog-hash";

/** Entries of a histogram: registers have 6 bits. */
export const HISTOGRAM_SIZE = 64;

/** 1 / (2 ln 2): the constant alpha for infinitely many registers. */
const ALPHA = 0.7213475204444817;

/** What registers that are still zero contribute; x is their share. */
function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let power = 1;
  let sum = share;
  for (;;) {
    const before = sum;
    x *= x;
    sum += x * power;
    power += power;
    if (before === sum) return sum;
  }
}

/** What registers at their largest value contribute; x is the share of all others. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let power = 1;
  let sum = 1 - share;
  for (;;) {
    const before = sum;
    x = Math.sqrt(x);
    power *= 0.5;
    sum -= (1 - x) * (1 - x) * power;
    if (before === sum) return sum / 3;
  }
}

/**
 * Sets `int64` to the cardinality, from how many of `registers` registers have each value. Where there is no bound to it
 * (all registers at values that no hash gives), it becomes what such a number is as a 64-bit integer: -2^63.
 */
export function estimate(histogram: Int32Array, registers: number): void {
  let z = registers * tau((registers - histogram[RUN_BITS + 1]) / registers);
  for (let value = RUN_BITS; value >= 1; value--) {
    z += histogram[value];
    z *= 0.5;
  }
  z += registers * sigma(histogram[0] / registers);
  const cardinality = Math.round((ALPHA * registers * registers) / z);
  if (cardinality < 2 ** 63) {
    int64FromNumber(cardinality);
    return;
  }
  int64.hi = -0x80000000;
  int64.lo = 0;
}
