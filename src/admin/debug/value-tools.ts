/**
 * What MEMORY USAGE and DEBUG have to know about values of each type: their size, and what goes into their digest.
 * A type registers its functions here when it is loaded; strings are built in.
 */

import { ENCODING_RAW_BLOCK, TYPE_NAMES, TYPE_STRING } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import type { Dict } from "../../memory/dict";
import { stringBytes } from "../../types/string/string";
import type { Digest } from "./digest";

export interface ValueTools {
  /** Bytes that the value takes besides its entry; of collections, from up to `samples` elements (0: all). */
  size(keyspace: Keyspace, ref: number, samples: number): number;
  /** Adds the value to a digest as Redis does for the type. */
  digest(keyspace: Keyspace, ref: number, digest: Digest): void;
  /** The hash table of the value, if it has one now. Types that never have one leave this out. */
  table?(keyspace: Keyspace, ref: number): Dict | null;
}

const strings: ValueTools = {
  size(keyspace, ref) {
    const { entries, heap } = keyspace;
    return entries.encoding(ref) === ENCODING_RAW_BLOCK ? heap.sizeOf(entries.valueWord(ref, 0)) : 0;
  },
  digest(keyspace, ref, digest) {
    const { bytes, at, length } = stringBytes(keyspace, ref);
    digest.mixRange(bytes, at, at + length);
  },
};

const byType: (ValueTools | null)[] = TYPE_NAMES.map((_, type) => (type === TYPE_STRING ? strings : null));

/** Tells how values of a type (TYPE_HASH …) are measured and digested. */
export function registerValueTools(type: number, tools: ValueTools): void {
  byType[type] = tools;
}

/** The functions for the value of an entry. */
export function valueTools(keyspace: Keyspace, ref: number): ValueTools {
  const tools = byType[keyspace.entries.type(ref)];
  if (tools === null) throw new Error(`no value tools for ${TYPE_NAMES[keyspace.entries.type(ref)]}`);
  return tools;
}
