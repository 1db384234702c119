/** ACL: table and handlers. */

import type { Call } from "../../command/call";
import {
  ADMIN,
  type Command,
  type CommandDefinition,
  type Handler,
  LOADING,
  NOSCRIPT,
  STALE,
} from "../../command/command-spec";
import { replyHelp } from "../../command/help";
import { ALLOWED, argumentDenied, check, DENIED_COMMAND, DENIED_KEY } from "../../command/permission";
import {
  ACL_DEFAULT_USER_STAYS,
  ACL_GENPASS_BITS,
  ACL_NO_FILE,
  ACL_SAVE_FAILED,
  ACL_USERNAME_WITH_SPACES,
  aclCommandNotFound,
  aclUnknownCategory,
  aclUserNotFound,
  channelDenied,
  commandDenied,
  keyDenied,
  subcommandSyntax,
  wrongArity,
} from "../../resp/errors";
import type { ReplyWriter } from "../../resp/reply-writer";
import { secureBytes } from "../../util/random";
import { anyInteger } from "../arguments";
import type { AclLogEntry } from "./acl-log";
import { CATEGORIES, categoryNamed } from "./categories";
import { hasSpaces, type Selector } from "./selector";
import { DEFAULT_USER } from "./user";

const HELP = [
  "CAT [<category>]",
  "    List all commands that belong to <category>, or all command categories",
  "    when no category is specified.",
  "DELUSER <username> [<username> ...]",
  "    Delete a list of users.",
  "DRYRUN <username> <command> [<arg> ...]",
  "    Returns whether the user can execute the given command without executing the command.",
  "GETUSER <username>",
  "    Get the user's details.",
  "GENPASS [<bits>]",
  "    Generate a secure 256-bit user password. The optional `bits` argument can",
  "    be used to specify a different size.",
  "LIST",
  "    Show users details in config file format.",
  "LOAD",
  "    Reload users from the ACL file.",
  "LOG [<count> | RESET]",
  "    Show the ACL log entries.",
  "SAVE",
  "    Save the current config to the ACL file.",
  "SETUSER <username> <attribute> [<attribute> ...]",
  "    Create or modify a user with the specified attributes.",
  "USERS",
  "    List all the registered usernames.",
  "WHOAMI",
  "    Return the current connection username.",
];

/** Arguments from i on, as text. */
function textsFrom(c: Call, i: number): string[] {
  const texts: string[] = [];
  for (let at = i; at < c.argc; at++) texts.push(c.text(at));
  return texts;
}

function replyTexts(reply: ReplyWriter, texts: readonly string[]): void {
  reply.array(texts.length);
  for (const text of texts) reply.bulkText(text);
}

// --- users -----------------------------------------------------------------------------------------------------------

function setUser(c: Call): void {
  const name = c.text(2);
  const error = hasSpaces(name) ? ACL_USERNAME_WITH_SPACES : c.server.acl.set(name, textsFrom(c, 3));
  if (error === null) c.reply.ok();
  else c.fail(error);
}

function delUser(c: Call): void {
  const names = textsFrom(c, 2);
  if (names.includes(DEFAULT_USER)) {
    c.fail(ACL_DEFAULT_USER_STAYS);
    return;
  }
  let deleted = 0;
  for (const name of names) if (c.server.acl.delete(name)) deleted++;
  c.reply.integer(deleted);
}

function getUser(c: Call): void {
  const { reply } = c;
  const user = c.server.acl.get(c.text(2));
  if (user === undefined) {
    reply.null();
    return;
  }
  reply.map(6);
  reply.bulkText("flags");
  const { flags, hashes } = user;
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText("passwords");
  replyTexts(reply, hashes);
  replySelector(reply, user.root);
  reply.bulkText("selectors");
  reply.array(user.selectors.length - 1);
  for (const selector of user.selectors.slice(1)) {
    reply.map(3);
    replySelector(reply, selector);
  }
}

/** Three pairs of a map. */
function replySelector(reply: ReplyWriter, selector: Selector): void {
  reply.bulkText("commands");
  reply.bulkText(selector.describeCommands());
  reply.bulkText("keys");
  reply.bulkText(selector.describeKeys());
  reply.bulkText("channels");
  reply.bulkText(selector.describeChannels());
}

function list(c: Call): void {
  replyTexts(c.reply, c.server.acl.lines());
}

function users(c: Call): void {
  replyTexts(
    c.reply,
    c.server.acl.all().map(({ name }) => name),
  );
}

function whoAmI(c: Call): void {
  c.reply.bulkText(c.client.user.name);
}

// --- files -----------------------------------------------------------------------------------------------------------

function load(c: Call): void {
  const { acl, config } = c.server;
  if (config.aclfile === "") {
    c.fail(ACL_NO_FILE);
    return;
  }
  const errors = acl.loadFile();
  if (errors === null) c.reply.ok();
  else c.fail(`ERR ${errors}`);
}

function save(c: Call): void {
  const { acl, config } = c.server;
  if (config.aclfile === "") c.fail(ACL_NO_FILE);
  else if (acl.saveFile()) c.reply.ok();
  else c.fail(ACL_SAVE_FAILED);
}

// --- commands --------------------------------------------------------------------------------------------------------

function cat(c: Call): void {
  if (tooMany(c, 3)) return;
  if (c.argc === 2) {
    replyTexts(c.reply, CATEGORIES);
    return;
  }
  const category = categoryNamed(c.text(2));
  if (category === undefined) c.fail(aclUnknownCategory(c.text(2)));
  else replyTexts(c.reply, namesIn(category, c.server.commands.originals.values()));
}

function namesIn(category: string, commands: Iterable<Command>): string[] {
  const names: string[] = [];
  for (const command of commands) {
    if (command.categories.includes(category)) names.push(command.fullName);
    if (command.subcommands !== null) names.push(...namesIn(category, command.subcommands.values()));
  }
  return names;
}

/** ACL DRYRUN user command [arg ...]: whether the user could run it. */
function dryRun(c: Call): void {
  const user = c.server.acl.get(c.text(2));
  if (user === undefined) {
    c.fail(aclUserNotFound(c.text(2)));
    return;
  }
  const command = c.server.commands.resolve(c, 3);
  if (command === null) c.fail(aclCommandNotFound(c.text(3)));
  else if (!command.acceptsArity(c.argc - 3)) c.fail(wrongArity(command.fullName));
  if (c.failed || command === null) return;
  const denied = check(user, command, c, 3);
  if (denied === ALLOWED) c.reply.ok();
  else c.reply.bulkText(explain(denied, user.name, command, c.text(argumentDenied())));
}

function explain(denied: number, user: string, command: Command, object: string): string {
  if (denied === DENIED_COMMAND) return commandDenied(user, command.fullName);
  return denied === DENIED_KEY ? keyDenied(user, object) : channelDenied(user, object);
}

// --- passwords, log --------------------------------------------------------------------------------------------------

const GENPASS_BITS = 256;
const GENPASS_MAX_BITS = 4096;

function genPass(c: Call): void {
  if (tooMany(c, 3)) return;
  const bits = c.argc === 3 ? anyInteger(c, 2) : GENPASS_BITS;
  if (bits <= 0 || bits > GENPASS_MAX_BITS) c.fail(ACL_GENPASS_BITS);
  if (c.failed) return;
  const digits = Math.ceil(bits / 4);
  c.reply.bulkText(
    secureBytes(Math.ceil(digits / 2))
      .toHex()
      .slice(0, digits),
  );
}

const LOG_COUNT = 10;

function log(c: Call): void {
  if (tooMany(c, 3)) return;
  const { acl, clock } = c.server;
  if (c.argc === 3 && c.is(2, "reset")) {
    acl.log.reset();
    c.reply.ok();
    return;
  }
  const count = c.argc === 3 ? anyInteger(c, 2) : LOG_COUNT;
  if (c.failed) return;
  const entries = acl.log.newest(count);
  c.reply.array(entries.length);
  for (const entry of entries) replyEntry(c.reply, entry, clock.now());
}

function replyEntry(reply: ReplyWriter, entry: AclLogEntry, now: number): void {
  const text = (name: string, value: string): void => {
    reply.bulkText(name);
    reply.bulkText(value);
  };
  const integer = (name: string, value: number): void => {
    reply.bulkText(name);
    reply.integer(value);
  };
  reply.map(10);
  integer("count", entry.count);
  text("reason", entry.reason);
  text("context", entry.context);
  text("object", entry.object);
  text("username", entry.username);
  reply.bulkText("age-seconds");
  reply.double((now - entry.updated) / 1000);
  text("client-info", entry.client);
  integer("entry-id", entry.id);
  integer("timestamp-created", entry.created);
  integer("timestamp-last-updated", entry.updated);
}

/** Fails where there are more than `count` arguments in all. */
function tooMany(c: Call, count: number): boolean {
  if (c.argc > count) c.fail(subcommandSyntax("ACL", c.text(1)));
  return c.failed;
}

// --- table -----------------------------------------------------------------------------------------------------------

const ALL_NODES = ["request_policy:all_nodes", "response_policy:all_succeeded"];
const ANYTIME = NOSCRIPT | LOADING | STALE;

function subcommand(name: string, arity: number, flags: number, handler: Handler, tips?: string[]): CommandDefinition {
  return { name, arity, flags, categories: "", tips, handler };
}

export const aclCommands: CommandDefinition[] = [
  {
    name: "acl",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      subcommand("cat", -2, ANYTIME, cat),
      subcommand("deluser", -3, ADMIN | ANYTIME, delUser, ALL_NODES),
      subcommand("dryrun", -4, ADMIN | ANYTIME, dryRun),
      subcommand("genpass", -2, ANYTIME, genPass),
      subcommand("getuser", 3, ADMIN | ANYTIME, getUser),
      subcommand("help", 2, LOADING | STALE, (c) => replyHelp(c, HELP)),
      subcommand("list", 2, ADMIN | ANYTIME, list),
      subcommand("load", 2, ADMIN | ANYTIME, load),
      subcommand("log", -2, ADMIN | ANYTIME, log),
      subcommand("save", 2, ADMIN | ANYTIME, save, ALL_NODES),
      subcommand("setuser", -3, ADMIN | ANYTIME, setUser, ALL_NODES),
      subcommand("users", 2, ADMIN | ANYTIME, users),
      subcommand("whoami", 2, ANYTIME, whoAmI),
    ],
  },
];
