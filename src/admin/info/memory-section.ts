/** INFO memory. */

import { totalmem } from "node:os";
import type { ServerContext } from "../../command/server-context";
import { bytesToHuman } from "../../util/memory-units";
import { ALLOCATOR, type MemoryReport, memoryReport, ratio } from "./memory-report";

/** A size and the same for people. */
function size(name: string, bytes: number): string[] {
  return [`${name}:${bytes}`, `${name}_human:${bytesToHuman(bytes)}`];
}

/** A share of two sizes, and their difference. */
function overheadOf(ratioName: string, bytesName: string, a: number, b: number): string[] {
  return [`${ratioName}:${ratio(a, b).toFixed(2)}`, `${bytesName}:${a - b}`];
}

export function memorySection(server: ServerContext): string[] {
  const report = memoryReport(server);
  const { config, keyspace } = server;
  return [
    ...usage(report),
    ...size("total_system_memory", totalmem()),
    ...scripts(),
    ...size("maxmemory", config.maxmemory),
    `maxmemory_policy:${config.maxmemoryPolicy}`,
    ...overheadOf("allocator_frag_ratio", "allocator_frag_bytes", report.active, report.allocated),
    ...overheadOf("allocator_rss_ratio", "allocator_rss_bytes", report.allocatorResident, report.active),
    ...overheadOf("rss_overhead_ratio", "rss_overhead_bytes", report.resident, report.allocatorResident),
    ...overheadOf("mem_fragmentation_ratio", "mem_fragmentation_bytes", report.resident, report.used),
    `mem_not_counted_for_evict:${server.metrics.uncountedBytes}`,
    "mem_replication_backlog:0",
    "mem_total_replication_buffers:0",
    "mem_clients_slaves:0",
    `mem_clients_normal:${report.clients}`,
    "mem_cluster_links:0",
    `mem_aof_buffer:${server.aof.out.bufferBytes}`,
    `mem_allocator:${ALLOCATOR}`,
    `active_defrag_running:${server.activeDefrag.running}`,
    `lazyfree_pending_objects:${keyspace.free.pending}`,
    `lazyfreed_objects:${keyspace.free.freed}`,
    `redbun_heap_reserved:${keyspace.heap.reservedBytes}`,
    `redbun_heap_dirty:${keyspace.heap.dirtyBytes}`,
    `redbun_js_heap:${process.memoryUsage().heapTotal}`,
  ];
}

function usage(report: MemoryReport): string[] {
  return [
    ...size("used_memory", report.used),
    ...size("used_memory_rss", report.resident),
    ...size("used_memory_peak", report.peak),
    `used_memory_peak_perc:${report.peakPercent.toFixed(2)}%`,
    `used_memory_overhead:${report.overhead}`,
    `used_memory_startup:${report.startup}`,
    `used_memory_dataset:${report.dataset}`,
    `used_memory_dataset_perc:${report.datasetPercent.toFixed(2)}%`,
    `allocator_allocated:${report.allocated}`,
    `allocator_active:${report.active}`,
    `allocator_resident:${report.allocatorResident}`,
  ];
}

/** There are no scripts yet, and no virtual machine that would take memory for them. */
function scripts(): string[] {
  return [
    "used_memory_lua:0",
    "used_memory_vm_eval:0",
    "used_memory_lua_human:0B",
    "used_memory_scripts_eval:0",
    "number_of_cached_scripts:0",
    "number_of_functions:0",
    "number_of_libraries:0",
    "used_memory_vm_functions:0",
    "used_memory_vm_total:0",
    "used_memory_vm_total_human:0B",
    "used_memory_functions:0",
    "used_memory_scripts:0",
    "used_memory_scripts_human:0B",
  ];
}
