/** What MEMORY USAGE and DEBUG DIGEST have to know of sets. */

import type { ValueTools } from "../../admin/debug/value-tools";
import { ENCODING_HASHTABLE } from "../../db/entry";
import { type SetView, setsOf } from "./set";

/** Bytes of the members' blocks: of all of them, or estimated from the first `samples` (0: all). */
function memberBytes(heap: { sizeOf(ref: number): number }, set: SetView, samples: number): number {
  const { table } = set;
  let seen = 0;
  let bytes = 0;
  table.scan(0, samples === 0 ? Number.POSITIVE_INFINITY : samples, (ref) => {
    seen++;
    bytes += heap.sizeOf(ref);
  });
  return seen === 0 ? 0 : Math.round((bytes / seen) * table.size);
}

export const setValueTools: ValueTools = {
  size(keyspace, ref, samples) {
    const { entries, heap } = keyspace;
    const root = entries.valueWord(ref, 0);
    if (entries.encoding(ref) !== ENCODING_HASHTABLE) return heap.sizeOf(root);
    const { view } = setsOf(keyspace);
    view.open(ENCODING_HASHTABLE, root);
    return view.table.bytes + memberBytes(heap, view, samples);
  },
  digest(keyspace, ref, digest) {
    const { entries } = keyspace;
    const { view } = setsOf(keyspace);
    view.open(entries.encoding(ref), entries.valueWord(ref, 0));
    view.each((member) => {
      member.text();
      digest.xorRange(member.buf, member.start, member.end);
      return true;
    });
  },
  table(keyspace, ref) {
    const { entries } = keyspace;
    if (entries.encoding(ref) !== ENCODING_HASHTABLE) return null;
    const { view } = setsOf(keyspace);
    view.open(ENCODING_HASHTABLE, entries.valueWord(ref, 0));
    return view.table;
  },
};
