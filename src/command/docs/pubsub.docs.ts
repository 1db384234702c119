/** Documentation of publish and subscribe. The texts are what COMMAND DOCS of Redis 7.2 replies. */

import { type FamilyDocs, multiple, optional, pattern, string } from "./doc";

/** The table; a function, because only COMMAND DOCS needs it. */
export function pubsubDocs(): FamilyDocs {
  return {
    psubscribe: {
      summary: "Listens for messages published to channels that match one or more patterns.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of patterns to subscribe to.",
      arguments: [multiple(pattern("pattern"))],
    },
    publish: {
      summary: "Posts a message to a channel.",
      since: "2.0.0",
      complexity:
        "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of " +
        "subscribed patterns (by any client).",
      arguments: [string("channel"), string("message")],
    },
    pubsub: { summary: "A container for Pub/Sub commands.", since: "2.8.0", complexity: "Depends on subcommand." },
    "pubsub|channels": {
      summary: "Returns the active channels.",
      since: "2.8.0",
      complexity:
        "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short " +
        "channels and patterns)",
      arguments: [optional(pattern("pattern"))],
    },
    "pubsub|help": {
      summary: "Returns helpful text about the different subcommands.",
      since: "6.2.0",
      complexity: "O(1)",
    },
    "pubsub|numpat": {
      summary: "Returns a count of unique pattern subscriptions.",
      since: "2.8.0",
      complexity: "O(1)",
    },
    "pubsub|numsub": {
      summary: "Returns a count of subscribers to channels.",
      since: "2.8.0",
      complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
      arguments: [optional(multiple(string("channel")))],
    },
    "pubsub|shardchannels": {
      summary: "Returns the active shard channels.",
      since: "7.0.0",
      complexity:
        "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively " +
        "short shard channels).",
      arguments: [optional(pattern("pattern"))],
    },
    "pubsub|shardnumsub": {
      summary: "Returns the count of subscribers of shard channels.",
      since: "7.0.0",
      complexity: "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
      arguments: [optional(multiple(string("shardchannel")))],
    },
    punsubscribe: {
      summary: "Stops listening to messages published to channels that match one or more patterns.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of patterns to unsubscribe.",
      arguments: [optional(multiple(pattern("pattern")))],
    },
    spublish: {
      summary: "Post a message to a shard channel",
      since: "7.0.0",
      complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
      arguments: [string("shardchannel"), string("message")],
    },
    ssubscribe: {
      summary: "Listens for messages published to shard channels.",
      since: "7.0.0",
      complexity: "O(N) where N is the number of shard channels to subscribe to.",
      arguments: [multiple(string("shardchannel"))],
    },
    subscribe: {
      summary: "Listens for messages published to channels.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of channels to subscribe to.",
      arguments: [multiple(string("channel"))],
    },
    sunsubscribe: {
      summary: "Stops listening to messages posted to shard channels.",
      since: "7.0.0",
      complexity: "O(N) where N is the number of shard channels to unsubscribe.",
      arguments: [optional(multiple(string("shardchannel")))],
    },
    unsubscribe: {
      summary: "Stops listening to messages posted to channels.",
      since: "2.0.0",
      complexity: "O(N) where N is the number of channels to unsubscribe.",
      arguments: [optional(multiple(string("channel")))],
    },
  };
}
