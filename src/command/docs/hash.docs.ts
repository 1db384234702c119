/**
 * Documentation of the hash commands. The texts are what COMMAND DOCS of Redis 7.2 replies; those of field expiration,
 * which came with 7.4 and 8.0, are what 8.0 replies.
 */

import {
  type ArgumentDoc,
  block,
  type CommandText,
  double,
  type FamilyDocs,
  integer,
  key,
  multiple,
  oneof,
  optional,
  pattern,
  string,
  token,
  unixTime,
  withToken,
} from "./doc";

/** Pairs, one at least. */
function data(): ArgumentDoc {
  return multiple(block("data", string("field"), string("value")));
}

/** `FIELDS numfields field [field ...]`, or pairs for fields. */
function fields(each: ArgumentDoc = multiple(string("field"))): ArgumentDoc {
  return withToken("FIELDS", block("fields", integer("numfields"), each));
}

const PER_FIELD = "O(N) where N is the number of specified fields";

/** HEXPIRE and its relatives. */
function expiring(summary: string, time: ArgumentDoc): CommandText {
  const condition = oneof("condition", token("NX"), token("XX"), token("GT"), token("LT"));
  return {
    summary,
    since: "7.4.0",
    complexity: PER_FIELD,
    arguments: [key("key"), time, optional(condition), fields()],
  };
}

/** HTTL and its relatives. */
function ofFields(summary: string, since = "7.4.0"): CommandText {
  return { summary, since, complexity: PER_FIELD, arguments: [key("key"), fields()] };
}

/** The ways to give an expiry, and another choice. */
function expiration(other: string): ArgumentDoc {
  return optional(
    oneof(
      "expiration",
      withToken("EX", integer("seconds")),
      withToken("PX", integer("milliseconds")),
      withToken("EXAT", unixTime("unix-time-seconds")),
      withToken("PXAT", unixTime("unix-time-milliseconds")),
      token(other),
    ),
  );
}

/** The table; a function, because only COMMAND DOCS needs it. */
export function hashDocs(): FamilyDocs {
  return { ...setting(), ...reading(), ...expiration74(), ...expiration80() };
}

function setting(): FamilyDocs {
  return {
    hset: {
      summary: "Creates or modifies the value of a field in a hash.",
      since: "2.0.0",
      complexity:
        "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with " +
        "multiple field/value pairs.",
      history: [["4.0.0", "Accepts multiple `field` and `value` arguments."]],
      arguments: [key("key"), data()],
    },
    hsetnx: {
      summary: "Sets the value of a field in a hash only when the field doesn't exist.",
      since: "2.0.0",
      complexity: "O(1)",
      arguments: [key("key"), string("field"), string("value")],
    },
    hmset: {
      summary: "Sets the values of multiple fields.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of fields being set.",
      docFlags: ["deprecated"],
      deprecatedSince: "4.0.0",
      replacedBy: "`HSET` with multiple field-value pairs",
      arguments: [key("key"), data()],
    },
    hdel: {
      summary: "Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of fields to be removed.",
      history: [["2.4.0", "Accepts multiple `field` arguments."]],
      arguments: [key("key"), multiple(string("field"))],
    },
    hincrby: {
      summary:
        "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't " +
        "exist.",
      since: "2.0.0",
      complexity: "O(1)",
      arguments: [key("key"), string("field"), integer("increment")],
    },
    hincrbyfloat: {
      summary:
        "Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.",
      since: "2.6.0",
      complexity: "O(1)",
      arguments: [key("key"), string("field"), double("increment")],
    },
  };
}

function reading(): FamilyDocs {
  return {
    hget: {
      summary: "Returns the value of a field in a hash.",
      since: "2.0.0",
      complexity: "O(1)",
      arguments: [key("key"), string("field")],
    },
    hmget: {
      summary: "Returns the values of all fields in a hash.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of fields being requested.",
      arguments: [key("key"), multiple(string("field"))],
    },
    hgetall: {
      summary: "Returns all fields and values in a hash.",
      since: "2.0.0",
      complexity: "O(N) where N is the size of the hash.",
      arguments: [key("key")],
    },
    hkeys: {
      summary: "Returns all fields in a hash.",
      since: "2.0.0",
      complexity: "O(N) where N is the size of the hash.",
      arguments: [key("key")],
    },
    hvals: {
      summary: "Returns all values in a hash.",
      since: "2.0.0",
      complexity: "O(N) where N is the size of the hash.",
      arguments: [key("key")],
    },
    hlen: {
      summary: "Returns the number of fields in a hash.",
      since: "2.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    hstrlen: {
      summary: "Returns the length of the value of a field.",
      since: "3.2.0",
      complexity: "O(1)",
      arguments: [key("key"), string("field")],
    },
    hexists: {
      summary: "Determines whether a field exists in a hash.",
      since: "2.0.0",
      complexity: "O(1)",
      arguments: [key("key"), string("field")],
    },
    hrandfield: {
      summary: "Returns one or more random fields from a hash.",
      since: "6.2.0",
      complexity: "O(N) where N is the number of fields returned",
      arguments: [key("key"), optional(block("options", integer("count"), optional(token("WITHVALUES"))))],
    },
    hscan: {
      summary: "Iterates over fields and values of a hash.",
      since: "2.8.0",
      complexity:
        "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return " +
        "back to 0. N is the number of elements inside the collection.",
      arguments: [
        key("key"),
        integer("cursor"),
        optional(withToken("MATCH", pattern("pattern"))),
        optional(withToken("COUNT", integer("count"))),
      ],
    },
  };
}

function expiration74(): FamilyDocs {
  return {
    hexpire: expiring("Set expiry for hash field using relative time to expire (seconds)", integer("seconds")),
    hpexpire: expiring(
      "Set expiry for hash field using relative time to expire (milliseconds)",
      integer("milliseconds"),
    ),
    hexpireat: expiring(
      "Set expiry for hash field using an absolute Unix timestamp (seconds)",
      unixTime("unix-time-seconds"),
    ),
    hpexpireat: expiring(
      "Set expiry for hash field using an absolute Unix timestamp (milliseconds)",
      unixTime("unix-time-milliseconds"),
    ),
    httl: ofFields("Returns the TTL in seconds of a hash field."),
    hpttl: ofFields("Returns the TTL in milliseconds of a hash field."),
    hexpiretime: ofFields("Returns the expiration time of a hash field as a Unix timestamp, in seconds."),
    hpexpiretime: ofFields("Returns the expiration time of a hash field as a Unix timestamp, in msec."),
    hpersist: ofFields("Removes the expiration time for each specified field"),
  };
}

function expiration80(): FamilyDocs {
  return {
    hgetex: {
      summary: "Get the value of one or more fields of a given hash key, and optionally set their expiration.",
      since: "8.0.0",
      complexity: PER_FIELD,
      arguments: [key("key"), expiration("PERSIST"), fields()],
    },
    hsetex: {
      summary: "Set the value of one or more fields of a given hash key, and optionally set their expiration.",
      since: "8.0.0",
      complexity: "O(N) where N is the number of fields being set.",
      arguments: [
        key("key"),
        optional(oneof("condition", token("FNX"), token("FXX"))),
        expiration("KEEPTTL"),
        fields(data()),
      ],
    },
    hgetdel: ofFields("Returns the value of a field and deletes it from the hash.", "8.0.0"),
  };
}
