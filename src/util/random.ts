/**
 * Randomness, injected: a fixed seed makes tests and benchmarks repeatable. The generator is xoshiro128** 1.1 by
 * Blackman and Vigna (period 2^128 - 1, passes BigCrush), seeded through splitmix32 so that similar seeds give
 * unrelated sequences. It is not for secrets: run ids and hash seeds come from `secureBytes`.
 */

/** A source of uniformly distributed numbers. */
export interface Random {
  /** An integer in [0, 2^32). */
  next32(): number;
  /** An integer in [0, n), without bias; n is an integer in [1, 2^32]. */
  below(n: number): number;
  /** `n` fresh bytes. */
  bytes(n: number): Uint8Array;
}

const TWO_32 = 0x1_0000_0000;

/** xoshiro128** with a seed. */
export class SeededRandom implements Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /** @param seed any integer; its low 32 bits count */
  constructor(seed: number) {
    let state = seed | 0;
    const splitmix = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.a = splitmix();
    this.b = splitmix();
    this.c = splitmix();
    this.d = splitmix();
    // The all-zero state is the one fixed point of the generator.
    if ((this.a | this.b | this.c | this.d) === 0) this.a = 1;
  }

  /** A generator whose whole 128-bit state is given (four 32-bit words, not all zero). */
  static fromState(a: number, b: number, c: number, d: number): SeededRandom {
    if ((a | b | c | d) === 0) throw new RangeError("the state must not be all zero");
    const random = new SeededRandom(0);
    random.a = a | 0;
    random.b = b | 0;
    random.c = c | 0;
    random.d = d | 0;
    return random;
  }

  next32(): number {
    const b = this.b;
    const times5 = Math.imul(b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const shifted = b << 9;
    let c = this.c ^ this.a;
    let d = this.d ^ b;
    this.b = b ^ c;
    this.a = this.a ^ d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    this.c = c;
    this.d = d;
    return result;
  }

  below(n: number): number {
    if (!(n >= 1 && n <= TWO_32)) throw new RangeError("below(n) needs 1 <= n <= 2^32");
    // Values of the last, incomplete run of n would make small results likelier: draw again.
    const limit = TWO_32 - (TWO_32 % n);
    let value = this.next32();
    while (value >= limit) value = this.next32();
    return value % n;
  }

  bytes(n: number): Uint8Array {
    const out = new Uint8Array(n);
    for (let i = 0; i < n; i += 4) {
      const word = this.next32();
      for (let j = 0; j < 4 && i + j < n; j++) out[i + j] = word >>> (8 * j);
    }
    return out;
  }
}

/** `n` bytes of the operating system's cryptographic generator. */
export function secureBytes(n: number): Uint8Array {
  const out = new Uint8Array(n);
  // getRandomValues takes at most 65,536 bytes a call.
  for (let i = 0; i < n; i += 65536) crypto.getRandomValues(out.subarray(i, Math.min(n, i + 65536)));
  return out;
}

/** A generator with a fresh 128-bit seed from the operating system. */
export function seededFromSystem(): SeededRandom {
  const words = new Uint32Array(4);
  do crypto.getRandomValues(words);
  while ((words[0] | words[1] | words[2] | words[3]) === 0);
  return SeededRandom.fromState(words[0], words[1], words[2], words[3]);
}

/** The process's generator, seeded by the operating system at start. */
export const systemRandom: Random = seededFromSystem();
