/** A heap without memory, at the allocations that a test chooses. */

import { type Heap, HeapFullError } from "../../src/memory/heap";

/** Does something while the heap gives so many blocks, and no more. */
export function withBlocks<T>(heap: Heap, blocks: number, action: () => T): T {
  const allocate = heap.allocate.bind(heap);
  const tight = heap.allocateTight.bind(heap);
  let left = blocks;
  const take = (bytes: number, from: (bytes: number) => number): number => {
    if (left-- <= 0) throw new HeapFullError("there is no more, for a test");
    return from(bytes);
  };
  heap.allocate = (bytes) => take(bytes, allocate);
  heap.allocateTight = (bytes) => take(bytes, tight);
  try {
    return action();
  } finally {
    heap.allocate = allocate;
    heap.allocateTight = tight;
  }
}
