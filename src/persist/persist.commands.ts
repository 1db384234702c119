/** Commands of persistence: SAVE, BGSAVE and LASTSAVE, DUMP and RESTORE. */

import type { Call } from "../command/call";
import {
  ADMIN,
  type CommandDefinition,
  DENYOOM,
  FAST,
  keyAt,
  LOADING,
  NO_ASYNC_LOADING,
  NO_MULTI,
  NOSCRIPT,
  READONLY,
  STALE,
  WRITE,
} from "../command/command-spec";
import { NO_EXPIRY } from "../db/entry";
import { EVENT_GENERIC } from "../db/keyspace";
import * as errors from "../resp/errors";
import type { EntryHead } from "../types/string/string";
import { addInt64, int64, int64FromNumber, int64ToNumber, parseInt64 } from "../util/integers";
import { dumpValue, isPayload, restoreValue } from "./rdb/dump";
import { RdbError } from "./rdb/rdb-input";

// --- files -----------------------------------------------------------------------------------------------------------

function save(c: Call): void {
  const { persistence } = c.server;
  if (persistence.bgsave !== null) {
    c.fail(errors.BGSAVE_IN_PROGRESS);
    return;
  }
  persistence.saves++;
  if (persistence.save()) c.reply.ok();
  else c.fail(errors.GENERIC);
}

/** BGSAVE [SCHEDULE]. In a transaction it begins after it: a transaction is one step. */
function bgsave(c: Call): void {
  const { persistence } = c.server;
  if (c.argc > 2 || (c.argc === 2 && !c.is(1, "schedule"))) {
    c.syntaxError();
  } else if (persistence.bgsave !== null) {
    c.fail(errors.BGSAVE_IN_PROGRESS);
  } else if (persistence.isRewriting && c.argc === 1) {
    c.fail(errors.CHILD_ACTIVE);
  } else if (persistence.isRewriting || c.client.transaction !== null) {
    persistence.bgsaveScheduled = true;
    c.reply.simple("Background saving scheduled");
  } else {
    persistence.startBgsave();
    c.reply.simple("Background saving started");
  }
}

function bgrewriteaof(c: Call): void {
  const { aof, persistence } = c.server;
  if (aof.isRewriting) {
    c.fail(errors.REWRITE_IN_PROGRESS);
  } else if (persistence.bgsave !== null || c.client.transaction !== null) {
    aof.schedule();
    c.reply.simple("Background append only file rewriting scheduled");
  } else if (aof.startRewrite()) {
    c.reply.simple("Background append only file rewriting started");
  } else {
    c.fail(errors.REWRITE_FAILED);
  }
}

function lastsave(c: Call): void {
  c.reply.integer(c.server.persistence.lastSave);
}

// --- values ----------------------------------------------------------------------------------------------------------

function dump(c: Call): void {
  const ref = c.read(1);
  if (ref === 0) {
    c.reply.null();
    return;
  }
  const { persistence, config } = c.server;
  const payload = dumpValue(persistence.codecs, ref, config.rdbcompression);
  c.reply.bulk(payload.buf, 0, payload.length);
}

interface RestoreOptions {
  replace: boolean;
  /** The TTL is a time, not a span. */
  absolute: boolean;
  idleSeconds: number;
  frequency: number;
}

function restoreOptions(c: Call): RestoreOptions {
  const options: RestoreOptions = { replace: false, absolute: false, idleSeconds: -1, frequency: -1 };
  for (let i = 4; i < c.argc && !c.failed; i++) {
    const hasValue = i + 1 < c.argc;
    if (c.is(i, "replace")) options.replace = true;
    else if (c.is(i, "absttl")) options.absolute = true;
    else if (c.is(i, "idletime") && hasValue && options.frequency < 0) {
      options.idleSeconds = numberOption(c, ++i, Number.POSITIVE_INFINITY, errors.INVALID_IDLETIME);
    } else if (c.is(i, "freq") && hasValue && options.idleSeconds < 0) {
      options.frequency = numberOption(c, ++i, 255, errors.INVALID_FREQ);
    } else c.syntaxError();
  }
  return options;
}

/** Argument i as an integer from 0 to `max`. */
function numberOption(c: Call, i: number, max: number, error: string): number {
  if (!parseInt64(c.buf, c.starts[i], c.ends[i])) {
    c.fail(errors.NOT_AN_INTEGER);
    return 0;
  }
  const value = int64ToNumber(int64.hi, int64.lo);
  if (value < 0 || value > max) c.fail(error);
  return value;
}

/** Sets `int64` to the expiry that the TTL at argument 2 means, 0 for none. */
function parseExpiry(c: Call, absolute: boolean): void {
  if (!parseInt64(c.buf, c.starts[2], c.ends[2])) c.fail(errors.NOT_AN_INTEGER);
  else if (int64.hi < 0) c.fail(errors.INVALID_TTL);
  else if (!absolute && (int64.hi !== 0 || int64.lo !== 0)) {
    const { hi, lo } = int64;
    int64FromNumber(c.db.keyspace.now);
    if (!addInt64(hi, lo, int64.hi, int64.lo)) c.fail(errors.invalidExpire("restore"));
  }
}

/** RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency] */
function restore(c: Call): void {
  const options = restoreOptions(c);
  if (c.failed) return;
  const { db, buf, starts, ends } = c;
  const existing = c.write(1);
  if (existing !== 0 && !options.replace) c.fail(errors.BUSY_KEY);
  else parseExpiry(c, options.absolute);
  if (c.failed) return;
  const { hi, lo } = int64;
  if (!isPayload(buf, starts[3], ends[3], !c.server.persistence.skipChecksums)) {
    c.fail(errors.BAD_PAYLOAD);
    return;
  }
  const { access, entries } = db.keyspace;
  const expireAt = hi === 0 && lo === 0 ? NO_EXPIRY : int64ToNumber(hi, lo);
  head.expireAt = expireAt;
  head.lru = access.restored(options.idleSeconds, options.frequency);
  head.key = buf;
  head.keyStart = starts[1];
  head.keyEnd = ends[1];
  const ref = decodePayload(c);
  head.key = NO_BYTES;
  if (ref === 0) {
    c.fail(errors.BAD_DATA_FORMAT);
    return;
  }
  if (expireAt !== NO_EXPIRY && db.keyspace.isPast(expireAt)) {
    db.keyspace.freeEntry(ref);
    replaceByNothing(c, existing);
    return;
  }
  if (expireAt !== NO_EXPIRY) entries.setExpiry64(ref, hi, lo);
  putRestored(c, existing, ref);
  if (expireAt !== NO_EXPIRY && !options.absolute && c.isPropagated) propagateAbsolute(c, hi, lo);
}

/** The command with the time when the key expires. */
function propagateAbsolute(c: Call, hi: number, lo: number): void {
  const effect = c.effect(c.text(0), c.argc + 1);
  c.writeArgument(effect, 1);
  effect.bulkInt64(hi, lo);
  for (let i = 3; i < c.argc; i++) c.writeArgument(effect, i);
  effect.bulkText("ABSTTL");
}

/** The entry that the payload makes, 0 where it is none. */
function decodePayload(c: Call): number {
  const { persistence, config, log } = c.server;
  const deep = config.sanitizeDumpPayload !== "no";
  try {
    return restoreValue(persistence.codecs, c.buf, c.starts[3], c.ends[3], head, deep);
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    log.verbose(`Bad DUMP payload: ${error.message}`);
    return 0;
  }
}

/** What is restored has expired already: it replaces a key by nothing. */
function replaceByNothing(c: Call, existing: number): void {
  if (existing !== 0) {
    c.db.detachFound();
    const { keyspace } = c.db;
    const later = c.server.config.lazyfreeLazyServerDel;
    if (later) keyspace.freeEntryLater(existing);
    else keyspace.freeEntry(existing);
    c.changed(1, EVENT_GENERIC, "del");
    c.propagateDeletion(1, later);
  }
  c.reply.ok();
}

function putRestored(c: Call, existing: number, ref: number): void {
  try {
    c.db.put(existing, ref, c.server.config.lazyfreeLazyServerDel);
  } catch (error) {
    c.db.keyspace.freeEntry(ref);
    throw error;
  }
  c.changed(1, EVENT_GENERIC, "restore");
  c.reply.ok();
}

const NO_BYTES = new Uint8Array(0);
const head: EntryHead = {
  type: 0,
  encoding: 0,
  expireAt: NO_EXPIRY,
  lru: 0,
  inlineLength: 0,
  key: NO_BYTES,
  keyStart: 0,
  keyEnd: 0,
};

// --- table -----------------------------------------------------------------------------------------------------------

export const persistCommands: CommandDefinition[] = [
  { name: "bgrewriteaof", arity: 1, flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING, categories: "", handler: bgrewriteaof },
  { name: "bgsave", arity: -1, flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING, categories: "", handler: bgsave },
  {
    name: "dump",
    arity: 2,
    flags: READONLY,
    categories: "keyspace",
    keys: [keyAt(1, "RO access")],
    tips: ["nondeterministic_output"],
    handler: dump,
  },
  {
    name: "lastsave",
    arity: 1,
    flags: LOADING | STALE | FAST,
    categories: "admin dangerous",
    tips: ["nondeterministic_output"],
    handler: lastsave,
  },
  {
    name: "restore",
    arity: -4,
    flags: WRITE | DENYOOM,
    categories: "keyspace dangerous",
    keys: [keyAt(1, "OW update")],
    handler: restore,
  },
  {
    name: "save",
    arity: 1,
    flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
    categories: "",
    handler: save,
  },
];
