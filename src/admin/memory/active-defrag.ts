/**
 * Active defragmentation: when it runs, and how much of the time it takes, as the directives `activedefrag` and
 * `active-defrag-…` say. What it does is in ../../db/defragmentation.ts.
 *
 * If more than `active-defrag-ignore-bytes` and more than `active-defrag-threshold-lower` percent of the heap
 * is in no block, a pass begins. Its share of the time lies between `active-defrag-cycle-min` and `-max`, by where the
 * fragmentation lies between the two thresholds; it can become larger during a pass, and not smaller. Slices are of a
 * millisecond, or longer where the share is above half: never more than 4 ms.
 *
 * While keys are evicted it runs without being asked to as soon as the slabs exceed `maxmemory`: the limit is meant for the
 * process, not for the sum of the blocks.
 */

import type { ServerContext } from "../../command/server-context";
import { Defragmentation } from "../../db/defragmentation";

const SLICE_MICROS = 1000;
const SLICE_MAX_MICROS = 4000;
/**
 * Where slabs exceed maxmemory by so many percent, defragmentation begins whatever `activedefrag` says, and takes these
 * shares of the time. Eviction itself leaves 2 to 4% unused; what is beyond is what no eviction of keys helps against: values
 * of many blocks, slabs of large ones.
 */
const PRESSURE_FROM = 4;
const PRESSURE_FULL = 7;
const PRESSURE_SHARE_MIN = 10;
const PRESSURE_SHARE_MAX = 90;
/** Free pages given back to the system in a slice, bytes: more than one makes free. */
const PURGE_BYTES = 1024 * 1024;
/** A pass that gains less than this is not repeated before there is more to gain. */
const GAIN_MIN = 1024 * 1024;

export class ActiveDefrag {
  /** Share of the time in percent; 0: no pass is under way. */
  running = 0;
  readonly defragmentation: Defragmentation;
  private timer: Timer | null = null;
  /** µs of ended passes, and when the current one began. */
  private totalMicros = 0;
  private startedAt = 0;
  /** Moved blocks, and bytes in no block, when the pass began. */
  private startHits = 0;
  private startUnused = 0;
  /** Bytes in no block that a pass in vain left, or less if there were less since. */
  private left = 0;

  constructor(private readonly server: ServerContext) {
    this.defragmentation = new Defragmentation(server.keyspace);
  }

  /** Bytes of slabs and spans that are in no block. */
  private get unused(): number {
    const { heap } = this.server.keyspace;
    return heap.committedBytes - heap.usedBytes;
  }

  /** How much more than what is in blocks the slabs take, in percent. */
  private get fragmentation(): number {
    const { heap } = this.server.keyspace;
    return heap.usedBytes === 0 ? 0 : (heap.committedBytes / heap.usedBytes) * 100 - 100;
  }

  /** ms: all in all, and of the pass that is under way. */
  get totalMs(): number {
    return Math.floor((this.totalMicros + this.currentMicros) / 1000);
  }

  get currentMs(): number {
    return Math.floor(this.currentMicros / 1000);
  }

  private get currentMicros(): number {
    return this.running === 0 ? 0 : this.server.clock.monotonic() - this.startedAt;
  }

  /** Begins a pass if there is reason to, or gives the one under way more time. Called by cron. */
  consider(): void {
    if (this.server.persistence.loading) return;
    const { fragmentation, unused } = this;
    this.left = Math.min(this.left, unused);
    const share = Math.max(this.wantedShare(fragmentation, unused), this.shareUnderPressure());
    if (share <= this.running || this.isInVain(unused)) return;
    this.server.log.verbose(
      `Starting active defrag, frag=${fragmentation.toFixed(0)}%, frag_bytes=${unused}, cpu=${share}%`,
    );
    if (this.running === 0) this.begin();
    this.running = share;
    this.schedule();
  }

  private isInVain(unused: number): boolean {
    return this.running === 0 && this.left > 0 && unused - this.left < GAIN_MIN;
  }

  /** The share that the directives ask for; 0: no pass is to begin. */
  private wantedShare(fragmentation: number, unused: number): number {
    const { config } = this.server;
    if (!config.activedefrag) return 0;
    const lower = config.activeDefragThresholdLower;
    if (this.running === 0 && (fragmentation < lower || unused < config.activeDefragIgnoreBytes)) return 0;
    return interpolate(
      fragmentation,
      lower,
      config.activeDefragThresholdUpper,
      config.activeDefragCycleMin,
      config.activeDefragCycleMax,
    );
  }

  /**
   * The share that is needed where slabs exceed `maxmemory`, as they do when the sizes of values change while keys are
   * evicted: the process would take up to twice the limit.
   */
  private shareUnderPressure(): number {
    const { config, keyspace, metrics } = this.server;
    if (config.maxmemory === 0) return 0;
    const beyond = ((metrics.startupBytes + keyspace.heap.committedBytes) / config.maxmemory - 1) * 100;
    if (beyond < PRESSURE_FROM) return 0;
    return interpolate(beyond, PRESSURE_FROM, PRESSURE_FULL, PRESSURE_SHARE_MIN, PRESSURE_SHARE_MAX);
  }

  private begin(): void {
    const { defragmentation, server } = this;
    defragmentation.maxScanFields = server.config.activeDefragMaxScanFields;
    defragmentation.begin();
    this.startedAt = server.clock.monotonic();
    this.startHits = defragmentation.relocator.hits;
    this.startUnused = this.unused;
  }

  private schedule(): void {
    if (this.timer !== null) return;
    const pause = Math.max(1, Math.round(((100 - this.running) / this.running) * (SLICE_MICROS / 1000)));
    this.timer = setTimeout(() => {
      this.timer = null;
      this.slice();
    }, pause);
  }

  private slice(): void {
    const { clock, keyspace, latencyMonitor } = this.server;
    const micros = Math.min(SLICE_MAX_MICROS, SLICE_MICROS * Math.max(1, this.running / (100 - this.running)));
    const start = clock.monotonic();
    const more = this.defragmentation.run(start + micros);
    // Left to cron, megabytes of them wait for its next run.
    keyspace.heap.purge(PURGE_BYTES);
    latencyMonitor.add("active-defrag-cycle", clock.monotonic() - start, clock.now());
    if (more) {
      this.schedule();
      return;
    }
    this.end();
    this.consider();
  }

  /** The pass is over. */
  private end(): void {
    const { server, fragmentation, unused } = this;
    const reallocated = this.defragmentation.relocator.hits - this.startHits;
    server.log.verbose(
      `Active defrag done in ${this.currentMs}ms, reallocated=${reallocated}, ` +
        `frag=${fragmentation.toFixed(0)}%, frag_bytes=${unused}`,
    );
    if (this.startUnused - unused < GAIN_MIN) this.left = unused;
    this.totalMicros += this.currentMicros;
    this.running = 0;
  }

  /** CONFIG SET activedefrag no, or the end of the server: a pass that is under way stops. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.running === 0) return;
    this.defragmentation.end();
    this.totalMicros += this.currentMicros;
    this.running = 0;
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.defragmentation.resetStats();
    this.startHits = 0;
    this.totalMicros = 0;
    this.startedAt = this.server.clock.monotonic();
  }
}

/** What lies between `low` and `high` as `value` lies between `from` and `to`, an integer. */
function interpolate(value: number, from: number, to: number, low: number, high: number): number {
  const place = to === from ? 1 : (value - from) / (to - from);
  return Math.max(low, Math.min(high, Math.floor(low + place * (high - low))));
}
