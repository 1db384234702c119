/**
 * `bun run test:redis-suite [unit ...] [options]`: Redis 7.0's own Tcl test suite with redbun in redis-server's place.
 *
 * The suite is looked for in $REDBUN_PEERS/redis-suite (default: .peers in the repository) and fetched with
 * .ci/peers.sh where it is missing. It runs in a copy whose src/ folder links redis-server to dist/redbun (built when
 * it is missing or older than the sources) and the tools to those of the system. Each unit is a run of its own, so
 * that one that ends early does not take others with it.
 *
 *   --server PATH     another executable in redis-server's place (to see what real Redis gives)
 *   --all             every unit of the suite instead of the default ones
 *   --quick           leave out the units that take longer than a minute, and give a unit that is not as expected a
 *                     second run: some tests of the suite measure time, on a machine that may be busy
 *   --only NAME       only tests of this name (or /pattern); expectations are not judged. Repeatable
 *   --tls             all connections with TLS (unit/tls always is; needs the package tcl-tls)
 *   --no-skips        run the tests that expected.ts leaves out, too
 *   --list            print the units
 *   --names           print the names of passed tests too
 *   --json PATH       write the results as JSON
 *   --keep            keep the copy of the suite with its servers' logs, and print where it is
 *   --limit SECONDS   how long a unit may go without finishing a test (default 120)
 *   -- ARGS           handed to runtest
 *
 * The exit code is 0 when everything is as expected.ts says.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Glob } from "bun";
import { executable } from "../support/executable";
import { headComment } from "../support/head-comment";
import { PEERS, REPOSITORY } from "../support/server";
import { EXPECTED, SLOW_UNITS, UNITS } from "./expected";
import { parseSuiteOutput, type UnitResult } from "./parser";
import { judge } from "./verdict";
import { speakAs72 } from "./wording";

/** Tools of the system that the suite starts as src/NAME. */
const TOOLS = ["redis-cli", "redis-benchmark", "redis-check-aof", "redis-check-rdb"];
/** The suite looks for free ports from a base; runs side by side start from different ones. */
const BASE_PORT = 20_100;
const PORTS = 160;
const PORT_SLOTS = 50;
/** 7.0 has no listpacks for sets: its suite expects a hash table where 7.2 has one. For redbun alone: 7.0 knows it not. */
const AS_7_0 = ["--config", "set-max-listpack-entries", "0"];
/** Nor for lists, and no directive that makes all of them quicklists: where it expects one, a listpack will do. */
const ASSERT_ENCODING = "proc assert_encoding {enc key} {\n";
const LISTPACK_WILL_DO = '    if {$enc eq "quicklist" && [r object encoding $key] eq "listpack"} { return }\n';

interface Options {
  readonly units: readonly string[];
  readonly server: string | undefined;
  readonly only: readonly string[];
  readonly tls: boolean;
  readonly skips: boolean;
  readonly names: boolean;
  readonly retry: boolean;
  readonly json: string | undefined;
  readonly keep: boolean;
  readonly limit: string;
  readonly rest: readonly string[];
}

let current: ChildProcess | undefined;

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help")) {
    console.log(headComment(import.meta.path));
    return 0;
  }
  const suite = await suiteFolder();
  const options = await parseOptions(argv, suite);
  if (options === undefined) return 0;
  const server = resolve(options.server ?? (await freshExecutable()));
  const work = await copySuite(suite, server);
  if (options.server === undefined) {
    await allowListpacks(work);
    await speakAs72(work);
  }
  if (options.units.some((unit) => usesTls(unit, options))) await makeCertificates(suite, work);
  const results: UnitResult[] = [];
  let problems = 0;
  try {
    for (const unit of options.units) {
      let result = await runUnit(work, unit, options);
      let unexpected = report(result, options);
      if (unexpected > 0 && options.retry) {
        console.log(`${unit}: once more`);
        result = await runUnit(work, unit, options);
        unexpected = report(result, options);
      }
      results.push(result);
      problems += unexpected;
    }
  } finally {
    if (options.keep) console.log(`the copy of the suite is in ${work}`);
    else await rm(work, { recursive: true, force: true });
  }
  if (options.json !== undefined) await Bun.write(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
  summarize(results, problems);
  return problems === 0 ? 0 : 1;
}

async function parseOptions(argv: readonly string[], suite: string): Promise<Options | undefined> {
  const dashes = argv.indexOf("--");
  const { values, positionals } = parseArgs({
    args: dashes < 0 ? [...argv] : argv.slice(0, dashes),
    allowPositionals: true,
    options: {
      server: { type: "string" },
      all: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      tls: { type: "boolean", default: false },
      "no-skips": { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      names: { type: "boolean", default: false },
      json: { type: "string" },
      keep: { type: "boolean", default: false },
      limit: { type: "string", default: "120" },
    },
  });
  const all = positionals.length > 0 ? positionals : values.all ? await allUnits(suite) : [...UNITS];
  const units = values.quick ? all.filter((unit) => !SLOW_UNITS.has(unit)) : all;
  if (values.list) {
    console.log(units.join("\n"));
    return undefined;
  }
  for (const unit of units) {
    if (!existsSync(join(suite, "tests", `${unit}.tcl`))) throw new Error(`the suite has no ${unit}`);
  }
  return {
    units,
    server: values.server,
    only: values.only,
    tls: values.tls,
    skips: !values["no-skips"],
    names: values.names,
    retry: values.quick,
    json: values.json,
    keep: values.keep,
    limit: values.limit,
    rest: dashes < 0 ? [] : argv.slice(dashes + 1),
  };
}

/** The folder of the suite, fetched where it is missing. */
async function suiteFolder(): Promise<string> {
  const folder = join(PEERS, "redis-suite");
  if (existsSync(join(folder, "runtest"))) return folder;
  const script = join(REPOSITORY, ".ci/peers.sh");
  if (!existsSync(script)) throw new Error(`no ${folder}: set REDBUN_PEERS to the folder that holds redis-suite`);
  const fetching = Bun.spawn(["bash", script, "--suite", PEERS], {
    cwd: REPOSITORY,
    stdin: "ignore",
    stdout: 2,
    stderr: 2,
  });
  if ((await fetching.exited) !== 0 || !existsSync(join(folder, "runtest"))) {
    throw new Error("fetching the suite failed");
  }
  return folder;
}

async function allUnits(suite: string): Promise<string[]> {
  const listing = Bun.spawn(["tclsh", "tests/test_helper.tcl", "--list-tests"], { cwd: suite, stdout: "pipe" });
  return (await listing.stdout.text()).split("\n").filter((line) => line !== "");
}

/** dist/redbun, built again when a source file is newer. */
async function freshExecutable(): Promise<string> {
  const path = await executable();
  const builtAt = statSync(path).mtimeMs;
  const sources = [...new Glob("src/**/*.ts").scanSync(REPOSITORY)];
  if (!sources.some((source) => statSync(join(REPOSITORY, source)).mtimeMs > builtAt)) return path;
  const build = Bun.spawn([process.execPath, "run", "build"], { cwd: REPOSITORY, stdout: 2, stderr: 2 });
  if ((await build.exited) !== 0) throw new Error("the build failed");
  return path;
}

async function copySuite(suite: string, server: string): Promise<string> {
  if (!existsSync(server)) throw new Error(`no executable ${server}`);
  const work = await mkdtemp(join(tmpdir(), "redis-suite-"));
  await cp(join(suite, "tests"), join(work, "tests"), { recursive: true });
  await cp(join(suite, "runtest"), join(work, "runtest"));
  await mkdir(join(work, "tests/tmp"), { recursive: true });
  await mkdir(join(work, "src"));
  await symlink(server, join(work, "src/redis-server"));
  for (const tool of TOOLS) {
    const path = Bun.which(tool);
    if (path === null) throw new Error(`${tool} is not on PATH: install the system's redis-tools and redis-server`);
    await symlink(path, join(work, "src", tool));
  }
  return work;
}

async function allowListpacks(work: string): Promise<void> {
  const path = join(work, "tests/support/test.tcl");
  const source = await Bun.file(path).text();
  if (!source.includes(ASSERT_ENCODING)) throw new Error(`${path} has no assert_encoding`);
  await Bun.write(path, source.replace(ASSERT_ENCODING, ASSERT_ENCODING + LISTPACK_WILL_DO));
}

/** The unit that is nothing without TLS. */
const TLS_UNIT = "unit/tls";

function usesTls(unit: string, options: Options): boolean {
  return options.tls || unit === TLS_UNIT;
}

/** The certificates that the suite's own script makes; the parameters, which take it minutes, in a moment. */
async function makeCertificates(suite: string, work: string): Promise<void> {
  await mkdir(join(work, "tests/tls"), { recursive: true });
  for (const command of [
    ["openssl", "dhparam", "-dsaparam", "-out", "tests/tls/redis.dh", "2048"],
    ["bash", join(suite, "utils/gen-test-certs.sh")],
  ]) {
    const child = Bun.spawn(command, { cwd: work, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    const errors = await child.stderr.text();
    if ((await child.exited) !== 0) throw new Error(`${command[0]}: ${errors}`);
  }
}

/** Runs one unit to its end and reads what it printed. */
async function runUnit(work: string, unit: string, options: Options): Promise<UnitResult> {
  const base = BASE_PORT + (process.pid % PORT_SLOTS) * PORTS;
  // --durable: an error reply that a test did not expect fails that test, instead of ending the unit.
  const args = ["--single", unit, "--durable", "--clients", "1", "--dont-clean", "--timeout", options.limit];
  args.push("--baseport", String(base), "--portcount", String(PORTS));
  if (options.server === undefined) args.push(...AS_7_0);
  if (usesTls(unit, options)) args.push("--tls");
  if (options.skips) for (const name of Object.keys(EXPECTED[unit]?.skips ?? {})) args.push("--skiptest", name);
  for (const name of options.only) args.push("--only", name);
  const env = { ...process.env, TERM: "dumb" };
  // A process group of its own, so that an interrupt here ends the suite's servers too.
  const child = spawn("./runtest", [...args, ...options.rest], { cwd: work, env, detached: true });
  current = child;
  let output = "";
  child.stdin?.end();
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString("latin1");
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    output += chunk.toString("latin1");
  });
  const started = performance.now();
  const code = await new Promise<number>((done, failed) => {
    child.on("error", failed);
    child.on("close", (exitCode) => done(exitCode ?? -1));
  });
  endGroup();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${unit}: ran for ${seconds} s`);
  return parseSuiteOutput(unit, output, code);
}

/** Ends whatever the suite left running. */
function endGroup(): void {
  const pid = current?.pid;
  current = undefined;
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The usual case: the group is gone.
  }
}

/** Prints a unit's result; returns how many things were not as expected. */
function report(result: UnitResult, options: Options): number {
  const { unit, passed, failed, skipped, ignored } = result;
  const expected = EXPECTED[unit];
  const counts = `${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped, ${ignored.length} ignored`;
  console.log(`${unit}: ${counts}`);
  if (options.names) for (const name of passed) console.log(`  passed   ${name}`);
  for (const { name, details } of failed) {
    const reason = expected?.fails[name];
    console.log(`  failed   ${name}${reason === undefined ? "" : `  [expected: ${reason}]`}`);
    if (reason === undefined && options.only.length > 0) console.log(details.replace(/^/gm, "           "));
  }
  // A run of chosen tests, or without the skips, says nothing about the expectations.
  if (options.only.length > 0 || !options.skips) return failed.length;
  const problems = judge(result, expected);
  for (const problem of problems) console.log(`  NOT AS EXPECTED: ${problem}`);
  return problems.length;
}

function summarize(results: readonly UnitResult[], problems: number): void {
  const total = (pick: (result: UnitResult) => unknown[]) => results.reduce((sum, each) => sum + pick(each).length, 0);
  console.log(`\n${"unit".padEnd(28)}  passed  failed  skipped  ignored`);
  const row = (name: string, counts: readonly number[]) =>
    `${name.padEnd(28)}  ${counts.map((count, i) => String(count).padStart([6, 6, 7, 7][i])).join("  ")}`;
  for (const { unit, passed, failed, skipped, ignored } of results) {
    console.log(row(unit, [passed.length, failed.length, skipped.length, ignored.length]));
  }
  const sums = [total((r) => r.passed), total((r) => r.failed), total((r) => r.skipped), total((r) => r.ignored)];
  console.log(row("total", sums));
  console.log(problems === 0 ? "\nall as expected" : `\n${problems} not as expected`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    endGroup();
    process.exit(130);
  });
}
process.exit(await main(process.argv.slice(2)));
