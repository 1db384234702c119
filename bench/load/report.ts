/** The report: machine, command, tables; and its place in bench/README.md. */

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "../../test/support/server";
import { operationTable, removalTable, shapeTable } from "./collection-tables";
import type { ConnectionRow, MemoryRow } from "./memory";
import type { OperationRow } from "./operations";
import type { Options, ServerName } from "./options";
import type { RemovalRow } from "./removals";
import { TITLES } from "./servers";
import type { ShapeRow } from "./shapes";
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
const BEGIN = "<!-- bench:load begin -->";
const END = "<!-- bench:load end -->";

export function renderReport(results: Results, options: Options, command: string): string {
  const parts = [`\`${command}\``, machine(), servers(results)];
  parts.push(...throughputParts("", results.throughput, results.names, options, TARGETS.throughput));
  parts.push(...throughputParts("Collections: ", results.collections, results.names, options, TARGETS.collections));
  if (results.operations.length > 0) {
    const rounds = `medians of ${options.operationRounds}`;
    parts.push(`### Large operations, ms (${rounds})`, operationTable(results.operations, results.names));
  }
  if (results.memory.length > 0) {
    const populate = `DEBUG POPULATE ${options.memoryKeys} memtier- 4`;
    parts.push(`### Resident memory a key (\`${populate}\`)`, memoryTable(results.memory));
  }
  if (results.shapes.length > 0) {
    parts.push("### Resident memory an element, bytes", shapeTable(results.shapes, results.names));
  }
  if (results.connections.length > 0) {
    parts.push("### Resident memory of an idle connection", connectionTable(results.connections));
  }
  if (results.stalls.length > 0) parts.push("### What another client feels, ms", stallTable(results.stalls, options));
  if (results.removals.length > 0) {
    parts.push("### What another client feels while a collection is removed", removalTable(results.removals, options));
  }
  if (results.leftOut.length > 0)
    parts.push(`Left out, as not all servers have the commands: ${results.leftOut.join(", ")}.`);
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

/** Puts the report between the markers of bench/README.md. */
export async function writeReadme(report: string): Promise<void> {
  await Bun.write(README, replaceSection(await Bun.file(README).text(), report));
}

/** The text with what is between the markers replaced; throws when the markers are missing. */
export function replaceSection(readme: string, report: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`no ${BEGIN} ... ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${report}\n\n${readme.slice(end)}`;
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
