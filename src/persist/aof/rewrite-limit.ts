/**
 * Rewrites that fail one after the other are tried less and less often: each leaves an increment behind. From the third
 * on the next has to wait for a minute, then for two, four and so on, for an hour at most.
 */

import type { Logger } from "../../admin/process/logger";

const THRESHOLD = 3;
const MINUTES_MAX = 60;

export class RewriteLimit {
  private minutes = 0;
  /** Seconds since the epoch; 0: none is set. */
  private nextAt = 0;

  constructor(private readonly log: Logger) {}

  /** Whether a rewrite has to wait, after so many failures, at a time in seconds since the epoch. */
  applies(failures: number, now: number): boolean {
    if (failures < THRESHOLD) {
      this.minutes = 0;
      this.nextAt = 0;
      return false;
    }
    if (this.nextAt !== 0) {
      if (now < this.nextAt) return true;
      this.nextAt = 0;
      return false;
    }
    this.minutes = Math.min(this.minutes === 0 ? 1 : this.minutes * 2, MINUTES_MAX);
    this.nextAt = now + this.minutes * 60;
    this.log.warning(
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.minutes} minutes`,
    );
    return true;
  }
}
