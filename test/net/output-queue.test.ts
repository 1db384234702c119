/** The output queue: order, partial writes, and how many buffers small replies take. */

import { describe, expect, test } from "bun:test";
import { OutputQueue } from "../../src/net/output-queue";
import { SeededRandom } from "../../src/util/random";

describe("OutputQueue", () => {
  test("gives back what it was given, whatever the writer takes", () => {
    const random = new SeededRandom(1);
    const queue = new OutputQueue();
    const given: number[] = [];
    const taken: number[] = [];
    const write = (buf: Buffer, at: number, length: number): number => {
      const part = random.below(4) === 0 ? random.below(length + 1) : length;
      taken.push(...buf.subarray(at, at + part));
      return part;
    };
    for (let round = 0; round < 500; round++) {
      const size = random.below(50) === 0 ? 20_000 : random.below(40);
      const bytes = Buffer.from(Array.from({ length: size }, () => random.below(256)));
      given.push(...bytes);
      if (random.below(3) === 0) queue.add(bytes);
      else queue.copy(Buffer.concat([Buffer.from("x"), bytes, Buffer.from("y")]), 1, size + 1);
      if (random.below(8) === 0) queue.drain(write);
      expect(queue.bytes).toBe(given.length - taken.length);
      expect(queue.isEmpty).toBe(queue.bytes === 0);
    }
    while (!queue.isEmpty) queue.drain(write);
    expect(queue.chunkCount).toBe(0);
    expect(Buffer.from(taken).equals(Buffer.from(given))).toBe(true);
  });

  test("small replies share buffers", () => {
    const queue = new OutputQueue();
    const reply = Buffer.from("+PONG\r\n");
    for (let i = 0; i < 100_000; i++) queue.copy(reply, 0, reply.length);
    expect(queue.bytes).toBe(700_000);
    expect(queue.chunkCount).toBeLessThan(50);
  });
});
