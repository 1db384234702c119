/**
 * server_cpulist and bio_cpulist: the processors that the process may run on (Linux).
 *
 * Redis binds its thread and those for I/O by the one, and its background threads by the other. Here the first is for all
 * threads: that of the server, and those of the runtime that compile code and collect garbage for it. The second is for the
 * runtime's pool, which has what Redis does in the background: fsync, and closing files. A thread is made when it is first
 * needed and inherits what its maker has, so that new ones are looked for from time to time.
 */

import { ptr } from "bun:ffi";
import { readdirSync, readFileSync } from "node:fs";
import { lastError, libc } from "../../util/libc";
import { strerror } from "../../util/strerror";
import type { Config } from "../config/config";
import type { Logger } from "./logger";

/** cpu_set_t: a bit for each processor. */
const CPUS = 1024;
const THREADS = "/proc/self/task";
const POOL_NAME = /^Bun Pool /;

/**
 * A set of processors out of numbers and ranges, as taskset takes them: "0,2", "0-7:2" (every second one). Null if the
 * text is none.
 */
export function parseCpuList(text: string): Buffer | null {
  const set = Buffer.alloc(CPUS / 8);
  for (const part of text.split(",")) {
    const match = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part);
    if (match === null) return null;
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    const step = Number(match[3] ?? 1);
    if (step === 0 || first > last || last >= CPUS) return null;
    for (let cpu = first; cpu <= last; cpu += step) set[cpu >> 3] |= 1 << (cpu & 7);
  }
  return set;
}

export class CpuAffinity {
  private readonly server: Buffer | null;
  private readonly pool: Buffer | null;
  /** Threads that are bound. */
  private readonly bound = new Set<number>();

  constructor(
    config: Config,
    private readonly log: Logger,
  ) {
    this.server = this.read("server_cpulist", config.serverCpulist);
    this.pool = this.read("bio_cpulist", config.bioCpulist);
  }

  /** Whether there are threads of the pool to be bound as they come. */
  get followsPool(): boolean {
    return this.pool !== null;
  }

  private read(name: string, list: string): Buffer | null {
    if (list === "") return null;
    const set = parseCpuList(list);
    if (set === null) this.log.warning(`WARNING: ${name} has no effect: '${list}' is no list of processors`);
    return set;
  }

  /** Binds the threads that are not bound yet. */
  apply(): void {
    if (this.server === null && this.pool === null) return;
    for (const thread of threads()) {
      if (this.bound.has(thread)) continue;
      this.bound.add(thread);
      const set = this.pool !== null && isOfPool(thread) ? this.pool : this.server;
      if (set !== null) this.bind(thread, set);
    }
  }

  private bind(thread: number, set: Buffer): void {
    if (libc("sched_setaffinity")?.(thread, set.length, ptr(set)) === 0) return;
    // Of many threads that cannot be bound, one is enough to say so.
    if (thread === process.pid) this.log.warning(`WARNING: CPU affinity could not be set: ${strerror(lastError())}`);
  }
}

/** The threads of this process, by number; none where the system does not list them. */
function threads(): number[] {
  try {
    return readdirSync(THREADS).map(Number);
  } catch {
    return [];
  }
}

function isOfPool(thread: number): boolean {
  try {
    return POOL_NAME.test(readFileSync(`${THREADS}/${thread}/comm`, "latin1"));
  } catch {
    return false;
  }
}
