/** The latency histogram beside exact percentiles. */

import { describe, expect, test } from "bun:test";
import { LatencyHistogram } from "../../../src/admin/info/latency-histogram";
import { SeededRandom } from "../../../src/util/random";

/** The value that `percent` of the sorted values do not exceed. */
function exact(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1];
}

describe("percentiles", () => {
  test("values below 256 are exact", () => {
    const histogram = new LatencyHistogram();
    for (let value = 0; value < 256; value++) histogram.record(value);
    expect([0, 1, 50, 99, 100].map((percent) => histogram.percentile(percent))).toEqual([0, 2, 127, 253, 255]);
  });

  test("any value is known to 1 %, and never too low", () => {
    const random = new SeededRandom(7);
    const histogram = new LatencyHistogram();
    const values: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      const value = Math.floor(2 ** (random.below(2900) / 100));
      values.push(value);
      histogram.record(value);
    }
    values.sort((a, b) => a - b);
    for (const percent of [1, 10, 25, 50, 75, 90, 99, 99.9, 100]) {
      const value = exact(values, percent);
      expect(histogram.percentile(percent)).toBeGreaterThanOrEqual(value);
      expect(histogram.percentile(percent)).toBeLessThanOrEqual(value * 1.01);
    }
    expect(histogram.count).toBe(values.length);
  });

  test("as Redis prints 4 and 12 microseconds", () => {
    const histogram = new LatencyHistogram();
    histogram.record(4_000);
    expect(histogram.percentile(50)).toBe(4_015);
    histogram.record(12_000);
    expect(histogram.percentile(99.9)).toBe(12_031);
  });

  test("more than a second counts as one", () => {
    const histogram = new LatencyHistogram();
    histogram.record(5e12);
    expect(histogram.percentile(100)).toBe(1_002_438_655);
  });

  test("without values there is nothing to say", () => {
    expect(new LatencyHistogram().percentile(50)).toBe(0);
  });
});

test("visit sees what was recorded, in order", () => {
  const histogram = new LatencyHistogram();
  for (const value of [300, 5, 5, 100_000]) histogram.record(value);
  const seen: [number, number][] = [];
  histogram.visit((highest, count) => {
    seen.push([highest, count]);
  });
  expect(seen).toEqual([
    [5, 2],
    [301, 1],
    [100_351, 1],
  ]);
});
