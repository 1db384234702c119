/**
 * Gives the physical memory of unused pages back to the operating system.
 *
 * ArrayBuffers cannot be shrunk, so the only way to return a part of one is madvise(2): the address range stays valid
 * and reads as zeros when it is touched again. Where libc cannot be reached, freed pages are only reused, never returned.
 */

import { ptr } from "bun:ffi";
import { type LibcFunction, libc } from "../util/libc";

const MADV_DONTNEED = 4;
const MADV_FREE_MACOS = 5;
const ADVICE = process.platform === "darwin" ? MADV_FREE_MACOS : MADV_DONTNEED;

let madvise: LibcFunction | null | undefined;

/**
 * Returns the pages of `segment` from `offset` (a multiple of 16 KiB) over `length` bytes to the system. Their content
 * is lost. Returns false where the platform offers no way to do it.
 */
export function releasePages(segment: Uint8Array, offset: number, length: number): boolean {
  if (madvise === undefined) madvise = libc("madvise");
  if (madvise === null) return false;
  madvise(ptr(segment, offset), length, ADVICE);
  return true;
}
