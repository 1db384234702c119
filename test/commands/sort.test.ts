/** SORT in process: events and the count of changes, expired keys that patterns meet, memory. */

import { describe, expect, test } from "bun:test";
import { EVENT_GENERIC, EVENT_LIST } from "../../src/db/keyspace";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { array, bulk, integer, items, NULL_BULK, type Reply, text } from "../support/reply";
import { starve } from "../support/starved-command";

const list = (redbun: InProcess, key: string): string[] => items(redbun.call("LRANGE", key, 0, -1)).map(text);

test("events and the count of changes", () => {
  const cases: [setup: string[], command: string, events: [string, string, number][], dirty: number][] = [
    [["RPUSH l 3 1 2"], "SORT l", [], 0],
    [["RPUSH l 3 1 2"], "SORT l STORE d", [["sortstore", "d", EVENT_LIST]], 3],
    [["RPUSH l 3 1 2"], "SORT l GET # GET x_* STORE d", [["sortstore", "d", EVENT_LIST]], 6],
    [["RPUSH l 3 1 2", "SET d x"], "SORT l LIMIT 9 1 STORE d", [["del", "d", EVENT_GENERIC]], 1],
    [["RPUSH l 3 1 2"], "SORT l LIMIT 9 1 STORE d", [], 0],
    [["RPUSH l 3 1 2"], "SORT l STORE l", [["sortstore", "l", EVENT_LIST]], 3],
    [["SADD s b a"], "SORT s BY nosort STORE d", [["sortstore", "d", EVENT_LIST]], 2],
    [["RPUSH l x"], "SORT l STORE d", [], 0],
  ];
  for (const [setup, command, events, dirty] of cases) {
    const redbun = new InProcess();
    redbun.run(...setup);
    const before = redbun.keyspace.dirty;
    const recorded = redbun.recordEvents();
    redbun.run(command);
    const seen = recorded.map(({ event, key, eventClass }) => [event, key, eventClass]);
    expect([command, seen, redbun.keyspace.dirty - before]).toEqual([command, events, dirty]);
  }
});

test("keys that patterns name count as reads, and are deleted where their time has passed", () => {
  const redbun = new InProcess();
  const { stats } = redbun.keyspace;
  redbun.run("RPUSH l 1 2 3", "SET w_1 9", "SET w_2 5 PX 10", "SET w_3 1", "SADD w_4 x");
  redbun.clock.advance(20);
  const { hits, misses, expired } = stats;
  expect(redbun.run("SORT l BY w_* GET w_*")).toEqual(array(NULL_BULK, bulk("1"), bulk("9")));
  expect([stats.hits - hits, stats.misses - misses, stats.expired - expired]).toEqual([5, 2, 1]);
  expect(redbun.entry("w_2")).toBe(0);
});

test("a field whose time has passed is missing", () => {
  const redbun = new InProcess();
  redbun.run("RPUSH l 1 2", "HSET h_1 f 5 g x", "HSET h_2 f 4 g y", "HPEXPIRE h_2 10 FIELDS 1 f");
  expect(redbun.run("SORT l BY h_*->f GET h_*->f")).toEqual(array(bulk("4"), bulk("5")));
  redbun.clock.advance(20);
  expect(redbun.run("SORT l BY h_*->f GET h_*->f")).toEqual(array(NULL_BULK, bulk("5")));
});

test("the source may be the destination, and one of the keys that patterns name", () => {
  const redbun = new InProcess();
  redbun.run("RPUSH 1 3 1 2", "SET 2 x", "SET 3 y");
  expect(redbun.run("SORT 1 GET # GET * STORE 1")).toEqual(integer(6));
  expect(list(redbun, "1")).toEqual(["1", "", "2", "x", "3", "y"]);
  redbun.run("RPUSH l b a", "SORT l ALPHA DESC STORE l");
  expect(list(redbun, "l")).toEqual(["b", "a"]);
});

test("every encoding of a source gives the same", () => {
  const elements = Array.from({ length: 150 }, (_, i) => String((i * 61) % 151));
  const expected = [...elements].sort((a, b) => Number(a) - Number(b)).slice(20, 60);
  const limits: Record<string, string>[] = [
    {},
    { "set-max-intset-entries": "0", "list-max-listpack-size": "5", "zset-max-listpack-entries": "0" },
    { "set-max-intset-entries": "0", "set-max-listpack-entries": "0" },
    { "set-max-intset-entries": "0", "set-max-listpack-entries": "1000", "zset-max-listpack-entries": "1000" },
  ];
  for (const directives of limits) {
    const redbun = new InProcess(directives);
    redbun.call("RPUSH", "list", ...elements);
    redbun.call("SADD", "set", ...elements);
    redbun.call("ZADD", "zset", ...elements.flatMap((element) => [1, element]));
    for (const key of ["list", "set", "zset"]) {
      expect([key, items(redbun.call("SORT", key, "LIMIT", 20, 40)).map(text)]).toEqual([key, expected]);
      redbun.call("SORT", key, "LIMIT", 20, 40, "STORE", "d");
      expect(list(redbun, "d")).toEqual(expected);
    }
    expect(redbun.encoding("zset")).toBe("skiplist");
  }
});

describe("memory", () => {
  test("STORE gives back what it overwrites", () => {
    const redbun = new InProcess();
    for (let i = 0; i < 5000; i += 100)
      redbun.call("RPUSH", "l", ...Array.from({ length: 100 }, (_, j) => `e${i + j}`));
    for (let round = 0; round < 3; round++) {
      redbun.run("SORT l ALPHA STORE d", "SORT l ALPHA LIMIT 0 5 STORE e", "SORT l ALPHA DESC STORE l");
      expectNoLeak(redbun);
    }
    redbun.run("DEL l d e");
  });

  test("a heap that cannot grow: nothing has changed, and nothing is left behind", () => {
    const redbun = new InProcess({ "list-max-listpack-size": "20" });
    const elements = Array.from({ length: 100 }, (_, i) => String(100 - i));
    const prepare = (): InProcess => {
      redbun.run("FLUSHALL", "SET d before", "SET w_3 three");
      redbun.call("RPUSH", "l", ...elements);
      redbun.call("ZADD", "z", ...elements.flatMap((element) => [1, element]));
      return redbun;
    };
    const check = (reply: Reply): void => {
      expect(reply).toMatchObject({ type: "error" });
      expect(redbun.run("GET d")).toEqual(bulk("before"));
      expect(redbun.run("EXISTS new")).toEqual(integer(0));
      expect(list(redbun, "l")).toEqual(elements);
    };
    for (const command of ["SORT l STORE d", "SORT l STORE new", "SORT l STORE l", "SORT z GET # GET w_* STORE d"]) {
      expect(starve({ name: command, prepare, run: () => redbun.run(command), check })).toBeGreaterThan(0);
    }
  });
});
