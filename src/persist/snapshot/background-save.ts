/**
 * BGSAVE: a snapshot of all keys, written to the RDB file in slices of about a millisecond between requests. When there
 * are none it takes nearly all of the time. While there are some it takes a sixth of what they leave, and a sixteenth at
 * least: whatever they change first costs them something, too.
 *
 * Where the disk takes bytes more slowly than they are made, the slices wait for it. What a change makes necessary in
 * between is written to memory first.
 */

import type { Config } from "../../admin/config/config";
import type { Keyspace } from "../../db/keyspace";
import type { Clock } from "../../util/clock";
import { OutOfMemoryError } from "../../util/out-of-memory";
import type { BackgroundFile } from "../background-file";
import { FileWriteError } from "../file-writer";
import type { RdbFileFields, SnapshotWriter } from "../rdb/rdb-writer";
import { Snapshot } from "./snapshot";

/** Length of a slice, µs. */
const SLICE_MICROS = 1000;
/** Share of the time that the slices take while there are requests: of what these leave; and at least. */
const SHARE_OF_IDLE = 1 / 6;
const SHARE_MIN = 1 / 16;
/** How much one pause counts in the share of the time that the process is busy. */
const LATEST_WEIGHT = 0.25;
/** While the file waits for so many bytes to be written, it is not given more. */
const PENDING_MAX = 8 * 1024 * 1024;

/** What a save needs of the server. */
export interface SaveHost {
  readonly keyspace: Keyspace;
  readonly config: Config;
  readonly clock: Clock;
  /** Commands run since the start: whether there are requests. */
  commandsRun(): number;
}

/** A save was ended from outside, as Redis's child process by a signal. */
export class SaveKilled extends Error {
  constructor() {
    super("terminated by signal 9");
  }
}

export class BackgroundSave {
  readonly snapshot: Snapshot;
  /** ms since the epoch. */
  readonly startedAt: number;
  private readonly startedMicros: number;
  private timer: (() => void) | null = null;
  private commandsBefore = 0;
  private readonly pace = new Pace();
  private over = false;

  /** @param done is called once, when the file is complete, or when it cannot be any more: with what went wrong */
  constructor(
    private readonly host: SaveHost,
    private readonly writer: SnapshotWriter,
    private readonly file: BackgroundFile,
    private readonly done: (error: unknown) => void,
  ) {
    writer.hurry?.();
    this.snapshot = new Snapshot(host.keyspace, writer);
    this.startedAt = host.clock.now();
    this.startedMicros = host.clock.monotonic();
  }

  /** The moment that is saved; the rest happens in the background. */
  start(fields: RdbFileFields, libraries: readonly Buffer[]): void {
    this.snapshot.begin(fields, libraries);
    this.schedule();
  }

  private schedule(): void {
    const commands = this.host.commandsRun();
    const waits = commands !== this.commandsBefore || this.isAhead;
    this.commandsBefore = commands;
    if (waits) {
      const timer = setTimeout(() => this.slice(), this.pace.pause());
      this.timer = () => clearTimeout(timer);
    } else {
      const immediate = setImmediate(() => this.slice());
      this.timer = () => clearImmediate(immediate);
    }
  }

  /** Whether more has been written than the disk has taken, or than rdb-key-save-delay allows. */
  private get isAhead(): boolean {
    const { keysDone, keysTotal } = this.snapshot;
    return this.file.pending > PENDING_MAX || (keysDone >= this.keysAllowed && keysDone < keysTotal);
  }

  /** Keys that may have been written by now: all, unless a test wants the save to take long. */
  private get keysAllowed(): number {
    const delay = this.host.config.rdbKeySaveDelay;
    if (delay <= 0) return Number.POSITIVE_INFINITY;
    return Math.floor((this.host.clock.monotonic() - this.startedMicros) / delay);
  }

  private slice(): void {
    this.timer = null;
    this.pace.resume();
    const { snapshot, file } = this;
    const complete = !this.isAhead && snapshot.step(this.host.clock.monotonic() + SLICE_MICROS, this.keysAllowed);
    if (snapshot.error !== null || file.error !== null) this.fail(snapshot.error ?? file.error);
    else if (complete) void this.finish();
    else this.schedule();
  }

  private async finish(): Promise<void> {
    this.writer.end(this.host.config.rdbchecksum);
    await this.file.finish();
    if (this.over) return;
    this.over = true;
    this.done(this.file.error);
  }

  private fail(error: unknown): void {
    this.abort();
    // There was no memory for what has to be kept: the file cannot be written, and everything else goes on.
    this.done(error instanceof OutOfMemoryError ? new FileWriteError("write", error) : error);
  }

  /** Ends it as kill -9 ends Redis's child process: for tests of saves that fail. */
  kill(): void {
    if (!this.over) this.fail(new SaveKilled());
  }

  /** Ends it without a file; `done` is not called. */
  abort(): void {
    this.over = true;
    this.timer?.();
    this.snapshot.end();
    this.file.abandon();
  }
}

/** How long to pause, by what the process did in the last pauses. */
class Pace {
  /** Share of the time that the process runs between slices. */
  private busy = 1;
  private pausedAt = 0;
  private cpuBefore = 0;

  /** A pause begins: its length, ms. */
  pause(): number {
    this.pausedAt = performance.now();
    this.cpuBefore = cpuMillis();
    const share = Math.max(SHARE_MIN, (1 - this.busy) * SHARE_OF_IDLE);
    return (SLICE_MICROS / 1000) * (1 / share - 1);
  }

  /** It is over. */
  resume(): void {
    if (this.pausedAt === 0) return;
    const busy = Math.min(1, (cpuMillis() - this.cpuBefore) / (performance.now() - this.pausedAt));
    this.busy += (busy - this.busy) * LATEST_WEIGHT;
    this.pausedAt = 0;
  }
}

/** Time that the process has run, ms: all threads, in user and kernel mode. */
function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
