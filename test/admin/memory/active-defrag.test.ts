/** When active defragmentation runs; what it does is in test/commands/defragmentation.test.ts. */

import { expect, test } from "bun:test";
import { InProcess } from "../../support/in-process";
import { text } from "../../support/reply";
import { parseInfo } from "../../support/server";

const KEYS = 60_000;

/** Strings of which nine of ten are gone. */
function sparse(directives: Record<string, string>): InProcess {
  const redbun = new InProcess({ "active-defrag-ignore-bytes": "1mb", "enable-debug-command": "yes", ...directives });
  for (let i = 0; i < KEYS; i++) redbun.call("SET", `key:${i}`, "v".repeat(100));
  for (let i = 0; i < KEYS; i++) if (i % 10 !== 0) redbun.call("DEL", `key:${i}`);
  return redbun;
}

function info(redbun: InProcess, field: string): number {
  return Number(parseInfo(redbun.run("INFO all")).get(field));
}

async function untilDone(redbun: InProcess): Promise<void> {
  while (redbun.server.activeDefrag.running > 0) await new Promise<void>((resolve) => setImmediate(resolve));
}

test("with activedefrag it runs until the heap is dense, and INFO tells of it", async () => {
  const redbun = sparse({ activedefrag: "yes" });
  const digest = text(redbun.run("DEBUG DIGEST"));
  expect(info(redbun, "allocator_frag_ratio")).toBeGreaterThan(3);
  const active = info(redbun, "allocator_active");
  redbun.server.activeDefrag.consider();
  // Far above the upper threshold: the largest share.
  expect(info(redbun, "active_defrag_running")).toBe(25);
  await untilDone(redbun);
  // What is left is one slab that has room for each size of block that there is.
  expect(info(redbun, "allocator_active")).toBeLessThan(active / 3);
  expect(info(redbun, "active_defrag_hits")).toBeGreaterThan(KEYS / 20);
  expect(info(redbun, "active_defrag_key_hits")).toBeGreaterThan(KEYS / 20);
  expect(info(redbun, "active_defrag_running")).toBe(0);
  expect(text(redbun.run("DEBUG DIGEST"))).toBe(digest);
  // It does not begin again in vain.
  redbun.server.activeDefrag.consider();
  await untilDone(redbun);
  redbun.server.activeDefrag.consider();
  expect(redbun.server.activeDefrag.running).toBe(0);
  redbun.run("CONFIG RESETSTAT");
  expect([info(redbun, "active_defrag_hits"), info(redbun, "active_defrag_key_misses")]).toEqual([0, 0]);
});

test("not without activedefrag, not below the thresholds, and it ends when it is switched off", () => {
  const off = sparse({});
  off.server.activeDefrag.consider();
  expect(off.server.activeDefrag.running).toBe(0);
  const little = sparse({ activedefrag: "yes", "active-defrag-ignore-bytes": "100mb" });
  little.server.activeDefrag.consider();
  expect(little.server.activeDefrag.running).toBe(0);
  little.run("CONFIG SET active-defrag-ignore-bytes 1mb active-defrag-threshold-lower 1000");
  little.server.activeDefrag.consider();
  expect(little.server.activeDefrag.running).toBe(0);
  little.run(
    "CONFIG SET active-defrag-threshold-lower 10 active-defrag-cycle-min 5 active-defrag-threshold-upper 1000",
  );
  little.server.activeDefrag.consider();
  const { running } = little.server.activeDefrag;
  expect(running).toBeGreaterThanOrEqual(5);
  expect(running).toBeLessThan(25);
  little.run("CONFIG SET activedefrag no");
  expect(little.server.activeDefrag.running).toBe(0);
  expect(little.server.activeDefrag.defragmentation.active).toBe(false);
});

test("where slabs exceed maxmemory it runs without being asked", async () => {
  const redbun = sparse({ "maxmemory-policy": "allkeys-lru" });
  const { heap } = redbun.keyspace;
  redbun.call("CONFIG", "SET", "maxmemory", info(redbun, "used_memory") + 1024 * 1024);
  const before = heap.committedBytes;
  redbun.server.activeDefrag.consider();
  expect(redbun.server.activeDefrag.running).toBe(90);
  await untilDone(redbun);
  expect(heap.committedBytes).toBeLessThan(before / 2);
  expect(info(redbun, "evicted_keys")).toBe(0);
});
