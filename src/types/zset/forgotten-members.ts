/**
 * Hashes of the members of a large sorted set that are about to be removed from its dict in the order of the tree, as
 * pops and removals of ranges do: some members are looked at together, so that the cache misses of their blocks and of
 * their slots in the dict overlap instead of adding up. See Dict.warm.
 *
 * What is noted may be out of date: a block may hold another member by now, of this set or of another one. So a hash from
 * here is a guess, and only the dict can say whether it leads to the member.
 */

import type { Dict } from "../../memory/dict";
import type { Heap } from "../../memory/heap";
import type { ScoredBlocks } from "../../memory/scored-block";

/** Members that are looked at together: enough for their misses to overlap, few enough to stay in the cache. */
export const FORGET_AHEAD = 16;
/** Members from which on a lookup in the dict misses the cache. */
const LARGE = 16 * 1024;

export class ForgottenMembers {
  /** What note() is about: refs of scored blocks. */
  readonly members = new Uint32Array(FORGET_AHEAD);
  private readonly hashes = new Int32Array(FORGET_AHEAD);
  private count = 0;
  private next = 0;

  constructor(
    private readonly heap: Heap,
    private readonly blocks: ScoredBlocks,
    private readonly dict: Dict,
  ) {}

  /** Loads what the removal of the first `count` of `members` will need, if the dict is large. */
  note(count: number): void {
    this.next = 0;
    this.count = 0;
    if (this.dict.size < LARGE) return;
    this.heap.touch(this.members, count);
    for (let i = 0; i < count; i++) this.hashes[i] = this.hash(this.members[i]);
    this.count = count;
    this.dict.warmToRemove(this.hashes, count);
  }

  /** Whether a member is the next one that was noted. */
  isNext(ref: number): boolean {
    return this.next < this.count && this.members[this.next] === ref;
  }

  /** Makes a member of the set the one found in its dict; `ref` is its block. */
  find(ref: number): void {
    if (this.isNext(ref) && this.dict.findRef(this.hashes[this.next++], ref)) return;
    this.dict.findRef(this.hash(ref), ref);
  }

  private hash(ref: number): number {
    const { blocks } = this;
    blocks.locate(ref);
    return this.dict.hash(blocks.bytes, blocks.at, blocks.at + blocks.length);
  }
}
