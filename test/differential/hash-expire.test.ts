/**
 * Fields of hashes that expire, beside Redis 8.0, over both encodings. Times are far and absolute, so that they are the
 * same on both servers; where a field has to die, active expiry is off, so that both see what the commands themselves do.
 */

import type { Random } from "../support/random";
import { type Case, cmd, differential, randomDifferential, type StepLike, sorted, sortedDeep, within } from "./harness";

/** 2200-01-01, and the first millisecond that is too late for a field. */
const FAR = 7258118400;
const FAR_MS = FAR * 1000;
const LATEST_MS = 2 ** 46 - 1;
const MAX = "9223372036854775807";
const BEYOND = "9223372036854775808";

const COMMANDS = [
  "hexpire",
  "hpexpire",
  "hexpireat",
  "hpexpireat",
  "httl",
  "hpttl",
  "hexpiretime",
  "hpexpiretime",
  "hpersist",
  "hgetex",
  "hsetex",
  "hgetdel",
];

const arity: Case[] = COMMANDS.map((name) => ({
  name: `${name}: number of arguments`,
  oracle: "redis8",
  commands: [`${name}`, `${name} a`, `${name} a b`, `${name} a b c`, `${name} a b c d`, `${name} a 1 FIELDS 1`],
}));

/** A case that kills fields: they die with this, and stay until a command deletes them. */
function dying(name: string, commands: readonly StepLike[]): Case {
  return {
    name,
    oracle: "redis8",
    commands: ["DEBUG SET-ACTIVE-EXPIRE 0", ...commands],
    cleanup: ["DEBUG SET-ACTIVE-EXPIRE 1"],
  };
}

/** Lets some fields of `h` die. */
function kill(...fields: string[]): StepLike[] {
  return [`HPEXPIRE h 1 FIELDS ${fields.length} ${fields.join(" ")}`, "DEBUG SLEEP 0.005"];
}

const FOUR = "HSET h a 1 b 2 c 3 d 4";

/** Cases of the arguments that HEXPIRE and its relatives take after the time. */
const conditions: Case = {
  name: "NX, XX, GT, LT",
  oracle: "redis8",
  commands: [
    FOUR,
    `HPEXPIREAT h ${FAR_MS} NX FIELDS 2 a b`,
    `HPEXPIREAT h ${FAR_MS} NX FIELDS 2 a c`,
    `HPEXPIREAT h ${FAR_MS + 5} XX FIELDS 2 a d`,
    `HPEXPIREAT h ${FAR_MS + 5} GT FIELDS 4 a b d zz`,
    `HPEXPIREAT h ${FAR_MS + 9} gt FIELDS 2 a b`,
    `HPEXPIREAT h ${FAR_MS + 7} LT FIELDS 4 a b c d`,
    `HPEXPIREAT h ${FAR_MS + 7} lt FIELDS 1 a`,
    "HPEXPIRETIME h FIELDS 5 a b c d zz",
    `HPEXPIREAT h ${FAR_MS} NX XX FIELDS 1 a`,
    `HPEXPIREAT h ${FAR_MS} NX NX FIELDS 1 a`,
    `HPEXPIREAT h ${FAR_MS} FOO FIELDS 1 a`,
    `HPEXPIREAT h ${FAR_MS} FIELDS 1 a NX`,
    "HPEXPIREAT h 1 NX FIELDS 1 a",
    "HPEXPIREAT h 1 GT FIELDS 1 a",
    "HPEXPIREAT h 1 XX FIELDS 1 a",
    "HPEXPIREAT h 1 LT FIELDS 1 b",
    "HLEN h",
  ],
};

const argumentErrors: Case = {
  name: "what the arguments must not be",
  oracle: "redis8",
  commands: [
    FOUR,
    "HEXPIRE h 100 FIELDS 2 a",
    "HEXPIRE h 100 FIELDS 1 a b",
    "HEXPIRE h 100 FIELDS 0 a",
    "HEXPIRE h 100 FIELDS -1 a",
    "HEXPIRE h 100 FIELDS x a",
    "HEXPIRE h 100 FIELDS 1.5 a",
    `HEXPIRE h 100 FIELDS ${MAX} a`,
    `HEXPIRE h 100 FIELDS ${BEYOND} a`,
    "HEXPIRE h 100 FIELDSX 1 a",
    "HEXPIRE h 100 FOO 0 a",
    "HEXPIRE h x FIELDS 1 a",
    "HEXPIRE h x FIELDS 0 a",
    "HEXPIRE h 1.5 FIELDS 1 a",
    "HEXPIRE h -1 FIELDS 1 a",
    `HEXPIRE h ${MAX} FIELDS 1 a`,
    `HEXPIRE h ${BEYOND} FIELDS 1 a`,
    "HEXPIRE h 70368744178 FIELDS 1 a",
    `HPEXPIRE h ${LATEST_MS} FIELDS 1 a`,
    `HPEXPIREAT h ${LATEST_MS} FIELDS 1 a`,
    `HPEXPIREAT h ${LATEST_MS + 1} FIELDS 1 a`,
    `HPEXPIREAT h ${MAX} FIELDS 1 a`,
    "HEXPIREAT h 70368744177 FIELDS 1 b",
    "HEXPIREAT h 70368744178 FIELDS 1 b",
    "HPEXPIRETIME h FIELDS 2 a b",
    ...["HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST", "HGETDEL", "HGETEX"].flatMap((name) => [
      `${name} h FIELDS 2 a`,
      `${name} h FIELDS 1 a b`,
      `${name} h FIELDS 0 a`,
      `${name} h FIELDS -1 a`,
      `${name} h FIELDS x a`,
      `${name} h FIELDS 1.5 a`,
      `${name} h FIELDS ${MAX} a`,
      `${name} h FIELDS ${BEYOND} a`,
      `${name} h FIELDZ 1 a`,
      `${name} missing FIELDS 2 a`,
      `${name} missing FIELDZ 1 a`,
    ]),
  ],
};

const wrongType: Case = {
  name: "a key of another type, and which error comes first",
  oracle: "redis8",
  commands: [
    "SET s v",
    "HEXPIRE s 100 FIELDS 1 a",
    "HEXPIRE s x FIELDS 1 a",
    "HTTL s FIELDS 1 a",
    "HTTL s FOO 0 a",
    "HPERSIST s FOO 0 a",
    "HGETDEL s FIELDS 0 a",
    "HGETEX s FIELDS 1 a",
    "HGETEX s EX x FIELDS 1 a",
    "HSETEX s FIELDS 1 a 1",
    "HSETEX s FIELDS 2 a 1",
    "HSETEX s EX x FIELDS 1 a 1",
    "HSETEX s FOO 1 2 3",
    "HSETEX s FXX FIELDS 1 a 1",
  ],
};

const scans: Case = {
  name: "HSCAN NOVALUES",
  oracle: "redis8",
  commands: [
    FOUR,
    sortedDeep("HSCAN h 0 NOVALUES"),
    sortedDeep("HSCAN h 0 NOVALUES NOVALUES COUNT 100"),
    "HSCAN h 0 MATCH a novalues COUNT 50",
    "HSCAN h 0 NOVALUES 5",
    "HSCAN h 0 NOVALUES COUNT",
    "HSCAN missing 0 NOVALUES",
  ],
};

/** What both encodings answer; `all` compares replies with the fields of a hash. */
function casesOver(all: (step: StepLike) => StepLike): Case[] {
  return [
    {
      name: "HEXPIRE, HTTL and their kin",
      oracle: "redis8",
      commands: [
        "HEXPIRE missing 100 FIELDS 2 a b",
        "HEXPIRE missing 0 FIELDS 1 a",
        "HTTL missing FIELDS 2 a b",
        "HPERSIST missing FIELDS 1 a",
        FOUR,
        "HTTL h FIELDS 3 a b zz",
        "HPERSIST h FIELDS 3 a b zz",
        "OBJECT ENCODING h",
        "HEXPIRE h 100 FIELDS 2 a zz",
        "OBJECT ENCODING h",
        within(1, "HEXPIRE h 100 fields 1 b"),
        "HTTL h FIELDS 3 a b c",
        "HEXPIRE h 1000 FIELDS 3 a a b",
        "HTTL h FIELDS 2 a b",
        `HEXPIREAT h ${FAR} FIELDS 1 a`,
        `HPEXPIREAT h ${FAR_MS + 1} FIELDS 1 b`,
        `HPEXPIREAT h ${FAR_MS + 999} FIELDS 1 c`,
        "HEXPIRETIME h FIELDS 4 a b c d",
        "HPEXPIRETIME h FIELDS 4 a b c d",
        "HPEXPIRE h 10400 FIELDS 1 d",
        "HTTL h FIELDS 1 d",
        all("HGETALL h"),
        "HPERSIST h FIELDS 5 a b zz a d",
        "HPEXPIRETIME h FIELDS 4 a b c d",
        all("HGETALL h"),
        "OBJECT ENCODING h",
        "DEBUG DIGEST-VALUE h",
        "HPERSIST h FIELDS 1 c",
        "DEBUG DIGEST-VALUE h",
      ],
    },
    {
      name: "a time that is past deletes fields, and the key with the last",
      oracle: "redis8",
      commands: [
        FOUR,
        "HEXPIRE h 0 FIELDS 1 a",
        "HPEXPIREAT h 1 FIELDS 3 b b zz",
        "HEXPIREAT h 0 FIELDS 1 zz",
        all("HGETALL h"),
        "HEXPIRE h 0 FIELDS 3 c d c",
        "EXISTS h",
      ],
    },
    {
      name: "HEXPIRE of a field that is not there prepares the hash all the same",
      oracle: "redis8",
      commands: [
        "HSET h a 1",
        `HPEXPIREAT h ${FAR_MS} FIELDS 1 zz`,
        "OBJECT ENCODING h",
        "HSET g a 1",
        `HPEXPIREAT g ${FAR_MS} XX FIELDS 1 a`,
        "OBJECT ENCODING g",
        "HSET i a 1",
        "HGETEX i FIELDS 1 a",
        "OBJECT ENCODING i",
        "HGETEX i PERSIST FIELDS 1 a",
        "OBJECT ENCODING i",
        "HSETEX j FIELDS 1 a 1",
        "OBJECT ENCODING j",
        `HSETEX j FNX PXAT ${FAR_MS} FIELDS 1 a 1`,
        "OBJECT ENCODING j",
        `HSETEX j PXAT 1 FIELDS 1 b 1`,
        "OBJECT ENCODING j",
        "HPERSIST g FIELDS 1 a",
        all("HGETALL g"),
      ],
    },
    {
      name: "the order of a listpack is that of expiry",
      oracle: "redis8",
      commands: [
        "HSET h a 1 b 2 c 3 d 4 e 5 f 6",
        `HPEXPIREAT h ${FAR_MS} FIELDS 1 c`,
        `HPEXPIREAT h ${FAR_MS} FIELDS 1 a`,
        all("HGETALL h"),
        `HPEXPIREAT h ${FAR_MS - 10} FIELDS 1 e`,
        all("HKEYS h"),
        `HPEXPIREAT h ${FAR_MS + 10} FIELDS 1 e`,
        all("HVALS h"),
        "HPERSIST h FIELDS 1 a",
        all("HGETALL h"),
        "HSET h e 7",
        all("HGETALL h"),
        "HSET h c 8 b 9",
        all("HGETALL h"),
        `HPEXPIREAT h ${FAR_MS} FIELDS 2 c a`,
        `HPEXPIREAT h ${FAR_MS} FIELDS 1 c`,
        all("HGETALL h"),
        "HINCRBY h c 1",
        "HINCRBYFLOAT h c 1.5",
        "HSET h new 1",
        all("HGETALL h"),
        "HDEL h a new",
        all("HGETALL h"),
      ],
    },
    {
      name: "HSET and HSETNX remove an expiry, HINCRBY keeps it",
      oracle: "redis8",
      commands: [
        FOUR,
        `HPEXPIREAT h ${FAR_MS} FIELDS 4 a b c d`,
        "HINCRBY h a 5",
        "HINCRBYFLOAT h b 0.5",
        "HSETNX h c 5",
        "HMSET h d 5",
        "HPEXPIRETIME h FIELDS 4 a b c d",
        "HSET h a 1",
        "HPEXPIRETIME h FIELDS 4 a b c d",
        "HMGET h a b c d",
      ],
    },
    {
      name: "values of any length beside an expiry",
      oracle: "redis8",
      commands: ["", "1", "-70000", "v".repeat(12), "v".repeat(64), "v".repeat(65), "v".repeat(300), "w"].flatMap(
        (v) => [
          cmd("HSETEX", "h", "KEEPTTL", "FIELDS", 2, "a", v, "b", 1),
          cmd("HPEXPIREAT", "h", FAR_MS, "FIELDS", 1, "a"),
          "HGET h a",
          "HPEXPIRETIME h FIELDS 2 a b",
          "OBJECT ENCODING h",
        ],
      ),
    },
    {
      name: "HGETEX",
      oracle: "redis8",
      commands: [
        "HGETEX missing FIELDS 2 a b",
        "HGETEX missing EX x FIELDS 1 a",
        `HGETEX missing PXAT ${FAR_MS} FIELDS 1 a`,
        FOUR,
        "HGETEX h FIELDS 3 a zz a",
        `HGETEX h PXAT ${FAR_MS} FIELDS 3 a zz b`,
        `HGETEX h exat ${FAR + 1} fields 1 b`,
        "HPEXPIRETIME h FIELDS 3 a b c",
        "HGETEX h PERSIST FIELDS 3 a c zz",
        "HPEXPIRETIME h FIELDS 3 a b c",
        "HGETEX h EX 100 FIELDS 1 c",
        "HGETEX h PX 100400 FIELDS 1 d",
        "HTTL h FIELDS 2 c d",
        "HGETEX h EX 0 FIELDS 1 a",
        "HGETEX h PXAT 1 FIELDS 2 b b",
        all("HGETALL h"),
        "HGETEX h PXAT 1 FIELDS 3 c zz d",
        "EXISTS h",
      ],
    },
    {
      name: "HGETEX: errors",
      oracle: "redis8",
      commands: [
        FOUR,
        "HGETEX h EX -1 FIELDS 1 a",
        "HGETEX h EX x FIELDS 1 a",
        "HGETEX h EX FIELDS 1 a",
        "HGETEX h EX 10 FIELDS",
        "HGETEX h EX 10 FIELDS 1",
        "HGETEX h PERSIST FIELDS 1",
        "HGETEX h EX 10 PX 10 FIELDS 1 a",
        "HGETEX h EX 10 EX 10 FIELDS 1 a",
        "HGETEX h EX 10 PERSIST FIELDS 1 a",
        "HGETEX h PERSIST PERSIST FIELDS 1 a",
        "HGETEX h KEEPTTL FIELDS 1 a",
        "HGETEX h FNX FIELDS 1 a",
        "HGETEX h FIELDS 1 a EX 10",
        "HGETEX h FIELDS 1 a FIELDS 1 b",
        `HGETEX h EX ${MAX} FIELDS 1 a`,
        `HGETEX h PX ${MAX} FIELDS 1 a`,
        `HGETEX h EXAT ${MAX} FIELDS 1 a`,
        `HGETEX h PXAT ${LATEST_MS} FIELDS 1 a`,
        `HGETEX h PXAT ${LATEST_MS + 1} FIELDS 1 a`,
        "HGETEX h EXAT 70368744178 FIELDS 1 a",
        "HGETEX h EX x FOO 1",
        "HGETEX h EX 10 FOO 1",
        "HPEXPIRETIME h FIELDS 1 a",
      ],
    },
    {
      name: "HGETDEL",
      oracle: "redis8",
      commands: [
        "HGETDEL missing FIELDS 2 a b",
        FOUR,
        "HGETDEL h FIELDS 2 zz a",
        "HGETDEL h FIELDS 2 b b",
        `HPEXPIREAT h ${FAR_MS} FIELDS 1 c`,
        "HGETDEL h FIELDS 1 c",
        all("HGETALL h"),
        "HGETDEL h FIELDS 2 d zz",
        "EXISTS h",
      ],
    },
    {
      name: "HSETEX",
      oracle: "redis8",
      commands: [
        "HSETEX h FIELDS 1 a 1",
        `HSETEX h PXAT ${FAR_MS} FIELDS 2 a 2 b 3`,
        "HPEXPIRETIME h FIELDS 2 a b",
        "HSETEX h KEEPTTL FIELDS 3 a 4 b 5 c 6",
        "HPEXPIRETIME h FIELDS 3 a b c",
        "HSETEX h FIELDS 1 a 7",
        "HPEXPIRETIME h FIELDS 1 a",
        "HSETEX h FNX FIELDS 2 a 1 d 1",
        `HSETEX h FNX EXAT ${FAR} FIELDS 2 d 1 e 2`,
        `HSETEX h EXAT ${FAR + 1} fxx FIELDS 2 d 3 e 4`,
        "HSETEX h FXX FIELDS 2 d 5 zz 6",
        "HSETEX h FNX FIELDS 2 new 1 new 2",
        "HSETEX h EX 100 FIELDS 1 x 1",
        "HSETEX h PX 100400 FIELDS 1 y 1",
        "HTTL h FIELDS 2 x y",
        all("HGETALL h"),
        "HPEXPIRETIME h FIELDS 3 d e new",
        "HSETEX h PXAT 1 FIELDS 2 a 1 gone 1",
        "HSETEX h EX 0 FIELDS 1 b 1",
        all("HGETALL h"),
        "HSETEX g PXAT 1 FIELDS 2 a 1 b 1",
        "EXISTS g",
        "HSETEX g FXX FIELDS 1 a 1",
        "HSETEX g FXX KEEPTTL FIELDS 1 a 1",
        "EXISTS g",
        "HSETEX g FNX KEEPTTL FIELDS 1 a 1",
        all("HGETALL g"),
      ],
    },
    {
      name: "HSETEX: errors",
      oracle: "redis8",
      commands: [
        FOUR,
        "HSETEX h FNX FXX FIELDS 1 a 1",
        "HSETEX h FXX FIELDS x a",
        "HSETEX h FXX FIELDS x a 1",
        "HSETEX h EX 5 FIELDS x a",
        "HSETEX h FNX FNX FIELDS 1 a 1",
        "HSETEX h EX 10 PX 10 FIELDS 1 a 1",
        "HSETEX h EX 10 EX 10 FIELDS 1 a 1",
        "HSETEX h EX 10 KEEPTTL FIELDS 1 a 1",
        "HSETEX h KEEPTTL KEEPTTL FIELDS 1 a 1",
        "HSETEX h PERSIST FIELDS 1 a 1",
        "HSETEX h FOO FIELDS 1 a 1",
        "HSETEX h FIELDS 1 a 1 EX 10",
        "HSETEX h FIELDS 1 a 1 FIELDS 1 b 2",
        "HSETEX h FIELDS 1 a",
        "HSETEX h FIELDS 2 a 1",
        "HSETEX h FIELDS 1 a 1 b",
        "HSETEX h FIELDS 0 a 1",
        "HSETEX h FIELDS -1 a 1",
        "HSETEX h FIELDS x a 1",
        `HSETEX h FIELDS ${MAX} a 1`,
        "HSETEX h FIELDS 2147483648 a 1",
        "HSETEX h FNX EX 10 FIELDS",
        "HSETEX h FNX KEEPTTL FIELDS 1",
        "HSETEX h FNX EX 10 EX",
        "HSETEX h KEEPTTL FNX a b",
        "HSETEX h EX FIELDS 1 a 1",
        "HSETEX h EX -1 FIELDS 1 a 1",
        "HSETEX h EX x FIELDS 1 a 1",
        "HSETEX h EX x FIELDS 0 a 1",
        `HSETEX h EX ${MAX} FIELDS 1 a 1`,
        `HSETEX h PXAT ${LATEST_MS + 1} FIELDS 1 a 1`,
        `HSETEX h PXAT ${LATEST_MS} FIELDS 1 a 1`,
        all("HGETALL h"),
      ],
    },
    {
      name: "COPY, RENAME, MOVE carry expiries",
      oracle: "redis8",
      commands: [
        FOUR,
        `HPEXPIREAT h ${FAR_MS} FIELDS 2 a b`,
        "COPY h g",
        "HPEXPIRETIME g FIELDS 3 a b c",
        "HSET g a 1",
        "HPEXPIRETIME h FIELDS 2 a b",
        "RENAME g r",
        "HPEXPIRETIME r FIELDS 2 a b",
        "OBJECT ENCODING r",
        "MOVE r 2",
        "SELECT 2",
        "HPEXPIRETIME r FIELDS 2 a b",
        all("HGETALL r"),
        "DEBUG DIGEST-VALUE r",
        "DEL r",
      ],
    },
    dying("a field that has died is missing to who reads it, and deleted then", [
      FOUR,
      ...kill("a", "b", "c"),
      "HLEN h",
      all("HGETALL h"),
      all("HKEYS h"),
      all("HVALS h"),
      sortedDeep("HSCAN h 0"),
      "HTTL h FIELDS 2 a d",
      "HLEN h",
      "HGET h a",
      "HLEN h",
      "HEXISTS h b",
      "HLEN h",
      "HMGET h a b c d",
      "HLEN h",
      ...kill("d"),
      "HSTRLEN h d",
      "EXISTS h",
    ]),
    dying("a field that has died counts for who changes it", [
      FOUR,
      ...kill("a", "b", "c", "d"),
      "HDEL h a",
      "HSET h b 5",
      "HLEN h",
      "HPERSIST h FIELDS 1 c",
      `HPEXPIREAT h ${FAR_MS} NX FIELDS 1 c`,
      `HPEXPIREAT h ${FAR_MS} XX FIELDS 1 c`,
      "HMGET h b c",
      "HPEXPIRETIME h FIELDS 3 b c d",
      "HLEN h",
      "HEXPIRE h 0 LT FIELDS 1 d",
      "HEXPIRE h 0 FIELDS 1 d",
      "HLEN h",
    ]),
    dying("counters and HSETNX begin anew", [
      "HSET h a 1 b 2 c x",
      ...kill("a", "b", "c"),
      "HINCRBY h a 5",
      "HINCRBYFLOAT h b foo",
      "HINCRBYFLOAT h b 0.5",
      "HSETNX h c 7",
      "HTTL h FIELDS 3 a b c",
      all("HGETALL h"),
      "DEL h",
      "HSET h a 1",
      ...kill("a"),
      "HINCRBY h a 5",
      ...kill("a"),
      "HSETNX h a 6",
      ...kill("a"),
      "HINCRBYFLOAT h a 1.5",
      "HTTL h FIELDS 1 a",
    ]),
    dying("HGETEX, HGETDEL and HSETEX of fields that have died", [
      FOUR,
      ...kill("a", "b"),
      "HGETEX h FIELDS 2 a c",
      "HLEN h",
      `HGETEX h PXAT ${FAR_MS} FIELDS 2 b d`,
      "HPEXPIRETIME h FIELDS 3 b c d",
      "HLEN h",
      FOUR,
      ...kill("a", "b"),
      "HGETDEL h FIELDS 3 a b c",
      "HLEN h",
      FOUR,
      ...kill("a", "b"),
      "HSETEX h FXX FIELDS 2 c 1 a 1",
      "HLEN h",
      "HSETEX h FNX FIELDS 2 a 5 b 6",
      "HTTL h FIELDS 2 a b",
      ...kill("a"),
      "HSETEX h KEEPTTL FIELDS 2 a 9 c 9",
      "HTTL h FIELDS 2 a c",
      all("HGETALL h"),
      ...kill("a", "b", "c", "d"),
      "HGETEX h PERSIST FIELDS 2 a b",
      "EXISTS h",
      "HGETEX h PERSIST FIELDS 2 c d",
      "EXISTS h",
      "HSET h a 1",
      ...kill("a"),
      "HSETEX h FXX FIELDS 1 a 1",
      "EXISTS h",
      "HSET h a 1",
      ...kill("a"),
      "HSETEX h FNX FIELDS 1 a 1",
      all("HGETALL h"),
      ...kill("a"),
      "HGETDEL h FIELDS 1 a",
      "EXISTS h",
    ]),
    dying("HRANDFIELD deletes the fields that have died", [
      FOUR,
      ...kill("a", "b", "c"),
      "HRANDFIELD h",
      "HLEN h",
      ...kill("d"),
      "HRANDFIELD h",
      "EXISTS h",
      FOUR,
      ...kill("a", "b"),
      sorted("HRANDFIELD h 10"),
      "HLEN h",
      ...kill("c", "d"),
      "HRANDFIELD h 10 WITHVALUES",
      "EXISTS h",
      FOUR,
      ...kill("a", "b", "c"),
      "HRANDFIELD h -3",
      "HLEN h",
    ]),
    dying("COPY and RENAME of fields that have died", [
      "HSET h a 1",
      ...kill("a"),
      "COPY h g",
      "HLEN g",
      "HGETALL g",
      "RENAME g r",
      "HLEN r",
      "HGET r a",
      "EXISTS r",
    ]),
  ];
}

const exactly = (step: StepLike): StepLike => step;
const TABLES = ["--hash-max-listpack-entries", "0"];

differential("fields that expire", {
  cases: [...arity, conditions, argumentErrors, wrongType, scans, ...casesOver(exactly)],
});
differential("fields that expire, in a hash table", {
  args: TABLES,
  cases: [conditions, argumentErrors, ...casesOver(sorted)],
});

const FIELDS = ["a", "b", "c", "d", "1", "-7", "a longer field"];
const VALUES = ["1", "-12", "3.5", "text", "", "value of more than a few bytes"];
const CONDITIONS = [[], [], ["NX"], ["XX"], ["GT"], ["LT"]];

/** A random command on a few keys and fields, with times that are far, or past. */
function randomCommand(random: Random): StepLike {
  const key = `h${random.integer(0, 2)}`;
  const field = (): string => random.pick(FIELDS);
  const some = (): (string | number)[] => ["FIELDS", 2, field(), field()];
  const time = (): number => (random.chance(0.1) ? 1 : FAR_MS + random.integer(0, 20));
  switch (random.integer(0, 15)) {
    case 0:
    case 1:
      return cmd("HSET", key, field(), random.pick(VALUES), field(), random.pick(VALUES));
    case 2:
      return cmd("HDEL", key, field());
    case 3:
    case 4:
    case 5:
      return cmd("HPEXPIREAT", key, time(), ...random.pick(CONDITIONS), ...some());
    case 6:
      return cmd("HPEXPIRETIME", key, ...some());
    case 7:
      return cmd("HPERSIST", key, ...some());
    case 8:
      return cmd("HGETEX", key, "PXAT", time(), ...some());
    case 9:
      return cmd("HGETEX", key, ...random.pick([[], ["PERSIST"]]), ...some());
    case 10:
      return cmd("HSETEX", key, "PXAT", time(), "FIELDS", 1, field(), random.pick(VALUES));
    case 11:
      return cmd(
        ...["HSETEX", key, ...random.pick([[], ["FNX"], ["FXX"]]), ...random.pick([[], ["KEEPTTL"]])],
        ...["FIELDS", 2, field(), random.pick(VALUES), field(), random.pick(VALUES)],
      );
    case 12:
      return cmd("HGETDEL", key, "FIELDS", 1, field());
    case 13:
      return random.chance(0.5) ? cmd("HINCRBY", key, field(), 3) : cmd("HINCRBYFLOAT", key, field(), 0.5);
    case 14:
      return sorted(cmd("HGETALL", key));
    default:
      return random.chance(0.5) ? cmd("COPY", key, `h${random.integer(0, 2)}`, "REPLACE") : cmd("HLEN", key);
  }
}

for (const [name, args] of [
  ["listpacks", []],
  ["both encodings", ["--hash-max-listpack-entries", "4"]],
  ["hash tables", TABLES],
] as const) {
  const title = `fields that expire at random, ${name}`;
  randomDifferential(title, { seed: 9, operations: 4000, generate: randomCommand, args, oracle: "redis8" });
}
