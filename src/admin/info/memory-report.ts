/** Where the memory is: the figures of INFO memory, MEMORY STATS and MEMORY DOCTOR, of one moment. */

import type { ServerContext } from "../../command/server-context";

/** The allocator's name, in INFO and MEMORY DOCTOR. */
export const ALLOCATOR = "redbun-slab";

/** What the index of one database takes, bytes. */
export interface DatabaseOverhead {
  readonly id: number;
  readonly main: number;
  readonly expires: number;
}

/** All sizes in bytes. */
export interface MemoryReport {
  readonly used: number;
  readonly peak: number;
  readonly startup: number;
  readonly resident: number;
  /** What the process had resident before there was any data. */
  readonly residentAtStart: number;
  readonly clients: number;
  readonly databases: readonly DatabaseOverhead[];
  /** Everything that is no data: startup, clients, indexes. */
  readonly overhead: number;
  readonly dataset: number;
  readonly datasetPercent: number;
  readonly peakPercent: number;
  readonly keys: number;
  readonly bytesPerKey: number;
  /** The heap: live blocks, pages that hold them, and pages that the system has not got back. */
  readonly allocated: number;
  readonly active: number;
  readonly allocatorResident: number;
}

export function memoryReport(server: ServerContext): MemoryReport {
  const { metrics, keyspace, clients } = server;
  const { heap } = keyspace;
  clients.memory.recount(clients.all());
  const clientBytes = clients.memory.total;
  const databases: DatabaseOverhead[] = [];
  let indexes = 0;
  for (const db of keyspace.databases) {
    const main = db.index.bytes;
    indexes += main;
    // Which keys expire is a bit of the index itself.
    if (db.size > 0) databases.push({ id: db.id, main, expires: 0 });
  }
  const used = metrics.usedBytes;
  const startup = metrics.startupBytes;
  const overhead = startup + clientBytes + indexes;
  const dataset = Math.max(0, used - overhead);
  const grown = Math.max(0, used - startup);
  const keys = keyspace.size;
  return {
    used,
    peak: metrics.peakBytes,
    startup,
    resident: metrics.residentBytes,
    residentAtStart: metrics.residentAtStart,
    clients: clientBytes,
    databases,
    overhead,
    dataset,
    datasetPercent: grown === 0 ? 0 : (dataset * 100) / grown,
    peakPercent: (used * 100) / metrics.peakBytes,
    keys,
    bytesPerKey: keys === 0 ? 0 : Math.floor(grown / keys),
    allocated: heap.usedBytes,
    active: heap.committedBytes,
    allocatorResident: heap.committedBytes + heap.dirtyBytes,
  };
}

/** a / b, or 0 when there is no b. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}
