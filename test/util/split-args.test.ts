/** Lines split into arguments by redis.conf's rules of quoting. */

import { describe, expect, test } from "bun:test";
import { quoteRepr } from "../../src/util/bytes";
import { splitArgs } from "../../src/util/split-args";
import { Random } from "../support/random";

const CASES: [string, string[] | null][] = [
  ["", []],
  [" \t\r\n\v\f ", []],
  ["a", ["a"]],
  ["  a  b\tc\r\n", ["a", "b", "c"]],
  ['""', [""]],
  ["''", [""]],
  ['a "" b', ["a", "", "b"]],
  ['"a b"', ["a b"]],
  ["'a b'", ["a b"]],
  ['x"a b"', ["xa b"]],
  ["x'a b'", ["xa b"]],
  ['"\\n\\r\\t\\b\\a\\\\\\"\\q"', ['\n\r\t\b\x07\\"q']],
  ['"\\x41\\xfF\\x0"', ["A\xffx0"]],
  ['"\\xzz"', ["xzz"]],
  ["'\\n\\'\\\\ '", ["\\n'\\\\ "]],
  ["'a\\\\'", null],
  ["\\n\\x41", ["\\n\\x41"]],
  ["a\vb", ["a\vb"]],
  ['"a"\vb', ["a", "b"]],
  ['"a"b', null],
  ["'a'b", null],
  ["\"a\"'b'", null],
  ['"a', null],
  ['"', null],
  ["'a", null],
  ['"a\\', null],
  ['"a\\"', null],
  ["'a\\'", null],
  ["a\0b c", ["a"]],
  ['"a\0"', null],
];

describe("splitArgs", () => {
  for (const [line, expected] of CASES) {
    test(`${JSON.stringify(line)} is ${JSON.stringify(expected)}`, () => {
      expect(splitArgs(line)).toEqual(expected);
    });
  }

  test("reads back every byte that quoteRepr wrote", () => {
    const random = new Random(3);
    for (let i = 0; i < 500; i++) {
      const words = Array.from({ length: random.integer(0, 4) }, () =>
        Buffer.from(random.bytes(random.integer(0, 12))).toString("latin1"),
      );
      expect(splitArgs(words.map(quoteRepr).join(" "))).toEqual(words);
    }
  });
});
