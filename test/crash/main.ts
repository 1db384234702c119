/**
 * `bun run test:crash [rounds] [--seed n]`: the crash test, long (200 rounds if not said otherwise), over the three
 * policies of appendfsync. Prints a line for each round and figures at the end; the exit code is 1 where an acknowledged
 * write was lost. The folder of a run that failed stays.
 *
 * `REDBUN_TEST_EXECUTABLE=compiled` runs dist/redbun.
 */

import { parseArgs } from "node:util";
import { headComment } from "../support/head-comment";
import { Random } from "../support/random";
import { CrashTest, MOMENT_NAMES, POLICIES, type Round } from "./crash";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(headComment(import.meta.path));
  process.exit(0);
}
const rounds = Number(positionals[0] ?? 200);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`not a number of rounds: ${positionals[0]}`);
const seed = Number(values.seed);

console.log(`${rounds} rounds, --seed ${seed}`);
const test = new CrashTest(new Random(seed));
const done: Round[] = [];
for (let i = 0; i < rounds; i++) {
  const policy = POLICIES[i % POLICIES.length];
  const moment = MOMENT_NAMES[Math.floor(i / POLICIES.length) % MOMENT_NAMES.length];
  const round = await test.run(policy, moment).catch((error: unknown) => {
    console.error(`round ${i + 1} (${policy}, ${moment}), files in ${test.directory}:`, error);
    process.exit(1);
  });
  done.push(round);
  const { acknowledged, unacknowledged, rewrites, saves, torn } = round;
  console.log(
    `${String(i + 1).padStart(4)}  ${policy.padEnd(8)} ${moment.padEnd(30)} ${String(acknowledged).padStart(7)} writes ` +
      `acknowledged and there, ${unacknowledged} more, ${rewrites} rewrites, ${saves} saves${torn ? ", a torn tail" : ""}`,
  );
}
test[Symbol.dispose]();
const total = (figure: (round: Round) => number): number => done.reduce((sum, round) => sum + figure(round), 0);
console.log(
  `\n${rounds} kills: ${total((round) => round.acknowledged)} writes acknowledged, 0 lost; ` +
    `${total((round) => round.rewrites)} rewrites and ${total((round) => round.saves)} saves were complete; ` +
    `${total((round) => (round.torn ? 1 : 0))} torn tails were cut`,
);
