/** Sums of long doubles against those of the x87. */

import { describe, expect, test } from "bun:test";
import { bytesOf } from "../../src/util/bytes";
import {
  addLongDouble,
  addShortDecimals,
  formatLongDouble,
  isFiniteLongDouble,
  type LongDouble,
  parseLongDouble,
} from "../../src/util/long-double";
import { SeededRandom } from "../../src/util/random";
import { LONG_DOUBLE_SUMS } from "./long-double-cases";

/** Parses the text from the middle of a longer array. */
function parse(text: string): LongDouble | null {
  return parseLongDouble(bytesOf(`1${text}1`), 1, 1 + text.length);
}

function sum(a: string, b: string): string {
  const left = parse(a);
  const right = parse(b);
  return left === null || right === null ? "bad" : formatLongDouble(addLongDouble(left, right));
}

function shortSum(a: string, b: string): string | null {
  return addShortDecimals(bytesOf(`1${a}1`), 1, 1 + a.length, bytesOf(`1${b}1`), 1, 1 + b.length);
}

describe("long double", () => {
  test("sums are those of the x87", () => {
    for (const [a, b, expected] of LONG_DOUBLE_SUMS) {
      expect([a, b, sum(a, b).replace("-nan", "nan")]).toEqual([a, b, expected]);
    }
  });

  test("the fast path agrees with the x87 wherever it answers", () => {
    let answered = 0;
    for (const [a, b, expected] of LONG_DOUBLE_SUMS) {
      const fast = shortSum(a, b);
      if (fast === null) continue;
      expect([a, b, fast]).toEqual([a, b, expected]);
      answered++;
    }
    const random = new SeededRandom(3);
    const decimal = (): string => {
      const fraction = random.below(3) === 0 ? "" : `.${random.below(10 ** random.below(10))}`;
      return `${random.below(2) === 0 ? "-" : ""}${random.below(60)}${fraction}`;
    };
    for (let i = 0; i < 5000; i++) {
      const a = decimal();
      const b = decimal();
      const fast = shortSum(a, b);
      if (fast === null) continue;
      if (fast !== sum(a, b)) expect([a, b, fast]).toEqual([a, b, sum(a, b)]);
      answered++;
    }
    expect(answered).toBeGreaterThan(1500);
  });

  test("the fast path: what it takes and what it leaves", () => {
    expect(shortSum("10.50", "0.1")).toBe("10.6");
    expect(shortSum("999999999999999", "1")).toBe("1000000000000000");
    expect(shortSum("0.1", "-0.1")).toBe("0");
    expect(shortSum("-0", "-0")).toBe("0");
    expect(shortSum(".5", "5.")).toBe("5.5");
    expect(shortSum("-0.001", "0")).toBe("-0.001");
    expect(shortSum("1234567.5", "0.125")).toBe("1234567.625");
    expect(shortSum("23.50", "-23.5")).toBe("0");
    for (const [a, b] of [
      ["100.1", "0"],
      ["23.1", "-23.1"],
      ["100.5", "0.1"],
      ["1e3", "1"],
      ["1", ""],
      ["-", "1"],
      [".", "1"],
      ["1.2.3", "1"],
      ["+1", "1"],
      ["1234567890123456", "1"],
      ["1", " 1"],
      ["inf", "1"],
    ]) {
      expect([a, b, shortSum(a, b)]).toEqual([a, b, null]);
    }
  });

  test("the limits of the format", () => {
    const largest = "1.18973149535723176502e+4932";
    const text = formatLongDouble(parse(largest) as LongDouble);
    expect(text).toBe(String((2n ** 64n - 1n) << 16320n));
    expect(parse("1.189731495357231766e+4932")).toBeNull();
    expect(parse("1.8e-4951")).toBeNull();
    expect(parse("1.9e-4951")).toEqual({ kind: "finite", negative: false, mantissa: 1n, exponent: -16445 });
    expect(sum(largest, largest)).toBe("inf");
    expect(sum(`-${largest}`, `-${largest}`)).toBe("-inf");
    expect(parse("0".repeat(5119))).not.toBeNull();
    expect(parse("0".repeat(5120))).toBeNull();
    expect(parse("1e999999999999999999999")).toBeNull();
    expect(parse("0x1p-999999999999999999999")).toBeNull();
    expect(parse("0e999999999999999999999")).not.toBeNull();
  });

  test("infinities and NaN", () => {
    const inf = parse("inf") as LongDouble;
    const negative = parse("-Infinity") as LongDouble;
    const one = parse("1") as LongDouble;
    expect(formatLongDouble(addLongDouble(inf, one))).toBe("inf");
    expect(formatLongDouble(addLongDouble(one, negative))).toBe("-inf");
    expect(formatLongDouble(addLongDouble(inf, inf))).toBe("inf");
    const nan = addLongDouble(inf, negative);
    expect(formatLongDouble(nan)).toBe("nan");
    expect(formatLongDouble(addLongDouble(nan, one))).toBe("nan");
    expect([inf, nan, one].map(isFiniteLongDouble)).toEqual([false, false, true]);
  });
});
