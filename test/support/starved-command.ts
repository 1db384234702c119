/** Commands for which the heap has no memory, at each of their allocations in turn. */

import { expect } from "bun:test";
import { withFailure } from "./failing-heap";
import { bytesInUse } from "./heap-account";
import type { InProcess } from "./in-process";
import type { Reply } from "./reply";

/** A command that is run with each of its allocations failing. */
export interface StarvedCommand {
  /** What a failed test shows. */
  readonly name: string;
  /** The server before the command: a new one, or one that is emptied and filled again. */
  readonly prepare: () => InProcess;
  readonly run: (redbun: InProcess) => Reply;
  /** Looks at what there is after an allocation has failed. */
  readonly check: (reply: Reply, redbun: InProcess, failing: number) => void;
}

/**
 * Runs a command again and again, each time with another of its allocations failing, until it needs no more. Whether it
 * was refused or not, what is in use of the heap must be what the keyspace reaches. Returns how many allocations failed.
 */
export function starve({ name, prepare, run, check }: StarvedCommand): number {
  for (let failing = 1; ; failing++) {
    const redbun = prepare();
    const { heap, free } = redbun.keyspace;
    const { result, starved } = withFailure(heap, failing, () => run(redbun));
    free.run(Number.POSITIVE_INFINITY);
    // Asked first, as in expectNoLeak().
    const inUse = bytesInUse(redbun.keyspace);
    expect([name, failing, heap.usedBytes]).toEqual([name, failing, inUse]);
    if (!starved) return failing - 1;
    check(result, redbun, failing);
  }
}
