/**
 * Members of a large sorted set that are removed from its dict in the order of the tree, as pops and removals of ranges do:
 * some of them are looked at together, so that the cache misses of their blocks and of their slots in the dict overlap
 * instead of adding up. See Dict.warm.
 */

import type { Dict } from "../../memory/dict";
import { BEYOND_CACHE, type Heap } from "../../memory/heap";
import type { OrderTree } from "../../memory/order-tree";
import type { ScoredBlocks } from "../../memory/scored-block";

/** Members that are looked at together: enough for their misses to overlap, few enough to stay in the cache. */
export const FORGET_AHEAD = 64;

export class ForgottenMembers {
  /** What note() is about: refs of scored blocks. */
  readonly members = new Uint32Array(FORGET_AHEAD);
  /** What it finds: their hashes. */
  readonly hashes = new Int32Array(FORGET_AHEAD);

  constructor(
    private readonly heap: Heap,
    private readonly blocks: ScoredBlocks,
    private readonly dict: Dict,
  ) {}

  /** Loads the blocks of the member at the tree's cursor and of those behind it, which are popped next. */
  load(tree: OrderTree): void {
    if (this.dict.size >= BEYOND_CACHE) this.heap.touch(this.members, tree.peek(this.members));
  }

  /** Computes the hashes of the first `count` of `members`, and loads what their removal will need. */
  note(count: number): void {
    const { blocks, dict, hashes, members } = this;
    const isLarge = dict.size >= BEYOND_CACHE;
    if (isLarge) this.heap.touch(members, count);
    for (let i = 0; i < count; i++) {
      blocks.locate(members[i]);
      hashes[i] = dict.hash(blocks.bytes, blocks.at, blocks.at + blocks.length);
    }
    if (isLarge) dict.warmToRemove(hashes, count);
  }
}
