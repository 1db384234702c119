/** Which keys share a slab, and eviction that empties slabs. */

import { beforeEach, describe, expect, test } from "bun:test";
import { EVICTION_OK, Evictor } from "../../src/db/eviction";
import { SlabMates } from "../../src/db/slab-mates";
import { NIL } from "../../src/memory/heap";
import { SeededRandom } from "../../src/util/random";
import { Fixture } from "./fixture";

let fixture: Fixture;

beforeEach(() => {
  fixture = new Fixture();
});

function key(i: number): string {
  return `key:${String(i).padStart(7, "0")}`;
}

describe("the keys of a slab", () => {
  function matesOf(name: string, db = fixture.db): string[] {
    const mates = new SlabMates(fixture.keyspace);
    mates.begin(fixture.keyspace.heap.slabOf(fixture.find(name, db)));
    const found: string[] = [];
    for (let ref = mates.find(); ref !== NIL; ref = mates.find()) {
      found.push(`${mates.database.id}:${fixture.key(ref)}`);
    }
    return found;
  }

  /** What the index says: the keys whose entries are in the same slab. */
  function expected(name: string): string[] {
    const { heap, databases } = fixture.keyspace;
    const slab = heap.slabOf(fixture.find(name));
    const refs: [number, string][] = [];
    for (const db of databases) {
      db.scan(0, Number.POSITIVE_INFINITY, (ref) => {
        if (heap.slabOf(ref) === slab) refs.push([ref, `${db.id}:${fixture.key(ref)}`]);
      });
    }
    return refs.sort(([a], [b]) => a - b).map(([, found]) => found);
  }

  test("are found whatever else is in it: free blocks, other databases, segments of the index", () => {
    const random = new SeededRandom(3);
    // Entries as long as the smallest segments of an index.
    for (let i = 0; i < 3000; i++) {
      fixture.set(key(i), "x".repeat(100), -1, fixture.keyspace.databases[i % 2]);
      if (random.below(3) === 0) fixture.remove(key(i), fixture.keyspace.databases[i % 2]);
    }
    const names = fixture.keys();
    for (let i = 0; i < 40; i++) {
      const name = names[random.below(names.length)];
      const mates = matesOf(name);
      expect(mates).toContain(`0:${name}`);
      expect(mates).toEqual(expected(name));
    }
  });

  test("bytes that look like the entry of another key are none", () => {
    const name = key(1);
    const ref = fixture.set(name, "y".repeat(60));
    const { heap, entries } = fixture.keyspace;
    const copy = heap.allocate(heap.sizeOf(ref));
    entries.heap.u8[0].copyWithin(copy * 8, ref * 8, ref * 8 + heap.sizeOf(ref));
    expect(matesOf(name)).toEqual([`0:${name}`]);
  });

  test("random bytes in a block are no entry, or are one that is not in the index", () => {
    const random = new SeededRandom(11);
    const { heap, entries } = fixture.keyspace;
    fixture.set(key(1), "z".repeat(8));
    const size = heap.sizeOf(fixture.find(key(1)));
    for (let i = 0; i < 300; i++) {
      const block = heap.allocate(size);
      entries.heap.u8[0].set(random.bytes(size), block * 8);
    }
    expect(matesOf(key(1))).toEqual([`0:${key(1)}`]);
  });

  test("a slab that is gone, or a span, has none", () => {
    const { heap } = fixture.keyspace;
    const span = heap.allocate(100_000);
    expect(heap.slabOf(span)).toBe(NIL);
    for (let i = 0; i < 500; i++) fixture.set(key(i), "x".repeat(500));
    const slab = heap.slabOf(fixture.find(key(100)));
    const mates = new SlabMates(fixture.keyspace);
    mates.begin(slab);
    expect(mates.find()).not.toBe(NIL);
    for (let i = 0; i < 500; i++) fixture.remove(key(i));
    expect(heap.blockInSlab(slab, 1)).toBe(NIL);
    expect(mates.find()).toBe(NIL);
  });
});

describe("eviction where values change their size", () => {
  const LIMIT = 8 * 1024 * 1024;
  /** Keys of each size. */
  const KEYS = 25_000;

  /** Writes new keys with values of each size in turn, at the limit; returns the most that slabs took, bytes. */
  function write(policy: string, sizes: readonly number[], keys: number, expiring: (i: number) => boolean): number {
    const { keyspace, clock } = fixture;
    const { heap, access } = keyspace;
    access.lfu = policy.endsWith("lfu");
    const evictor = new Evictor(keyspace, { excess: () => heap.usedBytes - LIMIT, timesEvents: false, timed() {} });
    evictor.setPolicy(policy);
    evictor.limitMicros = Number.POSITIVE_INFINITY;
    let most = 0;
    let number = 0;
    for (const size of sizes) {
      for (let i = 0; i < keys; i++) {
        // Twenty thousand a second.
        fixture.advance(0.05);
        access.update(clock.now());
        if (evictor.run() !== EVICTION_OK) throw new Error("there is something to evict, and time without end");
        fixture.set(
          key(number),
          "x".repeat(size),
          expiring(number++) ? clock.now() + 1e7 + (number % 1000) * 1000 : -1,
        );
        most = Math.max(most, heap.committedBytes);
      }
    }
    return most;
  }

  const SIZES = [100, 700, 300, 1000];
  for (const policy of ["allkeys-lru", "allkeys-lfu", "allkeys-random"]) {
    for (const sizes of [SIZES, [...SIZES].reverse()]) {
      test(`${policy}, values of ${sizes.join(", ")} bytes: slabs stay near the limit`, () => {
        expect(write(policy, sizes, KEYS, () => false)).toBeLessThan(LIMIT * 1.3);
      });
    }
  }
  for (const policy of ["volatile-lru", "volatile-lfu", "volatile-ttl", "volatile-random"]) {
    test(`${policy}: keys without an expiry stay`, () => {
      // One of thirty of the first size, in the slabs of those that go.
      const stays = (i: number): boolean => i < KEYS && i % 30 === 0;
      const most = write(policy, SIZES, KEYS, (i) => !stays(i));
      for (let i = 0; i < KEYS; i += 30) expect(fixture.find(key(i))).not.toBe(0);
      expect(most).toBeLessThan(LIMIT * 1.5);
    });
  }
});
