/**
 * A member of a set on its way from one place to another: out of a request, out of a set, into a reply or another set.
 *
 * It has up to three forms, of which each is made when it is first asked for: its text, the integer that the text is,
 * and its hash. An intset wants the integer, a listpack the text, a hash table the text and the hash; so an operation on
 * several sets makes each form once, however many sets look at it.
 */

import type { Hasher } from "../../memory/hash";
import type { ReplyWriter } from "../../resp/reply-writer";
import { int64, MAX_INT64_TEXT, parseInt64, writeInt64 } from "../../util/integers";

const UNKNOWN = 0;
const YES = 1;
const NO = 2;
const NO_HASH = -1;

export class Member {
  /** The text: buf[start, end). Valid once text() was called, as long as what set it stays as it is. */
  buf: Uint8Array;
  start = 0;
  end = 0;
  /** The integer: hi signed, lo unsigned. Valid once isInteger() was true. */
  hi = 0;
  lo = 0;

  private hasText = false;
  private integer = UNKNOWN;
  private hash = NO_HASH;
  private readonly digits = new Uint8Array(MAX_INT64_TEXT);

  constructor(private readonly hasher: Hasher) {
    this.buf = this.digits;
  }

  /** The member with this text. */
  setText(buf: Uint8Array, start: number, end: number): void {
    this.buf = buf;
    this.start = start;
    this.end = end;
    this.hasText = true;
    this.integer = UNKNOWN;
    this.hash = NO_HASH;
  }

  /** As setText, where the hash of the text is known. */
  setHashedText(buf: Uint8Array, start: number, end: number, hash: number): void {
    this.setText(buf, start, end);
    this.hash = hash;
  }

  /** The member whose text is this integer. */
  setInteger(hi: number, lo: number): void {
    this.hi = hi;
    this.lo = lo;
    this.hasText = false;
    this.integer = YES;
    this.hash = NO_HASH;
  }

  /** Sees to it that buf, start and end are the text. */
  text(): void {
    if (this.hasText) return;
    this.buf = this.digits;
    this.start = 0;
    this.end = writeInt64(this.hi, this.lo, this.digits, 0);
    this.hasText = true;
  }

  /** Bytes of the text. */
  get length(): number {
    this.text();
    return this.end - this.start;
  }

  /** Whether the text is an integer; then hi and lo are it. */
  isInteger(): boolean {
    if (this.integer !== UNKNOWN) return this.integer === YES;
    const is = parseInt64(this.buf, this.start, this.end);
    this.integer = is ? YES : NO;
    if (is) {
      this.hi = int64.hi;
      this.lo = int64.lo;
    }
    return is;
  }

  /** The hash of the text, under which hash tables have it. */
  hashed(): number {
    if (this.hash === NO_HASH) {
      this.text();
      this.hash = this.hasher.hash(this.buf, this.start, this.end);
    }
    return this.hash;
  }

  /** Writes the member as a bulk string. */
  reply(reply: ReplyWriter): void {
    if (this.hasText) reply.bulk(this.buf, this.start, this.end - this.start);
    else reply.bulkInt64(this.hi, this.lo);
  }
}
