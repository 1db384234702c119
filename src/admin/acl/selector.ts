/**
 * A selector: one set of rights. It says which commands may be run, which keys they may read and write, and which
 * channels they may name. A user has one root selector and any number of others; what one of them allows is allowed.
 *
 * Commands are a bitmap by the number that the command table gives each command and each subcommand (`Command.id`), so
 * that a check is one load and one test. Beside it stand the rules that led to it, as text: they are what ACL LIST and
 * the ACL file show, as one bitmap can be reached in many ways. A rule replaces earlier ones of the same command or
 * category, and those of its subcommands.
 *
 * Texts are latin1: one character a byte.
 */

import type { Command } from "../../command/command-spec";
import {
  ACL_CHANNELS_AFTER_ALL,
  ACL_FIRST_ARGUMENT_OF_SUBCOMMAND,
  ACL_KEYS_AFTER_ALL,
  ACL_SYNTAX,
  ACL_UNKNOWN_COMMAND,
} from "../../resp/errors";
import { globMatch } from "../../util/glob";
import { categoryNamed } from "./categories";
import { KEY_ALL, KEY_READ, KEY_WRITE } from "./key-access";

/** What selectors have to know of commands: the command table. */
export interface CommandCatalog {
  /** Commands and subcommands; every id is below it. */
  readonly idCount: number;
  /** By the names that they have without rename-command, lower case; those too that only rules can name. */
  readonly nameable: ReadonlyMap<string, Command>;
}

/** What new selectors and users are made for. */
export interface AclContext {
  readonly commands: CommandCatalog;
  /** Whether new users may use all channels (acl-pubsub-default). */
  readonly allChannels: boolean;
  /** Where warnings go. */
  readonly warn: (message: string) => void;
}

/** Keys that may be named. */
export interface KeyPattern {
  readonly pattern: Buffer;
  /** KEY_READ, KEY_WRITE or both. */
  access: number;
}

/** Whether a text has characters that no name and no pattern may have: the files of users are split at them. */
export function hasSpaces(text: string): boolean {
  return /[ \t\n\v\f\r\0]/.test(text);
}

/** A text as C reads it: up to a NUL. */
export function cString(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/** The command of a rule ("get", "config", "config|get"), in any case; undefined if there is none. */
function commandOfRule(catalog: CommandCatalog, name: string): Command | undefined {
  const [base, ...more] = name.toLowerCase().split("|");
  const command = catalog.nameable.get(base);
  if (more.length === 0) return command;
  return more.length === 1 ? command?.subcommands?.get(more[0]) : undefined;
}

export class Selector {
  allKeys = false;
  allChannels: boolean;
  /** Every command without a look at the bitmap. */
  allCommands = false;
  keyPatterns: KeyPattern[] = [];
  channels: Buffer[] = [];
  /** Commands that are added to the server later are allowed: the rules begin with +@all, and not with -@all. */
  private futureCommands = false;
  private rules: string[] = [];
  private readonly allowed: Uint32Array;
  /** By command, the first arguments with which it is allowed although it is not in the bitmap. */
  private firstArguments: Map<number, string[]> | null = null;

  constructor(private readonly context: AclContext) {
    this.allChannels = context.allChannels;
    this.allowed = new Uint32Array((context.commands.idCount + 31) >>> 5);
  }

  copy(): Selector {
    const copy = new Selector(this.context);
    copy.allKeys = this.allKeys;
    copy.allChannels = this.allChannels;
    copy.allCommands = this.allCommands;
    copy.futureCommands = this.futureCommands;
    copy.keyPatterns = this.keyPatterns.map(({ pattern, access }) => ({ pattern, access }));
    copy.channels = [...this.channels];
    copy.rules = [...this.rules];
    copy.allowed.set(this.allowed);
    for (const [id, words] of this.firstArguments ?? []) copy.allowFirstArguments(id, words);
    return copy;
  }

  /** Everything is allowed. */
  get unrestricted(): boolean {
    return this.allCommands && this.allKeys && this.allChannels;
  }

  // --- questions ---------------------------------------------------------------------------------------------------

  /** Whether the bitmap allows a command. */
  allows(id: number): boolean {
    return this.allCommands || (this.allowed[id >>> 5] & (1 << (id & 31))) !== 0;
  }

  /** Whether a command is allowed with this first argument. */
  allowsFirstArgument(id: number, argument: string): boolean {
    const words = this.firstArguments?.get(id);
    if (words === undefined) return false;
    const wanted = argument.toLowerCase();
    return words.some((word) => word.toLowerCase() === wanted);
  }

  /** Whether some command is allowed only with certain first arguments. */
  get hasFirstArguments(): boolean {
    return this.firstArguments !== null;
  }

  /** Whether a key may be used in this way (KEY_READ, KEY_WRITE, both, or 0: only named). */
  allowsKey(buf: Uint8Array, start: number, end: number, access: number): boolean {
    if (this.allKeys) return true;
    const { keyPatterns } = this;
    for (let i = 0; i < keyPatterns.length; i++) {
      const { pattern, access: given } = keyPatterns[i];
      if ((given & access) === access && globMatch(pattern, 0, pattern.length, buf, start, end, false)) return true;
    }
    return false;
  }

  /** Whether all keys that there are may be used in this way. */
  allowsAllKeys(access: number): boolean {
    return (
      this.allKeys ||
      this.keyPatterns.some(({ pattern, access: given }) => (given & access) === access && pattern.equals(EVERYTHING))
    );
  }

  /** Whether a channel may be named; a pattern of channels must be one that is allowed to the letter. */
  allowsChannel(buf: Uint8Array, start: number, end: number, isPattern: boolean): boolean {
    return this.allChannels || matchesChannel(this.channels, buf, start, end, isPattern);
  }

  // --- rules -------------------------------------------------------------------------------------------------------

  /** Applies a rule ("+get", "~user:*"); returns what is wrong with it, or null. */
  apply(rule: string): string | null {
    const word = cString(rule);
    switch (word.toLowerCase()) {
      case "allkeys":
      case "~*":
        return this.setAllKeys(true);
      case "resetkeys":
        return this.setAllKeys(false);
      case "allchannels":
      case "&*":
        return this.setAllChannels(true);
      case "resetchannels":
        return this.setAllChannels(false);
      case "allcommands":
      case "+@all":
        return this.setAllCommands(true);
      case "nocommands":
      case "-@all":
        return this.setAllCommands(false);
    }
    switch (rule[0]) {
      case "~":
        return this.addKeys(rule.slice(1), KEY_ALL);
      case "%":
        return this.addKeysWithAccess(rule);
      case "&":
        return this.addChannels(rule.slice(1));
      case "+":
      case "-":
        return word[1] === "@" ? this.applyCategory(word) : this.applyCommand(word);
      default:
        return ACL_SYNTAX;
    }
  }

  private setAllKeys(all: boolean): null {
    this.allKeys = all;
    this.keyPatterns = [];
    return null;
  }

  private setAllChannels(all: boolean): null {
    this.allChannels = all;
    this.channels = [];
    return null;
  }

  private setAllCommands(all: boolean): null {
    this.allowed.fill(all ? 0xffffffff : 0);
    this.allCommands = all;
    this.futureCommands = all;
    this.firstArguments = null;
    this.rules = [];
    return null;
  }

  /** "%R~pattern", "%W~pattern", "%RW~pattern". */
  private addKeysWithAccess(rule: string): string | null {
    if (this.allKeys) return ACL_KEYS_AFTER_ALL;
    let access = 0;
    let i = 1;
    for (; i < rule.length && rule[i] !== "~"; i++) {
      const letter = rule[i].toUpperCase();
      const bit = letter === "R" ? KEY_READ : letter === "W" ? KEY_WRITE : 0;
      if (bit === 0 || (access & bit) !== 0) return ACL_SYNTAX;
      access |= bit;
    }
    // A pattern that allows nothing. ("%R" without a tilde is the empty pattern.)
    if (access === 0) return ACL_SYNTAX;
    return this.addKeys(rule.slice(i + 1), access);
  }

  private addKeys(text: string, access: number): string | null {
    if (this.allKeys) return ACL_KEYS_AFTER_ALL;
    if (hasSpaces(text)) return ACL_SYNTAX;
    const pattern = Buffer.from(text, "latin1");
    const known = this.keyPatterns.find((other) => other.pattern.equals(pattern));
    if (known === undefined) this.keyPatterns.push({ pattern, access });
    else known.access |= access;
    return null;
  }

  private addChannels(text: string): string | null {
    if (this.allChannels) return ACL_CHANNELS_AFTER_ALL;
    if (hasSpaces(text)) return ACL_SYNTAX;
    const pattern = Buffer.from(text, "latin1");
    if (!this.channels.some((other) => other.equals(pattern))) this.channels.push(pattern);
    return null;
  }

  private applyCategory(rule: string): string | null {
    const category = categoryNamed(rule.slice(2));
    if (category === undefined) return ACL_UNKNOWN_COMMAND;
    this.note(rule[0], rule.slice(1));
    this.setCategory(this.context.commands.nameable.values(), category, rule[0] === "+");
    return null;
  }

  private setCategory(commands: Iterable<Command>, category: string, allow: boolean): void {
    for (const command of commands) {
      if (command.categories.includes(category)) this.setCommand(command, allow);
      if (command.subcommands !== null) this.setCategory(command.subcommands.values(), category, allow);
    }
  }

  private applyCommand(rule: string): string | null {
    const name = rule.slice(1);
    const bar = name.lastIndexOf("|");
    if (rule[0] === "+" && bar >= 0) return this.allowPart(name, bar);
    const command = commandOfRule(this.context.commands, name);
    if (command === undefined) return ACL_UNKNOWN_COMMAND;
    this.setCommand(command, rule[0] === "+");
    this.note(rule[0], command.fullName);
    return null;
  }

  /** "+config|get": a subcommand; "+select|0": a command that has none, with this first argument. */
  private allowPart(name: string, bar: number): string | null {
    const { commands, warn } = this.context;
    const container = commandOfRule(commands, name.slice(0, bar));
    if (container === undefined) return ACL_UNKNOWN_COMMAND;
    if (container.parent !== null) return ACL_FIRST_ARGUMENT_OF_SUBCOMMAND;
    if (bar === name.length - 1) return ACL_SYNTAX;
    if (container.subcommands !== null) {
      const command = commandOfRule(commands, name);
      if (command === undefined) return ACL_UNKNOWN_COMMAND;
      this.setCommand(command, true);
    } else {
      warn(
        "Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get " +
          `disabled in the future (offender: +${name})`,
      );
      this.allowFirstArguments(container.id, [name.slice(bar + 1)]);
    }
    this.note("+", name);
    return null;
  }

  private setCommand(command: Command, allow: boolean): void {
    const { id } = command;
    if (allow) this.allowed[id >>> 5] |= 1 << (id & 31);
    else this.allowed[id >>> 5] &= ~(1 << (id & 31));
    if (!allow) this.allCommands = false;
    this.firstArguments?.delete(id);
    for (const subcommand of command.subcommands?.values() ?? []) this.setCommand(subcommand, allow);
  }

  private allowFirstArguments(id: number, words: readonly string[]): void {
    this.firstArguments ??= new Map();
    const known = this.firstArguments.get(id) ?? [];
    for (const word of words) {
      if (!known.some((other) => other.toLowerCase() === word.toLowerCase())) known.push(word);
    }
    this.firstArguments.set(id, known);
  }

  /** Keeps the text of a rule in the place of those that it makes void. */
  private note(sign: string, subject: string): void {
    const name = subject.toLowerCase();
    this.rules = this.rules.filter((rule) => rule.slice(1) !== name && !rule.startsWith(`${name}|`, 1));
    this.rules.push(sign + name);
  }

  // --- descriptions ------------------------------------------------------------------------------------------------

  /** "+@all -flushall": the rules that allow and forbid the same commands. */
  describeCommands(): string {
    return [this.futureCommands ? "+@all" : "-@all", ...this.rules].join(" ");
  }

  /** "~user:* %R~shared": the key patterns. */
  describeKeys(): string {
    if (this.allKeys) return "~*";
    return this.keyPatterns.map(({ pattern, access }) => KEY_PREFIX[access] + pattern.toString("latin1")).join(" ");
  }

  /** "&news.*": the channel patterns. */
  describeChannels(): string {
    if (this.allChannels) return "&*";
    return this.channels.map((pattern) => `&${pattern.toString("latin1")}`).join(" ");
  }

  /** All rules, so that applying them to a new selector gives this one. */
  describe(): string {
    const channels = this.allChannels ? "&*" : `resetchannels ${this.describeChannels()}`.trimEnd();
    return [this.describeKeys(), channels, this.describeCommands()].filter((part) => part !== "").join(" ");
  }
}

/** By what a pattern allows. */
const KEY_PREFIX = ["", "%R~", "%W~", "~"];

const EVERYTHING = Buffer.from("*");

/** Whether a list of channel patterns allows a channel; a pattern has to be in the list itself. */
export function matchesChannel(
  patterns: readonly Buffer[],
  buf: Uint8Array,
  start: number,
  end: number,
  isPattern: boolean,
): boolean {
  for (let i = 0; i < patterns.length; i++) {
    const pattern = patterns[i];
    const matches = isPattern
      ? pattern.compare(buf, start, end) === 0
      : globMatch(pattern, 0, pattern.length, buf, start, end, false);
    if (matches) return true;
  }
  return false;
}
