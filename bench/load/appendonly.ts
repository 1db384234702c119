/**
 * What the append-only file costs: SET and INCR without it and with each `appendfsync`. All servers run under all
 * policies at the same time and take turns, so that a ratio is one of neighbours.
 *
 * The file is not rewritten meanwhile, or it would be chance which runs a rewrite falls into: what that costs is a row of
 * its own, with the deepest pipeline, which makes the file grow fastest.
 */

import type { TestServer } from "../../test/support/server";
import type { Options, ServerName } from "./options";
import type { Measurement } from "./redis-benchmark";
import { start, TITLES } from "./servers";
import { measureRounds, rates1000 } from "./throughput";
import type { Workload } from "./workloads";

export const POLICIES = ["off", "no", "everysec", "everysec, rewritten", "always"] as const;
export type Policy = (typeof POLICIES)[number];
const REWRITTEN: Policy = "everysec, rewritten";

export interface AppendOnlyRow {
  readonly workload: string;
  readonly pipeline: number;
  readonly policy: Policy;
  /** By server, one measurement a round. */
  readonly rounds: Readonly<Partial<Record<ServerName, readonly Measurement[]>>>;
}

/** A server under a policy. */
interface Contestant {
  readonly name: ServerName;
  readonly policy: Policy;
}

const strings = { section: "throughput", sized: false, filled: false } as const;
const LOADS: readonly Omit<Workload, "weight">[] = [
  { ...strings, name: "SET", commands: ["set"], args: ["-t", "set"] },
  { ...strings, name: "INCR", commands: ["incr"], args: ["-t", "incr"] },
];

export async function measureAppendOnly(all: readonly ServerName[], options: Options): Promise<AppendOnlyRow[]> {
  // Two servers are as many processes as there are policies for each, and all of them take turns.
  const names = options.size === "full" ? all : all.slice(0, 2);
  const { appendRounds: rounds, appendWeight: weight } = options;
  const rows: AppendOnlyRow[] = [];
  const servers = new Map<Contestant, TestServer>();
  // The deepest first: what a JIT compiler has to learn it learns there in no time.
  const pipelines = options.pipelines.toSorted((a, b) => b - a);
  try {
    for (const policy of options.appendPolicies) {
      for (const name of names) servers.set({ name, policy }, await start(name, options, argumentsFor(policy)));
    }
    for (const load of LOADS) {
      // The disk is flushed once a second: in half a second it is chance whether that falls into it.
      const workload = { ...load, weight };
      const first = rows.length;
      for (const pipeline of pipelines) {
        const chosen = options.appendPolicies.filter((policy) => policy !== REWRITTEN || pipeline === pipelines[0]);
        const contestants = new Map([...servers].filter(([{ policy }]) => chosen.includes(policy)));
        const measured = await measureRounds(contestants, workload, undefined, pipeline, { ...options, rounds });
        rows.splice(first, 0, ...chosen.map((policy) => rowOf(workload, pipeline, policy, measured)));
      }
    }
  } finally {
    for (const server of servers.values()) await server.stop();
  }
  return rows;
}

function argumentsFor(policy: Policy): string[] {
  if (policy === "off") return [];
  if (policy === REWRITTEN) return ["--appendonly", "yes", "--appendfsync", "everysec"];
  return ["--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-percentage", "0"];
}

function rowOf(
  { name: workload }: Workload,
  pipeline: number,
  policy: Policy,
  all: ReadonlyMap<Contestant, readonly Measurement[]>,
): AppendOnlyRow {
  const rounds: Partial<Record<ServerName, readonly Measurement[]>> = {};
  for (const [contestant, measured] of all) if (contestant.policy === policy) rounds[contestant.name] = measured;
  const rates = Object.entries(rounds).map(([name, list]) => `${TITLES[name as ServerName]} ${rates1000(list)}`);
  console.log(`  ${workload}, pipeline ${pipeline}, ${policy}: ${rates.join(", ")} thousand a second`);
  return { workload, pipeline, policy, rounds };
}
