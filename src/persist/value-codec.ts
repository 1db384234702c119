/**
 * How the values of each type are written to RDB files and DUMP payloads, and read from them: one codec a type. The types
 * themselves know nothing of files.
 *
 * A reader makes a whole entry, because a short string is part of its entry; what is half made when the bytes turn out
 * to be damaged, or memory runs out, is freed again.
 */

import { ENCODING_INT, type Entries, TYPE_NAMES, TYPE_STRING } from "../db/entry";
import type { Keyspace } from "../db/keyspace";
import { createString, type EntryHead } from "../types/string";
import { RDB_STRING } from "./rdb-format";
import { corrupt, type RdbInput } from "./rdb-input";
import type { RdbOutput } from "./rdb-output";

/** The value has no elements. Old versions could write such keys: a file's are passed over. */
export const EMPTY_VALUE = 0;

/** Writes and reads the values of one type. */
export interface ValueCodec {
  /** The RDB types that decode() reads. */
  readonly rdbTypes: readonly number[];
  /** The RDB type as which the value of an entry is written. */
  rdbType(ref: number): number;
  /** Writes the value of an entry. */
  encode(out: RdbOutput, ref: number): void;
  /**
   * Reads a value of `rdbType` and makes the entry that `head` describes (type, encoding and inlineLength are the codec's to
   * set), in no dict yet. Returns its ref, or EMPTY_VALUE. Throws RdbError where the bytes are damaged, HeapFullError
   * where there is no memory; then nothing is left behind. `deep`: also what is only suspicious is an error (elements
   * that are there twice), as sanitize-dump-payload asks for.
   */
  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number;
}

/** Strings. */
class StringCodec implements ValueCodec {
  readonly rdbTypes = [RDB_STRING];
  private readonly entries: Entries;

  constructor(private readonly keyspace: Keyspace) {
    this.entries = keyspace.entries;
  }

  rdbType(): number {
    return RDB_STRING;
  }

  encode(out: RdbOutput, ref: number): void {
    const { entries } = this;
    if (entries.encoding(ref) === ENCODING_INT) {
      out.integer(entries.valueWord(ref, 1) | 0, entries.valueWord(ref, 0));
      return;
    }
    entries.locateString(ref);
    out.string(entries.bytes, entries.at, entries.length);
  }

  decode(input: RdbInput, _rdbType: number, head: EntryHead): number {
    input.string();
    return createString(this.keyspace, head, input.value, input.from, input.from + input.length);
  }
}

/** The codecs of one keyspace. */
export class ValueCodecs {
  /** Blocks that were looked through closely, as sanitize-dump-payload asks for. */
  sanitizations = 0;
  private readonly byType: (ValueCodec | null)[] = TYPE_NAMES.map(() => null);
  private readonly byRdbType: (ValueCodec | null)[] = [];

  constructor(readonly keyspace: Keyspace) {
    this.register(TYPE_STRING, new StringCodec(keyspace));
  }

  /** Tells how values of a type (TYPE_HASH …) are written and read. */
  register(type: number, codec: ValueCodec): void {
    this.byType[type] = codec;
    for (const rdbType of codec.rdbTypes) this.byRdbType[rdbType] = codec;
  }

  private codec(ref: number): ValueCodec {
    const type = this.keyspace.entries.type(ref);
    const codec = this.byType[type];
    if (codec === null) throw new Error(`nothing writes values of type ${TYPE_NAMES[type]}`);
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
    const { entries } = this.keyspace;
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
