/**
 * What the load benchmark measures: a table to add lines to. A workload is a test of redis-benchmark, or a command
 * line of its own in which `__rand_int__` becomes a random number of twelve digits and `__data__` the value.
 */

export interface Workload {
  /** The name in the tables and for --only. */
  readonly name: string;
  /** Arguments of redis-benchmark that choose the command: ["-t", "set"], or the words of a command. */
  readonly args: readonly string[];
  /** True: measured once for each value size. False: the value's size does not matter to it. */
  readonly sized: boolean;
  /** True: every key exists before, so that reads find what they look for. */
  readonly filled: boolean;
  /** Requests, as a fraction of those of a small command. */
  readonly weight: number;
}

export const WORKLOADS: readonly Workload[] = [
  { name: "PING", args: ["-t", "ping_mbulk"], sized: false, filled: false, weight: 1 },
  { name: "SET", args: ["-t", "set"], sized: true, filled: true, weight: 1 },
  { name: "GET", args: ["-t", "get"], sized: true, filled: true, weight: 1 },
  { name: "INCR", args: ["-t", "incr"], sized: false, filled: false, weight: 1 },
  { name: "MSET", args: ["-t", "mset"], sized: true, filled: true, weight: 0.2 },
];

/** What is asked for, by pipeline depth: requests a second at least, server CPU time a request at most, as ratios. */
export const TARGETS: Readonly<Record<number, { readonly rate: number; readonly cpu: number }>> = {
  1: { rate: 1.0, cpu: 1.0 },
  16: { rate: 1.4, cpu: 0.75 },
  64: { rate: 1.6, cpu: 0.65 },
};

/** Bytes of resident memory at most: a key (15-byte key, 4-byte value), and an idle connection. */
export const MEMORY_TARGETS = { key: 45, connection: 4096 } as const;

/** The longest that a change of the whole data set may keep another client waiting, in milliseconds. */
export const STALL_TARGET_MS = 5;
/** Of the memory of all keys, the part in percent that has to come back when they are gone. */
export const RETURN_TARGET = 80;
