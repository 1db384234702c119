/**
 * Redis's glob patterns, as KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET and ACL rules use them.
 *
 *   *      any run of bytes, also none       [abc] one of the bytes       \x  the byte x itself
 *   ?      any one byte                      [a-z] one of the range       [^a] any byte but these
 *
 * Corners that callers rely on, because Redis has them: a pattern other than the empty one never matches an empty text,
 * not even "*"; an unclosed class ends with the pattern; a range is compared as signed bytes, and reversed ends are
 * swapped; an escaped byte in a class is compared exactly even when case is ignored.
 *
 * Cost: a star that fails against the whole rest of the text makes every earlier star fail too (`exhausted`), so time
 * is O(pattern * text) for any pattern; more than MAX_STARS nested stars count as no match (CVE-2024-31228).
 */

import { bytesOf } from "./bytes";

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;
const BACKSLASH = 0x5c;

const MAX_STARS = 1000;

/** Set once a star found no match anywhere in the rest of the text: no earlier star needs to try longer runs. */
let exhausted = false;

/** Where the class that `classMatches` read ends: the index of its "]", or of the pattern's last byte if it has none. */
let classEnd = 0;

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
}

/** A byte as C's signed char, the type in which ranges are compared. */
function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function inRange(first: number, last: number, byte: number, nocase: boolean): boolean {
  let low = signed(first);
  let high = signed(last);
  let value = signed(byte);
  if (low > high) {
    const swap = low;
    low = high;
    high = swap;
  }
  if (nocase) {
    low = lower(low);
    high = lower(high);
    value = lower(value);
  }
  return value >= low && value <= high;
}

/** Whether the class whose "[" is at `open` holds `byte`; leaves the class's last index in `classEnd`. */
function classMatches(pattern: Uint8Array, open: number, pEnd: number, byte: number, nocase: boolean): boolean {
  let p = open + 1;
  const negated = p < pEnd && pattern[p] === CARET;
  if (negated) p++;
  let found = false;
  for (; ; p++) {
    if (p >= pEnd) {
      p = pEnd - 1;
      break;
    }
    const c = pattern[p];
    if (c === BACKSLASH && p + 1 < pEnd) {
      p++;
      if (pattern[p] === byte) found = true;
    } else if (c === CLOSE) {
      break;
    } else if (p + 2 < pEnd && pattern[p + 1] === DASH) {
      if (inRange(c, pattern[p + 2], byte, nocase)) found = true;
      p += 2;
    } else if (nocase ? lower(c) === lower(byte) : c === byte) {
      found = true;
    }
  }
  classEnd = p;
  return found !== negated;
}

function matchFrom(
  pattern: Uint8Array,
  pStart: number,
  pEnd: number,
  text: Uint8Array,
  tStart: number,
  tEnd: number,
  nocase: boolean,
  stars: number,
): boolean {
  if (stars > MAX_STARS) return false;
  let p = pStart;
  let t = tStart;
  while (p < pEnd && t < tEnd) {
    const c = pattern[p];
    if (c === STAR) {
      while (p + 1 < pEnd && pattern[p + 1] === STAR) p++;
      if (p + 1 === pEnd) return true;
      for (; t < tEnd; t++) {
        if (matchFrom(pattern, p + 1, pEnd, text, t, tEnd, nocase, stars + 1)) return true;
        if (exhausted) return false;
      }
      exhausted = true;
      return false;
    }
    if (c === OPEN) {
      if (!classMatches(pattern, p, pEnd, text[t], nocase)) return false;
      p = classEnd;
    } else if (c !== QUESTION) {
      if (c === BACKSLASH && p + 1 < pEnd) p++;
      if (nocase ? lower(pattern[p]) !== lower(text[t]) : pattern[p] !== text[t]) return false;
    }
    p++;
    t++;
    if (t === tEnd) {
      while (p < pEnd && pattern[p] === STAR) p++;
      break;
    }
  }
  return p >= pEnd && t === tEnd;
}

/** Whether the bytes [tStart, tEnd) of `text` match the glob [pStart, pEnd) of `pattern`. Allocates nothing. */
export function globMatch(
  pattern: Uint8Array,
  pStart: number,
  pEnd: number,
  text: Uint8Array,
  tStart: number,
  tEnd: number,
  nocase: boolean,
): boolean {
  exhausted = false;
  return matchFrom(pattern, pStart, pEnd, text, tStart, tEnd, nocase, 0);
}

/** `globMatch` for latin1 strings, where speed does not matter. */
export function globMatchString(pattern: string, text: string, nocase: boolean): boolean {
  const p = bytesOf(pattern);
  const t = bytesOf(text);
  return globMatch(p, 0, p.length, t, 0, t.length, nocase);
}
