/** What a micro benchmark is: a function over prepared data that does a known number of operations. */

export interface MicroCase {
  readonly name: string;
  /** Operations in one run; the figures are for one of them. */
  readonly operations: number;
  /** Bytes handled in one run, where the throughput is of interest. */
  readonly bytes?: number;
  /** Does the operations and returns a number that depends on all their results: the same for the same runs. */
  run(): number;
}

export interface Sizes {
  /** Elements of the dicts that are measured. */
  readonly dict: readonly number[];
  /** Live blocks of the heap while blocks are taken and given back. */
  readonly blocks: number;
}

/** Cases by what they measure. Preparing one may take a while, so that happens when its turn comes. */
export type Suite = (sizes: Sizes) => Iterable<MicroCase>;

/** Every suite's data comes from this seed. */
export const SEED = 42;

/** Mixes a number into a checksum (FNV-1a over 32-bit words). */
export function mix(sum: number, value: number): number {
  return Math.imul(sum ^ (value | 0), 0x01000193) >>> 0;
}
