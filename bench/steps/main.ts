/**
 * `bun run bench:steps [--smoke] [name …]`: how long the server is busy with one thing at the most.
 *
 * The server has one thread, so whatever takes long keeps everybody waiting: the longest single step is what counts, not
 * the average. Here the server runs in this process, without sockets, and every command and every slice of background
 * work is timed alone, twice: by the wall clock, and by the processor time of this thread, which leaves out the time in
 * which the machine ran somebody else.
 *
 * Collections are filled one element at a time, across every conversion and split on the way, and then removed in each of
 * the ways that there are.
 */

import { parseArgs } from "node:util";
import { createConfig } from "../../src/admin/config/config";
import { expositionText } from "../../src/admin/exposition/exposition";
import { LOG_NOTHING, Logger } from "../../src/admin/process/logger";
import type { Background } from "../../src/db/background";
import { Snapshot } from "../../src/persist/snapshot";
import { requestOf } from "../../src/resp/request";
import { Server } from "../../src/server";
import { Client, NO_TRANSPORT } from "../../src/session/client";
import { type Clock, systemClock } from "../../src/util/clock";
import { systemRandom } from "../../src/util/random";
import { threadNanos } from "./thread-time";

const HOUR_MS = 3_600_000;
/** Length of a slice of BGSAVE, µs. */
const SLICE_MICROS = 1000;
const HASH = 0x23;
const MINUS = 0x2d;

/** The system's clock, but wall time can be moved on. */
class ShiftedClock implements Clock {
  shiftMs = 0;

  now(): number {
    return systemClock.now() + this.shiftMs;
  }

  nowMicros(): number {
    return systemClock.nowMicros() + this.shiftMs * 1000;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }
}

/** The longest of many steps. */
class Longest {
  steps = 0;
  wallNanos = 0;
  threadNanos = 0;

  time(step: () => void): void {
    const wall = Bun.nanoseconds();
    const thread = threadNanos();
    step();
    this.threadNanos = Math.max(this.threadNanos, threadNanos() - thread);
    this.wallNanos = Math.max(this.wallNanos, Bun.nanoseconds() - wall);
    this.steps++;
  }
}

class Workbench {
  readonly clock = new ShiftedClock();
  readonly server: Server;
  private readonly client: Client;
  private readonly background: Background;

  constructor() {
    const log = new Logger(this.clock);
    log.level = LOG_NOTHING;
    const config = createConfig({ changeFolder() {} });
    this.server = new Server({
      config,
      log,
      clock: this.clock,
      random: systemRandom,
      executable: "redbun",
      configFile: "",
    });
    this.client = new Client(1, NO_TRANSPORT, 0, this.server.acl.defaultUser, true);
    this.background = Reflect.get(this.server, "background") as Background;
  }

  /** Runs `command` `count` times, with the number of the run in the place of each row of #. */
  repeat(command: string, count: number, longest: Longest): void {
    const { dispatcher, gate } = this.server;
    const { reply } = gate;
    const request = requestOf(command.split(" "));
    const numbers = rowsOf(request.buf, HASH);
    const run = (): void => {
      dispatcher.startBatch();
      dispatcher.execute(this.client, request);
      dispatcher.endRun();
    };
    for (let i = 0; i < count; i++) {
      for (const { first, end } of numbers) writeDigits(request.buf, first, end, i);
      longest.time(run);
      if (reply.buf[0] === MINUS) throw new Error(`${command}: ${reply.buf.toString("latin1", 1, reply.length)}`);
      reply.truncate(0);
    }
  }

  /** `count` runs of cron, a tenth of a second apart, and the slices of work that follow from each. */
  tick(count: number, longest: Longest): void {
    const cron = Reflect.get(this.server, "cron") as () => void;
    for (let i = 0; i < count; i++) {
      this.clock.shiftMs += 100;
      longest.time(() => cron.call(this.server));
      longest.time(() => {
        this.background.stop();
        this.background.wake();
      });
    }
    this.background.stop();
  }

  /** Runs something that is no command `count` times. */
  times(count: number, longest: Longest, step: () => void): void {
    for (let i = 0; i < count; i++) longest.time(step);
  }

  /** Slices of background work until nothing is left to free, to expire or to give back. */
  settle(longest: Longest): void {
    const { keyspace } = this.server;
    const db = keyspace.databases[0];
    for (let left = 1_000_000; left > 0; left--) {
      longest.time(() => {
        this.background.stop();
        this.background.wake();
      });
      if (db.expires === 0 && keyspace.free.idle && keyspace.heap.dirtyBytes === 0) break;
    }
    this.background.stop();
  }
}

/** Where rows of one byte stand. */
function rowsOf(bytes: Buffer, byte: number): { first: number; end: number }[] {
  const rows: { first: number; end: number }[] = [];
  for (let first = bytes.indexOf(byte); first >= 0; ) {
    let end = first;
    while (bytes[end] === byte) end++;
    rows.push({ first, end });
    first = bytes.indexOf(byte, end);
  }
  return rows;
}

/** Writes a number with leading zeros. */
function writeDigits(bytes: Buffer, first: number, end: number, value: number): void {
  for (let at = end - 1, left = value; at >= first; at--) {
    bytes[at] = 0x30 + (left % 10);
    left = Math.floor(left / 10);
  }
}

interface Sizes {
  readonly keys: number;
  readonly expiring: number;
  readonly elements: number;
  readonly clients: number;
}

const FULL: Sizes = { keys: 10_000_000, expiring: 1_000_000, elements: 1_000_000, clients: 10_000 };
const SMOKE: Sizes = { keys: 20_000, expiring: 5000, elements: 2000, clients: 100 };

/** What fills the collection `big`, an element a command. */
const FILLS: Readonly<Record<string, string>> = {
  list: "RPUSH big element:######",
  hash: "HSET big field:###### value",
  set: "SADD big member:######",
  zset: "ZADD big 7###### member:######",
  stream: "XADD big * field ######",
};

interface Row {
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

/** BGSAVE: the first write to each kind of key that it has not come to, and its slices. */
function* snapshot(sizes: Sizes): Generator<Row> {
  const bench = new Workbench();
  const nothing = new Longest();
  bench.repeat("SET key:###### valu", sizes.elements, nothing);
  for (const type of Object.keys(FILLS)) bench.repeat(FILLS[type].replace("big", type), sizes.elements, nothing);
  const { keyspace, persistence, clock } = bench.server;
  const writer = persistence.newWriter(() => {});
  writer.hurry();
  const taken = new Snapshot(keyspace, writer);
  taken.begin({ createdAt: 0, usedMemory: 0, aofBase: false }, []);
  const first = new Longest();
  bench.repeat("SET key:###### new", Math.floor(sizes.elements / 10), first);
  yield { name: "SET of a key during BGSAVE", longest: first };
  for (const type of Object.keys(FILLS)) {
    const touch = new Longest();
    bench.repeat(FILLS[type].replace("big", type), 100, touch);
    yield { name: `writes to a ${type} of ${sizes.elements} during BGSAVE`, longest: touch };
  }
  const slices = new Longest();
  for (let done = false; !done; ) {
    slices.time(() => {
      done = taken.step(clock.monotonic() + SLICE_MICROS, Number.POSITIVE_INFINITY);
    });
  }
  yield { name: "slices of BGSAVE", longest: slices };
}

const GROUPS: Readonly<Record<string, (sizes: Sizes) => Generator<Row>>> = {
  strings,
  housekeeping,
  massive,
  snapshot,
  ...Object.fromEntries(Object.keys(FILLS).map((type) => [type, (sizes: Sizes) => collection(type, sizes)])),
};

const { values, positionals } = parseArgs({
  args: Bun.argv.slice(2),
  options: { smoke: { type: "boolean", default: false } },
  allowPositionals: true,
});

console.log("| one step of | steps | longest, processor ms | longest, wall ms |\n|---|---|---|---|");
for (const [name, rows] of Object.entries(GROUPS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  for (const { name: what, longest } of rows(values.smoke ? SMOKE : FULL)) {
    const millis = (nanos: number): string => (nanos / 1e6).toFixed(2);
    console.log(`| ${what} | ${longest.steps} | ${millis(longest.threadNanos)} | ${millis(longest.wallNanos)} |`);
  }
}
process.exit(0);
