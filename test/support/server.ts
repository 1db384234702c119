/**
 * Starts and stops real servers for tests: redbun itself (from source or compiled), and the Redis servers that it is
 * compared with. A server runs in a folder of its own, on a free port, and is ended when the test process ends,
 * whatever happens.
 *
 * Waiting is always for a condition (a log line, the exit), never for a time.
 */

import { existsSync } from "node:fs";
import { mkdtemp, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Subprocess } from "bun";
import { executable as builtExecutable } from "./executable";
import { pairs, type Reply, text } from "./reply";
import { type ConnectOptions, RespClient } from "./resp-client";

export const REPOSITORY = resolve(import.meta.dir, "../..");

/** Where redis8, valkey8 and Redis's own suite are: $REDBUN_PEERS, or .peers in the repository. */
export const PEERS = resolve(process.env.REDBUN_PEERS || join(REPOSITORY, ".peers"));

const READY = /Ready to accept connections/;
/** How long a start may take: generous, because a busy machine is no failure. */
const START_LIMIT_MS = 30_000;
/** How long a graceful stop may take before the server is killed. */
const STOP_LIMIT_MS = 10_000;
const PORT_ATTEMPTS = 5;

/** The servers that redbun is compared with. */
export type Peer = "redis7" | "redis8" | "valkey8";

export interface StartOptions {
  /** Command line options, after the port and folder: ["--maxclients", "10"]. */
  readonly args?: readonly string[];
  /** The text of a redis.conf, given as the first argument. */
  readonly conf?: string;
  /** Environment variables to add. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a free port. 0 switches TCP off, for a test of the Unix socket alone. */
  readonly port?: number;
  /** The log line to wait for. Default: "Ready to accept connections". */
  readonly ready?: RegExp;
}

export interface RedbunOptions extends StartOptions {
  /**
   * "source" runs src/main.ts, "compiled" runs dist/redbun (built first where missing).
   * Default: $REDBUN_TEST_EXECUTABLE, or "source".
   */
  readonly executable?: "source" | "compiled";
}

/** Every child that still runs; ended with the process, so that no test leaves a server behind. */
const running = new Set<Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A running server. `await using server = await startRedbun()` stops it at the end of the block. */
export class TestServer implements AsyncDisposable {
  /** What the server wrote to stdout and stderr, by line. */
  readonly lines: string[] = [];
  /** The exit code; -1 when a signal ended it. */
  readonly exited: Promise<number>;
  private readonly watchers = new Set<() => void>();
  private hasExited = false;

  constructor(
    readonly name: string,
    readonly port: number,
    /** The server's working folder, removed when it stops. */
    readonly directory: string,
    readonly process: Subprocess<"ignore", "pipe", "pipe">,
  ) {
    running.add(process);
    const outputs = [this.collect(process.stdout), this.collect(process.stderr)];
    this.exited = (async () => {
      const code = await process.exited;
      running.delete(process);
      await Promise.all(outputs);
      this.hasExited = true;
      this.notify();
      return process.signalCode === null ? code : -1;
    })();
  }

  get pid(): number {
    return this.process.pid;
  }

  /** A new connection to it. Close it, or stop the server. */
  client(options: Omit<ConnectOptions, "port"> = {}): Promise<RespClient> {
    return RespClient.connect({ port: this.port, ...options });
  }

  /** Resolves with the first log line that matches, past or to come; rejects when the server exits without it. */
  async waitForLog(pattern: RegExp | string, limitMs = START_LIMIT_MS): Promise<string> {
    let seen = 0;
    const deadline = Date.now() + limitMs;
    for (;;) {
      for (; seen < this.lines.length; seen++) {
        const line = this.lines[seen];
        if (typeof pattern === "string" ? line.includes(pattern) : pattern.test(line)) return line;
      }
      if (this.hasExited) throw new Error(`${this.name} exited without logging ${pattern}:\n${this.lines.join("\n")}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${this.name} did not log ${pattern} in ${limitMs} ms:\n${this.lines.join("\n")}`);
      await this.changed(left);
    }
  }

  /** INFO's fields by name, of one section or of all of them. */
  async info(section = "everything"): Promise<Map<string, string>> {
    const client = await this.client();
    try {
      return parseInfo(await client.call("INFO", section));
    } finally {
      await client.close();
    }
  }

  /** Ends it with SIGTERM (SIGKILL after a limit), removes its folder, and returns the exit code. */
  async stop(): Promise<number> {
    if (!this.hasExited) this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), STOP_LIMIT_MS);
    const code = await this.exited;
    clearTimeout(timer);
    await rm(this.directory, { recursive: true, force: true });
    return code;
  }

  /** Ends it without a chance to shut down. Its files stay, for a test that starts a server on them again. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<number> {
    this.process.kill(signal);
    const code = await this.exited;
    // A folder with nothing in it (its files are elsewhere) is of use to nobody.
    await rmdir(this.directory).catch(() => {});
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private async collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) this.lines.push(line);
      this.notify();
    }
    if (rest !== "") this.lines.push(rest);
    this.notify();
  }

  private notify(): void {
    for (const wake of [...this.watchers]) wake();
  }

  private changed(limitMs: number): Promise<void> {
    return new Promise((resolveChange) => {
      const wake = () => {
        clearTimeout(timer);
        this.watchers.delete(wake);
        resolveChange();
      };
      const timer = setTimeout(wake, limitMs);
      this.watchers.add(wake);
    });
  }
}

/** Starts redbun and waits until it is ready. */
export async function startRedbun(options: RedbunOptions = {}): Promise<TestServer> {
  return await startReady("redbun", await redbunCommand(options.executable), options);
}

/** Starts a server to compare with, and waits until it is ready. Throws where it is not installed. */
export async function startRedis(peer: Peer = "redis7", options: StartOptions = {}): Promise<TestServer> {
  const path = peerExecutable(peer);
  if (path === undefined) throw new Error(`${peer} is not installed`);
  return await startReady(peer, [path], options);
}

/**
 * Runs redbun until it exits by itself (`--version`, a wrong configuration) and returns what it wrote.
 * No port and no folder are added to the arguments.
 */
export async function runRedbun(
  args: readonly string[],
  options: Pick<RedbunOptions, "executable" | "env"> & { readonly stdin?: string; readonly cwd?: string } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([...(await redbunCommand(options.executable)), ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, ...options.env },
    stdin: Buffer.from(options.stdin ?? ""),
    stdout: "pipe",
    stderr: "pipe",
  });
  running.add(child);
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const code = await child.exited;
  running.delete(child);
  return { code, stdout, stderr };
}

/** The executable of a peer, or undefined where it is not installed. */
export function peerExecutable(peer: Peer): string | undefined {
  if (peer === "redis7") return Bun.which("redis-server") ?? undefined;
  const path = join(PEERS, "bin", peer);
  return existsSync(path) ? path : undefined;
}

const warned = new Set<Peer>();

/**
 * True where the peer can be used. Where it cannot, prints one visible line so that skipped tests are noticed.
 * Where CI=true a missing redis-server is an error: a green run must not be one that compared nothing.
 */
export function requireRedis(peer: Peer = "redis7"): boolean {
  if (peerExecutable(peer) !== undefined) return true;
  const hint = peer === "redis7" ? "no redis-server on PATH" : `no ${peer} in ${PEERS}/bin (set REDBUN_PEERS)`;
  if (peer === "redis7" && process.env.CI === "true") throw new Error(`${hint}: CI compares with real Redis`);
  if (!warned.has(peer)) console.warn(`SKIPPED: tests that compare with ${peer}: ${hint}`);
  warned.add(peer);
  return false;
}

/** A port that nothing listens on now. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const port = listener.port;
  listener.stop(true);
  return port;
}

/** INFO's text as fields by name. */
export function parseInfo(reply: Reply): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text(reply).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** A map reply, or the flat array of RESP2, as texts by name: CONFIG GET's reply. */
export function textMap(reply: Reply): Map<string, string> {
  return new Map(pairs(reply).map(([key, value]) => [text(key), text(value)]));
}

async function redbunCommand(executable: RedbunOptions["executable"]): Promise<string[]> {
  const which = executable ?? process.env.REDBUN_TEST_EXECUTABLE ?? "source";
  if (which === "source") return [process.execPath, join(REPOSITORY, "src/main.ts")];
  if (which !== "compiled") throw new Error(`REDBUN_TEST_EXECUTABLE is "source" or "compiled", not "${which}"`);
  return [await builtExecutable()];
}

async function startReady(name: string, command: readonly string[], options: StartOptions): Promise<TestServer> {
  for (let attempt = 1; ; attempt++) {
    const server = await spawn(name, command, options);
    try {
      await server.waitForLog(options.ready ?? READY);
      return server;
    } catch (reason) {
      await server.kill();
      await server.stop();
      // Between finding a free port and binding it, another process may have taken it.
      const taken = options.port === undefined && server.lines.some((line) => line.includes("Address already in use"));
      if (!taken || attempt === PORT_ATTEMPTS) throw reason;
    }
  }
}

async function spawn(name: string, command: readonly string[], options: StartOptions): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), `${name}-test-`));
  const port = options.port ?? freePort();
  const args: string[] = [];
  if (options.conf !== undefined) {
    const path = join(directory, "redis.conf");
    await Bun.write(path, options.conf);
    args.push(path);
  }
  // Tests do not want snapshots behind their back; a test of snapshots says so in its own arguments, which win.
  args.push("--port", String(port), "--dir", directory, "--save", "", ...(options.args ?? []));
  const child = Bun.spawn([...command, ...args], {
    cwd: directory,
    env: { ...process.env, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  return new TestServer(name, port, directory, child);
}
