/** maxmemory and maxmemory-clients as clients see them. */

import { describe, expect, test } from "bun:test";
import { InProcess } from "../support/in-process";
import { array, bulk, error, integer, NULL_ARRAY, OK, text } from "../support/reply";

const OOM = error("OOM command not allowed when used memory > 'maxmemory'.");

function info(redbun: InProcess, section: string, field: string): number {
  return Number(new RegExp(`^${field}:(.*)$`, "m").exec(text(redbun.call("INFO", section)))?.[1]);
}

/** Sets maxmemory to what is in use and `more` bytes. */
function limit(redbun: InProcess, more: number): number {
  const bytes = info(redbun, "memory", "used_memory") + more;
  redbun.call("CONFIG", "SET", "maxmemory", bytes);
  return bytes;
}

const POLICIES = [
  "allkeys-lru",
  "allkeys-lfu",
  "allkeys-random",
  "volatile-lru",
  "volatile-lfu",
  "volatile-random",
  "volatile-ttl",
];

for (const policy of POLICIES) {
  test(`${policy}: memory stays below the limit, whatever is written`, () => {
    const redbun = new InProcess({ "maxmemory-policy": policy, "maxmemory-eviction-tenacity": "100" });
    const bytes = limit(redbun, 200 * 1024);
    for (let i = 0; i < 10_000; i++) expect(redbun.call("SETEX", `key:${i}`, 10_000, "x".repeat(i % 200))).toEqual(OK);
    expect(info(redbun, "memory", "used_memory")).toBeLessThan(bytes + 4096);
    expect(info(redbun, "stats", "evicted_keys")).toBe(10_000 - redbun.keyspace.size);
    expect(redbun.keyspace.size).toBeGreaterThan(500);
  });
}

test("large values of all types are evicted, and their memory is counted as it is freed", () => {
  const redbun = new InProcess({ "maxmemory-policy": "allkeys-random", "maxmemory-eviction-tenacity": "100" });
  const bytes = limit(redbun, 4 * 1024 * 1024);
  for (let i = 0; i < 60; i++) {
    const members = Array.from({ length: 3000 }, (_, m) => `${i}:member:${m}`);
    const [set, hash, zset, list, stream] = ["set", "hash", "zset", "list", "stream"].map((type) => `${type}:${i}`);
    expect(redbun.call("SADD", set, ...members)).toEqual(integer(3000));
    expect(redbun.call("HSET", hash, ...members)).toEqual(integer(1500));
    expect(redbun.call("ZADD", zset, ...members.flatMap((member, m) => [m, member]))).toEqual(integer(3000));
    expect(redbun.call("RPUSH", list, ...members)).toEqual(integer(3000));
    for (let m = 0; m < 300; m++) redbun.call("XADD", stream, "*", "field", members[m]);
  }
  redbun.run("PING");
  expect(info(redbun, "memory", "used_memory")).toBeLessThanOrEqual(bytes);
  expect(redbun.keyspace.size).toBeGreaterThan(10);
});

describe("what is refused", () => {
  test("only commands that may need memory, and only if nothing can be evicted", () => {
    const redbun = new InProcess();
    redbun.run("SET a 1", "RPUSH l 1", "CONFIG SET maxmemory 1");
    for (const command of ["SET b 1", "RPUSH l 2", "SETEX a 1 x", "APPEND a x"])
      expect(redbun.run(command)).toEqual(OOM);
    expect(redbun.run("GET a")).toEqual(bulk("1"));
    expect(redbun.run("LPOP l")).toEqual(bulk("1"));
    expect(redbun.run("DEL a")).toEqual(integer(1));
    redbun.run("CONFIG SET maxmemory-policy allkeys-lru");
    // There are no keys: nothing to evict.
    expect(redbun.run("SET b 1")).toEqual(OOM);
    redbun.run("CONFIG SET maxmemory 0");
    expect(redbun.run("SET b 1")).toEqual(OK);
  });

  test("volatile policies fail where no key has an expiry", () => {
    const redbun = new InProcess({ "maxmemory-policy": "volatile-lru" });
    redbun.run("SET a 1", "CONFIG SET maxmemory 1");
    expect(redbun.run("SET b 1")).toEqual(OOM);
    expect(redbun.run("EXISTS a")).toEqual(integer(1));
  });

  test("in MULTI everything but EXEC, DISCARD, RESET and QUIT; EXEC if it would run what may need memory", () => {
    const redbun = new InProcess();
    redbun.run("SET a 1", "MULTI");
    redbun.connect().run("CONFIG SET maxmemory 1");
    expect(redbun.run("GET a")).toEqual(OOM);
    expect(redbun.run("EXEC")).toEqual(error("EXECABORT Transaction discarded because of previous errors."));
    redbun.run("MULTI");
    expect(redbun.run("PING")).toEqual(OOM);
    expect(redbun.run("DISCARD")).toEqual(OK);
    // Queued while there was memory.
    redbun.connect().run("CONFIG SET maxmemory 0");
    redbun.run("MULTI", "GET a", "SET b 1");
    redbun.connect().run("CONFIG SET maxmemory 1");
    expect(redbun.run("EXEC")).toEqual(
      error("EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'."),
    );
    redbun.connect().run("CONFIG SET maxmemory 0");
    redbun.run("MULTI", "GET a");
    redbun.connect().run("CONFIG SET maxmemory 1");
    expect(redbun.run("EXEC")).toEqual(array(bulk("1")));
  });

  test("nothing while clients are paused", () => {
    const redbun = new InProcess({ "maxmemory-policy": "allkeys-random" });
    redbun.run("SET a 1", "SET b 1", "CLIENT PAUSE 1000 WRITE", "CONFIG SET maxmemory 1");
    expect(redbun.run("GET a")).toEqual(bulk("1"));
    expect(redbun.keyspace.size).toBe(2);
  });
});

test("watched keys, events, and whoever waits for a key hear of its eviction", () => {
  const redbun = new InProcess({ "maxmemory-policy": "allkeys-random", "notify-keyspace-events": "KEAe" });
  const listener = redbun.connect();
  listener.run("SUBSCRIBE __keyevent@0__:evicted");
  listener.received();
  redbun.run("SET gone 1", "WATCH gone");
  redbun.connect().run("CONFIG SET maxmemory 1");
  redbun.run("CONFIG SET maxmemory 0", "MULTI", "PING");
  expect(redbun.run("EXEC")).toEqual(NULL_ARRAY);
  expect(listener.received()).toEqual([array(bulk("message"), bulk("__keyevent@0__:evicted"), bulk("gone"))]);
});

for (const [lazy, command] of [
  ["no", "DEL"],
  ["yes", "UNLINK"],
]) {
  test(`lazyfree-lazy-eviction ${lazy}: an evicted key is propagated as ${command}, before the command that needed room`, () => {
    const redbun = new InProcess({ "maxmemory-policy": "allkeys-random", "lazyfree-lazy-eviction": lazy });
    const effects = redbun.recordEffects();
    redbun.run("SET gone 1");
    redbun.server.config.set([["maxmemory", "1"]]);
    redbun.run("DEL nothing", "PING");
    expect(effects.slice(1)).toEqual([`${command} gone`]);
  });
}

test("CONFIG SET maxmemory below what is in use evicts without a command", async () => {
  const redbun = new InProcess({ "maxmemory-policy": "allkeys-lru" });
  for (let i = 0; i < 1000; i++) redbun.call("SET", `key:${i}`, "x".repeat(100));
  limit(redbun, -50_000);
  while (redbun.keyspace.size > 700) await new Promise((resolve) => setImmediate(resolve));
  expect(redbun.keyspace.size).toBeGreaterThan(400);
});

describe("the access bits", () => {
  test("OBJECT FREQ grows with the logarithm of the accesses and decays by the minute", () => {
    const redbun = new InProcess({ "maxmemory-policy": "allkeys-lfu" });
    redbun.run("SET k v");
    expect(redbun.run("OBJECT FREQ k")).toEqual(integer(5));
    for (let i = 0; i < 10_000; i++) redbun.run("GET k");
    const busy = Number(text(redbun.run("OBJECT FREQ k")));
    // With a log factor of 10, 10,000 hits give about 40 above the start; without any, one each up to 255.
    expect(busy).toBeGreaterThan(30);
    expect(busy).toBeLessThan(65);
    redbun.clock.advance(7 * 60_000);
    redbun.keyspace.access.update(redbun.clock.now());
    expect(redbun.run("OBJECT FREQ k")).toEqual(integer(busy - 7));
    redbun.run("CONFIG SET lfu-decay-time 0");
    expect(redbun.run("OBJECT FREQ k")).toEqual(integer(busy));
    redbun.run("CONFIG SET lfu-log-factor 0", "SET other v");
    for (let i = 0; i < 300; i++) redbun.run("GET other");
    expect(redbun.run("OBJECT FREQ other")).toEqual(integer(255));
    expect(redbun.run("OBJECT IDLETIME k").type).toBe("error");
  });

  test("OBJECT IDLETIME is seconds since the last access", () => {
    const redbun = new InProcess({ "maxmemory-policy": "allkeys-lru" });
    redbun.run("SET k v");
    redbun.clock.advance(100_000);
    redbun.keyspace.access.update(redbun.clock.now());
    expect(redbun.run("OBJECT IDLETIME k")).toEqual(integer(100));
    redbun.run("TOUCH k");
    expect(redbun.run("OBJECT IDLETIME k")).toEqual(integer(0));
    expect(redbun.run("OBJECT FREQ k").type).toBe("error");
  });
});
