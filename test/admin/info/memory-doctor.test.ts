/** MEMORY DOCTOR: which figures are worth which sentence. */

import { describe, expect, test } from "bun:test";
import { diagnosis } from "../../../src/admin/info/memory-doctor";
import type { MemoryReport } from "../../../src/admin/info/memory-report";

const MB = 1024 * 1024;

/** A server with 100 MB of data, and nothing wrong with it. */
const HEALTHY: MemoryReport = {
  used: 110 * MB,
  peak: 110 * MB,
  startup: 10 * MB,
  resident: 145 * MB,
  residentAtStart: 40 * MB,
  clients: MB,
  databases: [],
  overhead: 11 * MB,
  dataset: 99 * MB,
  datasetPercent: 99,
  peakPercent: 100,
  keys: 1000,
  bytesPerKey: 1000,
  allocated: 98 * MB,
  active: 100 * MB,
  allocatorResident: 102 * MB,
};

/** The titles of what is wrong. */
function issues(changes: Partial<MemoryReport>, clients = 10): string[] {
  const text = diagnosis({ ...HEALTHY, ...changes }, clients);
  const lines = text.split("\n").filter((line) => line.startsWith(" * "));
  if (lines.length > 0) {
    expect(text).toStartWith("Sam, I detected a few issues in this Redis instance memory implants:\n\n * ");
    expect(text).toEndWith(".\n\nI'm here to keep you safe, Sam. I want to help you.\n");
  }
  return lines.map((line) => line.slice(3, line.indexOf(":")));
}

describe("diagnosis", () => {
  test("nothing is wrong", () => {
    expect(diagnosis(HEALTHY, 10)).toBe(
      "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this base.\n",
    );
  });

  test("there is too little to say anything, whatever else is wrong", () => {
    const text = diagnosis({ ...HEALTHY, used: 14 * MB, peak: 500 * MB }, 10);
    expect(text).toStartWith("Hi Sam, this instance is empty or is using very little memory, my issues detector");
  });

  test.each([
    ["Peak memory", { peak: 165 * MB }, { peak: 166 * MB }],
    ["High allocator fragmentation", { active: 107 * MB }, { active: 109 * MB, allocatorResident: 109 * MB }],
    ["High allocator RSS overhead", { allocatorResident: 110 * MB }, { allocatorResident: 111 * MB }],
    ["High process RSS overhead", { resident: 152 * MB }, { resident: 153 * MB }],
    ["Big client buffers", { clients: 2_048_000 }, { clients: 2_048_010 }],
  ] satisfies [string, Partial<MemoryReport>, Partial<MemoryReport>][])("%s", (title, healthy, sick) => {
    expect(issues(healthy)).toEqual([]);
    expect(issues(sick)).toEqual([title]);
  });

  test("resident memory beyond what is in use is told of together with where it is", () => {
    expect(issues({ resident: 181 * MB })).toEqual(["High total RSS", "High process RSS overhead"]);
    expect(diagnosis({ ...HEALTHY, resident: 181 * MB }, 10)).toContain('currently used allocator is "redbun-slab".\n');
  });

  test("what is small is not wrong, however bad the ratio", () => {
    const small = { used: 16 * MB, peak: 16 * MB, startup: 10 * MB, allocated: 5 * MB };
    expect(issues({ ...small, active: 14 * MB, allocatorResident: 14 * MB, resident: 55 * MB })).toEqual([]);
  });

  test("without clients there are no buffers of theirs", () => {
    expect(issues({ clients: 50 * MB }, 0)).toEqual([]);
  });
});
