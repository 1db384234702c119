/** Consumer groups of large streams in a snapshot: the file has what was pending, for whom, when it began. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IdList } from "../../../src/persist/snapshot/id-list";
import { StreamId } from "../../../src/util/stream-id";
import { withBlocks } from "../../support/failing-heap";
import { bytesInUse } from "../../support/heap-account";
import { InProcess } from "../../support/in-process";
import { seedFromEnvironment } from "../../support/model";
import { Random } from "../../support/random";
import { show, text } from "../../support/reply";

const SEED = seedFromEnvironment(20_261_121);
const ENTRIES = 4000;
const GROUPS = ["first", "second", "third", "fourth"];
const CONSUMERS = 30;

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

/** A stream whose entries are pending for consumers of several groups, of which some have thousands and some have none. */
function fill(redbun: InProcess, random: Random): void {
  for (let i = 1; i <= ENTRIES; i++) redbun.run(`XADD s ${Math.floor(i / 3)}-${i} field ${i}`);
  for (const group of GROUPS) {
    redbun.run(`XGROUP CREATE s ${group} 0`, `XGROUP CREATECONSUMER s ${group} idle`);
    for (let read = 0; read < ENTRIES - 200; ) {
      const count = random.integer(1, group === "first" ? 20 : 500);
      redbun.run(`XREADGROUP GROUP ${group} c${random.integer(1, CONSUMERS)} COUNT ${count} STREAMS s >`);
      redbun.clock.advance(7);
      read += count;
    }
    for (let i = 0; i < 300; i++) redbun.run(ack(random, group));
  }
  redbun.run("XGROUP CREATE s empty 5", "XGROUP CREATE s unread $");
}

const anId = (random: Random): string => {
  const i = random.integer(1, ENTRIES + 10);
  return `${Math.floor(i / 3)}-${i}`;
};
const ack = (random: Random, group: string): string => `XACK s ${group} ${anId(random)} ${anId(random)}`;

function change(random: Random): string {
  const group = random.pick(GROUPS);
  const consumer = `c${random.integer(1, CONSUMERS + 3)}`;
  const rare = [
    () => `XGROUP DELCONSUMER s ${group} ${consumer}`,
    () => `XGROUP DESTROY s ${group}`,
    () => `XTRIM s MAXLEN ${ENTRIES - random.integer(0, 500)}`,
    () => "COPY s copy REPLACE",
    () => "RENAME s other",
    () => "RENAME other s",
  ];
  const often = [
    () => ack(random, group),
    () => `XCLAIM s ${group} ${consumer} 0 ${anId(random)} ${anId(random)}`,
    () => `XCLAIM s ${group} ${consumer} 0 ${anId(random)} FORCE RETRYCOUNT ${random.integer(0, 9)} TIME 5`,
    () => `XCLAIM s ${group} ${consumer} 5 ${anId(random)} JUSTID LASTID 900-9`,
    () => `XAUTOCLAIM s ${group} ${consumer} 0 ${anId(random)} COUNT ${random.integer(1, 20)}`,
    () => `XREADGROUP GROUP ${group} ${consumer} COUNT ${random.integer(1, 9)} STREAMS s >`,
    () => `XREADGROUP GROUP ${group} ${consumer} COUNT 3 NOACK STREAMS s >`,
    () => `XREADGROUP GROUP ${group} ${consumer} COUNT ${random.integer(1, 20)} STREAMS s ${anId(random)}`,
    () => `XGROUP CREATE s ${group} ${anId(random)} ENTRIESREAD 7`,
    () => `XGROUP CREATECONSUMER s ${group} ${consumer}`,
    () => `XGROUP SETID s ${group} ${anId(random)}`,
    () => `XDEL s ${anId(random)} ${anId(random)}`,
    () => `XADD s * field new`,
    () => `XPENDING s ${group} - + 3`,
    () => "XINFO STREAM s FULL COUNT 2",
  ];
  return random.chance(0.01) ? random.pick(rare)() : random.pick(often)();
}

function expectNothingLeft({ keyspace }: InProcess): void {
  const { heap } = keyspace;
  expect([keyspace.keepers, heap.streamGuards, heap.groupGuards]).toEqual([null, null, null]);
  keyspace.free.run(Number.POSITIVE_INFINITY);
  expect(heap.usedBytes).toBe(bytesInUse(keyspace));
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
    redbun.run("BGSAVE", ack(new Random(SEED), "first"));
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
