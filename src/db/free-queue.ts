/**
 * Memory to give back later: what FLUSHALL ASYNC and the like leave behind, freed in slices by cron so that no request
 * waits for it (Redis does this in a thread: "lazy freeing").
 *
 * A dict is taken apart segment by segment: its elements' entries are freed and then the segment itself, so memory comes
 * back evenly and the last step is no longer than the others. What a dict still holds is what is pending.
 */

import type { Dict } from "../memory/dict";
import type { Keyspace } from "./keyspace";

/** A detached dict; everything below `position` is freed. */
interface PendingDict {
  readonly dict: Dict;
  position: number;
}

export class FreeQueue {
  /** Objects freed in the background since the start (or CONFIG RESETSTAT). */
  freed = 0;
  private readonly dicts: PendingDict[] = [];

  constructor(private readonly keyspace: Keyspace) {}

  /** Objects that still wait. */
  get pending(): number {
    let pending = 0;
    for (const { dict } of this.dicts) pending += dict.size;
    return pending;
  }

  /** Whether there is nothing to do. */
  get idle(): boolean {
    return this.dicts.length === 0;
  }

  /**
   * Takes over an entry that is no longer in a dict. A string is freed here and now, however long it is: that is a few
   * steps, as the heap gives the pages of a large block back to the system in slices of its own.
   */
  add(ref: number): void {
    this.keyspace.freeEntry(ref);
  }

  /** Takes over a dict of entries: nobody else refers to it any more. */
  addDict(dict: Dict): void {
    this.dicts.push({ dict, position: 0 });
  }

  /** Empties a dict of entries before this returns; it can be used on. */
  freeNow(dict: Dict): void {
    dict.clear(this.freeEntry);
  }

  /** Frees until the queue is empty or `deadline` (µs of the monotonic clock) has passed. Returns true when empty. */
  run(deadline: number): boolean {
    while (this.dicts.length > 0) {
      const head = this.dicts[0];
      const before = head.dict.size;
      head.position = head.dict.drain(head.position, this.freeEntry);
      this.freed += before - head.dict.size;
      if (head.position === 0) this.dicts.shift();
      if (this.keyspace.clock.monotonic() >= deadline) break;
    }
    return this.idle;
  }

  private readonly freeEntry = (ref: number): void => this.keyspace.freeEntry(ref);
}
