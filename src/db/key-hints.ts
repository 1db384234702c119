/** Hashes of keys that are about to be looked up, in the order in which that is expected. */

/** Keys that are looked ahead at a time: enough for their cache misses to overlap, few enough to stay in the cache. */
export const LOOK_AHEAD_MAX = 16;

const NO_BUFFER = new Uint8Array(0);

export class KeyHints {
  count = 0;
  readonly hashes = new Int32Array(LOOK_AHEAD_MAX);
  private readonly starts = new Int32Array(LOOK_AHEAD_MAX);
  private readonly ends = new Int32Array(LOOK_AHEAD_MAX);
  private buf: Uint8Array = NO_BUFFER;
  private next = 0;

  /** Forgets everything, the buffer too. */
  clear(): void {
    this.count = 0;
    this.next = 0;
    this.buf = NO_BUFFER;
  }

  /** Notes the hash of the key `buf[start, end)`; all hints are of one buffer. */
  add(buf: Uint8Array, start: number, end: number, hash: number): void {
    this.buf = buf;
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.hashes[this.count++] = hash;
  }

  /** The hash of this key if it is the one expected, else -1. */
  take(buf: Uint8Array, start: number, end: number): number {
    if (buf !== this.buf) return -1;
    // Keys that no command asked for are passed over.
    while (this.next < this.count && this.starts[this.next] < start) this.next++;
    if (this.next >= this.count || this.starts[this.next] !== start || this.ends[this.next] !== end) return -1;
    return this.hashes[this.next];
  }
}
