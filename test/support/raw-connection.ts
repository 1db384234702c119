/**
 * A TCP connection that sends and keeps bytes as they are, for tests of what lies below replies: malformed requests,
 * half-closed sockets, which end closes and when. Built on node:net, so that it shares nothing with the server.
 */

import { connect, type Socket } from "node:net";

export class RawConnection implements AsyncDisposable {
  /** True once the server has ended its side, or the connection broke. */
  isClosed = false;
  /** True when the connection broke (a reset) instead of being closed. */
  wasReset = false;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private readonly watchers = new Set<() => void>();

  private constructor(private readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.size += chunk.length;
      this.wake();
    });
    socket.on("drain", () => this.wake());
    socket.on("end", () => this.markClosed(false));
    socket.on("close", () => this.markClosed(false));
    socket.on("error", () => this.markClosed(true));
  }

  static connect(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true }, () => {
        socket.off("error", reject);
        resolve(new RawConnection(socket));
      });
      socket.once("error", reject);
    });
  }

  /** Bytes received so far. */
  get receivedBytes(): number {
    return this.size;
  }

  /** Everything received so far, as latin1 text. */
  get received(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  /** Sends bytes (a string is latin1). What the socket does not take is kept and sent later. */
  send(bytes: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Bytes given to `send` that the system has not taken yet. */
  get unsent(): number {
    return this.socket.writableLength;
  }

  /** Ends our side: the server sees the end of the stream, and may still answer. */
  halfClose(): void {
    this.socket.end();
  }

  /** Stops and starts taking what the server sends. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Breaks the connection: the server sees a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Resolves when the condition holds; rejects with what was received when it does not in time. */
  async until(condition: () => boolean, limitMs = 20_000): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0) {
        const end = JSON.stringify(this.received.slice(-200));
        throw new Error(`not in ${limitMs} ms; closed: ${this.isClosed}, received ${this.size} bytes ending in ${end}`);
      }
      await this.changed(left);
    }
  }

  /** Resolves when the server has closed. */
  untilClosed(limitMs?: number): Promise<void> {
    return this.until(() => this.isClosed, limitMs);
  }

  /** Resolves when exactly this text was received in all; fails when other text was. */
  async untilReceived(text: string, limitMs?: number): Promise<void> {
    await this.until(() => this.size >= text.length || this.isClosed, limitMs);
    if (this.received !== text) {
      throw new Error(
        `received ${JSON.stringify(this.received.slice(0, 500))}, not ${JSON.stringify(text.slice(0, 500))}`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
  }

  private markClosed(reset: boolean): void {
    if (!this.isClosed) this.wasReset = reset;
    this.isClosed = true;
    this.wake();
  }

  private wake(): void {
    for (const watcher of [...this.watchers]) watcher();
  }

  private changed(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.watchers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, limitMs);
      this.watchers.add(wake);
    });
  }
}
