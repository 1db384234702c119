/** Documentation of the string commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import {
  block,
  double,
  type FamilyDocs,
  integer,
  key,
  multiple,
  oneof,
  optional,
  since,
  string,
  token,
  unixTime,
  withToken,
} from "./doc";

/** The table; a function, because only COMMAND DOCS needs it. */
export function stringDocs(): FamilyDocs {
  return {
    get: {
      summary: "Returns the string value of a key.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    set: {
      summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
      since: "1.0.0",
      complexity: "O(1)",
      history: [
        ["2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."],
        ["6.0.0", "Added the `KEEPTTL` option."],
        ["6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."],
        ["7.0.0", "Allowed the `NX` and `GET` options to be used together."],
      ],
      arguments: [
        key("key"),
        string("value"),
        optional(since("2.6.12", oneof("condition", token("NX"), token("XX")))),
        optional(since("6.2.0", token("GET"))),
        optional(
          oneof(
            "expiration",
            since("2.6.12", withToken("EX", integer("seconds"))),
            since("2.6.12", withToken("PX", integer("milliseconds"))),
            since("6.2.0", withToken("EXAT", unixTime("unix-time-seconds"))),
            since("6.2.0", withToken("PXAT", unixTime("unix-time-milliseconds"))),
            since("6.0.0", token("KEEPTTL")),
          ),
        ),
      ],
    },
    setnx: {
      summary: "Set the string value of a key only when the key doesn't exist.",
      since: "1.0.0",
      complexity: "O(1)",
      docFlags: ["deprecated"],
      deprecatedSince: "2.6.12",
      replacedBy: "`SET` with the `NX` argument",
      arguments: [key("key"), string("value")],
    },
    setex: {
      summary: "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.",
      since: "2.0.0",
      complexity: "O(1)",
      docFlags: ["deprecated"],
      deprecatedSince: "2.6.12",
      replacedBy: "`SET` with the `EX` argument",
      arguments: [key("key"), integer("seconds"), string("value")],
    },
    psetex: {
      summary:
        "Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.",
      since: "2.6.0",
      complexity: "O(1)",
      docFlags: ["deprecated"],
      deprecatedSince: "2.6.12",
      replacedBy: "`SET` with the `PX` argument",
      arguments: [key("key"), integer("milliseconds"), string("value")],
    },
    getset: {
      summary: "Returns the previous string value of a key after setting it to a new value.",
      since: "1.0.0",
      complexity: "O(1)",
      docFlags: ["deprecated"],
      deprecatedSince: "6.2.0",
      replacedBy: "`SET` with the `!GET` argument",
      arguments: [key("key"), string("value")],
    },
    getdel: {
      summary: "Returns the string value of a key after deleting the key.",
      since: "6.2.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    getex: {
      summary: "Returns the string value of a key after setting its expiration time.",
      since: "6.2.0",
      complexity: "O(1)",
      arguments: [
        key("key"),
        optional(
          oneof(
            "expiration",
            withToken("EX", integer("seconds")),
            withToken("PX", integer("milliseconds")),
            withToken("EXAT", unixTime("unix-time-seconds")),
            withToken("PXAT", unixTime("unix-time-milliseconds")),
            token("PERSIST"),
          ),
        ),
      ],
    },
    append: {
      summary: "Appends a string to the value of a key. Creates the key if it doesn't exist.",
      since: "2.0.0",
      complexity:
        "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation.",
      arguments: [key("key"), string("value")],
    },
    strlen: {
      summary: "Returns the length of a string value.",
      since: "2.2.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    setrange: {
      summary: "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.",
      since: "2.2.0",
      complexity:
        "O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.",
      arguments: [key("key"), integer("offset"), string("value")],
    },
    getrange: {
      summary: "Returns a substring of the string stored at a key.",
      since: "2.4.0",
      complexity:
        "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.",
      arguments: [key("key"), integer("start"), integer("end")],
    },
    substr: {
      summary: "Returns a substring from a string value.",
      since: "1.0.0",
      complexity:
        "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.",
      docFlags: ["deprecated"],
      deprecatedSince: "2.0.0",
      replacedBy: "`GETRANGE`",
      arguments: [key("key"), integer("start"), integer("end")],
    },
    mget: {
      summary: "Atomically returns the string values of one or more keys.",
      since: "1.0.0",
      complexity: "O(N) where N is the number of keys to retrieve.",
      arguments: [multiple(key("key"))],
    },
    mset: {
      summary: "Atomically creates or modifies the string values of one or more keys.",
      since: "1.0.1",
      complexity: "O(N) where N is the number of keys to set.",
      arguments: [multiple(block("data", key("key"), string("value")))],
    },
    msetnx: {
      summary: "Atomically modifies the string values of one or more keys only when all keys don't exist.",
      since: "1.0.1",
      complexity: "O(N) where N is the number of keys to set.",
      arguments: [multiple(block("data", key("key"), string("value")))],
    },
    incr: {
      summary: "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    decr: {
      summary: "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    incrby: {
      summary: "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key"), integer("increment")],
    },
    decrby: {
      summary: "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key"), integer("decrement")],
    },
    incrbyfloat: {
      summary:
        "Increment the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
      since: "2.6.0",
      complexity: "O(1)",
      arguments: [key("key"), double("increment")],
    },
    lcs: {
      summary: "Finds the longest common substring.",
      since: "7.0.0",
      complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
      arguments: [
        key("key1"),
        key("key2"),
        optional(token("LEN")),
        optional(token("IDX")),
        optional(withToken("MINMATCHLEN", integer("min-match-len"))),
        optional(token("WITHMATCHLEN")),
      ],
    },
  };
}
