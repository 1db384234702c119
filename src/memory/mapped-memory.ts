/**
 * Memory straight from the operating system, for what is large and lives long: the segments of the heap. It can be moved
 * without being copied, on Linux.
 *
 * The runtime's allocator hands out ranges that were in use before, and then clears all of them at once: 16 MiB are 4,096
 * page faults, 4 to 8 ms within one command. What mmap(2) gives is zeroed by the system page by page, when it is
 * touched. Where libc cannot be reached it comes from the runtime.
 */

import { type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import { assert } from "../util/assert";
import { libc, libcAddress } from "../util/libc";

const PROT_READ_WRITE = 3;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = process.platform === "darwin" ? 0x1000 : 0x20;
/** MREMAP_MAYMOVE, MREMAP_FIXED and MREMAP_DONTUNMAP: to this address, and what is left keeps its own, empty. */
const MREMAP_TO_KEEPING = 1 | 2 | 4;
/** Addresses are below; MAP_FAILED, which is -1, is not. */
const ADDRESS_END = 2 ** 48;

/** The types leave out that C can be told to free it: with `free(address, context)`. */
type MakeArrayBuffer = (at: Pointer, offset: number, bytes: number, context: number, free: Pointer) => ArrayBuffer;

/**
 * `bytes` zeros, which go back to the system when nobody refers to the ArrayBuffer any more. Throws an error when the
 * system gives no memory.
 */
export function mapMemory(bytes: number): ArrayBuffer {
  const unmap = libcAddress("munmap");
  const map = libc("mmap");
  if (map === null || unmap === null) return new ArrayBuffer(bytes);
  const address = Number(map(null, bytes, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (address <= 0 || address >= ADDRESS_END) throw new Error(`no memory for ${bytes} bytes`);
  // The collector calls munmap(address, bytes): what it hands over beside the address is ours to choose.
  return (toArrayBuffer as MakeArrayBuffer)(address as Pointer, 0, bytes, bytes, unmap);
}

/**
 * Moves the pages under the first `bytes` bytes of `from` to the beginning of `to`, both of mapMemory() and `bytes` a
 * multiple of the heap's page: that takes 4 µs a megabyte, where copying takes a millisecond for one or two. `from` is
 * zeros then, without physical memory. Returns false, with nothing changed, where the system cannot do it (others than
 * Linux 5.7 and later).
 *
 * Source: mremap(2). `from` stays mapped, because its ArrayBuffer unmaps that range when the collector comes to it.
 */
export function movePages(from: Uint8Array, to: Uint8Array, bytes: number): boolean {
  const remap = process.platform === "linux" ? libc("mremap") : null;
  if (remap === null) return false;
  const address = ptr(to);
  if (Number(remap(ptr(from), bytes, bytes, MREMAP_TO_KEEPING, address)) === address) return true;
  // It may have unmapped where the pages were to go before it failed.
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  const restored = Number(libc("mmap")?.(address, bytes, PROT_READ_WRITE, flags, -1, 0));
  assert(restored === address, "memory that was to be moved to is lost");
  return false;
}
