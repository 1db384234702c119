/**
 * Streams in RDB files:
 *
 *     nodes: their number, and for each its master ID (a string of 16 bytes) and its listpack
 *     entries; last ID; first ID, largest deleted ID, entries ever added (from version 2 on)
 *     groups: their number, and for each
 *         name; last ID delivered; entries read (from version 2 on)
 *         pending entries: their number, and for each its ID (16 bytes), when it was delivered, and how often
 *         consumers: their number, and for each
 *             name; when it was seen; when it was active (from version 3 on)
 *             its pending entries: their number and IDs
 *
 * An ID that is not 16 bytes (most significant first) is two lengths; a time is 8 bytes, little endian.
 */

import { ENCODING_STREAM, TYPE_STREAM } from "../../../db/entry";
import { IdTree } from "../../../memory/id-tree";
import { sealNode } from "../../../types/stream/sealed-node";
import { Stream } from "../../../types/stream/stream";
import { StreamGroup } from "../../../types/stream/stream-group";
import { countUpTo } from "../../../types/stream/stream-lag";
import type { EntryHead } from "../../../types/string/string";
import { int64, int64FromNumber, int64ToNumber } from "../../../util/integers";
import { StreamId } from "../../../util/stream-id";
import { LargeStream } from "../../snapshot/large-stream";
import { LARGE_BYTES, LARGE_FROM, type LargeShape } from "../../snapshot/large-value";
import * as format from "../rdb-format";
import { corrupt, type RdbInput } from "../rdb-input";
import type { RdbOutput } from "../rdb-output";
import { type CodecContext, discardValue, makeEntry, type ValueCodec } from "./codec";
import { ID_BYTES, writeRawId, writeStreamNode } from "./stream-blocks";
import { NodeCheck } from "./stream-check";
import { STREAM_BLOCKS, writeConsumerHead, writeGroupHead, writeId, writePending } from "./stream-group-blocks";
import { NodeSealer } from "./stream-sealer";

export class StreamCodec implements ValueCodec {
  readonly rdbTypes = [format.RDB_STREAM_LISTPACKS, format.RDB_STREAM_LISTPACKS_2, format.RDB_STREAM_LISTPACKS_3];
  private readonly stream: Stream;
  private readonly group: StreamGroup;
  private readonly sealer = new NodeSealer();
  private readonly check = new NodeCheck();
  /** The ID of the last entry of the node that was read last. */
  private readonly lastOfNode = new StreamId();
  private readonly id = new StreamId();
  /** A scratch register. */
  private readonly last = new StreamId();

  constructor(private readonly context: CodecContext) {
    const { heap } = context.keyspace;
    this.stream = new Stream(heap);
    this.group = new StreamGroup(heap);
  }

  rdbType(): number {
    return format.RDB_STREAM_LISTPACKS_3;
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  encode(out: RdbOutput, ref: number): void {
    const { stream, id } = this;
    stream.open(this.context.entries.valueWord(ref, 0));
    const { nodes, node } = stream;
    out.size(nodes.size);
    for (let more = nodes.first(); more; more = nodes.next()) {
      nodes.readId(id);
      node.open(nodes.ref);
      writeStreamNode(out, id, node);
    }
    for (const group of this.encodeFigures(out)) this.encodeGroup(out, group);
  }

  /** Writes what stands between the nodes and the groups of the open stream. Returns the groups. */
  private encodeFigures(out: RdbOutput): Uint32Array {
    const { stream, group } = this;
    out.size(stream.length);
    writeId(out, stream.lastId);
    writeId(out, stream.firstId);
    writeId(out, stream.maxDeletedId);
    out.size64(stream.addedHi, stream.addedLo);
    group.groups.open(stream.groups);
    const groups = group.groups.refs();
    out.size(groups.length);
    return groups;
  }

  large(ref: number): LargeShape | null {
    const { stream } = this;
    const { heap } = this.context.keyspace;
    stream.open(this.context.entries.valueWord(ref, 0));
    if (!this.isLarge()) return null;
    return {
      writeHead: (out) => out.size(stream.nodes.size),
      freeze: (frame) => {
        const figures = frame.early.another();
        const groups = this.encodeFigures(figures);
        const kept = new IdTree(heap);
        kept.create();
        return new LargeStream(frame, kept, figures, groups, STREAM_BLOCKS);
      },
    };
  }

  /** Whether nodes or groups of the open stream are so many, or so large, that nobody can wait until they are written. */
  private isLarge(): boolean {
    const { nodes, node } = this.stream;
    if (nodes.size >= LARGE_FROM || this.hasLargeGroups()) return true;
    let bytes = 0;
    for (let more = nodes.first(); more && bytes < LARGE_BYTES; more = nodes.next()) {
      node.open(nodes.ref);
      bytes += node.plainBytes;
    }
    return bytes >= LARGE_BYTES && nodes.size > 1;
  }

  private hasLargeGroups(): boolean {
    const { stream, group } = this;
    group.groups.open(stream.groups);
    const { size } = group.groups;
    let parts = size;
    for (let slot = 0; slot < size && parts < LARGE_FROM; slot++) {
      group.open(group.groups.at(slot));
      parts += group.pending.size + group.consumers.size;
    }
    return parts >= LARGE_FROM;
  }

  private encodeGroup(out: RdbOutput, ref: number): void {
    const { group, id } = this;
    group.open(ref);
    const { lastId, readHi, readLo, pending, consumers } = group;
    writeGroupHead(out, group, { ref, lastId, readHi, readLo, pending: pending.size });
    for (let more = pending.first(); more; more = pending.next()) {
      pending.readId(id);
      writePending(out, group, id, pending.ref);
    }
    out.size(consumers.size);
    for (let slot = 0; slot < consumers.size; slot++) this.encodeConsumer(out, consumers.at(slot));
  }

  private encodeConsumer(out: RdbOutput, ref: number): void {
    const { group, id } = this;
    group.openConsumer(ref);
    const { own } = group;
    writeConsumerHead(out, group, ref, group.seenAt, group.activeAt, own.size);
    for (let more = own.first(); more; more = own.next()) {
      own.readId(id);
      writeRawId(out, id);
    }
  }

  // --- reading -----------------------------------------------------------------------------------------------------

  decode(input: RdbInput, rdbType: number, head: EntryHead, deep: boolean): number {
    const { stream } = this;
    const { keyspace } = this.context;
    stream.create();
    try {
      this.decodeEntries(input, rdbType, deep);
      const groups = input.size();
      for (let i = 0; i < groups; i++) this.decodeGroup(input, rdbType);
    } catch (error) {
      discardValue(keyspace, TYPE_STREAM, ENCODING_STREAM, stream.root);
      throw error;
    }
    return makeEntry(keyspace, head, TYPE_STREAM, ENCODING_STREAM, stream.root);
  }

  private decodeEntries(input: RdbInput, rdbType: number, deep: boolean): void {
    const { stream, last } = this;
    const nodes = input.size();
    let entries = 0;
    for (let i = 0; i < nodes; i++) entries += this.decodeNode(input, i === 0, deep);
    stream.length = entries;
    if (input.size() !== entries) throw corrupt("Stream length inconsistent with rax entries");
    decodeId(input, stream.lastId);
    if (stream.findLast(last) && last.compare(stream.lastId) > 0) throw corrupt("Stream last ID is below an entry's");
    if (rdbType === format.RDB_STREAM_LISTPACKS) {
      this.setFirstId();
      int64FromNumber(entries);
    } else {
      decodeId(input, stream.firstId);
      decodeId(input, stream.maxDeletedId);
      input.size64();
    }
    stream.addedHi = int64.hi;
    stream.addedLo = int64.lo;
    stream.save();
  }

  /** Reads a node, whose master ID has to be above all IDs of the node before. Returns its entries. */
  private decodeNode(input: RdbInput, isFirst: boolean, deep: boolean): number {
    const { stream, id, lastOfNode } = this;
    input.string();
    if (input.length !== ID_BYTES) throw corrupt("Stream node key entry is not the size of a stream ID");
    id.setBytes(input.value, input.from);
    if (!isFirst && id.compare(lastOfNode) <= 0) throw corrupt("Listpack re-added with existing key");
    input.string();
    const { value, from, length } = input;
    if (deep) this.context.sanitizations++;
    const bytes = this.sealer.seal(value, from, length, id);
    const node = bytes > 0 ? this.sealer : this.checkNode(value, from, length);
    lastOfNode.copy(node.last);
    const { entries, deleted } = node;
    stream.addNode(id, value, from, length, entries + deleted, bytes > 0 ? bytes : sealNode(value, from));
    return entries;
  }

  /** Looks through a node that is not a usual one, or not sound: then it throws. */
  private checkNode(value: Uint8Array, from: number, length: number): NodeCheck {
    const { check, id } = this;
    if (!check.check(value, from, length, id)) throw corrupt("Stream listpack integrity check failed.");
    return check;
  }

  /** Streams of version 1 do not say which entry is the first. */
  private setFirstId(): void {
    const { stream } = this;
    const { nodes, node } = stream;
    if (!nodes.first()) return;
    stream.openNode();
    for (let more = node.first(); more; more = node.next()) {
      if (node.isDeleted) continue;
      stream.firstId.copy(node.id);
      return;
    }
  }

  private decodeGroup(input: RdbInput, rdbType: number): void {
    const { stream, group } = this;
    input.string();
    if (!group.create(stream, input.value, input.from, input.from + input.length)) {
      throw corrupt("Duplicated consumer group name");
    }
    decodeId(input, group.lastId);
    if (rdbType !== format.RDB_STREAM_LISTPACKS) input.size64();
    else if (!countUpTo(stream, group.lastId)) int64FromNumber(-1);
    group.readHi = int64.hi;
    group.readLo = int64.lo;
    group.save();
    let unowned = this.decodePending(input);
    const consumers = input.size();
    for (let i = 0; i < consumers; i++) unowned -= this.decodeConsumer(input, rdbType);
    if (unowned > 0) throw corrupt("Stream CG PEL entry without consumer");
  }

  /** The pending entries of a group, whose consumers come later. Returns their number. */
  private decodePending(input: RdbInput): number {
    const { group, id } = this;
    const count = input.size();
    for (let i = 0; i < count; i++) {
      input.bytes(ID_BYTES);
      id.setBytes(input.value, input.from);
      if (!group.addUnowned(id, decodeTime(input))) {
        throw corrupt("Duplicated global PEL entry loading stream consumer group");
      }
      input.size64();
      group.setDeliveries(id, group.pending.ref, int64.hi, int64.lo);
    }
    return count;
  }

  /** Reads a consumer with its pending entries. Returns their number. */
  private decodeConsumer(input: RdbInput, rdbType: number): number {
    const { group, id } = this;
    input.string();
    const end = input.from + input.length;
    if (group.findConsumer(input.value, input.from, end)) throw corrupt("Duplicate stream consumer detected");
    group.createConsumer(input.value, input.from, end, 0);
    const seenAt = decodeTime(input);
    group.seenAt = seenAt;
    group.activeAt = rdbType === format.RDB_STREAM_LISTPACKS_3 ? decodeTime(input) : seenAt;
    const count = input.size();
    for (let i = 0; i < count; i++) {
      input.bytes(ID_BYTES);
      id.setBytes(input.value, input.from);
      // An entry has one consumer: a second one does not get it.
      if (!group.assign(id)) throw corrupt("Consumer entry not found in group global PEL");
    }
    return count;
  }
}

function decodeId(input: RdbInput, id: StreamId): void {
  input.size64();
  const { hi, lo } = int64;
  input.size64();
  id.set(hi, lo, int64.hi, int64.lo);
}

function decodeTime(input: RdbInput): number {
  input.int64();
  return int64ToNumber(int64.hi, int64.lo);
}
