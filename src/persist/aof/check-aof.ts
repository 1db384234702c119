/**
 * `redbun check-aof [--fix | --truncate-to-timestamp SECONDS] FILE`: goes through the files of a manifest, or through
 * the one file of an old version, and says where one is damaged, in the words and with the exit codes of
 * redis-check-aof. --fix cuts the last file off where it is damaged, the other option behind a time that it was
 * annotated with (aof-timestamp-enabled).
 */

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { writeAll } from "../../util/files";
import { REDIS_VERSION } from "../../util/redis-version";
import { strerror } from "../../util/strerror";
import { checkRdbInput } from "../rdb/check-rdb";
import { RdbInput } from "../rdb/rdb-input";
import { Manifest, ManifestError } from "./manifest";
import { StreamReader } from "./stream-reader";

const STDIN = 0;
const STDOUT = 1;
/** Longest header line, and longest annotation: what follows is taken for the next. */
const HEADER_MAX = 127;
const ANNOTATION_MAX = 1023;
/** # */
const COMMENT = 35;
const MANIFEST_LINE_MAX = 1024;
const MAGIC = "REDIS";
const LONG_MAX = 2n ** 63n - 1n;

/** Ends the program: what there is to say was said. */
class Abort extends Error {}

type Outcome = "valid" | "empty" | "truncated" | "truncated to timestamp";

interface Options {
  readonly fix: boolean;
  /** Seconds since the epoch; 0: not asked for. */
  readonly timestamp: bigint;
}

function print(text: string): void {
  writeAll(STDOUT, Buffer.from(`${text}\n`, "latin1"));
}

function abort(text: string): never {
  print(text);
  throw new Abort();
}

/** Goes through the files; `error` and `line` are of all of them together. */
class Checker {
  private error = "";
  private line = 1;
  /** Where what is read begins. */
  private errorAt = 0;
  private inTransaction = 0;
  /** The line that was read last, for messages about what stands behind its end. */
  private readonly header = Buffer.alloc(HEADER_MAX + 1);

  constructor(private readonly options: Options) {}

  /** @param name what the file is called in messages */
  check(name: string, path: string, isLast: boolean, isRdb: boolean): Outcome {
    let fd: number;
    try {
      fd = openSync(path, "r+");
    } catch (error) {
      return abort(`Cannot open file ${path}: ${strerror(error)}, aborting...`);
    }
    try {
      const { size } = fstatSync(fd);
      return size === 0 ? "empty" : this.checkOpened(name, path, fd, size, isLast, isRdb);
    } finally {
      closeSync(fd);
    }
  }

  private checkOpened(name: string, path: string, fd: number, size: number, isLast: boolean, isRdb: boolean): Outcome {
    const input = new StreamReader(fd, isRdb ? checkPreamble(name, fd, size) : 0);
    this.inTransaction = 0;
    let validUpTo = input.position;
    for (;;) {
      if (this.inTransaction === 0) validUpTo = input.position;
      const first = input.peek();
      if (first < 0) break;
      if (first === 0x23) {
        if (!this.annotation(input, path, fd, isLast)) return "truncated to timestamp";
      } else if (first === 0x2a) {
        if (!this.command(input, path)) break;
      } else {
        print(`AOF ${name} format error`);
        break;
      }
    }
    if (input.isOver && this.inTransaction !== 0 && this.error === "") {
      this.fail("Reached EOF before reading EXEC for MULTI");
    }
    if (this.error !== "") print(this.error);
    return this.conclude(name, fd, size, validUpTo, isLast);
  }

  private conclude(name: string, fd: number, size: number, validUpTo: number, isLast: boolean): Outcome {
    const { fix, timestamp } = this.options;
    const rest = size - validUpTo;
    if (rest === 0 && timestamp !== 0n) {
      print(`Truncate nothing in AOF ${name} to timestamp ${timestamp}`);
      return "valid";
    }
    print(
      `AOF analyzed: filename=${name}, size=${size}, ok_up_to=${validUpTo}, ok_up_to_line=${this.line}, diff=${rest}`,
    );
    if (rest === 0) return "valid";
    if (!fix) abort(`AOF ${name} is not valid. Use the --fix option to try fixing it.`);
    if (!isLast) abort(`Failed to truncate AOF ${name} because it is not the last file`);
    print(`This will shrink the AOF ${name} from ${size} bytes, with ${rest} bytes, to ${validUpTo} bytes`);
    if (!isConfirmed()) abort("Aborting...");
    try {
      ftruncateSync(fd, validUpTo);
    } catch {
      abort(`Failed to truncate AOF ${name}`);
    }
    return "truncated";
  }

  private fail(reason: string): false {
    this.error = `0x${this.errorAt.toString(16).padStart(16)}: ${reason}`;
    return false;
  }

  // --- items -------------------------------------------------------------------------------------------------------

  /** An annotation. False: the file was cut off before it. */
  private annotation(input: StreamReader, path: string, fd: number, isLast: boolean): boolean {
    const { timestamp } = this.options;
    this.errorAt = input.position;
    const text = input.line(ANNOTATION_MAX).toString("latin1");
    if (timestamp === 0n || !text.startsWith("#TS:")) return true;
    const match = /^#TS:\s*([+-]?\d+)\r/.exec(text);
    if (match === null) abort("Invalid timestamp annotation");
    if (BigInt(match[1]) <= timestamp) return true;
    if (this.errorAt === 0) abort(`AOF ${path} has nothing before timestamp ${timestamp}, aborting...`);
    if (!isLast) {
      print(
        `Failed to truncate AOF ${path} to timestamp ${timestamp} to offset ${this.errorAt} because it is not the last file.`,
      );
      abort(
        "If you insist, please delete all files after this file according to the manifest file and delete the " +
          "corresponding records in manifest file manually. Then re-run redis-check-aof.",
      );
    }
    try {
      ftruncateSync(fd, this.errorAt);
    } catch {
      abort(`Failed to truncate AOF ${path} to timestamp ${timestamp}`);
    }
    return false;
  }

  /** A command. False: it is damaged, or not complete. */
  private command(input: StreamReader, path: string): boolean {
    const count = this.number(input, "*");
    if (count === null) return false;
    for (let i = 0n; i < count; i++) {
      const length = this.number(input, "$");
      if (length === null) return false;
      if (length < 0n || length > LONG_MAX - 2n) {
        return this.fail(`Expected to read string of ${length} bytes, which is not in the suitable range`);
      }
      const text = this.string(input, Number(length) + 2);
      if (text === null || (i === 0n && !this.noteTransaction(text, path))) return false;
    }
    return true;
  }

  private noteTransaction(name: string, path: string): boolean {
    if (name === "multi" && this.inTransaction++ !== 0) return this.fail(`Unexpected MULTI in AOF ${path}`);
    if (name === "exec" && --this.inTransaction !== 0) return this.fail(`Unexpected EXEC in AOF ${path}`);
    return true;
  }

  /** The number in a header line that begins with `prefix`, or null. */
  private number(input: StreamReader, prefix: string): bigint | null {
    const { header } = this;
    this.errorAt = input.position;
    const line = input.line(HEADER_MAX);
    if (line.length === 0) return null;
    line.copy(header);
    header[line.length] = 0;
    if (line[0] !== prefix.charCodeAt(0)) {
      this.fail(`Expected prefix '${prefix}', got: '${String.fromCharCode(line[0])}'`);
      return null;
    }
    const [digits = ""] = /^\s*[+-]?\d+/.exec(line.toString("latin1", 1)) ?? [];
    return this.newline(header, 1 + digits.length) ? BigInt(digits.trim() || 0) : null;
  }

  /** Whether a line ends at `at`. */
  private newline(bytes: Uint8Array, at: number): boolean {
    if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) {
      this.line++;
      return true;
    }
    return this.fail(`Expected \\r\\n, got: ${hexadecimal(bytes[at])}${hexadecimal(bytes[at + 1])}`);
  }

  /** A string of `length` bytes, its line end included: in lower case if it is short; null where it is not there. */
  private string(input: StreamReader, length: number): string | null {
    this.errorAt = input.position;
    const read = input.skip(length);
    if (read !== length) {
      this.fail(`Expected to read ${length} bytes, got ${read} bytes`);
      return null;
    }
    const { tail } = input;
    if (!this.newline(tail, tail.length - 2)) return null;
    return length === tail.length ? tail.toString("latin1", 0, length - 2).toLowerCase() : "";
  }
}

/** As C prints a `char` by %02x. */
function hexadecimal(byte: number): string {
  return byte < 0x80 ? byte.toString(16).padStart(2, "0") : `ffffff${byte.toString(16)}`;
}

/** The user's answer on standard input. */
function isConfirmed(): boolean {
  writeSync(STDOUT, "Continue? [y/N]: ");
  const answer = Buffer.alloc(1);
  try {
    return readSync(STDIN, answer, 0, 1, null) === 1 && /^y/i.test(answer.toString("latin1"));
  } catch {
    return false;
  }
}

/** Checks the RDB file at the head of a file; returns where it ends. */
function checkPreamble(name: string, fd: number, size: number): number {
  const input = RdbInput.ofFile(fd, size);
  print(`[offset 0] Checking RDB file ${name}`);
  if (!checkRdbInput(input, print)) abort("RDB preamble of AOF file is not sane, aborting.");
  print("RDB preamble is OK, proceeding with AOF tail...");
  return input.position;
}

// --- files -----------------------------------------------------------------------------------------------------------

/** Calls `use` with a file that is open for reading. */
function withFile<T>(path: string, use: (fd: number, size: number) => T): T {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    return abort(`Cannot open file ${path}: ${strerror(error)}`);
  }
  try {
    return use(fd, fstatSync(fd).size);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return abort(`Cannot read file: ${path}`);
  } finally {
    closeSync(fd);
  }
}

/** What comes first tells, but for comments: further on, the keys and values of a file of commands may look like it. */
function isManifest(path: string): boolean {
  return withFile(path, (fd) => {
    const input = new StreamReader(fd, 0);
    for (let line = input.line(MANIFEST_LINE_MAX); line.length > 0; line = input.line(MANIFEST_LINE_MAX)) {
      if (line[0] !== COMMENT) return line.toString("latin1", 0, 4) === "file";
    }
    return false;
  });
}

function isRdb(path: string): boolean {
  return withFile(path, (fd, size) => {
    const head = Buffer.alloc(MAGIC.length);
    return size >= 8 && readSync(fd, head, 0, head.length, 0) === head.length && head.toString("latin1") === MAGIC;
  });
}

function readManifest(path: string): Manifest {
  const bytes = withFile(path, (fd, size) => {
    const buf = Buffer.alloc(size);
    return buf.subarray(0, readSync(fd, buf, 0, size, 0));
  });
  try {
    return Manifest.parse(bytes.toString("latin1"));
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    print("\n*** FATAL AOF MANIFEST FILE ERROR ***\n");
    if (error.line > 0) {
      print(`Reading the manifest file, at line ${error.line}\n`);
      print(`>>> '${error.text}'\n`);
    }
    return abort(`${error.message}\n`);
  }
}

function checkMultiPart(path: string, options: Options): void {
  print("Start checking Multi Part AOF");
  const manifest = readManifest(path);
  const checker = new Checker(options);
  const { files, base } = manifest;
  files.forEach((file, i) => {
    const filePath = `${dirname(path)}/${Buffer.from(file.name, "latin1")}`;
    const withPreamble = file === base && isRdb(filePath);
    if (file === base) print(`Start to check BASE AOF (${withPreamble ? "RDB" : "RESP"} format).`);
    if (file === manifest.increments[0]) print("Start to check INCR files.");
    const outcome = checker.check(file.name, filePath, i === files.length - 1, withPreamble);
    report(outcome, `${file === base ? "BASE" : "INCR"} AOF ${file.name}`, file.name, options);
  });
  print("All AOF files and manifest are valid");
}

function report(outcome: Outcome, file: string, name: string, { timestamp }: Options): void {
  if (outcome === "truncated to timestamp") print(`Successfully truncated AOF ${name} to timestamp ${timestamp}`);
  else if (outcome === "truncated") print(`Successfully truncated AOF ${name}`);
  else print(`${file} is ${outcome}`);
}

function checkOldStyle(path: string, options: Options, withPreamble: boolean): void {
  print("Start checking Old-Style AOF");
  report(new Checker(options).check(path, path, true, withPreamble), `AOF ${path}`, path, options);
}

// --- the program -----------------------------------------------------------------------------------------------------

/** What the arguments ask for; null where they are wrong. */
function parseOptions(args: readonly string[]): { path: string; options: Options } | null {
  if (args.length === 1) return { path: args[0], options: { fix: false, timestamp: 0n } };
  if (args.length === 2 && args[0] === "--fix") return { path: args[1], options: { fix: true, timestamp: 0n } };
  if (args.length !== 3 || args[0] !== "--truncate-to-timestamp") return null;
  if (!/^\s*[+-]?\d+$/.test(args[1])) abort("Invalid timestamp, aborting...");
  return { path: args[2], options: { fix: false, timestamp: BigInt(args[1]) } };
}

/** The program; `args` are its arguments and `name` what it was called as. Returns the exit code. */
export function runCheckAof(name: string, args: readonly string[]): number {
  if (args.length === 1 && (args[0] === "-v" || args[0] === "--version")) {
    print(`redis-check-aof ${REDIS_VERSION}`);
    return 0;
  }
  try {
    const parsed = parseOptions(args);
    if (parsed === null) {
      abort(`Usage: ${name} [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>`);
    }
    const { path, options } = parsed;
    if (isManifest(path)) checkMultiPart(path, options);
    else checkOldStyle(path, options, isRdb(path));
    return 0;
  } catch (error) {
    if (error instanceof Abort) return 1;
    throw error;
  }
}
