/**
 * Commands of Redis 7.2 that redbun does not have: scripts, replication, cluster. They cannot be called, but the files of
 * those who come from Redis name them, in ACL rules (`-eval`, `+psync +replconf`) and in rename-command, and a server
 * that does not start because of a command that nobody can call here helps no one. So those may name them.
 *
 * A command that comes to the table of its family goes from this one (a test asks for it).
 */

import {
  ADMIN,
  ALLOW_BUSY,
  ASKING,
  type CommandDefinition,
  DENYOOM,
  FAST,
  LOADING,
  MAY_REPLICATE,
  NO_ASYNC_LOADING,
  NO_MANDATORY_KEYS,
  NO_MULTI,
  NOSCRIPT,
  READONLY,
  SKIP_MONITOR,
  STALE,
  WRITE,
} from "./command-spec";

const RUNS_SCRIPT = NOSCRIPT | SKIP_MONITOR | NO_MANDATORY_KEYS | STALE;
const CHANGES_CLUSTER = NO_ASYNC_LOADING | ADMIN | STALE;
const BECOMES_REPLICA = NO_ASYNC_LOADING | ADMIN | NOSCRIPT | STALE;
const SENDS_DATA_SET = NO_ASYNC_LOADING | ADMIN | NO_MULTI | NOSCRIPT;

/** All that rules have to know: names, and what categories follow from. */
function absent(names: string, flags: number, categories = ""): CommandDefinition[] {
  return names.split(" ").map((name) => ({ name, arity: -1, flags, categories }));
}

function container(name: string, subcommands: CommandDefinition[]): CommandDefinition {
  return { name, arity: -2, flags: 0, categories: "", subcommands };
}

export const absentCommands: CommandDefinition[] = [
  // Scripts and functions.
  ...absent("eval evalsha fcall", RUNS_SCRIPT | MAY_REPLICATE, "scripting"),
  ...absent("eval_ro evalsha_ro fcall_ro", RUNS_SCRIPT | READONLY, "scripting"),
  container("script", [
    ...absent("debug exists flush", NOSCRIPT, "scripting"),
    ...absent("help", LOADING | STALE, "scripting"),
    ...absent("kill", NOSCRIPT | ALLOW_BUSY, "scripting"),
    ...absent("load", NOSCRIPT | STALE, "scripting"),
  ]),
  container("function", [
    ...absent("delete flush", NOSCRIPT | WRITE, "scripting"),
    ...absent("dump list", NOSCRIPT, "scripting"),
    ...absent("help", LOADING | STALE, "scripting"),
    ...absent("kill stats", NOSCRIPT | ALLOW_BUSY, "scripting"),
    ...absent("load restore", NOSCRIPT | WRITE | DENYOOM, "scripting"),
  ]),
  // Replication.
  ...absent("replicaof slaveof", BECOMES_REPLICA),
  ...absent("psync sync", SENDS_DATA_SET),
  ...absent("replconf", ADMIN | NOSCRIPT | LOADING | STALE | ALLOW_BUSY),
  ...absent("failover", ADMIN | NOSCRIPT | STALE),
  ...absent("role", NOSCRIPT | LOADING | STALE | FAST, "admin dangerous"),
  ...absent("wait", NOSCRIPT, "connection"),
  // Cluster.
  ...absent("asking", FAST, "connection"),
  ...absent("readonly readwrite", FAST | LOADING | STALE, "connection"),
  ...absent("restore-asking", WRITE | DENYOOM | ASKING, "keyspace dangerous"),
  container("cluster", [
    ...absent("addslots addslotsrange bumpepoch delslots delslotsrange failover", CHANGES_CLUSTER),
    ...absent("flushslots forget meet replicate saveconfig set-config-epoch setslot", CHANGES_CLUSTER),
    ...absent("count-failure-reports replicas slaves", ADMIN | STALE),
    ...absent("countkeysinslot getkeysinslot info keyslot links myid myshardid nodes shards slots", STALE),
    ...absent("help", LOADING | STALE),
    ...absent("reset", ADMIN | STALE | NOSCRIPT),
  ]),
];
