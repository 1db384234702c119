/**
 * Streams, for defragmentation: the header, the tree of nodes with their listpacks, and for each group its block, the tree
 * of its pending entries with theirs, and its consumers with their trees.
 *
 * Trees are gone through leaf by leaf, by the ID at which the next leaf begins; groups and consumers by their place in the
 * order of names. A group or consumer that comes or goes meanwhile lets one be passed over, or be looked at twice.
 */

import type { Keyspace } from "../../db/keyspace";
import type { MoveCursor, Relocator, ValueMover } from "../../db/relocator";
import { type Heap, SEGMENT_MASK, SEGMENT_SHIFT } from "../../memory/heap";
import { IdTree } from "../../memory/id-tree";
import { NameTable } from "../../memory/name-table";
import { StreamId } from "../../util/stream-id";
import { STREAM_GROUPS, STREAM_NODES, STREAM_TAIL } from "./stream";
import {
  CONSUMER_NAME,
  CONSUMER_PENDING,
  GROUP_CONSUMERS,
  GROUP_NAME,
  GROUP_PENDING,
  PENDING_CONSUMER,
} from "./stream-group";

const BEGIN = 0;
const NODES = 1;
const GROUPS = 2;
const GROUP_ENTRIES = 3;
const CONSUMERS = 4;
const CONSUMER_ENTRIES = 5;

/** A consumer with more pending entries stays where it is: each of them refers to it. */
const ENTRIES_MAX = 256;

export class StreamMover implements ValueMover {
  private readonly heap: Heap;
  private readonly tree: IdTree;
  private readonly other: IdTree;
  private readonly groups: NameTable;
  private readonly consumers: NameTable;
  private readonly id = new StreamId();
  /** The header of the stream that is being worked on. */
  private header = 0;
  private relocator!: Relocator;

  constructor(private readonly keyspace: Keyspace) {
    const { heap } = keyspace;
    this.heap = heap;
    this.tree = new IdTree(heap);
    this.other = new IdTree(heap);
    this.groups = new NameTable(heap, GROUP_NAME);
    this.consumers = new NameTable(heap, CONSUMER_NAME);
  }

  private get(ref: number, word: number): number {
    return this.heap.u32[ref >>> SEGMENT_SHIFT][((ref & SEGMENT_MASK) << 1) + word];
  }

  private set(ref: number, word: number, value: number): void {
    this.heap.u32[ref >>> SEGMENT_SHIFT][((ref & SEGMENT_MASK) << 1) + word] = value;
  }

  blocks(entry: number): number {
    const header = this.keyspace.entries.valueWord(entry, 0);
    this.tree.open(this.get(header, STREAM_NODES));
    let blocks = 1 + this.tree.size;
    this.groups.open(this.get(header, STREAM_GROUPS));
    for (let slot = 0; slot < this.groups.size && slot < ENTRIES_MAX; slot++) {
      const group = this.groups.at(slot);
      this.consumers.open(this.get(group, GROUP_CONSUMERS));
      this.tree.open(this.get(group, GROUP_PENDING));
      blocks += 1 + this.tree.size + this.consumers.size * 2;
    }
    return blocks;
  }

  step(entry: number, cursor: MoveCursor, relocator: Relocator): boolean {
    this.relocator = relocator;
    if (cursor.phase === BEGIN) this.begin(entry, cursor);
    this.header = this.keyspace.entries.valueWord(entry, 0);
    this.groups.open(this.get(this.header, STREAM_GROUPS));
    while (relocator.more()) {
      if (cursor.phase === NODES) this.moveNodes(cursor);
      else if (cursor.position >= this.groups.size) return true;
      else this.moveGroup(this.groups.at(cursor.position), cursor);
    }
    return false;
  }

  private begin(entry: number, cursor: MoveCursor): void {
    const { entries } = this.keyspace;
    const header = this.relocator.move(entries.valueWord(entry, 0));
    entries.setValueWord(entry, 0, header);
    this.moveTree(header, STREAM_NODES);
    this.moveTable(header, STREAM_GROUPS);
    cursor.phase = NODES;
  }

  /** Lets the root of a tree be moved, to which a word of a block refers. */
  private moveTree(owner: number, word: number): void {
    this.tree.open(this.get(owner, word));
    this.set(owner, word, this.tree.moveRoot(this.relocator.move));
  }

  /** Lets a table of names be moved, to which a word of a block refers; there may be none. */
  private moveTable(owner: number, word: number): void {
    const table = this.get(owner, word);
    if (table !== 0) this.set(owner, word, this.relocator.move(table));
  }

  /**
   * Lets the leaf of the open tree with the first ID from the cursor's on be moved, and visits its elements from there on.
   * False at the end; else the cursor is at the next leaf.
   */
  private moveLeaf(cursor: MoveCursor, visit: () => void): boolean {
    const { tree } = this;
    if (!tree.seekCeiling(cursor.id)) return false;
    tree.moveLeaf(this.relocator.move);
    for (;;) {
      const isLast = tree.isLastInLeaf;
      visit();
      if (!tree.next()) return false;
      if (isLast) break;
    }
    tree.readId(cursor.id);
    return true;
  }

  // --- nodes -------------------------------------------------------------------------------------------------------

  private moveNodes(cursor: MoveCursor): void {
    this.tree.open(this.get(this.header, STREAM_NODES));
    if (this.moveLeaf(cursor, this.moveNode)) return;
    cursor.phase = GROUPS;
    cursor.position = 0;
  }

  private readonly moveNode = (): void => {
    const { tree, header } = this;
    const { ref } = tree;
    const moved = this.relocator.move(ref);
    if (moved === ref) return;
    tree.setRef(moved);
    if (this.get(header, STREAM_TAIL) === ref) this.set(header, STREAM_TAIL, moved);
  };

  // --- groups ------------------------------------------------------------------------------------------------------

  private moveGroup(group: number, cursor: MoveCursor): void {
    if (cursor.phase === GROUPS) {
      this.moveGroupBlock(group, cursor);
    } else if (cursor.phase === GROUP_ENTRIES) {
      this.tree.open(this.get(group, GROUP_PENDING));
      if (!this.moveLeaf(cursor, this.movePending)) {
        cursor.phase = CONSUMERS;
        cursor.slot = 0;
      }
    } else {
      this.moveConsumers(group, cursor);
    }
  }

  private moveGroupBlock(group: number, cursor: MoveCursor): void {
    const moved = this.relocator.move(group);
    this.groups.setAt(cursor.position, moved);
    this.moveTree(moved, GROUP_PENDING);
    this.moveTable(moved, GROUP_CONSUMERS);
    cursor.phase = GROUP_ENTRIES;
    cursor.id.setMin();
  }

  /** The entry's block is in two trees, that of the group and that of its consumer. */
  private readonly movePending = (): void => {
    const { tree, other, id } = this;
    const { ref } = tree;
    const moved = this.relocator.move(ref);
    if (moved === ref) return;
    tree.setRef(moved);
    tree.readId(id);
    other.open(this.get(this.get(moved, PENDING_CONSUMER), CONSUMER_PENDING));
    if (other.find(id)) other.setRef(moved);
  };

  // --- consumers ---------------------------------------------------------------------------------------------------

  private moveConsumers(group: number, cursor: MoveCursor): void {
    const { consumers } = this;
    consumers.open(this.get(group, GROUP_CONSUMERS));
    if (cursor.slot >= consumers.size) {
      cursor.phase = GROUPS;
      cursor.position++;
      return;
    }
    if (cursor.phase === CONSUMERS) {
      const consumer = this.moveConsumer(consumers.at(cursor.slot));
      consumers.setAt(cursor.slot, consumer);
      this.moveTree(consumer, CONSUMER_PENDING);
      cursor.phase = CONSUMER_ENTRIES;
      cursor.id.setMin();
      return;
    }
    this.tree.open(this.get(consumers.at(cursor.slot), CONSUMER_PENDING));
    if (this.moveLeaf(cursor, visitNothing)) return;
    cursor.phase = CONSUMERS;
    cursor.slot++;
  }

  private moveConsumer(consumer: number): number {
    const { tree } = this;
    tree.open(this.get(consumer, CONSUMER_PENDING));
    if (tree.size > ENTRIES_MAX) return consumer;
    const moved = this.relocator.move(consumer);
    if (moved === consumer) return consumer;
    for (let more = tree.first(); more; more = tree.next()) this.set(tree.ref, PENDING_CONSUMER, moved);
    return moved;
  }
}

function visitNothing(): void {}
