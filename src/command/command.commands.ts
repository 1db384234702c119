/** COMMAND: what commands there are, and what they are like. */

import { INVALID_ARGUMENTS, INVALID_COMMAND, INVALID_COMMAND_ARITY, NO_KEY_ARGUMENTS } from "../resp/errors";
import { ReplyWriter } from "../resp/reply-writer";
import { copyOfRange } from "../util/bytes";
import { globMatchString } from "../util/glob";
import type { Call } from "./call";
import { replyCommandDocs, replyCommandInfo, replyKeyFlags } from "./command-reply";
import { type Command, type CommandDefinition, type Handler, LOADING, NO_MANDATORY_KEYS, STALE } from "./command-spec";
import type { CommandTable } from "./command-table";
import { replyHelp } from "./help";
import { hasKeys, type KeyPosition, keysOf } from "./key-extraction";

const HELP = [
  "(no subcommand)",
  "    Return details about all Redis commands.",
  "COUNT",
  "    Return the total number of commands in this Redis server.",
  "LIST",
  "    Return a list of all commands in this Redis server.",
  "INFO [<command-name> ...]",
  "    Return details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "DOCS [<command-name> ...]",
  "    Return documentation details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "GETKEYS <full-command>",
  "    Return the keys from a full Redis command.",
  "GETKEYSANDFLAGS <full-command>",
  "    Return the keys and the access flags from a full Redis command.",
];

function all(c: Call): Command[] {
  return [...c.server.commands.entries()].map(([, command]) => command);
}

/** Every command, each followed by its subcommands. */
function allWithSubcommands(c: Call): Command[] {
  return all(c).flatMap((command) => [command, ...(command.subcommands?.values() ?? [])]);
}

function count(c: Call): void {
  c.reply.integer(c.server.commands.size);
}

/**
 * Replies about all commands, by table and by kind and protocol. They are asked for by every redis-cli that starts and by
 * client libraries when they connect, never change while clients are there, and take milliseconds to write.
 */
const wholeReplies = new WeakMap<CommandTable, Map<string, Uint8Array>>();

function replyOnceWritten(c: Call, kind: string, write: (reply: ReplyWriter) => void): void {
  const { reply, server } = c;
  const known = wholeReplies.get(server.commands) ?? new Map<string, Uint8Array>();
  wholeReplies.set(server.commands, known);
  const name = `${kind} ${reply.resp3}`;
  let bytes = known.get(name);
  if (bytes === undefined) {
    const writer = new ReplyWriter();
    writer.resp3 = reply.resp3;
    write(writer);
    bytes = copyOfRange(writer.buf, 0, writer.length);
    known.set(name, bytes);
  }
  reply.raw(bytes, 0, bytes.length);
}

function everything(c: Call): void {
  replyOnceWritten(c, "info", (reply) => {
    const commands = all(c);
    reply.array(commands.length);
    for (const command of commands) replyCommandInfo(reply, command);
  });
}

function info(c: Call): void {
  if (c.argc === 2) {
    everything(c);
    return;
  }
  c.reply.array(c.argc - 2);
  for (let i = 2; i < c.argc; i++) {
    const command = c.server.commands.named(c.text(i).toLowerCase());
    if (command === undefined) c.reply.null();
    else replyCommandInfo(c.reply, command);
  }
}

function docs(c: Call): void {
  if (c.argc === 2) {
    replyOnceWritten(c, "docs", (reply) => replyDocs(reply, all(c)));
    return;
  }
  const commands: Command[] = [];
  for (let i = 2; i < c.argc; i++) {
    const command = c.server.commands.named(c.text(i).toLowerCase());
    if (command !== undefined) commands.push(command);
  }
  replyDocs(c.reply, commands);
}

function replyDocs(reply: ReplyWriter, commands: readonly Command[]): void {
  reply.map(commands.length);
  for (const command of commands) {
    reply.bulkText(command.fullName);
    replyCommandDocs(reply, command);
  }
}

// --- keys ------------------------------------------------------------------------------------------------------------

/** The keys of the command at arguments 2 and up; null if an error was written. */
function keysOfArguments(c: Call): KeyPosition[] | null {
  const command = c.server.commands.resolve(c, 2);
  if (command === null) c.fail(INVALID_COMMAND);
  else if (!hasKeys(command)) c.fail(NO_KEY_ARGUMENTS);
  else if (!command.acceptsArity(c.argc - 2)) c.fail(INVALID_COMMAND_ARITY);
  else {
    const keys = keysOf(command, c, 2);
    if (keys.length > 0 || (command.flags & NO_MANDATORY_KEYS) !== 0) return keys;
    c.fail(INVALID_ARGUMENTS);
  }
  return null;
}

function replyKey(c: Call, { index }: KeyPosition): void {
  c.reply.bulk(c.buf, c.starts[index], c.size(index));
}

function getKeys(c: Call): void {
  const keys = keysOfArguments(c);
  if (keys === null) return;
  c.reply.array(keys.length);
  for (const key of keys) replyKey(c, key);
}

function getKeysAndFlags(c: Call): void {
  const keys = keysOfArguments(c);
  if (keys === null) return;
  c.reply.array(keys.length);
  for (const key of keys) {
    c.reply.array(2);
    replyKey(c, key);
    replyKeyFlags(c.reply, key.flags);
  }
}

// --- list ------------------------------------------------------------------------------------------------------------

/** COMMAND LIST [FILTERBY (MODULE name|ACLCAT category|PATTERN pattern)]. */
function list(c: Call): void {
  const filter = c.argc === 2 ? () => true : parseFilter(c);
  if (c.failed) return;
  const commands = allWithSubcommands(c).filter(filter);
  c.reply.array(commands.length);
  for (const command of commands) c.reply.bulkText(command.fullName);
}

function parseFilter(c: Call): (command: Command) => boolean {
  if (c.argc === 5 && c.is(2, "filterby")) {
    const argument = c.text(4);
    // There are no modules.
    if (c.is(3, "module")) return () => false;
    if (c.is(3, "aclcat")) return (command) => command.categories.includes(argument.toLowerCase());
    if (c.is(3, "pattern")) return (command) => globMatchString(argument, command.fullName, true);
  }
  c.syntaxError();
  return () => false;
}

// --- table -----------------------------------------------------------------------------------------------------------

const ORDER_VARIES = ["nondeterministic_output_order"];

function subcommand(name: string, arity: number, handler: Handler, tips?: string[]): CommandDefinition {
  return { name, arity, flags: LOADING | STALE, categories: "connection", tips, handler };
}

export const commandCommands: CommandDefinition[] = [
  {
    name: "command",
    arity: -1,
    flags: LOADING | STALE,
    categories: "connection",
    tips: ORDER_VARIES,
    handler: everything,
    subcommands: [
      subcommand("count", 2, count),
      subcommand("docs", -2, docs, ORDER_VARIES),
      subcommand("getkeys", -3, getKeys),
      subcommand("getkeysandflags", -3, getKeysAndFlags),
      subcommand("help", 2, (c) => replyHelp(c, HELP)),
      subcommand("info", -2, info, ORDER_VARIES),
      subcommand("list", -2, list, ORDER_VARIES),
    ],
  },
];
