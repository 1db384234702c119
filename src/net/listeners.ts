/**
 * All listeners of a server, as `bind`, `port` and `unixsocket` ask for, and moving them while the server runs.
 *
 * An address with "-" before it may be missing on this machine; a protocol that the system lacks is passed over for any
 * address. Everything else that fails is an error: at the start it ends the server, in CONFIG SET it is refused and the
 * server listens where it did before.
 */

import { chmodSync } from "node:fs";
import { decodePath } from "../admin/config/special";
import { strerror } from "../util/strerror";
import type { Gate } from "./gate";
import { type Listener, listenTcp, listenUnix } from "./listener";

/** The server cannot listen as configured. The message is Redis's log line. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Nothing is wrong with the address: the machine just does not have the protocol. */
const NO_PROTOCOL = ["ENOPROTOOPT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "EPFNOSUPPORT", "EAFNOSUPPORT"];

interface Failure {
  readonly line: string;
  readonly code: string;
}

export class Listeners {
  /** By "address:port", as configured. */
  private tcp = new Map<string, Listener>();
  private unix: Listener | null = null;

  constructor(private readonly gate: Gate) {}

  /** Listens everywhere. Throws a ListenError, with nothing left open. */
  open(): void {
    const { config } = this.gate.server;
    const failure = this.openMissing(config.port, true);
    if (failure !== null) {
      this.close();
      throw new ListenError(`Failed listening on port ${config.port} (tcp), aborting.`);
    }
    if (config.unixsocket !== "") this.openUnix(config.unixsocket);
    if (this.tcp.size === 0 && this.unix === null) throw new ListenError("Configured to not listen anywhere, exiting.");
  }

  private openUnix(shown: string): void {
    const { config } = this.gate.server;
    const path = decodePath(shown);
    try {
      this.unix = listenUnix(this.gate, path, config.tcpBacklog);
      if (config.unixsocketperm !== 0) chmodSync(path, config.unixsocketperm);
    } catch (error) {
      this.close();
      throw new ListenError(`Failed opening Unix socket: bind: ${strerror(error)}`);
    }
  }

  /**
   * Follows `bind` and `port` after a CONFIG SET. New addresses are opened before old ones are closed, so that nobody is
   * turned away; where the new ones need the old ones' place (from 127.0.0.1 to *, say), the old ones go first, and come
   * back when that fails too. Returns false then, or when there is nothing to listen on.
   */
  rebind(): boolean {
    const { config } = this.gate.server;
    const wanted = new Set(config.port === 0 ? [] : config.bind.map((address) => keyOf(address, config.port)));
    const before = new Map(this.tcp);
    const leaving = [...before.keys()].filter((key) => !wanted.has(key));
    let failure = this.openMissing(config.port, false);
    if (failure?.code === "EADDRINUSE" && leaving.length > 0) {
      this.closeTcp(leaving);
      failure = this.openMissing(config.port, false);
    }
    if (failure !== null) {
      this.gate.server.log.warning(failure.line);
      this.closeTcp([...this.tcp.keys()].filter((key) => !before.has(key)));
      this.reopen(leaving.filter((key) => !this.tcp.has(key)));
      return false;
    }
    this.closeTcp(leaving);
    return true;
  }

  /** Opens what is configured and not open yet, in order, until the first that fails. */
  private openMissing(port: number, logs: boolean): Failure | null {
    const { config } = this.gate.server;
    if (port === 0) return null;
    for (const address of config.bind) {
      const failure = this.openTcp(address, port);
      if (failure === null) continue;
      if (logs) this.gate.server.log.warning(failure.line);
      const optional = address.startsWith("-") && failure.code === "EADDRNOTAVAIL";
      if (!optional && !NO_PROTOCOL.includes(failure.code)) return failure;
    }
    return null;
  }

  private openTcp(address: string, port: number): Failure | null {
    const key = keyOf(address, port);
    if (this.tcp.has(key)) return null;
    const name = withoutMark(address);
    try {
      this.tcp.set(key, listenTcp(this.gate, name, port, this.gate.server.config.tcpBacklog));
      return null;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      const reason = `${code === "" ? "" : "bind: "}${strerror(error)}`;
      const line = `Warning: Could not create server TCP listening socket ${name}:${port}: ${reason}`;
      return { line, code };
    }
  }

  private reopen(keys: readonly string[]): void {
    for (const key of keys) {
      const colon = key.lastIndexOf(":");
      this.openTcp(key.slice(0, colon), Number(key.slice(colon + 1)));
    }
  }

  private closeTcp(keys: readonly string[]): void {
    for (const key of keys) {
      this.tcp.get(key)?.stop();
      this.tcp.delete(key);
    }
  }

  /** Stops accepting; open connections live on. The unix socket's file goes away. */
  close(): void {
    this.closeTcp([...this.tcp.keys()]);
    this.unix?.stop();
    this.unix = null;
  }

  /** What is listened on, in Redis's words and order. */
  get kinds(): readonly string[] {
    const kinds: string[] = [];
    if (this.tcp.size > 0) kinds.push("tcp");
    if (this.unix !== null) kinds.push("unix");
    return kinds;
  }

  /** The TCP port, 0 for none. */
  get port(): number {
    for (const listener of this.tcp.values()) return listener.port;
    return 0;
  }
}

function withoutMark(address: string): string {
  return address.startsWith("-") ? address.slice(1) : address;
}

/** The mark "-" makes no difference to what is listened on. */
function keyOf(address: string, port: number): string {
  return `${withoutMark(address)}:${port}`;
}
