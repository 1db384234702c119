/**
 * Hashes in RDB files: a listpack as the block that it is, a hash table as a number and so many fields and values.
 *
 * Where fields expire, the earliest expiry comes first (8 bytes), and then either the listpack of triples (field, value,
 * expiry or 0) or the number of fields, and for each how much later than the earliest it expires (plus 1; 0: never), the
 * field and its value. These are types of Redis 7.4. A hash none of whose fields has an expiry any more is written as one
 * that never had.
 */

import {
  ENCODING_HASHTABLE,
  ENCODING_HASHTABLE_EX,
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EX,
  TYPE_HASH,
} from "../../../db/entry";
import { Dict } from "../../../memory/dict";
import { DictBatch } from "../../../memory/dict-batch";
import { Listpack } from "../../../memory/listpack";
import type { Hashes } from "../../../types/hash/hash";
import { FIELD_EXPIRY_MAX, FieldBlocks, NO_FIELD_EXPIRY } from "../../../types/hash/hash-field";
import { hashType } from "../../../types/hash/hash-type";
import type { EntryHead } from "../../../types/string/string";
import { assert } from "../../../util/assert";
import { copyBytes } from "../../../util/bytes";
import { int64, int64FromNumber, int64ToNumber } from "../../../util/integers";
import { largeDict } from "../../snapshot/large-dict";
import { LARGE_FROM, type LargeShape } from "../../snapshot/large-value";
import * as format from "../rdb-format";
import { corrupt, type RdbInput } from "../rdb-input";
import type { RdbOutput } from "../rdb-output";
import { listpackCount } from "./block-checks";
import { type CodecContext, EMPTY_VALUE, makeEntry, type ValueCodec } from "./codec";
import { hasDuplicates } from "./duplicates";
import { eachInZiplist, eachInZipmap } from "./old-blocks";

export interface HashLimits {
  readonly hashMaxListpackEntries: number;
  readonly hashMaxListpackValue: number;
}

const PAIR = 2;
const TRIPLE = 3;
export class HashCodec implements ValueCodec {
  readonly rdbTypes = [
    format.RDB_HASH,
    format.RDB_HASH_ZIPMAP,
    format.RDB_HASH_ZIPLIST,
    format.RDB_HASH_LISTPACK,
    format.RDB_HASH_METADATA_PRE_GA,
    format.RDB_HASH_LISTPACK_EX_PRE_GA,
    format.RDB_HASH_METADATA,
    format.RDB_HASH_LISTPACK_EX,
  ];
  /** The window of the commands: what is read is no command's in the middle of which it could be. */
  private readonly hashes: Hashes;
  // Windows of their own for what is written: a command may have a hash open.
  private readonly listpack: Listpack;
  private readonly blocks: FieldBlocks;
  private readonly dict: Dict;
  private readonly batch: DictBatch;
  /** The text of a field while its value is read. */
  private field: Uint8Array = Buffer.alloc(256);
  private fieldLength = 0;

  constructor(
    private readonly context: CodecContext,
    private readonly limits: HashLimits,
  ) {
    const { keyspace } = context;
    this.hashes = hashType(keyspace).hashes;
    const { blocks, dict } = this.hashes;
    this.batch = new DictBatch(keyspace.heap, dict, (hash, ref) => {
      blocks.locateField(ref);
      return dict.insertNew(hash, ref, blocks.bytes, blocks.at, blocks.at + blocks.length);
    });
    this.listpack = new Listpack(keyspace.heap);
    this.blocks = new FieldBlocks(keyspace.heap);
    this.dict = new Dict(keyspace.heap, keyspace.hasher, this.blocks);
  }

  /** Whether any hash has fields that expire: a file with such hashes is one of version 12. */
  get hasExpiries(): boolean {
    return this.hashes.timers.deadlines.size > 0;
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  /** Opens the hash of an entry; returns its encoding. */
  private open(ref: number): number {
    const { entries } = this.context;
    const encoding = entries.encoding(ref);
    const isTimed = encoding === ENCODING_LISTPACK_EX || encoding === ENCODING_HASHTABLE_EX;
    const root = entries.valueWord(ref, 0);
    const inner = isTimed ? this.hashes.timers.inner(root) : root;
    if (encoding === ENCODING_LISTPACK || encoding === ENCODING_LISTPACK_EX) this.listpack.open(inner);
    else this.dict.open(inner);
    return encoding;
  }

  rdbType(ref: number): number {
    switch (this.open(ref)) {
      case ENCODING_LISTPACK:
        return format.RDB_HASH_LISTPACK;
      case ENCODING_LISTPACK_EX:
        return this.firstExpiry() === NO_FIELD_EXPIRY ? format.RDB_HASH : format.RDB_HASH_LISTPACK_EX;
      case ENCODING_HASHTABLE_EX:
        return this.dict.flagged === 0 ? format.RDB_HASH : format.RDB_HASH_METADATA;
      default:
        return format.RDB_HASH;
    }
  }

  encode(out: RdbOutput, ref: number): void {
    const encoding = this.open(ref);
    if (encoding === ENCODING_LISTPACK) this.encodeListpack(out);
    else if (encoding === ENCODING_LISTPACK_EX) this.encodeTriples(out);
    else this.encodeTable(out, encoding === ENCODING_HASHTABLE_EX && this.dict.flagged > 0);
  }

  large(ref: number): LargeShape | null {
    const { entries, keyspace } = this.context;
    const encoding = entries.encoding(ref);
    const isTimed = encoding === ENCODING_HASHTABLE_EX;
    if (!isTimed && encoding !== ENCODING_HASHTABLE) return null;
    const value = entries.valueWord(ref, 0);
    const { timers } = this.hashes;
    const root = isTimed ? timers.inner(value) : value;
    if (Dict.sizeOf(keyspace.heap, root) < LARGE_FROM) return null;
    const blocks = new FieldBlocks(keyspace.heap);
    const dict = new Dict(keyspace.heap, keyspace.hasher, blocks);
    dict.open(root);
    if (dict.flagged === 0) {
      return largeDict({
        dict,
        root,
        write: (out, block) => encodeField(out, blocks, block),
      });
    }
    // The earliest expiry is not known without a look at all fields, and need not be: anything before it will do.
    const floor = timers.floor(value);
    return largeDict({
      dict,
      root,
      writeHead: (out) => encodeTimedHead(out, floor, dict.size),
      write: (out, block) => encodeTimedField(out, blocks, block, floor),
    });
  }

  private encodeListpack(out: RdbOutput): void {
    const { bytes, start, byteLength } = this.listpack;
    out.string(bytes, start, byteLength);
  }

  /** The expiry of the first triple, which is the earliest. */
  private firstExpiry(): number {
    const { listpack } = this;
    return listpack.integerAt(listpack.next(listpack.next(listpack.first())));
  }

  private encodeTriples(out: RdbOutput): void {
    const { listpack } = this;
    const earliest = this.firstExpiry();
    if (earliest !== NO_FIELD_EXPIRY) {
      int64FromNumber(earliest);
      out.int64(int64.hi, int64.lo);
      this.encodeListpack(out);
      return;
    }
    out.size(listpack.count / TRIPLE);
    for (let p = listpack.first(); p !== 0; p = listpack.next(listpack.next(p))) {
      this.encodeElement(out, p);
      p = listpack.next(p);
      this.encodeElement(out, p);
    }
  }

  private encodeElement(out: RdbOutput, p: number): void {
    const { listpack } = this;
    listpack.read(p);
    out.string(listpack.value, listpack.at, listpack.length);
  }

  private encodeTable(out: RdbOutput, withExpiry: boolean): void {
    const { blocks, dict } = this;
    if (!withExpiry) {
      out.size(dict.size);
      dict.scan(0, Number.POSITIVE_INFINITY, (block) => encodeField(out, blocks, block));
      return;
    }
    const earliest = this.earliestExpiry();
    encodeTimedHead(out, earliest, dict.size);
    dict.scan(0, Number.POSITIVE_INFINITY, (block) => encodeTimedField(out, blocks, block, earliest));
  }

  private earliestExpiry(): number {
    const { blocks, dict } = this;
    let earliest = Number.POSITIVE_INFINITY;
    let cursor = 0;
    do {
      cursor = dict.scanFlagged(cursor, (block) => {
        earliest = Math.min(earliest, blocks.expireAt(block));
      });
    } while (cursor !== 0);
    return earliest;
  }

  // --- reading -----------------------------------------------------------------------------------------------------

  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number {
    switch (rdbType) {
      case format.RDB_HASH:
        return this.decodeFields(input, head, -1, false);
      case format.RDB_HASH_METADATA:
        return this.decodeFields(input, head, this.decodeTime(input), true);
      case format.RDB_HASH_METADATA_PRE_GA:
        // The times are not relative to anything.
        return this.decodeFields(input, head, 1, true);
      case format.RDB_HASH_LISTPACK_EX:
        this.decodeTime(input);
        return this.decodeTriples(input, head, deep);
      case format.RDB_HASH_LISTPACK_EX_PRE_GA:
        return this.decodeTriples(input, head, deep);
      case format.RDB_HASH_LISTPACK:
        return this.decodeListpack(input, head, deep);
      default:
        return this.decodeOldBlock(input, rdbType, head);
    }
  }

  private decodeTime(input: RdbInput): number {
    input.int64();
    const time = int64ToNumber(int64.hi, int64.lo);
    if (time < 0 || time > FIELD_EXPIRY_MAX) throw corrupt("Hash read invalid minExpire value");
    return time;
  }

  /** The window on an entry that was just made. */
  private openNew(entry: number): Hashes {
    const { hashes, limits } = this;
    hashes.open(entry);
    hashes.maxEntries = limits.hashMaxListpackEntries;
    hashes.maxValue = limits.hashMaxListpackValue;
    return hashes;
  }

  /** Makes an entry of a root, and completes it; if that fails, all of it is freed. */
  private complete(head: EntryHead, encoding: number, root: number, rest: (hashes: Hashes) => void): number {
    const { keyspace } = this.context;
    const entry = makeEntry(keyspace, head, TYPE_HASH, encoding, root);
    try {
      rest(this.openNew(entry));
    } catch (error) {
      keyspace.freeEntryNow(entry);
      throw error;
    }
    return entry;
  }

  /** Fields one by one, each with an expiry relative to `earliest` if there are any. */
  private decodeFields(input: RdbInput, head: EntryHead, earliest: number, withExpiry: boolean): number {
    const count = input.size();
    if (count === 0) return EMPTY_VALUE;
    return this.complete(head, ENCODING_LISTPACK, this.hashes.create(0), (hashes) => {
      if (count > hashes.maxEntries) hashes.toTable();
      if (!hashes.isPacked && !withExpiry) {
        this.fillTable(input, hashes, count);
        return;
      }
      for (let i = 0; i < count; i++) {
        const later = withExpiry ? input.size() : 0;
        this.decodeField(input, hashes);
        if (later > 0) this.expireField(hashes, earliest + later - 1);
      }
    });
  }

  private decodeField(input: RdbInput, hashes: Hashes): void {
    input.string();
    this.keepField(input.value, input.from, input.length);
    input.string();
    const { field, fieldLength } = this;
    if (!hashes.put(field, 0, fieldLength, input.value, input.from, input.from + input.length)) {
      throw corrupt("Duplicate hash fields detected");
    }
  }

  /** Reads fields without an expiry into a hash table that is empty. */
  private fillTable(input: RdbInput, hashes: Hashes, count: number): void {
    const { blocks, dict } = hashes;
    const areNew = this.batch.fill(count, () => {
      input.string();
      this.keepField(input.value, input.from, input.length);
      input.string();
      const { field, fieldLength } = this;
      const { value, from, length } = input;
      const hash = dict.hash(field, 0, fieldLength);
      this.batch.add(hash, blocks.create(field, 0, fieldLength, value, from, from + length, NO_FIELD_EXPIRY));
    });
    if (!areNew) throw corrupt("Duplicate hash fields detected");
  }

  private keepField(buf: Uint8Array, at: number, length: number): void {
    if (this.field.length < length) this.field = Buffer.allocUnsafe(length * 2);
    copyBytes(buf, at, this.field, 0, length);
    this.fieldLength = length;
  }

  /** Gives the field just read an expiry. */
  private expireField(hashes: Hashes, expireAt: number): void {
    if (expireAt > FIELD_EXPIRY_MAX) throw corrupt("Hash read invalid expireAt value");
    hashes.addTimer();
    hashes.find(this.field, 0, this.fieldLength);
    hashes.setExpiry(this.field, 0, this.fieldLength, expireAt);
  }

  private decodeListpack(input: RdbInput, head: EntryHead, deep: boolean): number {
    const count = this.checkBlock(input, deep, PAIR);
    if (count === 0) return EMPTY_VALUE;
    this.listpack.createFrom(input.value, input.from, input.length);
    return this.adopt(head, count / PAIR > this.limits.hashMaxListpackEntries, deep);
  }

  /** Elements of the listpack that is next in the input. */
  private checkBlock(input: RdbInput, deep: boolean, stride: number): number {
    input.string();
    if (deep) this.context.sanitizations++;
    const count = listpackCount(input.value, input.from, input.length);
    if (count < 0 || count % stride !== 0) throw corrupt("Hash listpack integrity check failed.");
    return count;
  }

  /** Makes a hash of the listpack of pairs that is open; a hash table where it is too large. */
  private adopt(head: EntryHead, isLarge: boolean, deep: boolean): number {
    this.refuseDuplicates(isLarge, deep, PAIR);
    const { ref } = this.listpack;
    if (!isLarge) return makeEntry(this.context.keyspace, head, TYPE_HASH, ENCODING_LISTPACK, ref);
    return this.complete(head, ENCODING_LISTPACK, ref, (hashes) => hashes.toTable());
  }

  /**
   * A table must not have a field twice; in a listpack the second one is never found. Redis ends itself, with a dump of the
   * listpack in the log under this name, if it comes upon one while it makes the table.
   */
  private refuseDuplicates(isLarge: boolean, deep: boolean, stride: number): void {
    if (!(isLarge || deep) || !hasDuplicates(this.listpack, stride)) return;
    this.listpack.free();
    throw corrupt(deep ? "Hash listpack integrity check failed." : "Hash listpack with dup elements");
  }

  private decodeTriples(input: RdbInput, head: EntryHead, deep: boolean): number {
    const count = this.checkBlock(input, deep, TRIPLE);
    if (count === 0) return EMPTY_VALUE;
    const { listpack } = this;
    const { timers } = this.hashes;
    listpack.createFrom(input.value, input.from, input.length);
    const isLarge = count / TRIPLE > this.limits.hashMaxListpackEntries;
    this.refuseDuplicates(isLarge, deep, TRIPLE);
    let timer: number;
    try {
      this.checkExpiries();
      timer = timers.create(listpack.ref, this.dict.hash(head.key, head.keyStart, head.keyEnd));
    } catch (error) {
      listpack.free();
      throw error;
    }
    const earliest = this.firstExpiry();
    return this.complete(head, ENCODING_LISTPACK_EX, timer, (hashes) => {
      if (earliest !== NO_FIELD_EXPIRY) timers.noteExpiry(timer, earliest);
      if (isLarge) hashes.toTable();
    });
  }

  /** Every third element has to be a time; they ascend, and those that are 0 come last. */
  private checkExpiries(): void {
    const { listpack } = this;
    let before = 0;
    for (let p = listpack.first(); p !== 0; p = listpack.next(p)) {
      p = listpack.next(listpack.next(p));
      const time = listpack.integerAt(p);
      const order = time === NO_FIELD_EXPIRY ? Number.POSITIVE_INFINITY : time;
      if (!(time >= 0 && time <= FIELD_EXPIRY_MAX && order >= before))
        throw corrupt("Hash listpack integrity check failed.");
      before = order;
    }
  }

  /** A ziplist or a zipmap becomes a listpack first. */
  private decodeOldBlock(input: RdbInput, rdbType: number, head: EntryHead): number {
    input.string();
    const { listpack } = this;
    let longest = 0;
    let elements = 0;
    listpack.create();
    try {
      const append = (buf: Uint8Array, start: number, end: number): void => {
        longest = Math.max(longest, end - start);
        elements++;
        listpack.append(buf, start, end);
      };
      const { value, from, length } = input;
      if (rdbType === format.RDB_HASH_ZIPLIST) eachInZiplist(value, from, length, append, "Hash ziplist");
      else eachInZipmap(value, from, length, append);
      if (elements % PAIR !== 0) throw corrupt("Hash ziplist integrity check failed.");
    } catch (error) {
      listpack.free();
      throw error;
    }
    if (elements === 0) {
      listpack.free();
      return EMPTY_VALUE;
    }
    const { hashMaxListpackEntries, hashMaxListpackValue } = this.limits;
    const isWide = rdbType === format.RDB_HASH_ZIPMAP && longest > hashMaxListpackValue;
    return this.adopt(head, isWide || elements / PAIR > hashMaxListpackEntries, true);
  }
}

/** Writes the field of a block, and its value. */
function encodeField(out: RdbOutput, blocks: FieldBlocks, block: number): void {
  blocks.locateField(block);
  out.string(blocks.bytes, blocks.at, blocks.length);
  blocks.locateValue(block);
  out.string(blocks.bytes, blocks.at, blocks.length);
}

/** What stands before fields of which some expire, none before `earliest`. */
function encodeTimedHead(out: RdbOutput, earliest: number, fields: number): void {
  int64FromNumber(earliest);
  out.int64(int64.hi, int64.lo);
  out.size(fields);
}

/** As encodeField(), with the expiry before it. */
function encodeTimedField(out: RdbOutput, blocks: FieldBlocks, block: number, earliest: number): void {
  const expireAt = blocks.expireAt(block);
  const later = expireAt === NO_FIELD_EXPIRY ? 0 : expireAt - earliest + 1;
  assert(expireAt === NO_FIELD_EXPIRY || expireAt >= earliest, "a field expires before all fields");
  out.size(later);
  encodeField(out, blocks, block);
}
