/** The bitmap commands beside real Redis: every option and error, every encoding of a string, every kind of field. */

import type { Random } from "../support/random";
import { type Case, cmd, differential, randomDifferential } from "./harness";

const MAX = "9223372036854775807";
const MIN = "-9223372036854775808";
const BEYOND = "9223372036854775808";
/** 2100-01-01 in seconds. */
const FAR = 4102444800;

/** Texts that are no bit offset; the last ones are numbers, but too large. */
const NOT_OFFSETS = ['""', "-1", "a", "1.5", '" 1"', "+1", "01", "4294967296", MAX, MIN, BEYOND];

/** One string of each encoding: int, embstr, raw, and of a length that needs a block of its own. */
const SOURCES = [
  "SET int 1234567890",
  "SET negative -77",
  cmd("SET", "embstr", "foobar\x00\xff\x80\x01"),
  "SET raw short",
  "APPEND raw er",
  cmd("SET", "long", "\x00".repeat(50) + "abcdefghij".repeat(20)),
  cmd("SET", "block", "\x00".repeat(3000) + "\xff\x00\xf0".repeat(3000)),
  cmd("SET", "ones", "\xff".repeat(5003)),
  'SET empty ""',
];
const SOURCE_KEYS = ["int", "negative", "embstr", "raw", "long", "block", "ones", "empty", "missing"];

const arity: Case = {
  name: "wrong numbers of arguments",
  commands: [
    "SETBIT",
    "SETBIT k 0",
    "SETBIT k 0 1 2",
    "GETBIT k",
    "GETBIT k 0 1",
    "BITCOUNT",
    "BITPOS k",
    "BITOP AND d",
    "BITFIELD",
    "BITFIELD_RO",
    "BITFIELD k",
    "BITFIELD_RO k",
    "EXISTS k",
  ],
};

const bits: Case[] = [
  ["SETBIT k 7 1", "GETBIT k 7", "GETBIT k 6", "GETBIT k 8", "GET k", "SETBIT k 7 0", "SETBIT k 7 0", "GET k"],
  ["SETBIT k 100 0", "STRLEN k", "GET k", "OBJECT ENCODING k", "SETBIT k 0 1", "GET k"],
  [
    "SET k 1",
    "SETBIT k 6 1",
    "GET k",
    "OBJECT ENCODING k",
    "SETBIT k 1 0",
    "SET n 5",
    "SETBIT n 7 1",
    "OBJECT ENCODING n",
  ],
  [`SET k abc EXAT ${FAR}`, "SETBIT k 3 1", "SETBIT k 200 1", "EXPIRETIME k", "GET k"],
  ["SETBIT k 80000 1", "STRLEN k", "BITCOUNT k", "SETBIT k 400000 1", "STRLEN k", "BITPOS k 1 2000", "GET k"],
  {
    name: "SETBIT and GETBIT: offsets and bits that are none",
    commands: [
      "SET k abc",
      ...NOT_OFFSETS.flatMap((text) => [`SETBIT k ${text} 1`, `GETBIT k ${text}`, `SETBIT k 0 ${text}`]),
      "SETBIT k a b",
      "SETBIT k #1 1",
      "GETBIT k #1",
      "SETBIT missing 0 2",
      "EXISTS missing",
      "GETBIT k 4294967295",
      "GETBIT missing 4294967295",
    ],
  },
  {
    name: "GETBIT, BITCOUNT and BITPOS of every encoding",
    commands: [
      ...SOURCES,
      ...SOURCE_KEYS.flatMap((key) => [
        ...[0, 1, 7, 8, 15, 23, 79, 80, 81, 1000, 24000, 24001].map((offset) => `GETBIT ${key} ${offset}`),
        `BITCOUNT ${key}`,
        `BITPOS ${key} 0`,
        `BITPOS ${key} 1`,
      ]),
    ],
  },
];

/** Starts and ends: inside, at the edges of and outside of strings of 10 and 250 bytes. */
const EDGES = ["0", "1", "3", "9", "10", "79", "80", "-1", "-3", "-10", "-11", "-80", "-81", MAX, MIN];

const ranges: Case[] = ["int", "embstr", "long", "ones", "missing"].map((key) => ({
  name: `BITCOUNT and BITPOS of ${key} over every pair of edges`,
  commands: [
    ...SOURCES,
    ...EDGES.flatMap((start) => [
      `BITPOS ${key} 0 ${start}`,
      `BITPOS ${key} 1 ${start}`,
      ...EDGES.flatMap((end) =>
        ["", " BYTE", " BIT"].flatMap((unit) => [
          `BITCOUNT ${key} ${start} ${end}${unit}`,
          `BITPOS ${key} 0 ${start} ${end}${unit}`,
          `BITPOS ${key} 1 ${start} ${end}${unit}`,
        ]),
      ),
    ]),
  ],
  protocols: [3],
}));

const wrongRanges: Case = {
  name: "ranges that are none",
  commands: [
    "SET k abc",
    ...["k", "missing"].flatMap((key) => [
      `BITCOUNT ${key} 0`,
      `BITCOUNT ${key} a b`,
      `BITCOUNT ${key} 0 b`,
      `BITCOUNT ${key} 0 1 hello`,
      `BITCOUNT ${key} a 1 hello`,
      `BITCOUNT ${key} -1 -2 hello`,
      `BITCOUNT ${key} -9223372036854775807 ${MIN}`,
      `BITCOUNT ${key} ${MIN} -9223372036854775807`,
      `BITCOUNT ${key} 0 ${BEYOND}`,
      `BITCOUNT ${key} 0 1 bit byte`,
      `BITCOUNT ${key} 0 1 bIt`,
      `BITCOUNT ${key} 0 1 byTE`,
      `BITPOS ${key} 2`,
      `BITPOS ${key} -1`,
      `BITPOS ${key} a`,
      `BITPOS ${key} ${MAX}`,
      `BITPOS ${key} 2 a`,
      `BITPOS ${key} 1 a`,
      `BITPOS ${key} 1 0 b`,
      `BITPOS ${key} 1 0 b hello`,
      `BITPOS ${key} 1 0 1 hello`,
      `BITPOS ${key} 1 0 1 bit bit`,
      `BITPOS ${key} 0 0 -1 BIT`,
    ]),
  ],
};

const operations: Case[] = [
  ...["AND", "or", "Xor"].map((operation) => ({
    name: `BITOP ${operation} of every pair of encodings`,
    commands: [
      ...SOURCES,
      ...SOURCE_KEYS.flatMap((a) =>
        SOURCE_KEYS.flatMap((b) => [`BITOP ${operation} d ${a} ${b}`, "GET d", "OBJECT ENCODING d"]),
      ),
    ],
    protocols: [3] as const,
  })),
  {
    name: "BITOP of many keys",
    commands: [
      ...SOURCES,
      ...["AND", "OR", "XOR"].flatMap((operation) => [
        `BITOP ${operation} d block`,
        "GET d",
        `BITOP ${operation} d ones block long`,
        "GET d",
        `BITOP ${operation} d ${SOURCE_KEYS.join(" ")}`,
        "GET d",
        `BITOP ${operation} d ${SOURCE_KEYS.join(" ")} ${SOURCE_KEYS.join(" ")} ${SOURCE_KEYS.join(" ")}`,
        "GET d",
      ]),
    ],
  },
  {
    name: "BITOP NOT",
    commands: [...SOURCES, ...SOURCE_KEYS.flatMap((key) => [`BITOP NOT d ${key}`, "GET d", "EXISTS d"])],
  },
  {
    name: "BITOP into a source, a key with an expiry, and nothing",
    commands: [
      ...SOURCES,
      "BITOP NOT block block",
      "GET block",
      "BITOP XOR long long block",
      "GET long",
      "BITOP OR int int int",
      "OBJECT ENCODING int",
      "GET int",
      `SET d v EXAT ${FAR}`,
      "BITOP AND d int embstr",
      "TTL d",
      "BITOP OR d missing empty",
      "EXISTS d",
      "BITOP OR d missing gone",
      "EXISTS empty",
    ],
  },
  [
    "SET k abc",
    "BITOP NOT d k k",
    "BITOP NOT d",
    "BITOP NAND d k",
    "BITOP DIFF d k k",
    "BITOP '' d k",
    "BITOP and d k",
    "EXISTS d",
  ],
];

const TYPES = ["u1", "i1", "u2", "i2", "u5", "i8", "u8", "u31", "i31", "u32", "i32", "u33", "i33", "u52", "i53", "u54"];
const WIDE = ["u62", "i62", "u63", "i63", "i64"];
const VALUES = ["0", "1", "-1", "2", "-2", "127", "128", "-128", "255", "2147483647", "-2147483648", "4294967295"];
const WIDE_VALUES = [
  "4294967296",
  "-4294967297",
  "4611686018427387904",
  "-4611686018427387904",
  MAX,
  MIN,
  "-9223372036854775800",
  "-9223372036854775681",
  "-9223372036854775680",
];

const fields: Case[] = [
  ...[...TYPES, ...WIDE].map((type) => ({
    name: `BITFIELD ${type}: every value with every overflow`,
    commands: [
      ...["WRAP", "SAT", "FAIL"].flatMap((overflow) =>
        [...VALUES, ...WIDE_VALUES].flatMap((value, i) => [
          `BITFIELD k OVERFLOW ${overflow} SET ${type} ${i} ${value} GET ${type} ${i} INCRBY ${type} ${i} ${value}`,
          `BITFIELD k OVERFLOW ${overflow} INCRBY ${type} 3 ${value} INCRBY ${type} 3 -1 INCRBY ${type} #2 ${value}`,
          "GET k",
        ]),
      ),
    ],
    protocols: [3] as const,
  })),
  {
    name: "BITFIELD: overflow holds from where it stands",
    commands: [
      "BITFIELD k SET u4 0 15 INCRBY u4 0 1 OVERFLOW SAT SET u4 0 15 INCRBY u4 0 1 OVERFLOW FAIL INCRBY u4 0 1",
      "BITFIELD k INCRBY u4 0 1 OVERFLOW FAIL OVERFLOW WRAP INCRBY u4 0 15 GET u4 0",
      "BITFIELD k OVERFLOW FAIL SET u4 0 16 SET i4 0 8 SET i4 0 -9 SET u4 0 -1",
      "BITFIELD k OVERFLOW SAT SET u4 0 16 SET u4 4 -1 SET i4 8 8 SET i4 12 -9",
      "BITFIELD k OVERFLOW WRAP",
      "BITFIELD k OVERFLOW",
      "GET k",
    ],
  },
  {
    name: "BITFIELD: a string grows for what is written, also if the write fails",
    commands: [
      "BITFIELD k OVERFLOW FAIL SET u8 800 256",
      "STRLEN k",
      "BITFIELD k GET u8 100000 SET u8 8000 1 GET i64 7990",
      "STRLEN k",
      "BITFIELD k GET u63 7999",
      "BITFIELD missing GET u8 0",
      "EXISTS missing",
      `SET e abc EXAT ${FAR}`,
      "BITFIELD e SET u8 #3 100",
      "EXPIRETIME e",
      "GET e",
    ],
  },
  {
    name: "BITFIELD of every encoding",
    commands: [
      ...SOURCES,
      ...SOURCE_KEYS.flatMap((key) => [
        `BITFIELD_RO ${key} GET u8 0 GET i64 3 GET u63 #1 GET i5 77 GET u32 24000`,
        `BITFIELD ${key} GET u7 9`,
        `OBJECT ENCODING ${key}`,
        `BITFIELD ${key} INCRBY u8 4 100 GET u16 0`,
        `OBJECT ENCODING ${key}`,
        `GET ${key}`,
      ]),
    ],
  },
  {
    name: "BITFIELD: what is no operation",
    commands: [
      "SET k abc",
      ...["u0", "i0", "u64", "i65", "u-1", "u", "i", "8", "U8", "I8", "f8", '""', "u08", "u+8", "u8x", MAX].flatMap(
        (type) => [`BITFIELD k GET ${type} 0`, `BITFIELD_RO k GET ${type} 0`, `BITFIELD k SET ${type} 0 1`],
      ),
      ...[...NOT_OFFSETS, "#", "#-1", "#a", "##1", "#4294967296", "#536870912", `#${MAX}`, `#${BEYOND}`].flatMap(
        (offset) => [`BITFIELD k GET u8 ${offset}`, `BITFIELD_RO k GET i5 ${offset}`],
      ),
      // These products wrap around at 64 bits.
      "BITFIELD k GET u4 #4611686018427387904",
      "BITFIELD k GET u2 #9223372036854775807",
      "BITFIELD k GET i3 #6148914691236517206",
      ...['""', "a", "1.5", BEYOND, "01"].map((value) => `BITFIELD k SET u8 0 ${value}`),
      "BITFIELD k INCRBY u8 0 a",
      "BITFIELD k GET",
      "BITFIELD k GET u8",
      "BITFIELD k SET u8 0",
      "BITFIELD k INCRBY u8 0",
      "BITFIELD k NOSUCH u8 0",
      "BITFIELD k GET u8 0 NOSUCH",
      "BITFIELD k SET u8 0 1 GET u8",
      "BITFIELD k OVERFLOW nosuch",
      "BITFIELD k overflow sat set u8 0 1 get u8 0",
      "BITFIELD_RO k SET u8 0 1",
      "BITFIELD_RO k GET u8 0 INCRBY u8 0 1",
      "BITFIELD_RO k SET u8 0 a",
      "BITFIELD_RO k OVERFLOW FAIL",
      "BITFIELD_RO k OVERFLOW nosuch",
      "GET k",
    ],
  },
];

const keys: Case = {
  name: "where the keys are",
  commands: [
    "COMMAND GETKEYS BITOP AND d a b",
    "COMMAND GETKEYSANDFLAGS BITOP AND d a b",
    ...[
      "GET u8 0",
      "GET u8 0 OVERFLOW SAT",
      "SET u8 0 1",
      "INCRBY u8 0 1",
      "GET u8 0 SET u8 0 1",
      "OVERFLOW FAIL GET u8 0",
      "NOSUCH",
      "GET u8",
      "OVERFLOW",
    ].map((operation) => `COMMAND GETKEYSANDFLAGS BITFIELD k ${operation}`),
    "COMMAND GETKEYSANDFLAGS BITFIELD k",
    "COMMAND GETKEYSANDFLAGS BITFIELD_RO k GET u8 0",
    "COMMAND GETKEYSANDFLAGS SETBIT k 0 1",
  ],
};

differential("bitmap commands", {
  cases: [arity, ...bits, ...ranges, wrongRanges, ...operations, ...fields, keys],
});

const KEYS = ["a", "b", "c", "d", "e"];

function someType(random: Random): string {
  return random.chance(0.5) ? `u${random.integer(1, 63)}` : `i${random.integer(1, 64)}`;
}

function someField(random: Random): string[] {
  const offset = random.chance(0.3) ? `#${random.integer(0, 40)}` : String(random.integer(0, 40_000));
  const value = random.chance(0.7) ? random.edgeInteger() : String(random.integer(-200, 200));
  const place = [someType(random), offset];
  switch (random.weighted({ get: 2, set: 3, incrby: 4, overflow: 2 })) {
    case "get":
      return ["GET", ...place];
    case "set":
      return ["SET", ...place, value];
    case "incrby":
      return ["INCRBY", ...place, value];
    case "overflow":
      return ["OVERFLOW", random.pick(["WRAP", "SAT", "FAIL"])];
  }
}

function someRange(random: Random): string[] {
  const edge = () => String(random.chance(0.5) ? random.integer(-60, 60) : random.integer(-45_000, 45_000));
  return random.pick([[], [edge(), edge()], [edge(), edge(), "BYTE"], [edge(), edge(), "BIT"]]);
}

randomDifferential("bitmap commands at random", {
  seed: 20240301,
  operations: 6000,
  generate(random) {
    const key = random.pick(KEYS);
    switch (
      random.weighted({
        setbit: 8,
        getbit: 4,
        bitcount: 5,
        bitpos: 5,
        bitop: 5,
        bitfield: 8,
        bitfieldRo: 2,
        set: 3,
        append: 2,
        del: 1,
        get: 1,
        encoding: 2,
      })
    ) {
      case "setbit":
        return cmd("SETBIT", key, random.integer(0, random.pick([100, 3000, 40_000])), random.integer(0, 1));
      case "getbit":
        return cmd("GETBIT", key, random.integer(0, random.pick([100, 3000, 45_000])));
      case "bitcount":
        return cmd("BITCOUNT", key, ...someRange(random));
      case "bitpos":
        return cmd("BITPOS", key, random.integer(0, 1), ...someRange(random));
      case "bitop": {
        if (random.chance(0.2)) return cmd("BITOP", "NOT", key, random.pick(KEYS));
        const sources = Array.from({ length: random.integer(1, 4) }, () => random.pick([...KEYS, "missing"]));
        return cmd("BITOP", random.pick(["AND", "OR", "XOR"]), key, ...sources);
      }
      case "bitfield":
        return cmd("BITFIELD", key, ...Array.from({ length: random.integer(1, 4) }, () => someField(random)).flat());
      case "bitfieldRo":
        return cmd("BITFIELD_RO", key, "GET", someType(random), random.integer(0, 45_000));
      case "set":
        return cmd("SET", key, random.pick([random.edgeInteger(), random.bytes(random.integer(0, 6000)), "\xff\xff"]));
      case "append":
        return cmd("APPEND", key, random.bytes(random.integer(0, 50)));
      case "del":
        return cmd("DEL", key);
      case "get":
        return cmd("GET", key);
      case "encoding":
        return cmd("OBJECT", "ENCODING", key);
    }
  },
});
