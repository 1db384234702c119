/** The sorted set commands in process: events, the count of changes, blocking, memory and time, over every encoding. */

import { describe, expect, test } from "bun:test";
import { EVENT_GENERIC, EVENT_NONE, EVENT_ZSET } from "../../src/db/keyspace";
import { formatDouble } from "../../src/util/doubles";
import { withFailure } from "../support/failing-heap";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";
import { array, bulk, error, integer, items, NULL_ARRAY, NULL_BULK, OK, type Reply, text } from "../support/reply";
import { starve } from "../support/starved-command";

/** Limits under which sorted sets are of one encoding. */
const ENCODINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  listpack: { "zset-max-listpack-entries": "100000", "zset-max-listpack-value": "100000" },
  skiplist: { "zset-max-listpack-entries": "0" },
};

type Model = Map<string, number>;

/** `count` members with scores, as arguments of ZADD. */
const some = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => [String(((from + i) * 7919) % 1009), `member:${from + i}`]).flat();

/** Pairs in the order of a sorted set. */
function inOrder(model: Model): [string, number][] {
  return [...model].sort(([a, x], [b, y]) => x - y || Buffer.from(a, "latin1").compare(Buffer.from(b, "latin1")));
}

const printed = (score: number): string => formatDouble(score === 0 ? 0 : score);

const flat = (pairs: readonly (readonly [string, number])[]): string[] =>
  pairs.flatMap(([member, score]) => [member, printed(score)]);

const texts = (reply: Reply): string[] => items(reply).map(text);

const contents = (redbun: InProcess, key: string): string[] => texts(redbun.call("ZRANGE", key, 0, -1, "WITHSCORES"));

describe.each(Object.keys(ENCODINGS))("%s", (encoding) => {
  const directives = ENCODINGS[encoding];

  test("sorted sets are of this encoding", () => {
    const redbun = new InProcess(directives);
    for (let i = 0; i < 200; i++) redbun.call("ZADD", "z", ...some(1, i));
    expect(redbun.encoding("z")).toBe(encoding);
    redbun.call("COPY", "z", "copy");
    redbun.call("ZUNIONSTORE", "stored", 1, "z");
    redbun.call("ZRANGESTORE", "part", "z", 10, 20);
    for (const key of ["copy", "stored", "part"]) expect(redbun.encoding(key)).toBe(encoding);
    expect(contents(redbun, "copy")).toEqual(contents(redbun, "z"));
    expect(contents(redbun, "stored")).toEqual(contents(redbun, "z"));
  });

  test("random operations against a Map; no byte is lost", () => {
    const redbun = new InProcess(directives);
    const models = new Map<string, Model>();
    const of = (key: string): Model => models.get(key) ?? new Map();
    const keep = (key: string, model: Iterable<readonly [string, number]>): void => {
      const kept = new Map(model);
      if (kept.size === 0) models.delete(key);
      else models.set(key, kept);
    };
    const key = (random: Random): string => random.pick(["a", "b", "c"]);
    const member = (random: Random): string => random.pick(["", "m", "a longer member:"]) + random.integer(0, 90);
    const score = (random: Random): number =>
      random.pick([random.integer(-3, 3), random.integer(-4000, 4000) / 16, Number.POSITIVE_INFINITY, 1e15]);
    runOperations({
      seed: 17,
      steps: 8000,
      checkEvery: 400,
      operations: {
        add: [
          10,
          (random) => {
            const to = key(random);
            const added = Array.from(
              { length: random.pick([1, 2, 20]) },
              () => [score(random), member(random)] as const,
            );
            const before = of(to);
            const after = new Map(before);
            for (const [value, name] of added) after.set(name, value);
            const args = added.flatMap(([value, name]) => [printed(value), name]);
            expect(redbun.call("ZADD", to, ...args)).toEqual(integer(after.size - before.size));
            keep(to, after);
            return `${to} ${args}`;
          },
        ],
        increase: [
          6,
          (random) => {
            const to = key(random);
            const name = member(random);
            const after = new Map(of(to));
            const by = random.integer(-64, 64) / 16;
            after.set(name, (after.get(name) ?? 0) + by);
            expect(text(redbun.call("ZINCRBY", to, by, name))).toBe(printed(after.get(name) ?? 0));
            keep(to, after);
            return `${to} ${by} ${name}`;
          },
        ],
        remove: [
          6,
          (random) => {
            const from = key(random);
            const names = [member(random), member(random), member(random)];
            const after = new Map(of(from));
            for (const name of names) after.delete(name);
            expect(redbun.call("ZREM", from, ...names)).toEqual(integer(of(from).size - after.size));
            keep(from, after);
            return `${from} ${names}`;
          },
        ],
        removeRange: [
          2,
          (random) => {
            const from = key(random);
            const pairs = inOrder(of(from));
            const first = random.integer(0, pairs.length);
            const count = random.integer(1, random.pick([3, 30]));
            const removed = pairs.splice(first, count);
            const reply = redbun.call("ZREMRANGEBYRANK", from, first, first + count - 1);
            expect(reply).toEqual(integer(removed.length));
            keep(from, pairs);
            return `${from} ${first} ${count}`;
          },
        ],
        pop: [
          3,
          (random) => {
            const from = key(random);
            const max = random.chance(0.5);
            const count = random.integer(1, 5);
            const pairs = inOrder(of(from));
            const popped = max ? pairs.splice(-count, count).reverse() : pairs.splice(0, count);
            expect(texts(redbun.call(max ? "ZPOPMAX" : "ZPOPMIN", from, count))).toEqual(flat(popped));
            keep(from, pairs);
            return `${from} ${max} ${count}`;
          },
        ],
        ranks: [
          6,
          (random) => {
            const at = key(random);
            const pairs = inOrder(of(at));
            const name = member(random);
            const rank = pairs.findIndex(([each]) => each === name);
            expect(redbun.call("ZRANK", at, name)).toEqual(rank < 0 ? NULL_BULK : integer(rank));
            expect(redbun.call("ZREVRANK", at, name)).toEqual(rank < 0 ? NULL_BULK : integer(pairs.length - 1 - rank));
            const [low, high] = [score(random), score(random)];
            const inside = pairs.filter(([, value]) => value > low && value <= high);
            expect(redbun.call("ZCOUNT", at, `(${printed(low)}`, printed(high))).toEqual(integer(inside.length));
            const backward = texts(redbun.call("ZREVRANGEBYSCORE", at, printed(high), `(${printed(low)}`));
            expect(backward.reverse()).toEqual(inside.map(([each]) => each));
            return `${at} ${name} ${low} ${high}`;
          },
        ],
        random: [
          2,
          (random) => {
            const at = key(random);
            const { size } = of(at);
            const count = random.pick([1, 3, 50, size, size - 1, -30]);
            const got = texts(redbun.call("ZRANDMEMBER", at, count, "WITHSCORES"));
            expect(got.length / 2).toBe(count < 0 ? (size > 0 ? -count : 0) : Math.min(count, size));
            const names = got.filter((_, i) => i % 2 === 0);
            if (count > 0) expect(new Set(names).size).toBe(names.length);
            expect(got).toEqual(flat(names.map((name) => [name, of(at).get(name) ?? Number.NaN])));
            return `${at} ${count}`;
          },
        ],
        algebra: [
          3,
          (random) => {
            const name = random.pick(["UNION", "INTER", "DIFF"]);
            const [to, a, b] = [key(random), key(random), key(random)];
            const result: Model = new Map();
            for (const [each, value] of of(a)) {
              const other = of(b).get(each);
              if (name === "UNION" || (name === "INTER") === (other !== undefined)) {
                result.set(each, name === "DIFF" ? value : value + (other ?? 0));
              }
            }
            if (name === "UNION") for (const [each, value] of of(b)) if (!of(a).has(each)) result.set(each, value);
            expect(texts(redbun.call(`Z${name}`, 2, a, b, "WITHSCORES"))).toEqual(flat(inOrder(result)));
            expect(redbun.call(`Z${name}STORE`, to, 2, a, b)).toEqual(integer(result.size));
            keep(to, result);
            return `${name} ${to} ${a} ${b}`;
          },
        ],
        copy: [
          1,
          (random) => {
            const [from, to] = [key(random), key(random)];
            if (from === to || !models.has(from)) return "";
            redbun.call("COPY", from, to, "REPLACE");
            keep(to, of(from));
            return `${from} ${to}`;
          },
        ],
      },
      check: () => {
        for (const each of ["a", "b", "c"]) expect(contents(redbun, each)).toEqual(flat(inOrder(of(each))));
        expectNoLeak(redbun);
      },
    });
  });

  test("events and the count of changes", () => {
    const cases: [setup: string[], command: string, events: string[], dirty: number][] = [
      [[], "ZADD z 1 a 2 b 3 a", ["zadd z"], 3],
      [["ZADD z 1 a"], "ZADD z 1 a", [], 0],
      [["ZADD z 1 a"], "ZADD z 2 a 1 b", ["zadd z"], 2],
      [["ZADD z 1 a"], "ZADD z NX 2 a", [], 0],
      [["ZADD z 1 a"], "ZADD z XX 2 a 3 b", ["zadd z"], 1],
      [["ZADD z 1 a"], "ZADD z INCR 1 a", ["zincr z"], 1],
      [["ZADD z 1 a"], "ZADD z INCR 0 a", [], 0],
      [["ZADD z 1 a"], "ZADD z GT INCR -1 a", [], 0],
      [[], "ZINCRBY z 1 a", ["zincr z"], 1],
      [["ZADD z inf a"], "ZINCRBY z -inf a", [], 0],
      [["ZADD z 1 a 2 b"], "ZREM z a x", ["+zrem z", "modified z"], 1],
      [["ZADD z 1 a 2 b"], "ZREM z a b", ["+zrem z", "+del z", "modified z"], 2],
      [["ZADD z 1 a"], "ZREM z x", [], 0],
      [["ZADD z 1 a 2 b 3 c"], "ZREMRANGEBYRANK z 0 1", ["zremrangebyrank z"], 2],
      [["ZADD z 1 a 2 b 3 c"], "ZREMRANGEBYSCORE z 2 9", ["zremrangebyscore z"], 2],
      [["ZADD z 1 a 1 b 1 c"], "ZREMRANGEBYLEX z - +", ["zremrangebylex z", "+del z"], 3],
      [["ZADD z 1 a"], "ZREMRANGEBYRANK z 5 9", [], 0],
      [["ZADD z 1 a 2 b"], "ZPOPMIN z", ["+zpopmin z", "modified z"], 1],
      [["ZADD z 1 a 2 b 3 c"], "ZPOPMAX z 2", ["+zpopmax z", "modified z"], 2],
      [["ZADD z 1 a 2 b"], "ZPOPMAX z 9", ["+zpopmax z", "modified z", "+del z"], 2],
      [["ZADD z 1 a"], "ZPOPMIN z 0", [], 0],
      [["ZADD z 1 a 2 b"], "ZMPOP 2 none z MIN", ["+zpopmin z", "modified z"], 1],
      [["ZADD z 1 a 2 b"], "ZMPOP 2 none z MAX COUNT 3", ["+zpopmax z", "modified z", "+del z"], 2],
      [["ZADD z 1 a 2 b"], "BZPOPMIN none z 0", ["+zpopmin z", "modified z"], 1],
      [["ZADD z 1 a"], "BZPOPMAX z 0", ["+zpopmax z", "modified z", "+del z"], 1],
      [["ZADD z 1 a 2 b"], "BZMPOP 0 1 z MAX COUNT 2", ["+zpopmax z", "modified z", "+del z"], 2],
      [["ZADD z 1 a 2 b"], "ZRANGESTORE d z 0 -1", ["zrangestore d"], 1],
      [["ZADD z 1 a", "SET d x"], "ZRANGESTORE d z 5 9", ["del d"], 1],
      [["ZADD z 1 a"], "ZRANGESTORE d none 0 -1", [], 0],
      [["ZADD z 1 a", "ZADD y 2 b"], "ZUNIONSTORE d 2 z y", ["zunionstore d"], 1],
      [["ZADD z 1 a", "ZADD y 2 a"], "ZINTERSTORE d 2 z y", ["zinterstore d"], 1],
      [["ZADD z 1 a", "ZADD y 2 b"], "ZDIFFSTORE d 2 z y", ["zdiffstore d"], 1],
      [["ZADD z 1 a", "ZADD d 2 b"], "ZINTERSTORE d 2 z d", ["del d"], 1],
      [["ZADD z 1 a"], "ZDIFFSTORE d 2 z z", [], 0],
      [["ZADD z 1 a"], "ZRANDMEMBER z -3", [], 0],
    ];
    for (const [setup, command, events, dirty] of cases) {
      const redbun = new InProcess(directives);
      if (setup.length > 0) redbun.run(...setup);
      const before = redbun.keyspace.dirty;
      const recorded = redbun.recordEvents();
      redbun.run(command);
      // "+" stands for an event beside the change that was announced.
      const seen = recorded.map(({ change, event, key }) => `${change ? "" : "+"}${event} ${key}`);
      expect([command, ...seen, redbun.keyspace.dirty - before]).toEqual([command, ...events, dirty]);
      for (const { event, eventClass } of recorded.filter((each) => each.eventClass !== EVENT_NONE)) {
        expect(eventClass).toBe(event === "del" ? EVENT_GENERIC : EVENT_ZSET);
      }
    }
  });

  test("a client that waits is served whatever makes the sorted set", () => {
    const makers: [setup: string[], command: string, popped: string][] = [
      [[], "ZADD z 2 b 1 a", "a"],
      [[], "ZINCRBY z 1 a", "a"],
      [["ZADD y 1 a"], "ZUNIONSTORE z 1 y", "a"],
      [["ZADD y 1 a"], "ZRANGESTORE z y 0 -1", "a"],
      [["ZADD y 1 a"], "RENAME y z", "a"],
      [["ZADD y 1 a"], "COPY y z", "a"],
    ];
    for (const [setup, command, popped] of makers) {
      const redbun = new InProcess(directives);
      if (setup.length > 0) redbun.run(...setup);
      const waiting = redbun.connect();
      expect(waiting.run("BZPOPMIN x z 0")).toEqual([]);
      const second = redbun.connect();
      expect(second.run("BZMPOP 0 2 x z MAX COUNT 5")).toEqual([]);
      redbun.run(command);
      expect(waiting.received()).toEqual([array(bulk("z"), bulk(popped), bulk("1"))]);
      const rest = command.startsWith("ZADD");
      expect(second.received()).toEqual(rest ? [array(bulk("z"), array(array(bulk("b"), bulk("2"))))] : []);
      expect(redbun.call("EXISTS", "z")).toEqual(integer(0));
    }
  });

  test("a client that waits is not served by another type, nor by a sorted set that is gone again", () => {
    const redbun = new InProcess(directives);
    const waiting = redbun.connect();
    expect(waiting.run("BZPOPMAX z 0")).toEqual([]);
    redbun.run("SADD z a", "DEL z", "MULTI", "ZADD z 1 a", "DEL z", "EXEC", "MULTI", "ZADD z 1 a", "ZREM z a", "EXEC");
    expect(waiting.received()).toEqual([]);
    redbun.run("ZADD z 1 a 2 b");
    expect(waiting.received()).toEqual([array(bulk("z"), bulk("b"), bulk("2"))]);
  });

  test.each([7, 100, 500])("each of %i members is as likely to be drawn as the others", (size) => {
    const redbun = new InProcess(directives);
    redbun.call("ZADD", "z", ...some(size));
    const most = Math.ceil(size * 0.7);
    const few = Math.ceil(size / 20);
    const draws: [count: number, times: number][] = [
      [-size, 100],
      [most, 100],
      [few, 2000],
    ];
    for (const [count, times] of draws) {
      const counts = new Map<string, number>();
      for (let i = 0; i < times; i++) {
        for (const each of texts(redbun.call("ZRANDMEMBER", "z", count))) counts.set(each, (counts.get(each) ?? 0) + 1);
      }
      expectUniform(counts, size);
    }
  });

  test("a ZSCAN meets every member that is there all along, once", () => {
    const redbun = new InProcess(directives);
    redbun.call("ZADD", "z", ...some(300));
    const seen = new Map<string, number>();
    let cursor = "0";
    let round = 0;
    do {
      const [next, found] = items(redbun.call("ZSCAN", "z", cursor, "COUNT", 7));
      cursor = text(next);
      texts(found).forEach((each, i) => {
        if (i % 2 === 0) seen.set(each, (seen.get(each) ?? 0) + 1);
      });
      // What comes, goes, and changes its score meanwhile.
      redbun.call("ZADD", "z", ...some(20, 1000 + 20 * round));
      redbun.call("ZREM", "z", `member:${1000 + 20 * round}`);
      redbun.call("ZADD", "z", round, `member:${round++}`);
    } while (cursor !== "0");
    for (let i = 0; i < 300; i++) expect([i, seen.get(`member:${i}`)]).toEqual([i, 1]);
  });

  test("the sorted set of a key that expires, is deleted or overwritten gives its memory back", () => {
    const redbun = new InProcess(directives);
    const { heap, free } = redbun.keyspace;
    const before = heap.usedBytes;
    const ends: (() => Reply)[] = [
      () => redbun.run("DEL z"),
      () => redbun.run("UNLINK z"),
      () => redbun.run("SET z x", "DEL z"),
      () => redbun.run("ZINTERSTORE z 2 z none"),
      () => redbun.run("SADD t 1", "ZUNIONSTORE z 1 t", "DEL z t"),
      () => redbun.run("ZRANGESTORE z z 5 5", "DEL z"),
      () => redbun.run("ZPOPMIN z 100000"),
      () => redbun.run("ZREMRANGEBYRANK z 0 -1"),
      () => redbun.run("ZREMRANGEBYRANK z 1 -1", "ZPOPMAX z"),
      () => redbun.run("ZUNION 2 z z", "DEL z"),
      () => redbun.run("RENAME z t", "DEL t"),
      () => redbun.run("FLUSHALL"),
      () => redbun.run("FLUSHALL ASYNC"),
      () => {
        redbun.run("PEXPIRE z 10");
        redbun.clock.advance(20);
        return redbun.run("EXISTS z");
      },
    ];
    for (const end of ends) {
      redbun.call("ZADD", "z", ...some(3000));
      end();
      free.run(Number.POSITIVE_INFINITY);
      expect(redbun.keyspace.size).toBe(0);
      expect(heap.usedBytes).toBe(before);
    }
  });

  test("a heap that cannot grow: a refused command loses nothing, and what removes always works", () => {
    const redbun = new InProcess(directives);
    const commands: string[][] = [
      ["ZADD", "new", "1", "a"],
      ["ZADD", "new", ...some(200)],
      ["ZADD", "new", "1", "x".repeat(5000)],
      ["ZADD", "z", "5", "new"],
      ["ZADD", "z", "5.25", "x".repeat(5000)],
      ["ZADD", "z", "123456.789", "member:0"],
      ["ZADD", "z", "504", "member:0"],
      ["ZADD", "z", ...some(300, 500)],
      ["ZINCRBY", "z", "300.5", "member:7"],
      ["ZINCRBY", "new", "1", "a"],
      ["ZREM", "z", "member:3", "member:4"],
      ["ZREM", "z", ...some(252).filter((_, i) => i % 2 === 1)],
      ["ZREMRANGEBYRANK", "z", "10", "240"],
      ["ZREMRANGEBYSCORE", "z", "100", "inf"],
      ["ZPOPMIN", "z"],
      ["ZPOPMAX", "z", "240"],
      ["ZPOPMAX", "z", "1000"],
      ["ZRANGESTORE", "new", "z", "0", "-1"],
      ["ZRANGESTORE", "z", "z", "3", "200"],
      ["ZUNION", "2", "z", "t"],
      ["ZUNIONSTORE", "new", "2", "z", "t"],
      ["ZINTERSTORE", "t", "2", "z", "t"],
      ["ZDIFFSTORE", "z", "2", "z", "t"],
      ["ZRANDMEMBER", "z", "20"],
      ["COPY", "z", "new"],
      ["COPY", "z", "t", "REPLACE"],
    ];
    const state = (): string[][] => ["z", "t", "new"].map((key) => contents(redbun, key));
    let before: string[][] = [];
    const prepare = (): InProcess => {
      redbun.run("FLUSHALL");
      // Two full leaves of a tree.
      redbun.call("ZADD", "z", ...some(252));
      redbun.call("ZADD", "t", "1", "a", ...some(20, 100));
      before = state();
      return redbun;
    };
    for (const command of commands) {
      const name = command.slice(0, 4).join(" ");
      // ZADD of several keeps what it added before the heap was full.
      const isPartial = command[1] === "z" && command.length > 10;
      const check = (reply: Reply, _: InProcess, failing: number): void => {
        const refused = reply.type === "error";
        if (REMOVING.includes(command[0])) expect([name, failing, refused]).toEqual([name, failing, false]);
        if (refused && !isPartial) expect([name, failing, ...state()]).toEqual([name, failing, ...before]);
      };
      starve({ name, prepare, run: () => redbun.call(...command), check });
    }
  });

  test("what ZADD added before the heap was full is announced", () => {
    const redbun = new InProcess(directives);
    const { heap } = redbun.keyspace;
    redbun.call("ZADD", "z", ...some(3));
    const events = redbun.recordEvents();
    const dirty = redbun.keyspace.dirty;
    const { result } = withFailure(heap, 6, () => redbun.call("ZADD", "z", ...some(200, 50)));
    expect(result).toMatchObject({ type: "error" });
    const added = contents(redbun, "z").length / 2 - 3;
    expect(added).toBeGreaterThan(0);
    expect(events.map(({ event }) => event)).toEqual(["zadd"]);
    expect(redbun.keyspace.dirty - dirty).toBe(added);
  });
});

const REMOVING = ["ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZPOPMIN", "ZPOPMAX"];

/**
 * Whether counts that should be equal are: Pearson's chi-square, at 5 standard deviations beyond what is expected, so that
 * one run in millions fails. The seed is fixed besides.
 */
function expectUniform(counts: ReadonlyMap<string, number>, choices: number): void {
  expect(counts.size).toBe(choices);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const wanted = total / choices;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - wanted) ** 2 / wanted, 0);
  expect(chiSquare).toBeLessThan(choices + 5 * Math.sqrt(2 * choices));
}

describe("conversions", () => {
  test("nothing is converted by a limit alone, and a skiplist stays one", () => {
    const redbun = new InProcess();
    redbun.run("ZADD z 1 a 2 b 3 c", "CONFIG SET zset-max-listpack-entries 2");
    expect(redbun.encoding("z")).toBe("listpack");
    redbun.run("ZADD z 5 a", "ZREM z b", "ZADD z 2 b");
    expect(redbun.encoding("z")).toBe("skiplist");
    redbun.run("CONFIG SET zset-max-listpack-entries 200", "ZREM z a b", "ZADD z 1 x");
    expect(redbun.encoding("z")).toBe("skiplist");
    expect(contents(redbun, "z")).toEqual(["x", "1", "c", "3"]);
  });

  test("the expiry stays where the value is changed, and goes where it is replaced", () => {
    const redbun = new InProcess({ "zset-max-listpack-entries": "3" });
    redbun.run("ZADD z 1 a 2 b 3 c", "PEXPIRE z 5000");
    const at = redbun.expireAt("z");
    redbun.run("ZADD z 4 d", "ZREM z a", "ZPOPMIN z");
    expect([redbun.encoding("z"), redbun.expireAt("z")]).toEqual(["skiplist", at]);
    redbun.run("ZUNIONSTORE z 1 z");
    expect([redbun.encoding("z"), redbun.expireAt("z")]).toEqual(["listpack", -1]);
  });

  test("a skiplist keeps scores to the last bit, and a listpack too", () => {
    const scores = [
      "0.1",
      "-2.5e-10",
      "1.7976931348623157e+308",
      "5e-324",
      "0.30000000000000004",
      "-inf",
      "100000000000000000",
    ];
    for (const limit of ["0", "128"]) {
      const redbun = new InProcess({ "zset-max-listpack-entries": limit });
      for (const score of scores) redbun.call("ZADD", "z", score, `m${score}`);
      for (const score of scores) expect(text(redbun.call("ZSCORE", "z", `m${score}`))).toBe(score);
    }
  });
});

describe("replies", () => {
  test("a count that no reply can hold is refused at once", () => {
    const redbun = new InProcess();
    redbun.run("ZADD z 1 a");
    for (const count of ["-9223372036854775807", "-1000000000"]) {
      expect(redbun.call("ZRANDMEMBER", "z", count)).toEqual(
        error("OOM command not allowed when used memory > 'maxmemory'."),
      );
    }
    expect(redbun.run("ZRANDMEMBER z -3")).toEqual(array(bulk("a"), bulk("a"), bulk("a")));
  });

  test("where nothing comes in time", () => {
    const redbun = new InProcess();
    expect(redbun.run("ZMPOP 1 z MIN")).toEqual(NULL_ARRAY);
    expect(redbun.run("MULTI", "BZPOPMIN z 0", "BZMPOP 0 1 z MIN", "EXEC")).toEqual(array(NULL_ARRAY, NULL_ARRAY));
  });
});

describe("bounded work", () => {
  test("a sorted set of 100,000 members goes in slices, whichever way it goes", () => {
    const redbun = new InProcess();
    const { free, heap } = redbun.keyspace;
    const used = heap.usedBytes;
    for (const end of ["DEL z", "UNLINK z", "SET z x", "ZINTERSTORE z 2 none none", "ZREMRANGEBYRANK z 0 -1"]) {
      for (let i = 0; i < 100_000; i += 1000) redbun.call("ZADD", "z", ...some(1000, i));
      const before = heap.usedBytes;
      redbun.run(end);
      expect(heap.usedBytes).toBeGreaterThan(before * 0.95);
      let slices = 0;
      while (!free.run(0)) slices++;
      expect(slices).toBeGreaterThan(200);
      redbun.run("FLUSHALL");
      expect(heap.usedBytes).toBe(used);
    }
  });

  test("what MEMORY USAGE says is what there is", () => {
    const redbun = new InProcess();
    const { heap } = redbun.keyspace;
    redbun.run("SET other x");
    for (const count of [10, 100, 1000, 20_000]) {
      const used = heap.usedBytes;
      redbun.call("ZADD", "z", ...some(count));
      const usage = Number((redbun.run("MEMORY USAGE z SAMPLES 0") as { value: bigint }).value);
      // The place in the index comes on top.
      expect(Math.abs(usage - (heap.usedBytes - used))).toBeLessThan(256);
      const estimate = Number((redbun.run("MEMORY USAGE z") as { value: bigint }).value);
      expect(Math.abs(estimate / usage - 1)).toBeLessThan(0.2);
      redbun.run("DEL z");
      redbun.keyspace.free.run(Number.POSITIVE_INFINITY);
    }
  });
});

test("sorted sets of several servers do not meet", () => {
  const [one, two] = [new InProcess(), new InProcess()];
  for (let i = 0; i < 300; i++) {
    one.call("ZADD", "z", i, `a${i}`);
    two.call("ZADD", "z", i, `b${i}`);
  }
  expect(one.call("ZSCORE", "z", "b1")).toEqual(NULL_BULK);
  expect(two.call("ZCARD", "z")).toEqual(integer(300));
  expect(two.run("FLUSHALL")).toEqual(OK);
  expect(one.call("ZCARD", "z")).toEqual(integer(300));
});
