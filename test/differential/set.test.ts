/**
 * The set commands beside real Redis. 7.0 has no listpacks for sets, so what concerns encodings is compared with 8.0,
 * where they are as in 7.2; and all cases run over each of the encodings besides.
 */

import type { Random } from "../support/random";
import {
  type Case,
  cmd,
  type DetailedCase,
  differential,
  ignore,
  matching,
  randomDifferential,
  type StepLike,
  sorted,
  sortedDeep,
} from "./harness";

const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const BEYOND = "9223372036854775808";

/** Texts that are almost integers, and integers at their limits. */
const NOT_QUITE_INTEGERS = ["", "+1", "-0", "00", "01", " 1", "1 ", "1.0", "1e2", "0x10", MAX, MIN, BEYOND, "1\0"];

const integers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`);
const names = (from: number, to: number): string[] => integers(from, to).map((n) => `member:${n}`);

/** The set, whatever its order. */
const contents = (key: string): StepLike => sorted(`SMEMBERS ${key}`);

const WITH_KEYS: readonly string[] = [
  "SADD",
  "SREM",
  "SMOVE",
  "SISMEMBER",
  "SMISMEMBER",
  "SCARD",
  "SMEMBERS",
  "SPOP",
  "SRANDMEMBER",
  "SSCAN",
  "SUNION",
  "SINTER",
  "SDIFF",
  "SUNIONSTORE",
  "SINTERSTORE",
  "SDIFFSTORE",
  "SINTERCARD",
];

const single: Case[] = [
  {
    name: "wrong numbers of arguments",
    commands: [
      ...WITH_KEYS,
      ...WITH_KEYS.map((name) => `${name} k`).filter(
        (line) => !/SCARD|SMEMBERS|SPOP|SRANDM|SUNION |SINTER |SDIFF /.test(line),
      ),
      "SCARD k l",
      "SMEMBERS k l",
      "SISMEMBER k a b",
      "SMOVE k l a b",
      "SPOP k 1 2",
      "SRANDMEMBER k 1 2",
      "SSCAN k",
    ],
  },
  {
    name: "another type",
    commands: [
      "SET string x",
      "SADD s a",
      "SADD string a",
      "SREM string a",
      "SMOVE string s a",
      "SMOVE s string a",
      "SMOVE s string missing",
      "SMOVE missing string a",
      "SMOVE string missing a",
      "SISMEMBER string a",
      "SMISMEMBER string a b",
      "SCARD string",
      "SMEMBERS string",
      "SPOP string",
      "SPOP string 0",
      "SPOP string x",
      "SRANDMEMBER string",
      "SRANDMEMBER string 0",
      "SRANDMEMBER string x",
      "SSCAN string 0",
      "SSCAN string x",
      "SSCAN string 0 WHAT",
      "SUNION s string",
      "SINTER missing string",
      "SINTER string missing",
      "SDIFF missing string",
      "SUNIONSTORE d s string",
      "SINTERSTORE d missing string",
      "SDIFFSTORE d missing string",
      "SINTERCARD 2 missing string",
      "EXISTS d",
      "GET s",
      "APPEND s x",
      "PFADD s x",
      "SETBIT s 1 1",
      "TYPE s",
    ],
  },
  ["SADD s a b c", "SADD s a d", "SADD s a b", "SCARD s", contents("s"), "TYPE s", "SCARD missing", "SMEMBERS missing"],
  ["SADD s a a a", "SCARD s", "SADD s b b a", contents("s")],
  ["SADD s 3 1 2", "SADD s 2 5 -1", contents("s"), "SREM s 1 1 9", contents("s")],
  ["SADD s 1 2", "SADD s x", "SADD s 3 x", contents("s"), "SREM s x", contents("s"), "SADD s 4", contents("s")],
  ["SADD s a b c", "SREM s b", "SREM s b", "SREM s a c d", "EXISTS s", "SREM s a", "SREM missing a"],
  ["SADD s a b c", "SREM s a b c a b", "EXISTS s"],
  ["SADD s 1 2 3", "EXPIRE s 1000", "SADD s 4", "TTL s", "SREM s 4 1", "TTL s", "SREM s 2 3", "TTL s"],
  ["SADD s a 1", "SISMEMBER s a", "SISMEMBER s 1", "SISMEMBER s 01", "SISMEMBER s b", "SISMEMBER missing a"],
  ["SADD s a 1", "SMISMEMBER s a b 1 a", "SMISMEMBER missing a b"],
  {
    name: "almost integers are text",
    commands: NOT_QUITE_INTEGERS.flatMap((text) => [
      cmd("SADD", "s", text),
      cmd("SISMEMBER", "s", text),
      "SADD other 1",
      cmd("SADD", "other", text),
      contents("other"),
      cmd("SREM", "other", text),
      contents("other"),
      "DEL other",
    ]),
  },
  {
    name: "integers of each width",
    commands: ["0", "-1", "32767", "32768", "-32768", "-32769", "2147483647", "2147483648", "-2147483649", MAX, MIN]
      .flatMap((n) => [
        `SADD s ${n}`,
        `SISMEMBER s ${n}`,
        `SADD alone ${n}`,
        contents("alone"),
        "SADD alone 7",
        "DEL alone",
      ])
      .concat([contents("s"), "SREM s 0 32768", contents("s")]),
  },
  {
    name: "members of any bytes and of every length",
    commands: [
      cmd("SADD", "s", "", "\0", "\r\n", "\xff\xfe", "*1\r\n$4\r\nPING\r\n"),
      contents("s"),
      ...[1, 63, 64, 65, 253, 254, 255, 256, 4095, 4096, 65535, 65536, 70000].flatMap((length) => [
        cmd("SADD", "long", "x".repeat(length)),
        cmd("SISMEMBER", "long", "x".repeat(length)),
        cmd("SISMEMBER", "long", `${"x".repeat(length - 1)}y`),
      ]),
      contents("long"),
      cmd("SREM", "long", "x".repeat(65536), "x".repeat(254)),
      contents("long"),
    ],
  },
  {
    name: "thousands",
    commands: [
      cmd("SADD", "s", ...names(0, 3000)),
      cmd("SADD", "s", ...names(2000, 4000)),
      contents("s"),
      cmd("SREM", "s", ...names(100, 3900)),
      contents("s"),
      cmd("SMISMEMBER", "s", ...names(0, 200)),
      cmd("SADD", "n", ...integers(-2000, 2000)),
      contents("n"),
      cmd("SREM", "n", ...integers(-1990, 1990)),
      contents("n"),
    ],
  },
  {
    name: "SMOVE",
    commands: [
      "SADD a x y 1",
      "SADD b y z",
      "SMOVE a b x",
      "SMOVE a b y",
      "SMOVE a b missing",
      "SMOVE missing b x",
      contents("a"),
      contents("b"),
      "SMOVE a new 1",
      "EXISTS a",
      contents("new"),
      "SMOVE b b z",
      "SMOVE b b missing",
      contents("b"),
      "SADD n 1 2",
      "SMOVE b n z",
      contents("n"),
      "EXPIRE n 1000",
      "SMOVE b n y",
      "TTL n",
    ],
  },
  {
    name: "copies and new names",
    commands: [
      cmd("SADD", "a", ...integers(0, 20)),
      cmd("SADD", "b", ...names(0, 20)),
      cmd("SADD", "c", ...names(0, 500)),
      ...["a", "b", "c"].flatMap((key) => [
        `COPY ${key} ${key}2`,
        `SADD ${key}2 more`,
        contents(`${key}2`),
        contents(key),
        `RENAME ${key} ${key}3`,
        contents(`${key}3`),
        `MOVE ${key}3 1`,
        `COPY ${key}2 x REPLACE`,
        contents("x"),
      ]),
      "SET b2 string",
      "GET b2",
      "DEL x a2 c2",
    ],
  },
  {
    name: "SSCAN",
    commands: [
      "SADD s a b c ab 1 2",
      sortedDeep("SSCAN s 0"),
      sortedDeep("SSCAN s 0 COUNT 100"),
      sortedDeep("SSCAN s 0 MATCH a*"),
      sortedDeep("SSCAN s 0 MATCH ? COUNT 100"),
      sortedDeep("SSCAN s 0 COUNT 100 MATCH nothing"),
      sortedDeep("SSCAN s 0 count 100 match [12]"),
      sortedDeep("SSCAN s 0 MATCH x MATCH a COUNT 1 COUNT 100"),
      "SSCAN missing 0",
      "SSCAN missing 0 COUNT 0",
      "SSCAN missing 0 WHAT",
      "SSCAN missing x",
      "SSCAN s x",
      "SSCAN s -x",
      "SSCAN s 0 COUNT",
      "SSCAN s 0 COUNT 0",
      "SSCAN s 0 COUNT x",
      "SSCAN s 0 MATCH",
      "SSCAN s 0 TYPE set",
      "SSCAN s 0 COUNT -1",
      cmd("SADD", "big", ...names(0, 600)),
      sortedDeep("SSCAN big 0 COUNT 100000"),
      sortedDeep("SSCAN big 0 COUNT 100000 MATCH member:*5"),
    ],
  },
];

const random: Case[] = [
  {
    name: "SPOP and SRANDMEMBER of nothing, and wrong counts",
    commands: [
      "SPOP missing",
      "SPOP missing 3",
      "SPOP missing 0",
      "SPOP missing -1",
      "SPOP missing x",
      "SRANDMEMBER missing",
      "SRANDMEMBER missing 3",
      "SRANDMEMBER missing -3",
      "SADD s a",
      "SPOP s 0",
      "SPOP s -1",
      "SPOP s x",
      `SPOP s ${BEYOND}`,
      "SRANDMEMBER s 0",
      "SRANDMEMBER s x",
      "SRANDMEMBER s 1.0",
      `SRANDMEMBER s ${MIN}`,
      `SRANDMEMBER s ${BEYOND}`,
      `SRANDMEMBER s ${MAX}`,
      "SRANDMEMBER s",
      "SRANDMEMBER s 1",
      "SRANDMEMBER s -1",
      "SRANDMEMBER s 5",
      "SRANDMEMBER s -5",
      "SCARD s",
      "SPOP s",
      "EXISTS s",
      "SADD s 7",
      `SPOP s ${MAX}`,
      "EXISTS s",
    ],
  },
  ...([["a", "b", "c"], ["1", "2", "3"], names(0, 300), integers(0, 700)] as const).map((members, i) => ({
    name: `SPOP and SRANDMEMBER of all, set ${i}`,
    commands: [
      cmd("SADD", "s", ...members),
      sorted(cmd("SRANDMEMBER", "s", String(members.length))),
      sorted("SRANDMEMBER s 100000"),
      "SCARD s",
      sorted(cmd("SPOP", "s", String(members.length))),
      "EXISTS s",
      cmd("SADD", "s", ...members),
      "EXPIRE s 1000",
      ignore(cmd("SPOP", "s", String(members.length - 1))),
      "SCARD s",
      "TTL s",
      ignore("SPOP s"),
      "EXISTS s",
    ],
  })),
  ...[1, 5, 20, 60, 100, 101].map((count) => ({
    name: `SPOP ${count} leaves the others`,
    commands: [
      cmd("SADD", "s", ...names(0, 120)),
      "COPY s all",
      ignore(`SPOP s ${count}`),
      "SCARD s",
      "SINTERCARD 2 s all",
      cmd("SADD", "n", ...integers(0, 120)),
      "COPY n alln",
      ignore(`SPOP n ${count}`),
      "SCARD n",
      "SINTERCARD 2 n alln",
    ],
  })),
];

const setup = ["SADD a 1 2 3 4 x y", "SADD b 2 3 x z", "SADD c 3 x 9", "SADD n 1 2 3", "SADD m 2 3 4 5", "SADD s q r"];

const COMBINATIONS = [
  "a",
  "a b",
  "b a",
  "a b c",
  "c b a",
  "a a",
  "a b a",
  "a missing",
  "missing a",
  "missing",
  "missing missing",
  "a missing b",
  "n m",
  "n a",
  "a n",
  "m n a",
  "s a",
  "a s",
  "n s",
  "s n m",
  "a s a b c n m",
];

const algebra: Case[] = [
  ...["SUNION", "SINTER", "SDIFF"].flatMap((name): Case[] => [
    { name: `${name}`, commands: [...setup, ...COMBINATIONS.map((keys) => sorted(`${name} ${keys}`))] },
    {
      name: `${name}STORE`,
      commands: [
        ...setup,
        ...COMBINATIONS.flatMap((keys) => [`${name}STORE d ${keys}`, contents("d"), "DEL d", `${name}STORE d ${keys}`]),
        `${name}STORE a a b`,
        contents("a"),
        `${name}STORE b c b`,
        contents("b"),
        "SET string x EX 1000",
        `${name}STORE string n m`,
        contents("string"),
        "TTL string",
        "EXPIRE string 1000",
        `${name}STORE string missing`,
        "EXISTS string",
        `${name}STORE string missing`,
        `${name}STORE n missing n`,
        "EXISTS n",
      ],
    },
  ]),
  {
    name: "SINTERCARD",
    commands: [
      ...setup,
      ...COMBINATIONS.map((keys) => `SINTERCARD ${keys.split(" ").length} ${keys}`),
      "SINTERCARD 2 a b LIMIT 0",
      "SINTERCARD 2 a b LIMIT 1",
      "SINTERCARD 2 a b limit 2",
      "SINTERCARD 2 a b LIMIT 3",
      "SINTERCARD 2 a b LIMIT 100",
      `SINTERCARD 2 a b LIMIT ${MAX}`,
      `SINTERCARD 2 a b LIMIT ${BEYOND}`,
      "SINTERCARD 2 a b LIMIT 1 LIMIT 2",
      "SINTERCARD 1 n LIMIT 2",
      "SINTERCARD 2 a b LIMIT -1",
      "SINTERCARD 2 a b LIMIT x",
      "SINTERCARD 2 a b LIMIT",
      "SINTERCARD 2 a b WHAT 1",
      "SINTERCARD 2 a b c",
      "SINTERCARD 0 a",
      "SINTERCARD -1 a",
      "SINTERCARD x a",
      "SINTERCARD 3 a b",
      "SINTERCARD 2 a LIMIT 1",
      `SINTERCARD ${MAX} a`,
    ],
  },
  {
    name: "large sets",
    commands: [
      cmd("SADD", "a", ...names(0, 1000)),
      cmd("SADD", "b", ...names(500, 1200)),
      cmd("SADD", "c", ...names(700, 710)),
      cmd("SADD", "d", ...integers(0, 1000)),
      cmd("SADD", "e", ...integers(990, 1600)),
      cmd("SADD", "f", "member:3", "700", "x"),
      ...[
        "a b",
        "b a",
        "a b c",
        "c a",
        "a c f",
        "d e",
        "e d",
        "d e f",
        "a d",
        "d a b c e f",
        "a c c f missing f",
      ].flatMap((keys) => [
        ...["SUNION", "SINTER", "SDIFF"].flatMap((name) => [
          sorted(`${name} ${keys}`),
          `${name}STORE dest ${keys}`,
          contents("dest"),
        ]),
        `SINTERCARD ${keys.split(" ").length} ${keys}`,
      ]),
    ],
  },
];

const everything = [...single, ...random, ...algebra];

/** The same cases with another oracle. */
function beside8(cases: readonly Case[]): DetailedCase[] {
  return cases.map((each) => ({ ...("commands" in each ? each : { commands: each }), oracle: "redis8" as const }));
}

differential("sets", { cases: everything });

const OVER_ENCODINGS: Readonly<Record<string, readonly string[]>> = {
  "listpacks instead of intsets": ["--set-max-intset-entries", "0", "--set-max-listpack-entries", "1000"],
  "hash tables only": ["--set-max-intset-entries", "0", "--set-max-listpack-entries", "0"],
  "long intsets and short listpacks": ["--set-max-intset-entries", "100000", "--set-max-listpack-entries", "3"],
  "members of two bytes": ["--set-max-listpack-value", "2"],
};

for (const [name, args] of Object.entries(OVER_ENCODINGS)) {
  differential(`sets: ${name}`, { args, cases: beside8(everything) });
}

// --- encodings -----------------------------------------------------------------------------------------------------

const encoding = (key: string): StepLike => `OBJECT ENCODING ${key}`;

/** Sets of all kinds, as STORE forms meet them. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  int1: ["5"],
  int10: integers(0, 10),
  int512: integers(0, 512),
  int513: integers(0, 513),
  int1000: integers(300, 1300),
  list3: ["5", "300", "member:1"],
  list128: names(0, 128),
  mixed128: [...integers(0, 64), ...names(0, 64)],
  table129: names(0, 129),
  mixed600: [...integers(0, 300), ...names(0, 300)],
  long: ["5", "x".repeat(65)],
};

const makeKinds: StepLike[] = Object.entries(KINDS).map(([name, members]) => cmd("SADD", name, ...members));

/** SADD of all members, `step` at a time, with the encoding after each. */
function growing(members: readonly string[], step: number): StepLike[] {
  const steps: StepLike[] = ["DEL s"];
  for (let i = 0; i < members.length; i += step) {
    steps.push(cmd("SADD", "s", ...members.slice(i, i + step)), encoding("s"));
  }
  return steps;
}

const encodings: DetailedCase[] = [
  { name: "SADD, one by one", commands: [...growing(integers(0, 515), 1), ...growing(names(0, 131), 1)] },
  {
    name: "SADD of an integer, then of text, around the limits",
    commands: [126, 127, 128, 129, 511, 512, 513].flatMap((size) => [
      ...growing(integers(0, size), 50),
      "SADD s x",
      encoding("s"),
      "SREM s x",
      encoding("s"),
      contents("s"),
    ]),
  },
  {
    name: "SADD of many at once",
    commands: [1, 127, 128, 129, 511, 512, 513].flatMap((size) => [
      "DEL s t u",
      cmd("SADD", "s", ...integers(0, size)),
      encoding("s"),
      cmd("SADD", "t", ...names(0, size)),
      encoding("t"),
      cmd("SADD", "u", "x", ...integers(1, size)),
      encoding("u"),
      "DEL s t u",
      "SADD s 1",
      "SADD t x",
      cmd("SADD", "s", ...integers(0, size)),
      cmd("SADD", "t", ...names(0, size)),
      encoding("s"),
      encoding("t"),
      "DEL s t",
      "SADD s 1",
      "SADD t x",
      // The number of arguments decides, however many of them are new.
      cmd("SADD", "s", ...integers(0, size).map(() => "2")),
      cmd("SADD", "t", ...integers(0, size).map(() => "x")),
      encoding("s"),
      encoding("t"),
    ]),
  },
  {
    name: "long members",
    commands: [
      cmd("SADD", "s", "x".repeat(64)),
      encoding("s"),
      cmd("SADD", "s", "x".repeat(65)),
      encoding("s"),
      cmd("SADD", "t", "x".repeat(65)),
      encoding("t"),
      "SADD n 1 2 3",
      cmd("SADD", "n", "x".repeat(65)),
      encoding("n"),
    ],
  },
  {
    name: "limits are looked at when something is added",
    commands: [
      "CONFIG SET set-max-intset-entries 4 set-max-listpack-entries 3 set-max-listpack-value 2",
      ...growing(integers(0, 6), 1),
      ...growing(["a", "b", "c", "a", "d"], 1),
      ...growing(["ab", "abc"], 1),
      ...growing(["1", "ab"], 1),
      ...growing(["1", "123", "ab"], 1),
      ...growing(["1", "2", "ab"], 1),
      ...growing(["1", "2", "3", "ab"], 1),
      ...growing(["-12", "ab"], 1),
      "DEL s",
      "CONFIG SET set-max-intset-entries 100 set-max-listpack-entries 100",
      "SADD s 1 2 3 4 5 6",
      "SADD t a b c d e f",
      "CONFIG SET set-max-intset-entries 3 set-max-listpack-entries 3",
      "SADD s 1",
      "SADD t a",
      encoding("s"),
      encoding("t"),
      "SREM s 1",
      "SREM t a",
      encoding("s"),
      encoding("t"),
      "SADD s 1 2 3 4",
      "SADD t a b c d",
      encoding("s"),
      encoding("t"),
      "CONFIG SET set-max-intset-entries 0 set-max-listpack-entries 0",
      "SADD u 1",
      "SADD v a",
      encoding("u"),
      encoding("v"),
      "CONFIG SET set-max-listpack-value 0 set-max-listpack-entries 10",
      "SADD w 1",
      encoding("w"),
      cmd("SADD", "x", ""),
      encoding("x"),
    ],
    cleanup: ["CONFIG SET set-max-intset-entries 512 set-max-listpack-entries 128 set-max-listpack-value 64"],
  },
  {
    name: "SMOVE",
    commands: [
      ...makeKinds,
      ...Object.keys(KINDS).flatMap((kind) => [
        `SADD from new 5 77`,
        `SMOVE from ${kind} new`,
        encoding(kind),
        `SMOVE ${kind} one 5`,
        encoding(kind),
        "SMOVE from two 77",
        encoding("two"),
        "DEL from one two",
      ]),
    ],
  },
  {
    name: "COPY",
    commands: [...makeKinds, ...Object.keys(KINDS).flatMap((kind) => [`COPY ${kind} copy REPLACE`, encoding("copy")])],
  },
  ...[1, 3, 8].map((left) => ({
    name: `SPOP that leaves ${left}`,
    commands: [
      ...makeKinds,
      ...Object.entries(KINDS)
        .filter(([, members]) => members.length > left)
        .flatMap(([kind, members]) => [
          ignore(`SPOP ${kind} ${members.length - left}`),
          `SCARD ${kind}`,
          encoding(kind),
          ignore(`SPOP ${kind}`),
          encoding(kind),
        ]),
    ],
  })),
  ...["SUNIONSTORE", "SINTERSTORE", "SDIFFSTORE"].map((name) => ({
    name,
    commands: [
      ...makeKinds,
      ...Object.keys(KINDS).flatMap((a) =>
        ["", ...Object.keys(KINDS)].flatMap((b) => [`${name} d ${a} ${b}`.trim(), encoding("d")]),
      ),
      ...[
        "int10 int10 int10",
        "int1000 int1 int10",
        "mixed600 list3 int10 int512",
        "table129 int1 int10 list3 long",
      ].flatMap((keys) => [`${name} d ${keys}`, encoding("d"), contents("d")]),
    ],
  })),
  {
    name: "digests",
    commands: [
      ...makeKinds,
      "DEBUG DIGEST",
      ...Object.keys(KINDS).map((kind) => `DEBUG DIGEST-VALUE ${kind}`),
      "EXPIRE int1 1000",
      "DEBUG DIGEST",
    ],
  },
  {
    name: "DEBUG OBJECT and MEMORY USAGE",
    commands: [
      ...makeKinds,
      ...Object.keys(KINDS).flatMap((kind) => [
        matching(/encoding:(intset|listpack|hashtable) /, `DEBUG OBJECT ${kind}`),
        `OBJECT REFCOUNT ${kind}`,
        ignore(`MEMORY USAGE ${kind}`),
        ignore(`MEMORY USAGE ${kind} SAMPLES 0`),
      ]),
    ],
  },
];

differential("encodings of sets", {
  args: ["--enable-debug-command", "yes"],
  cases: encodings.map((each) => ({ oracle: "redis8" as const, ...each })),
});

// --- random operations ---------------------------------------------------------------------------------------------

const KEYS = ["a", "b", "c", "d"];

function someMember(random: Random): string {
  return random.weighted({ small: 5, name: 4, edge: 1, long: 1 }) === "small"
    ? String(random.integer(-20, 20))
    : random.pick([
        () => `m${random.integer(0, 30)}`,
        () => random.edgeInteger(),
        () => random.string(random.integer(0, 12)),
        () => `m${random.integer(0, 30)}`,
      ])();
}

function someMembers(random: Random): string[] {
  return Array.from({ length: random.pick([1, 1, 2, 3, 8]) }, () => someMember(random));
}

const someKeys = (random: Random): string[] =>
  Array.from({ length: random.integer(1, 4) }, () => random.pick([...KEYS, "missing"]));

function operation(random: Random): StepLike {
  const key = random.pick(KEYS);
  const keys = someKeys(random);
  switch (
    random.weighted({
      add: 12,
      remove: 6,
      move: 3,
      is: 2,
      mis: 1,
      card: 1,
      members: 1,
      scan: 1,
      union: 1,
      inter: 1,
      diff: 1,
      card2: 1,
      unionStore: 1,
      interStore: 1,
      diffStore: 1,
      all: 1,
      del: 1,
      encoding: 4,
      copy: 1,
      popAll: 0.3,
    })
  ) {
    case "add":
      return cmd("SADD", key, ...someMembers(random));
    case "remove":
      return cmd("SREM", key, ...someMembers(random));
    case "move":
      return cmd("SMOVE", key, random.pick(KEYS), someMember(random));
    case "is":
      return cmd("SISMEMBER", key, someMember(random));
    case "mis":
      return cmd("SMISMEMBER", key, ...someMembers(random));
    case "card":
      return cmd("SCARD", key);
    case "members":
      return contents(key);
    case "scan":
      return sortedDeep(`SSCAN ${key} 0 COUNT 100000 MATCH *${random.integer(0, 9)}`);
    case "union":
      return sorted(cmd("SUNION", ...keys));
    case "inter":
      return sorted(cmd("SINTER", ...keys));
    case "diff":
      return sorted(cmd("SDIFF", ...keys));
    case "card2":
      return cmd("SINTERCARD", String(keys.length), ...keys, "LIMIT", String(random.integer(0, 4)));
    case "unionStore":
      return cmd("SUNIONSTORE", key, ...keys);
    case "interStore":
      return cmd("SINTERSTORE", key, ...keys);
    case "diffStore":
      return cmd("SDIFFSTORE", key, ...keys);
    case "all":
      return sorted(`SRANDMEMBER ${key} 100000`);
    case "del":
      return cmd("DEL", key);
    case "copy":
      return cmd("COPY", key, random.pick(KEYS), "REPLACE");
    case "popAll":
      return sorted(`SPOP ${key} 100000`);
    default:
      return encoding(key);
  }
}

const AT_RANDOM: Readonly<Record<string, readonly string[]>> = {
  "with the usual limits": [],
  "with low limits": [
    "--set-max-intset-entries",
    "6",
    "--set-max-listpack-entries",
    "9",
    "--set-max-listpack-value",
    "8",
  ],
  "as hash tables": ["--set-max-intset-entries", "0", "--set-max-listpack-entries", "0"],
};

for (const [index, [name, args]] of Object.entries(AT_RANDOM).entries()) {
  randomDifferential(`set commands at random, ${name}`, {
    seed: 20240601 + index,
    operations: 5000,
    oracle: "redis8",
    args,
    generate: operation,
    verify: KEYS.flatMap((key) => [contents(key), encoding(key)]),
  });
}
