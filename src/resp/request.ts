/**
 * A request: the arguments of one command as byte ranges of one buffer. Nothing is copied; the buffer belongs to
 * whoever received it and is valid until the command returns.
 */

import { numberDigits } from "../util/integers";

const CR = 0x0d;
const LF = 0x0a;
const ARRAY = 0x2a;
const BULK = 0x24;

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

/**
 * Where the array of bulk strings begins that a request stands in, if there is nothing else between its arguments and
 * two bytes follow the last, so that `buf[canonicalStart, last end + 2)` is the request in the protocol; -1 if not. That
 * is so where it was received, unless it was inline.
 */
export function canonicalStart({ buf, starts, ends, argc }: Request): number {
  let at = starts[0] - headerBytes(ends[0] - starts[0]) - headerBytes(argc);
  if (at < 0 || !hasHeader(buf, at, ARRAY, argc)) return -1;
  const start = at;
  at += headerBytes(argc);
  for (let i = 0; i < argc; i++) {
    const end = ends[i];
    const length = end - starts[i];
    if (at + headerBytes(length) !== starts[i] || !hasHeader(buf, at, BULK, length)) return -1;
    if (buf[end] !== CR || buf[end + 1] !== LF) return -1;
    at = end + 2;
  }
  return start;
}

/** Bytes of a header: type, digits, CR LF. */
function headerBytes(value: number): number {
  return value < 10 ? 4 : 3 + numberDigits(value);
}

function hasHeader(buf: Uint8Array, at: number, type: number, value: number): boolean {
  let digit = at + headerBytes(value) - 3;
  if (buf[at] !== type || buf[digit + 1] !== CR || buf[digit + 2] !== LF) return false;
  for (let rest = value; digit > at; digit--) {
    const next = Math.floor(rest / 10);
    if (buf[digit] !== 0x30 + rest - next * 10) return false;
    rest = next;
  }
  return true;
}

/** Bytes of the arguments of a request. */
export function bytesOfArguments({ starts, ends, argc }: Request): number {
  let bytes = 0;
  for (let i = 0; i < argc; i++) bytes += ends[i] - starts[i];
  return bytes;
}
