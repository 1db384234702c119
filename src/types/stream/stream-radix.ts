/**
 * How many nodes a radix tree of a stream's master IDs would have: XINFO STREAM says it, because Redis keeps streams in
 * one, and clients and monitoring know the figure. It depends on the IDs alone, so it is kept up to date by what each
 * master ID contributes, a few lookups for every hundred entries.
 *
 * The tree is one over the 16 bytes of an ID, most significant first, whose chains of nodes with one child are one node:
 * a leaf for each ID, a node where IDs part (which holds the bytes that they part by), and a node for each run of bytes
 * between two of these, or before the first.
 */

import type { IdTree } from "../../memory/id-tree";
import { StreamId } from "../../util/stream-id";

const ID_BYTES = 16;
/** What is above the first place where IDs part, as a depth. */
const ROOT = -1;

/** Nodes of a tree without any ID. */
export const EMPTY_RADIX_NODES = 1;

const neighbour = new StreamId();
const lowest = new StreamId();
const highest = new StreamId();

/** Nodes that `id`, which is not in the tree, would add to the radix tree of those that are. Moves the cursor. */
export function radixNodesOf(ids: IdTree, id: StreamId): number {
  if (ids.size === 0) return 1;
  const depth = partingDepth(ids, id, id);
  // All that begin like `id` up to there.
  setPrefix(neighbour, id, depth, 0);
  ids.seekCeiling(neighbour);
  ids.readId(lowest);
  setPrefix(neighbour, id, depth, 0xff);
  ids.seekFloor(neighbour);
  ids.readId(highest);
  const below = lowest.equals(highest) ? ID_BYTES : commonBytes(lowest, highest);
  const leaf = 1 + chain(depth, ID_BYTES);
  if (below === depth) return leaf;
  // A new place where IDs part, which cuts the run of bytes that was there in two.
  const above = partingDepth(ids, lowest, highest);
  return leaf + 1 + chain(above, depth) + chain(depth, below) - chain(above, below);
}

/** 1 if there are bytes between the two depths, at each of which one byte is kept by the node itself. */
function chain(above: number, below: number): number {
  return below - above - 1 > 0 ? 1 : 0;
}

/** The most bytes that IDs outside of [first, last] have in common with it; ROOT if there are none. */
function partingDepth(ids: IdTree, first: StreamId, last: StreamId): number {
  let depth = ROOT;
  neighbour.copy(first);
  if (neighbour.decrement() && ids.seekFloor(neighbour)) {
    ids.readId(neighbour);
    depth = commonBytes(neighbour, first);
  }
  neighbour.copy(last);
  if (neighbour.increment() && ids.seekCeiling(neighbour)) {
    ids.readId(neighbour);
    depth = Math.max(depth, commonBytes(neighbour, last));
  }
  return depth;
}

/** Bytes from the beginning that two IDs have in common. */
function commonBytes(a: StreamId, b: StreamId): number {
  if (a.msHi !== b.msHi) return Math.clz32(a.msHi ^ b.msHi) >>> 3;
  if (a.msLo !== b.msLo) return 4 + (Math.clz32(a.msLo ^ b.msLo) >>> 3);
  if (a.seqHi !== b.seqHi) return 8 + (Math.clz32(a.seqHi ^ b.seqHi) >>> 3);
  return 12 + (Math.clz32(a.seqLo ^ b.seqLo) >>> 3);
}

/** Sets `target` to the first `bytes` bytes of an ID, and the byte `fill` for the others. */
function setPrefix(target: StreamId, id: StreamId, bytes: number, fill: number): void {
  target.set(
    withPrefix(id.msHi, bytes, fill),
    withPrefix(id.msLo, bytes - 4, fill),
    withPrefix(id.seqHi, bytes - 8, fill),
    withPrefix(id.seqLo, bytes - 12, fill),
  );
}

function withPrefix(word: number, bytes: number, fill: number): number {
  if (bytes >= 4) return word;
  const kept = bytes <= 0 ? 0 : 0xffffffff << (32 - bytes * 8);
  return ((word & kept) | ((fill === 0 ? 0 : 0xffffffff) & ~kept)) >>> 0;
}
