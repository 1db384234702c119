/**
 * String commands that read and set whole values: GET, SET and their relatives, MGET and MSET. Those that change a part
 * are in string-range, the counters in string-counter, LCS in lcs. The data is in string.ts.
 *
 * What a command propagates, where that is not the command itself, is said at its handler.
 */

import type { Call } from "../../command/call";
import {
  BRIEF,
  type CommandDefinition,
  DENYOOM,
  FAST,
  type KeySpec,
  keyAt,
  keyRange,
  READONLY,
  WRITE,
} from "../../command/command-spec";
import { NO_EXPIRY, TYPE_STRING } from "../../db/entry";
import { EVENT_GENERIC, EVENT_STRING } from "../../db/keyspace";
import { wrongArity } from "../../resp/errors";
import { lcsCommands } from "./lcs.commands";
import { setString } from "./string";
import { expiryArgument, expiryText, isWrongType, replyString, storeExactExpiry } from "./string-call";
import { counterCommands } from "./string-counter.commands";
import { rangeCommands } from "./string-range.commands";

// --- options -------------------------------------------------------------------------------------------------------

const NX = 1 << 0;
const XX = 1 << 1;
const GET = 1 << 2;
const KEEPTTL = 1 << 3;
const PERSIST = 1 << 4;
const EX = 1 << 5;
const PX = 1 << 6;
const EXAT = 1 << 7;
const PXAT = 1 << 8;

const IN_SECONDS = EX | EXAT;
const RELATIVE = EX | PX;
const EXPIRIES = EX | PX | EXAT | PXAT;
/** What SET takes, and what GETEX takes. */
const SET_OPTIONS = NX | XX | GET | KEEPTTL | EXPIRIES;
const GETEX_OPTIONS = PERSIST | EXPIRIES;

/** The option at argument i, or 0. */
function optionAt(c: Call, i: number): number {
  switch (c.size(i)) {
    case 2:
      if (c.is(i, "ex")) return EX;
      if (c.is(i, "px")) return PX;
      if (c.is(i, "nx")) return NX;
      return c.is(i, "xx") ? XX : 0;
    case 3:
      return c.is(i, "get") ? GET : 0;
    case 4:
      if (c.is(i, "exat")) return EXAT;
      return c.is(i, "pxat") ? PXAT : 0;
    case 7:
      if (c.is(i, "keepttl")) return KEEPTTL;
      return c.is(i, "persist") ? PERSIST : 0;
    default:
      return 0;
  }
}

/** The options that must not stand before `option`. One that is repeated is no error: the last one counts. */
function excludedBy(option: number): number {
  if (option === NX) return XX;
  if (option === XX) return NX;
  if (option === GET) return 0;
  // KEEPTTL, PERSIST and the four ways to give an expiry exclude each other.
  return (KEEPTTL | PERSIST | EXPIRIES) & ~option;
}

/** Argument that holds the expiry, of the options parsed last. */
let expiryIndex = 0;

/** Parses the options from argument `first` on, of those allowed. Fails with a syntax error. */
function parseOptions(c: Call, first: number, allowed: number): number {
  let options = 0;
  for (let i = first; i < c.argc; i++) {
    const option = optionAt(c, i) & allowed;
    const takesTime = (option & EXPIRIES) !== 0;
    if (option === 0 || (options & excludedBy(option)) !== 0 || (takesTime && i + 1 === c.argc)) {
      c.syntaxError();
      return 0;
    }
    if (takesTime) expiryIndex = ++i;
    options |= option;
  }
  return options;
}

// --- SET and its relatives -----------------------------------------------------------------------------------------

function get(c: Call): void {
  const ref = c.read(1);
  if (!isWrongType(c, ref)) replyString(c, ref);
}

/**
 * SET key value [NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]. Effect: SET key value PXAT ms for another kind of time,
 * else the command without GET.
 */
function set(c: Call): void {
  if (c.argc > 3) {
    setWithOptions(c);
    return;
  }
  setString(c.db, c.write(1), c, 1, 2, NO_EXPIRY);
  c.changed(1, EVENT_STRING, "set");
  c.reply.ok();
}

function setWithOptions(c: Call): void {
  const options = parseOptions(c, 3, SET_OPTIONS);
  if (c.failed) return;
  const expires = (options & EXPIRIES) !== 0;
  const expireAt = expires ? parsedExpiry(c, options) : NO_EXPIRY;
  if (c.failed) return;
  if ((options & GET) !== 0) {
    const old = c.read(1);
    if (isWrongType(c, old)) return;
    replyString(c, old);
  }
  const existing = c.write(1);
  if ((options & (existing === 0 ? XX : NX)) !== 0) {
    if ((options & GET) === 0) c.reply.null();
    return;
  }
  if (expires) {
    setExpiring(c, existing, 2, options, expireAt);
  } else {
    setPlain(c, existing, (options & KEEPTTL) !== 0);
    if ((options & GET) !== 0) propagateWithoutGet(c);
  }
  if ((options & GET) === 0) c.reply.ok();
}

/** The reply matters to nobody who repeats the command. */
function propagateWithoutGet(c: Call): void {
  const kept: number[] = [];
  for (let i = 1; i < c.argc; i++) if (i < 3 || !c.is(i, "get")) kept.push(i);
  c.propagateAs("SET", ...kept);
}

/** The expiry of the options parsed last. */
function parsedExpiry(c: Call, options: number): number {
  return expiryArgument(c, expiryIndex, (options & IN_SECONDS) !== 0, (options & RELATIVE) !== 0);
}

function setPlain(c: Call, existing: number, keepsExpiry: boolean): void {
  const expireAt = keepsExpiry && existing !== 0 ? c.db.keyspace.entries.expireAt(existing) : NO_EXPIRY;
  setString(c.db, existing, c, 1, 2, expireAt);
  c.changed(1, EVENT_STRING, "set");
}

/** Sets the key to argument `value`, with an expiry that argument `expiryIndex` gave. It may be past: then it is set. */
function setExpiring(c: Call, existing: number, value: number, options: number, expireAt: number): void {
  const ref = setString(c.db, existing, c, 1, value, expireAt);
  if (expireAt > Number.MAX_SAFE_INTEGER) writeExactExpiry(c, ref, options);
  c.changed(1, EVENT_STRING, "set");
  c.notify(1, EVENT_GENERIC, "expire");
  if (c.isPropagated && (options & PXAT) === 0) propagateExpiring(c, ref, value);
}

/** SET key value PXAT ms. */
function propagateExpiring(c: Call, ref: number, value: number): void {
  const { entries } = c.db.keyspace;
  const effect = c.effect("SET", 5);
  c.writeArgument(effect, 1);
  c.writeArgument(effect, value);
  effect.bulkText("PXAT");
  effect.bulkInt64(entries.expiryHi(ref), entries.expiryLo(ref));
}

function writeExactExpiry(c: Call, ref: number, options: number): void {
  storeExactExpiry(c, ref, expiryIndex, (options & IN_SECONDS) !== 0, (options & RELATIVE) !== 0);
}

function setnx(c: Call): void {
  const existing = c.write(1);
  if (existing === 0) setPlain(c, existing, false);
  c.reply.integer(existing === 0 ? 1 : 0);
}

/** Effect: SET key value PXAT ms. */
function setex(c: Call): void {
  setFor(c, EX);
}

/** Effect: SET key value PXAT ms. */
function psetex(c: Call): void {
  setFor(c, PX);
}

/** SETEX and PSETEX: key, time, value. */
function setFor(c: Call, option: number): void {
  expiryIndex = 2;
  const expireAt = parsedExpiry(c, option);
  if (c.failed) return;
  setExpiring(c, c.write(1), 3, option, expireAt);
  c.reply.ok();
}

/** Effect: SET key value. */
function getset(c: Call): void {
  const old = c.read(1);
  if (isWrongType(c, old)) return;
  replyString(c, old);
  setPlain(c, c.write(1), false);
  c.propagateAs("SET", 1, 2);
}

/** Effect: DEL. */
function getdel(c: Call): void {
  const ref = c.read(1);
  if (isWrongType(c, ref)) return;
  replyString(c, ref);
  if (ref === 0) return;
  removeKey(c, c.server.config.lazyfreeLazyUserDel);
  c.propagateDeletion(1, false);
}

function removeKey(c: Call, later: boolean): void {
  if (c.db.remove(c.buf, c.starts[1], c.ends[1], later)) c.changed(1, EVENT_GENERIC, "del");
}

/**
 * GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST]. Effect: PEXPIREAT, PERSIST, DEL or UNLINK (a time that is past), or
 * nothing.
 */
function getex(c: Call): void {
  const options = parseOptions(c, 2, GETEX_OPTIONS);
  if (c.failed) return;
  const ref = c.read(1);
  if (ref === 0) {
    c.reply.null();
    return;
  }
  if (isWrongType(c, ref)) return;
  if ((options & EXPIRIES) === 0) {
    replyString(c, ref);
    if ((options & PERSIST) !== 0) persist(c, ref);
    return;
  }
  const expireAt = parsedExpiry(c, options);
  if (c.failed) return;
  replyString(c, ref);
  if ((options & RELATIVE) === 0 && expireAt <= c.db.keyspace.now) {
    const later = c.server.config.lazyfreeLazyExpire;
    removeKey(c, later);
    c.propagateDeletion(1, later);
    return;
  }
  const moved = c.db.setExpiry(ref, expireAt, c.buf, c.starts[1], c.ends[1]);
  if (expireAt > Number.MAX_SAFE_INTEGER) writeExactExpiry(c, moved, options);
  c.changed(1, EVENT_GENERIC, "expire");
  if (c.isPropagated) c.propagateAs("PEXPIREAT", 1, expiryText(c, moved));
}

function persist(c: Call, ref: number): void {
  if (!c.db.keyspace.entries.hasExpiry(ref)) return;
  c.db.setExpiry(ref, NO_EXPIRY, c.buf, c.starts[1], c.ends[1]);
  c.changed(1, EVENT_GENERIC, "persist");
  c.propagateAs("PERSIST", 1);
}

// --- several keys --------------------------------------------------------------------------------------------------

/** A key that holds no string is answered like a missing one. */
function mget(c: Call): void {
  const { entries } = c.db.keyspace;
  c.reply.array(c.argc - 1);
  for (let i = 1; i < c.argc; i++) {
    c.lookAhead(i, 1, 1);
    const ref = c.read(i);
    replyString(c, ref !== 0 && entries.type(ref) === TYPE_STRING ? ref : 0);
  }
}

function mset(c: Call): void {
  if (!isPaired(c)) return;
  setPairs(c);
  c.reply.ok();
}

/** All keys or, if one of them exists, none. */
function msetnx(c: Call): void {
  if (!isPaired(c)) return;
  for (let i = 1; i < c.argc; i += 2) {
    if (c.write(i) === 0) continue;
    c.reply.integer(0);
    return;
  }
  setPairs(c);
  c.reply.integer(1);
}

function isPaired(c: Call): boolean {
  if (c.argc % 2 === 1) return true;
  c.fail(wrongArity(c.command.fullName));
  return false;
}

function setPairs(c: Call): void {
  for (let i = 1; i < c.argc; i += 2) {
    c.lookAhead(i, 1, 2);
    setString(c.db, c.write(i), c, i, i + 1, NO_EXPIRY);
    c.changed(i, EVENT_STRING, "set");
  }
}

// --- table ---------------------------------------------------------------------------------------------------------

function noted(spec: KeySpec, notes: string): KeySpec {
  return { ...spec, notes };
}

const commands: CommandDefinition[] = [
  { name: "get", arity: 2, flags: READONLY | FAST, categories: "string", keys: [keyAt(1, "RO access")], handler: get },
  {
    name: "set",
    arity: -3,
    flags: WRITE | DENYOOM | BRIEF,
    categories: "string",
    keys: [noted(keyAt(1, "RW access update variable_flags"), "RW and ACCESS due to the optional `GET` argument")],
    handler: set,
  },
  {
    name: "setnx",
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    categories: "string",
    keys: [keyAt(1, "OW insert")],
    handler: setnx,
  },
  {
    name: "setex",
    arity: 4,
    flags: WRITE | DENYOOM,
    categories: "string",
    keys: [keyAt(1, "OW update")],
    handler: setex,
  },
  {
    name: "psetex",
    arity: 4,
    flags: WRITE | DENYOOM,
    categories: "string",
    keys: [keyAt(1, "OW update")],
    handler: psetex,
  },
  {
    name: "getset",
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    categories: "string",
    keys: [keyAt(1, "RW access update")],
    handler: getset,
  },
  {
    name: "getdel",
    arity: 2,
    flags: WRITE | FAST,
    categories: "string",
    keys: [keyAt(1, "RW access delete")],
    handler: getdel,
  },
  {
    name: "getex",
    arity: -2,
    flags: WRITE | FAST,
    categories: "string",
    keys: [noted(keyAt(1, "RW access update"), "RW and UPDATE because it changes the TTL")],
    handler: getex,
  },
  {
    name: "mget",
    arity: -2,
    flags: READONLY | FAST,
    categories: "string",
    keys: [keyRange(1, -1, 1, "RO access")],
    tips: ["request_policy:multi_shard"],
    handler: mget,
  },
  {
    name: "mset",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: "string",
    keys: [keyRange(1, -1, 2, "OW update")],
    tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
    handler: mset,
  },
  {
    name: "msetnx",
    arity: -3,
    flags: WRITE | DENYOOM,
    categories: "string",
    keys: [keyRange(1, -1, 2, "OW insert")],
    handler: msetnx,
  },
];

export const stringCommands: CommandDefinition[] = [...commands, ...rangeCommands, ...counterCommands, ...lcsCommands];
