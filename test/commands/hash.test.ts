/** Hash commands in-process: every encoding, with events, dirty counts, memory, and fields that the clock kills. */

import { describe, expect, test } from "bun:test";
import { EVENT_GENERIC, EVENT_HASH } from "../../src/db/keyspace";
import { hashType } from "../../src/types/hash/hash-type";
import { bytesInUse, expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { array, bulk, error, integer, items, map, OK, pairs, type Reply, text } from "../support/reply";
import { starve } from "../support/starved-command";

/** Directives that make a hash of a few fields one of each encoding. */
const ENCODINGS = {
  listpack: {},
  hashtable: { "hash-max-listpack-entries": "0" },
} as const;

/** HGETALL as an object. */
function fieldsOf(redbun: InProcess, key: string): Record<string, string> {
  const flat = items(redbun.call("HGETALL", key)).map(text);
  return Object.fromEntries(flat.flatMap((each, i) => (i % 2 === 0 ? [[each, flat[i + 1]]] : [])));
}

/** What a command changes: its events and how much dirtier it makes the data set. */
function effect(redbun: InProcess, command: string): { events: string[]; dirty: number } {
  const before = redbun.keyspace.dirty;
  const events = redbun.recordEvents();
  redbun.run(command);
  return { events: events.splice(0).map(({ event, key }) => `${event} ${key}`), dirty: redbun.keyspace.dirty - before };
}

/** Runs what cron does for expiry until nothing is left to do. */
function expireNow(redbun: InProcess): void {
  const { clock, expireCycle } = redbun.server;
  while (expireCycle.run(clock.monotonic() + 1000));
}

for (const [encoding, directives] of Object.entries(ENCODINGS)) {
  describe(encoding, () => {
    const expiring = encoding === "listpack" ? "listpackex" : "hashtable";

    test("OBJECT ENCODING, before and after a field expires", () => {
      const redbun = new InProcess(directives);
      redbun.run("HSET h a 1 b 2");
      expect(redbun.encoding("h")).toBe(encoding);
      redbun.run("HEXPIRE h 100 FIELDS 1 a");
      expect(redbun.encoding("h")).toBe(expiring);
      redbun.run("HPERSIST h FIELDS 1 a");
      expect(redbun.encoding("h")).toBe(expiring);
    });

    test("events and dirty counts", () => {
      const redbun = new InProcess(directives);
      for (const [command, events, dirty] of [
        ["HSET h a 1 b 2 c 3", ["hset h"], 3],
        ["HSET h a 1 b 2", ["hset h"], 2],
        ["HMSET h a 1", ["hset h"], 1],
        ["HSETNX h a 1", [], 0],
        ["HSETNX h d 1", ["hset h"], 1],
        ["HINCRBY h n 1", ["hincrby h"], 1],
        ["HINCRBYFLOAT h n 1", ["hincrbyfloat h"], 1],
        ["HINCRBY h n x", [], 0],
        ["HGET h a", [], 0],
        ["HGETALL h", [], 0],
        ["HDEL h a b zz", ["hdel h"], 2],
        ["HDEL h zz", [], 0],
        ["HEXPIRE h 100 FIELDS 3 n c zz", ["hexpire h"], 2],
        ["HEXPIRE h 100 NX FIELDS 1 n", [], 0],
        ["HPERSIST h FIELDS 3 n c zz", ["hpersist h"], 1],
        ["HPERSIST h FIELDS 3 n c zz", [], 0],
        ["HGETEX h FIELDS 2 c d", [], 0],
        ["HGETEX h EX 100 FIELDS 3 c d zz", ["hexpire h"], 2],
        ["HGETEX h PERSIST FIELDS 2 c d", ["hpersist h"], 2],
        ["HSETEX h EX 100 FIELDS 2 c 1 d 2", ["hset h", "hexpire h"], 2],
        ["HSETEX h FNX EX 100 FIELDS 2 c 1 d 2", [], 0],
        ["HSETEX h KEEPTTL FIELDS 1 c 1", ["hset h"], 1],
        ["HSETEX h EX 0 FIELDS 1 new 1", ["hset h", "hdel h"], 1],
        ["HGETDEL h FIELDS 2 c zz", ["hdel h"], 1],
        ["HEXPIRE h 0 FIELDS 1 d", ["hdel h"], 1],
        ["HDEL h n", ["hdel h", "del h"], 1],
        ["HSETEX h EX 0 FIELDS 1 a 1", ["hset h", "hdel h", "del h"], 1],
        ["HSET h a 1", ["hset h"], 1],
        ["HGETEX h EX 0 FIELDS 1 a", ["hdel h", "del h"], 1],
        ["HSET h a 1", ["hset h"], 1],
        ["HGETDEL h FIELDS 1 a", ["hdel h", "del h"], 1],
        ["HSET h a 1", ["hset h"], 1],
        ["HEXPIRE h 0 FIELDS 1 a", ["hdel h", "del h"], 1],
      ] as const) {
        expect([command, effect(redbun, command)]).toEqual([command, { events: [...events], dirty }]);
      }
      expect(redbun.entry("h")).toBe(0);
      expectNoLeak(redbun);
    });

    test("event classes", () => {
      const redbun = new InProcess(directives);
      const events = redbun.recordEvents();
      redbun.run("HSET h a 1", "HDEL h a");
      expect(events.map(({ event, eventClass }) => [event, eventClass])).toEqual([
        ["hset", EVENT_HASH],
        ["hdel", EVENT_HASH],
        ["del", EVENT_GENERIC],
      ]);
    });

    test("RESP3: a map of fields, pairs of random ones", () => {
      const redbun = new InProcess(directives);
      redbun.run("HELLO 3", "HSET h a 1");
      expect(redbun.run("HGETALL h")).toEqual(map([bulk("a"), bulk("1")]));
      expect(redbun.run("HGETALL missing")).toEqual(map());
      expect(redbun.run("HKEYS h")).toEqual(array(bulk("a")));
      expect(redbun.run("HVALS h")).toEqual(array(bulk("1")));
      expect(redbun.run("HRANDFIELD h 1 WITHVALUES")).toEqual(array(array(bulk("a"), bulk("1"))));
      expect(redbun.run("HRANDFIELD h -2")).toEqual(array(bulk("a"), bulk("a")));
      redbun.run("HSET h b 2", "HPEXPIRE h 1 FIELDS 1 a");
      redbun.clock.advance(2);
      expect(redbun.run("HGETALL h")).toEqual(map([bulk("b"), bulk("2")]));
    });

    test("keyspace hits and misses: as for other types, by key", () => {
      const redbun = new InProcess(directives);
      const { stats } = redbun.keyspace;
      redbun.run("HSET h a 1", "HGET h a", "HGET h zz", "HGET missing a", "HGETALL h", "HLEN missing");
      expect([stats.hits, stats.misses]).toEqual([3, 2]);
    });

    test("HSCAN goes through all fields, each exactly once, while others come and go", () => {
      const redbun = new InProcess(directives);
      for (let i = 0; i < 300; i++) redbun.run(`HSET h stays${i} ${i} goes${i} ${i}`);
      const seen: string[] = [];
      let cursor = "0";
      let round = 0;
      do {
        const [next, found] = items(redbun.call("HSCAN", "h", cursor, "COUNT", 20, "MATCH", "stays*", "NOVALUES"));
        seen.push(...items(found).map(text));
        cursor = text(next);
        redbun.run(`HDEL h goes${round} goes${round + 100} goes${round + 200}`, `HSET h new${round} 1`);
        round++;
      } while (cursor !== "0");
      expect(seen.sort()).toEqual(Array.from({ length: 300 }, (_, i) => `stays${i}`).sort());
      if (encoding === "hashtable") expect(round).toBeGreaterThan(10);
    });

    test("HRANDFIELD: every field is as likely, one by one, with and without repetition", () => {
      const redbun = new InProcess(directives);
      const count = 40;
      for (let i = 0; i < count; i++) redbun.run(`HSET h ${i} v`);
      const draw = (...args: (string | number)[]): string[] => items(redbun.call("HRANDFIELD", "h", ...args)).map(text);
      const single = Array.from({ length: 8000 }, () => text(redbun.run("HRANDFIELD h")));
      expectUniform(single, count);
      expectUniform(draw(-8000), count);
      expectUniform(Array.from({ length: 1000 }, () => draw(8)).flat(), count);
      expectUniform(Array.from({ length: 400 }, () => draw(20)).flat(), count);
      for (const wanted of [1, 8, 20, 39]) expect(new Set(draw(wanted)).size).toBe(wanted);
      expect(draw(100).length).toBe(count);
    });

    describe("fields whose time comes", () => {
      function dying(...fields: string[]): InProcess {
        const redbun = new InProcess(directives);
        redbun.run("HSET h a 1 b 2 c 3 d 4", `HPEXPIRE h 10 FIELDS ${fields.length} ${fields.join(" ")}`);
        return redbun;
      }

      test("live to the last millisecond, and not beyond it", () => {
        const redbun = dying("a");
        redbun.clock.advance(10);
        expect(redbun.run("HGET h a")).toEqual(bulk("1"));
        expect(redbun.run("HPTTL h FIELDS 1 a")).toEqual(array(integer(0)));
        redbun.clock.advance(1);
        expect(redbun.run("HPTTL h FIELDS 1 a")).toEqual(array(integer(-2)));
        expect(fieldsOf(redbun, "h")).toEqual({ b: "2", c: "3", d: "4" });
        expect(redbun.run("HLEN h")).toEqual(integer(4));
      });

      test("are deleted by who reads them: hexpired, no dirt, and the end of the key", () => {
        const redbun = dying("a", "b", "c");
        redbun.clock.advance(11);
        expect(effect(redbun, "HGET h a")).toEqual({ events: ["hexpired h"], dirty: 0 });
        expect(effect(redbun, "HMGET h b c d")).toEqual({ events: ["hexpired h"], dirty: 0 });
        expect(redbun.run("HLEN h")).toEqual(integer(1));
        redbun.run("HPEXPIRE h 1 FIELDS 1 d");
        redbun.clock.advance(2);
        expect(effect(redbun, "HEXISTS h d")).toEqual({ events: ["hexpired h", "del h"], dirty: 0 });
        expect(redbun.entry("h")).toBe(0);
        expectNoLeak(redbun);
      });

      test("are deleted before they are counted up, and the key is made anew if that was all", () => {
        const redbun = new InProcess(directives);
        redbun.run("HSETEX h PX 1 FIELDS 1 n 5");
        redbun.clock.advance(2);
        expect(effect(redbun, "HINCRBY h n 1")).toEqual({ events: ["hexpired h", "del h", "hincrby h"], dirty: 1 });
        expect(fieldsOf(redbun, "h")).toEqual({ n: "1" });
        expect(redbun.encoding("h")).toBe(encoding);
      });

      test("are deleted in the background: hexpired once, and del", () => {
        const redbun = dying("a", "b");
        redbun.clock.advance(11);
        const events = redbun.recordEvents();
        const { dirty } = redbun.keyspace;
        expireNow(redbun);
        expect(events.map(({ event, key }) => `${event} ${key}`)).toEqual(["hexpired h"]);
        expect(redbun.keyspace.dirty).toBe(dirty);
        expect(redbun.run("HLEN h")).toEqual(integer(2));
        redbun.run("HPEXPIRE h 10 FIELDS 2 c d");
        redbun.clock.advance(11);
        events.length = 0;
        expireNow(redbun);
        expect(events.map(({ event, key }) => `${event} ${key}`)).toEqual(["hexpired h", "del h"]);
        expect(redbun.entry("h")).toBe(0);
        expectNoLeak(redbun);
      });

      test("the background follows a key wherever it goes", () => {
        for (const commands of [
          ["RENAME h g"],
          ["SELECT 1", "SET s v", "SELECT 0", "MOVE h 1"],
          ["SWAPDB 0 1"],
          ["COPY h g", "DEL h"],
          ["COPY h g DB 5", "DEL h"],
          ["EXPIRE h 1000"],
          ["RENAME h g", "PERSIST g", "COPY g h", "RENAME h i"],
        ]) {
          const redbun = dying("a", "b");
          redbun.run(...commands);
          redbun.clock.advance(11);
          expireNow(redbun);
          const sizes = redbun.keyspace.databases.flatMap(({ id, size }) => {
            redbun.run(`SELECT ${id}`);
            return size === 0 ? [] : items(redbun.run("KEYS *")).map((key) => redbun.call("HLEN", text(key)));
          });
          const copied = commands.length > 1 && !commands.includes("MOVE h 1") && !commands.includes("DEL h");
          expect([commands, sizes.filter(({ type }) => type === "integer")]).toEqual([
            commands,
            copied ? [integer(2), integer(2)] : [integer(2)],
          ]);
          expectNoLeak(redbun);
        }
      });

      test("a hash that is deleted, overwritten or flushed leaves no deadline behind", () => {
        for (const command of ["DEL h", "UNLINK h", "SET h v", "FLUSHALL", "FLUSHALL ASYNC", "HDEL h a b c d"]) {
          const redbun = dying("a", "b");
          redbun.run(command);
          redbun.clock.advance(11);
          expireNow(redbun);
          redbun.keyspace.free.run(Number.POSITIVE_INFINITY);
          expect([command, hashType(redbun.keyspace).hashes.timers.deadlines.size]).toEqual([command, 0]);
          expectNoLeak(redbun);
        }
      });

      test("stay while DEBUG SET-ACTIVE-EXPIRE is 0", () => {
        const redbun = dying("a");
        redbun.server.expireCycle.enabled = false;
        redbun.clock.advance(11);
        expireNow(redbun);
        expect(redbun.run("HLEN h")).toEqual(integer(4));
      });

      test("are hidden and stay while keys must not expire", () => {
        const redbun = dying("a", "b", "c", "d");
        redbun.clock.advance(11);
        redbun.keyspace.expiry = "hide";
        expireNow(redbun);
        expect(redbun.run("HGET h a")).toMatchObject({ type: "null-bulk" });
        expect(redbun.run("HRANDFIELD h")).toMatchObject({ type: "null-bulk" });
        expect(redbun.run("HRANDFIELD h -5")).toEqual(array());
        expect(redbun.run("HRANDFIELD h 5")).toEqual(array());
        expect(redbun.run("HLEN h")).toEqual(integer(4));
        redbun.keyspace.expiry = "ignore";
        expect(redbun.run("HGET h a")).toEqual(bulk("1"));
        redbun.keyspace.expiry = "delete";
        expireNow(redbun);
        expect(redbun.entry("h")).toBe(0);
      });

      test("WATCH notices that a field expired", () => {
        const redbun = dying("a");
        redbun.run("WATCH h", "MULTI", "PING");
        redbun.clock.advance(11);
        expireNow(redbun);
        expect(redbun.run("EXEC")).toMatchObject({ type: "null-array" });
      });
    });

    test("random commands with the clock running leave nothing behind", () => {
      const redbun = new InProcess(directives);
      let seed = 1;
      const below = (n: number): number => {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        return (seed >>> 8) % n;
      };
      for (let i = 0; i < 3000; i++) {
        const field = `f${below(30)}`;
        const key = `h${below(4)}`;
        redbun.run(
          [
            `HSET ${key} ${field} ${"v".repeat(below(40))}x`,
            `HSETEX ${key} PX ${below(50)} FIELDS 1 ${field} v`,
            `HPEXPIRE ${key} ${below(50)} FIELDS 1 ${field}`,
            `HPERSIST ${key} FIELDS 1 ${field}`,
            `HDEL ${key} ${field}`,
            `HGET ${key} ${field}`,
            `COPY ${key} h${below(4)} REPLACE`,
            `DEL ${key}`,
          ][below(8)],
        );
        redbun.clock.advance(below(3));
        if (below(20) === 0) expireNow(redbun);
      }
      expectNoLeak(redbun);
      redbun.clock.advance(1000);
      expireNow(redbun);
      for (let i = 0; i < 4; i++) redbun.run(`DEL h${i}`);
      expect(hashType(redbun.keyspace).hashes.timers.deadlines.size).toBe(0);
      expectNoLeak(redbun);
    });
  });
}

/** Chi-square of draws of the numbers below `count`: beyond this bound once in a million times. */
function expectUniform(draws: readonly string[], count: number): void {
  const seen = new Array<number>(count).fill(0);
  for (const each of draws) seen[Number(each)]++;
  const expected = draws.length / count;
  const chiSquare = seen.reduce((sum, each) => sum + (each - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(count - 1 + 4.9 * Math.sqrt(2 * (count - 1)) + 15);
}

describe("large hashes", () => {
  test("one that grew after its only expiry had gone is not looked at for ever", () => {
    const redbun = new InProcess({ "hash-max-listpack-entries": "2" });
    redbun.run("HSET h a 1 b 2", "HPEXPIRE h 10 FIELDS 1 a", "HDEL h a", "HSET h c 3 d 4");
    redbun.clock.advance(20);
    expect(redbun.server.expireCycle.run(Number.POSITIVE_INFINITY)).toBe(false);
    redbun.run("HPEXPIRE h 10 FIELDS 1 b");
    redbun.clock.advance(20);
    redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
    expect(redbun.run("HLEN h")).toEqual(integer(2));
  });

  const FIELDS = 20_000;

  function large(expiring: boolean): InProcess {
    const redbun = new InProcess();
    const step = 100;
    for (let i = 0; i < FIELDS; i += step) {
      const texts = Array.from({ length: step }, (_, j) => [`field:${i + j}`, `value${i + j}`]).flat();
      redbun.call("HSET", "h", ...texts);
      if (!expiring) continue;
      const fields = texts.filter((_, j) => j % 2 === 0);
      redbun.call("HPEXPIRE", "h", 10 + (i % 1000), "FIELDS", fields.length, ...fields);
    }
    return redbun;
  }

  test("all fields are there", () => {
    const redbun = large(false);
    expect(redbun.run("HLEN h")).toEqual(integer(FIELDS));
    for (let i = 0; i < FIELDS; i += 997) expect(redbun.run(`HGET h field:${i}`)).toEqual(bulk(`value${i}`));
    redbun.run("HELLO 3");
    expect(pairs(redbun.run("HGETALL h")).length).toBe(FIELDS);
    expectNoLeak(redbun);
  });

  test("a field takes at most 45 bytes in all", () => {
    const redbun = large(false);
    expect(bytesInUse(redbun.keyspace) / FIELDS).toBeLessThan(45);
    expect(hashType(redbun.keyspace).bytes(redbun.entry("h"), 5) / FIELDS).toBeWithin(30, 45);
  });

  test("go in slices: no step frees more than a segment's fields", () => {
    const redbun = large(true);
    redbun.run("UNLINK h");
    const { free, heap } = redbun.keyspace;
    expect(free.pending).toBe(1);
    let steps = 0;
    for (; !free.idle; steps++) {
      const before = heap.usedBytes;
      // The clock stands still: one step a run.
      free.run(redbun.clock.monotonic());
      expect(before - heap.usedBytes).toBeLessThan(40_000);
    }
    expect(steps).toBeGreaterThan(20);
    expectNoLeak(redbun);
  });

  test("fields of a thousand different times are gone when these have come", () => {
    const redbun = large(true);
    for (const at of [5, 300, 700]) {
      redbun.clock.advance(at);
      expireNow(redbun);
    }
    // Long hashes are not looked at every millisecond.
    redbun.clock.advance(100);
    expireNow(redbun);
    expect(redbun.entry("h")).toBe(0);
    expectNoLeak(redbun);
  });

  test("a step of the background looks at a bounded number of fields", () => {
    const redbun = large(true);
    redbun.clock.advance(2000);
    const before = hashType(redbun.keyspace);
    let steps = 0;
    for (let last = FIELDS; redbun.entry("h") !== 0; steps++) {
      redbun.server.expireCycle.run(redbun.clock.monotonic());
      if (redbun.entry("h") === 0) break;
      before.hashes.open(redbun.entry("h"));
      const { size } = before.hashes;
      expect(last - size).toBeLessThan(600);
      last = size;
    }
    expect(steps).toBeGreaterThan(20);
    expectNoLeak(redbun);
  });
});

describe("without memory", () => {
  /** Commands, each of which runs on a fresh server with every one of its allocations failing in turn. */
  const PREPARED: [string[], string][] = [
    [[], "HSET h a 1 b 2 c 3"],
    [[], "HSETNX h a 1"],
    [[], "HINCRBY h a 1"],
    [[], "HINCRBYFLOAT h a 1.5"],
    [[], "HSETEX h EX 100 FIELDS 2 a 1 b 2"],
    [["HSET h a 1 b 2"], "HSET h c 1234567890 d abcdefghijklmnopqrst"],
    [["HSET h a 1 b 2"], "HEXPIRE h 100 FIELDS 2 a b"],
    [["HSET h a 1 b 2", "HEXPIRE h 100 FIELDS 1 a"], "HEXPIRE h 90 FIELDS 2 a b"],
    [["HSET h a 1 b 2", "HEXPIRE h 100 FIELDS 2 a b"], "HPERSIST h FIELDS 2 a b"],
    [["HSET h a 1 b 2", "HEXPIRE h 100 FIELDS 2 a b"], "HSET h a abcdefghijklmnopqrstuvwxyz b c"],
    [["HSET h a 1 b 2", "HEXPIRE h 100 FIELDS 2 a b"], "COPY h g"],
    [["HSET h a 1 b 2", "HEXPIRE h 100 FIELDS 2 a b"], "RENAME h g"],
    [["HSET h a 1 b 2", "HEXPIRE h 100 FIELDS 2 a b"], "HDEL h a"],
    [["HSET h a 1 b 2"], "COPY h g"],
    [["HSET h a 1 b 2"], `HSET h long ${"x".repeat(100)}`],
    [["HSET h a 1 b 2", "HEXPIRE h 100 FIELDS 1 a"], `HSET h long ${"x".repeat(100)}`],
    [["HSET h a 1 b 2", "HEXPIRE h 100 FIELDS 1 a"], "HGETEX h EX 10 FIELDS 2 a b"],
  ];

  for (const [encoding, directives] of Object.entries(ENCODINGS)) {
    for (const [setup, command] of PREPARED) {
      test(`${encoding}: ${command.slice(0, 60)} after ${setup.join(", ") || "nothing"}`, () => {
        let before: Record<string, string> = {};
        const failures = starve({
          name: command,
          prepare() {
            const redbun = new InProcess(directives);
            redbun.run(...setup);
            before = snapshot(redbun);
            return redbun;
          },
          run: (redbun) => redbun.run(command),
          check(reply, redbun) {
            // What frees memory works without; everything else was refused.
            if (reply.type === "error") expectBetween(redbun, before, command);
            // The data set is whole: the same command works now.
            expect(redbun.run(command).type).not.toBe("error");
            expectNoLeak(redbun);
          },
        });
        if (!/^(HDEL|HPERSIST)/.test(command)) expect(failures).toBeGreaterThan(0);
      });
    }
  }

  function snapshot(redbun: InProcess): Record<string, string> {
    return redbun.entry("h") === 0 ? {} : fieldsOf(redbun, "h");
  }

  /** Every field has the value of before, or one that the command gives it. */
  function expectBetween(redbun: InProcess, before: Record<string, string>, command: string): void {
    const words = command.split(" ");
    for (const [field, value] of Object.entries(snapshot(redbun))) {
      if (before[field] !== value) expect(words.slice(2)).toContain(value);
    }
    for (const field of Object.keys(before)) expect(Object.keys(snapshot(redbun))).toContain(field);
    expect(redbun.entry("g")).toBe(0);
  }
});

test("DEBUG DIGEST tells fields, values and expiries apart", () => {
  const digests = ["HSET h a 1 b 2", "HSET h a 2 b 1", "HSET h b 1 a 2", "HSETEX h EX 100 FIELDS 2 a 1 b 2"].map(
    (each) => {
      const redbun = new InProcess({ "enable-debug-command": "yes" });
      redbun.run(each);
      return text(items(redbun.run("DEBUG DIGEST-VALUE h"))[0]);
    },
  );
  expect(digests[1]).toBe(digests[2]);
  expect(new Set(digests).size).toBe(3);
});

test("a reply of an error changes nothing", () => {
  const redbun = new InProcess();
  redbun.run("HSET h a 1");
  const { dirty } = redbun.keyspace;
  const refused: [string, Reply][] = [
    ["HSET h a", error("ERR wrong number of arguments for 'hset' command")],
    ["HSET h a 2 b", error("ERR wrong number of arguments for 'hset' command")],
    ["HEXPIRE h 10 FIELDS 2 a", error("ERR The `numfields` parameter must match the number of arguments")],
    ["HSETEX h EX x FIELDS 1 a 2", error("ERR value is not an integer or out of range")],
  ];
  for (const [command, reply] of refused) expect(redbun.run(command)).toEqual(reply);
  expect(redbun.keyspace.dirty).toBe(dirty);
  expect(fieldsOf(redbun, "h")).toEqual({ a: "1" });
  expect(redbun.run("HMSET h a 2")).toEqual(OK);
});
