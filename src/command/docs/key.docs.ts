/** Documentation of the generic key commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import {
  type ArgumentDoc,
  block,
  type FamilyDocs,
  integer,
  key,
  multiple,
  multipleWithToken,
  oneof,
  optional,
  pattern,
  shownAs,
  since,
  string,
  token,
  unixTime,
  withToken,
} from "./doc";

const SORT_COMPLEXITY =
  "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).";

/** A pattern that makes keys of elements. */
const keyPattern = (name: string) => shownAs("pattern", { ...pattern(name), keySpecIndex: 1 });

const sortArguments: readonly ArgumentDoc[] = [
  key("key"),
  optional(withToken("BY", keyPattern("by-pattern"))),
  optional(withToken("LIMIT", block("limit", integer("offset"), integer("count")))),
  optional(multipleWithToken(withToken("GET", keyPattern("get-pattern")))),
  optional(oneof("order", token("ASC"), token("DESC"))),
  optional({ ...token("ALPHA"), name: "sorting" }),
];

/** The table; a function, because only COMMAND DOCS needs it. */
export function keyDocs(): FamilyDocs {
  return {
    del: {
      summary: "Deletes one or more keys.",
      since: "1.0.0",
      complexity:
        "O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).",
      arguments: [multiple(key("key"))],
    },
    unlink: {
      summary: "Asynchronously deletes one or more keys.",
      since: "4.0.0",
      complexity:
        "O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to reclaim memory, where N is the number of allocations the deleted objects where composed of.",
      arguments: [multiple(key("key"))],
    },
    exists: {
      summary: "Determines whether one or more keys exist.",
      since: "1.0.0",
      complexity: "O(N) where N is the number of keys to check.",
      history: [["3.0.3", "Accepts multiple `key` arguments."]],
      arguments: [multiple(key("key"))],
    },
    dump: {
      summary: "Returns a serialized representation of the value stored at a key.",
      since: "2.6.0",
      complexity:
        "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
      arguments: [key("key")],
    },
    restore: {
      summary: "Creates a key from the serialized representation of a value.",
      since: "2.6.0",
      complexity:
        "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
      history: [
        ["3.0.0", "Added the `REPLACE` modifier."],
        ["5.0.0", "Added the `ABSTTL` modifier."],
        ["5.0.0", "Added the `IDLETIME` and `FREQ` options."],
      ],
      arguments: [
        key("key"),
        integer("ttl"),
        string("serialized-value"),
        optional(since("3.0.0", token("REPLACE"))),
        optional(since("5.0.0", token("ABSTTL"))),
        optional(since("5.0.0", withToken("IDLETIME", integer("seconds")))),
        optional(since("5.0.0", withToken("FREQ", integer("frequency")))),
      ],
    },
    migrate: {
      summary: "Atomically transfers a key from one Redis instance to another.",
      since: "2.6.0",
      complexity:
        "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is performed.",
      history: [
        ["3.0.0", "Added the `COPY` and `REPLACE` options."],
        ["3.0.6", "Added the `KEYS` option."],
        ["4.0.7", "Added the `AUTH` option."],
        ["6.0.0", "Added the `AUTH2` option."],
      ],
      arguments: [
        string("host"),
        integer("port"),
        oneof("key-selector", key("key"), { ...token(""), name: "empty-string" }),
        integer("destination-db"),
        integer("timeout"),
        optional(since("3.0.0", token("COPY"))),
        optional(since("3.0.0", token("REPLACE"))),
        optional(
          oneof(
            "authentication",
            since("4.0.7", withToken("AUTH", shownAs("password", string("auth")))),
            since("6.0.0", withToken("AUTH2", block("auth2", string("username"), string("password")))),
          ),
        ),
        optional(since("3.0.6", multiple(withToken("KEYS", shownAs("key", key("keys", 1)))))),
      ],
    },
    touch: {
      summary:
        "Returns the number of existing keys out of those specified after updating the time they were last accessed.",
      since: "3.2.1",
      complexity: "O(N) where N is the number of keys that will be touched.",
      arguments: [multiple(key("key"))],
    },
    type: {
      summary: "Determines the type of value stored at a key.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    keys: {
      summary: "Returns all key names that match a pattern.",
      since: "1.0.0",
      complexity:
        "O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.",
      arguments: [pattern("pattern")],
    },
    scan: {
      summary: "Iterates over the key names in the database.",
      since: "2.8.0",
      complexity:
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
      history: [["6.0.0", "Added the `TYPE` subcommand."]],
      arguments: [
        integer("cursor"),
        optional(withToken("MATCH", pattern("pattern"))),
        optional(withToken("COUNT", integer("count"))),
        optional(since("6.0.0", withToken("TYPE", string("type")))),
      ],
    },
    randomkey: {
      summary: "Returns a random key name from the database.",
      since: "1.0.0",
      complexity: "O(1)",
    },
    rename: {
      summary: "Renames a key and overwrites the destination.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key"), key("newkey", 1)],
    },
    renamenx: {
      summary: "Renames a key only when the target key name doesn't exist.",
      since: "1.0.0",
      complexity: "O(1)",
      history: [["3.2.0", "The command no longer returns an error when source and destination names are the same."]],
      arguments: [key("key"), key("newkey", 1)],
    },
    copy: {
      summary: "Copies the value of a key to a new key.",
      since: "6.2.0",
      complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
      arguments: [
        key("source"),
        key("destination", 1),
        optional(withToken("DB", integer("destination-db"))),
        optional(token("REPLACE")),
      ],
    },
    move: {
      summary: "Moves a key to another database.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key"), integer("db")],
    },
    expire: {
      summary: "Sets the expiration time of a key in seconds.",
      since: "1.0.0",
      complexity: "O(1)",
      history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
      arguments: [
        key("key"),
        integer("seconds"),
        optional(since("7.0.0", oneof("condition", token("NX"), token("XX"), token("GT"), token("LT")))),
      ],
    },
    pexpire: {
      summary: "Sets the expiration time of a key in milliseconds.",
      since: "2.6.0",
      complexity: "O(1)",
      history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
      arguments: [
        key("key"),
        integer("milliseconds"),
        optional(since("7.0.0", oneof("condition", token("NX"), token("XX"), token("GT"), token("LT")))),
      ],
    },
    expireat: {
      summary: "Sets the expiration time of a key to a Unix timestamp.",
      since: "1.2.0",
      complexity: "O(1)",
      history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
      arguments: [
        key("key"),
        unixTime("unix-time-seconds"),
        optional(since("7.0.0", oneof("condition", token("NX"), token("XX"), token("GT"), token("LT")))),
      ],
    },
    pexpireat: {
      summary: "Sets the expiration time of a key to a Unix milliseconds timestamp.",
      since: "2.6.0",
      complexity: "O(1)",
      history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
      arguments: [
        key("key"),
        unixTime("unix-time-milliseconds"),
        optional(since("7.0.0", oneof("condition", token("NX"), token("XX"), token("GT"), token("LT")))),
      ],
    },
    ttl: {
      summary: "Returns the expiration time in seconds of a key.",
      since: "1.0.0",
      complexity: "O(1)",
      history: [["2.8.0", "Added the -2 reply."]],
      arguments: [key("key")],
    },
    pttl: {
      summary: "Returns the expiration time in milliseconds of a key.",
      since: "2.6.0",
      complexity: "O(1)",
      history: [["2.8.0", "Added the -2 reply."]],
      arguments: [key("key")],
    },
    expiretime: {
      summary: "Returns the expiration time of a key as a Unix timestamp.",
      since: "7.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    pexpiretime: {
      summary: "Returns the expiration time of a key as a Unix milliseconds timestamp.",
      since: "7.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    persist: {
      summary: "Removes the expiration time of a key.",
      since: "2.2.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    object: {
      summary: "A container for object introspection commands.",
      since: "2.2.3",
      complexity: "Depends on subcommand.",
    },
    "object|refcount": {
      summary: "Returns the reference count of a value of a key.",
      since: "2.2.3",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    "object|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "6.2.0",
      complexity: "O(1)",
    },
    "object|idletime": {
      summary: "Returns the time since the last access to a Redis object.",
      since: "2.2.3",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    "object|encoding": {
      summary: "Returns the internal encoding of a Redis object.",
      since: "2.2.3",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    "object|freq": {
      summary: "Returns the logarithmic access frequency counter of a Redis object.",
      since: "4.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    sort: {
      summary: "Sorts the elements in a list, a set, or a sorted set, optionally storing the result.",
      since: "1.0.0",
      complexity: SORT_COMPLEXITY,
      arguments: [...sortArguments, optional(withToken("STORE", key("destination", 2)))],
    },
    sort_ro: {
      summary: "Returns the sorted elements of a list, a set, or a sorted set.",
      since: "7.0.0",
      complexity: SORT_COMPLEXITY,
      arguments: sortArguments,
    },
    waitaof: {
      summary:
        "Blocks until all of the preceding write commands sent by the connection are written to the append-only file of the master and/or replicas.",
      since: "7.2.0",
      complexity: "O(1)",
      arguments: [integer("numlocal"), integer("numreplicas"), integer("timeout")],
    },
  };
}
