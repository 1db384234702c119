/**
 * What commands on streams propagate. XADD and XTRIM are as they came, but for what was left to the server: the ID, and how
 * far "about" is. With consumer groups, whose turn it was, and when, is in the past when they are repeated: so each entry
 * that was delivered or claimed is an XCLAIM that says who has it now, since when, and for the how many-th time, and the
 * group's last ID is set by it or by XGROUP SETID.
 */

import type { Call } from "../../command/call";
import { int64 } from "../../util/integers";
import type { StreamId } from "../../util/stream-id";
import type { Stream } from "./stream";
import { replyId } from "./stream-call";
import type { StreamGroup } from "./stream-group";
import { writeExactTrimming } from "./stream-trim-argument";

/** XADD, whose argument `idAt` was the server's to choose and is `id`, or XTRIM, without such an argument: 0. */
export function propagateDecided(c: Call, stream: Stream, idAt: number, id: StreamId): void {
  if (!c.isPropagated) return;
  const effect = c.effectAlike();
  for (let i = 1; i < c.argc; i++) {
    if (i === idAt) replyId(effect, id);
    else if (!writeExactTrimming(effect, i, stream)) c.writeArgument(effect, i);
  }
}

/**
 * XCLAIM key group consumer 0 id TIME ms RETRYCOUNT n FORCE JUSTID LASTID id, for the pending entry `ref`. `key` and
 * `groupAt` are arguments of the call.
 */
export function propagateClaim(
  c: Call,
  key: number,
  groupAt: number,
  group: StreamGroup,
  id: StreamId,
  ref: number,
): void {
  if (!c.isPropagated) return;
  const effect = c.effect("XCLAIM", 14);
  c.writeArgument(effect, key);
  c.writeArgument(effect, groupAt);
  group.locateConsumerName(group.consumerOf(ref));
  effect.bulk(group.nameBytes, group.nameAt, group.nameLength);
  effect.bulkText("0");
  replyId(effect, id);
  effect.bulkText("TIME");
  effect.bulkInteger(group.deliveredAt(ref));
  effect.bulkText("RETRYCOUNT");
  group.readDeliveries(ref);
  effect.bulkInt64(int64.hi, int64.lo);
  effect.bulkText("FORCE");
  effect.bulkText("JUSTID");
  effect.bulkText("LASTID");
  replyId(effect, group.lastId);
}

/** XGROUP SETID key group id ENTRIESREAD n, as the group is now. */
export function propagateLastId(c: Call, key: number, groupAt: number, group: StreamGroup): void {
  if (!c.isPropagated) return;
  const effect = c.effect("XGROUP", 7);
  effect.bulkText("SETID");
  c.writeArgument(effect, key);
  c.writeArgument(effect, groupAt);
  replyId(effect, group.lastId);
  effect.bulkText("ENTRIESREAD");
  effect.bulkInt64(group.readHi, group.readLo);
}
