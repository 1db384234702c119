/** LCS against the textbook's table of lengths, walked back in the order that Redis documents by what it answers. */

import { expect, test } from "bun:test";
import { Lcs } from "../../src/types/string/lcs";
import { Random } from "../support/random";

/** All lengths: table[i][j] is that of the first i bytes of a and the first j of b. */
function tableOf(a: string, b: string): number[][] {
  const table = [new Array<number>(b.length + 1).fill(0)];
  for (let i = 1; i <= a.length; i++) {
    table.push([0]);
    for (let j = 1; j <= b.length; j++) {
      table[i][j] = a[i - 1] === b[j - 1] ? table[i - 1][j - 1] + 1 : Math.max(table[i - 1][j], table[i][j - 1]);
    }
  }
  return table;
}

function textOf(a: string, b: string, table: number[][]): string {
  let text = "";
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      text = a[i - 1] + text;
      i--;
      j--;
    } else if (table[i - 1][j] > table[i][j - 1]) i--;
    else j--;
  }
  return text;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

test("random strings, over row widths around a word of bits", () => {
  const random = new Random(2024);
  for (let round = 0; round < 400; round++) {
    const alphabet = random.pick(["ab", "abc", "abcdefgh\x00\xff"]);
    const length = (): number => random.pick([0, 1, 2, 5, 31, 32, 33, 63, 64, 65, 100]);
    const a = random.string(length(), alphabet);
    const b = random.string(length(), alphabet);
    const table = tableOf(a, b);
    const lcs = new Lcs(bytes(a), bytes(b), true);
    expect(lcs.length).toBe(table[a.length][b.length]);
    expect(new Lcs(bytes(a), bytes(b), false).length).toBe(lcs.length);
    expect(Buffer.from(lcs.text()).toString("latin1")).toBe(textOf(a, b, table));
    const matches = lcs.matches();
    const runs = matches.map((match) => {
      const run = a.slice(match.aStart, match.aEnd + 1);
      expect(b.slice(match.bStart, match.bEnd + 1)).toBe(run);
      return run;
    });
    expect(runs.reverse().join("")).toBe(textOf(a, b, table));
    // Runs are as long as they can be, and do not overlap.
    for (let i = 1; i < matches.length; i++) {
      expect(matches[i].aEnd < matches[i - 1].aStart && matches[i].bEnd < matches[i - 1].bStart).toBe(true);
      const adjoin = matches[i].aEnd + 1 === matches[i - 1].aStart && matches[i].bEnd + 1 === matches[i - 1].bStart;
      expect(adjoin).toBe(false);
    }
  }
});

test("one string inside the other", () => {
  const lcs = new Lcs(bytes("xxabcdxx"), bytes("abcd"), true);
  expect(lcs.matches()).toEqual([{ aStart: 2, aEnd: 5, bStart: 0, bEnd: 3 }]);
});
