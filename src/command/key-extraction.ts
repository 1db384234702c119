/**
 * Where the keys of a request are, from its command's key specifications: for COMMAND GETKEYS, and for whoever has to
 * know the keys before the command runs (ACL, cluster routing, tracking).
 *
 * A request is looked at from argument `from`, which is the command's name: COMMAND GETKEYS has it behind its own.
 */

import type { Request } from "../resp/request";
import { equalsIgnoreCase } from "../util/bytes";
import { parseSafeInt } from "../util/integers";
import type { Command, KeySpec } from "./command-spec";

/** One key: which argument it is, and what the command does to it ("RW access update"). */
export interface KeyPosition {
  /** Argument of the request, counted from its very first. */
  readonly index: number;
  readonly flags: readonly string[];
}

const VARIABLE = "variable_flags";
const INCOMPLETE = "incomplete";
const NOT_KEY = "not_key";

/** Whether the command has any keys. */
export function hasKeys(command: Command): boolean {
  return command.keys.some((spec) => !spec.flags.includes(NOT_KEY));
}

/**
 * The keys of a request whose name stands at argument `from`; none if a specification cannot be followed, which means
 * that the command will answer with a syntax error.
 */
export function keysOf(command: Command, request: Request, from = 0): KeyPosition[] {
  const own = OWN_KEYS[command.fullName];
  if (own !== undefined) return own(request, from);
  const keys: KeyPosition[] = [];
  for (const spec of command.keys) {
    if (spec.flags.includes(NOT_KEY)) continue;
    if (!addKeys(command, spec, request, from, keys) || spec.flags.includes(INCOMPLETE)) return [];
  }
  return keys;
}

/** Adds the keys of one specification, if its keyword is there at all; false if the arguments do not fit it. */
function addKeys(command: Command, spec: KeySpec, request: Request, from: number, keys: KeyPosition[]): boolean {
  const argc = request.argc - from;
  const begin = firstArgument(spec, request, from);
  if (begin === 0) return true;
  if ("unknown" in spec.find) return false;
  const range = "last" in spec.find ? rangeFrom(begin, argc, spec.find) : countedRange(begin, request, from, spec.find);
  if (range === null) return false;
  const { first, last, step } = range;
  if (last >= argc || last < first || first >= argc) return false;
  const flags = spec.flags.includes(VARIABLE) ? variableFlags(command, request, from, spec) : spec.flags;
  for (let i = first; i <= last; i += step) keys.push({ index: from + i, flags });
  return true;
}

/** Where the specification begins; 0 if its keyword is not there. */
function firstArgument(spec: KeySpec, request: Request, from: number): number {
  if ("unknown" in spec.begin) return 0;
  if ("index" in spec.begin) return spec.begin.index;
  const { keyword, from: start } = spec.begin;
  const argc = request.argc - from;
  const lower = keyword.toLowerCase();
  const [at, end, step] = start > 0 ? [start, argc - 1, 1] : [argc + start, 1, -1];
  for (let i = at; i !== end && i > 0 && i < argc; i += step) {
    if (equalsIgnoreCase(request.buf, request.starts[from + i], request.ends[from + i], lower)) return i + 1;
  }
  return 0;
}

interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

function rangeFrom(first: number, argc: number, find: { last: number; step: number; limit: number }): Range {
  const { last, step, limit } = find;
  if (last >= 0) return { first, last: first + last, step };
  // With a limit of n the keys are the first n-th of what is left.
  const end = limit === 0 ? argc : first + Math.floor((argc - first) / limit);
  return { first, last: end + last, step };
}

function countedRange(
  begin: number,
  request: Request,
  from: number,
  find: { keynum: number; firstKey: number; step: number },
): Range | null {
  const at = from + begin + find.keynum;
  if (at >= request.argc) return null;
  const count = parseSafeInt(request.buf, request.starts[at], request.ends[at]);
  if (!(count >= 0)) return null;
  const first = begin + find.firstKey;
  return { first, last: first + (count - 1) * find.step, step: find.step };
}

/** Flags that depend on the arguments. */
const VARIABLE_FLAGS: Readonly<Record<string, (request: Request, from: number) => string[]>> = {
  // Without GET, SET does not look at the old value.
  set: (request, from) => {
    for (let i = from + 3; i < request.argc; i++) {
      if (equalsIgnoreCase(request.buf, request.starts[i], request.ends[i], "get")) return ["RW", "access", "update"];
    }
    return ["OW", "update"];
  },
  // One that only gets does not write. What is no operation may be anything.
  bitfield: (request, from) => {
    for (let i = from + 2; i < request.argc; ) {
      const is = (word: string) => equalsIgnoreCase(request.buf, request.starts[i], request.ends[i], word);
      const behind = request.argc - i - 1;
      if (behind >= 2 && is("get")) i += 3;
      else if (behind >= 1 && is("overflow")) i += 2;
      else return ["RW", "access", "update"];
    }
    return ["RO", "access"];
  },
};

function variableFlags(command: Command, request: Request, from: number, spec: KeySpec): readonly string[] {
  return VARIABLE_FLAGS[command.fullName]?.(request, from) ?? spec.flags.filter((flag) => flag !== VARIABLE);
}

/** The key that SORT sorts; those that its patterns name depend on the data. */
function sortedKey(from: number): KeyPosition {
  return { index: from + 1, flags: ["RO", "access"] };
}

/** Options of SORT that have arguments, with their number. */
const SORT_OPTIONS: readonly (readonly [string, number])[] = [
  ["limit", 2],
  ["get", 1],
  ["by", 1],
];

/** The key that SORT sorts, and the one that it stores to: the last STORE counts, as it does for the command. */
function sortKeys(request: Request, from: number): KeyPosition[] {
  const { buf, starts, ends, argc } = request;
  let store = 0;
  for (let i = from + 2; i < argc; i++) {
    const is = (word: string): boolean => equalsIgnoreCase(buf, starts[i], ends[i], word);
    const option = SORT_OPTIONS.find(([word]) => is(word));
    if (option !== undefined) i += option[1];
    else if (i + 1 < argc && is("store")) store = i + 1;
  }
  return store === 0 ? [sortedKey(from)] : [sortedKey(from), { index: store, flags: ["OW", "update"] }];
}

/** Commands whose keys no specification can say. */
const OWN_KEYS: Readonly<Record<string, (request: Request, from: number) => KeyPosition[]>> = {
  sort: sortKeys,
  sort_ro: (_, from) => [sortedKey(from)],
};

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
