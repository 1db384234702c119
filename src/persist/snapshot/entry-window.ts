/**
 * A window on the entries of a dict: some are gathered, their memory is touched all at once, and then they are written.
 *
 * Entries lie in the heap in the order in which they were made, and the dict has them in the order of their hashes. So
 * every entry is a cache miss, and the processor waits for one before it asks for the next: 260 ns to write a key of a
 * large data set. Asked for together they come together: 70 ns.
 */

import type { Heap } from "../../memory/heap";

export class EntryWindow {
  private refs = new Uint32Array(1024);
  private count = 0;

  constructor(private readonly heap: Heap) {}

  readonly add = (ref: number): void => {
    if (this.count === this.refs.length) this.grow();
    this.refs[this.count++] = ref;
  };

  private grow(): void {
    const larger = new Uint32Array(this.refs.length * 2);
    larger.set(this.refs);
    this.refs = larger;
  }

  /** Visits the entries in the order in which they were added; the window is empty then. */
  visit(visit: (ref: number) => void): void {
    const { refs, count } = this;
    this.count = 0;
    this.heap.touch(refs, count);
    for (let i = 0; i < count; i++) visit(refs[i]);
  }
}
