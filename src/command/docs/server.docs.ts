/** Documentation of the server commands. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import {
  block,
  type FamilyDocs,
  integer,
  key,
  multiple,
  multipleWithToken,
  oneof,
  optional,
  pattern,
  since,
  string,
  token,
  withToken,
} from "./doc";

/** The table; a function, because only COMMAND DOCS needs it. */
export function serverDocs(): FamilyDocs {
  return {
    info: {
      summary: "Returns information and statistics about the server.",
      since: "1.0.0",
      complexity: "O(1)",
      history: [["7.0.0", "Added support for taking multiple section arguments."]],
      arguments: [optional(multiple(string("section")))],
    },
    acl: {
      summary: "A container for Access List Control commands.",
      since: "6.0.0",
      complexity: "Depends on subcommand.",
    },
    "acl|cat": {
      summary: "Lists the ACL categories, or the commands inside a category.",
      since: "6.0.0",
      complexity: "O(1) since the categories and commands are a fixed set.",
      arguments: [optional(string("category"))],
    },
    "acl|deluser": {
      summary: "Deletes ACL users, and terminates their connections.",
      since: "6.0.0",
      complexity: "O(1) amortized time considering the typical user.",
      arguments: [multiple(string("username"))],
    },
    "acl|dryrun": {
      summary: "Simulates the execution of a command by a user, without executing the command.",
      since: "7.0.0",
      complexity: "O(1).",
      arguments: [string("username"), string("command"), optional(multiple(string("arg")))],
    },
    "acl|genpass": {
      summary: "Generates a pseudorandom, secure password that can be used to identify ACL users.",
      since: "6.0.0",
      complexity: "O(1)",
      arguments: [optional(integer("bits"))],
    },
    "acl|getuser": {
      summary: "Lists the ACL rules of a user.",
      since: "6.0.0",
      complexity: "O(N). Where N is the number of password, command and pattern rules that the user has.",
      history: [
        ["6.2.0", "Added Pub/Sub channel patterns."],
        [
          "7.0.0",
          "Added selectors and changed the format of key and channel patterns from a list to their rule representation.",
        ],
      ],
      arguments: [string("username")],
    },
    "acl|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "6.0.0",
      complexity: "O(1)",
    },
    "acl|list": {
      summary: "Dumps the effective rules in ACL file format.",
      since: "6.0.0",
      complexity: "O(N). Where N is the number of configured users.",
    },
    "acl|load": {
      summary: "Reloads the rules from the configured ACL file.",
      since: "6.0.0",
      complexity: "O(N). Where N is the number of configured users.",
    },
    "acl|log": {
      summary: "Lists recent security events generated due to ACL rules.",
      since: "6.0.0",
      complexity: "O(N) with N being the number of entries shown.",
      history: [["7.2.0", "Added entry ID, timestamp created, and timestamp last updated."]],
      arguments: [optional(oneof("operation", integer("count"), token("RESET")))],
    },
    "acl|save": {
      summary: "Saves the effective ACL rules in the configured ACL file.",
      since: "6.0.0",
      complexity: "O(N). Where N is the number of configured users.",
    },
    "acl|setuser": {
      summary: "Creates and modifies an ACL user and its rules.",
      since: "6.0.0",
      complexity: "O(N). Where N is the number of rules provided.",
      history: [
        ["6.2.0", "Added Pub/Sub channel patterns."],
        ["7.0.0", "Added selectors and key based permissions."],
      ],
      arguments: [string("username"), optional(multiple(string("rule")))],
    },
    "acl|users": {
      summary: "Lists all ACL users.",
      since: "6.0.0",
      complexity: "O(N). Where N is the number of configured users.",
    },
    "acl|whoami": {
      summary: "Returns the authenticated username of the current connection.",
      since: "6.0.0",
      complexity: "O(1)",
    },
    config: {
      summary: "A container for server configuration commands.",
      since: "2.0.0",
      complexity: "Depends on subcommand.",
    },
    "config|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "5.0.0",
      complexity: "O(1)",
    },
    "config|set": {
      summary: "Sets configuration parameters in-flight.",
      since: "2.0.0",
      complexity: "O(N) when N is the number of configuration parameters provided",
      history: [["7.0.0", "Added the ability to set multiple parameters in one call."]],
      arguments: [multiple(block("data", string("parameter"), string("value")))],
    },
    "config|resetstat": {
      summary: "Resets the server's statistics.",
      since: "2.0.0",
      complexity: "O(1)",
    },
    "config|rewrite": {
      summary: "Persists the effective configuration to file.",
      since: "2.8.0",
      complexity: "O(1)",
    },
    "config|get": {
      summary: "Returns the effective values of configuration parameters.",
      since: "2.0.0",
      complexity: "O(N) when N is the number of configuration parameters provided",
      history: [["7.0.0", "Added the ability to pass multiple pattern parameters in one call"]],
      arguments: [multiple(string("parameter"))],
    },
    command: {
      summary: "Returns detailed information about all commands.",
      since: "2.8.13",
      complexity: "O(N) where N is the total number of Redis commands",
    },
    "command|list": {
      summary: "Returns a list of command names.",
      since: "7.0.0",
      complexity: "O(N) where N is the total number of Redis commands",
      arguments: [
        optional(
          withToken(
            "FILTERBY",
            oneof(
              "filterby",
              withToken("MODULE", string("module-name")),
              withToken("ACLCAT", string("category")),
              withToken("PATTERN", pattern("pattern")),
            ),
          ),
        ),
      ],
    },
    "command|count": {
      summary: "Returns a count of commands.",
      since: "2.8.13",
      complexity: "O(1)",
    },
    "command|info": {
      summary: "Returns information about one, multiple or all commands.",
      since: "2.8.13",
      complexity: "O(N) where N is the number of commands to look up",
      history: [["7.0.0", "Allowed to be called with no argument to get info on all commands."]],
      arguments: [optional(multiple(string("command-name")))],
    },
    "command|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "5.0.0",
      complexity: "O(1)",
    },
    "command|getkeys": {
      summary: "Extracts the key names from an arbitrary command.",
      since: "2.8.13",
      complexity: "O(N) where N is the number of arguments to the command",
      arguments: [string("command"), optional(multiple(string("arg")))],
    },
    "command|getkeysandflags": {
      summary: "Extracts the key names and access flags for an arbitrary command.",
      since: "7.0.0",
      complexity: "O(N) where N is the number of arguments to the command",
      arguments: [string("command"), optional(multiple(string("arg")))],
    },
    "command|docs": {
      summary: "Returns documentary information about one, multiple or all commands.",
      since: "7.0.0",
      complexity: "O(N) where N is the number of commands to look up",
      arguments: [optional(multiple(string("command-name")))],
    },
    time: {
      summary: "Returns the server time.",
      since: "2.6.0",
      complexity: "O(1)",
    },
    memory: {
      summary: "A container for memory diagnostics commands.",
      since: "4.0.0",
      complexity: "Depends on subcommand.",
    },
    "memory|stats": {
      summary: "Returns details about memory usage.",
      since: "4.0.0",
      complexity: "O(1)",
    },
    "memory|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "4.0.0",
      complexity: "O(1)",
    },
    "memory|malloc-stats": {
      summary: "Returns the allocator statistics.",
      since: "4.0.0",
      complexity: "Depends on how much memory is allocated, could be slow",
    },
    "memory|usage": {
      summary: "Estimates the memory usage of a key.",
      since: "4.0.0",
      complexity: "O(N) where N is the number of samples.",
      arguments: [key("key"), optional(withToken("SAMPLES", integer("count")))],
    },
    "memory|doctor": {
      summary: "Outputs a memory problems report.",
      since: "4.0.0",
      complexity: "O(1)",
    },
    "memory|purge": {
      summary: "Asks the allocator to release memory.",
      since: "4.0.0",
      complexity: "Depends on how much memory is allocated, could be slow",
    },
    debug: {
      summary: "A container for debugging commands.",
      since: "1.0.0",
      complexity: "Depends on subcommand.",
      docFlags: ["syscmd"],
    },
    bgrewriteaof: {
      summary: "Asynchronously rewrites the append-only file to disk.",
      since: "1.0.0",
      complexity: "O(1)",
    },
    bgsave: {
      summary: "Asynchronously saves the database(s) to disk.",
      since: "1.0.0",
      complexity: "O(1)",
      history: [["3.2.2", "Added the `SCHEDULE` option."]],
      arguments: [optional(since("3.2.2", token("SCHEDULE")))],
    },
    lastsave: {
      summary: "Returns the Unix timestamp of the last successful save to disk.",
      since: "1.0.0",
      complexity: "O(1)",
    },
    save: {
      summary: "Synchronously saves the database(s) to disk.",
      since: "1.0.0",
      complexity: "O(N) where N is the total number of keys in all databases",
    },
    shutdown: {
      summary: "Synchronously saves the database(s) to disk and shuts down the Redis server.",
      since: "1.0.0",
      complexity:
        "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
      history: [["7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."]],
      arguments: [
        optional(oneof("save-selector", token("NOSAVE"), token("SAVE"))),
        optional(since("7.0.0", token("NOW"))),
        optional(since("7.0.0", token("FORCE"))),
        optional(since("7.0.0", token("ABORT"))),
      ],
    },
    lolwut: {
      summary: "Displays computer art and the Redis version",
      since: "5.0.0",
      arguments: [optional(withToken("VERSION", integer("version")))],
    },
    monitor: {
      summary: "Listens for all requests received by the server in real-time.",
      since: "1.0.0",
    },
    swapdb: {
      summary: "Swaps two Redis databases.",
      since: "4.0.0",
      complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.",
      arguments: [integer("index1"), integer("index2")],
    },
    dbsize: {
      summary: "Returns the number of keys in the database.",
      since: "1.0.0",
      complexity: "O(1)",
    },
    flushdb: {
      summary: "Remove all keys from the current database.",
      since: "1.0.0",
      complexity: "O(N) where N is the number of keys in the selected database",
      history: [
        ["4.0.0", "Added the `ASYNC` flushing mode modifier."],
        ["6.2.0", "Added the `SYNC` flushing mode modifier."],
      ],
      arguments: [optional(oneof("flush-type", since("4.0.0", token("ASYNC")), since("6.2.0", token("SYNC"))))],
    },
    flushall: {
      summary: "Removes all keys from all databases.",
      since: "1.0.0",
      complexity: "O(N) where N is the total number of keys in all databases",
      history: [
        ["4.0.0", "Added the `ASYNC` flushing mode modifier."],
        ["6.2.0", "Added the `SYNC` flushing mode modifier."],
      ],
      arguments: [optional(oneof("flush-type", since("4.0.0", token("ASYNC")), since("6.2.0", token("SYNC"))))],
    },
    module: { summary: "A container for module commands.", since: "4.0.0", complexity: "Depends on subcommand." },
    "module|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "5.0.0",
      complexity: "O(1)",
    },
    "module|list": {
      summary: "Returns all loaded modules.",
      since: "4.0.0",
      complexity: "O(N) where N is the number of loaded modules.",
    },
    "module|load": {
      summary: "Loads a module.",
      since: "4.0.0",
      complexity: "O(1)",
      arguments: [string("path"), optional(multiple(string("arg")))],
    },
    "module|loadex": {
      summary: "Loads a module using extended parameters.",
      since: "7.0.0",
      complexity: "O(1)",
      arguments: [
        string("path"),
        optional(multipleWithToken(withToken("CONFIG", block("configs", string("name"), string("value"))))),
        withToken("ARGS", optional(multiple(string("args")))),
      ],
    },
    "module|unload": {
      summary: "Unloads a module.",
      since: "4.0.0",
      complexity: "O(1)",
      arguments: [string("name")],
    },
    slowlog: {
      summary: "A container for slow log commands.",
      since: "2.2.12",
      complexity: "Depends on subcommand.",
    },
    "slowlog|get": {
      summary: "Returns the slow log's entries.",
      since: "2.2.12",
      complexity: "O(N) where N is the number of entries returned",
      history: [["4.0.0", "Added client IP address, port and name to the reply."]],
      arguments: [optional(integer("count"))],
    },
    "slowlog|len": {
      summary: "Returns the number of entries in the slow log.",
      since: "2.2.12",
      complexity: "O(1)",
    },
    "slowlog|reset": {
      summary: "Clears all entries from the slow log.",
      since: "2.2.12",
      complexity: "O(N) where N is the number of entries in the slowlog",
    },
    "slowlog|help": {
      summary: "Show helpful text about the different subcommands",
      since: "6.2.0",
      complexity: "O(1)",
    },
    latency: {
      summary: "A container for latency diagnostics commands.",
      since: "2.8.13",
      complexity: "Depends on subcommand.",
    },
    "latency|doctor": {
      summary: "Returns a human-readable latency analysis report.",
      since: "2.8.13",
      complexity: "O(1)",
    },
    "latency|graph": {
      summary: "Returns a latency graph for an event.",
      since: "2.8.13",
      complexity: "O(1)",
      arguments: [string("event")],
    },
    "latency|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "2.8.13",
      complexity: "O(1)",
    },
    "latency|histogram": {
      summary: "Returns the cumulative distribution of latencies of a subset or all commands.",
      since: "7.0.0",
      complexity: "O(N) where N is the number of commands with latency information being retrieved.",
      arguments: [optional(multiple(string("command")))],
    },
    "latency|history": {
      summary: "Returns timestamp-latency samples for an event.",
      since: "2.8.13",
      complexity: "O(1)",
      arguments: [string("event")],
    },
    "latency|latest": {
      summary: "Returns the latest latency samples for all events.",
      since: "2.8.13",
      complexity: "O(1)",
    },
    "latency|reset": {
      summary: "Resets the latency data for one or more events.",
      since: "2.8.13",
      complexity: "O(1)",
      arguments: [optional(multiple(string("event")))],
    },
  };
}
