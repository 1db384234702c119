/** What SORT sorts, against Array.prototype.sort with the comparisons that Redis makes. */

import { describe, expect, test } from "bun:test";
import { SortVector, sortScore } from "../../src/types/sort/sort-vector";
import { Random } from "../support/random";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const compareBytes = (a: string, b: string): number => Buffer.compare(bytes(a), bytes(b));
const cString = (text: string): string => text.split("\0")[0];
const SIZES = [0, 1, 2, 7, 8, 9, 15, 16, 17, 33, 100, 1000, 5000];

function fill(vector: SortVector, texts: readonly string[]): void {
  vector.clear();
  for (const text of texts) vector.elements.push(bytes(text), 0, text.length);
}

/** The texts in the order that the vector has now. */
const ordered = (vector: SortVector, texts: readonly string[]): string[] => [...vector.order].map((i) => texts[i]);

describe.each(SIZES)("%i elements", (size) => {
  const random = new Random(size + 1);
  const vector = new SortVector();

  test.each([1, -1])("by score, sign %i: ties by bytes", (sign) => {
    const texts = Array.from({ length: size }, () =>
      random.pick([
        String(random.integer(-20, 20)),
        `${random.integer(0, 9)}.0`,
        String(random.float()),
        "inf",
        "-inf",
        "+inf",
      ]),
    );
    fill(vector, texts);
    vector.begin(sign < 0);
    texts.forEach((text, i) => {
      expect(vector.setScore(i, bytes(text), 0, text.length)).toBe(true);
    });
    vector.sortByScore();
    const score = (text: string): number => Number(text.replace("inf", "Infinity"));
    const expected = [...texts].sort((a, b) => {
      const [left, right] = [score(a), score(b)];
      return sign * (left === right ? compareBytes(a, b) : left - right);
    });
    expect(ordered(vector, texts)).toEqual(expected);
  });

  test.each([
    [1, true],
    [-1, true],
    [1, false],
    [-1, false],
  ])("by text, sign %i, as C strings %p; equal texts stay in order", (sign, asCString) => {
    const texts = Array.from({ length: size }, () =>
      random.string(random.integer(0, 9), "ab\0\xff").replace(/a{3}/, "aaaaaaa"),
    );
    fill(vector, texts);
    vector.begin(sign < 0);
    texts.forEach((text, i) => {
      vector.setPrefix(i, bytes(text), 0, text.length, asCString);
    });
    vector.sortByText(vector.elements, asCString);
    const compare = (a: string, b: string): number =>
      asCString ? compareBytes(cString(a), cString(b)) : compareBytes(a, b);
    const expected = texts.map((_, i) => i).sort((a, b) => sign * compare(texts[a], texts[b]) || a - b);
    expect([...vector.order]).toEqual(expected);
  });

  test.each([1, -1])("by weights of which some are missing, sign %i: those come first", (sign) => {
    const texts = Array.from({ length: size }, (_, i) => String(i));
    const weights = texts.map(() => (random.chance(0.3) ? null : random.string(random.integer(0, 8), "xy")));
    fill(vector, texts);
    vector.begin(sign < 0);
    weights.forEach((weight, i) => {
      vector.weights.push(bytes(weight ?? ""), 0, weight?.length ?? 0);
      if (weight === null) vector.setNoText(i);
      else vector.setPrefix(i, bytes(weight), 0, weight.length, true);
    });
    vector.sortByText(vector.weights, true);
    const compare = (a: string | null, b: string | null): number =>
      a === null || b === null ? Number(a !== null) - Number(b !== null) : compareBytes(a, b);
    const expected = texts.map((_, i) => i).sort((a, b) => sign * compare(weights[a], weights[b]) || a - b);
    expect([...vector.order]).toEqual(expected);
  });
});

test("long texts, and buffers that grow and are let go", () => {
  const vector = new SortVector();
  const texts = Array.from({ length: 3000 }, (_, i) => "x".repeat((i * 7919) % 3000));
  fill(vector, texts);
  vector.begin(false);
  texts.forEach((text, i) => {
    vector.setPrefix(i, bytes(text), 0, text.length, true);
  });
  vector.sortByText(vector.elements, true);
  expect(ordered(vector, texts)).toEqual([...texts].sort(compareBytes));
  expect(vector.elements.bytes.length).toBeGreaterThan(1 << 20);
  vector.clear();
  expect(vector.elements.bytes.length).toBeLessThanOrEqual(1 << 20);
});

describe("numbers as strtod reads them", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["0", 0],
    ["-0", -0],
    ["1", 1],
    [" \t\n\v\f\r12", 12],
    ["12 ", Number.NaN],
    [" ", Number.NaN],
    ["1\0x", 1],
    ["\0", 0],
    [" \0", Number.NaN],
    ["0x1p-3", 0.125],
    ["inf", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["nan", Number.NaN],
    ["1e400", Number.NaN],
    ["1e-310", Number.NaN],
    ["-1e-310", Number.NaN],
    ["2.2250738585072014e-308", 2.2250738585072014e-308],
    ["1e308", 1e308],
    ["abc", Number.NaN],
  ];
  test.each(cases)("%j", (text, value) => {
    expect(sortScore(bytes(text), 0, text.length)).toBe(value);
  });
});
