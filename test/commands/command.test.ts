/** COMMAND in process: lists, renamed commands, layout in both protocols. */

import { describe, expect, test } from "bun:test";
import { InProcess } from "../support/in-process";
import { array, bulk, error, integer, items, NULL_BULK, pairs, text } from "../support/reply";

describe("COMMAND", () => {
  test("counts commands without their subcommands, lists them with", () => {
    const redbun = new InProcess();
    const count = redbun.server.commands.size;
    expect(redbun.run("COMMAND COUNT")).toEqual(integer(count));
    expect(items(redbun.run("COMMAND")).length).toBe(count);
    expect(items(redbun.run("COMMAND INFO")).length).toBe(count);
    expect(pairs(redbun.run("COMMAND DOCS")).length).toBe(count);
    const names = items(redbun.run("COMMAND LIST")).map(text);
    expect(names.filter((name) => !name.includes("|")).length).toBe(count);
    expect(names).toContain("client|no-touch");
    expect(new Set(names).size).toBe(names.length);
  });

  test("INFO finds subcommands, in any case, and answers null for what there is not", () => {
    const redbun = new InProcess();
    const [found, ...missing] = items(redbun.run("COMMAND INFO Config|GET config|nosuch get|x config|get|x"));
    expect(items(found)[0]).toEqual(bulk("config|get"));
    expect(missing).toEqual([NULL_BULK, NULL_BULK, NULL_BULK]);
  });

  test("has sets and maps in RESP3, arrays in RESP2", () => {
    const redbun = new InProcess();
    const types = (): string[] => items(items(redbun.run("COMMAND INFO get"))[0]).map((each) => each.type);
    const plain = ["bulk", "integer", "array", "integer", "integer", "integer", "array", "array", "array", "array"];
    expect(types()).toEqual(plain);
    expect(redbun.run("COMMAND DOCS get").type).toBe("array");
    redbun.run("HELLO 3");
    expect(types()).toEqual(plain.map((type) => (type === "array" ? "set" : type)));
    expect(redbun.run("COMMAND DOCS get").type).toBe("map");
  });

  test("DOCS leaves out what there is not", () => {
    const redbun = new InProcess();
    const docs = pairs(redbun.run("HELLO 3", "COMMAND DOCS nosuch config"));
    expect(docs.map(([name]) => text(name))).toEqual(["config"]);
    const [, subcommands] = pairs(docs[0][1]).find(([name]) => text(name) === "subcommands") ?? [];
    expect(subcommands && pairs(subcommands).map(([name]) => text(name))).toContain("config|rewrite");
  });

  test("FILTERBY", () => {
    const redbun = new InProcess();
    const list = (...filter: string[]): string[] =>
      items(redbun.call("COMMAND", "LIST", "FILTERBY", ...filter)).map(text);
    expect(list("PATTERN", "CLIENT|no-*").sort()).toEqual(["client|no-evict", "client|no-touch"]);
    expect(list("ACLCAT", "connection")).toContain("ping");
    expect(list("ACLCAT", "connection")).not.toContain("get");
    expect(list("MODULE", "json")).toEqual([]);
  });
});

test("COMMAND GETKEYS says what is wrong", () => {
  const redbun = new InProcess();
  const cases = {
    "NOSUCH a": "Invalid command specified",
    PING: "The command has no key arguments",
    GET: "Invalid number of arguments specified for command",
    "GET a b": "Invalid number of arguments specified for command",
    "CONFIG NOSUCH": "Invalid command specified",
    CONFIG: "The command has no key arguments",
  };
  for (const [line, reason] of Object.entries(cases)) {
    expect([line, redbun.run(`COMMAND GETKEYS ${line}`)]).toEqual([line, error(`ERR ${reason}`)]);
    expect([line, redbun.run(`COMMAND GETKEYSANDFLAGS ${line}`)]).toEqual([line, error(`ERR ${reason}`)]);
  }
  expect(redbun.run("COMMAND GETKEYS memory usage k")).toEqual(array(bulk("k")));
});
