/** Commands that bring a value to another key or another database: RENAME, RENAMENX, COPY, MOVE. */

import type { Call } from "../../command/call";
import type { Database } from "../../db/database";
import { EVENT_GENERIC, EVENT_NONE } from "../../db/keyspace";
import { DB_INDEX_OUT_OF_RANGE, NO_SUCH_KEY, NOT_AN_INTEGER, OUT_OF_INT32, SAME_OBJECT } from "../../resp/errors";
import { equalBytes } from "../../util/bytes";
import { parseInt64Rounded } from "../../util/integers";

const INT32_MIN = -0x80000000;
const INT32_MAX = 0x7fffffff;

/** Argument i as a C int; else fails with `error`, or with what Redis says where no text is given. */
export function intArgument(c: Call, i: number, error: string | null = null): number {
  const value = parseInt64Rounded(c.buf, c.starts[i], c.ends[i]);
  if (value >= INT32_MIN && value <= INT32_MAX) return value;
  c.fail(error ?? (Number.isNaN(value) ? NOT_AN_INTEGER : OUT_OF_INT32));
  return 0;
}

/** The database whose number is argument i; fails if there is none. */
function databaseArgument(c: Call, i: number): Database {
  const { databases } = c.db.keyspace;
  const id = intArgument(c, i);
  if (c.failed) return c.db;
  if (id >= 0 && id < databases.length) return databases[id];
  c.fail(DB_INDEX_OUT_OF_RANGE);
  return c.db;
}

/** Whether arguments 1 and 2 are the same key. */
function isSameKey(c: Call): boolean {
  return c.size(1) === c.size(2) && equalBytes(c.buf, c.starts[1], c.buf, c.starts[2], c.size(1));
}

/** Makes an entry the one of the key just looked up in `db`. If there is no memory for that, `undo` is called. */
function putOr(undo: () => void, c: Call, db: Database, existing: number, ref: number): void {
  try {
    db.put(existing, ref, c.server.config.lazyfreeLazyServerDel);
  } catch (error) {
    undo();
    throw error;
  }
}

export function rename(c: Call): void {
  renameKey(c, false);
}

export function renamenx(c: Call): void {
  renameKey(c, true);
}

function renameKey(c: Call, onlyIfNew: boolean): void {
  const { db, buf, starts, ends } = c;
  const { entries, heap } = db.keyspace;
  const ref = c.write(1);
  if (ref === 0) {
    c.fail(NO_SUCH_KEY);
    return;
  }
  if (!isSameKey(c)) {
    const existing = c.write(2);
    if (existing !== 0 && onlyIfNew) {
      c.reply.integer(0);
      return;
    }
    const moved = entries.relayout(ref, entries.expireAt(ref), buf, starts[2], ends[2]);
    // The value belongs to both entries for a moment: the block alone is freed, of whichever goes.
    putOr(() => heap.free(moved), c, db, existing, moved);
    db.keyspace.rekeyed(moved);
    db.find(buf, starts[1], ends[1]);
    db.detachFound();
    heap.free(ref);
    c.modified(1);
    db.keyspace.changedToo(db, buf, starts[2], ends[2], EVENT_NONE, "");
    c.notify(1, EVENT_GENERIC, "rename_from");
    c.notify(2, EVENT_GENERIC, "rename_to");
  }
  if (onlyIfNew) c.reply.integer(isSameKey(c) ? 0 : 1);
  else c.reply.ok();
}

/** COPY source destination [DB database] [REPLACE] */
export function copy(c: Call): void {
  const { buf, starts, ends } = c;
  let target = c.db;
  let replace = false;
  for (let i = 3; i < c.argc && !c.failed; i++) {
    if (c.is(i, "replace")) replace = true;
    else if (c.is(i, "db") && i + 1 < c.argc) target = databaseArgument(c, ++i);
    else c.syntaxError();
  }
  if (!c.failed && target === c.db && isSameKey(c)) c.fail(SAME_OBJECT);
  if (c.failed) return;
  const ref = c.read(1);
  const existing = ref === 0 ? 0 : target.lookupWrite(buf, starts[2], ends[2], !c.client.noTouch);
  if (ref === 0 || (existing !== 0 && !replace)) {
    c.reply.integer(0);
    return;
  }
  const { keyspace } = c.db;
  const made = keyspace.copyEntry(ref, buf, starts[2], ends[2]);
  putOr(() => keyspace.freeEntry(made), c, target, existing, made);
  keyspace.changed(target, buf, starts[2], ends[2], EVENT_GENERIC, "copy_to");
  c.reply.integer(1);
}

/** MOVE key database */
export function move(c: Call): void {
  const { db, buf, starts, ends } = c;
  const target = databaseArgument(c, 2);
  if (!c.failed && target === db) c.fail(SAME_OBJECT);
  if (c.failed) return;
  const ref = c.write(1);
  if (ref === 0 || target.lookupWrite(buf, starts[1], ends[1], !c.client.noTouch) !== 0) {
    c.reply.integer(0);
    return;
  }
  target.put(0, ref, false);
  db.find(buf, starts[1], ends[1]);
  db.detachFound();
  c.changed(1, EVENT_GENERIC, "move_from");
  db.keyspace.changedToo(target, buf, starts[1], ends[1], EVENT_GENERIC, "move_to");
  c.reply.integer(1);
}
