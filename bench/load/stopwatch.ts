/**
 * A connection that measures how long requests take and decodes nothing: a PING follows them, and what comes before its
 * answer is the reply.
 */

import type { Socket } from "bun";

const PING = Buffer.from("*1\r\n$4\r\nPING\r\n");
const PONG = Buffer.from("+PONG\r\n");
const MINUS = 0x2d;

export interface Timing {
  readonly milliseconds: number;
  /** Length of the reply, or of all replies. */
  readonly bytes: number;
}

export class Stopwatch {
  private socket!: Socket<undefined>;
  private bytes = 0;
  /** The last bytes that came: as many as an answer to PING has. */
  private readonly tail = Buffer.alloc(PONG.length);
  private failure = "";
  private done: (timing: Timing) => void = () => {};
  private failed: (reason: Error) => void = () => {};
  private started = 0;

  static async connect(port: number): Promise<Stopwatch> {
    const stopwatch = new Stopwatch();
    stopwatch.socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, chunk) => stopwatch.received(chunk),
        close: () => stopwatch.failed(new Error("the connection was closed")),
        error: (_, reason) => stopwatch.failed(reason),
      },
    });
    return stopwatch;
  }

  /** Sends the request, small enough for one write, and waits for the end of the reply. */
  time(request: Uint8Array): Promise<Timing> {
    return new Promise((resolve, reject) => {
      this.done = resolve;
      this.failed = reject;
      this.bytes = 0;
      this.failure = "";
      const all = Buffer.concat([request, PING]);
      this.started = performance.now();
      if (this.socket.write(all) !== all.length) reject(new Error("the request is too long for one write"));
    });
  }

  close(): void {
    this.failed = () => {};
    this.socket.end();
  }

  private received(chunk: Buffer): void {
    if (this.bytes === 0 && chunk[0] === MINUS) this.failure = chunk.toString("latin1");
    this.bytes += chunk.length;
    const kept = Math.min(chunk.length, PONG.length);
    this.tail.copyWithin(0, kept);
    chunk.copy(this.tail, PONG.length - kept, chunk.length - kept);
    if (!this.tail.equals(PONG)) return;
    const milliseconds = performance.now() - this.started;
    if (this.failure !== "") this.failed(new Error(this.failure.split("\r\n")[0]));
    else this.done({ milliseconds, bytes: this.bytes - PONG.length });
  }
}
