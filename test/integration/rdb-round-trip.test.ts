/**
 * What a file has to keep besides values, and values that are not everyday ones: written by one server, loaded by another,
 * and looked at in both. rdb.test.ts does this with random data of everyday size.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually";
import { Random } from "../support/random";
import { isNull, items, type Reply, show, text } from "../support/reply";
import type { Argument, RespClient } from "../support/resp-client";
import { requireRedis, runRedbun, startRedbun, startRedis, type TestServer } from "../support/server";

const LIMIT_MS = 120_000;
/** Later than any run of these tests. */
const FAR = 4_102_444_800_000;

type Name = "redbun" | "redis7" | "redis8" | "valkey8";
type Command = readonly Argument[];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-round-trip-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(name: Name, args: readonly string[]): Promise<TestServer> {
  const all = ["--dir", folder, "--enable-debug-command", "yes", ...args];
  return name === "redbun" ? startRedbun({ args: all }) : startRedis(name, { args: all });
}

const isThere = (name: Name): boolean => name === "redbun" || requireRedis(name);

/** Who writes a file, and who loads it. */
const WAYS: readonly (readonly [Name, Name])[] = [
  ["redbun", "redis8"],
  ["redbun", "valkey8"],
  ["redis7", "redbun"],
  ["redis8", "redbun"],
  ["valkey8", "redbun"],
];
/** The same, of those who know fields that expire. */
const WAYS_OF_FIELDS: typeof WAYS = [
  ["redbun", "redis8"],
  ["redis8", "redbun"],
];

interface Journey {
  readonly title: string;
  readonly ways?: typeof WAYS;
  readonly args?: readonly string[];
  readonly fill: (client: RespClient) => Promise<void>;
  /** What has to be the same in both servers. */
  readonly look: (client: RespClient) => Promise<unknown>;
}

function everyWay({ title, ways = WAYS, args = [], fill, look }: Journey): void {
  describe(title, () => {
    for (const [writer, reader] of ways) {
      test.skipIf(!isThere(writer) || !isThere(reader))(
        `from ${writer} to ${reader}`,
        async () => {
          let written: unknown;
          {
            await using server = await start(writer, args);
            await using client = await server.client();
            await fill(client);
            expect(text(await client.call("SAVE"))).toBe("OK");
            written = await look(client);
          }
          await using server = await start(reader, args);
          await using client = await server.client();
          expect(await look(client)).toEqual(written);
        },
        LIMIT_MS,
      );
    }
  });
}

async function run(client: RespClient, commands: readonly Command[]): Promise<Reply[]> {
  const replies = await client.pipeline(commands.map((words) => [...words]));
  for (const reply of replies) if (reply.type === "error") throw new Error(reply.value);
  return replies;
}

async function digest(client: RespClient): Promise<string> {
  return text(await client.call("DEBUG", "DIGEST"));
}

/** Puts a copy of the string at `key` there again, with what RESTORE can say of it. */
async function restoreWith(client: RespClient, key: string, ...more: readonly string[]): Promise<void> {
  await client.call("SET", key, "value");
  const payload = await client.call("DUMP", key);
  if (payload.type !== "bulk") throw new Error("DUMP gives no payload");
  await run(client, [["RESTORE", key, "0", Buffer.from(payload.value, "latin1"), "REPLACE", ...more]]);
}

// --- what a file says of keys ----------------------------------------------------------------------------------------

const IDLE_SECONDS = [0, 1500, 86_500, 7_777_500];
/** Seconds that a test may take: idle times are compared in units of it. */
const UNIT = 1000;

everyWay({
  title: "idle times",
  args: ["--maxmemory-policy", "allkeys-lru"],
  async fill(client) {
    for (const seconds of IDLE_SECONDS) await restoreWith(client, `idle:${seconds}`, "IDLETIME", String(seconds));
  },
  async look(client) {
    const replies = await run(
      client,
      IDLE_SECONDS.map((seconds) => ["OBJECT", "IDLETIME", `idle:${seconds}`]),
    );
    const idle = replies.map((reply) => Math.floor(Number(text(reply)) / UNIT));
    expect(idle).toEqual(IDLE_SECONDS.map((seconds) => Math.floor(seconds / UNIT)));
    return idle;
  },
});

const COUNTERS = [0, 1, 5, 100, 255];

everyWay({
  title: "frequencies",
  args: ["--maxmemory-policy", "allkeys-lfu", "--lfu-decay-time", "0"],
  async fill(client) {
    for (const counter of COUNTERS) await restoreWith(client, `freq:${counter}`, "FREQ", String(counter));
  },
  async look(client) {
    const replies = await run(
      client,
      COUNTERS.map((counter) => ["OBJECT", "FREQ", `freq:${counter}`]),
    );
    expect(replies.map((reply) => Number(text(reply)))).toEqual(COUNTERS);
    return replies;
  },
});

const DATABASES = Array.from({ length: 16 }, (_, i) => String(i));

everyWay({
  title: "sixteen databases, with keys that expire",
  async fill(client) {
    const commands: Command[] = [];
    for (const db of DATABASES) {
      commands.push(["SELECT", db], ["SET", "string", db, "PXAT", String(FAR + Number(db))]);
      commands.push(["RPUSH", "list", db, "b"], ["PEXPIREAT", "list", String(FAR - Number(db))]);
      commands.push(["SADD", "set", db, "never"]);
    }
    await run(client, [...commands, ["SELECT", "0"]]);
  },
  async look(client) {
    const commands = DATABASES.flatMap((db): Command[] => [
      ["SELECT", db],
      ["PEXPIRETIME", "string"],
      ["PEXPIRETIME", "list"],
      ["PEXPIRETIME", "set"],
    ]);
    return [(await run(client, commands)).map(show), await digest(client)];
  },
});

everyWay({
  title: "fields that expire",
  ways: WAYS_OF_FIELDS,
  async fill(client) {
    const commands: Command[] = [];
    for (const [key, fields] of HASHES) {
      for (let i = 0; i < fields; i++) commands.push(["HSET", key, `field:${i}`, `value:${i}`]);
      for (let i = 0; i < fields; i += 3) {
        commands.push(["HPEXPIREAT", key, String(FAR + ((i * 7919) % 1000)), "FIELDS", "1", `field:${i}`]);
      }
      // One that does not expire any more, and one whose time is over when the file is written.
      commands.push(["HPERSIST", key, "FIELDS", "1", "field:3"], ["HPEXPIRE", key, "1", "FIELDS", "1", "field:1"]);
    }
    await run(client, commands);
    for (const [key] of HASHES) {
      await eventually("field:1 is gone", async () => isNull(await client.call("HGET", key, "field:1")));
    }
  },
  async look(client) {
    const commands = HASHES.flatMap(([key, fields]) => [
      ...Array.from({ length: fields }, (_, i): Command => ["HPEXPIRETIME", key, "FIELDS", "1", `field:${i}`]),
      ...Array.from({ length: fields }, (_, i): Command => ["HGET", key, `field:${i}`]),
    ]);
    return (await run(client, commands)).map(show);
  },
});

/** A listpack and a hash table. */
const HASHES = [
  ["small", 12],
  ["large", 2000],
] as const;

everyWay({
  title: "streams with groups and consumers",
  ways: [
    ["redbun", "redis8"],
    ["redbun", "valkey8"],
    ["redis8", "redbun"],
    ["valkey8", "redbun"],
  ],
  fill: fillStreams,
  async look(client) {
    const commands = STREAMS.map((key): Command => ["XINFO", "STREAM", key, "FULL", "COUNT", "0"]);
    // The lag stands in no file, and Redis 8.0 knows it where others do not.
    const infos = (await run(client, commands)).map((reply) => show(reply).replace(/"lag", [^,]*/g, '"lag"'));
    return [infos, await digest(client)];
  },
});

const STREAMS = ["plain", "gaps", "emptied", "sequences", "wide"];

async function fillStreams(client: RespClient): Promise<void> {
  const commands: Command[] = [];
  const add = (key: string, id: string, ...fields: string[]): number => commands.push(["XADD", key, id, ...fields]);
  for (let i = 1; i <= 350; i++) {
    add("plain", `${i}-1`, "a", String(i), "b", "text");
    add("gaps", `${i * 1_000_003}-${i % 7}`, ...(i % 5 === 0 ? ["other", "x", "more", "y"] : ["a", "b"]));
    add("sequences", `18446744073709551614-${i}`, "f", "v".repeat(i));
    if (i % 3 === 0) commands.push(["XDEL", "gaps", `${i * 1_000_003}-${i % 7}`]);
  }
  add("sequences", "18446744073709551615-18446744073709551614", "last", "but one");
  add("emptied", "5-5", "f", "v");
  commands.push(["XDEL", "emptied", "5-5"], ["XSETID", "emptied", "9-9", "ENTRIESADDED", "20", "MAXDELETEDID", "7-7"]);
  add("wide", "1-1", ...Array.from({ length: 300 }, (_, i) => String(i)));
  for (const key of STREAMS) {
    for (const group of ["first", "second"]) {
      commands.push(["XGROUP", "CREATE", key, group, "0"]);
      for (const consumer of ["alice", "bob", "carol"]) {
        commands.push(["XREADGROUP", "GROUP", group, consumer, "COUNT", "30", "STREAMS", key, ">"]);
      }
      commands.push(["XGROUP", "CREATECONSUMER", key, group, "idle"]);
    }
    commands.push(["XGROUP", "CREATE", key, "late", "$", "ENTRIESREAD", "3"]);
  }
  commands.push(["XCLAIM", "plain", "first", "bob", "0", "3-1", "TIME", "1700000000000", "RETRYCOUNT", "77"]);
  commands.push(["XACK", "plain", "first", "1-1", "35-1"], ["XDEL", "plain", "2-1"]);
  await run(client, commands);
}

// --- values ----------------------------------------------------------------------------------------------------------

/** Lengths around every limit of how a length is written: of files, of listpacks, of keys; and what does not fit a node. */
const LENGTHS = [0, 1, 5, 62, 63, 64, 65, 127, 128, 253, 254, 255, 256, 4095, 4096, 4097, 16383, 16384, 65536, 300_000];
const INTEGERS = [0, 1, 12, 13, 127, 128, 255, 4095, 4096, 32767, 32768, 2 ** 23 - 1, 2 ** 23, 2 ** 31 - 1, 2 ** 31]
  .flatMap((n) => [String(n), String(-n - 1)])
  .concat("9223372036854775807", "-9223372036854775808", "9223372036854775808", "-0", "007");

everyWay({
  title: "elements of every length, and integers of every width",
  async fill(client) {
    const random = new Random(20_251_123);
    const commands: Command[] = [];
    const all: Argument[] = [...INTEGERS];
    for (const length of LENGTHS) all.push("x".repeat(length), Buffer.from(random.bytes(length)));
    const unique = [...new Set(all.map((element) => Buffer.from(element as string).toString("latin1")))];
    for (const [i, element] of unique.map((latin) => Buffer.from(latin, "latin1")).entries()) {
      commands.push(["SET", `string:${i}`, element], ["SET", Buffer.concat([Buffer.from(`${i}:`), element]), "key"]);
      commands.push(["RPUSH", `list:${i}`, "before", element, "behind"], ["SADD", `set:${i}`, element, "member"]);
      commands.push(["HSET", `hash:${i}`, element, element], ["ZADD", `zset:${i}`, String(i / 4), element]);
      commands.push(["XADD", `stream:${i}`, "1-1", element, element], ["RPUSH", "all", element]);
    }
    for (const [i, n] of INTEGERS.slice(0, -3).entries()) {
      commands.push(["SADD", `integers:${i}`, ...INTEGERS.slice(0, i + 1)]);
      // Versions print long scores differently, and so sum them up differently.
      if (n.length < 16) commands.push(["ZADD", "scores", n, n]);
    }
    await run(client, commands);
  },
  look: digest,
});

everyWay({
  title: "collections at and beyond the limits of their small encodings",
  async fill(client) {
    const commands: Command[] = [];
    for (const size of [1, 127, 128, 129, 511, 512, 513, 5000]) {
      const numbers = Array.from({ length: size }, (_, i) => String(i * 3));
      const texts = numbers.map((n) => `member:${n}`);
      commands.push(["SADD", `integers:${size}`, ...numbers], ["SADD", `set:${size}`, ...texts]);
      commands.push(["RPUSH", `list:${size}`, ...texts], ["HSET", `hash:${size}`, ...texts.flatMap((t) => [t, t])]);
      commands.push(["ZADD", `zset:${size}`, ...texts.flatMap((t, i) => [String(i / 8), t])]);
    }
    commands.push(["ZADD", "infinite", "-inf", "low", "inf", "high", "0", "zero", "-0", "negative"]);
    commands.push(["PFADD", "counter", ...Array.from({ length: 3000 }, (_, i) => String(i))]);
    commands.push(["GEOADD", "places", "13.361389", "38.115556", "Palermo"], ["SETBIT", "bits", "100000", "1"]);
    await run(client, commands);
  },
  look: digest,
});

everyWay({
  title: "lists with plain nodes",
  async fill(client) {
    // Elements of this length and more get a node of their own, which is no listpack.
    await run(client, [["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "200B"]]);
    await run(client, [
      ["RPUSH", "mixed", "a", "x".repeat(500), "b", "c", "y".repeat(100_000), "z".repeat(200), "d"],
      ["RPUSH", "only", "x".repeat(1000)],
      ["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0"],
    ]);
  },
  look: digest,
});

// --- what a file says of itself --------------------------------------------------------------------------------------

/** Names and values of the fields at the head of the folder's file. */
async function fieldsOfFile(): Promise<Map<string, string>> {
  const { stdout } = await runRedbun(["check-rdb", join(folder, "dump.rdb")]);
  return new Map([...stdout.matchAll(/AUX FIELD (\S+) = '(.*)'/g)].map(([, name, value]) => [name, value]));
}

test.skipIf(!isThere("redis7"))(
  "the fields at its head are those of Redis 7.0",
  async () => {
    const fields: Map<string, string>[] = [];
    for (const name of ["redis7", "redbun"] as const) {
      await using server = await start(name, []);
      await using client = await server.client();
      await run(client, [["SAVE"]]);
      fields.push(await fieldsOfFile());
    }
    const [theirs, ours] = fields;
    expect([...ours.keys()]).toEqual([...theirs.keys()]);
    for (const name of ["redis-bits", "aof-base"]) expect(ours.get(name)).toBe(theirs.get(name));
    expect(Number(ours.get("ctime"))).toBeGreaterThanOrEqual(Number(theirs.get("ctime")));
    expect(Number(ours.get("used-mem"))).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

const LIBRARIES = [
  "#!lua name=first\nredis.register_function('one', function(keys, args) return 1 end)",
  "#!lua name=second\nredis.register_function{function_name='two', callback=function() return 'zwei' end, " +
    `flags={'no-writes'}, description='two'}\n${"-- padding\n".repeat(1000)}`,
];

async function libraries(client: RespClient): Promise<string[]> {
  const [reply] = await run(client, [["FUNCTION", "LIST", "WITHCODE"]]);
  return items(reply).map(show).sort();
}

/** The libraries in the end, by every command that an append-only file can hold of them. */
async function loadLibraries(client: RespClient): Promise<void> {
  const [first] = LIBRARIES;
  const other = "#!lua name=other\nredis.register_function('other', function() return 2 end)";
  await run(client, [["FUNCTION", "LOAD", other], ...LIBRARIES.map((code) => ["FUNCTION", "LOAD", code])]);
  const dump = await client.call("FUNCTION", "DUMP");
  if (dump.type !== "bulk") throw new Error("FUNCTION DUMP gives no payload");
  const payload = Buffer.from(dump.value, "latin1");
  await run(client, [
    ["FUNCTION", "FLUSH"],
    ["FUNCTION", "LOAD", other.replace("2", "3")],
    ["FUNCTION", "RESTORE", payload, "REPLACE"],
    ["FUNCTION", "RESTORE", payload, "FLUSH"],
    ["FUNCTION", "DELETE", "other"],
    ["FUNCTION", "LOAD", "REPLACE", first],
  ]);
}

describe("libraries of functions", () => {
  /** Loads what is in the folder and writes it anew. */
  async function throughRedbun(args: readonly string[], command: string, done: string): Promise<void> {
    await using server = await start("redbun", args);
    await using client = await server.client();
    await run(client, [[command]]);
    await server.waitForLog(done);
  }

  for (const { title, args, command, done } of [
    { title: "a file", args: [], command: "SAVE", done: "DB saved on disk" },
    {
      title: "a file in the background",
      args: [],
      command: "BGSAVE",
      done: "Background saving terminated with success",
    },
    {
      title: "an append-only file",
      args: ["--appendonly", "yes"],
      command: "BGREWRITEAOF",
      done: "Background AOF rewrite finished successfully",
    },
    {
      title: "an append-only file of commands alone",
      args: ["--appendonly", "yes", "--aof-use-rdb-preamble", "no"],
      command: "BGREWRITEAOF",
      done: "Background AOF rewrite finished successfully",
    },
  ]) {
    test.skipIf(!isThere("redis7") || !isThere("redis8"))(
      `come from Redis 7.0 to Redis 8.0 in ${title} that redbun wrote`,
      async () => {
        let written: string[];
        {
          await using server = await start("redis7", args);
          await using client = await server.client();
          await loadLibraries(client);
          await run(client, [["SET", "k", "v"], ["SAVE"]]);
          written = await libraries(client);
        }
        await throughRedbun(args, command, done);
        await using server = await start("redis8", args);
        await using client = await server.client();
        expect(await libraries(client)).toEqual(written);
        expect(text(await client.call("FCALL_RO", "two", "0"))).toBe("zwei");
        expect(text(await client.call("GET", "k"))).toBe("v");
      },
      LIMIT_MS,
    );
  }
});
