/** What the system knows of the current thread: processor time, page faults, and why it stopped running. */

import { dlopen, ptr } from "bun:ffi";

const isDarwin = process.platform === "darwin";
const CLOCK_THREAD_CPUTIME_ID = isDarwin ? 16 : 3;
/** The current thread; macOS knows the whole process only. */
const RUSAGE_WHO = isDarwin ? 0 : 1;

// With buffers of their own: the bytes of a small array without one may move. A struct rusage is two times of two words
// each and fourteen counts. Its times are brought up to date with the system's timer only, every few ms.
const time = new Int32Array(new ArrayBuffer(16));
const usage = new Int32Array(new ArrayBuffer(144));
const timeAddress = ptr(time);
const usageAddress = ptr(usage);
const { symbols } = dlopen(isDarwin ? "libSystem.B.dylib" : "libc.so.6", {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  getrusage: { args: ["i32", "ptr"], returns: "i32" },
});

/** Counts since the thread began. */
export interface ThreadCounts {
  /** Page faults. */
  faults: number;
  /** How often it waited for something, and how often the processor was taken from it. */
  waits: number;
  preemptions: number;
}

/** ns that this thread has run since it began (64-bit systems with a C library only, as the counts). */
export function threadNanos(): number {
  symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, timeAddress);
  return time[0] * 1e9 + time[2];
}

export function readThreadCounts(into: ThreadCounts): void {
  symbols.getrusage(RUSAGE_WHO, usageAddress);
  into.faults = usage[16];
  into.waits = usage[32];
  into.preemptions = usage[34];
}
