/** Ziplists and zipmaps: what they hold comes out, and what is damaged is noticed. */

import { describe, expect, test } from "bun:test";
import { type ElementVisitor, eachInZiplist, eachInZipmap } from "../../../src/persist/rdb/codecs/old-blocks";
import { RdbError } from "../../../src/persist/rdb/rdb-input";
import { InProcess } from "../../support/in-process";
import { ziplist, zipmap } from "../../support/old-blocks";
import { sealed } from "../../support/rdb-payload";
import { array, bulk, error, type Reply } from "../../support/reply";

type Each = (buf: Uint8Array, at: number, length: number, visit: ElementVisitor) => number;

const ELEMENTS = [
  ...["", "a", "x".repeat(63), "y".repeat(64), "z".repeat(300), "w".repeat(20_000)],
  ...[0, 1, 12, 13, -1, 127, -128, 128, 32767, -32768, 32768, -8388608, 8388607, 8388608, 2147483647, -2147483648],
  ...[2147483648n, 9223372036854775807n, -9223372036854775808n],
];
const PAIRS = ["field", "value", "", "", "long", "v".repeat(300), "g".repeat(254), "1"];

/** The texts that a block holds; it stands between other bytes, which must not be looked at. */
function texts(each: Each, block: Uint8Array): string[] {
  const around = Buffer.alloc(block.length + 40, 0xa5);
  around.set(block, 20);
  const found: string[] = [];
  const visit: ElementVisitor = (buf, start, end) => {
    found.push(Buffer.from(buf.subarray(start, end)).toString("latin1"));
    if (buf.length === around.length) expect(start >= 20 && end <= 20 + block.length).toBe(true);
  };
  each(around, 20, block.length, visit);
  return found;
}

/** Each byte changed, and each end missing: only RdbError may come out of it. */
function expectNoHarm(each: Each, block: Buffer): void {
  for (let at = 0; at < block.length; at++) {
    expect(() => texts(each, block.subarray(0, at))).toThrow(RdbError);
    for (const flip of [1, 2, 0x40, 0x80, 0xff]) {
      const damaged = Buffer.from(block);
      damaged[at] ^= flip;
      try {
        texts(each, damaged);
      } catch (reason) {
        expect(reason).toBeInstanceOf(RdbError);
      }
    }
  }
}

describe("a ziplist", () => {
  test("holds strings and integers of all sizes", () => {
    expect(texts(eachInZiplist, ziplist(ELEMENTS))).toEqual(ELEMENTS.map(String));
    expect(texts(eachInZiplist, ziplist([]))).toEqual([]);
  });

  test("that is damaged does no harm", () => expectNoHarm(eachInZiplist, ziplist(["a", 1, 300, "b".repeat(70), 9n])));

  test("is refused where its header does not fit", () => {
    const block = ziplist(["a", "b", "c"]);
    for (const at of [0, 4, 8]) {
      const damaged = Buffer.from(block);
      damaged[at]++;
      expect(() => texts(eachInZiplist, damaged)).toThrow("Ziplist integrity check failed.");
    }
  });
});

describe("a zipmap", () => {
  test("holds pairs, also with unused bytes behind values", () => {
    for (const unused of [0, 3]) expect(texts(eachInZipmap, zipmap(PAIRS, unused))).toEqual(PAIRS);
  });

  test("that is damaged does no harm", () => {
    expectNoHarm(eachInZipmap, zipmap(["a", "b", "cc", "d".repeat(260)]));
    expectNoHarm(eachInZipmap, zipmap(["a", "b", "c", "d"], 2));
  });
});

describe("values of old types", () => {
  /** The reply to a command on the value that a type and a block make. */
  function restored(type: number, block: Buffer, ...command: string[]): Reply {
    const redbun = new InProcess();
    const length = Buffer.alloc(5);
    length[0] = 0x80;
    length.writeUInt32BE(block.length, 1);
    const reply = redbun.call("RESTORE", "k", "0", sealed(Buffer.concat([Buffer.from([type]), length, block])));
    return reply.type === "error" ? reply : redbun.call(...command);
  }

  const BAD = error("ERR Bad data format");
  const bulks = (...values: string[]): Reply => array(...values.map(bulk));

  test("a list", () => {
    expect(restored(10, ziplist(["a", 5, "b"]), "LRANGE", "k", "0", "-1")).toEqual(bulks("a", "5", "b"));
    expect(restored(10, ziplist(["a", 5, "b"]), "OBJECT", "ENCODING", "k")).toEqual(bulk("listpack"));
    expect(restored(10, ziplist([]), "TYPE", "k")).toEqual(BAD);
  });

  test("a hash", () => {
    expect(restored(13, ziplist(["f", 1, "g", "x".repeat(100)]), "HGET", "k", "f")).toEqual(bulk("1"));
    expect(restored(13, ziplist(["f", 1]), "OBJECT", "ENCODING", "k")).toEqual(bulk("listpack"));
    expect(restored(9, zipmap(["f", "1", "g", "2"]), "HGET", "k", "g")).toEqual(bulk("2"));
    expect(restored(9, zipmap(["f", "x".repeat(65)]), "OBJECT", "ENCODING", "k")).toEqual(bulk("hashtable"));
    for (const damaged of [["f"], ["f", 1, "f", 2], []]) {
      expect(restored(13, ziplist(damaged), "TYPE", "k")).toEqual(BAD);
    }
    expect(restored(9, zipmap(["f", "1", "f", "2"]), "TYPE", "k")).toEqual(BAD);
  });

  test("a sorted set", () => {
    expect(restored(12, ziplist(["a", -1, "b", "1.5", "c", 7]), "ZRANGE", "k", "0", "-1", "WITHSCORES")).toEqual(
      bulks("a", "-1", "b", "1.5", "c", "7"),
    );
    for (const damaged of [["a"], ["a", 1, "a", 2], ["a", "no score"], ["a", 2, "b", 1], []]) {
      expect(restored(12, ziplist(damaged), "TYPE", "k")).toEqual(BAD);
    }
  });
});
