/**
 * A file that takes another's place only when all of it is on the disk: it is written beside it under a temporary name,
 * flushed (fsync), and renamed; then the folder is flushed, so that the new name outlives a power cut, too. Until the
 * rename the old file is as it was.
 */

import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder, writeAll } from "../util/files";

/** The steps, by the names of the functions of C that do them. */
export type WriteStep = "open" | "write" | "fsync" | "rename" | "fsyncFileDir";

/** A step that failed. */
export class FileWriteError extends Error {
  constructor(
    readonly step: WriteStep,
    override readonly cause: unknown,
  ) {
    super(`${step}: ${cause}`);
  }
}

export class FileWriter {
  private fd = -1;
  private made = false;
  private unsynced = 0;

  /**
   * @param temporary path of the file while it is written
   * @param path what it is to be called
   * @param syncBytes after how many bytes what is written so far is flushed; 0: at the end only
   */
  constructor(
    readonly temporary: string,
    readonly path: string,
    private readonly syncBytes: number,
  ) {}

  /** Each of these throws FileWriteError; then abandon() is to be called. */
  open(): void {
    this.attempt("open", () => {
      this.fd = openSync(this.temporary, "w", 0o644);
    });
    this.made = true;
  }

  /** Writes bytes [0, length). */
  write(buf: Buffer, length: number): void {
    this.attempt("write", () => writeAll(this.fd, buf, length));
    this.unsynced += length;
    if (this.syncBytes > 0 && this.unsynced >= this.syncBytes) this.sync();
  }

  private sync(): void {
    this.attempt("fsync", () => fsyncSync(this.fd));
    this.unsynced = 0;
  }

  /** Flushes the file and gives it its name. */
  finish(): void {
    this.sync();
    this.close();
    this.attempt("rename", () => renameSync(this.temporary, this.path));
    this.attempt("fsyncFileDir", () => syncFolder(dirname(this.path)));
  }

  /** Closes and removes the temporary file, if it was made. Throws nothing. */
  abandon(): void {
    if (!this.made) return;
    this.close();
    try {
      rmSync(this.temporary, { force: true });
    } catch {
      // It has its final name already, or the disk is in such a state that nothing can be done.
    }
  }

  private close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }

  private attempt(step: WriteStep, action: () => void): void {
    try {
      action();
    } catch (error) {
      throw new FileWriteError(step, error);
    }
  }
}
