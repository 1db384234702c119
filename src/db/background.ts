/**
 * Background work on the data set: expiry, lazy freeing, compaction, and giving memory back to the system. All of it
 * comes in slices of about a millisecond, so that no request waits longer for it. While there is something to do it
 * takes about a quarter of the time, and two thirds when memory waits to be freed or given back (slices of two
 * milliseconds): that ends sooner, and helps everybody.
 */

import type { Compaction } from "./compaction";
import type { ExpireCycle } from "./expire-cycle";
import type { Keyspace } from "./keyspace";

/** Length of a slice, µs. */
const SLICE_MICROS = 1000;
/** Pause between slices while there is more to do, ms. */
const PAUSE_MS = 3;
/** Both while memory waits to be freed. */
const FREEING_SLICE_MICROS = 2000;
const FREEING_PAUSE_MS = 1;
/** Memory given back to the system in one slice at the most, and between two looks at the clock, bytes. */
const PURGE_BYTES = 4 * 1024 * 1024;
const PURGE_STEP_BYTES = 512 * 1024;

export class Background {
  private timer: Timer | null = null;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly expireCycle: ExpireCycle,
    private readonly compaction: Compaction,
  ) {}

  /** Starts a slice unless one is due anyway. Called by cron. */
  wake(): void {
    if (this.timer === null) this.slice();
  }

  /** Cancels what is due. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private slice(): void {
    this.timer = null;
    if (!this.work()) return;
    const { free, heap } = this.keyspace;
    const pause = free.idle && heap.dirtyBytes === 0 ? PAUSE_MS : FREEING_PAUSE_MS;
    this.timer = setTimeout(() => this.slice(), pause);
  }

  /** One slice; true while there is more to do. */
  private work(): boolean {
    const { keyspace } = this;
    const start = keyspace.clock.monotonic();
    const deadline = start + SLICE_MICROS;
    let more = this.expireCycle.run(deadline);
    if (!keyspace.free.idle) more = !keyspace.free.run(start + FREEING_SLICE_MICROS) || more;
    more = this.compaction.run(deadline) || more;
    // Pages that the free queue is about to add to are better given back in one go.
    if (keyspace.heap.dirtyBytes > 0 && keyspace.free.idle) more = this.purge(start + FREEING_SLICE_MICROS) || more;
    return more;
  }

  /** Gives some memory back to the system. Returns true if there was any. */
  private purge(deadline: number): boolean {
    const { clock, heap } = this.keyspace;
    let purged = 0;
    while (purged < PURGE_BYTES) {
      const bytes = heap.purge(PURGE_STEP_BYTES);
      purged += bytes;
      if (bytes === 0 || clock.monotonic() >= deadline) break;
    }
    return purged > 0;
  }
}
