/** The load benchmark: its reading of reports, its statistics and tables. */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { parseOptions, SECTIONS } from "../../bench/load/options";
import { parseReport } from "../../bench/load/redis-benchmark";
import { replaceSection } from "../../bench/load/report";
import { median, medianRatio } from "../../bench/load/statistics";
import { table } from "../../bench/load/tables";
import { REPOSITORY } from "../support/server";

const REPORT = `====== SET ======
  20000 requests completed in 0.19 seconds

Latency by percentile distribution:
0.000% <= 0.103 milliseconds (cumulative count 3)
50.000% <= 0.247 milliseconds (cumulative count 10561)
98.438% <= 0.359 milliseconds (cumulative count 19702)
99.219% <= 0.423 milliseconds (cumulative count 19844)
99.902% <= 0.599 milliseconds (cumulative count 19981)
100.000% <= 0.815 milliseconds (cumulative count 20000)

Cumulative distribution of latencies:
0.015% <= 0.103 milliseconds (cumulative count 3)

Summary:
  throughput summary: 104712.04 requests per second
  latency summary (msec):
          avg       min       p50       p95       p99       max
        0.245     0.096     0.247     0.303     0.407     0.815
`;

test("a report of redis-benchmark is read", () => {
  expect(parseReport(REPORT)).toEqual({ rate: 104712.04, p50: 0.247, p99: 0.407, p999: 0.599 });
  expect(() => parseReport("Could not connect to Redis")).toThrow("not a report");
});

test("medians, and ratios round by round", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
  // Both servers are slowed down in the second round: the ratio does not move.
  expect(medianRatio([200, 20, 200], [100, 10, 100])).toBe(2);
});

test("a table is Markdown with numbers on the right", () => {
  expect(
    table(
      ["name", "n"],
      [
        ["a", "1"],
        ["long name", "22"],
      ],
    ),
  ).toBe("| name      |   n |\n| --------- | --: |\n| a         |   1 |\n| long name |  22 |");
});

test("a report takes the place between the markers of its section", () => {
  const section = (name: string, text: string) =>
    `<!-- bench:load ${name} begin -->${text}<!-- bench:load ${name} end -->`;
  const readme = `a\n${section("memory", "\nold\n")}\nb\n${section("shapes", "\nkept\n")}\nc\n`;
  const once = replaceSection(readme, "memory", "new");
  expect(once).toBe(readme.replace("\nold\n", "\n\nnew\n\n"));
  expect(replaceSection(once, "memory", "new")).toBe(once);
  expect(() => replaceSection(readme, "stalls", "new")).toThrow("bench:load stalls begin");
});

test("bench/README.md has a place for each section", async () => {
  const readme = await Bun.file(join(REPOSITORY, "bench/README.md")).text();
  for (const section of SECTIONS) expect(replaceSection(readme, section, "new")).toContain("\n\nnew\n\n");
});

describe("options", () => {
  test("--only takes sections, parts of sections, and commands", () => {
    expect(parseOptions([])?.sections).toEqual(SECTIONS);
    expect(parseOptions([])?.items).toEqual({});
    expect(parseOptions(["--only", "memory"])?.sections).toEqual(["memory"]);
    const some = parseOptions(["--only", "get,SET", "--pipelines", "1,64"]);
    expect(some?.sections).toEqual(["throughput"]);
    expect(some?.items).toEqual({ throughput: ["GET", "SET"] });
    expect(some?.pipelines).toEqual([1, 64]);
    const parts = parseOptions(["--only", "shapes:hash,operations,LPUSH,shapes:zset,operations:sort"]);
    expect(parts?.sections).toEqual(["collections", "operations", "shapes"]);
    expect(parts?.items).toEqual({ collections: ["LPUSH"], shapes: ["hash", "zset"] });
  });

  test("mistakes are refused", () => {
    expect(() => parseOptions(["--servers", "nosuch"])).toThrow("no server");
    expect(() => parseOptions(["--pipelines", "x"])).toThrow("not positive");
    expect(() => parseOptions(["--only", "nosuch"])).toThrow("nothing to measure is called nosuch");
    expect(() => parseOptions(["--only", "shapes:nosuch"])).toThrow("nothing to measure is called shapes:nosuch");
    expect(() => parseOptions(["--only", "nosuch:hash"])).toThrow("nothing to measure is called nosuch:hash");
    expect(() => parseOptions(["--nosuch"])).toThrow();
  });
});
