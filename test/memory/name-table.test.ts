/** The table of names against a sorted array. */

import { describe, expect, test } from "bun:test";
import { Heap, HeapFullError, SEGMENT_SHIFT } from "../../src/memory/heap";
import { NameTable } from "../../src/memory/name-table";
import { withBlocks } from "../support/failing-heap";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";

/** Blocks here are a word that nobody looks at, the length of the name, and the name. */
const NAME_WORD = 1;

class Bench {
  readonly heap = new Heap();
  readonly table = new NameTable(this.heap, NAME_WORD);
  readonly emptyBytes = this.heap.usedBytes;
  names: string[] = [];

  find(name: string): number {
    const bytes = Buffer.from(name, "latin1");
    return this.table.find(bytes, 0, bytes.length);
  }

  block(name: string): number {
    const ref = this.heap.allocate(8 + name.length);
    this.heap.u32[ref >>> SEGMENT_SHIFT][Heap.offset(ref) / 4 + NAME_WORD] = name.length;
    this.heap.u8[ref >>> SEGMENT_SHIFT].write(name, Heap.offset(ref) + 8, "latin1");
    return ref;
  }

  insert(name: string): void {
    expect(this.find(name) !== 0).toBe(this.names.includes(name));
    if (this.names.includes(name)) return;
    this.table.insert(this.block(name));
    this.names.push(name);
    // Code units of latin1 text are its bytes, and they compare as those do.
    this.names.sort((a, b) => (a < b ? -1 : 1));
  }

  remove(name: string): void {
    const ref = this.find(name);
    expect(ref !== 0).toBe(this.names.includes(name));
    if (ref === 0) return;
    this.table.remove(this.table.slot);
    this.heap.free(ref);
    this.names = this.names.filter((each) => each !== name);
  }

  nameAt(slot: number): string {
    const ref = this.table.at(slot);
    const at = Heap.offset(ref);
    const length = this.heap.u32[ref >>> SEGMENT_SHIFT][at / 4 + NAME_WORD];
    return this.heap.u8[ref >>> SEGMENT_SHIFT].toString("latin1", at + 8, at + 8 + length);
  }

  check(): void {
    expect(this.table.size).toBe(this.names.length);
    expect(this.names.map((_, slot) => this.nameAt(slot))).toEqual(this.names);
    for (const [slot, name] of this.names.entries()) {
      expect([name, this.find(name) !== 0, this.table.slot]).toEqual([name, true, slot]);
    }
  }
}

const someName = (random: Random): string => random.string(random.integer(0, 6), "ab\x00\xff");

describe("names", () => {
  test("random operations against a sorted array; all memory comes back", () => {
    const bench = new Bench();
    runOperations({
      seed: 17,
      steps: 6000,
      checkEvery: 300,
      operations: {
        insert: [
          5,
          (random) => {
            bench.insert(someName(random));
            return undefined;
          },
        ],
        remove: [
          4,
          (random) => {
            bench.remove(random.chance(0.6) && bench.names.length > 0 ? random.pick(bench.names) : someName(random));
            return undefined;
          },
        ],
      },
      check: () => bench.check(),
    });
    for (const name of [...bench.names]) bench.remove(name);
    expect(bench.table.ref).toBe(0);
    expect(bench.heap.usedBytes).toBe(bench.emptyBytes);
  });

  test("what one begins with comes before it; bytes above 0x7f come last", () => {
    const bench = new Bench();
    for (const name of ["b", "ab", "a", "", "\xff", "a\x00", "A", "~"]) bench.insert(name);
    expect(bench.names).toEqual(["", "A", "a", "a\x00", "ab", "b", "~", "\xff"]);
    bench.check();
    expect(bench.find("c")).toBe(0);
    expect(bench.table.slot).toBe(6);
  });

  test("without memory an insertion changes nothing, and a removal works", () => {
    const bench = new Bench();
    for (let i = 0; i < 100; i++) bench.insert(`name:${i}`);
    const { heap } = bench;
    let refused = 0;
    for (let i = 100; i < 200; i++) {
      const name = `name:${i}`;
      const block = bench.block(name);
      bench.find(name);
      try {
        withBlocks(heap, 0, () => bench.table.insert(block));
        bench.names.push(name);
        bench.names.sort();
      } catch (error) {
        expect(error).toBeInstanceOf(HeapFullError);
        refused++;
        heap.free(block);
        bench.check();
        bench.insert(name);
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(10);
    withBlocks(heap, 0, () => {
      for (const name of bench.names.slice(1)) bench.remove(name);
    });
    bench.check();
  });
});
