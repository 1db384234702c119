/**
 * Command specs: one typed table a family stands beside its handlers and is all there is to know about a command. It
 * drives dispatch, COMMAND, ACL categories and cluster routing. The texts of COMMAND DOCS are in docs/.
 */

import { keyAccess } from "../admin/acl/key-access";
import type { LatencyHistogram } from "../admin/info/latency-histogram";
import { keepOutOfLine } from "../util/inlining";
import type { Call } from "./call";

export type Handler = (call: Call) => void;

// Flags, as COMMAND INFO names them.
export const WRITE = 1 << 0;
export const READONLY = 1 << 1;
export const DENYOOM = 1 << 2;
export const ADMIN = 1 << 3;
export const PUBSUB = 1 << 4;
export const NOSCRIPT = 1 << 5;
export const BLOCKING = 1 << 6;
export const LOADING = 1 << 7;
export const STALE = 1 << 8;
export const SKIP_MONITOR = 1 << 9;
export const SKIP_SLOWLOG = 1 << 10;
export const ASKING = 1 << 11;
export const FAST = 1 << 12;
export const NO_AUTH = 1 << 13;
/** Not shown by COMMAND. */
export const MAY_REPLICATE = 1 << 14;
export const NO_MANDATORY_KEYS = 1 << 15;
export const NO_MULTI = 1 << 16;
export const MOVABLE_KEYS = 1 << 17;
export const ALLOW_BUSY = 1 << 18;
export const NO_ASYNC_LOADING = 1 << 19;
/** Only where enable-debug-command allows it; not shown by COMMAND. */
export const PROTECTED = 1 << 20;

/** Takes constant time although it is not FAST; not shown by COMMAND either. See Dispatcher. */
export const BRIEF = 1 << 21;

/** Runs at once in a transaction instead of being queued; not shown by COMMAND. */
export const NOT_QUEUED = 1 << 22;

/** Allowed in RESP2 to a client that listens to channels; not shown by COMMAND. */
export const WHILE_SUBSCRIBED = 1 << 24;

/** EXEC: does what the commands do that its client has queued; not shown by COMMAND. */
export const RUNS_QUEUE = 1 << 23;

/** May come across keys that are no arguments, and delete those that have expired; not shown by COMMAND. */
export const TOUCHES_ARBITRARY_KEYS = 1 << 26;

/** Names of the flags that COMMAND INFO shows, in its order. */
export const FLAG_NAMES: [number, string][] = [
  [WRITE, "write"],
  [READONLY, "readonly"],
  [DENYOOM, "denyoom"],
  [ADMIN, "admin"],
  [PUBSUB, "pubsub"],
  [NOSCRIPT, "noscript"],
  [BLOCKING, "blocking"],
  [LOADING, "loading"],
  [STALE, "stale"],
  [SKIP_MONITOR, "skip_monitor"],
  [SKIP_SLOWLOG, "skip_slowlog"],
  [ASKING, "asking"],
  [FAST, "fast"],
  [NO_AUTH, "no_auth"],
  [NO_MANDATORY_KEYS, "no_mandatory_keys"],
  [NO_ASYNC_LOADING, "no_async_loading"],
  [NO_MULTI, "no_multi"],
  [MOVABLE_KEYS, "movablekeys"],
  [ALLOW_BUSY, "allow_busy"],
];

/** Where the keys of a command are, as Redis 7 describes it ("key specifications"). */
export interface KeySpec {
  /** Such as ["RO", "ACCESS"], upper case. */
  flags: string[];
  notes?: string;
  /**
   * Position of the first key, or the keyword that it follows (searched from `from`, backwards if negative); unknown: no
   * specification can say it, see key-extraction.ts.
   */
  begin: { index: number } | { keyword: string; from: number } | { unknown: true };
  /**
   * range: last key relative to the first (negative: counted from the end), step, and limit (n: only the first 1/n of
   * the arguments); keynum: the number of keys stands at `index` relative to the beginning.
   */
  find:
    | { last: number; step: number; limit: number }
    | { keynum: number; firstKey: number; step: number }
    | { unknown: true };
}

/** What a command does with a key. */
export class KeyUse {
  /** KEY_READ and KEY_WRITE. */
  readonly access: number;
  /** It is a key, and not something that is only where a key of its name would be (a shard channel). */
  readonly isKey: boolean;
  /** There are keys that the specification does not find. */
  readonly isIncomplete: boolean;
  /** What is done with the key depends on the arguments. */
  readonly isVariable: boolean;

  /** `flags` as COMMAND INFO has them. */
  constructor(readonly flags: readonly string[]) {
    this.access = keyAccess(flags);
    this.isKey = !flags.includes("not_key");
    this.isIncomplete = flags.includes("incomplete");
    this.isVariable = flags.includes("variable_flags");
  }
}

/** The channels that a command names: arguments from `first` on, one or (`many`) all that follow. */
export interface ChannelSpec {
  readonly first: number;
  readonly many: boolean;
  /** They are patterns of channels. */
  readonly patterns: boolean;
}

/** One key at argument `index`; `flags` separated by blanks, as in "RW UPDATE". */
export function keyAt(index: number, flags: string): KeySpec {
  return keyRange(index, 0, 1, flags);
}

/** Keys from argument `first` to `last` (relative to the first; -1: to the end) in steps of `step`. */
export function keyRange(first: number, last: number, step: number, flags: string): KeySpec {
  return { flags: flags.split(" "), begin: { index: first }, find: { last, step, limit: 0 } };
}

/** What a family's table says of a command. */
export interface CommandDefinition {
  /** Lower case; of a subcommand, without its container. */
  name: string;
  /** Number of arguments with the name itself; -n: at least n. */
  arity: number;
  flags: number;
  /** ACL categories besides those that the flags imply, without @, separated by blanks. */
  categories: string;
  keys?: KeySpec[];
  /** Channels that a client has to be allowed to use. */
  channels?: ChannelSpec;
  /** Tips for clients and proxies, such as "nondeterministic_output". */
  tips?: string[];
  /** Missing for a pure container such as CONFIG. */
  handler?: Handler;
  subcommands?: CommandDefinition[];
}

/** Figures of INFO commandstats. */
export interface CommandStats {
  calls: number;
  /** µs spent, in all. */
  micros: number;
  /** Calls refused before they ran (arity, ACL, OOM …), and calls that answered with an error. */
  rejected: number;
  failed: number;
}

/** A command as the server knows it. */
export class Command {
  /** Which one of all commands and subcommands it is; the command table counts them. */
  id = -1;
  readonly stats: CommandStats = { calls: 0, micros: 0, rejected: 0, failed: 0 };
  /** How long calls took; null until the first call that was tracked (latency-tracking). */
  latency: LatencyHistogram | null = null;
  /** "config|get" for a subcommand. */
  readonly fullName: string;
  readonly name: string;
  readonly arity: number;
  readonly flags: number;
  readonly categories: string[];
  readonly keys: KeySpec[];
  /** What it does with the keys of each specification. */
  readonly keyUses: readonly KeyUse[];
  readonly channels: ChannelSpec | null;
  readonly tips: string[];
  readonly handler: Handler | null;
  /** By lower-case name; null for a command without subcommands. */
  readonly subcommands: Map<string, Command> | null;

  constructor(
    definition: CommandDefinition,
    readonly parent: Command | null = null,
  ) {
    this.name = definition.name;
    this.fullName = parent === null ? definition.name : `${parent.name}|${definition.name}`;
    this.arity = definition.arity;
    this.flags = definition.flags;
    this.keys = definition.keys ?? [];
    this.keyUses = this.keys.map(({ flags }) => new KeyUse(flags));
    this.channels = definition.channels ?? null;
    this.tips = definition.tips ?? [];
    this.handler = definition.handler ?? null;
    if (this.handler !== null) keepOutOfLine(this.handler);
    this.categories = allCategories(definition);
    const subcommands = definition.subcommands?.map((sub): [string, Command] => [sub.name, new Command(sub, this)]);
    this.subcommands = subcommands === undefined ? null : new Map(subcommands);
  }

  /** Forgets the figures, those of the subcommands too. */
  resetStats(): void {
    this.stats.calls = 0;
    this.stats.micros = 0;
    this.stats.rejected = 0;
    this.stats.failed = 0;
    this.latency = null;
    for (const subcommand of this.subcommands?.values() ?? []) subcommand.resetStats();
  }

  /** Whether `argc` arguments, the name included, are a right number. */
  acceptsArity(argc: number): boolean {
    return this.arity >= 0 ? argc === this.arity : argc >= -this.arity;
  }
}

/** Categories that the flags imply come with the explicit ones, in the order in which Redis lists them. */
const CATEGORY_ORDER =
  "keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking " +
  "dangerous connection transaction scripting";

function allCategories(definition: CommandDefinition): string[] {
  const { flags } = definition;
  const names = new Set(definition.categories.split(" ").filter((name) => name !== ""));
  if (flags & WRITE) names.add("write");
  if (flags & READONLY && !names.has("scripting")) names.add("read");
  if (flags & ADMIN) names.add("admin").add("dangerous");
  if (flags & PUBSUB) names.add("pubsub");
  if (flags & BLOCKING) names.add("blocking");
  names.add(flags & FAST ? "fast" : "slow");
  return CATEGORY_ORDER.split(" ").filter((name) => names.has(name));
}
