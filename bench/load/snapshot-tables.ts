/** The Markdown tables of the sections about files. */

import { LOADED, type LoadingRow } from "./loading";
import type { ServerName } from "./options";
import { TITLES } from "./servers";
import type { SnapshotRow } from "./snapshot";
import { median, medianRatio } from "./statistics";
import { table } from "./tables";
import { SNAPSHOT_TARGETS } from "./workloads";

export function snapshotTable(rows: readonly SnapshotRow[]): string {
  const lines = rows.map(({ server, before, during, seconds, bytesBefore, bytesPeak, fileBytes, exact }) => [
    TITLES[server],
    seconds.toFixed(1),
    `${thousands(before.rate)} / ${thousands(during.rate)}`,
    (during.rate / before.rate).toFixed(2),
    `${before.probe.p999.toFixed(1)} / ${during.probe.p999.toFixed(1)}`,
    `${before.probe.max.toFixed(1)} / ${during.probe.max.toFixed(1)}`,
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
