/** The queue of deadlines against a Set. */

import { expect, test } from "bun:test";
import { type Deadline, DeadlineQueue } from "../../src/session/deadline-queue";
import { seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";

test("the first is always the least, whatever is taken out", () => {
  const random = new Random(seedFromEnvironment(5));
  const queue = new DeadlineQueue<Deadline>();
  const model = new Set<Deadline>();
  for (let step = 0; step < 20_000; step++) {
    if (model.size === 0 || random.chance(step < 10_000 ? 0.6 : 0.4)) {
      const element = { deadline: random.integer(1, 500), place: -1 };
      queue.add(element);
      model.add(element);
    } else {
      const element = random.chance(0.5) ? (queue.first as Deadline) : random.pick([...model]);
      queue.remove(element);
      model.delete(element);
      expect(element.place).toBe(-1);
      queue.remove(element);
    }
    expect(queue.size).toBe(model.size);
    const least = Math.min(...[...model].map(({ deadline }) => deadline));
    expect(queue.first?.deadline ?? Number.POSITIVE_INFINITY).toBe(least);
  }
});
