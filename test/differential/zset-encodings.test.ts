/**
 * When sorted sets change their encoding, and random sequences of all their commands, beside Redis 8.0: its rules are
 * those of 7.2, and it prints doubles as 7.2 does.
 */

import type { Random } from "../support/random";
import {
  cmd,
  type DetailedCase,
  differential,
  matching,
  randomDifferential,
  type StepLike,
  sortedDeep,
} from "./harness";

const LONG = "x".repeat(100);

/** All of a sorted set. */
const all = (key: string): string => `ZRANGE ${key} 0 -1 WITHSCORES`;

// --- encodings -----------------------------------------------------------------------------------------------------

const encoding = (key: string): string => `OBJECT ENCODING ${key}`;
const entries = (limit: number): string => `CONFIG SET zset-max-listpack-entries ${limit}`;
const value = (limit: number): string => `CONFIG SET zset-max-listpack-value ${limit}`;
const DEFAULTS = [entries(128), value(64)];

const encodings: DetailedCase[] = [
  {
    name: "one member too many",
    commands: [
      entries(3),
      "ZADD k 1 a 2 b 3 c",
      encoding("k"),
      "ZADD k 5 a 6 b",
      encoding("k"),
      "ZADD k 4 d",
      encoding("k"),
      "ZREM k a b c",
      encoding("k"),
      all("k"),
    ],
    cleanup: DEFAULTS,
  },
  {
    name: "more at once than there may be",
    commands: [
      entries(2),
      "ZADD k 1 a 1 a 1 a",
      encoding("k"),
      "ZADD l 1 a",
      encoding("l"),
      "ZADD l 2 a 3 a 4 a",
      encoding("l"),
      "ZADD m 1 a 2 b",
      encoding("m"),
      "ZADD m XX 1 x 2 y 3 z",
      encoding("m"),
      "ZADD n XX 1 x 2 y 3 z",
      "EXISTS n",
    ],
    cleanup: DEFAULTS,
  },
  {
    name: "members that are too long",
    commands: [
      value(4),
      "ZADD k 1 abcd",
      encoding("k"),
      "ZADD k 1 abcde",
      encoding("k"),
      "ZADD l 1 abcde",
      encoding("l"),
      "ZADD m 1 a 2 abcde",
      encoding("m"),
      "ZADD n 123456.789 a",
      encoding("n"),
      "ZADD n XX 1 abcde",
      encoding("n"),
      "ZINCRBY n 1 abcde",
      encoding("n"),
    ],
    cleanup: DEFAULTS,
  },
  {
    name: "limits that change",
    commands: [
      "ZADD k 1 a 2 b 3 c",
      encoding("k"),
      entries(2),
      encoding("k"),
      "ZADD k 9 a",
      encoding("k"),
      "ZADD k 4 d",
      encoding("k"),
      entries(128),
      encoding("k"),
      "ZADD k 5 e",
      encoding("k"),
      "COPY k l",
      encoding("l"),
      "ZRANGESTORE m k 0 -1",
      encoding("m"),
      "ZUNIONSTORE m 1 k",
      encoding("m"),
      "CONFIG SET zset-max-ziplist-entries 0",
      "ZRANGESTORE m k 0 0",
      encoding("m"),
      "ZADD n 1 a",
      encoding("n"),
    ],
    cleanup: DEFAULTS,
  },
  {
    name: "what is stored",
    commands: [
      entries(3),
      value(4),
      "ZADD k 1 a 2 b 3 c 4 d 5 abcdef",
      "ZADD l 1 a 2 b",
      "ZRANGESTORE d k 0 2",
      encoding("d"),
      "ZRANGESTORE d k 0 3",
      encoding("d"),
      "ZRANGESTORE d k 4 4",
      encoding("d"),
      "ZRANGESTORE d k 1 3 BYSCORE",
      encoding("d"),
      "ZRANGESTORE d k 1 4 BYSCORE",
      encoding("d"),
      "ZUNIONSTORE d 2 k l",
      encoding("d"),
      "ZINTERSTORE d 2 k l",
      encoding("d"),
      "ZDIFFSTORE d 2 k l",
      encoding("d"),
      "ZUNIONSTORE d 2 l l",
      encoding("d"),
      "SADD s a b c",
      "ZUNIONSTORE d 1 s",
      encoding("d"),
      all("d"),
    ],
    cleanup: DEFAULTS,
  },
  {
    name: "limits of zero and below",
    commands: [
      entries(0),
      "ZADD k 1 a",
      encoding("k"),
      entries(-1),
      entries(1),
      value(0),
      cmd("ZADD", "l", "1", ""),
      encoding("l"),
      "ZADD m 1 a",
      encoding("m"),
    ],
    cleanup: DEFAULTS,
  },
  {
    name: "scores of ZSCAN, by encoding",
    commands: [
      "ZADD k 0.1 a",
      "ZADD k 1e17 b",
      sortedDeep("ZSCAN k 0"),
      value(0),
      "ZADD k 3 c",
      encoding("k"),
      sortedDeep("ZSCAN k 0"),
      "ZADD k 2.5e-7 d 123456789012345678 e -0 f inf g 1e-5 h 2.98023223876953125e-8 i",
      sortedDeep("ZSCAN k 0"),
    ],
    cleanup: DEFAULTS,
  },
  {
    name: "a long one",
    commands: [
      `ZADD k ${Array.from({ length: 300 }, (_, i) => `${(i * 7919) % 300} m${i}`).join(" ")}`,
      encoding("k"),
      matching(/./, "DEBUG OBJECT k"),
      "ZRANGE k 100 110 WITHSCORES",
      "ZRANGEBYSCORE k 250 (255",
      "ZRANK k m17",
      `ZADD k 1 ${LONG}`,
      "ZREMRANGEBYRANK k 10 250",
      "ZCARD k",
      all("k"),
      encoding("k"),
    ],
  },
];

differential("encodings of sorted sets", {
  args: ["--enable-debug-command", "yes"],
  cases: encodings.map((each) => ({ oracle: "redis8" as const, ...each })),
});

// --- random operations ---------------------------------------------------------------------------------------------

const KEYS = ["a", "b", "c", "d"];

const someKey = (random: Random): string => random.pick(KEYS);
const someKeys = (random: Random): string => {
  const keys = Array.from({ length: random.integer(1, 4) }, () => random.pick([...KEYS, "missing", "set"]));
  return `${keys.length} ${keys.join(" ")}`;
};

function someMember(random: Random): string {
  return random.pick([
    () => `${random.integer(-9, 30)}`,
    () => `m${random.integer(0, 40)}`,
    () => random.string(random.integer(1, 12), "abc"),
  ])();
}

function someScore(random: Random): string {
  return random.pick([
    () => `${random.integer(-5, 5)}`,
    () => `${random.integer(-1000, 1000) / 8}`,
    () => String(random.float() * 10 ** random.integer(-9, 9)),
    () => random.pick(["inf", "-inf", "1e17", "-0", "0", "9007199254740993", "0.1"]),
  ])();
}

const someRank = (random: Random): number => random.integer(-25, 25);
const someBound = (random: Random): string => (random.chance(0.3) ? "(" : "") + someScore(random);
const someLex = (random: Random): string =>
  random.chance(0.2)
    ? random.pick(["-", "+"])
    : random.pick(["[", "("]) + random.string(random.integer(0, 2), "abcm123");
const someLimit = (random: Random): string =>
  random.chance(0.4) ? ` LIMIT ${random.integer(0, 6)} ${random.integer(-1, 8)}` : "";
const somePairs = (random: Random): string =>
  Array.from({ length: random.pick([1, 1, 2, 5, 12]) }, () => `${someScore(random)} ${someMember(random)}`).join(" ");
const someWeights = (random: Random, keys: string): string => {
  const count = Number(keys.split(" ")[0]);
  return random.chance(0.5)
    ? ` WEIGHTS ${Array.from({ length: count }, () => random.pick([0, 1, 2, -1, 0.5])).join(" ")}`
    : "";
};
const someAggregate = (random: Random): string =>
  random.chance(0.5) ? ` AGGREGATE ${random.pick(["SUM", "MIN", "MAX"])}` : "";

/** Members of one key share a score: lexicographical ranges want that. */
const LEX_KEY = "lex";

const OPERATIONS: Record<string, readonly [weight: number, make: (random: Random) => StepLike]> = {
  add: [
    30,
    (r) => `ZADD ${someKey(r)} ${r.pick(["", "", "NX ", "XX ", "GT ", "LT CH ", "CH ", "XX GT CH "])}${somePairs(r)}`,
  ],
  incr: [6, (r) => `ZADD ${someKey(r)} ${r.pick(["", "NX ", "XX ", "GT "])}INCR ${someScore(r)} ${someMember(r)}`],
  increase: [8, (r) => `ZINCRBY ${someKey(r)} ${someScore(r)} ${someMember(r)}`],
  remove: [8, (r) => `ZREM ${someKey(r)} ${someMember(r)} ${someMember(r)}`],
  score: [4, (r) => `ZMSCORE ${someKey(r)} ${someMember(r)} ${someMember(r)}`],
  rank: [6, (r) => `${r.pick(["ZRANK", "ZREVRANK"])} ${someKey(r)} ${someMember(r)}${r.pick([" WITHSCORE", ""])}`],
  range: [6, (r) => `ZRANGE ${someKey(r)} ${someRank(r)} ${someRank(r)}${r.pick(["", " REV"])} WITHSCORES`],
  byScore: [
    6,
    (r) =>
      `${r.pick(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"])} ${someKey(r)} ${someBound(r)} ${someBound(r)}${someLimit(r)}`,
  ],
  count: [4, (r) => `ZCOUNT ${someKey(r)} ${someBound(r)} ${someBound(r)}`],
  addLex: [6, (r) => `ZADD ${LEX_KEY} 0 ${someMember(r)} 0 ${r.string(r.integer(1, 3), "abc")}`],
  byLex: [
    6,
    (r) => `${r.pick(["ZRANGEBYLEX", "ZREVRANGEBYLEX"])} ${LEX_KEY} ${someLex(r)} ${someLex(r)}${someLimit(r)}`,
  ],
  lexCount: [3, (r) => `ZLEXCOUNT ${LEX_KEY} ${someLex(r)} ${someLex(r)}`],
  removeRank: [1, (r) => `ZREMRANGEBYRANK ${someKey(r)} ${someRank(r)} ${someRank(r)}`],
  removeScore: [1, (r) => `ZREMRANGEBYSCORE ${someKey(r)} ${someBound(r)} ${someBound(r)}`],
  removeLex: [1, (r) => `ZREMRANGEBYLEX ${LEX_KEY} ${someLex(r)} ${someLex(r)}`],
  pop: [4, (r) => `${r.pick(["ZPOPMIN", "ZPOPMAX"])} ${someKey(r)} ${r.integer(0, 4)}`],
  popMany: [
    2,
    (r) => `ZMPOP ${someKeys(r).replace(/ set/g, " missing")} ${r.pick(["MIN", "MAX"])} COUNT ${r.integer(1, 5)}`,
  ],
  store: [3, (r) => `ZRANGESTORE ${someKey(r)} ${someKey(r)} ${someRank(r)} ${someRank(r)}`],
  addSet: [1, (r) => `SADD set ${someMember(r)}`],
  algebra: [
    4,
    (r) => {
      const keys = someKeys(r);
      return `${r.pick(["ZUNION", "ZINTER"])} ${keys}${someWeights(r, keys)}${someAggregate(r)} WITHSCORES`;
    },
  ],
  difference: [2, (r) => `ZDIFF ${someKeys(r)} WITHSCORES`],
  card: [2, (r) => `ZINTERCARD ${someKeys(r)} LIMIT ${r.integer(0, 3)}`],
  algebraStore: [
    2,
    (r) => {
      const keys = someKeys(r);
      return `${r.pick(["ZUNIONSTORE", "ZINTERSTORE"])} ${someKey(r)} ${keys}${someWeights(r, keys)}${someAggregate(r)}`;
    },
  ],
  differenceStore: [1, (r) => `ZDIFFSTORE ${someKey(r)} ${someKeys(r)}`],
  encoding: [4, (r) => encoding(someKey(r))],
  limit: [1, (r) => entries(r.pick([0, 5, 20, 128]))],
  delete: [0.5, (r) => `DEL ${someKey(r)}`],
};

const WEIGHTS = Object.fromEntries(Object.entries(OPERATIONS).map(([name, [weight]]) => [name, weight]));

const AT_RANDOM: Record<string, readonly string[]> = {
  "with the usual limits": [],
  "with small limits": ["--zset-max-listpack-entries", "12", "--zset-max-listpack-value", "6"],
};

for (const [index, [name, args]] of Object.entries(AT_RANDOM).entries()) {
  randomDifferential(`sorted set commands at random, ${name}`, {
    seed: 20240701 + index,
    operations: 6000,
    oracle: "redis8",
    args,
    generate: (random) => OPERATIONS[random.weighted(WEIGHTS)][1](random),
    verify: [...KEYS, LEX_KEY].flatMap((key) => [all(key), encoding(key)]),
  });
}

/** A score that may need all digits: of any magnitude, of money and the like, or an integer that is not safe. */
function anyScore(random: Random): string {
  const whole = random.uint32() * 2 ** 21 + (random.uint32() >>> 11);
  return String(
    random.pick([
      whole / 10 ** random.integer(0, 30),
      whole / 2 ** random.integer(0, 60),
      whole * 2 ** random.integer(0, 12),
      random.integer(-1_000_000, 1_000_000) / 100,
    ]),
  );
}

randomDifferential("the text of scores, and what DEBUG DIGEST makes of it", {
  seed: 20240703,
  operations: 6000,
  oracle: "redis8",
  args: ["--zset-max-listpack-entries", "1", "--enable-debug-command", "yes"],
  generate: (random) =>
    random.pick([
      `ZADD k ${anyScore(random)} a`,
      `ZADD l ${anyScore(random)} ${random.pick(["a", "b"])}`,
      "ZSCORE k a",
      "ZRANGE l 0 -1 WITHSCORES",
      "DEBUG DIGEST-VALUE k l",
    ]),
});
