/** Starting and stopping: the log beside that of real servers, the banner, warnings, and starts that are refused. */

import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "../support/reply";
import {
  freePort,
  type Peer,
  REPOSITORY,
  requireRedis,
  runRedbun,
  type StartOptions,
  startRedbun,
  startRedis,
  type TestServer,
} from "../support/server";

/** The log without what differs from run to run, and without the warning about fork, which redbun never does. */
function normalised({ lines, pid, port, directory }: TestServer): string[] {
  return lines
    .filter((line) => !line.includes("WARNING Memory overcommit"))
    .map((line) =>
      line
        .replaceAll(directory, "<dir>")
        .replaceAll(String(pid), "<pid>")
        .replaceAll(port === 0 ? "\0" : String(port), "<port>")
        .replace(/\d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3}/, "<time>")
        .replace(/signal-handler \(\d+\)/, "signal-handler (<time>)")
        .replace(/version=[\d.]+/, "version=<version>")
        .replace(/commit=\w+, modified=\d/, "commit=<commit>"),
    );
}

/** Lines of 7.0 in the words of 7.2, and without levels, some of which changed. */
function modernised(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/<time> [-*#.] /, "")
      .replace(/Ready to accept connections$/, "Ready to accept connections tcp")
      .replace(/The server is now ready to accept connections at .*/, "Ready to accept connections unix")
      .replace("(TCP)", "(tcp)"),
  );
}

async function logOf(peer: Peer | "redbun", signal: "SIGTERM" | "SIGINT", options: StartOptions): Promise<string[]> {
  const server = peer === "redbun" ? await startRedbun(options) : await startRedis(peer, options);
  try {
    server.process.kill(signal);
    expect(await server.exited).toBe(0);
    return normalised(server);
  } finally {
    await server.stop();
  }
}

const FILES = ["--pidfile", "redis.pid", "--unixsocket", "redis.sock", "--unixsocketperm", "700"];
/** The last line of a start, in the words of 7.2 and of 7.0. */
const UNIX_READY = /accept connections (?:unix|at )/;
const STARTS: [string, StartOptions, "SIGTERM" | "SIGINT"][] = [
  ["plainly", {}, "SIGTERM"],
  ["with a pid file and a unix socket", { args: FILES, ready: UNIX_READY }, "SIGTERM"],
  ["and SIGINT", {}, "SIGINT"],
  ["with an unreachable backlog", { args: ["--tcp-backlog", "1000000"] }, "SIGTERM"],
  ["with very little memory", { args: ["--maxmemory", "1000"], ready: /Are you sure/ }, "SIGTERM"],
  ["on a unix socket alone", { args: ["--unixsocket", "redis.sock"], port: 0, ready: UNIX_READY }, "SIGTERM"],
];

describe("the log of a start and a stop", () => {
  test.if(requireRedis("redis8")).each(STARTS)("%s, as that of Redis 8.0", async (_name, options, signal) => {
    expect(await logOf("redbun", signal, options)).toEqual(await logOf("redis8", signal, options));
  });

  test.if(requireRedis("redis7")).each(STARTS)("%s, as that of Redis 7.0", async (_name, options, signal) => {
    const real = modernised(await logOf("redis7", signal, options));
    expect(modernised(await logOf("redbun", signal, options))).toEqual(real);
  });

  test("says so when there is no configuration", async () => {
    const port = freePort();
    const directory = await mkdtemp(join(tmpdir(), "redbun-test-"));
    const child = Bun.spawn([process.execPath, join(REPOSITORY, "src/main.ts")], {
      cwd: directory,
      env: { ...process.env, REDBUN_PORT: String(port) },
      stdout: "pipe",
      stderr: "pipe",
    });
    try {
      let output = "";
      for await (const chunk of child.stdout) {
        output += Buffer.from(chunk).toString();
        if (output.includes("Ready to accept")) break;
      }
      expect(output).toMatch(
        /^\d+:C .* # Warning: no config file specified, using the default config\. In order to specify a config file use \S+ \/path\/to\/redis\.conf$/m,
      );
      child.kill("SIGTERM");
      // By default there are save points, so it saves there.
      expect(await child.exited).toBe(0);
      expect(await Bun.file(join(directory, "dump.rdb")).exists()).toBe(true);
    } finally {
      child.kill("SIGKILL");
      await rm(directory, { recursive: true });
    }
  });

  test("shows the logo when always-show-logo asks for it, with what tools look for", async () => {
    await using server = await startRedbun({ args: ["--always-show-logo", "yes"] });
    const log = server.lines.join("\n");
    expect(log).toContain(` PID: ${server.pid}\n`);
    expect(log).toContain(` Port: ${server.port}\n`);
    expect(log).toMatch(/ Redis 7\.2\.4 \(\w{8}\/\d\) 64 bit\n/);
    expect(log).toContain("Running in standalone mode");
    expect(log).not.toContain("Running mode=");
    expect(log).not.toMatch(/[{}]/);
  });

  test("tells at level verbose who comes and goes, and how many keys there are", async () => {
    await using server = await startRedbun({ args: ["--loglevel", "verbose", "--unixsocket", "redis.sock"] });
    await using client = await server.client();
    await client.call("SET", "k", "v");
    await client.call("SET", "v", "v", "EX", "1000");
    await server.waitForLog(/ - Accepted 127\.0\.0\.1:\d+$/);
    await client.close();
    await server.waitForLog(/ - Client closed connection id=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=\d+ /);
    const unix = await server.client({ unixsocket: join(server.directory, "redis.sock") });
    await server.waitForLog(" - Accepted connection to redis.sock");
    await unix.close();
    await server.waitForLog(/ - DB 0: 2 keys \(1 volatile\) in \d+ slots HT\.$/);
  });
});

describe("descriptors", () => {
  /** Starts a server whose limit of descriptors is 200. */
  async function limited(command: readonly string[], port: number): Promise<string[]> {
    const directory = await mkdtemp(join(tmpdir(), "limit-test-"));
    const line = `ulimit -n 200; exec ${[...command, "--port", port, "--save", "''"].join(" ")}`;
    const child = Bun.spawn(["sh", "-c", line], { cwd: directory, stdout: "pipe", stderr: "pipe" });
    let output = "";
    for await (const chunk of child.stdout) {
      output += Buffer.from(chunk).toString();
      if (output.includes("Ready to accept")) child.kill("SIGTERM");
    }
    expect(await child.exited).toBe(0);
    await rm(directory, { recursive: true });
    return output
      .split("\n")
      .filter((line) => /maxclients|maximum open files/.test(line))
      .map((line) => line.replace(/^.*? # /, ""));
  }

  test.if(requireRedis())("maxclients is lowered to what there is room for, with the words of real Redis", async () => {
    const ours = await limited([process.execPath, join(REPOSITORY, "src/main.ts")], freePort());
    expect(ours).toHaveLength(3);
    expect(ours).toEqual(await limited([Bun.which("redis-server") as string], freePort()));
  });

  test("CONFIG SET maxclients is refused where there is no room, and keeps what it was", async () => {
    await using server = await startRedbun();
    await using client = await server.client();
    const reply = await client.call("CONFIG", "SET", "maxclients", "2000000000");
    expect(text(reply)).toMatch(
      /^ERR CONFIG SET failed \(possibly related to argument 'maxclients'\) - The operating system is not able to handle the specified number of clients, try with \d+$/,
    );
    expect(JSON.stringify(await client.call("CONFIG", "GET", "maxclients"))).toContain('"10000"');
  });
});

describe("a start is refused", () => {
  test("with a message on stderr for a wrong configuration", async () => {
    const { code, stdout, stderr } = await runRedbun(["--port", "x"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***");
  });

  test("in the log for a configuration file that is missing", async () => {
    const { code, stdout } = await runRedbun(["/missing/redis.conf"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^\d+:C .* # Fatal error, can't open config file '\/missing\/redis\.conf': No such file or directory\n$/,
    );
  });

  test("for a module", async () => {
    const { code, stdout } = await runRedbun(["--port", String(freePort()), "--loadmodule", "/missing.so"]);
    expect(code).toBe(1);
    expect(stdout).toContain("# Can't load module from /missing.so: server aborting");
  });

  test("for a log file that cannot be opened", async () => {
    const { code, stderr } = await runRedbun(["--logfile", "/missing/redis.log"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Can't open the log file: No such file or directory");
  });

  test.each([
    ["NOSUCH x", "No such command in rename-command"],
    ["GET set", "Target command name already exists"],
  ])("for rename-command %s", async (names, message) => {
    const { code, stderr } = await runRedbun(["--rename-command", ...names.split(" ")]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
  });

  test("for benchmark, which is not there yet", async () => {
    const { code, stderr } = await runRedbun(["benchmark"]);
    expect(code).toBe(1);
    expect(stderr).toBe("redbun has no benchmark yet: use redis-benchmark.\n");
  });
});

test("rename-command gives a command another name, or takes it away", async () => {
  // Nobody can call EVAL and REPLICAOF here, but many files take them away.
  const conf =
    'rename-command GET fetch\nrename-command SET put\nrename-command INCR ""\n' +
    'rename-command EVAL ""\nrename-command REPLICAOF hidden\nuser replica on >secret +psync +replconf +ping\n';
  await using server = await startRedbun({ conf });
  await using client = await server.client();
  expect(text(await client.call("PUT", "k", "1"))).toBe("OK");
  expect(text(await client.call("FETCH", "k"))).toBe("1");
  for (const name of ["GET", "SET", "INCR"]) {
    expect(text(await client.call(name, "k", "1"))).toStartWith(`ERR unknown command '${name}'`);
  }
});

test("a log file is appended to by start after start, and stdout stays silent", async () => {
  const directory = await mkdtemp(join(tmpdir(), "redbun-test-"));
  const log = join(directory, "redis.log");
  const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  try {
    const args = ["--bind", "127.0.0.1", "--port", String(taken.port), "--dir", directory, "--logfile", "redis.log"];
    for (const starts of [1, 2]) {
      expect(await runRedbun(args)).toEqual({ code: 1, stdout: "", stderr: "" });
      expect((await Bun.file(log).text()).match(/Redis is starting/g)).toHaveLength(starts);
    }
  } finally {
    taken.stop(true);
    await rm(directory, { recursive: true });
  }
});

test("directives that nothing acts on are named where they ask for something", async () => {
  await using server = await startRedbun({
    args: ["--io-threads", "4", "--repl-timeout", "60", "--replicaof", "a", "1"],
  });
  expect(await server.waitForLog("have no effect")).toEndWith(
    "# WARNING: These directives have no effect in redbun: io-threads, replicaof",
  );
  await using other = await startRedbun();
  expect(other.lines.filter((line) => line.includes("no effect"))).toEqual([]);
});
