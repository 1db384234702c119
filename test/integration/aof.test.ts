/** The append-only file: between redbun and real servers, and over starts, crashes and rewrites. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentOf, digestOf, fill } from "../support/random-data";
import { text } from "../support/reply";
import { encodeCommand } from "../support/resp-client";
import {
  freePort,
  type Peer,
  requireRedis,
  runRedbun,
  startRedbun,
  startRedis,
  type TestServer,
} from "../support/server";

const LIMIT_MS = 60_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-aof-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const aofPath = (name: string): string => join(folder, "appendonlydir", name);
const args = (...more: string[]): string[] => [
  "--dir",
  folder,
  "--appendonly",
  "yes",
  "--enable-debug-command",
  "yes",
  ...more,
];

/** Rewrites the file and waits until that is done. */
async function rewrite(server: TestServer): Promise<void> {
  await using client = await server.client();
  const done = server.waitForLog("Background AOF rewrite finished successfully");
  expect(text(await client.call("BGREWRITEAOF"))).toBe("Background append only file rewriting started");
  await done;
}

describe("files that redbun writes", () => {
  const cases: { peer: Peer; preamble: string; rewrites: boolean }[] = [
    { peer: "redis8", preamble: "yes", rewrites: true },
    { peer: "redis8", preamble: "no", rewrites: true },
    { peer: "valkey8", preamble: "yes", rewrites: true },
    { peer: "valkey8", preamble: "no", rewrites: false },
    { peer: "redis7", preamble: "no", rewrites: true },
    { peer: "redis7", preamble: "no", rewrites: false },
  ];
  for (const { peer, preamble, rewrites } of cases) {
    const possible = requireRedis(peer);
    test.skipIf(!possible)(
      `load in ${peer} (aof-use-rdb-preamble ${preamble}${rewrites ? ", rewritten" : ""})`,
      async () => {
        await using redbun = await startRedbun({ args: args("--aof-use-rdb-preamble", preamble) });
        await using client = await redbun.client();
        await fill(client);
        if (rewrites) {
          await rewrite(redbun);
          await client.call("SET", "after", "the rewrite");
        }
        const ours = await digestOf(redbun);
        await redbun.kill();
        await using theirs = await startRedis(peer, { args: args() });
        expect(await digestOf(theirs)).toBe(ours);
      },
      LIMIT_MS,
    );
  }
});

describe("files that real servers write", () => {
  for (const peer of ["redis7", "redis8", "valkey8"] as const satisfies readonly Peer[]) {
    for (const preamble of ["yes", "no"]) {
      const possible = requireRedis(peer);
      test.skipIf(!possible)(
        `of ${peer} load in redbun (aof-use-rdb-preamble ${preamble})`,
        async () => {
          await using server = await startRedis(peer, { args: args("--aof-use-rdb-preamble", preamble) });
          await using client = await server.client();
          await fill(client);
          await rewrite(server);
          await client.call("SET", "after", "the rewrite");
          const theirs = await digestOf(server);
          await server.kill();
          await using redbun = await startRedbun({ args: args() });
          expect(await digestOf(redbun)).toBe(theirs);
        },
        LIMIT_MS,
      );
    }
  }
});

describe("after kill -9", () => {
  for (const policy of ["always", "everysec", "no"]) {
    test(
      `everything acknowledged is there (appendfsync ${policy})`,
      async () => {
        const server = await startRedbun({ args: args("--appendfsync", policy) });
        const client = await server.client();
        await fill(client);
        const content = await contentOf(server);
        await server.kill();
        await using again = await startRedbun({ args: args() });
        expect(await contentOf(again)).toBe(content);
      },
      LIMIT_MS,
    );
  }

  test("rewrites before and in between lose nothing", async () => {
    const server = await startRedbun({ args: args() });
    const client = await server.client();
    await fill(client);
    await rewrite(server);
    await client.call("SET", "between", "1");
    await client.call("CONFIG", "SET", "rdb-key-save-delay", "100000");
    await client.call("BGREWRITEAOF");
    await client.call("SET", "during", "1");
    expect(readdirSync(join(folder, "appendonlydir")).sort()).toEqual([
      "appendonly.aof.2.base.rdb",
      "appendonly.aof.2.incr.aof",
      "appendonly.aof.3.incr.aof",
      "appendonly.aof.lock",
      "appendonly.aof.manifest",
    ]);
    const digest = await digestOf(server);
    await server.kill();
    await using again = await startRedbun({ args: args() });
    expect(await digestOf(again)).toBe(digest);
    await rewrite(again);
    expect(readFileSync(aofPath("appendonly.aof.manifest"), "latin1")).toBe(
      "file appendonly.aof.3.base.rdb seq 3 type b\nfile appendonly.aof.4.incr.aof seq 4 type i\n",
    );
  });
});

describe("a second server on the folder", () => {
  test("is refused", async () => {
    await using first = await startRedbun({ args: args() });
    const { code, stdout } = await runRedbun(["--port", String(freePort()), "--save", "", ...args()]);
    expect(code).toBe(1);
    expect(stdout).toContain(
      "Can't use appendonly.aof in the append-only dir appendonlydir: another server is writing",
    );
    await using client = await first.client();
    expect(text(await client.call("PING"))).toBe("PONG");
  });
});

/** The files of a server that ran once, with `commands` in its increment. */
function writeFiles(increment: Uint8Array): void {
  rmSync(join(folder, "appendonlydir"), { recursive: true, force: true });
  mkdirSync(join(folder, "appendonlydir"));
  writeFileSync(aofPath("appendonly.aof.1.incr.aof"), increment);
  writeFileSync(aofPath("appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n");
}

describe("damage", () => {
  const set = (key: string, value: string): Uint8Array => encodeCommand(["SET", key, value]);

  async function refused(): Promise<string> {
    const { code, stdout } = await runRedbun(["--port", String(freePort()), "--save", "", ...args()]);
    expect(code).toBe(1);
    return stdout;
  }

  test("in the middle stops the start, and nothing is touched", async () => {
    const whole = Buffer.concat([set("a", "1"), Buffer.from("!!!"), set("b", "2")]);
    writeFiles(whole);
    const log = await refused();
    expect(log).toContain(`AOF loading stopped at offset ${set("a", "1").length} of appendonly.aof.1.incr.aof`);
    expect(log.trimEnd().split("\n").at(-1)).toContain("Bad file format reading the append only file");
    expect(readFileSync(aofPath("appendonly.aof.1.incr.aof")).equals(whole)).toBe(true);
  });

  test("of a length that reaches beyond the end is no torn tail", async () => {
    const damaged = Buffer.concat([
      set("a", "1"),
      Buffer.from("*3\r\n$3\r\nSET\r\n$9000\r\nb\r\n$1\r\n2\r\n"),
      set("c", "3"),
    ]);
    writeFiles(damaged);
    expect(await refused()).toContain("Bad file format reading the append only file");
    expect(readFileSync(aofPath("appendonly.aof.1.incr.aof")).equals(damaged)).toBe(true);
  });

  test("of the manifest, a missing file, and a command that there is not", async () => {
    writeFiles(set("a", "1"));
    writeFileSync(aofPath("appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type x\n");
    expect(await refused()).toContain("Unknown AOF file type");
    writeFileSync(aofPath("appendonly.aof.manifest"), "file appendonly.aof.2.incr.aof seq 2 type i\n");
    expect(await refused()).toContain(
      "Unable to obtain the AOF file appendonly.aof.2.incr.aof length. stat: No such file or directory",
    );
    writeFiles(Buffer.concat([set("a", "1"), encodeCommand(["NOSUCH", "x"])]));
    expect(await refused()).toContain(
      "Unknown command 'NOSUCH' reading the append only file appendonly.aof.1.incr.aof",
    );
  });

  test("a torn tail is cut", async () => {
    const good = set("a", "1");
    writeFiles(Buffer.concat([good, encodeCommand(["MULTI"]), set("b", "2"), set("c", "3").subarray(0, 20)]));
    await using server = await startRedbun({ args: args() });
    expect(server.lines.join("\n")).toContain("Revert incomplete MULTI/EXEC transaction in AOF file");
    expect(server.lines.join("\n")).toContain(`Truncating the AOF appendonly.aof.1.incr.aof at offset ${good.length}`);
    await using client = await server.client();
    expect(text(await client.call("GET", "a"))).toBe("1");
    expect(await client.call("EXISTS", "b", "c")).toMatchObject({ value: 0n });
    expect(readFileSync(aofPath("appendonly.aof.1.incr.aof")).equals(Buffer.from(good))).toBe(true);
  });
});

describe("a command that fails when it is loaded", () => {
  /** What was no integer when the file was written is one now: the file is not what this server's commands are. */
  function writeFailing(): void {
    const commands = [
      ["SET", "k", "text"],
      ["INCR", "k"],
      ["SET", "later", "1"],
    ];
    writeFileSync(join(folder, "appendonly.aof"), Buffer.concat(commands.map((words) => encodeCommand(words))));
  }

  test.skipIf(!requireRedis("redis7"))(
    "is told, counted and passed over, as in Redis",
    async () => {
      for (const start of [startRedbun, (options: { args: string[] }) => startRedis("redis7", options)]) {
        rmSync(join(folder, "appendonlydir"), { recursive: true, force: true });
        writeFailing();
        await using server = await start({ args: args() });
        await server.waitForLog(
          "== CRITICAL == This server is sending an error to its AOF-loading-client: 'value is not an integer or " +
            "out of range' after processing the command 'incr'",
        );
        await using client = await server.client();
        expect(text(await client.call("INFO", "stats"))).toContain("unexpected_error_replies:1\r\n");
        expect(text(await client.call("GET", "later"))).toBe("1");
      }
    },
    LIMIT_MS,
  );

  test(
    "stops the start with propagation-error-behavior panic",
    async () => {
      writeFailing();
      const options = ["--port", String(freePort()), ...args("--propagation-error-behavior", "panic")];
      const { code, stdout } = await runRedbun(options);
      expect(code).toBe(1);
      expect(stdout).toContain(
        "Guru Meditation: This server panicked sending an error to its AOF-loading-client after processing the " +
          "command 'incr'",
      );
    },
    LIMIT_MS,
  );
});
