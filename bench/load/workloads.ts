/**
 * What the load benchmark measures: a table to add lines to. A workload is a test of redis-benchmark, or a command
 * line of its own in which `__rand_int__` becomes a random number of twelve digits and `__data__` the value.
 */

import { variadic, type Words } from "./loader";

export interface Workload {
  /** The name in the tables and for --only. */
  readonly name: string;
  readonly section: "throughput" | "collections";
  /** The commands that it uses, lower case. */
  readonly commands: readonly string[];
  /** Arguments of redis-benchmark that choose the command: ["-t", "set"], or the words of a command. */
  readonly args: readonly string[];
  /** True: measured once for each value size. False: the value's size does not matter to it. */
  readonly sized: boolean;
  /** True: every key exists before, so that reads find what they look for. */
  readonly filled: boolean;
  /** Requests, as a fraction of those of a small command. */
  readonly weight: number;
  /** What a run of so many requests needs: then each begins with this and nothing else. */
  readonly before?: (requests: number) => Iterable<Words>;
}

/** A test that redis-benchmark has for a command on a collection; each run begins with what `before` makes. */
function collection(test: string, before: Workload["before"] = () => []): Workload {
  return {
    name: test.toUpperCase(),
    section: "collections",
    commands: [test],
    args: ["-t", test],
    sized: false,
    filled: false,
    weight: 0.4,
    before,
  };
}

/** LRANGE from the head of a list of 3-byte elements. redis-benchmark's tests of that name fill their list in the run. */
function lrange(count: number): Workload {
  return {
    ...collection(`lrange_${count}`, () => variadic(["RPUSH", "mylist"], 10_000, () => ["xxx"])),
    commands: ["rpush", "lrange"],
    args: ["lrange", "mylist", "0", String(count - 1)],
    weight: 10 / count,
  };
}

/** Keys and elements of redis-benchmark's tests; popping takes one with each request, and there is one for each. */
const element = (i: number): string => `element:${String(i).padStart(12, "0")}`;
const list = (n: number) => variadic(["RPUSH", "mylist"], n, () => ["xxx"]);
const set = (n: number) => variadic(["SADD", "myset"], n, (i) => [element(i)]);
const zset = (n: number) => variadic(["ZADD", "myzset"], n, (i) => [String(i), element(i)]);

const strings = { section: "throughput", weight: 1 } as const;

export const WORKLOADS: readonly Workload[] = [
  { ...strings, name: "PING", commands: ["ping"], args: ["-t", "ping_mbulk"], sized: false, filled: false },
  { ...strings, name: "SET", commands: ["set"], args: ["-t", "set"], sized: true, filled: true },
  { ...strings, name: "GET", commands: ["get"], args: ["-t", "get"], sized: true, filled: true },
  { ...strings, name: "INCR", commands: ["incr"], args: ["-t", "incr"], sized: false, filled: false },
  { ...strings, name: "MSET", commands: ["mset"], args: ["-t", "mset"], sized: true, filled: true, weight: 0.2 },
  collection("lpush"),
  collection("rpush"),
  collection("lpop", list),
  collection("rpop", list),
  collection("sadd"),
  collection("hset"),
  collection("spop", set),
  collection("zadd"),
  collection("zpopmin", zset),
  lrange(100),
  lrange(300),
  lrange(500),
  lrange(600),
  // redis-benchmark of Redis 7.0 has no such test yet; later ones send this.
  { ...collection("xadd"), args: ["xadd", "mystream", "*", "myfield", "__data__"] },
];

/** What is asked for, by pipeline depth: requests a second at least, server CPU time a request at most, as ratios. */
export type Targets = Readonly<Record<number, { readonly rate: number; readonly cpu?: number }>>;

export const TARGETS: Readonly<Record<Workload["section"], Targets>> = {
  throughput: { 1: { rate: 1.0, cpu: 1.0 }, 16: { rate: 1.4, cpu: 0.75 }, 64: { rate: 1.6, cpu: 0.65 } },
  collections: { 1: { rate: 1.0, cpu: 1.0 }, 16: { rate: 1.3 }, 64: { rate: 1.3 } },
};

/** Bytes of resident memory at most: a key (15-byte key, 4-byte value), and an idle connection. */
export const MEMORY_TARGETS = { key: 45, connection: 4096 } as const;

/** The longest that a change of the whole data set, or of a large collection, may keep another client waiting, in ms. */
export const STALL_TARGET_MS = 5;
/** Of the memory of all keys, the part in percent that has to come back when they are gone. */
export const RETURN_TARGET = 80;
/** How much longer than another server's an operation on a large collection may take. */
export const OPERATION_TARGET = 2;
/** During BGSAVE, requests a second and memory as a fraction of those before, and the longest answer because of it. */
export const SNAPSHOT_TARGETS = { rate: 0.75, memory: 1.15, longestMs: 10 } as const;
/** Requests a second with appendfsync everysec, as a fraction of those without an append-only file. */
export const EVERYSEC_TARGET = 0.9;
