/** INFO in process: sections, and figures that follow from what was done. */

import { describe, expect, test } from "bun:test";
import { InProcess } from "../support/in-process";
import { bulk, type Reply, text } from "../support/reply";
import { parseInfo } from "../support/server";

function headings(reply: Reply): string[] {
  return [...text(reply).matchAll(/^# (.+)\r$/gm)].map((match) => match[1]);
}

const DEFAULT = [
  "Server",
  "Clients",
  "Memory",
  "Persistence",
  "Stats",
  "Replication",
  "CPU",
  "Modules",
  "Errorstats",
  "Cluster",
  "Keyspace",
];

describe("sections", () => {
  test("the default ones, all of them, some of them", () => {
    const redbun = new InProcess();
    expect(headings(redbun.run("INFO"))).toEqual(DEFAULT);
    expect(headings(redbun.run("INFO default"))).toEqual(DEFAULT);
    const all = [...DEFAULT.slice(0, 8), "Commandstats", "Errorstats", "Latencystats", ...DEFAULT.slice(9)];
    expect(headings(redbun.run("INFO all"))).toEqual(all);
    expect(headings(redbun.run("INFO EVERYTHING"))).toEqual(all);
    expect(headings(redbun.run("INFO keyspace SERVER keyspace"))).toEqual(["Server", "Keyspace"]);
    expect(headings(redbun.run("INFO default commandstats"))).toEqual([
      ...all.filter((name) => name !== "Latencystats"),
    ]);
    expect(redbun.run("INFO nosuch")).toEqual(bulk(""));
  });

  test("every line is a heading, a field or empty, and none comes twice", () => {
    const redbun = new InProcess();
    redbun.run("SET k v", "GET k", "NOSUCH", "CONFIG GET port");
    const lines = text(redbun.run("INFO everything")).split("\r\n");
    for (const line of lines) expect(line).toMatch(/^(# \w+|[a-z0-9_.|]+:[^\r\n]*|errorstat_ERR:count=1|)$/);
    const names = lines.filter((line) => line.includes(":")).map((line) => line.slice(0, line.indexOf(":")));
    expect(new Set(names).size).toBe(names.length);
    expect(lines.at(-1)).toBe("");
  });

  test("in RESP3 a text", () => {
    expect(new InProcess().run("HELLO 3", "INFO server")).toMatchObject({ type: "verbatim", format: "txt" });
  });
});

describe("figures", () => {
  const fields = (redbun: InProcess, section: string): Map<string, string> => parseInfo(redbun.run(`INFO ${section}`));

  test("server: version, uptime", () => {
    const redbun = new InProcess();
    redbun.clock.advance(90_061_000);
    const server = fields(redbun, "server");
    expect(server.get("redis_version")).toBe("7.2.4");
    expect([server.get("uptime_in_seconds"), server.get("uptime_in_days")]).toEqual(["90061", "1"]);
    expect(server.get("run_id")).toMatch(/^[0-9a-f]{40}$/);
    expect(fields(redbun, "replication").get("master_replid")).toMatch(/^[0-9a-f]{40}$/);
  });

  test("rates are means of the last sixteen samples, and end with CONFIG RESETSTAT", () => {
    const redbun = new InProcess();
    const { metrics } = redbun.server;
    for (let i = 0; i < 16; i++) {
      redbun.run(...Array.from({ length: 50 }, () => "PING"));
      redbun.clock.advance(100);
      metrics.sample(redbun.clock.now());
    }
    expect(fields(redbun, "stats").get("instantaneous_ops_per_sec")).toBe("500");
    redbun.run("CONFIG RESETSTAT");
    expect(fields(redbun, "stats").get("instantaneous_ops_per_sec")).toBe("0");
  });

  test("a clock that is set back does not stop the rates", () => {
    const redbun = new InProcess();
    const { metrics } = redbun.server;
    redbun.clock.setWall(redbun.clock.now() - 3_600_000);
    metrics.sample(redbun.clock.now());
    redbun.run(...Array.from({ length: 160 }, () => "PING"));
    redbun.clock.advance(100);
    metrics.sample(redbun.clock.now());
    expect(fields(redbun, "stats").get("instantaneous_ops_per_sec")).toBe("100");
  });

  test("memory grows with the data, and its peak stays", () => {
    const redbun = new InProcess();
    const before = Number(fields(redbun, "memory").get("used_memory"));
    redbun.call("SET", "k", "x".repeat(1_000_000));
    const full = fields(redbun, "memory");
    expect(Number(full.get("used_memory")) - before).toBeWithin(1_000_000, 1_100_000);
    expect(Number(full.get("used_memory_dataset"))).toBeWithin(1_000_000, 1_100_000);
    redbun.run("DEL k");
    const after = fields(redbun, "memory");
    expect(Number(after.get("used_memory")) - before).toBeLessThan(10_000);
    expect(after.get("used_memory_peak")).toBe(full.get("used_memory"));
  });

  test("maxmemory refuses writes, and only those", () => {
    const redbun = new InProcess();
    redbun.run("SET k v", "CONFIG SET maxmemory 1");
    expect(text(redbun.run("SET k w"))).toStartWith("OOM ");
    expect(redbun.run("GET k")).toEqual(bulk("v"));
    expect(redbun.run("DEL k").type).toBe("integer");
    expect(fields(redbun, "errorstats").get("errorstat_OOM")).toBe("count=1");
    expect(fields(redbun, "commandstats").get("cmdstat_set")).toContain("rejected_calls=1");
    redbun.run("CONFIG SET maxmemory 0");
    expect(redbun.run("SET k w").type).toBe("simple");
  });

  test("clients that subscribe and that watch, keys that are watched, fields of hashes that expired", () => {
    const redbun = new InProcess();
    const [subscriber, watcher] = [redbun.connect(), redbun.connect()];
    subscriber.run("SUBSCRIBE c d");
    watcher.run("WATCH a b");
    const clients = fields(redbun, "clients");
    expect([clients.get("pubsub_clients"), clients.get("watching_clients")]).toEqual(["1", "1"]);
    expect(clients.get("total_watched_keys")).toBe("2");
    redbun.run("HSET h f 1 g 2 k 3", "HPEXPIRE h 10 FIELDS 2 f g");
    redbun.clock.advance(20);
    redbun.run("HGET h f");
    expect(fields(redbun, "stats").get("expired_subkeys")).toBe("1");
    redbun.run("CONFIG RESETSTAT");
    expect(fields(redbun, "stats").get("expired_subkeys")).toBe("0");
  });

  test("the event loop: how often it had something to do, and for how long", () => {
    const redbun = new InProcess();
    const { metrics, stats } = redbun.server;
    for (let i = 0; i < 16; i++) {
      stats.readsProcessed += 40;
      stats.cronRuns += 10;
      redbun.clock.advance(100);
      metrics.sample(redbun.clock.now());
    }
    const loop = fields(redbun, "stats");
    expect(loop.get("eventloop_cycles")).toBe("800");
    expect(loop.get("instantaneous_eventloop_cycles_per_sec")).toBe("500");
    expect(Number(loop.get("eventloop_duration_sum"))).toBeGreaterThan(0);
    expect(Number(loop.get("eventloop_duration_cmd_sum"))).toBe(0);
    redbun.run("CONFIG RESETSTAT");
    expect(fields(redbun, "stats").get("eventloop_cycles")).toBe("0");
  });

  test("debug: the longest that ran in one go, in a section that only its name shows", () => {
    const redbun = new InProcess();
    const { aof, stats } = redbun.server;
    redbun.run("CONFIG RESETSTAT");
    stats.countCycle(3, 70);
    stats.countCycle(2, 90);
    stats.cronMicros += 12.5;
    aof.out.writeMicros += 5;
    expect([...fields(redbun, "debug")]).toEqual([
      ["eventloop_duration_aof_sum", "5"],
      ["eventloop_duration_cron_sum", "12"],
      ["eventloop_duration_max", "90"],
      ["eventloop_cmd_per_cycle_max", "3"],
    ]);
    for (const choice of ["default", "all", "everything"]) {
      expect(fields(redbun, choice).has("eventloop_duration_max")).toBe(false);
    }
    redbun.run("CONFIG RESETSTAT");
    expect(new Set(fields(redbun, "debug").values())).toEqual(new Set(["0"]));
  });

  test("keyspace: only databases with keys", () => {
    const redbun = new InProcess();
    redbun.run("SET a 1", "SET b 1 PX 1000", "SELECT 7", "SET c 1");
    expect([...fields(redbun, "keyspace")]).toEqual([
      ["db0", "keys=2,expires=1,avg_ttl=0"],
      ["db7", "keys=1,expires=0,avg_ttl=0"],
    ]);
  });

  test("commands: by their full name, and gone with CONFIG RESETSTAT", () => {
    const redbun = new InProcess();
    redbun.run("CONFIG RESETSTAT", "GET k", "GET", "SET k x", "INCR k", "CONFIG GET port", "CLIENT NOSUCH");
    const stats = fields(redbun, "commandstats");
    expect([...stats.keys()].sort()).toEqual([
      "cmdstat_config|get",
      "cmdstat_config|resetstat",
      "cmdstat_get",
      "cmdstat_incr",
      "cmdstat_set",
    ]);
    expect(stats.get("cmdstat_get")).toBe("calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0");
    expect(stats.get("cmdstat_incr")).toContain("rejected_calls=0,failed_calls=1");
    redbun.run("CONFIG RESETSTAT");
    expect([...fields(redbun, "commandstats").keys()]).toEqual(["cmdstat_config|resetstat"]);
  });

  test("latency: the percentiles asked for, and nothing while it is not tracked", () => {
    const redbun = new InProcess();
    redbun.run("GET k");
    expect(fields(redbun, "latencystats").get("latency_percentiles_usec_get")).toBe("p50=0.000,p99=0.000,p99.9=0.000");
    redbun.call("CONFIG", "SET", "latency-tracking-info-percentiles", "0 25.5 100");
    expect(fields(redbun, "latencystats").get("latency_percentiles_usec_get")).toBe("p0=0.000,p25.5=0.000,p100=0.000");
    redbun.run("CONFIG SET latency-tracking no", "SET k v");
    expect(fields(redbun, "latencystats").size).toBe(0);
    redbun.run("CONFIG SET latency-tracking yes");
    expect([...fields(redbun, "latencystats").keys()]).not.toContain("latency_percentiles_usec_set");
  });

  test("kinds of errors are counted up to 128, then none until CONFIG RESETSTAT", () => {
    const redbun = new InProcess({ "enable-debug-command": "yes" });
    for (let i = 0; i < 128; i++) redbun.call("DEBUG", "ERROR", `KIND${i} text`);
    expect(fields(redbun, "errorstats").size).toBe(128);
    redbun.call("DEBUG", "ERROR", "KIND5 again");
    expect(fields(redbun, "errorstats").get("errorstat_KIND5")).toBe("count=2");
    redbun.call("DEBUG", "ERROR", "ONEMORE text");
    redbun.call("DEBUG", "ERROR", "KIND5 again");
    expect([...fields(redbun, "errorstats")]).toEqual([["errorstat_ERRORSTATS_DISABLED", "count=1"]]);
    expect(fields(redbun, "stats").get("total_error_replies")).toBe("131");
    redbun.run("CONFIG RESETSTAT", "NOSUCH");
    expect([...fields(redbun, "errorstats")]).toEqual([["errorstat_ERR", "count=1"]]);
  });
});
