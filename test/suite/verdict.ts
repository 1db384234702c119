/** Compares a unit's result with what is expected of it. */

import type { UnitExpectation } from "./expected";
import type { UnitResult } from "./parser";

/** Lines that say what is not as expected; empty when everything is. */
export function judge(result: UnitResult, expected: UnitExpectation | undefined): string[] {
  const fails = expected?.fails ?? {};
  const skips = expected?.skips ?? {};
  const failed = new Set(result.failed.map((failure) => failure.name));
  const problems: string[] = [];
  for (const failure of result.failed) {
    if (!(failure.name in fails)) problems.push(`fails unexpectedly: ${failure.name}\n${indent(failure.details)}`);
  }
  for (const name of Object.keys(fails)) {
    // A name that several tests share is expected to fail at least once.
    if (!failed.has(name) && result.passed.includes(name)) problems.push(`is expected to fail and passes: ${name}`);
    else if (!failed.has(name)) problems.push(`is expected to fail and did not run: ${name}`);
  }
  for (const name of Object.keys(skips)) {
    if (!result.skipped.includes(name)) problems.push(`is to be left out and is not in the unit: ${name}`);
  }
  for (const name of result.skipped) {
    if (!(name in skips)) problems.push(`was left out without being named: ${name}`);
  }
  if (expected !== undefined && result.passed.length < expected.passes) {
    problems.push(`${result.passed.length} tests passed, at least ${expected.passes} are expected to`);
  }
  return problems;
}

function indent(text: string): string {
  return text
    .split("\n")
    .slice(0, 12)
    .map((line) => `    ${line}`)
    .join("\n");
}
