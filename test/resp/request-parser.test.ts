/**
 * The request parser. Every case of the table runs whole, byte by byte, and split at every point: where a chunk ends
 * must never change what is parsed.
 */

import { describe, expect, test } from "bun:test";
import { PARSED_COMMAND, PARSED_NOTHING, Partial } from "../../src/resp/request-parser";
import { Random } from "../support/random";
import { argumentsOf, type DriverOptions, encode, latin1Bytes, newParser, parseChunks } from "./parser-driver";

interface ParserCase extends DriverOptions {
  readonly name: string;
  readonly input: string;
  readonly commands?: string[][];
  readonly error?: string;
  /** Bytes that wait for more at the end. */
  readonly left?: number;
}

const SET = ["SET", "key", "value"];
const LINE = "x".repeat(64 * 1024);

const CASES: ParserCase[] = [
  // Arrays of bulk strings.
  { name: "one argument", input: "*1\r\n$4\r\nPING\r\n", commands: [["PING"]] },
  { name: "several arguments", input: encode(SET), commands: [SET] },
  { name: "empty arguments", input: encode(["", "", "a", ""]), commands: [["", "", "a", ""]] },
  { name: "line breaks in arguments", input: encode(["\r\n", "$1\r\n", "*"]), commands: [["\r\n", "$1\r\n", "*"]] },
  { name: "binary", input: encode(["\x00\xff", "\x80\x00\r"]), commands: [["\x00\xff", "\x80\x00\r"]] },
  { name: "lengths of two and three digits", input: encode(["a".repeat(10), "b".repeat(99), "c".repeat(100)]) },
  { name: "a pipeline", input: encode(["PING"], SET, ["GET", "key"]), commands: [["PING"], SET, ["GET", "key"]] },
  { name: "leading zeros are refused in a length", input: "*1\r\n$01\r\na\r\n", error: "invalid bulk length" },
  // Redis skips two bytes behind a bulk string, and one behind a CR, without looking at them.
  {
    name: "any two bytes end a bulk string",
    input: "*1\r\n$4\r\nPINGxy*1\r\n$1\r\na\r\n",
    commands: [["PING"], ["a"]],
  },
  { name: "any byte stands for LF in a header", input: "*1\rx$4\ryPING\r\n", commands: [["PING"]] },
  // Empty requests.
  { name: "*0 is an empty request", input: "*0\r\n*1\r\n$1\r\na\r\n", commands: [[], ["a"]] },
  { name: "*-1 too", input: "*-1\r\n*1\r\n$1\r\na\r\n", commands: [[], ["a"]] },
  { name: "and any negative count", input: "*-9223372036854775808\r\nPING\r\n", commands: [[], ["PING"]] },
  { name: "empty lines", input: "\r\n\n  \r\n\tPING\r\n", commands: [[], [], [], ["PING"]] },
  // Tails.
  { name: "the start of a count", input: `${encode(SET)}*`, commands: [SET], left: 1 },
  { name: "a count without LF", input: "*3\r", left: 3 },
  { name: "a bulk length without LF", input: "*1\r\n$4\r", left: 7 },
  { name: "a count alone", input: "*2\r\n", left: 4 },
  { name: "a bulk string without its line end", input: "*1\r\n$4\r\nPING", left: 12 },
  { name: "a bulk string with half of it", input: `${encode(["a"])}*1\r\n$4\r\nPING\r`, commands: [["a"]], left: 13 },
  { name: "an inline command without line end", input: "PING\nGET k", commands: [["PING"]], left: 5 },
  { name: "from a NUL on no line end is seen", input: "GET a\x00b\r\nPING\r\n", left: 15 },
  { name: "in a count", input: "*1\x00\r\n$4\r\nPING\r\n", left: 15 },
  { name: "in a length", input: "*1\r\n$4\x00\r\nPING\r\n", left: 15 },
  // Inline commands.
  { name: "inline", input: "PING\r\n", commands: [["PING"]] },
  { name: "inline with LF alone", input: "SET key  value \nPING\n", commands: [SET, ["PING"]] },
  { name: "a CR before the line's end is a blank", input: "SET key\r value\r\r\n", commands: [SET] },
  { name: "blanks", input: " \t SET\tkey \v\f value\t \r\n", commands: [SET] },
  { name: "a vertical tab ends no word", input: "a\vb\fc\r\n", commands: [["a\vb\fc"]] },
  { name: "bytes above 127", input: "\xff\x80 \xa0\r\n", commands: [["\xff\x80", "\xa0"]] },
  { name: "double quotes", input: 'SET name "Redis Clone"\r\n', commands: [["SET", "name", "Redis Clone"]] },
  { name: "single quotes", input: "SET name 'Redis Clone'\r\n", commands: [["SET", "name", "Redis Clone"]] },
  { name: "empty quotes", input: "a \"\" '' b\r\n", commands: [["a", "", "", "b"]] },
  { name: "escapes", input: '"\\n\\r\\t\\b\\a\\\\\\"\\q"\r\n', commands: [['\n\r\t\b\x07\\"q']] },
  { name: "hex escapes", input: '"\\x00\\xfF\\x4a\\xg0\\x4"\r\n', commands: [["\x00\xff\x4axg0x4"]] },
  { name: "hex at the end of the quotes", input: '"\\x" "\\x1" "\\x12"\r\n', commands: [["x", "x1", "\x12"]] },
  { name: "single quotes know one escape", input: "'it\\'s \\n \\\\x'\r\n", commands: [["it's \\n \\\\x"]] },
  { name: "quotes inside each other", input: `"it's" 'say "x"'\r\n`, commands: [["it's", 'say "x"']] },
  { name: "quotes that start inside a word", input: 'a"b c" d\r\n', commands: [["ab c", "d"]] },
  { name: "a quoted word ends at any white space", input: '"a"\v"b"\fc\r\n', commands: [["a", "b", "c"]] },
  { name: "a backslash outside quotes", input: "a\\n \\\r\n", commands: [["a\\n", "\\"]] },
  { name: "inline between arrays", input: `${encode(SET)}PING\r\n${encode(SET)}`, commands: [SET, ["PING"], SET] },
  { name: "what looks like a bulk string is inline", input: "$4\r\nPING\r\n", commands: [["$4"], ["PING"]] },
  // Errors.
  { name: "no closing double quote", input: 'SET k "v\r\n', error: "unbalanced quotes in request" },
  { name: "no closing single quote", input: "SET k 'v\r\n", error: "unbalanced quotes in request" },
  { name: "text behind a closing quote", input: 'SET "k"v\r\n', error: "unbalanced quotes in request" },
  { name: "a quote behind a closing quote", input: "'a''b'\r\n", error: "unbalanced quotes in request" },
  { name: "an escaped closing quote", input: '"a\\"\r\n', error: "unbalanced quotes in request" },
  { name: "a backslash at the end", input: '"a\\\r\n', error: "unbalanced quotes in request" },
  { name: "a half hex escape at the end", input: '"\\x4\r\n', error: "unbalanced quotes in request" },
  { name: "no count", input: "*\r\n", error: "invalid multibulk length" },
  { name: "a count that is no number", input: "*abc\r\n", error: "invalid multibulk length" },
  { name: "a count with a plus", input: "*+1\r\n", error: "invalid multibulk length" },
  { name: "a count with a blank", input: "* 1\r\n", error: "invalid multibulk length" },
  { name: "a count with a leading zero", input: "*01\r\n", error: "invalid multibulk length" },
  { name: "a count above 2^31 - 1", input: "*2147483648\r\n", error: "invalid multibulk length" },
  { name: "the largest count", input: "*2147483647\r\n", left: 13 },
  { name: "a count above 2^64", input: "*99999999999999999999\r\n", error: "invalid multibulk length" },
  { name: "no bulk length", input: "*1\r\n$\r\n", error: "invalid bulk length" },
  { name: "a bulk length that is no number", input: "*1\r\n$x\r\n", error: "invalid bulk length" },
  { name: "a negative bulk length", input: "*1\r\n$-1\r\n", error: "invalid bulk length" },
  { name: "a bulk length above 2^64", input: "*1\r\n$99999999999999999999\r\n", error: "invalid bulk length" },
  { name: "proto-max-bulk-len itself", maxBulk: 5, input: "*1\r\n$5\r\nabcde\r\n", commands: [["abcde"]] },
  { name: "one more", maxBulk: 1000, input: "*1\r\n$1001\r\n", error: "invalid bulk length" },
  { name: "not a bulk string", input: "*2\r\n$1\r\na\r\n:1\r\n", error: "expected '$', got ':'" },
  { name: "not a bulk string, unprintable", input: "*1\r\n\xff1\r\n", error: "expected '$', got '\xff'" },
  { name: "a line break in its place", input: "*1\r\n\r\n", error: "expected '$', got '\r'" },
  {
    name: "commands before an error",
    input: `${encode(SET)}PING\r\n*x\r\n`,
    commands: [SET, ["PING"]],
    error: "invalid multibulk length",
  },
  // Before authentication.
  { name: "10 arguments", authenticated: false, input: encode(Array(10).fill("a")), commands: [Array(10).fill("a")] },
  { name: "11 arguments", authenticated: false, input: "*11\r\n", error: "unauthenticated multibulk length" },
  { name: "16384 bytes", authenticated: false, input: "*1\r\n$16384\r\n", left: 12 },
  { name: "16385 bytes", authenticated: false, input: "*1\r\n$16385\r\n", error: "unauthenticated bulk length" },
  {
    name: "invalid goes before unauthenticated",
    authenticated: false,
    maxBulk: 20000,
    input: "*1\r\n$20001\r\n",
    error: "invalid bulk length",
  },
];

for (const each of CASES) {
  test(JSON.stringify(each.name).slice(1, -1), () => {
    const bytes = latin1Bytes(each.input);
    check(each, [bytes]);
    check(
      each,
      [...bytes].map((byte) => Uint8Array.of(byte)),
    );
    for (let split = 0; split <= bytes.length; split++) check(each, [bytes.subarray(0, split), bytes.subarray(split)]);
  });
}

function check(each: ParserCase, chunks: Uint8Array[]): void {
  const outcome = parseChunks(newParser(each), chunks);
  const where = `in ${chunks.length} chunks, the first of ${chunks[0].length} bytes`;
  if (each.commands !== undefined || each.error === undefined) {
    const expected = each.commands ?? (each.left === undefined ? decode(each.input) : []);
    expect(outcome.commands, where).toEqual(expected);
  }
  expect(outcome.error, where).toBe(each.error ?? "");
  expect(outcome.partial?.length ?? 0, where).toBe(each.left ?? 0);
}

/** The one command of an input that encode() made. */
function decode(input: string): string[][] {
  return [input.split("\r\n").filter((_, i) => i % 2 === 0 && i > 0 && i < input.split("\r\n").length - 1)];
}

describe("lines of more than 64 KB", () => {
  const limits: [string, string, string][] = [
    ["an inline request", LINE, "too big inline request"],
    ["a count", `*${LINE.slice(1)}`, "too big mbulk count string"],
    ["a bulk length", `$${LINE.slice(1)}`, "too big bulk count string"],
    ["an inline request with a NUL", `\x00${LINE.slice(1)}`, "too big inline request"],
  ];
  for (const [name, line, error] of limits) {
    test(name, () => {
      const prefix = line.startsWith("$") ? "*1\r\n" : "";
      const chunks = [latin1Bytes(prefix + line), latin1Bytes("x")];
      const parser = newParser();
      // 64 KB exactly may still go on.
      expect(parseChunks(parser, chunks.slice(0, 1)).error).toBe("");
      expect(parseChunks(parser, chunks).error).toBe(error);
      expect(parseChunks(parser, [Buffer.concat(chunks)]).error).toBe(error);
    });
  }

  test("64 KB with a line end is a command", () => {
    expect(parseChunks(newParser(), [latin1Bytes(`${LINE}\r\n`)]).commands).toEqual([[LINE]]);
  });
});

describe("a large bulk string in pieces", () => {
  const size = 3_000_000;
  const value = Buffer.from(new Random(1).bytes(size));
  const header = latin1Bytes(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${size}\r\n`);
  const whole = Buffer.concat([header, value, latin1Bytes("\r\n")]);

  test("is received into one buffer, of the right size from the start", () => {
    const parser = newParser();
    parser.begin(whole.subarray(0, 1000) as Buffer, 0, 1000);
    expect(parser.next()).toBe(PARSED_NOTHING);
    const partial = parser.suspend() as Partial;
    const { buffer } = partial;
    expect(buffer.length).toBe(whole.length);
    expect(partial.needed).toBe(whole.length - 1000);
    for (let at = 1000; at < whole.length; ) {
      expect(partial.needed).toBe(whole.length - at);
      at += partial.fill(whole.subarray(at, at + 65_536), 0);
      expect(partial.buffer).toBe(buffer);
    }
    expect(partial.needed).toBe(0);
    parser.restore(partial);
    expect(parser.next()).toBe(PARSED_COMMAND);
    // Arguments are offsets into that buffer: nothing was copied out of it.
    expect(parser.buf).toBe(buffer);
    expect(parser.argc).toBe(3);
    expect(Buffer.compare(parser.buf.subarray(parser.starts[2], parser.ends[2]), value)).toBe(0);
    expect(parser.next()).toBe(PARSED_NOTHING);
    expect(parser.suspend()).toBeNull();
  });

  test("whose header ends the first chunk gets its room with the first piece", () => {
    const parser = newParser();
    parser.begin(header, 0, header.length);
    parser.next();
    const partial = parser.suspend() as Partial;
    partial.fill(value, 0);
    expect(partial.buffer.length).toBe(whole.length);
  });

  test("takes nothing of the command that follows", () => {
    const parser = newParser();
    parser.begin(whole, 0, 1000);
    parser.next();
    const partial = parser.suspend() as Partial;
    const rest = Buffer.concat([whole.subarray(1000), latin1Bytes("PING\r\n")]);
    expect(partial.fill(rest, 0)).toBe(rest.length - 6);
  });

  test("is not parsed again: what lies before it may be gone", () => {
    const parser = newParser();
    parser.begin(whole, 0, 1000);
    parser.next();
    const partial = parser.suspend() as Partial;
    const firstBytes = partial.starts[0];
    partial.buffer.fill(0, 0, firstBytes);
    partial.fill(whole, 1000);
    parser.restore(partial);
    expect(parser.next()).toBe(PARSED_COMMAND);
    expect(argumentsOf(parser).slice(0, 2)).toEqual(["SET", "k"]);
  });
});

describe("a command of very many arguments in small pieces", () => {
  const count = 20_000;
  const args = Array.from({ length: count }, (_, i) => `argument:${i}`);
  const bytes = latin1Bytes(encode(args));

  test("arrives whole", () => {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 1000) chunks.push(bytes.subarray(at, at + 1000));
    expect(parseChunks(newParser(), chunks).commands).toEqual([args]);
  });

  test("copies neither its bytes nor its offsets for every piece", () => {
    const parser = newParser();
    parser.begin(bytes, 0, 1000);
    parser.next();
    let partial = parser.suspend() as Partial;
    const buffers = new Set<Buffer>();
    const offsets = new Set<Int32Array>();
    for (let at = 1000; at < bytes.length; ) {
      at += partial.fill(bytes.subarray(at, at + 1000), 0);
      buffers.add(partial.buffer);
      if (partial.needed > 0) continue;
      parser.restore(partial);
      if (parser.next() === PARSED_COMMAND) break;
      partial = parser.suspend() as Partial;
      if (partial.argc > 64) offsets.add(partial.starts);
    }
    expect(parser.argc).toBe(count);
    // Doubling: about log2 of the size, not one for each of the 300 pieces.
    expect(buffers.size).toBeLessThan(15);
    expect(offsets.size).toBeLessThan(15);
  });

  test("leaves no large arrays behind", () => {
    const parser = newParser();
    parseChunks(parser, [bytes]);
    parser.begin(bytes, 0, 0);
    expect(parser.starts.length).toBeLessThan(1000);
  });

  test("two connections that take turns do not disturb each other", () => {
    const parser = newParser();
    const partials: (Partial | null)[] = [null, null];
    const seen: string[][][] = [[], []];
    const inputs = [bytes, latin1Bytes(encode(args.map((arg) => arg.toUpperCase())))];
    for (let at = 0; at < bytes.length; at += 777) {
      for (const who of [0, 1]) {
        const chunk = inputs[who].subarray(at, at + 777);
        let taken = 0;
        while (taken < chunk.length) {
          const partial = partials[who];
          if (partial === null) {
            parser.begin(chunk as Buffer, taken, chunk.length);
            taken = chunk.length;
          } else {
            taken += partial.fill(chunk, taken);
            parser.restore(partial);
          }
          while (parser.next() === PARSED_COMMAND) seen[who].push(argumentsOf(parser));
          partials[who] = parser.suspend();
        }
      }
    }
    expect(seen[0]).toEqual([args]);
    expect(seen[1]).toEqual([args.map((arg) => arg.toUpperCase())]);
  });
});

describe("a command that is held back", () => {
  const commands = [["GET", "a"], SET, ["PING"]];
  const bytes = latin1Bytes(encode(...commands));
  for (const split of [0, 3, 20, 30, 50]) {
    test(`is parsed again after rewind, received after ${split} bytes`, () => {
      const parser = newParser();
      parser.begin(bytes, 0, split);
      const seen: string[][] = [];
      while (parser.next() === PARSED_COMMAND) seen.push(argumentsOf(parser));
      // A connection that is not served keeps what comes, unparsed.
      const kept = parser.suspend() ?? new Partial(Buffer.alloc(0));
      for (let at = split; at < bytes.length; ) at += kept.fill(bytes, at);
      parser.restore(kept);
      while (parser.next() === PARSED_COMMAND) {
        const first = argumentsOf(parser);
        parser.rewind();
        const held = parser.suspend() as Partial;
        // Somebody else uses the parser in between.
        parseChunks(parser, [latin1Bytes(encode(Array(100).fill("other")))]);
        parser.restore(held);
        expect(parser.next()).toBe(PARSED_COMMAND);
        expect(argumentsOf(parser)).toEqual(first);
        seen.push(first);
      }
      expect(seen).toEqual(commands);
    });
  }

  test("inline too", () => {
    const parser = newParser();
    parser.begin(latin1Bytes('SET k "a b"\r\nPING\r\n'), 0, 19);
    parser.next();
    parser.rewind();
    const held = parser.suspend() as Partial;
    expect(held.length).toBe(19);
    expect(held.needed).toBe(0);
    parser.restore(held);
    expect(parser.next()).toBe(PARSED_COMMAND);
    expect(argumentsOf(parser)).toEqual(["SET", "k", "a b"]);
    expect(parser.next()).toBe(PARSED_COMMAND);
    expect(argumentsOf(parser)).toEqual(["PING"]);
  });
});

test("only the given range of the buffer is read", () => {
  const parser = newParser();
  const bytes = latin1Bytes(`garbage${encode(SET)}PING\r\n`);
  parser.begin(bytes, 7, bytes.length - 2);
  expect(parser.next()).toBe(PARSED_COMMAND);
  expect(argumentsOf(parser)).toEqual(SET);
  expect(parser.next()).toBe(PARSED_NOTHING);
  expect(parser.remaining).toBe(4);
  expect(parser.rest().toString("latin1")).toBe("PING");
  expect(parser.suspend()?.length).toBe(4);
});

test("authentication in the middle of a pipeline lifts the limits for what follows", () => {
  const parser = newParser({ authenticated: false });
  const large = encode(Array(11).fill("a"));
  const bytes = latin1Bytes(`${encode(["AUTH", "x"])}${large}`);
  parser.begin(bytes, 0, bytes.length);
  expect(parser.next()).toBe(PARSED_COMMAND);
  parser.limits.authenticated = true;
  expect(parser.next()).toBe(PARSED_COMMAND);
  expect(parser.argc).toBe(11);
});

test("random pipelines in random pieces", () => {
  const random = new Random(20_240_607);
  const parser = newParser();
  for (let round = 0; round < 300; round++) {
    const commands = Array.from({ length: random.integer(1, 20) }, () =>
      Array.from({ length: random.integer(1, random.chance(0.1) ? 200 : 5) }, () =>
        latin1Of(random.bytes(random.integer(0, random.chance(0.1) ? 5000 : 30))),
      ),
    );
    const bytes = latin1Bytes(encode(...commands));
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = random.integer(1, random.chance(0.5) ? 10 : 3000);
      chunks.push(bytes.subarray(at, at + size));
      at += size;
    }
    const outcome = parseChunks(parser, chunks);
    expect(outcome.commands).toEqual(commands);
    expect(outcome.partial).toBeNull();
  }
});

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
