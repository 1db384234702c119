/**
 * Splits a line into arguments with the quoting rules of redis.conf and redis-cli. Lines and arguments are latin1
 * strings.
 *
 *   "double"  \n \r \t \b \a \xHH are bytes, a backslash before any other byte is dropped
 *   'single'  only \' is an escape
 *
 * A quote may open inside a word (a"b c" is `ab c`), but what follows a closing quote must be white space or the end.
 * A NUL byte ends the line, as it does in Redis.
 */

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

/** White space as C's isspace sees it: it separates words, and must follow a closing quote. */
function isSpace(c: string): boolean {
  return c === " " || (c >= "\t" && c <= "\r");
}

/** The bytes that end a word outside quotes: fewer than `isSpace`, as in Redis. */
function endsWord(c: string): boolean {
  return c === " " || c === "\n" || c === "\r" || c === "\t";
}

/** The next index after the quoted part whose quote is at `open`, its text appended to `out[0]`; -1 if it is unbalanced. */
function readDouble(line: string, open: number, out: string[]): number {
  let at = open + 1;
  for (;;) {
    if (at >= line.length) return -1;
    const c = line[at];
    const next = line[at + 1];
    if (c === '"') return next === undefined || isSpace(next) ? at + 1 : -1;
    const hex = c === "\\" && next === "x" ? /^[0-9a-fA-F]{2}/.exec(line.slice(at + 2, at + 4)) : null;
    if (hex !== null) {
      out[0] += String.fromCharCode(Number.parseInt(hex[0], 16));
      at += 4;
    } else if (c === "\\" && next !== undefined) {
      out[0] += ESCAPES[next] ?? next;
      at += 2;
    } else {
      out[0] += c;
      at++;
    }
  }
}

/** As `readDouble`, for single quotes. */
function readSingle(line: string, open: number, out: string[]): number {
  let at = open + 1;
  for (;;) {
    if (at >= line.length) return -1;
    const c = line[at];
    const next = line[at + 1];
    if (c === "'") return next === undefined || isSpace(next) ? at + 1 : -1;
    if (c === "\\" && next === "'") {
      out[0] += "'";
      at += 2;
    } else {
      out[0] += c;
      at++;
    }
  }
}

/** The arguments of `text`, or null if its quotes are unbalanced. */
export function splitArgs(text: string): string[] | null {
  const nul = text.indexOf("\0");
  const line = nul < 0 ? text : text.slice(0, nul);
  const args: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isSpace(line[at])) at++;
    if (at >= line.length) return args;
    const word = [""];
    for (;;) {
      if (at >= line.length || endsWord(line[at])) break;
      const quote = line[at];
      if (quote === '"' || quote === "'") {
        at = quote === '"' ? readDouble(line, at, word) : readSingle(line, at, word);
        if (at < 0) return null;
        break; // a closing quote ends the word
      }
      word[0] += quote;
      at++;
    }
    args.push(word[0]);
  }
}
