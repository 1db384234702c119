/**
 * SCAN, KEYS and RANDOMKEY: walking over a database.
 *
 * A cursor is a position in hash space (see memory/dict.ts): it stays valid whatever happens to the keyspace, and a key
 * that is there all along is returned exactly once. 0 starts, and ends.
 */

import type { Call } from "../command/call";
import { TYPE_NAMES } from "../db/entry";
import { INVALID_CURSOR, NOT_AN_INTEGER } from "../resp/errors";
import { equalBytes } from "../util/bytes";
import { globMatch } from "../util/glob";
import { int64, int64ToNumber, parseInt64Rounded } from "../util/integers";
import { parseCursor } from "./key-cursor";

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
class Pattern {
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

const pattern = new Pattern();

/** KEYS pattern. Expired keys are left out but not deleted. */
export function keys(c: Call): void {
  const { db, reply } = c;
  pattern.set(c.buf, c.starts[1], c.ends[1]);
  if (pattern.isLiteral) {
    const ref = db.find(c.buf, c.starts[1], c.ends[1]);
    const found = ref !== 0 && !db.isExpired(ref);
    reply.array(found ? 1 : 0);
    if (found) reply.bulk(c.buf, c.starts[1], c.size(1));
    return;
  }
  const { entries } = db.keyspace;
  const start = reply.begin();
  let count = 0;
  db.scan(0, Number.POSITIVE_INFINITY, (ref) => {
    entries.locateKey(ref);
    const { bytes, at, length } = entries;
    if (!pattern.matches(bytes, at, length) || db.isExpired(ref)) return;
    reply.bulk(bytes, at, length);
    count++;
  });
  reply.endArray(start, count);
}

/** Options of SCAN, HSCAN, SSCAN and ZSCAN. */
export interface ScanOptions {
  count: number;
  pattern: Pattern;
  /** Type of the keys to return, -1 for all, TYPE_UNKNOWN for a name that is none. */
  type: number;
  /** HSCAN's NOVALUES. */
  noValues: boolean;
}

const ANY_TYPE = -1;
const TYPE_UNKNOWN = -2;
const DEFAULT_COUNT = 10;
const options: ScanOptions = { count: DEFAULT_COUNT, pattern, type: ANY_TYPE, noValues: false };

/** Reads the options from argument `first` on, TYPE and NOVALUES if allowed; the call has failed if they are wrong. */
export function parseScanOptions(c: Call, first: number, withType: boolean, withNoValues = false): ScanOptions {
  options.count = DEFAULT_COUNT;
  options.type = ANY_TYPE;
  options.noValues = false;
  pattern.setAny();
  for (let i = first; i < c.argc; i += 2) {
    if (withNoValues && c.is(i, "novalues")) {
      options.noValues = true;
      i--;
    } else if (i + 1 === c.argc) c.syntaxError();
    else if (c.is(i, "count")) options.count = scanCount(c, i + 1);
    else if (c.is(i, "match")) pattern.set(c.buf, c.starts[i + 1], c.ends[i + 1]);
    else if (withType && c.is(i, "type")) options.type = typeNamed(c.text(i + 1));
    else c.syntaxError();
    if (c.failed) break;
  }
  return options;
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

/** What a scan found, and what it found expired; reused. */
const found: number[] = [];
const expired: number[] = [];

/** SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]. Expired keys that the pattern matches are deleted. */
export function scan(c: Call): void {
  if (!parseCursor(c.buf, c.starts[1], c.ends[1])) {
    c.fail(INVALID_CURSOR);
    return;
  }
  const cursor = int64ToNumber(int64.hi >>> 0, int64.lo);
  const { count, type } = parseScanOptions(c, 2, true);
  if (c.failed) return;
  const { db } = c;
  const { entries } = db.keyspace;
  found.length = 0;
  expired.length = 0;
  // A position beyond hash space is behind the last key.
  const next = db.scan(cursor, count, (ref) => {
    entries.locateKey(ref);
    if (!pattern.matches(entries.bytes, entries.at, entries.length)) return;
    if (db.isExpired(ref)) expired.push(ref);
    else if (type === ANY_TYPE || entries.type(ref) === type) found.push(ref);
  });
  replyFound(c, next);
  if (db.keyspace.expiry !== "delete") return;
  for (const ref of expired) db.expireEntry(ref);
}

function replyFound(c: Call, next: number): void {
  const { reply } = c;
  const { entries } = c.db.keyspace;
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(found.length);
  for (const ref of found) {
    entries.locateKey(ref);
    reply.bulk(entries.bytes, entries.at, entries.length);
  }
}

/** RANDOMKEY. */
export function randomKey(c: Call): void {
  const ref = c.db.randomEntry();
  if (ref === 0) {
    c.reply.null();
    return;
  }
  const { entries } = c.db.keyspace;
  entries.locateKey(ref);
  c.reply.bulk(entries.bytes, entries.at, entries.length);
}
