/**
 * LZF (Marc Lehmann's LibLZF): the compression of strings in RDB files. A compressed text is a sequence of
 *
 *     000lllll                            l + 1 bytes as they are follow
 *     lllooooo oooooooo                   copy l + 2 bytes (l: 1 to 6) from o + 1 bytes back
 *     111ooooo llllllll oooooooo          copy l + 9 bytes from o + 1 bytes back
 *
 * A copy may overlap what it writes: a distance of 1 repeats one byte. The compressor finds earlier places by a hash of
 * three bytes; it takes the last place with that hash, so it is fast and not the best possible. Any decoder of the format
 * reads what it writes.
 */

const HASH_BITS = 14;
const HASH_SIZE = 1 << HASH_BITS;
const DISTANCE_MAX = 1 << 13;
const COPY_MAX = (1 << 8) + 8;
/** Longer copies take three bytes instead of two. */
const SHORT_COPY_MAX = 8;
const LITERALS_MAX = 1 << 5;

/** Where three bytes with this hash were seen last, plus the base of the call: what is below that is of an older call. */
const lastSeen = new Float64Array(HASH_SIZE);
let base = 1;

/** Of the three bytes at `at`: a multiplicative hash, the constant being the golden ratio. */
function hash3(src: Uint8Array, at: number): number {
  const bytes = src[at] | (src[at + 1] << 8) | (src[at + 2] << 16);
  return Math.imul(bytes, 0x9e3779b1) >>> (32 - HASH_BITS);
}

/**
 * Compresses src[start, end) to `dst` from `at` on. Returns the number of bytes written, or 0 if it would take more than
 * `limit` bytes (or there is nothing to compress).
 */
export function lzfCompress(
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  at: number,
  limit: number,
): number {
  const offset = base - start;
  base += end - start;
  const stop = at + limit;
  let out = at;
  let position = start;
  let literals = start;
  while (position + 2 < end) {
    const slot = hash3(src, position);
    const candidate = lastSeen[slot] - offset;
    lastSeen[slot] = position + offset;
    const distance = position - candidate;
    if (
      candidate < start ||
      distance > DISTANCE_MAX ||
      src[candidate] !== src[position] ||
      src[candidate + 1] !== src[position + 1] ||
      src[candidate + 2] !== src[position + 2]
    ) {
      position++;
      continue;
    }
    const length = matchLength(src, candidate, position, Math.min(end, position + COPY_MAX));
    out = putLiterals(src, literals, position, dst, out, stop);
    if (out < 0 || out + (length <= SHORT_COPY_MAX ? 2 : 3) > stop) return 0;
    out = putCopy(length, distance - 1, dst, out);
    // Of the bytes copied only the last places are remembered: long runs are not looked through again.
    const next = position + length;
    for (let p = Math.max(position + 1, next - 2); p < next && p + 2 < end; p++) lastSeen[hash3(src, p)] = p + offset;
    position = next;
    literals = next;
  }
  out = putLiterals(src, literals, end, dst, out, stop);
  return out < 0 ? 0 : out - at;
}

/** Bytes, at least the three that are known to be, in which `a` and `b` agree before `b` comes to `end`. */
function matchLength(src: Uint8Array, a: number, b: number, end: number): number {
  let length = 3;
  while (b + length < end && src[a + length] === src[b + length]) length++;
  return length;
}

/** Writes bytes as they are. Returns the position behind them; -1 if they do not fit. */
function putLiterals(src: Uint8Array, start: number, end: number, dst: Uint8Array, at: number, stop: number): number {
  let out = at;
  for (let from = start; from < end; ) {
    const count = Math.min(LITERALS_MAX, end - from);
    if (out + 1 + count > stop) return -1;
    dst[out++] = count - 1;
    for (let i = 0; i < count; i++) dst[out++] = src[from++];
  }
  return out;
}

function putCopy(length: number, back: number, dst: Uint8Array, at: number): number {
  let out = at;
  const code = length - 2;
  if (length <= SHORT_COPY_MAX) {
    dst[out++] = (code << 5) | (back >>> 8);
  } else {
    dst[out++] = (7 << 5) | (back >>> 8);
    dst[out++] = code - 7;
  }
  dst[out++] = back;
  return out;
}

/**
 * Decompresses src[start, end) to exactly `length` bytes of `dst` from `at` on. False if the text is damaged or its
 * length another one; nothing is read or written outside the two ranges.
 */
export function lzfDecompress(
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  at: number,
  length: number,
): boolean {
  const stop = at + length;
  let out = at;
  let from = start;
  while (from < end) {
    const control = src[from++];
    if (control < LITERALS_MAX) {
      const count = control + 1;
      if (from + count > end || out + count > stop) return false;
      for (let i = 0; i < count; i++) dst[out++] = src[from++];
      continue;
    }
    let count = (control >>> 5) + 2;
    if (count === 9) {
      if (from >= end) return false;
      count += src[from++];
    }
    if (from >= end) return false;
    let copy = out - (((control & 31) << 8) | src[from++]) - 1;
    if (copy < at || out + count > stop) return false;
    for (let i = 0; i < count; i++) dst[out++] = dst[copy++];
  }
  return out === stop;
}
