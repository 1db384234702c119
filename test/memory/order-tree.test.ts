/** The order tree against a sorted array. Its members here are blocks of the score, a length byte and the bytes. */

import { describe, expect, test } from "bun:test";
import { Heap, HeapFullError } from "../../src/memory/heap";
import {
  CHILDREN,
  INNER_CAPACITY,
  INNER_MEMBERS,
  KEYS,
  keyOf,
  LEAF_CAPACITY,
  LEAF_MEMBERS,
  MERGE_INNER,
  MERGE_LEAF,
  type MemberLayout,
  NEXT,
  PAIRS,
  PREVIOUS,
  scoreOf,
  wordOf,
} from "../../src/memory/order-nodes";
import { OrderTree } from "../../src/memory/order-tree";
import { withBlocks, withFailure } from "../support/failing-heap";
import { runOperations } from "../support/model";
import { Random } from "../support/random";

interface Pair {
  score: number;
  text: string;
  member: number;
}

/** Members as the tests keep them. */
class TestLayout implements MemberLayout {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  length = 0;

  constructor(readonly heap: Heap) {}

  locate(member: number): void {
    this.bytes = this.heap.u8[member >>> 21];
    this.at = Heap.offset(member) + 9;
    this.length = this.bytes[this.at - 1];
  }

  score(member: number): number {
    return this.heap.f64[member >>> 21][member & 0x1fffff];
  }

  setScore(member: number, score: number): void {
    this.heap.f64[member >>> 21][member & 0x1fffff] = score;
  }

  compare(member: number, buf: Uint8Array, start: number, end: number): number {
    const bytes = this.heap.u8[member >>> 21];
    const at = Heap.offset(member) + 9;
    return Buffer.compare(bytes.subarray(at, at + bytes[at - 1]), buf.subarray(start, end));
  }
}

/** A tree, and beside it the array of pairs that it should hold. */
class Bench {
  readonly heap = new Heap();
  readonly layout = new TestLayout(this.heap);
  readonly tree = new OrderTree(this.heap, this.layout);
  readonly header: number;
  pairs: Pair[] = [];

  constructor() {
    this.header = this.tree.create();
  }

  newMember(score: number, text: string): number {
    const member = this.heap.allocate(9 + text.length);
    this.layout.setScore(member, score);
    this.heap.u8[member >>> 21][Heap.offset(member) + 8] = text.length;
    this.heap.u8[member >>> 21].write(text, Heap.offset(member) + 9, "latin1");
    return member;
  }

  insert(score: number, text: string): void {
    const member = this.newMember(score, text);
    this.tree.insert(member);
    this.pairs.splice(this.position(score, text), 0, { score, text, member });
  }

  remove(at: number): void {
    const [{ member }] = this.pairs.splice(at, 1);
    expect(this.tree.remove(member)).toBe(true);
    this.heap.free(member);
  }

  move(at: number, to: number): void {
    const [pair] = this.pairs.splice(at, 1);
    this.tree.move(pair.member, to);
    pair.score = to;
    this.pairs.splice(this.position(to, pair.text), 0, pair);
  }

  removeRange(from: number, count: number): void {
    const expected = this.pairs.splice(from, count);
    const visited: number[] = [];
    let left = count;
    while (left > 0) {
      const removed = this.tree.removeRange(from, left, (member) => {
        visited.push(member);
        this.heap.free(member);
      });
      if (removed === 0) break;
      expect(removed).toBeLessThanOrEqual(LEAF_CAPACITY);
      left -= removed;
    }
    expect(visited).toEqual(expected.map(({ member }) => member));
  }

  /** Where a pair is in the array, or belongs. */
  position(score: number, text: string): number {
    const key = Buffer.from(text, "latin1");
    let low = 0;
    let high = this.pairs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.pairs[middle];
      const isLess =
        other.score < score || (other.score === score && Buffer.from(other.text, "latin1").compare(key) < 0);
      if (isLess) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Compares everything, and checks the invariants of all nodes. */
  check(): void {
    const { tree, pairs } = this;
    tree.open(this.header);
    expect(tree.size).toBe(pairs.length);
    const forward: Pair[] = [];
    for (let more = tree.seek(0); more; more = tree.next()) forward.push(this.pairAtCursor());
    expect(forward).toEqual(pairs);
    const backward: Pair[] = [];
    for (let more = tree.seek(pairs.length - 1); more; more = tree.previous()) backward.push(this.pairAtCursor());
    expect(backward.reverse()).toEqual(pairs);
    const { nodes } = checkNodes(tree, this.heap);
    expect(tree.bytes).toBe(16 + nodes * 1024);
    const members = pairs.reduce((sum, pair) => sum + this.heap.sizeOf(pair.member), 0);
    expect(this.heap.usedBytes).toBe(16 + nodes * 1024 + members);
  }

  private pairAtCursor(): Pair {
    const { member } = this.tree;
    const score = this.layout.score(member);
    this.layout.locate(member);
    const { bytes, at, length } = this.layout;
    return { score, text: Buffer.from(bytes.subarray(at, at + length)).toString("latin1"), member };
  }
}

interface Subtree {
  nodes: number;
  pairs: number;
  score: number;
  member: number;
  leaves: number[];
}

/** Checks the invariants that order-tree.ts names, and returns what it counted. */
function checkNodes(tree: OrderTree, heap: Heap): Subtree {
  const levels = Reflect.get(tree, "levels") as number;
  const root = Reflect.get(tree, "root") as number;
  const whole = checkNode(heap, root, levels, true);
  expect(whole.pairs).toBe(tree.size);
  whole.leaves.forEach((leaf, i) => {
    const words = heap.u32[leaf >>> 21];
    expect(words[wordOf(leaf) + NEXT]).toBe(whole.leaves[i + 1] ?? 0);
    expect(words[wordOf(leaf) + PREVIOUS]).toBe(whole.leaves[i - 1] ?? 0);
  });
  return whole;
}

function checkNode(heap: Heap, node: number, levels: number, isRoot: boolean): Subtree {
  const words = heap.u32[node >>> 21];
  const scores = heap.f64[node >>> 21];
  const word = wordOf(node);
  const count = words[word];
  if (levels === 0) {
    if (!isRoot) expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThanOrEqual(LEAF_CAPACITY);
    const member = words[word + LEAF_MEMBERS];
    const bits = (i: number): number =>
      heap.f64[words[word + LEAF_MEMBERS + i] >>> 21][words[word + LEAF_MEMBERS + i] & 0x1fffff];
    for (let i = 0; i < count; i++) expect(words[word + KEYS + i] | 0).toBe(keyOf(bits(i)));
    return { nodes: 1, pairs: count, score: bits(0), member, leaves: [node] };
  }
  expect(count).toBeGreaterThanOrEqual(isRoot ? 2 : 1);
  expect(count).toBeLessThanOrEqual(INNER_CAPACITY);
  const total: Subtree = {
    nodes: 1,
    pairs: 0,
    score: scores[scoreOf(node)],
    member: words[word + INNER_MEMBERS],
    leaves: [],
  };
  for (let i = 0; i < count; i++) {
    const child = words[word + CHILDREN + i];
    const below = checkNode(heap, child, levels - 1, false);
    expect([scores[scoreOf(node) + i], words[word + INNER_MEMBERS + i]]).toEqual([below.score, below.member]);
    expect(words[word + PAIRS + i]).toBe(below.pairs);
    if (i > 0) {
      const before = words[word + CHILDREN + i - 1];
      const fill = heap.u32[before >>> 21][wordOf(before)] + heap.u32[child >>> 21][wordOf(child)];
      expect(fill).toBeGreaterThan(levels === 1 ? MERGE_LEAF : MERGE_INNER);
    }
    total.nodes += below.nodes;
    total.pairs += below.pairs;
    total.leaves.push(...below.leaves);
  }
  return total;
}

/** Score distributions: few equal scores, many, all. */
const SCORES: Record<string, (random: Random) => number> = {
  "scores that differ": (random) => random.float() * 2000 - 1000,
  "few scores": (random) => random.integer(-3, 3),
  "one score": () => 0,
  "special scores": (random) =>
    random.pick([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, -0, 5e-324, 1.7976931348623157e308, -1.5]),
};

describe.each(Object.keys(SCORES))("against a sorted array: %s", (name) => {
  test("random operations, growing and shrinking", () => {
    const bench = new Bench();
    const scoreOf = SCORES[name];
    let growing = true;
    let serial = 0;
    const target = name === "scores that differ" ? 9000 : 2500;
    const somewhere = (random: Random): number => random.integer(0, bench.pairs.length - 1);
    runOperations({
      seed: 7,
      steps: 40_000,
      checkEvery: 4000,
      check: () => bench.check(),
      operations: {
        change: [
          80,
          (random) => {
            if (bench.pairs.length > target) growing = false;
            if (bench.pairs.length < 10) growing = true;
            if (random.chance(growing ? 0.85 : 0.15)) bench.insert(scoreOf(random), `${random.uint32()}:${serial++}`);
            else if (bench.pairs.length > 0) bench.remove(somewhere(random));
            return undefined;
          },
        ],
        move: [
          20,
          (random) => {
            if (bench.pairs.length === 0) return "of nothing";
            const at = somewhere(random);
            const near = name !== "one score" && random.chance(0.5);
            const to = near ? bench.pairs[at].score + random.pick([-1e-9, 0, 1e-9, 0.1]) : scoreOf(random);
            bench.move(at, to);
            return `${at} to ${to}`;
          },
        ],
        removeRange: [
          0.4,
          (random) => {
            if (bench.pairs.length === 0) return "of nothing";
            const from = somewhere(random);
            const count = random.integer(0, growing ? 40 : 400);
            bench.removeRange(from, Math.min(count, bench.pairs.length - from));
            return `${from}, ${count}`;
          },
        ],
        ranks: [
          20,
          (random) => {
            const { tree, pairs } = bench;
            if (pairs.length === 0) return "of nothing";
            const at = somewhere(random);
            const { score, text, member } = pairs[at];
            expect(tree.rank(member)).toBe(at);
            expect(tree.seek(at)).toBe(true);
            expect(tree.member).toBe(member);
            const below = random.chance(0.5) ? score : scoreOf(random);
            const first = pairs.findIndex((pair) => pair.score >= below);
            const beyond = pairs.findIndex((pair) => pair.score > below);
            expect(tree.countBelow(below, false)).toBe(first < 0 ? pairs.length : first);
            expect(tree.countBelow(below, true)).toBe(beyond < 0 ? pairs.length : beyond);
            if (name === "one score") {
              const key = Buffer.from(text, "latin1");
              expect(tree.countBelowMember(key, 0, key.length, false)).toBe(at);
              expect(tree.countBelowMember(key, 0, key.length, true)).toBe(at + 1);
              expect(tree.countBelowMember(key, 0, 0, true)).toBe(0);
            }
            return `at ${at}`;
          },
        ],
      },
    });
    bench.removeRange(0, bench.pairs.length);
    bench.check();
    expect(bench.tree.bytes).toBe(16 + 1024);
  });
});

describe("order of insertion", () => {
  const COUNT = 30_000;

  test.each([
    ["ascending", (i: number) => i, 0.97],
    ["descending", (i: number) => COUNT - i, 0.97],
    ["from both ends", (i: number) => (i % 2 === 0 ? i : -i), 0.95],
  ])("%s: leaves are full", (_, scoreOfNumber, fill) => {
    const bench = new Bench();
    for (let i = 0; i < COUNT; i++) bench.tree.insert(bench.newMember(scoreOfNumber(i), `${i}`));
    const { leaves } = checkNodes(bench.tree, bench.heap);
    expect(COUNT / leaves.length / LEAF_CAPACITY).toBeGreaterThan(fill);
  });

  test.each([
    ["random", (random: Random) => random.float(), 0.77],
    ["members that ascend, of one score", () => 0, 0.85],
    ["members that ascend, of a hundred scores", (random: Random) => random.integer(1, 100), 0.77],
  ])("%s: leaves are four fifths full", (_, nextScore, fill) => {
    const bench = new Bench();
    const random = new Random(3);
    for (let i = 0; i < COUNT; i++) bench.tree.insert(bench.newMember(nextScore(random), `member:${i}`));
    const { leaves } = checkNodes(bench.tree, bench.heap);
    expect(COUNT / leaves.length / LEAF_CAPACITY).toBeGreaterThan(fill);
  });

  test("pairs that leave at one end and come at the other do not wear the tree out", () => {
    const bench = new Bench();
    for (let i = 0; i < 5000; i++) bench.tree.insert(bench.newMember(i, `${i}`));
    const before = bench.tree.bytes;
    for (let i = 5000; i < 60_000; i++) {
      bench.tree.removeRange(0, 1, (member) => bench.heap.free(member));
      bench.tree.insert(bench.newMember(i, `${i}`));
    }
    checkNodes(bench.tree, bench.heap);
    expect(bench.tree.bytes).toBeLessThan(before * 1.2);
  });
});

test("members compare as bytes, and a shorter one comes before what it begins", () => {
  const bench = new Bench();
  for (const text of ["b", "", "a\xff", "a", "\x00", "aa", "\xff", "a\x00"]) bench.insert(1, text);
  bench.check();
  expect(bench.pairs.map(({ text }) => text)).toEqual(["", "\x00", "a", "a\x00", "aa", "a\xff", "b", "\xff"]);
});

test("what is not there is not found", () => {
  const bench = new Bench();
  const stranger = bench.newMember(1, "stranger");
  expect(bench.tree.seek(0)).toBe(false);
  expect(bench.tree.remove(stranger)).toBe(false);
  expect(bench.tree.rank(stranger)).toBe(-1);
  expect(bench.tree.countBelow(1, true)).toBe(0);
  for (let i = 0; i < 500; i++) bench.insert(i, `${i}`);
  expect(bench.tree.remove(stranger)).toBe(false);
  expect(bench.tree.rank(stranger)).toBe(-1);
  // Another member with the same score and bytes as one that is there.
  expect(bench.tree.remove(bench.newMember(7, "7"))).toBe(false);
  expect(bench.tree.seek(-1)).toBe(false);
  expect(bench.tree.seek(500)).toBe(false);
  expect(bench.tree.removeRange(500, 1, () => expect.unreachable())).toBe(0);
});

test("keys are in the order of scores", () => {
  const random = new Random(5);
  const scores = Array.from({ length: 5000 }, () => {
    const value = (random.float() - 0.5) * 10 ** random.integer(-320, 308);
    return random.chance(0.3) ? Math.round(value) : value;
  });
  const { MAX_VALUE, MIN_VALUE, NEGATIVE_INFINITY, POSITIVE_INFINITY } = Number;
  scores.push(
    NEGATIVE_INFINITY,
    -MAX_VALUE,
    -MIN_VALUE,
    0,
    MIN_VALUE,
    1,
    1.0000000001,
    1.1,
    MAX_VALUE,
    POSITIVE_INFINITY,
  );
  scores.sort((a, b) => a - b);
  for (let i = 1; i < scores.length; i++) expect(keyOf(scores[i - 1])).toBeLessThanOrEqual(keyOf(scores[i]));
  expect(keyOf(-0)).toBe(keyOf(0));
  // Integers up to 2^24 have keys of their own.
  expect(keyOf(16_777_215)).toBeLessThan(keyOf(16_777_216));
  expect(keyOf(-16_777_215)).toBeGreaterThan(keyOf(-16_777_216));
});

test("one window serves many trees", () => {
  const heap = new Heap();
  const layout = new TestLayout(heap);
  const tree = new OrderTree(heap, layout);
  const members = Array.from({ length: 1000 }, (_, i) => {
    const member = heap.allocate(9);
    layout.setScore(member, i);
    heap.u8[member >>> 21][Heap.offset(member) + 8] = 0;
    return member;
  });
  const headers = Array.from({ length: 10 }, () => tree.create());
  for (let i = 0; i < 1000; i++) {
    tree.open(headers[i % 10]);
    tree.insert(members[i]);
  }
  headers.forEach((header, i) => {
    tree.open(header);
    expect(tree.size).toBe(100);
    expect([tree.seek(99), tree.member]).toEqual([true, members[990 + i]]);
  });
});

test("drain gives everything back, a few leaves a call", () => {
  const bench = new Bench();
  for (let i = 0; i < 30_000; i++) bench.insert(i, `${i}`);
  for (const { member } of bench.pairs) bench.heap.free(member);
  let calls = 1;
  while (!bench.tree.drain()) {
    calls++;
    bench.tree.open(bench.header);
  }
  expect(calls).toBe(Math.ceil(30_000 / LEAF_CAPACITY / 16));
  expect(bench.heap.usedBytes).toBe(0);

  const header = bench.tree.create();
  bench.tree.open(header);
  expect(bench.tree.drain()).toBe(true);
  expect(bench.heap.usedBytes).toBe(0);
});

describe("a heap that cannot grow", () => {
  test("no tree is left behind by a create that fails", () => {
    const heap = new Heap();
    const tree = new OrderTree(heap, new TestLayout(heap));
    for (const failing of [1, 2]) {
      expect(() => withFailure(heap, failing, () => tree.create())).toThrow(HeapFullError);
      expect(heap.usedBytes).toBe(0);
    }
  });

  test("an insert or a move that fails has changed nothing; removing needs no memory", () => {
    const bench = new Bench();
    const random = new Random(11);
    let failures = 0;
    for (let i = 0; i < 9000; i++) {
      const score = i < 6500 ? i : random.float() * 6500;
      const member = bench.newMember(score, `${i}`);
      const used = bench.heap.usedBytes;
      for (let failing = 1; ; failing++) {
        try {
          withFailure(bench.heap, failing, () => bench.tree.insert(member));
          break;
        } catch (error) {
          expect(error).toBeInstanceOf(HeapFullError);
          expect(bench.heap.usedBytes).toBe(used);
          expect(bench.tree.size).toBe(bench.pairs.length);
          failures++;
        }
      }
      bench.pairs.splice(bench.position(score, `${i}`), 0, { score, text: `${i}`, member });
    }
    bench.check();
    // Every split failed once for each block that it takes, up to three levels.
    expect(failures).toBeGreaterThan(80);

    // A move into a full leaf.
    let refused = 0;
    for (const pair of [...bench.pairs]) {
      const to = random.float() * 50;
      try {
        withBlocks(bench.heap, 0, () => bench.tree.move(pair.member, to));
        bench.pairs.splice(bench.pairs.indexOf(pair), 1);
        pair.score = to;
        bench.pairs.splice(bench.position(to, pair.text), 0, pair);
      } catch (error) {
        expect(error).toBeInstanceOf(HeapFullError);
        refused++;
      }
      if (refused === 50) break;
    }
    expect(refused).toBeGreaterThan(0);
    bench.check();

    withBlocks(bench.heap, 0, () => {
      while (bench.pairs.length > 0) bench.remove(random.integer(0, bench.pairs.length - 1));
    });
    bench.check();
  });
});
