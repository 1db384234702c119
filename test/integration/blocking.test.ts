/** Blocking commands over sockets: very many clients, pipelines, and connections that end. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Socket } from "bun";
import { eventually } from "../support/eventually";
import { RawConnection } from "../support/raw-connection";
import { array, bulk, error, integer, NULL_ARRAY, OK, simple, text } from "../support/reply";
import { encodeCommand, type RespClient } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

let server: TestServer;

beforeAll(async () => {
  server = await startRedbun({ args: ["--maxclients", "11000"] });
});

afterAll(async () => {
  await server.stop();
});

async function clientsInfo(client: RespClient): Promise<Record<string, string>> {
  const lines = (await client.text("INFO", "clients")).split("\r\n");
  return Object.fromEntries(lines.map((line) => line.split(":") as [string, string]));
}

/** Waits until a field of INFO clients has this value. */
async function until(client: RespClient, field: string, value: number): Promise<void> {
  let seen = "";
  const isSo = async (): Promise<boolean> => {
    seen = (await clientsInfo(client))[field];
    return seen === String(value);
  };
  await eventually(() => `${field} is ${value}, and not ${seen}`, isSo);
}

/** A client that takes one element after the other and notes them. */
class Taker {
  private rest = "";
  private socket: Socket | undefined;

  constructor(
    private readonly request: Uint8Array,
    private readonly taken: (element: string) => void,
  ) {}

  async connect(port: number): Promise<void> {
    this.socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data: (_, chunk) => this.received(chunk), error: () => {} },
    });
    this.socket.write(this.request);
  }

  end(): void {
    this.socket?.end();
  }

  /** Replies are arrays of the key, the element and, of a sorted set, its score. */
  private received(chunk: Buffer): void {
    this.rest += chunk.toString("latin1");
    for (;;) {
      const reply = /^\*[23]\r\n\$5\r\nqueue\r\n\$\d+\r\n(\d+)\r\n(?:\$\d+\r\n\d+\r\n)?/.exec(this.rest);
      // Of a sorted set's reply the score may come with the next chunk.
      if (reply === null || (this.rest[1] === "3" && reply[0].split("\r\n").length < 8)) return;
      this.rest = this.rest.slice(reply[0].length);
      this.taken(reply[1]);
      this.socket?.write(this.request);
    }
  }
}

const BATCH = 1000;

/** The command that blocks; the command that adds element n; clients and elements. */
const QUEUES: [string, (n: string) => string[], number, number][] = [
  ["BLPOP", (n) => ["RPUSH", "queue", n], 10_000, 100_000],
  ["BRPOP", (n) => ["LPUSH", "queue", n], 100, 10_000],
  ["BZPOPMIN", (n) => ["ZADD", "queue", n, n], 1000, 20_000],
];

for (const [command, push, clients, elements] of QUEUES) {
  test(`${command}: ${clients} blocked clients and ${elements} elements: nothing is lost or comes twice`, async () => {
    await using client = await server.client();
    const seen = new Uint8Array(elements);
    let count = 0;
    const request = encodeCommand([command, "queue", "0"]);
    const takers = Array.from({ length: clients }, () => {
      return new Taker(request, (element) => {
        seen[Number(element)]++;
        count++;
      });
    });
    try {
      for (let i = 0; i < clients; i += 500) {
        await Promise.all(takers.slice(i, i + 500).map((taker) => taker.connect(server.port)));
      }
      await until(client, "blocked_clients", clients);
      for (let n = 0; n < elements; n += BATCH) {
        await client.pipeline(Array.from({ length: BATCH }, (_, i) => push(String(n + i))));
      }
      await until(client, "blocked_clients", clients);
      await eventually("all elements are taken", () => count >= elements);
      expect(count).toBe(elements);
      expect(seen.every((times) => times === 1)).toBe(true);
      expect(await client.call("EXISTS", "queue")).toEqual(integer(0));
      expect((await clientsInfo(client)).total_blocking_keys).toBe("1");
    } finally {
      for (const taker of takers) taker.end();
    }
    await until(client, "connected_clients", 1);
    const { blocked_clients, total_blocking_keys, clients_in_timeout_table } = await clientsInfo(client);
    expect([blocked_clients, total_blocking_keys, clients_in_timeout_table]).toEqual(["0", "0", "0"]);
  });
}

describe("a pipeline", () => {
  test("goes on when its client is served", async () => {
    await using blocked = await server.client();
    await using other = await server.client();
    blocked.send("PING before\r\nBZPOPMIN z 0\r\nPING after\r\nBZPOPMIN z 0\r\nPING end\r\n");
    expect(text(await blocked.readReply())).toBe("before");
    await until(other, "blocked_clients", 1);
    expect(blocked.unread).toBe(0);
    await other.call("ZADD", "z", 1, "a");
    expect(await blocked.readReply()).toEqual(array(bulk("z"), bulk("a"), bulk("1")));
    expect(text(await blocked.readReply())).toBe("after");
    await until(other, "blocked_clients", 1);
    await other.call("ZADD", "z", 2, "b");
    expect(await blocked.readReply()).toEqual(array(bulk("z"), bulk("b"), bulk("2")));
    expect(text(await blocked.readReply())).toBe("end");
  });

  test("of a blocked client waits, however long it is", async () => {
    await using blocked = await server.client();
    await using other = await server.client();
    const commands = 200_000;
    blocked.send(`BZPOPMIN z 0\r\n${"INCR counter\r\n".repeat(commands)}`);
    await until(other, "blocked_clients", 1);
    expect(await other.call("EXISTS", "counter")).toEqual(integer(0));
    await other.call("ZADD", "z", 1, "a");
    expect((await blocked.readReply()).type).toBe("array");
    for (let i = 1; i < commands; i++) await blocked.readReply();
    expect(await blocked.readReply()).toEqual(integer(commands));
    await other.call("DEL", "counter");
  });

  test("that is served in its own batch", async () => {
    await using client = await server.client();
    client.send("ZADD z 1 a\r\nBZPOPMIN z 0\r\nMULTI\r\nBZPOPMIN z 0\r\nEXEC\r\n");
    const replies = [];
    for (let i = 0; i < 5; i++) replies.push(await client.readReply());
    expect(replies).toEqual([
      integer(1),
      array(bulk("z"), bulk("a"), bulk("1")),
      OK,
      simple("QUEUED"),
      array(NULL_ARRAY),
    ]);
  });
});

describe("a transaction", () => {
  test("serves after EXEC, by the arguments of who waits", async () => {
    await using blocked = await server.client();
    await using other = await server.client();
    blocked.send(encodeCommand(["BZPOPMIN", "first", "second", "0"]));
    await until(other, "blocked_clients", 1);
    await other.pipeline([["MULTI"], ["ZADD", "second", 1, "b"], ["ZADD", "first", 1, "a"], ["EXEC"]]);
    expect(await blocked.readReply()).toEqual(array(bulk("first"), bulk("a"), bulk("1")));
    expect(await other.call("DEL", "second")).toEqual(integer(1));
  });

  test("that leaves nothing serves nobody", async () => {
    await using blocked = await server.client();
    await using other = await server.client();
    blocked.send(encodeCommand(["BZPOPMIN", "z", "0"]));
    await until(other, "blocked_clients", 1);
    await other.pipeline([["MULTI"], ["ZADD", "z", 1, "a"], ["DEL", "z"], ["EXEC"]]);
    await other.pipeline([["MULTI"], ["ZADD", "z", 1, "a"], ["DEL", "z"], ["SET", "z", "text"], ["EXEC"]]);
    expect((await clientsInfo(other)).blocked_clients).toBe("1");
    await other.pipeline([["MULTI"], ["DEL", "z"], ["ZADD", "z", 1, "b"], ["EXEC"]]);
    expect(await blocked.readReply()).toEqual(array(bulk("z"), bulk("b"), bulk("1")));
  });
});

describe("the end of a connection", () => {
  test("while it waits: nothing is left, and nothing is given to it", async () => {
    await using other = await server.client();
    const gone = await server.client();
    gone.send(encodeCommand(["BZPOPMIN", "z", "y", "100"]));
    await until(other, "clients_in_timeout_table", 1);
    await gone.close();
    await until(other, "blocked_clients", 0);
    expect((await clientsInfo(other)).total_blocking_keys).toBe("0");
    await other.call("ZADD", "z", 1, "a");
    expect(await other.call("ZCARD", "z")).toEqual(integer(1));
    await other.call("DEL", "z");
  });

  test("of its input: it is not waited for any more", async () => {
    await using other = await server.client();
    await using half = await RawConnection.connect(server.port);
    half.send("BZPOPMIN z 0\r\n");
    await until(other, "blocked_clients", 1);
    half.halfClose();
    await until(other, "blocked_clients", 0);
    await until(other, "connected_clients", 1);
  });

  test("by CLIENT KILL, by many, and in the middle of a batch that serves it", async () => {
    await using other = await server.client();
    const victims = await Promise.all(Array.from({ length: 20 }, () => server.client()));
    const ids: string[] = [];
    for (const victim of victims) {
      ids.push(await victim.text("CLIENT", "ID"));
      victim.send(encodeCommand(["BZPOPMIN", "z", "0"]));
    }
    await until(other, "blocked_clients", victims.length);
    const kills = ids.slice(0, 10).map((id) => ["CLIENT", "KILL", "ID", id]);
    const adds = Array.from({ length: 10 }, (_, i) => ["ZADD", "z", String(i), `m${i}`]);
    const replies = await other.pipeline([...kills, ...adds]);
    expect(replies).toEqual(Array.from({ length: 20 }, () => integer(1)));
    for (const [i, victim] of victims.slice(10).entries()) {
      expect(await victim.readReply()).toEqual(array(bulk("z"), bulk(`m${i}`), bulk(String(i))));
    }
    await Promise.all(victims.map((victim) => victim.close()));
    await until(other, "connected_clients", 1);
    expect((await clientsInfo(other)).total_blocking_keys).toBe("0");
  });
});

describe("time", () => {
  test("timeouts come, the short ones first, and not before their time", async () => {
    const clients = await Promise.all([0.3, 0.05, 0.15].map(() => server.client()));
    const order: number[] = [];
    await Promise.all(
      [0.3, 0.05, 0.15].map(async (seconds, i) => {
        const start = performance.now();
        expect(await clients[i].call("BZPOPMIN", "z", seconds)).toEqual(NULL_ARRAY);
        expect(performance.now() - start).toBeGreaterThan(seconds * 1000 - 1);
        order.push(seconds);
      }),
    );
    expect(order).toEqual([0.05, 0.15, 0.3]);
    await Promise.all(clients.map((client) => client.close()));
  });

  test("CLIENT UNBLOCK, and the pipeline behind", async () => {
    await using other = await server.client();
    await using blocked = await server.client();
    const id = await blocked.text("CLIENT", "ID");
    blocked.send("BZPOPMIN z 0\r\nPING\r\n");
    await until(other, "blocked_clients", 1);
    expect(await other.call("CLIENT", "UNBLOCK", id, "ERROR")).toEqual(integer(1));
    expect(await blocked.readReply()).toEqual(error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
    expect(await blocked.readReply()).toEqual(simple("PONG"));
  });
});

describe("who wakes a client and is told of what that one does", () => {
  const told = (...words: string[]) => ({ type: "push" as const, items: words.map(bulk) });

  test("through keyspace events: each gets what is its own, in a pipeline too", async () => {
    await using waiting = await server.client();
    await using waking = await server.client({ protocol: 3 });
    await waking.call("CONFIG", "SET", "notify-keyspace-events", "Kl");
    waking.send(encodeCommand(["SUBSCRIBE", "__keyspace@0__:told"]));
    await waking.nextPush();
    waiting.send(encodeCommand(["BRPOP", "told", "0"]));
    await until(waking, "blocked_clients", 1);
    const replies = await waking.pipeline([
      ["PING", "one"],
      ["LPUSH", "told", "x"],
      ["PING", "two"],
    ]);
    expect(replies).toEqual([bulk("one"), integer(1), bulk("two")]);
    expect(await waiting.readReply()).toEqual(array(bulk("told"), bulk("x")));
    expect([await waking.nextPush(), await waking.nextPush()]).toEqual([
      told("message", "__keyspace@0__:told", "lpush"),
      told("message", "__keyspace@0__:told", "rpop"),
    ]);
    expect([waking.unread, waiting.unread]).toEqual([0, 0]);
    await waking.call("CONFIG", "SET", "notify-keyspace-events", "");
  });

  test("through tracking, in a transaction", async () => {
    await using waiting = await server.client();
    await using waking = await server.client({ protocol: 3 });
    await waking.call("CLIENT", "TRACKING", "on");
    waiting.send(encodeCommand(["BLPOP", "told", "0"]));
    await until(waking, "blocked_clients", 1);
    const commands = [["MULTI"], ["RPUSH", "told", "x"], ["LLEN", "told"], ["EXEC"], ["PING"]];
    const replies = await waking.pipeline(commands);
    expect(replies.slice(3)).toEqual([array(integer(1), integer(1)), simple("PONG")]);
    expect(await waiting.readReply()).toEqual(array(bulk("told"), bulk("x")));
    expect(await waking.nextPush()).toEqual({ type: "push", items: [bulk("invalidate"), array(bulk("told"))] });
    expect([waking.unread, waiting.unread]).toEqual([0, 0]);
  });
});
