/**
 * Walking over the hash that is open in a `Hashes`: all fields, from a cursor on, or some at random. Fields whose time has
 * passed are passed over.
 *
 * A visitor gets texts one after another: of each field the field, the value, or both in this order, as `parts` says.
 * They are valid during its call only, and it must not change the hash.
 */

import type { Hashes } from "./hash";
import { NO_FIELD_EXPIRY } from "./hash-field";

/** What a visitor gets of a field. */
export const FIELDS = 1;
export const VALUES = 2;
export const FIELDS_AND_VALUES = FIELDS | VALUES;

export type TextVisitor = (bytes: Uint8Array, at: number, length: number) => void;
/** Whether a field is wanted. */
export type FieldFilter = (bytes: Uint8Array, at: number, length: number) => boolean;
/** An integer in [0, n). */
export type Below = (n: number) => number;

/** A sample is drawn one by one if there are at least as many times more fields; else in one pass over all of them. */
const DRAWN_SHARE = 3;

/** Visits all fields. */
export function eachField(hashes: Hashes, parts: number, visit: TextVisitor): void {
  if (hashes.isPacked && hashes.timer === 0) eachPair(hashes, parts, visit);
  else if (hashes.isPacked) eachPacked(hashes, (p) => visitPacked(hashes, p, parts, visit));
  else eachBlock(hashes, (block) => visitBlock(hashes, block, parts, visit));
}

/** Visits all fields of a listpack of pairs: the path of most HGETALL. */
function eachPair({ listpack }: Hashes, parts: number, visit: TextVisitor): void {
  for (let p = listpack.first(); p !== 0; ) {
    p = listpack.readNext(p);
    if ((parts & FIELDS) !== 0) visit(listpack.value, listpack.at, listpack.length);
    p = listpack.readNext(p);
    if ((parts & VALUES) !== 0) visit(listpack.value, listpack.at, listpack.length);
  }
}

/** Calls `visit` with the position of every field of a listpack. */
function eachPacked(hashes: Hashes, visit: (position: number) => void): void {
  const { listpack, stride } = hashes;
  for (let p = listpack.first(); p !== 0; ) {
    let next = listpack.next(listpack.next(p));
    let expireAt = NO_FIELD_EXPIRY;
    if (stride === 3) {
      expireAt = listpack.integerAt(next);
      next = listpack.next(next);
    }
    if (!hashes.isDead(expireAt)) visit(p);
    p = next;
  }
}

function eachBlock(hashes: Hashes, visit: (block: number) => void): void {
  const { blocks, dict } = hashes;
  if (hashes.mayHoldDead) {
    dict.scan(0, Number.POSITIVE_INFINITY, (block) => {
      if (!hashes.isDead(blocks.expireAt(block))) visit(block);
    });
  } else {
    dict.scan(0, Number.POSITIVE_INFINITY, visit);
  }
}

function visitPacked({ listpack }: Hashes, position: number, parts: number, visit: TextVisitor): void {
  if ((parts & FIELDS) !== 0) {
    listpack.read(position);
    visit(listpack.value, listpack.at, listpack.length);
  }
  if ((parts & VALUES) !== 0) {
    listpack.read(listpack.next(position));
    visit(listpack.value, listpack.at, listpack.length);
  }
}

function visitBlock({ blocks }: Hashes, block: number, parts: number, visit: TextVisitor): void {
  if ((parts & FIELDS) !== 0) {
    blocks.locateField(block);
    visit(blocks.bytes, blocks.at, blocks.length);
  }
  if ((parts & VALUES) !== 0) {
    blocks.locateValue(block);
    visit(blocks.bytes, blocks.at, blocks.length);
  }
}

/** Visits all fields with their expiry. Takes memory for each: not for commands that are in a hurry. */
export function eachFieldAsCopy(
  hashes: Hashes,
  visit: (field: Uint8Array, value: Uint8Array, expireAt: number) => void,
): void {
  const { blocks, listpack } = hashes;
  const texts: Uint8Array[] = [];
  const keep: TextVisitor = (bytes, at, length) => {
    texts.push(Uint8Array.prototype.slice.call(bytes, at, at + length));
  };
  const visitTexts = (expireAt: number): void => {
    const [field, value] = texts.splice(0);
    visit(field, value, expireAt);
  };
  if (hashes.isPacked) {
    eachPacked(hashes, (p) => {
      visitPacked(hashes, p, FIELDS_AND_VALUES, keep);
      visitTexts(hashes.timer === 0 ? NO_FIELD_EXPIRY : listpack.integerAt(listpack.next(listpack.next(p))));
    });
  } else {
    eachBlock(hashes, (block) => {
      visitBlock(hashes, block, FIELDS_AND_VALUES, keep);
      visitTexts(blocks.expireAt(block));
    });
  }
}

/**
 * Lists the fields that pass the filter among about `count` from a cursor on, a position in hash space; of a listpack
 * among all, whatever the cursor is. visitListed() visits what is in `found` then. Returns the cursor to go on with, 0 at
 * the end.
 */
export function scanFields(
  hashes: Hashes,
  cursor: number,
  count: number,
  filter: FieldFilter,
  found: number[],
): number {
  const { blocks, listpack } = hashes;
  if (hashes.isPacked) {
    eachPacked(hashes, (p) => {
      listpack.read(p);
      if (filter(listpack.value, listpack.at, listpack.length)) found.push(p);
    });
    return 0;
  }
  const { mayHoldDead } = hashes;
  return hashes.dict.scan(cursor, count, (block) => {
    if (mayHoldDead && hashes.isDead(blocks.expireAt(block))) return;
    blocks.locateField(block);
    if (filter(blocks.bytes, blocks.at, blocks.length)) found.push(block);
  });
}

/** Visits a field of which there is the position in the listpack, or the block. */
export function visitListed(hashes: Hashes, each: number, parts: number, visit: TextVisitor): void {
  if (hashes.isPacked) visitPacked(hashes, each, parts, visit);
  else visitBlock(hashes, each, parts, visit);
}

// --- at random -----------------------------------------------------------------------------------------------------

/** Hears how many fields will be visited, before they are. */
export type CountListener = (count: number) => void;

/** Visits a field, each being as likely as any other. False if there is none. */
export function randomField(hashes: Hashes, parts: number, below: Below, visit: TextVisitor): boolean {
  if (hashes.isPacked && hashes.timer === 0) {
    const { listpack, size, stride } = hashes;
    visitPacked(hashes, listpack.seek(below(size) * stride), parts, visit);
    return true;
  }
  let found = 0;
  const begin: CountListener = (count) => {
    found = count;
  };
  randomFields(hashes, 1, parts, below, begin, visit);
  return found > 0;
}

/** Visits `count` fields, each drawn from all of them; none if there are none. */
export function randomFields(
  hashes: Hashes,
  count: number,
  parts: number,
  below: Below,
  begin: CountListener,
  visit: TextVisitor,
): void {
  const listed = listAlive(hashes);
  const drawn = listed !== null && listed.length === 0 ? 0 : count;
  begin(drawn);
  for (let i = 0; i < drawn; i++) {
    if (listed === null) visitBlock(hashes, hashes.dict.randomElement(below), parts, visit);
    else visitListed(hashes, listed[below(listed.length)], parts, visit);
  }
}

/**
 * Visits `count` different fields, every choice of as many being equally likely, or all of them if there are no more.
 */
export function sampleFields(
  hashes: Hashes,
  count: number,
  parts: number,
  below: Below,
  begin: CountListener,
  visit: TextVisitor,
): void {
  const listed = listAlive(hashes);
  const total = listed === null ? hashes.size : listed.length;
  const wanted = Math.min(count, total);
  begin(wanted);
  if (listed === null && wanted * DRAWN_SHARE <= total) {
    for (const block of drawDifferent(hashes, wanted, below)) visitBlock(hashes, block, parts, visit);
    return;
  }
  // Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
  let missing = wanted;
  let left = total;
  const select = (each: number): void => {
    if (missing > 0 && (missing === left || below(left) < missing)) {
      visitListed(hashes, each, parts, visit);
      missing--;
    }
    left--;
  };
  if (listed === null) eachBlock(hashes, select);
  else for (const each of listed) select(each);
}

/** Positions or blocks of the fields that are alive, where these cannot be drawn from the dict; else null. */
function listAlive(hashes: Hashes): number[] | null {
  if (!hashes.isPacked && hashes.size > 0 && !hashes.mayHoldDead) return null;
  const listed: number[] = [];
  const list = (each: number): void => {
    listed.push(each);
  };
  if (hashes.isPacked) eachPacked(hashes, list);
  else eachBlock(hashes, list);
  return listed;
}

/** `count` different blocks of the dict, drawn until there are as many. */
function drawDifferent(hashes: Hashes, count: number, below: Below): Set<number> {
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(hashes.dict.randomElement(below));
  return drawn;
}
