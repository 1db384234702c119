/**
 * A large collection in a snapshot: a hash, set or sorted set of so many elements that nobody can wait until all of them
 * are written.
 *
 * When the snapshot comes to it, or somebody is about to change it, it is *frozen*: what stands before the elements is
 * kept, and its dict gets a guard, as the dicts of the databases have one. So an element that is about to be changed is
 * written first. The elements themselves follow when all keys are written, one large value after another, in slices: in a
 * file they may have any order, but must stand together.
 *
 * What is written early is in memory until then. A value that is removed meanwhile stays until it is written.
 */

import type { Keyspace, ValueKeeper } from "../db/keyspace";
import type { DictGuard } from "../memory/dict-guard";
import { int64 } from "../util/integers";
import { BucketMap, HASH_END } from "./bucket-map";
import type { DictElements } from "./codecs/codec";
import { EntryWindow } from "./entry-window";
import type { RdbOutput } from "./rdb-output";
import type { RdbWriter } from "./rdb-writer";

/** Elements that make a value a large one: fewer take less than half a millisecond. */
export const LARGE_FROM = 1024;
/** Elements written between two looks at the clock. */
const ELEMENTS_PER_LOOK = 256;

/** A value that nobody refers to any more. */
interface Orphan {
  readonly type: number;
  readonly encoding: number;
  readonly root: number;
  readonly lazy: boolean;
}

export class LargeValue implements DictGuard, ValueKeeper {
  /** Elements with smaller hashes are written. */
  private position = 0;
  private readonly buckets: BucketMap;
  private readonly window: EntryWindow;
  /** Its elements are being written to the file itself. */
  private isOpen = false;
  private isOver = false;
  private orphan: Orphan | null = null;

  /**
   * @param database where its key is
   * @param root the value word of its entry
   * @param early what stands before the elements; those that are written early follow there
   * @param failed hears of what goes wrong
   */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly writer: RdbWriter,
    private readonly database: number,
    private readonly root: number,
    private readonly elements: DictElements,
    private early: RdbOutput | null,
    private readonly failed: (error: unknown) => void,
  ) {
    this.buckets = new BucketMap(elements.dict.size);
    this.window = new EntryWindow(keyspace.heap);
    const { heap } = keyspace;
    heap.guards = (heap.guards ?? new Map()).set(elements.root, this);
    keyspace.keepers = (keyspace.keepers ?? new Map()).set(root, this);
  }

  private get out(): RdbOutput {
    return this.early ?? this.writer.out;
  }

  private readonly write = (block: number): void => {
    const { out } = this;
    out.compressible = this.writer.compressMax;
    this.elements.write(out, block);
  };

  protect(hash: number): void {
    if (this.isOver || hash < this.position || !this.buckets.mark(hash)) return;
    this.attempt(() => {
      const { dict, root } = this.elements;
      dict.open(root);
      dict.scanRange(Math.max(this.buckets.first(hash), this.position), this.buckets.end(hash), this.write);
    });
  }

  /** A command may be in the middle of something: it finds the one result of this module as it left it. */
  private attempt(action: () => void): void {
    const { hi, lo } = int64;
    try {
      action();
    } catch (error) {
      // The command that brought this about is not to blame.
      this.failed(error);
      this.position = HASH_END;
    }
    int64.hi = hi;
    int64.lo = lo;
  }

  protectAll(): void {
    while (!this.isOver && this.position < HASH_END) this.advance();
  }

  keep(): void {
    this.protectAll();
  }

  keepValue(type: number, encoding: number, lazy: boolean): void {
    this.orphan = { type, encoding, root: this.root, lazy };
  }

  /** Writes some elements. True when all of it is written. */
  step(): boolean {
    if (!this.isOpen) this.open();
    this.advance();
    if (this.position < HASH_END) return false;
    this.writer.keys++;
    this.end();
    return true;
  }

  /** It has its turn: from now on its elements go to the file. */
  private open(): void {
    const { early, writer } = this;
    this.isOpen = true;
    this.early = null;
    writer.select(this.database);
    if (early !== null) writer.out.raw(early.buf, 0, early.length);
  }

  private advance(): void {
    this.attempt(() => {
      const { dict, root } = this.elements;
      dict.open(root);
      this.position = dict.scan(this.position, ELEMENTS_PER_LOOK, this.visit) || HASH_END;
      this.window.visit(this.write);
    });
  }

  private readonly visit = (block: number, hash: number): void => {
    if (!this.buckets.isEarly(hash)) this.window.add(block);
  };

  /** Ends it, wherever it is: what was kept for it alone is freed. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.early = null;
    const { keyspace, orphan } = this;
    keyspace.heap.guards = without(keyspace.heap.guards, this.elements.root);
    keyspace.keepers = without(keyspace.keepers, this.root);
    if (orphan !== null) keyspace.free.addValue(orphan.type, orphan.encoding, orphan.root, orphan.lazy);
  }
}

/** The map without a key; null where it is empty then. */
function without<V>(map: Map<number, V> | null, key: number): Map<number, V> | null {
  map?.delete(key);
  return map === null || map.size === 0 ? null : map;
}
