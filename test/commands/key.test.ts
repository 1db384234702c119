/** The generic key commands in process: what real Redis beside us cannot show, such as events, memory and time. */

import { describe, expect, test } from "bun:test";
import { EVENT_GENERIC, EVENT_NONE } from "../../src/db/keyspace";
import type { KeyspaceHooks } from "../../src/db/keyspace-hooks";
import { InProcess } from "../support/in-process";
import { array, bulk, error, integer, NULL_BULK, OK, type Reply, simple } from "../support/reply";

/** Events as "database class event key"; expiries as "0 expired key". */
function record(redbun: InProcess): string[] {
  const events: string[] = [];
  const text = (key: Uint8Array, start: number, end: number): string =>
    Buffer.from(key.subarray(start, end)).toString("latin1");
  const note: KeyspaceHooks["keyChanged"] = (db, key, start, end, eventClass, event) => {
    if (eventClass === EVENT_NONE) return;
    expect(eventClass).toBe(EVENT_GENERIC);
    events.push(`${db.id} ${event} ${text(key, start, end)}`);
  };
  redbun.keyspace.hooks = {
    keyChanged: note,
    keyEvent: note,
    keyExpired: (db, key, start, end) => events.push(`${db.id} expired ${text(key, start, end)}`),
    keyEvicted: (db, key, start, end) => events.push(`${db.id} evicted ${text(key, start, end)}`),
    keyCreated() {},
    keyMissed() {},
    flushing: (db) => events.push(`${db.id} flushing`),
    swapping: (a, b) => events.push(`${a.id} ${b.id} swapping`),
  };
  return events;
}

/** Events and changes of one command. */
function effects(redbun: InProcess, command: string): { reply: Reply; events: string[]; dirty: number } {
  const before = redbun.keyspace.dirty;
  const hooks = redbun.keyspace.hooks;
  const events = record(redbun);
  const reply = redbun.run(command);
  redbun.keyspace.hooks = hooks;
  return { reply, events, dirty: redbun.keyspace.dirty - before };
}

function texts(reply: Reply): string[] {
  if (reply.type !== "array") throw new Error(`an array was expected, not ${reply.type}`);
  return reply.items.map((item) => ("value" in item ? String(item.value) : item.type));
}

/** Runs SCAN to its end; returns the keys in order and the number of calls. */
function scanAll(redbun: InProcess, ...options: string[]): { keys: string[]; calls: number } {
  const keys: string[] = [];
  let cursor = "0";
  let calls = 0;
  do {
    const reply = redbun.call("SCAN", cursor, ...options);
    if (reply.type !== "array") throw new Error(`an array was expected, not ${reply.type}`);
    cursor = texts(array(reply.items[0]))[0];
    keys.push(...texts(reply.items[1]));
    calls++;
  } while (cursor !== "0");
  return { keys, calls };
}

describe("events and the count of changes", () => {
  const cases: [setup: string[], command: string, reply: Reply, events: string[], dirty: number][] = [
    [["MSET a 1 b 2"], "DEL a missing b a", integer(2), ["0 del a", "0 del b"], 2],
    [["MSET a 1 b 2"], "UNLINK a b", integer(2), ["0 del a", "0 del b"], 2],
    [[], "DEL missing", integer(0), [], 0],
    [["SET a 1"], "RENAME a b", OK, ["0 rename_from a", "0 rename_to b"], 1],
    [["MSET a 1 b 2"], "RENAME a b", OK, ["0 rename_from a", "0 rename_to b"], 1],
    [["SET a 1"], "RENAME a a", OK, [], 0],
    [["SET a 1"], "RENAMENX a b", integer(1), ["0 rename_from a", "0 rename_to b"], 1],
    [["SET a 1"], "RENAMENX a a", integer(0), [], 0],
    [["MSET a 1 b 2"], "RENAMENX a b", integer(0), [], 0],
    [["SET a 1"], "MOVE a 3", integer(1), ["0 move_from a", "3 move_to a"], 1],
    [["SET a 1"], "COPY a b", integer(1), ["0 copy_to b"], 1],
    [["SET a 1"], "COPY a b DB 2", integer(1), ["2 copy_to b"], 1],
    [["MSET a 1 b 2"], "COPY a b REPLACE", integer(1), ["0 copy_to b"], 1],
    [["MSET a 1 b 2"], "COPY a b", integer(0), [], 0],
    [["SET a 1"], "EXPIRE a 100", integer(1), ["0 expire a"], 1],
    [["SET a 1"], "PEXPIREAT a 1", integer(1), ["0 del a"], 1],
    [["SET a 1"], "EXPIRE a 100 GT", integer(0), [], 0],
    [["SET a 1 EX 100"], "PERSIST a", integer(1), ["0 persist a"], 1],
    [["SET a 1"], "PERSIST a", integer(0), [], 0],
    [["SET a 1"], "SWAPDB 0 1", OK, ["0 1 swapping"], 1],
    [["MSET a 1 b 2"], "FLUSHDB", OK, ["0 flushing"], 2],
    [["MSET a 1 b 2"], "FLUSHALL ASYNC", OK, Array.from({ length: 16 }, (_, id) => `${id} flushing`), 2],
    [["SET a 1"], "TOUCH a", integer(1), [], 0],
  ];
  for (const [setup, command, reply, events, dirty] of cases) {
    test(`${setup.join("; ")}; ${command}`, () => {
      const redbun = new InProcess();
      if (setup.length > 0) redbun.run(...setup);
      expect(effects(redbun, command)).toEqual({ reply, events, dirty });
    });
  }
});

describe("keys that have expired", () => {
  /** A server with `gone` expired but still there, and `here`. */
  function withExpired(): InProcess {
    const redbun = new InProcess();
    redbun.run("SET here 1", "SET gone 1 PX 10");
    redbun.clock.advance(11);
    return redbun;
  }

  const cases: [command: string, reply: Reply][] = [
    ["DEL gone", integer(0)],
    ["EXISTS gone", integer(0)],
    ["TOUCH gone", integer(0)],
    ["TYPE gone", simple("none")],
    ["RENAME gone x", error("ERR no such key")],
    ["RENAMENX here gone", integer(1)],
    ["COPY here gone", integer(1)],
    ["COPY gone x", integer(0)],
    ["MOVE gone 1", integer(0)],
    ["EXPIRE gone 100", integer(0)],
    ["TTL gone", integer(-2)],
    ["PERSIST gone", integer(0)],
    ["OBJECT ENCODING gone", NULL_BULK],
    ["SCAN 0 COUNT 100", array(bulk("0"), array(bulk("here")))],
  ];
  for (const [command, reply] of cases) {
    test(`${command}: is deleted, and announced before anything else`, () => {
      const redbun = withExpired();
      const { reply: answer, events } = effects(redbun, command);
      expect(answer).toEqual(reply);
      expect(events[0]).toBe("0 expired gone");
      expect(redbun.keyspace.stats.expired).toBe(1);
    });
  }

  test("KEYS leaves them out but does not delete them", () => {
    for (const pattern of ["*", "gon*", "gone", "g?ne"]) {
      const redbun = withExpired();
      const { reply, events } = effects(redbun, `KEYS ${pattern}`);
      expect(reply).toEqual(pattern === "*" ? array(bulk("here")) : array());
      expect(events).toEqual([]);
      expect(redbun.run("DBSIZE")).toEqual(integer(2));
    }
  });

  test("RANDOMKEY never returns one", () => {
    const redbun = withExpired();
    for (let i = 0; i < 50; i++) expect(redbun.run("RANDOMKEY")).toEqual(bulk("here"));
    expect(redbun.run("DEL here", "RANDOMKEY")).toEqual(NULL_BULK);
  });

  test("MOVE to a database where the key has expired succeeds", () => {
    const redbun = new InProcess();
    redbun.run("SELECT 1", "SET k old PX 10", "SELECT 0", "SET k new");
    redbun.clock.advance(11);
    expect(effects(redbun, "MOVE k 1")).toEqual({
      reply: integer(1),
      events: ["1 expired k", "0 move_from k", "1 move_to k"],
      dirty: 1,
    });
    expect(redbun.run("SELECT 1", "GET k")).toEqual(bulk("new"));
  });
});

describe("hits, misses and accesses", () => {
  test("reading commands count, writing ones do not", () => {
    const redbun = new InProcess();
    const { stats } = redbun.keyspace;
    redbun.run("MSET a 1 b 2");
    redbun.run("EXISTS a b c", "TYPE a", "TTL c", "TOUCH a", "OBJECT ENCODING a");
    expect([stats.hits, stats.misses]).toEqual([5, 2]);
    redbun.run("EXPIRE a 100", "PERSIST a", "DEL a", "RENAME b c", "KEYS *", "SCAN 0", "RANDOMKEY", "MOVE c 1");
    expect([stats.hits, stats.misses]).toEqual([5, 2]);
  });

  test("OBJECT IDLETIME: what looks at a key only does not touch it", () => {
    const redbun = new InProcess();
    const idle = (): Reply => redbun.run("OBJECT IDLETIME k");
    const wait = (seconds: number): void => {
      redbun.clock.advance(seconds * 1000);
      redbun.keyspace.access.update(redbun.clock.now());
    };
    redbun.run("SET k v");
    wait(50);
    redbun.run("EXISTS k", "TYPE k", "TTL k", "PTTL k", "OBJECT ENCODING k", "KEYS *", "SCAN 0");
    expect(idle()).toEqual(integer(50));
    redbun.run("TOUCH k");
    expect(idle()).toEqual(integer(0));
    wait(20);
    redbun.run("RENAME k l", "RENAME l k");
    expect(idle()).toEqual(integer(0));
    wait(20);
    redbun.client.noTouch = true;
    redbun.run("GET k");
    expect(idle()).toEqual(integer(20));
    redbun.run("TOUCH k");
    expect(idle()).toEqual(integer(0));
  });

  test("an expiry keeps the idle time, a copy starts anew", () => {
    const redbun = new InProcess();
    redbun.client.noTouch = true;
    redbun.run("SET k v");
    redbun.clock.advance(30_000);
    redbun.keyspace.access.update(redbun.clock.now());
    redbun.run("EXPIRE k 100", "COPY k copy");
    expect(redbun.run("OBJECT IDLETIME k")).toEqual(integer(30));
    redbun.run("PERSIST k");
    expect(redbun.run("OBJECT IDLETIME k")).toEqual(integer(30));
    expect(redbun.run("OBJECT IDLETIME copy")).toEqual(integer(0));
  });

  test("OBJECT FREQ under an LFU policy", () => {
    const redbun = new InProcess();
    redbun.keyspace.access.lfu = true;
    redbun.run("SET k v");
    expect(redbun.run("OBJECT FREQ k")).toEqual(integer(5));
    redbun.run("GET k", "GET k");
    expect(redbun.run("OBJECT FREQ k")).not.toEqual(integer(5));
    expect(redbun.run("OBJECT IDLETIME k").type).toBe("error");
    expect(redbun.run("OBJECT IDLETIME missing")).toEqual(NULL_BULK);
  });
});

describe("OBJECT REFCOUNT", () => {
  const shared = integer(2147483647);

  test("says that small integers are shared", () => {
    const redbun = new InProcess();
    redbun.run("MSET zero 0 last 9999 beyond 10000 negative -1 text abc large 4294967296");
    for (const key of ["zero", "last"]) expect(redbun.run(`OBJECT REFCOUNT ${key}`)).toEqual(shared);
    for (const key of ["beyond", "negative", "text", "large"]) {
      expect(redbun.run(`OBJECT REFCOUNT ${key}`)).toEqual(integer(1));
    }
    redbun.run("INCR last");
    expect(redbun.run("OBJECT REFCOUNT last")).toEqual(integer(1));
  });

  test("but not where every key needs access bits of its own", () => {
    const limits = (policy: string): InProcess => new InProcess({ maxmemory: "100gb", "maxmemory-policy": policy });
    for (const policy of ["allkeys-lru", "volatile-lru", "allkeys-lfu", "volatile-lfu"]) {
      const redbun = limits(policy);
      expect(redbun.run("SET k 1", "OBJECT REFCOUNT k")).toEqual(integer(1));
    }
    for (const policy of ["noeviction", "volatile-ttl", "allkeys-random"]) {
      const redbun = limits(policy);
      expect(redbun.run("SET k 1", "OBJECT REFCOUNT k")).toEqual(shared);
    }
    const unlimited = new InProcess({ "maxmemory-policy": "allkeys-lru" });
    expect(unlimited.run("SET k 1", "OBJECT REFCOUNT k")).toEqual(shared);
  });
});

describe("SCAN", () => {
  function filled(count: number): InProcess {
    const redbun = new InProcess();
    for (let i = 0; i < count; i++) redbun.call("SET", `key:${i}`, i % 2 === 0 ? "text" : i);
    return redbun;
  }

  test("returns every key once, COUNT of them a call", () => {
    const redbun = filled(1000);
    for (const [count, calls] of [
      [1, 1000],
      [7, 143],
      [10, 100],
      [1000, 1],
      [100_000, 1],
    ]) {
      const result = scanAll(redbun, "COUNT", String(count));
      expect(new Set(result.keys).size).toBe(1000);
      expect(result.keys.length).toBe(1000);
      expect(Math.abs(result.calls - calls)).toBeLessThanOrEqual(1);
    }
    expect(scanAll(redbun).calls).toBeLessThanOrEqual(101);
    expect(scanAll(redbun, "COUNT", "9223372036854775807").calls).toBe(1);
  });

  test("MATCH and TYPE filter, and COUNT counts what was looked at", () => {
    const redbun = filled(1000);
    for (const [pattern, count] of [
      ["*", 1000],
      ["key:*", 1000],
      ["key:1*", 111],
      ["key:7", 1],
      ["key:?", 10],
      ["*99", 10],
      ["nothing*", 0],
    ] as const) {
      const { keys, calls } = scanAll(redbun, "MATCH", pattern, "COUNT", "100");
      expect(keys.length).toBe(count);
      expect(new Set(keys).size).toBe(count);
      expect(calls).toBeLessThanOrEqual(11);
    }
    expect(scanAll(redbun, "TYPE", "string").keys.length).toBe(1000);
    expect(scanAll(redbun, "TYPE", "StRiNg", "MATCH", "key:1?").keys.length).toBe(10);
    expect(scanAll(redbun, "TYPE", "hash").keys).toEqual([]);
    expect(scanAll(redbun, "TYPE", "nosuchtype").keys).toEqual([]);
    // Of an option given twice the last one counts.
    expect(scanAll(redbun, "MATCH", "nothing", "MATCH", "key:5").keys).toEqual(["key:5"]);
  });

  test("while keys come and go, those that stay are returned once", () => {
    const redbun = filled(500);
    const seen: string[] = [];
    let cursor = "0";
    let made = 0;
    do {
      const reply = redbun.call("SCAN", cursor, "COUNT", "20");
      if (reply.type !== "array") throw new Error("an array was expected");
      cursor = texts(array(reply.items[0]))[0];
      seen.push(...texts(reply.items[1]).filter((key) => key.startsWith("key:")));
      if (made < 4000) for (let i = 0; i < 400; i++) redbun.call("SET", `more:${made++}`, "x");
      else for (let i = 0; i < 400; i++) redbun.call("DEL", `more:${--made}`);
    } while (cursor !== "0" && seen.length < 1000);
    expect(seen.length).toBe(500);
    expect(new Set(seen).size).toBe(500);
  });

  test("deletes expired keys that it meets, whatever their type, but only those that match", () => {
    const redbun = filled(300);
    for (let i = 0; i < 100; i++) redbun.call("PEXPIRE", `key:${i}`, 5);
    redbun.clock.advance(6);
    expect(scanAll(redbun, "MATCH", "key:1?").keys).toEqual([]);
    expect(redbun.run("DBSIZE")).toEqual(integer(290));
    expect(scanAll(redbun, "TYPE", "hash").keys).toEqual([]);
    expect(redbun.run("DBSIZE")).toEqual(integer(200));
    expect(redbun.keyspace.stats.expired).toBe(100);
    expect(scanAll(redbun).keys.length).toBe(200);
  });

  test("hides expired keys without deleting them where the keyspace says so", () => {
    const redbun = filled(10);
    redbun.run("PEXPIRE key:1 5");
    redbun.clock.advance(6);
    redbun.keyspace.expiry = "hide";
    expect(scanAll(redbun).keys.length).toBe(9);
    expect(redbun.run("DBSIZE")).toEqual(integer(10));
  });

  test("cursors: unsigned 64 bits, as C's strtoul reads them; behind the last key the scan ends", () => {
    const redbun = filled(3);
    const empty = array(bulk("0"), array());
    for (const cursor of ["2147483648", "9223372036854775808", "18446744073709551615", "-1", "-18446744073709551615"]) {
      expect(redbun.call("SCAN", cursor)).toEqual(empty);
    }
    for (const cursor of ["", "0", "00", "+0", "-0", "0\0abc", "\0"]) {
      expect(
        texts((redbun.call("SCAN", cursor) as { items: Reply[] } & Reply & { type: "array" }).items[1]).length,
      ).toBe(3);
    }
    for (const cursor of [
      "abc",
      " 0",
      "\t0",
      "0 ",
      "0x0",
      "-",
      "+",
      "--1",
      "-+1",
      "- 1",
      "1.5",
      "18446744073709551616",
    ]) {
      expect(redbun.call("SCAN", cursor)).toEqual(error("ERR invalid cursor"));
    }
  });
});

describe("KEYS", () => {
  test("literal patterns, prefixes and globs, with special bytes in keys", () => {
    const redbun = new InProcess();
    const keys = ["", "a", "ab", "abc", "a*", "a?c", "a[b]", "\\", "a\0b", "\xff\xfe"];
    for (const key of keys) redbun.call("SET", key, "v");
    const matches = (pattern: string): string[] => texts(redbun.call("KEYS", pattern)).sort();
    expect(matches("*")).toEqual([...keys].sort());
    expect(matches("")).toEqual([""]);
    expect(matches("ab")).toEqual(["ab"]);
    expect(matches("ab*")).toEqual(["ab", "abc"]);
    expect(matches("a\\*")).toEqual(["a*"]);
    expect(matches("a\\*b")).toEqual([]);
    expect(matches("a[b]")).toEqual(["ab"]);
    expect(matches("a]")).toEqual([]);
    expect(matches("a\0b")).toEqual(["a\0b"]);
    expect(matches("\xff*")).toEqual(["\xff\xfe"]);
    expect(matches("a**")).toEqual(["a", "a*", "a?c", "a[b]", "a\0b", "ab", "abc"].sort());
    expect(matches("nothing")).toEqual([]);
  });
});

describe("RENAME, COPY, MOVE", () => {
  const values = ["short", "12345", "x".repeat(44), "y".repeat(4000), "z".repeat(50_000), ""];

  test("bring values of every encoding along, with their expiry, and leave no memory behind", () => {
    const redbun = new InProcess();
    const { heap } = redbun.keyspace;
    const empty = heap.usedBytes;
    const at = redbun.clock.now() + 100_000;
    const long = "k".repeat(300);
    for (const value of values) {
      redbun.call("SET", "a", value, "PXAT", at);
      redbun.call("SET", long, "something else");
      redbun.call("RENAME", "a", long);
      expect(redbun.call("GET", long)).toEqual(bulk(value));
      expect(redbun.expireAt(long)).toBe(at);
      redbun.call("COPY", long, "b", "DB", "5");
      redbun.call("MOVE", long, "4");
      redbun.run("SELECT 4");
      expect(redbun.call("GET", long)).toEqual(bulk(value));
      expect(redbun.expireAt(long)).toBe(at);
      redbun.call("DEL", long);
      redbun.run("SELECT 5");
      expect(redbun.call("GET", "b")).toEqual(bulk(value));
      expect(redbun.expireAt("b")).toBe(at);
      redbun.call("COPY", "b", "c", "REPLACE");
      redbun.run("DEL b");
      expect(redbun.call("GET", "c")).toEqual(bulk(value));
      redbun.run("DEL c", "SELECT 0");
      expect(redbun.run("DBSIZE")).toEqual(integer(0));
      expect(heap.usedBytes).toBe(empty);
    }
  });

  test("keep the encoding", () => {
    const redbun = new InProcess();
    redbun.run("SET raw a", "APPEND raw b", "COPY raw copy", "RENAME raw renamed");
    for (const key of ["copy", "renamed"]) expect(redbun.encoding(key)).toBe("raw");
  });
});

describe("FLUSHALL and FLUSHDB", () => {
  test("ASYNC empties at once and gives memory back in the background; SYNC at once", () => {
    for (const [command, later] of [
      ["FLUSHALL ASYNC", true],
      ["FLUSHDB async", true],
      ["FLUSHALL SYNC", false],
      ["FLUSHDB", false],
    ] as const) {
      const redbun = new InProcess();
      const { heap, free } = redbun.keyspace;
      const empty = heap.usedBytes;
      for (let i = 0; i < 2000; i++) redbun.call("SET", `key:${i}`, "v".repeat(i));
      expect(redbun.run(command)).toEqual(OK);
      expect(redbun.run("DBSIZE")).toEqual(integer(0));
      expect(free.pending).toBe(later ? 2000 : 0);
      free.run(Number.POSITIVE_INFINITY);
      expect(free.freed).toBe(later ? 2000 : 0);
      expect(heap.usedBytes).toBe(empty);
    }
  });

  test("lazyfree-lazy-user-flush decides where nothing is said", () => {
    const redbun = new InProcess({ "lazyfree-lazy-user-flush": "yes" });
    redbun.run("SET k v", "FLUSHALL");
    expect(redbun.keyspace.free.pending).toBe(1);
    redbun.run("SET k v", "FLUSHALL SYNC");
    expect(redbun.keyspace.free.pending).toBe(1);
  });
});
