/**
 * Listeners: TCP on any number of addresses, and a unix socket. Accepting is refused with Redis's replies when
 * maxclients is reached, and from outside while protected mode is in force.
 */

import { unlinkSync } from "node:fs";
import type { SocketHandler, UnixSocketListener } from "bun";
import { LOG_VERBOSE } from "../admin/process/logger";
import { describeClient } from "../session/client-info";
import { libc } from "../util/libc";
import { Connection } from "./connection";
import type { Gate } from "./gate";
import { resolveIPv4 } from "./resolve";

export interface Listener {
  /** The port, 0 for a unix socket. */
  readonly port: number;
  readonly fd: number;
  /** Stops accepting; open connections live on. */
  stop(): void;
}

/**
 * Listens on one TCP address: an IP address or a host name; "*" is every IPv4 address and "::*" every IPv6 address (and no
 * IPv4 one). Throws an error with `code` (EADDRINUSE …) when that is not possible, without one for an unknown name.
 */
export function listenTcp(gate: Gate, address: string, port: number, backlog: number): Listener {
  const server = Bun.listen<Connection>({
    ...target(address),
    port,
    allowHalfOpen: true,
    socket: handlers(gate, ""),
    data: NO_CONNECTION,
  });
  const fd = fdOf(server);
  setBacklog(fd, backlog);
  return { port: server.port, fd, stop: () => server.stop(false) };
}

/** Listens on a unix socket; a stale file in its place is removed. */
export function listenUnix(gate: Gate, path: string, backlog: number): Listener {
  try {
    unlinkSync(path);
  } catch {
    // There was none.
  }
  const server: UnixSocketListener<Connection> = Bun.listen<Connection>({
    unix: path,
    allowHalfOpen: true,
    socket: handlers(gate, path),
    data: NO_CONNECTION,
  });
  const fd = fdOf(server);
  setBacklog(fd, backlog);
  return { port: 0, fd, stop: () => server.stop(false) };
}

// A socket has its connection from the moment it opens.
const NO_CONNECTION = null as unknown as Connection;

function target(address: string): { hostname: string; ipv6Only?: boolean } {
  if (address === "*") return { hostname: "0.0.0.0" };
  if (address === "::*") return { hostname: "::", ipv6Only: true };
  if (address.includes(":")) return { hostname: address, ipv6Only: true };
  const resolved = resolveIPv4(address);
  if (resolved === "") throw new Error("Name or service not known");
  return { hostname: resolved ?? address };
}

/** What the runtime passes to listen(2), near enough to the default of tcp-backlog to leave it. */
const RUNTIME_BACKLOG = 512;

/** Calling listen(2) again on a socket that listens changes its backlog. */
function setBacklog(fd: number, backlog: number): void {
  if (backlog === RUNTIME_BACKLOG || backlog === RUNTIME_BACKLOG - 1) return;
  libc("listen")?.(fd, backlog);
}

function fdOf(server: object): number {
  return (server as { fd: number }).fd;
}

/** Whether an error is the system's word on a connection (a reset, a broken pipe) and not a fault of ours. */
function isSocketError(error: Error): boolean {
  return /^E[A-Z0-9]+$/.test(String((error as NodeJS.ErrnoException).code));
}

function handlers(gate: Gate, unixPath: string): SocketHandler<Connection> {
  return {
    open(socket) {
      const { log } = gate.server;
      if (unixPath === "" && (socket.remoteAddress as string | undefined) === undefined) {
        // Reset before it was accepted: it has no peer any more.
        socket.terminate();
        return;
      }
      if (log.level <= LOG_VERBOSE) log.verbose(`Accepted ${describePeer(socket, unixPath)}`);
      gate.stats.connectionsReceived++;
      const refusal = gate.refuse(unixPath === "" ? socket.remoteAddress : "");
      if (refusal !== null) {
        gate.stats.connectionsRejected++;
        socket.end(refusal);
        return;
      }
      if (unixPath === "") {
        socket.setNoDelay(true);
        const keepAlive = gate.server.config.tcpKeepalive;
        if (keepAlive > 0) socket.setKeepAlive(true, keepAlive * 1000);
      }
      const connection = new Connection(gate, socket, unixPath);
      connection.client = gate.newClient(connection);
      socket.data = connection;
    },
    data(socket, chunk) {
      const connection = socket.data;
      if (connection !== NO_CONNECTION) connection.receive(chunk);
    },
    drain(socket) {
      const connection = socket.data;
      if (connection !== NO_CONNECTION) connection.drained();
    },
    end(socket) {
      // The peer has sent its last byte. close() comes too late to say who it was.
      const { log } = gate.server;
      const connection = socket.data;
      if (connection === NO_CONNECTION) {
        socket.end();
        return;
      }
      if (log.level <= LOG_VERBOSE && !connection.client.closing) {
        log.verbose(`Client closed connection ${describeClient(gate.server, connection.client)}`);
      }
      connection.inputEnded();
    },
    close(socket) {
      const connection = socket.data;
      if (connection === NO_CONNECTION) return;
      connection.ended();
    },
    error(_socket, error) {
      // After a reset or a broken pipe, close() follows. Anything else is a bug of a handler above: thrown on, it ends
      // the process with a crash report instead of leaving a server that answers some clients only.
      if (!isSocketError(error)) throw error;
    },
  };
}

function describePeer(socket: { remoteAddress: string; remotePort: number }, unixPath: string): string {
  if (unixPath !== "") return `connection to ${unixPath}`;
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
