/** Eviction over a keyspace alone: policies, time limits, and what waits to be freed. */

import { beforeEach, describe, expect, test } from "bun:test";
import { NO_EXPIRY } from "../../src/db/entry";
import {
  EVICTION_FAILED,
  EVICTION_OK,
  EVICTION_RUNNING,
  type EvictionHost,
  Evictor,
  evictionMicros,
} from "../../src/db/eviction";
import { Fixture } from "./fixture";

const KEYS = 2000;

class Host implements EvictionHost {
  limit = Number.POSITIVE_INFINITY;
  timesEvents = false;
  readonly events: [string, number][] = [];

  constructor(private readonly fixture: Fixture) {}

  excess(): number {
    return this.fixture.keyspace.heap.usedBytes - this.limit;
  }

  timed(event: string, micros: number): void {
    this.events.push([event, micros]);
  }
}

let fixture: Fixture;
let host: Host;
let evictor: Evictor;

beforeEach(() => {
  fixture = new Fixture();
  host = new Host(fixture);
  evictor = new Evictor(fixture.keyspace, host);
});

function key(i: number): string {
  return `key:${String(i).padStart(6, "0")}`;
}

/** Keys of a database that are still there, by number. */
function survivors(db = fixture.db): number[] {
  return fixture.keys(db).map((name) => Number(name.slice(4)));
}

/** Lowers the limit so that about a `share` of what is in use has to go. */
function squeeze(share: number): void {
  const used = fixture.keyspace.heap.usedBytes - fixture.emptyBytes;
  host.limit = fixture.emptyBytes + used * (1 - share);
}

function fill(expireAt: (i: number) => number = () => NO_EXPIRY, db = fixture.db): void {
  for (let i = 0; i < KEYS; i++) fixture.set(key(i), "x".repeat(40), expireAt(i), db);
}

test("nothing is evicted while there is memory enough", () => {
  evictor.setPolicy("allkeys-random");
  fill();
  expect(evictor.run()).toBe(EVICTION_OK);
  expect(fixture.db.size).toBe(KEYS);
  expect(host.events).toEqual([]);
});

test("noeviction evicts nothing, and fails", () => {
  evictor.setPolicy("noeviction");
  fill();
  squeeze(0.5);
  expect(evictor.run()).toBe(EVICTION_FAILED);
  expect(fixture.db.size).toBe(KEYS);
});

describe("each policy takes the right keys", () => {
  /** Every key is as old as its number says: the smaller, the older. */
  function ageKeys(): void {
    const { access, entries } = fixture.keyspace;
    access.update(fixture.clock.now());
    for (let i = 0; i < KEYS; i++) {
      const ref = fixture.find(key(i));
      entries.setLru(ref, (access.clock() - (KEYS - i) * 60 + 0x1000000) & 0xffffff);
    }
  }

  /**
   * The average number of the keys that were evicted, compared with that of as many of the first keys: 1 is the exact
   * order, and a random one gives KEYS divided by the number of keys that were evicted.
   */
  function disorder(): number {
    const kept = survivors();
    const evicted = KEYS - kept.length;
    const sum = (KEYS * (KEYS - 1)) / 2 - kept.reduce((a, b) => a + b, 0);
    return sum / evicted / ((evicted - 1) / 2);
  }

  test("allkeys-lru: the oldest", () => {
    evictor.setPolicy("allkeys-lru");
    fill();
    ageKeys();
    squeeze(0.3);
    expect(evictor.run()).toBe(EVICTION_OK);
    expect(host.excess()).toBeLessThanOrEqual(0);
    expect(disorder()).toBeLessThan(1.3);
    expect(fixture.keyspace.stats.evicted).toBe(KEYS - fixture.db.size);
  });

  test("more samples come nearer to the exact order", () => {
    evictor.setPolicy("allkeys-lru");
    evictor.samples = 64;
    fill();
    ageKeys();
    squeeze(0.3);
    expect(evictor.run()).toBe(EVICTION_OK);
    expect(disorder()).toBeLessThan(1.03);
  });

  test("allkeys-lfu: what is used least", () => {
    const { access, entries } = fixture.keyspace;
    access.lfu = true;
    evictor.setPolicy("allkeys-lfu");
    fill();
    for (let i = 0; i < KEYS; i++) {
      const ref = fixture.find(key(i));
      entries.setLru(ref, (entries.lru(ref) & 0xffff00) | Math.floor((i * 200) / KEYS));
    }
    squeeze(0.3);
    expect(evictor.run()).toBe(EVICTION_OK);
    expect(disorder()).toBeLessThan(1.3);
  });

  test("volatile-ttl: what expires first, and nothing without an expiry", () => {
    evictor.setPolicy("volatile-ttl");
    const now = fixture.clock.now();
    fill((i) => (i % 2 === 0 ? NO_EXPIRY : now + 1000 + i));
    squeeze(0.2);
    expect(evictor.run()).toBe(EVICTION_OK);
    const kept = survivors();
    expect(kept.filter((i) => i % 2 === 0)).toHaveLength(KEYS / 2);
    const odd = kept.filter((i) => i % 2 === 1);
    // 600 of 1000 are left: 1400 on average in an exact order.
    expect(odd.reduce((a, b) => a + b, 0) / odd.length).toBeGreaterThan(1300);
  });

  for (const policy of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"]) {
    test(`${policy}: only what has an expiry, and then nothing more`, () => {
      fixture.keyspace.access.lfu = policy === "volatile-lfu";
      evictor.setPolicy(policy);
      const later = fixture.clock.now() + 1e6;
      fill((i) => (i % 10 === 0 ? later : NO_EXPIRY));
      squeeze(0.05);
      expect(evictor.run()).toBe(EVICTION_OK);
      expect(survivors().filter((i) => i % 10 !== 0)).toHaveLength(KEYS * 0.9);
      squeeze(0.5);
      expect(evictor.run()).toBe(EVICTION_FAILED);
      expect(fixture.db.size).toBe(KEYS * 0.9);
      expect(fixture.db.expires).toBe(0);
    });
  }

  test("allkeys-random: all alike, of all databases in turn", () => {
    evictor.setPolicy("allkeys-random");
    const [, other] = fixture.keyspace.databases;
    fill();
    fill(() => NO_EXPIRY, other);
    squeeze(0.5);
    expect(evictor.run()).toBe(EVICTION_OK);
    expect(Math.abs(fixture.db.size - other.size)).toBeLessThanOrEqual(1);
    const random = KEYS / (KEYS - fixture.db.size);
    expect(disorder() / random).toBeGreaterThan(0.92);
    expect(disorder() / random).toBeLessThan(1.08);
  });

  test("candidates come from all databases", () => {
    evictor.setPolicy("allkeys-lru");
    const { access, entries, databases } = fixture.keyspace;
    access.update(fixture.clock.now());
    fill();
    fill(() => NO_EXPIRY, databases[1]);
    databases[1].scan(0, Number.POSITIVE_INFINITY, (ref) => entries.setLru(ref, access.clock() - 1000));
    squeeze(0.4);
    expect(evictor.run()).toBe(EVICTION_OK);
    expect(fixture.db.size).toBe(KEYS);
    expect(databases[1].size).toBeLessThan(KEYS * 0.3);
  });
});

test("a candidate that was used since it was sampled is no candidate any more", () => {
  evictor.setPolicy("allkeys-lru");
  const { access, entries } = fixture.keyspace;
  access.update(fixture.clock.now());
  fixture.set("a", "1");
  fixture.set("b", "2");
  for (const name of ["a", "b"]) entries.setLru(fixture.find(name), access.clock() - (name === "a" ? 1000 : 500));
  fixture.set("c", "3");
  // Of three keys all are sampled: "a" goes, and "b" waits in the pool as the next best.
  host.limit = fixture.keyspace.heap.usedBytes - 1;
  expect(evictor.run()).toBe(EVICTION_OK);
  expect(fixture.keys().sort()).toEqual(["b", "c"]);
  fixture.advance(10_000);
  access.update(fixture.clock.now());
  fixture.get("b");
  host.limit = fixture.keyspace.heap.usedBytes - 1;
  expect(evictor.run()).toBe(EVICTION_OK);
  expect(fixture.keys()).toEqual(["b"]);
});

test("hooks hear of evicted keys", () => {
  evictor.setPolicy("allkeys-random");
  const heard: string[] = [];
  const nothing = (): void => {};
  fixture.keyspace.listen({
    keyChanged: nothing,
    keyEvent: nothing,
    keyExpired: nothing,
    keyEvicted: (db, bytes, start, end) =>
      heard.push(`${db.id}:${Buffer.from(bytes.subarray(start, end)).toString("latin1")}`),
    keyCreated: nothing,
    keyMissed: nothing,
    flushing: nothing,
    swapping: nothing,
  });
  fixture.set("one", "1");
  host.limit = 0;
  expect(evictor.run()).toBe(EVICTION_FAILED);
  expect(heard).toEqual(["0:one"]);
  expect(fixture.keyspace.heap.usedBytes).toBe(fixture.emptyBytes);
});

test("nothing is evicted while nothing expires: a pause, a replica, loading", () => {
  evictor.setPolicy("allkeys-random");
  fill();
  squeeze(0.5);
  for (const mode of ["hide", "ignore"] as const) {
    fixture.keyspace.expiry = mode;
    expect(evictor.run()).toBe(EVICTION_OK);
    expect(fixture.db.size).toBe(KEYS);
  }
});

describe("time", () => {
  test("maxmemory-eviction-tenacity, as in Redis", () => {
    expect([0, 1, 5, 10].map(evictionMicros)).toEqual([0, 50, 250, 500]);
    expect([11, 20, 50].map(evictionMicros)).toEqual([575, 2022, 133_931]);
    expect(evictionMicros(100)).toBe(Number.POSITIVE_INFINITY);
  });

  test("a run stops when its time is over, goes on by itself, and accounts for the time it takes", async () => {
    evictor.setPolicy("allkeys-random");
    fill();
    squeeze(0.5);
    fixture.clock.microsPerLook = 100;
    evictor.limitMicros = 500;
    expect(evictor.run()).toBe(EVICTION_RUNNING);
    const after = fixture.db.size;
    expect(KEYS - after).toBeLessThan(100);
    expect(KEYS - after).toBeGreaterThanOrEqual(16);
    expect(evictor.currentExceededMicros).toBeGreaterThan(0);
    while (host.excess() > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(fixture.db.size).toBeLessThan(KEYS * 0.52);
    expect(evictor.currentExceededMicros).toBe(0);
    expect(evictor.totalExceededMicros).toBeGreaterThan(500);
    const cycles = host.events.filter(([event]) => event === "eviction-cycle");
    for (const [, micros] of cycles) expect(micros).toBeLessThan(1000);
    evictor.resetStats();
    expect(evictor.totalExceededMicros).toBe(0);
    evictor.stop();
  });

  test("what waits to be freed is freed before another key goes", () => {
    evictor.setPolicy("allkeys-random");
    fill();
    const used = fixture.keyspace.heap.usedBytes;
    fixture.keyspace.flush(0, true);
    fixture.set("kept", "1");
    host.limit = fixture.emptyBytes + (used - fixture.emptyBytes) / 10;
    expect(evictor.run()).toBe(EVICTION_OK);
    expect(fixture.keys()).toEqual(["kept"]);
    expect(host.events.map(([event]) => event)).toContain("eviction-lazyfree");
    expect(fixture.keyspace.stats.evicted).toBe(0);
  });

  test("noeviction does not fail while memory is on its way back", () => {
    evictor.setPolicy("noeviction");
    fill();
    fixture.keyspace.flush(0, true);
    host.limit = fixture.emptyBytes;
    fixture.clock.microsPerLook = 100;
    evictor.limitMicros = 300;
    expect(evictor.run()).toBe(EVICTION_RUNNING);
    evictor.stop();
  });

  test("each key is timed while somebody wants to know", () => {
    evictor.setPolicy("allkeys-random");
    fill();
    squeeze(0.01);
    host.timesEvents = true;
    fixture.clock.microsPerLook = 1;
    expect(evictor.run()).toBe(EVICTION_OK);
    const deletions = host.events.filter(([event]) => event === "eviction-del");
    expect(deletions).toHaveLength(fixture.keyspace.stats.evicted);
    expect(host.events.filter(([event]) => event === "eviction-cycle")).toHaveLength(1);
  });
});
