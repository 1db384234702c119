/**
 * What the commands of all collection types share: finding the entry of a key and checking its type, making it, and
 * deleting it when its last element has gone. An entry of a collection has one value word, the ref of its *root*, which
 * is whatever its encoding keeps there: a listpack, the root of a dict.
 */

import type { Call } from "../command/call";
import { NO_EXPIRY } from "../db/entry";
import { EVENT_GENERIC } from "../db/keyspace";
import { WRONG_TYPE } from "../resp/errors";

/** Whether the entry exists and is of another type; says so in the reply. */
function isOtherType(c: Call, ref: number, type: number): boolean {
  if (ref === 0 || c.db.keyspace.entries.type(ref) === type) return false;
  c.fail(WRONG_TYPE);
  return true;
}

/** Entry of the collection at argument i for reading. 0: there is none, or it is of another type (then it has failed). */
export function collectionForRead(c: Call, i: number, type: number): number {
  const ref = c.read(i);
  return isOtherType(c, ref, type) ? 0 : ref;
}

/** Entry of the collection at argument i for writing. 0: there is none, or it is of another type (then it has failed). */
export function collectionForWrite(c: Call, i: number, type: number): number {
  const ref = c.write(i);
  return isOtherType(c, ref, type) ? 0 : ref;
}

/**
 * Makes a collection the value of argument i, the key just looked up: `existing` is what the lookup returned, and what it
 * held is freed; there is no expiry. Returns the entry. Throws HeapFullError if there is no memory for it: then nothing
 * has changed, and `root` is still the caller's.
 */
export function storeCollection(
  c: Call,
  i: number,
  existing: number,
  type: number,
  encoding: number,
  root: number,
): number {
  const { db } = c;
  setShape(c, type, encoding);
  const ref = db.store(existing, shape, c.buf, c.starts[i], c.ends[i]);
  db.keyspace.entries.setValueWord(ref, 0, root);
  return ref;
}

/** As storeCollection, for a key that does not exist. */
export function createCollection(c: Call, i: number, type: number, encoding: number, root: number): number {
  return storeCollection(c, i, 0, type, encoding, root);
}

/** As createCollection, but nobody hears of the new key before Database.announceCreated(). */
export function createQuietly(c: Call, i: number, type: number, encoding: number, root: number): number {
  const { db } = c;
  setShape(c, type, encoding);
  const ref = db.storeQuietly(shape, c.buf, c.starts[i], c.ends[i]);
  db.keyspace.entries.setValueWord(ref, 0, root);
  return ref;
}

function setShape(c: Call, type: number, encoding: number): void {
  shape.type = type;
  shape.encoding = encoding;
  shape.lru = c.db.keyspace.access.initial();
}

/** Deletes argument i, the key just looked up, whose last element has gone; its root, too, is freed. */
export function removeEmptied(c: Call, i: number, ref: number): void {
  c.db.detachFound();
  c.db.keyspace.freeEntry(ref);
  c.notify(i, EVENT_GENERIC, "del");
}

const shape = { type: 0, encoding: 0, expireAt: NO_EXPIRY, lru: 0, inlineLength: 0 };
