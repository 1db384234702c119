/**
 * Cursors as SCAN and its kin take them: Redis reads them with C's strtoul and then refuses white space at the start, so
 * signs, leading zeros and even the empty text (0) are cursors.
 */

import { int64, parseUint64 } from "../util/integers";

const MINUS = 0x2d;
const PLUS = 0x2b;
const NINE = 0x39;

/** Parses a cursor into the unsigned 64 bits of `int64`; false if it is none. */
export function parseCursor(buf: Uint8Array, start: number, end: number): boolean {
  // As a C string, the text ends at a NUL byte.
  const zero = buf.subarray(start, end).indexOf(0);
  const last = zero < 0 ? end : start + zero;
  if (last === start) {
    int64.hi = 0;
    int64.lo = 0;
    return true;
  }
  const first = buf[start];
  if (first <= 0x20) return false;
  // A negative cursor wraps around, as it does in strtoul: all of them lie behind the last position.
  const unsigned = first === MINUS ? start + 1 : start;
  const next = buf[unsigned];
  if (unsigned > start && (unsigned === last || next <= 0x20 || next === PLUS || next > NINE)) return false;
  if (!parseUint64(buf, unsigned, last)) return false;
  if (unsigned > start && (int64.hi !== 0 || int64.lo !== 0)) {
    int64.hi = -1;
    int64.lo = 0xffffffff;
  }
  return true;
}
