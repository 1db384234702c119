/**
 * The bytes of an RDB file or a DUMP payload as they are read. Everything is checked against what is there: whatever the
 * bytes say, nothing outside them is read, and nothing is allocated that is longer than the rest of them could fill.
 *
 * A file is seen through a window that moves along; a payload is the window. What string() found is valid until the next
 * read.
 */

import { readSync } from "node:fs";
import { copyBytes, int32At, latin1 } from "../../util/bytes";
import { int64, MAX_INT64_TEXT, writeInt64 } from "../../util/integers";
import { strerror } from "../../util/strerror";
import { Crc64 } from "./crc64";
import { lzfDecompress } from "./lzf";
import {
  ENCODED,
  LENGTH_14,
  LENGTH_32,
  LENGTH_64,
  STRING_INT8,
  STRING_INT16,
  STRING_INT32,
  STRING_LZF,
} from "./rdb-format";

/** The window on a file. */
const WINDOW_BYTES = 512 * 1024;
/** A scratch buffer larger than this is not kept. */
const RETAINED_BYTES = 4 * 1024 * 1024;
/** LZF makes at most this many bytes of one: 264 bytes of a copy of three. */
const LZF_RATIO = 88;

/** The bytes are not what they should be. `short`: they end too early, or cannot be read. */
export class RdbError extends Error {
  constructor(
    reason: string,
    readonly short: boolean = false,
  ) {
    super(reason);
  }
}

/** The error of a value that cannot be right. */
export function corrupt(reason: string): RdbError {
  return new RdbError(reason);
}

const EMPTY = Buffer.alloc(0);
const doubleView = new DataView(new ArrayBuffer(8));

export class RdbInput {
  /** The window: bytes [at, end) of it are not read yet. */
  buf: Buffer;
  at: number;
  end: number;
  /** What string() found: value[from, from + length). */
  value: Buffer = EMPTY;
  from = 0;
  length = 0;
  /** The sum of the bytes up to where sumUpTo() was called. */
  readonly crc = new Crc64();
  /** Whether a file's bytes are summed up. */
  checksum = false;
  /** Bytes of the file before the window, and behind it. */
  private before = 0;
  private behind: number;
  private summed: number;
  private scratch: Buffer = EMPTY;
  private readonly digits = Buffer.alloc(MAX_INT64_TEXT + 1);

  private constructor(
    private readonly fd: number,
    buf: Buffer,
    at: number,
    end: number,
    behind: number,
  ) {
    this.buf = buf;
    this.at = at;
    this.summed = at;
    this.end = end;
    this.behind = behind;
  }

  /** The bytes [start, end) of a buffer. */
  static ofBytes(buf: Buffer, start: number, end: number): RdbInput {
    return new RdbInput(-1, buf, start, end, 0);
  }

  /** A file of `size` bytes, from its beginning. The descriptor stays the caller's. */
  static ofFile(fd: number, size: number): RdbInput {
    return new RdbInput(fd, Buffer.allocUnsafe(WINDOW_BYTES), 0, 0, size);
  }

  /** Bytes read so far. */
  get position(): number {
    return this.before + this.at;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.end - this.at + this.behind;
  }

  /** Brings the sum up to the position. */
  sumUpTo(): void {
    if (this.checksum) this.crc.update(this.buf, this.summed, this.at);
    this.summed = this.at;
  }

  /** Makes sure that `count` bytes are in the window. Throws if there are not so many. */
  private need(count: number): void {
    if (this.end - this.at >= count) return;
    if (count > this.left) throw new RdbError("Unexpected EOF reading RDB file", true);
    this.refill(count);
  }

  private refill(count: number): void {
    this.sumUpTo();
    const rest = this.end - this.at;
    let { buf } = this;
    if (count > buf.length || (buf.length > RETAINED_BYTES && count <= WINDOW_BYTES)) {
      buf = Buffer.allocUnsafe(Math.max(count, WINDOW_BYTES));
      copyBytes(this.buf, this.at, buf, 0, rest);
    } else {
      buf.copyWithin(0, this.at, this.end);
    }
    this.before += this.at;
    this.buf = buf;
    this.at = 0;
    this.summed = 0;
    this.end = rest;
    while (this.end < count) {
      const read = this.readFile(buf, this.end, Math.min(buf.length - this.end, this.behind));
      // The file has become shorter since it was measured.
      if (read === 0) throw new RdbError("Unexpected EOF reading RDB file", true);
      this.end += read;
      this.behind -= read;
    }
  }

  /** Bytes of the file to `buf` at `at`; how many there were. Throws where the disk, or what stands there, gives none. */
  private readFile(buf: Buffer, at: number, count: number): number {
    try {
      return readSync(this.fd, buf, at, count, null);
    } catch (error) {
      throw new RdbError(`Error reading RDB file: ${strerror(error)}`, true);
    }
  }

  byte(): number {
    if (this.at >= this.end) this.need(1);
    return this.buf[this.at++];
  }

  /** The next `count` bytes as they are, found as string() does. */
  bytes(count: number): void {
    this.need(count);
    this.value = this.buf;
    this.from = this.at;
    this.length = count;
    this.at += count;
  }

  /** A length in [0, 2^53). Throws for an encoded string, and for what no length can be. */
  size(): number {
    const first = this.byte();
    if (first < LENGTH_14) return first;
    if (first < LENGTH_32) return ((first & 0x3f) << 8) | this.byte();
    if (first === LENGTH_32) return this.bigEndian32();
    if (first === LENGTH_64) {
      const hi = this.bigEndian32();
      if (hi >= 0x200000) throw corrupt("Length out of range");
      return hi * 0x100000000 + this.bigEndian32();
    }
    throw corrupt(`Unknown length encoding ${first} in rdbLoadLen()`);
  }

  /** A length as an unsigned 64-bit integer, in `int64`: its halves are those of the bits. */
  size64(): void {
    this.need(1);
    if (this.buf[this.at] === LENGTH_64) {
      this.at++;
      int64.hi = this.bigEndian32() | 0;
      int64.lo = this.bigEndian32();
      return;
    }
    int64.lo = this.size();
    int64.hi = 0;
  }

  private bigEndian32(): number {
    this.need(4);
    const { buf, at } = this;
    this.at = at + 4;
    return ((buf[at] << 24) | (buf[at + 1] << 16) | (buf[at + 2] << 8) | buf[at + 3]) >>> 0;
  }

  private littleEndian32(): number {
    this.need(4);
    const { buf, at } = this;
    this.at = at + 4;
    return int32At(buf, at);
  }

  /** A signed 64-bit integer of 8 bytes, little endian, in `int64`. */
  int64(): void {
    const lo = this.littleEndian32() >>> 0;
    int64.hi = this.littleEndian32();
    int64.lo = lo;
  }

  /** A signed 32-bit integer, little endian: seconds of old files. */
  int32(): number {
    return this.littleEndian32();
  }

  /** A double of 8 bytes. */
  double(): number {
    this.int64();
    doubleView.setUint32(0, int64.lo, true);
    doubleView.setInt32(4, int64.hi, true);
    return doubleView.getFloat64(0, true);
  }

  /** A score as old sorted sets hold it: a byte that is a length, and digits; 253 to 255 are nan, inf and -inf. */
  textDouble(): number {
    const length = this.byte();
    if (length === 255) return Number.NEGATIVE_INFINITY;
    if (length === 254) return Number.POSITIVE_INFINITY;
    if (length === 253) return Number.NaN;
    this.bytes(length);
    return Number.parseFloat(latin1(this.value, this.from, this.from + length));
  }

  // --- strings -----------------------------------------------------------------------------------------------------

  /** A string of any encoding: afterwards its bytes are value[from, from + length). */
  string(): void {
    const first = this.byte();
    if (first < LENGTH_14) {
      this.bytes(first);
      return;
    }
    if (first >= ENCODED) {
      this.encodedString(first);
      return;
    }
    this.at--;
    this.bytes(this.size());
  }

  private encodedString(encoding: number): void {
    let value: number;
    if (encoding === STRING_LZF) {
      this.compressedString();
      return;
    }
    if (encoding === STRING_INT8) value = (this.byte() << 24) >> 24;
    else if (encoding === STRING_INT16) value = this.byte() | ((this.byte() << 24) >> 16);
    else if (encoding === STRING_INT32) value = this.littleEndian32();
    else throw corrupt(`Unknown RDB string encoding type ${encoding & 0x3f}`);
    this.value = this.digits;
    this.from = 0;
    this.length = writeInt64(value >> 31, value >>> 0, this.digits, 0);
  }

  private compressedString(): void {
    const compressed = this.size();
    const length = this.size();
    if (length > compressed * LZF_RATIO) throw corrupt("Invalid LZF compressed string");
    this.need(compressed);
    if (this.scratch.length < length || (this.scratch.length > RETAINED_BYTES && length < WINDOW_BYTES)) {
      this.scratch = Buffer.allocUnsafe(Math.max(length, 1024));
    }
    const start = this.at;
    this.at += compressed;
    if (!lzfDecompress(this.buf, start, this.at, this.scratch, 0, length))
      throw corrupt("Invalid LZF compressed string");
    this.value = this.scratch;
    this.from = 0;
    this.length = length;
  }

  /** A string as latin1 text, for what is no data: names and AUX fields. */
  text(): string {
    this.string();
    return latin1(this.value, this.from, this.from + this.length);
  }
}
