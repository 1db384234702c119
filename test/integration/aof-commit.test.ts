/**
 * Group commit: no reply leaves before its effects are in the file. The server runs in this process, so that a client
 * sees the file exactly as it is when the reply arrives.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConfig } from "../../src/admin/config/config";
import { LOG_NOTHING, Logger } from "../../src/admin/process/logger";
import { Server } from "../../src/server";
import { systemClock } from "../../src/util/clock";
import { systemRandom } from "../../src/util/random";
import { show, text } from "../support/reply";
import { RespClient } from "../support/resp-client";
import { freePort, startRedbun } from "../support/server";

let folder: string;
let server: Server;
let clients: RespClient[];

async function start(directives: Record<string, string> = {}): Promise<void> {
  const config = createConfig({ changeFolder() {} });
  const all = { save: "", appendonly: "yes", dir: folder, port: String(freePort()), ...directives };
  for (const [name, value] of Object.entries(all)) config.assign(name, [value]);
  const log = new Logger(systemClock);
  log.level = LOG_NOTHING;
  server = new Server({ config, log, clock: systemClock, random: systemRandom, executable: "redbun", configFile: "" });
  server.start();
  expect(await server.loadAof()).toBe("missing");
  expect(server.aof.open()).toBe(true);
}

async function connect(): Promise<RespClient> {
  const client = await RespClient.connect({ port: server.port });
  clients.push(client);
  return client;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-commit-"));
  clients = [];
});
afterEach(async () => {
  for (const client of clients) await client.close();
  server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const fileText = (): string => readFileSync(join(folder, "appendonlydir/appendonly.aof.1.incr.aof"), "latin1");

/** Resolves when the server has run so many commands in all. */
async function ran(commands: number): Promise<void> {
  while (server.stats.commandsProcessed < commands) await new Promise((resolve) => setImmediate(resolve));
}

for (const policy of ["always", "everysec", "no"]) {
  test(`every reply finds its effect in the file (appendfsync ${policy})`, async () => {
    await start({ appendfsync: policy });
    // The write comes late, so that a reply that does not wait for it would be seen.
    const { out } = server.aof;
    const flush = out.flush.bind(out);
    out.flush = () => {
      setTimeout(flush, 1);
    };
    const connections = await Promise.all(Array.from({ length: 20 }, connect));
    const listener = await connect();
    await listener.call("SUBSCRIBE", "news");
    let checked = 0;
    await Promise.all(
      connections.map(async (client, i) => {
        for (let round = 0; round < 30; round++) {
          const mark = `<${i}:${round}>`;
          if (round % 3 === 0)
            await client.pipeline([
              ["SET", `k${i}`, mark],
              ["GET", `k${i}`],
              ["PUBLISH", "news", mark],
            ]);
          else await client.call("APPEND", `a${i}`, mark);
          expect(fileText()).toContain(mark);
          checked++;
        }
      }),
    );
    expect(checked).toBe(600);
  });
}

describe("while effects are not written", () => {
  test("nothing is sent: neither to writers, nor to readers, nor to those who are woken or listen", async () => {
    await start();
    const [writer, reader, blocked, listener] = await Promise.all([connect(), connect(), connect(), connect()]);
    await listener.call("SUBSCRIBE", "news");
    const popped = blocked.call("BLPOP", "list", "0");
    await ran(server.stats.commandsProcessed);
    while (server.blocking.clients === 0) await new Promise((resolve) => setImmediate(resolve));
    const { out } = server.aof;
    const flush = out.flush.bind(out);
    out.flush = () => {};
    const before = server.stats.commandsProcessed;
    const arrived: string[] = [];
    const note = (name: string) => (reply: unknown) => {
      arrived.push(name);
      return reply;
    };
    const replies = [
      writer
        .pipeline([
          ["RPUSH", "list", "a"],
          ["SET", "k", "1"],
          ["PUBLISH", "news", "x"],
        ])
        .then(note("writer")),
      popped.then(note("blocked")),
      ran(before + 3).then(() => reader.call("GET", "k").then(note("reader"))),
    ];
    await ran(before + 5);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(arrived).toEqual([]);
    expect(fileText()).toBe("");
    out.flush = flush;
    flush();
    await Promise.all(replies);
    expect(arrived.sort()).toEqual(["blocked", "reader", "writer"]);
    expect(fileText()).toContain("RPUSH");
  });

  test("what comes while the disk is being flushed waits for the next flush (appendfsync always)", async () => {
    await start({ appendfsync: "always" });
    const client = await connect();
    const { out } = server.aof;
    const { onCommitted } = out;
    const flush = out.flush.bind(out);
    const commits: unknown[][] = [];
    out.onCommitted = (commit) => commits.push(commit as unknown[]);
    const before = server.stats.commandsProcessed;
    const first = client.call("SET", "a", "1");
    while (commits.length === 0) await new Promise((resolve) => setImmediate(resolve));
    out.flush = () => {};
    let arrived = false;
    const second = client.pipeline([
      ["SET", "b", "1"],
      ["GET", "a"],
    ]);
    void second.then(() => {
      arrived = true;
    });
    await ran(before + 3);
    out.onCommitted = onCommitted;
    onCommitted(commits[0]);
    expect(text(await first)).toBe("OK");
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(arrived).toBe(false);
    out.flush = flush;
    flush();
    expect((await second).map(text)).toEqual(["OK", "1"]);
    expect(out.synced).toBe(out.appended);
  });

  test("a reader need not wait where the write is postponed", async () => {
    await start();
    const [writer, reader] = await Promise.all([connect(), connect()]);
    const { out } = server.aof;
    const flush = out.flush.bind(out);
    out.flush = () => {
      out.isStalled = true;
      out.onStalled();
    };
    const written = writer.call("SET", "k", "1");
    await ran(server.stats.commandsProcessed + 1);
    expect(text(await reader.call("GET", "k"))).toBe("1");
    expect(fileText()).toBe("");
    out.flush = flush;
    flush();
    expect(text(await written)).toBe("OK");
  });
});

/** The write is postponed from now on, as while the disk is busy; what this returns writes. */
function stall(): () => void {
  const { out } = server.aof;
  const flush = out.flush.bind(out);
  out.flush = () => {
    out.isStalled = true;
    out.onStalled();
  };
  return () => {
    out.flush = flush;
    flush();
  };
}

describe("while the write is postponed", () => {
  test("who is told of something, or waits for nothing any more, gets that at once", async () => {
    await start();
    const [writer, publisher, listener, waiter] = await Promise.all([connect(), connect(), connect(), connect()]);
    await listener.call("SUBSCRIBE", "news");
    const write = stall();
    const written = writer.call("SET", "k", "1");
    await ran(server.stats.commandsProcessed + 1);
    while (!server.aof.out.isStalled) await new Promise((resolve) => setImmediate(resolve));
    expect(show(await publisher.call("PUBLISH", "news", "x"))).toBe(":1");
    expect(show(await listener.readReply())).toContain("x");
    expect(show(await waiter.call("BLPOP", "nothing", "0.001"))).toBe("(null array)");
    expect(server.aof.out.pending).toBe(true);
    expect(fileText()).toBe("");
    write();
    expect(text(await written)).toBe("OK");
  });

  test.each(["BLMOVE list moved LEFT LEFT 0", "BLPOP list 0"])(
    "the reply to a command that was woken waits with its effect: %s",
    async (command) => {
      await start();
      const [writer, blocked] = await Promise.all([connect(), connect()]);
      let arrived = false;
      const woken = blocked.call(...command.split(" ")).then((reply) => {
        arrived = true;
        return reply;
      });
      while (server.blocking.clients === 0) await new Promise((resolve) => setImmediate(resolve));
      const write = stall();
      const pushed = writer.call("RPUSH", "list", "a");
      while (!server.aof.out.isStalled) await new Promise((resolve) => setImmediate(resolve));
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      expect(arrived).toBe(false);
      expect(fileText()).toBe("");
      write();
      expect(show(await woken)).toContain("a");
      expect(show(await pushed)).toBe(":1");
      expect(fileText()).toMatch(/LMOVE|LPOP/);
    },
  );
});

describe("WAITAOF", () => {
  test("waits for the disk, and for no longer than it is told", async () => {
    await start();
    const [client, other] = await Promise.all([connect(), connect()]);
    await client.call("SET", "a", "1");
    const { out } = server.aof;
    expect(out.synced).toBeLessThan(out.appended);
    expect(show(await client.call("WAITAOF", "1", "0", "10"))).toBe("[:0, :0]");
    const waiting = client.call("WAITAOF", "1", "0", "0");
    while (server.blocking.clients === 0) await new Promise((resolve) => setImmediate(resolve));
    await other.call("SET", "b", "1");
    expect(show(await waiting)).toBe("[:1, :0]");
    expect(server.blocking.clients).toBe(0);
    expect(show(await client.call("WAITAOF", "0", "1", "10"))).toMatch(/^\[:[01], :0\]$/);
  });

  test("comes at once with appendfsync always, and with pipelines", async () => {
    await start({ appendfsync: "always" });
    const client = await connect();
    const replies = await client.pipeline([
      ["SET", "a", "1"],
      ["WAITAOF", "1", "0", "0"],
      ["GET", "a"],
    ]);
    expect(replies.map(show)).toEqual(['+"OK"', "[:1, :0]", '"1"']);
  });

  test("ends when the file is switched off, and in a transaction at once", async () => {
    await start({ appendfsync: "no" });
    const [client, other] = await Promise.all([connect(), connect()]);
    await client.call("SET", "a", "1");
    const waiting = client.pipeline([["WAITAOF", "1", "0", "0"]]);
    while (server.blocking.clients === 0) await new Promise((resolve) => setImmediate(resolve));
    const inside = await other.pipeline([["MULTI"], ["WAITAOF", "1", "0", "0"], ["EXEC"]]);
    expect(show(inside[2])).toBe("[[:0, :0]]");
    await other.call("CONFIG", "SET", "appendonly", "no");
    expect(await waiting).toMatchObject([
      { type: "error", value: "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled." },
    ]);
    expect(show(await client.call("WAITAOF", "0", "0", "0"))).toBe("[:0, :0]");
  });
});

/** A file system of a megabyte, where this process may make one. */
function smallDisk(path: string): boolean {
  const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stderr: "ignore" });
  if (mounted.exitCode === 0) return true;
  console.warn("SKIPPED: a full disk: no tmpfs can be mounted here");
  return false;
}

test("a full disk: writes are refused, reads are not, and all is well when there is space again", async () => {
  if (!smallDisk(folder)) return;
  try {
    const filler = join(folder, "filler");
    writeFileSync(filler, Buffer.alloc(600_000));
    const args = ["--dir", folder, "--appendonly", "yes"];
    const child = await startRedbun({ args });
    const client = await child.client();
    const acknowledged: string[] = [];
    let error = "";
    for (let i = 0; error === ""; i++) {
      const [reply] = await client.pipeline([["SET", `k${i}`, "x".repeat(50_000)]]);
      if (reply.type === "error") error = reply.value;
      else acknowledged.push(`k${i}`);
    }
    expect(error).toBe("MISCONF Errors writing to the AOF file: No space left on device");
    expect(acknowledged.length).toBeGreaterThan(2);
    const [set, ping, get] = await client.pipeline([["SET", "a", "1"], ["PING"], ["GET", "k0"]]);
    expect(set).toMatchObject({ type: "error", value: error });
    expect(ping).toMatchObject({ type: "error", value: error });
    expect(text(get)).toHaveLength(50_000);
    expect((await child.info("persistence")).get("aof_last_write_status")).toBe("err");
    unlinkSync(filler);
    await child.waitForLog("AOF write error looks solved, Redis can write again.");
    expect(text(await client.call("SET", "after", "1"))).toBe("OK");
    await child.kill();
    await using again = await startRedbun({ args });
    await using reader = await again.client();
    for (const key of [...acknowledged, "after"]) {
      expect(await reader.call("EXISTS", key)).toMatchObject({ value: 1n });
    }
    await child.stop();
  } finally {
    if (existsSync(join(folder, "appendonlydir"))) Bun.spawnSync(["umount", "-l", folder]);
  }
});
