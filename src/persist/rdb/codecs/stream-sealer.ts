/**
 * Checks and seals a node of a stream in one walk, if it is a usual one: up to 127 entries, whose small numbers take a byte
 * each, and whose IDs are less than 2^31 from the master ID. That is two thirds of what loading a stream takes; checking
 * first (stream-check.ts) and sealing then (types/stream/sealed-node.ts) took twice as long, and is still what other
 * nodes go through.
 *
 * Invariant: what is sealed here passes NodeCheck, and is what sealNode() would have made of it.
 */

import { encodingBytes, int32ElementAt, LISTPACK_HEADER } from "../../../memory/listpack";
import { beginSealed, recoded, SEALED_HEADER } from "../../../types/stream/sealed-node";
import {
  DELETED,
  ONE_BYTE,
  piecesOf,
  piecesOfOwn,
  SAME_FIELDS,
  SHORT_COUNT_MAX,
} from "../../../types/stream/stream-format";
import { copyBytes } from "../../../util/bytes";
import { StreamId } from "../../../util/stream-id";
import { elementEnd, hasStoredCount, isFramed } from "./block-checks";

/**
 * So that not even an entry of which the last byte is found to be outside the node is too long for `recoded`: 127 pairs of
 * up to 64 bytes each.
 */
const LENGTH_MAX = 32 * 1024;
const FLAGS_MAX = DELETED | SAME_FIELDS;
const WORD_MAX = 0xffffffff;
const END = 0xff;

/** Bytes of encoding and data of an element by its first byte, of those with a back length of one byte; else 0. */
const SHORT_BYTES = Uint8Array.from({ length: 256 }, (_, head) => {
  if (head < ONE_BYTE) return 1;
  if (head < 0xc0) return 1 + (head & 0x3f);
  if (head < 0xe0) return 2;
  return { 241: 3, 242: 4, 243: 5, 244: 9 }[head] ?? 0;
});

export class NodeSealer {
  /** Of the node that was sealed: entries, those that are marked as deleted, the ID of the last one. */
  entries = 0;
  deleted = 0;
  readonly last = new StreamId();

  private buf: Uint8Array = recoded;
  private stop = 0;
  /** The next element, and where it goes. */
  private p = 0;
  private to = 0;

  /**
   * Seals the node buf[at, at + length) into `recoded`, and returns the bytes. 0 if it is not a usual one, or not sound.
   */
  seal(buf: Uint8Array, at: number, length: number, masterId: StreamId): number {
    if (length > LENGTH_MAX || !isFramed(buf, at, length)) return 0;
    this.buf = buf;
    this.stop = at + length - 1;
    this.p = at + LISTPACK_HEADER;
    this.to = SEALED_HEADER;
    const fields = this.sealMaster();
    if (fields < 0) return 0;
    const elements = this.sealEntries(fields, masterId);
    if (elements < 0 || this.p !== this.stop || !hasStoredCount(buf, at, elements + piecesOf(fields) + 1)) return 0;
    beginSealed(length);
    recoded[this.to] = END;
    return this.to + 1;
  }

  /** The master entry. Returns the number of its fields, or -1. */
  private sealMaster(): number {
    const { buf, p, to } = this;
    this.entries = buf[p];
    this.deleted = buf[p + 2];
    const fields = buf[p + 4];
    if (this.entries === 0 || this.entries + this.deleted > SHORT_COUNT_MAX || piecesOf(fields) >= ONE_BYTE) return -1;
    if (buf[p + 1] !== 1 || buf[p + 3] !== 1 || buf[p + 5] !== 1) return -1;
    recoded[to] = this.entries;
    recoded[to + 1] = this.deleted;
    recoded[to + 2] = fields;
    this.p = p + 6;
    this.to = to + 3;
    return this.copy(fields) && this.pass(0) ? fields : -1;
  }

  /** All entries. Returns the number of their elements, or -1. */
  private sealEntries(masterFields: number, masterId: StreamId): number {
    const { buf } = this;
    const count = this.entries + this.deleted;
    let marked = 0;
    let elements = 0;
    let lastMs = 0;
    const masterSeq = masterId.seqLo >>> 0;
    let lastSeq = masterSeq - 1;
    for (let i = 0; i < count; i++) {
      const flags = buf[this.p];
      if (flags > FLAGS_MAX || buf[this.p + 1] !== 1) return -1;
      recoded[this.to++] = flags;
      this.p += 2;
      const ms = this.distance();
      const seq = masterSeq + this.distance();
      // What is not a number fails here, too; and so does what would carry to the upper word.
      if (!(ms > lastMs || (ms === lastMs && seq > lastSeq)) || !(seq >= 0 && seq <= WORD_MAX)) return -1;
      const pieces = this.sealData(flags, masterFields);
      if (pieces < 0) return -1;
      elements += pieces + 1;
      marked += flags & DELETED;
      lastMs = ms;
      lastSeq = seq;
    }
    const msLo = (masterId.msLo >>> 0) + lastMs;
    this.last.set(masterId.msHi, msLo, masterId.seqHi, lastSeq);
    return marked === this.deleted && msLo <= WORD_MAX ? elements : -1;
  }

  /** Fields and values of an entry, and what stands behind them, which is returned; -1 if that is not as it should be. */
  private sealData(flags: number, masterFields: number): number {
    let pieces = piecesOf(masterFields);
    let data = masterFields;
    if ((flags & SAME_FIELDS) === 0) {
      const pairs = this.buf[this.p];
      pieces = piecesOfOwn(pairs);
      data = 1 + 2 * pairs;
    }
    return pieces < ONE_BYTE && this.copy(data) && this.pass(pieces) ? pieces : -1;
  }

  /** Copies an integer of up to 32 bits. Returns it, or NaN. */
  private distance(): number {
    const { buf, p } = this;
    const head = buf[p];
    if (head < ONE_BYTE && buf[p + 1] === 1) {
      recoded[this.to++] = head;
      this.p = p + 2;
      return head;
    }
    const bytes = SHORT_BYTES[head];
    if (buf[p + bytes] !== bytes) return Number.NaN;
    for (let i = 0; i < bytes; i++) recoded[this.to++] = buf[p + i];
    this.p = p + bytes + 1;
    return int32ElementAt(buf, p);
  }

  /** Passes over an element that has to be this integer. */
  private pass(integer: number): boolean {
    const { buf, p } = this;
    this.p = p + 2;
    return buf[p] === integer && buf[p + 1] === 1;
  }

  /** Copies this many elements, without their back lengths. False if one is not sound, or the end comes too early. */
  private copy(count: number): boolean {
    const { buf, stop } = this;
    let { p, to } = this;
    for (let i = 0; i < count; i++) {
      const head = buf[p];
      if (head < ONE_BYTE && buf[p + 1] === 1) {
        recoded[to++] = head;
        p += 2;
        continue;
      }
      const end = p + SHORT_BYTES[head];
      if (end < stop && buf[end] === end - p) {
        do recoded[to++] = buf[p++];
        while (p < end);
        p++;
        continue;
      }
      const next = p < stop ? elementEnd(buf, p, stop) : 0;
      if (next === 0) return false;
      const bytes = encodingBytes(buf, p);
      copyBytes(buf, p, recoded, to, bytes);
      to += bytes;
      p = next;
    }
    this.p = p;
    this.to = to;
    return p <= stop;
  }
}
