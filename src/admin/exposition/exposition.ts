/**
 * The server's figures as Prometheus reads them. They are those of INFO, so that both always tell the same: its text is
 * taken apart, as an exporter beside the server would do.
 */

import type { ServerContext } from "../../command/server-context";
import { infoText } from "../info/info";
import { ExpositionWriter } from "./exposition-writer";
import { CONFIG_GAUGES, COUNTERS, GAUGES, INSTANCE_LABELS, SCALES } from "./metric-names";

/** What is the media type of `expositionText`. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

type Fields = ReadonlyMap<string, string>;

/** All metrics, in the text format. */
export function expositionText(server: ServerContext): string {
  const writer = new ExpositionWriter("redis_");
  const fields = infoFields(server);
  writer.gauge("up", "Whether the server answers: it does", 1);
  for (const [field, value] of fields) plainField(writer, field, value);
  instance(writer, fields, server.clock.now());
  databases(writer, fields, server);
  commands(writer, fields);
  replication(writer, fields);
  slowCommands(writer, server);
  for (const name of CONFIG_GAUGES) {
    const value = Number(server.config.show(name));
    writer.gauge(`config_${name.replaceAll("-", "_")}`, `The directive ${name}`, value);
  }
  return writer.toString();
}

function infoFields(server: ServerContext): Fields {
  const fields = new Map<string, string>();
  for (const line of infoText(server, ["everything"]).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

function plainField(writer: ExpositionWriter, field: string, value: string): void {
  const isCounter = Object.hasOwn(COUNTERS, field);
  if (!isCounter && !Object.hasOwn(GAUGES, field)) return;
  const name = isCounter ? COUNTERS[field] : GAUGES[field];
  const scale = SCALES[field] ?? 1;
  writer.add(isCounter ? "counter" : "gauge", name, `The field ${field} of INFO`, numberOf(value) * scale);
}

/** A field's value; of a status 1 for ok, and 0 for err. NaN for any other text. */
function numberOf(value: string): number {
  if (value === "ok") return 1;
  if (value === "err" || value === "fail") return 0;
  return value === "" ? Number.NaN : Number(value);
}

/** "a=1,b=x" as a map. */
function partsOf(value: string): Map<string, string> {
  return new Map(value.split(",").map((part) => part.split("=", 2) as [string, string]));
}

function instance(writer: ExpositionWriter, fields: Fields, nowMs: number): void {
  const labels: Record<string, string> = {};
  for (const name of INSTANCE_LABELS) labels[name] = fields.get(name) ?? "";
  writer.gauge("instance_info", "What this server is", 1, labels);
  const started = Math.floor(nowMs / 1000) - Number(fields.get("uptime_in_seconds"));
  writer.gauge("start_time_seconds", "When the server was started, in seconds since the epoch", started);
}

/** All databases, the empty ones too: an alert that a database has no keys needs the 0. */
function databases(writer: ExpositionWriter, fields: Fields, { keyspace }: ServerContext): void {
  for (const { id } of keyspace.databases) {
    const db = `db${id}`;
    const figures = partsOf(fields.get(db) ?? "keys=0,expires=0");
    writer.gauge("db_keys", "Keys of a database", Number(figures.get("keys")), { db });
    writer.gauge("db_keys_expiring", "Keys of a database that expire", Number(figures.get("expires")), { db });
    if (!figures.has("avg_ttl")) continue;
    const seconds = Number(figures.get("avg_ttl")) / 1000;
    writer.gauge("db_avg_ttl_seconds", "How long keys of a database that expire still live, on average", seconds, {
      db,
    });
  }
}

const COMMAND = "cmdstat_";
const LATENCY = "latency_percentiles_usec_";
const ERROR = "errorstat_";

function commands(writer: ExpositionWriter, fields: Fields): void {
  for (const [field, value] of fields) {
    if (field.startsWith(COMMAND)) commandStats(writer, field.slice(COMMAND.length), partsOf(value));
    else if (field.startsWith(LATENCY)) percentiles(writer, field.slice(LATENCY.length), partsOf(value), fields);
    else if (field.startsWith(ERROR)) {
      const count = Number(partsOf(value).get("count"));
      writer.counter("errors_total", "Error replies, by their first word", count, { err: field.slice(ERROR.length) });
    }
  }
}

function commandStats(writer: ExpositionWriter, cmd: string, figures: Fields): void {
  const figure = (name: string): number => Number(figures.get(name));
  writer.counter("commands_total", "Calls of a command", figure("calls"), { cmd });
  const seconds = figure("usec") / 1_000_000;
  writer.counter("commands_duration_seconds_total", "Time that a command took in all", seconds, { cmd });
  const rejected = figure("rejected_calls");
  writer.counter("commands_rejected_calls_total", "Calls of a command that were refused before it ran", rejected, {
    cmd,
  });
  const failed = figure("failed_calls");
  writer.counter("commands_failed_calls_total", "Calls of a command that ended in an error", failed, { cmd });
}

/** p50 and its like are quantiles of a summary; exporters write them as percentages. */
function percentiles(writer: ExpositionWriter, cmd: string, figures: Fields, fields: Fields): void {
  const name = "latency_percentiles_usec";
  const help = "How long calls of a command took, in microseconds";
  for (const [percentile, micros] of figures) {
    writer.add("summary", name, help, Number(micros), { cmd, quantile: percentile.slice(1) });
  }
  const sums = partsOf(fields.get(COMMAND + cmd) ?? "usec=0,calls=0");
  writer.add("summary", name, help, Number(sums.get("usec")), { cmd }, "_sum");
  writer.add("summary", name, help, Number(sums.get("calls")), { cmd }, "_count");
}

/** A replica's link to its master, and a master's replicas. */
function replication(writer: ExpositionWriter, fields: Fields): void {
  for (const [field, value] of fields) {
    if (!/^slave\d+$/.test(field)) continue;
    const figures = partsOf(value);
    const label = (name: string): string => figures.get(name) ?? "";
    const labels = { slave_ip: label("ip"), slave_port: label("port"), slave_state: label("state") };
    writer.gauge("connected_slave_offset_bytes", "How far a replica is", Number(label("offset")), labels);
    writer.gauge("connected_slave_lag_seconds", "How long a replica has been silent", Number(label("lag")), labels);
  }
  const host = fields.get("master_host");
  if (host === undefined) return;
  const labels = { master_host: host, master_port: fields.get("master_port") ?? "" };
  const link = fields.get("master_link_status") === "up" ? 1 : 0;
  writer.gauge("master_link_up", "Whether this replica is connected to its master", link, labels);
  for (const field of ["master_last_io_seconds_ago", "master_sync_in_progress", "slave_repl_offset"]) {
    writer.gauge(field, `The field ${field} of INFO`, numberOf(fields.get(field) ?? ""), labels);
  }
  const readOnly = fields.get("slave_read_only") ?? "";
  writer.gauge("slave_info", "What this replica is", 1, { ...labels, read_only: readOnly });
}

function slowCommands(writer: ExpositionWriter, { slowLog, latencyMonitor }: ServerContext): void {
  const [newest] = slowLog.newest(1);
  writer.gauge("slowlog_length", "Entries of the slow log", slowLog.length);
  writer.gauge("slowlog_last_id", "Number of the newest entry of the slow log", newest?.id ?? 0);
  const seconds = (newest?.micros ?? 0) / 1_000_000;
  writer.gauge("last_slow_execution_duration_seconds", "Time of the newest entry of the slow log", seconds);
  for (const [event_name, { last }] of latencyMonitor.events) {
    writer.gauge("latency_spike_last", "When something last took long, in seconds since the epoch", last.time, {
      event_name,
    });
    const duration = last.latency / 1000;
    writer.gauge("latency_spike_duration_seconds", "How long it took", duration, { event_name });
  }
}
