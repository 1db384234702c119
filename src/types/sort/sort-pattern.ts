/**
 * Patterns of SORT's BY and GET: for each element they name a key whose value is looked up.
 *
 *     #                 the element itself
 *     weight_*          the string at the key in which the element stands for the first star
 *     object_*->field   a field of the hash at that key
 *     anything else     nothing: a key that is the same for all elements is not looked up
 *
 * As Redis reads patterns as C strings, stars and arrows behind a NUL byte do not count.
 */

import type { Call } from "../../command/call";
import { TYPE_HASH, TYPE_STRING } from "../../db/entry";
import { copyBytes } from "../../util/bytes";
import { allocating } from "../../util/out-of-memory";
import { hashType } from "../hash/hash-type";
import { stringBytes } from "../string/string";

const SCRATCH_BYTES = 256;
const HASH_SIGN = 0x23;
const STAR = 0x2a;
const MINUS = 0x2d;
const GREATER = 0x3e;

/** What the last lookup found: bytes[at, at + length). Valid until the next one. */
export const found = { bytes: Buffer.alloc(0) as Uint8Array, at: 0, length: 0 };

/** The key that is looked up; reused. */
let key = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

export class SortPattern {
  /** Whether it is "#". */
  readonly isElement: boolean;
  /** Where the star is; -1 if there is none. */
  private readonly star: number;
  /** The end of the key's part behind the star, and the beginning of the field; -1 if there is no field. */
  private readonly keyEnd: number;
  private readonly field: number;

  /** The pattern is buf[start, end), which has to stay as it is. */
  constructor(
    private readonly buf: Uint8Array,
    private readonly start: number,
    private readonly end: number,
  ) {
    const last = endOfCString(buf, start, end);
    this.isElement = last - start === 1 && buf[start] === HASH_SIGN;
    this.star = indexOf(buf, STAR, start, last);
    const arrow = this.star < 0 ? -1 : arrowIn(buf, this.star + 1, last);
    // An arrow at the end belongs to the key.
    const hasField = arrow >= 0 && arrow + 2 < last;
    this.keyEnd = hasField ? arrow : end;
    this.field = hasField ? arrow + 2 : -1;
  }

  /** Whether the key depends on the element. */
  get hasStar(): boolean {
    return this.star >= 0;
  }

  /** Looks up what the pattern names for the element text[at, at + length); false if that does not exist. */
  lookUp(c: Call, text: Uint8Array, at: number, length: number): boolean {
    if (this.isElement) {
      setFound(text, at, length);
      return true;
    }
    if (this.star < 0) return false;
    const size = this.writeKey(text, at, length);
    const ref = c.db.lookupRead(key, 0, size, !c.client.noTouch);
    if (ref === 0) return false;
    const type = c.db.keyspace.entries.type(ref);
    if (this.field >= 0) return type === TYPE_HASH && this.readField(c, ref);
    if (type !== TYPE_STRING) return false;
    const value = stringBytes(c.db.keyspace, ref);
    setFound(value.bytes, value.at, value.length);
    return true;
  }

  /** Puts the element in the place of the star; returns the bytes of the key. */
  private writeKey(text: Uint8Array, at: number, length: number): number {
    const { buf, start, star, keyEnd } = this;
    const before = star - start;
    const behind = keyEnd - star - 1;
    const size = before + length + behind;
    if (size > key.length) key = allocating(() => Buffer.allocUnsafeSlow(size));
    copyBytes(buf, start, key, 0, before);
    copyBytes(text, at, key, before, length);
    copyBytes(buf, star + 1, key, before + length, behind);
    return size;
  }

  private readField(c: Call, ref: number): boolean {
    const { hashes } = hashType(c.db.keyspace);
    hashes.open(ref);
    if (!hashes.find(this.buf, this.field, this.end) || hashes.foundDead) return false;
    hashes.locateValue();
    setFound(hashes.value, hashes.at, hashes.length);
    return true;
  }
}

/** Lets go of a large buffer. */
export function releaseKey(): void {
  if (key.length > SCRATCH_BYTES) key = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
}

/** Makes bytes[at, at + length) what was found. */
export function setFound(bytes: Uint8Array, at: number, length: number): void {
  found.bytes = bytes;
  found.at = at;
  found.length = length;
}

function endOfCString(buf: Uint8Array, start: number, end: number): number {
  const nul = indexOf(buf, 0, start, end);
  return nul < 0 ? end : nul;
}

function indexOf(buf: Uint8Array, byte: number, start: number, end: number): number {
  for (let i = start; i < end; i++) if (buf[i] === byte) return i;
  return -1;
}

/** Where the first "->" is; -1 if there is none. */
function arrowIn(buf: Uint8Array, start: number, end: number): number {
  for (let i = start; i + 1 < end; i++) if (buf[i] === MINUS && buf[i + 1] === GREATER) return i;
  return -1;
}
