/** The numbers that stand in the node of a stream: see stream-node.ts. */

/** Behind the last entry. */
export const END = 0xff;

/** Flags of an entry. */
export const DELETED = 1;
export const SAME_FIELDS = 2;

/** Elements of an entry besides fields and values: flags, ms, seq; one with fields of its own also has their number. */
const FIXED_PIECES = 3;

/** What an entry says of the elements before it, with the fields of the master entry, of which there are `fields`. */
export function piecesOf(fields: number): number {
  return FIXED_PIECES + fields;
}

/** The same with `pairs` fields of its own. */
export function piecesOfOwn(pairs: number): number {
  return FIXED_PIECES + 1 + 2 * pairs;
}

/** An element whose first byte is below is an integer, that byte. */
export const ONE_BYTE = 0x80;
/** Up to this many entries both counters take one byte whatever is deleted. */
export const SHORT_COUNT_MAX = 127;
