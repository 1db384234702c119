/**
 * A transaction: the requests that a client has sent since MULTI, copied, as the buffers that they arrived in are gone
 * by the time of EXEC.
 *
 * Requests stand one behind the other in blocks; nothing is an object of its own but the commands, which are the
 * command table's. Of a request `layout` keeps
 *
 *     block | arguments | start of argument 0 | end of each argument, which is the start of the next
 *
 * so a request of n arguments takes its bytes and 12 + 4 n bytes of layout.
 */

import type { Request } from "../resp/request";
import { copyBytes } from "../util/bytes";
import type { Client } from "./client";
import type { Watches } from "./watch";

const FIRST_BLOCK_BYTES = 512;
const BLOCK_BYTES = 64 * 1024;
const FIRST_LAYOUT_WORDS = 64;
/** The memory of a transaction that is kept for the next. */
const SPARE_BYTES = 2048;

const NOTHING = Buffer.alloc(0);

/** What the next MULTI begins with. Most transactions are short, and follow one another. */
let spare: Transaction | null = null;

/** The beginning of a client's transaction. */
export function beginTransaction(client: Client): void {
  client.transaction = spare ?? new Transaction();
  spare = null;
}

/** The end of a client's transaction, if it is in one, and of what it watches. */
export function discardTransaction(client: Client, watches: Watches): void {
  const { transaction } = client;
  client.transaction = null;
  watches.unwatch(client);
  if (transaction?.clear()) spare = transaction;
}

/** C: a command, which this layer does not look into. */
export class Transaction<C = unknown> {
  /** The commands, in order. */
  readonly commands: C[] = [];
  /** All flags of all commands. */
  flags = 0;
  /** A request was refused: EXEC will be, too. */
  failed = false;
  /** Bytes of all arguments. */
  argumentBytes = 0;
  private readonly blocks: Buffer[] = [];
  private blockBytes = 0;
  /** How far the last block is filled. */
  private filled = 0;
  private layout = new Int32Array(FIRST_LAYOUT_WORDS);
  private layoutEnd = 0;
  /** Where read() goes on. */
  private cursor = 0;
  /** What read() fills in. */
  private readonly request: Request = { buf: NOTHING, starts: new Int32Array(8), ends: new Int32Array(8), argc: 0 };

  get count(): number {
    return this.commands.length;
  }

  /** Memory that the requests take, bytes. */
  get memoryBytes(): number {
    return this.blockBytes + this.layout.byteLength + this.commands.length * 8;
  }

  /** Appends a copy of a request. */
  add(command: C, flags: number, request: Request): void {
    const { buf, starts, ends, argc } = request;
    let length = 0;
    for (let i = 0; i < argc; i++) length += ends[i] - starts[i];
    const block = this.roomFor(length);
    const layout = this.layoutFor(argc + 3);
    layout[this.layoutEnd++] = this.blocks.length - 1;
    layout[this.layoutEnd++] = argc;
    layout[this.layoutEnd++] = this.filled;
    for (let i = 0; i < argc; i++) {
      const size = ends[i] - starts[i];
      copyBytes(buf, starts[i], block, this.filled, size);
      this.filled += size;
      layout[this.layoutEnd++] = this.filled;
    }
    this.argumentBytes += length;
    this.commands.push(command);
    this.flags |= flags;
  }

  private roomFor(length: number): Buffer {
    const last = this.blocks.length - 1;
    if (last >= 0 && this.blocks[last].length - this.filled >= length) return this.blocks[last];
    // Most transactions are short; those that are not, soon get blocks of full size.
    const size = last < 0 ? FIRST_BLOCK_BYTES : Math.min(this.blocks[last].length * 4, BLOCK_BYTES);
    const block = Buffer.allocUnsafeSlow(Math.max(length, size));
    this.blocks.push(block);
    this.blockBytes += block.length;
    this.filled = 0;
    return block;
  }

  private layoutFor(words: number): Int32Array {
    const needed = this.layoutEnd + words;
    if (needed > this.layout.length) {
      const larger = new Int32Array(Math.max(needed, this.layout.length * 2));
      larger.set(this.layout);
      this.layout = larger;
    }
    return this.layout;
  }

  /** Forgets everything; false if that is better left to the garbage collector. */
  clear(): boolean {
    if (this.blocks.length > 1 || this.memoryBytes > SPARE_BYTES) return false;
    this.commands.length = 0;
    this.flags = 0;
    this.failed = false;
    this.argumentBytes = 0;
    this.filled = 0;
    this.layoutEnd = 0;
    this.cursor = 0;
    return true;
  }

  /** The next request, from the first on. It is valid until the next call. */
  read(): Request {
    const { layout, request } = this;
    let at = this.cursor;
    const argc = layout[at + 1];
    if (request.starts.length < argc) {
      request.starts = new Int32Array(argc);
      request.ends = new Int32Array(argc);
    }
    request.buf = this.blocks[layout[at]];
    request.argc = argc;
    at += 2;
    for (let i = 0; i < argc; i++) {
      request.starts[i] = layout[at++];
      request.ends[i] = layout[at];
    }
    this.cursor = at + 1;
    return request;
  }
}
