/**
 * Stream IDs: 128 bits, written <milliseconds>-<sequence>, each half an unsigned 64-bit integer.
 *
 * An ID is four 32-bit words, the most significant first: exact where a JavaScript number is not, and without BigInt.
 * The words are kept as signed numbers, although they stand for unsigned ones: the engine has those from 2^31 on as
 * doubles, and compiles code anew that has met only smaller ones. A StreamId is a mutable register: code keeps a few of
 * them for good and copies into them; nothing on a command's path makes one.
 */

import { latin1 } from "./bytes";
import { int64, parseUint64, writeInt64 } from "./integers";

/** The largest word, and as it is kept. */
const WORD_MAX = 0xffffffff;
const ALL_ONES = -1;
const BILLION = 1_000_000_000;
const TWO_32 = 0x1_0000_0000;

/** Longest text of an ID: two integers of 20 digits and a dash. */
export const MAX_STREAM_ID_TEXT = 41;

export class StreamId {
  msHi = 0;
  msLo = 0;
  seqHi = 0;
  seqLo = 0;

  /** Sets the four words, signed or unsigned. */
  set(msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    this.msHi = msHi | 0;
    this.msLo = msLo | 0;
    this.seqHi = seqHi | 0;
    this.seqLo = seqLo | 0;
  }

  copy(from: StreamId): void {
    this.msHi = from.msHi;
    this.msLo = from.msLo;
    this.seqHi = from.seqHi;
    this.seqLo = from.seqLo;
  }

  /** Sets the ID to the one of 16 bytes, big-endian. */
  setBytes(bytes: Buffer, at: number): void {
    this.set(bytes.readInt32BE(at), bytes.readInt32BE(at + 4), bytes.readInt32BE(at + 8), bytes.readInt32BE(at + 12));
  }

  /** Sets the ID to 0-0, the smallest. */
  setMin(): void {
    this.set(0, 0, 0, 0);
  }

  /** Sets the ID to the largest there is. */
  setMax(): void {
    this.set(ALL_ONES, ALL_ONES, ALL_ONES, ALL_ONES);
  }

  /** Sets the ID to the first of a millisecond, a safe integer. */
  setTime(ms: number): void {
    const hi = Math.floor(ms / TWO_32);
    // A remainder of doubles is a call of the C library's.
    this.set(hi, ms - hi * TWO_32, 0, 0);
  }

  get isMin(): boolean {
    return (this.msHi | this.msLo | this.seqHi | this.seqLo) === 0;
  }

  get isMax(): boolean {
    return (this.msHi & this.msLo & this.seqHi & this.seqLo) === ALL_ONES;
  }

  /** Whether no other ID of the same millisecond follows. */
  get isLastOfTime(): boolean {
    return (this.seqHi & this.seqLo) === ALL_ONES;
  }

  /** Negative, 0 or positive as this ID is below, equal to or above the other. */
  compare(other: StreamId): number {
    if (this.msHi !== other.msHi) return compareWords(this.msHi, other.msHi);
    if (this.msLo !== other.msLo) return compareWords(this.msLo, other.msLo);
    if (this.seqHi !== other.seqHi) return compareWords(this.seqHi, other.seqHi);
    return compareWords(this.seqLo, other.seqLo);
  }

  equals(other: StreamId): boolean {
    return (
      this.seqLo === other.seqLo && this.msLo === other.msLo && this.msHi === other.msHi && this.seqHi === other.seqHi
    );
  }

  hasTimeOf(other: StreamId): boolean {
    return this.msLo === other.msLo && this.msHi === other.msHi;
  }

  /** Whether it is the next ID of the same millisecond. False, too, where the sequence number is a multiple of 2^31. */
  follows(other: StreamId): boolean {
    const { seqLo } = this;
    return seqLo === other.seqLo + 1 && seqLo !== 0 && this.seqHi === other.seqHi && this.hasTimeOf(other);
  }

  /** Goes on to the next ID. The largest has none: returns false, and the ID is 0-0. */
  increment(): boolean {
    this.seqLo = (this.seqLo + 1) | 0;
    if (this.seqLo !== 0) return true;
    this.seqHi = (this.seqHi + 1) | 0;
    if (this.seqHi !== 0) return true;
    this.msLo = (this.msLo + 1) | 0;
    if (this.msLo !== 0) return true;
    this.msHi = (this.msHi + 1) | 0;
    return this.msHi !== 0;
  }

  /** Goes back to the ID before. 0-0 has none: returns false, and the ID is the largest. */
  decrement(): boolean {
    this.seqLo = (this.seqLo - 1) | 0;
    if (this.seqLo !== ALL_ONES) return true;
    this.seqHi = (this.seqHi - 1) | 0;
    if (this.seqHi !== ALL_ONES) return true;
    this.msLo = (this.msLo - 1) | 0;
    if (this.msLo !== ALL_ONES) return true;
    this.msHi = (this.msHi - 1) | 0;
    return this.msHi !== ALL_ONES;
  }

  /** Sets the ID to one that lies a signed distance (ms and sequence apart, modulo 2^64 each) from another. */
  setOffset(from: StreamId, msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    const ms = (from.msLo >>> 0) + (msLo >>> 0);
    const seq = (from.seqLo >>> 0) + (seqLo >>> 0);
    this.msLo = ms | 0;
    this.msHi = (from.msHi + msHi + (ms > WORD_MAX ? 1 : 0)) | 0;
    this.seqLo = seq | 0;
    this.seqHi = (from.seqHi + seqHi + (seq > WORD_MAX ? 1 : 0)) | 0;
  }

  /** As setOffset, for distances of a few units forwards. */
  setNear(from: StreamId, ms: number, seq: number): void {
    const msLo = (from.msLo + ms) | 0;
    const seqLo = (from.seqLo + seq) | 0;
    if (isBelow(msLo, ms) || isBelow(seqLo, seq)) {
      this.setOffset(from, 0, ms, 0, seq);
      return;
    }
    this.msHi = from.msHi;
    this.msLo = msLo;
    this.seqHi = from.seqHi;
    this.seqLo = seqLo;
  }

  /** Sets `int64` to the milliseconds since those of another ID, modulo 2^64. */
  timeSince(from: StreamId): void {
    int64.lo = (this.msLo - from.msLo) >>> 0;
    int64.hi = (this.msHi - from.msHi - (isBelow(this.msLo, from.msLo) ? 1 : 0)) | 0;
  }

  /** Sets `int64` to the sequence number minus that of another ID, modulo 2^64. */
  sequenceSince(from: StreamId): void {
    int64.lo = (this.seqLo - from.seqLo) >>> 0;
    int64.hi = (this.seqHi - from.seqHi - (isBelow(this.seqLo, from.seqLo) ? 1 : 0)) | 0;
  }

  // --- heap and text -----------------------------------------------------------------------------------------------

  /** Reads the ID from four words. */
  load(words: Uint32Array, at: number): void {
    this.msHi = words[at] | 0;
    this.msLo = words[at + 1] | 0;
    this.seqHi = words[at + 2] | 0;
    this.seqLo = words[at + 3] | 0;
  }

  /** Writes the ID into four words. */
  store(words: Uint32Array, at: number): void {
    words[at] = this.msHi;
    words[at + 1] = this.msLo;
    words[at + 2] = this.seqHi;
    words[at + 3] = this.seqLo;
  }

  /** Writes the ID as text at `at` (up to MAX_STREAM_ID_TEXT bytes) and returns the number of bytes written. */
  write(out: Uint8Array, at: number): number {
    const length = this.writeTime(out, at);
    return length + this.writeSequence(out, at + length);
  }

  /** Writes the first half of the text, the dash included. Returns the number of bytes written. */
  writeTime(out: Uint8Array, at: number): number {
    const length = writeUint64(this.msHi >>> 0, this.msLo >>> 0, out, at);
    out[at + length] = DASH;
    return length + 1;
  }

  /** Writes the second half of the text. Returns the number of bytes written. */
  writeSequence(out: Uint8Array, at: number): number {
    return writeUint64(this.seqHi >>> 0, this.seqLo >>> 0, out, at);
  }

  toString(): string {
    return latin1(scratch, 0, this.write(scratch, 0));
  }

  /**
   * Reads an ID from text: "ms-seq", or "ms" alone, whose sequence is then 0, or the largest for `fillMax`. False if it
   * is none; the ID is then undefined. The integers are read as Redis does, see parseUint64.
   */
  parse(buf: Uint8Array, start: number, end: number, fillMax: boolean): boolean {
    if (end - start > MAX_INPUT) return false;
    const textEnd = find(buf, start, end, NUL);
    const dash = find(buf, start, textEnd, DASH);
    if (!parseUint64(buf, start, dash)) return false;
    this.msHi = int64.hi;
    this.msLo = int64.lo | 0;
    this.seqHi = fillMax ? ALL_ONES : 0;
    this.seqLo = this.seqHi;
    if (dash === textEnd) return true;
    if (!parseUint64(buf, dash + 1, textEnd)) return false;
    this.seqHi = int64.hi;
    this.seqLo = int64.lo | 0;
    return true;
  }
}

/** Whether a word is below another, both taken as unsigned. */
function isBelow(a: number, b: number): boolean {
  return a >>> 0 < b >>> 0;
}

/** Negative, 0 or positive as a word is below, equal to or above another, both taken as unsigned. */
export function compareWords(a: number, b: number): number {
  if (a === b) return 0;
  return isBelow(a, b) ? -1 : 1;
}

/** Texts longer than this are no IDs, whatever they say. */
const MAX_INPUT = 127;
/** Text ends at a NUL. */
const NUL = 0;
const DASH = 0x2d;
const ZERO = 0x30;

/** Position of a byte in a range; the end of the range if it is not there. */
function find(buf: Uint8Array, start: number, end: number, byte: number): number {
  let at = start;
  while (at < end && buf[at] !== byte) at++;
  return at;
}

/** Writes an unsigned 64-bit integer at `at`, up to 20 bytes, and returns the number of bytes written. */
function writeUint64(hi: number, lo: number, out: Uint8Array, at: number): number {
  if (hi < 0x80000000) return writeInt64(hi, lo, out, at);
  // From 2^63 on. Long division by 10^9 in 16-bit steps leaves a quotient that is a signed 64-bit integer.
  const upper = Math.floor(hi / BILLION);
  const second = (hi % BILLION) * 65536 + (lo >>> 16);
  const third = (second % BILLION) * 65536 + (lo & 0xffff);
  const lower = Math.floor(second / BILLION) * 65536 + Math.floor(third / BILLION);
  const length = writeInt64(upper, lower, out, at);
  let rest = third % BILLION;
  for (let i = at + length + 8; i >= at + length; i--) {
    out[i] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return length + 9;
}

const scratch = Buffer.alloc(MAX_STREAM_ID_TEXT);
