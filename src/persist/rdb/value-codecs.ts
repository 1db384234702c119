/** The codecs of all types, for one keyspace. */

import {
  Entries,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_NAMES,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
} from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import type { SetLimits } from "../../types/set/set";
import type { EntryHead } from "../../types/string/string";
import type { ZsetLimits } from "../../types/zset/zset";
import type { LargeShape } from "../snapshot/large-value";
import type { CodecContext, ValueCodec } from "./codecs/codec";
import { HashCodec, type HashLimits } from "./codecs/hash-codec";
import { ListCodec, type ListLimits } from "./codecs/list-codec";
import { SetCodec } from "./codecs/set-codec";
import { StreamCodec } from "./codecs/stream-codec";
import { StringCodec } from "./codecs/string-codec";
import { ZsetCodec } from "./codecs/zset-codec";
import { RDB_TYPE_LAST_OF_11, RDB_VERSION, RDB_VERSION_FIELD_EXPIRY } from "./rdb-format";
import { corrupt, type RdbInput } from "./rdb-input";
import type { RdbOutput } from "./rdb-output";

/** Up to which size collections keep their small encodings: the directives of these names. */
export type ValueLimits = SetLimits & HashLimits & ListLimits & ZsetLimits;

export class ValueCodecs implements CodecContext {
  sanitizations = 0;
  readonly entries: Entries;
  private readonly strings: StringCodec;
  private readonly hashes: HashCodec;
  private readonly byType: (ValueCodec | null)[] = TYPE_NAMES.map(() => null);
  private readonly byRdbType: (ValueCodec | null)[] = [];

  constructor(
    readonly keyspace: Keyspace,
    limits: ValueLimits,
  ) {
    this.entries = new Entries(keyspace.heap);
    this.strings = new StringCodec(this);
    this.register(TYPE_STRING, this.strings);
    this.register(TYPE_SET, new SetCodec(this, limits));
    this.register(TYPE_LIST, new ListCodec(this, limits));
    this.hashes = new HashCodec(this, limits);
    this.register(TYPE_HASH, this.hashes);
    this.register(TYPE_ZSET, new ZsetCodec(this, limits));
    this.register(TYPE_STREAM, new StreamCodec(this));
  }

  private register(type: number, codec: ValueCodec): void {
    this.byType[type] = codec;
    for (const rdbType of codec.rdbTypes) this.byRdbType[rdbType] = codec;
  }

  private codec(ref: number): ValueCodec {
    const type = this.entries.type(ref);
    const codec = this.byType[type];
    if (codec === null) throw new Error(`nothing writes values of type ${TYPE_NAMES[type]}`);
    return codec;
  }

  /** The version of a file with all values as they are now. */
  get fileVersion(): number {
    return this.hashes.hasExpiries ? RDB_VERSION_FIELD_EXPIRY : RDB_VERSION;
  }

  /** Writes the type and the value of an entry: what DUMP contains. Returns the version of the format that it needs. */
  encode(out: RdbOutput, ref: number): number {
    const codec = this.codec(ref);
    const rdbType = codec.rdbType(ref);
    out.byte(rdbType);
    codec.encode(out, ref);
    return rdbType > RDB_TYPE_LAST_OF_11 ? RDB_VERSION_FIELD_EXPIRY : RDB_VERSION;
  }

  /** Writes the type, the key and the value of an entry: as in a file. */
  encodeEntry(out: RdbOutput, ref: number): void {
    if (this.strings.encodeShort(out, ref)) return;
    this.encodeKey(out, ref);
    this.codec(ref).encode(out, ref);
  }

  /** What a value is that nobody can wait for until all of it is written; null for other values. */
  large(ref: number): LargeShape | null {
    return this.codec(ref).large?.(ref) ?? null;
  }

  /** Writes the type and the key of an entry: what stands before its value in a file. */
  encodeKey(out: RdbOutput, ref: number): void {
    const { entries } = this;
    out.byte(this.codec(ref).rdbType(ref));
    entries.locateKey(ref);
    out.string(entries.bytes, entries.at, entries.length);
  }

  /** See ValueCodec.decode. */
  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number {
    const codec = this.byRdbType[rdbType] ?? null;
    if (codec === null) throw corrupt(`Unknown RDB encoding type ${rdbType}`);
    return codec.decode(input, rdbType, head, deep);
  }
}
