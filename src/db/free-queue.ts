/**
 * Memory to give back later: what UNLINK, FLUSHALL ASYNC and expiry leave behind, freed in slices by cron so that no
 * request waits for it (Redis does this in a thread: "lazy freeing").
 */

import type { Dict } from "../memory/dict";
import type { Keyspace } from "./keyspace";

const ENTRIES_A_SLICE = 256;

/** A detached dict whose entries are freed in hash order; `position` says how far that has come. */
interface PendingDict {
  dict: Dict;
  position: number;
}

export class FreeQueue {
  /** Objects freed in the background since the start, and those still waiting. */
  freed = 0;
  private readonly dicts: PendingDict[] = [];

  constructor(private readonly keyspace: Keyspace) {}

  /** Keys (and later: collections) that still wait. */
  get pending(): number {
    let pending = 0;
    for (const { dict } of this.dicts) pending += dict.size;
    return Math.max(0, pending - this.progress);
  }

  /** Whether there is anything to do. */
  get idle(): boolean {
    return this.dicts.length === 0;
  }

  /**
   * Takes over an entry that is no longer in a dict. What one step frees (a string, a small collection) is freed here
   * and now, as queueing it would cost more.
   */
  add(ref: number): void {
    this.keyspace.freeEntry(ref);
  }

  /** Takes over a dict of entries: nobody else refers to it any more. */
  addDict(dict: Dict): void {
    this.dicts.push({ dict, position: 0 });
  }

  /** Frees until the queue is empty or `deadline` (µs of the monotonic clock) has passed. Returns true when empty. */
  run(deadline: number): boolean {
    while (this.dicts.length > 0) {
      if (this.step()) this.dicts.shift();
      if (this.keyspace.clock.monotonic() >= deadline) break;
    }
    return this.idle;
  }

  /** Entries freed of the dict at the head of the queue. */
  private progress = 0;

  private step(): boolean {
    const head = this.dicts[0];
    head.position = head.dict.scan(head.position, ENTRIES_A_SLICE, this.freeEntry);
    if (head.position !== 0) return false;
    head.dict.destroy();
    this.progress = 0;
    return true;
  }

  private readonly freeEntry = (ref: number): void => {
    this.keyspace.freeEntry(ref);
    this.progress++;
    this.freed++;
  };
}
