/**
 * The append-only file of a server: whether there is one, switching it on and off, rewriting it.
 *
 *     off ── CONFIG SET appendonly yes ──▶ waiting ── the first rewrite is done ──▶ on
 *      ▲                                      │                                     │
 *      └───────────── CONFIG SET appendonly no ┴─────────────────────────────────────┘
 *
 * A rewrite (BGREWRITEAOF) is a snapshot of all data that becomes the base. When it begins, effects go to a new
 * increment: base and increment are one after the other what base and increments before were. While "waiting" there is
 * nothing before: the increment is temporary until there is a base.
 */

import type { DirectiveName } from "../../admin/config/config";
import type { LatencyMonitor } from "../../admin/latency/latency-monitor";
import type { EffectSink } from "../../command/propagation";
import { aofWriteError } from "../../resp/errors";
import { strerror } from "../../util/strerror";
import { BackgroundFile } from "../background-file";
import { FileWriteError, FileWriter } from "../file-writer";
import type { SnapshotWriter } from "../rdb/rdb-writer";
import { BackgroundSave, SaveKilled } from "../snapshot/background-save";
import { AofFiles } from "./aof-files";
import { AofFolder } from "./aof-folder";
import { AofLoader, type AofLoadHost, type AofLoadResult } from "./aof-loader";
import { AofLog } from "./aof-log";
import { CommandWriter } from "./command-writer";
import { RewriteLimit } from "./rewrite-limit";

/** With aof-rewrite-incremental-fsync the new base is flushed whenever this much of it has been written. */
const SYNC_BYTES = 4 * 1024 * 1024;

/** The server, as far as its append-only file is concerned with it. */
export interface AofHost extends AofLoadHost {
  readonly latencyMonitor: LatencyMonitor;
  readonly propagation: { attach(sink: EffectSink): void; detach(sink: EffectSink): void; mute(muted: boolean): void };
  /** A transaction is being run: what begins with a snapshot has to wait until it is over. */
  readonly inTransaction: boolean;
  /** The folder of `dir`, as the file system takes it. */
  folder(): string;
  commandsRun(): number;
  /** Ends the process with an error. */
  fail(): void;
}

type State = "off" | "waiting" | "on";

/** A rewrite that is going on. */
interface Rewrite {
  readonly save: BackgroundSave;
  /** The new base's name until it is one. */
  readonly temporary: string;
  /** Seconds since the epoch. */
  readonly startedAt: number;
}

export class Aof {
  readonly out: AofLog;
  readonly files: AofFiles;
  /** BGREWRITEAOF has been asked for, and waits until it can begin. */
  isScheduled = false;
  rewrites = 0;
  /** Rewrites that failed one after the other. */
  failures = 0;
  lastRewriteOk = true;
  /** Seconds that the last rewrite took, -1 before the first. */
  lastRewriteSeconds = -1;
  /** Bytes of the files after the last rewrite, or of the base as it was loaded: growth is measured from here. */
  rewriteBaseSize = 0;
  private state: State = "off";
  private rewrite: Rewrite | null = null;
  private readonly folder: AofFolder;
  private readonly limit: RewriteLimit;
  private lastRetry = 0;

  constructor(private readonly host: AofHost) {
    const { config, log } = host;
    const { clock, latencyMonitor, persistence } = host;
    this.out = new AofLog({
      config,
      log,
      clock,
      latencyMonitor,
      get savesInBackground() {
        return persistence.savesInBackground;
      },
      failing: (isFailing) => {
        persistence.aofRefusal = isFailing ? this.writeRefusal : null;
      },
      exit: () => host.fail(),
    });
    this.folder = new AofFolder(config, () => host.folder());
    this.files = new AofFiles(host, this.folder, this.out);
    this.limit = new RewriteLimit(log);
    this.follow("appendonly", () => this.switchTo(config.appendonly));
    this.follow("aof-disable-auto-gc", () => {
      this.files.deleteHistory();
      return null;
    });
  }

  private follow(name: DirectiveName, hook: () => string | null): void {
    this.host.config.onChange(name, hook);
  }

  get isEnabled(): boolean {
    return this.state !== "off";
  }

  get isRewriting(): boolean {
    return this.rewrite !== null;
  }

  /** Of a rewrite that is going on: its snapshot. */
  get snapshot(): BackgroundSave["snapshot"] | null {
    return this.rewrite?.save.snapshot ?? null;
  }

  /** Seconds that the rewrite takes already, -1 if there is none. */
  get rewriteSeconds(): number {
    return this.rewrite === null ? -1 : this.seconds - this.rewrite.startedAt;
  }

  private get seconds(): number {
    return Math.floor(this.host.clock.now() / 1000);
  }

  /** Why writes are refused; null where they are not. */
  private get writeRefusal(): string | null {
    const error = this.out.writeError ?? this.out.syncError;
    return error === null || this.state === "off" ? null : aofWriteError(strerror(error));
  }

  // --- the start ---------------------------------------------------------------------------------------------------

  /** Reads the manifest; with `appendonly yes` the data is loaded from its files. Each step is a slice. */
  *loadSteps(): Generator<void, AofLoadResult> {
    if (!this.files.readManifest()) return "failed";
    if (!this.host.config.appendonly) return "missing";
    // Before anything is read or cut: another server may be writing there.
    if (this.folder.exists && !this.files.prepareFolder()) return "failed";
    return yield* this.loadFiles();
  }

  private *loadFiles(): Generator<void, AofLoadResult> {
    if (this.files.mustUpgrade && !this.files.upgrade()) return "failed";
    const { propagation } = this.host;
    const loader = new AofLoader(this.host, this.folder);
    propagation.mute(true);
    try {
      const result = yield* loader.load(this.files.manifest);
      if (result === "loaded" || result === "empty") {
        this.out.totalSize = loader.totalSize;
        this.rewriteBaseSize = loader.baseSize;
      }
      return result;
    } finally {
      propagation.mute(false);
    }
  }

  /** After loading: opens the file, if there is to be one. False if that failed: the log says why. */
  open(): boolean {
    if (this.host.config.appendonly) {
      if (!this.files.openAtStart((path) => this.writeBase(path))) return false;
      this.state = "on";
      this.attach();
    }
    this.files.deleteHistory();
    return true;
  }

  /** DEBUG LOADAOF: loads the files again before it returns. The data was removed by the caller. */
  reload(): AofLoadResult {
    if (!this.files.readManifest()) return "failed";
    this.files.deleteHistory();
    const steps = this.loadFiles();
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** Ends the process: what there is in memory is not what it should be. */
  fail(): void {
    this.host.fail();
  }

  /** A base of the data as it is now, written at once. */
  private writeBase(path: string): boolean {
    const { log, config, persistence } = this.host;
    const file = new FileWriter(this.folder.besides(`temp-rewriteaof-${process.pid}.aof`), path, this.syncBytes);
    try {
      file.open();
      const writer = this.newWriter((buf, length) => file.write(buf, length));
      persistence.writeAll(writer, true);
      file.finish();
      return true;
    } catch (error) {
      if (!(error instanceof FileWriteError)) throw error;
      file.abandon();
      log.warning(rewriteComplaint(error));
      return false;
    } finally {
      this.out.totalSize = config.appendonly ? this.files.baseSize : this.out.totalSize;
    }
  }

  private get syncBytes(): number {
    return this.host.config.aofRewriteIncrementalFsync ? SYNC_BYTES : 0;
  }

  private newWriter(sink: (buf: Buffer, length: number) => void): SnapshotWriter {
    const { config, persistence, clock } = this.host;
    if (config.aofUseRdbPreamble) return persistence.newWriter(sink);
    const timestamp = config.aofTimestampEnabled ? Math.floor(clock.now() / 1000) : 0;
    return new CommandWriter(persistence.codecs, sink, timestamp);
  }

  private attach(): void {
    if (this.out.isActive) return;
    this.host.propagation.attach(this.out);
    this.out.isActive = true;
  }

  private detach(): void {
    if (!this.out.isActive) return;
    this.host.propagation.detach(this.out);
    this.out.isActive = false;
  }

  // --- switching ---------------------------------------------------------------------------------------------------

  private switchTo(enabled: boolean): string | null {
    if (!enabled && this.state !== "off") this.switchOff();
    else if (enabled && this.state === "off" && !this.switchOn()) return "Unable to turn on AOF. Check server logs.";
    return null;
  }

  private switchOff(): void {
    this.detach();
    this.out.close();
    const wasWaiting = this.state === "waiting";
    this.state = "off";
    this.isScheduled = false;
    this.abortRewrite();
    if (wasWaiting) this.files.deleteTemporaryIncrement();
    this.folder.unlock();
  }

  private switchOn(): boolean {
    const { log, persistence, inTransaction } = this.host;
    this.state = "waiting";
    if (persistence.bgsave !== null) {
      this.isScheduled = true;
      log.warning(
        "AOF was enabled but there is already another background operation. An AOF background was scheduled to start " +
          "when possible.",
      );
    } else if (inTransaction) {
      this.isScheduled = true;
      log.warning("AOF was enabled during a transaction. An AOF background was scheduled to start when possible.");
    } else {
      if (this.rewrite !== null) {
        log.warning(
          "AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a " +
            "rewrite now.",
        );
        this.abortRewrite();
      }
      if (!this.startRewrite()) {
        this.state = "off";
        log.warning(
          "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the above logs for " +
            "more info about the error.",
        );
        return false;
      }
    }
    return true;
  }

  // --- rewriting ---------------------------------------------------------------------------------------------------

  /** A rewrite begins as soon as it can; those that failed before do not matter. */
  schedule(): void {
    this.isScheduled = true;
    this.failures = 0;
  }

  /** Begins a rewrite. False if that failed: the log says why. */
  startRewrite(): boolean {
    const { persistence, log } = this.host;
    if (persistence.savesInBackground) return false;
    if (!this.beginIncrement()) {
      this.lastRewriteOk = false;
      return false;
    }
    this.rewrites++;
    const temporary = `temp-rewriteaof-bg-${process.pid}.aof`;
    const file = new BackgroundFile(
      this.folder.besides(`temp-rewriteaof-${process.pid}.aof`),
      this.folder.besides(temporary),
      this.syncBytes,
    );
    const writer = this.newWriter((buf, length) => file.write(buf, length));
    const save = new BackgroundSave(this.host, writer, file, (error) => this.rewriteDone(error));
    this.rewrite = { save, temporary, startedAt: this.seconds };
    persistence.isRewriting = true;
    this.isScheduled = false;
    log.notice(`Background append only file rewriting started by pid ${process.pid}`);
    save.start(persistence.fields(true), persistence.libraries.texts);
    return true;
  }

  private beginIncrement(): boolean {
    if (!this.files.prepareFolder()) return false;
    if (this.state === "off") return true;
    this.out.flush(true);
    if (!this.files.openIncrement(this.state === "waiting")) return false;
    this.attach();
    return true;
  }

  private rewriteDone(error: unknown): void {
    const { log } = this.host;
    const { temporary, startedAt } = this.rewrite as Rewrite;
    this.rewriteOver();
    if (error instanceof SaveKilled) {
      log.warning(`Background AOF rewrite ${error.message}`);
    } else if (error !== null) {
      log.warning(rewriteComplaint(error));
      log.warning("Background AOF rewrite terminated with error");
    } else {
      log.notice(`Successfully created the temporary AOF base file ${temporary}`);
      log.notice("Background AOF rewrite terminated with success");
    }
    const isFirst = this.state === "waiting";
    this.lastRewriteOk = error === null && this.files.completeRewrite(temporary, isFirst);
    if (this.lastRewriteOk) this.rewriteWorked();
    else this.rewriteFailed(temporary);
    this.lastRewriteSeconds = this.seconds - startedAt;
    if (this.state === "off") this.folder.unlock();
  }

  private rewriteWorked(): void {
    const { log } = this.host;
    if (this.state !== "off") {
      this.out.totalSize = this.files.baseSize + this.out.fileSize;
      this.rewriteBaseSize = this.out.totalSize;
    }
    this.files.deleteHistory();
    this.failures = 0;
    log.notice("Background AOF rewrite finished successfully");
    if (this.state === "waiting") this.state = "on";
  }

  private rewriteFailed(temporary: string): void {
    this.failures++;
    this.folder.removeLater(this.folder.besides(temporary));
    if (this.state !== "waiting") return;
    this.detach();
    this.out.abandon();
    this.files.deleteTemporaryIncrement();
    this.isScheduled = true;
  }

  private rewriteOver(): void {
    this.rewrite = null;
    this.host.persistence.isRewriting = false;
  }

  /** Ends a rewrite that is going on; the files before stay in force. */
  abortRewrite(): void {
    const { rewrite } = this;
    if (rewrite === null) return;
    this.host.log.notice(`Killing running AOF rewrite child: ${process.pid}`);
    rewrite.save.abort();
    this.rewriteOver();
    if (this.state === "off") this.folder.unlock();
  }

  /** Ends a rewrite that is going on as one that fails. */
  killRewrite(): void {
    this.rewrite?.save.kill();
  }

  /** Called by cron. */
  cron(): void {
    const { persistence, config, log } = this.host;
    const second = this.seconds;
    if (this.state !== "off") {
      this.out.tick();
      if (second !== this.lastRetry) this.out.retry();
      this.lastRetry = second;
    }
    if (persistence.savesInBackground || persistence.loading) return;
    if (this.isScheduled) {
      if (!this.limit.applies(this.failures, second)) this.startRewrite();
      return;
    }
    const growth = this.growth;
    if (this.state !== "on" || config.autoAofRewritePercentage === 0 || growth < config.autoAofRewritePercentage)
      return;
    if (this.out.totalSize <= config.autoAofRewriteMinSize || this.limit.applies(this.failures, second)) return;
    log.notice(`Starting automatic rewriting of AOF on ${growth}% growth`);
    this.startRewrite();
  }

  /** By how many percent the files have grown since the last rewrite. */
  private get growth(): number {
    return Math.floor((this.out.totalSize * 100) / (this.rewriteBaseSize || 1)) - 100;
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  /** Before the process ends. False: it must not end, as there is no complete file yet; `force`: it does so all the same. */
  finish(force: boolean): boolean {
    const { log } = this.host;
    if (this.rewrite !== null) {
      if (this.state === "waiting") {
        log.warning(force ? "Writing initial AOF. Exit anyway." : "Writing initial AOF, can't exit.");
        if (!force) return false;
      }
      log.warning("There is a child rewriting the AOF. Killing it!");
      this.abortRewrite();
    }
    if (this.state === "off") return true;
    log.notice("Calling fsync() on the AOF file.");
    this.out.finish();
    return true;
  }

  /** Ends everything without another word: the server stops. */
  stop(): void {
    if (this.rewrite !== null) this.rewrite.save.abort();
    this.rewriteOver();
    this.detach();
    if (this.state !== "off") this.out.close();
    this.state = "off";
    this.folder.unlock();
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.rewrites = 0;
    this.failures = 0;
    this.out.delayedFsyncs = 0;
  }
}

function rewriteComplaint(error: unknown): string {
  if (!(error instanceof FileWriteError)) throw error;
  const reason = strerror(error.cause);
  if (error.step === "open") {
    return `Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): ${reason}`;
  }
  if (error.step === "rename") return `Error moving temp append only file on the final destination: ${reason}`;
  return `Write error writing append only file on disk: ${reason}`;
}
