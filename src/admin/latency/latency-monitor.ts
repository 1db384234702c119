/**
 * The latency monitor (LATENCY): for each kind of event, the times when it took longer than latency-monitor-threshold.
 * At most one sample a second is kept, the worst, and 160 samples of an event.
 */

const SAMPLES_MAX = 160;

export interface LatencySample {
  /** Seconds since the epoch. */
  readonly time: number;
  /** ms. */
  latency: number;
}

export class LatencyEvent {
  /** The longest ever, ms. */
  max = 0;
  /** Oldest first, one at the least. */
  readonly samples: LatencySample[] = [];

  get last(): LatencySample {
    return this.samples[this.samples.length - 1];
  }

  add(time: number, latency: number): void {
    this.max = Math.max(this.max, latency);
    if (this.samples.length > 0 && this.last.time === time) {
      this.last.latency = Math.max(this.last.latency, latency);
      return;
    }
    this.samples.push({ time, latency });
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
  }
}

export class LatencyMonitor {
  /** latency-monitor-threshold, ms; 0: off. */
  threshold = 0;
  /** By name: "command", "fast-command", "expire-cycle". */
  readonly events = new Map<string, LatencyEvent>();

  /** Takes note of an event that took `micros`, if that is long enough. */
  add(name: string, micros: number, nowMs: number): void {
    const latency = Math.floor(micros / 1000);
    if (this.threshold === 0 || latency < this.threshold) return;
    let event = this.events.get(name);
    if (event === undefined) {
      event = new LatencyEvent();
      this.events.set(name, event);
    }
    event.add(Math.floor(nowMs / 1000), latency);
  }

  /** Forgets an event, or all of them; returns how many there were. */
  reset(name?: string): number {
    if (name !== undefined) return this.events.delete(name) ? 1 : 0;
    const { size } = this.events;
    this.events.clear();
    return size;
  }
}
