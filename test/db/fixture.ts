/** A keyspace of its own for tests, with a clock that stands still, and string keys as texts (latin1). */

import type { Database } from "../../src/db/database";
import { NO_EXPIRY } from "../../src/db/entry";
import { Keyspace } from "../../src/db/keyspace";
import type { KeyspaceHooks } from "../../src/db/keyspace-hooks";
import { Heap } from "../../src/memory/heap";
import { requestOf } from "../../src/resp/request";
import { setString, stringBytes } from "../../src/types/string/string";
import { ManualClock } from "../../src/util/clock";
import { SeededRandom } from "../../src/util/random";

/** Every look at the monotonic clock costs `microsPerLook`, so that deadlines come without real time passing. */
export class TickingClock extends ManualClock {
  microsPerLook = 0;

  override monotonic(): number {
    if (this.microsPerLook > 0) this.advance(this.microsPerLook / 1000);
    return super.monotonic();
  }
}

export class Fixture {
  readonly clock = new TickingClock();
  readonly keyspace: Keyspace;
  readonly db: Database;
  /** Keys that expired, as "database:key". */
  readonly expired: string[] = [];
  readonly emptyBytes: number;

  constructor(databases = 2) {
    this.keyspace = new Keyspace({
      heap: new Heap(),
      databases,
      clock: this.clock,
      random: new SeededRandom(7),
    });
    this.db = this.keyspace.databases[0];
    this.emptyBytes = this.keyspace.heap.usedBytes;
    const hooks: KeyspaceHooks = {
      keyChanged() {},
      keyEvent() {},
      keyExpired: (db, key, start, end) => {
        this.expired.push(`${db.id}:${Buffer.from(key.subarray(start, end)).toString("latin1")}`);
      },
      keyEvicted() {},
      keyCreated() {},
      keyMissed() {},
      flushing() {},
      swapping() {},
    };
    this.keyspace.listen(hooks);
  }

  /** Lets time pass, and commands see it. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.keyspace.now = this.clock.now();
  }

  set(key: string, value: string, expireAt = NO_EXPIRY, db = this.db): number {
    const args = requestOf([key, value]);
    const existing = db.lookupWrite(args.buf, args.starts[0], args.ends[0], false);
    return setString(db, existing, args, 0, 1, expireAt);
  }

  /** The value, or undefined. */
  get(key: string, db = this.db): string | undefined {
    const bytes = Buffer.from(key, "latin1");
    const ref = db.lookupRead(bytes, 0, bytes.length, true);
    return ref === 0 ? undefined : this.value(ref);
  }

  value(ref: number): string {
    const { bytes, at, length } = stringBytes(this.keyspace, ref);
    return Buffer.from(bytes.subarray(at, at + length)).toString("latin1");
  }

  key(ref: number): string {
    const { entries } = this.keyspace;
    entries.locateKey(ref);
    return entries.bytes.toString("latin1", entries.at, entries.at + entries.length);
  }

  find(key: string, db = this.db): number {
    const bytes = Buffer.from(key, "latin1");
    return db.find(bytes, 0, bytes.length);
  }

  remove(key: string, db = this.db): boolean {
    const bytes = Buffer.from(key, "latin1");
    return db.remove(bytes, 0, bytes.length, false);
  }

  /** Sets or removes the expiry of a key that exists; returns its entry. */
  expireAt(key: string, at: number, db = this.db): number {
    const bytes = Buffer.from(key, "latin1");
    return db.setExpiry(db.peek(bytes, 0, bytes.length), at, bytes, 0, bytes.length);
  }

  /** All keys of the database, in the order of a scan. */
  keys(db = this.db): string[] {
    const keys: string[] = [];
    db.scan(0, Number.POSITIVE_INFINITY, (ref) => keys.push(this.key(ref)));
    return keys;
  }
}
