/**
 * Consumer groups of a stream, their consumers, and their pending entries: what was delivered and not acknowledged yet.
 *
 *     group       words 0–3   last ID that was delivered          word 6   id-tree of pending entries, by ID
 *                 words 4–5   entries read (64 bits; −1: unknown)  word 7   table of consumers; 0: there is none
 *                 word 8      length of the name, and the name behind it
 *
 *     consumer    words 0–1   ms when it was last seen            word 4   id-tree of its own pending entries
 *                 words 2–3   ms when it last got or claimed something; −1: never
 *                 word 5      length of the name, and the name behind it
 *
 *     pending     words 0–1   ms when it was last delivered       word 4   its consumer
 *                 words 2–3   how often it was delivered
 *
 * All are heap blocks, 64-bit fields with the low word first. A pending entry is in two trees, that of its group and that
 * of its consumer, which refer to the same block. The tables of groups and consumers are in the order of names
 * (../../memory/name-table.ts), which is the order that XINFO shows.
 *
 * `StreamGroup` is a flyweight for a group together with one of its consumers and one of its pending entries.
 *
 * What throws HeapFullError has changed nothing then; removing never throws.
 *
 * Invariant: an entry is in a group's tree exactly if it is in the tree of one of its consumers, the one that it names.
 */

import type { GroupGuard } from "../../memory/group-guard";
import { Heap, NIL, SEGMENT_MASK, SEGMENT_SHIFT } from "../../memory/heap";
import { IdTree } from "../../memory/id-tree";
import { NameTable } from "../../memory/name-table";
import { copyBytes } from "../../util/bytes";
import { addInt64, int64, int64FromNumber, int64ToNumber } from "../../util/integers";
import { StreamId } from "../../util/stream-id";
import type { Stream } from "./stream";

/** Words of the blocks; those that defragmentation follows are exported. */
const GROUP_LAST_ID = 0;
const GROUP_READ = 4;
export const GROUP_PENDING = 6;
export const GROUP_CONSUMERS = 7;
export const GROUP_NAME = 8;

const CONSUMER_SEEN = 0;
const CONSUMER_ACTIVE = 2;
export const CONSUMER_PENDING = 4;
export const CONSUMER_NAME = 5;

const PENDING_TIME = 0;
const PENDING_COUNT = 2;
export const PENDING_CONSUMER = 4;
const PENDING_BYTES = 20;

/** Active time of a consumer that never got anything. */
export const NEVER_ACTIVE = -1;

export class StreamGroup {
  /** The group that is open; 0: none. */
  ref = 0;
  readonly lastId = new StreamId();
  /** Entries read, −1 if that is unknown. */
  readHi = 0;
  readLo = 0;
  /** Pending entries of the group, opened with it. */
  readonly pending: IdTree;
  /** The groups of the stream that openStream() named, and the consumers of the open group. */
  readonly groups: NameTable;
  readonly consumers: NameTable;

  /** The consumer that is open; 0: none. */
  consumer = 0;
  /** Its own pending entries, opened with it. */
  readonly own: IdTree;

  /** Where nameOf… found a name. */
  nameBytes: Buffer;
  nameAt = 0;
  nameLength = 0;

  private readonly others: IdTree;
  private readonly moving = new StreamId();

  constructor(readonly heap: Heap) {
    this.pending = new IdTree(heap);
    this.own = new IdTree(heap);
    this.others = new IdTree(heap);
    this.groups = new NameTable(heap, GROUP_NAME);
    this.consumers = new NameTable(heap, CONSUMER_NAME);
    this.nameBytes = heap.u8[0];
  }

  // --- groups ------------------------------------------------------------------------------------------------------

  /** Opens the group with this name. False if the stream has none. */
  find(stream: Stream, buf: Uint8Array, start: number, end: number): boolean {
    this.groups.open(stream.groups);
    const ref = this.groups.find(buf, start, end);
    if (ref === 0) return false;
    this.open(ref);
    return true;
  }

  /** Opens the group at `ref`. */
  open(ref: number): void {
    const words = this.words(ref);
    const at = wordOf(ref);
    this.ref = ref;
    this.consumer = 0;
    this.lastId.load(words, at + GROUP_LAST_ID);
    this.readLo = words[at + GROUP_READ];
    this.readHi = words[at + GROUP_READ + 1] | 0;
    this.pending.open(words[at + GROUP_PENDING]);
    this.consumers.open(words[at + GROUP_CONSUMERS]);
  }

  /** Writes what is not elsewhere back: last ID, entries read, the table of consumers. */
  save(): void {
    const words = this.words(this.ref);
    const at = wordOf(this.ref);
    this.lastId.store(words, at + GROUP_LAST_ID);
    words[at + GROUP_READ] = this.readLo;
    words[at + GROUP_READ + 1] = this.readHi;
    words[at + GROUP_CONSUMERS] = this.consumers.ref;
  }

  /** Whether the number of entries read is known. */
  get knowsRead(): boolean {
    return this.readHi !== -1 || this.readLo !== 0xffffffff;
  }

  forgetRead(): void {
    this.readHi = -1;
    this.readLo = 0xffffffff;
  }

  /**
   * Makes a group and opens it: last ID and entries read are the caller's to set and save. False if there is one with
   * this name. Saves the stream.
   */
  create(stream: Stream, buf: Uint8Array, start: number, end: number): boolean {
    if (this.find(stream, buf, start, end)) return false;
    const tree = this.pending.create();
    try {
      const ref = this.createNamed(GROUP_NAME, buf, start, end);
      this.insertGroup(ref);
      const words = this.words(ref);
      words[wordOf(ref) + GROUP_PENDING] = tree;
      this.open(ref);
    } catch (error) {
      this.pending.drain(visitNothing);
      throw error;
    }
    stream.groups = this.groups.ref;
    stream.save();
    return true;
  }

  private insertGroup(ref: number): void {
    try {
      this.groups.insert(ref);
    } catch (error) {
      this.heap.free(ref);
      throw error;
    }
  }

  /**
   * Takes the open group, which find() found, out of its stream: release() frees it, unless it is taken over by somebody,
   * which is false. Saves the stream.
   */
  detach(stream: Stream): boolean {
    const { guard } = this;
    this.groups.remove(this.groups.slot);
    stream.groups = this.groups.ref;
    stream.save();
    guard?.detached();
    return guard === null;
  }

  /** Who has to hear of changes of the open group; null: nobody. */
  private get guard(): GroupGuard | null {
    const { groupGuards } = this.heap;
    return groupGuards === null ? null : (groupGuards.get(this.ref) ?? null);
  }

  // --- consumers ---------------------------------------------------------------------------------------------------

  /** Opens the consumer with this name of the open group. False if there is none. */
  findConsumer(buf: Uint8Array, start: number, end: number): boolean {
    const ref = this.consumers.find(buf, start, end);
    if (ref === 0) return false;
    this.openConsumer(ref);
    return true;
  }

  /** Opens the consumer at `ref`. */
  openConsumer(ref: number): void {
    this.consumer = ref;
    this.own.open(this.words(ref)[wordOf(ref) + CONSUMER_PENDING]);
  }

  /** Makes a consumer, seen now and never active, and opens it; find() has just not found it. Saves the group. */
  createConsumer(buf: Uint8Array, start: number, end: number, now: number): void {
    const tree = this.own.create();
    try {
      const ref = this.createNamed(CONSUMER_NAME, buf, start, end);
      this.insertConsumer(ref);
      this.words(ref)[wordOf(ref) + CONSUMER_PENDING] = tree;
      this.openConsumer(ref);
    } catch (error) {
      this.own.drain(visitNothing);
      throw error;
    }
    this.seenAt = now;
    this.activeAt = NEVER_ACTIVE;
    this.save();
  }

  private insertConsumer(ref: number): void {
    try {
      this.consumers.insert(ref);
    } catch (error) {
      this.heap.free(ref);
      throw error;
    }
  }

  /** Deletes the open consumer, which findConsumer() found, with its pending entries. Saves the group. */
  removeConsumer(): void {
    const { own, moving, pending, guard, heap } = this;
    for (let more = own.first(); more; more = own.next()) {
      own.readId(moving);
      if (!pending.find(moving)) continue;
      const isKept = guard?.removing(moving, own.ref) ?? false;
      pending.remove();
      if (!isKept) heap.free(own.ref);
    }
    while (!own.drain(visitNothing));
    this.consumers.remove(this.consumers.slot);
    if (guard === null || !guard.removingConsumer(this.consumer)) heap.free(this.consumer);
    this.consumer = 0;
    this.save();
  }

  /** ms when the open consumer was last seen. */
  get seenAt(): number {
    return this.seenAtOf(this.consumer);
  }

  seenAtOf(consumer: number): number {
    return this.time(consumer, CONSUMER_SEEN);
  }

  set seenAt(time: number) {
    this.guard?.changingConsumer(this.consumer);
    this.setTime(this.consumer, CONSUMER_SEEN, time);
  }

  /** ms when the open consumer last got or claimed something, or NEVER_ACTIVE. */
  get activeAt(): number {
    return this.activeAtOf(this.consumer);
  }

  activeAtOf(consumer: number): number {
    return this.time(consumer, CONSUMER_ACTIVE);
  }

  set activeAt(time: number) {
    this.guard?.changingConsumer(this.consumer);
    this.setTime(this.consumer, CONSUMER_ACTIVE, time);
  }

  // --- pending entries ---------------------------------------------------------------------------------------------
  // An entry is `pending.ref` (or `own.ref`) where the tree's cursor is at it.

  /**
   * Makes an entry pending for the open consumer, delivered for the first time now; if it is pending already, it changes
   * its owner. The cursor of `pending` is at it then. Throws HeapFullError.
   */
  deliver(id: StreamId, time: number): void {
    const { pending } = this;
    if (pending.insert(id, NIL)) this.createPending(id);
    else this.transfer(id);
    const { ref } = pending;
    this.setDeliveredAt(id, ref, time);
    this.setDeliveries(id, ref, 0, 1);
  }

  /** Makes the block for the element of `pending` at the cursor, which has none yet; without memory, removes that. */
  private createPending(id: StreamId): void {
    const { pending, heap } = this;
    let ref = NIL;
    this.guard?.adding(id);
    try {
      ref = heap.allocate(PENDING_BYTES);
      this.own.insert(id, ref);
    } catch (error) {
      if (ref !== NIL) heap.free(ref);
      pending.remove();
      throw error;
    }
    this.words(ref)[wordOf(ref) + PENDING_CONSUMER] = this.consumer;
    pending.setRef(ref);
  }

  /**
   * Makes an entry pending for nobody, as the first half of what a file says of it: assign() has to follow for all of
   * them. The cursor of `pending` is at it then. False if it is pending already. Throws HeapFullError.
   */
  addUnowned(id: StreamId, time: number): boolean {
    const { pending, heap } = this;
    if (!pending.insert(id, NIL)) return false;
    let ref: number;
    try {
      ref = heap.allocate(PENDING_BYTES);
    } catch (error) {
      pending.remove();
      throw error;
    }
    pending.setRef(ref);
    this.words(ref)[wordOf(ref) + PENDING_CONSUMER] = NIL;
    this.setDeliveredAt(id, ref, time);
    return true;
  }

  /** Gives an entry that is pending for nobody to the open consumer. False if there is none. Throws HeapFullError. */
  assign(id: StreamId): boolean {
    const { pending } = this;
    if (!pending.find(id) || this.consumerOf(pending.ref) !== NIL) return false;
    const { ref } = pending;
    this.own.insert(id, ref);
    this.words(ref)[wordOf(ref) + PENDING_CONSUMER] = this.consumer;
    return true;
  }

  /** Gives the pending entry that the cursor of `pending` is at to the open consumer. Throws HeapFullError. */
  transfer(id: StreamId): void {
    const ref = this.pending.ref;
    const owner = this.consumerOf(ref);
    if (owner === this.consumer) return;
    this.guard?.changing(id, ref);
    this.own.insert(id, ref);
    this.removeFromOwner(owner, id);
    this.words(ref)[wordOf(ref) + PENDING_CONSUMER] = this.consumer;
  }

  /** Takes the pending entry that the cursor of `pending` is at out of both trees, and frees it. */
  removePending(id: StreamId): void {
    const isKept = this.guard?.removing(id, this.pending.ref) ?? false;
    const ref = this.pending.remove();
    this.removeFromOwner(this.consumerOf(ref), id);
    if (!isKept) this.heap.free(ref);
  }

  /** A copy of the block of a pending entry. Throws HeapFullError. */
  copyPendingBlock(ref: number): number {
    const copy = this.heap.allocate(PENDING_BYTES);
    const from = this.words(ref);
    const to = this.words(copy);
    for (let i = 0; i < PENDING_BYTES / 4; i++) to[wordOf(copy) + i] = from[wordOf(ref) + i];
    return copy;
  }

  private removeFromOwner(owner: number, id: StreamId): void {
    const { others } = this;
    others.open(this.words(owner)[wordOf(owner) + CONSUMER_PENDING]);
    if (others.find(id)) others.remove();
    // Both may be windows on the same tree.
    if (this.consumer !== 0) this.own.open(this.own.root);
  }

  /** ms when a pending entry was last delivered. */
  deliveredAt(ref: number): number {
    return this.time(ref, PENDING_TIME);
  }

  setDeliveredAt(id: StreamId, ref: number, time: number): void {
    this.guard?.changing(id, ref);
    this.setTime(ref, PENDING_TIME, time);
  }

  /** Sets `int64` to the number of times that a pending entry was delivered. */
  readDeliveries(ref: number): void {
    const words = this.words(ref);
    const at = wordOf(ref) + PENDING_COUNT;
    int64.lo = words[at];
    int64.hi = words[at + 1] | 0;
  }

  setDeliveries(id: StreamId, ref: number, hi: number, lo: number): void {
    this.guard?.changing(id, ref);
    const words = this.words(ref);
    const at = wordOf(ref) + PENDING_COUNT;
    words[at] = lo;
    words[at + 1] = hi;
  }

  /** Counts one more delivery of a pending entry. */
  countDelivery(id: StreamId, ref: number): void {
    this.readDeliveries(ref);
    addInt64(int64.hi, int64.lo, 0, 1);
    this.setDeliveries(id, ref, int64.hi, int64.lo);
  }

  /** The consumer of a pending entry. */
  consumerOf(ref: number): number {
    return this.words(ref)[wordOf(ref) + PENDING_CONSUMER];
  }

  // --- names and fields --------------------------------------------------------------------------------------------

  /** Finds the name of a group: nameBytes, nameAt, nameLength. */
  locateGroupName(ref: number): void {
    this.locateName(ref, GROUP_NAME);
  }

  /** Finds the name of a consumer. */
  locateConsumerName(ref: number): void {
    this.locateName(ref, CONSUMER_NAME);
  }

  private locateName(ref: number, word: number): void {
    this.nameBytes = this.heap.u8[ref >>> SEGMENT_SHIFT];
    this.nameAt = ((ref & SEGMENT_MASK) << 3) + (word + 1) * 4;
    this.nameLength = this.words(ref)[wordOf(ref) + word];
  }

  /** A block whose name is at a word, with zeros before it. */
  private createNamed(word: number, buf: Uint8Array, start: number, end: number): number {
    const ref = this.heap.allocate((word + 1) * 4 + end - start);
    const words = this.words(ref);
    const at = wordOf(ref);
    words.fill(0, at, at + word);
    words[at + word] = end - start;
    copyBytes(buf, start, this.heap.u8[ref >>> SEGMENT_SHIFT], (at + word + 1) * 4, end - start);
    return ref;
  }

  private words(ref: number): Uint32Array {
    return this.heap.u32[ref >>> SEGMENT_SHIFT];
  }

  private time(ref: number, field: number): number {
    const words = this.words(ref);
    const at = wordOf(ref) + field;
    return int64ToNumber(words[at + 1] | 0, words[at]);
  }

  private setTime(ref: number, field: number, time: number): void {
    const words = this.words(ref);
    const at = wordOf(ref) + field;
    int64FromNumber(time);
    words[at] = int64.lo;
    words[at + 1] = int64.hi;
  }

  // --- as a whole --------------------------------------------------------------------------------------------------

  /** Copies the group at `ref`, of any stream, to a stream that has none of this name. Throws HeapFullError. */
  copyTo(ref: number, target: StreamGroup, stream: Stream): void {
    this.open(ref);
    this.locateGroupName(ref);
    target.create(stream, this.nameBytes, this.nameAt, this.nameAt + this.nameLength);
    target.lastId.copy(this.lastId);
    target.readHi = this.readHi;
    target.readLo = this.readLo;
    target.save();
    for (let slot = 0; slot < this.consumers.size; slot++) this.copyConsumer(this.consumers.at(slot), target);
    const { pending } = this;
    for (let more = pending.first(); more; more = pending.next()) this.copyPending(target);
  }

  private copyConsumer(ref: number, target: StreamGroup): void {
    this.openConsumer(ref);
    this.locateConsumerName(ref);
    const end = this.nameAt + this.nameLength;
    target.consumers.find(this.nameBytes, this.nameAt, end);
    target.createConsumer(this.nameBytes, this.nameAt, end, this.seenAt);
    target.activeAt = this.activeAt;
  }

  /** Copies the pending entry at the cursor, whose consumer the target has. */
  private copyPending(target: StreamGroup): void {
    const { moving } = this;
    const { ref } = this.pending;
    this.locateConsumerName(this.consumerOf(ref));
    target.findConsumer(this.nameBytes, this.nameAt, this.nameAt + this.nameLength);
    this.pending.readId(moving);
    target.deliver(moving, this.deliveredAt(ref));
    this.readDeliveries(ref);
    target.setDeliveries(moving, target.pending.ref, int64.hi, int64.lo);
  }

  /**
   * Frees a part of the group at `ref`, which is in no stream any more. Returns true when all is gone; otherwise it is
   * of no use but to be released further.
   */
  release(ref: number): boolean {
    const words = this.words(ref);
    const at = wordOf(ref);
    if (words[at + GROUP_PENDING] !== NIL) {
      this.pending.open(words[at + GROUP_PENDING]);
      if (this.pending.drain(this.freeBlock)) words[at + GROUP_PENDING] = NIL;
      return false;
    }
    this.consumers.open(words[at + GROUP_CONSUMERS]);
    for (let i = 0; i < CONSUMERS_A_STEP && this.consumers.size > 0; i++) {
      if (!this.releaseConsumer()) return false;
      words[at + GROUP_CONSUMERS] = this.consumers.ref;
    }
    if (this.consumers.size > 0) return false;
    this.heap.free(ref);
    return true;
  }

  /** Frees a part of the last consumer of the table. Returns true when all of it is gone. */
  private releaseConsumer(): boolean {
    const slot = this.consumers.size - 1;
    const ref = this.consumers.at(slot);
    this.own.open(this.words(ref)[wordOf(ref) + CONSUMER_PENDING]);
    for (let i = 0; i < LEAVES_A_STEP; i++) {
      if (!this.own.drain(visitNothing)) continue;
      this.heap.free(ref);
      this.consumers.remove(slot);
      return true;
    }
    return false;
  }

  private readonly freeBlock = (ref: number): void => this.heap.free(ref);

  /** Bytes of all blocks of the open group. */
  get bytes(): number {
    const { heap, consumers } = this;
    let bytes = heap.sizeOf(this.ref) + this.pending.bytes + consumers.bytes;
    bytes += this.pending.size * Heap.roundUp(PENDING_BYTES);
    for (let slot = 0; slot < consumers.size; slot++) {
      const ref = consumers.at(slot);
      this.openConsumer(ref);
      bytes += heap.sizeOf(ref) + this.own.bytes;
    }
    return bytes;
  }
}

/** Consumers, and leaves of the tree of one, that a step of release() frees at most. */
const CONSUMERS_A_STEP = 16;
const LEAVES_A_STEP = 16;

function wordOf(ref: number): number {
  return (ref & SEGMENT_MASK) << 1;
}

function visitNothing(): void {}
