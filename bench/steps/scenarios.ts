/** What is timed, in groups: each yields the longest step of one thing after the other. */

import { expositionText } from "../../src/admin/exposition/exposition";
import { Snapshot } from "../../src/persist/snapshot/snapshot";
import { Client, NO_TRANSPORT } from "../../src/session/client";
import { Longest } from "./longest";
import { Workbench } from "./workbench";

const HOUR_MS = 3_600_000;
/** Length of a slice of BGSAVE, µs. */
const SLICE_MICROS = 1000;
/** Elements of collections of which there are many. */
const MANY_ELEMENTS = 600;

export interface Sizes {
  readonly keys: number;
  readonly expiring: number;
  readonly elements: number;
  readonly clients: number;
}

export const FULL: Sizes = { keys: 10_000_000, expiring: 1_000_000, elements: 1_000_000, clients: 10_000 };
export const SMOKE: Sizes = { keys: 20_000, expiring: 5000, elements: 2000, clients: 100 };

/** What fills the collection `big`, an element a command. */
const FILLS: Readonly<Record<string, string>> = {
  list: "RPUSH big element:######",
  hash: "HSET big field:###### value",
  set: "SADD big member:######",
  zset: "ZADD big 7###### member:######",
  stream: "XADD big * field ######",
};

export interface Row {
  readonly name: string;
  readonly longest: Longest;
}

function* strings(sizes: Sizes): Generator<Row> {
  const bench = new Workbench();
  const insert = new Longest();
  bench.repeat("SET key:############ valu", sizes.keys, insert);
  yield { name: `insert ${sizes.keys} strings`, longest: insert };
  const flush = new Longest();
  bench.repeat("FLUSHALL ASYNC", 1, flush);
  bench.settle(flush);
  yield { name: "FLUSHALL ASYNC, and giving their memory back", longest: flush };
  const at = bench.clock.now() + HOUR_MS;
  const expire = new Longest();
  bench.repeat(`SET key:############ valu PXAT ${at}`, sizes.expiring, new Longest());
  bench.clock.shiftMs = 2 * HOUR_MS;
  bench.settle(expire);
  yield { name: `expire ${sizes.expiring} strings at one moment`, longest: expire };
}

/** What comes again and again while there are many keys, of which one in ten expires: cron, figures, eviction. */
function* housekeeping(sizes: Sizes): Generator<Row> {
  const bench = new Workbench();
  const { server } = bench;
  const keys = sizes.keys / 2;
  const some = keys / 10;
  bench.repeat("SET key:############ valu", keys - some, new Longest());
  // Their times come one after the other, within a minute.
  for (let i = 0; i < 60; i++) {
    const at = bench.clock.now() + 60_000 + i * 1000;
    bench.repeat(`SET soon:${String(i).padStart(2, "0")}:########## valu PXAT ${at}`, some / 60, new Longest());
  }
  const cron = new Longest();
  bench.tick(500, cron);
  yield { name: `cron, ${keys} keys`, longest: cron };
  const expiring = new Longest();
  bench.tick(800, expiring);
  yield { name: `cron while one in ten of ${keys} keys expires within a minute`, longest: expiring };
  for (let i = 0; i < sizes.clients; i++) {
    server.clients.add(new Client(server.clients.nextId(), NO_TRANSPORT, 0, server.acl.defaultUser, true));
  }
  const clients = new Longest();
  bench.tick(100, clients);
  yield { name: `cron, ${sizes.clients} clients`, longest: clients };
  const info = new Longest();
  bench.repeat("INFO everything", 100, info);
  yield { name: "INFO everything", longest: info };
  const metrics = new Longest();
  bench.times(100, metrics, () => void expositionText(server));
  yield { name: "metrics for Prometheus", longest: metrics };
  for (const policy of ["allkeys-lru", "allkeys-lfu"]) {
    server.config.set([
      ["maxmemory-policy", policy],
      ["maxmemory", String(server.metrics.usedBytes)],
    ]);
    const evict = new Longest();
    bench.repeat(`SET ${policy}:############ valu`, keys / 5, evict);
    yield { name: `SET that evicts a key, ${policy}`, longest: evict };
  }
  const half = String(Math.floor(server.metrics.usedBytes * 0.75));
  const shrink = new Longest();
  shrink.time(() => void server.config.set([["maxmemory", half]]));
  bench.repeat("SET one:############ valu", 1000, shrink);
  yield { name: "maxmemory lowered by a quarter, and the writes that follow", longest: shrink };
}

/** Fills collections of a few hundred elements, more than fit a listpack: `big` with two numbers. */
function fillMany(bench: Workbench, type: string, elements: number): number {
  const count = Math.ceil(elements / MANY_ELEMENTS);
  const words = FILLS[type].replace("big", "many:######");
  for (let i = 0; i < MANY_ELEMENTS; i++) {
    // One element of each collection a round, as clients do.
    const element = String(i).padStart(6, "0");
    const [command, key, ...rest] = words.split(" ");
    const arguments_ = rest.map((word) => word.replace("######", element));
    bench.repeat([command, key, ...arguments_].join(" "), count, new Longest());
  }
  return count;
}

/** Many collections of some hundred elements each, which go at once. */
function* many(sizes: Sizes): Generator<Row> {
  for (const type of Object.keys(FILLS)) {
    const bench = new Workbench();
    const count = fillMany(bench, type, sizes.elements * 2);
    const what = `${count} keys with a ${type} of ${MANY_ELEMENTS}`;
    const expire = new Longest();
    bench.repeat(`PEXPIREAT many:###### ${bench.clock.now() + HOUR_MS}`, count, new Longest());
    bench.clock.shiftMs += 2 * HOUR_MS;
    bench.settle(expire);
    yield { name: `expire ${what}`, longest: expire };
    fillMany(bench, type, sizes.elements * 2);
    const flush = new Longest();
    bench.repeat("FLUSHALL ASYNC", 1, flush);
    bench.settle(flush);
    yield { name: `FLUSHALL ASYNC of ${what}`, longest: flush };
  }
}

/** The heap after most of what was in it has gone, a key here and there: strings, small and large collections. */
function* fragmented(sizes: Sizes): Generator<Row> {
  const bench = new Workbench();
  const nothing = new Longest();
  const keys = sizes.keys / 2;
  for (let part = 0; part < 4; part++) {
    bench.repeat(`SET part${part}:############ ${"v".repeat(part * 8)}`, keys / 4, nothing);
  }
  for (const [type, fill] of Object.entries(FILLS)) {
    for (let i = 0; i < 10; i++) bench.repeat(fill.replace("big", `${type}:#####`), keys / 100, nothing);
    bench.repeat(fill.replace("big", type), sizes.elements, nothing);
  }
  // Three of four strings go, each slab's one after the other: what a cache looks like whose keys expire.
  const removal = new Longest();
  for (let digit = 0; digit < 10; digit++) {
    if (digit % 4 === 0) continue;
    for (let part = 0; part < 4; part++) bench.repeat(`DEL part${part}:###########${digit}`, keys / 40, removal);
  }
  yield { name: `DEL of 7 in 10 of ${keys} strings`, longest: removal };
  const compact = new Longest();
  bench.compact(compact);
  yield { name: "compaction of the index", longest: compact };
  const defrag = new Longest();
  bench.defragment(defrag);
  yield { name: "defragmentation", longest: defrag };
  const release = new Longest();
  bench.settle(release);
  yield { name: "giving pages back", longest: release };
}

/** A large collection of one type: filled, and removed in every way. */
function* collection(type: string, sizes: Sizes): Generator<Row> {
  const bench = new Workbench();
  const fill = new Longest();
  const removals: [string, string][] = [
    ["UNLINK", "UNLINK big"],
    ["DEL", "DEL big"],
    ["overwriting", "SET big v"],
    ["expiry of", "PEXPIRE big 1"],
  ];
  for (const [name, command] of removals) {
    bench.repeat("DEL big", 1, new Longest());
    bench.repeat(FILLS[type], sizes.elements, fill);
    if (name === "UNLINK") yield { name: `fill a ${type} of ${sizes.elements}`, longest: fill };
    const removal = new Longest();
    bench.repeat(command, 1, removal);
    if (name === "expiry of") bench.clock.shiftMs += HOUR_MS;
    bench.settle(removal);
    yield { name: `${name} a ${type} of ${sizes.elements}`, longest: removal };
  }
}

/** Commands that do much at once: what comes before, and the command. N: elements; HALF: half of them; TENTH. */
const MASSIVE: readonly (readonly [type: string, command: string, before?: string])[] = [
  ["list", "LTRIM big 0 HALF"],
  ["list", "COPY big copy"],
  ["hash", "COPY big copy"],
  ["hash", "HPEXPIRE"],
  ["set", "SPOP big TENTH"],
  ["set", "SUNIONSTORE big other", "SADD other 1"],
  ["zset", "ZREMRANGEBYRANK big 0 TENTH"],
  ["zset", "ZUNIONSTORE big 1 other", "ZADD other 1 a"],
  ["stream", "XTRIM big MAXLEN HALF"],
  ["stream", "COPY big copy"],
  ["stream", "XGROUP DELCONSUMER big g c", "XREADGROUP GROUP g c COUNT 50000 STREAMS big >"],
  ["stream", "XGROUP DESTROY big g", "XREADGROUP GROUP g c COUNT 50000 STREAMS big >"],
];

function* massive(sizes: Sizes): Generator<Row> {
  for (const [type, command, before] of MASSIVE) {
    const bench = new Workbench();
    const nothing = new Longest();
    bench.repeat(FILLS[type], sizes.elements, nothing);
    if (type === "stream") bench.repeat("XGROUP CREATE big g 0", 1, nothing);
    if (before !== undefined) bench.repeat(before, 1, nothing);
    const longest = new Longest();
    const share = (parts: number): string => String(Math.floor(sizes.elements / parts));
    if (command === "HPEXPIRE") {
      // All fields expire at one moment.
      bench.repeat(`HPEXPIREAT big ${bench.clock.now() + HOUR_MS} FIELDS 1 field:######`, sizes.elements, nothing);
      bench.clock.shiftMs += 2 * HOUR_MS;
      bench.settle(longest);
      yield { name: `expire ${sizes.elements} fields of a hash at one moment`, longest };
      continue;
    }
    bench.repeat(command.replace("HALF", share(2)).replace("TENTH", share(10)), 1, longest);
    yield { name: `${command}, of a ${type} of ${sizes.elements}`, longest };
  }
}

/** What takes long to save besides what FILLS makes: how it is made, the command that changes some of it, how often. */
const LONG_SAVES: readonly (readonly [
  name: string,
  fill: readonly (readonly [command: string, times: string])[],
  touch: string,
])[] = [
  [
    "hash with expiring fields",
    [
      ["HSET big field:###### value", "ELEMENTS"],
      ["HPEXPIREAT big 9000000###### FIELDS 1 field:######", "ELEMENTS"],
    ],
    "HPEXPIRE big 100000000 FIELDS 1 field:######",
  ],
  ["string of half as many KiB", [["APPEND big TEXT", "HALF"]], "SETBIT big 1###### 1"],
  [
    "stream of pending entries",
    [
      ["XADD big * field ######", "ELEMENTS"],
      ["XGROUP CREATE big g 0", "ONCE"],
      ["XREADGROUP GROUP g c######## COUNT 1000 STREAMS big >", "THOUSANDTH"],
    ],
    "XREADGROUP GROUP g c00000001 COUNT 1 STREAMS big 0",
  ],
];

/** A mebibyte that is neither random nor always the same, and ends with the number of the run. */
function wordsOf(bytes: number): string {
  let text = "";
  for (let i = 1; text.length < bytes; i++) text += Math.imul(i, 0x9e3779b1).toString(36) + "abcdefgh".slice(i % 8);
  return `${text.slice(0, bytes - 8)}########`;
}

function fillLong(bench: Workbench, fill: (typeof LONG_SAVES)[number][1], elements: number): void {
  for (const [command, times] of fill) {
    const count =
      { ELEMENTS: elements, THOUSANDTH: Math.ceil(elements / 1000), HALF: Math.ceil(elements / 2048), ONCE: 1 }[
        times
      ] ?? 0;
    bench.repeat(command.replace("TEXT", wordsOf(1024 * 1024)), count, new Longest());
  }
}

/** A snapshot of all that a server holds, as BGSAVE takes it. */
function takeSnapshot(bench: Workbench): Snapshot {
  const { keyspace, persistence } = bench.server;
  const writer = persistence.newWriter(() => {});
  writer.hurry();
  const taken = new Snapshot(keyspace, writer);
  taken.begin({ createdAt: 0, usedMemory: 0, aofBase: false }, []);
  return taken;
}

/** Its slices, to its end. */
function slicesOf(bench: Workbench, taken: Snapshot): Longest {
  const { clock } = bench.server;
  const slices = new Longest();
  for (let done = false; !done; ) {
    slices.time(() => {
      done = taken.step(clock.monotonic() + SLICE_MICROS, Number.POSITIVE_INFINITY);
    });
  }
  if (taken.error !== null) throw taken.error;
  return slices;
}

/** BGSAVE: the first write to each kind of key that it has not come to, and its slices. */
function* snapshot(sizes: Sizes): Generator<Row> {
  const bench = new Workbench();
  const nothing = new Longest();
  bench.repeat("SET key:###### valu", sizes.elements, nothing);
  for (const type of Object.keys(FILLS)) bench.repeat(FILLS[type].replace("big", type), sizes.elements, nothing);
  const taken = takeSnapshot(bench);
  const first = new Longest();
  bench.repeat("SET key:###### new", Math.floor(sizes.elements / 10), first);
  yield { name: "SET of a key during BGSAVE", longest: first };
  for (const type of Object.keys(FILLS)) {
    const touch = new Longest();
    bench.repeat(FILLS[type].replace("big", type), 100, touch);
    yield { name: `writes to a ${type} of ${sizes.elements} during BGSAVE`, longest: touch };
  }
  yield { name: "slices of BGSAVE", longest: slicesOf(bench, taken) };
}

function* longSaves(sizes: Sizes): Generator<Row> {
  for (const [name, fill, command] of LONG_SAVES) {
    const bench = new Workbench();
    fillLong(bench, fill, sizes.elements);
    const taken = takeSnapshot(bench);
    const touch = new Longest();
    bench.repeat(command, Math.floor(sizes.elements / 10), touch);
    yield { name: `writes to a ${name}, ${sizes.elements}, during BGSAVE`, longest: touch };
    yield { name: "slices of BGSAVE after them", longest: slicesOf(bench, taken) };
    yield { name: "slices of BGSAVE once more, without writes", longest: slicesOf(bench, takeSnapshot(bench)) };
  }
}

export const GROUPS: Readonly<Record<string, (sizes: Sizes) => Generator<Row>>> = {
  strings,
  housekeeping,
  fragmented,
  many,
  massive,
  snapshot,
  longSaves,
  ...Object.fromEntries(Object.keys(FILLS).map((type) => [type, (sizes: Sizes) => collection(type, sizes)])),
};
