/**
 * The composition root: puts the parts together, starts and stops them in order, and runs cron.
 */

import { randomBytes } from "node:crypto";
import type { Config } from "./admin/config";
import { connectionCommands } from "./admin/connection.commands";
import type { Logger } from "./admin/logger";
import { ServerStats } from "./admin/server-stats";
import { CommandTable } from "./command/command-table";
import { Dispatcher } from "./command/dispatcher";
import type { ServerContext, ShutdownOptions } from "./command/server-context";
import { Compaction } from "./db/compaction";
import { ExpireCycle } from "./db/expire-cycle";
import { Keyspace } from "./db/keyspace";
import { Heap } from "./memory/heap";
import type { Connection } from "./net/connection";
import { type Gate, type Listener, listenTcp, listenUnix } from "./net/listener";
import * as errors from "./resp/errors";
import { ReplyWriter } from "./resp/reply-writer";
import { RequestParser } from "./resp/request-parser";
import { Client, ClientRegistry } from "./session/client";
import { Pause } from "./session/pause";
import { stringCommands } from "./types/string.commands";
import type { Clock } from "./util/clock";
import type { Random } from "./util/random";

/** Work of cron in one slice, µs: what a request may have to wait for it at most. */
const SLICE_MICROS = 1000;
/** Pause between slices while there is more to do, ms: so background work takes a quarter of the time. */
const SLICE_PAUSE_MS = 3;
/** Memory given back to the system in one slice, bytes. */
const PURGE_BYTES = 4 * 1024 * 1024;

export interface ServerParts {
  config: Config;
  log: Logger;
  clock: Clock;
  random: Random;
  executable: string;
  configFile: string;
}

export class Server implements ServerContext, Gate {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly executable: string;
  readonly configFile: string;
  readonly runId = randomBytes(20).toString("hex");
  readonly keyspace: Keyspace;
  readonly clients = new ClientRegistry();
  readonly commands: CommandTable;
  readonly pause = new Pause();
  readonly stats = new ServerStats();
  readonly expireCycle: ExpireCycle;
  private readonly compaction: Compaction;
  readonly reply = new ReplyWriter();
  readonly parser: RequestParser;
  readonly dispatcher: Dispatcher;
  serving: Client | null = null;
  private listeners: Listener[] = [];
  private cronLoops = 0;
  private cronTimer: Timer | null = null;
  private sliceTimer: Timer | null = null;

  constructor(parts: ServerParts) {
    this.config = parts.config;
    this.log = parts.log;
    this.clock = parts.clock;
    this.random = parts.random;
    this.executable = parts.executable;
    this.configFile = parts.configFile;
    this.keyspace = new Keyspace({
      heap: new Heap(),
      databases: this.config.databases,
      clock: this.clock,
      random: this.random,
    });
    this.keyspace.access.update(this.clock.now());
    this.expireCycle = new ExpireCycle(this.keyspace);
    this.compaction = new Compaction(this.keyspace, this.keyspace.heap);
    this.commands = new CommandTable([connectionCommands, stringCommands]);
    this.parser = new RequestParser({ maxBulk: this.config.protoMaxBulkLen, authenticated: true });
    this.dispatcher = new Dispatcher(this, this.reply);
  }

  // --- start and stop ----------------------------------------------------------------------------------------------

  /** Starts listening and cron. Throws what the first address that cannot be listened on says. */
  start(): void {
    if (this.config.port !== 0) {
      for (const address of this.config.bind) this.listenOn(address);
    }
    if (this.config.unixsocket !== "") this.listeners.push(listenUnix(this, this.config.unixsocket));
    this.cronTimer = setInterval(() => this.cron(), 1000 / this.config.hz);
  }

  private listenOn(address: string): void {
    const optional = address.startsWith("-");
    const hostname = optional ? address.slice(1) : address;
    try {
      this.listeners.push(listenTcp(this, hostname === "*" ? "0.0.0.0" : hostname, this.config.port));
    } catch (error) {
      if (!optional) throw error;
    }
  }

  get port(): number {
    return this.listeners.find((listener) => listener.port !== 0)?.port ?? 0;
  }

  /** Stops accepting, ends connections and timers. */
  stop(): void {
    for (const listener of this.listeners) listener.stop();
    this.listeners = [];
    if (this.cronTimer !== null) clearInterval(this.cronTimer);
    if (this.sliceTimer !== null) clearTimeout(this.sliceTimer);
    for (const client of [...this.clients.all()]) client.transport.close();
  }

  shutdown(_options: ShutdownOptions): string | null {
    this.stop();
    process.exit(0);
  }

  // --- cron --------------------------------------------------------------------------------------------------------

  private cron(): void {
    const now = this.clock.now();
    this.keyspace.access.update(now);
    this.pause.check(now);
    if (this.cronLoops++ % this.config.hz === 0) this.compaction.consider();
    if (this.sliceTimer === null) this.backgroundSlice();
  }

  /** Expiry, freeing and purging: a slice now, and more soon while there is more to do. */
  private backgroundSlice(): void {
    this.sliceTimer = null;
    const deadline = this.clock.monotonic() + SLICE_MICROS;
    let more = this.expireCycle.run(deadline);
    if (!this.keyspace.free.idle) more = !this.keyspace.free.run(deadline) || more;
    more = this.compaction.run(deadline) || more;
    if (this.keyspace.heap.dirtyBytes > 0 && this.keyspace.free.idle) {
      more = this.keyspace.heap.purge(PURGE_BYTES) > 0 || more;
    }
    if (more) this.sliceTimer = setTimeout(() => this.backgroundSlice(), SLICE_PAUSE_MS);
  }

  // --- connections -------------------------------------------------------------------------------------------------

  get queryBufferLimit(): number {
    return this.config.clientQueryBufferLimit;
  }

  get keepAlive(): number {
    return this.config.tcpKeepalive;
  }

  startBatch(): number {
    this.dispatcher.startBatch();
    return this.clock.monotonic();
  }

  refuse(_address: string): string | null {
    return this.clients.size >= this.config.maxclients ? errors.MAX_CLIENTS : null;
  }

  newClient(connection: Connection): Client {
    const client = new Client(
      this.clients.nextId(),
      connection,
      this.clock.monotonic(),
      this.config.requirepass === "",
    );
    this.clients.add(client);
    return client;
  }

  clientGone(client: Client): void {
    this.pause.forget(client);
    this.clients.remove(client);
  }

  protocolError(_client: Client, reason: string): void {
    this.reply.error(`ERR Protocol error: ${reason}`);
    this.stats.countError(this.reply.lastError);
  }

  queryBufferExceeded(connection: Connection): void {
    this.stats.clientQueryBufferLimitDisconnections++;
    connection.close();
  }

  outputGrew(_connection: Connection): void {}

  refuseHttp(client: Client): void {
    client.closing = true;
  }
}
