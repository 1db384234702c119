/** DEBUG POPULATE: very many keys, fast, and without an object for any of them. */

import type { Database } from "../../db/database";
import { NO_EXPIRY } from "../../db/entry";
import { EVENT_NONE } from "../../db/keyspace";
import { setString } from "../../types/string/string";
import { writeLatin1 } from "../../util/bytes";
import { writeNumber } from "../../util/integers";

/** Redis makes the key in a buffer of 128 bytes with a NUL at the end: longer ones are cut. */
const KEY_MAX = 127;
const DIGITS_MAX = 20;

/**
 * Adds strings "value:<n>" at the keys "<prefix>:<n>" for n from 0 to `count` - 1. With a `size` other than 0 the
 * values are cut to so many bytes, or filled up with NULs. Keys that exist are kept.
 */
export function populate(db: Database, count: number, prefix: string, size: number): void {
  const valueHead = "value:";
  const valueAt = Math.max(KEY_MAX, prefix.length + 1) + DIGITS_MAX;
  const buf = Buffer.alloc(valueAt + Math.max(size, valueHead.length + DIGITS_MAX));
  const args = { buf, starts: Int32Array.of(0, valueAt), ends: new Int32Array(2) };
  const digitsAt = writeLatin1(`${prefix}:`, buf, 0);
  writeLatin1(valueHead, buf, valueAt);
  const { expiry, hooks } = db.keyspace;
  for (let n = 0; n < count; n++) {
    const digits = writeNumber(n, buf, digitsAt);
    const keyEnd = Math.min(digitsAt + digits, KEY_MAX);
    args.ends[0] = keyEnd;
    // A key that CLIENT PAUSE hides after its time is there all the same.
    const existing = expiry === "delete" ? db.lookupWrite(buf, 0, keyEnd, false) : db.find(buf, 0, keyEnd);
    if (existing !== 0) continue;
    buf.copy(buf, valueAt + valueHead.length, digitsAt, digitsAt + digits);
    args.ends[1] = valueAt + (size === 0 ? valueHead.length + digits : size);
    setString(db, 0, args, 0, 1, NO_EXPIRY);
    hooks?.keyChanged(db, buf, 0, keyEnd, EVENT_NONE, "");
  }
}
