/**
 * What a configuration directive is, and a constructor for every plain type (the special ones are in special.ts).
 *
 * A directive has two forms of its value: the raw one, exact (integers are bigint, because several limits exceed 2^53),
 * and the one the server reads (`value`: a number, boolean or string). Text is always a latin1 ("binary") string.
 */

import { quoteRepr } from "../../util/bytes";
import { parseMemoryExact } from "../../util/memory-units";

/** CONFIG SET refuses it. */
export const IMMUTABLE = 1;
/** CONFIG SET refuses it unless enable-protected-configs allows. */
export const PROTECTED = 2;
/** Its value must not appear in MONITOR, SLOWLOG or logs. */
export const SENSITIVE = 4;
/** CONFIG GET shows it only when it is named exactly. */
export const HIDDEN = 8;
/** Takes any number of arguments. */
export const MULTI_ARG = 16;
/** CONFIG SET refuses it while the data set is loading. */
export const DENY_LOADING = 32;
/** Changed even when set to what it was: the file it names may have changed. */
export const VOLATILE = 64;
/** Something in redbun acts on it; the others are accepted and kept only. */
export const EFFECTIVE = 128;

/** A value that a directive refuses. The message is the one Redis gives. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** One line that CONFIG REWRITE writes; without `force` only if the file already has a line of this directive. */
export interface RewriteLine {
  readonly text: string;
  readonly force: boolean;
}

/** What setting a directive may need from the process. */
export interface ConfigContext {
  /** Makes `path` the working folder, or throws the system's error. */
  changeFolder(path: string): void;
}

export type DirectiveKind = "boolean" | "integer" | "memory" | "octal" | "string" | "choice" | "special";

/** `Raw` is what is kept and written back, `Value` what the server reads. */
export interface Directive<Raw = unknown, Value = unknown> {
  readonly kind: DirectiveKind;
  readonly flags: number;
  /** A second name, kept for old configurations; it is listed like a directive of its own. */
  readonly alias: string | null;
  readonly initial: Raw;
  /** The values accepted, for people: "0..65535", "yes|no". */
  readonly accepts: string;
  /** The new raw value, or a ConfigError. `current` is the value until now: some directives change a part of it. */
  parse(args: readonly string[], current: Raw, context: ConfigContext): Raw;
  format(raw: Raw): string;
  value(raw: Raw): Value;
  /** Whether going from one to the other is a change that somebody has to act on. */
  changes(from: Raw, to: Raw): boolean;
  rewrite(name: string, raw: Raw): readonly RewriteLine[];
  /** How a repeated line in a file adds to the lines before it; without it the last line wins. */
  accumulate?(current: Raw, parsed: Raw): Raw;
  /** Undoes the side effect of `parse`, when `raw` is put back. */
  restore?(raw: Raw, context: ConfigContext): void;
}

export const INT_MIN = -(2n ** 31n);
export const INT_MAX = 2n ** 31n - 1n;
export const UINT_MAX = 2n ** 32n - 1n;
export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;
export const UINT64_MAX = 2n ** 64n - 1n;

/** Text as a C string: it ends at its first NUL byte. */
export function cString(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/** The strict integers of most directives: no sign "+", no leading zero, no space, within 64 bits; else null. */
function parseInteger(text: string): bigint | null {
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(text) || text.length > 20) return null;
  const n = BigInt(text);
  return n < INT64_MIN || n > INT64_MAX ? null : n;
}

/** An integer as C's strtoll reads a whole text: white space and "+" may come first, nothing is 0, and it saturates. */
export function parseLooseInteger(text: string, base: 8 | 10): bigint | null {
  const digits = base === 8 ? "[0-7]+" : "[0-9]+";
  const match = new RegExp(`^(?:[ \\t-\\r]*([+-]?)(${digits}))?$`).exec(cString(text));
  if (match === null || match[0].length !== cString(text).length) return null;
  if (match[2] === undefined) return 0n;
  const size = BigInt((base === 8 ? "0o" : "") + match[2]);
  const n = match[1] === "-" ? -size : size;
  return n < INT64_MIN ? INT64_MIN : n > INT64_MAX ? INT64_MAX : n;
}

/** Bytes as redis.conf writes them: in the largest unit that divides them. */
export function formatMemory(bytes: bigint): string {
  for (const [unit, size] of [
    ["gb", 1n << 30n],
    ["mb", 1n << 20n],
    ["kb", 1n << 10n],
  ] as const) {
    if (bytes !== 0n && bytes % size === 0n) return `${bytes / size}${unit}`;
  }
  return bytes.toString();
}

function differs(from: unknown, to: unknown): boolean {
  return from !== to;
}

/** yes or no. */
export function flag(initial: boolean, flags = 0, alias: string | null = null): Directive<boolean, boolean> {
  return {
    kind: "boolean",
    flags,
    alias,
    initial,
    accepts: "yes|no",
    parse([text]) {
      const lower = text.toLowerCase();
      if (lower !== "yes" && lower !== "no") throw new ConfigError("argument must be 'yes' or 'no'");
      return lower === "yes";
    },
    format: (raw) => (raw ? "yes" : "no"),
    value: (raw) => raw,
    changes: differs,
    rewrite: (name, raw) => [{ text: `${name} ${raw ? "yes" : "no"}`, force: raw !== initial }],
  };
}

interface Numeric {
  readonly kind: "integer" | "memory" | "octal";
  /** Redis's message for text that is no such number. */
  readonly refusal: string;
  read(text: string): bigint | null;
  /** As CONFIG GET shows it, and as a message names a bound. */
  show(n: bigint): string;
  /** As redis.conf writes it. */
  write(n: bigint): string;
}

const INTEGER: Numeric = {
  kind: "integer",
  refusal: "argument couldn't be parsed into an integer",
  read: parseInteger,
  show: String,
  write: String,
};

const MEMORY: Numeric = {
  kind: "memory",
  refusal: "argument must be a memory value",
  read: (text) => parseMemoryExact(cString(text)),
  show: String,
  write: formatMemory,
};

const OCTAL: Numeric = {
  kind: "octal",
  refusal: "argument couldn't be parsed as an octal number",
  read(text) {
    const n = parseLooseInteger(text, 8);
    return n === INT64_MIN || n === INT64_MAX ? null : n;
  },
  show: (n) => n.toString(8),
  write: (n) => n.toString(8),
};

function numeric(
  type: Numeric,
  initial: number,
  low: bigint | number,
  high: bigint | number,
  flags: number,
  alias: string | null,
): Directive<bigint, number> {
  const start = BigInt(initial);
  const min = BigInt(low);
  const max = BigInt(high);
  const range = `between ${type.show(min)} and ${type.show(max)} inclusive`;
  return {
    kind: type.kind,
    flags,
    alias,
    initial: start,
    accepts: `${type.show(min)}..${type.show(max)}`,
    parse([text]) {
      const parsed = type.read(text);
      if (parsed === null) throw new ConfigError(type.refusal);
      // Redis reads every number into 64 signed bits; only a directive of unsigned range keeps the upper half.
      const n = max > INT64_MAX ? parsed : BigInt.asIntN(64, parsed);
      if (n < min || n > max) throw new ConfigError(`argument must be ${range}`);
      return n;
    },
    format: type.show,
    value: Number,
    changes: differs,
    rewrite: (name, raw) => [{ text: `${name} ${type.write(raw)}`, force: raw !== start }],
  };
}

/** An integer from `low` to `high`. */
export function int(
  initial: number,
  low: bigint | number,
  high: bigint | number,
  flags = 0,
  alias: string | null = null,
): Directive<bigint, number> {
  return numeric(INTEGER, initial, low, high, flags, alias);
}

/** A number of bytes ("100mb") from `low` to `high`. */
export function memory(
  initial: number,
  low: bigint | number,
  high: bigint | number,
  flags = 0,
  alias: string | null = null,
): Directive<bigint, number> {
  return numeric(MEMORY, initial, low, high, flags, alias);
}

/** `plain` with values below `low` and above `high` taken as these bounds, as Redis does for hz. */
export function capped(
  plain: Directive<bigint, number>,
  low: bigint | number,
  high: bigint | number,
): Directive<bigint, number> {
  const min = BigInt(low);
  const max = BigInt(high);
  return {
    ...plain,
    accepts: `${min}..${max}`,
    parse(args, current, context) {
      const n = plain.parse(args, current, context);
      return n < min ? min : n > max ? max : n;
    },
  };
}

/** An octal number (file permissions) from `low` to `high`. */
export function octal(initial: number, low: number, high: number, flags = 0): Directive<bigint, number> {
  return numeric(OCTAL, initial, low, high, flags, null);
}

/** A number of bytes, or a percentage ("5%"), which is kept as a negative number (-5). */
export function memoryOrPercent(initial: number, maxPercent: number, flags = 0): Directive<bigint, number> {
  const plain = memory(initial, -maxPercent, INT64_MAX, flags);
  return {
    ...plain,
    accepts: `bytes or 0%..${maxPercent}%`,
    parse([text]) {
      const bytes = MEMORY.read(text);
      const percent = bytes === null && text.length > 1 && text.endsWith("%") ? parseInteger(text.slice(0, -1)) : null;
      if (bytes === null && (percent === null || percent < 0n)) {
        throw new ConfigError("argument must be a memory or percent value");
      }
      const n = bytes === null ? -(percent as bigint) : BigInt.asIntN(64, bytes);
      if (n < BigInt(-maxPercent)) throw new ConfigError(`percentage argument must be less or equal to ${maxPercent}`);
      return n;
    },
    format: (raw) => (raw < 0n ? `${-raw}%` : String(raw)),
    rewrite: (name, raw) => [
      { text: `${name} ${raw < 0n ? `${-raw}%` : formatMemory(raw)}`, force: raw !== BigInt(initial) },
    ],
  };
}

export interface TextOptions {
  readonly flags?: number;
  readonly alias?: string;
  /** The empty text means "not set": CONFIG REWRITE then writes no line. */
  readonly unsetWhenEmpty?: boolean;
  /** NUL bytes are part of the value, as in passwords. */
  readonly binary?: boolean;
  /** Redis's message if the text is refused, else null. */
  readonly check?: (text: string) => string | null;
}

/** A text. */
export function text(initial: string, options: TextOptions = {}): Directive<string, string> {
  const flags = options.flags ?? 0;
  const unset = options.unsetWhenEmpty === true;
  return {
    kind: "string",
    flags,
    alias: options.alias ?? null,
    initial,
    accepts: "text",
    parse([argument]) {
      const parsed = options.binary === true ? argument : cString(argument);
      const refusal = options.check?.(parsed) ?? null;
      if (refusal !== null) throw new ConfigError(refusal);
      return parsed;
    },
    format: (raw) => raw,
    value: (raw) => raw,
    changes: (from, to) => (flags & VOLATILE) !== 0 || from !== to,
    rewrite: (name, raw) =>
      unset && raw === "" ? [] : [{ text: `${name} ${quoteRepr(raw)}`, force: unset || raw !== initial }],
  };
}

/** The message that lists the choices, cut as Redis's buffer of 256 bytes cuts it. */
function choiceRefusal(names: readonly string[]): ConfigError {
  return new ConfigError(`argument(s) must be one of the following: ${names.join(", ")}`.slice(0, 255));
}

/** One of `names`, in any case. `synonyms` are further names, each shown as the choice that it stands for. */
export function choice<const Name extends string>(
  names: readonly Name[],
  initial: Name,
  flags = 0,
  synonyms: Readonly<Record<string, Name>> = {},
): Directive<Name, Name> {
  return {
    kind: "choice",
    flags,
    alias: null,
    initial,
    accepts: names.join("|"),
    parse([argument]) {
      const lower = cString(argument).toLowerCase();
      const found = names.find((name) => name === lower);
      if (found === undefined) throw choiceRefusal(names);
      return synonyms[found] ?? found;
    },
    format: (raw) => raw,
    value: (raw) => raw,
    changes: differs,
    rewrite: (name, raw) => [{ text: `${name} ${raw}`, force: raw !== initial }],
  };
}

/**
 * Any number of `names`, kept in their order; `none` is the name of choosing nothing, and comes first in messages.
 * `check` gives Redis's message for a combination that makes no sense.
 */
export function choices<const Name extends string>(
  none: string,
  names: readonly Name[],
  flags: number,
  check: (chosen: readonly Name[]) => string | null,
): Directive<readonly Name[], readonly Name[]> {
  const show = (raw: readonly Name[]) => (raw.length === 0 ? none : raw.join(" "));
  return {
    kind: "choice",
    flags: flags | MULTI_ARG,
    alias: null,
    initial: [],
    accepts: [none, ...names].join("|"),
    parse(args) {
      const lower = args.map((argument) => cString(argument).toLowerCase());
      if (lower.length === 0 || !lower.every((name) => name === none || (names as readonly string[]).includes(name))) {
        throw choiceRefusal([none, ...names]);
      }
      const chosen = names.filter((name) => lower.includes(name));
      const refusal = check(chosen);
      if (refusal !== null) throw new ConfigError(refusal);
      return chosen;
    },
    format: show,
    value: (raw) => raw,
    changes: (from, to) => show(from) !== show(to),
    rewrite: (name, raw) => [{ text: `${name} ${show(raw)}`, force: raw.length !== 0 }],
  };
}
