/** The Markdown tables of the sections about files. */

import type { AppendOnlyRow } from "./appendonly";
import { LOADED, type LoadingRow } from "./loading";
import type { ServerName } from "./options";
import { TITLES } from "./servers";
import type { SnapshotRow } from "./snapshot";
import { median, medianRatio } from "./statistics";
import { peers, table } from "./tables";
import { EVERYSEC_TARGET, SNAPSHOT_TARGETS } from "./workloads";

export function snapshotTable(rows: readonly SnapshotRow[]): string {
  const lines = rows.map(({ server, before, during, seconds, bytesBefore, bytesPeak, fileBytes, exact }) => [
    TITLES[server],
    seconds.toFixed(1),
    `${thousands(before.rate)} / ${thousands(during.rate)}`,
    (during.rate / before.rate).toFixed(2),
    `${before.probe.p999.toFixed(1)} / ${during.probe.p999.toFixed(1)}`,
    `${before.probe.max.toFixed(1)} / ${during.probe.max.toFixed(1)}`,
    `${before.probe.maxRunning.toFixed(1)} / ${during.probe.maxRunning.toFixed(1)}`,
    `${megabytes(bytesBefore)} / ${megabytes(bytesPeak)}`,
    (bytesPeak / bytesBefore).toFixed(2),
    megabytes(fileBytes),
    exact ? "yes" : "no",
  ]);
  const header = [
    "server",
    "BGSAVE, s",
    "requests/s before / during",
    "ratio",
    "PING p99.9 before / during, ms",
    "longest PING",
    "without waiting for a processor",
    "memory before / peak, MB",
    "ratio",
    "file, MB",
    "file exact",
  ];
  const { rate, memory, longestMs } = SNAPSHOT_TARGETS;
  const targets = `Target for redbun: requests a second at least ${rate} of those before, memory at most ${memory} times that before, no answer later than ${longestMs} ms because of it.`;
  return `${table(header, lines)}\n\n${targets}`;
}

export function loadingTable(rows: readonly LoadingRow[], names: readonly ServerName[]): string {
  const peers = names.filter((name) => name !== "redbun");
  const lines = rows.map(({ name, elements, rounds }) => [
    LOADED.find((loaded) => loaded.name === name)?.title ?? name,
    elements.toLocaleString("en-US"),
    ...names.map((server) => median(rounds[server] ?? []).toFixed(3)),
    ...peers.map((peer) => medianRatio(rounds.redbun ?? [], rounds[peer] ?? []).toFixed(2)),
  ]);
  const titles = names.map((name) => TITLES[name]);
  const header = ["what", "elements", ...titles, ...peers.map((peer) => `÷ ${TITLES[peer]}`)];
  return `${table(header, lines)}\n\nThe file was written by Redis 7.0. Target for redbun: at most as long as Redis 7.0.`;
}

function thousands(value: number): string {
  return `${Math.round(value / 1000)}k`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** Requests a second by policy, as a fraction of those without a file, and beside each peer under the same policy. */
export function appendOnlyTable(rows: readonly AppendOnlyRow[], all: readonly ServerName[]): string {
  // A shorter run measures two servers only.
  const names = all.filter((name) => rows[0]?.rounds[name] !== undefined);
  const lines = rows.map((row) => {
    const rates = (name: ServerName, of: AppendOnlyRow = row) => (of.rounds[name] ?? []).map(({ rate }) => rate);
    const cpus = (name: ServerName, of: AppendOnlyRow = row) => (of.rounds[name] ?? []).map(({ cpu }) => cpu);
    const off = rows.find((each) => isSameLoad(each, row) && each.policy === "off") ?? row;
    return [
      row.workload,
      String(row.pipeline),
      row.policy,
      ...names.map((name) => `${Math.round(median(rates(name)) / 1000)}k`),
      ...names.map((name) => medianRatio(rates(name), rates(name, off)).toFixed(2)),
      ...names.map((name) => medianRatio(cpus(name), cpus(name, off)).toFixed(2)),
      ...peers(names).map((peer) => medianRatio(rates("redbun"), rates(peer)).toFixed(2)),
      ...peers(names).map((peer) => medianRatio(cpus("redbun"), cpus(peer)).toFixed(2)),
    ];
  });
  const header = [
    "command",
    "pipeline",
    "appendfsync",
    ...names.map((name) => TITLES[name]),
    ...names.map((name) => `${TITLES[name]} ÷ off`),
    ...names.map((name) => `CPU of ${TITLES[name]} ÷ off`),
    ...peers(names).map((peer) => `÷ ${TITLES[peer]}`),
    ...peers(names).map((peer) => `CPU ÷ ${TITLES[peer]}`),
  ];
  const target = `Target for redbun: with everysec at least ${EVERYSEC_TARGET} of off; with always at least Redis's.`;
  return `${table(header, lines)}\n\n${target}`;
}

function isSameLoad(a: AppendOnlyRow, b: AppendOnlyRow): boolean {
  return a.workload === b.workload && a.pipeline === b.pipeline;
}
