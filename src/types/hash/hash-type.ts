/**
 * Hashes as a data type of a keyspace: the window and the expiry that its commands work with, and how hashes are freed,
 * copied, renamed and measured.
 */

import { ENCODING_HASHTABLE_EX, ENCODING_LISTPACK_EX, TYPE_HASH } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import { Dict } from "../../memory/dict";
import { Hashes } from "./hash";
import { HashExpiry } from "./hash-expiry";
import { NO_FIELD_EXPIRY } from "./hash-field";
import { HashMover } from "./hash-mover";
import { TIMER_BYTES } from "./hash-timer";

export class HashType {
  readonly hashes: Hashes;
  readonly expiry: HashExpiry;
  /** A second window, for what is copied. */
  private readonly target: Dict;

  constructor(private readonly keyspace: Keyspace) {
    this.hashes = new Hashes(keyspace);
    this.expiry = new HashExpiry(keyspace, this.hashes);
    this.target = new Dict(keyspace.heap, keyspace.hasher, this.hashes.blocks);
    keyspace.registerReleaser(TYPE_HASH, {
      release: (root, encoding) => this.release(root, encoding),
      effort: (root, encoding) => this.effort(root, encoding),
    });
    keyspace.registerMover(TYPE_HASH, new HashMover(keyspace, this.hashes.timers));
    keyspace.registerCopier(TYPE_HASH, (original, copy) => this.copy(original, copy));
    keyspace.registerRekeyer(TYPE_HASH, (ref) => this.rekey(ref));
    keyspace.expirers.push((deadline) => this.expiry.run(deadline));
  }

  private release(root: number, encoding: number): boolean {
    const { hashes } = this;
    hashes.openRoot(root, encoding);
    const { timer } = hashes;
    if (timer !== 0) hashes.timers.cancel(timer);
    if (hashes.isPacked) hashes.listpack.free();
    else if (!hashes.dict.drain(this.free)) return false;
    if (timer !== 0) hashes.timers.free(timer);
    return true;
  }

  private readonly free = (block: number): void => this.keyspace.heap.free(block);

  private effort(root: number, encoding: number): number {
    this.hashes.openRoot(root, encoding);
    return this.hashes.isPacked ? 1 : this.hashes.size;
  }

  /** Gives the copy of an entry what the original's refers to. */
  private copy(original: number, copy: number): void {
    const { entries } = this.keyspace;
    const { hashes } = this;
    hashes.open(original);
    const { timer } = hashes;
    const inner = hashes.isPacked ? hashes.listpack.copy() : this.copyTable();
    const encoding = entries.encoding(copy);
    if (timer === 0) {
      entries.setValueWord(copy, 0, inner);
      return;
    }
    try {
      entries.setValueWord(copy, 0, this.copyTimer(timer, inner, this.keyHash(copy)));
    } catch (error) {
      if (encoding === ENCODING_LISTPACK_EX) this.keyspace.heap.free(inner);
      else this.freeTable(inner);
      throw error;
    }
  }

  private copyTimer(original: number, inner: number, keyHash: number): number {
    const { timers } = this.hashes;
    const timer = timers.create(inner, keyHash);
    try {
      const deadline = timers.deadline(original);
      timers.setFloor(timer, timers.floor(original));
      if (deadline !== Number.POSITIVE_INFINITY) timers.schedule(timer, deadline);
      return timer;
    } catch (error) {
      timers.free(timer);
      throw error;
    }
  }

  /** A copy of the open dict with all its fields. Returns its root. */
  private copyTable(): number {
    const { target } = this;
    const { blocks, dict } = this.hashes;
    const root = target.create();
    try {
      dict.scan(0, Number.POSITIVE_INFINITY, (block) => {
        blocks.locateField(block);
        const hash = target.hash(blocks.bytes, blocks.at, blocks.at + blocks.length);
        this.insert(hash, blocks.copy(block));
      });
    } catch (error) {
      this.freeTable(root);
      throw error;
    }
    return root;
  }

  private insert(hash: number, block: number): void {
    try {
      this.target.insert(hash, block, this.hashes.blocks.expireAt(block) !== NO_FIELD_EXPIRY);
    } catch (error) {
      this.keyspace.heap.free(block);
      throw error;
    }
  }

  private freeTable(root: number): void {
    this.target.open(root);
    this.target.clear(this.free);
    this.target.destroy();
  }

  /** The entry's key is another one: its timer has to lead there. */
  private rekey(ref: number): void {
    const { entries } = this.keyspace;
    const encoding = entries.encoding(ref);
    if (encoding !== ENCODING_LISTPACK_EX && encoding !== ENCODING_HASHTABLE_EX) return;
    this.hashes.timers.setKeyHash(entries.valueWord(ref, 0), this.keyHash(ref));
  }

  private keyHash(ref: number): number {
    const { entries, hasher } = this.keyspace;
    entries.locateKey(ref);
    return hasher.hash(entries.bytes, entries.at, entries.at + entries.length);
  }

  /** Bytes that the hash of an entry takes besides it; of a dict's fields up to `samples` are looked at (0: all). */
  bytes(ref: number, samples: number): number {
    const { hashes } = this;
    const { heap } = this.keyspace;
    hashes.open(ref);
    const timer = hashes.timer === 0 ? 0 : TIMER_BYTES;
    if (hashes.isPacked) return timer + heap.sizeOf(hashes.listpack.ref);
    let looked = 0;
    let bytes = 0;
    hashes.dict.scan(0, samples === 0 ? Number.POSITIVE_INFINITY : samples, (block) => {
      looked++;
      bytes += heap.sizeOf(block);
    });
    return timer + hashes.dict.bytes + Math.round((bytes / Math.max(1, looked)) * hashes.size);
  }
}

/** The hashes of a keyspace. */
export function hashType(keyspace: Keyspace): HashType {
  const { typeStates } = keyspace;
  typeStates[TYPE_HASH] ??= new HashType(keyspace);
  return typeStates[TYPE_HASH] as HashType;
}
