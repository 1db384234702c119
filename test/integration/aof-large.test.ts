/** BGREWRITEAOF of large values that change meanwhile: base and increments together are what there is in the end. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";
import { items, show, text } from "../support/reply";
import type { RespClient } from "../support/resp-client";
import { startRedbun, type TestServer } from "../support/server";

const SEED = seedFromEnvironment(20_261_121);
const LIMIT_MS = 60_000;
const PARTS = 5000;
const STRING_BYTES = 3_000_000;
const FIELDS = Array.from({ length: PARTS }, (_, i) => `f${i}`);

let folder: string;
let server: TestServer;
let client: RespClient;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "redbun-aof-large-"));
  server = await startRedbun({ args: ["--dir", folder, "--appendonly", "yes", "--enable-debug-command", "yes"] });
  client = await server.client();
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(commands: readonly (readonly (string | number)[])[]): Promise<void> {
  await client.pipeline(commands.map((command) => command.map(String)));
}

async function fill(): Promise<void> {
  const far = Date.now() + 3_600_000;
  await run(FIELDS.map((field, i) => ["HSET", "h", field, i]));
  await run(FIELDS.filter((_, i) => i % 2 > 0).map((field, i) => ["HPEXPIREAT", "h", far + i, "FIELDS", 1, field]));
  await run(FIELDS.map((_, i) => ["XADD", "s", `${i + 1}-1`, "field", i]));
  await run([["XGROUP", "CREATE", "s", "g", 0]]);
  await run(
    Array.from({ length: 45 }, (_, i) => ["XREADGROUP", "GROUP", "g", `c${i % 20}`, "COUNT", 100, "STREAMS", "s", ">"]),
  );
  await run([["SETRANGE", "string", STRING_BYTES, "end"]]);
}

function change(random: Random): (string | number)[] {
  const i = random.integer(0, PARTS - 1);
  const consumer = `c${random.integer(0, 25)}`;
  return random.pick([
    () => ["HPEXPIRE", "h", 3_600_000 + i, "FIELDS", 1, `f${i}`],
    () => ["HPERSIST", "h", "FIELDS", 1, `f${i}`],
    () => ["HDEL", "h", `f${i}`],
    () => ["HSET", "h", `f${i}`, "changed"],
    () => ["XACK", "s", "g", `${i + 1}-1`],
    () => ["XCLAIM", "s", "g", consumer, 0, `${i + 1}-1`],
    () => ["XREADGROUP", "GROUP", "g", consumer, "COUNT", 2, "STREAMS", "s", ">"],
    () => ["XDEL", "s", `${i + 1}-1`],
    () => ["SETRANGE", "string", random.integer(0, STRING_BYTES), "changed"],
    () => ["SETBIT", "string", random.integer(0, STRING_BYTES * 8), 1],
    () => ["APPEND", "string", "more"],
  ])();
}

/** All that there is, but for how long ago something was. */
async function contents(): Promise<string> {
  const pending = items(await client.call("XPENDING", "s", "g", "-", "+", String(PARTS))).map((entry) => {
    const [id, consumer, , deliveries] = items(entry);
    return [id, consumer, deliveries].map(show).join(" ");
  });
  return [
    text(await client.call("DEBUG", "DIGEST")),
    show(await client.call("HPEXPIRETIME", "h", "FIELDS", String(PARTS), ...FIELDS)),
    show(await client.call("XINFO", "GROUPS", "s")),
    pending.join("\n"),
  ].join("\n");
}

test(
  `large values change while the append-only file is rewritten (seed ${SEED})`,
  async () => {
    const random = new Random(SEED);
    await fill();
    const started = text(await client.call("BGREWRITEAOF"));
    expect(started).toBe("Background append only file rewriting started");
    let rounds = 0;
    for (; (await server.info("persistence")).get("aof_rewrite_in_progress") === "1"; rounds++) {
      await run(Array.from({ length: 50 }, () => change(random)));
    }
    expect(rounds).toBeGreaterThan(0);
    expect((await server.info("persistence")).get("aof_last_bgrewrite_status")).toBe("ok");
    const before = await contents();
    expect(text(await client.call("DEBUG", "LOADAOF"))).toBe("OK");
    expect(await contents()).toBe(before);
  },
  LIMIT_MS,
);
