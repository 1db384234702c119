/** CLIENT over real sockets: who is listed, who is killed, and that held commands go on. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually";
import { RawConnection } from "../support/raw-connection";
import { error, integer, OK, simple, text } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";

setDefaultTimeout(30_000);

let server: TestServer;

beforeAll(async () => {
  server = await startRedbun({ args: ["--unixsocket", "redbun.sock"] });
});

afterAll(async () => {
  await server.stop();
});

/** The fields of a line of CLIENT LIST. */
function fields(line: string): Map<string, string> {
  return new Map(line.split(" ").map((each) => each.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

async function info(client: RespClient): Promise<Map<string, string>> {
  return fields((await client.text("CLIENT", "INFO")).trim());
}

async function blocked(client: RespClient): Promise<string> {
  return /blocked_clients:(\d+)/.exec(await client.text("INFO", "clients"))?.[1] ?? "";
}

describe("CLIENT LIST", () => {
  test("shows the replies that a pipeline has written so far", async () => {
    await using connection = await RawConnection.connect(server.port);
    connection.send("PING\r\nSET k v\r\nCLIENT INFO\r\n");
    await connection.until(() => connection.received.includes("resp=2"));
    expect(connection.received).toContain(` obl=${"+PONG\r\n+OK\r\n".length} `);
  });

  test("its own query takes 26 bytes, and 10 of arguments", async () => {
    await using client = await server.client();
    const line = await client.text("client", "list");
    expect(line).toMatch(/^id=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=\d+ name= age=\d+ idle=0 flags=N /);
    expect(line).toContain(" qbuf=26 qbuf-free=0 argv-mem=10 multi-mem=0 ");
  });

  test("half a command waits in its client's buffer", async () => {
    await using client = await server.client();
    await using other = await server.client();
    const id = (await info(client)).get("id") ?? "";
    client.send("*2\r\n$4\r\nECHO\r\n$1000\r\nabc");
    let line = new Map<string, string>();
    await eventually("half a command waits", async () => {
      line = fields((await other.text("CLIENT", "LIST", "ID", id)).trim());
      return line.get("qbuf") !== "0";
    });
    expect(line.get("qbuf")).toBe("24");
    expect(Number(line.get("tot-mem"))).toBeGreaterThan(1000);
    client.send(`${"x".repeat(997)}\r\n`);
    expect(text(await client.readReply())).toBe(`abc${"x".repeat(997)}`);
  });

  test("a unix socket's address is its path", async () => {
    await using client = await server.client({ unixsocket: `${server.directory}/redbun.sock` });
    const own = await info(client);
    expect(own.get("addr")).toBe("redbun.sock:0");
    expect(own.get("flags")).toBe("U");
  });

  test("clients that left are not in it", async () => {
    await using client = await server.client();
    const gone = await server.client();
    const id = (await info(gone)).get("id") ?? "";
    await gone.close();
    await eventually("the client is gone", async () => (await client.text("CLIENT", "LIST", "ID", id)) === "");
  });
});

describe("CLIENT KILL", () => {
  test("by address, by id, and by everything at once", async () => {
    await using killer = await server.client();
    for (const how of ["addr", "id", "laddr"]) {
      const victim = await server.client();
      const own = await info(victim);
      const filter =
        how === "laddr" ? ["LADDR", own.get("laddr") ?? "", "ID", own.get("id") ?? ""] : [how, own.get(how) ?? ""];
      expect(await killer.call("CLIENT", "KILL", ...filter)).toEqual(integer(1));
      await victim.closed;
      // Gone for the list at once, too.
      expect(await killer.call("CLIENT", "KILL", ...filter)).toEqual(integer(0));
    }
  });

  test("oneself: the old form ends the connection after its reply, SKIPME no too", async () => {
    const first = await server.client();
    const address = (await info(first)).get("addr") ?? "";
    expect(await first.call("CLIENT", "KILL", address)).toEqual(OK);
    await first.closed;
    const second = await server.client();
    const id = (await info(second)).get("id") ?? "";
    expect(await second.call("CLIENT", "KILL", "ID", id)).toEqual(integer(0));
    expect(await second.call("CLIENT", "KILL", "ID", id, "SKIPME", "no")).toEqual(integer(1));
    await second.closed;
    await using third = await server.client();
    expect(await third.call("CLIENT", "KILL", address)).toEqual(error("ERR No such client"));
  });
});

describe("CLIENT PAUSE", () => {
  test("held commands run in order once the pause is ended", async () => {
    await using writer = await server.client();
    await using pauser = await server.client();
    await pauser.call("SET", "order", "");
    await pauser.call("CLIENT", "PAUSE", 60_000, "WRITE");
    const replies = writer.pipeline([["GET", "order"], ["APPEND", "order", "a"], ["APPEND", "order", "b"], ["PING"]]);
    const later = pauser.call("GET", "order");
    expect(text(await later)).toBe("");
    await eventually("it is held", async () => (await blocked(pauser)) === "1");
    // The flag of a client that waits.
    expect(await pauser.text("CLIENT", "LIST")).toContain(" flags=b ");
    writer.send("*1\r\n$4\r\nPING\r\n");
    expect(await pauser.call("CLIENT", "UNPAUSE")).toEqual(OK);
    expect((await replies).map(text)).toEqual(["", "1", "2", "PONG"]);
    expect(await writer.readReply()).toEqual(simple("PONG"));
    expect(await pauser.text("GET", "order")).toBe("ab");
  });

  test("ends by time: everybody goes on, also who sent in pieces meanwhile", async () => {
    await using client = await server.client();
    await using other = await server.client();
    expect(await client.call("CLIENT", "PAUSE", 150, "ALL")).toEqual(OK);
    const start = performance.now();
    const held = client.call("SET", "k", "v");
    other.send("*2\r\n$4\r\nECHO\r\n$3\r\na");
    other.send("bc\r\n*1\r\n$4\r\nPI");
    other.send("NG\r\n");
    expect(await held).toEqual(OK);
    expect(performance.now() - start).toBeGreaterThan(140);
    expect(text(await other.readReply())).toBe("abc");
    expect(await other.readReply()).toEqual(simple("PONG"));
  });

  test("a client that leaves while it waits is forgotten", async () => {
    await using client = await server.client();
    const waiting = await server.client();
    await client.call("CLIENT", "PAUSE", 60_000, "WRITE");
    waiting.send("*3\r\n$3\r\nSET\r\n$4\r\ngone\r\n$1\r\n1\r\n");
    await eventually("it is held", async () => (await blocked(client)) === "1");
    await waiting.close();
    await eventually("it is let go", async () => (await blocked(client)) === "0");
    await client.call("CLIENT", "UNPAUSE");
    expect(await client.call("EXISTS", "gone")).toEqual(integer(0));
  });
});

test("INFO tells the largest input buffer of the last seconds: all the room of a value that is under way", async () => {
  await using client = await server.client();
  await using sender = await server.client();
  const largest = async (): Promise<number> => {
    const line = await client.text("INFO", "clients");
    return Number(/client_recent_max_input_buffer:(\d+)/.exec(line)?.[1]);
  };
  expect(await largest()).toBeLessThan(500_000);
  sender.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000\r\n${"x".repeat(100_000)}`);
  await eventually("500 kB wait", async () => (await largest()) >= 500_000);
});

test("an attempt to speak HTTP ends the connection and is logged once", async () => {
  for (let i = 0; i < 2; i++) {
    const browser = await server.client();
    browser.send("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await browser.closed;
  }
  await server.waitForLog("Possible SECURITY ATTACK detected.");
  expect(server.lines.filter((line) => line.includes("SECURITY ATTACK")).length).toBe(1);
});
