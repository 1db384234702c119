/** The geo commands in process: events, the count of changes, hits and misses, memory, over every encoding. */

import { describe, expect, test } from "bun:test";
import { EVENT_GENERIC, EVENT_ZSET } from "../../src/db/keyspace";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { Random } from "../support/random";
import { array, bulk, integer, items, OK, text } from "../support/reply";
import { starve } from "../support/starved-command";

const ENCODINGS = {
  listpack: { "zset-max-listpack-entries": "100000" },
  skiplist: { "zset-max-listpack-entries": "0" },
};

const CIRCLE = ["FROMLONLAT", 15, 37, "BYRADIUS", 200, "km"] as const;

/** A server with two members in the circle, and one far away. */
function sicily(directives: Readonly<Record<string, string>> = {}): InProcess {
  const redbun = new InProcess(directives);
  redbun.call("GEOADD", "g", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania", 2.35, 48.85, "Paris");
  return redbun;
}

/** Every member of a search's reply. */
function found(redbun: InProcess, ...args: readonly (string | number)[]): string[] {
  return items(redbun.call(...args)).map(text);
}

describe.each(["listpack", "skiplist"] as const)("%s", (encoding) => {
  const directives = ENCODINGS[encoding];

  test("positions are sorted sets of this encoding", () => {
    const redbun = sicily(directives);
    expect(redbun.encoding("g")).toBe(encoding);
    expect(text(redbun.call("TYPE", "g"))).toBe("zset");
    redbun.call("GEOSEARCHSTORE", "d", "g", ...CIRCLE);
    expect(redbun.encoding("d")).toBe(encoding);
  });

  test("events, and how many changes they count for", () => {
    const redbun = sicily(directives);
    const events = redbun.recordEvents();
    const { keyspace } = redbun;
    const changes = (...args: readonly (string | number)[]): unknown => {
      events.length = 0;
      const { dirty } = keyspace;
      redbun.call(...args);
      return [keyspace.dirty - dirty, ...events.map(({ event, key, eventClass }) => [event, key, eventClass])];
    };
    expect(changes("GEOADD", "g", 1, 1, "a", 2, 2, "b", 2.35, 48.85, "Paris")).toEqual([2, ["zadd", "g", EVENT_ZSET]]);
    expect(changes("GEOADD", "g", 1, 1, "a")).toEqual([0]);
    expect(changes("GEOADD", "g", "XX", 1, 1, "new")).toEqual([0]);
    expect(changes("GEOSEARCH", "g", ...CIRCLE)).toEqual([0]);
    expect(changes("GEOSEARCHSTORE", "d", "g", ...CIRCLE)).toEqual([2, ["geosearchstore", "d", EVENT_ZSET]]);
    expect(changes("GEORADIUS", "g", 15, 37, 200, "km", "STORE", "e")).toEqual([
      2,
      ["georadiusstore", "e", EVENT_ZSET],
    ]);
    expect(changes("GEORADIUSBYMEMBER", "g", "Paris", 1, "m", "STOREDIST", "e")).toEqual([
      1,
      ["georadiusstore", "e", EVENT_ZSET],
    ]);
    expect(changes("GEOSEARCHSTORE", "d", "missing", ...CIRCLE)).toEqual([1, ["del", "d", EVENT_GENERIC]]);
    expect(changes("GEOSEARCHSTORE", "d", "missing", ...CIRCLE)).toEqual([0]);
    expect(changes("GEORADIUS", "g", 100, 1, 1, "m", "STORE", "e")).toEqual([1, ["del", "e", EVENT_GENERIC]]);
  });

  test("hits and misses are those of the key that is searched", () => {
    const redbun = sicily(directives);
    const { stats } = redbun.keyspace;
    const counted = (...args: readonly (string | number)[]): number[] => {
      const { hits, misses } = stats;
      redbun.call(...args);
      return [stats.hits - hits, stats.misses - misses];
    };
    expect(counted("GEOSEARCH", "g", ...CIRCLE)).toEqual([1, 0]);
    expect(counted("GEOSEARCH", "missing", ...CIRCLE)).toEqual([0, 1]);
    expect(counted("GEOSEARCHSTORE", "d", "g", ...CIRCLE)).toEqual([1, 0]);
    expect(counted("GEOPOS", "g", "a", "b")).toEqual([1, 0]);
    expect(counted("GEODIST", "missing", "a", "b")).toEqual([0, 1]);
    expect(counted("GEOADD", "g", 1, 1, "a")).toEqual([0, 0]);
  });

  test("a result can take the place of what it was found in; its expiry goes", () => {
    const redbun = sicily(directives);
    redbun.call("EXPIRE", "g", 100);
    expect(redbun.call("GEOSEARCHSTORE", "g", "g", ...CIRCLE, "STOREDIST")).toEqual(integer(2));
    expect(redbun.expireAt("g")).toBe(-1);
    expect(found(redbun, "ZRANGE", "g", 0, -1)).toEqual(["Catania", "Palermo"]);
    expectNoLeak(redbun);
  });

  test("of many members each is found where a scan of all finds it", () => {
    const redbun = new InProcess(directives);
    const random = new Random(11);
    for (let i = 0; i < 100; i++) {
      const places = Array.from({ length: 20 }, (_, j) => [
        (random.float() * 40).toFixed(6),
        (random.float() * 40).toFixed(6),
        `m${i}:${j}`,
      ]);
      redbun.call("GEOADD", "g", ...places.flat());
    }
    for (let i = 0; i < 20; i++) {
      const center = `m${random.integer(0, 99)}:${random.integer(0, 19)}`;
      const metres = random.integer(1000, 900_000);
      const members = found(redbun, "ZRANGE", "g", 0, -1);
      const near = members.filter((each) => Number(text(redbun.call("GEODIST", "g", center, each))) < metres);
      const search = found(redbun, "GEOSEARCH", "g", "FROMMEMBER", center, "BYRADIUS", metres, "m");
      expect(search.sort()).toEqual(near.sort());
    }
  });

  test("without memory for a result nothing changes, and nothing is lost", () => {
    const redbun = sicily(directives);
    for (let i = 0; i < 40; i++) redbun.call("GEOADD", "g", 15, 37 + i / 1000, `member:${i}`);
    expect(redbun.call("SET", "d", "v")).toEqual(OK);
    const failures = starve({
      name: "GEOSEARCHSTORE",
      prepare: () => redbun,
      run: () => redbun.call("GEOSEARCHSTORE", "d", "g", ...CIRCLE),
      check(reply) {
        expect(reply.type).toBe("error");
        expect(text(redbun.call("GET", "d"))).toBe("v");
      },
    });
    expect(failures).toBeGreaterThan(0);
    expect(redbun.call("ZCARD", "d")).toEqual(integer(42));
  });
});

test("a result is a listpack or not by its own size and its longest member", () => {
  const redbun = new InProcess({ "zset-max-listpack-entries": "3", "zset-max-listpack-value": "5" });
  for (let i = 0; i < 5; i++) redbun.call("GEOADD", "g", 15, 37 + i / 10, `${i}`);
  redbun.call("GEOADD", "g", 15, 38, "longer");
  expect(redbun.encoding("g")).toBe("skiplist");
  const stored = (...options: readonly (string | number)[]): string => {
    redbun.call("GEOSEARCHSTORE", "d", "g", ...CIRCLE, ...options);
    return redbun.encoding("d");
  };
  expect(stored("COUNT", 3)).toBe("listpack");
  expect(stored("COUNT", 4)).toBe("skiplist");
  expect(stored("COUNT", 1, "DESC")).toBe("skiplist");
  expect(redbun.run("CONFIG SET zset-max-listpack-value 6")).toEqual(OK);
  expect(stored("COUNT", 1, "DESC")).toBe("listpack");
});

test("a search of many members leaves no large arrays behind", () => {
  const redbun = new InProcess();
  for (let i = 0; i < 400; i++) {
    const places = Array.from({ length: 100 }, (_, j) => [i / 10, j / 10, `${i}:${j}`]);
    redbun.call("GEOADD", "g", ...places.flat());
  }
  expect(items(redbun.call("GEOSEARCH", "g", "FROMLONLAT", 20, 5, "BYRADIUS", 9000, "km", "ASC"))).toHaveLength(40_000);
  expect(found(redbun, "GEOSEARCH", "g", "FROMLONLAT", 20, 5, "BYRADIUS", 1, "km")).toEqual(["200:50"]);
});

test("who waits for a sorted set is served by a position, and by a result that is stored", () => {
  const redbun = sicily();
  const waiting = redbun.connect();
  expect(waiting.run("BZPOPMIN new stored 0")).toEqual([]);
  redbun.call("GEOADD", "new", 13.361389, 38.115556, "Palermo");
  expect(waiting.received()).toEqual([array(bulk("new"), bulk("Palermo"), bulk("3479099956230698"))]);
  expect(waiting.run("BZPOPMIN new stored 0")).toEqual([]);
  redbun.call("GEORADIUSBYMEMBER", "g", "Catania", 1, "km", "STORE", "stored");
  expect(waiting.received()).toEqual([array(bulk("stored"), bulk("Catania"), bulk("3479447370796909"))]);
  expect(redbun.call("EXISTS", "new", "stored")).toEqual(integer(0));
});
