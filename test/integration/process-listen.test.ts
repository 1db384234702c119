/** Where the server listens: addresses, ports and the unix socket, at the start and while it runs; who is let in. */

import { describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { text } from "../support/reply";
import { RespClient } from "../support/resp-client";
import { freePort, requireRedis, runRedbun, startRedbun, type TestServer } from "../support/server";

const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
const hasIPv6 = addresses.some((address) => address.address === "::1");
/** An address of this machine that is not its loopback interface. */
const outside = addresses.find((address) => address.family === "IPv4" && !address.internal)?.address;

/** Whether a server answers there. */
async function answers(host: string, port: number): Promise<boolean> {
  const client = await RespClient.connect({ host, port }).catch(() => null);
  if (client === null) return false;
  try {
    return text(await client.call("PING")) === "PONG";
  } finally {
    await client.close();
  }
}

async function configSet(server: TestServer | RespClient, ...pairs: string[]): Promise<string> {
  if (server instanceof RespClient) return text(await server.call("CONFIG", "SET", ...pairs));
  await using client = await server.client();
  return text(await client.call("CONFIG", "SET", ...pairs));
}

const LISTEN_TEXTS = /Could not create|Failed listening|Configured to not|Failed opening/;

/** The lines about listening that a program logs which cannot start, and its exit code. */
async function refusal(
  command: readonly string[],
  args: readonly string[],
): Promise<{ code: number; lines: string[] }> {
  const child = Bun.spawn([...command, "--save", "", ...args], { stdout: "pipe", stderr: "pipe" });
  const output = await child.stdout.text();
  const lines = output
    .split("\n")
    .filter((line) => LISTEN_TEXTS.test(line))
    .map((line) => line.replace(/^.*? # /, "").replace("(TCP)", "(tcp)"));
  return { code: await child.exited, lines };
}

describe("a start", () => {
  test.if(hasIPv6)("listens on every address, of IPv4 and of IPv6, by default", async () => {
    await using server = await startRedbun();
    expect(await answers("127.0.0.1", server.port)).toBe(true);
    expect(await answers("::1", server.port)).toBe(true);
  });

  test("listens on the addresses of bind alone, and passes over optional ones that are not there", async () => {
    await using server = await startRedbun({ conf: "bind 127.0.0.2 -192.0.2.1 127.0.0.3\n" });
    expect(await answers("127.0.0.2", server.port)).toBe(true);
    expect(await answers("127.0.0.3", server.port)).toBe(true);
    expect(await answers("127.0.0.1", server.port)).toBe(false);
    await server.waitForLog("Could not create server TCP listening socket 192.0.2.1:");
  });

  test("takes a host name", async () => {
    await using server = await startRedbun({ conf: "bind localhost\n" });
    expect(await answers("127.0.0.1", server.port)).toBe(true);
  });

  test("listens nowhere but on the unix socket with port 0", async () => {
    await using server = await startRedbun({
      args: ["--unixsocket", "redis.sock", "--unixsocketperm", "600"],
      port: 0,
      ready: /unix$/,
    });
    const path = join(server.directory, "redis.sock");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await using client = await RespClient.connect({ unixsocket: path });
    expect(text(await client.call("PING"))).toBe("PONG");
    expect(server.lines.join("\n")).not.toContain("connections tcp");
    server.process.kill("SIGTERM");
    await server.exited;
    expect(existsSync(path)).toBe(false);
  });

  test("takes the place of a socket file that was left behind", async () => {
    const first = await startRedbun({ args: ["--unixsocket", "redis.sock"] });
    await first.kill("SIGKILL");
    const path = join(first.directory, "redis.sock");
    expect(existsSync(path)).toBe(true);
    await using second = await startRedbun({ args: ["--unixsocket", path], port: 0, ready: /unix$/ });
    await using client = await RespClient.connect({ unixsocket: path });
    expect(text(await client.call("PING"))).toBe("PONG");
    expect(second.lines.length).toBeGreaterThan(0);
    await first.stop();
  });

  const REFUSED: [string, (taken: number) => string[]][] = [
    ["a busy port", (taken) => ["--bind", "127.0.0.1", "--port", String(taken)]],
    ["an address that is not here", (taken) => ["--bind", "192.0.2.1", "--port", String(taken)]],
    ["optional addresses alone, none of them here", (taken) => ["--bind", "-192.0.2.1", "--port", String(taken)]],
    ["a name that nobody knows", (taken) => ["--bind", "127.0.0.2", "name.invalid", "--port", String(taken)]],
    ["a folder that is missing", () => ["--port", "0", "--unixsocket", "/missing/redis.sock"]],
  ];

  test.each(REFUSED)("fails with %s", async (_name, argumentsFor) => {
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    try {
      const args = argumentsFor(taken.port);
      const ours = await runRedbun(args);
      const lines = ours.stdout.split("\n").filter((line) => LISTEN_TEXTS.test(line));
      expect(ours.code).toBe(1);
      expect(lines.length).toBeGreaterThan(0);
      if (!requireRedis()) return;
      const plain = lines.map((line) => line.replace(/^.*? # /, ""));
      expect({ code: 1, lines: plain }).toEqual(await refusal(["redis-server"], args));
    } finally {
      taken.stop(true);
    }
  });

  test("fails when there is nowhere to listen", async () => {
    const { code, stdout } = await runRedbun(["--port", "0"]);
    expect(code).toBe(1);
    expect(stdout).toContain("# Configured to not listen anywhere, exiting.");
  });
});

describe("CONFIG SET", () => {
  test("port moves the server, and leaves connections alone", async () => {
    await using server = await startRedbun();
    await using client = await server.client();
    const port = freePort();
    expect(await configSet(client, "port", String(port))).toBe("OK");
    expect(await answers("127.0.0.1", port)).toBe(true);
    expect(await answers("127.0.0.1", server.port)).toBe(false);
    expect(text(await client.call("PING"))).toBe("PONG");
    expect(await configSet(client, "port", "0")).toBe("OK");
    expect(await answers("127.0.0.1", port)).toBe(false);
    expect(await configSet(client, "port", String(port))).toBe("OK");
    expect(await answers("127.0.0.1", port)).toBe(true);
  });

  test("port to a busy one is refused, and the server stays where it is", async () => {
    await using server = await startRedbun();
    await using client = await server.client();
    const taken = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
    try {
      expect(await configSet(client, "port", String(taken.port))).toBe(
        "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
      );
      await server.waitForLog(
        `# Warning: Could not create server TCP listening socket *:${taken.port}: bind: Address already in use`,
      );
      expect(await answers("127.0.0.1", server.port)).toBe(true);
      expect(JSON.stringify(await client.call("CONFIG", "GET", "port"))).toContain(`"${server.port}"`);
    } finally {
      taken.stop(true);
    }
  });

  test("bind moves the server, to addresses that need the old ones' place too", async () => {
    await using server = await startRedbun({ conf: "bind 127.0.0.1\n" });
    await using client = await server.client();
    expect(await configSet(client, "bind", "127.0.0.2 127.0.0.3")).toBe("OK");
    expect(await answers("127.0.0.2", server.port)).toBe(true);
    expect(await answers("127.0.0.3", server.port)).toBe(true);
    expect(await answers("127.0.0.1", server.port)).toBe(false);
    expect(await configSet(client, "bind", "*")).toBe("OK");
    expect(await answers("127.0.0.1", server.port)).toBe(true);
    expect(await configSet(client, "bind", "127.0.0.3")).toBe("OK");
    expect(await answers("127.0.0.1", server.port)).toBe(false);
    expect(await configSet(client, "bind", "")).toBe("OK");
    expect(await answers("127.0.0.3", server.port)).toBe(false);
    expect(text(await client.call("PING"))).toBe("PONG");
  });

  test("bind to an address that is not here is refused, and everything is as before", async () => {
    await using server = await startRedbun({ conf: "bind 127.0.0.1 127.0.0.2\n" });
    await using client = await server.client();
    expect(await configSet(client, "bind", "127.0.0.3 192.0.2.1")).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.",
    );
    for (const [host, there] of [
      ["127.0.0.1", true],
      ["127.0.0.2", true],
      ["127.0.0.3", false],
    ] as const) {
      expect(await answers(host, server.port)).toBe(there);
    }
    expect(JSON.stringify(await client.call("CONFIG", "GET", "bind"))).toContain('"127.0.0.1 127.0.0.2"');
  });

  test("port and bind together", async () => {
    await using server = await startRedbun();
    await using client = await server.client();
    const port = freePort();
    expect(await configSet(client, "port", String(port), "bind", "127.0.0.2")).toBe("OK");
    expect(await answers("127.0.0.2", port)).toBe(true);
    expect(await answers("127.0.0.1", port)).toBe(false);
    expect(await answers("127.0.0.1", server.port)).toBe(false);
  });
});

describe("who is let in", () => {
  test.if(outside !== undefined)("protected mode keeps strangers out as long as there is no password", async () => {
    await using server = await startRedbun();
    const stranger = async (): Promise<string> => {
      const socket = Promise.withResolvers<string>();
      let received = "";
      await Bun.connect({
        hostname: outside as string,
        port: server.port,
        socket: {
          open: (peer) => void peer.write("PING\r\nQUIT\r\n"),
          data(_peer, chunk) {
            received += chunk.toString("latin1");
          },
          close: () => socket.resolve(received),
          error: () => socket.resolve(received),
        },
      });
      return await socket.promise;
    };
    expect(await stranger()).toStartWith(
      "-DENIED Redis is running in protected mode because protected mode is enabled",
    );
    expect(await answers("127.0.0.1", server.port)).toBe(true);
    expect(await configSet(server, "protected-mode", "no")).toBe("OK");
    expect(await stranger()).toStartWith("+PONG");
    expect(await configSet(server, "protected-mode", "yes", "requirepass", "secret")).toBe("OK");
    expect(await stranger()).toStartWith("-NOAUTH");
  });

  test("maxclients is the number of connections, and the one too many is told so", async () => {
    await using server = await startRedbun({ args: ["--maxclients", "2"] });
    await using first = await server.client();
    await using second = await server.client();
    expect(text(await first.call("PING"))).toBe("PONG");
    expect(text(await second.call("PING"))).toBe("PONG");
    await using third = await server.client();
    expect(text(await third.call("PING"))).toBe("ERR max number of clients reached");
    await third.closed;
    await second.close();
    while (!(await answers("127.0.0.1", server.port)));
  });

  test("a client that is idle for longer than timeout is sent away", async () => {
    await using server = await startRedbun({ args: ["--timeout", "1", "--loglevel", "verbose"] });
    const client = await server.client();
    expect(text(await client.call("PING"))).toBe("PONG");
    await client.closed;
    await server.waitForLog("- Closing idle client");
  });
});
