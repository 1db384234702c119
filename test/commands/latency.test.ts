/** SLOWLOG and LATENCY where the clock decides. */

import { describe, expect, test } from "bun:test";
import { LatencyHistogram } from "../../src/admin/info/latency-histogram";
import { LatencyMonitor } from "../../src/admin/latency/latency-monitor";
import type { Call } from "../../src/command/call";
import { type CommandDefinition, FAST } from "../../src/command/command-spec";
import { TYPE_STRING } from "../../src/db/entry";
import { requestOf } from "../../src/resp/request";
import { InProcess } from "../support/in-process";
import { show } from "../support/reply";

/** Arguments of the slow log's entries, newest first, as shown by SLOWLOG GET. */
function slow(server: InProcess): string[] {
  return server.server.slowLog.newest(100).map(({ args, micros }) => `${micros}: ${args.join(" ")}`);
}

/** A server with commands that take 20 ms: SLEEP, FASTSLEEP, and WAITKEY, which waits until its key is there. */
function withSlowCommands(directives: Readonly<Record<string, string>> = {}): InProcess {
  const pass = (): void => server.clock.advance(20);
  const command = (name: string, flags: number, run: (c: Call) => void): CommandDefinition => ({
    name,
    arity: -1,
    flags,
    categories: "",
    handler: (c) => {
      pass();
      run(c);
    },
  });
  const server: InProcess = new InProcess(directives, [
    command("sleep", 0, (c) => c.reply.ok()),
    command("fastsleep", FAST, (c) => c.reply.ok()),
    command("waitkey", 0, (c) => {
      if (c.read(1) !== 0) c.reply.ok();
      else c.block({ type: TYPE_STRING, first: 1, count: 1, timeout: 0, onTimeout: "null" });
    }),
  ]);
  return server;
}

describe("the slow log", () => {
  test("of fast commands that were timed together says how many there were", () => {
    const server = withSlowCommands();
    const { dispatcher } = server.server;
    dispatcher.startBatch();
    for (const name of ["1", "2"]) dispatcher.execute(server.client, requestOf(["FASTSLEEP", name]));
    dispatcher.endBatch(requestOf(["FASTSLEEP", "2"]));
    expect(slow(server)).toEqual(["40000: fastsleep ... (2 calls together)"]);
  });

  test("has the arguments of a fast command that was alone in its batch", () => {
    const server = withSlowCommands();
    const { dispatcher } = server.server;
    const request = requestOf(["FASTSLEEP", "1"]);
    dispatcher.startBatch();
    dispatcher.execute(server.client, request);
    dispatcher.endBatch(request);
    dispatcher.execute(server.client, requestOf(["FASTSLEEP", "2"]));
    dispatcher.endRun();
    expect(slow(server)).toEqual(["20000: fastsleep ... (arguments not kept)", "20000: FASTSLEEP 1"]);
  });

  test("has the arguments of a command that is not fast, and of one with much data", () => {
    const server = withSlowCommands();
    server.run("SLEEP a b");
    server.call("FASTSLEEP", "x".repeat(100_000));
    expect(slow(server)).toEqual([`20000: FASTSLEEP ${"x".repeat(128)}... (99872 more bytes)`, "20000: SLEEP a b"]);
  });

  test("names the commands of a transaction, and not EXEC", () => {
    const server = new InProcess({ "slowlog-log-slower-than": "0" });
    server.run("MULTI", "SET a 1", "GET a", "EXEC");
    expect(slow(server).map((line) => line.replace(/^\d+: /, ""))).toEqual(["GET a", "SET a 1", "MULTI"]);
  });

  test("of a blocked command counts the time that it ran, when it is over", () => {
    const server = withSlowCommands();
    server.connect().send("WAITKEY", "k");
    expect(slow(server)).toEqual([]);
    server.clock.advance(1000);
    server.run("SET k v");
    expect(slow(server)).toEqual(["40000: WAITKEY k"]);
  });
});

describe("the latency monitor", () => {
  test("keeps the worst of each second, 160 of them, and the worst of all", () => {
    const monitor = new LatencyMonitor();
    monitor.add("command", 50_000, 1000);
    expect(monitor.events.size).toBe(0);
    monitor.threshold = 10;
    monitor.add("command", 9_999, 1000);
    expect(monitor.events.size).toBe(0);
    for (const [micros, now] of [
      [10_000, 1000],
      [30_999, 1500],
      [20_000, 1999],
      [15_000, 2000],
    ]) {
      monitor.add("command", micros, now);
    }
    const event = monitor.events.get("command");
    expect(event?.samples).toEqual([
      { time: 1, latency: 30 },
      { time: 2, latency: 15 },
    ]);
    expect(event?.max).toBe(30);
    for (let second = 3; second < 300; second++) monitor.add("command", 11_000, second * 1000);
    expect(event?.samples).toHaveLength(160);
    expect(event?.samples[0]).toEqual({ time: 140, latency: 11 });
    expect(event?.max).toBe(30);
    expect(monitor.reset("other")).toBe(0);
    expect(monitor.reset()).toBe(1);
  });

  test("a graph has a column a sample, with its age below", () => {
    const server = new InProcess({ "latency-monitor-threshold": "1" });
    for (const [i, micros] of [1000, 5000, 13_000, 2000].entries()) {
      server.server.latencyMonitor.add("command", micros, server.clock.now() + i * 1000);
    }
    server.clock.advance(3000);
    expect(show(server.run("LATENCY GRAPH command"))).toContain(
      ["  # ", "  | ", " o| ", "_||o", "    ", "3210", "ssss", ""].join("\\n"),
    );
  });

  test("hears of slow commands, fast ones apart, and of the expire cycle", () => {
    const server = withSlowCommands({ "latency-monitor-threshold": "20" });
    const { events } = server.server.latencyMonitor;
    server.run("SLEEP", "FASTSLEEP");
    server.server.dispatcher.endRun();
    expect([...events.keys()]).toEqual(["command", "fast-command"]);
    server.server.expireCycle.onRun(20_000);
    expect(events.get("expire-cycle")?.max).toBe(20);
  });
});

describe("LATENCY HISTOGRAM", () => {
  test("counts up to every power of two that more calls fall below", () => {
    const histogram = new LatencyHistogram();
    expect(histogram.cumulative()).toEqual([]);
    for (const nanos of [0, 1000, 1024, 1025, 3000, 66_000, 70_000, 2_000_000_000]) histogram.record(nanos);
    expect(histogram.cumulative()).toEqual([
      { nanos: 1031, count: 4 },
      { nanos: 4127, count: 5 },
      { nanos: 66_047, count: 6 },
      { nanos: 132_095, count: 7 },
      { nanos: expect.any(Number), count: 8 },
    ]);
  });
});

describe("LATENCY DOCTOR", () => {
  test("has advice for what was slow: the disk, eviction, fsync", () => {
    const redbun = withSlowCommands({ "latency-monitor-threshold": "10", appendfsync: "always" });
    const { latencyMonitor } = redbun.server;
    const doctor = (): string => show(redbun.run("LATENCY DOCTOR"));
    for (const [event, advice] of [
      ["aof-write", "keep the append-only file on a local disk"],
      ["aof-write-pending-fsync", "a faster fsync"],
      ["aof-write-active-child", "no-appendfsync-on-rewrite yes"],
      ["aof-fsync-always", "CONFIG SET appendfsync everysec"],
      ["eviction-del", "Lower maxmemory in steps"],
      ["active-defrag-cycle", "up to 25% of the time"],
      ["expire-cycle", "CONFIG SET hz 100"],
    ]) {
      redbun.run("LATENCY RESET");
      latencyMonitor.add(event, 50_000, redbun.clock.now());
      expect(doctor()).toContain(`1. ${event}: 1 latency spikes (average 50ms, mean deviation 0ms, period `);
      expect(doctor()).toContain("I have a few advices for you:");
      expect([event, doctor().includes(advice)]).toEqual([event, true]);
    }
  });
});
