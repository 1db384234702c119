/**
 * All listeners of a server, as `bind`, `port`, `tls-port`, `unixsocket` and `metrics-port` ask for, and moving them while
 * the server runs.
 */

import { chmodSync } from "node:fs";
import { strerror } from "../util/strerror";
import { decodeUtf8 } from "../util/utf8";
import type { Gate } from "./gate";
import { type Listener, listenTcp, listenTls, listenUnix, type TlsListener } from "./listener";
import { listenMetrics } from "./metrics-listener";
import { PortListeners } from "./port-listeners";
import { TlsContext } from "./tls/tls-context";
import type { TlsServerSettings } from "./tls/tls-settings";

/** The server cannot listen as configured. The message is Redis's log line. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export class Listeners {
  readonly tlsContext: TlsContext;
  private readonly tcp: PortListeners<Listener>;
  private readonly tls: PortListeners<TlsListener>;
  private readonly metrics: PortListeners<Listener>;
  private unix: Listener | null = null;

  constructor(private readonly gate: Gate) {
    const { config, log } = gate.server;
    this.tlsContext = new TlsContext(config, log);
    this.tcp = new PortListeners(gate.server, (address, port) => listenTcp(gate, address, port));
    this.tls = new PortListeners(gate.server, (address, port) =>
      listenTls(gate, address, port, this.tlsContext.settings as TlsServerSettings),
    );
    this.metrics = new PortListeners(gate.server, (address, port) => listenMetrics(gate, address, port));
  }

  /** Listens everywhere. Throws a ListenError, with nothing left open. */
  open(): void {
    const { config } = this.gate.server;
    if (this.tlsContext.needed && this.tlsContext.settings === null && !this.tlsContext.configure()) {
      throw new ListenError("Failed to configure TLS. Check logs for more info.");
    }
    this.openPort(this.tcp, config.port, "tcp");
    if (config.unixsocket !== "") this.openUnix(config.unixsocket);
    this.openPort(this.tls, config.tlsPort, "tls");
    this.openPort(this.metrics, config.metricsPort, "metrics");
    if (this.kinds.length === 0) throw new ListenError("Configured to not listen anywhere, exiting.");
  }

  private openPort(listeners: PortListeners<Listener>, port: number, kind: string): void {
    if (listeners.open(port)) return;
    this.close();
    throw new ListenError(`Failed listening on port ${port} (${kind}), aborting.`);
  }

  private openUnix(shown: string): void {
    const { config } = this.gate.server;
    const path = decodeUtf8(shown);
    try {
      this.unix = listenUnix(this.gate, path);
      if (config.unixsocketperm !== 0) chmodSync(path, config.unixsocketperm);
    } catch (error) {
      this.close();
      throw new ListenError(`Failed opening Unix socket: bind: ${strerror(error)}`);
    }
  }

  /** Follows `port` after a CONFIG SET. Returns an error text when that is not possible. */
  movePort(): string | null {
    return this.tcp.rebind(this.gate.server.config.port) ? null : CANNOT_LISTEN;
  }

  /** Follows `tls-port`. */
  moveTlsPort(): string | null {
    const { tlsPort } = this.gate.server.config;
    if (tlsPort !== 0 && this.tlsContext.settings === null && !this.tlsContext.configure()) return CANNOT_CONFIGURE;
    return this.tls.rebind(tlsPort) ? null : CANNOT_LISTEN;
  }

  /** Follows `metrics-port`. */
  moveMetricsPort(): string | null {
    return this.metrics.rebind(this.gate.server.config.metricsPort) ? null : CANNOT_LISTEN;
  }

  /** Follows `bind`. */
  moveAddress(): string | null {
    const { port, tlsPort, metricsPort } = this.gate.server.config;
    const moved = this.tcp.rebind(port) && this.tls.rebind(tlsPort) && this.metrics.rebind(metricsPort);
    return moved ? null : "Failed to bind to specified addresses.";
  }

  /** Follows the TLS directives: reads the files again, for connections to come. */
  configureTls(): string | null {
    const { tlsContext } = this;
    if (!tlsContext.needed) return null;
    if (!tlsContext.configure()) return CANNOT_CONFIGURE;
    try {
      for (const listener of this.tls.all) listener.replaceSettings(tlsContext.settings as TlsServerSettings);
      return null;
    } catch (error) {
      // Something that could not be tried alone. CONFIG SET puts the old values back and calls this again.
      this.gate.server.log.warning(`Failed to configure TLS: ${strerror(error)}`);
      return CANNOT_CONFIGURE;
    }
  }

  /** Stops accepting; open connections live on. The unix socket's file goes away. */
  close(): void {
    this.tcp.close();
    this.tls.close();
    this.metrics.close();
    this.unix?.stop();
    this.unix = null;
  }

  /** What is listened on, in Redis's words and order. */
  get kinds(): readonly string[] {
    const kinds: string[] = [];
    if (this.tcp.port !== 0) kinds.push("tcp");
    if (this.unix !== null) kinds.push("unix");
    if (this.tls.port !== 0) kinds.push("tls");
    return kinds;
  }

  /** The port without TLS, 0 for none. */
  get port(): number {
    return this.tcp.port;
  }

  /** The port with TLS, 0 for none. */
  get tlsPort(): number {
    return this.tls.port;
  }
}

const CANNOT_LISTEN = "Unable to listen on this port. Check server logs.";
const CANNOT_CONFIGURE = "Unable to update TLS configuration. Check server logs.";
