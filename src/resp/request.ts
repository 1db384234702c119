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

/** Makes room for the offsets of `count` arguments; those that are there stay. */
export function growArguments(request: Request, count: number): void {
  if (count <= request.starts.length) return;
  const size = Math.max(count, request.starts.length * 2);
  const starts = new Int32Array(size);
  const ends = new Int32Array(size);
  starts.set(request.starts);
  ends.set(request.ends);
  request.starts = starts;
  request.ends = ends;
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

/** An argument that is to be replaced in a copy: its number, and the text (latin1) in its place. */
export interface Replacement {
  argument: number;
  text: string;
}

/** A copy of a request with a buffer of its own, which outlives the command. */
export function copyRequest(request: Request, replacements: readonly Replacement[] = []): Request {
  const { starts, ends, argc } = request;
  let length = 0;
  for (let i = 0; i < argc; i++) length += ends[i] - starts[i];
  for (const { argument, text } of replacements) length += text.length - (ends[argument] - starts[argument]);
  const copy = {
    buf: Buffer.allocUnsafeSlow(length),
    starts: new Int32Array(argc),
    ends: new Int32Array(argc),
    argc,
  };
  let at = 0;
  for (let i = 0; i < argc; i++) {
    const replacement = replacements.find(({ argument }) => argument === i);
    copy.starts[i] = at;
    if (replacement === undefined) at += request.buf.copy(copy.buf, at, starts[i], ends[i]);
    else at += copy.buf.write(replacement.text, at, "latin1");
    copy.ends[i] = at;
  }
  return copy;
}

/** Bytes of the arguments of a request. */
export function bytesOfArguments({ starts, ends, argc }: Request): number {
  let bytes = 0;
  for (let i = 0; i < argc; i++) bytes += ends[i] - starts[i];
  return bytes;
}
