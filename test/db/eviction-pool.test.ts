/** The pool of candidates for eviction, against a sorted list. */

import { expect, test } from "bun:test";
import { EvictionPool, POOL_SIZE } from "../../src/db/eviction-pool";

/** Everything in the pool, best first. */
function drain(pool: EvictionPool): string[] {
  const all: string[] = [];
  while (pool.take()) all.push(`${pool.database}:${pool.hash}:${pool.ref}:${pool.score}`);
  return all;
}

test("the best candidate comes first, whatever the order in which they were offered", () => {
  const pool = new EvictionPool();
  expect(pool.take()).toBe(false);
  pool.offer(0, 10, 1, 5);
  pool.offer(3, 20, 2, 9);
  pool.offer(1, 30, 3, 1);
  pool.offer(0, 40, 4, 7);
  expect(pool.size).toBe(4);
  expect(drain(pool)).toEqual(["3:20:2:9", "0:40:4:7", "0:10:1:5", "1:30:3:1"]);
  expect(pool.size).toBe(0);
});

test("a full pool drops its worst candidate, and does not take one that is no better", () => {
  const pool = new EvictionPool();
  for (let i = 1; i <= POOL_SIZE; i++) pool.offer(0, i, i, i * 10);
  pool.offer(0, 99, 99, 10);
  pool.offer(0, 98, 98, 5);
  expect(pool.size).toBe(POOL_SIZE);
  pool.offer(0, 97, 97, 15);
  pool.offer(0, 96, 96, 1000);
  expect(pool.size).toBe(POOL_SIZE);
  const refs = drain(pool).map((one) => Number(one.split(":")[2]));
  expect(refs).toEqual([96, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
});

test("a candidate is there once; the same ref in another database is another one", () => {
  const pool = new EvictionPool();
  pool.offer(0, 1, 7, 5);
  pool.offer(0, 1, 7, 6);
  pool.offer(1, 1, 7, 4);
  expect(drain(pool)).toEqual(["0:1:7:5", "1:1:7:4"]);
});

test("it is what a sorted list of all that was offered begins with", () => {
  const pool = new EvictionPool();
  const scores: number[] = [];
  let state = 12345;
  for (let ref = 1; ref <= 500; ref++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    scores.push(state % 10_000);
    pool.offer(0, ref, ref, state % 10_000);
  }
  const best = [...scores].sort((a, b) => b - a).slice(0, POOL_SIZE);
  expect(drain(pool).map((one) => Number(one.split(":")[3]))).toEqual(best);
  pool.offer(0, 1, 1, 1);
  pool.clear();
  expect(pool.take()).toBe(false);
});
