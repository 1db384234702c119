/**
 * The log, in Redis's format: "<pid>:<role> <day month year time.ms> <level> <message>". Lines go to standard output or
 * to a file that is opened for every line, so that a rotated log is followed.
 */

import { appendFileSync, writeSync } from "node:fs";
import type { Clock } from "../util/clock";

export const LOG_DEBUG = 0;
export const LOG_VERBOSE = 1;
export const LOG_NOTICE = 2;
export const LOG_WARNING = 3;
export const LOG_NOTHING = 4;

const MARKS = [".", "-", "*", "#"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const STDOUT = 1;

export class Logger {
  level = LOG_NOTICE;
  /** "" is standard output. */
  file = "";
  /** Letter behind the process id: M master, S replica, C child, X sentinel. */
  role = "M";

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
    this.write(`${this.pid}:${this.role} ${this.timestamp()} ${MARKS[level]} ${message}\n`);
  }

  /** A line as it is, without prefix (the banner). */
  raw(text: string): void {
    if (this.level <= LOG_NOTICE) this.write(text);
  }

  private write(line: string): void {
    try {
      if (this.file === "") writeSync(STDOUT, line);
      else appendFileSync(this.file, line);
    } catch {
      // A full disk or a closed pipe must not take the server down.
    }
  }

  private timestamp(): string {
    const time = new Date(this.clock.now());
    const two = (n: number): string => String(n).padStart(2, "0");
    const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
    const ms = String(time.getMilliseconds()).padStart(3, "0");
    return `${two(time.getDate())} ${MONTHS[time.getMonth()]} ${time.getFullYear()} ${clock}.${ms}`;
  }
}
