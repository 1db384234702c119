/** What of the heap belongs to something: whatever is in use beyond that has leaked. */

import { expect } from "bun:test";
import { valueTools } from "../../src/admin/debug/value-tools";
import { TYPE_HASH } from "../../src/db/entry";
import type { Keyspace } from "../../src/db/keyspace";
import type { Dict } from "../../src/memory/dict";
import type { Heap } from "../../src/memory/heap";
import type { HashType } from "../../src/types/hash/hash-type";

/** Expects that every byte in use of the heap belongs to something, once what waits to be freed is. */
export function expectNoLeak({ keyspace }: { readonly keyspace: Keyspace }): void {
  keyspace.free.run(Number.POSITIVE_INFINITY);
  // Asked first: a sorted set that is looked at removes what was popped and not yet removed.
  const inUse = bytesInUse(keyspace);
  expect(keyspace.heap.usedBytes).toBe(inUse);
}

/** Bytes of all blocks that can be reached: entries, what their values refer to, the indexes, and when fields expire. */
export function bytesInUse(keyspace: Keyspace): number {
  const { heap } = keyspace;
  const hashes = keyspace.typeStates[TYPE_HASH] as HashType | null;
  let bytes = hashes?.hashes.timers.deadlines.bytes ?? 0;
  for (const db of keyspace.databases) {
    bytes += indexBytes(heap, db.index);
    db.scan(0, Number.POSITIVE_INFINITY, (ref) => {
      bytes += heap.sizeOf(ref) + valueTools(keyspace, ref).size(keyspace, ref, 0);
    });
  }
  return bytes;
}

/** Root, directory and segments of a dict, block by block: not what it counted itself. */
function indexBytes(heap: Heap, dict: Dict): number {
  const entries = Reflect.get(dict, "entries") as Uint32Array;
  const first = Reflect.get(dict, "firstEntry") as number;
  const segments = new Set<number>();
  for (let i = 0; i < dict.directorySize; i++) segments.add(entries[first + 2 * i]);
  let bytes = heap.sizeOf(Reflect.get(dict, "root") as number) + heap.sizeOf(Reflect.get(dict, "directory") as number);
  for (const segment of segments) bytes += heap.sizeOf(segment);
  return bytes;
}
