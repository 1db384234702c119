/** MONITOR: table and handler. */

import type { Call } from "../../command/call";
import { ADMIN, type CommandDefinition, LOADING, NOSCRIPT, STALE } from "../../command/command-spec";
import { MONITOR_DENIED } from "../../resp/errors";

function monitor(c: Call): void {
  // In a transaction the lines would stand among the replies of EXEC.
  if (!c.mayBlock) {
    c.fail(MONITOR_DENIED);
    return;
  }
  // As in Redis, who monitors already is not answered.
  if (c.client.monitors) return;
  c.server.monitors.add(c.client);
  c.reply.ok();
}

export const monitorCommands: CommandDefinition[] = [
  { name: "monitor", arity: 1, flags: ADMIN | NOSCRIPT | LOADING | STALE, categories: "", handler: monitor },
];
