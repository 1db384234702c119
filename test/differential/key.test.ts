/** The generic key commands beside real Redis. Values are strings: other types add their cases in their own files. */

import { array, bulk, integer } from "../support/reply";
import {
  answers,
  type Case,
  cmd,
  differential,
  ignore,
  matching,
  on,
  randomDifferential,
  sameType,
  sorted,
  sortedDeep,
  within,
} from "./harness";

/** 2100-01-01, in seconds and in milliseconds: an expiry that is the same on both servers. */
const FAR = 4102444800;
const FAR_MS = FAR * 1000;
const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const BEYOND = "9223372036854775808";
const EXPIRES = ["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"];
const EXPIRES_AT: [string, number][] = [
  ["EXPIREAT", FAR],
  ["PEXPIREAT", FAR_MS],
];

const COMMANDS = [
  "del",
  "unlink",
  "exists",
  "touch",
  "type",
  "keys",
  "scan",
  "rename",
  "renamenx",
  "copy",
  "move",
  "expire",
  "pexpire",
  "expireat",
  "pexpireat",
  "ttl",
  "pttl",
  "expiretime",
  "pexpiretime",
  "persist",
  "object",
  "swapdb",
  "select",
];

const arity: Case[] = COMMANDS.map((name) => ({
  name: `${name}: number of arguments`,
  commands: [`${name}`, `${name.toUpperCase()} a`, `${name} a b`, `${name} a b c`, `${name} a b c d e f g`],
}));

const existence: Case[] = [
  ["MSET a 1 b 2 c 3", "DEL a", "DEL a b missing", "EXISTS a b c", "DEL c c", "DBSIZE", "DEL missing"],
  ["MSET a 1 b 2 c 3", "UNLINK a", "UNLINK a b missing", "DBSIZE", "UNLINK c c"],
  ["MSET a 1 b 2", "EXISTS a", "EXISTS a a a", "EXISTS a b c", "EXISTS c", "TOUCH a", "TOUCH a b c", "TOUCH a a"],
  ["SET a 1", "TYPE a", "TYPE missing", 'SET "" 1', 'TYPE ""', 'DEL ""'],
  ["DBSIZE", "MSET a 1 b 2", "DBSIZE", "DBSIZE extra", "RANDOMKEY extra", "FLUSHALL", "RANDOMKEY"],
  ["SET only 1", "RANDOMKEY", "DEL only", "RANDOMKEY"],
];

const patterns: Case[] = [
  {
    name: "KEYS with every kind of pattern",
    commands: [
      'MSET hello 1 hallo 2 hxllo 3 hllo 4 heeello 5 hbllo 6 "h*llo" 7 "h?llo" 8 "h[a]llo" 9 "h\\\\llo" 10 "" 11 "h\\xffllo" 12',
      ...[
        "*",
        "h?llo",
        "h*llo",
        "h[ae]llo",
        "h[^e]llo",
        "h[a-b]llo",
        "h[b-a]llo",
        "h\\\\?llo",
        "h\\\\*llo",
        "h\\\\[a\\\\]llo",
        "h[",
        "h[a",
        "h[^",
        "h[a-",
        "h[]llo",
        "h[]]llo",
        "*llo",
        "*l*o*",
        "hello",
        "HELLO",
        "",
        "?",
        "**",
        "***o",
        "h\\\\",
        "\\\\",
        "h[\\\\*]llo",
        "h[a\\\\-z]llo",
        "h[^a-z]llo",
        "h\\xffllo",
        "h[\\xf0-\\xff]llo",
        "[h]*",
        "[^h]*",
        "*[o]",
        "h**o",
      ].map((pattern) => sorted(`KEYS "${pattern}"`)),
    ],
  },
  ["SET aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1", "KEYS a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"],
  [`SET gone 1`, "PEXPIREAT gone 1", "KEYS *", "SET k v PXAT 1", "KEYS *"],
];

const scan: Case[] = [
  {
    name: "SCAN: options",
    commands: [
      "MSET a 1 b 2 key:1 3 key:2 4",
      ...[
        "",
        "COUNT 1000",
        "MATCH key:* COUNT 1000",
        "MATCH nothing COUNT 1000",
        "TYPE string COUNT 1000",
        "TYPE hash COUNT 1000",
        "TYPE STRING COUNT 1000",
        "type string match a count 1000",
        "COUNT 1 COUNT 1000",
      ].map((options) => sortedDeep(`SCAN 0 ${options === "" ? "COUNT 100" : options}`)),
    ],
  },
  {
    name: "SCAN: errors",
    commands: [
      "SCAN abc",
      'SCAN ""',
      'SCAN " 0"',
      'SCAN "0 "',
      "SCAN 0x",
      "SCAN 0 COUNT",
      "SCAN 0 COUNT 0",
      "SCAN 0 COUNT -1",
      "SCAN 0 COUNT abc",
      `SCAN 0 COUNT ${BEYOND}`,
      "SCAN 0 MATCH",
      "SCAN 0 TYPE",
      "SCAN 0 NOSUCH 1",
      "SCAN 0 MATCH a COUNT",
      "SCAN 0 MATCH a NOSUCH",
      "SCAN 99999999999999999999999",
    ],
  },
  ["SCAN 0", "SCAN 0 COUNT 10", "SET k v", "PEXPIREAT k 1", "SCAN 0 COUNT 10"],
];

const moving: Case[] = [
  ["SET a 1", "RENAME a b", "GET a", "GET b", "RENAME missing b", "GET b", "RENAME b b", "GET b", "RENAME gone gone"],
  [`SET a 1 EXAT ${FAR}`, "SET b 2", "RENAME a b", "EXPIRETIME b", "SET c 3", "RENAME c b", "TTL b", "DBSIZE"],
  ["SET a 1", "RENAMENX a b", "SET a 2", "RENAMENX a b", "GET b", "RENAMENX a a", "RENAMENX missing c", "EXISTS c"],
  [`SET a 1 EXAT ${FAR}`, "RENAMENX a b", "EXPIRETIME b", "EXISTS a"],
  ["SET a 1", "COPY a b", "GET b", "SET a 2", "COPY a b", "GET b", "COPY a b REPLACE", "GET b", "COPY missing c"],
  ["SET a 1", "COPY a a", "COPY a a DB 0", "COPY a a DB 1", "COPY a a REPLACE", "COPY missing missing"],
  [`SET a 1 EXAT ${FAR}`, "COPY a b", "EXPIRETIME b", "PERSIST a", "COPY a b REPLACE", "TTL b"],
  ["SET a 1", "COPY a b DB 3", "EXISTS b", "SELECT 3", "GET b", "COPY b c DB 0 REPLACE", "SELECT 0", "GET c"],
  {
    name: "COPY: options",
    commands: [
      "SET a 1",
      "COPY a b DB",
      "COPY a b DB abc",
      "COPY a b DB 16",
      "COPY a b DB -1",
      `COPY a b DB ${BEYOND}`,
      "COPY a b NOSUCH",
      "COPY a b REPLACE NOSUCH",
      "COPY a b replace db 1",
      "COPY a b db 1 replace",
      "COPY a b DB 1 DB 2",
      "COPY a b REPLACE REPLACE",
    ],
  },
  [
    "SET a 1",
    "MOVE a 1",
    "EXISTS a",
    "SELECT 1",
    "GET a",
    "SELECT 0",
    "SET a 2",
    "MOVE a 1",
    "GET a",
    "MOVE missing 1",
  ],
  [`SET a 1 EXAT ${FAR}`, "MOVE a 1", "SELECT 1", "EXPIRETIME a", "PERSIST a", "MOVE a 0", "SELECT 0", "TTL a"],
  ["SET a 1", "MOVE a 0", "MOVE a 16", "MOVE a -1", "MOVE a abc", `MOVE a ${BEYOND}`, "MOVE missing 0", "MOVE a 1.5"],
];

const databases: Case[] = [
  ["SET a 0", "SELECT 15", "GET a", "SET a 15", "DBSIZE", "SELECT 0", "GET a"],
  ["SELECT 16", "SELECT -1", "SELECT abc", 'SELECT ""', "SELECT 1.5", `SELECT ${BEYOND}`, "SELECT 99999999999"],
  ["SET a 0", "SELECT 1", "SET a 1", "SET b 1", "FLUSHDB", "DBSIZE", "SELECT 0", "DBSIZE", "FLUSHALL", "DBSIZE"],
  ["SET a 1", "FLUSHDB ASYNC", "DBSIZE", "SET a 1", "FLUSHDB SYNC", "DBSIZE", "FLUSHALL async", "FLUSHALL sync"],
  ["FLUSHDB NOSUCH", "FLUSHALL NOSUCH", "FLUSHDB ASYNC SYNC", "FLUSHALL SYNC ASYNC", 'FLUSHALL ""'],
  ["SET a 0", "SELECT 1", "SET a 1", "SWAPDB 0 1", "GET a", "SELECT 0", "GET a", "SWAPDB 0 0", "GET a"],
  ["SET a 0", on("b", "SELECT 5"), on("b", "SET a 5"), "SWAPDB 5 0", "GET a", on("b", "GET a"), on("b", "DBSIZE")],
  ["SWAPDB a 1", "SWAPDB 1 a", "SWAPDB 0 16", "SWAPDB -1 0", "SWAPDB 16 16", `SWAPDB ${BEYOND} 0`, "SWAPDB 0 1.5"],
  [on("a", "SELECT 3"), on("a", "SET k 3"), on("b", "EXISTS k"), on("b", "SELECT 3"), on("b", "GET k")],
];

const expiry: Case[] = [
  ["SET a 1", "TTL a", "PTTL a", "EXPIRETIME a", "PEXPIRETIME a", "TTL x", "PTTL x", "EXPIRETIME x", "PEXPIRETIME x"],
  [
    "SET a 1",
    "EXPIRE a 100",
    within(1, "TTL a"),
    within(500, "PTTL a"),
    within(1, "EXPIRETIME a"),
    "PERSIST a",
    "TTL a",
  ],
  ["SET a 1", "PEXPIRE a 100500", within(1, "TTL a"), within(500, "PTTL a"), within(500, "PEXPIRETIME a")],
  ["PERSIST missing", "SET a 1", "PERSIST a", "EXPIRE a 100", "PERSIST a", "PERSIST a", "TTL a"],
  ["SET a 1 PXAT 9223372036854775807", "PEXPIRETIME a", "EXPIRETIME a"],
  ["SET a 1", `EXPIREAT a ${FAR}`, "EXPIRETIME a", "PEXPIRETIME a", `PEXPIREAT a ${FAR_MS + 499}`, "EXPIRETIME a"],
  [
    "SET a 1",
    `PEXPIREAT a ${FAR_MS + 500}`,
    "EXPIRETIME a",
    "PEXPIRETIME a",
    `PEXPIREAT a ${FAR_MS - 1}`,
    "EXPIRETIME a",
  ],
  ...EXPIRES.map((name): Case => [`${name} missing 100`, `${name} missing 100 NX`, `${name} missing 100 GT`]),
  ...EXPIRES.map(
    (name): Case => ({
      name: `${name}: a time in the past deletes`,
      commands: ["SET a 1", `${name} a -1`, "EXISTS a", "SET a 1", `${name} a 0`, "EXISTS a", "DBSIZE", `${name} a -1`],
    }),
  ),
  ...EXPIRES.map(
    (name): Case => ({
      name: `${name}: times out of range`,
      commands: [
        "SET a 1",
        ...["abc", '""', "1.5", '" 1"', BEYOND, "-9223372036854775809", "9223372036854776000"].map(
          (t) => `${name} b ${t}`,
        ),
        `${name} a abc`,
        `${name} a 1.5`,
        `${name} a ""`,
        `${name} a ${BEYOND}`,
        "TTL a",
      ],
    }),
  ),
  ["SET a 1", `EXPIRE a ${MAX}`, "EXPIRE a 9223372036854776", `EXPIRE a ${MIN}`, "EXPIRE a -9223372036854776", "TTL a"],
  [
    "SET a 1",
    `PEXPIRE a ${MAX}`,
    "PEXPIRE a 9223372036854770000",
    `EXPIREAT a ${MAX}`,
    "EXPIREAT a 9223372036854776",
    "TTL a",
  ],
  [
    "SET a 1",
    `PEXPIREAT a ${MAX}`,
    "PEXPIRETIME a",
    "PEXPIREAT a 9223372036854770000",
    "PEXPIRETIME a",
    "EXPIRETIME a",
  ],
  ["SET a 1", `PEXPIREAT a ${MIN}`, "EXISTS a", "SET a 1", `PEXPIRE a ${MIN}`, "EXISTS a"],
  ...EXPIRES_AT.map(
    ([name, at]): Case => ({
      name: `${name}: NX XX GT LT`,
      commands: [
        "SET a 1",
        `${name} a ${at} XX`,
        `${name} a ${at} GT`,
        `${name} a ${at} NX`,
        `${name} a ${at + 1000} NX`,
        `${name} a ${at + 1000} XX`,
        "PEXPIRETIME a",
        `${name} a ${at} GT`,
        `${name} a ${at + 1000} GT`,
        `${name} a ${at + 2000} GT`,
        `${name} a ${at + 3000} LT`,
        `${name} a ${at + 2000} LT`,
        `${name} a ${at} LT`,
        "PEXPIRETIME a",
        "PERSIST a",
        `${name} a ${at} LT`,
        "PEXPIRETIME a",
        "PERSIST a",
        `${name} a ${at} LT XX`,
        `${name} a ${at} xx gt`,
        `${name} a 1 GT`,
        "EXISTS a",
        `${name} a 1 LT`,
        "EXISTS a",
      ],
    }),
  ),
  {
    name: "EXPIRE: options that exclude each other, and unknown ones",
    commands: [
      "SET a 1",
      "EXPIRE a 100 NX XX",
      "EXPIRE a 100 NX GT",
      "EXPIRE a 100 LT NX",
      "EXPIRE a 100 GT LT",
      "EXPIRE a 100 XX GT LT",
      "EXPIRE a 100 NX NX",
      "EXPIRE a 100 AB",
      "EXPIRE a 100 NX AB",
      "EXPIRE a 100 XX AB",
      'EXPIRE a 100 ""',
      "EXPIRE a abc AB",
      "EXPIRE missing 100 AB",
      "PEXPIRE a 100 XX NX",
      "EXPIREAT a 100 GT LT",
      "PEXPIREAT a 100 NX LT",
    ],
  },
  ["SET a 1 PXAT 1", "GET a", "EXISTS a", "TTL a", "DBSIZE", "SET a 1", "PEXPIREAT a 1", "RENAME a b", "TYPE a"],
];

const object: Case[] = [
  ["SET a 1", "OBJECT ENCODING a", "SET a x", "OBJECT ENCODING a", "OBJECT ENCODING missing", "OBJECT encoding"],
  ["SET a x", "OBJECT REFCOUNT a", "OBJECT REFCOUNT missing", "OBJECT IDLETIME a", "OBJECT IDLETIME missing"],
  ["SET a x", "OBJECT FREQ a", "OBJECT FREQ missing"],
  ["OBJECT HELP", "OBJECT NOSUCH", "OBJECT NOSUCH a", "OBJECT HELP a", "OBJECT ENCODING a b"],
  {
    name: "OBJECT FREQ and IDLETIME under an LFU policy",
    commands: [
      ignore("CONFIG SET maxmemory-policy allkeys-lfu"),
      "SET a x",
      sameType("OBJECT FREQ a"),
      "OBJECT IDLETIME a",
      "OBJECT FREQ missing",
    ],
    cleanup: ["CONFIG SET maxmemory-policy noeviction"],
  },
];

const general: Case[] = [
  // What a client has sent is shown up to a NUL.
  [
    cmd("EXPIRE", "k", "1", "a\0b"),
    cmd("CLIENT", "KILL", "USER", "a\0b"),
    cmd("CLIENT", "LIST", "TYPE", "a\0b"),
    cmd("CONFIG", "SET", "a\0b", "1"),
    cmd("HELLO", "3", "a\0b"),
    cmd("OBJECT", "a\0b"),
    cmd("nosuch\0a", "a\0b"),
  ],
  ["NOSUCH", "NOSUCH a b", 'NOSUCH "a\\r\\nb" c', cmd("nosuch", "x".repeat(300), "y"), cmd("x".repeat(300), "a"), '""'],
  ["GET|SET a", "CONFIG|GET a", "OBJECT|HELP", '"get\\x00" a', '" get" a'],
  ["PING", "PING a", "PING a b", 'ECHO ""', "ECHO a", "ECHO", "ECHO a b", sameType("TIME"), "TIME a"],
  [
    "SET k v",
    matching(/^\d+$/, "MEMORY USAGE k"),
    "MEMORY USAGE missing",
    "MEMORY USAGE k SAMPLES",
    "MEMORY USAGE k SAMPLES a",
  ],
  ["SET k v", on("b", "GET k"), answers("EXISTS k", integer(1)), answers("MGET k", array(bulk("v")))],
];

differential("key commands", {
  cases: [...arity, ...existence, ...patterns, ...scan, ...moving, ...databases, ...expiry, ...object, ...general],
});

const KEYS = Array.from({ length: 10 }, (_, i) => `k${i}`);

randomDifferential("key commands at random, over four databases", {
  seed: 20240102,
  operations: 6000,
  generate(random) {
    const [key, other] = [random.pick(KEYS), random.pick(KEYS)];
    const at = FAR + random.integer(0, 20);
    switch (
      random.weighted({
        set: 10,
        del: 3,
        exists: 2,
        rename: 3,
        renamenx: 2,
        copy: 4,
        move: 3,
        select: 3,
        expire: 5,
        options: 6,
        past: 2,
        persist: 2,
        ttl: 4,
        keys: 1,
        dbsize: 1,
        swapdb: 1,
        flushdb: 0.2,
        type: 1,
        get: 3,
        scan: 1,
        setKeep: 1,
      })
    ) {
      case "set":
        return cmd("SET", key, random.integer(0, 999));
      case "del":
        return cmd(random.pick(["DEL", "UNLINK"]), key, other);
      case "exists":
        return cmd(random.pick(["EXISTS", "TOUCH"]), key, other, key);
      case "rename":
        return cmd("RENAME", key, other);
      case "renamenx":
        return cmd("RENAMENX", key, other);
      case "copy":
        return cmd("COPY", key, other, ...random.pick([[], ["REPLACE"], ["DB", random.integer(0, 3), "REPLACE"]]));
      case "move":
        return cmd("MOVE", key, random.integer(0, 3));
      case "select":
        return cmd("SELECT", random.integer(0, 3));
      case "expire":
        return cmd("EXPIREAT", key, at);
      case "options":
        return cmd("PEXPIREAT", key, at * 1000, ...random.pick([["NX"], ["XX"], ["GT"], ["LT"], ["XX", "GT"]]));
      case "past":
        return cmd(random.pick(["EXPIREAT", "PEXPIREAT"]), key, 1);
      case "persist":
        return cmd("PERSIST", key);
      case "ttl":
        return cmd(random.pick(["EXPIRETIME", "PEXPIRETIME"]), key);
      case "keys":
        return sorted(cmd("KEYS", random.pick(["*", "k[0-4]", "k?", "*9"])));
      case "dbsize":
        return cmd("DBSIZE");
      case "swapdb":
        return cmd("SWAPDB", random.integer(0, 3), random.integer(0, 3));
      case "flushdb":
        return cmd("FLUSHDB");
      case "type":
        return cmd("TYPE", key);
      case "get":
        return cmd("GET", key);
      case "scan":
        return sortedDeep("SCAN 0 COUNT 1000");
      case "setKeep":
        return cmd("SET", key, "x", "KEEPTTL");
    }
  },
});
