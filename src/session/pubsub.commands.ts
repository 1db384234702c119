/** Publish and subscribe: (P|S)SUBSCRIBE, (P|S)UNSUBSCRIBE, PUBLISH, SPUBLISH, PUBSUB. */

import type { Call } from "../command/call";
import {
  type ChannelSpec,
  type CommandDefinition,
  FAST,
  type Handler,
  keyAt,
  keyRange,
  LOADING,
  MAY_REPLICATE,
  NOSCRIPT,
  PUBSUB,
  STALE,
  WHILE_SUBSCRIBED,
} from "../command/command-spec";
import { replyHelp } from "../command/help";
import { SSUBSCRIBE_DENIED, subcommandSyntax } from "../resp/errors";
import { globMatch } from "../util/glob";
import type { Bytes, TopicKind } from "./pubsub";

const PUBSUB_HELP: readonly string[] = [
  "CHANNELS [<pattern>]",
  "    Return the currently active channels matching a <pattern> (default: '*').",
  "NUMPAT",
  "    Return number of subscriptions to patterns.",
  "NUMSUB [<channel> ...]",
  "    Return the number of subscribers for the specified channels, excluding",
  "    pattern subscriptions(default: no channels).",
  "SHARDCHANNELS [<pattern>]",
  "    Return the currently active shard level channels matching a <pattern> (default: '*').",
  "SHARDNUMSUB [<shardchannel> ...]",
  "    Return the number of subscribers for the specified shard level channel(s)",
];

// --- subscriptions ---------------------------------------------------------------------------------------------------

/** How many subscriptions a confirmation names: channels and patterns together, shard channels for themselves. */
function subscriptionCount(c: Call, kind: TopicKind): number {
  const { subscriptions } = c.client;
  if (subscriptions === null) return 0;
  if (kind === "shardChannels") return subscriptions.shardChannels.size;
  return subscriptions.channels.size + subscriptions.patterns.size;
}

/** A confirmation: a message, which CLIENT REPLY does not suppress. */
function confirm(c: Call, word: string, kind: TopicKind, name: Bytes | null): void {
  const { reply } = c;
  const { muted } = reply;
  reply.muted = false;
  reply.push(3);
  reply.bulkText(word);
  if (name === null) reply.null();
  else reply.bulk(name.buf, name.start, name.end - name.start);
  reply.integer(subscriptionCount(c, kind));
  reply.muted = muted;
}

function argument(c: Call, i: number): Bytes {
  return { buf: c.buf, start: c.starts[i], end: c.ends[i] };
}

function subscriber(word: string, kind: TopicKind): Handler {
  return (c) => {
    for (let i = 1; i < c.argc; i++) {
      const name = argument(c, i);
      c.server.pubsub.subscribe(c.client, kind, name.buf, name.start, name.end);
      confirm(c, word, kind, name);
    }
  };
}

const subscribeToShard = subscriber("ssubscribe", "shardChannels");

/** As Redis has it, the only one of them that a transaction refuses. */
function ssubscribe(c: Call): void {
  if (c.mayBlock) subscribeToShard(c);
  else c.fail(SSUBSCRIBE_DENIED);
}

/** Leaves the topics that are named, or else all of this kind. */
function unsubscriber(word: string, kind: TopicKind): Handler {
  return (c) => {
    const { pubsub } = c.server;
    if (c.argc === 1) {
      leaveAll(c, word, kind);
      return;
    }
    for (let i = 1; i < c.argc; i++) {
      const name = argument(c, i);
      pubsub.unsubscribe(c.client, kind, name.buf, name.start, name.end);
      confirm(c, word, kind, name);
    }
  };
}

function leaveAll(c: Call, word: string, kind: TopicKind): void {
  const topics = [...(c.client.subscriptions?.[kind] ?? [])];
  for (const topic of topics) {
    c.server.pubsub.leave(c.client, kind, topic);
    confirm(c, word, kind, { buf: topic.key, start: 0, end: topic.key.length });
  }
  // One confirmation there is in any case.
  if (topics.length === 0) confirm(c, word, kind, null);
}

// --- messages --------------------------------------------------------------------------------------------------------

function publish(c: Call): void {
  c.reply.integer(c.server.pubsub.publish(argument(c, 1), argument(c, 2)));
}

function spublish(c: Call): void {
  c.reply.integer(c.server.pubsub.publishToShard(argument(c, 1), argument(c, 2)));
}

// --- PUBSUB ----------------------------------------------------------------------------------------------------------

function listing(kind: TopicKind): Handler {
  return (c) => {
    if (c.argc > 3) {
      c.fail(subcommandSyntax("PUBSUB", c.text(1)));
      return;
    }
    const { reply } = c;
    const start = reply.begin();
    let count = 0;
    for (const { key } of c.server.pubsub.all(kind)) {
      if (c.argc === 3 && !globMatch(c.buf, c.starts[2], c.ends[2], key, 0, key.length, false)) continue;
      reply.bulk(key, 0, key.length);
      count++;
    }
    reply.endArray(start, count);
  };
}

/** Names with how many listen to each: flat, in RESP3 too. */
function counting(kind: TopicKind): Handler {
  return (c) => {
    c.reply.array((c.argc - 2) * 2);
    for (let i = 2; i < c.argc; i++) {
      c.reply.bulk(c.buf, c.starts[i], c.size(i));
      c.reply.integer(c.server.pubsub.subscribers(kind, c.buf, c.starts[i], c.ends[i]));
    }
  };
}

function patternCount(c: Call): void {
  c.reply.integer(c.server.pubsub.count("patterns"));
}

// --- table -----------------------------------------------------------------------------------------------------------

const SUBSCRIBING = PUBSUB | NOSCRIPT | LOADING | STALE | WHILE_SUBSCRIBED;
const PUBLISHING = PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE;
const ASKING_ABOUT = PUBSUB | LOADING | STALE;

const SHARD_CHANNELS = [keyRange(1, -1, 1, "not_key")];

const ONE_CHANNEL: ChannelSpec = { first: 1, many: false, patterns: false };
const ALL_CHANNELS: ChannelSpec = { first: 1, many: true, patterns: false };
const ALL_PATTERNS: ChannelSpec = { first: 1, many: true, patterns: true };

function command(
  name: string,
  arity: number,
  flags: number,
  handler: Handler,
  channels?: ChannelSpec,
): CommandDefinition {
  return { name, arity, flags, categories: "", handler, channels };
}

export const pubsubCommands: CommandDefinition[] = [
  command("psubscribe", -2, SUBSCRIBING, subscriber("psubscribe", "patterns"), ALL_PATTERNS),
  command("publish", 3, PUBLISHING, publish, ONE_CHANNEL),
  {
    name: "pubsub",
    arity: -2,
    flags: 0,
    categories: "",
    subcommands: [
      command("channels", -2, ASKING_ABOUT, listing("channels")),
      command("help", 2, LOADING | STALE, (c) => replyHelp(c, PUBSUB_HELP)),
      command("numpat", 2, ASKING_ABOUT, patternCount),
      command("numsub", -2, ASKING_ABOUT, counting("channels")),
      command("shardchannels", -2, ASKING_ABOUT, listing("shardChannels")),
      command("shardnumsub", -2, ASKING_ABOUT, counting("shardChannels")),
    ],
  },
  command("punsubscribe", -1, SUBSCRIBING, unsubscriber("punsubscribe", "patterns")),
  { ...command("spublish", 3, PUBLISHING, spublish, ONE_CHANNEL), keys: [keyAt(1, "not_key")] },
  {
    ...command("ssubscribe", -2, SUBSCRIBING, ssubscribe, ALL_CHANNELS),
    keys: SHARD_CHANNELS,
  },
  command("subscribe", -2, SUBSCRIBING, subscriber("subscribe", "channels"), ALL_CHANNELS),
  {
    ...command("sunsubscribe", -1, SUBSCRIBING, unsubscriber("sunsubscribe", "shardChannels")),
    keys: SHARD_CHANNELS,
  },
  command("unsubscribe", -1, SUBSCRIBING, unsubscriber("unsubscribe", "channels")),
];
