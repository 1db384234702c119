/**
 * What COMMAND DOCS says: texts and syntax of every command, looked up by name. The tables (docs/) are functions that
 * run when the first text is asked for, so that a server that nobody asks pays nothing at start.
 */

import { bitmapDocs } from "./docs/bitmap.docs";
import { connectionDocs } from "./docs/connection.docs";
import type { CommandDoc, FamilyDocs } from "./docs/doc";
import { geoDocs } from "./docs/geo.docs";
import { hashDocs } from "./docs/hash.docs";
import { hyperLogLogDocs } from "./docs/hyperloglog.docs";
import { keyDocs } from "./docs/key.docs";
import { listDocs } from "./docs/list.docs";
import { pubsubDocs } from "./docs/pubsub.docs";
import { serverDocs } from "./docs/server.docs";
import { setDocs } from "./docs/set.docs";
import { streamDocs } from "./docs/stream.docs";
import { stringDocs } from "./docs/string.docs";
import { transactionDocs } from "./docs/transaction.docs";
import { zsetDocs } from "./docs/zset.docs";

export { type ArgumentDoc, type ArgumentType, argumentFlags, type CommandDoc, displayText } from "./docs/doc";

/** Families by the group that COMMAND DOCS names. */
const FAMILIES: Readonly<Record<string, () => FamilyDocs>> = {
  string: stringDocs,
  list: listDocs,
  set: setDocs,
  hash: hashDocs,
  "sorted-set": zsetDocs,
  bitmap: bitmapDocs,
  hyperloglog: hyperLogLogDocs,
  stream: streamDocs,
  geo: geoDocs,
  generic: keyDocs,
  pubsub: pubsubDocs,
  transactions: transactionDocs,
  connection: connectionDocs,
  server: serverDocs,
};

let table: Map<string, CommandDoc> | null = null;

function buildTable(): Map<string, CommandDoc> {
  const docs = new Map<string, CommandDoc>();
  for (const [group, family] of Object.entries(FAMILIES)) {
    for (const [name, text] of Object.entries(family())) docs.set(name, { ...text, group });
  }
  return docs;
}

/** The documentation of a command; `name` is lower case, of a subcommand with its container: "config|get". */
export function commandDocs(name: string): CommandDoc | undefined {
  table ??= buildTable();
  return table.get(name);
}

/** Names of all commands and subcommands that have documentation. */
export function documentedCommands(): string[] {
  table ??= buildTable();
  return [...table.keys()];
}
