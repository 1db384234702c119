/**
 * The layout of a dict (see dict.ts): where its root, its directory and its segments keep what, and the arithmetic that
 * leads from a hash to a slot.
 *
 * The *root* is a block of eight words:
 *
 *     word 0   elements            word 1   flagged elements           word 2   depth of the directory
 *     word 3   segments            word 4   granules that they take    word 5   ref of the directory
 *     word 6   segments whose local depth is that of the directory     word 7   where drain() goes on
 *
 * An entry of the directory is two words:
 *
 *     [ ref of the segment ] [ local depth << 16 | home slots: a copy of what the segment says ]
 *
 * A segment is one heap block:
 *
 *     word 0   elements            word 1   home slots (capacity)      word 2   slots in all
 *     word 3   local depth         word 4   flagged elements
 *     word 5.. slots of two words: [ flag (bit 31) | hash (31 bits) ] [ ref; 0 = empty slot ]
 *
 * The tags of a segment's occupied slots ascend (equal ones adjoin), no element lies below its home, and the last slot
 * is empty.
 */

import { SEGMENT_MASK } from "./heap";

export const ROOT_SIZE = 0;
export const ROOT_FLAGGED = 1;
export const ROOT_DEPTH = 2;
export const ROOT_SEGMENTS = 3;
export const ROOT_GRANULES = 4;
export const ROOT_DIRECTORY = 5;
export const ROOT_DEEPEST = 6;
export const ROOT_CURSOR = 7;
export const ROOT_BYTES = 32;
export const ENTRY_BYTES = 8;

export const COUNT = 0;
export const HOMES = 1;
export const SLOTS = 2;
export const DEPTH = 3;
export const FLAGGED = 4;
export const HEADER_WORDS = 5;
export const HEADER_BYTES = HEADER_WORDS * 4;

export const HASH_BITS = 31;
export const HASH_MASK = 0x7fffffff;
export const FLAG = 0x80000000;

export const SEGMENT_BYTES_MAX = 4096;
/** Segments are blocks of at least this size. */
export const SEGMENT_BYTES_MIN = 128;
/** A directory this many times larger than the number of segments means that hashes collide: segments grow instead. */
export const DIRECTORY_SLACK = 64;
/** Slots of the largest segment that is not made larger by collisions. */
export const SLOTS_MAX = (SEGMENT_BYTES_MAX - HEADER_BYTES) >>> 3;
const HOMES_MAX = 0x7fff;
/** Slots beyond the home slots, at most. */
const REST_MAX = 12;
export const SHAPE_HOMES = 0xffff;
export const SHAPE_DEPTH = 16;

/** Home slot of a hash in a segment of this depth: the bits behind the segment's prefix, scaled to its capacity. */
export function homeSlot(hash: number, depth: number, homes: number): number {
  return ((((hash << depth) & HASH_MASK) >>> 15) * homes) >>> 16;
}

/** Word, in its heap segment, of the home slot of a hash. */
export function slotWord(segment: number, hash: number, shape: number): number {
  const home = homeSlot(hash, shape >>> SHAPE_DEPTH, shape & SHAPE_HOMES);
  return ((segment & SEGMENT_MASK) << 1) + HEADER_WORDS + (home << 1);
}

/** Home slots of a segment of this many slots. What the last ones push up has the rest. */
export function homesOf(slots: number): number {
  return Math.min(HOMES_MAX, slots - Math.min(REST_MAX, slots >>> 2));
}

/** Slots of a segment of so many home slots, by this alone; 0 if that is not certain. No more than there are. */
export function slotsOf(homes: number): number {
  return homes > 3 * REST_MAX ? homes + REST_MAX : 0;
}

/** First position of the segment behind the one that holds `position`; above HASH_MASK at the end. */
export function nextSegment(position: number, depth: number): number {
  const width = 2 ** (HASH_BITS - depth);
  return (Math.floor(position / width) + 1) * width;
}

/** Elements at which a segment of this many slots counts as full. */
export function fullAt(slots: number): number {
  return slots - (slots >>> 3) - 1;
}

/** A segment of this many slots tries to shrink whenever its elements have become this much fewer, and when it is empty. */
export function shrinkStep(slots: number): number {
  return (slots >>> 4) + 1;
}

/** Block size for a segment with this many elements and some room. */
export function bytesFor(count: number): number {
  const bytes = HEADER_BYTES + ((count + (count >>> 2) + 4) << 3);
  return Math.max(SEGMENT_BYTES_MIN, bytes);
}
