/** Stream IDs against BigInt. */

import { describe, expect, test } from "bun:test";
import { int64, int64ToBigInt } from "../../src/util/integers";
import { SeededRandom as Random } from "../../src/util/random";
import { StreamId } from "../../src/util/stream-id";

const MASK = 2n ** 64n - 1n;
const EDGES = [
  0n,
  1n,
  9n,
  10n,
  999_999_999n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
];
const VALUES = [...EDGES, 2n ** 63n + 1n, MASK - 10n ** 9n, MASK - 1n, MASK];

function parse(text: string, fillMax = false): string {
  const bytes = Buffer.from(text, "latin1");
  const id = new StreamId();
  return id.parse(bytes, 0, bytes.length, fillMax) ? id.toString() : "invalid";
}

function idOf(ms: bigint, seq: bigint): StreamId {
  const id = new StreamId();
  id.set(Number(ms >> 32n), Number(ms & 0xffffffffn), Number(seq >> 32n), Number(seq & 0xffffffffn));
  return id;
}

const number = (id: StreamId): bigint =>
  (BigInt(id.msHi >>> 0) << 96n) |
  (BigInt(id.msLo >>> 0) << 64n) |
  (BigInt(id.seqHi >>> 0) << 32n) |
  BigInt(id.seqLo >>> 0);

function randomValue(random: Random): bigint {
  if (random.below(3) === 0) return VALUES[random.below(VALUES.length)];
  const bits = (BigInt(random.next32()) << 32n) | BigInt(random.next32());
  return bits >> BigInt(random.below(64));
}

describe("text", () => {
  test("all edges are written and read back", () => {
    for (const ms of VALUES) {
      for (const seq of VALUES) {
        expect(idOf(ms, seq).toString()).toBe(`${ms}-${seq}`);
        expect(parse(`${ms}-${seq}`)).toBe(`${ms}-${seq}`);
      }
    }
  });

  test("a missing sequence is the smallest or the largest", () => {
    expect(parse("5")).toBe("5-0");
    expect(parse("5", true)).toBe(`5-${MASK}`);
    expect(parse("5-7", true)).toBe("5-7");
  });

  test("what is no ID", () => {
    for (const text of ["", "-", "+", "x", "1-", "-1", "1-x", "1-1-1", "1- ", "1.5", "$", "*", "1-*", `${MASK + 1n}`]) {
      expect(parse(text)).toBe("invalid");
    }
    expect(parse(`1-${"0".repeat(124)}1`)).toBe("1-1");
    expect(parse(`1-${"0".repeat(125)}1`)).toBe("invalid");
  });

  test("integers are read as strtoull does where they are not plain ones", () => {
    expect(parse("01-002")).toBe("1-2");
    expect(parse(" 1-+2")).toBe("1-2");
    expect(parse("1--5")).toBe("invalid");
    expect(parse("1--05")).toBe(`1-${MASK - 4n}`);
    expect(parse("1-2\x00junk")).toBe("1-2");
  });
});

describe("arithmetic", () => {
  test("increment and decrement carry through all words, and wrap at the ends", () => {
    const random = new Random(1);
    for (let i = 0; i < 2000; i++) {
      const id = idOf(randomValue(random), randomValue(random));
      const before = number(id);
      const last = before === 2n ** 128n - 1n;
      expect(id.increment()).toBe(!last);
      expect(number(id)).toBe(last ? 0n : before + 1n);
      expect(id.decrement()).toBe(!last);
      expect(number(id)).toBe(before);
    }
    const id = idOf(MASK, MASK);
    expect(id.isMax).toBe(true);
    expect(id.increment()).toBe(false);
    expect(id.isMin).toBe(true);
    expect(id.decrement()).toBe(false);
    expect(id.isMax).toBe(true);
  });

  test("order, differences and offsets", () => {
    const random = new Random(2);
    for (let i = 0; i < 2000; i++) {
      const a = idOf(randomValue(random), randomValue(random));
      const b = random.below(4) === 0 ? idOf(number(a) >> 64n, 7n) : idOf(randomValue(random), 3n);
      const order = number(a) < number(b) ? -1 : number(a) > number(b) ? 1 : 0;
      expect(Math.sign(a.compare(b))).toBe(order);
      expect(a.equals(b)).toBe(order === 0);
      a.timeSince(b);
      const { hi: msHi, lo: msLo } = int64;
      expect(BigInt.asUintN(64, int64ToBigInt(msHi, msLo))).toBe(((number(a) >> 64n) - (number(b) >> 64n)) & MASK);
      a.sequenceSince(b);
      const sum = new StreamId();
      sum.setOffset(b, msHi, msLo, int64.hi, int64.lo);
      expect(sum.toString()).toBe(a.toString());
    }
  });

  test("a few units on", () => {
    const random = new Random(3);
    for (let i = 0; i < 2000; i++) {
      const from = idOf(randomValue(random), randomValue(random));
      const [ms, seq] = [random.below(2 ** 31), random.below(2 ** 31)];
      const sum = new StreamId();
      sum.setNear(from, ms, seq);
      expect(number(sum) >> 64n).toBe(((number(from) >> 64n) + BigInt(ms)) & MASK);
      expect(number(sum) & MASK).toBe((number(from) + BigInt(seq)) & MASK);
    }
  });

  test("a time in ms", () => {
    const id = new StreamId();
    id.setTime(1_700_000_000_123);
    expect(id.toString()).toBe("1700000000123-0");
    expect(idOf(1n, MASK).isLastOfTime).toBe(true);
    expect(idOf(1n, MASK - 1n).isLastOfTime).toBe(false);
    expect(idOf(9n, 1n).hasTimeOf(idOf(9n, 2n))).toBe(true);
  });
});
