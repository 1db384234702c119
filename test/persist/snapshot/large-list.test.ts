/** Large lists in a snapshot, whatever happens at the edges of their nodes: the file has what there was when it began. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LARGE_FROM } from "../../../src/persist/snapshot/large-value";
import { expectNoLeak } from "../../support/heap-account";
import { InProcess } from "../../support/in-process";
import { seedFromEnvironment } from "../../support/model";
import { Random } from "../../support/random";
import { items, type Reply, text } from "../../support/reply";

const SEED = seedFromEnvironment(20_261_121);
/** Takes a node of its own. */
const LONG = "x".repeat(9000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redbun-large-list-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(fill: number): InProcess {
  const redbun = new InProcess({ dir: folder, "list-max-listpack-size": String(fill) });
  redbun.tick(300);
  return redbun;
}
const elements = (redbun: InProcess): Reply => redbun.run("LRANGE list 0 -1");
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A list of nodes of which many are not full. */
function fillList(redbun: InProcess, fill: number, random: Random): void {
  const count = 2 * fill * LARGE_FROM;
  for (let i = 0; i < count; i++) redbun.run(`RPUSH list ${i % 500 === 499 ? `${LONG}${i}` : `element:${i}`}`);
  // Not the first of a full node: so no node goes whole.
  for (let i = 1; i < count; i += random.integer(1, 4)) if (i % fill !== 0) redbun.run(`LREM list 1 element:${i}`);
}

/** A change near an element that was there in the beginning, if it still is. */
function change(random: Random, n: number): string {
  const place = random.pick(["BEFORE", "AFTER"]);
  return random.pick([
    () => `LINSERT list ${place} element:${n} ${random.pick(["inserted", LONG])}`,
    () => `LSET list ${n} ${random.pick(["changed", LONG])}`,
    () => `LREM list ${random.pick([1, -1])} element:${n}`,
    () => `RPUSH list ${random.pick(["tail", LONG])}`,
    () => `LPUSH list ${random.pick(["head", LONG])}`,
    () => `LPOP list${random.pick(["", " 3", " 9"])}`,
    () => `RPOP list${random.pick(["", " 3", " 9"])}`,
    () => "LMOVE list list RIGHT LEFT",
    () => "LMOVE list list LEFT RIGHT",
  ])();
}

/** Lets the snapshot end, and looks at the file. */
async function expectSaved(redbun: InProcess, fill: number, before: Reply): Promise<void> {
  while (redbun.server.persistence.bgsave !== null) await nextTurn();
  expect(text(redbun.run("INFO persistence"))).toContain("rdb_last_bgsave_status:ok");
  expect(redbun.keyspace.keepers).toBeNull();
  expect(redbun.keyspace.heap.isGuarded).toBe(false);
  expectNoLeak(redbun);
  const loaded = start(fill);
  expect(loaded.server.persistence.loadNow({ replace: false, keepExpired: true })).toBe("loaded");
  expect(elements(loaded)).toEqual(before);
}

for (const fill of [1, 3, 8]) {
  test(`random changes, ${fill} elements a node (seed ${SEED})`, async () => {
    const random = new Random(SEED + fill);
    const redbun = start(fill);
    fillList(redbun, fill, random);
    const before = elements(redbun);
    redbun.run("BGSAVE");
    while (redbun.server.persistence.bgsave !== null) {
      for (let n = 0; n < 30; n++) redbun.run(change(random, random.integer(0, 2 * fill * LARGE_FROM)));
      await nextTurn();
    }
    await expectSaved(redbun, fill, before);
  });

  test(`changes before the first slice, ${fill} elements a node (seed ${SEED})`, async () => {
    const random = new Random(SEED + fill);
    const redbun = start(fill);
    fillList(redbun, fill, random);
    const before = elements(redbun);
    redbun.run("BGSAVE");
    for (let n = 0; n < 1500; n++) redbun.run(change(random, random.integer(0, 2 * fill * LARGE_FROM)));
    await expectSaved(redbun, fill, before);
  });
}

test("the list becomes a listpack, and its root another list's", async () => {
  const redbun = start(8);
  fillList(redbun, 8, new Random(SEED));
  redbun.run(`RPUSH list ${LONG}`, "RPUSH list last");
  const before = elements(redbun);
  redbun.run("BGSAVE", "LREM list 1 missing");
  expect(redbun.keyspace.heap.listGuards?.size).toBe(1);
  // The last node, of one element, is left as it is.
  const { length } = items(before);
  redbun.run(`LTRIM list ${length - 1} -1`);
  expect(text(redbun.run("OBJECT ENCODING list"))).toBe("listpack");
  expect(redbun.keyspace.heap.listGuards).toBeNull();
  expect(redbun.keyspace.keepers).toBeNull();
  redbun.run(`RPUSH other ${"a ".repeat(30).trim()}`, "LPUSH list b", "DEL other");
  await expectSaved(redbun, 8, before);
});
