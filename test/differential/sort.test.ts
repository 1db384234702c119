/**
 * SORT and SORT_RO beside real Redis 7.0, whose numbers are strtod's as in 7.2 (those of 8.0 are not). Redis's own order
 * of elements that compare as equal is not defined, so the cases have none where that shows.
 */

import type { Random } from "../support/random";
import { type Case, cmd, differential, randomDifferential, type StepLike, sorted } from "./harness";

const MAX = "9223372036854775807";

const integers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`);

/** A list, a set and a sorted set of the same elements. */
const sources = (elements: readonly string[]): StepLike[] => [
  cmd("RPUSH", "list", ...elements),
  cmd("SADD", "set", ...elements),
  cmd("ZADD", "zset", ...elements.flatMap((element, i) => [String((i * 7) % 10), element])),
];

/** The same options for each of them. */
const each = (options: string): StepLike[] => ["list", "set", "zset"].map((key) => `SORT ${key} ${options}`.trim());

const NUMBERS = ["10", "9", "-3", "0", "1.5", "100", "2e1", "-0.25", "1000000007", "7"];
const WORDS = ["banana", "apple", "Cherry", "date", "apple pie", "", "fig", "bananas", "b", "Zucchini", "applesauce"];

const LIMITS = [
  "LIMIT 0 3",
  "LIMIT 2 4",
  "LIMIT 5 100",
  "LIMIT 100 5",
  "LIMIT 10 1",
  "LIMIT 9 1",
  "LIMIT -5 2",
  "LIMIT 3 -1",
  "LIMIT 3 -7",
  "LIMIT 0 0",
  `LIMIT ${MAX} ${MAX}`,
  `LIMIT 1 ${MAX}`,
  `LIMIT -${MAX} -${MAX}`,
  "LIMIT 0 2 LIMIT 1 1",
];

const basics: Case[] = [
  {
    name: "wrong arguments",
    commands: [
      "SORT",
      "SORT_RO",
      "RPUSH l 1",
      "SORT l WHAT",
      "SORT l LIMIT",
      "SORT l LIMIT 1",
      "SORT l LIMIT a 1",
      "SORT l LIMIT 1 a",
      "SORT l LIMIT 1 9223372036854775808",
      "SORT l BY",
      "SORT l GET",
      "SORT l STORE",
      "SORT l ASC DESC ALPHA extra",
      "SORT_RO l STORE d",
      "SORT_RO l STORE",
      "SET string x",
      "HSET hash f v",
      "SORT string",
      "SORT hash",
      "SORT hash WHAT",
      "SORT_RO string",
      "SORT string STORE d",
      "SORT missing",
      "SORT missing BY x_* GET # LIMIT 0 5",
      "SORT_RO missing ALPHA",
      "SORT missing STORE d",
      "EXISTS d",
      "SET d x",
      "SORT missing STORE d",
      "EXISTS d",
    ],
  },
  {
    name: "numbers",
    commands: [
      ...sources(NUMBERS),
      ...each(""),
      ...each("ASC"),
      ...each("DESC"),
      ...each("DESC ASC"),
      ...each("ALPHA"),
    ],
  },
  {
    name: "words",
    commands: [
      ...sources(WORDS),
      ...each("ALPHA"),
      ...each("ALPHA DESC"),
      ...each("alpha asc"),
      ...each(""),
      "SORT_RO list ALPHA",
    ],
  },
  {
    name: "limits",
    commands: [
      ...sources(NUMBERS),
      ...LIMITS.flatMap((limit) => [
        ...each(limit),
        ...each(`DESC ${limit}`),
        ...each(`ALPHA ${limit}`),
        ...each(`${limit} STORE d`),
        "LRANGE d 0 -1",
        ...["list", "zset"].flatMap((key) => [
          `SORT ${key} BY nosort ${limit}`,
          `SORT ${key} BY nosort DESC ${limit}`,
          `SORT ${key} BY nosort DESC ALPHA ${limit} GET # GET missing`,
        ]),
      ]),
    ],
  },
  {
    name: "what is a number, and what is none",
    commands: [
      "1",
      " 2",
      "\t\n3",
      "4 ",
      "",
      " ",
      "0x10",
      "-0x1p4",
      "inf",
      "-inf",
      "infinity",
      "nan",
      "1e308",
      "2.2250738585072014e-308",
      "+5",
      "5.",
      ".5",
      ".",
      "-",
      "5e",
      "1\0garbage",
      "\0",
      "12345678901234567890",
      MAX,
      "0.1234567890123456789",
      "1,5",
    ].flatMap((text) => ["DEL l", cmd("RPUSH", "l", "3", text, "-7"), "SORT l", "SORT l DESC", "SORT l ALPHA"]),
  },
  // Redis does not clear errno, so that after one of these everything is out of range for a while: a case for each.
  ...["1e400", "-1e400", "1e-310", "1e-400"].map((text) => ({
    name: `${text} is out of range`,
    commands: [`RPUSH l 3 ${text} -7`, "SORT l", "SORT l DESC"],
  })),
  {
    name: "equal numbers are sorted by their bytes",
    commands: [
      cmd("RPUSH", "l", "1", "1.0", "01", "+1", "1e0", "0", "-0", "0.0", "\t1", "1\0b", "1\0a"),
      "SORT l",
      "SORT l DESC",
      cmd("RPUSH", "i", ...["inf", "+inf", "-inf", "infinity", "1"]),
      "SORT i",
      "SORT i DESC",
    ],
  },
  {
    name: "bytes: C strings without STORE, all bytes with it",
    commands: [
      cmd("RPUSH", "l", "b\0a", "a\xff", "a", "\xe4", "B", "a\x01", "aaaaaab", "aaaaaa", "aaaaaaa", "\x7f"),
      "SORT l ALPHA",
      "SORT l ALPHA DESC",
      cmd("RPUSH", "m", "x\0b", "x\0a", "x", "xa", "x\0", "aaaaaa\0b", "aaaaaa\0a", "aaaaaa"),
      "SORT m ALPHA STORE d",
      "LRANGE d 0 -1",
      "SORT m ALPHA DESC STORE d",
      "LRANGE d 0 -1",
    ],
  },
  {
    name: "many elements",
    commands: [
      cmd("RPUSH", "l", ...integers(-500, 500).map((n) => String((Number(n) * 7919) % 1009))),
      "SORT l",
      "SORT l DESC LIMIT 100 50",
      "SORT l ALPHA",
      cmd("SADD", "s", ...integers(0, 600)),
      "SORT s DESC",
      "SORT s ALPHA LIMIT 500 200",
      cmd("ZADD", "z", ...integers(0, 300).flatMap((n) => [n, `member:${n}`])),
      "SORT z ALPHA DESC",
      "SORT z BY nosort LIMIT 100 20",
      "SORT z BY nosort DESC LIMIT 290 20",
    ],
  },
];

/** Keys that patterns find: strings, hashes, and what is neither. */
const lookedUp: StepLike[] = [
  ...integers(1, 6).flatMap((n) => [
    `SET w_${n} ${(Number(n) * 37) % 11}`,
    `SET v_${n}_x value${n}`,
    `HSET h_${n} f ${9 - Number(n)} g ${n}g`,
  ]),
  "RPUSH w_list 1",
  "DEL w_3",
  "HDEL h_2 f",
];

const patterns: Case[] = [
  {
    name: "BY",
    commands: [
      ...sources(integers(1, 6)),
      ...lookedUp,
      ...each("BY w_*"),
      ...each("BY w_* DESC"),
      ...each("BY h_*->f"),
      ...each("BY h_*->f DESC LIMIT 1 3"),
      ...each("BY h_*->g ALPHA"),
      ...each("BY v_*_x ALPHA DESC"),
      ...each("BY v_*_x"),
      ...each("BY w_* LIMIT 1 3"),
      ...each("BY *"),
      ...each("BY w_* BY v_*_x ALPHA"),
      "SORT list BY nosort",
      "SORT zset BY nosort",
      "SORT list BY #",
      sorted("SORT set BY nosort"),
      sorted("SORT set BY nosort DESC ALPHA"),
      "SORT set BY nosort STORE d",
      "LRANGE d 0 -1",
      "SORT set BY nosort DESC STORE d",
      "LRANGE d 0 -1",
      "SORT list BY nosort STORE d",
      "LRANGE d 0 -1",
      "SORT list BY v_*_x ALPHA STORE d",
      "LRANGE d 0 -1",
    ],
  },
  {
    name: "BY of weights that are no numbers, or not there",
    commands: [
      "RPUSH l a b c",
      "SORT l BY w_*",
      "SET w_a 5",
      "SET w_c -5",
      "SORT l BY w_*",
      "SET w_b x",
      "SORT l BY w_*",
      "SORT l BY w_* ALPHA",
      "DEL w_b",
      "SORT l BY w_* ALPHA",
      "SORT l BY w_* ALPHA DESC",
      "RPUSH w_b 1",
      "SORT l BY w_*",
      "SORT l BY w_*->f",
      "HSET h_a f 3 g x",
      "HSET h_b f 2",
      "HSET h_c f 1",
      "SORT l BY h_*->f",
      "SORT l BY h_*",
      "SORT l BY h_*->g",
    ],
  },
  {
    name: "GET",
    commands: [
      ...sources(integers(1, 6)),
      ...lookedUp,
      ...each("GET #"),
      ...each("GET w_*"),
      ...each("GET # GET w_* GET v_*_x GET h_*->f GET h_*->g"),
      ...each("GET h_*->missing"),
      ...each("GET h_*"),
      ...each("GET w_list"),
      ...each("GET w_*->f"),
      ...each("GET ## GET *# GET #*"),
      ...each("DESC LIMIT 1 2 GET # GET # GET w_*"),
      ...each("GET # GET w_* STORE d"),
      "LRANGE d 0 -1",
      "SORT_RO list GET # GET h_*->g",
      "SORT list BY nosort GET w_* GET #",
      "SORT list BY w_* GET # GET w_*",
    ],
  },
  {
    name: "arrows and stars",
    commands: [
      "RPUSH l a",
      "SET a-> arrow",
      "SET a->x ax",
      "SET x->a xa",
      "SET x->a->f xaf",
      "HSET x->a f in g->h deep",
      "HSET ab*c f starred",
      "HSET a f field",
      cmd("HSET", "a", "f\0g", "nul"),
      "GET a",
      "SORT l ALPHA GET *",
      "SORT l ALPHA GET *->",
      "SORT l ALPHA GET *->x",
      "SORT l ALPHA GET *->f",
      "SORT l ALPHA GET *b*c->f",
      "SORT l ALPHA GET x->*",
      "SORT l ALPHA GET x->*->f",
      "SORT l ALPHA GET x->*->g->h",
      "SORT l ALPHA GET x->*->->",
      cmd("SORT", "l", "ALPHA", "GET", "*->f\0g"),
      cmd("SORT", "l", "ALPHA", "GET", "x\0*"),
      cmd("SORT", "l", "ALPHA", "GET", "*\0->f"),
      cmd("SORT", "l", "BY", "x\0*"),
      cmd("SORT", "l", "ALPHA", "GET", "#\0"),
      cmd("SORT", "l", "ALPHA", "GET", ""),
    ],
  },
  {
    name: "elements of any bytes in patterns",
    commands: [
      cmd("RPUSH", "l", "a b", "\0\r\n", "", "x".repeat(300)),
      cmd("SET", "k:\0\r\n:e", "nul"),
      cmd("SET", "k::e", "empty"),
      cmd("SET", `k:${"x".repeat(300)}:e`, "long"),
      "SORT l ALPHA GET k:*:e",
      "SORT l ALPHA STORE l",
      "LRANGE l 0 -1",
    ],
  },
  {
    name: "integers as values of keys",
    commands: [
      "RPUSH l 1 2 3",
      "SET w_1 300",
      "INCRBY w_2 20",
      "SET w_3 1e2",
      "SORT l BY w_*",
      "SORT l BY w_* GET w_*",
      "SORT l BY w_* ALPHA GET w_*",
      `SET w_2 ${MAX}`,
      "SORT l BY w_*",
    ],
  },
];

const effects: Case[] = [
  {
    name: "STORE",
    commands: [
      "RPUSH l 3 1 2",
      "SORT l STORE d",
      "LRANGE d 0 -1",
      "TYPE d",
      "SORT l DESC STORE l",
      "LRANGE l 0 -1",
      "SET string x EX 1000",
      "SORT l STORE string",
      "LRANGE string 0 -1",
      "TTL string",
      "SORT l STORE a STORE b",
      "EXISTS a b",
      "EXPIRE d 1000",
      "SORT l STORE d",
      "TTL d",
      "SORT l LIMIT 5 5 STORE d",
      "EXISTS d",
      "SORT l GET x_* STORE d",
      "LRANGE d 0 -1",
      "SORT l GET x_* GET # STORE d",
      "LRANGE d 0 -1",
      "RPUSH l x",
      "SORT l STORE d",
      "LRANGE d 0 -1",
    ],
  },
  {
    name: "the encoding of a sorted set",
    commands: [
      "ZADD z 1 a 2 b",
      "SORT z ALPHA",
      "OBJECT ENCODING z",
      "ZADD y 1 a",
      "SORT_RO y BY x",
      "OBJECT ENCODING y",
      "ZRANGE y 0 -1 WITHSCORES",
    ],
  },
  {
    name: "keys of the command",
    commands: [
      "COMMAND GETKEYS SORT a",
      "COMMAND GETKEYS SORT a BY w_* GET x_* LIMIT 0 5 STORE d",
      "COMMAND GETKEYS SORT a STORE d STORE e",
      "COMMAND GETKEYS SORT a BY store GET store STORE d",
      "COMMAND GETKEYS SORT a LIMIT store store",
      "COMMAND GETKEYS SORT a STORE",
      "COMMAND GETKEYS SORT_RO a BY w_* GET x_*",
      "COMMAND GETKEYSANDFLAGS SORT a STORE d",
      "COMMAND GETKEYSANDFLAGS SORT_RO a",
    ],
  },
];

const everything = [...basics, ...patterns, ...effects];

differential("SORT", { cases: everything });

differential("the encoding of lists that SORT stores", {
  cases: [3, 200, 1000, 3000].map((count) => ({
    name: `${count} elements`,
    oracle: "redis8" as const,
    commands: [
      cmd("RPUSH", "l", ...integers(0, count)),
      "SORT l STORE d",
      "OBJECT ENCODING d",
      "SORT l LIMIT 0 3 STORE d",
      "OBJECT ENCODING d",
      "SORT l GET # GET missing_* STORE d",
      "OBJECT ENCODING d",
    ],
  })),
});

function someOptions(random: Random): string[] {
  const options: string[] = [];
  if (random.chance(0.4)) options.push(random.pick(["ASC", "DESC"]));
  if (random.chance(0.4)) options.push("LIMIT", String(random.integer(-3, 30)), String(random.integer(-3, 30)));
  for (let i = random.pick([0, 0, 1, 2]); i > 0; i--)
    options.push("GET", random.pick(["#", "w_*", "h_*->f", "x", "*"]));
  return options;
}

randomDifferential("SORT at random", {
  seed: 20240615,
  operations: 3000,
  generate(random) {
    const key = random.pick(["list", "set", "zset"]);
    const element = String(random.integer(-40, 40));
    switch (
      random.weighted({ add: 4, weight: 3, field: 3, sort: 6, alpha: 3, by: 4, field2: 2, store: 2, remove: 1 })
    ) {
      case "add":
        if (key === "list") return cmd("RPUSH", key, element);
        return key === "set" ? cmd("SADD", key, element) : cmd("ZADD", key, String(random.integer(0, 9)), element);
      case "weight":
        return cmd("SET", `w_${element}`, `${random.integer(0, 1e9)}`);
      case "field":
        return cmd("HSET", `h_${element}`, "f", `${random.float()}`);
      case "alpha":
        return cmd("SORT", key, "ALPHA", ...someOptions(random));
      // Weights of the same number are told apart by the elements; the same texts are not.
      case "by":
        return cmd("SORT", key, "BY", "w_*", ...someOptions(random));
      case "field2":
        return cmd("SORT", key, "BY", "h_*->f", ...someOptions(random));
      case "store":
        return cmd("SORT", key, ...someOptions(random), "STORE", "stored");
      case "remove":
        return random.chance(0.2) ? cmd("DEL", key) : cmd("DEL", `w_${element}`);
      default:
        return cmd("SORT", key, ...someOptions(random));
    }
  },
  verify: ["LRANGE stored 0 -1"],
});
