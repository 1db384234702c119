/**
 * The list commands beside real Redis. 7.0 has no listpacks for lists, so what concerns encodings is compared with 8.0,
 * where they are as in 7.2; and all cases run over each of the encodings besides, by the limits that lists begin with.
 */

import type { Random } from "../support/random";
import {
  type Case,
  type CommandLike,
  cmd,
  type DetailedCase,
  differential,
  matching,
  randomDifferential,
  type StepLike,
} from "./harness";

const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const BEYOND = "9223372036854775808";

/** Texts that are almost integers, and integers at the limits of each encoding of a listpack. */
const NUMBERS = [
  ["", "+1", "-0", "00", "01", "' 1'", "'1 '", "1.0", "1e2", "0x10", MAX, MIN, BEYOND, "-9223372036854775809"],
  ["0", "127", "128", "-1", "4095", "4096", "-4096", "-4097", "32767", "32768", "-32768", "-32769"],
  ["8388607", "8388608", "-8388608", "-8388609", "2147483647", "2147483648", "-2147483648", "-2147483649"],
]
  .flat()
  .map((text) => (text === "" ? "''" : text));

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `e${i}`);
const contents = (key: string): string => `LRANGE ${key} 0 -1`;
const words = (count: number): string => numbers(count).join(" ");

const ONE_KEY = ["LPUSH", "RPUSH", "LPUSHX", "RPUSHX", "LPOP", "RPOP", "LLEN", "LINDEX", "LSET", "LINSERT", "LRANGE"];
const MORE_KEYS = ["LTRIM", "LREM", "LPOS", "LMOVE", "RPOPLPUSH", "LMPOP", "BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH"];
const NAMES = [...ONE_KEY, ...MORE_KEYS, "BLMPOP"];

const cases: Case[] = [
  {
    name: "wrong numbers of arguments",
    commands: [
      ...NAMES,
      ...NAMES.filter((name) => !/^([LR]POP|LLEN)$/.test(name)).map((name) => `${name} k`),
      "LPOP k 1 2",
      "RPOP k 1 2",
      "LLEN k l",
      "LINDEX k",
      "LINDEX k 1 2",
      "LSET k 1",
      "LSET k 1 a b",
      "LINSERT k BEFORE a",
      "LINSERT k BEFORE a b c",
      "LRANGE k 0",
      "LRANGE k 0 1 2",
      "LTRIM k 0",
      "LTRIM k 0 1 2",
      "LREM k 0",
      "LREM k 0 a b",
      "LMOVE k l LEFT",
      "LMOVE k l LEFT RIGHT LEFT",
      "RPOPLPUSH k l m",
      "LMPOP 1 k",
      "BLMOVE k l LEFT RIGHT",
      "BLMOVE k l LEFT RIGHT 1 2",
      "BRPOPLPUSH k l",
      "BRPOPLPUSH k l 1 2",
      "BLMPOP 1 1 k",
    ],
  },
  {
    name: "another type",
    commands: [
      "SET string x",
      "RPUSH list a b",
      "LPUSH string a",
      "RPUSH string a",
      "LPUSHX string a",
      "RPUSHX string a",
      "LPOP string",
      "LPOP string 0",
      "RPOP string 2",
      "LLEN string",
      "LINDEX string 0",
      "LINDEX string x",
      "LSET string 0 a",
      "LSET string x a",
      "LINSERT string BEFORE a b",
      "LRANGE string 0 -1",
      "LTRIM string 0 -1",
      "LREM string 0 a",
      "LPOS string a",
      "LPOS string a COUNT 0",
      "LMOVE string list LEFT RIGHT",
      "LMOVE list string LEFT RIGHT",
      "LMOVE missing string LEFT RIGHT",
      "LMOVE string string LEFT RIGHT",
      "RPOPLPUSH string list",
      "RPOPLPUSH list string",
      "LMPOP 2 string list LEFT",
      "LMPOP 3 missing string list LEFT",
      "BLPOP missing string list 0",
      "BRPOP string 0",
      "BLMOVE string list LEFT RIGHT 0",
      "BLMOVE list string LEFT RIGHT 0",
      "BRPOPLPUSH string list 0",
      "BLMPOP 0 2 missing string LEFT",
      contents("list"),
      "GET string",
    ],
  },
  {
    name: "no such key",
    commands: [
      "LPUSHX k a",
      "RPUSHX k a b",
      "LPOP k",
      "RPOP k",
      "LPOP k 0",
      "RPOP k 3",
      "LLEN k",
      "LINDEX k 0",
      "LINDEX k x",
      "LSET k 0 a",
      "LSET k x a",
      "LINSERT k BEFORE a b",
      "LINSERT k AFTER a b",
      "LRANGE k 0 -1",
      "LTRIM k 0 -1",
      "LREM k 0 a",
      "LPOS k a",
      "LPOS k a COUNT 1",
      "LMOVE k l LEFT RIGHT",
      "RPOPLPUSH k l",
      "LMPOP 1 k LEFT",
      "LMPOP 2 k l RIGHT COUNT 10",
      "EXISTS k l",
      "DBSIZE",
    ],
  },
  ["RPUSH k a", "RPUSH k b c d", "LPUSH k z", "LPUSH k y x w", contents("k"), "LLEN k", "LPUSHX k v u", "RPUSHX k e f"],
  ["RPUSH k a b c d e", "LPOP k", "RPOP k", "LPOP k 1", "RPOP k 0", contents("k"), "RPOP k 10", "EXISTS k"],
  [`RPUSH k ${words(30)}`, "LPOP k 7", "RPOP k 7", "LPOP k 12", contents("k"), "RPOP k 4", "TYPE k"],
  ["RPUSH k a", "LPOP k -1", "LPOP k x", "RPOP k 1.5", `RPOP k ${BEYOND}`, `LPOP k ${MAX}`, "EXISTS k"],
  {
    name: "LINDEX and LSET at all places",
    commands: [
      `RPUSH k ${words(25)}`,
      ...[0, 1, 12, 24, 25, -1, -2, -12, -25, -26, MAX, MIN].flatMap((i) => [
        `LINDEX k ${i}`,
        `LSET k ${i} new${i}`,
        `LINDEX k ${i}`,
      ]),
      contents("k"),
      "LINDEX k x",
      "LINDEX k 1.0",
      `LINDEX k ${BEYOND}`,
      "LSET k x y",
      "LSET k '' y",
    ],
  },
  {
    name: "LRANGE at all borders",
    commands: [
      `RPUSH k ${words(20)}`,
      ...["0 0", "0 5", "5 5", "5 4", "18 30", "19 19", "20 25", "-1 -1", "-5 -2", "-100 2", "-100 -100", "3 -3"].map(
        (range) => `LRANGE k ${range}`,
      ),
      `LRANGE k ${MIN} ${MAX}`,
      `LRANGE k ${MAX} ${MIN}`,
      `LRANGE k 0 ${BEYOND}`,
      "LRANGE k x 1",
      "LRANGE k 1 x",
      "LRANGE missing x 1",
    ],
  },
  {
    name: "LTRIM at all borders",
    commands: [
      ...["0 -1", "0 5", "5 9", "-5 -2", "3 -3", "19 19", "-100 100", `${MIN} ${MAX}`, "20 25", "5 4", "-1 0"].flatMap(
        (range) => ["DEL k", `RPUSH k ${words(20)}`, `LTRIM k ${range}`, contents("k"), "EXISTS k"],
      ),
      "LTRIM k x 1",
      "LTRIM k 1 x",
      "LTRIM missing 1 x",
    ],
  },
  {
    name: "LINSERT",
    commands: [
      `RPUSH k ${words(12)}`,
      "LINSERT k BEFORE e0 first",
      "LINSERT k AFTER e11 last",
      "LINSERT k before e6 x",
      "LINSERT k aFTer e6 y",
      "LINSERT k AFTER nowhere z",
      "LINSERT k BEFORE x x",
      contents("k"),
      "LINSERT k AT e0 z",
      "LINSERT missing AT e0 z",
      ...numbers(12).map((name) => `LINSERT k AFTER ${name} ${name}b`),
      ...numbers(12).map((name) => `LINSERT k BEFORE ${name} ${name}a`),
      contents("k"),
    ],
  },
  {
    name: "LREM",
    commands: [
      ...["0", "1", "2", "-1", "-2", "100", "-100", MAX, "-9223372036854775807"].flatMap((count) => [
        "DEL k",
        "RPUSH k a b a c a a d a",
        `LREM k ${count} a`,
        contents("k"),
      ]),
      "LREM k 0 nothing",
      "LREM k x a",
      "LREM missing x a",
      `LREM k ${BEYOND} a`,
      "DEL k",
      "RPUSH k a a a",
      "LREM k 0 a",
      "EXISTS k",
    ],
  },
  {
    name: "LPOS",
    commands: [
      "RPUSH k a b c 1 2 3 c c",
      ...["a", "c", "1", "01", "nothing"].map((element) => `LPOS k ${element}`),
      ...["1", "2", "3", "4", "-1", "-2", "-3", "-4", MAX, "-9223372036854775807"].flatMap((rank) => [
        `LPOS k c RANK ${rank}`,
        `LPOS k c RANK ${rank} COUNT 0`,
        `LPOS k c COUNT 1 RANK ${rank}`,
        `LPOS k c COUNT 2 RANK ${rank}`,
      ]),
      ...["0", "1", "3", "7", "8", "9", MAX].flatMap((length) => [
        `LPOS k c MAXLEN ${length}`,
        `LPOS k c MAXLEN ${length} RANK -1`,
        `LPOS k c MAXLEN ${length} COUNT 0`,
        `LPOS k c MAXLEN ${length} COUNT 0 RANK -2`,
        `LPOS k c MAXLEN ${length} RANK 2`,
      ]),
      "LPOS k c rank 2 count 1 maxlen 0",
      "LPOS k c RANK 0",
      "LPOS k c RANK x",
      "LPOS k c COUNT -1",
      "LPOS k c COUNT x",
      "LPOS k c MAXLEN -1",
      "LPOS k c MAXLEN x",
      "LPOS k c RANK",
      "LPOS k c RANK 1 COUNT",
      "LPOS k c FOO 1",
      "LPOS k c RANK 0 FOO",
      "LPOS k c FOO RANK 0",
    ],
  },
  {
    name: "LMOVE and RPOPLPUSH",
    commands: [
      `RPUSH k ${words(8)}`,
      "LMOVE k l LEFT LEFT",
      "LMOVE k l LEFT RIGHT",
      "LMOVE k l RIGHT LEFT",
      "LMOVE k l right right",
      "RPOPLPUSH k l",
      contents("k"),
      contents("l"),
      "LMOVE l l LEFT RIGHT",
      "LMOVE l l RIGHT LEFT",
      "LMOVE l l LEFT LEFT",
      "LMOVE l l RIGHT RIGHT",
      "RPOPLPUSH l l",
      contents("l"),
      "LMOVE k l UP LEFT",
      "LMOVE k l LEFT DOWN",
      "LMOVE missing l LEFT DOWN",
      "RPUSH one 17",
      "LMOVE one one LEFT RIGHT",
      "RPOPLPUSH one one",
      "LMOVE one two LEFT LEFT",
      "EXISTS one",
      contents("two"),
      "RPUSH one x PX",
      "PEXPIRE two 100000",
      "LMOVE one two LEFT LEFT",
      "PERSIST two",
    ],
  },
  {
    name: "LMPOP",
    commands: [
      `RPUSH k ${words(8)}`,
      "RPUSH l a b c",
      "LMPOP 1 k LEFT",
      "LMPOP 2 missing k RIGHT",
      "LMPOP 3 missing l k LEFT COUNT 2",
      "LMPOP 2 k l right count 4",
      "LMPOP 2 k l LEFT COUNT 100",
      "LMPOP 2 k l LEFT COUNT 100",
      "LMPOP 2 k l LEFT COUNT 100",
      "RPUSH k a b",
      "LMPOP 0 k LEFT",
      "LMPOP -1 k LEFT",
      "LMPOP x k LEFT",
      `LMPOP ${MAX} k LEFT`,
      `LMPOP ${BEYOND} k LEFT`,
      "LMPOP 2 k LEFT",
      "LMPOP 1 k l LEFT",
      "LMPOP 1 k UP",
      "LMPOP 1 k LEFT COUNT",
      "LMPOP 1 k LEFT COUNT 0",
      "LMPOP 1 k LEFT COUNT -1",
      "LMPOP 1 k LEFT COUNT x",
      "LMPOP 1 k LEFT COUNT 0 FOO",
      "LMPOP 1 k LEFT COUNT 1 COUNT 2",
      "LMPOP 1 k LEFT FOO 1",
      "LMPOP 1 k LEFT FOO",
      contents("k"),
      `LMPOP 1 k LEFT COUNT ${MAX}`,
    ],
  },
  {
    name: "blocking commands that do not wait",
    commands: [
      `RPUSH k ${words(12)}`,
      "RPUSH l a b c",
      "BLPOP k 0",
      "BRPOP k 1.5",
      "BLPOP missing k l 0",
      "BRPOP missing l k 0",
      "BLMOVE k l LEFT RIGHT 0",
      "BLMOVE k k LEFT RIGHT 0",
      "BRPOPLPUSH k l 0",
      "BLMPOP 0 2 missing k LEFT",
      "BLMPOP 0 2 missing k RIGHT COUNT 3",
      "BLMPOP 0.01 2 l k LEFT COUNT 100",
      contents("k"),
      contents("l"),
    ],
  },
  {
    name: "blocking commands whose time is over",
    commands: [
      "BLPOP k 0.01",
      "BRPOP k l 0.01",
      "BLMOVE k l LEFT RIGHT 0.01",
      "BRPOPLPUSH k l 0.01",
      "BLMPOP 0.01 2 k l LEFT",
      "BLMPOP 0.01 1 k RIGHT COUNT 2",
    ],
  },
  {
    name: "blocking commands in a transaction",
    commands: [
      "MULTI",
      "BLPOP k 0",
      "BRPOP k l 0",
      "BLMOVE k l LEFT RIGHT 0",
      "BRPOPLPUSH k l 0",
      "BLMPOP 0 1 k LEFT",
      "RPUSH k a b c",
      "BLPOP k 0",
      "BLMOVE k l LEFT RIGHT 0",
      "EXEC",
    ],
  },
  {
    name: "timeouts",
    oracle: "redis8",
    commands: [
      ...["x", "-1", "-0.1", "nan", "inf", "-inf", "''", "1e100", MAX, BEYOND, "' 1'"].flatMap((timeout) => [
        `BLPOP k ${timeout}`,
        `BRPOP k ${timeout}`,
        `BLMOVE k l LEFT RIGHT ${timeout}`,
        `BRPOPLPUSH k l ${timeout}`,
        `BLMPOP ${timeout} 1 k LEFT`,
      ]),
      "BLMOVE k l UP RIGHT x",
      "BLMOVE k l LEFT UP x",
      "BLMPOP x 0 k LEFT",
      "BLMPOP x 1 k UP",
      "BLMPOP x 1 k LEFT COUNT 0",
      "BLMPOP x 1 k LEFT FOO",
      "BLMPOP 0 2 k LEFT",
    ],
  },
  {
    name: "numbers and what is almost one",
    commands: [
      `RPUSH k ${NUMBERS.join(" ")}`,
      contents("k"),
      ...NUMBERS.flatMap((text) => [`LPOS k ${text}`, `LPOS k ${text} RANK -1`]),
      ...NUMBERS.map((text) => `LINSERT k AFTER ${text} ${text}`),
      contents("k"),
      ...NUMBERS.map((text, i) => `LREM k ${i % 2 === 0 ? 1 : -1} ${text}`),
      ...NUMBERS.map((text, i) => `LSET k ${NUMBERS.length - 1 - i} ${text}`),
      contents("k"),
      ...NUMBERS.map(() => "LPOP k"),
      "EXISTS k",
    ],
  },
  {
    name: "binary, and long elements",
    commands: [
      cmd("RPUSH", "k", new Uint8Array([0, 255, 10, 13]), "", "x".repeat(63), "x".repeat(64), "x".repeat(4096)),
      cmd("LPUSH", "k", "y".repeat(20_000), "y".repeat(8_190), "y".repeat(8_200)),
      contents("k"),
      cmd("LPOS", "k", "y".repeat(20_000)),
      cmd("LPOS", "k", "y".repeat(20_001)),
      cmd("LINSERT", "k", "BEFORE", "y".repeat(20_000), "z".repeat(30_000)),
      cmd("LINSERT", "k", "AFTER", "x".repeat(4096), "z".repeat(9_000)),
      cmd("LSET", "k", "1", "small"),
      cmd("LSET", "k", "-1", "w".repeat(10_000)),
      cmd("LSET", "k", "2", "w".repeat(10_001)),
      contents("k"),
      cmd("LREM", "k", "0", "w".repeat(10_001)),
      "LMOVE k l RIGHT LEFT",
      "LMOVE l l LEFT RIGHT",
      "RPOPLPUSH k k",
      "LRANGE k 1 3",
      "LPOP k 5",
      "RPOP k 5",
      contents("l"),
    ],
  },
  {
    name: "expiry stays, but not with the key",
    commands: [
      "RPUSH k a b c",
      "PEXPIRE k 100000",
      "RPUSH k d",
      "LPOP k",
      "LSET k 0 x",
      "LTRIM k 0 1",
      "PERSIST k",
      "PEXPIRE k 100000",
      "LTRIM k 5 9",
      "RPUSH k a",
      "PTTL k",
    ],
  },
  {
    name: "keys with lists",
    commands: [
      `RPUSH k ${words(10)}`,
      "TYPE k",
      "COPY k copy",
      "LPOP copy",
      "RENAME copy renamed",
      contents("k"),
      contents("renamed"),
      "DEBUG DIGEST-VALUE k renamed",
      "DEBUG DIGEST",
      "SET k x",
      "GET k",
      "DEL renamed",
      "DBSIZE",
      "RPUSH k2 a b",
      "MOVE k2 1",
      "EXISTS k2",
    ],
  },
];

/** What differs between a listpack and a quicklist, and between quicklists of small and large nodes. */
const LIMITS: readonly (readonly [name: string, fill: string])[] = [
  ["listpacks", "-2"],
  ["quicklists of nodes of 3 elements", "3"],
  ["quicklists of nodes of 1 element", "1"],
  ["nodes of up to 64 KiB", "-5"],
];

for (const [name, fill] of LIMITS) {
  differential(`list, ${name}`, { cases, args: ["--list-max-listpack-size", fill] });
}

// --- encodings -----------------------------------------------------------------------------------------------------

const encoding = "OBJECT ENCODING k";

function changing(name: string, fill: string, commands: readonly StepLike[]): DetailedCase {
  return {
    name: `list-max-listpack-size ${fill}: ${name}`,
    commands: [`CONFIG SET list-max-listpack-size ${fill}`, ...commands],
    cleanup: ["CONFIG SET list-max-listpack-size -2"],
    oracle: "redis8",
  };
}

/** Each command, with the encoding after it. */
function watched(...commands: readonly CommandLike[]): CommandLike[] {
  return commands.flatMap((command) => [command, encoding]);
}

/** An element of 1000 bytes, with which listpacks reach their limits in bytes. */
const KILO = "k".repeat(1000);

const encodings: Case[] = [
  changing("growing and shrinking", "4", [
    ...watched(...Array.from({ length: 6 }, (_, i) => `RPUSH k e${i}`)),
    ...watched(...Array.from({ length: 6 }, () => "LPOP k")),
    ...watched(`RPUSH k ${words(4)}`, "LPUSH k x", "RPOP k 2", "RPOP k", "LPUSHX k y", "RPUSHX k z y x"),
  ]),
  changing("LINSERT converts before it looks for the pivot", "3", [
    ...watched("RPUSH k a b c", "LINSERT k AFTER nowhere x", "LREM k 1 c", "LINSERT k AFTER b c"),
  ]),
  changing("LSET converts before it looks for the index", "3", [
    ...watched("RPUSH k a b c", "LSET k 7 x", "LSET k 0 x", "LREM k 0 c", "LREM k 0 b", "LSET k 0 y"),
  ]),
  changing("LREM, LTRIM", "4", [
    ...watched(`RPUSH k ${words(10)}`, "LREM k 0 nothing", "LTRIM k 0 -1", "LTRIM k 0 4", "LTRIM k 1 3"),
    ...watched("LREM k 1 e1", "LREM k 1 e2", "LTRIM k 0 0"),
  ]),
  changing("LMOVE within a list, and between two", "3", [
    ...watched("RPUSH k a b c", "LMOVE k k LEFT RIGHT", "LMOVE k l LEFT RIGHT", "LMOVE k l LEFT RIGHT"),
    "OBJECT ENCODING l",
    "LMOVE k l LEFT RIGHT",
    "LPUSH l x",
    "OBJECT ENCODING l",
    "RPOPLPUSH l k",
    "RPOPLPUSH l k",
    "RPOPLPUSH l k",
    encoding,
    "OBJECT ENCODING l",
    "LMPOP 1 k LEFT COUNT 2",
    encoding,
  ]),
  changing("the limit is that of the moment", "3", [
    ...watched("RPUSH k a b c d"),
    "CONFIG SET list-max-listpack-size 100",
    ...watched("LREM k 0 nothing", "LTRIM k 0 -1", "RPUSH k e", "LPOP k"),
    "CONFIG SET list-max-listpack-size 1",
    ...watched("LPOP k", "RPUSH k x"),
  ]),
  changing("0 is 1", "0", watched("RPUSH k a", "RPUSH k b", "LPOP k", "LPOP k", "RPUSH k a b")),
  changing("a copy keeps the encoding", "4", [
    ...watched(`RPUSH k ${words(5)}`, "LPOP k 2"),
    "COPY k l",
    "OBJECT ENCODING l",
    "RENAME l k",
    encoding,
  ]),
  ...["-1", "-2", "-3", "-4", "-5", "-77"].map((fill) =>
    changing("bytes", fill, [
      ...watched(...Array.from({ length: 70 }, () => `RPUSH k ${KILO}`)),
      ...watched(...Array.from({ length: 69 }, () => "LPOP k")),
      ...watched(`LSET k 0 ${"x".repeat(3000)}`, "LSET k 0 y"),
      ...watched(`RPUSH k ${"x".repeat(70_000)}`, "LSET k 1 small", `LSET k 0 ${"x".repeat(70_000)}`),
      ...watched("RPOP k", "LSET k 0 small"),
    ]),
  ),
  changing("where elements are counted, bytes are limited, too", "100", [
    ...watched(...Array.from({ length: 10 }, () => `RPUSH k ${KILO}`)),
    ...watched(...Array.from({ length: 9 }, () => "LPOP k")),
  ]),
  changing("integers take fewer bytes than their texts", "-1", [
    ...watched(cmd("RPUSH", "k", ...Array.from({ length: 500 }, () => "1234567"))),
    ...watched(cmd("RPUSH", "k", ...Array.from({ length: 100 }, () => "1234567"))),
    ...watched(cmd("RPUSH", "k", ...Array.from({ length: 100 }, () => "1234567")), "LPOP k 20"),
  ]),
  {
    name: "DEBUG OBJECT of a quicklist",
    commands: [
      "CONFIG SET list-max-listpack-size 2",
      "RPUSH k a b c d e",
      matching(
        /ql_nodes:3 ql_avg_node:1\.67 ql_listpack_max:2 ql_compressed:0 ql_uncompressed_size:36$/,
        "DEBUG OBJECT k",
      ),
      "CONFIG SET list-max-listpack-size -2",
      "LTRIM k 0 0",
      matching(/encoding:listpack serializedlength:\d+ lru:\d+ lru_seconds_idle:0$/, "DEBUG OBJECT k"),
    ],
    cleanup: ["CONFIG SET list-max-listpack-size -2"],
    oracle: "redis8",
  },
  {
    name: "the one integer that has no negation",
    commands: ["RPUSH k a", `LREM k ${MIN} a`, `LPOS k a RANK ${MIN}`],
    oracle: "redis8",
  },
  {
    name: "blocking commands that do not wait reply null as Redis 7.2 does",
    commands: ["MULTI", "BLMOVE k l LEFT RIGHT 0", "BLPOP k 0", "EXEC"],
    oracle: "redis8",
  },
];

differential("list, encodings", { cases: encodings });

// --- random sequences ----------------------------------------------------------------------------------------------

const KEYS = ["a", "b", "c"];

function element(random: Random): string {
  switch (random.integer(0, 5)) {
    case 0:
      return random.edgeInteger();
    case 1:
      return random.string(random.integer(0, 3), "ab1");
    case 2:
      return random.string(random.integer(1, 150), "xyz");
    case 3:
      return random.chance(0.2) ? "l".repeat(random.pick([63, 64, 4095, 4096, 8192, 9000])) : "";
    default:
      return `e${random.integer(0, 20)}`;
  }
}

function elements(random: Random): string[] {
  return Array.from({ length: random.chance(0.8) ? random.integer(1, 3) : random.integer(1, 30) }, () =>
    element(random),
  );
}

const index = (random: Random): number => random.integer(-20, 20);
const end = (random: Random): string => random.pick(["LEFT", "RIGHT"]);
const key = (random: Random): string => random.pick(KEYS);

function anyCommand(random: Random): StepLike {
  const k = key(random);
  switch (random.integer(0, 19)) {
    case 0:
    case 1:
    case 2:
      return cmd(random.pick(["LPUSH", "RPUSH"]), k, ...elements(random));
    case 3:
      return cmd(random.pick(["LPUSHX", "RPUSHX"]), k, ...elements(random));
    case 4:
      return cmd(random.pick(["LPOP", "RPOP"]), k);
    case 5:
      return cmd(random.pick(["LPOP", "RPOP"]), k, random.integer(0, 6));
    case 6:
      return cmd("LINDEX", k, index(random));
    case 7:
    case 8:
      return cmd("LSET", k, index(random), element(random));
    case 9:
    case 10:
      return cmd("LINSERT", k, random.pick(["BEFORE", "AFTER"]), element(random), element(random));
    case 11:
      return cmd("LRANGE", k, index(random), index(random));
    case 12:
      return random.chance(0.2) ? cmd("LTRIM", k, index(random), index(random)) : cmd("LTRIM", k, 1, -2);
    case 13:
      return cmd("LREM", k, random.integer(-2, 2), element(random));
    case 14:
      return cmd("LPOS", k, element(random), "RANK", random.pick([-2, -1, 1, 2]), "COUNT", random.integer(0, 2));
    case 15:
      return cmd("LMOVE", k, key(random), end(random), end(random));
    case 16:
      return cmd("LMPOP", 2, k, key(random), end(random), "COUNT", random.integer(1, 4));
    case 17:
      return cmd("OBJECT", "ENCODING", k);
    case 18:
      return random.chance(0.3) ? cmd("COPY", k, key(random), "REPLACE") : cmd("LLEN", k);
    default:
      return cmd("DEBUG", "DIGEST-VALUE", k);
  }
}

const verify = KEYS.flatMap((k) => [contents(k), `LLEN ${k}`, `OBJECT ENCODING ${k}`]);

for (const [seed, fill] of [
  [31, "-2"],
  [32, "-1"],
  [33, "2"],
  [34, "5"],
  [35, "128"],
] as const) {
  randomDifferential(`list, random, list-max-listpack-size ${fill}`, {
    seed,
    operations: 4000,
    generate: anyCommand,
    verify,
    oracle: "redis8",
    protocol: seed % 2 === 0 ? 2 : 3,
    args: ["--list-max-listpack-size", fill],
  });
}
