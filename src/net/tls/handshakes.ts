/**
 * TLS connections whose handshake is not over. They count as clients already, so that one which never ends must not keep
 * its place: it is ended after HANDSHAKE_SECONDS, or after `timeout` if that is shorter.
 */

import type { ServerContext } from "../../command/server-context";
import type { Connection } from "../connection";

const HANDSHAKE_SECONDS = 60;

interface Handshake {
  /** Of the monotonic clock, µs. */
  readonly began: number;
  /** As they were then: of a connection that broke, the system tells no more. */
  readonly address: string;
  readonly localAddress: string;
}

export class Handshakes {
  /** The oldest first. */
  private readonly open = new Map<Connection, Handshake>();

  constructor(private readonly server: ServerContext) {}

  begin(connection: Connection): void {
    const { address, localAddress } = connection;
    this.open.set(connection, { began: this.server.clock.monotonic(), address, localAddress });
  }

  /** The handshake is over, or its connection is. */
  end(connection: Connection): void {
    this.open.delete(connection);
  }

  /** Ends a connection, and logs why it was not accepted. */
  failed(connection: Connection, reason: string): void {
    const handshake = this.open.get(connection);
    if (handshake === undefined) return;
    this.open.delete(connection);
    this.server.log.warning(
      `Error accepting a client connection: ${reason} (addr=${handshake.address} laddr=${handshake.localAddress})`,
    );
    connection.close();
  }

  /** Ends those that take too long. Call it once a second. */
  check(): void {
    if (this.open.size === 0) return;
    const oldest = this.server.clock.monotonic() - HANDSHAKE_SECONDS * 1_000_000;
    for (const [connection, { began }] of this.open) {
      if (began > oldest) break;
      this.failed(connection, "the TLS handshake takes too long");
    }
  }
}
