/**
 * What an RDB file consists of, one item after another: fields about the file, the number of a database, libraries of
 * functions, keys. The value of a key is not read here: after next() has answered KEY, the input stands at it.
 *
 * Loading and redis-check-rdb both go through a file with this.
 */

import { copyBytes, latin1 } from "../../util/bytes";
import { int64, int64FromNumber } from "../../util/integers";
import * as format from "./rdb-format";
import { corrupt, type RdbInput } from "./rdb-input";

export const ITEM_KEY = 0;
export const ITEM_AUX = 1;
export const ITEM_DATABASE = 2;
export const ITEM_LIBRARY = 3;
export const ITEM_MODULE_AUX = 4;
/** The last one: a checksum follows, see RdbReader.checksum(). */
export const ITEM_END = 5;

/** What the reader is about, as redis-check-rdb calls it. */
export type Doing =
  | "start"
  | "read-type"
  | "read-expire"
  | "read-key"
  | "read-object-value"
  | "check-sum"
  | "read-len"
  | "read-aux"
  | "read-module-aux"
  | "read-functions";

export type ChecksumResult = "none" | "disabled" | "right" | "wrong";

const MAGIC_BYTES = 9;
const MODULE_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const MODULE_NAME_LENGTH = 9;
const CHECKSUM_BYTES = 8;

export class RdbReader {
  doing: Doing = "start";
  /** Of the file. */
  version = 0;
  /** ITEM_AUX: a field. */
  auxName = "";
  auxValue = "";
  /** ITEM_DATABASE, and the keys behind it. */
  database = 0;
  /** ITEM_LIBRARY: the source of a library of functions. ITEM_MODULE_AUX: the module's name. */
  library: Buffer = Buffer.alloc(0);
  module = "";
  /** ITEM_KEY: the type of the value, and the key: key[0, keyLength). */
  type = -1;
  key: Buffer = Buffer.allocUnsafe(256);
  keyLength = 0;
  /** Its expiry as a 64-bit integer, if `expires`. */
  expires = false;
  expiryHi = 0;
  expiryLo = 0;
  /** Seconds since its last access, and its LFU counter; -1: not known. */
  idleSeconds = -1;
  frequency = -1;

  constructor(readonly input: RdbInput) {}

  /** Reads the beginning. Returns null, or what is wrong with it. */
  start(): string | null {
    const { input } = this;
    input.bytes(MAGIC_BYTES);
    const magic = latin1(input.value, input.from, input.from + MAGIC_BYTES);
    if (!magic.startsWith(format.RDB_MAGIC)) return "Wrong signature trying to load DB from file";
    this.version = Number.parseInt(magic.slice(format.RDB_MAGIC.length), 10) || 0;
    if (this.version >= 1 && this.version <= format.RDB_VERSION_MAX) return null;
    return `Can't handle RDB format version ${this.version}`;
  }

  /** Goes on to the next item, and returns which one it is. Throws RdbError where the file is damaged. */
  next(): number {
    this.expires = false;
    this.idleSeconds = -1;
    this.frequency = -1;
    this.type = -1;
    const { input } = this;
    for (;;) {
      this.doing = "read-type";
      const opcode = input.byte();
      switch (opcode) {
        case format.OPCODE_EXPIRE_SECONDS:
        case format.OPCODE_EXPIRE_MS:
          this.readExpiry(opcode);
          break;
        case format.OPCODE_FREQ:
          this.frequency = input.byte();
          break;
        case format.OPCODE_IDLE:
          this.idleSeconds = input.size();
          break;
        case format.OPCODE_RESIZE_DB:
          this.skipSizes(2);
          break;
        case format.OPCODE_SLOT_INFO:
          this.skipSizes(3);
          break;
        case format.OPCODE_EOF:
          return ITEM_END;
        case format.OPCODE_SELECT_DB:
          this.doing = "read-len";
          this.database = input.size();
          return ITEM_DATABASE;
        case format.OPCODE_AUX:
          this.doing = "read-aux";
          this.auxName = input.text();
          this.auxValue = input.text();
          return ITEM_AUX;
        case format.OPCODE_FUNCTION:
        case format.OPCODE_FUNCTION_PRE_GA:
          this.doing = "read-functions";
          this.readLibrary(opcode);
          return ITEM_LIBRARY;
        case format.OPCODE_MODULE_AUX:
          this.doing = "read-module-aux";
          this.readModuleAux();
          return ITEM_MODULE_AUX;
        default:
          this.readKey(opcode);
          return ITEM_KEY;
      }
    }
  }

  /** A hint about the number of keys to come. */
  private skipSizes(count: number): void {
    this.doing = "read-len";
    for (let i = 0; i < count; i++) this.input.size();
  }

  private readExpiry(opcode: number): void {
    this.doing = "read-expire";
    if (opcode === format.OPCODE_EXPIRE_MS) this.input.int64();
    else int64FromNumber(this.input.int32() * 1000);
    this.expiryHi = int64.hi;
    this.expiryLo = int64.lo;
    // -1 is how Redis says that there is none.
    this.expires = int64.hi !== -1 || int64.lo !== 0xffffffff;
  }

  private readKey(type: number): void {
    if (!format.isObjectType(type)) throw corrupt(`Invalid object type: ${type}`);
    const { input } = this;
    this.type = type;
    this.doing = "read-key";
    input.string();
    if (this.key.length < input.length) this.key = Buffer.allocUnsafe(input.length * 2);
    copyBytes(input.value, input.from, this.key, 0, input.length);
    this.keyLength = input.length;
    this.doing = "read-object-value";
  }

  /** The key as latin1 text. */
  get keyText(): string {
    return latin1(this.key, 0, this.keyLength);
  }

  // --- functions and modules ---------------------------------------------------------------------------------------

  private readLibrary(opcode: number): void {
    const { input } = this;
    let head = "";
    if (opcode === format.OPCODE_FUNCTION_PRE_GA) {
      const name = input.text();
      head = `#!${input.text()} name=${name}\n`;
      if (input.size() !== 0) input.string();
    }
    input.string();
    const code = input.value.subarray(input.from, input.from + input.length);
    this.library = Buffer.concat([Buffer.from(head, "latin1"), code]);
  }

  private readModuleAux(): void {
    const { input } = this;
    this.readModuleName();
    if (input.size() !== format.MODULE_UINT) throw corrupt("bad when_opcode");
    input.size();
    this.skipModuleValue();
  }

  /** Reads the number of a module's type: nine characters of six bits, and ten bits of a version. */
  readModuleName(): void {
    this.input.size64();
    let bits = (BigInt(int64.hi >>> 0) << 32n) | BigInt(int64.lo);
    bits >>= 10n;
    let name = "";
    for (let i = 0; i < MODULE_NAME_LENGTH; i++) {
      name = MODULE_NAME_CHARACTERS[Number(bits & 63n)] + name;
      bits >>= 6n;
    }
    this.module = name;
  }

  /** Passes over the value of a module, which says of each of its parts what it is. */
  skipModuleValue(): void {
    const { input } = this;
    for (;;) {
      const opcode = input.size();
      if (opcode === format.MODULE_EOF) return;
      if (opcode === format.MODULE_SINT || opcode === format.MODULE_UINT) input.size64();
      else if (opcode === format.MODULE_FLOAT) input.bytes(4);
      else if (opcode === format.MODULE_DOUBLE) input.bytes(8);
      else if (opcode === format.MODULE_STRING) input.string();
      else throw corrupt(`Unknown opcode ${opcode} in the value of module ${this.module}`);
    }
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  /** Reads the checksum, which stands behind ITEM_END, and compares it with that of the bytes before. */
  readChecksum(): ChecksumResult {
    if (this.version < format.RDB_VERSION_CHECKSUM) return "none";
    const { input } = this;
    this.doing = "check-sum";
    input.sumUpTo();
    input.bytes(CHECKSUM_BYTES);
    if (!input.checksum) return "none";
    const sum = input.value.subarray(input.from, input.from + CHECKSUM_BYTES);
    if (sum.every((byte) => byte === 0)) return "disabled";
    return input.crc.matches(sum, 0) ? "right" : "wrong";
  }
}
