/**
 * A fixed sequence of commands from a fixed seed, and a checksum of the replies. Every server gives the same one, so
 * a benchmark that prints it shows that what it measured also answered rightly.
 */

import { Random } from "../../test/support/random";
import { show } from "../../test/support/reply";
import type { Argument } from "../../test/support/resp-client";
import type { TestServer } from "../../test/support/server";

export const CHECKSUM_SEED = 42;
const COMMANDS = 10_000;
const BATCH = 500;

/** What a command is made from: random choices, and the key of a type. */
type Make = (random: Random, key: (type: string) => string) => Argument[];

const member = (random: Random): string => `member:${random.integer(0, 400)}`;
const number = (random: Random): string => String(random.integer(-500, 500));
const several = (random: Random, one: (random: Random) => Argument[]): Argument[] =>
  Array.from({ length: random.integer(1, 20) }, () => one(random)).flat();

/** By name: how often a command is sent, and with what. Only commands whose replies have one order. */
const MAKERS: Readonly<Record<string, readonly [weight: number, make: Make]>> = {
  set: [8, (random, key) => ["SET", key("string"), random.string(random.integer(0, 40))]],
  get: [8, (_, key) => ["GET", key("string")]],
  incr: [4, (random) => ["INCR", `counter:${random.integer(0, 9)}`]],
  mset: [2, (random, key) => ["MSET", key("string"), random.uint32(), key("string"), random.string(3)]],
  ping: [2, (random) => ["PING", random.string(5)]],
  rpush: [2, (random, key) => ["RPUSH", key("list"), ...several(random, (each) => [member(each)])]],
  lpush: [2, (random, key) => ["LPUSH", key("list"), ...several(random, (each) => [member(each)])]],
  lpop: [2, (_, key) => ["LPOP", key("list")]],
  rpop: [2, (_, key) => ["RPOP", key("list")]],
  lrange: [2, (random, key) => ["LRANGE", key("list"), random.integer(-50, 50), random.integer(-50, 50)]],
  linsert: [1, (random, key) => ["LINSERT", key("list"), "BEFORE", member(random), "inserted"]],
  lindex: [1, (random, key) => ["LINDEX", key("list"), random.integer(-100, 100)]],
  sadd: [3, (random, key) => ["SADD", key("set"), ...several(random, (each) => [member(each)])]],
  srem: [2, (random, key) => ["SREM", key("set"), member(random)]],
  sismember: [2, (random, key) => ["SISMEMBER", key("set"), member(random)]],
  sintercard: [1, (_, key) => ["SINTERCARD", 2, key("set"), key("set")]],
  hset: [3, (random, key) => ["HSET", key("hash"), ...several(random, (each) => [member(each), number(each)])]],
  hget: [2, (random, key) => ["HGET", key("hash"), member(random)]],
  hincrby: [1, (random, key) => ["HINCRBY", key("hash"), member(random), number(random)]],
  zadd: [3, (random, key) => ["ZADD", key("zset"), ...several(random, (each) => [number(each), member(each)])]],
  zrem: [1, (random, key) => ["ZREM", key("zset"), member(random)]],
  zrange: [2, (random, key) => ["ZRANGE", key("zset"), number(random), number(random), "BYSCORE", "WITHSCORES"]],
  zpopmin: [1, (_, key) => ["ZPOPMIN", key("zset")]],
  // The sum of scores would soon be beyond 2^53, where servers print them differently.
  zunionstore: [1, (_, key) => ["ZUNIONSTORE", key("zset"), 2, key("zset"), key("zset"), "AGGREGATE", "MAX"]],
  xadd: [2, (random, key) => ["XADD", key("stream"), "MAXLEN", 300, `${nextId++}-0`, "field", member(random)]],
  xlen: [1, (_, key) => ["XLEN", key("stream")]],
  xrange: [1, (_, key) => ["XRANGE", key("stream"), "-", "+", "COUNT", 10]],
  geoadd: [2, (random, key) => ["GEOADD", key("geo"), ...several(random, (each) => [...place(each), member(each)])]],
  geosearch: [1, (random, key) => ["GEOSEARCH", key("geo"), "FROMLONLAT", ...place(random), ...area(random)]],
  pfadd: [1, (random, key) => ["PFADD", key("hll"), ...several(random, (each) => [member(each)])]],
  pfcount: [1, (_, key) => ["PFCOUNT", key("hll"), key("hll")]],
  setbit: [1, (random, key) => ["SETBIT", key("bits"), random.integer(0, 5000), random.integer(0, 1)]],
  bitcount: [1, (_, key) => ["BITCOUNT", key("bits")]],
};

/** The ID of the next entry, as no server's clock should tell. */
let nextId = 1;

const place = (random: Random): string[] => [(random.float() * 20).toFixed(6), (random.float() * 20).toFixed(6)];
const area = (random: Random): Argument[] => ["BYRADIUS", random.integer(1, 2000), "km", "ASC", "WITHDIST"];

/** Runs the sequence, of the commands in `known` alone, on an empty server, and empties it again. */
export async function checksum(server: TestServer, known: ReadonlySet<string>): Promise<string> {
  nextId = 1;
  const random = new Random(CHECKSUM_SEED);
  const hasher = new Bun.CryptoHasher("sha256");
  const makers = Object.entries(MAKERS).filter(([name]) => known.has(name));
  const weights = Object.fromEntries(makers.map(([name, [weight]]) => [name, weight]));
  const key = (type: string) => `${type}:${random.integer(0, type === "string" ? 99 : 2)}`;
  await using client = await server.client();
  await client.call("FLUSHALL");
  for (let done = 0; done < COMMANDS; done += BATCH) {
    const batch = Array.from({ length: BATCH }, () => MAKERS[random.weighted(weights)][1](random, key));
    for (const reply of await client.pipeline(batch)) hasher.update(`${show(reply)}\n`);
  }
  await client.call("FLUSHALL");
  return hasher.digest("hex").slice(0, 16);
}
