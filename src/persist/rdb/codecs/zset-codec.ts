/**
 * Sorted sets in RDB files: a listpack as the block that it is, everything else as a number and so many members with
 * their scores (8 bytes; in files of Redis before 4.0, text). Members are written from the last to the first, as Redis
 * does: its skiplist takes them fastest in this order.
 */

import { ENCODING_LISTPACK, ENCODING_SKIPLIST, TYPE_ZSET } from "../../../db/entry";
import { DictBatch } from "../../../memory/dict-batch";
import type { EntryHead } from "../../../types/string/string";
import { SortedSet, type ZsetLimits } from "../../../types/zset/zset";
import { IndexedZset } from "../../../types/zset/zset-indexed";
import { copyBytes } from "../../../util/bytes";
import { parseDouble } from "../../../util/doubles";
import { largeDict } from "../../snapshot/large-dict";
import { LARGE_FROM, type LargeShape } from "../../snapshot/large-value";
import * as format from "../rdb-format";
import { corrupt, type RdbInput } from "../rdb-input";
import type { RdbOutput } from "../rdb-output";
import { listpackCount } from "./block-checks";
import { type CodecContext, EMPTY_VALUE, makeEntry, type ValueCodec } from "./codec";
import { hasDuplicates } from "./duplicates";
import { eachInZiplist } from "./old-blocks";

const PAIR = 2;

export class ZsetCodec implements ValueCodec {
  readonly rdbTypes = [format.RDB_ZSET, format.RDB_ZSET_2, format.RDB_ZSET_ZIPLIST, format.RDB_ZSET_LISTPACK];
  private readonly zset: SortedSet;
  /** The member whose score is read next. */
  private member: Uint8Array = Buffer.alloc(256);
  private memberLength = 0;
  private readonly batch: DictBatch;

  constructor(
    private readonly context: CodecContext,
    private readonly limits: ZsetLimits,
  ) {
    this.zset = new SortedSet(context.keyspace);
    const { indexed } = this.zset;
    this.batch = new DictBatch(context.keyspace.heap, indexed.dict, (hash, ref) => indexed.insertNew(hash, ref));
  }

  rdbType(ref: number): number {
    return this.context.entries.encoding(ref) === ENCODING_LISTPACK ? format.RDB_ZSET_LISTPACK : format.RDB_ZSET_2;
  }

  encode(out: RdbOutput, ref: number): void {
    const { entries } = this.context;
    const { zset } = this;
    zset.open(entries.encoding(ref), entries.valueWord(ref, 0));
    if (zset.encoding === ENCODING_LISTPACK) {
      const { bytes, start, byteLength } = zset.packed.list;
      out.string(bytes, start, byteLength);
      return;
    }
    out.size(zset.size);
    for (let more = zset.seek(zset.size - 1); more; more = zset.previous()) {
      out.string(zset.bytes, zset.at, zset.length);
      out.double(zset.score);
    }
  }

  large(ref: number): LargeShape | null {
    const { entries, keyspace } = this.context;
    if (entries.encoding(ref) !== ENCODING_SKIPLIST) return null;
    // What was popped is removed by that.
    this.zset.open(ENCODING_SKIPLIST, entries.valueWord(ref, 0));
    if (this.zset.size < LARGE_FROM) return null;
    const root = IndexedZset.dictOf(keyspace.heap, entries.valueWord(ref, 0));
    const { blocks, dict } = new IndexedZset(keyspace.heap, keyspace.hasher);
    return largeDict({
      dict,
      root,
      write(out, block) {
        blocks.locate(block);
        out.string(blocks.bytes, blocks.at, blocks.length);
        out.double(blocks.score(block));
      },
    });
  }

  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number {
    if (rdbType === format.RDB_ZSET_LISTPACK) return this.decodeListpack(input, head, deep);
    if (rdbType === format.RDB_ZSET_ZIPLIST) return this.decodeZiplist(input, head);
    return this.decodeMembers(input, head, rdbType === format.RDB_ZSET_2);
  }

  private decodeMembers(input: RdbInput, head: EntryHead, binary: boolean): number {
    const { zset, limits } = this;
    const count = input.size();
    if (count === 0) return EMPTY_VALUE;
    zset.createFor(count, 0, limits);
    const isLarge = zset.encoding === ENCODING_SKIPLIST;
    try {
      const areNew = isLarge ? this.fillIndexed(input, count, binary) : this.addAll(input, count, binary);
      if (!areNew) throw corrupt("Duplicate zset fields detected");
    } catch (error) {
      zset.free();
      throw error;
    }
    return this.finish(head);
  }

  /** Adds members to a sorted set that is empty. False if one is there twice. */
  private addAll(input: RdbInput, count: number, binary: boolean): boolean {
    const { zset, limits } = this;
    for (let i = 0; i < count; i++) {
      const score = this.readPair(input, binary);
      if (zset.find(this.member, 0, this.memberLength)) return false;
      zset.insert(score, this.member, 0, this.memberLength, limits);
    }
    return true;
  }

  /** As addAll(), of a sorted set that is no listpack from the beginning. */
  private fillIndexed(input: RdbInput, count: number, binary: boolean): boolean {
    const { batch } = this;
    const { blocks, dict } = this.zset.indexed;
    return batch.fill(count, () => {
      const score = this.readPair(input, binary);
      const { member, memberLength } = this;
      batch.add(dict.hash(member, 0, memberLength), blocks.create(score, member, 0, memberLength));
    });
  }

  /** Reads a member and its score, which is returned. */
  private readPair(input: RdbInput, binary: boolean): number {
    input.string();
    const { length } = input;
    if (this.member.length < length) this.member = Buffer.allocUnsafe(length * 2);
    copyBytes(input.value, input.from, this.member, 0, length);
    this.memberLength = length;
    const score = binary ? input.double() : input.textDouble();
    if (Number.isNaN(score)) throw corrupt("Zset with NAN score detected");
    return score;
  }

  private decodeListpack(input: RdbInput, head: EntryHead, deep: boolean): number {
    input.string();
    if (deep) this.context.sanitizations++;
    const count = listpackCount(input.value, input.from, input.length);
    if (count < 0 || count % PAIR !== 0) throw corrupt("Zset listpack integrity check failed.");
    if (count === 0) return EMPTY_VALUE;
    const root = this.zset.packed.list.createFrom(input.value, input.from, input.length);
    return this.adopt(head, root, count / PAIR, deep);
  }

  /** A ziplist becomes a listpack first. */
  private decodeZiplist(input: RdbInput, head: EntryHead): number {
    input.string();
    const { list } = this.zset.packed;
    let count = 0;
    list.create();
    try {
      const append = (buf: Uint8Array, start: number, end: number): number => list.append(buf, start, end);
      count = eachInZiplist(input.value, input.from, input.length, append, "Zset ziplist");
      if (count % PAIR !== 0) throw corrupt("Zset ziplist integrity check failed.");
    } catch (error) {
      list.free();
      throw error;
    }
    if (count > 0) return this.adopt(head, list.ref, count / PAIR, true);
    list.free();
    return EMPTY_VALUE;
  }

  /** Makes a sorted set of the listpack at `root`, which is open; a skiplist where it has too many members. */
  private adopt(head: EntryHead, root: number, members: number, deep: boolean): number {
    const { zset, limits } = this;
    const isLarge = members > limits.zsetMaxListpackEntries;
    if (!this.isOrdered() || ((deep || isLarge) && hasDuplicates(zset.packed.list, PAIR))) {
      zset.packed.list.free();
      throw corrupt("Zset listpack integrity check failed.");
    }
    zset.open(ENCODING_LISTPACK, root);
    try {
      if (isLarge) zset.makeRoom(Number.POSITIVE_INFINITY, limits);
    } catch (error) {
      zset.free();
      throw error;
    }
    return this.finish(head);
  }

  /** Whether every second element of the listpack is a number, and these ascend: ranks are found by that. */
  private isOrdered(): boolean {
    const { list } = this.zset.packed;
    let before = Number.NEGATIVE_INFINITY;
    for (let p = list.first(); p !== 0; p = list.next(p)) {
      p = list.next(p);
      const score = this.scoreAt(p);
      // NaN is not above anything.
      if (!(score >= before)) return false;
      before = score;
    }
    return true;
  }

  /** The element of the listpack at `p` as a score; NaN if it is none. */
  private scoreAt(p: number): number {
    const { list } = this.zset.packed;
    const integer = list.integerAt(p);
    if (!Number.isNaN(integer)) return integer;
    list.read(p);
    return parseDouble(list.value, list.at, list.at + list.length);
  }

  private finish(head: EntryHead): number {
    return makeEntry(this.context.keyspace, head, TYPE_ZSET, this.zset.encoding, this.zset.root);
  }
}
