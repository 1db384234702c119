/** The documentation tables: well-formed, of Redis 7.2, and the builders that they are written with. */

import { describe, expect, test } from "bun:test";
import { type ArgumentDoc, argumentFlags, commandDocs, displayText, documentedCommands } from "../../src/command/docs";

const GROUPS =
  "string list set hash sorted-set stream bitmap hyperloglog geo generic pubsub transactions connection server".split(
    " ",
  );
const TYPES = ["string", "integer", "double", "key", "pattern", "unix-time", "pure-token", "oneof", "block"];

/** Keywords that are not their names in capitals, by the names that they have. */
const SIGNS: Readonly<Record<string, string>> = {
  "empty-string": "",
  change: "CH",
  increment: "INCR",
  sorting: "ALPHA",
  equal: "=",
  approximately: "~",
  "auto-id": "*",
  "new-id": "$",
};

function* allArguments(docs: readonly ArgumentDoc[] = []): Generator<ArgumentDoc> {
  for (const doc of docs) {
    yield doc;
    yield* allArguments(doc.arguments);
  }
}

/** 7.0.3 as 7000003, so that versions compare as numbers. */
function version(text: string): number {
  expect(text).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+$/);
  return text.split(".").reduce((sum, part) => sum * 1000 + Number(part), 0);
}

describe("the tables", () => {
  const names = documentedCommands();

  test("cover the families", () => {
    expect(names.length).toBeGreaterThan(100);
    for (const name of ["get", "lcs", "del", "object|freq", "client|no-touch", "config|get", "memory|usage", "debug"]) {
      expect([name, commandDocs(name) !== undefined]).toEqual([name, true]);
    }
    expect(commandDocs("GET")).toBeUndefined();
    expect(commandDocs("get|x")).toBeUndefined();
    expect(commandDocs("constructor")).toBeUndefined();
  });

  test("name only what Redis 7.2 has, but for the expiry of fields of hashes", () => {
    for (const name of names) {
      const doc = commandDocs(name);
      if (doc?.group === "hash" && version(doc.since) > version("7.3.0")) continue;
      const versions = [doc?.since ?? "", ...(doc?.history ?? []).map(([since]) => since)];
      if (doc?.deprecatedSince !== undefined) versions.push(doc.deprecatedSince);
      for (const argument of allArguments(doc?.arguments)) {
        if (argument.since !== undefined) versions.push(argument.since);
        if (argument.deprecatedSince !== undefined) versions.push(argument.deprecatedSince);
      }
      for (const each of versions) expect([name, version(each) < version("7.3.0")]).toEqual([name, true]);
    }
  });

  test("are well formed", () => {
    for (const name of names) {
      const doc = commandDocs(name);
      expect([name, doc?.summary]).toEqual([name, expect.stringMatching(/^[A-Z].+[^ ]$/)]);
      expect(GROUPS).toContain(doc?.group ?? "");
      expect([name, doc?.docFlags?.includes("deprecated") ?? false]).toEqual([
        name,
        doc?.deprecatedSince !== undefined,
      ]);
      if (name.includes("|")) expect(commandDocs(name.slice(0, name.indexOf("|")))).toBeDefined();
      for (const argument of allArguments(doc?.arguments)) {
        const isGroup = argument.type === "oneof" || argument.type === "block";
        expect(TYPES).toContain(argument.type);
        expect([name, argument.name]).toEqual([name, expect.stringMatching(/^[a-z0-9:-]+$/)]);
        expect([name, argument.name, argument.arguments !== undefined]).toEqual([name, argument.name, isGroup]);
        // SORT's patterns name keys, too.
        if (argument.type !== "pattern") expect(argument.keySpecIndex !== undefined).toBe(argument.type === "key");
        const isToken = argument.type === "pure-token";
        if (isToken) expect(argument.token).toBe(SIGNS[argument.name] ?? argument.name.toUpperCase());
        if (isGroup) expect(argument.arguments?.length).toBeGreaterThan(argument.type === "oneof" ? 1 : 0);
      }
    }
  });
});

describe("a command's documentation", () => {
  test("SET", () => {
    const set = commandDocs("set");
    expect(set?.group).toBe("string");
    expect(set?.since).toBe("1.0.0");
    expect(set?.history?.at(-1)).toEqual(["7.0.0", "Allowed the `NX` and `GET` options to be used together."]);
    expect(set?.arguments?.map((each) => each.name)).toEqual(["key", "value", "condition", "get", "expiration"]);
    expect(set?.arguments?.[2]).toEqual({
      name: "condition",
      type: "oneof",
      since: "2.6.12",
      optional: true,
      arguments: [
        { name: "nx", type: "pure-token", token: "NX" },
        { name: "xx", type: "pure-token", token: "XX" },
      ],
    });
    expect(set?.arguments?.[4].arguments?.[3]).toEqual({
      name: "unix-time-milliseconds",
      type: "unix-time",
      token: "PXAT",
      since: "6.2.0",
    });
  });

  test("keys know their key specification", () => {
    expect(commandDocs("copy")?.arguments?.slice(0, 2)).toEqual([
      { name: "source", type: "key", keySpecIndex: 0 },
      { name: "destination", type: "key", keySpecIndex: 1 },
    ]);
  });

  test("a deprecated one", () => {
    const quit = commandDocs("quit");
    expect([quit?.docFlags, quit?.deprecatedSince, quit?.replacedBy]).toEqual([
      ["deprecated"],
      "7.2.0",
      "just closing the connection",
    ]);
  });

  test("flags and texts for display", () => {
    const config = commandDocs("config|set")?.arguments?.[0] as ArgumentDoc;
    expect([argumentFlags(config), displayText(config)]).toEqual([["multiple"], undefined]);
    const [address] = commandDocs("client|kill")?.arguments?.[0].arguments ?? [];
    expect([address.name, displayText(address), address.deprecatedSince]).toEqual(["old-format", "ip:port", "2.8.12"]);
    const [name] = commandDocs("client|setname")?.arguments ?? [];
    expect([displayText(name), argumentFlags(name)]).toEqual(["connection-name", []]);
    const modules = commandDocs("command|list")?.arguments?.[0] as ArgumentDoc;
    expect([modules.token, argumentFlags(modules)]).toEqual(["FILTERBY", ["optional"]]);
    expect(argumentFlags({ name: "a", type: "string", optional: true, multiple: true, multipleToken: true })).toEqual([
      "optional",
      "multiple",
      "multiple_token",
    ]);
  });
});
