/** A node of a list in RDB files: its kind, and the block that it is. */

import { QUICKLIST_PACKED, QUICKLIST_PLAIN } from "../rdb-format";
import type { RdbOutput } from "../rdb-output";

/** Writes a node: a listpack, or the bytes of one large element. */
export function writeListBlock(out: RdbOutput, bytes: Uint8Array, at: number, length: number, isPlain: boolean): void {
  out.size(isPlain ? QUICKLIST_PLAIN : QUICKLIST_PACKED);
  out.string(bytes, at, length);
}
