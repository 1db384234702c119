/**
 * Values as commands that make them anew, for a base that is no RDB file (`aof-use-rdb-preamble no`): SET, RPUSH, SADD,
 * ZADD, HMSET, XADD and what else belongs to streams. Large collections take several commands of up to 64 elements.
 *
 * A snapshot writes in the middle of commands, so nothing here is shared with those: every view is its own.
 */

import {
  ENCODING_HASHTABLE_EX,
  ENCODING_INT,
  ENCODING_LISTPACK,
  ENCODING_LISTPACK_EX,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STRING,
  TYPE_ZSET,
} from "../../db/entry";
import { Dict } from "../../memory/dict";
import { Listpack } from "../../memory/listpack";
import { Quicklist } from "../../memory/quicklist";
import { FieldBlocks, NO_FIELD_EXPIRY } from "../../types/hash/hash-field";
import { hashType } from "../../types/hash/hash-type";
import { SetView } from "../../types/set/set";
import { SortedSet } from "../../types/zset/zset";
import { formatShortest } from "../../util/doubles";
import { MAX_INT64_TEXT, writeInt64 } from "../../util/integers";
import type { ValueCodecs } from "../rdb/value-codecs";
import { ITEMS_MAX } from "./command-batch";
import type { CommandOutput } from "./command-output";
import { StreamCommands } from "./stream-commands";

export class ValueCommands {
  private readonly list: Quicklist;
  private readonly set: SetView;
  private readonly zset: SortedSet;
  private readonly listpack: Listpack;
  private readonly blocks: FieldBlocks;
  private readonly dict: Dict;
  private readonly streams: StreamCommands;
  private readonly digits = Buffer.alloc(MAX_INT64_TEXT + 1);
  /** The key of the value that is being written, and how many of its elements are still to come. */
  private keyRef = 0;
  private left = 0;
  private inCommand = 0;

  constructor(
    private readonly codecs: ValueCodecs,
    private readonly out: CommandOutput,
  ) {
    const { keyspace } = codecs;
    const { heap } = keyspace;
    this.list = new Quicklist(heap);
    this.set = new SetView(keyspace);
    this.zset = new SortedSet(keyspace);
    this.listpack = new Listpack(heap);
    this.blocks = new FieldBlocks(heap);
    this.dict = new Dict(heap, keyspace.hasher, this.blocks);
    this.streams = new StreamCommands(heap, out, () => this.key());
  }

  /** Writes the commands that make the value of an entry, without its expiry. */
  write(ref: number): void {
    const { entries } = this.codecs;
    const root = entries.valueWord(ref, 0);
    this.keyRef = ref;
    switch (entries.type(ref)) {
      case TYPE_STRING:
        this.writeString(ref);
        break;
      case TYPE_LIST:
        this.writeList(root, entries.encoding(ref));
        break;
      case TYPE_SET:
        this.writeSet(root, entries.encoding(ref));
        break;
      case TYPE_ZSET:
        this.writeZset(root, entries.encoding(ref));
        break;
      case TYPE_HASH:
        this.writeHash(root, entries.encoding(ref));
        break;
      default:
        this.streams.write(root);
    }
  }

  /** PEXPIREAT, for an entry with an expiry. */
  writeExpiry(ref: number): void {
    const { entries } = this.codecs;
    this.keyRef = ref;
    this.out.command(3, "PEXPIREAT");
    this.key();
    this.integer(entries.expiryHi(ref), entries.expiryLo(ref));
  }

  private key(): void {
    const { entries } = this.codecs;
    entries.locateKey(this.keyRef);
    this.out.bulk(entries.bytes, entries.at, entries.length);
  }

  private integer(hi: number, lo: number): void {
    this.out.bulk(this.digits, 0, writeInt64(hi, lo, this.digits, 0));
  }

  /** So many elements follow, each of `parts` arguments. */
  private begin(elements: number): void {
    this.left = elements;
    this.inCommand = 0;
  }

  /** An element follows: a command begins where one is needed. */
  private element(name: string, parts: number): void {
    if (this.inCommand === 0) {
      this.inCommand = Math.min(this.left, ITEMS_MAX);
      this.out.command(2 + this.inCommand * parts, name);
      this.key();
    }
    this.inCommand--;
    this.left--;
  }

  // --- types -------------------------------------------------------------------------------------------------------

  private writeString(ref: number): void {
    const { entries } = this.codecs;
    this.out.command(3, "SET");
    this.key();
    if (entries.encoding(ref) === ENCODING_INT) {
      this.integer(entries.valueWord(ref, 1) | 0, entries.valueWord(ref, 0));
      return;
    }
    entries.locateString(ref);
    this.out.bulk(entries.bytes, entries.at, entries.length);
  }

  private writeList(root: number, encoding: number): void {
    const { list } = this;
    list.open(root, encoding === ENCODING_LISTPACK);
    this.begin(list.length);
    for (let more = list.seek(0); more; more = list.next()) {
      this.element("RPUSH", 1);
      const { value, at, length } = list.read();
      this.out.bulk(value, at, length);
    }
  }

  private writeSet(root: number, encoding: number): void {
    const { set } = this;
    set.open(encoding, root);
    this.begin(set.size);
    set.each((member) => {
      this.element("SADD", 1);
      member.text();
      this.out.bulk(member.buf, member.start, member.end - member.start);
      return true;
    });
  }

  private writeZset(root: number, encoding: number): void {
    const { zset } = this;
    zset.open(encoding, root);
    this.begin(zset.size);
    for (let more = zset.seek(0); more; more = zset.next()) {
      this.element("ZADD", 2);
      this.out.text(formatShortest(zset.score));
      this.out.bulk(zset.bytes, zset.at, zset.length);
    }
  }

  private writeHash(root: number, encoding: number): void {
    const isTimed = encoding === ENCODING_LISTPACK_EX || encoding === ENCODING_HASHTABLE_EX;
    const inner = isTimed ? hashType(this.codecs.keyspace).hashes.timers.inner(root) : root;
    if (encoding === ENCODING_LISTPACK || encoding === ENCODING_LISTPACK_EX) this.writePackedHash(inner, isTimed);
    else this.writeTableHash(inner);
  }

  private writePackedHash(root: number, isTimed: boolean): void {
    const { listpack } = this;
    listpack.open(root);
    this.begin(listpack.count / (isTimed ? 3 : 2));
    for (let p = listpack.first(); p !== 0; ) {
      this.element("HMSET", 2);
      this.packed(p);
      p = listpack.next(p);
      this.packed(p);
      p = listpack.next(p);
      if (isTimed) p = listpack.next(p);
    }
    for (let p = isTimed ? listpack.first() : 0; p !== 0; ) {
      const at = listpack.next(listpack.next(p));
      const field = p;
      this.writeFieldExpiry(listpack.integerAt(at), () => this.packed(field));
      p = listpack.next(at);
    }
  }

  private packed(p: number): void {
    const { listpack } = this;
    listpack.read(p);
    this.out.bulk(listpack.value, listpack.at, listpack.length);
  }

  private writeTableHash(root: number): void {
    const { dict, blocks, out } = this;
    dict.open(root);
    this.begin(dict.size);
    dict.scan(0, Number.POSITIVE_INFINITY, (block) => {
      this.element("HMSET", 2);
      blocks.locateField(block);
      out.bulk(blocks.bytes, blocks.at, blocks.length);
      blocks.locateValue(block);
      out.bulk(blocks.bytes, blocks.at, blocks.length);
    });
    if (dict.flagged === 0) return;
    dict.scan(0, Number.POSITIVE_INFINITY, (block) => {
      this.writeFieldExpiry(blocks.expireAt(block), () => {
        blocks.locateField(block);
        out.bulk(blocks.bytes, blocks.at, blocks.length);
      });
    });
  }

  private writeFieldExpiry(expireAt: number, writeField: () => void): void {
    if (expireAt === NO_FIELD_EXPIRY) return;
    const { out } = this;
    out.command(6, "HPEXPIREAT");
    this.key();
    out.text(String(expireAt));
    out.text("FIELDS");
    out.text("1");
    writeField();
  }
}
