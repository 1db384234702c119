/**
 * `bun run bench:steps [--smoke] [--slow ms] [name …]`: how long the server is busy with one thing at the most. --slow
 * prints each step that took so long.
 *
 * The server has one thread, so whatever takes long keeps everybody waiting: the longest single step is what counts, not
 * the average. Here the server runs in this process, without sockets, and every command and every slice of background
 * work is timed alone: by the wall clock, and by the processor time of this thread. Both together tell a stall of the
 * server from one of the machine: a step from which the processor was taken says nothing by its wall time, and one from
 * which it was not shows what the thread waited for as well (a page, a lock, the garbage collector).
 *
 * Collections are filled one element at a time, across every conversion and split on the way, and then removed in each of
 * the ways that there are.
 */

import { parseArgs } from "node:util";
import { headComment } from "../../test/support/head-comment";
import { Longest, millis } from "./longest";
import { FULL, GROUPS, SMOKE } from "./scenarios";

const { values, positionals } = parseArgs({
  args: Bun.argv.slice(2),
  options: {
    smoke: { type: "boolean", default: false },
    slow: { type: "string" },
    help: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const known = Object.keys(GROUPS);
if (values.help) {
  console.log(`${headComment(import.meta.path)}\n\nNames: ${known.join(", ")}`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(", ")}: ${known.join(", ")}`);
if (values.slow !== undefined) Longest.slowNanos = Number(values.slow) * 1e6;

console.log(
  "| one step of | steps | longest, processor ms | wall ms, not preempted | wall ms |\n|---|---|---|---|---|",
);
for (const [name, rows] of Object.entries(GROUPS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  for (const { name: what, longest } of rows(values.smoke ? SMOKE : FULL)) {
    const { steps, undisturbedNanos, wallNanos } = longest;
    console.log(
      `| ${what} | ${steps} | ${millis(longest.threadNanos)} | ${millis(undisturbedNanos)} | ${millis(wallNanos)} |`,
    );
  }
}
process.exit(0);
