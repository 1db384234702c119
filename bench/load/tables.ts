/** The Markdown tables of the load benchmark. */

import type { ConnectionRow, MemoryRow } from "./memory";
import type { Options, ServerName } from "./options";
import type { ProbeResult } from "./probe";
import type { Measurement } from "./redis-benchmark";
import { TITLES } from "./servers";
import type { StallRow } from "./stalls";
import { median, medianRatio } from "./statistics";
import type { ThroughputRow } from "./throughput";
import { MEMORY_TARGETS, RETURN_TARGET, STALL_TARGET_MS, type Targets } from "./workloads";

type Pick = (measurement: Measurement) => number;
const rate: Pick = (measurement) => measurement.rate;
const cpu: Pick = (measurement) => measurement.cpu;

/** Requests a second, with redbun's ratio to each peer. */
export function rateTable(rows: readonly ThroughputRow[], names: readonly ServerName[]): string {
  return throughputTable(rows, names, rate, (value) => `${Math.round(value / 1000)}k`);
}

/** Server CPU time a request in microseconds, with redbun's ratio to each peer. */
export function cpuTable(rows: readonly ThroughputRow[], names: readonly ServerName[]): string {
  return throughputTable(rows, names, cpu, (value) => value.toFixed(2));
}

/** p50 / p99 / p99.9 in milliseconds. */
export function latencyTable(rows: readonly ThroughputRow[], names: readonly ServerName[]): string {
  const lines = rows.map((row) => [
    ...labels(row),
    ...names.map((name) => {
      const measured = row.rounds[name] ?? [];
      return [measured.map((m) => m.p50), measured.map((m) => m.p99), measured.map((m) => m.p999)]
        .map((values) => median(values).toFixed(2))
        .join(" / ");
    }),
  ]);
  return table(["command", "value", "pipeline", ...names.map((name) => TITLES[name])], lines);
}

/** The worst and the median ratio by pipeline depth and peer, beside what is asked for. */
export function summaryTable(rows: readonly ThroughputRow[], names: readonly ServerName[], targets: Targets): string {
  const lines: string[][] = [];
  for (const pipeline of new Set(rows.map((row) => row.pipeline))) {
    const target = targets[pipeline];
    for (const peer of peers(names)) {
      const chosen = rows.filter((row) => row.pipeline === pipeline);
      const rates = chosen.map((row) => ratio(row, peer, rate));
      const cpus = chosen.map((row) => ratio(row, peer, cpu));
      lines.push([
        String(pipeline),
        TITLES[peer],
        `${median(rates).toFixed(2)} (${Math.min(...rates).toFixed(2)})`,
        target === undefined ? "" : `≥ ${target.rate.toFixed(2)}`,
        `${median(cpus).toFixed(2)} (${Math.max(...cpus).toFixed(2)})`,
        target?.cpu === undefined ? "" : `≤ ${target.cpu.toFixed(2)}`,
      ]);
    }
  }
  const header = [
    "pipeline",
    "redbun ÷",
    "requests/s: median (worst)",
    "target",
    "CPU/request: median (worst)",
    "target",
  ];
  return table(header, lines);
}

export function memoryTable(rows: readonly MemoryRow[]): string {
  const lines = rows.map((row) => [
    TITLES[row.server],
    megabytes(row.emptyBytes),
    megabytes(row.fullBytes),
    ((row.fullBytes - row.emptyBytes) / row.keys).toFixed(1),
    row.seconds.toFixed(1),
  ]);
  const header = ["server", "empty, MB", `${thousands(rows[0]?.keys ?? 0)} keys, MB`, "bytes a key", "filled in, s"];
  return `${table(header, lines)}\n\nTarget for redbun: at most ${MEMORY_TARGETS.key} bytes a key.`;
}

export function connectionTable(rows: readonly ConnectionRow[]): string {
  const lines = rows.map((row) => [
    TITLES[row.server],
    megabytes(row.beforeBytes),
    megabytes(row.connectedBytes),
    Math.round((row.connectedBytes - row.beforeBytes) / row.connections).toString(),
  ]);
  const header = [
    "server",
    "before, MB",
    `${thousands(rows[0]?.connections ?? 0)} connections, MB`,
    "bytes a connection",
  ];
  return `${table(header, lines)}\n\nTarget for redbun: at most ${MEMORY_TARGETS.connection} bytes a connection.`;
}

/** The answers to PING while the data set changes: p50 / p99.9 / longest, in milliseconds. */
export function stallTable(rows: readonly StallRow[], options: Options): string {
  const show = ({ p50, p999, max }: ProbeResult) => [p50, p999, max].map((value) => value.toFixed(2)).join(" / ");
  const lines = rows.map(({ server, insert, flush, expire, returned }) => [
    TITLES[server],
    show(insert),
    show(flush),
    show(expire),
    `${(returned * 100).toFixed(0)}%`,
  ]);
  const header = [
    "server",
    `insert ${thousands(options.stallKeys)} keys`,
    "FLUSHALL ASYNC of them",
    `${thousands(options.expiringKeys)} keys expire at once`,
    "memory given back",
  ];
  const target = `Each: p50 / p99.9 / longest. Target for redbun: no longer than ${STALL_TARGET_MS} ms, and ${RETURN_TARGET}% given back.`;
  return `${table(header, lines)}\n\n${target}`;
}

function throughputTable(
  rows: readonly ThroughputRow[],
  names: readonly ServerName[],
  pick: Pick,
  format: (value: number) => string,
): string {
  const lines = rows.map((row) => [
    ...labels(row),
    ...names.map((name) => format(median((row.rounds[name] ?? []).map(pick)))),
    ...peers(names).map((peer) => ratio(row, peer, pick).toFixed(2)),
  ]);
  const ratios = peers(names).map((peer) => `÷ ${TITLES[peer]}`);
  return table(["command", "value", "pipeline", ...names.map((name) => TITLES[name]), ...ratios], lines);
}

/** redbun's figure over the peer's. */
function ratio(row: ThroughputRow, peer: ServerName, pick: Pick): number {
  return medianRatio((row.rounds.redbun ?? []).map(pick), (row.rounds[peer] ?? []).map(pick));
}

/** The servers that redbun has a ratio to. */
export function peers(names: readonly ServerName[]): ServerName[] {
  return names.includes("redbun") ? names.filter((name) => name !== "redbun") : [];
}

function labels(row: ThroughputRow): string[] {
  return [row.workload, row.valueSize === undefined ? "" : `${row.valueSize} B`, String(row.pipeline)];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

export function thousands(count: number): string {
  return count.toLocaleString("en-US");
}

/** A Markdown table; every column but those of words is right-aligned. */
export function table(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(title.length, 3, ...lines.map((line) => line[i].length)));
  const numeric = header.map((_, i) => lines.every((line) => /^[\d.,/ k()NaN-]*$/.test(line[i])));
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(" | ")} |`;
  const rule = widths.map((width, i) => (numeric[i] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [row(header), `| ${rule.join(" | ")} |`, ...lines.map(row)].join("\n");
}
