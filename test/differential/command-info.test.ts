/**
 * COMMAND INFO, and the layout of COMMAND DOCS, of every command that redbun has, beside Redis 7.0 and Redis 8.0.
 * Where the two agree, 7.2 between them does too, and redbun has to say the same; where they differ redbun has to say
 * what one of them says, and the table below names the field, so that a new difference is noticed.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { items, type Reply, show, text } from "../support/reply";
import { requireRedis, startRedbun, startRedis, type TestServer } from "../support/server";

const FIELDS = ["name", "arity", "flags", "first", "last", "step", "categories", "tips", "keys"] as const;
type Field = (typeof FIELDS)[number];

/** Fields in which 7.0 and 8.0 differ, and whose side 7.2 is on. */
const DIFFERENT: Readonly<Record<string, Partial<Record<Field, "7.0" | "8.0">>>> = {
  // The command to look at may be one without arguments.
  "command|getkeys": { arity: "8.0" },
  "command|getkeysandflags": { arity: "8.0" },
  // Tips were filled in over time.
  "acl|deluser": { tips: "8.0" },
  "acl|save": { tips: "8.0" },
  "acl|setuser": { tips: "8.0" },
  "client|setname": { tips: "8.0" },
  "config|resetstat": { tips: "8.0" },
  "config|rewrite": { tips: "8.0" },
  "latency|reset": { tips: "8.0" },
  msetnx: { tips: "8.0" },
  randomkey: { tips: "8.0" },
  scan: { tips: "8.0" },
  // WITHSCORE is of 7.2.
  zrank: { arity: "8.0" },
  zrevrank: { arity: "8.0" },
  // Scripts may call what blocks from 7.2 on: it does not block there.
  blmove: { flags: "8.0" },
  blpop: { flags: "8.0" },
  brpop: { flags: "8.0" },
  brpoplpush: { flags: "8.0" },
  bzpopmax: { flags: "8.0" },
  bzpopmin: { flags: "8.0" },
  // That the destination is only written was noticed after 7.2.
  sinterstore: { keys: "7.0" },
};

/** Subcommands that came with 7.2, so that 7.0 has nothing to compare with. */
const NEW_IN_7_2 = ["client|no-touch", "client|setinfo", "waitaof"];

/** Commands that came after 7.2, and that redbun has all the same: fields of hashes that expire. */
const NEW_AFTER_7_2 = [
  ...["hexpire", "hexpireat", "hexpiretime", "hpersist", "hpexpire", "hpexpireat", "hpexpiretime", "hpttl", "httl"],
  ...["hgetdel", "hgetex", "hsetex"],
];

/** Commands whose history, or arguments, go on after 7.2. */
const LATER_DOCS = ["client|kill", "client|list", "hscan"];

interface Info {
  readonly fields: Readonly<Record<Field, string>>;
  readonly subcommands: ReadonlyMap<string, Info>;
}

/** A reply as text in which sets have one order. */
function normal(reply: Reply): string {
  if (reply.type === "set") return `set[${reply.items.map(normal).sort().join(", ")}]`;
  if (reply.type === "array") return `[${reply.items.map(normal).join(", ")}]`;
  if (reply.type !== "map") return show(reply);
  return `map[${reply.entries.map(([key, value]) => `${normal(key)}: ${normal(value)}`).join(", ")}]`;
}

function parse(reply: Reply): Info {
  const parts = items(reply);
  const fields = Object.fromEntries(FIELDS.map((field, i) => [field, normal(parts[i])])) as Record<Field, string>;
  const subcommands = items(parts[9]).map((each): [string, Info] => [text(items(each)[0]), parse(each)]);
  return { fields, subcommands: new Map(subcommands) };
}

/** Every command by name, subcommands too. */
async function everyInfo(server: TestServer): Promise<Map<string, Info>> {
  await using client = await server.client({ protocol: 3 });
  const all = new Map<string, Info>();
  for (const reply of items(await client.call("COMMAND"))) {
    const info = parse(reply);
    all.set(text(items(reply)[0]), info);
    for (const [name, subcommand] of info.subcommands) all.set(name, subcommand);
  }
  return all;
}

setDefaultTimeout(60_000);

describe.skipIf(!requireRedis("redis7") || !requireRedis("redis8"))("COMMAND INFO beside Redis 7.0 and 8.0", () => {
  const servers: TestServer[] = [];
  let ours = new Map<string, Info>();
  let older = new Map<string, Info>();
  let newer = new Map<string, Info>();

  beforeAll(async () => {
    servers.push(...(await Promise.all([startRedbun(), startRedis("redis7"), startRedis("redis8")])));
    [ours, older, newer] = await Promise.all(servers.map(everyInfo));
  });

  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  test("redbun lists commands, and only ones that 8.0 has", () => {
    expect(ours.has("get")).toBe(true);
    expect([...ours.keys()].filter((name) => !newer.has(name))).toEqual([]);
    expect([...ours.keys()].filter((name) => !older.has(name)).sort()).toEqual(
      [...NEW_IN_7_2, ...NEW_AFTER_7_2].sort(),
    );
  });

  for (const field of FIELDS) {
    test(`${field}: as both say, or as the table of differences says`, () => {
      for (const [name, { fields }] of ours) {
        const before = (older.get(name) ?? newer.get(name))?.fields[field];
        const after = newer.get(name)?.fields[field];
        const side = DIFFERENT[name]?.[field];
        expect([name, "7.0 and 8.0 agree", before === after]).toEqual([name, "7.0 and 8.0 agree", side === undefined]);
        const expected = side === "7.0" ? before : after;
        expect([name, fields[field]]).toEqual([name, expected ?? "(8.0 does not have it)"]);
      }
    });
  }

  test("no subcommand is missing", () => {
    for (const [name, info] of ours) {
      const expected = [...(older.get(name)?.subcommands.keys() ?? [])];
      const missing = expected.filter((each) => !info.subcommands.has(each)).map((each) => each.split("|")[1]);
      expect([name, missing.sort()]).toEqual([name, []]);
    }
  });

  test("COMMAND DOCS: replies laid out as in 8.0, but for what came after 7.2", async () => {
    const [redbun, , redis8] = servers;
    await using mine = await redbun.client({ protocol: 3 });
    await using theirs = await redis8.client({ protocol: 3 });
    for (const [name, info] of ours) {
      // Subcommands have no order of their own; they are compared one by one.
      if (info.subcommands.size > 0 || LATER_DOCS.includes(name)) continue;
      const docs = await Promise.all([mine, theirs].map((client) => client.call("COMMAND", "DOCS", name)));
      expect(show(docs[0])).toBe(show(docs[1]));
    }
  });
});
