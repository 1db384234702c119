/** MEMORY in process: figures that add up. */

import { describe, expect, test } from "bun:test";
import { InProcess } from "../support/in-process";
import { integer, NULL_BULK, OK, pairs, type Reply, text } from "../support/reply";

function number(reply: Reply): number {
  return Number(text(reply));
}

/** MEMORY STATS as numbers by name, databases left out. */
function stats(redbun: InProcess): Map<string, number> {
  const all = pairs(redbun.run("MEMORY STATS")).filter(([, value]) => value.type !== "array" && value.type !== "map");
  return new Map(all.map(([name, value]) => [text(name), number(value)]));
}

describe("MEMORY USAGE", () => {
  test("is at least the value and grows with it, expired or not", () => {
    const redbun = new InProcess();
    let last = 0;
    for (const size of [1, 100, 1000, 5000, 33_000, 200_000]) {
      redbun.call("SET", "k", "x".repeat(size));
      const usage = number(redbun.run("MEMORY USAGE k"));
      expect(usage).toBeGreaterThan(Math.max(size, last));
      expect(usage).toBeLessThan(size * 1.5 + 500);
      last = usage;
    }
    redbun.run("SET k v PX 1");
    redbun.clock.advance(10);
    expect(number(redbun.run("MEMORY USAGE k"))).toBeGreaterThan(0);
    expect(redbun.run("DBSIZE")).toEqual(integer(1));
    expect(redbun.run("MEMORY USAGE missing")).toEqual(NULL_BULK);
  });

  test("all keys together take what the heap says", () => {
    const redbun = new InProcess({ "enable-debug-command": "yes" });
    const empty = redbun.keyspace.heap.usedBytes;
    redbun.run("DEBUG POPULATE 2000 k 100");
    let sum = 0;
    for (let i = 0; i < 2000; i++) sum += number(redbun.run(`MEMORY USAGE k:${i}`));
    expect(sum / (redbun.keyspace.heap.usedBytes - empty)).toBeWithin(0.97, 1.03);
  });
});

describe("MEMORY STATS", () => {
  test("adds up", () => {
    const redbun = new InProcess({ "enable-debug-command": "yes" });
    redbun.run("DEBUG POPULATE 5000", "SELECT 3", "SET k v", "SELECT 0");
    const all = stats(redbun);
    const get = (name: string): number => all.get(name) ?? Number.NaN;
    expect(get("keys.count")).toBe(5001);
    expect(get("dataset.bytes") + get("overhead.total")).toBe(get("total.allocated"));
    expect(get("keys.bytes-per-key")).toBeWithin(30, 100);
    expect(get("allocator.active")).toBeGreaterThanOrEqual(get("allocator.allocated"));
    expect(get("allocator-fragmentation.ratio")).toBeCloseTo(get("allocator.active") / get("allocator.allocated"), 4);
    expect(get("peak.allocated")).toBeGreaterThanOrEqual(get("total.allocated"));
    const databases = pairs(redbun.run("MEMORY STATS")).map(([name]) => text(name));
    expect(databases.filter((name) => name.startsWith("db."))).toEqual(["db.0", "db.3"]);
  });
});

describe("MEMORY DOCTOR", () => {
  test("has nothing to say of an empty server, and finds a peak", () => {
    const redbun = new InProcess();
    expect(text(redbun.run("MEMORY DOCTOR"))).toStartWith("Hi Sam, this instance is empty");
    redbun.call("SET", "small", "x".repeat(6_000_000));
    redbun.call("SET", "large", "x".repeat(60_000_000));
    redbun.run("MEMORY DOCTOR", "DEL large", "MEMORY PURGE");
    const report = text(redbun.run("MEMORY DOCTOR"));
    expect(report).toContain(" * Peak memory: ");
    expect(report).toEndWith("I'm here to keep you safe, Sam. I want to help you.\n");
  });
});

test("MEMORY PURGE gives free pages back", () => {
  const redbun = new InProcess();
  redbun.call("SET", "k", "x".repeat(5_000_000));
  redbun.run("DEL k");
  expect(redbun.keyspace.heap.dirtyBytes).toBeGreaterThan(4_000_000);
  expect(redbun.run("MEMORY PURGE")).toEqual(OK);
  expect(redbun.keyspace.heap.dirtyBytes).toBe(0);
});
