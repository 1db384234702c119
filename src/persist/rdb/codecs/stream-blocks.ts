/** IDs and nodes of streams in RDB files. */

import type { StreamNode } from "../../../types/stream/stream-node";
import type { StreamId } from "../../../util/stream-id";
import type { RdbOutput } from "../rdb-output";

export const ID_BYTES = 16;

/** Writes an ID as its 16 bytes. */
export function writeRawId(out: RdbOutput, id: StreamId): void {
  out.words(id.msHi, id.msLo, id.seqHi, id.seqLo);
}

/** Writes the open node: its master ID as a string, and its listpack. */
export function writeStreamNode(out: RdbOutput, masterId: StreamId, node: StreamNode): void {
  // A string of so many bytes is never compressed.
  out.size(ID_BYTES);
  writeRawId(out, masterId);
  node.locate();
  out.string(node.plain, node.plainAt, node.plainLength);
}
