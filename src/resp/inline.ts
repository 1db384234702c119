/**
 * Inline commands: a line of words as a person types it into telnet. Quoting follows redis-cli: "double quotes" know
 * \n \r \t \b \a \xHH and backslashed characters, 'single quotes' only \'; a closing quote must end its word. As in
 * Redis, a vertical tab or form feed may stand between words but does not end one that is not quoted.
 */

import type { Request } from "./request";

export class InlineError extends Error {
  constructor() {
    super("unbalanced quotes");
  }
}

const BACKSLASH = 0x5c;
const DOUBLE = 0x22;
const SINGLE = 0x27;

const ESCAPES: Record<number, number> = { 110: 10, 114: 13, 116: 9, 98: 8, 97: 7 };

/** Splits `buf[start, end)` into words, in a new buffer. Throws InlineError for unbalanced quotes. */
export function splitInline(buf: Uint8Array, start: number, end: number): Request {
  const words = new WordSplitter(buf, start, end);
  while (words.next());
  return words.request();
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 9 && byte <= 13);
}

function endsWord(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

class WordSplitter {
  private readonly out: Buffer;
  private length = 0;
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  constructor(
    private readonly buf: Uint8Array,
    private at: number,
    private readonly end: number,
  ) {
    // Unquoting only ever shortens.
    this.out = Buffer.allocUnsafe(end - at);
  }

  request(): Request {
    return {
      buf: this.out,
      starts: Int32Array.from(this.starts),
      ends: Int32Array.from(this.ends),
      argc: this.starts.length,
    };
  }

  /** Takes one word; false at the end of the line. */
  next(): boolean {
    while (this.at < this.end && isSpace(this.buf[this.at])) this.at++;
    if (this.at >= this.end) return false;
    this.starts.push(this.length);
    while (this.at < this.end && !endsWord(this.buf[this.at])) {
      const byte = this.buf[this.at++];
      if (byte === DOUBLE || byte === SINGLE) {
        this.quoted(byte);
        break;
      }
      this.out[this.length++] = byte;
    }
    this.ends.push(this.length);
    return true;
  }

  private quoted(quote: number): void {
    for (;;) {
      if (this.at >= this.end) throw new InlineError();
      const byte = this.buf[this.at++];
      if (byte === quote) break;
      if (byte === BACKSLASH) this.escape(quote);
      else this.out[this.length++] = byte;
    }
    if (this.at < this.end && !isSpace(this.buf[this.at])) throw new InlineError();
  }

  private escape(quote: number): void {
    const { buf, at } = this;
    if (quote === SINGLE) {
      if (buf[at] === SINGLE && at < this.end) this.at++;
      this.out[this.length++] = buf[at] === SINGLE && at < this.end ? SINGLE : BACKSLASH;
      return;
    }
    if (at >= this.end) throw new InlineError();
    const high = at + 2 < this.end && buf[at] === 0x78 ? hexValue(buf[at + 1]) : -1;
    const low = high >= 0 ? hexValue(buf[at + 2]) : -1;
    if (low >= 0) {
      this.out[this.length++] = high * 16 + low;
      this.at += 3;
      return;
    }
    this.out[this.length++] = ESCAPES[buf[at]] ?? buf[at];
    this.at++;
  }
}
