/**
 * The directives with a syntax of their own: save, client-output-buffer-limit, oom-score-adj-values,
 * notify-keyspace-events, bind, replicaof, dir and latency-tracking-info-percentiles.
 */

import { realpathSync, statSync } from "node:fs";
import {
  EVENT_EVICTED,
  EVENT_EXPIRED,
  EVENT_GENERIC,
  EVENT_HASH,
  EVENT_KEY_MISS,
  EVENT_LIST,
  EVENT_NEW,
  EVENT_SET,
  EVENT_STREAM,
  EVENT_STRING,
  EVENT_ZSET,
} from "../../db/keyspace";
import { ON_KEYEVENT, ON_KEYSPACE } from "../../session/notifications";
import { bytesOf, quoteRepr } from "../../util/bytes";
import { parseDouble } from "../../util/doubles";
import { formatFixed } from "../../util/fixed";
import { parseMemoryExact } from "../../util/memory-units";
import { strerror } from "../../util/strerror";
import { decodeUtf8, encodeUtf8 } from "../../util/utf8";
import {
  ConfigError,
  cString,
  DENY_LOADING,
  type Directive,
  EFFECTIVE,
  formatMemory,
  IMMUTABLE,
  MULTI_ARG,
  PROTECTED,
  parseLooseInteger,
} from "./directive";

/** Takes a snapshot after `seconds` if at least `changes` keys changed. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

const INITIAL_SAVE: readonly SavePoint[] = [
  { seconds: 3600, changes: 1 },
  { seconds: 300, changes: 100 },
  { seconds: 60, changes: 10000 },
];

/** One argument of `save`, at least `least`. */
function saveNumber(text: string, least: bigint): number {
  const n = parseLooseInteger(text, 10);
  if (n === null || n < least) throw new ConfigError("Invalid save parameters");
  return Number(n);
}

export const save: Directive<readonly SavePoint[], readonly SavePoint[]> = {
  kind: "special",
  flags: MULTI_ARG | EFFECTIVE,
  alias: null,
  initial: INITIAL_SAVE,
  accepts: "<seconds> <changes> [<seconds> <changes> ...]",
  parse(args) {
    if (args.length === 1 && cString(args[0]) === "") return [];
    if (args.length % 2 !== 0) throw new ConfigError("Invalid save parameters");
    const points: SavePoint[] = [];
    for (let i = 0; i < args.length; i += 2) {
      points.push({ seconds: saveNumber(args[i], 1n), changes: saveNumber(args[i + 1], 0n) });
    }
    return points;
  },
  format: (raw) => raw.map((point) => `${point.seconds} ${point.changes}`).join(" "),
  value: (raw) => raw,
  changes: () => true,
  rewrite(name, raw) {
    if (raw.length === 0) return [{ text: `${name} ""`, force: true }];
    return raw.map((point) => ({ text: `${name} ${point.seconds} ${point.changes}`, force: true }));
  },
  // `save ""` takes back the lines before it.
  accumulate: (current, parsed) => (parsed.length === 0 ? [] : [...current, ...parsed]),
};

/** A client is closed at `hard` bytes of unread replies, or after `softSeconds` above `soft` bytes; 0 is no limit. */
export interface OutputLimit {
  readonly hard: number;
  readonly soft: number;
  readonly softSeconds: number;
}

/** Redis calls the class `replica` "slave" in CONFIG GET, and "replica" in the files that it writes. */
export interface OutputLimits {
  readonly normal: OutputLimit;
  readonly replica: OutputLimit;
  readonly pubsub: OutputLimit;
}

interface RawLimit {
  readonly hard: bigint;
  readonly soft: bigint;
  readonly softSeconds: bigint;
}

type OutputClass = keyof OutputLimits;
type RawLimits = Readonly<Record<OutputClass, RawLimit>>;

const MIB = 1n << 20n;
const INITIAL_LIMITS: RawLimits = {
  normal: { hard: 0n, soft: 0n, softSeconds: 0n },
  replica: { hard: 256n * MIB, soft: 64n * MIB, softSeconds: 60n },
  pubsub: { hard: 32n * MIB, soft: 8n * MIB, softSeconds: 60n },
};

const OUTPUT_CLASSES: Readonly<Record<string, OutputClass>> = {
  normal: "normal",
  slave: "replica",
  replica: "replica",
  pubsub: "pubsub",
};

function parseLimit(hardText: string, softText: string, secondsText: string): RawLimit {
  const hard = parseMemoryExact(cString(hardText));
  const soft = parseMemoryExact(cString(softText));
  const seconds = parseLooseInteger(secondsText, 10);
  const softSeconds = seconds === null ? -1n : BigInt.asIntN(32, seconds);
  if (hard === null || soft === null || softSeconds < 0n) {
    throw new ConfigError("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  }
  return { hard, soft, softSeconds };
}

function readableLimit(raw: RawLimit): OutputLimit {
  return { hard: Number(raw.hard), soft: Number(raw.soft), softSeconds: Number(raw.softSeconds) };
}

function equalLimit(a: RawLimit, b: RawLimit): boolean {
  return a.hard === b.hard && a.soft === b.soft && a.softSeconds === b.softSeconds;
}

export const clientOutputBufferLimit: Directive<RawLimits, OutputLimits> = {
  kind: "special",
  flags: MULTI_ARG | EFFECTIVE,
  alias: null,
  initial: INITIAL_LIMITS,
  accepts: "normal|replica|pubsub <hard> <soft> <soft seconds> [...]",
  parse(args, current) {
    if (args.length % 4 !== 0) throw new ConfigError("Wrong number of arguments in buffer limit configuration.");
    const next: Record<OutputClass, RawLimit> = { ...current };
    for (let i = 0; i < args.length; i += 4) {
      const name = cString(args[i]).toLowerCase();
      if (!Object.hasOwn(OUTPUT_CLASSES, name)) {
        throw new ConfigError("Invalid client class specified in buffer limit configuration.");
      }
      next[OUTPUT_CLASSES[name]] = parseLimit(args[i + 1], args[i + 2], args[i + 3]);
    }
    return next;
  },
  format(raw) {
    const classes: [string, RawLimit][] = [
      ["normal", raw.normal],
      ["slave", raw.replica],
      ["pubsub", raw.pubsub],
    ];
    return classes.map(([name, limit]) => `${name} ${limit.hard} ${limit.soft} ${limit.softSeconds}`).join(" ");
  },
  value: (raw) => ({
    normal: readableLimit(raw.normal),
    replica: readableLimit(raw.replica),
    pubsub: readableLimit(raw.pubsub),
  }),
  changes: () => true,
  rewrite: (name, raw) =>
    (["normal", "replica", "pubsub"] as const).map((output) => {
      const limit = raw[output];
      const amounts = `${formatMemory(limit.hard)} ${formatMemory(limit.soft)} ${limit.softSeconds}`;
      return { text: `${name} ${output} ${amounts}`, force: !equalLimit(limit, INITIAL_LIMITS[output]) };
    }),
};

const INITIAL_OOM_SCORES: readonly number[] = [0, 200, 800];

/** The values for a master, a replica and a background child. */
export const oomScoreAdjValues: Directive<readonly number[], readonly number[]> = {
  kind: "special",
  flags: MULTI_ARG | EFFECTIVE,
  alias: null,
  initial: INITIAL_OOM_SCORES,
  accepts: "<master> <replica> <child>, each -2000..2000",
  parse(args) {
    if (args.length !== INITIAL_OOM_SCORES.length) throw new ConfigError("wrong number of arguments");
    return args.map((argument) => {
      const n = parseLooseInteger(argument, 10);
      if (n === null || n < -2000n || n > 2000n) {
        throw new ConfigError("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
      }
      return Number(n);
    });
  },
  format: (raw) => raw.join(" "),
  value: (raw) => raw,
  changes: (from, to) => from.join(" ") !== to.join(" "),
  rewrite: (name, raw) => [{ text: `${name} ${raw.join(" ")}`, force: raw.join(" ") !== INITIAL_OOM_SCORES.join(" ") }],
};

/** A class that modules alone would announce. The other bits are those of `../../db/keyspace.ts`. */
const EVENT_MODULE = 1 << 13;

/** What "A" stands for: everything but key misses, new keys and the two kinds of channel. */
const EVENT_ALL =
  EVENT_GENERIC |
  EVENT_STRING |
  EVENT_LIST |
  EVENT_SET |
  EVENT_HASH |
  EVENT_ZSET |
  EVENT_EXPIRED |
  EVENT_EVICTED |
  EVENT_STREAM |
  EVENT_MODULE;

/** In the order in which CONFIG GET shows them. */
const EVENT_CLASSES: readonly (readonly [string, number])[] = [
  ["g", EVENT_GENERIC],
  ["$", EVENT_STRING],
  ["l", EVENT_LIST],
  ["s", EVENT_SET],
  ["h", EVENT_HASH],
  ["z", EVENT_ZSET],
  ["x", EVENT_EXPIRED],
  ["e", EVENT_EVICTED],
  ["t", EVENT_STREAM],
  ["d", EVENT_MODULE],
  ["n", EVENT_NEW],
];

const CHANNEL_CLASSES: readonly (readonly [string, number])[] = [
  ["K", ON_KEYSPACE],
  ["E", ON_KEYEVENT],
  ["m", EVENT_KEY_MISS],
];

const EVENT_BITS: ReadonlyMap<string, number> = new Map([...EVENT_CLASSES, ...CHANNEL_CLASSES, ["A", EVENT_ALL]]);

function lettersOf(classes: readonly (readonly [string, number])[], bits: number): string {
  return classes.map(([letter, bit]) => ((bits & bit) !== 0 ? letter : "")).join("");
}

/** "A" hides "n" too, as in Redis. */
function formatEvents(bits: number): string {
  const events = (bits & EVENT_ALL) === EVENT_ALL ? "A" : lettersOf(EVENT_CLASSES, bits);
  return events + lettersOf(CHANNEL_CLASSES, bits);
}

export const notifyKeyspaceEvents: Directive<number, number> = {
  kind: "special",
  flags: EFFECTIVE,
  alias: null,
  initial: 0,
  accepts: "letters of Ag$lshzxeKEtmdn",
  parse(args) {
    if (args.length !== 1) throw new ConfigError("wrong number of arguments");
    let bits = 0;
    for (const letter of cString(args[0])) {
      const bit = EVENT_BITS.get(letter);
      if (bit === undefined) throw new ConfigError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
      bits |= bit;
    }
    return bits;
  },
  format: formatEvents,
  value: (raw) => raw,
  changes: () => true,
  rewrite: (name, raw) => [{ text: `${name} ${quoteRepr(formatEvents(raw))}`, force: raw !== 0 }],
};

const INITIAL_BIND: readonly string[] = ["*", "-::*"];
const MAX_BIND = 16;

/** Addresses to listen on; one that starts with "-" may be missing on this machine. None is "do not listen on TCP". */
export const bind: Directive<readonly string[], readonly string[]> = {
  kind: "special",
  flags: MULTI_ARG | EFFECTIVE,
  alias: null,
  initial: INITIAL_BIND,
  accepts: `up to ${MAX_BIND} addresses`,
  parse(args) {
    if (args.length > MAX_BIND) throw new ConfigError("Too many bind addresses specified.");
    return args.length === 1 && args[0] === "" ? [] : args.map(cString);
  },
  format: (raw) => raw.join(" "),
  value: (raw) => raw,
  changes: () => true,
  rewrite(name, raw) {
    if (raw.join(" ") === INITIAL_BIND.join(" ")) return [];
    return [{ text: `${name} ${raw.length === 0 ? '""' : raw.join(" ")}`, force: true }];
  },
};

export interface MasterAddress {
  readonly host: string;
  readonly port: number;
}

/** The master of this server, or null. `replicaof no one` is null. */
export const replicaof: Directive<MasterAddress | null, MasterAddress | null> = {
  kind: "special",
  flags: IMMUTABLE | MULTI_ARG,
  alias: "slaveof",
  initial: null,
  accepts: "<host> <port>, or no one",
  parse(args) {
    if (args.length !== 2) throw new ConfigError("wrong number of arguments");
    if (cString(args[0]).toLowerCase() === "no" && cString(args[1]).toLowerCase() === "one") return null;
    const port = parseLooseInteger(args[1], 10);
    if (port === null || port < 0n || port > 65535n) throw new ConfigError("Invalid master port");
    return { host: args[0], port: Number(port) };
  },
  format: (raw) => (raw === null ? "" : `${raw.host} ${raw.port}`),
  value: (raw) => raw,
  changes: () => true,
  rewrite: (name, raw) => (raw === null ? [] : [{ text: `${name} ${raw.host} ${raw.port}`, force: true }]),
};

/** The working folder: setting it goes there, and its value is the folder's real path. */
export const dir: Directive<string, string> = {
  kind: "special",
  flags: PROTECTED | DENY_LOADING | EFFECTIVE,
  alias: null,
  initial: "",
  accepts: "a folder",
  parse(args, current, context) {
    if (args.length !== 1) throw new ConfigError("wrong number of arguments");
    const path = cString(args[0]);
    // Resolving an empty path would give the current folder, but it names none.
    if (path === "") throw new ConfigError("No such file or directory");
    try {
      const real = realpathSync(decodeUtf8(path.startsWith("/") || current === "" ? path : `${current}/${path}`));
      if (!statSync(real).isDirectory()) throw new ConfigError("Not a directory");
      context.changeFolder(real);
      return encodeUtf8(real);
    } catch (error) {
      throw error instanceof ConfigError ? error : new ConfigError(strerror(error));
    }
  },
  format: (raw) => raw,
  value: (raw) => raw,
  changes: () => true,
  rewrite: (name, raw) => [{ text: `${name} ${quoteRepr(raw)}`, force: true }],
  restore: (raw, context) => context.changeFolder(decodeUtf8(raw)),
};

function formatPercentile(n: number): string {
  return formatFixed(n, 6).replace(/\.?0+$/, "");
}

/** The percentiles that INFO latencystats shows. */
export const latencyTrackingInfoPercentiles: Directive<readonly number[], readonly number[]> = {
  kind: "special",
  flags: MULTI_ARG | EFFECTIVE,
  alias: null,
  initial: [50, 99, 99.9],
  accepts: "numbers from 0 to 100",
  parse(args) {
    if (args.length === 1 && args[0] === "") return [];
    return args.map((argument) => {
      const bytes = bytesOf(argument);
      const n = parseDouble(bytes, 0, bytes.length);
      if (Number.isNaN(n)) throw new ConfigError("Invalid latency-tracking-info-percentiles parameters");
      if (n > 100 || n < 0) {
        throw new ConfigError("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
      }
      return n;
    });
  },
  format: (raw) => raw.map(formatPercentile).join(" "),
  value: (raw) => raw,
  changes: () => true,
  rewrite: (name, raw) => [
    { text: `${name} ${raw.length === 0 ? '""' : raw.map(formatPercentile).join(" ")}`, force: true },
  ],
};
