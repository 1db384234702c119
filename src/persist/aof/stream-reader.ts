/** Reads a file from a position on, as C's streams do: line by line, or so many bytes. */

import { readSync } from "node:fs";

const WINDOW_BYTES = 64 * 1024;
/** Strings up to this length are kept as a whole. */
const TAIL_BYTES = 16;
const LF = 0x0a;

export class StreamReader {
  /** The end has been read. */
  isOver = false;
  /** The end of what skip() has passed: all of it where it is short. */
  tail: Buffer = Buffer.alloc(0);
  private readonly window = Buffer.alloc(WINDOW_BYTES);
  private at = 0;
  private end = 0;
  private windowStart: number;

  constructor(
    private readonly fd: number,
    position: number,
  ) {
    this.windowStart = position;
  }

  /** Bytes from the start of the file. */
  get position(): number {
    return this.windowStart + this.at;
  }

  /** Has something in the window; false at the end of the file. */
  private fill(): boolean {
    if (this.at < this.end) return true;
    this.windowStart += this.end;
    this.at = 0;
    this.end = readSync(this.fd, this.window, 0, WINDOW_BYTES, this.windowStart);
    if (this.end === 0) this.isOver = true;
    return this.end > 0;
  }

  /** The next byte, which is not passed; -1 at the end. */
  peek(): number {
    return this.fill() ? this.window[this.at] : -1;
  }

  /** The rest of the line with its line end, or its first `max` bytes; nothing at the end of the file. */
  line(max: number): Buffer {
    const line = Buffer.alloc(max);
    let length = 0;
    while (length < max && this.fill()) {
      const byte = this.window[this.at++];
      line[length++] = byte;
      if (byte === LF) break;
    }
    return line.subarray(0, length);
  }

  /** Passes `count` bytes; returns how many there were. `tail` is the end of them. */
  skip(count: number): number {
    let left = count;
    let tail = Buffer.alloc(0);
    while (left > 0 && this.fill()) {
      const take = Math.min(left, this.end - this.at);
      const piece = this.window.subarray(this.at, this.at + take);
      tail = Buffer.concat([tail.subarray(Math.max(0, tail.length + take - TAIL_BYTES)), piece.subarray(-TAIL_BYTES)]);
      this.at += take;
      left -= take;
    }
    this.tail = tail;
    return count - left;
  }
}
