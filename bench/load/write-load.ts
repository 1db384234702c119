/**
 * A full write load from a process of its own: connections that set random ones of the keys of DEBUG POPULATE, each with a
 * pipeline that is sent again as soon as all of it is answered.
 *
 * `bun write-load.ts PORT KEYS CONNECTIONS PIPELINE SEED` reads lines: "go" starts, "stop" lets what is under way be
 * answered and prints `{ requests, seconds }`; the end of the input ends it.
 */

import { Random } from "../../test/support/random";

const PREFIX = "memtier-:";
const VALUE_DIGITS = 4;
const OK_BYTES = "+OK\r\n".length;

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
}

/** One connection: one write is a pipeline of SETs, of which keys and values are filled in each time. */
class Writer {
  private answered = 0;
  private socket: Bun.Socket | undefined;
  private readonly batch: Buffer;
  private readonly keysAt: number[] = [];
  private readonly valuesAt: number[] = [];
  private sent = 0;
  private idle: (() => void) | undefined;
  running = false;
  requests = 0;

  constructor(
    private readonly random: Random,
    private readonly keys: number,
    pipeline: number,
  ) {
    const key = PREFIX + String(keys - 1);
    const one = `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${VALUE_DIGITS}\r\n0000\r\n`;
    this.batch = Buffer.from(one.repeat(pipeline), "latin1");
    for (let i = 0; i < pipeline; i++) {
      this.keysAt.push(i * one.length + one.indexOf(key) + PREFIX.length);
      this.valuesAt.push((i + 1) * one.length - VALUE_DIGITS - 2);
    }
  }

  async connect(port: number): Promise<void> {
    this.socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, bytes) => this.receive(bytes),
        drain: () => this.write(),
        close: () => process.exit(1),
      },
    });
  }

  start(): void {
    this.running = true;
    this.next();
  }

  async stop(): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.idle = resolve;
    });
    this.running = false;
    await idle;
  }

  private next(): void {
    const digits = String(this.keys - 1).length;
    // Keys with as many digits as the last one: nine tenths of them, or more.
    const first = 10 ** (digits - 1);
    for (let i = 0; i < this.keysAt.length; i++) {
      writeDigits(
        this.batch,
        this.keysAt[i],
        digits,
        this.random.integer(Math.min(first, this.keys - 1), this.keys - 1),
      );
      writeDigits(this.batch, this.valuesAt[i], VALUE_DIGITS, this.random.integer(0, 9999));
    }
    this.answered = 0;
    this.sent = 0;
    this.write();
  }

  private write(): void {
    if (this.sent < this.batch.length) this.sent += this.socket?.write(this.batch.subarray(this.sent)) ?? 0;
  }

  private receive(bytes: Buffer): void {
    // Every reply is +OK, or the count never comes out even.
    if (bytes.includes(0x2d)) throw new Error(bytes.toString("latin1"));
    this.answered += bytes.length;
    if (this.answered < this.keysAt.length * OK_BYTES) return;
    this.requests += this.keysAt.length;
    if (this.running) this.next();
    else this.idle?.();
  }
}

/** Writes a number with leading zeros. */
function writeDigits(bytes: Buffer, at: number, digits: number, value: number): void {
  for (let i = at + digits - 1, left = value; i >= at; i--) {
    bytes[i] = 0x30 + (left % 10);
    left = Math.floor(left / 10);
  }
}

async function main(args: readonly string[]): Promise<void> {
  const [port, keys, connections, pipeline, seed] = args.map(Number);
  const random = new Random(seed);
  const writers = Array.from({ length: connections }, () => new Writer(random, keys, pipeline));
  await Promise.all(writers.map((writer) => writer.connect(port)));
  console.log("ready");
  let started = 0;
  for await (const line of console) {
    if (line === "go") {
      started = performance.now();
      for (const writer of writers) {
        writer.requests = 0;
        writer.start();
      }
    } else if (line === "stop") {
      await Promise.all(writers.map((writer) => writer.stop()));
      const requests = writers.reduce((sum, writer) => sum + writer.requests, 0);
      console.log(JSON.stringify({ requests, seconds: (performance.now() - started) / 1000 }));
    }
  }
  process.exit(0);
}

/** The process, from the outside. */
export class WriteLoad implements AsyncDisposable {
  private text = "";
  private readonly reader: AsyncIterator<Uint8Array>;
  private readonly decoder = new TextDecoder();

  private constructor(private readonly child: Bun.Subprocess<"pipe", "pipe", "inherit">) {
    this.reader = child.stdout[Symbol.asyncIterator]();
  }

  static async start(port: number, keys: number, connections: number, pipeline: number): Promise<WriteLoad> {
    const args = [port, keys, connections, pipeline, 1].map(String);
    const load = new WriteLoad(
      Bun.spawn([process.execPath, import.meta.path, ...args], { stdin: "pipe", stdout: "pipe", stderr: "inherit" }),
    );
    await load.line();
    return load;
  }

  private async line(): Promise<string> {
    while (!this.text.includes("\n")) {
      const { value, done } = await this.reader.next();
      if (done) throw new Error("the write load has ended");
      this.text += this.decoder.decode(value, { stream: true });
    }
    const end = this.text.indexOf("\n");
    const line = this.text.slice(0, end);
    this.text = this.text.slice(end + 1);
    return line;
  }

  private send(line: string): void {
    this.child.stdin.write(`${line}\n`);
    this.child.stdin.flush();
  }

  /** From now on there are writes. */
  go(): void {
    this.send("go");
  }

  /** No more writes; resolves when the last is answered. */
  async stop(): Promise<LoadResult> {
    this.send("stop");
    return JSON.parse(await this.line());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.stdin.end();
    await this.child.exited;
  }
}

if (import.meta.main) await main(process.argv.slice(2));
