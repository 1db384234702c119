/** Consumer groups of large streams in a base of commands: what was pending, for whom, when the snapshot began. */

import { expect, test } from "bun:test";
import { CommandBase } from "../../support/command-base";
import { InProcess } from "../../support/in-process";
import { acknowledge, change, fill, GROUPS } from "../../support/large-groups";
import { seedFromEnvironment } from "../../support/model";
import { Random } from "../../support/random";
import { items, show } from "../../support/reply";

const SEED = seedFromEnvironment(20_261_123);

function start(): InProcess {
  const redbun = new InProcess({ "stream-node-max-entries": "100" });
  redbun.tick(400);
  return redbun;
}

/** A server that begins when the time of another one is over: nothing is delivered in the future. */
function startAfter(redbun: InProcess): InProcess {
  const later = start();
  later.clock.advance(redbun.clock.now() - later.clock.now() + 1000);
  return later;
}

/** A group's last ID and lag, its consumers and how much is pending for them, and whose each entry is, how often, since when. */
function digest(redbun: InProcess): string[] {
  const { now } = redbun.keyspace;
  const since = (entry: string): string => entry.replace(/ :(\d+),/, (_, idle) => ` ${now - Number(idle)},`);
  const inGroup = (group: string): string[] => [
    show(redbun.run(`XINFO CONSUMERS s ${group}`)).replace(/"(idle|inactive)", \S+/g, ""),
    ...items(redbun.run(`XPENDING s ${group} - + 5000`)).map((entry) => since(show(entry))),
  ];
  return [...GROUPS, "empty", "unread"]
    .flatMap(inGroup)
    .concat(
      show(redbun.run("XINFO GROUPS s")),
      show(redbun.run("XINFO STREAM s")).replace(/"radix-tree-[^,]*, [^,]*, /g, ""),
    );
}

for (const removal of ["", "XGROUP DESTROY s second", "DEL s", "FLUSHALL"]) {
  test(`they change meanwhile, ${removal || "nothing is removed"} (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const redbun = start();
    fill(redbun, random);
    const before = digest(redbun);
    const base = new CommandBase(redbun);
    let steps = 0;
    for (; !base.step(); steps++) {
      for (let n = 0; n < 5; n++) redbun.run(change(random));
      redbun.clock.advance(3);
      if (steps === 100 && removal !== "") redbun.run(removal);
    }
    base.snapshot.end();
    // Some 15,000 pending entries, of which no more than some dozens are written in one go.
    expect(steps).toBeGreaterThan(200);
    expect(redbun.keyspace.heap.groupGuards).toBeNull();
    expect(digest(base.load(startAfter(redbun)))).toEqual(before);
  });
}

test("nothing changes meanwhile, and a stream that has no entries", () => {
  const redbun = start();
  fill(redbun, new Random(SEED));
  const before = digest(redbun);
  const base = new CommandBase(redbun);
  while (!base.step());
  expect(digest(base.load(startAfter(redbun)))).toEqual(before);
  redbun.run("XTRIM s MAXLEN 0");
  const empty = new CommandBase(redbun);
  redbun.run(acknowledge(new Random(SEED), "first"));
  expect(redbun.keyspace.heap.groupGuards?.size).toBe(6);
  while (!empty.step());
  // What is pending and not there any more can not be claimed: consumers are all that is left of it.
  const loaded = empty.load(startAfter(redbun));
  expect(items(loaded.run("XINFO CONSUMERS s first"))).toHaveLength(
    items(redbun.run("XINFO CONSUMERS s first")).length,
  );
});
