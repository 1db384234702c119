/**
 * A raw RESP2/RESP3 client for tests. Replies come back with their type (`reply.ts`); RESP3 push messages are kept
 * apart from replies; bytes can be sent exactly as a test wants them.
 *
 * Argument strings are latin1, as replies are: a character above 0xff is refused, pass bytes for UTF-8.
 */

import type { Socket, SocketHandler, TLSOptions } from "bun";
import { type Reply, show, text } from "./reply";
import { ReplyDecoder } from "./reply-decoder";

/** One argument of a command. A number is sent in decimal. */
export type Argument = string | number | bigint | Uint8Array;

export interface ConnectOptions {
  readonly host?: string;
  readonly port?: number;
  /** A Unix socket's path, in place of host and port. */
  readonly unixsocket?: string;
  /** Connects with TLS; resolves when the handshake is over. */
  readonly tls?: TLSOptions;
  /** Sends HELLO 3 first when 3. Nothing is sent otherwise. */
  readonly protocol?: 2 | 3;
}

interface Waiter {
  resolve(reply: Reply): void;
  reject(reason: Error): void;
}

/** The bytes of a command as an array of bulk strings. */
export function encodeCommand(args: readonly Argument[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const argument of args) {
    const bytes = toBytes(argument);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

const CRLF = Buffer.from("\r\n");

/** The bytes of an argument; a string's characters are bytes. */
export function toBytes(argument: Argument): Uint8Array {
  if (argument instanceof Uint8Array) return argument;
  const value = String(argument);
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0xff) throw new RangeError(`not latin1, pass bytes: ${value}`);
  }
  return Buffer.from(value, "latin1");
}

/** Resolves when the handshake is over; rejects when it fails, or when the connection ends before. */
function connectTls(
  hostname: string,
  port: number,
  tls: TLSOptions,
  socket: SocketHandler<undefined>,
): Promise<Socket<undefined>> {
  return new Promise((resolve, reject) => {
    const handlers: SocketHandler<undefined> = {
      ...socket,
      handshake: (opened, success, error) => (success ? resolve(opened) : reject(error ?? new Error("no handshake"))),
      close: (closed) => {
        reject(new Error("the connection was closed"));
        socket.close?.(closed);
      },
    };
    Bun.connect({ hostname, port, tls, socket: handlers }).catch(reject);
  });
}

export class RespClient implements AsyncDisposable {
  /** RESP3 push messages in the order in which they came, less those that `nextPush` gave out. */
  readonly pushes: Reply[] = [];
  /** Settles when the connection is closed, by either side. */
  readonly closed: Promise<void>;
  /** True once closed. */
  isClosed = false;
  /** True: pushes come among the replies, in the order in which the server has sent both. */
  inOrder = false;

  private readonly decoder = new ReplyDecoder();
  private readonly waiters: Waiter[] = [];
  private readonly replies: Reply[] = [];
  private readonly pushWaiters: Waiter[] = [];
  private readonly outgoing: Uint8Array[] = [];
  private failure: Error | undefined;
  private socket!: Socket<undefined>;
  private markClosed!: () => void;

  private constructor() {
    this.closed = new Promise((resolve) => {
      this.markClosed = resolve;
    });
  }

  /** Connects, and with `protocol: 3` switches to RESP3. Rejects when nothing listens. */
  static async connect(options: ConnectOptions): Promise<RespClient> {
    const client = new RespClient();
    const socket = {
      data: (_: Socket<undefined>, chunk: Uint8Array) => client.received(chunk),
      drain: () => client.flush(),
      close: () => client.ended(new Error("the connection was closed")),
      error: (_: Socket<undefined>, reason: Error) => client.ended(reason),
    };
    const { host = "127.0.0.1", port = 6379, tls, unixsocket } = options;
    if (unixsocket !== undefined) client.socket = await Bun.connect({ unix: unixsocket, socket });
    else if (tls === undefined) client.socket = await Bun.connect({ hostname: host, port, socket });
    else client.socket = await connectTls(host, port, tls, socket);
    if (options.protocol === 3) {
      const hello = await client.call("HELLO", 3);
      if (hello.type !== "map") throw new Error(`HELLO 3 was refused: ${show(hello)}`);
    }
    return client;
  }

  /** Sends one command and returns its reply. Error replies are returned, not thrown. */
  call(...args: Argument[]): Promise<Reply> {
    this.send(encodeCommand(args));
    return this.readReply();
  }

  /** As `call`, returns the text of the reply and throws where the reply is an error or has no text. */
  async text(...args: Argument[]): Promise<string> {
    const reply = await this.call(...args);
    if (reply.type === "error") throw new Error(`${args[0]}: ${reply.value}`);
    return text(reply);
  }

  /** Sends all commands in one write and returns their replies in order. */
  pipeline(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    this.send(Buffer.concat(commands.map(encodeCommand)));
    return Promise.all(commands.map(() => this.readReply()));
  }

  /** Sends bytes as they are (a string is latin1). What the socket does not take now goes out when it drains. */
  send(bytes: string | Uint8Array): void {
    if (this.isClosed) return;
    const data = toBytes(bytes);
    if (data.length === 0) return;
    this.outgoing.push(data);
    if (this.outgoing.length === 1) this.flush();
  }

  /** Bytes given to `send` that the socket has not taken yet. */
  get unsent(): number {
    return this.outgoing.reduce((sum, part) => sum + part.length, 0);
  }

  /** The next reply in order. Rejects when the connection closes before it is complete. */
  readReply(): Promise<Reply> {
    const reply = this.replies.shift();
    if (reply !== undefined) return Promise.resolve(reply);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  /** The next push message: the oldest of `pushes`, or the next to arrive. */
  nextPush(): Promise<Reply> {
    const push = this.pushes.shift();
    if (push !== undefined) return Promise.resolve(push);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => this.pushWaiters.push({ resolve, reject }));
  }

  /** Replies that arrived and that nobody asked for yet. */
  get unread(): number {
    return this.replies.length;
  }

  /** Stops reading from the socket, so that the server sees a client that does not read. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Closes the connection and waits until it is closed. */
  async close(): Promise<void> {
    if (!this.isClosed) this.socket.end();
    this.ended(new Error("the test closed the connection"));
    await this.closed;
  }

  /** Closes at once, without a graceful end: what is unsent is dropped and the server sees a reset. */
  terminate(): void {
    this.socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private flush(): void {
    while (this.outgoing.length > 0) {
      const part = this.outgoing[0];
      const taken = Math.max(0, this.socket.write(part));
      if (taken < part.length) {
        this.outgoing[0] = part.subarray(taken);
        return;
      }
      this.outgoing.shift();
    }
  }

  private received(chunk: Uint8Array): void {
    this.decoder.push(chunk);
    try {
      for (let reply = this.decoder.next(); reply !== undefined; reply = this.decoder.next()) this.deliver(reply);
    } catch (reason) {
      this.ended(reason instanceof Error ? reason : new Error(String(reason)));
      this.socket.terminate();
    }
  }

  private deliver(reply: Reply): void {
    const isPush = reply.type === "push" && !this.inOrder;
    const waiter = (isPush ? this.pushWaiters : this.waiters).shift();
    if (waiter !== undefined) waiter.resolve(reply);
    else (isPush ? this.pushes : this.replies).push(reply);
  }

  private ended(reason: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.failure = reason;
    for (const waiter of [...this.waiters.splice(0), ...this.pushWaiters.splice(0)]) waiter.reject(reason);
    this.markClosed();
  }
}
