/** The string commands beside real Redis: every option, every error text that needs no other type, every edge. */

import type { Random } from "../support/random";
import { type Case, cmd, differential, randomDifferential, rounded, within } from "./harness";

/** 2100-01-01, in seconds and in milliseconds: an expiry that is the same on both servers. */
const FAR = 4102444800;
const FAR_MS = FAR * 1000;
const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const BEYOND = "9223372036854775808";

/** Texts that are almost integers, and integers at their limits. */
const NOT_QUITE_INTEGERS = [
  '""',
  "+1",
  "-0",
  "00",
  "01",
  "-01",
  '" 1"',
  '"1 "',
  "1.0",
  "1e2",
  "0x10",
  "abc",
  "-",
  "--1",
  MAX,
  MIN,
  BEYOND,
  "-9223372036854775809",
  "99999999999999999999",
  '"1\\x00"',
];

const FLOATS = [
  "0",
  "-0",
  "3",
  "-3",
  "0.1",
  "0.2",
  "10.50",
  "5.0e3",
  "1e-5",
  "1e20",
  "1e300",
  "1.7976931348623157e308",
  "1.1e-17",
  "0.000000000000000001",
  "123456789.123456789",
  "3.0e3",
  "+5",
  ".5",
  "5.",
  "1e3",
  "0x1p4",
  MAX,
  BEYOND,
  "99999999999999999999999",
];
const NOT_FLOATS = [
  '""',
  '" 1"',
  '"1 "',
  "abc",
  "1a",
  "nan",
  "-nan",
  "inf",
  "-inf",
  "infinity",
  "1e",
  "--1",
  '"1\\x00"',
];

const COMMANDS = [
  "get",
  "set",
  "setnx",
  "setex",
  "psetex",
  "getset",
  "getdel",
  "getex",
  "append",
  "strlen",
  "setrange",
  "getrange",
  "substr",
  "mget",
  "mset",
  "msetnx",
  "incr",
  "decr",
  "incrby",
  "decrby",
  "incrbyfloat",
  "lcs",
];

/** Every command with too few and, where it takes a fixed number, too many arguments. */
const arity: Case[] = COMMANDS.map((name) => ({
  name: `${name}: number of arguments`,
  commands: [
    `${name}`,
    `${name.toUpperCase()} a`,
    `${name} a b`,
    `${name} 1 2 3`,
    `${name} 1 2 3 4`,
    `${name} 1 2 3 4 5 6 7 8 9 10`,
  ],
}));

const set: Case[] = [
  ["SET k v", "GET k", "SET k w", "GET k", "STRLEN k", "TYPE k", "GET missing"],
  ['SET k ""', "GET k", "STRLEN k", "EXISTS k"],
  ['SET "" v', 'GET ""', 'EXISTS ""'],
  [cmd("SET", "k", new Uint8Array([0, 13, 10, 255])), "GET k", "STRLEN k"],
  [cmd("SET", "large", "x".repeat(100_000)), "GET large", "STRLEN large", "GETRANGE large 99990 -1"],
  [cmd("SET", "k".repeat(10_000), "v"), cmd("GET", "k".repeat(10_000)), "KEYS kk*"],
  ["SET k v NX", "SET k w NX", "GET k", "SET missing v XX", "GET missing", "SET k w XX", "GET k"],
  ["SET k v nx", "SET k w Xx", "sEt k x", "gET k"],
  ["SET k v GET", "SET k w GET", "SET k x GET XX", "SET missing x GET XX", "EXISTS missing"],
  ["SET k v NX GET", "SET k w NX GET", "GET k", "SET k x GET NX", "SET k x XX GET", "GET k"],
  ["SET k v EX 100", within(1, "TTL k"), "SET k v", "TTL k", "SET k v PX 100000", within(1, "TTL k")],
  [`SET k v EXAT ${FAR}`, "EXPIRETIME k", "PEXPIRETIME k", `SET k w PXAT ${FAR_MS + 1}`, "PEXPIRETIME k"],
  [`SET k v EXAT ${FAR}`, "SET k w KEEPTTL", "EXPIRETIME k", "SET k x", "TTL k"],
  ["SET k v KEEPTTL", "TTL k", "SET k w XX KEEPTTL GET", "SET new v NX KEEPTTL"],
  [`SET k v NX EXAT ${FAR} GET`, "EXPIRETIME k", `SET k v XX GET PXAT ${FAR_MS}`, "PEXPIRETIME k"],
  [`SET k v exat ${FAR} nx`, `SET k v NX EXAT ${FAR + 1}`, "EXPIRETIME k"],
  ["SET k v EXAT 1", "EXISTS k", "GET k", "SET k v PXAT 1", "DBSIZE", "SET k v", "SET k w EXAT 1 GET", "GET k"],
  {
    name: "SET: options that exclude each other, and unknown ones",
    commands: [
      "SET k v NX XX",
      "SET k v XX NX",
      "SET k v NX NX",
      "SET k v XX XX",
      "SET k v GET GET",
      "SET k v EX 1 PX 1",
      "SET k v EX 1 EX 2",
      "SET k v PX 1 EXAT 1",
      `SET k v EXAT ${FAR} PXAT 1`,
      "SET k v EX 1 KEEPTTL",
      "SET k v KEEPTTL EX 1",
      "SET k v KEEPTTL KEEPTTL",
      "SET k v PERSIST",
      "SET k v NOSUCH",
      "SET k v EX",
      "SET k v PX",
      "SET k v EXAT",
      "SET k v PXAT",
      "SET k v NX EX",
      "SET k v GET NOSUCH 1",
      'SET k v ""',
      "EXISTS k",
    ],
  },
  {
    name: "SET: times out of range",
    commands: ["EX", "PX", "EXAT", "PXAT"].flatMap((option) =>
      ["0", "-1", "abc", "1.5", '""', '" 1"', MAX, MIN, BEYOND, "9223372036854775", "9223372036854776"].map(
        // Only failing requests here: the ones that Redis accepts have no time to compare.
        (time) => `SET k v ${option} ${time}`,
      ),
    ),
  },
];

const setVariants: Case[] = [
  ["SETNX k v", "GET k", "SETNX k w", "GET k", "EXPIRE k 100", "SETNX k x", within(1, "TTL k")],
  ["SETEX k 100 v", "GET k", within(1, "TTL k"), "PSETEX k 100000 w", "GET k", within(1, "TTL k")],
  {
    name: "SETEX and PSETEX: times out of range",
    commands: ["0", "-1", "abc", "1.5", '""', MAX, MIN, BEYOND, "9223372036854776"].flatMap((time) => [
      `SETEX k ${time} v`,
      `PSETEX k ${time} v`,
      "EXISTS k",
    ]),
  },
  [`SET k v EXAT ${FAR}`, "GETSET k w", "GET k", "TTL k", "GETSET new x", "GET new"],
  ["SET k v", "GETDEL k", "GETDEL k", "EXISTS k"],
  ["MSET a 1 b 2 c 3", "MGET a b c d", "MGET a a a", "MSET a x a y", "GET a", "DBSIZE"],
  ["MSET a 1 b", "MSET", "EXISTS a", "MSETNX a 1 b", 'MSET "" ""', 'MGET ""'],
  ["MSETNX a 1 b 2", "MGET a b", "MSETNX b 3 c 4", "MGET a b c", "MSETNX x 1 x 2", "GET x", "MSETNX x 1 y 2"],
  [`SET a v EXAT ${FAR}`, "MSET a w", "TTL a", `SET a v EXAT ${FAR}`, "MSETNX a w", "EXPIRETIME a"],
  ["MGET missing", "MGET a b c d e f g"],
];

const getex: Case[] = [
  ["GETEX missing", "GETEX missing EX 10", "EXISTS missing", "SET k v", "GETEX k", "TTL k"],
  [
    "SET k v",
    "GETEX k EX 100",
    within(1, "TTL k"),
    "GETEX k PX 200000",
    within(1, "TTL k"),
    "GETEX k",
    within(1, "TTL k"),
  ],
  ["SET k v", `GETEX k EXAT ${FAR}`, "EXPIRETIME k", `GETEX k PXAT ${FAR_MS + 7}`, "PEXPIRETIME k"],
  [`SET k v EXAT ${FAR}`, "GETEX k PERSIST", "TTL k", "GETEX k PERSIST", "GETEX k persist"],
  ["SET k v", "GETEX k EXAT 1", "EXISTS k", "SET k v", "GETEX k PXAT 1", "EXISTS k"],
  {
    name: "GETEX: options",
    commands: [
      "SET k v",
      "GETEX k EX",
      "GETEX k PERSIST PERSIST",
      "GETEX k EX 10 PERSIST",
      "GETEX k PERSIST EX 10",
      "GETEX k EX 10 PX 10",
      "GETEX k KEEPTTL",
      "GETEX k NX",
      "GETEX k GET",
      "GETEX k NOSUCH",
      "GETEX missing NOSUCH",
      "TTL k",
    ],
  },
  {
    name: "GETEX: times out of range",
    commands: [
      "SET k v",
      ...["EX", "PX", "EXAT", "PXAT"].flatMap((option) =>
        ["0", "-1", "abc", "1.5", '""', MIN, BEYOND].map((time) => `GETEX k ${option} ${time}`),
      ),
      `GETEX k EX ${MAX}`,
      "GETEX k EX 9223372036854775",
      `GETEX k PX ${MAX}`,
      "GETEX missing EX 0",
      "GETEX missing EX abc",
      "TTL k",
    ],
  },
];

const ranges: Case[] = [
  ["APPEND k a", "APPEND k bc", "GET k", 'APPEND k ""', "STRLEN k", 'APPEND new ""', "EXISTS new", "GET new"],
  ["SET n 10", "APPEND n 5", "GET n", "INCR n", "APPEND n x", "INCR n"],
  [`SET k v EXAT ${FAR}`, "APPEND k w", "EXPIRETIME k", "SETRANGE k 1 xyz", "EXPIRETIME k", "GET k"],
  ["STRLEN missing", "SET n 12345", "STRLEN n", "SET n -1", "STRLEN n"],
  {
    name: "SETRANGE",
    commands: [
      "SETRANGE k 0 abc",
      "GET k",
      "SETRANGE k 1 X",
      "GET k",
      "SETRANGE k 5 tail",
      "GET k",
      "SETRANGE new 3 x",
      "GET new",
      'SETRANGE k 0 ""',
      'SETRANGE k 100 ""',
      "STRLEN k",
      'SETRANGE none 5 ""',
      "EXISTS none",
      "SET n 1234",
      "SETRANGE n 1 9",
      "GET n",
      "INCR n",
      "SETRANGE k -1 x",
      'SETRANGE k -1 ""',
      "SETRANGE none -1 x",
      "SETRANGE k abc x",
      `SETRANGE k ${MAX} x`,
      `SETRANGE k ${BEYOND} x`,
      "SETRANGE k 536870911 xy",
      "SETRANGE none 536870912 x",
      "SETRANGE none 4611686018427387904 x",
      "EXISTS none",
    ],
  },
  {
    name: "GETRANGE and SUBSTR over every pair of edges",
    commands: [
      "SET k 0123456789",
      ...["0", "1", "9", "10", "11", "-1", "-2", "-10", "-11", MAX, MIN].flatMap((start) =>
        ["0", "3", "9", "10", "-1", "-3", "-10", "-11", MAX, MIN].map((end) => `GETRANGE k ${start} ${end}`),
      ),
      "SUBSTR k 0 -1",
      "SUBSTR k 2 3",
      "SUBSTR missing 0 -1",
      "GETRANGE missing 0 -1",
      "GETRANGE k a 1",
      "GETRANGE k 0 b",
      "GETRANGE k 0 1.5",
      `GETRANGE k 0 ${BEYOND}`,
      "SET n -12345",
      "GETRANGE n 0 2",
      "GETRANGE n -3 -1",
      'SET e ""',
      "GETRANGE e 0 -1",
      "GETRANGE e -1 0",
    ],
  },
];

const numbers: Case[] = [
  ["INCR n", "INCR n", "INCRBY n 10", "DECR n", "DECRBY n 20", "GET n", "TYPE n"],
  [`SET n ${MAX}`, "INCR n", "INCRBY n 1", "DECRBY n -1", "GET n", "DECR n"],
  [`SET n ${MIN}`, "DECR n", "DECRBY n 1", "INCRBY n -1", "GET n", "INCR n"],
  ["SET n 0", `INCRBY n ${MAX}`, "GET n", `SET n -1`, `INCRBY n ${MIN}`, "SET n 1", `INCRBY n ${MAX}`],
  ["SET n 0", `DECRBY n ${MAX}`, `DECRBY n ${MIN}`, "GET n", "SET n -2", `DECRBY n ${MAX}`, "GET n"],
  [`SET n 5 EXAT ${FAR}`, "INCR n", "EXPIRETIME n", "INCRBYFLOAT n 1.5", "EXPIRETIME n", "DECR missing", "DECRBY m 5"],
  {
    name: "INCR of values that are not quite integers",
    commands: NOT_QUITE_INTEGERS.flatMap((value) => [`SET n ${value}`, "INCR n", "DECRBY n 2", "GET n"]),
  },
  {
    name: "INCRBY and DECRBY by arguments that are not quite integers",
    commands: NOT_QUITE_INTEGERS.flatMap((value) => ["SET n 1", `INCRBY n ${value}`, `DECRBY n ${value}`, "GET n"]),
  },
  {
    name: "values that look like integers are returned as they were set",
    commands: NOT_QUITE_INTEGERS.flatMap((value) => [`SET n ${value}`, "GET n", "STRLEN n", "OBJECT ENCODING n"]),
  },
  {
    name: "OBJECT ENCODING by length and content",
    commands: ["0", "9999", "10000", MAX, MIN, BEYOND, "01", "a", "a".repeat(44), "a".repeat(45)].flatMap((value) => [
      `SET k ${value}`,
      "OBJECT ENCODING k",
      "APPEND k b",
      "OBJECT ENCODING k",
    ]),
  },
  ["SET n 10", "OBJECT ENCODING n", "INCRBYFLOAT n 1", "OBJECT ENCODING n", "INCR n", "OBJECT ENCODING n"],
  [
    "INCRBYFLOAT n 0.1",
    "INCRBYFLOAT n 0.2",
    "INCRBYFLOAT n -0.3",
    "GET n",
    "INCRBYFLOAT new 3",
    "GET new",
    "STRLEN new",
  ],
  ["SET n 1e2", "INCRBYFLOAT n 0", "GET n", "SET n 5.0e3", "INCRBYFLOAT n 200", "SET n 10.50", "INCRBYFLOAT n 0.1"],
  ["SET n 3.0", "INCRBYFLOAT n 1.000000000000000005", "SET n 1", "INCRBYFLOAT n -1", "INCRBYFLOAT n -0"],
  ["SET n 1.7e308", "INCRBYFLOAT n 1.7e308", "SET n 1e4932", "INCRBYFLOAT n 1e4932", "GET n"],
  {
    name: "INCRBYFLOAT by every kind of number",
    commands: FLOATS.flatMap((value) => ["SET n 1", rounded(`INCRBYFLOAT n ${value}`)]),
  },
  {
    name: "INCRBYFLOAT of every kind of number",
    commands: FLOATS.flatMap((value) => [`SET n ${value}`, rounded("INCRBYFLOAT n 1.5")]),
  },
  {
    name: "INCRBYFLOAT with what is no number",
    commands: NOT_FLOATS.flatMap((value) => [
      "SET n 1",
      `INCRBYFLOAT n ${value}`,
      `SET n ${value}`,
      "INCRBYFLOAT n 1",
      "GET n",
    ]),
  },
];

const lcs: Case[] = [
  {
    name: "LCS: every option",
    commands: [
      "MSET a ohmytext b mynewtext",
      "LCS a b",
      "LCS a b LEN",
      "LCS a b IDX",
      "LCS a b IDX MINMATCHLEN 4",
      "LCS a b IDX WITHMATCHLEN",
      "LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN",
      "LCS a b WITHMATCHLEN MINMATCHLEN 2 IDX",
      "LCS a b IDX MINMATCHLEN 100",
      "LCS a b IDX MINMATCHLEN -5",
      "LCS a b MINMATCHLEN 4",
      "LCS a b WITHMATCHLEN",
      "LCS a b LEN MINMATCHLEN 3",
      "LCS a b len",
      "LCS a b idx minmatchlen 1 withmatchlen",
      "LCS a b LEN IDX",
      "LCS a b MINMATCHLEN",
      "LCS a b MINMATCHLEN abc",
      "LCS a b IDX MINMATCHLEN 1.5",
      "LCS a b NOSUCH",
      "LCS a b IDX NOSUCH",
      "LCS a missing",
      "LCS missing a LEN",
      "LCS missing gone IDX",
      "LCS a missing IDX WITHMATCHLEN",
      "LCS a a IDX WITHMATCHLEN",
      "LCS b a IDX WITHMATCHLEN",
    ],
  },
  ["MSET a 12345 b 234", "LCS a b", "LCS a b IDX", 'SET e ""', "LCS a e", "LCS e e LEN"],
  ["MSET a abcabcabc b cbacbacba", "LCS a b", "LCS b a", "LCS a b IDX WITHMATCHLEN", "LCS b a IDX WITHMATCHLEN"],
  [cmd("MSET", "a", "\x00\xffabc\r\n", "b", "\xffab\r\n"), "LCS a b", "LCS a b IDX WITHMATCHLEN"],
];

differential("string commands", {
  cases: [...arity, ...set, ...setVariants, ...getex, ...ranges, ...numbers, ...lcs],
});

const KEYS = Array.from({ length: 12 }, (_, i) => `k${i}`);
/** Sums of eighths of moderate size are exact in any floating point format, so their text is comparable. */
const FLOAT_KEYS = ["f0", "f1", "f2"];

function someValue(random: Random): string {
  if (random.chance(0.45)) return random.edgeInteger();
  return random.string(random.pick([0, 1, 3, 12, 44, 45, 300]), "abc \x00\xff01.");
}

randomDifferential("string commands at random", {
  seed: 20240101,
  operations: 6000,
  generate(random) {
    const key = random.pick(KEYS);
    const value = someValue(random);
    const offset = random.integer(-20, 60);
    switch (
      random.weighted({
        set: 8,
        setOptions: 4,
        get: 4,
        append: 4,
        setrange: 4,
        getrange: 4,
        incr: 6,
        incrby: 4,
        incrbyfloat: 2,
        mset: 2,
        msetnx: 1,
        mget: 1,
        getset: 2,
        getdel: 2,
        getex: 2,
        del: 2,
        strlen: 1,
        setnx: 2,
        encoding: 3,
        lcs: 1,
      })
    ) {
      case "set":
        return cmd("SET", key, value);
      case "setOptions":
        return cmd(
          "SET",
          key,
          value,
          ...random.pick([["NX"], ["XX"], ["GET"], ["KEEPTTL"], ["EXAT", FAR], ["NX", "GET"]]),
        );
      case "get":
        return cmd("GET", random.pick([...KEYS, ...FLOAT_KEYS]));
      case "append":
        return cmd("APPEND", key, value.slice(0, 20));
      case "setrange":
        return cmd("SETRANGE", key, offset, value.slice(0, 20));
      case "getrange":
        return cmd("GETRANGE", key, offset, random.integer(-20, 60));
      case "incr":
        return cmd(random.pick(["INCR", "DECR"]), key);
      case "incrby":
        return cmd(random.pick(["INCRBY", "DECRBY"]), key, random.chance(0.5) ? random.edgeInteger() : offset);
      case "incrbyfloat":
        return cmd("INCRBYFLOAT", random.pick(FLOAT_KEYS), random.integer(-1000, 1000) / 8);
      case "mset":
        return cmd("MSET", key, value, random.pick(KEYS), offset);
      case "msetnx":
        return cmd("MSETNX", key, value, random.pick(KEYS), offset);
      case "mget":
        return cmd("MGET", key, random.pick(KEYS), "missing");
      case "getset":
        return cmd("GETSET", key, value);
      case "getdel":
        return cmd("GETDEL", key);
      case "getex":
        return cmd("GETEX", key, ...random.pick([[], ["PERSIST"], ["EXAT", FAR], ["PXAT", FAR_MS + 1]]));
      case "del":
        return cmd("DEL", random.pick([...KEYS, ...FLOAT_KEYS]));
      case "strlen":
        return cmd("STRLEN", key);
      case "setnx":
        return cmd("SETNX", key, value);
      case "encoding":
        return cmd("OBJECT", "ENCODING", key);
      case "lcs":
        return cmd("LCS", key, random.pick(KEYS), ...random.pick([[], ["LEN"], ["IDX", "WITHMATCHLEN"]]));
    }
  },
});
