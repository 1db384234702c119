/**
 * Deadline heap: which of many blocks is due next. A 4-ary min-heap of (deadline, ref), as event loops keep their timers
 * in, on the heap.
 *
 *     chunk (12 KiB)   1024 doubles: deadlines (ms)  |  1024 words: refs
 *     element i is number i & 1023 of chunk i >>> 10; its children are 4i + 1 to 4i + 4
 *
 * Whoever owns a block remembers at which position it stands, so that it can be moved or taken out without a search:
 * `moved(ref, position)` tells the owner whenever that changes. Every operation takes O(log n) steps, and growing copies
 * nothing.
 *
 * Invariant: no deadline is before that of its parent.
 */

import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "./heap";

const CHUNK_SHIFT = 10;
const CHUNK = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK - 1;
const CHUNK_BYTES = CHUNK * 12;

export class DeadlineHeap {
  /** Elements. */
  size = 0;
  /** Refs of the chunks, as many as were needed at most. */
  private chunks = new Uint32Array(4);
  private chunkCount = 0;

  /** @param moved hears of the position of every element that is put somewhere */
  constructor(
    private readonly heap: Heap,
    private readonly moved: (ref: number, position: number) => void,
  ) {}

  /** Bytes that it takes on the heap. */
  get bytes(): number {
    return this.chunkCount * CHUNK_BYTES;
  }

  /** The element that is due first, or 0 if there is none. */
  get first(): number {
    return this.size === 0 ? 0 : this.refAt(0);
  }

  /** The deadline of the first element, or Infinity. */
  get earliest(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.deadlineAt(0);
  }

  /** The deadline of the element at a position. */
  deadlineAt(position: number): number {
    const chunk = this.chunks[position >>> CHUNK_SHIFT];
    return this.heap.f64[chunk >>> SEGMENT_SHIFT][(chunk & SEGMENT_MASK) + (position & CHUNK_MASK)];
  }

  private refAt(position: number): number {
    const chunk = this.chunks[position >>> CHUNK_SHIFT];
    return this.heap.u32[chunk >>> SEGMENT_SHIFT][refWord(chunk, position)];
  }

  /** Adds an element. Throws HeapFullError if there is no memory for it: then nothing has changed. */
  insert(ref: number, deadline: number): void {
    if (this.size === this.chunkCount << CHUNK_SHIFT) this.addChunk();
    this.riseTo(this.size++, ref, deadline);
  }

  /** Gives the element at a position another deadline. */
  update(position: number, deadline: number): void {
    this.settle(position, this.refAt(position), deadline);
  }

  /** The block of the element at a position is elsewhere now. */
  replace(position: number, ref: number): void {
    const chunk = this.chunks[position >>> CHUNK_SHIFT];
    this.heap.u32[chunk >>> SEGMENT_SHIFT][refWord(chunk, position)] = ref;
  }

  /** Takes out the element at a position. */
  remove(position: number): void {
    const last = --this.size;
    if (position !== last) this.settle(position, this.refAt(last), this.deadlineAt(last));
    // One chunk to spare, so that an element added and removed in turn does not take and free it.
    const kept = last === 0 ? 0 : (last >>> CHUNK_SHIFT) + 2;
    while (this.chunkCount > kept) this.heap.free(this.chunks[--this.chunkCount]);
  }

  private addChunk(): void {
    const chunk = this.heap.allocate(CHUNK_BYTES);
    if (this.chunkCount === this.chunks.length) {
      const wider = new Uint32Array(this.chunks.length * 2);
      wider.set(this.chunks);
      this.chunks = wider;
    }
    this.chunks[this.chunkCount++] = chunk;
  }

  /** Finds the place of an element that takes the one at `position`. */
  private settle(position: number, ref: number, deadline: number): void {
    if (position > 0 && deadline < this.deadlineAt((position - 1) >>> 2)) this.riseTo(position, ref, deadline);
    else this.sinkTo(position, ref, deadline);
  }

  /** Moves parents down until the element fits, and puts it there. */
  private riseTo(from: number, ref: number, deadline: number): void {
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >>> 2;
      const above = this.deadlineAt(parent);
      if (above <= deadline) break;
      this.put(position, this.refAt(parent), above);
      position = parent;
    }
    this.put(position, ref, deadline);
  }

  /** Moves children up until the element fits, and puts it there. */
  private sinkTo(from: number, ref: number, deadline: number): void {
    let position = from;
    for (;;) {
      const child = this.earliestChild(position);
      if (child === 0 || this.deadlineAt(child) >= deadline) break;
      this.put(position, this.refAt(child), this.deadlineAt(child));
      position = child;
    }
    this.put(position, ref, deadline);
  }

  /** Position of the child with the earliest deadline; 0 if there is no child. */
  private earliestChild(position: number): number {
    const firstChild = position * 4 + 1;
    if (firstChild >= this.size) return 0;
    let best = firstChild;
    let earliest = this.deadlineAt(best);
    const end = Math.min(firstChild + 4, this.size);
    for (let child = firstChild + 1; child < end; child++) {
      const deadline = this.deadlineAt(child);
      if (deadline >= earliest) continue;
      best = child;
      earliest = deadline;
    }
    return best;
  }

  private put(position: number, ref: number, deadline: number): void {
    const chunk = this.chunks[position >>> CHUNK_SHIFT];
    const segment = chunk >>> SEGMENT_SHIFT;
    this.heap.f64[segment][(chunk & SEGMENT_MASK) + (position & CHUNK_MASK)] = deadline;
    this.heap.u32[segment][refWord(chunk, position)] = ref;
    this.moved(ref, position);
  }
}

/** Word, in its heap segment, of the ref at a position: behind the doubles of the chunk. */
function refWord(chunk: number, position: number): number {
  return ((chunk & SEGMENT_MASK) << 1) + CHUNK * 2 + (position & CHUNK_MASK);
}
