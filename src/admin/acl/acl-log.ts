/**
 * ACL LOG: what was denied, newest first, and how often in all (INFO's acl_access_denied_*).
 *
 * What is denied again within a minute, to the same user in the same way, counts in its entry, if that is one of the ten
 * newest, and makes it the newest.
 */

export type AclReason = "command" | "key" | "channel" | "auth";
export type AclLogContext = "toplevel" | "multi" | "lua" | "module";

const GROUPING_MS = 60_000;
const GROUPING_ENTRIES = 10;

/** What was denied; texts are latin1. */
export interface Denial {
  readonly reason: AclReason;
  readonly context: AclLogContext;
  /** The command, key or channel; of a login, its command as it was sent. */
  readonly object: string;
  readonly username: string;
}

export interface AclLogEntry extends Denial {
  readonly id: number;
  /** ms since the epoch. */
  readonly created: number;
  updated: number;
  count: number;
  /** The client, the last one if there were several, as CLIENT LIST shows it. */
  client: string;
}

export class AclLog {
  /** How often each was denied since the start: CONFIG RESETSTAT leaves them. */
  readonly denied: Record<AclReason, number> = { auth: 0, command: 0, key: 0, channel: 0 };
  private entries: AclLogEntry[] = [];
  private nextId = 0;

  get length(): number {
    return this.entries.length;
  }

  /** Notes a denial; keeps `maxLength` entries (acllog-max-len). `client` is asked only if it is kept. */
  add(denial: Denial, now: number, maxLength: number, client: () => string): void {
    this.denied[denial.reason]++;
    if (maxLength === 0) {
      this.reset();
      return;
    }
    const known = this.entries.slice(0, GROUPING_ENTRIES).findIndex((entry) => isAlike(entry, denial, now));
    if (known < 0) {
      this.entries.unshift({ ...denial, id: this.nextId++, created: now, updated: now, count: 1, client: client() });
      if (this.entries.length > maxLength) this.entries.length = maxLength;
      return;
    }
    const [entry] = this.entries.splice(known, 1);
    entry.updated = now;
    entry.count++;
    entry.client = client();
    this.entries.unshift(entry);
  }

  /** The newest `count` entries, newest first. */
  newest(count: number): AclLogEntry[] {
    return this.entries.slice(0, Math.max(0, count));
  }

  reset(): void {
    this.entries = [];
  }
}

function isAlike(entry: AclLogEntry, denial: Denial, now: number): boolean {
  return (
    entry.reason === denial.reason &&
    entry.context === denial.context &&
    Math.abs(now - entry.updated) <= GROUPING_MS &&
    entry.object === denial.object &&
    entry.username === denial.username
  );
}
