/** Splitting of inline requests. The parser's table holds the rules; here is the oracle and what the table cannot say. */

import { expect, test } from "bun:test";
import { InlineError, splitInline } from "../../src/resp/inline";
import { Random } from "../support/random";

/** The rules again, over text and character by character. */
function model(line: string): string[] | null {
  const words: string[] = [];
  let rest = line;
  for (;;) {
    rest = rest.replace(/^[ \t-\r]+/, "");
    if (rest === "") return words;
    const plain = /^[^ \t\n\r"']*/.exec(rest)?.[0] ?? "";
    rest = rest.slice(plain.length);
    let word = plain;
    const quoted = /^"((?:\\[\s\S]|[^"\\])*)"(?![^ \t-\r])|^'((?:\\'|[^'\\]|\\(?!'))*)'(?![^ \t-\r])/.exec(rest);
    if (/^["']/.test(rest)) {
      if (quoted === null) return null;
      rest = rest.slice(quoted[0].length);
      word += quoted[1] !== undefined ? unescaped(quoted[1]) : quoted[2].replaceAll("\\'", "'");
    }
    words.push(word);
  }
}

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

function unescaped(text: string): string {
  return text.replace(/\\x([0-9a-fA-F]{2})|\\([\s\S])/g, (_, hex: string | undefined, character: string) =>
    hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[character] ?? character),
  );
}

function split(line: string): string[] | null {
  const bytes = Buffer.from(`xx${line}yy`, "latin1");
  try {
    const request = splitInline(bytes, 2, bytes.length - 2);
    const words: string[] = [];
    for (let i = 0; i < request.argc; i++) {
      words.push(request.buf.toString("latin1", request.starts[i], request.ends[i]));
    }
    return words;
  } catch (error) {
    expect(error).toBeInstanceOf(InlineError);
    return null;
  }
}

test("random lines split as the rules say", () => {
  const random = new Random(77);
  let unbalanced = 0;
  for (let i = 0; i < 20_000; i++) {
    const line = random.string(random.integer(0, 12), "ab\"\"''\\\\xn4f \t\v\r");
    const expected = model(line);
    if (expected === null) unbalanced++;
    expect(split(line), JSON.stringify(line)).toEqual(expected);
  }
  expect(unbalanced).toBeGreaterThan(1000);
  expect(unbalanced).toBeLessThan(19_000);
});

test("bytes outside the range are not looked at", () => {
  expect(split("")).toEqual([]);
  expect(split("'a'")).toEqual(["a"]);
  expect(split('"')).toBeNull();
  expect(split('"\\')).toBeNull();
  expect(split("'\\")).toBeNull();
  expect(split('"\\x4')).toBeNull();
});
