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
      if (random.below(8) === 0) queue.drain({ write });
      expect(queue.bytes).toBe(given.length - taken.length);
      expect(queue.isEmpty).toBe(queue.bytes === 0);
    }
    while (!queue.isEmpty) queue.drain({ write });
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

  test("small messages that wait together are one write", () => {
    const queue = new OutputQueue();
    const writes: string[] = [];
    for (let i = 0; i < 100; i++) queue.add(Buffer.from(`message ${i},`));
    queue.add(Buffer.alloc(40_000, "x"));
    queue.add(Buffer.from("end"));
    queue.drain({
      write: (buf, at, length) => {
        writes.push(buf.toString("latin1", at, at + length));
        return length;
      },
    });
    expect(writes).toEqual([
      Array.from({ length: 100 }, (_, i) => `message ${i},`).join(""),
      "x".repeat(40_000),
      "end",
    ]);
  });

  test("a message that many get is kept once, unless its peer does not read: then small ones share buffers", () => {
    const queue = new OutputQueue();
    const shared = Buffer.from("message");
    const offered: Buffer[] = [];
    queue.add(shared);
    queue.drain({
      write: (buf) => {
        offered.push(buf);
        return 0;
      },
    });
    expect(offered[0]).toBe(shared);
    for (let i = 0; i < 100_000; i++) queue.add(shared);
    expect(queue.bytes).toBe(700_007);
    expect(queue.chunkCount).toBeLessThan(60);
  });

  test("a queue that is never empty forgets what it has sent", () => {
    const queue = new OutputQueue();
    queue.add(Buffer.alloc(2000));
    for (let i = 0; i < 10_000; i++) {
      queue.add(Buffer.alloc(2000));
      let left = 2000;
      queue.drain({
        write: (_, __, length) => {
          const taken = Math.min(left, length);
          left -= taken;
          return taken;
        },
      });
    }
    expect(queue.bytes).toBe(2000);
    expect(queue.chunkCount).toBeLessThan(3);
  });
});

test("an empty queue is used again, and holds nothing", () => {
  const queue = OutputQueue.obtain();
  queue.add(Buffer.from("abc"));
  queue.add(Buffer.from("def"));
  queue.drain({ write: (_, __, length) => length });
  queue.release();
  const next = OutputQueue.obtain();
  expect(next).toBe(queue);
  expect([next.bytes, next.chunkCount, next.isEmpty]).toEqual([0, 0, true]);
  next.add(Buffer.from("xyz"));
  const taken: string[] = [];
  next.drain({
    write(buf, at, length) {
      taken.push(buf.toString("latin1", at, at + length));
      return length;
    },
  });
  expect(taken).toEqual(["xyz"]);
});
