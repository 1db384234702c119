/**
 * A log-linear histogram of durations, as HdrHistogram has it with two significant digits: 128 counters for each power
 * of two, so a value is known to better than 1 %. Recording is a count of leading zeros, a shift and an increment.
 *
 * Values are nanoseconds, integers from 0 to one second; longer ones count as one second.
 */

const SUB_BITS = 7;
/** Values below this have a counter each. */
const LINEAR_MAX = 1 << (SUB_BITS + 1);
const NANOS_MAX = 1_000_000_000;

function bucketOf(nanos: number): number {
  if (nanos < LINEAR_MAX) return nanos;
  const shift = 31 - SUB_BITS - Math.clz32(nanos);
  return (shift << SUB_BITS) + (nanos >>> shift);
}

/** The largest value that counts in a bucket. */
function highestIn(bucket: number): number {
  if (bucket < LINEAR_MAX) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  const mantissa = bucket - (shift << SUB_BITS);
  return (mantissa + 1) * 2 ** shift - 1;
}

const BUCKETS = bucketOf(NANOS_MAX) + 1;

export class LatencyHistogram {
  /** Values recorded. */
  count = 0;
  private readonly buckets = new Uint32Array(BUCKETS);
  private maximum = 0;

  /** Counts a duration in nanoseconds, `times` times. */
  record(nanos: number, times = 1): void {
    const value = nanos >= NANOS_MAX ? NANOS_MAX : nanos | 0;
    this.buckets[bucketOf(value)] += times;
    this.count += times;
    if (value > this.maximum) this.maximum = value;
  }

  /** The value (ns) that `percent` of those recorded do not exceed; 0 when there are none. */
  percentile(percent: number): number {
    if (this.count === 0) return 0;
    const rank = Math.max(1, Math.ceil((Math.min(percent, 100) / 100) * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.buckets[bucket];
      if (seen >= rank) return highestIn(bucket);
    }
    return highestIn(bucketOf(this.maximum));
  }

  /**
   * How many of the values do not exceed 1,024 ns, 2,048 ns, … (by the bounds of buckets: 66,047 for 65,536), in rows
   * that each count more than the one before.
   */
  cumulative(): { nanos: number; count: number }[] {
    const rows: { nanos: number; count: number }[] = [];
    let count = 0;
    let bucket = 0;
    for (let bound = 1024; count < this.count; bound *= 2) {
      const last = Math.min(BUCKETS - 1, bucketOf(bound));
      const before = count;
      while (bucket <= last) count += this.buckets[bucket++];
      if (count > before) rows.push({ nanos: highestIn(last), count });
    }
    return rows;
  }

  /** Calls `see` with every non-empty bucket's largest value (ns) and count, in ascending order. */
  visit(see: (highest: number, count: number) => void): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if (this.buckets[bucket] > 0) see(highestIn(bucket), this.buckets[bucket]);
    }
  }
}
