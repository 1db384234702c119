/** Transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH. */

import type { Call } from "../command/call";
import {
  ALLOW_BUSY,
  type Command,
  type CommandDefinition,
  FAST,
  keyRange,
  LOADING,
  NOSCRIPT,
  NOT_QUEUED,
  RUNS_QUEUE,
  SKIP_SLOWLOG,
  STALE,
} from "../command/command-spec";
import {
  DISCARD_WITHOUT_MULTI,
  EXEC_ABORTED,
  EXEC_WITHOUT_MULTI,
  NESTED_MULTI,
  WATCH_INSIDE_MULTI,
} from "../resp/errors";
import { beginTransaction, discardTransaction } from "./transaction";

function multi(c: Call): void {
  if (c.client.transaction !== null) {
    c.fail(NESTED_MULTI);
    return;
  }
  beginTransaction(c.client);
  c.reply.ok();
}

function discard(c: Call): void {
  if (c.client.transaction === null) {
    c.fail(DISCARD_WITHOUT_MULTI);
    return;
  }
  discardTransaction(c.client, c.server.watches);
  c.reply.ok();
}

/** EXEC: all that was queued, in one step; its replies in one array. */
function exec(c: Call): void {
  const { client, server } = c;
  const { transaction } = client;
  if (transaction === null) {
    c.fail(EXEC_WITHOUT_MULTI);
    return;
  }
  const { failed } = transaction;
  if (failed || server.watches.hasChanged(client)) {
    discardTransaction(client, server.watches);
    if (failed) c.fail(EXEC_ABORTED);
    else c.reply.nullArray();
    return;
  }
  // Before the commands: they would find themselves watched.
  server.watches.forget(client);
  // What they do is propagated, together.
  c.propagateNothing();
  c.reply.array(transaction.count);
  for (const command of transaction.commands as Command[]) {
    server.dispatcher.runNested(client, command, transaction.read());
    // It has ended its own connection (CLIENT KILL): it gets the reply to that, and no more.
    if (client.closing) c.reply.muted = true;
  }
  discardTransaction(client, server.watches);
}

function watch(c: Call): void {
  if (c.client.transaction !== null) {
    c.fail(WATCH_INSIDE_MULTI);
    return;
  }
  // Nothing that happens from now on could make a difference to a client that is dirty.
  for (let i = 1; i < c.argc && !c.client.isDirty; i++) {
    c.server.watches.watch(c.client, c.db, c.buf, c.starts[i], c.ends[i]);
  }
  c.reply.ok();
}

function unwatch(c: Call): void {
  c.server.watches.unwatch(c.client);
  c.reply.ok();
}

const ANYTIME = NOSCRIPT | LOADING | STALE;
const AT_ONCE = ANYTIME | FAST | ALLOW_BUSY | NOT_QUEUED;

export const transactionCommands: CommandDefinition[] = [
  { name: "discard", arity: 1, flags: AT_ONCE, categories: "transaction", handler: discard },
  {
    name: "exec",
    arity: 1,
    flags: ANYTIME | SKIP_SLOWLOG | NOT_QUEUED | RUNS_QUEUE,
    categories: "transaction",
    handler: exec,
  },
  { name: "multi", arity: 1, flags: AT_ONCE, categories: "transaction", handler: multi },
  { name: "unwatch", arity: 1, flags: ANYTIME | FAST | ALLOW_BUSY, categories: "transaction", handler: unwatch },
  {
    name: "watch",
    arity: -2,
    flags: AT_ONCE,
    categories: "transaction",
    keys: [keyRange(1, -1, 1, "RO")],
    handler: watch,
  },
];
