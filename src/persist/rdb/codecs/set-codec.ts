/**
 * Sets in RDB files: an intset or a listpack as the block that it is, a hash table as a number and so many strings.
 */

import { ENCODING_HASHTABLE, ENCODING_INTSET, ENCODING_LISTPACK, TYPE_SET } from "../../../db/entry";
import { Dict } from "../../../memory/dict";
import { DictBatch } from "../../../memory/dict-batch";
import { Heap, SEGMENT_SHIFT } from "../../../memory/heap";
import { LISTPACK_EMPTY } from "../../../memory/listpack";
import { StringBlocks } from "../../../memory/string-block";
import { type SetLimits, SetView } from "../../../types/set/set";
import { Member } from "../../../types/set/set-member";
import type { EntryHead } from "../../../types/string/string";
import { copyBytes } from "../../../util/bytes";
import { largeDict } from "../../snapshot/large-dict";
import { LARGE_FROM, type LargeShape } from "../../snapshot/large-value";
import { RDB_SET, RDB_SET_INTSET, RDB_SET_LISTPACK } from "../rdb-format";
import { corrupt, type RdbInput } from "../rdb-input";
import type { RdbOutput } from "../rdb-output";
import { intsetCount, listpackCount } from "./block-checks";
import { type CodecContext, discardValue, EMPTY_VALUE, makeEntry, type ValueCodec } from "./codec";
import { hasDuplicates } from "./duplicates";

/** What a listpack gets beforehand at the most. */
const SMALL_BYTES = 4096;

export class SetCodec implements ValueCodec {
  readonly rdbTypes = [RDB_SET, RDB_SET_INTSET, RDB_SET_LISTPACK];
  private readonly view: SetView;
  private readonly member: Member;
  private readonly batch: DictBatch;

  constructor(
    private readonly context: CodecContext,
    private readonly limits: SetLimits,
  ) {
    this.view = new SetView(context.keyspace);
    this.member = new Member(context.keyspace.hasher);
    const { blocks, table } = this.view;
    this.batch = new DictBatch(context.keyspace.heap, table, (hash, ref) => {
      blocks.locate(ref);
      return table.insertNew(hash, ref, blocks.bytes, blocks.at, blocks.at + blocks.length);
    });
  }

  rdbType(ref: number): number {
    const encoding = this.context.entries.encoding(ref);
    if (encoding === ENCODING_INTSET) return RDB_SET_INTSET;
    return encoding === ENCODING_LISTPACK ? RDB_SET_LISTPACK : RDB_SET;
  }

  encode(out: RdbOutput, ref: number): void {
    const { entries, keyspace } = this.context;
    const { view } = this;
    const root = entries.valueWord(ref, 0);
    view.open(entries.encoding(ref), root);
    if (view.encoding === ENCODING_HASHTABLE) {
      out.size(view.size);
      view.each((member) => {
        member.text();
        out.string(member.buf, member.start, member.end - member.start);
        return true;
      });
      return;
    }
    const length = view.encoding === ENCODING_LISTPACK ? view.list.byteLength : view.ints.byteLength;
    out.string(keyspace.heap.u8[root >>> SEGMENT_SHIFT], Heap.offset(root), length);
  }

  large(ref: number): LargeShape | null {
    const { entries, keyspace } = this.context;
    const root = entries.valueWord(ref, 0);
    if (entries.encoding(ref) !== ENCODING_HASHTABLE || Dict.sizeOf(keyspace.heap, root) < LARGE_FROM) return null;
    const blocks = new StringBlocks(keyspace.heap);
    const dict = new Dict(keyspace.heap, keyspace.hasher, blocks);
    return largeDict({
      dict,
      root,
      write(out, block) {
        blocks.locate(block);
        out.string(blocks.bytes, blocks.at, blocks.length);
      },
    });
  }

  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number {
    if (rdbType === RDB_SET) return this.decodeMembers(input, head);
    input.string();
    return rdbType === RDB_SET_INTSET ? this.decodeIntset(input, head, deep) : this.decodeListpack(input, head, deep);
  }

  private decodeMembers(input: RdbInput, head: EntryHead): number {
    const { view } = this;
    const count = input.size();
    if (count === 0) return EMPTY_VALUE;
    this.readMember(input);
    view.create(this.encodingFor(count));
    try {
      if (view.encoding === ENCODING_LISTPACK) this.makeRoomFor(count);
      const areNew = view.encoding === ENCODING_HASHTABLE ? this.fillTable(input, count) : this.addAll(input, count);
      if (!areNew) throw corrupt("Duplicate set members detected");
    } catch (error) {
      discardValue(this.context.keyspace, TYPE_SET, view.encoding, view.root);
      throw error;
    }
    if (view.encoding === ENCODING_LISTPACK) {
      view.list.fit(0);
      view.open(ENCODING_LISTPACK, view.list.ref);
    }
    return this.finish(head);
  }

  /** Adds `count` members, of which the first is read already. False if one is there twice. */
  private addAll(input: RdbInput, count: number): boolean {
    const { view, member, limits } = this;
    for (let i = 0; i < count; i++) {
      if (i > 0) this.readMember(input);
      if (!view.add(member, limits)) return false;
    }
    return true;
  }

  /** As addAll(), of members that the set has a hash table for from the beginning. */
  private fillTable(input: RdbInput, count: number): boolean {
    const { batch, member, view } = this;
    let isRead = true;
    return batch.fill(count, () => {
      if (!isRead) this.readMember(input);
      isRead = false;
      const { buf, start, end } = member;
      batch.add(view.table.hash(buf, start, end), view.blocks.create(buf, start, end));
    });
  }

  private readMember(input: RdbInput): void {
    input.string();
    this.member.setText(input.value, input.from, input.from + input.length);
  }

  /** Gets the block of the listpack for `count` members like the first at once, unless that is much. */
  private makeRoomFor(count: number): void {
    const { view, member } = this;
    view.list.reserve(Math.min(LISTPACK_EMPTY + count * (member.length + 2), SMALL_BYTES));
    view.open(ENCODING_LISTPACK, view.list.ref);
  }

  /** What a set of `count` members, of which `member` is the first, begins as. */
  private encodingFor(count: number): number {
    const { limits, member } = this;
    if (count > limits.setMaxIntsetEntries) return ENCODING_HASHTABLE;
    if (member.isInteger()) return ENCODING_INTSET;
    return count <= limits.setMaxListpackEntries && member.length <= limits.setMaxListpackValue
      ? ENCODING_LISTPACK
      : ENCODING_HASHTABLE;
  }

  private decodeIntset(input: RdbInput, head: EntryHead, deep: boolean): number {
    const { value, from, length } = input;
    const { heap } = this.context.keyspace;
    if (deep) this.context.sanitizations++;
    if (intsetCount(value, from, length) < 0) throw corrupt("Intset integrity check failed.");
    const root = heap.allocate(length);
    copyBytes(value, from, heap.u8[root >>> SEGMENT_SHIFT], Heap.offset(root), length);
    this.view.open(ENCODING_INTSET, root);
    return this.convertAndFinish(head, this.view.size > this.limits.setMaxIntsetEntries);
  }

  private decodeListpack(input: RdbInput, head: EntryHead, deep: boolean): number {
    const { value, from, length } = input;
    const { view } = this;
    if (deep) this.context.sanitizations++;
    const count = listpackCount(value, from, length);
    if (count < 0) throw corrupt("Set listpack integrity check failed.");
    if (count === 0) return EMPTY_VALUE;
    view.open(ENCODING_LISTPACK, view.list.createFrom(value, from, length));
    if (deep && hasDuplicates(view.list, 1)) {
      view.list.free();
      throw corrupt("Set listpack integrity check failed.");
    }
    return this.convertAndFinish(head, count > this.limits.setMaxListpackEntries);
  }

  /** `large`: more members than the encoding may have now become a hash table. */
  private convertAndFinish(head: EntryHead, large: boolean): number {
    const { view } = this;
    try {
      if (large) view.makeRoom(Number.POSITIVE_INFINITY, this.limits);
    } catch (error) {
      view.free();
      throw error;
    }
    return this.finish(head);
  }

  private finish(head: EntryHead): number {
    return makeEntry(this.context.keyspace, head, TYPE_SET, this.view.encoding, this.view.root);
  }
}
