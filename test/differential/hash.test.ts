/** The hash commands of Redis 7.2 beside real Redis, over every encoding: every option, every error, every edge. */

import type { Random } from "../support/random";
import { bulk } from "../support/reply";
import {
  answers,
  type Case,
  cmd,
  differential,
  randomDifferential,
  type StepLike,
  sorted,
  sortedDeep,
} from "./harness";

const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const BEYOND = "9223372036854775808";

/** A value of 64 bytes, the most that a listpack takes, and one of 65. */
const LONG = "x".repeat(64);
const TOO_LONG = "x".repeat(65);

const COMMANDS = [
  "hset",
  "hsetnx",
  "hmset",
  "hdel",
  "hget",
  "hmget",
  "hexists",
  "hstrlen",
  "hlen",
  "hgetall",
  "hkeys",
  "hvals",
  "hincrby",
  "hincrbyfloat",
  "hrandfield",
  "hscan",
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
    `${name} 1 2 3 4 5`,
    `${name} 1 2 3 4 5 6 7 8 9 10`,
  ],
}));

/** Every command against a string, with arguments that are right and with ones that are wrong. */
const wrongType: Case = {
  name: "a key of another type",
  commands: [
    "SET s v",
    "HSET s a 1",
    "HSET s a",
    "HSETNX s a 1",
    "HMSET s a 1",
    "HMSET s a 1 b",
    "HDEL s a",
    "HGET s a",
    "HMGET s a b",
    "HEXISTS s a",
    "HSTRLEN s a",
    "HLEN s",
    "HGETALL s",
    "HKEYS s",
    "HVALS s",
    "HINCRBY s a 1",
    "HINCRBY s a x",
    "HINCRBYFLOAT s a 1",
    "HINCRBYFLOAT s a x",
    "HRANDFIELD s",
    "HRANDFIELD s 1",
    "HRANDFIELD s x",
    "HRANDFIELD s 1 FOO",
    "HSCAN s 0",
    "HSCAN s x",
    "HSCAN s 0 FOO",
    "GET s",
    "HSET h a 1",
    "GET h",
    "APPEND h x",
    "INCR h",
    "SETBIT h 0 1",
    "PFADD h x",
    "STRLEN h",
    "GETSET h x",
    "SET h x GET",
    "MGET h s",
    "HGET h a",
    "SET h x",
    "GET h",
  ],
};

/** What all encodings answer. `all` is how replies with the fields of a hash are compared. */
function casesOver(all: (step: StepLike) => StepLike): Case[] {
  return [
    ["HSET h a 1", "HSET h a 2", "HSET h a 3 b 4 c 5", "HSET h a 6 a 7 a 8", all("HGETALL h"), "HLEN h", "TYPE h"],
    ["HMSET h a 1", "HMSET h a 2 b 3", "HMSET h a 1 b", all("HGETALL h")],
    ["HSETNX h a 1", "HSETNX h a 2", "HSETNX h b 2", all("HGETALL h")],
    ["HGET h a", "HSET h a 1", "HGET h a", "HGET h b", "HGET missing a"],
    ["HMGET h a b", "HSET h a 1 c 3", "HMGET h a b c a", "HMGET h b"],
    ["HEXISTS h a", "HSET h a 1", "HEXISTS h a", "HEXISTS h b"],
    ["HSTRLEN h a", 'HSET h a hello b "" c -12345 d 12.5', "HSTRLEN h a", "HSTRLEN h b", "HSTRLEN h c", "HSTRLEN h d"],
    ["HLEN h", "HSET h a 1 b 2", "HLEN h"],
    ["HGETALL h", "HKEYS h", "HVALS h", "HSET h a 1 b 2 c 2", all("HGETALL h"), all("HKEYS h"), all("HVALS h")],
    ["HDEL h a", "HSET h a 1 b 2 c 3", "HDEL h x", "HDEL h a", "HDEL h b b x c", "EXISTS h", "HDEL h a"],
    ['HSET h "" v', 'HGET h ""', 'HSET h f ""', "HGET h f", 'HSET h "" ""', all("HGETALL h"), 'HDEL h ""'],
    {
      name: "integers as fields and values, in every encoding of a listpack",
      commands: [
        ...[
          "0",
          "-1",
          "127",
          "128",
          "-4096",
          "4095",
          "4096",
          "-32769",
          "8388607",
          "-8388609",
          "2147483648",
          MAX,
          MIN,
        ].map((n) => `HSET h ${n} ${n}`),
        ...["0", "-0", "00", "127", "128", "+1", "-1", "4096", MAX, MIN, BEYOND].map((n) => `HGET h ${n}`),
        all("HGETALL h"),
        "HDEL h 127 4095 -32769",
        all("HKEYS h"),
      ],
    },
    {
      name: "binary, and line breaks",
      commands: [
        cmd("HSET", "h", new Uint8Array([0, 255, 13, 10]), new Uint8Array([10, 0, 36])),
        cmd("HGET", "h", new Uint8Array([0, 255, 13, 10])),
        "HGETALL h",
      ],
    },
    {
      name: "values of many lengths replace each other",
      commands: [0, 1, 5, 12, 13, 30, 63, 64, 65, 200, 252, 253, 254, 255, 300, 4095, 4096, 70000, 9, 0].flatMap(
        (n) => [cmd("HSET", "h", "f", "v".repeat(n), "g", "w"), "HGET h f", "HSTRLEN h f", "HGET h g"],
      ),
    },
    {
      name: "fields of many lengths",
      commands: [0, 1, 63, 64, 65, 251, 252, 253, 254, 255, 256, 4095, 70000]
        .flatMap((n) => [
          cmd("HSET", "h", "f".repeat(n), n),
          cmd("HGET", "h", "f".repeat(n)),
          cmd("HGET", "h", "f".repeat(n + 1)),
        ])
        .concat(cmd("HDEL", "h", "f".repeat(253), "f".repeat(70000)), cmd("HLEN", "h")),
    },
    {
      name: "HINCRBY",
      commands: [
        "HINCRBY h a 1",
        "HINCRBY h a -5",
        "HGET h a",
        "HINCRBY h a 0",
        `HINCRBY h a ${MAX}`,
        "HGET h a",
        `HINCRBY h b ${MAX}`,
        "HINCRBY h b 1",
        "HGET h b",
        `HINCRBY h c ${MIN}`,
        "HINCRBY h c -1",
        `HINCRBY h c ${MIN}`,
        "HINCRBY h a x",
        "HINCRBY h a 1.5",
        'HINCRBY h a ""',
        "HINCRBY h a +1",
        'HINCRBY h a " 1"',
        `HINCRBY h a ${BEYOND}`,
        "HSET h s text e 1.5 z 007 n -0 w ' 1'",
        "HINCRBY h s 1",
        "HINCRBY h e 1",
        "HINCRBY h z 1",
        "HINCRBY h n 1",
        "HINCRBY h w 1",
        all("HGETALL h"),
        "HINCRBY new f x",
        "EXISTS new",
      ],
    },
    {
      name: "HINCRBYFLOAT",
      commands: [
        "HINCRBYFLOAT h a 1",
        "HINCRBYFLOAT h a 0.1",
        "HINCRBYFLOAT h a 0.2",
        "HINCRBYFLOAT h a -1.3",
        "HINCRBYFLOAT h a 1e3",
        "HINCRBYFLOAT h a 5.0e-3",
        "HGET h a",
        "HINCRBYFLOAT h b 1e300",
        "HINCRBYFLOAT h b 1.7976931348623157e308",
        `HINCRBYFLOAT h c ${MAX}`,
        "HINCRBYFLOAT h c 1",
        "HINCRBYFLOAT h a x",
        "HINCRBYFLOAT h a nan",
        "HINCRBYFLOAT h a inf",
        "HINCRBYFLOAT h a -inf",
        "HINCRBYFLOAT h a infinity",
        'HINCRBYFLOAT h a ""',
        'HINCRBYFLOAT h a " 1"',
        "HINCRBYFLOAT new f inf",
        "EXISTS new",
        "HSET h s text w ' 1' g 10.50 t 1e5",
        "HINCRBYFLOAT h s 1",
        "HINCRBYFLOAT h w 1",
        "HINCRBYFLOAT h g 0",
        "HINCRBYFLOAT h t 1",
        "HSET h m 1e4930",
        "HINCRBYFLOAT h m 1e4930",
        "HSET h m 1e4932",
        "HINCRBYFLOAT h m 1e4932",
        "HSET h i inf",
        "HINCRBYFLOAT h i 1",
        // A sum of more than 64 digits made it a hash table.
        sorted("HGETALL h"),
      ],
    },
    {
      name: "HRANDFIELD: counts, and what they must not be",
      commands: [
        "HRANDFIELD h",
        "HRANDFIELD h 2",
        "HRANDFIELD h -2 WITHVALUES",
        "HRANDFIELD h x",
        "HSET h a 1",
        "HRANDFIELD h",
        "HRANDFIELD h 0",
        "HRANDFIELD h 0 WITHVALUES",
        "HRANDFIELD h 1",
        "HRANDFIELD h 1 WITHVALUES",
        "HRANDFIELD h -3",
        "HRANDFIELD h -3 withvalues",
        `HRANDFIELD h ${MAX}`,
        `HRANDFIELD h ${MAX} WITHVALUES`,
        "HRANDFIELD h 1 FOO",
        "HRANDFIELD h 1 WITHVALUES FOO",
        "HRANDFIELD h x FOO",
        "HRANDFIELD h 1.5",
        `HRANDFIELD h ${BEYOND}`,
        `HRANDFIELD h ${MIN}`,
        `HRANDFIELD h ${MIN} WITHVALUES`,
        "HRANDFIELD h -4611686018427387905 WITHVALUES",
        "HSET h b 2 c 3",
        all("HRANDFIELD h 3"),
        all("HRANDFIELD h 10"),
        all("HRANDFIELD h 10 WITHVALUES"),
      ],
    },
    {
      name: "HSCAN",
      commands: [
        "HSCAN h 0",
        "HSCAN h x",
        "HSCAN h -1",
        'HSCAN h ""',
        "HSCAN h 0 FOO",
        "HSET h a 1 b 2 ab 3",
        hscan(all, "HSCAN h 0"),
        hscan(all, "HSCAN h 0 COUNT 100"),
        hscan(all, "HSCAN h 0 MATCH a* COUNT 100"),
        hscan(all, "HSCAN h 0 MATCH ?b COUNT 100"),
        "HSCAN h 0 MATCH zz COUNT 100",
        hscan(all, "hscan h 0 count 1000 match *"),
        "HSCAN h 0 COUNT 0",
        "HSCAN h 0 COUNT -1",
        "HSCAN h 0 COUNT x",
        "HSCAN h 0 COUNT",
        "HSCAN h 0 MATCH",
        "HSCAN h 0 TYPE hash",
        "HSCAN h 0 FOO bar",
        "HSCAN h 99999999999999999999999",
        "HSCAN h x FOO",
      ],
    },
    {
      name: "keys with an expiry keep it, and go with it",
      commands: [
        "HSET h a 1",
        "EXPIREAT h 4102444800",
        "HSET h b 2",
        "HINCRBY h c 3",
        "EXPIRETIME h",
        all("HGETALL h"),
        "PEXPIREAT h 1",
        "HGETALL h",
        "HSET h a 1",
        "EXPIRETIME h",
      ],
    },
    {
      name: "COPY, RENAME, MOVE, OBJECT, DEBUG DIGEST-VALUE",
      commands: [
        "HSET h a 1 b 2 c 3",
        "COPY h g",
        "HSET g a 9 d 4",
        all("HGETALL h"),
        all("HGETALL g"),
        "COPY h g",
        "COPY h g REPLACE",
        all("HGETALL g"),
        "RENAME g r",
        all("HGETALL r"),
        "MOVE r 3",
        "EXISTS r",
        "SELECT 3",
        all("HGETALL r"),
        "SELECT 0",
        "OBJECT ENCODING h",
        "OBJECT REFCOUNT h",
        "DEBUG DIGEST-VALUE h",
        "DEBUG DIGEST",
        "DEL h",
        "HGETALL h",
        "UNLINK h",
      ],
    },
    {
      name: "SCAN and TYPE know hashes",
      commands: ["HSET h a 1", "SET s v", "TYPE h", "SCAN 0 TYPE hash COUNT 100", sorted("KEYS *"), "DBSIZE"],
    },
  ];
}

const exactly = (step: StepLike): StepLike => step;

/** HSCAN's reply: its fields are at the second level. */
function hscan(all: (step: StepLike) => StepLike, command: string): StepLike {
  return all === exactly ? command : sortedDeep(command);
}

/** Where a listpack becomes a hash table, by default and with other thresholds. */
const conversions: Case[] = [
  {
    name: "a field or a value that is too long",
    commands: [
      cmd("HSET", "h", "f", LONG, LONG, "v"),
      "OBJECT ENCODING h",
      cmd("HSET", "h", "f", TOO_LONG),
      "OBJECT ENCODING h",
      sorted("HGETALL h"),
      "HDEL h f",
      "OBJECT ENCODING h",
      cmd("HSET", "g", TOO_LONG, "v"),
      "OBJECT ENCODING g",
      cmd("HSETNX", "n", "f", TOO_LONG),
      "OBJECT ENCODING n",
      cmd("HINCRBY", "i", TOO_LONG, 1),
      "OBJECT ENCODING i",
      cmd("HINCRBYFLOAT", "d", "f", `1${"0".repeat(64)}`),
      "OBJECT ENCODING d",
    ],
  },
  {
    name: "one field too many",
    commands: [
      cmd("HSET", "h", ...pairs(512)),
      "OBJECT ENCODING h",
      "HSET h f1 again",
      "OBJECT ENCODING h",
      "HSET h more 1",
      "OBJECT ENCODING h",
      "HLEN h",
      "HGET h f500",
      sorted("HGETALL h"),
      cmd("HSET", "g", ...pairs(513)),
      "OBJECT ENCODING g",
      "HLEN g",
      "HDEL g f0 f1 f2",
      "OBJECT ENCODING g",
    ],
  },
  {
    name: "thresholds that change",
    commands: [
      "CONFIG SET hash-max-listpack-entries 3 hash-max-listpack-value 5",
      "HSET h a 1 b 2 c 3",
      "OBJECT ENCODING h",
      "HSET h a 12345",
      "OBJECT ENCODING h",
      "HSET h a 123456",
      "OBJECT ENCODING h",
      "HSET g a 1 b 2 c 3",
      "CONFIG SET hash-max-listpack-entries 2",
      "OBJECT ENCODING g",
      "HGET g a",
      "HSET g a 2",
      "OBJECT ENCODING g",
      "CONFIG SET hash-max-ziplist-entries 100 hash-max-ziplist-value 100",
      "HSET g b 2",
      "OBJECT ENCODING g",
      "CONFIG SET hash-max-listpack-entries 0",
      "HSET z a 1",
      "OBJECT ENCODING z",
      sorted("CONFIG GET hash-max-listpack-*"),
    ],
    cleanup: ["CONFIG SET hash-max-listpack-entries 512 hash-max-listpack-value 64"],
  },
  {
    name: "more pairs than a listpack may have fields make a hash table, as in 7.2",
    commands: [
      "CONFIG SET hash-max-listpack-entries 3",
      "HSET h a 1 a 2 a 3 a 4",
      answers("OBJECT ENCODING h", bulk("hashtable")),
      "HGETALL h",
      "HSET g a 1 a 2 a 3",
      "OBJECT ENCODING g",
    ],
    cleanup: ["CONFIG SET hash-max-listpack-entries 512"],
  },
];

function pairs(count: number): string[] {
  return Array.from({ length: count }, (_, i) => [`f${i}`, `v${i}`]).flat();
}

const TABLES = ["--hash-max-listpack-entries", "0"];

differential("hash", { cases: [...arity, wrongType, ...casesOver(exactly), ...conversions] });
differential("hash as a hash table", { args: TABLES, cases: casesOver(sorted) });

const FIELDS = ["a", "b", "c", "d", "field", "longer field name", "1", "-7", "123456", ""];
const VALUES = ["1", "-12", "3.5", "text", "", "9223372036854775807", "value of more than a few bytes", "0"];

/** A random command on a few keys and fields. Replies with all fields are compared in any order. */
function randomCommand(random: Random): StepLike {
  const key = `h${random.integer(0, 3)}`;
  const field = (): string => random.pick(FIELDS);
  const value = (): string => (random.chance(0.02) ? TOO_LONG : random.pick(VALUES));
  switch (random.integer(0, 19)) {
    case 0:
    case 1:
    case 2:
      return cmd("HSET", key, field(), value());
    case 3:
      return cmd("HSET", key, field(), value(), field(), value(), field(), value());
    case 4:
      return cmd("HMSET", key, field(), value());
    case 5:
      return cmd("HSETNX", key, field(), value());
    case 6:
    case 7:
      return cmd("HDEL", key, field(), field());
    case 8:
      return cmd("HGET", key, field());
    case 9:
      return cmd("HMGET", key, field(), field(), field());
    case 10:
      return cmd("HEXISTS", key, field());
    case 11:
      return cmd("HSTRLEN", key, field());
    case 12:
      return cmd("HLEN", key);
    case 13:
      return sorted(cmd("HGETALL", key));
    case 14:
      return sorted(random.chance(0.5) ? cmd("HKEYS", key) : cmd("HVALS", key));
    case 15:
      return cmd("HINCRBY", key, field(), random.integer(-100, 100));
    case 16:
      return cmd("HINCRBYFLOAT", key, field(), random.integer(-100, 100) / 8);
    case 17:
      return sortedDeep(cmd("HSCAN", key, 0, "COUNT", 1000, "MATCH", random.pick(["*", "[a-c]", "*e*", "1"])));
    case 18:
      return random.chance(0.3) ? cmd("DEL", key) : cmd("COPY", key, `h${random.integer(0, 3)}`, "REPLACE");
    default:
      return random.chance(0.5) ? cmd("OBJECT", "ENCODING", key) : sorted(cmd("HRANDFIELD", key, 100, "WITHVALUES"));
  }
}

for (const [name, args] of [
  ["listpacks", []],
  ["both encodings", ["--hash-max-listpack-entries", "4"]],
  ["hash tables", TABLES],
] as const) {
  randomDifferential(`hash at random, ${name}`, { seed: 7, operations: 4000, generate: randomCommand, args });
}
