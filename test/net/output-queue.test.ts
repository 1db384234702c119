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
      const how = random.below(4);
      if (how === 0) queue.add(bytes);
      else if (how === 1) queue.give(Buffer.from(new Uint8Array(bytes).buffer));
      else queue.copy(Buffer.concat([Buffer.from("x"), bytes, Buffer.from("y")]), 1, size + 1);
      if (random.below(8) === 0) queue.drain({ write });
      expect(queue.bytes).toBe(given.length - taken.length);
      expect(queue.isEmpty).toBe(queue.bytes === 0);
    }
    while (!queue.isEmpty) queue.drain({ write });
    expect(queue.chunkCount).toBe(0);
    expect(Buffer.from(taken).equals(Buffer.from(given))).toBe(true);
  });

  test("frees a buffer that it was given when that is sent, or will not be", () => {
    const queue = new OutputQueue();
    const [first, second, third] = [20_000, 30_000, 40_000].map((size) => Buffer.from(new ArrayBuffer(size)));
    const kept = Buffer.alloc(10);
    queue.give(first);
    queue.add(kept);
    queue.give(second);
    queue.give(third.subarray(500));
    queue.drain({ write: (_, __, length) => (length === 20_000 ? length : 0) });
    expect([first, kept, second, third].map(({ length }) => length)).toEqual([0, 10, 30_000, 40_000]);
    queue.discard();
    expect([first, kept, second, third].map(({ length }) => length)).toEqual([0, 10, 0, 0]);
    expect(queue.bytes).toBe(0);
  });

  test("a connection that ends while it is written to is written to no more", () => {
    const queue = new OutputQueue();
    queue.give(Buffer.from(new ArrayBuffer(30_000)));
    queue.give(Buffer.from(new ArrayBuffer(30_000)));
    let writes = 0;
    queue.drain({
      write: (_, __, length) => {
        writes++;
        queue.discard();
        return length;
      },
    });
    expect(writes).toBe(1);
    expect(queue.isEmpty).toBe(true);
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

  test("small messages to a peer that does not read share buffers", () => {
    const queue = new OutputQueue();
    const shared = Buffer.from("message");
    queue.add(shared);
    queue.drain({ write: () => 0 });
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

describe("messages that many get", () => {
  /** A peer that takes at most `most` bytes of each write. */
  class Peer {
    readonly offered: { buf: Buffer; at: number }[] = [];
    text = "";

    constructor(private readonly most = Number.POSITIVE_INFINITY) {}

    write(buf: Buffer, at: number, length: number): number {
      const taken = Math.min(length, this.most);
      this.offered.push({ buf, at });
      this.text += buf.toString("latin1", at, at + taken);
      return taken;
    }
  }

  function drainAll(queue: OutputQueue, peer = new Peer()): Peer {
    while (!queue.isEmpty) queue.drain(peer);
    return peer;
  }

  test("of one turn are joined once, for all who get the same", () => {
    const queues = Array.from({ length: 20 }, () => new OutputQueue());
    for (const word of ["*one", "*two", "*three"]) {
      const message = Buffer.from(word);
      for (const queue of queues) queue.add(message);
    }
    const peers = queues.map((queue) => drainAll(queue));
    for (const { text, offered } of peers) {
      expect(text).toBe("*one*two*three");
      expect(offered).toEqual(peers[0].offered);
      expect(offered[0].buf).toBe(peers[0].offered[0].buf);
    }
  });

  test("stand at the start of the block again when nobody waits for any, and be it that a connection has ended", () => {
    const [a, b] = [new OutputQueue(), new OutputQueue()];
    for (let i = 0; i < 3; i++) {
      const message = Buffer.from("*message");
      a.add(message);
      b.add(message);
      expect(drainAll(a).offered[0].at).toBe(0);
      b.discard();
      expect(b.isEmpty).toBe(true);
    }
  });

  test("come in order beside others, to who gets some of them, and in both protocols", () => {
    const random = new SeededRandom(2);
    const count = 8;
    const queues = Array.from({ length: count }, () => new OutputQueue());
    const given = Array.from({ length: count }, () => "");
    const peers = Array.from({ length: count }, (_, i) => new Peer(i % 3 === 0 ? 50 : undefined));
    for (let turn = 0; turn < 300; turn++) {
      for (let n = random.below(6); n >= 0; n--) {
        const word = `${turn}.${n}${"x".repeat(random.below(10) === 0 ? random.below(20_000) : random.below(40))}`;
        const encoded = [Buffer.from(`*${word}`), Buffer.from(`>${word}`)];
        const some = random.below(3) === 0;
        for (let i = 0; i < count; i++) {
          if (some && random.below(2) === 0) continue;
          const message = encoded[i % 2];
          if (random.below(20) === 0) queues[i].copy(message, 0, message.length);
          else queues[i].add(message);
          given[i] += message.toString("latin1");
          expect(queues[i].bytes).toBe(given[i].length - peers[i].text.length);
        }
      }
      for (let i = 0; i < count; i++) if (random.below(8) > 0) queues[i].drain(peers[i]);
    }
    for (let i = 0; i < count; i++) expect(drainAll(queues[i], peers[i]).text).toBe(given[i]);
  });

  test("and are the same twice in a row", () => {
    const queue = new OutputQueue();
    const message = Buffer.from("*again");
    queue.add(message);
    queue.add(message);
    expect(drainAll(queue).text).toBe("*again*again");
  });
});
