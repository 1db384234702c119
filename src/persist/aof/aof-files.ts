/**
 * What happens to the files of the append-only file, in Redis's order and with its log lines: opened at the start, a new
 * increment when a rewrite begins, a new base when it is done, history deleted.
 *
 * Each step changes a copy of the manifest, and the copy takes the place of the manifest once it is on the disk. So
 * where a step fails, or the process ends in it, the files before are in force, and all of them are there.
 */

import { closeSync, existsSync, renameSync } from "node:fs";
import type { Config } from "../../admin/config/config";
import type { LatencyMonitor } from "../../admin/latency/latency-monitor";
import type { Logger } from "../../admin/process/logger";
import type { Clock } from "../../util/clock";
import { strerror } from "../../util/strerror";
import { FileWriteError, type WriteStep } from "../file-writer";
import type { AofFolder } from "./aof-folder";
import { type AofLog, openForAppending } from "./aof-log";
import { Manifest, ManifestError } from "./manifest";

export interface AofFilesHost {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly latencyMonitor: LatencyMonitor;
}

export class AofFiles {
  manifest = new Manifest();

  constructor(
    private readonly host: AofFilesHost,
    readonly folder: AofFolder,
    private readonly out: AofLog,
  ) {}

  // --- the start ---------------------------------------------------------------------------------------------------

  /** Reads the manifest, if there is one. False if it cannot be read: the log says why. */
  readManifest(): boolean {
    const { log } = this.host;
    const { folder } = this;
    try {
      const manifest = folder.readManifest();
      if (manifest === null) {
        const what = folder.exists ? `manifest file ${folder.manifestName}` : `directory ${folder.name}`;
        log.debug(`The AOF ${what} doesn't exist`);
      }
      this.manifest = manifest ?? new Manifest();
      return true;
    } catch (error) {
      this.logManifestError(error);
      return false;
    }
  }

  private logManifestError(error: unknown): void {
    const { log } = this.host;
    if (!(error instanceof ManifestError)) {
      const path = `${this.folder.name}/${this.folder.manifestName}`;
      log.warning(`Fatal error: can't open the AOF manifest file ${path} for reading: ${strerror(error)}`);
      return;
    }
    log.warning("\n*** FATAL AOF MANIFEST FILE ERROR ***\n");
    if (error.line > 0) {
      log.warning(`Reading the manifest file, at line ${error.line}\n`);
      log.warning(`>>> '${error.text}'\n`);
    }
    log.warning(`${error.message}\n`);
  }

  /** Makes the folder, if it is missing, and takes it for this process. False if that failed: the log says why. */
  prepareFolder(): boolean {
    const { folder } = this;
    const { log } = this.host;
    try {
      folder.create();
      if (folder.lock()) return true;
      log.warning(
        `Can't use ${folder.prefix} in the append-only dir ${folder.name}: another server is writing to it. ` +
          "Two servers need two dirs, or two values of appendfilename.",
      );
    } catch (error) {
      log.warning(`Can't open or create append-only dir ${folder.name}: ${strerror(error)}`);
    }
    return false;
  }

  /** Whether there is a file of an old version that nobody has taken over yet. */
  get mustUpgrade(): boolean {
    const { folder, manifest } = this;
    if (!existsSync(folder.oldFile)) return false;
    if (manifest.isEmpty) return true;
    // The process ended between the new manifest and the move.
    const isOnly = manifest.base?.name === folder.prefix && manifest.increments.length === 0;
    return isOnly && !folder.has(folder.prefix);
  }

  /** Makes the one file of an old version the base. False if that failed: the log says why. */
  upgrade(): boolean {
    const { folder } = this;
    const { log } = this.host;
    if (!this.prepareFolder()) return false;
    this.manifest.adopt(folder.prefix);
    if (!this.persist(this.manifest)) return false;
    try {
      renameSync(folder.oldFile, folder.fileAt(folder.prefix));
    } catch (error) {
      log.warning(`Error trying to move the old AOF file ${folder.prefix} into dir ${folder.name}: ${strerror(error)}`);
      return false;
    }
    log.notice(
      `Successfully migrated an old-style AOF file (${folder.prefix}) into the AOF directory (${folder.name}).`,
    );
    return true;
  }

  /**
   * Opens the last increment, or a new one; where there are no files at all, `writeBase` makes a base before. False if
   * that failed: the log says why.
   */
  openAtStart(writeBase: (path: string) => boolean): boolean {
    const { folder, manifest } = this;
    const { log } = this.host;
    if (!this.prepareFolder()) return false;
    const { increments } = manifest;
    const isNew = increments.length === 0;
    if (manifest.isEmpty) {
      const base = manifest.newBase(folder.prefix, this.baseFormat);
      if (!writeBase(folder.fileAt(base))) return false;
      log.notice(`Creating AOF base file ${base} on server start`);
    }
    const name = isNew ? manifest.newIncrement(folder.prefix) : increments[increments.length - 1].name;
    const fd = this.open(name, false);
    if (fd < 0) return false;
    if (!this.persist(manifest)) {
      closeSync(fd);
      return false;
    }
    this.out.use(fd, folder.sizeOf(name));
    log.notice(`${isNew ? "Creating" : "Opening"} AOF incr file ${name} on server start`);
    return true;
  }

  private get baseFormat(): "rdb" | "aof" {
    return this.host.config.aofUseRdbPreamble ? "rdb" : "aof";
  }

  private open(name: string, isNew: boolean): number {
    try {
      return openForAppending(this.folder.fileAt(name), isNew);
    } catch (error) {
      this.host.log.warning(`Can't open the append-only file ${name}: ${strerror(error)}`);
      return -1;
    }
  }

  // --- a rewrite ---------------------------------------------------------------------------------------------------

  /**
   * Effects go to a new increment from now on. `isFirst`: to a temporary one, as nothing is of use before the rewrite is
   * done. False if that failed: the log says why.
   */
  openIncrement(isFirst: boolean): boolean {
    const { folder } = this;
    const next = this.manifest.copy();
    const name = isFirst ? folder.temporaryIncrement : next.newIncrement(folder.prefix);
    const fd = this.open(name, true);
    if (fd < 0) return false;
    if (!isFirst && !this.persist(next)) {
      closeSync(fd);
      return false;
    }
    this.host.log.notice(`Creating AOF incr file ${name} on background rewrite`);
    this.out.use(fd, 0);
    this.manifest = next;
    return true;
  }

  /**
   * The rewrite is done and stands in `temporary`, a file beside the folder: it becomes the base, and what was before it
   * history. `isFirst` as above. False if that failed: the log says why.
   */
  completeRewrite(temporary: string, isFirst: boolean): boolean {
    const { folder } = this;
    const next = this.manifest.copy();
    const base = next.newBase(folder.prefix, this.baseFormat);
    if (!this.rename("base", folder.besides(temporary), temporary, base)) return false;
    let increment = "";
    if (isFirst) {
      increment = next.newIncrement(folder.prefix);
      const name = folder.temporaryIncrement;
      if (!this.rename("incr", folder.fileAt(name), name, increment)) {
        folder.removeLater(folder.fileAt(base));
        return false;
      }
    }
    next.retireIncrements(this.out.isOpen ? 1 : 0);
    const isPersistent = this.persist(next);
    if (isPersistent || !next.dirty) this.manifest = next;
    else {
      folder.removeLater(folder.fileAt(base));
      if (isFirst) folder.removeLater(folder.fileAt(increment));
    }
    return isPersistent;
  }

  private rename(kind: "base" | "incr", from: string, name: string, to: string): boolean {
    const { log, clock, latencyMonitor } = this.host;
    const start = clock.monotonic();
    try {
      renameSync(from, this.folder.fileAt(to));
    } catch (error) {
      const path = `${this.folder.name}/${to}`;
      log.warning(`Error trying to rename the temporary AOF ${kind} file ${name} into ${path}: ${strerror(error)}`);
      return false;
    }
    latencyMonitor.add("aof-rename", clock.monotonic() - start, clock.now());
    log.notice(`Successfully renamed the temporary AOF ${kind} file ${name} into ${to}`);
    return true;
  }

  /** Bytes of the base. */
  get baseSize(): number {
    const { base } = this.manifest;
    if (base === null) return 0;
    const { clock, latencyMonitor, log } = this.host;
    const start = clock.monotonic();
    try {
      return this.folder.sizeOf(base.name);
    } catch (error) {
      log.warning(`Unable to obtain the AOF file ${base.name} length. stat: ${strerror(error)}`);
      return 0;
    } finally {
      latencyMonitor.add("aof-fstat", clock.monotonic() - start, clock.now());
    }
  }

  /** Deletes what is not needed any more, unless aof-disable-auto-gc keeps it. */
  deleteHistory(): void {
    const { manifest, folder } = this;
    if (manifest.history.length === 0 || this.host.config.aofDisableAutoGc) return;
    for (const { name } of manifest.history) {
      this.host.log.notice(`Removing the history file ${name} in the background`);
      folder.removeLater(folder.fileAt(name));
    }
    manifest.history = [];
    manifest.dirty = true;
    this.persist(manifest);
  }

  deleteTemporaryIncrement(): void {
    const { folder } = this;
    const name = folder.temporaryIncrement;
    this.host.log.notice(`Removing the temp incr aof file ${name} in the background`);
    folder.removeLater(folder.fileAt(name));
  }

  // --- the manifest ------------------------------------------------------------------------------------------------

  /** Puts a manifest on the disk. False if that failed; it is in place all the same if it is not dirty any more. */
  private persist(manifest: Manifest): boolean {
    try {
      this.folder.writeManifest(manifest);
      return true;
    } catch (error) {
      if (!(error instanceof FileWriteError)) throw error;
      // It has its name already: the files that it names are those in force.
      if (error.step === "fsyncFileDir") manifest.dirty = false;
      this.host.log.warning(this.complaint(error.step, strerror(error.cause)));
      return false;
    }
  }

  private complaint(step: WriteStep, reason: string): string {
    const { temporaryManifest, manifestName, name } = this.folder;
    switch (step) {
      case "open":
        return `Can't open the AOF manifest file ${temporaryManifest}: ${reason}`;
      case "write":
        return `Error trying to write the temporary AOF manifest file ${temporaryManifest}: ${reason}`;
      case "fsync":
        return `Fail to fsync the temp AOF file ${temporaryManifest}: ${reason}.`;
      case "rename":
        return (
          `Error trying to rename the temporary AOF manifest file ${temporaryManifest} into ${manifestName}: ` + reason
        );
      case "fsyncFileDir":
        return `Fail to fsync AOF directory ${name}/${manifestName}: ${reason}.`;
    }
  }
}
