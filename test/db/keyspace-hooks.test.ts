/** Several listeners behind one hook. */

import { expect, test } from "bun:test";
import { EVENT_STRING } from "../../src/db/keyspace";
import type { KeyspaceHooks } from "../../src/db/keyspace-hooks";
import { Fixture } from "./fixture";

function listener(name: string, heard: string[], then: () => void = () => {}): KeyspaceHooks {
  const note =
    (what: string) =>
    (_db: unknown, key: Uint8Array, start: number, end: number): void => {
      heard.push(`${name} ${what} ${Buffer.from(key.subarray(start, end)).toString("latin1")}`);
      then();
    };
  return {
    keyChanged: note("changed"),
    keyEvent: note("event"),
    keyExpired: note("expired"),
    keyEvicted: note("evicted"),
    keyCreated: note("created"),
    keyMissed: note("missed"),
    flushing: (db) => heard.push(`${name} flushing ${db.id}`),
    swapping: (a, b) => heard.push(`${name} swapping ${a.id} ${b.id}`),
  };
}

function change(fixture: Fixture, key: string): void {
  const bytes = Buffer.from(key, "latin1");
  fixture.keyspace.changed(fixture.db, bytes, 0, bytes.length, EVENT_STRING, "set");
}

test("nobody, one, or all in the order in which they came", () => {
  const fixture = new Fixture();
  const { keyspace } = fixture;
  const heard: string[] = [];
  keyspace.hooks = null;
  change(fixture, "a");
  const [one, two, three] = ["one", "two", "three"].map((name) => listener(name, heard));
  keyspace.listen(one);
  // The only one is called without a detour.
  expect(keyspace.hooks as unknown).toBe(one);
  change(fixture, "b");
  keyspace.listen(two);
  keyspace.listen(three);
  change(fixture, "c");
  keyspace.unlisten(two);
  change(fixture, "d");
  keyspace.unlisten(two);
  keyspace.unlisten(one);
  expect(keyspace.hooks as unknown).toBe(three);
  keyspace.unlisten(three);
  expect(keyspace.hooks).toBeNull();
  expect(heard).toEqual([
    "one changed b",
    "one changed c",
    "two changed c",
    "three changed c",
    "one changed d",
    "three changed d",
  ]);
});

test("every kind of news reaches all", () => {
  const fixture = new Fixture();
  const { keyspace } = fixture;
  const heard: string[] = [];
  keyspace.hooks = null;
  keyspace.listen(listener("x", heard));
  keyspace.listen(listener("y", heard));
  fixture.set("k", "v", fixture.clock.now() + 10);
  expect(fixture.get("missing")).toBeUndefined();
  fixture.advance(11);
  fixture.get("k");
  keyspace.notify(fixture.db, Buffer.from("k"), 0, 1, EVENT_STRING, "set");
  keyspace.swap(0, 1);
  keyspace.flush(-1, false);
  const each = ["created k", "missed missing", "expired k", "missed k", "event k"];
  const ofAll = [...each, "swapping 0 1", "flushing 0", "flushing 1"];
  const order = (what: string): string[] => (what.startsWith("expired") ? ["y", "x"] : ["x", "y"]);
  expect(heard).toEqual(ofAll.flatMap((what) => order(what).map((name) => `${name} ${what}`)));
});

test("who publishes comes last, whenever it came", () => {
  const fixture = new Fixture();
  const { keyspace } = fixture;
  const heard: string[] = [];
  keyspace.hooks = null;
  keyspace.listen(listener("a", heard));
  keyspace.listen({ ...listener("publisher", heard), publishes: true });
  keyspace.listen(listener("b", heard));
  change(fixture, "k");
  expect(heard).toEqual(["a changed k", "b changed k", "publisher changed k"]);
});

test("who goes while it is told does not keep the others from hearing", () => {
  const fixture = new Fixture();
  const { keyspace } = fixture;
  const heard: string[] = [];
  keyspace.hooks = null;
  const leaver: KeyspaceHooks = listener("leaver", heard, () => keyspace.unlisten(leaver));
  keyspace.listen(leaver);
  keyspace.listen(listener("stayer", heard));
  change(fixture, "a");
  change(fixture, "b");
  expect(heard).toEqual(["leaver changed a", "stayer changed a", "stayer changed b"]);
});
