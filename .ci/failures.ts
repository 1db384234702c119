/**
 * What a person wants to know of a failed run, found in pages of output: repeated at the end of `bun run verify`, where
 * it is still on the screen and in the tail that a CI service keeps.
 */

/** Lines before the one that names a failed test: the error, where it was thrown, what was expected. */
const LINES_BEFORE = 14;
/** Failures that are shown with their errors; of the rest the name alone. */
const WITH_ERRORS = 12;

/**
 * The failures that the output of `bun test` and of Redis's suite names, each with the lines before it that belong to
 * it; the last lines where there is none of these.
 */
export function findFailures(output: string): string[] {
  const lines = Bun.stripANSI(output).split("\n");
  const found = new Map<string, string>();
  let from = 0;
  for (const [i, line] of lines.entries()) {
    const isFailure = /^\(fail\) |NOT AS EXPECTED: /.test(line);
    // bun test names every failure again at the end.
    if (isFailure && !found.has(line)) {
      const start = found.size < WITH_ERRORS ? Math.max(from, i - LINES_BEFORE) : i;
      found.set(line, lines.slice(start, i + 1).join("\n"));
    }
    if (isFailure || /^\((pass|skip|todo)\) |^test\/.*:$/.test(line)) from = i + 1;
  }
  return found.size > 0 ? [...found.values()] : [lines.slice(-LINES_BEFORE).join("\n").trim()];
}
