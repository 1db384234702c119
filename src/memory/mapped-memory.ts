/**
 * Memory straight from the operating system, for what is large and lives long: the segments of the heap.
 *
 * The runtime's allocator hands out ranges that were in use before, and then clears all of them at once: 16 MiB are 4,096
 * page faults, 4 to 8 ms within one command. What mmap(2) gives is zeroed by the system page by page, when it is
 * touched. Where libc cannot be reached it comes from the runtime.
 */

import { type Pointer, toArrayBuffer } from "bun:ffi";
import { libc, libcAddress } from "../util/libc";

const PROT_READ_WRITE = 3;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = process.platform === "darwin" ? 0x1000 : 0x20;
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
