/** connect-redis: sessions of a web server, through express-session as its users do. */

import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RedisStore } from "connect-redis";
import session, { type SessionData } from "express-session";
import { createClient } from "redis";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

declare module "express-session" {
  interface SessionData {
    visits: number;
  }
}

let server: TestServer;
let redis: ReturnType<typeof createClient>;
let store: RedisStore;

beforeAll(async () => {
  server = await startRedbun();
  redis = createClient({ url: `redis://127.0.0.1:${server.port}` });
  await redis.connect();
  store = new RedisStore({ client: redis, prefix: "app:", ttl: 100 });
});

beforeEach(async () => {
  await redis.flushAll();
});

afterAll(async () => {
  await redis.close();
  await server.stop();
});

function sessionWith(visits: number): SessionData {
  return { visits, cookie: { originalMaxAge: null } };
}

test("a session is kept, prolonged, listed and destroyed", async () => {
  await store.set("one", sessionWith(1));
  expect(await store.get("one")).toMatchObject({ visits: 1 });
  expect(await redis.ttl("app:one")).toBeGreaterThan(95);
  await redis.expire("app:one", 10);
  await store.touch("one", sessionWith(1));
  expect(await redis.ttl("app:one")).toBeGreaterThan(95);
  await store.destroy("one");
  expect(await redis.exists("app:one")).toBe(0);
  expect(await store.get("one")).toBeFalsy();
});

test("more sessions than one step of SCAN returns are found, and cleared; other keys are not", async () => {
  await redis.set("other", "1");
  for (let i = 0; i < 500; i++) await store.set(`id${i}`, sessionWith(i));
  expect(await store.length()).toBe(500);
  expect((await store.ids()).sort()).toEqual(Array.from({ length: 500 }, (_, i) => `id${i}`).sort());
  const visits = (await store.all()).map((each: SessionData) => each.visits);
  expect(visits.sort((a: number, b: number) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  await store.clear();
  expect(await redis.keys("*")).toEqual(["other"]);
});

test("a visitor who comes back is known", async () => {
  const web = createServer(withSessions(countVisits));
  const url = await listen(web);
  try {
    const first = await fetch(url);
    expect(await first.text()).toBe("1");
    const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect(await (await fetch(url, { headers: { cookie } })).text()).toBe("2");
    expect(await (await fetch(url)).text()).toBe("1");
    expect(await store.length()).toBe(2);
  } finally {
    web.close();
    web.closeAllConnections();
  }
});

type Handler = (request: IncomingMessage & { session: SessionData }, response: ServerResponse) => void;

function countVisits(request: Parameters<Handler>[0], response: ServerResponse): void {
  const visits = (request.session.visits ?? 0) + 1;
  request.session.visits = visits;
  response.end(String(visits));
}

/** express-session as Express would call it. */
function withSessions(handler: Handler): (request: IncomingMessage, response: ServerResponse) => void {
  const middleware = session({ store, secret: "for tests", resave: false, saveUninitialized: true });
  return (request, response) =>
    middleware(request as never, response as never, () => handler(request as never, response));
}

async function listen(web: Server): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  web.listen(0, "127.0.0.1", resolve);
  await promise;
  return `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
}
