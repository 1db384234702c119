/**
 * Ranges of sorted sets as commands name them, by rank, by score or lexicographically, and the interval of ranks that each
 * of them is in a given sorted set.
 */

import type { Call } from "../../command/call";
import { LEX_RANGE_INVALID, SCORE_RANGE_INVALID } from "../../resp/errors";
import { parseStrtod } from "../../util/doubles";
import type { SortedSet } from "./zset";
import { rounded } from "./zset-call";

export const BY_RANK = 0;
export const BY_SCORE = 1;
export const BY_LEX = 2;

const OPEN = 0x28;
const CLOSED = 0x5b;
const MINUS = 0x2d;
const PLUS = 0x2b;

/** One end of a range by score. */
class ScoreBound {
  value = 0;
  exclusive = false;

  /** Takes over argument i: "(1.5" leaves 1.5 out. */
  parse(c: Call, i: number): void {
    const start = c.starts[i];
    const end = c.ends[i];
    this.exclusive = start < end && c.buf[start] === OPEN;
    this.value = parseStrtod(c.buf, this.exclusive ? start + 1 : start, end);
    if (Number.isNaN(this.value)) c.fail(SCORE_RANGE_INVALID);
  }
}

/** One end of a lexicographical range: a member, or before or behind all of them. */
class LexBound {
  /** -1: before all members, 1: behind all, 0: at buf[start, end). */
  side = 0;
  exclusive = false;
  buf: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  /** Takes over argument i: "-", "+", "[member" or "(member". */
  parse(c: Call, i: number): void {
    const { buf } = c;
    this.buf = buf;
    this.start = c.starts[i] + 1;
    this.end = c.ends[i];
    this.side = 0;
    const first = this.start <= this.end ? buf[this.start - 1] : 0;
    // To Redis these are C strings, which end at a NUL.
    const isAlone = this.start === this.end || buf[this.start] === 0;
    if ((first === MINUS || first === PLUS) && isAlone) this.side = first === MINUS ? -1 : 1;
    else if (first !== OPEN && first !== CLOSED) c.fail(LEX_RANGE_INVALID);
    this.exclusive = first === OPEN;
  }
}

/** A range, and the interval of ranks that resolve() found. One object serves one command after the other. */
export class ZsetInterval {
  /** The ranks [from, from + count). */
  from = 0;
  count = 0;

  private kind = BY_RANK;
  // By rank; negative ones count from the end.
  private first = 0;
  private last = 0;
  private readonly minScore = new ScoreBound();
  private readonly maxScore = new ScoreBound();
  private readonly minLex = new LexBound();
  private readonly maxLex = new LexBound();

  /** Takes over the range between arguments `min` and `max`; fails if they are none. */
  parse(c: Call, kind: number, min: number, max: number): void {
    this.kind = kind;
    if (kind === BY_RANK) {
      this.first = rounded(c, min);
      this.last = rounded(c, max);
    } else if (kind === BY_SCORE) {
      this.minScore.parse(c, min);
      this.maxScore.parse(c, max);
    } else {
      this.minLex.parse(c, min);
      this.maxLex.parse(c, max);
    }
  }

  /** Finds the interval in a sorted set; ranks count from its end if `reverse`, which concerns ranges by rank only. */
  resolve(zset: SortedSet, reverse: boolean): void {
    if (this.kind === BY_RANK) this.resolveRanks(zset.size, reverse);
    else if (this.kind === BY_SCORE) this.resolveScores(zset);
    else this.resolveLex(zset);
  }

  private resolveRanks(size: number, reverse: boolean): void {
    const first = Math.max(0, this.first < 0 ? size + this.first : this.first);
    const last = Math.min(size - 1, this.last < 0 ? size + this.last : this.last);
    this.set(reverse ? size - 1 - last : first, reverse ? size - first : last + 1);
  }

  private resolveScores(zset: SortedSet): void {
    const { minScore, maxScore } = this;
    const from = zset.countBelow(minScore.value, minScore.exclusive);
    this.set(from, zset.countBelow(maxScore.value, !maxScore.exclusive));
  }

  private resolveLex(zset: SortedSet): void {
    const { minLex, maxLex } = this;
    this.set(rankOf(zset, minLex, minLex.exclusive), rankOf(zset, maxLex, !maxLex.exclusive));
  }

  private set(from: number, end: number): void {
    this.from = from;
    this.count = Math.max(0, end - from);
  }

  /** Keeps `limit` ranks (all for a negative number) behind the first `offset`; from the end if `reverse`. */
  limit(offset: number, limit: number, reverse: boolean): void {
    const skipped = offset < 0 ? this.count : Math.min(offset, this.count);
    const left = this.count - skipped;
    const kept = limit < 0 ? left : Math.min(limit, left);
    this.from += reverse ? left - kept : skipped;
    this.count = kept;
  }
}

/** Members before a bound, or also at it if `inclusive`. */
function rankOf(zset: SortedSet, bound: LexBound, inclusive: boolean): number {
  if (bound.side !== 0) return bound.side < 0 ? 0 : zset.size;
  return zset.countBelowMember(bound.buf, bound.start, bound.end, inclusive);
}
