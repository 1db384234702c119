/** The listpack against an array of texts, and against bytes that Redis 7.0 wrote (the listpack in a hash's DUMP). */

import { describe, expect, test } from "bun:test";
import { Heap, HeapFullError } from "../../src/memory/heap";
import { LISTPACK_EMPTY, Listpack, naturalAt } from "../../src/memory/listpack";
import { latin1 } from "../../src/util/bytes";
import { withBlocks } from "../support/failing-heap";
import { listpackBytes } from "../support/listpack-bytes";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";

/** A listpack with texts for arguments, and the list that it should be. */
class Bench {
  readonly heap = new Heap();
  readonly lp = new Listpack(this.heap);
  readonly other = new Listpack(this.heap);
  model: string[] = [];

  constructor(elements: readonly string[] = []) {
    this.lp.create();
    for (const element of elements) this.append(element);
  }

  append(text: string): number {
    const buf = Buffer.from(text, "latin1");
    const p = this.lp.append(buf, 0, buf.length);
    this.model.push(text);
    return p;
  }

  get bytes(): Buffer {
    return bytesOf(this.lp);
  }

  /** Everything about it. */
  check(): void {
    expect(this.lp.count).toBe(this.model.length);
    expect(this.bytes.equals(listpackBytes(this.model))).toBe(true);
    expect(this.heap.usedBytes).toBe(this.heap.sizeOf(this.lp.ref));
    expect(this.lp.gap).toBeGreaterThanOrEqual(0);
    expect(this.lp.gap + this.lp.byteLength).toBeLessThanOrEqual(this.heap.sizeOf(this.lp.ref));
    expect(textsForward(this.lp)).toEqual(this.model);
    expect(textsBackward(this.lp)).toEqual([...this.model].reverse());
  }
}

function bytesOf(lp: Listpack): Buffer {
  return lp.bytes.subarray(lp.start, lp.start + lp.byteLength);
}

function textAt(lp: Listpack, p: number): string {
  lp.read(p);
  return latin1(lp.value, lp.at, lp.at + lp.length);
}

function textsForward(lp: Listpack): string[] {
  const texts: string[] = [];
  for (let p = lp.first(); p !== 0; p = lp.next(p)) texts.push(textAt(lp, p));
  return texts;
}

function textsBackward(lp: Listpack): string[] {
  const texts: string[] = [];
  for (let p = lp.last(); p !== 0; p = lp.previous(p)) texts.push(textAt(lp, p));
  return texts;
}

const INTEGER_EDGES = [
  ["0", "1", "127", "128", "-1", "-2", "4095", "4096", "-4096", "-4097", "32767", "32768", "-32768", "-32769"],
  ["8388607", "8388608", "-8388608", "-8388609", "2147483647", "2147483648", "-2147483648", "-2147483649"],
  ["9007199254740991", "-9007199254740993", "9223372036854775807", "-9223372036854775808"],
].flat();

const NO_INTEGERS = ["", "a", "-0", "01", "+1", "9223372036854775808", "-9223372036854775809", "12a", "1.5", " 1"];

describe("the bytes are Redis's", () => {
  test("integers at the edges of each encoding", () => {
    expect(new Bench(INTEGER_EDGES).bytes.toString("hex")).toBe(
      "940000001a00000101017f01c08002dfff02dffe02cfff02f1001003d00002f1ffef03f1ff7f03f200800004f1008003f2ff7fff04" +
        "f2ffff7f04f30000800005f200008004f3ffff7fff05f3ffffff7f05f4000000800000000009f30000008005f4ffffff7fffffff" +
        "ff09f4ffffffffffff1f0009f4ffffffffffffdfff09f4ffffffffffffff7f09f4000000000000008009ff",
    );
  });

  test("text that is almost an integer", () => {
    expect(new Bench(NO_INTEGERS).bytes.toString("hex")).toBe(
      "510000000a008001816102822d300382303103822b3103933932323333373230333638353437373538303814942d39323233333732" +
        "30333638353437373538303915833132610483312e350482203103ff",
    );
  });

  // Bytes before the data, and behind it.
  test.each([
    [63, "4b0000000200816602bf", "40ff"],
    [64, "4d0000000200816602e040", "42ff"],
    [125, "8a0000000200816602e07d", "7fff"],
    [126, "8c0000000200816602e07e", "0180ff"],
    [4095, "0d1000000200816602efff", "2081ff"],
    [4096, "111000000200816602f000100000", "2085ff"],
    [16377, "0a4000000200816602f0f93f0000", "7ffeff"],
    [16378, "0c4000000200816602f0fa3f0000", "00ffffff"],
    [16379, "0d4000000200816602f0fb3f0000", "018080ff"],
    [2097145, "0b0020000200816602f0f9ff1f00", "7ffffeff"],
    [2097146, "0d0020000200816602f0faff1f00", "00ffffffff"],
  ])("a string of %i bytes", (length, before, behind) => {
    const bench = new Bench(["f", "x".repeat(length)]);
    const { bytes } = bench;
    expect(bytes.toString("hex", 0, before.length / 2)).toBe(before);
    expect(bytes.toString("hex", before.length / 2 + length)).toBe(behind);
    expect(bytes.equals(listpackBytes(bench.model))).toBe(true);
    expect(textsBackward(bench.lp)).toEqual(["x".repeat(length), "f"]);
  });

  test("no elements", () => {
    const bench = new Bench();
    expect(bench.bytes.toString("hex")).toBe("070000000000ff");
    expect(bench.bytes.length).toBe(LISTPACK_EMPTY);
    expect([bench.lp.first(), bench.lp.last(), bench.lp.seek(0), bench.lp.seek(-1)]).toEqual([0, 0, 0, 0]);
  });
});

describe("reading", () => {
  test.each(INTEGER_EDGES)("integer %s", (digits) => {
    const bench = new Bench([digits]);
    const { lp } = bench;
    const p = lp.first();
    expect(textAt(lp, p)).toBe(digits);
    expect(lp.isInteger).toBe(true);
    const safe = Number.isSafeInteger(Number(digits));
    expect(lp.integer).toBe(safe ? Number(digits) : Number.NaN);
    expect(lp.integerAt(p)).toBe(safe ? Number(digits) : Number.NaN);
  });

  test.each(NO_INTEGERS)("text '%s'", (text) => {
    const { lp } = new Bench([text]);
    expect(textAt(lp, lp.first())).toBe(text);
    expect(lp.isInteger).toBe(false);
    expect(lp.integer).toBeNaN();
    expect(lp.integerAt(lp.first())).toBeNaN();
  });

  test("integers in an encoding longer than needed are the same integers", () => {
    const { lp } = new Bench(["9223372036854775807"]);
    const p = lp.first();
    lp.bytes.fill(0, p + 1, p + 9);
    lp.bytes[p + 1] = 5;
    expect(textAt(lp, p)).toBe("5");
    expect(lp.equals(p, Buffer.from("5"), 0, 1)).toBe(true);
    expect(lp.find(p, Buffer.from("5"), 0, 1, 0)).toBe(p);
  });

  test("every element equals its text and no other", () => {
    const texts = [
      ...INTEGER_EDGES,
      ...NO_INTEGERS,
      "x".repeat(63),
      "x".repeat(64),
      "x".repeat(4095),
      "x".repeat(4096),
    ];
    const { lp } = new Bench(texts);
    for (let i = 0; i < texts.length; i++) {
      const buf = Buffer.from(`<${texts[i]}>`, "latin1");
      for (let j = 0; j < texts.length; j++) {
        expect(lp.equals(lp.seek(j), buf, 1, buf.length - 1)).toBe(texts[i] === texts[j]);
      }
      expect(lp.find(lp.first(), buf, 1, buf.length - 1, 0)).toBe(lp.seek(i));
    }
  });

  test("two flyweights keep what they read apart", () => {
    const { lp, other } = new Bench(["123", "456"]);
    other.open(lp.ref);
    lp.read(lp.first());
    other.read(other.last());
    expect(latin1(lp.value, lp.at, lp.at + lp.length)).toBe("123");
  });
});

describe("more elements than the header can count", () => {
  test("are counted, and the header knows again when they are few enough", () => {
    const { lp } = new Bench();
    for (let i = 0; i < 65_534; i++) lp.appendInteger(i % 100);
    expect(lp.bytes.readUInt16LE(lp.start + 4)).toBe(65_534);
    for (let i = 65_534; i < 65_540; i++) lp.appendInteger(i % 100);
    expect(lp.bytes.readUInt16LE(lp.start + 4)).toBe(65_535);
    expect(lp.count).toBe(65_540);
    expect(textAt(lp, lp.seek(65_539))).toBe("39");
    expect(textAt(lp, lp.seek(-65_540))).toBe("0");
    expect(lp.seek(65_540)).toBe(0);
    expect(lp.seek(-65_541)).toBe(0);
    lp.remove(lp.first(), 10);
    expect(lp.bytes.readUInt16LE(lp.start + 4)).toBe(65_535);
    expect(lp.count).toBe(65_530);
    expect(lp.bytes.readUInt16LE(lp.start + 4)).toBe(65_530);
    lp.remove(lp.first(), 65_529);
    expect(textsForward(lp)).toEqual(["39"]);
  });
});

describe("blocks", () => {
  test("one that is half empty is exchanged for a smaller one", () => {
    const bench = new Bench(Array.from({ length: 1000 }, (_, i) => `element ${i}`));
    expect(bench.heap.usedBytes).toBeLessThan(bench.lp.byteLength * 1.13);
    while (bench.model.length > 3) {
      bench.lp.remove(bench.lp.first());
      bench.model.shift();
      expect(bench.heap.usedBytes).toBeLessThanOrEqual(Math.max(64, bench.lp.byteLength * 2 + 16));
    }
    bench.check();
  });

  test("a large listpack moves rarely while it grows", () => {
    const { lp } = new Bench();
    const element = Buffer.from("x".repeat(100));
    let moves = 0;
    for (let i = 0; i < 10_000; i++) {
      const { ref } = lp;
      lp.append(element, 0, element.length);
      if (lp.ref !== ref) moves++;
    }
    expect(moves).toBeLessThan(130);
  });

  test("one that floats is changed at its front without moving its elements", () => {
    const bench = new Bench(Array.from({ length: 1000 }, (_, i) => `element ${i}`));
    const { lp } = bench;
    const element = Buffer.from("another one");
    lp.openFloating(lp.ref, 0);
    let moves = 0;
    for (let i = 0; i < 1000; i++) {
      const { ref } = lp;
      const end = lp.endPosition;
      lp.prepend(element, 0, element.length);
      if (lp.endPosition !== end) moves++;
      if (lp.ref === ref) expect(lp.gap).toBeGreaterThanOrEqual(0);
    }
    expect(moves).toBeLessThan(25);
    expect(bench.heap.usedBytes).toBeLessThan(lp.byteLength * 1.13);
    for (let i = 0; i < 900; i++) {
      const end = lp.endPosition;
      lp.remove(lp.first());
      expect(lp.endPosition).toBe(end);
    }
    expect(lp.count).toBe(1100);
  });

  test("elementBytes says what an element takes", () => {
    for (const text of [...INTEGER_EDGES, ...NO_INTEGERS, "x".repeat(125), "x".repeat(5000)]) {
      const buf = Buffer.from(`<${text}>`, "latin1");
      expect(Listpack.elementBytes(buf, 1, buf.length - 1)).toBe(listpackBytes([text]).length - LISTPACK_EMPTY);
    }
    for (const digits of INTEGER_EDGES.filter((text) => Number.isSafeInteger(Number(text)))) {
      expect(Listpack.integerBytes(Number(digits))).toBe(listpackBytes([digits]).length - LISTPACK_EMPTY);
    }
  });

  test("canAdd up to a gibibyte", () => {
    const { lp } = new Bench(["x"]);
    expect(lp.canAdd(2 ** 30 - lp.byteLength)).toBe(true);
    expect(lp.canAdd(2 ** 30 - lp.byteLength + 1)).toBe(false);
  });
});

/** Texts of all lengths and encodings, many of them equal to others. */
function randomText(random: Random): string {
  switch (random.integer(0, 5)) {
    case 0:
      return random.edgeInteger();
    case 1:
      return String(random.integer(-5, 130));
    case 2:
      return random.string(random.integer(0, 3), "ab1");
    case 3:
      return random.string(random.pick([62, 63, 64, 65, 124, 125, 126, 127]), "xy");
    case 4:
      return random.chance(0.1) ? random.string(random.pick([4094, 4095, 4096, 4097, 16_378]), "z") : "";
    default:
      return `member:${random.integer(0, 50)}`;
  }
}

test("natural numbers, of every encoding", () => {
  const bench = new Bench();
  const numbers = [0, 1, 127, 128, 4095, 4096, 32767, 32768, 8388607, 8388608, 2147483647];
  for (const n of numbers) {
    const p = bench.append(String(n));
    expect(naturalAt(bench.lp.bytes, p)).toBe(n);
  }
  for (const other of ["-1", "-4097", "-40000", "-9000000", "2147483648", "-2147483649", "x", "y".repeat(5000)]) {
    const p = bench.append(other);
    expect(naturalAt(bench.lp.bytes, p)).toBeLessThan(0);
  }
});

test("random changes against an array", () => randomChanges(false));
test("random changes against an array, floating", () => randomChanges(true));

function randomChanges(floating: boolean): void {
  const bench = new Bench();
  const { lp, other } = bench;
  if (floating) lp.openFloating(lp.ref, 0);
  const place = (random: Random, extra = 0): number => random.integer(0, bench.model.length - 1 + extra);

  function withText(random: Random, run: (buf: Buffer, end: number) => void): string {
    const text = randomText(random);
    run(Buffer.from(`..${text}.`, "latin1"), 2 + text.length);
    return text;
  }

  runOperations({
    seed: 20,
    steps: 20_000,
    checkEvery: 50,
    check: () => bench.check(),
    operations: {
      append: [
        10,
        (random) => {
          const text = withText(random, (buf, end) => expect(lp.append(buf, 2, end)).toBe(lp.last()));
          bench.model.push(text);
          return text;
        },
      ],
      appendInteger: [
        2,
        (random) => {
          const n = Number(random.edgeInteger());
          if (!Number.isSafeInteger(n)) return "none";
          expect(lp.appendInteger(n)).toBe(lp.last());
          bench.model.push(String(n));
          return String(n);
        },
      ],
      prepend: [
        5,
        (random) => {
          const text = withText(random, (buf, end) => expect(lp.prepend(buf, 2, end)).toBe(lp.first()));
          bench.model.unshift(text);
          return text;
        },
      ],
      insertBefore: [
        5,
        (random) => {
          if (bench.model.length === 0) return "none";
          const i = place(random);
          const text = withText(random, (buf, end) => {
            expect(lp.insertBefore(lp.seek(i), buf, 2, end)).toBe(lp.seek(i));
          });
          bench.model.splice(i, 0, text);
          return `${i} ${text}`;
        },
      ],
      insertAfter: [
        5,
        (random) => {
          if (bench.model.length === 0) return "none";
          const i = place(random);
          const text = withText(random, (buf, end) => {
            expect(lp.insertAfter(lp.seek(i), buf, 2, end)).toBe(lp.seek(i + 1));
          });
          bench.model.splice(i + 1, 0, text);
          return `${i} ${text}`;
        },
      ],
      replace: [
        8,
        (random) => {
          if (bench.model.length === 0) return "none";
          const i = place(random);
          if (random.chance(0.2)) {
            const n = random.integer(-100_000, 100_000);
            expect(lp.replaceInteger(lp.seek(i), n)).toBe(lp.seek(i));
            bench.model[i] = String(n);
          } else {
            bench.model[i] = withText(random, (buf, end) => {
              expect(lp.replace(lp.seek(i), buf, 2, end)).toBe(lp.seek(i));
            });
          }
          return `${i} ${bench.model[i]}`;
        },
      ],
      remove: [
        16,
        (random) => {
          if (bench.model.length === 0) return "none";
          const i = place(random);
          const count = random.chance(0.8) ? 1 : random.integer(0, 20);
          const following = count === 1 && random.chance(0.5) ? lp.remove(lp.seek(i)) : lp.remove(lp.seek(i), count);
          bench.model.splice(i, count);
          expect(following).toBe(lp.seek(i));
          return `${i} ${count}`;
        },
      ],
      seek: [
        5,
        (random) => {
          const i = random.integer(-bench.model.length - 2, bench.model.length + 2);
          const p = lp.seek(i);
          const text = bench.model.at(i);
          expect(p === 0 ? undefined : textAt(lp, p)).toBe(text);
          return String(i);
        },
      ],
      find: [
        5,
        (random) => {
          if (bench.model.length === 0) return "none";
          const from = place(random);
          const skip = random.integer(0, 3);
          const text = random.chance(0.5) ? bench.model[place(random)] : randomText(random);
          const index = bench.model.findIndex((t, i) => i >= from && (i - from) % (skip + 1) === 0 && t === text);
          const buf = Buffer.from(text, "latin1");
          expect(lp.find(lp.seek(from), buf, 0, buf.length, skip)).toBe(index < 0 ? 0 : lp.seek(index));
          const looked = index < 0 ? Math.ceil((bench.model.length - from) / (skip + 1)) : (index - from) / (skip + 1);
          expect(lp.passed).toBe(looked);
          const before = bench.model.lastIndexOf(text, from);
          expect(lp.findLast(lp.seek(from), buf, 0, buf.length)).toBe(before < 0 ? 0 : lp.seek(before));
          expect(lp.passed).toBe(from - before);
          expect(lp.find(0, buf, 0, buf.length, skip)).toBe(0);
          return `${text} from ${from} skipping ${skip}`;
        },
      ],
      copy: [
        1,
        () => {
          const { ref, bytes } = lp;
          const copy = lp.copy();
          expect(lp.ref).toBe(ref);
          expect(lp.bytes).toBe(bytes);
          lp.free();
          if (floating) lp.openFloating(copy, 0);
          else lp.open(copy);
          return undefined;
        },
      ],
      "split and join": [
        2,
        (random) => {
          if (bench.model.length === 0) return "none";
          const i = place(random);
          const moved = bench.model.slice(i);
          other.open(lp.splitBefore(lp.seek(i), moved.length));
          expect(textsForward(lp)).toEqual(bench.model.slice(0, i));
          expect(bytesOf(other).equals(listpackBytes(moved))).toBe(true);
          expect(bytesOf(lp).equals(listpackBytes(bench.model.slice(0, i)))).toBe(true);
          if (random.chance(0.5)) {
            lp.appendAll(other);
            other.free();
          } else {
            other.free();
            bench.model.splice(i);
          }
          return String(i);
        },
      ],
    },
  });
  lp.ground();
  bench.check();
  expect(lp.gap).toBe(0);
  lp.free();
  expect(bench.heap.usedBytes).toBe(0);
}

describe("a heap that cannot grow", () => {
  const long = Buffer.from("y".repeat(300));
  const changes: Record<string, (lp: Listpack) => void> = {
    append: (lp) => lp.append(long, 0, long.length),
    prepend: (lp) => lp.prepend(long, 0, long.length),
    insertBefore: (lp) => lp.insertBefore(lp.seek(3), long, 0, long.length),
    insertAfter: (lp) => lp.insertAfter(lp.seek(3), long, 0, long.length),
    replace: (lp) => lp.replace(lp.seek(3), long, 0, long.length),
    copy: (lp) => lp.copy(),
    splitBefore: (lp) => lp.splitBefore(lp.seek(3), lp.count - 3),
    appendInteger: (lp) => {
      for (;;) lp.appendInteger(1);
    },
  };

  test.each(Object.keys(changes))("%s throws and has changed nothing", (name) => {
    const bench = new Bench(Array.from({ length: 20 }, (_, i) => `e${i}`));
    if (name === "appendInteger") while (bench.lp.byteLength < bench.heap.sizeOf(bench.lp.ref) - 1) bench.append("1");
    const { ref } = bench.lp;
    withBlocks(bench.heap, 0, () => expect(() => changes[name](bench.lp)).toThrow(HeapFullError));
    expect(bench.lp.ref).toBe(ref);
    bench.check();
  });

  test("joining throws and has changed neither", () => {
    const bench = new Bench(Array.from({ length: 20 }, (_, i) => `e${i}`));
    bench.other.open(bench.lp.copy());
    withBlocks(bench.heap, 0, () => expect(() => bench.lp.appendAll(bench.other)).toThrow(HeapFullError));
    expect(textsForward(bench.lp)).toEqual(bench.model);
    expect(textsForward(bench.other)).toEqual(bench.model);
  });

  test("removing needs no memory", () => {
    const bench = new Bench(Array.from({ length: 200 }, (_, i) => `e${i}`));
    withBlocks(bench.heap, 0, () => {
      while (bench.model.length > 0) {
        bench.lp.remove(bench.lp.first(), 7);
        bench.model.splice(0, 7);
        bench.check();
      }
    });
  });
});
