/** Who has to hear of changes of a consumer group before they happen. A snapshot is one. */

import type { StreamId } from "../util/stream-id";

/** None of these changes the group, and none throws. */
export interface GroupGuard {
  /** The entry with this ID is about to become pending. */
  adding(id: StreamId): void;
  /** What is known of the pending entry at `ref` is about to be changed. */
  changing(id: StreamId, ref: number): void;
  /** The pending entry at `ref` is about to be removed. True: the guard takes its block over. */
  removing(id: StreamId, ref: number): boolean;
  /** The times of a consumer are about to be changed. */
  changingConsumer(consumer: number): void;
  /** A consumer, none of whose entries is pending, is about to be removed. True: the guard takes its block over. */
  removingConsumer(consumer: number): boolean;
  /** The group is in no stream any more: the guard takes it over. */
  detached(): void;
}
