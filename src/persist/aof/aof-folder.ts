/**
 * The folder of the append-only file (`appenddirname`): its paths, its manifest on the disk, and who may use it.
 *
 * The manifest is replaced as a whole: written beside under a temporary name, flushed, renamed, and the folder flushed.
 * So after a crash there is the old one or the new one, and every file that either names is there: what it names anew is
 * made before, and what it does not name any more is deleted after.
 *
 * A server holds a lock (flock) on a file of its own in the folder, `appendfilename`.lock, for as long as it writes there.
 * The system releases it when the process ends, however that happens; the file stays. So a second server with the same
 * files is refused, and one with another `appendfilename` is not.
 */

import { close, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../admin/config/config";
import { syncFolder } from "../../util/files";
import { libc } from "../../util/libc";
import { decodeUtf8 } from "../../util/utf8";
import { FileWriter } from "../file-writer";
import { Manifest } from "./manifest";

const LOCK_EX = 2;
const LOCK_NB = 4;

export class AofFolder {
  private lockFd = -1;

  /** @param dir the folder of `dir`, as the file system takes it */
  constructor(
    private readonly config: Config,
    private readonly dir: () => string,
  ) {}

  /** `appendfilename` and `appenddirname`, latin1. */
  get prefix(): string {
    return this.config.appendfilename;
  }

  get name(): string {
    return this.config.appenddirname;
  }

  get path(): string {
    return join(this.dir(), decodeUtf8(this.name));
  }

  /** The path of a file in it. */
  fileAt(name: string): string {
    return join(this.path, decodeUtf8(name));
  }

  /** The path of the one file that versions before 7.0 wrote. */
  get oldFile(): string {
    return join(this.dir(), decodeUtf8(this.prefix));
  }

  /** The path of a temporary file beside the folder. */
  besides(name: string): string {
    return join(this.dir(), name);
  }

  get manifestName(): string {
    return `${this.prefix}.manifest`;
  }

  get temporaryManifest(): string {
    return `temp-${this.prefix}.manifest`;
  }

  /** Where effects go while the first rewrite runs, after `appendonly` was switched on. */
  get temporaryIncrement(): string {
    return `temp-${this.prefix}.incr`;
  }

  get exists(): boolean {
    return isFolder(this.path);
  }

  has(name: string): boolean {
    return existsSync(this.fileAt(name));
  }

  /** Bytes of a file. Throws where there is none. */
  sizeOf(name: string): number {
    return statSync(this.fileAt(name)).size;
  }

  /** Makes the folder where it is missing. Throws what the system says. */
  create(): void {
    if (this.exists) return;
    if (existsSync(this.path)) throw Object.assign(new Error("the append-only dir is a file"), { code: "ENOTDIR" });
    mkdirSync(this.path, 0o755);
    syncFolder(this.dir());
  }

  /**
   * Takes the files for this process, until it ends. False: another server has them. Where the system knows no such locks
   * nothing is refused.
   */
  lock(): boolean {
    if (this.lockFd >= 0) return true;
    const flock = libc("flock");
    if (flock === null) return true;
    const fd = openSync(this.fileAt(`${this.prefix}.lock`), "a", 0o644);
    if (flock(fd, LOCK_EX | LOCK_NB) !== 0) {
      closeSync(fd);
      return false;
    }
    this.lockFd = fd;
    return true;
  }

  unlock(): void {
    if (this.lockFd >= 0) closeSync(this.lockFd);
    this.lockFd = -1;
  }

  // --- the manifest ------------------------------------------------------------------------------------------------

  /** The manifest on the disk, or null. Throws ManifestError, or what the system says. */
  readManifest(): Manifest | null {
    if (!this.exists || !this.has(this.manifestName)) return null;
    return Manifest.parse(readFileSync(this.fileAt(this.manifestName)).toString("latin1"));
  }

  /** Puts a manifest on the disk, unless it is there already. Throws FileWriteError; then the old one is as it was. */
  writeManifest(manifest: Manifest): void {
    if (!manifest.dirty) return;
    const file = new FileWriter(this.fileAt(this.temporaryManifest), this.fileAt(this.manifestName), 0);
    const bytes = Buffer.from(manifest.toString(), "latin1");
    try {
      file.open();
      file.write(bytes, bytes.length);
      file.finish();
    } catch (error) {
      file.abandon();
      throw error;
    }
    manifest.dirty = false;
  }

  /** Deletes a file; its blocks are freed on another thread, as that takes long for a large one. */
  removeLater(path: string): void {
    try {
      // While it is open its blocks are not freed: its name is gone at once, and the rest happens when it is closed.
      const fd = openSync(path, "r");
      rmSync(path, { force: true });
      close(fd);
    } catch {
      // There is none, or it cannot be deleted: nothing reads it.
    }
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
