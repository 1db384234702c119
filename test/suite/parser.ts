/**
 * Reads what the runtest script of Redis's suite prints, one event a line, with the details of a failure on the lines
 * after it:
 *
 *   [ok]: NAME (12 ms)
 *   [err]: NAME in tests/unit/x.tcl
 *   Expected '1' to be equal to '2' (context: ...)
 *   [skip]: NAME            left out by --skiptest
 *   [ignore]: NAME: reason  left out by a tag
 *   [exception]: ...        the unit ended early
 *   [TIMEOUT]: ...          no test finished for too long; what was running is on the lines after it
 *
 * An error outside a test ends its start_server block and has no name: it is reported as OUTSIDE.
 */

/** The name of a failure that belongs to no test. */
export const OUTSIDE = "(outside a test)";
/** The name of what ended a unit early. */
export const ABORTED = "(the unit ended early)";

export interface Failure {
  readonly name: string;
  readonly details: string;
}

export interface UnitResult {
  readonly unit: string;
  /** Names of tests that passed, in order; a name can be there twice. */
  readonly passed: string[];
  readonly failed: Failure[];
  /** Left out by name. */
  readonly skipped: string[];
  /** Left out by a tag (they need a lot of memory, or another mode). */
  readonly ignored: string[];
}

const EVENT = /^\[([a-z]+|TIMEOUT)\]: (.*)$/;
const COLOUR = /\x1b\[[0-9;]*m/g;

/** The result of one unit from the whole output of its run and the exit code of runtest. */
export function parseSuiteOutput(unit: string, output: string, exitCode: number): UnitResult {
  const result: UnitResult = { unit, passed: [], failed: [], skipped: [], ignored: [] };
  const lines = output.replace(COLOUR, "").split("\n");
  // The summary at the end repeats every failure.
  const end = lines.findIndex((line) => line.trim() === "The End");
  const body = end < 0 ? lines : lines.slice(0, end);
  for (let i = 0; i < body.length; i++) {
    const event = EVENT.exec(body[i]);
    if (event === null) continue;
    let next = i + 1;
    while (next < body.length && !isEvent(body[next])) next++;
    addEvent(
      result,
      event[1],
      event[2],
      body
        .slice(i + 1, next)
        .join("\n")
        .trim(),
    );
  }
  const finished = end >= 0 && result.passed.length + result.failed.length > 0;
  if (!finished && !result.failed.some((failure) => failure.name === ABORTED)) {
    result.failed.push({ name: ABORTED, details: `exit code ${exitCode}\n${lines.slice(-20).join("\n")}` });
  }
  return result;
}

function addEvent(result: UnitResult, event: string, text: string, details: string): void {
  switch (event) {
    case "ok":
      result.passed.push(text.replace(/ \(\d+ ms\)$/, ""));
      break;
    case "err": {
      const named = /^(.*) in tests\/\S+\.tcl$/s.exec(text);
      if (named !== null) result.failed.push({ name: named[1], details });
      else result.failed.push({ name: OUTSIDE, details: `${text}\n${details}` });
      break;
    }
    case "skip":
      result.skipped.push(text);
      break;
    case "ignore":
      result.ignored.push(text);
      break;
    case "exception":
    case "TIMEOUT":
      result.failed.push({ name: ABORTED, details: `${text}\n${details}` });
      break;
  }
}

function isEvent(line: string): boolean {
  return EVENT.test(line) || /^\[\d+\/\d+ done\]/.test(line) || /^Testing /.test(line) || /^Logged crash/.test(line);
}
