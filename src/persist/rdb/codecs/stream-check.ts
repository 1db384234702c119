/**
 * Whether a block of bytes is a node of a stream (see types/stream/stream-node.ts for what stands in it). Whoever
 * goes through a node relies on its structure, its numbers and the order of its IDs, so all of them are checked, whatever
 * sanitize-dump-payload says: in one walk. Usual nodes never come here: see stream-sealer.ts.
 */

import { decodeInteger, isIntegerHead, LISTPACK_HEADER } from "../../../memory/listpack";
import { DELETED, piecesOf, piecesOfOwn, SAME_FIELDS } from "../../../types/stream/stream-format";
import { int64, int64ToNumber } from "../../../util/integers";
import { StreamId } from "../../../util/stream-id";
import { elementEnd, hasStoredCount, isFramed } from "./block-checks";

const FLAGS_MAX = DELETED | SAME_FIELDS;
/** Integers up to this one are one byte. */
const SHORT_MAX = 0x7f;

export class NodeCheck {
  /** The ID of the node's last entry, after check() has found it to be one. */
  readonly last = new StreamId();
  /** Entries, without those that are marked as deleted, and those. */
  entries = 0;
  deleted = 0;

  private buf: Uint8Array = new Uint8Array(0);
  /** The next element, and the end byte; `p` is 0 after something that is not sound. */
  private p = 0;
  private stop = 0;
  private elements = 0;
  private readonly id = new StreamId();

  /**
   * Whether buf[at, at + length) is a node with entries, whose first ID is not below `masterId`.
   */
  check(buf: Uint8Array, at: number, length: number, masterId: StreamId): boolean {
    if (!isFramed(buf, at, length)) return false;
    this.buf = buf;
    this.p = at + LISTPACK_HEADER;
    this.stop = at + length - 1;
    this.elements = 0;
    const entries = this.count();
    const deleted = this.count();
    const fields = this.count();
    if (entries <= 0 || deleted < 0 || fields < 0 || !this.skip(fields) || this.count() !== 0) return false;
    if (this.checkEntries(entries + deleted, fields, masterId) !== deleted) return false;
    this.entries = entries;
    this.deleted = deleted;
    return this.p === this.stop && hasStoredCount(buf, at, this.elements);
  }

  /** Passes over `count` entries. Returns how many of them are marked as deleted; -1 if they are not sound. */
  private checkEntries(count: number, masterFields: number, masterId: StreamId): number {
    const { id, last } = this;
    let marked = 0;
    for (let i = 0; i < count; i++) {
      const flags = this.readHead(masterId);
      if (flags < 0) return -1;
      const order = id.compare(i === 0 ? masterId : last);
      if (order < 0 || (order === 0 && i > 0) || !this.checkData(flags, masterFields)) return -1;
      last.copy(id);
      marked += flags & DELETED;
    }
    return marked;
  }

  /** Passes over fields and values of an entry, and what stands behind them. */
  private checkData(flags: number, masterFields: number): boolean {
    let pieces = piecesOf(masterFields);
    if ((flags & SAME_FIELDS) !== 0) {
      if (!this.skip(masterFields)) return false;
    } else {
      const own = this.count();
      pieces = piecesOfOwn(own);
      if (own < 0 || !this.skip(2 * own)) return false;
    }
    return this.isNext(pieces);
  }

  // --- elements ----------------------------------------------------------------------------------------------------

  /** Reads the flags, which are returned, and the ID of an entry; -1 if they are not sound. */
  private readHead(masterId: StreamId): number {
    const { buf, p } = this;
    // Most often all three are a byte each.
    const isShort = buf[p] <= FLAGS_MAX && (buf[p + 2] | buf[p + 4]) <= SHORT_MAX && p + 6 <= this.stop;
    if (isShort && buf[p + 1] === 1 && buf[p + 3] === 1 && buf[p + 5] === 1) {
      this.id.setNear(masterId, buf[p + 2], buf[p + 4]);
      this.p = p + 6;
      this.elements += 3;
      return buf[p];
    }
    const flags = this.count();
    return flags <= FLAGS_MAX && this.readId(masterId) ? flags : -1;
  }

  /** Reads the ID of an entry: how far it is from the master ID. */
  private readId(masterId: StreamId): boolean {
    if (!this.integer()) return false;
    const { hi, lo } = int64;
    if (!this.integer()) return false;
    this.id.setOffset(masterId, hi, lo, int64.hi, int64.lo);
    return true;
  }

  /** Whether the next element is this integer. */
  private isNext(value: number): boolean {
    const { buf, p } = this;
    if (value > SHORT_MAX || buf[p] !== value || buf[p + 1] !== 1 || p + 1 >= this.stop) return this.count() === value;
    this.p = p + 2;
    this.elements++;
    return true;
  }

  /** The next element as a non-negative integer; -1 if it is none. */
  private count(): number {
    if (!this.integer()) return -1;
    const value = int64ToNumber(int64.hi, int64.lo);
    return value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : -1;
  }

  /** Reads an integer into `int64`; false if the next element is none. */
  private integer(): boolean {
    const { buf, p } = this;
    const head = buf[p];
    if (head <= SHORT_MAX && p + 1 < this.stop && buf[p + 1] === 1) {
      int64.hi = 0;
      int64.lo = head;
      this.p = p + 2;
      this.elements++;
      return true;
    }
    if (!isIntegerHead(head) || !this.skip(1)) return false;
    decodeInteger(buf, p);
    return true;
  }

  /** Passes over elements; false if there are not so many, or one is not sound. */
  private skip(count: number): boolean {
    const { buf, stop } = this;
    let { p } = this;
    for (let i = 0; i < count; i++) {
      if (p >= stop) return false;
      const head = buf[p];
      const end = p + (head <= SHORT_MAX ? 1 : 1 + (head & 0x3f));
      if (head < 0xc0 && end < stop && buf[end] === end - p) p = end + 1;
      else p = elementEnd(buf, p, stop);
      if (p === 0) return false;
    }
    this.p = p;
    this.elements += count;
    return true;
  }
}
