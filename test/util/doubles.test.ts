/** Doubles as Redis reads and prints them. */

import { describe, expect, test } from "bun:test";
import { bytesOf } from "../../src/util/bytes";
import {
  formatDouble,
  formatPrecise,
  formatShortest,
  MAX_DOUBLE_TEXT,
  parseDouble,
  parseStrtod,
  writeDouble,
} from "../../src/util/doubles";
import { SeededRandom } from "../../src/util/random";

function parse(text: string): number {
  return parseDouble(bytesOf(`1${text}1`), 1, 1 + text.length);
}

describe("parseDouble", () => {
  test("takes what strtod takes", () => {
    const cases: [string, number][] = [
      ["0", 0],
      ["-0", -0],
      ["-0.0", -0],
      ["3.14", 3.14],
      ["+3.14", 3.14],
      [".5", 0.5],
      ["5.", 5],
      ["-.5", -0.5],
      ["1e3", 1000],
      ["1E+3", 1000],
      ["1e-3", 0.001],
      ["0007", 7],
      ["inf", Number.POSITIVE_INFINITY],
      ["+INF", Number.POSITIVE_INFINITY],
      ["-inf", Number.NEGATIVE_INFINITY],
      ["-Infinity", Number.NEGATIVE_INFINITY],
      ["0x10", 16],
      ["-0X1.8p1", -3],
      ["0x.8", 0.5],
      ["0x1p-1074", 5e-324],
      ["0x1.8p-1075", 5e-324],
      ["0x1.fffffffffffff7p1023", Number.MAX_VALUE],
      ["0x0p99999999999999999999", 0],
      ["0x20000000000001", 2 ** 53],
      ["0x20000000000003", 2 ** 53 + 4],
      ["1.7976931348623157e308", Number.MAX_VALUE],
      ["5e-324", 5e-324],
      ["2.4703282292062328e-324", 5e-324],
      ["0e999999999999", 0],
      ["9007199254740993", 9007199254740992],
      [`0.${"0".repeat(400)}1e400`, 0.1],
      [`1${"0".repeat(400)}e-400`, 1],
      ["123456789012345678901234567890", 1.2345678901234568e29],
    ];
    for (const [text, value] of cases) expect([text, parse(text)]).toEqual([text, value]);
  });

  test("rejects everything else", () => {
    const bad = [
      "",
      " ",
      " 1",
      "1 ",
      "1\n",
      "1\x00",
      "a",
      "1a",
      "--1",
      "+-1",
      "1.2.3",
      ".",
      "-",
      "+.",
      "1e",
      "1e+",
      "e1",
    ];
    bad.push("nan", "NaN", "-nan", "nan(1)", "infin", "infinit", "infinityx", "0x", "0x.", "0x1p", "0xg", "1_0", "1,5");
    bad.push("1e309", "-1e309", "0x1p1024", "0x1.fffffffffffff8p1023", "1e-400", "-1e-400", "2.4703282292062327e-324");
    bad.push("0x1p-1075", "0x1p-99999", "0x1p99999", "1e99999999999999999999", "0b1", "1d5", "\xb2");
    for (const text of bad) expect([text, parse(text)]).toEqual([text, Number.NaN]);
  });

  test("short decimals round as Number does", () => {
    const random = new SeededRandom(4);
    for (let i = 0; i < 20_000; i++) {
      const digits = String(random.next32() * 2 ** random.below(20)).slice(0, 1 + random.below(17));
      const at = random.below(digits.length + 1);
      const text = `${random.below(2) ? "-" : ""}${digits.slice(0, at)}.${digits.slice(at)}`;
      const expected = Number(text);
      if (!Object.is(parse(text), expected)) expect([text, parse(text)]).toEqual([text, expected]);
    }
  });
});

test("formatDouble prints as Redis 7.2", () => {
  // The notation is what real servers reply to ZSCORE in RESP3.
  const cases: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [3.14, "3.14"],
    [-2.5, "-2.5"],
    [1e15, "1000000000000000"],
    [2 ** 60, "1152921504606846976"],
    [Number(1123126021969413248n), "1123126021969413248"],
    [Number(-3140652973883634176n), "-3140652973883634176"],
    [2 ** 62, "4611686018427387904"],
    [5e18, "5e+18"],
    [1e21, "1e+21"],
    [12345678901234567000, "12345678901234567000"],
    [43469.27698961647, "4.346927698961647e+4"],
    [9574.88807, "9574.88807"],
    [-288325.559, "-288325.559"],
    [0.0001, "0.0001"],
    [1e-6, "0.000001"],
    [1e-7, "1e-7"],
    [0.00015, "0.00015"],
    [1.5e-6, "1.5e-6"],
    [0.00790242482, "0.00790242482"],
    [0.00091693188, "9.1693188e-4"],
    // Grisu2 finds neither the shortest nor the nearest digits here.
    [0.00091693187, "9.169318700000001e-4"],
    [1849756170332658.2, "1849756170332658.3"],
    [957.431251040267, "957.4312510402669"],
    [700.946330375174, "700.9463303751741"],
    [11807627005832.438, "11807627005832.437"],
    [1483668462339114.8, "1483668462339114.7"],
    [5e-324, "5e-324"],
    [2.2250738585072014e-308, "2.2250738585072014e-308"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [-8.908070474379179e-291, "-8.908070474379179e-291"],
    [3.3132504911839005e234, "3.3132504911839005e+234"],
    [Number.POSITIVE_INFINITY, "inf"],
    [Number.NEGATIVE_INFINITY, "-inf"],
    [Number.NaN, "nan"],
  ];
  for (const [value, text] of cases) expect(formatDouble(value)).toBe(text);
});

test("formatDouble reads back as the same double", () => {
  const random = new SeededRandom(8);
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 20_000; i++) {
    view.setUint32(0, random.next32());
    view.setUint32(4, random.next32());
    const value = i % 2 === 0 ? view.getFloat64(0) : random.next32() / 10 ** random.below(12);
    if (Number.isNaN(value)) continue;
    const text = formatDouble(value);
    if (!Object.is(parse(text), value)) expect([text, parse(text)]).toEqual([text, value]);
  }
});

test("formatShortest knows no integers", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [12, "12"],
    [1e7, "10000000"],
    [1e8, "1e+8"],
    [1e17, "1e+17"],
    [6.315434407859694e16, "63154344078596944"],
    [2 ** 61, "2305843009213694000"],
    [0.5, "0.5"],
    [Number.NEGATIVE_INFINITY, "-inf"],
  ];
  for (const [value, text] of cases) expect(formatShortest(value)).toBe(text);
});

test("writeDouble writes what formatDouble says", () => {
  const out = new Uint8Array(MAX_DOUBLE_TEXT + 2);
  const values = [
    0,
    -0,
    1,
    -1,
    2 ** 53,
    2 ** 60,
    2 ** 63,
    0.1,
    -1.7976931348623157e308,
    -2.2250738585072014e-308,
    1 / 0,
  ];
  for (const value of values) {
    const length = writeDouble(value, out, 1);
    expect(length).toBeLessThanOrEqual(MAX_DOUBLE_TEXT);
    expect(Buffer.from(out.subarray(1, 1 + length)).toString()).toBe(formatDouble(value));
  }
});

test("parseStrtod reads what strtod leaves nothing of", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["1.5", 1.5],
    [" \t\n-1.5", -1.5],
    ["0x10", 16],
    ["1e400", Number.POSITIVE_INFINITY],
    ["-1e400", Number.NEGATIVE_INFINITY],
    ["0x1p2000", Number.POSITIVE_INFINITY],
    ["1e-400", 0],
    ["-inf", Number.NEGATIVE_INFINITY],
    [" +Infinity", Number.POSITIVE_INFINITY],
    ["7\0junk", 7],
    ["\0", 0],
    [" -0", -0],
    [" ", Number.NaN],
    ["1 ", Number.NaN],
    ["nan", Number.NaN],
    ["(1", Number.NaN],
    ["1x", Number.NaN],
  ];
  for (const [text, value] of cases) {
    expect([text, parseStrtod(bytesOf(`0${text}`), 1, 1 + text.length)]).toEqual([text, value]);
  }
});

/** The 17 significant digits of a positive double, and the exponent of the first: by integer arithmetic. */
function seventeenDigits(value: number): { digits: bigint; exponent: number } {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0];
  const mantissa = (bits & ((1n << 52n) - 1n)) | (1n << 52n);
  const binary = (bits >> 52n) - 1075n;
  for (let exponent = Math.floor(Math.log10(value)) - 1; ; exponent++) {
    const power = 16 - exponent;
    const numerator = (mantissa << (binary > 0n ? binary : 0n)) * 10n ** BigInt(Math.max(0, power));
    const divisor = (1n << (binary < 0n ? -binary : 0n)) * 10n ** BigInt(Math.max(0, -power));
    let digits = numerator / divisor;
    const twice = (numerator % divisor) * 2n;
    if (twice > divisor || (twice === divisor && digits % 2n === 1n)) digits++;
    if (digits < 10n ** 17n) return { digits, exponent };
  }
}

test("formatPrecise has 17 significant digits, correctly rounded", () => {
  for (const [value, text] of [
    [0.1, "0.10000000000000001"],
    [12.34, "12.34"],
    [-2.5, "-2.5"],
    [1e15 + 0.125, "1000000000000000.1"],
    [1e15 + 0.375, "1000000000000000.4"],
    [2 ** 53 + 2, "9007199254740994"],
    [1e100, "1e+100"],
    [1e17, "1e+17"],
    [0.00001, "1.0000000000000001e-05"],
  ] as const) {
    expect(formatPrecise(value)).toBe(text);
  }
  const random = new SeededRandom(17);
  for (let i = 0; i < 20_000; i++) {
    const value = (random.next32() + 1) * 10 ** (random.below(28) - 17);
    const { digits, exponent } = seventeenDigits(value);
    const [mantissa, power = "0"] = formatPrecise(value).split("e");
    const point = mantissa.indexOf(".");
    const significant = mantissa.replace(".", "").replace(/^0+/, "");
    expect(significant.padEnd(17, "0")).toBe(String(digits));
    const leading = /^0\.(0*)/.exec(mantissa)?.[1].length;
    const first = leading === undefined ? (point < 0 ? mantissa.length : point) - 1 : -1 - leading;
    expect(first + Number(power)).toBe(exponent);
  }
});
