/** node-redis (the package `redis`), doing what its users do with it, in RESP2 and RESP3. */

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createClient, RESP_TYPES } from "redis";
import { eventually } from "../support/eventually";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

for (const RESP of [2, 3] as const) {
  describe(`RESP${RESP}`, () => {
    let server: TestServer;
    const connect = (port: number, options: { url?: string; database?: number; name?: string } = {}) =>
      createClient({ url: `redis://127.0.0.1:${port}`, RESP, ...options })
        .on("error", () => undefined)
        .connect();
    let client: Awaited<ReturnType<typeof connect>>;

    beforeAll(async () => {
      server = await startRedbun();
      client = await connect(server.port);
    });

    beforeEach(async () => {
      await client.flushAll();
    });

    afterAll(async () => {
      client.destroy();
      await server.stop();
    });

    test("the protocol asked for is spoken, and the library named", async () => {
      const info = String(await client.sendCommand(["CLIENT", "INFO"]));
      expect(info).toContain(` resp=${RESP}`);
      expect(info).toContain(" lib-name=node-redis");
      expect(await client.hello(RESP)).toMatchObject({ server: "redis", version: "7.2.4", proto: RESP });
    });

    test("transactions", async () => {
      const results: unknown = await client.multi().set("key", "1").incr("key").get("key").exec();
      expect(results).toEqual(["OK", 2, "2"]);
      const other = await connect(server.port);
      await other.watch("key");
      await client.set("key", "3");
      await expect(other.multi().set("key", "4").exec()).rejects.toThrow("watched keys has been changed");
      expect(await client.get("key")).toBe("3");
      other.destroy();
    });

    test("publish and subscribe; in RESP3 beside other commands", async () => {
      const subscriber = await connect(server.port);
      const got: string[] = [];
      await subscriber.subscribe("news", (value, channel) => got.push(`${channel} ${value}`));
      await subscriber.pSubscribe("n*", (value, channel) => got.push(`pattern ${channel} ${value}`));
      await subscriber.sSubscribe("shard", (value, channel) => got.push(`shard ${channel} ${value}`));
      expect(await client.publish("news", "Grüße")).toBe(2);
      expect(await client.sPublish("shard", "x")).toBe(1);
      if (RESP === 3) expect(await subscriber.get("missing")).toBeNull();
      else await subscriber.ping();
      expect(got).toEqual(["news Grüße", "pattern news Grüße", "shard shard x"]);
      await subscriber.unsubscribe();
      await subscriber.pUnsubscribe();
      await subscriber.sUnsubscribe();
      expect(await client.publish("news", "x")).toBe(0);
      subscriber.destroy();
    });

    test("a worker that waits for jobs", async () => {
      const worker = await connect(server.port);
      const job = worker.blPop(["urgent", "jobs"], 10);
      await client.rPush("jobs", "one");
      expect(await job).toEqual({ key: "jobs", element: "one" });
      expect(await worker.blPop("jobs", 0.01)).toBeNull();
      worker.destroy();
    });

    test("strings", async () => {
      expect(await client.set("key", "Grüße")).toBe("OK");
      expect(await client.get("key")).toBe("Grüße");
      expect(await client.get("missing")).toBeNull();
      expect(await client.set("key", "other", { condition: "NX" })).toBeNull();
      expect(await client.set("key", "other", { expiration: { type: "EX", value: 100 }, GET: true })).toBe("Grüße");
      expect(await client.ttl("key")).toBeGreaterThan(95);
      expect(await client.getEx("key", { type: "PERSIST" })).toBe("other");
      expect(await client.ttl("key")).toBe(-1);
      expect(await client.append("key", "!")).toBe(6);
      expect(await client.getRange("key", 0, 2)).toBe("oth");
      expect(await client.getDel("key")).toBe("other!");
      expect(await client.mSet({ a: "1", b: "2" })).toBe("OK");
      expect(await client.mGet(["a", "missing", "b"])).toEqual(["1", null, "2"]);
      expect<unknown>(await client.mSetNX({ b: "3", c: "4" })).toBe(0);
      expect(await client.lcs("a", "b")).toBe("");
    });

    test("binary values", async () => {
      const buffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      await client.set("bytes", bytes);
      expect(await buffers.get("bytes")).toEqual(bytes);
    });

    test("counters and errors", async () => {
      expect(await client.incr("n")).toBe(1);
      expect(await client.incrBy("n", 41)).toBe(42);
      expect(await client.decr("n")).toBe(41);
      expect(await client.incrByFloat("n", 0.5)).toBe("41.5");
      await expect(client.incr("n")).rejects.toThrow("ERR value is not an integer or out of range");
      await expect(client.sendCommand(["NOSUCH"])).rejects.toThrow("ERR unknown command 'NOSUCH'");
    });

    test("keys and expiry", async () => {
      await client.set("key", "value");
      expect(await client.exists(["key", "missing"])).toBe(1);
      expect(await client.rename("key", "name")).toBe("OK");
      expect(await client.copy("name", "twin", { REPLACE: true })).toBe(1);
      expect(await client.objectEncoding("name")).toBe("embstr");
      expect(await client.type("name")).toBe("string");
      expect((await client.keys("*")).sort()).toEqual(["name", "twin"]);
      expect(await client.expire("name", 100, "NX")).toBe(1);
      expect(await client.expire("name", 50, "GT")).toBe(0);
      expect(await client.expireTime("name")).toBeGreaterThan(Date.now() / 1000);
      expect(await client.persist("name")).toBe(1);
      await client.pExpire("name", 10);
      await eventually("it expires", async () => (await client.exists("name")) === 0);
      expect(await client.pTTL("name")).toBe(-2);
      expect(await client.unlink("twin")).toBe(1);
      expect(await client.dbSize()).toBe(0);
    });

    test("a scan iterator", async () => {
      const names = Array.from({ length: 300 }, (_, i) => `scan:${i}`);
      await client.mSet(names.map((name): [string, string] => [name, "v"]));
      const found: string[] = [];
      for await (const keys of client.scanIterator({ MATCH: "scan:*", COUNT: 20, TYPE: "string" })) found.push(...keys);
      expect(found.sort()).toEqual(names.sort());
    });

    test("pipelines: commands of one turn, and execAsPipeline", async () => {
      const replies = await Promise.all(Array.from({ length: 5000 }, () => client.incr("n")));
      expect(replies).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
      const results = await client.multi().set("a", "1").incr("a").get("a").execAsPipeline();
      expect(results.map(String)).toEqual(["OK", "2", "2"]);
    });

    test("a value of 5 MB", async () => {
      const large = "0123456789".repeat(500_000);
      await client.set("large", large);
      expect((await client.get("large")) === large).toBe(true);
    });

    test("configuration, information, clients", async () => {
      expect(await client.configGet("maxclients")).toEqual({ maxclients: "10000" });
      expect(await client.info("server")).toContain("redis_version:7.2.4");
      expect(await client.commandCount()).toBeGreaterThan(50);
      expect(await client.ping()).toBe("PONG");
      expect(await client.echo("hello")).toBe("hello");
      const list = await client.clientList();
      expect(list).toHaveLength(1);
      expect((await client.clientInfo()).id).toBe(list[0].id);
    });

    test("another database and a name", async () => {
      const other = await connect(server.port, { database: 6, name: "a-name" });
      await other.set("key", "in 6");
      expect(await other.clientGetName()).toBe("a-name");
      expect(await client.get("key")).toBeNull();
      await client.select(6);
      expect(await client.get("key")).toBe("in 6");
      await client.select(0);
      other.destroy();
    });

    test("connects again after the connection was killed", async () => {
      const other = await connect(server.port);
      await other.set("key", "before");
      // Not once() of node:events: that rejects at the "error" which comes first.
      const reconnecting = new Promise<void>((resolve) => other.once("reconnecting", resolve));
      const id = await other.clientId();
      expect(await client.clientKill({ filter: "ID", id })).toBe(1);
      await reconnecting;
      expect(await other.get("key")).toBe("before");
      other.destroy();
    });

    test("a password", async () => {
      await using locked = await startRedbun({ args: ["--requirepass", "secret"] });
      const inside = await connect(locked.port, { url: `redis://:secret@127.0.0.1:${locked.port}` });
      expect(await inside.set("key", "value")).toBe("OK");
      await inside.close();
      const wrong = createClient({
        url: `redis://default:wrong@127.0.0.1:${locked.port}`,
        RESP,
        socket: { reconnectStrategy: false },
      }).on("error", () => undefined);
      await expect(wrong.connect()).rejects.toThrow("WRONGPASS");
      wrong.destroy();
    });

    test("a user: made, described, logged in as, and what it was denied", async () => {
      expect(await client.aclSetUser("app", ["on", ">secret", "~app:*", "+@read", "(+set ~w)"])).toBe("OK");
      const user = await client.aclGetUser("app");
      expect(user).toMatchObject({ keys: "~app:*", channels: "", commands: "-@all +@read" });
      expect(user?.selectors[0]).toMatchObject({ commands: "-@all +set", keys: "~w" });
      const app = await connect(server.port, { url: `redis://app:secret@127.0.0.1:${server.port}` });
      expect(await app.get("app:1")).toBeNull();
      expect(await app.set("w", "value")).toBe("OK");
      await expect(app.set("app:1", "value")).rejects.toThrow("NOPERM No permissions to access a key");
      const [entry] = await client.aclLog(1);
      expect(entry).toMatchObject({ count: 1, reason: "key", context: "toplevel", object: "app:1", username: "app" });
      expect(await client.aclDryRun("app", ["GET", "x"])).toBe("User app has no permissions to access the 'x' key");
      expect(await client.aclUsers()).toEqual(["app", "default"]);
      expect(await client.aclDelUser("app")).toBe(1);
      app.destroy();
    });

    test("close sends what waits and ends", async () => {
      const other = await connect(server.port);
      const replies = Promise.all([other.set("key", "last"), other.get("key")]);
      await other.close();
      expect(await replies).toEqual(["OK", "last"]);
    });
  });
}
