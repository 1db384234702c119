/**
 * CLIENT PAUSE: for a time, clients' commands (all, or only those that may write) are held back. Their connections keep
 * the commands and go on when the pause ends.
 */

import type { Client } from "./client";

export type PauseMode = "off" | "write" | "all";

export class Pause {
  mode: PauseMode = "off";
  /** When it ends, in ms since the epoch. */
  until = 0;
  private readonly waiting = new Set<Client>();

  /** Starts or extends: the later end and the stricter mode win, as in Redis. */
  start(mode: "write" | "all", until: number): void {
    if (this.mode !== "all") this.mode = mode;
    this.until = Math.max(this.until, until);
  }

  /** Whether a command has to wait. */
  holds(mayWrite: boolean): boolean {
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
    this.mode = "off";
    this.until = 0;
    const clients = [...this.waiting];
    this.waiting.clear();
    for (const client of clients) {
      client.paused = false;
      client.transport.resume();
    }
  }
}
