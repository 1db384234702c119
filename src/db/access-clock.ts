/**
 * What the 24 LRU/LFU bits of an entry mean.
 *
 * LRU: seconds of a 24-bit clock at the last access. LFU: 16 bits of minutes since the counter last decayed and an
 * 8-bit logarithmic counter (Morris, "Counting large numbers of events in small registers"), as in Redis.
 */

import type { Random } from "../util/random";

const LRU_BITS_MASK = 0xffffff;
const LFU_INIT = 5;
const MINUTES_MASK = 0xffff;

export class AccessClock {
  /** True while maxmemory-policy is one of the LFU policies. */
  lfu = false;
  logFactor = 10;
  /** Minutes for the counter to lose one; 0: never. */
  decayMinutes = 1;
  private seconds = 0;

  constructor(private readonly random: Random) {}

  /** Sets the time (ms since the epoch); called by cron, as a second is precise enough. */
  update(nowMs: number): void {
    this.seconds = Math.floor(nowMs / 1000);
  }

  /** Bits of a new entry. */
  initial(): number {
    return this.lfu ? (this.minutes() << 8) | LFU_INIT : this.clock();
  }

  /** Bits after one more access, from the bits before. */
  touched(bits: number): number {
    if (!this.lfu) return this.clock();
    return (this.minutes() << 8) | this.increment(this.frequency(bits));
  }

  /**
   * Bits of an entry that comes from a file or a payload, which says how many seconds it had been idle, or how often it
   * was accessed (the logarithmic counter). -1: it does not say so.
   */
  restored(idleSeconds: number, frequency: number): number {
    if (this.lfu) return frequency < 0 ? this.initial() : (this.minutes() << 8) | frequency;
    if (idleSeconds < 0) return this.initial();
    const bits = this.clock() - idleSeconds;
    return (bits < 0 ? bits + LRU_BITS_MASK : bits) & LRU_BITS_MASK;
  }

  /** Seconds since the last access. */
  idleSeconds(bits: number): number {
    const idle = this.clock() - bits;
    return idle >= 0 ? idle : idle + LRU_BITS_MASK + 1;
  }

  /** The logarithmic counter, decayed to now. */
  frequency(bits: number): number {
    const counter = bits & 0xff;
    if (this.decayMinutes === 0) return counter;
    const elapsed = (this.minutes() - (bits >>> 8)) & MINUTES_MASK;
    return Math.max(0, counter - Math.floor(elapsed / this.decayMinutes));
  }

  /** The 24-bit clock, in seconds. */
  clock(): number {
    return this.seconds & LRU_BITS_MASK;
  }

  private minutes(): number {
    return Math.floor(this.seconds / 60) & MINUTES_MASK;
  }

  private increment(counter: number): number {
    if (counter === 255) return 255;
    const base = Math.max(0, counter - LFU_INIT);
    return this.random.next32() / 0x100000000 < 1 / (base * this.logFactor + 1) ? counter + 1 : counter;
  }
}
