/**
 * The limits of memory: what happens before a command while `maxmemory` or `maxmemory-clients` is set. First clients that
 * take too much are sent away, then keys are evicted, and if there still is too little memory, a command that may need
 * some is refused.
 *
 * While neither is set (`armed` is false) a command pays for one comparison.
 */

import type { ServerContext } from "../../command/server-context";
import { EVICTION_FAILED, EVICTION_OK, type EvictionHost, Evictor, evictionMicros } from "../../db/eviction";
import { OOM } from "../../resp/errors";
import type { Client } from "../../session/client";
import { describeClient } from "../../session/client-info";

/** Instead of an error: the client was sent away itself, and gets no reply. */
export const GONE = "";

/** Garbage is collected from this many bytes on, and from this share of maxmemory. */
const GARBAGE_MIN = 4 * 1024 * 1024;
const GARBAGE_SHARE = 0.02;

/** Clients may always take this much together. */
const CLIENTS_MIN = 128 * 1024;

/** What a client may send in MULTI however little memory there is. */
const LEAVES_MULTI = new Set(["exec", "discard", "quit", "reset"]);

export class MemoryLimits implements EvictionHost {
  /** Whether there is a limit at all. */
  armed = false;
  /** Whether there was too little memory when the command that is being run began. */
  isOutOfMemory = false;
  /** Clients sent away since the start (or CONFIG RESETSTAT). */
  evictedClients = 0;
  readonly evictor: Evictor;
  private maxmemory = 0;
  private clientsDue: NodeJS.Immediate | null = null;

  constructor(private readonly server: ServerContext) {
    this.evictor = new Evictor(server.keyspace, this);
    server.clients.memory.onExceeded = () => this.evictClientsLater();
  }

  /** Takes over the directives: at the start, and when one of them has changed. */
  configure(): void {
    const { config, clients } = this.server;
    const { evictor } = this;
    evictor.samples = config.maxmemorySamples;
    evictor.limitMicros = evictionMicros(config.maxmemoryEvictionTenacity);
    this.maxmemory = config.maxmemory;
    const limit = this.clientLimit();
    this.armed = this.maxmemory > 0 || limit < Number.POSITIVE_INFINITY;
    if (!this.armed) this.isOutOfMemory = false;
    clients.memory.counting = this.armed;
    clients.memory.setLimit(limit, clients.all());
  }

  /** CONFIG SET maxmemory: a limit below what is in use takes effect without a command. */
  enforceMaxmemory(): void {
    const used = this.server.metrics.usedBytes;
    if (this.maxmemory === 0 || this.excess() <= 0) return;
    this.server.log.warning(
      `WARNING: the new maxmemory value set via CONFIG SET (${this.maxmemory}) is smaller than the current memory usage ` +
        `(${used}). This will result in key eviction and/or the inability to accept new write commands depending on the ` +
        "maxmemory-policy.",
    );
    this.evictor.goOnLater();
  }

  /** Bytes that all clients may take together; a share of maxmemory where that is given in percent. */
  private clientLimit(): number {
    const { maxmemoryClients, maxmemory } = this.server.config;
    if (maxmemoryClients === 0 || (maxmemoryClients < 0 && maxmemory === 0)) return Number.POSITIVE_INFINITY;
    const bytes = maxmemoryClients > 0 ? maxmemoryClients : Math.floor((maxmemory * -maxmemoryClients) / 100);
    return Math.max(bytes, CLIENTS_MIN);
  }

  // --- before a command --------------------------------------------------------------------------------------------

  /**
   * Makes room. Returns null if the client's command may run, an error text if it may not, or GONE. `takesMemory`:
   * the command, named `name`, may need more of it, or EXEC would run one that may.
   */
  admit(client: Client, name: string, takesMemory: boolean): string | null {
    if (this.server.clients.memory.isExceeded) {
      this.evictClients();
      if (client.closing) return GONE;
    }
    if (this.maxmemory === 0) return null;
    this.isOutOfMemory = this.evictor.run() === EVICTION_FAILED;
    if (!this.isOutOfMemory) return null;
    // What is queued takes memory, too.
    const refused = takesMemory || (client.transaction !== null && !LEAVES_MULTI.has(name));
    return refused ? OOM : null;
  }

  // --- keys --------------------------------------------------------------------------------------------------------

  excess(): number {
    if (this.maxmemory === 0) return 0;
    const { metrics } = this.server;
    return metrics.usedBytes - metrics.uncountedBytes - this.maxmemory;
  }

  get timesEvents(): boolean {
    return this.server.latencyMonitor.threshold > 0;
  }

  timed(event: string, micros: number): void {
    this.server.latencyMonitor.add(event, micros, this.server.clock.now());
  }

  /** Evicts keys outside of any command. Returns whether there is memory enough now. */
  makeRoom(): boolean {
    return this.maxmemory === 0 || this.evictor.run() === EVICTION_OK;
  }

  // --- clients -----------------------------------------------------------------------------------------------------

  private evictClientsLater(): void {
    this.clientsDue ??= setImmediate(() => {
      this.clientsDue = null;
      this.evictClients();
    });
  }

  /** Sends the largest clients away until all together take less than they may. */
  private evictClients(): void {
    const { clients, log } = this.server;
    while (clients.memory.isExceeded) {
      const client = clients.memory.largest();
      if (client === null) {
        log.warning("Over client maxmemory after evicting all evictable clients");
        return;
      }
      log.notice(`Evicting client: ${describeClient(this.server, client)}`);
      this.evictedClients++;
      client.transport.close();
      clients.memory.forget(client);
    }
  }

  // --- garbage -----------------------------------------------------------------------------------------------------

  /**
   * Called by cron. The buffers in which requests arrive are JavaScript's garbage, and it and what its allocator keeps pile
   * up to a hundred megabytes in a busy process: who sets a limit wants the memory of the process to follow it. This asks
   * for a collection, which takes less than a tenth of a millisecond. (`Bun.shrink` would give back a few megabytes more,
   * but throws away all compiled code: a server with a limit then took eight to fifteen times as long for a command.)
   */
  collectGarbage(): void {
    if (this.maxmemory === 0) return;
    const { metrics, keyspace } = this.server;
    const { committedBytes, dirtyBytes } = keyspace.heap;
    const beyondData = metrics.residentBytes - metrics.residentAtStart - committedBytes - dirtyBytes;
    if (beyondData < Math.max(GARBAGE_MIN, this.maxmemory * GARBAGE_SHARE)) return;
    Bun.gc(false);
  }

  // --- end ---------------------------------------------------------------------------------------------------------

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.evictedClients = 0;
    this.evictor.resetStats();
  }

  /** Cancels what is due. */
  stop(): void {
    this.evictor.stop();
    if (this.clientsDue !== null) clearImmediate(this.clientsDue);
    this.clientsDue = null;
  }
}
