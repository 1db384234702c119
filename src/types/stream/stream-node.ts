/**
 * A node of a stream: up to stream-node-max-entries entries in one listpack, in the format of Redis's RDB files.
 *
 *     master entry    count | deleted | n | field 1 … field n | 0
 *     entries         flags | ms | seq | value 1 … value n | pieces              flags with SAME_FIELDS
 *                     flags | ms | seq | m | field 1 | value 1 … | pieces        else
 *
 * - `count` entries are there, and `deleted` more are marked as deleted: they stay until the whole node goes.
 * - The master entry is no entry. Its fields are those of the first one, and an entry that has the same ones, in the same
 *   order, has values only.
 * - ms and seq are differences, modulo 2^64, to the *master ID*, that of the first entry, which the tree of nodes keeps.
 * - `pieces` is the number of elements before it in its entry: the way backwards from entry to entry. The 0 of the
 *   master entry says that there is none before it.
 *
 * `StreamNode` is a flyweight, and a cursor in the node: first, last, next and previous go to an entry and read it.
 *
 * Invariant: a node of more than 127 entries has SPARE_BYTES to spare in its block, so that a deletion, which can make
 * `deleted` longer, needs no memory.
 */

import { Heap, SEGMENT_SHIFT } from "../../memory/heap";
import { decodeInteger, elementBytes, LISTPACK_EMPTY, Listpack, naturalAt } from "../../memory/listpack";
import { INTEGER_BYTES_MAX, ListpackWriter, TEXT_OVERHEAD_MAX } from "../../memory/listpack-writer";
import { copyBytes } from "../../util/bytes";
import { int64 } from "../../util/integers";
import { StreamId } from "../../util/stream-id";

/** Flags of an entry. */
export const DELETED = 1;
export const SAME_FIELDS = 2;

const END = 0xff;
/** An element whose first byte is below is an integer, that byte, and takes two bytes in all. */
const ONE_BYTE = 0x80;
/** Up to this many entries both counters take one byte whatever is deleted. */
const SHORT_COUNT_MAX = 127;
const SPARE_BYTES = 16;
/** Elements of an entry besides fields and values: flags, ms, seq. */
const FIXED_PIECES = 3;

/** Where fields and values of a new entry are: arguments of a command, in turn. */
export interface FieldArguments {
  readonly buf: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export class StreamNode {
  /** The listpack; its `ref` is where the node is, and can change with append and remove. */
  readonly pack: Listpack;
  readonly masterId = new StreamId();

  // Of the entry that the cursor is at:
  readonly id = new StreamId();
  flags = 0;
  /** Pairs of field and value. */
  fieldCount = 0;
  /** Position of the first value (SAME_FIELDS: the fields stand at `masterFields`), or of the first field. */
  dataAt = 0;

  /** Position of the first field of the master entry, and their number. */
  masterFields = 0;
  masterFieldCount = 0;

  private entriesAt = 0;
  private entryAt = 0;
  private readonly writer = new ListpackWriter();

  constructor(heap: Heap) {
    this.pack = new Listpack(heap);
  }

  /** Opens the node at `ref`, whose master ID is in `masterId`. */
  open(ref: number): void {
    const { pack } = this;
    pack.open(ref);
    const { bytes } = pack;
    let p = pack.first();
    p += elementBytes(bytes, p);
    p += elementBytes(bytes, p);
    this.masterFieldCount = pack.integerAt(p);
    this.masterFields = p + elementBytes(bytes, p);
    this.entriesAt = 0;
  }

  /** Entries that are not deleted. */
  get count(): number {
    return this.pack.integerAt(this.pack.first());
  }

  /** Entries that are marked as deleted. */
  get deleted(): number {
    return this.pack.integerAt(this.deletedAt);
  }

  private get deletedAt(): number {
    const p = this.pack.first();
    return p + elementBytes(this.pack.bytes, p);
  }

  // --- walking -----------------------------------------------------------------------------------------------------

  /** Goes to the first entry, be it deleted. False if there is none. */
  first(): boolean {
    return this.readAt(this.firstEntry());
  }

  /** Goes to the entry behind this one. False at the end. */
  next(): boolean {
    return this.readAt(this.endOfEntry());
  }

  /** Goes to the last entry, be it deleted. False if there is none. */
  last(): boolean {
    return this.readBefore(this.pack.start + this.pack.byteLength - 1);
  }

  /** Goes to the entry before this one. False at the beginning. */
  previous(): boolean {
    return this.readBefore(this.entryAt);
  }

  /** Goes to the first entry whose ID is not below `id`, be it deleted. False if there is none. */
  seek(id: StreamId): boolean {
    if (id.compare(this.masterId) <= 0) return this.first();
    id.timeSince(this.masterId);
    const earlier = int64.hi === 0 ? int64.lo : 0;
    for (let more = this.readAt(this.skipEarlier(earlier)); more; more = this.next()) {
      if (this.id.compare(id) >= 0) return true;
    }
    return false;
  }

  /** Position behind the entries at the beginning that are less than `ms` milliseconds behind the master ID. */
  private skipEarlier(ms: number): number {
    const { bytes } = this.pack;
    const shared = this.masterFieldCount + 1;
    let p = this.firstEntry();
    for (let flags = bytes[p]; flags < ONE_BYTE; flags = bytes[p]) {
      const time = naturalAt(bytes, p + 2);
      if (time < 0 || time >= ms) break;
      p += 2 + elementBytes(bytes, p + 2);
      p += elementBytes(bytes, p);
      let left = (flags & SAME_FIELDS) !== 0 ? shared : 2 + 2 * naturalAt(bytes, p);
      for (; left > 0; left--) p += elementBytes(bytes, p);
    }
    return p;
  }

  get isDeleted(): boolean {
    return (this.flags & DELETED) !== 0;
  }

  get hasMasterFields(): boolean {
    return (this.flags & SAME_FIELDS) !== 0;
  }

  /** Position of the first entry, or of the end. */
  private firstEntry(): number {
    if (this.entriesAt !== 0) return this.entriesAt;
    const { bytes } = this.pack;
    let p = this.masterFields;
    for (let i = this.masterFieldCount; i >= 0; i--) p += elementBytes(bytes, p);
    this.entriesAt = p;
    return p;
  }

  /** Position behind the entry at the cursor. */
  private endOfEntry(): number {
    const { bytes } = this.pack;
    let p = this.dataAt;
    for (let i = this.hasMasterFields ? this.fieldCount : 2 * this.fieldCount; i >= 0; i--) p += elementBytes(bytes, p);
    return p;
  }

  /** Goes to the entry before position `p`, at which an entry or the end is. */
  private readBefore(p: number): boolean {
    const { pack } = this;
    let at = pack.previous(p);
    const pieces = pack.integerAt(at);
    if (pieces === 0) return false;
    for (let i = 0; i < pieces; i++) at = pack.previous(at);
    return this.readAt(at);
  }

  private readAt(at: number): boolean {
    const { bytes } = this.pack;
    const head = bytes[at];
    if (head === END) return false;
    this.entryAt = at;
    const ms = bytes[at + 2];
    const seq = bytes[at + 4];
    // Most often: entries of the same moment.
    if (head < ONE_BYTE && ms < ONE_BYTE && seq < ONE_BYTE) {
      this.flags = head;
      this.id.setNear(this.masterId, ms, seq);
      this.readFields(at + 6);
    } else {
      this.readLong(at);
    }
    return true;
  }

  /** As readAt, for numbers of any size. */
  private readLong(at: number): void {
    const { bytes } = this.pack;
    this.flags = naturalAt(bytes, at);
    const msAt = at + elementBytes(bytes, at);
    const ms = naturalAt(bytes, msAt);
    const seqAt = msAt + elementBytes(bytes, msAt);
    const seq = naturalAt(bytes, seqAt);
    if (ms >= 0 && seq >= 0) {
      this.id.setNear(this.masterId, ms, seq);
    } else {
      decodeInteger(bytes, msAt);
      const { hi, lo } = int64;
      decodeInteger(bytes, seqAt);
      this.id.setOffset(this.masterId, hi, lo, int64.hi, int64.lo);
    }
    this.readFields(seqAt + elementBytes(bytes, seqAt));
  }

  /** What follows flags and ID, from position `p` on. */
  private readFields(p: number): void {
    if (this.hasMasterFields) {
      this.fieldCount = this.masterFieldCount;
      this.dataAt = p;
    } else {
      const { bytes } = this.pack;
      decodeInteger(bytes, p);
      this.fieldCount = int64.lo;
      this.dataAt = p + elementBytes(bytes, p);
    }
  }

  // --- changing ----------------------------------------------------------------------------------------------------

  /**
   * Makes a node of one entry, whose ID is its master ID, and opens it. Its fields and values are `pairs` pairs of
   * arguments from `first` on, which take `bytes` bytes in all. Others are expected to follow: the block has room for
   * `room` bytes, and for what one more may take. Throws HeapFullError.
   */
  create(id: StreamId, args: FieldArguments, first: number, pairs: number, bytes: number, room: number): void {
    const { writer, pack } = this;
    const { buf, starts, ends } = args;
    this.masterId.copy(id);
    // Fields come in the master entry only, but then there is something to spare for the next entry.
    const least = LISTPACK_EMPTY + MASTER_PIECES * INTEGER_BYTES_MAX;
    pack.createSized(Math.max(least, room) + entryBytesMax(pairs, bytes));
    writer.begin(pack.bytes, pack.endPosition);
    writer.integer(1);
    writer.integer(0);
    writer.integer(pairs);
    for (let i = first; i < first + 2 * pairs; i += 2) writer.text(buf, starts[i], ends[i]);
    writer.integer(0);
    this.writeEntry(id, args, first, pairs, true);
    pack.extend(writer.at, writer.count);
    this.open(pack.ref);
  }

  /**
   * Makes a node of a listpack as a file has it, `length` bytes of `source` with `entries` entries in all, and opens it.
   * Throws HeapFullError.
   */
  load(masterId: StreamId, source: Uint8Array, at: number, length: number, entries: number): void {
    this.masterId.copy(masterId);
    this.open(this.pack.createTight(source, at, length, spareBytes(entries)));
  }

  /** The ref of a copy. */
  copy(): number {
    const { pack } = this;
    const total = pack.byteLength;
    const ref = pack.heap.allocateTight(total + spareBytes(this.count + this.deleted));
    copyBytes(pack.bytes, pack.start, pack.heap.u8[ref >>> SEGMENT_SHIFT], Heap.offset(ref), total);
    return ref;
  }

  /**
   * Appends an entry, whose arguments take `bytes` bytes in all. The block grows by half of itself, within `maxBytes` (0:
   * no limit), since more will follow. Throws HeapFullError, and has changed nothing then.
   */
  append(id: StreamId, args: FieldArguments, first: number, pairs: number, bytes: number, maxBytes: number): void {
    const { writer, pack } = this;
    const { count } = this;
    this.makeRoom(entryBytesMax(pairs, bytes) + spareBytes(count + this.deleted + 1), maxBytes);
    writer.begin(pack.bytes, pack.endPosition);
    this.writeEntry(id, args, first, pairs, this.hasFields(args, first, pairs));
    pack.extend(writer.at, writer.count);
    pack.replaceInteger(pack.first(), count + 1);
  }

  private makeRoom(more: number, maxBytes: number): void {
    const { pack } = this;
    const needed = pack.byteLength + more;
    if (needed <= pack.heap.sizeOf(pack.ref)) return;
    const limit = maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes;
    const from = pack.start;
    pack.reserve(Math.max(needed, Math.min(needed + (pack.byteLength >>> 1), limit)));
    this.masterFields += pack.start - from;
    this.entriesAt = 0;
  }

  /** Whether these are the fields of the master entry, in its order. */
  private hasFields(args: FieldArguments, first: number, pairs: number): boolean {
    if (pairs !== this.masterFieldCount) return false;
    const { pack } = this;
    let p = this.masterFields;
    for (let i = first; i < first + 2 * pairs; i += 2) {
      if (!pack.equals(p, args.buf, args.starts[i], args.ends[i])) return false;
      p += elementBytes(pack.bytes, p);
    }
    return true;
  }

  /** Encodes an entry into the writer. */
  private writeEntry(id: StreamId, args: FieldArguments, first: number, pairs: number, sameFields: boolean): void {
    const { writer } = this;
    const { buf, starts, ends } = args;
    writer.integer(sameFields ? SAME_FIELDS : 0);
    id.timeSince(this.masterId);
    writer.int64();
    id.sequenceSince(this.masterId);
    writer.int64();
    if (!sameFields) writer.integer(pairs);
    for (let i = first; i < first + 2 * pairs; i += 2) {
      if (!sameFields) writer.text(buf, starts[i], ends[i]);
      writer.text(buf, starts[i + 1], ends[i + 1]);
    }
    writer.integer(sameFields ? pairs + FIXED_PIECES : 2 * pairs + 1 + FIXED_PIECES);
  }

  /** Gives back what the node, to which nothing more is appended, does not need. */
  finish(): void {
    this.pack.fit(spareBytes(this.count + this.deleted));
  }

  /** Marks the entry at the cursor as deleted. The cursor is worthless afterwards. Needs no memory. */
  remove(): void {
    this.mark();
    this.countDeleted(1);
  }

  /** As remove(), but the cursor stays, and countDeleted() has to follow. */
  mark(): void {
    this.pack.replaceInteger(this.entryAt, this.flags | DELETED);
    this.flags |= DELETED;
  }

  /** Accounts for entries that mark() marked. The cursor is worthless afterwards. */
  countDeleted(entries: number): void {
    const { pack } = this;
    pack.replaceInteger(pack.first(), this.count - entries);
    pack.replaceInteger(this.deletedAt, this.deleted + entries);
    this.open(pack.ref);
  }
}

/** Numbers of the master entry. */
const MASTER_PIECES = 4;
/** Numbers of an entry: flags, ms, seq, the number of fields, pieces. */
const ENTRY_PIECES = 5;

/** The most that an entry can take whose arguments take `bytes` bytes. */
function entryBytesMax(pairs: number, bytes: number): number {
  return ENTRY_PIECES * INTEGER_BYTES_MAX + 2 * pairs * TEXT_OVERHEAD_MAX + bytes;
}

/** Bytes that the block of a node with this many entries, deleted or not, has to have to spare. */
export function spareBytes(entries: number): number {
  return entries > SHORT_COUNT_MAX ? SPARE_BYTES : 0;
}
