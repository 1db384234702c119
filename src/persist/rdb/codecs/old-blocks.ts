/**
 * The blocks in which Redis kept small collections before listpacks, and which only old files hold. Each function visits
 * the elements in order, as bytes of a text, and checks everything on its way: it throws RdbError where the block is
 * damaged, which may be after some visits.
 *
 * ziplist (Redis 2.4 to 6.2):
 *
 *     u32 bytes in all | u32 offset of the last element | u16 elements (65535: unknown) | elements | 0xff
 *
 *     element: length of the one before (1 byte, or 254 and 4), encoding, data
 *     00llllll                      string of up to 63 bytes
 *     01llllll l                    string of up to 16383, high bits of the length first
 *     10000000 l l l l              longer string, length big endian
 *     0xc0, 0xd0, 0xe0, 0xf0, 0xfe  integer of 2, 4, 8, 3, 1 bytes, little endian
 *     1111vvvv                      integer from 0 to 12: v - 1
 *
 * zipmap (Redis 2.2 to 2.4), field and value in turn:
 *
 *     u8 pairs (254 and more: unknown) | pairs | 0xff
 *
 *     pair: length (1 byte below 254, or 254 and 4, little endian), field, length, unused bytes (1 byte), value, those
 */

import { uint32At } from "../../../util/bytes";
import { int64, int64FromNumber, MAX_INT64_TEXT, writeInt64 } from "../../../util/integers";
import { corrupt } from "../rdb-input";

/** Gets an element's text, buf[start, end); valid until it returns. */
export type ElementVisitor = (buf: Uint8Array, start: number, end: number) => void;

const ZIPLIST_HEADER = 10;
const END = 0xff;
const BIG_LENGTH = 254;
const COUNT_UNKNOWN = 0xffff;

/** Thrown by what finds that a ziplist is damaged. */
const DAMAGED = new Error("damaged");

const digits = new Uint8Array(MAX_INT64_TEXT + 1);

/**
 * Visits the elements of the ziplist buf[at, at + length). Returns how many there are. `what` is what an error calls the
 * block.
 */
export function eachInZiplist(
  buf: Uint8Array,
  at: number,
  length: number,
  visit: ElementVisitor,
  what = "Ziplist",
): number {
  try {
    return visitZiplist(buf, at, length, visit);
  } catch (error) {
    throw error === DAMAGED ? corrupt(`${what} integrity check failed.`) : error;
  }
}

function visitZiplist(buf: Uint8Array, at: number, length: number, visit: ElementVisitor): number {
  const stop = at + length - 1;
  if (length < ZIPLIST_HEADER + 1 || uint32At(buf, at) !== length || buf[stop] !== END) throw DAMAGED;
  const stored = buf[at + 8] | (buf[at + 9] << 8);
  let count = 0;
  let before = 0;
  let last = at + ZIPLIST_HEADER;
  for (let p = last; p < stop; count++) {
    last = p;
    const next = visitZiplistElement(buf, p, stop, before, visit);
    before = next - p;
    p = next;
  }
  if (uint32At(buf, at + 4) !== last - at || (stored !== COUNT_UNKNOWN && stored !== count)) throw DAMAGED;
  return count;
}

/** Visits the element at `p`, behind one of `before` bytes. Returns where the next one is, `stop` at the most. */
function visitZiplistElement(buf: Uint8Array, p: number, stop: number, before: number, visit: ElementVisitor): number {
  const wide = buf[p] === BIG_LENGTH;
  const head = p + (wide ? 5 : 1);
  if (head >= stop || buf[p] === END || (wide ? uint32At(buf, p + 1) : buf[p]) !== before) throw DAMAGED;
  const encoding = buf[head];
  if (encoding >= 0xc0) return visitZiplistInteger(buf, head, stop, visit);
  let start = head + 1;
  let length = encoding & 0x3f;
  if (encoding >= 0x80) {
    if (head + 5 > stop) throw DAMAGED;
    length = ((buf[head + 1] << 24) | (buf[head + 2] << 16) | (buf[head + 3] << 8) | buf[head + 4]) >>> 0;
    start = head + 5;
  } else if (encoding >= 0x40) {
    if (head + 2 > stop) throw DAMAGED;
    length = (length << 8) | buf[head + 1];
    start = head + 2;
  }
  if (start + length > stop) throw DAMAGED;
  visit(buf, start, start + length);
  return start + length;
}

/** Bytes of an integer by its encoding, 0 for those that stand in the encoding itself. */
function integerBytes(encoding: number): number {
  if (encoding === 0xc0) return 2;
  if (encoding === 0xd0) return 4;
  if (encoding === 0xe0) return 8;
  if (encoding === 0xf0) return 3;
  if (encoding === 0xfe) return 1;
  if (encoding > 0xf0 && encoding < 0xfe) return 0;
  throw DAMAGED;
}

function visitZiplistInteger(buf: Uint8Array, head: number, stop: number, visit: ElementVisitor): number {
  const bytes = integerBytes(buf[head]);
  const end = head + 1 + bytes;
  if (end > stop) throw DAMAGED;
  if (bytes === 0) {
    int64FromNumber((buf[head] & 15) - 1);
  } else if (bytes === 8) {
    int64.lo = uint32At(buf, head + 1);
    int64.hi = uint32At(buf, head + 5) | 0;
  } else {
    let value = 0;
    for (let i = bytes; i > 0; i--) value = (value << 8) | buf[head + i];
    const unused = 32 - 8 * bytes;
    int64FromNumber((value << unused) >> unused);
  }
  visit(digits, 0, writeInt64(int64.hi, int64.lo, digits, 0));
  return end;
}

/** Visits fields and values, at least one pair, of the zipmap buf[at, at + length) in turn. Returns the number of pairs. */
export function eachInZipmap(buf: Uint8Array, at: number, length: number, visit: ElementVisitor): number {
  const stop = at + length - 1;
  if (length < 2 || buf[stop] !== END) throw corrupt("Zipmap integrity check failed.");
  const stored = buf[at];
  let count = 0;
  let p = at + 1;
  for (; p < stop; count++) {
    p = visitZipmapText(buf, p, stop, 0, visit);
    if (p >= stop) throw corrupt("Zipmap integrity check failed.");
    p = visitZipmapText(buf, p, stop, 1, visit);
  }
  if (count === 0 || (stored < BIG_LENGTH && stored !== count)) throw corrupt("Zipmap integrity check failed.");
  return count;
}

/** Visits one text; `extra` is 1 where a byte with the number of unused bytes follows on the length. */
function visitZipmapText(buf: Uint8Array, p: number, stop: number, extra: number, visit: ElementVisitor): number {
  const wide = buf[p] === BIG_LENGTH;
  const start = p + (wide ? 5 : 1) + extra;
  if (buf[p] === END || start > stop) throw corrupt("Zipmap integrity check failed.");
  const length = wide ? uint32At(buf, p + 1) : buf[p];
  const unused = extra === 0 ? 0 : buf[start - 1];
  if (start + length + unused > stop) throw corrupt("Zipmap integrity check failed.");
  visit(buf, start, start + length);
  return start + length + unused;
}
