/** Strings in RDB files: an RDB string, whatever their encoding. */

import { ENCODING_INT, ENCODING_RAW_BLOCK } from "../../../db/entry";
import { createString, type EntryHead } from "../../../types/string/string";
import { LargeString } from "../../snapshot/large-string";
import { LARGE_BYTES, type LargeShape } from "../../snapshot/large-value";
import { RDB_STRING } from "../rdb-format";
import type { RdbInput } from "../rdb-input";
import type { RdbOutput } from "../rdb-output";
import type { CodecContext, ValueCodec } from "./codec";

export class StringCodec implements ValueCodec {
  readonly rdbTypes = [RDB_STRING];

  constructor(private readonly context: CodecContext) {}

  rdbType(): number {
    return RDB_STRING;
  }

  encode(out: RdbOutput, ref: number): void {
    const { entries } = this.context;
    if (entries.encoding(ref) === ENCODING_INT) {
      out.integer(entries.valueWord(ref, 1) | 0, entries.valueWord(ref, 0));
      return;
    }
    entries.locateString(ref);
    out.string(entries.bytes, entries.at, entries.length);
  }

  large(ref: number): LargeShape | null {
    const { entries } = this.context;
    if (entries.encoding(ref) !== ENCODING_RAW_BLOCK) return null;
    const length = entries.valueWord(ref, 1);
    if (length < LARGE_BYTES) return null;
    return { writeHead() {}, freeze: (frame) => new LargeString(frame, length) };
  }

  /**
   * Writes the type, the key and the value of an entry, if it is a short string under a short key: most are. Returns
   * false, and has written nothing, if it is not.
   */
  encodeShort(out: RdbOutput, ref: number): boolean {
    const { entries } = this.context;
    if (entries.isInteger(ref)) {
      entries.locateKey(ref);
      if (!out.shortHead(RDB_STRING, entries.bytes, entries.at, entries.length)) return false;
      out.integer(entries.valueWord(ref, 1) | 0, entries.valueWord(ref, 0));
      return true;
    }
    if (!entries.isInlineString(ref)) return false;
    entries.locateKey(ref);
    const { bytes, at, length } = entries;
    entries.locateInline(at + length);
    return out.shortPair(RDB_STRING, bytes, at, length, entries.at, entries.length);
  }

  decode(input: RdbInput, _rdbType: number, head: EntryHead): number {
    input.string();
    return createString(this.context.keyspace, head, input.value, input.from, input.from + input.length);
  }
}
