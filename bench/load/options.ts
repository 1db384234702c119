/** The command line of the load benchmark, and the sizes that it stands for. */

import { parseArgs } from "node:util";
import { WORKLOADS } from "./workloads";

export const SERVERS = ["redbun", "redis7", "redis8", "valkey8"] as const;
export type ServerName = (typeof SERVERS)[number];

export const SECTIONS = ["throughput", "memory", "connections", "stalls"] as const;
export type Section = (typeof SECTIONS)[number];

export interface Options {
  readonly size: "full" | "quick" | "smoke";
  readonly servers: readonly ServerName[];
  readonly sections: readonly Section[];
  /** Names of workloads, upper case; empty: all. */
  readonly workloads: readonly string[];
  readonly pipelines: readonly number[];
  readonly valueSizes: readonly number[];
  readonly rounds: number;
  /** Requests of a run by pipeline depth, before the workload's weight. */
  readonly requests: (pipeline: number) => number;
  readonly clients: number;
  /** Keys that requests choose from at random. */
  readonly keyspace: number;
  /** Keys of the memory measurement. */
  readonly memoryKeys: number;
  /** Connections of the idle-connection measurement. */
  readonly connections: number;
  /** Keys that are inserted and flushed while the probe runs, and keys that expire in one moment. */
  readonly stallKeys: number;
  readonly expiringKeys: number;
  /** How long a server is left alone before its memory is read. */
  readonly settleMs: number;
  readonly executable: "source" | "compiled" | undefined;
  readonly write: boolean;
  readonly json: string | undefined;
}

export const HELP = `bun run bench:load [options]

  --quick            a shorter run: 3 rounds of a quarter of the requests
  --smoke            a tiny run (seconds): does everything work; its figures mean nothing
  --only A,B         sections (throughput, memory, connections, stalls) or commands (PING, SET, GET, INCR, MSET)
  --servers A,B      of redbun, redis7, redis8, valkey8 (default: all that are installed)
  --pipelines 1,16   pipeline depths (default 1,16,64)
  --sizes 3,1024     value sizes in bytes (default 3,1024)
  --rounds N         rounds; every server has its turn in each (default 5)
  --source           redbun from its sources instead of dist/redbun
  --write            replace the section of bench/README.md that holds the tables
  --json PATH        write the raw figures, too
`;

/** Reads the command line; undefined when it asked for help. */
export function parseOptions(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      servers: { type: "string" },
      pipelines: { type: "string" },
      sizes: { type: "string" },
      rounds: { type: "string" },
      source: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const size = values.smoke ? "smoke" : values.quick ? "quick" : "full";
  const only = values.only.flatMap((list) => list.split(","));
  const sections = SECTIONS.filter((section) => only.includes(section));
  const workloads = only.filter((name) => !SECTIONS.includes(name as Section)).map((name) => name.toUpperCase());
  const unknown = workloads.filter((name) => !WORKLOADS.some((workload) => workload.name === name));
  if (unknown.length > 0) throw new Error(`nothing to measure is called ${unknown.join(", ")}`);
  const sizes = SIZES[size];
  return {
    size,
    servers: values.servers === undefined ? sizes.servers : values.servers.split(",").map(serverName),
    sections: sections.length > 0 ? sections : workloads.length > 0 ? ["throughput"] : SECTIONS,
    workloads,
    pipelines: numbers(values.pipelines) ?? [1, 16, 64],
    valueSizes: numbers(values.sizes) ?? [3, 1024],
    rounds: numbers(values.rounds)?.[0] ?? sizes.rounds,
    requests: (pipeline) =>
      Math.round((pipeline === 1 ? 150_000 : pipeline <= 16 ? 1_000_000 : 2_500_000) * sizes.scale),
    clients: 50,
    keyspace: sizes.keyspace,
    memoryKeys: sizes.memoryKeys,
    connections: sizes.connections,
    stallKeys: sizes.stallKeys,
    expiringKeys: sizes.expiringKeys,
    settleMs: sizes.settleMs,
    executable: values.source ? "source" : size === "smoke" ? undefined : "compiled",
    write: values.write,
    json: values.json,
  };
}

const SIZES = {
  full: {
    servers: SERVERS,
    rounds: 5,
    scale: 1,
    keyspace: 1_000_000,
    memoryKeys: 5_000_000,
    connections: 10_000,
    stallKeys: 10_000_000,
    expiringKeys: 1_000_000,
    settleMs: 4000,
  },
  quick: {
    servers: SERVERS,
    rounds: 3,
    scale: 0.25,
    keyspace: 1_000_000,
    memoryKeys: 1_000_000,
    connections: 10_000,
    stallKeys: 1_000_000,
    expiringKeys: 1_000_000,
    settleMs: 3000,
  },
  smoke: {
    servers: ["redbun", "redis7"],
    rounds: 1,
    scale: 0.01,
    keyspace: 1000,
    memoryKeys: 10_000,
    connections: 100,
    stallKeys: 10_000,
    expiringKeys: 1000,
    settleMs: 0,
  },
} as const;

function serverName(name: string): ServerName {
  if (!SERVERS.includes(name as ServerName)) throw new Error(`no server "${name}": ${SERVERS.join(", ")}`);
  return name as ServerName;
}

function numbers(list: string | undefined): number[] | undefined {
  if (list === undefined) return undefined;
  const result = list.split(",").map(Number);
  if (result.some((value) => !Number.isInteger(value) || value < 1)) throw new Error(`not positive numbers: ${list}`);
  return result;
}
