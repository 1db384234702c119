/** MIGRATE between servers: redbun and Redis do the same, from one to the other in every direction. */

import { afterAll, beforeAll, describe, expect, onTestFinished, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, bulk, error, OK, type Reply, show, simple, text } from "../support/reply";
import type { Argument, RespClient } from "../support/resp-client";
import { freePort, parseInfo, requireRedis, startRedbun, startRedis, type TestServer } from "../support/server";

setDefaultTimeout(60_000);

const possible = requireRedis("redis7");
const NAMES = ["redbun", "redis7"] as const;
type Name = (typeof NAMES)[number];
const start = (name: Name, ...args: string[]): Promise<TestServer> =>
  name === "redbun" ? startRedbun({ args }) : startRedis(name, { args });

/** A command of a script: where it goes, and what it is. PORT is the target's, NOBODY one where nobody listens. */
type Step = readonly ["source" | "target", ...Argument[]];

const LISTS = ["RPUSH", "list", ..."abcdefghij"] as const;
const MIGRATE = ["source", "MIGRATE", "127.0.0.1", "PORT"] as const;

/** Scripts, of which each reply is compared. */
const SCRIPTS: Readonly<Record<string, readonly Step[]>> = {
  "a key moves": [
    ["source", "SET", "k", "v"],
    [...MIGRATE, "k", 9, 5000],
    ["source", "EXISTS", "k"],
    ["target", "GET", "k"],
    ["target", "SELECT", 9],
    ["target", "GET", "k"],
    ["target", "TTL", "k"],
  ],
  "one that is not there": [[...MIGRATE, "missing", 0, 1000]],
  "each type, and COPY": [
    ["source", ...LISTS],
    ["source", "HSET", "hash", "f", "1", "g", "2"],
    ["source", "SADD", "set", "a", "b", "1"],
    ["source", "SADD", "ints", "1", "2", "3"],
    ["source", "ZADD", "zset", "1", "a", "2.5", "b"],
    ["source", "XADD", "stream", "1-1", "f", "v"],
    ["source", "SET", "int", "12345"],
    [...MIGRATE, "", 0, 5000, "COPY", "KEYS", "list", "hash", "set", "ints", "zset", "stream", "int", "missing"],
    ["source", "DEBUG", "DIGEST"],
    ["target", "DEBUG", "DIGEST"],
    [...MIGRATE, "", 0, 5000, "COPY", "KEYS", "list", "hash"],
    [...MIGRATE, "", 0, 5000, "REPLACE", "KEYS", "list", "hash", "set", "ints", "zset", "stream", "int"],
    ["source", "DBSIZE"],
    ["target", "DBSIZE"],
  ],
  "keys that are there already stay, the others go": [
    ["source", "MSET", "a", "1", "b", "2", "c", "3"],
    ["target", "SET", "b", "other"],
    [...MIGRATE, "", 0, 5000, "KEYS", "a", "b", "c"],
    ["source", "MGET", "a", "b", "c"],
    ["target", "MGET", "a", "b", "c"],
  ],
  "one key twice": [
    ["source", "SET", "a", "1"],
    [...MIGRATE, "", 0, 5000, "REPLACE", "KEYS", "a", "a"],
    ["source", "DBSIZE"],
    ["target", "GET", "a"],
  ],
  "a time to live goes along": [
    ["source", "SET", "k", "v", "PXAT", 4_102_444_800_000],
    [...MIGRATE, "k", 0, 5000],
    ["target", "EXPIRETIME", "k"],
  ],
  "a large value": [
    ["source", "SETRANGE", "k", 3_000_000, "end"],
    ["source", "DEBUG", "DIGEST-VALUE", "k"],
    [...MIGRATE, "k", 0, 5000],
    ["target", "DEBUG", "DIGEST-VALUE", "k"],
    ["source", "EXISTS", "k"],
  ],
  "wrong arguments, in order": [
    ["source", "SET", "k", "v"],
    ["source", "MIGRATE", "127.0.0.1", "1", "k", "0"],
    [...MIGRATE, "k", "x", "y"],
    [...MIGRATE, "k", "x", "5"],
    [...MIGRATE, "k", 0, 5000, "NOSUCH"],
    [...MIGRATE, "k", 0, 5000, "AUTH"],
    [...MIGRATE, "k", 0, 5000, "AUTH2", "user"],
    [...MIGRATE, "k", 0, 5000, "KEYS", "k"],
    [...MIGRATE, "", 0, 5000, "KEYS"],
    [...MIGRATE, "", "x", 5000, "KEYS"],
    [...MIGRATE, "k", 99, 5000],
    [...MIGRATE, "k", -1, 5000],
    [...MIGRATE, "k", 0, -5],
    ["source", "EXISTS", "k"],
  ],
  "nobody is there": [
    ["source", "SET", "k", "v"],
    ["source", "MIGRATE", "127.0.0.1", "NOBODY", "k", 0, 1000],
    ["source", "MIGRATE", "127.0.0.1", "0", "k", 0, 1000],
    ["source", "MIGRATE", "127.0.0.1", "x", "k", 0, 1000],
    ["source", "GET", "k"],
  ],
  passwords: [
    ["source", "MSET", "a", "1", "b", "2", "c", "3"],
    ["target", "CONFIG", "SET", "requirepass", "secret"],
    ["target", "AUTH", "secret"],
    [...MIGRATE, "a", 0, 5000, "AUTH", "wrong"],
    [...MIGRATE, "a", 0, 5000, "AUTH", "secret"],
    [...MIGRATE, "", 0, 5000, "AUTH2", "default", "secret", "KEYS", "b", "missing"],
    [...MIGRATE, "c", 0, 5000, "AUTH2", "nobody", "secret"],
    ["source", "MGET", "a", "b", "c"],
    ["target", "MGET", "a", "b", "c"],
    ["target", "CONFIG", "SET", "requirepass", ""],
  ],
  "COMMAND GETKEYS": [
    ["source", "COMMAND", "GETKEYS", "MIGRATE", "h", "1", "k", "0", "1"],
    ["source", "COMMAND", "GETKEYS", "MIGRATE", "h", "1", "", "0", "1", "AUTH", "keys", "COPY", "KEYS", "a", "b"],
    ["source", "COMMAND", "GETKEYS", "MIGRATE", "h", "1", "k", "0", "1", "KEYS", "a", "b"],
  ],
};

async function run(script: readonly Step[], source: TestServer, target: TestServer): Promise<string[]> {
  await using from = await source.client();
  await using to = await target.client();
  await from.call("FLUSHALL");
  await to.call("FLUSHALL");
  const words: Readonly<Record<string, number>> = { PORT: target.port, NOBODY: freePort() };
  const replies: string[] = [];
  for (const [where, ...args] of script) {
    const call = args.map((arg) => words[String(arg)] ?? arg);
    const reply = await (where === "source" ? from : to).call(...call);
    replies.push(`${where} ${args.join(" ").slice(0, 60)}: ${show(reply)}`);
  }
  return replies;
}

describe.skipIf(!possible)("MIGRATE", () => {
  const servers = {} as Record<`${Name} ${"source" | "target"}`, TestServer>;

  beforeAll(async () => {
    for (const name of NAMES) {
      servers[`${name} source`] = await start(name, "--enable-debug-command", "yes");
      servers[`${name} target`] = await start(name, "--enable-debug-command", "yes");
    }
  });
  afterAll(async () => {
    for (const server of Object.values(servers)) await server.stop();
  });

  for (const [name, script] of Object.entries(SCRIPTS)) {
    // Not from redbun to Redis 7.0, which does not know the version of the payload.
    test(name, async () => {
      const theirs = await run(script, servers["redis7 source"], servers["redis7 target"]);
      expect(await run(script, servers["redbun source"], servers["redbun target"])).toEqual(theirs);
      expect(await run(script, servers["redis7 source"], servers["redbun target"])).toEqual(theirs);
    });
  }

  test("connections are kept, and one that has gone stale is opened anew", async () => {
    await using source = await startRedbun();
    await using client = await source.client();
    const sockets = async (): Promise<string> =>
      parseInfo(await client.call("INFO", "stats")).get("migrate_cached_sockets") as string;
    const port = freePort();
    for (const round of ["first", "second"]) {
      await using target = await startRedbun({ port });
      for (const key of ["a", "b"]) {
        await client.call("SET", key, round);
        expect(await client.call("MIGRATE", "127.0.0.1", port, key, 3, 5000)).toEqual(OK);
        expect(await sockets()).toBe("1");
      }
      await using there = await target.client();
      await there.call("SELECT", 3);
      expect(text(await there.call("GET", "b"))).toBe(round);
      // The server ends the connection, and that is not always known before the next use.
      await there.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      await client.call("SET", "c", round);
      expect(await client.call("MIGRATE", "127.0.0.1", port, "c", 3, 5000)).toEqual(OK);
    }
  });

  test("others go on while a server does not answer; then it is IOERR, and the key stays", async () => {
    await using mute = silentServer();
    await using source = await startRedbun();
    await using client = await source.client();
    await using other = await source.client();
    await client.call("SET", "k", "v");
    const reply = client.call("MIGRATE", "127.0.0.1", mute.port, "k", 0, 300);
    expect(await other.call("PING")).toEqual(simple("PONG"));
    expect(text(await other.call("GET", "k"))).toBe("v");
    expect(await reply).toEqual(error("IOERR error or timeout reading to target instance"));
    expect(text(await client.call("GET", "k"))).toBe("v");
  });

  test("what changes meanwhile arrives as it was last, or not at all", async () => {
    await using target = await startRedbun();
    await using proxy = await slowProxy(target.port);
    await using source = await startRedbun();
    await using client = await source.client();
    await using other = await source.client();
    await using there = await target.client();
    await client.call("MSET", "changed", "old", "deleted", "old", "same", "old");
    const reply = client.call("MIGRATE", "127.0.0.1", proxy.port, "", 0, 5000, "KEYS", "changed", "deleted", "same");
    await proxy.held;
    await other.call("SET", "changed", "new");
    await other.call("DEL", "deleted");
    proxy.release();
    expect(await reply).toEqual(OK);
    expect(show(await there.call("MGET", "changed", "deleted", "same"))).toBe('["new", (null bulk), "old"]');
    expect(text(await client.call("DBSIZE"))).toBe("0");
  });

  test("a client that goes away does not leave keys at both servers", async () => {
    await using target = await startRedbun();
    await using proxy = await slowProxy(target.port);
    await using source = await startRedbun();
    await using other = await source.client();
    await using there = await target.client();
    const client: RespClient = await source.client();
    await client.call("SET", "k", "v");
    const gone = client.call("MIGRATE", "127.0.0.1", proxy.port, "k", 0, 5000).catch((): Reply => OK);
    await proxy.held;
    await client.close();
    await gone;
    proxy.release();
    while (text(await other.call("EXISTS", "k")) === "1") await new Promise((resolve) => setImmediate(resolve));
    expect(text(await there.call("GET", "k"))).toBe("v");
  });

  test("in a transaction nothing else happens until it is over", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redbun-migrate-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await using target = await startRedbun();
    await using there = await target.client();
    await using silent = silentServer();
    await using source = await startRedbun({ args: ["--appendonly", "yes", "--dir", folder] });
    await using client = await source.client();
    await client.call("MSET", "a", "1", "b", "2", "c", "3");
    await there.call("SELECT", 9);
    await there.call("SET", "b", "busy");
    const migrate = ["MIGRATE", "127.0.0.1", target.port] as const;
    await client.call("MULTI");
    await client.call("SET", "d", "4");
    await client.call(...migrate, "", 9, 5000, "KEYS", "a", "missing", "b", "d");
    await client.call(...migrate, "c", 16, 5000);
    await client.call(...migrate, "b", 9, 5000, "REPLACE");
    await client.call("MIGRATE", "127.0.0.1", silent.port, "c", 0, 50);
    await client.call("MIGRATE", "127.0.0.1", freePort(), "c", 0, 5000);
    await client.call(...migrate, "missing", 9, 5000);
    expect(await client.call("EXEC")).toEqual(
      array(
        OK,
        error("ERR Target instance replied with error: BUSYKEY Target key name already exists."),
        error("ERR Target instance replied with error: ERR DB index is out of range"),
        OK,
        error("IOERR error or timeout reading to target instance"),
        error("IOERR error or timeout writing to target instance"),
        simple("NOKEY"),
      ),
    );
    expect(await client.call("KEYS", "*")).toEqual(array(bulk("c")));
    expect(show(await there.call("MGET", "a", "b", "d"))).toBe(show(array(bulk("1"), bulk("2"), bulk("4"))));
    const log = await Bun.file(join(folder, "appendonlydir", "appendonly.aof.1.incr.aof")).text();
    expect(log.replace(/[*$]\d+\r\n/g, "").replaceAll("\r\n", " ")).toEndWith("MULTI SET d 4 DEL a d DEL b EXEC ");
  });
});

/** Takes connections and says nothing. */
function silentServer(): { readonly port: number } & AsyncDisposable {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return { port: listener.port, [Symbol.asyncDispose]: async () => listener.stop(true) };
}

interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** Resolves when the first bytes have come from the target, which are held back. */
  readonly held: Promise<void>;
  /** From now on everything goes through at once. */
  release(): void;
}

/** Stands between two servers, and holds the target's first answer back. */
async function slowProxy(targetPort: number): Promise<Proxy> {
  let hold!: () => void;
  const held = new Promise<void>((resolve) => {
    hold = resolve;
  });
  const waiting: Buffer[] = [];
  let released = false;
  let client: Bun.Socket | undefined;
  const target = await Bun.connect({
    hostname: "127.0.0.1",
    port: targetPort,
    socket: {
      data(_, bytes) {
        if (released) client?.write(bytes);
        else waiting.push(bytes);
        hold();
      },
    },
  });
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        client = socket;
      },
      data(_, bytes) {
        target.write(bytes);
      },
    },
  });
  return {
    port: listener.port,
    held,
    release() {
      released = true;
      client?.write(Buffer.concat(waiting));
    },
    [Symbol.asyncDispose]: async () => {
      target.end();
      listener.stop(true);
    },
  };
}
