/** Connection commands but CLIENT: table and handlers. */

import type { Call } from "../../command/call";
import {
  ALLOW_BUSY,
  type CommandDefinition,
  FAST,
  LOADING,
  NO_AUTH,
  NOSCRIPT,
  NOT_QUEUED,
  STALE,
  WHILE_SUBSCRIBED,
} from "../../command/command-spec";
import { contextOf } from "../../command/permission";
import type { ServerContext } from "../../command/server-context";
import {
  AUTH_WITHOUT_PASSWORD,
  DB_INDEX_OUT_OF_RANGE,
  HELLO_NO_AUTH,
  INVALID_CLIENT_NAME,
  NO_PROTO,
  OUT_OF_INT32,
  shown,
  WRONG_PASS,
  wrongArity,
} from "../../resp/errors";
import { type Client, REPLY_OFF, REPLY_ON } from "../../session/client";
import { discardTransaction } from "../../session/transaction";
import { REDIS_VERSION } from "../../util/redis-version";
import { DEFAULT_USER } from "../acl/user";
import { anyInteger, bytesOf } from "../arguments";

const INT_MAX = 0x7fffffff;

function ping(c: Call): void {
  if (c.argc > 2) c.fail(wrongArity("ping"));
  else if (c.client.subscriptions !== null && c.client.protocol === 2) pongWhileSubscribed(c);
  else if (c.argc === 1) c.reply.pong();
  else c.reply.bulk(c.buf, c.starts[1], c.size(1));
}

/** Where only messages are expected, the reply looks like one. */
function pongWhileSubscribed(c: Call): void {
  c.reply.array(2);
  c.reply.bulkText("pong");
  if (c.argc === 1) c.reply.bulkText("");
  else c.reply.bulk(c.buf, c.starts[1], c.size(1));
}

function echo(c: Call): void {
  c.reply.bulk(c.buf, c.starts[1], c.size(1));
}

function quit(c: Call): void {
  c.client.closing = true;
  c.reply.ok();
}

function select(c: Call): void {
  const id = anyInteger(c, 1);
  if (c.failed) return;
  if (id < -INT_MAX - 1 || id > INT_MAX) {
    c.fail(OUT_OF_INT32);
  } else if (id < 0 || id >= c.server.keyspace.databases.length) {
    c.fail(DB_INDEX_OUT_OF_RANGE);
  } else {
    c.client.database = id;
    c.reply.ok();
  }
}

// --- who and how -----------------------------------------------------------------------------------------------------

/** Whether a text may be a client's name, or its library's: printable ASCII without spaces. */
export function isClientName(name: string): boolean {
  return /^[!-~]*$/.test(name);
}

function login(c: Call, name: string, password: Uint8Array): boolean {
  const { acl } = c.server;
  const user = acl.authenticate(name, password);
  if (user === null) {
    acl.deny(c.client, c, { reason: "auth", context: contextOf(c.client), object: c.text(0), username: name });
    c.fail(WRONG_PASS);
    return false;
  }
  c.client.authenticated = true;
  c.client.user = user;
  return true;
}

function auth(c: Call): void {
  if (c.argc > 3) c.syntaxError();
  else if (c.argc === 2 && c.server.acl.defaultUser.noPassword) c.fail(AUTH_WITHOUT_PASSWORD);
  else if (login(c, c.argc === 2 ? DEFAULT_USER : c.text(1), bytesOf(c, c.argc - 1))) c.reply.ok();
}

/** HELLO [protocol [AUTH user password] [SETNAME name]]: nothing changes unless all of it is right. */
function hello(c: Call): void {
  const protocol = c.argc > 1 ? anyInteger(c, 1, "ERR Protocol version is not an integer or out of range") : 0;
  if (c.argc > 1 && (protocol < 2 || protocol > 3)) c.fail(NO_PROTO);
  if (c.failed) return;
  let credentials = 0;
  let name: string | null = null;
  for (let i = 2; i < c.argc; i++) {
    if (c.is(i, "auth") && i + 2 < c.argc) {
      credentials = i + 1;
      i += 2;
    } else if (c.is(i, "setname") && i + 1 < c.argc) {
      name = c.text(++i);
      if (!isClientName(name)) c.fail(INVALID_CLIENT_NAME);
    } else {
      c.fail(`ERR Syntax error in HELLO option '${shown(c.text(i))}'`);
    }
    if (c.failed) return;
  }
  if (credentials > 0 && !login(c, c.text(credentials), bytesOf(c, credentials + 1))) return;
  if (!c.client.authenticated) {
    c.fail(HELLO_NO_AUTH);
    return;
  }
  if (name !== null) c.client.name = name;
  if (protocol !== 0) c.client.protocol = protocol;
  replyGreeting(c);
}

function replyGreeting(c: Call): void {
  const { reply, client } = c;
  reply.resp3 = client.protocol === 3;
  reply.map(7);
  reply.bulkText("server");
  reply.bulkText("redis");
  reply.bulkText("version");
  reply.bulkText(REDIS_VERSION);
  reply.bulkText("proto");
  reply.integer(client.protocol);
  reply.bulkText("id");
  reply.integer(client.id);
  reply.bulkText("mode");
  reply.bulkText("standalone");
  reply.bulkText("role");
  reply.bulkText("master");
  reply.bulkText("modules");
  reply.array(0);
}

/** RESET: the connection as if it were new, but for its id and library. */
function reset(c: Call): void {
  const { client, reply } = c;
  // What CLIENT REPLY SKIP leaves out stays left out.
  if (client.replyMode === REPLY_OFF) reply.muted = false;
  resetClient(c.server, client);
  reply.resp3 = false;
  reply.simple("RESET");
}

function resetClient(server: ServerContext, client: Client): void {
  discardTransaction(client, server.watches);
  server.pubsub.forget(client);
  server.tracking.disable(client);
  server.monitors.remove(client);
  client.database = 0;
  client.protocol = 2;
  client.name = "";
  client.user = server.acl.defaultUser;
  client.authenticated = !server.acl.authenticationRequired;
  client.replyMode = REPLY_ON;
  client.noEvict = false;
  client.noTouch = false;
}

/** Commands that every client may send at any time. */
const ALWAYS = NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY;

export const connectionCommands: CommandDefinition[] = [
  { name: "auth", arity: -2, flags: ALWAYS, categories: "connection", handler: auth },
  { name: "echo", arity: 2, flags: LOADING | STALE | FAST, categories: "connection", handler: echo },
  { name: "hello", arity: -1, flags: ALWAYS, categories: "connection", handler: hello },
  {
    name: "ping",
    arity: -1,
    flags: FAST | WHILE_SUBSCRIBED,
    categories: "connection",
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    handler: ping,
  },
  { name: "quit", arity: -1, flags: ALWAYS | NOT_QUEUED | WHILE_SUBSCRIBED, categories: "connection", handler: quit },
  { name: "reset", arity: 1, flags: ALWAYS | NOT_QUEUED | WHILE_SUBSCRIBED, categories: "connection", handler: reset },
  { name: "select", arity: 2, flags: LOADING | STALE | FAST, categories: "connection", handler: select },
];
