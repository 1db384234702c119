/** The memory of all clients, and which are the largest. */

import { expect, test } from "bun:test";
import type { Client } from "../../src/session/client";
import { ClientMemory, NO_BUCKET } from "../../src/session/client-memory";

const KIB = 1024;

function client(memoryBytes: number, noEvict = false): Client & { memoryBytes: number } {
  return { memoryBytes, noEvict, countedBytes: 0, memoryBucket: NO_BUCKET } as unknown as Client & {
    memoryBytes: number;
  };
}

test("the sum follows what clients take", () => {
  const memory = new ClientMemory();
  const [a, b] = [client(1000), client(500)];
  memory.recount([a, b]);
  expect(memory.total).toBe(1500);
  a.memoryBytes = 200;
  memory.update(a);
  expect(memory.total).toBe(700);
  memory.forget(b);
  memory.forget(b);
  expect(memory.total).toBe(200);
});

test("the largest goes first, by powers of two, and nobody who may not be evicted", () => {
  const memory = new ClientMemory();
  const clients = [client(40 * KIB), client(3000 * KIB), client(200 * KIB), client(5000 * KIB, true), client(10)];
  memory.setLimit(Number.POSITIVE_INFINITY, clients);
  expect(memory.largest()).toBeNull();
  let exceeded = 0;
  memory.onExceeded = () => exceeded++;
  memory.setLimit(4000 * KIB, clients);
  expect(exceeded).toBeGreaterThan(0);
  expect(memory.isExceeded).toBe(true);
  const order: number[] = [];
  for (let next = memory.largest(); next !== null; next = memory.largest()) {
    order.push(next.memoryBytes / KIB);
    memory.forget(next);
  }
  expect(order.slice(0, 2)).toEqual([3000, 200]);
  // Both are in the bucket of what is small.
  expect(order.slice(2).sort((a, b) => a - b)).toEqual([10 / KIB, 40]);
  expect(memory.total).toBe(5000 * KIB);
});

test("a client that grows changes its bucket; the limit itself is too much", () => {
  const memory = new ClientMemory();
  const [a, b] = [client(100 * KIB), client(300 * KIB)];
  memory.setLimit(1000 * KIB, [a, b]);
  expect(memory.largest()).toBe(b);
  expect(memory.isExceeded).toBe(false);
  a.memoryBytes = 700 * KIB;
  memory.update(a);
  expect(memory.largest()).toBe(a);
  expect(memory.isExceeded).toBe(true);
  a.noEvict = true;
  memory.update(a);
  expect(memory.largest()).toBe(b);
});
