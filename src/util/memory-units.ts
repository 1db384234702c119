/** Memory amounts as people write them (redis.conf, CONFIG SET: "100mb") and as INFO prints them ("1.05M"). */

import { formatFixed } from "./fixed";

const UNITS: Record<string, bigint> = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
};

const MAX_UINT64 = 2n ** 64n - 1n;

/**
 * The bytes that `text` stands for: digits and a unit (b, k, kb, m, mb, g, gb in any case; k is 1000 and kb 1024), or null
 * if it is no such text. As in Redis, missing digits are 0, digits beyond 64 bits saturate, and the product wraps.
 */
export function parseMemoryExact(text: string): bigint | null {
  const match = /^([0-9]{0,127})([a-z]{0,2})$/i.exec(text);
  if (match === null || match[0].length !== text.length) return null;
  const unit = UNITS[match[2].toLowerCase()];
  if (unit === undefined) return null;
  const digits = BigInt(match[1] === "" ? "0" : match[1]);
  return BigInt.asUintN(64, (digits > MAX_UINT64 ? MAX_UINT64 : digits) * unit);
}

const HUMAN_SUFFIXES = ["B", "K", "M", "G", "T", "P"];

/** `n` bytes for people, as in INFO's used_memory_human: "512B", "1.05M". `n` is an integer, not negative. */
export function bytesToHuman(n: number): string {
  let power = 0;
  let divisor = 1;
  while (power < HUMAN_SUFFIXES.length && n >= divisor * 1024) {
    divisor *= 1024;
    power++;
  }
  if (power === 0 || power === HUMAN_SUFFIXES.length) return `${n}B`;
  return formatFixed(n / divisor, 2) + HUMAN_SUFFIXES[power];
}
