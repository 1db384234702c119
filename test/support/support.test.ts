/** The test support itself: decoder, client, random values, operation runner, servers. */

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { runOperations } from "./model";
import { Random } from "./random";
import { bulk, error, integer, items, NULL, pairs, show, simple, text } from "./reply";
import { ReplyDecoder } from "./reply-decoder";
import { RespClient, toBytes } from "./resp-client";
import { freePort, parseInfo, requireRedis, startRedis } from "./server";

const REPLIES: [string, string][] = [
  ["+OK\r\n", '+"OK"'],
  ["-ERR no\r\n", '-"ERR no"'],
  [":-9223372036854775808\r\n", ":-9223372036854775808"],
  ["$0\r\n\r\n", '""'],
  ["$4\r\n\r\n\x00\xff\r\n", '"\\r\\n\\u0000\\xff"'],
  ["$-1\r\n", "(null bulk)"],
  ["*-1\r\n", "(null array)"],
  ["*0\r\n", "[]"],
  ["*3\r\n:1\r\n*1\r\n$1\r\na\r\n_\r\n", '[:1, ["a"], (null)]'],
  ["%2\r\n+a\r\n:1\r\n+b\r\n%0\r\n", '{+"a": :1, +"b": {}}'],
  ["~1\r\n#t\r\n", "set[#t]"],
  [">2\r\n+message\r\n#f\r\n", 'push[+"message", #f]'],
  [",-1.5e10\r\n", ",-1.5e10"],
  ["(123456789012345678901\r\n", "(123456789012345678901"],
  ["=7\r\ntxt:a\r\n\r\n", '=txt:"a\\r\\n"'],
  ["!5\r\nERR a\r\n", '!"ERR a"'],
  ["|1\r\n+ttl\r\n:1\r\n+OK\r\n", '|{+"ttl": :1}+"OK"'],
];

describe("the reply decoder", () => {
  for (const [bytes, shown] of REPLIES) {
    test(`${JSON.stringify(bytes)} whole, byte by byte, and split anywhere`, () => {
      const all = toBytes(bytes);
      for (let split = 0; split <= all.length; split++) {
        expect(decode([all.subarray(0, split), all.subarray(split)])).toEqual([shown]);
      }
      expect(decode([...all].map((byte) => Uint8Array.of(byte)))).toEqual([shown]);
    });
  }

  test("many replies and one larger than its buffer", () => {
    const large = "x".repeat(100_000);
    const sent = `${"+a\r\n".repeat(3)}$${large.length}\r\n${large}\r\n:7\r\n`;
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < sent.length; at += 1000) chunks.push(toBytes(sent.slice(at, at + 1000)));
    expect(decode(chunks)).toEqual(['+"a"', '+"a"', '+"a"', `"${large}"`, ":7"]);
  });

  for (const wrong of ["x\r\n", "+a\n", ":1a\r\n", "$x\r\n", "$1\r\nabc", "#x\r\n", "_x\r\n", "=3\r\nabc\r\n"]) {
    test(`${JSON.stringify(wrong)} is refused`, () => expect(() => decode([toBytes(wrong)])).toThrow());
  }
});

function decode(chunks: readonly Uint8Array[]): string[] {
  const decoder = new ReplyDecoder();
  const shown: string[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) shown.push(show(reply));
  }
  expect(decoder.buffered).toBe(0);
  return shown;
}

describe("random values", () => {
  test("the same seed gives the same sequence, another seed another", () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return [random.uint32(), random.integer(0, 9), random.string(5), random.edgeInteger(), random.pick([1, 2, 3])];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test("integers stay in range and reach both ends", () => {
    const random = new Random(1);
    const seen = new Set(Array.from({ length: 1000 }, () => random.integer(-2, 2)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });

  test("weights hold", () => {
    const random = new Random(1);
    let rare = 0;
    for (let i = 0; i < 10_000; i++) if (random.weighted({ often: 9, rare: 1, never: 0 }) === "rare") rare++;
    expect(Math.abs(rare - 1000)).toBeLessThan(150);
  });
});

test("a failing operation names seed, step and history", () => {
  const run = () =>
    runOperations({
      seed: 3,
      steps: 100,
      operations: {
        add: [1, (random) => `of ${random.integer(1, 3)}`],
      },
      check: () => {
        throw new Error("sizes differ");
      },
      checkEvery: 5,
    });
  expect(run).toThrow(/seed \d+, step 5, in add: sizes differ\nlast operations:\n {2}add of \d/);
});

test("a client fails what it waits for when the server closes", async () => {
  const port = freePort();
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(socket) {
        socket.end("+first\r\n$10\r\ncut");
      },
    },
  });
  try {
    const client = await RespClient.connect({ port });
    expect(show(await client.call("PING"))).toBe('+"first"');
    await expect(client.readReply()).rejects.toThrow("closed");
    await client.closed;
    expect(client.isClosed).toBe(true);
    await expect(client.call("PING")).rejects.toThrow("closed");
  } finally {
    listener.stop(true);
  }
  await expect(RespClient.connect({ port })).rejects.toThrow();
});

const withRedis = requireRedis() ? test : test.skip;

withRedis("a server starts, answers in both protocols, logs and stops", async () => {
  const server = await startRedis("redis7", { conf: "maxclients 77\n", args: ["--timeout", "0"] });
  {
    await using two = await server.client();
    await using three = await server.client({ protocol: 3 });
    expect(await two.call("SET", "k", new Uint8Array([0, 255]))).toEqual(simple("OK"));
    expect(await three.call("GET", "k")).toEqual(bulk("\x00\xff"));
    expect(await three.call("GET", "missing")).toEqual(NULL);
    expect((await two.call("NOSUCH")).type).toBe("error");
    expect(await two.pipeline([["INCR", "n"], ["INCR", "n"], ["GET"]])).toEqual([
      integer(1),
      integer(2),
      error("ERR wrong number of arguments for 'get' command"),
    ]);
    expect(text(pairs(await two.call("CONFIG", "GET", "maxclients"))[0][1])).toBe("77");
    expect(items(await two.call("KEYS", "*"))).toHaveLength(2);
    expect(parseInfo(await three.call("INFO", "server")).get("process_id")).toBe(String(server.pid));
    await three.call("CLIENT", "TRACKING", "ON", "BCAST");
    const push = three.nextPush();
    await two.call("DEL", "k");
    expect(show(await push)).toBe('push["invalidate", ["k"]]');
  }
  expect((await server.info("server")).get("tcp_port")).toBe(String(server.port));
  expect(existsSync(server.directory)).toBe(true);
  expect(await server.stop()).toBe(0);
  expect(existsSync(server.directory)).toBe(false);
  await expect(server.waitForLog("a line that never comes")).rejects.toThrow("exited without logging");
});

withRedis("a server that cannot start fails with what it logged", async () => {
  await expect(startRedis("redis7", { args: ["--nosuchdirective", "1"] })).rejects.toThrow("nosuchdirective");
});
