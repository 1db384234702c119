/** The sections of INFO but memory: each function returns its section's lines. */

import { release, type as systemName } from "node:os";
import type { Command } from "../../command/command-spec";
import type { ServerContext } from "../../command/server-context";
import type { Aof } from "../../persist/aof/aof";
import { buildInfo } from "../../util/build-info";
import { REDIS_VERSION } from "../../util/redis-version";
import { threadCpu } from "./metrics";

const DAY_SECONDS = 24 * 3600;

/** Names of machines as uname prints them. */
const MACHINES: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

const MULTIPLEXERS: Readonly<Record<string, string>> = { linux: "epoll", win32: "iocp" };

export function serverSection(server: ServerContext): string[] {
  const { config, clock, metrics, keyspace } = server;
  const uptime = Math.floor((clock.now() - metrics.startedAt) / 1000);
  return [
    `redis_version:${REDIS_VERSION}`,
    `redis_git_sha1:${buildInfo.gitSha1}`,
    `redis_git_dirty:${buildInfo.gitDirty}`,
    `redis_build_id:${buildInfo.buildId}`,
    "redis_mode:standalone",
    `redbun_version:${buildInfo.version}`,
    `os:${systemName()} ${release()} ${MACHINES[process.arch] ?? process.arch}`,
    "arch_bits:64",
    "monotonic_clock:POSIX clock_gettime",
    `multiplexing_api:${MULTIPLEXERS[process.platform] ?? "kqueue"}`,
    // There is one thread: nothing has to be atomic.
    "atomicvar_api:none",
    "gcc_version:0.0.0",
    `bun_version:${Bun.version}`,
    `process_id:${process.pid}`,
    `process_supervised:${server.supervisedBy}`,
    `run_id:${server.runId}`,
    `tcp_port:${server.port || server.tlsPort}`,
    `server_time_usec:${clock.nowMicros()}`,
    `uptime_in_seconds:${uptime}`,
    `uptime_in_days:${Math.floor(uptime / DAY_SECONDS)}`,
    `hz:${config.hz}`,
    `configured_hz:${config.hz}`,
    `lru_clock:${keyspace.access.clock()}`,
    `executable:${server.executable}`,
    `config_file:${server.configFile}`,
    "io_threads_active:0",
    ...listeners(server),
  ];
}

function listeners(server: ServerContext): string[] {
  const { bind, unixsocket } = server.config;
  const addresses = bind.map((address) => `,bind=${address}`).join("");
  const lines: string[] = [];
  if (server.port !== 0) lines.push(`name=tcp${addresses},port=${server.port}`);
  if (unixsocket !== "") lines.push(`name=unix,bind=${unixsocket}`);
  if (server.tlsPort !== 0) lines.push(`name=tls${addresses},port=${server.tlsPort}`);
  return lines.map((line, i) => `listener${i}:${line}`);
}

export function clientsSection({
  clients,
  config,
  metrics,
  pause,
  blocking,
  tracking,
  watches,
}: ServerContext): string[] {
  let subscribers = 0;
  let watchers = 0;
  for (const client of clients.all()) {
    if (client.subscriptions !== null) subscribers++;
    if (client.watched.length > 0) watchers++;
  }
  return [
    `connected_clients:${clients.size}`,
    "cluster_connections:0",
    `maxclients:${config.maxclients}`,
    `client_recent_max_input_buffer:${metrics.recentMaxInput}`,
    `client_recent_max_output_buffer:${metrics.recentMaxOutput}`,
    `blocked_clients:${pause.waitingClients + blocking.clients}`,
    `tracking_clients:${tracking.clients}`,
    // These are Redis 7.4's, as is expired_subkeys: exporters read them where they are.
    `pubsub_clients:${subscribers}`,
    `watching_clients:${watchers}`,
    `total_watched_keys:${watches.keys}`,
    `clients_in_timeout_table:${blocking.clientsWithDeadline}`,
    `total_blocking_keys:${blocking.keys}`,
    `total_blocking_keys_on_nokey:${blocking.deletionKeys}`,
  ];
}

export function persistenceSection({ clock, keyspace, persistence, aof }: ServerContext): string[] {
  const { load, bgsave } = persistence;
  const snapshot = bgsave?.snapshot ?? aof.snapshot;
  const done = snapshot?.keysDone ?? 0;
  const total = snapshot?.keysTotal ?? 0;
  return [
    `loading:${load.active ? 1 : 0}`,
    "async_loading:0",
    "current_cow_peak:0",
    "current_cow_size:0",
    "current_cow_size_age:0",
    `current_fork_perc:${(total === 0 ? 0 : (done / total) * 100).toFixed(2)}`,
    `current_save_keys_processed:${done}`,
    `current_save_keys_total:${total}`,
    `rdb_changes_since_last_save:${keyspace.dirty}`,
    `rdb_bgsave_in_progress:${bgsave === null ? 0 : 1}`,
    `rdb_last_save_time:${persistence.lastSave}`,
    `rdb_last_bgsave_status:${persistence.lastBgsaveOk ? "ok" : "err"}`,
    `rdb_last_bgsave_time_sec:${persistence.lastBgsaveSeconds}`,
    `rdb_current_bgsave_time_sec:${bgsave === null ? -1 : Math.floor((clock.now() - bgsave.startedAt) / 1000)}`,
    `rdb_saves:${persistence.saves}`,
    "rdb_last_cow_size:0",
    `rdb_last_load_keys_expired:${load.keysExpired}`,
    `rdb_last_load_keys_loaded:${load.keysLoaded}`,
    ...aofLines(aof),
    "module_fork_in_progress:0",
    "module_fork_last_cow_size:0",
    ...aofSizes(aof),
    ...load.lines(),
  ];
}

function aofLines(aof: Aof): string[] {
  const { out } = aof;
  return [
    `aof_enabled:${aof.isEnabled ? 1 : 0}`,
    `aof_rewrite_in_progress:${aof.isRewriting ? 1 : 0}`,
    `aof_rewrite_scheduled:${aof.isScheduled ? 1 : 0}`,
    `aof_last_rewrite_time_sec:${aof.lastRewriteSeconds}`,
    `aof_current_rewrite_time_sec:${aof.rewriteSeconds}`,
    `aof_last_bgrewrite_status:${aof.lastRewriteOk ? "ok" : "err"}`,
    `aof_rewrites:${aof.rewrites}`,
    `aof_rewrites_consecutive_failures:${aof.failures}`,
    `aof_last_write_status:${out.writeError === null && out.syncError === null ? "ok" : "err"}`,
    "aof_last_cow_size:0",
  ];
}

/** What there is to say of the file only while there is one. */
function aofSizes(aof: Aof): string[] {
  const { out } = aof;
  if (!aof.isEnabled) return [];
  return [
    `aof_current_size:${out.totalSize}`,
    `aof_base_size:${aof.rewriteBaseSize}`,
    `aof_pending_rewrite:${aof.isScheduled ? 1 : 0}`,
    `aof_buffer_length:${out.bufferedBytes}`,
    `aof_pending_bio_fsync:${out.isSyncing ? 1 : 0}`,
    `aof_delayed_fsync:${out.delayedFsyncs}`,
  ];
}

export function statsSection(server: ServerContext): string[] {
  return [
    ...traffic(server),
    ...keyEvents(server),
    ...channels(server),
    ...children(server),
    ...defragmentation(server),
    ...trackedKeys(server),
    ...replies(server),
    ...eventLoop(server),
    ...denials(server),
  ];
}

function traffic({ stats, metrics }: ServerContext): string[] {
  const kilobytes = (perSecond: number): string => (perSecond / 1024).toFixed(2);
  return [
    `total_connections_received:${stats.connectionsReceived}`,
    `total_commands_processed:${stats.commandsProcessed}`,
    `instantaneous_ops_per_sec:${Math.floor(metrics.operations.perSecond)}`,
    `total_net_input_bytes:${stats.inputBytes}`,
    `total_net_output_bytes:${stats.outputBytes}`,
    "total_net_repl_input_bytes:0",
    "total_net_repl_output_bytes:0",
    `instantaneous_input_kbps:${kilobytes(metrics.input.perSecond)}`,
    `instantaneous_output_kbps:${kilobytes(metrics.output.perSecond)}`,
    "instantaneous_input_repl_kbps:0.00",
    "instantaneous_output_repl_kbps:0.00",
    `rejected_connections:${stats.connectionsRejected}`,
    "sync_full:0",
    "sync_partial_ok:0",
    "sync_partial_err:0",
  ];
}

function keyEvents({ keyspace: { stats }, expireCycle, memoryLimits }: ServerContext): string[] {
  return [
    `expired_keys:${stats.expired}`,
    `expired_subkeys:${stats.expiredFields}`,
    `expired_stale_perc:${stats.stalePercent.toFixed(2)}`,
    `expired_time_cap_reached_count:${stats.expireTimeCapReached}`,
    `expire_cycle_cpu_milliseconds:${Math.floor(expireCycle.microsSpent / 1000)}`,
    `evicted_keys:${stats.evicted}`,
    `evicted_clients:${memoryLimits.evictedClients}`,
    `total_eviction_exceeded_time:${milliseconds(memoryLimits.evictor.totalExceededMicros)}`,
    `current_eviction_exceeded_time:${milliseconds(memoryLimits.evictor.currentExceededMicros)}`,
    `keyspace_hits:${stats.hits}`,
    `keyspace_misses:${stats.misses}`,
  ];
}

function channels({ pubsub }: ServerContext): string[] {
  return [
    `pubsub_channels:${pubsub.count("channels")}`,
    `pubsub_patterns:${pubsub.count("patterns")}`,
    `pubsubshard_channels:${pubsub.count("shardChannels")}`,
  ];
}

/** Fields of what redbun does not have, or not yet. */
function children({ migrations }: ServerContext): string[] {
  return [
    "latest_fork_usec:0",
    "total_forks:0",
    `migrate_cached_sockets:${migrations.links.count}`,
    "slave_expires_tracked_keys:0",
  ];
}

function defragmentation({ activeDefrag }: ServerContext): string[] {
  const { relocator, keyHits, keyMisses } = activeDefrag.defragmentation;
  return [
    `active_defrag_hits:${relocator.hits}`,
    `active_defrag_misses:${relocator.misses}`,
    `active_defrag_key_hits:${keyHits}`,
    `active_defrag_key_misses:${keyMisses}`,
    `total_active_defrag_time:${activeDefrag.totalMs}`,
    `current_active_defrag_time:${activeDefrag.currentMs}`,
  ];
}

function trackedKeys({ tracking }: ServerContext): string[] {
  return [
    `tracking_total_keys:${tracking.table.keys}`,
    `tracking_total_items:${tracking.table.items}`,
    `tracking_total_prefixes:${tracking.prefixCount}`,
  ];
}

function replies({ stats, persistence }: ServerContext): string[] {
  return [
    `unexpected_error_replies:${stats.unexpectedErrorReplies}`,
    `total_error_replies:${stats.errorReplies}`,
    `dump_payload_sanitizations:${persistence.codecs.sanitizations}`,
    `total_reads_processed:${stats.readsProcessed}`,
    `total_writes_processed:${stats.writesProcessed}`,
    "io_threaded_reads_processed:0",
    "io_threaded_writes_processed:0",
    `client_query_buffer_limit_disconnections:${stats.clientQueryBufferLimitDisconnections}`,
    `client_output_buffer_limit_disconnections:${stats.clientOutputBufferLimitDisconnections}`,
    "reply_buffer_shrinks:0",
    "reply_buffer_expands:0",
  ];
}

function eventLoop(server: ServerContext): string[] {
  const { metrics } = server;
  const cycles = metrics.cycles.perSecond;
  let commandMicros = 0;
  for (const { stats } of everyCommand(server)) commandMicros += stats.micros;
  return [
    `eventloop_cycles:${metrics.eventLoopCycles}`,
    `eventloop_duration_sum:${metrics.eventLoopMicros}`,
    `eventloop_duration_cmd_sum:${Math.floor(commandMicros)}`,
    `instantaneous_eventloop_cycles_per_sec:${Math.floor(cycles)}`,
    `instantaneous_eventloop_duration_usec:${cycles === 0 ? 0 : Math.floor(metrics.busyMicros.perSecond / cycles)}`,
  ];
}

/** What times are made of: hidden, it is in no other choice of sections. */
export function debugSection({ stats, aof }: ServerContext): string[] {
  return [
    `eventloop_duration_aof_sum:${Math.floor(aof.out.writeMicros)}`,
    `eventloop_duration_cron_sum:${Math.floor(stats.cronMicros)}`,
    `eventloop_duration_max:${Math.floor(stats.cycleMicrosMax)}`,
    `eventloop_cmd_per_cycle_max:${stats.cycleCommandsMax}`,
  ];
}

function denials({ acl }: ServerContext): string[] {
  const { denied } = acl.log;
  return [
    `acl_access_denied_auth:${denied.auth}`,
    `acl_access_denied_cmd:${denied.command}`,
    `acl_access_denied_key:${denied.key}`,
    `acl_access_denied_channel:${denied.channel}`,
  ];
}

export function replicationSection({ config, replicationId }: ServerContext): string[] {
  return [
    "role:master",
    "connected_slaves:0",
    "master_failover_state:no-failover",
    `master_replid:${replicationId}`,
    `master_replid2:${"0".repeat(40)}`,
    "master_repl_offset:0",
    "second_repl_offset:-1",
    "repl_backlog_active:0",
    `repl_backlog_size:${config.replBacklogSize}`,
    "repl_backlog_first_byte_offset:0",
    "repl_backlog_histlen:0",
  ];
}

/** µs as whole ms. */
function milliseconds(micros: number): number {
  return Math.floor(micros / 1000);
}

/** µs as seconds with six digits. */
function seconds(micros: number): string {
  return (micros / 1_000_000).toFixed(6);
}

export function cpuSection(): string[] {
  const { system, user } = process.cpuUsage();
  const lines = [
    `used_cpu_sys:${seconds(system)}`,
    `used_cpu_user:${seconds(user)}`,
    // There are no child processes.
    "used_cpu_sys_children:0.000000",
    "used_cpu_user_children:0.000000",
  ];
  const thread = threadCpu();
  lines.push(`used_cpu_sys_main_thread:${seconds(thread.system)}`, `used_cpu_user_main_thread:${seconds(thread.user)}`);
  return lines;
}

export function clusterSection(): string[] {
  return ["cluster_enabled:0"];
}

export function keyspaceSection({ keyspace }: ServerContext): string[] {
  return keyspace.databases
    .filter((db) => db.size > 0)
    .map((db) => `db${db.id}:keys=${db.size},expires=${db.expires},avg_ttl=${Math.floor(db.averageTtl)}`);
}

// --- statistics of commands and errors -------------------------------------------------------------------------------

/** All commands and subcommands. */
function* everyCommand(server: ServerContext): Generator<Command> {
  for (const [, command] of server.commands.entries()) {
    yield command;
    if (command.subcommands !== null) yield* command.subcommands.values();
  }
}

/** A name with what has a meaning in INFO's lines replaced. */
function safeName(name: string): string {
  return name.replace(/[#:\n\r]/g, "_");
}

export function commandStatsSection(server: ServerContext): string[] {
  const lines: string[] = [];
  for (const { fullName, stats } of everyCommand(server)) {
    const { calls, micros, rejected, failed } = stats;
    if (calls + rejected + failed === 0) continue;
    const perCall = (calls === 0 ? 0 : micros / calls).toFixed(2);
    lines.push(
      `cmdstat_${safeName(fullName)}:calls=${calls},usec=${Math.floor(micros)},usec_per_call=${perCall}` +
        `,rejected_calls=${rejected},failed_calls=${failed}`,
    );
  }
  return lines;
}

export function errorStatsSection({ stats }: ServerContext): string[] {
  const codes = [...stats.errors.keys()].sort();
  return codes.map((code) => `errorstat_${safeName(code)}:count=${stats.errors.get(code)}`);
}

/** A number with up to six decimals, and no zeros at the end. */
function trimmed(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, "");
}

export function latencyStatsSection(server: ServerContext): string[] {
  const { latencyTracking, latencyTrackingInfoPercentiles } = server.config;
  if (!latencyTracking) return [];
  const lines: string[] = [];
  for (const { fullName, latency } of everyCommand(server)) {
    if (latency === null) continue;
    const percentiles = latencyTrackingInfoPercentiles.map((percent) => {
      return `p${trimmed(percent)}=${(latency.percentile(percent) / 1000).toFixed(3)}`;
    });
    lines.push(`latency_percentiles_usec_${safeName(fullName)}:${percentiles.join(",")}`);
  }
  return lines;
}
