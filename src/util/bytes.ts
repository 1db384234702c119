/**
 * Byte ranges: a range is a Uint8Array with a start and an end (exclusive), and nothing here allocates unless it
 * returns something new. Short ranges take a plain loop and long ones Bun's native Buffer methods, whose call costs
 * about 15 ns (copy) or 45 ns (compare): the thresholds are where the two cross. Text that stands for bytes is latin1
 * throughout: one character a byte, U+0000 to U+00FF.
 */

const COPY_LOOP_MAX = 24;
const COMPARE_LOOP_MAX = 96;
const TEXT_LOOP_MAX = 8;

const nativeCopy = Buffer.prototype.copy;
const nativeCompare = Buffer.prototype.compare;
const nativeToString = Buffer.prototype.toString;

/** Whether `len` bytes of `a` from `aStart` equal those of `b` from `bStart`. Both ranges lie inside their arrays. */
export function equalBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, len: number): boolean {
  if (len <= COMPARE_LOOP_MAX) {
    for (let i = 0; i < len; i++) {
      if (a[aStart + i] !== b[bStart + i]) return false;
    }
    return true;
  }
  // Different keys mostly differ at an end: ask there before paying for the call.
  if (a[aStart + len - 1] !== b[bStart + len - 1]) return false;
  return nativeCompare.call(a, b, bStart, bStart + len, aStart, aStart + len) === 0;
}

/** Compares two ranges as memcmp does, and a shorter one as less than what it begins: negative, 0 or positive. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aLen: number,
  b: Uint8Array,
  bStart: number,
  bLen: number,
): number {
  const len = aLen < bLen ? aLen : bLen;
  // Different texts mostly differ early.
  const looped = len <= COMPARE_LOOP_MAX ? len : TEXT_LOOP_MAX;
  for (let i = 0; i < looped; i++) {
    const difference = a[aStart + i] - b[bStart + i];
    if (difference !== 0) return difference;
  }
  if (looped === len) return aLen - bLen;
  return nativeCompare.call(a, b, bStart, bStart + bLen, aStart, aStart + aLen);
}

/** Copies `len` bytes. The ranges must not overlap; both lie inside their arrays. */
export function copyBytes(src: Uint8Array, srcStart: number, dst: Uint8Array, dstStart: number, len: number): void {
  if (len <= COPY_LOOP_MAX) {
    for (let i = 0; i < len; i++) dst[dstStart + i] = src[srcStart + i];
  } else {
    nativeCopy.call(src, dst, dstStart, srcStart, srcStart + len);
  }
}

/** The 4 bytes at `at`, little endian, as a signed number. */
export function int32At(buf: Uint8Array, at: number): number {
  return buf[at] | (buf[at + 1] << 8) | (buf[at + 2] << 16) | (buf[at + 3] << 24);
}

/** The 4 bytes at `at`, little endian, as an unsigned number. */
export function uint32At(buf: Uint8Array, at: number): number {
  return int32At(buf, at) >>> 0;
}

/** The range as bytes of their own. (`slice` would do for a Uint8Array, but that of a Buffer is a view.) */
export function copyOfRange(buf: Uint8Array, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  copyBytes(buf, start, copy, 0, end - start);
  return copy;
}

/** The range as text, one character a byte. */
export function latin1(buf: Uint8Array, start: number, end: number): string {
  if (end - start > TEXT_LOOP_MAX) return nativeToString.call(buf, "latin1", start, end);
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(buf[i]);
  return text;
}

/** The bytes of latin1 text, in an array of their own. A character above U+00FF keeps only its low byte. */
export function bytesOf(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

/** Writes latin1 text at `at` and returns the number of bytes written. */
export function writeLatin1(text: string, out: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return text.length;
}

/** Whether the range equals `lower`, lower-case ASCII text, if the case of ASCII letters is ignored. */
export function equalsIgnoreCase(buf: Uint8Array, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    let byte = buf[start + i];
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte !== lower.charCodeAt(i)) return false;
  }
  return true;
}

const SHORT_ESCAPES: Record<number, string> = {
  7: "\\a",
  8: "\\b",
  9: "\\t",
  10: "\\n",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};

/** Bytes (or latin1 text) in double quotes, escaped as Redis prints them in logs, MONITOR and redis-cli: "a\x00\n". */
export function quoteRepr(value: Uint8Array | string): string {
  let quoted = '"';
  for (let i = 0; i < value.length; i++) {
    const byte = typeof value === "string" ? value.charCodeAt(i) & 0xff : value[i];
    const short = SHORT_ESCAPES[byte];
    if (short !== undefined) quoted += short;
    else if (byte >= 0x20 && byte < 0x7f) quoted += String.fromCharCode(byte);
    else quoted += `\\x${byte < 16 ? "0" : ""}${byte.toString(16)}`;
  }
  return `${quoted}"`;
}
