/**
 * Whether a block of bytes is what it says that it is. A listpack or an intset that a file or a payload holds is copied
 * into the heap as it is, and from then on nobody asks: so its structure is checked here, whatever sanitize-dump-payload
 * says.
 */

import { backLengthBytes, LISTPACK_EMPTY, LISTPACK_HEADER, LISTPACK_MAX } from "../../../memory/listpack";
import { int32At, uint32At } from "../../../util/bytes";

const END = 0xff;
const COUNT_UNKNOWN = 0xffff;

const INTSET_HEADER = 8;

function i16(buf: Uint8Array, at: number): number {
  return ((buf[at] << 16) | (buf[at + 1] << 24)) >> 16;
}

/**
 * Elements of the listpack buf[at, at + length), or -1 if it is none: lengths that do not fit, encodings that there are
 * not, back lengths that do not lead back, a wrong number of elements.
 */
export function listpackCount(buf: Uint8Array, at: number, length: number): number {
  if (!isFramed(buf, at, length)) return -1;
  const stop = at + length - 1;
  let count = 0;
  let p = at + LISTPACK_HEADER;
  while (p < stop) {
    const head = buf[p];
    // Nearly all elements are short, and this loop is most of what loading a small collection takes.
    const end = p + (head < 0x80 ? 1 : 1 + (head & 0x3f));
    if (head < 0xc0 && end < stop && buf[end] === end - p) p = end + 1;
    else p = elementEnd(buf, p, stop);
    if (p === 0) return -1;
    count++;
  }
  return hasStoredCount(buf, at, count) ? count : -1;
}

/** Whether the first and the last bytes are those of a listpack of `length` bytes. */
export function isFramed(buf: Uint8Array, at: number, length: number): boolean {
  if (length < LISTPACK_EMPTY || length > LISTPACK_MAX) return false;
  return uint32At(buf, at) === length && buf[at + length - 1] === END;
}

/** Whether the listpack at `at` says that it has `count` elements, or does not say it. */
export function hasStoredCount(buf: Uint8Array, at: number, count: number): boolean {
  const stored = buf[at + 4] | (buf[at + 5] << 8);
  return stored === COUNT_UNKNOWN || stored === count;
}

/**
 * Position behind the element at `p`, which is below `stop`, and its back length: `stop` at the most. 0 where there is no
 * sound element.
 */
export function elementEnd(buf: Uint8Array, p: number, stop: number): number {
  const bytes = elementBytes(buf, p, stop);
  return bytes === 0 ? 0 : skipBackLength(buf, p + bytes, stop, bytes);
}

/** Bytes of encoding and data of the element at `p`; 0 where it is none, or does not end before `stop`. */
function elementBytes(buf: Uint8Array, p: number, stop: number): number {
  const bytes = encodedBytes(buf, p, stop);
  return p + bytes < stop ? bytes : 0;
}

function encodedBytes(buf: Uint8Array, p: number, stop: number): number {
  const head = buf[p];
  if (head < 0x80) return 1;
  if (head < 0xc0) return 1 + (head & 0x3f);
  if (head < 0xe0) return 2;
  if (head < 0xf0) return p + 1 < stop ? 2 + (((head & 15) << 8) | buf[p + 1]) : 0;
  if (head === 0xf0) return p + 5 <= stop ? 5 + uint32At(buf, p + 1) : 0;
  if (head === 0xf1) return 3;
  if (head === 0xf2) return 4;
  if (head === 0xf3) return 5;
  return head === 0xf4 ? 9 : 0;
}

/** Position behind the back length at `p`, which has to say `bytes`; 0 where it does not. */
function skipBackLength(buf: Uint8Array, p: number, stop: number, bytes: number): number {
  const groups = backLengthBytes(bytes);
  if (p + groups > stop) return 0;
  let rest = bytes;
  for (let i = groups - 1; i >= 0; i--) {
    const more = i > 0 ? 0x80 : 0;
    if (buf[p + i] !== ((rest & 0x7f) | more)) return 0;
    rest = Math.floor(rest / 128);
  }
  return p + groups;
}

/** Integers of the intset buf[at, at + length), or -1 if it is none: it must not be empty, and ascends strictly. */
export function intsetCount(buf: Uint8Array, at: number, length: number): number {
  if (length < INTSET_HEADER) return -1;
  const width = uint32At(buf, at);
  const count = uint32At(buf, at + 4);
  if ((width !== 2 && width !== 4 && width !== 8) || count === 0) return -1;
  if (length !== INTSET_HEADER + count * width) return -1;
  const first = at + INTSET_HEADER;
  for (let p = first + width; p < at + length; p += width) {
    if (!ascends(buf, p, width)) return -1;
  }
  return count;
}

/** Whether the integer at `p` is above the one before it. */
function ascends(buf: Uint8Array, p: number, width: number): boolean {
  if (width === 2) return i16(buf, p) > i16(buf, p - 2);
  if (width === 4) return int32At(buf, p) > int32At(buf, p - 4);
  const hi = int32At(buf, p + 4);
  const before = int32At(buf, p - 4);
  return hi === before ? uint32At(buf, p) > uint32At(buf, p - 8) : hi > before;
}
