/**
 * Which parts of a dict a snapshot has written before it came to them: one bit for each bucket, a range of hashes with
 * about one element or none. Whoever changes an element has its bucket written first, so a change of one key writes that
 * key, which is at hand, and hardly another one.
 */

const BUCKET_ELEMENTS = 0.5;
const BUCKET_BITS_MAX = 27;
const HASH_BITS = 31;

/** Hashes are below this. */
export const HASH_END = 2 ** HASH_BITS;

export class BucketMap {
  /** A hash without so many lower bits is the number of its bucket. */
  private readonly shift: number;
  private readonly early: Uint8Array;

  /** @param elements that the dict has */
  constructor(elements: number) {
    const bits = Math.min(BUCKET_BITS_MAX, Math.ceil(Math.log2(Math.max(1, elements / BUCKET_ELEMENTS))));
    this.shift = HASH_BITS - bits;
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

  /** The bucket of a hash: hashes from `first` up to, but not including, `end`. */
  first(hash: number): number {
    return (hash >>> this.shift) * 2 ** this.shift;
  }

  end(hash: number): number {
    return this.first(hash) + 2 ** this.shift;
  }
}
