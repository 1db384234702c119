/**
 * A glance at commands that have not been parsed yet. It guesses at the shape of well-formed commands and gives up at
 * anything unusual: it is for work that may be done ahead, and decides nothing.
 */

/** Commands with more arguments are not looked at. */
const ARGS_MAX = 9;
/** A command with one argument is 15 bytes at least. */
const BYTES_MIN = 15;

const CR = 0x0d;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;

export class CommandScan {
  /** What was found: argument i, the name being 0, is buf[starts[i], ends[i]). */
  readonly starts = new Int32Array(ARGS_MAX);
  readonly ends = new Int32Array(ARGS_MAX);
  argc = 0;

  /** Looks at the command that begins at `from`. Returns the position behind it, or -1. */
  next(buf: Uint8Array, from: number, end: number): number {
    if (from + BYTES_MIN > end || buf[from] !== STAR || buf[from + 2] !== CR) return -1;
    const argc = buf[from + 1] - ZERO;
    if (argc < 0 || argc > ARGS_MAX) return -1;
    let at = from + 4;
    for (let i = 0; i < argc; i++) {
      if (buf[at] !== DOLLAR) return -1;
      let length = buf[at + 1] - ZERO;
      at += 2;
      while (buf[at] !== CR) {
        length = length * 10 + buf[at] - ZERO;
        if (!(length <= end)) return -1;
        at++;
      }
      at += 2;
      // A negative length would lead backwards, and round in circles.
      if (!(length >= 0 && at + length + 2 <= end)) return -1;
      this.starts[i] = at;
      this.ends[i] = at + length;
      at += length + 2;
    }
    this.argc = argc;
    return at;
  }
}
