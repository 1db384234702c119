/**
 * Compaction of the index: dict segments grow through many block sizes, and leave slabs of the sizes behind them half
 * empty. As nothing but the directory refers to a segment, moving one costs a copy of 4 KiB at most; cron does it in
 * slices while more than a few percent of the heap is unused.
 *
 * Entries are not moved: what their slabs leave unused stays so, and is no reason for a pass every second.
 */

import type { Heap } from "../memory/heap";
import type { Keyspace } from "./keyspace";

/** Compaction starts above this share of unused slab memory, once there is an amount worth the work. */
const FRAGMENTATION_MIN = 0.03;
const BYTES_MIN = 4 * 1024 * 1024;
/** A pass that gains less than this is not repeated before there is more to gain. */
const GAIN_MIN = 1024 * 1024;
const SEGMENTS_A_STEP = 16;

export class Compaction {
  private active = false;
  private database = 0;
  private position = 0;
  /** Unused bytes when the pass began. */
  private before = 0;
  /** Unused bytes that a pass in vain left, or less if there were less since. */
  private left = 0;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly heap: Heap,
  ) {}

  /** Begins a pass over all databases if there is enough to gain. Called about once a second. */
  consider(): void {
    if (this.active) return;
    const { unused } = this;
    this.left = Math.min(this.left, unused);
    if (unused - this.left < BYTES_MIN || this.heap.fragmentation < FRAGMENTATION_MIN) return;
    this.before = unused;
    this.active = true;
    this.database = 0;
    this.position = 0;
  }

  /** Bytes of slabs and spans that are in no block. */
  private get unused(): number {
    return this.heap.committedBytes - this.heap.usedBytes;
  }

  /** Works until `deadline` (µs of the monotonic clock). Returns true while the pass is not finished. */
  run(deadline: number): boolean {
    while (this.active && this.keyspace.clock.monotonic() < deadline) {
      for (let i = 0; i < SEGMENTS_A_STEP && this.active; i++) this.step();
    }
    return this.active;
  }

  private readonly move = (block: number): number => this.heap.relocate(block);

  private step(): void {
    const { databases } = this.keyspace;
    if (this.database >= databases.length) {
      this.active = false;
      if (this.before - this.unused < GAIN_MIN) this.left = this.unused;
      return;
    }
    this.position = databases[this.database].index.moveSegment(this.position, this.move);
    if (this.position === 0) this.database++;
  }
}
