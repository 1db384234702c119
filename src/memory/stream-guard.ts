/** Who has to hear of changes of the nodes of a stream before they happen. A snapshot is one. */

import type { StreamId } from "../util/stream-id";

/** Neither of these changes the stream, and neither throws. */
export interface StreamGuard {
  /** The node with this master ID, at `ref`, is about to be changed. */
  changing(masterId: StreamId, ref: number): void;
  /** The node with this master ID, at `ref`, is about to be removed. True: the guard takes it over. */
  removing(masterId: StreamId, ref: number): boolean;
}
