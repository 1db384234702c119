/**
 * Eviction: how often a cache that is full has what it is asked for, and whether the memory of the process stays near
 * `maxmemory`.
 *
 * Hits: clients ask for one of ten times as many objects as fit, by Zipf's law (exponent 1), and set what is missing. Each
 * server gets the `maxmemory` that this number of objects takes with it, so that what is compared is which keys are
 * evicted; and then all get that of Redis 7.0, which is what somebody sees who exchanges one server for the other.
 *
 * Memory: ten times `maxmemory` is written, values of 10 to 1,000 bytes, and then values of sizes that change four times.
 */

import { SeededRandom } from "../../src/util/random";
import { text } from "../../test/support/reply";
import type { RespClient } from "../../test/support/resp-client";
import { load, type Words } from "./loader";
import type { Options, ServerName } from "./options";
import { residentBytes, settle, start, TITLES } from "./servers";

export const POLICIES = ["allkeys-lru", "allkeys-lfu"] as const;
export type Policy = (typeof POLICIES)[number];

export interface HitRow {
  readonly policy: Policy;
  readonly server: ServerName;
  /** Share of requests that were hits, 0 to 1: with a limit for as many keys, and with Redis 7.0's limit. */
  readonly sameKeys: number;
  readonly sameMemory: number;
  /** The limit of the first, bytes, and the keys that were there at the end of each. */
  readonly maxmemory: number;
  readonly keys: number;
  readonly keysInSameMemory: number;
}

export interface ResidentRow {
  readonly sizes: string;
  readonly server: ServerName;
  readonly maxmemory: number;
  readonly emptyBytes: number;
  /** The most that was seen while it was written. */
  readonly peakBytes: number;
}

export interface EvictionResults {
  readonly hits: readonly HitRow[];
  readonly resident: readonly ResidentRow[];
}

/** How many times as many objects there are as fit. */
const OBJECTS = 10;
/** Requests before hits are counted, and while they are, by objects that fit. */
const WARM_UP = 10;
const COUNTED = 20;
const BATCH = 64;

const key = (object: number): string => `object:${String(object).padStart(9, "0")}`;
const value = (object: number): string => "v".repeat(50 + (object % 100));

/** Objects by Zipf's law: number i is asked for about 1/i times as often as number 1. */
class Zipf {
  private readonly cumulated: Float64Array;
  private readonly random = new SeededRandom(20_251_121);

  constructor(objects: number) {
    this.cumulated = new Float64Array(objects);
    let sum = 0;
    for (let i = 0; i < objects; i++) this.cumulated[i] = sum += 1 / (i + 1);
  }

  next(): number {
    const { cumulated } = this;
    const wanted = (this.random.next32() / 2 ** 32) * cumulated[cumulated.length - 1];
    let low = 0;
    let high = cumulated.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulated[middle] <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export async function measureEviction(names: readonly ServerName[], options: Options): Promise<EvictionResults[]> {
  const limits = new Map<ServerName, number>();
  for (const name of names) limits.set(name, await limitFor(name, options));
  const hits: HitRow[] = [];
  for (const policy of POLICIES) {
    for (const name of names) hits.push(await measureHits(policy, name, limits, options));
  }
  const resident: ResidentRow[] = [];
  for (const sizes of ["10 to 1,000", "changing"]) {
    for (const name of names) resident.push(await measureResident(sizes, name, options));
  }
  return [{ hits, resident }];
}

async function usedMemory(client: RespClient): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await client.text("INFO", "memory"))?.[1]);
}

/** The bytes that a server has in use with as many objects as are to fit. */
async function limitFor(name: ServerName, options: Options): Promise<number> {
  await using server = await start(name, options);
  await using client = await server.client();
  await load(client, objects(options.evictionKeys));
  return await usedMemory(client);
}

function* objects(count: number): Generator<Words> {
  for (let i = 0; i < count; i++) yield ["SET", key(i), value(i)];
}

async function measureHits(
  policy: Policy,
  name: ServerName,
  limits: ReadonlyMap<ServerName, number>,
  options: Options,
): Promise<HitRow> {
  const maxmemory = limits.get(name) as number;
  const same = await runCache(policy, name, maxmemory, options);
  const reference = limits.get("redis7");
  const other =
    reference === undefined || reference === maxmemory ? same : await runCache(policy, name, reference, options);
  const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;
  console.log(
    `  ${policy}, ${TITLES[name]}: hits ${percent(same.share)} (${same.keys} keys), in the memory of Redis 7.0 ` +
      `${percent(other.share)} (${other.keys} keys)`,
  );
  return {
    policy,
    server: name,
    sameKeys: same.share,
    sameMemory: other.share,
    maxmemory,
    keys: same.keys,
    keysInSameMemory: other.keys,
  };
}

async function runCache(
  policy: Policy,
  name: ServerName,
  maxmemory: number,
  options: Options,
): Promise<{ share: number; keys: number }> {
  const args = ["--maxmemory", String(maxmemory), "--maxmemory-policy", policy];
  await using server = await start(name, options, args);
  await using client = await server.client();
  const zipf = new Zipf(options.evictionKeys * OBJECTS);
  await ask(client, zipf, options.evictionKeys * WARM_UP);
  const hits = await ask(client, zipf, options.evictionKeys * COUNTED);
  const keys = Number(await client.text("DBSIZE"));
  return { share: hits / (options.evictionKeys * COUNTED), keys };
}

/** Asks for so many objects, and sets what is missing. Returns the hits. */
async function ask(client: RespClient, zipf: Zipf, requests: number): Promise<number> {
  let hits = 0;
  for (let done = 0; done < requests; done += BATCH) {
    const wanted = Array.from({ length: BATCH }, () => zipf.next());
    const replies = await client.pipeline(wanted.map((object) => ["GET", key(object)]));
    const missing = wanted.filter((_, i) => replies[i].type !== "bulk");
    hits += BATCH - missing.length;
    if (missing.length === 0) continue;
    for (const reply of await client.pipeline(missing.map((object) => ["SET", key(object), value(object)]))) {
      if (reply.type === "error") throw new Error(`a cache that is full refuses: ${text(reply)}`);
    }
  }
  return hits;
}

// --- memory ----------------------------------------------------------------------------------------------------------

/** Sizes of values where they change: each for a fifth of what is written, a fifth more or less of it. */
const CHANGING = [30, 90, 300, 700, 150];
const TIMES = 10;
/** What a key takes besides its value, about: so much counts as written. */
const KEY_BYTES = 60;
const LOOK_EVERY = 20;

async function measureResident(sizes: string, name: ServerName, options: Options): Promise<ResidentRow> {
  const maxmemory = options.evictionBytes;
  await using server = await start(name, options, [
    "--maxmemory",
    String(maxmemory),
    "--maxmemory-policy",
    "allkeys-lru",
  ]);
  await using client = await server.client();
  await settle(options);
  const emptyBytes = residentBytes(server.pid);
  let peakBytes = 0;
  let batches = 0;
  for (const batch of writes(sizes, maxmemory)) {
    await load(client, batch);
    if (batches++ % LOOK_EVERY === 0) peakBytes = Math.max(peakBytes, residentBytes(server.pid));
  }
  const ratio = peakBytes / (maxmemory + emptyBytes);
  console.log(`  values of ${sizes} bytes, ${TITLES[name]}: ${ratio.toFixed(3)} of maxmemory and the empty server`);
  return { sizes, server: name, maxmemory, emptyBytes, peakBytes };
}

/** Batches of SET that write ten times the limit. */
function* writes(sizes: string, maxmemory: number): Generator<Words[]> {
  const random = new SeededRandom(7);
  const total = maxmemory * TIMES;
  let number = 0;
  for (let written = 0; written < total; ) {
    const batch: Words[] = [];
    for (let i = 0; i < 1000; i++) {
      const share = random.next32() / 2 ** 32;
      const base = CHANGING[Math.min(CHANGING.length - 1, Math.floor((written / total) * CHANGING.length))];
      const length = Math.floor(sizes === "changing" ? base * (0.8 + 0.4 * share) : 10 + 990 * share);
      batch.push(["SET", `key:${number++}`, "x".repeat(length)]);
      written += length + KEY_BYTES;
    }
    yield batch;
  }
}
