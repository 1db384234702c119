/** Time, injected: everything that looks at a clock receives a Clock, so that tests move time by hand. */

/** Wall time and elapsed time. All results are integers. */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. */
  now(): number;
  /** Wall time in microseconds since the Unix epoch (TIME, INFO's server_time_usec). */
  nowMicros(): number;
  /** Microseconds since an arbitrary point; never goes backwards, and a change of the wall clock does not move it. */
  monotonic(): number;
}

/** How far (ms) the derived microsecond wall clock may be from the system's before it is anchored again. */
const MAX_DRIFT_MS = 2;

class SystemClock implements Clock {
  /** Wall time minus elapsed time, in ms: gives Date.now() the digits below a millisecond that it does not have. */
  private anchor = performance.timeOrigin;

  now(): number {
    return Date.now();
  }

  nowMicros(): number {
    const elapsed = performance.now();
    const wall = Date.now();
    let derived = this.anchor + elapsed;
    if (Math.abs(derived - wall) > MAX_DRIFT_MS) {
      // The system's clock was set, or slewed by NTP.
      this.anchor = wall - elapsed;
      derived = wall;
    }
    return Math.floor(derived * 1000);
  }

  monotonic(): number {
    return Math.floor(performance.now() * 1000);
  }
}

/** The machine's clock. */
export const systemClock: Clock = new SystemClock();

/** A clock that moves only when it is told to. Wall time and elapsed time can be moved apart with `setWall`. */
export class ManualClock implements Clock {
  private wallMicros: number;
  private elapsedMicros = 0;

  /** @param startMs wall time at the start, in milliseconds since the Unix epoch */
  constructor(startMs = 1_700_000_000_000) {
    this.wallMicros = startMs * 1000;
  }

  now(): number {
    return Math.floor(this.wallMicros / 1000);
  }

  nowMicros(): number {
    return this.wallMicros;
  }

  monotonic(): number {
    return this.elapsedMicros;
  }

  /** Lets `ms` milliseconds pass (fractions down to a microsecond; not negative). */
  advance(ms: number): void {
    const micros = Math.round(ms * 1000);
    if (!(micros >= 0)) throw new RangeError("time passes forwards only");
    this.wallMicros += micros;
    this.elapsedMicros += micros;
  }

  /** Sets the wall clock (ms since the Unix epoch) as an administrator would: elapsed time is unaffected. */
  setWall(ms: number): void {
    this.wallMicros = Math.round(ms * 1000);
  }
}
