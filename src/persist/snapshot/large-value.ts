/**
 * A value in a snapshot that nobody can wait for until all of it is written.
 *
 * When the snapshot comes to it, or somebody is about to change it, it is *frozen*: what stands before its parts (the
 * elements of a dict, the nodes of a list or a stream) is kept, and it gets a guard that hears of changes, as the dicts of
 * the databases have one. So a part that is about to be changed is written, or kept, first. The parts follow when all keys
 * are written, one large value after another, in slices: in a file they must stand together.
 *
 * What is kept is in memory until then. A value that is removed meanwhile stays until it is written.
 */

import type { Keyspace, ValueKeeper } from "../../db/keyspace";
import { int64 } from "../../util/integers";
import type { RdbOutput } from "../rdb/rdb-output";

/** Elements, or nodes, that make a value a large one: fewer elements take less than half a millisecond. */
export const LARGE_FROM = 1024;
/** Bytes of nodes that make a value a large one. */
export const LARGE_BYTES = 256 * 1024;
/** Bytes of nodes that are written between two looks at the clock; a node counts this much at least. */
export const BYTES_PER_LOOK = 32 * 1024;
export const NODE_COST = 64;

/** What large values need of what writes the snapshot. */
export interface LargeWriter {
  /** Keys written. */
  keys: number;
  readonly out: RdbOutput;
  /** Bytes of an element that are compressed at most. */
  readonly compressMax: number;
  /** What follows belongs to this database. */
  select(id: number): void;
}

/** What a large value needs to know. */
export interface LargeFrame {
  readonly keyspace: Keyspace;
  readonly writer: LargeWriter;
  /** Where its key is. */
  readonly database: number;
  /** The value word of its entry. */
  readonly root: number;
  /** What stands before the parts. */
  readonly early: RdbOutput;
  /** What stands behind them; null: nothing. */
  readonly tail: RdbOutput | null;
  /** Hears of what goes wrong. */
  readonly failed: (error: unknown) => void;
}

/** A kind of large value, found in an entry. */
export interface LargeShape {
  /** Writes what stands between the key and the parts: their number, mostly. */
  writeHead(out: RdbOutput): void;
  freeze(frame: LargeFrame): LargeValue;
}

export abstract class LargeValue {
  /** Its parts are being written to the file itself. */
  private isOpen = false;
  private isOver = false;
  private early: RdbOutput | null;

  constructor(protected readonly frame: LargeFrame) {
    this.early = frame.early;
  }

  /** Writes some parts. */
  protected abstract advance(): void;
  /** Whether all parts are written. */
  protected abstract get isWritten(): boolean;
  /** Hears of no changes any more; frees what was kept. */
  protected abstract letGo(): void;

  /** Where parts are written to now. */
  protected get out(): RdbOutput {
    const { writer } = this.frame;
    const out = this.early ?? writer.out;
    out.compressible = writer.compressMax;
    return out;
  }

  /**
   * Does what a command in the middle of something must not notice: it finds the one result of int64 as it left it. Returns
   * whether it is done.
   */
  protected attempt(action: () => void): boolean {
    if (this.isOver) return false;
    const { hi, lo } = int64;
    try {
      action();
    } catch (error) {
      // The command that brought this about is not to blame.
      this.frame.failed(error);
      this.end();
    }
    int64.hi = hi;
    int64.lo = lo;
    return !this.isOver;
  }

  /** Writes some parts. True when all of it is written. */
  step(): boolean {
    if (!this.isOpen) this.open();
    this.attempt(() => this.advance());
    if (this.isOver || !this.isWritten) return this.isOver;
    this.attempt(() => this.close());
    return true;
  }

  /** Its parts are written. */
  private close(): void {
    const { tail, writer } = this.frame;
    if (tail !== null) writer.out.raw(tail.buf, 0, tail.length);
    writer.keys++;
    this.end();
  }

  /** It has its turn: from now on its parts go to the file. */
  private open(): void {
    const { early } = this;
    const { writer, database } = this.frame;
    this.isOpen = true;
    this.early = null;
    writer.select(database);
    if (early !== null) writer.out.raw(early.buf, 0, early.length);
  }

  /** Ends it, wherever it is: what was kept for it alone is freed. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.early = null;
    this.letGo();
    this.freeOrphan();
  }

  /** Frees the value, if nobody else needs it any more. */
  protected abstract freeOrphan(): void;
}

/** A value that nobody refers to any more. */
interface Orphan {
  readonly type: number;
  readonly encoding: number;
  readonly lazy: boolean;
}

/** A large value that is no string: its entry refers to a root. */
export abstract class LargeCollection extends LargeValue implements ValueKeeper {
  private orphan: Orphan | null = null;
  /** The value word of its entry, which may become another one. */
  private root: number;

  constructor(frame: LargeFrame) {
    super(frame);
    const { keyspace, root } = frame;
    this.root = root;
    keyspace.keepers = guarded<ValueKeeper>(keyspace.keepers, root, this);
  }

  keepValue(type: number, encoding: number, lazy: boolean): void {
    this.orphan = { type, encoding, lazy };
  }

  rootMoved(root: number): void {
    this.leaveRoot();
    const { keyspace } = this.frame;
    this.root = root;
    keyspace.keepers = guarded<ValueKeeper>(keyspace.keepers, root, this);
  }

  /** Nothing is at the root any more: another value may come to be there. */
  protected leaveRoot(): void {
    const { keyspace } = this.frame;
    keyspace.keepers = unguarded<ValueKeeper>(keyspace.keepers, this.root, this);
  }

  protected freeOrphan(): void {
    this.leaveRoot();
    const { orphan, root } = this;
    if (orphan !== null) this.frame.keyspace.free.addValue(orphan.type, orphan.encoding, root, orphan.lazy);
  }
}

/** A map with one more guard. */
export function guarded<G>(map: Map<number, G> | null, root: number, guard: G): Map<number, G> {
  return (map ?? new Map<number, G>()).set(root, guard);
}

/** A map without a guard; null where it is empty then. */
export function unguarded<G>(map: Map<number, G> | null, root: number, guard: G): Map<number, G> | null {
  if (map?.get(root) === guard) map.delete(root);
  return map === null || map.size === 0 ? null : map;
}
