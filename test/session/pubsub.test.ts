/** Publish and subscribe in process: what is sent to whom, once; what is left when nobody listens. */

import { describe, expect, test } from "bun:test";
import { InProcess, type InProcessClient } from "../support/in-process";
import { array, bulk, error, integer, OK, type Reply, text } from "../support/reply";

function message(...parts: string[]): Reply {
  return array(...parts.map(bulk));
}

function push(...parts: string[]): Reply {
  return { type: "push", items: parts.map(bulk) };
}

function subscriber(redbun: InProcess, ...commands: string[]): InProcessClient {
  const client = redbun.connect();
  for (const command of commands) client.run(command);
  return client;
}

describe("messages", () => {
  test("are one buffer for all clients of a protocol", () => {
    const redbun = new InProcess();
    const sent: Buffer[] = [];
    for (let i = 0; i < 6; i++) {
      const client = subscriber(redbun, i < 3 ? "HELLO 2" : "HELLO 3", "SUBSCRIBE c");
      client.client.transport.push = (bytes) => sent.push(bytes);
    }
    expect(redbun.run("PUBLISH c hello")).toEqual(integer(6));
    expect(new Set(sent).size).toBe(2);
    expect(new Set(sent.map(String))).toEqual(
      new Set(["*", ">"].map((type) => `${type}3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n`)),
    );
  });

  test("by channel and by pattern, each once", () => {
    const redbun = new InProcess();
    const a = subscriber(redbun, "SUBSCRIBE c", "PSUBSCRIBE c* ?");
    expect(redbun.run("PUBLISH c x")).toEqual(integer(3));
    expect(a.received()).toEqual([
      message("message", "c", "x"),
      message("pmessage", "c*", "c", "x"),
      message("pmessage", "?", "c", "x"),
    ]);
  });

  test("to oneself come after the reply, and CLIENT REPLY OFF does not suppress them", () => {
    const redbun = new InProcess();
    const a = subscriber(redbun, "HELLO 3", "SUBSCRIBE c");
    expect(a.run("PUBLISH c x")).toEqual([integer(1), push("message", "c", "x")]);
    a.run("MULTI");
    a.run("PUBLISH c 1");
    a.run("PUBLISH c 2");
    expect(a.run("EXEC")).toEqual([
      array(integer(1), integer(1)),
      push("message", "c", "1"),
      push("message", "c", "2"),
    ]);
    a.run("CLIENT REPLY OFF");
    expect(a.run("PUBLISH c x")).toEqual([push("message", "c", "x")]);
    expect(a.run("SUBSCRIBE d")).toEqual([{ type: "push", items: [bulk("subscribe"), bulk("d"), integer(2)] }]);
  });

  test("a subscriber of RESP2 that is answered as one", () => {
    const redbun = new InProcess();
    const a = subscriber(redbun, "SUBSCRIBE c");
    expect(a.run("PING")).toEqual([message("pong", "")]);
    expect(a.run("GET k")).toEqual([
      error(
        "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
      ),
    ]);
    expect(text(redbun.run("INFO commandstats"))).toContain(
      "cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1",
    );
  });
});

test("who goes leaves nothing behind", () => {
  for (const leave of ["RESET", "CLIENT KILL", "UNSUBSCRIBE"]) {
    const redbun = new InProcess();
    const a = subscriber(redbun, "SUBSCRIBE a b", "PSUBSCRIBE a*", "SSUBSCRIBE a");
    const { pubsub } = redbun.server;
    const counts = (): number[] => [pubsub.count("channels"), pubsub.count("patterns"), pubsub.count("shardChannels")];
    expect(counts()).toEqual([2, 1, 1]);
    expect(text(redbun.run("INFO stats"))).toMatch(
      /pubsub_channels:2\r\npubsub_patterns:1\r\npubsubshard_channels:1\r\n/,
    );
    expect(a.client.memoryBytes).toBeGreaterThan(0);
    if (leave === "CLIENT KILL") redbun.run(`CLIENT KILL ID ${a.client.id}`);
    else if (leave === "RESET") a.run("RESET");
    else for (const command of ["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"]) a.run(command);
    expect(counts()).toEqual([0, 0, 0]);
    expect([a.client.subscriptions, a.client.memoryBytes]).toEqual([null, 0]);
    expect(redbun.run("PUBLISH a x")).toEqual(integer(0));
  }
});

describe("keyspace notifications", () => {
  test("cost nothing while nobody asks for them", () => {
    const redbun = new InProcess();
    expect(redbun.keyspace.hooks).toBeNull();
    redbun.run("CONFIG SET notify-keyspace-events Ag$");
    expect(redbun.keyspace.hooks).toBeNull();
    redbun.run("CONFIG SET notify-keyspace-events KA");
    expect(redbun.keyspace.hooks).not.toBeNull();
    redbun.call("CONFIG", "SET", "notify-keyspace-events", "");
    expect(redbun.keyspace.hooks).toBeNull();
  });

  test("from the configuration file", () => {
    const redbun = new InProcess({ "notify-keyspace-events": "Ex" });
    const a = subscriber(redbun, "PSUBSCRIBE *");
    redbun.run("SET k v PX 10");
    redbun.clock.advance(11);
    redbun.keyspace.now = redbun.clock.now();
    redbun.server.expireCycle.run(Number.POSITIVE_INFINITY);
    expect(a.received()).toEqual([message("pmessage", "*", "__keyevent@0__:expired", "k")]);
  });

  test("beside WATCH and blocked clients", () => {
    const redbun = new InProcess({ "notify-keyspace-events": "E$" });
    const a = subscriber(redbun, "PSUBSCRIBE *");
    const b = subscriber(redbun, "WATCH k");
    expect(redbun.run("SET k v")).toEqual(OK);
    expect(a.received()).toEqual([message("pmessage", "*", "__keyevent@0__:set", "k")]);
    b.run("MULTI");
    expect(b.run("EXEC")).toEqual([{ type: "null-array" }]);
  });

  test("of a key longer than most, in a database with a number", () => {
    const redbun = new InProcess({ "notify-keyspace-events": "KEA" });
    const key = "k".repeat(5000);
    const a = subscriber(redbun, "PSUBSCRIBE *");
    redbun.run("SELECT 12");
    redbun.call("SET", key, "v");
    expect(a.received()).toEqual([
      message("pmessage", "*", `__keyspace@12__:${key}`, "set"),
      message("pmessage", "*", "__keyevent@12__:set", key),
    ]);
  });
});
