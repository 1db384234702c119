/** ACL LOG: what is alike is one entry, for a minute, if it is among the newest. */

import { beforeEach, expect, test } from "bun:test";
import { AclLog, type Denial } from "../../../src/admin/acl/acl-log";

let log: AclLog;
beforeEach(() => {
  log = new AclLog();
});

function denial(object: string, more: Partial<Denial> = {}): Denial {
  return { reason: "key", context: "toplevel", object, username: "alice", ...more };
}

function add(object: string, now: number, more: Partial<Denial> = {}, maxLength = 128): void {
  log.add(denial(object, more), now, maxLength, () => `client at ${now}`);
}

const objects = (): string[] => log.newest(100).map(({ object, count }) => `${object}:${count}`);

test("alike is the same in every way", () => {
  add("a", 0);
  add("a", 1);
  for (const more of [{ reason: "command" }, { context: "multi" }, { username: "bob" }] as const) add("a", 2, more);
  add("b", 3);
  expect(objects()).toEqual(["b:1", "a:1", "a:1", "a:1", "a:2"]);
});

test("within a minute of the last time, which moves the entry to the top", () => {
  add("a", 0);
  add("b", 1000);
  add("a", 60_000);
  expect(objects()).toEqual(["a:2", "b:1"]);
  expect(log.newest(1)[0]).toMatchObject({ id: 0, created: 0, updated: 60_000, client: "client at 60000" });
  add("b", 61_001);
  add("a", 120_000);
  expect(objects()).toEqual(["a:3", "b:1", "b:1"]);
  expect(log.newest(9).map(({ id }) => id)).toEqual([0, 2, 1]);
});

test("a clock that goes back is no reason for a new entry, unless it goes far", () => {
  add("a", 100_000);
  add("a", 50_000);
  add("a", -20_000);
  expect(objects()).toEqual(["a:1", "a:2"]);
});

test("only the ten newest are looked at", () => {
  for (let i = 0; i < 11; i++) add(`k${i}`, i);
  add("k0", 20);
  add("k1", 21);
  expect(objects().slice(0, 3)).toEqual(["k1:1", "k0:1", "k10:1"]);
  add("k5", 22);
  expect(objects()[0]).toBe("k5:2");
});

test("the oldest go when there are too many; without any room nothing is kept, but counted", () => {
  for (let i = 0; i < 5; i++) add(`k${i}`, i, {}, 3);
  expect(objects()).toEqual(["k4:1", "k3:1", "k2:1"]);
  add("x", 9, {}, 1);
  expect(objects()).toEqual(["x:1"]);
  let asked = false;
  log.add(denial("y"), 10, 0, () => {
    asked = true;
    return "";
  });
  expect([log.length, asked]).toEqual([0, false]);
  expect(log.denied).toEqual({ auth: 0, command: 0, key: 7, channel: 0 });
});

test("as many as are wanted", () => {
  for (let i = 0; i < 3; i++) add(`k${i}`, i);
  expect([-1, 0, 2, 99].map((count) => log.newest(count).length)).toEqual([0, 0, 2, 3]);
  log.reset();
  expect(log.length).toBe(0);
});
