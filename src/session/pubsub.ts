/**
 * Publish and subscribe: who listens to which channel, pattern and shard channel.
 *
 * A message is encoded once for all clients of a protocol, and the same buffer goes to all of their connections. In
 * RESP3 it is a push, which differs from the array of RESP2 in its first byte.
 */

import type { KeyHasher } from "../memory/hash";
import { copyBytes, copyOfRange } from "../util/bytes";
import { globMatch } from "../util/glob";
import { numberDigits, writeNumber } from "../util/integers";
import { ByteMap, ByteMapEntry } from "./byte-map";
import type { Client } from "./client";

/** A channel or a pattern that somebody listens to. */
export class Topic extends ByteMapEntry {
  readonly subscribers = new Set<Client>();
}

/** What a subscription takes beside the name: estimated. */
const SUBSCRIPTION_BYTES = 100;

/** What one client listens to. A client without any has none of these. */
export class Subscriptions {
  readonly channels = new Set<Topic>();
  readonly patterns = new Set<Topic>();
  readonly shardChannels = new Set<Topic>();

  get isEmpty(): boolean {
    return this.channels.size + this.patterns.size + this.shardChannels.size === 0;
  }

  /** Memory, bytes. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const topics of [this.channels, this.patterns, this.shardChannels]) {
      for (const { key } of topics) bytes += SUBSCRIPTION_BYTES + key.length;
    }
    return bytes;
  }
}

/** What can be listened to. */
export type TopicKind = "channels" | "patterns" | "shardChannels";

/** The topics of one kind. */
class Topics {
  /** In the order in which they came. */
  readonly all = new Set<Topic>();
  private readonly byName: ByteMap<Topic>;

  constructor(hasher: KeyHasher) {
    this.byName = new ByteMap(hasher);
  }

  get(buf: Uint8Array, start: number, end: number): Topic | null {
    return this.byName.get(buf, start, end);
  }

  getOrAdd(buf: Uint8Array, start: number, end: number): Topic {
    const hash = this.byName.hash(buf, start, end);
    const known = this.byName.find(hash, buf, start, end);
    if (known !== null) return known;
    const topic = new Topic(copyOfRange(buf, start, end), hash);
    this.byName.add(topic);
    this.all.add(topic);
    return topic;
  }

  removeIfUnused(topic: Topic): void {
    if (topic.subscribers.size > 0) return;
    this.byName.remove(topic);
    this.all.delete(topic);
  }
}

export class PubSub {
  private readonly topics: Readonly<Record<TopicKind, Topics>>;

  constructor(hasher: KeyHasher) {
    this.topics = { channels: new Topics(hasher), patterns: new Topics(hasher), shardChannels: new Topics(hasher) };
  }

  // --- who listens -------------------------------------------------------------------------------------------------

  /** Whether nobody listens to a channel or a pattern. */
  get isIdle(): boolean {
    return this.topics.channels.all.size === 0 && this.topics.patterns.all.size === 0;
  }

  /** How many topics of a kind somebody listens to. */
  count(kind: TopicKind): number {
    return this.topics[kind].all.size;
  }

  /** The topics of a kind. */
  all(kind: TopicKind): Iterable<Topic> {
    return this.topics[kind].all;
  }

  /** Subscribers of one topic, which may be none that anybody listens to. */
  subscribers(kind: TopicKind, buf: Uint8Array, start: number, end: number): number {
    return this.topics[kind].get(buf, start, end)?.subscribers.size ?? 0;
  }

  subscribe(client: Client, kind: TopicKind, buf: Uint8Array, start: number, end: number): void {
    const topic = this.topics[kind].getOrAdd(buf, start, end);
    client.subscriptions ??= new Subscriptions();
    client.subscriptions[kind].add(topic);
    topic.subscribers.add(client);
  }

  /** Nothing happens if the client does not listen to it. */
  unsubscribe(client: Client, kind: TopicKind, buf: Uint8Array, start: number, end: number): void {
    const topic = this.topics[kind].get(buf, start, end);
    if (topic !== null) this.leave(client, kind, topic);
  }

  /** The client does not listen to this topic any more. */
  leave(client: Client, kind: TopicKind, topic: Topic): void {
    const { subscriptions } = client;
    if (subscriptions === null || !subscriptions[kind].delete(topic)) return;
    topic.subscribers.delete(client);
    this.topics[kind].removeIfUnused(topic);
    if (subscriptions.isEmpty) client.subscriptions = null;
  }

  /** The client listens to nothing any more. */
  forget(client: Client): void {
    for (const kind of ["channels", "patterns", "shardChannels"] as const) {
      for (const topic of client.subscriptions?.[kind] ?? []) this.leave(client, kind, topic);
    }
  }

  // --- messages ----------------------------------------------------------------------------------------------------

  /**
   * Sends a message to all who listen to the channel, itself or through a pattern: those, once for each pattern. Returns
   * how often it was sent.
   */
  publish(channel: Bytes, message: Bytes): number {
    const { buf, start, end } = channel;
    let receivers = 0;
    const topic = this.topics.channels.get(buf, start, end);
    if (topic !== null) receivers += send(topic, encode([MESSAGE, channel, message]));
    for (const pattern of this.topics.patterns.all) {
      const { key } = pattern;
      if (!globMatch(key, 0, key.length, buf, start, end, false)) continue;
      receivers += send(pattern, encode([PATTERN_MESSAGE, whole(key), channel, message]));
    }
    return receivers;
  }

  /** As publish, to those who listen to a shard channel. */
  publishToShard(channel: Bytes, message: Bytes): number {
    const topic = this.topics.shardChannels.get(channel.buf, channel.start, channel.end);
    return topic === null ? 0 : send(topic, encode([SHARD_MESSAGE, channel, message]));
  }
}

/** The bytes buf[start, end). */
export interface Bytes {
  buf: Uint8Array;
  start: number;
  end: number;
}

/** All of a buffer. */
export function whole(buf: Uint8Array): Bytes {
  return { buf, start: 0, end: buf.length };
}

const text = (word: string): Bytes => whole(Buffer.from(word, "latin1"));
const MESSAGE = text("message");
const PATTERN_MESSAGE = text("pmessage");
const SHARD_MESSAGE = text("smessage");

const ARRAY = 0x2a;
const PUSH = 0x3e;
const BULK = 0x24;
const ZERO = 0x30;
const CR = 0x0d;
const LF = 0x0a;

/** An array of bulk strings, as RESP2 has it. */
function encode(parts: readonly Bytes[]): Buffer {
  let size = 4;
  for (const { start, end } of parts) size += end - start + numberDigits(end - start) + 5;
  const out = Buffer.allocUnsafeSlow(size);
  out[0] = ARRAY;
  out[1] = ZERO + parts.length;
  let at = lineBreak(out, 2);
  for (const { buf, start, end } of parts) {
    out[at++] = BULK;
    at += writeNumber(end - start, out, at);
    at = lineBreak(out, at);
    copyBytes(buf, start, out, at, end - start);
    at = lineBreak(out, at + end - start);
  }
  return out;
}

function lineBreak(out: Buffer, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

/** Sends an encoded message to all subscribers of a topic; returns how many there are. */
function send(topic: Topic, resp2: Buffer): number {
  let resp3: Buffer | null = null;
  for (const client of topic.subscribers) {
    if (client.protocol === 2) {
      client.push(resp2);
      continue;
    }
    if (resp3 === null) {
      resp3 = Buffer.from(resp2);
      resp3[0] = PUSH;
    }
    client.push(resp3);
  }
  return topic.subscribers.size;
}
