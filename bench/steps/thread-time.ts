/** The processor time of the current thread. */

import { dlopen, ptr } from "bun:ffi";

const CLOCK_THREAD_CPUTIME_ID = process.platform === "darwin" ? 16 : 3;

// With a buffer of its own: the bytes of a small array without one may move.
const time = new Int32Array(new ArrayBuffer(16));
const address = ptr(time);
const { symbols } = dlopen(process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6", {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
});

/** ns that this thread has run since it began (64-bit systems with a C library only). */
export function threadNanos(): number {
  symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, address);
  return time[0] * 1e9 + time[2];
}
