/** 64-bit integers against BigInt. */

import { describe, expect, test } from "bun:test";
import { bytesOf, latin1 } from "../../src/util/bytes";
import { int64Digits, int64ToString, numberDigits, writeInt64, writeNumber } from "../../src/util/decimal";
import {
  addInt64,
  compareInt64,
  int64,
  int64FromBigInt,
  int64FromNumber,
  int64ToBigInt,
  int64ToNumber,
  isSafeInt64,
  parseInt64,
  parseInt64Rounded,
  parseSafeInt,
  parseUint64,
} from "../../src/util/integers";
import { SeededRandom } from "../../src/util/random";

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

/** Calls `parse` on text that lies between other digits, to show that the range's bounds are kept. */
function within<T>(text: string, parse: (buf: Uint8Array, start: number, end: number) => T): T {
  return parse(bytesOf(`9${text}9`), 1, 1 + text.length);
}

function parsed(text: string): bigint | null {
  return within(text, parseInt64) ? int64ToBigInt(int64.hi, int64.lo) : null;
}

/** Values around every power of two and ten, and random ones of every length, from a fixed seed. */
function* interesting(): Generator<bigint> {
  for (let bits = 0n; bits <= 63n; bits++) {
    for (let near = -3n; near <= 3n; near++) yield 2n ** bits + near;
  }
  for (let digits = 0n; digits <= 19n; digits++) {
    for (let near = -3n; near <= 3n; near++) yield 10n ** digits + near;
  }
  const random = new SeededRandom(2024);
  for (let i = 0; i < 5000; i++) {
    const value = (BigInt(random.next32()) << 32n) | BigInt(random.next32());
    yield value >> BigInt(random.below(64));
  }
}

function* signed(): Generator<bigint> {
  for (const value of interesting()) {
    if (value <= MAX) yield value;
    if (-value >= MIN) yield -value;
  }
}

describe("parseInt64", () => {
  test("is exact over the whole range", () => {
    for (const value of signed()) {
      if (parsed(String(value)) !== value)
        expect([String(value), parsed(String(value))]).toEqual([String(value), value]);
      expect(int64.hi === (int64.hi | 0) && int64.lo === int64.lo >>> 0).toBe(true);
    }
    expect(parsed("9223372036854775807")).toBe(MAX);
    expect(parsed("-9223372036854775808")).toBe(MIN);
  });

  test("rejects what is out of range", () => {
    for (const text of [
      "9223372036854775808",
      "-9223372036854775809",
      "9999999999999999999",
      "-9999999999999999999",
      "10000000000000000000",
      "18446744073709551616",
      "-18446744073709551616",
      "123456789012345678901",
    ]) {
      expect([text, parsed(text)]).toEqual([text, null]);
    }
  });

  test("rejects what is not written as an integer", () => {
    const bad = ["", "-", "+1", " 1", "1 ", "01", "-01", "-0", "00", "1.0", "1e3", "0x1", "--1", "1-", "\x00", "1\x00"];
    for (const text of bad) {
      expect([text, parsed(text)]).toEqual([text, null]);
      expect([text, within(text, parseSafeInt)]).toEqual([text, Number.NaN]);
      expect([text, within(text, parseInt64Rounded)]).toEqual([text, Number.NaN]);
    }
    // Every position of a long number notices a byte just outside 0-9.
    for (const digits of ["1234567890123456", "123456789012345", "1234567890123456789"]) {
      for (let at = 0; at < digits.length; at++) {
        for (const byte of ["/", ":"]) {
          expect(parsed(digits.slice(0, at) + byte + digits.slice(at + 1))).toBeNull();
        }
      }
    }
  });
});

test("parseSafeInt: exact below 2^53, NaN from there on", () => {
  for (const value of signed()) {
    const safe = value > -(2n ** 53n) && value < 2n ** 53n;
    const result = within(String(value), parseSafeInt);
    if (!Object.is(result, safe ? Number(value) : Number.NaN)) {
      expect([String(value), result]).toEqual([String(value), safe ? Number(value) : Number.NaN]);
    }
  }
});

test("parseInt64Rounded: the nearest double; NaN out of range", () => {
  for (const value of signed()) {
    const result = within(String(value), parseInt64Rounded);
    if (result !== Number(value)) expect([String(value), result]).toEqual([String(value), Number(value)]);
  }
  expect(within("9223372036854775808", parseInt64Rounded)).toBeNaN();
});

test("parseUint64 takes what strtoull takes", () => {
  const cases: [string, bigint | null][] = [
    ["0", 0n],
    ["18446744073709551615", 2n ** 64n - 1n],
    ["18446744073709551616", null],
    ["99999999999999999999", null],
    ["100000000000000000000", null],
    ["9223372036854775808", 2n ** 63n],
    ["00000000000000000000000018446744073709551615", 2n ** 64n - 1n],
    ["+7", 7n],
    [" \t\n7", 7n],
    ["007", 7n],
    ["-1", null],
    ["-01", 2n ** 64n - 1n],
    ["-0", 0n],
    ["-", null],
    ["+", null],
    ["", null],
    [" ", null],
    ["7 ", null],
    ["1x", null],
    ["x", null],
  ];
  for (const [text, value] of cases) {
    const result = within(text, parseUint64) ? BigInt.asUintN(64, int64ToBigInt(int64.hi, int64.lo)) : null;
    expect([text, result]).toEqual([text, value]);
  }
  for (const value of interesting()) {
    if (value < 0n || value >= 2n ** 64n) continue;
    expect(within(`0${value}`, parseUint64)).toBe(true);
    expect(BigInt.asUintN(64, int64ToBigInt(int64.hi, int64.lo))).toBe(value);
  }
});

test("writeInt64, writeNumber and the digit counts agree with BigInt", () => {
  const out = new Uint8Array(40);
  for (const value of signed()) {
    const text = String(value);
    int64FromBigInt(value);
    const { hi, lo } = int64;
    expect(int64ToBigInt(hi, lo)).toBe(value);
    out.fill(0x2e);
    const length = writeInt64(hi, lo, out, 7);
    if (latin1(out, 7, 7 + length) !== text) expect(latin1(out, 7, 7 + length)).toBe(text);
    expect([out[6], out[7 + length], int64Digits(hi, lo), int64ToString(hi, lo)]).toEqual([0x2e, 0x2e, length, text]);
    expect(isSafeInt64(hi, lo)).toBe(Number.isSafeInteger(Number(value)) && BigInt(Number(value)) === value);
    if (!isSafeInt64(hi, lo)) continue;
    out.fill(0x2e);
    expect(writeNumber(Number(value), out, 3)).toBe(text.length);
    expect(latin1(out, 2, 4 + text.length)).toBe(`.${text}.`);
    expect(numberDigits(Number(value))).toBe(text.length);
    int64FromNumber(Number(value));
    expect([int64.hi, int64.lo, int64ToNumber(hi, lo)]).toEqual([hi, lo, Number(value)]);
  }
});

test("writeNumber writes every number up to 20,000 as String does", () => {
  const out = new Uint8Array(20);
  for (let n = 0; n <= 20_000; n++) {
    const length = writeNumber(n, out, 0);
    if (latin1(out, 0, length) !== String(n)) expect(latin1(out, 0, length)).toBe(String(n));
  }
});

test("addInt64 and compareInt64 agree with BigInt, overflow included", () => {
  const values = [...signed()];
  const random = new SeededRandom(5);
  let overflows = 0;
  for (let i = 0; i < 20_000; i++) {
    const a = values[random.below(values.length)];
    const b =
      i % 3 === 0 ? (a > 0n ? MAX : MIN) - a + BigInt(random.below(5) - 2) : values[random.below(values.length)];
    if (b > MAX || b < MIN) continue;
    int64FromBigInt(a);
    const { hi, lo } = int64;
    int64FromBigInt(b);
    const { hi: bHi, lo: bLo } = int64;
    expect(Math.sign(compareInt64(hi, lo, bHi, bLo))).toBe(a < b ? -1 : a > b ? 1 : 0);
    const fits = addInt64(hi, lo, bHi, bLo);
    expect(fits).toBe(a + b <= MAX && a + b >= MIN);
    if (fits) expect(int64ToBigInt(int64.hi, int64.lo)).toBe(a + b);
    else overflows++;
  }
  expect(overflows).toBeGreaterThan(1000);
});
