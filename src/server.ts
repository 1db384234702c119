/**
 * The composition root: puts the parts together, starts and stops them in order, and runs cron.
 */

import { randomBytes } from "node:crypto";
import { adminCommands } from "./admin/admin.commands";
import type { Config } from "./admin/config";
import { installConfigEffects } from "./admin/config-effects";
import type { Logger } from "./admin/logger";
import { ServerStats } from "./admin/server-stats";
import { CommandTable } from "./command/command-table";
import { Dispatcher } from "./command/dispatcher";
import type { ServerContext, ShutdownOptions } from "./command/server-context";
import { Background } from "./db/background";
import { Compaction } from "./db/compaction";
import { ExpireCycle } from "./db/expire-cycle";
import { Keyspace } from "./db/keyspace";
import { Heap } from "./memory/heap";
import { Gate } from "./net/gate";
import { type Listener, listenTcp, listenUnix } from "./net/listener";
import { ReplyWriter } from "./resp/reply-writer";
import { Authentication } from "./session/authentication";
import { type Client, ClientRegistry } from "./session/client";
import { Pause } from "./session/pause";
import { keyCommands } from "./types/key.commands";
import { stringCommands } from "./types/string.commands";
import type { Clock } from "./util/clock";
import type { Random } from "./util/random";

export interface ServerParts {
  config: Config;
  log: Logger;
  clock: Clock;
  random: Random;
  executable: string;
  configFile: string;
}

export class Server implements ServerContext {
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
  readonly pause: Pause;
  readonly authentication = new Authentication();
  readonly stats = new ServerStats();
  readonly expireCycle: ExpireCycle;
  readonly dispatcher: Dispatcher;
  readonly gate: Gate;
  private readonly compaction: Compaction;
  private readonly background: Background;
  private listeners: Listener[] = [];
  private cronTimer: Timer | null = null;
  private cronLoops = 0;

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
    this.pause = new Pause(this.keyspace);
    this.expireCycle = new ExpireCycle(this.keyspace);
    this.compaction = new Compaction(this.keyspace, this.keyspace.heap);
    this.background = new Background(this.keyspace, this.expireCycle, this.compaction);
    this.commands = new CommandTable([...adminCommands, keyCommands, stringCommands]);
    const reply = new ReplyWriter();
    this.dispatcher = new Dispatcher(this, reply);
    this.gate = new Gate(this, reply);
    installConfigEffects(this);
  }

  // --- start and stop ----------------------------------------------------------------------------------------------

  /** Starts listening and cron. Throws what the first address that cannot be listened on says. */
  start(): void {
    if (this.config.port !== 0) {
      for (const address of this.config.bind) this.listenOn(address);
    }
    if (this.config.unixsocket !== "") this.listeners.push(listenUnix(this.gate, this.config.unixsocket));
    this.scheduleCron();
  }

  private listenOn(address: string): void {
    const optional = address.startsWith("-");
    const hostname = optional ? address.slice(1) : address;
    try {
      this.listeners.push(listenTcp(this.gate, hostname === "*" ? "0.0.0.0" : hostname, this.config.port));
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
    if (this.cronTimer !== null) clearTimeout(this.cronTimer);
    this.background.stop();
    for (const client of [...this.clients.all()]) client.transport.close();
  }

  shutdown(_options: ShutdownOptions): string | null {
    this.stop();
    process.exit(0);
  }

  refuseHttp(client: Client): void {
    client.closing = true;
  }

  // --- cron --------------------------------------------------------------------------------------------------------

  /** hz may change at run time, so every run schedules the next. */
  private scheduleCron(): void {
    this.cronTimer = setTimeout(() => {
      this.cron();
      this.scheduleCron();
    }, 1000 / this.config.hz);
  }

  private cron(): void {
    const now = this.clock.now();
    this.keyspace.access.update(now);
    this.pause.check(now);
    if (this.everySecond()) {
      this.compaction.consider();
      for (const client of this.clients.all()) client.transport.checkOutput();
    }
    this.background.wake();
  }

  private everySecond(): boolean {
    return this.cronLoops++ % this.config.hz === 0;
  }
}
