/**
 * Reply writer: appends RESP2 or RESP3 to one growing buffer.
 *
 * A handler never knows who reads: the connection sends the bytes, EXEC wraps them into an array, a replay drops them.
 * Types that RESP2 does not have are written as Redis writes them there (a map as a flat array, a double as a bulk
 * string, null as a null bulk string).
 *
 * Protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/
 */

import { copyBytes } from "../util/bytes";
import { formatDouble } from "../util/doubles";
import { freeMemory, LARGE_BUFFER } from "../util/free-memory";
import { numberDigits, writeInt64, writeNumber } from "../util/integers";
import { allocating } from "../util/out-of-memory";

const INITIAL_BYTES = 64 * 1024;
/** Longest buffer that there is, and so the longest reply. */
const BUFFER_MAX = 2 ** 32;
const CR = 0x0d;
const LF = 0x0a;

const SIMPLE = 0x2b;
const ERROR = 0x2d;
const INTEGER = 0x3a;
const BULK = 0x24;
const ARRAY = 0x2a;
const MAP = 0x25;
const SET = 0x7e;
const PUSH = 0x3e;
const DOUBLE = 0x2c;
const BIG_NUMBER = 0x28;
const VERBATIM = 0x3d;
const ATTRIBUTE = 0x7c;

/** Bytes of the shortest bulk string. */
export const SHORTEST_BULK = 6;
/** Longest header: type, 20 digits, CR LF. */
const HEADER_MAX = 24;

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const OK = bytes("+OK\r\n");
const PONG = bytes("+PONG\r\n");
const QUEUED = bytes("+QUEUED\r\n");
const NULL_BULK = bytes("$-1\r\n");
const NULL_ARRAY = bytes("*-1\r\n");
const NULL_3 = bytes("_\r\n");
const TRUE_3 = bytes("#t\r\n");
const FALSE_3 = bytes("#f\r\n");

export class ReplyWriter {
  buf: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  /** Bytes written so far. */
  length = 0;
  resp3 = false;
  /** Errors written since the start; the dispatcher compares before and after a command. */
  errors = 0;
  /** Text of the last error, such as "WRONGTYPE Operation …". */
  lastError = "";
  /** True: nothing is written (CLIENT REPLY OFF or SKIP). Errors are still counted. */
  muted = false;
  /** What the replies may grow to, bytes (client-output-buffer-limit). */
  limit = Number.POSITIVE_INFINITY;
  /** They would have grown beyond the limit: they are gone, and nothing more is written. */
  overflowed = false;
  /** Called when that happens, in the middle of a command. */
  onOverflow: () => void = () => {};

  /** Forgets everything after position `length`. */
  truncate(length: number): void {
    this.length = length;
  }

  /** Forgets everything after position `length`, and the room for it too. */
  cut(length: number): void {
    this.length = length;
    this.move(Math.max(length, INITIAL_BYTES));
  }

  /** Makes room for `more` bytes. Throws OutOfMemoryError if there is none: replies are limited to 4 GiB. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buf.length) return;
    if (needed > this.limit) this.overflow();
    else this.grow(needed);
  }

  /** Whoever has asked for room may still write: into bytes that are never sent, or behind the end, which is no harm. */
  private overflow(): void {
    this.overflowed = true;
    this.muted = true;
    this.length = 0;
    this.onOverflow();
  }

  private grow(needed: number): void {
    this.move(Math.max(needed, Math.min(this.buf.length * 2, BUFFER_MAX)));
  }

  private move(bytes: number): void {
    const moved = allocating(() => Buffer.allocUnsafeSlow(bytes));
    const { buf } = this;
    buf.copy(moved, 0, 0, this.length);
    this.buf = moved;
    if (buf.length > LARGE_BUFFER) freeMemory(buf);
  }

  /** Goes on with a fresh buffer of the usual size: the old one now belongs to the caller. */
  detach(): Buffer {
    const { buf } = this;
    this.buf = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    this.length = 0;
    return buf;
  }

  // --- constants ---------------------------------------------------------------------------------------------------

  ok(): void {
    this.constant(OK);
  }

  pong(): void {
    this.constant(PONG);
  }

  queued(): void {
    this.constant(QUEUED);
  }

  /** Null where RESP2 has a null bulk string: a missing value. */
  null(): void {
    this.constant(this.resp3 ? NULL_3 : NULL_BULK);
  }

  /** Null where RESP2 has a null array: a missing list, an aborted transaction, a timeout. */
  nullArray(): void {
    this.constant(this.resp3 ? NULL_3 : NULL_ARRAY);
  }

  /** A boolean; 1 or 0 in RESP2. */
  boolean(value: boolean): void {
    if (this.resp3) this.constant(value ? TRUE_3 : FALSE_3);
    else this.integer(value ? 1 : 0);
  }

  private constant(reply: Uint8Array): void {
    if (this.muted) return;
    this.reserve(reply.length);
    for (let i = 0; i < reply.length; i++) this.buf[this.length + i] = reply[i];
    this.length += reply.length;
  }

  // --- scalars -----------------------------------------------------------------------------------------------------

  /** A simple string: ASCII, no line break. */
  simple(text: string): void {
    this.line(SIMPLE, text);
  }

  /** An error, its code first: "ERR …", "WRONGTYPE …". Line breaks become spaces. */
  error(text: string): void {
    this.errors++;
    this.lastError = text;
    this.line(ERROR, text.replace(/[\r\n]/g, " "));
  }

  /** A safe integer. */
  integer(value: number): void {
    this.header(INTEGER, value);
  }

  /** A 64-bit integer: `hi` signed, `lo` unsigned. */
  int64(hi: number, lo: number): void {
    if (this.muted) return;
    this.reserve(HEADER_MAX);
    this.buf[this.length++] = INTEGER;
    this.length += writeInt64(hi, lo, this.buf, this.length);
    this.lineBreak();
  }

  /** A double; a bulk string in RESP2. */
  double(value: number): void {
    // As an int32 where it is one: the compiler computes the digits of what it knows as a double as doubles.
    const integer = value | 0;
    if (integer === value && (integer !== 0 || !Object.is(value, -0))) {
      this.integralDouble(integer);
      return;
    }
    if (Number.isSafeInteger(value) && value !== 0) {
      this.integralDouble(value);
      return;
    }
    const text = formatDouble(value);
    if (this.resp3) this.line(DOUBLE, text);
    else this.bulkText(text);
  }

  /** A double that is decimal text already; a bulk string in RESP2. */
  decimal(text: string): void {
    if (this.resp3) this.line(DOUBLE, text);
    else this.bulkText(text);
  }

  /** A double that is a safe integer: most scores are. */
  private integralDouble(value: number): void {
    if (this.resp3) {
      this.header(DOUBLE, value);
      return;
    }
    this.bulkInteger(value);
  }

  /** A number beyond 64 bits, as decimal text; a bulk string in RESP2. */
  bigNumber(text: string): void {
    if (this.resp3) this.line(BIG_NUMBER, text);
    else this.bulkText(text);
  }

  // --- strings -----------------------------------------------------------------------------------------------------

  /** A bulk string: `length` bytes of `source` from `at`. */
  bulk(source: Uint8Array, at: number, length: number): void {
    if (this.muted) return;
    this.reserve(length + HEADER_MAX);
    const { buf } = this;
    let to = this.length;
    buf[to++] = BULK;
    if (length < 10) buf[to++] = 0x30 + length;
    else to += writeNumber(length, buf, to);
    buf[to] = CR;
    buf[to + 1] = LF;
    to += 2;
    copyBytes(source, at, buf, to, length);
    to += length;
    buf[to] = CR;
    buf[to + 1] = LF;
    this.length = to + 2;
  }

  /** A bulk string of latin1 text. */
  bulkText(text: string): void {
    if (this.muted) return;
    this.header(BULK, text.length);
    this.text(text);
    this.lineBreak();
  }

  /** A bulk string of a safe integer's digits. */
  bulkInteger(value: number): void {
    if (this.muted) return;
    this.reserve(HEADER_MAX * 2);
    this.header(BULK, numberDigits(value));
    this.length += writeNumber(value, this.buf, this.length);
    this.lineBreak();
  }

  /** A bulk string of a 64-bit integer's digits. */
  bulkInt64(hi: number, lo: number): void {
    if (this.muted) return;
    this.reserve(HEADER_MAX * 2);
    // One digit of length, two for ten digits and more: write the number behind the longer header, then move it.
    const at = this.length + 5;
    const digits = writeInt64(hi, lo, this.buf, at);
    this.buf[this.length++] = BULK;
    this.length += writeNumber(digits, this.buf, this.length);
    this.lineBreak();
    if (this.length !== at) this.buf.copyWithin(this.length, at, at + digits);
    this.length += digits;
    this.lineBreak();
  }

  /** A verbatim string of latin1 text, `format` being three letters such as "txt"; a bulk string in RESP2. */
  verbatim(text: string, format: string): void {
    if (!this.resp3) {
      this.bulkText(text);
      return;
    }
    if (this.muted) return;
    this.header(VERBATIM, text.length + 4);
    this.text(`${format}:`);
    this.text(text);
    this.lineBreak();
  }

  // --- aggregates: the header, which its elements follow -----------------------------------------------------------

  array(count: number): void {
    this.header(ARRAY, count);
  }

  /** `pairs` keys and values; a flat array in RESP2. */
  map(pairs: number): void {
    if (this.resp3) this.header(MAP, pairs);
    else this.header(ARRAY, pairs * 2);
  }

  set(count: number): void {
    this.header(this.resp3 ? SET : ARRAY, count);
  }

  push(count: number): void {
    this.header(this.resp3 ? PUSH : ARRAY, count);
  }

  /** `pairs` of an attribute, which comes before the reply that it is about. RESP3 only. */
  attribute(pairs: number): void {
    this.header(ATTRIBUTE, pairs);
  }

  /**
   * Starts an aggregate whose length is not known yet. Write the elements, then call the matching end…() with what
   * this returned and their number.
   */
  begin(): number {
    return this.length;
  }

  endArray(start: number, count: number): void {
    this.insertHeader(start, ARRAY, count);
  }

  endSet(start: number, count: number): void {
    this.insertHeader(start, this.resp3 ? SET : ARRAY, count);
  }

  endMap(start: number, pairs: number): void {
    this.insertHeader(start, this.resp3 ? MAP : ARRAY, this.resp3 ? pairs : pairs * 2);
  }

  /** Bytes that are RESP already. */
  raw(source: Uint8Array, at: number, length: number): void {
    if (this.muted) return;
    this.reserve(length);
    copyBytes(source, at, this.buf, this.length, length);
    this.length += length;
  }

  /**
   * Puts what follows the `size` bytes at `start`, one short reply, before them: of an aggregate whose first element is
   * known last.
   */
  moveLastBefore(start: number, size: number): void {
    if (this.muted) return;
    const moved = this.length - start - size;
    this.reserve(moved);
    this.buf.copyWithin(start + moved, start, this.length);
    this.buf.copyWithin(start, start + moved + size, start + 2 * moved + size);
  }

  private insertHeader(start: number, type: number, count: number): void {
    if (this.muted) return;
    const size = this.length - start;
    this.header(type, count);
    this.moveLastBefore(start, size);
  }

  private header(type: number, value: number): void {
    if (this.muted) return;
    this.reserve(HEADER_MAX);
    const { buf } = this;
    buf[this.length++] = type;
    if (value >= 0 && value < 10) buf[this.length++] = 0x30 + value;
    else this.length += writeNumber(value, buf, this.length);
    this.lineBreak();
  }

  private line(type: number, text: string): void {
    if (this.muted) return;
    this.reserve(text.length + 3);
    this.buf[this.length++] = type;
    this.text(text);
    this.lineBreak();
  }

  private text(text: string): void {
    this.reserve(text.length + 2);
    if (text.length > 64) {
      this.length += this.buf.write(text, this.length, "latin1");
      return;
    }
    for (let i = 0; i < text.length; i++) this.buf[this.length + i] = text.charCodeAt(i);
    this.length += text.length;
  }

  private lineBreak(): void {
    this.buf[this.length] = CR;
    this.buf[this.length + 1] = LF;
    this.length += 2;
  }
}
