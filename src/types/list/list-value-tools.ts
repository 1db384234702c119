/** What MEMORY USAGE and DEBUG have to know of lists. */

import type { ValueTools } from "../../admin/debug/value-tools";
import type { Keyspace } from "../../db/keyspace";
import type { Quicklist } from "../../memory/quicklist";
import { listsOf, openList } from "./list";

function opened(keyspace: Keyspace, ref: number): Quicklist {
  const { list } = listsOf(keyspace);
  openList(keyspace, list, ref);
  return list;
}

export const listValueTools: ValueTools = {
  size(keyspace, ref, samples) {
    return opened(keyspace, ref).bytes(samples);
  },
  digest(keyspace, ref, digest) {
    const list = opened(keyspace, ref);
    for (let found = list.seek(0); found; found = list.next()) {
      const { value, at, length } = list.read();
      digest.mixRange(value, at, at + length);
    }
  },
};

/** What DEBUG OBJECT says of a quicklist besides what it says of every value; `fill` is list-max-listpack-size. */
export function describeQuicklist(keyspace: Keyspace, ref: number, fill: number): string {
  const list = opened(keyspace, ref);
  if (list.isListpack) return "";
  const { contentBytes, length, nodeCount } = list;
  return (
    ` ql_nodes:${nodeCount} ql_avg_node:${(length / nodeCount).toFixed(2)} ql_listpack_max:${fill}` +
    ` ql_compressed:0 ql_uncompressed_size:${contentBytes}`
  );
}
