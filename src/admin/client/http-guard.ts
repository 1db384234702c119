/**
 * Ends connections on which somebody speaks HTTP: a web page that makes its visitor's browser send a request to this
 * port would otherwise have the lines of its body run as commands ("cross protocol scripting").
 */

import type { Client } from "../../session/client";
import type { Clock } from "../../util/clock";
import type { Logger } from "../process/logger";

/** One warning in this time, however many connections come. */
const WARNING_PERIOD_MS = 60_000;

export class HttpGuard {
  private lastWarning = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
  ) {}

  refuse(client: Client): void {
    client.closing = true;
    const now = this.clock.now();
    if (Math.abs(now - this.lastWarning) <= WARNING_PERIOD_MS) return;
    this.lastWarning = now;
    this.log.warning(
      "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is " +
        "likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. " +
        `Connection from ${client.transport.address} aborted.`,
    );
  }
}
