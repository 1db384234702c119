/**
 * WATCH: who wants to know whether keys change before EXEC.
 *
 * A client watches until it is *dirty*: one of its keys has changed, be it by a command, by expiry, or with its whole
 * database (FLUSHALL, SWAPDB). From then on EXEC will be refused whatever else changes, so it watches nothing any more.
 *
 * A key that had already expired when WATCH was called counts as missing: that it is deleted then is no change.
 *
 * Invariant: the keyspace tells us of changes exactly while somebody watches.
 */

import type { Database } from "../db/database";
import type { Keyspace } from "../db/keyspace";
import type { KeyspaceHooks } from "../db/keyspace-hooks";
import { copyOfRange } from "../util/bytes";
import { ByteMap, ByteMapEntry } from "./byte-map";
import type { Client } from "./client";

/** What a watched key takes beside its bytes: estimated. */
const WATCH_BYTES = 160;

/** A key that is watched, and by whom: each with whether the key had expired, but was still there, at WATCH. */
export class WatchedKey extends ByteMapEntry {
  readonly watchers = new Map<Client, boolean>();

  constructor(
    readonly db: Database,
    key: Uint8Array,
    hash: number,
  ) {
    super(key, hash);
  }

  /** What it takes for each of its clients, bytes. */
  get memoryBytes(): number {
    return WATCH_BYTES + this.key.length;
  }
}

function hasExpired(db: Database, key: Uint8Array): boolean {
  const ref = db.find(key, 0, key.length);
  return ref !== 0 && db.isExpired(ref);
}

export class Watches implements KeyspaceHooks {
  private readonly tables: ByteMap<WatchedKey>[];

  constructor(private readonly keyspace: Keyspace) {
    this.tables = keyspace.databases.map(() => new ByteMap(keyspace.hasher));
  }

  /** Keys that are watched. */
  get keys(): number {
    let keys = 0;
    for (const table of this.tables) keys += table.size;
    return keys;
  }

  /** Lets a client watch a key. */
  watch(client: Client, db: Database, buf: Uint8Array, start: number, end: number): void {
    const table = this.tables[db.id];
    const hash = table.hash(buf, start, end);
    let watched = table.find(hash, buf, start, end);
    if (watched === null) {
      if (this.keys === 0) this.keyspace.listen(this);
      watched = new WatchedKey(db, copyOfRange(buf, start, end), hash);
      table.add(watched);
    } else if (watched.watchers.has(client)) {
      return;
    }
    watched.watchers.set(client, hasExpired(db, watched.key));
    client.watched.push(watched);
  }

  /** The client watches nothing any more. Whether it is dirty stays as it is. */
  forget(client: Client): void {
    if (client.watched.length === 0) return;
    for (const watched of client.watched) {
      watched.watchers.delete(client);
      if (watched.watchers.size > 0) continue;
      this.tables[watched.db.id].remove(watched);
      if (this.keys === 0) this.keyspace.unlisten(this);
    }
    client.watched.length = 0;
  }

  /** UNWATCH: the client is clean, and watches nothing. */
  unwatch(client: Client): void {
    this.forget(client);
    client.isDirty = false;
  }

  /** Whether EXEC has to be refused for a change, or for a key whose time came and that is still there. */
  hasChanged(client: Client): boolean {
    if (client.isDirty) return true;
    for (const { db, key, watchers } of client.watched) {
      if (watchers.get(client) === false && hasExpired(db, key)) return true;
    }
    return false;
  }

  private touch(client: Client): void {
    client.isDirty = true;
    this.forget(client);
  }

  // --- changes -----------------------------------------------------------------------------------------------------

  keyChanged(db: Database, key: Uint8Array, start: number, end: number): void {
    const watched = this.tables[db.id].get(key, start, end);
    if (watched === null) return;
    for (const client of watched.watchers.keys()) this.touch(client);
  }

  // The change that these belong to is announced, too.
  keyEvent(): void {}
  keyCreated(): void {}
  keyMissed(): void {}

  keyExpired(db: Database, key: Uint8Array, start: number, end: number): void {
    const watched = this.tables[db.id].get(key, start, end);
    if (watched !== null) this.removed(watched);
  }

  keyEvicted(db: Database, key: Uint8Array, start: number, end: number): void {
    this.keyExpired(db, key, start, end);
  }

  /** The key goes away: a change for all but those for whom it already was. */
  private removed({ watchers }: WatchedKey): void {
    for (const [client, expired] of watchers) {
      if (expired) watchers.set(client, false);
      else this.touch(client);
    }
  }

  flushing(db: Database): void {
    for (const watched of [...this.tables[db.id].values()]) {
      if (db.find(watched.key, 0, watched.key.length) !== 0) this.removed(watched);
    }
  }

  swapping(a: Database, b: Database): void {
    if (a === b) return;
    this.replacing(a, b);
    this.replacing(b, a);
  }

  /** The contents of `db` are about to become those of `other`. */
  private replacing(db: Database, other: Database): void {
    for (const watched of [...this.tables[db.id].values()]) {
      const { key } = watched;
      const before = db.find(key, 0, key.length) !== 0;
      const after = other.find(key, 0, key.length);
      if (after !== 0) this.replaced(watched, before, other.isExpired(after));
      else if (before) this.removed(watched);
    }
  }

  /** There will be another value at the key, one whose time may have come. */
  private replaced({ watchers }: WatchedKey, before: boolean, willBeExpired: boolean): void {
    for (const [client, expired] of watchers) {
      // What counted as missing still does.
      if (willBeExpired && (expired || !before)) watchers.set(client, true);
      else this.touch(client);
    }
  }
}
