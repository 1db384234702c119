/**
 * Client state: what the server knows of one client: a connection, or who runs the commands of an append-only file again.
 * The connection itself is behind Transport.
 */

import type { User } from "../admin/acl/user";
import { bytesOfArguments } from "../resp/request";
import type { Wait } from "./blocking";
import { ClientMemory, NO_BUCKET } from "./client-memory";
import type { Subscriptions } from "./pubsub";
import { type ClientTracking, Tracking } from "./tracking";
import type { Transaction } from "./transaction";
import type { WatchedKey } from "./watch";

/** How a client is reached. */
export interface Transport {
  /** "127.0.0.1:51324", or "/path:0" for a unix socket; "" when there is no connection. */
  readonly address: string;
  readonly localAddress: string;
  /** Descriptor, -1 without one. */
  readonly fd: number;
  /** Bytes received that are not parsed yet, and the room left in their buffer. */
  readonly inputBytes: number;
  readonly inputFree: number;
  /** Bytes of the replies to a run of commands that is still going on. */
  readonly replyBytes: number;
  /** Bytes and chunks that the peer has not taken yet. */
  readonly outputBytes: number;
  readonly outputChunks: number;
  /** Memory of the connection, bytes. */
  readonly memoryBytes: number;
  /** Queues bytes outside the request path (pub/sub, invalidations). They are not copied, and must not change. */
  push(bytes: Buffer): void;
  /** Queues a copy of `source[start, end)` outside the request path: the reply to a command that was blocked. */
  send(source: Buffer, start: number, end: number): void;
  /** Ends the connection once what is queued has been sent. */
  closeAfterReply(): void;
  /** Ends the connection at once. */
  close(): void;
  /** Ends the connection if its unread replies exceed their limit. */
  checkOutput(): void;
  /** Goes on with the commands that were held back. */
  resume(): void;
}

/** Of a client without a connection. */
export const NO_TRANSPORT: Transport = {
  address: "",
  localAddress: "",
  fd: -1,
  inputBytes: 0,
  inputFree: 0,
  replyBytes: 0,
  outputBytes: 0,
  outputChunks: 0,
  memoryBytes: 0,
  push() {},
  send() {},
  closeAfterReply() {},
  close() {},
  checkOutput() {},
  resume() {},
};

export const REPLY_ON = 0;
export const REPLY_OFF = 1;
/** The next command's reply is left out, and the one in progress is the CLIENT REPLY SKIP itself. */
export const REPLY_SKIP_NEXT = 2;
const REPLY_SKIP = 3;

export class Client {
  name = "";
  libraryName = "";
  libraryVersion = "";
  /** Number of the selected database. */
  database = 0;
  /** 2 or 3. */
  protocol = 2;
  authenticated: boolean;
  /** The user that it has logged in as; before it has, the default user. */
  user: User;
  replyMode = REPLY_ON;
  noEvict = false;
  noTouch = false;
  /** The connection goes away as soon as the reply is sent: nothing more is read from it. */
  closing = false;
  /** Waiting: for CLIENT PAUSE to end, or in a blocking command. */
  paused = false;
  blocked = false;
  /** What it has sent since MULTI; null outside a transaction. */
  transaction: Transaction | null = null;
  /** What it watches, and whether any of that has changed: then it watches nothing any more. */
  readonly watched: WatchedKey[] = [];
  isDirty = false;
  /** What it listens to; null: nothing. */
  subscriptions: Subscriptions | null = null;
  /** It is shown every command (MONITOR). */
  monitors = false;
  /** How it tracks the keys that it reads (CLIENT TRACKING); null: it does not. */
  tracking: ClientTracking | null = null;
  /** What it is in the table of keys that clients have read; 0: it never has tracked any. */
  trackingNumber = 0;
  /** Its command is being run: what is pushed to it meanwhile comes after the reply. */
  isRunning = false;
  /** Clients are served that its command has woken: what is pushed to it meanwhile comes after its reply, too. */
  gathersPushes = false;
  pushed: Buffer[] | null = null;
  /** What it waits for while it is in a blocking command. */
  wait: Wait | null = null;
  /** Its memory as it was last counted, and where: see ClientMemory. */
  countedBytes = 0;
  memoryBucket = NO_BUCKET;
  /** Since when (ms) the soft output limit has been exceeded; 0: it is not. */
  softLimitSince = 0;
  /** Full name of the last command, run or refused; "" before the first, and after one that does not exist. */
  lastCommand = "";
  /** µs of the monotonic clock. */
  readonly createdAt: number;
  lastInteraction: number;
  inputTotal = 0;
  outputTotal = 0;
  commandsTotal = 0;

  constructor(
    readonly id: number,
    readonly transport: Transport,
    now: number,
    user: User,
    authenticated: boolean,
  ) {
    this.user = user;
    this.createdAt = now;
    this.lastInteraction = now;
    this.authenticated = authenticated;
  }

  /** Sends bytes that are no reply; they must not change. */
  push(bytes: Buffer): void {
    if (!this.isRunning && !this.gathersPushes) this.transport.push(bytes);
    else if (this.pushed === null) this.pushed = [bytes];
    else this.pushed.push(bytes);
  }

  /** There will be something to be sent after the reply to the command that is being run. */
  expectPush(): void {
    this.pushed ??= [];
  }

  /** Bytes of the arguments of the command that it is blocked in. */
  get waitingBytes(): number {
    return this.wait === null ? 0 : bytesOfArguments(this.wait.request);
  }

  /** Memory of what is queued, and of what is watched, bytes. */
  get transactionBytes(): number {
    let bytes = this.transaction?.memoryBytes ?? 0;
    for (const { memoryBytes } of this.watched) bytes += memoryBytes;
    return bytes;
  }

  /** Memory of the client in all, bytes. */
  get memoryBytes(): number {
    const subscriptions = this.subscriptions?.memoryBytes ?? 0;
    const listening = subscriptions + Tracking.memoryOf(this.tracking);
    return this.transport.memoryBytes + this.waitingBytes + this.transactionBytes + listening;
  }

  /** A command begins, be it an empty one: CLIENT REPLY SKIP concerns one command only. Returns whether to answer. */
  startReply(): boolean {
    if (this.replyMode === REPLY_SKIP_NEXT) this.replyMode = REPLY_SKIP;
    else if (this.replyMode === REPLY_SKIP) this.replyMode = REPLY_ON;
    return this.replyMode === REPLY_ON;
  }

  /** The command that began was not run, and comes again. */
  undoReply(): void {
    if (this.replyMode === REPLY_SKIP) this.replyMode = REPLY_SKIP_NEXT;
  }
}

/** All connected clients, by id. */
export class ClientRegistry {
  readonly byId = new Map<number, Client>();
  readonly memory = new ClientMemory();
  private lastId = 0;

  nextId(): number {
    return ++this.lastId;
  }

  add(client: Client): void {
    this.byId.set(client.id, client);
    if (this.memory.counting) this.memory.update(client);
  }

  remove(client: Client): void {
    this.byId.delete(client.id);
    this.memory.forget(client);
  }

  get size(): number {
    return this.byId.size;
  }

  all(): IterableIterator<Client> {
    return this.byId.values();
  }
}
