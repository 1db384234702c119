/** Active expiry, with a clock that moves by hand. */

import { describe, expect, test } from "bun:test";
import { ExpireCycle } from "../../src/db/expire-cycle";
import { Fixture } from "./fixture";

const NEVER = Number.POSITIVE_INFINITY;

function fixtureWithCycle(databases = 2): { fixture: Fixture; cycle: ExpireCycle } {
  const fixture = new Fixture(databases);
  return { fixture, cycle: new ExpireCycle(fixture.keyspace) };
}

/** Keys `prefix:i` that live `ttl` ms. */
function fill(fixture: Fixture, prefix: string, count: number, ttl: number, database = 0): void {
  const at = fixture.clock.now() + ttl;
  for (let i = 0; i < count; i++) fixture.set(`${prefix}:${i}`, "v", at, fixture.keyspace.databases[database]);
}

describe("which keys", () => {
  test("all dead ones go, and only those", () => {
    const { fixture, cycle } = fixtureWithCycle();
    fill(fixture, "dead", 5000, 10);
    fill(fixture, "alive", 300, 1000);
    for (let i = 0; i < 5000; i++) fixture.set(`forever:${i}`, "v");
    fixture.advance(10);
    cycle.run(NEVER);
    expect(fixture.db.size).toBe(10_300);
    fixture.advance(1);
    for (let i = 0; i < 20; i++) cycle.run(NEVER);
    expect(fixture.db.size).toBe(5300);
    expect(fixture.db.expires).toBe(300);
    expect(fixture.keyspace.stats.expired).toBe(5000);
    expect(fixture.expired.length).toBe(5000);
    expect(new Set(fixture.expired).size).toBe(5000);
    expect(fixture.expired.every((key) => key.startsWith("0:dead:"))).toBe(true);
  });

  test("in every database", () => {
    const { fixture, cycle } = fixtureWithCycle(16);
    for (const id of [0, 3, 15]) fill(fixture, "dead", 100, 10, id);
    fixture.advance(11);
    expect(cycle.run(NEVER)).toBe(false);
    expect(fixture.keyspace.size).toBe(0);
    expect(fixture.keyspace.heap.usedBytes).toBe(fixture.emptyBytes);
  });

  test("at or below a quarter of dead keys it is content, above it goes on", () => {
    for (const [share, content] of [
      [0.2, true],
      [0.5, false],
    ] as const) {
      const { fixture, cycle } = fixtureWithCycle();
      for (let i = 0; i < 20_000; i++) {
        const dead = (i * 7919) % 1000 < share * 1000;
        fixture.set(`key:${i}`, "v", fixture.clock.now() + (dead ? 10 : 1e6));
      }
      fixture.advance(11);
      cycle.run(NEVER);
      const left = fixture.keyspace.stats.expired / (20_000 * share);
      if (content) expect(left).toBeLessThan(0.5);
      else expect(left).toBe(1);
    }
  });

  test("a higher effort accepts fewer dead keys", () => {
    const expired = [1, 10].map((effort) => {
      const { fixture, cycle } = fixtureWithCycle();
      cycle.effort = effort;
      for (let i = 0; i < 20_000; i++) {
        fixture.set(`key:${i}`, "v", fixture.clock.now() + ((i * 7919) % 100 < 15 ? 10 : 1e6));
      }
      fixture.advance(11);
      cycle.run(NEVER);
      return fixture.keyspace.stats.expired;
    });
    expect(expired[0]).toBeLessThan(1000);
    expect(expired[1]).toBe(3000);
  });

  test("no key is overlooked, however few of them are dead", () => {
    const { fixture, cycle } = fixtureWithCycle();
    fill(fixture, "alive", 20_000, 1e6);
    fill(fixture, "dead", 50, 10);
    fixture.advance(11);
    let runs = 0;
    while (fixture.keyspace.stats.expired < 50 && runs < 500) {
      cycle.run(NEVER);
      runs++;
    }
    expect(fixture.keyspace.stats.expired).toBe(50);
  });

  test("a few keys with an expiry among many without are found, a bounded number of segments a tick", () => {
    const { fixture, cycle } = fixtureWithCycle();
    for (let i = 0; i < 400_000; i++) fixture.set(`forever:${i}`, "v");
    fill(fixture, "rare", 3, 10);
    expect(fixture.db.index.segments).toBeGreaterThan(1024);
    const round = (): number => {
      let runs = 0;
      do cycle.run(NEVER);
      while (++runs < 100 && fixture.db.expires > 0 && fixture.db.expireCursor !== 0);
      return runs;
    };
    expect(round()).toBeGreaterThan(1);
    fixture.advance(11);
    expect(round()).toBeLessThan(10);
    expect(fixture.db.expires).toBe(0);
    expect(fixture.db.size).toBe(400_000);
  });
});

describe("time", () => {
  test("work comes in slices, and a run says when there is more", () => {
    const { fixture, cycle } = fixtureWithCycle();
    fill(fixture, "dead", 50_000, 10);
    fixture.advance(11);
    fixture.clock.microsPerLook = 200;
    let slices = 0;
    let before = fixture.db.size;
    let largest = 0;
    while (cycle.run(fixture.clock.monotonic() + 1000)) {
      slices++;
      largest = Math.max(largest, before - fixture.db.size);
      before = fixture.db.size;
    }
    expect(fixture.db.size).toBe(0);
    expect(slices).toBeGreaterThan(10);
    // Five looks at the clock a slice, and at most one segment's keys between two.
    expect(largest).toBeLessThan(6 * 512);
    expect(fixture.keyspace.stats.expireTimeCapReached).toBe(slices);
  });

  test("a database that takes all the time does not keep the others waiting for good", () => {
    const { fixture, cycle } = fixtureWithCycle(3);
    for (const id of [0, 1, 2]) fill(fixture, "dead", 2000, 10, id);
    fixture.advance(11);
    fixture.clock.microsPerLook = 500;
    for (let i = 0; i < 200 && fixture.keyspace.size > 0; i++) cycle.run(fixture.clock.monotonic() + 1000);
    expect(fixture.keyspace.size).toBe(0);
  });

  test("the time may be over in the middle of a segment, which is then looked at again", () => {
    const { fixture, cycle } = fixtureWithCycle();
    fill(fixture, "dead", 200, 10);
    fixture.advance(11);
    fixture.clock.microsPerLook = 500;
    const left: number[] = [];
    // Each look is later than the time that the run has.
    while (cycle.run(fixture.clock.monotonic() + 100)) left.push(fixture.db.size);
    expect(left.slice(0, 2)).toEqual([168, 136]);
    expect(left.length).toBeLessThan(10);
    expect([fixture.db.size, fixture.expired.length, new Set(fixture.expired).size]).toEqual([0, 200, 200]);
  });

  test("300,000 keys that expire together: no piece of work takes 5 ms", () => {
    const { fixture, cycle } = fixtureWithCycle();
    fill(fixture, "k", 300_000, 10);
    fixture.keyspace.hooks = null;
    fixture.advance(11);
    const durations: number[] = [];
    for (let more = true; more; ) {
      const start = process.cpuUsage();
      // The fixture's clock stands still, so the deadline is one look: a slice here is the smallest piece of work.
      more = cycle.run(0);
      const { user, system } = process.cpuUsage(start);
      durations.push((user + system) / 1000);
    }
    expect(fixture.db.size).toBe(0);
    expect(fixture.keyspace.heap.usedBytes).toBe(fixture.emptyBytes);
    durations.sort((a, b) => a - b);
    expect(durations.length).toBeGreaterThan(1000);
    // Processor time, as another process may be given the processor meanwhile; compiling counts for the first few.
    expect(durations[Math.floor(durations.length * 0.99)]).toBeLessThan(5);
  });
});

describe("off", () => {
  test("when disabled, hidden or ignored", () => {
    const { fixture, cycle } = fixtureWithCycle();
    fill(fixture, "dead", 10, 10);
    fixture.advance(11);
    cycle.enabled = false;
    expect(cycle.run(NEVER)).toBe(false);
    cycle.enabled = true;
    for (const mode of ["hide", "ignore"] as const) {
      fixture.keyspace.expiry = mode;
      expect(cycle.run(NEVER)).toBe(false);
    }
    expect(fixture.db.size).toBe(10);
    fixture.keyspace.expiry = "delete";
    cycle.run(NEVER);
    expect(fixture.db.size).toBe(0);
  });
});

describe("figures", () => {
  test("the share of dead keys rises with them and falls without", () => {
    const { fixture, cycle } = fixtureWithCycle();
    const { stats } = fixture.keyspace;
    cycle.run(NEVER);
    expect(stats.stalePercent).toBe(0);
    fill(fixture, "dead", 100, 10);
    fixture.advance(11);
    cycle.run(NEVER);
    expect(stats.stalePercent).toBeCloseTo(5);
    cycle.run(NEVER);
    expect(stats.stalePercent).toBeCloseTo(4.75);
    expect(stats.expireTimeCapReached).toBe(0);
  });

  test("the average TTL follows the keys, and is 0 when none has one", () => {
    const { fixture, cycle } = fixtureWithCycle();
    fill(fixture, "k", 1000, 60_000);
    cycle.run(NEVER);
    expect(fixture.db.averageTtl).toBe(60_000);
    fixture.advance(30_000);
    for (let i = 0; i < 500; i++) cycle.run(NEVER);
    expect(Math.abs(fixture.db.averageTtl - 30_000)).toBeLessThan(10);
    fixture.advance(30_001);
    for (let i = 0; i < 3; i++) cycle.run(NEVER);
    expect(fixture.db.expires).toBe(0);
    expect(fixture.db.averageTtl).toBe(0);
    fixture.set("k", "v", fixture.clock.now() + 500);
    cycle.run(NEVER);
    expect(fixture.db.averageTtl).toBe(500);
    fixture.remove("k");
    cycle.run(NEVER);
    expect(fixture.db.averageTtl).toBe(0);
  });
});
