/** Byte ranges: copies and comparisons of every length, and texts. */

import { describe, expect, test } from "bun:test";
import {
  bytesOf,
  compareBytes,
  copyBytes,
  equalBytes,
  equalsIgnoreCase,
  latin1,
  quoteRepr,
  writeLatin1,
} from "../../src/util/bytes";
import { SeededRandom } from "../../src/util/random";

// Around every threshold between a loop and a native call.
const LENGTHS = [0, 1, 7, 8, 9, 23, 24, 25, 95, 96, 97, 200, 5000];

describe("ranges of every length", () => {
  const random = new SeededRandom(1);
  for (const len of LENGTHS) {
    test(`${len} bytes: copy, equal, latin1`, () => {
      const src = random.bytes(len + 10);
      const dst = new Uint8Array(len + 20).fill(0xee);
      copyBytes(src, 3, dst, 5, len);
      expect(dst.slice(5, 5 + len)).toEqual(src.slice(3, 3 + len));
      expect([...dst.slice(0, 5), ...dst.slice(5 + len)]).toEqual(new Array(20).fill(0xee));
      expect(equalBytes(src, 3, dst, 5, len)).toBe(true);
      expect(bytesOf(latin1(src, 3, 3 + len))).toEqual(src.slice(3, 3 + len));
      for (const at of new Set([0, len >> 1, len - 1])) {
        if (at < 0 || at >= len) continue;
        const changed = dst.slice();
        changed[5 + at] ^= 0x80;
        expect(equalBytes(src, 3, changed, 5, len)).toBe(false);
      }
    });
  }
});

test("writeLatin1 returns the number of bytes", () => {
  const buf = new Uint8Array(6);
  expect(writeLatin1("a\xff", buf, 2)).toBe(2);
  expect([...buf]).toEqual([0, 0, 0x61, 0xff, 0, 0]);
});

test("compareBytes orders as Buffer.compare, at every length", () => {
  const random = new SeededRandom(4);
  for (const length of LENGTHS) {
    for (let i = 0; i < 50; i++) {
      const a = Buffer.from(random.bytes(length + 4));
      const b = Buffer.from(a);
      const other = random.below(length + 4);
      if (i > 0) b[other] = random.below(256);
      const [aLength, bLength] = [length + random.below(3), length + random.below(3)];
      const expected = Math.sign(a.subarray(1, 1 + aLength).compare(b.subarray(1, 1 + bLength)));
      expect(Math.sign(compareBytes(a, 1, aLength, b, 1, bLength))).toBe(expected);
    }
  }
});

test("equalsIgnoreCase folds ASCII letters only", () => {
  const is = (text: string, lower: string): boolean =>
    equalsIgnoreCase(bytesOf(`x${text}y`), 1, 1 + text.length, lower);
  expect(is("WiThScOrEs", "withscores")).toBe(true);
  expect(is("EX", "ex")).toBe(true);
  expect(is("EX", "px")).toBe(false);
  expect(is("EXA", "ex")).toBe(false);
  expect(is("@", "`")).toBe(false);
  expect(is("[", "{")).toBe(false);
  expect(is("\xc0", "\xe0")).toBe(false);
});

test("quoteRepr escapes as Redis prints bytes", () => {
  expect(quoteRepr("")).toBe('""');
  expect(quoteRepr("foo bar~")).toBe('"foo bar~"');
  expect(quoteRepr('a"b\\c')).toBe('"a\\"b\\\\c"');
  expect(quoteRepr(Uint8Array.of(7, 8, 9, 10, 13, 0, 11, 0x1f, 0x7f, 0x80, 0xff))).toBe(
    '"\\a\\b\\t\\n\\r\\x00\\x0b\\x1f\\x7f\\x80\\xff"',
  );
});
