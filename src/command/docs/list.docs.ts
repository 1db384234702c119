/** Documentation of the list commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import {
  type ArgumentDoc,
  type CommandText,
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
  withToken,
} from "./doc";

const EACH_ADDED =
  "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.";
const KEYS_AND_ELEMENTS = "O(N+M) where N is the number of provided keys and M is the number of elements returned.";
const TIMEOUT_HISTORY: readonly [string, string] = [
  "6.0.0",
  "`timeout` is interpreted as a double instead of an integer.",
];

/** Commands that add elements, which take several of them since `version`. */
function push(summary: string, introduced: string, version: string): CommandText {
  return {
    summary,
    since: introduced,
    complexity: EACH_ADDED,
    history: [[version, "Accepts multiple `element` arguments."]],
    arguments: [key("key"), multiple(string("element"))],
  };
}

function pop(summary: string): CommandText {
  return {
    summary,
    since: "1.0.0",
    complexity: "O(N) where N is the number of elements returned",
    history: [["6.2.0", "Added the `count` argument."]],
    arguments: [key("key"), optional(since("6.2.0", integer("count")))],
  };
}

function blockingPop(summary: string): CommandText {
  return {
    summary,
    since: "2.0.0",
    complexity: "O(N) where N is the number of provided keys.",
    history: [TIMEOUT_HISTORY],
    arguments: [multiple(key("key")), double("timeout")],
  };
}

function end(name: string): ArgumentDoc {
  return oneof(name, token("LEFT"), token("RIGHT"));
}

/** Source and destination. */
function bothKeys(): ArgumentDoc[] {
  return [key("source", 0), key("destination", 1)];
}

/** Keys with their number, an end, and how many elements. */
function multiPop(): ArgumentDoc[] {
  return [integer("numkeys"), multiple(key("key")), end("where"), optional(withToken("COUNT", integer("count")))];
}

/** The table; a function, because only COMMAND DOCS needs it. */
export function listDocs(): FamilyDocs {
  return {
    lpush: push("Prepends one or more elements to a list. Creates the key if it doesn't exist.", "1.0.0", "2.4.0"),
    rpush: push("Appends one or more elements to a list. Creates the key if it doesn't exist.", "1.0.0", "2.4.0"),
    lpushx: push("Prepends one or more elements to a list only when the list exists.", "2.2.0", "4.0.0"),
    rpushx: push("Appends an element to a list only when the list exists.", "2.2.0", "4.0.0"),
    lpop: pop(
      "Returns the first elements in a list after removing it. Deletes the list if the last element was popped.",
    ),
    rpop: pop("Returns and removes the last elements of a list. Deletes the list if the last element was popped."),
    llen: {
      summary: "Returns the length of a list.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [key("key")],
    },
    lindex: {
      summary: "Returns an element from a list by its index.",
      since: "1.0.0",
      complexity:
        "O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for " +
        "the first or the last element of the list O(1).",
      arguments: [key("key"), integer("index")],
    },
    lset: {
      summary: "Sets the value of an element in a list by its index.",
      since: "1.0.0",
      complexity:
        "O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).",
      arguments: [key("key"), integer("index"), string("element")],
    },
    linsert: {
      summary: "Inserts an element before or after another element in a list.",
      since: "2.2.0",
      complexity:
        "O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting " +
        "somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end " +
        "(tail) is O(N).",
      arguments: [key("key"), oneof("where", token("BEFORE"), token("AFTER")), string("pivot"), string("element")],
    },
    lrange: {
      summary: "Returns a range of elements from a list.",
      since: "1.0.0",
      complexity:
        "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for " +
        "large lists; and N is the number of elements in the specified range.",
      arguments: [key("key"), integer("start"), integer("stop")],
    },
    ltrim: {
      summary: "Removes elements from both ends a list. Deletes the list if all elements were trimmed.",
      since: "1.0.0",
      complexity: "O(N) where N is the number of elements to be removed by the operation.",
      arguments: [key("key"), integer("start"), integer("stop")],
    },
    lrem: {
      summary: "Removes elements from a list. Deletes the list if the last element was removed.",
      since: "1.0.0",
      complexity: "O(N+M) where N is the length of the list and M is the number of elements removed.",
      arguments: [key("key"), integer("count"), string("element")],
    },
    lpos: {
      summary: "Returns the index of matching elements in a list.",
      since: "6.0.6",
      complexity:
        "O(N) where N is the number of elements in the list, for the average case. When searching for elements near the " +
        "head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.",
      arguments: [
        key("key"),
        string("element"),
        optional(withToken("RANK", integer("rank"))),
        optional(withToken("COUNT", integer("num-matches"))),
        optional(withToken("MAXLEN", integer("len"))),
      ],
    },
    lmove: {
      summary:
        "Returns an element after popping it from one list and pushing it to another. Deletes the list if the last " +
        "element was moved.",
      since: "6.2.0",
      complexity: "O(1)",
      arguments: [...bothKeys(), end("wherefrom"), end("whereto")],
    },
    rpoplpush: {
      summary:
        "Returns the last element of a list after removing and pushing it to another list. Deletes the list if the last " +
        "element was popped.",
      since: "1.2.0",
      complexity: "O(1)",
      docFlags: ["deprecated"],
      deprecatedSince: "6.2.0",
      replacedBy: "`LMOVE` with the `RIGHT` and `LEFT` arguments",
      arguments: bothKeys(),
    },
    lmpop: {
      summary:
        "Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.",
      since: "7.0.0",
      complexity: KEYS_AND_ELEMENTS,
      arguments: multiPop(),
    },
    blpop: blockingPop(
      "Removes and returns the first element in a list. Blocks until an element is available otherwise. Deletes the " +
        "list if the last element was popped.",
    ),
    brpop: blockingPop(
      "Removes and returns the last element in a list. Blocks until an element is available otherwise. Deletes the " +
        "list if the last element was popped.",
    ),
    blmove: {
      summary:
        "Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available " +
        "otherwise. Deletes the list if the last element was moved.",
      since: "6.2.0",
      complexity: "O(1)",
      arguments: [...bothKeys(), end("wherefrom"), end("whereto"), double("timeout")],
    },
    brpoplpush: {
      summary:
        "Pops an element from a list, pushes it to another list and returns it. Block until an element is available " +
        "otherwise. Deletes the list if the last element was popped.",
      since: "2.2.0",
      complexity: "O(1)",
      docFlags: ["deprecated"],
      deprecatedSince: "6.2.0",
      replacedBy: "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
      history: [TIMEOUT_HISTORY],
      arguments: [...bothKeys(), double("timeout")],
    },
    blmpop: {
      summary:
        "Pops the first element from one of multiple lists. Blocks until an element is available otherwise. Deletes the " +
        "list if the last element was popped.",
      since: "7.0.0",
      complexity: KEYS_AND_ELEMENTS,
      arguments: [double("timeout"), ...multiPop()],
    },
  };
}
