/** Amounts of memory and fractions as Redis reads and prints them. */

import { expect, test } from "bun:test";
import { formatFixed } from "../../src/util/fixed";
import { bytesToHuman, parseMemoryExact } from "../../src/util/memory-units";

test("units in any case", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["123", 123],
    ["7b", 7],
    ["1k", 1000],
    ["1kb", 1024],
    ["1K", 1000],
    ["1Kb", 1024],
    ["3m", 3_000_000],
    ["3MB", 3 * 1024 ** 2],
    ["2g", 2_000_000_000],
    ["2gB", 2 * 1024 ** 3],
    ["", 0],
    ["kb", 0],
    ["007", 7],
  ];
  for (const [text, bytes] of cases) expect([text, parseMemoryExact(text)]).toEqual([text, BigInt(bytes)]);
});

test("what is no amount", () => {
  for (const text of ["-1", "+1", " 1", "1 ", "1\n", "1tb", "1kbb", "kb1", "1.5gb", "0x10", "1".repeat(128)]) {
    expect([text, parseMemoryExact(text)]).toEqual([text, null]);
  }
});

test("parseMemoryExact keeps 64 bits", () => {
  expect(parseMemoryExact("18446744073709551615")).toBe(18446744073709551615n);
  expect(parseMemoryExact("99999999999999999999999")).toBe(18446744073709551615n);
  expect(parseMemoryExact("17179869185gb")).toBe(1024n ** 3n);
});

test("bytesToHuman prints as INFO does", () => {
  const cases: [number, string][] = [
    [0, "0B"],
    [1023, "1023B"],
    [1024, "1.00K"],
    [783_380, "765.02K"],
    [1152, "1.12K"],
    [1408, "1.38K"],
    [1_048_575, "1024.00K"],
    [1_101_005, "1.05M"],
    [2 ** 30, "1.00G"],
    [5 * 2 ** 40, "5.00T"],
    [5 * 2 ** 50, "5.00P"],
  ];
  for (const [bytes, text] of cases) expect(bytesToHuman(bytes)).toBe(text);
});

test("formatFixed rounds a tie to even, as printf does", () => {
  expect([0.5, 1.5, 2.5, -0.5, -2.5].map((value) => formatFixed(value, 0))).toEqual(["0", "2", "2", "-0", "-2"]);
  expect([1.125, 1.375, -1.125, 0.005, 2.675].map((value) => formatFixed(value, 2))).toEqual([
    "1.12",
    "1.38",
    "-1.12",
    "0.01",
    "2.67",
  ]);
  expect(formatFixed(-0, 2)).toBe("-0.00");
  expect(formatFixed(-0.001, 2)).toBe("-0.00");
});
