/** What commands that store a sorted set share: ZRANGESTORE, ZUNIONSTORE and its like, GEOSEARCHSTORE. */

import type { Call } from "../../command/call";
import { TYPE_ZSET } from "../../db/entry";
import { EVENT_GENERIC, EVENT_ZSET } from "../../db/keyspace";
import { storeCollection } from "../collection";
import type { SortedSet, ZsetLimits } from "./zset";

/**
 * Makes `result` a new sorted set for about `size` members of up to `longest` bytes, and lets `fill` fill it. If there is
 * no memory for it, nothing is left behind.
 */
export function buildZset(
  result: SortedSet,
  size: number,
  longest: number,
  limits: ZsetLimits,
  fill: () => void,
): void {
  result.createFor(size, longest, limits);
  try {
    fill();
  } catch (error) {
    result.free();
    throw error;
  }
}

/**
 * Makes `result` the value of the key at argument i, announces that as `event` and replies its size; an empty one is freed, and
 * deletes the key. It belongs to the key from now on; if there is no memory for that, it is freed.
 */
export function storeZset(c: Call, i: number, event: string, result: SortedSet): void {
  const { size } = result;
  if (size === 0) {
    result.free();
    storeNothing(c, i);
    return;
  }
  try {
    const existing = c.write(i);
    storeCollection(c, i, existing, TYPE_ZSET, result.encoding, result.root);
  } catch (error) {
    result.free();
    throw error;
  }
  c.changed(i, EVENT_ZSET, event);
  c.reply.integer(size);
}

/** Deletes the key at argument i, because the result is empty. */
export function storeNothing(c: Call, i: number): void {
  const { db } = c;
  if (db.remove(c.buf, c.starts[i], c.ends[i], c.server.config.lazyfreeLazyServerDel)) {
    c.changed(i, EVENT_GENERIC, "del");
  }
  c.reply.integer(0);
}
