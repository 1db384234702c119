/**
 * SLOWLOG: the commands that took longest, newest first.
 *
 * An entry is made after its command has run, so it copies what it shows: at most 32 arguments of 128 bytes.
 */

import type { Command } from "../../command/command-spec";
import type { Request } from "../../resp/request";
import type { Client } from "../../session/client";
import { latin1 } from "../../util/bytes";
import { isSensitive } from "../config/config";

const ARGUMENTS_MAX = 32;
const ARGUMENT_BYTES_MAX = 128;
export const REDACTED = "(redacted)";

export interface SlowLogEntry {
  readonly id: number;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly micros: number;
  /** latin1. */
  readonly args: readonly string[];
  readonly address: string;
  readonly name: string;
}

export class SlowLog {
  /** slowlog-log-slower-than, µs; negative: nothing is logged. */
  threshold = -1;
  private maxLength = 0;
  private nextId = 0;
  private log: SlowLogEntry[] = [];

  get length(): number {
    return this.log.length;
  }

  /** The newest `count` entries, newest first. */
  newest(count: number): SlowLogEntry[] {
    return this.log.slice(Math.max(0, this.log.length - count)).reverse();
  }

  reset(): void {
    this.log = [];
  }

  /** slowlog-max-len. */
  limit(maxLength: number): void {
    this.maxLength = maxLength;
    this.trim();
  }

  /**
   * Logs a command that took `micros`, if that is long enough. `request` is null where its arguments are gone: of `calls`
   * fast commands that were timed together, and of one that others followed in its pipeline.
   */
  add(client: Client, command: Command, request: Request | null, calls: number, micros: number, nowMs: number): void {
    if (this.threshold < 0 || micros < this.threshold) return;
    this.log.push({
      id: this.nextId++,
      time: Math.floor(nowMs / 1000),
      micros,
      args: request === null ? [command.fullName, lost(calls)] : shownArguments(command, request),
      address: client.transport.address,
      name: client.name,
    });
    this.trim();
  }

  private trim(): void {
    if (this.log.length > this.maxLength) this.log.splice(0, this.log.length - this.maxLength);
  }
}

/** What stands for arguments that are gone. */
function lost(calls: number): string {
  return calls === 1 ? "... (arguments not kept)" : `... (${calls} calls together)`;
}

/** The arguments as the log shows them (latin1): not all of a long list, not all of a long text, and no passwords. */
export function shownArguments(command: Command, request: Request): string[] {
  const { argc } = request;
  const shown = argc > ARGUMENTS_MAX ? ARGUMENTS_MAX - 1 : argc;
  const secret = secretArguments(command, request);
  const args: string[] = [];
  for (let i = 0; i < shown; i++) args.push(secret(i) ? REDACTED : argumentText(request, i));
  if (shown < argc) args.push(`... (${argc - shown} more arguments)`);
  return args;
}

function argumentText(request: Request, i: number): string {
  const { buf, starts, ends } = request;
  const more = ends[i] - starts[i] - ARGUMENT_BYTES_MAX;
  if (more <= 0) return latin1(buf, starts[i], ends[i]);
  return `${latin1(buf, starts[i], starts[i] + ARGUMENT_BYTES_MAX)}... (${more} more bytes)`;
}

const NONE = (): boolean => false;

/** Which arguments hold passwords. */
export function secretArguments(command: Command, request: Request): (i: number) => boolean {
  const { buf, starts, ends } = request;
  const word = (i: number): string => latin1(buf, starts[i], ends[i]).toLowerCase();
  switch (command.fullName) {
    case "auth":
      return (i) => i > 0;
    case "acl|setuser":
      return (i) => i > 1;
    case "config|set":
      return (i) => i > 2 && i % 2 === 1 && isSensitive(word(i - 1));
    case "hello":
      // HELLO protover [AUTH user password]: both of them.
      return (i) => i > 2 && (word(i - 1) === "auth" || (i > 3 && word(i - 2) === "auth"));
    case "migrate":
      return (i) => i > 6 && (word(i - 1) === "auth" || word(i - 1) === "auth2" || (i > 7 && word(i - 2) === "auth2"));
    default:
      return NONE;
  }
}
