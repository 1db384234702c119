/**
 * Sets: how they are kept, and what all commands do with one. The data only; nothing here knows of requests.
 *
 * A set has one of three encodings, and its entry one word, the root:
 *
 *     intset      integers only, up to set-max-intset-entries      root: an IntSet
 *     listpack    up to set-max-listpack-entries members of up to  root: a Listpack
 *                 set-max-listpack-value bytes
 *     hashtable   everything else                                  root: a Dict of string blocks
 *
 * A set is converted where Redis 7.2 converts it: an intset becomes a listpack when something else than an integer comes
 * and both limits allow it, and else a hash table; a listpack becomes a hash table. What SADD never does is to convert
 * back. Limits hold for what is added: a limit that is lowered converts nothing by itself.
 *
 * `SetView` is a window on one set at a time, so that no set costs an object. A change may move the root or change the
 * encoding: whoever opened the view writes both back to where they were. A method that throws HeapFullError has not
 * changed the members, but may have changed the encoding.
 */

import { ENCODING_HASHTABLE, ENCODING_INTSET, ENCODING_LISTPACK, TYPE_SET } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import { Dict } from "../../memory/dict";
import { IntSet } from "../../memory/intset";
import { LISTPACK_MAX, Listpack } from "../../memory/listpack";
import { StringBlocks } from "../../memory/string-block";
import { int64Digits } from "../../util/integers";
import { Member } from "./set-member";
import { SetMover } from "./set-mover";

/** Up to which size a set is an intset or a listpack: the directives of these names. */
export interface SetLimits {
  readonly setMaxIntsetEntries: number;
  readonly setMaxListpackEntries: number;
  readonly setMaxListpackValue: number;
}

/** An intset with more integers is not allowed, whatever the directive says. */
const INTSET_MAX = 2 ** 30;
/** Bytes that an element of a listpack takes besides its text, at the most; an integer takes fewer in all. */
const ELEMENT_OVERHEAD = 10;
/** Elements of a hash table that are visited at a time, before it is asked whether to go on. */
const SCAN_STEP = 64;

export class SetView {
  /** ENCODING_INTSET, ENCODING_LISTPACK or ENCODING_HASHTABLE. */
  encoding = ENCODING_INTSET;
  root = 0;
  readonly ints: IntSet;
  readonly list: Listpack;
  readonly table: Dict;
  /** The strings of the hash table. */
  readonly blocks: StringBlocks;
  /** The member that pick() chose, or that each() is at. */
  readonly current: Member;
  /** Where pick() found it: an index, a position, a ref. */
  private place = 0;
  private readonly below: (n: number) => number;

  constructor(private readonly keyspace: Keyspace) {
    const { heap, hasher, random } = keyspace;
    this.ints = new IntSet(heap);
    this.list = new Listpack(heap);
    this.blocks = new StringBlocks(heap);
    this.table = new Dict(heap, hasher, this.blocks);
    this.current = new Member(hasher);
    this.below = (n) => random.below(n);
  }

  /** Looks at the set with this encoding and root from now on. */
  open(encoding: number, root: number): void {
    this.encoding = encoding;
    this.root = root;
    if (encoding === ENCODING_HASHTABLE) this.table.open(root);
    else if (encoding === ENCODING_LISTPACK) this.list.open(root);
    else this.ints.open(root);
  }

  /** Makes an empty set of this encoding, and opens it. */
  create(encoding: number): void {
    if (encoding === ENCODING_HASHTABLE) this.root = this.table.create();
    else if (encoding === ENCODING_LISTPACK) this.root = this.list.create();
    else this.root = this.ints.create();
    this.encoding = encoding;
  }

  /** Makes a copy of another set, and opens it. */
  copyOf(source: SetView): void {
    this.encoding = source.encoding;
    if (source.encoding === ENCODING_INTSET) this.root = source.ints.copy();
    else if (source.encoding === ENCODING_LISTPACK) this.root = source.list.copy();
    else this.copyTable(source);
    this.open(this.encoding, this.root);
  }

  private copyTable(source: SetView): void {
    const root = this.table.create();
    try {
      source.each((member) => {
        this.insert(member);
        return true;
      });
    } catch (error) {
      this.freeTable(root);
      throw error;
    }
    this.root = root;
  }

  /** Makes an empty set for `first` and others, `size` of them in all, and opens it. */
  createFor(first: Member, size: number, limits: SetLimits): void {
    if (size <= maxIntegers(limits) && first.isInteger()) this.create(ENCODING_INTSET);
    else if (size <= limits.setMaxListpackEntries) this.create(ENCODING_LISTPACK);
    else this.create(ENCODING_HASHTABLE);
  }

  /** Members. */
  get size(): number {
    if (this.encoding === ENCODING_HASHTABLE) return this.table.size;
    return this.encoding === ENCODING_LISTPACK ? this.list.count : this.ints.count;
  }

  // --- members -----------------------------------------------------------------------------------------------------

  has(member: Member): boolean {
    if (this.encoding === ENCODING_HASHTABLE) return this.findInTable(member) !== 0;
    if (this.encoding === ENCODING_LISTPACK) return this.findInList(member) !== 0;
    return member.isInteger() && this.ints.contains(member.hi, member.lo);
  }

  private findInTable(member: Member): number {
    const hash = member.hashed();
    member.text();
    return this.table.find(hash, member.buf, member.start, member.end);
  }

  private findInList(member: Member): number {
    const { list } = this;
    member.text();
    return list.find(list.first(), member.buf, member.start, member.end, 0);
  }

  /** Adds a member, converting the set where the limits say so; false if it is there already. */
  add(member: Member, limits: SetLimits): boolean {
    if (this.encoding === ENCODING_HASHTABLE) {
      if (this.findInTable(member) !== 0) return false;
      this.insert(member);
      return true;
    }
    return this.encoding === ENCODING_LISTPACK ? this.addToList(member, limits) : this.addToInts(member, limits);
  }

  private addToList(member: Member, limits: SetLimits): boolean {
    if (this.findInList(member) !== 0) return false;
    const { list } = this;
    const { length } = member;
    const fits = list.count < limits.setMaxListpackEntries && length <= limits.setMaxListpackValue;
    if (fits && list.canAdd(length + ELEMENT_OVERHEAD)) {
      this.appendToList(member);
    } else {
      this.convertToTable();
      this.insert(member);
    }
    return true;
  }

  private appendToList(member: Member): void {
    member.text();
    this.list.append(member.buf, member.start, member.end);
    this.root = this.list.ref;
  }

  private addToInts(member: Member, limits: SetLimits): boolean {
    const { ints } = this;
    if (!member.isInteger()) {
      this.leaveInts(member, limits);
      return true;
    }
    if (ints.count < maxIntegers(limits)) {
      const added = ints.add(member.hi, member.lo);
      this.root = ints.ref;
      return added;
    }
    if (ints.contains(member.hi, member.lo)) return false;
    this.convertToTable();
    this.insert(member);
    return true;
  }

  /** Adds a member that is no integer to a set of integers. */
  private leaveInts(member: Member, limits: SetLimits): void {
    const { length } = member;
    const longest = this.longestInteger();
    const { count } = this.ints;
    const fits = count < limits.setMaxListpackEntries && Math.max(length, longest) <= limits.setMaxListpackValue;
    if (fits && (count + 2) * ELEMENT_OVERHEAD + length <= LISTPACK_MAX) {
      this.convertToList();
      this.appendToList(member);
    } else {
      this.convertToTable();
      this.insert(member);
    }
  }

  /** Digits of the longest integer; 0 without any. */
  private longestInteger(): number {
    const { ints } = this;
    if (ints.count === 0) return 0;
    ints.get(0);
    const least = int64Digits(ints.hi, ints.lo);
    ints.get(ints.count - 1);
    return Math.max(least, int64Digits(ints.hi, ints.lo));
  }

  /** Adds a member that is not in the hash table. */
  private insert(member: Member): void {
    const hash = member.hashed();
    member.text();
    const ref = this.blocks.create(member.buf, member.start, member.end);
    try {
      this.table.insert(hash, ref, false);
    } catch (error) {
      this.keyspace.heap.free(ref);
      throw error;
    }
  }

  /** Removes a member; false if it is not there. Needs no memory, and converts nothing. */
  remove(member: Member): boolean {
    if (this.encoding === ENCODING_HASHTABLE) {
      const ref = this.findInTable(member);
      if (ref !== 0) this.removeFound(ref);
      return ref !== 0;
    }
    if (this.encoding === ENCODING_LISTPACK) {
      const position = this.findInList(member);
      if (position !== 0) this.removeFromList(position);
      return position !== 0;
    }
    const removed = member.isInteger() && this.ints.remove(member.hi, member.lo);
    this.root = this.ints.ref;
    return removed;
  }

  private removeFound(ref: number): void {
    this.table.removeFound();
    this.keyspace.heap.free(ref);
  }

  private removeFromList(position: number): void {
    this.list.remove(position);
    this.root = this.list.ref;
  }

  // --- random members ----------------------------------------------------------------------------------------------

  /** Chooses a member of a set that is not empty, each as likely as the others: it is `current` then. */
  pick(): Member {
    const { current, ints, list } = this;
    if (this.encoding === ENCODING_INTSET) {
      this.place = this.below(ints.count);
      ints.get(this.place);
      current.setInteger(ints.hi, ints.lo);
    } else if (this.encoding === ENCODING_LISTPACK) {
      this.place = list.seek(this.below(list.count));
      this.readList(this.place);
    } else {
      this.place = this.table.randomElement(this.below);
      this.readTable(this.place);
    }
    return current;
  }

  /** The block of what pick() chose from a hash table. */
  get pickedRef(): number {
    return this.place;
  }

  /** Removes what pick() chose last; nothing may have changed since. Its text is gone then. */
  removePicked(): void {
    if (this.encoding === ENCODING_INTSET) {
      this.ints.removeAt(this.place);
      this.root = this.ints.ref;
    } else if (this.encoding === ENCODING_LISTPACK) {
      this.removeFromList(this.place);
    } else {
      // randomElement() stands at it.
      this.removeFound(this.place);
    }
  }

  /** Makes the element of the listpack at a position `current`. */
  readList(position: number): void {
    const { current, list } = this;
    list.read(position);
    current.setText(list.value, list.at, list.at + list.length);
  }

  /** Makes the element of the hash table at a ref `current`. */
  readTable(ref: number): void {
    const { blocks, current } = this;
    blocks.locate(ref);
    current.setText(blocks.bytes, blocks.at, blocks.at + blocks.length);
  }

  // --- all members -------------------------------------------------------------------------------------------------

  /**
   * Visits each member, which is `current` meanwhile, until a visit returns false. A visit must neither change nor
   * reopen this view.
   */
  each(visit: (member: Member) => boolean): void {
    if (this.encoding === ENCODING_INTSET) this.eachInteger(visit);
    else if (this.encoding === ENCODING_LISTPACK) this.eachInList(visit);
    else this.eachInTable(visit);
  }

  private eachInteger(visit: (member: Member) => boolean): void {
    const { current, ints } = this;
    for (let i = 0; i < ints.count; i++) {
      ints.get(i);
      current.setInteger(ints.hi, ints.lo);
      if (!visit(current)) return;
    }
  }

  private eachInList(visit: (member: Member) => boolean): void {
    const { current, list } = this;
    for (let position = list.first(); position !== 0; position = list.next(position)) {
      this.readList(position);
      if (!visit(current)) return;
    }
  }

  private eachInTable(visit: (member: Member) => boolean): void {
    const { blocks, current, table } = this;
    let goesOn = true;
    const take = (ref: number, hash: number): void => {
      if (!goesOn) return;
      blocks.locate(ref);
      current.setHashedText(blocks.bytes, blocks.at, blocks.at + blocks.length, hash);
      goesOn = visit(current);
    };
    let position = 0;
    do position = table.scan(position, SCAN_STEP, take);
    while (goesOn && position !== 0);
  }

  // --- encodings ---------------------------------------------------------------------------------------------------

  /** Before `more` members are added at once: makes a hash table of a set that can not hold so many. */
  makeRoom(more: number, limits: SetLimits): void {
    if (this.encoding === ENCODING_HASHTABLE) return;
    const limit = this.encoding === ENCODING_LISTPACK ? limits.setMaxListpackEntries : maxIntegers(limits);
    if (more > limit) this.convertToTable();
  }

  /** Makes an intset of a set that holds nothing but integers, if it may be one. */
  makeInts(limits: SetLimits): void {
    if (this.encoding === ENCODING_INTSET || this.size > maxIntegers(limits)) return;
    const { ints } = this;
    ints.create();
    this.moveAll(
      (member) => member.isInteger() && ints.add(member.hi, member.lo),
      () => ints.free(),
    );
    this.encoding = ENCODING_INTSET;
    this.root = ints.ref;
  }

  private convertToList(): void {
    const { list } = this;
    list.create();
    this.moveAll(
      (member) => {
        member.text();
        list.append(member.buf, member.start, member.end);
      },
      () => list.free(),
    );
    this.encoding = ENCODING_LISTPACK;
    this.root = list.ref;
  }

  private convertToTable(): void {
    const root = this.table.create();
    this.moveAll(
      (member) => this.insert(member),
      () => this.freeTable(root),
    );
    this.encoding = ENCODING_HASHTABLE;
    this.root = root;
  }

  /**
   * Adds all members to a new structure and frees the old one. If there is no memory for it, the new one is freed, and
   * the old one is still there.
   */
  private moveAll(add: (member: Member) => void, freeNew: () => void): void {
    try {
      this.each((member) => {
        add(member);
        return true;
      });
    } catch (error) {
      freeNew();
      throw error;
    }
    this.free();
  }

  /** Frees the set; of a large one the beginning, and the rest is left to the background. */
  free(): void {
    if (this.encoding === ENCODING_HASHTABLE) this.freeTable(this.root);
    else this.keyspace.heap.free(this.root);
  }

  private freeTable(root: number): void {
    const { heap, free } = this.keyspace;
    this.table.open(root);
    if (!this.table.drain((ref) => heap.free(ref))) free.addValue(TYPE_SET, ENCODING_HASHTABLE, root, false);
  }
}

/** Most integers that an intset may hold. */
function maxIntegers(limits: SetLimits): number {
  return Math.min(limits.setMaxIntsetEntries, INTSET_MAX);
}

/** The views that the commands on the sets of one keyspace share, and what the keyspace has to know of sets. */
export class Sets {
  /** For a command on one set. */
  readonly view: SetView;
  /** For a set that is being made. */
  readonly result: SetView;
  /** For commands on many sets. */
  private readonly operands: SetView[] = [];
  /** The member that a request names. */
  readonly argument: Member;

  constructor(private readonly keyspace: Keyspace) {
    this.view = new SetView(keyspace);
    this.result = new SetView(keyspace);
    this.argument = new Member(keyspace.members);
  }

  /** The view for set number `i` of a command on many. */
  operand(i: number): SetView {
    for (let made = this.operands.length; made <= i; made++) this.operands.push(new SetView(this.keyspace));
    return this.operands[i];
  }
}

/** The views on the sets of a keyspace. */
export function setsOf(keyspace: Keyspace): Sets {
  const { typeStates } = keyspace;
  typeStates[TYPE_SET] ??= new Sets(keyspace);
  return typeStates[TYPE_SET] as Sets;
}

/** Tells a keyspace how sets are freed and copied. */
export function installSets(keyspace: Keyspace): void {
  const { entries, heap } = keyspace;
  // Views of their own: a set is freed while a command has others open.
  const table = new Dict(heap, keyspace.hasher, new StringBlocks(heap));
  const source = new SetView(keyspace);
  const target = new SetView(keyspace);
  const freeBlock = (ref: number): void => heap.free(ref);
  keyspace.registerMover(TYPE_SET, new SetMover(keyspace));
  keyspace.registerReleaser(TYPE_SET, {
    release(root, encoding) {
      if (encoding !== ENCODING_HASHTABLE) {
        heap.free(root);
        return true;
      }
      table.open(root);
      return table.drain(freeBlock);
    },
    effort(root, encoding) {
      if (encoding !== ENCODING_HASHTABLE) return 1;
      table.open(root);
      return table.size;
    },
  });
  keyspace.registerCopier(TYPE_SET, (original, copy) => {
    source.open(entries.encoding(original), entries.valueWord(original, 0));
    target.copyOf(source);
    entries.setValueWord(copy, 0, target.root);
  });
}
