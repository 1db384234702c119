/**
 * A heap that cannot grow: it refuses the command that needed memory, nothing is lost or left behind, and what gives
 * memory back always works. Every allocation that a command makes fails once.
 */

import { describe, expect, test } from "bun:test";
import { HeapFullError } from "../../src/memory/heap";
import * as errors from "../../src/resp/errors";
import { withBlocks, withFailure } from "../support/failing-heap";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { bulk, error, OK, type Reply, text } from "../support/reply";
import { starve } from "../support/starved-command";

test("a value that no segment can be had for is refused with OOM; what was there stays", () => {
  const redbun = new InProcess();
  const { heap } = redbun.keyspace;
  expect(redbun.call("SET", "k", "old")).toEqual(OK);
  // The address space counts as used up: nothing but what is there already can be allocated.
  const grow = Reflect.get(heap, "mapSegment") as () => number;
  const full = redbun.keyspace.heap.u8.length;
  Reflect.set(heap, "mapSegment", () => {
    throw new HeapFullError("no more in this test");
  });
  const reply = redbun.call("SET", "k", "x".repeat(20_000_000));
  expect(reply).toMatchObject({ type: "error" });
  expect(JSON.stringify(reply, (_, value) => (typeof value === "bigint" ? String(value) : value))).toContain("OOM ");
  expect(redbun.run("GET k")).toMatchObject({ value: "old" });
  expect(heap.u8.length).toBe(full);
  Reflect.set(heap, "mapSegment", grow);
  expect(redbun.call("SET", "k", "x".repeat(20_000_000))).toEqual(OK);
});

/** A server that can say all that is in it. */
class Listed extends InProcess {
  /** All keys with their values and expiries. */
  contents(): string[] {
    const lines: string[] = [];
    for (const db of this.keyspace.databases) {
      this.client.database = db.id;
      for (const key of this.texts("KEYS", "*")) {
        const value = this.texts("GET", key)[0];
        lines.push(`${db.id} ${key} ${value} ${this.expireAt(key)}`);
      }
    }
    this.client.database = 0;
    return lines.sort();
  }

  private texts(...args: string[]): string[] {
    const reply = this.call(...args);
    if (reply.type === "array") return reply.items.map(text);
    return [text(reply)];
  }
}

const LONG = "x".repeat(5000);
const LONG_KEY = "k".repeat(5000);

describe("a command that fails for want of memory changes nothing and leaves nothing behind", () => {
  const cases: readonly (readonly [setup: readonly string[], command: string])[] = [
    [[], "SET k value"],
    [[], `SET k ${LONG}`],
    [[], `SET ${LONG_KEY} short`],
    [["SET k 1"], `SET k ${LONG}`],
    [[`SET k ${LONG}`], `SET k ${LONG}${LONG}`],
    [[`SET k ${LONG}`], "SET k 12 PX 100000"],
    [["SET k text"], "SET k 12 PX 100000"],
    [["SET k text"], "SET k 12345678901"],
    [[`SET k ${LONG}`], "INCRBYFLOAT n 1.5"],
    [[], "INCR k"],
    [["SET k 10"], `APPEND k ${LONG}`],
    [["SET k 10"], "APPEND k abc"],
    [[`SET k ${LONG}`], `APPEND k ${LONG}`],
    [["SET k 10"], "SETRANGE k 9000 x"],
    [[], "SETRANGE k 9000 x"],
    [["SET k 10"], "SETBIT k 90000 1"],
    [[], "SETBIT k 90000 1"],
    [[], "BITFIELD k SET u8 90000 1"],
    [[`SET a ${LONG}`], "BITOP NOT k a"],
    [[`SET a ${LONG}`, "SET k old PX 100000"], "BITOP NOT k a"],
    [["SET a text"], "BITOP NOT k a"],
    [[`SET a ${LONG} PX 100000`], "COPY a k"],
    [[`SET a ${LONG}`, "SET k old"], "COPY a k DB 1 REPLACE"],
    [[`SET a ${LONG}`], "RENAME a k"],
    [["SET a text", `SET k ${LONG}`], "RENAME a k"],
    [[`SET a ${LONG}`], "MOVE a 1"],
    [[`SET a ${LONG}`], "PEXPIRE a 100000"],
    [["SET a text PX 100000"], "PERSIST a"],
    [["SET a text PX 100000"], "GETEX a PERSIST"],
    [["SET a text"], "GETEX a PX 100000"],
    [[], "PFADD k a b c"],
    [["PFADD a a b c"], "PFMERGE k a"],
  ];
  const redbun = new Listed();
  // Neighbours: the dict has a segment that is about to grow or split.
  test.each([0, 10, 11, 20, 440, 441, 442, 443, 444, 445])("beside %i other keys", (others) => {
    for (const [setup, command] of cases) {
      redbun.run("FLUSHALL");
      for (let i = 0; i < others; i++) redbun.run(`SET other:${i} ${i}`);
      if (setup.length > 0) redbun.run(...setup);
      const before = redbun.contents();
      const name = command.slice(0, 40);
      const check = (reply: Reply, _: InProcess, failing: number): void => {
        expect([name, failing, reply]).toMatchObject([name, failing, { type: "error" }]);
        expect(redbun.contents()).toEqual(before);
      };
      // What was refused has changed nothing, so the next try begins with the same.
      starve({ name, prepare: () => redbun, run: () => redbun.run(command), check });
    }
  });
});

test("an index that grows key by key survives every failure", () => {
  const redbun = new InProcess();
  for (let i = 0; i < 3000; i++) {
    let failing = 1;
    while (withFailure(redbun.keyspace.heap, failing, () => redbun.run(`SET key:${i} value`)).starved) failing++;
    if (i % 50 === 0) expectNoLeak(redbun);
  }
  expect(redbun.keyspace.size).toBe(3000);
  expectNoLeak(redbun);
});

describe("what gives memory back needs none", () => {
  const redbun = new InProcess();
  const { heap } = redbun.keyspace;

  function fill(options: string): void {
    redbun.run("FLUSHALL");
    for (let i = 0; i < 3000; i++) redbun.run(`SET key:${i} value${options}`);
  }

  test("DEL", () => {
    fill("");
    for (let i = 0; i < 3000; i++) {
      withBlocks(heap, 0, () => expect(redbun.run(`DEL key:${i}`)).toMatchObject({ value: 1n }));
      if (i % 50 === 0) expectNoLeak(redbun);
    }
    expect(redbun.keyspace.size).toBe(0);
    expectNoLeak(redbun);
  });

  test("keys that expire when they are looked up, and in the expire cycle", () => {
    fill(" PX 1000");
    redbun.clock.advance(2000);
    for (let i = 0; i < 1500; i++) {
      withBlocks(heap, 0, () => expect(redbun.run(`EXISTS key:${i}`)).toMatchObject({ value: 0n }));
    }
    expectNoLeak(redbun);
    while (redbun.keyspace.size > 0) {
      withBlocks(heap, 0, () => redbun.server.expireCycle.run(Number.POSITIVE_INFINITY));
    }
    expectNoLeak(redbun);
  });

  test.each(["FLUSHALL SYNC", "FLUSHDB SYNC", "FLUSHALL ASYNC", "FLUSHDB ASYNC"])("%s", (command) => {
    fill("");
    withBlocks(heap, 0, () => expect(redbun.run(command)).toEqual(OK));
    expect(redbun.keyspace.size).toBe(0);
    expectNoLeak(redbun);
    expect(redbun.run("SET k v")).toEqual(OK);
  });
});

describe("what does not fit outside of the heap is refused too", () => {
  test("a reply that is longer than a buffer can be; its buffer does not stay", () => {
    const redbun = new InProcess();
    const { reply } = redbun.server.gate;
    // The limit without the memory that it takes to reach it.
    const reserve = reply.reserve.bind(reply);
    reply.reserve = (more) => reserve(reply.length + more > 4_000_000 ? 2 ** 32 + 1 : more);
    redbun.run("SET before 1");

    redbun.call("SET", "k", "x".repeat(1_000_000));
    expect(redbun.run("MGET before k k k")).toMatchObject({ type: "array" });
    expect(redbun.run("MGET before k k k k k")).toEqual(error(errors.OOM));
    expect(reply.buf.length).toBe(64 * 1024);
    expect(redbun.run("GET before")).toEqual(bulk("1"));
  });

  test("LCS, of which proto-max-bulk-len would allow more", () => {
    const redbun = new InProcess({ "proto-max-bulk-len": "4000000000gb" });
    redbun.run("SETRANGE a 1000000 x", "SETRANGE b 1000000 x");
    expect(redbun.run("LCS a b")).toEqual(error(errors.OOM));
  });
});
