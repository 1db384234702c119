/**
 * The gate: what all connections share, who is let in, and who is sent away for what it sends or does not read.
 */

import { isLoopback } from "../admin/client/local-client";
import type { OutputLimit } from "../admin/config/special";
import type { Dispatcher } from "../command/dispatcher";
import type { ServerContext } from "../command/server-context";
import type { AofLog } from "../persist/aof/aof-log";
import * as errors from "../resp/errors";
import type { ReplyWriter } from "../resp/reply-writer";
import type { ParserLimits } from "../resp/request-parser";
import { RequestParser } from "../resp/request-parser";
import { Client } from "../session/client";
import { describeClient } from "../session/client-info";
import type { ClientMemory } from "../session/client-memory";
import { quoteRepr } from "../util/bytes";
import { freeMemory } from "../util/free-memory";
import type { Connection } from "./connection";
import { LookAhead } from "./look-ahead";
import { isFreed } from "./received-chunk";
import { Handshakes } from "./tls/handshakes";

/** How much of a malformed request is logged, and of a query buffer that grew too large. */
const SAMPLE_BYTES = 128;
const BUFFER_SAMPLE_BYTES = 64;
/** Replies to a batch that are no longer never exceed the hard limit: Redis's buffer before the list that it counts. */
const UNCOUNTED_BYTES = 16 * 1024;
/** What a peer that has not authenticated may leave unread, whatever its limit is. Redis (7.2.8): 1 KiB beside that buffer. */
const STRANGER_OUTPUT = UNCOUNTED_BYTES + 1024;

export class Gate {
  readonly parser: RequestParser;
  readonly dispatcher: Dispatcher;
  readonly reply: ReplyWriter;
  readonly lookAhead = new LookAhead();
  readonly handshakes: Handshakes;
  /** Whose commands are being run, null between batches. */
  serving: Client | null = null;
  readonly clientMemory: ClientMemory;
  private readonly parserLimits: ParserLimits;
  /** What replies may have to wait for: the end of the append-only file. */
  readonly aofLog: AofLog;
  /** Bytes of effects before the commands that are being run. */
  servedFrom = 0;
  /** Connections to which something was pushed, or whose replies wait. */
  private due: Connection[] = [];
  /** Those of them that wait for effects of their own, since the log has stalled. */
  private stalled: Connection[] = [];

  constructor(
    readonly server: ServerContext,
    reply: ReplyWriter,
  ) {
    this.reply = reply;
    reply.onOverflow = () => {
      if (this.serving !== null) this.serving.closing = true;
    };
    this.dispatcher = server.dispatcher;
    this.clientMemory = server.clients.memory;
    this.parserLimits = { maxBulk: server.config.protoMaxBulkLen, authenticated: true };
    this.parser = new RequestParser(this.parserLimits);
    this.handshakes = new Handshakes(server);
    this.aofLog = server.aof.out;
    this.aofLog.onWritten = () => this.flushDue();
    this.aofLog.onCommitting = () => this.takeDue();
    this.aofLog.onCommitted = (commit) => this.flushCommitted(commit as Connection[]);
    this.aofLog.onStalled = () => this.releaseReaders();
    this.aofLog.onFailed = () => this.refuseWriters();
  }

  get stats(): ServerContext["stats"] {
    return this.server.stats;
  }

  /** Reads the clocks before a run of commands; returns µs of the monotonic clock. */
  startBatch(): number {
    this.parserLimits.maxBulk = this.server.config.protoMaxBulkLen;
    return this.dispatcher.startBatch();
  }

  /** Lets go of the input that was served last: a large value would stay in memory until the next command. */
  releaseInput(): void {
    this.parser.release();
    this.dispatcher.release();
  }

  /** A received chunk has been served. */
  release(chunk: Buffer): void {
    if (!isFreed(chunk)) return;
    this.server.propagation.release();
    freeMemory(chunk);
  }

  // --- who is let in -----------------------------------------------------------------------------------------------

  /** The error bytes for a connection that is not let in, or null. `address` is "" for a unix socket. */
  refuse(address: string): string | null {
    return this.isFull ? errors.MAX_CLIENTS : this.refuseAddress(address);
  }

  get isFull(): boolean {
    return this.server.clients.size >= this.server.config.maxclients;
  }

  /** As `refuse`, for a client that has its place already: protected mode only. */
  refuseAddress(address: string): string | null {
    const { config, acl } = this.server;
    const open = !config.protectedMode || !acl.defaultUser.noPassword || address === "" || isLoopback(address);
    return open ? null : errors.PROTECTED_MODE;
  }

  newClient(connection: Connection): Client {
    const { server } = this;
    const client = new Client(
      server.clients.nextId(),
      connection,
      server.clock.monotonic(),
      server.acl.defaultUser,
      !server.acl.authenticationRequired,
    );
    server.clients.add(client);
    return client;
  }

  /** The connection is over: nothing may refer to the client any more. */
  clientGone(client: Client): void {
    this.server.pause.forget(client);
    this.server.blocking.forget(client);
    this.server.watches.forget(client);
    this.server.pubsub.forget(client);
    this.server.tracking.forget(client);
    this.server.monitors.remove(client);
    this.server.clients.remove(client);
  }

  // --- what is sent beside replies ---------------------------------------------------------------------------------

  /** Sends what waits for a connection at the end of the batch of commands: one write however many messages come. */
  flushLater(connection: Connection): void {
    if (this.due.push(connection) === 1) this.flushSoon();
  }

  /** Something is to be sent when the batch of commands is over, or soon, if there is none. */
  flushSoon(): void {
    if (this.serving === null) setImmediate(() => this.flushDue());
  }

  flushDue(): void {
    this.server.tracking.broadcast();
    if (this.due.length + this.stalled.length === 0) return;
    if (!this.aofLog.pending) for (const connection of this.takeWaiting()) connection.flushPushed();
    else if (this.aofLog.isStalled) this.releaseReaders();
  }

  /** All who wait for something to be sent. */
  private takeWaiting(): Connection[] {
    const { due, stalled } = this;
    this.due = [];
    if (stalled.length === 0) return due;
    this.stalled = [];
    return [...stalled, ...due];
  }

  /** Whether the commands that are being run have had effects. */
  get hasAppended(): boolean {
    return this.serving !== null && this.aofLog.appended !== this.servedFrom;
  }

  /** All effects are written, and being flushed to the disk: those whose replies leave when that is over. */
  private takeDue(): Connection[] {
    const waiting = this.takeWaiting();
    for (const connection of waiting) connection.awaitCommit();
    return waiting;
  }

  private flushCommitted(connections: readonly Connection[]): void {
    for (const connection of connections) connection.flushCommitted();
  }

  /** The effects could not be written. They are tried again, but nobody is told that they are safe. */
  private refuseWriters(): void {
    const error = Buffer.from(`-${this.server.persistence.aofRefusal ?? errors.GENERIC}\r\n`, "latin1");
    for (const connection of this.takeWaiting()) {
      if (connection.mustWait) connection.refuseHeld(error);
      connection.flushPushed();
    }
  }

  /** The effects are not written in this turn: what is for those who have changed nothing need not wait. */
  private releaseReaders(): void {
    const { due } = this;
    this.due = [];
    for (const connection of due) {
      if (connection.mustWait) this.stalled.push(connection);
      else connection.flushPushed();
    }
  }

  // --- who is sent away --------------------------------------------------------------------------------------------

  /** Writes the error reply to a malformed request; the connection ends after it. */
  protocolError(client: Client, reason: string, input: Buffer): void {
    this.reply.error(`ERR Protocol error: ${reason}`);
    this.stats.countError(this.reply.lastError);
    const sample = quoteRepr(input.subarray(0, SAMPLE_BYTES));
    this.server.log.verbose(
      `Protocol error (${reason}) from client: ${describeClient(this.server, client)}. ` +
        `Query buffer during protocol error: ${sample}`,
    );
  }

  /** More waits in the query buffer than client-query-buffer-limit allows. */
  queryBufferExceeded(connection: Connection, input: Buffer): void {
    this.stats.clientQueryBufferLimitDisconnections++;
    this.server.log.warning(
      `Closing client that reached max query buffer length: ${describeClient(this.server, connection.client)} ` +
        `(qbuf initial bytes: ${quoteRepr(input.subarray(0, BUFFER_SAMPLE_BYTES))})`,
    );
    connection.close();
  }

  /**
   * Ends a connection whose peer leaves more replies unread than its class may: the hard limit at once, the soft limit
   * after it has been exceeded without a break for its time. Called when output grows, and by cron.
   */
  checkOutput(connection: Connection): void {
    const { client } = connection;
    const limit = this.limitOf(client);
    const waiting = connection.outputBytes;
    let exceeded = limit.hard > 0 && waiting > limit.hard;
    if (limit.soft > 0 && waiting > limit.soft) {
      const now = this.server.clock.now();
      if (client.softLimitSince === 0) client.softLimitSince = now;
      else if (now - client.softLimitSince > limit.softSeconds * 1000) exceeded = true;
    } else {
      client.softLimitSince = 0;
    }
    if (exceeded || (waiting > STRANGER_OUTPUT && !connection.mayDoAll)) this.outputExceeded(connection);
  }

  /** The limits of a client's class. */
  private limitOf(client: Client): OutputLimit {
    const limits = this.server.config.clientOutputBufferLimit;
    return client.subscriptions === null ? limits.normal : limits.pubsub;
  }

  /** How many bytes the replies to one batch of commands may be, beside those that wait already. */
  replyLimit(connection: Connection): number {
    const { hard } = this.limitOf(connection.client);
    return hard === 0 ? Number.POSITIVE_INFINITY : Math.max(hard, UNCOUNTED_BYTES) - connection.outputBytes;
  }

  /** The client gets nothing more, and nothing of what waits. */
  outputExceeded(connection: Connection): void {
    const { client } = connection;
    this.stats.clientOutputBufferLimitDisconnections++;
    this.server.log.warning(
      `Client ${describeClient(this.server, client)} scheduled to be closed ASAP for overcoming of output buffer limits.`,
    );
    connection.close();
  }
}
