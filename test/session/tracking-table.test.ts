/** The table of keys that clients have read, beside a model. */

import { expect, test } from "bun:test";
import { KeyHasher } from "../../src/memory/hash";
import { TrackingTable } from "../../src/session/tracking-table";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";

function keyOf(name: string): Buffer {
  // As a request has it: somewhere in a larger buffer.
  return Buffer.from(`*${name}*`, "latin1");
}

function take(table: TrackingTable, name: string): number[] {
  const key = keyOf(name);
  const count = table.take(key, 1, key.length - 1);
  return [...table.taken.subarray(0, count)];
}

function remember(table: TrackingTable, name: string, client: number): void {
  const key = keyOf(name);
  table.remember(key, 1, key.length - 1, client);
}

test("a key is forgotten when it is taken, and its clients come in ascending order", () => {
  const table = new TrackingTable(new KeyHasher(1, 2));
  expect(take(table, "k")).toEqual([]);
  for (const client of [5, 3, 2 ** 32 - 1, 5, 4]) remember(table, "k", client);
  expect([table.keys, table.items]).toEqual([1, 4]);
  expect(take(table, "k")).toEqual([3, 4, 5, 2 ** 32 - 1]);
  expect([table.keys, table.items]).toEqual([0, 0]);
  expect(take(table, "k")).toEqual([]);
});

test("random operations", () => {
  const table = new TrackingTable(new KeyHasher(3, 4));
  const model = new Map<string, Set<number>>();
  const name = (random: Random): string => "x".repeat(random.integer(0, 9 - 1)) + random.integer(0, 200 - 1);
  runOperations({
    seed: 20240801,
    steps: 30_000,
    operations: {
      remember: [
        10,
        (random) => {
          const [key, client] = [name(random), random.integer(0, 300 - 1)];
          remember(table, key, client);
          model.set(key, (model.get(key) ?? new Set()).add(client));
          return `remember ${key} ${client}`;
        },
      ],
      take: [
        1,
        (random) => {
          const key = name(random);
          expect(take(table, key)).toEqual([...(model.get(key) ?? [])].sort((a, b) => a - b));
          model.delete(key);
          return `take ${key}`;
        },
      ],
      "random key": [
        1,
        (random) => {
          const key = table.randomKey((n) => random.integer(0, n - 1));
          if (key === null) expect(model.size).toBe(0);
          else expect(model.has(key.toString("latin1"))).toBe(true);
          return "random key";
        },
      ],
    },
    check() {
      expect(table.keys).toBe(model.size);
      let items = 0;
      for (const clients of model.values()) items += clients.size;
      expect(table.items).toBe(items);
    },
  });
});

test("a hundred thousand keys take 64 bytes each at most, and none once they are cleared", () => {
  const table = new TrackingTable(new KeyHasher(5, 6));
  const keys = 100_000;
  for (let i = 0; i < keys; i++) remember(table, `key:${String(i).padStart(12, "0")}`, 1);
  expect(table.keys).toBe(keys);
  expect(table.memoryBytes / keys).toBeLessThanOrEqual(64);
  table.clear();
  expect([table.keys, table.items, table.memoryBytes]).toEqual([0, 0, 0]);
});
