/** rate-limiter-flexible without scripts: its limits are MULTI transactions of SET, INCRBY, PTTL and PEXPIRE. */

import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { once } from "node:events";
import { Redis } from "ioredis";
import { RateLimiterRedisNonAtomic, type RateLimiterRes } from "rate-limiter-flexible";
import { createClient } from "redis";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

let server: TestServer;
let io: Redis;
let node: ReturnType<typeof createClient>;

beforeAll(async () => {
  server = await startRedbun();
  io = new Redis(server.port, "127.0.0.1");
  await once(io, "ready");
  node = createClient({ url: `redis://127.0.0.1:${server.port}` });
  await node.connect();
});

beforeEach(async () => {
  await io.flushall();
});

afterAll(async () => {
  await io.quit();
  await node.close();
  await server.stop();
});

/** What a refused consume() rejects with. */
async function refusal(consumed: Promise<RateLimiterRes>): Promise<RateLimiterRes> {
  return await consumed.then(
    () => Promise.reject(new Error("it was allowed")),
    (reason) => reason as RateLimiterRes,
  );
}

describe.each(["ioredis", "node-redis"])("over %s", (client) => {
  function limiter(options: { points: number; duration: number; blockDuration?: number }): RateLimiterRedisNonAtomic {
    const isNode = client === "node-redis";
    return new RateLimiterRedisNonAtomic({ storeClient: isNode ? node : io, useRedisPackage: isNode, ...options });
  }

  test("so many points in a time, and then no more", async () => {
    const limit = limiter({ points: 3, duration: 100 });
    for (const remaining of [2, 1, 0]) {
      const allowed = await limit.consume("user");
      expect(allowed.remainingPoints).toBe(remaining);
      expect(allowed.msBeforeNext).toBeGreaterThan(90_000);
    }
    const refused = await refusal(limit.consume("user"));
    expect(refused.consumedPoints).toBe(4);
    expect(refused.msBeforeNext).toBeGreaterThan(90_000);
    expect((await limit.consume("another")).remainingPoints).toBe(2);
  });

  test("the time over, all points are there again", async () => {
    const limit = limiter({ points: 1, duration: 100 });
    await limit.consume("user");
    await refusal(limit.consume("user"));
    const [key] = await io.keys("*user");
    await io.pexpire(key, 0);
    expect((await limit.consume("user")).remainingPoints).toBe(0);
  });

  test("penalty, reward, block, delete", async () => {
    const limit = limiter({ points: 5, duration: 100 });
    expect((await limit.penalty("user", 3)).consumedPoints).toBe(3);
    expect((await limit.reward("user", 2)).consumedPoints).toBe(1);
    await limit.block("user", 50);
    expect((await refusal(limit.consume("user"))).msBeforeNext).toBeLessThanOrEqual(50_000);
    expect(await limit.delete("user")).toBe(true);
    expect(await limit.get("user")).toBeNull();
    expect((await limit.consume("user")).remainingPoints).toBe(4);
  });
});
