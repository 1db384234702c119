/** What a keyspace has to be told about the types of its values. */

import type { Keyspace } from "../db/keyspace";
import { hashType } from "./hash/hash-type";
import { installLists } from "./list/list";
import { installSets } from "./set/set";
import { installStreams } from "./stream/stream-tools";
import { installZsets } from "./zset/zset";

/** Tells a keyspace how values of each collection type are freed and copied. */
export function installTypes(keyspace: Keyspace): void {
  // Its constructor does.
  hashType(keyspace);
  installLists(keyspace);
  installSets(keyspace);
  installZsets(keyspace);
  installStreams(keyspace);
}
