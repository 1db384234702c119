/** Field blocks and hashes beside a Map: every length, both encodings, expiry, and all memory given back. */

import { describe, expect, test } from "bun:test";
import { Heap } from "../../src/memory/heap";
import { FIELD_EXPIRY_MAX, FieldBlocks, NO_FIELD_EXPIRY } from "../../src/types/hash/hash-field";
import { eachFieldAsCopy } from "../../src/types/hash/hash-traversal";
import { hashType } from "../../src/types/hash/hash-type";
import { expectNoLeak } from "../support/heap-account";
import { InProcess } from "../support/in-process";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** Lengths on both sides of every limit of the layout. */
const LENGTHS = [0, 1, 13, 14, 15, 16, 30, 252, 253, 254, 255, 256, 0xffff, 0x10000, 70_000];

class Blocks {
  readonly heap = new Heap();
  readonly blocks = new FieldBlocks(this.heap);

  create(field: string, value: string, expireAt: number = NO_FIELD_EXPIRY): number {
    const [a, b] = [bytes(field), bytes(value)];
    return this.blocks.create(a, 0, a.length, b, 0, b.length, expireAt);
  }

  setValue(ref: number, value: string): number {
    return this.blocks.setValue(ref, bytes(value), 0, value.length);
  }

  /** What a block says, as all readers see it. */
  read(ref: number): [field: string, value: string, expireAt: number] {
    const { blocks } = this;
    const located = (): string => blocks.bytes.toString("latin1", blocks.at, blocks.at + blocks.length);
    blocks.locateField(ref);
    const field = located();
    blocks.locateValue(ref);
    return [field, located(), blocks.expireAt(ref)];
  }
}

describe("field blocks", () => {
  test("fields and values of every length, with and without an expiry", () => {
    const fixture = new Blocks();
    for (const fieldLength of LENGTHS) {
      for (const valueLength of LENGTHS) {
        for (const expireAt of [NO_FIELD_EXPIRY, 1, FIELD_EXPIRY_MAX]) {
          const [field, value] = ["f".repeat(fieldLength), "v".repeat(valueLength)];
          const ref = fixture.create(field, value, expireAt);
          expect(fixture.read(ref)).toEqual([field, value, expireAt]);
          expect(fixture.blocks.hasKey(ref, bytes(field), 0, fieldLength)).toBe(true);
          expect(fixture.blocks.hasKey(ref, bytes(`${field}x`), 0, fieldLength + 1)).toBe(false);
          if (fieldLength > 0) expect(fixture.blocks.hasKey(ref, bytes(`x${field}`), 0, fieldLength)).toBe(false);
          const copy = fixture.blocks.copy(ref);
          expect(fixture.read(copy)).toEqual([field, value, expireAt]);
          fixture.heap.free(ref);
          fixture.heap.free(copy);
        }
      }
    }
    expect(fixture.heap.usedBytes).toBe(0);
  });

  test("a field of 12 bytes with a value of 11 takes 24 bytes, and 32 with an expiry", () => {
    const fixture = new Blocks();
    expect(fixture.heap.sizeOf(fixture.create("field:123456", "value123456"))).toBe(24);
    expect(fixture.heap.sizeOf(fixture.create("field:123456", "value123456", 5))).toBe(32);
  });

  test("values and expiries change in any order", () => {
    const fixture = new Blocks();
    let ref = fixture.create("a field", "");
    const model: [string, string, number] = ["a field", "", NO_FIELD_EXPIRY];
    runOperations({
      seed: 3,
      steps: 20_000,
      checkEvery: 1,
      operations: {
        setValue: [
          3,
          (random) => {
            model[1] = "v".repeat(random.pick(LENGTHS));
            ref = fixture.setValue(ref, model[1]);
            return String(model[1].length);
          },
        ],
        setExpiry: [
          2,
          (random) => {
            model[2] = random.pick([NO_FIELD_EXPIRY, 1, 2 ** 40, FIELD_EXPIRY_MAX]);
            ref = fixture.blocks.setExpiry(ref, model[2]);
            return String(model[2]);
          },
        ],
      },
      check: () => expect(fixture.read(ref)).toEqual(model),
    });
    fixture.heap.free(ref);
    expect(fixture.heap.usedBytes).toBe(0);
  });
});

interface Field {
  value: string;
  expireAt: number;
}

/** A hash and its model. */
class Pair {
  readonly redbun: InProcess;
  readonly model = new Map<string, Field>();

  constructor(maxEntries: number) {
    this.redbun = new InProcess({ "hash-max-listpack-entries": String(maxEntries) });
    this.redbun.run("HSET h first 1");
    this.model.set("first", { value: "1", expireAt: NO_FIELD_EXPIRY });
  }

  /** The hash, open. */
  get hashes() {
    const { hashes } = hashType(this.redbun.keyspace);
    hashes.open(this.redbun.entry("h"));
    return hashes;
  }

  find(field: string): boolean {
    return this.hashes.find(bytes(field), 0, field.length);
  }

  put(field: string, value: string, keepsExpiry: boolean): void {
    const before = this.model.get(field);
    const isNew = this.hashes.put(bytes(field), 0, field.length, bytes(value), 0, value.length, keepsExpiry);
    expect(isNew).toBe(before === undefined);
    this.model.set(field, { value, expireAt: keepsExpiry ? (before?.expireAt ?? NO_FIELD_EXPIRY) : NO_FIELD_EXPIRY });
  }

  remove(field: string): void {
    // The last field stays: commands delete a hash without fields.
    if (this.model.size === 1) return;
    const { hashes } = this;
    const found = hashes.find(bytes(field), 0, field.length);
    expect(found).toBe(this.model.delete(field));
    if (found) hashes.removeFound();
  }

  expire(field: string, expireAt: number): void {
    const { hashes } = this;
    hashes.addTimer();
    const found = hashes.find(bytes(field), 0, field.length);
    const model = this.model.get(field);
    expect(found).toBe(model !== undefined);
    if (model === undefined) return;
    hashes.setExpiry(bytes(field), 0, field.length, expireAt);
    model.expireAt = expireAt;
  }

  check(): void {
    const { hashes } = this;
    expect(hashes.size).toBe(this.model.size);
    const order: number[] = [];
    const seen = new Map<string, Field>();
    eachFieldAsCopy(hashes, (field, value, expireAt) => {
      seen.set(Buffer.from(field).toString("latin1"), { value: Buffer.from(value).toString("latin1"), expireAt });
      order.push(expireAt === NO_FIELD_EXPIRY ? Number.POSITIVE_INFINITY : expireAt);
    });
    expect(seen.size).toBe(order.length);
    expect([...seen].sort()).toEqual([...this.model].sort());
    if (hashes.isPacked) expect(order).toEqual([...order].sort((a, b) => a - b));
    const expiries = [...this.model.values()].map(({ expireAt }) => expireAt).filter((at) => at !== NO_FIELD_EXPIRY);
    if (expiries.length > 0) expect(hashes.timers.deadline(hashes.timer)).toBeLessThanOrEqual(Math.min(...expiries));
    expectNoLeak(this.redbun);
  }
}

const VALUES = ["", "1", "-300", "text", "9223372036854775807", "v".repeat(15), "v".repeat(16), "v".repeat(64)];

for (const [name, maxEntries] of [
  ["a listpack", 512],
  ["a hash table", 0],
  ["one that grows", 20],
] as const) {
  test(`${name} beside a Map`, () => {
    const pair = new Pair(maxEntries);
    const far = pair.redbun.clock.now() + 1_000_000;
    const field = (random: Random): string => random.pick(["a", "17", "", `f${random.integer(0, 40)}`]);
    runOperations({
      seed: 4,
      steps: 6000,
      checkEvery: 50,
      operations: {
        put: [6, (random) => run((f) => pair.put(f, random.pick(VALUES), random.chance(0.5)), field(random))],
        remove: [3, (random) => run((f) => pair.remove(f), field(random))],
        expire: [3, (random) => run((f) => pair.expire(f, far + random.integer(0, 30)), field(random))],
        persist: [1, (random) => run((f) => pair.expire(f, NO_FIELD_EXPIRY), field(random))],
        find: [2, (random) => run((f) => expect(pair.find(f)).toBe(pair.model.has(f)), field(random))],
      },
      check: () => pair.check(),
    });
    expect(pair.hashes.isPacked).toBe(maxEntries === 512);
  });
}

/** Runs an operation on a field, and says on which. */
function run(operation: (field: string) => void, field: string): string {
  operation(field);
  return field;
}
