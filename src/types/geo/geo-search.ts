/** Finds the members of a sorted set that lie in an area, in the order in which Redis comes upon them. */

import { ENCODING_LISTPACK } from "../../db/entry";
import type { SortedSet } from "../zset/zset";
import type { IndexedZset } from "../zset/zset-indexed";
import type { PackedZset } from "../zset/zset-packed";
import type { GeoArea } from "./geo-area";
import type { Matches } from "./geo-matches";

/** Adds what is inside to the matches, of which there may be `limit` in all (0: as many as there are). */
export function collectMatches(set: SortedSet, area: GeoArea, limit: number, matches: Matches): void {
  for (let i = 0; i < area.ranges; i++) {
    const rank = set.countBelow(area.from[i], false);
    if (set.encoding === ENCODING_LISTPACK) collectPacked(set.packed, rank, area.to[i], area, limit, matches);
    else collectIndexed(set.indexed, rank, area.to[i], area, limit, matches);
    if (limit > 0 && matches.count >= limit) return;
  }
}

/** Goes through scores alone: of most members nobody will ask the name. */
function collectIndexed(
  { tree }: IndexedZset,
  rank: number,
  to: number,
  area: GeoArea,
  limit: number,
  matches: Matches,
): void {
  for (let more = tree.seek(rank); more && tree.score < to; more = tree.next()) {
    if (!area.contains(tree.score)) continue;
    matches.add(tree.member, tree.score, area.distance);
    if (matches.count === limit) return;
  }
}

function collectPacked(
  packed: PackedZset,
  rank: number,
  to: number,
  area: GeoArea,
  limit: number,
  matches: Matches,
): void {
  for (let more = packed.seek(rank); more && packed.score < to; more = packed.next()) {
    if (!area.contains(packed.score)) continue;
    matches.add(packed.position, packed.score, area.distance);
    if (matches.count === limit) return;
  }
}

/** The bytes of a match's member: bytes[at, at + length). */
export interface MemberBytes {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly length: number;
}

/** Finds the member of match `i`; what is returned is good until the next one is looked for. */
export function memberOf(set: SortedSet, matches: Matches, i: number): MemberBytes {
  if (set.encoding === ENCODING_LISTPACK) {
    set.packed.moveTo(matches.members[i]);
    return set.packed;
  }
  set.indexed.blocks.locate(matches.members[i]);
  return set.indexed.blocks;
}
