/**
 * A consumer group in a snapshot of a large stream: its pending entries are written in slices, and then its consumers with
 * the IDs of theirs. See LargeStream.
 *
 * An entry that is about to change is kept as it is, once: a copy of its block, or the block itself where it is removed.
 * Of one that comes, it is kept that there was none. What is kept is found by ID, and goes before what is in the group.
 * Whose an entry is turns out when it is written: for each consumer the IDs are noted (id-list.ts), so that nothing has to
 * be kept of what changes afterwards.
 *
 * Of consumers the table is copied in the beginning; their times are kept when they change, and their blocks when they
 * are removed.
 */

import type { Keyspace } from "../../db/keyspace";
import type { GroupGuard } from "../../memory/group-guard";
import { NIL } from "../../memory/heap";
import { IdTree } from "../../memory/id-tree";
import type { StreamGroup } from "../../types/stream/stream-group";
import { streamsOf } from "../../types/stream/stream-tools";
import { assert } from "../../util/assert";
import { StreamId } from "../../util/stream-id";
import type { RdbOutput } from "../rdb/rdb-output";
import { IdList } from "./id-list";
import { guarded, unguarded } from "./large-value";

/** Leaves of the tree of what was kept that are freed between two looks. */
const LEAVES_PER_LOOK = 8;

/** What is kept of a consumer: its times. */
export interface ConsumerTimes {
  readonly seenAt: number;
  readonly activeAt: number;
}

/** What was noted of a group in the beginning. */
export interface GroupHead {
  readonly ref: number;
  readonly lastId: StreamId;
  readonly readHi: number;
  readonly readLo: number;
  readonly pending: number;
  readonly consumers: number;
}

/** How a group is written: its head, its pending entries by ID, and its consumers. `group` is a window to read through. */
export interface GroupFormat {
  /** Pending entries, consumers or IDs of theirs that are written between two looks at the clock. */
  readonly itemsPerLook: number;
  /** Whether the IDs of a consumer's entries follow on the consumer. */
  readonly listsOwned: boolean;
  writeHead(out: RdbOutput, group: StreamGroup, head: GroupHead): void;
  /** Writes the pending entry at `ref` of the group `head`. */
  writePending(out: RdbOutput, group: StreamGroup, head: GroupHead, id: StreamId, ref: number): void;
  /** All pending entries are written. */
  endPending(out: RdbOutput, head: GroupHead): void;
  /** Writes the consumer at `ref`. `owned`: the IDs of its entries, if they are listed; null if it has no entries. */
  writeConsumer(
    out: RdbOutput,
    group: StreamGroup,
    head: GroupHead,
    ref: number,
    times: ConsumerTimes,
    owned: IdList | null,
  ): void;
  writeOwned(out: RdbOutput, id: StreamId): void;
}

// Registers.
const id = new StreamId();
const keptId = new StreamId();

/** Steps of writing a group. */
type Phase = "head" | "pending" | "consumers" | "tidying" | "over";

export class LargeGroup implements GroupGuard {
  private readonly head: GroupHead;
  private phase: Phase = "head";

  /** Pending entries that are not written yet; the next one has this ID at least, and the last one that. */
  private pendingLeft: number;
  private readonly position = new StreamId();
  private readonly last = new StreamId();
  /** What is kept of pending entries: blocks like theirs; NIL: there was no such entry. null: nothing is kept. */
  private kept: IdTree | null = null;

  /** Consumers in their order; the next one to be written, and whether its name is. */
  private readonly consumers: Uint32Array;
  private consumersWritten = 0;
  private hasConsumerHead = false;
  private readonly owned = new Map<number, IdList>();
  private readonly times = new Map<number, ConsumerTimes>();
  private readonly removed = new Set<number>();

  private isOrphan = false;

  /**
   * @param group a window that the groups of a stream share
   * @param attempt that of the stream: see LargeValue
   */
  constructor(
    private readonly keyspace: Keyspace,
    private readonly group: StreamGroup,
    private readonly ref: number,
    private readonly attempt: (action: () => void) => boolean,
    private readonly format: GroupFormat,
  ) {
    const { heap } = keyspace;
    group.open(ref);
    const { readHi, readLo, pending } = group;
    const lastId = new StreamId();
    lastId.copy(group.lastId);
    this.consumers = group.consumers.refs();
    this.pendingLeft = pending.size;
    this.head = { ref, lastId, readHi, readLo, pending: pending.size, consumers: this.consumers.length };
    if (pending.last()) pending.readId(this.last);
    heap.groupGuards = guarded<GroupGuard>(heap.groupGuards, ref, this);
  }

  get isWritten(): boolean {
    return this.phase === "over";
  }

  // --- changes -----------------------------------------------------------------------------------------------------

  adding(id: StreamId): void {
    if (!this.isDone(id)) this.attempt(() => this.keep(id, NIL));
  }

  changing(id: StreamId, ref: number): void {
    if (this.isDone(id)) return;
    this.attempt(() => {
      const copy = this.group.copyPendingBlock(ref);
      try {
        this.keep(id, copy);
      } catch (error) {
        this.keyspace.heap.free(copy);
        throw error;
      }
    });
  }

  removing(id: StreamId, ref: number): boolean {
    return !this.isDone(id) && this.attempt(() => this.keep(id, ref));
  }

  /** Whether there is nothing to write of a pending entry: it is written, or kept already, or came later than all. */
  private isDone(id: StreamId): boolean {
    return (
      this.pendingLeft === 0 ||
      id.compare(this.position) < 0 ||
      id.compare(this.last) > 0 ||
      (this.kept?.find(id) ?? false)
    );
  }

  private keep(id: StreamId, ref: number): void {
    this.kept ??= this.emptyTree();
    this.kept.insert(id, ref);
  }

  private emptyTree(): IdTree {
    const tree = new IdTree(this.keyspace.heap);
    tree.create();
    return tree;
  }

  changingConsumer(consumer: number): void {
    const { group, times } = this;
    if (this.areConsumersDone || times.has(consumer)) return;
    times.set(consumer, { seenAt: group.seenAtOf(consumer), activeAt: group.activeAtOf(consumer) });
  }

  removingConsumer(consumer: number): boolean {
    if (this.areConsumersDone || !this.consumers.includes(consumer)) return false;
    this.removed.add(consumer);
    return true;
  }

  private get areConsumersDone(): boolean {
    return this.phase === "tidying" || this.phase === "over";
  }

  detached(): void {
    this.isOrphan = true;
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  /** Writes a part. */
  advance(out: RdbOutput): void {
    switch (this.phase) {
      case "head":
        this.format.writeHead(out, this.group, this.head);
        this.phase = "pending";
        break;
      case "pending":
        this.writePending(out);
        if (this.pendingLeft > 0) break;
        this.format.endPending(out, this.head);
        this.phase = "consumers";
        break;
      case "consumers":
        this.writeConsumers(out);
        if (this.consumersWritten === this.consumers.length) this.phase = "tidying";
        break;
      case "tidying":
        if (this.freeKept(LEAVES_PER_LOOK)) this.end();
    }
  }

  /** Writes some pending entries: of each ID what is kept, or else what is in the group. */
  private writePending(out: RdbOutput): void {
    const { group, position } = this;
    const { pending } = group;
    const kept = this.kept ?? pending;
    group.open(this.ref);
    let isThere = pending.seekCeiling(position);
    let isKept = kept !== pending && kept.seekCeiling(position);
    for (let i = 0; i < this.format.itemsPerLook && this.pendingLeft > 0; i++) {
      assert(isThere || isKept, "a pending entry is neither there nor kept");
      if (isThere) pending.readId(id);
      if (isKept) kept.readId(keptId);
      const order = isThere && isKept ? id.compare(keptId) : isThere ? -1 : 1;
      position.copy(order < 0 ? id : keptId);
      const ref = order < 0 ? pending.ref : kept.ref;
      if (ref !== NIL) this.writeEntry(out, ref);
      if (order <= 0) isThere = pending.next();
      if (order >= 0) isKept = kept.next();
    }
    position.increment();
  }

  /** Writes the pending entry at `ref`, whose ID is the position. */
  private writeEntry(out: RdbOutput, ref: number): void {
    const { group, owned, position, format } = this;
    format.writePending(out, group, this.head, position, ref);
    const consumer = group.consumerOf(ref);
    let list = owned.get(consumer);
    if (list === undefined) {
      list = new IdList();
      owned.set(consumer, list);
    }
    if (format.listsOwned) list.push(position);
    this.pendingLeft--;
  }

  private writeConsumers(out: RdbOutput): void {
    const { consumers } = this;
    for (let left = this.format.itemsPerLook; left > 0 && this.consumersWritten < consumers.length; ) {
      const consumer = consumers[this.consumersWritten];
      const list = this.owned.get(consumer);
      if (!this.hasConsumerHead) this.writeConsumer(out, consumer, list ?? null);
      left -= 1 + this.writeOwned(out, list, left);
      if (list !== undefined && list.size > 0) continue;
      this.owned.delete(consumer);
      this.hasConsumerHead = false;
      this.consumersWritten++;
    }
  }

  private writeConsumer(out: RdbOutput, consumer: number, owned: IdList | null): void {
    const { group, head } = this;
    const times = this.times.get(consumer) ?? {
      seenAt: group.seenAtOf(consumer),
      activeAt: group.activeAtOf(consumer),
    };
    this.format.writeConsumer(out, group, head, consumer, times, owned);
    this.hasConsumerHead = true;
  }

  /** Writes up to `limit` IDs of a consumer's list. Returns how many. */
  private writeOwned(out: RdbOutput, list: IdList | undefined, limit: number): number {
    const count = Math.min(list?.size ?? 0, limit);
    for (let i = 0; i < count; i++) {
      list?.shift(id);
      this.format.writeOwned(out, id);
    }
    return count;
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  /** Frees some leaves of what was kept. True when nothing is left. */
  private freeKept(leaves: number): boolean {
    for (let i = 0; i < leaves && this.kept !== null; i++) {
      if (this.kept.drain(this.freeBlock)) this.kept = null;
    }
    return this.kept === null;
  }

  private readonly freeBlock = (ref: number): void => {
    if (ref !== NIL) this.keyspace.heap.free(ref);
  };

  /** Ends it, wherever it is. */
  end(): void {
    if (this.phase === "over") return;
    const { keyspace, ref } = this;
    const { heap } = keyspace;
    this.phase = "over";
    this.pendingLeft = 0;
    heap.groupGuards = unguarded<GroupGuard>(heap.groupGuards, ref, this);
    this.freeKept(Number.POSITIVE_INFINITY);
    for (const consumer of this.removed) heap.free(consumer);
    this.removed.clear();
    this.owned.clear();
    if (this.isOrphan) streamsOf(keyspace).freeGroup(ref);
  }
}
