/** The set commands in process: events, the count of changes, chance, memory and time, over every encoding. */

import { describe, expect, test } from "bun:test";
import { EVENT_GENERIC, EVENT_NONE, EVENT_SET } from "../../src/db/keyspace";
import { withFailure } from "../support/failing-heap";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";
import { array, bulk, error, integer, items, NULL_BULK, OK, type Reply, text } from "../support/reply";
import { starve } from "../support/starved-command";

/** Limits under which sets are of one encoding, with members that they then have. */
const ENCODINGS = {
  intset: { directives: {}, member: (i: number) => String(i - 3) },
  listpack: { directives: { "set-max-listpack-entries": "100000" }, member: (i: number) => `member:${i}` },
  hashtable: {
    directives: { "set-max-intset-entries": "0", "set-max-listpack-entries": "0" },
    member: (i: number) => `member:${i}`,
  },
} as const;

type Encoding = keyof typeof ENCODINGS;
const NAMES = Object.keys(ENCODINGS) as Encoding[];

const some = (encoding: Encoding, count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => ENCODINGS[encoding].member(from + i));

const members = (redbun: InProcess, key: string): string[] => items(redbun.call("SMEMBERS", key)).map(text).sort();

describe.each(NAMES)("%s", (encoding) => {
  const { directives, member } = ENCODINGS[encoding];

  test("sets are of this encoding", () => {
    const redbun = new InProcess(directives);
    for (let i = 0; i < 200; i++) redbun.call("SADD", "s", member(i));
    expect(redbun.encoding("s")).toBe(encoding);
    redbun.call("COPY", "s", "t");
    expect(redbun.encoding("t")).toBe(encoding);
    expect(members(redbun, "t")).toEqual(some(encoding, 200).sort());
  });

  test("random operations against a Set; no byte is lost", () => {
    const redbun = new InProcess(directives);
    const model = new Map<string, Set<string>>();
    const of = (key: string): Set<string> => model.get(key) ?? new Set();
    const keep = (key: string, set: Set<string>): void => {
      if (set.size === 0) model.delete(key);
      else model.set(key, set);
    };
    const key = (random: Random): string => random.pick(["a", "b", "c"]);
    const drawn = (random: Random): string[] =>
      Array.from({ length: random.pick([1, 2, 20]) }, () => member(random.integer(0, 150)));
    const algebra: Record<string, (a: Set<string>, b: Set<string>) => Set<string>> = {
      SUNIONSTORE: (a, b) => a.union(b),
      SINTERSTORE: (a, b) => a.intersection(b),
      SDIFFSTORE: (a, b) => a.difference(b),
    };
    runOperations({
      seed: 7,
      steps: 6000,
      operations: {
        add: [
          8,
          (random) => {
            const to = key(random);
            const args = drawn(random);
            const after = of(to).union(new Set(args));
            expect(redbun.call("SADD", to, ...args)).toEqual(integer(after.size - of(to).size));
            keep(to, after);
            return `${to} ${args}`;
          },
        ],
        remove: [
          6,
          (random) => {
            const from = key(random);
            const args = drawn(random);
            const after = of(from).difference(new Set(args));
            expect(redbun.call("SREM", from, ...args)).toEqual(integer(of(from).size - after.size));
            keep(from, after);
            return `${from} ${args}`;
          },
        ],
        pop: [
          4,
          (random) => {
            const from = key(random);
            const count = random.pick([1, 3, 50, of(from).size - 1]);
            if (count < 1) return "";
            const popped = new Set(items(redbun.call("SPOP", from, count)).map(text));
            expect(popped.size).toBe(Math.min(count, of(from).size));
            expect(popped.isSubsetOf(of(from))).toBe(true);
            keep(from, of(from).difference(popped));
            return `${from} ${count}`;
          },
        ],
        random: [
          3,
          (random) => {
            const from = key(random);
            const count = random.pick([1, 3, 50, 90, of(from).size, -30]);
            const got = items(redbun.call("SRANDMEMBER", from, count)).map(text);
            expect(new Set(got).isSubsetOf(of(from))).toBe(true);
            if (count > 0) expect(got.length).toBe(Math.min(count, of(from).size));
            if (count > 0) expect(new Set(got).size).toBe(got.length);
            if (count < 0 && of(from).size > 0) expect(got.length).toBe(-count);
            return `${from} ${count}`;
          },
        ],
        move: [
          2,
          (random) => {
            const [from, to] = [key(random), key(random)];
            const moved = member(random.integer(0, 150));
            const is = of(from).has(moved);
            expect(redbun.call("SMOVE", from, to, moved)).toEqual(integer(is ? 1 : 0));
            if (is) keep(from, of(from).difference(new Set([moved])));
            if (is) keep(to, of(to).union(new Set([moved])));
            return `${from} ${to} ${moved}`;
          },
        ],
        algebra: [
          3,
          (random) => {
            const name = random.pick(Object.keys(algebra));
            const [to, a, b] = [key(random), key(random), key(random)];
            const result = algebra[name](of(a), of(b));
            expect(new Set(items(redbun.call(name.replace("STORE", ""), a, b)).map(text))).toEqual(result);
            expect(redbun.call(name, to, a, b)).toEqual(integer(result.size));
            keep(to, result);
            return `${name} ${to} ${a} ${b}`;
          },
        ],
        copy: [
          1,
          (random) => {
            const [from, to] = [key(random), key(random)];
            if (from === to || !model.has(from)) return "";
            redbun.call("COPY", from, to, "REPLACE");
            keep(to, new Set(of(from)));
            return `${from} ${to}`;
          },
        ],
      },
      check: () => {
        for (const each of ["a", "b", "c"]) expect(members(redbun, each)).toEqual([...of(each)].sort());
        expectNoLeak(redbun);
      },
      checkEvery: 300,
    });
  });

  test("events and the count of changes", () => {
    const cases: [setup: string[], command: string, events: string[], dirty: number][] = [
      [[], "SADD s A B A", ["sadd s"], 2],
      [["SADD s A"], "SADD s A", [], 0],
      [["SADD s A"], "SADD s A B C", ["sadd s"], 2],
      [["SADD s A B C"], "SREM s A B X", ["srem s"], 2],
      [["SADD s A B"], "SREM s A B", ["srem s", "+del s"], 2],
      [["SADD s A"], "SREM s X", [], 0],
      [["SADD s A B", "SADD t C"], "SMOVE s t A", ["+srem s", "modified s", "sadd t"], 2],
      [["SADD s A B", "SADD t A"], "SMOVE s t A", ["+srem s", "modified s"], 1],
      [["SADD s A"], "SMOVE s t A", ["+srem s", "+del s", "modified s", "sadd t"], 2],
      [["SADD s A"], "SMOVE s s A", [], 0],
      [["SADD s A"], "SMOVE s t X", [], 0],
      [["SADD s A B"], "SPOP s", ["+spop s", "modified s"], 1],
      [["SADD s A"], "SPOP s", ["+spop s", "+del s", "modified s"], 1],
      [["SADD s A B C"], "SPOP s 2", ["+spop s", "modified s"], 2],
      [["SADD s A B C"], "SPOP s 3", ["+spop s", "+del s", "modified s"], 3],
      [["SADD s A B C"], "SPOP s 9", ["+spop s", "+del s", "modified s"], 3],
      [["SADD s A B C D E F G H"], "SPOP s 7", ["+spop s", "modified s"], 7],
      [["SADD s A"], "SPOP s 0", [], 0],
      [[], "SPOP s 1", [], 0],
      [["SADD s A B"], "SRANDMEMBER s 1", [], 0],
      [["SADD s A B", "SADD t C"], "SUNIONSTORE d s t", ["sunionstore d"], 1],
      [["SADD s A B", "SADD t B"], "SINTERSTORE d s t", ["sinterstore d"], 1],
      [["SADD s A B", "SADD t B"], "SDIFFSTORE d s t", ["sdiffstore d"], 1],
      [["SADD s A", "SADD d C"], "SINTERSTORE d s d", ["del d"], 1],
      [["SADD s A", "SADD d C"], "SINTERSTORE d s none", ["del d"], 1],
      [["SADD s A", "SADD d C"], "SDIFFSTORE d s s", ["del d"], 1],
      [["SADD d C"], "SUNIONSTORE d none", ["del d"], 1],
      [["SADD s A"], "SINTERSTORE d s none", [], 0],
    ];
    for (const [setup, command, events, dirty] of cases) {
      const redbun = new InProcess(directives);
      const spelled = (line: string): string =>
        line.replace(/\b[A-HX]\b/g, (letter) => member(letter.charCodeAt(0) - 65));
      if (setup.length > 0) redbun.run(...setup.map(spelled));
      const before = redbun.keyspace.dirty;
      const recorded = redbun.recordEvents();
      redbun.run(spelled(command));
      // "+" stands for an event beside the change that was announced.
      const seen = recorded.map(({ change, event, key }) => `${change ? "" : "+"}${event} ${key}`);
      expect([command, ...seen, redbun.keyspace.dirty - before]).toEqual([command, ...events, dirty]);
      for (const { event, eventClass } of recorded.filter((each) => each.eventClass !== EVENT_NONE)) {
        expect(eventClass).toBe(event === "del" ? EVENT_GENERIC : EVENT_SET);
      }
    }
  });

  /**
   * Whether counts that should be equal are: Pearson's chi-square, at 5 standard deviations beyond what is expected, so
   * that one run in millions fails. The seed is fixed besides.
   */
  function expectUniform(counts: ReadonlyMap<string, number>, choices: number): void {
    expect(counts.size).toBe(choices);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const wanted = total / choices;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - wanted) ** 2 / wanted, 0);
    expect(chiSquare).toBeLessThan(choices + 5 * Math.sqrt(2 * choices));
  }

  const count = (counts: Map<string, number>, what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };

  test.each([7, 100, 500])("each of %i members is as likely to be drawn as the others", (size) => {
    const redbun = new InProcess(directives);
    redbun.call("SADD", "s", ...some(encoding, size));
    const draws: Record<string, Map<string, number>> = {
      one: new Map(),
      negative: new Map(),
      few: new Map(),
      most: new Map(),
    };
    for (let i = 0; i < 20 * size; i++) count(draws.one, text(redbun.call("SRANDMEMBER", "s")));
    for (let i = 0; i < 100; i++) {
      for (const each of items(redbun.call("SRANDMEMBER", "s", -size))) count(draws.negative, text(each));
    }
    const most = Math.ceil(size * 0.7);
    const few = Math.ceil(size / 20);
    for (let i = 0; i < 100; i++) {
      for (const each of items(redbun.call("SRANDMEMBER", "s", most))) count(draws.most, text(each));
    }
    for (let i = 0; i < 2000; i++) {
      for (const each of items(redbun.call("SRANDMEMBER", "s", few))) count(draws.few, text(each));
    }
    for (const counts of Object.values(draws)) expectUniform(counts, size);
  });

  test.each([1, 2, 3, 4, 5])("SPOP of %i of six: every choice is as likely as the others", (popped) => {
    const redbun = new InProcess(directives);
    const choices = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      redbun.call("SADD", "s", ...some(encoding, 6));
      redbun.call("SPOP", "s", popped);
      count(choices, members(redbun, "s").join());
    }
    expectUniform(choices, [6, 15, 20, 15, 6][popped - 1]);
  });

  test("a SSCAN meets every member that is there all along, once where members have places", () => {
    const redbun = new InProcess(directives);
    redbun.call("SADD", "s", ...some(encoding, 300));
    const seen = new Map<string, number>();
    let cursor = "0";
    let round = 0;
    do {
      const [next, found] = items(redbun.call("SSCAN", "s", cursor, "COUNT", 7));
      cursor = text(next);
      for (const each of items(found)) count(seen, text(each));
      // What comes and goes meanwhile.
      redbun.call("SADD", "s", ...some(encoding, 20, 1000 + 20 * round));
      redbun.call("SREM", "s", ...some(encoding, 10, 1000 + 20 * round++));
    } while (cursor !== "0");
    for (const each of some(encoding, 300)) expect([each, seen.get(each)]).toEqual([each, 1]);
  });

  test("the set of a key that expires, is deleted or overwritten gives its memory back", () => {
    const redbun = new InProcess(directives);
    const { heap, free } = redbun.keyspace;
    const before = heap.usedBytes;
    const ends: (() => Reply)[] = [
      () => redbun.run("DEL s"),
      () => redbun.run("UNLINK s"),
      () => redbun.run("SET s x", "DEL s"),
      () => redbun.run("SINTERSTORE s s none"),
      () => redbun.run("SADD t 1", "SUNIONSTORE s t", "DEL s t"),
      () => redbun.run("SPOP s 100000"),
      () => redbun.run("RENAME s t", "DEL t"),
      () => redbun.run("FLUSHALL"),
      () => redbun.run("FLUSHALL ASYNC"),
      () => {
        redbun.run("PEXPIRE s 10");
        redbun.clock.advance(20);
        return redbun.run("EXISTS s");
      },
    ];
    for (const end of ends) {
      redbun.call("SADD", "s", ...some(encoding, 3000));
      end();
      free.run(Number.POSITIVE_INFINITY);
      expect(redbun.keyspace.size).toBe(0);
      expect(heap.usedBytes).toBe(before);
    }
  });

  test("a heap that cannot grow: a refused command loses nothing, and what removes always works", () => {
    const redbun = new InProcess(directives);
    const [first, ...rest] = some(encoding, 130);
    const commands: string[][] = [
      ["SADD", "new", first],
      ["SADD", "new", ...rest],
      ["SADD", "new", "x".repeat(5000)],
      ["SADD", "s", "77777777"],
      ["SADD", "s", "99999999999999"],
      ["SADD", "s", "something else"],
      ["SADD", "s", "x".repeat(5000)],
      ["SADD", "s", ...some(encoding, 600)],
      ["SMOVE", "t", "s", "moved"],
      ["SMOVE", "t", "new", "moved"],
      ["SMOVE", "s", "t", first],
      ["SREM", "s", ...rest],
      ["SREM", "s", first, ...rest],
      ["SPOP", "s"],
      ["SPOP", "s", "100"],
      ["SPOP", "s", "128"],
      ["SPOP", "s", "1000"],
      ["SRANDMEMBER", "s", "3"],
      ["SRANDMEMBER", "s", "100"],
      ["COPY", "s", "new"],
      ["COPY", "s", "t", "REPLACE"],
      ["SUNION", "s", "t", "u"],
      ["SDIFF", "s", "t", "u"],
      ["SUNIONSTORE", "new", "s", "t", "u"],
      ["SINTERSTORE", "t", "s", "u"],
      ["SDIFFSTORE", "t", "s", "u"],
      ["SDIFFSTORE", "s", "s", "t", "u"],
    ];
    const state = (): string[][] => ["s", "t", "u", "new"].map((key) => members(redbun, key));
    let before: string[][] = [];
    const prepare = (): InProcess => {
      redbun.run("FLUSHALL");
      redbun.call("SADD", "s", first, ...rest);
      redbun.call("SADD", "t", "moved", first);
      redbun.call("SADD", "u", ...rest.slice(0, 20));
      before = state();
      return redbun;
    };
    for (const command of commands) {
      const name = command.slice(0, 4).join(" ");
      const check = (reply: Reply): void => {
        const refused = reply.type === "error";
        // What removes needs memory only to become smaller, and does without.
        if (command[0] === "SREM") expect(refused).toBe(false);
        if (refused && !isPartial(command)) expect([name, ...state()]).toEqual([name, ...before]);
      };
      starve({ name, prepare, run: () => redbun.call(...command), check });
    }
  });

  /** SADD of several to a set that is there keeps what it added before the heap was full. */
  function isPartial(command: readonly string[]): boolean {
    return command[0] === "SADD" && command[1] === "s" && command.length > 3;
  }

  test("what SADD added before the heap was full is announced", () => {
    const redbun = new InProcess(directives);
    const { heap } = redbun.keyspace;
    redbun.call("SADD", "s", ...some(encoding, 3));
    const events = redbun.recordEvents();
    const dirty = redbun.keyspace.dirty;
    const { result } = withFailure(heap, 4, () => redbun.call("SADD", "s", ...some(encoding, 200)));
    expect(result).toMatchObject({ type: "error" });
    const added = members(redbun, "s").length - 3;
    expect(added).toBeGreaterThan(0);
    expect(events.map(({ event }) => event)).toEqual(["sadd"]);
    expect(redbun.keyspace.dirty - dirty).toBe(added);
  });
});

describe("conversions", () => {
  test("nothing is converted by a limit alone, and a hash table stays one", () => {
    const redbun = new InProcess();
    redbun.call("SADD", "s", 1, 2, 3);
    redbun.call("CONFIG", "SET", "set-max-intset-entries", 2);
    expect(redbun.encoding("s")).toBe("intset");
    redbun.call("SADD", "s", 3);
    expect(redbun.encoding("s")).toBe("intset");
    redbun.call("SADD", "s", 4);
    expect(redbun.encoding("s")).toBe("hashtable");
    redbun.call("CONFIG", "SET", "set-max-intset-entries", 200);
    redbun.call("SREM", "s", 4, 3);
    expect(redbun.encoding("s")).toBe("hashtable");
    expect(members(redbun, "s")).toEqual(["1", "2"]);
  });

  test("SPOP of nearly all makes a listpack of a hash table, and keeps the expiry", () => {
    const redbun = new InProcess();
    redbun.call("SADD", "s", ...some("hashtable", 1000));
    redbun.call("PEXPIRE", "s", 5000);
    const at = redbun.expireAt("s");
    redbun.call("SPOP", "s", 900);
    expect(redbun.encoding("s")).toBe("listpack");
    expect(redbun.expireAt("s")).toBe(at);
    redbun.call("SADD", "s", ...some("hashtable", 1000));
    redbun.call("SPOP", "s", 100);
    expect(redbun.encoding("s")).toBe("hashtable");
  });
});

test("DEBUG HTSTATS-KEY shows the hash table of a set that has one", () => {
  const redbun = new InProcess({ "enable-debug-command": "yes" });
  redbun.run("SADD small 1 2 3");
  redbun.call("SADD", "large", ...some("hashtable", 300));
  expect(text(redbun.run("DEBUG HTSTATS-KEY large"))).toContain("number of elements: 300\n");
  for (const key of ["small", "missing"])
    expect(redbun.call("DEBUG", "HTSTATS-KEY", key)).toMatchObject({ type: "error" });
});

describe("SRANDMEMBER", () => {
  test("is fair in a set that SSCAN and SREM have made small", () => {
    const redbun = new InProcess();
    for (let i = 0; i < 20_000; i += 1000) redbun.call("SADD", "s", ...some("hashtable", 1000, i));
    // What goes in the order of the hash table leaves a rest that stands close together in it.
    for (let cursor = "0"; ; ) {
      const [next, found] = items(redbun.call("SSCAN", "s", cursor, "COUNT", 100));
      const left = Number((redbun.call("SCARD", "s") as { value: bigint }).value);
      if (left <= 30) break;
      redbun.call(
        "SREM",
        "s",
        ...items(found)
          .map(text)
          .slice(0, left - 30),
      );
      cursor = text(next);
    }
    expect(redbun.encoding("s")).toBe("hashtable");
    const counts = new Map<string, number>();
    for (let i = 0; i < 300; i++) {
      for (const each of items(redbun.call("SRANDMEMBER", "s", -10))) {
        counts.set(text(each), (counts.get(text(each)) ?? 0) + 1);
      }
    }
    expect(counts.size).toBe(30);
    // 29 degrees of freedom: more than 73 has a probability of 0.00001.
    expect([...counts.values()].reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0)).toBeLessThan(73);
  });

  test("a count that no reply can hold is refused at once", () => {
    const redbun = new InProcess();
    redbun.call("SADD", "s", "a");
    for (const count of ["-9223372036854775807", "-1000000000"]) {
      expect(redbun.call("SRANDMEMBER", "s", count)).toEqual(
        error("OOM command not allowed when used memory > 'maxmemory'."),
      );
    }
    expect(redbun.call("SRANDMEMBER", "s", "-3")).toEqual(array(bulk("a"), bulk("a"), bulk("a")));
    expect(redbun.call("SRANDMEMBER", "none")).toEqual(NULL_BULK);
  });
});

describe("bounded work", () => {
  test("a set of a hundred thousand members goes in slices, whichever way it goes", () => {
    const redbun = new InProcess();
    const { free, heap } = redbun.keyspace;
    const used = heap.usedBytes;
    for (const end of ["DEL s", "UNLINK s", "SET s x", "SINTERSTORE s none none"]) {
      for (let i = 0; i < 100_000; i += 1000) redbun.call("SADD", "s", ...some("hashtable", 1000, i));
      const before = heap.usedBytes;
      redbun.run(end);
      expect(heap.usedBytes).toBeGreaterThan(before * 0.95);
      let slices = 0;
      while (!free.run(0)) slices++;
      expect(slices).toBeGreaterThan(100);
      redbun.run("FLUSHALL");
      expect(heap.usedBytes).toBe(used);
    }
  });
});

test("sets of several servers do not meet", () => {
  const [one, two] = [new InProcess(), new InProcess()];
  for (let i = 0; i < 300; i++) {
    one.call("SADD", "s", `a${i}`);
    two.call("SADD", "s", `b${i}`);
  }
  expect(one.call("SISMEMBER", "s", "b1")).toEqual(integer(0));
  expect(two.call("SCARD", "s")).toEqual(integer(300));
  expect(two.run("FLUSHALL")).toEqual(OK);
  expect(one.call("SCARD", "s")).toEqual(integer(300));
});
