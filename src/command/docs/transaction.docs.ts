/** Documentation of transactions. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import { type FamilyDocs, key, multiple } from "./doc";

/** The table; a function, because only COMMAND DOCS needs it. */
export function transactionDocs(): FamilyDocs {
  return {
    discard: {
      summary: "Discards a transaction.",
      since: "2.0.0",
      complexity: "O(N), when N is the number of queued commands",
    },
    exec: {
      summary: "Executes all commands in a transaction.",
      since: "1.2.0",
      complexity: "Depends on commands in the transaction",
    },
    multi: { summary: "Starts a transaction.", since: "1.2.0", complexity: "O(1)" },
    unwatch: { summary: "Forgets about watched keys of a transaction.", since: "2.2.0", complexity: "O(1)" },
    watch: {
      summary: "Monitors changes to keys to determine the execution of a transaction.",
      since: "2.2.0",
      complexity: "O(1) for every key.",
      arguments: [multiple(key("key"))],
    },
  };
}
