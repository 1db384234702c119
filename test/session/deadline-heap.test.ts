import { expect, test } from "bun:test";
import { type Deadline, DeadlineHeap } from "../../src/session/deadline-heap";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";

test("the first is always the least, whatever is taken out", () => {
  const random = new Random(seedFromEnvironment(5));
  const heap = new DeadlineHeap<Deadline>();
  const model = new Set<Deadline>();
  for (let step = 0; step < 20_000; step++) {
    if (model.size === 0 || random.chance(step < 10_000 ? 0.6 : 0.4)) {
      const element = { deadline: random.integer(1, 500), place: -1 };
      heap.add(element);
      model.add(element);
    } else {
      const element = random.chance(0.5) ? (heap.first as Deadline) : random.pick([...model]);
      heap.remove(element);
      model.delete(element);
      expect(element.place).toBe(-1);
      heap.remove(element);
    }
    expect(heap.size).toBe(model.size);
    const least = Math.min(...[...model].map(({ deadline }) => deadline));
    expect(heap.first?.deadline ?? Number.POSITIVE_INFINITY).toBe(least);
  }
});
