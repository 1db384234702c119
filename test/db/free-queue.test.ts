/** Memory that is given back later. */

import { describe, expect, test } from "bun:test";
import { NO_EXPIRY, TYPE_HASH } from "../../src/db/entry";
import { SEGMENT_MASK, SEGMENT_SHIFT } from "../../src/memory/heap";
import { Fixture } from "./fixture";

/** Values of all three homes: in the entry, in a block, and larger than a heap segment. */
function fill(fixture: Fixture, count: number): void {
  for (let i = 0; i < count; i++) {
    const length = i % 100 === 0 ? 6000 : 10;
    fixture.set(`key:${i}`, "v".repeat(length), i % 3 === 0 ? fixture.clock.now() + 1e6 : undefined);
  }
}

/** Runs the queue in slices of `micros`; returns their number. */
function drain(fixture: Fixture, micros: number): number {
  const { free } = fixture.keyspace;
  let slices = 0;
  for (let done = false; !done; slices++) done = free.run(fixture.clock.monotonic() + micros);
  return slices;
}

describe("flush", () => {
  test("later: the database is empty at once, and slices give the memory back", () => {
    const fixture = new Fixture();
    const { keyspace, db, clock } = fixture;
    const { free, heap } = keyspace;
    fill(fixture, 20_000);
    const used = heap.usedBytes;
    clock.microsPerLook = 100;

    expect(keyspace.flush(-1, true)).toBe(20_000);
    expect([db.size, db.expires, free.pending, free.freed, free.idle]).toEqual([0, 0, 20_000, 0, false]);
    expect(heap.usedBytes).toBeGreaterThan(used);
    expect(fixture.get("key:1")).toBeUndefined();

    let pending = free.pending;
    let bytes = heap.usedBytes;
    let slices = 0;
    while (!free.run(clock.monotonic() + 500)) {
      slices++;
      expect(free.pending).toBeLessThan(pending);
      expect(free.freed).toBe(20_000 - free.pending);
      expect(heap.usedBytes).toBeLessThan(bytes);
      pending = free.pending;
      bytes = heap.usedBytes;
    }
    expect(slices).toBeGreaterThan(5);
    expect([free.pending, free.freed, free.idle]).toEqual([0, 20_000, true]);
    expect(heap.usedBytes).toBe(fixture.emptyBytes);
  });

  test("later: collections that take more than a few steps get steps of their own, and count once", () => {
    const fixture = new Fixture();
    const { keyspace, db } = fixture;
    const { free, heap, entries } = keyspace;
    const shape = { type: TYPE_HASH, encoding: 0, lru: 0, inlineLength: 0, expireAt: NO_EXPIRY };
    const released = new Map<number, number>();
    // A value is a block whose first word says how many steps it takes to free it.
    keyspace.registerReleaser(TYPE_HASH, {
      effort: (root) => 50 * heap.u32[root >>> SEGMENT_SHIFT][(root & SEGMENT_MASK) << 1],
      release(root) {
        const steps = (released.get(root) ?? 0) + 1;
        released.set(root, steps);
        if (steps < heap.u32[root >>> SEGMENT_SHIFT][(root & SEGMENT_MASK) << 1]) return false;
        heap.free(root);
        return true;
      },
    });
    for (let i = 0; i < 60; i++) {
      const block = heap.allocate(8);
      heap.u32[block >>> SEGMENT_SHIFT][(block & SEGMENT_MASK) << 1] = i < 20 ? 1 : 3;
      const key = Buffer.from(`hash:${i}`);
      db.lookupWrite(key, 0, key.length, false);
      entries.setValueWord(db.store(0, shape, key, 0, key.length), 0, block);
    }
    keyspace.flush(-1, true);
    expect(free.pending).toBe(60);
    free.step();
    // Small ones went with their entries, and none of the others has been begun.
    expect([...released.values()]).toEqual(Array(20).fill(1));
    expect([free.pending, db.size]).toEqual([40, 0]);
    while (!free.idle) free.step();
    expect([...released.values()].filter((steps) => steps === 3).length).toBe(40);
    expect([free.pending, free.freed]).toEqual([0, 60]);
    expect(heap.usedBytes).toBe(fixture.emptyBytes);
  });

  test("later: keys set meanwhile are not touched, and several flushes queue up", () => {
    const fixture = new Fixture();
    const { keyspace, clock } = fixture;
    const { free, heap } = keyspace;
    clock.microsPerLook = 100;
    fill(fixture, 3000);
    keyspace.flush(0, true);
    free.run(clock.monotonic() + 300);
    fill(fixture, 2000);
    const before = free.pending;
    keyspace.flush(0, true);
    expect(free.pending).toBe(before + 2000);
    fixture.set("kept", "v".repeat(7000));
    drain(fixture, 300);
    expect(free.freed).toBe(5000);
    expect(fixture.get("kept")).toBe("v".repeat(7000));
    fixture.remove("kept");
    expect(heap.usedBytes).toBe(fixture.emptyBytes);
  });

  test("now: memory is back when it returns, nothing counts as freed lazily, and what waits goes on waiting", () => {
    const fixture = new Fixture();
    const { keyspace } = fixture;
    const { free, heap } = keyspace;
    fill(fixture, 3000);
    keyspace.flush(-1, false);
    expect([free.pending, free.freed, free.idle]).toEqual([0, 0, true]);
    expect(heap.usedBytes).toBe(fixture.emptyBytes);

    fill(fixture, 3000);
    keyspace.flush(0, true);
    fill(fixture, 1000);
    keyspace.flush(0, false);
    expect(free.pending).toBe(3000);
    drain(fixture, 1e9);
    expect(heap.usedBytes).toBe(fixture.emptyBytes);
  });

  test("of an empty database queues nothing", () => {
    const fixture = new Fixture();
    expect(fixture.keyspace.flush(-1, true)).toBe(0);
    expect(fixture.keyspace.free.idle).toBe(true);
    expect(fixture.keyspace.heap.usedBytes).toBe(fixture.emptyBytes);
  });

  test("of one database leaves the others", () => {
    const fixture = new Fixture();
    fixture.set("a", "1");
    fixture.set("b", "2", undefined, fixture.keyspace.databases[1]);
    expect(fixture.keyspace.flush(0, false)).toBe(1);
    expect(fixture.get("b", fixture.keyspace.databases[1])).toBe("2");
  });
});

describe("giving memory back to the system", () => {
  test("deleting all keys leaves next to no committed memory once the heap was purged", () => {
    const fixture = new Fixture();
    const { heap } = fixture.keyspace;
    for (let i = 0; i < 200_000; i++) fixture.set(`key:${i}`, "some value");
    const full = heap.committedBytes;
    for (let i = 0; i < 200_000; i++) fixture.remove(`key:${i}`);
    while (heap.purge(4 * 1024 * 1024) > 0);
    expect(heap.usedBytes).toBe(fixture.emptyBytes);
    expect(heap.committedBytes + heap.dirtyBytes).toBeLessThan(full * 0.2);
  });

  test("a value of 40 MB is given back in pieces", () => {
    const fixture = new Fixture();
    const { heap } = fixture.keyspace;
    const length = 40 * 1024 * 1024;
    fixture.set("k", "v".repeat(length));
    expect(heap.usedBytes).toBeGreaterThan(length);
    fixture.remove("k");
    expect(heap.usedBytes).toBe(fixture.emptyBytes);
    let pieces = 0;
    while (heap.purge(4 * 1024 * 1024) > 0) pieces++;
    expect(pieces).toBeGreaterThanOrEqual(10);
    expect(heap.dirtyBytes).toBe(0);
  });
});
