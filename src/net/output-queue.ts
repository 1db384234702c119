/**
 * What waits to be sent to a peer: a range of the messages that others get, too, or buffers in order, and the position
 * up to which the first was sent.
 *
 * A queue that holds nothing but messages of this turn which stand one behind the other in the block that all share
 * (shared-messages.ts) is a range of that block. As soon as anything else comes, or the peer does not take all of it, the
 * range becomes a buffer of the queue's own.
 *
 * A peer that does not read would keep a buffer for every small message, which takes many times the memory that is
 * counted for it; so once a queue stalls, small pieces share a block. Small buffers that stand one behind the other are
 * sent in one write.
 */

import { copyBytes } from "../util/bytes";
import { freeMemory } from "../util/free-memory";
import { SharedMessages } from "./shared-messages";

const BLOCK_BYTES = 16 * 1024;
const FIRST_BLOCK_BYTES = 1024;
/** A block of this size stays with the queue. */
const KEPT_BYTES = 512;
/** What is smaller is copied where the peer does not read. */
const SMALL_BYTES = 1024;
/** How much is gathered for one write. */
const GATHER_BYTES = 64 * 1024;
/** What is larger is not worth copying to save a write. */
const GATHERED_MAX = 16 * 1024;

/** For all queues: what it holds is written at once. */
const gathered = Buffer.allocUnsafeSlow(GATHER_BYTES);

/** For all queues, by protocol: a message is encoded for each, and who gets one does not get the other. */
const arrays = new SharedMessages();
const pushes = new SharedMessages();
const PUSH = 0x3e;

/** What takes bytes: a socket. Returns how many it took; nothing or less when it takes none. */
export interface Sink {
  write(buf: Buffer, at: number, length: number): number;
}

/** Queues that are empty, for the next that is needed: a message to a thousand clients takes a thousand for a moment. */
const spare: OutputQueue[] = [];
const SPARE_MAX = 1024;
/** Lists longer than this are not kept. */
const SPARE_CHUNKS = 64;

export class OutputQueue {
  /** An empty queue. */
  static obtain(): OutputQueue {
    return spare.pop() ?? new OutputQueue();
  }

  bytes = 0;
  /** Of what others get, too: [from, to), if that is all that waits. */
  private shared: SharedMessages | null = null;
  private from = 0;
  private to = 0;
  /** The buffers, from `head` on. */
  private chunks: Buffer[] = [];
  /** How far each is filled; only the last may have room. */
  private lengths: number[] = [];
  private head = 0;
  /** Bytes of the first that were sent. */
  private sent = 0;
  /** The peer did not take all of it when it was last offered. */
  private stalled = false;
  /** Buffers that nobody else has: they are freed as soon as they are sent. */
  private given: Set<Buffer> | null = null;
  /** The first block of what is small, each time: with an append-only file every reply waits for a moment. */
  private kept: Buffer | null = null;

  get chunkCount(): number {
    return this.shared === null ? this.chunks.length - this.head : 1;
  }

  get isEmpty(): boolean {
    return this.bytes === 0;
  }

  /** Appends a buffer, which must not change any more. */
  add(chunk: Buffer): void {
    if (this.share(chunk)) return;
    this.own();
    if (this.stalled && chunk.length < SMALL_BYTES) this.copy(chunk, 0, chunk.length);
    else if (chunk.length > 0) this.append(chunk, chunk.length);
  }

  /** As add(), of a buffer that nobody else uses any more: all memory under it is freed when it is not needed. */
  give(chunk: Buffer): void {
    this.own();
    this.append(chunk, chunk.length);
    this.given ??= new Set();
    this.given.add(chunk);
  }

  /** Appends a message to the range that waits, if that is all that waits and the message is next to it. */
  private share(chunk: Buffer): boolean {
    const { shared } = this;
    if (shared === null && (this.bytes > 0 || chunk.length === 0)) return false;
    const messages = chunk[0] === PUSH ? pushes : arrays;
    if (shared !== null && shared !== messages) return false;
    const at = messages.place(chunk);
    if (at < 0 || (shared !== null && at !== this.to)) return false;
    if (shared === null) {
      messages.hold();
      this.shared = messages;
      this.from = at;
    }
    this.to = at + chunk.length;
    this.bytes += chunk.length;
    return true;
  }

  /** Makes the range a buffer of its own. */
  private own(): void {
    const { shared } = this;
    if (shared === null) return;
    this.bytes = 0;
    this.shared = null;
    this.copy(shared.buf, this.from, this.to);
    shared.letGo();
  }

  /** Nothing more of it will be sent. */
  discard(): void {
    this.freeGiven();
    this.bytes = 0;
    this.shared?.letGo();
    this.shared = null;
  }

  /** Appends a copy of `source[at, end)`. */
  copy(source: Buffer, at: number, end: number): void {
    const length = end - at;
    if (length === 0) return;
    this.own();
    const last = this.chunks.length - 1;
    if (last < this.head) {
      // Mostly it is sent whole, and no other follows.
      const block = length > KEPT_BYTES ? Buffer.allocUnsafeSlow(length) : this.keptBlock();
      copyBytes(source, at, block, 0, length);
      this.append(block, length);
      return;
    }
    const before = this.chunks[last];
    if (before.length - this.lengths[last] >= length) {
      copyBytes(source, at, before, this.lengths[last], length);
      this.lengths[last] += length;
      this.bytes += length;
      return;
    }
    const size = Math.min(Math.max(before.length * 2, FIRST_BLOCK_BYTES), BLOCK_BYTES);
    const block = Buffer.allocUnsafeSlow(Math.max(length, size));
    copyBytes(source, at, block, 0, length);
    this.append(block, length);
  }

  private keptBlock(): Buffer {
    this.kept ??= Buffer.allocUnsafeSlow(KEPT_BYTES);
    return this.kept;
  }

  private append(chunk: Buffer, length: number): void {
    this.chunks.push(chunk);
    this.lengths.push(length);
    this.bytes += length;
  }

  /** Takes out what follows on the first `from` bytes. */
  takeFrom(from: number): Buffer {
    this.own();
    const pieces: Buffer[] = [];
    for (let i = this.head; i < this.chunks.length; i++) {
      pieces.push(this.chunks[i].subarray(i === this.head ? this.sent : 0, this.lengths[i]));
    }
    const all = Buffer.concat(pieces);
    this.freeGiven();
    this.chunks = [];
    this.lengths = [];
    this.head = 0;
    this.sent = 0;
    this.bytes = 0;
    this.add(all.subarray(0, from));
    return all.subarray(from);
  }

  private freeGiven(): void {
    if (this.given !== null) for (const chunk of this.given) freeMemory(chunk);
    this.given = null;
  }

  /** The queue is empty, and not used any more. */
  release(): void {
    if (spare.length >= SPARE_MAX || this.chunks.length > SPARE_CHUNKS) return;
    this.chunks.length = 0;
    this.lengths.length = 0;
    this.head = 0;
    this.sent = 0;
    spare.push(this);
  }

  /** Writes until everything is out or the sink takes less than it was offered. Returns the bytes written. */
  drain(sink: Sink): number {
    return this.shared === null ? this.drainBuffers(sink) : this.drainShared(this.shared, sink);
  }

  private drainShared(shared: SharedMessages, sink: Sink): number {
    const written = Math.max(0, sink.write(shared.buf, this.from, this.bytes));
    // The connection may have ended at this.
    if (this.shared === null) return written;
    this.from += written;
    this.bytes -= written;
    if (this.bytes > 0) {
      this.own();
      this.stalled = true;
    } else {
      this.shared = null;
      shared.letGo();
    }
    return written;
  }

  private drainBuffers(sink: Sink): number {
    let total = 0;
    while (this.bytes > 0) {
      const together = this.gather();
      const offered = together === 0 ? this.lengths[this.head] - this.sent : together;
      const written =
        together === 0 ? sink.write(this.chunks[this.head], this.sent, offered) : sink.write(gathered, 0, together);
      // The connection may have ended at this.
      if (written > 0 && this.bytes > 0) this.take(written);
      total += Math.max(written, 0);
      if (written < offered) break;
    }
    this.stalled = this.bytes > 0;
    return total;
  }

  /** Copies what small buffers hold to `gathered`; 0 if there is one only. */
  private gather(): number {
    if (this.chunkCount < 2) return 0;
    let together = 0;
    let from = this.sent;
    for (let i = this.head; i < this.chunks.length; i++) {
      const length = this.lengths[i] - from;
      if (length > GATHERED_MAX || together + length > GATHER_BYTES) break;
      together += this.chunks[i].copy(gathered, together, from, this.lengths[i]);
      from = 0;
    }
    return together;
  }

  /** Forgets the first `written` bytes. */
  private take(written: number): void {
    this.bytes -= written;
    let rest = this.sent + written;
    while (this.head < this.chunks.length && rest >= this.lengths[this.head]) {
      const chunk = this.chunks[this.head];
      if (this.given?.delete(chunk) === true) freeMemory(chunk);
      rest -= this.lengths[this.head++];
    }
    this.sent = rest;
    if (this.bytes === 0 && this.chunks.length <= SPARE_CHUNKS) return;
    if (this.head * 2 < this.chunks.length) return;
    // Half of the list has been sent: the buffers are let go, at a cost that the sending has paid for.
    this.chunks = this.chunks.slice(this.head);
    this.lengths = this.lengths.slice(this.head);
    this.head = 0;
  }
}
