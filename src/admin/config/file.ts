/**
 * Reads a configuration: environment variables, then one text made of the file, standard input and the command line's
 * options, in that order; a later line wins over an earlier one.
 *
 * A line is a directive and its arguments (quoting: util/split-args). Every error stops the start with the report that
 * Redis prints. Text is latin1: one character a byte of the file.
 */

import { closeSync, openSync, readFileSync } from "node:fs";
import { REDIS_VERSION } from "../../util/redis-version";
import { splitArgs } from "../../util/split-args";
import { strerror } from "../../util/strerror";
import { decodeUtf8, encodeUtf8 } from "../../util/utf8";
import type { Config } from "./config";
import { ConfigError, isDirective, isSensitive, takesManyArguments } from "./config";
import { expandFilePattern, isFilePattern } from "./include";
import { moduleRefusal } from "./refusal";

/** A configuration that stops the start. The process exits with 1. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
  /** The report: for stderr as it is, or (`logged`) the text of a log line of level warning. */
  readonly report: string;
  readonly logged: boolean;

  constructor(report: string, logged: boolean) {
    super(report);
    this.report = report;
    this.logged = logged;
  }
}

/** What the parser asks of parts that it does not know. */
export interface LoadHooks {
  /** Refuses a `rename-command` line with a message, or returns null. `to` is "" to remove the command. */
  readonly renameCommand?: (from: string, to: string) => string | null;
  /**
   * Looks at a `user` line before it is kept: which of its arguments is wrong, and why, or null. Without this hook that
   * is found out when the users are loaded.
   */
  readonly user?: (args: readonly string[]) => { readonly argument: string; readonly message: string } | null;
}

export interface ConfigSources extends LoadHooks {
  /** The variables of the process; only REDBUN_* are looked at. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The absolute path of the configuration file (as the file system takes it, not latin1). */
  readonly file?: string;
  /** All that standard input holds, as latin1. */
  readonly stdin?: string;
  /** The command line's options as lines, see arguments.ts. */
  readonly options?: string;
}

/** Directives of earlier releases that are passed over when they have one argument. */
const DEPRECATED = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

/** Files that include each other would never end; Redis has no limit and crashes. */
const MAX_INCLUDE_DEPTH = 64;

const ENVIRONMENT_PREFIX = "REDBUN_";

/** Variables with our prefix that are no directives: they steer tests and benchmarks, whose servers inherit them. */
const RESERVED_VARIABLES = /^REDBUN_(?:PEERS$|SEED$|TEST_|DIFFERENTIAL_|BENCH_)/;

/**
 * Variables that Kubernetes sets in every container where a service has the name redbun, or one that begins with it:
 * REDBUN_SERVICE_HOST, REDBUN_PORT=tcp://10.0.0.1:6379, REDBUN_PORT_6379_TCP_ADDR.
 */
const SERVICE_VARIABLES = /_SERVICE_(?:HOST|PORT)(?:_|$)|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_|$)/;
const SERVICE_LINK = /^(?:tcp|udp|sctp):\/\//;

function isServiceVariable(variable: string, value: string): boolean {
  return SERVICE_VARIABLES.test(variable) || (variable.endsWith("_PORT") && SERVICE_LINK.test(value));
}

function report(where: readonly string[], message: string): string {
  return [`\n*** FATAL CONFIG FILE ERROR (Redis ${REDIS_VERSION}) ***`, ...where, message, ""].join("\n");
}

function readConfigFile(path: string, shown: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    throw new ConfigFileError(`Fatal error, can't open config file '${shown}': ${strerror(error)}`, true);
  }
}

/** The text of the file or files that an include line names. */
function readIncluded(config: Config, name: string): string {
  const folder = decodeUtf8(config.dir);
  const path = decodeUtf8(name);
  const names = isFilePattern(path) ? expandFilePattern(path, folder) : [path];
  return names.map((file) => readConfigFile(file.startsWith("/") ? file : `${folder}/${file}`, file)).join("");
}

function loadDirective(config: Config, name: string, args: readonly string[]): void {
  // `save "900 1"` is two arguments; an empty one stays, because it takes values back.
  const [only] = args;
  if (args.length !== 1 || only === "" || !takesManyArguments(name)) {
    config.load(name, args);
    return;
  }
  const split = splitArgs(only);
  if (split === null) throw new ConfigError("Unbalanced quotes in configuration line");
  config.load(name, split);
}

function applyUser(config: Config, args: readonly string[], hooks: LoadHooks): void {
  const refusal = hooks.user?.(args) ?? null;
  if (refusal !== null) {
    throw new ConfigError(`Error in user declaration '${refusal.argument}': ${refusal.message}`);
  }
  config.userDirectives.push([...args]);
}

function applyRename(config: Config, from: string, to: string, hooks: LoadHooks): void {
  const refusal = hooks.renameCommand?.(from, to) ?? null;
  if (refusal !== null) throw new ConfigError(refusal);
  config.renamedCommands.push([from, to]);
}

/** A line that is no directive of the table. */
function applyFileDirective(
  config: Config,
  name: string,
  args: readonly string[],
  hooks: LoadHooks,
  depth: number,
): void {
  if (DEPRECATED.includes(name) && args.length === 1) return;
  if (name === "include" && args.length === 1) {
    if (depth >= MAX_INCLUDE_DEPTH) throw new ConfigError("Too many nested includes");
    loadText(config, readIncluded(config, args[0]), hooks, depth + 1);
  } else if (name === "rename-command" && args.length === 2) {
    applyRename(config, args[0], args[1], hooks);
  } else if (name === "user" && args.length >= 1) {
    applyUser(config, args, hooks);
  } else if (name === "loadmodule" && args.length >= 1) {
    config.moduleDirectives.push({ path: args[0], args: args.slice(1) });
  } else if (name.includes(".")) {
    if (args.length === 0) throw new ConfigError("Module config specified without value");
    config.moduleSettings.set(name, args.join(" "));
  } else if (name === "sentinel") {
    if (args.length > 0) throw new ConfigError("sentinel directive while not in sentinel mode");
  } else {
    throw new ConfigError("Bad directive or wrong number of arguments");
  }
}

function applyLine(config: Config, line: string, hooks: LoadHooks, depth: number): void {
  const words = splitArgs(line);
  if (words === null) throw new ConfigError("Unbalanced quotes in configuration line");
  if (words.length === 0) return;
  const name = words[0].toLowerCase();
  if (isDirective(name)) loadDirective(config, name, words.slice(1));
  else applyFileDirective(config, name, words.slice(1), hooks, depth);
}

function loadText(config: Config, text: string, hooks: LoadHooks, depth: number): void {
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
    if (line === "" || line.startsWith("#")) continue;
    try {
      applyLine(config, line, hooks, depth);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const where = [`Reading the configuration file, at line ${i + 1}`, `>>> '${line}'`];
      throw new ConfigFileError(report(where, error.message), false);
    }
  }
}

/** The name of the directive that the variable `name` would set; it need not exist. */
function directiveOfVariable(name: string): string {
  const lower = name.slice(ENVIRONMENT_PREFIX.length).toLowerCase();
  const dashed = lower.replaceAll("_", "-");
  return isDirective(dashed) ? dashed : lower;
}

function loadEnvironment(config: Config, environment: Readonly<Record<string, string | undefined>>): void {
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(ENVIRONMENT_PREFIX)) continue;
    if (RESERVED_VARIABLES.test(variable) || isServiceVariable(variable, value)) continue;
    const name = directiveOfVariable(variable);
    try {
      loadDirective(config, name, [encodeUtf8(value)]);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const shown = isSensitive(name) ? [] : [`>>> '${value}'`];
      const where = [`Reading the environment variable ${variable}`, ...shown];
      throw new ConfigFileError(report(where, error.message), false);
    }
  }
}

/** The errors that no single line has. */
function checkWhole(config: Config): void {
  if (config.logfile !== "") {
    const path = decodeUtf8(config.logfile);
    try {
      closeSync(openSync(path.startsWith("/") ? path : `${decodeUtf8(config.dir)}/${path}`, "a"));
    } catch (error) {
      throw new ConfigFileError(report([], `Can't open the log file: ${strerror(error)}`), false);
    }
  }
  if (config.clusterEnabled && config.replicaof !== null) {
    throw new ConfigFileError(report([], "replicaof directive not allowed in cluster mode"), false);
  }
}

/** Applies `text` (lines of a redis.conf, latin1) to `config`. Throws a ConfigFileError. */
export function loadConfigText(config: Config, text: string, hooks: LoadHooks = {}): void {
  config.beginSource();
  loadText(config, text, hooks, 0);
  checkWhole(config);
}

/** Applies all sources in their order to `config`. Throws a ConfigFileError. */
export function loadConfig(config: Config, sources: ConfigSources): void {
  config.beginSource();
  loadEnvironment(config, sources.environment ?? {});
  let text = "";
  if (sources.file !== undefined) {
    config.configFile = sources.file;
    text = readConfigFile(sources.file, sources.file);
  }
  text += sources.stdin ?? "";
  // Redis puts an empty line before the options, which counts in the line numbers of its reports.
  if (sources.options !== undefined) text += `\n${sources.options}`;
  loadConfigText(config, text, sources);
  const refusal = moduleRefusal(config);
  if (refusal !== null) throw new ConfigFileError(refusal, true);
}
