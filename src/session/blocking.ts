/**
 * Who waits for which key: the clients in BLPOP, BZPOPMIN, XREAD BLOCK and their like.
 *
 * A command that finds nothing blocks its client with a copy of the request. When one of its keys is announced as
 * changed the key becomes *ready*; after the command (after EXEC, if it is one of a transaction) the clients that wait
 * for ready keys run their commands again, from the start: keys in the order in which they became ready, the clients of
 * a key in the order in which they blocked. This is how Redis 7.2 does it. A client whose command again finds nothing
 * goes on waiting: with its deadline, and in its place (Redis puts it at the end of the queue).
 *
 * Here is only who waits, and for what. Running, replying and timers are in ../command/unblocker.ts.
 *
 * Invariants:
 * - a client waits (client.wait is not null) exactly while its Wait is in the queues of all of its keys;
 * - a KeyQueues is in its database's table exactly while somebody waits for its key;
 * - the keyspace tells us of changes exactly while somebody waits.
 */

import type { Database } from "../db/database";
import { TYPE_NAMES } from "../db/entry";
import type { Keyspace } from "../db/keyspace";
import type { KeyspaceHooks } from "../db/keyspace-hooks";
import type { Request } from "../resp/request";
import { copyOfRange } from "../util/bytes";
import { ByteMap, ByteMapEntry } from "./byte-map";
import type { Client } from "./client";
import { type Deadline, DeadlineQueue } from "./deadline-queue";

/** The key does not exist. */
const TYPE_MISSING = -1;

/** What is written to a client whose command does not find anything in time; the same in RESP3. */
export type TimeoutReply = "null" | "nullArray" | (() => void);

/** A client that waits, and the command that it waits in. C: the command, which this layer does not look into. */
export class Wait<C = unknown> implements Deadline {
  /** Its places, one for each key that it waits for. */
  readonly places: Place[] = [];
  deadline = 0;
  place = -1;
  /** False while the command is run again, until it blocks again. */
  blocked = true;
  /** µs that the command has run so far. */
  micros = 0;
  /** The last round of serving in which the command was run again. */
  round = 0;

  constructor(
    readonly client: Client,
    readonly command: C,
    /** A copy of its own. */
    readonly request: Request,
    readonly type: number,
    readonly wakeOnDelete: boolean,
    readonly timeoutReply: TimeoutReply,
    /** Whether CLIENT REPLY suppresses the reply. */
    readonly muted: boolean,
  ) {}
}

/** A client's place in the queue of one key. */
export class Place {
  before: Place | null = null;
  /** Stays as it is when the place is given up, so that whoever stands here can go on. */
  next: Place | null = null;

  constructor(
    readonly wait: Wait,
    readonly queues: KeyQueues,
  ) {}
}

/**
 * A queue. A linked list and no Set: one that is always taken from in front leaves gaps there, which every iteration has
 * to pass (40 µs with 10,000 clients).
 */
class Queue {
  first: Place | null = null;
  last: Place | null = null;

  add(place: Place): void {
    place.before = this.last;
    if (this.last === null) this.first = place;
    else this.last.next = place;
    this.last = place;
  }

  remove({ before, next }: Place): void {
    if (before === null) this.first = next;
    else before.next = next;
    if (next === null) this.last = before;
    else next.before = before;
  }
}

/** Those who wait for one key: a queue for each type that they can use, in the order in which they blocked. */
export class KeyQueues extends ByteMapEntry {
  /** How many wait. */
  count = 0;
  /** How many of them want to know, too, when the key goes away or becomes of another type. */
  deletionCount = 0;
  isReady = false;
  private readonly byType: (Queue | null)[] = TYPE_NAMES.map(() => null);

  constructor(
    readonly db: Database,
    key: Uint8Array,
    hash: number,
  ) {
    super(key, hash);
  }

  add(wait: Wait): void {
    const queue = (this.byType[wait.type] ??= new Queue());
    // A command may name a key twice.
    if (queue.last?.wait === wait) return;
    const place = new Place(wait, this);
    queue.add(place);
    wait.places.push(place);
    this.count++;
    if (wait.wakeOnDelete) this.deletionCount++;
  }

  remove(place: Place): void {
    const { wait } = place;
    (this.byType[wait.type] as Queue).remove(place);
    this.count--;
    if (wait.wakeOnDelete) this.deletionCount--;
  }

  /** The first of those who can use a value of this type, or null. */
  first(type: number): Place | null {
    return type === TYPE_MISSING ? null : (this.byType[type]?.first ?? null);
  }

  /** The type of the key's value now, or TYPE_MISSING. */
  get type(): number {
    const { db, key } = this;
    const ref = db.find(key, 0, key.length);
    return ref === 0 || db.isExpired(ref) ? TYPE_MISSING : db.keyspace.entries.type(ref);
  }
}

export class Blocking implements KeyspaceHooks {
  /** Some key is ready: the one thing that is asked after every command. */
  hasReady = false;
  /** Called when hasReady becomes true. */
  onReady: () => void = () => {};
  /** Clients that wait. */
  clients = 0;
  /** Keys that clients wait for whose deletion they want to know, too. */
  deletionKeys = 0;
  private readonly deadlines = new DeadlineQueue<Wait>();
  private readonly tables: ByteMap<KeyQueues>[];
  /** Keys that are ready, from readyTaken on. */
  private readonly ready: KeyQueues[] = [];
  private readyTaken = 0;
  /** Ready keys whose clients CLIENT PAUSE holds back. */
  private postponed: KeyQueues[] = [];

  constructor(private readonly keyspace: Keyspace) {
    this.tables = keyspace.databases.map(() => new ByteMap(keyspace.hasher));
  }

  // --- figures -----------------------------------------------------------------------------------------------------

  /** Keys that somebody waits for. */
  get keys(): number {
    let keys = 0;
    for (const table of this.tables) keys += table.size;
    return keys;
  }

  /** Clients that wait with a deadline. */
  get clientsWithDeadline(): number {
    return this.deadlines.size;
  }

  /** Who is to be woken first by the time, or null. */
  get firstDeadline(): Wait | null {
    return this.deadlines.first;
  }

  // --- waiting -----------------------------------------------------------------------------------------------------

  /**
   * Lets a client wait for the keys at the arguments first, first + 1, … of its request, `count` of them, until
   * `deadline` (µs of the monotonic clock, 0: for ever).
   */
  add(wait: Wait, db: Database, first: number, count: number, deadline: number): void {
    if (this.clients++ === 0) this.keyspace.listen(this);
    const { client, request } = wait;
    client.wait = wait;
    client.blocked = true;
    for (let i = first; i < first + count; i++) this.enqueue(wait, db, request.buf, request.starts[i], request.ends[i]);
    wait.deadline = deadline;
    if (deadline !== 0) this.deadlines.add(wait);
  }

  private enqueue(wait: Wait, db: Database, buf: Uint8Array, start: number, end: number): void {
    const table = this.tables[db.id];
    const hash = table.hash(buf, start, end);
    let queues = table.find(hash, buf, start, end);
    if (queues === null) {
      queues = new KeyQueues(db, copyOfRange(buf, start, end), hash);
      table.add(queues);
    }
    const before = queues.deletionCount;
    queues.add(wait);
    if (before === 0 && queues.deletionCount > 0) this.deletionKeys++;
  }

  /** Nobody has to serve this client any more. */
  remove(wait: Wait): void {
    for (const place of wait.places) {
      const { queues } = place;
      queues.remove(place);
      if (wait.wakeOnDelete && queues.deletionCount === 0) this.deletionKeys--;
      if (queues.count === 0) this.tables[queues.db.id].remove(queues);
    }
    wait.places.length = 0;
    this.deadlines.remove(wait);
    wait.client.wait = null;
    wait.client.blocked = false;
    if (--this.clients === 0) this.keyspace.unlisten(this);
  }

  /** The client is gone. */
  forget(client: Client): void {
    if (client.wait !== null) this.remove(client.wait);
  }

  // --- readiness ---------------------------------------------------------------------------------------------------

  /** The key that became ready first, which is ready no longer, or null. */
  takeReady(): KeyQueues | null {
    if (this.readyTaken === this.ready.length) {
      this.ready.length = 0;
      this.readyTaken = 0;
      this.hasReady = false;
      return null;
    }
    const queues = this.ready[this.readyTaken++];
    queues.isReady = false;
    return queues;
  }

  /** CLIENT PAUSE holds back somebody who waits for this key, which is ready. */
  postpone(queues: KeyQueues): void {
    if (!this.postponed.includes(queues)) this.postponed.push(queues);
  }

  /** CLIENT PAUSE is over. */
  pauseEnded(): void {
    const { postponed } = this;
    this.postponed = [];
    for (const queues of postponed) this.markReady(queues);
  }

  private markReady(queues: KeyQueues): void {
    if (queues.isReady) return;
    queues.isReady = true;
    this.ready.push(queues);
    if (this.hasReady) return;
    this.hasReady = true;
    this.onReady();
  }

  keyChanged(db: Database, key: Uint8Array, start: number, end: number): void {
    const queues = this.tables[db.id].get(key, start, end);
    if (queues !== null) this.markReady(queues);
  }

  // The change that these belong to is announced, too.
  keyEvent(): void {}
  keyCreated(): void {}
  keyMissed(): void {}

  keyExpired(db: Database, key: Uint8Array, start: number, end: number): void {
    this.keyChanged(db, key, start, end);
  }

  keyEvicted(db: Database, key: Uint8Array, start: number, end: number): void {
    this.keyChanged(db, key, start, end);
  }

  flushing(db: Database): void {
    if (this.deletionKeys === 0) return;
    for (const queues of this.tables[db.id].values()) if (queues.deletionCount > 0) this.markReady(queues);
  }

  /** Every key that changes with the databases, and that is not missing before and after. */
  swapping(a: Database, b: Database): void {
    for (const db of [a, b]) {
      const other = db === a ? b : a;
      for (const queues of this.tables[db.id].values()) {
        const { key } = queues;
        if (queues.deletionCount > 0 || other.find(key, 0, key.length) !== 0) this.markReady(queues);
      }
    }
  }
}
