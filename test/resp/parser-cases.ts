/** The table of parser cases. */

import { type DriverOptions, encode } from "./parser-driver";

export interface ParserCase extends DriverOptions {
  readonly name: string;
  readonly input: string;
  readonly commands?: string[][];
  readonly error?: string;
  /** Bytes that wait for more at the end. */
  readonly left?: number;
}

export const SET = ["SET", "key", "value"];
const LENGTHS = ["a".repeat(10), "b".repeat(99), "c".repeat(100)];
/** The longest line that may still lack its end. */
export const LINE = "x".repeat(64 * 1024);

/** A length that is allowed by itself, and too much together with the argument before it. */
const REQUEST_OF_2_GIB = `*2\r\n$100\r\n${"a".repeat(100)}\r\n$${0x7fff0000}\r\n`;

/** Inputs and what the parser makes of them. A real server reads them too, in test/differential/protocol.test.ts. */
export const CASES: ParserCase[] = [
  // Arrays of bulk strings.
  { name: "one argument", input: "*1\r\n$4\r\nPING\r\n", commands: [["PING"]] },
  { name: "several arguments", input: encode(SET), commands: [SET] },
  { name: "empty arguments", input: encode(["", "", "a", ""]), commands: [["", "", "a", ""]] },
  { name: "line breaks in arguments", input: encode(["\r\n", "$1\r\n", "*"]), commands: [["\r\n", "$1\r\n", "*"]] },
  { name: "binary", input: encode(["\x00\xff", "\x80\x00\r"]), commands: [["\x00\xff", "\x80\x00\r"]] },
  { name: "lengths of two and three digits", input: encode(LENGTHS), commands: [LENGTHS] },
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
  { name: "2 GiB, allowed or not", maxBulk: 2 ** 33, input: "*1\r\n$2147483648\r\n", error: "invalid bulk length" },
  { name: "a request of 2 GiB", maxBulk: 2 ** 33, input: REQUEST_OF_2_GIB, error: "invalid bulk length" },
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
