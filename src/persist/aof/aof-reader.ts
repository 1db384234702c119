/**
 * Reads the commands of an AOF file one after the other, out of a window that moves along the file.
 *
 *     #TS:1628217470 CR LF            an annotation
 *     *3 CR LF $3 CR LF SET CR LF …   a command, as a client sends it
 *
 * Nothing else may stand there, and nothing is tolerated that a client may do: every byte between arguments is checked.
 * Where the file ends inside a command it has a torn tail, which is told apart from damage.
 */

import { readSync } from "node:fs";
import { growArguments, type Request } from "../../resp/request";

/** What next() found. */
export const AOF_COMMAND = 1;
export const AOF_ANNOTATION = 2;
export const AOF_END = 0;
/** The file ends inside of what begins at `start`. */
export const AOF_TORN = -1;
/** What stands at `start` is no command. */
export const AOF_DAMAGED = -2;

const WINDOW_BYTES = 1024 * 1024;
/** A window larger than this is given back once it is not needed. */
const RETAINED_BYTES = 4 * 1024 * 1024;
/** Longest line of an annotation, and of a header. */
const LINE_MAX = 1024;
const FIRST_ARGUMENTS = 64;
/** Digits of a length that are still exact. */
const DIGITS_MAX = 15;

const CR = 0x0d;
const LF = 0x0a;
const STAR = 0x2a;
const DOLLAR = 0x24;
const HASH = 0x23;

export class AofReader implements Request {
  /** The command found, as offsets into the window; valid until the next. */
  buf: Buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  starts: Int32Array = new Int32Array(FIRST_ARGUMENTS);
  ends: Int32Array = new Int32Array(FIRST_ARGUMENTS);
  argc = 0;
  /** Where what next() found begins, bytes from the start of the file. */
  start = 0;
  /** Bytes [at, end) of the window are not parsed yet. */
  private at = 0;
  private end = 0;
  /** The position of the window in the file, and of what is read next. */
  private windowStart = 0;
  private filePosition = 0;
  /** Where the header ends that header() has read. */
  private headerEnd = 0;
  /** Bytes that the window must hold, if that is known. */
  private wanted = 0;

  /**
   * @param size bytes of the file: what is written to it later is not read
   * @param position where the commands begin: behind an RDB preamble, or 0. The descriptor stays the caller's.
   */
  constructor(
    private readonly fd: number,
    private readonly size: number,
    position: number,
  ) {
    this.seek(position);
  }

  /** Goes on from another position of the file. */
  seek(position: number): void {
    this.start = position;
    this.windowStart = position;
    this.filePosition = position;
    this.at = 0;
    this.end = 0;
    this.wanted = 0;
  }

  /** The end of what next() found. */
  get position(): number {
    return this.windowStart + this.at;
  }

  /** All of the file is in the window. */
  private get isOver(): boolean {
    return this.filePosition >= this.size;
  }

  /** Finds the next item; see AOF_COMMAND and its like. */
  next(): number {
    let from = this.at;
    this.start = this.windowStart + from;
    for (;;) {
      const found = this.parse(from);
      if (found !== AOF_TORN || this.isOver) return found;
      // The window ends inside of it: it is parsed again with more of the file, twice as much each time.
      this.refill();
      from = this.at;
    }
  }

  private parse(from: number): number {
    if (from >= this.end) return this.isOver ? AOF_END : AOF_TORN;
    const first = this.buf[from];
    if (first === STAR) return this.parseCommand(from);
    return first === HASH ? this.parseAnnotation(from) : AOF_DAMAGED;
  }

  private parseAnnotation(from: number): number {
    const newline = this.buf.indexOf(LF, from);
    if (newline < 0 || newline >= this.end) return this.end - from > LINE_MAX ? AOF_DAMAGED : AOF_TORN;
    this.at = newline + 1;
    return AOF_ANNOTATION;
  }

  private parseCommand(from: number): number {
    const count = this.header(from + 1);
    if (count < 0) return count;
    if (count === 0) return AOF_DAMAGED;
    if (count > this.starts.length) growArguments(this, Math.min(count, this.end - from));
    const { buf, end } = this;
    let at = this.headerEnd;
    for (let i = 0; i < count; i++) {
      if (at >= end) return AOF_TORN;
      if (buf[at] !== DOLLAR) return AOF_DAMAGED;
      const length = this.header(at + 1);
      if (length < 0) return length;
      const start = this.headerEnd;
      const stop = start + length;
      if (stop + 2 > end) return this.tornString(stop);
      if (buf[stop] !== CR || buf[stop + 1] !== LF) return AOF_DAMAGED;
      if (i >= this.starts.length) growArguments(this, i + 1);
      this.starts[i] = start;
      this.ends[i] = stop;
      at = stop + 2;
    }
    this.argc = count;
    this.at = at;
    return AOF_COMMAND;
  }

  /** A string reaches beyond the window; what it would fill is not asked for where the file is shorter. */
  private tornString(stop: number): number {
    if (this.windowStart + stop + 2 > this.size) this.loadAll();
    else this.wanted = stop + 2 - this.at;
    return AOF_TORN;
  }

  /** The rest of the file is no command: nothing more of it is needed. */
  private loadAll(): void {
    this.filePosition = this.size;
  }

  /** The number that stands at `from`, up to CR LF; AOF_TORN or AOF_DAMAGED. */
  private header(from: number): number {
    const { buf, end } = this;
    let value = 0;
    let at = from;
    for (; at < end; at++) {
      const digit = buf[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at - from > DIGITS_MAX) return AOF_DAMAGED;
    if (at === end) return AOF_TORN;
    if (at === from || buf[at] !== CR) return AOF_DAMAGED;
    if (at + 1 === end) return AOF_TORN;
    if (buf[at + 1] !== LF) return AOF_DAMAGED;
    this.headerEnd = at + 2;
    return value;
  }

  /** Moves the window so that it begins with the unfinished item, and reads on. */
  private refill(): void {
    const rest = this.end - this.at;
    let { buf } = this;
    const size = this.wanted > 0 ? this.wanted : rest < buf.length ? WINDOW_BYTES : buf.length * 2;
    if (size > buf.length || (buf.length > RETAINED_BYTES && size <= WINDOW_BYTES && rest <= WINDOW_BYTES)) {
      buf = Buffer.allocUnsafeSlow(Math.max(size, WINDOW_BYTES));
      this.buf.copy(buf, 0, this.at, this.end);
    } else {
      buf.copyWithin(0, this.at, this.end);
    }
    this.buf = buf;
    this.windowStart += this.at;
    this.at = 0;
    this.end = rest;
    this.wanted = 0;
    const read = readSync(
      this.fd,
      buf,
      rest,
      Math.min(buf.length - rest, this.size - this.filePosition),
      this.filePosition,
    );
    this.end += read;
    // The file has become shorter since it was measured.
    this.filePosition = read === 0 ? this.size : this.filePosition + read;
  }
}
