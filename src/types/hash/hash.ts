/**
 * Hashes: how fields are kept, found and changed. No RESP here.
 *
 * A small hash is one listpack of fields and values in turn ("listpack"). When one of its fields gets an expiry, it
 * becomes a listpack of triples: field, value, expiry in ms or 0, in the order of their expiry, those without one last
 * ("listpackex"). A hash with more than `maxEntries` fields, or a field or value of more than `maxValue` bytes, is a dict
 * of field blocks (hash-field.ts), and stays one. A hash that has, or had, fields that expire has a timer
 * (hash-timer.ts) between the entry and that:
 *
 *     encoding          value word of the entry
 *     LISTPACK          listpack
 *     LISTPACK_EX       timer ──▶ listpack of triples
 *     HASHTABLE         root of a dict
 *     HASHTABLE_EX      timer ──▶ root of a dict, where the flag marks fields that have an expiry
 *
 * A field whose time has passed stays until somebody deletes it: the command that asks for it, or the background
 * (hash-expiry.ts). Until then it counts in `size`, and a command may change it or give it another expiry; only who
 * reads has to look at `foundDead`. All of that is as in Redis.
 *
 * `Hashes` is a window on one hash at a time; hash-traversal.ts walks over the hash that is open. What find() found is
 * valid until the next change of the hash. A change that throws HeapFullError has changed nothing.
 */

import type { Database } from "../../db/database";
import {
  ENCODING_HASHTABLE,
  ENCODING_HASHTABLE_EX,
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EX,
  type Entries,
} from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import { Dict } from "../../memory/dict";
import type { Heap } from "../../memory/heap";
import { LISTPACK_EMPTY, Listpack } from "../../memory/listpack";
import { copyBytes } from "../../util/bytes";
import { MAX_INT64_TEXT, writeNumber } from "../../util/integers";
import { FieldBlocks, NO_FIELD_EXPIRY } from "./hash-field";
import { HashTimers } from "./hash-timer";

/** Elements of a listpack that a field takes. */
const PAIR = 2;
const TRIPLE = 3;
/** What a field and its value may take in a listpack beyond their bytes. */
const PAIR_OVERHEAD = 32;
const SCRATCH_BYTES = 256;

export class Hashes {
  /** hash-max-listpack-entries, hash-max-listpack-value. */
  maxEntries = 512;
  maxValue = 64;
  readonly timers: HashTimers;

  /** The value that locateValue() found: value[at, at + length). Valid until the hash next changes. */
  value: Uint8Array;
  at = 0;
  length = 0;
  /** Expiry of the field that find() found, or NO_FIELD_EXPIRY. */
  expireAt = NO_FIELD_EXPIRY;

  /** The entry that is open, and where it is: that is known where fields are deleted because their time has passed. */
  entry = 0;
  db!: Database;
  /** Fields that findAlive() has deleted since open(). */
  expired = 0;

  /** The parts of the open hash: in `listpack` with `stride` elements a field, or else in `dict` and `blocks`. */
  isPacked = true;
  stride = PAIR;
  readonly listpack: Listpack;
  readonly dict: Dict;
  readonly blocks: FieldBlocks;
  /** 0: no field ever had an expiry. */
  timer = 0;

  /** A second window, for what is made from the open hash. */
  private readonly target: Listpack;
  private readonly entries: Entries;
  private readonly heap: Heap;
  /** Listpack or root of the dict, as it is kept. */
  private inner = 0;
  /** Where find() found the field: its position in the listpack, or its block; and its hash for a dict. */
  private position = 0;
  private block = 0;
  private hash = 0;
  private readonly digits = Buffer.alloc(MAX_INT64_TEXT + 1);
  /** For the text of a value that moves. */
  private scratch = Buffer.alloc(SCRATCH_BYTES);

  constructor(private readonly keyspace: Keyspace) {
    const { entries, hasher, heap } = keyspace;
    this.heap = heap;
    this.entries = entries;
    this.listpack = new Listpack(heap);
    this.target = new Listpack(heap);
    this.blocks = new FieldBlocks(heap);
    this.dict = new Dict(heap, hasher, this.blocks);
    this.timers = new HashTimers(heap);
    this.value = this.digits;
  }

  /** An empty hash, in a listpack with room for `bytes` bytes of elements. Returns its root, for an entry of its own. */
  create(bytes: number): number {
    return this.target.createSized(LISTPACK_EMPTY + bytes);
  }

  /** Turns to the hash of an entry. */
  open(entry: number): void {
    this.entry = entry;
    this.expired = 0;
    this.openRoot(this.entries.valueWord(entry, 0), this.entries.encoding(entry));
  }

  /** Turns to a hash by what its entry refers to: enough for reading and freeing it. */
  openRoot(root: number, encoding: number): void {
    const isTimed = encoding === ENCODING_LISTPACK_EX || encoding === ENCODING_HASHTABLE_EX;
    const inner = isTimed ? this.timers.inner(root) : root;
    this.inner = inner;
    this.timer = isTimed ? root : 0;
    this.isPacked = encoding === ENCODING_LISTPACK || encoding === ENCODING_LISTPACK_EX;
    if (this.isPacked) {
      this.stride = isTimed ? TRIPLE : PAIR;
      this.listpack.open(inner);
    } else {
      this.dict.open(inner);
    }
  }

  /** Fields, those among them whose time has passed and that are still there. */
  get size(): number {
    return this.isPacked ? this.listpack.count / this.stride : this.dict.size;
  }

  /** Whether a field with this expiry counts as missing because its time has passed. */
  isDead(expireAt: number): boolean {
    return expireAt !== NO_FIELD_EXPIRY && expireAt < this.keyspace.now && this.keyspace.expiry !== "ignore";
  }

  /** Whether there may be a field whose time has passed. */
  get mayHoldDead(): boolean {
    return this.timer !== 0 && this.isDead(this.timers.deadline(this.timer));
  }

  // --- finding -----------------------------------------------------------------------------------------------------

  /** Looks for the field buf[start, end). */
  find(buf: Uint8Array, start: number, end: number): boolean {
    if (this.isPacked) return this.findPacked(buf, start, end);
    const { dict } = this;
    this.hash = this.keyspace.members.hash(buf, start, end);
    this.block = dict.find(this.hash, buf, start, end);
    if (this.block === 0) return false;
    this.expireAt = dict.foundFlag ? this.blocks.expireAt(this.block) : NO_FIELD_EXPIRY;
    return true;
  }

  private findPacked(buf: Uint8Array, start: number, end: number): boolean {
    const { listpack } = this;
    const first = listpack.first();
    this.position = first === 0 ? 0 : listpack.find(first, buf, start, end, this.stride - 1);
    if (this.position === 0) return false;
    this.expireAt = this.stride === PAIR ? NO_FIELD_EXPIRY : this.expiryAt(this.position);
    return true;
  }

  /** The expiry of the field at a position of a listpack of triples. */
  private expiryAt(position: number): number {
    const { listpack } = this;
    return listpack.integerAt(listpack.next(listpack.next(position)));
  }

  /** Whether the time of the field that find() found has passed. */
  get foundDead(): boolean {
    return this.isDead(this.expireAt);
  }

  /** As find(), of a field whose time has not passed: one that is dead is deleted (where it may be), and not found. */
  findAlive(buf: Uint8Array, start: number, end: number): boolean {
    if (!this.find(buf, start, end)) return false;
    if (!this.foundDead) return true;
    if (this.keyspace.expiry === "delete") {
      this.announceExpired(buf, start, end);
      this.removeFound();
      this.expired++;
    }
    return false;
  }

  /** The field buf[start, end) is about to be deleted because its time has passed. */
  private announceExpired(buf: Uint8Array, start: number, end: number): void {
    this.keyspace.removals?.fieldExpired(this.db, this.entry, buf, start, end);
  }

  /** Reads the value of the field that find() found. */
  locateValue(): void {
    if (this.isPacked) {
      const { listpack } = this;
      listpack.read(listpack.next(this.position));
      this.value = listpack.value;
      this.at = listpack.at;
      this.length = listpack.length;
    } else {
      const { blocks } = this;
      blocks.locateValue(this.block);
      this.value = blocks.bytes;
      this.at = blocks.at;
      this.length = blocks.length;
    }
  }

  // --- changing ----------------------------------------------------------------------------------------------------

  /**
   * Sets a field buf[start, end) to a value. What expiry the field had it keeps if `keepsExpiry`, else it has none then.
   * Returns whether the field is new. Texts must not lie in the hash itself.
   */
  put(
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    keepsExpiry = false,
  ): boolean {
    const found = this.find(buf, start, end);
    this.store(found, buf, start, end, value, valueStart, valueEnd, keepsExpiry);
    return !found;
  }

  /** As put(), of a field of which find() has just said whether it is there. */
  store(
    wasFound: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    keepsExpiry: boolean,
  ): void {
    let found = wasFound;
    if (this.isPacked && this.outgrows(found, end - start, valueEnd - valueStart)) {
      this.toTable();
      found = this.find(buf, start, end);
    }
    if (!this.isPacked) this.putBlock(found, buf, start, end, value, valueStart, valueEnd, keepsExpiry);
    else if (!found) this.addGroup(0, buf, start, end, value, valueStart, valueEnd, NO_FIELD_EXPIRY);
    else if (keepsExpiry || this.expireAt === NO_FIELD_EXPIRY) this.replaceValue(value, valueStart, valueEnd);
    else this.moveGroup(buf, start, end, value, valueStart, valueEnd, NO_FIELD_EXPIRY);
  }

  /** Whether a listpack is too small for a change of a field. */
  private outgrows(found: boolean, fieldLength: number, valueLength: number): boolean {
    const { listpack, maxValue, stride } = this;
    if (fieldLength > maxValue || valueLength > maxValue) return true;
    if (listpack.count + (found ? 0 : stride) > this.maxEntries * stride) return true;
    return !listpack.canAdd(fieldLength + valueLength + PAIR_OVERHEAD);
  }

  private putBlock(
    found: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    keepsExpiry: boolean,
  ): void {
    if (!found) {
      this.insertBlock(this.blocks.create(buf, start, end, value, valueStart, valueEnd, NO_FIELD_EXPIRY), false);
      return;
    }
    const block = this.blocks.setValue(this.block, value, valueStart, valueEnd);
    if (block !== this.block) this.dict.replaceFound(block);
    this.block = block;
    if (!keepsExpiry && this.expireAt !== NO_FIELD_EXPIRY) this.setBlockExpiry(NO_FIELD_EXPIRY);
  }

  /** Adds a block whose field has the hash `this.hash`; frees it if there is no memory for that. */
  private insertBlock(block: number, expires: boolean): void {
    try {
      this.dict.insert(this.hash, block, expires);
    } catch (error) {
      this.heap.free(block);
      throw error;
    }
  }

  private replaceValue(value: Uint8Array, start: number, end: number): void {
    const { listpack } = this;
    listpack.replace(listpack.next(this.position), value, start, end);
    this.keepListpack();
  }

  /** Writes where the listpack is now to where its ref is kept. */
  private keepListpack(): void {
    if (this.listpack.ref === this.inner) return;
    this.inner = this.listpack.ref;
    if (this.timer !== 0) this.timers.setInner(this.timer, this.listpack.ref);
    else this.entries.setValueWord(this.entry, 0, this.listpack.ref);
  }

  /** Inserts a pair or triple at an offset from the start of the listpack (0: at the end). */
  private addGroup(
    offset: number,
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): void {
    const { listpack } = this;
    const isTriple = this.stride === TRIPLE;
    const pair = Listpack.elementBytes(buf, start, end) + Listpack.elementBytes(value, valueStart, valueEnd);
    const added = isTriple ? pair + Listpack.integerBytes(expireAt) : pair;
    listpack.reserve(listpack.byteLength + added);
    this.keepListpack();
    // From here on nothing fails, and nothing moves but what stands behind.
    if (offset === 0) {
      listpack.append(buf, start, end);
      listpack.append(value, valueStart, valueEnd);
      if (isTriple) listpack.appendInteger(expireAt);
      return;
    }
    let p = listpack.insertBefore(listpack.start + offset, buf, start, end);
    p = listpack.insertAfter(p, value, valueStart, valueEnd);
    listpack.insertAfter(p, this.digits, 0, writeNumber(expireAt, this.digits, 0));
  }

  /** Puts the triple of the field found where its new expiry belongs, with this text; it must not lie in the listpack. */
  private moveGroup(
    buf: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAt: number,
  ): void {
    const { listpack } = this;
    const old = this.position - listpack.start;
    const place = this.placeFor(expireAt);
    const before = listpack.byteLength;
    // The new one first: there may be no memory for it.
    this.addGroup(place, buf, start, end, value, valueStart, valueEnd, expireAt);
    const moved = place !== 0 && place <= old ? listpack.byteLength - before : 0;
    listpack.remove(listpack.start + old + moved, TRIPLE);
    this.keepListpack();
  }

  /**
   * Where a triple with this expiry belongs, as an offset from the start of the listpack; 0: at the end. As in Redis that
   * is before those that expire at the same time.
   */
  private placeFor(expireAt: number): number {
    if (expireAt === NO_FIELD_EXPIRY) return 0;
    const { listpack } = this;
    let p = listpack.first();
    while (p !== 0) {
      const time = listpack.next(listpack.next(p));
      const other = listpack.integerAt(time);
      if (other === NO_FIELD_EXPIRY || other >= expireAt) return p - listpack.start;
      p = listpack.next(time);
    }
    return 0;
  }

  /** Deletes the field that find() found. */
  removeFound(): void {
    if (this.isPacked) {
      this.listpack.remove(this.position, this.stride);
      this.keepListpack();
      return;
    }
    this.dict.removeFound();
    this.heap.free(this.block);
    this.stopTimerIfIdle();
  }

  private stopTimerIfIdle(): void {
    if (this.timer !== 0 && this.dict.flagged === 0) this.timers.cancel(this.timer);
  }

  // --- expiry ------------------------------------------------------------------------------------------------------

  /**
   * Gives the field buf[start, end), which find() has just found, another expiry, or none (NO_FIELD_EXPIRY). The hash
   * must have a timer, see addTimer().
   */
  setExpiry(buf: Uint8Array, start: number, end: number, expireAt: number): void {
    if (expireAt !== NO_FIELD_EXPIRY) this.timers.noteExpiry(this.timer, expireAt);
    if (!this.isPacked) {
      this.setBlockExpiry(expireAt);
      return;
    }
    this.locateValue();
    // A copy, because the value lies in the listpack that is about to change.
    const { length } = this;
    if (length > this.scratch.length) this.scratch = Buffer.allocUnsafeSlow(length);
    copyBytes(this.value, this.at, this.scratch, 0, length);
    this.moveGroup(buf, start, end, this.scratch, 0, length, expireAt);
  }

  private setBlockExpiry(expireAt: number): void {
    const block = this.blocks.setExpiry(this.block, expireAt);
    if (block !== this.block) this.dict.replaceFound(block);
    this.block = block;
    this.dict.flagFound(expireAt !== NO_FIELD_EXPIRY);
    this.stopTimerIfIdle();
  }

  /** Deletes the fields of a listpack of triples whose time has passed; they are the first ones. Returns their number. */
  removeDeadTriples(): number {
    const { listpack } = this;
    const first = listpack.first();
    let dead = 0;
    for (let p = first; p !== 0; dead++) {
      const time = listpack.next(listpack.next(p));
      if (!this.isDead(listpack.integerAt(time))) break;
      if (this.keyspace.removals !== null) {
        const { bytes, start, end } = this.fieldAt(p);
        this.announceExpired(bytes, start, end);
      }
      p = listpack.next(time);
    }
    if (dead > 0) {
      listpack.remove(first, dead * TRIPLE);
      this.keepListpack();
    }
    return dead;
  }

  /** The earliest expiry of a listpack of triples, or NO_FIELD_EXPIRY. */
  firstExpiry(): number {
    const first = this.listpack.first();
    return first === 0 ? NO_FIELD_EXPIRY : this.expiryAt(first);
  }

  /** Deletes the field of a block of the dict, as its time has passed. */
  removeDeadBlock(block: number): void {
    const { blocks } = this;
    blocks.locateField(block);
    const { bytes, at, length } = blocks;
    this.announceExpired(bytes, at, at + length);
    if (this.find(bytes, at, at + length)) this.removeFound();
  }

  /** Prepares the open hash for fields that expire. What find() found is not valid any more. */
  addTimer(): void {
    if (this.timer !== 0) return;
    const { entries, entry, timers } = this;
    entries.locateKey(entry);
    const keyHash = this.dict.hash(entries.bytes, entries.at, entries.at + entries.length);
    if (!this.isPacked) {
      const root = entries.valueWord(entry, 0);
      const timer = timers.create(root, keyHash);
      this.setRoot(timer, ENCODING_HASHTABLE_EX);
      this.keyspace.rootMoved(root, timer);
      return;
    }
    const triples = this.copyAsTriples();
    try {
      this.setRoot(timers.create(triples, keyHash), ENCODING_LISTPACK_EX);
    } catch (error) {
      this.heap.free(triples);
      throw error;
    }
  }

  /** A listpack of the open one's pairs with no expiry. */
  private copyAsTriples(): number {
    const { listpack, target } = this;
    target.createSized(listpack.byteLength + (listpack.count / PAIR) * Listpack.integerBytes(NO_FIELD_EXPIRY));
    for (let p = listpack.first(); p !== 0; p = listpack.next(p)) {
      listpack.read(p);
      target.append(listpack.value, listpack.at, listpack.at + listpack.length);
      p = listpack.next(p);
      listpack.read(p);
      target.append(listpack.value, listpack.at, listpack.at + listpack.length);
      target.appendInteger(NO_FIELD_EXPIRY);
    }
    return target.ref;
  }

  /** Gives the entry another root, and turns to it. A listpack that was there is freed unless the root refers to it. */
  private setRoot(root: number, encoding: number): void {
    const packed = this.isPacked ? this.listpack.ref : 0;
    this.entries.setValueWord(this.entry, 0, root);
    this.entries.setEncoding(this.entry, encoding);
    this.openRoot(root, encoding);
    if (packed !== 0) this.heap.free(packed);
  }

  // --- growing -----------------------------------------------------------------------------------------------------

  /** Makes the open hash a dict, if it is none. */
  toTable(): void {
    if (!this.isPacked) return;
    const root = this.dict.create();
    try {
      this.fillTable();
    } catch (error) {
      this.dict.clear((block) => this.heap.free(block));
      this.dict.destroy();
      throw error;
    }
    if (this.timer === 0) {
      this.setRoot(root, ENCODING_HASHTABLE);
    } else {
      this.timers.setInner(this.timer, root);
      this.setRoot(this.timer, ENCODING_HASHTABLE_EX);
    }
  }

  /** Adds the fields of the listpack to the dict. */
  private fillTable(): void {
    const { dict, listpack } = this;
    for (let p = listpack.first(); p !== 0; p = listpack.next(p)) {
      const { bytes, start, end } = this.fieldAt(p);
      this.hash = dict.hash(bytes, start, end);
      p = listpack.next(p);
      listpack.read(p);
      const valueEnd = listpack.at + listpack.length;
      let expireAt = NO_FIELD_EXPIRY;
      if (this.stride === TRIPLE) {
        p = listpack.next(p);
        expireAt = listpack.integerAt(p);
      }
      const block = this.blocks.create(bytes, start, end, listpack.value, listpack.at, valueEnd, expireAt);
      this.insertBlock(block, expireAt !== NO_FIELD_EXPIRY);
    }
  }

  /** The text of the listpack's element at `p`, which the next read() leaves alone. */
  private fieldAt(p: number): { bytes: Uint8Array; start: number; end: number } {
    const { digits, listpack } = this;
    listpack.read(p);
    const { at, length } = listpack;
    if (!listpack.isInteger) return { bytes: listpack.bytes, start: at, end: at + length };
    copyBytes(listpack.value, at, digits, 0, length);
    return { bytes: digits, start: 0, end: length };
  }
}
