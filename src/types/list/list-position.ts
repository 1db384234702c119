/** LPOS: where in a list an element is. */

import type { Call } from "../../command/call";
import type { Quicklist } from "../../memory/quicklist";
import { LPOS_COUNT_NEGATIVE, LPOS_MAXLEN_NEGATIVE, LPOS_RANK_ZERO, OUT_OF_INT64 } from "../../resp/errors";
import { countArgument, indexArgument, listForRead } from "./list-call";

interface Options {
  /** The first match that is wanted, counted from 1, or from -1 at the tail. */
  rank: number;
  /** How many matches are wanted, 0: all; -1: one, and not as an array. */
  count: number;
  /** Elements to look at; 0: all. */
  maxLength: number;
}

const options: Options = { rank: 1, count: -1, maxLength: 0 };

function rankArgument(c: Call, i: number): number {
  const rank = indexArgument(c, i);
  if (rank === -(2 ** 63) && c.text(i) === "-9223372036854775808") c.fail(OUT_OF_INT64);
  if (rank === 0) c.fail(LPOS_RANK_ZERO);
  return rank;
}

function parseOptions(c: Call): void {
  options.rank = 1;
  options.count = -1;
  options.maxLength = 0;
  for (let i = 3; i < c.argc && !c.failed; i += 2) {
    const hasValue = i + 1 < c.argc;
    if (hasValue && c.is(i, "rank")) options.rank = rankArgument(c, i + 1);
    else if (hasValue && c.is(i, "count")) options.count = countArgument(c, i + 1, 0, LPOS_COUNT_NEGATIVE);
    else if (hasValue && c.is(i, "maxlen")) options.maxLength = countArgument(c, i + 1, 0, LPOS_MAXLEN_NEGATIVE);
    else c.syntaxError();
  }
}

/** LPOS key element [RANK rank] [COUNT count] [MAXLEN len]. */
export function lpos(c: Call): void {
  parseOptions(c);
  if (c.failed) return;
  const list = listForRead(c, 1);
  if (c.failed) return;
  if (options.count < 0) {
    const index = list === null ? -1 : nextMatch(c, list, options.rank < 0, Math.abs(options.rank));
    if (index < 0) c.reply.null();
    else c.reply.integer(index);
  } else if (list === null) {
    c.reply.array(0);
  } else {
    replyMatches(c, list);
  }
}

/** Replies the indexes of `count` matches (0: of all) from match number `rank` on. */
function replyMatches(c: Call, list: Quicklist): void {
  const { reply } = c;
  const backwards = options.rank < 0;
  const start = reply.begin();
  let found = 0;
  let index = nextMatch(c, list, backwards, Math.abs(options.rank));
  while (index >= 0) {
    reply.integer(index);
    found++;
    if (found === options.count) break;
    index = step(list, backwards) ? matchFromHere(c, list, backwards) : -1;
  }
  reply.endArray(start, found);
}

/** Index of match number `rank` from the beginning (or the end) of the list, or -1. */
function nextMatch(c: Call, list: Quicklist, backwards: boolean, rank: number): number {
  if (!list.seek(backwards ? -1 : 0)) return -1;
  for (let left = rank; ; left--) {
    const index = matchFromHere(c, list, backwards);
    if (index < 0 || left === 1) return index;
    if (!step(list, backwards)) return -1;
  }
}

function step(list: Quicklist, backwards: boolean): boolean {
  return backwards ? list.previous() : list.next();
}

/** Index of the next match, the cursor's element included, within MAXLEN elements of where the search began; or -1. */
function matchFromHere(c: Call, list: Quicklist, backwards: boolean): number {
  const { buf, starts, ends } = c;
  const found = backwards ? list.findLast(buf, starts[2], ends[2]) : list.find(buf, starts[2], ends[2]);
  if (!found) return -1;
  const { maxLength } = options;
  const looked = backwards ? list.length - list.index : list.index + 1;
  return maxLength > 0 && looked > maxLength ? -1 : list.index;
}
