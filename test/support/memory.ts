/** Memory of another process, as the system counts it. */

import { existsSync, readFileSync } from "node:fs";

const PAGE_BYTES = 4096;

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const statm = `/proc/${pid}/statm`;
  if (existsSync(statm)) return Number(readFileSync(statm, "latin1").split(" ")[1]) * PAGE_BYTES;
  const { stdout } = Bun.spawnSync(["ps", "-o", "rss=", "-p", String(pid)]);
  return Number(stdout.toString().trim()) * 1024;
}
