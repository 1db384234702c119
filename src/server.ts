/**
 * The composition root: puts the parts together, starts and stops them in order, and runs cron.
 */

import { Acl } from "./admin/acl/acl";
import { adminCommands } from "./admin/admin.commands";
import { HttpGuard } from "./admin/client/http-guard";
import { Monitors } from "./admin/client/monitors";
import type { Config, DirectiveName } from "./admin/config/config";
import { installConfigEffects } from "./admin/config/effects";
import { Metrics } from "./admin/info/metrics";
import { ServerStats } from "./admin/info/server-stats";
import { LatencyMonitor } from "./admin/latency/latency-monitor";
import { SlowLog } from "./admin/latency/slow-log";
import { ActiveDefrag } from "./admin/memory/active-defrag";
import { MemoryLimits } from "./admin/memory/memory-limits";
import { closeIdleClients, logFigures } from "./admin/process/housekeeping";
import type { Logger } from "./admin/process/logger";
import { type ProcessHooks, Shutdown } from "./admin/process/shutdown";
import { absentCommands } from "./command/absent-commands";
import type { CommandDefinition } from "./command/command-spec";
import { CommandTable } from "./command/command-table";
import { Dispatcher } from "./command/dispatcher";
import { Propagation } from "./command/propagation";
import { Replayer } from "./command/replayer";
import type { ServerContext, ShutdownOptions } from "./command/server-context";
import { Unblocker } from "./command/unblocker";
import { Background } from "./db/background";
import { Compaction } from "./db/compaction";
import { ExpireCycle } from "./db/expire-cycle";
import { Keyspace } from "./db/keyspace";
import { Heap } from "./memory/heap";
import { Gate } from "./net/gate";
import { Listeners } from "./net/listeners";
import { Aof } from "./persist/aof/aof";
import type { AofLoadResult } from "./persist/aof/aof-loader";
import { SyncWaits, waitaofCommands } from "./persist/aof/waitaof.commands";
import { Migrations, migrateCommands } from "./persist/migrate/migrate.commands";
import { MigrationLinks } from "./persist/migrate/migration-link";
import { persistCommands } from "./persist/persist.commands";
import { inSlices, type LoadResult, Persistence } from "./persist/persistence";
import { ReplyWriter } from "./resp/reply-writer";
import { Blocking } from "./session/blocking";
import { type Client, ClientRegistry } from "./session/client";
import { describeClient } from "./session/client-info";
import { Notifications } from "./session/notifications";
import { Pause } from "./session/pause";
import { PubSub } from "./session/pubsub";
import { pubsubCommands } from "./session/pubsub.commands";
import { Tracking } from "./session/tracking";
import { transactionCommands } from "./session/transaction.commands";
import { Watches } from "./session/watch";
import { bitmapCommands } from "./types/bitmap/bitmap.commands";
import { installTypes } from "./types/collection-types";
import { geoCommands } from "./types/geo/geo.commands";
import { hashCommands } from "./types/hash/hash.commands";
import { hyperLogLogCommands } from "./types/hyperloglog/hyperloglog.commands";
import { keyCommands } from "./types/key/key.commands";
import { listCommands } from "./types/list/list.commands";
import { setCommands } from "./types/set/set.commands";
import { sortCommands } from "./types/sort/sort.commands";
import { streamCommands } from "./types/stream/stream.commands";
import { stringCommands } from "./types/string/string.commands";
import { zsetCommands } from "./types/zset/zset.commands";
import type { Clock } from "./util/clock";
import { type Random, secureBytes } from "./util/random";
import { decodeUtf8 } from "./util/utf8";

/** Those that TLS settings are made of. */
const TLS_DIRECTIVES: readonly DirectiveName[] = [
  "tls-auth-clients",
  "tls-ca-cert-dir",
  "tls-ca-cert-file",
  "tls-cert-file",
  "tls-ciphers",
  "tls-ciphersuites",
  "tls-client-cert-file",
  "tls-client-key-file",
  "tls-client-key-file-pass",
  "tls-cluster",
  "tls-dh-params-file",
  "tls-key-file",
  "tls-key-file-pass",
  "tls-prefer-server-ciphers",
  "tls-protocols",
  "tls-replication",
  "tls-session-cache-size",
  "tls-session-cache-timeout",
  "tls-session-caching",
];

export interface ServerParts {
  config: Config;
  log: Logger;
  clock: Clock;
  random: Random;
  executable: string;
  configFile: string;
  /** Default: "no". */
  supervisedBy?: ServerContext["supervisedBy"];
  /** By default: createCommandTable(). */
  commands?: CommandTable;
  /** The process around the server; none when it is embedded in a program. */
  process?: ProcessHooks;
}

/** Every command, under its own name, and `more` families. */
export function createCommandTable(more: CommandDefinition[][] = []): CommandTable {
  const strings = [keyCommands, sortCommands, stringCommands, bitmapCommands, hyperLogLogCommands];
  const collections = [listCommands, hashCommands, setCommands, zsetCommands, geoCommands, streamCommands];
  const types = [...strings, ...collections];
  const others = [persistCommands, migrateCommands, waitaofCommands, pubsubCommands, transactionCommands];
  return new CommandTable([...adminCommands, ...others, ...types, ...more], absentCommands);
}

export class Server implements ServerContext {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly executable: string;
  readonly configFile: string;
  readonly supervisedBy: ServerContext["supervisedBy"];
  readonly runId = secureBytes(20).toHex();
  readonly replicationId = secureBytes(20).toHex();
  readonly keyspace: Keyspace;
  readonly clients = new ClientRegistry();
  readonly commands: CommandTable;
  readonly acl: Acl;
  readonly pause: Pause;
  readonly blocking: Blocking;
  readonly unblocker: Unblocker;
  readonly watches: Watches;
  readonly pubsub: PubSub;
  readonly notifications: Notifications;
  readonly tracking: Tracking;
  readonly monitors: Monitors;
  readonly stats = new ServerStats();
  readonly slowLog = new SlowLog();
  readonly latencyMonitor = new LatencyMonitor();
  readonly metrics: Metrics;
  readonly memoryLimits: MemoryLimits;
  readonly activeDefrag: ActiveDefrag;
  readonly expireCycle: ExpireCycle;
  readonly persistence: Persistence;
  readonly migrations = new Migrations(
    new MigrationLinks(() => (this.config.tlsCluster ? this.listeners.tlsContext.clientSettings : null)),
  );
  readonly propagation: Propagation;
  readonly aof: Aof;
  readonly syncWaits: SyncWaits;
  readonly dispatcher: Dispatcher;
  readonly gate: Gate;
  readonly listeners: Listeners;
  private readonly process: ProcessHooks | null;
  cronIsPaused = false;
  private readonly orderlyShutdown: Shutdown;
  private readonly httpGuard: HttpGuard;
  private readonly compaction: Compaction;
  private readonly background: Background;
  private cronTimer: Timer | null = null;
  private cronLoops = 0;

  constructor(parts: ServerParts) {
    this.config = parts.config;
    this.log = parts.log;
    this.clock = parts.clock;
    this.httpGuard = new HttpGuard(this.log, this.clock);
    this.random = parts.random;
    this.executable = parts.executable;
    this.configFile = parts.configFile;
    this.supervisedBy = parts.supervisedBy ?? "no";
    this.keyspace = new Keyspace({
      heap: new Heap(),
      databases: this.config.databases,
      clock: this.clock,
      random: this.random,
    });
    installTypes(this.keyspace);
    this.keyspace.access.update(this.clock.now());
    this.pause = new Pause(this.keyspace);
    this.blocking = new Blocking(this.keyspace);
    this.watches = new Watches(this.keyspace);
    this.pubsub = new PubSub(this.keyspace.hasher);
    this.notifications = new Notifications(this.keyspace, this.pubsub);
    this.monitors = new Monitors(this.clock);
    this.tracking = new Tracking(this.keyspace, (id) => this.clients.byId.get(id));
    this.expireCycle = new ExpireCycle(this.keyspace);
    this.expireCycle.onRun = (micros) => this.latencyMonitor.add("expire-cycle", micros, this.clock.now());
    this.compaction = new Compaction(this.keyspace, this.keyspace.heap);
    this.background = new Background(this.keyspace, this.expireCycle, this.compaction);
    this.persistence = new Persistence({
      keyspace: this.keyspace,
      config: this.config,
      log: this.log,
      clock: this.clock,
      folder: () => decodeUtf8(this.config.dir),
      usedMemory: () => this.metrics.usedBytes,
      commandsRun: () => this.stats.commandsProcessed,
    });
    this.commands = parts.commands ?? createCommandTable();
    this.memoryLimits = new MemoryLimits(this);
    this.acl = new Acl({
      commands: this.commands,
      config: this.config,
      clients: this.clients,
      log: this.log,
      clock: this.clock,
      describe: (client, argumentBytes) => describeClient(this, client, argumentBytes),
    });
    this.activeDefrag = new ActiveDefrag(this);
    const reply = new ReplyWriter();
    this.propagation = new Propagation(this);
    this.dispatcher = new Dispatcher(this, reply);
    this.unblocker = new Unblocker(this, this.dispatcher, reply);
    this.aof = this.createAof(parts.process?.fail);
    this.syncWaits = new SyncWaits(this);
    this.aof.out.onSynced = () => this.syncWaits.wake();
    this.gate = new Gate(this, reply);
    this.tracking.currentClient = () => this.dispatcher.currentClient;
    this.tracking.onPending = () => this.gate.flushSoon();
    this.listeners = new Listeners(this.gate);
    this.process = parts.process ?? null;
    this.orderlyShutdown = new Shutdown(this, this.process);
    this.followListenDirectives();
    this.metrics = new Metrics(this);
    this.stats.warn = (message) => this.log.warning(message);
    installConfigEffects(this);
  }

  /** @param fail how the process ends when what was acknowledged cannot be kept */
  private createAof(fail: (() => void) | undefined): Aof {
    const { config, log, clock, keyspace, persistence, propagation, dispatcher, latencyMonitor, stats } = this;
    return new Aof({
      config,
      log,
      clock,
      keyspace,
      persistence,
      propagation,
      latencyMonitor,
      get inTransaction() {
        return dispatcher.isNested;
      },
      newRunner: () => new Replayer(this),
      folder: () => decodeUtf8(config.dir),
      commandsRun: () => stats.commandsProcessed,
      fail: fail ?? (() => process.exit(1)),
    });
  }

  // --- start and stop ----------------------------------------------------------------------------------------------

  /** Starts listening and cron. Throws a ListenError where it cannot listen as configured. */
  start(): void {
    this.listeners.open();
    this.scheduleCron();
  }

  /** CONFIG SET port, tls-port and bind move the listeners; the directives of TLS are read again. */
  private followListenDirectives(): void {
    const { config, listeners } = this;
    const configureTls = (): string | null => listeners.configureTls();
    for (const name of TLS_DIRECTIVES) config.onChange(name, configureTls);
    config.onChange("port", () => listeners.movePort());
    config.onChange("tls-port", () => listeners.moveTlsPort());
    config.onChange("metrics-port", () => listeners.moveMetricsPort());
    config.onChange("bind", () => listeners.moveAddress());
  }

  /** Loads the RDB file of the last run, in slices; the server answers that it is loading until this resolves. */
  loadData(): Promise<LoadResult> {
    return this.persistence.loadInSlices();
  }

  /** Reads the manifest of the append-only file and, with `appendonly yes`, loads it, in slices as well. */
  loadAof(): Promise<AofLoadResult> {
    return inSlices(this.aof.loadSteps());
  }

  get port(): number {
    return this.listeners.port;
  }

  get tlsPort(): number {
    return this.listeners.tlsPort;
  }

  stopAccepting(): void {
    this.listeners.close();
  }

  /** Listens again after stopAccepting; what cannot be listened on any more is in the log. */
  resumeAccepting(): void {
    try {
      this.listeners.open();
    } catch (error) {
      this.log.warning((error as Error).message);
    }
  }

  /** Stops accepting, ends connections and timers. */
  stop(): void {
    this.listeners.close();
    if (this.cronTimer !== null) clearTimeout(this.cronTimer);
    this.background.stop();
    this.persistence.abortBackground();
    this.migrations.links.close();
    this.memoryLimits.stop();
    this.aof.stop();
    this.activeDefrag.stop();
    this.unblocker.stop();
    for (const client of [...this.clients.all()]) client.transport.close();
  }

  shutdown(options: ShutdownOptions): string | null {
    return this.orderlyShutdown.request(options, this.gate.serving);
  }

  /** Whether the shutdown saves the data: never what is only half loaded. */
  private mustSave(save: ShutdownOptions["save"]): boolean {
    if (this.persistence.loading) return false;
    return save === "save" || (save === "default" && this.config.save.length > 0);
  }

  finishFiles(force: boolean): boolean {
    if (this.persistence.bgsave !== null) {
      this.log.warning("There is a child saving an .rdb. Killing it!");
      this.persistence.abortBackground();
    }
    return this.aof.finish(force);
  }

  saveBeforeExit(save: ShutdownOptions["save"]): boolean {
    if (!this.mustSave(save)) return true;
    this.log.notice("Saving the final RDB snapshot before exiting.");
    return this.persistence.save();
  }

  crash(reason: string, signal: NodeJS.Signals): void {
    if (this.config.crashLogEnabled) this.process?.crash(reason);
    // A handler of the signal would run too late: this command's reply would be sent.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }

  get shuttingDown(): boolean {
    return this.orderlyShutdown.active;
  }

  abortShutdown(): string | null {
    return this.orderlyShutdown.abort();
  }

  refuseHttp(client: Client): void {
    this.httpGuard.refuse(client);
  }

  // --- cron --------------------------------------------------------------------------------------------------------

  /** hz may change at run time, so every run schedules the next. */
  private scheduleCron(): void {
    this.cronTimer = setTimeout(() => {
      const start = this.clock.monotonic();
      this.cron();
      const micros = this.clock.monotonic() - start;
      this.stats.cronMicros += micros;
      this.stats.countCycle(0, micros);
      this.scheduleCron();
    }, 1000 / this.config.hz);
  }

  private cron(): void {
    if (this.cronIsPaused) return;
    const now = this.clock.now();
    this.keyspace.access.update(now);
    this.pause.check(now);
    this.metrics.sample(now);
    this.memoryLimits.collectGarbage();
    this.activeDefrag.consider();
    if (this.every(1)) {
      this.compaction.consider();
      for (const client of this.clients.all()) client.transport.checkOutput();
      closeIdleClients(this);
      this.gate.handshakes.check();
    }
    if (this.every(5)) logFigures(this);
    this.aof.cron();
    this.tracking.cron();
    this.persistence.considerBgsave();
    this.cronLoops++;
    this.stats.cronRuns++;
    if (!this.persistence.loading) this.background.wake();
  }

  /** Whether this run of cron is the one in `seconds` to do what is done that often. */
  private every(seconds: number): boolean {
    return this.cronLoops % (this.config.hz * seconds) === 0;
  }
}
