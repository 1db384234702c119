/** What cron looks after besides data: clients that have been idle for too long, and the figures in a verbose log. */

import type { ServerContext } from "../../command/server-context";
import type { Client } from "../../session/client";
import { LOG_DEBUG, LOG_VERBOSE } from "./logger";

/** Ends the connections that have sent nothing for longer than `timeout` seconds. Call it once a second. */
export function closeIdleClients(server: ServerContext): void {
  const { timeout } = server.config;
  if (timeout === 0) return;
  const oldest = server.clock.monotonic() - timeout * 1_000_000;
  for (const client of server.clients.all()) {
    if (client.lastInteraction >= oldest || mayBeIdle(client)) continue;
    server.log.verbose("Closing idle client");
    client.transport.close();
  }
}

/** Whether a client has reason to send nothing: it waits, or listens. */
function mayBeIdle(client: Client): boolean {
  return client.blocked || client.paused || client.monitors || client.subscriptions !== null;
}

/** Logs the size of each database and the number of clients. Call it every five seconds. */
export function logFigures(server: ServerContext): void {
  const { clients, keyspace, log } = server;
  if (log.level > LOG_VERBOSE) return;
  for (const db of keyspace.databases) {
    if (db.size === 0) continue;
    log.verbose(`DB ${db.id}: ${db.size} keys (${db.expires} volatile) in ${db.index.slots} slots HT.`);
  }
  if (log.level > LOG_DEBUG) return;
  log.debug(`${clients.size} clients connected (0 replicas), ${keyspace.heap.usedBytes} bytes in use`);
}
