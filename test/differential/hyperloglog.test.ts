/** The HyperLogLog commands beside real Redis: the strings that they leave behind are compared byte for byte. */

import type { Random } from "../support/random";
import { type Case, cmd, differential, randomDifferential, type StepLike } from "./harness";

/** 2100-01-01 in seconds. */
const FAR = 4102444800;

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `element:${from + i}`);

/** PFADD of the elements from `from` to `to`, `step` at a time, and the string after each. */
function growing(key: string, from: number, to: number, step: number): StepLike[] {
  const steps: StepLike[] = [];
  for (let i = from; i < to; i += step) {
    steps.push(cmd("PFADD", key, ...numbered(i, Math.min(i + step, to))), `GET ${key}`, `PFCOUNT ${key}`);
  }
  return steps;
}

/** A HyperLogLog as somebody may have written it with SET. */
const hyll = (encoding: number, body: string, cardinality = "\x00\x00\x00\x00\x00\x00\x00\x80"): string =>
  `HYLL${String.fromCharCode(encoding)}\x00\x00\x00${cardinality}${body}`;

const EMPTY_RUNS = "\x7f\xff";
const DENSE_BODY = 12288;

const basics: Case[] = [
  {
    name: "wrong numbers of arguments",
    commands: [
      "PFADD",
      "PFCOUNT",
      "PFMERGE",
      "PFDEBUG",
      "PFDEBUG GETREG",
      "PFDEBUG ENCODING k x",
      "PFSELFTEST x",
      "PFADD k",
      "PFADD k",
      "PFMERGE m",
      "PFMERGE m",
      "GET k",
      "GET m",
      "PFCOUNT k",
      "PFCOUNT k m",
    ],
  },
  [
    "PFADD k a b c",
    "GET k",
    "PFCOUNT k",
    "GET k",
    "PFCOUNT k",
    "PFADD k a",
    "PFADD k d",
    "GET k",
    "TYPE k",
    "STRLEN k",
  ],
  ["PFADD k a", `EXPIREAT k ${FAR}`, ...growing("k", 0, 40, 5), "EXPIRETIME k", "PFDEBUG TODENSE k", "EXPIRETIME k"],
  ["PFADD k ''", cmd("PFADD", "k", "\x00", "\x00\x00", "\xff".repeat(9)), "GET k", "PFCOUNT k"],
  [
    "PFADD k a",
    "COPY k l",
    "APPEND l x",
    "PFCOUNT l",
    "PFADD l b",
    "GET l",
    "SETRANGE k 0 hyll",
    "PFCOUNT k",
    "PFADD k a",
  ],
  {
    name: "elements of every length",
    commands: Array.from({ length: 70 }, (_, length) =>
      cmd("PFADD", "k", "abcdefg\xff".repeat(9).slice(0, length)),
    ).concat(cmd("GET", "k")),
  },
  { name: "one element at a time", commands: growing("k", 0, 300, 1), protocols: [3] },
  { name: "until it is dense", commands: growing("k", 0, 4000, 50), protocols: [3] },
  { name: "many elements", commands: growing("k", 0, 60_000, 5000), protocols: [3] },
  {
    name: "hll-sparse-max-bytes",
    commands: [0, 18, 20, 100, 3000, 16000, 20000].flatMap((limit) => [
      `CONFIG SET hll-sparse-max-bytes ${limit}`,
      ...growing(`k${limit}`, 0, 100, 7),
      ...growing(`k${limit}`, 0, 9000, 900),
      `PFDEBUG ENCODING k${limit}`,
      `PFMERGE m${limit} k${limit}`,
      `GET m${limit}`,
    ]),
    cleanup: ["CONFIG SET hll-sparse-max-bytes 3000"],
    protocols: [3],
  },
  { name: "PFSELFTEST", commands: ["PFSELFTEST"], protocols: [2] },
];

const merging: Case[] = [
  [
    "PFADD a 1 2 3",
    "PFADD b 3 4 5",
    "PFCOUNT a b",
    "PFCOUNT a missing b a",
    "PFMERGE d a b",
    "GET d",
    "PFCOUNT d",
    "GET d",
  ],
  ["PFADD a 1 2 3", "PFCOUNT a", "PFMERGE a missing", "GET a", "PFMERGE a a a", "GET a", "PFMERGE d missing", "GET d"],
  {
    name: "sparse and dense ones",
    commands: [
      cmd("PFADD", "sparse", ...numbered(0, 400)),
      cmd("PFADD", "other", ...numbered(200, 900)),
      cmd("PFADD", "dense", ...numbered(0, 50_000)),
      "PFADD small x",
      "PFDEBUG TODENSE small",
      "PFDEBUG TODENSE small",
      "PFCOUNT sparse other",
      "PFCOUNT dense sparse small missing",
      "PFMERGE d1 sparse other",
      "GET d1",
      "PFMERGE d2 sparse dense",
      "GET d2",
      "PFMERGE d3 sparse small",
      "GET d3",
      "PFMERGE sparse small",
      "GET sparse",
      "PFMERGE dense other",
      "GET dense",
      "PFCOUNT dense",
      "PFCOUNT d1 d2 d3",
      `EXPIREAT other ${FAR}`,
      "PFMERGE other d1",
      "EXPIRETIME other",
      "GET other",
    ],
  },
];

const debugging: Case = {
  name: "PFDEBUG",
  commands: [
    "PFDEBUG GETREG missing",
    "PFDEBUG NOSUCH missing",
    "PFADD k a b c",
    "PFDEBUG NOSUCH k",
    "PFDEBUG decode k",
    "PFDEBUG Encoding k",
    "GET k",
    "PFDEBUG GETREG k",
    "GET k",
    "PFDEBUG encoding k",
    "PFDEBUG DECODE k",
    "PFDEBUG TODENSE k",
    "PFADD d x y",
    "PFCOUNT d",
    "PFDEBUG todense d",
    "GET d",
    "PFDEBUG GETREG d",
    cmd("SET", "e", hyll(1, EMPTY_RUNS)),
    "OBJECT ENCODING e",
    "PFDEBUG ENCODING e",
    "OBJECT ENCODING e",
  ],
};

const NOT_HYPERLOGLOGS = [
  "",
  "1",
  "12345678901234567890",
  "HYLL",
  hyll(1, "").slice(0, 15),
  `hyll${hyll(1, EMPTY_RUNS).slice(4)}`,
  hyll(2, EMPTY_RUNS),
  hyll(0, EMPTY_RUNS),
  hyll(0, "\x00".repeat(DENSE_BODY - 1)),
  hyll(0, "\x00".repeat(DENSE_BODY + 1)),
];

/** Runs that are too few, too many, or odd ways to write what can be written shorter. */
const ODD_RUNS = [
  "",
  "\x7f",
  "\x7f\xfe",
  "\x7f\xff\x00",
  "\x7f\xff\x80",
  "\x80",
  "\x80".repeat(16_384),
  "\x83".repeat(4096),
  "\x84\x84\x84\x84\x88\x7f\xfa",
  "\x40\x00".repeat(16_384),
  "\x00".repeat(16_384),
  "\x40\x00\x40\x00\x7f\xfd",
  "\x3f".repeat(256),
  "\x3f".repeat(257),
  "\x80\x7f\xfe",
  "\x7f\xfe\x80",
  "\x7f\xfe\x40",
  "\x80\x80\x80\x7f\xfc",
  "\x88\x88\x7f\xfd",
  "\x00\x88\x00\x88\x00\x88\x7f\xf9",
];

/** A step that shows the runs, if that does not take a long reply. */
const invalid: Case[] = [
  {
    name: "strings that are none",
    commands: NOT_HYPERLOGLOGS.flatMap((value) => [
      cmd("SET", "k", value),
      "PFADD k a",
      "PFCOUNT k",
      "PFCOUNT other k",
      "PFMERGE k",
      "PFMERGE d k",
      "PFDEBUG ENCODING k",
      "GET k",
      "OBJECT ENCODING k",
      "EXISTS d",
    ]),
  },
  ...ODD_RUNS.map((runs, i) => ({
    name: `runs that are odd or corrupted, ${i}`,
    commands: [
      cmd("SET", "k", hyll(1, runs)),
      "PFDEBUG DECODE k",
      "PFCOUNT k",
      "PFCOUNT k k",
      "PFADD k a b c",
      "GET k",
      "PFADD k d",
      "PFADD k e",
      "PFADD k f",
      "PFADD k 1 2 3 4 5 6 7 8 9",
      "GET k",
      "PFCOUNT k",
      "PFMERGE d k",
      "GET d",
      "PFDEBUG TODENSE k",
      "GET k",
      cmd("SET", "k", hyll(1, runs)),
      "PFMERGE k k",
      "GET k",
    ],
  })),
  {
    name: "registers that no hash gives",
    commands: ["\x00", "\xff", "\xaa", "\x33\xcf\x3c", "\xb2\x2c\xcb", "\x04\x41\x10"].flatMap((body) => [
      cmd("SET", "k", hyll(0, body.repeat(DENSE_BODY / body.length))),
      "PFCOUNT k",
      "GET k",
      "PFCOUNT k",
      "PFCOUNT k missing",
      "PFADD k a b c d e f",
      "GET k",
      "PFMERGE d k",
      "GET d",
      "PFCOUNT d",
      "DEL d",
    ]),
  },
  {
    name: "cardinalities that were written by hand",
    commands: [
      "\x01\x02\x03\x04\x05\x06\x07\x08",
      "\xff\xff\xff\xff\xff\xff\xff\x7f",
      "\x00\x00\x00\x00\x00\x00\x00\xff",
    ].flatMap((cardinality) => [
      cmd("SET", "k", hyll(1, EMPTY_RUNS, cardinality)),
      "PFCOUNT k",
      "OBJECT ENCODING k",
      "GET k",
    ]),
  },
];

const keys: Case = {
  name: "where the keys are",
  commands: [
    "COMMAND GETKEYSANDFLAGS PFADD k a",
    "COMMAND GETKEYSANDFLAGS PFCOUNT a b c",
    "COMMAND GETKEYSANDFLAGS PFMERGE d a b",
    "COMMAND GETKEYS PFMERGE d a",
    "COMMAND GETKEYS PFDEBUG GETREG k",
  ],
};

differential("HyperLogLog commands", { cases: [...basics, ...merging, debugging, ...invalid, keys] });

const KEYS = ["a", "b", "c", "d"];

function someElements(random: Random): string[] {
  const count = random.pick([0, 1, 1, 2, 5, 30, 200]);
  const range = random.pick([20, 1000, 1_000_000]);
  return Array.from({ length: count }, () => String(random.integer(0, range)));
}

randomDifferential("HyperLogLog commands at random", {
  seed: 20240304,
  operations: 5000,
  generate(random) {
    const key = random.pick(KEYS);
    switch (
      random.weighted({
        add: 12,
        count: 3,
        union: 2,
        merge: 2,
        get: 3,
        decode: 2,
        dense: 0.2,
        del: 2,
        limit: 1,
        damage: 0.5,
      })
    ) {
      case "add":
        return cmd("PFADD", key, ...someElements(random));
      case "count":
        return cmd("PFCOUNT", key);
      case "union":
        return cmd("PFCOUNT", key, random.pick(KEYS), "missing");
      case "merge":
        return cmd("PFMERGE", key, ...random.pick([[], [random.pick(KEYS)], [random.pick(KEYS), random.pick(KEYS)]]));
      case "get":
        return cmd("GET", key);
      case "decode":
        return cmd("PFDEBUG", random.pick(["DECODE", "ENCODING"]), key);
      case "dense":
        return cmd("PFDEBUG", "TODENSE", key);
      case "del":
        return cmd("DEL", key);
      case "limit":
        return cmd("CONFIG", "SET", "hll-sparse-max-bytes", random.pick([0, 60, 400, 3000, 3000, 16000]));
      case "damage":
        // One random byte among the first runs, which the next commands have to cope with as Redis does.
        return cmd("SETRANGE", key, random.integer(8, 60), random.bytes(1));
    }
  },
});
