/**
 * What Redis 7.0's own suite is known to give on redbun: for each unit, how many tests pass, which tests fail or are
 * left out, and what each of them needs that is not there yet. A run fails when a test that is not named here fails,
 * when one that is named passes, and when fewer tests pass than `passes` (an error outside a test can end a whole
 * block of tests without naming them).
 */

export interface UnitExpectation {
  /** The number of tests that pass, at the least. */
  readonly passes: number;
  /** Tests that fail, by name, with what they need. */
  readonly fails: Readonly<Record<string, string>>;
  /** Tests that are not run (they would hang, or end the unit), by name, with what they need. */
  readonly skips: Readonly<Record<string, string>>;
}

/** The units that run by default, in this order. */
export const UNITS = [
  "unit/protocol",
  "unit/keyspace",
  "unit/scan",
  "unit/expire",
  "unit/auth",
  "unit/info",
  "unit/type/string",
  "unit/type/incr",
  "unit/introspection",
  "unit/networking",
  "unit/querybuf",
  "unit/limits",
  "unit/other",
] as const;

/** By unit. A unit without an entry is expected to pass whole. */
export const EXPECTED: Readonly<Record<string, UnitExpectation>> = {};
