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

const previous = new StreamId();
const next = new StreamId();
const farthest = new StreamId();
const neighbour = new StreamId();

/**
 * Nodes that `id`, which is not in the tree, would add to the radix tree of those that are. Moves the cursor. Mostly it
 * takes a look at the three IDs nearest to it.
 */
export function radixNodesOf(ids: IdTree, id: StreamId): number {
  if (ids.size === 0) return 1;
  const hasNext = ids.seekCeiling(id);
  const toNext = hasNext ? commonBytesOf(ids, next, id) : ROOT;
  const hasPrevious = hasNext ? ids.previous() : ids.last();
  const toPrevious = hasPrevious ? commonBytesOf(ids, previous, id) : ROOT;
  const depth = Math.max(toNext, toPrevious);
  const leaf = 1 + chain(depth, ID_BYTES);
  // If it has as much in common with both, these part there already.
  if (toNext === toPrevious) return leaf;
  if (toNext > toPrevious && hasPrevious) ids.next();
  return leaf + placeNodes(ids, id, depth, toNext > toPrevious, Math.min(toNext, toPrevious));
}

/**
 * Nodes for the place where `id` parts, after `depth` bytes, from the IDs that it has most in common with: 0 if some of
 * them part there already. All of these are above it (or else below), and the cursor is at the nearest. With those on the
 * other side it has `outer` bytes in common.
 */
function placeNodes(ids: IdTree, id: StreamId, depth: number, isAbove: boolean, outer: number): number {
  const nearest = isAbove ? next : previous;
  let beyond = commonWithFollowing(ids, nearest, isAbove);
  if (beyond === depth) return 0;
  let below = ID_BYTES;
  if (beyond > depth) {
    setPrefix(neighbour, id, depth, isAbove ? 0xff : 0);
    if (isAbove) ids.seekFloor(neighbour);
    else ids.seekCeiling(neighbour);
    below = commonBytesOf(ids, farthest, nearest);
    if (below === depth) return 0;
    beyond = commonWithFollowing(ids, farthest, isAbove);
  }
  return placeBetween(Math.max(beyond, outer), depth, below);
}

/**
 * The radix tree as its first ID sees it: for many IDs at once that come or go at the beginning. They are put before the
 * first one, the largest of them first, and each takes a comparison with the one that was put there before it.
 */
export class RadixFront {
  private readonly first = new StreamId();
  private isEmpty = true;
  /** Bit d: some of the IDs that have d bytes in common with the first one part from it there. */
  private places = 0;

  /** Begins without an ID. */
  clear(): void {
    this.isEmpty = true;
    this.places = 0;
  }

  /** Begins with the ID that the cursor is at and all above it. Moves the cursor. */
  begin(ids: IdTree): void {
    const { first } = this;
    this.clear();
    this.isEmpty = false;
    ids.readId(first);
    while (ids.next()) {
      const depth = commonBytesOf(ids, next, first);
      this.places |= 1 << depth;
      setPrefix(neighbour, first, depth, 0xff);
      ids.seekFloor(neighbour);
    }
  }

  /** Puts `id`, which is below all others, before them. Returns the nodes that it adds. */
  put(id: StreamId): number {
    const { first, places } = this;
    if (this.isEmpty) {
      this.isEmpty = false;
      first.copy(id);
      return 1;
    }
    const depth = commonBytes(first, id);
    first.copy(id);
    const above = places & ((1 << depth) - 1);
    this.places = above | (1 << depth);
    const leaf = 1 + chain(depth, ID_BYTES);
    if ((places & (1 << depth)) !== 0) return leaf;
    const below = places & ~above;
    return leaf + placeBetween(31 - Math.clz32(above), depth, below === 0 ? ID_BYTES : 31 - Math.clz32(below & -below));
  }
}

/** Nodes for a place where IDs part after `depth` bytes: it cuts the run of bytes between two others in two. */
function placeBetween(above: number, depth: number, below: number): number {
  return 1 + chain(above, depth) + chain(depth, below) - chain(above, below);
}

/** Reads the ID at the cursor into `target`, and returns how many bytes it has in common with another. */
function commonBytesOf(ids: IdTree, target: StreamId, id: StreamId): number {
  ids.readId(target);
  return commonBytes(target, id);
}

/** Bytes that `id`, which the cursor is at, has in common with the one above (or below) it; ROOT if there is none. */
function commonWithFollowing(ids: IdTree, id: StreamId, isAbove: boolean): number {
  const found = isAbove ? ids.next() : ids.previous();
  return found ? commonBytesOf(ids, neighbour, id) : ROOT;
}

/** 1 if there are bytes between the two depths, at each of which one byte is kept by the node itself. */
function chain(above: number, below: number): number {
  return below - above - 1 > 0 ? 1 : 0;
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
  return (word & kept) | ((fill === 0 ? 0 : 0xffffffff) & ~kept);
}
