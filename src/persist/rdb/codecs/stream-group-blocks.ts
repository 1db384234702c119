/** Parts of consumer groups in RDB files: see stream-codec.ts. */

import type { StreamGroup } from "../../../types/stream/stream-group";
import { int64, int64FromNumber } from "../../../util/integers";
import type { StreamId } from "../../../util/stream-id";
import type { GroupHead } from "../../snapshot/large-group";
import type { StreamFormat } from "../../snapshot/large-stream";
import type { RdbOutput } from "../rdb-output";
import { writeRawId, writeStreamNode } from "./stream-blocks";

/** Writes an ID as two lengths. */
export function writeId(out: RdbOutput, id: StreamId): void {
  out.size64(id.msHi, id.msLo >>> 0);
  out.size64(id.seqHi, id.seqLo >>> 0);
}

function writeTime(out: RdbOutput, time: number): void {
  int64FromNumber(time);
  out.int64(int64.hi, int64.lo);
}

/** Writes the name of the group at `ref`. */
function writeGroupName(out: RdbOutput, group: StreamGroup, ref: number): void {
  group.locateGroupName(ref);
  out.string(group.nameBytes, group.nameAt, group.nameLength);
}

/** Writes what is known of the pending entry at `ref`. */
export function writePending(out: RdbOutput, group: StreamGroup, id: StreamId, ref: number): void {
  writeRawId(out, id);
  writeTime(out, group.deliveredAt(ref));
  group.readDeliveries(ref);
  out.size64(int64.hi, int64.lo);
}

/** Writes what stands before the pending entries of the consumer at `ref`: its name and times, and their number. */
export function writeConsumerHead(
  out: RdbOutput,
  group: StreamGroup,
  ref: number,
  seenAt: number,
  activeAt: number,
  entries: number,
): void {
  group.locateConsumerName(ref);
  out.string(group.nameBytes, group.nameAt, group.nameLength);
  writeTime(out, seenAt);
  writeTime(out, activeAt);
  out.size(entries);
}

/** Writes what comes before the pending entries of a group. */
export function writeGroupHead(
  out: RdbOutput,
  group: StreamGroup,
  { ref, lastId, readHi, readLo, pending }: Omit<GroupHead, "consumers">,
): void {
  writeGroupName(out, group, ref);
  writeId(out, lastId);
  out.size64(readHi, readLo);
  out.size(pending);
}

/** A large stream in a file, part by part. */
export const STREAM_BLOCKS: StreamFormat = {
  writeNode: writeStreamNode,
  groups: {
    itemsPerLook: 512,
    listsOwned: true,
    writeHead: writeGroupHead,
    writePending: (out, group, _, id, ref) => writePending(out, group, id, ref),
    endPending: (out, { consumers }) => out.size(consumers),
    writeConsumer: (out, group, _, ref, { seenAt, activeAt }, owned) =>
      writeConsumerHead(out, group, ref, seenAt, activeAt, owned?.size ?? 0),
    writeOwned: writeRawId,
  },
};
