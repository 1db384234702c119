/** What only a connection from this machine may do (enable-debug-command local, enable-protected-configs local). */

import type { Client } from "../../session/client";

/** Whether the client is on this machine, or inside this process. */
export function isLocal(client: Client): boolean {
  const { address } = client.transport;
  // A unix socket's address is its path, with 0 in the place of a port.
  if (address === "" || address.endsWith(":0")) return true;
  return address.startsWith("127.") || address.startsWith("[::1]:") || address.startsWith("[::ffff:127.");
}
