/** The map by bytes against a Map. */

import { describe, expect, test } from "bun:test";
import { KeyHasher } from "../../src/memory/hash";
import { ByteMap, ByteMapEntry } from "../../src/session/byte-map";
import { runOperations, seedFromEnvironment } from "../support/model";
import { Random } from "../support/random";

class Named extends ByteMapEntry {
  constructor(
    map: ByteMap<Named>,
    readonly name: string,
  ) {
    const key = Buffer.from(name, "latin1");
    super(key, map.hash(key, 0, key.length));
  }
}

function find(map: ByteMap<Named>, name: string): Named | null {
  const buf = Buffer.from(`<${name}>`, "latin1");
  return map.get(buf, 1, buf.length - 1);
}

describe("ByteMap", () => {
  test("against a Map, growing and shrinking", () => {
    const map = new ByteMap<Named>(new KeyHasher(1, 2));
    const model = new Map<string, Named>();
    // Long phases of mostly adding and mostly removing, so that it is large and empty in turn.
    let step = 0;
    const name = (random: Random): string => `${random.integer(0, 3000)}`;
    runOperations({
      seed: 77,
      steps: 60_000,
      checkEvery: 5000,
      operations: {
        addOrRemove: [
          8,
          (random) => {
            const each = name(random);
            const known = model.get(each);
            const growing = Math.floor(step++ / 10_000) % 2 === 0;
            if (known === undefined && (growing || random.chance(0.1))) {
              const added = new Named(map, each);
              model.set(each, added);
              map.add(added);
              return `add ${each}`;
            }
            if (known === undefined || (growing && !random.chance(0.1))) return undefined;
            model.delete(each);
            map.remove(known);
            return `remove ${each}`;
          },
        ],
        find: [
          2,
          (random) => {
            const each = name(random);
            expect(find(map, each)).toBe(model.get(each) ?? null);
            return `find ${each}`;
          },
        ],
      },
      check: () => {
        expect(map.size).toBe(model.size);
        expect([...map.values()].map((entry) => entry.name).sort()).toEqual([...model.keys()].sort());
      },
    });
    for (const entry of model.values()) map.remove(entry);
    expect(map.size).toBe(0);
    expect([...map.values()]).toEqual([]);
  });

  test("of a few entries, again and again", () => {
    const random = new Random(seedFromEnvironment(31));
    for (let round = 0; round < 300; round++) {
      const map = new ByteMap<Named>(new KeyHasher(random.integer(0, 1e9), round));
      const model = new Map<string, Named>();
      for (let step = 0; step < 60; step++) {
        const name = `${random.integer(0, 8)}`;
        const known = model.get(name);
        expect(find(map, name)).toBe(known ?? null);
        if (known === undefined) model.set(name, new Named(map, name));
        else model.delete(name);
        if (known === undefined) map.add(model.get(name) as Named);
        else map.remove(known);
        expect([...map.values()].map((entry) => entry.name).sort()).toEqual([...model.keys()].sort());
      }
    }
  });

  test("keys are bytes: empty, and with equal beginnings", () => {
    const map = new ByteMap<Named>(new KeyHasher(3, 4));
    for (const name of ["", "a", "a\0", "a\0\0", "\xff"]) map.add(new Named(map, name));
    for (const name of ["", "a", "a\0", "a\0\0", "\xff"]) expect(find(map, name)?.name).toBe(name);
    expect(find(map, "b")).toBeNull();
  });
});
