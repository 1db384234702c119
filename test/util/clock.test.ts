/** The clock that is moved by hand, and the system's. */

import { expect, test } from "bun:test";
import { ManualClock, systemClock } from "../../src/util/clock";

/** How far the clock of microseconds may be from the system's, and the millisecond that Date.now leaves out. */
const DRIFT_MS = 3;

test("the manual clock moves only when told", () => {
  const clock = new ManualClock(5_000);
  expect([clock.now(), clock.nowMicros(), clock.monotonic()]).toEqual([5_000, 5_000_000, 0]);
  clock.advance(1.25);
  expect([clock.now(), clock.nowMicros(), clock.monotonic()]).toEqual([5_001, 5_001_250, 1_250]);
  clock.setWall(10);
  expect([clock.now(), clock.nowMicros(), clock.monotonic()]).toEqual([10, 10_000, 1_250]);
  expect(() => clock.advance(-1)).toThrow(RangeError);
});

test("the system clock: integers, wall time near Date.now, elapsed time never backwards", () => {
  let last = 0;
  for (let i = 0; i < 1000; i++) {
    const elapsed = systemClock.monotonic();
    expect(elapsed).toBeGreaterThanOrEqual(last);
    last = elapsed;
  }
  const values = [systemClock.now(), systemClock.nowMicros(), systemClock.monotonic()];
  expect(values.every(Number.isSafeInteger)).toBe(true);
  const before = Date.now();
  const now = systemClock.nowMicros() / 1000;
  const after = Date.now();
  expect(now).toBeGreaterThanOrEqual(before - DRIFT_MS);
  expect(now).toBeLessThanOrEqual(after + DRIFT_MS);
});
