/**
 * Fan-out: one client publishes on a channel to which a thousand others listen. What is measured begins with the first
 * PUBLISH and ends when the last subscriber has the last message: messages delivered a second, and CPU time of the
 * server for each. The subscribers are a process of their own, which reads and counts, and which is the bottleneck on a
 * machine of two processors: a faster server shows in its CPU time.
 */

import type { RespClient } from "../../test/support/resp-client";
import type { TestServer } from "../../test/support/server";
import type { Options, ServerName } from "./options";
import { cpuSeconds, start, TITLES } from "./servers";
import { median, medianRatio } from "./statistics";
import { peers, table } from "./tables";

export interface FanoutRound {
  /** Messages delivered a second. */
  readonly rate: number;
  /** µs of the server's CPU time for a message delivered. */
  readonly micros: number;
}

export interface FanoutRow {
  readonly bytes: number;
  /** PUBLISH commands in a write. */
  readonly pipeline: number;
  readonly subscribers: number;
  readonly rounds: Partial<Record<ServerName, FanoutRound[]>>;
}

const CHANNEL = "news";
const SIZES = [64, 1024];
const PIPELINES = [1, 16];
/** A message of a pipeline costs about an eighth: so many more are sent. */
const PIPELINE_WEIGHT = 8;
/** Messages that come first, unmeasured, each to a thousand: compilers have seen the path then. */
const WARM_UP = 32;

/** A server with its subscribers and its publisher. */
interface Side {
  readonly name: ServerName;
  readonly server: TestServer;
  readonly publisher: RespClient;
  readonly subscribers: Subscribers;
}

class Subscribers {
  private readonly child;
  private readonly reader;
  private output = "";
  private readonly decoder = new TextDecoder();

  constructor(port: number, count: number) {
    const script = new URL("fanout-subscribers.ts", import.meta.url).pathname;
    const command = [process.execPath, script, String(port), String(count), CHANNEL];
    this.child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe" });
    this.reader = this.child.stdout.getReader();
  }

  /** Waits for a line. */
  async line(word: string): Promise<void> {
    while (!this.output.startsWith(`${word}\n`)) {
      const { value, done } = await this.reader.read();
      if (done) throw new Error(`the subscribers ended early: ${this.output}`);
      this.output += this.decoder.decode(value, { stream: true });
    }
    this.output = this.output.slice(word.length + 1);
  }

  expect(bytes: number): void {
    this.child.stdin.write(`${bytes}\n`);
    this.child.stdin.flush();
  }

  async stop(): Promise<void> {
    this.child.stdin.end();
    await this.child.exited;
  }
}

export async function measureFanout(names: readonly ServerName[], options: Options): Promise<FanoutRow[]> {
  const sides: Side[] = [];
  try {
    for (const name of names) sides.push(await connect(name, options));
    const rows: FanoutRow[] = [];
    for (const bytes of SIZES) {
      for (const pipeline of PIPELINES) rows.push(await measureRow(sides, bytes, pipeline, options));
    }
    return rows;
  } finally {
    for (const side of sides) {
      await side.subscribers.stop();
      await side.publisher.close();
      await side.server.stop();
    }
  }
}

async function connect(name: ServerName, options: Options): Promise<Side> {
  const server = await start(name, options);
  const subscribers = new Subscribers(server.port, options.subscribers);
  await subscribers.line("ready");
  return { name, server, subscribers, publisher: await server.client() };
}

async function measureRow(
  sides: readonly Side[],
  bytes: number,
  pipeline: number,
  options: Options,
): Promise<FanoutRow> {
  const row: FanoutRow & { rounds: Record<string, FanoutRound[]> } = {
    bytes,
    pipeline,
    subscribers: options.subscribers,
    rounds: {},
  };
  const wanted = pipeline === 1 ? options.fanoutMessages : options.fanoutMessages * PIPELINE_WEIGHT;
  const messages = Math.ceil(wanted / pipeline) * pipeline;
  for (let round = -1; round < options.rounds; round++) {
    for (const side of sides) {
      const result = await publish(side, bytes, pipeline, round < 0 ? WARM_UP : messages, options.subscribers);
      if (round >= 0) (row.rounds[side.name] ??= []).push(result);
    }
  }
  for (const { name } of sides) {
    const best = (row.rounds[name] ?? []).map(
      ({ rate, micros }) => `${Math.round(rate / 1000)}k/s ${micros.toFixed(2)} µs`,
    );
    console.log(`  ${bytes} bytes, pipeline ${pipeline}, ${TITLES[name]}: ${best.join(", ")}`);
  }
  return row;
}

async function publish(
  { server, publisher, subscribers }: Side,
  bytes: number,
  pipeline: number,
  messages: number,
  receivers: number,
): Promise<FanoutRound> {
  const value = "x".repeat(bytes);
  const one = `*3\r\n$7\r\nPUBLISH\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n$${bytes}\r\n${value}\r\n`;
  const batch = Buffer.from(one.repeat(pipeline), "latin1");
  const delivered = `*3\r\n$7\r\nmessage\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n$${bytes}\r\n${value}\r\n`.length;
  subscribers.expect(delivered * receivers * messages);
  const cpu = cpuSeconds(server.pid);
  const started = performance.now();
  for (let sent = 0; sent < messages; sent += pipeline) {
    publisher.send(batch);
    for (let i = 0; i < pipeline; i++) {
      const reply = await publisher.readReply();
      if (reply.type !== "integer" || Number(reply.value) !== receivers) throw new Error("a subscriber is missing");
    }
  }
  await subscribers.line("done");
  const seconds = (performance.now() - started) / 1000;
  const count = messages * receivers;
  return { rate: count / seconds, micros: ((cpuSeconds(server.pid) - cpu) * 1e6) / count };
}

/** Messages delivered a second and CPU time of each, with redbun's ratios to each peer. */
export function fanoutTable(rows: readonly FanoutRow[], names: readonly ServerName[]): string {
  const others = peers(names);
  const lines = rows.flatMap((row) =>
    FIGURES.map(({ title, pick, format }) => [
      `${row.bytes} bytes`,
      String(row.pipeline),
      title,
      ...names.map((name) => format(median((row.rounds[name] ?? []).map(pick)))),
      ...others.map((name) =>
        medianRatio((row.rounds.redbun ?? []).map(pick), (row.rounds[name] ?? []).map(pick)).toFixed(2),
      ),
    ]),
  );
  const ratios = others.map((name) => `to ${TITLES[name]}`);
  return table(["message", "pipeline", "figure", ...names.map((name) => TITLES[name]), ...ratios], lines);
}

const FIGURES = [
  {
    title: "messages a second",
    pick: ({ rate }: FanoutRound) => rate,
    format: (value: number) => `${Math.round(value / 1000)}k`,
  },
  {
    title: "CPU time of the server a message, µs",
    pick: ({ micros }: FanoutRound) => micros,
    format: (value: number) => value.toFixed(2),
  },
];
