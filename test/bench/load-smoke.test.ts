/** A tiny run of the whole load benchmark: it works, and the servers answer alike. */

import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OPERATIONS } from "../../bench/load/operations";
import { REMOVED, WAYS } from "../../bench/load/removals";
import { SHAPES } from "../../bench/load/shapes";
import { WORKLOADS } from "../../bench/load/workloads";
import { InProcess } from "../support/in-process";
import { items, text } from "../support/reply";
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
      expect(output).toMatch(/^checksum [0-9a-f]{16}$/m);
      const results = await Bun.file(json).json();
      expect(results.names).toEqual(["redbun", "redis7"]);
      // What is left out is what redbun has no commands for: nothing, once it has all of them.
      const known = new Set(items(new InProcess().call("COMMAND", "LIST")).map(text));
      const lacking = (item: { commands: readonly string[] }) => !item.commands.every((command) => known.has(command));
      expect(results.leftOut).toEqual([
        ...WORKLOADS.filter(lacking).map(({ section, name }) => `${section}:${name}`),
        ...OPERATIONS.filter(lacking).map(({ name }) => `operations:${name}`),
        ...SHAPES.filter(lacking).map(({ name }) => `shapes:${name}`),
        ...REMOVED.filter(lacking).map(({ name }) => `removals:${name}`),
      ]);
      expect(results.throughput).toHaveLength(16);
      const collections = WORKLOADS.filter((workload) => workload.section === "collections" && !lacking(workload));
      expect(results.collections).toHaveLength(2 * collections.length);
      for (const row of [...results.throughput, ...results.collections]) {
        for (const name of results.names) expect(row.rounds[name][0].rate).toBeGreaterThan(0);
      }
      expect(results.operations).toHaveLength(OPERATIONS.filter((operation) => !lacking(operation)).length);
      for (const row of results.operations) {
        for (const name of results.names) expect(row.rounds[name][0]).toBeGreaterThan(0);
      }
      expect(results.shapes).toHaveLength(2 * SHAPES.filter((shape) => !lacking(shape)).length);
      for (const row of results.shapes) expect(row.fullBytes).toBeGreaterThan(0);
      expect(results.removals).toHaveLength(2 * REMOVED.filter((shape) => !lacking(shape)).length);
      for (const row of results.removals) {
        for (const way of WAYS) expect(row.rounds[way][0].count).toBeGreaterThan(0);
      }
      expect(results.fanout).toHaveLength(4);
      for (const row of results.fanout) {
        for (const name of results.names) expect(row.rounds[name][0].rate).toBeGreaterThan(0);
      }
      // SET and INCR at two depths, without a file and with two policies.
      expect(results.appendonly).toHaveLength(12);
      for (const row of [...results.appendonly, ...results.loading]) {
        for (const name of results.names) expect(row.rounds[name]).toHaveLength(1);
      }
      expect(results.memory.map((row: { server: string }) => row.server)).toEqual(["redbun", "redis7"]);
      expect(results.eviction[0].hits).toHaveLength(4);
      for (const row of results.eviction[0].hits) {
        // Ten times as many objects as fit, by Zipf's law: far more than a tenth of the requests are hits, and not all.
        expect(row.sameKeys).toBeGreaterThan(0.3);
        expect(row.sameKeys).toBeLessThan(0.95);
      }
      expect(results.eviction[0].resident).toHaveLength(4);
      expect(results.connections.map((row: { server: string }) => row.server)).toEqual(["redbun", "redis7"]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
  240_000,
);
