/** Long strings in a snapshot: the file has what there was when it began, whoever writes over a part of them meanwhile. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeapFullError } from "../../../src/memory/heap";
import { LARGE_BYTES } from "../../../src/persist/snapshot/large-value";
import { expectNoLeak } from "../../support/heap-account";
import { InProcess } from "../../support/in-process";
import { seedFromEnvironment } from "../../support/model";
import { Random } from "../../support/random";
import { text } from "../../support/reply";

const SEED = seedFromEnvironment(20_261_121);
/** Not a multiple of anything. */
const BYTES = 5 * LARGE_BYTES + 12_345;
/** More than are kept compressed between measuring and writing. */
const MANY_BYTES = 20 * 1024 * 1024 + 17;
const KEYS = ["a", "b", "c"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-large-string-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(compression: string): InProcess {
  const redbun = new InProcess({ dir: folder, "enable-debug-command": "yes", rdbcompression: compression });
  redbun.tick(300);
  return redbun;
}

const digest = (redbun: InProcess): string => text(redbun.run("DEBUG DIGEST"));
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const fileBytes = (): number => statSync(join(folder, "dump.rdb")).size;

/** Bytes of which LZF makes something, here more and there less. */
function compressible(random: Random, length: number): Uint8Array {
  const bytes = random.bytes(length);
  const words = random.bytes(4096);
  for (let at = 0; at < length; ) {
    const count = Math.min(random.integer(1, 200), length - at);
    if (random.chance(0.5)) bytes.set(words.subarray(0, count), at);
    at += count;
  }
  return bytes;
}

function fill(redbun: InProcess, random: Random): void {
  redbun.call("SET", "a", compressible(random, BYTES));
  redbun.call("SET", "b", random.bytes(BYTES));
  redbun.call("SETRANGE", "c", BYTES, "end");
  redbun.call("SET", "limit", new Uint8Array(LARGE_BYTES));
  redbun.call("SET", "below", new Uint8Array(LARGE_BYTES - 1));
}

function change(random: Random): string {
  const key = random.pick(KEYS);
  const other = random.pick(KEYS);
  const offset = random.integer(0, BYTES + 1000);
  return random.pick([
    () => `SETRANGE ${key} ${offset} ${random.string(random.integer(1, 100))}`,
    () => `SETRANGE ${key} ${offset} ${"x".repeat(random.integer(1, 200_000))}`,
    () => `SETBIT ${key} ${offset * 8} ${random.integer(0, 1)}`,
    () =>
      `BITFIELD ${key} SET u16 ${offset * 8 - 3} ${random.integer(0, 65535)} INCRBY i64 ${random.integer(0, BYTES)} 5`,
    () => `APPEND ${key} ${"y".repeat(random.integer(0, 5000))}`,
    () => `GETRANGE ${key} ${offset} ${offset + 5}`,
    () => `GETBIT ${key} ${offset}`,
    ...(random.chance(0.95)
      ? []
      : [
          () => `SET ${key} ${"z".repeat(random.pick([BYTES, 5, BYTES + 3]))}`,
          () => `DEL ${key}`,
          () => `RENAME ${key} ${other}`,
          () => `COPY ${key} ${other} REPLACE`,
          () => `BITOP NOT ${key} ${other}`,
          () => `GETSET ${key} short`,
          () => `PEXPIRE ${key} 100000`,
          () => `SETRANGE ${key} 0 ${"w".repeat(BYTES)}`,
          () => "SWAPDB 0 1",
          () => `MOVE ${key} 1`,
        ]),
  ])();
}

async function expectSaved(redbun: InProcess, before: string): Promise<void> {
  while (redbun.server.persistence.bgsave !== null) await nextTurn();
  expect(text(redbun.run("INFO persistence"))).toContain("rdb_last_bgsave_status:ok");
  expectNothingLeft(redbun);
  const loaded = start("yes");
  expect(loaded.server.persistence.loadNow({ replace: false, keepExpired: true })).toBe("loaded");
  expect(digest(loaded)).toBe(before);
}

function expectNothingLeft({ keyspace }: InProcess): void {
  expect(keyspace.heap.blockGuards).toBeNull();
  expectNoLeak({ keyspace });
}

for (const compression of ["yes", "no"]) {
  describe(`BGSAVE of long strings, rdbcompression ${compression}`, () => {
    test("nothing changes meanwhile", async () => {
      const redbun = start(compression);
      fill(redbun, new Random(SEED));
      const before = digest(redbun);
      redbun.run("BGSAVE");
      await expectSaved(redbun, before);
      // The incompressible one, most of the compressible one, and hardly anything of the zeros.
      if (compression === "yes") expect(fileBytes()).toBeWithin(1.2 * BYTES, 2 * BYTES);
      else expect(fileBytes()).toBeGreaterThan(3 * BYTES);
    });

    for (const removal of ["", "DEL a b c", "UNLINK a b", "SET a v", "RENAME a b", "FLUSHDB", "FLUSHDB ASYNC"]) {
      test(`they change meanwhile, ${removal || "nothing is removed"} (seed ${SEED})`, async () => {
        const random = new Random(SEED + removal.length);
        const redbun = start(compression);
        fill(redbun, random);
        const before = digest(redbun);
        redbun.run("BGSAVE");
        for (let i = 0; redbun.server.persistence.bgsave !== null; i++) {
          for (let n = 0; n < 3; n++) redbun.run(change(random));
          if (i === 20 && removal !== "") redbun.run(removal);
          await nextTurn();
        }
        await expectSaved(redbun, before);
      });
    }
  });
}

test("what is not kept compressed is compressed again, as it was", async () => {
  const random = new Random(SEED);
  const redbun = start("yes");
  redbun.call("SET", "a", compressible(random, MANY_BYTES));
  const before = digest(redbun);
  redbun.run("BGSAVE");
  while (redbun.server.persistence.bgsave !== null) {
    redbun.run(`SETRANGE a ${random.integer(0, MANY_BYTES)} changed`);
    await nextTurn();
  }
  await expectSaved(redbun, before);
  expect(fileBytes()).toBeWithin(8 * 1024 * 1024, 0.7 * MANY_BYTES);
});

test("FLUSHALL ends it, and what waits for it is freed", () => {
  const redbun = start("yes");
  fill(redbun, new Random(SEED));
  redbun.run("BGSAVE", "SETBIT a 9 1", "SETRANGE b 100000 x", "DEL a", "SET b v");
  expect(redbun.keyspace.heap.blockGuards?.size).toBe(2);
  redbun.run("FLUSHALL");
  expectNothingLeft(redbun);
});

test("without memory for a copy the save fails, and the command does not", () => {
  const redbun = start("yes");
  fill(redbun, new Random(SEED));
  const { heap } = redbun.keyspace;
  redbun.run("BGSAVE");
  const allocate = heap.allocate.bind(heap);
  heap.allocate = () => {
    throw new HeapFullError("for a test");
  };
  redbun.run("SETRANGE a 9 x");
  heap.allocate = allocate;
  expect(text(redbun.run("GETRANGE a 9 9"))).toBe("x");
  expect(redbun.server.persistence.bgsave?.snapshot.error).toBeInstanceOf(HeapFullError);
  redbun.run("FLUSHALL");
  expectNothingLeft(redbun);
});
