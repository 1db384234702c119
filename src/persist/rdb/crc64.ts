/**
 * CRC-64 with the polynomial of Jones ("CRC-64 redis"): reflected in and out, starting at 0, no final XOR. RDB files and
 * DUMP payloads end with it. The check value, over the digits "123456789", is 0xe9c6d914c4b8d9ca.
 *
 * A sum is two 32-bit halves. Eight bytes are taken at a step with eight tables ("slicing by eight", Kounavis and Berry,
 * 2005): table k holds the sums of a byte that k zero bytes follow.
 */

/** The polynomial 0xad93d23594c935a9 with its bits in reverse. */
const POLYNOMIAL_HI = 0x95ac9329;
const POLYNOMIAL_LO = 0xac4bc9b5;

const SLICES = 8;
const tableHi = new Int32Array(SLICES * 256);
const tableLo = new Int32Array(SLICES * 256);

function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let hi = 0;
    let lo = byte;
    for (let bit = 0; bit < 8; bit++) {
      const carry = lo & 1;
      lo = (lo >>> 1) | (hi << 31);
      hi >>>= 1;
      if (carry === 1) {
        hi ^= POLYNOMIAL_HI;
        lo ^= POLYNOMIAL_LO;
      }
    }
    tableHi[byte] = hi;
    tableLo[byte] = lo;
  }
  for (let i = 256; i < SLICES * 256; i++) {
    const hi = tableHi[i - 256];
    const lo = tableLo[i - 256];
    const low = lo & 0xff;
    tableLo[i] = ((lo >>> 8) | (hi << 24)) ^ tableLo[low];
    tableHi[i] = (hi >>> 8) ^ tableHi[low];
  }
}

/** A running sum: update() with the bytes in order, then read hi and lo. */
export class Crc64 {
  /** Upper and lower half, unsigned. */
  hi = 0;
  lo = 0;

  /** Starts again. */
  reset(): void {
    this.hi = 0;
    this.lo = 0;
  }

  /** Adds the bytes in [start, end). */
  update(buf: Uint8Array, start: number, end: number): void {
    if (tableLo[1] === 0) fillTables();
    let hi = this.hi | 0;
    let lo = this.lo | 0;
    let at = start;
    for (const last = end - SLICES; at <= last; at += SLICES) {
      lo ^= buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
      hi ^= buf[at + 4] | (buf[at + 5] << 8) | (buf[at + 6] << 16) | (buf[at + 7] << 24);
      const a = 0x700 | (lo & 0xff);
      const b = 0x600 | ((lo >>> 8) & 0xff);
      const c = 0x500 | ((lo >>> 16) & 0xff);
      const d = 0x400 | (lo >>> 24);
      const e = 0x300 | (hi & 0xff);
      const f = 0x200 | ((hi >>> 8) & 0xff);
      const g = 0x100 | ((hi >>> 16) & 0xff);
      const h = hi >>> 24;
      lo = tableLo[a] ^ tableLo[b] ^ tableLo[c] ^ tableLo[d] ^ tableLo[e] ^ tableLo[f] ^ tableLo[g] ^ tableLo[h];
      hi = tableHi[a] ^ tableHi[b] ^ tableHi[c] ^ tableHi[d] ^ tableHi[e] ^ tableHi[f] ^ tableHi[g] ^ tableHi[h];
    }
    for (; at < end; at++) {
      const low = (lo ^ buf[at]) & 0xff;
      lo = ((lo >>> 8) | (hi << 24)) ^ tableLo[low];
      hi = (hi >>> 8) ^ tableHi[low];
    }
    this.hi = hi >>> 0;
    this.lo = lo >>> 0;
  }

  /** Writes the sum as files hold it: 8 bytes, little endian. */
  write(out: Uint8Array, at: number): void {
    for (let i = 0; i < 4; i++) {
      out[at + i] = this.lo >>> (8 * i);
      out[at + 4 + i] = this.hi >>> (8 * i);
    }
  }

  /** Whether the 8 bytes at `at` are this sum. */
  matches(buf: Uint8Array, at: number): boolean {
    for (let i = 0; i < 4; i++) {
      if (buf[at + i] !== ((this.lo >>> (8 * i)) & 0xff)) return false;
      if (buf[at + 4 + i] !== ((this.hi >>> (8 * i)) & 0xff)) return false;
    }
    return true;
  }

  /** In hexadecimal without leading zeros, as logs print it. */
  toString(): string {
    return ((BigInt(this.hi) << 32n) | BigInt(this.lo)).toString(16);
  }
}
