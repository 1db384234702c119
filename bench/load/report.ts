/** The report: machine, command, tables; and their places in bench/README.md. */

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "../../test/support/server";
import type { AppendOnlyRow } from "./appendonly";
import { operationTable, removalTable, shapeTable } from "./collection-tables";
import type { EvictionResults } from "./eviction";
import { hitTable, residentTable } from "./eviction-tables";
import { type FanoutRow, fanoutTable } from "./fanout";
import type { LoadingRow } from "./loading";
import type { ConnectionRow, MemoryRow } from "./memory";
import type { OperationRow } from "./operations";
import { type Options, SECTIONS, type Section, type ServerName } from "./options";
import type { RemovalRow } from "./removals";
import { TITLES } from "./servers";
import type { ShapeRow } from "./shapes";
import type { SnapshotRow } from "./snapshot";
import { appendOnlyTable, loadingTable, snapshotTable } from "./snapshot-tables";
import type { StallRow } from "./stalls";
import { connectionTable, cpuTable, latencyTable, memoryTable, rateTable, stallTable, summaryTable } from "./tables";
import type { ThroughputRow } from "./throughput";
import { TARGETS, type Targets } from "./workloads";

export interface Results {
  readonly names: readonly ServerName[];
  readonly throughput: readonly ThroughputRow[];
  readonly collections: readonly ThroughputRow[];
  readonly operations: readonly OperationRow[];
  readonly shapes: readonly ShapeRow[];
  readonly removals: readonly RemovalRow[];
  readonly snapshot: readonly SnapshotRow[];
  readonly loading: readonly LoadingRow[];
  readonly appendonly: readonly AppendOnlyRow[];
  readonly eviction: readonly EvictionResults[];
  readonly fanout: readonly FanoutRow[];
  /** What was not measured, because a server does not know its commands: "section:part". */
  readonly leftOut: readonly string[];
  readonly memory: readonly MemoryRow[];
  readonly connections: readonly ConnectionRow[];
  readonly stalls: readonly StallRow[];
  readonly checksum: string;
  /** What the servers call themselves. */
  readonly versions: Readonly<Partial<Record<ServerName, string>>>;
}

const README = join(REPOSITORY, "bench/README.md");

/** The report: what was measured where, and the tables of each section. */
export function renderReport(results: Results, options: Options, command: string): string {
  const tables = renderSections(results, options);
  return [origin(results, command), ...tables.values()].join("\n\n");
}

/** The tables of the sections that were measured, in their order. */
function renderSections(results: Results, options: Options): Map<Section, string> {
  const { names } = results;
  const populate = `DEBUG POPULATE ${options.memoryKeys} memtier- 4`;
  const rounds = `medians of ${options.operationRounds}`;
  const parts: Record<Section, () => string[]> = {
    throughput: () => throughputParts("", results.throughput, names, options, TARGETS.throughput),
    collections: () => throughputParts("Collections: ", results.collections, names, options, TARGETS.collections),
    operations: () => [`### Large operations, ms (${rounds})`, operationTable(results.operations, names)],
    memory: () => [`### Resident memory a key (\`${populate}\`)`, memoryTable(results.memory)],
    shapes: () => ["### Resident memory an element, bytes", shapeTable(results.shapes, names)],
    connections: () => ["### Resident memory of an idle connection", connectionTable(results.connections)],
    stalls: () => ["### What another client feels, ms", stallTable(results.stalls, options)],
    removals: () => [
      "### What another client feels while a collection is removed",
      removalTable(results.removals, options),
    ],
    snapshot: () => [
      `### BGSAVE of ${options.memoryKeys.toLocaleString("en-US")} keys under a full write load`,
      snapshotTable(results.snapshot),
    ],
    loading: () => ["### Loading a file, s", loadingTable(results.loading, names)],
    appendonly: () => [
      `### Requests a second with an append-only file (medians of ${options.appendRounds} rounds, ${options.clients} clients)`,
      appendOnlyTable(results.appendonly, names),
    ],
    eviction: () => [
      `### Hits of a full cache of ${options.evictionKeys.toLocaleString("en-US")} objects of ten times as many (Zipf)`,
      hitTable(results.eviction[0].hits, names),
      "### Resident memory while ten times maxmemory is written",
      residentTable(results.eviction[0].resident, names),
    ],
    fanout: () => [`### Messages to ${options.subscribers} subscribers`, fanoutTable(results.fanout, names)],
  };
  const rendered = new Map<Section, string>();
  for (const section of SECTIONS) {
    if (results[section].length > 0) rendered.set(section, parts[section]().join("\n\n"));
  }
  return rendered;
}

/** The command, the machine and the servers; and what could not be measured. */
function origin(results: Results, command: string): string {
  const parts = [`\`${command}\``, machine(), servers(results)];
  if (results.leftOut.length > 0) {
    parts.push(`Left out, as not all servers have the commands: ${results.leftOut.join(", ")}.`);
  }
  return parts.join("\n\n");
}

function throughputParts(
  title: string,
  rows: readonly ThroughputRow[],
  names: readonly ServerName[],
  options: Options,
  targets: Targets,
): string[] {
  if (rows.length === 0) return [];
  const headed = (heading: string) => `### ${title}${title === "" ? heading : heading.toLowerCase()}`;
  const how = `${options.rounds} rounds, ${options.clients} clients, ${options.keyspace.toLocaleString("en-US")} random keys`;
  const parts: string[] = [];
  if (names.includes("redbun") && names.length > 1) parts.push(headed("In short"), summaryTable(rows, names, targets));
  parts.push(`${headed("Requests a second")} (medians of ${how})`, rateTable(rows, names));
  parts.push(`### ${title}Server CPU time a request, µs`, cpuTable(rows, names));
  parts.push(`${headed("Latency")}, ms: p50 / p99 / p99.9`, latencyTable(rows, names));
  return parts;
}

/** Puts each section that was measured between its markers in bench/README.md; the others stay as they are. */
export async function writeReadme(results: Results, options: Options, command: string): Promise<void> {
  let readme = await Bun.file(README).text();
  for (const [section, tables] of renderSections(results, options)) {
    readme = replaceSection(readme, section, `${origin(results, command)}\n\n${tables}`);
  }
  await Bun.write(README, readme);
}

/** The text with what is between the markers of a section replaced; throws when they are missing. */
export function replaceSection(readme: string, section: Section, report: string): string {
  const [begin, end] = ["begin", "end"].map((edge) => `<!-- bench:load ${section} ${edge} -->`);
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no ${begin} ... ${end}`);
  return `${readme.slice(0, from + begin.length)}\n\n${report}\n\n${readme.slice(to)}`;
}

function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Machine: ${processors.length} × ${processors[0]?.model.trim()}, ${memory} GiB, ${system()}, Linux ${release()}.`;
}

function system(): string {
  try {
    const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"));
    return name?.[1] ?? "Linux";
  } catch {
    return "Linux";
  }
}

function servers({ names, versions }: Results): string {
  return `Servers: ${names.map((name) => `${TITLES[name]} (${versions[name] ?? "?"})`).join(", ")}; Bun ${Bun.version}.`;
}
