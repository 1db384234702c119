/**
 * The end of the append-only file: effects gather in a buffer, and are written once for all clients of a turn of the
 * event loop. Until then the replies of that turn wait (group commit): see ../../net/connection.ts.
 *
 * Policies (`appendfsync`):
 * - always: what is written is on the disk before a reply leaves. Another thread flushes it; whoever comes meanwhile is
 *   served, and is in the next write, which follows as soon as the flush is over. So there are at most two groups of
 *   replies: those whose effects are being flushed, a *commit*, and those whose effects are not written yet. A disk that
 *   was done in less than a millisecond is waited for instead: the way to another thread and back would take longer.
 * - everysec: once a second what was written is flushed to the disk by another thread, one flush at a time. A write would
 *   wait for a flush that is slow, and everybody with it. So it is postponed, with the replies of those who wrote, for up
 *   to two seconds; then it is done all the same (aof_delayed_fsync).
 * - no: the system decides.
 *
 * What cannot be written stays in the buffer, and is tried again each second; meanwhile writes are refused, and those
 * whose effects these are get an error, too (Redis has told them OK by then). Under "always" the server gives up instead,
 * as Redis does.
 */

import { close, constants, fdatasync, fdatasyncSync, fstatSync, ftruncateSync, openSync } from "node:fs";
import type { Config } from "../../admin/config/config";
import type { LatencyMonitor } from "../../admin/latency/latency-monitor";
import type { Logger } from "../../admin/process/logger";
import type { EffectSink } from "../../command/propagation";
import type { Clock } from "../../util/clock";
import { strerror } from "../../util/strerror";
import { AppendBuffer } from "./append-buffer";
import { AppendWriter } from "./append-writer";

/** What has gathered is written when it is so much, and not at the end of the turn only. */
const WRITE_BYTES = 16 * 1024 * 1024;
/** The event loop waits for flushes that take less: as long as for a slice of anything else. */
const FAST_SYNC_MICROS = 1000;
const SECOND = 1_000_000;
/** How long a write waits for a flush of the disk at most, µs. */
const POSTPONE_MICROS = 2 * SECOND;
/** Seconds between two log lines about errors. */
const ERROR_LOG_SECONDS = 30;

export interface AofLogHost {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly latencyMonitor: LatencyMonitor;
  /** A snapshot is being written: BGSAVE or a rewrite. */
  readonly savesInBackground: boolean;
  /** Whether something could not be written or flushed, and is not made good yet. */
  failing(isFailing: boolean): void;
  /** Ends the process: under "always", what cannot be written cannot be acknowledged. */
  exit(): void;
}

/** A file that is written to; it is closed only when no flush uses it any more. */
interface OpenFile {
  readonly fd: number;
  readonly writer: AppendWriter;
  syncing: boolean;
  closing: boolean;
}

/** Those whose replies leave when a flush of the disk is over. */
export type Commit = readonly unknown[];

export class AofLog implements EffectSink {
  /** Effects come here. */
  isActive = false;
  /** There are effects that are not written yet, or under "always" not flushed: replies wait for them. */
  pending = false;
  /** They will not be written soon: only the replies of those who wrote wait, not those of everybody. */
  isStalled = false;
  /** Bytes of effects since the start. */
  appended = 0;
  /** Of these, how many are written, and how many are on the disk for sure. */
  written = 0;
  synced = 0;
  /** Bytes of the file, and of base and increments in all. */
  fileSize = 0;
  totalSize = 0;
  /** Writes that did not wait any longer for the disk. */
  delayedFsyncs = 0;
  /** Why the last write failed, or the last flush of the disk; null if it worked. */
  writeError: unknown = null;
  syncError: unknown = null;
  /** µs to sleep before each write: for tests. */
  flushSleep = 0;
  /** Time that the writes have taken, µs. */
  writeMicros = 0;
  /** Called when all that was appended has been written, under "always" to the disk. */
  onWritten: () => void = () => {};
  /** Called when all that was appended is written, but not flushed; what it returns is handed to onCommitted then. */
  onCommitting: () => Commit = () => [];
  onCommitted: (commit: Commit) => void = () => {};
  /** Called when the write that replies wait for does not happen in this turn, and when it has failed. */
  onStalled: () => void = () => {};
  onFailed: () => void = () => {};
  /** Called when more is on the disk. */
  onSynced: () => void = () => {};

  /** What is not written yet. */
  private readonly buffer = new AppendBuffer();
  private file: OpenFile | null = null;
  /** The database that the commands at the end of the file belong to. */
  private selected = -1;
  private lastTimestamp = 0;
  private isScheduled = false;
  /** Since when (µs) a write waits for a flush of the disk; 0: none does. */
  private postponedAt = 0;
  /** When the last flush of the disk began, µs. */
  private lastSync = 0;
  /** The last flush under "always" took so little time that the event loop waits for the next one. */
  private isDiskFast = false;
  /** How much of `written` the last flush that began is for. */
  private syncTarget = 0;
  /** The commits whose flush is going on: one, and another for each file before this one. */
  private readonly commits = new Set<Commit>();
  /** Files before this one that are still being flushed. */
  private oldFiles = 0;
  private lastErrorLog = Number.NEGATIVE_INFINITY;

  constructor(private readonly host: AofLogHost) {}

  // --- files -------------------------------------------------------------------------------------------------------

  get isOpen(): boolean {
    return this.file !== null;
  }

  /** A flush of the disk is going on. */
  get isSyncing(): boolean {
    return this.file?.syncing ?? false;
  }

  /** Bytes that wait to be written, and the memory that they are in. */
  get bufferedBytes(): number {
    return this.buffer.length;
  }

  get bufferBytes(): number {
    return this.file === null ? 0 : this.buffer.capacity;
  }

  /**
   * From now on effects go to the file that is open as `fd` for appending, of `size` bytes. The one before is flushed to
   * the disk and closed.
   */
  use(fd: number, size: number): void {
    this.leaveFile();
    this.file = { fd, writer: new AppendWriter(fd), syncing: false, closing: false };
    this.fileSize = size;
    this.selected = -1;
    this.lastSync = this.host.clock.monotonic();
  }

  /** The file before is flushed to the disk and closed by another thread. */
  private leaveFile(): void {
    const { file } = this;
    if (file === null) return;
    this.file = null;
    this.oldFiles++;
    fdatasync(file.fd, (error) => {
      this.oldFiles--;
      if (error !== null) this.syncFailed(error);
      closeFile(file);
    });
  }

  /** Writes and flushes what there is, and closes the file: `appendonly no`. */
  close(): void {
    this.finish("Fail to fsync the AOF file: ");
    if (this.file !== null) closeFile(this.file);
    this.file = null;
    this.drop();
    this.fileSize = 0;
    this.writeError = null;
    this.syncError = null;
    this.host.failing(false);
  }

  /** Closes the file, which is of no use any more, with what is not written. */
  abandon(): void {
    if (this.file !== null) closeFile(this.file);
    this.file = null;
    this.drop();
  }

  /** Forgets what is not written: the file that it was for is given up. */
  private drop(): void {
    this.buffer.clear();
    this.selected = -1;
    this.written = this.appended;
    this.synced = this.appended;
    this.syncTarget = this.appended;
    this.settle();
    this.onSynced();
  }

  /** Writes what there is and waits until it is on the disk: the end of the process is near. */
  finish(complaint = "Fail to fsync the AOF file: "): void {
    this.flush(true);
    if (this.file === null) return;
    try {
      fdatasyncSync(this.file.fd);
      this.nowSynced(this.written);
      for (const commit of this.commits) this.onCommitted(commit);
      this.commits.clear();
      if (this.buffer.length === 0) this.settle();
    } catch (error) {
      this.host.log.warning(`${complaint}${strerror(error)}`);
    }
  }

  // --- effects -----------------------------------------------------------------------------------------------------

  append(db: number, src: Uint8Array, start: number, end: number, lasting = false): void {
    this.preface(db);
    if (lasting) this.buffer.addLasting(src, start, end);
    else this.buffer.add(src, start, end);
    this.appended += end - start;
    if (!this.pending) this.isDue();
    else if (this.buffer.length >= WRITE_BYTES && !this.isStalled) this.flush();
  }

  release(): void {
    this.buffer.settle();
  }

  /** What has to stand before a command. */
  private preface(db: number): void {
    if (this.host.config.aofTimestampEnabled) this.stamp();
    if (db !== this.selected && db >= 0) this.select(db);
  }

  private isDue(): void {
    this.pending = true;
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    // After all sockets that are ready: whatever they bring is written at once.
    setImmediate(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  private select(db: number): void {
    const digits = String(db);
    this.text(`*2\r\n$6\r\nSELECT\r\n$${digits.length}\r\n${digits}\r\n`);
    this.selected = db;
  }

  /** An annotation where a new second begins (aof-timestamp-enabled). */
  private stamp(): void {
    const seconds = Math.floor(this.host.clock.now() / 1000);
    if (seconds <= this.lastTimestamp) return;
    this.lastTimestamp = seconds;
    this.text(`#TS:${seconds}\r\n`);
  }

  private text(text: string): void {
    this.buffer.addText(text);
    this.appended += text.length;
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  /** Writes what has gathered; `force`: also while a flush of the disk is going on, and what is to be flushed at once. */
  flush(force = false): void {
    if (this.buffer.length === 0) {
      // Replies wait for the flush that is going on; but what comes into the next file must not be safe before.
      if (this.commits.size > 0) {
        if (force && this.file !== null) this.syncNow(this.file);
        return;
      }
      this.settle();
      this.considerSync(true);
      return;
    }
    if (this.file === null) return;
    if (!force && this.isSyncing && this.waitsForSync()) return;
    this.postponedAt = 0;
    if (!this.write(this.file)) return;
    if (!force && this.flushesAlways && !this.isDiskFast) {
      this.commit(this.file);
      return;
    }
    this.considerSync(false);
    this.settle();
  }

  /** Whether what has gathered is written only when the flush is over that is going on. */
  private waitsForSync(): boolean {
    const { appendfsync } = this.host.config;
    return appendfsync === "everysec" ? this.postpone() : appendfsync === "always";
  }

  /** Whether everything is to be on the disk before a reply leaves. */
  private get flushesAlways(): boolean {
    return this.host.config.appendfsync === "always" && !this.leavesDiskAlone;
  }

  /** Whether nothing is flushed, for the sake of a save that goes on. */
  private get leavesDiskAlone(): boolean {
    const { config, savesInBackground } = this.host;
    return config.noAppendfsyncOnRewrite && savesInBackground;
  }

  /** Nothing waits to be written any more: whoever waits for that may go on. */
  private settle(): void {
    if (!this.pending) return;
    this.pending = false;
    this.isStalled = false;
    this.postponedAt = 0;
    this.onWritten();
  }

  /** Whether the write waits for the flush that is going on. */
  private postpone(): boolean {
    const now = this.host.clock.monotonic();
    if (this.postponedAt === 0) {
      this.postponedAt = now;
      this.stall();
      return true;
    }
    if (now - this.postponedAt < POSTPONE_MICROS) return true;
    this.delayedFsyncs++;
    this.host.log.notice(
      "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to " +
        "complete, this may slow down Redis.",
    );
    return false;
  }

  /** Those who have written nothing need not wait. */
  private stall(): void {
    this.isStalled = true;
    this.onStalled();
  }

  /** One write of all there is. False: it could not be written. */
  private write(file: OpenFile): boolean {
    const { latencyMonitor, clock } = this.host;
    const { buffer } = this;
    if (this.flushSleep > 0) Bun.sleepSync(this.flushSleep / 1000);
    const start = clock.monotonic();
    const failure = file.writer.write(buffer.settled(), buffer.length);
    const micros = clock.monotonic() - start;
    this.writeMicros += micros;
    if (latencyMonitor.threshold > 0) this.reportWrite(micros);
    // What was taken is in the file; a device has no size.
    if (failure !== null) return this.writeFailed(file, Math.max(0, fstatSync(file.fd).size - this.fileSize), failure);
    this.nowWritten(buffer.length);
    buffer.shrink();
    if (this.writeError !== null) {
      this.writeError = null;
      this.host.failing(this.syncError !== null);
      this.host.log.warning("AOF write error looks solved, Redis can write again.");
    }
    return true;
  }

  /** Bytes [0, count) of the buffer are in the file. */
  private nowWritten(count: number): void {
    this.written += count;
    this.fileSize += count;
    this.totalSize += count;
    this.buffer.take(count);
  }

  private reportWrite(micros: number): void {
    const { latencyMonitor, clock, savesInBackground } = this.host;
    const circumstance = this.isSyncing ? "pending-fsync" : savesInBackground ? "active-child" : "alone";
    latencyMonitor.add(`aof-write-${circumstance}`, micros, clock.now());
    latencyMonitor.add("aof-write", micros, clock.now());
  }

  /** Only `taken` bytes could be written. */
  private writeFailed(file: OpenFile, taken: number, error: unknown): false {
    const { log, config, clock } = this.host;
    const seconds = Math.floor(clock.now() / 1000);
    const isLogged = seconds - this.lastErrorLog > ERROR_LOG_SECONDS;
    if (isLogged) this.lastErrorLog = seconds;
    if (taken === 0) {
      if (isLogged) log.warning(`Error writing to the AOF file: ${strerror(error)}`);
    } else {
      if (isLogged) {
        log.warning(`Short write while writing to the AOF file: (nwritten=${taken}, expected=${this.buffer.length})`);
      }
      // Half a command must not stay at the end. Where it does, only the rest is written later.
      if (!this.cut(file, isLogged)) this.nowWritten(taken);
    }
    if (config.appendfsync === "always") {
      log.warning("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
      this.host.exit();
    }
    this.writeError = error;
    this.host.failing(true);
    this.isStalled = true;
    this.onFailed();
    return false;
  }

  private cut(file: OpenFile, isLogged: boolean): boolean {
    try {
      ftruncateSync(file.fd, this.fileSize);
      return true;
    } catch (error) {
      if (isLogged) {
        this.host.log.warning(
          "Could not remove short write from the append-only file.  Redis may refuse to load the AOF the next time it " +
            `starts.  ftruncate: ${strerror(error)}`,
        );
      }
      return false;
    }
  }

  // --- flushing to the disk ----------------------------------------------------------------------------------------

  /** Flushes the file to the disk if the policy asks for it now. `idle`: nothing was written just now. */
  private considerSync(idle: boolean): void {
    const { config, clock } = this.host;
    if (this.file === null || config.appendfsync === "no") return;
    if (idle && this.syncTarget >= this.written) return;
    if (this.leavesDiskAlone) return;
    if (config.appendfsync === "always") this.syncNow(this.file);
    else if (clock.monotonic() - this.lastSync >= SECOND && !this.file.syncing) this.syncLater(this.file);
  }

  /** All that was appended is written: it is flushed by another thread, and then the replies leave that wait now. */
  private commit(file: OpenFile): void {
    const target = this.written;
    const start = this.host.clock.monotonic();
    const commit = this.onCommitting();
    this.commits.add(commit);
    this.syncTarget = target;
    this.isStalled = false;
    file.syncing = true;
    fdatasync(file.fd, (error) => {
      leaveSync(file);
      if (error !== null) {
        this.cannotCommit(error);
        return;
      }
      this.reportSync(start);
      if (this.file === file) this.nowSynced(target);
      this.committed(commit);
    });
  }

  private committed(commit: Commit): void {
    // At the end of the process it was flushed at once.
    const isNew = this.commits.delete(commit);
    // What has gathered is on its way to the disk while these replies are sent.
    if (this.buffer.length > 0) this.flush();
    if (isNew) this.onCommitted(commit);
    if (this.buffer.length === 0 && this.commits.size === 0) this.settle();
  }

  private cannotCommit(error: unknown): void {
    this.host.log.warning(
      `Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${strerror(error)}. Exiting...`,
    );
    this.host.exit();
  }

  private reportSync(start: number): void {
    const { latencyMonitor, clock } = this.host;
    this.lastSync = clock.monotonic();
    const micros = this.lastSync - start;
    this.isDiskFast = micros < FAST_SYNC_MICROS;
    if (latencyMonitor.threshold > 0) latencyMonitor.add("aof-fsync-always", micros, clock.now());
  }

  /** Flushes at once: the file is left, or there are only effects of nobody. */
  private syncNow(file: OpenFile): void {
    const start = this.host.clock.monotonic();
    try {
      fdatasyncSync(file.fd);
    } catch (error) {
      this.cannotCommit(error);
    }
    this.reportSync(start);
    this.nowSynced(this.written);
  }

  private syncLater(file: OpenFile): void {
    const target = this.written;
    this.syncTarget = target;
    this.lastSync = this.host.clock.monotonic();
    file.syncing = true;
    fdatasync(file.fd, (error) => {
      leaveSync(file);
      if (error !== null && !isNoDisk(error)) this.syncFailed(error);
      else if (this.file === file) this.syncWorked(target);
      // What was postponed for the sake of this.
      if (this.postponedAt > 0 || (this.pending && this.flushesAlways)) this.flush();
    });
  }

  private syncWorked(target: number): void {
    this.syncError = null;
    this.host.failing(this.writeError !== null);
    this.nowSynced(target);
  }

  private nowSynced(target: number): void {
    this.syncTarget = Math.max(this.syncTarget, target);
    // While files before this one are on their way, nothing is known of what stands in them.
    if (this.oldFiles > 0 || target <= this.synced) return;
    this.synced = target;
    this.onSynced();
  }

  private syncFailed(error: unknown): void {
    if (this.syncError === null) this.host.log.warning(`Fail to fsync the AOF file: ${strerror(error)}`);
    this.syncError = error;
    this.host.failing(true);
    // It is tried again.
    this.syncTarget = this.synced;
  }

  /** Called by cron: what waits for the disk or for an error to pass, and the flush of the last second. */
  tick(): void {
    if (this.file === null) return;
    if (this.postponedAt > 0 || this.buffer.length === 0) this.flush();
  }

  /** Called once a second. */
  retry(): void {
    if (this.file !== null && this.writeError !== null) this.flush();
  }
}

/** Opens a file to append to it: a new and empty one, or its end. Throws what the system says. */
export function openForAppending(path: string, isNew: boolean): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_TRUNC } = constants;
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | (isNew ? O_TRUNC : 0), 0o644);
}

/** What cannot be flushed at all, such as a device, is no failure. */
function isNoDisk(error: NodeJS.ErrnoException): boolean {
  return error.code === "EINVAL" || error.code === "EBADF";
}

/** A flush is over. */
function leaveSync(file: OpenFile): void {
  file.syncing = false;
  if (file.closing) close(file.fd);
}

function closeFile(file: OpenFile): void {
  if (file.syncing) file.closing = true;
  else close(file.fd);
}
