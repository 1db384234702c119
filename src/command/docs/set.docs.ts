/** Documentation of the set commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import { type FamilyDocs, integer, key, multiple, optional, pattern, since, string, withToken } from "./doc";

/** The table; a function, because only COMMAND DOCS needs it. */
export function setDocs(): FamilyDocs {
  return {
    sadd: {
      summary: "Adds one or more members to a set. Creates the key if it doesn't exist.",
      since: "1.0.0",
      complexity:
        "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
      history: [["2.4.0", "Accepts multiple `member` arguments."]],
      arguments: [key("key"), multiple(string("member"))],
    },
    srem: {
      summary: "Removes one or more members from a set. Deletes the set if the last member was removed.",
      since: "1.0.0",
      complexity: "O(N) where N is the number of members to be removed.",
      history: [["2.4.0", "Accepts multiple `member` arguments."]],
      arguments: [key("key"), multiple(string("member"))],
    },
    smembers: {
      summary: "Returns all members of a set.",
      since: "1.0.0",
      complexity: "O(N) where N is the set cardinality.",
      arguments: [key("key")],
    },
    sismember: {
      summary: "Determines whether a member belongs to a set.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key"), string("member")],
    },
    smismember: {
      summary: "Determines whether multiple members belong to a set.",
      since: "6.2.0",
      complexity: "O(N) where N is the number of elements being checked for membership",
      arguments: [key("key"), multiple(string("member"))],
    },
    scard: {
      summary: "Returns the number of members in a set.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    spop: {
      summary:
        "Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.",
      since: "1.0.0",
      complexity: "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
      history: [["3.2.0", "Added the `count` argument."]],
      arguments: [key("key"), optional(since("3.2.0", integer("count")))],
    },
    srandmember: {
      summary: "Get one or multiple random members from a set",
      since: "1.0.0",
      complexity: "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.",
      history: [["2.6.0", "Added the optional `count` argument."]],
      arguments: [key("key"), optional(since("2.6.0", integer("count")))],
    },
    smove: {
      summary: "Moves a member from one set to another.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("source"), key("destination", 1), string("member")],
    },
    sunion: {
      summary: "Returns the union of multiple sets.",
      since: "1.0.0",
      complexity: "O(N) where N is the total number of elements in all given sets.",
      arguments: [multiple(key("key"))],
    },
    sunionstore: {
      summary: "Stores the union of multiple sets in a key.",
      since: "1.0.0",
      complexity: "O(N) where N is the total number of elements in all given sets.",
      arguments: [key("destination"), multiple(key("key", 1))],
    },
    sinter: {
      summary: "Returns the intersect of multiple sets.",
      since: "1.0.0",
      complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
      arguments: [multiple(key("key"))],
    },
    sinterstore: {
      summary: "Stores the intersect of multiple sets in a key.",
      since: "1.0.0",
      complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
      arguments: [key("destination"), multiple(key("key", 1))],
    },
    sintercard: {
      summary: "Returns the number of members of the intersect of multiple sets.",
      since: "7.0.0",
      complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
      arguments: [integer("numkeys"), multiple(key("key")), optional(withToken("LIMIT", integer("limit")))],
    },
    sdiff: {
      summary: "Returns the difference of multiple sets.",
      since: "1.0.0",
      complexity: "O(N) where N is the total number of elements in all given sets.",
      arguments: [multiple(key("key"))],
    },
    sdiffstore: {
      summary: "Stores the difference of multiple sets in a key.",
      since: "1.0.0",
      complexity: "O(N) where N is the total number of elements in all given sets.",
      arguments: [key("destination"), multiple(key("key", 1))],
    },
    sscan: {
      summary: "Iterates over members of a set.",
      since: "2.8.0",
      complexity:
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
      arguments: [
        key("key"),
        integer("cursor"),
        optional(withToken("MATCH", pattern("pattern"))),
        optional(withToken("COUNT", integer("count"))),
      ],
    },
  };
}
