/**
 * The manifest: which files make up the append-only file, and in which order they are read.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b       the base: all data at one moment; one at most
 *     file appendonly.aof.1.incr.aof seq 1 type h       history: not needed any more, about to be deleted
 *     file appendonly.aof.2.incr.aof seq 2 type i       increments: what came after, by rising numbers
 *
 * A name with blanks or unprintable bytes stands in quotes. Names are latin1 text, one character a byte. Lines that begin
 * with "#" are comments; further pairs of words in a line are for later versions.
 */

import { quoteRepr } from "../../util/bytes";
import { splitArgs } from "../../util/split-args";

const TYPE_BASE = "b";
const TYPE_HISTORY = "h";
const TYPE_INCREMENT = "i";

/** Longest line, its line end included. */
const LINE_MAX = 1024;
/** Names with other characters are quoted. */
const PLAIN_NAME = /^[\x21-\x7e]*$/;

export interface AofFile {
  readonly name: string;
  readonly seq: number;
}

/** A manifest that cannot be read: `line` is its number from 1 and `text` the line, 0 and "" where it is not about one. */
export class ManifestError extends Error {
  constructor(
    reason: string,
    readonly line: number = 0,
    readonly text: string = "",
  ) {
    super(reason);
  }
}

export class Manifest {
  base: AofFile | null = null;
  history: AofFile[] = [];
  increments: AofFile[] = [];
  /** The highest numbers that were given. */
  baseSeq = 0;
  incrementSeq = 0;
  /** It is not on the disk as it is here. */
  dirty = false;

  /** Base and increments, in the order in which they are read. */
  get files(): AofFile[] {
    return this.base === null ? this.increments : [this.base, ...this.increments];
  }

  get isEmpty(): boolean {
    return this.base === null && this.increments.length === 0;
  }

  /** A copy to be changed: it takes the place of this one once it is on the disk. */
  copy(): Manifest {
    const copy = new Manifest();
    copy.base = this.base;
    copy.history = [...this.history];
    copy.increments = [...this.increments];
    copy.baseSeq = this.baseSeq;
    copy.incrementSeq = this.incrementSeq;
    copy.dirty = this.dirty;
    return copy;
  }

  // --- changes -----------------------------------------------------------------------------------------------------

  /** Adds a new base; the one before becomes history. Returns its name. */
  newBase(prefix: string, format: "rdb" | "aof"): string {
    if (this.base !== null) this.history.unshift(this.base);
    const seq = ++this.baseSeq;
    this.base = { name: `${prefix}.${seq}.base.${format}`, seq };
    this.dirty = true;
    return this.base.name;
  }

  /** Adds a new increment behind the others. Returns its name. */
  newIncrement(prefix: string): string {
    const seq = ++this.incrementSeq;
    const name = `${prefix}.${seq}.incr.aof`;
    this.increments.push({ name, seq });
    this.dirty = true;
    return name;
  }

  /** The increments that a rewrite has made superfluous become history: all but the last `kept`. */
  retireIncrements(kept: 0 | 1): void {
    while (this.increments.length > kept) this.history.unshift(this.increments.splice(-1 - kept, 1)[0]);
    this.dirty = true;
  }

  /** A file of an old version, which is base and increment in one, is the base now. */
  adopt(name: string): void {
    this.base = { name, seq: 1 };
    this.baseSeq = 1;
    this.dirty = true;
  }

  // --- text --------------------------------------------------------------------------------------------------------

  /** The text of the file, latin1. */
  toString(): string {
    const lines = this.base === null ? [] : [lineOf(this.base, TYPE_BASE)];
    for (const file of this.history) lines.push(lineOf(file, TYPE_HISTORY));
    for (const file of this.increments) lines.push(lineOf(file, TYPE_INCREMENT));
    return lines.join("");
  }

  /** What a file of this text (latin1) says. Throws ManifestError. */
  static parse(text: string): Manifest {
    if (text === "") throw new ManifestError("Found an empty AOF manifest");
    const manifest = new Manifest();
    const lines = text.split("\n");
    for (let i = 0; i < lines.length; i++) {
      const isLast = i === lines.length - 1;
      if (isLast && lines[i] === "") break;
      if (lines[i].startsWith("#")) continue;
      if (isLast || lines[i].length >= LINE_MAX || lines[i].includes("\0")) {
        throw new ManifestError("The AOF manifest file contains too long line");
      }
      manifest.addLine(lines[i], i + 1);
    }
    return manifest;
  }

  private addLine(raw: string, number: number): void {
    const line = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    const fail = (reason: string): never => {
      throw new ManifestError(reason, number, line);
    };
    if (line === "") throw new ManifestError("Invalid AOF manifest file format", number);
    const { name, seq, type } = parseLine(line, fail);
    if (type === TYPE_BASE) {
      if (this.base !== null) fail("Found duplicate base file information");
      this.base = { name, seq };
      this.baseSeq = seq;
    } else if (type === TYPE_HISTORY) {
      this.history.push({ name, seq });
    } else if (type === TYPE_INCREMENT) {
      if (seq <= this.incrementSeq) fail("Found a non-monotonic sequence number");
      this.increments.push({ name, seq });
      this.incrementSeq = seq;
    } else {
      fail("Unknown AOF file type");
    }
  }
}

function lineOf({ name, seq }: AofFile, type: string): string {
  const text = PLAIN_NAME.test(name) && !/["'\\]/.test(name) ? name : quoteRepr(name);
  return `file ${text} seq ${seq} type ${type}\n`;
}

function parseLine(line: string, fail: (reason: string) => never): { name: string; seq: number; type: string } {
  const INVALID = "Invalid AOF manifest file format";
  const words = splitArgs(line) ?? fail(INVALID);
  // More pairs than three may follow: a later version wrote them.
  if (words.length < 6 || words.length % 2 !== 0) fail(INVALID);
  let name = "";
  let seq = 0;
  let type = "";
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1];
    switch (words[i].toLowerCase()) {
      case "file":
        name = value;
        if (/[/\\]/.test(name)) fail("File can't be a path, just a filename");
        break;
      case "seq":
        seq = Number.parseInt(value, 10) || 0;
        break;
      case "type":
        type = value.slice(0, 1);
        break;
    }
  }
  if (name === "" || seq === 0 || type === "") fail(INVALID);
  return { name, seq, type };
}
