/**
 * Longest common subsequence of two byte strings, by dynamic programming (Wagner and Fischer, 1974).
 *
 * The lengths need one row of the table at a time. To walk back through it, all that must be known of a cell where the
 * bytes differ is whether the cell above is longer than the one to the left: one bit a cell, where a table of lengths
 * takes four bytes.
 *
 * Of several longest subsequences the walk finds Redis's: from the ends of both strings, matching bytes are always
 * taken, and else `a` is shortened only if that is strictly better than shortening `b`.
 */

import { allocating } from "../../util/out-of-memory";

/** A run of bytes that are in both strings: a[aStart..aEnd] equals b[bStart..bEnd], ends included. */
export interface LcsMatch {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

export class Lcs {
  /** Length of the longest common subsequence. */
  readonly length: number;
  /** Rows of bits, from word i * rowWords on. Bit j of row i: a[0..i) with b[0..j] has more than a[0..i] with b[0..j). */
  private readonly upward: Uint32Array | null;
  private readonly rowWords: number;

  /**
   * @param walkable whether text() or matches() will be called
   * Throws OutOfMemoryError if there is no memory for the bits.
   */
  constructor(
    private readonly a: Uint8Array,
    private readonly b: Uint8Array,
    walkable: boolean,
  ) {
    this.rowWords = Math.ceil(b.length / 32);
    this.upward = walkable ? allocating(() => new Uint32Array(a.length * this.rowWords)) : null;
    this.length = this.fill();
  }

  private fill(): number {
    const { a, b, upward, rowWords } = this;
    // lengths[j]: of a[0..i) and b[0..j), overwritten by those of a[0..i] from left to right.
    const lengths = new Uint32Array(b.length + 1);
    for (let i = 0; i < a.length; i++) {
      const byte = a[i];
      let diagonal = 0;
      for (let j = 0; j < b.length; j++) {
        const above = lengths[j + 1];
        const left = lengths[j];
        if (byte === b[j]) lengths[j + 1] = diagonal + 1;
        else if (above <= left) lengths[j + 1] = left;
        else if (upward !== null) upward[i * rowWords + (j >>> 5)] |= 1 << (j & 31);
        diagonal = above;
      }
    }
    return lengths[b.length];
  }

  /** Whether the way back from the differing bytes a[i] and b[j] goes to a[i - 1]. */
  private goesUp(i: number, j: number): boolean {
    return this.upward !== null && (this.upward[i * this.rowWords + (j >>> 5)] & (1 << (j & 31))) !== 0;
  }

  /** The subsequence itself. */
  text(): Uint8Array {
    const { a, b } = this;
    const text = new Uint8Array(this.length);
    let left = this.length;
    let i = a.length;
    let j = b.length;
    while (i > 0 && j > 0) {
      if (a[i - 1] === b[j - 1]) {
        text[--left] = a[--i];
        j--;
      } else if (this.goesUp(i - 1, j - 1)) i--;
      else j--;
    }
    return text;
  }

  /** The runs that the subsequence consists of, the last one first. */
  matches(): LcsMatch[] {
    const { a, b } = this;
    const matches: LcsMatch[] = [];
    let i = a.length;
    let j = b.length;
    while (i > 0 && j > 0) {
      if (a[i - 1] !== b[j - 1]) {
        if (this.goesUp(i - 1, j - 1)) i--;
        else j--;
        continue;
      }
      const aEnd = i - 1;
      const bEnd = j - 1;
      while (i > 0 && j > 0 && a[i - 1] === b[j - 1]) {
        i--;
        j--;
      }
      matches.push({ aStart: i, aEnd, bStart: j, bEnd });
    }
    return matches;
  }
}
