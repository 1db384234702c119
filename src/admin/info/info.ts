/**
 * INFO: a text of sections, each a heading and lines `field:value`. Field names and formats are Redis 7.2's: monitoring
 * reads them. What redbun does not have (forks, a Lua VM, replicas so far) stands there with its true value, mostly 0.
 *
 * A section is a function in SECTIONS; memory has a file of its own.
 */

import type { ServerContext } from "../../command/server-context";
import { memorySection } from "./memory-section";
import {
  clientsSection,
  clusterSection,
  commandStatsSection,
  cpuSection,
  debugSection,
  errorStatsSection,
  keyspaceSection,
  latencyStatsSection,
  persistenceSection,
  replicationSection,
  serverSection,
  statsSection,
} from "./sections";

/** A section's lines, without its heading. */
type SectionWriter = (server: ServerContext) => string[];

interface Section {
  readonly name: string;
  readonly heading: string;
  readonly isDefault: boolean;
  /** Shown by its name alone. */
  readonly isHidden?: boolean;
  readonly write: SectionWriter;
}

const SECTIONS: readonly Section[] = [
  { name: "server", heading: "Server", isDefault: true, write: serverSection },
  { name: "clients", heading: "Clients", isDefault: true, write: clientsSection },
  { name: "memory", heading: "Memory", isDefault: true, write: memorySection },
  { name: "persistence", heading: "Persistence", isDefault: true, write: persistenceSection },
  { name: "stats", heading: "Stats", isDefault: true, write: statsSection },
  { name: "replication", heading: "Replication", isDefault: true, write: replicationSection },
  { name: "cpu", heading: "CPU", isDefault: true, write: cpuSection },
  { name: "modules", heading: "Modules", isDefault: true, write: () => [] },
  { name: "commandstats", heading: "Commandstats", isDefault: false, write: commandStatsSection },
  { name: "errorstats", heading: "Errorstats", isDefault: true, write: errorStatsSection },
  { name: "latencystats", heading: "Latencystats", isDefault: false, write: latencyStatsSection },
  { name: "cluster", heading: "Cluster", isDefault: true, write: clusterSection },
  { name: "keyspace", heading: "Keyspace", isDefault: true, write: keyspaceSection },
  { name: "debug", heading: "Debug", isDefault: false, isHidden: true, write: debugSection },
];

/**
 * INFO's text. `names` are the arguments: sections, "default", "all" or "everything", in any case; none means the
 * default ones. Unknown names are ignored.
 */
export function infoText(server: ServerContext, names: readonly string[]): string {
  const wanted = new Set((names.length === 0 ? ["default"] : names).map((name) => name.toLowerCase()));
  const all = wanted.has("all") || wanted.has("everything");
  const texts: string[] = [];
  for (const { name, heading, isDefault, isHidden, write } of SECTIONS) {
    if (!(all && !isHidden) && !wanted.has(name) && !(isDefault && wanted.has("default"))) continue;
    texts.push([`# ${heading}`, ...write(server), ""].join("\r\n"));
  }
  return texts.join("\r\n");
}
