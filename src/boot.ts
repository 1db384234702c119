/**
 * Starts the server as a process, in the order in which redis-server does it, so that its log reads the same:
 *
 *   configuration → supervision → background → limits → server → pid file → title → banner → listening → ready
 *
 * What is about the process and not about the server lives here and in admin/process/; an embedded server has none
 * of it.
 */

import { aclContext, checkUserLine } from "./admin/acl/acl";
import type { ParsedArguments } from "./admin/config/arguments";
import { type Config, createConfig } from "./admin/config/config";
import { ConfigFileError, loadConfig } from "./admin/config/file";
import { warnOfIneffectiveSettings } from "./admin/config/ineffective";
import { moduleRefusal } from "./admin/config/refusal";
import { infoText } from "./admin/info/info";
import { shownArguments } from "./admin/latency/slow-log";
import { showBanner } from "./admin/process/banner";
import { CpuAffinity } from "./admin/process/cpu-affinity";
import { type CrashContext, CrashReporter, REPORTED_DIRECTIVES } from "./admin/process/crash";
import { isBackgroundProcess, PidFile, startInBackground } from "./admin/process/daemon";
import { avoidHugePages } from "./admin/process/huge-pages";
import { adjustOpenFiles, checkBacklog } from "./admin/process/limits";
import {
  LOG_DEBUG,
  LOG_NOTICE,
  LOG_VERBOSE,
  LOG_WARNING,
  Logger,
  ROLE_MASTER,
  ROLE_STARTING,
} from "./admin/process/logger";
import { OomScore } from "./admin/process/oom-score";
import { Supervisor } from "./admin/process/supervisor";
import { openSyslog } from "./admin/process/syslog";
import { processTitle, setProcessTitle } from "./admin/process/title";
import type { CommandTable } from "./command/command-table";
import type { ShutdownOptions } from "./command/server-context";
import { ListenError } from "./net/listeners";
import { checkRdbFile } from "./persist/rdb/check-rdb";
import { createCommandTable, Server } from "./server";
import { describeClient } from "./session/client-info";
import { buildInfo } from "./util/build-info";
import { quoteRepr } from "./util/bytes";
import { systemClock } from "./util/clock";
import { setCollation } from "./util/collation";
import { systemRandom } from "./util/random";
import { REDIS_VERSION } from "./util/redis-version";
import { decodeUtf8, encodeUtf8 } from "./util/utf8";

const LOG_LEVELS = { debug: LOG_DEBUG, verbose: LOG_VERBOSE, notice: LOG_NOTICE, warning: LOG_WARNING };
const SMALL_MAXMEMORY = 1024 * 1024;
/** How often new threads of the runtime's pool are looked for, if they are to be bound to processors. */
const POOL_CHECK_MS = 1000;

/** The start cannot go on, and the log says why. */
class StartFailure extends Error {}

/** Runs the server that the command line asks for; resolves when it is ready. `args` is what `parsed` was read from. */
export async function boot(parsed: ParsedArguments, args: readonly string[]): Promise<void> {
  const log = new Logger(systemClock);
  log.role = ROLE_STARTING;
  try {
    await start(parsed, args, log);
  } catch (error) {
    if (error instanceof ConfigFileError && !error.logged) process.stderr.write(error.report);
    else if (error instanceof ConfigFileError) log.warning(error.report);
    else if (error instanceof StartFailure && error.message === "") process.exit(1);
    else if (error instanceof StartFailure || error instanceof ListenError) log.warning(error.message);
    else throw error;
    process.exit(1);
  }
}

async function start(parsed: ParsedArguments, args: readonly string[], log: Logger): Promise<void> {
  const folder = process.cwd();
  const inBackground = isBackgroundProcess();
  const stdin = parsed.readStdin ? Buffer.from(await Bun.stdin.bytes()).toString("latin1") : undefined;
  if (parsed.readStdin) log.notice("Reading config from stdin");
  const { config, commands } = readConfig(parsed, stdin);
  prepareLog(config, log);
  const supervisor = new Supervisor(log);
  const supervised = supervisor.start(config);
  const daemon = config.daemonize && !supervised;
  if (daemon && !inBackground) {
    await startInBackground({ args, folder, stdin, script: isExecutable() ? null : Bun.main });
    process.exit(0);
  }
  announce(parsed, log);

  log.role = ROLE_MASTER;
  if (!setCollation(config.localeCollate)) {
    throw new StartFailure("Failed to configure LOCALE for invalid locale name.");
  }
  if (!adjustOpenFiles(config, log)) process.exit(1);
  log.notice("monotonic clock: POSIX clock_gettime");
  const pidFile = new PidFile(config, daemon, log);
  const server = createServer({ parsed, config, commands, log, supervisor, pidFile });
  pidFile.create();
  followProcessDirectives(server);
  showBanner(config, log);
  checkBacklog(config, log);
  const refusal = moduleRefusal(config) ?? server.acl.loadAtStart();
  if (refusal !== null) throw new StartFailure(refusal);
  installSignalHandlers(server);
  server.start();
  log.notice("Server initialized");
  avoidHugePages(config, log);
  bindToProcessors(config, log);
  warnOfIneffectiveSettings(config, log);
  await loadData(server);
  ready(server, supervisor);
}

/** The configuration of all its sources, and the commands with the names that it gives them. */
function readConfig(parsed: ParsedArguments, stdin: string | undefined): { config: Config; commands: CommandTable } {
  const commands = createCommandTable();
  const config = createConfig();
  // What it warns of, it warns of again when the users are loaded.
  const users = aclContext(commands, config, () => {});
  loadConfig(config, {
    environment: process.env,
    file: parsed.configFile,
    stdin,
    options: parsed.configText,
    renameCommand: (from, to) => RENAME_REFUSALS[commands.rename(from, to)],
    user: (args) => checkUserLine(args, config.userDirectives, users),
  });
  return { config, commands };
}

interface ServerProcess {
  readonly parsed: ParsedArguments;
  readonly config: Config;
  readonly commands: CommandTable;
  readonly log: Logger;
  readonly supervisor: Supervisor;
  readonly pidFile: PidFile;
}

/** The server as this process: how it ends, and who reports when it crashes. */
function createServer({ parsed, config, commands, log, supervisor, pidFile }: ServerProcess): Server {
  const server = new Server({
    config,
    commands,
    log,
    clock: systemClock,
    random: systemRandom,
    executable: process.execPath,
    configFile: parsed.configFile ?? "",
    supervisedBy: supervisor.active,
    process: {
      stopping: () => supervisor.notify("STOPPING=1\n"),
      cleanUp: () => pidFile.remove(),
      exit: () => process.exit(0),
      fail: () => process.exit(1),
      crash: (reason) => reporter.report(reason),
    },
  });
  const reporter = new CrashReporter(
    log,
    () => config.crashLogEnabled,
    () => crashContext(server),
  );
  reporter.install();
  return server;
}

const RENAME_REFUSALS = {
  ok: null,
  missing: "No such command in rename-command",
  taken: "Target command name already exists",
};

/** Whether this is the compiled executable: its files are in a file system of their own. */
function isExecutable(): boolean {
  return Bun.main.startsWith("/$bunfs/") || Bun.main.includes("~BUN");
}

/** The name that this program was started under. */
function programName(): string {
  return isExecutable() ? process.argv0 : "redbun";
}

function prepareLog(config: Config, log: Logger): void {
  log.level = LOG_LEVELS[config.loglevel];
  log.file = decodeUtf8(config.logfile);
  if (!config.syslogEnabled) return;
  log.mirror = openSyslog(decodeUtf8(config.syslogIdent), config.syslogFacility);
  if (log.mirror === null) log.warning("syslog-enabled has no effect: there is no syslog on this system.");
}

function announce(parsed: ParsedArguments, log: Logger): void {
  const { gitDirty, gitSha1 } = buildInfo;
  log.notice("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
  log.notice(
    `Redis version=${REDIS_VERSION}, bits=64, commit=${gitSha1}, modified=${gitDirty}, pid=${process.pid}, just started`,
  );
  if (parsed.configText !== undefined) {
    log.notice("Configuration loaded");
    return;
  }
  log.warning(
    "Warning: no config file specified, using the default config. In order to specify a config file use " +
      `${programName()} /path/to/redis.conf`,
  );
}

/** Directives that act on the process: now, and when CONFIG SET changes them. */
function followProcessDirectives(server: Server): void {
  const { config, log } = server;
  const program = encodeUtf8(programName());
  const setTitle = (): null => {
    if (config.setProcTitle) setProcessTitle(processTitle(config, program));
    return null;
  };
  setTitle();
  // After the hooks of the server, which move the listeners.
  for (const name of ["proc-title-template", "port", "tls-port", "bind"] as const) config.onChange(name, setTitle);

  const oom = new OomScore(config, log);
  const applyOom = (): string | null =>
    oom.apply() ? null : "Failed to set current oom_score_adj. Check server logs.";
  oom.apply();
  for (const name of ["oom-score-adj", "oom-score-adj-values"] as const) config.onChange(name, applyOom);

  config.onChange("locale-collate", () => (setCollation(config.localeCollate) ? null : "Invalid locale name"));
  config.onChange("maxclients", () => {
    const asked = config.maxclients;
    if (adjustOpenFiles(config, log) && config.maxclients === asked) return null;
    const possible = config.maxclients;
    return `The operating system is not able to handle the specified number of clients, try with ${possible}`;
  });
}

/** Follows server_cpulist and bio_cpulist, which cannot be changed later. */
function bindToProcessors(config: Config, log: Logger): void {
  const affinity = new CpuAffinity(config, log);
  affinity.apply();
  if (affinity.followsPool) setInterval(() => affinity.apply(), POOL_CHECK_MS).unref();
}

/** Loads what the last run has left; a file that is there and cannot be loaded stops the start. */
async function loadData(server: Server): Promise<void> {
  await loadAof(server);
  if (!server.config.appendonly) await loadRdb(server);
  // The log says why.
  if (!server.aof.open()) throw new StartFailure("");
}

/** With `appendonly yes` its files are all that is loaded. Without, they are looked at only. */
async function loadAof(server: Server): Promise<void> {
  const { log, clock } = server;
  const start = clock.monotonic();
  switch (await server.loadAof()) {
    case "loaded":
    case "empty":
      log.notice(`DB loaded from append only file: ${((clock.monotonic() - start) / 1_000_000).toFixed(3)} seconds`);
      break;
    case "damaged":
    case "failed":
      throw new StartFailure("");
  }
}

async function loadRdb(server: Server): Promise<void> {
  const { log, clock } = server;
  const start = clock.monotonic();
  switch (await server.loadData()) {
    case "loaded":
      log.notice(`DB loaded from disk: ${((clock.monotonic() - start) / 1_000_000).toFixed(3)} seconds`);
      break;
    case "damaged":
      checkRdbFile(server.persistence.path, (line) => process.stdout.write(`${line}\n`));
      throw new StartFailure("Terminating server after rdb file reading failure.");
    case "refused":
      throw new StartFailure("Fatal error loading the DB, check server logs. Exiting.");
  }
}

function ready(server: Server, supervisor: Supervisor): void {
  const { config, log } = server;
  for (const kind of server.listeners.kinds) log.notice(`Ready to accept connections ${kind}`);
  supervisor.notify("STATUS=Ready to accept connections\n");
  supervisor.notify("READY=1\n");
  if (config.maxmemory > 0 && config.maxmemory < SMALL_MAXMEMORY) {
    log.warning(
      `WARNING: You specified a maxmemory value that is less than 1MB (current value is ${config.maxmemory} bytes). ` +
        "Are you sure this is what you really want?",
    );
  }
}

/** SIGTERM and SIGINT shut down in order, a second SIGINT at once. SIGHUP and SIGPIPE do nothing. */
function installSignalHandlers(server: Server): void {
  const { config, log } = server;
  const stop = (signal: "SIGINT" | "SIGTERM", asked: readonly string[]): void => {
    if (server.shuttingDown && signal === "SIGINT") {
      log.signal("You insist... exiting now.");
      process.exit(1);
    }
    log.signal(`Received ${signal} scheduling shutdown...`);
    if (!server.shuttingDown) server.shutdown(shutdownOptions(asked));
  };
  process.on("SIGTERM", () => stop("SIGTERM", config.shutdownOnSigterm));
  process.on("SIGINT", () => stop("SIGINT", config.shutdownOnSigint));
  process.on("SIGHUP", () => {});
  process.on("SIGPIPE", () => {});
}

function shutdownOptions(names: readonly string[]): ShutdownOptions {
  const save = names.includes("save") ? "save" : names.includes("nosave") ? "nosave" : "default";
  return { save, now: names.includes("now"), force: names.includes("force") };
}

function crashContext(server: Server): CrashContext {
  return {
    info: () => infoText(server, ["everything"]),
    clients: () => [...server.clients.all()].map((client) => describeClient(server, client)).join("\n"),
    current: () => currentCommand(server),
    config: () => REPORTED_DIRECTIVES.map((name) => `${name} ${server.config.show(name)}`).join("\n"),
  };
}

/** Whose command is being run, and which. */
function currentCommand({ gate, commands }: Server): string {
  const { parser, serving } = gate;
  if (serving === null) return "";
  const lines = [describeClient(gate.server, serving)];
  const { buf, starts, ends, argc } = parser;
  const command = argc === 0 ? null : (commands.resolve(parser) ?? commands.find(buf, starts[0], ends[0]));
  if (command !== null) {
    const args = shownArguments(command, parser);
    lines.push(...args.map((text, i) => `argv[${i}]: '${quoteRepr(text)}'`));
  }
  return lines.join("\n");
}
