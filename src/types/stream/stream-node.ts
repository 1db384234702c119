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
 * A node to which nothing more is appended is sealed (sealed-node.ts): it takes less then, and what is said here of walking
 * and deleting is true of it, too.
 *
 * `StreamNode` is a flyweight, and a cursor in the node: first, last, next and previous go to an entry and read it.
 *
 * Invariant: a node of more than 127 entries has SPARE_BYTES to spare in its block, so that a deletion, which can make
 * `deleted` longer, needs no memory.
 */

import { Heap, HeapFullError, SEGMENT_SHIFT } from "../../memory/heap";
import {
  decodeInteger,
  elementBytes,
  encodingBytes,
  LISTPACK_EMPTY,
  LISTPACK_HEADER,
  Listpack,
  naturalAt,
} from "../../memory/listpack";
import { INTEGER_BYTES_MAX, ListpackWriter, TEXT_OVERHEAD_MAX } from "../../memory/listpack-writer";
import { copyBytes } from "../../util/bytes";
import { int64 } from "../../util/integers";
import { StreamId } from "../../util/stream-id";
import { isSealedAt, plainBytesAt, recoded, SEALED_HEADER, sealNode, unsealNode } from "./sealed-node";
import { DELETED, END, ONE_BYTE, piecesOf, piecesOfOwn, SAME_FIELDS, SHORT_COUNT_MAX } from "./stream-format";

const SPARE_BYTES = 16;

/** Where fields and values of a new entry are: arguments of a command, in turn. */
export interface FieldArguments {
  readonly buf: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** stream-node-max-bytes and stream-node-max-entries; 0: no limit. */
export interface NodeLimits {
  maxBytes: number;
  maxEntries: number;
}

/** Fields and values of one entry may take this much in all (1 GiB). */
export const ENTRY_BYTES_MAX = 2 ** 30;

/**
 * Whether a node takes no entry of `more` bytes any more: it is, or stands for, a listpack of `bytes` bytes and has this
 * many entries, deleted ones included.
 */
export function isFullNode(bytes: number, entries: number, more: number, limits: NodeLimits): boolean {
  const { maxBytes, maxEntries } = limits;
  if (maxEntries > 0 && entries >= maxEntries) return true;
  return bytes + more >= (maxBytes === 0 ? ENTRY_BYTES_MAX : Math.min(maxBytes, ENTRY_BYTES_MAX));
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

  /** Whether elements come without back lengths, and entries without pieces. */
  isSealed = false;

  /** What locate() found: the node as a listpack is plain[plainAt, plainAt + plainLength). */
  plain: Uint8Array;
  plainAt = 0;
  plainLength = 0;

  /** Bytes of the shortest element, and of `pieces`. */
  private step = 2;
  private headAt = 0;
  private entriesAt = 0;
  private entryAt = 0;
  /** Where the entries of a sealed node are, once somebody walks backwards, and how many. */
  private readonly positions = new Uint32Array(SHORT_COUNT_MAX);
  private positionCount = 0;
  private readonly writer = new ListpackWriter();

  constructor(heap: Heap) {
    this.pack = new Listpack(heap);
    this.plain = recoded;
  }

  /** Opens the node at `ref`, whose master ID is in `masterId`. */
  open(ref: number): void {
    const { pack } = this;
    pack.open(ref);
    const { bytes, start } = pack;
    this.isSealed = isSealedAt(bytes, start);
    this.step = this.isSealed ? 1 : 2;
    this.headAt = start + (this.isSealed ? SEALED_HEADER : LISTPACK_HEADER);
    const p = this.behind(this.behind(this.headAt));
    this.masterFieldCount = pack.integerAt(p);
    this.masterFields = this.behind(p);
    this.entriesAt = 0;
    this.positionCount = 0;
  }

  /** Position behind the element at `p`. */
  behind(p: number): number {
    const { bytes } = this.pack;
    return p + (this.isSealed ? encodingBytes(bytes, p) : elementBytes(bytes, p));
  }

  /** Bytes of the listpack that the node is, or stands for. */
  get plainBytes(): number {
    return plainBytesAt(this.pack.bytes, this.pack.start);
  }

  /** Sets `plain` to the node as a listpack, for the time until another node is located or changed. */
  locate(): void {
    const { pack } = this;
    this.plain = this.isSealed ? recoded : pack.bytes;
    this.plainAt = this.isSealed ? 0 : pack.start;
    this.plainLength = this.isSealed ? unsealNode(pack.bytes, pack.start) : pack.byteLength;
  }

  /** Entries that are not deleted. */
  get count(): number {
    return this.pack.integerAt(this.headAt);
  }

  /** Entries that are marked as deleted. */
  get deleted(): number {
    return this.pack.integerAt(this.deletedAt);
  }

  private get deletedAt(): number {
    return this.behind(this.headAt);
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
    if (this.isSealed) return this.readBeforeSealed(Number.POSITIVE_INFINITY);
    return this.readBefore(this.pack.endPosition);
  }

  /** Goes to the entry before this one. False at the beginning. */
  previous(): boolean {
    return this.isSealed ? this.readBeforeSealed(this.entryAt) : this.readBefore(this.entryAt);
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

  /** Goes to the last entry whose ID is not above `id`, be it deleted. False if there is none. */
  seekFloor(id: StreamId): boolean {
    if (this.isSealed) return this.seekFloorSealed(id);
    let more = this.last();
    while (more && this.id.compare(id) > 0) more = this.previous();
    return more;
  }

  private seekFloorSealed(id: StreamId): boolean {
    const { positions } = this;
    this.notePositions();
    let low = 0;
    let high = this.positionCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      this.readAt(positions[middle]);
      if (this.id.compare(id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && this.readAt(positions[low - 1]);
  }

  /** Position behind the entries at the beginning that are less than `ms` milliseconds behind the master ID. */
  private skipEarlier(ms: number): number {
    const { step } = this;
    const { bytes } = this.pack;
    let p = this.firstEntry();
    for (let flags = bytes[p]; flags < ONE_BYTE; flags = bytes[p]) {
      const time = naturalAt(bytes, p + step);
      if (time < 0 || time >= ms) break;
      p = this.endOfIds(flags, this.behind(p + step));
    }
    return p;
  }

  /** Position behind the entry with these flags, whose sequence number is at `p`. */
  private endOfIds(flags: number, p: number): number {
    const dataAt = this.behind(p);
    if ((flags & SAME_FIELDS) !== 0) return this.endOfData(dataAt, this.masterFieldCount);
    return this.endOfData(dataAt, 1 + 2 * naturalAt(this.pack.bytes, dataAt));
  }

  /** Position behind the entry whose last `elements` elements, without pieces, begin at `p`. */
  private endOfData(p: number, elements: number): number {
    const { bytes } = this.pack;
    let at = p;
    if (this.isSealed) for (let i = elements; i > 0; i--) at += encodingBytes(bytes, at);
    else for (let i = elements; i >= 0; i--) at += elementBytes(bytes, at);
    return at;
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
    this.entriesAt = this.endOfData(this.masterFields, this.masterFieldCount);
    return this.entriesAt;
  }

  /** Position behind the entry at the cursor. */
  private endOfEntry(): number {
    return this.endOfData(this.dataAt, this.hasMasterFields ? this.fieldCount : 2 * this.fieldCount);
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

  /** As readBefore, of a sealed node. */
  private readBeforeSealed(p: number): boolean {
    const { positions } = this;
    this.notePositions();
    let low = 0;
    let high = this.positionCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (positions[middle] < p) low = middle + 1;
      else high = middle;
    }
    return low > 0 && this.readAt(positions[low - 1]);
  }

  private notePositions(): void {
    if (this.positionCount > 0) return;
    const { positions, step } = this;
    const { bytes } = this.pack;
    let p = this.firstEntry();
    for (let flags = bytes[p]; flags !== END; flags = bytes[p]) {
      positions[this.positionCount++] = p;
      p = this.endOfIds(flags, this.behind(p + step));
    }
  }

  private readAt(at: number): boolean {
    const { step } = this;
    const { bytes } = this.pack;
    const head = bytes[at];
    if (head === END) return false;
    this.entryAt = at;
    const ms = bytes[at + step];
    const seq = bytes[at + 2 * step];
    // Most often: entries of the same moment.
    if (head < ONE_BYTE && ms < ONE_BYTE && seq < ONE_BYTE) {
      this.flags = head;
      this.id.setNear(this.masterId, ms, seq);
      this.readFields(at + 3 * step);
    } else {
      this.readLong(at);
    }
    return true;
  }

  /** As readAt, for numbers of any size. */
  private readLong(at: number): void {
    const { bytes } = this.pack;
    this.flags = naturalAt(bytes, at);
    const msAt = this.behind(at);
    const ms = naturalAt(bytes, msAt);
    const seqAt = this.behind(msAt);
    const seq = naturalAt(bytes, seqAt);
    if (ms >= 0 && seq >= 0) {
      this.id.setNear(this.masterId, ms, seq);
    } else {
      decodeInteger(bytes, msAt);
      const { hi, lo } = int64;
      decodeInteger(bytes, seqAt);
      this.id.setOffset(this.masterId, hi, lo, int64.hi, int64.lo);
    }
    this.readFields(this.behind(seqAt));
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
      this.dataAt = this.behind(p);
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
   * `bytes`: what sealNode() returns for it, and has made of it. Throws HeapFullError.
   */
  load(masterId: StreamId, source: Uint8Array, at: number, length: number, entries: number, bytes: number): void {
    const { pack } = this;
    const spare = spareBytes(entries);
    const sealed = ifSmaller(bytes, length + spare);
    this.masterId.copy(masterId);
    if (sealed > 0) this.open(pack.createTight(recoded, 0, sealed, 0));
    else this.open(pack.createTight(source, at, length, spare));
  }

  /** The ref of a copy. */
  copy(): number {
    const { heap, bytes, start, ref } = this.pack;
    const size = heap.sizeOf(ref);
    const copy = heap.allocateTight(size);
    copyBytes(bytes, start, heap.u8[copy >>> SEGMENT_SHIFT], Heap.offset(copy), size);
    return copy;
  }

  /**
   * Appends an entry, whose arguments take `bytes` bytes in all, to a node that is not sealed. The block grows by half of
   * itself, within `maxBytes` (0: no limit), since more will follow. Throws HeapFullError, and has changed nothing then.
   */
  append(id: StreamId, args: FieldArguments, first: number, pairs: number, bytes: number, maxBytes: number): void {
    const { writer, pack } = this;
    const { count } = this;
    this.makeRoom(entryBytesMax(pairs, bytes) + spareBytes(count + this.deleted + 1), maxBytes);
    writer.begin(pack.bytes, pack.endPosition);
    this.writeEntry(id, args, first, pairs, this.hasFields(args, first, pairs));
    pack.extend(writer.at, writer.count);
    pack.replaceInteger(this.headAt, count + 1);
  }

  private makeRoom(more: number, maxBytes: number): void {
    const { pack } = this;
    const needed = pack.byteLength + more;
    if (needed <= pack.heap.sizeOf(pack.ref)) return;
    const limit = maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes;
    const from = pack.start;
    pack.reserve(Math.max(needed, Math.min(needed + (pack.byteLength >>> 1), limit)));
    this.headAt += pack.start - from;
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
    writer.integer(sameFields ? piecesOf(pairs) : piecesOfOwn(pairs));
  }

  /** Seals the node, to which nothing more is appended, if it can be; else gives back what it does not need. */
  seal(): void {
    if (this.isSealed) return;
    const { pack } = this;
    const spare = spareBytes(this.count + this.deleted);
    const sealed = ifSmaller(sealNode(pack.bytes, pack.start), pack.byteLength + spare);
    if (sealed === 0) {
      pack.fit(spare);
      this.open(pack.ref);
      return;
    }
    try {
      this.exchange(pack.heap.allocateTight(sealed), sealed);
    } catch (error) {
      // It stays as it is.
      if (!(error instanceof HeapFullError)) throw error;
    }
  }

  /** Makes a listpack of the node again, if it is sealed: something is to be appended. Throws HeapFullError. */
  unseal(): void {
    if (!this.isSealed) return;
    const { pack } = this;
    const length = unsealNode(pack.bytes, pack.start);
    this.exchange(pack.heap.allocate(length), length);
  }

  /** Puts the `length` bytes that were recoded into the block at `ref`, and that in the place of the node's. */
  private exchange(ref: number, length: number): void {
    const { heap } = this.pack;
    copyBytes(recoded, 0, heap.u8[ref >>> SEGMENT_SHIFT], Heap.offset(ref), length);
    heap.free(this.pack.ref);
    this.open(ref);
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
    pack.replaceInteger(this.headAt, this.count - entries);
    pack.replaceInteger(this.deletedAt, this.deleted + entries);
    this.open(pack.ref);
  }
}

/** Numbers of the master entry. */
const MASTER_PIECES = 4;
/** Numbers of an entry: flags, ms, seq, the number of fields, pieces. */
const ENTRY_PIECES = 5;

/** The most that an entry can take whose arguments take `bytes` bytes. */
export function entryBytesMax(pairs: number, bytes: number): number {
  return ENTRY_PIECES * INTEGER_BYTES_MAX + 2 * pairs * TEXT_OVERHEAD_MAX + bytes;
}

/** The bytes that a sealed node takes; 0 if it takes none, or a block that is no smaller than one of `plain` bytes. */
function ifSmaller(sealed: number, plain: number): number {
  return Heap.roundUpTight(sealed) < Heap.roundUpTight(plain) ? sealed : 0;
}

/** Entries of the node at `ref` that are not deleted, read without opening it. */
export function entriesAt(heap: Heap, ref: number): number {
  const bytes = heap.u8[ref >>> SEGMENT_SHIFT];
  const at = Heap.offset(ref);
  return naturalAt(bytes, at + (isSealedAt(bytes, at) ? SEALED_HEADER : LISTPACK_HEADER));
}

/** Bytes that the block of a node with this many entries, deleted or not, has to have to spare. */
export function spareBytes(entries: number): number {
  return entries > SHORT_COUNT_MAX ? SPARE_BYTES : 0;
}
