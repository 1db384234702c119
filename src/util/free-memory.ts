/**
 * Memory of large buffers, given back at once. Left to the garbage collector they pile up: it looks at what lives on its
 * own heap, and may not come for minutes when nothing happens after a burst.
 */

/** What is larger than this is handed over whole instead of being copied, and freed instead of being left behind. */
export const LARGE_BUFFER = 256 * 1024;

/** Frees the memory that is under a buffer, all of it: views of it are empty from now on. */
export function freeMemory(buffer: Buffer): void {
  const memory = buffer.buffer as ArrayBuffer;
  if (!memory.detached) memory.transfer(0);
}
