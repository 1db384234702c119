/** Large collections in a snapshot: the file is what there was when it began, and nobody waits for all of a value. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Defragmentation } from "../../../src/db/defragmentation";
import { withBlocks } from "../../support/failing-heap";
import { InProcess } from "../../support/in-process";
import { add, change, ELEMENTS, expectNothingLeft, FIELDS, fill, SMALL_NODES } from "../../support/large-values";
import { seedFromEnvironment } from "../../support/model";
import { Random } from "../../support/random";
import { show, simple, text } from "../../support/reply";

const SEED = seedFromEnvironment(20_261_121);
const ROUNDS = 5;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-large-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(): InProcess {
  const redbun = new InProcess({ dir: folder, "enable-debug-command": "yes", ...SMALL_NODES });
  redbun.tick(300);
  return redbun;
}
/** What there is; groups of streams and expiries of fields are not in DEBUG DIGEST. */
const digest = (redbun: InProcess): string =>
  text(redbun.run("DEBUG DIGEST")) +
  ["stream", "stream:2"].map((key) => Bun.hash(JSON.stringify(redbun.run(`DUMP ${key}`)))).join(" ") +
  ["timed", "timed:2"].map((key) => Bun.hash(show(redbun.run(`HPEXPIRETIME ${key} ${FIELDS}`)))).join(" ");
function digestInFile(): string {
  const redbun = start();
  expect(redbun.server.persistence.loadNow({ replace: false, keepExpired: true })).toBe("loaded");
  return digest(redbun);
}

describe("BGSAVE of large collections", () => {
  test("nothing changes meanwhile", async () => {
    const redbun = start();
    fill(redbun);
    const before = digest(redbun);
    redbun.run("BGSAVE");
    while (redbun.server.persistence.bgsave !== null) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(digestInFile()).toBe(before);
    expectNothingLeft(redbun);
  });

  for (const removal of [
    "",
    "UNLINK hash timed set zset:2 list stream",
    "DEL hash:2 timed:2 set:2 zset list:2 stream:2",
    "SET hash v",
    "LTRIM list 0 1",
    "LTRIM list:2 1 0",
    "XTRIM stream MAXLEN 0",
    "RENAME list list:2",
    "RENAME hash list",
    "COPY stream stream:2 REPLACE",
    "FLUSHDB",
    "FLUSHDB ASYNC",
  ]) {
    test(`elements change meanwhile, ${removal || "nothing is removed"} (seed ${SEED})`, async () => {
      const random = new Random(SEED);
      const redbun = start();
      fill(redbun);
      // Sparse slabs, and somebody who moves what is in them.
      for (let i = 0; i < ELEMENTS; i++) if (i % 4 > 0) redbun.run(`SREM set member:${i}`, `ZREM zset member:${i}`);
      for (let i = 0; i < ELEMENTS; i++) redbun.run(add("set", "set", i), add("zset", "zset", i));
      const defragmentation = new Defragmentation(redbun.keyspace);
      const before = digest(redbun);
      redbun.run("BGSAVE");
      const { persistence } = redbun.server;
      const snapshot = persistence.bgsave?.snapshot;
      for (let i = 0; persistence.bgsave !== null; i++) {
        for (let n = 0; n < 20; n++) redbun.run(change(random));
        // Fields expire, one after the other.
        redbun.clock.advance(25);
        for (const expire of redbun.keyspace.expirers) expire(Number.POSITIVE_INFINITY);
        defragmentation.begin();
        defragmentation.run(Number.POSITIVE_INFINITY);
        if (i === 20 && removal !== "") redbun.run("SELECT 0", removal);
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      expect(snapshot?.keysDone).toBe(14);
      expect(redbun.run("INFO persistence")).toMatchObject({ value: expect.stringContaining("bgsave_status:ok") });
      redbun.run("FLUSHALL");
      expect(digestInFile()).toBe(before);
      expectNothingLeft(redbun);
    });
  }

  test(`memory runs out again and again (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    let failed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const redbun = start();
      fill(redbun);
      const before = digest(redbun);
      redbun.run("BGSAVE");
      const save = redbun.server.persistence.bgsave;
      for (let i = 0; redbun.server.persistence.bgsave !== null; i++) {
        for (let n = 0; n < 10; n++) redbun.run(change(random));
        // Never in the first round, later in each: how many turns a save takes is the disk's affair.
        for (let n = 0; n < 20 && round > 0 && i >= 3 * round; n++) {
          withBlocks(redbun.keyspace.heap, random.integer(0, 6), () => redbun.run(change(random)));
        }
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (round > 0 && save?.snapshot.error !== null) failed++;
      else expect(digestInFile()).toBe(before);
      expectNothingLeft(redbun);
    }
    expect(failed).toBeGreaterThan(0);
  });

  test("FLUSHALL ends it, and what waits for it is freed", () => {
    const redbun = start();
    fill(redbun);
    expect(redbun.run("BGSAVE")).toEqual(simple("Background saving started"));
    redbun.run(
      "HSET hash a b",
      "SADD set a",
      "DEL hash set",
      "UNLINK zset",
      "LTRIM list 5 -5",
      "LSET list:2 50 a",
      "XTRIM stream MAXLEN 9",
    );
    expect(redbun.keyspace.keepers).not.toBeNull();
    redbun.run("FLUSHALL");
    expect(existsSync(join(folder, "dump.rdb"))).toBe(false);
    expectNothingLeft(redbun);
  });
});
