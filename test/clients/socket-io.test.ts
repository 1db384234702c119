/** The Redis adapter of Socket.IO: two servers that reach each other's clients through PUBLISH and PSUBSCRIBE. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { io, type Socket } from "socket.io-client";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

type Redis = ReturnType<typeof redisClient>;

/** One server of Socket.IO with its connections to redbun, and a client of it. */
interface Node {
  readonly http: HttpServer;
  readonly io: Server;
  readonly publisher: Redis;
  readonly subscriber: Redis;
  readonly client: Socket;
}

let server: TestServer;
let here: Node;
let there: Node;

beforeAll(async () => {
  server = await startRedbun();
});

afterAll(async () => {
  await server.stop();
});

function redisClient() {
  return createClient({ url: `redis://127.0.0.1:${server.port}` });
}

async function connected(): Promise<Redis> {
  return await redisClient().connect();
}

async function startNode(create: typeof createAdapter | typeof createShardedAdapter): Promise<Node> {
  const publisher = await connected();
  const subscriber = await connected();
  const http = createServer();
  const sockets = new Server(http, { adapter: create(publisher, subscriber) });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ["websocket"] });
  await once(client as never, "connect");
  return { http, io: sockets, publisher, subscriber, client };
}

async function stopNode(node: Node): Promise<void> {
  node.client.close();
  await node.io.close();
  await node.publisher.close();
  await node.subscriber.close();
}

describe.each([
  ["with ordinary channels", createAdapter],
  ["with sharded channels", createShardedAdapter],
])("%s", (_name, create) => {
  beforeEach(async () => {
    here = await startNode(create);
    there = await startNode(create);
    // Each has to have heard of the other: what is sent before a subscription is in force is lost.
    await Promise.all([here, there].map(async (node) => await seesBoth(node)));
  });

  afterEach(async () => {
    await stopNode(here);
    await stopNode(there);
  });

  test("a message for all reaches the clients of both servers, with binary content", async () => {
    const bytes = Buffer.from([0, 13, 10, 255]);
    const heard = [here, there].map(async (node) => await nextMessage(node.client, "news"));
    here.io.emit("news", "hello", bytes);
    for (const [word, content] of await Promise.all(heard)) {
      expect(word).toBe("hello");
      expect(Buffer.from(content as Uint8Array)).toEqual(bytes);
    }
  });

  test("a message for a room reaches its members only, wherever they are", async () => {
    const heard: string[] = [];
    here.client.on("to room", () => heard.push("here"));
    there.client.on("to room", () => heard.push("there"));
    // One server puts the other's client into the room.
    here.io.in(there.client.id as string).socketsJoin("room");
    while ((await here.io.in("room").fetchSockets()).length === 0);
    // By now it has subscribed to the room's channel; this answer comes after.
    await there.subscriber.ping();
    const last = [here, there].map(async (node) => await nextMessage(node.client, "last"));
    here.io.to("room").emit("to room");
    here.io.emit("last");
    await Promise.all(last);
    expect(heard).toEqual(["there"]);
  });

  test("a server asks the other one and gets its answer", async () => {
    there.io.on("question", (a: number, b: number, answer: (sum: number) => void) => answer(a + b));
    expect(await here.io.serverSideEmitWithAck("question", 20, 22)).toEqual([42]);
  });
});

async function seesBoth(node: Node): Promise<void> {
  while ((await node.io.fetchSockets()).length < 2);
}

async function nextMessage(client: Socket, event: string): Promise<unknown[]> {
  return await new Promise((resolve) => client.once(event, (...values: unknown[]) => resolve(values)));
}
