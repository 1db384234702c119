/** A tiny run of the whole load benchmark: it works, and the servers answer alike. */

import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY, requireRedis } from "../support/server";

const withTools = requireRedis() && Bun.which("redis-benchmark") !== null ? test : test.skip;

withTools(
  "the smoke run measures everything and the servers answer alike",
  async () => {
    const directory = await mkdtemp(join(tmpdir(), "redbun-bench-"));
    const json = join(directory, "results.json");
    try {
      const command = [process.execPath, "bench/load/main.ts", "--smoke", "--source", "--json", json];
      const child = Bun.spawn(command, { cwd: REPOSITORY, stdout: "pipe", stderr: "pipe" });
      const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      expect(`${errors}${await child.exited}`).toBe("0");
      expect(output).toContain("checksum f32a8f283c1ccf01");
      const results = await Bun.file(json).json();
      expect(results.names).toEqual(["redbun", "redis7"]);
      expect(results.throughput).toHaveLength(24);
      for (const row of results.throughput) {
        for (const name of results.names) expect(row.rounds[name][0].rate).toBeGreaterThan(0);
      }
      expect(results.memory.map((row: { server: string }) => row.server)).toEqual(["redbun", "redis7"]);
      expect(results.connections.map((row: { server: string }) => row.server)).toEqual(["redbun", "redis7"]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
  120_000,
);
