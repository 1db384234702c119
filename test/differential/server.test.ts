/**
 * The server commands beside real Redis: what every server answers alike. The configuration's own tests
 * (test/admin) and COMMAND's texts (command-docs.test.ts) go further.
 */

import {
  type Case,
  cmd,
  differential,
  errorPrefix,
  ignore,
  matching,
  sameShape,
  sameType,
  sorted,
  within,
} from "./harness";

const COMMANDS = ["info", "config", "command", "time", "memory", "debug", "dbsize", "flushall", "flushdb", "lolwut"];

const arity: Case[] = [
  ...COMMANDS.filter((name) => !["info", "command", "lolwut", "debug"].includes(name)).map(
    (name): Case => [errorPrefix(`${name} a b c d e`)],
  ),
  ["CONFIG", "MEMORY", "DEBUG", "OBJECT", "CLIENT", "CONFIG GET", "CONFIG SET", "CONFIG SET a", "CONFIG RESETSTAT x"],
  ["CONFIG REWRITE x", "CONFIG HELP x", "MEMORY USAGE", "MEMORY STATS x", "MEMORY DOCTOR x", "MEMORY PURGE x"],
  ["CONFIG NOSUCH", "CONFIG NOSUCH a", "MEMORY NOSUCH", "COMMAND NOSUCH", "COMMAND COUNT x", "COMMAND GETKEYS"],
];

const info: Case[] = [
  [matching(/^# Server\r\nredis_version:\d/, "INFO server"), matching(/\r\ntcp_port:\d+\r\n/, "INFO SERVER")],
  [
    "INFO nosuch",
    'INFO ""',
    sameType("INFO"),
    sameType("INFO all"),
    sameType("INFO default"),
    sameType("INFO everything"),
  ],
  [matching(/# Keyspace\r\n$/, "INFO keyspace"), "SET k v", "INFO keyspace", "SET e v PXAT 4102444800000"],
  ["SELECT 3", "SET k v", "SELECT 0", "INFO keyspace", "FLUSHALL", "INFO keyspace"],
  [matching(/^# Clients\r\n.*\r\n\r\n# Memory\r\n/s, "INFO clients memory"), "INFO nosuch alsonosuch"],
  [ignore("CONFIG RESETSTAT"), "INFO errorstats", "NOSUCH", "INCR", "INFO errorstats", ignore("CONFIG RESETSTAT")],
  {
    name: "INFO commandstats counts calls, rejected and failed ones",
    commands: [
      ignore("CONFIG RESETSTAT"),
      "SET k x",
      "GET k",
      "GET",
      "INCR k",
      matching(
        /\r\ncmdstat_get:calls=1,usec=\d+,usec_per_call=[\d.]+,rejected_calls=1,failed_calls=0\r\n/,
        "INFO commandstats",
      ),
      matching(
        /\r\ncmdstat_incr:calls=1,usec=\d+,usec_per_call=[\d.]+,rejected_calls=0,failed_calls=1\r\n/,
        "INFO commandstats",
      ),
      matching(/\r\ncmdstat_config\|resetstat:calls=1,/, "INFO commandstats"),
    ],
  },
  {
    name: "INFO stats counts hits, misses and errors",
    commands: [
      ignore("CONFIG RESETSTAT"),
      "SET k v",
      "GET k",
      "GET missing",
      "EXISTS k missing",
      "NOSUCH",
      matching(/\r\nkeyspace_hits:2\r\nkeyspace_misses:2\r\n/, "INFO stats"),
      matching(/\r\ntotal_error_replies:1\r\n/, "INFO stats"),
    ],
  },
];

const config: Case[] = [
  ["CONFIG GET maxmemory", sorted("CONFIG GET hash-max-listpack-*"), sorted("CONFIG GET maxmemory maxclients nosuch")],
  [
    "CONFIG GET nosuch",
    sorted("CONFIG GET MAXMEMORY timeout TIMEOUT"),
    "CONFIG GET databases",
    "CONFIG GET key-load-delay",
  ],
  {
    name: "CONFIG SET",
    commands: [
      "CONFIG SET maxmemory 100mb",
      "CONFIG GET maxmemory",
      "CONFIG SET maxmemory 1gb maxmemory-samples 7",
      sorted("CONFIG GET maxmemory maxmemory-samples"),
      "CONFIG SET nosuch 1",
      "CONFIG SET maxmemory abc",
      "CONFIG SET maxmemory -1",
      "CONFIG SET maxmemory 1 maxmemory 2",
      "CONFIG SET databases 4",
      "CONFIG SET maxmemory-samples 0",
      "CONFIG SET maxmemory-samples abc",
      "CONFIG SET maxmemory-policy nosuch",
      "CONFIG SET activerehashing maybe",
      "CONFIG SET maxmemory 5mb nosuch 1",
      "CONFIG GET maxmemory",
      "CONFIG SET a b c",
    ],
    cleanup: ["CONFIG SET maxmemory 0 maxmemory-samples 5"],
  },
  // Started without a configuration file.
  ["CONFIG REWRITE", "CONFIG RESETSTAT", sameType("CONFIG HELP")],
];

const command: Case[] = [
  [sameType("COMMAND COUNT"), sameType("COMMAND"), "COMMAND INFO nosuch", "COMMAND INFO nosuch alsonosuch"],
  ["COMMAND GETKEYS GET k", "COMMAND GETKEYS MSET a 1 b 2", "COMMAND GETKEYS mget a b c", "COMMAND GETKEYS LCS a b"],
  [
    errorPrefix("COMMAND GETKEYS PING"),
    "COMMAND GETKEYS NOSUCH a",
    errorPrefix("COMMAND GETKEYS GET"),
    "COMMAND GETKEYS SET k",
    "COMMAND GETKEYS DEL a b",
  ],
  [
    "COMMAND GETKEYS OBJECT ENCODING k",
    "COMMAND GETKEYS MEMORY USAGE k",
    "COMMAND GETKEYS COPY a b DB 1",
    "COMMAND GETKEYS CONFIG GET x",
  ],
  [
    "COMMAND GETKEYSANDFLAGS SET k v",
    "COMMAND GETKEYSANDFLAGS SET k v GET",
    "COMMAND GETKEYSANDFLAGS GET k",
    "COMMAND GETKEYSANDFLAGS",
  ],
  ["COMMAND GETKEYSANDFLAGS MSET a 1 b 2", "COMMAND GETKEYSANDFLAGS RENAME a b", "COMMAND GETKEYSANDFLAGS DEL a b"],
  [
    errorPrefix("COMMAND GETKEYSANDFLAGS PING"),
    errorPrefix("COMMAND GETKEYSANDFLAGS NOSUCH"),
    "COMMAND GETKEYSANDFLAGS INCR a",
    "COMMAND GETKEYSANDFLAGS COPY a b",
  ],
  [
    sameType("COMMAND LIST"),
    "COMMAND LIST FILTERBY",
    "COMMAND LIST FILTERBY NOSUCH x",
    "COMMAND LIST FILTERBY MODULE nosuch",
  ],
  [
    "COMMAND LIST FILTERBY ACLCAT nosuch",
    "COMMAND LIST FILTERBY PATTERN nosuch*",
    sorted("COMMAND LIST FILTERBY PATTERN get[der]*"),
  ],
  ["COMMAND DOCS nosuch", sameType("COMMAND HELP"), sameType("COMMAND DOCS get"), "COMMAND HELP x", "COMMAND LIST x"],
];

const memory: Case[] = [
  [
    "SET k v",
    matching(/^\d+$/, "MEMORY USAGE k"),
    matching(/^\d+$/, "MEMORY USAGE k SAMPLES 0"),
    "MEMORY USAGE missing",
  ],
  [
    "SET k v",
    "MEMORY USAGE k SAMPLES -1",
    "MEMORY USAGE k SAMPLES a",
    "MEMORY USAGE k NOSUCH 1",
    "MEMORY USAGE k SAMPLES",
  ],
  [
    sameType("MEMORY STATS"),
    sameType("MEMORY DOCTOR"),
    "MEMORY PURGE",
    sameType("MEMORY HELP"),
    sameType("MEMORY MALLOC-STATS"),
  ],
];

const debug: Case[] = [
  [
    "DEBUG PROTOCOL string",
    "DEBUG PROTOCOL integer",
    "DEBUG PROTOCOL double",
    "DEBUG PROTOCOL null",
    "DEBUG PROTOCOL array",
  ],
  [
    "DEBUG PROTOCOL set",
    "DEBUG PROTOCOL map",
    "DEBUG PROTOCOL attrib",
    "DEBUG PROTOCOL verbatim",
    "DEBUG PROTOCOL bignum",
  ],
  ["DEBUG PROTOCOL true", "DEBUG PROTOCOL false", "DEBUG PROTOCOL nosuch", "DEBUG PROTOCOL", sameType("DEBUG HELP")],
  ["DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG SET-ACTIVE-EXPIRE 1", "DEBUG SET-ACTIVE-EXPIRE", "DEBUG NOSUCH", "DEBUG JMAP"],
  ["DEBUG OBJECT missing", "SET k v", matching(/^Value at:\S+ refcount:1 encoding:embstr /, "DEBUG OBJECT k")],
  ["DEBUG POPULATE 10", "DBSIZE", "GET key:0", "GET key:9", "DEBUG POPULATE 10", "FLUSHALL"],
  [
    "DEBUG POPULATE 3 p 10",
    sorted("KEYS *"),
    "GET p:0",
    "GET p:2",
    "DEBUG POPULATE abc",
    "DEBUG POPULATE 5 p 2",
    "GET p:4",
    "DBSIZE",
  ],
  ["DEBUG HTSTATS-KEY missing", "SET k v", "DEBUG HTSTATS-KEY k", "DEBUG HTSTATS-KEY", "DEBUG HTSTATS 99"],
  [
    "CONFIG SET hash-max-listpack-entries 2 zset-max-listpack-entries 2",
    "HSET h a 1 b 2 c 3",
    "ZADD z 1 a 2 b 3 c",
    // The shape of the table is each one's own, how many elements it has is not.
    ...["h", "z"].map((key) => matching(/^Hash table 0 stats .* number of elements: 3\n/s, `DEBUG HTSTATS-KEY ${key}`)),
    "HDEL h a",
    matching(/ number of elements: 2\n/, "DEBUG HTSTATS-KEY h"),
    ...["HSET small a 1", "ZADD few 1 a", "RPUSH l a", "XADD x 1-1 a b"],
    ...["small", "few", "l", "x"].map((key) => `DEBUG HTSTATS-KEY ${key}`),
  ],
  ["DEBUG HTSTATS abc", sameType("DEBUG HTSTATS 0"), cmd("DEBUG", "ERROR", "MY own\r\nerror"), "DEBUG PROTOCOL push"],
  ["DEBUG SLEEP 0", "DEBUG SLEEP 0.001", "DEBUG LOG hello"],
  [
    "SET a 1",
    sameType("DEBUG DIGEST"),
    "DEBUG DIGEST",
    "DEBUG DIGEST-VALUE a",
    "DEBUG DIGEST-VALUE a missing",
    "SET b 1",
    "DEBUG DIGEST-VALUE a b",
    "DEBUG DIGEST",
    "SET a 2",
    "DEBUG DIGEST",
    "SET a 2 PXAT 4102444800000",
    "DEBUG DIGEST-VALUE a",
    "DEBUG DIGEST",
    "FLUSHALL",
    "DEBUG DIGEST",
  ],
  [cmd("SET", "bin", "\x00\xff\r\n"), "DEBUG DIGEST", "DEBUG DIGEST-VALUE bin", "SELECT 5", "SET k v", "DEBUG DIGEST"],
];

const general: Case[] = [
  [
    sameShape("TIME"),
    sameType("LOLWUT"),
    sameType("LOLWUT VERSION 1"),
    sameType("LOLWUT VERSION"),
    "LOLWUT VERSION abc",
  ],
  ["SHUTDOWN NOSUCH", "SHUTDOWN SAVE NOSAVE", "SHUTDOWN ABORT", "SHUTDOWN ABORT NOW", "SHUTDOWN SAVE NOSUCH", "PING"],
  ["SET k v EX 100", within(1, "TTL k"), "DBSIZE", "FLUSHDB", "DBSIZE"],
];

const MODULE_COMMANDS = [
  "MODULE",
  "MODULE NOSUCH",
  "MODULE HELP",
  "MODULE LIST",
  "MODULE LIST x",
  "MODULE LOAD",
  "MODULE LOAD /nonexistent a b",
  "MODULE LOADEX /nonexistent CONFIG a",
  "MODULE UNLOAD",
  "MODULE UNLOAD nosuch",
];

differential("server commands", {
  cases: [...arity, ...info, ...config, ...command, ...memory, ...debug, ...general, MODULE_COMMANDS],
});

differential("modules, where they may be loaded", {
  cases: [MODULE_COMMANDS],
  args: ["--enable-module-command", "yes"],
});
