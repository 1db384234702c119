/**
 * A hash, set or sorted set in a snapshot whose elements are in a dict, and may have any order in a file. Elements that are
 * about to be changed are written early, to memory: buckets of them, as those of the databases are. See LargeValue.
 */

import type { DictGuard } from "../../memory/dict-guard";
import type { DictElements } from "../rdb/codecs/codec";
import type { RdbOutput } from "../rdb/rdb-output";
import { BucketMap, HASH_END } from "./bucket-map";
import { EntryWindow } from "./entry-window";
import { guarded, LargeCollection, type LargeFrame, type LargeShape, unguarded } from "./large-value";

/** Elements written between two looks at the clock. */
const ELEMENTS_PER_LOOK = 256;

/** What is large because of these elements. Turns their window to the dict. */
export function largeDict(elements: DictElements): LargeShape {
  elements.dict.open(elements.root);
  const writeSize = (out: RdbOutput): void => out.size(elements.dict.size);
  return { writeHead: elements.writeHead ?? writeSize, freeze: (frame) => new LargeDict(frame, elements) };
}

class LargeDict extends LargeCollection implements DictGuard {
  /** Elements with smaller hashes are written. */
  private position = 0;
  private readonly buckets: BucketMap;
  private readonly window: EntryWindow;

  constructor(
    frame: LargeFrame,
    private readonly elements: DictElements,
  ) {
    super(frame);
    const { heap } = frame.keyspace;
    this.buckets = new BucketMap(elements.dict.size);
    this.window = new EntryWindow(heap);
    heap.guards = guarded<DictGuard>(heap.guards, elements.root, this);
  }

  protected get isWritten(): boolean {
    return this.position === HASH_END;
  }

  protected letGo(): void {
    this.position = HASH_END;
    const { heap } = this.frame.keyspace;
    heap.guards = unguarded<DictGuard>(heap.guards, this.elements.root, this);
  }

  private readonly write = (block: number): void => this.elements.write(this.out, block);

  protect(hash: number): void {
    if (hash < this.position || !this.buckets.mark(hash)) return;
    this.attempt(() => {
      const { dict, root } = this.elements;
      dict.open(root);
      dict.scanRange(Math.max(this.buckets.first(hash), this.position), this.buckets.end(hash), this.write);
      this.finish();
    });
  }

  protectAll(): void {
    while (!this.isWritten) this.attempt(() => this.advance());
  }

  keep(): void {
    this.protectAll();
  }

  protected advance(): void {
    const { dict, root } = this.elements;
    dict.open(root);
    this.position = dict.scan(this.position, ELEMENTS_PER_LOOK, this.visit) || HASH_END;
    this.window.visit(this.write);
    this.finish();
  }

  private finish(): void {
    this.elements.finish?.(this.out);
  }

  private readonly visit = (block: number, hash: number): void => {
    if (!this.buckets.isEarly(hash)) this.window.add(block);
  };
}
