/**
 * Connections at their limits, over real sockets: clients that do not read, send too much, vanish, or end their side
 * first. A server that loses a byte, mixes up an order or keeps what nobody will read fails here.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { encode } from "../resp/parser-driver";
import { eventually } from "../support/eventually";
import { residentBytes } from "../support/memory";
import { RawConnection } from "../support/raw-connection";
import { OK, text } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(120_000);

const MB = 1024 * 1024;

let server: TestServer;
let control: RespClient;

beforeAll(async () => {
  server = await startRedbun();
  control = await server.client();
});

afterAll(async () => {
  await server.stop();
});

/** The fields of CLIENT LIST's line about the first client besides `control`; undefined when there is none. */
async function otherClient(): Promise<Map<string, string> | undefined> {
  const own = await control.text("CLIENT", "ID");
  const lines = text(await control.call("CLIENT", "LIST"))
    .trim()
    .split("\n");
  const others = lines.filter((line) => !line.startsWith(`id=${own} `));
  if (others.length === 0) return undefined;
  return new Map(others[0].split(" ").map((field) => field.split("=", 2) as [string, string]));
}

const field = async (name: string): Promise<number> => Number((await otherClient())?.get(name) ?? -1);
const alone = (): Promise<void> =>
  eventually("only one client is left", async () => (await otherClient()) === undefined);

const value = (letter: string, size = MB): string => letter.repeat(size);
const bulk = (content: string): string => `$${content.length}\r\n${content}\r\n`;
const LETTERS = ["a", "b", "c", "d", "e", "f", "g"];

async function setLetters(): Promise<void> {
  for (const letter of LETTERS) expect(await control.call("SET", `letter:${letter}`, value(letter))).toEqual(OK);
}

const getLetter = (index: number): string => encode(["GET", `letter:${LETTERS[index % LETTERS.length]}`]);

function expectLetters(received: string, count: number): void {
  const size = bulk(value("a")).length;
  expect(received.length).toBe(size * count);
  for (let i = 0; i < count; i++) {
    // Comparing with toBe would print megabytes.
    const same = received.slice(i * size, (i + 1) * size) === bulk(value(LETTERS[i % LETTERS.length]));
    expect(same, `reply ${i}`).toBe(true);
  }
}

describe("a client that goes in the middle of a large request", () => {
  test("leaves no memory behind", async () => {
    const part = value("x", 40 * MB);
    let before = 0;
    for (let i = 0; i < 10; i++) {
      const leaver = await RawConnection.connect(server.port);
      leaver.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${100 * MB}\r\n`);
      leaver.send(part);
      await eventually("all of it has arrived", async () => (await field("qbuf")) >= part.length);
      await leaver[Symbol.asyncDispose]();
      await alone();
      if (i === 0) before = residentBytes(server.pid);
    }
    expect(residentBytes(server.pid) - before).toBeLessThan(60 * MB);
  });
});

describe("a client that does not read its replies", () => {
  const count = 150;

  beforeAll(setLetters);

  test("is not served on, memory stays bounded, and every reply arrives in order once it reads", async () => {
    const before = residentBytes(server.pid);
    await using slow = await RawConnection.connect(server.port);
    slow.pause();
    slow.send(Array.from({ length: count }, (_, i) => getLetter(i)).join(""));
    await eventually("16 MB wait", async () => (await field("omem")) >= 16 * MB);
    // It stays there: more turns of the event loop serve others, not this client.
    for (let i = 0; i < 50; i++) await control.call("PING");
    expect(await field("omem")).toBeLessThan(20 * MB);
    expect(residentBytes(server.pid) - before).toBeLessThan(80 * MB);
    slow.resume();
    await slow.until(() => slow.receivedBytes >= count * bulk(value("a")).length);
    expectLetters(slow.received, count);
    expect(await field("omem")).toBe(0);
  });

  test("and sends on is not read from either, and its commands run once it reads", async () => {
    await using slow = await RawConnection.connect(server.port);
    slow.pause();
    for (let i = 0; i < 40; i++) slow.send(getLetter(i));
    await eventually("16 MB wait", async () => (await field("omem")) >= 16 * MB);
    const before = residentBytes(server.pid);
    const append = encode(["APPEND", "appended", value("x", 10_000)]);
    for (let i = 0; i < 4000; i++) slow.send(append);
    await eventually("input waits", async () => (await field("qbuf")) >= MB);
    for (let i = 0; i < 50; i++) await control.call("PING");
    // 40 MB were sent; what is not taken stays in the system's buffers and with the client.
    expect(await field("qbuf")).toBeLessThan(3 * MB);
    expect(slow.unsent).toBeGreaterThan(0);
    expect(residentBytes(server.pid) - before).toBeLessThan(20 * MB);
    expect(await control.text("EXISTS", "appended")).toBe("0");
    slow.resume();
    const replies = 40 * bulk(value("a")).length;
    const lengths = Array.from({ length: 4000 }, (_, i) => `:${(i + 1) * 10_000}\r\n`).join("");
    await slow.until(() => slow.receivedBytes >= replies + lengths.length);
    expectLetters(slow.received.slice(0, replies), 40);
    expect(slow.received.slice(replies)).toBe(lengths);
    expect(await control.text("STRLEN", "appended")).toBe("40000000");
  });

  test("one command in a chunk of its own is not served either", async () => {
    await using slow = await RawConnection.connect(server.port);
    slow.pause();
    for (let i = 0; i < 40; i++) slow.send(getLetter(i));
    await eventually("16 MB wait", async () => (await field("omem")) >= 16 * MB);
    const waiting = await field("omem");
    for (let i = 40; i < 60; i++) {
      slow.send(getLetter(i));
      await control.call("PING");
    }
    expect(await field("omem")).toBe(waiting);
    slow.resume();
    await slow.until(() => slow.receivedBytes >= 60 * bulk(value("a")).length);
    expectLetters(slow.received, 60);
  });

  test("and vanishes leaves nothing behind", async () => {
    const slow = await RawConnection.connect(server.port);
    slow.pause();
    for (let i = 0; i < 40; i++) slow.send(getLetter(i));
    const set = encode(["SET", "vanished", value("x", 10_000)]);
    for (let i = 0; i < 1000; i++) slow.send(set);
    await eventually(
      "input and output wait",
      async () => (await field("omem")) >= 16 * MB && (await field("qbuf")) > MB,
    );
    slow.reset();
    await alone();
  });
});

describe("client-output-buffer-limit", () => {
  beforeAll(setLetters);

  test("hard: the connection is closed and the log says why", async () => {
    await control.call("CONFIG", "SET", "client-output-buffer-limit", "normal 2mb 0 0");
    try {
      await using slow = await RawConnection.connect(server.port);
      slow.pause();
      slow.send(Array.from({ length: 40 }, (_, i) => getLetter(i)).join(""));
      await server.waitForLog(/ id=\d+ .* scheduled to be closed ASAP for overcoming of output buffer limits\./);
      await alone();
      slow.resume();
      await slow.untilClosed();
    } finally {
      await control.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
    }
  });

  test("soft: after its seconds", async () => {
    await control.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 1mb 1");
    try {
      const started = Date.now();
      await using slow = await RawConnection.connect(server.port);
      slow.pause();
      slow.send(Array.from({ length: 40 }, (_, i) => getLetter(i)).join(""));
      await eventually("output waits", async () => (await field("omem")) > MB);
      await alone();
      expect(Date.now() - started).toBeGreaterThanOrEqual(1000);
    } finally {
      await control.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0");
    }
  });
});

describe("a client that is to be closed, but does not read what comes before", () => {
  beforeAll(setLetters);

  test.each([
    ["client-output-buffer-limit", "normal 0 1mb 1", "normal 0 0 0"],
    ["timeout", "1", "0"],
  ])("%s ends it", async (directive, limited, usual) => {
    await using slow = await RawConnection.connect(server.port);
    slow.pause();
    slow.send(Array.from({ length: 10 }, (_, i) => getLetter(i)).join("") + encode(["QUIT"]));
    await eventually("output waits", async () => (await field("omem")) > MB);
    await control.call("CONFIG", "SET", directive, limited);
    try {
      await alone();
    } finally {
      await control.call("CONFIG", "SET", directive, usual);
    }
  });
});

describe("before authentication", () => {
  test("the smaller limits hold only as long as a password is required", async () => {
    await control.call("CONFIG", "SET", "requirepass", "secret");
    await using client = await RawConnection.connect(server.port);
    client.send(encode(["PING"]));
    await client.untilReceived("-NOAUTH Authentication required.\r\n");
    await control.call("CONFIG", "SET", "requirepass", "");
    client.send(encode(["STRLEN", value("k", 20_000)]));
    await client.untilReceived("-NOAUTH Authentication required.\r\n:0\r\n");
  });
});

describe("CLIENT REPLY SKIP", () => {
  test.each(["\r\n", "*0\r\n", "*-1\r\n"])("is used up by an empty command: %j", async (empty) => {
    await using client = await RawConnection.connect(server.port);
    client.send(`${encode(["CLIENT", "REPLY", "SKIP"])}${empty}${encode(["PING"])}`);
    await client.untilReceived("+PONG\r\n");
  });
});

describe("what a client sends", () => {
  test("a value of 100 MB in small pieces, and back", async () => {
    const block = Buffer.alloc(10_007);
    for (let i = 0; i < block.length; i++) block[i] = (i * 7919) >>> 3;
    const content = Buffer.alloc(100 * MB);
    for (let at = 0; at < content.length; at += block.length) block.copy(content, at);
    await using sender = await RawConnection.connect(server.port);
    sender.send(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${content.length}\r\n`);
    for (let at = 0, size = 1; at < content.length; at += size) {
      size = at < 50_000 ? 1 + (at % 500) : 1000 + ((at * 31) % 60_000);
      sender.send(content.subarray(at, at + size));
      if (sender.unsent > 4 * MB) await sender.until(() => sender.unsent === 0);
    }
    sender.send("\r\n");
    await sender.untilReceived("+OK\r\n");
    const got = await control.call("GET", "large");
    const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    expect(digest(Buffer.from(text(got), "latin1"))).toBe(digest(content));
    expect(await control.call("UNLINK", "large")).toEqual({ type: "integer", value: 1n });
  });

  test("100,000 commands in one write", async () => {
    const count = 100_000;
    await control.call("DEL", "counter");
    await using sender = await RawConnection.connect(server.port);
    sender.send("*2\r\n$4\r\nINCR\r\n$7\r\ncounter\r\n".repeat(count));
    let expected = "";
    for (let i = 1; i <= count; i++) expected += `:${i}\r\n`;
    await sender.untilReceived(expected);
  });

  test("client-query-buffer-limit: a command that grows beyond it ends the connection", async () => {
    await control.call("CONFIG", "SET", "client-query-buffer-limit", "1mb");
    try {
      await using sender = await RawConnection.connect(server.port);
      sender.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${5 * MB}\r\n${value("v", 900_000)}`);
      await eventually("the start waits", async () => (await field("qbuf")) >= 900_000);
      expect(sender.isClosed).toBe(false);
      sender.send(value("v", 2 * MB));
      await sender.untilClosed();
      await server.waitForLog(/Closing client that reached max query buffer length: id=\d+ .*\(qbuf initial bytes: "/);
      expect(sender.received).toBe("");
      await alone();
    } finally {
      await control.call("CONFIG", "SET", "client-query-buffer-limit", "1gb");
    }
  });

  test("a client that announces much and sends little costs little", async () => {
    const before = residentBytes(server.pid);
    const clients: RawConnection[] = [];
    for (let i = 0; i < 20; i++) {
      const client = await RawConnection.connect(server.port);
      clients.push(client);
      client.send(`*2\r\n$4\r\nECHO\r\n$${500 * MB}\r\nx`);
    }
    await eventually("all wait", async () => {
      const list = text(await control.call("CLIENT", "LIST"));
      return [...list.matchAll(/ qbuf=[1-9]/g)].length >= 20;
    });
    expect(residentBytes(server.pid) - before).toBeLessThan(20 * MB);
    for (const client of clients) client.reset();
    await alone();
  });
});

describe("the end of a connection", () => {
  beforeAll(setLetters);

  test("a client that ends its side behind a pipeline gets every reply", async () => {
    await using client = await RawConnection.connect(server.port);
    client.send(encode(["PING"]).repeat(10_000) + encode(["ECHO", "last"]));
    client.halfClose();
    await client.untilReceived(`${"+PONG\r\n".repeat(10_000)}$4\r\nlast\r\n`);
    await client.untilClosed();
    expect(client.wasReset).toBe(false);
    await alone();
  });

  test("also when there is more than the system's buffers take at once", async () => {
    const count = 30;
    await using client = await RawConnection.connect(server.port);
    client.pause();
    client.send(Array.from({ length: count }, (_, i) => getLetter(i)).join(""));
    client.halfClose();
    await eventually("replies wait", async () => (await field("omem")) > MB);
    client.resume();
    await client.until(() => client.isClosed || client.receivedBytes >= count * bulk(value("a")).length);
    expectLetters(client.received, count);
    await client.untilClosed();
    await alone();
  });

  test("QUIT behind large replies: they arrive, then OK, then the end", async () => {
    await using client = await RawConnection.connect(server.port);
    client.pause();
    client.send(Array.from({ length: 10 }, (_, i) => getLetter(i)).join("") + encode(["QUIT"]));
    await eventually("replies wait", async () => (await field("omem")) > MB);
    client.resume();
    await client.untilClosed();
    expect(client.received.endsWith("+OK\r\n")).toBe(true);
    expectLetters(client.received.slice(0, -5), 10);
  });

  for (const [name, leave] of [
    ["a reset", (client: RawConnection) => client.reset()],
    ["an end", (client: RawConnection) => client.halfClose()],
  ] as const) {
    test(`${name} in the middle of a command`, async () => {
      await control.call("SET", "half", "before");
      for (const start of ["*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$5\r\naf", "*3\r\n$3", "*", "SET half aft"]) {
        await using client = await RawConnection.connect(server.port);
        client.send(encode(["PING"]) + start);
        await client.untilReceived("+PONG\r\n");
        leave(client);
        await alone();
      }
      expect(await control.text("GET", "half")).toBe("before");
    });
  }

  test("connections that are reset before they are accepted", async () => {
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => RawConnection.connect(server.port)));
      for (const client of clients) client.reset();
      await alone();
    }
  });

  test("many connections that come and go", async () => {
    for (let round = 0; round < 5; round++) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => RawConnection.connect(server.port)));
      for (const client of clients) client.send(encode(["ECHO", "x"]));
      await Promise.all(clients.map((client) => client.untilReceived("$1\r\nx\r\n")));
      clients.forEach((client, i) => {
        if (i % 2 === 0) client.reset();
        else client.halfClose();
      });
      await alone();
    }
  });
});

describe("maxclients", () => {
  test("refuses with Redis's error, and lets in again when somebody leaves", async () => {
    await using small = await startRedbun({ args: ["--maxclients", "3"] });
    const clients = [await small.client(), await small.client(), await small.client()];
    for (const client of clients) expect(await client.text("PING")).toBe("PONG");
    await using refused = await RawConnection.connect(small.port);
    await refused.untilClosed();
    expect(refused.received).toBe("-ERR max number of clients reached\r\n");
    expect(await clients[0].text("INFO", "stats")).toContain("rejected_connections:1\r\n");
    await clients[1].close();
    await eventually("one is left over", async () => {
      const list = await clients[0].text("CLIENT", "LIST");
      return list.trim().split("\n").length === 2;
    });
    await using another = await small.client();
    expect(await another.text("PING")).toBe("PONG");
  });
});

describe("CLIENT PAUSE", () => {
  test("holds back commands of clients that go on sending, and serves them in order afterwards", async () => {
    const count = 400;
    await control.call("DEL", "paused");
    await using client = await RawConnection.connect(server.port);
    await control.call("CLIENT", "PAUSE", 60_000, "WRITE");
    for (let i = 0; i < count; i++) client.send(encode(["APPEND", "paused", value("p", 10_000)]));
    await eventually("input waits", async () => (await field("qbuf")) >= MB);
    expect(await field("qbuf")).toBeLessThan(3 * MB);
    expect(await control.text("EXISTS", "paused")).toBe("0");
    await control.call("CLIENT", "UNPAUSE");
    let expected = "";
    for (let i = 1; i <= count; i++) expected += `:${i * 10_000}\r\n`;
    await client.untilReceived(expected);
  });
});
