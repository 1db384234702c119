/**
 * Look-ahead: finds the keys of the next commands of a pipeline and loads what their lookups will need.
 *
 * On a large data set a lookup is little else than two or three cache misses in a row, each waiting for the one before.
 * With the keys of a dozen commands known, their misses overlap (see Dict.warm), and their hashes need not be computed
 * again. The scan is a guess at the shape of well-formed commands: it takes the first argument behind the name for a key,
 * gives up at anything unusual, and decides nothing; the parser and the commands do their work as without it.
 */

import type { Database } from "../db/database";
import { LOOK_AHEAD_MAX } from "../db/key-hints";

/** Commands with more arguments end the scan. */
const ARGS_MAX = 9;

const CR = 0x0d;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;

export class LookAhead {
  /** Up to where the current chunk has been looked at. */
  private until = 0;

  /** Starts on another chunk. */
  reset(): void {
    this.until = 0;
  }

  /** Looks at the commands from `position` on, unless that was done already. */
  advance(db: Database, buf: Buffer, position: number, end: number): void {
    if (position < this.until || !db.isLarge) return;
    const { hints } = db.keyspace;
    hints.clear();
    let at = position;
    while (hints.count < LOOK_AHEAD_MAX) {
      const next = this.scanCommand(db, buf, at, end);
      if (next < 0) break;
      at = next;
    }
    // What could not be scanned is not tried again for each of its commands.
    this.until = hints.count < LOOK_AHEAD_MAX ? end : at;
    if (hints.count > 1) db.warm();
  }

  /** Notes the key of one command; returns the position behind the command, or -1. */
  private scanCommand(db: Database, buf: Buffer, from: number, end: number): number {
    // A command with one argument is 15 bytes at least.
    if (from + 15 > end || buf[from] !== STAR || buf[from + 2] !== CR) return -1;
    const argc = buf[from + 1] - ZERO;
    if (argc < 0 || argc > ARGS_MAX) return -1;
    let at = from + 4;
    for (let i = 0; i < argc; i++) {
      if (buf[at] !== DOLLAR) return -1;
      let length = buf[at + 1] - ZERO;
      at += 2;
      while (buf[at] !== CR) {
        length = length * 10 + buf[at] - ZERO;
        if (!(length <= end)) return -1;
        at++;
      }
      at += 2;
      // A negative length would lead backwards, and round in circles.
      if (!(length >= 0 && at + length + 2 <= end)) return -1;
      if (i === 1) db.hint(buf, at, at + length);
      at += length + 2;
    }
    return at;
  }
}
