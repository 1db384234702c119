/** OBJECT: how a value is kept. Its lookups count as hits and misses, but not as accesses. */

import type { Call } from "../../command/call";
import { replyHelp } from "../../command/help";
import { ENCODING_NAMES } from "../../db/entry";
import { LFU_NOT_SELECTED, LFU_SELECTED } from "../../resp/errors";

/** Redis shares the objects of integers below this, and says so by a reference count of 2^31 - 1. */
const SHARED_INTEGERS = 10_000;
export const SHARED_REFERENCES = 0x7fffffff;

const HELP = [
  "ENCODING <key>",
  "    Return the kind of internal representation used in order to store the value",
  "    associated with a <key>.",
  "FREQ <key>",
  "    Return the access frequency index of the <key>. The returned integer is",
  "    proportional to the logarithm of the recent access frequency of the key.",
  "IDLETIME <key>",
  "    Return the idle time of the <key>, that is the approximated number of",
  "    seconds elapsed since the last access to the key.",
  "REFCOUNT <key>",
  "    Return the number of references of the value associated with the specified",
  "    <key>.",
];

export function objectHelp(c: Call): void {
  replyHelp(c, HELP);
}

/** The entry that the call is about, or 0 after replying null. */
function subject(c: Call): number {
  const ref = c.db.lookupQuietly(c.buf, c.starts[2], c.ends[2]);
  if (ref === 0) c.reply.null();
  return ref;
}

export function objectEncoding(c: Call): void {
  const ref = subject(c);
  if (ref !== 0) c.reply.bulkText(ENCODING_NAMES[c.db.keyspace.entries.encoding(ref)]);
}

export function objectRefcount(c: Call): void {
  const ref = subject(c);
  if (ref !== 0) c.reply.integer(isShared(c, ref) ? SHARED_REFERENCES : 1);
}

/** Whether Redis would hold the value as one of its shared integers: not if every key needs LRU or LFU bits of its own. */
export function isShared(c: Call, ref: number): boolean {
  const { entries } = c.db.keyspace;
  if (!entries.isInteger(ref) || entries.valueWord(ref, 1) !== 0) return false;
  if (entries.valueWord(ref, 0) >= SHARED_INTEGERS) return false;
  const { maxmemory, maxmemoryPolicy } = c.server.config;
  return Number(maxmemory) === 0 || !/lru|lfu/.test(maxmemoryPolicy);
}

export function objectIdletime(c: Call): void {
  const ref = subject(c);
  if (ref === 0) return;
  const { access, entries } = c.db.keyspace;
  if (access.lfu) c.fail(LFU_SELECTED);
  else c.reply.integer(access.idleSeconds(entries.lru(ref)));
}

export function objectFreq(c: Call): void {
  const ref = subject(c);
  if (ref === 0) return;
  const { access, entries } = c.db.keyspace;
  if (access.lfu) c.reply.integer(access.frequency(entries.lru(ref)));
  else c.fail(LFU_NOT_SELECTED);
}
