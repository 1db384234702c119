/** Databases against a Map of values and expiries, and the operations that only they have. */

import { describe, expect, test } from "bun:test";
import { ENCODING_INT, ENCODING_RAW_BLOCK, NO_EXPIRY, TYPE_LIST } from "../../src/db/entry";
import { runOperations } from "../support/model";
import type { Random } from "../support/random";
import { Fixture } from "./fixture";

const LENGTHS = [0, 1, 253, 254, 255, 65_535, 65_536, 1 << 20];

interface Known {
  value: string;
  expireAt: number;
}

describe("against a Map", () => {
  test("random sets, removals, expiries, renames, copies and time passing, with all memory accounted for", () => {
    const fixture = new Fixture();
    const { db, keyspace, clock } = fixture;
    const { entries, heap } = keyspace;
    const model = new Map<string, Known>();
    const pick = (random: Random): string => {
      const i = random.integer(0, 400);
      return i % 50 === 0 ? `${"long".repeat(70)}:${i}` : `key:${i}`;
    };
    const alive = (key: string): Known | undefined => {
      const known = model.get(key);
      if (known === undefined || known.expireAt === NO_EXPIRY || known.expireAt >= clock.now()) return known;
      model.delete(key);
      return undefined;
    };
    const future = (random: Random): number => clock.now() + random.integer(1, 5000);
    runOperations({
      seed: 31,
      steps: 40_000,
      checkEvery: 4000,
      operations: {
        set: [
          10,
          (random) => {
            const key = pick(random);
            const value = random.chance(0.3)
              ? String(random.integer(-1e9, 1e9))
              : random.string(random.pick([0, 3, 20, 44, 45, 100, 300, 4000, 4200, 9000]));
            const expireAt = random.chance(0.3) ? future(random) : NO_EXPIRY;
            fixture.set(key, value, expireAt);
            model.set(key, { value, expireAt });
            return `${key} ${value.length} ${expireAt}`;
          },
        ],
        get: [
          10,
          (random) => {
            const key = pick(random);
            expect(fixture.get(key)).toBe(alive(key)?.value as string);
            return key;
          },
        ],
        remove: [
          5,
          (random) => {
            const key = pick(random);
            expect(fixture.remove(key)).toBe(alive(key) !== undefined);
            model.delete(key);
            return key;
          },
        ],
        expire: [
          5,
          (random) => {
            const key = pick(random);
            const known = alive(key);
            if (known === undefined) return undefined;
            known.expireAt = random.chance(0.4) ? NO_EXPIRY : future(random);
            const ref = fixture.expireAt(key, known.expireAt);
            expect(entries.expireAt(ref)).toBe(known.expireAt);
            return `${key} ${known.expireAt}`;
          },
        ],
        copy: [
          4,
          (random) => {
            const [from, to] = [pick(random), pick(random)];
            const known = alive(from);
            if (known === undefined || from === to) return undefined;
            const target = Buffer.from(to, "latin1");
            const source = fixture.find(from);
            const existing = db.peek(target, 0, target.length);
            db.put(existing, keyspace.copyEntry(source, target, 0, target.length), false);
            model.set(to, { ...known });
            return `${from} ${to}`;
          },
        ],
        wait: [
          1,
          (random) => {
            fixture.advance(random.integer(0, 400));
            return undefined;
          },
        ],
      },
      check: () => {
        for (const key of [...model.keys()]) alive(key);
        for (const key of fixture.keys()) {
          const ref = fixture.find(key);
          if (db.isExpired(ref)) db.expireEntry(ref);
        }
        expect(fixture.keys().sort()).toEqual([...model.keys()].sort());
        expect(db.size).toBe(model.size);
        expect(db.expires).toBe([...model.values()].filter((known) => known.expireAt !== NO_EXPIRY).length);
        let bytes = 0;
        for (const [key, known] of model) {
          const ref = fixture.find(key);
          expect(fixture.value(ref)).toBe(known.value);
          expect(entries.expireAt(ref)).toBe(known.expireAt);
          bytes += heap.sizeOf(ref);
          if (entries.encoding(ref) === ENCODING_RAW_BLOCK) bytes += heap.sizeOf(entries.valueWord(ref, 0));
        }
        const indexes = keyspace.databases.reduce((sum, each) => sum + each.index.bytes, 0);
        expect(heap.usedBytes).toBe(bytes + indexes);
      },
    });
    for (const key of [...model.keys()]) fixture.remove(key);
    expect(heap.usedBytes).toBe(fixture.emptyBytes);
  });
});

describe("keys and values of every length", () => {
  for (const keyLength of LENGTHS) {
    test(`a key of ${keyLength} bytes`, () => {
      const fixture = new Fixture();
      const { entries, heap } = fixture.keyspace;
      const key = "k".repeat(keyLength);
      for (const valueLength of LENGTHS) {
        const value = "v".repeat(valueLength);
        fixture.set(key, value);
        expect(fixture.get(key)).toBe(value);
        // An expiry added and removed moves the entry, and keeps value and LRU bits.
        entries.setLru(fixture.find(key), 4711);
        const at = fixture.clock.now() + 1000;
        const moved = fixture.expireAt(key, at);
        expect([entries.expireAt(moved), entries.lru(moved), fixture.db.expires]).toEqual([at, 4711, 1]);
        expect(fixture.value(fixture.find(key))).toBe(value);
        const back = fixture.expireAt(key, NO_EXPIRY);
        expect([entries.expireAt(back), entries.lru(back), fixture.db.expires]).toEqual([NO_EXPIRY, 4711, 0]);
        expect(fixture.value(fixture.find(key))).toBe(value);
        expect(fixture.db.size).toBe(1);
      }
      expect(fixture.remove(key)).toBe(true);
      expect(heap.usedBytes).toBe(fixture.emptyBytes);
    });
  }
});

describe("expiry on access", () => {
  test("a key is there in its last millisecond and gone in the next, counted once, announced once", () => {
    const fixture = new Fixture();
    fixture.set("k", "v", fixture.clock.now() + 10);
    fixture.advance(10);
    expect(fixture.get("k")).toBe("v");
    fixture.advance(1);
    expect(fixture.db.size).toBe(1);
    expect(fixture.get("k")).toBeUndefined();
    expect(fixture.get("k")).toBeUndefined();
    expect(fixture.db.size).toBe(0);
    expect(fixture.expired).toEqual(["0:k"]);
    expect(fixture.keyspace.stats.expired).toBe(1);
    expect(fixture.keyspace.stats.hits).toBe(1);
    expect(fixture.keyspace.stats.misses).toBe(2);
    expect(fixture.keyspace.heap.usedBytes).toBe(fixture.emptyBytes);
  });

  test("hidden keys are missing but stay, ignored ones are there", () => {
    const fixture = new Fixture();
    fixture.set("k", "v", fixture.clock.now() + 10);
    fixture.advance(11);
    fixture.keyspace.expiry = "hide";
    expect(fixture.get("k")).toBeUndefined();
    expect(fixture.db.isExpired(fixture.find("k"))).toBe(true);
    expect(fixture.db.randomEntry()).toBe(0);
    expect(fixture.db.size).toBe(1);
    fixture.keyspace.expiry = "ignore";
    expect(fixture.get("k")).toBe("v");
    expect(fixture.db.isExpired(fixture.find("k"))).toBe(false);
    expect(fixture.expired).toEqual([]);
    fixture.keyspace.expiry = "delete";
    expect(fixture.get("k")).toBeUndefined();
    expect(fixture.expired).toEqual(["0:k"]);
  });

  test("a set over an expired key is one over no key", () => {
    const fixture = new Fixture();
    fixture.set("k", "old", fixture.clock.now() + 10);
    fixture.advance(11);
    fixture.set("k", "new");
    expect(fixture.get("k")).toBe("new");
    expect(fixture.expired).toEqual(["0:k"]);
    expect(fixture.db.expires).toBe(0);
  });
});

describe("random entries", () => {
  test("are never expired, however few are alive", () => {
    const fixture = new Fixture();
    for (let i = 0; i < 20_000; i++) fixture.set(`dead:${i}`, "x", fixture.clock.now() + 1);
    fixture.set("alive", "x");
    fixture.set("also", "x", fixture.clock.now() + 10_000);
    fixture.advance(2);
    const seen = new Set<string>();
    for (let i = 0; i < 100; i++) seen.add(fixture.key(fixture.db.randomEntry()));
    expect([...seen].sort()).toEqual(["alive", "also"]);
    // Expired ones that came up are deleted, a bounded number each time.
    expect(fixture.keyspace.stats.expired).toBeGreaterThan(0);
    expect(fixture.keyspace.stats.expired).toBe(20_002 - fixture.db.size);
  });

  test("there is none where all have expired", () => {
    const fixture = new Fixture();
    for (let i = 0; i < 1000; i++) fixture.set(`dead:${i}`, "x", fixture.clock.now() + 1);
    fixture.advance(2);
    expect(fixture.db.randomEntry()).toBe(0);
    expect(fixture.db.size).toBeLessThan(1000);
  });
});

describe("copies", () => {
  test("share nothing with the original", () => {
    const fixture = new Fixture();
    const { keyspace, db } = fixture;
    for (const value of ["short", "12345", "x".repeat(5000), "y".repeat(100_000)]) {
      const original = fixture.set("from", value, fixture.clock.now() + 50);
      keyspace.entries.setLru(original, 5);
      const key = Buffer.from("to");
      const existing = db.peek(key, 0, 2);
      db.put(existing, keyspace.copyEntry(original, key, 0, 2), false);
      const copy = fixture.find("to");
      expect(fixture.value(copy)).toBe(value);
      expect(keyspace.entries.expireAt(copy)).toBe(fixture.clock.now() + 50);
      expect(keyspace.entries.lru(copy)).toBe(keyspace.access.initial());
      fixture.remove("from");
      fixture.set("other", "z".repeat(value.length));
      expect(fixture.get("to")).toBe(value);
    }
    for (const key of ["to", "other"]) fixture.remove(key);
    expect(keyspace.heap.usedBytes).toBe(fixture.emptyBytes);
  });

  test("of a collection are completed by its type's copier, and freed by its releaser", () => {
    const fixture = new Fixture();
    const { keyspace, db } = fixture;
    const { entries, heap } = keyspace;
    keyspace.registerReleaser(TYPE_LIST, {
      release: (root) => {
        heap.free(root);
        return true;
      },
      effort: () => 1,
    });
    keyspace.registerCopier(TYPE_LIST, (original, copy) => {
      const block = heap.allocate(heap.sizeOf(entries.valueWord(original, 0)));
      entries.setValueWord(copy, 0, block);
    });
    const key = Buffer.from("list");
    db.peek(key, 0, 4);
    const shape = { type: TYPE_LIST, encoding: 9, expireAt: NO_EXPIRY, lru: 0, inlineLength: 0 };
    const ref = db.store(0, shape, key, 0, 4);
    entries.setValueWord(ref, 0, heap.allocate(500));
    const copy = keyspace.copyEntry(ref, Buffer.from("copy"), 0, 4);
    expect(entries.type(copy)).toBe(TYPE_LIST);
    expect(entries.encoding(copy)).toBe(9);
    expect(entries.valueWord(copy, 0)).not.toBe(entries.valueWord(ref, 0));
    fixture.find("copy");
    db.put(0, copy, false);
    keyspace.flush(-1, false);
    expect(heap.usedBytes).toBe(fixture.emptyBytes);
  });
});

describe("databases", () => {
  test("are apart, and swapping exchanges contents with expiries", () => {
    const fixture = new Fixture();
    const [first, second] = fixture.keyspace.databases;
    fixture.set("k", "first", NO_EXPIRY, first);
    fixture.set("k", "second", fixture.clock.now() + 100, second);
    fixture.set("l", "12", NO_EXPIRY, second);
    expect(fixture.keyspace.size).toBe(3);
    fixture.keyspace.swap(0, 1);
    expect([first.size, first.expires, second.size, second.expires]).toEqual([2, 1, 1, 0]);
    expect([fixture.get("k", first), fixture.get("k", second)]).toEqual(["second", "first"]);
    expect(fixture.keyspace.entries.encoding(fixture.find("l", first))).toBe(ENCODING_INT);
    fixture.keyspace.swap(1, 1);
    expect(fixture.get("k", second)).toBe("first");
  });

  test("store keeps an expiry beyond 2^53 exact when it stays", () => {
    const fixture = new Fixture();
    const { entries } = fixture.keyspace;
    const key = Buffer.from("k");
    fixture.set("k", "v");
    fixture.db.setExpiry64(fixture.find("k"), 0x7fffffff, 0xfffffffe, key, 0, 1);
    for (const value of ["w".repeat(500), "12", "13", "x".repeat(5000)]) {
      const ref = fixture.set("k", value, entries.expireAt(fixture.find("k")));
      expect([entries.expiryHi(ref), entries.expiryLo(ref)]).toEqual([0x7fffffff, 0xfffffffe]);
    }
    expect(fixture.db.expires).toBe(1);
  });
});
