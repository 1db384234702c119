/**
 * Memory to give back later: what FLUSHALL ASYNC, UNLINK and the removal of any large collection leave behind, freed in
 * slices by cron so that no request waits for it (Redis does this in a thread: "lazy freeing").
 *
 * A dict of keys is taken apart segment by segment: its elements' entries are freed and then the segment itself, so
 * memory comes back evenly and the last step is no longer than the others. Their larger values join the queue. A value is
 * taken apart by its type, see ValueReleaser.
 */

import type { Dict } from "../memory/dict";
import type { Keyspace } from "./keyspace";

/** A value that no entry refers to any more. */
interface PendingValue {
  readonly type: number;
  readonly encoding: number;
  readonly root: number;
  /** Whether it counts as freed lazily: a command that is not lazy leaves its large values here, too. */
  readonly lazy: boolean;
}

export class FreeQueue {
  /** Objects freed in the background since the start (or CONFIG RESETSTAT). */
  freed = 0;
  /** Detached dicts of entries. */
  private readonly dicts: Dict[] = [];
  private readonly values: PendingValue[] = [];

  constructor(private readonly keyspace: Keyspace) {}

  /** Objects that still wait: the elements of dicts, and values. */
  get pending(): number {
    let pending = this.values.length;
    for (const dict of this.dicts) pending += dict.size;
    return pending;
  }

  /** Whether there is nothing to do. */
  get idle(): boolean {
    return this.dicts.length === 0 && this.values.length === 0;
  }

  /** Takes over a value: nobody else refers to it any more. `lazy`: it counts in lazyfreed_objects. */
  addValue(type: number, encoding: number, root: number, lazy: boolean): void {
    this.values.push({ type, encoding, root, lazy });
  }

  /** Takes over a dict of entries: nobody else refers to it any more. */
  addDict(dict: Dict): void {
    this.dicts.push(dict);
  }

  /** Empties a dict of entries before this returns; it can be used on. */
  freeNow(dict: Dict): void {
    dict.clear((ref) => this.keyspace.freeEntryNow(ref));
  }

  /** Frees until the queue is empty or `deadline` (µs of the monotonic clock) has passed. Returns true when empty. */
  run(deadline: number): boolean {
    while (!this.idle) {
      this.step();
      if (this.keyspace.clock.monotonic() >= deadline) break;
    }
    return this.idle;
  }

  /** Frees a few hundred elements at most; there must be something to free. */
  step(): void {
    if (this.values.length > 0) this.releaseValue();
    else this.drainDict();
  }

  private releaseValue(): void {
    const { type, encoding, root, lazy } = this.values[this.values.length - 1];
    if (!this.keyspace.releaser(type).release(root, encoding)) return;
    this.values.pop();
    if (lazy) this.freed++;
  }

  private drainDict(): void {
    const dict = this.dicts[0];
    const before = dict.size;
    const empty = dict.drain(this.freeEntry);
    this.freed += before - dict.size;
    if (empty) this.dicts.shift();
  }

  // The part of a dict that is freed in one step may hold hundreds of collections: all but small ones have their own steps.
  // They are counted with the elements of the dict.
  private readonly freeEntry = (ref: number): void => this.keyspace.freeEntryLater(ref, false);
}
