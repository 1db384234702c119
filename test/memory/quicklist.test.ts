/** Lists, as listpacks and as quicklists, against an array of texts. */

import { describe, expect, test } from "bun:test";
import { Heap, HeapFullError } from "../../src/memory/heap";
import { Quicklist } from "../../src/memory/quicklist";
import { latin1 } from "../../src/util/bytes";
import { withBlocks, withFailure } from "../support/failing-heap";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";

/** A list with texts for arguments, and what it should be. */
class Bench {
  readonly heap = new Heap();
  readonly list = new Quicklist(this.heap);
  model: string[] = [];

  constructor(fill = -2) {
    this.list.setFill(fill);
    this.list.create();
  }

  text(): string {
    const { value, at, length } = this.list.read();
    return latin1(value, at, at + length);
  }

  push(text: string, atTail = true): void {
    const buf = Buffer.from(`<${text}>`, "latin1");
    this.list.grow(text.length, 1);
    this.list.push(atTail, buf, 1, buf.length - 1);
    if (atTail) this.model.push(text);
    else this.model.unshift(text);
  }

  insert(after: boolean, text: string): void {
    const buf = Buffer.from(`<${text}>`, "latin1");
    this.list.insert(after, buf, 1, buf.length - 1);
  }

  fill(texts: readonly string[]): this {
    for (const text of texts) this.push(text);
    return this;
  }

  forward(): string[] {
    const texts: string[] = [];
    for (let found = this.list.seek(0); found; found = this.list.next()) {
      expect(this.list.index).toBe(texts.length);
      texts.push(this.text());
    }
    return texts;
  }

  backward(): string[] {
    const texts: string[] = [];
    for (let found = this.list.seek(-1); found; found = this.list.previous()) texts.push(this.text());
    return texts;
  }

  check(): void {
    const { heap, list, model } = this;
    expect(list.length).toBe(model.length);
    expect(this.forward()).toEqual(model);
    expect(this.backward()).toEqual([...model].reverse());
    expect(heap.usedBytes).toBe(list.bytes(0));
    expect(this.sizes().reduce((sum, size) => sum + size, 0)).toBe(model.length);
  }

  /** Elements of each node. */
  sizes(): number[] {
    if (this.list.isListpack) return [this.list.length];
    const nodes = Reflect.get(this.list, "nodes");
    const sizes: number[] = [];
    for (let node = nodes.head(this.list.root); node !== 0; node = nodes.next(node)) sizes.push(nodes.count(node));
    expect(sizes.length).toBe(this.list.nodeCount);
    expect(sizes).not.toContain(0);
    return sizes;
  }
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `element:${i}`);
}

describe("forms", () => {
  test.each([
    [-1, 4096],
    [-2, 8192],
    [-3, 16384],
    [-4, 32768],
    [-5, 65536],
    [-100, 65536],
  ])("fill %i: a listpack up to %i bytes, and back from the half on", (fill, limit) => {
    const bench = new Bench(fill);
    // 7 bytes around elements of 103.
    const most = Math.floor((limit - 7 - 100) / 103) + 1;
    for (let i = 0; i < most; i++) {
      expect(bench.list.isListpack).toBe(true);
      bench.push("x".repeat(100));
    }
    expect(bench.list.isListpack).toBe(true);
    bench.push("x".repeat(100));
    expect(bench.list.isListpack).toBe(false);
    const least = Math.floor((limit / 2 - 7) / 103);
    while (bench.model.length > least) {
      bench.list.shrink();
      expect(bench.list.isListpack).toBe(false);
      bench.list.removeRange(bench.model.length - 1, 1);
      bench.model.pop();
      if (bench.list.nodeCount > 1) continue;
    }
    bench.list.shrink();
    expect(bench.list.isListpack).toBe(true);
    bench.check();
  });

  test.each([
    [0, 1],
    [1, 1],
    [3, 3],
    [128, 128],
  ])("fill %i: up to %i elements", (fill, limit) => {
    const bench = new Bench(fill).fill(numbers(limit));
    expect(bench.list.isListpack).toBe(true);
    bench.push("another");
    expect(bench.list.isListpack).toBe(false);
    expect(bench.sizes()).toEqual([limit, 1]);
    bench.list.settle();
    expect(bench.list.isListpack).toBe(false);
    bench.list.removeRange(limit, 1);
    bench.model.pop();
    bench.list.settle();
    expect(bench.list.isListpack).toBe(true);
    bench.check();
  });

  test("where elements are counted, a listpack is limited to 8 KiB all the same", () => {
    const bench = new Bench(128).fill(Array.from({ length: 81 }, () => "x".repeat(98)));
    expect(bench.list.isListpack).toBe(true);
    bench.push("x".repeat(98));
    expect(bench.list.isListpack).toBe(false);
  });

  test("an element larger than a listpack may be is a node of its own", () => {
    const bench = new Bench().fill(["small", "x".repeat(8192), "x".repeat(8193), "also small"]);
    expect(bench.sizes()).toEqual([1, 1, 1, 1]);
    bench.list.seek(2);
    expect(bench.list.isPlain).toBe(true);
    bench.list.seek(1);
    expect(bench.list.isPlain).toBe(false);
    bench.check();
    bench.list.removeRange(3, 1);
    bench.list.removeRange(0, 2);
    bench.model = ["x".repeat(8193)];
    bench.list.shrink();
    expect(bench.list.isListpack).toBe(false);
    bench.check();
  });

  test("plainFrom makes small elements plain", () => {
    const bench = new Bench();
    bench.list.plainFrom = 3;
    bench.push("ab");
    bench.list.grow(100_000, 1);
    bench.fill(["abc", "", "de"]);
    expect(bench.sizes()).toEqual([1, 1, 2]);
    bench.check();
  });

  test("hasMoved says once what the owner has to remember", () => {
    const bench = new Bench(3).fill(["a"]);
    bench.list.open(bench.list.root, true);
    expect(bench.list.hasMoved()).toBe(false);
    bench.push("a longer element, for which the block is too small");
    expect([bench.list.hasMoved(), bench.list.hasMoved()]).toEqual([true, false]);
    bench.list.grow(0, 5);
    expect([bench.list.hasMoved(), bench.list.hasMoved()]).toEqual([true, false]);
    bench.list.settle();
    expect([bench.list.isListpack, bench.list.hasMoved(), bench.list.hasMoved()]).toEqual([true, true, false]);
  });

  test("an empty listpack becomes an empty quicklist", () => {
    const bench = new Bench(2);
    bench.list.grow(0, 3);
    expect([bench.list.isListpack, bench.list.length, bench.list.nodeCount]).toEqual([false, 0, 0]);
    expect(bench.list.seek(0)).toBe(false);
    bench.fill(numbers(3));
    bench.check();
    bench.list.free();
    expect(bench.heap.usedBytes).toBe(0);
  });
});

describe("nodes", () => {
  test("an insertion into a full node divides it, and its parts join their neighbours", () => {
    const bench = new Bench(4).fill(numbers(12));
    expect(bench.sizes()).toEqual([4, 4, 4]);
    bench.list.seek(5);
    bench.insert(true, "new");
    bench.model.splice(6, 0, "new");
    expect(bench.sizes()).toEqual([4, 3, 2, 4]);
    bench.check();
    bench.list.removeRange(0, 3);
    bench.model.splice(0, 3);
    expect(bench.sizes()).toEqual([1, 3, 2, 4]);
    bench.list.seek(3);
    bench.insert(false, "x");
    bench.list.seek(3);
    bench.insert(false, "y");
    bench.model.splice(3, 0, "y", "x");
    bench.check();
  });

  test("an insertion at the edge of a full node takes the neighbour's room, or makes a node", () => {
    const bench = new Bench(3).fill(numbers(8));
    expect(bench.sizes()).toEqual([3, 3, 2]);
    bench.list.seek(5);
    bench.insert(true, "to the next");
    bench.model.splice(6, 0, "to the next");
    expect(bench.sizes()).toEqual([3, 3, 3]);
    bench.list.seek(2);
    bench.insert(true, "between");
    bench.model.splice(3, 0, "between");
    expect(bench.sizes()).toEqual([3, 1, 3, 3]);
    bench.list.seek(4);
    bench.insert(false, "before");
    bench.model.splice(4, 0, "before");
    expect(bench.sizes()).toEqual([3, 2, 3, 3]);
    bench.check();
  });

  test("seeks start at the nearer end", () => {
    const bench = new Bench(1).fill(numbers(1000));
    const nodes = Reflect.get(bench.list, "nodes");
    let steps = 0;
    const count = nodes.count.bind(nodes);
    nodes.count = (node: number): number => {
      steps++;
      return count(node);
    };
    bench.list.seek(995);
    expect(steps).toBeLessThan(10);
    bench.list.seek(-998);
    expect(steps).toBeLessThan(20);
  });

  test("a replacement that does not fit moves to another node", () => {
    const bench = new Bench(-1).fill(numbers(600));
    const sizes = bench.sizes();
    for (const index of [0, 100, sizes[0] - 1, sizes[0], 599]) {
      const text = "y".repeat(2000);
      const buf = Buffer.from(text);
      bench.list.seek(index);
      bench.list.replace(buf, 0, buf.length);
      bench.model[index] = text;
      bench.check();
    }
    expect(Math.max(...bench.sizes())).toBeLessThanOrEqual(Math.max(...sizes));
  });

  test("release gives a list back in steps", () => {
    const bench = new Bench(1).fill(numbers(500));
    let steps = 1;
    while (!bench.list.release()) steps++;
    expect(steps).toBe(8);
    expect(bench.heap.usedBytes).toBe(0);
  });

  test("bytes is estimated from the first nodes", () => {
    const bench = new Bench(10).fill(numbers(1000));
    expect(bench.list.bytes(0)).toBe(bench.heap.usedBytes);
    expect(Math.abs(bench.list.bytes(5) / bench.heap.usedBytes - 1)).toBeLessThan(0.2);
    expect(bench.list.contentBytes).toBeLessThan(bench.heap.usedBytes);
  });
});

function randomText(random: Random): string {
  switch (random.integer(0, 4)) {
    case 0:
      return random.edgeInteger();
    case 1:
      return random.string(random.integer(0, 3), "ab1");
    case 2:
      return random.string(random.integer(100, 700), "xy");
    case 3:
      return random.chance(0.1) ? random.string(random.pick([4090, 4097, 8192, 8193]), "z") : "";
    default:
      return `member:${random.integer(0, 50)}`;
  }
}

describe("random changes against an array", () => {
  test.each([-1, -2, -5, 1, 2, 3, 10, 128])("fill %i", (fill) => random(fill, 0));
  test.each([-2, 4])("fill %i, plain nodes from 3 bytes on", (fill) => random(fill, 3));
});

function random(fill: number, plainFrom: number): void {
  const bench = new Bench(fill);
  const { list } = bench;
  list.plainFrom = plainFrom;
  const place = (random: Random): number => random.integer(0, bench.model.length - 1);
  const withText = (random: Random, run: (buf: Buffer, start: number, end: number) => void): string => {
    const text = randomText(random);
    run(Buffer.from(`..${text}.`, "latin1"), 2, 2 + text.length);
    return text;
  };

  runOperations({
    seed: 21,
    steps: 4000,
    checkEvery: 40,
    check: () => bench.check(),
    operations: {
      push: [
        20,
        (random) => {
          const text = randomText(random);
          bench.push(text, random.chance(0.6));
          return text;
        },
      ],
      insert: [
        15,
        (random) => {
          if (bench.model.length === 0) return "none";
          const i = place(random);
          const after = random.chance(0.5);
          const text = withText(random, (buf, start, end) => {
            list.grow(end - start, 1);
            expect(list.seek(i)).toBe(true);
            list.insert(after, buf, start, end);
          });
          bench.model.splice(i + (after ? 1 : 0), 0, text);
          return `${after ? "behind" : "before"} ${i}: ${text}`;
        },
      ],
      replace: [
        10,
        (random) => {
          if (bench.model.length === 0) return "none";
          const i = place(random);
          bench.model[i] = withText(random, (buf, start, end) => {
            list.grow(end - start, 1);
            list.seek(i - bench.model.length);
            list.replace(buf, start, end);
          });
          list.shrink();
          return `${i}: ${bench.model[i]}`;
        },
      ],
      remove: [
        10,
        (random) => {
          if (bench.model.length === 0) return "none";
          const i = place(random);
          const forward = random.chance(0.5);
          list.seek(i);
          const more = list.remove(forward);
          bench.model.splice(i, 1);
          const rest = forward ? i : i - 1;
          expect(more).toBe(rest >= 0 && rest < bench.model.length);
          if (more) expect([list.index, bench.text()]).toEqual([rest, bench.model[rest]]);
          list.shrink();
          return `${i} ${forward}`;
        },
      ],
      "remove equal ones": [
        2,
        (random) => {
          if (bench.model.length === 0) return "none";
          const text = bench.model[place(random)];
          const forward = random.chance(0.5);
          const buf = Buffer.from(text, "latin1");
          let more = list.seek(forward ? 0 : -1);
          while (more && (forward ? list.find(buf, 0, buf.length) : list.findLast(buf, 0, buf.length))) {
            more = list.remove(forward);
          }
          bench.model = bench.model.filter((each) => each !== text);
          expect(list.length).toBe(bench.model.length);
          return text;
        },
      ],
      "remove a range": [
        5,
        (random) => {
          const first = random.integer(0, bench.model.length + 2);
          const count = random.integer(0, random.chance(0.3) ? bench.model.length : 10);
          list.removeRange(first, count);
          bench.model.splice(first, count);
          list.shrink();
          return `${first} ${count}`;
        },
      ],
      find: [
        10,
        (random) => {
          if (bench.model.length === 0) return "none";
          const from = place(random);
          const text = random.chance(0.7) ? bench.model[place(random)] : randomText(random);
          const buf = Buffer.from(`.${text}`, "latin1");
          const behind = bench.model.indexOf(text, from);
          list.seek(from);
          expect(list.find(buf, 1, buf.length)).toBe(behind >= 0);
          if (behind >= 0) expect([list.index, bench.text()]).toEqual([behind, text]);
          const before = bench.model.lastIndexOf(text, from);
          list.seek(from);
          expect(list.findLast(buf, 1, buf.length)).toBe(before >= 0);
          if (before >= 0) expect([list.index, bench.text()]).toEqual([before, text]);
          return `${text} from ${from}`;
        },
      ],
      seek: [
        10,
        (random) => {
          const i = random.integer(-bench.model.length - 2, bench.model.length + 2);
          const found = list.seek(i);
          expect(found ? bench.text() : undefined).toBe(bench.model.at(i));
          return String(i);
        },
      ],
      copy: [
        1,
        () => {
          const copy = list.copy();
          const { isListpack } = list;
          list.free();
          list.open(copy, isListpack);
          return undefined;
        },
      ],
    },
  });
  list.free();
  expect(bench.heap.usedBytes).toBe(0);
}

describe("a heap that cannot grow", () => {
  const LONG = "y".repeat(3000);
  const LARGE = "y".repeat(9000);
  const changes: Record<string, (bench: Bench) => void> = {
    push: (bench) => bench.push("z"),
    "push a large one": (bench) => bench.push(LARGE, false),
    grow: (bench) => bench.list.grow(100_000, 1),
    insert: (bench) => bench.insert(true, LONG),
    "insert a large one": (bench) => bench.insert(false, LARGE),
    replace: (bench) => bench.list.replace(Buffer.from(LONG), 0, LONG.length),
    "replace by a large one": (bench) => bench.list.replace(Buffer.from(LARGE), 0, LARGE.length),
    copy: (bench) => {
      bench.list.copy();
    },
  };
  const lists: Record<string, readonly string[]> = {
    "a listpack": numbers(20),
    "one full node": [...numbers(500), LONG],
    "several nodes": numbers(2000),
    "plain nodes": [LARGE, LARGE, LARGE],
  };

  test.each(Object.keys(changes).flatMap((change) => Object.keys(lists).map((list) => [change, list])))(
    "%s in %s: every allocation fails once; the elements stay, nothing leaks",
    (change, name) => {
      for (let failing = 1; ; failing++) {
        const bench = new Bench().fill(lists[name]);
        const elements = [...bench.model];
        if (bench.list.isListpack && change !== "push" && change !== "copy") bench.list.grow(10_000, 1);
        bench.list.seek(elements.length >>> 1);
        try {
          if (!withFailure(bench.heap, failing, () => changes[change](bench)).starved) return;
        } catch (error) {
          expect(error).toBeInstanceOf(HeapFullError);
          bench.model = elements;
          bench.check();
        }
      }
    },
  );

  test("removing needs no memory", () => {
    const bench = new Bench().fill(numbers(3000));
    withBlocks(bench.heap, 0, () => {
      while (bench.model.length > 0) {
        bench.list.removeRange(bench.model.length >>> 1, 17);
        bench.model.splice(bench.model.length >>> 1, 17);
        bench.list.seek(0);
        bench.list.remove(true);
        bench.model.shift();
        bench.list.shrink();
      }
    });
    bench.list.free();
    expect(bench.heap.usedBytes).toBe(0);
  });
});
