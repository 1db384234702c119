/**
 * MONITOR: clients that are shown every command that runs, one line each:
 *
 *     +1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
 *
 * A command is shown when it has run, whether it failed or not, with its time then and the database that is selected
 * then; what EXEC runs comes before EXEC. Not shown are administrative commands, those that say so themselves
 * (SKIP_MONITOR), and what is refused before it runs. Passwords are left out.
 *
 * A line is a simple string in RESP3, too, and one buffer for all.
 */

import type { Command } from "../../command/command-spec";
import type { Request } from "../../resp/request";
import { type Client, REPLY_OFF } from "../../session/client";
import { quoteRepr } from "../../util/bytes";
import type { Clock } from "../../util/clock";
import { REDACTED, secretArguments } from "../latency/slow-log";

export class Monitors {
  /** Whether there is anybody to show commands to. */
  active = false;
  private readonly clients = new Set<Client>();

  constructor(private readonly clock: Clock) {}

  get count(): number {
    return this.clients.size;
  }

  add(client: Client): void {
    client.monitors = true;
    this.clients.add(client);
    this.active = true;
  }

  remove(client: Client): void {
    if (!client.monitors) return;
    client.monitors = false;
    this.clients.delete(client);
    this.active = this.clients.size > 0;
  }

  /** Shows a command. */
  show(client: Client, command: Command, request: Request): void {
    const micros = this.clock.nowMicros();
    const seconds = Math.floor(micros / 1_000_000);
    const rest = String(Math.floor(micros % 1_000_000)).padStart(6, "0");
    const args = argumentsOf(command, request).join(" ");
    const line = Buffer.from(`+${seconds}.${rest} [${client.database} ${addressOf(client)}] ${args}\r\n`, "latin1");
    for (const monitor of this.clients) if (monitor.replyMode !== REPLY_OFF) monitor.push(line);
  }
}

/** A unix socket's address is its path with ":0". */
function addressOf({ transport: { address } }: Client): string {
  return address.endsWith(":0") ? `unix:${address.slice(0, -2)}` : address;
}

function argumentsOf(command: Command, request: Request): string[] {
  const { buf, starts, ends, argc } = request;
  const secret = secretArguments(command, request);
  const args: string[] = [];
  for (let i = 0; i < argc; i++) args.push(quoteRepr(secret(i) ? REDACTED : buf.subarray(starts[i], ends[i])));
  return args;
}
