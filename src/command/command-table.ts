/**
 * The lookup table: name bytes of a request → Command, without making a string.
 *
 * Open addressing over the first eight bytes of the lower-cased name, as two words. Names are ASCII, so lower-casing is
 * one OR for letters, and for a name of at most eight letters equal words and lengths are equal names. What may differ in
 * other bytes is told apart by the full comparison.
 */

import type { Request } from "../resp/request";
import { equalsIgnoreCase, latin1 } from "../util/bytes";
import { Command, type CommandDefinition } from "./command-spec";

export class CommandTable {
  /** By the names that commands have without rename-command. */
  readonly originals: ReadonlyMap<string, Command>;
  /** What ACL rules may name: `originals`, and commands that the server does not have. */
  readonly nameable: ReadonlyMap<string, Command>;
  /** Names of commands that the server does not have, but for those that rename-command took away. */
  private readonly absentNames: Set<string>;
  private readonly byName = new Map<string, Command>();
  private lastId = -1;
  private slots: (Command | null)[] = [];
  private slotNames: string[] = [];
  private slotHeads = new Int32Array(0);
  private slotTails = new Int32Array(0);
  /** Length of the name; negative: words do not tell it from all others. */
  private slotLengths = new Int32Array(0);
  private mask = 0;

  /** @param absent commands that cannot be called, but that ACL rules and rename-command may name */
  constructor(families: CommandDefinition[][], absent: readonly CommandDefinition[] = []) {
    for (const family of families) {
      for (const definition of family) this.byName.set(definition.name, new Command(definition));
    }
    this.originals = new Map(this.byName);
    const missing = absent.filter(({ name }) => !this.byName.has(name));
    this.absentNames = new Set(missing.map(({ name }) => name));
    this.nameable = new Map([...this.originals, ...missing.map((each) => [each.name, new Command(each)] as const)]);
    this.number(this.nameable.values());
    this.rebuild();
  }

  private number(commands: Iterable<Command>): void {
    for (const command of commands) {
      command.id = ++this.lastId;
      this.number(command.subcommands?.values() ?? []);
    }
  }

  /** How many ids there are: all commands and subcommands that can be named. */
  get idCount(): number {
    return this.lastId + 1;
  }

  /** Command of this name, in any case, or null. */
  find(buf: Uint8Array, start: number, end: number): Command | null {
    const length = end - start;
    const head = wordOf(buf, start, length < 4 ? end : start + 4);
    const tail = length <= 4 ? 0 : wordOf(buf, start + 4, length < 8 ? end : start + 8);
    let slot = slotHash(head, tail, length) & this.mask;
    for (let command = this.slots[slot]; command !== null; command = this.slots[slot]) {
      if (this.slotHeads[slot] === head && this.slotTails[slot] === tail) {
        if (this.slotLengths[slot] === length) return command;
        if (this.slotLengths[slot] < 0 && equalsIgnoreCase(buf, start, end, this.slotNames[slot])) return command;
      }
      slot = (slot + 1) & this.mask;
    }
    return null;
  }

  /** The command, or subcommand, that arguments `first` and `first + 1` of a request name; null if there is none. */
  resolve({ buf, starts, ends, argc }: Request, first = 0): Command | null {
    const command = this.find(buf, starts[first], ends[first]);
    if (command === null || command.subcommands === null || argc === first + 1) return command;
    return command.subcommands.get(latin1(buf, starts[first + 1], ends[first + 1]).toLowerCase()) ?? null;
  }

  /** The command of a lower-case name, a subcommand as "config|get"; undefined if there is none. */
  named(text: string): Command | undefined {
    const [name, subcommand, ...more] = text.split("|");
    if (more.length > 0) return undefined;
    const command = this.get(name);
    return subcommand === undefined ? command : command?.subcommands?.get(subcommand);
  }

  /** Command by lower-case name. */
  get(name: string): Command | undefined {
    return this.byName.get(name);
  }

  /** All commands (not their subcommands), in the order of definition, under the names that clients use. */
  entries(): IterableIterator<[string, Command]> {
    return this.byName.entries();
  }

  get size(): number {
    return this.byName.size;
  }

  /**
   * Makes a command known under another name, or under none for "" (rename-command). For a command that the server does
   * not have there is nothing to do.
   */
  rename(from: string, to: string): "ok" | "missing" | "taken" {
    const command = this.byName.get(from.toLowerCase());
    if (command === undefined) return this.absentNames.delete(from.toLowerCase()) ? "ok" : "missing";
    this.byName.delete(from.toLowerCase());
    if (to !== "") {
      if (this.byName.has(to.toLowerCase())) return "taken";
      this.byName.set(to.toLowerCase(), command);
    }
    this.rebuild();
    return "ok";
  }

  private rebuild(): void {
    let size = 64;
    while (size < this.byName.size * 4) size *= 2;
    this.mask = size - 1;
    this.slots = new Array<Command | null>(size).fill(null);
    this.slotNames = new Array<string>(size).fill("");
    this.slotHeads = new Int32Array(size);
    this.slotTails = new Int32Array(size);
    this.slotLengths = new Int32Array(size);
    for (const [name, command] of this.byName) this.fillSlot(name, command);
  }

  private fillSlot(name: string, command: Command): void {
    const key = Buffer.from(name, "latin1");
    const { length } = key;
    const head = wordOf(key, 0, Math.min(4, length));
    const tail = wordOf(key, Math.min(4, length), Math.min(8, length));
    let slot = slotHash(head, tail, length) & this.mask;
    while (this.slots[slot] !== null) slot = (slot + 1) & this.mask;
    this.slots[slot] = command;
    this.slotNames[slot] = name;
    this.slotHeads[slot] = head;
    this.slotTails[slot] = tail;
    this.slotLengths[slot] = SHORT_WORD.test(name) ? length : -length;
  }
}

/** A name of which all is in its words. */
const SHORT_WORD = /^[a-z]{1,8}$/;

/** Up to four bytes as one word, letters in lower case. */
function wordOf(buf: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let i = start; i < end; i++) word = (word << 8) | buf[i] | 0x20;
  return word;
}

function slotHash(head: number, tail: number, length: number): number {
  const hash = Math.imul(head ^ Math.imul(tail + length, 0x9e3779b1), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
