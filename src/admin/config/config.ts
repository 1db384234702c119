/**
 * The configuration of one server: the values, CONFIG GET and CONFIG SET.
 *
 * Every directive is a plain property (`config.maxclients`, `config.protoMaxBulkLen`), read on hot paths. The exact
 * values are kept beside them, by slot (the directive's position in the table); both change together, in #store only.
 * Names and values are latin1 ("binary") strings.
 *
 * CONFIG SET is all or nothing: check everything, set everything, then run the hooks of what changed; when a value or a
 * hook refuses, everything set is put back, and the hooks that had run run again.
 */

import { shown } from "../../resp/errors";
import { globMatchString } from "../../util/glob";
import { encodeUtf8 } from "../../util/utf8";
import {
  type ConfigContext,
  ConfigError,
  DENY_LOADING,
  type Directive,
  HIDDEN,
  IMMUTABLE,
  MULTI_ARG,
  PROTECTED,
  SENSITIVE,
} from "./directive";
import { type ConfigValues, type DirectiveName, directives, propertyOf } from "./table";

export { ConfigError } from "./directive";
export { refusedDirectives } from "./refusal";
export type { ConfigValues, DirectiveName } from "./table";
export { directivesWithoutEffect } from "./table";

/** Acts on a changed directive; a text is the reason why it could not, and undoes the whole CONFIG SET. */
export type ChangeHook = () => string | null;

/** Who sends a CONFIG SET, as far as that matters. */
export interface ConfigSetOrigin {
  /** The connection comes from this machine (`enable-protected-configs local`). */
  readonly local?: boolean;
  /** The data set is being loaded. */
  readonly loading?: boolean;
  /** Called when a value could not be put into effect, before the previous ones are. */
  readonly failed?: (name: string) => void;
}

export interface ConfigOptions {
  /** How the process goes to another folder; a server inside another program passes a function that does not. */
  readonly changeFolder?: (path: string) => void;
}

/** A module that `loadmodule` names. */
export interface ModuleDirective {
  readonly path: string;
  readonly args: readonly string[];
}

/** A directive under one of its names; an alias is an entry of its own, as in Redis. */
interface Entry {
  readonly name: string;
  readonly directive: Directive;
  readonly slot: number;
  readonly property: string;
  /** The table's name: that of the directive itself where `name` is its alias. */
  readonly primary: DirectiveName;
}

function buildEntries(): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  let slot = 0;
  for (const [name, directive] of Object.entries<Directive>(directives)) {
    const entry = { name, directive, slot: slot++, property: propertyOf(name), primary: name as DirectiveName };
    entries.set(name, entry);
    if (directive.alias !== null) entries.set(directive.alias, { ...entry, name: directive.alias });
  }
  return entries;
}

const entries: ReadonlyMap<string, Entry> = buildEntries();

function lookup(name: string): Entry | undefined {
  return entries.get(name.toLowerCase());
}

/** Whether `name` is a directive or an alias of one. */
export function isDirective(name: string): boolean {
  return lookup(name) !== undefined;
}

/** The name under which CONFIG REWRITE writes `name`: that of the directive where `name` is an alias. */
export function primaryName(name: string): string {
  return lookup(name)?.primary ?? name.toLowerCase();
}

/** Whether `name` takes any number of arguments. */
export function takesManyArguments(name: string): boolean {
  const entry = lookup(name);
  return entry !== undefined && (entry.directive.flags & MULTI_ARG) !== 0;
}

/** Whether the value of `name` must be hidden from MONITOR, SLOWLOG and logs. */
export function isSensitive(name: string): boolean {
  const entry = lookup(name);
  return entry !== undefined && (entry.directive.flags & SENSITIVE) !== 0;
}

/** The pieces between single spaces: none for the empty text, and empty pieces between two spaces. */
function argumentsOf(entry: Entry, value: string): string[] {
  if ((entry.directive.flags & MULTI_ARG) === 0) return [value];
  return value === "" ? [] : value.split(" ");
}

/** An error reply's text: line ends would end the reply. */
function replyText(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}

function setFailure(name: string, reason: string): string {
  return replyText(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
}

/** The values that a CONFIG SET replaces, and the hooks that it calls. */
interface Transaction {
  readonly previous: (readonly [Entry, unknown])[];
  /** By hook, the name that an error of this hook is attributed to. */
  readonly hooks: Map<ChangeHook, string>;
}

/**
 * The part of Config that is not one property a directive. What is private is so by `#`: the names of directives are
 * properties of the same object.
 */
class ConfigState {
  /** The absolute path of the configuration file, "" without one. */
  configFile = "";
  /** `rename-command` lines: from, and to ("" removes the command). */
  readonly renamedCommands: (readonly [string, string])[] = [];
  /** The arguments of `user` lines: the name first. */
  readonly userDirectives: (readonly string[])[] = [];
  readonly moduleDirectives: ModuleDirective[] = [];
  /** Lines `<module>.<name> <value>`. */
  readonly moduleSettings = new Map<string, string>();

  readonly #raw: unknown[] = [];
  readonly #hooks = new Map<DirectiveName, ChangeHook[]>();
  readonly #context: ConfigContext;
  /** Directives that the current source has already set, for those whose lines add up. */
  readonly #loaded = new Set<number>();

  constructor(options: ConfigOptions) {
    this.#context = { changeFolder: options.changeFolder ?? ((path) => process.chdir(path)) };
    for (const entry of entries.values()) {
      if (entry.name !== entry.primary) continue;
      this.#store(entry, entry.name === "dir" ? encodeUtf8(process.cwd()) : entry.directive.initial);
    }
  }

  /**
   * CONFIG GET: the [name, value] pairs of the directives that match one of `patterns`. A pattern without *, ? and [ is a
   * name, which is answered as it was written and finds hidden directives too.
   */
  get(patterns: readonly string[]): [string, string][] {
    const matched = new Map<string, [string, string]>();
    for (const pattern of patterns) {
      const lower = pattern.toLowerCase();
      if (!/[[*?]/.test(pattern)) {
        const entry = lookup(pattern);
        if (entry !== undefined && !matched.has(lower)) matched.set(lower, [pattern, this.#show(entry)]);
        continue;
      }
      for (const entry of entries.values()) {
        if ((entry.directive.flags & HIDDEN) !== 0 || matched.has(entry.name)) continue;
        if (globMatchString(pattern, entry.name, true)) matched.set(entry.name, [entry.name, this.#show(entry)]);
      }
    }
    return [...matched.values()];
  }

  /** The value of one directive or alias as CONFIG GET shows it, or null if there is no such directive. */
  show(name: string): string | null {
    const entry = lookup(name);
    return entry === undefined ? null : this.#show(entry);
  }

  /**
   * CONFIG SET of [name, value] pairs, all or none. Returns null, or the text of the error reply with its code
   * ("ERR CONFIG SET failed ...").
   */
  set(pairs: readonly (readonly [string, string])[], origin: ConfigSetOrigin = {}): string | null {
    const targets = this.#targets(pairs, origin);
    if (typeof targets === "string") return targets;
    const done: Transaction = { previous: [], hooks: new Map() };
    for (let i = 0; i < targets.length; i++) {
      const refusal = this.#setOne(targets[i], pairs[i][1], done);
      if (refusal === null) continue;
      this.#rollBack(done.previous);
      return setFailure(targets[i].name, refusal);
    }
    for (const [hook, name] of done.hooks) {
      const refusal = hook();
      if (refusal === null) continue;
      origin.failed?.(name);
      this.#rollBack(done.previous);
      // Redis applies the old values to everything again, also to what had not been changed yet.
      for (const again of done.hooks.keys()) again();
      return setFailure(name, refusal);
    }
    return null;
  }

  /** Calls `hook` after a CONFIG SET that changed `name`, when all values of that CONFIG SET are in place. */
  onChange(name: DirectiveName, hook: ChangeHook): void {
    const hooks = this.#hooks.get(name);
    if (hooks === undefined) this.#hooks.set(name, [hook]);
    else hooks.push(hook);
  }

  /**
   * Sets a directive for the server itself: immutable ones too, and without hooks. Throws a ConfigError with Redis's
   * message.
   */
  assign(name: string, args: readonly string[]): void {
    this.#assign(name, args, false);
  }

  /** Starts a source of directives (the environment, the files): `save` lines replace those of sources before it. */
  beginSource(): void {
    this.#loaded.clear();
  }

  /** `assign` for a line of the current source: several `save` lines add up. */
  load(name: string, args: readonly string[]): void {
    this.#assign(name, args, true);
  }

  /** Calls `visit` with every directive and its exact value, aliases left out. */
  forEach(visit: (name: DirectiveName, directive: Directive, raw: unknown) => void): void {
    for (const entry of entries.values()) {
      if (entry.name === entry.primary) visit(entry.primary, entry.directive, this.#raw[entry.slot]);
    }
  }

  #assign(name: string, args: readonly string[], accumulate: boolean): void {
    const entry = lookup(name);
    if (entry === undefined) throw new ConfigError("Bad directive or wrong number of arguments");
    const { directive, slot } = entry;
    if ((directive.flags & MULTI_ARG) === 0 && args.length !== 1) throw new ConfigError("wrong number of arguments");
    const current = this.#raw[slot];
    const parsed = directive.parse(args, current, this.#context);
    const adds = accumulate && this.#loaded.has(slot);
    if (accumulate) this.#loaded.add(slot);
    this.#store(entry, adds && directive.accumulate ? directive.accumulate(current, parsed) : parsed);
  }

  #show(entry: Entry): string {
    return entry.directive.format(this.#raw[entry.slot]);
  }

  #store(entry: Entry, raw: unknown): void {
    this.#raw[entry.slot] = raw;
    (this as unknown as Record<string, unknown>)[entry.property] = entry.directive.value(raw);
  }

  /** The entries that `pairs` name, or the error reply of the first that cannot be set. */
  #targets(pairs: readonly (readonly [string, string])[], origin: ConfigSetOrigin): Entry[] | string {
    const targets: Entry[] = [];
    for (const [name] of pairs) {
      const entry = lookup(name);
      if (entry === undefined) {
        return replyText(`ERR Unknown option or number of arguments for CONFIG SET - '${shown(name)}'`);
      }
      const { flags } = entry.directive;
      if ((flags & IMMUTABLE) !== 0) return setFailure(name, "can't set immutable config");
      if ((flags & PROTECTED) !== 0 && !this.#allowsProtected(origin)) {
        return setFailure(name, "can't set protected config");
      }
      if ((flags & DENY_LOADING) !== 0 && origin.loading === true) {
        return "LOADING Redis is loading the dataset in memory";
      }
      if (targets.includes(entry)) return setFailure(name, "duplicate parameter");
      targets.push(entry);
    }
    return targets;
  }

  #allowsProtected(origin: ConfigSetOrigin): boolean {
    const allowed = (this as unknown as ConfigValues).enableProtectedConfigs;
    return allowed === "yes" || (allowed === "local" && origin.local === true);
  }

  /** Sets one value and notes what to undo and whom to tell; returns why not, else null. */
  #setOne(entry: Entry, value: string, done: Transaction): string | null {
    const previous = this.#raw[entry.slot];
    let raw: unknown;
    try {
      raw = entry.directive.parse(argumentsOf(entry, value), previous, this.#context);
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    done.previous.push([entry, previous]);
    this.#store(entry, raw);
    if (entry.directive.changes(previous, raw)) {
      for (const hook of this.#hooks.get(entry.primary) ?? []) {
        if (!done.hooks.has(hook)) done.hooks.set(hook, entry.name);
      }
    }
    return null;
  }

  /** Puts the previous values back, the last one set first: an alias and its directive may both have been set. */
  #rollBack(previous: readonly (readonly [Entry, unknown])[]): void {
    for (const [entry, raw] of previous.toReversed()) {
      this.#store(entry, raw);
      entry.directive.restore?.(raw, this.#context);
    }
  }
}

/** A server's configuration: a readonly property for every directive, and the methods of ConfigState. */
export type Config = ConfigState & ConfigValues;

/** A configuration with Redis's defaults. */
export function createConfig(options: ConfigOptions = {}): Config {
  return new ConfigState(options) as Config;
}
