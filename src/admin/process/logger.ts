/**
 * The log, in Redis's format: "<pid>:<role> <day month year time.ms> <level> <message>". Lines go to standard output or
 * to a file that is opened for every line, so that a rotated log is followed; `mirror` receives the messages as well
 * (syslog).
 *
 * A message is a latin1 string: one character a byte, as client names and paths are kept. A message with other characters
 * is written as UTF-8.
 */

import { appendFileSync, writeSync } from "node:fs";
import type { Clock } from "../../util/clock";
import { logTimestamp } from "../../util/local-time";

export const LOG_DEBUG = 0;
export const LOG_VERBOSE = 1;
export const LOG_NOTICE = 2;
export const LOG_WARNING = 3;
export const LOG_NOTHING = 4;

const MARKS = [".", "-", "*", "#"];
const STDOUT = 1;
/** Redis cuts messages here, so that a client cannot fill the log with one. */
const MESSAGE_MAX = 1023;
/** How often, at most, a line is offered to a full pipe whose reader is slow, with a millisecond between. */
const PIPE_ATTEMPTS = 20;

/** Letters behind the process id: until the server exists, and from then on. */
export const ROLE_STARTING = "C";
export const ROLE_MASTER = "M";

export class Logger {
  level = LOG_NOTICE;
  /** Path as the file system takes it; "" is standard output. */
  file = "";
  /** Letter behind the process id: M master, S replica, C starting up, X sentinel. */
  role = ROLE_MASTER;
  /** Receives every message that is logged, with its level, besides the file. */
  mirror: ((level: number, message: string) => void) | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly pid: number = process.pid,
  ) {}

  debug(message: string): void {
    this.log(LOG_DEBUG, message);
  }

  verbose(message: string): void {
    this.log(LOG_VERBOSE, message);
  }

  notice(message: string): void {
    this.log(LOG_NOTICE, message);
  }

  warning(message: string): void {
    this.log(LOG_WARNING, message);
  }

  log(level: number, message: string): void {
    if (level < this.level) return;
    const cut = message.length > MESSAGE_MAX ? message.slice(0, MESSAGE_MAX) : message;
    this.write(`${this.pid}:${this.role} ${logTimestamp(this.clock.now())} ${MARKS[level]} ${cut}\n`);
    this.mirror?.(level, cut);
  }

  /** Text as it is, without prefix (the banner, the parts of a crash report). */
  raw(level: number, text: string): void {
    if (level < this.level) return;
    this.write(text);
    this.mirror?.(level, text);
  }

  /** A line about a signal, in the form of Redis's signal handler: always logged. */
  signal(message: string): void {
    this.write(`${this.pid}:signal-handler (${Math.floor(this.clock.now() / 1000)}) ${message}\n`);
  }

  private write(line: string): void {
    const bytes = Buffer.from(line, /^[\0-\xff]*$/.test(line) ? "latin1" : "utf8");
    try {
      if (this.file === "") writeAll(bytes);
      else appendFileSync(this.file, bytes);
    } catch {
      // A full disk or a closed pipe must not take the server down.
    }
  }
}

/** Writes to standard output; a pipe that its reader made non-blocking may take less than it is given, or nothing. */
function writeAll(bytes: Buffer): void {
  let at = 0;
  for (let attempt = 0; at < bytes.length && attempt < PIPE_ATTEMPTS; attempt++) {
    try {
      at += writeSync(STDOUT, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
}
