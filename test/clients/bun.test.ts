/** Bun's own Redis client, doing what a Bun program does with it. */

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { RedisClient } from "bun";
import { eventually } from "../support/eventually";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

let server: TestServer;
let client: RedisClient;

beforeAll(async () => {
  server = await startRedbun();
  client = new RedisClient(`redis://127.0.0.1:${server.port}`);
  await client.connect();
});

beforeEach(async () => {
  await client.send("FLUSHALL", []);
});

afterAll(async () => {
  client.close();
  await server.stop();
});

test("speaks RESP3", async () => {
  expect(client.connected).toBe(true);
  const hello = await client.send("HELLO", ["3"]);
  expect(hello).toMatchObject({ server: "redis", version: "7.2.4", proto: 3 });
  expect(await client.send("CLIENT", ["INFO"])).toContain(" resp=3 ");
});

describe("strings", () => {
  test("set, get, and what is missing", async () => {
    expect(await client.set("key", "value")).toBe("OK");
    expect(await client.get("key")).toBe("value");
    expect(await client.get("missing")).toBeNull();
    await client.set("unicode", "Grüße, 世界 🎈");
    expect(await client.get("unicode")).toBe("Grüße, 世界 🎈");
    expect(await client.set("empty", "")).toBe("OK");
    expect(await client.get("empty")).toBe("");
  });

  test("options of set", async () => {
    expect(await client.set("key", "value", "NX")).toBe("OK");
    expect(await client.set("key", "other", "NX")).toBeNull();
    expect(await client.set("key", "other", "XX")).toBe("OK");
    expect(await client.set("key", "third", "GET")).toBe("other");
    expect(await client.set("key", "fourth", "EX", 100)).toBe("OK");
    expect(await client.ttl("key")).toBeWithin(95, 101);
    expect(await client.setnx("key", "fifth")).toBe(0);
  });

  test("binary values", async () => {
    const bytes = new Uint8Array(256).map((_, i) => i);
    await client.set("bytes", bytes);
    expect(await client.getBuffer("bytes")).toEqual(bytes);
    expect(await client.strlen("bytes")).toBe(256);
  });

  test("a value of 5 MB", async () => {
    const large = "0123456789".repeat(500_000);
    await client.set("large", large);
    expect((await client.get("large")) === large).toBe(true);
    expect(await client.getrange("large", 4_999_990, -1)).toBe("0123456789");
  });

  test("counters", async () => {
    expect(await client.incr("n")).toBe(1);
    expect(await client.incrby("n", 41)).toBe(42);
    expect(await client.decr("n")).toBe(41);
    expect(await client.decrby("n", 1)).toBe(40);
    expect(await client.incrbyfloat("n", 0.5)).toBe("40.5");
    await client.set("text", "abc");
    await expect(client.incr("text")).rejects.toThrow("ERR value is not an integer or out of range");
  });

  test("several keys", async () => {
    expect(await client.mset("a", "1", "b", "2")).toBe("OK");
    expect(await client.mget("a", "missing", "b")).toEqual(["1", null, "2"]);
    expect(await client.msetnx("b", "3", "c", "4")).toBe(0);
    expect(await client.append("a", "23")).toBe(3);
    expect(await client.getdel("a")).toBe("123");
    expect(await client.getset("b", "5")).toBe("2");
  });
});

describe("keys and expiry", () => {
  test("exists, del, unlink, type, rename, copy", async () => {
    await client.set("key", "value");
    expect(await client.exists("key")).toBe(true);
    expect(await client.exists("missing")).toBe(false);
    expect(await client.type("key")).toBe("string");
    expect(await client.rename("key", "name")).toBe("OK");
    expect(await client.copy("name", "twin")).toBe(1);
    expect((await client.keys("*")).sort()).toEqual(["name", "twin"]);
    expect(await client.del("name", "missing")).toBe(1);
    expect(await client.unlink("twin")).toBe(1);
    expect(await client.dbsize()).toBe(0);
  });

  test("expiry set, read, taken off, and kept", async () => {
    await client.set("key", "value");
    expect(await client.ttl("key")).toBe(-1);
    expect(await client.ttl("missing")).toBe(-2);
    expect(await client.expire("key", 100)).toBe(1);
    expect(await client.ttl("key")).toBeWithin(95, 101);
    expect(await client.persist("key")).toBe(1);
    expect(await client.pexpire("key", 20)).toBe(1);
    await eventually("it expires", async () => (await client.pttl("key")) < 0);
    expect(await client.get("key")).toBeNull();
    expect(await client.exists("key")).toBe(false);
  });

  test("scan finds every key once", async () => {
    const names = Array.from({ length: 500 }, (_, i) => `scan:${i}`);
    await client.mset(...names.flatMap((name) => [name, "v"]));
    const found: string[] = [];
    let cursor = "0";
    do {
      const [next, keys] = (await client.scan(cursor, "MATCH", "scan:*", "COUNT", 50)) as [string, string[]];
      found.push(...keys);
      cursor = next;
    } while (cursor !== "0");
    expect(found.sort()).toEqual(names.sort());
  });
});

test("thousands of commands at once are answered in order", async () => {
  const replies = await Promise.all(Array.from({ length: 5000 }, () => client.incr("counter")));
  expect(replies).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
});

test("replies that are maps are objects", async () => {
  const config = await client.send("CONFIG", ["GET", "maxmemory*"]);
  expect(config).toMatchObject({ maxmemory: "0", "maxmemory-policy": "noeviction" });
});

test("another database, chosen in the URL", async () => {
  const other = new RedisClient(`redis://127.0.0.1:${server.port}/3`);
  await other.set("key", "in 3");
  expect(await client.get("key")).toBeNull();
  await client.send("SELECT", ["3"]);
  expect(await client.get("key")).toBe("in 3");
  await client.send("SELECT", ["0"]);
  other.close();
});

test("connects again after the connection was killed", async () => {
  const other = new RedisClient(`redis://127.0.0.1:${server.port}`, { autoReconnect: true });
  await other.set("key", "before");
  // onclose is for the end alone; that it connected anew is what onconnect tells.
  const connected = new Promise<void>((resolve) => {
    other.onconnect = () => resolve();
  });
  const id = (await other.send("CLIENT", ["ID"])) as number;
  expect(await client.send("CLIENT", ["KILL", "ID", String(id)])).toBe(1);
  await connected;
  expect(await other.get("key")).toBe("before");
  expect(await other.send("CLIENT", ["ID"])).toBeGreaterThan(id);
  other.close();
});

describe("with a password", () => {
  let locked: TestServer;

  beforeAll(async () => {
    locked = await startRedbun({ args: ["--requirepass", "secret"] });
  });

  afterAll(() => locked.stop());

  test("from the URL", async () => {
    const inside = new RedisClient(`redis://:secret@127.0.0.1:${locked.port}`);
    expect(await inside.set("key", "value")).toBe("OK");
    const named = new RedisClient(`redis://default:secret@127.0.0.1:${locked.port}`);
    expect(await named.get("key")).toBe("value");
    inside.close();
    named.close();
  });

  test("a wrong one is refused", async () => {
    const wrong = new RedisClient(`redis://:wrong@127.0.0.1:${locked.port}`, { autoReconnect: false });
    const failure = await wrong.get("key").then(
      () => "let in",
      (error: Error) => error.message,
    );
    expect(failure).not.toBe("let in");
    wrong.close();
  });
});

test("over a Unix socket", async () => {
  await using unix = await startRedbun({ args: ["--unixsocket", "redbun.sock"] });
  const inside = new RedisClient(`redis+unix://${unix.directory}/redbun.sock`);
  expect(await inside.set("key", "value")).toBe("OK");
  expect(await inside.get("key")).toBe("value");
  inside.close();
});

test("publish and subscribe", async () => {
  const subscriber = await client.duplicate();
  const got: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await subscriber.subscribe("news", (value, channel) => {
    got.push(`${channel} ${value}`);
    if (got.length === 3) resolve();
  });
  for (const value of ["one", "two", "three"]) expect(await client.publish("news", value)).toBe(1);
  await promise;
  expect(got).toEqual(["news one", "news two", "news three"]);
  await subscriber.unsubscribe("news");
  subscriber.close();
});

test("transactions", async () => {
  expect(await client.send("MULTI", [])).toBe("OK");
  expect(await client.send("SET", ["key", "1"])).toBe("QUEUED");
  expect(await client.send("INCR", ["key"])).toBe("QUEUED");
  expect(await client.send("EXEC", [])).toEqual(["OK", 2]);
});

test("a worker that waits for jobs", async () => {
  const worker = await client.duplicate();
  const job = worker.send("BLPOP", ["jobs", "10"]);
  await client.send("RPUSH", ["jobs", "one"]);
  expect(await job).toEqual(["jobs", "one"]);
  worker.close();
});
