/**
 * The bytes of an RDB file or a DUMP payload as they are written: lengths, strings, integers. What is written gathers in
 * a buffer; a sink, if there is one, gets it in pieces of about FLUSH_BYTES, and the checksum runs along.
 */

import { copyBytes } from "../../util/bytes";
import { int64, MAX_INT64_TEXT, parseInt64, writeInt64 } from "../../util/integers";
import { Crc64 } from "./crc64";
import { lzfCompress } from "./lzf";
import { LENGTH_14, LENGTH_32, LENGTH_64, STRING_INT8, STRING_INT16, STRING_INT32, STRING_LZF } from "./rdb-format";

/** A sink gets its bytes in pieces of this size, about. */
const FLUSH_BYTES = 256 * 1024;
/** Buffers larger than this are not kept. */
const RETAINED_BYTES = 1024 * 1024;
/** Strings longer than this are compressed, if that makes them shorter by LZF_GAIN bytes at least. */
const COMPRESS_ABOVE = 20;
const LZF_GAIN = 4;
/** Room for a byte and two strings that are not compressed. */
const SHORT_PAIR_BYTES = 1 + 2 * (1 + COMPRESS_ABOVE);
/** Texts of up to this many bytes can be 32-bit integers. */
const INT32_TEXT_MAX = 11;
/** Bytes of the longest length. */
const LENGTH_BYTES_MAX = 9;

/** Takes over bytes [0, length) of `buf` before it returns; throws where it cannot. */
export type RdbSink = (buf: Buffer, length: number) => void;

let scratch = Buffer.allocUnsafe(16 * 1024);
const digits = Buffer.alloc(MAX_INT64_TEXT + 1);
const doubleView = new DataView(new ArrayBuffer(8));

export class RdbOutput {
  /** Bytes [0, length) are written and not yet with the sink. */
  buf: Buffer = Buffer.allocUnsafe(1024);
  length = 0;
  /** Bytes that may still be compressed: whoever is waited for sets a limit, as that is what takes longest by far. */
  compressible = Number.POSITIVE_INFINITY;
  /** The sum of what the sink got. */
  readonly crc = new Crc64();
  /** Bytes of `buf` that are in the sum. */
  private summed = 0;
  /** Bytes that the sink got. */
  private flushed = 0;

  /**
   * @param compress rdbcompression
   * @param checksum whether the sum of what goes to the sink is wanted
   */
  constructor(
    readonly compress: boolean,
    private readonly sink: RdbSink | null = null,
    private readonly checksum: boolean = false,
  ) {
    if (sink !== null) this.buf = Buffer.allocUnsafe(FLUSH_BYTES + 1024);
  }

  /** One without a sink that writes strings as this one does. */
  another(): RdbOutput {
    return new RdbOutput(this.compress);
  }

  /** Bytes written in all. */
  get position(): number {
    return this.flushed + this.length;
  }

  /**
   * Adds what is written to the sum. The sink's turn would do: but for the code of a process that has not saved yet, the
   * sum of all that the sink gets takes 3 to 5 ms.
   */
  sumUp(): void {
    if (this.checksum) this.crc.update(this.buf, this.summed, this.length);
    this.summed = this.length;
  }

  /** Hands what is written to the sink. */
  flush(): void {
    const { sink, length } = this;
    if (sink === null || length === 0) return;
    this.sumUp();
    sink(this.buf, length);
    this.flushed += length;
    this.length = 0;
    this.summed = 0;
    if (this.buf.length > RETAINED_BYTES) this.buf = Buffer.allocUnsafe(FLUSH_BYTES + 1024);
  }

  /** Makes room for `bytes` more bytes. */
  private reserve(bytes: number): void {
    if (this.length >= FLUSH_BYTES) this.flush();
    const needed = this.length + bytes;
    if (needed <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buf.length * 2));
    copyBytes(this.buf, 0, larger, 0, this.length);
    this.buf = larger;
  }

  byte(value: number): void {
    if (this.length >= this.buf.length || this.length >= FLUSH_BYTES) this.reserve(1);
    this.buf[this.length++] = value;
  }

  /** Bytes as they are, without a length. */
  raw(src: Uint8Array, at: number, length: number): void {
    let from = at;
    let left = length;
    // A long string goes to the sink in pieces, so that it need not be in memory twice.
    while (this.sink !== null && left > FLUSH_BYTES) {
      this.reserve(FLUSH_BYTES);
      copyBytes(src, from, this.buf, this.length, FLUSH_BYTES);
      this.length += FLUSH_BYTES;
      from += FLUSH_BYTES;
      left -= FLUSH_BYTES;
    }
    this.reserve(left);
    copyBytes(src, from, this.buf, this.length, left);
    this.length += left;
  }

  /** A length, or another integer in [0, 2^53), in as few bytes as it takes. */
  size(value: number): void {
    if (value < 0x40) {
      this.byte(value);
      return;
    }
    this.reserve(LENGTH_BYTES_MAX);
    if (value < 0x4000) {
      this.buf[this.length++] = LENGTH_14 | (value >>> 8);
      this.buf[this.length++] = value;
    } else if (value <= 0xffffffff) {
      this.buf[this.length++] = LENGTH_32;
      this.bigEndian32(value);
    } else {
      this.size64(Math.floor(value / 0x100000000), value >>> 0);
    }
  }

  /** An unsigned 64-bit integer as size() writes it; the halves are taken as unsigned. */
  size64(hi: number, lo: number): void {
    if (hi === 0) {
      this.size(lo);
      return;
    }
    this.reserve(LENGTH_BYTES_MAX);
    this.buf[this.length++] = LENGTH_64;
    this.bigEndian32(hi);
    this.bigEndian32(lo);
  }

  /** Four words as 16 bytes, most significant byte first: the ID of an entry of a stream. */
  words(a: number, b: number, c: number, d: number): void {
    this.reserve(16);
    this.bigEndian32(a);
    this.bigEndian32(b);
    this.bigEndian32(c);
    this.bigEndian32(d);
  }

  private bigEndian32(value: number): void {
    const { buf, length } = this;
    buf[length] = value >>> 24;
    buf[length + 1] = value >>> 16;
    buf[length + 2] = value >>> 8;
    buf[length + 3] = value;
    this.length = length + 4;
  }

  /** A 64-bit integer in 8 bytes, little endian: times. */
  int64(hi: number, lo: number): void {
    this.reserve(8);
    const { buf, length } = this;
    buf[length] = lo;
    buf[length + 1] = lo >>> 8;
    buf[length + 2] = lo >>> 16;
    buf[length + 3] = lo >>> 24;
    buf[length + 4] = hi;
    buf[length + 5] = hi >>> 8;
    buf[length + 6] = hi >>> 16;
    buf[length + 7] = hi >>> 24;
    this.length = length + 8;
  }

  /** A double in 8 bytes, little endian. */
  double(value: number): void {
    doubleView.setFloat64(0, value, true);
    this.int64(doubleView.getInt32(4, true), doubleView.getUint32(0, true));
  }

  // --- strings -----------------------------------------------------------------------------------------------------

  /** A string: as an integer if it is the text of one of 32 bits, else compressed if that helps, else as it is. */
  string(src: Uint8Array, at: number, length: number): void {
    if (length <= INT32_TEXT_MAX && length > 0 && this.tryInteger(src, at, length)) return;
    if (this.compress && length > COMPRESS_ABOVE && this.tryCompressed(src, at, length)) return;
    this.size(length);
    this.raw(src, at, length);
  }

  /**
   * A byte and two strings, what most keys of a file are. Returns false, and has written nothing, unless both are too
   * short to be compressed.
   */
  shortPair(
    byte: number,
    src: Uint8Array,
    firstAt: number,
    firstLength: number,
    secondAt: number,
    secondLength: number,
  ): boolean {
    if (firstLength > COMPRESS_ABOVE || secondLength > COMPRESS_ABOVE) return false;
    this.reserve(SHORT_PAIR_BYTES);
    this.buf[this.length++] = byte;
    this.shortString(src, firstAt, firstLength);
    this.shortString(src, secondAt, secondLength);
    return true;
  }

  /** As shortPair(), of a byte and one string. */
  shortHead(byte: number, src: Uint8Array, at: number, length: number): boolean {
    if (length > COMPRESS_ABOVE) return false;
    this.reserve(SHORT_PAIR_BYTES);
    this.buf[this.length++] = byte;
    this.shortString(src, at, length);
    return true;
  }

  /** As string(), where there is room, and nothing to compress. */
  private shortString(src: Uint8Array, at: number, length: number): void {
    if (length <= INT32_TEXT_MAX && length > 0 && this.tryInteger(src, at, length)) return;
    const { buf } = this;
    const to = this.length;
    buf[to] = length;
    for (let i = 0; i < length; i++) buf[to + 1 + i] = src[at + i];
    this.length = to + 1 + length;
  }

  /** Latin1 text as a string. */
  text(value: string): void {
    const bytes = Buffer.from(value, "latin1");
    this.string(bytes, 0, bytes.length);
  }

  /** A 64-bit integer as a string: what string() would write for its digits. */
  integer(hi: number, lo: number): void {
    if (this.tryInt32(hi, lo)) return;
    const length = writeInt64(hi, lo, digits, 0);
    this.size(length);
    this.raw(digits, 0, length);
  }

  private tryInteger(src: Uint8Array, at: number, length: number): boolean {
    const first = src[at];
    // A digit or a minus: most texts are sorted out here.
    if (first > 0x39 || (first < 0x30 && first !== 0x2d)) return false;
    return parseInt64(src, at, at + length) && this.tryInt32(int64.hi, int64.lo);
  }

  private tryInt32(hi: number, lo: number): boolean {
    const value = lo | 0;
    if (hi !== value >> 31) return false;
    this.reserve(5);
    const { buf } = this;
    if (value >= -0x80 && value < 0x80) {
      buf[this.length++] = STRING_INT8;
      buf[this.length++] = value;
    } else if (value >= -0x8000 && value < 0x8000) {
      buf[this.length++] = STRING_INT16;
      buf[this.length++] = value;
      buf[this.length++] = value >> 8;
    } else {
      buf[this.length++] = STRING_INT32;
      for (let i = 0; i < 4; i++) buf[this.length++] = value >> (8 * i);
    }
    return true;
  }

  /** Whether a string is worth being compressed from its length to `compressed` bytes. */
  isGain(compressed: number, length: number): boolean {
    return compressed <= length - LZF_GAIN;
  }

  private tryCompressed(src: Uint8Array, at: number, length: number): boolean {
    if (length > this.compressible) return false;
    this.compressible -= length;
    const limit = length - LZF_GAIN;
    if (scratch.length < limit) scratch = Buffer.allocUnsafe(limit);
    const compressed = lzfCompress(src, at, at + length, scratch, 0, limit);
    if (compressed > 0) {
      this.byte(STRING_LZF);
      this.size(compressed);
      this.size(length);
      this.raw(scratch, 0, compressed);
    }
    if (scratch.length > RETAINED_BYTES) scratch = Buffer.allocUnsafe(16 * 1024);
    return compressed > 0;
  }
}
