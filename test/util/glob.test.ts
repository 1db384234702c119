/** Glob patterns: Redis's corners, and the cost of many stars. */

import { describe, expect, test } from "bun:test";
import { globMatch, globMatchString } from "../../src/util/glob";
import { Random } from "../support/random";

/** pattern, text, matches */
const CASES: [string, string, boolean][] = [
  ["", "", true],
  ["", "a", false],
  ["*", "", false],
  ["*", "a", true],
  ["**", "abc", true],
  ["a*", "a", true],
  ["a**", "a", true],
  ["a*b", "ab", true],
  ["a*b", "axxb", true],
  ["a*b", "axxbc", false],
  ["*a*b*", "xaxbx", true],
  ["*a*b*", "xbxax", false],
  ["?", "", false],
  ["?", "a", true],
  ["?", "\n", true],
  ["h?llo", "hallo", true],
  ["h?llo", "hllo", false],
  ["h[ae]llo", "hello", true],
  ["h[ae]llo", "hillo", false],
  ["h[^e]llo", "hallo", true],
  ["h[^e]llo", "hello", false],
  ["h[a-c]llo", "hbllo", true],
  ["h[c-a]llo", "hbllo", true],
  ["h[a-c]llo", "hdllo", false],
  ["h[^a-c]llo", "hdllo", true],
  ["[a-cx]", "x", true],
  ["[]", "a", false],
  ["[^]", "a", true],
  ["[]]", "]", false],
  ["[a", "a", true],
  ["[a", "b", false],
  ["[^a", "b", true],
  ["[", "a", false],
  ["[a-", "a", true],
  ["[a-", "-", true],
  ["[a-]", "-", false],
  ["[a-]x]", "b", false],
  ["[\\]]", "]", true],
  ["[\\a-c]", "b", false],
  ["[\\-]", "-", true],
  ["\\*", "*", true],
  ["\\*", "a", false],
  ["\\?x", "?x", true],
  ["a\\", "a\\", true],
  ["\\", "\\", true],
  ["\\\\", "\\", true],
  ["user:*:name", "user:1:name", true],
  ["user:*:name", "user:1:names", false],
  ["[\x80-\xff]", "\x90", true],
  // Ranges compare signed bytes, so this one runs from -1 to 0x61.
  ["[a-\xff]", "\x10", true],
  ["[a-\xff]", "\x80", false],
];

describe("glob", () => {
  for (const [pattern, text, matches] of CASES) {
    test(`${JSON.stringify(pattern)} ${matches ? "matches" : "does not match"} ${JSON.stringify(text)}`, () => {
      expect(globMatchString(pattern, text, false)).toBe(matches);
    });
  }

  test("case is ignored on demand, but not for an escaped byte in a class", () => {
    expect(globMatchString("MAX*", "maxmemory", true)).toBe(true);
    expect(globMatchString("MAX*", "maxmemory", false)).toBe(false);
    expect(globMatchString("[A-C]x", "bX", true)).toBe(true);
    expect(globMatchString("[B]", "b", true)).toBe(true);
    expect(globMatchString("[\\B]", "b", true)).toBe(false);
    expect(globMatchString("\\B", "b", true)).toBe(true);
  });

  test("only the given ranges are looked at", () => {
    const pattern = Buffer.from("xx[a-cyy");
    const text = Buffer.from("zzbzz");
    expect(globMatch(pattern, 2, 6, text, 2, 3, false)).toBe(true);
    expect(globMatch(pattern, 2, 5, text, 2, 3, false)).toBe(false);
    expect(globMatch(Buffer.from("b*"), 0, 1, text, 2, 4, false)).toBe(false);
    expect(globMatch(Buffer.from("b*"), 0, 2, text, 2, 4, false)).toBe(true);
  });

  // A search that tries everything again for each star would not come to its end.
  test("many stars take no exponential time", () => {
    expect(globMatchString(`${"a*".repeat(40)}b`, "a".repeat(4000), false)).toBe(false);
    expect(globMatchString(`${"*a".repeat(2000)}b`, "a".repeat(3000), false)).toBe(false);
  });

  test("random patterns of stars and letters agree with a regular expression", () => {
    const random = new Random(7);
    for (let i = 0; i < 5000; i++) {
      const pattern = random.string(random.integer(1, 8), "ab*?");
      const text = random.string(random.integer(1, 8), "ab");
      const source = pattern.replace(/\*+/g, ".*").replaceAll("?", ".");
      const context = `${pattern} ${text}`;
      expect([context, globMatchString(pattern, text, false)]).toEqual([context, new RegExp(`^${source}$`).test(text)]);
    }
  });
});
