/**
 * A request: the arguments of one command as byte ranges of one buffer. Nothing is copied; the buffer belongs to
 * whoever received it and is valid until the command returns.
 */

/** Arguments as every producer (parser, transaction queue, script, in-process call) hands them to the dispatcher. */
export interface Request {
  buf: Buffer;
  /** Argument i is buf[starts[i], ends[i]). */
  starts: Int32Array;
  ends: Int32Array;
  argc: number;
}

/** A request with a buffer of its own: from text (latin1) or byte arguments. */
export function requestOf(args: (string | Uint8Array)[]): Request {
  const parts = args.map((arg) => (typeof arg === "string" ? Buffer.from(arg, "latin1") : arg));
  const starts = new Int32Array(parts.length);
  const ends = new Int32Array(parts.length);
  let at = 0;
  parts.forEach((part, i) => {
    starts[i] = at;
    at += part.length;
    ends[i] = at;
  });
  return { buf: Buffer.concat(parts), starts, ends, argc: parts.length };
}
