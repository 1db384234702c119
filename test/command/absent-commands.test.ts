/** Commands that rules and rename-command may name although the server does not have them. */

import { describe, expect, test } from "bun:test";
import { absentCommands } from "../../src/command/absent-commands";
import type { Command } from "../../src/command/command-spec";
import { createCommandTable } from "../../src/server";
import { items, type Reply, text } from "../support/reply";
import { requireRedis, startRedis } from "../support/server";

const commands = createCommandTable();

/** Of 7.2. */
const NEW_SINCE_7_0 = ["cluster|myshardid"];

test("none of them is there", () => {
  const there = absentCommands.map(({ name }) => name).filter((name) => commands.get(name) !== undefined);
  expect(there).toEqual([]);
});

test("rename-command passes over them, once each", () => {
  const table = createCommandTable();
  const { size } = table;
  expect(table.rename("EVAL", "")).toBe("ok");
  expect(table.rename("eval", "")).toBe("missing");
  expect(table.rename("replicaof", "hidden")).toBe("ok");
  expect([table.get("hidden"), table.size]).toEqual([undefined, size]);
});

describe.if(requireRedis())("beside Redis", () => {
  test("the server has or can name every command and subcommand, in the same categories", async () => {
    await using redis = await startRedis();
    await using client = await redis.client({ protocol: 3 });
    const theirs = new Map(items(await client.call("COMMAND", "INFO")).flatMap(described));
    const absent = [...commands.nameable].filter(([name]) => !commands.originals.has(name));
    const ours = new Map(absent.flatMap(([, command]) => rules(command)));
    for (const [name, categories] of ours) {
      if (!NEW_SINCE_7_0.includes(name)) expect([name, theirs.get(name)]).toEqual([name, categories]);
    }
    const named = new Set([...commands.nameable.values()].flatMap(rules).map(([name]) => name));
    expect([...theirs.keys()].filter((name) => !named.has(name))).toEqual([]);
  });
});

function rules(command: Command): [string, string[]][] {
  const subcommands = [...(command.subcommands?.values() ?? [])];
  return [[command.fullName, [...command.categories].sort()], ...subcommands.flatMap(rules)];
}

/** Names and categories of a command and its subcommands, as COMMAND INFO has them. */
function described(info: Reply): [string, string[]][] {
  const fields = items(info);
  const categories = items(fields[6]).map((category) => text(category).slice(1));
  return [[text(fields[0]), categories.sort()], ...items(fields[9]).flatMap(described)];
}
