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
    this.writeFigures(root);
  }

  /** Writes what stands before the entries of the stream at `root`. */
  writeHead(root: number): void {
    this.stream.open(root);
    if (this.stream.length === 0) this.writeEmpty();
  }

  /** Writes what stands behind them: its IDs and groups. */
  writeFigures(root: number): void {
    const { stream, group } = this;
    stream.open(root);
    this.writeIds();
    group.groups.open(stream.groups);
    const groups = group.groups.size;
    for (let slot = 0; slot < groups; slot++) {
      group.groups.open(stream.groups);
      this.writeGroup(group.groups.at(slot));
    }
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

  private writeIds(): void {
    const { out, stream } = this;
    out.command(7, "XSETID");
    this.key();
    out.text(stream.lastId.toString());
    out.text("ENTRIESADDED");
    out.text(String(int64ToBigInt(stream.addedHi, stream.addedLo)));
    out.text("MAXDELETEDID");
    out.text(stream.maxDeletedId.toString());
  }

  private writeGroup(ref: number): void {
    const { out, group } = this;
    group.open(ref);
    out.command(7, "XGROUP");
    out.text("CREATE");
    this.key();
    this.groupName();
    out.text(group.lastId.toString());
    out.text("ENTRIESREAD");
    out.text(String(int64ToBigInt(group.readHi, group.readLo)));
    for (let slot = 0; slot < group.consumers.size; slot++) {
      group.openConsumer(group.consumers.at(slot));
      if (group.own.size === 0) this.writeConsumer();
      else this.writePending();
    }
  }

  private groupName(): void {
    const { group } = this;
    group.locateGroupName(group.ref);
    this.out.bulk(group.nameBytes, group.nameAt, group.nameLength);
  }

  private consumerName(): void {
    const { group } = this;
    group.locateConsumerName(group.consumer);
    this.out.bulk(group.nameBytes, group.nameAt, group.nameLength);
  }

  private writeConsumer(): void {
    this.out.command(5, "XGROUP");
    this.out.text("CREATECONSUMER");
    this.key();
    this.groupName();
    this.consumerName();
  }

  /** What a consumer has not acknowledged, each entry as if it had just claimed it. */
  private writePending(): void {
    const { out, group, id } = this;
    const { own, pending } = group;
    for (let more = own.first(); more; more = own.next()) {
      own.readId(id);
      if (!pending.find(id)) continue;
      out.command(12, "XCLAIM");
      this.key();
      this.groupName();
      this.consumerName();
      out.text("0");
      out.text(id.toString());
      out.text("TIME");
      out.text(String(group.deliveredAt(pending.ref)));
      out.text("RETRYCOUNT");
      group.readDeliveries(pending.ref);
      out.text(String(int64ToBigInt(int64.hi, int64.lo)));
      out.text("JUSTID");
      out.text("FORCE");
    }
  }
}
