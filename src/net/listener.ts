/**
 * Listeners: TCP on any number of addresses, and a unix socket. Accepting is refused with Redis's replies when
 * maxclients is reached, and from outside while protected mode is in force.
 */

import { unlinkSync } from "node:fs";
import type { SocketHandler, TCPSocketListener, UnixSocketListener } from "bun";
import { Connection } from "./connection";
import type { Gate } from "./gate";

export interface Listener {
  /** The port, 0 for a unix socket. */
  readonly port: number;
  readonly fd: number;
  /** Stops accepting; open connections live on. */
  stop(): void;
}

/** Listens on one TCP address. Throws an error with `code` (EADDRINUSE …) when that is not possible. */
export function listenTcp(gate: Gate, hostname: string, port: number): Listener {
  const socket = handlers(gate, "");
  const server = Bun.listen<Connection>({ hostname, port, socket, data: NO_CONNECTION });
  return tcpListener(server);
}

/** Listens on a unix socket; a stale file in its place is removed. */
export function listenUnix(gate: Gate, path: string): Listener {
  try {
    unlinkSync(path);
  } catch {
    // There was none.
  }
  const server: UnixSocketListener<Connection> = Bun.listen<Connection>({
    unix: path,
    socket: handlers(gate, path),
    data: NO_CONNECTION,
  });
  return { port: 0, fd: fdOf(server), stop: () => server.stop(false) };
}

// A socket has its connection from the moment it opens.
const NO_CONNECTION = null as unknown as Connection;

function tcpListener(server: TCPSocketListener<Connection>): Listener {
  return { port: server.port, fd: fdOf(server), stop: () => server.stop(false) };
}

function fdOf(server: object): number {
  return (server as { fd: number }).fd;
}

function handlers(gate: Gate, unixPath: string): SocketHandler<Connection> {
  return {
    open(socket) {
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
      if (socket.data !== NO_CONNECTION) socket.data.receive(chunk);
    },
    drain(socket) {
      if (socket.data !== NO_CONNECTION) socket.data.drained();
    },
    close(socket) {
      const connection = socket.data;
      if (connection === NO_CONNECTION) return;
      connection.ended();
      gate.clientGone(connection.client);
    },
    error() {
      // A reset or a broken pipe: close() follows.
    },
  };
}
