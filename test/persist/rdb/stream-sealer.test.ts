/** Nodes that are checked and sealed in one walk, against the two walks: checking, and sealing what is sound. */

import { describe, expect, test } from "bun:test";
import { Heap } from "../../../src/memory/heap";
import { NodeCheck } from "../../../src/persist/rdb/codecs/stream-check";
import { NodeSealer } from "../../../src/persist/rdb/codecs/stream-sealer";
import { recoded, sealNode } from "../../../src/types/stream/sealed-node";
import { StreamNode } from "../../../src/types/stream/stream-node";
import type { StreamId } from "../../../src/util/stream-id";
import { Random } from "../../support/random";
import { argumentsOf, fillNode } from "../../support/stream-nodes";

const check = new NodeCheck();
const sealer = new NodeSealer();

/** A node of `count` entries, of which some are marked as deleted. */
function makeNode(random: Random, count: number): { node: StreamNode; listpack: Buffer } {
  const node = new StreamNode(new Heap());
  const ids = fillNode(node, random, count, random.chance(0.2));
  node.open(node.pack.ref);
  for (const id of ids.slice(1)) {
    if (!random.chance(0.1)) continue;
    node.seek(id);
    node.remove();
  }
  return { node, listpack: listpackOf(node) };
}

/** Behind some bytes, and before others: nothing says that a node begins at 0. */
function listpackOf({ pack }: StreamNode): Buffer {
  return Buffer.concat([
    Buffer.alloc(3, 1),
    pack.bytes.subarray(pack.start, pack.start + pack.byteLength),
    Buffer.alloc(9),
  ]);
}

const lengthOf = (listpack: Buffer): number => listpack.length - 12;

/** What was found in a node, and what was made of it. */
function sealed(listpack: Buffer, masterId: StreamId): string | null {
  const bytes = sealer.seal(listpack, 3, lengthOf(listpack), masterId);
  if (bytes === 0) return null;
  return `${sealer.entries} ${sealer.deleted} ${sealer.last} ${recoded.toString("latin1", 0, bytes)}`;
}

function checkedAndSealed(listpack: Buffer, masterId: StreamId): string | null {
  if (!check.check(listpack, 3, lengthOf(listpack), masterId)) return null;
  const bytes = sealNode(listpack, 3);
  return `${check.entries} ${check.deleted} ${check.last} ${recoded.toString("latin1", 0, bytes)}`;
}

describe("NodeSealer", () => {
  test.each([1, 2, 3, 4, 5, 6])("makes of usual nodes what two walks make (seed %d)", (seed) => {
    const random = new Random(seed);
    let usual = 0;
    for (let round = 0; round < 60; round++) {
      const { node, listpack } = makeNode(random, random.integer(1, 127));
      const expected = checkedAndSealed(listpack, node.masterId);
      expect(expected).not.toBeNull();
      const found = sealed(listpack, node.masterId);
      if (found === null) continue;
      expect(found).toBe(expected as string);
      usual++;
    }
    expect(usual).toBeGreaterThan(30);
  });

  test.each([1, 2, 3, 4, 5, 6])("takes no damaged node for a sound one (seed %d)", (seed) => {
    const random = new Random(seed);
    let sound = 0;
    for (let round = 0; round < 40; round++) {
      const { node, listpack } = makeNode(random, random.pick([1, 3, 20]));
      for (let damage = 0; damage < 100; damage++) {
        const damaged = Buffer.from(listpack);
        for (let i = random.integer(1, 2); i > 0; i--) {
          damaged[random.integer(3, listpack.length - 10)] = random.pick([
            0, 1, 2, 3, 0x7f, 0x81, 0xc1, 0xf1, 0xf4, 0xff,
          ]);
        }
        const found = sealed(damaged, node.masterId);
        if (found === null) continue;
        expect(found).toBe(checkedAndSealed(damaged, node.masterId) as string);
        sound++;
      }
    }
    expect(sound).toBeGreaterThan(30);
  });

  test("leaves nodes alone that are too large or have too many entries", () => {
    const many = makeNode(new Random(1), 128);
    expect(sealed(many.listpack, many.node.masterId)).toBeNull();
    const node = new StreamNode(new Heap());
    const { masterId } = makeNode(new Random(2), 1).node;
    const args = argumentsOf(["field", "x".repeat(40_000)]);
    node.create(masterId, args, 0, args.pairs, args.bytes, 0);
    expect(sealed(listpackOf(node), masterId)).toBeNull();
    expect(checkedAndSealed(listpackOf(node), masterId)).not.toBeNull();
  });

  test("IDs that would carry to the upper word are left to the other way", () => {
    const { node, listpack } = makeNode(new Random(5), 20);
    const { masterId } = node;
    expect(sealed(listpack, masterId)).not.toBeNull();
    for (const [msLo, seqLo] of [
      [0x7fffffff, 1],
      [5000, 0x7fffffff],
      [0x80000000, 0x80000000],
      [0xffffffff, 1],
      [5000, 0xffffffff],
    ]) {
      masterId.set(masterId.msHi, msLo, masterId.seqHi, seqLo);
      const expected = checkedAndSealed(listpack, masterId);
      expect(expected).not.toBeNull();
      const found = sealed(listpack, masterId);
      expect(found ?? expected).toBe(expected);
      // Only in these does any of 20 entries carry.
      if (msLo === 0xffffffff) expect(found).toBeNull();
    }
  });
});
