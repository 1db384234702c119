/**
 * Listeners: TCP on any number of addresses, with or without TLS, and a unix socket. Accepting is refused with Redis's
 * replies when maxclients is reached, and from outside while protected mode is in force.
 *
 * A TLS connection counts as a client from the moment it opens, as in Redis, and is served once its handshake is over.
 */

import { ptr } from "bun:ffi";
import { unlinkSync } from "node:fs";
import type { Socket, SocketHandler, TCPSocketListener, TLSOptions, UnixSocketListener } from "bun";
import { LOG_VERBOSE } from "../admin/process/logger";
import { describeClient } from "../session/client-info";
import { lastError, libc } from "../util/libc";
import { strerror } from "../util/strerror";
import { Connection } from "./connection";
import type { Gate } from "./gate";
import { resolveIPv4 } from "./resolve";
import type { TlsServerSettings } from "./tls/tls-settings";

export interface Listener {
  /** The port, 0 for a unix socket. */
  readonly port: number;
  readonly fd: number;
  /** Stops accepting; open connections live on. */
  stop(): void;
}

/** A TCP listener whose connections use TLS. */
export interface TlsListener extends Listener {
  /** From now on connections get these settings. Nobody who is connecting is turned away. */
  replaceSettings(settings: TlsServerSettings): void;
}

/**
 * Listens on one TCP address: an IP address or a host name; "*" is every IPv4 address and "::*" every IPv6 address (and no
 * IPv4 one). Throws an error with `code` (EADDRINUSE …) when that is not possible, without one for an unknown name.
 */
export function listenTcp(gate: Gate, address: string, port: number): Listener {
  const server = Bun.listen<Connection>({
    ...listenTarget(address),
    port,
    allowHalfOpen: true,
    socket: handlers(gate, ""),
    data: NO_CONNECTION,
  });
  const fd = fdOf(server);
  prepare(gate, fd);
  return { port: server.port, fd, stop: () => server.stop(false) };
}

/** As listenTcp, for connections that use TLS. */
export function listenTls(gate: Gate, address: string, port: number, settings: TlsServerSettings): TlsListener {
  const open = (where: object, tls: TlsServerSettings): TCPSocketListener<Connection> =>
    Bun.listen<Connection>({
      ...(where as { hostname: string; port: number }),
      allowHalfOpen: true,
      socket: tlsHandlers(gate),
      data: NO_CONNECTION,
      // The types name fewer options than there are.
      tls: tls as unknown as TLSOptions,
    });
  const where = { ...listenTarget(address), port };
  let server = open(where, settings);
  prepare(gate, fdOf(server));
  const listener = {
    port: server.port,
    fd: fdOf(server),
    stop: () => server.stop(false),
    replaceSettings: (next: TlsServerSettings) => {
      // A listener keeps its settings for life. A new one on the same socket takes over whoever waits to be accepted.
      const copy = Number(libc("dup")?.(listener.fd) ?? -1);
      if (copy < 0) {
        server.stop(false);
        server = open({ ...where, port: listener.port }, next);
        prepare(gate, fdOf(server));
      } else {
        const former = server;
        server = takeOver(open, copy, next);
        former.stop(false);
      }
      listener.fd = fdOf(server);
    },
  };
  return listener;
}

/** Listens on a copy of a socket, which is closed again if that fails. */
function takeOver<Settings, Server>(open: (where: object, tls: Settings) => Server, fd: number, tls: Settings): Server {
  try {
    return open({ fd }, tls);
  } catch (error) {
    libc("close")?.(fd);
    throw error;
  }
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
    allowHalfOpen: true,
    socket: handlers(gate, path),
    data: NO_CONNECTION,
  });
  const fd = fdOf(server);
  setBacklog(fd, gate.server.config.tcpBacklog);
  return { port: 0, fd, stop: () => server.stop(false) };
}

// A socket has its connection from the moment it opens.
const NO_CONNECTION = null as unknown as Connection;

/** An address in the form of `bind` as the runtime takes it. Throws for an unknown name. */
export function listenTarget(address: string): { hostname: string; ipv6Only?: boolean } {
  if (address === "*") return { hostname: "0.0.0.0" };
  if (address === "::*") return { hostname: "::", ipv6Only: true };
  if (address.includes(":")) return { hostname: address, ipv6Only: true };
  const resolved = resolveIPv4(address);
  if (resolved === "") throw new Error("Name or service not known");
  return { hostname: resolved ?? address };
}

/** What the runtime passes to listen(2), near enough to the default of tcp-backlog to leave it. */
const RUNTIME_BACKLOG = 512;

const SOL_SOCKET = 1;
const SO_MARK = 36;

/** Sets what the runtime does not: the backlog and the mark of a socket that listens on TCP. */
function prepare(gate: Gate, fd: number): void {
  const { config, log } = gate.server;
  setBacklog(fd, config.tcpBacklog);
  if (config.socketMarkId === 0 || setMark(fd, config.socketMarkId)) return;
  log.warning(`WARNING: socket-mark-id has no effect: ${strerror(lastError())}`);
}

/** Marks what is sent, for routing (Linux); accepted sockets inherit it. */
function setMark(fd: number, mark: number): boolean {
  if (process.platform !== "linux") return false;
  return libc("setsockopt")?.(fd, SOL_SOCKET, SO_MARK, ptr(Uint32Array.of(mark)), 4) === 0;
}

/** Calling listen(2) again on a socket that listens changes its backlog. */
function setBacklog(fd: number, backlog: number): void {
  if (backlog === RUNTIME_BACKLOG || backlog === RUNTIME_BACKLOG - 1) return;
  libc("listen")?.(fd, backlog);
}

function fdOf(server: object): number {
  return (server as { fd: number }).fd;
}

/** What the system, or TLS (EPROTO), says of a connection. Any other error, ENOENT say, is thrown by a handler of ours. */
const SOCKET_ERRORS: readonly unknown[] = [
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "ENETUNREACH",
  "ENOTCONN",
  "EPIPE",
  "EPROTO",
  "ETIMEDOUT",
];

function isSocketError(error: Error): boolean {
  return SOCKET_ERRORS.includes((error as NodeJS.ErrnoException).code);
}

function handlers(gate: Gate, unixPath: string): SocketHandler<Connection> {
  return {
    open(socket) {
      if (!announce(gate, socket, unixPath)) return;
      const refusal = gate.refuse(unixPath === "" ? socket.remoteAddress : "");
      if (refusal !== null) {
        gate.stats.connectionsRejected++;
        socket.end(refusal);
        return;
      }
      gate.stats.connectionsReceived++;
      if (unixPath === "") setSocketOptions(gate, socket);
      connect(gate, socket, unixPath, false);
    },
    data(socket, chunk) {
      const connection = socket.data;
      if (connection !== NO_CONNECTION) connection.receive(chunk);
      gate.release(chunk);
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

function tlsHandlers(gate: Gate): SocketHandler<Connection> {
  return {
    ...handlers(gate, ""),
    open(socket) {
      if (!announce(gate, socket, "")) return;
      if (gate.isFull) {
        // There is no way yet to tell it why.
        gate.stats.connectionsRejected++;
        socket.terminate();
        return;
      }
      setSocketOptions(gate, socket);
      gate.handshakes.begin(connect(gate, socket, "", true));
    },
    handshake(socket, success, error) {
      const connection = socket.data;
      if (connection === NO_CONNECTION || connection.isClosed) return;
      const failure = handshakeFailure(gate, socket, success, error);
      if (failure !== null) {
        gate.handshakes.failed(connection, failure);
        return;
      }
      gate.handshakes.end(connection);
      const refusal = gate.refuseAddress(socket.remoteAddress);
      if (refusal === null) {
        gate.stats.connectionsReceived++;
        return;
      }
      gate.stats.connectionsRejected++;
      connection.refuse(refusal);
    },
    close(socket) {
      const connection = socket.data;
      if (connection === NO_CONNECTION) return;
      gate.handshakes.end(connection);
      connection.ended();
    },
  };
}

/** Why a handshake ends the connection, in the words of the TLS library, or null. */
function handshakeFailure(
  gate: Gate,
  socket: Socket<Connection>,
  success: boolean,
  error: Error | null,
): string | null {
  if (!success) return error?.message.split("\n")[0] || "handshake failed";
  // With "optional" the library lets everybody in. Who has no certificate may stay; who has one must have a right one.
  if (gate.server.config.tlsAuthClients === "no" || error === null || socket.authorized) return null;
  if (socket.getPeerCertificate() === undefined) return null;
  return `certificate verify failed: ${(error as NodeJS.ErrnoException).code ?? error.message}`;
}

/** Logs who connects; false if it has gone already. */
function announce(gate: Gate, socket: Socket<Connection>, unixPath: string): boolean {
  const { log } = gate.server;
  if (unixPath === "" && (socket.remoteAddress as string | undefined) === undefined) {
    // Reset before it was accepted: it has no peer any more.
    socket.terminate();
    return false;
  }
  if (log.level <= LOG_VERBOSE) log.verbose(`Accepted ${describePeer(socket, unixPath)}`);
  return true;
}

function setSocketOptions(gate: Gate, socket: Socket<Connection>): void {
  socket.setNoDelay(true);
  const keepAlive = gate.server.config.tcpKeepalive;
  if (keepAlive > 0) socket.setKeepAlive(true, keepAlive * 1000);
}

function connect(gate: Gate, socket: Socket<Connection>, unixPath: string, isTls: boolean): Connection {
  const connection = new Connection(gate, socket, unixPath, isTls);
  connection.client = gate.newClient(connection);
  socket.data = connection;
  return connection;
}

function describePeer(socket: { remoteAddress: string; remotePort: number }, unixPath: string): string {
  if (unixPath !== "") return `connection to ${unixPath}`;
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
