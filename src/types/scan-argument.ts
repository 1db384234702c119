/**
 * Arguments of SCAN and its kin: cursor [MATCH pattern] [COUNT count], and what only one of them takes.
 *
 * Redis reads a cursor with C's strtoul and then refuses white space at the start, so signs, leading zeros and even the
 * empty text (0) are cursors.
 */

import type { Call } from "../command/call";
import { TYPE_NAMES } from "../db/entry";
import { INVALID_CURSOR, NOT_AN_INTEGER } from "../resp/errors";
import { equalBytes } from "../util/bytes";
import { globMatch } from "../util/glob";
import { int64, int64ToNumber, parseInt64Rounded, parseUint64 } from "../util/integers";
import { collectionForRead } from "./collection";

const MINUS = 0x2d;
const PLUS = 0x2b;
const NINE = 0x39;
const STAR = 0x2a;
/** ? [ \ */
const SPECIAL = [0x3f, 0x5b, 0x5c];

const ANY = 0;
/** No special character: one text matches. */
const LITERAL = 1;
/** No special character but a star at the end. */
const PREFIX = 2;
const GLOB = 3;

/** A glob pattern, with short cuts for the patterns that are used most. */
export class Pattern {
  private kind = ANY;
  private buf: Uint8Array = new Uint8Array(0);
  private start = 0;
  private end = 0;

  /** Matches everything from now on. */
  setAny(): void {
    this.kind = ANY;
  }

  /** Takes over the pattern `buf[start, end)`; the bytes must stay as they are. */
  set(buf: Uint8Array, start: number, end: number): void {
    this.buf = buf;
    this.start = start;
    this.end = end;
    this.kind = LITERAL;
    for (let i = start; i < end && this.kind !== GLOB; i++) {
      if (SPECIAL.includes(buf[i])) this.kind = GLOB;
      else if (buf[i] === STAR) this.kind = i === end - 1 ? PREFIX : GLOB;
    }
    if (this.kind === PREFIX && end - start === 1) this.kind = ANY;
  }

  get isAny(): boolean {
    return this.kind === ANY;
  }

  get isLiteral(): boolean {
    return this.kind === LITERAL;
  }

  matches(text: Uint8Array, at: number, length: number): boolean {
    const { buf, start, end } = this;
    if (this.kind === ANY) return true;
    if (this.kind === GLOB) return globMatch(buf, start, end, text, at, at + length, false);
    if (this.kind === LITERAL) return length === end - start && equalBytes(text, at, buf, start, length);
    const prefix = end - start - 1;
    return length >= prefix && equalBytes(text, at, buf, start, prefix);
  }
}

/** Arguments of SCAN, HSCAN, SSCAN and ZSCAN. */
export interface ScanOptions {
  cursor: number;
  count: number;
  pattern: Pattern;
  /** Type of the keys to return, -1 for all, TYPE_UNKNOWN for a name that is none. */
  type: number;
  /** HSCAN's NOVALUES. */
  noValues: boolean;
}

export const ANY_TYPE = -1;
const TYPE_UNKNOWN = -2;
const DEFAULT_COUNT = 10;
const options: ScanOptions = {
  cursor: 0,
  count: DEFAULT_COUNT,
  pattern: new Pattern(),
  type: ANY_TYPE,
  noValues: false,
};

/** Reads the options from argument `first` on, TYPE and NOVALUES if allowed; the call has failed if they are wrong. */
function parseOptions(c: Call, first: number, withType: boolean, withNoValues: boolean): void {
  options.count = DEFAULT_COUNT;
  options.type = ANY_TYPE;
  options.noValues = false;
  options.pattern.setAny();
  for (let i = first; i < c.argc; i += 2) {
    if (withNoValues && c.is(i, "novalues")) {
      options.noValues = true;
      i--;
    } else if (i + 1 === c.argc) c.syntaxError();
    else if (c.is(i, "count")) options.count = scanCount(c, i + 1);
    else if (c.is(i, "match")) options.pattern.set(c.buf, c.starts[i + 1], c.ends[i + 1]);
    else if (withType && c.is(i, "type")) options.type = typeNamed(c.text(i + 1));
    else c.syntaxError();
    if (c.failed) return;
  }
}

function scanCount(c: Call, i: number): number {
  const count = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (Number.isNaN(count)) c.fail(NOT_AN_INTEGER);
  else if (count < 1) c.syntaxError();
  return count;
}

/** As in Redis 7.2 a name that is no type's is no error: no key has it. */
function typeNamed(name: string): number {
  const type = TYPE_NAMES.indexOf(name.toLowerCase());
  return type < 0 ? TYPE_UNKNOWN : type;
}

/** Parses a cursor into the unsigned 64 bits of `int64`; false if it is none. */
function parseCursor(buf: Uint8Array, start: number, end: number): boolean {
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

function readCursor(c: Call, i: number): void {
  if (parseCursor(c.buf, c.starts[i], c.ends[i])) options.cursor = int64ToNumber(int64.hi >>> 0, int64.lo);
  else c.fail(INVALID_CURSOR);
}

/** Reads the arguments of SCAN; the call has failed if they are wrong. What it returns is valid until the next scan. */
export function parseScan(c: Call): ScanOptions {
  readCursor(c, 1);
  if (!c.failed) parseOptions(c, 2, true, false);
  return options;
}

/**
 * Reads the arguments of the scan of a collection and looks for its key, argument 1: `scan` gets the entry and the
 * options, where there is such a collection and the options are right.
 */
export function scanCollection(
  c: Call,
  type: number,
  scan: (c: Call, ref: number, options: ScanOptions) => void,
  withNoValues = false,
): void {
  readCursor(c, 2);
  const ref = c.failed ? 0 : collectionForRead(c, 1, type);
  if (c.failed) return;
  if (ref === 0) {
    // As in Redis a missing key hides mistakes in the options.
    c.reply.array(2);
    c.reply.bulkInteger(0);
    c.reply.array(0);
    return;
  }
  parseOptions(c, 3, false, withNoValues);
  if (!c.failed) scan(c, ref, options);
}
