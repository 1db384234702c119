/** The servers under measurement, and what Linux says about a process: CPU time and resident memory. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { peerExecutable, REPOSITORY, startRedbun, startRedis, type TestServer } from "../../test/support/server";
import type { Options, ServerName } from "./options";

export const TITLES: Readonly<Record<ServerName, string>> = {
  redbun: "redbun",
  redis7: "Redis 7.0",
  redis8: "Redis 8.0",
  valkey8: "Valkey 8.1",
};

/** Clock ticks a second of /proc/PID/stat: 100 on every Linux that this runs on. */
const TICKS = 100;

/** Those of the servers asked for that are installed; says which are not. */
export function installed(names: readonly ServerName[]): ServerName[] {
  return names.filter((name) => {
    const present = name === "redbun" || peerExecutable(name) !== undefined;
    if (!present) console.log(`${TITLES[name]} is not installed (REDBUN_PEERS): left out`);
    return present;
  });
}

/** Starts a server with persistence off. */
export function start(name: ServerName, options: Options, args: readonly string[] = []): Promise<TestServer> {
  const all = ["--appendonly", "no", "--enable-debug-command", "yes", ...args];
  if (name !== "redbun") return startRedis(name, { args: all });
  const executable = options.executable ?? (existsSync(join(REPOSITORY, "dist/redbun")) ? "compiled" : "source");
  return startRedbun({ executable, args: all });
}

/** CPU time of all threads of a process so far, user and system, in seconds; exited threads are in it. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the name in parentheses, and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
  if (match === null) throw new Error(`no VmRSS of ${pid}`);
  return Number(match[1]) * 1024;
}

/** Waits, so that what a server does after work (giving memory back) is over. A benchmark may; a test may not. */
export function settle(options: Options): Promise<void> {
  return Bun.sleep(options.settleMs);
}
