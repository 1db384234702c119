/** CLIENT: table and handlers. */

import type { Call } from "../../command/call";
import { ADMIN, type CommandDefinition, type Handler, LOADING, NOSCRIPT, STALE } from "../../command/command-spec";
import { replyHelp } from "../../command/help";
import { INVALID_CLIENT_NAME, shown, subcommandSyntax } from "../../resp/errors";
import { bytesOfArguments } from "../../resp/request";
import { type Client, REPLY_OFF, REPLY_ON, REPLY_SKIP_NEXT } from "../../session/client";
import { describeClient } from "../../session/client-info";
import type { User } from "../acl/user";
import { anyInteger, onOff, yesNo } from "../arguments";
import { CLIENT_HELP } from "./client-help";
import { isClientName } from "./connection.commands";
import { trackingSubcommands } from "./tracking.commands";

const INT64_MAX = 2 ** 63;

// --- about this connection -------------------------------------------------------------------------------------------

function id(c: Call): void {
  c.reply.integer(c.client.id);
}

function getName(c: Call): void {
  if (c.client.name === "") c.reply.null();
  else c.reply.bulkText(c.client.name);
}

function setName(c: Call): void {
  const name = c.text(2);
  if (!isClientName(name)) {
    c.fail(INVALID_CLIENT_NAME);
    return;
  }
  c.client.name = name;
  c.reply.ok();
}

function setInfo(c: Call): void {
  const isName = c.is(2, "lib-name");
  if (!isName && !c.is(2, "lib-ver")) {
    c.fail(`ERR Unrecognized option '${shown(c.text(2))}'`);
    return;
  }
  const value = c.text(3);
  if (!isClientName(value)) {
    c.fail(`ERR ${c.text(2)} cannot contain spaces, newlines or special characters.`);
    return;
  }
  if (isName) c.client.libraryName = value;
  else c.client.libraryVersion = value;
  c.reply.ok();
}

function noEvict(c: Call): void {
  const on = onOff(c, 2);
  if (c.failed) return;
  c.client.noEvict = on;
  c.server.clients.memory.update(c.client);
  c.reply.ok();
}

function noTouch(c: Call): void {
  const on = onOff(c, 2);
  if (c.failed) return;
  c.client.noTouch = on;
  c.reply.ok();
}

/** CLIENT REPLY: only ON is answered. */
function replyMode(c: Call): void {
  const { client, reply } = c;
  if (c.is(2, "on")) {
    client.replyMode = REPLY_ON;
    reply.muted = false;
    reply.ok();
  } else if (c.is(2, "off")) {
    client.replyMode = REPLY_OFF;
    // In a transaction, what follows is muted, too.
    reply.muted = true;
  } else if (c.is(2, "skip")) {
    if (client.replyMode !== REPLY_OFF) client.replyMode = REPLY_SKIP_NEXT;
  } else {
    c.syntaxError();
  }
}

// --- lists -----------------------------------------------------------------------------------------------------------

function line(c: Call, client: Client): string {
  return `${describeClient(c.server, client, client === c.client ? bytesOfArguments(c) : 0)}\n`;
}

function info(c: Call): void {
  c.reply.verbatim(line(c, c.client), "txt");
}

type ClientType = "normal" | "replica" | "pubsub" | "master";

/** Argument i as a type of client; fails when there is no such type. */
function clientType(c: Call, i: number): ClientType | null {
  const name = c.text(i).toLowerCase();
  if (name === "slave") return "replica";
  if (name === "normal" || name === "replica" || name === "pubsub" || name === "master") return name;
  c.fail(`ERR Unknown client type '${shown(c.text(i))}'`);
  return null;
}

/** There are no replicas yet. */
function typeOf(client: Client): ClientType {
  return client.subscriptions === null ? "normal" : "pubsub";
}

function list(c: Call): void {
  let clients: Iterable<Client> = c.server.clients.all();
  if (c.argc === 4 && c.is(2, "type")) {
    const type = clientType(c, 3);
    clients = [...clients].filter((client) => typeOf(client) === type);
  } else if (c.argc > 3 && c.is(2, "id")) {
    clients = clientsById(c);
  } else if (c.argc !== 2) {
    c.syntaxError();
  }
  if (c.failed) return;
  let text = "";
  for (const client of clients) text += line(c, client);
  c.reply.verbatim(text, "txt");
}

function clientsById(c: Call): Client[] {
  const clients: Client[] = [];
  for (let i = 3; i < c.argc; i++) {
    const client = c.server.clients.byId.get(anyInteger(c, i, "ERR Invalid client ID"));
    if (client !== undefined) clients.push(client);
  }
  return clients;
}

// --- ending connections ----------------------------------------------------------------------------------------------

interface KillFilter {
  id: number;
  address: string | null;
  localAddress: string | null;
  type: ClientType | null;
  user: User | null;
  skipMe: boolean;
}

function kill(c: Call): void {
  const filter: KillFilter = { id: 0, address: null, localAddress: null, type: null, user: null, skipMe: true };
  if (c.argc === 3) {
    // The old form: CLIENT KILL address, which may be one's own.
    filter.address = c.text(2);
    filter.skipMe = false;
  } else {
    for (let i = 2; i < c.argc && !c.failed; i += 2) parseKillOption(c, i, filter);
    if (c.failed) return;
  }
  const killed = killMatching(c, filter);
  if (c.argc > 3) c.reply.integer(killed);
  else if (killed > 0) c.reply.ok();
  else c.fail("ERR No such client");
}

function parseKillOption(c: Call, i: number, filter: KillFilter): void {
  if (i + 1 >= c.argc) c.syntaxError();
  else if (c.is(i, "id")) filter.id = clientId(c, i + 1);
  else if (c.is(i, "type")) filter.type = clientType(c, i + 1);
  else if (c.is(i, "addr")) filter.address = c.text(i + 1);
  else if (c.is(i, "laddr")) filter.localAddress = c.text(i + 1);
  else if (c.is(i, "user")) filter.user = userNamed(c, i + 1);
  else if (c.is(i, "skipme")) filter.skipMe = yesNo(c, i + 1);
  else c.syntaxError();
}

function clientId(c: Call, i: number): number {
  const error = "ERR client-id should be greater than 0";
  const value = anyInteger(c, i, error);
  if (value < 1) c.fail(error);
  return value;
}

function userNamed(c: Call, i: number): User | null {
  const user = c.server.acl.get(c.text(i)) ?? null;
  if (user === null) c.fail(`ERR No such user '${shown(c.text(i))}'`);
  return user;
}

/** Ends the connections that match all of the filter, one's own after the reply. Returns how many. */
function killMatching(c: Call, filter: KillFilter): number {
  const { clients } = c.server;
  const victims = [...clients.all()].filter(
    (client) => matches(client, filter) && !(filter.skipMe && client === c.client),
  );
  for (const client of victims) {
    if (client === c.client) client.closing = true;
    else client.transport.close();
  }
  return victims.length;
}

function matches(client: Client, filter: KillFilter): boolean {
  return (
    (filter.id === 0 || client.id === filter.id) &&
    (filter.type === null || typeOf(client) === filter.type) &&
    (filter.user === null || client.user === filter.user) &&
    (filter.address === null || client.transport.address === filter.address) &&
    (filter.localAddress === null || client.transport.localAddress === filter.localAddress)
  );
}

// --- holding back ----------------------------------------------------------------------------------------------------

function pause(c: Call): void {
  const write = c.argc === 4 && c.is(3, "write");
  if (c.argc === 4 && !write && !c.is(3, "all")) c.fail("ERR CLIENT PAUSE mode must be WRITE or ALL");
  const timeout = anyInteger(c, 2, "ERR timeout is not an integer or out of range");
  if (timeout < 0) c.fail("ERR timeout is negative");
  const until = timeout === 0 ? 0 : timeout + c.server.clock.now();
  if (until >= INT64_MAX) c.fail("ERR timeout is out of range");
  if (c.failed) return;
  c.server.pause.start(write ? "write" : "all", until);
  c.reply.ok();
}

function unpause(c: Call): void {
  c.server.pause.end();
  c.reply.ok();
}

/** CLIENT UNBLOCK id [TIMEOUT | ERROR] */
function unblock(c: Call): void {
  const isError = c.argc === 4 && c.is(3, "error");
  if (c.argc === 4 && !isError && !c.is(3, "timeout")) {
    c.fail("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const id = anyInteger(c, 2);
  if (c.failed) return;
  const wait = c.server.clients.byId.get(id)?.wait ?? null;
  if (wait !== null && isError) c.server.unblocker.refuse(wait);
  else if (wait !== null) c.server.unblocker.timeOut(wait);
  c.reply.integer(wait === null ? 0 : 1);
}

// --- table -----------------------------------------------------------------------------------------------------------

const ANYTIME = NOSCRIPT | LOADING | STALE;
const ALL_NODES = ["request_policy:all_nodes", "response_policy:all_succeeded"];

function subcommand(name: string, arity: number, flags: number, handler: Handler, tips?: string[]): CommandDefinition {
  return { name, arity, flags, categories: "connection", tips, handler };
}

/** A subcommand that takes at most `count` arguments in all. */
function atMost(count: number, handler: Handler): Handler {
  return (c) => {
    if (c.argc > count) c.fail(subcommandSyntax("CLIENT", c.text(1)));
    else handler(c);
  };
}

export const clientCommands: CommandDefinition[] = [
  {
    name: "client",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      subcommand("getname", 2, ANYTIME, getName),
      subcommand("help", 2, LOADING | STALE, (c) => replyHelp(c, CLIENT_HELP)),
      subcommand("id", 2, ANYTIME, id),
      subcommand("info", 2, ANYTIME, info, ["nondeterministic_output"]),
      subcommand("kill", -3, ADMIN | ANYTIME, kill),
      subcommand("list", -2, ADMIN | ANYTIME, list, ["nondeterministic_output"]),
      subcommand("no-evict", 3, ADMIN | ANYTIME, noEvict),
      subcommand("no-touch", 3, ANYTIME, noTouch),
      subcommand("pause", -3, ADMIN | ANYTIME, atMost(4, pause)),
      subcommand("reply", 3, ANYTIME, replyMode),
      subcommand("setinfo", 4, ANYTIME, setInfo, ALL_NODES),
      subcommand("setname", 3, ANYTIME, setName, ALL_NODES),
      subcommand("unblock", -3, ADMIN | ANYTIME, atMost(4, unblock)),
      subcommand("unpause", 2, ADMIN | ANYTIME, unpause),
      ...trackingSubcommands,
    ],
  },
];
