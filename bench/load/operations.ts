/**
 * Operations that walk through a large collection: how long one takes, from the request's first byte to the reply's last.
 *
 * All servers hold the same data and take turns. Replies are not decoded, or the client would be half of what is measured;
 * their lengths must agree. An operation that takes microseconds is sent many times in one write.
 */

import { Random } from "../../test/support/random";
import type { TestServer } from "../../test/support/server";
import { CHECKSUM_SEED } from "./checksum";
import { each, empty, encode, load, variadic, type Words } from "./loader";
import type { Options, ServerName } from "./options";
import { start, TITLES } from "./servers";
import { median } from "./statistics";
import { Stopwatch } from "./stopwatch";

export interface Operation {
  /** For --only. */
  readonly name: string;
  readonly title: string;
  /** Elements at full size. */
  readonly elements: number;
  /** The commands that it uses, lower case. */
  readonly commands: readonly string[];
  readonly fill: (elements: number) => Iterable<Words>;
  readonly run: (elements: number) => Words;
  /** How often a sample runs it. Default: once. */
  readonly times?: number;
}

const HUNDRED_THOUSAND = 100_000;
const MILLION = 1_000_000;
const TEN_MEGABYTES = 10_000_000;

/** Two collections that share half of their members. */
function* halfShared(command: string, n: number, arguments_: (i: number) => Words): Generator<Words> {
  yield* variadic([command, "a"], n, arguments_);
  yield* variadic([command, "b"], n, (i) => arguments_(i + n / 2));
}

/** `n` bytes of no pattern, latin1. */
function noise(n: number, seed: number): string {
  return Buffer.from(new Random(seed).bytes(n)).toString("latin1");
}

/** Positions in a part of Europe. */
function* positions(n: number): Generator<Words> {
  const random = new Random(CHECKSUM_SEED);
  const coordinate = (from: number, to: number) => (from + random.float() * (to - from)).toFixed(6);
  yield* variadic(["GEOADD", "geo"], n, (i) => [coordinate(-10, 30), coordinate(35, 60), `member:${i}`]);
}

export const OPERATIONS: readonly Operation[] = [
  {
    name: "zunionstore",
    title: "ZUNIONSTORE of two sorted sets of 100,000",
    elements: HUNDRED_THOUSAND,
    commands: ["zadd", "zunionstore"],
    fill: (n) => halfShared("ZADD", n, (i) => [String(i), `member:${i}`]),
    run: () => ["ZUNIONSTORE", "union", "2", "a", "b"],
  },
  {
    name: "sinter",
    title: "SINTER of two sets of 100,000",
    elements: HUNDRED_THOUSAND,
    commands: ["sadd", "sinter"],
    fill: (n) => halfShared("SADD", n, (i) => [`member:${i}`]),
    run: () => ["SINTER", "a", "b"],
  },
  {
    name: "lrange",
    title: "LRANGE 0 -1 of 100,000",
    elements: HUNDRED_THOUSAND,
    commands: ["rpush", "lrange"],
    fill: (n) => variadic(["RPUSH", "list"], n, (i) => [`element:${i}`]),
    run: () => ["LRANGE", "list", "0", "-1"],
  },
  {
    name: "zrange",
    title: "ZRANGE BYSCORE, 1,000 in the middle of 1 M",
    elements: MILLION,
    commands: ["zadd", "zrange"],
    fill: (n) => variadic(["ZADD", "zset"], n, (i) => [String(i), `member:${i}`]),
    run: (n) => ["ZRANGE", "zset", String(n / 2), `(${n / 2 + 1000}`, "BYSCORE"],
    times: 20,
  },
  {
    name: "linsert",
    title: "LINSERT in the middle of 1 M",
    elements: MILLION,
    commands: ["rpush", "linsert"],
    fill: (n) => variadic(["RPUSH", "list"], n, (i) => [`element:${i}`]),
    run: (n) => ["LINSERT", "list", "BEFORE", `element:${n / 2}`, "inserted"],
  },
  {
    name: "lindex",
    title: "LINDEX in the middle of 1 M",
    elements: MILLION,
    commands: ["rpush", "lindex"],
    fill: (n) => variadic(["RPUSH", "list"], n, (i) => [`element:${i}`]),
    run: (n) => ["LINDEX", "list", String(n / 2)],
    times: 100,
  },
  {
    name: "sort",
    title: "SORT of 100,000 numbers",
    elements: HUNDRED_THOUSAND,
    commands: ["rpush", "sort"],
    fill: (n) => {
      const random = new Random(CHECKSUM_SEED);
      return variadic(["RPUSH", "list"], n, () => [String(random.integer(0, MILLION))]);
    },
    run: () => ["SORT", "list"],
  },
  {
    name: "bitcount",
    title: "BITCOUNT of 10 MB",
    elements: TEN_MEGABYTES,
    commands: ["set", "bitcount"],
    fill: (n) => [["SET", "bits", noise(n, 1)]],
    run: () => ["BITCOUNT", "bits"],
  },
  {
    name: "bitop",
    title: "BITOP AND of two strings of 10 MB",
    elements: TEN_MEGABYTES,
    commands: ["set", "bitop"],
    fill: (n) => each(2, (i) => ["SET", `bits:${i}`, noise(n, i)]),
    run: () => ["BITOP", "AND", "result", "bits:0", "bits:1"],
  },
  {
    name: "pfcount",
    title: "PFCOUNT of three HyperLogLogs of 100,000",
    elements: HUNDRED_THOUSAND,
    commands: ["pfadd", "pfcount"],
    fill: function* (n) {
      for (const key of ["a", "b", "c"]) yield* variadic(["PFADD", key], n, (i) => [`${key}:${i}`]);
    },
    run: () => ["PFCOUNT", "a", "b", "c"],
    times: 20,
  },
  {
    name: "geosearch",
    title: "GEOSEARCH of a circle in 100,000, in order (3.5% of them)",
    elements: HUNDRED_THOUSAND,
    commands: ["geoadd", "geosearch"],
    fill: positions,
    run: () => ["GEOSEARCH", "geo", "FROMLONLAT", "10", "48", "BYRADIUS", "300", "km", "ASC"],
    times: 5,
  },
  {
    name: "geosearch-box",
    title: "GEOSEARCH of a box in 100,000 with distance and hash (half of them)",
    elements: HUNDRED_THOUSAND,
    commands: ["geoadd", "geosearch"],
    fill: positions,
    run: () => ["GEOSEARCH", "geo", "FROMLONLAT", "10", "48", "BYBOX", "2000", "2000", "km", "WITHDIST", "WITHHASH"],
  },
];

export interface OperationRow {
  readonly operation: string;
  /** Milliseconds an operation takes, by server, one for each round. */
  readonly rounds: Readonly<Partial<Record<ServerName, readonly number[]>>>;
}

/** Runs that do not count: a JIT compiler learns a loop once in a server's life. */
const WARMUPS = 5;

export async function measureOperations(
  names: readonly ServerName[],
  options: Options,
  operations: readonly Operation[],
): Promise<OperationRow[]> {
  const rows: OperationRow[] = [];
  const servers = new Map<ServerName, TestServer>();
  try {
    for (const name of names) servers.set(name, await start(name, options));
    for (const operation of operations) rows.push(await measureOperation(servers, operation, options));
  } finally {
    for (const server of servers.values()) await server.stop();
  }
  return rows;
}

async function measureOperation(
  servers: ReadonlyMap<ServerName, TestServer>,
  operation: Operation,
  options: Options,
): Promise<OperationRow> {
  const elements = Math.round(operation.elements * options.collectionScale);
  for (const server of servers.values()) {
    await using client = await server.client();
    await empty(client);
    await load(client, operation.fill(elements));
  }
  const times = operation.times ?? 1;
  const request = Buffer.from(encode(operation.run(elements)).repeat(times), "latin1");
  const stopwatches = new Map<ServerName, Stopwatch>();
  const rounds: Partial<Record<ServerName, number[]>> = {};
  try {
    for (const [name, server] of servers) stopwatches.set(name, await Stopwatch.connect(server.port));
    for (let round = -WARMUPS; round < options.operationRounds; round++) {
      const lengths = new Set<number>();
      for (const [name, stopwatch] of round % 2 === 0 ? stopwatches : [...stopwatches].reverse()) {
        const { milliseconds, bytes } = await stopwatch.time(request);
        lengths.add(bytes);
        if (round < 0) continue;
        rounds[name] ??= [];
        rounds[name].push(milliseconds / times);
      }
      if (lengths.size > 1) throw new Error(`${operation.title}: replies of ${[...lengths].join(", ")} bytes`);
    }
  } finally {
    for (const stopwatch of stopwatches.values()) stopwatch.close();
  }
  const figures = [...servers.keys()].map((name) => `${TITLES[name]} ${median(rounds[name] ?? []).toFixed(3)}`);
  console.log(`  ${operation.title}: ${figures.join(", ")} ms`);
  return { operation: operation.name, rounds };
}
