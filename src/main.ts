#!/usr/bin/env bun
/** Entry point: what the command line asks for. A part is loaded only when it is asked for. */

import { basename } from "node:path";
import { parseArguments } from "./admin/config/arguments";
import { restartWithOptions } from "./util/runtime-options";

/** Redis's programs that the executable is when it is called by their names (by a link, say): which subcommands. */
const PROGRAMS: ReadonlyMap<string, string> = new Map([
  ["redis-check-rdb", "check-rdb"],
  ["redis-check-aof", "check-aof"],
  ["redis-cli", "cli"],
  ["redis-benchmark", "benchmark"],
]);

/** Anything but a subcommand is redis-server's command line. */
async function main(args: readonly string[]): Promise<void> {
  const called = basename(process.argv0);
  const program = PROGRAMS.get(called);
  const subcommand = program ?? args[0];
  const name = program === undefined ? `redbun ${subcommand}` : process.argv0;
  const rest = program === undefined ? args.slice(1) : args;
  switch (subcommand) {
    case "check-rdb": {
      const { runCheckRdb } = await import("./persist/rdb/check-rdb");
      process.exitCode = runCheckRdb(name, rest);
      return;
    }
    case "check-aof": {
      const { runCheckAof } = await import("./persist/aof/check-aof");
      process.exitCode = runCheckAof(name, rest);
      return;
    }
    case "cli": {
      const { runCli } = await import("./cli/cli");
      process.exitCode = await runCli(rest);
      return;
    }
    case "benchmark":
      process.stderr.write("redbun has no benchmark yet: use redis-benchmark.\n");
      process.exitCode = 1;
      return;
    default:
      // Under the name of redis-sentinel it must not become a server that anybody may write to.
      await serve(called === "redis-sentinel" ? [...args, "--sentinel"] : args);
  }
}

async function serve(args: readonly string[]): Promise<void> {
  const parsed = parseArguments(args);
  if (parsed.action !== "serve") {
    (parsed.action === "version" ? process.stdout : process.stderr).write(parsed.message);
    process.exitCode = parsed.action === "version" ? 0 : 1;
    return;
  }
  restartWithOptions();
  const { boot } = await import("./boot");
  await boot(parsed, args);
}

await main(process.argv.slice(2));
