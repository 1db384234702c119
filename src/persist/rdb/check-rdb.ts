/**
 * `redbun check-rdb FILE`: goes through an RDB file, decodes every value, and says where it is damaged, in the words and
 * with the exit codes of redis-check-rdb. A server whose file is damaged runs it before it gives up.
 */

import { closeSync, fstatSync, openSync } from "node:fs";
import { NO_EXPIRY } from "../../db/entry";
import { Keyspace } from "../../db/keyspace";
import { Heap } from "../../memory/heap";
import { installTypes } from "../../types/collection-types";
import type { EntryHead } from "../../types/string/string";
import { systemClock } from "../../util/clock";
import { int64ToNumber } from "../../util/integers";
import { OutOfMemoryError } from "../../util/out-of-memory";
import { systemRandom } from "../../util/random";
import { REDIS_VERSION } from "../../util/redis-version";
import { EMPTY_VALUE } from "./codecs/codec";
import { isObjectType, RDB_MODULE_2, RDB_TYPE_NAMES } from "./rdb-format";
import { corrupt, RdbError, RdbInput } from "./rdb-input";
import { ITEM_AUX, ITEM_DATABASE, ITEM_END, ITEM_KEY, ITEM_MODULE_AUX, RdbReader } from "./rdb-reader";
import { ValueCodecs, type ValueLimits } from "./value-codecs";

/** What came out of a look at a file. */
interface Findings {
  keys: number;
  expires: number;
  expired: number;
}

/** Prints one line. */
export type Print = (line: string) => void;

const NO_TYPE = -1;

/** Values are decoded to see whether they can be, in whatever encoding. */
const LIMITS: ValueLimits = {
  setMaxIntsetEntries: 512,
  setMaxListpackEntries: 128,
  setMaxListpackValue: 64,
  hashMaxListpackEntries: 512,
  hashMaxListpackValue: 64,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValue: 64,
  listMaxListpackSize: -2,
};

class Checker {
  private readonly found: Findings = { keys: 0, expires: 0, expired: 0 };
  private readonly reader: RdbReader;
  private readonly keyspace: Keyspace;
  private readonly codecs: ValueCodecs;
  /** The key whose value is being read, and its type. Before the first key Redis calls the type 0. */
  private key: string | null = null;
  private type = 0;
  private readonly head: EntryHead;

  constructor(
    private readonly input: RdbInput,
    private readonly print: Print,
  ) {
    input.checksum = true;
    this.reader = new RdbReader(input);
    this.keyspace = new Keyspace({ heap: new Heap(), databases: 1, clock: systemClock, random: systemRandom });
    installTypes(this.keyspace);
    this.codecs = new ValueCodecs(this.keyspace, LIMITS);
    const { key } = this.reader;
    this.head = { type: 0, encoding: 0, expireAt: NO_EXPIRY, lru: 0, inlineLength: 0, key, keyStart: 0, keyEnd: 0 };
  }

  /** Whether the file is sound. */
  run(): boolean {
    try {
      const refusal = this.reader.start();
      if (refusal !== null) throw new RdbError(refusal);
      while (this.item());
      this.checkSum();
    } catch (error) {
      if (!(error instanceof RdbError) && !(error instanceof OutOfMemoryError)) throw error;
      this.report(error.message);
      return false;
    }
    this.info("\\o/ RDB looks OK! \\o/");
    this.summary();
    return true;
  }

  private info(text: string): void {
    this.print(`[offset ${this.input.position}] ${text}`);
  }

  /** One item of the file; false at the end. */
  private item(): boolean {
    const { reader } = this;
    switch (reader.next()) {
      case ITEM_END:
        return false;
      case ITEM_AUX:
        this.info(`AUX FIELD ${reader.auxName} = '${reader.auxValue}'`);
        break;
      case ITEM_DATABASE:
        this.info(`Selecting DB ID ${reader.database}`);
        break;
      case ITEM_MODULE_AUX:
        this.info(`MODULE AUX for: ${reader.module}`);
        break;
      case ITEM_KEY:
        this.checkKey();
        break;
    }
    return true;
  }

  private checkKey(): void {
    const { reader, found } = this;
    this.type = reader.type;
    this.key = reader.keyText;
    found.keys++;
    this.checkValue();
    if (reader.expires) {
      found.expires++;
      if (int64ToNumber(reader.expiryHi, reader.expiryLo) < systemClock.now()) found.expired++;
    }
    this.key = null;
    this.type = NO_TYPE;
  }

  private checkValue(): void {
    const { reader, head } = this;
    if (reader.type === RDB_MODULE_2) {
      reader.readModuleName();
      reader.skipModuleValue();
      return;
    }
    head.key = reader.key;
    head.keyEnd = reader.keyLength;
    const ref = this.codecs.decode(this.input, reader.type, head, true);
    if (ref === EMPTY_VALUE) throw corrupt("Unexpected EOF reading RDB file");
    this.keyspace.freeEntryNow(ref);
  }

  private checkSum(): void {
    switch (this.reader.readChecksum()) {
      case "disabled":
        this.info("RDB file was saved with checksum disabled: no check performed.");
        break;
      case "wrong":
        throw corrupt("RDB CRC error");
      case "right":
        this.info("Checksum OK");
        break;
    }
  }

  private report(reason: string): void {
    const { print, reader } = this;
    const type = reader.doing === "read-key" ? reader.type : this.type;
    print("--- RDB ERROR DETECTED ---");
    this.info(reason);
    print(`[additional info] While doing: ${reader.doing}`);
    if (this.key !== null) print(`[additional info] Reading key '${this.key}'`);
    if (type !== NO_TYPE) {
      print(`[additional info] Reading type ${type} (${isObjectType(type) ? RDB_TYPE_NAMES[type] : "unknown"})`);
    }
    this.summary();
  }

  private summary(): void {
    const { keys, expires, expired } = this.found;
    this.print(`[info] ${keys} keys read`);
    this.print(`[info] ${expires} expires`);
    this.print(`[info] ${expired} already expired`);
  }
}

/** Checks an RDB file as it is read and prints what there is to say. Returns whether it is sound. */
export function checkRdbInput(input: RdbInput, print: Print): boolean {
  return new Checker(input, print).run();
}

/** Checks the file at `path` and prints what there is to say. Returns whether it is sound. */
export function checkRdbFile(path: string, print: Print): boolean {
  print(`[offset 0] Checking RDB file ${path}`);
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return false;
  }
  try {
    return checkRdbInput(RdbInput.ofFile(fd, fstatSync(fd).size), print);
  } catch (error) {
    // What cannot be read at all, such as a folder.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  } finally {
    closeSync(fd);
  }
}

/** The program; `args` are its arguments and `name` what it was called as. Returns the exit code. */
export function runCheckRdb(name: string, args: readonly string[]): number {
  const [path] = args;
  if (args.length !== 1) {
    process.stderr.write(`Usage: ${name} <rdb-file-name>\n`);
    return 1;
  }
  if (path === "-v" || path === "--version") {
    process.stdout.write(`redis-check-rdb ${REDIS_VERSION}\n`);
    return 0;
  }
  const lines: string[] = [];
  const sound = checkRdbFile(path, (line) => lines.push(line));
  process.stdout.write(Buffer.from(`${lines.join("\n")}\n`, "latin1"));
  return sound ? 0 : 1;
}
