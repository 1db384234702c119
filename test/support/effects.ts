/**
 * What a server has propagated, as lines that can be compared: `real` reads the append-only file of a real Redis, `ours`
 * attaches a sink to a server in process. A line is a command as it would be typed, with its database in front where that
 * is another than 0. Times of about now become `NOW`, and `NOW+n` with n in tenths of a second.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCommand, showCommand } from "../differential/command";
import { eventually } from "./eventually";
import { InProcess, type InProcessClient } from "./in-process";
import { items, text } from "./reply";
import { ReplyDecoder } from "./reply-decoder";
import type { RespClient } from "./resp-client";
import { startRedis, type TestServer } from "./server";

/** A server that runs steps and says what it has propagated. */
export interface Effects {
  /** Runs steps (see `propagates` in test/differential/propagation.test.ts) and returns the effects of them. */
  run(steps: readonly string[]): Promise<string[]>;
  stop(): Promise<void>;
}

/** A step: a command, on which connection, or a time (ms) that passes. */
export interface Step {
  readonly client: string;
  readonly args: readonly string[];
  readonly ms: number;
}

/** Reads `@20`, `name> command` and `command`. */
export function parseStep(step: string): Step {
  if (/^@\d+$/.test(step)) return { client: "", args: [], ms: Number(step.slice(1)) };
  const named = /^([a-z]+)> (.*)$/s.exec(step);
  return { client: named?.[1] ?? "", args: parseCommand(named?.[2] ?? step).args, ms: 0 };
}

const NOW_SPAN_MS = 20_000_000;

/** Arguments that name a time of about now, also as a part of a stream's ID, without the digits that vary. */
function normalize(argument: string, now: number): string {
  const time = /^(\d{13})(-.*)?$/.exec(argument);
  const difference = Number(time?.[1]) - now;
  if (time === null || Math.abs(difference) > NOW_SPAN_MS) return argument;
  const tenths = Math.round(difference / 10_000);
  return `NOW${tenths === 0 ? "" : `+${tenths}`}${time[2] ?? ""}`;
}

function line(db: number, args: readonly string[], now: number): string {
  return `${db > 0 ? `${db}: ` : ""}${showCommand({ args: args.map((each) => normalize(each, now)) })}`;
}

class RealEffects implements Effects {
  private readonly decoder = new ReplyDecoder();
  private read = 0;
  private db = 0;

  constructor(private readonly server: TestServer) {}

  async run(steps: readonly string[]): Promise<string[]> {
    const clients = new Map<string, RespClient>();
    const main = await this.server.client();
    await main.call("FLUSHALL", "SYNC");
    this.fresh();
    for (const step of steps) {
      const { client, args, ms } = parseStep(step);
      if (ms > 0) {
        await main.call("DEBUG", "SLEEP", ms / 1000);
      } else if (client === "") {
        await main.call(...args);
      } else {
        const other = clients.get(client) ?? (await this.server.client());
        clients.set(client, other);
        await this.send(main, other, args);
      }
    }
    const effects = this.fresh();
    for (const client of [...clients.values(), main]) await client.close();
    return effects;
  }

  /** Sends a command and waits until its client is blocked in it. */
  private async send(main: RespClient, client: RespClient, args: readonly string[]): Promise<void> {
    const before = await blocked(main);
    client.call(...args).catch(() => {});
    await eventually(`blocked in ${args.join(" ")}`, async () => (await blocked(main)) > before);
  }

  /** The effects since the last call. */
  private fresh(): string[] {
    const file = readFileSync(join(this.server.directory, "appendonlydir", "appendonly.aof.1.incr.aof"));
    this.decoder.push(file.subarray(this.read));
    this.read = file.length;
    const now = Date.now();
    const lines: string[] = [];
    for (let reply = this.decoder.next(); reply !== undefined; reply = this.decoder.next()) {
      const args = items(reply).map(text);
      if (args[0] === "SELECT") this.db = Number(args[1]);
      else lines.push(line(/^(MULTI|EXEC)$/.test(args[0]) ? 0 : this.db, args, now));
    }
    return lines;
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }
}

async function blocked(client: RespClient): Promise<number> {
  return Number(/blocked_clients:(\d+)/.exec(await client.text("INFO", "clients"))?.[1]);
}

/** A real Redis that writes an append-only file. */
export async function realEffects(peer: "redis7" | "redis8"): Promise<Effects> {
  const args = ["--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "yes", "--save", ""];
  const server = await startRedis(peer, { args });
  const client = await server.client();
  await client.call("DEBUG", "SET-ACTIVE-EXPIRE", 0);
  await client.close();
  return new RealEffects(server);
}

class OurEffects implements Effects {
  async run(steps: readonly string[]): Promise<string[]> {
    const redbun = new InProcess({ "enable-debug-command": "yes" });
    redbun.clock.setWall(Date.now());
    const effects: string[] = [];
    redbun.server.propagation.attach({
      append(db, buf, start, end) {
        const decoder = new ReplyDecoder();
        decoder.push(Buffer.from(buf.subarray(start, end)));
        const reply = decoder.next();
        if (reply === undefined || decoder.buffered > 0) throw new Error("an effect is not one command");
        effects.push(line(db, items(reply).map(text), redbun.clock.now()));
      },
    });
    const clients = new Map<string, InProcessClient>();
    for (const step of steps) {
      const { client, args, ms } = parseStep(step);
      if (ms > 0) {
        redbun.clock.advance(ms);
        continue;
      }
      const connection = client === "" ? redbun.main : (clients.get(client) ?? redbun.connect());
      clients.set(client, connection);
      connection.send(...args);
      if (client !== "" && connection.received().length > 0) throw new Error(`not blocked: ${step}`);
    }
    return effects;
  }

  async stop(): Promise<void> {}
}

/** redbun, in process: a new server for every run. */
export function ourEffects(): Effects {
  return new OurEffects();
}
