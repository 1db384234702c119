/** Where keys are: key specifications of every kind, most of them of commands that redbun does not have yet. */

import { describe, expect, test } from "bun:test";
import { Command, type KeySpec, keyAt, keyRange } from "../../src/command/command-spec";
import { hasKeys, keysOf, legacyRange } from "../../src/command/key-extraction";
import { requestOf } from "../../src/resp/request";

function command(name: string, ...keys: KeySpec[]): Command {
  return new Command({ name, arity: -2, flags: 0, categories: "", keys });
}

/** Keys as their text, each with its flags. */
function keys(of: Command, line: string, from = 0): string[] {
  const words = line.split(" ");
  return keysOf(of, requestOf(words), from).map(({ index, flags }) => `${words[index]}: ${flags.join(" ")}`);
}

/** Keys without their flags. */
function names(of: Command, line: string): string[] {
  return keys(of, line).map((each) => each.split(":")[0]);
}

const mget = command("mget", keyRange(1, -1, 1, "RO access"));
const mset = command("mset", keyRange(1, -1, 2, "OW update"));
const rename = command("rename", keyAt(1, "RW access delete"), keyAt(2, "OW update"));
const streams = command("xread", {
  flags: ["RO", "access"],
  begin: { keyword: "STREAMS", from: 1 },
  find: { last: -1, step: 1, limit: 2 },
});
const evaluate = command("eval", {
  flags: ["RW", "access", "update"],
  begin: { index: 2 },
  find: { keynum: 0, firstKey: 1, step: 1 },
});
const store = command(
  "zunionstore",
  { flags: ["OW", "update"], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
  { flags: ["RO", "access"], begin: { index: 2 }, find: { keynum: 0, firstKey: 1, step: 1 } },
);
const migrate = command(
  "migrate",
  { flags: ["RW"], begin: { index: 3 }, find: { last: 0, step: 1, limit: 0 } },
  { flags: ["RW", "incomplete"], begin: { keyword: "KEYS", from: -2 }, find: { last: -1, step: 1, limit: 0 } },
);

describe("keys of a request", () => {
  test("ranges, to the end, in steps", () => {
    expect(keys(mget, "MGET a b c")).toEqual(["a: RO access", "b: RO access", "c: RO access"]);
    expect(names(mset, "MSET a 1 b 2")).toEqual(["a", "b"]);
    // Too few arguments by one: Redis counts what there is.
    expect(names(mset, "MSET a 1 b")).toEqual(["a", "b"]);
    expect(keys(rename, "RENAME a b")).toEqual(["a: RW access delete", "b: OW update"]);
    expect(names(rename, "RENAME a")).toEqual([]);
  });

  test("behind a keyword, half of what follows", () => {
    expect(names(streams, "XREAD COUNT 2 STREAMS a b 0 0")).toEqual(["a", "b"]);
    expect(names(streams, "xread streams a 0")).toEqual(["a"]);
    expect(names(streams, "XREAD COUNT 2")).toEqual([]);
  });

  test("as many as a number says", () => {
    expect(names(evaluate, "EVAL script 2 a b arg")).toEqual(["a", "b"]);
    for (const wrong of [
      "EVAL script 3 a b",
      "EVAL script x a",
      "EVAL script -1 a",
      "EVAL script 0 a",
      "EVAL script",
    ]) {
      expect([wrong, ...names(evaluate, wrong)]).toEqual([wrong]);
    }
    expect(keys(store, "ZUNIONSTORE to 2 a b WEIGHTS 1 2")).toEqual(["to: OW update", "a: RO access", "b: RO access"]);
  });

  test("a specification that is incomplete, or cannot be followed, gives none", () => {
    expect(names(migrate, "MIGRATE host 1 key 0 5 KEYS a b")).toEqual([]);
  });

  test("behind the keyword of an option, which need not be there", () => {
    const option = (keyword: string): KeySpec => ({
      flags: ["OW", "update"],
      begin: { keyword, from: 6 },
      find: { last: 0, step: 1, limit: 0 },
    });
    const radius = command("georadius", keyAt(1, "RO access"), option("STORE"), option("STOREDIST"));
    expect(keys(radius, "GEORADIUS k 1 2 3 m")).toEqual(["k: RO access"]);
    expect(keys(radius, "GEORADIUS k 1 2 3 m storedist a COUNT 1")).toEqual(["k: RO access", "a: OW update"]);
    expect(keys(radius, "COMMAND GETKEYS GEORADIUS k 1 2 3 m STORE a", 2)).toEqual(["k: RO access", "a: OW update"]);
    // The first one counts, as Redis has it, although the command takes the last.
    expect(names(radius, "GEORADIUS k 1 2 3 m STORE a STORE b")).toEqual(["k", "a"]);
    expect(names(radius, "GEORADIUS k 1 2 3 m STORE a STOREDIST b")).toEqual(["k", "a", "b"]);
    expect(names(radius, "GEORADIUS k 1 2 3 m STORE")).toEqual(["k"]);
  });

  test("from the command on, wherever it stands", () => {
    expect(keys(mget, "COMMAND GETKEYS MGET a b", 2)).toEqual(["a: RO access", "b: RO access"]);
  });

  test("what is not a key is not one", () => {
    const channel = command("spublish", keyAt(1, "not_key"));
    expect(names(channel, "SPUBLISH channel message")).toEqual([]);
    expect(hasKeys(channel)).toBe(false);
    expect(hasKeys(mget)).toBe(true);
  });

  test("SET's flags depend on GET", () => {
    const set = command("set", keyAt(1, "RW access update variable_flags"));
    expect(keys(set, "SET k v")).toEqual(["k: OW update"]);
    expect(keys(set, "SET k get")).toEqual(["k: OW update"]);
    expect(keys(set, "SET k v NX get")).toEqual(["k: RW access update"]);
    expect(keys(set, "COMMAND GETKEYSANDFLAGS SET k v", 2)).toEqual(["k: OW update"]);
  });
});

test("the range that older clients know", () => {
  expect(legacyRange(mget)).toEqual({ first: 1, last: -1, step: 1 });
  expect(legacyRange(mset)).toEqual({ first: 1, last: -1, step: 2 });
  expect(legacyRange(rename)).toEqual({ first: 1, last: 2, step: 1 });
  expect(legacyRange(store)).toEqual({ first: 1, last: 1, step: 1 });
  expect(legacyRange(evaluate)).toEqual({ first: 0, last: 0, step: 0 });
  expect(legacyRange(command("ping"))).toEqual({ first: 0, last: 0, step: 0 });
});
