/** A heap that cannot grow refuses the command that needed it, and the server goes on. */

import { expect, test } from "bun:test";
import { HeapFullError } from "../../src/memory/heap";
import { InProcess } from "../support/in-process";
import { OK } from "../support/reply";

test("a value that no segment can be had for is refused with OOM; what was there stays", () => {
  const redbun = new InProcess();
  const { heap } = redbun.keyspace;
  expect(redbun.call("SET", "k", "old")).toEqual(OK);
  // The address space counts as used up: nothing but what is there already can be allocated.
  const grow = Reflect.get(heap, "addSegment") as () => number;
  const full = redbun.keyspace.heap.u8.length;
  Reflect.set(heap, "addSegment", () => {
    throw new HeapFullError("no more in this test");
  });
  const reply = redbun.call("SET", "k", "x".repeat(20_000_000));
  expect(reply).toMatchObject({ type: "error" });
  expect(JSON.stringify(reply, (_, value) => (typeof value === "bigint" ? String(value) : value))).toContain("OOM ");
  expect(redbun.run("GET k")).toMatchObject({ value: "old" });
  expect(heap.u8.length).toBe(full);
  Reflect.set(heap, "addSegment", grow);
  expect(redbun.call("SET", "k", "x".repeat(20_000_000))).toEqual(OK);
});
