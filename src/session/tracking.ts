/**
 * Client-side caching (CLIENT TRACKING): clients keep what they read, and are told when it changes.
 *
 * - By default the server notes which keys a client reads (TrackingTable), and at the first change of one tells the
 *   client and forgets it. Clients are in the table by number, and leave it only when their keys change: taking a client
 *   out at once would mean to look at every key.
 * - A client in BCAST mode names prefixes, and is told of every change of a key that begins with one. Nothing is noted
 *   for it; changes are gathered by prefix and sent when the batch of commands is over.
 *
 * A message goes to the client itself (a push, RESP3 only), or to another one that it redirects to: a push there, or in
 * RESP2 a message of the channel __redis__:invalidate. What concerns the client whose command is being run waits for the
 * end of the command, so that it never stands inside of a reply.
 *
 * Invariant: the keyspace tells us of changes exactly while there is a client that tracks, or has tracked.
 */

import type { Database } from "../db/database";
import type { Keyspace } from "../db/keyspace";
import type { KeyspaceHooks } from "../db/keyspace-hooks";
import { latin1 } from "../util/bytes";
import { OutOfMemoryError } from "../util/out-of-memory";
import type { Client } from "./client";
import { TrackingTable } from "./tracking-table";

/** What CLIENT TRACKING ON says. */
export interface TrackingOptions {
  /** Id of the client that gets the messages; 0: the client itself. */
  redirect: number;
  broadcast: boolean;
  /** Only what is read after CLIENT CACHING YES, or all but what is read after CLIENT CACHING NO. */
  optIn: boolean;
  optOut: boolean;
  /** No messages of changes by the client itself. */
  noLoop: boolean;
  /** Of BCAST, latin1. None: those of before stay, or every key if there are none. */
  prefixes: readonly string[];
}

/** How a client tracks. A client that does not has none. */
export class ClientTracking {
  redirect = 0;
  broadcast = false;
  optIn = false;
  optOut = false;
  noLoop = false;
  /** CLIENT CACHING was called, and the command that it is about has not ended. */
  caching = false;
  /** A message could not be sent, as the client that it was redirected to is gone. */
  redirectIsBroken = false;
  /** By name, latin1. */
  readonly prefixes = new Map<string, Prefix>();

  /** Whether what the client reads now is to be remembered. */
  get remembers(): boolean {
    if (this.broadcast) return false;
    return this.optIn ? this.caching : !(this.optOut && this.caching);
  }
}

/** A prefix that clients are told about, and the keys that have changed since they were last told. */
export class Prefix {
  readonly clients = new Set<Client>();
  /** By key, latin1: who changed it last; null: time or eviction. */
  readonly changed = new Map<string, Client | null>();

  constructor(readonly name: string) {}
}

/** Keys examined in one go at most while there are too many, times the number of goes that this was not enough. */
const EVICTION_EFFORT = 100;
/** A client's number is found among the numbers of the clients that are there. */
const LARGEST_NUMBER = 2 ** 32 - 1;
/** What a prefix takes of a client's memory beside its name: estimated. */
const PREFIX_BYTES = 160;
/** Pages that cron gives back at once. */
const PURGE_BYTES = 1 << 20;

const ascii = (text: string): Buffer => Buffer.from(text, "latin1");
const PUSHED = ascii(">2\r\n$10\r\ninvalidate\r\n");
const PUBLISHED = ascii("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n");

/** An invalidation: what it says, encoded once for all who get it. */
class Invalidation {
  private pushed: Buffer | null = null;
  private published: Buffer | null = null;

  constructor(
    private readonly resp3: Buffer,
    private readonly resp2 = resp3,
  ) {}

  /** As a push. */
  get push(): Buffer {
    this.pushed ??= Buffer.concat([PUSHED, this.resp3]);
    return this.pushed;
  }

  /** As a message of the channel. */
  get message(): Buffer {
    this.published ??= Buffer.concat([PUBLISHED, this.resp2]);
    return this.published;
  }
}

/** All keys: null. */
const EVERYTHING = new Invalidation(ascii("_\r\n"), ascii("$-1\r\n"));

function ofKey(key: Uint8Array, start: number, end: number): Invalidation {
  const header = `*1\r\n$${end - start}\r\n`;
  const out = Buffer.allocUnsafeSlow(header.length + end - start + 2);
  out.write(header, 0, "latin1");
  out.set(key.subarray(start, end), header.length);
  out.write("\r\n", out.length - 2, "latin1");
  return new Invalidation(out);
}

/** Keys are latin1. */
function ofKeys(keys: readonly string[]): Invalidation {
  return new Invalidation(ascii(`*${keys.length}\r\n${keys.map((key) => `$${key.length}\r\n${key}\r\n`).join("")}`));
}

export class Tracking implements KeyspaceHooks {
  readonly table: TrackingTable;
  /** tracking-table-max-keys; 0: no limit. */
  maxKeys = 0;
  /** Called when there are messages to be sent at the end of the batch of commands. */
  onPending: () => void = () => {};
  /** Whose command is being run. */
  currentClient: () => Client | null = () => null;
  /** Those who track. */
  private readonly tracking = new Set<Client>();
  /** Those who track or have tracked, by number. */
  private readonly byNumber = new Map<number, Client>();
  private lastNumber = 0;
  /** In the order of their names. */
  private prefixes: Prefix[] = [];
  private hasBroadcast = false;
  /** For the client whose command is being run. */
  private pending: Invalidation[] = [];
  /** Goes in a row after which there were still too many keys. */
  private evictionRounds = 0;

  constructor(
    private readonly keyspace: Keyspace,
    private readonly findClient: (id: number) => Client | undefined,
  ) {
    this.table = new TrackingTable(keyspace.hasher);
  }

  /** Clients that track. */
  get clients(): number {
    return this.tracking.size;
  }

  /** Prefixes that clients are told about. */
  get prefixCount(): number {
    return this.prefixes.length;
  }

  // --- who tracks --------------------------------------------------------------------------------------------------

  /** CLIENT TRACKING ON. The options fit together, and to how the client tracks already. */
  enable(client: Client, options: TrackingOptions): void {
    if (client.trackingNumber === 0) this.register(client);
    const state = client.tracking ?? new ClientTracking();
    client.tracking = state;
    this.tracking.add(client);
    state.redirect = options.redirect;
    state.redirectIsBroken = false;
    state.broadcast = options.broadcast;
    state.optIn = options.optIn;
    state.optOut = options.optOut;
    state.noLoop = options.noLoop;
    if (!options.broadcast) return;
    const names = options.prefixes.length === 0 ? [""] : options.prefixes;
    for (const name of names) this.follow(client, state, name);
  }

  private register(client: Client): void {
    if (this.byNumber.size === 0) this.keyspace.listen(this);
    do this.lastNumber = this.lastNumber === LARGEST_NUMBER ? 1 : this.lastNumber + 1;
    while (this.byNumber.has(this.lastNumber));
    client.trackingNumber = this.lastNumber;
    this.byNumber.set(this.lastNumber, client);
  }

  private follow(client: Client, state: ClientTracking, name: string): void {
    let prefix = this.prefixes.find((each) => each.name === name);
    if (prefix === undefined) {
      prefix = new Prefix(name);
      const behind = this.prefixes.findIndex((each) => each.name > name);
      this.prefixes.splice(behind < 0 ? this.prefixes.length : behind, 0, prefix);
    }
    prefix.clients.add(client);
    state.prefixes.set(name, prefix);
  }

  /** CLIENT TRACKING OFF, if it is on. */
  disable(client: Client): void {
    const { tracking } = client;
    if (tracking === null) return;
    if (client.isRunning) this.sendPending(client);
    for (const prefix of tracking.prefixes.values()) {
      prefix.clients.delete(client);
      if (prefix.clients.size === 0) this.prefixes = this.prefixes.filter((each) => each !== prefix);
    }
    client.tracking = null;
    this.tracking.delete(client);
  }

  /** The client is gone. */
  forget(client: Client): void {
    this.disable(client);
    if (client.trackingNumber === 0) return;
    this.byNumber.delete(client.trackingNumber);
    client.trackingNumber = 0;
    if (this.byNumber.size > 0) return;
    // What is in the table is for nobody.
    this.table.clear();
    this.keyspace.unlisten(this);
  }

  /** What a client's prefixes take, bytes. */
  static memoryOf(tracking: ClientTracking | null): number {
    let bytes = 0;
    for (const name of tracking?.prefixes.keys() ?? []) bytes += PREFIX_BYTES + name.length;
    return bytes;
  }

  // --- what is read ------------------------------------------------------------------------------------------------

  /** A client reads the key `buf[start, end)`. Call `limit` when a command has named all of its keys. */
  remember(client: Client, buf: Uint8Array, start: number, end: number): void {
    try {
      this.table.remember(buf, start, end, client.trackingNumber);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      // No client may keep what we do not know of.
      this.invalidateAll();
    }
  }

  /**
   * Forgets keys while there are more than tracking-table-max-keys, and tells their clients: some now, and the others at
   * the next command that is remembered, or from cron.
   */
  limit(): void {
    const { table, maxKeys } = this;
    if (maxKeys === 0 || table.keys <= maxKeys) {
      this.evictionRounds = 0;
      return;
    }
    const { random } = this.keyspace;
    const below = (n: number): number => random.below(n);
    for (let effort = EVICTION_EFFORT * ++this.evictionRounds; effort > 0 && table.keys > maxKeys; effort--) {
      const key = table.randomKey(below);
      if (key !== null) this.invalidate(key, 0, key.length, true);
    }
    if (table.keys <= maxKeys) this.evictionRounds = 0;
  }

  /** Cron: what is too much, and memory that is not needed any more. */
  cron(): void {
    if (this.byNumber.size === 0) return;
    this.limit();
    this.table.purge(PURGE_BYTES);
  }

  // --- what changes ------------------------------------------------------------------------------------------------

  keyChanged(_db: Database, key: Uint8Array, start: number, end: number): void {
    if (this.prefixes.length > 0) this.broadcastLater(key, start, end, this.currentClient());
    if (this.table.keys > 0) this.invalidate(key, start, end, false);
  }

  keyExpired(_db: Database, key: Uint8Array, start: number, end: number): void {
    this.keyGone(key, start, end);
  }

  keyEvicted(_db: Database, key: Uint8Array, start: number, end: number): void {
    this.keyGone(key, start, end);
  }

  private keyGone(key: Uint8Array, start: number, end: number): void {
    if (this.prefixes.length > 0) this.broadcastLater(key, start, end, null);
    if (this.table.keys > 0) this.invalidate(key, start, end, false);
  }

  /** One message stands for all databases. */
  flushing(db: Database, all: boolean): void {
    if (!all || db.id === 0) this.invalidateAll();
  }

  // The change that these belong to is announced, too; or nothing has changed. Redis does not tell of SWAPDB.
  keyEvent(): void {}
  keyCreated(): void {}
  keyMissed(): void {}
  swapping(): void {}

  private invalidateAll(): void {
    this.table.clear();
    for (const client of this.tracking) this.deliver(client, EVERYTHING);
  }

  /** Tells everybody who has read a key. `always`: those, too, who want to hear nothing of their own changes. */
  private invalidate(key: Uint8Array, start: number, end: number, always: boolean): void {
    const { table } = this;
    const count = table.take(key, start, end);
    if (count === 0) return;
    const invalidation = ofKey(key, start, end);
    for (let i = 0; i < count; i++) {
      const client = this.byNumber.get(table.taken[i]);
      const tracking = client?.tracking ?? null;
      if (client === undefined || tracking === null || tracking.broadcast) continue;
      if (!always && tracking.noLoop && client.isRunning) continue;
      this.deliver(client, invalidation);
    }
  }

  /** Sends it, or has it sent after the reply to the command that is being run. */
  private deliver(client: Client, invalidation: Invalidation): void {
    if (client.isRunning) {
      this.pending.push(invalidation);
      client.expectPush();
    } else {
      this.send(client, invalidation);
    }
  }

  /** What has gathered while the client's command ran: it comes after everything else that was pushed to it. */
  sendPending(client: Client): void {
    if (this.pending.length === 0) return;
    const { pending } = this;
    this.pending = [];
    for (const invalidation of pending) this.send(client, invalidation);
    client.expectPush();
  }

  private send(client: Client, invalidation: Invalidation): void {
    const redirect = client.tracking?.redirect ?? 0;
    if (redirect === 0) {
      if (client.protocol === 3) client.push(invalidation.push);
      return;
    }
    const target = this.findClient(redirect);
    if (target === undefined) this.redirectBroke(client, redirect);
    else if (target.protocol === 3) target.push(invalidation.push);
    else if (target.subscriptions !== null) target.push(invalidation.message);
  }

  private redirectBroke(client: Client, redirect: number): void {
    if (client.tracking !== null) client.tracking.redirectIsBroken = true;
    if (client.protocol === 3) client.push(ascii(`>2\r\n$21\r\ntracking-redir-broken\r\n:${redirect}\r\n`));
  }

  // --- BCAST -------------------------------------------------------------------------------------------------------

  private broadcastLater(key: Uint8Array, start: number, end: number, by: Client | null): void {
    const name = latin1(key, start, end);
    for (const prefix of this.prefixes) {
      if (!name.startsWith(prefix.name)) continue;
      prefix.changed.set(name, by);
      if (this.hasBroadcast) continue;
      this.hasBroadcast = true;
      this.onPending();
    }
  }

  /** Tells of what has changed since the last time: a message for each prefix. */
  broadcast(): void {
    if (!this.hasBroadcast) return;
    this.hasBroadcast = false;
    for (const prefix of this.prefixes) this.broadcastPrefix(prefix);
  }

  private broadcastPrefix({ changed, clients }: Prefix): void {
    if (changed.size === 0) return;
    const keys = [...changed.keys()].sort();
    const forAll = ofKeys(keys);
    for (const client of clients) {
      if (client.tracking?.noLoop !== true) {
        this.send(client, forAll);
        continue;
      }
      const others = keys.filter((key) => changed.get(key) !== client);
      if (others.length > 0) this.send(client, others.length === keys.length ? forAll : ofKeys(others));
    }
    changed.clear();
  }
}
