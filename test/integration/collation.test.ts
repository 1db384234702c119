/**
 * SORT with ALPHA in the order of a language, beside a real server. The language is made for the test: letters in the
 * order z y x c b a, and nothing else.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { equal, show } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { requireRedis, runRedbun, startRedbun, startRedis, type TestServer } from "../support/server";

const folder = mkdtempSync(join(tmpdir(), "redbun-locale-"));
const LOCALE = "reversed_XX";
afterAll(() => rmSync(folder, { recursive: true }));

/** Compiles the locale; false where there is no localedef, or no libc that reads what it writes. */
function makeLocale(): boolean {
  if (process.platform !== "linux" || Bun.which("localedef") === null) return false;
  const letters = [..."zyxcba"].map((letter) => `<U00${letter.charCodeAt(0).toString(16).toUpperCase()}>`);
  const source = ["LC_COLLATE", "order_start forward", ...letters, "order_end", "END LC_COLLATE", ""].join("\n");
  Bun.spawnSync(["sh", "-c", `cat > ${join(folder, "source")}`], { stdin: Buffer.from(source) });
  // It warns of the categories that are left out, and exits with 1.
  Bun.spawnSync(["localedef", "-c", "-i", join(folder, "source"), join(folder, LOCALE)], { stderr: "ignore" });
  const sorted = Bun.spawnSync(["sort"], { stdin: Buffer.from("a\nb\n"), env: { LOCPATH: folder, LC_ALL: LOCALE } });
  return sorted.stdout.toString() === "b\na\n";
}

const possible = makeLocale() && requireRedis("valkey8");
if (!possible) console.warn("SKIPPED: SORT in the order of a language: no localedef or no server to compare with");

const COMMANDS: readonly (readonly string[])[] = [
  ["RPUSH", "l", "abc", "cab", "zoo", "xyz", "bay", "by\0a", "by\0z", "", "y", "yyyyyyyyyy", "yyyyyyyyyz"],
  ["SORT", "l", "ALPHA"],
  ["SORT", "l", "ALPHA", "DESC", "LIMIT", "1", "4"],
  ["MSET", "w_abc", "a", "w_cab", "z", "w_zoo", "yz", "w_y", ""],
  ["SORT", "l", "ALPHA", "BY", "w_*"],
  ["SORT", "l", "ALPHA", "BY", "w_*", "DESC"],
  ["SORT_RO", "l", "ALPHA"],
  // What is stored is the same wherever the command runs.
  ["SORT", "l", "ALPHA", "STORE", "m"],
  ["LRANGE", "m", "0", "-1"],
];

describe.skipIf(!possible)("locale-collate", () => {
  const servers: TestServer[] = [];
  const clients: RespClient[] = [];

  beforeAll(async () => {
    const env = { LOCPATH: folder, LC_ALL: LOCALE };
    servers.push(await startRedbun({ env }), await startRedis("valkey8", { env }));
    for (const server of servers) clients.push(await server.client());
  });

  afterAll(async () => {
    for (const client of clients) await client.close();
    for (const server of servers) await server.stop();
  });

  async function compare(commands: readonly (readonly string[])[]): Promise<void> {
    for (const command of commands) {
      const [ours, theirs] = await Promise.all(clients.map((client) => client.call(...command)));
      if (!equal(ours, theirs)) throw new Error(`${command.join(" ")}: ${show(ours)} instead of ${show(theirs)}`);
    }
  }

  test("is that of the environment at first", () => compare([["FLUSHALL"], ...COMMANDS]));

  test("follows CONFIG SET", async () => {
    await compare([["FLUSHALL"], ["CONFIG", "SET", "locale-collate", "C"], ...COMMANDS]);
    await compare([["FLUSHALL"], ["CONFIG", "SET", "locale-collate", LOCALE], ...COMMANDS]);
    await compare([
      ["FLUSHALL"],
      ["CONFIG", "SET", "locale-collate", "nosuch"],
      ["CONFIG", "GET", "locale-collate"],
      ...COMMANDS,
    ]);
  });

  test("stops the start where there is no such", async () => {
    const { code, stdout } = await runRedbun(["--port", "0", "--locale-collate", "nosuch"]);
    expect(code).toBe(1);
    expect(stdout).toContain("Failed to configure LOCALE for invalid locale name.");
  });
});
