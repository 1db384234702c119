/** A client as CLIENT LIST, CLIENT INFO and the log show it: one line of fields. */

import type { ServerContext } from "../command/server-context";
import type { Client } from "./client";

/** The line, without a line break. */
export function describeClient(server: ServerContext, client: Client): string {
  const now = server.clock.monotonic();
  const seconds = (since: number): number => Math.floor((now - since) / 1_000_000);
  const { transport } = client;
  return [
    `id=${client.id}`,
    `addr=${transport.address}`,
    `laddr=${transport.localAddress}`,
    `fd=${transport.fd}`,
    `name=${client.name}`,
    `age=${seconds(client.createdAt)}`,
    `idle=${seconds(client.lastInteraction)}`,
    `db=${client.database}`,
    `cmd=${client.lastCommand === "" ? "NULL" : client.lastCommand}`,
    `user=${client.user}`,
    `resp=${client.protocol}`,
    `lib-name=${client.libraryName}`,
    `lib-ver=${client.libraryVersion}`,
  ].join(" ");
}
