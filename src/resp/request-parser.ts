/**
 * RESP request parser: zero-copy over the received chunk, and resumable.
 *
 * One parser serves all connections. `begin` hands it a chunk, and each `next` finds one command in it, as offsets. When
 * the chunk ends inside a command, `suspend` copies the unfinished part into a Partial that belongs to the connection;
 * `Partial.fill` takes what arrives later and `restore` goes on exactly where parsing stopped: no byte is looked at
 * twice, and a bulk string whose length is known is received straight into its place.
 *
 * Protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/. Limits and texts are Redis's.
 */

import { numberDigits, parseInt64Rounded } from "../util/integers";
import { InlineError, splitInline } from "./inline";
import { growArguments, type Request } from "./request";

export const PARSED_COMMAND = 1;
export const PARSED_NOTHING = 0;
export const PARSED_ERROR = -1;

/** Longest inline request and longest header line. */
const LINE_MAX = 64 * 1024;
const ARGS_MAX = 0x7fffffff;
/** Longest request, bytes, whatever the limits are raised to: offsets are 32-bit integers. */
export const REQUEST_MAX = 0x7fff0000;
/** Offsets up to this many arguments are copied into a Partial; arrays of more are handed over. */
const OFFSETS_COPIED = 64;
/** Arrays of offsets for more arguments than this are dropped after use. */
const OFFSETS_KEPT = 16 * 1024;
const UNAUTHENTICATED_ARGS = 10;
const UNAUTHENTICATED_BULK = 16384;

const CR = 0x0d;
const LF = 0x0a;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;

/** What the server allows a client to send. */
export interface ParserLimits {
  /** proto-max-bulk-len, bytes. */
  maxBulk: number;
  /** False while the client still has to authenticate: smaller limits apply. */
  authenticated: boolean;
}

/** A bulk string from which on Redis lets it have a buffer of its own. */
const BIG_BULK = 32 * 1024;

/** The start of a command whose end has not arrived, and how far it is parsed. */
export class Partial {
  length: number;
  position = 0;
  /** Arguments still missing; 0 between commands and in an inline command. */
  missing = 0;
  /** Length of the bulk string being received, or -1 when its header has not been seen. */
  bulk = -1;
  argc = 0;
  starts: Int32Array = NO_OFFSETS;
  ends: Int32Array = NO_OFFSETS;

  /** @param length bytes of `buffer` in use; the rest is room for what is known to come */
  constructor(
    public buffer: Buffer,
    length: number = buffer.length,
  ) {
    this.length = length;
  }

  /** Bytes that must arrive before parsing can go on; 0 when that is not known. */
  get needed(): number {
    return this.bulk < 0 ? 0 : Math.max(0, this.position + this.bulk + 2 - this.length);
  }

  /** Bytes in use; of a large bulk string only its own, as if what is before it were parsed and gone (Redis's qbuf). */
  get unparsed(): number {
    return this.bulk >= BIG_BULK ? this.length - this.position : this.length;
  }

  /** Appends bytes of `chunk` from `at`: no more than are needed, if that is known. Returns how many it took. */
  fill(chunk: Uint8Array, at: number): number {
    const available = chunk.length - at;
    const needed = this.needed;
    const take = needed > 0 ? Math.min(needed, available) : available;
    this.reserve(this.length + Math.max(take, needed));
    (chunk as Buffer).copy(this.buffer, this.length, at, at + take);
    this.length += take;
    return take;
  }

  private reserve(bytes: number): void {
    if (bytes <= this.buffer.length) return;
    // Room for the whole bulk string at once, so that it is copied once; the system maps it as it fills. Doubling
    // keeps a command of very many arguments from being copied for each of them.
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }
}

const NO_OFFSETS = new Int32Array(0);
const NOTHING = Buffer.alloc(0);

export class RequestParser implements Request {
  buf: Buffer = NOTHING;
  starts: Int32Array = new Int32Array(OFFSETS_COPIED);
  ends: Int32Array = new Int32Array(OFFSETS_COPIED);
  argc = 0;
  /** Text of a protocol error, without "ERR Protocol error: ". */
  error = "";
  /** Where the next command starts, once one was found. */
  position = 0;

  private source: Buffer = this.buf;
  private first = 0;
  private end = 0;
  private commandStart = 0;
  private missing = 0;
  private bulk = -1;
  private restored: Partial | null = null;

  constructor(readonly limits: ParserLimits) {}

  /** Starts on the commands in `buf[start, end)`. */
  begin(buf: Buffer, start: number, end: number): void {
    this.source = buf;
    this.position = start;
    this.first = start;
    this.end = end;
    this.missing = 0;
    this.bulk = -1;
    this.argc = 0;
    this.commandStart = start;
    this.restored = null;
    if (this.starts.length > OFFSETS_KEPT) this.renewOffsets();
  }

  /** Lets go of the last buffer, once nothing of it is needed. */
  release(): void {
    this.begin(NOTHING, 0, 0);
    this.buf = NOTHING;
  }

  /** Goes on with what a connection kept. */
  restore(partial: Partial): void {
    this.begin(partial.buffer, partial.position, partial.length);
    this.missing = partial.missing;
    this.bulk = partial.bulk;
    this.argc = partial.argc;
    this.commandStart = 0;
    if (partial.starts.length > OFFSETS_COPIED) {
      this.starts = partial.starts;
      this.ends = partial.ends;
    } else {
      this.starts.set(partial.starts);
      this.ends.set(partial.ends);
    }
    this.restored = partial;
  }

  /** What is left, copied out of the chunk; null when nothing is. */
  suspend(): Partial | null {
    if (this.position === this.end && this.missing === 0) return null;
    const base = this.missing > 0 ? this.commandStart : this.position;
    let partial = this.restored;
    if (partial === null || base > 0) partial = this.copyRest(base);
    partial.position = this.position - base;
    partial.missing = this.missing;
    partial.bulk = this.bulk;
    partial.argc = this.missing > 0 ? this.argc : 0;
    this.saveOffsets(partial, base);
    return partial;
  }

  /** A Partial of the bytes from `base`, with room for the whole of a bulk string whose length is known. */
  private copyRest(base: number): Partial {
    const length = this.end - base;
    const whole = this.bulk < 0 ? length : this.position - base + this.bulk + 2;
    if (whole <= length) return new Partial(Buffer.from(this.source.subarray(base, this.end)));
    const buffer = Buffer.allocUnsafeSlow(whole);
    this.source.copy(buffer, 0, base, this.end);
    return new Partial(buffer, length);
  }

  private saveOffsets(partial: Partial, base: number): void {
    if (partial.argc <= OFFSETS_COPIED) {
      partial.starts = this.starts.slice(0, partial.argc);
      partial.ends = this.ends.slice(0, partial.argc);
    } else {
      // Copying many offsets for every chunk that arrives would take quadratic time.
      partial.starts = this.starts;
      partial.ends = this.ends;
      this.renewOffsets();
    }
    if (base > 0) rebase(partial, base);
  }

  private renewOffsets(): void {
    this.starts = new Int32Array(OFFSETS_COPIED);
    this.ends = new Int32Array(OFFSETS_COPIED);
  }

  /** Takes the command found last back, so that it is parsed again later. */
  rewind(): void {
    this.position = this.commandStart;
  }

  /**
   * Where the command begins whose arguments are in `starts` (that of this parser), if it stands in `input` as an encoder
   * writes it, up to `position`; -1 if not. Line ends behind arguments were skipped unseen, a length may have been written
   * in another way than the shortest, and the words of an inline command stand elsewhere.
   */
  canonicalStart(request: Request): number {
    const { source, commandStart } = this;
    if (request.starts !== this.starts || request.buf !== source) return -1;
    const { starts, ends, argc } = request;
    let size = headerBytes(argc);
    for (let i = 0; i < argc; i++) {
      const end = ends[i];
      if (source[end] !== CR || source[end + 1] !== LF) return -1;
      const length = end - starts[i];
      size += headerBytes(length) + length + 2;
    }
    return size === this.position - commandStart ? commandStart : -1;
  }

  /** The unparsed input, from the start of the command that is being parsed: to log it. */
  rest(): Buffer {
    return this.source.subarray(this.commandStart, this.end);
  }

  /** Bytes that it was given, parsed or not. */
  get held(): number {
    return this.end - this.first;
  }

  /** The chunk that is being parsed, and where it ends. */
  get input(): Buffer {
    return this.source;
  }

  get inputEnd(): number {
    return this.end;
  }

  /** Bytes not yet parsed. */
  get remaining(): number {
    return this.end - this.position;
  }

  /**
   * Parses one command. PARSED_COMMAND: it is in starts, ends, argc (argc 0: an empty request, to be ignored).
   * PARSED_NOTHING: the chunk ends before the command does. PARSED_ERROR: `error` says why; the stream is unusable.
   */
  next(): number {
    if (this.missing === 0) {
      if (this.position >= this.end) return PARSED_NOTHING;
      this.argc = 0;
      this.commandStart = this.position;
      if (this.source[this.position] !== STAR) return this.parseInline();
      const parsed = this.parseCount();
      if (parsed !== PARSED_COMMAND || this.missing === 0) return parsed;
    }
    return this.parseArguments();
  }

  private parseCount(): number {
    const { source: buf, position } = this;
    // Nearly every count is one digit: no search, no general number parser.
    const digit = buf[position + 1] - ZERO;
    if (position + 4 <= this.end && buf[position + 2] === CR && digit > 0 && digit <= 9) {
      this.position = position + 4;
      this.missing = digit;
      return PARSED_COMMAND;
    }
    return this.parseLongCount();
  }

  private parseLongCount(): number {
    const line = this.findLine(this.position + 1);
    if (line < 0) return this.tooLong("too big mbulk count string");
    const count = parseInt64Rounded(this.source, this.position + 1, line);
    if (!(count <= ARGS_MAX)) return this.fail("invalid multibulk length");
    if (count > UNAUTHENTICATED_ARGS && !this.limits.authenticated)
      return this.fail("unauthenticated multibulk length");
    this.position = line + 2;
    this.missing = Math.max(count, 0);
    return PARSED_COMMAND;
  }

  private parseArguments(): number {
    for (;;) {
      if (this.bulk < 0) this.takeShortArguments();
      if (this.missing === 0) break;
      if (this.bulk < 0) {
        const parsed = this.parseHeader();
        if (parsed !== PARSED_COMMAND) return parsed;
      }
      if (!this.takeArgument()) return PARSED_NOTHING;
    }
    this.buf = this.source;
    return PARSED_COMMAND;
  }

  /**
   * Takes as many arguments as stand there in the form that nearly all have: "$", one or two digits, CR LF, and all of
   * the bytes. What comes next is something else, or nothing.
   */
  private takeShortArguments(): void {
    const { source: buf, end, starts, ends } = this;
    let { position, argc, missing } = this;
    while (missing > 0 && argc < starts.length && position + 4 < end && buf[position] === DOLLAR) {
      let length = buf[position + 1] - ZERO;
      let start = position + 4;
      if (length < 0 || length > 9) break;
      if (buf[position + 2] !== CR) {
        const second = buf[position + 2] - ZERO;
        if (length === 0 || second < 0 || second > 9 || buf[position + 3] !== CR) break;
        length = length * 10 + second;
        start++;
      }
      const stop = start + length;
      if (stop + 2 > end) break;
      starts[argc] = start;
      ends[argc] = stop;
      argc++;
      position = stop + 2;
      missing--;
    }
    this.position = position;
    this.argc = argc;
    this.missing = missing;
  }

  /** Takes the argument whose header was parsed; false if it has not arrived. */
  private takeArgument(): boolean {
    const start = this.position;
    const stop = start + this.bulk;
    if (stop + 2 > this.end) return false;
    const i = this.argc;
    if (i >= this.starts.length) growArguments(this, i + 1);
    this.starts[i] = start;
    this.ends[i] = stop;
    this.argc = i + 1;
    this.position = stop + 2;
    this.bulk = -1;
    this.missing--;
    return true;
  }

  private parseHeader(): number {
    const line = this.findLine(this.position);
    if (line < 0) return this.tooLong("too big bulk count string");
    if (this.source[this.position] !== DOLLAR) {
      return this.fail(`expected '$', got '${String.fromCharCode(this.source[this.position])}'`);
    }
    const length = parseInt64Rounded(this.source, this.position + 1, line);
    if (!(length >= 0 && length <= this.limits.maxBulk)) return this.fail("invalid bulk length");
    if (length > UNAUTHENTICATED_BULK && !this.limits.authenticated) return this.fail("unauthenticated bulk length");
    // What it takes together with the arguments before it.
    if (line - this.commandStart + length > REQUEST_MAX) return this.fail("invalid bulk length");
    this.bulk = length;
    this.position = line + 2;
    return PARSED_COMMAND;
  }

  private parseInline(): number {
    const { source: buf, position, end } = this;
    let newline = position;
    while (newline < end && buf[newline] !== LF && buf[newline] !== 0) newline++;
    // Redis looks for line ends with strchr: from a NUL on it sees nothing, and waits.
    if (newline === end || buf[newline] === 0) return this.tooLong("too big inline request");
    const stop = newline > position && buf[newline - 1] === CR ? newline - 1 : newline;
    try {
      const parts = splitInline(buf, position, stop);
      growArguments(this, parts.argc);
      this.starts.set(parts.starts);
      this.ends.set(parts.ends);
      this.argc = parts.argc;
      // The words stand, unquoted, in a buffer of their own.
      this.buf = parts.buf;
      this.position = newline + 1;
      return PARSED_COMMAND;
    } catch (error) {
      if (error instanceof InlineError) return this.fail("unbalanced quotes in request");
      throw error;
    }
  }

  /** Position of the CR of the line that starts at `from`, if its LF is there too and no NUL before it; else -1. */
  private findLine(from: number): number {
    const { source: buf } = this;
    const last = this.end - 1;
    for (let at = from; at < last; at++) {
      const byte = buf[at];
      if (byte === CR) return at;
      if (byte === 0) return -1;
    }
    return -1;
  }

  private tooLong(message: string): number {
    return this.end - this.position > LINE_MAX ? this.fail(message) : PARSED_NOTHING;
  }

  private fail(message: string): number {
    this.error = message;
    return PARSED_ERROR;
  }
}

/** Bytes of a header as short as can be: type, digits, CR LF. */
function headerBytes(value: number): number {
  return value < 10 ? 4 : 3 + numberDigits(value);
}

function rebase(partial: Partial, base: number): void {
  for (let i = 0; i < partial.argc; i++) {
    partial.starts[i] -= base;
    partial.ends[i] -= base;
  }
}
