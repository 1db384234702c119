/** The stream commands in process: IDs by the clock, events and the count of changes, blocking, memory, every node size. */

import { describe, expect, test } from "bun:test";
import { EVENT_NONE, EVENT_STREAM } from "../../src/db/keyspace";
import { Listpack } from "../../src/memory/listpack";
import { streamsOf } from "../../src/types/stream/stream-tools";
import { withBlocks } from "../support/failing-heap";
import { expectNoLeak } from "../support/heap-account";
import { InProcess, type InProcessClient, type RecordedEvent } from "../support/in-process";
import { runOperations } from "../support/model";
import { Random } from "../support/random";
import { integer, items, NULL_ARRAY, NULL_BULK, pairs, type Reply, show, text } from "../support/reply";
import { starve } from "../support/starved-command";

/** Directives under which nodes are of different sizes. */
const NODES = {
  "of one entry": { "stream-node-max-entries": "1" },
  "of three entries": { "stream-node-max-entries": "3" },
  "of 200 bytes": { "stream-node-max-bytes": "200" },
  "as large as they become": { "stream-node-max-bytes": "0", "stream-node-max-entries": "0" },
} as const;

const ids = (reply: Reply): string[] => items(reply).map((entry) => text(items(entry)[0]));

/** A field of a reply of names and values. */
function field(reply: Reply, name: string): Reply {
  const found = pairs(reply).find(([key]) => text(key) === name);
  if (found === undefined) throw new Error(`no ${name} in ${show(reply)}`);
  return found[1];
}

const names = (events: readonly RecordedEvent[]): string[] => events.map(({ event }) => event);

function fill(redbun: InProcess, key: string, count: number, from = 1): void {
  for (let i = from; i < from + count; i++) redbun.call("XADD", key, `${i}-1`, "f", `v${i}`, "g", String(i));
}

/** Gives back all that waits to be freed. */
function settle(redbun: InProcess): void {
  redbun.keyspace.free.run(Number.POSITIVE_INFINITY);
}

describe("IDs by the clock", () => {
  test("the time, a sequence number within a millisecond, and no way back", () => {
    const redbun = new InProcess();
    const start = redbun.clock.now();
    const add = (id = "*"): string => text(redbun.call("XADD", "s", id, "f", "v"));
    expect([add(), add(), add()]).toEqual([`${start}-0`, `${start}-1`, `${start}-2`]);
    redbun.clock.advance(5);
    expect([add(), add(`${start + 5}-*`)]).toEqual([`${start + 5}-0`, `${start + 5}-1`]);
    expect(add(`${start + 100}-7`)).toBe(`${start + 100}-7`);
    redbun.clock.advance(10);
    expect(add()).toBe(`${start + 100}-8`);
  });
});

describe("IDs in replies", () => {
  test("one after the other, over every carry of a digit and of a word, and in any order", () => {
    const redbun = new InProcess();
    const sequences = ["0", "8", "9", "10", "98", "99", "100", "2147483647", "2147483648", "4294967295", "4294967296"];
    const all = sequences.flatMap((from) => [from, String(BigInt(from) + 1n), String(BigInt(from) + 2n)]);
    const times = ["5", "4294967295", "4294967296"];
    const texts = times.flatMap((time) => all.map((sequence) => `${time}-${sequence}`)).filter((id) => id !== "0-0");
    for (const first of texts) {
      for (const second of texts) {
        redbun.call("DEL", "s", "t");
        expect(text(redbun.call("XADD", "s", first, "f", "v"))).toBe(first);
        expect(text(redbun.call("XADD", "t", second, "f", "v"))).toBe(second);
      }
    }
  });
});

describe("events and changes", () => {
  test("of entries", () => {
    const redbun = new InProcess();
    const events = redbun.recordEvents();
    const expectEvents = (dirty: number, changed: string[], ...command: string[]): void => {
      events.length = 0;
      const before = redbun.keyspace.dirty;
      redbun.call(...command);
      expect([command, names(events), redbun.keyspace.dirty - before]).toEqual([command, changed, dirty]);
      expect(events.every(({ eventClass }) => eventClass === EVENT_STREAM || eventClass === EVENT_NONE)).toBe(true);
      expect(events.every(({ key }) => key === "s")).toBe(true);
    };
    expectEvents(1, ["xadd"], "XADD", "s", "1-1", "f", "v");
    expectEvents(0, [], "XADD", "s", "1-1", "f", "v");
    expectEvents(0, [], "XADD", "missing", "NOMKSTREAM", "1-1", "f", "v");
    expectEvents(1, ["xadd"], "XADD", "s", "MAXLEN", "9", "1-2", "f", "v");
    expectEvents(1, ["xadd", "xtrim"], "XADD", "s", "MAXLEN", "1", "1-3", "f", "v");
    expectEvents(1, ["xadd"], "XADD", "s", "1-4", "f", "v");
    expectEvents(2, ["xdel"], "XDEL", "s", "1-3", "1-4", "9-9");
    expectEvents(0, [], "XDEL", "s", "1-3");
    expectEvents(1, ["xadd"], "XADD", "s", "2-1", "f", "v");
    expectEvents(1, ["xadd"], "XADD", "s", "2-2", "f", "v");
    expectEvents(2, ["xtrim", "modified"], "XTRIM", "s", "MAXLEN", "0");
    expectEvents(0, [], "XTRIM", "s", "MAXLEN", "0");
    expectEvents(1, ["xsetid"], "XSETID", "s", "9-9");
    expectEvents(0, [], "XRANGE", "s", "-", "+");
    expectEvents(0, [], "XREAD", "STREAMS", "s", "0");
  });

  test("of groups: they are no change of the key to those who watch it", () => {
    const redbun = new InProcess();
    fill(redbun, "s", 5);
    const events = redbun.recordEvents();
    const expectEvents = (dirty: number, changed: string[], command: string): void => {
      events.length = 0;
      const before = redbun.keyspace.dirty;
      redbun.run(command);
      expect([command, names(events), redbun.keyspace.dirty - before]).toEqual([command, changed, dirty]);
    };
    expectEvents(1, ["xgroup-create"], "XGROUP CREATE s g 0");
    expectEvents(0, [], "XGROUP CREATE s g 0");
    expectEvents(1, ["xgroup-create"], "XGROUP CREATE t g 0 MKSTREAM");
    expect(events[0].change).toBe(true);
    expectEvents(1, ["xgroup-createconsumer"], "XGROUP CREATECONSUMER s g c");
    expectEvents(0, [], "XGROUP CREATECONSUMER s g c");
    expect(events.filter(({ change }) => change)).toEqual([]);
    expectEvents(2, ["xgroup-createconsumer"], "XREADGROUP GROUP g d COUNT 2 STREAMS s >");
    expectEvents(1, [], "XREADGROUP GROUP g d COUNT 1 STREAMS s >");
    expectEvents(1, [], "XREADGROUP GROUP g d STREAMS s 0");
    expectEvents(2, ["xgroup-createconsumer"], "XREADGROUP GROUP g d STREAMS t s > 9");
    expectEvents(1, [], "XACK s g 1-1 9-9");
    expectEvents(3, ["xgroup-createconsumer"], "XCLAIM s g e 0 2-1 3-1");
    expectEvents(2, [], "XAUTOCLAIM s g d 0 0");
    redbun.run("XDEL s 2-1");
    expectEvents(2, [], "XAUTOCLAIM s g d 0 0");
    expectEvents(1, ["xgroup-setid"], "XGROUP SETID s g 1");
    expectEvents(1, ["xgroup-delconsumer"], "XGROUP DELCONSUMER s g d");
    expectEvents(0, [], "XGROUP DELCONSUMER s g d");
    expect(events.filter(({ change }) => change)).toEqual([]);
    expectEvents(1, ["xgroup-destroy"], "XGROUP DESTROY s g");
    expectEvents(0, [], "XGROUP DESTROY s g");
  });

  test("lookups by groups count as reads, and protect the key from a snapshot all the same", () => {
    const redbun = new InProcess();
    fill(redbun, "s", 3);
    redbun.run("XGROUP CREATE s g 0");
    const db = redbun.keyspace.databases[0];
    let protectedKeys = 0;
    const protect = db.protectFound.bind(db);
    db.protectFound = () => {
      protectedKeys++;
      protect();
    };
    const { stats } = redbun.keyspace;
    for (const command of [
      "XREADGROUP GROUP g c STREAMS s >",
      "XACK s g 1-1",
      "XCLAIM s g d 0 2-1",
      "XAUTOCLAIM s g e 0 0",
    ]) {
      const before = [stats.hits, protectedKeys];
      redbun.run(command);
      expect([command, stats.hits > before[0], protectedKeys > before[1]]).toEqual([command, true, true]);
    }
    const before = protectedKeys;
    redbun.run("XPENDING s g", "XINFO GROUPS s", "XREAD STREAMS s 0", "XRANGE s - +");
    expect(protectedKeys).toBe(before);
  });
});

describe("consumers by the clock", () => {
  const consumer = (redbun: InProcess, name: string): number[] => {
    const all = items(redbun.run("XINFO CONSUMERS s g"));
    const found = all.find((each) => text(field(each, "name")) === name);
    if (found === undefined) throw new Error(`no consumer ${name}`);
    return ["pending", "idle", "inactive"].map((each) => Number(show(field(found, each)).slice(1)));
  };

  test("seen whenever it asks, active when it gets something", () => {
    const redbun = new InProcess();
    fill(redbun, "s", 4);
    redbun.run("XGROUP CREATE s g 0", "XGROUP CREATECONSUMER s g c");
    expect(consumer(redbun, "c")).toEqual([0, 0, -1]);
    redbun.clock.advance(100);
    expect(consumer(redbun, "c")).toEqual([0, 100, -1]);
    redbun.run("XREADGROUP GROUP g c STREAMS s 0");
    expect(consumer(redbun, "c")).toEqual([0, 0, -1]);
    redbun.run("XREADGROUP GROUP g c COUNT 3 STREAMS s >");
    redbun.clock.advance(30);
    expect(consumer(redbun, "c")).toEqual([3, 30, 30]);
    redbun.run("XREADGROUP GROUP g c COUNT 1 NOACK STREAMS s >", "XREADGROUP GROUP g c STREAMS s >");
    expect(consumer(redbun, "c")).toEqual([3, 0, 30]);
    redbun.run("XCLAIM s g d 1000 1-1");
    expect(consumer(redbun, "d")).toEqual([0, 0, -1]);
    redbun.clock.advance(5);
    redbun.run("XCLAIM s g d 20 1-1");
    redbun.clock.advance(7);
    expect(consumer(redbun, "d")).toEqual([1, 7, 7]);
    expect(consumer(redbun, "c")).toEqual([2, 12, 42]);
    redbun.run("XAUTOCLAIM s g e 42 0 COUNT 1");
    expect(consumer(redbun, "e")).toEqual([1, 0, 0]);
  });

  test("idle times of pending entries, and what claims by them", () => {
    const redbun = new InProcess();
    fill(redbun, "s", 3);
    redbun.run("XGROUP CREATE s g 0", "XREADGROUP GROUP g c COUNT 1 STREAMS s >");
    redbun.clock.advance(50);
    redbun.run("XREADGROUP GROUP g c STREAMS s >");
    redbun.clock.advance(10);
    const pending = (...filter: string[]): string[] =>
      items(redbun.call("XPENDING", "s", "g", ...filter, "-", "+", "9")).map((each) => show(each));
    expect(pending()).toEqual(['["1-1", "c", :60, :1]', '["2-1", "c", :10, :1]', '["3-1", "c", :10, :1]']);
    expect(pending("IDLE", "60")).toHaveLength(1);
    expect(pending("IDLE", "61")).toHaveLength(0);
    expect(ids(redbun.run("XCLAIM s g d 20 1-1 2-1"))).toEqual(["1-1"]);
    expect(ids(redbun.run("XCLAIM s g d 0 2-1 IDLE 500"))).toEqual(["2-1"]);
    redbun.run(`XCLAIM s g d 0 3-1 TIME ${redbun.clock.now() - 33} RETRYCOUNT 9`);
    expect(pending()).toEqual(['["1-1", "d", :0, :2]', '["2-1", "d", :500, :2]', '["3-1", "d", :33, :9]']);
    redbun.clock.advance(1);
    redbun.run("XREADGROUP GROUP g d STREAMS s 0");
    expect(pending()).toEqual(['["1-1", "d", :0, :3]', '["2-1", "d", :0, :3]', '["3-1", "d", :0, :10]']);
  });
});

describe("blocking", () => {
  const one = (client: InProcessClient): string[] => client.received().map(show);
  const entry = (id: string): string => `["s", [["${id}", ["f", "v"]]]]`;

  test("XREAD: $ is what was last when it blocked", () => {
    const redbun = new InProcess();
    redbun.run("XADD s 1-1 f v");
    const [a, b, c] = [redbun.connect(), redbun.connect(), redbun.connect()];
    expect(a.run("XREAD BLOCK 0 STREAMS s $")).toEqual([]);
    expect(b.run("XREAD BLOCK 0 STREAMS other s $ 2-1")).toEqual([]);
    expect(c.run("XREAD BLOCK 0 STREAMS other $")).toEqual([]);
    redbun.run("XADD s 2-1 f v");
    expect([one(a), one(b), one(c)]).toEqual([[`[${entry("2-1")}]`], [], []]);
    redbun.run("XADD s 3-1 f v", "XADD s 4-1 f v", "XADD other 1-1 f v");
    expect([one(a), one(b), one(c)]).toEqual([
      [],
      [`[${entry("3-1")}]`],
      [`[${entry("1-1").replace('"s"', '"other"')}]`],
    ]);
  });

  test("XREAD: the entries of a transaction come at once; those of another type do not wake", () => {
    const redbun = new InProcess();
    const a = redbun.connect();
    expect(a.run("XREAD BLOCK 0 STREAMS s 0")).toEqual([]);
    redbun.run("SET s x", "DEL s", "MULTI", "XADD s 1-1 f v", "XADD s 2-1 f v", "EXEC");
    expect(one(a)).toEqual(['[["s", [["1-1", ["f", "v"]], ["2-1", ["f", "v"]]]]]']);
    expect(a.run("XREAD BLOCK 0 STREAMS s $")).toEqual([]);
    redbun.run("MULTI", "XADD s 3-1 f v", "DEL s", "EXEC");
    expect(one(a)).toEqual([]);
    redbun.run("XADD s 1-1 f v");
    expect(one(a)).toEqual([]);
    redbun.run("RENAME s away", "XADD t 9-9 f v", "RENAME t s");
    expect(one(a)).toEqual([`[${entry("9-9")}]`]);
  });

  test("XREAD in a transaction does not wait", () => {
    const redbun = new InProcess();
    redbun.run("MULTI", "XREAD BLOCK 0 STREAMS s $");
    expect(redbun.run("EXEC")).toEqual({ type: "array", items: [NULL_ARRAY] });
  });

  test("XREADGROUP: consumers in their order, each an entry", () => {
    const redbun = new InProcess();
    redbun.run("XGROUP CREATE s g $ MKSTREAM");
    const clients = ["a", "b", "c"].map((name) => {
      const client = redbun.connect();
      expect(client.run(`XREADGROUP GROUP g ${name} COUNT 1 BLOCK 0 STREAMS s >`)).toEqual([]);
      return client;
    });
    expect(items(redbun.run("XINFO CONSUMERS s g"))).toHaveLength(3);
    redbun.run("XADD s 1-1 f v");
    expect(clients.map(one)).toEqual([[`[${entry("1-1")}]`], [], []]);
    redbun.run("MULTI", "XADD s 2-1 f v", "XADD s 3-1 f v", "EXEC");
    expect(clients.map(one)).toEqual([[], [`[${entry("2-1")}]`], [`[${entry("3-1")}]`]]);
    expect(items(redbun.run("XPENDING s g - + 9")).map(show)).toEqual([
      '["1-1", "a", :0, :1]',
      '["2-1", "b", :0, :1]',
      '["3-1", "c", :0, :1]',
    ]);
  });

  test("XREADGROUP: history never waits; NOACK leaves nothing pending", () => {
    const redbun = new InProcess();
    redbun.run("XGROUP CREATE s g $ MKSTREAM");
    const a = redbun.connect();
    expect(a.run("XREADGROUP GROUP g c BLOCK 0 STREAMS s 0").map(show)).toEqual(['[["s", []]]']);
    expect(a.run("XREADGROUP GROUP g c NOACK BLOCK 0 STREAMS s >")).toEqual([]);
    redbun.run("XADD s 1-1 f v");
    expect(one(a)).toEqual([`[${entry("1-1")}]`]);
    expect(show(redbun.run("XPENDING s g"))).toBe("[:0, (null bulk), (null bulk), (null array)]");
  });

  test("XREADGROUP: an error when its group or its stream goes", () => {
    const noGroup = "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option";
    const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
    for (const [change, expected] of [
      ["XGROUP DESTROY s g", noGroup],
      ["DEL s", noGroup],
      ["UNLINK s", noGroup],
      ["FLUSHALL", noGroup],
      ["RENAME s t", noGroup],
      ["SWAPDB 0 1", noGroup],
      ["SET s x", wrongType],
    ]) {
      const redbun = new InProcess();
      redbun.run("XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATE s other $");
      const [a, b] = [redbun.connect(), redbun.connect()];
      expect(a.run("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")).toEqual([]);
      expect(b.run("XREAD BLOCK 0 STREAMS s $")).toEqual([]);
      redbun.run(change);
      expect([change, one(a)]).toEqual([change, [`-"${expected}"`]]);
      expect([change, one(b)]).toEqual([change, []]);
    }
    const redbun = new InProcess();
    redbun.run("XGROUP CREATE s g $ MKSTREAM", "PEXPIRE s 10");
    const a = redbun.connect();
    expect(a.run("XREADGROUP GROUP g c BLOCK 0 STREAMS s >")).toEqual([]);
    redbun.clock.advance(20);
    redbun.run("EXISTS s");
    expect(one(a)).toEqual([`-"${noGroup}"`]);
  });

  test("acknowledging and claiming wake nobody", () => {
    const redbun = new InProcess();
    fill(redbun, "s", 3);
    redbun.run("XGROUP CREATE s g 0", "XREADGROUP GROUP g a STREAMS s >");
    const b = redbun.connect();
    expect(b.run("XREADGROUP GROUP g b BLOCK 0 STREAMS s >")).toEqual([]);
    redbun.run("XACK s g 1-1", "XCLAIM s g c 0 2-1", "XAUTOCLAIM s g d 0 0", "XGROUP CREATECONSUMER s g e");
    expect(redbun.server.blocking.hasReady).toBe(false);
    expect(one(b)).toEqual([]);
    redbun.run("XGROUP SETID s g 0");
    expect(one(b)).toEqual([]);
    redbun.run("XADD s 4-1 f v");
    expect(one(b)).toHaveLength(1);
    expect(show(redbun.run("XPENDING s g - + 9 b"))).toContain('"4-1", "b"');
  });
});

// --- memory --------------------------------------------------------------------------------------------------------

describe.each(Object.keys(NODES) as (keyof typeof NODES)[])("nodes %s", (kind) => {
  const directives = NODES[kind];

  test("limits hold, and hold at once when they change", () => {
    const redbun = new InProcess(directives);
    fill(redbun, "s", 60);
    const keys = (): number => Number(show(field(redbun.run("XINFO STREAM s"), "radix-tree-keys")).slice(1));
    const before = keys();
    expect(before).toBe(
      { "of one entry": 60, "of three entries": 20, "of 200 bytes": before, "as large as they become": 1 }[kind],
    );
    if (kind === "of 200 bytes") expect(before).toBeGreaterThan(3);
    redbun.run("CONFIG SET stream-node-max-entries 2 stream-node-max-bytes 4096");
    fill(redbun, "s", 20, 61);
    expect(keys() - before).toBeWithin(9, 11);
    expect(ids(redbun.run("XRANGE s - +"))).toHaveLength(80);
  });

  test("many entries trimmed at once leave what is left when they are trimmed one by one", () => {
    const random = new Random(31);
    for (let round = 0; round < 12; round++) {
      const redbun = new InProcess(directives);
      const times: number[] = [];
      for (let time = 1; times.length < 150; time += random.pick([1, 1, 100, 70_000])) times.push(time);
      const left = random.pick([0, 1, 75, random.integer(0, 145)]);
      for (const time of times) for (const key of ["a", "b", "c"]) redbun.call("XADD", key, `${time}-1`, "f", "v");
      redbun.run(`XDEL a ${times[4]}-1`, `XDEL b ${times[4]}-1`, `XDEL c ${times[4]}-1`);
      for (let length = 148; length >= left; length--) redbun.run(`XTRIM a MAXLEN = ${length}`);
      redbun.run(`XTRIM b MAXLEN = ${left}`, `XTRIM c MINID = ${left === 0 ? times[149] + 1 : times[150 - left]}`);
      const [a, b, c] = ["a", "b", "c"].map((key) => show(redbun.run(`XINFO STREAM ${key} FULL`)));
      expect(b).toBe(a);
      expect(c).toBe(a);
      redbun.run("XADD a 99999999999-1 f v", "XADD b 99999999999-1 f v");
      expect(ids(redbun.run("XRANGE b - +"))).toEqual(ids(redbun.run("XRANGE a - +")));
    }
  });

  test("random operations: no byte is lost, and what the header says is true", () => {
    const redbun = new InProcess(directives);
    let next = 0;
    const someIds = (random: Random): string[] =>
      Array.from({ length: random.pick([1, 2, 10]) }, () => `${random.integer(Math.max(1, next - 90), next + 1)}-1`);
    const key = (random: Random): string => random.pick(["s", "s", "t"]);
    const group = (random: Random): string => random.pick(["g", "h"]);
    const consumer = (random: Random): string => random.pick(["a", "b", "c"]);
    const call = (...args: (string | number)[]): string => {
      redbun.call(...args);
      return args.join(" ");
    };
    const operations: Record<string, readonly [number, (random: Random) => string]> = {
      add: [
        30,
        (random) =>
          call(
            "XADD",
            key(random),
            `${++next}-1`,
            ...random.pick([
              ["f", next],
              ["f", "x".repeat(random.integer(0, 90)), "g", next],
            ]),
          ),
      ],
      del: [4, (random) => call("XDEL", key(random), ...someIds(random))],
      trim: [1, (random) => call("XTRIM", key(random), "MAXLEN", random.pick(["=", "~"]), random.integer(0, 80))],
      create: [
        1,
        (random) => call("XGROUP", "CREATE", key(random), group(random), random.pick(["$", "0"]), "MKSTREAM"),
      ],
      destroy: [0.5, (random) => call("XGROUP", "DESTROY", key(random), group(random))],
      leave: [0.5, (random) => call("XGROUP", "DELCONSUMER", key(random), group(random), consumer(random))],
      read: [
        10,
        (random) =>
          call(
            "XREADGROUP",
            "GROUP",
            group(random),
            consumer(random),
            "COUNT",
            random.integer(1, 30),
            "STREAMS",
            key(random),
            ">",
          ),
      ],
      ack: [6, (random) => call("XACK", key(random), group(random), ...someIds(random))],
      claim: [
        3,
        (random) =>
          call(
            "XCLAIM",
            key(random),
            group(random),
            consumer(random),
            0,
            ...someIds(random),
            ...random.pick([[], ["FORCE"]]),
          ),
      ],
      auto: [
        1,
        (random) => call("XAUTOCLAIM", key(random), group(random), consumer(random), 0, `${Math.max(1, next - 60)}-0`),
      ],
      copy: [0.5, () => call("COPY", "s", "t", "REPLACE")],
      drop: [0.2, (random) => call(random.pick(["DEL", "UNLINK"]), key(random))],
    };
    runOperations({
      seed: 13,
      steps: 4000,
      operations,
      checkEvery: 200,
      check() {
        settle(redbun);
        expectNoLeak(redbun);
        for (const each of ["s", "t"]) checkStream(redbun, each);
      },
    });
    const empty = new InProcess(directives);
    redbun.run("FLUSHALL");
    settle(redbun);
    expect(redbun.keyspace.heap.usedBytes).toBe(empty.keyspace.heap.usedBytes);
  });
});

/** Counts what the header of a stream counts, and what its groups do. */
function checkStream(redbun: InProcess, key: string): void {
  const ref = redbun.entry(key);
  if (ref === 0) return;
  const found = ids(redbun.call("XRANGE", key, "-", "+"));
  expect(ids(redbun.call("XREVRANGE", key, "+", "-")).reverse()).toEqual(found);
  expect(redbun.call("XLEN", key)).toEqual(integer(found.length));
  const { stream, group } = streamsOf(redbun.keyspace);
  stream.open(redbun.keyspace.entries.valueWord(ref, 0));
  expect(stream.firstId.toString()).toBe(found[0] ?? "0-0");
  let entries = 0;
  for (let more = stream.nodes.first(); more; more = stream.nodes.next()) {
    stream.openNode();
    expect(stream.node.count).toBeGreaterThan(0);
    entries += stream.node.count;
  }
  expect(entries).toBe(found.length);
  group.groups.open(stream.groups);
  for (let slot = 0; slot < group.groups.size; slot++) {
    group.open(group.groups.at(slot));
    let owned = 0;
    for (let i = 0; i < group.consumers.size; i++) {
      group.openConsumer(group.consumers.at(i));
      for (let more = group.own.first(); more; more = group.own.next()) {
        expect(group.consumerOf(group.own.ref)).toBe(group.consumer);
        owned++;
      }
    }
    expect(owned).toBe(group.pending.size);
  }
}

describe("memory", () => {
  test("a node is the listpack that Redis makes of the same entries", () => {
    const redbun = new InProcess();
    redbun.run("XADD s 5-5 a 1 b two", "XADD s 5-6 a 300 b x", "XADD s 7-0 c 1", "XDEL s 5-6");
    const { stream } = streamsOf(redbun.keyspace);
    stream.open(redbun.keyspace.entries.valueWord(redbun.entry("s"), 0));
    stream.nodes.first();
    const pack = new Listpack(redbun.keyspace.heap);
    pack.open(stream.nodes.ref);
    const elements: string[] = [];
    for (let p = pack.first(); p !== 0; p = pack.next(p)) {
      pack.read(p);
      elements.push(pack.value.subarray(pack.at, pack.at + pack.length).toString());
    }
    expect(elements.join(" ")).toBe("2 1 2 a b 0 2 0 0 1 two 5 3 0 1 300 x 5 0 2 -5 1 c 1 6");
    expect(pack.count).toBe(elements.length);
  });

  test("two small fields take less than half of what they take in Redis, 13.6 bytes", () => {
    const redbun = new InProcess();
    const before = redbun.keyspace.heap.usedBytes;
    const count = 100_000;
    for (let i = 0; i < count; i++) {
      if (i % 400 === 0) redbun.clock.advance(1);
      redbun.call("XADD", "s", "*", "a", "1", "b", "2");
    }
    expect((redbun.keyspace.heap.usedBytes - before) / count).toBeLessThan(6);
  });

  test("no memory: a command that is refused has changed nothing, and nothing is lost whichever allocation fails", () => {
    const redbun = new InProcess({ "stream-node-max-entries": "3" });
    const long = "x".repeat(300);
    const commands = [
      "XADD s 99-1 f v g 1",
      `XADD s 99-1 f ${long}`,
      `XADD s MAXLEN 2 99-1 f ${long}`,
      "XADD new 1-1 f v",
      "XDEL s 1-1 2-1 3-1 7-1",
      "XTRIM s MAXLEN 1",
      "XTRIM s MINID 5",
      "XGROUP CREATE s new 0",
      "XGROUP CREATE new g 0 MKSTREAM",
      "XGROUP DESTROY s g",
      "XGROUP CREATECONSUMER s g new",
      "XGROUP DELCONSUMER s g a",
      "XREADGROUP GROUP g new STREAMS s >",
      "XREADGROUP GROUP g a STREAMS s t > >",
      "XACK s g 1-1 2-1 3-1",
      "XCLAIM s g b 0 1-1",
      "XCLAIM s g b 0 7-1 FORCE",
      "XAUTOCLAIM s g b 0 0 COUNT 1",
      "COPY s new",
      "COPY s t REPLACE",
    ];
    // A consumer that asks may have been made before there was too little memory for what it asked for.
    const state = (): string[] =>
      ["s", "t", "new"].map((key) =>
        show(redbun.run(`XINFO STREAM ${key} FULL COUNT 0`))
          .replace(/"(seen|active)-time", :-?\d+, /g, "")
          .replace(/(, )?\["name", "(new|b)", "pel-count", :0, "pending", \[\]\]/g, ""),
      );
    let before: string[] = [];
    const prepare = (): InProcess => {
      redbun.run("FLUSHALL");
      fill(redbun, "s", 8);
      fill(redbun, "t", 4);
      redbun.run("XGROUP CREATE s g 0", "XGROUP CREATE t g 0", "XREADGROUP GROUP g a COUNT 5 STREAMS s >");
      before = state();
      return redbun;
    };
    let refusals = 0;
    for (const command of commands) {
      const removes = /^(XDEL|XTRIM|XACK|XGROUP (DESTROY|DELCONSUMER))/.test(command);
      const check = (reply: Reply, _: InProcess, failing: number): void => {
        checkStream(redbun, "s");
        const refused = reply.type === "error";
        if (removes) expect([command, refused]).toEqual([command, false]);
        if (refused) expect([command, failing, ...state()]).toEqual([command, failing, ...before]);
        if (refused) refusals++;
      };
      starve({ name: command, prepare, run: () => redbun.run(command), check });
    }
    expect(refusals).toBeGreaterThan(30);
  });

  test("XREADGROUP without memory for all entries delivers those that there is memory for", () => {
    const redbun = new InProcess();
    fill(redbun, "s", 50);
    redbun.run("XGROUP CREATE s g 0", "XGROUP CREATECONSUMER s g c");
    const read = (): Reply => redbun.run("XREADGROUP GROUP g c STREAMS s >");
    const got = ids(items(items(withBlocks(redbun.keyspace.heap, 20, read))[0])[1]);
    expect(got.length).toBeWithin(2, 20);
    const rest = ids(items(items(read())[0])[1]);
    expect([...got, ...rest]).toHaveLength(50);
    expect(show(items(redbun.run("XPENDING s g"))[0])).toBe(":50");
    checkStream(redbun, "s");
  });

  test("what is large is freed in slices, none of which takes long", () => {
    const redbun = new InProcess({ "stream-node-max-entries": "5" });
    const before = redbun.keyspace.heap.usedBytes;
    for (let i = 1; i <= 40_000; i++) redbun.call("XADD", "s", `${i}-1`, "f", "v");
    redbun.run("XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >", "XGROUP CREATE s h 0");
    for (let i = 0; i < 2000; i++) redbun.call("XGROUP", "CREATECONSUMER", "s", "h", `consumer:${i}`);
    const { heap } = redbun.keyspace;
    const releaser = redbun.keyspace.releaser(redbun.keyspace.entries.type(redbun.entry("s")));
    const release = releaser.release.bind(releaser);
    const free = heap.free.bind(heap);
    let calls = 0;
    let freed = 0;
    let most = 0;
    heap.free = (ref) => {
      freed++;
      free(ref);
    };
    releaser.release = (root, encoding) => {
      const freedBefore = freed;
      const done = release(root, encoding);
      calls++;
      most = Math.max(most, freed - freedBefore);
      return done;
    };
    expect(redbun.run("XGROUP DESTROY s g")).toEqual(integer(1));
    settle(redbun);
    expect(calls).toBeGreaterThan(50);
    expect(redbun.run("DEL s")).toEqual(integer(1));
    settle(redbun);
    expect(most).toBeLessThan(1000);
    expect(redbun.keyspace.heap.usedBytes - before).toBeLessThan(100);
  });

  test("MEMORY USAGE: of all nodes, or estimated from some", () => {
    const redbun = new InProcess();
    expect(redbun.run("MEMORY USAGE s")).toEqual(NULL_BULK);
    fill(redbun, "s", 5000);
    const usage = (...args: string[]): number => Number(show(redbun.call("MEMORY", "USAGE", "s", ...args)).slice(1));
    const all = usage("SAMPLES", "0");
    expect(all).toBeGreaterThan(40_000);
    expect(Math.abs(usage() - all) / all).toBeLessThan(0.15);
    expect(Math.abs(usage("SAMPLES", "1") - all) / all).toBeLessThan(0.25);
    redbun.run("XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >");
    expect(usage("SAMPLES", "0") - all).toBeWithin(5000 * 60, 5000 * 80);
    expect(redbun.run("DEL s")).toEqual(integer(1));
  });
});
