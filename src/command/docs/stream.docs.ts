/** Documentation of the stream commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import {
  type ArgumentDoc,
  block,
  type FamilyDocs,
  integer,
  key,
  multiple,
  oneof,
  optional,
  shownAs,
  since,
  string,
  token,
  unixTime,
  withToken,
} from "./doc";

/** How XADD and XTRIM trim. */
function trim(): ArgumentDoc {
  return block(
    "trim",
    oneof("strategy", token("MAXLEN"), since("6.2.0", token("MINID"))),
    optional(oneof("operator", named("equal", "="), named("approximately", "~"))),
    string("threshold"),
    optional(since("6.2.0", withToken("LIMIT", integer("count")))),
  );
}

/** Where a group begins to read. */
function idOrLast(): ArgumentDoc {
  return oneof("id-selector", string("id"), named("new-id", "$"));
}

function entriesRead(): ArgumentDoc {
  return optional(withToken("ENTRIESREAD", shownAs("entries-read", integer("entriesread"))));
}

/** A keyword that is no word, and so has a name of its own. */
function named(name: string, word: string): ArgumentDoc {
  return { ...token(word), name };
}

/** The table; a function, because only COMMAND DOCS needs it. */
export function streamDocs(): FamilyDocs {
  return {
    xadd: {
      summary: "Appends a new message to a stream. Creates the key if it doesn't exist.",
      since: "5.0.0",
      complexity: "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
      history: [
        ["6.2.0", "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option."],
        ["7.0.0", "Added support for the `<ms>-*` explicit ID form."],
      ],
      arguments: [
        key("key"),
        optional(since("6.2.0", token("NOMKSTREAM"))),
        optional(trim()),
        oneof("id-selector", named("auto-id", "*"), string("id")),
        multiple(block("data", string("field"), string("value"))),
      ],
    },
    xlen: {
      summary: "Return the number of messages in a stream.",
      since: "5.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    xrange: {
      summary: "Returns the messages from a stream within a range of IDs.",
      since: "5.0.0",
      complexity:
        "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the " +
        "first 10 elements with COUNT), you can consider it O(1).",
      history: [["6.2.0", "Added exclusive ranges."]],
      arguments: [key("key"), string("start"), string("end"), optional(withToken("COUNT", integer("count")))],
    },
    xrevrange: {
      summary: "Returns the messages from a stream within a range of IDs in reverse order.",
      since: "5.0.0",
      complexity:
        "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 " +
        "elements with COUNT), you can consider it O(1).",
      history: [["6.2.0", "Added exclusive ranges."]],
      arguments: [key("key"), string("end"), string("start"), optional(withToken("COUNT", integer("count")))],
    },
    xdel: {
      summary: "Returns the number of messages after removing them from a stream.",
      since: "5.0.0",
      complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
      arguments: [key("key"), multiple(string("id"))],
    },
    xtrim: {
      summary: "Deletes messages from the beginning of a stream.",
      since: "5.0.0",
      complexity:
        "O(N), with N being the number of evicted entries. Constant times are very small however, since entries " +
        "are organized in macro nodes containing multiple entries that can be released with a single " +
        "deallocation.",
      history: [["6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option."]],
      arguments: [key("key"), trim()],
    },
    xsetid: {
      summary: "An internal command for replicating stream values.",
      since: "5.0.0",
      complexity: "O(1)",
      history: [["7.0.0", "Added the `entries_added` and `max_deleted_entry_id` arguments."]],
      arguments: [
        key("key"),
        string("last-id"),
        optional(since("7.0.0", withToken("ENTRIESADDED", integer("entries-added")))),
        optional(since("7.0.0", withToken("MAXDELETEDID", string("max-deleted-id")))),
      ],
    },
    xread: {
      summary:
        "Returns messages from multiple streams with IDs greater than the ones requested. Blocks until a message " +
        "is available otherwise.",
      since: "5.0.0",
      arguments: [
        optional(withToken("COUNT", integer("count"))),
        optional(withToken("BLOCK", integer("milliseconds"))),
        withToken("STREAMS", block("streams", multiple(key("key")), multiple(string("id")))),
      ],
    },
    xreadgroup: {
      summary:
        "Returns new or historical messages from a stream for a consumer in a group. Blocks until a message is " +
        "available otherwise.",
      since: "5.0.0",
      complexity:
        "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. " +
        "always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when " +
        "XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream " +
        "getting new data.",
      arguments: [
        withToken("GROUP", block("group-block", string("group"), string("consumer"))),
        optional(withToken("COUNT", integer("count"))),
        optional(withToken("BLOCK", integer("milliseconds"))),
        optional(token("NOACK")),
        withToken("STREAMS", block("streams", multiple(key("key")), multiple(string("id")))),
      ],
    },
    xgroup: {
      summary: "A container for consumer groups commands.",
      since: "5.0.0",
      complexity: "Depends on subcommand.",
    },
    "xgroup|setid": {
      summary: "Sets the last-delivered ID of a consumer group.",
      since: "5.0.0",
      complexity: "O(1)",
      history: [["7.0.0", "Added the optional `entries_read` argument."]],
      arguments: [key("key"), string("group"), idOrLast(), entriesRead()],
    },
    "xgroup|delconsumer": {
      summary: "Deletes a consumer from a consumer group.",
      since: "5.0.0",
      complexity: "O(1)",
      arguments: [key("key"), string("group"), string("consumer")],
    },
    "xgroup|create": {
      summary: "Creates a consumer group.",
      since: "5.0.0",
      complexity: "O(1)",
      history: [["7.0.0", "Added the `entries_read` named argument."]],
      arguments: [key("key"), string("group"), idOrLast(), optional(token("MKSTREAM")), entriesRead()],
    },
    "xgroup|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "5.0.0",
      complexity: "O(1)",
    },
    "xgroup|createconsumer": {
      summary: "Creates a consumer in a consumer group.",
      since: "6.2.0",
      complexity: "O(1)",
      arguments: [key("key"), string("group"), string("consumer")],
    },
    "xgroup|destroy": {
      summary: "Destroys a consumer group.",
      since: "5.0.0",
      complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
      arguments: [key("key"), string("group")],
    },
    xack: {
      summary:
        "Returns the number of messages that were successfully acknowledged by the consumer group member of a " +
        "stream.",
      since: "5.0.0",
      complexity: "O(1) for each message ID processed.",
      arguments: [key("key"), string("group"), multiple(string("id"))],
    },
    xpending: {
      summary: "Returns the information and entries from a stream consumer group's pending entries list.",
      since: "5.0.0",
      complexity:
        "O(N) with N being the number of elements returned, so asking for a small fixed number of entries per " +
        "call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When " +
        "the command returns just the summary and the list of consumers is small, it runs in O(1) time; " +
        "otherwise, an additional O(N) time for iterating every consumer.",
      history: [["6.2.0", "Added the `IDLE` option and exclusive range intervals."]],
      arguments: [
        key("key"),
        string("group"),
        optional(
          block(
            "filters",
            optional(since("6.2.0", withToken("IDLE", integer("min-idle-time")))),
            string("start"),
            string("end"),
            integer("count"),
            optional(string("consumer")),
          ),
        ),
      ],
    },
    xclaim: {
      summary:
        "Changes, or acquires, ownership of a message in a consumer group, as if the message was delivered a " +
        "consumer group member.",
      since: "5.0.0",
      complexity: "O(log N) with N being the number of messages in the PEL of the consumer group.",
      arguments: [
        key("key"),
        string("group"),
        string("consumer"),
        string("min-idle-time"),
        multiple(string("id")),
        optional(withToken("IDLE", integer("ms"))),
        optional(withToken("TIME", unixTime("unix-time-milliseconds"))),
        optional(withToken("RETRYCOUNT", integer("count"))),
        optional(token("FORCE")),
        optional(token("JUSTID")),
        optional(withToken("LASTID", string("lastid"))),
      ],
    },
    xautoclaim: {
      summary:
        "Changes, or acquires, ownership of messages in a consumer group, as if the messages were delivered to as " +
        "consumer group member.",
      since: "6.2.0",
      complexity: "O(1) if COUNT is small.",
      history: [
        ["7.0.0", "Added an element to the reply array, containing deleted entries the command cleared from the PEL"],
      ],
      arguments: [
        key("key"),
        string("group"),
        string("consumer"),
        string("min-idle-time"),
        string("start"),
        optional(withToken("COUNT", integer("count"))),
        optional(token("JUSTID")),
      ],
    },
    xinfo: {
      summary: "A container for stream introspection commands.",
      since: "5.0.0",
      complexity: "Depends on subcommand.",
    },
    "xinfo|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "5.0.0",
      complexity: "O(1)",
    },
    "xinfo|groups": {
      summary: "Returns a list of the consumer groups of a stream.",
      since: "5.0.0",
      complexity: "O(1)",
      history: [["7.0.0", "Added the `entries-read` and `lag` fields"]],
      arguments: [key("key")],
    },
    "xinfo|stream": {
      summary: "Returns information about a stream.",
      since: "5.0.0",
      complexity: "O(1)",
      history: [
        ["6.0.0", "Added the `FULL` modifier."],
        [
          "7.0.0",
          "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag` fields",
        ],
        ["7.2.0", "Added the `active-time` field, and changed the meaning of `seen-time`."],
      ],
      arguments: [
        key("key"),
        optional(block("full-block", token("FULL"), optional(withToken("COUNT", integer("count"))))),
      ],
    },
    "xinfo|consumers": {
      summary: "Returns a list of the consumers in a consumer group.",
      since: "5.0.0",
      complexity: "O(1)",
      history: [["7.2.0", "Added the `inactive` field, and changed the meaning of `idle`."]],
      arguments: [key("key"), string("group")],
    },
  };
}
