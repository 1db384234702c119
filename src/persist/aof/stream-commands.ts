/** A stream as commands that make it anew: its entries, its IDs, its groups, their consumers and pending entries. */

import type { Heap } from "../../memory/heap";
import { Stream } from "../../types/stream/stream";
import { StreamGroup } from "../../types/stream/stream-group";
import type { StreamNode } from "../../types/stream/stream-node";
import { int64, int64ToBigInt } from "../../util/integers";
import { StreamId } from "../../util/stream-id";
import type { CommandOutput } from "./command-output";

/** The ID of the entry that makes a stream which is empty. */
const EMPTY_STREAM_ID = "0-1";

export class StreamCommands {
  private readonly stream: Stream;
  private readonly group: StreamGroup;
  private readonly id = new StreamId();

  /** @param key writes the key of the stream */
  constructor(
    heap: Heap,
    private readonly out: CommandOutput,
    private readonly key: () => void,
  ) {
    this.stream = new Stream(heap);
    this.group = new StreamGroup(heap);
  }

  /** Writes the stream at `root`. */
  write(root: number): void {
    this.writeHead(root);
    this.writeEntries();
    this.writeIds(root);
    for (const ref of this.groupRefs(root)) this.writeGroup(ref);
  }

  /** The groups of the stream at `root`, in their order. */
  groupRefs(root: number): Uint32Array {
    const { stream, group } = this;
    stream.open(root);
    group.groups.open(stream.groups);
    return group.groups.refs();
  }

  /** Writes what stands before the entries of the stream at `root`. */
  writeHead(root: number): void {
    this.stream.open(root);
    if (this.stream.length === 0) this.writeEmpty();
  }

  private writeEntries(): void {
    const { nodes, node } = this.stream;
    for (let more = nodes.first(); more; more = nodes.next()) {
      nodes.readId(node.masterId);
      node.open(nodes.ref);
      this.writeNode(node);
    }
  }

  /** Writes the entries of a node that is open. */
  writeNode(node: StreamNode): void {
    for (let entry = node.first(); entry; entry = node.next()) {
      if (!node.isDeleted) this.writeEntry(node);
    }
  }

  private writeEntry(node: StreamNode): void {
    const { out } = this;
    const { fieldCount } = node;
    out.command(3 + 2 * fieldCount, "XADD");
    this.key();
    out.text(node.id.toString());
    let at = node.dataAt;
    let field = node.masterFields;
    for (let i = 0; i < fieldCount; i++) {
      if (node.hasMasterFields) field = this.element(node, field);
      else at = this.element(node, at);
      at = this.element(node, at);
    }
  }

  /** The element at `p`; returns the position behind it. */
  private element(node: StreamNode, p: number): number {
    const { pack } = node;
    pack.read(p);
    this.out.bulk(pack.value, pack.at, pack.length);
    return node.behind(p);
  }

  /** A stream without entries comes into being with one that is trimmed at once. */
  private writeEmpty(): void {
    const { out } = this;
    out.command(7, "XADD");
    this.key();
    for (const text of ["MAXLEN", "0", EMPTY_STREAM_ID, "x", "y"]) out.text(text);
  }

  /** Writes what stands behind the entries of the stream at `root`. Groups follow. */
  writeIds(root: number): void {
    const { out, stream } = this;
    stream.open(root);
    out.command(7, "XSETID");
    this.key();
    out.text(stream.lastId.toString());
    out.text("ENTRIESADDED");
    out.text(String(int64ToBigInt(stream.addedHi, stream.addedLo)));
    out.text("MAXDELETEDID");
    out.text(stream.maxDeletedId.toString());
  }

  private writeGroup(ref: number): void {
    const { group } = this;
    group.open(ref);
    this.writeGroupHead(ref, group.lastId, group.readHi, group.readLo);
    for (let slot = 0; slot < group.consumers.size; slot++) {
      group.openConsumer(group.consumers.at(slot));
      if (group.own.size === 0) this.writeConsumer(ref, group.consumer);
      else this.writeOwned();
    }
  }

  /** Writes the group at `ref`, which has this last ID and so many entries read. */
  writeGroupHead(ref: number, lastId: StreamId, readHi: number, readLo: number): void {
    const { out } = this;
    out.command(7, "XGROUP");
    out.text("CREATE");
    this.key();
    this.groupName(ref);
    out.text(lastId.toString());
    out.text("ENTRIESREAD");
    out.text(String(int64ToBigInt(readHi, readLo)));
  }

  private groupName(ref: number): void {
    const { group } = this;
    group.locateGroupName(ref);
    this.out.bulk(group.nameBytes, group.nameAt, group.nameLength);
  }

  private consumerName(ref: number): void {
    const { group } = this;
    group.locateConsumerName(ref);
    this.out.bulk(group.nameBytes, group.nameAt, group.nameLength);
  }

  /** Writes a consumer that has no pending entries. */
  writeConsumer(group: number, consumer: number): void {
    this.out.command(5, "XGROUP");
    this.out.text("CREATECONSUMER");
    this.key();
    this.groupName(group);
    this.consumerName(consumer);
  }

  /** What a consumer has not acknowledged. */
  private writeOwned(): void {
    const { group, id } = this;
    const { own, pending } = group;
    for (let more = own.first(); more; more = own.next()) {
      own.readId(id);
      if (pending.find(id)) this.writePending(group.ref, id, pending.ref);
    }
  }

  /** Writes the pending entry at `ref` of a group, as if its consumer had just claimed it. */
  writePending(groupRef: number, id: StreamId, ref: number): void {
    const { out, group } = this;
    out.command(12, "XCLAIM");
    this.key();
    this.groupName(groupRef);
    this.consumerName(group.consumerOf(ref));
    out.text("0");
    out.text(id.toString());
    out.text("TIME");
    out.text(String(group.deliveredAt(ref)));
    out.text("RETRYCOUNT");
    group.readDeliveries(ref);
    out.text(String(int64ToBigInt(int64.hi, int64.lo)));
    out.text("JUSTID");
    out.text("FORCE");
  }
}
