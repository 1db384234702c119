/** Documentation of the bitmap commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

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
  since,
  string,
  token,
  withToken,
} from "./doc";

/** What a range is counted in. */
function unit(): ArgumentDoc {
  return optional(since("7.0.0", oneof("unit", token("BYTE"), token("BIT"))));
}

const UNIT_HISTORY: readonly [string, string] = ["7.0.0", "Added the `BYTE|BIT` option."];

function overflow(): ArgumentDoc {
  return optional(withToken("OVERFLOW", oneof("overflow-block", token("WRAP"), token("SAT"), token("FAIL"))));
}

function getBlock(): ArgumentDoc {
  return withToken("GET", block("get-block", string("encoding"), integer("offset")));
}

/** The table; a function, because only COMMAND DOCS needs it. */
export function bitmapDocs(): FamilyDocs {
  return {
    setbit: {
      summary: "Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.",
      since: "2.2.0",
      complexity: "O(1)",
      arguments: [key("key"), integer("offset"), integer("value")],
    },
    getbit: {
      summary: "Returns a bit value by offset.",
      since: "2.2.0",
      complexity: "O(1)",
      arguments: [key("key"), integer("offset")],
    },
    bitcount: {
      summary: "Counts the number of set bits (population counting) in a string.",
      since: "2.6.0",
      complexity: "O(N)",
      history: [UNIT_HISTORY],
      arguments: [key("key"), optional(block("range", integer("start"), integer("end"), unit()))],
    },
    bitpos: {
      summary: "Finds the first set (1) or clear (0) bit in a string.",
      since: "2.8.7",
      complexity: "O(N)",
      history: [UNIT_HISTORY],
      arguments: [
        key("key"),
        integer("bit"),
        optional(block("range", integer("start"), optional(block("end-unit-block", integer("end"), unit())))),
      ],
    },
    bitop: {
      summary: "Performs bitwise operations on multiple strings, and stores the result.",
      since: "2.6.0",
      complexity: "O(N)",
      arguments: [
        oneof("operation", token("AND"), token("OR"), token("XOR"), token("NOT")),
        key("destkey"),
        multiple(key("key", 1)),
      ],
    },
    bitfield: {
      summary: "Performs arbitrary bitfield integer operations on strings.",
      since: "3.2.0",
      complexity: "O(1) for each subcommand specified",
      arguments: [
        key("key"),
        optional(
          multiple(
            oneof(
              "operation",
              getBlock(),
              block(
                "write",
                overflow(),
                oneof(
                  "write-operation",
                  withToken("SET", block("set-block", string("encoding"), integer("offset"), integer("value"))),
                  withToken(
                    "INCRBY",
                    block("incrby-block", string("encoding"), integer("offset"), integer("increment")),
                  ),
                ),
              ),
            ),
          ),
        ),
      ],
    },
    bitfield_ro: {
      summary: "Performs arbitrary read-only bitfield integer operations on strings.",
      since: "6.0.0",
      complexity: "O(1) for each subcommand specified",
      arguments: [key("key"), optional(multipleWithToken(getBlock()))],
    },
  };
}
