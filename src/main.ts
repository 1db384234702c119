#!/usr/bin/env bun
/** Entry point: what the command line asks for. */

import { createConfig } from "./admin/config";
import { parseArguments } from "./admin/config-args";
import { ConfigFileError, loadConfig } from "./admin/config-file";
import { Logger } from "./admin/logger";
import { Server } from "./server";
import { systemClock } from "./util/clock";
import { systemRandom } from "./util/random";

async function main(argv: string[]): Promise<void> {
  const parsed = parseArguments(argv);
  if (parsed.action !== "serve") {
    (parsed.action === "version" ? process.stdout : process.stderr).write(parsed.message);
    process.exitCode = parsed.action === "version" ? 0 : 1;
    return;
  }
  const config = createConfig();
  try {
    const stdin = parsed.readStdin ? Buffer.from(await Bun.stdin.bytes()).toString("latin1") : undefined;
    loadConfig(config, { environment: process.env, file: parsed.configFile, stdin, options: parsed.configText });
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    process.stderr.write(error.report);
    process.exit(1);
  }
  const log = new Logger(systemClock);
  const server = new Server({
    config,
    log,
    clock: systemClock,
    random: systemRandom,
    executable: process.execPath,
    configFile: parsed.configFile ?? "",
  });
  log.raw(`                 PID: ${process.pid}\n`);
  log.notice("Server initialized");
  server.start();
  log.notice("Ready to accept connections tcp");
}

await main(process.argv.slice(2));
