/**
 * Seeded random values for tests. The same seed gives the same sequence on every machine, so a failing run is
 * repeated by its seed. The generator is SplitMix32: 32 bits of state, every seed is good.
 */

export class Random {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed | 0;
  }

  /** 32 random bits, unsigned. */
  uint32(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  /** A float in [0, 1). */
  float(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** An integer in [min, max], both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.float() * (max - min + 1));
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** One of the choices, all equally likely. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)];
  }

  /** One of the choices by weight: `weighted({ get: 5, del: 1 })` gives "get" five times in six. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const names = Object.keys(weights) as K[];
    let left = this.float() * names.reduce((sum, name) => sum + weights[name], 0);
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    return names[names.length - 1];
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let i = 0; i < length; i++) result[i] = this.uint32();
    return result;
  }

  /** A string of `length` characters out of `alphabet`. */
  string(length: number, alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"): string {
    let result = "";
    for (let i = 0; i < length; i++) result += alphabet[this.integer(0, alphabet.length - 1)];
    return result;
  }

  /** An integer that is often at an edge: around 0, powers of two and the ends of 8 to 64 bits. In decimal. */
  edgeInteger(): string {
    const power = 1n << BigInt(this.pick([0, 7, 8, 15, 16, 31, 32, 52, 53, 62, 63, 64]));
    const value = power + BigInt(this.integer(-2, 2));
    return (this.chance(0.5) ? value : -value).toString();
  }

  /** A copy in random order. */
  shuffled<T>(values: readonly T[]): T[] {
    const result = [...values];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      const held = result[i];
      result[i] = result[j];
      result[j] = held;
    }
    return result;
  }
}
