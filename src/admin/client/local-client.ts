/**
 * Who is on this machine: what only such a connection may do (enable-debug-command local, enable-protected-configs local),
 * and whom protected mode lets in.
 */

import type { Client } from "../../session/client";

/** Whether an IP address is of this machine itself. */
export function isLoopback(ip: string): boolean {
  return ip.startsWith("127.") || ip === "::1" || ip.startsWith("::ffff:127.");
}

/** Whether the client is on this machine, or inside this process. */
export function isLocal({ transport: { address } }: Client): boolean {
  // A unix socket's address is its path, with 0 in the place of a port.
  if (address === "" || address.endsWith(":0")) return true;
  const ip = address.slice(0, address.lastIndexOf(":"));
  return isLoopback(ip.startsWith("[") ? ip.slice(1, -1) : ip);
}
