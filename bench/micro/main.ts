/**
 * `bun run bench:micro [options] [name …]`: the server's parts, measured alone with mitata.
 *
 * Every case does a known number of operations over data from a fixed seed, and returns a number that depends on its
 * results. Before anything is measured each case runs a fixed number of times: the checksum of what that returned is
 * printed, and tells whether two versions still compute the same.
 */

import { cpus } from "node:os";
import { do_not_optimize, measure } from "mitata";
import { type MicroCase, mix, SEED, type Sizes, type Suite } from "./case";
import { integerSuite } from "./integers";
import { parserSuite } from "./parser";
import { dictSuite, hashSuite, heapSuite } from "./store";
import { writerSuite } from "./writer";

const SUITES: Readonly<Record<string, Suite>> = {
  parser: parserSuite,
  writer: writerSuite,
  hash: hashSuite,
  dict: dictSuite,
  heap: heapSuite,
  integers: integerSuite,
};

const FULL: Sizes = { dict: [1000, 1_000_000], blocks: 100_000 };
const SMOKE: Sizes = { dict: [1000, 10_000], blocks: 1000 };

const CHECKSUM_RUNS = 3;
const README = `${import.meta.dir}/../README.md`;
const BEGIN = "<!-- bench:micro begin -->";
const END = "<!-- bench:micro end -->";

const HELP = `bun run bench:micro [options] [name ...]

  name        suites (${Object.keys(SUITES).join(", ")}) or parts of the names of cases; default: all
  --smoke     a tiny run without measuring: does everything work
  --write     put the tables into bench/README.md
`;

interface Row {
  readonly suite: string;
  readonly name: string;
  /** ns an operation. */
  readonly average: number;
  readonly p99: number;
  /** MB a second, NaN where it is of no interest. */
  readonly throughput: number;
}

function wanted(names: readonly string[], suite: string, name: string): boolean {
  return names.length === 0 || names.some((each) => each === suite || name.includes(each));
}

async function measured(suite: string, each: MicroCase): Promise<Row> {
  const stats = await measure(() => do_not_optimize(each.run()));
  return {
    suite,
    name: each.name,
    average: stats.avg / each.operations,
    p99: stats.p99 / each.operations,
    throughput: each.bytes === undefined ? Number.NaN : (each.bytes / stats.avg) * 1000,
  };
}

function figures(row: Row): string[] {
  const digits = (value: number): string => value.toFixed(value < 100 ? 1 : 0);
  const throughput = Number.isNaN(row.throughput) ? "" : row.throughput.toFixed(0);
  return [row.name, digits(row.average), digits(row.p99), throughput];
}

const HEADINGS = ["", "ns", "p99", "MB/s"];

function print(row: Row): void {
  const [name, ...numbers] = figures(row);
  console.log(`  ${name.padEnd(46)}${numbers.map((number) => number.padStart(10)).join("")}`);
}

function markdown(rows: readonly Row[]): string {
  const lines = [
    `${cpus()[0]?.model ?? "unknown processor"}, Bun ${Bun.version}, ${process.platform} ${process.arch}.`,
  ];
  for (const suite of new Set(rows.map((row) => row.suite))) {
    lines.push("", `| ${suite}${HEADINGS.join(" | ")} |`, "|---|---:|---:|---:|");
    for (const row of rows) if (row.suite === suite) lines.push(`| ${figures(row).join(" | ")} |`);
  }
  return lines.join("\n");
}

async function writeReadme(rows: readonly Row[]): Promise<void> {
  const before = await Bun.file(README).text();
  const from = before.indexOf(BEGIN);
  const to = before.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${README} has no place for the results`);
  await Bun.write(README, `${before.slice(0, from + BEGIN.length)}\n\n${markdown(rows)}\n\n${before.slice(to)}`);
}

async function main(args: readonly string[]): Promise<number> {
  const options = args.filter((arg) => arg.startsWith("-"));
  const unknown = options.filter((option) => option !== "--smoke" && option !== "--write");
  if (unknown.length > 0) {
    console.log(HELP);
    return options.includes("--help") ? 0 : 1;
  }
  const smoke = options.includes("--smoke");
  const names = args.filter((arg) => !arg.startsWith("-"));
  const rows: Row[] = [];
  let checksum = 0;
  let cases = 0;
  for (const [suite, casesOf] of Object.entries(SUITES)) {
    let first = true;
    for (const each of casesOf(smoke ? SMOKE : FULL)) {
      if (!wanted(names, suite, each.name)) continue;
      cases++;
      for (let i = 0; i < CHECKSUM_RUNS; i++) checksum = mix(checksum, each.run());
      if (smoke) continue;
      if (first)
        console.log(
          `${suite.padEnd(48)}${HEADINGS.slice(1)
            .map((heading) => heading.padStart(10))
            .join("")}`,
        );
      first = false;
      const row = await measured(suite, each);
      rows.push(row);
      print(row);
    }
  }
  console.log(`${cases} cases, seed ${SEED}, checksum ${checksum.toString(16).padStart(8, "0")}`);
  if (options.includes("--write") && !smoke) await writeReadme(rows);
  return cases > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
