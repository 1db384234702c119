/** The command line of the load benchmark, and the sizes that it stands for. */

import { parseArgs } from "node:util";
import { POLICIES, type Policy } from "./appendonly";
import { LOADED } from "./loading";
import { OPERATIONS } from "./operations";
import { REMOVED } from "./removals";
import { SHAPES } from "./shapes";
import { WORKLOADS } from "./workloads";

const SERVERS = ["redbun", "redis7", "redis8", "valkey8"] as const;
export type ServerName = (typeof SERVERS)[number];

export const SECTIONS = [
  "throughput",
  "collections",
  "operations",
  "memory",
  "shapes",
  "connections",
  "stalls",
  "removals",
  "snapshot",
  "loading",
  "appendonly",
  "eviction",
  "fanout",
] as const;
export type Section = (typeof SECTIONS)[number];

/** What a section is made of, by name; the other sections are one thing each. */
const ITEMS: Readonly<Partial<Record<Section, readonly { readonly name: string }[]>>> = {
  throughput: WORKLOADS.filter(({ section }) => section === "throughput"),
  collections: WORKLOADS.filter(({ section }) => section === "collections"),
  operations: OPERATIONS,
  shapes: SHAPES,
  removals: REMOVED,
  loading: LOADED,
};

export interface Options {
  readonly size: "full" | "quick" | "smoke";
  readonly servers: readonly ServerName[];
  readonly sections: readonly Section[];
  /** Names of what to measure of a section; a section that is not here is measured whole. */
  readonly items: Readonly<Partial<Record<Section, readonly string[]>>>;
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
  /** Elements of collections, as a fraction of their full number. */
  readonly collectionScale: number;
  /** Samples of an operation on a large collection, and of the removal of one. */
  readonly operationRounds: number;
  readonly removalRounds: number;
  /** How long the load runs before BGSAVE, s; and how often a file is loaded. */
  readonly snapshotSeconds: number;
  readonly loadingRounds: number;
  /** Objects that fit into a cache that is full; and a limit of which ten times as much is written, bytes. */
  readonly evictionKeys: number;
  readonly evictionBytes: number;
  /** What is measured of the append-only file. */
  readonly appendPolicies: readonly Policy[];
  readonly appendRounds: number;
  /** Requests of a run of that, as a multiple of other runs'. */
  readonly appendWeight: number;
  /** Subscribers of the channel that is published on, and messages of a run, where they come one by one. */
  readonly subscribers: number;
  readonly fanoutMessages: number;
  /** How long a server is left alone before its memory is read. */
  readonly settleMs: number;
  readonly executable: "source" | "compiled" | undefined;
  readonly write: boolean;
  readonly json: string | undefined;
}

export const HELP = `bun run bench:load [options]

  --quick            a shorter run: 3 rounds of a quarter of the requests (the append-only file: 5 of half)
  --smoke            a tiny run (seconds): does everything work; its figures mean nothing
  --only A,B         sections (${SECTIONS.join(", ")}),
                     commands (GET, LPUSH), or parts of a section (shapes:hash, operations:sort, loading:keys)
  --servers A,B      of redbun, redis7, redis8, valkey8 (default: all that are installed)
  --pipelines 1,16   pipeline depths (default 1,16,64)
  --sizes 3,1024     value sizes in bytes (default 3,1024)
  --scale N          collections of N times as many elements
  --rounds N         rounds; every server has its turn in each (default 5)
  --source           redbun from its sources instead of dist/redbun
  --write            put the tables into bench/README.md, in place of those of the same sections
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
      scale: { type: "string", default: "1" },
      source: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const size = values.smoke ? "smoke" : values.quick ? "quick" : "full";
  const { sections, items } = chosen(values.only.flatMap((list) => list.split(",")));
  const sizes = SIZES[size];
  return {
    size,
    servers: values.servers === undefined ? sizes.servers : values.servers.split(",").map(serverName),
    sections,
    items,
    pipelines: numbers(values.pipelines) ?? sizes.pipelines,
    valueSizes: numbers(values.sizes) ?? [3, 1024],
    rounds: numbers(values.rounds)?.[0] ?? sizes.rounds,
    // Some seconds each: the compiler is at work in the first 500,000 requests of a kind, whatever their pipeline.
    requests: (pipeline) =>
      Math.round((pipeline === 1 ? 400_000 : pipeline <= 16 ? 2_000_000 : 4_000_000) * sizes.scale),
    clients: 50,
    keyspace: sizes.keyspace,
    memoryKeys: sizes.memoryKeys,
    connections: sizes.connections,
    stallKeys: sizes.stallKeys,
    expiringKeys: sizes.expiringKeys,
    collectionScale: sizes.collectionScale * Number(values.scale),
    operationRounds: sizes.operationRounds,
    removalRounds: sizes.removalRounds,
    snapshotSeconds: sizes.snapshotSeconds,
    loadingRounds: sizes.loadingRounds,
    evictionKeys: sizes.evictionKeys,
    evictionBytes: sizes.evictionBytes,
    appendPolicies: sizes.appendPolicies,
    appendRounds: numbers(values.rounds)?.[0] ?? sizes.appendRounds,
    appendWeight: sizes.appendWeight,
    subscribers: sizes.subscribers,
    fanoutMessages: sizes.fanoutMessages,
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
    pipelines: [1, 16, 64],
    scale: 1,
    keyspace: 1_000_000,
    memoryKeys: 5_000_000,
    connections: 10_000,
    stallKeys: 10_000_000,
    expiringKeys: 1_000_000,
    collectionScale: 1,
    operationRounds: 21,
    removalRounds: 3,
    snapshotSeconds: 6,
    loadingRounds: 5,
    evictionKeys: 100_000,
    evictionBytes: 400 * 1024 * 1024,
    appendPolicies: POLICIES,
    appendRounds: 5,
    appendWeight: 1,
    subscribers: 1000,
    fanoutMessages: 400,
    settleMs: 4000,
  },
  quick: {
    servers: SERVERS,
    rounds: 3,
    pipelines: [1, 16, 64],
    scale: 0.25,
    keyspace: 1_000_000,
    memoryKeys: 1_000_000,
    connections: 10_000,
    stallKeys: 1_000_000,
    expiringKeys: 1_000_000,
    collectionScale: 1,
    operationRounds: 11,
    removalRounds: 1,
    snapshotSeconds: 4,
    loadingRounds: 3,
    evictionKeys: 50_000,
    evictionBytes: 200 * 1024 * 1024,
    appendPolicies: ["off", "everysec", "everysec, rewritten", "always"],
    appendRounds: 5,
    appendWeight: 2,
    subscribers: 1000,
    fanoutMessages: 50,
    settleMs: 3000,
  },
  smoke: {
    servers: ["redbun", "redis7"],
    rounds: 1,
    pipelines: [1, 16],
    scale: 0.01,
    keyspace: 1000,
    memoryKeys: 10_000,
    connections: 100,
    stallKeys: 10_000,
    expiringKeys: 1000,
    collectionScale: 0.01,
    operationRounds: 2,
    removalRounds: 1,
    snapshotSeconds: 0.2,
    loadingRounds: 1,
    evictionKeys: 2000,
    evictionBytes: 8 * 1024 * 1024,
    appendPolicies: ["off", "everysec", "always"],
    appendRounds: 1,
    appendWeight: 1,
    subscribers: 20,
    fanoutMessages: 4,
    settleMs: 0,
  },
} as const;

/** What --only asks for: "section", "section:part", or the name of a command; without any, everything. */
function chosen(only: readonly string[]): Pick<Options, "sections" | "items"> {
  const whole = new Set<Section>();
  const items: Partial<Record<Section, string[]>> = {};
  for (const wanted of only) {
    const [section, part] = wanted.split(":");
    if (part === undefined && isSection(section)) {
      whole.add(section);
      continue;
    }
    const within = part === undefined ? (["throughput", "collections"] as const) : isSection(section) ? [section] : [];
    const name = part ?? section.toUpperCase();
    const found = within.find((each) => ITEMS[each]?.some((item) => item.name === name));
    if (found === undefined) throw new Error(`nothing to measure is called ${wanted}`);
    items[found] = [...(items[found] ?? []), name];
  }
  for (const section of whole) delete items[section];
  if (only.length === 0) return { sections: SECTIONS, items };
  return { sections: SECTIONS.filter((section) => whole.has(section) || section in items), items };
}

function isSection(word: string): word is Section {
  return SECTIONS.some((section) => section === word);
}

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
