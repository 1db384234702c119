/** MEMORY: table and handlers. */

import type { Call } from "../../command/call";
import { type CommandDefinition, type Handler, keyAt, LOADING, READONLY, STALE } from "../../command/command-spec";
import { replyHelp } from "../../command/help";
import { SYNTAX_ERROR } from "../../resp/errors";
import { anyInteger } from "../arguments";
import { valueTools } from "../debug/value-tools";
import { memoryDoctorText } from "./memory-doctor";
import { memoryReport, ratio } from "./memory-report";

const HELP = [
  "DOCTOR",
  "    Return memory problems reports.",
  "MALLOC-STATS",
  "    Return internal statistics report from the memory allocator.",
  "PURGE",
  "    Attempt to purge dirty pages for reclamation by the allocator.",
  "STATS",
  "    Return information about the memory usage of the server.",
  "USAGE <key> [SAMPLES <count>]",
  "    Return memory in bytes used by <key> and its value. Nested values are",
  "    sampled up to <count> times (default: 5, 0 means sample all).",
];

const DEFAULT_SAMPLES = 5;

/** The entry, what its value takes elsewhere, and its share of the index. */
function usage(c: Call): void {
  let samples = DEFAULT_SAMPLES;
  for (let i = 3; i < c.argc && !c.failed; i += 2) {
    if (!c.is(i, "samples") || i + 1 >= c.argc) c.syntaxError();
    else samples = anyInteger(c, i + 1);
    if (samples < 0) c.fail(SYNTAX_ERROR);
  }
  if (c.failed) return;
  const { keyspace, index, size } = c.db;
  // Also of a key whose time has come: as long as it is there, it takes memory.
  const ref = c.db.find(c.buf, c.starts[2], c.ends[2]);
  if (ref === 0) {
    c.reply.null();
    return;
  }
  const value = valueTools(keyspace, ref).size(keyspace, ref, samples);
  c.reply.integer(keyspace.entries.blockSize(ref) + value + Math.round(index.bytes / size));
}

type Field = readonly [string, number, "integer" | "double"];

/** Rounded as Redis prints the float behind it. */
const double = (name: string, value: number): Field => [name, Math.fround(value), "double"];
const integer = (name: string, value: number): Field => [name, value, "integer"];

function stats(c: Call): void {
  const report = memoryReport(c.server);
  const before: Field[] = [
    integer("peak.allocated", report.peak),
    integer("total.allocated", report.used),
    integer("startup.allocated", report.startup),
    integer("replication.backlog", 0),
    integer("clients.slaves", 0),
    integer("clients.normal", report.clients),
    integer("cluster.links", 0),
    integer("aof.buffer", c.server.aof.out.bufferBytes),
    integer("lua.caches", 0),
    integer("functions.caches", 0),
  ];
  const { allocated, active, allocatorResident, resident, used } = report;
  const after: Field[] = [
    integer("overhead.total", report.overhead),
    integer("keys.count", report.keys),
    integer("keys.bytes-per-key", report.bytesPerKey),
    integer("dataset.bytes", report.dataset),
    double("dataset.percentage", report.datasetPercent),
    double("peak.percentage", report.peakPercent),
    integer("allocator.allocated", allocated),
    integer("allocator.active", active),
    integer("allocator.resident", allocatorResident),
    double("allocator-fragmentation.ratio", ratio(active, allocated)),
    integer("allocator-fragmentation.bytes", active - allocated),
    double("allocator-rss.ratio", ratio(allocatorResident, active)),
    integer("allocator-rss.bytes", allocatorResident - active),
    double("rss-overhead.ratio", ratio(resident, allocatorResident)),
    integer("rss-overhead.bytes", resident - allocatorResident),
    double("fragmentation", ratio(resident, used)),
    integer("fragmentation.bytes", resident - used),
  ];
  c.reply.map(before.length + report.databases.length + after.length);
  replyFields(c, before);
  for (const { id, main, expires } of report.databases) {
    c.reply.bulkText(`db.${id}`);
    c.reply.map(3);
    replyFields(c, [
      integer("overhead.hashtable.main", main),
      integer("overhead.hashtable.expires", expires),
      integer("overhead.hashtable.slot-to-keys", 0),
    ]);
  }
  replyFields(c, after);
}

function replyFields(c: Call, fields: readonly Field[]): void {
  for (const [name, value, type] of fields) {
    c.reply.bulkText(name);
    if (type === "double") c.reply.double(value);
    else c.reply.integer(value);
  }
}

function mallocStats(c: Call): void {
  const { heap } = c.server.keyspace;
  const lines = [
    "redbun heap",
    `in use:   ${heap.usedBytes}`,
    `pages:    ${heap.committedBytes}`,
    `dirty:    ${heap.dirtyBytes}`,
    `reserved: ${heap.reservedBytes}`,
  ];
  c.reply.verbatim(`${lines.join("\n")}\n`, "txt");
}

/** MEMORY PURGE, of JavaScript's garbage too: after a load that is megabytes of buffers in which requests arrived. */
function purge(c: Call): void {
  const { heap } = c.server.keyspace;
  heap.purge(heap.dirtyBytes);
  Bun.gc(true);
  Bun.shrink();
  c.reply.ok();
}

function doctor(c: Call): void {
  c.reply.verbatim(memoryDoctorText(c.server), "txt");
}

const VARIES = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];
const ALL_SHARDS = ["request_policy:all_shards", "response_policy:all_succeeded"];

function subcommand(name: string, handler: Handler, tips?: string[]): CommandDefinition {
  return { name, arity: 2, flags: 0, categories: "", tips, handler };
}

export const memoryCommands: CommandDefinition[] = [
  {
    name: "memory",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      subcommand("doctor", doctor, VARIES),
      { name: "help", arity: 2, flags: LOADING | STALE, categories: "", handler: (c) => replyHelp(c, HELP) },
      subcommand("malloc-stats", mallocStats, VARIES),
      subcommand("purge", purge, ALL_SHARDS),
      subcommand("stats", stats, VARIES),
      { name: "usage", arity: -3, flags: READONLY, categories: "", keys: [keyAt(2, "RO")], handler: usage },
    ],
  },
];
