/** IDs and nodes of streams in RDB files. */

import type { Listpack } from "../../memory/listpack";
import type { StreamId } from "../../util/stream-id";
import type { RdbOutput } from "../rdb-output";

export const ID_BYTES = 16;

/** Writes an ID as its 16 bytes. */
export function writeRawId(out: RdbOutput, id: StreamId): void {
  out.words(id.msHi, id.msLo, id.seqHi, id.seqLo);
}

/** Writes a node: its master ID as a string, and the open listpack. */
export function writeStreamNode(out: RdbOutput, masterId: StreamId, pack: Listpack): void {
  // A string of so many bytes is never compressed.
  out.size(ID_BYTES);
  writeRawId(out, masterId);
  out.string(pack.bytes, pack.start, pack.byteLength);
}
