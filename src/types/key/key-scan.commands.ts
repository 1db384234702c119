/**
 * SCAN, KEYS and RANDOMKEY: walking over a database.
 *
 * A cursor is a position in hash space (see memory/dict.ts): it stays valid whatever happens to the keyspace, and a key
 * that is there all along is returned exactly once. 0 starts, and ends.
 */

import type { Call } from "../../command/call";
import { ANY_TYPE, Pattern, parseScan } from "../scan-argument";

/** KEYS's; reused. */
const keysPattern = new Pattern();

/** KEYS pattern. Expired keys are left out but not deleted. */
export function keys(c: Call): void {
  const { db, reply } = c;
  keysPattern.set(c.buf, c.starts[1], c.ends[1]);
  if (keysPattern.isLiteral) {
    const ref = db.find(c.buf, c.starts[1], c.ends[1]);
    const found = ref !== 0 && !db.isExpired(ref);
    reply.array(found ? 1 : 0);
    if (found) reply.bulk(c.buf, c.starts[1], c.size(1));
    return;
  }
  const { entries } = db.keyspace;
  const start = reply.begin();
  let count = 0;
  db.scan(0, Number.POSITIVE_INFINITY, (ref) => {
    entries.locateKey(ref);
    const { bytes, at, length } = entries;
    if (!keysPattern.matches(bytes, at, length) || db.isExpired(ref)) return;
    reply.bulk(bytes, at, length);
    count++;
  });
  reply.endArray(start, count);
}

/** What a scan found, and what it found expired; reused. */
const found: number[] = [];
const expired: number[] = [];

/** SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]. Expired keys that the pattern matches are deleted. */
export function scan(c: Call): void {
  const { cursor, count, pattern, type } = parseScan(c);
  if (c.failed) return;
  const { db } = c;
  const { entries } = db.keyspace;
  found.length = 0;
  expired.length = 0;
  // A position beyond hash space is behind the last key.
  const next = db.scan(cursor, count, (ref) => {
    entries.locateKey(ref);
    if (!pattern.matches(entries.bytes, entries.at, entries.length)) return;
    if (db.isExpired(ref)) expired.push(ref);
    else if (type === ANY_TYPE || entries.type(ref) === type) found.push(ref);
  });
  replyFound(c, next);
  if (db.keyspace.expiry !== "delete") return;
  for (const ref of expired) db.expireEntry(ref);
}

function replyFound(c: Call, next: number): void {
  const { reply } = c;
  const { entries } = c.db.keyspace;
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(found.length);
  for (const ref of found) {
    entries.locateKey(ref);
    reply.bulk(entries.bytes, entries.at, entries.length);
  }
}

/** RANDOMKEY. */
export function randomKey(c: Call): void {
  const ref = c.db.randomEntry();
  if (ref === 0) {
    c.reply.null();
    return;
  }
  const { entries } = c.db.keyspace;
  entries.locateKey(ref);
  c.reply.bulk(entries.bytes, entries.at, entries.length);
}
