/** The crash test in short: `bun run test:crash` is the long one (test/crash). */

import { expect, test } from "bun:test";
import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { CrashTest, POLICIES, type Round } from "../crash/crash";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";

const LIMIT_MS = 120_000;

/** A moment of each sort; each policy gets two. */
const MOMENTS = [
  "after some writes",
  "during a rewrite",
  "as the new base gets its name",
  "during the start",
  "as history is removed",
  "during a save",
];

test(
  `killed ${MOMENTS.length} times, everything acknowledged is there`,
  async () => {
    const seed = seedFromEnvironment(7);
    using crash = new CrashTest(new Random(seed));
    const rounds: Round[] = [];
    for (const [i, moment] of MOMENTS.entries()) rounds.push(await crash.run(POLICIES[i % POLICIES.length], moment));
    const acknowledged = rounds.reduce((sum, round) => sum + round.acknowledged, 0);
    console.log(`crash: REDBUN_SEED=${seed}, ${MOMENTS.length} kills, ${acknowledged} writes acknowledged and there`);
    expect(acknowledged).toBeGreaterThan(100);
  },
  LIMIT_MS,
);

test(
  "what is missing is noticed",
  async () => {
    using crash = new CrashTest(new Random(1));
    const lost = crash.run("no", "after some writes", (folder) => {
      const last = readdirSync(folder)
        .filter((name) => name.endsWith(".incr.aof"))
        .map((name) => join(folder, name))
        .filter((path) => statSync(path).size > 0)
        .at(-1) as string;
      truncateSync(last, Math.floor(statSync(last).size / 2));
    });
    await expect(lost).rejects.toThrow(
      /were acknowledged|no number of writes leaves|kind \d+ after|truncated file is not the last/,
    );
  },
  LIMIT_MS,
);
