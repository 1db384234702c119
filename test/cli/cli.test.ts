/** `redbun cli` beside redis-cli: what it prints, and with which code it exits. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, runRedbun, startRedbun, type TestServer } from "../support/server";

interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

let server: TestServer;
beforeAll(async () => {
  server = await startRedbun({ args: ["--unixsocket", "redis.sock"] });
});
afterAll(async () => {
  await server.stop();
});

async function ours(
  args: readonly string[],
  options: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Run> {
  return await runRedbun(["cli", "-p", String(server.port), ...args], options);
}

async function real(args: readonly string[], stdin = ""): Promise<Run> {
  const child = Bun.spawn(["redis-cli", "-p", String(server.port), ...args], {
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { code: await child.exited, stdout, stderr };
}

const hasRealCli = Bun.which("redis-cli") !== null;
if (!hasRealCli) console.warn("SKIPPED: tests that compare with redis-cli: it is not on PATH");

describe("a command", () => {
  test
    .if(hasRealCli)
    .each([
      [["PING"]],
      [["SET", "k", "v"]],
      [["GET", "k"]],
      [["GET", "missing"]],
      [["SET", "lines", "a\nb\r\nc"]],
      [["GET", "lines"]],
      [["SET", "empty", ""]],
      [["GET", "empty"]],
      [["INCR", "number"]],
      [["MGET", "k", "missing", "number"]],
      [["CONFIG", "GET", "nosuchdirective"]],
      [["-3", "CONFIG", "GET", "max*-policy"]],
      [["-3", "GET", "missing"]],
      [["COMMAND", "INFO", "get", "nosuch"]],
      [["-n", "3", "DBSIZE"]],
      [["NOSUCH", "x"]],
      [["-e", "NOSUCH", "x"]],
      [["-n", "99", "PING"]],
      [["INCR", "k"]],
      [["-a", "wrong", "PING"]],
      [["-a", "wrong", "--no-auth-warning", "PING"]],
      [["--user", "u", "--pass", "wrong", "PING"]],
    ])("%j prints what redis-cli prints", async (args) => {
    const before = await ours(["DEL", "number"]);
    expect(before.code).toBe(0);
    const mine = await ours(args);
    await ours(["DEL", "number"]);
    expect(mine).toEqual(await real(args));
  });

  test.if(hasRealCli)("takes its last argument from stdin with -x", async () => {
    expect(await ours(["-x", "SET", "input"], { stdin: "a\0b\n" })).toMatchObject({ code: 0, stdout: "OK\n" });
    expect((await ours(["GET", "input"])).stdout).toBe((await real(["GET", "input"])).stdout);
  });

  test("goes through a unix socket with -s", async () => {
    const { code, stdout } = await runRedbun(["cli", "-s", join(server.directory, "redis.sock"), "PING"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "PONG\n" });
  });

  test("carries a large reply whole", async () => {
    const value = "x".repeat(3_000_000);
    expect((await ours(["-x", "SET", "big"], { stdin: value })).code).toBe(0);
    expect((await ours(["GET", "big"])).stdout).toBe(`${value}\n`);
  });

  test("finds server and password in the environment", async () => {
    await using guarded = await startRedbun({ args: ["--requirepass", "secret"] });
    const env = { REDBUN_PORT: String(guarded.port) };
    expect(await runRedbun(["cli", "PING"], { env })).toMatchObject({
      code: 0,
      stdout: "NOAUTH Authentication required.\n\n",
    });
    expect(await runRedbun(["cli", "PING"], { env: { ...env, REDISCLI_AUTH: "secret" } })).toEqual({
      code: 0,
      stdout: "PONG\n",
      stderr: "",
    });
  });

  test("ends with 1 when the server goes away before it has answered", async () => {
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end() },
    });
    const { code, stderr } = await runRedbun(["cli", "-p", String(listener.port), "PING"]);
    listener.stop(true);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "Error: Server closed the connection\n" });
  });

  test("SHUTDOWN ends with 0 and says nothing, for the end of the connection is the answer", async () => {
    const stopped = await startRedbun();
    const cli = await runRedbun(["cli", "-p", String(stopped.port), "shutdown", "nosave"]);
    expect(cli).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await stopped.exited).toBe(0);
    await stopped.stop();
  });

  test("ends with 1 when there is no server", async () => {
    const port = String(freePort());
    const folder = await mkdtemp(join(tmpdir(), "cli-test-"));
    const socket = join(folder, "missing.sock");
    for (const [args, where] of [
      [["-p", port], `127.0.0.1:${port}: Connection refused`],
      [["-s", socket], `${socket}: No such file or directory`],
    ] as const) {
      const { code, stderr } = await runRedbun(["cli", ...args, "PING"]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: `Could not connect to Redis at ${where}\n` });
    }
    await rm(folder, { recursive: true });
  });

  test("is refused with the usage when it makes no sense", async () => {
    for (const args of [[], ["--cluster", "create"]]) {
      const { code, stderr } = await runRedbun(["cli", ...args]);
      expect(code).toBe(1);
      expect(stderr).toContain("Usage: redbun cli");
    }
  });
});
