/** What MEMORY USAGE and DEBUG DIGEST have to know about streams. */

import type { Digest } from "../../admin/debug/digest";
import type { ValueTools } from "../../admin/debug/value-tools";
import type { Keyspace } from "../../db/keyspace";
import { latin1 } from "../../util/bytes";
import type { Stream } from "./stream";
import type { StreamNode } from "./stream-node";
import { streamsOf } from "./stream-tools";

export const streamValueTools: ValueTools = {
  size(keyspace, ref, samples) {
    const { stream, group } = streamsOf(keyspace);
    stream.open(keyspace.entries.valueWord(ref, 0));
    let bytes = keyspace.heap.sizeOf(stream.root) + stream.nodes.bytes + nodeBytes(keyspace, stream, samples);
    group.groups.open(stream.groups);
    bytes += group.groups.bytes;
    for (let slot = 0; slot < group.groups.size; slot++) {
      group.open(group.groups.at(slot));
      bytes += group.bytes;
    }
    return bytes;
  },

  digest(keyspace, ref, digest) {
    const { stream, range, start, end } = streamsOf(keyspace);
    stream.open(keyspace.entries.valueWord(ref, 0));
    start.setMin();
    end.setMax();
    range.open(stream, start, end, false);
    while (range.next()) mixEntry(range.node, digest);
  },
};

/** Bytes of all nodes; with more of them than `samples`, estimated from the first ones, and the last as it is. */
function nodeBytes(keyspace: Keyspace, stream: Stream, samples: number): number {
  const { heap } = keyspace;
  const { nodes } = stream;
  const count = samples === 0 ? nodes.size : Math.min(samples, nodes.size);
  let bytes = 0;
  let seen = 0;
  for (let more = nodes.first(); more && seen < count; more = nodes.next()) {
    bytes += heap.sizeOf(nodes.ref);
    seen++;
  }
  if (seen === nodes.size) return bytes;
  nodes.last();
  return Math.round((bytes / seen) * (nodes.size - 1)) + heap.sizeOf(nodes.ref);
}

/** ID (with a dot), fields and values of the entry at the cursor. */
function mixEntry(node: StreamNode, digest: Digest): void {
  digest.mix(Buffer.from(node.id.toString().replace("-", "."), "latin1"));
  let field = node.masterFields;
  let at = node.dataAt;
  for (let i = 0; i < node.fieldCount; i++) {
    if (node.hasMasterFields) {
      field = mixElement(node, field, digest);
    } else {
      at = mixElement(node, at, digest);
    }
    at = mixElement(node, at, digest);
  }
}

/** Mixes the element at `p`; returns the position behind it. */
function mixElement(node: StreamNode, p: number, digest: Digest): number {
  const { pack } = node;
  pack.read(p);
  digest.mix(Buffer.from(latin1(pack.value, pack.at, pack.at + pack.length), "latin1"));
  return node.behind(p);
}
