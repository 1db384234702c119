/**
 * How far a consumer group has got: the number of entries that it has read since the stream began, and its lag. Both are
 * counted as long as that is possible, and worked out from the stream's figures where that is; where entries were
 * deleted in between, they are unknown.
 *
 * Numbers of entries are 64-bit integers; results are in `int64`.
 */

import { addInt64, int64 } from "../../util/integers";
import type { StreamId } from "../../util/stream-id";
import type { Stream } from "./stream";
import type { StreamGroup } from "./stream-group";

/** Whether an entry at or behind this ID may have been deleted. */
function mayMissFrom(stream: Stream, id: StreamId): boolean {
  const { maxDeletedId } = stream;
  if (stream.length === 0 || maxDeletedId.isMin || stream.firstId.compare(maxDeletedId) > 0) return false;
  return id.compare(maxDeletedId) <= 0;
}

/** Sets `int64` to a − b. */
function subtract(aHi: number, aLo: number, bHi: number, bLo: number): void {
  const lo = aLo - bLo;
  int64.lo = lo >>> 0;
  int64.hi = (aHi - bHi - (lo < 0 ? 1 : 0)) | 0;
}

/**
 * Sets `int64` to the number of entries that were ever added up to this ID, itself included. False if that cannot be
 * told from the stream's figures.
 */
export function countUpTo(stream: Stream, id: StreamId): boolean {
  const { addedHi, addedLo, length, lastId, firstId, maxDeletedId } = stream;
  int64.hi = addedHi;
  int64.lo = addedLo;
  if (stream.isFresh) return true;
  const toLast = id.compare(lastId);
  if (toLast === 0 || (length === 0 && toLast < 0)) return true;
  if (toLast > 0) return false;
  const toFirst = id.compare(firstId);
  const isWhole = maxDeletedId.isMin || maxDeletedId.compare(firstId) < 0;
  if (!isWhole || toFirst > 0) return false;
  subtract(addedHi, addedLo, 0, toFirst === 0 ? length - 1 : length);
  return true;
}

/** Counts one more entry that the group reads, the one with this ID, which is behind all that it read before. */
export function advanceRead(stream: Stream, group: StreamGroup, id: StreamId): void {
  if (group.knowsRead && !mayMissFrom(stream, id)) {
    addInt64(group.readHi, group.readLo, 0, 1);
  } else if (stream.isFresh) {
    return;
  } else if (!countUpTo(stream, id)) {
    group.forgetRead();
    return;
  }
  group.readHi = int64.hi;
  group.readLo = int64.lo;
}

/** Sets `int64` to the number of entries that the group still has to read. False if that is unknown. */
export function readLag(stream: Stream, group: StreamGroup): boolean {
  if (stream.isFresh) {
    int64.hi = 0;
    int64.lo = 0;
    return true;
  }
  if (group.knowsRead && !mayMissFrom(stream, group.lastId)) {
    subtract(stream.addedHi, stream.addedLo, group.readHi, group.readLo);
    return true;
  }
  if (!countUpTo(stream, group.lastId)) return false;
  subtract(stream.addedHi, stream.addedLo, int64.hi, int64.lo);
  return true;
}
