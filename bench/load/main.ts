/**
 * `bun run bench:load`: redbun beside redis-server 7.0, Redis 8.0 and Valkey 8.1 over real sockets. Starts and stops
 * the servers itself; prints tables, and with --write puts them into bench/README.md.
 */

import { items, text } from "../../test/support/reply";
import type { TestServer } from "../../test/support/server";
import { measureAppendOnly } from "./appendonly";
import { checksum } from "./checksum";
import { measureEviction } from "./eviction";
import { measureFanout } from "./fanout";
import { LOADED, measureLoading } from "./loading";
import { measureConnections, measureMemory } from "./memory";
import { measureOperations, OPERATIONS } from "./operations";
import { HELP, type Options, parseOptions, type Section, type ServerName } from "./options";
import { measureRemovals, REMOVED } from "./removals";
import { type Results, renderReport, writeReadme } from "./report";
import { installed, start, TITLES } from "./servers";
import { measureShapes, SHAPES } from "./shapes";
import { measureSnapshots } from "./snapshot";
import { measureStalls } from "./stalls";
import { measureThroughput } from "./throughput";
import { WORKLOADS, type Workload } from "./workloads";

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  if (Bun.which("redis-benchmark") === null) {
    console.error("redis-benchmark is not on PATH (Debian: apt-get install redis-tools)");
    return options.size === "smoke" ? 0 : 1;
  }
  const names = installed(options.servers);
  const { sums, versions, commands } = await checkAnswers(names, options);
  const distinct = new Set(sums.values());
  if (distinct.size > 1) {
    for (const [name, sum] of sums) console.error(`  ${TITLES[name]}: ${sum}`);
    console.error("the servers do not answer alike: no figures");
    return 1;
  }
  const sum = [...distinct][0] ?? "none";
  const choice = new Choice(options, commands);
  const workloads = (section: Workload["section"]) => WORKLOADS.filter((workload) => workload.section === section);
  const results: Results = {
    names,
    versions,
    checksum: sum,
    throughput: await choice.measure("throughput", "throughput", workloads("throughput"), (chosen) =>
      measureThroughput(names, options, chosen),
    ),
    collections: await choice.measure("collections", "throughput of collections", workloads("collections"), (chosen) =>
      measureThroughput(names, options, chosen),
    ),
    operations: await choice.measure("operations", "large operations", OPERATIONS, (chosen) =>
      measureOperations(names, options, chosen),
    ),
    memory: await choice.measure("memory", "memory of keys", [], () => measureMemory(names, options)),
    shapes: await choice.measure("shapes", "memory of collections", SHAPES, (chosen) =>
      measureShapes(names, options, chosen),
    ),
    connections: await choice.measure("connections", "memory of connections", [], () =>
      measureConnections(names, options),
    ),
    stalls: await choice.measure("stalls", "stalls", [], () => measureStalls(names, options)),
    removals: await choice.measure("removals", "removal of collections", REMOVED, (chosen) =>
      measureRemovals(names, options, chosen),
    ),
    snapshot: await choice.measure("snapshot", "BGSAVE under a full write load", [], () =>
      measureSnapshots(names, options),
    ),
    fanout: await choice.measure("fanout", "fan-out of messages", [], () => measureFanout(names, options)),
    loading: await choice.measure("loading", "loading of files", LOADED, (chosen) =>
      measureLoading(names, options, chosen),
    ),
    appendonly: await choice.measure("appendonly", "the append-only file", [], () => measureAppendOnly(names, options)),
    eviction: await choice.measure("eviction", "eviction", [], () => measureEviction(names, options)),
    leftOut: choice.leftOut,
  };
  const command = ["bun run bench:load", ...argv.filter((word) => word !== "--write")].join(" ");
  console.log(`\n${renderReport(results, options, command)}\n`);
  console.log(`checksum ${sum}`);
  if (options.json !== undefined) await Bun.write(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
  if (options.write) await writeReadme(results, options, command);
  return 0;
}

/** What the servers call themselves, the commands that all of them know, and the checksum of their replies to those. */
async function checkAnswers(names: readonly ServerName[], options: Options) {
  const servers = new Map<ServerName, TestServer>();
  const versions: Partial<Record<ServerName, string>> = {};
  const sums = new Map<ServerName, string>();
  let commands: Set<string> | undefined;
  try {
    for (const name of names) {
      const server = await start(name, options);
      servers.set(name, server);
      await using client = await server.client();
      const info = text(await client.call("INFO", "server"));
      const version = (field: string) => new RegExp(`^${field}:(.*)\r$`, "m").exec(info)?.[1];
      versions[name] = version("redbun_version") ?? version("valkey_version") ?? version("redis_version");
      const known = new Set(items(await client.call("COMMAND", "LIST")).map(text));
      commands = commands?.intersection(known) ?? known;
    }
    for (const [name, server] of servers) sums.set(name, await checksum(server, commands ?? new Set()));
  } finally {
    for (const server of servers.values()) await server.stop();
  }
  return { sums, versions, commands: commands ?? new Set<string>() };
}

/** What a section can be made of. */
interface Item {
  readonly name: string;
  readonly commands: readonly string[];
}

/** What is measured of all there is: what the options ask for, as far as all servers can do it. */
class Choice {
  readonly leftOut: string[] = [];

  constructor(
    private readonly options: Options,
    private readonly commands: ReadonlySet<string>,
  ) {}

  /** Measures a section, if it is asked for, with those of its items that are. */
  async measure<I extends Item, Row>(
    section: Section,
    title: string,
    all: readonly I[],
    run: (chosen: readonly I[]) => Promise<Row[]>,
  ): Promise<Row[]> {
    if (!this.options.sections.includes(section)) return [];
    const wanted = this.options.items[section];
    const chosen = all.filter((item) => (wanted?.includes(item.name) ?? true) && this.isKnown(section, item));
    if (all.length > 0 && chosen.length === 0) return [];
    console.log(`${title}:`);
    return await run(chosen);
  }

  private isKnown(section: Section, { name, commands }: Item): boolean {
    const unknown = commands.filter((command) => !this.commands.has(command));
    if (unknown.length === 0) return true;
    console.log(`${section}:${name} is left out: not all servers know ${unknown.join(", ")}`);
    this.leftOut.push(`${section}:${name}`);
    return false;
  }
}

process.exit(await main(process.argv.slice(2)));
