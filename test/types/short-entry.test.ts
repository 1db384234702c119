/**
 * Entries that are written into the last node as it stands, beside the same ones appended element by element: streams
 * whose nodes are the same to the byte, whatever is appended to them.
 */

import { describe, expect, test } from "bun:test";
import { Heap } from "../../src/memory/heap";
import { Stream } from "../../src/types/stream/stream";
import type { NodeLimits } from "../../src/types/stream/stream-node";
import { StreamId } from "../../src/util/stream-id";
import { Random } from "../support/random";
import { argumentsOf } from "../support/stream-nodes";

/** Every node of a stream: its master ID, and what it is as a listpack. */
function nodesOf(stream: Stream): string[] {
  const { nodes, node } = stream;
  const found: string[] = [];
  for (let more = nodes.first(); more; more = nodes.next()) {
    stream.openNode();
    node.locate();
    found.push(
      `${node.masterId} ${Buffer.from(node.plain.subarray(node.plainAt, node.plainAt + node.plainLength)).toString("hex")}`,
    );
  }
  return found;
}

function figuresOf(stream: Stream): unknown[] {
  return [stream.length, `${stream.lastId}`, `${stream.firstId}`, stream.addedLo, stream.radixNodes];
}

/** Appends to two streams, of which one does everything the long way. */
class Pair {
  readonly short = new Stream(new Heap());
  readonly long = new Stream(new Heap());

  constructor(private readonly limits: NodeLimits) {
    // Somebody may have to hear of each change of a node.
    this.long.heap.streamGuards = new Map();
    this.short.create();
    this.long.create();
  }

  append(id: StreamId, texts: readonly string[]): void {
    for (const stream of [this.short, this.long]) {
      const args = argumentsOf(texts);
      stream.open(stream.root);
      stream.append(id, args, 0, texts.length / 2, args.buf.length, this.limits);
    }
  }

  remove(id: StreamId): void {
    for (const stream of [this.short, this.long]) {
      stream.open(stream.root);
      stream.remove(id);
      stream.saveRemoved();
    }
  }

  expectSame(): void {
    for (const stream of [this.short, this.long]) stream.open(stream.root);
    expect(figuresOf(this.short)).toEqual(figuresOf(this.long));
    expect(nodesOf(this.short)).toEqual(nodesOf(this.long));
  }
}

const VALUES = [
  "v",
  "",
  "7",
  "-1",
  "127",
  "128",
  "4096",
  "9999999999",
  "0x",
  "1a",
  "-",
  "x".repeat(63),
  "y".repeat(64),
];

/** Fields as they come most often: the same ones, then and now others, more of them, or longer ones. */
function someTexts(random: Random): string[] {
  const kind = random.integer(0, 11);
  const fields = kind === 0 ? ["f", "h"] : kind === 1 ? ["f"] : kind === 2 ? ["f".repeat(70), "g"] : ["f", "g"];
  return fields.flatMap((name) => [name, random.pick(VALUES)]);
}

describe("entries written in one go", () => {
  for (const limits of [
    { maxBytes: 4096, maxEntries: 100 },
    { maxBytes: 300, maxEntries: 0 },
    { maxBytes: 0, maxEntries: 0 },
    { maxBytes: 0, maxEntries: 1 },
  ]) {
    test(`nodes of ${limits.maxBytes} bytes and ${limits.maxEntries} entries`, () => {
      const random = new Random(11);
      const pair = new Pair(limits);
      const id = new StreamId();
      id.set(0x12345, 0xfffffff0, 0, 0xffffff00);
      const removed = new StreamId();
      for (let i = 0; i < 3000; i++) {
        if (random.chance(0.05)) removed.copy(id);
        if (random.chance(0.2)) id.setOffset(id, 0, random.integer(0, 60), 0, 0);
        // A later time begins with a sequence number below, mostly.
        if (random.chance(0.025)) id.set(id.msHi, id.msLo, random.integer(0, 1), 0xfffffff0 + random.integer(0, 14));
        id.increment();
        if (id.compare(pair.short.lastId) <= 0) id.setOffset(id, 1, 0, 0, 0);
        pair.append(id, someTexts(random));
        if (random.chance(0.03)) pair.remove(removed);
        if (i % 500 === 0) pair.expectSame();
      }
      pair.expectSame();
    });
  }

  test("times and sequence numbers that differ by what no element of 32 bits says", () => {
    const edges = [0, 1, 127, 128, 4096, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff];
    const id = new StreamId();
    for (const from of edges) {
      for (const to of edges) {
        const pair = new Pair({ maxBytes: 4096, maxEntries: 100 });
        id.set(0, 5, 0, from);
        pair.append(id, ["f", "v"]);
        id.set(0, 6 + to / 2, 0, to);
        pair.append(id, ["f", "v"]);
        id.set(1, 4, 0, to);
        pair.append(id, ["f", "v"]);
        pair.expectSame();
      }
    }
  });

  test("entries of many fields of their own, so that the listpack does not know its number of elements", () => {
    const pair = new Pair({ maxBytes: 0, maxEntries: 0 });
    const id = new StreamId();
    const many = Array.from({ length: 32_700 }, () => ["a", "b"]).flat();
    for (const texts of [["f", "v"], many, ...Array.from({ length: 60 }, () => ["f", "v"])]) {
      id.increment();
      pair.append(id, texts);
    }
    pair.expectSame();
  });
});
