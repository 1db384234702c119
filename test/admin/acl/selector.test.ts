/** Selectors: the rules that make them, what they allow, and that their description gives them again. */

import { describe, expect, test } from "bun:test";
import { KEY_READ, KEY_WRITE } from "../../../src/admin/acl/key-access";
import { type AclContext, Selector } from "../../../src/admin/acl/selector";
import {
  ACL_CHANNELS_AFTER_ALL,
  ACL_FIRST_ARGUMENT_OF_SUBCOMMAND,
  ACL_KEYS_AFTER_ALL,
  ACL_SYNTAX,
  ACL_UNKNOWN_COMMAND,
} from "../../../src/resp/errors";
import { createCommandTable } from "../../../src/server";
import { SeededRandom } from "../../../src/util/random";

const commands = createCommandTable();

function context(allChannels = false, warn: AclContext["warn"] = () => {}): AclContext {
  return { commands, allChannels, warn };
}

function selector(...rules: readonly string[]): Selector {
  const made = new Selector(context());
  for (const rule of rules) expect(made.apply(rule)).toBeNull();
  return made;
}

function id(name: string): number {
  const [base, sub] = name.split("|");
  const command = commands.nameable.get(base);
  const found = sub === undefined ? command : command?.subcommands?.get(sub);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found.id;
}

function key(of: Selector, name: string, access: number): boolean {
  const bytes = Buffer.from(`<${name}>`, "latin1");
  return of.allowsKey(bytes, 1, bytes.length - 1, access);
}

function channel(of: Selector, name: string, isPattern = false): boolean {
  const bytes = Buffer.from(`<${name}>`, "latin1");
  return of.allowsChannel(bytes, 1, bytes.length - 1, isPattern);
}

/** Every command, with what it is allowed with. */
function rights(of: Selector): unknown[] {
  return [...Array(commands.idCount).keys()].map((each) => [
    of.allows(each) || ["0", "1", "2"].map((word) => of.allowsFirstArgument(each, word)),
    of.describeKeys(),
    of.describeChannels(),
  ]);
}

describe("ids", () => {
  test("every command and subcommand has its own, and they have no gaps", () => {
    const ids: number[] = [];
    for (const command of commands.nameable.values()) {
      ids.push(command.id, ...[...(command.subcommands?.values() ?? [])].map((sub) => sub.id));
    }
    expect(ids.sort((a, b) => a - b)).toEqual([...ids.keys()]);
    expect(commands.idCount).toBe(ids.length);
  });

  test("a renamed command keeps its own, and its name in rules", () => {
    const table = createCommandTable();
    table.rename("get", "fetch");
    table.rename("del", "");
    const made = new Selector({ ...context(), commands: table });
    expect([made.apply("+get"), made.apply("+del"), made.apply("+fetch")]).toEqual([null, null, ACL_UNKNOWN_COMMAND]);
    expect(made.allows(table.get("fetch")?.id ?? -1)).toBe(true);
  });
});

describe("commands that the server does not have", () => {
  test("can be named in rules, and are in their categories", () => {
    const made = selector("+@scripting", "-eval", "+psync", "+script|load", "+cluster|slots", "-function|kill");
    expect(
      ["evalsha", "eval", "psync", "script|load", "cluster|slots", "cluster|nodes", "function|kill"].map(allowed),
    ).toEqual([true, false, true, true, true, false, false]);
    expect(made.describeCommands()).toBe("-@all +@scripting -eval +psync +script|load +cluster|slots -function|kill");
    function allowed(name: string): boolean {
      return made.allows(id(name));
    }
  });

  test("are commands of Redis, in any case, and nothing else", () => {
    const made = selector("+EVAL", "-SlaveOf");
    expect(["+nosuch", "+script|nosuch", "+sentinel"].map((rule) => made.apply(rule))).toEqual(
      new Array(3).fill(ACL_UNKNOWN_COMMAND),
    );
  });
});

describe("commands", () => {
  test("none at first, and each alone", () => {
    for (const command of commands.originals.values()) {
      const made = selector(`+${command.name}`);
      for (const other of commands.originals.values()) {
        const isIt = other === command;
        expect(made.allows(other.id)).toBe(isIt);
        for (const sub of other.subcommands?.values() ?? []) expect(made.allows(sub.id)).toBe(isIt);
      }
    }
  });

  test("a category is all commands that COMMAND says are in it, and nothing else", () => {
    for (const category of ["read", "dangerous", "connection"]) {
      const made = selector(`+@${category}`);
      for (const command of commands.originals.values()) {
        // A container takes its subcommands with it; those in the table are in no category that they are not in.
        const isIn = command.categories.includes(category);
        expect([command.name, made.allows(command.id)]).toEqual([command.name, isIn]);
        for (const sub of command.subcommands?.values() ?? []) {
          expect(made.allows(sub.id)).toBe(isIn || sub.categories.includes(category));
        }
      }
    }
  });

  test("taking one away from all leaves the others, and ends the short cut", () => {
    const made = selector("+@all");
    expect(made.allCommands).toBe(true);
    expect(made.apply("-config|set")).toBeNull();
    expect(made.allCommands).toBe(false);
    expect([made.allows(id("config|set")), made.allows(id("config|get")), made.allows(id("get"))]).toEqual([
      false,
      true,
      true,
    ]);
    // Giving it back does not bring it back: there are commands that do not exist yet.
    made.apply("+config|set");
    expect([made.allCommands, made.describeCommands()]).toEqual([false, "+@all +config|set"]);
  });

  test("first arguments are allowed by their text, in any case, until the command as a whole is mentioned", () => {
    const warnings: string[] = [];
    const made = new Selector(context(false, (message) => warnings.push(message)));
    for (const rule of ["+select|0", "+select|Abc"]) made.apply(rule);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toEndWith("(offender: +select|0)");
    const select = id("select");
    expect(made.allows(select)).toBe(false);
    expect(["0", "1", "aBC", ""].map((word) => made.allowsFirstArgument(select, word))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    const copy = made.copy();
    made.apply("-select");
    expect(made.allowsFirstArgument(select, "0")).toBe(false);
    expect(copy.allowsFirstArgument(select, "0")).toBe(true);
  });

  test("what is wrong", () => {
    const wrong: [string, string][] = [
      ["+nope", ACL_UNKNOWN_COMMAND],
      ["-nope", ACL_UNKNOWN_COMMAND],
      ["+@nope", ACL_UNKNOWN_COMMAND],
      ["+config|nope", ACL_UNKNOWN_COMMAND],
      ["-get|x", ACL_UNKNOWN_COMMAND],
      ["+config|get|x", ACL_FIRST_ARGUMENT_OF_SUBCOMMAND],
      ["+get|", ACL_SYNTAX],
      ["get", ACL_SYNTAX],
      ["", ACL_SYNTAX],
    ];
    for (const [rule, error] of wrong) expect([rule, selector().apply(rule)]).toEqual([rule, error]);
  });
});

describe("keys", () => {
  test("by what is done to them", () => {
    const made = selector("%R~r*", "%W~w*", "~b*", "%RW~x");
    const access = [0, KEY_READ, KEY_WRITE, KEY_READ | KEY_WRITE];
    const table = ["r1", "w1", "b1", "x", "y"].map((name) => access.map((each) => key(made, name, each)));
    expect(table).toEqual([
      [true, true, false, false],
      [true, false, true, false],
      [true, true, true, true],
      [true, true, true, true],
      [false, false, false, false],
    ]);
  });

  test("two patterns that are the same add up; two that both match do not", () => {
    expect(key(selector("%R~a", "%W~a"), "a", KEY_READ | KEY_WRITE)).toBe(true);
    expect(key(selector("%R~a*", "%W~*a"), "a", KEY_READ | KEY_WRITE)).toBe(false);
    expect(selector("%R~a", "%W~a").describeKeys()).toBe("~a");
  });

  test("binary names, and the empty one", () => {
    expect(key(selector("~\xff*"), "\xff\0\r\n", KEY_READ)).toBe(true);
    expect(key(selector("~"), "", KEY_READ)).toBe(true);
    expect(key(selector("~"), "a", KEY_READ)).toBe(false);
  });

  test("all of them, once and for all", () => {
    const made = selector("~a", "~*");
    expect(made.describeKeys()).toBe("~*");
    expect([made.apply("~b"), made.apply("%R~b")]).toEqual([ACL_KEYS_AFTER_ALL, ACL_KEYS_AFTER_ALL]);
    expect(made.apply("resetkeys")).toBeNull();
    expect(key(made, "a", 0)).toBe(false);
  });

  test("whether all keys may be used in some way", () => {
    expect(selector("~*").allowsAllKeys(KEY_READ | KEY_WRITE)).toBe(true);
    expect(selector("%R~*").allowsAllKeys(KEY_READ)).toBe(true);
    expect(selector("%R~*").allowsAllKeys(KEY_WRITE)).toBe(false);
    expect(selector("~**", "~?*").allowsAllKeys(KEY_READ)).toBe(false);
  });

  test("spaces and NULs would not survive a file", () => {
    for (const space of [" ", "\t", "\n", "\v", "\f", "\r", "\0"]) {
      expect(selector().apply(`~a${space}b`)).toBe(ACL_SYNTAX);
      expect(selector().apply(`&a${space}b`)).toBe(ACL_SYNTAX);
    }
  });
});

describe("channels", () => {
  test("by pattern; a pattern of channels only to the letter", () => {
    const made = selector("&news.*", "&c");
    expect(["news.", "news.x", "c", "cc"].map((name) => channel(made, name))).toEqual([true, true, true, false]);
    expect(["news.*", "news.x", "c", "*"].map((name) => channel(made, name, true))).toEqual([true, false, true, false]);
  });

  test("what new selectors may use is a directive", () => {
    expect(channel(new Selector(context(true)), "x")).toBe(true);
    expect(channel(new Selector(context(false)), "x")).toBe(false);
    const made = new Selector(context(true));
    expect(made.apply("&a")).toBe(ACL_CHANNELS_AFTER_ALL);
  });
});

test("the description of a selector makes the same selector, whatever rules made it", () => {
  const random = new SeededRandom(7);
  const names = [...commands.originals.values()].flatMap((command) => [
    command.fullName,
    ...[...(command.subcommands?.values() ?? [])].map((sub) => sub.fullName),
  ]);
  const pick = (): string => names[random.below(names.length)];
  const rule = (): string => {
    switch (random.below(12)) {
      case 0:
        return random.below(4) === 0 ? "+@all" : "-@all";
      case 1:
        return `+@${["read", "write", "admin", "slow"][random.below(4)]}`;
      case 2:
        return `-@${["read", "write", "fast", "dangerous"][random.below(4)]}`;
      case 3:
        return `+select|${random.below(3)}`;
      case 4:
        return ["resetkeys", "resetchannels", "allkeys", "allchannels"][random.below(4)];
      case 5:
        return `${["~", "%R~", "%W~"][random.below(3)]}k${random.below(3)}`;
      case 6:
        return `&c${random.below(3)}`;
      default:
        return `${random.below(2) === 0 ? "+" : "-"}${pick()}`;
    }
  };
  for (let round = 0; round < 200; round++) {
    const made = new Selector(context());
    for (let i = random.below(12); i >= 0; i--) made.apply(rule());
    const again = new Selector(context());
    for (const each of made.describe().split(" ")) expect(again.apply(each)).toBeNull();
    expect(again.describe()).toBe(made.describe());
    expect(rights(again)).toEqual(rights(made));
    expect(rights(made.copy())).toEqual(rights(made));
  }
});
