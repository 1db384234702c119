/** The dict against a Map. Its elements here are blocks that hold nothing but a length byte and the key. */

import { describe, expect, test } from "bun:test";
import { Dict, type ElementLayout } from "../../src/memory/dict";
import { KeyHasher } from "../../src/memory/hash";
import { Heap } from "../../src/memory/heap";
import { SeededRandom } from "../../src/util/random";
import { runOperations } from "../support/model";
import { Random } from "../support/random";

const HASH_SPACE = 0x80000000;

/** Hashes as a test wants them to be. */
class FixedHasher extends KeyHasher {
  constructor(private readonly of: (key: string) => number) {
    super(0, 0);
  }

  override hash(buf: Uint8Array, start: number, end: number): number {
    return this.of(Buffer.from(buf.subarray(start, end)).toString("latin1"));
  }
}

/** A dict of keys, and the model beside it: key → [ref, flag]. */
class Bench implements ElementLayout {
  readonly heap = new Heap();
  readonly dict: Dict;
  readonly root: number;
  readonly model = new Map<string, [number, boolean]>();
  readonly emptyBytes: number;

  constructor(hasher = new KeyHasher(0x01234567, 0x89abcdef | 0)) {
    this.dict = new Dict(this.heap, hasher, this);
    this.root = this.dict.create();
    this.emptyBytes = this.heap.usedBytes;
  }

  hasKey(ref: number, buf: Uint8Array, start: number, end: number): boolean {
    return this.key(ref) === Buffer.from(buf.subarray(start, end)).toString("latin1");
  }

  key(ref: number): string {
    const bytes = this.heap.u8[ref >>> 21];
    const at = Heap.offset(ref);
    return bytes.toString("latin1", at + 1, at + 1 + bytes[at]);
  }

  /** Opens it anew each time: everything must be in the heap. */
  find(key: string): number {
    const bytes = Buffer.from(key, "latin1");
    this.dict.open(this.root);
    return this.dict.find(this.dict.hash(bytes, 0, bytes.length), bytes, 0, bytes.length);
  }

  insert(key: string, flag = false): void {
    const bytes = Buffer.from(key, "latin1");
    const ref = this.heap.allocate(1 + bytes.length);
    const at = Heap.offset(ref);
    this.heap.u8[ref >>> 21][at] = bytes.length;
    bytes.copy(this.heap.u8[ref >>> 21], at + 1);
    this.dict.insert(this.dict.hash(bytes, 0, bytes.length), ref, flag);
    this.model.set(key, [ref, flag]);
  }

  remove(key: string): void {
    const ref = this.find(key);
    if (ref === 0) throw new Error(`${key} is not in the dict`);
    this.dict.removeFound();
    this.heap.free(ref);
    this.model.delete(key);
  }

  /** All keys, in the order of a whole scan. */
  scanAll(count: number): string[] {
    const keys: string[] = [];
    let cursor = 0;
    do cursor = this.dict.scan(cursor, count, (ref) => keys.push(this.key(ref)));
    while (cursor !== 0);
    return keys;
  }

  flaggedKeys(segments = Number.POSITIVE_INFINITY): string[] {
    const keys: string[] = [];
    let cursor = 0;
    do cursor = this.dict.scanFlagged(cursor, (ref) => keys.push(this.key(ref)), segments);
    while (cursor !== 0);
    return keys;
  }

  check(): void {
    const { dict, model } = this;
    expect(dict.size).toBe(model.size);
    const flagged = [...model].filter(([, [, flag]]) => flag).map(([key]) => key);
    expect(dict.flagged).toBe(flagged.length);
    for (const [key, [ref, flag]] of model) {
      if (this.find(key) !== ref) throw new Error(`${key} is not found`);
      if (dict.foundFlag !== flag) throw new Error(`${key} has lost its flag`);
    }
    expect(this.scanAll(100).sort()).toEqual([...model.keys()].sort());
    expect(this.flaggedKeys().sort()).toEqual(flagged.sort());
    expect(this.flaggedKeys(3).sort()).toEqual(flagged.sort());
    expect(dict.segments).toBeLessThanOrEqual(dict.directorySize);
    expect(Math.log2(dict.directorySize) % 1).toBe(0);
  }
}

describe("windows", () => {
  test("one serves many dicts, and several serve one", () => {
    const bench = new Bench();
    const { heap, dict } = bench;
    const roots = Array.from({ length: 5 }, () => dict.create());
    const other = new Dict(heap, new KeyHasher(1, 2), bench);
    for (let i = 0; i < 10_000; i++) {
      const bytes = Buffer.from(name(i));
      const ref = heap.allocate(1 + bytes.length);
      heap.u8[ref >>> 21][Heap.offset(ref)] = bytes.length;
      bytes.copy(heap.u8[ref >>> 21], Heap.offset(ref) + 1);
      const window = i % 2 === 0 ? dict : other;
      window.open(roots[i % 5]);
      window.insert(dict.hash(bytes, 0, bytes.length), ref, i % 10 === 0);
    }
    for (const [i, root] of roots.entries()) {
      dict.open(root);
      expect([dict.size, dict.flagged]).toEqual([2000, i === 0 ? 1000 : 0]);
      const keys: string[] = [];
      dict.clear((ref) => {
        keys.push(bench.key(ref));
        heap.free(ref);
      });
      expect(keys.sort()).toEqual(Array.from({ length: 2000 }, (_, n) => name(5 * n + i)).sort());
      other.open(root);
      expect(other.size).toBe(0);
      other.destroy();
    }
    dict.open(bench.root);
    expect(heap.usedBytes).toBe(bench.emptyBytes);
  });

  test("keep their guard when the root moves, whatever else is guarded", () => {
    const bench = new Bench();
    const { heap, dict } = bench;
    const heard: number[] = [];
    const guard = { protect: (hash: number) => heard.push(hash), protectAll() {}, keep() {} };
    const value = new Dict(heap, new KeyHasher(1, 2), bench).create();
    heap.guards = new Map([[value, guard]]);
    dict.guard = guard;
    const moved = dict.moveRoot((ref) => {
      const size = heap.sizeOf(ref);
      const to = heap.allocate(size);
      const at = Heap.offset(ref);
      heap.u8[ref >>> 21].copy(heap.u8[to >>> 21], Heap.offset(to), at, at + size);
      heap.free(ref);
      return to;
    });
    expect(moved).not.toBe(bench.root);
    dict.insert(77, heap.allocate(8), false);
    expect(heard).toEqual([77]);
  });
});

describe("random elements", () => {
  for (const [count, removed] of [
    [20, 0],
    [5000, 0],
    [40_000, 35_000],
  ]) {
    test(`each of ${count - removed} is as likely as any other`, () => {
      const bench = new Bench();
      const random = new SeededRandom(7);
      for (let i = 0; i < count; i++) bench.insert(name(i));
      for (let i = 0; i < removed; i++) bench.remove(name(i));
      const picked = new Map<number, number>();
      const rounds = 40 * (count - removed);
      for (let i = 0; i < rounds; i++) {
        const ref = bench.dict.randomElement((n) => random.below(n));
        picked.set(ref, (picked.get(ref) ?? 0) + 1);
      }
      let chiSquare = 0;
      for (const [ref] of bench.model.values()) chiSquare += ((picked.get(ref) ?? 0) - 40) ** 2 / 40;
      const freedom = count - removed - 1;
      // Mean `freedom`, variance twice that: six standard deviations.
      expect(Math.abs(chiSquare - freedom)).toBeLessThan(6 * Math.sqrt(2 * freedom));
    });
  }
});

function name(i: number): string {
  return `key:${i.toString(36)}`;
}

describe("against a Map", () => {
  test("random inserts, removals, lookups, flags and replacements", () => {
    const bench = new Bench();
    const { dict, heap, model } = bench;
    let target = 3000;
    let picked = "";
    let again = 0;
    const pick = (random: Random): string => {
      picked = name(random.integer(0, 8000));
      return picked;
    };
    runOperations({
      seed: 21,
      steps: 60_000,
      checkEvery: 6000,
      operations: {
        insert: [
          10,
          (random) => {
            const key = pick(random);
            if (model.size < target && bench.find(key) === 0) bench.insert(key, random.chance(0.3));
            return key;
          },
        ],
        remove: [
          8,
          (random) => {
            const key = pick(random);
            expect(bench.find(key) !== 0).toBe(model.has(key));
            if (model.has(key)) bench.remove(key);
            return key;
          },
        ],
        flag: [
          5,
          (random) => {
            const key = pick(random);
            const known = model.get(key);
            if (known === undefined) return undefined;
            bench.find(key);
            known[1] = random.chance(0.5);
            dict.flagFound(known[1]);
            return `${key} ${known[1]}`;
          },
        ],
        replace: [
          3,
          (random) => {
            const key = pick(random);
            const known = model.get(key);
            if (known === undefined) return undefined;
            bench.find(key);
            const moved = heap.allocate(1 + key.length);
            const bytes = heap.u8[moved >>> 21];
            bytes[Heap.offset(moved)] = key.length;
            bytes.write(key, Heap.offset(moved) + 1, "latin1");
            dict.replaceFound(moved);
            heap.free(known[0]);
            known[0] = moved;
            return key;
          },
        ],
        again: [
          10,
          (random) => {
            const bytes = Buffer.from(picked, "latin1");
            const found = dict.findAgain(bytes, 0, bytes.length);
            if (found === 0) return undefined;
            const known = model.get(picked);
            expect([found, dict.foundFlag]).toEqual(known ?? []);
            expect(dict.foundHash).toBe(dict.hash(bytes, 0, bytes.length));
            again++;
            if (known === undefined) return undefined;
            known[1] = random.chance(0.5);
            dict.flagFound(known[1]);
            return picked;
          },
        ],
        compact: [
          0.05,
          () => {
            let position = 0;
            do position = dict.moveSegment(position, (block) => heap.relocate(block));
            while (position !== 0);
            return undefined;
          },
        ],
        breathe: [
          0.002,
          (random) => {
            target = random.pick([0, 200, 3000, 8000]);
            for (const key of [...model.keys()].slice(target)) bench.remove(key);
            return String(target);
          },
        ],
      },
      check: () => bench.check(),
    });
    expect(again).toBeGreaterThan(1000);
  });

  test("growth to 200,000 elements and removal of all leave nothing behind", () => {
    const bench = new Bench();
    const { dict, heap } = bench;
    for (let i = 0; i < 200_000; i++) bench.insert(name(i), i % 10 === 0);
    expect(dict.size).toBe(200_000);
    expect(dict.flagged).toBe(20_000);
    for (let i = 0; i < 200_000; i += 7) expect(bench.key(bench.find(name(i)))).toBe(name(i));
    expect(bench.find("missing")).toBe(0);
    // 8 bytes an element, about four fifths full, in blocks that waste little.
    expect(dict.segmentBytes / dict.size).toBeLessThan(11.5);
    expect(dict.directorySize).toBeLessThan(dict.segments * 16);

    const order = new Random(5).shuffled([...bench.model.keys()]);
    for (const key of order.slice(0, 190_000)) bench.remove(key);
    bench.check();
    expect(dict.segmentBytes / dict.size).toBeLessThan(30);
    for (const key of order.slice(190_000)) bench.remove(key);
    expect(dict.size).toBe(0);
    expect(dict.flagged).toBe(0);
    expect(dict.segments).toBe(1);
    expect(dict.directorySize).toBe(1);
    expect(heap.usedBytes).toBe(bench.emptyBytes);
    bench.insert("again");
    bench.check();
  });

  test("removal in hash order, as SCAN or the expire cycle meet keys, shrinks as well", () => {
    for (const reverse of [false, true]) {
      const bench = new Bench();
      for (let i = 0; i < 30_000; i++) bench.insert(name(i));
      const order = bench.scanAll(1000);
      const { heap } = bench;
      const allocate = heap.allocate.bind(heap);
      let moves = 0;
      let largest = 0;
      heap.allocate = (bytes) => {
        moves++;
        largest = Math.max(largest, bytes);
        return allocate(bytes);
      };
      const directory = 8 * bench.dict.directorySize;
      for (const key of reverse ? order.reverse() : order) bench.remove(key);
      // Nor make it grow.
      expect(largest).toBeLessThanOrEqual(Math.max(3072, directory / 2));
      // What is left of a segment then crowds at one of its ends; that must not make it move again and again.
      expect(moves).toBeLessThan(10_000);
      expect(bench.dict.segments).toBe(1);
      expect(bench.dict.directorySize).toBe(1);
      expect(bench.heap.usedBytes).toBe(bench.emptyBytes);
    }
  });

  test("clear and drain visit every element; drain leaves nothing, clear an empty dict that can be used on", () => {
    for (const how of ["clear", "drain"] as const) {
      const bench = new Bench();
      for (let i = 0; i < 20_000; i++) bench.insert(name(i), i % 3 === 0);
      const seen: string[] = [];
      const visit = (ref: number): void => {
        seen.push(bench.key(ref));
        bench.heap.free(ref);
      };
      if (how === "clear") {
        bench.dict.clear(visit);
      } else {
        for (let gone = false; !gone; ) {
          const before = bench.dict.size;
          const seenBefore = seen.length;
          bench.dict.open(bench.root);
          gone = bench.dict.drain(visit);
          expect(before - bench.dict.size).toBe(seen.length - seenBefore);
        }
      }
      expect(seen.sort()).toEqual([...bench.model.keys()].sort());
      expect(bench.dict.size).toBe(0);
      expect(bench.dict.flagged).toBe(0);
      if (how === "clear") expect(bench.dict.bytes).toBe(bench.emptyBytes);
      expect(bench.heap.usedBytes).toBe(how === "clear" ? bench.emptyBytes : 0);
      if (how === "drain") continue;
      expect(bench.dict.directorySize).toBe(1);
      bench.model.clear();
      for (let i = 0; i < 20_000; i++) bench.insert(name(i), i % 3 === 0);
      bench.check();
    }
  });
});

describe("scan", () => {
  test("returns elements in the order of their hashes, each once, whatever the count", () => {
    const bench = new Bench();
    for (let i = 0; i < 5000; i++) bench.insert(name(i));
    const hashes = bench.scanAll(1).map((key) => {
      const bytes = Buffer.from(key, "latin1");
      return bench.dict.hash(bytes, 0, bytes.length);
    });
    expect(hashes).toEqual([...hashes].sort((a, b) => a - b));
    expect(bench.scanAll(7).length).toBe(5000);
    expect(bench.scanAll(5000).length).toBe(5000);
    expect(bench.scanAll(1_000_000).length).toBe(5000);
  });

  test("visits as many as asked for, and a few more only where hashes are equal", () => {
    const bench = new Bench(new FixedHasher((key) => Number(key.slice(4)) % 50));
    for (let i = 0; i < 500; i++) bench.insert(`key:${i}`);
    let cursor = 0;
    let calls = 0;
    do {
      let visited = 0;
      cursor = bench.dict.scan(cursor, 5, () => visited++);
      expect(visited).toBe(10);
      calls++;
    } while (cursor !== 0);
    expect(calls).toBe(50);
  });

  test("an element that is there all along is returned exactly once, while others come and go", () => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const bench = new Bench();
      const stable = new Set(Array.from({ length: 2000 }, (_, i) => `stable:${i}`));
      for (const key of stable) bench.insert(key);
      for (let i = 0; i < 2000; i++) bench.insert(`other:${i}`);
      const seen = new Map<string, number>();
      let made = 2000;
      let cursor = 0;
      do {
        cursor = bench.dict.scan(cursor, random.integer(1, 40), (ref) => {
          const key = bench.key(ref);
          seen.set(key, (seen.get(key) ?? 0) + 1);
        });
        // Phases of strong growth and strong shrinking between the calls.
        const others = [...bench.model.keys()].filter((key) => key.startsWith("other"));
        if (random.chance(0.5)) for (let i = 0; i < 400; i++) bench.insert(`other:${made++}`);
        else for (const key of random.shuffled(others).slice(0, others.length * 0.7)) bench.remove(key);
      } while (cursor !== 0);
      for (const key of stable) expect(seen.get(key)).toBe(1);
      for (const count of seen.values()) expect(count).toBe(1);
    }
  });

  test("a cursor is valid across growth from nothing, removal of all, and a directory that shrank", () => {
    const bench = new Bench();
    for (let i = 0; i < 20_000; i++) bench.insert(name(i));
    const cursor = bench.dict.scan(0, 10_000, () => {});
    expect(cursor).toBeGreaterThan(0);
    for (const key of [...bench.model.keys()]) bench.remove(key);
    expect(bench.dict.scan(cursor, 10, () => {})).toBe(0);
    for (let i = 0; i < 20_000; i++) bench.insert(name(i));
    const rest: string[] = [];
    expect(bench.dict.scan(cursor, 20_000, (ref) => rest.push(bench.key(ref)))).toBe(0);
    expect(rest.length).toBe(10_000);
  });

  test("a position behind the last one ends the scan", () => {
    const bench = new Bench();
    bench.insert("a");
    for (const cursor of [HASH_SPACE, HASH_SPACE + 5, 2 ** 53, 2 ** 64]) {
      expect(
        bench.dict.scan(cursor, 10, () => {
          throw new Error("visited");
        }),
      ).toBe(0);
    }
  });

  test("over flagged elements, a bounded number of segments at a time", () => {
    const bench = new Bench();
    for (let i = 0; i < 50_000; i++) bench.insert(name(i), i % 1000 === 0);
    const steps: number[] = [];
    const seen: string[] = [];
    let cursor = 0;
    do {
      const before = seen.length;
      cursor = bench.dict.scanFlagged(cursor, (ref) => seen.push(bench.key(ref)), 4);
      steps.push(seen.length - before);
    } while (cursor !== 0);
    expect(seen.length).toBe(50);
    expect(new Set(seen).size).toBe(50);
    expect(steps.length).toBeGreaterThan(bench.dict.segments / 5);
  });
});

describe("colliding hashes", () => {
  const cases: [string, (key: string) => number][] = [
    ["one hash for all", () => 12345],
    ["the lowest hash", () => 0],
    ["the highest hash", () => HASH_SPACE - 1],
    ["five hashes", (key) => Number(key.slice(4)) % 5],
    ["hashes that share their top bits", (key) => 0x3f000000 + (Number(key.slice(4)) & 0xff)],
    ["the ends of hash space", (key) => (Number(key.slice(4)) % 2 === 0 ? 0 : HASH_SPACE - 1)],
  ];
  for (const [title, hash] of cases) {
    test(title, () => {
      const bench = new Bench(new FixedHasher(hash));
      for (let i = 0; i < 800; i++) bench.insert(`key:${i}`, i % 2 === 0);
      bench.check();
      // Splitting does not help here, so the directory must not grow for it.
      expect(bench.dict.directorySize).toBeLessThanOrEqual(4096);
      expect(bench.dict.segmentBytes).toBeLessThan(1024 * 1024);
      for (let i = 0; i < 800; i += 2) bench.remove(`key:${i}`);
      bench.check();
      for (let i = 1; i < 800; i += 2) bench.remove(`key:${i}`);
      expect(bench.dict.segments).toBe(1);
      expect(bench.heap.usedBytes).toBe(bench.emptyBytes);
    });
  }

  test("a flood in one place does not hurt the rest", () => {
    const regular = new KeyHasher(1, 2);
    const bench = new Bench(
      new FixedHasher((key) => {
        const bytes = Buffer.from(key);
        return key.startsWith("bad") ? 777 : regular.hash(bytes, 0, bytes.length);
      }),
    );
    for (let i = 0; i < 1000; i++) {
      bench.insert(`bad:${i}`);
      bench.insert(name(i));
    }
    bench.check();
    expect(bench.dict.directorySize).toBeLessThanOrEqual(4096);
  });
});

describe("random elements", () => {
  const source = new SeededRandom(9);
  const below = (n: number): number => source.below(n);

  test("come from all over the dict, none much more often than another", () => {
    const bench = new Bench();
    for (let i = 0; i < 2000; i++) bench.insert(name(i));
    const counts = new Map<string, number>();
    const draws = 200_000;
    for (let i = 0; i < draws; i++) {
      const key = bench.key(bench.dict.randomElement(below));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(2000);
    const expected = draws / 2000;
    expect(Math.max(...counts.values())).toBeLessThan(expected * 3);
    expect(Math.min(...counts.values())).toBeGreaterThan(expected / 3);
  });

  test("of the flagged ones only", () => {
    const bench = new Bench();
    for (let i = 0; i < 20_000; i++) bench.insert(name(i), i % 4000 === 0);
    const seen = new Set<string>();
    for (let i = 0; i < 500; i++) seen.add(bench.key(bench.dict.randomElement(below, true)));
    expect([...seen].sort()).toEqual([0, 4000, 8000, 12_000, 16_000].map(name).sort());
  });

  test("of very few, and of none", () => {
    const bench = new Bench();
    expect(bench.dict.randomElement(below)).toBe(0);
    bench.insert("a");
    expect(bench.key(bench.dict.randomElement(below))).toBe("a");
    expect(bench.dict.randomElement(below, true)).toBe(0);
    bench.find("a");
    bench.dict.flagFound(true);
    expect(bench.key(bench.dict.randomElement(below, true))).toBe("a");
  });
});
