/** A heap without memory, at the allocations that a test chooses. */

import { type Heap, HeapFullError } from "../../src/memory/heap";

/** Does something while `mayTake` is asked before each block that the heap gives. */
function guarded<T>(heap: Heap, mayTake: () => boolean, action: () => T): T {
  const allocate = heap.allocate.bind(heap);
  const tight = heap.allocateTight.bind(heap);
  const take = (bytes: number, from: (bytes: number) => number): number => {
    if (!mayTake()) throw new HeapFullError("there is no more, for a test");
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

/** Does something while the heap gives so many blocks, and no more. */
export function withBlocks<T>(heap: Heap, blocks: number, action: () => T): T {
  let left = blocks;
  return guarded(heap, () => left-- > 0, action);
}

/** Does something during which the nth allocation fails, and those after it work. `starved`: it has come so far. */
export function withFailure<T>(heap: Heap, nth: number, action: () => T): { result: T; starved: boolean } {
  let left = nth;
  const result = guarded(heap, () => --left !== 0, action);
  return { result, starved: left <= 0 };
}
