/** Runs redis-benchmark and reads its report. */

import type { TestServer } from "../../test/support/server";
import { cpuSeconds } from "./servers";

export interface Run {
  readonly pipeline: number;
  readonly requests: number;
  readonly clients: number;
  readonly keyspace: number;
  readonly valueSize: number;
  /** Arguments that choose the command. */
  readonly args: readonly string[];
}

export interface Measurement {
  /** Requests a second. */
  readonly rate: number;
  /** Server CPU time a request, in microseconds. */
  readonly cpu: number;
  /** Latencies of a request (of a whole pipeline of them) in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** One run against one server. */
export async function benchmark(server: TestServer, run: Run): Promise<Measurement> {
  const command = ["redis-benchmark", "-p", String(server.port), "-n", String(run.requests), "-c", String(run.clients)];
  command.push("-P", String(run.pipeline), "-r", String(run.keyspace), "-d", String(run.valueSize), "--precision", "3");
  const before = cpuSeconds(server.pid);
  const child = Bun.spawn([...command, ...run.args], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const used = cpuSeconds(server.pid) - before;
  if ((await child.exited) !== 0) {
    const log = server.lines.slice(-30).join("\n");
    throw new Error(
      `redis-benchmark failed on ${server.name}:\n${errors}${output.slice(-500)}\nthe server's log:\n${log}`,
    );
  }
  return { ...parseReport(output), cpu: (used * 1e6) / run.requests };
}

/**
 * Rate and latencies of redis-benchmark's report. Its list of percentiles is sparse (50, 75, 87.5 ... 99.902), so a
 * percentile is the first listed one that is not below it.
 */
export function parseReport(report: string): Omit<Measurement, "cpu"> {
  const rate = /throughput summary: ([\d.]+) requests per second/.exec(report);
  const start = report.indexOf("Latency by percentile distribution:");
  const end = report.indexOf("Cumulative distribution of latencies:");
  if (rate === null || start < 0 || end < 0)
    throw new Error(`not a report of redis-benchmark:\n${report.slice(-2000)}`);
  const points = [...report.slice(start, end).matchAll(/^([\d.]+)% <= ([\d.]+) milliseconds/gm)].map((match) => ({
    percent: Number(match[1]),
    latency: Number(match[2]),
  }));
  const at = (percent: number): number => {
    const point = points.find((each) => each.percent >= percent) ?? points[points.length - 1];
    if (point === undefined) throw new Error("a report without percentiles");
    return point.latency;
  };
  const p99 =
    /latency summary \(msec\):\s+avg\s+min\s+p50\s+p95\s+p99\s+max\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+([\d.]+)/;
  return { rate: Number(rate[1]), p50: at(50), p99: Number(p99.exec(report)?.[1] ?? at(99)), p999: at(99.9) };
}
