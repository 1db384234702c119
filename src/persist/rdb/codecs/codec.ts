/**
 * What a codec is: how the values of one type are written to RDB files and DUMP payloads, and read from them. The types
 * themselves know nothing of files.
 *
 * A reader makes a whole entry, because a short string is part of its entry. What is half made when the bytes turn out to
 * be damaged, or memory runs out, is freed again.
 */

import type { Entries } from "../../../db/entry";
import type { Keyspace } from "../../../db/keyspace";
import type { Dict } from "../../../memory/dict";
import type { EntryHead } from "../../../types/string/string";
import type { LargeShape } from "../../snapshot/large-value";
import type { RdbInput } from "../rdb-input";
import type { RdbOutput } from "../rdb-output";

/** The value has no elements. Old versions could write such keys: a file's are passed over. */
export const EMPTY_VALUE = 0;

/** A value whose elements are in a dict, and are written one by one in any order. */
export interface DictElements {
  /** A window of its own on the dict, and its root. */
  readonly dict: Dict;
  readonly root: number;
  /** Writes what stands before the elements; left out: their number. */
  writeHead?(out: RdbOutput): void;
  /** Writes the element at `block`. */
  write(out: RdbOutput, block: number): void;
  /** Some elements were written, and others follow later: for those who write some of them together. */
  finish?(out: RdbOutput): void;
}

/** Writes and reads the values of one type. */
export interface ValueCodec {
  /** The RDB types that decode() reads. */
  readonly rdbTypes: readonly number[];
  /** The RDB type as which the value of an entry is written. */
  rdbType(ref: number): number;
  /** Writes the value of an entry. */
  encode(out: RdbOutput, ref: number): void;
  /** What a value is that nobody can wait for until all of it is written; null if it is none. */
  large?(ref: number): LargeShape | null;
  /**
   * Reads a value of `rdbType` and makes the entry that `head` describes (type, encoding and inlineLength are the codec's
   * to set), in no dict yet. Returns its ref, or EMPTY_VALUE. Throws RdbError where the bytes are damaged, HeapFullError
   * where there is no memory; then nothing is left behind. `deep`: what is only suspicious is an error, too (elements
   * that are there twice), as sanitize-dump-payload asks for.
   */
  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number;
}

/** What the codecs of a keyspace share. */
export interface CodecContext {
  readonly keyspace: Keyspace;
  /**
   * For looking at entries that are written: a snapshot writes some in the middle of a command, which may have located
   * something with the keyspace's own.
   */
  readonly entries: Entries;
  /** Blocks that were looked through closely (`deep`). */
  sanitizations: number;
}

/** Frees all of a collection that no entry refers to. */
export function discardValue(keyspace: Keyspace, type: number, encoding: number, root: number): void {
  while (!keyspace.releaser(type).release(root, encoding));
}

/** Makes the entry of a collection. Where there is no memory for it, the collection is freed. */
export function makeEntry(keyspace: Keyspace, head: EntryHead, type: number, encoding: number, root: number): number {
  head.type = type;
  head.encoding = encoding;
  head.inlineLength = 0;
  try {
    const ref = keyspace.entries.create(head, head.key, head.keyStart, head.keyEnd);
    keyspace.entries.setValueWord(ref, 0, root);
    return ref;
  } catch (error) {
    discardValue(keyspace, type, encoding, root);
    throw error;
  }
}
