/** RDB files between redbun and real servers, and the process around them: start, shutdown, check-rdb. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contentOf, digestOf, fill } from "../support/random-data";
import { text } from "../support/reply";
import {
  freePort,
  PEERS,
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
  folder = mkdtempSync(join(tmpdir(), "redbun-rdb-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (): string => join(folder, "dump.rdb");
const args = (): string[] => ["--dir", folder];
const WITH_DEBUG = ["--enable-debug-command", "yes"];

/** What is in the folder's file, as a server finds it. */
async function contentIn(start: () => Promise<TestServer>): Promise<string> {
  await using server = await start();
  return await contentOf(server);
}

describe("files that redbun writes", () => {
  for (const peer of ["redis8", "valkey8"] as const satisfies readonly Peer[]) {
    const possible = requireRedis(peer);
    test.skipIf(!possible)(
      `load in ${peer}`,
      async () => {
        await using redbun = await startRedbun({ args: [...args(), ...WITH_DEBUG] });
        await using client = await redbun.client();
        await fill(client);
        expect(text(await client.call("SAVE"))).toBe("OK");
        const theirs = await contentIn(() => startRedis(peer, { args: [...args(), ...WITH_DEBUG] }));
        expect(theirs).toBe(await contentOf(redbun));
      },
      LIMIT_MS,
    );
  }
});

describe("files that real servers write", () => {
  for (const peer of ["redis7", "redis8", "valkey8"] as const satisfies readonly Peer[]) {
    const possible = requireRedis(peer);
    test.skipIf(!possible)(
      `of ${peer} load in redbun`,
      async () => {
        await using server = await startRedis(peer, { args: [...args(), ...WITH_DEBUG] });
        await using client = await server.client();
        await fill(client);
        expect(text(await client.call("SAVE"))).toBe("OK");
        const ours = await contentIn(() => startRedbun({ args: [...args(), ...WITH_DEBUG] }));
        expect(ours).toBe(await contentOf(server));
      },
      LIMIT_MS,
    );
  }
});

describe("files of old versions", () => {
  const assets = join(PEERS, "redis-suite/tests/assets");
  const possible = existsSync(assets) && requireRedis("redis8");
  if (!possible) console.warn("SKIPPED: files of old versions: no Redis suite");
  const names = possible ? [...new Bun.Glob("*.rdb").scanSync(assets)].filter((name) => !name.includes("corrupt")) : [];

  test.skipIf(!possible)("there are some", () => expect(names).toContain("encodings.rdb"));

  for (const name of names.sort()) {
    test(
      `${name}: every key is as Redis 8.0 loads it`,
      async () => {
        copyFileSync(join(assets, name), path());
        await using theirs = await startRedis("redis8", { args: [...args(), ...WITH_DEBUG] });
        await using ours = await startRedbun({ args: [...args(), ...WITH_DEBUG] });
        expect(await digestOf(ours)).toBe(await digestOf(theirs));
      },
      LIMIT_MS,
    );
  }
});

describe("the process", () => {
  test(
    "saves at SIGTERM where there are save points, and loads at the next start",
    async () => {
      await using first = await startRedbun({ args: [...args(), "--save", "3600 1"] });
      {
        await using client = await first.client();
        await client.call("SET", "k", "v");
      }
      first.process.kill("SIGTERM");
      expect(await first.exited).toBe(0);
      await first.waitForLog("Saving the final RDB snapshot before exiting.");
      await first.waitForLog("DB saved on disk");
      await using second = await startRedbun({ args: args() });
      await second.waitForLog("Loading RDB produced by version 7.2.4");
      await second.waitForLog("Done loading RDB, keys loaded: 1, keys expired: 0.");
      await second.waitForLog(/DB loaded from disk: \d+\.\d{3} seconds/);
      await using client = await second.client();
      expect(text(await client.call("GET", "k"))).toBe("v");
    },
    LIMIT_MS,
  );

  test(
    "saves at the end only where it is to",
    async () => {
      for (const [save, command, expected] of [
        ["", "SHUTDOWN", false],
        ["", "SHUTDOWN SAVE", true],
        ["3600 1", "SHUTDOWN NOSAVE", false],
        ["3600 1", "SHUTDOWN", true],
      ] as const) {
        rmSync(path(), { force: true });
        await using server = await startRedbun({ args: [...args(), "--save", save] });
        const client = await server.client();
        client.send(`${command}\r\n`);
        expect(await server.exited).toBe(0);
        expect([save, command, existsSync(path())]).toEqual([save, command, expected]);
      }
    },
    LIMIT_MS,
  );

  test(
    "does not start with a damaged file, says where, and leaves it as it is",
    async () => {
      {
        await using server = await startRedbun({ args: args() });
        await using client = await server.client();
        await client.call("SET", "k", "value");
        await client.call("SAVE");
      }
      const damaged = readFileSync(path());
      damaged[damaged.length - 10] ^= 1;
      writeFileSync(path(), damaged);
      const { code, stdout } = await runRedbun(["--port", String(freePort()), "--dir", folder]);
      expect(code).toBe(1);
      expect(stdout).toMatch(/Wrong RDB checksum expected: \([0-9a-f]+\) but got \([0-9a-f]+\)\. Aborting now\./);
      expect(stdout).toMatch(/Internal error in RDB reading offset \d+ -> RDB CRC error/);
      expect(stdout).toContain("--- RDB ERROR DETECTED ---");
      expect(stdout).toContain("Terminating server after rdb file reading failure.");
      expect(readFileSync(path()).equals(damaged)).toBe(true);
    },
    LIMIT_MS,
  );
});

describe("redbun check-rdb", () => {
  async function sampleFile(): Promise<void> {
    await using server = await startRedbun({ args: args() });
    await using client = await server.client();
    await client.call("SET", "k", "v", "PXAT", "4102444800000");
    await client.call("SET", "l", "abc".repeat(50));
    await client.call("SAVE");
  }

  test(
    "says that a file is sound",
    async () => {
      await sampleFile();
      const { code, stdout } = await runRedbun(["check-rdb", path()]);
      expect(code).toBe(0);
      const lines = stdout.trim().split("\n");
      expect(lines[0]).toBe(`[offset 0] Checking RDB file ${path()}`);
      expect(lines).toContain("[offset 26] AUX FIELD redis-ver = '7.2.4'");
      expect(lines.slice(-5).map((line) => line.replace(/\d+\]/, "N]"))).toEqual([
        "[offset N] Checksum OK",
        "[offset N] \\o/ RDB looks OK! \\o/",
        "[info] 2 keys read",
        "[info] 1 expires",
        "[info] 0 already expired",
      ]);
    },
    LIMIT_MS,
  );

  test(
    "says where one is damaged",
    async () => {
      await sampleFile();
      const whole = readFileSync(path());
      writeFileSync(path(), whole.subarray(0, whole.length - 10));
      const { code, stdout } = await runRedbun(["check-rdb", path()]);
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /--- RDB ERROR DETECTED ---\n\[offset \d+\] Unexpected EOF reading RDB file\n\[additional info\] While doing: read-object-value\n\[additional info\] Reading key '[kl]'\n\[additional info\] Reading type 0 \(string\)\n\[info\] 2 keys read\n/,
      );
      // The type is known before the key.
      const list = Buffer.from("REDIS0011\xfe\x00\x12\x04ke", "latin1");
      writeFileSync(path(), list);
      expect((await runRedbun(["check-rdb", path()])).stdout).toContain(
        "While doing: read-key\n[additional info] Reading type 18 (quicklist-v2)\n[info] 0 keys read\n",
      );
    },
    LIMIT_MS,
  );

  test("wants one file", async () => {
    expect(await runRedbun(["check-rdb"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "Usage: redbun check-rdb <rdb-file-name>\n",
    });
    expect((await runRedbun(["check-rdb", "-v"])).stdout).toBe("redis-check-rdb 7.2.4\n");
    const missing = join(folder, "missing.rdb");
    expect(await runRedbun(["check-rdb", missing])).toEqual({
      code: 1,
      stdout: `[offset 0] Checking RDB file ${missing}\n`,
      stderr: "",
    });
  });
});
