/**
 * A file written in the background that takes another's place when it is complete; see FileWriter for the steps. The
 * writes and flushes are done by Bun's thread pool, one at a time, so that a slow disk holds nobody up.
 */

import { close, fsync, open, openSync, rename, rmSync, write } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { FileWriteError, type WriteStep } from "./file-writer";

const closeLater = promisify(close);
const fsyncLater = promisify(fsync);
const openLater = promisify(open);
const renameLater = promisify(rename);
const writeLater = promisify(write);

/** Most pieces are a little over 256 KiB. */
const CHUNK_BYTES = 264 * 1024;
/** Buffers that are kept at most. */
const WRITTEN_MAX = 16;

export class BackgroundFile {
  /** Bytes that wait to be written. */
  pending = 0;
  /** What went wrong: nothing more is written. */
  error: FileWriteError | null = null;
  private fd = -1;
  private unsynced = 0;
  /** Buffers of CHUNK_BYTES that are free. */
  private readonly written: Buffer[] = [];
  private abandoned = false;
  /** The end of what is queued so far. */
  private queued: Promise<void> = Promise.resolve();

  /** See FileWriter. Does not throw: a file that cannot be made has its `error`. */
  constructor(
    readonly temporary: string,
    readonly path: string,
    private readonly syncBytes: number,
  ) {
    try {
      this.fd = openSync(temporary, "w", 0o644);
    } catch (error) {
      this.error = new FileWriteError("open", error);
    }
  }

  /** Queues bytes [0, length), of which it takes a copy. */
  write(buf: Buffer, length: number): void {
    if (this.error !== null) return;
    const chunk = this.bufferFor(length);
    buf.copy(chunk, 0, 0, length);
    this.pending += length;
    this.queued = this.queued.then(() => this.writeChunk(chunk, length));
  }

  /** One that was written before, if there is one: fresh ones would lie about until the garbage collector comes. */
  private bufferFor(length: number): Buffer {
    if (length > CHUNK_BYTES) return Buffer.allocUnsafe(length);
    return this.written.pop() ?? Buffer.allocUnsafe(CHUNK_BYTES);
  }

  private async writeChunk(chunk: Buffer, length: number): Promise<void> {
    await this.attempt("write", async () => {
      for (let at = 0; at < length; ) {
        at += (await writeLater(this.fd, chunk, at, length - at, null)).bytesWritten;
      }
    });
    if (chunk.length === CHUNK_BYTES && this.written.length < WRITTEN_MAX) this.written.push(chunk);
    this.pending -= length;
    this.unsynced += length;
    if (this.syncBytes > 0 && this.unsynced >= this.syncBytes) await this.sync();
  }

  private async sync(): Promise<void> {
    this.unsynced = 0;
    await this.attempt("fsync", () => fsyncLater(this.fd));
  }

  /** Does a step, unless an earlier one has failed or nobody wants the file any more. */
  private async attempt(step: WriteStep, action: () => Promise<unknown>): Promise<void> {
    if (this.error !== null || this.abandoned) return;
    try {
      await action();
    } catch (error) {
      this.error = new FileWriteError(step, error);
    }
  }

  /** Resolves when all is on the disk under its final name, or when that has failed: see `error`. */
  async finish(): Promise<void> {
    await this.queued;
    await this.sync();
    await this.attempt("rename", () => renameLater(this.temporary, this.path));
    await this.attempt("fsyncFileDir", () => this.syncFolder());
    if (this.error === null) await this.close();
    else this.abandon();
  }

  private async syncFolder(): Promise<void> {
    const folder = await openLater(dirname(this.path), "r");
    try {
      await fsyncLater(folder);
    } finally {
      await closeLater(folder);
    }
  }

  /** Removes the temporary file; what is queued is not written any more. */
  abandon(): void {
    this.abandoned = true;
    if (this.fd < 0) return;
    try {
      rmSync(this.temporary, { force: true });
    } catch {
      // The disk is in such a state that nothing can be done.
    }
    this.queued.then(() => this.close());
  }

  private async close(): Promise<void> {
    const { fd } = this;
    this.fd = -1;
    if (fd >= 0) await closeLater(fd);
  }
}
