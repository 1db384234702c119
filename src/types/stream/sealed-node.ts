/**
 * Sealed nodes: what a node of a stream becomes when nothing more is appended to it.
 *
 *     u32              bytes of the listpack that it stands for | 1 << 31
 *     master entry     count | deleted | n | field 1 … field n
 *     entries          flags | ms | seq | value 1 … value n                     flags with SAME_FIELDS
 *                      flags | ms | seq | m | field 1 | value 1 …               else
 *     0xff             end
 *
 * Elements are encoded as in the listpack, without the back length behind each, and `pieces`, which only says how far it
 * is to the entry before, is left out: an entry of two short values takes 5 bytes instead of 12. Who walks backwards
 * notes where the entries are (stream-node.ts).
 *
 * A node is sealed only if it comes back byte for byte, and if a deletion changes a few bytes of it and no length: if it
 * has up to 127 entries, and its small numbers are encoded as shortly as they can be (those of a file may be longer). No
 * listpack is 2^31 bytes long, so the first word says which of both a block holds.
 */

import { backLengthBytes, encodingBytes, LISTPACK_HEADER, naturalAt, writeBackLength } from "../../memory/listpack";
import { copyBytes, int32At } from "../../util/bytes";
import { END, ONE_BYTE, piecesOf, piecesOfOwn, SAME_FIELDS, SHORT_COUNT_MAX } from "./stream-format";

/** Bytes before the first element. */
export const SEALED_HEADER = 4;

const SEALED_BYTE = 0x80;
/** Longer listpacks are not sealed. */
const LENGTH_MAX = 64 * 1024;

/** Whether the node at `at` is sealed. */
export function isSealedAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at + 3] >= SEALED_BYTE;
}

/** Bytes of the listpack that the node at `at` is, or stands for. */
export function plainBytesAt(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) & 0x7fffffff;
}

/** What sealNode() or unsealNode() has made last. */
export const recoded = Buffer.allocUnsafeSlow(LENGTH_MAX);

/** Writes to `recoded` what stands before the elements of a sealed node, for a listpack of `length` bytes. */
export function beginSealed(length: number): void {
  recoded.writeInt32LE(length | (SEALED_BYTE << 24), 0);
}

/** Goes through a node in one form, and writes it in the other. */
abstract class Recoder {
  protected source: Uint8Array = recoded;
  /** Where the next element is, and where it goes. */
  protected from = 0;
  protected to = 0;

  /** @param step bytes of the shortest element */
  constructor(private readonly step: number) {}

  /** False if it is no node that has both forms. */
  protected recode(source: Uint8Array, from: number, to: number): boolean {
    this.source = source;
    this.from = from;
    this.to = to;
    const entries = source[from] + source[from + this.step];
    if (entries > SHORT_COUNT_MAX) return false;
    this.copy(2);
    const fields = naturalAt(source, this.from);
    this.copy(1 + fields);
    if (!this.endEntry(0)) return false;
    for (let i = 0; i < entries; i++) if (!this.entry(fields)) return false;
    recoded[this.to++] = END;
    return true;
  }

  private entry(fields: number): boolean {
    const { source } = this;
    const flags = source[this.from];
    if (flags >= ONE_BYTE) return false;
    if ((flags & SAME_FIELDS) !== 0) {
      this.copy(3 + fields);
      return this.endEntry(piecesOf(fields));
    }
    this.copy(3);
    const own = naturalAt(source, this.from);
    this.copy(1 + 2 * own);
    return this.endEntry(piecesOfOwn(own));
  }

  /** Copies this many elements. */
  protected abstract copy(count: number): void;

  /** Passes over `pieces`, or writes it. False if it takes more than a byte. */
  protected abstract endEntry(pieces: number): boolean;
}

class Sealer extends Recoder {
  /** Bytes of the sealed node that the listpack at `at` makes; 0 if it makes none. */
  seal(source: Uint8Array, at: number): number {
    const length = int32At(source, at);
    if (length < 0 || length > LENGTH_MAX) return 0;
    beginSealed(length);
    return this.recode(source, at + LISTPACK_HEADER, SEALED_HEADER) ? this.to : 0;
  }

  protected copy(count: number): void {
    const { source } = this;
    let { from, to } = this;
    for (let i = 0; i < count; i++) {
      const head = source[from];
      if (head < ONE_BYTE) {
        recoded[to++] = head;
        from += 2;
        continue;
      }
      const bytes = encodingBytes(source, from);
      copyBytes(source, from, recoded, to, bytes);
      from += bytes + backLengthBytes(bytes);
      to += bytes;
    }
    this.from = from;
    this.to = to;
  }

  protected endEntry(pieces: number): boolean {
    if (pieces >= ONE_BYTE || this.source[this.from] !== pieces) return false;
    this.from += 2;
    return true;
  }
}

class Unsealer extends Recoder {
  private elements = 0;

  /** Bytes of the listpack that the sealed node at `at` stands for. */
  unseal(source: Uint8Array, at: number): number {
    this.elements = 0;
    this.recode(source, at + SEALED_HEADER, LISTPACK_HEADER);
    recoded.writeInt32LE(this.to, 0);
    recoded.writeUInt16LE(this.elements, 4);
    return this.to;
  }

  protected copy(count: number): void {
    const { source } = this;
    let { from, to } = this;
    for (let i = 0; i < count; i++) {
      const head = source[from];
      if (head < ONE_BYTE) {
        recoded[to] = head;
        recoded[to + 1] = 1;
        to += 2;
        from++;
        continue;
      }
      const bytes = encodingBytes(source, from);
      copyBytes(source, from, recoded, to, bytes);
      writeBackLength(recoded, to + bytes, bytes);
      from += bytes;
      to += bytes + backLengthBytes(bytes);
    }
    this.from = from;
    this.to = to;
    this.elements += count;
  }

  protected endEntry(pieces: number): boolean {
    recoded[this.to] = pieces;
    recoded[this.to + 1] = 1;
    this.to += 2;
    this.elements++;
    return true;
  }
}

const sealer = new Sealer(2);
const unsealer = new Unsealer(1);

/** Seals the listpack at `at`, which is a sound node, into `recoded`. Returns the bytes; 0 if it can not be sealed. */
export function sealNode(source: Uint8Array, at: number): number {
  return sealer.seal(source, at);
}

/** Writes the listpack that the sealed node at `at` stands for into `recoded`. Returns its bytes. */
export function unsealNode(source: Uint8Array, at: number): number {
  return unsealer.unseal(source, at);
}
