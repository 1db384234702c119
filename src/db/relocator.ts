/** Moves blocks out of sparse slabs, a limited number at a time, and counts: what defragmentation is made of. */

import type { Heap } from "../memory/heap";
import { StreamId } from "../util/stream-id";

/** Slabs that are fuller than this are left alone. */
const DENSE_SLAB = 0.97;

/** Blocks looked at between two looks at the clock. */
const BLOCKS_A_STEP = 256;

/** How far the blocks of one value have been gone through: what a ValueMover remembers from step to step. */
export class MoveCursor {
  /** Which part of the value is next, 0 at the beginning. */
  phase = 0;
  /** A position in it: of hash space, a rank, a slot. */
  position = 0;
  /** A second one. */
  slot = 0;
  /** The root of the value, where that matters. */
  root = 0;
  readonly id = new StreamId();

  reset(): void {
    this.phase = 0;
    this.position = 0;
    this.slot = 0;
    this.root = 0;
    this.id.setMin();
  }
}

/** How the values of a type are moved, block by block. */
export interface ValueMover {
  /** Blocks of the value of an entry, about. */
  blocks(entry: number): number;
  /**
   * Goes on with the value of an entry: moves its blocks until the relocator has no `more`, and sees to it that whatever
   * refers to them is told. The value may have changed since the last step, and be another one: only what it is now
   * counts. Returns true at the end.
   */
  step(entry: number, cursor: MoveCursor, relocator: Relocator): boolean;
}

export class Relocator {
  /** Blocks moved, and blocks that stayed. */
  hits = 0;
  misses = 0;
  private left = 0;

  constructor(private readonly heap: Heap) {}

  /** Begins a step. */
  begin(): void {
    this.left = BLOCKS_A_STEP;
  }

  /** Ends the step. */
  exhaust(): void {
    this.left = 0;
  }

  /** Lets a block be moved; returns where it is. */
  readonly move = (block: number): number => {
    this.left--;
    const moved = this.heap.relocate(block, DENSE_SLAB);
    if (moved === block) this.misses++;
    else this.hits++;
    return moved;
  };

  /** Whether the step goes on. */
  readonly more = (): boolean => this.left > 0;

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.hits = 0;
    this.misses = 0;
  }
}
