/** The deadline heap beside a plain array. */

import { describe, expect, test } from "bun:test";
import { DeadlineHeap } from "../../src/memory/deadline-heap";
import { Heap, HeapFullError } from "../../src/memory/heap";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";

/** A deadline heap with what its elements' owner remembers. */
class Fixture {
  readonly heap = new Heap();
  readonly positions = new Map<number, number>();
  readonly deadlines = new DeadlineHeap(this.heap, (ref, position) => this.positions.set(ref, position));
  readonly model = new Map<number, number>();

  insert(ref: number, deadline: number): void {
    this.deadlines.insert(ref, deadline);
    this.model.set(ref, deadline);
  }

  position(ref: number): number {
    return this.positions.get(ref) as number;
  }

  update(ref: number, deadline: number): void {
    this.deadlines.update(this.position(ref), deadline);
    this.model.set(ref, deadline);
  }

  remove(ref: number): void {
    this.deadlines.remove(this.position(ref));
    this.model.delete(ref);
    this.positions.delete(ref);
  }

  /** Every element stands where its owner thinks, and the first is the earliest. */
  check(): void {
    expect(this.deadlines.size).toBe(this.model.size);
    expect(this.deadlines.earliest).toBe(Math.min(Number.POSITIVE_INFINITY, ...this.model.values()));
    for (const [ref, deadline] of this.model) expect(this.deadlines.deadlineAt(this.position(ref))).toBe(deadline);
    expect(new Set(this.positions.values()).size).toBe(this.model.size);
  }
}

describe("DeadlineHeap", () => {
  test("is empty at first, and takes no memory then", () => {
    const { deadlines, heap } = new Fixture();
    expect([deadlines.size, deadlines.first, deadlines.earliest]).toEqual([0, 0, Number.POSITIVE_INFINITY]);
    expect([deadlines.bytes, heap.usedBytes]).toEqual([0, 0]);
  });

  test("elements come out in the order of their deadlines, over several chunks", () => {
    const fixture = new Fixture();
    const random = new Random(seedFromEnvironment(1));
    for (let ref = 1; ref <= 3000; ref++) fixture.insert(ref, random.uint32() * 2000);
    fixture.check();
    const sorted = [...fixture.model.values()].sort((a, b) => a - b);
    const seen: number[] = [];
    while (fixture.deadlines.size > 0) {
      seen.push(fixture.deadlines.earliest);
      fixture.remove(fixture.deadlines.first);
    }
    expect(seen).toEqual(sorted);
    expect(fixture.heap.usedBytes).toBe(0);
  });

  test("random inserts, updates and removals, beside a Map", () => {
    const fixture = new Fixture();
    const random = new Random(seedFromEnvironment(2));
    for (let step = 0; step < 20_000; step++) {
      const ref = 1 + random.integer(0, 1500);
      const deadline = random.integer(0, 1000);
      if (!fixture.model.has(ref)) fixture.insert(ref, deadline);
      else if (random.integer(0, 3) === 0) fixture.remove(ref);
      else fixture.update(ref, deadline);
      if (step % 500 === 0) fixture.check();
    }
    fixture.check();
    for (const ref of [...fixture.model.keys()]) fixture.remove(ref);
    expect(fixture.heap.usedBytes).toBe(0);
  });

  test("an insert without memory changes nothing", () => {
    const fixture = new Fixture();
    for (let ref = 1; ref <= 1024; ref++) fixture.insert(ref, ref);
    const { heap } = fixture;
    heap.allocate = () => {
      throw new HeapFullError("test");
    };
    expect(() => fixture.deadlines.insert(5000, 1)).toThrow(HeapFullError);
    fixture.check();
  });

  test("the memory of many elements comes back when they go", () => {
    const fixture = new Fixture();
    for (let ref = 1; ref <= 10_240; ref++) fixture.insert(ref, ref);
    expect(fixture.deadlines.bytes).toBe(10 * 12 * 1024);
    for (let ref = 1; ref <= 9216; ref++) fixture.remove(ref);
    fixture.check();
    expect(fixture.deadlines.bytes).toBe(3 * 12 * 1024);
    expect(fixture.heap.usedBytes).toBe(fixture.deadlines.bytes);
  });
});
