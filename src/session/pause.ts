/**
 * CLIENT PAUSE: for a time, clients' commands (all, or only those that may write) are held back. Their connections keep
 * the commands and go on when the pause ends.
 *
 * The data set must not change by itself meanwhile: keys whose time comes are hidden, and deleted only afterwards.
 */

import type { Keyspace } from "../db/keyspace";
import type { Client } from "./client";

export type PauseMode = "off" | "write" | "all";

export class Pause {
  mode: PauseMode = "off";
  /** When it ends, in ms since the epoch. */
  until = 0;
  /** Called when it has ended. */
  onEnd: () => void = () => {};
  private readonly waiting = new Set<Client>();

  constructor(private readonly keyspace: Keyspace) {}

  /** Starts or extends: the later end and the stricter mode win, as in Redis. */
  start(mode: "write" | "all", until: number): void {
    if (this.mode !== "all") this.mode = mode;
    this.until = Math.max(this.until, until);
    this.keyspace.expiry = "hide";
  }

  /** Whether a command has to wait at this time (ms since the epoch). */
  holds(mayWrite: boolean, nowMs: number): boolean {
    this.check(nowMs);
    return this.mode === "all" || (this.mode === "write" && mayWrite);
  }

  /** Lets a client wait for the end. */
  wait(client: Client): void {
    client.paused = true;
    this.waiting.add(client);
  }

  forget(client: Client): void {
    this.waiting.delete(client);
  }

  get waitingClients(): number {
    return this.waiting.size;
  }

  /** Ends the pause if its time has come. */
  check(nowMs: number): void {
    if (this.mode !== "off" && nowMs >= this.until) this.end();
  }

  /** Ends the pause: everybody who waits goes on. */
  end(): void {
    if (this.mode === "off") return;
    this.mode = "off";
    this.until = 0;
    this.keyspace.expiry = "delete";
    const clients = [...this.waiting];
    this.waiting.clear();
    for (const client of clients) {
      client.paused = false;
      client.transport.resume();
    }
    this.onEnd();
  }
}
