/** Documentation of the connection commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import {
  block,
  deprecatedSince,
  type FamilyDocs,
  integer,
  multiple,
  multipleWithToken,
  oneof,
  optional,
  shownAs,
  since,
  string,
  token,
  withToken,
} from "./doc";

/** The table; a function, because only COMMAND DOCS needs it. */
export function connectionDocs(): FamilyDocs {
  return {
    ping: {
      summary: "Returns the server's liveliness response.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [optional(string("message"))],
    },
    echo: {
      summary: "Returns the given string.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [string("message")],
    },
    hello: {
      summary: "Handshakes with the Redis server.",
      since: "6.0.0",
      complexity: "O(1)",
      history: [
        [
          "6.2.0",
          "`protover` made optional; when called without arguments the command reports the current connection's context.",
        ],
      ],
      arguments: [
        optional(
          block(
            "arguments",
            integer("protover"),
            optional(withToken("AUTH", block("auth", string("username"), string("password")))),
            optional(withToken("SETNAME", string("clientname"))),
          ),
        ),
      ],
    },
    auth: {
      summary: "Authenticates the connection.",
      since: "1.0.0",
      complexity: "O(N) where N is the number of passwords defined for the user",
      history: [["6.0.0", "Added ACL style (username and password)."]],
      arguments: [optional(since("6.0.0", string("username"))), string("password")],
    },
    select: {
      summary: "Changes the selected database.",
      since: "1.0.0",
      complexity: "O(1)",
      arguments: [integer("index")],
    },
    quit: {
      summary: "Closes the connection.",
      since: "1.0.0",
      complexity: "O(1)",
      docFlags: ["deprecated"],
      deprecatedSince: "7.2.0",
      replacedBy: "just closing the connection",
    },
    reset: {
      summary: "Resets the connection.",
      since: "6.2.0",
      complexity: "O(1)",
    },
    client: {
      summary: "A container for client connection commands.",
      since: "2.4.0",
      complexity: "Depends on subcommand.",
    },
    "client|unblock": {
      summary: "Unblocks a client blocked by a blocking command from a different connection.",
      since: "5.0.0",
      complexity: "O(log N) where N is the number of client connections",
      arguments: [integer("client-id"), optional(oneof("unblock-type", token("TIMEOUT"), token("ERROR")))],
    },
    "client|trackinginfo": {
      summary: "Returns information about server-assisted client-side caching for the connection.",
      since: "6.2.0",
      complexity: "O(1)",
    },
    "client|tracking": {
      summary: "Controls server-assisted client-side caching for the connection.",
      since: "6.0.0",
      complexity: "O(1). Some options may introduce additional complexity.",
      arguments: [
        oneof("status", token("ON"), token("OFF")),
        optional(withToken("REDIRECT", integer("client-id"))),
        optional(multipleWithToken(withToken("PREFIX", string("prefix")))),
        optional(token("BCAST")),
        optional(token("OPTIN")),
        optional(token("OPTOUT")),
        optional(token("NOLOOP")),
      ],
    },
    "client|kill": {
      summary: "Terminates open connections.",
      since: "2.4.0",
      complexity: "O(N) where N is the number of client connections",
      history: [
        ["2.8.12", "Added new filter format."],
        ["2.8.12", "`ID` option."],
        ["3.2.0", "Added `master` type in for `TYPE` option."],
        ["5.0.0", "Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility."],
        ["6.2.0", "`LADDR` option."],
      ],
      arguments: [
        oneof(
          "filter",
          deprecatedSince("2.8.12", shownAs("ip:port", string("old-format"))),
          multiple(
            oneof(
              "new-format",
              optional(since("2.8.12", withToken("ID", integer("client-id")))),
              optional(
                since(
                  "2.8.12",
                  withToken(
                    "TYPE",
                    oneof(
                      "client-type",
                      token("NORMAL"),
                      since("3.2.0", token("MASTER")),
                      token("SLAVE"),
                      since("5.0.0", token("REPLICA")),
                      token("PUBSUB"),
                    ),
                  ),
                ),
              ),
              optional(withToken("USER", string("username"))),
              optional(withToken("ADDR", shownAs("ip:port", string("addr")))),
              optional(since("6.2.0", withToken("LADDR", shownAs("ip:port", string("laddr"))))),
              optional(withToken("SKIPME", oneof("skipme", token("YES"), token("NO")))),
            ),
          ),
        ),
      ],
    },
    "client|no-evict": {
      summary: "Sets the client eviction mode of the connection.",
      since: "7.0.0",
      complexity: "O(1)",
      arguments: [oneof("enabled", token("ON"), token("OFF"))],
    },
    "client|setinfo": {
      summary: "Sets information specific to the client or connection.",
      since: "7.2.0",
      complexity: "O(1)",
      arguments: [oneof("attr", withToken("LIB-NAME", string("libname")), withToken("LIB-VER", string("libver")))],
    },
    "client|id": {
      summary: "Returns the unique client ID of the connection.",
      since: "5.0.0",
      complexity: "O(1)",
    },
    "client|no-touch": {
      summary: "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
      since: "7.2.0",
      complexity: "O(1)",
      arguments: [oneof("enabled", token("ON"), token("OFF"))],
    },
    "client|list": {
      summary: "Lists open connections.",
      since: "2.4.0",
      complexity: "O(N) where N is the number of client connections",
      history: [
        ["2.8.12", "Added unique client `id` field."],
        ["5.0.0", "Added optional `TYPE` filter."],
        ["6.0.0", "Added `user` field."],
        ["6.2.0", "Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter."],
        ["7.0.0", "Added `resp`, `multi-mem`, `rbs` and `rbp` fields."],
        ["7.0.3", "Added `ssub` field."],
      ],
      arguments: [
        optional(
          since(
            "5.0.0",
            withToken(
              "TYPE",
              oneof("client-type", token("NORMAL"), token("MASTER"), token("REPLICA"), token("PUBSUB")),
            ),
          ),
        ),
        optional(multiple(since("6.2.0", withToken("ID", integer("client-id"))))),
      ],
    },
    "client|unpause": {
      summary: "Resumes processing commands from paused clients.",
      since: "6.2.0",
      complexity: "O(N) Where N is the number of paused clients",
    },
    "client|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "5.0.0",
      complexity: "O(1)",
    },
    "client|getredir": {
      summary: "Returns the client ID to which the connection's tracking notifications are redirected.",
      since: "6.0.0",
      complexity: "O(1)",
    },
    "client|getname": {
      summary: "Returns the name of the connection.",
      since: "2.6.9",
      complexity: "O(1)",
    },
    "client|setname": {
      summary: "Sets the connection name.",
      since: "2.6.9",
      complexity: "O(1)",
      arguments: [string("connection-name")],
    },
    "client|pause": {
      summary: "Suspends commands processing.",
      since: "3.0.0",
      complexity: "O(1)",
      history: [["6.2.0", "`CLIENT PAUSE WRITE` mode added along with the `mode` option."]],
      arguments: [integer("timeout"), optional(since("6.2.0", oneof("mode", token("WRITE"), token("ALL"))))],
    },
    "client|reply": {
      summary: "Instructs the server whether to reply to commands.",
      since: "3.2.0",
      complexity: "O(1)",
      arguments: [oneof("action", token("ON"), token("OFF"), token("SKIP"))],
    },
    "client|info": {
      summary: "Returns information about the connection.",
      since: "6.2.0",
      complexity: "O(1)",
    },
    "client|caching": {
      summary: "Instructs the server whether to track the keys in the next request.",
      since: "6.0.0",
      complexity: "O(1)",
      arguments: [oneof("mode", token("YES"), token("NO"))],
    },
  };
}
