/**
 * Makes directives take effect: once at the start, and again after every CONFIG SET that changes one. A directive that
 * is read where it matters (maxclients, proto-max-bulk-len, hz) needs nothing here.
 */

import type { ServerContext } from "../../command/server-context";
import { hashType } from "../../types/hash/hash-type";
import { LOG_DEBUG, LOG_NOTHING, LOG_NOTICE, LOG_VERBOSE, LOG_WARNING } from "../process/logger";
import type { DirectiveName } from "./config";

const LOG_LEVELS = { debug: LOG_DEBUG, verbose: LOG_VERBOSE, notice: LOG_NOTICE, warning: LOG_WARNING };

type Effect = (server: ServerContext) => void;

/** By the directives that they depend on. */
const EFFECTS: [DirectiveName[], Effect][] = [
  [["requirepass"], ({ config, acl }) => acl.setDefaultPassword(config.requirepass)],
  [
    ["loglevel"],
    ({ config, log }) => {
      // A log that is switched off, as a program that embeds the server may do, stays off.
      if (log.level !== LOG_NOTHING) log.level = LOG_LEVELS[config.loglevel];
    },
  ],
  [
    ["active-expire-effort"],
    ({ config, expireCycle }) => {
      expireCycle.effort = config.activeExpireEffort;
    },
  ],
  [
    ["maxmemory-policy"],
    ({ config, keyspace: { access }, memoryLimits }) => {
      access.lfu = config.maxmemoryPolicy.endsWith("-lfu");
      memoryLimits.evictor.setPolicy(config.maxmemoryPolicy);
    },
  ],
  [
    ["maxmemory", "maxmemory-samples", "maxmemory-eviction-tenacity", "maxmemory-clients"],
    ({ memoryLimits }) => memoryLimits.configure(),
  ],
  [
    ["lfu-log-factor", "lfu-decay-time"],
    ({ config, keyspace: { access } }) => {
      access.logFactor = config.lfuLogFactor;
      access.decayMinutes = config.lfuDecayTime;
    },
  ],
  [
    ["lazyfree-lazy-expire"],
    ({ config, keyspace }) => {
      keyspace.lazyExpire = config.lazyfreeLazyExpire;
    },
  ],
  [
    ["lazyfree-lazy-eviction"],
    ({ config, keyspace }) => {
      keyspace.lazyEvict = config.lazyfreeLazyEviction;
    },
  ],
  [
    ["activedefrag"],
    ({ config, activeDefrag }) => {
      if (!config.activedefrag) activeDefrag.stop();
    },
  ],
  [["notify-keyspace-events"], ({ config, notifications }) => notifications.configure(config.notifyKeyspaceEvents)],
  [
    ["hash-max-listpack-entries", "hash-max-listpack-value"],
    ({ config, keyspace }) => {
      const { hashes } = hashType(keyspace);
      hashes.maxEntries = config.hashMaxListpackEntries;
      hashes.maxValue = config.hashMaxListpackValue;
    },
  ],
  [
    ["tracking-table-max-keys"],
    ({ config, tracking }) => {
      tracking.maxKeys = config.trackingTableMaxKeys;
      tracking.limit();
    },
  ],
  [["latency-tracking"], trackLatency],
  [["slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold"], watchSlowness],
];

/** What is off must not cost anything: the dispatcher knows the time from which on somebody wants to hear. */
function watchSlowness({ config, dispatcher, slowLog, latencyMonitor }: ServerContext): void {
  slowLog.threshold = config.slowlogLogSlowerThan;
  slowLog.limit(config.slowlogMaxLen);
  latencyMonitor.threshold = config.latencyMonitorThreshold;
  const slow = config.slowlogLogSlowerThan < 0 ? Number.POSITIVE_INFINITY : config.slowlogLogSlowerThan;
  const late = config.latencyMonitorThreshold === 0 ? Number.POSITIVE_INFINITY : config.latencyMonitorThreshold * 1000;
  dispatcher.reportFrom(Math.min(slow, late));
}

/** While off, nothing is recorded; what was recorded before is kept, but not shown. */
function trackLatency({ config, dispatcher }: ServerContext): void {
  dispatcher.trackLatency = config.latencyTracking;
}

/** Applies the configuration to the server, now and whenever it changes. */
export function installConfigEffects(server: ServerContext): void {
  for (const [names, effect] of EFFECTS) {
    const apply = (): null => {
      effect(server);
      return null;
    };
    apply();
    for (const name of names) server.config.onChange(name, apply);
  }
  server.config.onChange("maxmemory", () => {
    server.memoryLimits.enforceMaxmemory();
    return null;
  });
}
