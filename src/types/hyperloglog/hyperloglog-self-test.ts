/** PFSELFTEST: whether registers keep what is written, and whether estimates are as good as the theory says. */

import { int64, int64ToNumber } from "../../util/integers";
import type { Random } from "../../util/random";
import {
  countRegisters,
  denseRegister,
  HyperLogLog,
  isDense,
  newHistogram,
  REGISTERS,
  raiseDense,
} from "./hyperloglog";
import { estimate } from "./hyperloglog-estimate";
import { hashElement, pattern } from "./hyperloglog-hash";

const CYCLES = 1000;
const ELEMENTS = 10_000_000;
/** An estimate may be off by this many times the standard error. */
const TOLERANCE = 6;

const histogram = newHistogram();

function cardinality(hll: HyperLogLog): number {
  countRegisters(histogram, hll.bytes, 0, hll.length);
  estimate(histogram, REGISTERS);
  return int64ToNumber(int64.hi, int64.lo);
}

function emptyDense(): HyperLogLog {
  const hll = new HyperLogLog();
  hll.clear();
  hll.toDense();
  return hll;
}

/** What failed, or null. Takes seconds, as in Redis. */
export function hyperLogLogSelfTest(random: Random, sparseMax: number): string | null {
  return testRegisters(random) ?? testEstimates(random, sparseMax);
}

/** Every register keeps its value, whatever its neighbours get. */
function testRegisters(random: Random): string | null {
  const expected = new Uint8Array(REGISTERS);
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const { bytes } = emptyDense();
    for (let i = 0; i < REGISTERS; i++) {
      expected[i] = random.next32() & 63;
      raiseDense(bytes, 0, i, expected[i]);
    }
    for (let i = 0; i < REGISTERS; i++) {
      const found = denseRegister(bytes, 0, i);
      if (found !== expected[i]) return `Register ${i} should be ${expected[i]} but is ${found}`;
    }
  }
  return null;
}

/** Distinct elements into a dense and a sparse one: at every power of ten, both tell the same, and about the truth. */
function testEstimates(random: Random, sparseMax: number): string | null {
  const dense = emptyDense();
  const other = new HyperLogLog();
  other.clear();
  const element = Buffer.alloc(8);
  const seed = random.next32();
  element.writeUInt32LE(random.next32() >>> 0, 4);
  let checkpoint = 1;
  for (let count = 1; count <= ELEMENTS; count++) {
    element.writeUInt32LE((count ^ seed) >>> 0, 0);
    hashElement(element, 0, 8);
    raiseDense(dense.bytes, 0, pattern.index, pattern.value);
    other.raise(pattern.index, pattern.value, sparseMax);
    if (count !== checkpoint) continue;
    if (count < sparseMax / 2 && isDense(other.bytes, 0)) return "sparse encoding not used";
    const estimated = cardinality(dense);
    if (estimated !== cardinality(other)) return "dense/sparse disagree";
    const error = Math.abs(count - estimated);
    if (error > errorLimit(count)) return `Too big error. card:${count} abserr:${error}`;
    checkpoint *= 10;
  }
  return null;
}

/** The standard error of n registers is 1.04 / sqrt(n). Of ten elements, two may well share a register. */
function errorLimit(count: number): number {
  return count === 10 ? 1 : Math.ceil((1.04 / Math.sqrt(REGISTERS)) * TOLERANCE * count);
}
