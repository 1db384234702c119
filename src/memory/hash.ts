/**
 * The dict's hash function: HalfSipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 32-bit
 * variant), keyed with a seed that differs per process, so that nobody outside can choose keys that collide.
 *
 * Only 31 bits of the result are used: as a non-negative int32 it stays in JavaScript's fast integer range, and the
 * dict keeps a flag in the bit that is left.
 */

/** What computes hashes, or knows them already. */
export interface Hasher {
  hash(buf: Uint8Array, start: number, end: number): number;
}

export class KeyHasher implements Hasher {
  /** @param k0 and k1: the 64-bit key, as two 32-bit halves */
  constructor(
    private readonly k0: number,
    private readonly k1: number,
  ) {}

  /** Hash of `buf[start, end)`: an integer in [0, 2^31). */
  hash(buf: Uint8Array, start: number, end: number): number {
    let v0 = this.k0;
    let v1 = this.k1;
    let v2 = this.k0 ^ 0x6c796765;
    let v3 = this.k1 ^ 0x74656462;
    let at = start;
    for (const last = end - 3; at < last; at += 4) {
      const word = buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
      v3 ^= word;
      // One round.
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    let tail = (end - start) << 24;
    for (let shift = 0; at < end; at++, shift += 8) tail |= buf[at] << shift;
    v3 ^= tail;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= tail;
    v2 ^= 0xff;
    for (let round = 0; round < 3; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    return (v1 ^ v3) & 0x7fffffff;
  }
}
