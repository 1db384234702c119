/** Consumer groups of large streams in a snapshot: the file has what was pending, for whom, when it began. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IdList } from "../../../src/persist/snapshot/id-list";
import { StreamId } from "../../../src/util/stream-id";
import { withBlocks } from "../../support/failing-heap";
import { expectNoLeak } from "../../support/heap-account";
import { InProcess } from "../../support/in-process";
import { acknowledge, CONSUMERS, change, fill, GROUPS } from "../../support/large-groups";
import { seedFromEnvironment } from "../../support/model";
import { Random } from "../../support/random";
import { show, text } from "../../support/reply";

const SEED = seedFromEnvironment(20_261_121);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-large-group-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(): InProcess {
  const redbun = new InProcess({ dir: folder, "stream-node-max-entries": "100" });
  redbun.tick(400);
  return redbun;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** All that there is of a stream. */
const dump = (redbun: InProcess): string => show(redbun.run("DUMP s"));

function expectNothingLeft({ keyspace }: InProcess): void {
  const { heap } = keyspace;
  expect([keyspace.keepers, heap.streamGuards, heap.groupGuards]).toEqual([null, null, null]);
  expectNoLeak({ keyspace });
}

function expectSaved(redbun: InProcess, before: string): void {
  expect(text(redbun.run("INFO persistence"))).toContain("rdb_last_bgsave_status:ok");
  expectNothingLeft(redbun);
  const loaded = start();
  expect(loaded.server.persistence.loadNow({ replace: false, keepExpired: true })).toBe("loaded");
  expect(dump(loaded)).toBe(before);
}

describe("BGSAVE of groups", () => {
  test("nothing changes meanwhile", async () => {
    const redbun = start();
    fill(redbun, new Random(SEED));
    const before = dump(redbun);
    redbun.run("BGSAVE");
    while (redbun.server.persistence.bgsave !== null) await nextTurn();
    expectSaved(redbun, before);
  });

  for (const removal of ["", ...GROUPS.map((group) => `XGROUP DESTROY s ${group}`), "DEL s", "UNLINK s", "FLUSHDB"]) {
    test(`they change meanwhile, ${removal || "nothing is removed"} (seed ${SEED})`, async () => {
      const random = new Random(SEED + removal.length);
      const redbun = start();
      fill(redbun, random);
      const before = dump(redbun);
      redbun.run("BGSAVE");
      for (let i = 0; redbun.server.persistence.bgsave !== null; i++) {
        for (let n = 0; n < 20; n++) redbun.run(change(random));
        redbun.clock.advance(3);
        if (i === 20 && removal !== "") redbun.run(removal);
        await nextTurn();
      }
      expectSaved(redbun, before);
    });
  }

  test(`they change before the first slice (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    const redbun = start();
    fill(redbun, random);
    const before = dump(redbun);
    redbun.run("BGSAVE");
    for (let n = 0; n < 2000; n++) redbun.run(change(random));
    for (let i = 1; i <= CONSUMERS; i++) redbun.run(`XGROUP DELCONSUMER s first c${i}`);
    while (redbun.server.persistence.bgsave !== null) await nextTurn();
    expectSaved(redbun, before);
  });

  test("a stream without entries has large groups, too", async () => {
    const redbun = start();
    fill(redbun, new Random(SEED));
    redbun.run("XTRIM s MAXLEN 0");
    const before = dump(redbun);
    redbun.run("BGSAVE", acknowledge(new Random(SEED), "first"));
    expect(redbun.keyspace.heap.groupGuards?.size).toBe(6);
    while (redbun.server.persistence.bgsave !== null) await nextTurn();
    expectSaved(redbun, before);
  });

  test("FLUSHALL ends it, and what waits for it is freed", () => {
    const random = new Random(SEED);
    const redbun = start();
    fill(redbun, random);
    redbun.run("BGSAVE");
    for (let n = 0; n < 500; n++) redbun.run(change(random));
    redbun.run("XGROUP DELCONSUMER s first c1", "XGROUP DESTROY s second", "FLUSHALL");
    expectNothingLeft(redbun);
  });

  test(`memory runs out again and again (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    let failed = 0;
    for (let round = 0; round < 6; round++) {
      const redbun = start();
      fill(redbun, random);
      const before = dump(redbun);
      redbun.run("BGSAVE");
      const save = redbun.server.persistence.bgsave;
      for (let i = 0; redbun.server.persistence.bgsave !== null; i++) {
        for (let n = 0; n < 5; n++) redbun.run(change(random));
        // Never in the first round, later in each: how many turns a save takes is the disk's affair.
        for (let n = 0; n < 20 && round > 0 && i >= 3 * round; n++) {
          withBlocks(redbun.keyspace.heap, random.integer(0, 6), () => redbun.run(change(random)));
        }
        await nextTurn();
      }
      if (round > 0 && save?.snapshot.error !== null) failed++;
      else expectSaved(redbun, before);
      expectNothingLeft(redbun);
    }
    expect(failed).toBeGreaterThan(0);
  });
});

test(`a list of IDs gives back what it took (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const id = new StreamId();
  for (const count of [0, 1, 5, 30_000]) {
    const list = new IdList();
    const ids: string[] = [];
    id.setMin();
    for (let i = 0; i < count; i++) {
      const step = random.pick([1, 0xff, 0x10000, 0xffffffff]);
      if (random.chance(0.5)) id.setOffset(id, 0, step, 0, 0);
      else id.setOffset(id, 0, 0, random.pick([0, 1]), step);
      list.push(id);
      ids.push(id.toString());
    }
    expect(list.size).toBe(count);
    const read: string[] = [];
    while (list.size > 0) {
      list.shift(id);
      read.push(id.toString());
    }
    expect(read).toEqual(ids);
  }
});
