/** The two sorts: a stable one, and Redis's partial one, in whose order equal keys must come. */

import { expect, test } from "bun:test";
import { partialSort, stableSort } from "../../src/util/keyed-sort";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";

const random = new Random(seedFromEnvironment(20260118));

interface Pairs {
  readonly keys: Float64Array;
  readonly values: Uint32Array;
}

/** `keys`, each with its index as its value, and room behind them that must stay as it is. */
function pairsOf(keys: readonly number[]): Pairs {
  return {
    keys: new Float64Array([...keys, -7, -7]),
    values: new Uint32Array([...keys.map((_, i) => i), 77, 77]),
  };
}

/** Keys of different patterns: random, with many equal ones, ascending, descending, organ pipes. */
function someKeys(length: number): number[] {
  const distinct = random.pick([1, 2, 5, 1e6]);
  const keys = Array.from({ length }, () => random.integer(0, distinct));
  const ascending = keys.toSorted((a, b) => a - b);
  const pipes = [...ascending.filter((_, i) => i % 2 === 0), ...ascending.filter((_, i) => i % 2 === 1).reverse()];
  return random.pick([keys, keys, ascending, ascending.toReversed(), pipes]);
}

/** The first `count` indexes of `keys` in stable order. */
function stableOrder(keys: readonly number[]): number[] {
  return keys.map((_, i) => i).sort((a, b) => keys[a] - keys[b] || a - b);
}

const LENGTHS = [0, 1, 2, 6, 7, 8, 15, 16, 17, 31, 32, 33, 40, 41, 100, 1000, 5000];

test("a stable sort keeps equal keys in their order", () => {
  for (const length of [...LENGTHS, ...LENGTHS, ...LENGTHS]) {
    const keys = someKeys(length);
    const pairs = pairsOf(keys);
    stableSort(pairs.keys, pairs.values, length);
    expect([...pairs.values]).toEqual([...stableOrder(keys), 77, 77]);
    expect([...pairs.keys]).toEqual([...keys.toSorted((a, b) => a - b), -7, -7]);
  }
});

test("a partial sort has the least in front, in order, and loses nothing", () => {
  for (const length of [...LENGTHS, ...LENGTHS, ...LENGTHS, ...LENGTHS]) {
    const keys = someKeys(length);
    const wanted = random.integer(0, length);
    const { keys: sorted, values } = pairsOf(keys);
    partialSort(sorted, values, length, wanted);
    expect([...sorted.subarray(0, wanted)]).toEqual(keys.toSorted((a, b) => a - b).slice(0, wanted));
    expect([...sorted]).toEqual([...Array.from(values.subarray(0, length), (i) => keys[i]), -7, -7]);
    expect([...values].toSorted((a, b) => a - b)).toEqual([...keys.keys(), 77, 77].toSorted((a, b) => a - b));
  }
});

test("a partial sort has equal keys in the order of Redis", () => {
  // What GEOSEARCH COUNT 40 of Redis 7.0 replied for 90 members at six distances, ascending and descending.
  const counts = [16, 15, 15, 15, 14, 15];
  const keys = counts.flatMap((count, i) => Array.from({ length: count }, () => i));
  const near = pairsOf(keys);
  partialSort(near.keys, near.values, 90, 40);
  expect([...near.values.subarray(0, 40)]).toEqual([
    1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 30, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 16,
    34, 31, 32, 33, 35, 36, 37, 38, 39,
  ]);
  const far = pairsOf(keys.map((key) => -key));
  partialSort(far.keys, far.values, 90, 40);
  expect([...far.values.subarray(0, 40)]).toEqual([
    76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 75, 63, 74, 73, 72, 71, 70, 69, 68, 67, 66, 65, 64, 62, 61,
    46, 60, 57, 56, 55, 54, 53, 52, 51, 50, 49,
  ]);
});
