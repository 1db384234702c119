/** What of the heap belongs to something: whatever is in use beyond that has leaked. */

import { ENCODING_RAW_BLOCK, TYPE_STRING } from "../../src/db/entry";
import type { Keyspace } from "../../src/db/keyspace";
import type { Dict } from "../../src/memory/dict";

/** Bytes of all blocks that can be reached: entries, strings beside them, and the segments of the indexes. */
export function bytesInUse(keyspace: Keyspace): number {
  const { entries, heap } = keyspace;
  let bytes = 0;
  for (const db of keyspace.databases) {
    for (const segment of segmentsOf(db.index)) bytes += heap.sizeOf(segment);
    db.scan(0, Number.POSITIVE_INFINITY, (ref) => {
      bytes += heap.sizeOf(ref);
      if (entries.type(ref) === TYPE_STRING && entries.encoding(ref) === ENCODING_RAW_BLOCK) {
        bytes += heap.sizeOf(entries.valueWord(ref, 0));
      }
    });
  }
  return bytes;
}

function segmentsOf(dict: Dict): Set<number> {
  return new Set(Reflect.get(dict, "directory") as Uint32Array);
}
