/** The heap against a model: a map of live blocks with what was written to them. */

import { describe, expect, test } from "bun:test";
import { Heap, HeapFullError, NIL } from "../../src/memory/heap";
import { CLASS_COUNT, classSize, LARGEST_CLASS, PAGE_BYTES, TIGHT_MAX, TIGHT_MIN } from "../../src/memory/size-classes";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";

const SEGMENT = 16 * 1024 * 1024;
const MB = 1024 * 1024;

/** Bytes of a block as an array of its own segment. */
function bytesAt(heap: Heap, ref: number, length: number): Buffer {
  const at = Heap.offset(ref);
  return heap.u8[ref >>> 21].subarray(at, at + length);
}

interface Block {
  ref: number;
  length: number;
  stamp: number;
}

/** Fills both ends of a block with its stamp: enough to see any overlap, as every block's ends are checked. */
function stamp(heap: Heap, block: Block): void {
  const bytes = bytesAt(heap, block.ref, block.length);
  bytes.fill(block.stamp, 0, Math.min(64, block.length));
  bytes.fill(block.stamp, Math.max(0, block.length - 64));
}

function isIntact(heap: Heap, block: Block): boolean {
  const bytes = bytesAt(heap, block.ref, block.length);
  const edge = Math.min(64, block.length);
  for (let i = 0; i < edge; i++) {
    if (bytes[i] !== block.stamp || bytes[block.length - 1 - i] !== block.stamp) return false;
  }
  return true;
}

/** Heap and model side by side. */
class Bench {
  readonly heap = new Heap();
  readonly blocks: Block[] = [];
  private stamps = 0;

  allocate(length: number): void {
    const ref = this.heap.allocate(length);
    const block = { ref, length, stamp: 1 + (this.stamps++ % 255) };
    stamp(this.heap, block);
    this.blocks.push(block);
  }

  freeAt(index: number): void {
    const block = this.blocks[index];
    if (!isIntact(this.heap, block)) throw new Error(`block of ${block.length} bytes at ${block.ref} was overwritten`);
    this.heap.free(block.ref);
    this.blocks[index] = this.blocks[this.blocks.length - 1];
    this.blocks.pop();
  }

  /** Makes the block longer, or leaves it where it would become shorter. */
  growAt(index: number, length: number): void {
    const block = this.blocks[index];
    if (length <= block.length) return;
    block.ref = this.heap.grow(block.ref, block.length, length);
    const kept = bytesAt(this.heap, block.ref, block.length);
    if (kept[0] !== block.stamp || kept[block.length - 1] !== block.stamp) throw new Error("a block lost bytes");
    block.length = length;
    stamp(this.heap, block);
  }

  check(): void {
    const ranges: [number, number][] = [];
    let used = 0;
    for (const block of this.blocks) {
      const size = this.heap.sizeOf(block.ref);
      used += size;
      if (size < block.length) throw new Error(`a block of ${block.length} bytes has only ${size}`);
      if (size !== Heap.roundUp(block.length)) throw new Error(`roundUp(${block.length}) is not ${size}`);
      if (!isIntact(this.heap, block)) throw new Error(`block of ${block.length} bytes was overwritten`);
      // A block beyond a regular segment has a segment number to itself.
      ranges.push([block.ref * 8, block.ref * 8 + Math.min(size, SEGMENT)]);
    }
    ranges.sort((a, b) => a[0] - b[0]);
    for (let i = 1; i < ranges.length; i++) {
      if (ranges[i][0] < ranges[i - 1][1]) throw new Error("blocks overlap");
    }
    expect(this.heap.usedBytes).toBe(used);
    expect(this.heap.committedBytes).toBeGreaterThanOrEqual(used);
    expect(this.heap.dirtyBytes).toBeGreaterThanOrEqual(0);
    expect(this.heap.committedBytes + this.heap.dirtyBytes).toBeLessThanOrEqual(this.heap.reservedBytes);
  }
}

/** Mostly small, as entries are, with some of every size. */
function randomLength(random: Random): number {
  return random.integer(
    1,
    random.pick([8, 32, 32, 64, 64, 128, 128, 600, 1024, 4096, 5000, LARGEST_CLASS, 3 * PAGE_BYTES, 200_000]),
  );
}

describe("size classes", () => {
  test("every length gets the smallest class that holds it", () => {
    const heap = new Heap();
    for (let length = 1; length <= LARGEST_CLASS; length += length < 300 ? 1 : 37) {
      const expected = classSize.find((size) => size >= length);
      expect(Heap.roundUp(length)).toBe(expected as number);
      const ref = heap.allocate(length);
      expect(heap.sizeOf(ref)).toBe(expected as number);
      heap.free(ref);
    }
    expect(heap.usedBytes).toBe(0);
  });

  test("a block wastes at most an eighth of itself, and at most 8 bytes when small", () => {
    for (let length = 1; length <= LARGEST_CLASS; length += 13) {
      const size = Heap.roundUp(length);
      expect(size - length).toBeLessThanOrEqual(Math.max(7, size / 8));
    }
    expect(CLASS_COUNT).toBeLessThan(254);
  });
});

describe("tight blocks", () => {
  test("a slab is cut in equal parts with nothing over: a thirtieth is wasted at most up to 2 KiB", () => {
    const heap = new Heap();
    for (let length = 1; length <= LARGEST_CLASS; length += 7) {
      const ref = heap.allocateTight(length);
      const size = heap.sizeOf(ref);
      expect(size).toBe(Heap.roundUpTight(length));
      expect(size).toBeGreaterThanOrEqual(length);
      expect(size).toBeLessThanOrEqual(Heap.roundUp(length));
      if (length > TIGHT_MIN && length <= TIGHT_MIN * 2) expect(size - length).toBeLessThanOrEqual(size / 30);
      if (length > TIGHT_MIN && length <= TIGHT_MAX) expect(size - length).toBeLessThanOrEqual(size / 15);
      heap.free(ref);
    }
    expect(heap.usedBytes).toBe(0);
  });

  test("they stay in their class when they are moved to a fuller slab", () => {
    const heap = new Heap();
    const length = 1221;
    const blocks = Array.from({ length: 200 }, (_, i) => {
      const ref = heap.allocateTight(length);
      bytesAt(heap, ref, length).fill(i);
      return { ref, i };
    });
    const kept = blocks.filter(({ i }) => i % 5 === 0);
    for (const { ref, i } of blocks) if (i % 5 !== 0) heap.free(ref);
    const before = heap.committedBytes;
    for (let pass = 0; pass < 3; pass++) for (const block of kept) block.ref = heap.relocate(block.ref);
    expect(heap.committedBytes).toBeLessThan(before);
    for (const { ref, i } of kept) {
      expect(heap.sizeOf(ref)).toBe(Heap.roundUpTight(length));
      expect(bytesAt(heap, ref, length).every((byte) => byte === i)).toBe(true);
    }
  });
});

describe("allocation", () => {
  test("the reference 0 is never handed out", () => {
    const heap = new Heap();
    for (let i = 0; i < 5000; i++) expect(heap.allocate(8)).not.toBe(NIL);
  });

  test("blocks are aligned to 8 bytes and their words can be written", () => {
    const heap = new Heap();
    for (const length of [1, 7, 8, 9, 33, 1000, 40_000]) {
      const ref = heap.allocate(length);
      expect(Heap.offset(ref) % 8).toBe(0);
      const word = Heap.offset(ref) >>> 2;
      heap.u32[ref >>> 21][word] = 0xdeadbeef;
      expect(bytesAt(heap, ref, 4).readUInt32LE()).toBe(0xdeadbeef);
    }
  });

  test("random operations leave blocks whole and apart, and the figures true", () => {
    const bench = new Bench();
    runOperations({
      seed: 11,
      steps: 30_000,
      checkEvery: 3000,
      operations: {
        allocate: [
          11,
          (random) => {
            bench.allocate(randomLength(random));
            return undefined;
          },
        ],
        free: [
          10,
          (random) => {
            if (bench.blocks.length > 0) bench.freeAt(random.integer(0, bench.blocks.length - 1));
            return undefined;
          },
        ],
        grow: [
          2,
          (random) => {
            if (bench.blocks.length > 0) bench.growAt(random.integer(0, bench.blocks.length - 1), randomLength(random));
            return undefined;
          },
        ],
        purge: [
          0.2,
          (random) => {
            const before = bench.heap.dirtyBytes;
            const purged = bench.heap.purge(random.integer(1, MB));
            expect(bench.heap.dirtyBytes).toBe(before - purged);
            return undefined;
          },
        ],
      },
      check: () => bench.check(),
    });
    while (bench.blocks.length > 0) bench.freeAt(bench.blocks.length - 1);
    expect(bench.heap.usedBytes).toBe(0);
    // One slab a class may stay behind.
    expect(bench.heap.committedBytes).toBeLessThanOrEqual(12 * MB);
  });

  test("what was freed is used again", () => {
    const heap = new Heap();
    const refs = Array.from({ length: 100_000 }, () => heap.allocate(48));
    const reserved = heap.reservedBytes;
    for (let round = 0; round < 5; round++) {
      for (const ref of refs) heap.free(ref);
      for (let i = 0; i < refs.length; i++) refs[i] = heap.allocate(48);
    }
    expect(heap.reservedBytes).toBe(reserved);
    expect(heap.usedBytes).toBe(100_000 * 48);
  });

  test("one key set and deleted in turn takes no pages each time", () => {
    const heap = new Heap();
    heap.free(heap.allocate(64));
    const committed = heap.committedBytes;
    for (let i = 0; i < 1000; i++) heap.free(heap.allocate(64));
    expect(heap.committedBytes).toBe(committed);
    expect(heap.dirtyBytes).toBe(0);
  });
});

describe("spans", () => {
  test("take whole pages, and adjoining ones can be merged by freeing them", () => {
    const heap = new Heap();
    const refs = Array.from({ length: 200 }, () => heap.allocate(5 * PAGE_BYTES));
    expect(heap.usedBytes).toBe(200 * 5 * PAGE_BYTES);
    expect(heap.committedBytes).toBe(heap.usedBytes);
    const reserved = heap.reservedBytes;
    for (const ref of refs) heap.free(ref);
    expect(heap.usedBytes).toBe(0);
    expect(heap.committedBytes).toBe(0);
    // 8 MiB fit only where the small spans were side by side.
    heap.allocate(8 * MB);
    expect(heap.reservedBytes).toBe(reserved);
  });

  test("of a whole segment", () => {
    const heap = new Heap();
    const ref = heap.allocate(SEGMENT);
    expect(heap.sizeOf(ref)).toBe(SEGMENT);
    bytesAt(heap, ref, SEGMENT).fill(7);
    const small = heap.allocate(8);
    bytesAt(heap, small, 8).fill(9);
    expect(bytesAt(heap, ref, SEGMENT).every((byte) => byte === 7)).toBe(true);
    heap.free(ref);
    heap.free(small);
    expect(heap.usedBytes).toBe(0);
  });

  test("a block larger than a segment has one of its own and gives it back", () => {
    const heap = new Heap();
    const before = heap.reservedBytes;
    const ref = heap.allocate(SEGMENT + 1);
    expect(heap.sizeOf(ref)).toBe(SEGMENT + PAGE_BYTES);
    expect(heap.usedBytes).toBe(SEGMENT + PAGE_BYTES);
    expect(heap.committedBytes).toBe(SEGMENT + PAGE_BYTES);
    bytesAt(heap, ref, SEGMENT + 1).fill(3);
    const other = heap.allocate(40 * MB);
    bytesAt(heap, other, 40 * MB).fill(4);
    expect(bytesAt(heap, ref, SEGMENT + 1).every((byte) => byte === 3)).toBe(true);
    heap.free(ref);
    heap.free(other);
    expect(heap.usedBytes).toBe(0);
    expect(heap.committedBytes).toBe(0);
    expect(heap.reservedBytes).toBe(before);
    // The segment numbers are free again, for regular segments too.
    const refs = Array.from({ length: 5 }, () => heap.allocate(10 * MB));
    expect(new Set(refs.map((each) => each >>> 21)).size).toBe(5);
    expect(Math.max(...refs.map((each) => each >>> 21))).toBeLessThanOrEqual(5);
  });
});

describe("a block that grows", () => {
  test("has what it had, from a few bytes to several segments", () => {
    const heap = new Heap();
    const neighbour = heap.allocate(40 * MB);
    bytesAt(heap, neighbour, 40 * MB).fill(9);
    let length = 5;
    let ref = heap.allocate(length);
    bytesAt(heap, ref, length).fill(1);
    for (let value = 2; length < 50 * MB; value++) {
      const longer = length * 2 + 13;
      ref = heap.grow(ref, length, longer);
      expect(heap.sizeOf(ref)).toBeGreaterThanOrEqual(longer);
      const bytes = bytesAt(heap, ref, longer);
      expect(bytes[length - 1]).toBe(value - 1);
      bytes.fill(value, length);
      length = longer;
    }
    const bytes = bytesAt(heap, ref, length);
    expect([0, 4, 5, 22, 23].map((at) => bytes[at])).toEqual([1, 1, 2, 2, 3]);
    expect(bytesAt(heap, neighbour, 40 * MB).every((byte) => byte === 9)).toBe(true);
    heap.free(ref);
    heap.free(neighbour);
    expect(heap.usedBytes).toBe(0);
    while (heap.purge(MB) > 0);
    expect(heap.dirtyBytes).toBe(0);
  });

  test.if(process.platform === "linux")("is moved, not copied, from 4 MiB on: what it leaves needs no purging", () => {
    const heap = new Heap();
    let ref = heap.grow(heap.allocate(100), 100, 4 * MB);
    bytesAt(heap, ref, 4 * MB).fill(7);
    for (let length = 5 * MB; length <= 40 * MB; length += 5 * MB) ref = heap.grow(ref, 4 * MB, length);
    expect(heap.dirtyBytes).toBe(0);
    expect(bytesAt(heap, ref, 4 * MB).every((byte) => byte === 7)).toBe(true);
    expect(bytesAt(heap, ref, 40 * MB)[40 * MB - 1]).toBe(0);
  });

  test("is copied while somebody guards it, who gets the old one", () => {
    const heap = new Heap();
    const ref = heap.allocate(20 * MB);
    bytesAt(heap, ref, 20 * MB).fill(3);
    let released = 0;
    heap.blockGuards = new Map([[ref, { changing: () => {}, released: () => released++ }]]);
    const grown = heap.grow(ref, 20 * MB, 24 * MB);
    expect(released).toBe(1);
    expect(bytesAt(heap, ref, 20 * MB).every((byte) => byte === 3)).toBe(true);
    expect(bytesAt(heap, grown, 20 * MB).every((byte) => byte === 3)).toBe(true);
  });

  test("stays as it is when the system gives no memory", () => {
    const heap = new Heap();
    const ref = heap.allocate(20 * MB);
    bytesAt(heap, ref, 20 * MB).fill(3);
    expect(() => heap.grow(ref, 20 * MB, 2 ** 46)).toThrow(HeapFullError);
    expect(bytesAt(heap, ref, 20 * MB).every((byte) => byte === 3)).toBe(true);
    expect(heap.usedBytes).toBe(20 * MB);
  });
});

describe("giving memory back", () => {
  test("purge returns freed pages in pieces of about the size that it was asked for", () => {
    const heap = new Heap();
    const refs = Array.from({ length: 1000 }, () => heap.allocate(PAGE_BYTES * 4));
    expect(heap.purge(MB)).toBe(0);
    for (const ref of refs) heap.free(ref);
    expect(heap.dirtyBytes).toBe(1000 * 4 * PAGE_BYTES);
    let purged = 0;
    while (heap.dirtyBytes > 0) {
      const piece = heap.purge(MB);
      expect(piece).toBeGreaterThan(0);
      expect(piece).toBeLessThanOrEqual(MB);
      purged += piece;
    }
    expect(purged).toBe(1000 * 4 * PAGE_BYTES);
    expect(heap.purge(MB)).toBe(0);
  });

  test("of a block larger than a segment too", () => {
    const heap = new Heap();
    const ref = heap.allocate(40 * MB);
    heap.free(ref);
    expect(heap.dirtyBytes).toBe(40 * MB);
    let pieces = 0;
    for (; heap.dirtyBytes > 0; pieces++) expect(heap.purge(4 * MB)).toBe(4 * MB);
    expect(pieces).toBe(10);
  });

  test("large blocks that come and go do not pile up while nobody purges", () => {
    const heap = new Heap();
    for (let i = 0; i < 100; i++) {
      const first = heap.allocate(20 * MB);
      const second = heap.allocate(30 * MB);
      heap.free(first);
      heap.free(second);
      expect(heap.dirtyBytes).toBeLessThanOrEqual((64 + 50) * MB);
    }
  });

  test("nor do blocks of less than a segment that leave no room for larger ones", () => {
    const heap = new Heap();
    for (let size = 9; size < 16; size++) {
      const refs = Array.from({ length: 20 }, () => heap.allocate(size * MB));
      for (const ref of refs) heap.free(ref);
      for (let i = 0; i < 20; i++) heap.allocate(17 * MB);
      expect(heap.dirtyBytes).toBeLessThanOrEqual(64 * MB);
    }
  });

  test("purging leaves the blocks beside the freed ones alone", () => {
    const heap = new Heap();
    const blocks: Block[] = [];
    for (let i = 0; i < 400; i++) {
      const block = { ref: heap.allocate(3 * PAGE_BYTES), length: 3 * PAGE_BYTES, stamp: 1 + (i % 255) };
      bytesAt(heap, block.ref, block.length).fill(block.stamp);
      blocks.push(block);
    }
    for (let i = 0; i < 400; i += 2) heap.free(blocks[i].ref);
    while (heap.purge(MB) > 0);
    expect(heap.dirtyBytes).toBe(0);
    for (let i = 1; i < 400; i += 2) {
      const { ref, length, stamp: value } = blocks[i];
      expect(bytesAt(heap, ref, length).every((byte) => byte === value)).toBe(true);
    }
  });

  test("compaction moves blocks out of sparse slabs, so that most pages become free", () => {
    const heap = new Heap();
    const blocks: Block[] = [];
    for (let i = 0; i < 50_000; i++) {
      const block = { ref: heap.allocate(128), length: 128, stamp: 1 + (i % 255) };
      stamp(heap, block);
      blocks.push(block);
    }
    const kept = blocks.filter((_, i) => i % 5 === 0);
    blocks.forEach((block, i) => {
      if (i % 5 !== 0) heap.free(block.ref);
    });
    expect(heap.fragmentation).toBeGreaterThan(0.5);
    for (const block of kept) block.ref = heap.relocate(block.ref);
    expect(heap.fragmentation).toBeLessThan(0.2);
    expect(heap.usedBytes).toBe(kept.length * 128);
    for (const block of kept) expect(isIntact(heap, block)).toBe(true);
  });
});
