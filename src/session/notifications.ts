/**
 * Keyspace notifications: every event of a class that `notify-keyspace-events` names is published on channels, the name
 * of the event on that of the key and the key on that of the event:
 *
 *     __keyspace@0__:mykey   set
 *     __keyevent@0__:set     mykey
 *
 * The keyspace tells us of events exactly while the directive names any.
 */

import type { Database } from "../db/database";
import { EVENT_EVICTED, EVENT_EXPIRED, EVENT_KEY_MISS, EVENT_NEW, type Keyspace } from "../db/keyspace";
import type { KeyspaceHooks } from "../db/keyspace-hooks";
import { copyBytes } from "../util/bytes";
import { type Bytes, type PubSub, whole } from "./pubsub";

/** Bits of the directive beside the classes of events: on which channels. */
export const ON_KEYSPACE = 1 << 0;
export const ON_KEYEVENT = 1 << 1;

const KEY_ROOM = 256;

export class Notifications implements KeyspaceHooks {
  readonly publishes = true;
  private flags = 0;
  /** A channel in the making. */
  private scratch = Buffer.alloc(KEY_ROOM);
  /** The names of events as bytes. */
  private readonly names = new Map<string, Bytes>();
  /** What channels begin with, by database. */
  private readonly keyspaces: readonly Buffer[];
  private readonly keyevents: readonly Buffer[];

  constructor(
    private readonly keyspace: Keyspace,
    private readonly pubsub: PubSub,
  ) {
    this.keyspaces = keyspace.databases.map(({ id }) => Buffer.from(`__keyspace@${id}__:`, "latin1"));
    this.keyevents = keyspace.databases.map(({ id }) => Buffer.from(`__keyevent@${id}__:`, "latin1"));
  }

  /** Which events, and on which channels: the bits of the directive. */
  configure(flags: number): void {
    const before = this.flags;
    this.flags = (flags & (ON_KEYSPACE | ON_KEYEVENT)) === 0 ? 0 : flags;
    if (before === 0 && this.flags !== 0) this.keyspace.listen(this);
    if (before !== 0 && this.flags === 0) this.keyspace.unlisten(this);
  }

  private announce(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void {
    if ((this.flags & eventClass) === 0 || this.pubsub.isIdle) return;
    const name = this.name(event);
    const keyBytes = { buf: key, start, end };
    if ((this.flags & ON_KEYSPACE) !== 0) this.pubsub.publish(this.channel(this.keyspaces[db.id], keyBytes), name);
    if ((this.flags & ON_KEYEVENT) !== 0) this.pubsub.publish(this.channel(this.keyevents[db.id], name), keyBytes);
  }

  private name(event: string): Bytes {
    let name = this.names.get(event);
    if (name === undefined) {
      name = whole(Buffer.from(event, "latin1"));
      this.names.set(event, name);
    }
    return name;
  }

  private channel(prefix: Buffer, { buf, start, end }: Bytes): Bytes {
    const length = prefix.length + end - start;
    if (length > this.scratch.length) this.scratch = Buffer.alloc(length);
    copyBytes(prefix, 0, this.scratch, 0, prefix.length);
    copyBytes(buf, start, this.scratch, prefix.length, end - start);
    return { buf: this.scratch, start: 0, end: length };
  }

  // --- events ------------------------------------------------------------------------------------------------------

  keyChanged(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void {
    this.announce(db, key, start, end, eventClass, event);
  }

  keyEvent(db: Database, key: Uint8Array, start: number, end: number, eventClass: number, event: string): void {
    this.announce(db, key, start, end, eventClass, event);
  }

  keyExpired(db: Database, key: Uint8Array, start: number, end: number): void {
    this.announce(db, key, start, end, EVENT_EXPIRED, "expired");
  }

  keyEvicted(db: Database, key: Uint8Array, start: number, end: number): void {
    this.announce(db, key, start, end, EVENT_EVICTED, "evicted");
  }

  keyCreated(db: Database, key: Uint8Array, start: number, end: number): void {
    this.announce(db, key, start, end, EVENT_NEW, "new");
  }

  keyMissed(db: Database, key: Uint8Array, start: number, end: number): void {
    this.announce(db, key, start, end, EVENT_KEY_MISS, "keymiss");
  }

  // Redis has no events for these.
  flushing(): void {}
  swapping(): void {}
}
