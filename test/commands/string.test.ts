/** String commands in-process: over every encoding, with their events, dirty counts, statistics and the clock. */

import { describe, expect, test } from "bun:test";
import { NO_EXPIRY, TYPE_LIST } from "../../src/db/entry";
import { EVENT_GENERIC, EVENT_STRING } from "../../src/db/keyspace";
import * as errors from "../../src/resp/errors";
import { InProcess } from "../support/in-process";
import { array, bulk, error, integer, items, map, NULL, NULL_BULK, OK, type Reply, text } from "../support/reply";

const MIB = 1024 * 1024;
const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";

/** One value for every way in which a string is kept. */
const VALUES: Record<string, string> = {
  "a small integer": "7",
  "the largest integer": MAX,
  "the smallest integer": MIN,
  "an empty string": "",
  "an embstr": "hello \x00\xff world",
  "the longest embstr": "e".repeat(44),
  "a raw string in its entry": "r".repeat(45),
  "a string with a two-byte length": "s".repeat(1000),
  "a string in a block of its own": "0123456789".repeat(1000),
  "a string in pages of its own": "0123456789".repeat(10_000),
  "a string in a segment of its own": "abcdefgh".repeat((17 * MIB) / 8),
};

/** Long texts are compared without being printed. */
function expectValue(server: InProcess, key: string, value: string): void {
  const reply = text(server.call("GET", key));
  expect(reply.length).toBe(value.length);
  expect(reply === value).toBe(true);
}

function withKey(value: string): InProcess {
  const server = new InProcess();
  server.call("SET", "k", value);
  return server;
}

for (const [name, value] of Object.entries(VALUES)) {
  describe(name, () => {
    const length = value.length;

    test("SET, GET, STRLEN, MGET", () => {
      const server = withKey(value);
      expectValue(server, "k", value);
      expect(server.call("STRLEN", "k")).toEqual(integer(length));
      const [first, second] = items(server.call("MGET", "k", "missing"));
      expect(text(first) === value).toBe(true);
      expect(second).toEqual(NULL_BULK);
    });

    test("GETRANGE", () => {
      const server = withKey(value);
      for (const [start, end] of [
        [0, -1],
        [1, 2],
        [-3, -1],
        [-1, -3],
        [5, 2],
        [length, length + 10],
        [0, 1e18],
      ]) {
        const from = Math.max(start < 0 ? length + start : start, 0);
        const to = Math.min(Math.max(end < 0 ? length + end : end, 0), length - 1);
        const expected = (start < 0 && end < 0 && start > end) || from > to ? "" : value.slice(from, to + 1);
        expect(text(server.call("GETRANGE", "k", start, end)) === expected).toBe(true);
        expect(text(server.call("SUBSTR", "k", start, end)) === expected).toBe(true);
      }
    });

    test("APPEND makes it raw", () => {
      const server = withKey(value);
      expect(server.call("APPEND", "k", "")).toEqual(integer(length));
      expect(server.encoding("k")).toBe("raw");
      expect(server.call("APPEND", "k", "abc")).toEqual(integer(length + 3));
      expectValue(server, "k", `${value}abc`);
    });

    test("SETRANGE makes it raw, inside and behind its end", () => {
      const server = withKey(value);
      expect(server.call("SETRANGE", "k", 0, "")).toEqual(integer(length));
      expect(server.call("SETRANGE", "k", length + 3, "xy")).toEqual(integer(length + 5));
      expect(server.encoding("k")).toBe("raw");
      expectValue(server, "k", `${value}\0\0\0xy`);
      expect(server.call("SETRANGE", "k", 1, "Z")).toEqual(integer(length + 5));
      const padded = `${value}\0\0\0xy`;
      expectValue(server, "k", `${padded[0]}Z${padded.slice(2)}`);
    });

    test("GETSET, SET with GET, GETDEL, GETEX", () => {
      const server = withKey(value);
      expect(text(server.call("GETEX", "k", "PX", 500)) === value).toBe(true);
      expect(server.expireAt("k")).toBe(server.clock.now() + 500);
      expectValue(server, "k", value);
      expect(text(server.call("GETEX", "k", "PERSIST")) === value).toBe(true);
      expect(server.expireAt("k")).toBe(-1);
      expect(text(server.call("GETSET", "k", "other")) === value).toBe(true);
      expect(text(server.call("SET", "k", value, "GET"))).toBe("other");
      expect(text(server.call("GETDEL", "k")) === value).toBe(true);
      expect(server.call("GET", "k")).toEqual(NULL_BULK);
    });

    test("every other value takes its place", () => {
      for (const other of Object.values(VALUES)) {
        const server = withKey(value);
        server.call("SET", "k", other);
        expectValue(server, "k", other);
        server.call("SET", "k", value, "EX", 100);
        expectValue(server, "k", value);
        expect(server.expireAt("k")).toBe(server.clock.now() + 100_000);
      }
    });

    test("its expiry stays or goes", () => {
      const server = withKey(value);
      const at = server.clock.now() + 60_000;
      for (const command of [
        ["SETRANGE", "k", 0, "5"],
        ["APPEND", "k", "5"],
        ["SETRANGE", "k", length + 100, "5"],
        ["SET", "k", value, "KEEPTTL"],
        ["SET", "k", "5", "KEEPTTL"],
        ["INCR", "k"],
        ["INCRBYFLOAT", "k", "0.5"],
        ["SET", "k", value, "XX", "KEEPTTL", "GET"],
      ]) {
        server.call("GETEX", "k", "PXAT", at);
        server.call(...command);
        expect(server.expireAt("k")).toBe(at);
      }
      for (const command of [
        ["SET", "k", value],
        ["GETSET", "k", value],
        ["MSET", "k", value],
        ["SET", "k", value, "GET"],
      ]) {
        server.call("GETEX", "k", "PXAT", at);
        server.call(...command);
        expect(server.expireAt("k")).toBe(-1);
        expectValue(server, "k", value);
      }
    });
  });
}

describe("SET", () => {
  test("NX and XX, with and without GET", () => {
    const server = new InProcess();
    expect(server.run("SET k a XX")).toEqual(NULL_BULK);
    expect(server.run("SET k a NX")).toEqual(OK);
    expect(server.run("SET k b NX")).toEqual(NULL_BULK);
    expect(server.run("SET k b NX GET")).toEqual(bulk("a"));
    expect(server.run("SET new b NX GET")).toEqual(NULL_BULK);
    expect(server.run("GET new")).toEqual(bulk("b"));
    expect(server.run("SET none b XX GET")).toEqual(NULL_BULK);
    expect(server.entry("none")).toBe(0);
    expect(server.run("SET k c XX GET")).toEqual(bulk("a"));
    expect(server.run("GET k")).toEqual(bulk("c"));
  });

  test("nulls of RESP3", () => {
    const server = new InProcess();
    server.client.protocol = 3;
    expect(server.run("GET k")).toEqual(NULL);
    expect(server.run("SET k a XX")).toEqual(NULL);
    expect(server.run("MGET k k")).toEqual(array(NULL, NULL));
    expect(server.run("GETRANGE k 0 -1")).toEqual(bulk(""));
  });

  test("an option that excludes another, is unknown, or lacks its time is a syntax error, before anything else", () => {
    const server = new InProcess();
    for (const options of [
      "NX XX",
      "XX NX",
      "EX 1 PX 1",
      "EX 1 EXAT 1",
      "PXAT 1 KEEPTTL",
      "KEEPTTL EX 1",
      "EX abc NOSUCH",
      "EX 0 PERSIST",
      "EX",
      "NX PXAT",
      "GETX",
      "NXX",
    ]) {
      expect(server.run(`SET k v ${options}`)).toEqual(error(errors.SYNTAX_ERROR));
    }
    expect(server.call("SET", "k", "v", "")).toEqual(error(errors.SYNTAX_ERROR));
    expect(server.entry("k")).toBe(0);
  });

  test("of an option given twice the last counts", () => {
    const server = new InProcess();
    expect(server.run("SET k v EX 1 EX 2 NX NX GET GET")).toEqual(NULL_BULK);
    expect(server.expireAt("k")).toBe(server.clock.now() + 2000);
    expect(server.run("SET k v KEEPTTL KEEPTTL")).toEqual(OK);
    expect(server.expireAt("k")).toBe(server.clock.now() + 2000);
  });

  test("times", () => {
    const server = new InProcess();
    const now = server.clock.now();
    const expiries: [string, string, number][] = [
      ["EX", "10", now + 10_000],
      ["PX", "10", now + 10],
      ["EXAT", "4102444800", 4102444800_000],
      ["PXAT", "4102444800001", 4102444800_001],
      ["exat", "1", 1000],
    ];
    for (const [option, time, at] of expiries) {
      expect(server.call("SET", "k", "v", option, time)).toEqual(OK);
      expect(server.expireAt("k")).toBe(at);
      expect(server.call("SET", "k", "12", option, time)).toEqual(OK);
      expect(server.expireAt("k")).toBe(at);
    }
  });

  test("times out of range", () => {
    const server = new InProcess();
    const invalid = error(errors.invalidExpire("set"));
    for (const option of ["EX", "PX", "EXAT", "PXAT"]) {
      for (const time of ["0", "-1", MIN]) expect(server.call("SET", "k", "v", option, time)).toEqual(invalid);
      for (const time of ["", "abc", "1.5", "01", " 1", "9223372036854775808"]) {
        expect(server.call("SET", "k", "v", option, time)).toEqual(error(errors.NOT_AN_INTEGER));
      }
    }
    expect(server.call("SET", "k", "v", "EX", MAX)).toEqual(invalid);
    expect(server.call("SET", "k", "v", "PX", MAX)).toEqual(invalid);
    expect(server.call("SET", "k", "v", "EXAT", "9223372036854776")).toEqual(invalid);
    // The last second before the overflow is taken from the epoch, but not from now.
    expect(server.call("SET", "k", "v", "EX", "9223372036854775")).toEqual(invalid);
    expect(server.entry("k")).toBe(0);
    expect(server.call("SET", "k", "v", "EXAT", "9223372036854775")).toEqual(OK);
    expect(server.call("SETEX", "k", "0", "v")).toEqual(error(errors.invalidExpire("setex")));
    expect(server.call("PSETEX", "k", "-1", "v")).toEqual(error(errors.invalidExpire("psetex")));
    expect(server.call("SETEX", "k", "x", "v")).toEqual(error(errors.NOT_AN_INTEGER));
  });

  test("the furthest times are kept in all their 64 bits", () => {
    const server = new InProcess();
    const expiry = (): bigint => {
      const { entries } = server.keyspace;
      const ref = server.entry("k");
      return (BigInt(entries.expiryHi(ref)) << 32n) | BigInt(entries.expiryLo(ref));
    };
    for (const time of [MAX, "9007199254740993", "9223372036854775806"]) {
      expect(server.call("SET", "k", "v", "PXAT", time)).toEqual(OK);
      expect(expiry()).toBe(BigInt(time));
      server.call("SET", "k", "v");
      expect(server.call("GETEX", "k", "PXAT", time)).toEqual(bulk("v"));
      expect(expiry()).toBe(BigInt(time));
      expect(server.call("GET", "k")).toEqual(bulk("v"));
    }
    const left = BigInt(MAX) - BigInt(server.clock.now());
    expect(server.call("PSETEX", "k", left, "v")).toEqual(OK);
    expect(expiry()).toBe(BigInt(MAX));
    expect(server.call("PSETEX", "k", left + 1n, "v")).toEqual(error(errors.invalidExpire("psetex")));
  });

  test("a time that is past is set, and the key is gone for whoever looks", () => {
    const server = new InProcess();
    expect(server.run("SET k v EXAT 1")).toEqual(OK);
    expect(server.entry("k")).not.toBe(0);
    expect(server.run("GET k")).toEqual(NULL_BULK);
    expect(server.entry("k")).toBe(0);
    expect(server.keyspace.stats.expired).toBe(1);
  });

  test("a key expires in the millisecond after its time", () => {
    const server = new InProcess();
    server.run("SET k v PX 10");
    server.clock.advance(10);
    expect(server.run("GET k")).toEqual(bulk("v"));
    server.clock.advance(1);
    expect(server.run("SET k w XX")).toEqual(NULL_BULK);
    expect(server.run("SETNX k w")).toEqual(integer(1));
    expect(server.expireAt("k")).toBe(-1);
  });
});

describe("GETEX", () => {
  test("parses its options before it looks at the key, and their time after", () => {
    const server = new InProcess();
    expect(server.run("GETEX k KEEPTTL")).toEqual(error(errors.SYNTAX_ERROR));
    expect(server.run("GETEX k NX")).toEqual(error(errors.SYNTAX_ERROR));
    expect(server.run("GETEX k EX 10 PERSIST")).toEqual(error(errors.SYNTAX_ERROR));
    expect(server.run("GETEX k PERSIST PX 10")).toEqual(error(errors.SYNTAX_ERROR));
    expect(server.run("GETEX k EX 0")).toEqual(NULL_BULK);
    server.run("SET k v");
    expect(server.run("GETEX k EX 0")).toEqual(error(errors.invalidExpire("getex")));
    expect(server.run("GETEX k EX abc")).toEqual(error(errors.NOT_AN_INTEGER));
    expect(server.run("GETEX k EX 5 EX 6 ")).toEqual(error(errors.SYNTAX_ERROR));
    expect(server.run("GETEX k EX 5 EX 6")).toEqual(bulk("v"));
    expect(server.expireAt("k")).toBe(server.clock.now() + 6000);
  });

  test("with a time that is past deletes the key; now is past", () => {
    const server = new InProcess();
    server.run("SET k v");
    expect(server.call("GETEX", "k", "PXAT", server.clock.now())).toEqual(bulk("v"));
    expect(server.entry("k")).toBe(0);
    server.run("SET k v");
    expect(server.call("GETEX", "k", "PXAT", server.clock.now() + 1)).toEqual(bulk("v"));
    expect(server.entry("k")).not.toBe(0);
  });
});

describe("MSET and MSETNX", () => {
  test("a key without a value is an error, and nothing is set", () => {
    const server = new InProcess();
    expect(server.run("MSET a 1 b")).toEqual(error(errors.wrongArity("mset")));
    expect(server.run("MSETNX a 1 b")).toEqual(error(errors.wrongArity("msetnx")));
    expect(server.entry("a")).toBe(0);
  });

  test("of a key given twice the last value counts", () => {
    const server = new InProcess();
    expect(server.run("MSET a 1 b 2 a x b y")).toEqual(OK);
    expect(server.run("MGET a b")).toEqual(array(bulk("x"), bulk("y")));
    expect(server.keyspace.dirty).toBe(4);
    expect(server.run("MSETNX c 1 c 2")).toEqual(integer(1));
    expect(server.run("GET c")).toEqual(bulk("2"));
  });

  test("MSETNX sets all keys or none", () => {
    const server = new InProcess();
    server.run("SET b 1");
    expect(server.run("MSETNX a 1 b 2 c 3")).toEqual(integer(0));
    expect(server.run("MGET a b c")).toEqual(array(NULL_BULK, bulk("1"), NULL_BULK));
    expect(server.run("MSETNX a 1 c 3")).toEqual(integer(1));
    expect(server.keyspace.dirty).toBe(3);
  });
});

describe("counters", () => {
  test("are exact over 64 bits and refuse to overflow", () => {
    const server = new InProcess();
    const overflow = error(errors.INCREMENT_OVERFLOW);
    server.call("SET", "n", MAX);
    expect(server.run("INCR n")).toEqual(overflow);
    expect(server.run("DECRBY n -1")).toEqual(overflow);
    expect(server.run("DECR n")).toEqual(integer(BigInt(MAX) - 1n));
    expect(server.run("INCR n")).toEqual(integer(BigInt(MAX)));
    expect(server.call("INCRBY", "n", MIN)).toEqual(integer(-1));
    expect(server.call("INCRBY", "n", MIN)).toEqual(overflow);
    expect(server.call("DECRBY", "n", MAX)).toEqual(integer(BigInt(MIN)));
    expect(server.run("DECR n")).toEqual(overflow);
    expect(server.call("GET", "n")).toEqual(bulk(MIN));
    expect(server.call("DECRBY", "n", MIN)).toEqual(error(errors.DECREMENT_OVERFLOW));
    expect(server.call("DECRBY", "new", "4294967296")).toEqual(integer(-4294967296));
  });

  test("carry across the halves", () => {
    const server = new InProcess();
    for (const start of [-1n, 0n, 2n ** 32n - 1n, 2n ** 32n, -(2n ** 32n), 2n ** 53n, -(2n ** 53n)]) {
      for (const step of [1n, -1n, 2n ** 32n, -(2n ** 32n), 2n ** 31n, 12345678901n]) {
        server.call("SET", "n", start);
        expect(server.call("INCRBY", "n", step)).toEqual(integer(start + step));
        server.call("SET", "n", start);
        expect(server.call("DECRBY", "n", step)).toEqual(integer(start - step));
      }
    }
  });

  test("check the type, then the increment's text before the value's", () => {
    const server = new InProcess();
    server.run("SET s text");
    expect(server.run("INCR s")).toEqual(error(errors.NOT_AN_INTEGER));
    expect(server.run("INCRBY n 1.5")).toEqual(error(errors.NOT_AN_INTEGER));
    expect(server.run("DECRBY n x")).toEqual(error(errors.NOT_AN_INTEGER));
    expect(server.entry("n")).toBe(0);
    expect(server.run("INCRBYFLOAT s 1")).toEqual(error(errors.NOT_A_FLOAT));
    expect(server.run("INCRBYFLOAT n x")).toEqual(error(errors.NOT_A_FLOAT));
    expect(server.run("INCRBYFLOAT n inf")).toEqual(error(errors.INCREMENT_NOT_FINITE));
  });

  test("stay where they are: the entry of an integer does not move", () => {
    const server = new InProcess();
    for (const commands of [["SET n 20000"], ["SET n 20000 EX 100"]]) {
      server.run(...commands);
      const ref = server.entry("n");
      for (const command of ["INCR n", "DECR n", `INCRBY n ${MAX.slice(0, -1)}`, "DECRBY n 5"]) {
        server.run(command);
        expect(server.entry("n")).toBe(ref);
        expect(server.encoding("n")).toBe("int");
      }
    }
  });

  test("INCRBYFLOAT keeps text, INCR makes it an integer again", () => {
    const server = new InProcess();
    server.run("SET n 10");
    expect(server.run("INCRBYFLOAT n 1")).toEqual(bulk("11"));
    expect(server.encoding("n")).toBe("embstr");
    expect(server.run("INCR n")).toEqual(integer(12));
    expect(server.encoding("n")).toBe("int");
    expect(server.run("INCRBYFLOAT n 1e-1")).toEqual(bulk("12.1"));
    expect(server.run("INCRBYFLOAT n -12.1")).toEqual(bulk("0"));
    expect(server.run("INCRBYFLOAT new 3.0e3")).toEqual(bulk("3000"));
    expect(server.run("INCRBYFLOAT big 1e300")).toEqual(expect.objectContaining({ type: "bulk" }));
    expect(server.encoding("big")).toBe("raw");
    expect(server.run("STRLEN big")).toEqual(integer(301));
  });
});

describe("APPEND and SETRANGE", () => {
  test("a missing key: APPEND sets the value as SET does, SETRANGE makes it raw", () => {
    const server = new InProcess();
    server.run("APPEND n 12");
    expect(server.encoding("n")).toBe("int");
    server.call("APPEND", "empty", "");
    expect(server.encoding("empty")).toBe("embstr");
    expect(server.run("SETRANGE r 0 12")).toEqual(integer(2));
    expect(server.encoding("r")).toBe("raw");
    expect(server.run("SETRANGE gap 3 x")).toEqual(integer(4));
    expect(server.run("GET gap")).toEqual(bulk("\0\0\0x"));
    expect(server.call("SETRANGE", "none", 5, "")).toEqual(integer(0));
    expect(server.entry("none")).toBe(0);
  });

  test("offsets and lengths out of range", () => {
    const server = new InProcess({ "proto-max-bulk-len": "1mb" });
    const tooLong = error(errors.STRING_TOO_LONG);
    server.run("SET k v");
    expect(server.run("SETRANGE k -1 x")).toEqual(error(errors.OFFSET_OUT_OF_RANGE));
    expect(server.call("SETRANGE", "k", "-1", "")).toEqual(error(errors.OFFSET_OUT_OF_RANGE));
    expect(server.run("SETRANGE k x x")).toEqual(error(errors.NOT_AN_INTEGER));
    expect(server.run(`SETRANGE k ${MAX} x`)).toEqual(tooLong);
    expect(server.call("SETRANGE", "k", MAX, "")).toEqual(integer(1));
    expect(server.call("SETRANGE", "k", MIB, "x")).toEqual(tooLong);
    expect(server.call("SETRANGE", "none", MIB, "x")).toEqual(tooLong);
    expect(server.call("SETRANGE", "k", MIB - 1, "x")).toEqual(integer(MIB));
    expect(server.call("APPEND", "k", "")).toEqual(integer(MIB));
    expect(server.call("APPEND", "k", "x")).toEqual(tooLong);
    expect(server.keyspace.dirty).toBe(3);
  });

  test("the gap is zeros also where the memory was used before", () => {
    const server = new InProcess();
    for (const size of [100, 5000, 50_000]) {
      server.call("SET", "old", "\xff".repeat(size));
      server.run("GETDEL old", "SET k a");
      server.call("SETRANGE", "k", size - 1, "z");
      expectValue(server, "k", `a${"\0".repeat(size - 2)}z`);
      server.call("SET", "old", "\xff".repeat(size));
      server.run("GETDEL old", "GETDEL k");
      server.call("SETRANGE", "k", size - 1, "z");
      expectValue(server, "k", `${"\0".repeat(size - 1)}z`);
    }
  });
});

describe("LCS", () => {
  const matches = (...found: Reply[]): Reply => array(...found);
  const pair = (from: number, to: number): Reply => array(integer(from), integer(to));

  test("answers with text, length or matches", () => {
    const server = new InProcess();
    server.client.protocol = 3;
    server.run("MSET a ohmytext b mynewtext");
    expect(server.run("LCS a b")).toEqual(bulk("mytext"));
    expect(server.run("LCS a b LEN")).toEqual(integer(6));
    const all = matches(array(pair(4, 7), pair(5, 8)), array(pair(2, 3), pair(0, 1)));
    const found = (list: Reply): Reply => map([bulk("matches"), list], [bulk("len"), integer(6)]);
    expect(server.run("LCS a b IDX")).toEqual(found(all));
    expect(server.run("LCS a b IDX MINMATCHLEN -5")).toEqual(found(all));
    const long = matches(array(pair(4, 7), pair(5, 8), integer(4)));
    expect(server.run("LCS a b WITHMATCHLEN MINMATCHLEN 3 IDX")).toEqual(found(long));
    server.client.protocol = 2;
    expect(server.run("LCS a missing IDX")).toEqual(array(bulk("matches"), array(), bulk("len"), integer(0)));
  });

  test("of two integers", () => {
    const server = new InProcess();
    server.run("MSET a 12345 b 2340");
    expect(server.run("LCS a b")).toEqual(bulk("234"));
  });

  test("errors, in order", () => {
    const server = new InProcess({ "proto-max-bulk-len": "1mb" });
    server.run("MSET a 12345 b 234");
    expect(server.run("LCS a b LEN IDX")).toEqual(error(errors.LCS_LEN_AND_IDX));
    expect(server.run("LCS a b LEN IDX MINMATCHLEN")).toEqual(error(errors.SYNTAX_ERROR));
    expect(server.run("LCS a b MINMATCHLEN x NOSUCH")).toEqual(error(errors.NOT_AN_INTEGER));
    server.call("MSET", "a", "x".repeat(600), "b", "x".repeat(600));
    expect(server.run("LCS a b LEN")).toEqual(error(errors.LCS_OUT_OF_MEMORY));
  });
});

describe("a key of another type", () => {
  /** A list without elements stands for all other types: string commands look at nothing but the type. */
  function withList(): InProcess {
    const server = new InProcess();
    const [db] = server.keyspace.databases;
    const key = Buffer.from("l");
    const shape = { type: TYPE_LIST, encoding: 4, expireAt: NO_EXPIRY, lru: 0, inlineLength: 0 };
    db.store(db.lookupWrite(key, 0, 1, true), shape, key, 0, 1);
    server.keyspace.registerReleaser(TYPE_LIST, { release: () => true, effort: () => 0 });
    return server;
  }

  const wrongType = error(errors.WRONG_TYPE);

  for (const command of [
    "GET l",
    "GETEX l",
    "GETEX l EX 0",
    "GETEX l EX abc",
    "GETDEL l",
    "GETSET l v",
    "SET l v GET",
    "SET l v NX GET",
    "APPEND l v",
    "STRLEN l",
    "SETRANGE l 0 v",
    `SETRANGE l ${MAX} v`,
    "GETRANGE l 0 1",
    "SUBSTR l 0 1",
    "INCR l",
    "DECR l",
    "INCRBY l 1",
    "DECRBY l 1",
    "INCRBYFLOAT l 1",
    "INCRBYFLOAT l abc",
  ]) {
    test(`${command} is refused and changes nothing`, () => {
      const server = withList();
      const ref = server.entry("l");
      expect(server.run(command)).toEqual(wrongType);
      expect(server.entry("l")).toBe(ref);
      expect(server.keyspace.dirty).toBe(0);
    });
  }

  test("arguments are looked at before the type where Redis does so", () => {
    const server = withList();
    expect(server.run("SET l v EX 0 GET")).toEqual(error(errors.invalidExpire("set")));
    expect(server.run("GETEX l NOSUCH")).toEqual(error(errors.SYNTAX_ERROR));
    expect(server.run("SETRANGE l -1 v")).toEqual(error(errors.OFFSET_OUT_OF_RANGE));
    expect(server.run("GETRANGE l 0 x")).toEqual(error(errors.NOT_AN_INTEGER));
    expect(server.run("INCRBY l x")).toEqual(error(errors.NOT_AN_INTEGER));
    expect(server.run(`DECRBY l ${MIN}`)).toEqual(error(errors.DECREMENT_OVERFLOW));
    expect(server.run("LCS l k NOSUCH")).toEqual(error(errors.LCS_NOT_STRINGS));
    expect(server.run("LCS k l")).toEqual(error(errors.LCS_NOT_STRINGS));
  });

  test("MGET answers null, SETNX and MSETNX find it, SET, SETEX and MSET take its place", () => {
    expect(withList().run("MGET l")).toEqual(array(NULL_BULK));
    expect(withList().run("SETNX l v")).toEqual(integer(0));
    expect(withList().run("MSETNX k v l v")).toEqual(integer(0));
    for (const command of ["SET l v", "SET l v XX", "SETEX l 1 v", "MSET l v"]) {
      const server = withList();
      expect(server.run(command)).toEqual(OK);
      expect(server.run("GET l")).toEqual(bulk("v"));
      expect(server.keyspace.databases[0].size).toBe(1);
    }
  });
});

describe("what a command leaves behind", () => {
  const S = EVENT_STRING;
  const G = EVENT_GENERIC;
  /** Commands that set things up, the one that is looked at, its changes and (marked +) further events. */
  const cases: [setup: string[], command: string, events: [number, string][]][] = [
    [[], "SET k v", [[S, "set"]]],
    [
      [],
      "SET k v EX 10",
      [
        [S, "set"],
        [G, "+expire"],
      ],
    ],
    [["SET k v"], "SET k v NX", []],
    [["SET k v"], "SET k w XX GET", [[S, "set"]]],
    [[], "SETNX k v", [[S, "set"]]],
    [["SET k v"], "SETNX k v", []],
    [
      [],
      "SETEX k 10 v",
      [
        [S, "set"],
        [G, "+expire"],
      ],
    ],
    [
      [],
      "PSETEX k 10 v",
      [
        [S, "set"],
        [G, "+expire"],
      ],
    ],
    [["SET k v"], "GETSET k w", [[S, "set"]]],
    [["SET k v"], "GETDEL k", [[G, "del"]]],
    [[], "GETDEL k", []],
    [["SET k v"], "GETEX k", []],
    [["SET k v"], "GETEX k EX 10", [[G, "expire"]]],
    [["SET k v"], "GETEX k EXAT 10", [[G, "del"]]],
    [["SET k v EX 10"], "GETEX k PERSIST", [[G, "persist"]]],
    [["SET k v"], "GETEX k PERSIST", []],
    [[], "APPEND k v", [[S, "append"]]],
    [["SET k v"], "APPEND k v", [[S, "append"]]],
    [["SET k v"], "SETRANGE k 1 v", [[S, "setrange"]]],
    [
      [],
      "MSET k v k w",
      [
        [S, "set"],
        [S, "set"],
      ],
    ],
    [[], "MSETNX k v", [[S, "set"]]],
    [["SET k v"], "MSETNX k v", []],
    [[], "INCR k", [[S, "incrby"]]],
    [[], "DECR k", [[S, "incrby"]]],
    [[], "INCRBY k 5", [[S, "incrby"]]],
    [[], "DECRBY k 5", [[S, "incrby"]]],
    [["SET k v"], "INCR k", []],
    [[], "INCRBYFLOAT k 5", [[S, "incrbyfloat"]]],
    [["SET k v"], "GET k", []],
    [["SET k v"], "LCS k k", []],
  ];
  for (const [setup, command, expected] of cases) {
    test(`${[...setup, command].join("; ")}: events and dirty count`, () => {
      const server = new InProcess();
      server.run(...setup, "GET nothing");
      const events = server.recordEvents();
      const { dirty } = server.keyspace;
      server.run(command);
      expect(events.map((e): [number, string] => [e.eventClass, e.change ? e.event : `+${e.event}`])).toEqual(expected);
      expect(events.every((e) => e.key === "k")).toBe(true);
      expect(server.keyspace.dirty - dirty).toBe(events.filter((e) => e.change).length);
    });
  }

  test("hits and misses are of commands that read", () => {
    const server = new InProcess();
    const counts = (command: string): [number, number] => {
      const { hits, misses } = server.keyspace.stats;
      server.run(command);
      return [server.keyspace.stats.hits - hits, server.keyspace.stats.misses - misses];
    };
    server.run("SET k 1");
    for (const command of ["GET k", "GETEX k", "STRLEN k", "GETRANGE k 0 1", "SET k 1 GET", "GETSET k 1"]) {
      expect(counts(command)).toEqual([1, 0]);
    }
    for (const command of ["GET no", "STRLEN no", "GETRANGE no 0 1", "GETDEL no", "GETEX no"]) {
      expect(counts(command)).toEqual([0, 1]);
    }
    expect(counts("MGET k no k")).toEqual([2, 1]);
    expect(counts("LCS k no")).toEqual([1, 1]);
    for (const command of [
      "SET k 1",
      "INCR k",
      "APPEND k 1",
      "SETNX k 1",
      "MSETNX k 1",
      "SETRANGE k 0 1",
      "MSET k 1",
    ]) {
      expect(counts(command)).toEqual([0, 0]);
    }
  });

  test("an access is noted, unless the client asked for none", () => {
    const server = new InProcess();
    const { access, entries } = server.keyspace;
    server.run("SET k v");
    server.clock.advance(100_000);
    access.update(server.clock.now());
    server.client.noTouch = true;
    server.run("GET k", "MGET k", "STRLEN k", "GETRANGE k 0 1", "GETEX k");
    expect(access.idleSeconds(entries.lru(server.entry("k")))).toBe(100);
    server.client.noTouch = false;
    server.run("GET k");
    expect(access.idleSeconds(entries.lru(server.entry("k")))).toBe(0);
  });
});
