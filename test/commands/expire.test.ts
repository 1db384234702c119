/** EXPIRE and its kin in process: exact times, conditions and what the clock does to keys. */

import { describe, expect, test } from "bun:test";
import { InProcess } from "../support/in-process";
import { bulk, error, integer, NULL, NULL_BULK, type Reply, text } from "../support/reply";

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
const COMMANDS = ["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"] as const;
const NOT_AN_INTEGER = error("ERR value is not an integer or out of range");

function withKey(expireAt?: bigint | number): InProcess {
  const redbun = new InProcess();
  redbun.run("SET k v");
  if (expireAt !== undefined) expect(redbun.call("PEXPIREAT", "k", expireAt)).toEqual(integer(1));
  return redbun;
}

/** A reply of any 64-bit integer, as the decoder gives it. */
function int64(reply: Reply): bigint {
  if (reply.type !== "integer") throw new Error(`an integer was expected, not ${reply.type}`);
  return BigInt(reply.value);
}

describe("times", () => {
  test("each command in its unit, relative or absolute", () => {
    for (const [name, argument, ms] of [
      ["EXPIRE", 100, 100_000],
      ["PEXPIRE", 100, 100],
      ["EXPIREAT", 4_102_444_800, null],
      ["PEXPIREAT", 4_102_444_800_123, null],
    ] as const) {
      const redbun = withKey();
      expect(redbun.call(name, "k", argument)).toEqual(integer(1));
      const expected = ms === null ? argument * (name === "EXPIREAT" ? 1000 : 1) : redbun.clock.now() + ms;
      expect(redbun.expireAt("k")).toBe(expected);
      expect(redbun.call("PEXPIRETIME", "k")).toEqual(integer(expected));
      expect(redbun.call("PTTL", "k")).toEqual(integer(expected - redbun.clock.now()));
    }
  });

  test("seconds are rounded half up", () => {
    const redbun = withKey();
    for (const [ms, seconds] of [
      [1, 0],
      [499, 0],
      [500, 1],
      [1499, 1],
      [1500, 2],
      [99_999, 100],
    ]) {
      redbun.call("PEXPIRE", "k", ms);
      expect(redbun.call("TTL", "k")).toEqual(integer(seconds));
      redbun.call("PEXPIREAT", "k", 4_102_444_800_000 + ms);
      expect(redbun.call("EXPIRETIME", "k")).toEqual(integer(4_102_444_800 + seconds));
    }
  });

  test("no expiry is -1, no key is -2", () => {
    const redbun = withKey();
    for (const name of ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]) {
      expect(redbun.call(name, "k")).toEqual(integer(-1));
      expect(redbun.call(name, "missing")).toEqual(integer(-2));
    }
  });

  test("a time that has come, or is now, deletes the key", () => {
    for (const name of COMMANDS) {
      for (const argument of [0, -1, MIN / 1000n, ...(name.startsWith("P") ? [MIN] : [])]) {
        const redbun = withKey();
        expect(redbun.call(name, "k", argument)).toEqual(integer(1));
        expect(redbun.run("DBSIZE")).toEqual(integer(0));
        // It is deleted, not expired.
        expect(redbun.keyspace.stats.expired).toBe(0);
      }
    }
    const redbun = withKey();
    redbun.call("PEXPIREAT", "k", redbun.clock.now());
    expect(redbun.run("EXISTS k")).toEqual(integer(0));
    redbun.run("SET k v");
    redbun.call("PEXPIREAT", "k", redbun.clock.now() + 1);
    expect(redbun.run("EXISTS k")).toEqual(integer(1));
  });

  test("the key lives through the millisecond of its expiry", () => {
    const redbun = withKey();
    redbun.call("PEXPIRE", "k", 100);
    redbun.clock.advance(100);
    expect(redbun.run("PTTL k")).toEqual(integer(0));
    expect(redbun.run("GET k")).toEqual(bulk("v"));
    redbun.clock.advance(1);
    expect(redbun.run("GET k")).toEqual(NULL_BULK);
    expect(redbun.run("PTTL k")).toEqual(integer(-2));
  });

  test("expiries come and go while the value stays", () => {
    const redbun = withKey();
    for (let i = 0; i < 10; i++) {
      expect(redbun.run("PERSIST k")).toEqual(integer(i === 0 ? 0 : 1));
      expect(redbun.run("TTL k")).toEqual(integer(-1));
      expect(redbun.call("EXPIRE", "k", 10 + i)).toEqual(integer(1));
      expect(redbun.call("EXPIRE", "k", 20 + i)).toEqual(integer(1));
      expect(redbun.run("TTL k")).toEqual(integer(20 + i));
      expect(redbun.run("GET k")).toEqual(bulk("v"));
      expect(redbun.keyspace.databases[0].expires).toBe(1);
    }
  });
});

describe("64 bits", () => {
  test("times are exact up to the last", () => {
    for (const time of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n + 3n, MAX - 1n, MAX]) {
      const redbun = withKey(time);
      expect(int64(redbun.run("PEXPIRETIME k"))).toBe(time);
      expect(int64(redbun.run("PTTL k"))).toBe(time - BigInt(redbun.clock.now()));
      if (time < MAX - 500n) expect(int64(redbun.run("EXPIRETIME k"))).toBe((time + 500n) / 1000n);
      // What moves the entry keeps them.
      redbun.run("RENAME k other", "COPY other k", "APPEND k x", "MOVE k 3", "SELECT 3");
      expect(int64(redbun.run("PEXPIRETIME k"))).toBe(time);
      redbun.call("SET", "k", "w".repeat(5000), "KEEPTTL");
      expect(int64(redbun.run("PEXPIRETIME k"))).toBe(time);
      redbun.run("SET k 1 KEEPTTL", "INCR k");
      expect(int64(redbun.run("PEXPIRETIME k"))).toBe(time);
    }
  });

  test("GT and LT compare exactly", () => {
    const redbun = withKey(MAX - 1n);
    expect(redbun.call("PEXPIREAT", "k", MAX - 1n, "GT")).toEqual(integer(0));
    expect(redbun.call("PEXPIREAT", "k", MAX - 1n, "LT")).toEqual(integer(0));
    expect(redbun.call("PEXPIREAT", "k", MAX, "LT")).toEqual(integer(0));
    expect(redbun.call("PEXPIREAT", "k", MAX, "GT")).toEqual(integer(1));
    expect(redbun.call("PEXPIREAT", "k", MAX - 1n, "LT")).toEqual(integer(1));
    expect(int64(redbun.run("PEXPIRETIME k"))).toBe(MAX - 1n);
  });

  test("what overflows is refused, at the exact limit", () => {
    const now = BigInt(new InProcess().clock.now());
    const limits: Record<(typeof COMMANDS)[number], [largest: bigint, smallest: bigint]> = {
      EXPIRE: [(MAX - now) / 1000n, MIN / 1000n],
      PEXPIRE: [MAX - now, MIN],
      EXPIREAT: [MAX / 1000n, MIN / 1000n],
      PEXPIREAT: [MAX, MIN],
    };
    for (const name of COMMANDS) {
      const [largest, smallest] = limits[name];
      const refused = error(`ERR invalid expire time in '${name.toLowerCase()}' command`);
      const redbun = withKey();
      expect(redbun.call(name, "k", largest)).toEqual(integer(1));
      expect(redbun.call(name, "k", largest + 1n)).toEqual(largest === MAX ? NOT_AN_INTEGER : refused);
      // A key need not be there to be refused.
      expect(redbun.call(name, "missing", largest + 1n)).toEqual(largest === MAX ? NOT_AN_INTEGER : refused);
      expect(redbun.call(name, "k", smallest - 1n)).toEqual(smallest === MIN ? NOT_AN_INTEGER : refused);
      expect(redbun.run("EXISTS k")).toEqual(integer(1));
      expect(redbun.call(name, "k", smallest)).toEqual(integer(1));
      expect(redbun.run("EXISTS k")).toEqual(integer(0));
    }
  });
});

describe("conditions", () => {
  /** Whether the condition lets a key's expiry change: without one, to a later and to an earlier time. */
  const table: [options: string, none: boolean, later: boolean, equal: boolean, earlier: boolean][] = [
    ["NX", true, false, false, false],
    ["XX", false, true, true, true],
    ["GT", false, true, false, false],
    ["LT", true, false, false, true],
    ["XX GT", false, true, false, false],
    ["XX LT", false, false, false, true],
    ["gt xx gt", false, true, false, false],
    ["nx NX", true, false, false, false],
  ];
  for (const [options, none, later, equal, earlier] of table) {
    test(options, () => {
      const words = options.split(" ");
      for (const name of COMMANDS) {
        const unit = name.startsWith("P") ? 1000 : 1;
        const base = (name.endsWith("AT") ? 4_102_444_800 : 1000) * unit;
        for (const [first, argument, allowed] of [
          [null, base, none],
          [base, base + 10 * unit, later],
          [base, base, equal],
          [base, base - 10 * unit, earlier],
        ] as const) {
          const redbun = withKey();
          if (first !== null) redbun.call(name, "k", first);
          const before = redbun.expireAt("k");
          expect(redbun.call(name, "k", argument, ...words)).toEqual(integer(allowed ? 1 : 0));
          if (!allowed) expect(redbun.expireAt("k")).toBe(before);
          else expect(redbun.call(name, "k", argument, "XX")).toEqual(integer(1));
        }
      }
    });
  }

  test("a time in the past deletes only if the condition allows it", () => {
    const redbun = withKey(4_102_444_800_000);
    expect(redbun.run("PEXPIREAT k 1 GT")).toEqual(integer(0));
    expect(redbun.run("PEXPIREAT k 1 NX")).toEqual(integer(0));
    expect(redbun.run("EXISTS k")).toEqual(integer(1));
    expect(redbun.run("PEXPIREAT k 1 LT")).toEqual(integer(1));
    expect(redbun.run("EXISTS k")).toEqual(integer(0));
  });

  test("errors: unknown options first, then contradictions, then the time", () => {
    const redbun = withKey();
    const conflict = error("ERR NX and XX, GT or LT options at the same time are not compatible");
    for (const options of ["NX XX", "GT NX", "LT NX", "NX XX GT LT"]) {
      expect(redbun.run(`EXPIRE k abc ${options}`)).toEqual(conflict);
    }
    const both = error("ERR GT and LT options at the same time are not compatible");
    expect(redbun.run("EXPIRE k abc GT LT")).toEqual(both);
    expect(redbun.run("EXPIRE k abc XX LT GT")).toEqual(both);
    expect(redbun.run("EXPIRE k abc NX XX nonsense")).toEqual(error("ERR Unsupported option nonsense"));
    expect(redbun.run("EXPIRE k abc")).toEqual(NOT_AN_INTEGER);
    expect(redbun.run("EXPIRE missing abc")).toEqual(NOT_AN_INTEGER);
    expect(redbun.run("TTL k")).toEqual(integer(-1));
  });
});

describe("modes", () => {
  test("RESP3 has the same integers", () => {
    const redbun = withKey(MAX);
    redbun.client.protocol = 3;
    expect(int64(redbun.run("PEXPIRETIME k"))).toBe(MAX);
    expect(redbun.run("OBJECT ENCODING missing")).toEqual(NULL);
    expect(text(redbun.run("RANDOMKEY"))).toBe("k");
  });

  test("while keys must not be deleted, expired ones are only hidden, and while loading they are there", () => {
    const redbun = withKey();
    redbun.run("PEXPIRE k 10");
    redbun.clock.advance(11);
    redbun.keyspace.expiry = "hide";
    for (const command of ["TTL k", "PTTL k"]) expect(redbun.run(command)).toEqual(integer(-2));
    expect(redbun.run("EXISTS k")).toEqual(integer(0));
    expect(redbun.run("DBSIZE")).toEqual(integer(1));
    redbun.keyspace.expiry = "ignore";
    expect(redbun.run("EXISTS k")).toEqual(integer(1));
    // What is loaded may have expired meanwhile: it is not for the loading to delete it.
    expect(redbun.run("PEXPIREAT k 5")).toEqual(integer(1));
    expect(redbun.run("PEXPIRETIME k")).toEqual(integer(5));
  });

  test("lazyfree-lazy-expire changes nothing that clients see", () => {
    const redbun = new InProcess({ "lazyfree-lazy-expire": "yes", "lazyfree-lazy-user-del": "yes" });
    expect(redbun.keyspace.lazyExpire).toBe(true);
    const empty = redbun.keyspace.heap.usedBytes;
    redbun.call("SET", "k", "v".repeat(100_000), "PX", 10);
    redbun.clock.advance(11);
    expect(redbun.run("GET k")).toEqual(NULL_BULK);
    redbun.run("SET k v", "DEL k");
    redbun.keyspace.free.run(Number.POSITIVE_INFINITY);
    expect(redbun.keyspace.heap.usedBytes).toBe(empty);
  });
});

describe("active expiry", () => {
  test("active-expire-effort and DEBUG's switch reach it", () => {
    const redbun = new InProcess({ "active-expire-effort": "10" });
    expect(redbun.server.expireCycle.effort).toBe(10);
    redbun.run("SET a 1 PX 10", "SELECT 7", "SET b 1 PX 10");
    redbun.clock.advance(11);
    redbun.server.expireCycle.enabled = false;
    redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
    expect(redbun.keyspace.size).toBe(2);
    redbun.server.expireCycle.enabled = true;
    redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
    expect(redbun.keyspace.size).toBe(0);
    expect(redbun.keyspace.stats.expired).toBe(2);
  });
});
