/** SLOWLOG: table and handlers. */

import type { Call } from "../../command/call";
import { ADMIN, type CommandDefinition, type Handler, LOADING, STALE } from "../../command/command-spec";
import { replyHelp } from "../../command/help";
import { SLOWLOG_COUNT, subcommandSyntax } from "../../resp/errors";

const DEFAULT_COUNT = 10;

const HELP = [
  "GET [<count>]",
  "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
  "    Entries are made of:",
  "    id, timestamp, time in microseconds, arguments array, client IP and port,",
  "    client name",
  "LEN",
  "    Return the length of the slowlog.",
  "RESET",
  "    Reset the slowlog.",
];

/** SLOWLOG GET [count]; -1: all entries. */
function get(c: Call): void {
  if (c.argc > 3) {
    c.fail(subcommandSyntax("SLOWLOG", c.text(1)));
    return;
  }
  let count = DEFAULT_COUNT;
  if (c.argc === 3) count = c.integer(2, SLOWLOG_COUNT);
  if (count < -1) c.fail(SLOWLOG_COUNT);
  if (c.failed) return;
  const entries = c.server.slowLog.newest(count === -1 ? Number.POSITIVE_INFINITY : count);
  c.reply.array(entries.length);
  for (const entry of entries) {
    c.reply.array(6);
    c.reply.integer(entry.id);
    c.reply.integer(entry.time);
    c.reply.integer(entry.micros);
    c.reply.array(entry.args.length);
    for (const arg of entry.args) c.reply.bulkText(arg);
    c.reply.bulkText(entry.address);
    c.reply.bulkText(entry.name);
  }
}

function len(c: Call): void {
  c.reply.integer(c.server.slowLog.length);
}

function reset(c: Call): void {
  c.server.slowLog.reset();
  c.reply.ok();
}

function subcommand(name: string, arity: number, handler: Handler, tips: string[]): CommandDefinition {
  return { name, arity, flags: ADMIN | LOADING | STALE, categories: "", tips, handler };
}

const ALL_NODES = "request_policy:all_nodes";

export const slowLogCommands: CommandDefinition[] = [
  {
    name: "slowlog",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      subcommand("get", -2, get, [ALL_NODES, "nondeterministic_output"]),
      { name: "help", arity: 2, flags: LOADING | STALE, categories: "", handler: (c) => replyHelp(c, HELP) },
      subcommand("len", 2, len, [ALL_NODES, "response_policy:agg_sum", "nondeterministic_output"]),
      subcommand("reset", 2, reset, [ALL_NODES, "response_policy:all_succeeded"]),
    ],
  },
];
