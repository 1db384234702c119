/** The reading and judging of what Redis's suite prints. The suite itself runs with `bun run test:redis-suite`. */

import { describe, expect, test } from "bun:test";
import { EXPECTED, UNITS } from "./expected";
import { ABORTED, OUTSIDE, parseSuiteOutput } from "./parser";
import { judge } from "./verdict";

const OUTPUT = `Starting test server at port 21079
[ready]: 123
Testing unit/some
[ok]: SET and GET (1 ms)
[ok]: a name (with brackets) (12 ms)
[skip]: left out
[ignore]: needs much: large memory flag not provided
[\x1b[0;31;49merr\x1b[0m]: INCR fails in tests/unit/some.tcl
Expected '1' to be equal to '2' (context: type eval)
second line
[err]: ommand 'nosuch', with args
    while executing
"r nosuch"
[1/1 done]: unit/some (2 seconds)

                   The End

Execution time of different units:
  2 seconds - unit/some

!!! WARNING The following tests failed:

*** [err]: INCR fails in tests/unit/some.tcl
Expected
`;

describe("the suite's output", () => {
  const result = parseSuiteOutput("unit/some", OUTPUT, 1);

  test("is read into passed, failed, skipped and ignored", () => {
    expect(result.passed).toEqual(["SET and GET", "a name (with brackets)"]);
    expect(result.skipped).toEqual(["left out"]);
    expect(result.ignored).toEqual(["needs much: large memory flag not provided"]);
    expect(result.failed.map((failure) => failure.name)).toEqual(["INCR fails", OUTSIDE]);
    expect(result.failed[0].details).toContain("second line");
    expect(result.failed[1].details).toContain('"r nosuch"');
  });

  test("that breaks off is a failure", () => {
    const cut = OUTPUT.slice(0, OUTPUT.indexOf("[skip]"));
    expect(parseSuiteOutput("unit/some", cut, 1).failed.map((failure) => failure.name)).toEqual([ABORTED]);
    expect(parseSuiteOutput("unit/some", "", 0).failed.map((failure) => failure.name)).toEqual([ABORTED]);
    const stuck = `${cut}[TIMEOUT]: clients state report follows.\nsock5 => (IN PROGRESS) BLPOP\n`;
    expect(parseSuiteOutput("unit/some", stuck, 1).failed[0].details).toContain("IN PROGRESS");
  });

  test("is judged by what is expected", () => {
    const fails = { "INCR fails": "a reason", [OUTSIDE]: "a reason" };
    const skips = { "left out": "a reason" };
    expect(judge(result, { passes: 2, fails, skips })).toEqual([]);
    expect(judge(result, undefined)).toHaveLength(3);
    expect(judge(result, { passes: 3, fails, skips })).toEqual(["2 tests passed, at least 3 are expected to"]);
    expect(judge(result, { passes: 2, fails: { ...fails, "SET and GET": "" }, skips })[0]).toContain("passes: SET");
    expect(judge(result, { passes: 2, fails: { ...fails, gone: "" }, skips })[0]).toContain("did not run: gone");
    expect(judge(result, { passes: 2, fails, skips: { ...skips, gone: "" } })[0]).toContain("not in the unit: gone");
  });
});

test("expectations are for units that run", () => {
  for (const unit of Object.keys(EXPECTED)) expect(UNITS as readonly string[]).toContain(unit);
});
