/** The intset against a sorted array, and its bytes against those that Redis would have written. */

import { describe, expect, test } from "bun:test";
import { Heap, HeapFullError } from "../../src/memory/heap";
import { IntSet } from "../../src/memory/intset";
import { int64ToBigInt } from "../../src/util/integers";
import { runOperations } from "../support/model";
import { Random } from "../support/random";

const hiOf = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));
const loOf = (value: bigint): number => Number(BigInt.asUintN(32, value));

function widthOf(value: bigint): number {
  if (BigInt.asIntN(16, value) === value) return 2;
  return BigInt.asIntN(32, value) === value ? 4 : 8;
}

/** What Redis would keep: its header, then the integers of one width. */
function redisBytes(values: readonly bigint[], width: number): Buffer {
  const bytes = Buffer.alloc(8 + values.length * width);
  bytes.writeUInt32LE(width, 0);
  bytes.writeUInt32LE(values.length, 4);
  values.forEach((value, i) => {
    if (width === 8) bytes.writeBigInt64LE(value, 8 + 8 * i);
    else bytes.writeIntLE(Number(value), 8 + width * i, width);
  });
  return bytes;
}

/** A set, and the sorted array beside it. */
class Bench {
  readonly heap = new Heap();
  readonly set = new IntSet(this.heap);
  values: bigint[] = [];
  width = 2;

  constructor() {
    this.set.create();
  }

  /** Opens the set anew, as every command does. */
  open(): IntSet {
    const { set } = this;
    const { ref } = set;
    set.open(ref);
    return set;
  }

  add(value: bigint): boolean {
    const added = this.open().add(hiOf(value), loOf(value));
    expect(added).toBe(!this.values.includes(value));
    if (added) {
      this.values.push(value);
      this.values.sort((a, b) => (a < b ? -1 : 1));
      this.width = Math.max(this.width, widthOf(value));
    }
    return added;
  }

  remove(value: bigint): boolean {
    const removed = this.open().remove(hiOf(value), loOf(value));
    expect(removed).toBe(this.values.includes(value));
    if (removed) this.values.splice(this.values.indexOf(value), 1);
    return removed;
  }

  bytes(set: IntSet): Buffer {
    const at = Heap.offset(set.ref);
    return this.heap.u8[set.ref >>> 21].subarray(at, at + set.byteLength);
  }

  check(): void {
    const set = this.open();
    expect(this.bytes(set)).toEqual(redisBytes(this.values, this.width));
    this.values.forEach((value, i) => {
      set.get(i);
      expect(int64ToBigInt(set.hi, set.lo)).toBe(value);
      expect(set.contains(hiOf(value), loOf(value))).toBe(true);
      expect(set.position).toBe(i);
    });
    // All that the heap holds is this one block, and it is not much larger than it has to be.
    expect(this.heap.usedBytes).toBe(this.heap.sizeOf(set.ref));
    expect(this.heap.usedBytes).toBeLessThanOrEqual(Math.max(32, Math.ceil(set.byteLength * 1.6)));
  }
}

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;
/** Ends of each width, and what differs only in a sign, a half or a bit. */
const EDGES = [0n, 1n, -1n, 2n ** 15n, 2n ** 31n, 2n ** 32n, 2n ** 53n, GREATEST].flatMap((value) => [
  value,
  value - 1n,
  -value,
  -value - 1n,
]);

describe("intset", () => {
  test("an empty one is eight bytes and holds nothing", () => {
    const bench = new Bench();
    bench.check();
    for (const value of EDGES) expect(bench.open().contains(hiOf(value), loOf(value))).toBe(false);
    expect(bench.remove(0n)).toBe(false);
  });

  test.each(EDGES)("%p alone", (value) => {
    const bench = new Bench();
    expect(bench.add(value)).toBe(true);
    expect(bench.add(value)).toBe(false);
    bench.check();
    for (const other of EDGES) {
      expect(bench.open().contains(hiOf(other), loOf(other))).toBe(other === value);
    }
    expect(bench.remove(value)).toBe(true);
    bench.check();
  });

  test.each([2, 4, 8])("an integer of %i bytes makes narrower ones wider, from either side", (width) => {
    for (const value of EDGES.filter((edge) => widthOf(edge) === width)) {
      const bench = new Bench();
      for (const small of [5n, -3n, 0n, 100n]) bench.add(small);
      bench.add(value);
      bench.check();
      bench.remove(value);
      expect(bench.open().width).toBe(width);
      bench.check();
    }
  });

  test("all edges in any order", () => {
    const random = new Random(1);
    for (let round = 0; round < 20; round++) {
      const bench = new Bench();
      for (const value of random.shuffled(EDGES)) bench.add(value);
      bench.check();
      for (const value of random.shuffled(EDGES)) bench.remove(value);
      bench.check();
    }
  });

  test("position is where a missing integer would stand", () => {
    const bench = new Bench();
    for (const value of [-10n, 0n, 10n, 20n]) bench.add(value);
    const places: [bigint, number][] = [
      [LEAST, 0],
      [-11n, 0],
      [-9n, 1],
      [5n, 2],
      [19n, 3],
      [21n, 4],
      [GREATEST, 4],
    ];
    for (const [value, position] of places) {
      bench.open().contains(hiOf(value), loOf(value));
      expect(bench.set.position).toBe(position);
    }
  });

  test.each([
    [1, "all of two bytes", (random: Random) => BigInt(random.integer(-600, 600))],
    [2, "around the ends of each width", (random: Random) => BigInt.asIntN(64, BigInt(random.edgeInteger()))],
    [3, "64 bits", (random: Random) => random.pick([1n, -1n]) * (BigInt(random.uint32()) << 30n)],
  ])("random operations, seed %i: %s", (seed, _, draw) => {
    const bench = new Bench();
    runOperations({
      seed,
      steps: 6000,
      operations: {
        add: [5, (random) => `${bench.add(draw(random))}`],
        remove: [
          4,
          (random) => {
            const present = bench.values.length > 0 && random.chance(0.7);
            return `${bench.remove(present ? random.pick(bench.values) : draw(random))}`;
          },
        ],
        removeAt: [
          1,
          (random) => {
            if (bench.values.length === 0) return "";
            const index = random.integer(0, bench.values.length - 1);
            bench.open().removeAt(index);
            return `${bench.values.splice(index, 1)[0]}`;
          },
        ],
      },
      check: () => bench.check(),
      checkEvery: 200,
    });
  });

  test("a copy is a set of its own; both give their memory back", () => {
    const bench = new Bench();
    for (let i = 0n; i < 1000n; i++) bench.add(i * i * i);
    const copy = new IntSet(bench.heap);
    copy.open(bench.set.copy());
    expect(bench.bytes(copy)).toEqual(redisBytes(bench.values, bench.width));
    copy.add(-1, 0xffffffff);
    copy.free();
    bench.check();
    bench.open().free();
    expect(bench.heap.usedBytes).toBe(0);
  });

  test("hundreds of thousands, larger than any size class", () => {
    const bench = new Bench();
    const { set } = bench;
    for (let i = 0; i < 200_000; i++) expect(set.add(0, i * 3)).toBe(true);
    expect(set.byteLength).toBe(8 + 800_000);
    for (let i = 0; i < 200_000; i += 1000) {
      expect(set.contains(0, i * 3)).toBe(true);
      expect(set.contains(0, i * 3 + 1)).toBe(false);
    }
    while (set.count > 0) set.removeAt(set.count - 1);
    expect(bench.heap.usedBytes).toBe(8);
  });
});

describe("a heap that cannot grow", () => {
  /** Lets every allocation fail. */
  function starve(heap: Heap): void {
    heap.allocate = () => {
      throw new HeapFullError("no more in this test");
    };
  }

  test("an integer that needs a larger block, or a wider one, is refused and nothing has changed", () => {
    for (const value of [7n, 40_000n, GREATEST, LEAST]) {
      const bench = new Bench();
      for (let i = 0n; i < 4n; i++) bench.add(i);
      starve(bench.heap);
      expect(() => bench.open().add(hiOf(value), loOf(value))).toThrow(HeapFullError);
      bench.check();
    }
  });

  test("removals need no memory", () => {
    const bench = new Bench();
    for (let i = 0n; i < 1000n; i++) bench.add(i);
    starve(bench.heap);
    for (let i = 0n; i < 999n; i++) expect(bench.remove(i)).toBe(true);
    expect(bench.bytes(bench.open())).toEqual(redisBytes(bench.values, 2));
  });
});
