/**
 * One connection: bytes in, replies out, and back-pressure between them.
 *
 * All connections share the parser and the reply writer: what is in them never outlives one `data` event. A connection
 * keeps something of its own only while it has to: the start of a command whose end has not arrived, commands that
 * CLIENT PAUSE holds back, or replies that the peer has not taken. An idle connection is this object and its Client.
 *
 * A client that sends more than it reads replies for is not served any further once OUTPUT_HIGH bytes wait, and what it
 * sends stays in the kernel once INPUT_HIGH bytes of commands wait: memory stays bounded however it behaves.
 */

import type { Socket } from "bun";
import { HELD } from "../command/dispatcher";
import { refuseReplies } from "../resp/reply-split";
import { PARSED_COMMAND, PARSED_ERROR, PARSED_NOTHING, Partial, REQUEST_MAX } from "../resp/request-parser";
import { type Client, REPLY_OFF, REPLY_SKIP_NEXT, type Transport } from "../session/client";
import { freeMemory, LARGE_BUFFER } from "../util/free-memory";
import { sendDirectly } from "./direct-send";
import type { Gate } from "./gate";
import { OutputQueue, type Sink } from "./output-queue";

/** Replies are sent on when this many bytes have gathered, in the middle of a batch of commands. */
const FLUSH_BYTES = 256 * 1024;
/** Less input than this is hardly more than one command. */
const PIPELINE_MIN = 64;
/** Input larger than this is not held on to until the next arrives. */
const RETAINED_BYTES = 1024 * 1024;
/** A client is not served while this much waits for it. */
const OUTPUT_HIGH = 16 * 1024 * 1024;
/** Nothing more is read for a client that is held back with this much of commands. */
const INPUT_HIGH = 1024 * 1024;

const NO_INPUT = Buffer.alloc(0);

export class Connection implements Transport, Sink {
  client!: Client;
  private partial: Partial | null = null;
  private output: OutputQueue | null = null;
  private reading = true;
  private closed = false;
  private closeWhenSent = false;
  /** What waits is sent at the end of this batch of commands. */
  private flushIsDue = false;
  /** What waits is not sent before the effects are written that it tells of (group commit), from `heldFrom` on. */
  private isHeld = false;
  private heldFrom = 0;
  /** There are effects of its own among them. */
  private hasWritten = false;
  /** Its addresses, once somebody has asked: for CLIENT LIST the system would be asked for each of thousands. */
  private peer: string | null = null;
  private local: string | null = null;
  /** How much of what waits is sent when the flush of the disk is over that is going on. */
  private committing = 0;
  /** The peer has sent its last byte, and still reads. */
  private inputOver = false;

  constructor(
    private readonly gate: Gate,
    private readonly socket: Socket<Connection>,
    private readonly unixPath: string,
    private readonly isTls: boolean,
  ) {}

  // --- input -------------------------------------------------------------------------------------------------------

  /** Takes a received chunk. It is not kept: what is left of it is copied. */
  receive(chunk: Buffer): void {
    const { gate, client } = this;
    gate.stats.inputBytes += chunk.length;
    gate.stats.readsProcessed++;
    client.inputTotal += chunk.length;
    client.lastInteraction = gate.startBatch();
    let at = 0;
    while (at < chunk.length && this.mayServe) {
      if (this.partial === null) {
        gate.parser.begin(chunk, at, chunk.length);
        this.serve();
        return;
      }
      // What an earlier chunk began comes first.
      at += this.partial.fill(chunk, at);
      if (this.exceedsQueryBuffer()) return;
      if (this.partial.needed === 0) this.servePartial();
    }
    if (at < chunk.length && !client.closing) this.keep(chunk, at);
    if (gate.clientMemory.counting) this.count();
  }

  /** Says that the buffers have changed. */
  private count(): void {
    if (!this.closed) this.gate.clientMemory.update(this.client);
  }

  /** Puts a chunk aside, of a client that is not served now. */
  private keep(chunk: Buffer, at: number): void {
    let next = at;
    this.partial ??= new Partial(Buffer.alloc(0));
    while (next < chunk.length) next += this.partial.fill(chunk, next);
    if (!this.exceedsQueryBuffer()) this.regulate();
  }

  private exceedsQueryBuffer(): boolean {
    const { partial, gate } = this;
    const limit = Math.min(gate.server.config.clientQueryBufferLimit, REQUEST_MAX);
    // What is queued for EXEC waits to be run, too.
    const queued = this.client.transaction?.argumentBytes ?? 0;
    if ((partial?.length ?? 0) + queued <= limit) return false;
    gate.queryBufferExceeded(this, partial?.buffer ?? NO_INPUT);
    return true;
  }

  private servePartial(): void {
    const served = this.partial as Partial;
    this.gate.parser.restore(served);
    this.serve();
    if (this.partial !== served) this.gate.release(served.buffer);
  }

  private get mayServe(): boolean {
    const { client } = this;
    return !client.paused && !client.blocked && !client.closing && (this.output?.bytes ?? 0) < OUTPUT_HIGH;
  }

  /** Runs every complete command of what the parser holds, sends the replies, and keeps the rest. */
  private serve(): void {
    const { client, gate } = this;
    const { parser, dispatcher, reply } = gate;
    gate.serving = client;
    reply.limit = gate.replyLimit(this);
    if (gate.aofLog.isActive) gate.servedFrom = gate.aofLog.appended;
    parser.limits.authenticated = this.mayDoAll;
    let status: number;
    gate.lookAhead.reset();
    gate.server.keyspace.members.begin(parser.input, parser.inputEnd);
    for (;;) {
      if (parser.remaining > PIPELINE_MIN) this.lookAhead();
      status = parser.next();
      if (status !== PARSED_COMMAND) break;
      if (parser.argc === 0) {
        client.startReply();
        continue;
      }
      if (dispatcher.execute(client, parser) === HELD) {
        parser.rewind();
        status = PARSED_NOTHING;
        break;
      }
      if (reply.length >= FLUSH_BYTES) this.flush();
      if (parser.remaining === 0 || !this.mayServe) break;
      parser.limits.authenticated = this.mayDoAll;
    }
    dispatcher.endBatch(status === PARSED_COMMAND ? parser : null);
    if (status === PARSED_ERROR) this.protocolError();
    this.partial = this.closed || client.closing ? null : parser.suspend();
    if (parser.held > RETAINED_BYTES) gate.releaseInput();
    if (client.transaction !== null && !client.closing) this.exceedsQueryBuffer();
    this.flush();
    gate.serving = null;
    reply.limit = Number.POSITIVE_INFINITY;
    gate.server.keyspace.hints.clear();
    gate.server.keyspace.members.clear();
    gate.flushDue();
    if (gate.clientMemory.counting) this.count();
    this.regulate();
  }

  /** Whether the client need not authenticate any more. */
  get mayDoAll(): boolean {
    return this.client.authenticated || !this.gate.server.acl.authenticationRequired;
  }

  private lookAhead(): void {
    const { parser, lookAhead, server } = this.gate;
    lookAhead.advance(server.keyspace.databases[this.client.database], parser.input, parser.position, parser.inputEnd);
  }

  private protocolError(): void {
    const { replyMode } = this.client;
    this.gate.reply.muted = replyMode === REPLY_OFF || replyMode === REPLY_SKIP_NEXT;
    this.gate.protocolError(this.client, this.gate.parser.error, this.gate.parser.rest());
    this.client.closing = true;
  }

  /** Stops or starts reading from the socket, by what waits. */
  private regulate(): void {
    if (this.partial === null && this.reading && !this.client.closing) return;
    if (this.closed) return;
    const held = !this.mayServe && (this.partial?.length ?? 0) >= INPUT_HIGH;
    if (held === this.reading) {
      this.reading = !held;
      if (held) this.socket.pause();
      else this.socket.resume();
    }
    if (this.client.closing) this.closeAfterReply();
  }

  /** Goes on in a turn of its own: whoever calls this may be in the middle of another client's command. */
  resume(): void {
    if (this.partial !== null || !this.reading || this.inputOver) setImmediate(() => this.goOn());
  }

  private goOn(): void {
    if (this.closed) return;
    if (!this.mayServe) {
      // Nobody hears what a blocked client waits for.
      if (this.inputOver && this.client.blocked && this.outputBytes === 0) this.close();
      return;
    }
    if (this.partial !== null && this.partial.needed === 0) {
      this.gate.startBatch();
      this.servePartial();
    } else {
      this.regulate();
    }
    if (this.inputOver && this.outputBytes === 0) this.close();
  }

  /**
   * The peer has ended its side. Replies that wait for it are still sent, and so are those to commands that were held
   * back for their sake; then, or at once when there are none, the connection ends.
   */
  inputEnded(): void {
    this.inputOver = true;
    if (this.outputBytes === 0) this.close();
  }

  // --- output ------------------------------------------------------------------------------------------------------

  /** Sends what the reply writer holds. */
  private flush(): void {
    const { reply } = this.gate;
    const { length } = reply;
    if (reply.overflowed || length > reply.limit) {
      this.dropReplies();
      return;
    }
    if (length === 0) return;
    if (this.closed) {
      reply.truncate(0);
      return;
    }
    this.client.outputTotal += length;
    let sent = 0;
    if (this.gate.aofLog.pending && this.waitsForCommit()) this.hold();
    else if (this.output === null || this.output.isEmpty) sent = this.write(reply.buf, 0, length);
    this.gate.stats.outputBytes += sent;
    this.gate.stats.writesProcessed++;
    if (length > LARGE_BUFFER) this.leaveLarge(sent);
    else if (sent < length) this.queueReply(sent, length);
    reply.truncate(0);
  }

  /** Offers bytes to the socket; returns how many it took. For the queue, and for replies when the queue is empty. */
  write(buf: Buffer, at: number, length: number): number {
    if (this.isTls) return Math.max(0, this.socket.write(buf, at, length));
    return sendDirectly(this.socket, buf, at, length);
  }

  /** The replies are more than client-output-buffer-limit allows: the client gets none of them, and goes. */
  private dropReplies(): void {
    const { reply } = this.gate;
    reply.overflowed = false;
    reply.limit = Number.POSITIVE_INFINITY;
    reply.truncate(0);
    if (reply.buf.length > LARGE_BUFFER) freeMemory(reply.detach());
    if (!this.closed) this.gate.outputExceeded(this);
  }

  /** Whether the replies that the writer holds wait until effects are written: its own, or any if that is soon. */
  private waitsForCommit(): boolean {
    const { aofLog, hasAppended } = this.gate;
    // What is appended while nothing can be written is of no command of a client: those are refused.
    if (aofLog.writeError !== null) return false;
    if (hasAppended) this.hasWritten = true;
    return this.hasWritten || !aofLog.isStalled;
  }

  /** What is queued from now on is sent when the effects are written. */
  private hold(): void {
    if (!this.isHeld) this.heldFrom = this.outputBytes;
    this.isHeld = true;
    this.becomeDue();
  }

  private becomeDue(): void {
    if (this.flushIsDue) return;
    this.flushIsDue = true;
    this.gate.flushLater(this);
  }

  /** The effects that all of its replies tell of are written, and being flushed to the disk. */
  awaitCommit(): void {
    this.committing = this.outputBytes;
    if (!this.isHeld) this.heldFrom = this.committing;
    this.isHeld = true;
  }

  /** That flush is over. What has come since then waits for the next. */
  flushCommitted(): void {
    const { output, gate } = this;
    if (output === null || output.bytes <= this.committing || !gate.aofLog.pending) {
      this.flushPushed();
      return;
    }
    if (output.bytes >= OUTPUT_HIGH) this.resume();
    const rest = output.takeFrom(this.committing);
    gate.stats.outputBytes += output.drain(this);
    if (this.closed) return;
    this.heldFrom = output.bytes;
    output.add(rest);
    gate.flushLater(this);
    if (gate.clientMemory.counting) this.count();
  }

  /** Its effects could not be written: it gets `error` in the place of each reply that tells of them. */
  refuseHeld(error: Buffer): void {
    if (this.output === null) return;
    this.output.add(refuseReplies(this.output.takeFrom(this.heldFrom), error));
  }

  /** Whether it waits for effects of its own. */
  get mustWait(): boolean {
    return this.hasWritten;
  }

  private queueReply(sent: number, length: number): void {
    this.waiting.copy(this.gate.reply.buf, sent, length);
    this.outputGrew();
  }

  /** Parts with the writer's buffer, of which `sent` bytes have been sent: the queue has it until the rest has, too. */
  private leaveLarge(sent: number): void {
    const { reply } = this.gate;
    const { length } = reply;
    const buf = reply.detach();
    if (sent === length) {
      freeMemory(buf);
      return;
    }
    this.waiting.give(buf.subarray(sent, length));
    this.outputGrew();
  }

  private outputGrew(): void {
    this.gate.checkOutput(this);
    if (this.gate.clientMemory.counting) this.count();
  }

  checkOutput(): void {
    if (this.output !== null) this.gate.checkOutput(this);
  }

  push(bytes: Buffer): void {
    if (this.preparePush(bytes.length)) this.waiting.add(bytes);
  }

  send(source: Buffer, start: number, end: number): void {
    if (!this.preparePush(end - start)) return;
    // Whoever was woken by an effect may have had one itself (BLMOVE): its reply waits as if it had sent the command now.
    if (this.gate.hasAppended) {
      this.hasWritten = true;
      this.hold();
    }
    this.waiting.copy(source, start, end);
  }

  private get waiting(): OutputQueue {
    this.output ??= OutputQueue.obtain();
    return this.output;
  }

  /** Bytes for this client come from outside of its own requests. They are sent together, when the batch is over. */
  private preparePush(length: number): boolean {
    // What the writer holds for this client was written earlier and goes out first.
    if (this.gate.serving === this.client) this.flush();
    if (this.closed) return false;
    this.client.outputTotal += length;
    this.becomeDue();
    return true;
  }

  /** The batch is over in which something was pushed; what was held is not held any more. */
  flushPushed(): void {
    this.flushIsDue = false;
    this.isHeld = false;
    this.hasWritten = false;
    // Commands may have waited for all of that to be sent.
    if (this.outputBytes >= OUTPUT_HIGH) this.resume();
    this.sendWaiting();
    if (this.gate.clientMemory.counting) this.count();
    if (this.output === null) {
      if (this.inputOver && !this.closed) this.close();
      return;
    }
    this.gate.stats.writesProcessed++;
    this.gate.checkOutput(this);
  }

  /** Sends as much of what waits as the socket takes. */
  private sendWaiting(): void {
    const { output } = this;
    if (output === null || this.isHeld) return;
    this.gate.stats.outputBytes += output.drain(this);
    if (this.closed || !output.isEmpty) return;
    this.output = null;
    output.release();
    if (this.closeWhenSent) this.close();
  }

  /** The socket takes bytes again. */
  drained(): void {
    if (this.output === null) return;
    // Somebody who reads a long reply slowly is not idle.
    this.client.lastInteraction = this.gate.server.clock.monotonic();
    this.sendWaiting();
    if (this.gate.clientMemory.counting) this.count();
    this.goOn();
  }

  // --- end ---------------------------------------------------------------------------------------------------------

  closeAfterReply(): void {
    this.client.closing = true;
    if (this.outputBytes === 0 && (this.gate.serving !== this.client || this.gate.reply.length === 0)) this.close();
    else this.closeWhenSent = true;
  }

  /** Ends it at once: what waits, in either direction, is dropped. */
  close(): void {
    this.client.closing = true;
    if (this.closed) return;
    this.ended();
    this.socket.end();
  }

  /** Ends a connection that is not let in, with the reason. */
  refuse(reason: string): void {
    if (this.closed) return;
    this.client.closing = true;
    this.ended();
    this.socket.end(reason);
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Whatever ended the connection, it is over, and the client is gone for everybody. */
  ended(): void {
    this.closed = true;
    // What nobody will ask for; the end of a command that ends its own connection is still with the parser.
    if (this.partial !== null && this.gate.serving !== this.client) this.gate.release(this.partial.buffer);
    this.partial = null;
    this.output?.discard();
    this.output = null;
    this.gate.clientGone(this.client);
  }

  // --- figures -----------------------------------------------------------------------------------------------------

  get address(): string {
    this.peer ??=
      this.unixPath !== "" ? `${this.unixPath}:0` : formatAddress(this.socket.remoteAddress, this.socket.remotePort);
    return this.peer;
  }

  get localAddress(): string {
    if (this.unixPath !== "") return this.address;
    this.local ??= formatAddress(this.socket.localAddress, this.socket.localPort);
    return this.local;
  }

  get fd(): number {
    return (this.socket as unknown as { fd: number }).fd;
  }

  get inputBytes(): number {
    // What is being served is with the parser, all of it until the last command is done.
    if (this.gate.serving === this.client) return this.gate.parser.held;
    return this.partial?.unparsed ?? 0;
  }

  get inputFree(): number {
    return this.partial === null ? 0 : this.partial.buffer.length - this.partial.length;
  }

  get replyBytes(): number {
    return this.gate.serving === this.client ? this.gate.reply.length : 0;
  }

  get outputBytes(): number {
    return this.output?.bytes ?? 0;
  }

  get outputChunks(): number {
    return this.output?.chunkCount ?? 0;
  }

  get memoryBytes(): number {
    return CONNECTION_BYTES + (this.partial?.buffer.length ?? 0) + this.outputBytes;
  }
}

/** What a connection and its client take when idle, bytes (measured: see bench/README.md). */
const CONNECTION_BYTES = 2048;

function formatAddress(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return "";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
