/** Nodes of streams, sealed: the same entries in either direction and by ID, and the same listpack when it is asked for. */

import { describe, expect, test } from "bun:test";
import { Heap } from "../../src/memory/heap";
import { sealNode } from "../../src/types/stream/sealed-node";
import { StreamNode } from "../../src/types/stream/stream-node";
import { StreamId } from "../../src/util/stream-id";
import { Random } from "../support/random";
import { argumentsOf, fillNode, someFields } from "../support/stream-nodes";

/** A copy of a node, for another flyweight. */
function twinOf(node: StreamNode, heap: Heap): StreamNode {
  const twin = new StreamNode(heap);
  twin.masterId.copy(node.masterId);
  twin.open(node.copy());
  return twin;
}

/** The entry at the cursor. */
function entry(node: StreamNode): string {
  const { pack } = node;
  const texts: string[] = [];
  let at = node.dataAt;
  let field = node.masterFields;
  const text = (p: number): number => {
    pack.read(p);
    texts.push(Buffer.from(pack.value.subarray(pack.at, pack.at + pack.length)).toString("latin1"));
    return node.behind(p);
  };
  for (let i = 0; i < node.fieldCount; i++) {
    if (node.hasMasterFields) field = text(field);
    else at = text(at);
    at = text(at);
  }
  return `${node.id} ${node.isDeleted} ${texts.join(" ")}`;
}

function forwards(node: StreamNode): string[] {
  const entries: string[] = [];
  for (let more = node.first(); more; more = node.next()) entries.push(entry(node));
  return entries;
}

function backwards(node: StreamNode): string[] {
  const entries: string[] = [];
  for (let more = node.last(); more; more = node.previous()) entries.push(entry(node));
  return entries;
}

function listpackOf(node: StreamNode): Buffer {
  node.locate();
  return Buffer.from(node.plain.subarray(node.plainAt, node.plainAt + node.plainLength));
}

/** Expects the same of both nodes, whichever way they are looked at; `ids` are some of theirs. */
function expectSame(sealed: StreamNode, plain: StreamNode, ids: readonly StreamId[]): void {
  expect([sealed.count, sealed.deleted, sealed.plainBytes]).toEqual([plain.count, plain.deleted, plain.plainBytes]);
  const entries = forwards(plain);
  expect(forwards(sealed)).toEqual(entries);
  expect(backwards(sealed)).toEqual(entries.reverse());
  expect(listpackOf(sealed).equals(listpackOf(plain))).toBeTrue();
  for (const id of ids) {
    for (const seek of ["seek", "seekFloor"] as const) {
      expect(sealed[seek](id)).toBe(plain[seek](id));
      expect(entry(sealed)).toBe(entry(plain));
    }
  }
}

describe("a sealed node", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("is as it was before (seed %d)", (seed) => {
    const random = new Random(seed);
    const heap = new Heap();
    const node = new StreamNode(heap);
    const ids = fillNode(node, random, random.pick([50, 100, 127]));
    // IDs between those of the entries, and beyond them.
    const others = ids.map((id) => {
      const other = new StreamId();
      other.copy(id);
      if (random.chance(0.5)) other.increment();
      else other.decrement();
      return other;
    });
    const plain = twinOf(node, heap);
    const before = heap.usedBytes;
    node.seal();
    expect(node.isSealed).toBeTrue();
    expect(heap.usedBytes).toBeLessThan(before);
    expectSame(node, plain, [...ids, ...others]);
    const whole = heap.usedBytes;
    for (let left = Math.ceil(ids.length / 2); left > 0; left--) {
      const id = random.pick(ids);
      for (const each of [node, plain]) {
        each.seek(id);
        if (!each.isDeleted) each.remove();
      }
    }
    expect(heap.usedBytes).toBe(whole);
    expectSame(node, plain, ids);
    expectSame(twinOf(node, heap), plain, ids);
    node.unseal();
    expect(node.isSealed).toBeFalse();
    expectSame(node, plain, ids);
  });

  test("is appended to after it was unsealed", () => {
    const heap = new Heap();
    const node = new StreamNode(heap);
    const [first] = fillNode(node, new Random(9), 10);
    const id = new StreamId();
    id.set(7, 0, 0, 0);
    node.seal();
    node.unseal();
    const args = argumentsOf(["f", "v"]);
    node.append(id, args, 0, args.pairs, args.bytes, 0);
    expect(forwards(node).at(-1)).toBe(`${id} false f v`);
    expect(forwards(node)[0]).toStartWith(`${first} `);
    expect(node.count).toBe(11);
  });
});

describe("a node stays a listpack", () => {
  test("of more than 127 entries, whose counters can become longer", () => {
    const node = new StreamNode(new Heap());
    fillNode(node, new Random(10), 128);
    node.seal();
    expect(node.isSealed).toBeFalse();
  });

  test("whose block would be no smaller", () => {
    const node = new StreamNode(new Heap());
    const id = new StreamId();
    id.set(0, 1, 0, 0);
    const args = argumentsOf(["field", "x".repeat(5000)]);
    node.create(id, args, 0, args.pairs, args.bytes, 0);
    node.seal();
    expect(node.isSealed).toBeFalse();
    expect(forwards(node)).toEqual([`1-0 false field ${"x".repeat(5000)}`]);
  });

  test("of many fields, whose number of pieces takes more than a byte", () => {
    const node = new StreamNode(new Heap());
    const id = new StreamId();
    id.set(0, 1, 0, 0);
    const args = argumentsOf(
      someFields(
        new Random(11),
        Array.from({ length: 125 }, (_, i) => `field:${i}`),
      ),
    );
    node.create(id, args, 0, args.pairs, args.bytes, 0);
    node.seal();
    expect(node.isSealed).toBeFalse();
  });

  test("whose numbers are encoded in more bytes than they need, which comes back as it was", () => {
    const node = new StreamNode(new Heap());
    const id = new StreamId();
    id.set(0, 1, 0, 0);
    const short = (n: number): number[] => [n, 1];
    const long = (n: number): number[] => [0xf1, n, 0, 3];
    const texts = [0x81, 0x66, 2, 0x81, 0x76, 2, 0x81, 0x76, 2];
    const load = (count: number[], flags: number[], pieces: number[]): StreamNode => {
      const master = [...count, ...short(0), ...short(1), ...texts.slice(0, 3), ...short(0)];
      const entry = [...flags, ...short(0), ...short(0), ...texts.slice(3, 6), ...pieces];
      const bytes = 7 + master.length + entry.length;
      const listpack = Buffer.from([bytes, 0, 0, 0, 10, 0, ...master, ...entry, 0xff]);
      node.load(id, listpack, 0, bytes, 1, sealNode(listpack, 0));
      expect(listpackOf(node).equals(listpack)).toBeTrue();
      expect(forwards(node)).toEqual(["1-0 false f v"]);
      return node;
    };
    expect(load(short(1), short(2), short(4)).isSealed).toBeTrue();
    expect(load(long(1), short(2), short(4)).isSealed).toBeFalse();
    expect(load(short(1), long(2), short(4)).isSealed).toBeFalse();
    expect(load(short(1), short(2), long(4)).isSealed).toBeFalse();
  });
});
