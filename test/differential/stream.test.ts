/** Streams beside real Redis: entries, ranges, trimming, reading. Groups are in stream-group.test.ts. */

import type { Random } from "../support/random";
import { error } from "../support/reply";
import { answers, type Case, cmd, differential, randomDifferential, type StepLike } from "./harness";

const MAX = "18446744073709551615";

/** XINFO STREAM, which shows every field of the header. */
const INFO = "XINFO STREAM s";

const basics: Case[] = [
  {
    name: "wrong numbers of arguments",
    commands: [
      "XADD",
      "XADD s * a",
      "XADD s * a b c",
      "XADD s *",
      "XADD s MAXLEN 5 *",
      "XADD s 1-1 a",
      "XLEN",
      "XLEN s s",
      "XRANGE s -",
      "XREVRANGE s +",
      "XDEL s",
      "XTRIM s MAXLEN",
      "XSETID s",
      "XREAD STREAMS s",
      "XREAD COUNT 2",
    ],
  },
  ["XADD s 1-1 a b", "XADD s 1-2 a b", "XADD s 2 a b", "XADD s 2 a b", "XADD s 1-9 a b", "XLEN s", "TYPE s", INFO],
  [
    "XADD s 5-* a b",
    "XADD s 5-* a b",
    "XADD s 4-* a b",
    "XADD s 0-* a b",
    "XADD t 0-* a b",
    `XADD t 3-${MAX} a b`,
    // Redis 7.0 names the wrong reason.
    answers(
      "XADD t 3-* a b",
      error("ERR The ID specified in XADD is equal or smaller than the target stream top item"),
    ),
    "XADD t 4-* a b",
    "XRANGE s - +",
    "XRANGE t - +",
  ],
  {
    name: "IDs at the edges",
    commands: [
      "XADD s 0 a b",
      "XADD s 0-0 a b",
      "EXISTS s",
      "XADD s 0-1 a b",
      `XADD s 9223372036854775807-9223372036854775808 a b`,
      `XADD s ${MAX}-* a b`,
      `XADD s ${MAX}-${MAX} a b`,
      "XADD s * a b",
      `XADD s ${MAX}-${MAX} a b`,
      "XADD s 1-1 a b",
      "XRANGE s - +",
      INFO,
      `XDEL s ${MAX}-${MAX}`,
      "XADD s * a b",
      INFO,
    ],
  },
  {
    name: "what is no ID",
    commands: [
      ...[
        "-",
        "+",
        "$",
        ">",
        "x",
        "",
        "1-",
        "-1",
        "1-x",
        "1-1-1",
        "1-1-*",
        "1-**",
        "*-1",
        "**",
        "1.5",
        `${MAX}0`,
        "1-18446744073709551616",
      ],
      "(1-1",
      " 1-1",
      "01-01",
      "+1-1",
      "1-+2",
      "1--1",
      "1--01",
      "1-1\x00",
      "0x1-1",
      "1e3-1",
    ].flatMap((id): StepLike[] => [cmd("XADD", "s", id, "a", "b"), cmd("XDEL", "s", id), cmd("XRANGE", "s", id, "+")]),
  },
  {
    name: "the clock set back does not matter",
    commands: [
      "XADD s 9999999999999-5 a b",
      "XADD s * a b",
      "XADD s * a b",
      `XADD s 99999999999990-${MAX} a b`,
      "XADD s * a b",
      "XRANGE s - +",
    ],
  },
  [
    "XADD s NOMKSTREAM * a b",
    "EXISTS s",
    "XADD s nomkstream nomkstream 1-1 a b",
    "XADD s 1-1 a b",
    "XADD s NOMKSTREAM 1-2 a b",
    "XLEN s",
  ],
  [
    "SET k v",
    "XADD k * a b",
    "XLEN k",
    "XRANGE k - +",
    "XDEL k 1-1",
    "XTRIM k MAXLEN 1",
    "XSETID k 1",
    "XREAD STREAMS k 0",
    "XADD k NOMKSTREAM 1 a b",
  ],
  {
    name: "fields and values of all kinds",
    commands: [
      cmd("XADD", "s", "1-1", "f", "", "", "v"),
      cmd("XADD", "s", "1-2", "n", "0", "n", "127", "n", "128", "n", "-1", "n", "4095", "n", "4096", "n", "-4097"),
      cmd(
        "XADD",
        "s",
        "1-3",
        "n",
        "32768",
        "n",
        "8388608",
        "n",
        "2147483648",
        "n",
        "9223372036854775807",
        "n",
        "9223372036854775808",
      ),
      cmd("XADD", "s", "1-4", "n", "-9223372036854775808", "x", "01", "x", "-0", "x", "+1", "x", "1.0"),
      cmd(
        "XADD",
        "s",
        "1-5",
        "63",
        "x".repeat(63),
        "64",
        "x".repeat(64),
        "4095",
        "x".repeat(4095),
        "4096",
        "x".repeat(4096),
      ),
      cmd("XADD", "s", "1-6", new Uint8Array([0, 255, 13, 10]), new Uint8Array([255, 0])),
      cmd("XADD", "s", "1-7", "big", "y".repeat(100_000)),
      cmd("XADD", "s", "1-8", ...Array.from({ length: 400 }, (_, i) => `${i % 7}`)),
      "XRANGE s - +",
      "XREVRANGE s + -",
      INFO,
    ],
  },
  {
    name: "entries with the fields of the first one, and without",
    commands: [
      "XADD s 1-1 a 1 b 2",
      "XADD s 1-2 a 3 b 4",
      "XADD s 1-3 b 1 a 2",
      "XADD s 1-4 a 1",
      "XADD s 1-5 a 1 b 2 c 3",
      "XADD s 1-6 a 5 b 6",
      "XADD s 1-7 A 5 b 6",
      "XRANGE s - +",
      "XREVRANGE s + -",
      "XDEL s 1-3 1-6",
      "XRANGE s - +",
      "XREVRANGE s + -",
      "DEBUG DIGEST-VALUE s",
      "COPY s t",
      "DEBUG DIGEST-VALUE t",
      "OBJECT ENCODING t",
    ],
  },
];

/** A stream of `count` entries with gaps, and tombstones at the edges of nodes and inside. */
const filled = (count: number, gap = 3): StepLike[] => {
  const steps: StepLike[] = [];
  for (let i = 1; i <= count; i++) steps.push(`XADD s ${Math.ceil(i / 5)}-${i * gap} f${i % 3} v${i} g ${i}`);
  return steps;
};

const ranges: Case[] = [
  {
    name: "ranges of many nodes",
    commands: [
      "CONFIG SET stream-node-max-entries 7",
      ...filled(60),
      "XDEL s 1-3 1-15 2-21 2-24 3-45 12-177 12-180",
      ...["-", "0", "1", "1-3", "2", "2-21", "2-22", "(2-21", "5-75", "12", "12-180", "13", "+"].flatMap((start) =>
        ["+", "-", "2", "2-24", "(2-24", "5", "(5-75", "11-160", "12-180", "99"].flatMap((end): StepLike[] => [
          `XRANGE s ${start} ${end}`,
          `XREVRANGE s ${end} ${start}`,
          `XRANGE s ${start} ${end} COUNT 3`,
          `XREVRANGE s ${end} ${start} COUNT 3`,
        ]),
      ),
    ],
    cleanup: ["CONFIG SET stream-node-max-entries 100"],
  },
  {
    name: "intervals",
    commands: [
      "XADD s 1-1 a b",
      `XRANGE s (${MAX}-${MAX} +`,
      `XRANGE s (${MAX} +`,
      "XRANGE s - (0-0",
      "XRANGE s - (0",
      "XRANGE s (- +",
      "XRANGE s - (+",
      "XRANGE s ( +",
      "XRANGE s ((1-1 +",
      "XRANGE s (0-0 (1-2",
      "XRANGE s (1-1 (1-2",
      "XRANGE s + -",
      "XREVRANGE s - +",
      `XREVRANGE s + (${MAX}-${MAX}`,
      "XREVRANGE s (0-0 -",
      "XRANGE s - + COUNT 0",
      "XRANGE s - + COUNT -1",
      "XRANGE s - + COUNT x",
      "XRANGE s - + COUNT",
      "XRANGE s - + COUNT 9223372036854775807",
      "XRANGE s - + COUNT 9223372036854775808",
      "XRANGE s - + LIMIT 1",
      "XRANGE s - + COUNT 1 COUNT 0",
      "XRANGE s x +",
      "XRANGE missing - +",
      "XRANGE missing - + COUNT 0",
      "XRANGE missing - x",
      "XREVRANGE missing + -",
    ],
  },
];

const trimming: Case[] = [
  {
    name: "options and errors",
    commands: [
      "XADD s MAXLEN",
      "XADD s MAXLEN 5",
      "XADD s MAXLEN ~ 5",
      "XADD s MAXLEN -1 * a b",
      "XADD s MAXLEN x * a b",
      "XADD s MAXLEN 9223372036854775808 * a b",
      "XADD s MAXLEN 5 MINID 5 * a b",
      "XADD s MAXLEN 5 MAXLEN 6 * a b",
      "XADD s MINID x * a b",
      "XADD s MINID - * a b",
      "XADD s MINID = * a b",
      "XADD s LIMIT 5 * a b",
      "XADD s LIMIT 0 * a b",
      "XADD s MAXLEN 5 LIMIT 5 * a b",
      "XADD s MAXLEN = 5 LIMIT 5 * a b",
      "XADD s MAXLEN ~ 5 LIMIT -1 * a b",
      "XADD s MAXLEN ~ 5 LIMIT x * a b",
      "XADD s LIMIT x * a b",
      "XADD s MAXLEN ~ 5 LIMIT 5 bad a b",
      "EXISTS s",
      "XADD s LIMIT 0 MAXLEN ~ 5 1-1 a b",
      "XADD s MAXLEN 9223372036854775807 1-2 a b",
      "XTRIM s",
      "XTRIM s MAXLEN",
      "XTRIM s FOO 1",
      "XTRIM s MAXLEN 5 FOO",
      "XTRIM s LIMIT 4",
      "XTRIM s LIMIT 0",
      "XTRIM s MAXLEN = 0 LIMIT 3",
      "XTRIM s NOMKSTREAM MAXLEN 3",
      "XTRIM s MAXLEN ~",
      "XTRIM s MAXLEN ~ 0 LIMIT",
      "XTRIM s MINID 5 MAXLEN 3",
      "XTRIM missing MAXLEN 0",
      "XTRIM missing MAXLEN x",
      "XLEN s",
    ],
  },
  {
    name: "to nothing",
    commands: [
      "XADD s 1-1 a b",
      "XADD s 1-2 a b",
      "XTRIM s MAXLEN 0",
      INFO,
      "XADD s 1-2 a b",
      "XADD s 1-3 a b",
      "XTRIM s MINID 9",
      INFO,
      "EXISTS s",
      "XADD s MAXLEN 0 2-2 a b",
      INFO,
    ],
  },
  ...[1, 3, 10, 100].map(
    (entries): Case => ({
      name: `nodes of ${entries}`,
      commands: [
        `CONFIG SET stream-node-max-entries ${entries}`,
        ...filled(50),
        "XTRIM s MAXLEN 49",
        INFO,
        "XTRIM s MAXLEN ~ 45",
        INFO,
        "XTRIM s MAXLEN = 41",
        "XDEL s 3-42 3-45 10-150 5-60",
        INFO,
        "XTRIM s MINID ~ 4-50",
        INFO,
        "XTRIM s MINID 4-51",
        INFO,
        "XTRIM s MAXLEN ~ 0 LIMIT 1",
        "XTRIM s MAXLEN ~ 0 LIMIT 7",
        INFO,
        "XTRIM s MAXLEN 100",
        "XTRIM s MINID 1",
        "XADD s MAXLEN 5 11-1 a b",
        "XADD s MAXLEN ~ 3 11-2 a b",
        "XADD s MINID 11-2 11-3 a b",
        "XADD s MINID ~ 11-3 LIMIT 2 11-4 a b",
        "XRANGE s - +",
        INFO,
        "XTRIM s MAXLEN ~ 0",
        INFO,
      ],
      cleanup: ["CONFIG SET stream-node-max-entries 100"],
    }),
  ),
  {
    name: "nodes by bytes",
    commands: [
      "CONFIG SET stream-node-max-bytes 200",
      ...filled(40),
      INFO,
      cmd("XADD", "s", "90-1", "f", "x".repeat(500)),
      "XADD s 90-2 a b",
      INFO,
      "CONFIG SET stream-node-max-bytes 0 stream-node-max-entries 0",
      ...Array.from({ length: 300 }, (_, i) => `XADD s 91-${i + 1} f ${i}`),
      INFO,
      "XTRIM s MAXLEN ~ 5",
      "XTRIM s MAXLEN 130",
      INFO,
      ...Array.from({ length: 129 }, (_, i) => `XDEL s 91-${300 - i}`),
      INFO,
      "XRANGE s - +",
    ],
    cleanup: ["CONFIG SET stream-node-max-bytes 4096 stream-node-max-entries 100"],
  },
];

const removing: Case[] = [
  [
    "XADD s 1-1 a b",
    "XADD s 1-2 a b",
    "XADD s 1-3 a b",
    "XDEL s 1-2",
    INFO,
    "XDEL s 1-2 1-2",
    "XDEL s 1-1 1-1 x",
    "XDEL s 1 9-9",
    "XLEN s",
    "XDEL s 1-1 1-3 1-3",
    INFO,
    "EXISTS s",
    "XRANGE s - +",
    "XREVRANGE s + -",
    "XADD s 1-3 a b",
    "XADD s 1-4 a b",
    INFO,
  ],
  ["XDEL missing 1-1", "XDEL missing x", "XDEL s"],
];

const setId: Case[] = [
  {
    name: "XSETID",
    commands: [
      "XSETID missing 1",
      "XSETID s x",
      "XADD s 5-5 a b",
      "XSETID s 5-4",
      "XSETID s 5-5",
      "XSETID s 9",
      INFO,
      "XADD s 8-1 a b",
      "XSETID s 10-1 ENTRIESADDED 0",
      "XSETID s 10-1 ENTRIESADDED -1",
      "XSETID s 10-1 ENTRIESADDED x",
      "XSETID s 10-1 ENTRIESADDED 9223372036854775807 MAXDELETEDID 2-2",
      INFO,
      "XADD s 11-1 a b",
      INFO,
      "XSETID s 12-1 MAXDELETEDID 12-2",
      "XSETID s 12-1 MAXDELETEDID x",
      "XSETID s 12-1 MAXDELETEDID",
      "XSETID s 12-1 ENTRIESADDED",
      "XSETID s 12-1 FOO 1",
      "XSETID s - ",
      "XSETID s +",
      "XDEL s 5-5 11-1",
      "XSETID s 11-1 MAXDELETEDID 0-0",
      INFO,
      answers("XSETID s 10-9", error("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")),
    ],
  },
  {
    name: "XSETID below what was deleted",
    oracle: "valkey8",
    commands: [
      "XADD s 1-1 a b",
      "XADD s 1-2 a b",
      "XDEL s 1-2",
      "XSETID s 1-1",
      "XSETID s 1-1 MAXDELETEDID 1-1",
      "XSETID s 1-2",
      INFO,
    ],
  },
];

const reading: Case[] = [
  {
    name: "XREAD",
    commands: [
      "XADD s 1-1 a b",
      "XADD s 2-1 a b",
      "XADD t 1-5 c d",
      "XREAD STREAMS s 0",
      "XREAD STREAMS s 1-1",
      "XREAD STREAMS s 1",
      "XREAD STREAMS s 2-1",
      "XREAD STREAMS s $",
      "XREAD STREAMS s t 0 0",
      "XREAD STREAMS s t $ 0",
      "XREAD STREAMS s t s 0 0 1-1",
      "XREAD COUNT 1 STREAMS s t 0 0",
      "XREAD COUNT 0 STREAMS s 0",
      "XREAD COUNT -5 STREAMS s 0",
      "XREAD COUNT x STREAMS s 0",
      "XREAD COUNT 1 COUNT 2 STREAMS s 0",
      "XREAD BLOCK 5 STREAMS s 0",
      "XREAD BLOCK 1 STREAMS s $",
      "XREAD BLOCK 1 STREAMS s missing 9 $",
      "XREAD BLOCK -1 STREAMS s 0",
      "XREAD BLOCK x STREAMS s 0",
      "XREAD BLOCK 1.5 STREAMS s 0",
      "XREAD STREAMS missing 0",
      "XREAD STREAMS missing $",
      "XREAD STREAMS missing s 0 0",
      "XREAD STREAMS s x",
      "XREAD STREAMS s -",
      "XREAD STREAMS s >",
      "XREAD STREAMS s t 0 >",
      "XREAD FOO STREAMS s 0",
      "XREAD COUNT STREAMS s 0",
      "XREAD NOACK STREAMS s 0",
      "XREAD GROUP g c STREAMS s 0",
      "XREAD streams streams 0",
      "SET k v",
      "XREAD STREAMS s k 0 0",
      "XREAD STREAMS k x",
      `XREAD STREAMS s ${MAX}-${MAX}`,
      `XREAD STREAMS s ${MAX}`,
      "XDEL s 2-1",
      "XREAD STREAMS s 1-1",
      "XREAD STREAMS s 0",
    ],
  },
  {
    name: "XREAD of a list of streams that is not balanced",
    oracle: "valkey8",
    commands: ["XREAD STREAMS s t 0", "XREADGROUP GROUP g c STREAMS s t 0"].map((command) =>
      answers(
        command,
        error(
          command.startsWith("XREADGROUP")
            ? "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified."
            : "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.",
        ),
      ),
    ),
  },
  [
    "COMMAND GETKEYS XREAD COUNT 1 STREAMS a b 0 0",
    "COMMAND GETKEYS XADD s * a b",
    "COMMAND GETKEYS XREADGROUP GROUP g c STREAMS a b > >",
  ],
];

const keys: Case[] = [
  [
    "XADD s 1-1 a b",
    "OBJECT ENCODING s",
    "RENAME s t",
    "XADD t 1-2 a b",
    "COPY t u",
    "XADD u 1-3 a b",
    "XDEL t 1-1",
    "XRANGE t - +",
    "XRANGE u - +",
    "XINFO STREAM u",
    "EXPIRE u 1000",
    "XADD u 1-4 a b",
    "TTL u",
    "DEL t",
    "UNLINK u",
    "DBSIZE",
  ],
];

differential("stream commands", {
  cases: [...basics, ...ranges, ...trimming, ...removing, ...setId, ...reading, ...keys],
});

// --- at random -----------------------------------------------------------------------------------------------------

const KEYS = ["s", "t"];

function someId(random: Random): string {
  const ms = random.integer(0, 60);
  return random.chance(0.3) ? String(ms) : `${ms}-${random.integer(0, 12)}`;
}

function someFields(random: Random): string[] {
  const names = random.pick([["a", "b"], ["a", "b"], ["a"], ["c", "d", "e"]]);
  return names.flatMap((name) => [
    name,
    random.pick([random.string(random.integer(0, 8)), random.edgeInteger(), random.string(random.pick([70, 300]))]),
  ]);
}

function trimOptions(random: Random): string[] {
  const strategy = random.pick([
    ["MAXLEN", String(random.integer(0, 60))],
    ["MINID", someId(random)],
  ]);
  const how = random.pick([[], ["="], ["~"]]);
  const limit = how[0] === "~" && random.chance(0.4) ? ["LIMIT", String(random.integer(0, 30))] : [];
  return [strategy[0], ...how, strategy[1], ...limit];
}

function bound(random: Random): string {
  return random.pick(["-", "+", someId(random), `(${someId(random)}`]);
}

function step(random: Random, index: number): StepLike {
  const key = random.pick(KEYS);
  const kind = random.weighted({
    add: 30,
    range: 6,
    del: 6,
    trim: 2,
    read: 3,
    setid: 0.7,
    info: 3,
    copy: 0.5,
    drop: 0.3,
    node: 1,
  });
  switch (kind) {
    case "add":
      return cmd(
        "XADD",
        key,
        ...(random.chance(0.08) ? trimOptions(random) : []),
        random.pick([`${Math.floor(index / 40)}-*`, `${Math.floor(index / 40)}-*`, someId(random)]),
        ...someFields(random),
      );
    case "range": {
      const count = random.chance(0.5) ? ["COUNT", String(random.integer(0, 9))] : [];
      return cmd(random.pick(["XRANGE", "XREVRANGE"]), key, bound(random), bound(random), ...count);
    }
    case "del":
      return cmd(
        "XDEL",
        key,
        ...Array.from(
          { length: random.integer(1, 6) },
          () => `${Math.floor((index * random.float()) / 40)}-${random.integer(0, 20)}`,
        ),
      );
    case "trim":
      return cmd("XTRIM", key, ...trimOptions(random));
    case "read":
      return cmd("XREAD", "COUNT", "5", "STREAMS", "s", "t", someId(random), random.pick(["$", someId(random)]));
    case "setid":
      return cmd("XSETID", key, `${Math.floor(index / 40)}-50`);
    case "info":
      return cmd("XINFO", "STREAM", key, ...random.pick([[], ["FULL"], ["FULL", "COUNT", "0"]]));
    case "copy":
      return cmd("COPY", "s", "t", "REPLACE");
    case "drop":
      return cmd("DEL", key);
    default:
      return random.chance(0.5)
        ? cmd("CONFIG", "SET", "stream-node-max-entries", String(random.pick([0, 1, 3, 20, 200])))
        : cmd("CONFIG", "SET", "stream-node-max-bytes", String(random.pick([0, 100, 1000, 4096])));
  }
}

randomDifferential("streams at random", {
  seed: 20240305,
  operations: 12_000,
  generate: step,
  verify: ["XINFO STREAM s FULL COUNT 0", "XINFO STREAM t FULL COUNT 0", "DEBUG DIGEST"],
});
