/**
 * A quicklist in a snapshot: its nodes are written from the head on. See LargeValue.
 *
 * The nodes that there were when it was frozen have to be written in their order, but the list goes on changing. What is
 * taken out of it before it was written, or is a copy of what is about to be changed, is *gone*: it hangs in a chain on the
 * node before which it belongs, and is written when that has its turn. Nodes are handed over and not copied when they are
 * removed, so that LTRIM takes no longer than it does without a snapshot; a node that is changed is copied once. A mark on
 * a node says that there is nothing more to write of it: it is written, or kept in a chain, or was added later.
 */

import type { ListGuard } from "../../memory/list-guard";
import { QuicklistNodes } from "../../memory/quicklist-nodes";
import { writeListBlock } from "../rdb/codecs/list-blocks";
import type { RdbOutput } from "../rdb/rdb-output";
import { BYTES_PER_LOOK, guarded, LargeCollection, type LargeFrame, NODE_COST, unguarded } from "./large-value";

/** Behind the last node. */
const END = 0;

/** Nodes that are in no list, one after the other. */
interface Chain {
  head: number;
  tail: number;
}

/** The mark of the list that was frozen last: every one has its own, or a node might bear that of an earlier snapshot. */
let lastMark = 0;

export class LargeList extends LargeCollection implements ListGuard {
  private readonly nodes: QuicklistNodes;
  private readonly mark: number;
  /** The next node of the list to be written. */
  private cursor: number;
  /** What belongs before a node. */
  private readonly gone = new Map<number, Chain>();

  constructor(
    frame: LargeFrame,
    private readonly writeNode: (out: RdbOutput, nodes: QuicklistNodes, node: number) => void = writeListNode,
  ) {
    super(frame);
    const { heap } = frame.keyspace;
    lastMark = (lastMark + 1) >>> 0 || 1;
    this.mark = lastMark;
    this.nodes = new QuicklistNodes(heap);
    this.cursor = this.nodes.head(frame.root);
    heap.listGuards = guarded<ListGuard>(heap.listGuards, frame.root, this);
  }

  protected get isWritten(): boolean {
    return this.cursor === END && this.gone.size === 0;
  }

  // --- changes -----------------------------------------------------------------------------------------------------

  changing(node: number): void {
    if (this.isDone(node)) return;
    this.attempt(() => this.keep(node, this.nodes.copyNode(node)));
    this.nodes.setMark(node, this.mark);
  }

  replacing(node: number): boolean {
    if (this.isDone(node)) return false;
    const isKept = this.attempt(() => this.keep(node, this.nodes.shareBlock(node)));
    this.nodes.setMark(node, this.mark);
    return isKept;
  }

  added(node: number): void {
    this.nodes.setMark(node, this.mark);
  }

  removed(node: number, next: number): boolean {
    if (this.cursor === node) this.cursor = next;
    const stays = !this.isDone(node);
    if (stays) this.keep(node, node);
    this.passOn(node, next);
    return stays;
  }

  dissolved(): void {
    this.leaveList();
    this.leaveRoot();
  }

  private isDone(node: number): boolean {
    return this.nodes.mark(node) === this.mark;
  }

  /** Puts a node that is in no list (any more) at the end of what belongs before `before`. */
  private keep(before: number, node: number): void {
    this.nodes.setNext(node, END);
    const chain = this.gone.get(before);
    if (chain === undefined) {
      this.gone.set(before, { head: node, tail: node });
    } else {
      this.nodes.setNext(chain.tail, node);
      chain.tail = node;
    }
  }

  /** What belongs before a node that is removed belongs before the one that follows it. */
  private passOn(node: number, next: number): void {
    const chain = this.gone.get(node);
    if (chain === undefined) return;
    this.gone.delete(node);
    const behind = this.gone.get(next);
    if (behind !== undefined) {
      this.nodes.setNext(chain.tail, behind.head);
      chain.tail = behind.tail;
    }
    this.gone.set(next, chain);
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  protected advance(): void {
    for (let left = BYTES_PER_LOOK; left > 0 && !this.isWritten; ) left -= this.writeNext() + NODE_COST;
  }

  /** Writes the next node, if it is to be written. Returns its bytes. */
  private writeNext(): number {
    const { nodes, cursor, gone } = this;
    const chain = gone.get(cursor);
    if (chain !== undefined) return this.writeGone(chain);
    this.cursor = nodes.next(cursor);
    if (this.isDone(cursor)) return 0;
    nodes.setMark(cursor, this.mark);
    return this.write(cursor);
  }

  /** Writes the first node of the chain at the cursor, and frees it. */
  private writeGone(chain: Chain): number {
    const { nodes } = this;
    const { head } = chain;
    const bytes = this.write(head);
    if (head === chain.tail) this.gone.delete(this.cursor);
    else chain.head = nodes.next(head);
    nodes.free(head);
    return bytes;
  }

  private write(node: number): number {
    this.writeNode(this.out, this.nodes, node);
    return this.nodes.usedBytes(node);
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  private leaveList(): void {
    const { heap } = this.frame.keyspace;
    heap.listGuards = unguarded<ListGuard>(heap.listGuards, this.frame.root, this);
  }

  protected letGo(): void {
    this.leaveList();
    for (const { head } of this.gone.values()) this.freeChain(head);
    this.gone.clear();
    this.cursor = END;
  }

  private freeChain(head: number): void {
    for (let node = head; node !== END; ) {
      const next = this.nodes.next(node);
      this.nodes.free(node);
      node = next;
    }
  }
}

function writeListNode(out: RdbOutput, nodes: QuicklistNodes, node: number): void {
  nodes.visit(node, (bytes, at, length, isPlain) => writeListBlock(out, bytes, at, length, isPlain));
}
