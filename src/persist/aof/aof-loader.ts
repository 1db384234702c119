/**
 * Loads the files of a manifest: the base, an RDB file or commands, and the increments, in slices between which the
 * server can do something else.
 *
 * The last file may end in the middle of a command, or of a transaction: the process ended while it wrote. That tail is
 * cut off (aof-load-truncated). Anything else that is not as it should be stops the start, with the file and the offset
 * in the log, and no file is touched.
 */

import { closeSync, fstatSync, openSync, readSync, truncateSync } from "node:fs";
import type { Config } from "../../admin/config/config";
import type { Logger } from "../../admin/process/logger";
import type { Keyspace } from "../../db/keyspace";
import type { Request } from "../../resp/request";
import type { Clock } from "../../util/clock";
import { Delay } from "../../util/delay";
import { OutOfMemoryError } from "../../util/out-of-memory";
import { strerror } from "../../util/strerror";
import type { Persistence } from "../persistence";
import { RdbInput } from "../rdb/rdb-input";
import type { AofFolder } from "./aof-folder";
import { AOF_ANNOTATION, AOF_COMMAND, AOF_DAMAGED, AOF_END, AOF_TORN, AofReader } from "./aof-reader";
import type { AofFile, Manifest } from "./manifest";
import { hidesCommands } from "./torn-tail";

/** Length of a slice, µs. */
const SLICE_MICROS = 5000;
/** Commands between two looks at the clock. */
const COMMANDS_PER_LOOK = 64;
const MAGIC = Buffer.from("REDIS");

/** What runs the commands: see ../../command/replayer.ts. */
export interface CommandRunner {
  readonly inTransaction: boolean;
  /** Why run() has refused a request of this file. */
  complaint(file: string): string;
  /** A slice begins. */
  begin(): void;
  run(request: Request): boolean;
  revert(): void;
}

export interface AofLoadHost {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly keyspace: Keyspace;
  readonly persistence: Persistence;
  newRunner(): CommandRunner;
}

/** "missing": there is nothing to load. "empty": there are files, and nothing in them. "failed": the log says why. */
export type AofLoadResult = "loaded" | "missing" | "empty" | "damaged" | "failed";

type FileResult = "loaded" | "truncated" | "empty" | "damaged" | "failed";

export class AofLoader {
  /** Bytes of all files that were loaded, and of the base. */
  totalSize = 0;
  baseSize = 0;

  constructor(
    private readonly host: AofLoadHost,
    private readonly folder: AofFolder,
  ) {}

  /** Loads all files; each step is a slice. "damaged": the base is no RDB file. */
  *load(manifest: Manifest): Generator<void, AofLoadResult> {
    if (manifest.isEmpty) return "missing";
    const sizes = this.measure(manifest.files);
    if (sizes === null) return "failed";
    this.totalSize = sizes.reduce((sum, size) => sum + size, 0);
    this.baseSize = manifest.base === null ? 0 : sizes[0];
    if (this.totalSize === 0) return "empty";
    const { keyspace, persistence } = this.host;
    const expiry = keyspace.expiry;
    persistence.load.begin(this.totalSize);
    persistence.libraries.clear();
    keyspace.expiry = "ignore";
    try {
      return yield* this.loadFiles(manifest);
    } finally {
      keyspace.expiry = expiry;
      persistence.load.end();
    }
  }

  private measure(files: readonly AofFile[]): number[] | null {
    const sizes: number[] = [];
    for (const { name } of files) {
      try {
        sizes.push(this.folder.sizeOf(name));
      } catch (error) {
        this.host.log.warning(`Unable to obtain the AOF file ${name} length. stat: ${strerror(error)}`);
        return null;
      }
    }
    return sizes;
  }

  private *loadFiles(manifest: Manifest): Generator<void, AofLoadResult> {
    const { log, clock, persistence } = this.host;
    const { files, base } = manifest;
    for (const file of files) {
      const kind = file === base ? "base" : "incr";
      const isLast = file === files[files.length - 1];
      const start = clock.monotonic();
      const result = yield* this.loadFile(file.name);
      if (result === "damaged" || result === "failed") return result;
      if (result === "truncated" && !isLast) {
        log.warning("Fatal error: the truncated file is not the last file");
        return "failed";
      }
      persistence.load.before += this.folder.sizeOf(file.name);
      if (result === "empty") continue;
      const seconds = ((clock.monotonic() - start) / 1_000_000).toFixed(3);
      log.notice(`DB loaded from ${kind} file ${file.name}: ${seconds} seconds`);
    }
    return "loaded";
  }

  private *loadFile(name: string): Generator<void, FileResult> {
    const { log } = this.host;
    let fd: number;
    try {
      fd = openSync(this.folder.fileAt(name), "r");
    } catch (error) {
      log.warning(`Fatal error: can't open the append log file ${name} for reading: ${strerror(error)}`);
      return "failed";
    }
    try {
      const { size } = fstatSync(fd);
      if (size === 0) return "empty";
      return yield* this.loadOpened(name, fd, size);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      log.warning(`Unrecoverable error reading the append only file ${name}: ${strerror(error)}`);
      return "failed";
    } finally {
      closeSync(fd);
    }
  }

  private *loadOpened(name: string, fd: number, size: number): Generator<void, FileResult> {
    let position = 0;
    if (isRdb(fd)) {
      const { log, persistence } = this.host;
      const isOld = name === this.folder.prefix;
      log.notice(isOld ? "Reading RDB preamble from AOF file..." : "Reading RDB base file on AOF loading...");
      const input = RdbInput.ofFile(fd, size);
      // Of what has expired the increments know, too.
      const result = yield* persistence.loadInput(input, { replace: false, keepExpired: true });
      if (result !== "loaded") {
        const what = isOld ? "RDB preamble of the AOF file" : "RDB base file";
        log.warning(`Error reading the ${what} ${name}, AOF loading aborted`);
        return result === "damaged" ? "damaged" : "failed";
      }
      if (isOld) log.notice("Reading the remaining AOF tail...");
      position = input.position;
    }
    return yield* this.loadCommands(name, new AofReader(fd, size, position), fd, size);
  }

  // --- commands ----------------------------------------------------------------------------------------------------

  private *loadCommands(name: string, reader: AofReader, fd: number, size: number): Generator<void, FileResult> {
    const { clock, config, persistence } = this.host;
    const runner = this.host.newRunner();
    const delay = config.keyLoadDelay === 0 ? null : new Delay(config.keyLoadDelay);
    let transactionStart = 0;
    for (;;) {
      runner.begin();
      const deadline = clock.monotonic() + SLICE_MICROS;
      do {
        for (let i = 0; i < COMMANDS_PER_LOOK; i++) {
          const found = reader.next();
          if (found === AOF_ANNOTATION) continue;
          if (found !== AOF_COMMAND) {
            const validUpTo = runner.inTransaction ? transactionStart : reader.start;
            const isDamaged = found === AOF_TORN && hidesCommands(fd, reader.start, size);
            return this.ended(name, isDamaged ? AOF_DAMAGED : found, reader, runner, validUpTo);
          }
          if (!runner.inTransaction) transactionStart = reader.start;
          const failure = this.run(runner, reader, name);
          if (failure !== null) return failure;
          delay?.wait();
        }
      } while (clock.monotonic() < deadline);
      persistence.load.at(reader.position);
      yield;
    }
  }

  private run(runner: CommandRunner, reader: AofReader, name: string): FileResult | null {
    const { log, persistence } = this.host;
    try {
      if (runner.run(reader) || persistence.libraries.replay(reader)) return null;
      log.warning(`AOF loading stopped at offset ${reader.start} of ${name}`);
      log.warning(runner.complaint(name));
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      log.warning(`Out of memory at offset ${reader.start} of the append only file ${name}: ${error.message}`);
    }
    return "failed";
  }

  /** The file is over, or cannot be read any further. */
  private ended(name: string, found: number, reader: AofReader, runner: CommandRunner, validUpTo: number): FileResult {
    const { log } = this.host;
    if (found === AOF_DAMAGED) {
      log.warning(`AOF loading stopped at offset ${reader.start} of ${name}`);
      log.warning(
        `Bad file format reading the append only file ${name}: make a backup of your AOF file, then use ` +
          "./redis-check-aof --fix <filename.manifest>",
      );
      return "failed";
    }
    if (found === AOF_END && !runner.inTransaction) return "loaded";
    if (runner.inTransaction) log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${name}`);
    runner.revert();
    return this.cutTail(name, validUpTo);
  }

  /** Cuts off what the last run could not complete. */
  private cutTail(name: string, offset: number): FileResult {
    const { log, config } = this.host;
    if (config.aofLoadTruncated) {
      log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
      log.warning(`!!! Truncating the AOF ${name} at offset ${offset} !!!`);
      try {
        const size = this.folder.sizeOf(name);
        truncateSync(this.folder.fileAt(name), offset);
        this.totalSize -= size - offset;
        log.warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
        return "truncated";
      } catch (error) {
        log.warning(`Error truncating the AOF file ${name}: ${strerror(error)}`);
      }
    }
    log.warning(
      `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of your AOF file, then ` +
        "use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' " +
        "configuration option to yes and restart the server.",
    );
    return "failed";
  }
}

function isRdb(fd: number): boolean {
  const head = Buffer.alloc(MAGIC.length);
  return readSync(fd, head, 0, head.length, 0) === head.length && head.equals(MAGIC);
}
