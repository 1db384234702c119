/** Arguments that several administrative commands take. */

import type { Call } from "../command/call";
import { NOT_AN_INTEGER, SYNTAX_ERROR } from "../resp/errors";
import { parseInt64Rounded } from "../util/integers";

/** Argument i as any 64-bit integer, rounded from 2^53 on: for values that are compared with limits. */
export function anyInteger(c: Call, i: number, error: string = NOT_AN_INTEGER): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (!Number.isNaN(value)) return value;
  c.fail(error);
  return 0;
}

/** Argument i as ON (true) or OFF; else a syntax error. */
export function onOff(c: Call, i: number): boolean {
  return oneOf(c, i, "on", "off");
}

/** Argument i as YES (true) or NO; else a syntax error. */
export function yesNo(c: Call, i: number): boolean {
  return oneOf(c, i, "yes", "no");
}

function oneOf(c: Call, i: number, yes: string, no: string): boolean {
  if (c.is(i, yes)) return true;
  if (!c.is(i, no)) c.fail(SYNTAX_ERROR);
  return false;
}

/** Bytes of argument i. They are part of the request: copy them to keep them. */
export function bytesOf(c: Call, i: number): Buffer {
  return c.buf.subarray(c.starts[i], c.ends[i]);
}
