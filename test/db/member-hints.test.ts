/** Hints of members: what they are taken from, and that a pipeline on large collections answers as without them. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { MemberHints } from "../../src/db/member-hints";
import { Dict } from "../../src/memory/dict";
import { KeyHasher } from "../../src/memory/hash";
import { Heap } from "../../src/memory/heap";
import { StringBlocks } from "../../src/memory/string-block";
import { PARSED_COMMAND, RequestParser } from "../../src/resp/request-parser";
import { encode } from "../resp/parser-driver";
import { array, bulk, integer, NULL_BULK, OK, type Reply, simple } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(120_000);

const MEMBERS = 20_000;

/** Counts what it computes. */
class CountingHasher extends KeyHasher {
  computed = 0;

  override hash(buf: Uint8Array, start: number, end: number): number {
    this.computed++;
    return super.hash(buf, start, end);
  }
}

const hasher = new CountingHasher(1, 2);

function largeDict(): Dict {
  const heap = new Heap();
  const blocks = new StringBlocks(heap);
  const dict = new Dict(heap, hasher, blocks);
  dict.create();
  for (let i = 0; i < MEMBERS; i++) {
    const text = Buffer.from(`m${i}`);
    dict.insert(hasher.hash(text, 0, text.length), blocks.create(text, 0, text.length), false);
  }
  return dict;
}

const dict = largeDict();

/** Runs the commands as SADD does, with hints. Returns how many hashes were computed in all, and how many before a command. */
function run(chunk: Buffer, first = 2, step = 1): { total: number; atOnce: number } {
  const hints = new MemberHints(hasher);
  const parser = new RequestParser({ maxBulk: 1000, authenticated: true });
  parser.begin(chunk, 0, chunk.length);
  hints.begin(chunk, chunk.length);
  hasher.computed = 0;
  let atOnce = 0;
  while (parser.next() === PARSED_COMMAND) {
    for (let i = first; i < parser.argc; i += step) {
      const before = hasher.computed;
      if (parser.starts[i] >= hints.until) hints.advance(dict, parser, i, first, step);
      atOnce = Math.max(atOnce, hasher.computed - before);
      const own = new KeyHasher(1, 2).hash(chunk, parser.starts[i], parser.ends[i]);
      expect(hints.hash(chunk, parser.starts[i], parser.ends[i])).toBe(own);
    }
  }
  return { total: hasher.computed, atOnce };
}

const command = (...args: string[]) => Buffer.from(encode(args));
const sadd = (key: string, ...members: string[]) => command("SADD", key, ...members);
const names = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `m${from + i}`);

describe("hints of members", () => {
  test("those of the next commands are computed together, sixteen at a time, and once", () => {
    const chunk = Buffer.concat(names(40).map((name) => sadd("s", name)));
    expect(run(chunk)).toEqual({ total: 40, atOnce: 16 });
  });

  test("those of one command with many members, too", () => {
    expect(run(sadd("s", ...names(40)))).toEqual({ total: 40, atOnce: 16 });
    expect(run(Buffer.concat([sadd("s", ...names(5)), sadd("s", ...names(6)), sadd("s", ...names(7))]))).toEqual({
      total: 18,
      atOnce: 16,
    });
  });

  test("of every second argument", () => {
    const chunk = Buffer.concat(names(20).map((name) => command("HSET", "h", name, "value")));
    expect(run(chunk, 2, 2)).toEqual({ total: 20, atOnce: 16 });
  });

  test("commands on other keys are passed over", () => {
    const chunk = Buffer.concat(names(8).map((name, i) => sadd(i % 2 === 0 ? "s" : "t", name)));
    expect(run(chunk)).toEqual({ total: 8, atOnce: 4 });
  });

  test("what is no well-formed command ends the scan, and the commands behind it are looked at later", () => {
    const chunk = Buffer.concat([sadd("s", "m1"), sadd("s", ...names(12)), sadd("s", "m2"), sadd("s", "m3")]);
    expect(run(chunk)).toEqual({ total: 15, atOnce: 14 });
    expect(run(Buffer.concat([sadd("s", "m1"), Buffer.from("*3\r\n$-9\r\nxxxxxxxxxxxxxxx\r\n")])).atOnce).toBe(1);
  });

  test("nothing is hinted of another buffer, or once the chunk is done with", () => {
    const hints = new MemberHints(hasher);
    const parser = new RequestParser({ maxBulk: 1000, authenticated: true });
    const chunk = Buffer.concat([sadd("s", "m1"), sadd("s", "m2")]);
    parser.begin(chunk, 0, chunk.length);
    parser.next();
    expect(hints.until).toBeGreaterThan(parser.starts[2]);
    hints.begin(Buffer.from(chunk), chunk.length);
    hasher.computed = 0;
    hints.advance(dict, parser, 2, 2, 1);
    expect(hasher.computed).toBe(0);
    hints.clear();
    expect(hints.until).toBeGreaterThan(parser.starts[2]);
  });
});

describe("pipelines on large collections", () => {
  let server: TestServer;
  let client: RespClient;

  beforeAll(async () => {
    server = await startRedbun();
    client = await server.client();
    for (let i = 0; i < MEMBERS; i += 1000) {
      const part = names(1000, i);
      await client.call("SADD", "set", ...part);
      await client.call("HSET", "hash", ...part.flatMap((name) => [name, name]));
      await client.call("ZADD", "zset", ...part.flatMap((name, n) => [String(i + n), name]));
    }
  });

  afterAll(async () => {
    await server.stop();
  });

  test("answer as single commands do", async () => {
    const expected: Reply[] = [];
    const sent: Buffer[] = [];
    const add = (reply: Reply, ...args: string[]) => {
      sent.push(command(...args));
      expected.push(reply);
    };
    // Members that are there and others, several keys and commands in turn, in and out of transactions.
    for (let i = 0; i < 3000; i++) {
      const name = `m${i * 11}`;
      const isThere = i * 11 < MEMBERS;
      if (i % 3 === 0) add(integer(isThere ? 0 : 1), "SADD", "set", name);
      if (i % 3 !== 1) add(isThere ? bulk(name) : NULL_BULK, "HGET", "hash", name);
      if (i % 5 === 0) add(integer(isThere ? 1 : 0), "ZREM", "zset", name);
      if (i % 7 === 0) add(integer(1), "HSET", "hash", `n${i}`, "v");
      if (i % 100 !== 0) continue;
      add(OK, "MULTI");
      add(simple("QUEUED"), "SISMEMBER", "set", "m5");
      add(array(integer(1)), "EXEC");
    }
    client.send(Buffer.concat(sent));
    for (const reply of expected) expect(await client.readReply()).toEqual(reply);
    const added = Array.from({ length: 1000 }, (_, i) => i * 33).filter((n) => n >= MEMBERS).length;
    expect(await client.call("SCARD", "set")).toEqual(integer(MEMBERS + added));
  });
});
