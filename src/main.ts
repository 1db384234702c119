#!/usr/bin/env bun
/** Entry point: what the command line asks for. A part is loaded only when it is asked for. */

import { basename } from "node:path";
import { parseArguments } from "./admin/config/arguments";
import { restartWithOptions } from "./util/runtime-options";

/** What the executable is called, where it stands in for one of Redis's programs (by a link, say). */
const CALLED = basename(process.argv0);

/** Subcommands of this program; anything else is redis-server's command line. */
const NOT_YET: Record<string, string> = {
  benchmark: "redis-benchmark",
};

async function main(args: readonly string[]): Promise<void> {
  const [subcommand] = args;
  if (CALLED === "redis-check-rdb" || subcommand === "check-rdb") {
    await checkRdb(args);
  } else if (CALLED === "redis-check-aof" || subcommand === "check-aof") {
    await checkAof(args);
  } else if (CALLED === "redis-cli" || subcommand === "cli") {
    const { runCli } = await import("./cli/cli");
    process.exitCode = await runCli(CALLED === "redis-cli" ? args : args.slice(1));
  } else if (CALLED === "redis-benchmark" || Object.hasOwn(NOT_YET, subcommand ?? "")) {
    const missing = CALLED === "redis-benchmark" ? "benchmark" : subcommand;
    process.stderr.write(`redbun has no ${missing} yet: use ${NOT_YET[missing]}.\n`);
    process.exitCode = 1;
  } else {
    // Under the name of redis-sentinel it must not become a server that anybody may write to.
    await serve(CALLED === "redis-sentinel" ? [...args, "--sentinel"] : args);
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
