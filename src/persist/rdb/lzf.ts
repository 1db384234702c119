/**
 * LZF (Marc Lehmann's LibLZF): the compression of strings in RDB files. A compressed text is a sequence of
 *
 *     000lllll                            l + 1 bytes as they are follow
 *     lllooooo oooooooo                   copy l + 2 bytes (l: 1 to 6) from o + 1 bytes back
 *     111ooooo llllllll oooooooo          copy l + 9 bytes from o + 1 bytes back
 *
 * A copy may overlap what it writes: a distance of 1 repeats one byte. The compressor finds earlier places by a hash of
 * three bytes; it takes the last place with that hash, so it is fast and not the best possible.
 *
 * Any decoder reads what any compressor writes. This one takes the same places as the one in Redis, peculiarities
 * included, so that DUMP and RDB files are the same to the byte: the first byte of a text is never copied, the last two
 * are copied only by copies of 3 or 19 bytes, and it gives up a little before the room is full.
 */

const HASH_SIZE = 1 << 16;
const DISTANCE_MAX = 1 << 13;
const COPY_MAX = (1 << 8) + 8;
const COPY_MIN = 3;
/** Where more than this could be copied, this many bytes are compared before the end is looked at. */
const UNROLLED = 16;
/** Longer copies take three bytes instead of two. */
const SHORT_COPY_MAX = 8;
const LITERALS_MAX = 1 << 5;
/** From here on a call for all bytes costs less than a loop: 0.1 instead of 0.5 to 1.9 ns a byte. */
const LONG_COPY = 32;
/** Shorter copies go by words of so many bytes: 0.45 ns a byte of a listpack instead of 0.6. */
const WORD = 4;
/** Buffers of which a view is kept have so many bytes at the most: it keeps them alive. */
const VIEW_MAX = 4 * 1024 * 1024;
const BASE_MAX = 2 ** 31 - 1;
/** More than the bytes before the end of its room at which the compressor gives up. */
const SLACK = 8;

/** Where three bytes with this hash were seen last, plus the base of the call: what is below that is of an older call. */
const lastSeen = new Int32Array(HASH_SIZE);
let base = 1;

/** Room in which a text of this length can be compressed, whatever it is. */
export function lzfRoom(length: number): number {
  return literalBytes(length) + SLACK;
}

/**
 * Compresses src[start, end) to `dst` from `at` on. Returns the number of bytes written, or 0 if it would take more than
 * about `limit` bytes (or there is nothing to compress).
 */
export function lzfCompress(
  src: Uint8Array,
  start: number,
  end: number,
  dst: Uint8Array,
  at: number,
  limit: number,
): number {
  const offset = takeBase(end - start) - start;
  const stop = at + limit;
  const last = end - 2;
  let out = at;
  let position = start;
  let literals = start;
  while (position < last) {
    const a = src[position];
    const b = src[position + 1];
    const c = src[position + 2];
    const slot = hash3(a, b, c);
    const candidate = lastSeen[slot] - offset;
    lastSeen[slot] = position + offset;
    if (
      candidate <= start ||
      position - candidate > DISTANCE_MAX ||
      src[candidate] !== a ||
      src[candidate + 1] !== b ||
      src[candidate + 2] !== c
    ) {
      position++;
      continue;
    }
    const room = out + literalBytes(position - literals);
    if (room + 4 >= stop) return 0;
    out = putLiterals(src, literals, position, dst, out);
    const length = matchLength(src, candidate, position, last - position);
    out = putCopy(length, position - candidate - 1, dst, out);
    position += length;
    literals = position;
    // Of the bytes copied only the last two places are remembered: long runs are not looked through again.
    if (position < last) {
      const before = src[position - 1];
      const next = src[position];
      lastSeen[hash3(src[position - 2], before, next)] = position - 2 + offset;
      lastSeen[hash3(before, next, src[position + 1])] = position - 1 + offset;
    }
  }
  const count = position - literals;
  if (out + count + (count >>> 5) + 4 > stop) return 0;
  return putLiterals(src, literals, end, dst, out) - at;
}

/** A base for a text of `length` bytes: above every place that `lastSeen` knows. */
function takeBase(length: number): number {
  if (base + length > BASE_MAX) {
    lastSeen.fill(0);
    base = 1;
  }
  const taken = base;
  base += length;
  return taken;
}

/** A hash of three bytes, that of LibLZF. */
function hash3(a: number, b: number, c: number): number {
  const low = (b << 8) | c;
  return (((a << 8) | b) - low * 5) & (HASH_SIZE - 1);
}

/** Bytes that `count` bytes as they are take, with the lengths before them. */
function literalBytes(count: number): number {
  return count + ((count + LITERALS_MAX - 1) >>> 5);
}

/**
 * The bytes to copy: those in which `a` and `b` agree, of `left` at the most; of these, three are known to agree. The
 * bounds are not exact, see the head of this file.
 */
function matchLength(src: Uint8Array, a: number, b: number, left: number): number {
  let most = Math.min(left, COPY_MAX);
  most = Math.max(most, most > UNROLLED ? COPY_MIN + UNROLLED : COPY_MIN);
  let length = COPY_MIN;
  while (length < most && src[a + length] === src[b + length]) length++;
  return length;
}

/** Writes bytes as they are. Returns the position behind them. */
function putLiterals(src: Uint8Array, start: number, end: number, dst: Uint8Array, at: number): number {
  let out = at;
  for (let from = start; from < end; ) {
    const stop = Math.min(end, from + LITERALS_MAX);
    dst[out++] = stop - from - 1;
    while (from < stop) dst[out++] = src[from++];
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

/** Four bytes at a time are copied by a view of the buffer: that of the last one is kept, unless it is a large one. */
class LastView {
  private of: Uint8Array | null = null;
  private view: DataView = new DataView(new ArrayBuffer(0));

  take(buf: Uint8Array): DataView {
    if (this.of === buf) return this.view;
    const view = new DataView(buf.buffer, buf.byteOffset, buf.length);
    if (buf.length > VIEW_MAX) return view;
    this.of = buf;
    this.view = view;
    return view;
  }
}

const sources = new LastView();
const targets = new LastView();

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
  const source = sources.take(src);
  const target = targets.take(dst);
  const stop = at + length;
  let out = at;
  let from = start;
  while (from < end) {
    const control = src[from++];
    if (control < LITERALS_MAX) {
      const count = control + 1;
      const to = out + count;
      if (from + count > end || to > stop) return false;
      // Whole words may go beyond what is copied, but not beyond the range.
      if (from + count + WORD <= end && to + WORD <= stop) {
        for (let f = from; out < to; out += WORD, f += WORD) target.setInt32(out, source.getInt32(f, true), true);
      } else {
        for (let f = from; out < to; ) dst[out++] = src[f++];
      }
      from += count;
      out = to;
      continue;
    }
    let count = (control >>> 5) + 2;
    if (count === 9) {
      if (from >= end) return false;
      count += src[from++];
    }
    if (from >= end) return false;
    const back = (((control & 31) << 8) | src[from++]) + 1;
    const to = out + count;
    if (back > out - at || to > stop) return false;
    if (count >= LONG_COPY) repeat(dst, out, back, count);
    else if (back >= WORD && to + WORD <= stop) {
      for (; out < to; out += WORD) target.setInt32(out, target.getInt32(out - back, true), true);
    } else for (; out < to; out++) dst[out] = dst[out - back];
    out = to;
  }
  return out === stop;
}

/** Copies `count` bytes from `back` bytes before `at` to `at`; what is written may be copied again. */
function repeat(dst: Uint8Array, at: number, back: number, count: number): void {
  if (back >= count) dst.copyWithin(at, at - back, at - back + count);
  else if (back === 1) dst.fill(dst[at - 1], at, at + count);
  else for (let to = at; to < at + count; to++) dst[to] = dst[to - back];
}
