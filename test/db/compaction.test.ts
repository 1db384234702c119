/** Compaction of the index: what it gains, that it changes nothing else, and that it does not work in vain. */

import { describe, expect, test } from "bun:test";
import { Compaction } from "../../src/db/compaction";
import { expectNoLeak } from "../support/heap-account";
import { Random } from "../support/random";
import { Fixture } from "./fixture";

/** A keyspace of which every other key is gone again, chosen at random. */
function sparse(keys: number, valueLength: number): Fixture {
  const fixture = new Fixture(2);
  const random = new Random(5);
  const value = "v".repeat(valueLength);
  for (let i = 0; i < keys; i++) fixture.set(`key:${i}`, value);
  for (let i = 0; i < keys; i++) if (random.chance(0.5)) fixture.remove(`key:${i}`);
  return fixture;
}

/** Runs a pass if there is to be one, and says whether there was. */
function pass(compaction: Compaction): boolean {
  compaction.consider();
  // With a deadline that has passed, nothing but the answer: whether there is a pass.
  const active = compaction.run(0);
  while (compaction.run(Number.POSITIVE_INFINITY));
  return active;
}

describe("compaction", () => {
  test("empties slabs of the index; all keys stay, and all memory is accounted for", () => {
    const fixture = sparse(600_000, 4);
    const { heap } = fixture.keyspace;
    const compaction = new Compaction(fixture.keyspace, heap);
    const keys = fixture.keys();
    const { usedBytes, committedBytes } = heap;
    expect(pass(compaction)).toBe(true);
    expect(committedBytes - heap.committedBytes).toBeGreaterThan(512 * 1024);
    expect(heap.usedBytes).toBe(usedBytes);
    expectNoLeak(fixture);
    expect(fixture.keys()).toEqual(keys);
  });

  test("a pass in vain is not repeated until there is more to gain", () => {
    const fixture = sparse(600_000, 4);
    const { heap } = fixture.keyspace;
    const compaction = new Compaction(fixture.keyspace, heap);
    let passes = 0;
    while (pass(compaction)) passes++;
    expect(passes).toBeLessThan(5);
    expect(pass(compaction)).toBe(false);
    // Entries' slabs have much to spare all the same.
    expect(heap.fragmentation).toBeGreaterThan(0.2);
    let removed = 0;
    for (const key of fixture.keys()) if (removed++ % 4 !== 0) fixture.remove(key);
    expect(pass(compaction)).toBe(true);
  });
});
