/** ioredis, doing what its users do with it. */

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { once } from "node:events";
import { Redis } from "ioredis";
import { eventually } from "../support/eventually";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

let server: TestServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedbun();
  redis = new Redis(server.port, "127.0.0.1");
  await once(redis, "ready");
});

beforeEach(async () => {
  await redis.flushall();
});

afterAll(async () => {
  await redis.quit();
  await server.stop();
});

test("is ready: its check of INFO passes", () => {
  expect(redis.status).toBe("ready");
});

describe("strings", () => {
  test("set, get, options, binary", async () => {
    expect(await redis.set("key", "value")).toBe("OK");
    expect(await redis.get("key")).toBe("value");
    expect(await redis.get("missing")).toBeNull();
    expect(await redis.set("key", "other", "NX")).toBeNull();
    expect(await redis.set("key", "other", "EX", 100, "XX")).toBe("OK");
    expect(await redis.set("key", "third", "KEEPTTL", "GET")).toBe("other");
    expect(await redis.ttl("key")).toBeGreaterThan(95);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await redis.set("bytes", bytes);
    expect(await redis.getBuffer("bytes")).toEqual(bytes);
    expect(await redis.getrangeBuffer("bytes", 254, -1)).toEqual(Buffer.from([254, 255]));
  });

  test("counters, large integers as text", async () => {
    expect(await redis.incr("n")).toBe(1);
    expect(await redis.incrby("n", 9)).toBe(10);
    expect(await redis.incrbyfloat("n", 0.25)).toBe("10.25");
    await redis.set("n", "9223372036854775806");
    await redis.incr("n");
    expect(await redis.get("n")).toBe("9223372036854775807");
    await expect(redis.incr("n")).rejects.toThrow("ERR increment or decrement would overflow");
  });

  test("several keys, from an object and a Map", async () => {
    expect(await redis.mset({ a: "1", b: "2" })).toBe("OK");
    expect(await redis.mset(new Map([["c", "3"]]))).toBe("OK");
    expect(await redis.mget("a", "b", "c", "d")).toEqual(["1", "2", "3", null]);
    expect<unknown>(await redis.msetnx({ c: "4", d: "5" })).toBe(0);
    expect(await redis.append("a", "xyz")).toBe(4);
    expect(await redis.setrange("a", 1, "XYZ")).toBe(4);
    expect(await redis.strlen("a")).toBe(4);
    expect(await redis.getex("a", "PX", 50_000)).toBe("1XYZ");
    expect(await redis.getdel("a")).toBe("1XYZ");
    expect(await redis.lcs("b", "c", "LEN")).toBe(0);
  });
});

describe("keys and expiry", () => {
  test("keys", async () => {
    await redis.set("key", "value");
    expect(await redis.exists("key", "key", "missing")).toBe(2);
    expect(await redis.rename("key", "name")).toBe("OK");
    expect(await redis.copy("name", "twin")).toBe(1);
    expect(await redis.touch("name", "twin")).toBe(2);
    expect(await redis.object("ENCODING", "name")).toBe("embstr");
    expect(await redis.move("twin", 5)).toBe(1);
    expect(await redis.type("name")).toBe("string");
    expect(await redis.randomkey()).toBe("name");
    expect(await redis.unlink("name")).toBe(1);
    expect(await redis.dbsize()).toBe(0);
    await expect(redis.rename("missing", "x")).rejects.toThrow("ERR no such key");
  });

  test("expiry", async () => {
    await redis.setex("key", 100, "value");
    expect(await redis.ttl("key")).toBeGreaterThan(95);
    expect(await redis.expire("key", 10, "GT")).toBe(0);
    expect(await redis.expire("key", 10, "LT")).toBe(1);
    expect(await redis.expiretime("key")).toBeGreaterThan(Date.now() / 1000);
    expect(await redis.persist("key")).toBe(1);
    await redis.psetex("short", 10, "value");
    await eventually("it expires", async () => (await redis.exists("short")) === 0);
    expect(await redis.pttl("short")).toBe(-2);
  });

  test("a scan stream", async () => {
    const names = Array.from({ length: 300 }, (_, i) => `scan:${i}`);
    await redis.mset(Object.fromEntries(names.map((name) => [name, "v"])));
    const found: string[] = [];
    for await (const keys of redis.scanStream({ match: "scan:*", count: 25 })) found.push(...(keys as string[]));
    expect(found.sort()).toEqual(names.sort());
  });
});

describe("pipelines", () => {
  test("results in order, errors in their place", async () => {
    const results = await redis.pipeline().set("a", "1").incr("a").set("t", "x").incr("t").get("a").exec();
    expect(results?.map(([error, value]) => error?.message ?? value)).toEqual([
      "OK",
      2,
      "OK",
      "ERR value is not an integer or out of range",
      "2",
    ]);
  });

  test("of 20,000 commands", async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 10_000; i++) pipeline.set(`key:${i}`, `value:${i}`).get(`key:${i}`);
    const results = await pipeline.exec();
    expect(results?.length).toBe(20_000);
    expect(results?.every(([error]) => error === null)).toBe(true);
    expect(results?.[19_999][1]).toBe("value:9999");
  });

  test("automatic ones", async () => {
    const auto = new Redis(server.port, "127.0.0.1", { enableAutoPipelining: true });
    const values = await Promise.all(Array.from({ length: 1000 }, () => auto.incr("auto")));
    expect(values).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
    await auto.quit();
  });
});

test("a name, a database and a library name of its own", async () => {
  const named = new Redis(server.port, "127.0.0.1", { db: 4, connectionName: "a-name" });
  await named.set("key", "in 4");
  expect(await named.client("GETNAME")).toBe("a-name");
  expect(await named.client("INFO")).toMatch(/ name=a-name .* db=4 .* lib-name=/);
  expect(await redis.get("key")).toBeNull();
  expect(await redis.client("LIST")).toContain("name=a-name");
  await named.quit();
});

test("configuration, information and commands", async () => {
  expect(await redis.config("GET", "maxclients")).toEqual(["maxclients", "10000"]);
  expect(await redis.info("server")).toContain("redis_version:7.2.4");
  expect(await redis.command("COUNT")).toBeGreaterThan(50);
  const [seconds] = await redis.time();
  expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(5);
});

test("RESP3 through HELLO", async () => {
  const three = new Redis(server.port, "127.0.0.1");
  const hello = (await three.call("HELLO", "2")) as unknown[];
  expect(hello.slice(0, 6)).toEqual(["server", "redis", "version", "7.2.4", "proto", 2]);
  await three.quit();
});

test("connects again after the connection was killed, and sends what waited", async () => {
  const other = new Redis(server.port, "127.0.0.1", { retryStrategy: () => 5 });
  await other.set("key", "before");
  const reconnecting = once(other, "reconnecting");
  const id = await other.client("ID");
  expect(await redis.client("KILL", "ID", id)).toBe(1);
  await reconnecting;
  expect(await other.get("key")).toBe("before");
  await other.quit();
});

test("waits for a server that is started later", async () => {
  const first = await startRedbun();
  const { port } = first;
  await first.stop();
  const patient = new Redis(port, "127.0.0.1", { retryStrategy: () => 20, maxRetriesPerRequest: null });
  patient.on("error", () => undefined);
  const answer = patient.ping();
  await using _second = await startRedbun({ port });
  expect(await answer).toBe("PONG");
  patient.disconnect();
});

describe("transactions", () => {
  test("multi, with an error in the middle, and discarded", async () => {
    const results = await redis.multi().set("key", "value").incr("key").get("key").exec();
    expect(results?.map(([error, value]) => error?.message ?? value)).toEqual([
      "OK",
      "ERR value is not an integer or out of range",
      "value",
    ]);
    await expect(redis.multi().set("key", "other").call("nosuch").exec()).rejects.toThrow("EXECABORT");
    expect(await redis.get("key")).toBe("value");
  });

  test("watch: the loser of a race gets null", async () => {
    const other = redis.duplicate();
    await other.watch("key");
    await redis.set("key", "first");
    expect(await other.multi().set("key", "second").exec()).toBeNull();
    expect(await other.multi().get("key").exec()).toEqual([[null, "first"]]);
    await other.quit();
  });
});

describe("publish and subscribe", () => {
  test("channels, patterns and shard channels", async () => {
    const subscriber = redis.duplicate();
    const got: string[][] = [];
    subscriber.on("message", (channel, value) => got.push([channel, value]));
    subscriber.on("pmessage", (pattern, channel, value) => got.push([pattern, channel, value]));
    subscriber.on("smessage", (channel, value) => got.push(["shard", channel, value]));
    expect(await subscriber.subscribe("news", "other")).toBe(2);
    expect(await subscriber.psubscribe("n*")).toBe(3);
    expect(await subscriber.ssubscribe("shard")).toBe(1);
    expect(await redis.publish("news", "Grüße")).toBe(2);
    expect(await redis.spublish("shard", "x")).toBe(1);
    // Without arguments ioredis 6 waits for ever, with real Redis too.
    await subscriber.unsubscribe("news", "other");
    await subscriber.punsubscribe("n*");
    await subscriber.sunsubscribe("shard");
    expect(got).toEqual([
      ["news", "Grüße"],
      ["n*", "news", "Grüße"],
      ["shard", "shard", "x"],
    ]);
    subscriber.disconnect();
  });

  test("keys that expire are heard of", async () => {
    await redis.config("SET", "notify-keyspace-events", "Ex");
    const subscriber = redis.duplicate();
    await subscriber.subscribe("__keyevent@0__:expired");
    const heard = once(subscriber, "message");
    await redis.set("short", "x", "PX", 5);
    expect(await heard).toEqual(["__keyevent@0__:expired", "short"]);
    await redis.config("SET", "notify-keyspace-events", "");
    subscriber.disconnect();
  });
});

test("a worker that waits for jobs", async () => {
  const worker = redis.duplicate();
  const jobs = ["one", "two", "three"];
  const done: string[] = [];
  const working = (async () => {
    while (done.length < jobs.length) done.push((await worker.blpop("urgent", "jobs", 10))?.[1] ?? "nothing");
  })();
  for (const job of jobs) await redis.rpush("jobs", job);
  await working;
  expect(done).toEqual(jobs);
  expect(await worker.blpop("jobs", 0.01)).toBeNull();
  await worker.quit();
});

describe("with a password", () => {
  let locked: TestServer;

  beforeAll(async () => {
    locked = await startRedbun({ args: ["--requirepass", "secret"] });
  });

  afterAll(() => locked.stop());

  test("as an option, with and without a user", async () => {
    for (const options of [{ password: "secret" }, { username: "default", password: "secret" }]) {
      const inside = new Redis(locked.port, "127.0.0.1", options);
      expect(await inside.set("key", "value")).toBe("OK");
      await inside.quit();
    }
  });

  test("none and a wrong one are refused", async () => {
    for (const password of [undefined, "wrong"]) {
      const outside = new Redis(locked.port, "127.0.0.1", { password, retryStrategy: () => null });
      outside.on("error", () => undefined);
      const failure = await outside.get("key").then(
        () => "let in",
        (error: Error) => error.message,
      );
      expect(failure).toMatch(/NOAUTH|WRONGPASS/);
      outside.disconnect();
    }
  });
});

test("as a user with few rights: what is denied rejects, and the connection goes on", async () => {
  await redis.acl("SETUSER", "app", "on", ">secret", "~app:*", "&app:*", "+@all", "-@dangerous", "+info", "+client|id");
  const app = new Redis(server.port, "127.0.0.1", { username: "app", password: "secret" });
  expect(await app.set("app:1", "value")).toBe("OK");
  await expect(app.get("other")).rejects.toThrow("NOPERM No permissions to access a key");
  await expect(app.flushall()).rejects.toThrow("NOPERM User app has no permissions to run the 'flushall' command");
  await expect(app.subscribe("other")).rejects.toThrow("NOPERM No permissions to access a channel");
  const [first, second] = (await app.pipeline().get("other").get("app:1").exec()) ?? [];
  expect([first[0]?.message, second]).toEqual(["NOPERM No permissions to access a key", [null, "value"]]);
  await expect(app.multi().set("app:1", "w").set("other", "w").exec()).rejects.toThrow("EXECABORT");
  expect(await app.get("app:1")).toBe("value");
  expect(await app.acl("WHOAMI")).toBe("app");
  const ended = once(app, "close");
  app.on("error", () => undefined);
  expect(await redis.acl("DELUSER", "app")).toBe(1);
  await ended;
  app.disconnect();
});

test("over a Unix socket", async () => {
  await using unix = await startRedbun({ args: ["--unixsocket", "redbun.sock"] });
  const inside = new Redis({ path: `${unix.directory}/redbun.sock` });
  expect(await inside.set("key", "value")).toBe("OK");
  expect(await inside.get("key")).toBe("value");
  await inside.quit();
});
