/** The reply writer: every type in both protocols, as bytes and through the decoder; growth, deferred headers, muting. */

import { describe, expect, test } from "bun:test";
import { ReplyWriter } from "../../src/resp/reply-writer";
import { type Reply, show } from "../support/reply";
import { ReplyDecoder } from "../support/reply-decoder";

type Write = (reply: ReplyWriter) => void;

/** What a call writes in RESP2, and in RESP3 where that differs. */
const CASES: [name: string, write: Write, resp2: string, resp3?: string][] = [
  ["OK", (r) => r.ok(), "+OK\r\n"],
  ["PONG", (r) => r.pong(), "+PONG\r\n"],
  ["QUEUED", (r) => r.queued(), "+QUEUED\r\n"],
  ["null", (r) => r.null(), "$-1\r\n", "_\r\n"],
  ["null array", (r) => r.nullArray(), "*-1\r\n", "_\r\n"],
  ["true", (r) => r.boolean(true), ":1\r\n", "#t\r\n"],
  ["false", (r) => r.boolean(false), ":0\r\n", "#f\r\n"],
  ["simple", (r) => r.simple("string"), "+string\r\n"],
  ["empty simple", (r) => r.simple(""), "+\r\n"],
  ["long simple", (r) => r.simple("x".repeat(500)), `+${"x".repeat(500)}\r\n`],
  ["error", (r) => r.error("ERR no"), "-ERR no\r\n"],
  ["error with line breaks", (r) => r.error("ERR a\r\nb\nc"), "-ERR a  b c\r\n"],
  ["latin1 error", (r) => r.error("ERR '\xff\x80'"), "-ERR '\xff\x80'\r\n"],
  ["long latin1 error", (r) => r.error(`ERR ${"\xff".repeat(200)}`), `-ERR ${"\xff".repeat(200)}\r\n`],
  ["0", (r) => r.integer(0), ":0\r\n"],
  ["9", (r) => r.integer(9), ":9\r\n"],
  ["10", (r) => r.integer(10), ":10\r\n"],
  ["-1", (r) => r.integer(-1), ":-1\r\n"],
  ["largest safe integer", (r) => r.integer(Number.MAX_SAFE_INTEGER), ":9007199254740991\r\n"],
  ["smallest safe integer", (r) => r.integer(Number.MIN_SAFE_INTEGER), ":-9007199254740991\r\n"],
  ["2^63 - 1", (r) => r.int64(0x7fffffff, 0xffffffff), ":9223372036854775807\r\n"],
  ["-2^63", (r) => r.int64(-0x80000000, 0), ":-9223372036854775808\r\n"],
  ["64-bit 0", (r) => r.int64(0, 0), ":0\r\n"],
  ["double", (r) => r.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"],
  ["infinity", (r) => r.double(Number.POSITIVE_INFINITY), "$3\r\ninf\r\n", ",inf\r\n"],
  ["-infinity", (r) => r.double(Number.NEGATIVE_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n"],
  ["integral double", (r) => r.double(3), "$1\r\n3\r\n", ",3\r\n"],
  ["big number", (r) => r.bigNumber("1".repeat(40)), `$40\r\n${"1".repeat(40)}\r\n`, `(${"1".repeat(40)}\r\n`],
  ["bulk", (r) => r.bulk(Buffer.from("xabcx"), 1, 3), "$3\r\nabc\r\n"],
  ["empty bulk", (r) => r.bulk(Buffer.from("abc"), 1, 0), "$0\r\n\r\n"],
  ["bulk of 9", (r) => r.bulk(Buffer.alloc(9, "a"), 0, 9), "$9\r\naaaaaaaaa\r\n"],
  ["bulk of 10", (r) => r.bulk(Buffer.alloc(10, "a"), 0, 10), "$10\r\naaaaaaaaaa\r\n"],
  ["bulk of 100", (r) => r.bulk(Buffer.alloc(100, "a"), 0, 100), `$100\r\n${"a".repeat(100)}\r\n`],
  ["binary bulk", (r) => r.bulk(Buffer.from([13, 10, 0, 255]), 0, 4), "$4\r\n\r\n\x00\xff\r\n"],
  ["bulk of text", (r) => r.bulkText("caf\xe9"), "$4\r\ncaf\xe9\r\n"],
  ["bulk of long text", (r) => r.bulkText("\xe9".repeat(100)), `$100\r\n${"\xe9".repeat(100)}\r\n`],
  ["bulk of empty text", (r) => r.bulkText(""), "$0\r\n\r\n"],
  ["bulk of an integer", (r) => r.bulkInteger(-12), "$3\r\n-12\r\n"],
  ["bulk of nine digits", (r) => r.bulkInteger(123456789), "$9\r\n123456789\r\n"],
  ["bulk of ten digits", (r) => r.bulkInteger(1234567890), "$10\r\n1234567890\r\n"],
  ["bulk of 2^63 - 1", (r) => r.bulkInt64(0x7fffffff, 0xffffffff), "$19\r\n9223372036854775807\r\n"],
  ["bulk of -2^63", (r) => r.bulkInt64(-0x80000000, 0), "$20\r\n-9223372036854775808\r\n"],
  ["verbatim", (r) => r.verbatim("some\r\ntext", "txt"), "$10\r\nsome\r\ntext\r\n", "=14\r\ntxt:some\r\ntext\r\n"],
  ["array", array(2), "*2\r\n:1\r\n:2\r\n"],
  ["empty array", (r) => r.array(0), "*0\r\n"],
  ["array of 12", array(12), `*12\r\n${range(12)}`],
  ["map", (r) => aggregate(r, () => r.map(1), "a"), "*2\r\n+a\r\n:1\r\n", "%1\r\n+a\r\n:1\r\n"],
  ["empty map", (r) => r.map(0), "*0\r\n", "%0\r\n"],
  ["set", (r) => aggregate(r, () => r.set(1)), "*1\r\n:1\r\n", "~1\r\n:1\r\n"],
  ["push", (r) => aggregate(r, () => r.push(1)), "*1\r\n:1\r\n", ">1\r\n:1\r\n"],
  ["raw", (r) => r.raw(Buffer.from("xx+OK\r\nxx"), 2, 5), "+OK\r\n"],
  ["deferred array", (r) => deferred(r, (at, n) => r.endArray(at, n)), `*12\r\n${range(12)}`],
  ["deferred set", (r) => deferred(r, (at, n) => r.endSet(at, n)), `*12\r\n${range(12)}`, `~12\r\n${range(12)}`],
  ["deferred map", (r) => deferred(r, (at, n) => r.endMap(at, n / 2)), `*12\r\n${range(12)}`, `%6\r\n${range(12)}`],
  ["deferred and empty", (r) => r.endArray(r.begin(), 0), "*0\r\n"],
  ["deferred inside deferred", nested, "*2\r\n:7\r\n*3\r\n:1\r\n:2\r\n:3\r\n"],
];

/** A header, a simple string if there is a key, and the integer 1. */
function aggregate(reply: ReplyWriter, header: () => void, key?: string): void {
  header();
  if (key !== undefined) reply.simple(key);
  reply.integer(1);
}

function array(count: number): Write {
  return (reply) => {
    reply.array(count);
    for (let i = 1; i <= count; i++) reply.integer(i);
  };
}

function range(count: number): string {
  return Array.from({ length: count }, (_, i) => `:${i + 1}\r\n`).join("");
}

function deferred(reply: ReplyWriter, end: (start: number, count: number) => void): void {
  const start = reply.begin();
  for (let i = 1; i <= 12; i++) reply.integer(i);
  end(start, 12);
}

function nested(reply: ReplyWriter): void {
  const outer = reply.begin();
  reply.integer(7);
  const inner = reply.begin();
  for (let i = 1; i <= 3; i++) reply.integer(i);
  reply.endArray(inner, 3);
  reply.endArray(outer, 2);
}

function written(reply: ReplyWriter): string {
  return reply.buf.toString("latin1", 0, reply.length);
}

function decodeAll(reply: ReplyWriter): Reply[] {
  const decoder = new ReplyDecoder();
  decoder.push(reply.buf.subarray(0, reply.length));
  const replies: Reply[] = [];
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) replies.push(next);
  expect(decoder.buffered).toBe(0);
  return replies;
}

for (const [name, write, resp2, resp3] of CASES) {
  test(name, () => {
    for (const protocol of [2, 3]) {
      const expected = protocol === 2 ? resp2 : (resp3 ?? resp2);
      const reply = new ReplyWriter();
      reply.resp3 = protocol === 3;
      write(reply);
      expect(written(reply)).toBe(expected);
      expect(decodeAll(reply)).toHaveLength(1);
      // Behind other replies, and with the buffer full to the last byte at every distance from the end.
      for (let room = 0; room <= expected.length + 30; room++) {
        reply.truncate(0);
        reply.raw(FILLER, 0, reply.buf.length > FILLER.length ? FILLER.length : reply.buf.length - room);
        const before = reply.length;
        write(reply);
        expect(reply.buf.toString("latin1", before, reply.length)).toBe(expected);
        if (reply.buf.length > 70_000) reply.detach();
      }
    }
  });
}

const FILLER = Buffer.alloc(64 * 1024, "+filler\r\n");

test("an attribute goes before its reply", () => {
  const reply = new ReplyWriter();
  reply.resp3 = true;
  reply.attribute(1);
  reply.simple("ttl");
  reply.integer(5);
  reply.ok();
  expect(decodeAll(reply).map(show)).toEqual(['|{+"ttl": :5}+"OK"']);
});

describe("growth", () => {
  test("keeps what was written and doubles", () => {
    const reply = new ReplyWriter();
    const sizes = new Set<number>();
    for (let i = 0; i < 100_000; i++) {
      reply.bulkInteger(i);
      sizes.add(reply.buf.length);
    }
    expect(sizes.size).toBeLessThan(8);
    expect(decodeAll(reply).map((each) => (each.type === "bulk" ? each.value : ""))).toEqual(
      Array.from({ length: 100_000 }, (_, i) => String(i)),
    );
  });

  test("to one large reply at once", () => {
    const reply = new ReplyWriter();
    const value = Buffer.alloc(5_000_000, "v");
    reply.ok();
    reply.bulk(value, 0, value.length);
    reply.pong();
    const replies = decodeAll(reply);
    expect(replies.map((each) => each.type)).toEqual(["simple", "bulk", "simple"]);
    expect(replies[1].type === "bulk" && replies[1].value.length).toBe(5_000_000);
  });

  test("of a deferred aggregate larger than the buffer", () => {
    const reply = new ReplyWriter();
    reply.ok();
    const start = reply.begin();
    for (let i = 0; i < 20_000; i++) reply.integer(i);
    reply.endArray(start, 20_000);
    reply.pong();
    const [first, list, last] = decodeAll(reply);
    expect([show(first), show(last)]).toEqual(['+"OK"', '+"PONG"']);
    expect(list.type === "array" && list.items.length).toBe(20_000);
  });

  test("detach gives the buffer away and goes on with another", () => {
    const reply = new ReplyWriter();
    reply.ok();
    const given = reply.detach();
    expect(reply.length).toBe(0);
    reply.pong();
    expect(given.toString("latin1", 0, 5)).toBe("+OK\r\n");
    expect(written(reply)).toBe("+PONG\r\n");
  });

  test("truncate takes replies back", () => {
    const reply = new ReplyWriter();
    reply.ok();
    const at = reply.length;
    reply.bulkText("gone");
    reply.truncate(at);
    reply.pong();
    expect(written(reply)).toBe("+OK\r\n+PONG\r\n");
  });
});

test("errors are counted, and the last one kept", () => {
  const reply = new ReplyWriter();
  reply.error("ERR one");
  reply.error("WRONGTYPE two");
  expect(reply.errors).toBe(2);
  expect(reply.lastError).toBe("WRONGTYPE two");
});

describe("muted", () => {
  for (const protocol of [2, 3]) {
    test(`nothing is written in RESP${protocol}, whatever the type`, () => {
      const reply = new ReplyWriter();
      reply.resp3 = protocol === 3;
      reply.ok();
      reply.muted = true;
      for (const [name, write] of CASES) {
        write(reply);
        expect(written(reply), name).toBe("+OK\r\n");
      }
      reply.attribute(1);
      expect(reply.length).toBe(5);
      expect(reply.errors).toBeGreaterThan(0);
      reply.muted = false;
      reply.pong();
      expect(written(reply)).toBe("+OK\r\n+PONG\r\n");
    });
  }
});
