/** What a keyspace has to be told about the types of its values. */

import type { Keyspace } from "../db/keyspace";
import { hashType } from "./hash-type";
import { installLists } from "./list";
import { installSets } from "./set";
import { installStreams } from "./stream-tools";
import { installZsets } from "./zset";

/** Tells a keyspace how values of each collection type are freed and copied. */
export function installTypes(keyspace: Keyspace): void {
  // Its constructor does.
  hashType(keyspace);
  installLists(keyspace);
  installSets(keyspace);
  installZsets(keyspace);
  installStreams(keyspace);
}
