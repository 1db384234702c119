/** Publish and subscribe over sockets: very many subscribers, slow ones, and those who go. */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually";
import { array, bulk, integer, type Reply, text } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

let server: TestServer;

beforeAll(async () => {
  server = await startRedbun();
});

afterAll(async () => {
  await server.stop();
});

function message(channel: string, value: string): Reply {
  return array(bulk("message"), bulk(channel), bulk(value));
}

async function subscriber(channel: string, protocol: 2 | 3 = 2): Promise<RespClient> {
  const client = await server.client({ protocol });
  client.send(`SUBSCRIBE ${channel}\r\n`);
  await (protocol === 2 ? client.readReply() : client.nextPush());
  return client;
}

test("1,000 subscribers get every message, in order", async () => {
  await using publisher = await server.client();
  const subscribers: RespClient[] = [];
  for (let i = 0; i < 1000; i++) subscribers.push(await subscriber("news", i % 2 === 0 ? 2 : 3));
  const values = Array.from({ length: 50 }, (_, i) => `message ${i}`);
  const replies = await publisher.pipeline(values.map((value) => ["PUBLISH", "news", value]));
  expect(replies).toEqual(values.map(() => integer(1000)));
  for (const [i, each] of subscribers.entries()) {
    for (const value of values) {
      const got = await (i % 2 === 0 ? each.readReply() : each.nextPush());
      const parts = got.type === "array" || got.type === "push" ? got.items.map(text) : [];
      expect(parts).toEqual(["message", "news", value]);
    }
  }
  await Promise.all(subscribers.map((each) => each.close()));
  await eventually("nobody subscribes", async () => text(await publisher.call("PUBLISH", "news", "x")) === "0");
  expect(await publisher.call("PUBSUB", "CHANNELS")).toEqual(array());
});

test("who does not read is cut off at its limit, and the others go on", async () => {
  await using publisher = await server.client();
  await using fast = await subscriber("flood");
  const slow = await subscriber("flood");
  await publisher.call("CONFIG", "RESETSTAT");
  await publisher.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 8mb 0 0");
  slow.pause();
  const value = "x".repeat(100_000);
  const lines = server.lines.length;
  let published = 0;
  await eventually("the slow one is disconnected", async () => {
    published++;
    expect(await publisher.call("PUBLISH", "flood", value)).toEqual(integer(2));
    expect(await fast.readReply()).toEqual(message("flood", value));
    return (await publisher.text("INFO", "stats")).includes("client_output_buffer_limit_disconnections:1");
  });
  // What the kernel holds of it comes on top of the limit.
  expect(published).toBeGreaterThan(80);
  expect(server.lines.slice(lines).join("\n")).toMatch(/flags=P .* for overcoming of output buffer limits/);
  expect(await publisher.call("PUBLISH", "flood", "last")).toEqual(integer(1));
  expect(await fast.readReply()).toEqual(message("flood", "last"));
  slow.resume();
  await slow.closed;
  await publisher.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60");
});

test("what a subscriber has not read counts, and comes when it reads", async () => {
  await using publisher = await server.client();
  await using reader = await subscriber("later");
  reader.pause();
  const memory = async (): Promise<number> => {
    const line = await publisher.text("CLIENT", "LIST", "TYPE", "pubsub");
    return Number(/ omem=(\d+) /.exec(line)?.[1]);
  };
  const value = (i: number): string => `${i}`.padEnd(500, ".");
  let sent = 0;
  await eventually("messages wait", async () => {
    await publisher.pipeline(Array.from({ length: 500 }, () => ["PUBLISH", "later", value(sent++)]));
    return (await memory()) > 1_000_000;
  });
  reader.resume();
  for (let i = 0; i < sent; i++) expect(await reader.readReply()).toEqual(message("later", value(i)));
  await eventually("none waits", async () => (await memory()) === 0);
});

test("messages of a transaction, and of a client that then goes, all come", async () => {
  await using reader = await subscriber("t");
  const publisher = await server.client();
  await publisher.pipeline([["MULTI"], ["PUBLISH", "t", "1"], ["PUBLISH", "t", "2"], ["EXEC"]]);
  publisher.send("PUBLISH t 3\r\nQUIT\r\n");
  await publisher.closed;
  for (const value of ["1", "2", "3"]) expect(await reader.readReply()).toEqual(message("t", value));
});

test("a subscription that was queued by MULTI stays, whatever is queued after it", async () => {
  await using listener = await server.client();
  await using publisher = await server.client();
  const transactions = ["MULTI", "SUBSCRIBE kept", "PSUBSCRIBE pat*", "EXEC", "MULTI", "ECHO xxxxxxxxxxxxxxxx", "EXEC"];
  await using other = await server.client({ protocol: 3 });
  for (const client of [listener, other]) for (const line of transactions) client.send(`${line}\r\n`);
  await eventually("there is a pattern", async () => text(await publisher.call("PUBSUB", "NUMPAT")) === "1");
  for (let i = 0; i < 50; i++) {
    await publisher.pipeline([["MULTI"], ["SET", `key ${i}`, "v".repeat(i * 7)], ["EXEC"]]);
    expect(await publisher.call("PUBSUB", "NUMSUB", "kept")).toEqual(array(bulk("kept"), integer(2)));
    expect(await publisher.call("PUBLISH", "pattern", "m")).toEqual(integer(2));
  }
});
