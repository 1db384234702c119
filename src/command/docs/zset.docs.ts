/** Documentation of the sorted set commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import {
  block,
  double,
  type FamilyDocs,
  integer,
  key,
  multiple,
  oneof,
  optional,
  pattern,
  since,
  string,
  token,
  withToken,
} from "./doc";

/** The table; a function, because only COMMAND DOCS needs it. */
export function zsetDocs(): FamilyDocs {
  return {
    zadd: {
      summary:
        "Adds one or more members to a sorted set, or updates their scores. Creates the key if it doesn't exist.",
      since: "1.2.0",
      complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
      history: [
        ["2.4.0", "Accepts multiple elements."],
        ["3.0.2", "Added the `XX`, `NX`, `CH` and `INCR` options."],
        ["6.2.0", "Added the `GT` and `LT` options."],
      ],
      arguments: [
        key("key"),
        optional(since("3.0.2", oneof("condition", token("NX"), token("XX")))),
        optional(since("6.2.0", oneof("comparison", token("GT"), token("LT")))),
        optional(since("3.0.2", { ...token("CH"), name: "change" })),
        optional(since("3.0.2", { ...token("INCR"), name: "increment" })),
        multiple(block("data", double("score"), string("member"))),
      ],
    },
    zincrby: {
      summary: "Increments the score of a member in a sorted set.",
      since: "1.2.0",
      complexity: "O(log(N)) where N is the number of elements in the sorted set.",
      arguments: [key("key"), integer("increment"), string("member")],
    },
    zrem: {
      summary: "Removes one or more members from a sorted set. Deletes the sorted set if all members were removed.",
      since: "1.2.0",
      complexity:
        "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.",
      history: [["2.4.0", "Accepts multiple elements."]],
      arguments: [key("key"), multiple(string("member"))],
    },
    zcard: {
      summary: "Returns the number of members in a sorted set.",
      since: "1.2.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    zscore: {
      summary: "Returns the score of a member in a sorted set.",
      since: "1.2.0",
      complexity: "O(1)",
      arguments: [key("key"), string("member")],
    },
    zmscore: {
      summary: "Returns the score of one or more members in a sorted set.",
      since: "6.2.0",
      complexity: "O(N) where N is the number of members being requested.",
      arguments: [key("key"), multiple(string("member"))],
    },
    zrank: {
      summary: "Returns the index of a member in a sorted set ordered by ascending scores.",
      since: "2.0.0",
      complexity: "O(log(N))",
      history: [["7.2.0", "Added the optional `WITHSCORE` argument."]],
      arguments: [key("key"), string("member"), optional(token("WITHSCORE"))],
    },
    zrevrank: {
      summary: "Returns the index of a member in a sorted set ordered by descending scores.",
      since: "2.0.0",
      complexity: "O(log(N))",
      history: [["7.2.0", "Added the optional `WITHSCORE` argument."]],
      arguments: [key("key"), string("member"), optional(token("WITHSCORE"))],
    },
    zscan: {
      summary: "Iterates over members and scores of a sorted set.",
      since: "2.8.0",
      complexity:
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to " +
        "return back to 0. N is the number of elements inside the collection.",
      arguments: [
        key("key"),
        integer("cursor"),
        optional(withToken("MATCH", pattern("pattern"))),
        optional(withToken("COUNT", integer("count"))),
      ],
    },
    zrange: {
      summary: "Returns members in a sorted set within a range of indexes.",
      since: "1.2.0",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
      history: [["6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options."]],
      arguments: [
        key("key"),
        string("start"),
        string("stop"),
        optional(since("6.2.0", oneof("sortby", token("BYSCORE"), token("BYLEX")))),
        optional(since("6.2.0", token("REV"))),
        optional(since("6.2.0", withToken("LIMIT", block("limit", integer("offset"), integer("count"))))),
        optional(token("WITHSCORES")),
      ],
    },
    zrevrange: {
      summary: "Returns members in a sorted set within a range of indexes in reverse order.",
      since: "1.2.0",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
      docFlags: ["deprecated"],
      deprecatedSince: "6.2.0",
      replacedBy: "`ZRANGE` with the `REV` argument",
      arguments: [key("key"), integer("start"), integer("stop"), optional(token("WITHSCORES"))],
    },
    zrangebyscore: {
      summary: "Returns members in a sorted set within a range of scores.",
      since: "1.0.5",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being " +
        "returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can " +
        "consider it O(log(N)).",
      docFlags: ["deprecated"],
      deprecatedSince: "6.2.0",
      replacedBy: "`ZRANGE` with the `BYSCORE` argument",
      history: [["2.0.0", "Added the `WITHSCORES` modifier."]],
      arguments: [
        key("key"),
        double("min"),
        double("max"),
        optional(since("2.0.0", token("WITHSCORES"))),
        optional(withToken("LIMIT", block("limit", integer("offset"), integer("count")))),
      ],
    },
    zrevrangebyscore: {
      summary: "Returns members in a sorted set within a range of scores in reverse order.",
      since: "2.2.0",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being " +
        "returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can " +
        "consider it O(log(N)).",
      docFlags: ["deprecated"],
      deprecatedSince: "6.2.0",
      replacedBy: "`ZRANGE` with the `REV` and `BYSCORE` arguments",
      history: [["2.1.6", "`min` and `max` can be exclusive."]],
      arguments: [
        key("key"),
        double("max"),
        double("min"),
        optional(token("WITHSCORES")),
        optional(withToken("LIMIT", block("limit", integer("offset"), integer("count")))),
      ],
    },
    zrangebylex: {
      summary: "Returns members in a sorted set within a lexicographical range.",
      since: "2.8.9",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being " +
        "returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can " +
        "consider it O(log(N)).",
      docFlags: ["deprecated"],
      deprecatedSince: "6.2.0",
      replacedBy: "`ZRANGE` with the `BYLEX` argument",
      arguments: [
        key("key"),
        string("min"),
        string("max"),
        optional(withToken("LIMIT", block("limit", integer("offset"), integer("count")))),
      ],
    },
    zrevrangebylex: {
      summary: "Returns members in a sorted set within a lexicographical range in reverse order.",
      since: "2.8.9",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being " +
        "returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can " +
        "consider it O(log(N)).",
      docFlags: ["deprecated"],
      deprecatedSince: "6.2.0",
      replacedBy: "`ZRANGE` with the `REV` and `BYLEX` arguments",
      arguments: [
        key("key"),
        string("max"),
        string("min"),
        optional(withToken("LIMIT", block("limit", integer("offset"), integer("count")))),
      ],
    },
    zrangestore: {
      summary: "Stores a range of members from sorted set in a key.",
      since: "6.2.0",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored " +
        "into the destination key.",
      arguments: [
        key("dst"),
        key("src", 1),
        string("min"),
        string("max"),
        optional(oneof("sortby", token("BYSCORE"), token("BYLEX"))),
        optional(token("REV")),
        optional(withToken("LIMIT", block("limit", integer("offset"), integer("count")))),
      ],
    },
    zcount: {
      summary: "Returns the count of members in a sorted set that have scores within a range.",
      since: "2.0.0",
      complexity: "O(log(N)) with N being the number of elements in the sorted set.",
      arguments: [key("key"), double("min"), double("max")],
    },
    zlexcount: {
      summary: "Returns the number of members in a sorted set within a lexicographical range.",
      since: "2.8.9",
      complexity: "O(log(N)) with N being the number of elements in the sorted set.",
      arguments: [key("key"), string("min"), string("max")],
    },
    zremrangebyrank: {
      summary:
        "Removes members in a sorted set within a range of indexes. Deletes the sorted set if all members were " +
        "removed.",
      since: "2.0.0",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements " +
        "removed by the operation.",
      arguments: [key("key"), integer("start"), integer("stop")],
    },
    zremrangebyscore: {
      summary:
        "Removes members in a sorted set within a range of scores. Deletes the sorted set if all members were removed.",
      since: "1.2.0",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements " +
        "removed by the operation.",
      arguments: [key("key"), double("min"), double("max")],
    },
    zremrangebylex: {
      summary:
        "Removes members in a sorted set within a lexicographical range. Deletes the sorted set if all members " +
        "were removed.",
      since: "2.8.9",
      complexity:
        "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements " +
        "removed by the operation.",
      arguments: [key("key"), string("min"), string("max")],
    },
    zpopmin: {
      summary:
        "Returns the lowest-scoring members from a sorted set after removing them. Deletes the sorted set if " +
        "the last member was popped.",
      since: "5.0.0",
      complexity:
        "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
      arguments: [key("key"), optional(integer("count"))],
    },
    zpopmax: {
      summary:
        "Returns the highest-scoring members from a sorted set after removing them. Deletes the sorted set if " +
        "the last member was popped.",
      since: "5.0.0",
      complexity:
        "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
      arguments: [key("key"), optional(integer("count"))],
    },
    bzpopmin: {
      summary:
        "Removes and returns the member with the lowest score from one or more sorted sets. Blocks until a " +
        "member is available otherwise. Deletes the sorted set if the last element was popped.",
      since: "5.0.0",
      complexity: "O(log(N)) with N being the number of elements in the sorted set.",
      history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
      arguments: [multiple(key("key")), double("timeout")],
    },
    bzpopmax: {
      summary:
        "Removes and returns the member with the highest score from one or more sorted sets. Blocks until a " +
        "member available otherwise.  Deletes the sorted set if the last element was popped.",
      since: "5.0.0",
      complexity: "O(log(N)) with N being the number of elements in the sorted set.",
      history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
      arguments: [multiple(key("key")), double("timeout")],
    },
    zmpop: {
      summary:
        "Returns the highest- or lowest-scoring members from one or more sorted sets after removing them. " +
        "Deletes the sorted set if the last member was popped.",
      since: "7.0.0",
      complexity:
        "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the " +
        "sorted set, and M being the number of elements popped.",
      arguments: [
        integer("numkeys"),
        multiple(key("key")),
        oneof("where", token("MIN"), token("MAX")),
        optional(withToken("COUNT", integer("count"))),
      ],
    },
    bzmpop: {
      summary:
        "Removes and returns a member by score from one or more sorted sets. Blocks until a member is " +
        "available otherwise. Deletes the sorted set if the last element was popped.",
      since: "7.0.0",
      complexity:
        "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the " +
        "sorted set, and M being the number of elements popped.",
      arguments: [
        double("timeout"),
        integer("numkeys"),
        multiple(key("key")),
        oneof("where", token("MIN"), token("MAX")),
        optional(withToken("COUNT", integer("count"))),
      ],
    },
    zunion: {
      summary: "Returns the union of multiple sorted sets.",
      since: "6.2.0",
      complexity:
        "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number " +
        "of elements in the resulting sorted set.",
      arguments: [
        integer("numkeys"),
        multiple(key("key")),
        optional(multiple(withToken("WEIGHTS", integer("weight")))),
        optional(withToken("AGGREGATE", oneof("aggregate", token("SUM"), token("MIN"), token("MAX")))),
        optional(token("WITHSCORES")),
      ],
    },
    zinter: {
      summary: "Returns the intersect of multiple sorted sets.",
      since: "6.2.0",
      complexity:
        "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input " +
        "sorted sets and M being the number of elements in the resulting sorted set.",
      arguments: [
        integer("numkeys"),
        multiple(key("key")),
        optional(multiple(withToken("WEIGHTS", integer("weight")))),
        optional(withToken("AGGREGATE", oneof("aggregate", token("SUM"), token("MIN"), token("MAX")))),
        optional(token("WITHSCORES")),
      ],
    },
    zdiff: {
      summary: "Returns the difference between multiple sorted sets.",
      since: "6.2.0",
      complexity:
        "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size " +
        "of the first set, and K is the size of the result set.",
      arguments: [integer("numkeys"), multiple(key("key")), optional(token("WITHSCORES"))],
    },
    zintercard: {
      summary: "Returns the number of members of the intersect of multiple sorted sets.",
      since: "7.0.0",
      complexity:
        "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.",
      arguments: [integer("numkeys"), multiple(key("key")), optional(withToken("LIMIT", integer("limit")))],
    },
    zunionstore: {
      summary: "Stores the union of multiple sorted sets in a key.",
      since: "2.0.0",
      complexity:
        "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number " +
        "of elements in the resulting sorted set.",
      arguments: [
        key("destination"),
        integer("numkeys"),
        multiple(key("key", 1)),
        optional(multiple(withToken("WEIGHTS", integer("weight")))),
        optional(withToken("AGGREGATE", oneof("aggregate", token("SUM"), token("MIN"), token("MAX")))),
      ],
    },
    zinterstore: {
      summary: "Stores the intersect of multiple sorted sets in a key.",
      since: "2.0.0",
      complexity:
        "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input " +
        "sorted sets and M being the number of elements in the resulting sorted set.",
      arguments: [
        key("destination"),
        integer("numkeys"),
        multiple(key("key", 1)),
        optional(multiple(withToken("WEIGHTS", integer("weight")))),
        optional(withToken("AGGREGATE", oneof("aggregate", token("SUM"), token("MIN"), token("MAX")))),
      ],
    },
    zdiffstore: {
      summary: "Stores the difference of multiple sorted sets in a key.",
      since: "6.2.0",
      complexity:
        "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size " +
        "of the first set, and K is the size of the result set.",
      arguments: [key("destination"), integer("numkeys"), multiple(key("key", 1))],
    },
    zrandmember: {
      summary: "Returns one or more random members from a sorted set.",
      since: "6.2.0",
      complexity: "O(N) where N is the number of members returned",
      arguments: [key("key"), optional(block("options", integer("count"), optional(token("WITHSCORES"))))],
    },
  };
}
