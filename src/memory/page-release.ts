/**
 * Gives the physical memory of unused pages back to the operating system.
 *
 * ArrayBuffers cannot be shrunk, so the only way to return a part of one is madvise(2): the address range stays valid
 * and reads as zeros when it is touched again. Where libc cannot be reached, freed pages are only reused, never returned.
 *
 * The system's pages may be larger than the heap's (64 KiB on some ARM machines), and madvise rounds a length up: of a
 * range, only the pages that lie inside it as a whole are given back.
 */

import { type Pointer, ptr } from "bun:ffi";
import { libc } from "../util/libc";

const MADV_DONTNEED = 4;
const MADV_FREE_MACOS = 5;
const ADVICE = process.platform === "darwin" ? MADV_FREE_MACOS : MADV_DONTNEED;

/** Bytes of a page of the system; 0 where memory cannot be given back. */
let systemPage = -1;

/** Returns the memory of `length` bytes of `segment` from `offset` on to the system. Their content is lost. */
export function releasePages(segment: Uint8Array, offset: number, length: number): void {
  if (systemPage < 0) systemPage = libc("madvise") === null ? 0 : Number(libc("getpagesize")?.() ?? 0);
  if (systemPage === 0) return;
  const address = ptr(segment, offset);
  const { start, bytes } = pagesInside(address, length, systemPage);
  if (bytes > 0) libc("madvise")?.(start as Pointer, bytes, ADVICE);
}

/** The whole pages of `page` bytes inside of `length` bytes at `address`. */
export function pagesInside(address: number, length: number, page: number): { start: number; bytes: number } {
  const start = Math.ceil(address / page) * page;
  const end = Math.floor((address + length) / page) * page;
  return { start, bytes: Math.max(0, end - start) };
}
