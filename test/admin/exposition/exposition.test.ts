/** The text that Prometheus reads: its form, and figures that follow from what was done. */

import { describe, expect, test } from "bun:test";
import { expositionText } from "../../../src/admin/exposition/exposition";
import { ExpositionWriter } from "../../../src/admin/exposition/exposition-writer";
import { COUNTERS, GAUGES } from "../../../src/admin/exposition/metric-names";
import { InProcess } from "../../support/in-process";

describe("the format", () => {
  test("HELP and TYPE once for each metric, then its samples", () => {
    const writer = new ExpositionWriter("p_");
    writer.gauge("b", "A gauge", 1, { x: "1" });
    writer.counter("a", "A counter", 2);
    writer.gauge("b", "A gauge", 0.5, { x: "2", y: "3" });
    writer.add("summary", "c", "A summary", 7, {}, "_sum");
    expect(writer.toString().split("\n")).toEqual([
      "# HELP p_a A counter",
      "# TYPE p_a counter",
      "p_a 2",
      "# HELP p_b A gauge",
      "# TYPE p_b gauge",
      'p_b{x="1"} 1',
      'p_b{x="2",y="3"} 0.5',
      "# HELP p_c A summary",
      "# TYPE p_c summary",
      "p_c_sum 7",
      "",
    ]);
  });

  test("escapes what has a meaning, and leaves out what is no number", () => {
    const writer = new ExpositionWriter("");
    writer.gauge("m", "back\\slash\nline", 1, { l: 'quote" back\\slash\nline' });
    writer.gauge("n", "nothing", Number.NaN);
    expect(writer.toString()).toBe(
      '# HELP m back\\\\slash\\nline\n# TYPE m gauge\nm{l="quote\\" back\\\\slash\\nline"} 1\n',
    );
  });
});

/** The samples by name and labels. */
function samples(redbun: InProcess): Map<string, number> {
  const lines = expositionText(redbun.server).split("\n");
  const values = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    values.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

describe("the figures", () => {
  test("follow from what was done", () => {
    const redbun = new InProcess();
    redbun.run("SET a 1", "SET b 1 PX 10000", "GET a", "GET m", "LPUSH a x", "SELECT 3", "SET c 1");
    const metrics = samples(redbun);
    const expected: [string, number][] = [
      ["redis_up", 1],
      ['redis_db_keys{db="db0"}', 2],
      ['redis_db_keys_expiring{db="db0"}', 1],
      ['redis_db_keys{db="db3"}', 1],
      ['redis_db_keys{db="db15"}', 0],
      ['redis_commands_total{cmd="set"}', 3],
      ['redis_commands_failed_calls_total{cmd="lpush"}', 1],
      ['redis_errors_total{err="WRONGTYPE"}', 1],
      ["redis_keyspace_hits_total", 1],
      ["redis_keyspace_misses_total", 1],
      ["redis_commands_processed_total", 7],
      ['redis_latency_percentiles_usec_count{cmd="set"}', 3],
      ["redis_rdb_last_bgsave_status", 1],
      ["redis_config_maxclients", 10000],
      ["redis_slowlog_length", 0],
    ];
    for (const [name, value] of expected) expect([name, metrics.get(name)]).toEqual([name, value]);
    expect([...metrics.keys()].find((name) => name.startsWith("redis_instance_info{"))).toMatch(
      /maxmemory_policy="noeviction",.*redis_mode="standalone",redis_version="7\.2\.4",role="master",run_id="[0-9a-f]{40}"/,
    );
  });

  test("have units: seconds where Redis has microseconds and milliseconds", () => {
    const redbun = new InProcess();
    redbun.run("SET a 1 PX 5000");
    redbun.server.keyspace.databases[0].averageTtl = 2500;
    redbun.clock.advance(90_000);
    const set = redbun.server.commands.get("set");
    if (set !== undefined) set.stats.micros = 1_500_000;
    const metrics = samples(redbun);
    expect(metrics.get('redis_db_avg_ttl_seconds{db="db0"}')).toBe(2.5);
    expect(metrics.get('redis_commands_duration_seconds_total{cmd="set"}')).toBe(1.5);
    expect(metrics.get("redis_uptime_in_seconds")).toBe(90);
    const started = Math.floor(redbun.clock.now() / 1000) - 90;
    expect(metrics.get("redis_start_time_seconds")).toBe(started);
  });

  test("name no metric twice", () => {
    const names = [...Object.values(COUNTERS), ...Object.values(GAUGES)];
    expect(new Set(names).size).toBe(names.length);
  });
});
