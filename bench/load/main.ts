/**
 * `bun run bench:load`: redbun beside redis-server 7.0, Redis 8.0 and Valkey 8.1 over real sockets. Starts and stops
 * the servers itself; prints tables, and with --write puts them into bench/README.md.
 */

import { text } from "../../test/support/reply";
import { checksum } from "./checksum";
import { measureConnections, measureMemory } from "./memory";
import { HELP, type Options, parseOptions, type ServerName } from "./options";
import { type Results, renderReport, writeReadme } from "./report";
import { installed, start, TITLES } from "./servers";
import { measureStalls } from "./stalls";
import { measureThroughput } from "./throughput";

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
  const { sums, versions } = await checkAnswers(names, options);
  const distinct = new Set(sums.values());
  if (distinct.size > 1) {
    for (const [name, sum] of sums) console.error(`  ${TITLES[name]}: ${sum}`);
    console.error("the servers do not answer alike: no figures");
    return 1;
  }
  const sum = [...distinct][0] ?? "none";
  const has = (section: Options["sections"][number]) => options.sections.includes(section);
  const results: Results = {
    names,
    versions,
    checksum: sum,
    throughput: has("throughput") ? await titled("throughput", () => measureThroughput(names, options)) : [],
    memory: has("memory") ? await titled("memory of keys", () => measureMemory(names, options)) : [],
    connections: has("connections")
      ? await titled("memory of connections", () => measureConnections(names, options))
      : [],
    stalls: has("stalls") ? await titled("stalls", () => measureStalls(names, options)) : [],
  };
  const report = renderReport(results, options, ["bun run bench:load", ...argv].join(" "));
  console.log(`\n${report}\n`);
  console.log(`checksum ${sum}`);
  if (options.json !== undefined) await Bun.write(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
  if (options.write) await writeReadme(report);
  return 0;
}

/** The checksum of every server's replies, and what the servers call themselves. */
async function checkAnswers(names: readonly ServerName[], options: Options) {
  const sums = new Map<ServerName, string>();
  const versions: Partial<Record<ServerName, string>> = {};
  for (const name of names) {
    await using server = await start(name, options);
    sums.set(name, await checksum(server));
    await using client = await server.client();
    const info = text(await client.call("INFO", "server"));
    const version = (field: string) => new RegExp(`^${field}:(.*)\r$`, "m").exec(info)?.[1];
    versions[name] = version("redbun_version") ?? version("valkey_version") ?? version("redis_version");
  }
  return { sums, versions };
}

async function titled<T>(title: string, measure: () => Promise<T>): Promise<T> {
  console.log(`${title}:`);
  return await measure();
}

process.exit(await main(process.argv.slice(2)));
