/**
 * What a handler can reach besides its own call: the parts of the server, as the composition root put them together.
 */

import type { Acl } from "../admin/acl/acl";
import type { Monitors } from "../admin/client/monitors";
import type { Config } from "../admin/config/config";
import type { Metrics } from "../admin/info/metrics";
import type { ServerStats } from "../admin/info/server-stats";
import type { LatencyMonitor } from "../admin/latency/latency-monitor";
import type { SlowLog } from "../admin/latency/slow-log";
import type { ActiveDefrag } from "../admin/memory/active-defrag";
import type { MemoryLimits } from "../admin/memory/memory-limits";
import type { Logger } from "../admin/process/logger";
import type { ExpireCycle } from "../db/expire-cycle";
import type { Keyspace } from "../db/keyspace";
import type { Aof } from "../persist/aof/aof";
import type { SyncWaits } from "../persist/aof/waitaof.commands";
import type { Migrations } from "../persist/migrate/migrate.commands";
import type { Persistence } from "../persist/persistence";
import type { Blocking } from "../session/blocking";
import type { Client, ClientRegistry } from "../session/client";
import type { Notifications } from "../session/notifications";
import type { Pause } from "../session/pause";
import type { PubSub } from "../session/pubsub";
import type { Tracking } from "../session/tracking";
import type { Watches } from "../session/watch";
import type { Clock } from "../util/clock";
import type { Random } from "../util/random";
import type { CommandTable } from "./command-table";
import type { Dispatcher } from "./dispatcher";
import type { Propagation } from "./propagation";
import type { Unblocker } from "./unblocker";

/** How SHUTDOWN was asked for. */
export interface ShutdownOptions {
  save: "default" | "save" | "nosave";
  now: boolean;
  force: boolean;
}

export interface ServerContext {
  readonly config: Config;
  readonly acl: Acl;
  readonly keyspace: Keyspace;
  readonly clients: ClientRegistry;
  readonly commands: CommandTable;
  readonly dispatcher: Dispatcher;
  readonly propagation: Propagation;
  readonly pause: Pause;
  readonly blocking: Blocking;
  readonly unblocker: Unblocker;
  readonly watches: Watches;
  readonly pubsub: PubSub;
  readonly tracking: Tracking;
  readonly monitors: Monitors;
  readonly notifications: Notifications;
  readonly expireCycle: ExpireCycle;
  readonly stats: ServerStats;
  readonly metrics: Metrics;
  readonly memoryLimits: MemoryLimits;
  readonly activeDefrag: ActiveDefrag;
  readonly slowLog: SlowLog;
  readonly latencyMonitor: LatencyMonitor;
  readonly persistence: Persistence;
  readonly aof: Aof;
  readonly syncWaits: SyncWaits;
  readonly migrations: Migrations;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** 40 hexadecimal digits, new at every start. */
  readonly runId: string;
  /** 40 hexadecimal digits that name this data set's history to replicas. */
  readonly replicationId: string;
  /** Path of the executable as it was started, and of the configuration file ("" without). */
  readonly executable: string;
  readonly configFile: string;
  /** Who supervises the process (`supervised`). */
  readonly supervisedBy: "no" | "upstart" | "systemd";
  /** The TCP port that is listened on, 0 for none. */
  readonly port: number;
  /** The same of connections that use TLS. */
  readonly tlsPort: number;
  /** DEBUG PAUSE-CRON. */
  cronIsPaused: boolean;
  /** Somebody speaks HTTP to the server: logs it and ends the connection. */
  refuseHttp(client: Client): void;
  /**
   * Starts an orderly shutdown; returns an error text when it is refused. The client whose command is being run, if any,
   * is held back from then on: it gets no reply unless the shutdown is aborted.
   */
  shutdown(options: ShutdownOptions): string | null;
  /** Ends the process as a fault does: a report in the log, and a signal. */
  crash(reason: string, signal: NodeJS.Signals): void;
  /** SHUTDOWN ABORT; returns an error text when no shutdown is in progress. */
  abortShutdown(): string | null;
}
