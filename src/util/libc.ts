/**
 * Functions of the C library, for what the runtime offers no call for. Every use is optional: where libc cannot be
 * reached (Windows, an unknown libc, a function that this one lacks) `libc` gives null and the caller goes without.
 *
 * A function is looked up when it is first asked for: most servers never need most of them.
 */

import { dlopen, type FFIFunction, type Pointer, read } from "bun:ffi";

const LIBRARIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libc.so"],
  darwin: ["libSystem.B.dylib"],
};

/**
 * Variadic functions are called with their fixed arguments alone: others are passed differently on some platforms. Not on
 * Linux, the only one that has mremap.
 */
const SIGNATURES = {
  getpagesize: { args: [], returns: "i32" },
  mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "ptr" },
  mremap: { args: ["ptr", "u64", "u64", "i32", "ptr"], returns: "ptr" },
  munmap: { args: ["ptr", "u64"], returns: "i32" },
  madvise: { args: ["ptr", "u64", "i32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  /** Of what is shorter than 2 GB. */
  send: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
  dup: { args: ["i32"], returns: "i32" },
  getrlimit: { args: ["i32", "ptr"], returns: "i32" },
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  getaddrinfo: { args: ["ptr", "ptr", "ptr", "ptr"], returns: "i32" },
  freeaddrinfo: { args: ["ptr"], returns: "void" },
  openlog: { args: ["ptr", "i32", "i32"], returns: "void" },
  syslog: { args: ["i32", "ptr"], returns: "void" },
  isatty: { args: ["i32"], returns: "i32" },
  localtime_r: { args: ["ptr", "ptr"], returns: "ptr" },
  prctl: { args: ["i32", "u64", "ptr", "u64", "u64"], returns: "i32" },
  execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  sched_setaffinity: { args: ["i32", "u64", "ptr"], returns: "i32" },
  setlocale: { args: ["i32", "ptr"], returns: "ptr" },
  strxfrm: { args: ["ptr", "ptr", "u64"], returns: "u64" },
  sbrk: { args: ["i64"], returns: "u64" },
  __errno_location: { args: [], returns: "ptr" },
  __error: { args: [], returns: "ptr" },
} as const satisfies Record<string, FFIFunction>;

export type LibcName = keyof typeof SIGNATURES;
export type LibcFunction = (...args: (number | bigint | Pointer | null)[]) => number | bigint;

const found = new Map<LibcName, LibcFunction | null>();

/** The function of this name, or null where there is none. */
export function libc(name: LibcName): LibcFunction | null {
  let fn = found.get(name);
  if (fn === undefined) {
    fn = lookUp(name);
    found.set(name, fn);
  }
  return fn;
}

/** Where this function is, for whoever is to call it without us; null where there is none. */
export function libcAddress(name: LibcName): Pointer | null {
  return (libc(name) as { ptr?: Pointer } | null)?.ptr ?? null;
}

function lookUp(name: LibcName): LibcFunction | null {
  for (const library of LIBRARIES[process.platform] ?? []) {
    try {
      return dlopen(library, { [name]: SIGNATURES[name] }).symbols[name] as unknown as LibcFunction;
    } catch {
      // Not this platform's name for libc, or it has no such function: try the next one.
    }
  }
  return null;
}

/** Text as C takes it: UTF-8 with a NUL at its end. Keep it for as long as C may read it. */
export function cText(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

const ERRNO_NAMES: Record<number, string> = {
  1: "EPERM",
  2: "ENOENT",
  12: "ENOMEM",
  13: "EACCES",
  22: "EINVAL",
  111: "ECONNREFUSED",
};

/** The error of the last call that failed, in the shape that strerror.ts reads. Call it at once. */
export function lastError(): Error {
  const location = libc(process.platform === "darwin" ? "__error" : "__errno_location")?.();
  const errno = location === undefined ? 0 : read.i32(location as Pointer, 0);
  return Object.assign(new Error(`error ${errno}`), { code: ERRNO_NAMES[errno] });
}
