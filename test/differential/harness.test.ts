/** The differential harness checked against itself: it has to see every kind of difference, and no others. */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { array, bulk, double, error, integer, map, NULL, NULL_BULK, set, simple } from "../support/reply";
import { REPOSITORY, requireRedis } from "../support/server";
import { cmd, parseCommand, showCommand } from "./command";
import * as comparers from "./comparer";

describe("a command line", () => {
  const cases: [string, string[]][] = [
    ["SET k v", ["SET", "k", "v"]],
    ["  SET   k  ", ["SET", "k"]],
    ['SET k "a b"', ["SET", "k", "a b"]],
    ['SET k ""', ["SET", "k", ""]],
    ['SET k "\\x00\\xff\\n\\r\\t\\"\\\\"', ["SET", "k", '\x00\xff\n\r\t"\\']],
    ["SET k 'a \\' \\n'", ["SET", "k", "a ' \\n"]],
  ];
  for (const [line, args] of cases) {
    test(line, () => {
      expect(parseCommand(line).args).toEqual(args);
      expect(parseCommand(showCommand(parseCommand(line))).args).toEqual(args);
    });
  }

  test("every byte survives being shown and parsed", () => {
    const all = cmd(
      "SET",
      new Uint8Array(256).map((_, i) => i),
    );
    expect(parseCommand(showCommand(all))).toEqual(all);
  });

  test("mistakes throw", () => {
    expect(() => parseCommand('SET "k')).toThrow("unbalanced");
    expect(() => parseCommand('SET "k"v')).toThrow("closing quote");
    expect(() => parseCommand("  ")).toThrow("empty");
    expect(() => cmd("SET", "é→")).toThrow("latin1");
  });
});

describe("a comparer", () => {
  const one = integer(1);
  const [a, b] = [bulk("a"), bulk("b")];
  const agrees = (comparer: comparers.Comparer, x: typeof one, y: typeof one) => comparer(x, y) === undefined;

  test("exact tells types apart", () => {
    const all = [
      one,
      bulk("1"),
      simple("1"),
      error("1"),
      double("1"),
      NULL,
      NULL_BULK,
      array(one),
      set(one),
      map([a, b]),
    ];
    for (const x of all) for (const y of all) expect(agrees(comparers.exact, x, y)).toBe(x === y);
  });

  test("sorted takes any order, of the outermost level alone", () => {
    expect(agrees(comparers.sorted, array(a, b), array(b, a))).toBe(true);
    expect(agrees(comparers.sorted, array(a, b), array(b, b))).toBe(false);
    expect(agrees(comparers.sorted, array(a, b), set(a, b))).toBe(false);
    expect(agrees(comparers.sorted, map([a, one], [b, one]), map([b, one], [a, one]))).toBe(true);
    expect(agrees(comparers.sorted, map([a, one]), map([a, a]))).toBe(false);
    expect(agrees(comparers.sorted, array(array(a, b)), array(array(b, a)))).toBe(false);
    expect(agrees(comparers.sortedDeep, array(array(a, b)), array(array(b, a)))).toBe(true);
    expect(agrees(comparers.sortedDeep, array(array(a, b)), array(array(b, b)))).toBe(false);
  });

  test("rounded forgives the last digits of numbers alone", () => {
    expect(agrees(comparers.rounded, double("0.30000000000000004"), double("0.3"))).toBe(true);
    expect(agrees(comparers.rounded, array(bulk("1e3")), array(bulk("1000")))).toBe(true);
    expect(agrees(comparers.rounded, double("inf"), double("inf"))).toBe(true);
    expect(agrees(comparers.rounded, double("inf"), double("-inf"))).toBe(false);
    expect(agrees(comparers.rounded, double("0.3"), double("0.31"))).toBe(false);
    expect(agrees(comparers.rounded, double("1"), bulk("1"))).toBe(false);
    expect(agrees(comparers.rounded, a, b)).toBe(false);
    expect(agrees(comparers.rounded, bulk(""), bulk("0"))).toBe(false);
  });

  test("errorPrefix compares the code of errors and the whole of the rest", () => {
    expect(agrees(comparers.errorPrefix, error("ERR a"), error("ERR b"))).toBe(true);
    expect(agrees(comparers.errorPrefix, error("ERR a"), error("WRONGTYPE a"))).toBe(false);
    expect(agrees(comparers.errorPrefix, simple("OK a"), simple("OK b"))).toBe(false);
    expect(agrees(comparers.errorPrefix, error("ERR a"), simple("ERR a"))).toBe(false);
  });

  test("sameType and sameShape", () => {
    expect(agrees(comparers.sameType, array(a), array(a, b))).toBe(true);
    expect(agrees(comparers.sameType, array(a), set(a))).toBe(false);
    expect(agrees(comparers.sameShape, array(a, one), array(b, integer(2)))).toBe(true);
    expect(agrees(comparers.sameShape, array(a, one), array(b))).toBe(false);
    expect(agrees(comparers.sameShape, array(a, one), array(a, a))).toBe(false);
    expect(agrees(comparers.sameShape, map([a, one]), map([a, integer(2)]))).toBe(true);
    expect(agrees(comparers.sameShape, map([a, one]), map([b, one]))).toBe(false);
  });

  test("within keeps -1 and -2 apart from times", () => {
    expect(agrees(comparers.within(2), integer(100), integer(98))).toBe(true);
    expect(agrees(comparers.within(2), integer(100), integer(97))).toBe(false);
    expect(agrees(comparers.within(2), integer(-1), integer(-2))).toBe(false);
    expect(agrees(comparers.within(2), integer(-1), integer(0))).toBe(false);
    expect(agrees(comparers.within(2), integer(1), bulk("1"))).toBe(false);
  });

  test("matching wants the pattern on both sides", () => {
    expect(agrees(comparers.matching(/^\d+$/), bulk("1"), bulk("22"))).toBe(true);
    expect(agrees(comparers.matching(/^\d+$/), bulk("a"), bulk("22"))).toBe(false);
    expect(agrees(comparers.matching(/^\d+$/), bulk("1"), bulk("b"))).toBe(false);
    expect(agrees(comparers.matching(/^\d+$/), bulk("1"), simple("1"))).toBe(false);
  });
});

const run = requireRedis() ? test : test.skip;

run(
  "the fixture: same replies pass, every difference is reported",
  async () => {
    const child = Bun.spawn([process.execPath, "test", join(import.meta.dir, "harness-fixture.ts")], {
      cwd: REPOSITORY,
      env: { ...process.env, REDBUN_DIFFERENTIAL_STAND_IN: "redis7", REDBUN_DIFFERENTIAL_COLLECT: "", REDBUN_SEED: "" },
      stdout: "pipe",
      stderr: "pipe",
    });
    const output = (await Promise.all([child.stdout.text(), child.stderr.text()])).join("");
    expect(await child.exited).toBe(1);
    const failed = [...output.matchAll(/^\(fail\) differential: (.*?)(?: \[[\d.]+ ?ms\])?$/gm)].map(
      (match) => match[1],
    );
    expect(new Set(failed)).toEqual(
      new Set([
        "different > value",
        "different > type",
        "different > null",
        "different > reply in one protocol",
        "different > order",
        "different > time",
        "different > closed connection",
        "random different > 300 random operations, seed 1",
      ]),
    );
    expect(output).toContain('redbun   "v"');
    expect(output).toContain('expected "w"');
    expect(output).toContain("    SET k v\n");
    expect(output).toContain("(closed the connection)");
  },
  120_000,
);
