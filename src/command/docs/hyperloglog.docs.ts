/** Documentation of the HyperLogLog commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import { type FamilyDocs, key, multiple, optional, string } from "./doc";

/** The table; a function, because only COMMAND DOCS needs it. */
export function hyperLogLogDocs(): FamilyDocs {
  return {
    pfadd: {
      summary: "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.",
      since: "2.8.9",
      complexity: "O(1) to add every element.",
      arguments: [key("key"), optional(multiple(string("element")))],
    },
    pfcount: {
      summary: "Returns the approximated cardinality of the set(s) observed by the HyperLogLog key(s).",
      since: "2.8.9",
      complexity:
        "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of " +
        "keys, and much bigger constant times, when called with multiple keys.",
      arguments: [multiple(key("key"))],
    },
    pfmerge: {
      summary: "Merges one or more HyperLogLog values into a single key.",
      since: "2.8.9",
      complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
      arguments: [key("destkey"), optional(multiple(key("sourcekey", 1)))],
    },
    pfdebug: {
      summary: "Internal commands for debugging HyperLogLog values.",
      since: "2.8.9",
      complexity: "N/A",
      docFlags: ["syscmd"],
      arguments: [string("subcommand"), key("key")],
    },
    pfselftest: {
      summary: "An internal command for testing HyperLogLog values.",
      since: "2.8.9",
      complexity: "N/A",
      docFlags: ["syscmd"],
    },
  };
}
