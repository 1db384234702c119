/**
 * Consumer groups of streams beside a real server. 7.2 counts the times of consumers otherwise than 7.0, so what is
 * compared with here is Valkey 8.1, which does as 7.2 did.
 */

import type { Random } from "../support/random";
import { integer, type Reply } from "../support/reply";
import type { Command } from "./command";
import { exact, timesWithin } from "./comparer";
import {
  type Case,
  type CommandLike,
  cmd,
  type DetailedCase,
  differential,
  randomDifferential,
  type Step,
} from "./harness";

const MAX = "18446744073709551615";
/** ms by which times may differ. */
const SOON = 5000;

const TIMES = /(^|\.)(idle|inactive|seen-time|active-time)$/;
/** Of a pending entry: ID, consumer, time, deliveries; among those of a consumer, ID, time, deliveries. */
const PENDING_TIMES = /^\d+\.2$|groups\.\d+\.pending\.\d+\.2$|consumers\.\d+\.pending\.\d+\.(1|[^.]*-[^.]*)$/;

/** A command whose reply holds times. */
function timed(command: CommandLike): Step {
  const compare = timesWithin(SOON, (path) => TIMES.test(path.join(".")) || PENDING_TIMES.test(path.join(".")));
  return { command, compare };
}

const CONSUMERS = timed("XINFO CONSUMERS s g");
const FULL = timed("XINFO STREAM s FULL");
const PENDING = timed("XPENDING s g - + 100");

const entries = (count: number): string[] => Array.from({ length: count }, (_, i) => `XADD s ${i + 1}-1 f v${i + 1}`);

const groups: DetailedCase[] = [
  {
    name: "XGROUP CREATE",
    commands: [
      "XGROUP CREATE s g 0",
      "XGROUP CREATE s g $",
      "XGROUP CREATE s",
      "XGROUP CREATE s g",
      "XGROUP CREATE s g x MKSTREAM",
      "EXISTS s",
      "XGROUP CREATE s g $ MKSTREAM",
      "XGROUP CREATE s g $ MKSTREAM",
      "XGROUP CREATE s g x",
      "XINFO STREAM s",
      "XGROUP CREATE s a 5-5",
      "XGROUP CREATE s ab 5 ENTRIESREAD 7",
      "XGROUP CREATE s b 0 MKSTREAM ENTRIESREAD -1",
      "XGROUP CREATE s c 0 ENTRIESREAD -2",
      "XGROUP CREATE s c 0 ENTRIESREAD x",
      "XGROUP CREATE s c 0 ENTRIESREAD",
      "XGROUP CREATE s c 0 ENTRIESREAD 9223372036854775807 MKSTREAM",
      "XGROUP CREATE s d 0 FOO",
      "XGROUP CREATE s d 0 MKSTREAM MKSTREAM",
      "XGROUP CREATE s d -",
      "XGROUP CREATE s d +",
      `XGROUP CREATE s e ${MAX}-${MAX}`,
      cmd("XGROUP", "CREATE", "s", "", "0"),
      cmd("XGROUP", "CREATE", "s", "A", "0"),
      cmd("XGROUP", "CREATE", "s", "\x00\xff", "0"),
      cmd("XGROUP", "CREATE", "s", "long ".repeat(100), "0"),
      "XINFO GROUPS s",
      "SET k v",
      "XGROUP CREATE k g 0",
      "XGROUP CREATE k g 0 MKSTREAM",
      "XADD s 1-1 a b",
      "XINFO GROUPS s",
      "XINFO STREAM s",
      "DEBUG DIGEST-VALUE s",
    ],
  },
  {
    name: "XGROUP SETID, DESTROY, consumers",
    commands: [
      ...entries(4),
      "XGROUP SETID s g 0",
      "XGROUP SETID missing g 0",
      "XGROUP CREATE s g 2",
      "XINFO GROUPS s",
      "XGROUP SETID s g 3-1",
      "XGROUP SETID s g 3 ENTRIESREAD 3",
      "XINFO GROUPS s",
      "XGROUP SETID s g 3 ENTRIESREAD",
      "XGROUP SETID s g 3 ENTRIESREAD x",
      "XGROUP SETID s g 3 ENTRIESREAD -5",
      "XGROUP SETID s g 3 MKSTREAM",
      "XGROUP SETID s g x",
      "XGROUP SETID s g $",
      "XINFO GROUPS s",
      "XGROUP SETID s g -",
      "XGROUP SETID s g +",
      "XINFO GROUPS s",
      "XGROUP SETID s other 0",
      "XGROUP SETID s",
      "XGROUP CREATECONSUMER s g c",
      "XGROUP CREATECONSUMER s g c",
      "XGROUP CREATECONSUMER s other c",
      "XGROUP CREATECONSUMER missing g c",
      "XGROUP CREATECONSUMER s g",
      "XGROUP CREATECONSUMER s g c d",
      cmd("XGROUP", "CREATECONSUMER", "s", "g", ""),
      "XGROUP CREATECONSUMER s g C",
      "XGROUP CREATECONSUMER s g ca",
      CONSUMERS,
      "XGROUP DELCONSUMER s g nobody",
      "XGROUP DELCONSUMER s g C",
      "XGROUP DELCONSUMER s other C",
      "XGROUP DELCONSUMER missing g C",
      CONSUMERS,
      "XGROUP DESTROY s other",
      "XGROUP DESTROY missing g",
      "XGROUP DESTROY s g",
      "XGROUP DESTROY s g",
      "XINFO GROUPS s",
      "XGROUP FOO s g",
      "XGROUP",
      "SET k v",
      "XGROUP SETID k g 0",
      "XGROUP DESTROY k g",
      "XGROUP CREATECONSUMER k g c",
      "XGROUP DELCONSUMER k g c",
    ],
  },
];

const reading: DetailedCase[] = [
  {
    name: "XREADGROUP",
    commands: [
      ...entries(6),
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g a COUNT 2 STREAMS s >",
      CONSUMERS,
      "XINFO GROUPS s",
      "XREADGROUP GROUP g b COUNT 1 NOACK STREAMS s >",
      CONSUMERS,
      "XREADGROUP GROUP g a STREAMS s 0",
      "XREADGROUP GROUP g a COUNT 1 STREAMS s 0",
      "XREADGROUP GROUP g a STREAMS s 1-1",
      "XREADGROUP GROUP g a STREAMS s 9",
      PENDING,
      "XREADGROUP GROUP g c STREAMS s 0",
      CONSUMERS,
      "XREADGROUP GROUP g c STREAMS s >",
      "XREADGROUP GROUP g d STREAMS s >",
      "XREADGROUP GROUP g d NOACK STREAMS s 0",
      "XDEL s 4-1",
      "XREADGROUP GROUP g c STREAMS s 0",
      "XREADGROUP GROUP g c COUNT 0 STREAMS s 0",
      "XREADGROUP GROUP g c COUNT -1 STREAMS s 0",
      PENDING,
      CONSUMERS,
      FULL,
      "XINFO GROUPS s",
    ],
  },
  {
    name: "XREADGROUP, many streams",
    commands: [
      "XADD s 1-1 a b",
      "XADD t 1-1 a b",
      "XGROUP CREATE s g 0",
      "XGROUP CREATE t g 0",
      "XREADGROUP GROUP g c STREAMS s t > >",
      "XREADGROUP GROUP g c STREAMS s t > 0",
      "XREADGROUP GROUP g c STREAMS s t > >",
      "XREADGROUP GROUP g c STREAMS s s 0 0",
      "XREADGROUP GROUP g c STREAMS s u > >",
      "XREADGROUP GROUP g c BLOCK 1 STREAMS s t > >",
      "XREADGROUP GROUP g new BLOCK 1 STREAMS s >",
      CONSUMERS,
    ],
  },
  {
    name: "XREADGROUP, errors",
    commands: [
      "XADD s 1-1 a b",
      "XREADGROUP GROUP g c STREAMS s >",
      "XREADGROUP GROUP g c STREAMS missing >",
      "XGROUP CREATE s g 0",
      "XREADGROUP STREAMS s >",
      "XREADGROUP COUNT 1 NOACK NOACK STREAMS s >",
      "XREADGROUP GROUP g STREAMS s >",
      "XREADGROUP GROUP g c STREAMS s $",
      "XREADGROUP GROUP g c STREAMS s x",
      "XREADGROUP GROUP g c STREAMS s -",
      "XREADGROUP GROUP g c STREAMS s s >",
      "XREADGROUP GROUP g c COUNT x STREAMS s >",
      "XREADGROUP GROUP g c BLOCK x STREAMS s >",
      "XREADGROUP GROUP g c BLOCK -1 STREAMS s >",
      "XREADGROUP GROUP g c FOO STREAMS s >",
      "XREADGROUP GROUP g c COUNT 1 s >",
      "SET k v",
      "XREADGROUP GROUP g c STREAMS k >",
      "XREADGROUP GROUP g c STREAMS s k > >",
      CONSUMERS,
      cmd("XREADGROUP", "GROUP", "g\x00h", "c", "STREAMS", "s", ">"),
    ],
  },
  {
    name: "delivered again after XGROUP SETID",
    commands: [
      ...entries(4),
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g a COUNT 3 STREAMS s >",
      "XGROUP SETID s g 1",
      "XREADGROUP GROUP g b STREAMS s >",
      PENDING,
      CONSUMERS,
      "XGROUP SETID s g 0",
      "XREADGROUP GROUP g b COUNT 2 STREAMS s >",
      PENDING,
      "XGROUP DELCONSUMER s g b",
      PENDING,
      FULL,
    ],
  },
  {
    name: "how far a group has got",
    commands: [
      ...entries(8),
      "XGROUP CREATE s g 0",
      "XGROUP CREATE s h 5-1",
      "XGROUP CREATE s i $",
      "XGROUP CREATE s j 99",
      "XGROUP CREATE s k 1-1",
      "XINFO GROUPS s",
      "XREADGROUP GROUP g c COUNT 2 STREAMS s >",
      "XREADGROUP GROUP h c COUNT 1 STREAMS s >",
      "XINFO GROUPS s",
      "XDEL s 4-1",
      "XINFO GROUPS s",
      "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
      "XINFO GROUPS s",
      "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
      "XINFO GROUPS s",
      "XREADGROUP GROUP g c STREAMS s >",
      "XREADGROUP GROUP h c NOACK STREAMS s >",
      "XINFO GROUPS s",
      "XADD s 20-1 a b",
      "XINFO GROUPS s",
    ],
  },
];

const pending: DetailedCase[] = [
  {
    name: "XACK",
    commands: [
      ...entries(4),
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g a COUNT 2 STREAMS s >",
      "XREADGROUP GROUP g b STREAMS s >",
      "XACK s g 1-1 1-1 9-9",
      "XACK s g 2-1 x",
      "XACK s other 2-1",
      "XACK s other x",
      "XACK missing g x",
      "XACK s g",
      PENDING,
      "XACK s g 4-1 3-1",
      PENDING,
      CONSUMERS,
      "XACK s g 2 2-1",
      "XPENDING s g",
      "SET k v",
      "XACK k g 1-1",
    ],
  },
  {
    name: "XPENDING",
    commands: [
      ...entries(6),
      "XPENDING missing g",
      "XPENDING s g",
      "XPENDING s g - + 10",
      "XGROUP CREATE s g 0",
      "XPENDING s g",
      "XPENDING s g - + 10",
      "XREADGROUP GROUP g b COUNT 3 STREAMS s >",
      "XREADGROUP GROUP g a STREAMS s >",
      "XGROUP CREATECONSUMER s g idle",
      "XPENDING s g",
      PENDING,
      timed("XPENDING s g 2 5 10"),
      timed("XPENDING s g (2-1 (5-1 10"),
      timed("XPENDING s g - + 2"),
      timed("XPENDING s g - + 10 a"),
      timed("XPENDING s g - + 10 b"),
      "XPENDING s g - + 10 idle",
      "XPENDING s g - + 10 nobody",
      "XPENDING s g - + 0",
      "XPENDING s g - + -1",
      "XPENDING s g - + x",
      "XPENDING s g x + 10",
      "XPENDING s g - x 10",
      `XPENDING s g (${MAX}-${MAX} + 10`,
      "XPENDING s g - (0-0 10",
      "XPENDING s g -",
      "XPENDING s g - +",
      "XPENDING s g IDLE",
      "XPENDING s g IDLE 0",
      "XPENDING s g IDLE 0 -",
      "XPENDING s g IDLE 0 - +",
      timed("XPENDING s g IDLE 0 - + 10"),
      "XPENDING s g IDLE 1000000 - + 10",
      timed("XPENDING s g IDLE -5 - + 10 a"),
      "XPENDING s g IDLE x - + 10",
      timed("XPENDING s g IDLE 0 - + 10 a b"),
      timed("XPENDING s g - + 10 a b"),
      "XPENDING s other",
      "XPENDING s other - + 10",
      "XPENDING s g + - 10",
    ],
  },
  {
    name: "XCLAIM",
    commands: [
      ...entries(6),
      "XCLAIM missing g c 0 1-1",
      "XCLAIM s g c 0 1-1",
      "XCLAIM s g c x 1-1",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g a COUNT 4 STREAMS s >",
      "XCLAIM s g b 0 1-1",
      PENDING,
      "XCLAIM s g b 0 2-1 JUSTID",
      PENDING,
      "XCLAIM s g b 0 1-1 9-9 5-1",
      "XCLAIM s g b 0 5-1 FORCE",
      "XCLAIM s g b 0 9-9 FORCE",
      PENDING,
      "XCLAIM s g c 1000000 1-1",
      CONSUMERS,
      "XCLAIM s g c -5 1-1",
      "XCLAIM s g c 0 1-1 RETRYCOUNT 7",
      "XCLAIM s g c 0 2-1 RETRYCOUNT 9223372036854775807",
      PENDING,
      "XCLAIM s g c 0 2-1 RETRYCOUNT -1 JUSTID",
      "XCLAIM s g c 0 3-1 IDLE 60000 RETRYCOUNT 0 JUSTID",
      "XCLAIM s g c 0 4-1 TIME 1000 JUSTID",
      "XCLAIM s g c 0 5-1 TIME -1000 IDLE 1000000000000000 JUSTID",
      "XCLAIM s g c 0 5-1 TIME 9999999999999 JUSTID",
      PENDING,
      timed("XPENDING s g IDLE 50000 - + 10"),
      "XCLAIM s g d 50000 1-1 2-1 3-1 4-1 5-1 JUSTID",
      PENDING,
      "XCLAIM s g c 0 1-1 IDLE x",
      "XCLAIM s g c 0 1-1 TIME x",
      "XCLAIM s g c 0 1-1 RETRYCOUNT x",
      "XCLAIM s g c 0 1-1 LASTID x",
      "XCLAIM s g c 0 1-1 IDLE",
      "XCLAIM s g c 0 1-1 FOO",
      "XCLAIM s g c 0 1-1 FORCE 2-1",
      "XCLAIM s g c 0 FORCE",
      "XCLAIM s g c x 1-1",
      "XCLAIM s other c 0 1-1",
      "XCLAIM s g c 0",
      "XDEL s 1-1 2-1",
      "XCLAIM s g e 0 1-1 2-1 3-1",
      PENDING,
      "XCLAIM s g e 0 6-1 LASTID 6-1",
      "XCLAIM s g e 0 6-1 LASTID 2-1",
      "XINFO GROUPS s",
      CONSUMERS,
      "XCLAIM s g e 0 6-1 FORCE JUSTID LASTID 7-7",
      "XINFO GROUPS s",
      FULL,
      "SET k v",
      "XCLAIM k g c 0 1-1",
    ],
  },
  {
    name: "XAUTOCLAIM",
    commands: [
      ...entries(12),
      "XAUTOCLAIM missing g c 0 0",
      "XAUTOCLAIM s g c 0 0",
      "XAUTOCLAIM s g c x 0",
      "XAUTOCLAIM s g c 0 x",
      "XGROUP CREATE s g 0",
      "XAUTOCLAIM s g c 0 0",
      CONSUMERS,
      "XREADGROUP GROUP g a COUNT 10 STREAMS s >",
      "XAUTOCLAIM s g b 0 - COUNT 2",
      "XAUTOCLAIM s g b 0 3-1 COUNT 1 JUSTID",
      "XAUTOCLAIM s g b 0 (3-1 COUNT 1 JUSTID",
      `XAUTOCLAIM s g b 0 (${MAX}-${MAX}`,
      "XAUTOCLAIM s g b 0 +",
      PENDING,
      "XAUTOCLAIM s g b 1000000 0",
      "XAUTOCLAIM s g b 1000000 0 COUNT 1",
      "XAUTOCLAIM s g b -1 0 COUNT 1",
      "XDEL s 2-1 4-1 6-1 10-1",
      "XAUTOCLAIM s g c 0 0 COUNT 3",
      PENDING,
      "XAUTOCLAIM s g c 0 4 COUNT 3 JUSTID",
      "XAUTOCLAIM s g c 0 0",
      PENDING,
      "XAUTOCLAIM s g c 0 0 COUNT 0",
      "XAUTOCLAIM s g c 0 0 COUNT -1",
      "XAUTOCLAIM s g c 0 0 COUNT x",
      "XAUTOCLAIM s g c 0 0 COUNT 576460752303423488",
      "XAUTOCLAIM s g new 0 0 COUNT 576460752303423487",
      "XAUTOCLAIM s g new 0 0 COUNT 100000000000000000",
      "XAUTOCLAIM s other new 0 0 COUNT 100000000000000000",
      "XAUTOCLAIM missing g new 0 0 COUNT 100000000000000000",
      "XAUTOCLAIM s g c 0 0 COUNT 1000000000000",
      "XAUTOCLAIM s g c 0 0 COUNT",
      "XAUTOCLAIM s g c 0 0 FOO",
      "XAUTOCLAIM s other c 0 0",
      "XAUTOCLAIM s g c 0",
      CONSUMERS,
      FULL,
      "SET k v",
      "XAUTOCLAIM k g c 0 0",
      "XAUTOCLAIM k g c 0 0 COUNT 0",
    ],
  },
];

const info: Case[] = [
  {
    name: "XINFO",
    oracle: "valkey8",
    commands: [
      "XINFO STREAM missing",
      "XINFO GROUPS missing",
      "XINFO CONSUMERS missing g",
      "XINFO STREAM missing FULL FOO",
      ...entries(12),
      "XINFO STREAM s",
      "XINFO STREAM s FULL",
      "XINFO STREAM s FULL COUNT 3",
      "XINFO STREAM s full count 0",
      "XINFO STREAM s FULL COUNT -1",
      "XINFO STREAM s FULL COUNT x",
      "XINFO STREAM s FULL COUNT",
      "XINFO STREAM s FULL FOO 3",
      "XINFO STREAM s COUNT 3",
      "XINFO STREAM s FOO",
      "XINFO GROUPS s",
      "XINFO CONSUMERS s g",
      "XINFO GROUPS s x",
      "XINFO FOO s",
      "XINFO",
      "XINFO STREAM",
      "XGROUP CREATE s g 0",
      "XGROUP CREATE s a 3",
      "XREADGROUP GROUP g c STREAMS s >",
      "XREADGROUP GROUP g b STREAMS s >",
      FULL,
      timed("XINFO STREAM s FULL COUNT 2"),
      timed("XINFO STREAM s FULL COUNT 0"),
      "SET k v",
      "XINFO STREAM k",
      "XINFO GROUPS k",
      "XINFO CONSUMERS k g",
    ],
  },
  ["XINFO HELP", "XGROUP HELP", "XINFO HELP x", "XGROUP HELP x"],
];

const copies: DetailedCase[] = [
  {
    name: "COPY takes groups along",
    commands: [
      ...entries(10),
      "XGROUP CREATE s g 0",
      "XGROUP CREATE s h 3 ENTRIESREAD 3",
      "XREADGROUP GROUP g a COUNT 3 STREAMS s >",
      "XREADGROUP GROUP g b COUNT 3 STREAMS s >",
      "XCLAIM s g c 0 2-1 4-1 RETRYCOUNT 9",
      "XGROUP CREATECONSUMER s h z",
      "COPY s t",
      timed("XINFO STREAM t FULL"),
      "XACK t g 1-1 2-1",
      "XGROUP DELCONSUMER t g b",
      "XGROUP DESTROY t h",
      FULL,
      timed("XINFO STREAM t FULL"),
      "DEL s",
      timed("XINFO STREAM t FULL"),
      "RENAME t s",
      FULL,
      "UNLINK s",
    ],
  },
];

const with72 = (cases: readonly DetailedCase[]): Case[] => cases.map((each) => ({ ...each, oracle: "valkey8" }));

differential("stream group commands", {
  cases: [...with72([...groups, ...reading, ...pending, ...copies]), ...info],
});

// --- at random -----------------------------------------------------------------------------------------------------

const NAMES = ["a", "b", "c", "dd"];
const GROUPS = ["g", "h"];

function someId(random: Random, index: number): string {
  const last = Math.floor(index / 30);
  return `${random.integer(Math.max(0, last - 12), last + 1)}-${random.integer(0, 4)}`;
}

const someIds = (random: Random, index: number): string[] =>
  Array.from({ length: random.integer(1, 8) }, () => someId(random, index));

function changeGroup(random: Random, index: number, group: string): Command {
  if (random.chance(0.05)) return cmd("XGROUP", "DESTROY", "s", group);
  const id = someId(random, index);
  return random.pick([
    cmd("XGROUP", "CREATE", "s", group, random.pick(["$", id]), "MKSTREAM"),
    cmd("XGROUP", "SETID", "s", group, id, ...random.pick([[], ["ENTRIESREAD", String(Math.floor(index / 8))]])),
  ]);
}

function claim(random: Random, index: number, group: string, name: string): Command {
  const options = random.pick([[], ["FORCE"], ["JUSTID"], ["RETRYCOUNT", "5"], ["LASTID", someId(random, index)]]);
  return cmd("XCLAIM", "s", group, name, "0", ...someIds(random, index), ...options);
}

function autoClaim(random: Random, index: number, group: string, name: string): Command {
  const options = ["COUNT", String(random.integer(1, 6)), ...random.pick([[], ["JUSTID"]])];
  return cmd("XAUTOCLAIM", "s", group, name, random.pick(["0", "0", "100000"]), someId(random, index), ...options);
}

function read(random: Random, index: number, group: string, name: string): Command {
  const id = random.chance(0.8) ? ">" : someId(random, index);
  const options = ["COUNT", String(random.integer(0, 4)), ...random.pick([[], [], ["NOACK"]])];
  return cmd("XREADGROUP", "GROUP", group, name, ...options, "STREAMS", "s", id);
}

function change(random: Random, index: number): Command {
  const group = random.pick(GROUPS);
  const name = random.pick(NAMES);
  switch (random.weighted({ add: 12, read: 14, ack: 8, claim: 6, auto: 4, del: 4, trim: 1, group: 2, consumer: 2 })) {
    case "add":
      return cmd("XADD", "s", `${Math.floor(index / 30)}-*`, "f", String(index));
    case "read":
      return read(random, index, group, name);
    case "ack":
      return cmd("XACK", "s", group, ...someIds(random, index));
    case "claim":
      return claim(random, index, group, name);
    case "auto":
      return autoClaim(random, index, group, name);
    case "del":
      return cmd("XDEL", "s", ...someIds(random, index));
    case "trim":
      return cmd("XTRIM", "s", "MAXLEN", random.pick(["=", "~"]), String(random.integer(5, 120)));
    case "group":
      return changeGroup(random, index, group);
    default:
      return cmd("XGROUP", random.chance(0.3) ? "DELCONSUMER" : "CREATECONSUMER", "s", group, name);
  }
}

/** The reply with zeros for the values of fields of these names. */
function without(names: readonly string[], reply: Reply): Reply {
  if (reply.type === "map") {
    const entries = reply.entries.map(([name, value]): [Reply, Reply] => [
      name,
      name.type === "bulk" && names.includes(String(name.value)) ? integer(0) : without(names, value),
    ]);
    return { ...reply, entries };
  }
  return "items" in reply ? { ...reply, items: reply.items.map((item) => without(names, item)) } : reply;
}

const ignoring = (names: readonly string[], step: Step): Step => ({
  ...step,
  compare: (ours, theirs) => (step.compare ?? exact)(without(names, ours), without(names, theirs)),
});

function look(random: Random, index: number): Step {
  const group = random.pick(GROUPS);
  const range = [someId(random, index), "+", "20", ...random.pick([[], [random.pick(NAMES)]])];
  return timed(
    random.pick([
      cmd("XPENDING", "s", group),
      cmd("XPENDING", "s", group, ...range),
      cmd("XINFO", "CONSUMERS", "s", group),
      cmd("XINFO", "STREAM", "s", "FULL", "COUNT", random.pick(["0", "3"])),
    ]),
  );
}

/** Valkey counts these as later versions do. */
const PROGRESS = ["entries-read", "lag"];

randomDifferential("stream groups at random", {
  seed: 20240306,
  operations: 12_000,
  oracle: "valkey8",
  generate(random, index) {
    if (random.chance(0.005)) return random.pick([cmd("COPY", "s", "t", "REPLACE"), cmd("COPY", "t", "s", "REPLACE")]);
    return random.chance(0.85) ? change(random, index) : ignoring(PROGRESS, look(random, index));
  },
  verify: ["s", "t"].map((key) => ignoring(PROGRESS, timed(`XINFO STREAM ${key} FULL COUNT 0`))),
});

randomDifferential("how far groups have got, at random", {
  seed: 20240307,
  operations: 12_000,
  generate(random, index) {
    const command = random.chance(0.8) ? change(random, index) : cmd("XINFO", "GROUPS", "s");
    // 7.0 does not make a consumer that gets nothing.
    if (command.args[1] === "CREATECONSUMER" || command.args[1] === "DELCONSUMER") return "XLEN s";
    return ignoring(["consumers"], { command });
  },
  verify: [ignoring(["consumers"], { command: "XINFO GROUPS s" })],
});
