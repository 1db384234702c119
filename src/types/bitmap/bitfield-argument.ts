/** Arguments of the bitmap commands: bit offsets, and the types of BITFIELD. */

import type { Call } from "../../command/call";
import { BIT_OFFSET_OUT_OF_RANGE, BITFIELD_TYPE } from "../../resp/errors";
import { int64, int64FromBigInt, int64ToNumber, parseInt64Rounded, parseSafeInt } from "../../util/integers";
import { STRING_MAX } from "../string/string";
import type { Field } from "./bitfield";

const HASH = 0x23;
const LOWER_I = 0x69;
const LOWER_U = 0x75;
/** Bytes that the widest field may reach beyond the one that its offset is in. */
const FIELD_BYTES = 8;

/**
 * Argument i as the number of a bit that a string may have. With `bits`, the width of a field, "#n" is the offset of the
 * n-th field of that width.
 */
export function bitOffset(c: Call, i: number, bits = 0): number {
  const start = c.starts[i];
  const end = c.ends[i];
  const counted = bits > 0 && start < end && c.buf[start] === HASH;
  let offset = parseInt64Rounded(c.buf, counted ? start + 1 : start, end);
  if (counted) offset = times(c, i, offset, bits);
  const limit = Math.min(c.server.config.protoMaxBulkLen, STRING_MAX - FIELD_BYTES);
  // Also false for what is no number.
  if (offset >= 0 && Math.floor(offset / 8) < limit) return offset;
  c.fail(BIT_OFFSET_OUT_OF_RANGE);
  return 0;
}

/** The product of a parsed "#n" and a width. It wraps around at 64 bits, as in Redis. */
function times(c: Call, i: number, offset: number, bits: number): number {
  const product = offset * bits;
  if (Number.isNaN(product) || Math.abs(product) <= Number.MAX_SAFE_INTEGER) return product;
  int64FromBigInt(BigInt(c.text(i).slice(1)) * BigInt(bits));
  return int64ToNumber(int64.hi, int64.lo);
}

/** Parses argument i, a type such as "i16" or "u8", into `field`: up to i64 and u63. */
export function fieldType(c: Call, i: number, field: Field): void {
  const start = c.starts[i];
  const letter = c.size(i) > 1 ? c.buf[start] : 0;
  const bits = parseSafeInt(c.buf, start + 1, c.ends[i]);
  field.signed = letter === LOWER_I;
  field.bits = bits;
  const most = field.signed ? 64 : 63;
  if ((letter !== LOWER_I && letter !== LOWER_U) || !(bits >= 1 && bits <= most)) c.fail(BITFIELD_TYPE);
}
