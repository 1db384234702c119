/**
 * A stream in a snapshot: its nodes are written in the order of their master IDs, and then its groups: see LargeGroup. What
 * stands in between, its figures, is written to memory when the stream is frozen. See LargeValue.
 *
 * The nodes in question are those from the position on, up to the last one that there was then: later ones have higher IDs.
 * Of a node that is about to be changed a copy is kept, once, and one that is removed is kept itself, in a tree by master
 * ID. What is kept of a node is written in its place.
 */

import type { IdTree } from "../../memory/id-tree";
import type { StreamGuard } from "../../memory/stream-guard";
import { Stream } from "../../types/stream/stream";
import { StreamGroup } from "../../types/stream/stream-group";
import { StreamNode } from "../../types/stream/stream-node";
import { StreamId } from "../../util/stream-id";
import type { RdbOutput } from "../rdb/rdb-output";
import { type GroupFormat, LargeGroup } from "./large-group";
import { BYTES_PER_LOOK, guarded, LargeCollection, type LargeFrame, NODE_COST, unguarded } from "./large-value";

/** How the parts of a stream are written. */
export interface StreamFormat {
  readonly groups: GroupFormat;
  writeNode(out: RdbOutput, masterId: StreamId, node: StreamNode): void;
}

export class LargeStream extends LargeCollection implements StreamGuard {
  private readonly stream: Stream;
  private readonly node: StreamNode;
  /** The next node to be written has this master ID at least, and `last` at most. */
  private readonly position = new StreamId();
  private readonly last = new StreamId();
  private nodesLeft: number;
  private hasFigures = false;
  private readonly groups: LargeGroup[] = [];
  private groupsWritten = 0;

  /**
   * @param kept an empty tree, for what is kept
   * @param figures what stands between the nodes and the groups
   * @param groups the groups, in their order
   */
  constructor(
    frame: LargeFrame,
    private readonly kept: IdTree,
    private readonly figures: RdbOutput,
    groups: Uint32Array,
    private readonly format: StreamFormat,
  ) {
    super(frame);
    const { heap } = frame.keyspace;
    this.stream = new Stream(heap);
    this.node = new StreamNode(heap);
    this.stream.open(frame.root);
    const { nodes } = this.stream;
    this.nodesLeft = nodes.size;
    if (nodes.last()) nodes.readId(this.last);
    heap.streamGuards = guarded<StreamGuard>(heap.streamGuards, frame.root, this);
    const attempt = (action: () => void): boolean => this.attempt(action);
    const window = new StreamGroup(heap);
    for (const group of groups) this.groups.push(new LargeGroup(frame.keyspace, window, group, attempt, format.groups));
  }

  protected get isWritten(): boolean {
    return this.hasFigures && this.groupsWritten === this.groups.length;
  }

  // --- changes -----------------------------------------------------------------------------------------------------

  changing(masterId: StreamId, ref: number): void {
    if (this.isDone(masterId)) return;
    this.attempt(() => {
      this.node.open(ref);
      this.keep(masterId, this.node.copy());
    });
  }

  removing(masterId: StreamId, ref: number): boolean {
    return !this.isDone(masterId) && this.attempt(() => this.kept.insert(masterId, ref));
  }

  /** Whether there is nothing to write of a node: it is written, or kept already, or was added later. */
  private isDone(masterId: StreamId): boolean {
    return (
      this.nodesLeft === 0 ||
      masterId.compare(this.position) < 0 ||
      masterId.compare(this.last) > 0 ||
      this.kept.find(masterId)
    );
  }

  private keep(masterId: StreamId, ref: number): void {
    try {
      this.kept.insert(masterId, ref);
    } catch (error) {
      this.frame.keyspace.heap.free(ref);
      throw error;
    }
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  protected advance(): void {
    if (this.hasFigures) {
      this.writeGroups();
      return;
    }
    this.stream.open(this.frame.root);
    for (let left = BYTES_PER_LOOK; left > 0 && this.nodesLeft > 0; ) left -= this.writeNext() + NODE_COST;
    if (this.nodesLeft > 0) return;
    this.out.raw(this.figures.buf, 0, this.figures.length);
    this.hasFigures = true;
  }

  private writeGroups(): void {
    const group = this.groups[this.groupsWritten];
    group.advance(this.out);
    if (group.isWritten) this.groupsWritten++;
  }

  /** Writes the next node: as it is kept, or else as it is. Returns its bytes. */
  private writeNext(): number {
    const { kept, position, node } = this;
    const { nodes } = this.stream;
    const isThere = nodes.seekCeiling(position);
    const isKept = kept.seekCeiling(position);
    if (isThere) nodes.readId(position);
    if (isKept && !(isThere && isBelow(position, kept))) kept.readId(position);
    const fromKept = isKept && kept.find(position);
    node.open(fromKept ? kept.ref : nodes.ref);
    this.format.writeNode(this.out, position, node);
    const bytes = node.plainBytes;
    if (fromKept) this.frame.keyspace.heap.free(kept.remove());
    this.nodesLeft--;
    position.increment();
    return bytes;
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  protected letGo(): void {
    const { keyspace, root } = this.frame;
    const { heap } = keyspace;
    heap.streamGuards = unguarded<StreamGuard>(heap.streamGuards, root, this);
    this.nodesLeft = 0;
    while (!this.kept.drain((ref) => heap.free(ref)));
    for (const group of this.groups) group.end();
  }
}

const keptId = new StreamId();

/** Whether an ID is below that of the element at the cursor of a tree. */
function isBelow(id: StreamId, tree: IdTree): boolean {
  tree.readId(keptId);
  return id.compare(keptId) < 0;
}
