/** The id-tree against a sorted array of BigInts. */

import { describe, expect, test } from "bun:test";
import { Heap, HeapFullError } from "../../src/memory/heap";
import { IdTree } from "../../src/memory/id-tree";
import { StreamId } from "../../src/util/stream-id";
import { runOperations } from "../support/model";
import { Random } from "../support/random";

const WORD = 0xffffffffn;

function idOf(value: bigint): StreamId {
  const id = new StreamId();
  id.set(Number(value >> 96n), Number((value >> 64n) & WORD), Number((value >> 32n) & WORD), Number(value & WORD));
  return id;
}

function numberOf(id: StreamId): bigint {
  return (
    (BigInt(id.msHi >>> 0) << 96n) |
    (BigInt(id.msLo >>> 0) << 64n) |
    (BigInt(id.seqHi >>> 0) << 32n) |
    BigInt(id.seqLo >>> 0)
  );
}

/** A tree with the model beside it: ascending IDs, and the ref of each. */
class Bench {
  readonly heap = new Heap();
  readonly tree = new IdTree(this.heap);
  ids: bigint[] = [];
  readonly refs = new Map<bigint, number>();
  readonly emptyBytes = this.heap.usedBytes;
  /** The ID that append() inserted last. */
  private appended = 5n;
  private allocations = Number.POSITIVE_INFINITY;

  constructor() {
    this.tree.create();
    const allocate = this.heap.allocate.bind(this.heap);
    this.heap.allocate = (bytes) => {
      if (--this.allocations < 0) throw new HeapFullError("no more in this test");
      return allocate(bytes);
    };
  }

  /** Lets `count` allocations pass, and none after them. */
  starve(count: number): void {
    this.allocations = count;
  }

  insert(id: bigint, ref: number): boolean {
    const inserted = this.tree.insert(idOf(id), ref);
    expect(inserted).toBe(!this.refs.has(id));
    if (inserted) {
      this.ids.splice(this.lowerBound(id), 0, id);
      this.refs.set(id, ref);
    }
    this.expectAt(id);
    return inserted;
  }

  /** Inserts up to `most` elements behind all that there were. */
  append(random: Random, most: number): void {
    const count = random.integer(0, most);
    for (let i = 0; i < count; i++) this.insert((this.appended += BigInt(random.integer(1, 5))), random.uint32());
  }

  remove(id: bigint): void {
    expect(this.tree.find(idOf(id))).toBe(this.refs.has(id));
    if (!this.refs.has(id)) return;
    expect(this.tree.remove()).toBe(this.refs.get(id) as number);
    this.ids.splice(this.lowerBound(id), 1);
    this.refs.delete(id);
  }

  removeFirst(count: number): void {
    this.tree.removeFirst(count);
    for (const id of this.ids.splice(0, count)) this.refs.delete(id);
  }

  /** Index of the first ID that is not below this one. */
  lowerBound(id: bigint): number {
    let low = 0;
    let high = this.ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.ids[middle] < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The cursor is at this element. */
  expectAt(id: bigint): void {
    const at = new StreamId();
    this.tree.readId(at);
    expect(numberOf(at)).toBe(id);
    expect(this.tree.ref).toBe(this.refs.get(id) as number);
  }

  /** Looks for an ID that may be missing in both directions, and goes a step from there. */
  seek(id: bigint): void {
    const above = this.lowerBound(id);
    const below = this.ids[above] === id ? above : above - 1;
    const { tree } = this;
    expect(tree.seekCeiling(idOf(id))).toBe(above < this.ids.length);
    if (above < this.ids.length) this.expectNeighbours(above);
    expect(tree.seekFloor(idOf(id))).toBe(below >= 0);
    if (below >= 0) this.expectNeighbours(below);
  }

  private expectNeighbours(index: number): void {
    this.expectAt(this.ids[index]);
    expect(this.tree.next()).toBe(index + 1 < this.ids.length);
    this.expectAt(this.ids[Math.min(index + 1, this.ids.length - 1)]);
    if (index + 1 < this.ids.length) expect(this.tree.previous()).toBe(true);
    expect(this.tree.previous()).toBe(index > 0);
    this.expectAt(this.ids[Math.max(index - 1, 0)]);
  }

  /** Compares everything, forwards and backwards, and the bytes in use with those that the tree says it takes. */
  check(): void {
    const { tree } = this;
    tree.open(tree.root);
    expect(tree.size).toBe(this.ids.length);
    const id = new StreamId();
    const found: bigint[] = [];
    for (let more = tree.first(); more; more = tree.next()) {
      tree.readId(id);
      found.push(numberOf(id));
      expect(tree.ref).toBe(this.refs.get(numberOf(id)) as number);
    }
    expect(found).toEqual(this.ids);
    found.length = 0;
    for (let more = tree.last(); more; more = tree.previous()) {
      tree.readId(id);
      found.push(numberOf(id));
    }
    expect(found.reverse()).toEqual(this.ids);
    expect(this.heap.usedBytes - this.emptyBytes).toBe(tree.bytes);
  }

  /** Takes the tree apart; all memory has to come back. */
  drain(): void {
    const visited: number[] = [];
    for (let calls = 0; !this.tree.drain((ref) => visited.push(ref)); calls++) expect(calls).toBeLessThan(1e6);
    expect(visited.sort()).toEqual([...this.refs.values()].sort());
    expect(this.heap.usedBytes).toBe(this.emptyBytes);
  }
}

/** IDs that differ in every word, and often collide. */
function randomId(random: Random, spread: number): bigint {
  let id = 0n;
  for (let word = 0; word < 4; word++)
    id = (id << 32n) | BigInt(random.pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff]));
  return (id & ~0xffffn) | BigInt(random.integer(0, spread));
}

describe("against the model", () => {
  for (const [name, spread, weights] of [
    ["small", 5, { insert: 3, remove: 3 }],
    ["growing", 2000, { insert: 6, remove: 3 }],
    ["shrinking", 300, { insert: 3, remove: 4 }],
  ] as const) {
    test(`random IDs, ${name}`, () => {
      const bench = new Bench();
      runOperations({
        seed: 11,
        steps: 20_000,
        operations: {
          insert: [
            weights.insert,
            (random) => {
              bench.insert(randomId(random, spread), random.uint32());
              return undefined;
            },
          ],
          remove: [
            weights.remove,
            (random) => {
              bench.remove(
                bench.ids.length > 0 && random.chance(0.7) ? random.pick(bench.ids) : randomId(random, spread),
              );
              return undefined;
            },
          ],
          seek: [
            1,
            (random) => {
              bench.seek(
                bench.ids.length > 0 && random.chance(0.5) ? random.pick(bench.ids) : randomId(random, spread),
              );
              return undefined;
            },
          ],
          setRef: [
            1,
            (random) => {
              if (bench.ids.length === 0) return "nothing";
              const id = random.pick(bench.ids);
              const ref = random.uint32();
              expect(bench.tree.find(idOf(id))).toBe(true);
              bench.tree.setRef(ref);
              bench.refs.set(id, ref);
              return undefined;
            },
          ],
        },
        check: () => bench.check(),
      });
      bench.drain();
    });
  }

  test("as a queue: appended at the end, removed at the beginning and now and then in between", () => {
    const bench = new Bench();
    const random = new Random(3);
    for (let round = 0; round < 200; round++) {
      bench.append(random, 300);
      const shrink = random.integer(0, 280);
      for (let i = 0; i < shrink && bench.ids.length > 0; i++) {
        bench.remove(random.chance(0.9) ? bench.ids[0] : random.pick(bench.ids));
      }
      if (round % 10 === 0) bench.check();
    }
    bench.check();
    bench.drain();
  });

  test("many are removed at the beginning at once", () => {
    const bench = new Bench();
    const random = new Random(6);
    for (let round = 0; round < 60; round++) {
      bench.append(random, 400);
      bench.removeFirst(Math.min(bench.ids.length, random.pick([0, 1, 50, 51, 52, random.integer(0, 700)])));
      bench.check();
    }
    bench.removeFirst(bench.ids.length);
    bench.check();
    bench.drain();
  });

  test("ascending and descending runs into the middle", () => {
    const bench = new Bench();
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 100; j++)
        bench.insert(BigInt((i * 7) % 20) * 1000n + BigInt(i % 2 === 0 ? j : 999 - j), i * j + 1);
    }
    bench.check();
    for (const id of bench.ids.slice(300, 1900)) bench.remove(id);
    bench.check();
    bench.drain();
  });
});

describe("memory", () => {
  test("a tree in order is full; one element takes 40 bytes", () => {
    const bench = new Bench();
    expect(bench.tree.bytes).toBe(16);
    bench.insert(1n, 1);
    expect(bench.tree.bytes).toBe(40);
    for (let i = 2; i <= 100_000; i++) bench.tree.insert(idOf(BigInt(i)), i);
    expect(bench.tree.bytes / 100_000).toBeLessThan(20.8);
    while (bench.tree.first()) bench.tree.remove();
    expect(bench.tree.bytes).toBe(16);
    bench.ids = [];
    bench.refs.clear();
    bench.drain();
  });

  test("what is left after most was removed takes not much more than it needs", () => {
    const bench = new Bench();
    for (let i = 1; i <= 20_000; i++) bench.tree.insert(idOf(BigInt(i)), i);
    const random = new Random(4);
    for (let i = 1; i <= 20_000; i++) {
      if (random.chance(0.05)) continue;
      bench.tree.find(idOf(BigInt(i)));
      bench.tree.remove();
    }
    expect(bench.tree.bytes / bench.tree.size).toBeLessThan(70);
  });

  test("no memory: an insertion changes nothing, whichever of its allocations fails, and a removal always works", () => {
    const random = new Random(5);
    const bench = new Bench();
    let refused = 0;
    for (let i = 0; i < 6000; i++) {
      const id = i % 3 === 0 ? BigInt(i) << 40n : randomId(random, 5000);
      for (let failing = 0; ; failing++) {
        const used = bench.heap.usedBytes;
        bench.starve(failing);
        try {
          bench.insert(id, i + 1);
          break;
        } catch (error) {
          if (!(error instanceof HeapFullError)) throw error;
          refused++;
          bench.starve(Number.POSITIVE_INFINITY);
          expect(bench.heap.usedBytes).toBe(used);
          expect(bench.tree.size).toBe(bench.ids.length);
          if (i % 50 === 0) bench.check();
        }
      }
    }
    bench.starve(Number.POSITIVE_INFINITY);
    bench.check();
    expect(refused).toBeGreaterThan(200);
    bench.starve(0);
    while (bench.ids.length > 500) bench.remove(random.pick(bench.ids));
    bench.check();
    bench.drain();
  });
});
