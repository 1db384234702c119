/**
 * An orderly shutdown, asked for by a signal, by SHUTDOWN or by the program that the server is embedded in.
 *
 *   request()  stops accepting
 *   …          the commands that have arrived are run, and the replies that wait are sent (SHUTDOWN NOW: skipped)
 *   finish()   saves the data, ends the connections and lets the process leave
 *
 * Between the two the server works as before, for as long as a peer that does not read its replies is waited for;
 * SHUTDOWN ABORT goes back from there.
 */

import type { ShutdownOptions } from "../../command/server-context";
import * as errors from "../../resp/errors";
import type { Client, ClientRegistry } from "../../session/client";
import type { Config } from "../config/config";
import type { Logger } from "./logger";

/** How long unread replies are waited for at most: a client that has stopped reading must not hold the server up. */
const DRAIN_LIMIT_MS = 1000;
const DRAIN_POLL_MS = 5;

/** What the process around the server does; nothing when the server is embedded in a program. */
export interface ProcessHooks {
  /** A shutdown begins. */
  stopping(): void;
  /** Removes what the process leaves behind (the pid file), before the last log lines. */
  cleanUp(): void;
  /** Ends the process. */
  exit(): void;
  /** Ends it with an error. */
  fail(): void;
  /** Writes a crash report. */
  crash(reason: string): void;
}

/** The server, as far as a shutdown is concerned with it. */
export interface Stoppable {
  readonly config: Config;
  readonly log: Logger;
  readonly clients: ClientRegistry;
  /** DEBUG PAUSE-CRON: a shutdown that a signal asks for waits, as cron begins it in Redis. */
  readonly cronIsPaused: boolean;
  /** Stops accepting connections, and starts again. */
  stopAccepting(): void;
  resumeAccepting(): void;
  /** Ends what is written in the background, and completes the append-only file. False: the server must not end now. */
  finishFiles(force: boolean): boolean;
  /** Saves the data, if it is to be saved. False if that failed. */
  saveBeforeExit(save: ShutdownOptions["save"]): boolean;
  /** Ends connections and timers. */
  stop(): void;
}

export class Shutdown {
  /** A shutdown is in progress. */
  active = false;
  private options: ShutdownOptions | null = null;
  /** The client that sent SHUTDOWN: it gets no reply, and none of what it sent behind it is run. */
  private caller: Client | null = null;
  private cancelTimer: () => void = () => {};
  private deadline = 0;

  constructor(
    private readonly server: Stoppable,
    private readonly hooks: ProcessHooks | null,
  ) {}

  /** Begins. Returns an error reply's text when the shutdown cannot be done as asked for. */
  request(options: ShutdownOptions, caller: Client | null = null): string | null {
    if (this.active) return errors.SHUTDOWN_FAILED;
    const { log } = this.server;
    log.notice("User requested shutdown...");
    this.hooks?.stopping();
    this.active = true;
    this.options = options;
    this.caller = caller;
    if (caller !== null) caller.blocked = true;
    this.server.stopAccepting();
    this.deadline = performance.now() + DRAIN_LIMIT_MS;
    // Twice: sockets that are readable now are read before the first, and what their commands wrote is sent.
    this.soon(() => this.soon(() => this.proceed()));
    return null;
  }

  /** Saves what is to be saved. False if that failed, and the server must not end for it. */
  private save(): boolean {
    const { save, force } = this.options as ShutdownOptions;
    const { log } = this.server;
    if (!this.server.finishFiles(force)) return false;
    if (this.server.saveBeforeExit(save)) return true;
    log.warning(force ? "Error trying to save the DB. Exit anyway." : "Error trying to save the DB, can't exit.");
    return force;
  }

  /** Goes back to normal work. Returns an error reply's text when there is nothing to abort. */
  abort(): string | null {
    if (!this.active) return errors.NO_SHUTDOWN;
    this.cancelTimer();
    this.server.log.notice("Shutdown manually aborted.");
    this.goBack();
    return null;
  }

  private goBack(): void {
    this.active = false;
    this.server.resumeAccepting();
    this.release(this.caller);
  }

  private release(caller: Client | null): void {
    this.caller = null;
    if (caller === null) return;
    caller.blocked = false;
    caller.transport.push(Buffer.from(`-${errors.SHUTDOWN_FAILED}\r\n`, "latin1"));
    caller.transport.resume();
  }

  private proceed(): void {
    if (this.mustWait()) this.later();
    else this.finish();
  }

  private mustWait(): boolean {
    if (this.caller === null && this.server.cronIsPaused) return true;
    return this.options?.now !== true && this.repliesWait() && performance.now() < this.deadline;
  }

  /** After what is ready in this turn of the event loop. */
  private soon(step: () => void): void {
    const immediate = setImmediate(step);
    this.cancelTimer = () => clearImmediate(immediate);
  }

  private later(): void {
    const timer = setTimeout(() => this.proceed(), DRAIN_POLL_MS);
    this.cancelTimer = () => clearTimeout(timer);
  }

  private repliesWait(): boolean {
    if (this.server.config.shutdownTimeout === 0) return false;
    for (const client of this.server.clients.all()) {
      if (client.transport.outputBytes > 0) return true;
    }
    return false;
  }

  private finish(): void {
    const { config, log } = this.server;
    if (!this.save()) {
      log.warning("Errors trying to shut down the server. Check the logs for more information.");
      this.goBack();
      return;
    }
    this.hooks?.cleanUp();
    if (config.unixsocket !== "") log.notice("Removing the unix socket file.");
    this.server.stop();
    log.warning("Redis is now ready to exit, bye bye...");
    this.hooks?.exit();
  }
}
