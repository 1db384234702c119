/** The report: machine, command, tables; and its place in bench/README.md. */

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "../../test/support/server";
import type { ConnectionRow, MemoryRow } from "./memory";
import type { Options, ServerName } from "./options";
import { TITLES } from "./servers";
import type { StallRow } from "./stalls";
import { connectionTable, cpuTable, latencyTable, memoryTable, rateTable, stallTable, summaryTable } from "./tables";
import type { ThroughputRow } from "./throughput";

export interface Results {
  readonly names: readonly ServerName[];
  readonly throughput: readonly ThroughputRow[];
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
  if (results.throughput.length > 0) {
    const { throughput, names } = results;
    const how = `${options.rounds} rounds, ${options.clients} clients, ${options.keyspace.toLocaleString("en-US")} random keys`;
    if (names.includes("redbun") && names.length > 1) parts.push("### In short", summaryTable(throughput, names));
    parts.push(`### Requests a second (medians of ${how})`, rateTable(throughput, names));
    parts.push("### Server CPU time a request, µs", cpuTable(throughput, names));
    parts.push("### Latency, ms: p50 / p99 / p99.9", latencyTable(throughput, names));
  }
  if (results.memory.length > 0) {
    const populate = `DEBUG POPULATE ${options.memoryKeys} memtier- 4`;
    parts.push(`### Resident memory a key (\`${populate}\`)`, memoryTable(results.memory));
  }
  if (results.connections.length > 0) {
    parts.push("### Resident memory of an idle connection", connectionTable(results.connections));
  }
  if (results.stalls.length > 0) parts.push("### What another client feels, ms", stallTable(results.stalls, options));
  return parts.join("\n\n");
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
