/**
 * Look-ahead: finds the keys of the next commands of a pipeline and loads what their lookups will need.
 *
 * On a large data set a lookup is little else than two or three cache misses in a row, each waiting for the one before.
 * With the keys of a dozen commands known, their misses overlap (see Dict.warm), and their hashes need not be computed
 * again. It takes the first argument behind the name for a key, and decides nothing; the parser and the commands do their
 * work as without it.
 */

import type { Database } from "../db/database";
import { LOOK_AHEAD_MAX } from "../db/key-hints";
import { CommandScan } from "../resp/command-scan";

export class LookAhead {
  /** Up to where the current chunk has been looked at. */
  private until = 0;
  private readonly scan = new CommandScan();

  /** Starts on another chunk. */
  reset(): void {
    this.until = 0;
  }

  /** Looks at the commands from `position` on, unless that was done already. */
  advance(db: Database, buf: Buffer, position: number, end: number): void {
    if (position < this.until || !db.isLarge) return;
    const { hints } = db.keyspace;
    const { scan } = this;
    hints.clear();
    let at = position;
    while (hints.count < LOOK_AHEAD_MAX) {
      const next = scan.next(buf, at, end);
      if (next < 0) break;
      if (scan.argc > 1) db.hint(buf, scan.starts[1], scan.ends[1]);
      at = next;
    }
    // What could not be scanned is not tried again for each of its commands.
    this.until = hints.count < LOOK_AHEAD_MAX ? end : at;
    if (hints.count > 1) db.warm();
  }
}
