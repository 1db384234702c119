/** Connection commands: table and handlers. */

import type { Call } from "../command/call";
import { ALLOW_BUSY, type CommandDefinition, FAST, LOADING, NO_AUTH, NOSCRIPT, STALE } from "../command/command-spec";
import { wrongArity } from "../resp/errors";

function ping(c: Call): void {
  if (c.argc > 2) c.fail(wrongArity("ping"));
  else if (c.argc === 1) c.reply.pong();
  else c.reply.bulk(c.buf, c.starts[1], c.size(1));
}

function quit(c: Call): void {
  c.client.closing = true;
  c.reply.ok();
}

export const connectionCommands: CommandDefinition[] = [
  {
    name: "ping",
    arity: -1,
    flags: FAST,
    categories: "connection",
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    handler: ping,
  },
  {
    name: "quit",
    arity: -1,
    flags: ALLOW_BUSY | NOSCRIPT | LOADING | STALE | FAST | NO_AUTH,
    categories: "connection",
    handler: quit,
  },
];
