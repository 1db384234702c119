/** oom-score-adj: how readily the kernel ends this process when memory runs out (Linux). */

import { readFileSync, writeFileSync } from "node:fs";
import { strerror } from "../../util/strerror";
import type { Config } from "../config/config";
import type { Logger } from "./logger";

const PATH = "/proc/self/oom_score_adj";
const LIMIT = 1000;

export class OomScore {
  /** What the score was before we changed it, or null while it is not changed. */
  private original: number | null = null;

  constructor(
    private readonly config: Config,
    private readonly log: Logger,
  ) {}

  /** Applies the configuration, or puts the original score back. Returns false where the kernel refuses. */
  apply(): boolean {
    const { oomScoreAdj, oomScoreAdjValues } = this.config;
    if (oomScoreAdj === "no" && this.original === null) return true;
    const original = this.original ?? this.read();
    if (original === null) return false;
    this.original = oomScoreAdj === "no" ? null : original;
    if (oomScoreAdj === "no") return this.write(original);
    // "yes" is what "relative" is kept as.
    const score = oomScoreAdjValues[0] + (oomScoreAdj === "absolute" ? 0 : original);
    return this.write(Math.max(-LIMIT, Math.min(LIMIT, score)));
  }

  private read(): number | null {
    try {
      return Number(readFileSync(PATH, "latin1"));
    } catch (error) {
      this.log.warning(`Unable to read oom_score_adj: ${strerror(error)}`);
      return null;
    }
  }

  private write(score: number): boolean {
    try {
      writeFileSync(PATH, `${score}\n`);
      return true;
    } catch (error) {
      this.log.warning(`Unable to write oom_score_adj: ${strerror(error)}`);
      return false;
    }
  }
}
