/**
 * Which parts of a dict a snapshot has written before it came to them: one bit for each bucket, a range of hashes with
 * about one element or none. Whoever changes an element has its bucket written first, so a change of one key writes that
 * key, which is at hand, and hardly another one.
 */

const BUCKET_ELEMENTS = 0.25;
const BUCKET_BITS_MAX = 27;
const HASH_BITS = 31;

/** Hashes are below this. */
export const HASH_END = 2 ** HASH_BITS;

export class BucketMap {
  /** Meaningless: where warm() leaves a sum of what it loaded, so that the compiler does not drop the loads. */
  warmed = 0;
  /** A hash without so many lower bits is the number of its bucket. */
  private readonly shift: number;
  private readonly width: number;
  private readonly early: Uint8Array;

  /** @param elements that the dict has */
  constructor(elements: number) {
    const bits = Math.min(BUCKET_BITS_MAX, Math.ceil(Math.log2(Math.max(1, elements / BUCKET_ELEMENTS))));
    this.shift = HASH_BITS - bits;
    this.width = 2 ** this.shift;
    this.early = new Uint8Array(Math.max(1, 2 ** (bits - 3)));
  }

  isEarly(hash: number): boolean {
    const bucket = hash >>> this.shift;
    return ((this.early[bucket >>> 3] >>> (bucket & 7)) & 1) === 1;
  }

  /** Notes that the bucket of a hash is about to be written. False if that was so already. */
  mark(hash: number): boolean {
    if (this.isEarly(hash)) return false;
    const bucket = hash >>> this.shift;
    this.early[bucket >>> 3] |= 1 << (bucket & 7);
    return true;
  }

  /** Loads what mark() needs for `count` hashes into the processor's cache: the loads overlap. */
  warm(hashes: Int32Array, count: number): void {
    const { early, shift } = this;
    let sink = 0;
    for (let i = 0; i < count; i++) sink ^= early[hashes[i] >>> (shift + 3)];
    this.warmed = sink;
  }

  /** The bucket of a hash: hashes from `first` up to, but not including, `end`. */
  first(hash: number): number {
    return (hash >>> this.shift) << this.shift;
  }

  end(hash: number): number {
    return this.first(hash) + this.width;
  }
}
