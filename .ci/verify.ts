/**
 * Everything that must hold before a change lands, in one command: `bun run verify`.
 *
 * Installs the pinned tools, type-checks, lints, runs every test and the quick units of Redis's own suite, and runs the
 * benchmarks at their smoke size. Output streams through as it comes; what failed is named again at the end. The last
 * line is `N passed, N failed` (and `, N skipped`): the tests' counts, plus one for each other stage. The exit code is 1
 * when anything failed.
 *
 * It needs no `bun` on PATH (it may have been started through npx): children run the Bun that runs this script, and
 * find it as `bun`.
 */

import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { findFailures } from "./failures";

const ROOT = resolve(import.meta.dir, "..");
const MINUTE_MS = 60_000;

interface Stage {
  readonly name: string;
  /** Arguments of bun. */
  readonly args: readonly string[];
  /** A stage that hangs is ended after this time, and has failed. */
  readonly limitMs: number;
  /** Without this file the stage is skipped, and counted as such; where CI=true it fails instead. */
  readonly needs?: string;
  /** Reads counts out of the output, where the stage is more than one check. */
  readonly count?: (output: string, code: number) => Counts;
  /** Nothing after this stage makes sense when it failed. */
  readonly essential?: boolean;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface StageResult extends Counts {
  /** What failed, with the lines of the output that tell why. */
  readonly failures: readonly string[];
}

/** The sums of the lines ` 12 pass`, ` 0 fail`, ` 3 skip`, ` 1 todo` with which `bun test` ends. */
function countTests(output: string, code: number): Counts {
  const sum = (word: string): number => {
    let total = 0;
    for (const match of output.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\s*$`, "gm"))) total += Number(match[1]);
    return total;
  };
  const passed = sum("pass");
  const failed = sum("fail");
  // A crash, an error outside a test, or no test at all shows in the exit code alone.
  const broken = failed === 0 && (code !== 0 || passed === 0) ? 1 : 0;
  return { passed, failed: failed + broken, skipped: sum("skip") + sum("todo") };
}

const PEERS = resolve(ROOT, process.env.REDBUN_PEERS ?? ".peers");

const STAGES: readonly Stage[] = [
  { name: "install", args: ["install", "--frozen-lockfile"], limitMs: 5 * MINUTE_MS, essential: true },
  { name: "typecheck", args: ["run", "--bun", "typecheck"], limitMs: 3 * MINUTE_MS },
  { name: "lint", args: ["run", "--bun", "lint"], limitMs: 3 * MINUTE_MS },
  { name: "test", args: ["run", "test"], limitMs: 20 * MINUTE_MS, count: countTests },
  {
    name: "redis-suite",
    args: ["run", "test:redis-suite", "--quick"],
    limitMs: 15 * MINUTE_MS,
    needs: join(PEERS, "redis-suite/runtest"),
  },
  { name: "bench:micro", args: ["run", "bench:micro", "--smoke"], limitMs: 2 * MINUTE_MS },
  { name: "bench:steps", args: ["run", "bench:steps", "--smoke"], limitMs: 2 * MINUTE_MS },
  { name: "bench:load", args: ["run", "bench:load", "--smoke"], limitMs: 3 * MINUTE_MS },
];

/** Copies a child's stream to ours as it comes, and returns all of it. */
async function forward(stream: ReadableStream<Uint8Array>, to: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder();
  let all = "";
  for await (const chunk of stream) {
    to.write(chunk);
    all += decoder.decode(chunk, { stream: true });
  }
  return all;
}

async function runStage(stage: Stage, env: Record<string, string | undefined>): Promise<StageResult> {
  if (stage.needs !== undefined && !existsSync(resolve(ROOT, stage.needs))) {
    if (process.env.CI === "true") {
      console.log(`\n== ${stage.name}: FAILED, there is no ${stage.needs}`);
      return { passed: 0, failed: 1, skipped: 0, failures: [`there is no ${stage.needs}`] };
    }
    console.log(`\n== ${stage.name}: SKIPPED, there is no ${stage.needs}`);
    return { passed: 0, failed: 0, skipped: 1, failures: [] };
  }
  console.log(`\n== ${stage.name}: bun ${stage.args.join(" ")}`);
  const started = performance.now();
  const child = Bun.spawn([process.execPath, ...stage.args], {
    cwd: ROOT,
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const watchdog = setTimeout(() => {
    console.log(`\n== ${stage.name}: not done after ${stage.limitMs / MINUTE_MS} minutes, ended`);
    child.kill("SIGKILL");
  }, stage.limitMs);
  const [stdout, stderr, code] = await Promise.all([
    forward(child.stdout, process.stdout),
    forward(child.stderr, process.stderr),
    child.exited,
  ]);
  clearTimeout(watchdog);
  const outcome = code === 0 ? "passed" : "failed";
  console.log(`== ${stage.name}: ${outcome} after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const output = `${stdout}\n${stderr}`;
  const one = code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
  const counts = stage.count?.(output, code) ?? one;
  return { ...counts, failures: counts.failed > 0 ? findFailures(output) : [] };
}

async function main(): Promise<number> {
  // npm names the executable bun.exe on every platform; scripts and tests look for `bun`.
  const bin = mkdtempSync(join(tmpdir(), "redbun-verify-"));
  if (process.platform !== "win32") symlinkSync(process.execPath, join(bin, "bun"));
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const failures: string[] = [];
  try {
    for (const stage of STAGES) {
      const result = await runStage(stage, env);
      passed += result.passed;
      failed += result.failed;
      skipped += result.skipped;
      failures.push(...result.failures.map((failure) => `\n== ${stage.name}: failed\n${failure}`));
      if (stage.essential && result.failed > 0) break;
    }
  } finally {
    rmSync(bin, { recursive: true, force: true });
  }
  for (const failure of failures) console.log(failure);
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
