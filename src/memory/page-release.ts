/**
 * Gives the physical memory of unused pages back to the operating system.
 *
 * ArrayBuffers cannot be shrunk, so the only way to return a part of one is madvise(2): the address range stays valid
 * and reads as zeros when it is touched again. libc is reached through bun:ffi; where that does not work (Windows, an
 * unknown libc) `releasePages` is null and freed pages are only reused, never returned.
 */

import { dlopen, ptr } from "bun:ffi";

const MADV_DONTNEED = 4;
const MADV_FREE_MACOS = 5;

const LIBRARIES: Record<string, string[]> = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1", "libc.so"],
  darwin: ["libSystem.B.dylib"],
};

type Release = (segment: Uint8Array, offset: number, length: number) => void;

function openMadvise(): Release | null {
  const advice = process.platform === "darwin" ? MADV_FREE_MACOS : MADV_DONTNEED;
  for (const library of LIBRARIES[process.platform] ?? []) {
    try {
      const { symbols } = dlopen(library, { madvise: { args: ["ptr", "u64", "i32"], returns: "i32" } });
      return (segment, offset, length) => {
        symbols.madvise(ptr(segment, offset), length, advice);
      };
    } catch {
      // Not this platform's name for libc: try the next one.
    }
  }
  return null;
}

let release: Release | null | undefined;

/**
 * Returns the pages of `segment` from `offset` (a multiple of 16 KiB) over `length` bytes to the system. Their content
 * is lost. Returns false where the platform offers no way to do it.
 */
export function releasePages(segment: Uint8Array, offset: number, length: number): boolean {
  if (release === undefined) release = openMadvise();
  if (release === null) return false;
  release(segment, offset, length);
  return true;
}
