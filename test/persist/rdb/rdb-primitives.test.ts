/** Lengths, strings and numbers as RDB files hold them: written, read, and damaged. */

import { describe, expect, test } from "bun:test";
import { RdbError, RdbInput } from "../../../src/persist/rdb/rdb-input";
import { RdbOutput } from "../../../src/persist/rdb/rdb-output";
import { int64 } from "../../../src/util/integers";
import { Random } from "../../support/random";

function written(write: (out: RdbOutput) => void, compress = true): string {
  const out = new RdbOutput(compress);
  write(out);
  return out.buf.subarray(0, out.length).toString("hex");
}

function reading(hex: string): RdbInput {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  return RdbInput.ofBytes(bytes, 0, bytes.length);
}

function stringOf(input: RdbInput): string {
  input.string();
  return Buffer.from(input.value.subarray(input.from, input.from + input.length)).toString("latin1");
}

const SIZES: [number, string][] = [
  [0, "00"],
  [63, "3f"],
  [64, "4040"],
  [16383, "7fff"],
  [16384, "8000004000"],
  [0xffffffff, "80ffffffff"],
  [0x100000000, "810000000100000000"],
  [Number.MAX_SAFE_INTEGER, "81001fffffffffffff"],
];

describe("lengths", () => {
  test.each(SIZES)("%d is %s", (size, hex) => {
    expect(written((out) => out.size(size))).toBe(hex);
    const input = reading(hex);
    expect(input.size()).toBe(size);
    expect(input.left).toBe(0);
    const wide = reading(hex);
    wide.size64();
    expect((BigInt(int64.hi >>> 0) << 32n) | BigInt(int64.lo)).toBe(BigInt(size));
  });

  test("of 64 bits", () => {
    expect(written((out) => out.size64(0xffffffff, 0xfffffffe))).toBe("81fffffffffffffffe");
    const input = reading("81fffffffffffffffe");
    input.size64();
    expect([int64.hi, int64.lo]).toEqual([-1, 0xfffffffe]);
    // As the length of anything it cannot be.
    expect(() => reading("81fffffffffffffffe").size()).toThrow(RdbError);
  });

  test("what is none is an error", () => {
    for (const hex of ["", "40", "80", "80000000", "8100000000", "82", "bf", "c0", "ff"]) {
      expect(() => reading(hex).size()).toThrow(RdbError);
    }
  });
});

const STRINGS: [string, string][] = [
  ["", "00"],
  ["a", "0161"],
  ["0", "c000"],
  ["-1", "c0ff"],
  ["127", "c07f"],
  ["128", "c18000"],
  ["-128", "c080"],
  ["-129", "c17fff"],
  ["32767", "c1ff7f"],
  ["32768", "c200800000"],
  ["-32769", "c2ff7fffff"],
  ["2147483647", "c2ffffff7f"],
  ["-2147483648", "c200000080"],
  ["2147483648", "0a32313437343833363438"],
  ["-2147483649", "0b2d32313437343833363439"],
  ["01", "023031"],
  ["-0", "022d30"],
  ["+1", "022b31"],
  ["-", "012d"],
];

describe("strings", () => {
  test.each(STRINGS)("%j is %s", (text, hex) => {
    expect(written((out) => out.text(text))).toBe(hex);
    expect(stringOf(reading(hex))).toBe(text);
  });

  test("integers are written as their digits would be", () => {
    for (const value of [0n, -1n, 127n, -129n, 2147483647n, 2147483648n, -9223372036854775808n]) {
      const hi = Number(BigInt.asIntN(32, value >> 32n));
      const lo = Number(BigInt.asUintN(32, value));
      expect(written((out) => out.integer(hi, lo))).toBe(written((out) => out.text(String(value))));
    }
  });

  test("long ones are compressed where that helps, and only if asked for", () => {
    const text = "abc".repeat(10);
    expect(written((out) => out.text(text), false)).toBe(`1e${Buffer.from(text).toString("hex")}`);
    const packed = written((out) => out.text(text));
    expect(packed.slice(0, 2)).toBe("c3");
    expect(stringOf(reading(packed))).toBe(text);
    const noise = "The quick brown fox.."; // 21 bytes, nothing twice
    expect(written((out) => out.text(noise)).slice(0, 2)).toBe("15");
    expect(written((out) => out.text("a".repeat(20))).slice(0, 2)).toBe("14");
  });

  test("damaged ones are errors", () => {
    for (const hex of [
      "",
      "02 61",
      "c0",
      "c1 00",
      "c2 000000",
      "c4",
      "c3",
      "c3 02 05 00",
      "c3 02 ff 0061",
      "80 7fffffff 61",
    ]) {
      expect(() => reading(hex).string()).toThrow(RdbError);
    }
    // Claims 2^31 bytes of what could be 88 at most: nothing so large is even asked for.
    expect(() => reading("c3 01 8080000000 00").string()).toThrow("Invalid LZF compressed string");
  });
});

describe("numbers", () => {
  test("times are 8 bytes, little endian", () => {
    expect(written((out) => out.int64(0x01020304, 0x05060708))).toBe("0807060504030201");
    const input = reading("ffffffffffffffff");
    input.int64();
    expect([int64.hi, int64.lo]).toEqual([-1, 0xffffffff]);
  });

  test("doubles are exact", () => {
    for (const value of [0, -0, 1.5, -1e308, 5e-324, Infinity, -Infinity, Number.NaN]) {
      expect(reading(written((out) => out.double(value))).double()).toBe(value);
    }
    expect(written((out) => out.double(1.5))).toBe("000000000000f83f");
  });

  test("old scores are texts", () => {
    expect(reading("03 312e35").textDouble()).toBe(1.5);
    expect(reading("ff").textDouble()).toBe(-Infinity);
    expect(reading("fe").textDouble()).toBe(Infinity);
    expect(reading("fd").textDouble()).toBe(Number.NaN);
  });
});

describe("an output with a sink", () => {
  test("hands everything on in order, and sums it up", () => {
    const random = new Random(3);
    const pieces: Buffer[] = [];
    const out = new RdbOutput(false, (buf, length) => pieces.push(Buffer.from(buf.subarray(0, length))), true);
    const plain = new RdbOutput(false);
    for (const length of [0, 1, 100, 5000, 300_000, 3, 900_000, 17]) {
      const bytes = Buffer.from(random.bytes(length));
      out.string(bytes, 0, length);
      plain.string(bytes, 0, length);
      expect(out.position).toBe(plain.position);
    }
    out.flush();
    const all = Buffer.concat(pieces);
    expect(all.equals(plain.buf.subarray(0, plain.length))).toBe(true);
    expect(pieces.length).toBeGreaterThan(3);
    const input = RdbInput.ofBytes(all, 0, all.length);
    input.checksum = true;
    input.at = all.length;
    input.sumUpTo();
    expect(input.crc.toString()).toBe(out.crc.toString());
  });
});
