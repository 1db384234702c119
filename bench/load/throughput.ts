/**
 * Requests a second, server CPU time a request and latencies, for every workload, value size and pipeline depth.
 *
 * All servers run during the whole measurement and take turns run by run, so that whatever else the machine does
 * hits all of them alike. Medians over the rounds are reported, and ratios are medians of the rounds' ratios.
 */

import type { TestServer } from "../../test/support/server";
import { empty, load } from "./loader";
import type { Options, ServerName } from "./options";
import { benchmark, type Measurement } from "./redis-benchmark";
import { start, TITLES } from "./servers";
import type { Workload } from "./workloads";

/** One line of the table: all rounds of all servers for one workload. */
export interface ThroughputRow {
  readonly workload: string;
  /** Undefined where the size does not matter. */
  readonly valueSize: number | undefined;
  readonly pipeline: number;
  /** By server, one measurement a round. */
  readonly rounds: Readonly<Partial<Record<ServerName, readonly Measurement[]>>>;
}

/** The requests of the run before the first round, as a fraction of a round's. */
const WARMUP = 0.25;
/** Keys in one write of the filler. */
const FILL_BATCH = 1000;

export async function measureThroughput(
  names: readonly ServerName[],
  options: Options,
  workloads: readonly Workload[],
): Promise<ThroughputRow[]> {
  const rows: ThroughputRow[] = [];
  const servers = new Map<ServerName, TestServer>();
  try {
    for (const name of names) servers.set(name, await start(name, options));
    for (const valueSize of [undefined, ...options.valueSizes]) {
      const chosen = workloads.filter(({ sized }) => sized === (valueSize !== undefined));
      if (chosen.length === 0) continue;
      for (const server of servers.values()) await prepare(server, chosen, valueSize, options);
      for (const workload of chosen) {
        for (const pipeline of options.pipelines) {
          rows.push(await measureRow(servers, workload, valueSize, pipeline, options));
        }
      }
    }
  } finally {
    for (const server of servers.values()) await server.stop();
  }
  return rows;
}

async function measureRow(
  servers: ReadonlyMap<ServerName, TestServer>,
  workload: Workload,
  valueSize: number | undefined,
  pipeline: number,
  options: Options,
): Promise<ThroughputRow> {
  const rounds = await measureRounds(servers, workload, valueSize, pipeline, options);
  const size = valueSize === undefined ? "" : ` of ${valueSize} bytes`;
  const rates = [...servers.keys()].map((name) => `${TITLES[name]} ${rates1000(rounds.get(name) ?? [])}`);
  console.log(`  ${workload.name}${size}, pipeline ${pipeline}: ${rates.join(", ")} thousand a second`);
  return { workload: workload.name, valueSize, pipeline, rounds: Object.fromEntries(rounds) };
}

/** One workload on several servers that take turns: the measurements of each, one a round. */
export async function measureRounds<Name>(
  servers: ReadonlyMap<Name, TestServer>,
  workload: Workload,
  valueSize: number | undefined,
  pipeline: number,
  options: Options,
): Promise<Map<Name, Measurement[]>> {
  const rounds = new Map<Name, Measurement[]>();
  for (const name of servers.keys()) rounds.set(name, []);
  const run = {
    pipeline,
    requests: Math.max(options.clients * pipeline, Math.round(options.requests(pipeline) * workload.weight)),
    clients: options.clients,
    keyspace: options.keyspace,
    valueSize: valueSize ?? 3,
    args: workload.args,
  };
  // A run that does not count: what a JIT compiler learns from a new kind of load is learned once in a server's life.
  const warmup = { ...run, requests: Math.max(run.clients * pipeline, Math.round(run.requests * WARMUP)) };
  for (const server of servers.values()) {
    await begin(server, workload, warmup.requests);
    await benchmark(server, warmup);
  }
  for (let round = 0; round < options.rounds; round++) {
    // Every other round goes the other way, so that none always follows the same neighbour.
    const order = round % 2 === 0 ? [...servers] : [...servers].reverse();
    for (const [name, server] of order) {
      await begin(server, workload, run.requests);
      rounds.get(name)?.push(await benchmark(server, run));
    }
  }
  return rounds;
}

/** For the line that says what was measured: thousands of requests a second, of each round. */
export function rates1000(measurements: readonly Measurement[]): string {
  return measurements.map(({ rate }) => (rate / 1000).toFixed(0)).join("/");
}

/** Gives the server what a run of the workload begins with, where that is not what the last run left. */
async function begin(server: TestServer, workload: Workload, requests: number): Promise<void> {
  if (workload.before === undefined) return;
  await using client = await server.client();
  await empty(client);
  await load(client, workload.before(requests));
}

/** Empties the server, and fills it with every key that the workloads may ask for. */
async function prepare(
  server: TestServer,
  workloads: readonly Workload[],
  valueSize: number | undefined,
  options: Options,
): Promise<void> {
  await using client = await server.client();
  await empty(client);
  if (valueSize === undefined || !workloads.some(({ filled }) => filled)) return;
  const one = `*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000000\r\n$${valueSize}\r\n${"x".repeat(valueSize)}\r\n`;
  const digitsAt = one.indexOf("key:") + 4;
  for (let from = 0; from < options.keyspace; from += FILL_BATCH) {
    const count = Math.min(FILL_BATCH, options.keyspace - from);
    const batch = Buffer.from(one.repeat(count), "latin1");
    for (let i = 0; i < count; i++) {
      batch.write(String(from + i).padStart(12, "0"), i * one.length + digitsAt, "latin1");
    }
    client.send(batch);
    for (let i = 0; i < count; i++) await client.readReply();
  }
}
