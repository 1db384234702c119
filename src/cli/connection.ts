/** A client's connection: commands out, replies in. */

import type { Socket, SocketHandler } from "bun";
import { type Reply, ReplyDecoder } from "../resp/reply-decoder";

const CRLF = Buffer.from("\r\n");

/** The bytes of a command, as an array of bulk strings. */
export function encodeCommand(args: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const argument of args) parts.push(Buffer.from(`$${argument.length}\r\n`), argument, CRLF);
  return Buffer.concat(parts);
}

export class CliConnection {
  private readonly decoder = new ReplyDecoder();
  private socket: Socket<undefined> | null = null;
  private unsent = Buffer.alloc(0);
  private wake: () => void = () => {};
  private failure: Error | null = null;

  /** Connects to a unix socket, or to host and port. Rejects with the system's error. */
  static async open(address: { socket: string; host: string; port: number }): Promise<CliConnection> {
    const connection = new CliConnection();
    const socket: SocketHandler<undefined> = {
      data: (_socket, chunk) => connection.received(chunk),
      drain: () => connection.send(),
      close: () => connection.fail(new Error("Server closed the connection")),
      error: (_socket, error) => connection.fail(error),
    };
    connection.socket =
      address.socket === ""
        ? await Bun.connect({ hostname: address.host, port: address.port, socket })
        : await Bun.connect({ unix: address.socket, socket });
    return connection;
  }

  private received(chunk: Buffer): void {
    this.decoder.push(chunk);
    this.wake();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wake();
  }

  private send(): void {
    const sent = Math.max(0, this.socket?.write(this.unsent) ?? 0);
    this.unsent = this.unsent.subarray(sent);
  }

  /** Sends a command; its reply is the next of `receive`. */
  request(args: readonly Uint8Array[]): void {
    const waits = this.unsent.length > 0;
    this.unsent = Buffer.concat([this.unsent, encodeCommand(args)]);
    if (!waits) this.send();
  }

  /** The next reply. Rejects when the connection ends before it. */
  async receive(): Promise<Reply> {
    for (;;) {
      const reply = this.decoder.next();
      if (reply !== null) return reply;
      if (this.failure !== null) throw this.failure;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  close(): void {
    this.socket?.end();
  }
}
