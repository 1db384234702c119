/** The nodes that Redis's radix tree would have, counted ID by ID, against a tree of the same IDs built from scratch. */

import { expect, test } from "bun:test";
import { Heap } from "../../src/memory/heap";
import { IdTree } from "../../src/memory/id-tree";
import { EMPTY_RADIX_NODES, RadixFront, radixNodesOf } from "../../src/types/stream/stream-radix";
import { StreamId } from "../../src/util/stream-id";
import { runOperations } from "../support/model";
import { Random } from "../support/random";

/** Nodes for these texts of 16 characters each, which have the first `depth` in common. */
function nodesBelow(texts: readonly string[], depth: number): number {
  if (texts.length === 1) return (depth < 16 ? 1 : 0) + 1;
  let common = depth;
  while (texts.every((each) => each[common] === texts[0][common])) common++;
  const branches = Map.groupBy(texts, (each) => each[common]);
  let nodes = (common > depth ? 1 : 0) + 1;
  for (const branch of branches.values()) nodes += nodesBelow(branch, common + 1);
  return nodes;
}

function radixNodes(texts: readonly string[]): number {
  return texts.length === 0 ? EMPTY_RADIX_NODES : nodesBelow(texts, 0);
}

function idOf(bytes: string): StreamId {
  const buffer = Buffer.from(bytes, "latin1");
  const id = new StreamId();
  id.set(buffer.readUInt32BE(0), buffer.readUInt32BE(4), buffer.readUInt32BE(8), buffer.readUInt32BE(12));
  return id;
}

const someBytes = (random: Random): string =>
  random.pick(["\x00".repeat(8), "\x00\x00\x01\x8f".repeat(2), random.string(8, "\x00\xff")]) +
  random.pick(["\x00".repeat(7), random.string(7, "\x00\x01\xff")]) +
  String.fromCharCode(random.integer(0, 255));

test("random IDs that come and go", () => {
  const heap = new Heap();
  const ids = new IdTree(heap);
  ids.create();
  const model = new Set<string>();
  let nodes = EMPTY_RADIX_NODES;
  runOperations({
    seed: 19,
    steps: 4000,
    checkEvery: 25,
    operations: {
      insert: [
        6,
        (random) => {
          const bytes = someBytes(random);
          if (model.has(bytes)) return "nothing";
          nodes += radixNodesOf(ids, idOf(bytes));
          ids.insert(idOf(bytes), 1);
          model.add(bytes);
          return undefined;
        },
      ],
      remove: [
        5,
        (random) => {
          if (model.size === 0) return "nothing";
          const bytes = random.pick([...model]);
          expect(ids.find(idOf(bytes))).toBe(true);
          ids.remove();
          nodes -= radixNodesOf(ids, idOf(bytes));
          model.delete(bytes);
          return undefined;
        },
      ],
    },
    check: () => expect(nodes).toBe(radixNodes([...model])),
  });
});

test("IDs that are put before others, the largest first", () => {
  const random = new Random(23);
  const front = new RadixFront();
  for (let round = 0; round < 40; round++) {
    const texts = [...new Set(Array.from({ length: random.integer(1, 40) }, () => someBytes(random)))].sort();
    const there = random.integer(0, texts.length);
    const ids = new IdTree(new Heap());
    ids.create();
    for (const text of texts.slice(there)) ids.insert(idOf(text), 1);
    if (ids.first()) front.begin(ids);
    else front.clear();
    for (let i = there - 1; i >= 0; i--) {
      const added = radixNodes(texts.slice(i)) - radixNodes(texts.slice(i + 1));
      expect(front.put(idOf(texts[i]))).toBe(added);
    }
  }
});
