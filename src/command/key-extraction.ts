/**
 * Where the keys of a request are, from its command's key specifications: for COMMAND GETKEYS, and for whoever has to
 * know the keys before the command runs (ACL, cluster routing, tracking).
 *
 * A request is looked at from argument `from`, which is the command's name: COMMAND GETKEYS has it behind its own.
 */

import type { Request } from "../resp/request";
import { equalsIgnoreCase } from "../util/bytes";
import { parseSafeInt } from "../util/integers";
import { type Command, type KeySpec, KeyUse, MOVABLE_KEYS } from "./command-spec";

/** One key: which argument it is, and what the command does to it ("RW access update"). */
export interface KeyPosition {
  /** Argument of the request, counted from its very first. */
  readonly index: number;
  readonly flags: readonly string[];
}

/** Whether the command has any keys. */
export function hasKeys(command: Command): boolean {
  return command.keyUses.some(({ isKey }) => isKey);
}

/** Keys of a request; made once and filled again for every request, so that looking for keys allocates nothing. */
export class KeyList {
  count = 0;
  /** Key i is argument indices[i] of the request, counted from its very first. */
  indices = new Int32Array(16);
  /** What the command does with key i. */
  readonly uses: KeyUse[] = [];

  push(index: number, use: KeyUse): void {
    if (this.count === this.indices.length) {
      const larger = new Int32Array(this.count * 2);
      larger.set(this.indices);
      this.indices = larger;
    }
    this.indices[this.count] = index;
    this.uses[this.count++] = use;
  }
}

/**
 * Fills `keys` with those of a request whose name stands at argument `from`; with none if a specification cannot be
 * followed, which means that the command will answer with a syntax error.
 */
export function findKeys(command: Command, request: Request, from: number, keys: KeyList): void {
  keys.count = 0;
  const own = (command.flags & MOVABLE_KEYS) === 0 ? undefined : OWN_KEYS.get(command.fullName);
  if (own !== undefined) {
    own(request, from, keys);
    return;
  }
  const { keys: specs, keyUses } = command;
  for (let i = 0; i < specs.length; i++) {
    const use = keyUses[i];
    if (!use.isKey) continue;
    if (addKeys(command, specs[i], use, request, from, keys) && !use.isIncomplete) continue;
    keys.count = 0;
    return;
  }
}

const found = new KeyList();

/** As findKeys, the keys in an array. */
export function keysOf(command: Command, request: Request, from = 0): KeyPosition[] {
  findKeys(command, request, from, found);
  const keys: KeyPosition[] = [];
  for (let i = 0; i < found.count; i++) keys.push({ index: found.indices[i], flags: found.uses[i].flags });
  return keys;
}

/** Adds the keys of one specification, if its keyword is there at all; false if the arguments do not fit it. */
function addKeys(command: Command, spec: KeySpec, use: KeyUse, request: Request, from: number, keys: KeyList): boolean {
  const argc = request.argc - from;
  const begin = firstArgument(spec, request, from);
  if (begin === 0) return true;
  const { find } = spec;
  if ("unknown" in find) return false;
  let first = begin;
  let last: number;
  if ("last" in find) {
    last = lastOfRange(begin, argc, find.last, find.limit);
  } else {
    const count = keyCount(request, from + begin + find.keynum);
    if (count < 0) return false;
    first += find.firstKey;
    last = first + (count - 1) * find.step;
  }
  if (last >= argc || last < first || first >= argc) return false;
  const actual = use.isVariable ? variableUse(command, request, from, use) : use;
  for (let i = first; i <= last; i += find.step) keys.push(from + i, actual);
  return true;
}

/** Where the specification begins; 0 if its keyword is not there. */
function firstArgument(spec: KeySpec, request: Request, from: number): number {
  const { begin } = spec;
  if ("unknown" in begin) return 0;
  if ("index" in begin) return begin.index;
  const argc = request.argc - from;
  const lower = begin.keyword.toLowerCase();
  const isForward = begin.from > 0;
  const end = isForward ? argc - 1 : 1;
  for (let i = isForward ? begin.from : argc + begin.from; i !== end && i > 0 && i < argc; i += isForward ? 1 : -1) {
    if (isWord(request, from + i, lower)) return i + 1;
  }
  return 0;
}

function isWord(request: Request, i: number, lower: string): boolean {
  return equalsIgnoreCase(request.buf, request.starts[i], request.ends[i], lower);
}

/** The last key of a range; with a limit of n the keys are the first n-th of what is left. */
function lastOfRange(first: number, argc: number, last: number, limit: number): number {
  if (last >= 0) return first + last;
  return (limit === 0 ? argc : first + Math.floor((argc - first) / limit)) + last;
}

/** The number of keys that stands at argument `at`; -1 if none does. */
function keyCount(request: Request, at: number): number {
  if (at >= request.argc) return -1;
  const count = parseSafeInt(request.buf, request.starts[at], request.ends[at]);
  return count >= 0 ? count : -1;
}

// --- what depends on the arguments -----------------------------------------------------------------------------------

const READS = new KeyUse(["RO", "access"]);
const OVERWRITES = new KeyUse(["OW", "update"]);
const READS_AND_WRITES = new KeyUse(["RW", "access", "update"]);
const MOVES = new KeyUse(["RW", "access", "delete"]);

/** What a command does with its key, by its arguments. */
const VARIABLE_USES: ReadonlyMap<string, (request: Request, from: number) => KeyUse> = new Map([
  [
    // Without GET, SET does not look at the old value.
    "set",
    (request: Request, from: number): KeyUse => {
      for (let i = from + 3; i < request.argc; i++) {
        if (isWord(request, i, "get")) return READS_AND_WRITES;
      }
      return OVERWRITES;
    },
  ],
  [
    // One that only gets does not write. What is no operation may be anything.
    "bitfield",
    (request: Request, from: number): KeyUse => {
      for (let i = from + 2; i < request.argc; ) {
        const behind = request.argc - i - 1;
        if (behind >= 2 && isWord(request, i, "get")) i += 3;
        else if (behind >= 1 && isWord(request, i, "overflow")) i += 2;
        else return READS_AND_WRITES;
      }
      return READS;
    },
  ],
]);

function variableUse(command: Command, request: Request, from: number, use: KeyUse): KeyUse {
  const own = VARIABLE_USES.get(command.fullName);
  return own === undefined ? new KeyUse(use.flags.filter((flag) => flag !== "variable_flags")) : own(request, from);
}

/** The key that SORT sorts; those that its patterns name depend on the data. */
function sortedKey(_: Request, from: number, keys: KeyList): void {
  keys.push(from + 1, READS);
}

/** The key that SORT sorts, and the one that it stores to: the last STORE counts, as it does for the command. */
function sortKeys(request: Request, from: number, keys: KeyList): void {
  sortedKey(request, from, keys);
  const { argc } = request;
  let store = 0;
  for (let i = from + 2; i < argc; i++) {
    if (isWord(request, i, "limit")) i += 2;
    else if (isWord(request, i, "get") || isWord(request, i, "by")) i++;
    else if (i + 1 < argc && isWord(request, i, "store")) store = i + 1;
  }
  if (store > 0) keys.push(store, OVERWRITES);
}

/** The key that MIGRATE names, or those behind KEYS; none where both are there, which is an error. */
function migratedKeys(request: Request, from: number, keys: KeyList): void {
  const { starts, ends, argc } = request;
  const single = from + 3;
  for (let i = from + 6; i < argc; i++) {
    if (isWord(request, i, "keys")) {
      if (starts[single] !== ends[single]) return;
      for (let key = i + 1; key < argc; key++) keys.push(key, MOVES);
      return;
    }
    if (isWord(request, i, "auth")) i++;
    else if (isWord(request, i, "auth2")) i += 2;
  }
  keys.push(single, MOVES);
}

/** Commands whose keys no specification can say. */
const OWN_KEYS: ReadonlyMap<string, (request: Request, from: number, keys: KeyList) => void> = new Map([
  ["migrate", migratedKeys],
  ["sort", sortKeys],
  ["sort_ro", sortedKey],
]);

// --- for clients older than key specifications -----------------------------------------------------------------------

/** First key, last key (negative: from the end) and step, as clients older than key specifications know it. */
export interface LegacyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const NO_KEYS: LegacyRange = { first: 0, last: 0, step: 0 };

/** The range of COMMAND INFO: one specification as it is, or several that adjoin. Zeros if there is none like that. */
export function legacyRange(command: Command): LegacyRange {
  const ranges: LegacyRange[] = [];
  for (const { begin, find } of command.keys) {
    if (!("index" in begin && "last" in find)) continue;
    const last = find.last >= 0 ? begin.index + find.last : find.last;
    ranges.push({ first: begin.index, last, step: find.step });
  }
  if (command.keys.length === 1 && ranges.length === 1) return ranges[0];
  return ranges.filter((range) => range.step === 1).reduce(joined, NO_KEYS);
}

function joined(before: LegacyRange, next: LegacyRange): LegacyRange {
  if (before.step === 0) return next;
  if (before.last !== next.first - 1) return before;
  return { first: Math.min(before.first, next.first), last: next.last, step: 1 };
}
