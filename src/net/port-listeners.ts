/**
 * The listeners of one port, on each address of `bind`.
 *
 * An address with "-" before it may be missing on this machine; a protocol that the system lacks is passed over for any
 * address. Everything else that fails is an error: at the start it ends the server, in CONFIG SET it is refused and the
 * server listens where it did before.
 */

import type { ServerContext } from "../command/server-context";
import { strerror } from "../util/strerror";
import type { Listener } from "./listener";

/** Nothing is wrong with the address: the machine just does not have the protocol. */
const NO_PROTOCOL = ["ENOPROTOOPT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "EPFNOSUPPORT", "EAFNOSUPPORT"];

interface Failure {
  readonly line: string;
  readonly code: string;
}

export class PortListeners<Kind extends Listener> {
  /** By "address:port", as configured. */
  private readonly byKey = new Map<string, Kind>();

  constructor(
    private readonly server: ServerContext,
    private readonly listen: (address: string, port: number) => Kind,
  ) {}

  /** Listens on every address; 0 is no port. Returns false, with log lines, when that is not possible. */
  open(port: number): boolean {
    return this.openMissing(port, true) === null;
  }

  /**
   * Follows `bind` and the port after a CONFIG SET. New addresses are opened before old ones are closed, so that nobody is
   * turned away; where the new ones need the old ones' place (from 127.0.0.1 to *, say), the old ones go first, and come
   * back when that fails too. Returns false then.
   */
  rebind(port: number): boolean {
    const { bind } = this.server.config;
    const wanted = new Set(port === 0 ? [] : bind.map((address) => keyOf(address, port)));
    const before = new Map(this.byKey);
    const leaving = [...before.keys()].filter((key) => !wanted.has(key));
    let failure = this.openMissing(port, false);
    if (failure?.code === "EADDRINUSE" && leaving.length > 0) {
      this.closeKeys(leaving);
      failure = this.openMissing(port, false);
    }
    if (failure !== null) {
      this.server.log.warning(failure.line);
      this.closeKeys([...this.byKey.keys()].filter((key) => !before.has(key)));
      this.reopen(leaving.filter((key) => !this.byKey.has(key)));
      return false;
    }
    this.closeKeys(leaving);
    return true;
  }

  /** Opens what is configured and not open yet, in order, until the first that fails. */
  private openMissing(port: number, logs: boolean): Failure | null {
    if (port === 0) return null;
    for (const address of this.server.config.bind) {
      const failure = this.openOne(address, port);
      if (failure === null) continue;
      if (logs) this.server.log.warning(failure.line);
      const optional = address.startsWith("-") && failure.code === "EADDRNOTAVAIL";
      if (!optional && !NO_PROTOCOL.includes(failure.code)) return failure;
    }
    return null;
  }

  private openOne(address: string, port: number): Failure | null {
    const key = keyOf(address, port);
    if (this.byKey.has(key)) return null;
    const name = withoutMark(address);
    try {
      this.byKey.set(key, this.listen(name, port));
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
      this.openOne(key.slice(0, colon), Number(key.slice(colon + 1)));
    }
  }

  private closeKeys(keys: readonly string[]): void {
    for (const key of keys) {
      this.byKey.get(key)?.stop();
      this.byKey.delete(key);
    }
  }

  /** Stops accepting; open connections live on. */
  close(): void {
    this.closeKeys([...this.byKey.keys()]);
  }

  get all(): Iterable<Kind> {
    return this.byKey.values();
  }

  /** The port that is listened on, 0 for none. */
  get port(): number {
    for (const listener of this.byKey.values()) return listener.port;
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
