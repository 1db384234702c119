/** What the handlers of hash commands share: opening the hash of a call, replies, and what has to be announced. */

import type { Call } from "../../command/call";
import { ENCODING_LISTPACK, TYPE_HASH } from "../../db/entry";
import { EVENT_HASH } from "../../db/keyspace";
import { Listpack } from "../../memory/listpack";
import { collectionForRead, createCollection, removeEmptied } from "../collection";
import type { Hashes } from "./hash";
import { hashType } from "./hash-type";

/** Opens the hash of argument 1, whose entry this is. */
export function openHash(c: Call, ref: number): Hashes {
  const { hashes } = hashType(c.db.keyspace);
  hashes.open(ref);
  if (hashes.timer !== 0) {
    // A command that reads deletes fields whose time has passed.
    c.db.protectFound();
    hashes.db = c.db;
  }
  return hashes;
}

/** Opens the hash of argument 1 for reading. null: there is none, or it is of another type (then the call has failed). */
export function openForRead(c: Call): Hashes | null {
  const ref = collectionForRead(c, 1, TYPE_HASH);
  return ref === 0 ? null : openHash(c, ref);
}

/**
 * Opens the hash of argument 1, the key just looked up, whose entry is `ref`. If that is 0 it makes the hash, with room
 * for the pairs of the arguments from `first` on; announceSet() has to follow then, whatever happens.
 */
export function openOrCreate(c: Call, ref: number, first: number): Hashes {
  if (ref !== 0) return openHash(c, ref);
  const { hashes } = hashType(c.db.keyspace);
  const root = hashes.create(pairBytes(c, hashes, first));
  try {
    return openHash(c, createCollection(c, 1, TYPE_HASH, ENCODING_LISTPACK, root));
  } catch (error) {
    c.db.keyspace.heap.free(root);
    throw error;
  }
}

/** Bytes that the arguments from `first` on take in a listpack; 0 if the hash will not stay one. */
function pairBytes(c: Call, { maxEntries, maxValue }: Hashes, first: number): number {
  if ((c.argc - first) / 2 > maxEntries) return 0;
  let bytes = 0;
  for (let i = first; i < c.argc; i++) {
    if (c.size(i) > maxValue) return 0;
    bytes += Listpack.elementBytes(c.buf, c.starts[i], c.ends[i]);
  }
  return bytes;
}

/** As Call.hintMembers, of a hash: every `step`th argument from 2 on is a field. */
function hintFields(c: Call, hashes: Hashes, i: number, step: number): void {
  if (!hashes.isPacked) c.hintMembers(hashes.dict, i, 2, step);
}

/**
 * Looks for the field of argument i; one whose time has passed is deleted. announceExpired() has to follow. `step`: from
 * one field among the arguments to the next.
 */
export function findAlive(c: Call, hashes: Hashes, i: number, step = 1): boolean {
  hintFields(c, hashes, i, step);
  return hashes.findAlive(c.buf, c.starts[i], c.ends[i]);
}

/** Sets the field of argument i to argument i + 1; see Hashes.put. */
export function putPair(c: Call, hashes: Hashes, i: number, keepsExpiry = false): boolean {
  hintFields(c, hashes, i, 2);
  const { buf, starts, ends } = c;
  return hashes.put(buf, starts[i], ends[i], buf, starts[i + 1], ends[i + 1], keepsExpiry);
}

/** Replies the value of the field that was just found. */
export function replyValue(c: Call, hashes: Hashes): void {
  hashes.locateValue();
  c.reply.bulk(hashes.value, hashes.at, hashes.length);
}

/** Announces `count` changes of fields, if any, as one event. */
export function announce(c: Call, count: number, event: string): void {
  if (count === 0) return;
  c.changed(1, EVENT_HASH, event);
  c.db.keyspace.dirty += count - 1;
}

/** Announces that `count` fields were set. With none the hash may be new, and goes again. */
export function announceSet(c: Call, hashes: Hashes, count: number, event = "hset"): void {
  announce(c, count, event);
  if (count > 0 || hashes.size > 0) return;
  c.db.detachFound();
  c.db.keyspace.freeEntry(hashes.entry);
}

/** Deletes the key if no field is left. Returns whether it did. */
export function removeIfEmpty(c: Call, hashes: Hashes): boolean {
  if (hashes.size > 0) return false;
  removeEmptied(c, 1, hashes.entry);
  return true;
}

/** Announces that `count` fields expired. Effect: an HDEL for each, of which the keyspace's hook hears. */
export function notifyExpired(c: Call, count: number): void {
  if (count === 0) return;
  const { db } = c;
  db.keyspace.stats.expiredFields += count;
  db.keyspace.changedToo(db, c.buf, c.starts[1], c.ends[1], EVENT_HASH, "hexpired");
}

/**
 * Announces that fields expired (by default those that findAlive() deleted), and deletes the key if none is left. Returns
 * whether it did.
 */
export function announceExpired(c: Call, hashes: Hashes, count: number = hashes.expired): boolean {
  notifyExpired(c, count);
  return count > 0 && removeIfEmpty(c, hashes);
}
