/**
 * The RDB file of a server: saving to it, loading from it, and what INFO says of both.
 *
 * The file is written under a temporary name and renamed when it is complete and on the disk (file-writer.ts), so there
 * is a whole one at any time. It is loaded in slices of a few milliseconds; clients that come meanwhile are told so.
 */

import { closeSync, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../admin/config/config";
import type { SavePoint } from "../admin/config/special";
import type { Logger } from "../admin/process/logger";
import type { Keyspace } from "../db/keyspace";
import { MISCONF } from "../resp/errors";
import type { Clock } from "../util/clock";
import { Delay } from "../util/delay";
import { OutOfMemoryError } from "../util/out-of-memory";
import { strerror } from "../util/strerror";
import { decodeUtf8 } from "../util/utf8";
import { BackgroundFile } from "./background-file";
import { FileWriteError, FileWriter } from "./file-writer";
import { LoadState } from "./load-state";
import { FunctionLibraries } from "./rdb/function-libraries";
import { RdbError, RdbInput } from "./rdb/rdb-input";
import { RdbLoader, type RdbLoadListener, RdbRefusal } from "./rdb/rdb-loader";
import { RdbOutput, type RdbSink } from "./rdb/rdb-output";
import { type KeptUsage, type RdbFileFields, RdbWriter, type SnapshotWriter } from "./rdb/rdb-writer";
import { ValueCodecs } from "./rdb/value-codecs";
import { BackgroundSave, SaveKilled } from "./snapshot/background-save";
import { EntryWindow } from "./snapshot/entry-window";

/** With rdb-save-incremental-fsync the file is flushed whenever this much of it has been written. */
const SYNC_BYTES = 4 * 1024 * 1024;
/** Entries that SAVE gathers before it writes them. */
const WINDOW_ENTRIES = 256;
/** Length of a slice of loading, µs. */
const SLICE_MICROS = 5000;
/** Keys without elements that the log names. */
const EMPTY_KEYS_NAMED = 10;
/** Pause after a BGSAVE that failed. */
const RETRY_SECONDS = 5;
const MIB = 1024 * 1024;

/** The server, as far as its files are concerned with it. */
export interface PersistenceHost {
  readonly keyspace: Keyspace;
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  /** The folder of `dir`, as the file system takes it. */
  folder(): string;
  /** Bytes in use, for the file's field "used-mem". */
  usedMemory(): number;
  /** Commands run since the start. */
  commandsRun(): number;
}

/** How a file is loaded; see RdbLoadOptions. */
export interface LoadMode {
  readonly replace: boolean;
  readonly keepExpired: boolean;
}

const PLAIN: LoadMode = { replace: false, keepExpired: false };

/** Why a file was not loaded. "missing": there is none. "refused", "damaged": the log says why. */
export type LoadResult = "loaded" | "missing" | "refused" | "damaged";

export class Persistence {
  readonly codecs: ValueCodecs;
  readonly load: LoadState;
  /** Seconds since the epoch: when the data was last saved; at first, when the server started. */
  lastSave: number;
  /** SAVE and BGSAVE since the start (or CONFIG RESETSTAT). */
  saves = 0;
  /** Whether the last BGSAVE worked; SAVE makes good what one has not done. */
  lastBgsaveOk = true;
  /** Seconds that the last BGSAVE took, -1 before the first. */
  lastBgsaveSeconds = -1;
  /** Checksums of files and payloads are not looked at: for tests of what is damaged. */
  skipChecksums = false;
  /** Why writes are refused because the append-only file cannot be written; null where it can. */
  aofRefusal: string | null = null;
  /** BGSAVE has been asked for, and waits until it can begin. */
  bgsaveScheduled = false;
  /** The append-only file is being rewritten: there is one snapshot at a time. */
  isRewriting = false;
  private background: BackgroundSave | null = null;
  private lastBgsaveTry = 0;
  private dirtyBefore = 0;
  /** Libraries of functions as files brought them. */
  readonly libraries = new FunctionLibraries();

  constructor(private readonly host: PersistenceHost) {
    this.codecs = new ValueCodecs(host.keyspace, host.config);
    this.load = new LoadState(host.clock);
    this.lastSave = this.seconds;
  }

  get loading(): boolean {
    return this.load.active;
  }

  /** The path of the file. */
  get path(): string {
    return join(this.host.folder(), decodeUtf8(this.host.config.dbfilename));
  }

  // --- saving ------------------------------------------------------------------------------------------------------

  /** Saves everything before it returns. False if that failed: the log says why, and the old file is as it was. */
  save(): boolean {
    const { keyspace, log } = this.host;
    const temporary = `temp-${process.pid}.rdb`;
    const file = new FileWriter(join(this.host.folder(), temporary), this.path, this.syncBytes);
    try {
      file.open();
      this.writeAll(
        this.newWriter((buf, length) => file.write(buf, length)),
        false,
      );
      file.finish();
    } catch (error) {
      file.abandon();
      this.logSaveFailure(error, temporary);
      return false;
    }
    log.notice("DB saved on disk");
    keyspace.dirty = 0;
    this.lastSave = this.seconds;
    this.lastBgsaveOk = true;
    return true;
  }

  /** A writer of RDB files to `sink`, as the directives want them. */
  newWriter(sink: RdbSink): RdbWriter {
    const { config } = this.host;
    return new RdbWriter(this.codecs, new RdbOutput(config.rdbcompression, sink, config.rdbchecksum), this.keptUsage);
  }

  /** What stands in the head of a file that is written now. */
  fields(aofBase: boolean): RdbFileFields {
    return { createdAt: this.seconds, usedMemory: this.host.usedMemory(), aofBase };
  }

  private get seconds(): number {
    return Math.floor(this.host.clock.now() / 1000);
  }

  private get syncBytes(): number {
    return this.host.config.rdbSaveIncrementalFsync ? SYNC_BYTES : 0;
  }

  /** Before FLUSHALL: a save of what is about to go makes no sense any more. */
  beforeFlushAll(): void {
    this.abortBackground();
  }

  /** After FLUSHALL: where there are save points, the file is emptied with the data. */
  afterFlushAll(): void {
    if (this.host.config.save.length > 0) this.save();
  }

  /** Writes all data with `writer`, at once. */
  writeAll(writer: SnapshotWriter, aofBase: boolean): void {
    const { config, keyspace } = this.host;
    writer.begin(this.fields(aofBase), this.libraries.texts);
    const delayed = config.rdbKeySaveDelay === 0 ? writer.entry : this.delayed(writer.entry);
    const window = new EntryWindow(keyspace.heap);
    for (const db of keyspace.databases) {
      if (db.size === 0) continue;
      writer.database(db);
      let cursor = 0;
      do {
        cursor = db.scan(cursor, WINDOW_ENTRIES, window.add);
        window.visit(delayed);
      } while (cursor !== 0);
    }
    writer.end(config.rdbchecksum);
  }

  /** As Redis's rdb-key-save-delay: for tests of saves that take long. */
  private delayed(write: (ref: number) => void): (ref: number) => void {
    const delay = new Delay(this.host.config.rdbKeySaveDelay);
    return (ref) => {
      write(ref);
      delay.wait();
    };
  }

  /** The bits of an entry say when it was used under LRU policies, and how often under LFU; else they are not kept. */
  private get keptUsage(): KeptUsage {
    const policy = this.host.config.maxmemoryPolicy;
    if (policy.endsWith("-lru")) return "idle";
    return policy.endsWith("-lfu") ? "frequency" : "none";
  }

  private logSaveFailure(error: unknown, temporary: string): void {
    const { log, config } = this.host;
    if (!(error instanceof FileWriteError)) throw error;
    const folder = config.dir;
    const reason = strerror(error.cause);
    if (error.step === "open") {
      log.warning(`Failed opening the temp RDB file ${temporary} (in server root dir ${folder}) for saving: ${reason}`);
    } else if (error.step === "rename") {
      log.warning(
        `Error moving temp DB file ${temporary} on the final destination ${config.dbfilename} ` +
          `(in server root dir ${folder}): ${reason}`,
      );
    } else {
      log.warning(`Write error saving DB on disk(${error.step === "write" ? "rdbSaveRio" : error.step}): ${reason}`);
    }
  }

  // --- saving in the background ------------------------------------------------------------------------------------

  /** The BGSAVE that is going on, or null. */
  get bgsave(): BackgroundSave | null {
    return this.background;
  }

  /** A snapshot is being written: BGSAVE, or a rewrite of the append-only file. */
  get savesInBackground(): boolean {
    return this.background !== null || this.isRewriting;
  }

  /** Starts BGSAVE; there must be none. What goes wrong is seen at the end, as it would be with a child process. */
  startBgsave(): void {
    const { keyspace, log } = this.host;
    const temporary = `temp-bgsave-${process.pid}.rdb`;
    this.saves++;
    this.dirtyBefore = keyspace.dirty;
    this.lastBgsaveTry = this.seconds;
    const file = new BackgroundFile(join(this.host.folder(), temporary), this.path, this.syncBytes);
    const writer = this.newWriter((buf, length) => file.write(buf, length));
    this.background = new BackgroundSave(this.host, writer, file, (error) => this.bgsaveDone(error, temporary));
    log.notice(`Background saving started by pid ${process.pid}`);
    this.background.start(this.fields(false), this.libraries.texts);
  }

  private bgsaveDone(error: unknown, temporary: string): void {
    const { keyspace, log } = this.host;
    const startedAt = Math.floor((this.background as BackgroundSave).startedAt / 1000);
    this.background = null;
    this.lastBgsaveSeconds = this.seconds - startedAt;
    this.lastBgsaveOk = error === null;
    if (error instanceof SaveKilled) {
      log.warning(`Background saving ${error.message}`);
      return;
    }
    if (error !== null) {
      this.logSaveFailure(error, temporary);
      log.warning("Background saving error");
      return;
    }
    log.notice("DB saved on disk");
    log.notice("Background saving terminated with success");
    keyspace.dirty -= this.dirtyBefore;
    this.lastSave = this.seconds;
  }

  /** Ends a BGSAVE that is going on; it counts as neither saved nor failed. */
  abortBackground(): void {
    if (this.background === null) return;
    this.background.abort();
    this.background = null;
  }

  /** Called by cron: BGSAVE where a save point asks for it, or somebody has. */
  considerBgsave(): void {
    if (this.savesInBackground || this.loading) return;
    // After one that failed, the next waits a little.
    if (!this.lastBgsaveOk && this.seconds - this.lastBgsaveTry <= RETRY_SECONDS) return;
    const due = this.dueSavePoint();
    if (due !== undefined) {
      this.host.log.notice(`${due.changes} changes in ${due.seconds} seconds. Saving...`);
      this.startBgsave();
    } else if (this.bgsaveScheduled) {
      this.bgsaveScheduled = false;
      this.startBgsave();
    }
  }

  private dueSavePoint(): SavePoint | undefined {
    const { config, keyspace } = this.host;
    const elapsed = this.seconds - this.lastSave;
    return config.save.find(({ changes, seconds }) => keyspace.dirty >= changes && elapsed > seconds);
  }

  /** Why writes are refused: they could not be saved (stop-writes-on-bgsave-error), or not logged; null: they are not. */
  get writeRefusal(): string | null {
    const { config } = this.host;
    const isUnsaved = !this.lastBgsaveOk && config.stopWritesOnBgsaveError && config.save.length > 0;
    return isUnsaved ? MISCONF : this.aofRefusal;
  }

  // --- loading -----------------------------------------------------------------------------------------------------

  /** Loads the file in slices between which the server answers. */
  loadInSlices(): Promise<LoadResult> {
    return inSlices(this.loadSteps(PLAIN));
  }

  /** Loads the file before it returns. */
  loadNow(mode: LoadMode): LoadResult {
    const steps = this.loadSteps(mode);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** Each step is a slice. */
  private *loadSteps(mode: LoadMode): Generator<void, LoadResult> {
    const { log } = this.host;
    let fd: number;
    try {
      fd = openSync(this.path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "missing";
      log.warning(
        `Fatal error: can't open the RDB file ${this.host.config.dbfilename} for reading: ${strerror(error)}`,
      );
      return "refused";
    }
    try {
      return yield* this.loadFile(fd, mode);
    } finally {
      closeSync(fd);
    }
  }

  private *loadFile(fd: number, mode: LoadMode): Generator<void, LoadResult> {
    const { keyspace } = this.host;
    const { size } = fstatSync(fd);
    const expiry = keyspace.expiry;
    this.load.begin(size);
    keyspace.expiry = "ignore";
    try {
      return yield* this.loadInput(RdbInput.ofFile(fd, size), mode);
    } finally {
      keyspace.expiry = expiry;
      this.load.end();
    }
  }

  /** Loads what stands in a file in the format of RDB; each step is a slice. The caller has begun to load. */
  *loadInput(input: RdbInput, mode: LoadMode): Generator<void, LoadResult> {
    const { config, clock } = this.host;
    const loader = new RdbLoader(
      this.codecs,
      input,
      { ...mode, checksum: config.rdbchecksum && !this.skipChecksums, deep: config.sanitizeDumpPayload === "yes" },
      this.listener(),
      clock.now(),
    );
    try {
      loader.start();
      while (!loader.step(clock.monotonic() + SLICE_MICROS, config.loadingProcessEventsIntervalBytes)) {
        this.load.progress(loader);
        yield;
      }
      this.load.progress(loader);
      this.logLoaded(loader);
      return "loaded";
    } catch (error) {
      return this.loadFailed(error, input.position);
    }
  }

  private listener(): RdbLoadListener {
    const { log, config } = this.host;
    this.libraries.clear();
    let empty = 0;
    const delay = config.keyLoadDelay === 0 ? null : new Delay(config.keyLoadDelay);
    return {
      aux: (name, value) => this.readField(name, value),
      library: (source) => {
        this.libraries.add(source, true);
        log.warning("The RDB file contains a library of functions. It is kept, but there are no functions yet.");
      },
      emptyKey: (key) => {
        if (empty++ < EMPTY_KEYS_NAMED) log.notice(`rdbLoadObject skipping empty key: ${key}`);
      },
      checksumDisabled: () => log.notice("RDB file was saved with checksum disabled: no check performed."),
      checksumWrong: (expected, found) =>
        log.warning(`Wrong RDB checksum expected: (${expected}) but got (${found}). Aborting now.`),
      loaded: () => delay?.wait(),
    };
  }

  private readField(name: string, value: string): void {
    const { log, clock } = this.host;
    const number = Number.parseInt(value, 10) || 0;
    if (name.startsWith("%")) log.notice(`RDB '${name}': ${value}`);
    else if (name === "redis-ver") log.notice(`Loading RDB produced by version ${value}`);
    else if (name === "ctime") log.notice(`RDB age ${Math.max(0, Math.floor(clock.now() / 1000) - number)} seconds`);
    else if (name === "used-mem") this.readUsedMemory(number);
    else if (name === "aof-preamble" && number !== 0) log.notice("RDB has an AOF tail");
    else if (name === "aof-base" && number !== 0) log.notice("RDB is base AOF");
    else if (!KNOWN_FIELDS.has(name)) log.debug(`Unrecognized RDB AUX field: '${name}'`);
  }

  private readUsedMemory(bytes: number): void {
    this.host.log.notice(`RDB memory usage when created ${(bytes / MIB).toFixed(2)} Mb`);
    this.load.usedMemory = bytes;
  }

  private logLoaded({ keysLoaded, keysExpired, emptyKeys }: RdbLoader): void {
    const counts = `Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}`;
    this.host.log.notice(emptyKeys === 0 ? `${counts}.` : `${counts}, empty keys skipped: ${emptyKeys}.`);
  }

  private loadFailed(error: unknown, position: number): LoadResult {
    const { log } = this.host;
    if (error instanceof RdbRefusal) {
      log.warning(error.message);
      return "refused";
    }
    if (!(error instanceof RdbError) && !(error instanceof OutOfMemoryError)) throw error;
    if (error instanceof OutOfMemoryError || error.short) {
      log.warning("Short read or OOM loading DB. Unrecoverable error, aborting now.");
    }
    log.warning(`Internal error in RDB reading offset ${position} -> ${error.message}`);
    return "damaged";
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.saves = 0;
    this.codecs.sanitizations = 0;
  }
}

/** Takes the steps of something that takes long, with a turn of the event loop between them. */
export async function inSlices<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Fields that say nothing that matters here. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  "redis-bits",
  "repl-stream-db",
  "repl-id",
  "repl-offset",
  "lua",
  "aof-preamble",
  "aof-base",
]);
