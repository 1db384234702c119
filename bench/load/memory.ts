/** Resident memory: of an empty server, of a key, and of an idle connection. Each on a server of its own. */

import { text } from "../../test/support/reply";
import { RespClient } from "../../test/support/resp-client";
import type { TestServer } from "../../test/support/server";
import type { Options, ServerName } from "./options";
import { residentBytes, settle, start, TITLES } from "./servers";

export interface MemoryRow {
  readonly server: ServerName;
  readonly keys: number;
  readonly emptyBytes: number;
  readonly fullBytes: number;
  /** What DEBUG POPULATE took. */
  readonly seconds: number;
}

/** DEBUG POPULATE's 15-byte keys and 4-byte values, in resident bytes over the empty server. */
export async function measureMemory(names: readonly ServerName[], options: Options): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const name of names) {
    await using server = await start(name, options);
    await using client = await server.client();
    await client.call("PING");
    await settle(options);
    const emptyBytes = residentBytes(server.pid);
    const started = performance.now();
    const reply = await client.call("DEBUG", "POPULATE", options.memoryKeys, "memtier-", 4);
    const seconds = (performance.now() - started) / 1000;
    if (reply.type !== "simple") throw new Error(`DEBUG POPULATE failed on ${TITLES[name]}: ${text(reply)}`);
    await settle(options);
    const fullBytes = residentBytes(server.pid);
    rows.push({ server: name, keys: options.memoryKeys, emptyBytes, fullBytes, seconds });
    const perKey = (fullBytes - emptyBytes) / options.memoryKeys;
    console.log(`  ${TITLES[name]}: ${perKey.toFixed(1)} bytes a key, filled in ${seconds.toFixed(1)} s`);
  }
  return rows;
}

export interface ConnectionRow {
  readonly server: ServerName;
  readonly connections: number;
  readonly beforeBytes: number;
  readonly connectedBytes: number;
}

/** How many connections are being opened at a time. */
const OPENING = 200;

/** Idle connections that have sent one PING each, in resident bytes over the server without them. */
export async function measureConnections(names: readonly ServerName[], options: Options): Promise<ConnectionRow[]> {
  const rows: ConnectionRow[] = [];
  for (const name of names) {
    await using server = await start(name, options, ["--maxclients", String(options.connections + 100)]);
    // What the server allocates once, at its first connections, is not the price of a connection.
    const warmers = await openConnections(server, Math.min(100, options.connections));
    await settle(options);
    const beforeBytes = residentBytes(server.pid);
    const clients = await openConnections(server, options.connections);
    await settle(options);
    const connectedBytes = residentBytes(server.pid);
    await Promise.all([...warmers, ...clients].map((client) => client.close()));
    rows.push({ server: name, connections: options.connections, beforeBytes, connectedBytes });
    const each = (connectedBytes - beforeBytes) / options.connections;
    console.log(`  ${TITLES[name]}: ${each.toFixed(0)} bytes an idle connection`);
  }
  return rows;
}

async function openConnections(server: TestServer, count: number): Promise<RespClient[]> {
  const clients: RespClient[] = [];
  while (clients.length < count) {
    const opening = Math.min(OPENING, count - clients.length);
    const opened = await Promise.all(Array.from({ length: opening }, () => RespClient.connect({ port: server.port })));
    for (const reply of await Promise.all(opened.map((client) => client.call("PING")))) {
      if (reply.type !== "simple") throw new Error(`connection ${clients.length} of ${server.name}: ${text(reply)}`);
    }
    clients.push(...opened);
  }
  return clients;
}
