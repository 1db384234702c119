/**
 * HyperLogLog: 16,384 registers of 6 bits in a string, laid out as in Redis. No RESP here.
 *
 *     0   "HYLL"
 *     4   encoding: 0 dense, 1 sparse
 *     5   three bytes, unused
 *     8   the cardinality computed last, 64 bits, little endian; the highest bit tells that it is out of date
 *     16  the registers
 *
 * Dense: register after register, from the lowest bit of the first byte on. Sparse: runs of equal registers:
 *
 *     00nnnnnn             n + 1 zeros (ZERO)
 *     01nnnnnn nnnnnnnn    n + 1 zeros (XZERO)
 *     1vvvvvnn             n + 1 times the value v + 1 (VAL)
 *
 * A sparse one becomes dense for good when a value above 32 has to be kept, or when it would exceed
 * hll-sparse-max-bytes. Which runs it is cut into depends on the order of the elements, and is as in Redis byte for byte.
 *
 * Anybody can write such a string with SET: nothing that stands in it is trusted.
 */

import { copyBytes, uint32At } from "../../util/bytes";
import { HISTOGRAM_SIZE } from "./hyperloglog-estimate";
import { INDEX_BITS } from "./hyperloglog-hash";

export const REGISTERS = 1 << INDEX_BITS;
export const HEADER_BYTES = 16;
export const DENSE_BYTES = HEADER_BYTES + (REGISTERS * 6) / 8;

const ENCODING_AT = 4;
const CARDINALITY_AT = 8;
/** The byte whose highest bit tells that the cardinality is out of date. */
const STALE_AT = 15;
const STALE = 0x80;
const DENSE = 0;
const SPARSE = 1;

const VAL = 0x80;
const XZERO = 0x40;
const ZERO_MAX = 64;
const VAL_MAX_RUN = 4;
const VAL_MAX = 32;
/** Bytes of the longest sequence that one run may turn into: XZERO, VAL, XZERO. */
const SPLIT_MAX = 5;
/** Runs to look at for neighbours to join, from the one before the change on. */
const JOIN_SCAN = 5;
/** No sparse one that covers its registers is longer: of runs of one register, the longest has two bytes. */
const SPARSE_MAX = HEADER_BYTES + 2 * REGISTERS;

const MAGIC = Uint8Array.of(0x48, 0x59, 0x4c, 0x4c);

/** Whether bytes[at, at + length) looks like a HyperLogLog; the runs of a sparse one are not looked at. */
export function isHyperLogLog(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < HEADER_BYTES) return false;
  for (let i = 0; i < MAGIC.length; i++) if (bytes[at + i] !== MAGIC[i]) return false;
  const encoding = bytes[at + ENCODING_AT];
  return encoding === SPARSE || (encoding === DENSE && length === DENSE_BYTES);
}

export function isDense(bytes: Uint8Array, at: number): boolean {
  return bytes[at + ENCODING_AT] === DENSE;
}

// --- the cardinality in the header ---------------------------------------------------------------------------------

export function isStale(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + STALE_AT] & STALE) !== 0;
}

export function markStale(bytes: Uint8Array, at: number): void {
  bytes[at + STALE_AT] |= STALE;
}

/** The lower half (0) or upper half (1) of the cardinality computed last, unsigned. */
export function cardinalityWord(bytes: Uint8Array, at: number, half: number): number {
  return uint32At(bytes, at + CARDINALITY_AT + half * 4);
}

export function setCardinality(bytes: Uint8Array, at: number, hi: number, lo: number): void {
  for (let i = 0; i < 4; i++) {
    bytes[at + CARDINALITY_AT + i] = lo >>> (i * 8);
    bytes[at + CARDINALITY_AT + 4 + i] = hi >>> (i * 8);
  }
}

// --- dense ---------------------------------------------------------------------------------------------------------

/** Register i of the dense HyperLogLog at bytes[at]. */
export function denseRegister(bytes: Uint8Array, at: number, i: number): number {
  const bit = i * 6;
  const byte = at + HEADER_BYTES + (bit >>> 3);
  const shift = bit & 7;
  // Of a register that ends with its byte, the next byte may be outside.
  const next = shift > 2 ? bytes[byte + 1] << (8 - shift) : 0;
  return ((bytes[byte] >>> shift) | next) & 63;
}

function setDenseRegister(bytes: Uint8Array, at: number, i: number, value: number): void {
  const bit = i * 6;
  const byte = at + HEADER_BYTES + (bit >>> 3);
  const shift = bit & 7;
  bytes[byte] = (bytes[byte] & ~(63 << shift)) | (value << shift);
  if (shift > 2) bytes[byte + 1] = (bytes[byte + 1] & ~(63 >>> (8 - shift))) | (value >>> (8 - shift));
}

/** Raises register i of the dense HyperLogLog at bytes[at] to a value. Returns whether it was lower. */
export function raiseDense(bytes: Uint8Array, at: number, i: number, value: number): boolean {
  if (denseRegister(bytes, at, i) >= value) return false;
  setDenseRegister(bytes, at, i, value);
  return true;
}

// --- sparse: reading -----------------------------------------------------------------------------------------------

/** The run read last: how many registers have which value. */
export const run = { length: 0, value: 0 };

/** Reads the run at bytes[at] into `run`; returns where the next one is. A byte behind `end` counts as zero. */
export function readRun(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  if ((first & VAL) !== 0) {
    run.length = (first & 3) + 1;
    run.value = ((first >>> 2) & 31) + 1;
    return at + 1;
  }
  run.value = 0;
  run.length = (first & 63) + 1;
  if ((first & XZERO) === 0) return at + 1;
  run.length = (((first & 63) << 8) | (at + 1 < end ? bytes[at + 1] : 0)) + 1;
  return at + 2;
}

/** Whether the run read last was written as XZERO: one or two bytes tell. */
function isLong(at: number, next: number): boolean {
  return next - at === 2;
}

// --- all registers -------------------------------------------------------------------------------------------------

/**
 * Raises `registers`, a byte each, to those of a HyperLogLog. False if it is corrupted: then they are not to be used.
 */
export function mergeInto(registers: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  if (isDense(bytes, at)) {
    mergeDense(registers, bytes, at + HEADER_BYTES);
    return true;
  }
  const end = at + length;
  let i = 0;
  for (let next = at + HEADER_BYTES; next < end; ) {
    next = readRun(bytes, next, end);
    const last = i + run.length;
    if (last > REGISTERS) return false;
    for (; run.value > 0 && i < last; i++) if (run.value > registers[i]) registers[i] = run.value;
    i = last;
  }
  return i === REGISTERS;
}

function mergeDense(registers: Uint8Array, bytes: Uint8Array, from: number): void {
  let at = from;
  for (let i = 0; i < REGISTERS; i += 4) {
    const four = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    at += 3;
    const a = four & 63;
    const b = (four >>> 6) & 63;
    const c = (four >>> 12) & 63;
    const d = four >>> 18;
    if (a > registers[i]) registers[i] = a;
    if (b > registers[i + 1]) registers[i + 1] = b;
    if (c > registers[i + 2]) registers[i + 2] = c;
    if (d > registers[i + 3]) registers[i + 3] = d;
  }
}

/** Sets `histogram` to how many registers of a HyperLogLog have each value. False if it is corrupted. */
export function countRegisters(histogram: Int32Array, bytes: Uint8Array, at: number, length: number): boolean {
  histogram.fill(0);
  if (isDense(bytes, at)) {
    countDense(histogram, bytes, at + HEADER_BYTES);
    return true;
  }
  const end = at + length;
  let registers = 0;
  for (let next = at + HEADER_BYTES; next < end; ) {
    next = readRun(bytes, next, end);
    registers += run.length;
    histogram[run.value] += run.length;
  }
  return registers === REGISTERS;
}

function countDense(histogram: Int32Array, bytes: Uint8Array, from: number): void {
  const end = from + DENSE_BYTES - HEADER_BYTES;
  for (let at = from; at < end; at += 3) {
    const four = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    histogram[four & 63]++;
    histogram[(four >>> 6) & 63]++;
    histogram[(four >>> 12) & 63]++;
    histogram[four >>> 18]++;
  }
}

/** As countRegisters, of registers of a byte each. */
export function countBytes(histogram: Int32Array, registers: Uint8Array): void {
  histogram.fill(0);
  for (let i = 0; i < REGISTERS; i++) histogram[registers[i]]++;
}

export function newHistogram(): Int32Array {
  return new Int32Array(HISTOGRAM_SIZE);
}

// --- a working copy ------------------------------------------------------------------------------------------------

/** Result of raise(): the register was as high already, or it was raised, or the runs are corrupted. */
export const UNCHANGED = 0;
export const RAISED = 1;
export const CORRUPTED = -1;

/** A HyperLogLog outside of the keyspace, to be changed: bytes[0, length). */
export class HyperLogLog {
  readonly bytes = Buffer.alloc(SPARSE_MAX + SPLIT_MAX);
  length = 0;
  private readonly registers = new Uint8Array(REGISTERS);
  /** What a run turns into. */
  private readonly split = new Uint8Array(SPLIT_MAX);
  private splitLength = 0;

  /** Makes it empty, and sparse. */
  clear(): void {
    this.bytes.fill(0, 0, HEADER_BYTES);
    copyBytes(MAGIC, 0, this.bytes, 0, MAGIC.length);
    this.bytes[ENCODING_AT] = SPARSE;
    this.splitLength = 0;
    this.addRun(0, REGISTERS);
    copyBytes(this.split, 0, this.bytes, HEADER_BYTES, this.splitLength);
    this.length = HEADER_BYTES + this.splitLength;
  }

  /** Takes a copy of a string that isHyperLogLog(). False if it is longer than one can be. */
  load(bytes: Uint8Array, at: number, length: number): boolean {
    if (length > SPARSE_MAX) return false;
    copyBytes(bytes, at, this.bytes, 0, length);
    this.length = length;
    return true;
  }

  /** Raises a register to a value; a sparse one stays within `sparseMax` bytes or becomes dense. */
  raise(index: number, value: number, sparseMax: number): number {
    if (isDense(this.bytes, 0)) return raiseDense(this.bytes, 0, index, value) ? RAISED : UNCHANGED;
    return value > VAL_MAX ? this.raiseAsDense(index, value) : this.raiseSparse(index, value, sparseMax);
  }

  /** Makes it dense; the cardinality stays. False if the runs are corrupted. */
  toDense(): boolean {
    const { bytes, registers } = this;
    if (isDense(bytes, 0)) return true;
    registers.fill(0);
    if (!mergeInto(registers, bytes, 0, this.length)) return false;
    bytes[ENCODING_AT] = DENSE;
    bytes.fill(0, HEADER_BYTES, DENSE_BYTES);
    for (let i = 0; i < REGISTERS; i++) if (registers[i] > 0) setDenseRegister(bytes, 0, i, registers[i]);
    this.length = DENSE_BYTES;
    return true;
  }

  private raiseAsDense(index: number, value: number): number {
    if (!this.toDense()) return CORRUPTED;
    raiseDense(this.bytes, 0, index, value);
    return RAISED;
  }

  private raiseSparse(index: number, value: number, sparseMax: number): number {
    const { bytes, length } = this;
    let at = HEADER_BYTES;
    let previous = at;
    let first = 0;
    // As readRun() does it, but this loop is where the time goes.
    while (at < length) {
      const byte = bytes[at];
      let last = first + ((byte & VAL) !== 0 ? byte & 3 : byte & 63);
      let size = 1;
      if ((byte & (VAL | XZERO)) === XZERO) {
        last = first + (((byte & 63) << 8) | (at + 1 < length ? bytes[at + 1] : 0));
        size = 2;
      }
      if (index <= last) break;
      previous = at;
      at += size;
      first = last + 1;
    }
    if (at >= length) return CORRUPTED;
    const next = readRun(bytes, at, length);
    if (run.value >= value) return UNCHANGED;
    if (run.length === 1 && !isLong(at, next)) {
      bytes[at] = valRun(value, 1);
    } else {
      this.splitRun(index - first, value);
      const delta = this.splitLength - (next - at);
      if (delta > 0 && length + delta > sparseMax) return this.raiseAsDense(index, value);
      this.replace(at, next, delta);
    }
    this.joinRuns(previous);
    markStale(bytes, 0);
    return RAISED;
  }

  /** Sets `split` to the run read last with its register number `place` set to `value`. */
  private splitRun(place: number, value: number): void {
    const { length, value: old } = run;
    this.splitLength = 0;
    if (place > 0) this.addRun(old, place);
    this.addRun(value, 1);
    if (place < length - 1) this.addRun(old, length - 1 - place);
  }

  private addRun(value: number, length: number): void {
    const { split } = this;
    if (value > 0) {
      split[this.splitLength++] = valRun(value, length);
    } else if (length <= ZERO_MAX) {
      split[this.splitLength++] = length - 1;
    } else {
      split[this.splitLength++] = XZERO | ((length - 1) >>> 8);
      split[this.splitLength++] = length - 1;
    }
  }

  /** Puts `split` in the place of the run in [at, next). */
  private replace(at: number, next: number, delta: number): void {
    const { bytes, length } = this;
    if (delta !== 0 && next < length) bytes.copyWithin(next + delta, next, length);
    copyBytes(this.split, 0, bytes, at, this.splitLength);
    this.length += delta;
  }

  /** Joins neighbours of one value, from the run at `from` on. */
  private joinRuns(from: number): void {
    const { bytes } = this;
    let at = from;
    for (let scanned = 0; scanned < JOIN_SCAN && at < this.length; scanned++) {
      const next = readRun(bytes, at, this.length);
      const { length, value } = run;
      // Runs of zeros are never joined.
      if (value > 0 && next < this.length && (bytes[next] & VAL) !== 0) {
        readRun(bytes, next, this.length);
        if (run.value === value && length + run.length <= VAL_MAX_RUN) {
          bytes[next] = valRun(value, length + run.length);
          bytes.copyWithin(at, next, this.length);
          this.length--;
          continue;
        }
      }
      at = next;
    }
  }
}

function valRun(value: number, length: number): number {
  return VAL | ((value - 1) << 2) | (length - 1);
}
