/** CRC-64 against the definition, bit by bit. */

import { describe, expect, test } from "bun:test";
import { Crc64 } from "../../../src/persist/rdb/crc64";
import { Random } from "../../support/random";

function sum(bytes: Uint8Array, ...cuts: number[]): Crc64 {
  const crc = new Crc64();
  const ends = [...cuts, bytes.length];
  let start = 0;
  for (const end of ends) {
    crc.update(bytes, start, end);
    start = end;
  }
  return crc;
}

/** Bit by bit, from the definition. */
function reference(bytes: Uint8Array): string {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc.toString(16);
}

describe("CRC-64", () => {
  test("has the check value of the catalogue", () => {
    expect(sum(Buffer.from("123456789")).toString()).toBe("e9c6d914c4b8d9ca");
  });

  test("of nothing is 0", () => expect(sum(Buffer.alloc(0)).toString()).toBe("0"));

  test("is that of the definition, at every length and offset", () => {
    const random = new Random(7);
    for (let length = 0; length < 40; length++) {
      const bytes = random.bytes(length + 3);
      for (let start = 0; start < 3; start++) {
        const part = bytes.subarray(start, start + length);
        expect(sum(part).toString()).toBe(reference(part));
      }
    }
  });

  test("may be taken in pieces", () => {
    const bytes = new Random(8).bytes(100);
    for (let cut = 0; cut <= 100; cut++) expect(sum(bytes, cut).toString()).toBe(sum(bytes).toString());
  });

  test("is written and compared little endian", () => {
    const crc = sum(Buffer.from("123456789"));
    const out = Buffer.alloc(10);
    crc.write(out, 1);
    expect(out.toString("hex")).toBe("00cad9b8c414d9c6e900");
    expect(crc.matches(out, 1)).toBe(true);
    for (let i = 1; i < 9; i++) {
      out[i] ^= 1;
      expect(crc.matches(out, 1)).toBe(false);
      out[i] ^= 1;
    }
  });
});
