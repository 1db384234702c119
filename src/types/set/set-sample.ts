/** Several different members of a set at random: every choice of that many is as likely as any other. */

import type { Keyspace } from "../../db/keyspace";
import { Dict } from "../../memory/dict";
import type { Random } from "../../util/random";
import type { SetView } from "./set";
import type { Member } from "./set-member";

/**
 * Visits all members in order, `count` of them as chosen ones, until a visit returns false. This is selection sampling
 * (Knuth, The Art of Computer Programming 2, 3.4.2, Algorithm S): a member is chosen with the probability of what is
 * still wanted among those that are left. It takes no memory, however many are chosen.
 */
export function eachSampled(
  set: SetView,
  count: number,
  random: Random,
  visit: (member: Member, chosen: boolean) => boolean,
): void {
  let wanted = count;
  let left = set.size;
  set.each((member) => {
    const chosen = random.below(left--) < wanted;
    if (chosen) wanted--;
    return visit(member, chosen);
  });
}

/**
 * Visits `count` members of a hash table by drawing again and again, and passing over what was drawn before. That is
 * faster than eachSampled() where only a small part is wanted. What was drawn is noted in a dict of the same blocks.
 */
export function eachDistinct(keyspace: Keyspace, set: SetView, count: number, visit: (member: Member) => void): void {
  const drawn = new Dict(keyspace.heap, keyspace.hasher, set.blocks);
  drawn.create();
  try {
    while (drawn.size < count) {
      const member = set.pick();
      const hash = member.hashed();
      if (drawn.find(hash, member.buf, member.start, member.end) !== 0) continue;
      drawn.insert(hash, set.pickedRef, false);
      visit(member);
    }
  } finally {
    drawn.clear(() => {});
    drawn.destroy();
  }
}
