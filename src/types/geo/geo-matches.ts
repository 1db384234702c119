/**
 * What a geo search found: three numbers a member in typed arrays, which grow, and are used again by the next search. A
 * member is a number that the sorted set knows it by, good until that changes.
 */

import { partialSort, stableSort } from "../../util/keyed-sort";

export const UNORDERED = 0;
export const NEAREST_FIRST = 1;
export const FARTHEST_FIRST = 2;

const INITIAL = 256;
/** Arrays for more members than this are given back after the search. */
const KEPT_MAX = 16 * 1024;

export class Matches {
  count = 0;
  /** Metres from the center. */
  distances: Float64Array = new Float64Array(INITIAL);
  scores: Float64Array = new Float64Array(INITIAL);
  members: Uint32Array = new Uint32Array(INITIAL);
  /** The first ones in the order asked for, as indexes into the other arrays; after sort(). */
  order: Uint32Array = new Uint32Array(INITIAL);

  add(member: number, score: number, distance: number): void {
    if (this.count === this.members.length) this.grow();
    this.distances[this.count] = distance;
    this.scores[this.count] = score;
    this.members[this.count++] = member;
  }

  private grow(): void {
    const room = this.count * 2;
    const { distances, scores, members } = this;
    this.allocate(room);
    this.distances.set(distances);
    this.scores.set(scores);
    this.members.set(members);
  }

  private allocate(room: number): void {
    this.distances = new Float64Array(room);
    this.scores = new Float64Array(room);
    this.members = new Uint32Array(room);
    this.order = new Uint32Array(room);
  }

  /** Puts what was found in order, as far as the first `wanted` of it go. Equal distances come out as in Redis. */
  sort(direction: number, wanted: number): void {
    const { count, order, distances } = this;
    for (let i = 0; i < count; i++) order[i] = i;
    if (direction === UNORDERED) return;
    const keys = distances.slice(0, count);
    if (direction === FARTHEST_FIRST) for (let i = 0; i < count; i++) keys[i] = -keys[i];
    if (wanted < count) partialSort(keys, order, count, wanted);
    else stableSort(keys, order, count);
  }

  /** Forgets everything. */
  clear(): void {
    this.count = 0;
    if (this.members.length > KEPT_MAX) this.allocate(INITIAL);
  }
}
