/** The codecs of all types, for one keyspace. */

import { Entries, TYPE_NAMES, TYPE_SET, TYPE_STRING } from "../db/entry";
import type { Keyspace } from "../db/keyspace";
import type { SetLimits } from "../types/set";
import type { EntryHead } from "../types/string";
import type { CodecContext, ValueCodec } from "./codecs/codec";
import { SetCodec } from "./codecs/set-codec";
import { StringCodec } from "./codecs/string-codec";
import { corrupt, type RdbInput } from "./rdb-input";
import type { RdbOutput } from "./rdb-output";

/** Up to which size collections keep their small encodings: the directives of these names. */
export type ValueLimits = SetLimits;

/** Nothing writes values of this type. */
export class UnwritableError extends Error {
  constructor(type: number) {
    super(`values of type ${TYPE_NAMES[type]} cannot be saved yet`);
  }
}

export class ValueCodecs implements CodecContext {
  sanitizations = 0;
  readonly entries: Entries;
  private readonly byType: (ValueCodec | null)[] = TYPE_NAMES.map(() => null);
  private readonly byRdbType: (ValueCodec | null)[] = [];

  constructor(
    readonly keyspace: Keyspace,
    limits: ValueLimits,
  ) {
    this.entries = new Entries(keyspace.heap);
    this.register(TYPE_STRING, new StringCodec(this));
    this.register(TYPE_SET, new SetCodec(this, limits));
  }

  private register(type: number, codec: ValueCodec): void {
    this.byType[type] = codec;
    for (const rdbType of codec.rdbTypes) this.byRdbType[rdbType] = codec;
  }

  private codec(ref: number): ValueCodec {
    const type = this.entries.type(ref);
    const codec = this.byType[type];
    if (codec === null) throw new UnwritableError(type);
    return codec;
  }

  /** Writes the type and the value of an entry: what DUMP contains. */
  encode(out: RdbOutput, ref: number): void {
    const codec = this.codec(ref);
    out.byte(codec.rdbType(ref));
    codec.encode(out, ref);
  }

  /** Writes the type, the key and the value of an entry: as in a file. */
  encodeEntry(out: RdbOutput, ref: number): void {
    const codec = this.codec(ref);
    const { entries } = this;
    out.byte(codec.rdbType(ref));
    entries.locateKey(ref);
    out.string(entries.bytes, entries.at, entries.length);
    codec.encode(out, ref);
  }

  /** See ValueCodec.decode. */
  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number {
    const codec = this.byRdbType[rdbType] ?? null;
    if (codec === null) throw corrupt(`Unknown RDB encoding type ${rdbType}`);
    return codec.decode(input, rdbType, head, deep);
  }
}
