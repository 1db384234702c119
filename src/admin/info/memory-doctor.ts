/** MEMORY DOCTOR: what looks wrong with the memory, in Redis's words and by its thresholds. */

import type { ServerContext } from "../../command/server-context";
import { ALLOCATOR, type MemoryReport, memoryReport, ratio } from "./memory-report";

const MEGABYTE = 1024 * 1024;
/** Below this there is too little data to say anything. */
const SMALL = 5 * MEGABYTE;
/** Differences below this are no problem, whatever the ratio. */
const WASTE = 10 * MEGABYTE;
const CLIENT_BUFFER = 200 * 1024;

interface Issue {
  readonly found: (report: MemoryReport, clients: number) => boolean;
  readonly text: string;
}

function exceeds(a: number, b: number, limit: number): boolean {
  return ratio(a, b) > limit && a - b > WASTE;
}

const ISSUES: readonly Issue[] = [
  {
    found: ({ peak, used }) => peak / used > 1.5,
    text:
      "Peak memory: In the past this instance used more than 150% the memory that is currently using. The " +
      "allocator is normally not able to release memory after a peak, so you can expect to see a big " +
      "fragmentation ratio, however this is actually harmless and is only due to the memory peak, and if the " +
      "Redis instance Resident Set Size (RSS) is currently bigger than expected, the memory will be used as soon " +
      "as you fill the Redis instance with more data. If the memory peak was only occasional and you want to try " +
      "to reclaim memory, please try the MEMORY PURGE command, otherwise the only other option is to shutdown and " +
      "restart the instance.",
  },
  {
    // The executable's own pages are no waste.
    found: ({ resident, residentAtStart, used, startup }) => exceeds(resident - residentAtStart, used - startup, 1.4),
    text:
      "High total RSS: This instance has a memory fragmentation and RSS overhead greater than 1.4 (this means " +
      "that the Resident Set Size of the Redis process is much larger than the sum of the logical allocations " +
      "Redis performed). This problem is usually due either to a large peak memory (check if there is a peak " +
      "memory entry above in the report) or may result from a workload that causes the allocator to fragment " +
      "memory a lot. If the problem is a large peak memory, then there is no issue. Otherwise, make sure you are " +
      "using the Jemalloc allocator and not the default libc malloc. Note: The currently used allocator is " +
      `"${ALLOCATOR}".`,
  },
  {
    found: ({ active, allocated }) => exceeds(active, allocated, 1.1),
    text:
      "High allocator fragmentation: This instance has an allocator external fragmentation greater than 1.1. This " +
      "problem is usually due either to a large peak memory (check if there is a peak memory entry above in the " +
      "report) or may result from a workload that causes the allocator to fragment memory a lot. You can try enabling " +
      "'activedefrag' config option.",
  },
  {
    found: ({ allocatorResident, active }) => exceeds(allocatorResident, active, 1.1),
    text:
      "High allocator RSS overhead: This instance has an RSS memory overhead is greater than 1.1 (this means that " +
      "the Resident Set Size of the allocator is much larger than the sum what the allocator actually holds). " +
      "This problem is usually due to a large peak memory (check if there is a peak memory entry above in the " +
      "report), you can try the MEMORY PURGE command to reclaim it.",
  },
  {
    found: ({ resident, residentAtStart, allocatorResident }) =>
      exceeds(resident - residentAtStart, allocatorResident, 1.1),
    text:
      "High process RSS overhead: This instance has non-allocator RSS memory overhead is greater than 1.1 (this means " +
      "that the Resident Set Size of the Redis process is much larger than the RSS the allocator holds). This problem " +
      "may be due to Lua scripts or Modules.",
  },
  {
    found: ({ clients }, count) => count > 0 && clients / count > CLIENT_BUFFER,
    text:
      "Big client buffers: The clients output buffers in this instance are greater than 200K per client (on " +
      "average). This may result from different causes, like Pub/Sub clients subscribed to channels bot not " +
      "receiving data fast enough, so that data piles on the Redis instance output buffer, or clients sending " +
      "commands with large replies or very large sequences of commands in the same pipeline. Please use the " +
      "CLIENT LIST command in order to investigate the issue if it causes problems in your instance, or to " +
      "understand better why certain clients are using a big amount of memory.",
  },
];

export function memoryDoctorText(server: ServerContext): string {
  return diagnosis(memoryReport(server), server.clients.size);
}

/** What there is to say of the figures, with so many clients. */
export function diagnosis(report: MemoryReport, clients: number): string {
  if (report.used - report.startup < SMALL) {
    return (
      "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in these " +
      "conditions. Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be " +
      "back to our programming as soon as I finished rebooting.\n"
    );
  }
  const issues = ISSUES.filter(({ found }) => found(report, clients));
  if (issues.length === 0) {
    return "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this base.\n";
  }
  const list = issues.map(({ text }) => ` * ${text}\n\n`).join("");
  return (
    "Sam, I detected a few issues in this Redis instance memory implants:\n\n" +
    `${list}I'm here to keep you safe, Sam. I want to help you.\n`
  );
}
