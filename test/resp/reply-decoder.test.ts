/** The reply decoder: every type, whole, byte by byte, and split at every point. */

import { describe, expect, test } from "bun:test";
import { type Reply, ReplyDecoder, ReplyError } from "../../src/resp/reply-decoder";

type Plain = string | boolean | null | readonly Plain[];

/** A reply as plain values, its kind first where a text alone would not tell. */
function plain(reply: Reply): Plain {
  switch (reply.kind) {
    case "null":
      return null;
    case "boolean":
      return reply.value;
    case "array":
    case "set":
    case "push":
    case "map":
      return [reply.kind, ...reply.items.map(plain)];
    default:
      return `${reply.kind}:${reply.bytes.toString("latin1")}`;
  }
}

const CASES: [string, Plain][] = [
  ["+OK\r\n", "status:OK"],
  ["-ERR no\r\n", "error:ERR no"],
  [":-12\r\n", "integer:-12"],
  ["$5\r\na\r\nbc\r\n", "bulk:a\r\nbc"],
  ["$0\r\n\r\n", "bulk:"],
  ["$-1\r\n", null],
  ["*-1\r\n", null],
  ["*0\r\n", ["array"]],
  ["*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", ["array", "integer:1", ["array", "bulk:x"]]],
  ["_\r\n", null],
  ["#t\r\n", true],
  ["#f\r\n", false],
  [",1.5\r\n", "double:1.5"],
  ["(12345678901234567890\r\n", "big-number:12345678901234567890"],
  ["=7\r\ntxt:abc\r\n", "bulk:abc"],
  ["!5\r\nERR x\r\n", "error:ERR x"],
  ["~1\r\n:1\r\n", ["set", "integer:1"]],
  [">2\r\n+a\r\n+b\r\n", ["push", "status:a", "status:b"]],
  ["%1\r\n+k\r\n:1\r\n", ["map", "status:k", "integer:1"]],
  ["|1\r\n+ttl\r\n:1\r\n+OK\r\n", "status:OK"],
];

function decode(pieces: readonly Buffer[]): Plain[] {
  const decoder = new ReplyDecoder();
  const replies: Plain[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let reply = decoder.next(); reply !== null; reply = decoder.next()) replies.push(plain(reply));
  }
  return replies;
}

describe("the reply decoder", () => {
  const all = Buffer.from(CASES.map(([bytes]) => bytes).join(""), "latin1");
  const expected = CASES.map(([, value]) => value);

  test.each(CASES)("%p", (bytes, value) => {
    expect(decode([Buffer.from(bytes, "latin1")])).toEqual([value]);
  });

  test("reads replies one after the other", () => {
    expect(decode([all])).toEqual(expected);
  });

  test("reads them byte by byte", () => {
    expect(decode([...all].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  test("reads them split at every point", () => {
    for (let at = 0; at <= all.length; at++) {
      expect(decode([Buffer.from(all.subarray(0, at)), Buffer.from(all.subarray(at))])).toEqual(expected);
    }
  });

  test.each(["?\r\n", "$x\r\n", "*-2\r\n", "$-5\r\n"])("refuses %p", (bytes) => {
    expect(() => decode([Buffer.from(bytes)])).toThrow(ReplyError);
  });
});
