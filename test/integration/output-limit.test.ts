/** client-output-buffer-limit over sockets: replies that are too long, and clients that do not read. */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually";
import { bulk, integer, OK, simple } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

let server: TestServer;
let control: RespClient;

beforeAll(async () => {
  server = await startRedbun();
  control = await server.client();
});

afterAll(async () => {
  await control.close();
  await server.stop();
});

async function limited(limits: string): Promise<RespClient> {
  await control.call("CONFIG", "SET", "client-output-buffer-limit", limits);
  await control.call("CONFIG", "RESETSTAT");
  return server.client();
}

async function disconnections(): Promise<number> {
  const info = await control.text("INFO", "stats");
  return Number(/client_output_buffer_limit_disconnections:(\d+)/.exec(info)?.[1]);
}

async function refused(client: RespClient): Promise<void> {
  // The replies are dropped, so that the connection ends without a byte.
  await expect(client.readReply()).rejects.toThrow();
  expect(await disconnections()).toBe(1);
}

test("a reply above the hard limit: no byte of it, and the end", async () => {
  await control.call("SET", "large", "x".repeat(200_000));
  const client = await limited("normal 100000 0 0");
  client.send("GET large\r\n");
  await refused(client);
  expect(server.lines.at(-1)).toMatch(
    /cmd=get .* scheduled to be closed ASAP for overcoming of output buffer limits\./,
  );
});

test("replies to a pipeline count together", async () => {
  await control.call("SET", "medium", "x".repeat(20_000));
  const client = await limited("normal 100000 0 0");
  client.send("GET medium\r\n".repeat(10));
  await refused(client);
});

test("smaller ones, one after the other, are no matter", async () => {
  await using client = await limited("normal 1 0 0");
  for (let i = 0; i < 100; i++) expect(await client.call("ECHO", "x".repeat(1000))).toEqual(bulk("x".repeat(1000)));
  expect(await disconnections()).toBe(0);
});

test("a transaction is run to its end", async () => {
  await control.call("DEL", "before", "after");
  const client = await limited("normal 100000 0 0");
  client.send("MULTI\r\nSET before 1\r\nGET large\r\nGET large\r\nSET after 1\r\nEXEC\r\n");
  // Replies to what comes before EXEC are in the same batch, and are dropped with it.
  await refused(client);
  expect(await control.call("EXISTS", "before", "after")).toEqual(integer(2));
});

test("commands that reply without end stop", async () => {
  await control.call("HSET", "h", "a", "b");
  await control.call("SADD", "s", "a");
  await control.call("ZADD", "z", "1", "a");
  for (const command of ["HRANDFIELD h", "SRANDMEMBER s", "ZRANDMEMBER z"]) {
    const client = await limited("normal 1000000 0 0");
    client.send(`${command} -600000000\r\n`);
    await refused(client);
  }
});

test("the reply to a command that was blocked", async () => {
  await control.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
  await using client = await server.client();
  client.send("BLPOP list 0\r\n");
  await eventually("it waits", async () => (await control.text("INFO", "clients")).includes("blocked_clients:1"));
  // The limit of the one that pushes is none of the other's.
  expect(await control.call("RPUSH", "list", "x".repeat(300_000))).toEqual(integer(1));
  expect((await client.readReply()).type).toBe("array");
});

test("a monitor that does not read goes", async () => {
  const monitor = await limited("normal 1000000 0 0");
  expect(await monitor.call("MONITOR")).toEqual(OK);
  monitor.pause();
  const value = "x".repeat(50_000);
  for (let i = 0; (await disconnections()) === 0; i++) {
    if (i > 1000) throw new Error("it stays");
    await control.call("ECHO", value);
  }
  expect(server.lines.at(-1)).toContain(" flags=O ");
  expect(await control.call("PING")).toEqual(simple("PONG"));
  monitor.resume();
  await monitor.closed;
});

test("the soft limit: after its time", async () => {
  await control.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0 pubsub 0 100000 1");
  await control.call("CONFIG", "RESETSTAT");
  const slow = await server.client();
  slow.send("SUBSCRIBE c\r\n");
  await slow.readReply();
  slow.pause();
  const value = "x".repeat(100_000);
  while (!/ omem=[1-9]\d{6}/.test(await control.text("CLIENT", "LIST", "TYPE", "pubsub"))) {
    await control.call("PUBLISH", "c", value);
  }
  await eventually("it is disconnected", async () => (await disconnections()) > 0);
  slow.resume();
  await slow.closed;
});

test("who has not authenticated may leave little unread, without any limit", async () => {
  await control.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0", "requirepass", "secret");
  await control.call("CONFIG", "RESETSTAT");
  const client = await server.client();
  client.pause();
  const requests = "GET key\r\n".repeat(20_000);
  for (let i = 0; (await disconnections()) === 0; i++) {
    if (i > 1000) throw new Error("it stays");
    client.send(requests);
  }
  expect(server.lines.at(-1)).toMatch(
    / omem=[1-9].* scheduled to be closed ASAP for overcoming of output buffer limits\./,
  );
  client.resume();
  await client.closed;
  // The password makes the difference.
  const known = await server.client();
  known.send("AUTH secret\r\n");
  expect(await known.readReply()).toEqual(OK);
  await known.close();
  await control.call("CONFIG", "SET", "requirepass", "");
});
