/** The longest of many steps, by the wall clock and by the processor time of this thread. */

import { readThreadCounts, type ThreadCounts, threadNanos } from "./thread-usage";

const noCounts = (): ThreadCounts => ({ faults: 0, waits: 0, preemptions: 0 });

/** The longest of many steps. */
export class Longest {
  /** Steps that take so many ns, whatever the machine does meanwhile, are shown one by one. */
  static slowNanos = Number.POSITIVE_INFINITY;

  steps = 0;
  wallNanos = 0;
  threadNanos = 0;
  /** The longest of those during which the processor was not taken from this thread. */
  undisturbedNanos = 0;
  private readonly before = noCounts();
  private readonly after = noCounts();

  time(step: () => void): void {
    const { before, after } = this;
    readThreadCounts(before);
    const wallStart = Bun.nanoseconds();
    const threadStart = threadNanos();
    step();
    const thread = threadNanos() - threadStart;
    const wall = Bun.nanoseconds() - wallStart;
    readThreadCounts(after);
    this.threadNanos = Math.max(this.threadNanos, thread);
    this.wallNanos = Math.max(this.wallNanos, wall);
    const undisturbed = after.preemptions === before.preemptions ? wall : 0;
    this.undisturbedNanos = Math.max(this.undisturbedNanos, undisturbed);
    if (thread >= Longest.slowNanos || undisturbed >= Longest.slowNanos) this.show(wall, thread);
    this.steps++;
  }

  private show(wall: number, thread: number): void {
    const { before, after } = this;
    const since = (name: keyof ThreadCounts): number => after[name] - before[name];
    console.error(
      `  step ${this.steps}: ${millis(wall)} ms, ${millis(thread)} of the processor, ${since("faults")} page faults, ` +
        `${since("waits")} waits, ${since("preemptions")} preemptions`,
    );
  }
}

export const millis = (nanos: number): string => (nanos / 1e6).toFixed(2);
