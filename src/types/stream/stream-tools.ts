/** The flyweights for the streams of a keyspace, and how its streams are freed and copied. */

import { ENCODING_STREAM, TYPE_STREAM } from "../../db/entry";
import type { Keyspace } from "../../db/keyspace";
import { type Heap, NIL, SEGMENT_MASK, SEGMENT_SHIFT } from "../../memory/heap";
import { StreamId } from "../../util/stream-id";
import { Stream } from "./stream";
import { StreamGroup } from "./stream-group";
import { StreamMover } from "./stream-mover";
import { StreamRange } from "./stream-range";

/** Instead of an encoding, of a value to be freed: it is not a stream, but a group that was taken out of one. */
const DETACHED_GROUP = ENCODING_STREAM + 1;

/** What commands open streams with, and registers for the IDs that they work on. One of each: commands do not nest. */
export class StreamTools {
  readonly stream: Stream;
  readonly range: StreamRange;
  readonly group: StreamGroup;
  readonly id = new StreamId();
  readonly start = new StreamId();
  readonly end = new StreamId();

  constructor(readonly keyspace: Keyspace) {
    this.stream = new Stream(keyspace.heap);
    this.range = new StreamRange(keyspace.heap);
    this.group = new StreamGroup(keyspace.heap);
  }

  /** Opens the stream of an entry. */
  open(ref: number): Stream {
    this.stream.open(this.keyspace.entries.valueWord(ref, 0));
    return this.stream;
  }

  /** Frees a group that is in no stream any more: what takes long, in the background. */
  freeGroup(ref: number): void {
    const releaser = this.keyspace.releaser(TYPE_STREAM);
    if (!releaser.release(ref, DETACHED_GROUP)) this.keyspace.free.addValue(TYPE_STREAM, DETACHED_GROUP, ref, false);
  }

  /** Frees a stream that is in no entry. */
  freeStream(root: number): void {
    while (!this.keyspace.releaser(TYPE_STREAM).release(root, ENCODING_STREAM));
  }
}

/** The flyweights for the streams of a keyspace. */
export function streamsOf(keyspace: Keyspace): StreamTools {
  const { typeStates } = keyspace;
  typeStates[TYPE_STREAM] ??= new StreamTools(keyspace);
  return typeStates[TYPE_STREAM] as StreamTools;
}

/** Tells a keyspace how streams are freed and copied. */
export function installStreams(keyspace: Keyspace): void {
  const { entries, heap } = keyspace;
  // Flyweights of their own: a stream is freed while a command has others open.
  const stream = new Stream(heap);
  const group = new StreamGroup(heap);
  const releaser = new StreamReleaser(heap);
  const copyGroup = new StreamGroup(heap);
  keyspace.registerMover(TYPE_STREAM, new StreamMover(keyspace));
  keyspace.registerReleaser(TYPE_STREAM, releaser);
  keyspace.registerCopier(TYPE_STREAM, (original, copy) => {
    const groups = stream.copyEntries(entries.valueWord(original, 0));
    try {
      group.groups.open(groups);
      const count = group.groups.size;
      for (let slot = 0; slot < count; slot++) {
        group.groups.open(groups);
        group.copyTo(group.groups.at(slot), copyGroup, stream);
      }
    } catch (error) {
      while (!releaser.release(stream.root, ENCODING_STREAM));
      throw error;
    }
    entries.setValueWord(copy, 0, stream.root);
  });
}

/** Frees streams, and groups, part by part. What is left of them is always in the heap: nothing is remembered here. */
class StreamReleaser {
  private readonly stream: Stream;
  private readonly group: StreamGroup;

  constructor(private readonly heap: Heap) {
    this.stream = new Stream(heap);
    this.group = new StreamGroup(heap);
  }

  release(root: number, encoding: number): boolean {
    if (encoding === DETACHED_GROUP) return this.releaseSteps(() => this.group.release(root));
    return this.releaseSteps(() => this.releaseStream(root));
  }

  /** A few steps, so that what is small is gone at once. */
  private releaseSteps(step: () => boolean): boolean {
    for (let i = 0; i < STEPS; i++) if (step()) return true;
    return false;
  }

  private releaseStream(root: number): boolean {
    if (!this.stream.releaseEntries(root)) return false;
    const words = this.heap.u32[root >>> SEGMENT_SHIFT];
    const at = ((root & SEGMENT_MASK) << 1) + Stream.GROUPS;
    if (words[at] === NIL) {
      this.heap.free(root);
      return true;
    }
    const { groups } = this.group;
    groups.open(words[at]);
    const last = groups.size - 1;
    if (!this.group.release(groups.at(last))) return false;
    groups.remove(last);
    words[at] = groups.ref;
    return false;
  }

  /** As Redis counts it: the nodes of the stream, and for each group as many pending entries as the first one has. */
  effort(root: number, encoding: number): number {
    const { stream, group } = this;
    if (encoding === DETACHED_GROUP) {
      group.open(root);
      return 1 + group.pending.size;
    }
    stream.open(root);
    const nodes = stream.radixNodes;
    group.groups.open(stream.groups);
    const groups = group.groups.size;
    if (groups === 0) return nodes;
    group.open(group.groups.at(0));
    return nodes + groups * (1 + group.pending.size);
  }
}

/** Steps of one call of release(), each of about 50 blocks. */
const STEPS = 16;
