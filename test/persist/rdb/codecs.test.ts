/** The codecs of all types: every encoding comes back as it was, and what is damaged does no harm. */

import { describe, expect, test } from "bun:test";
import { EMPTY_VALUE } from "../../../src/persist/rdb/codecs/codec";
import { RdbInput } from "../../../src/persist/rdb/rdb-input";
import { expectNoLeak } from "../../support/heap-account";
import { InProcess } from "../../support/in-process";
import { sealed } from "../../support/rdb-payload";
import { bulk, error, items, OK, type Reply, text } from "../../support/reply";

/** Commands that make a value at the key k, by the encoding that it has then. */
const VALUES: readonly (readonly [encoding: string, ...commands: (readonly string[])[]])[] = [
  ["int", ["SET", "k", "12345"]],
  ["embstr", ["SET", "k", "a value"]],
  ["raw", ["SET", "k", "abc".repeat(40)]],
  ["listpack", ["RPUSH", "k", "a", "12", "-5000", "x".repeat(100), "", "9223372036854775807"]],
  ["quicklist", ["RPUSH", "k", ...numbered(900)]],
  ["quicklist", ["RPUSH", "k", "small", "y".repeat(20_000), "small"]],
  ["intset", ["SADD", "k", "1", "-5", "300"]],
  ["intset", ["SADD", "k", "1", "-70000", "70000"]],
  ["intset", ["SADD", "k", "1", "-9223372036854775808", "9223372036854775807", "5000000000"]],
  ["listpack", ["SADD", "k", "a", "1", "-5000", "70000", "9223372036854775807", "x".repeat(64), ""]],
  ["hashtable", ["SADD", "k", "a", "1", "x".repeat(65), "y".repeat(300), "z".repeat(70_000)]],
  ["hashtable", ["SADD", "k", ...numbered(600)]],
  ["listpack", ["ZADD", "k", "1", "a", "-2.5", "b", "1e300", "12", "inf", "x".repeat(64), "-inf", ""]],
  ["skiplist", ["ZADD", "k", "1", "a", "-2.5", "b", "inf", "x".repeat(65), "-0", "zero"]],
  ["skiplist", ["ZADD", "k", ...numbered(200).flatMap((name, i) => [String(i / 3), name])]],
  [
    "stream",
    ["XADD", "k", "1-1", "f", "v", "g", "12"],
    ["XADD", "k", "1-2", "f", "w", "g", "13"],
    ["XADD", "k", "5-0", "x", "y"],
  ],
  ["stream", ["XGROUP", "CREATE", "k", "empty", "$", "MKSTREAM"]],
  [
    "stream",
    ...numbered(250).map((name, i) => ["XADD", "k", `${i + 1}-0`, "field", name]),
    ["XDEL", "k", "3-0", "100-0", "249-0"],
    ["XGROUP", "CREATE", "k", "g", "0"],
    ["XGROUP", "CREATE", "k", "unread", "7-0"],
    ["XREADGROUP", "GROUP", "g", "alice", "COUNT", "20", "STREAMS", "k", ">"],
    ["XREADGROUP", "GROUP", "g", "bob", "COUNT", "5", "STREAMS", "k", ">"],
    ["XACK", "k", "g", "1-0", "24-0"],
    ["XCLAIM", "k", "g", "bob", "0", "4-0"],
    ["XGROUP", "CREATECONSUMER", "k", "g", "idle"],
  ],
  ["listpack", ["HSET", "k", "a", "1", "b", "text", "12", "x".repeat(64), "", ""]],
  ["hashtable", ["HSET", "k", "a", "x".repeat(65), "y".repeat(300), "-5", "12", "z".repeat(70_000)]],
  ["hashtable", ["HSET", "k", ...numbered(1200)]],
  [
    "listpackex",
    ["HSET", "k", "a", "1", "b", "2", "c", "3"],
    expire("9000000000000", "b"),
    expire("8000000000000", "a"),
  ],
  [
    "hashtable",
    ["HSET", "k", ...numbered(1200)],
    expire("9000000000000", "element:8"),
    expire("9000000000001", "element:0"),
  ],
  ["listpackex", ["HSET", "k", "a", "1"], expire("9000000000000", "a"), ["HPERSIST", "k", "FIELDS", "1", "a"]],
];

function expire(at: string, field: string): string[] {
  return ["HPEXPIREAT", "k", at, "FIELDS", "1", field];
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `element:${i}`);
}

function make(redbun: InProcess, commands: readonly (readonly string[])[]): void {
  for (const command of commands) expect(redbun.call(...command).type).not.toBe("error");
}

function dump(redbun: InProcess): Buffer {
  return Buffer.from(text(redbun.call("DUMP", "k")), "latin1");
}

function start(): InProcess {
  return new InProcess({ "enable-debug-command": "yes" });
}

const digest = (redbun: InProcess, key: string): string => text(items(redbun.call("DEBUG", "DIGEST-VALUE", key))[0]);

describe.each(VALUES)("a value of encoding %s", (encoding, ...commands) => {
  test("comes back from a payload as it was", () => {
    for (const compress of ["yes", "no"]) {
      const redbun = start();
      redbun.call("CONFIG", "SET", "rdbcompression", compress);
      make(redbun, commands);
      expect(redbun.encoding("k")).toBe(encoding);
      expect(redbun.call("RESTORE", "copy", "0", dump(redbun))).toEqual(OK);
      // A hash that has no field with an expiry any more comes back as one that never had.
      const isOver = commands.some(([name]) => name === "HPERSIST");
      expect(redbun.encoding("copy")).toBe(isOver ? "listpack" : encoding);
      expect(digest(redbun, "copy")).toBe(digest(redbun, "k"));
      expectNoLeak(redbun);
    }
  });

  test("that is damaged does no harm, and leaves nothing behind", () => {
    for (const deep of ["no", "yes"]) {
      const redbun = start();
      redbun.call("CONFIG", "SET", "sanitize-dump-payload", deep);
      redbun.call("CONFIG", "SET", "rdbcompression", "no");
      make(redbun, commands);
      const body = dump(redbun).subarray(0, -10);
      redbun.call("DEL", "k");
      for (let at = 0; at < body.length; at += body.length < 500 ? 1 : Math.ceil(body.length / 60)) {
        restoreDamaged(redbun, body.subarray(0, at));
        for (const flip of [1, 0x40, 0x80, 0xff]) {
          const damaged = Buffer.from(body);
          damaged[at] ^= flip;
          restoreDamaged(redbun, damaged);
        }
      }
      expectNoLeak(redbun);
    }
  });
});

/** Restores; what is accepted has to bear being read, saved and removed. */
function restoreDamaged(redbun: InProcess, body: Buffer): void {
  const reply = redbun.call("RESTORE", "k", "0", sealed(body), "REPLACE");
  if (reply.type === "error") {
    expect(reply.value).toBe("ERR Bad data format");
    return;
  }
  digest(redbun, "k");
  expect(redbun.call("DUMP", "k").type).toBe("bulk");
  expect(redbun.call("COPY", "k", "copy").type).toBe("integer");
  redbun.call("DEL", "k", "copy");
}

/** The value that the bytes after the type give, as the reply to a command. */
function decoded(hex: string, ...command: string[]): Reply {
  const redbun = start();
  const reply = redbun.call("RESTORE", "k", "0", sealed(Buffer.from(hex.replaceAll(" ", ""), "hex")));
  return reply.type === "error" ? reply : redbun.call(...command);
}

const BAD = error("ERR Bad data format");

describe("sets", () => {
  test("of members one by one take the encoding that they fit", () => {
    expect(decoded("02 02 c001 c002", "OBJECT", "ENCODING", "k")).toEqual(bulk("intset"));
    expect(decoded("02 02 c001 0161", "OBJECT", "ENCODING", "k")).toEqual(bulk("listpack"));
    const long = `4041${"61".repeat(65)}`;
    expect(decoded(`02 02 c001 ${long}`, "OBJECT", "ENCODING", "k")).toEqual(bulk("hashtable"));
  });

  test("with a member twice are refused", () => {
    expect(decoded("02 02 c001 c001", "TYPE", "k")).toEqual(BAD);
    expect(decoded("02 02 0161 0161", "TYPE", "k")).toEqual(BAD);
    // An intset has to ascend.
    expect(decoded("0b 0c 02000000 02000000 0100 0100", "TYPE", "k")).toEqual(BAD);
    expect(decoded("0b 0c 02000000 02000000 0200 0100", "TYPE", "k")).toEqual(BAD);
  });

  test("without members are none", () => {
    expect(decoded("02 00", "TYPE", "k")).toEqual(BAD);
    expect(decoded("0b 08 02000000 00000000", "TYPE", "k")).toEqual(BAD);
    expect(decoded("14 07 07000000 0000 ff", "TYPE", "k")).toEqual(BAD);
  });

  test("that are larger than the limits now allow become hash tables", () => {
    const redbun = start();
    redbun.run("SADD k 1 2 3", "SADD l a b c");
    const ints = dump(redbun);
    const list = Buffer.from(text(redbun.call("DUMP", "l")), "latin1");
    redbun.run("CONFIG SET set-max-intset-entries 2 set-max-listpack-entries 2");
    redbun.call("RESTORE", "i", "0", ints);
    redbun.call("RESTORE", "j", "0", list);
    expect([redbun.encoding("i"), redbun.encoding("j")]).toEqual(["hashtable", "hashtable"]);
    expect(digest(redbun, "i")).toBe(digest(redbun, "k"));
    expectNoLeak(redbun);
  });

  test("sanitize-dump-payload looks for members that are there twice", () => {
    const twice = "14 0d 0d000000 0200 8161 02 8161 02 ff";
    const redbun = start();
    const payload = sealed(Buffer.from(twice.replaceAll(" ", ""), "hex"));
    expect(redbun.call("RESTORE", "k", "0", payload)).toEqual(OK);
    redbun.run("CONFIG SET sanitize-dump-payload yes");
    expect(redbun.call("RESTORE", "l", "0", payload)).toEqual(BAD);
    expect(redbun.server.persistence.codecs.sanitizations).toBe(1);
    expectNoLeak(redbun);
  });
});

const HEAD = {
  type: 0,
  encoding: 0,
  expireAt: -1,
  lru: 0,
  inlineLength: 0,
  key: Buffer.from("k"),
  keyStart: 0,
  keyEnd: 1,
};

test("a hash with a field twice is refused where it becomes a table, or is looked through, and it says which", () => {
  const redbun = start();
  const { codecs } = redbun.server.persistence;
  const bytes = Buffer.from("1717000000040082610003826200038261000382640003ff", "hex");
  const decode = (deep: boolean): number => codecs.decode(RdbInput.ofBytes(bytes, 0, bytes.length), 16, HEAD, deep);
  expect(() => decode(true)).toThrow("Hash listpack integrity check failed.");
  redbun.run("CONFIG SET hash-max-listpack-entries 1");
  expect(() => decode(true)).toThrow("Hash listpack integrity check failed.");
  expect(() => decode(false)).toThrow("Hash listpack with dup elements");
  redbun.run("CONFIG SET hash-max-listpack-entries 2");
  const entry = decode(false);
  expect(entry).not.toBe(EMPTY_VALUE);
  redbun.server.keyspace.freeEntryNow(entry);
  expectNoLeak(redbun);
});

test("an empty value is told apart from a damaged one", () => {
  const { codecs } = start().server.persistence;
  expect(codecs.decode(RdbInput.ofBytes(Buffer.from([0]), 0, 1), 2, HEAD, false)).toBe(EMPTY_VALUE);
});
