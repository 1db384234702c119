/** Walks over the entries of a stream between two IDs, in either direction, past those that are deleted. */

import type { Heap } from "../../memory/heap";
import { IdTree } from "../../memory/id-tree";
import { StreamId } from "../../util/stream-id";
import type { Stream } from "./stream";
import { StreamNode } from "./stream-node";

export class StreamRange {
  /** The node of the entry that next() went to; its cursor is at the entry. */
  readonly node: StreamNode;
  private readonly nodes: IdTree;
  private readonly start = new StreamId();
  private readonly end = new StreamId();
  private reverse = false;
  /** Whether a node is open, and whether it was just opened. */
  private inNode = false;
  private fresh = false;

  constructor(heap: Heap) {
    this.nodes = new IdTree(heap);
    this.node = new StreamNode(heap);
  }

  /** Begins before the entries from `start` to `end`, both included; `reverse`: from `end` to `start`. */
  open(stream: Stream, start: StreamId, end: StreamId, reverse: boolean): void {
    const { nodes } = this;
    this.start.copy(start);
    this.end.copy(end);
    this.reverse = reverse;
    nodes.open(stream.nodes.root);
    if (start.compare(end) > 0) this.inNode = false;
    else if (reverse) this.enter(nodes.seekFloor(end));
    else this.enter(nodes.seekFloor(start) || nodes.first());
  }

  /** Goes to the next entry of the range. False at the end. */
  next(): boolean {
    while (this.inNode) {
      if (this.step()) {
        const { node } = this;
        if (this.isPast(node.id)) return false;
        if (node.isDeleted) continue;
        return true;
      }
      this.enter(this.reverse ? this.nodes.previous() : this.nodes.next());
    }
    return false;
  }

  private enter(found: boolean): void {
    this.inNode = found;
    this.fresh = true;
    if (!found) return;
    this.nodes.readId(this.node.masterId);
    this.node.open(this.nodes.ref);
  }

  /** Goes an entry on within the node, deleted or not. */
  private step(): boolean {
    const { node } = this;
    if (!this.fresh) return this.reverse ? node.previous() : node.next();
    this.fresh = false;
    return this.reverse ? node.seekFloor(this.end) : node.seek(this.start);
  }

  /** Whether the range ends before this ID. */
  private isPast(id: StreamId): boolean {
    return this.reverse ? id.compare(this.start) < 0 : id.compare(this.end) > 0;
  }
}
