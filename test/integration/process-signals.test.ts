/** Signals, graceful ends, and crashes. */

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket } from "bun";
import { text } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { freePort, REPOSITORY, startRedbun, type TestServer } from "../support/server";

const VALUE_BYTES = 8 * 1024 * 1024;

/** A connection that has asked for a large value and reads nothing until it is told to. */
class SlowReader {
  received = 0;
  readonly closed: Promise<void>;
  private constructor(
    private readonly socket: Socket<undefined>,
    closed: Promise<void>,
  ) {
    this.closed = closed;
  }

  static async open(server: TestServer): Promise<SlowReader> {
    let reader: SlowReader | undefined;
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: {
        data(_socket, chunk) {
          if (reader !== undefined) reader.received += chunk.length;
        },
        close: () => resolve(),
      },
    });
    reader = new SlowReader(socket, closed);
    socket.pause();
    socket.write("GET large\r\n");
    return reader;
  }

  read(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.terminate();
  }
}

/** A server that has a reply waiting which the socket's buffers cannot hold. */
async function startWithReader(): Promise<{ server: TestServer; reader: SlowReader }> {
  const server = await startRedbun();
  const client = await server.client();
  await client.call("SET", "large", Buffer.alloc(VALUE_BYTES, "x"));
  const reader = await SlowReader.open(server);
  // The reply is under way once another client's turn shows it waiting.
  for (;;) {
    const list = text(await client.call("CLIENT", "LIST"));
    if (/ omem=[1-9]\d+ .* cmd=get /.test(list)) break;
  }
  await client.close();
  return { server, reader };
}

async function closeAgain(client: RespClient): Promise<boolean> {
  await client.close();
  return true;
}

describe("signals", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s ends the server with 0 and closes its connections", async (signal) => {
    await using server = await startRedbun();
    const client = await server.client();
    expect(text(await client.call("PING"))).toBe("PONG");
    server.process.kill(signal);
    expect(await server.exited).toBe(0);
    await client.closed;
    await server.waitForLog(`Received ${signal} scheduling shutdown...`);
  });

  test("SIGHUP, SIGPIPE and SIGCONT change nothing", async () => {
    await using server = await startRedbun();
    await using client = await server.client();
    for (const signal of ["SIGHUP", "SIGPIPE", "SIGCONT"] as const) server.process.kill(signal);
    expect(text(await client.call("PING"))).toBe("PONG");
  });

  test("replies under way are finished before the end", async () => {
    const { server, reader } = await startWithReader();
    await using _ = server;
    server.process.kill("SIGTERM");
    await server.waitForLog("User requested shutdown...");
    reader.read();
    await reader.closed;
    expect(reader.received).toBe(`$${VALUE_BYTES}\r\n`.length + VALUE_BYTES + 2);
    expect(await server.exited).toBe(0);
  });

  test("a client that does not read does not hold the end up for ever", async () => {
    const { server, reader } = await startWithReader();
    await using _ = server;
    server.process.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    reader.end();
  });

  test("nobody is let in while a shutdown waits", async () => {
    const { server, reader } = await startWithReader();
    await using _ = server;
    server.process.kill("SIGTERM");
    await server.waitForLog("User requested shutdown...");
    // The log line comes just before the listeners close.
    while (await server.client().then(closeAgain, () => false));
    // The server was still there: it goes on with the reply.
    reader.read();
    await reader.closed;
    expect(reader.received).toBeGreaterThan(VALUE_BYTES);
    expect(await server.exited).toBe(0);
  });

  test("a second SIGINT while a shutdown waits ends it at once with 1", async () => {
    const { server, reader } = await startWithReader();
    await using _ = server;
    server.process.kill("SIGINT");
    await server.waitForLog("User requested shutdown...");
    server.process.kill("SIGINT");
    expect(await server.exited).toBe(1);
    await server.waitForLog("You insist... exiting now.");
    reader.end();
  });

  test("shutdown-on-sigterm now does not wait for replies", async () => {
    const { server, reader } = await startWithReader();
    await using _ = server;
    await using client = await server.client();
    expect(text(await client.call("CONFIG", "SET", "shutdown-on-sigterm", "now"))).toBe("OK");
    server.process.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(reader.received).toBe(0);
    reader.end();
  });

  test("a shutdown that is to save is refused while nothing can be saved", async () => {
    const folder = await mkdtemp(join(tmpdir(), "redbun-test-"));
    await using server = await startRedbun({ args: ["--shutdown-on-sigterm", "save", "--dir", folder] });
    await using client = await server.client();
    // Answered, so accepted: a connection that still waits for that is lost with the listener.
    expect(text(await client.call("PING"))).toBe("PONG");
    await rm(folder, { recursive: true });
    server.process.kill("SIGTERM");
    await server.waitForLog("Errors trying to shut down the server. Check the logs for more information.");
    expect(text(await client.call("PING"))).toBe("PONG");
    await client.call("CONFIG", "SET", "shutdown-on-sigterm", "default");
  });
});

describe("SHUTDOWN", () => {
  test("answers what came before it, runs nothing behind it, and ends the server with 0", async () => {
    await using server = await startRedbun();
    const closed = Promise.withResolvers<void>();
    let received = "";
    await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: {
        open: (socket) => void socket.write("SHUTDOWN ABORT\r\nSET k v\r\nSHUTDOWN NOSAVE\r\nGET k\r\n"),
        data(_socket, chunk) {
          received += chunk.toString("latin1");
        },
        close: () => closed.resolve(),
      },
    });
    await closed.promise;
    expect(received).toBe("-ERR No shutdown in progress.\r\n+OK\r\n");
    expect(await server.exited).toBe(0);
    await server.waitForLog("Redis is now ready to exit, bye bye...");
  });

  test("waits for the replies of others, and ABORT from one of them takes it back", async () => {
    const { server, reader } = await startWithReader();
    await using _ = server;
    await using asking = await server.client();
    await using other = await server.client();
    const refused = asking.call("SHUTDOWN", "NOSAVE");
    await server.waitForLog("User requested shutdown...");
    expect(text(await other.call("SHUTDOWN", "ABORT"))).toBe("OK");
    expect(text(await refused)).toBe("ERR Errors trying to SHUTDOWN. Check logs.");
    await server.waitForLog("Shutdown manually aborted.");
    await using late = await server.client();
    expect(text(await late.call("PING"))).toBe("PONG");
    reader.end();
  });
});

describe("a bug", () => {
  /** Starts redbun from source with code that runs before it, and returns what it logged when it is over. */
  async function crash(
    code: string,
    provoke: (port: number, child: Bun.Subprocess) => Promise<void>,
    args: string[] = [],
  ) {
    const directory = await mkdtemp(join(tmpdir(), "redbun-crash-"));
    const preload = join(directory, "preload.ts");
    await Bun.write(preload, code);
    const port = freePort();
    const child = Bun.spawn(
      [process.execPath, "--preload", preload, join(REPOSITORY, "src/main.ts"), "--port", String(port), ...args],
      { cwd: directory, stdout: "pipe", stderr: "pipe" },
    );
    try {
      let log = "";
      let provoked = false;
      for await (const chunk of child.stdout) {
        log += Buffer.from(chunk).toString();
        if (provoked || !log.includes("Ready to accept")) continue;
        provoked = true;
        await provoke(port, child);
      }
      return { code: await child.exited, log };
    } finally {
      child.kill("SIGKILL");
      await rm(directory, { recursive: true });
    }
  }

  function sending(command: string): (port: number, child: Bun.Subprocess) => Promise<void> {
    return async (port) => {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.write(`${command}\r\n`);
    };
  }

  const ON_SIGNAL = (statement: string): string => `process.on("SIGUSR2", () => { ${statement} });`;
  const signal = async (_port: number, child: Bun.Subprocess): Promise<void> => child.kill("SIGUSR2");

  test.each([
    ["an exception", ON_SIGNAL('throw new Error("boom");')],
    ["an exception in a timer", ON_SIGNAL('setTimeout(() => { throw new Error("boom"); }, 0);')],
    ["a rejected promise", ON_SIGNAL('Promise.reject(new Error("boom"));')],
  ])("ends the server with a report: %s", async (_name, code) => {
    const { code: exit, log } = await crash(code, signal);
    expect(exit).toBe(1);
    const [, report] = log.split("=== REDIS BUG REPORT START: Cut & paste starting from here ===\n");
    expect(report).toContain("crashed by an exception: Error: boom");
    expect(report).toContain("------ STACK TRACE ------\nError: boom\n    at ");
    expect(report).toContain("------ INFO OUTPUT ------\n# Server\r\nredis_version:7.2.4\r\n");
    expect(report).toContain("------ CLIENT LIST OUTPUT ------\n");
    expect(report).toContain("=== REDIS BUG REPORT END. Make sure to include from START to END. ===");
  });

  /** Code that makes the handling of a request that contains BOOM fail. */
  const ON_REQUEST = (statement: string): string => `
    const listen = Bun.listen;
    Bun.listen = (options) => {
      const { data } = options.socket;
      options.socket.data = (socket, chunk) => {
        if (chunk.includes("BOOM")) { ${statement} }
        data(socket, chunk);
      };
      return listen(options);
    };`;

  async function request(port: number): Promise<void> {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.write("BOOM\r\n");
  }

  test("ends the server when it is in the handling of a request", async () => {
    const { code, log } = await crash(ON_REQUEST('throw new TypeError("boom");'), request);
    expect(code).toBe(1);
    expect(log).toContain("crashed by an exception: TypeError: boom");
    expect(log).toMatch(/------ CLIENT LIST OUTPUT ------\nid=1 addr=127\.0\.0\.1:\d+/);
    expect(log).toMatch(/------ CONFIG DEBUG OUTPUT ------\nactivedefrag no\n/);
  });

  test("that is an error of the system, but not about a connection, ends the server too", async () => {
    const { code, log } = await crash(ON_REQUEST('require("node:fs").readFileSync("/nonexistent");'), request);
    expect(code).toBe(1);
    expect(log).toContain("ENOENT");
    expect(log).toContain("=== REDIS BUG REPORT END");
  });

  test("in a command is reported with the client, and its arguments but no password", async () => {
    const preload = `
      const { Dispatcher } = await import("${join(REPOSITORY, "src/command/dispatcher.ts")}");
      const { execute } = Dispatcher.prototype;
      Dispatcher.prototype.execute = function (client, request) {
        if (request.buf.includes("secret")) throw new Error("boom");
        return execute.call(this, client, request);
      };`;
    const { code, log } = await crash(preload, async (port) => {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.write('CONFIG SET requirepass "secret" maxmemory "a\\x00b"\r\n');
    });
    expect(code).toBe(1);
    const [, current] = log.split("------ CURRENT CLIENT INFO ------\n");
    expect(current).toMatch(/^id=1 addr=127\.0\.0\.1:\d+ .*\nargv\[0\]: '"CONFIG"'\nargv\[1\]: '"SET"'\n/);
    expect(current).toContain(`argv[3]: '"(redacted)"'\nargv[4]: '"maxmemory"'\nargv[5]: '"a\\x00b"'\n`);
    expect(log).not.toContain("secret");
  });

  test("is what SIGABRT and DEBUG stand for: a report, and the end by a signal", async () => {
    const debug = ["--enable-debug-command", "yes"];
    for (const [provoke, reason, code] of [
      [async (_port: number, child: Bun.Subprocess) => child.kill("SIGABRT"), "crashed by signal: 6", 134],
      [sending("DEBUG SEGFAULT"), "crashed by signal: 11", 139],
      [sending("DEBUG ASSERT"), "=== ASSERTION FAILED ===", 134],
      [sending("DEBUG PANIC"), "Guru Meditation", 134],
    ] as const) {
      const { code: exit, log } = await crash("", provoke, debug);
      expect(exit).toBe(code);
      expect(log).toContain(reason);
      expect(log).toContain("------ STACK TRACE ------\n");
      expect(log).toContain("------ INFO OUTPUT ------\n# Server\r\nredis_version:");
      expect(log).toContain("=== REDIS BUG REPORT END");
    }
    const quiet = await crash("", sending("DEBUG SEGFAULT"), [...debug, "--crash-log-enabled", "no"]);
    expect(quiet.log).not.toContain("REPORT START");
  });

  test("with crash-log-enabled no, leaves the server's state out of the report", async () => {
    const { code, log } = await crash(ON_SIGNAL('throw new Error("boom");'), signal, ["--crash-log-enabled", "no"]);
    expect(code).toBe(1);
    expect(log).toContain("------ STACK TRACE ------");
    expect(log).not.toContain("------ INFO OUTPUT ------");
  });

  test("leaves no pid file behind in a server that was told to go", async () => {
    await using server = await startRedbun({ args: ["--pidfile", "redis.pid"] });
    const path = join(server.directory, "redis.pid");
    expect((await Bun.file(path).text()).trim()).toBe(String(server.pid));
    server.process.kill("SIGTERM");
    await server.exited;
    expect(existsSync(path)).toBe(false);
  });
});
