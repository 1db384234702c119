/**
 * Figures that cron samples: rates, the largest client buffers of the last seconds, and memory. INFO and MEMORY read
 * them; nothing on the request path does.
 */

import type { ServerContext } from "../../command/server-context";

const SAMPLES = 16;
const SAMPLE_PERIOD_MS = 100;
/** Seconds that client_recent_max_input_buffer looks back. */
const RECENT_SECONDS = 8;

/** How fast a counter grows: the mean of the last 16 samples, in units a second. */
class Rate {
  private readonly samples = new Float64Array(SAMPLES);
  private next = 0;
  private last = 0;

  /** Takes the counter's value `elapsedMs` after the sample before. */
  sample(value: number, elapsedMs: number): void {
    this.samples[this.next] = elapsedMs > 0 ? (Math.max(0, value - this.last) * 1000) / elapsedMs : 0;
    this.next = (this.next + 1) % SAMPLES;
    this.last = value;
  }

  get perSecond(): number {
    let sum = 0;
    for (const sample of this.samples) sum += sample;
    return sum / SAMPLES;
  }

  /** Forgets what was; the counter starts at 0 again. */
  reset(): void {
    this.samples.fill(0);
    this.last = 0;
  }
}

/** CPU time of this thread, µs; of the process, which has hardly another, where the system does not tell. */
export function threadCpu(): { user: number; system: number } {
  try {
    return process.threadCpuUsage();
  } catch {
    return process.cpuUsage();
  }
}

function threadMicros(): number {
  const { user, system } = threadCpu();
  return user + system;
}

/**
 * What an empty server counts for its objects, bytes. The rest of its JavaScript heap, some megabytes, is code, which
 * Redis has in its executable and does not count either: `maxmemory` means the same here and there.
 */
const SERVER_BYTES = 1024 * 1024;

export class Metrics {
  /** ms since the epoch. */
  readonly startedAt: number;
  readonly operations = new Rate();
  readonly input = new Rate();
  readonly output = new Rate();
  /** Of eventLoopCycles and eventLoopMicros. */
  readonly cycles = new Rate();
  readonly busyMicros = new Rate();
  /** Resident memory of the process now, and when the server was made (most of that is the executable), bytes. */
  residentBytes: number;
  readonly residentAtStart: number;
  /** Memory of an empty server, bytes. */
  readonly startupBytes = SERVER_BYTES;
  private peak = 0;
  private readonly recentInput = new Float64Array(RECENT_SECONDS);
  private readonly recentOutput = new Float64Array(RECENT_SECONDS);
  private lastSample: number;
  private lastSecond = 0;
  /** CPU time of this thread when the event loop's time was last counted from 0, µs. */
  private threadMicros = threadMicros();

  constructor(private readonly server: ServerContext) {
    this.startedAt = server.clock.now();
    this.lastSample = this.startedAt;
    this.residentBytes = process.memoryUsage.rss();
    this.residentAtStart = this.residentBytes;
    this.peak = this.usedBytes;
  }

  /** Memory in use: the data, all buffers, and what the server allocated before there was either. */
  get usedBytes(): number {
    const { keyspace, clients, tracking } = this.server;
    const tables = tracking.table.memoryBytes;
    return this.startupBytes + keyspace.heap.usedBytes + clients.memory.total + tables + this.uncountedBytes;
  }

  /** The part of it that does not make keys go: what waits for the append-only file. */
  get uncountedBytes(): number {
    return this.server.aof.out.bufferBytes;
  }

  /** The most memory that was ever in use. */
  get peakBytes(): number {
    this.peak = Math.max(this.peak, this.usedBytes);
    return this.peak;
  }

  /**
   * How often the event loop had something to do. The runtime does not count its turns; what is read from a connection,
   * and a run of cron, is one here.
   */
  get eventLoopCycles(): number {
    const { stats } = this.server;
    return stats.readsProcessed + stats.cronRuns;
  }

  /** How long it was busy, µs: the CPU time of its thread. */
  get eventLoopMicros(): number {
    return threadMicros() - this.threadMicros;
  }

  /** The largest input and output buffer of a client in the last seconds. */
  get recentMaxInput(): number {
    return Math.max(...this.recentInput);
  }

  get recentMaxOutput(): number {
    return Math.max(...this.recentOutput);
  }

  /** Called by cron. */
  sample(nowMs: number): void {
    const elapsed = nowMs - this.lastSample;
    // A wall clock that was set back must not stop the sampling until it has caught up.
    if (elapsed >= 0 && elapsed < SAMPLE_PERIOD_MS) return;
    this.lastSample = nowMs;
    const { stats } = this.server;
    this.operations.sample(stats.commandsProcessed, elapsed);
    this.input.sample(stats.inputBytes, elapsed);
    this.output.sample(stats.outputBytes, elapsed);
    this.cycles.sample(this.eventLoopCycles, elapsed);
    this.busyMicros.sample(this.eventLoopMicros, elapsed);
    this.residentBytes = process.memoryUsage.rss();
    this.peak = this.peakBytes;
    this.sampleClients(Math.floor(nowMs / 1000));
  }

  private sampleClients(second: number): void {
    const slot = second % RECENT_SECONDS;
    if (second === this.lastSecond) return;
    this.lastSecond = second;
    let input = 0;
    let output = 0;
    for (const client of this.server.clients.all()) {
      const { transport } = client;
      input = Math.max(input, transport.inputBytes + transport.inputFree + client.waitingBytes);
      output = Math.max(output, transport.outputBytes);
      this.server.clients.memory.update(client);
    }
    this.recentInput[slot] = input;
    this.recentOutput[slot] = output;
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.operations.reset();
    this.input.reset();
    this.output.reset();
    this.cycles.reset();
    this.busyMicros.reset();
    this.threadMicros = threadMicros();
    this.server.aof.out.writeMicros = 0;
    this.peak = this.usedBytes;
  }
}
