#!/usr/bin/env bun
/** Entry point: what the command line asks for. A part is loaded only when it is asked for. */

import { basename } from "node:path";
import { parseArguments } from "./admin/config/arguments";
import { restartWithOptions } from "./util/runtime-options";

/** Subcommands of this program; anything else is redis-server's command line. */
const NOT_YET: Record<string, string> = {
  benchmark: "redis-benchmark",
};

async function main(args: readonly string[]): Promise<void> {
  const [subcommand] = args;
  if (basename(process.argv0) === "redis-check-rdb" || subcommand === "check-rdb") {
    await checkRdb(args);
  } else if (basename(process.argv0) === "redis-check-aof" || subcommand === "check-aof") {
    await checkAof(args);
  } else if (subcommand === "cli") {
    const { runCli } = await import("./cli/cli");
    process.exitCode = await runCli(args.slice(1));
  } else if (Object.hasOwn(NOT_YET, subcommand ?? "")) {
    process.stderr.write(`redbun has no ${subcommand} yet: use ${NOT_YET[subcommand]}.\n`);
    process.exitCode = 1;
  } else {
    await serve(args);
  }
}

/** `redbun check-rdb FILE`, or the executable under the name of redis-check-rdb. */
async function checkRdb(args: readonly string[]): Promise<void> {
  const { runCheckRdb } = await import("./persist/rdb/check-rdb");
  const isSubcommand = args[0] === "check-rdb";
  const name = isSubcommand ? "redbun check-rdb" : process.argv0;
  process.exitCode = runCheckRdb(name, isSubcommand ? args.slice(1) : args);
}

/** `redbun check-aof …`, or the executable under the name of redis-check-aof. */
async function checkAof(args: readonly string[]): Promise<void> {
  const { runCheckAof } = await import("./persist/aof/check-aof");
  const isSubcommand = args[0] === "check-aof";
  const name = isSubcommand ? "redbun check-aof" : process.argv0;
  process.exitCode = runCheckAof(name, isSubcommand ? args.slice(1) : args);
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
