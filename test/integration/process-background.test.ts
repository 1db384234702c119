/** What the server does as a process of its system: background, supervision, title, OOM score, syslog. */

import { dlopen, ptr } from "bun:ffi";
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, readlinkSync, watch, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually";
import { text } from "../support/reply";
import { RespClient } from "../support/resp-client";
import { freePort, runRedbun, startRedbun } from "../support/server";

const isLinux = process.platform === "linux";
const LIMIT_MS = 20_000;

/** Resolves when `path` holds `part`, and returns what it holds. */
async function waitForFile(path: string, part: string): Promise<string> {
  const deadline = AbortSignal.timeout(LIMIT_MS);
  for (;;) {
    const content = existsSync(path) ? readFileSync(path, "latin1") : "";
    if (content.includes(part)) return content;
    await new Promise<void>((resolve, reject) => {
      const watcher = watch(join(path, ".."), () => done());
      // A change between reading and watching would be missed: look again soon.
      const timer = setTimeout(() => done(), 20);
      const done = (): void => {
        watcher.close();
        clearTimeout(timer);
        if (deadline.aborted) reject(new Error(`${path} does not hold ${part} but ${content}`));
        else resolve();
      };
    });
  }
}

/** /proc/<pid>/cmdline with spaces for the NUL bytes between arguments. */
function commandLine(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "latin1").replace(/\0$/, "").replaceAll("\0", " ");
}

describe.if(isLinux)("daemonize", () => {
  async function inFolder(run: (folder: string, port: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "redbun-daemon-"));
    const pidfile = join(folder, "redis.pid");
    try {
      await run(folder, String(freePort()));
    } finally {
      // Only if the test failed before it ended the server.
      if (existsSync(pidfile)) process.kill(Number(readFileSync(pidfile, "latin1")), "SIGKILL");
      await rm(folder, { recursive: true });
    }
  }

  async function stop(folder: string): Promise<void> {
    const log = join(folder, "redis.log");
    process.kill(Number(readFileSync(join(folder, "redis.pid"), "latin1")), "SIGTERM");
    await waitForFile(log, "Redis is now ready to exit, bye bye...");
    expect(existsSync(join(folder, "redis.pid"))).toBe(false);
  }

  const FILES = ["--daemonize", "yes", "--pidfile", "redis.pid", "--logfile", "redis.log"];

  test("goes to the background, with the pid of the server in the pid file and in the log", async () => {
    await inFolder(async (folder, port) => {
      const started = await runRedbun(["--port", port, "--dir", folder, ...FILES]);
      expect(started).toEqual({ code: 0, stdout: "", stderr: "" });
      const log = await waitForFile(join(folder, "redis.log"), "Ready to accept connections tcp");
      const pid = Number(readFileSync(join(folder, "redis.pid"), "latin1"));
      expect(new Set(log.match(/^\d+/gm))).toEqual(new Set([String(pid)]));
      expect(log).toContain(`pid=${pid}, just started`);
      await using client = await RespClient.connect({ port: Number(port) });
      expect(text(await client.call("PING"))).toBe("PONG");
      // A session of its own, without a terminal: its number is the process's.
      const [, , , session] = readFileSync(`/proc/${pid}/stat`, "latin1")
        .replace(/^.*\) /, "")
        .split(" ");
      expect(Number(session)).toBe(pid);
      for (const fd of [0, 1, 2]) {
        expect(readlinkSync(`/proc/${pid}/fd/${fd}`)).toBe("/dev/null");
      }
      await stop(folder);
    });
  });

  test("takes its configuration from stdin and relative paths from where it was started", async () => {
    await inFolder(async (folder, port) => {
      await Bun.write(join(folder, "redis.conf"), `port ${port}\ndir ${folder}\n`);
      const stdin = "pidfile redis.pid\nlogfile redis.log\ndaemonize yes\nmaxclients 77\n";
      const { code, stdout, stderr } = await runRedbun(["redis.conf", "-"], { cwd: folder, stdin });
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^\d+:C .* \* Reading config from stdin\n$/);
      await waitForFile(join(folder, "redis.log"), "Ready to accept connections tcp");
      await using client = await RespClient.connect({ port: Number(port) });
      expect(JSON.stringify(await client.call("CONFIG", "GET", "maxclients"))).toContain('"77"');
      await stop(folder);
    });
  });

  test("tells of a wrong configuration before it goes", async () => {
    const { code, stderr } = await runRedbun(["--daemonize", "yes", "--port", "x"]);
    expect(code).toBe(1);
    expect(stderr).toContain("FATAL CONFIG FILE ERROR");
  });
});

test("a pid file that cannot be written is no reason not to start", async () => {
  await using server = await startRedbun({ args: ["--pidfile", "/missing/redis.pid"] });
  await server.waitForLog("* Failed to write PID file: No such file or directory");
});

describe.if(isLinux)("the title", () => {
  test("says where the server listens", async () => {
    await using server = await startRedbun();
    expect(commandLine(server.pid)).toMatch(new RegExp(`^\\S*redbun \\*:${server.port}$`));
  });

  test("follows the template, port and bind, however long it gets", async () => {
    await using server = await startRedbun({ args: ["--unixsocket", "redis.sock"], conf: "maxclients 100\n" });
    await using client = await server.client();
    const set = async (...pairs: string[]): Promise<string> => text(await client.call("CONFIG", "SET", ...pairs));
    const program = commandLine(server.pid).split(" ")[0];
    const template = "TEST {title} {listen-addr} {port} {tls-port} {unixsocket} {config-file}";
    expect(await set("proc-title-template", template)).toBe("OK");
    const file = join(server.directory, "redis.conf");
    expect(commandLine(server.pid)).toBe(`TEST ${program} *:${server.port} ${server.port} 0 redis.sock ${file}`);
    const port = String(freePort());
    expect(await set("port", port, "bind", "127.0.0.1")).toBe("OK");
    expect(commandLine(server.pid)).toBe(`TEST ${program} 127.0.0.1:${port} ${port} 0 redis.sock ${file}`);
    const long = "x".repeat(3000);
    expect(await set("proc-title-template", long)).toBe("OK");
    expect(commandLine(server.pid)).toBe(long);
    expect(await set("proc-title-template", "short {port}")).toBe("OK");
    expect(commandLine(server.pid)).toBe(`short ${port}`);
    expect(await set("proc-title-template", "{unknown}")).toContain("template format is invalid");
    expect(commandLine(server.pid)).toBe(`short ${port}`);
    expect(await set("port", "0")).toBe("OK");
    expect(await set("proc-title-template", "{listen-addr}")).toBe("OK");
    expect(commandLine(server.pid)).toBe("unixsocket:redis.sock");
  });

  test("is left alone with set-proc-title no", async () => {
    await using server = await startRedbun({ args: ["--set-proc-title", "no"] });
    expect(commandLine(server.pid)).toContain("--set-proc-title no");
  });
});

describe.if(isLinux)("oom-score-adj", () => {
  const score = (pid: number): number => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "latin1"));

  test("is written at the start", async () => {
    const before = score(process.pid);
    await using server = await startRedbun({ conf: "oom-score-adj relative\noom-score-adj-values 7 8 9\n" });
    expect(score(server.pid)).toBe(before + 7);
  });

  test("follows CONFIG SET, and goes back to what it was", async () => {
    await using server = await startRedbun();
    await using client = await server.client();
    const set = async (...pairs: string[]): Promise<string> => text(await client.call("CONFIG", "SET", ...pairs));
    const before = score(process.pid) + 22;
    writeFileSync(`/proc/${server.pid}/oom_score_adj`, String(before));
    expect(await set("oom-score-adj-values", "10 20 30")).toBe("OK");
    expect(score(server.pid)).toBe(before);
    expect(await set("oom-score-adj", "yes")).toBe("OK");
    expect(score(server.pid)).toBe(before + 10);
    expect(await set("oom-score-adj-values", "15 20 30")).toBe("OK");
    expect(score(server.pid)).toBe(before + 15);
    expect(await set("oom-score-adj", "absolute")).toBe("OK");
    expect(score(server.pid)).toBe(15);
    expect(await set("oom-score-adj", "no")).toBe("OK");
    expect(score(server.pid)).toBe(before);
  });

  test("is put back when another part of the same CONFIG SET fails", async () => {
    await using server = await startRedbun();
    await using client = await server.client();
    const before = score(server.pid);
    const taken = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
    const reply = await client.call(
      "CONFIG",
      "SET",
      "oom-score-adj",
      "yes",
      "oom-score-adj-values",
      "3 4 5",
      "port",
      String(taken.port),
    );
    taken.stop(true);
    expect(text(reply)).toContain("related to argument 'port'");
    expect(score(server.pid)).toBe(before);
  });
});

describe.if(isLinux)("supervised", () => {
  const AF_UNIX = 1;
  const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;

  /** A unix datagram socket, as systemd has one for $NOTIFY_SOCKET. */
  function notifySocket(path: string) {
    const libc = dlopen("libc.so.6", {
      socket: { args: ["i32", "i32", "i32"], returns: "i32" },
      bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
      recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
      close: { args: ["i32"], returns: "i32" },
    }).symbols;
    const fd = libc.socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path)]);
    if (path.startsWith("@")) address[2] = 0;
    if (libc.bind(fd, ptr(address), address.length) !== 0) throw new Error(`cannot bind ${path}`);
    const buffer = Buffer.alloc(4096);
    const received: string[] = [];
    return {
      /** Resolves with all messages so far when `message` is among them. */
      async waitFor(message: string): Promise<string[]> {
        const isThere = (): boolean => {
          const length = Number(libc.recv(fd, ptr(buffer), buffer.length, 0));
          if (length >= 0) received.push(buffer.toString("latin1", 0, length));
          return received.includes(message);
        };
        await eventually(() => `${message} among ${JSON.stringify(received)}`, isThere);
        return received;
      },
      close: () => libc.close(fd),
    };
  }

  test.each([
    ["systemd", "a path", (folder: string) => join(folder, "notify")],
    ["auto", "an abstract name", (folder: string) => `@${folder}/notify`],
  ])("%s tells systemd what the server does, at %s", async (mode, _where, name) => {
    const folder = await mkdtemp(join(tmpdir(), "notify-"));
    const socket = notifySocket(name(folder));
    try {
      const args = ["--supervised", mode, "--daemonize", "yes", "--pidfile", "redis.pid"];
      // Supervised, it stays in the foreground.
      await using server = await startRedbun({ args, env: { NOTIFY_SOCKET: name(folder) } });
      expect(await socket.waitFor("READY=1\n")).toEqual([
        "STATUS=Redis is loading...\n",
        "STATUS=Ready to accept connections\n",
        "READY=1\n",
      ]);
      expect((await server.info("server")).get("process_supervised")).toBe("systemd");
      expect(server.lines[0]).toMatch(/:C .* \* Supervised by systemd\. Please make sure you set appropriate values/);
      server.process.kill("SIGTERM");
      await socket.waitFor("STOPPING=1\n");
      expect(await server.exited).toBe(0);
    } finally {
      socket.close();
      await rm(folder, { recursive: true });
    }
  });

  test.each([
    ["systemd", "systemd supervision error: NOTIFY_SOCKET not found!"],
    ["upstart", "upstart supervision requested, but UPSTART_JOB not found!"],
  ])("%s without a supervisor is a warning", async (mode, warning) => {
    await using server = await startRedbun({
      args: ["--supervised", mode],
      env: { NOTIFY_SOCKET: "", UPSTART_JOB: "" },
    });
    expect(server.lines[0]).toContain(`# ${warning}`);
  });

  test("upstart sees the process stop itself when it is ready", async () => {
    const server = startRedbun({ args: ["--supervised", "upstart"], env: { UPSTART_JOB: "redbun" } });
    let stopped = 0;
    await eventually("a child stops itself", () => {
      stopped = childThatStopped() ?? 0;
      return stopped !== 0;
    });
    process.kill(stopped, "SIGCONT");
    await using started = await server;
    await started.waitForLog("supervised by upstart, will stop to signal readiness.");
  });

  /** The child of this process that is in the state "stopped". */
  function childThatStopped(): number | null {
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "latin1").trim().split(" ");
    for (const pid of children.filter((child) => child !== "")) {
      if (/\) T /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))) return Number(pid);
    }
    return null;
  }
});
