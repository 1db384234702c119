/** CONFIG: table and handlers. The directives and what a CONFIG SET has to obey are in config.ts. */

import type { Call } from "../../command/call";
import { ADMIN, type CommandDefinition, type Handler, LOADING, NOSCRIPT, STALE } from "../../command/command-spec";
import { replyHelp } from "../../command/help";
import { isLocal } from "../client/local-client";
import { rewriteConfigFile } from "./rewrite";

const HELP = [
  "GET <pattern>",
  "    Return parameters matching the glob-like <pattern> and their values.",
  "SET <directive> <value>",
  "    Set the configuration <directive> to <value>.",
  "RESETSTAT",
  "    Reset statistics reported by the INFO command.",
  "REWRITE",
  "    Rewrite the configuration file.",
];

function get(c: Call): void {
  const patterns: string[] = [];
  for (let i = 2; i < c.argc; i++) patterns.push(c.text(i));
  const pairs = c.server.config.get(patterns);
  c.reply.map(pairs.length);
  for (const [name, value] of pairs) {
    c.reply.bulkText(name);
    c.reply.bulkText(value);
  }
}

function set(c: Call): void {
  if (c.argc % 2 !== 0) {
    c.syntaxError();
    return;
  }
  const pairs: [string, string][] = [];
  for (let i = 2; i < c.argc; i += 2) pairs.push([c.text(i), c.text(i + 1)]);
  const { config, log, persistence } = c.server;
  const refusal = config.set(pairs, {
    local: isLocal(c.client),
    loading: persistence.loading,
    failed: (name) =>
      log.warning(
        `Failed applying new configuration. Possibly related to new ${name} setting. Restoring previous settings.`,
      ),
  });
  if (refusal === null) c.reply.ok();
  else c.fail(refusal);
}

/** CONFIG RESETSTAT: the counters, not the state. */
function resetStat(c: Call): void {
  const { stats, keyspace, commands, metrics, expireCycle, persistence, memoryLimits, activeDefrag } = c.server;
  stats.reset();
  persistence.resetStats();
  c.server.aof.resetStats();
  metrics.reset();
  memoryLimits.resetStats();
  activeDefrag.resetStats();
  expireCycle.microsSpent = 0;
  keyspace.stats.hits = 0;
  keyspace.stats.misses = 0;
  keyspace.stats.expired = 0;
  keyspace.stats.stalePercent = 0;
  keyspace.stats.expiredFields = 0;
  keyspace.stats.expireTimeCapReached = 0;
  keyspace.stats.evicted = 0;
  keyspace.free.freed = 0;
  for (const [, command] of commands.entries()) command.resetStats();
  c.reply.ok();
}

function rewrite(c: Call): void {
  const { config, log, acl } = c.server;
  // Users live in one place only: the ACL file, if there is one.
  const refusal = rewriteConfigFile(config, { users: config.aclfile === "" ? acl.lines() : [] });
  if (refusal === null) {
    log.notice("CONFIG REWRITE executed with success.");
    c.reply.ok();
    return;
  }
  if (config.configFile !== "") log.warning(`CONFIG REWRITE failed: ${refusal.slice(refusal.lastIndexOf(": ") + 2)}`);
  c.fail(refusal);
}

const ALL_NODES = ["request_policy:all_nodes", "response_policy:all_succeeded"];

function subcommand(name: string, arity: number, handler: Handler, tips?: string[]): CommandDefinition {
  return { name, arity, flags: ADMIN | NOSCRIPT | LOADING | STALE, categories: "", tips, handler };
}

export const configCommands: CommandDefinition[] = [
  {
    name: "config",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      subcommand("get", -3, get),
      { name: "help", arity: 2, flags: LOADING | STALE, categories: "", handler: (c) => replyHelp(c, HELP) },
      subcommand("resetstat", 2, resetStat, ALL_NODES),
      subcommand("rewrite", 2, rewrite, ALL_NODES),
      subcommand("set", -4, set, ALL_NODES),
    ],
  },
];
