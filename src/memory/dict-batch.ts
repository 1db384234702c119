/**
 * Elements on their way into a dict, some at a time: where they belong is looked up for all of them at once first, so that
 * the processor's cache misses overlap (Dict.warmAll). In a large dict they are most of what an insertion takes.
 *
 * Whoever fills a dict from a file knows that it changes by nothing else meanwhile.
 */

import type { Dict } from "./dict";
import type { Heap } from "./heap";

const ELEMENTS = 64;

export class DictBatch {
  private readonly refs = new Uint32Array(ELEMENTS);
  private readonly hashes = new Int32Array(ELEMENTS);
  private count = 0;
  private placed = 0;

  /**
   * @param place puts the element at `ref`, whose key has this hash, into the dict (and wherever else it belongs), unless
   *   its key is there already: then it returns false
   */
  constructor(
    private readonly heap: Heap,
    private readonly dict: Dict,
    private readonly place: (hash: number, ref: number) => boolean,
  ) {}

  /**
   * Reads `count` elements, each of which `read` hands to add(), into the dict. Returns false where one has a key that is
   * there already. Then, and if something is thrown, all that is not placed is freed.
   */
  fill(count: number, read: () => void): boolean {
    try {
      for (let i = 0; i < count; i++) {
        if (this.count === ELEMENTS && !this.flush()) return false;
        read();
      }
      return this.flush();
    } finally {
      this.discard();
    }
  }

  /** Takes the element at `ref`, whose key has this hash. */
  add(hash: number, ref: number): void {
    this.hashes[this.count] = hash;
    this.refs[this.count++] = ref;
  }

  private flush(): boolean {
    const { hashes, refs, count } = this;
    this.dict.warmAll(hashes, count);
    for (; this.placed < count; this.placed++) {
      if (!this.place(hashes[this.placed], refs[this.placed])) return false;
    }
    this.count = 0;
    this.placed = 0;
    return true;
  }

  private discard(): void {
    for (let i = this.placed; i < this.count; i++) this.heap.free(this.refs[i]);
    this.count = 0;
    this.placed = 0;
  }
}
