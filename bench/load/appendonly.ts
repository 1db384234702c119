/**
 * What the append-only file costs: SET and INCR without it and with each `appendfsync`. All servers run under all
 * policies at the same time and take turns, so that a ratio is one of neighbours.
 */

import type { TestServer } from "../../test/support/server";
import type { Options, ServerName } from "./options";
import type { Measurement } from "./redis-benchmark";
import { start, TITLES } from "./servers";
import { measureRounds, rates1000 } from "./throughput";
import type { Workload } from "./workloads";

export const POLICIES = ["off", "no", "everysec", "always"] as const;
export type Policy = (typeof POLICIES)[number];

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
// A disk that is waited for is slower than a processor by far.
const LOADS: readonly Workload[] = [
  { ...strings, name: "SET", commands: ["set"], args: ["-t", "set"], weight: 0.5 },
  { ...strings, name: "INCR", commands: ["incr"], args: ["-t", "incr"], weight: 0.5 },
];

export async function measureAppendOnly(names: readonly ServerName[], options: Options): Promise<AppendOnlyRow[]> {
  const rows: AppendOnlyRow[] = [];
  const servers = new Map<Contestant, TestServer>();
  try {
    for (const policy of POLICIES) {
      for (const name of names) servers.set({ name, policy }, await start(name, options, argumentsFor(policy)));
    }
    for (const workload of LOADS) {
      for (const pipeline of options.pipelines) {
        const rounds = await measureRounds(servers, workload, undefined, pipeline, options);
        for (const policy of POLICIES) rows.push(rowOf(workload, pipeline, policy, rounds));
      }
    }
  } finally {
    for (const server of servers.values()) await server.stop();
  }
  return rows;
}

function argumentsFor(policy: Policy): string[] {
  return policy === "off" ? [] : ["--appendonly", "yes", "--appendfsync", policy];
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
