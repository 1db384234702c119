/**
 * Persistence beside real servers. Payloads: Valkey 8.1 writes the same version of the format as Redis 7.2 and redbun;
 * redbun reads what Redis 7.0 wrote.
 */

import { Random } from "../support/random";
import { type Case, cmd, differential, ignore, on, randomDifferential, within } from "./harness";

/** A value with every form of string: a length, integers of 8, 16 and 32 bits, digits. */
const SHORT_STRINGS = ["v", '""', "0", "-1", "127", "128", "-129", "40000", "-2147483648", "2147483648", "01", "1.5"];

const dumps: Case[] = SHORT_STRINGS.map((value) => ({
  name: `DUMP of the string ${value}`,
  oracle: "valkey8",
  commands: [`SET k ${value}`, "DUMP k", "OBJECT ENCODING k"],
}));

/** Collections in one block: the same bytes as real servers write. */
const COLLECTIONS: readonly (readonly string[])[] = [
  ["SADD k 1 -5 300"],
  ["SADD k 70000 -70000"],
  ["SADD k 9223372036854775807 1"],
  ["SADD k a 12 -4096 4095 70000 99999999999"],
  ["RPUSH k a 12 -4096 70000 text"],
  ["CONFIG SET list-max-listpack-size 2", "RPUSH l a b c d e", "DUMP l", "CONFIG SET list-max-listpack-size -2"],
  ["ZADD k 1 a -2.5 b inf c -inf d 1e300 12 0.1 e"],
  ["ZADD k 3 a 1.25 b", "CONFIG SET zset-max-listpack-entries 0", "ZADD l 3 a 1.25 b -0 c inf d", "DUMP l"],
  ["XADD k 1-1 f v g 12", "XADD k 1-2 f w g 13", "XADD k 99-5 x y", "XDEL k 1-2"],
  ["XADD k 1-1 f v", "XGROUP CREATE k g 0", "XGROUP CREATE k h 1-1 ENTRIESREAD 1", "XDEL k 1-1"],
  ["HSET k f 1 g text h -100 i 99999999999999999999"],
];

const blocks: Case[] = COLLECTIONS.map((commands) => ({
  name: `DUMP after ${commands.join("; ")}`,
  oracle: "valkey8",
  commands: [...commands, "DUMP k", "OBJECT ENCODING k", "CONFIG SET rdbcompression no", "DUMP k"],
  cleanup: ["CONFIG SET rdbcompression yes zset-max-listpack-entries 128"],
}));

/** Texts with repetitions: the same bytes when they are compressed. */
const compressed: Case[] = [
  ["short ones, at each length", Array.from({ length: 50 }, (_, i) => "abcabcab".repeat(9).slice(0, 15 + i))],
  ["runs", [21, 100, 263, 264, 265, 266, 282, 283, 528, 1000, 70_000].map((length) => "x".repeat(length))],
  ["a repetition near and beyond the largest distance", [8190, 8191, 8192, 8193].map(apart)],
].map(([name, texts]) => ({
  name: `DUMP of compressed strings: ${name}`,
  oracle: "valkey8",
  commands: (texts as string[]).flatMap((value) => [cmd("SET", "k", value), "DUMP k"]),
}));

/** Twice the same text, `distance` bytes apart. */
function apart(distance: number): string {
  const noise = new Random(distance).string(distance);
  return noise + noise.slice(0, 100);
}

const expiringFields: Case[] = [
  ["HSET k f 1", "HPEXPIREAT k 9000000000000 FIELDS 1 f", "DUMP k"],
  ["HSET k f 1 g 2 h 3", "HPEXPIREAT k 9000000000000 FIELDS 1 g", "HPEXPIREAT k 8000000000000 FIELDS 1 f", "DUMP k"],
  [
    "CONFIG SET hash-max-listpack-entries 0",
    "HSET k f 1",
    "HPEXPIREAT k 9000000000000 FIELDS 1 f",
    "DUMP k",
    "OBJECT ENCODING k",
    "CONFIG SET hash-max-listpack-entries 512",
  ],
].map((commands) => ({ name: `DUMP of fields that expire: ${commands[1]}`, oracle: "redis8", commands }));

/** What Redis 7.0 answers to DUMP of the strings "v" and "12345". */
const V = '"\\x00\\x01v\\n\\x00\\x91\\b\\xce\\xb2\\x198\\x8a\\xce"';
const NUMBER = '"\\x00\\xc190\\n\\x00\\x9d\\x94\\xea\'\\x93\\xfc\\b\\xb9"';

const restore: Case[] = [
  [`RESTORE k 0 ${V}`, "GET k", "PTTL k", `RESTORE n 0 ${NUMBER}`, "GET n", "OBJECT ENCODING n", "DUMP missing"],
  [`RESTORE k 0 ${V}`, `RESTORE k 0 ${V}`, `RESTORE k 0 ${NUMBER} REPLACE`, "GET k", `RESTORE k x ${V}`],
  [`RESTORE k 100000 ${V}`, within(1000, "PTTL k"), `RESTORE k 0 ${V} REPLACE`, "PTTL k"],
  [`RESTORE k 4102444800000 ${V} ABSTTL`, "PEXPIRETIME k", `RESTORE l 1 ${V} ABSTTL`, "EXISTS l"],
  ["SET k v", `RESTORE k 1 ${V} ABSTTL REPLACE`, "EXISTS k", `RESTORE k 1 ${V} ABSTTL REPLACE`, "EXISTS k"],
  [`RESTORE k 0 ${V} IDLETIME 1000`, within(2, "OBJECT IDLETIME k"), `RESTORE l 0 ${V} IDLETIME 0 REPLACE`],
  [`RESTORE k 0 ${V} IDLETIME 99999999999`, "GET k", `RESTORE l 0 ${V} FREQ 10`, within(2, "OBJECT IDLETIME l")],
  {
    name: "FREQ under an LFU policy",
    commands: [
      "CONFIG SET maxmemory-policy allkeys-lfu",
      `RESTORE k 0 ${V} FREQ 255`,
      "OBJECT FREQ k",
      `RESTORE l 0 ${V} IDLETIME 100`,
      "EXISTS l",
    ],
    cleanup: ["CONFIG SET maxmemory-policy noeviction"],
  },
  {
    name: "RESTORE: what is wrong with its arguments, in order",
    commands: [
      "DUMP",
      "DUMP a b",
      "RESTORE",
      "RESTORE k 0",
      `RESTORE k -1 ${V}`,
      `RESTORE k x ${V}`,
      `RESTORE k 9223372036854775808 ${V}`,
      `RESTORE k 0 ${V} NOSUCH`,
      `RESTORE k 0 ${V} IDLETIME`,
      `RESTORE k 0 ${V} IDLETIME -1`,
      `RESTORE k 0 ${V} IDLETIME x`,
      `RESTORE k 0 ${V} FREQ`,
      `RESTORE k 0 ${V} FREQ -1`,
      `RESTORE k 0 ${V} FREQ 256`,
      `RESTORE k 0 ${V} FREQ 1 IDLETIME 1`,
      `RESTORE k 0 ${V} IDLETIME 1 FREQ 1`,
      `RESTORE k 0 ${V} IDLETIME 1 IDLETIME 2`,
      "DEL k",
      "SET there v",
      `RESTORE there -1 ${V}`,
      "RESTORE there x damaged NOSUCH",
      "RESTORE there x damaged",
      "RESTORE missing x damaged",
      "RESTORE missing -1 damaged",
      "RESTORE missing 0 damaged",
      'RESTORE missing 0 ""',
    ],
  },
  {
    name: "RESTORE of damaged payloads",
    commands: [
      cmd("RESTORE", "k", "0", "\x00\x01w\n\x00\x91\b\xce\xb2\x198\x8a\xce"),
      cmd("RESTORE", "k", "0", "\x00\x01v\xff\xff\x91\b\xce\xb2\x198\x8a\xce"),
      cmd("RESTORE", "k", "0", "\x00\x01v\n\x00\x91\b\xce\xb2\x198\x8a"),
      // Right checksums over a type that there is not, and over a string that ends too early.
      cmd("RESTORE", "k", "0", "\xfe\x01v\n\x00\x8f\xb3u\xaa\xad9\x8b\x14"),
      "EXISTS k",
    ],
  },
];

/** Between servers: ../integration/migrate.test.ts. */
const migrations: Case[] = [
  ["MIGRATE 127.0.0.1 1 missing 0 100", 'MIGRATE 127.0.0.1 1 "" 0 100 KEYS a b', "MIGRATE 127.0.0.1 1 k 0"],
  [
    "SET k v",
    "MIGRATE 127.0.0.1 1 k 0 100",
    "MIGRATE 127.0.0.1 1 k 0 100 KEYS k",
    "MIGRATE 127.0.0.1 1 k 0 x",
    "GET k",
  ],
];

/** With an append-only file: ../integration/aof-commit.test.ts. */
const waits: Case[] = [
  {
    name: "WAITAOF without an append-only file",
    oracle: "redis8",
    commands: [
      ...[
        "WAITAOF",
        "WAITAOF 0 0",
        "WAITAOF 0 0 0 0",
        "WAITAOF 0 0 0",
        "WAITAOF 1 0 0",
        "WAITAOF 2 0 0",
        "WAITAOF -1 0 0",
      ],
      ...["WAITAOF x 0 0", "WAITAOF 0 x 0", "WAITAOF 0 -1 0", "WAITAOF 0 0 x", "WAITAOF 0 0 -1", "WAITAOF 1 -1 -1"],
      ...["WAITAOF 0 1 10", "MULTI", "WAITAOF 0 1 0", "WAITAOF 1 0 0", "EXEC"],
    ],
  },
];

const files: Case[] = [
  ["SAVE", "SAVE x", "LASTSAVE x", within(5, "LASTSAVE")],
  ["SET k v", "SAVE", "DEBUG RELOAD", "GET k", "DEBUG RELOAD nosuch", "DEBUG RELOAD NOSAVE", "GET k"],
  ["SET k v", "WATCH k none", on("b", "DEBUG RELOAD"), "MULTI", "PING", "EXEC"],
  ["SET k v", "WATCH none", on("b", "DEBUG RELOAD"), "MULTI", "PING", "EXEC"],
  ["SET k v", "SAVE", "WATCH k", on("b", "DEBUG RELOAD NOSAVE NOFLUSH MERGE"), "MULTI", "PING", "EXEC"],
  ["SET a 1", "SAVE", "SET b 2", "DEBUG RELOAD NOSAVE", "EXISTS a b", "SET b 2", "SET a 3"],
  ["SET a 1", "SAVE", "SET b 2", "SET a 3", "DEBUG RELOAD NOSAVE NOFLUSH MERGE", "MGET a b", "DEBUG DIGEST"],
  ["SET a 1 EX 1000", "SET n 12345", "SELECT 3", "SET c x", "DEBUG RELOAD", "GET c", "SELECT 0", "DEBUG DIGEST"],
  // Last, because a real server's child process may still be at work when the next case begins.
  ["BGSAVE x", "BGSAVE SCHEDULE x", "MULTI", "BGSAVE", "SAVE", "DISCARD", ignore("BGSAVE")],
  ["BGREWRITEAOF x", "MULTI", "BGREWRITEAOF x", "DISCARD", "MULTI", "BGREWRITEAOF", "DISCARD", ignore("BGREWRITEAOF")],
];

differential("persistence", {
  cases: [...dumps, ...blocks, ...compressed, ...expiringFields, ...restore, ...migrations, ...waits, ...files],
  args: ["--enable-debug-command", "yes"],
});

const WORDS = ["alpha", "beta", "user:", "session", '{"id":', '"name":', "true", "2024-", "a", "bb"];

randomDifferential("DUMP of compressible strings", {
  seed: 5,
  operations: 2000,
  oracle: "valkey8",
  generate: (random, index) => {
    if (index % 2 === 1) return "DUMP k";
    const length = random.integer(21, random.chance(0.05) ? 20_000 : 300);
    let text = random.chance(0.2) ? random.string(length, "abcd") : "";
    while (text.length < length) text += random.pick(WORDS);
    return cmd("SET", "k", text);
  },
});
