/**
 * BITOP: strings combined bit by bit; a shorter one counts as if zeros followed it. No RESP here.
 *
 * The result takes shape outside of the keyspace, since its key may be one of the sources, and piece by piece: all
 * sources of one piece before the next piece, so that what is being worked on stays in the processor's cache. A result
 * that may fit into an entry stands in a scratch buffer, a larger one in the block that becomes the value.
 */

import type { Database } from "../../db/database";
import { ENCODING_RAW, INLINE_ENTRY_MAX, NO_EXPIRY } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import { Heap, NIL, SEGMENT_SHIFT } from "../../memory/heap";
import { copyBytes } from "../../util/bytes";
import { type Arguments, setBlock, setUnset, stringLength } from "../string/string";
import { type BitString, locateBits } from "./bitmap";

export const BIT_AND = 0;
export const BIT_OR = 1;
export const BIT_XOR = 2;
/** Of one source. */
export const BIT_NOT = 3;

/** Bytes of a piece: a multiple of four, and half a level-one cache. */
const PIECE = 16 * 1024;

const scratchMemory = new ArrayBuffer(INLINE_ENTRY_MAX);

/** One operation after the other: begin(), add() for each source, run(), store(). */
export class BitOperation {
  /** Bytes of the longest source so far, which is how long the result is. */
  length = 0;
  private sources = new Uint32Array(16);
  private count = 0;
  private readonly scratch: Buffer = Buffer.from(scratchMemory);
  private readonly scratchWords: Uint32Array = new Uint32Array(scratchMemory);
  private readonly result: Target = { bytes: this.scratch, words: this.scratchWords, at: 0, length: 0 };
  private block = NIL;

  begin(): void {
    this.count = 0;
    this.length = 0;
  }

  /** Adds a source: a string entry, or 0 for a missing key. */
  add(keyspace: Keyspace, ref: number): void {
    if (this.count === this.sources.length) {
      const grown = new Uint32Array(this.count * 2);
      grown.set(this.sources);
      this.sources = grown;
    }
    this.sources[this.count++] = ref;
    if (ref !== 0) this.length = Math.max(this.length, stringLength(keyspace, ref));
  }

  /** Computes the result, which must not be empty. The next call has to be store(). */
  run(keyspace: Keyspace, operation: number): void {
    const { length, result } = this;
    this.placeResult(keyspace.heap);
    for (let from = 0; from < length; from += PIECE) {
      const to = Math.min(from + PIECE, length);
      begin(result, locateBits(keyspace, this.sources[0]), from, to);
      if (operation === BIT_NOT) invert(result, from, to);
      for (let i = 1; i < this.count; i++) apply(operation, result, locateBits(keyspace, this.sources[i]), from, to);
    }
  }

  private placeResult(heap: Heap): void {
    const { length, result } = this;
    result.length = length;
    const isLarge = length > INLINE_ENTRY_MAX;
    this.block = isLarge ? heap.allocate(length) : NIL;
    result.bytes = isLarge ? heap.u8[this.block >>> SEGMENT_SHIFT] : this.scratch;
    result.words = isLarge ? heap.u32[this.block >>> SEGMENT_SHIFT] : this.scratchWords;
    result.at = isLarge ? Heap.offset(this.block) : 0;
  }

  /** Makes the result the value of the key just looked up, argument `key`; it has no expiry then. */
  store(db: Database, existing: number, args: Arguments, key: number): void {
    const { length } = this;
    if (this.block !== NIL) {
      // Huge memory is not kept alive by what was last computed.
      this.result.bytes = this.scratch;
      this.result.words = this.scratchWords;
      setBlock(db, existing, args, key, this.block, length, NO_EXPIRY);
      return;
    }
    setUnset(db, existing, args, key, length, NO_EXPIRY, ENCODING_RAW);
    const { entries } = db.keyspace;
    copyBytes(this.scratch, 0, entries.bytes, entries.at, length);
  }
}

/** The result, which always has words. */
interface Target extends BitString {
  words: Uint32Array;
}

/** Copies bytes [from, to) of a source to the result. */
function begin(result: Target, source: BitString, from: number, to: number): void {
  const end = Math.min(to, Math.max(source.length, from));
  copyBytes(source.bytes, source.at + from, result.bytes, result.at + from, end - from);
  if (end < to) result.bytes.fill(0, result.at + end, result.at + to);
}

/** Inverts bytes [from, to) of the result: `from` is on a word's border, and what follows the last byte in its word is room. */
function invert({ words, at }: Target, from: number, to: number): void {
  const end = Math.ceil((at + to) / 4);
  for (let i = (at + from) / 4; i < end; i++) words[i] = ~words[i];
}

/** Combines bytes [from, to) of the result with those of a source. */
function apply(operation: number, result: Target, source: BitString, from: number, to: number): void {
  const end = Math.min(to, Math.max(source.length, from));
  let at = from;
  if (source.words !== null && source.at % 4 === 0) {
    const count = Math.floor((end - from) / 4);
    combineWords(operation, result.words, (result.at + from) / 4, source.words, (source.at + from) / 4, count);
    at += count * 4;
  }
  combineBytes(operation, result, source, at, end);
  // Zeros follow the source: they only matter to AND.
  if (end < to && operation === BIT_AND) result.bytes.fill(0, result.at + end, result.at + to);
}

function combineWords(
  operation: number,
  into: Uint32Array,
  at: number,
  from: Uint32Array,
  fromAt: number,
  count: number,
): void {
  let i = 0;
  switch (operation) {
    case BIT_AND:
      for (; i + 4 <= count; i += 4) {
        into[at + i] &= from[fromAt + i];
        into[at + i + 1] &= from[fromAt + i + 1];
        into[at + i + 2] &= from[fromAt + i + 2];
        into[at + i + 3] &= from[fromAt + i + 3];
      }
      for (; i < count; i++) into[at + i] &= from[fromAt + i];
      break;
    case BIT_OR:
      for (; i + 4 <= count; i += 4) {
        into[at + i] |= from[fromAt + i];
        into[at + i + 1] |= from[fromAt + i + 1];
        into[at + i + 2] |= from[fromAt + i + 2];
        into[at + i + 3] |= from[fromAt + i + 3];
      }
      for (; i < count; i++) into[at + i] |= from[fromAt + i];
      break;
    case BIT_XOR:
      for (; i + 4 <= count; i += 4) {
        into[at + i] ^= from[fromAt + i];
        into[at + i + 1] ^= from[fromAt + i + 1];
        into[at + i + 2] ^= from[fromAt + i + 2];
        into[at + i + 3] ^= from[fromAt + i + 3];
      }
      for (; i < count; i++) into[at + i] ^= from[fromAt + i];
      break;
  }
}

function combineBytes(operation: number, result: Target, source: BitString, from: number, to: number): void {
  const { bytes, at } = result;
  for (let i = from; i < to; i++) {
    const byte = source.bytes[source.at + i];
    if (operation === BIT_AND) bytes[at + i] &= byte;
    else if (operation === BIT_OR) bytes[at + i] |= byte;
    else bytes[at + i] ^= byte;
  }
}
