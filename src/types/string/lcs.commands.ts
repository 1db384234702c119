/** LCS: the longest common subsequence of two string values. The algorithm is in lcs.ts. */

import type { Call } from "../../command/call";
import { type CommandDefinition, keyRange, READONLY } from "../../command/command-spec";
import { TYPE_STRING } from "../../db/entry";
import { LCS_LEN_AND_IDX, LCS_NOT_STRINGS, LCS_OUT_OF_MEMORY, NOT_AN_INTEGER } from "../../resp/errors";
import { parseInt64Rounded } from "../../util/integers";
import { Lcs, type LcsMatch } from "./lcs";
import { stringBytes } from "./string";

/** Bytes that Redis's table takes a cell: it is this table that proto-max-bulk-len limits. */
const CELL_BYTES = 4;

interface LcsOptions {
  len: boolean;
  idx: boolean;
  withMatchLen: boolean;
  /** Shortest match to report. */
  minMatchLen: number;
}

function parseOptions(c: Call): LcsOptions {
  const options: LcsOptions = { len: false, idx: false, withMatchLen: false, minMatchLen: 0 };
  for (let i = 3; i < c.argc && !c.failed; i++) {
    if (c.is(i, "idx")) options.idx = true;
    else if (c.is(i, "len")) options.len = true;
    else if (c.is(i, "withmatchlen")) options.withMatchLen = true;
    else if (c.is(i, "minmatchlen") && i + 1 < c.argc) options.minMatchLen = minimum(c, ++i);
    else c.syntaxError();
  }
  if (options.len && options.idx) c.fail(LCS_LEN_AND_IDX);
  return options;
}

function minimum(c: Call, i: number): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (Number.isNaN(value)) c.fail(NOT_AN_INTEGER);
  return value;
}

/** A copy of a string value, empty for a missing key: it outlives the look at the other one. */
function copyOf(c: Call, ref: number): Uint8Array {
  if (ref === 0) return new Uint8Array(0);
  const { bytes, at, length } = stringBytes(c.db.keyspace, ref);
  return new Uint8Array(bytes.subarray(at, at + length));
}

/** LCS key1 key2 [LEN|IDX] [MINMATCHLEN n] [WITHMATCHLEN]. */
function lcs(c: Call): void {
  const { entries } = c.db.keyspace;
  const refA = c.read(1);
  const refB = c.read(2);
  if ((refA !== 0 && entries.type(refA) !== TYPE_STRING) || (refB !== 0 && entries.type(refB) !== TYPE_STRING)) {
    c.fail(LCS_NOT_STRINGS);
    return;
  }
  const options = parseOptions(c);
  if (c.failed) return;
  const a = copyOf(c, refA);
  const b = copyOf(c, refB);
  if ((a.length + 1) * (b.length + 1) * CELL_BYTES > c.server.config.protoMaxBulkLen) {
    c.fail(LCS_OUT_OF_MEMORY);
    return;
  }
  const result = new Lcs(a, b, !options.len);
  if (options.len) c.reply.integer(result.length);
  else if (options.idx) replyMatches(c, result, options);
  else c.reply.bulk(result.text(), 0, result.length);
}

function replyMatches(c: Call, result: Lcs, options: LcsOptions): void {
  const matches = result.matches().filter((match) => match.aEnd - match.aStart + 1 >= options.minMatchLen);
  c.reply.map(2);
  c.reply.bulkText("matches");
  c.reply.array(matches.length);
  for (const match of matches) replyMatch(c, match, options.withMatchLen);
  c.reply.bulkText("len");
  c.reply.integer(result.length);
}

function replyMatch(c: Call, { aStart, aEnd, bStart, bEnd }: LcsMatch, withLength: boolean): void {
  c.reply.array(withLength ? 3 : 2);
  c.reply.array(2);
  c.reply.integer(aStart);
  c.reply.integer(aEnd);
  c.reply.array(2);
  c.reply.integer(bStart);
  c.reply.integer(bEnd);
  if (withLength) c.reply.integer(aEnd - aStart + 1);
}

export const lcsCommands: CommandDefinition[] = [
  {
    name: "lcs",
    arity: -3,
    flags: READONLY,
    categories: "string",
    keys: [keyRange(1, 1, 1, "RO access")],
    handler: lcs,
  },
];
